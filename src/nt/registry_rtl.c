/* SPDX-License-Identifier: MIT */
/*
 * Registry values without handles: RtlQueryRegistryValues and its neighbours. All are called at
 * PASSIVE_LEVEL.
 *
 * Query routines are the driver's: they run without the registry locked, on a copy of the value.
 *
 * Sources: wdm/nf-wdm-rtlqueryregistryvalues (every flag is described there),
 * wdm/nf-wdm-rtlwriteregistryvalue and others.
 */
#include "nt/objects.h"
#include "nt/registry.h"

#include <stdlib.h>

#define STRING_TAG 0x72745352u /* "RStr" */

/* ---- Where: RelativeTo and Path ---- */

static const char *base_path(ULONG relative_to)
{
    static const char *const paths[RTL_REGISTRY_MAXIMUM] = {
        [RTL_REGISTRY_SERVICES] = "\\Registry\\Machine\\System\\CurrentControlSet\\Services",
        [RTL_REGISTRY_CONTROL] = "\\Registry\\Machine\\System\\CurrentControlSet\\Control",
        [RTL_REGISTRY_WINDOWS_NT] =
            "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion",
        [RTL_REGISTRY_DEVICEMAP] = "\\Registry\\Machine\\Hardware\\DeviceMap",
        [RTL_REGISTRY_USER] = "\\Registry\\User\\.Default",
    };

    return relative_to < RTL_REGISTRY_MAXIMUM ? paths[relative_to] : NULL;
}

/* The registry is locked. */
static NTSTATUS find_base(struct vport_nt *nt, const char *text, struct vport_nt_key **key)
{
    UNICODE_STRING path;
    NTSTATUS status;

    *key = NULL;
    if (!text)
        return STATUS_SUCCESS; /* absolute */
    if (!vport_nt_string_from(&path, text))
        return STATUS_INSUFFICIENT_RESOURCES;
    status = vport_nt_key_find(nt, NULL, &path, VPORT_MAKE_NONE, key, NULL);
    free(path.Buffer);
    return status;
}

/* Finds the key of a (RelativeTo, Path) pair. The registry is locked. */
static NTSTATUS find_key(struct vport_nt *nt, ULONG relative_to, PCWSTR path,
                         enum vport_nt_make make, struct vport_nt_key **key)
{
    ULONG relative = relative_to & ~(RTL_REGISTRY_OPTIONAL | RTL_REGISTRY_HANDLE);
    UNICODE_STRING name;
    NTSTATUS status;

    if (relative_to & RTL_REGISTRY_HANDLE)
        return vport_nt_handle_find(nt, (HANDLE)(uintptr_t)path, key);
    if (relative >= RTL_REGISTRY_MAXIMUM)
        return STATUS_INVALID_PARAMETER;
    status = find_base(nt, base_path(relative), key);
    RtlInitUnicodeString(&name, path);
    return NT_SUCCESS(status) ? vport_nt_key_find(nt, *key, &name, make, key, NULL) : status;
}

/* Opens it: a handle keeps the key while the driver's routines run. */
static NTSTATUS open_at(struct vport_nt *nt, ULONG relative_to, PCWSTR path,
                        enum vport_nt_make make, HANDLE *handle)
{
    struct vport_nt_key *key;
    NTSTATUS status;

    *handle = NULL;
    vport_nt_registry_lock(nt);
    status = find_key(nt, relative_to, path, make, &key);
    if (NT_SUCCESS(status))
        status = vport_nt_handle_open(nt, key, handle);
    vport_nt_registry_unlock(nt);
    return status;
}

static void close_handle(struct vport_nt *nt, HANDLE handle)
{
    vport_nt_registry_lock(nt);
    vport_nt_handle_close(nt, handle);
    vport_nt_registry_unlock(nt);
}

/* ---- A value, copied ---- */

/* `name` and `data` are terminated by zeros that `length` does not count. */
struct copy {
    ULONG type;
    ULONG length;
    WCHAR *name;
    char *data;
};

