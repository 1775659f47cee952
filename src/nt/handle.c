/* SPDX-License-Identifier: MIT */
/* The table of handles. Sources: kernel/object-handles, wdm/nf-ntifs-ntclose. */
#include "nt/handle.h"

#include <stdlib.h>

#include "nt/registry.h"

struct vport_nt_handle {
    struct vport_nt_key *key; /* one of the two, or neither: free */
    struct vport_nt_blob *file;
    uint64_t position; /* in the file */
};

/* Handles of the system look like this, so that one is seldom taken for a pointer or a number. */
#define HANDLE_BASE 0x80000000u

static bool is_free(const struct vport_nt_handle *slot)
{
    return !slot->key && !slot->file;
}

static struct vport_nt_handle *free_slot(struct vport_nt *nt)
{
    struct vport_nt_handle *handles;
    ULONG count = nt->handle_count ? 2 * nt->handle_count : 64;

    for (ULONG i = 0; i < nt->handle_count; i++)
        if (is_free(&nt->handles[i]))
            return &nt->handles[i];
    handles = realloc(nt->handles, count * sizeof(*handles));
    if (!handles)
        return NULL;
    memset(handles + nt->handle_count, 0, (count - nt->handle_count) * sizeof(*handles));
    nt->handles = handles;
    nt->handle_count = count;
    return free_slot(nt);
}

static HANDLE handle_of(const struct vport_nt *nt, const struct vport_nt_handle *slot)
{
    return (HANDLE)(HANDLE_BASE + 4 * (uintptr_t)(slot - nt->handles + 1));
}

static struct vport_nt_handle *slot_of(struct vport_nt *nt, HANDLE handle)
{
    uintptr_t index = ((uintptr_t)handle - HANDLE_BASE) / 4 - 1;

    if ((uintptr_t)handle % 4 || index >= nt->handle_count || is_free(&nt->handles[index]))
        return NULL;
    return &nt->handles[index];
}

NTSTATUS vport_nt_handle_open(struct vport_nt *nt, struct vport_nt_key *key, HANDLE *handle)
{
    struct vport_nt_handle *slot = free_slot(nt);

    *handle = NULL;
    if (!slot)
        return STATUS_INSUFFICIENT_RESOURCES;
    *slot = (struct vport_nt_handle){.key = key};
    key->handles++;
    *handle = handle_of(nt, slot);
    return STATUS_SUCCESS;
}

NTSTATUS vport_nt_handle_open_file(struct vport_nt *nt, struct vport_nt_blob *file, HANDLE *handle)
{
    struct vport_nt_handle *slot = free_slot(nt);

    *handle = NULL;
    if (!slot)
        return STATUS_INSUFFICIENT_RESOURCES;
    *slot = (struct vport_nt_handle){.file = file};
    *handle = handle_of(nt, slot);
    return STATUS_SUCCESS;
}

NTSTATUS vport_nt_handle_find(struct vport_nt *nt, HANDLE handle, struct vport_nt_key **key)
{
    struct vport_nt_handle *slot = slot_of(nt, handle);

    *key = slot ? slot->key : NULL;
    if (!slot)
        return STATUS_INVALID_HANDLE;
    if (!slot->key)
        return STATUS_OBJECT_TYPE_MISMATCH;
    return slot->key->deleted ? STATUS_KEY_DELETED : STATUS_SUCCESS;
}

NTSTATUS vport_nt_handle_find_file(struct vport_nt *nt, HANDLE handle, struct vport_nt_blob **file,
                                   uint64_t **position)
{
    struct vport_nt_handle *slot = slot_of(nt, handle);

    if (!slot)
        return STATUS_INVALID_HANDLE;
    *file = slot->file;
    *position = &slot->position;
    return slot->file ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
}

NTSTATUS vport_nt_handle_close(struct vport_nt *nt, HANDLE handle)
{
    struct vport_nt_handle *slot = slot_of(nt, handle);
    struct vport_nt_key *key;

    if (!slot)
        return STATUS_INVALID_HANDLE;
    key = slot->key;
    *slot = (struct vport_nt_handle){0};
    if (key)
        vport_nt_key_release(key);
    return STATUS_SUCCESS;
}

/*
 * PASSIVE_LEVEL. STATUS_INVALID_HANDLE (reported: Driver Verifier stops with bug check 0xC4/0xF6).
 */
NTSTATUS NTAPI ZwClose(HANDLE Handle)
{
    struct vport_nt *nt = vport_nt_get();
    NTSTATUS status;

    vport_nt_irql_at_most("ZwClose", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt)
        return STATUS_INVALID_HANDLE;
    vport_nt_registry_lock(nt);
    status = vport_nt_handle_close(nt, Handle);
    vport_nt_registry_unlock(nt);
    if (!NT_SUCCESS(status))
        vport_nt_report("HANDLE", VPORT_SITE, "ZwClose: %p is not an open handle.", Handle);
    return status;
}

void vport_nt_end_handles(struct vport_nt *nt)
{
    unsigned open = 0;

    for (ULONG i = 0; i < nt->handle_count; i++) {
        if (is_free(&nt->handles[i]))
            continue;
        open++;
        vport_nt_handle_close(nt, handle_of(nt, &nt->handles[i]));
    }
    if (open)
        vport_report(nt->reports, "LEAK", NULL, "%u handle(s) were never closed with ZwClose.",
                     open);
    free(nt->handles);
}
