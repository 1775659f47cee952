/* SPDX-License-Identifier: MIT */
/* Drivers, devices, IRPs, PnP and power as a driver sees them. */
#include "fixture.h"

/* ---- A driver that remembers what it was asked ---- */

static struct {
    unsigned calls;
    UCHAR major[32], minor[32];
    NTSTATUS status;   /* what it completes with */
    NTSTATUS returned; /* what it returns, if not 0 */
    ULONG_PTR information;
    bool pend, forget, twice;
    PIRP pending;
    PDEVICE_OBJECT below;
    NTSTATUS query_status; /* for IRP_MN_QUERY_... */
    ULONG power_state;
    PCM_RESOURCE_LIST resources;
    PFILE_OBJECT file;
    PDEVICE_OBJECT fdo;
    unsigned unloads;
    bool keep_device;
} drv;

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static void remember(PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);

    if (drv.calls < 32) {
        drv.major[drv.calls] = stack->MajorFunction;
        drv.minor[drv.calls] = stack->MinorFunction;
    }
    drv.calls++;
}

static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp)
{
    NTSTATUS status = drv.status;

    remember(irp);
    drv.file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    if (drv.forget)
        return STATUS_SUCCESS;
    if (drv.pend) {
        IoMarkIrpPending(irp);
        drv.pending = irp;
        return STATUS_PENDING;
    }
    complete(irp, status, drv.information);
    if (drv.twice)
        IofCompleteRequest(irp, IO_NO_INCREMENT);
    return drv.returned ? drv.returned : status;
}

static NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);

    remember(irp);
    switch (stack->MinorFunction) {
    case IRP_MN_START_DEVICE:
        drv.resources = stack->Parameters.StartDevice.AllocatedResources;
        assert_ptr_equal(drv.resources, stack->Parameters.StartDevice.AllocatedResourcesTranslated);
        return complete(irp, drv.status, 0);
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_QUERY_STOP_DEVICE:
        return complete(irp, drv.query_status, 0);
    case IRP_MN_REMOVE_DEVICE:
        irp->IoStatus.Status = STATUS_SUCCESS;
        IoSkipCurrentIrpStackLocation(irp);
        IoCallDriver(drv.below, irp);
        if (!drv.keep_device) {
            IoDetachDevice(drv.below);
            IoDeleteDevice(device);
        }
        return STATUS_SUCCESS;
    default:
        IoSkipCurrentIrpStackLocation(irp);
        return IoCallDriver(drv.below, irp);
    }
}

static NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);

    remember(irp);
    assert_int_equal(stack->Parameters.Power.Type, DevicePowerState);
    drv.power_state = stack->Parameters.Power.State.DeviceState;
    PoStartNextPowerIrp(irp);
    return complete(irp, stack->MinorFunction == IRP_MN_QUERY_POWER ? drv.query_status : drv.status,
                    0);
}

static NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo)
{
    PDEVICE_OBJECT fdo = create_device(driver, L"\\Device\\Video0");

    drv.fdo = fdo;
    drv.below = IoAttachDeviceToDeviceStack(fdo, pdo);
    assert_ptr_equal(drv.below, pdo);
    fdo->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static VOID NTAPI unload(PDRIVER_OBJECT driver)
{
    drv.unloads++;
}

static NTSTATUS NTAPI entry(PVOID context1, PVOID context2)
{
    PDRIVER_OBJECT driver = context1;
    PUNICODE_STRING path = context2;

    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(driver->Type, IO_TYPE_DRIVER);
    assert_int_equal(path->Length / sizeof(WCHAR), 59);
    driver->DriverExtension->AddDevice = add_device;
    driver->DriverUnload = unload;
    for (unsigned i = 0; i <= IRP_MJ_DEVICE_CONTROL; i++)
        driver->MajorFunction[i] = dispatch;
    driver->MajorFunction[IRP_MJ_CLEANUP] = dispatch;
    driver->MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
    driver->MajorFunction[IRP_MJ_POWER] = dispatch_power;
    return drv.status;
}

static PDRIVER_OBJECT bus, driver;
static PDEVICE_OBJECT pdo;

/* A bus that completes PnP requests as most buses do, and a driver on it. */
static NTSTATUS NTAPI bus_pnp(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    PNP_BUS_INFORMATION *information;
    WCHAR *text;

    switch (stack->MinorFunction) {
    case IRP_MN_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
    case IRP_MN_STOP_DEVICE:
        return complete(irp, STATUS_SUCCESS, 0);
    case IRP_MN_QUERY_ID:
        text = ExAllocatePoolWithTag(PagedPool, 64, 1);
        memcpy(text, L"PCI\\VEN_1234\0PCI\\X\0", 40);
        return complete(irp, STATUS_SUCCESS, (ULONG_PTR)text);
    case IRP_MN_QUERY_DEVICE_TEXT:
        text = ExAllocatePoolWithTag(PagedPool, 64, 1);
        memcpy(text, L"Some adapter", 26);
        return complete(irp, STATUS_SUCCESS, (ULONG_PTR)text);
    case IRP_MN_QUERY_BUS_INFORMATION:
        information = ExAllocatePoolWithTag(PagedPool, sizeof(*information), 1);
        *information = (PNP_BUS_INFORMATION){.LegacyBusType = PCIBus, .BusNumber = 3};
        return complete(irp, STATUS_SUCCESS, (ULONG_PTR)information);
    case IRP_MN_QUERY_CAPABILITIES:
        stack->Parameters.DeviceCapabilities.Capabilities->Address = 0x20001;
        return complete(irp, STATUS_SUCCESS, 0);
    default:
        return complete(irp, irp->IoStatus.Status, irp->IoStatus.Information);
    }
}

static NTSTATUS NTAPI bus_entry(PVOID context1, PVOID context2)
{
    ((PDRIVER_OBJECT)context1)->MajorFunction[IRP_MJ_PNP] = bus_pnp;
    return STATUS_SUCCESS;
}

static int setup_stack(void **state)
{
    setup_deterministic(state);
    memset(&drv, 0, sizeof(drv));
    assert_int_equal(vport_nt_driver_load(test.nt, "PCI", bus_entry, &bus), STATUS_SUCCESS);
    pdo = create_device(bus, NULL);
    assert_int_equal(vport_nt_driver_load(test.nt, "Testing", entry, &driver), STATUS_SUCCESS);
    assert_int_equal(vport_nt_device_add(test.nt, driver, pdo), STATUS_SUCCESS);
    return 0;
}

static int teardown_stack(void **state)
{
    if (test.nt) {
        drv.query_status = STATUS_SUCCESS;
        drv.keep_device = false;
        if (pdo->AttachedDevice)
            assert_int_equal(vport_nt_device_pnp(test.nt, pdo, IRP_MN_REMOVE_DEVICE),
                             STATUS_SUCCESS);
        vport_nt_driver_unload(test.nt, driver);
        assert_int_equal(drv.unloads, 1);
        IoDeleteDevice(pdo);
        vport_nt_driver_unload(test.nt, bus);
    }
    return teardown(state);
}

#define stack_test(function) cmocka_unit_test_setup_teardown(function, setup_stack, teardown_stack)

/* ---- Drivers ---- */

static void test_a_driver_that_refuses_leaves_nothing(void **state)
{
    PDRIVER_OBJECT refused;

    memset(&drv, 0, sizeof(drv));
    drv.status = STATUS_NO_SUCH_DEVICE;
    assert_int_equal(vport_nt_driver_load(test.nt, "Testing", entry, &refused),
                     STATUS_NO_SUCH_DEVICE);
    assert_null(refused);
    assert_int_equal(vport_nt_driver_load(test.nt, NULL, entry, &refused),
                     STATUS_INVALID_PARAMETER);
}

static void test_driver_object_extensions(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();
    char *extension;
    PVOID again;

    assert_null(IoGetDriverObjectExtension(object, &drv));
    assert_int_equal(IoAllocateDriverObjectExtension(object, &drv, 100, (PVOID *)&extension),
                     STATUS_SUCCESS);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(extension[i], 0);
    assert_int_equal(IoAllocateDriverObjectExtension(object, &drv, 10, &again),
                     STATUS_OBJECT_NAME_COLLISION);
    assert_null(again);
    assert_ptr_equal(IoGetDriverObjectExtension(object, &drv), extension);
    vport_nt_driver_unload(test.nt, object);
    assert_null(IoGetDriverObjectExtension(object, &drv));
}

static void test_a_driver_gets_its_registry_key(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();

    assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"test"), STATUS_SUCCESS);
    vport_nt_driver_unload(test.nt, object);
}

static void test_unhandled_requests_are_refused(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();
    PDEVICE_OBJECT device = create_device(object, NULL);

    assert_int_equal(vport_nt_device_open(test.nt, device), STATUS_INVALID_DEVICE_REQUEST);
    IoDeleteDevice(device);
    vport_nt_driver_unload(test.nt, object);
}

static void test_devices_left_behind_are_reported(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();

    create_device(object, NULL);
    vport_nt_driver_unload(test.nt, object);
    expect_reports("LEAK", 1);
}

/* ---- Devices ---- */

