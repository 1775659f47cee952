/* SPDX-License-Identifier: MIT */
/*
 * What the PnP manager tells drivers about a device: properties (asked of the bus driver by IRP),
 * registry keys, interfaces.
 *
 * Sources: wdm/nf-wdm-iogetdeviceproperty, wdm/nf-wdm-ioopendeviceregistrykey,
 * wdm/nf-wdm-ioregisterdeviceinterface, wdm/nf-wdm-iosetdeviceinterfacestate.
 */
#include "nt/objects.h"

#include <stdio.h>
#include <stdlib.h>

#define DISPLAY_CLASS "{4D36E968-E325-11CE-BFC1-08002BE10318}"

/* ---- Properties ---- */

/* Copies what fits wholly; *needed is always what it takes. */
static NTSTATUS answer(const void *data, size_t length, ULONG room, PVOID buffer, PULONG needed)
{
    *needed = (ULONG)length;
    if (length > room)
        return STATUS_BUFFER_TOO_SMALL;
    memcpy(buffer, data, length);
    return STATUS_SUCCESS;
}

static NTSTATUS answer_ascii(const char *text, ULONG room, PVOID buffer, PULONG needed)
{
    UNICODE_STRING string;
    NTSTATUS status;

    if (!vport_nt_string_from(&string, text))
        return STATUS_INSUFFICIENT_RESOURCES;
    status = answer(string.Buffer, string.Length + sizeof(WCHAR), room, buffer, needed);
    free(string.Buffer);
    return status;
}

/* Characters up to and with the end: one zero, or (a list of strings) two. */
static size_t text_bytes(const WCHAR *text, bool list)
{
    size_t length = 0;

    while (text[length] || (list && text[length + 1]))
        length++;
    return (length + (list ? 2 : 1)) * sizeof(WCHAR);
}

/* A request whose answer is a string in paged pool, ours to free. */
static NTSTATUS ask_text(struct vport_nt *nt, PDEVICE_OBJECT pdo, const IO_STACK_LOCATION *stack,
                         bool list, ULONG room, PVOID buffer, PULONG needed)
{
    ULONG_PTR text = 0;
    NTSTATUS status = vport_nt_send_pnp(nt, pdo, stack, &text);

    if (!NT_SUCCESS(status) || !text)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    status =
        answer((const void *)text, text_bytes((const WCHAR *)text, list), room, buffer, needed);
    vport_nt_pool_free(nt, (PVOID)text, 0, "The end of a device property", NULL);
    return status;
}

static NTSTATUS ask_id(struct vport_nt *nt, PDEVICE_OBJECT pdo, BUS_QUERY_ID_TYPE type, ULONG room,
                       PVOID buffer, PULONG needed)
{
    IO_STACK_LOCATION stack = {.MinorFunction = IRP_MN_QUERY_ID};

    stack.Parameters.QueryId.IdType = type;
    return ask_text(nt, pdo, &stack, true, room, buffer, needed);
}

static NTSTATUS ask_description(struct vport_nt *nt, PDEVICE_OBJECT pdo, DEVICE_TEXT_TYPE type,
                                ULONG room, PVOID buffer, PULONG needed)
{
    IO_STACK_LOCATION stack = {.MinorFunction = IRP_MN_QUERY_DEVICE_TEXT};

    stack.Parameters.QueryDeviceText.DeviceTextType = type;
    stack.Parameters.QueryDeviceText.LocaleId = 0x0409; /* English */
    return ask_text(nt, pdo, &stack, false, room, buffer, needed);
}

static NTSTATUS ask_bus(struct vport_nt *nt, PDEVICE_OBJECT pdo, DEVICE_REGISTRY_PROPERTY property,
                        ULONG room, PVOID buffer, PULONG needed)
{
    IO_STACK_LOCATION stack = {.MinorFunction = IRP_MN_QUERY_BUS_INFORMATION};
    PNP_BUS_INFORMATION bus;
    ULONG_PTR information = 0;
    NTSTATUS status = vport_nt_send_pnp(nt, pdo, &stack, &information);

    if (!NT_SUCCESS(status) || !information)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    bus = *(const PNP_BUS_INFORMATION *)information;
    vport_nt_pool_free(nt, (PVOID)information, 0, "The end of a device property", NULL);
    switch (property) {
    case DevicePropertyBusNumber:
        return answer(&bus.BusNumber, sizeof(bus.BusNumber), room, buffer, needed);
    case DevicePropertyLegacyBusType:
        return answer(&bus.LegacyBusType, sizeof(bus.LegacyBusType), room, buffer, needed);
    default:
        return answer(&bus.BusTypeGuid, sizeof(bus.BusTypeGuid), room, buffer, needed);
    }
}

