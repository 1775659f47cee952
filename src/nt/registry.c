/* SPDX-License-Identifier: MIT */
/*
 * The registry: one volatile tree of keys and values per kernel, and the handles to its keys. Names
 * are compared without regard to case.
 *
 * Sources: kernel/registry-key-object-routines, kernel/registry-trees-and-keys.
 */
#include "nt/objects.h"
#include "nt/registry.h"

#include <stdlib.h>

/* ---- Values ---- */

struct vport_nt_value *vport_nt_value_find(struct vport_nt_key *key, PCUNICODE_STRING name)
{
    for (PLIST_ENTRY e = key->values.Flink; e != &key->values; e = e->Flink) {
        struct vport_nt_value *value = CONTAINING_RECORD(e, struct vport_nt_value, link);

        if (RtlEqualUnicodeString(&value->name, name, TRUE))
            return value;
    }
    return NULL;
}

void vport_nt_value_delete(struct vport_nt_value *value)
{
    RemoveEntryList(&value->link);
    free(value->name.Buffer);
    free(value);
}

NTSTATUS vport_nt_value_set(struct vport_nt_key *key, PCUNICODE_STRING name, ULONG type,
                            const void *data, ULONG length)
{
    struct vport_nt_value *old = vport_nt_value_find(key, name);
    struct vport_nt_value *value = calloc(1, sizeof(*value) + length);

    if (!value || !vport_nt_string_copy(&value->name, name)) {
        free(value);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    value->type = type;
    value->length = length;
    if (length)
        memcpy(value->data, data, length);
    if (old) { /* in its place, so that enumeration keeps its order */
        InsertHeadList(&old->link, &value->link);
        vport_nt_value_delete(old);
    } else {
        InsertTailList(&key->values, &value->link);
    }
    return STATUS_SUCCESS;
}

struct vport_nt_value *vport_nt_value_at(struct vport_nt_key *key, ULONG index)
{
    for (PLIST_ENTRY e = key->values.Flink; e != &key->values; e = e->Flink)
        if (index-- == 0)
            return CONTAINING_RECORD(e, struct vport_nt_value, link);
    return NULL;
}

/* ---- Keys ---- */

static struct vport_nt_key *create_key(struct vport_nt_key *parent, PCUNICODE_STRING name)
{
    struct vport_nt_key *key = calloc(1, sizeof(*key));

    if (!key || !vport_nt_string_copy(&key->name, name)) {
        free(key);
        return NULL;
    }
    key->parent = parent;
    InitializeListHead(&key->keys);
    InitializeListHead(&key->values);
    InitializeListHead(&key->link);
    if (parent)
        InsertTailList(&parent->keys, &key->link);
    return key;
}

static void free_key(struct vport_nt_key *key)
{
    while (!IsListEmpty(&key->values))
        vport_nt_value_delete(CONTAINING_RECORD(key->values.Flink, struct vport_nt_value, link));
    free(key->name.Buffer);
    free(key);
}

/* Down to the leaves without recursion: a driver decides how deep the tree is. */
static void free_tree(struct vport_nt_key *root)
{
    struct vport_nt_key *key = root;

    while (key) {
        struct vport_nt_key *parent = key == root ? NULL : key->parent;

        if (!IsListEmpty(&key->keys)) {
            key = CONTAINING_RECORD(key->keys.Flink, struct vport_nt_key, link);
            continue;
        }
        RemoveEntryList(&key->link);
        free_key(key);
        key = parent;
    }
}

NTSTATUS vport_nt_key_delete(struct vport_nt_key *key)
{
    if (!IsListEmpty(&key->keys) || !key->parent)
        return STATUS_CANNOT_DELETE;
    RemoveEntryList(&key->link);
    InitializeListHead(&key->link);
    key->deleted = true;
    if (key->handles == 0)
        free_key(key);
    return STATUS_SUCCESS;
}

struct vport_nt_key *vport_nt_key_at(struct vport_nt_key *key, ULONG index)
{
    for (PLIST_ENTRY e = key->keys.Flink; e != &key->keys; e = e->Flink)
        if (index-- == 0)
            return CONTAINING_RECORD(e, struct vport_nt_key, link);
    return NULL;
}

/* ---- Paths ---- */

/* Cuts the first component off `path`; its length is 0 at the end. */
static UNICODE_STRING next_component(PUNICODE_STRING path)
{
    UNICODE_STRING part = {0, 0, path->Buffer};

    while (path->Length >= sizeof(WCHAR) && *path->Buffer == '\\') {
        path->Buffer++;
        path->Length -= sizeof(WCHAR);
    }
    part.Buffer = path->Buffer;
    while (path->Length >= sizeof(WCHAR) && *path->Buffer != '\\') {
        path->Buffer++;
        path->Length -= sizeof(WCHAR);
        part.Length += sizeof(WCHAR);
    }
    part.MaximumLength = part.Length;
    return part;
}

static struct vport_nt_key *find_child(struct vport_nt_key *key, PCUNICODE_STRING name)
{
    for (PLIST_ENTRY e = key->keys.Flink; e != &key->keys; e = e->Flink) {
        struct vport_nt_key *child = CONTAINING_RECORD(e, struct vport_nt_key, link);

        if (RtlEqualUnicodeString(&child->name, name, TRUE))
            return child;
    }
    return NULL;
}

static bool is_registry(PCUNICODE_STRING name)
{
    static WCHAR text[] = {'R', 'e', 'g', 'i', 's', 't', 'r', 'y'};

    return RtlEqualUnicodeString(name, &(UNICODE_STRING){sizeof(text), sizeof(text), text}, TRUE);
}

/* Where the walk along `path` begins. */
static NTSTATUS walk_start(struct vport_nt *nt, struct vport_nt_key *from, PUNICODE_STRING path,
                           struct vport_nt_key **start)
{
    UNICODE_STRING first;

    *start = from;
    if (from)
        return path->Length && *path->Buffer == '\\' ? STATUS_OBJECT_PATH_SYNTAX_BAD
                                                     : STATUS_SUCCESS;
    if (!path->Length || *path->Buffer != '\\')
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    first = next_component(path);
    *start = nt->registry;
    return is_registry(&first) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

NTSTATUS vport_nt_key_find(struct vport_nt *nt, struct vport_nt_key *from, PCUNICODE_STRING path,
                           enum vport_nt_make make, struct vport_nt_key **result, bool *made)
{
    UNICODE_STRING rest = *path;
    struct vport_nt_key *key;
    UNICODE_STRING name;
    bool is_new = false;
    NTSTATUS status = walk_start(nt, from, &rest, &key);

    while (NT_SUCCESS(status) && (name = next_component(&rest)).Length) {
        struct vport_nt_key *child = find_child(key, &name);

        is_new = !child;
        if (is_new && (make == VPORT_MAKE_ALL || (make == VPORT_MAKE_LAST && !rest.Length)))
            child = create_key(key, &name);
        else if (is_new)
            return STATUS_OBJECT_NAME_NOT_FOUND;
        if (!child)
            status = STATUS_INSUFFICIENT_RESOURCES;
        key = child;
    }
    if (made)
        *made = is_new;
    *result = key;
    return status;
}

NTSTATUS vport_nt_registry_create(struct vport_nt *nt, PCUNICODE_STRING path)
{
    struct vport_nt_key *key;
    NTSTATUS status;

    vport_nt_registry_lock(nt);
    status = vport_nt_key_find(nt, NULL, path, VPORT_MAKE_ALL, &key, NULL);
    vport_nt_registry_unlock(nt);
    return status;
}

NTSTATUS vport_nt_registry_open(struct vport_nt *nt, PCUNICODE_STRING path, HANDLE *handle)
{
    struct vport_nt_key *key;
    NTSTATUS status;

    vport_nt_registry_lock(nt);
    status = vport_nt_key_find(nt, NULL, path, VPORT_MAKE_ALL, &key, NULL);
    if (NT_SUCCESS(status))
        status = vport_nt_handle_open(nt, key, handle);
    vport_nt_registry_unlock(nt);
    return status;
}

/* ---- The kernel's own door, beginning and end ---- */

/* `key` and `value` as counted strings; false: no memory. */
static bool names_from(const char *key, const char *value, UNICODE_STRING names[2])
{
    names[1].Buffer = NULL;
    if (vport_nt_string_from(&names[0], key) && vport_nt_string_from(&names[1], value))
        return true;
    free(names[0].Buffer);
    free(names[1].Buffer);
    return false;
}

enum vport_status vport_nt_registry_set(struct vport_nt *nt, const char *key_name,
                                        const char *value_name, ULONG type, const void *data,
                                        ULONG length)
{
    UNICODE_STRING names[2];
    struct vport_nt_key *key;
    NTSTATUS status;

    if (!names_from(key_name, value_name, names))
        return VPORT_E_NO_MEMORY;
    vport_nt_registry_lock(nt);
    status = vport_nt_key_find(nt, NULL, &names[0], VPORT_MAKE_ALL, &key, NULL);
    if (NT_SUCCESS(status))
        status = vport_nt_value_set(key, &names[1], type, data, length);
    vport_nt_registry_unlock(nt);
    free(names[0].Buffer);
    free(names[1].Buffer);
    if (NT_SUCCESS(status))
        return VPORT_OK;
    return status == STATUS_INSUFFICIENT_RESOURCES ? VPORT_E_NO_MEMORY : VPORT_E_INVALID;
}

static enum vport_status read_value(const struct vport_nt_value *value, ULONG *type, void *data,
                                    ULONG *length)
{
    ULONG room = *length;

    if (!value)
        return VPORT_E_UNKNOWN;
    *length = value->length;
    if (type)
        *type = value->type;
    if (value->length > room)
        return VPORT_E_TOO_LARGE;
    memcpy(data, value->data, value->length);
    return VPORT_OK;
}

enum vport_status vport_nt_registry_get(struct vport_nt *nt, const char *key_name,
                                        const char *value_name, ULONG *type, void *data,
                                        ULONG *length)
{
    enum vport_status status = VPORT_E_UNKNOWN;
    UNICODE_STRING names[2];
    struct vport_nt_key *key;

    if (!names_from(key_name, value_name, names))
        return VPORT_E_NO_MEMORY;
    vport_nt_registry_lock(nt);
    if (NT_SUCCESS(vport_nt_key_find(nt, NULL, &names[0], VPORT_MAKE_NONE, &key, NULL)))
        status = read_value(vport_nt_value_find(key, &names[1]), type, data, length);
    vport_nt_registry_unlock(nt);
    free(names[0].Buffer);
    free(names[1].Buffer);
    return status;
}

enum vport_status vport_nt_begin_registry(struct vport_nt *nt)
{
    static const char *const keys[] = {
        "\\Registry\\Machine\\System\\CurrentControlSet\\Services",
        "\\Registry\\Machine\\System\\CurrentControlSet\\Control",
        "\\Registry\\Machine\\System\\CurrentControlSet\\Enum",
        "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
        "\\Registry\\Machine\\Hardware\\DeviceMap",
        "\\Registry\\User\\.Default",
    };
    static const UNICODE_STRING root = {0, 0, NULL};
    NTSTATUS status = STATUS_SUCCESS;

    nt->registry = create_key(NULL, &root);
    if (!nt->registry)
        return VPORT_E_NO_MEMORY;
    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(keys) && NT_SUCCESS(status); i++) {
        UNICODE_STRING path;

        if (!vport_nt_string_from(&path, keys[i]))
            return VPORT_E_NO_MEMORY;
        status = vport_nt_registry_create(nt, &path);
        free(path.Buffer);
    }
    return NT_SUCCESS(status) ? VPORT_OK : VPORT_E_NO_MEMORY;
}

void vport_nt_key_release(struct vport_nt_key *key)
{
    if (--key->handles == 0 && key->deleted)
        free_key(key);
}

void vport_nt_end_registry(struct vport_nt *nt)
{
    vport_nt_end_handles(nt);
    free_tree(nt->registry);
}