static void test_a_device_has_a_zeroed_extension(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();
    PDEVICE_OBJECT device = create_device(object, L"\\Device\\One");
    UNICODE_STRING name;
    PDEVICE_OBJECT other;

    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(((char *)device->DeviceExtension)[i], 0);
    assert_int_equal((uintptr_t)device->DeviceExtension % 16, 0);
    assert_ptr_equal(object->DeviceObject, device);
    assert_int_equal(device->StackSize, 1);
    assert_true(device->Flags & DO_DEVICE_INITIALIZING);
    RtlInitUnicodeString(&name, L"\\device\\ONE");
    assert_int_equal(IoCreateDevice(object, 0, &name, FILE_DEVICE_VIDEO, 0, FALSE, &other),
                     STATUS_OBJECT_NAME_COLLISION);
    assert_null(other);
    IoDeleteDevice(device);
    assert_null(object->DeviceObject);
    IoDeleteDevice(device);
    expect_reports("DEVICE", 1);
    vport_nt_driver_unload(test.nt, object);
}

static void test_stacks_of_devices(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();
    PDEVICE_OBJECT devices[3];

    for (unsigned i = 0; i < 3; i++)
        devices[i] = create_device(object, NULL);
    assert_ptr_equal(IoAttachDeviceToDeviceStack(devices[1], devices[0]), devices[0]);
    assert_ptr_equal(IoAttachDeviceToDeviceStack(devices[2], devices[0]), devices[1]);
    assert_int_equal(devices[2]->StackSize, 3);
    assert_ptr_equal(IoGetAttachedDevice(devices[0]), devices[2]);
    assert_null(IoAttachDeviceToDeviceStack(devices[0], devices[0]));
    IoDeleteDevice(devices[1]); /* in the middle */
    expect_reports("DEVICE", 1);
    assert_ptr_equal(IoGetAttachedDevice(devices[0]), devices[0]);
    IoDeleteDevice(devices[2]);
    IoDeleteDevice(devices[0]);
    vport_nt_driver_unload(test.nt, object);
}

static void test_references_keep_a_deleted_device(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();
    PDEVICE_OBJECT device = create_device(object, NULL);
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(device);

    assert_ptr_equal(top, device);
    IoDeleteDevice(device);
    *(volatile char *)device->DeviceExtension = 1; /* still there */
    ObDereferenceObject(device);
    assert_int_equal(ObReferenceObject(device), 0);
    expect_reports("OBJECT", 1);
    device = create_device(object, NULL);
    ObReferenceObject(device);
    IoDeleteDevice(device);
    vport_nt_driver_unload(test.nt, object);
    end_kernel();
    expect_reports("LEAK", 1);
}

static void test_names_and_links(void **state)
{
    UNICODE_STRING device_name;
    UNICODE_STRING link;
    UNICODE_STRING same_link;
    UNICODE_STRING missing;
    PFILE_OBJECT file;
    PDEVICE_OBJECT device;

    RtlInitUnicodeString(&device_name, L"\\Device\\Video0");
    RtlInitUnicodeString(&link, L"\\DosDevices\\DISPLAY1");
    RtlInitUnicodeString(&same_link, L"\\??\\display1");
    RtlInitUnicodeString(&missing, L"\\Device\\Video1");
    assert_int_equal(IoCreateSymbolicLink(&link, &device_name), STATUS_SUCCESS);
    assert_int_equal(IoCreateSymbolicLink(&same_link, &device_name), STATUS_OBJECT_NAME_COLLISION);
    assert_int_equal(IoGetDeviceObjectPointer(&missing, FILE_READ_DATA, &file, &device),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(IoGetDeviceObjectPointer(&same_link, FILE_READ_DATA, &file, &device),
                     STATUS_SUCCESS);
    assert_ptr_equal(device, drv.fdo);
    assert_ptr_equal(drv.file, file);
    assert_ptr_equal(IoGetRelatedDeviceObject(file), device);
    assert_int_equal(drv.major[0], IRP_MJ_CREATE);
    ObReferenceObject(file);
    ObDereferenceObject(file);
    assert_int_equal(drv.calls, 1);
    ObDereferenceObject(file);
    assert_int_equal(drv.major[1], IRP_MJ_CLEANUP);
    assert_int_equal(drv.major[2], IRP_MJ_CLOSE);
    assert_int_equal(IoDeleteSymbolicLink(&same_link), STATUS_SUCCESS);
    assert_int_equal(IoDeleteSymbolicLink(&same_link), STATUS_OBJECT_NAME_NOT_FOUND);
    drv.status = STATUS_ACCESS_DENIED;
    assert_int_equal(IoGetDeviceObjectPointer(&device_name, FILE_READ_DATA, &file, &device),
                     STATUS_ACCESS_DENIED);
}

static void test_links_in_a_ring_lead_nowhere(void **state)
{
    UNICODE_STRING a;
    UNICODE_STRING b;

    RtlInitUnicodeString(&a, L"\\??\\A");
    RtlInitUnicodeString(&b, L"\\??\\B");
    assert_int_equal(IoCreateSymbolicLink(&a, &b), STATUS_SUCCESS);
    assert_int_equal(IoCreateSymbolicLink(&b, &a), STATUS_SUCCESS);
    assert_null(vport_nt_name_lookup(test.nt, &a));
    end_kernel();
    expect_reports("LEAK", 2);
}

/* ---- Requests ---- */

static void test_open_and_close(void **state)
{
    assert_int_equal(vport_nt_device_open(test.nt, pdo), STATUS_SUCCESS);
    assert_int_equal(drv.major[0], IRP_MJ_CREATE);
    assert_non_null(drv.file);
    assert_int_equal(vport_nt_device_close(test.nt, pdo), STATUS_SUCCESS);
    assert_int_equal(drv.major[2], IRP_MJ_CLOSE);
    assert_int_equal(vport_nt_device_close(test.nt, pdo), STATUS_INVALID_HANDLE);
    assert_int_equal(vport_nt_device_open(test.nt, (PDEVICE_OBJECT)&drv), STATUS_NO_SUCH_DEVICE);
}

#define CODE(method) CTL_CODE(FILE_DEVICE_VIDEO, 0x901, method, FILE_ANY_ACCESS)

static NTSTATUS NTAPI dispatch_control(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    unsigned char *system = irp->AssociatedIrp.SystemBuffer;

    remember(irp);
    assert_int_equal(stack->Parameters.DeviceIoControl.InputBufferLength, 4);
    assert_int_equal(stack->Parameters.DeviceIoControl.OutputBufferLength, 8);
    switch (stack->Parameters.DeviceIoControl.IoControlCode & 3) {
    case METHOD_BUFFERED:
        assert_int_equal(system[3], 4);
        memset(system, 9, 8);
        break;
    case METHOD_NEITHER:
        assert_int_equal(((unsigned char *)stack->Parameters.DeviceIoControl.Type3InputBuffer)[3],
                         4);
        memset(irp->UserBuffer, 9, 8);
        break;
    default:
        assert_int_equal(system[3], 4);
        assert_true(irp->MdlAddress->MdlFlags & MDL_PAGES_LOCKED);
        memset(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority), 9, 8);
        break;
    }
    return complete(irp, drv.status, drv.information);
}

