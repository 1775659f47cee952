/* SPDX-License-Identifier: MIT */
/*
 * IRPs that the I/O manager builds for others and finishes itself, and sending them.
 *
 * Sources: wdm/nf-wdm-iobuildsynchronousfsdrequest, wdm/nf-wdm-iobuilddeviceiocontrolrequest,
 * kernel/buffer-descriptions-for-i-o-control-codes, kernel/using-buffered-i-o.
 */
#include "nt/io_irp.h"

#define BUFFER_TAG 0x42706F49u /* "IopB" */

/* ---- Building ---- */

static PIRP build(struct vport_nt *nt, PDEVICE_OBJECT device, PKEVENT event, PIO_STATUS_BLOCK block,
                  const void *site)
{
    PIRP irp = vport_nt_irp_allocate(nt, device->StackSize, site);

    if (!irp)
        return NULL;
    irp->Flags = IRP_SYNCHRONOUS_API;
    irp->UserEvent = event;
    irp->UserIosb = block;
    irp->RequestorMode = KernelMode;
    irp->Tail.Overlay.Thread = PsGetCurrentThread();
    return irp;
}

/* A system buffer with the input in it; what comes back goes to `output`. */
static bool add_system_buffer(struct vport_nt *nt, PIRP irp, const void *input, ULONG input_length,
                              PVOID output, ULONG output_length, const void *site)
{
    ULONG length = input_length > output_length ? input_length : output_length;
    void *buffer;

    if (length == 0)
        return true;
    buffer = vport_nt_pool_allocate(nt, NonPagedPool, length, BUFFER_TAG, site);
    if (!buffer)
        return false;
    memset(buffer, 0, length);
    if (input_length)
        memcpy(buffer, input, input_length);
    irp->AssociatedIrp.SystemBuffer = buffer;
    irp->UserBuffer = output;
    irp->Flags |=
        IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | (output_length ? IRP_INPUT_OPERATION : 0);
    return true;
}

static bool add_mdl(PIRP irp, PVOID buffer, ULONG length, LOCK_OPERATION operation)
{
    PMDL mdl;

    if (length == 0)
        return true;
    mdl = IoAllocateMdl(buffer, length, FALSE, FALSE, irp);
    if (!mdl)
        return false;
    MmProbeAndLockPages(mdl, KernelMode, operation);
    return mdl->MdlFlags & MDL_PAGES_LOCKED;
}

static void free_parts(struct vport_nt *nt, PIRP irp)
{
    while (irp->MdlAddress) {
        PMDL mdl = irp->MdlAddress;

        irp->MdlAddress = mdl->Next;
        if (mdl->MdlFlags & MDL_PAGES_LOCKED)
            MmUnlockPages(mdl);
        IoFreeMdl(mdl);
    }
    if (irp->Flags & IRP_DEALLOCATE_BUFFER)
        vport_nt_pool_free(nt, irp->AssociatedIrp.SystemBuffer, BUFFER_TAG, "The end of the IRP",
                           NULL);
    vport_nt_pool_free(nt, irp, 0, "The end of the IRP", NULL);
}

/*
 * Gives `irp` the buffers of a transfer as the device wants them; false: no memory, or the buffer
 * is not accessible.
 */
static bool add_transfer(struct vport_nt *nt, PIRP irp, PDEVICE_OBJECT device, bool write,
                         PVOID buffer, ULONG length, const void *site)
{
    if (device->Flags & DO_BUFFERED_IO)
        return add_system_buffer(nt, irp, buffer, write ? length : 0, buffer, write ? 0 : length,
                                 site);
    if (device->Flags & DO_DIRECT_IO)
        return add_mdl(irp, buffer, length, write ? IoReadAccess : IoWriteAccess);
    irp->UserBuffer = buffer;
    return true;
}

/*
 * PASSIVE_LEVEL. An IRP for read, write, flush, shutdown or (with the minor function and parameters
 * left to the caller) PnP and power. When it is completed *IoStatusBlock is set, Event signalled,
 * the IRP freed. NULL: no memory, no device, or the buffer is not accessible.
 */
PIRP NTAPI IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject,
                                        PVOID Buffer, ULONG Length, PLARGE_INTEGER StartingOffset,
                                        PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock)
{
    struct vport_nt *nt = vport_nt_get();
    bool write = MajorFunction == IRP_MJ_WRITE;
    PIO_STACK_LOCATION stack;
    PIRP irp;

    vport_nt_irql_at_most("IoBuildSynchronousFsdRequest", PASSIVE_LEVEL, VPORT_SITE);
    if (!vport_nt_device_check(DeviceObject, "IoBuildSynchronousFsdRequest", VPORT_SITE))
        return NULL;
    irp = build(nt, DeviceObject, Event, IoStatusBlock, VPORT_SITE);
    if (!irp)
        return NULL;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = (UCHAR)MajorFunction;
    if (!write && MajorFunction != IRP_MJ_READ)
        return irp;
    stack->Parameters.Read.Length = Length; /* Write has the same layout */
    if (StartingOffset)
        stack->Parameters.Read.ByteOffset = *StartingOffset;
    if (add_transfer(nt, irp, DeviceObject, write, Buffer, Length, VPORT_SITE))
        return irp;
    free_parts(nt, irp);
    return NULL;
}