static NTSTATUS copy_parts(struct copy *copy, PCUNICODE_STRING name, ULONG type, const void *data,
                           ULONG length)
{
    *copy = (struct copy){.type = type, .length = length};
    copy->name = calloc(1, name->Length + sizeof(WCHAR));
    copy->data = calloc(1, (size_t)length + 2 * sizeof(WCHAR));
    if (!copy->name || !copy->data) {
        free(copy->name);
        free(copy->data);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (name->Length)
        memcpy(copy->name, name->Buffer, name->Length);
    if (length)
        memcpy(copy->data, data, length);
    return STATUS_SUCCESS;
}

static void free_copy(struct copy *copy)
{
    free(copy->name);
    free(copy->data);
}

/* By name, or (name NULL) the index-th. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_NO_MORE_ENTRIES. */
static NTSTATUS copy_value(struct vport_nt *nt, HANDLE handle, PCWSTR name, ULONG index,
                           struct copy *copy)
{
    struct vport_nt_value *value = NULL;
    struct vport_nt_key *key;
    UNICODE_STRING string;
    NTSTATUS status;

    RtlInitUnicodeString(&string, name);
    vport_nt_registry_lock(nt);
    status = vport_nt_handle_find(nt, handle, &key);
    if (NT_SUCCESS(status)) {
        value = name ? vport_nt_value_find(key, &string) : vport_nt_value_at(key, index);
        if (value)
            status = copy_parts(copy, &value->name, value->type, value->data, value->length);
        else
            status = name ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_NO_MORE_ENTRIES;
    }
    vport_nt_registry_unlock(nt);
    return status;
}

static bool is_string(ULONG type)
{
    return type == REG_SZ || type == REG_EXPAND_SZ || type == REG_MULTI_SZ;
}

static ULONG string_bytes(const WCHAR *text)
{
    ULONG length = 0;

    while (text[length])
        length++;
    return (length + 1) * (ULONG)sizeof(WCHAR);
}

/* The entry's default as if it had been read. */
static NTSTATUS copy_default(const RTL_QUERY_REGISTRY_TABLE *entry, struct copy *copy)
{
    ULONG length = entry->DefaultLength;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, entry->Name);
    if (length == 0 && is_string(entry->DefaultType) && entry->DefaultData)
        length = string_bytes(entry->DefaultData);
    return copy_parts(copy, &name, entry->DefaultType, entry->DefaultData, length);
}

/* ---- Handing a value over ---- */

/*
 * Into the UNICODE_STRING that EntryContext is; its Buffer is allocated if it is NULL, and then the
 * driver's to free.
 */
static NTSTATUS direct_string(const struct copy *copy, PUNICODE_STRING to, const void *site)
{
    ULONG length = copy->length;

    if (length >= sizeof(WCHAR) && copy->type != REG_MULTI_SZ &&
        !((WCHAR *)copy->data)[length / sizeof(WCHAR) - 1])
        length -= sizeof(WCHAR);
    if (length > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR))
        return STATUS_BUFFER_TOO_SMALL;
    if (!to->Buffer) {
        to->Buffer = vport_nt_pool_allocate(vport_nt_get(), PagedPool, length + sizeof(WCHAR),
                                            STRING_TAG, site);
        if (!to->Buffer)
            return STATUS_NO_MEMORY;
        to->MaximumLength = (USHORT)(length + sizeof(WCHAR));
    } else if (length + sizeof(WCHAR) > to->MaximumLength) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    memcpy(to->Buffer, copy->data, length);
    to->Buffer[length / sizeof(WCHAR)] = 0;
    to->Length = (USHORT)length;
    return STATUS_SUCCESS;
}

/*
 * Not a string: up to 4 bytes go where EntryContext points. For more, its first LONG tells the
 * buffer's size: negative, and the data replace it; positive, and length and type come first.
 */
static NTSTATUS direct_data(const struct copy *copy, char *to)
{
    LONG size;
    ULONG head = 0;

    if (copy->length <= sizeof(ULONG)) {
        memcpy(to, copy->data, copy->length);
        return STATUS_SUCCESS;
    }
    memcpy(&size, to, sizeof(size));
    if (size >= 0)
        head = 2 * sizeof(ULONG);
    if (head + (uint64_t)copy->length > (size < 0 ? 0 - (uint64_t)(int64_t)size : (uint64_t)size))
        return STATUS_BUFFER_TOO_SMALL;
    if (head) {
        memcpy(to, &copy->length, sizeof(ULONG));
        memcpy(to + sizeof(ULONG), &copy->type, sizeof(ULONG));
    }
    memcpy(to + head, copy->data, copy->length);
    return STATUS_SUCCESS;
}

static NTSTATUS call_routine(const RTL_QUERY_REGISTRY_TABLE *entry, const struct copy *copy,
                             ULONG type, const char *data, ULONG length, PVOID context)
{
    NTSTATUS status = entry->QueryRoutine(copy->name, type, (PVOID)(uintptr_t)data, length, context,
                                          entry->EntryContext);

    return status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS
                                             : status; /* as documented: it is asked no further */
}

/* One call for each string of a REG_MULTI_SZ. */
static NTSTATUS call_for_strings(const RTL_QUERY_REGISTRY_TABLE *entry, const struct copy *copy,
                                 PVOID context)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG offset = 0;

    while (NT_SUCCESS(status) && offset + sizeof(WCHAR) <= copy->length &&
           *(const WCHAR *)(copy->data + offset)) {
        ULONG length = string_bytes((const WCHAR *)(copy->data + offset));

        status = call_routine(entry, copy, REG_SZ, copy->data + offset, length, context);
        offset += length;
    }
    return status;
}

