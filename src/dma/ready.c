/* SPDX-License-Identifier: MIT */
/*
 * Callbacks: called at once, but never nested deeper than a few. A device that completes within its
 * callback may end one operation and start the next there, for ever; beyond the limit the thread's
 * outermost callback frame runs them, in order.
 */
#include "dma/ready.h"

VPORT_THREAD_LOCAL struct vport_ready vport_ready;

void vport_ready_defer(struct vport_dma_op *op)
{
    op->next = NULL;
    if (vport_ready.first)
        vport_ready.last->next = op;
    else
        vport_ready.first = op;
    vport_ready.last = op;
}

void VPORT_DRIVER_CALL vport_ready_drain(void)
{
    struct vport_dma_op *op;

    while ((op = vport_ready.first)) {
        vport_ready.first = op->next;
        vport_ready.depth++;
        op->ready(op->user, &op->list);
        vport_ready.depth--;
    }
}
