/* SPDX-License-Identifier: MIT */
/* Processors, IRQL, spin locks, deferred routines: what they do, and each rule broken once. */
#include "fixture.h"

/* ---- IRQL ---- */

static void test_irql_starts_passive_and_goes_up_and_down(void **state)
{
    KIRQL old;

    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    KeRaiseIrql(APC_LEVEL, &old);
    assert_int_equal(old, PASSIVE_LEVEL);
    assert_int_equal(KeRaiseIrqlToDpcLevel(), APC_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeRaiseIrql(HIGH_LEVEL, &old);
    assert_int_equal(old, DISPATCH_LEVEL);
    KeLowerIrql(APC_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    KeLowerIrql(PASSIVE_LEVEL);
}

static void test_raising_downward_is_reported_and_changes_nothing(void **state)
{
    KIRQL old = KeRaiseIrqlToDpcLevel();

    assert_int_equal(KfRaiseIrql(APC_LEVEL), DISPATCH_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_non_null(strstr(report_text(0), "0x9"));
    assert_int_equal(KfRaiseIrql(HIGH_LEVEL + 1), DISPATCH_LEVEL);
    expect_reports("IRQL", 2);
    KeLowerIrql(old);
}

static void test_lowering_upward_is_reported_and_changes_nothing(void **state)
{
    KeLowerIrql(DISPATCH_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    expect_reports("IRQL", 1);
}

static void test_wrong_irql_names_function_and_both_levels(void **state)
{
    LARGE_INTEGER second = {.QuadPart = -10000000};
    KIRQL old = KeRaiseIrqlToDpcLevel();

    KeDelayExecutionThread(KernelMode, FALSE, &second);
    assert_non_null(strstr(report_text(0), "KeDelayExecutionThread"));
    assert_non_null(strstr(report_text(0), "2 (DISPATCH_LEVEL)"));
    assert_non_null(strstr(report_text(0), "1 (APC_LEVEL)"));
    assert_int_equal(vport_loop_now(test.loop), 0); /* it did not wait */
    expect_reports("IRQL", 1);
    KeLowerIrql(old);
}

static void test_leaving_at_raised_irql_is_reported(void **state)
{
    struct vport_cpu cpu;

    vport_nt_enter(test.nt, &cpu);
    (void)KeRaiseIrqlToDpcLevel();
    vport_nt_leave(&cpu);
    assert_ptr_equal(vport_cpu_current, &test.cpu);
    assert_non_null(strstr(report_text(0), "0x4A"));
    expect_reports("IRQL", 1);
}

static void test_each_processor_has_its_own_irql_and_number(void **state)
{
    KIRQL old = KeRaiseIrqlToDpcLevel();
    ULONG number = KeGetCurrentProcessorNumber();
    struct vport_cpu cpu;

    vport_nt_enter(test.nt, &cpu);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_not_equal(KeGetCurrentProcessorNumber(), number);
    assert_ptr_not_equal(KeGetCurrentThread(), (PKTHREAD)&test.cpu);
    vport_nt_leave(&cpu);
    assert_int_equal(KeGetCurrentProcessorNumber(), number);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(old);
}

static void test_services_outside_of_a_machine_do_not_crash(void **state)
{
    KSPIN_LOCK lock;
    KIRQL irql;

    vport_cpu_current = NULL;
    assert_null(vport_nt_current());
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_null(ExAllocatePoolWithTag(NonPagedPool, 16, 0x74736554));
    assert_null(IoAllocateMdl((PVOID)0x1000, 16, FALSE, FALSE, NULL));
    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    KeReleaseSpinLock(&lock, irql);
    DbgPrint("nobody hears this\n");
    vport_cpu_current = &test.cpu;
}

/* ---- Spin locks ---- */

static void test_a_spin_lock_raises_and_restores(void **state)
{
    KSPIN_LOCK lock;
    KIRQL irql;

    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 1);
    KeReleaseSpinLock(&lock, irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(test.cpu.spin_locks, 0);
    irql = KfAcquireSpinLock(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeAcquireSpinLockAtDpcLevel(&lock);
    KfReleaseSpinLock(&lock, irql);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_taking_a_spin_lock_twice_is_reported_not_hung(void **state)
{
    KSPIN_LOCK lock;
    KIRQL irql;

    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    KeAcquireSpinLockAtDpcLevel(&lock);
    assert_non_null(strstr(report_text(0), "wait for itself"));
    expect_reports("SPINLOCK", 1);
    KeReleaseSpinLockFromDpcLevel(&lock);
    expect_reports(NULL, 0);
    KeReleaseSpinLock(&lock, irql); /* free already */
    expect_reports("SPINLOCK", 1);
}

static void test_a_spin_lock_that_nobody_can_release_is_reported(void **state)
{
    KSPIN_LOCK lock = 0x1234; /* never initialised */
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    expect_reports("SPINLOCK", 1);
    KeReleaseSpinLock(&lock, irql);
    expect_reports("SPINLOCK", 1);
}

static void test_lowering_with_a_spin_lock_held_is_reported(void **state)
{
    KSPIN_LOCK lock;
    KIRQL irql;

    KeInitializeSpinLock(&lock);
    KeAcquireSpinLock(&lock, &irql);
    KeLowerIrql(PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    expect_reports("IRQL", 1);
    KeReleaseSpinLock(&lock, irql);
}

static void test_spin_locks_at_the_wrong_irql_are_reported(void **state)
{
    KSPIN_LOCK lock;
    KIRQL irql;
    KIRQL old;

    KeInitializeSpinLock(&lock);
    KeAcquireSpinLockAtDpcLevel(&lock); /* at PASSIVE_LEVEL */
    expect_reports("IRQL", 1);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
    KeAcquireSpinLock(&lock, &irql);
    expect_reports("IRQL", 1);
    assert_int_equal(irql, DISPATCH_LEVEL + 1);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeLowerIrql(old);
}

static void test_leaving_with_a_spin_lock_held_is_reported(void **state)
{
    struct vport_cpu cpu;
    KSPIN_LOCK lock;
    KIRQL irql;

    KeInitializeSpinLock(&lock);
    vport_nt_enter(test.nt, &cpu);
    KeAcquireSpinLock(&lock, &irql);
    vport_nt_leave(&cpu);
    assert_int_equal(vport_reports_count(test.reports, "SPINLOCK"), 1);
    assert_int_equal(vport_reports_count(test.reports, "IRQL"), 1);
    vport_reports_clear(test.reports);
}

/* ---- Deferred routines ---- */

static struct {
    unsigned runs;
    KIRQL irql;
    PVOID context, argument1, argument2;
    char order[16];
    PKDPC requeue;
    bool misbehave;
} dpc_seen;

static VOID NTAPI dpc_routine(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    dpc_seen.irql = KeGetCurrentIrql();
    dpc_seen.context = context;
    dpc_seen.argument1 = argument1;
    dpc_seen.argument2 = argument2;
    dpc_seen.order[dpc_seen.runs++] = (char)(uintptr_t)argument1;
    assert_null(dpc->DpcData);
    if (dpc_seen.requeue) {
        PKDPC again = dpc_seen.requeue;

        dpc_seen.requeue = NULL;
        assert_true(KeInsertQueueDpc(again, (PVOID)'r', NULL));
    }
    if (dpc_seen.misbehave)
        KfRaiseIrql(HIGH_LEVEL);
}

static void init_dpc(PKDPC dpc)
{
    memset(&dpc_seen, 0, sizeof(dpc_seen));
    KeInitializeDpc(dpc, dpc_routine, &dpc_seen);
}

static void test_a_dpc_runs_when_irql_drops(void **state)
{
    KIRQL old;
    KDPC dpc;

    init_dpc(&dpc);
    old = KeRaiseIrqlToDpcLevel();
    assert_true(KeInsertQueueDpc(&dpc, (PVOID)'1', (PVOID)'2'));
    assert_false(KeInsertQueueDpc(&dpc, (PVOID)'3', (PVOID)'4'));
    assert_int_equal(dpc_seen.runs, 0);
    KeLowerIrql(old);
    assert_int_equal(dpc_seen.runs, 1);
    assert_int_equal(dpc_seen.irql, DISPATCH_LEVEL);
    assert_ptr_equal(dpc_seen.context, &dpc_seen);
    assert_ptr_equal(dpc_seen.argument1, (PVOID)'1'); /* of the insertion that counted */
    assert_ptr_equal(dpc_seen.argument2, (PVOID)'2');
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_a_dpc_runs_where_it_was_queued(void **state)
{
    KIRQL old;
    KDPC dpc;

    init_dpc(&dpc);
    KeSetTargetProcessorDpc(&dpc, 5); /* accepted, and one processor is as good as another */
    old = KeRaiseIrqlToDpcLevel();
    assert_true(KeInsertQueueDpc(&dpc, (PVOID)'1', NULL));
    assert_int_equal(dpc_seen.runs, 0);
    KeLowerIrql(old);
    assert_int_equal(dpc_seen.runs, 1);
    assert_int_equal(KeGetCurrentProcessorNumber(), 0);
}

static void test_a_dpc_queued_below_dispatch_runs_at_once(void **state)
{
    KDPC dpc;

    init_dpc(&dpc);
    assert_true(KeInsertQueueDpc(&dpc, (PVOID)'1', NULL));
    assert_int_equal(dpc_seen.runs, 1);
    assert_int_equal(dpc_seen.irql, DISPATCH_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void test_dpcs_keep_their_order_and_importance_comes_first(void **state)
{
    KDPC dpcs[4];
    KIRQL old;

    for (unsigned i = 0; i < 4; i++)
        init_dpc(&dpcs[i]);
    KeSetImportanceDpc(&dpcs[2], HighImportance);
    old = KeRaiseIrqlToDpcLevel();
    for (uintptr_t i = 0; i < 4; i++)
        KeInsertQueueDpc(&dpcs[i], (PVOID)('0' + i), NULL);
    KeLowerIrql(old);
    assert_string_equal(dpc_seen.order, "2013");
}

static void test_a_dpc_may_queue_itself_again(void **state)
{
    KDPC dpc;

    init_dpc(&dpc);
    dpc_seen.requeue = &dpc;
    KeInsertQueueDpc(&dpc, (PVOID)'1', NULL);
    assert_string_equal(dpc_seen.order, "1r");
}

static void test_a_removed_dpc_does_not_run(void **state)
{
    struct vport_cpu cpu;
    KIRQL old;
    KDPC dpc;

    init_dpc(&dpc);
    assert_false(KeRemoveQueueDpc(&dpc));
    old = KeRaiseIrqlToDpcLevel();
    KeInsertQueueDpc(&dpc, NULL, NULL);
    vport_nt_enter(test.nt, &cpu); /* from another processor */
    assert_true(KeRemoveQueueDpc(&dpc));
    vport_nt_leave(&cpu);
    KeLowerIrql(old);
    assert_int_equal(dpc_seen.runs, 0);
    KeFlushQueuedDpcs();
}

static void test_a_dpc_that_leaves_irql_raised_is_reported(void **state)
{
    KDPC dpc;

    init_dpc(&dpc);
    dpc_seen.misbehave = true;
    KeInsertQueueDpc(&dpc, NULL, NULL);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_non_null(strstr(report_text(0), "0xC7"));
    expect_reports("DPC", 1);
}

static VOID NTAPI lower_in_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    KeLowerIrql(PASSIVE_LEVEL);
    dpc_seen.irql = KeGetCurrentIrql();
}

static void test_a_dpc_cannot_lower_irql(void **state)
{
    KDPC dpc;

    KeInitializeDpc(&dpc, lower_in_dpc, NULL);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    assert_int_equal(dpc_seen.irql, DISPATCH_LEVEL);
    expect_reports("IRQL", 1);
}

static void test_a_dpc_never_initialised_is_reported(void **state)
{
    KDPC dpc = {0};

    assert_false(KeInsertQueueDpc(&dpc, NULL, NULL));
    expect_reports("DPC", 1);
}

/* ---- Events of the loop, while this processor is at DISPATCH_LEVEL ---- */

static struct {
    unsigned events;
    KIRQL irql, outer_irql;
    unsigned spin_locks;
} met;

static void met_event(void *context)
{
    struct vport_event *event = context;

    met.events++;
    met.irql = KeGetCurrentIrql();
    met.outer_irql = test.cpu.irql;
    met.spin_locks = test.cpu.spin_locks;
    assert_ptr_not_equal(vport_cpu_current, &test.cpu);
    assert_ptr_equal(vport_cpu_current->beneath, &test.cpu);
    vport_loop_post(test.loop, event, 0);
}

static void test_an_event_comes_on_another_processor_at_dispatch_level(void **state)
{
    struct vport_event event;
    KSPIN_LOCK lock;
    KIRQL old;
    KIRQL irql;

    memset(&met, 0, sizeof(met));
    KeInitializeSpinLock(&lock);
    vport_event_init(&event, VPORT_EVENT_SYSTEM, met_event, &event);
    vport_loop_post(test.loop, &event, 0);
    old = KeRaiseIrqlToDpcLevel();
    for (unsigned i = 0; i < 200; i++)
        vport_nt_yield();
    assert_true(met.events > 50);
    assert_int_equal(met.irql, PASSIVE_LEVEL);
    assert_int_equal(met.outer_irql, DISPATCH_LEVEL);
    met.events = 0;
    for (unsigned i = 0; i < 200; i++) { /* never while a spin lock is held */
        KeAcquireSpinLock(&lock, &irql);
        vport_nt_yield();
        KeStallExecutionProcessor(1);
        assert_int_equal(met.events, 0);
        KeReleaseSpinLockFromDpcLevel(&lock);
        met.events = 0;
    }
    vport_loop_cancel(test.loop, &event);
    KeLowerIrql(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_irql_starts_passive_and_goes_up_and_down),
        nt_test(test_raising_downward_is_reported_and_changes_nothing),
        nt_test(test_lowering_upward_is_reported_and_changes_nothing),
        nt_test(test_wrong_irql_names_function_and_both_levels),
        nt_test(test_leaving_at_raised_irql_is_reported),
        nt_test(test_each_processor_has_its_own_irql_and_number),
        nt_test(test_services_outside_of_a_machine_do_not_crash),
        nt_test(test_a_spin_lock_raises_and_restores),
        nt_test(test_taking_a_spin_lock_twice_is_reported_not_hung),
        nt_test(test_a_spin_lock_that_nobody_can_release_is_reported),
        nt_test(test_lowering_with_a_spin_lock_held_is_reported),
        nt_test(test_spin_locks_at_the_wrong_irql_are_reported),
        nt_test(test_leaving_with_a_spin_lock_held_is_reported),
        nt_test(test_a_dpc_runs_when_irql_drops),
        nt_test(test_a_dpc_runs_where_it_was_queued),
        nt_test(test_a_dpc_queued_below_dispatch_runs_at_once),
        nt_test(test_dpcs_keep_their_order_and_importance_comes_first),
        nt_test(test_a_dpc_may_queue_itself_again),
        nt_test(test_a_removed_dpc_does_not_run),
        nt_test(test_a_dpc_that_leaves_irql_raised_is_reported),
        nt_test(test_a_dpc_cannot_lower_irql),
        nt_test(test_a_dpc_never_initialised_is_reported),
        nt_test(test_an_event_comes_on_another_processor_at_dispatch_level),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
