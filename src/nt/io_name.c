/* SPDX-License-Identifier: MIT */
/*
 * Object names: devices by name, symbolic links to them. One flat directory: names are compared
 * whole, without regard to case, and the directories \??, \DosDevices and \GLOBAL?? are one.
 *
 * Sources: kernel/introduction-to-ms-dos-device-names, wdm/nf-wdm-iocreatesymboliclink,
 * wdm/nf-wdm-iogetdeviceobjectpointer.
 */
#include "nt/objects.h"

#include <stdlib.h>

struct link {
    LIST_ENTRY entry; /* nt->links */
    UNICODE_STRING name;
    UNICODE_STRING target;
};

/* ---- Strings ---- */

bool vport_nt_string_copy(PUNICODE_STRING to, PCUNICODE_STRING from)
{
    PWSTR buffer = malloc(from->Length + sizeof(WCHAR));

    if (!buffer)
        return false;
    if (from->Length)
        memcpy(buffer, from->Buffer, from->Length);
    buffer[from->Length / sizeof(WCHAR)] = 0;
    *to = (UNICODE_STRING){from->Length, (USHORT)(from->Length + sizeof(WCHAR)), buffer};
    return true;
}

bool vport_nt_string_from(PUNICODE_STRING to, const char *text)
{
    WCHAR wide[2 * VPORT_NT_OBJECT_NAME];
    USHORT length = 0;

    while (text[length] && length < VPORT_ARRAY_SIZE(wide)) {
        wide[length] = (unsigned char)text[length];
        length++;
    }
    return vport_nt_string_copy(
        to, &(UNICODE_STRING){(USHORT)(length * sizeof(WCHAR)), sizeof(wide), wide});
}

const char *vport_nt_debug_name(PCUNICODE_STRING name, char *text)
{
    size_t length = name->Length / sizeof(WCHAR);

    if (length > VPORT_NT_OBJECT_NAME - 1)
        length = VPORT_NT_OBJECT_NAME - 1;
    for (size_t i = 0; i < length; i++)
        text[i] = name->Buffer[i] >= 0x20 && name->Buffer[i] < 0x7f ? (char)name->Buffer[i] : '?';
    text[length] = '\0';
    return text;
}

/* ---- Looking up ---- */

/* The part behind the directory of DOS names, or the whole name. */
static UNICODE_STRING without_directory(PCUNICODE_STRING name)
{
    static const char *const directories[] = {"\\??\\", "\\DosDevices\\", "\\GLOBAL??\\"};

    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(directories); i++) {
        size_t length = strlen(directories[i]);
        size_t same = 0;

        while (same < length && same < name->Length / sizeof(WCHAR) &&
               RtlUpcaseUnicodeChar(name->Buffer[same]) ==
                   RtlUpcaseUnicodeChar((unsigned char)directories[i][same]))
            same++;
        if (same == length)
            return (UNICODE_STRING){(USHORT)(name->Length - length * sizeof(WCHAR)),
                                    name->MaximumLength, name->Buffer + length};
    }
    return *name;
}

static bool is_dos_name(PCUNICODE_STRING name)
{
    return without_directory(name).Buffer != name->Buffer;
}

static bool same_name(PCUNICODE_STRING a, PCUNICODE_STRING b)
{
    UNICODE_STRING rest_a = without_directory(a);
    UNICODE_STRING rest_b = without_directory(b);

    return is_dos_name(a) == is_dos_name(b) && RtlEqualUnicodeString(&rest_a, &rest_b, TRUE);
}

/* The object lock is held. */
static struct link *find_link(struct vport_nt *nt, PCUNICODE_STRING name)
{
    for (PLIST_ENTRY e = nt->links.Flink; e != &nt->links; e = e->Flink) {
        struct link *link = CONTAINING_RECORD(e, struct link, entry);

        if (same_name(&link->name, name))
            return link;
    }
    return NULL;
}

/* The object lock is held. */
static struct vport_nt_device *find_device(struct vport_nt *nt, PCUNICODE_STRING name)
{
    for (PLIST_ENTRY e = nt->devices.Flink; e != &nt->devices; e = e->Flink) {
        struct vport_nt_device *device = CONTAINING_RECORD(e, struct vport_nt_device, link);

        if (device->name.Length && RtlEqualUnicodeString(&device->name, name, TRUE))
            return device;
    }
    return NULL;
}

bool vport_nt_name_taken(struct vport_nt *nt, PCUNICODE_STRING name)
{
    return find_device(nt, name) || find_link(nt, name);
}

PDEVICE_OBJECT vport_nt_name_lookup(struct vport_nt *nt, PCUNICODE_STRING name)
{
    struct vport_nt_device *device;
    struct link *link;
    unsigned hops = 0;

    vport_lock_acquire(&nt->object_lock);
    while ((link = find_link(nt, name)) && hops++ < 8) /* links may form a ring */
        name = &link->target;
    device = link ? NULL : find_device(nt, name);
    if (device)
        device->references++;
    vport_lock_release(&nt->object_lock);
    return device ? &device->object : NULL;
}

/* ---- Links ---- */

static void free_link(struct link *link)
{
    free(link->name.Buffer);
    free(link->target.Buffer);
    free(link);
}

static struct link *create_link(PCUNICODE_STRING name, PCUNICODE_STRING target)
{
    struct link *link = calloc(1, sizeof(*link));

    if (link && vport_nt_string_copy(&link->name, name) &&
        vport_nt_string_copy(&link->target, target))
        return link;
    if (link)
        free_link(link);
    return NULL;
}

/* PASSIVE_LEVEL. STATUS_OBJECT_NAME_COLLISION: the name is taken. IoDeleteSymbolicLink ends it. */
NTSTATUS NTAPI IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
    struct vport_nt *nt = vport_nt_get();
    struct link *link;
    bool taken;

    vport_nt_irql_at_most("IoCreateSymbolicLink", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt || !SymbolicLinkName->Length || !DeviceName->Length)
        return STATUS_INVALID_PARAMETER;
    link = create_link(SymbolicLinkName, DeviceName);
    if (!link)
        return STATUS_INSUFFICIENT_RESOURCES;
    vport_lock_acquire(&nt->object_lock);
    taken = vport_nt_name_taken(nt, SymbolicLinkName);
    if (!taken)
        InsertTailList(&nt->links, &link->entry);
    vport_lock_release(&nt->object_lock);
    if (taken)
        free_link(link);
    return taken ? STATUS_OBJECT_NAME_COLLISION : STATUS_SUCCESS;
}

/* PASSIVE_LEVEL. STATUS_OBJECT_NAME_NOT_FOUND. */
NTSTATUS NTAPI IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
    struct vport_nt *nt = vport_nt_get();
    struct link *link;

    vport_nt_irql_at_most("IoDeleteSymbolicLink", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    vport_lock_acquire(&nt->object_lock);
    link = find_link(nt, SymbolicLinkName);
    if (link)
        RemoveEntryList(&link->entry);
    vport_lock_release(&nt->object_lock);
    if (!link)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    free_link(link);
    return STATUS_SUCCESS;
}

void vport_nt_names_end(struct vport_nt *nt)
{
    char name[VPORT_NT_OBJECT_NAME];

    while (!IsListEmpty(&nt->links)) {
        struct link *link = CONTAINING_RECORD(RemoveHeadList(&nt->links), struct link, entry);

        vport_report(nt->reports, "LEAK", NULL, "The symbolic link %s was never deleted.",
                     vport_nt_debug_name(&link->name, name));
        free_link(link);
    }
}
