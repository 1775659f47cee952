/* SPDX-License-Identifier: MIT */
/*
 * The adapter's children, monitors above all: asked of the miniport with
 * HwVidGetVideoChildDescriptor, offered to the PnP manager as physical device objects.
 */
#include "videoprt.h"

#define VP_CHILD_TRIES 64 /* a miniport that says "more" for ever is believed so often */

/* ---- Asking the miniport ---- */

static PVP_CHILD NTAPI VpFindChild(PVP_DEVICE Device, ULONG Uid)
{
    ULONG Index;

    for (Index = 0; Index < Device->ChildCount; Index++)
        if (Device->Children[Index]->Uid == Uid)
            return Device->Children[Index];
    return NULL;
}

static PVP_CHILD NTAPI VpCreateChild(PVP_DEVICE Device)
{
    ULONG Size = (ULONG)VP_CHILD_EXTENSION_OFFSET + Device->Driver->Init.HwChildDeviceExtensionSize;
    PDEVICE_OBJECT Self;
    PVP_CHILD Child;

    if (!NT_SUCCESS(IoCreateDevice(Device->Fdo->DriverObject, Size, NULL, FILE_DEVICE_UNKNOWN, 0,
                                   FALSE, &Self)))
        return NULL;
    Child = Self->DeviceExtension;
    Child->IsChild = TRUE;
    Child->Self = Self;
    Child->Parent = Device;
    Self->Flags &= ~DO_DEVICE_INITIALIZING;
    return Child;
}

/* Asks about the child with this index, into `Child`, which is new and nobody's yet. */
static VP_STATUS NTAPI VpAskChild(PVP_DEVICE Device, ULONG Index, PVP_CHILD Child)
{
    VIDEO_CHILD_ENUM_INFO EnumInfo;
    ULONG Unused = 0;

    RtlZeroMemory(&EnumInfo, sizeof(EnumInfo));
    EnumInfo.Size = sizeof(EnumInfo);
    EnumInfo.ChildDescriptorSize = sizeof(Child->Descriptor);
    EnumInfo.ChildIndex = Index;
    if (Device->Driver->Init.HwChildDeviceExtensionSize > 0)
        EnumInfo.ChildHwDeviceExtension = (PUCHAR)Child + VP_CHILD_EXTENSION_OFFSET;
    return Device->Driver->Init.HwGetVideoChildDescriptor(
        VP_EXTENSION_OF(Device), &EnumInfo, &Child->Type, Child->Descriptor, &Child->Uid, &Unused);
}

/* A child that was there before stays the same object. */
static VOID NTAPI VpKeepChild(PVP_DEVICE Device, PVP_CHILD Child)
{
    PVP_CHILD Known = VpFindChild(Device, Child->Uid);

    if (Known != NULL) {
        Known->Present = TRUE;
        RtlCopyMemory(Known->Descriptor, Child->Descriptor, sizeof(Known->Descriptor));
        IoDeleteDevice(Child->Self);
    } else if (Device->ChildCount == VP_MAX_CHILDREN) {
        IoDeleteDevice(Child->Self);
    } else {
        Child->Present = TRUE;
        Device->Children[Device->ChildCount++] = Child;
    }
}

VOID NTAPI VpEnumerateChildren(PVP_DEVICE Device)
{
    VP_STATUS Status = VIDEO_ENUM_MORE_DEVICES;
    ULONG Index;

    if (Device->Driver->Init.HwGetVideoChildDescriptor == NULL)
        return;
    for (Index = 0; Index < Device->ChildCount; Index++)
        Device->Children[Index]->Present = FALSE;
    /* Index 0 is for ids that ACPI gave; probing begins at 1. */
    for (Index = 1; Index <= VP_CHILD_TRIES &&
                    (Status == VIDEO_ENUM_MORE_DEVICES || Status == VIDEO_ENUM_INVALID_DEVICE);
         Index++) {
        PVP_CHILD Child = VpCreateChild(Device);

        if (Child == NULL)
            return;
        Status = VpAskChild(Device, Index, Child);
        if (Status == VIDEO_ENUM_MORE_DEVICES)
            VpKeepChild(Device, Child);
        else
            IoDeleteDevice(Child->Self);
    }
}

VOID NTAPI VpDeleteChildren(PVP_DEVICE Device)
{
    while (Device->ChildCount > 0)
        IoDeleteDevice(Device->Children[--Device->ChildCount]->Self);
}

/* Asks again, later, when the PnP manager comes with its query. */
VP_STATUS NTAPI VideoPortEnumerateChildren(PVOID HwDeviceExtension, PVOID Reserved)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortEnumerateChildren");

    if (Device == NULL || !VpCheckDispatch("PORT", "VideoPortEnumerateChildren"))
        return ERROR_INVALID_PARAMETER;
    IoInvalidateDeviceRelations(Device->Physical, BusRelations);
    return NO_ERROR;
}

/* ---- Answering the PnP manager ---- */

/*
 * Before HwVidFindAdapter a miniport is asked only if it said that it can answer then
 * (AllowEarlyEnumeration, of Windows 2000; zero in the structure of NT 4). Its extension holds
 * nothing yet.
 */
static BOOLEAN NTAPI VpMayAskNow(PVP_DEVICE Device)
{
    return Device->State == VpStarted ||
           (Device->State == VpAdded && Device->Driver->Init.AllowEarlyEnumeration);
}

