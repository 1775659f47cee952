/* SPDX-License-Identifier: MIT */
/* Dispatcher objects, waiting, timers, time. */
#include "fixture.h"

#define MS             INT64_C(1000000)
#define RELATIVE_MS(n) ((LARGE_INTEGER){.QuadPart = -INT64_C(10000) * (n)})

static NTSTATUS wait(PVOID object, LARGE_INTEGER *timeout)
{
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, timeout);
}

static LARGE_INTEGER zero = {.QuadPart = 0};

/* ---- Events ---- */

static void test_a_notification_event_stays_signalled(void **state)
{
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    assert_int_equal(KeReadStateEvent(&event), 0);
    assert_int_equal(wait(&event, &zero), STATUS_TIMEOUT);
    assert_int_equal(KeSetEvent(&event, 0, FALSE), 0);
    assert_int_not_equal(KeSetEvent(&event, 0, FALSE), 0);
    assert_int_equal(wait(&event, NULL), STATUS_SUCCESS);
    assert_int_equal(wait(&event, NULL), STATUS_SUCCESS);
    assert_int_not_equal(KeResetEvent(&event), 0);
    assert_int_equal(wait(&event, &zero), STATUS_TIMEOUT);
    KeSetEvent(&event, 0, FALSE);
    KeClearEvent(&event);
    assert_int_equal(KeReadStateEvent(&event), 0);
}

static void test_a_synchronization_event_satisfies_one_wait(void **state)
{
    KEVENT event;

    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    assert_int_equal(wait(&event, NULL), STATUS_SUCCESS);
    assert_int_equal(wait(&event, &zero), STATUS_TIMEOUT);
}

static void test_a_timeout_takes_its_time(void **state)
{
    LARGE_INTEGER relative = RELATIVE_MS(5);
    LARGE_INTEGER absolute;
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    assert_int_equal(wait(&event, &relative), STATUS_TIMEOUT);
    assert_int_equal(vport_loop_now(test.loop), 5 * MS);
    KeQuerySystemTime(&absolute);
    absolute.QuadPart += 10000 * 7;
    assert_int_equal(wait(&event, &absolute), STATUS_TIMEOUT);
    assert_int_equal(vport_loop_now(test.loop), 12 * MS);
    assert_int_equal(wait(&event, &absolute), STATUS_TIMEOUT); /* in the past: at once */
    assert_int_equal(vport_loop_now(test.loop), 12 * MS);
}

static void test_a_wait_that_can_never_end_is_reported(void **state)
{
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    assert_int_equal(wait(&event, NULL), STATUS_TIMEOUT);
    assert_non_null(strstr(report_text(0), "never end"));
    expect_reports("WAIT", 1);
}

static void test_waiting_at_dispatch_is_only_looking(void **state)
{
    LARGE_INTEGER relative = RELATIVE_MS(5);
    KEVENT event;
    KIRQL old;

    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    old = KeRaiseIrqlToDpcLevel();
    assert_int_equal(wait(&event, &zero), STATUS_SUCCESS);
    expect_reports(NULL, 0);
    assert_int_equal(wait(&event, &relative), STATUS_TIMEOUT);
    expect_reports("IRQL", 1);
    assert_int_equal(wait(&event, NULL), STATUS_TIMEOUT);
    vport_reports_clear(test.reports);
    assert_int_equal(vport_loop_now(test.loop), 0);
    KeLowerIrql(old);
}

static void test_objects_that_are_none_are_reported(void **state)
{
    KEVENT garbage;

    memset(&garbage, 0xee, sizeof(garbage));
    assert_int_equal(wait(&garbage, NULL), STATUS_TIMEOUT);
    assert_int_equal(wait(NULL, NULL), STATUS_TIMEOUT);
    expect_reports("WAIT", 2);
    assert_int_equal(KeSetEvent(&garbage, 0, FALSE), 0);
    KeResetEvent(&garbage);
    KeClearEvent(NULL);
    KeReadStateEvent(&garbage);
    expect_reports("EVENT", 4);
}

