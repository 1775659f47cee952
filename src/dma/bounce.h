/* SPDX-License-Identifier: MIT */
/* Bouncing one operation: how many registers it needs, taking them, copying through them, giving
 * them back. */
#ifndef VPORT_DMA_BOUNCE_H
#define VPORT_DMA_BOUNCE_H

#include "dma/adapter.h"

/* Map registers that the operation needs: of the frames, the adapter and nothing else. */
uint32_t vport_bounce_registers(const struct vport_dma_op *op);
/* Takes op->registers > 0 of them and fills the device frames. False: not to be had now. */
bool vport_bounce_reserve(struct vport_dma_op *op);
void vport_bounce_release(struct vport_dma_op *op);

/*
 * Fills the bounce pages from the buffer, for either direction (MR-A2: what the device does not
 * write comes back as it was), and shows them to the device. Returns bytes.
 */
uint64_t vport_bounce_copy_in(struct vport_dma_op *op);
/* Brings what the device wrote back, exactly the operation's bytes (CD-10). */
void vport_bounce_copy_out(struct vport_dma_op *op);

#endif
