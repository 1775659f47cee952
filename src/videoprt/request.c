/* SPDX-License-Identifier: MIT */
/*
 * Requests: open (HwVidInitialize), close, and video requests (HwVidStartIO), one at a time under
 * the device lock.
 *
 * The IRP's status is VpNtStatus of what the miniport put into the status block (status.c), so that
 * the sender finds the VP_STATUS again; Information is passed as it is.
 */
#include "videoprt.h"

NTSTATUS NTAPI VpCompleteIrp(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID NTAPI VpLockDevice(PVP_DEVICE Device)
{
    KeWaitForSingleObject(&Device->Lock, Executive, KernelMode, FALSE, NULL);
}

static VOID NTAPI VpUnlockDevice(PVP_DEVICE Device)
{
    KeReleaseMutex(&Device->Lock, FALSE);
}

VOID NTAPI VideoPortAcquireDeviceLock(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortAcquireDeviceLock");

    if (Device != NULL && VpCheckPassive("PORT", "VideoPortAcquireDeviceLock"))
        VpLockDevice(Device);
}

VOID NTAPI VideoPortReleaseDeviceLock(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortReleaseDeviceLock");

    if (Device != NULL)
        VpUnlockDevice(Device);
}

/* Every open initialises the hardware again: that is how a display driver takes it over. */
NTSTATUS NTAPI VpDispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PVP_DEVICE Device = DeviceObject->DeviceExtension;
    BOOLEAN Ready;

    if (VpIsChild(DeviceObject))
        return VpCompleteIrp(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (Device->State != VpStarted)
        return VpCompleteIrp(Irp, STATUS_DEVICE_NOT_READY, 0);
    VpLockDevice(Device);
    Device->Opens++;
    Ready = Device->Driver->Init.HwInitialize(VP_EXTENSION_OF(Device));
    if (Ready)
        Device->Handles++;
    VpUnlockDevice(Device);
    return VpCompleteIrp(Irp, Ready ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL, 0);
}

NTSTATUS NTAPI VpDispatchClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PVP_DEVICE Device = DeviceObject->DeviceExtension;

    if (!VpIsChild(DeviceObject) && Device->Handles > 0)
        Device->Handles--;
    return VpCompleteIrp(Irp, STATUS_SUCCESS, 0);
}

/* METHOD_BUFFERED: one buffer, the longer of the two lengths, for input and output. */
static VOID NTAPI VpStartIo(PVP_DEVICE Device, PIRP Irp, PSTATUS_BLOCK Block)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    VIDEO_REQUEST_PACKET Packet;

    Packet.IoControlCode = Stack->Parameters.DeviceIoControl.IoControlCode;
    Packet.StatusBlock = Block;
    Packet.InputBuffer = Irp->AssociatedIrp.SystemBuffer;
    Packet.InputBufferLength = Stack->Parameters.DeviceIoControl.InputBufferLength;
    Packet.OutputBuffer = Irp->AssociatedIrp.SystemBuffer;
    Packet.OutputBufferLength = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    /* The result says nothing that the status block does not: real miniports return FALSE with a
     * status set. */
    (void)Device->Driver->Init.HwStartIO(VP_EXTENSION_OF(Device), &Packet);
}

NTSTATUS NTAPI VpDispatchControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PVP_DEVICE Device = DeviceObject->DeviceExtension;
    ULONG OutputLength =
        IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.OutputBufferLength;
    STATUS_BLOCK Block;

    if (VpIsChild(DeviceObject))
        return VpCompleteIrp(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (Device->State != VpStarted)
        return VpCompleteIrp(Irp, STATUS_DEVICE_NOT_READY, 0);
    RtlZeroMemory(&Block, sizeof(Block)); /* NO_ERROR unless the miniport says otherwise */
    VpLockDevice(Device);
    VpStartIo(Device, Irp, &Block);
    VpUnlockDevice(Device);
    if (Block.Information > OutputLength && Block.Status == NO_ERROR) {
        VP_REPORT("PORT",
                  "HwVidStartIO: request %x: Information is %u bytes, but the output buffer has "
                  "%u; the rest is dropped",
                  IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode,
                  (ULONG)Block.Information, OutputLength);
        Block.Information = OutputLength;
    }
    return VpCompleteIrp(Irp, VpNtStatus(Block.Status), Block.Information);
}

NTSTATUS NTAPI VpDispatchOther(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return VpCompleteIrp(Irp, STATUS_NOT_IMPLEMENTED, 0);
}
