/* SPDX-License-Identifier: MIT */
/*
 * Memory of the simulated machine as others ask for it: user memory (bus.h), bounce pages and
 * common buffers (platform.h), and what becomes visible to whom when the platform is not coherent.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bus/sim/internal.h"

static void *map_pages(size_t pages)
{
    if (pages > SIZE_MAX / 2 / VPORT_PAGE_SIZE)
        return NULL;
    void *memory = mmap(NULL, pages * VPORT_PAGE_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- Foreign memory ---------------------------------------------------------------------- */

static uintptr_t access_flags(enum vport_access access)
{
    return access == VPORT_ACCESS_WRITE ? VPORT_SIM_WRITABLE : 0;
}

static enum vport_status foreign_take(void *context, uintptr_t page, size_t count,
                                      enum vport_access access, struct vport_frame *frames)
{
    return vport_sim_ram_take_user(context, (void *)page, count, access_flags(access), frames);
}

static void foreign_again(void *context, struct vport_frame frame, enum vport_access access)
{
    vport_sim_ram_flag(context, 1, &frame, access_flags(access), true);
}

static void foreign_drop(void *context, size_t count, const struct vport_frame *frames)
{
    vport_sim_ram_drop(context, count, frames);
}

const struct vport_foreign_ops vport_sim_foreign_ops = {
    .take = foreign_take,
    .again = foreign_again,
    .drop = foreign_drop,
};

/* ---- User memory ------------------------------------------------------------------------- */

/* The space's release callback: unregistered, and nobody holds a lock on it any more. */
static void memory_release(void *context)
{
    struct vport_sim_memory *memory = context;
    vport_sim_ram_drop(&memory->bus->ram, memory->pages, memory->frames);
    munmap(memory->base, memory->pages * VPORT_PAGE_SIZE);
    free(memory);
}

static enum vport_status memory_place(struct vport_sim_memory *memory)
{
    struct vport_sim_bus *sim = memory->bus;
    enum vport_status status = vport_sim_ram_take_user(&sim->ram, memory->base, memory->pages,
                                                       VPORT_SIM_WRITABLE, memory->frames);
    if (status != VPORT_OK)
        return status;
    status = vport_space_register(sim->bus.space, memory->base, memory->pages, memory->frames, true,
                                  memory_release, memory);
    if (status != VPORT_OK)
        vport_sim_ram_drop(&sim->ram, memory->pages, memory->frames);
    return status;
}

enum vport_status vport_sim_memory_alloc(struct vport_bus *bus, size_t length, void **result)
{
    struct vport_sim_bus *sim = vport_sim_bus(bus);
    size_t pages = length / VPORT_PAGE_SIZE + (length % VPORT_PAGE_SIZE != 0);
    *result = NULL;
    if (length == 0)
        return VPORT_E_INVALID;
    if (pages > sim->ram.user_frames)
        return VPORT_E_NO_MEMORY;
    struct vport_sim_memory *memory = malloc(sizeof(*memory) + pages * sizeof(memory->frames[0]));
    if (!memory)
        return VPORT_E_NO_MEMORY;
    *memory = (struct vport_sim_memory){.bus = sim, .base = map_pages(pages), .pages = pages};
    enum vport_status status = VPORT_E_NO_MEMORY;
    if (memory->base)
        status = memory_place(memory);
    if (status == VPORT_OK) {
        *result = memory->base;
        return VPORT_OK;
    }
    if (memory->base)
        munmap(memory->base, pages * VPORT_PAGE_SIZE);
    free(memory);
    return status;
}

enum vport_status vport_sim_memory_free(struct vport_bus *bus, void *memory)
{
    return vport_space_unregister(bus->space, memory);
}

/* ---- Bounce pages and common buffers ----------------------------------------------------- */

static struct vport_sim_ram *ram_of(struct vport_dma_platform *platform)
{
    return &VPORT_CONTAINER_OF(platform, struct vport_sim_bus, bus.platform)->ram;
}

static void *platform_host(struct vport_dma_platform *platform, struct vport_frame frame)
{
    return vport_sim_entry_page(vport_sim_ram_entry(ram_of(platform), frame.number));
}

/* The pages are always consecutive for the CPU. */
static enum vport_status platform_alloc(struct vport_dma_platform *platform, size_t count,
                                        uint64_t reach, bool contiguous, struct vport_frame *frames)
{
    if (count == 0)
        return VPORT_E_INVALID;
    void *pages = map_pages(count);
    if (!pages)
        return VPORT_E_NO_MEMORY;
    enum vport_status status =
        vport_sim_ram_take_kernel(ram_of(platform), pages, count, reach, contiguous, frames);
    if (status != VPORT_OK)
        munmap(pages, count * VPORT_PAGE_SIZE);
    return status;
}

static void platform_free(struct vport_dma_platform *platform, size_t count,
                          const struct vport_frame *frames)
{
    void *pages = platform_host(platform, frames[0]);
    vport_sim_ram_drop(ram_of(platform), count, frames);
    munmap(pages, count * VPORT_PAGE_SIZE);
}

/* ---- A platform that is not coherent ----------------------------------------------------- */

static void platform_share(struct vport_dma_platform *platform, size_t count,
                           const struct vport_frame *frames, bool shared)
{
    vport_sim_ram_flag(ram_of(platform), count, frames, VPORT_SIM_SHARED, shared);
}

/* Copies bytes between the pages and the devices' view of them, page by page, exactly the range
 * given. */
static void copy_views(struct vport_sim_ram *ram, const struct vport_frame *frames, uint64_t offset,
                       uint64_t length, bool to_device)
{
    while (length > 0) {
        uint64_t frame = frames[offset >> VPORT_PAGE_SHIFT].number;
        uint64_t start = offset & VPORT_PAGE_MASK;
        uint64_t piece = vport_min_u64(length, VPORT_PAGE_SIZE - start);
        uintptr_t entry = vport_sim_ram_entry(ram, frame);
        uint8_t *page = vport_sim_entry_page(entry) + start,
                *view = vport_sim_ram_view(ram, frame, entry) + start;
        if (page != view)
            memcpy(to_device ? view : page, to_device ? page : view, (size_t)piece);
        offset += piece;
        length -= piece;
    }
}

static void platform_for_device(struct vport_dma_platform *platform,
                                const struct vport_frame *frames, uint64_t offset, uint64_t length)
{
    copy_views(ram_of(platform), frames, offset, length, true);
}

static void platform_for_cpu(struct vport_dma_platform *platform, const struct vport_frame *frames,
                             uint64_t offset, uint64_t length)
{
    copy_views(ram_of(platform), frames, offset, length, false);
}

const struct vport_dma_platform_ops vport_sim_platform_coherent = {
    .host = platform_host,
    .frames_alloc = platform_alloc,
    .frames_free = platform_free,
};

const struct vport_dma_platform_ops vport_sim_platform_split = {
    .host = platform_host,
    .frames_alloc = platform_alloc,
    .frames_free = platform_free,
    .share = platform_share,
    .sync_for_device = platform_for_device,
    .sync_for_cpu = platform_for_cpu,
};
