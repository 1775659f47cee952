/* SPDX-License-Identifier: MIT */
/* IRPs that a driver makes and sends by itself, and notices to the PnP manager. */
#include "fixture.h"

enum { CODE = CTL_CODE(FILE_DEVICE_VIDEO, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS) };

static struct {
    unsigned calls;
    UCHAR major, minor;
    ULONG code;
    UCHAR input;
    PVOID file_object;
} seen;

/* Answers the first input byte plus one, twice. */
static NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);

    assert_ptr_equal(stack->DeviceObject, device);
    seen.calls++;
    seen.major = stack->MajorFunction;
    seen.minor = stack->MinorFunction;
    irp->IoStatus.Information = 0;
    if (stack->MajorFunction == IRP_MJ_DEVICE_CONTROL ||
        stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL) {
        UCHAR *system = irp->AssociatedIrp.SystemBuffer;

        seen.code = stack->Parameters.DeviceIoControl.IoControlCode;
        seen.input = system[0];
        memset(system, system[0] + 1, 2);
        irp->IoStatus.Information = 2;
    }
    irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static PDEVICE_OBJECT begin(void)
{
    PDRIVER_OBJECT driver = load_test_driver();

    memset(&seen, 0, sizeof(seen));
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        driver->MajorFunction[i] = dispatch;
    return create_device(driver, NULL);
}

static void test_a_control_request_by_hand(void **state)
{
    PDEVICE_OBJECT device = begin();
    IO_STATUS_BLOCK block = {.Information = 0};
    UCHAR input = 41, output[4] = {9, 9, 9, 9};
    KEVENT event;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(CODE, device, &input, 1, output, 4, FALSE, &event, &block);
    assert_non_null(irp);
    assert_int_equal(IofCallDriver(device, irp), STATUS_SUCCESS);
    assert_int_equal(seen.major, IRP_MJ_DEVICE_CONTROL);
    assert_int_equal(seen.code, CODE);
    assert_int_equal(seen.input, 41);
    assert_int_equal(KeReadStateEvent(&event), 1);
    assert_int_equal(block.Information, 2);
    assert_int_equal(output[1], 42);
    assert_int_equal(output[2], 9); /* as much as Information says */
    irp = IoBuildDeviceIoControlRequest(CODE, device, &input, 1, output, 4, TRUE, &event, &block);
    assert_int_equal(IofCallDriver(device, irp), STATUS_SUCCESS);
    assert_int_equal(seen.major, IRP_MJ_INTERNAL_DEVICE_CONTROL);
    assert_null(
        IoBuildDeviceIoControlRequest(CODE, NULL, &input, 1, output, 4, TRUE, &event, &block));
    expect_reports("DEVICE", 1);
    IoDeleteDevice(device);
}

static NTSTATUS NTAPI keep(PDEVICE_OBJECT device, PIRP irp, PVOID context)
{
    ++*(unsigned *)context;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static void test_an_irp_in_memory_of_the_drivers_own(void **state)
{
    PDEVICE_OBJECT device = begin();
    USHORT size = IoSizeOfIrp(2);
    PIRP irp = malloc(size);
    unsigned completions = 0;

    memset(irp, 0xEE, size);
    IoInitializeIrp(irp, size, 2);
    assert_int_equal(irp->Type, IO_TYPE_IRP);
    assert_int_equal(irp->Size, size);
    assert_int_equal(irp->StackCount, 2);
    assert_int_equal(irp->CurrentLocation, 3);
    assert_ptr_equal(IoGetNextIrpStackLocation(irp), (PIO_STACK_LOCATION)(irp + 1) + 1);
    assert_int_equal(irp->IoStatus.Status, 0);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_POWER;
    IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_SET_POWER;
    IoSetCompletionRoutine(irp, keep, &completions, TRUE, TRUE, TRUE);
    assert_int_equal(PoCallDriver(device, irp), STATUS_SUCCESS);
    assert_int_equal(seen.major, IRP_MJ_POWER);
    assert_int_equal(seen.minor, IRP_MN_SET_POWER);
    assert_int_equal(completions, 1);
    free(irp);
    IoDeleteDevice(device);
}

static void test_the_cancel_lock_raises_and_restores(void **state)
{
    KIRQL irql = 77;

    IoAcquireCancelSpinLock(&irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 1);
    IoReleaseCancelSpinLock(irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 0);
}

static void test_notices_to_the_pnp_manager(void **state)
{
    PDEVICE_OBJECT device = begin();
    KIRQL irql = KeRaiseIrqlToDpcLevel();

    IoInvalidateDeviceRelations(device, BusRelations);
    IoInvalidateDeviceState(device);
    expect_reports(NULL, 0);
    assert_int_equal(seen.calls, 0); /* the query comes later, not from inside */
    (void)KfRaiseIrql(DISPATCH_LEVEL + 1);
    IoInvalidateDeviceRelations(device, BusRelations);
    IoInvalidateDeviceState(device);
    expect_reports("IRQL", 2);
    KeLowerIrql(irql);
    IoInvalidateDeviceRelations(NULL, BusRelations);
    IoInvalidateDeviceState((PDEVICE_OBJECT)(PVOID)&seen);
    expect_reports("DEVICE", 2);
    IoDeleteDevice(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_a_control_request_by_hand),
        nt_test(test_an_irp_in_memory_of_the_drivers_own),
        nt_test(test_the_cancel_lock_raises_and_restores),
        nt_test(test_notices_to_the_pnp_manager),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
