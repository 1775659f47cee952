/* SPDX-License-Identifier: MIT */
/* Device objects: made by AddDevice, found again by the miniport's HwDeviceExtension, deleted at
 * removal. */
#include "videoprt.h"

PVOID volatile VpDevices[VP_DEVICE_SLOTS + VP_DEVICE_WINDOW];

static BOOLEAN NTAPI VpRegisterDevice(PVP_DEVICE Device)
{
    ULONG First = VpDeviceHash(Device), Index;

    for (Index = First; Index < First + VP_DEVICE_WINDOW; Index++)
        if (InterlockedCompareExchangePointer((PVOID *)&VpDevices[Index], Device, NULL) == NULL)
            return TRUE;
    return FALSE;
}

static VOID NTAPI VpUnregisterDevice(PVP_DEVICE Device)
{
    ULONG First = VpDeviceHash(Device), Index;

    for (Index = First; Index < First + VP_DEVICE_WINDOW; Index++)
        (void)InterlockedCompareExchangePointer((PVOID *)&VpDevices[Index], NULL, Device);
}

PVP_DEVICE NTAPI VpSearchDevice(PVP_DEVICE Device)
{
    ULONG First = VpDeviceHash(Device), Index;

    for (Index = First; Index < First + VP_DEVICE_WINDOW; Index++)
        if (VP_LOAD(VpDevices[Index]) == Device)
            return Device;
    return NULL;
}

PVP_DEVICE NTAPI VpCheckDevice(PVOID HwDeviceExtension, PCSTR Function)
{
    PVP_DEVICE Device = VpFindDevice(HwDeviceExtension);

    if (Device == NULL)
        VP_REPORT("SD-6",
                  "%s: HwDeviceExtension %p is not the extension of a device; pass the one that "
                  "the miniport's routines receive",
                  Function, HwDeviceExtension);
    return Device;
}

BOOLEAN NTAPI VpCheckPassive(PCSTR Rule, PCSTR Function)
{
    KIRQL Irql = KeGetCurrentIrql();

    if (Irql == PASSIVE_LEVEL)
        return TRUE;
    DbgPrintEx(
        DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL,
        "videoprt: %s: %s was called at IRQL %u; it may be called at PASSIVE_LEVEL (0) only\n",
        Rule, Function, (ULONG)Irql);
    return FALSE;
}

BOOLEAN NTAPI VpCheckDispatch(PCSTR Rule, PCSTR Function)
{
    KIRQL Irql = KeGetCurrentIrql();

    if (Irql <= DISPATCH_LEVEL)
        return TRUE;
    DbgPrintEx(
        DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL,
        "videoprt: %s: %s was called at IRQL %u; DISPATCH_LEVEL (%u) is the highest allowed\n",
        Rule, Function, (ULONG)Irql, (ULONG)DISPATCH_LEVEL);
    return FALSE;
}

/* \Device\Video0, or the first number that is free. */
static NTSTATUS NTAPI VpCreateFdo(PDRIVER_OBJECT DriverObject, ULONG ExtensionSize,
                                  PDEVICE_OBJECT *Fdo, PULONG Number)
{
    static const WCHAR Prefix[] = L"\\Device\\Video";
    WCHAR Text[RTL_NUMBER_OF(Prefix) + 12];
    UNICODE_STRING Name, Digits;
    NTSTATUS Status;

    *Number = 0;
    do {
        Name.Buffer = Text;
        Name.Length = sizeof(Prefix) - sizeof(WCHAR);
        Name.MaximumLength = sizeof(Text);
        RtlCopyMemory(Text, Prefix, sizeof(Prefix));
        Digits.Buffer = Text + RTL_NUMBER_OF(Prefix) - 1;
        Digits.Length = 0;
        Digits.MaximumLength = (USHORT)(sizeof(Text) - Name.Length);
        Status = RtlIntegerToUnicodeString(*Number, 10, &Digits);
        if (!NT_SUCCESS(Status))
            return Status;
        Name.Length += Digits.Length;
        Status =
            IoCreateDevice(DriverObject, ExtensionSize, &Name, FILE_DEVICE_VIDEO, 0, FALSE, Fdo);
    } while (Status == STATUS_OBJECT_NAME_COLLISION && ++*Number < 1000);
    return Status;
}

static VOID NTAPI VpInitializeDevice(PVP_DEVICE Device, PVP_DRIVER Driver, PDEVICE_OBJECT Fdo,
                                     PDEVICE_OBJECT Physical)
{
    Device->Fdo = Fdo;
    Device->Physical = Physical;
    Device->Driver = Driver;
    Device->State = VpAdded;
    Device->Power = PowerDeviceD0;
    KeInitializeMutex(&Device->Lock, 0);
    InitializeListHead(&Device->Objects);
    KeInitializeSpinLock(&Device->ObjectLock);
    VpInitializeDpc(Device);
    VpInitializeTimer(Device);
}

NTSTATUS NTAPI VpCreateDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Physical,
                              PVP_DEVICE *Device)
{
    PVP_DRIVER Driver = IoGetDriverObjectExtension(DriverObject, (PVOID)VpAddDevice);
    PDEVICE_OBJECT Fdo;
    NTSTATUS Status;
    ULONG Number;

    Status =
        VpCreateFdo(DriverObject, (ULONG)VP_EXTENSION_OFFSET + Driver->Init.HwDeviceExtensionSize,
                    &Fdo, &Number);
    if (!NT_SUCCESS(Status))
        return Status;
    *Device = Fdo->DeviceExtension; /* zeroed by IoCreateDevice, the miniport's part included */
    VpInitializeDevice(*Device, Driver, Fdo, Physical);
    (*Device)->Number = Number;
    Fdo->Flags |= DO_BUFFERED_IO | DO_POWER_PAGABLE;
    if (VpCreateStarts(*Device) && VpRegisterDevice(*Device))
        return STATUS_SUCCESS;
    VpDeleteDevice(*Device);
    return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS NTAPI VpAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Physical)
{
    PVP_DEVICE Device;
    NTSTATUS Status = VpCreateDevice(DriverObject, Physical, &Device);

    if (!NT_SUCCESS(Status))
        return Status;
    Device->Below = IoAttachDeviceToDeviceStack(Device->Fdo, Physical);
    if (Device->Below == NULL) {
        VpDeleteDevice(Device);
        return STATUS_NO_SUCH_DEVICE;
    }
    Device->Fdo->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

VOID NTAPI VpDeleteDevice(PVP_DEVICE Device)
{
    VpStopAdapter(Device);
    VpDeleteChildren(Device); /* those of an early enumeration */
    VpUnregisterDevice(Device);
    VpDeleteStarts(Device);
    if (Device->Below != NULL)
        IoDetachDevice(Device->Below);
    IoDeleteDevice(Device->Fdo);
}
