/* SPDX-License-Identifier: MIT */
/*
 * The adapter's queue. It has a lock that the fast path never takes: that path looks at the
 * adapter's `attention`, which says whether anybody waits. Who frees registers does so before it
 * looks; who waits says so before it tries once more. So one of the two sees the other.
 */
#include "dma/waiters.h"

#include "dma/mapping.h"

/* The adapter is locked. */
static void remove_first(struct vport_dma_adapter *adapter)
{
    struct vport_dma_op *op = adapter->first_waiter;

    adapter->first_waiter = op->next;
    adapter->waiting[op->to_device]--;
    if (op->next)
        return;
    adapter->last_waiter = &adapter->first_waiter;
    atomic_fetch_and(&adapter->attention, ~(uint32_t)VPORT_ADAPTER_WAITING);
}

/* The IOMMU refused a request that has been accepted: it stays first in the queue and is tried
 * again. */
static void complain(struct vport_dma_op *op, enum vport_status status)
{
    if (op->complained)
        return;
    op->complained = true;
    vport_report(op->adapter->reports, "SD-5", NULL,
                 "The IOMMU would not map a queued request of %u bytes (%s). It waits until an "
                 "operation of its adapter is "
                 "completed, and is tried again then.",
                 op->length, vport_status_text(status));
}

/* The first waiter with everything it needs, out of the queue; NULL: there is none that can go
 * ahead. The adapter is locked. */
static struct vport_dma_op *take_first(struct vport_dma_adapter *adapter)
{
    enum vport_status status = VPORT_OK;
    struct vport_dma_op *op = adapter->first_waiter;

    if (!op)
        return NULL;
    if (vport_dma_op_reserve(op, &status)) {
        remove_first(adapter);
        return op;
    }
    if (status != VPORT_OK)
        complain(op, status);
    return NULL;
}

void vport_waiters_add(struct vport_dma_op *op)
{
    struct vport_dma_adapter *adapter = op->adapter;
    struct vport_dma_op *first;

    op->next = NULL;
    pthread_mutex_lock(&adapter->lock);
    *adapter->last_waiter = op;
    adapter->last_waiter = &op->next;
    adapter->waiting[op->to_device]++;
    atomic_fetch_or(&adapter->attention, VPORT_ADAPTER_WAITING);
    first = adapter->queue_always ? NULL : take_first(adapter);
    pthread_mutex_unlock(&adapter->lock);
    if (first) {
        vport_dma_op_commit(first);
        vport_dma_adapter_dispatch(adapter);
    }
}

static struct vport_dma_op *lock_and_take_first(struct vport_dma_adapter *adapter)
{
    struct vport_dma_op *op;

    pthread_mutex_lock(&adapter->lock);
    op = take_first(adapter);
    pthread_mutex_unlock(&adapter->lock);
    return op;
}

void vport_dma_adapter_dispatch(struct vport_dma_adapter *adapter)
{
    struct vport_dma_op *op;

    while (atomic_load(&adapter->attention) & VPORT_ADAPTER_WAITING &&
           (op = lock_and_take_first(adapter)))
        vport_dma_op_commit(op);
}

void vport_waiters_drop(struct vport_dma_adapter *adapter)
{
    struct vport_dma_op *op, *next;

    pthread_mutex_lock(&adapter->lock);
    op = adapter->first_waiter;
    adapter->first_waiter = NULL;
    adapter->last_waiter = &adapter->first_waiter;
    adapter->waiting[0] = adapter->waiting[1] = 0;
    atomic_fetch_and(&adapter->attention, ~(uint32_t)VPORT_ADAPTER_WAITING);
    pthread_mutex_unlock(&adapter->lock);
    for (; op; op = next) {
        next = op->next;
        vport_dma_op_abandon(op);
    }
}

void vport_waiters_count(struct vport_dma_adapter *adapter, uint32_t waiting[2])
{
    pthread_mutex_lock(&adapter->lock);
    waiting[0] = adapter->waiting[0];
    waiting[1] = adapter->waiting[1];
    pthread_mutex_unlock(&adapter->lock);
}