static NTSTATUS ask_capabilities(struct vport_nt *nt, PDEVICE_OBJECT pdo,
                                 DEVICE_REGISTRY_PROPERTY property, ULONG room, PVOID buffer,
                                 PULONG needed)
{
    DEVICE_CAPABILITIES capabilities = {
        .Size = sizeof(capabilities), .Version = 1, .Address = MAXULONG, .UINumber = MAXULONG};
    IO_STACK_LOCATION stack = {.MinorFunction = IRP_MN_QUERY_CAPABILITIES};
    ULONG value;

    stack.Parameters.DeviceCapabilities.Capabilities = &capabilities;
    if (!NT_SUCCESS(vport_nt_send_pnp(nt, pdo, &stack, NULL)))
        return STATUS_OBJECT_NAME_NOT_FOUND;
    value = property == DevicePropertyAddress ? capabilities.Address : capabilities.UINumber;
    return value == MAXULONG ? STATUS_OBJECT_NAME_NOT_FOUND
                             : answer(&value, sizeof(value), room, buffer, needed);
}

/* What the PnP manager knows without asking. */
static NTSTATUS own_property(const struct vport_nt_device *device,
                             DEVICE_REGISTRY_PROPERTY property, ULONG room, PVOID buffer,
                             PULONG needed)
{
    char text[VPORT_NT_OBJECT_NAME];

    switch (property) {
    case DevicePropertyClassName:
        return answer_ascii("Display", room, buffer, needed);
    case DevicePropertyClassGuid:
        return answer_ascii(DISPLAY_CLASS, room, buffer, needed);
    case DevicePropertyEnumeratorName:
        return answer_ascii("PCI", room, buffer, needed);
    case DevicePropertyManufacturer:
        return answer_ascii("videoport", room, buffer, needed);
    case DevicePropertyDriverKeyName:
        snprintf(text, sizeof(text), DISPLAY_CLASS "\\%04u", device->instance);
        return answer_ascii(text, room, buffer, needed);
    case DevicePropertyPhysicalDeviceObjectName:
        if (!device->name.Length)
            return STATUS_OBJECT_NAME_NOT_FOUND;
        return answer(device->name.Buffer, device->name.Length + sizeof(WCHAR), room, buffer,
                      needed);
    default:
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
}

/*
 * PASSIVE_LEVEL. DeviceObject is a physical device object. STATUS_BUFFER_TOO_SMALL: *ResultLength
 * says what it takes; STATUS_OBJECT_NAME_NOT_FOUND: the device does not have this property;
 * STATUS_INVALID_DEVICE_REQUEST: no device.
 */
NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject,
                                   DEVICE_REGISTRY_PROPERTY DeviceProperty, ULONG BufferLength,
                                   PVOID PropertyBuffer, PULONG ResultLength)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoGetDeviceProperty", VPORT_SITE);
    struct vport_nt *nt = vport_nt_get();

    *ResultLength = 0;
    vport_nt_irql_at_most("IoGetDeviceProperty", PASSIVE_LEVEL, VPORT_SITE);
    if (!device)
        return STATUS_INVALID_DEVICE_REQUEST;
    switch (DeviceProperty) {
    case DevicePropertyHardwareID:
        return ask_id(nt, DeviceObject, BusQueryHardwareIDs, BufferLength, PropertyBuffer,
                      ResultLength);
    case DevicePropertyCompatibleIDs:
        return ask_id(nt, DeviceObject, BusQueryCompatibleIDs, BufferLength, PropertyBuffer,
                      ResultLength);
    case DevicePropertyDeviceDescription:
    case DevicePropertyFriendlyName:
        return ask_description(nt, DeviceObject, DeviceTextDescription, BufferLength,
                               PropertyBuffer, ResultLength);
    case DevicePropertyLocationInformation:
        return ask_description(nt, DeviceObject, DeviceTextLocationInformation, BufferLength,
                               PropertyBuffer, ResultLength);
    case DevicePropertyBusNumber:
    case DevicePropertyLegacyBusType:
    case DevicePropertyBusTypeGuid:
        return ask_bus(nt, DeviceObject, DeviceProperty, BufferLength, PropertyBuffer,
                       ResultLength);
    case DevicePropertyAddress:
    case DevicePropertyUINumber:
        return ask_capabilities(nt, DeviceObject, DeviceProperty, BufferLength, PropertyBuffer,
                                ResultLength);
    default:
        return own_property(device, DeviceProperty, BufferLength, PropertyBuffer, ResultLength);
    }
}

