/* SPDX-License-Identifier: MIT */
/* VideoPortInitialize: a miniport's DriverEntry makes its driver object a video port driver. */
#include "videoprt.h"

/* The sizes of VIDEO_HW_INITIALIZATION_DATA that the port knows: NT 4, Windows 2000, Windows XP
 * (SG-8). */
static BOOLEAN NTAPI VpKnownSize(ULONG Size)
{
    return Size == SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA ||
           Size == SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA ||
           Size == SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA ||
           Size == sizeof(VIDEO_HW_INITIALIZATION_DATA);
}

static NTSTATUS NTAPI VpCheckInitData(const VIDEO_HW_INITIALIZATION_DATA *Data)
{
    if (!VpKnownSize(Data->HwInitDataSize)) {
        VP_REPORT("SG-8",
                  "VideoPortInitialize: HwInitDataSize is %u; %u (NT 4), %u (Windows 2000) and %u "
                  "(Windows XP) are known. Zero the structure and set the size of one of them",
                  Data->HwInitDataSize, (ULONG)SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA,
                  (ULONG)SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA,
                  (ULONG)SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA);
        return STATUS_REVISION_MISMATCH;
    }
    if (Data->HwFindAdapter == NULL || Data->HwInitialize == NULL || Data->HwStartIO == NULL) {
        VP_REPORT("SG-8",
                  "VideoPortInitialize: %s is NULL; HwFindAdapter, HwInitialize and HwStartIO are "
                  "mandatory",
                  Data->HwFindAdapter == NULL  ? "HwFindAdapter"
                  : Data->HwInitialize == NULL ? "HwInitialize"
                                               : "HwStartIO");
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

/* A terminated copy of the registry path: ConfigInfo->DriverRegistryPath is a plain PWSTR. */
static NTSTATUS NTAPI VpCopyPath(PVP_DRIVER Driver, PUNICODE_STRING Path)
{
    USHORT Length = Path != NULL ? Path->Length : 0;

    Driver->RegistryPath.Buffer =
        ExAllocatePoolWithTag(NonPagedPool, Length + sizeof(WCHAR), VP_TAG);
    if (Driver->RegistryPath.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Length > 0)
        RtlCopyMemory(Driver->RegistryPath.Buffer, Path->Buffer, Length);
    Driver->RegistryPath.Buffer[Length / sizeof(WCHAR)] = 0;
    Driver->RegistryPath.Length = Length;
    Driver->RegistryPath.MaximumLength = (USHORT)(Length + sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* The driver object's extension; a second VideoPortInitialize of the same driver finds the first
 * one's. */
static NTSTATUS NTAPI VpGetDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING Path,
                                  PVP_DRIVER *Driver)
{
    NTSTATUS Status;

    *Driver = IoGetDriverObjectExtension(DriverObject, (PVOID)VpAddDevice);
    if (*Driver != NULL)
        return STATUS_SUCCESS;
    Status = IoAllocateDriverObjectExtension(DriverObject, (PVOID)VpAddDevice, sizeof(VP_DRIVER),
                                             (PVOID *)Driver);
    if (!NT_SUCCESS(Status))
        return Status;
    RtlZeroMemory(*Driver, sizeof(VP_DRIVER));
    return VpCopyPath(*Driver, Path);
}

static VOID NTAPI VpUnload(PDRIVER_OBJECT DriverObject)
{
    PVP_DRIVER Driver = IoGetDriverObjectExtension(DriverObject, (PVOID)VpAddDevice);

    if (Driver != NULL && Driver->RegistryPath.Buffer != NULL) {
        ExFreePoolWithTag(Driver->RegistryPath.Buffer, VP_TAG);
        Driver->RegistryPath.Buffer = NULL;
    }
}

static VOID NTAPI VpFillDispatch(PDRIVER_OBJECT DriverObject)
{
    ULONG Major;

    for (Major = 0; Major <= IRP_MJ_MAXIMUM_FUNCTION; Major++)
        DriverObject->MajorFunction[Major] = VpDispatchOther;
    DriverObject->MajorFunction[IRP_MJ_CREATE] = VpDispatchCreate;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = VpDispatchClose;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = VpDispatchControl;
    DriverObject->MajorFunction[IRP_MJ_PNP] = VpDispatchPnp;
    DriverObject->MajorFunction[IRP_MJ_POWER] = VpDispatchPower;
    DriverObject->DriverExtension->AddDevice = VpAddDevice;
    DriverObject->DriverUnload = VpUnload;
}

ULONG NTAPI VideoPortInitialize(PVOID Argument1, PVOID Argument2,
                                PVIDEO_HW_INITIALIZATION_DATA HwInitializationData, PVOID HwContext)
{
    PVP_DRIVER Driver;
    NTSTATUS Status;

    if (Argument1 == NULL || HwInitializationData == NULL) {
        VP_REPORT("SG-8",
                  "VideoPortInitialize: %s is NULL; pass DriverEntry's two arguments and the "
                  "filled structure",
                  Argument1 == NULL ? "Argument1" : "HwInitializationData");
        return (ULONG)STATUS_INVALID_PARAMETER;
    }
    Status = VpCheckInitData(HwInitializationData);
    if (!NT_SUCCESS(Status))
        return (ULONG)Status;
    Status = VpGetDriver(Argument1, Argument2, &Driver);
    if (!NT_SUCCESS(Status))
        return (ULONG)Status;
    RtlZeroMemory(&Driver->Init, sizeof(Driver->Init));
    RtlCopyMemory(&Driver->Init, HwInitializationData, HwInitializationData->HwInitDataSize);
    Driver->HwContext = HwContext;
    VpFillDispatch(Argument1);
    return STATUS_SUCCESS;
}
