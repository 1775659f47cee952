/* SPDX-License-Identifier: MIT */
/* An operation behind an IOMMU: its pages, and no others, at one range of bus addresses for as long
 * as it lives. */
#include "dma/iommu.h"

static enum vport_status map_range(struct vport_dma_op *op, struct vport_busaddr *address)
{
    struct vport_dma_adapter *adapter = op->adapter;
    const struct vport_frame *frames =
        op->registers ? vport_dma_op_device_frames(op) : vport_dma_op_frames(op);

    return adapter->platform->ops->iommu_map(adapter->platform, adapter->device, frames,
                                             op->page_count,
                                             op->to_device ? VPORT_ACCESS_READ : VPORT_ACCESS_WRITE,
                                             adapter->constraints.reach, address);
}

static void unmap_range(struct vport_dma_op *op, struct vport_busaddr address)
{
    struct vport_dma_adapter *adapter = op->adapter;
    enum vport_status status = adapter->platform->ops->iommu_unmap(
        adapter->platform, adapter->device, address, op->page_count);

    if (status != VPORT_OK)
        vport_report(adapter->reports, "MR-12", NULL,
                     "The IOMMU would not unmap %u pages at %#llx (%s). The device may still reach "
                     "them, so they are not used "
                     "again; look for the cause in the bus.",
                     op->page_count, (unsigned long long)address.value, vport_status_text(status));
}

/* A device without scatter/gather needs one element, which may not cross a boundary. */
static bool straddles(const struct vport_dma_op *op, struct vport_busaddr address)
{
    const struct vport_dma_constraints *limits = &op->adapter->constraints;
    uint64_t first = address.value + vport_dma_op_page_offset(op);

    return !limits->scatter_gather && limits->boundary &&
           ((first ^ (first + op->length - 1)) & ~(limits->boundary - 1));
}

/* Held while the second is made, the first range pushes it past the boundary. */
enum vport_status vport_iommu_map(struct vport_dma_op *op)
{
    struct vport_busaddr address, first;
    enum vport_status status = map_range(op, &address);

    if (status == VPORT_OK && straddles(op, address)) {
        first = address;
        status = map_range(op, &address);
        unmap_range(op, first);
        if (status == VPORT_OK && straddles(op, address)) {
            unmap_range(op, address);
            status = VPORT_E_NO_MEMORY;
        }
    }
    op->iommu = status == VPORT_OK;
    op->iova = address.value;
    return status;
}

void vport_iommu_unmap(struct vport_dma_op *op)
{
    unmap_range(op, (struct vport_busaddr){op->iova});
}
