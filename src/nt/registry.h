/* SPDX-License-Identifier: MIT */
/*
 * The registry's tree, shared by registry.c (the tree), registry_key.c (Zw...) and registry_rtl.c
 * (Rtl...).
 */
#ifndef VPORT_NT_REGISTRY_H
#define VPORT_NT_REGISTRY_H

#include "nt/handle.h"

struct vport_nt_value {
    LIST_ENTRY link;
    UNICODE_STRING name; /* empty: the key's default value */
    ULONG type;
    ULONG length; /* bytes of data */
    char data[] __attribute__((aligned(8)));
};

struct vport_nt_key {
    LIST_ENTRY link; /* in its parent's `keys`; alone when deleted */
    struct vport_nt_key *parent;
    LIST_ENTRY keys;
    LIST_ENTRY values;
    UNICODE_STRING name;
    ULONG handles; /* open; a deleted key is freed with the last one */
    bool deleted;
};

/*
 * Functions below want the registry locked. Paths have components separated by backslashes; an
 * absolute one begins with \Registry.
 */
static inline void vport_nt_registry_lock(struct vport_nt *nt)
{
    vport_lock_acquire(&nt->registry_lock);
}

static inline void vport_nt_registry_unlock(struct vport_nt *nt)
{
    vport_lock_release(&nt->registry_lock);
}

/* How much of a path is made when it is not there. */
enum vport_nt_make {
    VPORT_MAKE_NONE,
    VPORT_MAKE_LAST,
    VPORT_MAKE_ALL,
};

/* `from` NULL: the path is absolute. *made (may be NULL): the last component is new. */
NTSTATUS vport_nt_key_find(struct vport_nt *nt, struct vport_nt_key *from, PCUNICODE_STRING path,
                           enum vport_nt_make make, struct vport_nt_key **key, bool *made);
struct vport_nt_value *vport_nt_value_find(struct vport_nt_key *key, PCUNICODE_STRING name);
NTSTATUS vport_nt_value_set(struct vport_nt_key *key, PCUNICODE_STRING name, ULONG type,
                            const void *data, ULONG length);
void vport_nt_value_delete(struct vport_nt_value *value);
/* The key leaves the tree; freed when no handle is open. STATUS_CANNOT_DELETE: it has subkeys. */
NTSTATUS vport_nt_key_delete(struct vport_nt_key *key);
/* The index-th subkey or value, NULL when there are not so many. */
struct vport_nt_key *vport_nt_key_at(struct vport_nt_key *key, ULONG index);
struct vport_nt_value *vport_nt_value_at(struct vport_nt_key *key, ULONG index);

/* A handle to it was closed. */
void vport_nt_key_release(struct vport_nt_key *key);

#endif
