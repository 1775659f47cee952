/* SPDX-License-Identifier: MIT */
#include "toy.h"

#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

static struct toy *toy_of(struct vport_dma_platform *platform)
{
    return VPORT_CONTAINER_OF(platform, struct toy, platform);
}

struct vport_frame toy_frame(const struct toy *toy, size_t index)
{
    const struct toy_config *config = &toy->config;

    if (index < config->low)
        return (struct vport_frame){config->low_first + index};
    return (struct vport_frame){config->high_first + (index - config->low)};
}

size_t toy_index(const struct toy *toy, struct vport_frame frame)
{
    const struct toy_config *config = &toy->config;

    if (frame.number - config->low_first < config->low)
        return frame.number - config->low_first;
    if (frame.number - config->high_first < config->high)
        return config->low + (frame.number - config->high_first);
    return toy->frames;
}

char *toy_bytes(struct toy *toy, struct vport_frame frame)
{
    size_t index = toy_index(toy, frame);

    if (index == toy->frames)
        abort();
    return toy->memory + index * VPORT_PAGE_SIZE;
}

/* ---- The platform's functions ---- */

static void *host(struct vport_dma_platform *platform, struct vport_frame frame)
{
    return toy_bytes(toy_of(platform), frame);
}

static bool take_from(struct toy *toy, size_t from, size_t count, uint64_t reach)
{
    for (size_t i = from; i < from + count; i++)
        if (i >= toy->frames || toy->used[i] || !vport_frame_in_reach(toy_frame(toy, i), reach) ||
            toy_frame(toy, i).number != toy_frame(toy, from).number + (i - from))
            return false;
    return true;
}

static enum vport_status frames_alloc(struct vport_dma_platform *platform, size_t count,
                                      uint64_t reach, bool contiguous, struct vport_frame *frames)
{
    struct toy *toy = toy_of(platform);
    enum vport_status status = VPORT_E_NO_MEMORY;

    (void)contiguous; /* always is */
    if (toy->frames_most && count > toy->frames_most)
        return status;
    pthread_mutex_lock(&toy->lock);
    for (size_t from = 0; from < toy->frames && status != VPORT_OK; from++) {
        if (!take_from(toy, from, count, reach))
            continue;
        for (size_t i = 0; i < count; i++) {
            frames[i] = toy_frame(toy, from + i);
            toy->used[from + i] = 1;
            memset(toy_bytes(toy, frames[i]), 0, VPORT_PAGE_SIZE);
            memset(toy->device + (from + i) * VPORT_PAGE_SIZE, 0, VPORT_PAGE_SIZE);
        }
        toy->frames_in_use += count;
        status = VPORT_OK;
    }
    pthread_mutex_unlock(&toy->lock);
    return status;
}

static void frames_free(struct vport_dma_platform *platform, size_t count,
                        const struct vport_frame *frames)
{
    struct toy *toy = toy_of(platform);

    pthread_mutex_lock(&toy->lock);
    for (size_t i = 0; i < count; i++)
        toy->used[toy_index(toy, frames[i])] = 0;
    toy->frames_in_use -= count;
    pthread_mutex_unlock(&toy->lock);
}

static void share(struct vport_dma_platform *platform, size_t count,
                  const struct vport_frame *frames, bool shared)
{
    struct toy *toy = toy_of(platform);

    for (size_t i = 0; i < count; i++)
        toy->shared[toy_index(toy, frames[i])] = shared;
}

static void sync_bytes(struct toy *toy, const struct vport_frame *frames, uint64_t offset,
                       uint64_t length, bool for_device)
{
    while (length) {
        struct vport_frame frame = frames[offset >> VPORT_PAGE_SHIFT];
        uint64_t in_page = offset & VPORT_PAGE_MASK;
        uint64_t part = vport_min_u64(length, VPORT_PAGE_SIZE - in_page);
        char *cpu = toy_bytes(toy, frame) + in_page;
        char *device = toy->device + toy_index(toy, frame) * VPORT_PAGE_SIZE + in_page;

        if (for_device)
            memcpy(device, cpu, part);
        else
            memcpy(cpu, device, part);
        offset += part;
        length -= part;
    }
}

