/* SPDX-License-Identifier: MIT */
/*
 * Registry keys by handle: the Zw... services. All are called at PASSIVE_LEVEL.
 *
 * A buffer that cannot hold even the fixed part of what is asked for gives STATUS_BUFFER_TOO_SMALL;
 * one that holds only a part of the rest gives STATUS_BUFFER_OVERFLOW and that part. *ResultLength
 * is what would hold everything.
 *
 * Sources: wdm/nf-wdm-zwopenkey, -zwcreatekey, -zwqueryvaluekey, -zwsetvaluekey, -zwenumeratekey
 * and the others.
 */
#include "nt/registry.h"

/* What is put together for the caller: as much as fits, and how much there would be. */
struct answer {
    char *buffer;
    ULONG room;
    ULONG fixed; /* bytes before the variable part */
    ULONG length;
};

static void put(struct answer *answer, ULONG offset, const void *data, ULONG length)
{
    ULONG room = offset < answer->room ? answer->room - offset : 0;

    if (answer->room >= answer->fixed && length)
        memcpy(answer->buffer + offset, data, length < room ? length : room);
    if (answer->length < offset + length)
        answer->length = offset + length;
}

static NTSTATUS finish(const struct answer *answer, PULONG result_length)
{
    *result_length = answer->length;
    if (answer->room < answer->fixed)
        return STATUS_BUFFER_TOO_SMALL;
    return answer->room < answer->length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* ---- Keys ---- */

static NTSTATUS open_key(POBJECT_ATTRIBUTES attributes, enum vport_nt_make make, HANDLE *handle,
                         bool *made)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_key *from = NULL;
    struct vport_nt_key *key;
    NTSTATUS status = STATUS_SUCCESS;

    *handle = NULL;
    if (!nt || !attributes || !attributes->ObjectName)
        return STATUS_INVALID_PARAMETER;
    vport_nt_registry_lock(nt);
    if (attributes->RootDirectory)
        status = vport_nt_handle_find(nt, attributes->RootDirectory, &from);
    if (NT_SUCCESS(status))
        status = vport_nt_key_find(nt, from, attributes->ObjectName, make, &key, made);
    if (NT_SUCCESS(status))
        status = vport_nt_handle_open(nt, key, handle);
    vport_nt_registry_unlock(nt);
    return status;
}

/*
 * STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INVALID_HANDLE, STATUS_OBJECT_PATH_SYNTAX_BAD. ZwClose
 * closes the handle.
 */
NTSTATUS NTAPI ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess,
                         POBJECT_ATTRIBUTES ObjectAttributes)
{
    vport_nt_irql_at_most("ZwOpenKey", PASSIVE_LEVEL, VPORT_SITE);
    return open_key(ObjectAttributes, VPORT_MAKE_NONE, KeyHandle, NULL);
}

/*
 * As ZwOpenKey; makes the last component if only that is missing. Every key is volatile, whatever
 * CreateOptions say.
 */
NTSTATUS NTAPI ZwCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess,
                           POBJECT_ATTRIBUTES ObjectAttributes, ULONG TitleIndex,
                           PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition)
{
    bool made = false;
    NTSTATUS status;

    vport_nt_irql_at_most("ZwCreateKey", PASSIVE_LEVEL, VPORT_SITE);
    status = open_key(ObjectAttributes, VPORT_MAKE_LAST, KeyHandle, &made);
    if (NT_SUCCESS(status) && Disposition)
        *Disposition = made ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    return status;
}

/* Finds the key of a handle and locks the registry, which stays locked on success only. */
static NTSTATUS begin(const char *function, HANDLE handle, struct vport_nt **nt,
                      struct vport_nt_key **key, const void *site)
{
    NTSTATUS status;

    *nt = vport_nt_get();
    vport_nt_irql_at_most(function, PASSIVE_LEVEL, site);
    if (!*nt)
        return STATUS_INVALID_HANDLE;
    vport_nt_registry_lock(*nt);
    status = vport_nt_handle_find(*nt, handle, key);
    if (!NT_SUCCESS(status))
        vport_nt_registry_unlock(*nt);
    return status;
}