static void test_control_codes_move_buffers_by_method(void **state)
{
    static const ULONG methods[] = {METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT,
                                    METHOD_NEITHER};
    const unsigned char input[4] = {1, 2, 3, 4};
    unsigned char output[8];
    ULONG_PTR returned;

    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
    for (unsigned i = 0; i < 4; i++) {
        memset(output, 0, sizeof(output));
        drv.information = 8;
        assert_int_equal(
            vport_nt_device_control(test.nt, pdo, CODE(methods[i]), input, 4, output, 8, &returned),
            STATUS_SUCCESS);
        assert_int_equal(returned, 8);
        assert_int_equal(output[0], 9);
        assert_int_equal(output[7], 9);
        assert_int_equal(test.pinned, 0);
    }
}

static void test_control_copies_back_as_much_as_the_driver_says(void **state)
{
    const unsigned char input[4] = {1, 2, 3, 4};
    unsigned char output[8] = {0};
    ULONG_PTR returned;

    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = dispatch_control;
    drv.information = 5;
    vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), input, 4, output, 8, &returned);
    assert_int_equal(output[4], 9);
    assert_int_equal(output[5], 0);
    memset(output, 0, sizeof(output));
    drv.status = STATUS_UNSUCCESSFUL;
    vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), input, 4, output, 8, &returned);
    assert_int_equal(output[0], 0); /* nothing with an error */
    assert_int_equal(returned, 5);
    drv.status = STATUS_BUFFER_OVERFLOW;
    vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), input, 4, output, 8, &returned);
    assert_int_equal(output[4], 9); /* but with a warning */
    drv.status = STATUS_SUCCESS;
    drv.information = 100; /* more than there is room for */
    vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), input, 4, output, 8, &returned);
    expect_reports("IRP", 1);
    drv.status = 234; /* a Win32 code, as video ports return: passed on */
    drv.information = 0;
    assert_int_equal(
        vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), input, 4, output, 8, NULL),
        234);
}

static void complete_pending(void *context)
{
    complete(drv.pending, STATUS_SUCCESS, 3);
}

static void test_a_pending_request_is_waited_for(void **state)
{
    struct vport_event event;
    ULONG_PTR returned;

    drv.pend = true;
    vport_event_init(&event, VPORT_EVENT_SYSTEM, complete_pending, NULL);
    vport_loop_post(test.loop, &event, 2000000);
    assert_int_equal(
        vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), NULL, 0, NULL, 0, &returned),
        STATUS_SUCCESS);
    assert_int_equal(returned, 3);
    assert_true(vport_loop_now(test.loop) >= 2000000);
}