static void sync_for_device(struct vport_dma_platform *platform, const struct vport_frame *frames,
                            uint64_t offset, uint64_t length)
{
    struct toy *toy = toy_of(platform);

    __atomic_fetch_add(&toy->synced_pages, 1, __ATOMIC_RELAXED);
    sync_bytes(toy, frames, offset, length, true);
}

static void sync_for_cpu(struct vport_dma_platform *platform, const struct vport_frame *frames,
                         uint64_t offset, uint64_t length)
{
    sync_bytes(toy_of(platform), frames, offset, length, false);
}

static enum vport_status iommu_map(struct vport_dma_platform *platform, unsigned device,
                                   const struct vport_frame *frames, size_t count,
                                   enum vport_access access, uint64_t reach,
                                   struct vport_busaddr *address)
{
    struct toy *toy = toy_of(platform);
    struct toy_mapping *mapping;
    enum vport_status status = VPORT_E_NO_MEMORY;

    (void)device;
    pthread_mutex_lock(&toy->lock);
    if (toy->iommu_failures) {
        toy->iommu_failures--;
    } else if (vport_frame_in_reach((struct vport_frame){(uintptr_t)(toy->iommu_next + count - 1)},
                                    reach)) {
        mapping = malloc(sizeof(*mapping) + count * sizeof(*frames));
        mapping->first = toy->iommu_next;
        mapping->count = count;
        mapping->access = access;
        memcpy(mapping->frames, frames, count * sizeof(*frames));
        mapping->next = toy->mappings;
        toy->mappings = mapping;
        toy->iommu_next += count;
        address->value = mapping->first << VPORT_PAGE_SHIFT;
        status = VPORT_OK;
    }
    pthread_mutex_unlock(&toy->lock);
    return status;
}

static enum vport_status iommu_unmap(struct vport_dma_platform *platform, unsigned device,
                                     struct vport_busaddr address, size_t count)
{
    struct toy *toy = toy_of(platform);
    struct toy_mapping **link, *mapping;
    enum vport_status status = VPORT_E_DEVICE;

    (void)device;
    pthread_mutex_lock(&toy->lock);
    for (link = &toy->mappings; (mapping = *link); link = &mapping->next)
        if (mapping->first == address.value >> VPORT_PAGE_SHIFT && mapping->count == count)
            break;
    if (mapping) {
        *link = mapping->next;
        free(mapping);
        status = toy->unmap_fails ? VPORT_E_DEVICE : VPORT_OK;
    }
    pthread_mutex_unlock(&toy->lock);
    return status;
}

/* ---- The device ---- */

/* The frame behind a page of the bus address space, for this access; number 0: none. */
static struct vport_frame translate(struct toy *toy, uint64_t page, bool write)
{
    struct vport_frame frame = {0};

    if (!toy->config.iommu)
        return (struct vport_frame){(uintptr_t)page};
    pthread_mutex_lock(&toy->lock);
    for (struct toy_mapping *mapping = toy->mappings; mapping; mapping = mapping->next)
        if (page - mapping->first < mapping->count &&
            (!write || mapping->access == VPORT_ACCESS_WRITE))
            frame = mapping->frames[page - mapping->first];
    pthread_mutex_unlock(&toy->lock);
    return frame;
}

static bool device_access(struct toy *toy, uint64_t address, char *buffer, size_t length,
                          bool write)
{
    while (length) {
        struct vport_frame frame = translate(toy, address >> VPORT_PAGE_SHIFT, write);
        size_t index = toy_index(toy, frame), in_page = address & VPORT_PAGE_MASK;
        size_t part = vport_min_u64(length, VPORT_PAGE_SIZE - in_page);
        char *bytes;

        if (index == toy->frames) {
            __atomic_fetch_add(&toy->faults, 1, __ATOMIC_RELAXED);
            return false;
        }
        bytes =
            (toy->shared[index] ? toy->memory : toy->device) + index * VPORT_PAGE_SIZE + in_page;
        if (write)
            memcpy(bytes, buffer, part);
        else
            memcpy(buffer, bytes, part);
        address += part;
        buffer += part;
        length -= part;
    }
    return true;
}

bool toy_device_read(struct toy *toy, uint64_t address, void *buffer, size_t length)
{
    return device_access(toy, address, buffer, length, false);
}