static NTSTATUS hand_over(const RTL_QUERY_REGISTRY_TABLE *entry, const struct copy *copy,
                          PVOID context, const void *site)
{
    bool expand = !(entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND);

    if (entry->Flags & RTL_QUERY_REGISTRY_DIRECT)
        return is_string(copy->type) ? direct_string(copy, entry->EntryContext, site)
                                     : direct_data(copy, entry->EntryContext);
    if (copy->type == REG_MULTI_SZ && expand)
        return call_for_strings(entry, copy, context);
    /* There are no environment variables that could be expanded. */
    return call_routine(entry, copy, copy->type == REG_EXPAND_SZ && expand ? REG_SZ : copy->type,
                        copy->data, copy->length, context);
}

/* ---- The table ---- */

/* What an entry without a name asks for: every value. */
static NTSTATUS query_all(struct vport_nt *nt, HANDLE handle, const RTL_QUERY_REGISTRY_TABLE *entry,
                          PVOID context, const void *site)
{
    struct copy copy;
    NTSTATUS status;
    ULONG index = 0;

    while (NT_SUCCESS(status = copy_value(nt, handle, NULL, index, &copy))) {
        status = hand_over(entry, &copy, context, site);
        free_copy(&copy);
        if (!NT_SUCCESS(status))
            return status;
        index++;
    }
    if (status == STATUS_NO_MORE_ENTRIES)
        return index == 0 && entry->Flags & RTL_QUERY_REGISTRY_REQUIRED
                   ? STATUS_OBJECT_NAME_NOT_FOUND
                   : STATUS_SUCCESS;
    return status;
}

static void delete_value(struct vport_nt *nt, HANDLE handle, PCWSTR name)
{
    struct vport_nt_value *value = NULL;
    struct vport_nt_key *key;
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, name);
    vport_nt_registry_lock(nt);
    if (NT_SUCCESS(vport_nt_handle_find(nt, handle, &key)))
        value = vport_nt_value_find(key, &string);
    if (value)
        vport_nt_value_delete(value);
    vport_nt_registry_unlock(nt);
}

static NTSTATUS query_one(struct vport_nt *nt, HANDLE handle, const RTL_QUERY_REGISTRY_TABLE *entry,
                          PVOID context, const void *site)
{
    struct copy copy;
    NTSTATUS status = copy_value(nt, handle, entry->Name, 0, &copy);
    bool found = NT_SUCCESS(status);

    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        if (entry->Flags & RTL_QUERY_REGISTRY_REQUIRED)
            return status;
        if (entry->DefaultType == REG_NONE)
            return STATUS_SUCCESS;
        status = copy_default(entry, &copy);
    }
    if (!NT_SUCCESS(status))
        return status;
    status = hand_over(entry, &copy, context, site);
    free_copy(&copy);
    if (NT_SUCCESS(status) && found && entry->Flags & RTL_QUERY_REGISTRY_DELETE)
        delete_value(nt, handle, entry->Name);
    return status;
}

/* `current` moves from the top key to a subkey and back as the entries say. */
static NTSTATUS select_key(struct vport_nt *nt, HANDLE top, HANDLE *current,
                           const RTL_QUERY_REGISTRY_TABLE *entry)
{
    UNICODE_STRING name;
    struct vport_nt_key *key;
    NTSTATUS status;

    if (!(entry->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_TOPKEY)))
        return STATUS_SUCCESS;
    if (*current != top)
        close_handle(nt, *current);
    *current = top;
    if (!(entry->Flags & RTL_QUERY_REGISTRY_SUBKEY))
        return STATUS_SUCCESS;
    if (!entry->Name)
        return STATUS_INVALID_PARAMETER;
    RtlInitUnicodeString(&name, entry->Name);
    vport_nt_registry_lock(nt);
    status = vport_nt_handle_find(nt, top, &key);
    if (NT_SUCCESS(status))
        status = vport_nt_key_find(nt, key, &name, VPORT_MAKE_NONE, &key, NULL);
    if (NT_SUCCESS(status))
        status = vport_nt_handle_open(nt, key, current);
    vport_nt_registry_unlock(nt);
    return status;
}

