/* SPDX-License-Identifier: MIT */
/*
 * The inside of the space, open so that locking what lies in the region that this thread locked
 * last, and unlocking it, is a few dozen instructions at the place of the call. Only space.c and
 * those who lock in the steady state include this; nobody else looks at these fields.
 */
#ifndef VPORT_MEM_SPACE_QUICK_H
#define VPORT_MEM_SPACE_QUICK_H

#include "base/thread.h"
#include "mem/regions.h"
#include "mem/space.h"

/*
 * The region of a thread's last lock. It may have been unregistered since, and its struct stand for
 * another range: `registration` tells.
 */
struct vport_space_last {
    uintptr_t base;
    size_t bytes; /* 0: none yet */
    struct vport_region *region;
    const struct vport_frame *frames; /* the region's */
    uint32_t registration;
    enum vport_access most; /* that may be had to it */
} __attribute__((aligned(VPORT_CACHE_LINE)));

struct vport_space {
    const struct vport_space_ops *ops;
    void *context;
    struct vport_regions regions;
    pthread_mutex_t foreign_lock; /* calls of ops */
    size_t foreign;               /* pages pinned by ops; under foreign_lock */
    struct vport_space_last last[VPORT_THREAD_SLOTS];
};

/* Frames of regions may be read so many at a time, also from the last one on. */
enum { VPORT_SPACE_FRAMES_AT_ONCE = 8 };

/* All of a lock but the place, and that it is one. */
static inline void vport_pages_fill(struct vport_pages *pages, uintptr_t start, size_t length,
                                    enum vport_access access, struct vport_frame *frames)
{
    pages->frames = frames;
    pages->start = start;
    pages->offset = start & VPORT_PAGE_MASK;
    pages->access = access;
    pages->length = length;
    atomic_store_explicit(&pages->users, 0, memory_order_relaxed);
}

/*
 * vport_space_lock() where the range lies in the region that this thread locked last. Calls
 * nothing. Fills in all of `pages` but the frames: the caller copies `count` of them, those of the
 * pages spanned, from *known to pages->frames. false: nothing is locked; ask vport_space_lock().
 */
static inline bool vport_space_lock_again(struct vport_space *space, uintptr_t start, size_t length,
                                          size_t count, enum vport_access access,
                                          struct vport_frame *frames, struct vport_pages *pages,
                                          const struct vport_frame **known)
{
    unsigned slot = vport_thread_own_slot();
    const struct vport_space_last *last;
    struct vport_region *region;
    uintptr_t offset;

    if (slot >= VPORT_THREAD_SLOTS)
        return false;
    last = &space->last[slot];
    offset = start - last->base;
    /* A length of 0 becomes more than any region has. */
    if (offset >= last->bytes || length - 1 >= last->bytes - offset || access > last->most)
        return false;
    region = last->region;
    *known = last->frames + (offset >> VPORT_PAGE_SHIFT);
    vport_pages_fill(pages, start, length, access, frames);
    pages->region = region;
    pages->places = NULL;
    pages->locked = vport_region_pin_again(region, last->registration, count);
    return pages->locked;
}

/* vport_space_unlock() where all lies in one region: pages->region is not NULL. Calls only what
 * keeps the drivers' calling convention. */
static inline void vport_space_unlock_region(struct vport_space *space, struct vport_pages *pages)
{
    pages->locked = false;
    vport_regions_unpin(&space->regions, pages->region,
                        vport_pages_spanned(pages->offset, pages->length));
}

#endif