/* ---- Registry keys ---- */

static NTSTATUS open_named(struct vport_nt *nt, const char *format, ULONG instance, PHANDLE handle)
{
    char text[2 * VPORT_NT_OBJECT_NAME];
    UNICODE_STRING path;
    NTSTATUS status;

    snprintf(text, sizeof(text), format, instance);
    if (!vport_nt_string_from(&path, text))
        return STATUS_INSUFFICIENT_RESOURCES;
    status = vport_nt_registry_open(nt, &path, handle);
    free(path.Buffer);
    return status;
}

/* PASSIVE_LEVEL. Opens the device's or its driver's key, made if needed. ZwClose closes it. */
NTSTATUS NTAPI IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType,
                                       ACCESS_MASK DesiredAccess, PHANDLE DevInstRegKey)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoOpenDeviceRegistryKey", VPORT_SITE);

    *DevInstRegKey = NULL;
    vport_nt_irql_at_most("IoOpenDeviceRegistryKey", PASSIVE_LEVEL, VPORT_SITE);
    if (!device)
        return STATUS_INVALID_DEVICE_REQUEST;
    switch (DevInstKeyType & ~(ULONG)PLUGPLAY_REGKEY_CURRENT_HWPROFILE) {
    case PLUGPLAY_REGKEY_DEVICE:
        return open_named(
            device->nt,
            "\\Registry\\Machine\\System\\CurrentControlSet\\Enum\\PCI\\%04u\\Device Parameters",
            device->instance, DevInstRegKey);
    case PLUGPLAY_REGKEY_DRIVER:
        return open_named(
            device->nt,
            "\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Class\\" DISPLAY_CLASS
            "\\%04u",
            device->instance, DevInstRegKey);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* ---- Interfaces ---- */

/* \??\PCI#0001#{GUID}, with \reference behind it. */
static NTSTATUS interface_name(const struct vport_nt_device *device, const GUID *guid,
                               PCUNICODE_STRING reference, PUNICODE_STRING name)
{
    WCHAR text[VPORT_NT_OBJECT_NAME] = {0};
    UNICODE_STRING string = {0, sizeof(text), text};
    UNICODE_STRING guid_text;
    UNICODE_STRING prefix;
    char ascii[32];
    NTSTATUS status = RtlStringFromGUID(guid, &guid_text);

    if (!NT_SUCCESS(status))
        return status;
    snprintf(ascii, sizeof(ascii), "\\??\\PCI#%04u#", device->instance);
    if (!vport_nt_string_from(&prefix, ascii))
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status)) {
        RtlAppendUnicodeStringToString(&string, &prefix);
        status = RtlAppendUnicodeStringToString(&string, &guid_text);
        free(prefix.Buffer);
    }
    if (NT_SUCCESS(status) && reference && reference->Length) {
        RtlAppendUnicodeToString(&string, (const WCHAR[]){'\\', 0});
        status = RtlAppendUnicodeStringToString(&string, reference);
    }
    RtlFreeUnicodeString(&guid_text);
    if (!NT_SUCCESS(status))
        return status;
    name->Buffer =
        ExAllocatePoolWithTag(PagedPool, string.Length + sizeof(WCHAR), 0x666e7049 /* "Ipnf" */);
    if (!name->Buffer)
        return STATUS_INSUFFICIENT_RESOURCES;
    name->MaximumLength = (USHORT)(string.Length + sizeof(WCHAR));
    RtlCopyUnicodeString(name, &string);
    return STATUS_SUCCESS;
}

