/* SPDX-License-Identifier: MIT */
/* The adapter's queue: requests that wait for map registers, first come, first served. */
#ifndef VPORT_DMA_WAITERS_H
#define VPORT_DMA_WAITERS_H

#include "dma/adapter.h"

/*
 * Puts the operation at the end, and lets the first ones go ahead if they can by now (but for an
 * adapter that queues always: kick that). From here on any thread may run it: the caller touches it
 * no more.
 */
void vport_waiters_add(struct vport_dma_op *op);
/* Takes all waiters out of the queue of an adapter that is being destroyed, and ends them without a
 * callback. */
void vport_waiters_drop(struct vport_dma_adapter *adapter);
/* How many wait, [to_device]. */
void vport_waiters_count(struct vport_dma_adapter *adapter, uint32_t waiting[2]);

#endif