static bool add_control_buffers(struct vport_nt *nt, PIRP irp, ULONG code, PVOID input,
                                ULONG input_length, PVOID output, ULONG output_length,
                                const void *site)
{
    switch (code & 3) {
    case METHOD_BUFFERED:
        return add_system_buffer(nt, irp, input, input_length, output, output_length, site);
    case METHOD_NEITHER:
        IoGetNextIrpStackLocation(irp)->Parameters.DeviceIoControl.Type3InputBuffer = input;
        irp->UserBuffer = output;
        return true;
    default:
        return add_system_buffer(nt, irp, input, input_length, NULL, 0, site) &&
               add_mdl(irp, output, output_length,
                       (code & 3) == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess);
    }
}

/*
 * PASSIVE_LEVEL. As IoBuildSynchronousFsdRequest, for a control code; buffers as its method wants
 * them.
 */
PIRP NTAPI IoBuildDeviceIoControlRequest(ULONG IoControlCode, PDEVICE_OBJECT DeviceObject,
                                         PVOID InputBuffer, ULONG InputBufferLength,
                                         PVOID OutputBuffer, ULONG OutputBufferLength,
                                         BOOLEAN InternalDeviceIoControl, PKEVENT Event,
                                         PIO_STATUS_BLOCK IoStatusBlock)
{
    struct vport_nt *nt = vport_nt_get();
    PIO_STACK_LOCATION stack;
    PIRP irp;

    vport_nt_irql_at_most("IoBuildDeviceIoControlRequest", PASSIVE_LEVEL, VPORT_SITE);
    if (!vport_nt_device_check(DeviceObject, "IoBuildDeviceIoControlRequest", VPORT_SITE))
        return NULL;
    irp = build(nt, DeviceObject, Event, IoStatusBlock, VPORT_SITE);
    if (!irp)
        return NULL;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction =
        InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    stack->Parameters.DeviceIoControl.IoControlCode = IoControlCode;
    stack->Parameters.DeviceIoControl.InputBufferLength = InputBufferLength;
    stack->Parameters.DeviceIoControl.OutputBufferLength = OutputBufferLength;
    if (add_control_buffers(nt, irp, IoControlCode, InputBuffer, InputBufferLength, OutputBuffer,
                            OutputBufferLength, VPORT_SITE))
        return irp;
    free_parts(nt, irp);
    return NULL;
}

/* ---- Finishing ---- */

/* How many bytes the caller has asked for, whatever the request is. */
static ULONG output_length(PIRP irp)
{
    const IO_STACK_LOCATION *stack = (const IO_STACK_LOCATION *)(irp + 1) + irp->StackCount - 1;

    return stack->MajorFunction == IRP_MJ_READ
               ? stack->Parameters.Read.Length
               : stack->Parameters.DeviceIoControl.OutputBufferLength;
}

/*
 * Nothing is copied back with an error; a warning (buffer overflow) copies. More than there is room
 * for is the driver's mistake.
 */
static void copy_back(PIRP irp)
{
    ULONG_PTR length = irp->IoStatus.Information;
    ULONG room = output_length(irp);

    if (!(irp->Flags & IRP_INPUT_OPERATION) || NT_ERROR(irp->IoStatus.Status))
        return;
    if (length > room) {
        vport_nt_report("IRP", NULL,
                        "A request was completed with Information %llu, but its output buffer has "
                        "%u bytes. NT copies beyond the buffer.",
                        (unsigned long long)length, room);
        length = room;
    }
    if (length)
        memcpy(irp->UserBuffer, irp->AssociatedIrp.SystemBuffer, length);
}

void vport_nt_irp_finish(PIRP irp)
{
    PKEVENT event = irp->UserEvent;

    copy_back(irp);
    if (irp->UserIosb)
        *irp->UserIosb = irp->IoStatus;
    free_parts(vport_nt_get(), irp);
    if (event)
        KeSetEvent(event, IO_NO_INCREMENT, FALSE);
}

/* ---- Sending ---- */

NTSTATUS vport_nt_send(struct vport_nt *nt, PDEVICE_OBJECT top, PIRP irp, PKEVENT event,
                       PIO_STATUS_BLOCK block)
{
    UCHAR major = IoGetNextIrpStackLocation(irp)->MajorFunction;
    NTSTATUS status = IofCallDriver(top, irp);

    if (status == STATUS_PENDING)
        return KeWaitForSingleObject(event, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS
                   ? block->Status
                   : STATUS_IO_TIMEOUT;
    if (!KeReadStateEvent(event)) {
        vport_report(nt->reports, "IRP", NULL,
                     "A dispatch routine (major function %#x) returned %#x without completing the "
                     "IRP or returning STATUS_PENDING; the IRP is lost.",
                     major, (unsigned)status);
        return status;
    }
    if (status != block->Status)
        vport_report(nt->reports, "IRP", NULL,
                     "A dispatch routine (major function %#x) returned %#x, but completed its IRP "
                     "with %#x. Driver Verifier stops with bug check 0xC9.",
                     major, (unsigned)status, (unsigned)block->Status);
    return block->Status;
}