static void test_a_request_that_is_forgotten_is_reported(void **state)
{
    drv.forget = true;
    vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), NULL, 0, NULL, 0, NULL);
    assert_non_null(strstr(report_text(0), "without completing"));
    expect_reports("IRP", 1);
    end_kernel(); /* the IRP and the driver's device are left */
    assert_true(vport_reports_count(test.reports, "LEAK") >= 1);
    vport_reports_clear(test.reports);
}

static void test_another_status_than_completed_is_reported(void **state)
{
    drv.returned = STATUS_UNSUCCESSFUL;
    assert_int_equal(
        vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), NULL, 0, NULL, 0, NULL),
        STATUS_SUCCESS);
    expect_reports("IRP", 1);
}

static void test_completing_twice_is_reported(void **state)
{
    drv.twice = true;
    vport_nt_device_control(test.nt, pdo, CODE(METHOD_BUFFERED), NULL, 0, NULL, 0, NULL);
    assert_non_null(strstr(report_text(0), "0x44"));
    expect_reports("IRP", 1);
}

/* ---- IRPs by hand ---- */

static struct {
    unsigned calls;
    NTSTATUS status;
    bool pending_returned;
    PDEVICE_OBJECT device;
} done;

static NTSTATUS NTAPI completion(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
    done.calls++;
    done.status = irp->IoStatus.Status;
    done.pending_returned = irp->PendingReturned;
    done.device = device;
    return *(NTSTATUS *)context;
}

static void test_completion_routines(void **state)
{
    NTSTATUS answer = STATUS_MORE_PROCESSING_REQUIRED;
    PIRP irp = IoAllocateIrp(2, FALSE);

    memset(&done, 0, sizeof(done));
    drv.status = STATUS_UNSUCCESSFUL;
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = pdo;
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoSetCompletionRoutine(irp, completion, &answer, TRUE, FALSE, FALSE); /* not for errors */
    drv.pend = true;
    assert_int_equal(IoCallDriver(drv.fdo, irp), STATUS_PENDING);
    complete(irp, STATUS_SUCCESS, 0);
    assert_int_equal(done.calls, 1);
    assert_true(done.pending_returned);
    assert_ptr_equal(done.device, pdo); /* of the location above */
    assert_int_equal(irp->CurrentLocation, 2);
    IoReuseIrp(irp, STATUS_NOT_SUPPORTED);
    assert_int_equal(irp->IoStatus.Status, STATUS_NOT_SUPPORTED);
    assert_int_equal(irp->CurrentLocation, 3);
    IoFreeIrp(irp);
    IoFreeIrp(irp);
    expect_reports("POOL", 1);
}

