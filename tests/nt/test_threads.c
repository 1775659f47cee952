/* SPDX-License-Identifier: MIT */
/*
 * The kernel with real concurrency, for ThreadSanitizer above all: each service from several
 * threads at once.
 */
#include "fixture.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 2000 };

/* Runs body(round) ROUNDS times on each of THREADS threads, each on a processor of its own. */
struct crew {
    void (*body)(unsigned thread, unsigned round);
    unsigned number;
};

static void *crew_member(void *argument)
{
    struct crew *crew = argument;
    struct vport_cpu cpu;

    vport_nt_enter(test.nt, &cpu);
    for (unsigned i = 0; i < ROUNDS; i++)
        crew->body(crew->number, i);
    vport_nt_leave(&cpu);
    return NULL;
}

static void run_crew(void (*body)(unsigned thread, unsigned round))
{
    pthread_t threads[THREADS];
    struct crew crew[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        crew[i] = (struct crew){body, i};
        assert_int_equal(pthread_create(&threads[i], NULL, crew_member, &crew[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- Locks ---- */

static KSPIN_LOCK lock;
static unsigned long counter,
    other_counter; /* plain: only locks that work make these come out right */
static KMUTEX mutex;
static FAST_MUTEX fast_mutex;
static KEVENT token; /* a synchronization event as a lock */

static void count_under_spin_lock(unsigned thread, unsigned round)
{
    KIRQL irql;

    KeAcquireSpinLock(&lock, &irql);
    counter++;
    KeReleaseSpinLock(&lock, irql);
}

static void test_spin_locks_exclude(void **state)
{
    counter = 0;
    KeInitializeSpinLock(&lock);
    run_crew(count_under_spin_lock);
    assert_int_equal(counter, THREADS * ROUNDS);
}

static void count_under_mutexes(unsigned thread, unsigned round)
{
    KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, NULL);
    counter++;
    KeReleaseMutex(&mutex, FALSE);
    ExAcquireFastMutex(&fast_mutex);
    other_counter++;
    ExReleaseFastMutex(&fast_mutex);
}

static void test_mutexes_exclude(void **state)
{
    counter = other_counter = 0;
    KeInitializeMutex(&mutex, 0);
    ExInitializeFastMutex(&fast_mutex);
    run_crew(count_under_mutexes);
    assert_int_equal(counter, THREADS * ROUNDS);
    assert_int_equal(other_counter, THREADS * ROUNDS);
    assert_int_equal(KeReadStateMutex(&mutex), 1);
    assert_int_equal(fast_mutex.Count, FM_LOCK_BIT);
}

static void pass_token(unsigned thread, unsigned round)
{
    KeWaitForSingleObject(&token, Executive, KernelMode, FALSE, NULL);
    counter++;
    KeSetEvent(&token, 0, FALSE);
}

static void test_an_event_passes_from_thread_to_thread(void **state)
{
    counter = 0;
    KeInitializeEvent(&token, SynchronizationEvent, TRUE);
    run_crew(pass_token);
    assert_int_equal(counter, THREADS * ROUNDS);
}

/* ---- DPCs, timers, interrupts ---- */

static KDPC dpcs[3];
static _Atomic unsigned dpc_runs, dpc_inserts, dpc_removes;

static VOID NTAPI count_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
    dpc_runs++;
}

static void queue_dpcs(unsigned thread, unsigned round)
{
    KIRQL old = KeRaiseIrqlToDpcLevel();

    dpc_inserts += KeInsertQueueDpc(&dpcs[round % 3], NULL, NULL);
    dpc_removes += KeRemoveQueueDpc(&dpcs[(round + 1) % 3]);
    KeLowerIrql(old);
}

static void test_each_insertion_runs_once_or_is_removed(void **state)
{
    dpc_runs = dpc_inserts = dpc_removes = 0;
    for (unsigned i = 0; i < 3; i++)
        KeInitializeDpc(&dpcs[i], count_dpc, NULL);
    run_crew(queue_dpcs);
    KeFlushQueuedDpcs();
    assert_true(dpc_inserts > 0);
    assert_int_equal(dpc_runs, dpc_inserts - dpc_removes);
}

static KTIMER timers[3];

static void set_and_cancel(unsigned thread, unsigned round)
{
    LARGE_INTEGER soon = {.QuadPart = -(LONGLONG)(round % 50)};

    if (round % 3)
        KeSetTimerEx(&timers[round % 3], soon, round % 7 == 0, &dpcs[round % 3]);
    else
        KeCancelTimer(&timers[(round / 3 + thread) % 3]);
}

static void test_timers_set_and_cancelled_everywhere(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        KeInitializeTimer(&timers[i]);
        KeInitializeDpc(&dpcs[i], count_dpc, NULL);
    }
    dpc_runs = 0;
    run_crew(set_and_cancel);
    for (unsigned i = 0; i < 3; i++)
        KeCancelTimer(&timers[i]);
    KeFlushQueuedDpcs();
    dpc_runs = 0; /* how many expired before they were cancelled is chance; the next one has to */
    KeSetTimer(&timers[0], (LARGE_INTEGER){.QuadPart = -1}, &dpcs[0]);
    KeWaitForSingleObject(&timers[0], Executive, KernelMode, FALSE, NULL);
    KeFlushQueuedDpcs();
    assert_int_equal(dpc_runs, 1);
    memset(timers, 0xee, sizeof(timers)); /* nobody may touch them any more */
    run_for(2000000);
    KeFlushQueuedDpcs();
    assert_int_equal(timers[0].Header.SignalState, (LONG)0xeeeeeeee);
    assert_int_equal(dpc_runs, 1);
}

static PKINTERRUPT interrupt;
static unsigned long isr_count; /* plain: under the interrupt's lock */

static BOOLEAN NTAPI count_interrupt(PKINTERRUPT object, PVOID context)
{
    isr_count++;
    return TRUE;
}

static BOOLEAN NTAPI count_synchronized(PVOID context)
{
    isr_count++;
    return TRUE;
}

static void interrupt_and_synchronize(unsigned thread, unsigned round)
{
    if (thread % 2)
        assert_true(vport_nt_interrupt(test.nt, 3));
    else
        assert_true(KeSynchronizeExecution(interrupt, count_synchronized, NULL));
}

static void test_interrupts_and_synchronized_routines_exclude(void **state)
{
    isr_count = 0;
    assert_int_equal(IoConnectInterrupt(&interrupt, count_interrupt, NULL, NULL, 3, 4, 4,
                                        LevelSensitive, FALSE, 1, FALSE),
                     STATUS_SUCCESS);
    run_crew(interrupt_and_synchronize);
    assert_int_equal(isr_count, THREADS * ROUNDS);
    IoDisconnectInterrupt(interrupt);
}

static void *storm(void *argument)
{
    _Atomic bool *stop = argument;

    while (!atomic_load(stop))
        vport_nt_interrupt(test.nt, 3);
    return NULL;
}

/* Its context is gone when disconnecting has returned. */
static BOOLEAN NTAPI touch_context(PKINTERRUPT object, PVOID context)
{
    ++*(volatile unsigned *)context;
    return TRUE;
}

static void test_disconnecting_under_a_storm(void **state)
{
    _Atomic bool stop = false;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, storm, &stop), 0);
    for (unsigned i = 0; i < 200; i++) {
        unsigned *context = calloc(1, sizeof(*context));

        assert_int_equal(IoConnectInterrupt(&interrupt, touch_context, context, NULL, 3, 4, 4,
                                            LevelSensitive, FALSE, 1, FALSE),
                         STATUS_SUCCESS);
        IoDisconnectInterrupt(interrupt);
        free(context);
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
}

/* ---- Memory ---- */

static NPAGED_LOOKASIDE_LIST list;
static char *user; /* one page a thread */

static void allocate_and_free(unsigned thread, unsigned round)
{
    unsigned *pool = ExAllocatePoolWithTag(NonPagedPool, 100 + round % 100, thread + 1);
    unsigned *entry = ExAllocateFromNPagedLookasideList(&list);

    *pool = *entry = thread;
    assert_int_equal(*pool, *entry);
    ExFreePoolWithTag(pool, thread + 1);
    ExFreeToNPagedLookasideList(&list, entry);
}

static void test_pool_and_lookaside_from_all_threads(void **state)
{
    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 64, 1, 0);
    run_crew(allocate_and_free);
    ExDeleteNPagedLookasideList(&list);
}

