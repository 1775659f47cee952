/* SPDX-License-Identifier: MIT */
/*
 * I/O request packets: their stack locations, how they go down a stack of devices and come back up.
 *
 * Sources: wdm/ns-wdm-_irp, wdm/nf-wdm-iocalldriver, wdm/nf-wdm-iocompleterequest,
 * wdm/nf-wdm-iosetcompletionroutine, kernel/using-iocompletion-routines, kernel/completing-irps.
 */
#include "nt/io_irp.h"

#define IRP_TAG 0x20707249u /* "Irp " */

/* ---- Making and freeing ---- */

/* Any IRQL. For IRPs in memory of the driver's own; IoFreeIrp is not for those. */
VOID NTAPI IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
    memset(Irp, 0, PacketSize);
    Irp->Type = IO_TYPE_IRP;
    Irp->Size = PacketSize;
    Irp->StackCount = StackSize;
    Irp->CurrentLocation = (CHAR)(StackSize + 1);
    Irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(Irp + 1) + StackSize;
    InitializeListHead(&Irp->ThreadListEntry);
}

PIRP vport_nt_irp_allocate(struct vport_nt *nt, CCHAR stack_size, const void *site)
{
    PIRP irp = vport_nt_pool_allocate(nt, NonPagedPool, IoSizeOfIrp(stack_size), IRP_TAG, site);

    if (irp)
        IoInitializeIrp(irp, IoSizeOfIrp(stack_size), stack_size);
    return irp;
}

/* IRQL <= DISPATCH_LEVEL. An IRP with this many stack locations, or NULL. IoFreeIrp frees it. */
PIRP NTAPI IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
    struct vport_nt *nt = vport_nt_get();

    vport_nt_irql_at_most("IoAllocateIrp", DISPATCH_LEVEL, VPORT_SITE);
    return nt && StackSize > 0 ? vport_nt_irp_allocate(nt, StackSize, VPORT_SITE) : NULL;
}