static void set_event(void *context)
{
    KeSetEvent(context, 0, FALSE);
}

static void test_a_wait_ends_when_the_loop_signals(void **state)
{
    struct vport_event event;
    KEVENT object;

    KeInitializeEvent(&object, NotificationEvent, FALSE);
    vport_event_init(&event, VPORT_EVENT_SYSTEM, set_event, &object);
    vport_loop_post(test.loop, &event, 3 * MS);
    assert_int_equal(wait(&object, NULL), STATUS_SUCCESS);
    assert_true(vport_loop_now(test.loop) >= 3 * MS);
}

/* ---- Semaphores, mutexes ---- */

static void test_a_semaphore_counts(void **state)
{
    KSEMAPHORE semaphore;

    KeInitializeSemaphore(&semaphore, 1, 3);
    assert_int_equal(wait(&semaphore, NULL), STATUS_SUCCESS);
    assert_int_equal(wait(&semaphore, &zero), STATUS_TIMEOUT);
    assert_int_equal(KeReleaseSemaphore(&semaphore, 0, 2, FALSE), 0);
    assert_int_equal(KeReleaseSemaphore(&semaphore, 0, 1, FALSE), 2);
    assert_int_equal(KeReleaseSemaphore(&semaphore, 0, 1, FALSE), 3); /* above the limit */
    expect_reports("SEMAPHORE", 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(wait(&semaphore, NULL), STATUS_SUCCESS);
    assert_int_equal(wait(&semaphore, &zero), STATUS_TIMEOUT);
}

static void test_a_mutex_belongs_to_its_thread(void **state)
{
    struct vport_cpu cpu;
    KMUTEX mutex;

    KeInitializeMutex(&mutex, 0);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    assert_int_equal(wait(&mutex, NULL), STATUS_SUCCESS);
    assert_int_equal(wait(&mutex, NULL), STATUS_SUCCESS); /* its owner may again */
    assert_int_equal(KeReadStateMutex(&mutex), -1);
    vport_nt_enter(test.nt, &cpu);
    assert_int_equal(wait(&mutex, &zero), STATUS_TIMEOUT);
    KeReleaseMutex(&mutex, FALSE);
    expect_reports("MUTEX", 1);
    vport_nt_leave(&cpu);
    assert_int_equal(KeReleaseMutex(&mutex, FALSE), -1);
    assert_int_equal(KeReleaseMutex(&mutex, FALSE), 0);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    KeReleaseMutex(&mutex, FALSE); /* once too often */
    expect_reports("MUTEX", 1);
}

static void test_a_fast_mutex_raises_to_apc(void **state)
{
    FAST_MUTEX mutex;
    struct vport_cpu cpu;

    ExInitializeFastMutex(&mutex);
    ExAcquireFastMutex(&mutex);
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    ExAcquireFastMutex(&mutex);
    expect_reports("MUTEX", 1);
    vport_nt_enter(test.nt, &cpu);
    assert_false(ExTryToAcquireFastMutex(&mutex));
    ExReleaseFastMutex(&mutex);
    expect_reports("MUTEX", 1);
    vport_nt_leave(&cpu);
    ExReleaseFastMutex(&mutex);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    assert_true(ExTryToAcquireFastMutex(&mutex));
    assert_int_equal(KeGetCurrentIrql(), APC_LEVEL);
    ExReleaseFastMutex(&mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    ExReleaseFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
    ExReleaseFastMutexUnsafe(&mutex);
    expect_reports("MUTEX", 1);
}

/* ---- Several objects ---- */

static void test_waiting_for_any_takes_one(void **state)
{
    KEVENT events[3];
    PVOID objects[3];

    for (unsigned i = 0; i < 3; i++) {
        KeInitializeEvent(&events[i], SynchronizationEvent, FALSE);
        objects[i] = &events[i];
    }
    assert_int_equal(
        KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &zero, NULL),
        STATUS_TIMEOUT);
    KeSetEvent(&events[1], 0, FALSE);
    KeSetEvent(&events[2], 0, FALSE);
    assert_int_equal(
        KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL),
        STATUS_WAIT_0 + 1);
    assert_int_equal(KeReadStateEvent(&events[1]), 0);
    assert_int_not_equal(KeReadStateEvent(&events[2]), 0);
    assert_int_equal(
        KeWaitForMultipleObjects(4, objects, WaitAny, Executive, KernelMode, FALSE, NULL, NULL),
        STATUS_INVALID_PARAMETER);
}

