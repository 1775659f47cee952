/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: delivery, sharing, synchronization, and DPCs that come while another processor is
 * raised.
 */
#include "fixture.h"

#define VECTOR 17
#define DIRQL  5

static struct {
    unsigned calls, connects, disconnects;
    uint32_t vector;
    enum vport_status connect_status;
    KIRQL irql;
    bool inside, claim;
    unsigned spin_locks;
    KDPC dpc;
    unsigned dpcs;
    KIRQL dpc_irql, outer_irql;
    bool dpc_inside;
} seen;

static enum vport_status connect_vector(void *context, uint32_t vector)
{
    assert_ptr_equal(context, &seen);
    seen.connects++;
    seen.vector = vector;
    return seen.connect_status;
}

static void disconnect_vector(void *context, uint32_t vector)
{
    seen.disconnects++;
    assert_int_equal(vector, VECTOR);
}

static BOOLEAN NTAPI service(PKINTERRUPT interrupt, PVOID context)
{
    assert_ptr_equal(context, &seen);
    seen.calls++;
    seen.irql = KeGetCurrentIrql();
    seen.inside = vport_nt_in_interrupt();
    seen.spin_locks = vport_cpu_current->spin_locks;
    if (seen.dpc.DeferredRoutine)
        KeInsertQueueDpc(&seen.dpc, NULL, NULL);
    return seen.claim;
}

static VOID NTAPI deferred(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    seen.dpcs++;
    seen.dpc_irql = KeGetCurrentIrql();
    seen.dpc_inside = vport_nt_in_interrupt();
    seen.outer_irql = test.cpu.irql;
}

static void begin(void)
{
    static const struct vport_nt_interrupt_ops ops = {connect_vector, disconnect_vector};

    memset(&seen, 0, sizeof(seen));
    seen.claim = true;
    vport_nt_set_interrupt_ops(test.nt, &ops, &seen);
}

static PKINTERRUPT connect(BOOLEAN share)
{
    PKINTERRUPT interrupt;

    assert_int_equal(IoConnectInterrupt(&interrupt, service, &seen, NULL, VECTOR, DIRQL, DIRQL,
                                        LevelSensitive, share, 1, FALSE),
                     STATUS_SUCCESS);
    assert_non_null(interrupt);
    return interrupt;
}

static void test_the_routine_runs_at_dirql_under_its_lock(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    interrupt = connect(FALSE);
    assert_int_equal(seen.connects, 1);
    assert_int_equal(seen.vector, VECTOR);
    assert_true(vport_nt_interrupt(test.nt, VECTOR));
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.irql, DIRQL);
    assert_int_equal(seen.spin_locks, 1);
    assert_true(seen.inside);
    assert_false(vport_nt_in_interrupt());
    assert_false(vport_nt_interrupt(test.nt, VECTOR + 1));
    assert_int_equal(seen.calls, 1);
    IoDisconnectInterrupt(interrupt);
    assert_int_equal(seen.disconnects, 1);
    assert_false(vport_nt_interrupt(test.nt, VECTOR));
    assert_int_equal(seen.calls, 1);
}

static void test_an_unclaimed_interrupt_says_so(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    interrupt = connect(FALSE);
    seen.claim = false;
    assert_false(vport_nt_interrupt(test.nt, VECTOR));
    IoDisconnectInterrupt(interrupt);
}

static void test_its_dpc_runs_as_irql_drops(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    interrupt = connect(FALSE);
    KeInitializeDpc(&seen.dpc, deferred, NULL);
    vport_nt_interrupt(test.nt, VECTOR);
    assert_int_equal(seen.dpcs, 1);
    assert_int_equal(seen.dpc_irql, DISPATCH_LEVEL);
    assert_false(seen.dpc_inside);
    IoDisconnectInterrupt(interrupt);
}

/* What SD-14 and CD-11 are about: the DPC is done before the raised processor goes on. */
static void deliver(void *context)
{
    vport_nt_interrupt(test.nt, VECTOR);
}