static NTSTATUS query_entry(struct vport_nt *nt, HANDLE handle,
                            const RTL_QUERY_REGISTRY_TABLE *entry, PVOID context, const void *site)
{
    if (entry->Flags & RTL_QUERY_REGISTRY_DIRECT &&
        (!entry->Name || entry->Flags & RTL_QUERY_REGISTRY_SUBKEY || entry->QueryRoutine ||
         !entry->EntryContext))
        return STATUS_INVALID_PARAMETER;
    if (!(entry->Flags & RTL_QUERY_REGISTRY_DIRECT) && !entry->QueryRoutine)
        return STATUS_SUCCESS; /* a subkey was selected, and that is all */
    if (entry->Flags & RTL_QUERY_REGISTRY_NOVALUE)
        return entry->QueryRoutine(NULL, REG_NONE, NULL, 0, context, entry->EntryContext);
    if (!entry->Name || entry->Flags & RTL_QUERY_REGISTRY_SUBKEY)
        return query_all(nt, handle, entry, context, site);
    return query_one(nt, handle, entry, context, site);
}

static bool is_last(const RTL_QUERY_REGISTRY_TABLE *entry)
{
    return !entry->QueryRoutine &&
           !(entry->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT));
}

/*
 * The table ends with an entry that has no routine and is neither DIRECT nor SUBKEY. Stops at the
 * first failure and returns it: STATUS_OBJECT_NAME_NOT_FOUND (the key, or a required value),
 * STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER, or a routine's.
 */
NTSTATUS NTAPI RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path,
                                      PRTL_QUERY_REGISTRY_TABLE QueryTable, PVOID Context,
                                      PVOID Environment)
{
    struct vport_nt *nt = vport_nt_get();
    HANDLE current;
    NTSTATUS status;
    HANDLE top;

    vport_nt_irql_at_most("RtlQueryRegistryValues", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt)
        return STATUS_INVALID_PARAMETER;
    status = open_at(nt, RelativeTo, Path, VPORT_MAKE_NONE, &top);
    if (!NT_SUCCESS(status))
        return RelativeTo & RTL_REGISTRY_OPTIONAL && status == STATUS_OBJECT_NAME_NOT_FOUND
                   ? STATUS_SUCCESS
                   : status;
    current = top;
    for (; NT_SUCCESS(status) && !is_last(QueryTable); QueryTable++) {
        status = select_key(nt, top, &current, QueryTable);
        if (NT_SUCCESS(status))
            status = query_entry(nt, current, QueryTable, Context, VPORT_SITE);
        else if (status == STATUS_OBJECT_NAME_NOT_FOUND &&
                 !(QueryTable->Flags & RTL_QUERY_REGISTRY_REQUIRED))
            status = STATUS_SUCCESS;
    }
    if (current != top)
        close_handle(nt, current);
    close_handle(nt, top);
    return status;
}

/* ---- Single values and keys ---- */

/* Makes the keys of Path that are missing. */
NTSTATUS NTAPI RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName,
                                     ULONG ValueType, PVOID ValueData, ULONG ValueLength)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_key *key;
    UNICODE_STRING name;
    NTSTATUS status;

    vport_nt_irql_at_most("RtlWriteRegistryValue", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt)
        return STATUS_INVALID_PARAMETER;
    RtlInitUnicodeString(&name, ValueName);
    vport_nt_registry_lock(nt);
    status = find_key(nt, RelativeTo, Path, VPORT_MAKE_ALL, &key);
    if (NT_SUCCESS(status))
        status = vport_nt_value_set(key, &name, ValueType, ValueData, ValueLength);
    vport_nt_registry_unlock(nt);
    return status;
}

/* STATUS_OBJECT_NAME_NOT_FOUND: no such key or value. */
NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_value *value = NULL;
    struct vport_nt_key *key;
    UNICODE_STRING name;
    NTSTATUS status;

    vport_nt_irql_at_most("RtlDeleteRegistryValue", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt)
        return STATUS_INVALID_PARAMETER;
    RtlInitUnicodeString(&name, ValueName);
    vport_nt_registry_lock(nt);
    status = find_key(nt, RelativeTo, Path, VPORT_MAKE_NONE, &key);
    if (NT_SUCCESS(status)) {
        value = vport_nt_value_find(key, &name);
        status = value ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (value)
        vport_nt_value_delete(value);
    vport_nt_registry_unlock(nt);
    return status;
}

static NTSTATUS look_for_key(ULONG relative_to, PCWSTR path, enum vport_nt_make make)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_key *key;
    NTSTATUS status;

    if (!nt)
        return STATUS_INVALID_PARAMETER;
    vport_nt_registry_lock(nt);
    status = find_key(nt, relative_to, path, make, &key);
    vport_nt_registry_unlock(nt);
    return status;
}

NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    vport_nt_irql_at_most("RtlCreateRegistryKey", PASSIVE_LEVEL, VPORT_SITE);
    return look_for_key(RelativeTo, Path, VPORT_MAKE_ALL);
}

/* STATUS_SUCCESS: it is there. */
NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    vport_nt_irql_at_most("RtlCheckRegistryKey", PASSIVE_LEVEL, VPORT_SITE);
    return look_for_key(RelativeTo, Path, VPORT_MAKE_NONE);
}
