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
    struct vport_nt *_Atomic nt;    /* NULL in a block that is no MDL, or that the driver freed */
    struct vport_nt *_Atomic owner; /* the same, but until no operation is under way any more */
    const void *site;
    bool partial; /* the frames are locked by another MDL */
    MDL mdl;      /* the frames follow */
};
_Static_assert(sizeof(struct vport_nt_mdl) == offsetof(struct vport_nt_mdl, mdl) + sizeof(MDL),
               "the frames follow the MDL directly");
_Static_assert(sizeof(struct vport_frame) == sizeof(PFN_NUMBER), "a frame is a PFN");

/* NULL until the first kernel is made. Hidden: read without a detour in a shared library. */
extern struct vport_block_pool *vport_nt_mdls __attribute__((visibility("hidden")));

/* As a number: the pointer may be anything. */
static inline struct vport_nt_mdl *vport_nt_mdl_of(const MDL *pointer)
{
    return (struct vport_nt_mdl *)((uintptr_t)pointer - offsetof(struct vport_nt_mdl, mdl));
}

/* true if this is where an MDL is or was, of all but the largest (above 1 GiB): it can be looked
 * at. Most are small. */
static inline bool vport_nt_mdl_in_class(const struct vport_nt_mdl *mdl)
{
    return vport_block_is_small(vport_nt_mdls, mdl) || vport_block_in_any_class(vport_nt_mdls, mdl);
}

/*
 * As vport_nt_mdl_pages, and calls nothing; but NULL also for the largest MDLs (above 1 GiB), which
 * that function knows.
 */
static inline struct vport_pages *vport_nt_mdl_pages_at_hand(const MDL *pointer)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(pointer);

    return __builtin_expect(vport_nt_mdl_in_class(mdl) &&
                                atomic_load_explicit(&mdl->nt, memory_order_acquire),
                            1)
               ? &mdl->pages
               : NULL;
}

static inline struct vport_frame *vport_nt_mdl_frames(struct vport_nt_mdl *mdl)
{
    return (struct vport_frame *)(&mdl->mdl + 1);
}

/* The live MDL at `pointer`; any other pointer is reported as the mistake of `function`: NULL. */
struct vport_nt_mdl *vport_nt_mdl_find(const MDL *pointer, const char *function, const void *site);
/* Makes it describe a buffer, without its frames. */
void vport_nt_mdl_init(struct vport_nt_mdl *mdl, PVOID start, ULONG length);

#endif
