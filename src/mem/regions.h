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
#include "mem/frame.h"

struct vport_region {
    uintptr_t base; /* constant while pinned, like all up to `context` */
    size_t pages;
    struct vport_frame *frames;
    bool linear; /* frames[i] = frames[0] + i */
    bool writable;
    void (*release)(void *);
    void *context;
    _Atomic uint32_t pins;
    struct vport_region *next; /* among all that were ever made */
    struct vport_region *free_next;
};

struct vport_regions {
    _Atomic(struct vport_region_table *) table;
    _Atomic size_t count;    /* entries of the table in use */
    _Atomic size_t sequence; /* odd while a writer is at work */
    pthread_mutex_t lock;    /* writers of the table, and the lists */
    struct vport_region *all, *free;
};

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

/* The region that holds `address`, pinned; or NULL, and where the next region begins (UINTPTR_MAX:
 * none). No lock. */
struct vport_region *vport_regions_pin(struct vport_regions *regions, uintptr_t address,
                                       uintptr_t *next);
void vport_regions_unpin(struct vport_regions *regions, struct vport_region *region);
/* true if some of these bytes are a region's that was removed and is still pinned: its owner gave
 * the range up, and only the pins keep it mapped. Takes the lock. */
bool vport_regions_lingers(struct vport_regions *regions, uintptr_t start, uintptr_t last);

#endif
