/* SPDX-License-Identifier: MIT */
/*
 * Power requests. Each goes down the stack as any other does: power IRPs are not serialised here,
 * because nobody but vport_nt_device_power and PoRequestPowerIrp sends them.
 *
 * Sources: kernel/power-irps-for-individual-devices, wdm/nf-wdm-porequestpowerirp,
 * wdm/nf-wdm-posetpowerstate.
 */
#include "nt/objects.h"

#include <stdlib.h>

/* IRQL <= DISPATCH_LEVEL. */
NTSTATUS NTAPI PoCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return IofCallDriver(DeviceObject, Irp);
}

/* IRQL <= DISPATCH_LEVEL. Nothing waits for it. */
VOID NTAPI PoStartNextPowerIrp(PIRP Irp)
{
    vport_nt_irql_at_most("PoStartNextPowerIrp", DISPATCH_LEVEL, VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. Remembers the state; returns the one before. */
POWER_STATE NTAPI PoSetPowerState(PDEVICE_OBJECT DeviceObject, POWER_STATE_TYPE Type,
                                  POWER_STATE State)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "PoSetPowerState", VPORT_SITE);
    POWER_STATE before = {0};

    vport_nt_irql_at_most("PoSetPowerState", DISPATCH_LEVEL, VPORT_SITE);
    if (!device || (Type != SystemPowerState && Type != DevicePowerState))
        return before;
    vport_lock_acquire(&device->nt->object_lock);
    before = device->power[Type];
    device->power[Type] = State;
    vport_lock_release(&device->nt->object_lock);
    return before;
}

static NTSTATUS send_power(struct vport_nt *nt, PDEVICE_OBJECT top, UCHAR minor, POWER_STATE state)
{
    IO_STATUS_BLOCK block;
    PIO_STACK_LOCATION stack;
    KEVENT event;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_POWER, top, NULL, 0, NULL, &event, &block);
    if (!irp)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = minor;
    stack->Parameters.Power.Type = DevicePowerState;
    stack->Parameters.Power.State = state;
    stack->Parameters.Power.ShutdownType = PowerActionNone;
    return vport_nt_send(nt, top, irp, &event, &block);
}

NTSTATUS vport_nt_device_power(struct vport_nt *nt, PDEVICE_OBJECT pdo,
                               DEVICE_POWER_STATE device_state)
{
    PDEVICE_OBJECT top = vport_nt_stack_top(nt, pdo);
    POWER_STATE state = {.DeviceState = device_state};
    struct vport_cpu cpu;
    NTSTATUS status;

    if (!top)
        return STATUS_NO_SUCH_DEVICE;
    vport_nt_enter(nt, &cpu);
    status = send_power(nt, top, IRP_MN_QUERY_POWER, state);
    if (NT_SUCCESS(status) || status == STATUS_NOT_SUPPORTED)
        status = send_power(nt, top, IRP_MN_SET_POWER, state);
    vport_nt_leave(&cpu);
    vport_nt_device_release(nt, top);
    return status;
}

/* ---- PoRequestPowerIrp ---- */

struct request {
    PDEVICE_OBJECT device; /* as the caller named it */
    PDEVICE_OBJECT top;    /* referenced */
    PREQUEST_POWER_COMPLETE routine;
    PVOID context;
};

static NTSTATUS NTAPI request_done(PDEVICE_OBJECT above, PIRP irp, PVOID context)
{
    PIO_STACK_LOCATION stack = (PIO_STACK_LOCATION)(irp + 1) + irp->StackCount - 2;
    struct request *request = context;
    IO_STATUS_BLOCK block = irp->IoStatus;

    if (request->routine)
        request->routine(request->device, stack->MinorFunction, stack->Parameters.Power.State,
                         request->context, &block);
    vport_nt_device_release(vport_nt_get(), request->top);
    free(request);
    IoFreeIrp(irp);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* An IRP with a location of its own above the stack, for the completion routine. */
static PIRP build_request(struct vport_nt *nt, struct request *request, UCHAR minor,
                          POWER_STATE state)
{
    PIRP irp = IoAllocateIrp((CCHAR)(request->top->StackSize + 1), FALSE);
    PIO_STACK_LOCATION stack;

    if (!irp)
        return NULL;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = request->device;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MajorFunction = IRP_MJ_POWER;
    stack->MinorFunction = minor;
    stack->Parameters.Power.Type = DevicePowerState;
    stack->Parameters.Power.State = state;
    IoSetCompletionRoutine(irp, request_done, request, TRUE, TRUE, TRUE);
    return irp;
}

/*
 * IRQL <= DISPATCH_LEVEL. Sends a device power request to the top of the stack that DeviceObject is
 * in; CompletionFunction is called when it has ended, possibly before this returns. STATUS_PENDING:
 * sent. STATUS_INVALID_PARAMETER_2: another minor function than set, query or wait/wake;
 * STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS NTAPI PoRequestPowerIrp(PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction,
                                 POWER_STATE PowerState, PREQUEST_POWER_COMPLETE CompletionFunction,
                                 PVOID Context, PIRP *Irp)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "PoRequestPowerIrp", VPORT_SITE);
    struct request *request;
    PIRP irp;

    vport_nt_irql_at_most("PoRequestPowerIrp", DISPATCH_LEVEL, VPORT_SITE);
    if (!device)
        return STATUS_INVALID_PARAMETER;
    if (MinorFunction != IRP_MN_SET_POWER && MinorFunction != IRP_MN_QUERY_POWER &&
        MinorFunction != IRP_MN_WAIT_WAKE)
        return STATUS_INVALID_PARAMETER_2;
    request = calloc(1, sizeof(*request));
    if (!request)
        return STATUS_INSUFFICIENT_RESOURCES;
    *request = (struct request){DeviceObject, vport_nt_stack_top(device->nt, DeviceObject),
                                CompletionFunction, Context};
    irp = build_request(device->nt, request, MinorFunction, PowerState);
    if (!irp) {
        vport_nt_device_release(device->nt, request->top);
        free(request);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (Irp)
        *Irp = irp;
    IofCallDriver(request->top, irp);
    return STATUS_PENDING;
}
