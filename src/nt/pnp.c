/* SPDX-License-Identifier: MIT */
/*
 * The PnP manager's part in a device's life: adding it, starting, stopping and removing it; and
 * requests to it from outside.
 *
 * Sources: kernel/plug-and-play-minor-irps, wdm/irp-mn-start-device, irp-mn-query-remove-device,
 * irp-mn-remove-device and the others of those pages.
 */
#include "nt/objects.h"

NTSTATUS vport_nt_device_add(struct vport_nt *nt, PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo)
{
    struct vport_cpu cpu;
    NTSTATUS status;

    if (!vport_nt_driver_of(nt, driver) || !vport_nt_device_of(nt, pdo))
        return STATUS_INVALID_PARAMETER;
    if (!driver->DriverExtension->AddDevice)
        return STATUS_NOT_SUPPORTED;
    vport_nt_enter(nt, &cpu);
    status = driver->DriverExtension->AddDevice(driver, pdo);
    vport_nt_leave(&cpu);
    return status;
}

NTSTATUS vport_nt_send_pnp(struct vport_nt *nt, PDEVICE_OBJECT top,
                           const IO_STACK_LOCATION *parameters, ULONG_PTR *information)
{
    IO_STATUS_BLOCK block = {.Information = 0};
    PIO_STACK_LOCATION stack;
    KEVENT event;
    NTSTATUS status;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, top, NULL, 0, NULL, &event, &block);
    if (!irp)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED; /* what a request stays that no driver handles */
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = parameters->MinorFunction;
    stack->Parameters = parameters->Parameters;
    status = vport_nt_send(nt, top, irp, &event, &block);
    if (information)
        *information = block.Information;
    return status;
}

/* Sends it to the whole stack on `pdo`, on a processor of its own. */
static NTSTATUS send_to_stack(struct vport_nt *nt, PDEVICE_OBJECT pdo,
                              const IO_STACK_LOCATION *parameters)
{
    PDEVICE_OBJECT top = vport_nt_stack_top(nt, pdo);
    struct vport_cpu cpu;
    NTSTATUS status;

    if (!top)
        return STATUS_NO_SUCH_DEVICE;
    vport_nt_enter(nt, &cpu);
    status = vport_nt_send_pnp(nt, top, parameters, NULL);
    vport_nt_leave(&cpu);
    vport_nt_device_release(nt, top);
    return status;
}

NTSTATUS vport_nt_device_start(struct vport_nt *nt, PDEVICE_OBJECT pdo, PCM_RESOURCE_LIST resources)
{
    IO_STACK_LOCATION stack = {.MinorFunction = IRP_MN_START_DEVICE};

    stack.Parameters.StartDevice.AllocatedResources = resources;
    stack.Parameters.StartDevice.AllocatedResourcesTranslated = resources;
    return send_to_stack(nt, pdo, &stack);
}

static NTSTATUS send_minor(struct vport_nt *nt, PDEVICE_OBJECT pdo, UCHAR minor)
{
    IO_STACK_LOCATION stack = {.MinorFunction = minor};

    return send_to_stack(nt, pdo, &stack);
}

/* Asks first; a driver that says no is told that nothing comes of it. */
static NTSTATUS send_query(struct vport_nt *nt, PDEVICE_OBJECT pdo, UCHAR query, UCHAR cancel)
{
    NTSTATUS status = send_minor(nt, pdo, query);

    if (!NT_SUCCESS(status) && status != STATUS_NOT_SUPPORTED) {
        send_minor(nt, pdo, cancel);
        return status;
    }
    return STATUS_SUCCESS;
}

NTSTATUS vport_nt_device_pnp(struct vport_nt *nt, PDEVICE_OBJECT pdo, UCHAR minor)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (minor == IRP_MN_STOP_DEVICE)
        status = send_query(nt, pdo, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_CANCEL_STOP_DEVICE);
    else if (minor == IRP_MN_REMOVE_DEVICE)
        status = send_query(nt, pdo, IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_CANCEL_REMOVE_DEVICE);
    if (!NT_SUCCESS(status))
        return status;
    status = send_minor(nt, pdo, minor);
    if (minor == IRP_MN_REMOVE_DEVICE && pdo->AttachedDevice)
        vport_report(
            nt->reports, "PNP", NULL,
            "IRP_MN_REMOVE_DEVICE has returned, but a driver's device is still attached to the "
            "physical device. A driver detaches and deletes its device in that request.");
    return status;
}

NTSTATUS vport_nt_device_control(struct vport_nt *nt, PDEVICE_OBJECT pdo, ULONG code,
                                 const void *input, ULONG input_length, void *output,
                                 ULONG output_length, ULONG_PTR *returned)
{
    PDEVICE_OBJECT top = vport_nt_stack_top(nt, pdo);
    IO_STATUS_BLOCK block = {.Information = 0};
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    struct vport_cpu cpu;
    KEVENT event;
    PIRP irp;

    if (!top)
        return STATUS_NO_SUCH_DEVICE;
    vport_nt_enter(nt, &cpu);
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(code, top, (PVOID)(uintptr_t)input, input_length, output,
                                        output_length, FALSE, &event, &block);
    if (irp)
        status = vport_nt_send(nt, top, irp, &event, &block);
    vport_nt_leave(&cpu);
    vport_nt_device_release(nt, top);
    vport_trace(nt->trace, VPORT_TRACE_REQUEST, code, (uint32_t)status, block.Information, 0);
    if (returned)
        *returned = block.Information;
    return status;
}
