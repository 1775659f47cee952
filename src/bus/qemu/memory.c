/* SPDX-License-Identifier: MIT */
/*
 * Memory of the machine as others ask for it: what the DMA room needs of its platform, and user
 * memory.
 *
 * A user buffer in guest memory is one range of addresses over page frames that lie as the layout
 * says, really mapped so, run of frames by run of frames; the machine's own view of the same memory
 * is linear. With "own buffers" a user buffer is plain memory of this process under frame numbers
 * that no device can be shown, which is how memory that nobody registered is named as well: the DMA
 * room bounces it through guest memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "bus/qemu/internal.h"

/* ---- Platform ---- */

static void *platform_host(struct vport_dma_platform *platform, struct vport_frame frame)
{
    struct vport_qemu_bus *bus = vport_qemu_platform_bus(platform);

    return vport_qemu_outside_frame(frame) ? vport_qemu_outside_host(&bus->outside, frame)
                                           : vport_qemu_ram_host(&bus->ram, frame);
}

static enum vport_status platform_frames_alloc(struct vport_dma_platform *platform, size_t count,
                                               uint64_t reach, bool contiguous,
                                               struct vport_frame *frames)
{
    return vport_qemu_ram_take(&vport_qemu_platform_bus(platform)->ram, count, reach, contiguous,
                               frames);
}

static void platform_frames_free(struct vport_dma_platform *platform, size_t count,
                                 const struct vport_frame *frames)
{
    vport_qemu_ram_give(&vport_qemu_platform_bus(platform)->ram, count, frames);
}

static enum vport_status platform_iommu_map(struct vport_dma_platform *platform, unsigned device,
                                            const struct vport_frame *frames, size_t count,
                                            enum vport_access access, uint64_t reach,
                                            struct vport_busaddr *address)
{
    return vport_qemu_iommu_map(vport_qemu_platform_bus(platform)->iommu, device, frames, count,
                                access, reach, address);
}

static enum vport_status platform_iommu_unmap(struct vport_dma_platform *platform, unsigned device,
                                              struct vport_busaddr address, size_t count)
{
    return vport_qemu_iommu_unmap(vport_qemu_platform_bus(platform)->iommu, device, address, count);
}

const struct vport_dma_platform_ops vport_qemu_platform = {
    .host = platform_host,
    .frames_alloc = platform_frames_alloc,
    .frames_free = platform_frames_free,
};

const struct vport_dma_platform_ops vport_qemu_platform_iommu = {
    .host = platform_host,
    .frames_alloc = platform_frames_alloc,
    .frames_free = platform_frames_free,
    .iommu_map = platform_iommu_map,
    .iommu_unmap = platform_iommu_unmap,
};

/* ---- Mappings ---- */

/*
 * The kernel limits how many mappings a process has (65530 as a rule), and a page whose neighbours
 * lie elsewhere is one. What all buses of this process have made is counted here, since the limit
 * is the process's.
 */
static _Atomic size_t mappings_made;

enum { MAPPINGS_OF_OTHERS = 8192 /* left to the rest of the program */ };

static size_t mappings_left(void)
{
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    size_t most = 65530;
    size_t used = atomic_load(&mappings_made) + MAPPINGS_OF_OTHERS;

    if (file) {
        if (fscanf(file, "%zu", &most) != 1)
            most = 65530;
        fclose(file);
    }
    return most > used ? most - used : 0;
}

static size_t count_runs(size_t pages, const struct vport_frame *frames)
{
    size_t runs = 1;

    for (size_t i = 1; i < pages; i++)
        runs += frames[i].number != frames[i - 1].number + 1;
    return runs;
}

static size_t run_length(size_t pages, const struct vport_frame *frames)
{
    size_t length = 1;

    while (length < pages && frames[length].number == frames[0].number + length)
        length++;
    return length;
}

/* Maps the frames, in this order, from `base` on. */
static bool map_runs(const struct vport_qemu_ram *ram, char *base, size_t pages,
                     const struct vport_frame *frames)
{
    for (size_t done = 0, length; done < pages; done += length) {
        length = run_length(pages - done, frames + done);
        if (mmap(base + done * VPORT_PAGE_SIZE, length * VPORT_PAGE_SIZE, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, ram->fd,
                 (off_t)frames[done].number << VPORT_PAGE_SHIFT) == MAP_FAILED)
            return false;
    }
    return true;
}

