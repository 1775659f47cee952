/* SPDX-License-Identifier: MIT */
/* An operation behind an IOMMU. */
#ifndef VPORT_DMA_IOMMU_H
#define VPORT_DMA_IOMMU_H

#include "dma/adapter.h"

/* Maps the operation's pages, or the bounce pages in their place, for its direction only. The
 * platform's statuses. */
enum vport_status vport_iommu_map(struct vport_dma_op *op);
/*
 * Of an operation that is mapped. A failure is reported: there is nothing else to be done about it.
 */
void vport_iommu_unmap(struct vport_dma_op *op);

#endif