bool toy_device_write(struct toy *toy, uint64_t address, const void *buffer, size_t length)
{
    return device_access(toy, address, (char *)(uintptr_t)buffer, length, true);
}

/* ---- Buffers ---- */

void toy_pages(struct vport_pages *pages, struct vport_frame *frames, uint32_t offset,
               size_t length)
{
    *pages = (struct vport_pages){.frames = frames,
                                  .start = 0x10000 + offset,
                                  .offset = offset,
                                  .access = VPORT_ACCESS_WRITE,
                                  .length = length,
                                  .locked = true};
}

static void move(struct toy *toy, const struct vport_pages *pages, size_t offset, char *plain,
                 size_t length, bool store)
{
    size_t at = pages->offset + offset;

    while (length) {
        size_t part = vport_min_u64(length, VPORT_PAGE_SIZE - at % VPORT_PAGE_SIZE);
        char *bytes = toy_bytes(toy, pages->frames[at / VPORT_PAGE_SIZE]) + at % VPORT_PAGE_SIZE;

        if (store)
            memcpy(bytes, plain, part);
        else
            memcpy(plain, bytes, part);
        at += part;
        plain += part;
        length -= part;
    }
}

void toy_fetch(struct toy *toy, const struct vport_pages *pages, size_t offset, void *to,
               size_t length)
{
    move(toy, pages, offset, to, length, false);
}

void toy_store(struct toy *toy, const struct vport_pages *pages, size_t offset, const void *from,
               size_t length)
{
    move(toy, pages, offset, (char *)(uintptr_t)from, length, true);
}

void toy_flush(struct toy *toy, const struct vport_pages *pages)
{
    if (toy->config.incoherent)
        sync_bytes(toy, pages->frames, pages->offset, pages->length, true);
}

struct vport_dma_adapter *toy_adapter(struct toy *toy,
                                      const struct vport_dma_constraints *constraints,
                                      struct vport_reports *reports)
{
    struct vport_dma_adapter_config config = {
        .platform = &toy->platform, .constraints = *constraints, .reports = reports};
    struct vport_dma_adapter *adapter;

    if (vport_dma_adapter_create(&config, &adapter) != VPORT_OK)
        abort();
    return adapter;
}

/* ---- The toy ---- */

struct toy *toy_create(const struct toy_config *config)
{
    struct toy *toy = calloc(1, sizeof(*toy));

    toy->config = *config;
    if (!config->low_first)
        toy->config.low_first = 0x100;
    if (!config->high_first)
        toy->config.high_first = 0x100000;
    toy->frames = config->low + config->high;
    toy->memory = calloc(toy->frames, VPORT_PAGE_SIZE);
    toy->device = config->incoherent ? calloc(toy->frames, VPORT_PAGE_SIZE) : toy->memory;
    toy->used = calloc(toy->frames, 1);
    toy->shared = calloc(toy->frames, 1);
    toy->iommu_next = 0x10000;
    pthread_mutex_init(&toy->lock, NULL);
    toy->ops = (struct vport_dma_platform_ops){
        .host = host, .frames_alloc = frames_alloc, .frames_free = frames_free};
    if (config->incoherent) {
        toy->ops.share = share;
        toy->ops.sync_for_device = sync_for_device;
        toy->ops.sync_for_cpu = sync_for_cpu;
    }
    if (config->iommu) {
        toy->ops.iommu_map = iommu_map;
        toy->ops.iommu_unmap = iommu_unmap;
    }
    toy->platform = (struct vport_dma_platform){
        .ops = &toy->ops,
        .highest = vport_frame_address(toy_frame(toy, toy->frames - 1)) + VPORT_PAGE_MASK,
        .bounce_registers = config->bounce_registers ? config->bounce_registers : 256,
        .direct_registers = config->direct_registers ? config->direct_registers : 4096,
        .queue_always = config->queue_always};
    return toy;
}

void toy_destroy(struct toy *toy)
{
    struct toy_mapping *mapping;

    while ((mapping = toy->mappings)) {
        toy->mappings = mapping->next;
        free(mapping);
    }
    if (toy->device != toy->memory)
        free(toy->device);
    free(toy->memory);
    free(toy->used);
    free(toy->shared);
    pthread_mutex_destroy(&toy->lock);
    free(toy);
}
