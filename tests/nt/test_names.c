/* SPDX-License-Identifier: MIT */
/*
 * The names behind the names. Sources say KeRaiseIrql or ObReferenceObject and get a macro, and
 * which export that leads to depends on the machine; binaries import the exports. Each is called
 * here by its own name, in parentheses where a macro has it too.
 */
#include "fixture.h"

static void test_irql_by_all_its_names(void **state)
{
    KIRQL old = 77;

    (KeRaiseIrql)(DISPATCH_LEVEL, &old);
    assert_int_equal(old, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    (KeLowerIrql)(old);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(KfRaiseIrql(APC_LEVEL), PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KfLowerIrql(DISPATCH_LEVEL); /* that is up */
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    expect_reports("IRQL", 1);
}

/* Taken, at DISPATCH_LEVEL. */
static void expect_taken(void)
{
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 1);
}

static void test_spin_locks_by_all_their_names(void **state)
{
    KSPIN_LOCK lock = 5;
    KIRQL irql = 77;

    (KeInitializeSpinLock)(&lock);
    (KeAcquireSpinLock)(&lock, &irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    expect_taken();
    (KeReleaseSpinLockFromDpcLevel)(&lock);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 0);
    (KeAcquireSpinLockAtDpcLevel)(&lock);
    expect_taken();
    KefReleaseSpinLockFromDpcLevel(&lock);
    KefAcquireSpinLockAtDpcLevel(&lock);
    expect_taken();
    (KeReleaseSpinLock)(&lock, irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(KeAcquireSpinLockRaiseToDpc(&lock), PASSIVE_LEVEL);
    expect_taken();
    KfReleaseSpinLock(&lock, PASSIVE_LEVEL);
    assert_int_equal(KfAcquireSpinLock(&lock), PASSIVE_LEVEL);
    expect_taken();
    KefAcquireSpinLockAtDpcLevel(&lock); /* it is ours: NT would wait for ever */
    expect_reports("SPINLOCK", 1);
    KefReleaseSpinLockFromDpcLevel(&lock);
    KfReleaseSpinLock(&lock, PASSIVE_LEVEL); /* free already */
    expect_reports("SPINLOCK", 1);
    assert_int_equal(test.cpu.spin_locks, 0);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_memory_by_the_names_behind_the_macros(void **state)
{
    char text[] = "abcdefgh";

    (RtlCopyMemory)(text, "xy", 2);
    (RtlMoveMemory)(text + 2, text, 5); /* up, overlapping */
    assert_string_equal(text, "xyxycdeh");
    (RtlMoveMemory)(text, text + 2, 5); /* down */
    assert_string_equal(text, "xycdedeh");
    (RtlFillMemory)(text + 1, 3, 'f');
    assert_string_equal(text, "xfffedeh");
    (RtlZeroMemory)(text + 2, 2);
    assert_memory_equal(text, "xf\0\0edeh", 9);
}

static void test_objects_by_the_names_behind_the_macros(void **state)
{
    PDEVICE_OBJECT device = create_device(load_test_driver(), NULL);

    assert_int_equal(ObfReferenceObject(device), 1);
    assert_int_equal(ObReferenceObjectByPointer(device, 0, NULL, KernelMode), STATUS_SUCCESS);
    assert_int_equal(ObfDereferenceObject(device), 1);
    assert_int_equal(ObfDereferenceObject(device), 0);
    assert_int_equal(ObReferenceObjectByPointer(&device, 0, NULL, KernelMode),
                     STATUS_OBJECT_TYPE_MISMATCH);
    expect_reports("OBJECT", 1);
    ObfReferenceObject(device);
    IoDeleteDevice(device);
    assert_int_equal(device->DeviceExtension != NULL, 1); /* lives on with the reference */
    ObfDereferenceObject(device);
    ObfDereferenceObject(device); /* gone */
    expect_reports("OBJECT", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_irql_by_all_its_names),
        nt_test(test_spin_locks_by_all_their_names),
        nt_test(test_memory_by_the_names_behind_the_macros),
        nt_test(test_objects_by_the_names_behind_the_macros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