static void test_an_irp_without_locations_left_is_reported(void **state)
{
    NTSTATUS answer = STATUS_MORE_PROCESSING_REQUIRED;
    PIRP irp = IoAllocateIrp(1, FALSE);

    memset(&done, 0, sizeof(done));
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoSetCompletionRoutine(irp, completion, &answer, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    assert_int_equal(IoCallDriver(drv.fdo, irp), STATUS_INVALID_DEVICE_REQUEST);
    assert_int_equal(done.calls, 1);
    assert_int_equal(drv.calls, 0);
    assert_non_null(strstr(report_text(0), "0x35"));
    expect_reports("IRP", 1);
    IoFreeIrp(irp);
    assert_null(IoAllocateIrp(0, FALSE));
}

static void test_an_irp_that_nobody_takes_back_is_reported(void **state)
{
    PIRP irp = IoAllocateIrp(1, FALSE);

    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoCallDriver(drv.fdo, irp);
    expect_reports("IRP", 1);
    IoFreeIrp(irp);
}

static unsigned cancels;

static VOID NTAPI cancel(PDEVICE_OBJECT device, PIRP irp)
{
    cancels++;
    assert_true(irp->Cancel);
    IoReleaseCancelSpinLock(irp->CancelIrql);
    complete(irp, STATUS_CANCELLED, 0);
}

static void test_cancelling(void **state)
{
    NTSTATUS answer = STATUS_MORE_PROCESSING_REQUIRED;
    PIRP irp = IoAllocateIrp(1, FALSE);

    memset(&done, 0, sizeof(done));
    drv.pend = true;
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoSetCompletionRoutine(irp, completion, &answer, FALSE, FALSE, TRUE);
    IoCallDriver(drv.fdo, irp);
    assert_false(IoCancelIrp(irp)); /* no routine yet */
    irp->Cancel = FALSE;
    (void)IoSetCancelRoutine(irp, cancel);
    assert_true(IoCancelIrp(irp));
    assert_int_equal(cancels, 1);
    assert_int_equal(done.status, STATUS_CANCELLED);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    IoFreeIrp(irp);
}

/* ---- The queue for DriverStartIo ---- */

static unsigned started;
static PIRP started_irps[4];

static VOID NTAPI start_io(PDEVICE_OBJECT device, PIRP irp)
{
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_ptr_equal(device->CurrentIrp, irp);
    started_irps[started++] = irp;
}

static void test_the_device_queue_starts_one_at_a_time(void **state)
{
    ULONG keys[4] = {0, 9, 3, 5};
    PIRP irps[4];
    KIRQL old;

    started = 0;
    driver->DriverStartIo = start_io;
    for (unsigned i = 0; i < 4; i++) {
        irps[i] = IoAllocateIrp(1, FALSE);
        IoStartPacket(drv.fdo, irps[i], &keys[i], NULL);
    }
    assert_int_equal(started, 1);
    old = KeRaiseIrqlToDpcLevel();
    for (unsigned i = 0; i < 4; i++)
        IoStartNextPacket(drv.fdo, FALSE);
    assert_int_equal(started, 4);
    assert_ptr_equal(started_irps[1], irps[2]);
    assert_ptr_equal(started_irps[2], irps[3]);
    assert_ptr_equal(started_irps[3], irps[1]);
    assert_null(drv.fdo->CurrentIrp);
    KeLowerIrql(old);
    for (unsigned i = 0; i < 4; i++)
        IoFreeIrp(irps[i]);
    IoStartNextPacket(drv.fdo, FALSE);
    expect_reports("IRQL", 1);
}

/* ---- PnP and power ---- */

static void test_start_hands_over_the_resources(void **state)
{
    CM_RESOURCE_LIST resources = {.Count = 1};

    assert_int_equal(vport_nt_device_start(test.nt, pdo, &resources), STATUS_SUCCESS);
    assert_ptr_equal(drv.resources, &resources);
    drv.status = STATUS_INSUFFICIENT_RESOURCES;
    assert_int_equal(vport_nt_device_start(test.nt, pdo, &resources),
                     STATUS_INSUFFICIENT_RESOURCES);
}

static void test_stop_and_remove_are_asked_first(void **state)
{
    assert_int_equal(vport_nt_device_pnp(test.nt, pdo, IRP_MN_STOP_DEVICE), STATUS_SUCCESS);
    assert_int_equal(drv.minor[0], IRP_MN_QUERY_STOP_DEVICE);
    assert_int_equal(drv.minor[1], IRP_MN_STOP_DEVICE);
    drv.calls = 0;
    drv.query_status = STATUS_DEVICE_BUSY;
    assert_int_equal(vport_nt_device_pnp(test.nt, pdo, IRP_MN_REMOVE_DEVICE), STATUS_DEVICE_BUSY);
    assert_int_equal(drv.calls, 2);
    assert_int_equal(drv.minor[0], IRP_MN_QUERY_REMOVE_DEVICE);
    assert_int_equal(drv.minor[1], IRP_MN_CANCEL_REMOVE_DEVICE);
    drv.calls = 0;
    vport_nt_device_pnp(test.nt, pdo, IRP_MN_SURPRISE_REMOVAL);
    assert_int_equal(drv.minor[0], IRP_MN_SURPRISE_REMOVAL);
}

static void test_a_device_that_stays_after_removal_is_reported(void **state)
{
    drv.keep_device = true;
    assert_int_equal(vport_nt_device_pnp(test.nt, pdo, IRP_MN_REMOVE_DEVICE), STATUS_SUCCESS);
    expect_reports("PNP", 1);
}

static void test_power_is_queried_then_set(void **state)
{
    POWER_STATE d3 = {.DeviceState = PowerDeviceD3};
    POWER_STATE d0 = {.DeviceState = PowerDeviceD0};

    assert_int_equal(vport_nt_device_power(test.nt, pdo, PowerDeviceD3), STATUS_SUCCESS);
    assert_int_equal(drv.minor[0], IRP_MN_QUERY_POWER);
    assert_int_equal(drv.minor[1], IRP_MN_SET_POWER);
    assert_int_equal(drv.power_state, PowerDeviceD3);
    drv.calls = 0;
    drv.query_status = STATUS_DEVICE_BUSY;
    assert_int_equal(vport_nt_device_power(test.nt, pdo, PowerDeviceD3), STATUS_DEVICE_BUSY);
    assert_int_equal(drv.calls, 1);
    PoSetPowerState(drv.fdo, DevicePowerState, d3);
    assert_int_equal(PoSetPowerState(drv.fdo, DevicePowerState, d0).DeviceState, PowerDeviceD3);
}

static unsigned power_done;

static VOID NTAPI power_complete(PDEVICE_OBJECT device, UCHAR minor, POWER_STATE power,
                                 PVOID context, PIO_STATUS_BLOCK block)
{
    power_done++;
    assert_ptr_equal(device, pdo);
    assert_int_equal(minor, IRP_MN_SET_POWER);
    assert_int_equal(power.DeviceState, PowerDeviceD0);
    assert_int_equal(block->Status, STATUS_SUCCESS);
}

static void test_requesting_a_power_irp(void **state)
{
    POWER_STATE d0 = {.DeviceState = PowerDeviceD0};

    assert_int_equal(PoRequestPowerIrp(pdo, IRP_MN_SET_POWER, d0, power_complete, NULL, NULL),
                     STATUS_PENDING);
    assert_int_equal(power_done, 1);
    assert_int_equal(PoRequestPowerIrp(pdo, IRP_MN_POWER_SEQUENCE, d0, power_complete, NULL, NULL),
                     STATUS_INVALID_PARAMETER_2);
}

/* ---- Properties ---- */

static void test_device_properties(void **state)
{
    WCHAR text[64];
    ULONG number;
    ULONG needed;

    assert_int_equal(
        IoGetDeviceProperty(pdo, DevicePropertyHardwareID, sizeof(text), text, &needed),
        STATUS_SUCCESS);
    assert_int_equal(needed, 40);
    assert_memory_equal(text, L"PCI\\VEN_1234\0PCI\\X\0", 40);
    assert_int_equal(IoGetDeviceProperty(pdo, DevicePropertyDeviceDescription, 10, text, &needed),
                     STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(needed, 26);
    assert_int_equal(
        IoGetDeviceProperty(pdo, DevicePropertyDeviceDescription, sizeof(text), text, &needed),
        STATUS_SUCCESS);
    assert_memory_equal(text, L"Some adapter", 26);
    assert_int_equal(IoGetDeviceProperty(pdo, DevicePropertyBusNumber, 4, &number, &needed),
                     STATUS_SUCCESS);
    assert_int_equal(number, 3);
    assert_int_equal(IoGetDeviceProperty(pdo, DevicePropertyLegacyBusType, 4, &number, &needed),
                     STATUS_SUCCESS);
    assert_int_equal(number, PCIBus);
    assert_int_equal(IoGetDeviceProperty(pdo, DevicePropertyAddress, 4, &number, &needed),
                     STATUS_SUCCESS);
    assert_int_equal(number, 0x20001);
    assert_int_equal(IoGetDeviceProperty(pdo, DevicePropertyUINumber, 4, &number, &needed),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(IoGetDeviceProperty(pdo, DevicePropertyClassName, sizeof(text), text, &needed),
                     STATUS_SUCCESS);
    assert_memory_equal(text, L"Display", 16);
    assert_int_equal(
        IoGetDeviceProperty((PDEVICE_OBJECT)text, DevicePropertyClassName, 0, NULL, &needed),
        STATUS_INVALID_DEVICE_REQUEST);
    expect_reports("DEVICE", 1);
}

static void test_device_registry_keys(void **state)
{
    UNICODE_STRING name;
    HANDLE keys[2];
    ULONG value = 5;

    RtlInitUnicodeString(&name, L"Value");
    assert_int_equal(IoOpenDeviceRegistryKey(pdo, PLUGPLAY_REGKEY_DEVICE, KEY_ALL_ACCESS, &keys[0]),
                     STATUS_SUCCESS);
    assert_int_equal(IoOpenDeviceRegistryKey(pdo, PLUGPLAY_REGKEY_DRIVER, KEY_ALL_ACCESS, &keys[1]),
                     STATUS_SUCCESS);
    assert_int_equal(ZwSetValueKey(keys[0], &name, 0, REG_DWORD, &value, 4), STATUS_SUCCESS);
    assert_int_equal(ZwDeleteValueKey(keys[1], &name), STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(keys[0]);
    ZwClose(keys[1]);
    assert_int_equal(IoOpenDeviceRegistryKey(pdo, 77, KEY_ALL_ACCESS, &keys[0]),
                     STATUS_INVALID_PARAMETER);
}

static void test_device_interfaces(void **state)
{
    static const GUID guid = {
        0x5b45201d, 0xf2f2, 0x4f3b, {0x85, 0xbb, 0x30, 0xff, 0x1f, 0x95, 0x35, 0x99}};
    PDEVICE_OBJECT named = create_device(bus, L"\\Device\\NTPNP_PCI0001");
    UNICODE_STRING link;

    assert_int_equal(IoRegisterDeviceInterface(named, &guid, NULL, &link), STATUS_SUCCESS);
    assert_int_equal(IoSetDeviceInterfaceState(&link, FALSE), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(IoSetDeviceInterfaceState(&link, TRUE), STATUS_SUCCESS);
    assert_int_equal(IoSetDeviceInterfaceState(&link, TRUE), STATUS_OBJECT_NAME_EXISTS);
    assert_ptr_equal(vport_nt_name_lookup(test.nt, &link), named);
    ObDereferenceObject(named);
    assert_int_equal(IoSetDeviceInterfaceState(&link, FALSE), STATUS_SUCCESS);
    RtlFreeUnicodeString(&link);
    IoDeleteDevice(named);
}

/* ---- Device timers, work items ---- */

static unsigned ticks;

static VOID NTAPI tick(PDEVICE_OBJECT device, PVOID context)
{
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_ptr_equal(device, drv.fdo);
    assert_ptr_equal(context, &ticks);
    ticks++;
}

static void test_the_device_timer_ticks_once_a_second(void **state)
{
    const uint64_t second = 1000000000;

    ticks = 0;
    IoStartTimer(drv.fdo);
    expect_reports("TIMER", 1); /* not initialised */
    assert_int_equal(IoInitializeTimer(drv.fdo, tick, &ticks), STATUS_SUCCESS);
    IoStartTimer(drv.fdo);
    run_for(second / 2);
    assert_int_equal(ticks, 0);
    run_for(3 * second);
    assert_int_equal(ticks, 3);
    IoStopTimer(drv.fdo);
    run_for(3 * second);
    assert_int_equal(ticks, 3);
    IoStartTimer(drv.fdo);
    vport_nt_device_pnp(test.nt, pdo, IRP_MN_REMOVE_DEVICE);
    expect_reports("TIMER", 1); /* deleted while started */
    run_for(3 * second);
    assert_int_equal(ticks, 3);
}

static unsigned works;

static VOID NTAPI work(PDEVICE_OBJECT device, PVOID context)
{
    LARGE_INTEGER millisecond = {.QuadPart = -10000};

    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeDelayExecutionThread(KernelMode, FALSE, &millisecond);
    works++;
    IoFreeWorkItem(context);
}

static void test_work_items_run_at_passive_level(void **state)
{
    PIO_WORKITEM item = IoAllocateWorkItem(drv.fdo);
    KIRQL old = KeRaiseIrqlToDpcLevel();

    works = 0;
    IoQueueWorkItem(item, work, DelayedWorkQueue, item);
    IoQueueWorkItem(item, work, DelayedWorkQueue, item);
    expect_reports("WORKITEM", 1);
    KeLowerIrql(old);
    run_for(10000000);
    assert_int_equal(works, 1);
    IoFreeWorkItem(item);
    expect_reports("WORKITEM", 1);
    item = IoAllocateWorkItem(drv.fdo);
    IoQueueWorkItem(item, work, DelayedWorkQueue, item);
    IoFreeWorkItem(item); /* still queued */
    expect_reports("WORKITEM", 1);
    run_for(10000000);
    assert_int_equal(works, 1);
}

static void test_a_work_item_left_is_reported(void **state)
{
    PDRIVER_OBJECT object = load_test_driver();
    PDEVICE_OBJECT device = create_device(object, NULL);

    IoQueueWorkItem(IoAllocateWorkItem(device), work, DelayedWorkQueue, NULL);
    IoDeleteDevice(device);
    vport_nt_driver_unload(test.nt, object);
    works = 0;
    end_kernel();
    expect_reports("LEAK", 1);
    vport_loop_stall(test.loop, 10000000);
    assert_int_equal(works, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_a_driver_that_refuses_leaves_nothing),
        nt_test(test_driver_object_extensions),
        nt_test(test_a_driver_gets_its_registry_key),
        nt_test(test_unhandled_requests_are_refused),
        nt_test(test_devices_left_behind_are_reported),
        nt_test(test_a_device_has_a_zeroed_extension),
        nt_test(test_stacks_of_devices),
        nt_test(test_references_keep_a_deleted_device),
        stack_test(test_names_and_links),
        nt_test(test_links_in_a_ring_lead_nowhere),
        stack_test(test_open_and_close),
        stack_test(test_control_codes_move_buffers_by_method),
        stack_test(test_control_copies_back_as_much_as_the_driver_says),
        stack_test(test_a_pending_request_is_waited_for),
        stack_test(test_a_request_that_is_forgotten_is_reported),
        stack_test(test_another_status_than_completed_is_reported),
        stack_test(test_completing_twice_is_reported),
        stack_test(test_completion_routines),
        stack_test(test_an_irp_without_locations_left_is_reported),
        stack_test(test_an_irp_that_nobody_takes_back_is_reported),
        stack_test(test_cancelling),
        stack_test(test_the_device_queue_starts_one_at_a_time),
        stack_test(test_start_hands_over_the_resources),
        stack_test(test_stop_and_remove_are_asked_first),
        stack_test(test_a_device_that_stays_after_removal_is_reported),
        stack_test(test_power_is_queried_then_set),
        stack_test(test_requesting_a_power_irp),
        stack_test(test_device_properties),
        stack_test(test_device_registry_keys),
        stack_test(test_device_interfaces),
        stack_test(test_the_device_timer_ticks_once_a_second),
        stack_test(test_work_items_run_at_passive_level),
        nt_test(test_a_work_item_left_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
