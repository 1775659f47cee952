/* SPDX-License-Identifier: MIT */
/*
 * Callbacks: called at once, but never nested deeper than a few. A device that completes within its
 * callback may end one operation and start the next there, for ever; beyond the limit the thread's
 * outermost callback frame runs them, in order.
 */
#include "dma/ready.h"

enum { DEPTH = 4 };

static VPORT_THREAD_LOCAL struct {
    unsigned depth;
    struct vport_dma_op *first, *last;
} callbacks;

static void call(struct vport_dma_op *op)
{
    callbacks.depth++;
    op->ready(op->user, &op->list); /* may end the operation: nothing of it is touched after this */
    callbacks.depth--;
}

static void defer(struct vport_dma_op *op)
{
    op->next = NULL;
    if (callbacks.first)
        callbacks.last->next = op;
    else
        callbacks.first = op;
    callbacks.last = op;
}

void vport_ready_run(struct vport_dma_op *op)
{
    if (callbacks.depth >= DEPTH || callbacks.first) {
        defer(op);
        return;
    }
    call(op);
    while (callbacks.depth == 0 && callbacks.first) {
        op = callbacks.first;
        callbacks.first = op->next;
        call(op);
    }
}