static void test_a_dpc_comes_while_another_processor_is_at_dispatch(void **state)
{
    struct vport_event event;
    PKINTERRUPT interrupt;
    KIRQL old;

    begin();
    interrupt = connect(FALSE);
    KeInitializeDpc(&seen.dpc, deferred, NULL);
    vport_event_init(&event, VPORT_EVENT_SYSTEM, deliver, NULL);
    vport_loop_post(test.loop, &event, 0);
    old = KeRaiseIrqlToDpcLevel();
    for (unsigned i = 0; i < 64 && !seen.dpcs; i++)
        vport_nt_yield();
    assert_int_equal(seen.dpcs, 1);
    assert_int_equal(seen.outer_irql, DISPATCH_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
    KeLowerIrql(old);
    IoDisconnectInterrupt(interrupt);
}

static void test_shared_vectors_are_asked_in_turn(void **state)
{
    PKINTERRUPT first;
    PKINTERRUPT second;
    PKINTERRUPT third;

    begin();
    first = connect(TRUE);
    second = connect(TRUE);
    assert_int_equal(seen.connects, 1); /* the vector once */
    assert_int_equal(IoConnectInterrupt(&third, service, &seen, NULL, VECTOR, DIRQL, DIRQL,
                                        LevelSensitive, FALSE, 1, FALSE),
                     STATUS_INVALID_PARAMETER);
    assert_null(third);
    seen.claim = false;
    assert_false(vport_nt_interrupt(test.nt, VECTOR));
    assert_int_equal(seen.calls, 2);
    seen.claim = true;
    assert_true(vport_nt_interrupt(test.nt, VECTOR));
    assert_int_equal(seen.calls, 3); /* the first claimed it */
    IoDisconnectInterrupt(first);
    assert_int_equal(seen.disconnects, 0);
    IoDisconnectInterrupt(second);
    assert_int_equal(seen.disconnects, 1);
}

static void test_a_vector_that_the_bus_refuses(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    seen.connect_status = VPORT_E_UNKNOWN;
    assert_int_equal(IoConnectInterrupt(&interrupt, service, &seen, NULL, VECTOR, DIRQL, DIRQL,
                                        LevelSensitive, FALSE, 1, FALSE),
                     STATUS_NOT_FOUND);
    assert_null(interrupt);
    assert_int_equal(IoConnectInterrupt(&interrupt, NULL, &seen, NULL, VECTOR, DIRQL, DIRQL,
                                        LevelSensitive, FALSE, 1, FALSE),
                     STATUS_INVALID_PARAMETER);
}

static void test_impossible_levels_are_reported(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    assert_int_equal(IoConnectInterrupt(&interrupt, service, &seen, NULL, VECTOR, PASSIVE_LEVEL,
                                        PASSIVE_LEVEL, Latched, FALSE, 1, FALSE),
                     STATUS_SUCCESS);
    expect_reports("IRQL", 1);
    vport_nt_interrupt(test.nt, VECTOR);
    assert_true(seen.irql > DISPATCH_LEVEL);
    IoDisconnectInterrupt(interrupt);
}

static void test_disconnecting_twice_is_reported(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    interrupt = connect(FALSE);
    IoDisconnectInterrupt(interrupt);
    IoDisconnectInterrupt(interrupt);
    expect_reports("INTERRUPT", 1);
    IoDisconnectInterrupt(NULL);
    expect_reports("INTERRUPT", 1);
}

static void test_an_interrupt_left_connected_is_reported_at_the_end(void **state)
{
    begin();
    connect(FALSE);
    end_kernel();
    assert_int_equal(seen.disconnects, 1);
    expect_reports("LEAK", 1);
}

/* ---- Synchronizing ---- */

static struct {
    KIRQL irql;
    bool inside;
    unsigned spin_locks;
} synchronized;

static BOOLEAN NTAPI synchronize(PVOID context)
{
    synchronized.irql = KeGetCurrentIrql();
    synchronized.inside = vport_nt_in_interrupt();
    synchronized.spin_locks = vport_cpu_current->spin_locks;
    return context != NULL;
}

static void test_synchronized_routines_exclude_the_interrupt(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    interrupt = connect(FALSE);
    assert_true(KeSynchronizeExecution(interrupt, synchronize, &seen));
    assert_false(KeSynchronizeExecution(interrupt, synchronize, NULL));
    assert_int_equal(synchronized.irql, DIRQL);
    assert_int_equal(synchronized.spin_locks, 1);
    assert_true(synchronized.inside);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    IoDisconnectInterrupt(interrupt);
    assert_false(KeSynchronizeExecution(interrupt, synchronize, &seen));
    expect_reports("INTERRUPT", 1);
}

static void test_synchronizing_above_the_interrupt_is_reported(void **state)
{
    PKINTERRUPT interrupt;
    KIRQL old;

    begin();
    interrupt = connect(FALSE);
    KeRaiseIrql(DIRQL + 1, &old);
    assert_false(KeSynchronizeExecution(interrupt, synchronize, &seen));
    expect_reports("IRQL", 1);
    KeLowerIrql(old);
    IoDisconnectInterrupt(interrupt);
}

static BOOLEAN NTAPI synchronize_again(PVOID context)
{
    return KeSynchronizeExecution(context, synchronize, context);
}

static void test_synchronizing_within_itself_is_reported(void **state)
{
    PKINTERRUPT interrupt;

    begin();
    interrupt = connect(FALSE);
    assert_true(KeSynchronizeExecution(interrupt, synchronize_again, interrupt));
    assert_int_equal(vport_reports_count(test.reports, "SPINLOCK"),
                     2); /* taken twice, released twice */
    vport_reports_clear(test.reports);
    IoDisconnectInterrupt(interrupt);
}

static void test_the_interrupt_spin_lock(void **state)
{
    PKINTERRUPT interrupt;
    KIRQL old;

    begin();
    interrupt = connect(FALSE);
    old = KeAcquireInterruptSpinLock(interrupt);
    assert_int_equal(old, PASSIVE_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), DIRQL);
    assert_int_equal(test.cpu.spin_locks, 1);
    KeReleaseInterruptSpinLock(interrupt, old);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    IoDisconnectInterrupt(interrupt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_the_routine_runs_at_dirql_under_its_lock),
        nt_test(test_an_unclaimed_interrupt_says_so),
        nt_test(test_its_dpc_runs_as_irql_drops),
        nt_test(test_a_dpc_comes_while_another_processor_is_at_dispatch),
        nt_test(test_shared_vectors_are_asked_in_turn),
        nt_test(test_a_vector_that_the_bus_refuses),
        nt_test(test_impossible_levels_are_reported),
        nt_test(test_disconnecting_twice_is_reported),
        nt_test(test_an_interrupt_left_connected_is_reported_at_the_end),
        nt_test(test_synchronized_routines_exclude_the_interrupt),
        nt_test(test_synchronizing_above_the_interrupt_is_reported),
        nt_test(test_synchronizing_within_itself_is_reported),
        nt_test(test_the_interrupt_spin_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