/* STATUS_CANNOT_DELETE: it has subkeys. The handle stays open and is good for ZwClose only. */
NTSTATUS NTAPI ZwDeleteKey(HANDLE KeyHandle)
{
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwDeleteKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    status = vport_nt_key_delete(key);
    vport_nt_registry_unlock(nt);
    return status;
}

/* There is no disk to write to: succeeds for an open key. */
NTSTATUS NTAPI ZwFlushKey(HANDLE KeyHandle)
{
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwFlushKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (NT_SUCCESS(status))
        vport_nt_registry_unlock(nt);
    return status;
}

static ULONG count(const LIST_ENTRY *head)
{
    ULONG number = 0;

    for (const LIST_ENTRY *e = head->Flink; e != head; e = e->Flink)
        number++;
    return number;
}

static void describe_key_basic(struct answer *answer, const struct vport_nt_key *key)
{
    KEY_BASIC_INFORMATION basic = {.NameLength = key->name.Length};

    answer->fixed = FIELD_OFFSET(KEY_BASIC_INFORMATION, Name);
    put(answer, 0, &basic, answer->fixed);
    put(answer, answer->fixed, key->name.Buffer, key->name.Length);
}

static void describe_key_full(struct answer *answer, const struct vport_nt_key *key)
{
    KEY_FULL_INFORMATION full = {
        .ClassOffset = 0xffffffff, .SubKeys = count(&key->keys), .Values = count(&key->values)};

    for (const LIST_ENTRY *e = key->keys.Flink; e != &key->keys; e = e->Flink)
        full.MaxNameLen = (ULONG)vport_max_u64(
            full.MaxNameLen, CONTAINING_RECORD(e, struct vport_nt_key, link)->name.Length);
    for (const LIST_ENTRY *e = key->values.Flink; e != &key->values; e = e->Flink) {
        const struct vport_nt_value *value = CONTAINING_RECORD(e, struct vport_nt_value, link);

        full.MaxValueNameLen = (ULONG)vport_max_u64(full.MaxValueNameLen, value->name.Length);
        full.MaxValueDataLen = (ULONG)vport_max_u64(full.MaxValueDataLen, value->length);
    }
    answer->fixed = FIELD_OFFSET(KEY_FULL_INFORMATION, Class);
    put(answer, 0, &full, answer->fixed);
}

static NTSTATUS describe_key(struct answer *answer, const struct vport_nt_key *key,
                             KEY_INFORMATION_CLASS class, PULONG result_length)
{
    if (class == KeyBasicInformation)
        describe_key_basic(answer, key);
    else if (class == KeyFullInformation)
        describe_key_full(answer, key);
    else
        return STATUS_INVALID_PARAMETER;
    return finish(answer, result_length);
}

/* KeyBasicInformation or KeyFullInformation. */
NTSTATUS NTAPI ZwQueryKey(HANDLE KeyHandle, KEY_INFORMATION_CLASS KeyInformationClass,
                          PVOID KeyInformation, ULONG Length, PULONG ResultLength)
{
    struct answer answer = {.buffer = KeyInformation, .room = Length};
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwQueryKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    status = describe_key(&answer, key, KeyInformationClass, ResultLength);
    vport_nt_registry_unlock(nt);
    return status;
}

/* STATUS_NO_MORE_ENTRIES when there is no such subkey. */
NTSTATUS NTAPI ZwEnumerateKey(HANDLE KeyHandle, ULONG Index,
                              KEY_INFORMATION_CLASS KeyInformationClass, PVOID KeyInformation,
                              ULONG Length, PULONG ResultLength)
{
    struct answer answer = {.buffer = KeyInformation, .room = Length};
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwEnumerateKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    key = vport_nt_key_at(key, Index);
    status = key ? describe_key(&answer, key, KeyInformationClass, ResultLength)
                 : STATUS_NO_MORE_ENTRIES;
    vport_nt_registry_unlock(nt);
    return status;
}