/*
 * PASSIVE_LEVEL. Names an interface of a physical device; the name is RtlFreeUnicodeString's to
 * free.
 */
NTSTATUS NTAPI IoRegisterDeviceInterface(PDEVICE_OBJECT PhysicalDeviceObject,
                                         const GUID *InterfaceClassGuid,
                                         PUNICODE_STRING ReferenceString,
                                         PUNICODE_STRING SymbolicLinkName)
{
    struct vport_nt_device *device =
        vport_nt_device_check(PhysicalDeviceObject, "IoRegisterDeviceInterface", VPORT_SITE);

    *SymbolicLinkName = (UNICODE_STRING){0};
    vport_nt_irql_at_most("IoRegisterDeviceInterface", PASSIVE_LEVEL, VPORT_SITE);
    if (!device)
        return STATUS_INVALID_DEVICE_REQUEST;
    return interface_name(device, InterfaceClassGuid, ReferenceString, SymbolicLinkName);
}

/* The physical device that an interface's name was made from, NULL if there is none (any more). */
static struct vport_nt_device *interface_device(struct vport_nt *nt, PCUNICODE_STRING name)
{
    UNICODE_STRING number = {8, 8, name->Buffer + 8}; /* behind \??\PCI# */
    struct vport_nt_device *found = NULL;
    ULONG instance;

    if (name->Length < 16 * sizeof(WCHAR) ||
        !NT_SUCCESS(RtlUnicodeStringToInteger(&number, 10, &instance)))
        return NULL;
    vport_lock_acquire(&nt->object_lock);
    for (PLIST_ENTRY e = nt->devices.Flink; e != &nt->devices && !found; e = e->Flink)
        if (CONTAINING_RECORD(e, struct vport_nt_device, link)->instance == instance)
            found = CONTAINING_RECORD(e, struct vport_nt_device, link);
    vport_lock_release(&nt->object_lock);
    return found;
}

/*
 * PASSIVE_LEVEL. Enabled, the interface's name leads to the device, if that has a name.
 * STATUS_OBJECT_NAME_NOT_FOUND: no such interface, or disabled already; STATUS_OBJECT_NAME_EXISTS:
 * enabled already.
 */
NTSTATUS NTAPI IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_device *device;
    NTSTATUS status;

    vport_nt_irql_at_most("IoSetDeviceInterfaceState", PASSIVE_LEVEL, VPORT_SITE);
    device = nt && SymbolicLinkName ? interface_device(nt, SymbolicLinkName) : NULL;
    if (!device)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (!device->name.Length)
        return STATUS_SUCCESS;
    if (!Enable)
        return IoDeleteSymbolicLink(SymbolicLinkName);
    status = IoCreateSymbolicLink(SymbolicLinkName, &device->name);
    return status == STATUS_OBJECT_NAME_COLLISION ? STATUS_OBJECT_NAME_EXISTS : status;
}

/* IRQL <= DISPATCH_LEVEL. Noted by nobody: the host decides when it looks at the bus again. */
VOID NTAPI IoInvalidateDeviceRelations(PDEVICE_OBJECT DeviceObject, DEVICE_RELATION_TYPE Type)
{
    vport_nt_irql_at_most("IoInvalidateDeviceRelations", DISPATCH_LEVEL, VPORT_SITE);
    vport_nt_device_check(DeviceObject, "IoInvalidateDeviceRelations", VPORT_SITE);
}

VOID NTAPI IoInvalidateDeviceState(PDEVICE_OBJECT PhysicalDeviceObject)
{
    vport_nt_irql_at_most("IoInvalidateDeviceState", DISPATCH_LEVEL, VPORT_SITE);
    vport_nt_device_check(PhysicalDeviceObject, "IoInvalidateDeviceState", VPORT_SITE);
}
