/* SPDX-License-Identifier: MIT */
/* Page frames and the kinds of address. A `void *` is only ever a CPU address. */
#ifndef VPORT_MEM_FRAME_H
#define VPORT_MEM_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define VPORT_PAGE_SHIFT 12
#define VPORT_PAGE_SIZE  4096u
#define VPORT_PAGE_MASK  4095u

/* Number of a page of physical memory. An array of these has the layout of an MDL's PFN array. */
struct vport_frame {
    uintptr_t number;
};

/* What a device puts on its address lines: the "logical address" of the documents. */
struct vport_busaddr {
    uint64_t value;
};

static inline uint64_t vport_frame_address(struct vport_frame frame)
{
    return (uint64_t)frame.number << VPORT_PAGE_SHIFT;
}

/* true if the frame's last byte is at or below `reach`. */
static inline bool vport_frame_in_reach(struct vport_frame frame, uint64_t reach)
{
    return reach >= VPORT_PAGE_MASK &&
           frame.number <= (reach - VPORT_PAGE_MASK) >> VPORT_PAGE_SHIFT;
}

/* Pages spanned by `length` > 0 bytes that start `offset` bytes into some page (MR-2; never length
 * / page size). */
static inline uint64_t vport_pages_spanned(uint64_t offset, uint64_t length)
{
    return ((offset & VPORT_PAGE_MASK) + length + VPORT_PAGE_MASK) >> VPORT_PAGE_SHIFT;
}

enum vport_access {
    VPORT_ACCESS_READ,  /* only examined: the device may read it */
    VPORT_ACCESS_WRITE, /* changed: the device may write (and read) it */
};

#endif
