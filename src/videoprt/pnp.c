/* SPDX-License-Identifier: MIT */
/* IRP_MJ_PNP: the device's life as the PnP manager tells it. */
#include "videoprt.h"

static NTSTATUS NTAPI VpPassDown(PVP_DEVICE Device, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Device->Below, Irp);
}

static NTSTATUS NTAPI VpForwarded(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    if (Irp->PendingReturned)
        KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED; /* the IRP is ours again */
}

NTSTATUS NTAPI VpForward(PVP_DEVICE Device, PIRP Irp, VP_CALL_DRIVER *Call)
{
    KEVENT Event;
    NTSTATUS Status;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, VpForwarded, &Event, TRUE, TRUE, TRUE);
    Status = Call(Device->Below, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Irp->IoStatus.Status;
    }
    return Status;
}

static NTSTATUS NTAPI VpCallBelow(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return IoCallDriver(DeviceObject, Irp);
}

/* The bus goes first: registers answer only when it has started the device. */
static NTSTATUS NTAPI VpStart(PVP_DEVICE Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PCM_RESOURCE_LIST Raw = Stack->Parameters.StartDevice.AllocatedResources;
    PCM_RESOURCE_LIST Translated = Stack->Parameters.StartDevice.AllocatedResourcesTranslated;
    NTSTATUS Status = VpForward(Device, Irp, VpCallBelow);

    if (NT_SUCCESS(Status))
        Status = VpStartAdapter(Device, Raw, Translated);
    return VpCompleteIrp(Irp, Status, 0);
}

static NTSTATUS NTAPI VpStop(PVP_DEVICE Device, PIRP Irp)
{
    VpStopAdapter(Device);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return VpPassDown(Device, Irp);
}

static NTSTATUS NTAPI VpSurpriseRemoval(PVP_DEVICE Device, PIRP Irp)
{
    VpStopAdapter(Device);
    Device->State = VpRemoved;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return VpPassDown(Device, Irp);
}

static NTSTATUS NTAPI VpRemove(PVP_DEVICE Device, PIRP Irp)
{
    NTSTATUS Status;

    VpStopAdapter(Device);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Status = VpPassDown(Device, Irp);
    VpDeleteDevice(Device);
    return Status;
}

/* The miniport may answer for its children; what it does not know goes to the bus. */
static NTSTATUS NTAPI VpQueryInterface(PVP_DEVICE Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    QUERY_INTERFACE Query;

    if (Device->State != VpStarted || Device->Driver->Init.HwQueryInterface == NULL)
        return VpPassDown(Device, Irp);
    RtlZeroMemory(&Query, sizeof(Query));
    Query.InterfaceType = Stack->Parameters.QueryInterface.InterfaceType;
    Query.Size = Stack->Parameters.QueryInterface.Size;
    Query.Version = Stack->Parameters.QueryInterface.Version;
    Query.Interface = Stack->Parameters.QueryInterface.Interface;
    Query.InterfaceSpecificData = Stack->Parameters.QueryInterface.InterfaceSpecificData;
    if (Device->Driver->Init.HwQueryInterface(VP_EXTENSION_OF(Device), &Query) != NO_ERROR)
        return VpPassDown(Device, Irp);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return VpPassDown(Device, Irp);
}

static NTSTATUS NTAPI VpQueryRelations(PVP_DEVICE Device, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);

    if (Stack->Parameters.QueryDeviceRelations.Type == BusRelations) {
        NTSTATUS Status = VpChildRelations(Device, Irp);

        if (!NT_SUCCESS(Status))
            return VpCompleteIrp(Irp, Status, 0);
    }
    return VpPassDown(Device, Irp);
}

NTSTATUS NTAPI VpDispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PVP_DEVICE Device = DeviceObject->DeviceExtension;

    if (VpIsChild(DeviceObject))
        return VpChildPnp(DeviceObject, Irp);
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return VpStart(Device, Irp);
    case IRP_MN_STOP_DEVICE:
        return VpStop(Device, Irp);
    case IRP_MN_SURPRISE_REMOVAL:
        return VpSurpriseRemoval(Device, Irp);
    case IRP_MN_REMOVE_DEVICE:
        return VpRemove(Device, Irp);
    case IRP_MN_QUERY_INTERFACE:
        return VpQueryInterface(Device, Irp);
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        return VpQueryRelations(Device, Irp);
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
        Irp->IoStatus.Status = STATUS_SUCCESS;
        return VpPassDown(Device, Irp);
    default:
        return VpPassDown(Device, Irp);
    }
}

/* A query of our own to the stack below, waited for. */
NTSTATUS NTAPI VpQueryBus(PVP_DEVICE Device, const GUID *Type, USHORT Size, USHORT Version,
                          PINTERFACE Interface, PVOID SpecificData)
{
    IO_STATUS_BLOCK Block;
    KEVENT Event;
    NTSTATUS Status;
    PIRP Irp;

    KeInitializeEvent(&Event, NotificationEvent, FALSE);
    Irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, Device->Below, NULL, 0, NULL, &Event, &Block);
    if (Irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    {
        PIO_STACK_LOCATION Stack = IoGetNextIrpStackLocation(Irp);

        Stack->MinorFunction = IRP_MN_QUERY_INTERFACE;
        Stack->Parameters.QueryInterface.InterfaceType = Type;
        Stack->Parameters.QueryInterface.Size = Size;
        Stack->Parameters.QueryInterface.Version = Version;
        Stack->Parameters.QueryInterface.Interface = Interface;
        Stack->Parameters.QueryInterface.InterfaceSpecificData = SpecificData;
    }
    Status = IoCallDriver(Device->Below, Irp);
    if (Status == STATUS_PENDING) {
        KeWaitForSingleObject(&Event, Executive, KernelMode, FALSE, NULL);
        Status = Block.Status;
    }
    return Status;
}