static void *reserve(size_t pages, int protection)
{
    void *base = mmap(NULL, pages * VPORT_PAGE_SIZE, protection,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return base == MAP_FAILED ? NULL : base;
}

/* ---- User memory ---- */

/*
 * How many adjacent frames make a run in this layout. Where single pages would need more mappings
 * than there are (half of what is left, so that there is room for more buffers), runs are longer
 * than the layout asks for.
 */
static size_t choose_run(enum vport_qemu_layout layout, size_t pages)
{
    size_t most = mappings_left() / 2 + 1;
    size_t coarse = (pages + most - 1) / most;

    if (layout == VPORT_QEMU_CONTIGUOUS)
        return pages;
    if (coarse > (layout == VPORT_QEMU_MIXED ? 4 : 1))
        return coarse;
    return layout == VPORT_QEMU_MIXED ? 0 : 1;
}

static enum vport_status fill_guest(struct vport_qemu_memory *memory)
{
    struct vport_qemu_bus *bus = memory->bus;
    size_t run = choose_run(bus->options.layout, memory->pages);
    enum vport_status status =
        vport_qemu_ram_take_runs(&bus->ram, memory->pages, run, memory->frames);

    if (status != VPORT_OK)
        return status;
    memory->base = reserve(memory->pages, PROT_NONE);
    if (memory->base && map_runs(&bus->ram, memory->base, memory->pages, memory->frames)) {
        atomic_fetch_add(&mappings_made, count_runs(memory->pages, memory->frames));
        return VPORT_OK;
    }
    if (memory->base)
        munmap(memory->base, memory->pages * VPORT_PAGE_SIZE);
    vport_qemu_ram_give(&bus->ram, memory->pages, memory->frames);
    return VPORT_E_NO_MEMORY;
}

static enum vport_status fill_own(struct vport_qemu_memory *memory)
{
    enum vport_status status;

    memory->base = reserve(memory->pages, PROT_READ | PROT_WRITE);
    if (!memory->base)
        return VPORT_E_NO_MEMORY;
    status = vport_qemu_outside_take(&memory->bus->outside, (uintptr_t)memory->base, memory->pages,
                                     memory->frames);
    if (status != VPORT_OK)
        munmap(memory->base, memory->pages * VPORT_PAGE_SIZE);
    return status;
}

/* The space's release callback: unregistered, and nobody holds a lock on it any more. */
static void release(void *context)
{
    struct vport_qemu_memory *memory = context;
    struct vport_qemu_bus *bus = memory->bus;

    munmap(memory->base, memory->pages * VPORT_PAGE_SIZE);
    if (bus->options.own_buffers) {
        vport_qemu_outside_give(&bus->outside, memory->pages, memory->frames);
    } else {
        atomic_fetch_sub(&mappings_made, count_runs(memory->pages, memory->frames));
        vport_qemu_ram_give(&bus->ram, memory->pages, memory->frames);
    }
    free(memory);
}

enum vport_status vport_qemu_memory_alloc(struct vport_bus *base, size_t length, void **result)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    size_t pages = length / VPORT_PAGE_SIZE + (length % VPORT_PAGE_SIZE != 0);
    struct vport_qemu_memory *memory;
    enum vport_status status;

    *result = NULL;
    if (length == 0)
        return VPORT_E_INVALID;
    if (!bus->options.own_buffers && pages > bus->ram.frames - bus->ram.user)
        return VPORT_E_TOO_LARGE;
    if (pages > SIZE_MAX / 2 / VPORT_PAGE_SIZE)
        return VPORT_E_NO_MEMORY;
    memory = malloc(sizeof(*memory) + pages * sizeof(memory->frames[0]));
    if (!memory)
        return VPORT_E_NO_MEMORY;
    *memory = (struct vport_qemu_memory){.bus = bus, .pages = pages};
    status = bus->options.own_buffers ? fill_own(memory) : fill_guest(memory);
    if (status != VPORT_OK) {
        free(memory);
        return status;
    }
    status = vport_space_register(base->space, memory->base, pages, memory->frames, true, release,
                                  memory);
    if (status == VPORT_OK)
        *result = memory->base;
    else
        release(memory);
    return status;
}

enum vport_status vport_qemu_memory_free(struct vport_bus *base, void *memory)
{
    return vport_space_unregister(base->space, memory);
}