static void lock_and_unlock(unsigned thread, unsigned round)
{
    PMDL mdl = IoAllocateMdl(user + (thread % 2) * 4096, 4096, FALSE, FALSE, NULL);

    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    assert_true(mdl->MdlFlags & MDL_PAGES_LOCKED);
    assert_int_equal(MmGetMdlPfnArray(mdl)[0], (uintptr_t)user / 4096 + thread % 2);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

static void test_mdls_from_all_threads(void **state)
{
    user = aligned_alloc(4096, 2 * 4096);
    run_crew(lock_and_unlock);
    assert_int_equal(vport_space_locked(test.space), 0);
    free(user);
}

static void test_mdls_of_known_memory_from_all_threads(void **state)
{
    struct vport_frame frames[2];

    user = aligned_alloc(4096, 2 * 4096);
    for (size_t i = 0; i < 2; i++)
        frames[i].number = (uintptr_t)user / 4096 + i;
    assert_int_equal(vport_space_register(test.space, user, 2, frames, false, NULL, NULL),
                     VPORT_OK);
    run_crew(lock_and_unlock);
    assert_int_equal(vport_space_locked(test.space), 0);
    assert_int_equal(vport_space_unregister(test.space, user), VPORT_OK);
    free(user);
}

static PMDL shared_mdl;
static pthread_barrier_t barrier;

static void *end_operations(void *argument)
{
    struct vport_pages *pages = argument;

    for (unsigned i = 0; i < 500; i++) {
        pthread_barrier_wait(&barrier); /* an operation is under way */
        vport_pages_release(pages);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

/*
 * Whoever comes last unlocks, and exactly one does: the owner here, or the operation's end on the
 * other thread.
 */
static void lb_a4_unlocking_races_with_the_last_operation(void **state)
{
    struct vport_pages *pages;
    pthread_t thread;

    user = aligned_alloc(4096, 4096);
    shared_mdl = IoAllocateMdl(user, 4096, FALSE, FALSE, NULL);
    pages = vport_nt_mdl_pages(shared_mdl);
    pthread_barrier_init(&barrier, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, end_operations, pages), 0);
    for (unsigned i = 0; i < 500; i++) {
        MmProbeAndLockPages(shared_mdl, KernelMode, IoWriteAccess);
        assert_true(shared_mdl->MdlFlags & MDL_PAGES_LOCKED);
        vport_pages_hold(pages);
        pthread_barrier_wait(&barrier);
        MmUnlockPages(shared_mdl);
        pthread_barrier_wait(&barrier);
        assert_false(pages->locked);
        assert_int_equal(atomic_load(&pages->users), 0);
        assert_int_equal(vport_space_locked(test.space), 0);
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&barrier);
    vport_reports_clear(test.reports); /* LB-A4, as often as the owner came first */
    IoFreeMdl(shared_mdl);
    free(user);
}

/* ---- I/O and the registry ---- */

static SLIST_HEADER slist;
static SLIST_ENTRY slist_entries[THREADS];

static void push_and_pop(unsigned thread, unsigned round)
{
    PSLIST_ENTRY entry = round == 0 ? &slist_entries[thread] : InterlockedPopEntrySList(&slist);

    if (entry)
        InterlockedPushEntrySList(&slist, entry);
}

static void test_interlocked_lists_lose_nothing(void **state)
{
    unsigned count = 0;

    InitializeSListHead(&slist);
    run_crew(push_and_pop);
    while (InterlockedPopEntrySList(&slist))
        count++;
    assert_int_equal(count, THREADS);
}

static void use_the_registry(unsigned thread, unsigned round)
{
    WCHAR name[] = {'V', (WCHAR)('0' + thread), 0};
    ULONG value = 0;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = name, .EntryContext = &value},
        {0},
    };

    if (round % 20)
        return;
    assert_int_equal(
        RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"Shared", name, REG_DWORD, &round, 4),
        STATUS_SUCCESS);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"Shared", table, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(value, round);
}

