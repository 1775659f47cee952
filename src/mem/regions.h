/* SPDX-License-Identifier: MIT */
/*
 * Registered regions: a sorted table of address ranges, read without a lock, and pins that keep a
 * region's frames while a lock or a reader needs them. Does not know what locks are or where frames
 * come from.
 */
#ifndef VPORT_MEM_REGIONS_H
#define VPORT_MEM_REGIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>
#include "base/call.h"
#include "mem/frame.h"

struct vport_region {
    uintptr_t base; /* constant while pinned, like all up to `context` */
    size_t pages;
    struct vport_frame *frames;
    bool linear; /* frames[i] = frames[0] + i */
    bool writable;
    void (*release)(void *);
    void *context;
    /*
     * The number of pages pinned, however often; VPORT_REGION_GONE: removed, no new pins; above
     * that bit which registration this is, for the same struct is used again for other ranges.
     */
    _Atomic uint64_t pins __attribute__((aligned(8)));
    struct vport_region *next; /* among all that were ever made */
    struct vport_region *free_next;
};

enum { VPORT_REGION_GONE_BIT = 36 };
#define VPORT_REGION_GONE (UINT64_C(1) << VPORT_REGION_GONE_BIT)

struct vport_regions {
    _Atomic(struct vport_region_table *) table;
    _Atomic size_t count;    /* entries of the table in use */
    _Atomic size_t sequence; /* odd while a writer is at work */
    pthread_mutex_t lock;    /* writers of the table, and the lists */
    struct vport_region *all, *free;
};

/* What `pins` has from VPORT_REGION_GONE_BIT up while this registration is not gone. */
static inline uint32_t vport_region_registration(const struct vport_region *region)
{
    return (uint32_t)(atomic_load_explicit(&region->pins, memory_order_relaxed) >>
                      VPORT_REGION_GONE_BIT) &
           ~1u;
}

/*
 * Pins some pages of the region if it still is this registration; false also when another thread
 * was quicker.
 */
static inline bool vport_region_pin_again(struct vport_region *region, uint32_t registration,
                                          size_t pages)
{
    uint64_t pins = atomic_load_explicit(&region->pins, memory_order_relaxed);

    return pins >> VPORT_REGION_GONE_BIT == registration &&
           atomic_compare_exchange_strong_explicit(&region->pins, &pins, pins + pages,
                                                   memory_order_acquire, memory_order_relaxed);
}

static inline uint64_t vport_region_pinned(uint64_t pins)
{
    return pins & (VPORT_REGION_GONE - 1);
}

/* The region's last page was unpinned after it had been removed. */
VPORT_DRIVER_COLD void vport_regions_retire(struct vport_regions *regions,
                                            struct vport_region *region);

static inline void vport_regions_unpin(struct vport_regions *regions, struct vport_region *region,
                                       size_t pages)
{
    uint64_t before = atomic_fetch_sub_explicit(&region->pins, pages, memory_order_acq_rel);

    if (__builtin_expect(before & VPORT_REGION_GONE && vport_region_pinned(before) == pages, 0))
        vport_regions_retire(regions, region);
}

enum vport_status vport_regions_init(struct vport_regions *regions);
/* Releases every region, pinned or not. */
void vport_regions_finish(struct vport_regions *regions);

/* Adds a region like `model`, whose frames it takes over. VPORT_E_BUSY: overlaps another.
 * VPORT_E_NO_MEMORY. */
enum vport_status vport_regions_add(struct vport_regions *regions,
                                    const struct vport_region *model);
/* The region that begins at `base` is found no more; it is released with its last pin.
 * VPORT_E_UNKNOWN. */
enum vport_status vport_regions_remove(struct vport_regions *regions, uintptr_t base);

/* The region that holds `address`, one page of it pinned; or NULL, and where the next region begins
 * (UINTPTR_MAX: none). No lock. */
struct vport_region *vport_regions_pin(struct vport_regions *regions, uintptr_t address,
                                       uintptr_t *next);
/* Pins more of a region of which some is pinned already. */
static inline void vport_region_pin_more(struct vport_region *region, size_t pages)
{
    atomic_fetch_add_explicit(&region->pins, pages, memory_order_relaxed);
}
/* Pages now pinned, all in all. Takes the lock. */
size_t vport_regions_pinned(struct vport_regions *regions);
/* true if some of these bytes are a region's that was removed and is still pinned: its owner gave
 * the range up, and only the pins keep it mapped. Takes the lock. */
bool vport_regions_lingers(struct vport_regions *regions, uintptr_t start, uintptr_t last);

#endif