NTSTATUS NTAPI VpChildRelations(PVP_DEVICE Device, PIRP Irp)
{
    PDEVICE_RELATIONS Relations;
    ULONG Index;

    if (VpMayAskNow(Device))
        VpEnumerateChildren(Device);
    Relations = ExAllocatePoolWithTag(
        PagedPool, sizeof(*Relations) + Device->ChildCount * sizeof(PDEVICE_OBJECT), VP_TAG);
    if (Relations == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Relations->Count = 0;
    for (Index = 0; Index < Device->ChildCount; Index++) {
        if (!Device->Children[Index]->Present)
            continue;
        ObReferenceObject(Device->Children[Index]->Self);
        Relations->Objects[Relations->Count++] = Device->Children[Index]->Self;
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = (ULONG_PTR)Relations;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI VpChildSelf(PVP_CHILD Child, PULONG_PTR Information)
{
    PDEVICE_RELATIONS Relations = ExAllocatePoolWithTag(PagedPool, sizeof(*Relations), VP_TAG);

    if (Relations == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ObReferenceObject(Child->Self);
    Relations->Count = 1;
    Relations->Objects[0] = Child->Self;
    *Information = (ULONG_PTR)Relations;
    return STATUS_SUCCESS;
}

/*
 * "DISPLAY\ABC1234" from the maker (three letters of five bits, big endian) and product in an EDID,
 * or a name for what has none. A list of ids ends with a second terminator; the buffer has room for
 * it.
 */
static VOID NTAPI VpChildName(PVP_CHILD Child, PCWSTR Prefix, PWSTR Text)
{
    static const WCHAR Hex[] = L"0123456789ABCDEF";
    const UCHAR *Edid = Child->Descriptor;
    ULONG Maker = (ULONG)Edid[8] << 8 | Edid[9], Digit;
    PCWSTR Plain = Child->Type == Monitor ? L"Default_Monitor" : L"Video_Child";

    while (*Prefix != 0)
        *Text++ = *Prefix++;
    if (Child->Type == Monitor && Edid[0] == 0 && Edid[1] == 0xFF) {
        *Text++ = (WCHAR)('A' - 1 + (Maker >> 10 & 31));
        *Text++ = (WCHAR)('A' - 1 + (Maker >> 5 & 31));
        *Text++ = (WCHAR)('A' - 1 + (Maker & 31));
        for (Digit = 0; Digit < 4; Digit++)
            *Text++ = Hex[((ULONG)Edid[11] << 8 | Edid[10]) >> (12 - 4 * Digit) & 15];
    } else {
        while (*Plain != 0)
            *Text++ = *Plain++;
    }
    Text[0] = Text[1] = 0;
}

static NTSTATUS NTAPI VpChildId(PVP_CHILD Child, BUS_QUERY_ID_TYPE Type, PULONG_PTR Information)
{
    PWSTR Text;
    UNICODE_STRING Digits;

    if (Type != BusQueryDeviceID && Type != BusQueryHardwareIDs && Type != BusQueryInstanceID)
        return STATUS_NOT_SUPPORTED;
    Text = ExAllocatePoolWithTag(PagedPool, 64 * sizeof(WCHAR), VP_TAG);
    if (Text == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Text, 64 * sizeof(WCHAR));
    if (Type == BusQueryInstanceID) {
        Digits.Buffer = Text;
        Digits.Length = 0;
        Digits.MaximumLength = 16 * sizeof(WCHAR);
        (void)RtlIntegerToUnicodeString(Child->Uid, 16, &Digits);
    } else {
        VpChildName(Child, Type == BusQueryDeviceID ? L"DISPLAY\\" : L"MONITOR\\", Text);
    }
    *Information = (ULONG_PTR)Text;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI VpChildPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PVP_CHILD Child = DeviceObject->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG_PTR Information = Irp->IoStatus.Information;
    NTSTATUS Status = Irp->IoStatus.Status;

    switch (Stack->MinorFunction) {
    case IRP_MN_START_DEVICE:
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
    case IRP_MN_REMOVE_DEVICE: /* the object goes with its parent */
        Status = STATUS_SUCCESS;
        break;
    case IRP_MN_QUERY_ID:
        Status = VpChildId(Child, Stack->Parameters.QueryId.IdType, &Information);
        break;
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        if (Stack->Parameters.QueryDeviceRelations.Type == TargetDeviceRelation)
            Status = VpChildSelf(Child, &Information);
        break;
    default:
        break;
    }
    return VpCompleteIrp(Irp, Status, Information);
}

/* ---- For the miniport ---- */

/* TRUE for the device objects that the port made; another driver's extension is its own affair. */
static BOOLEAN NTAPI VpIsOurs(PDEVICE_OBJECT Object)
{
    return Object != NULL && Object->DriverObject->MajorFunction[IRP_MJ_PNP] == VpDispatchPnp;
}

/* The extension of the adapter that a device object of the port's belongs to, itself or as a child;
 * NULL for any other object. */
PVOID NTAPI VideoPortGetAssociatedDeviceExtension(PVOID DeviceObject)
{
    PDEVICE_OBJECT Object = DeviceObject;

    if (!VpIsOurs(Object))
        return NULL;
    if (VpIsChild(Object))
        return VP_EXTENSION_OF(((PVP_CHILD)Object->DeviceExtension)->Parent);
    return VP_EXTENSION_OF(Object->DeviceExtension);
}

/* The child's id; 0 for the adapter itself. */
ULONG NTAPI VideoPortGetAssociatedDeviceID(PVOID DeviceObject)
{
    PDEVICE_OBJECT Object = DeviceObject;

    return VpIsOurs(Object) && VpIsChild(Object) ? ((PVP_CHILD)Object->DeviceExtension)->Uid : 0;
}
