/* SPDX-License-Identifier: MIT */
/* The steps of a mapping that the queue of waiters takes later. */
#ifndef VPORT_DMA_MAPPING_H
#define VPORT_DMA_MAPPING_H

#include "dma/adapter.h"

/* Gets all that the operation needs. False: nothing is held; it has to wait (*status VPORT_OK) or
 * has failed. */
bool vport_dma_op_reserve(struct vport_dma_op *op, enum vport_status *status);
/* Makes the list of an operation that has all it needs, and calls back. */
void vport_dma_op_commit(struct vport_dma_op *op);
/* Ends an operation that will not be committed: gives back what it has. */
void vport_dma_op_abandon(struct vport_dma_op *op);

#endif