static void test_the_registry_from_all_threads(void **state)
{
    run_crew(use_the_registry);
}

static PDRIVER_OBJECT driver;

static void make_devices(unsigned thread, unsigned round)
{
    PDEVICE_OBJECT device;
    PIRP irp;

    if (round % 10)
        return;
    assert_int_equal(IoCreateDevice(driver, 32, NULL, FILE_DEVICE_VIDEO, 0, FALSE, &device),
                     STATUS_SUCCESS);
    irp = IoAllocateIrp(1, FALSE);
    assert_int_equal(vport_nt_device_open(test.nt, device), STATUS_INVALID_DEVICE_REQUEST);
    IoFreeIrp(irp);
    IoDeleteDevice(device);
}

static void test_devices_from_all_threads(void **state)
{
    driver = load_test_driver();
    run_crew(make_devices);
    assert_null(driver->DeviceObject);
    vport_nt_driver_unload(test.nt, driver);
}

static _Atomic unsigned works;

static VOID NTAPI work(PDEVICE_OBJECT device, PVOID context)
{
    LARGE_INTEGER soon = {.QuadPart = -100};
    KTIMER timer;

    KeInitializeTimer(&timer);
    KeSetTimer(&timer, soon, NULL);
    KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE,
                          NULL); /* the timer comes on another worker */
    KeCancelTimer(&timer);
    works++;
    KeSetEvent(context, 0, FALSE);
}