static void test_waiting_for_all_takes_all_or_none(void **state)
{
    KSEMAPHORE semaphore;
    KEVENT event;
    KMUTEX mutex;
    PVOID objects[3] = {&semaphore, &event, &mutex};

    KeInitializeSemaphore(&semaphore, 1, 1);
    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    KeInitializeMutex(&mutex, 0);
    assert_int_equal(
        KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &zero, NULL),
        STATUS_TIMEOUT);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    KeSetEvent(&event, 0, FALSE);
    assert_int_equal(
        KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE, &zero, NULL),
        STATUS_SUCCESS);
    assert_int_equal(KeReadStateMutex(&mutex), 0);
    assert_int_equal(KeReadStateEvent(&event), 0);
    assert_int_equal(wait(&semaphore, &zero), STATUS_TIMEOUT);
    KeReleaseMutex(&mutex, FALSE);
}

/* ---- Timers ---- */

static struct {
    unsigned runs;
    KIRQL irql;
    uint64_t when;
} ticked;

static VOID NTAPI tick(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    ticked.runs++;
    ticked.irql = KeGetCurrentIrql();
    ticked.when = vport_loop_now(test.loop);
}

static void test_a_timer_expires_once(void **state)
{
    KTIMER timer;
    KDPC dpc;

    memset(&ticked, 0, sizeof(ticked));
    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, tick, NULL);
    assert_false(KeSetTimer(&timer, RELATIVE_MS(4), &dpc));
    assert_false(KeReadStateTimer(&timer));
    run_for(3 * MS);
    assert_int_equal(ticked.runs, 0);
    run_for(20 * MS);
    assert_int_equal(ticked.runs, 1);
    assert_int_equal(ticked.irql, DISPATCH_LEVEL);
    assert_true(ticked.when >= 4 * MS && ticked.when < 5 * MS);
    assert_true(KeReadStateTimer(&timer));
    assert_false(KeCancelTimer(&timer));
    assert_int_equal(wait(&timer, NULL), STATUS_SUCCESS);
}

static void test_a_timer_can_be_waited_for_and_synchronization_resets_it(void **state)
{
    KTIMER timer;

    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeSetTimer(&timer, RELATIVE_MS(4), NULL);
    assert_int_equal(wait(&timer, NULL), STATUS_SUCCESS);
    assert_true(vport_loop_now(test.loop) >= 4 * MS);
    assert_int_equal(wait(&timer, &zero), STATUS_TIMEOUT);
}

static void test_a_periodic_timer_goes_on_until_cancelled(void **state)
{
    KTIMER timer;
    KDPC dpc;

    memset(&ticked, 0, sizeof(ticked));
    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, tick, NULL);
    KeSetTimerEx(&timer, RELATIVE_MS(1), 2, &dpc);
    run_for(10 * MS);
    assert_int_equal(ticked.runs, 5); /* at 1, 3, 5, 7, 9 ms */
    assert_true(KeCancelTimer(&timer));
    memset(&timer, 0xaa, sizeof(timer)); /* its memory may go */
    run_for(10 * MS);
    assert_int_equal(ticked.runs, 5);
}

static void test_setting_a_timer_again_moves_it(void **state)
{
    KTIMER timer;
    KDPC dpc;

    memset(&ticked, 0, sizeof(ticked));
    KeInitializeTimer(&timer);
    KeInitializeDpc(&dpc, tick, NULL);
    KeSetTimer(&timer, RELATIVE_MS(2), &dpc);
    assert_true(KeSetTimer(&timer, RELATIVE_MS(6), &dpc));
    run_for(5 * MS);
    assert_int_equal(ticked.runs, 0);
    run_for(5 * MS);
    assert_int_equal(ticked.runs, 1);
}

