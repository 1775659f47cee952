/* SPDX-License-Identifier: MIT */
/* Calling back the owners of operations that are ready. */
#ifndef VPORT_DMA_READY_H
#define VPORT_DMA_READY_H

#include "dma/adapter.h"

/* Calls the operation's owner back: now, or when this thread's outermost callback has returned. */
void vport_ready_run(struct vport_dma_op *op);

#endif
