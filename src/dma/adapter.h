/* SPDX-License-Identifier: MIT */
/*
 * Adapters and operations as the files of this room see them. Nobody else includes this.
 *
 * An adapter's memory is never freed, and used again only after VPORT_DMA_ADAPTERS others have come
 * and gone: a thread that has just ended the last operation of a retired adapter may look at
 * `attention` once more.
 */
#ifndef VPORT_DMA_ADAPTER_H
#define VPORT_DMA_ADAPTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "dma/dma.h"
#include "dma/registers.h"
#include "mem/blocks.h"

enum { VPORT_DMA_ADAPTERS = 4096 }; /* at once, in this process */

enum vport_op_state {
    VPORT_OP_PREPARING = 1, /* not yet, or no longer, the device's */
    VPORT_OP_MAPPED,        /* its list is live */
};

/*
 * One operation, from map to unmap: in a block of its own, followed by its list and by one frame
 * per page as the device sees them. A block starts 16 bytes into a line: on 64-bit machines the
 * first element begins the third line.
 */
struct vport_dma_op {
    _Atomic uint8_t state; /* enum vport_op_state */
    bool to_device;
    bool iommu;          /* `iova` is mapped */
    bool complained;     /* a failing IOMMU was reported for it */
    uint32_t page_count; /* pages spanned */
    struct vport_dma_adapter *adapter;
    struct vport_pages *pages;
    vport_dma_ready *ready;
    uint32_t offset, length;   /* bytes from the buffer's start; bytes */
    struct vport_dma_op *next; /* in the adapter's queue of waiters, or the thread's of callbacks */
    /* ---- line ---- */
    uint64_t iova;
    uint32_t name;      /* in the trace */
    uint32_t registers; /* map registers it needs, and has once it is ready */
    uintptr_t user[VPORT_DMA_USER];
    struct vport_dma_list list;
};
#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct vport_dma_op, iova) == 48, "the first line ends here");
_Static_assert(sizeof(struct vport_dma_op) == 112, "the second line ends here");
#endif

/* Of the requests in one direction. */
struct vport_dma_counters {
    vport_counter accepted, refused; /* what is neither refused nor waiting has been mapped */
    vport_counter more_elements;     /* beyond one a list */
    vport_counter bytes, bounced_bytes, queued;
};

/* Counters of one thread slot. */
struct vport_dma_shard {
    vport_counter ended;                     /* unmapped, or refused after it was accepted */
    struct vport_dma_counters directions[2]; /* [to_device] */
} __attribute__((aligned(VPORT_CACHE_LINE)));

/* `attention`: why the fast path must look closer. */
enum {
    VPORT_ADAPTER_RETIRED = 1,
    VPORT_ADAPTER_WAITING = 2, /* the queue is not empty */
    VPORT_ADAPTER_SPECIAL =
        4, /* it may bounce, has an IOMMU, is not coherent, or queues always: constant */
};

enum vport_adapter_state {
    VPORT_ADAPTER_FREE,
    VPORT_ADAPTER_LIVE,
    VPORT_ADAPTER_RETIRING, /* being destroyed */
    VPORT_ADAPTER_DRAINING, /* destroyed, something still outstanding */
};

struct vport_dma_common; /* a common buffer: common.c */

struct vport_dma_adapter {
    /* Constant while the adapter lives, but for `attention`. */
    struct vport_dma_platform *platform;
    struct vport_dma_constraints constraints;
    uint64_t direct_reach; /* pages above it must bounce */
    bool may_bounce;
    bool iommu;
    bool queue_always;
    unsigned device;
    uint32_t name; /* in the trace */
    _Atomic uint32_t attention;
    _Atomic uint32_t state; /* enum vport_adapter_state */
    struct vport_reports *reports;
    struct vport_trace *trace;
    void (*kick)(void *context, struct vport_dma_adapter *adapter);
    void *context;
    struct vport_registers registers;
    struct vport_frame *bounce_frames; /* as the platform gave them; registers.count or more */
    uint32_t bounce_count;

    /* The slow paths. */
    pthread_mutex_t lock __attribute__((aligned(VPORT_CACHE_LINE))); /* up to `common` */
    struct vport_dma_op *first_waiter, **last_waiter;
    uint32_t waiting[2]; /* [to_device] */
    struct vport_dma_common *common;
    _Atomic uint32_t common_count;

    struct vport_dma_shard shards[VPORT_THREAD_SHARDS];
};

/* The pool of operations; NULL until the first adapter is made. */
extern struct vport_block_pool *vport_dma_ops;

extern struct vport_dma_adapter vport_dma_adapters[VPORT_DMA_ADAPTERS];

/* enum vport_adapter_state of what `pointer` points to, VPORT_ADAPTER_FREE if that is no adapter.
 * Any pointer value. */
static inline uint32_t vport_dma_adapter_state(const void *pointer)
{
    uintptr_t distance = (uintptr_t)pointer - (uintptr_t)vport_dma_adapters;

    if (distance >= sizeof(vport_dma_adapters) || distance % sizeof(vport_dma_adapters[0]))
        return VPORT_ADAPTER_FREE;
    return atomic_load_explicit(&((struct vport_dma_adapter *)(uintptr_t)pointer)->state,
                                memory_order_acquire);
}

/*
 * true if `pointer` is an adapter, live or destroyed with something outstanding. Any pointer value.
 */
bool vport_dma_adapter_known(const void *pointer);
/* Frees a destroyed adapter with nothing outstanding. It may be gone already. */
void vport_dma_adapter_drain(struct vport_dma_adapter *adapter);
/* The frames of an operation's buffer. */
static inline const struct vport_frame *vport_dma_op_frames(const struct vport_dma_op *op)
{
    return op->pages->frames + (((uint64_t)op->pages->offset + op->offset) >> VPORT_PAGE_SHIFT);
}

/* Those that its device is shown; filled for an operation that bounces. */
static inline struct vport_frame *vport_dma_op_device_frames(const struct vport_dma_op *op)
{
    return (struct vport_frame *)&op->list.elements[op->page_count];
}

/* Where it begins in its first page. */
static inline uint32_t vport_dma_op_page_offset(const struct vport_dma_op *op)
{
    return (op->pages->offset + op->offset) & VPORT_PAGE_MASK;
}

#endif
