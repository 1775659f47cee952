/* SPDX-License-Identifier: MIT */
/*
 * The inside of MDLs, open so that the question "is this a live MDL, and which pages are its" is a
 * dozen instructions at the place where it is asked. For mdl.c, and for those who ask it once an
 * operation; nobody else looks at the fields.
 */
#ifndef VPORT_NT_MDL_H
#define VPORT_NT_MDL_H

#include "mem/blocks.h"
#include "nt/nt.h"

struct vport_nt_mdl {
    struct vport_pages pages;
    struct vport_nt *_Atomic nt; /* NULL in a block that is no MDL any more */
    const void *site;
    _Atomic bool freed; /* by the driver, but operations are still under way */
    bool partial;       /* the frames are locked by another MDL */
    MDL mdl;            /* the frames follow */
};
_Static_assert(sizeof(struct vport_nt_mdl) == offsetof(struct vport_nt_mdl, mdl) + sizeof(MDL),
               "the frames follow the MDL directly");
_Static_assert(sizeof(struct vport_frame) == sizeof(PFN_NUMBER), "a frame is a PFN");

extern struct vport_block_pool *vport_nt_mdls; /* NULL until the first kernel is made */

/* As a number: the pointer may be anything. */
static inline struct vport_nt_mdl *vport_nt_mdl_of(const MDL *pointer)
{
    return (struct vport_nt_mdl *)((uintptr_t)pointer - offsetof(struct vport_nt_mdl, mdl));
}

/*
 * As vport_nt_mdl_pages, and calls nothing; but NULL also for the largest MDLs (above 1 GiB), which
 * that function knows.
 */
static inline struct vport_pages *vport_nt_mdl_pages_at_hand(const MDL *pointer)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(pointer);

    return __builtin_expect(vport_block_live_in_class(vport_nt_mdls, mdl) &&
                                !atomic_load_explicit(&mdl->freed, memory_order_relaxed),
                            1)
               ? &mdl->pages
               : NULL;
}

#endif
