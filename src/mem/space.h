/* SPDX-License-Identifier: MIT */
/*
 * The address space: which virtual ranges of this process are which page frames of the machine, and
 * which are locked.
 *
 * Registered regions (memory the machine handed out, or the user registered) are looked up without
 * a lock and locked without a system call. Any other memory ("foreign": malloc, a file mapping) is
 * probed and given frames by the bus at each lock. Owns locks and their counts; does not know MDLs
 * or devices.
 */
#ifndef VPORT_MEM_SPACE_H
#define VPORT_MEM_SPACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>
#include "base/call.h"
#include "mem/frame.h"

struct vport_space;
struct vport_region;
struct vport_places;
struct vport_pages;

typedef void VPORT_DRIVER_CALL vport_pages_close(struct vport_pages *pages);

/* A locked range. The caller owns the struct and the room for the frames. */
struct vport_pages {
    struct vport_frame *frames;  /* one per page spanned */
    uintptr_t start;             /* virtual address of the first byte */
    uint32_t offset;             /* of that byte in its page, 0..4095 */
    enum vport_access access;    /* what it was locked for */
    size_t length;               /* bytes, > 0 */
    struct vport_region *region; /* the space's: NULL for foreign memory, or when `places` is set */
    struct vport_places *places; /* the space's: set when the range lies in several regions, or in
                                    and between them */
    _Atomic uint32_t users;      /* DMA operations that still need the frames (see vport_pages_*) */
    bool locked;
    vport_pages_close *close; /* the owner's, see VPORT_PAGES_CLOSING; else never called */
};

/*
 * In `users`: the owner wants to let go of the pages while operations still need them (LB-A4,
 * LB-10). The release that leaves nothing but this bit calls close(), which has to cope with an
 * owner that has just found the same.
 */
#define VPORT_PAGES_CLOSING 0x80000000u

static inline void vport_pages_hold(struct vport_pages *pages)
{
    atomic_fetch_add(&pages->users, 1);
}

/* The pages may be gone when this returns. */
static inline void vport_pages_release(struct vport_pages *pages)
{
    if (__builtin_expect(atomic_fetch_sub(&pages->users, 1) == (VPORT_PAGES_CLOSING | 1), 0))
        pages->close(pages);
}

/* How foreign memory gets its frames; a bus provides it. Calls are serialised by the space. */
struct vport_space_ops {
    /*
     * Makes `pages` pages from `start` (page aligned) resident, checks that they can be read (or
     * written), and fills `frames`. A page pinned twice has the same frame both times.
     * VPORT_E_ACCESS: not accessible; VPORT_E_NO_MEMORY: no frame left. All or nothing.
     */
    enum vport_status (*pin)(void *context, uintptr_t start, size_t pages, enum vport_access access,
                             struct vport_frame *frames);
    void (*unpin)(void *context, uintptr_t start, size_t pages, const struct vport_frame *frames);
};

enum vport_status vport_space_create(const struct vport_space_ops *ops, void *context,
                                     struct vport_space **space);
/*
 * Returns the number of pages still locked (a leak of the driver's); frees everything all the same.
 */
size_t vport_space_destroy(struct vport_space *space);

/*
 * Registers [base, base + pages * 4096) with its frames (copied). `release(context)` runs once,
 * when the region was unregistered and its last lock is gone. VPORT_E_INVALID: not page aligned,
 * empty, or wraps; VPORT_E_BUSY: overlaps another.
 */
enum vport_status vport_space_register(struct vport_space *space, void *base, size_t pages,
                                       const struct vport_frame *frames, bool writable,
                                       void (*release)(void *), void *context);
/* The range can no longer be locked; frames stay as they are until the last lock is gone (LB-10).
 * VPORT_E_UNKNOWN. */
enum vport_status vport_space_unregister(struct vport_space *space, void *base);

/*
 * Locks [start, start + length): fills `pages` and `frames` (room for vport_pages_spanned()
 * entries). No system call and no shared lock when the range lies in one registered region.
 * VPORT_E_INVALID: length 0 or the range wraps; VPORT_E_ACCESS.
 */
enum vport_status vport_space_lock(struct vport_space *space, uintptr_t start, size_t length,
                                   enum vport_access access, struct vport_frame *frames,
                                   struct vport_pages *pages);
void vport_space_unlock(struct vport_space *space, struct vport_pages *pages);

/* Pages now locked, all in all. */
size_t vport_space_locked(struct vport_space *space);

/*
 * true if [address, address + length) lies in a registered region that has not been unregistered.
 */
bool vport_space_contains(struct vport_space *space, uintptr_t address, size_t length);

#endif
