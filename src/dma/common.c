/* SPDX-License-Identifier: MIT */
/* Common buffers: memory that device and CPU reach at the same time. Slow paths only. */
#include "dma/adapter.h"

#include <stdlib.h>

#include "base/arith.h"

struct vport_dma_common {
    struct vport_dma_common *next;
    size_t length; /* bytes asked for */
    size_t pages;
    char *host;
    struct vport_busaddr address;
    struct vport_frame frames[];
};

static struct vport_dma_common *common_create(size_t length)
{
    size_t pages = length / VPORT_PAGE_SIZE + (length % VPORT_PAGE_SIZE != 0);
    struct vport_dma_common *common =
        calloc(1, sizeof(*common) + pages * sizeof(common->frames[0]));

    if (common) {
        common->length = length;
        common->pages = pages;
    }
    return common;
}

static bool linear_in_host(struct vport_dma_platform *platform,
                           const struct vport_dma_common *common)
{
    for (size_t i = 0; i < common->pages; i++)
        if (platform->ops->host(platform, common->frames[i]) != common->host + i * VPORT_PAGE_SIZE)
            return false;
    return true;
}

/* Gives the frames an address for the device. */
static enum vport_status common_map(struct vport_dma_adapter *adapter,
                                    struct vport_dma_common *common)
{
    struct vport_dma_platform *platform = adapter->platform;

    common->host = platform->ops->host(platform, common->frames[0]);
    if (!linear_in_host(platform, common))
        return VPORT_E_NO_MEMORY;
    common->address.value = vport_frame_address(common->frames[0]);
    if (!adapter->iommu)
        return VPORT_OK;
    return platform->ops->iommu_map(platform, adapter->device, common->frames, common->pages,
                                    VPORT_ACCESS_WRITE, adapter->constraints.reach,
                                    &common->address);
}

/* Frames, addresses and visibility, or nothing. */
static enum vport_status common_back(struct vport_dma_adapter *adapter,
                                     struct vport_dma_common *common)
{
    struct vport_dma_platform *platform = adapter->platform;
    enum vport_status status = platform->ops->frames_alloc(
        platform, common->pages, adapter->direct_reach, true, common->frames);

    if (status != VPORT_OK)
        return status;
    status = common_map(adapter, common);
    if (status != VPORT_OK)
        platform->ops->frames_free(platform, common->pages, common->frames);
    else if (platform->ops->share)
        platform->ops->share(platform, common->pages, common->frames, true);
    return status;
}

void *vport_dma_common_alloc(struct vport_dma_adapter *adapter, size_t length,
                             struct vport_busaddr *address)
{
    struct vport_dma_common *common;

    if (!vport_dma_adapter_live(adapter) || !length || length > SIZE_MAX / 2)
        return NULL;
    common = common_create(length);
    if (!common || common_back(adapter, common) != VPORT_OK) {
        free(common);
        return NULL;
    }
    *address = common->address;
    pthread_mutex_lock(&adapter->lock);
    common->next = adapter->common;
    adapter->common = common;
    atomic_fetch_add(&adapter->common_count, 1);
    pthread_mutex_unlock(&adapter->lock);
    return common->host;
}

static struct vport_dma_common *common_take(struct vport_dma_adapter *adapter, void *buffer)
{
    struct vport_dma_common **link, *found;

    pthread_mutex_lock(&adapter->lock);
    for (link = &adapter->common; *link && (*link)->host != buffer; link = &(*link)->next)
        ;
    found = *link;
    if (found)
        *link = found->next;
    pthread_mutex_unlock(&adapter->lock);
    return found;
}

static void common_destroy(struct vport_dma_adapter *adapter, struct vport_dma_common *common)
{
    struct vport_dma_platform *platform = adapter->platform;
    enum vport_status status = VPORT_OK;

    if (adapter->iommu)
        status =
            platform->ops->iommu_unmap(platform, adapter->device, common->address, common->pages);
    if (status != VPORT_OK)
        vport_report(adapter->reports, "CB-12", NULL,
                     "The IOMMU would not unmap a common buffer of %zu pages at %#llx (%s). Its "
                     "memory is not used again; look "
                     "for the cause in the bus.",
                     common->pages, (unsigned long long)common->address.value,
                     vport_status_text(status));
    if (platform->ops->share)
        platform->ops->share(platform, common->pages, common->frames, false);
    if (status == VPORT_OK)
        platform->ops->frames_free(platform, common->pages, common->frames);
    free(common);
}

static void report_unknown(struct vport_dma_adapter *adapter, void *buffer)
{
    vport_report(adapter->reports, "CB-A2", NULL,
                 "%p is not a common buffer of the adapter at %p: it was never allocated there, or "
                 "was released before. Nothing "
                 "is released; pass the base address that the allocation returned, once.",
                 buffer, (void *)adapter);
}

static void report_mismatch(struct vport_dma_adapter *adapter,
                            const struct vport_dma_common *common, size_t length,
                            struct vport_busaddr address)
{
    vport_report(adapter->reports, "CB-A2", NULL,
                 "The common buffer at %p has %zu bytes at logical address %#llx but was released "
                 "as %zu bytes at %#llx. It is "
                 "released all the same; pass the values of the allocation.",
                 (void *)common->host, common->length, (unsigned long long)common->address.value,
                 length, (unsigned long long)address.value);
}

enum vport_status vport_dma_common_free(struct vport_dma_adapter *adapter, size_t length,
                                        struct vport_busaddr address, void *buffer)
{
    struct vport_dma_common *common;
    enum vport_status status = VPORT_OK;

    if (!vport_dma_adapter_known(adapter))
        return VPORT_E_UNKNOWN;
    common = common_take(adapter, buffer);
    if (!common) {
        report_unknown(adapter, buffer);
        return VPORT_E_UNKNOWN;
    }
    if (common->length != length || common->address.value != address.value) {
        report_mismatch(adapter, common, length, address);
        status = VPORT_E_INVALID;
    }
    common_destroy(adapter, common);
    atomic_fetch_sub(&adapter->common_count, 1);
    vport_dma_adapter_drain(adapter);
    return status;
}