/* ---- Values ---- */

static void describe_value_basic(struct answer *answer, const struct vport_nt_value *value)
{
    KEY_VALUE_BASIC_INFORMATION basic = {.Type = value->type, .NameLength = value->name.Length};

    answer->fixed = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
    put(answer, 0, &basic, answer->fixed);
    put(answer, answer->fixed, value->name.Buffer, value->name.Length);
}

static void describe_value_partial(struct answer *answer, const struct vport_nt_value *value)
{
    KEY_VALUE_PARTIAL_INFORMATION partial = {.Type = value->type, .DataLength = value->length};

    answer->fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    put(answer, 0, &partial, answer->fixed);
    put(answer, answer->fixed, value->data, value->length);
}

static void describe_value_full(struct answer *answer, const struct vport_nt_value *value)
{
    KEY_VALUE_FULL_INFORMATION full = {
        .Type = value->type, .DataLength = value->length, .NameLength = value->name.Length};

    answer->fixed = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
    full.DataOffset = (ULONG)vport_align_up(answer->fixed + value->name.Length, 4);
    put(answer, 0, &full, answer->fixed);
    put(answer, answer->fixed, value->name.Buffer, value->name.Length);
    put(answer, full.DataOffset, value->data, value->length);
}

static NTSTATUS describe_value(struct answer *answer, const struct vport_nt_value *value,
                               KEY_VALUE_INFORMATION_CLASS class, PULONG result_length)
{
    switch (class) {
    case KeyValueBasicInformation:
        describe_value_basic(answer, value);
        break;
    case KeyValueFullInformation:
        describe_value_full(answer, value);
        break;
    case KeyValuePartialInformation:
        describe_value_partial(answer, value);
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    return finish(answer, result_length);
}

/* STATUS_OBJECT_NAME_NOT_FOUND. Classes: basic, full, partial. */
NTSTATUS NTAPI ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
                               KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                               PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    struct answer answer = {.buffer = KeyValueInformation, .room = Length};
    struct vport_nt_value *value;
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwQueryValueKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    value = vport_nt_value_find(key, ValueName);
    status = value ? describe_value(&answer, value, KeyValueInformationClass, ResultLength)
                   : STATUS_OBJECT_NAME_NOT_FOUND;
    vport_nt_registry_unlock(nt);
    return status;
}

/* STATUS_NO_MORE_ENTRIES when there is no such value. */
NTSTATUS NTAPI ZwEnumerateValueKey(HANDLE KeyHandle, ULONG Index,
                                   KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
                                   PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
    struct answer answer = {.buffer = KeyValueInformation, .room = Length};
    struct vport_nt_value *value;
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwEnumerateValueKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    value = vport_nt_value_at(key, Index);
    status = value ? describe_value(&answer, value, KeyValueInformationClass, ResultLength)
                   : STATUS_NO_MORE_ENTRIES;
    vport_nt_registry_unlock(nt);
    return status;
}

/* Replaces a value of that name. */
NTSTATUS NTAPI ZwSetValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName, ULONG TitleIndex,
                             ULONG Type, PVOID Data, ULONG DataSize)
{
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwSetValueKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    status = vport_nt_value_set(key, ValueName, Type, Data, DataSize);
    vport_nt_registry_unlock(nt);
    return status;
}

/* STATUS_OBJECT_NAME_NOT_FOUND. */
NTSTATUS NTAPI ZwDeleteValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName)
{
    struct vport_nt_value *value;
    struct vport_nt_key *key;
    struct vport_nt *nt;
    NTSTATUS status = begin("ZwDeleteValueKey", KeyHandle, &nt, &key, VPORT_SITE);

    if (!NT_SUCCESS(status))
        return status;
    value = vport_nt_value_find(key, ValueName);
    if (value)
        vport_nt_value_delete(value);
    vport_nt_registry_unlock(nt);
    return value ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}