/* IRQL <= DISPATCH_LEVEL. */
VOID NTAPI IoFreeIrp(PIRP Irp)
{
    struct vport_nt *nt = vport_nt_get();

    vport_nt_irql_at_most("IoFreeIrp", DISPATCH_LEVEL, VPORT_SITE);
    if (nt)
        vport_nt_pool_free(nt, Irp, 0, "IoFreeIrp", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. As if allocated anew, with this status. */
VOID NTAPI IoReuseIrp(PIRP Irp, NTSTATUS Status)
{
    IoInitializeIrp(Irp, Irp->Size, Irp->StackCount);
    Irp->IoStatus.Status = Status;
}

/* ---- Going down ---- */

static NTSTATUS refuse_call(PIRP irp, const char *why, const void *site)
{
    vport_nt_report("IRP", site, "IoCallDriver: %s", why);
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static NTSTATUS dispatch(PDEVICE_OBJECT device, PIRP irp, PIO_STACK_LOCATION stack,
                         const void *site)
{
    UCHAR major = stack->MajorFunction; /* the IRP may be gone when the routine returns */
    UCHAR minor = stack->MinorFunction;
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL irql = cpu->irql;
    NTSTATUS status;

    vport_nt_device_hold(cpu->nt, device); /* a removal request deletes it */
    status = device->DriverObject->MajorFunction[major](device, irp);
    vport_nt_device_release(cpu->nt, device);
    if (cpu->irql == irql)
        return status;
    vport_nt_report("IRQL", site,
                    "The dispatch routine of major function %#x, minor %#x returned at IRQL %u; it "
                    "was called at %u.",
                    major, minor, cpu->irql, irql);
    if (cpu->irql > irql)
        vport_nt_lower(cpu, irql);
    return status;
}

/*
 * IRQL <= DISPATCH_LEVEL. Sends the IRP to the driver of `DeviceObject`, with the next stack
 * location; returns what its dispatch routine returned. An IRP without a stack location left, or a
 * device that is none, is reported and the IRP completed.
 */
NTSTATUS FASTCALL IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack;

    vport_nt_irql_at_most("IoCallDriver", DISPATCH_LEVEL, VPORT_SITE);
    if (!vport_nt_device_check(DeviceObject, "IoCallDriver", VPORT_SITE))
        return refuse_call(Irp, "the target is no device object; the IRP is completed.",
                           VPORT_SITE);
    if (Irp->CurrentLocation <= 1)
        return refuse_call(Irp,
                           "the IRP has no stack location left for this driver. NT stops with bug "
                           "check 0x35 NO_MORE_IRP_STACK_LOCATIONS.",
                           VPORT_SITE);
    IoSetNextIrpStackLocation(Irp);
    stack = IoGetCurrentIrpStackLocation(Irp);
    stack->DeviceObject = DeviceObject;
    if (stack->MajorFunction > IRP_MJ_MAXIMUM_FUNCTION)
        return refuse_call(Irp, "the major function is none.", VPORT_SITE);
    vport_nt_yield();
    return dispatch(DeviceObject, Irp, stack, VPORT_SITE);
}

/* ---- Coming up ---- */

static bool wants_call(const IRP *irp, const IO_STACK_LOCATION *stack)
{
    if (!stack->CompletionRoutine)
        return false;
    if (irp->Cancel && stack->Control & SL_INVOKE_ON_CANCEL)
        return true;
    return stack->Control &
           (NT_SUCCESS(irp->IoStatus.Status) ? SL_INVOKE_ON_SUCCESS : SL_INVOKE_ON_ERROR);
}

/* Leaves one stack location. false: the driver above wants the IRP back. */
static bool step_up(PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    PDEVICE_OBJECT above;
    bool top;

    irp->PendingReturned = (stack->Control & SL_PENDING_RETURNED) != 0;
    IoSkipCurrentIrpStackLocation(irp);
    top = irp->CurrentLocation > irp->StackCount;
    above = top ? NULL : IoGetCurrentIrpStackLocation(irp)->DeviceObject;
    if (!wants_call(irp, stack)) {
        if (irp->PendingReturned && !top)
            IoMarkIrpPending(irp);
        return true;
    }
    return stack->CompletionRoutine(above, irp, stack->Context) != STATUS_MORE_PROCESSING_REQUIRED;
}

static bool may_complete(PIRP irp, const void *site)
{
    struct vport_nt *nt = vport_nt_get();

    if (!irp || (nt && vport_nt_pool_freed(nt, irp)) || irp->Type != IO_TYPE_IRP ||
        irp->CurrentLocation > irp->StackCount) {
        vport_nt_report("IRP", site,
                        "IoCompleteRequest: %p was completed before, or is no IRP. NT stops with "
                        "bug check 0x44 MULTIPLE_IRP_COMPLETE_REQUESTS.",
                        (void *)irp);
        return false;
    }
    if (irp->IoStatus.Status == STATUS_PENDING)
        vport_nt_report(
            "IRP", site,
            "IoCompleteRequest: the IRP's status is STATUS_PENDING, which is for dispatch routines "
            "to return. Driver Verifier stops with bug check 0xC9/0x06.");
    if (irp->CancelRoutine)
        vport_nt_report("IRP", site,
                        "IoCompleteRequest: the IRP still has a cancel routine. Driver Verifier "
                        "stops with bug check 0xC9/0x05.");
    return true;
}

/*
 * IRQL <= DISPATCH_LEVEL. Calls the completion routines of the drivers above, then gives the IRP
 * back to who made it. Completed twice: reported, and nothing happens.
 */
VOID FASTCALL IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    vport_nt_irql_at_most("IoCompleteRequest", DISPATCH_LEVEL, VPORT_SITE);
    if (!may_complete(Irp, VPORT_SITE))
        return;
    while (Irp->CurrentLocation <= Irp->StackCount)
        if (!step_up(Irp))
            return;
    if (Irp->Flags & IRP_SYNCHRONOUS_API)
        vport_nt_irp_finish(Irp);
    else
        vport_nt_report(
            "IRP", VPORT_SITE,
            "IoCompleteRequest: an IRP from IoAllocateIrp went all the way up. Its maker's "
            "completion routine must return STATUS_MORE_PROCESSING_REQUIRED and free it.");
}

/* ---- Cancelling ---- */

/* IRQL <= DISPATCH_LEVEL; returns at DISPATCH_LEVEL. */
VOID NTAPI IoAcquireCancelSpinLock(PKIRQL Irql)
{
    struct vport_nt *nt = vport_nt_get();

    *Irql = nt ? KeAcquireSpinLockRaiseToDpc(&nt->cancel_lock) : PASSIVE_LEVEL;
}

VOID NTAPI IoReleaseCancelSpinLock(KIRQL Irql)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt)
        KeReleaseSpinLock(&nt->cancel_lock, Irql);
}

/*
 * IRQL <= DISPATCH_LEVEL. TRUE: it had a cancel routine, which was called with the cancel spin lock
 * held and releases it.
 */
BOOLEAN NTAPI IoCancelIrp(PIRP Irp)
{
    PDRIVER_CANCEL routine;
    KIRQL irql;

    vport_nt_irql_at_most("IoCancelIrp", DISPATCH_LEVEL, VPORT_SITE);
    IoAcquireCancelSpinLock(&irql);
    Irp->Cancel = TRUE;
    routine = IoSetCancelRoutine(Irp, NULL);
    if (!routine) {
        IoReleaseCancelSpinLock(irql);
        return FALSE;
    }
    Irp->CancelIrql = irql;
    routine(IoGetCurrentIrpStackLocation(Irp)->DeviceObject, Irp);
    return TRUE;
}
