/* SPDX-License-Identifier: MIT */
/* Calling back the owners of operations that are ready. */
#ifndef VPORT_DMA_READY_H
#define VPORT_DMA_READY_H

#include "dma/adapter.h"

enum { VPORT_READY_DEPTH = 4 }; /* callbacks nested on one thread */

/* This thread's callbacks: how deep it is in them, and those put off. */
extern VPORT_THREAD_LOCAL struct vport_ready {
    unsigned depth;
    struct vport_dma_op *first, *last;
} vport_ready;

void vport_ready_defer(struct vport_dma_op *op);
void VPORT_DRIVER_CALL vport_ready_drain(void);

/* true if a callback of this thread need not be put off. */
static inline bool vport_ready_now(void)
{
    return __builtin_expect(vport_ready.depth < VPORT_READY_DEPTH && !vport_ready.first, 1);
}

/*
 * Calls the operation's owner back. It may end the operation: nothing of it is touched after this.
 */
static inline void vport_ready_call(struct vport_dma_op *op)
{
    vport_ready.depth++;
    op->ready(op->user, &op->list);
    if (--vport_ready.depth == 0 && __builtin_expect(vport_ready.first != NULL, 0))
        vport_ready_drain();
}

/* Calls back now, or when this thread's outermost callback has returned. */
static inline void vport_ready_run(struct vport_dma_op *op)
{
    if (vport_ready_now())
        vport_ready_call(op);
    else
        vport_ready_defer(op);
}

#endif