static void test_work_items_may_wait_for_timers(void **state)
{
    PDEVICE_OBJECT device;
    PIO_WORKITEM item;
    KEVENT event;

    works = 0;
    driver = load_test_driver();
    device = create_device(driver, NULL);
    item = IoAllocateWorkItem(device);
    for (unsigned i = 0; i < 50; i++) {
        KeInitializeEvent(&event, NotificationEvent, FALSE);
        IoQueueWorkItem(item, work, DelayedWorkQueue, &event);
        assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL),
                         STATUS_SUCCESS);
    }
    assert_int_equal(works, 50);
    IoFreeWorkItem(item);
    IoDeleteDevice(device);
    vport_nt_driver_unload(test.nt, driver);
}

/*
 * Ends while timers, DPCs and a device timer are busy: nothing of the kernel is touched afterwards.
 */
static VOID NTAPI tick(PDEVICE_OBJECT device, PVOID context)
{
}

static void test_ending_in_full_swing(void **state)
{
    static KTIMER busy[8];
    LARGE_INTEGER soon = {.QuadPart = -1};
    PDEVICE_OBJECT device;

    driver = load_test_driver();
    device = create_device(driver, NULL);
    IoInitializeTimer(device, tick, NULL);
    IoStartTimer(device);
    for (unsigned i = 0; i < 3; i++)
        KeInitializeDpc(&dpcs[i], count_dpc, NULL);
    for (unsigned i = 0; i < 8; i++) {
        KeInitializeTimer(&busy[i]);
        KeSetTimerEx(&busy[i], soon, 1, &dpcs[i % 3]);
    }
    run_for(3000000);
    end_kernel();
    assert_int_equal(vport_reports_count(test.reports, "LEAK"), 9); /* eight timers, one device */
    vport_reports_clear(test.reports);
    vport_loop_stall(test.loop, 2000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_threaded_test(test_spin_locks_exclude),
        nt_threaded_test(test_mutexes_exclude),
        nt_threaded_test(test_an_event_passes_from_thread_to_thread),
        nt_threaded_test(test_each_insertion_runs_once_or_is_removed),
        nt_threaded_test(test_timers_set_and_cancelled_everywhere),
        nt_threaded_test(test_interrupts_and_synchronized_routines_exclude),
        nt_threaded_test(test_disconnecting_under_a_storm),
        nt_threaded_test(test_pool_and_lookaside_from_all_threads),
        nt_threaded_test(test_mdls_from_all_threads),
        nt_threaded_test(test_mdls_of_known_memory_from_all_threads),
        nt_threaded_test(lb_a4_unlocking_races_with_the_last_operation),
        nt_threaded_test(test_interlocked_lists_lose_nothing),
        nt_threaded_test(test_the_registry_from_all_threads),
        nt_threaded_test(test_devices_from_all_threads),
        nt_threaded_test(test_work_items_may_wait_for_timers),
        nt_threaded_test(test_ending_in_full_swing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