static void test_timers_that_are_none_are_reported(void **state)
{
    KTIMER timer;

    memset(&timer, 0, sizeof(timer));
    assert_false(KeSetTimer(&timer, RELATIVE_MS(1), NULL));
    assert_false(KeCancelTimer(NULL));
    expect_reports("TIMER", 2);
}

static void test_a_timer_left_set_is_reported_at_the_end(void **state)
{
    KTIMER timer;

    KeInitializeTimer(&timer);
    KeSetTimerEx(&timer, RELATIVE_MS(1), 1, NULL);
    end_kernel();
    expect_reports("LEAK", 1);
    vport_loop_stall(test.loop, 10 * MS); /* it is gone from the loop */
}

/* ---- Time ---- */

static void test_time_is_the_loops(void **state)
{
    LARGE_INTEGER before;
    LARGE_INTEGER after;
    LARGE_INTEGER frequency;
    LARGE_INTEGER counter = KeQueryPerformanceCounter(&frequency);
    TIME_FIELDS fields;

    KeQuerySystemTime(&before);
    RtlTimeToTimeFields(&before, &fields);
    assert_int_equal(fields.Year, 2001);
    assert_int_equal(fields.Month, 10);
    assert_int_equal(fields.Day, 25);
    assert_int_equal(fields.Weekday, 4); /* a Thursday */
    KeDelayExecutionThread(KernelMode, FALSE, &RELATIVE_MS(1000));
    KeQuerySystemTime(&after);
    assert_int_equal(after.QuadPart - before.QuadPart, 10000000);
    assert_int_equal(KeQueryInterruptTime(), 10000000);
    assert_int_equal(KeQueryPerformanceCounter(NULL).QuadPart - counter.QuadPart,
                     frequency.QuadPart);
    KeQueryTickCount(&after);
    assert_int_equal(after.QuadPart, 10000000 / KeQueryTimeIncrement());
    KeStallExecutionProcessor(50);
    assert_int_equal(KeQueryInterruptTime(), 10000500);
}

static void test_times_as_fields(void **state)
{
    /* 29 February 2000, 23:59:58.987, a Tuesday: Unix time 951868798. */
    LARGE_INTEGER time = {.QuadPart =
                              (INT64_C(951868798) + INT64_C(11644473600)) * 10000000 + 9870000};
    TIME_FIELDS fields;

    RtlTimeToTimeFields(&time, &fields);
    assert_int_equal(fields.Year, 2000);
    assert_int_equal(fields.Month, 2);
    assert_int_equal(fields.Day, 29);
    assert_int_equal(fields.Hour, 23);
    assert_int_equal(fields.Minute, 59);
    assert_int_equal(fields.Second, 58);
    assert_int_equal(fields.Milliseconds, 987);
    assert_int_equal(fields.Weekday, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_a_notification_event_stays_signalled),
        nt_test(test_a_synchronization_event_satisfies_one_wait),
        nt_test(test_a_timeout_takes_its_time),
        nt_test(test_a_wait_that_can_never_end_is_reported),
        nt_test(test_waiting_at_dispatch_is_only_looking),
        nt_test(test_objects_that_are_none_are_reported),
        nt_test(test_a_wait_ends_when_the_loop_signals),
        nt_test(test_a_semaphore_counts),
        nt_test(test_a_mutex_belongs_to_its_thread),
        nt_test(test_a_fast_mutex_raises_to_apc),
        nt_test(test_waiting_for_any_takes_one),
        nt_test(test_waiting_for_all_takes_all_or_none),
        nt_test(test_a_timer_expires_once),
        nt_test(test_a_timer_can_be_waited_for_and_synchronization_resets_it),
        nt_test(test_a_periodic_timer_goes_on_until_cancelled),
        nt_test(test_setting_a_timer_again_moves_it),
        nt_test(test_timers_that_are_none_are_reported),
        nt_test(test_a_timer_left_set_is_reported_at_the_end),
        nt_test(test_time_is_the_loops),
        nt_test(test_times_as_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
