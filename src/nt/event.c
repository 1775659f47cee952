/* SPDX-License-Identifier: MIT */
/*
 * Events, semaphores, mutexes, fast mutexes. The objects are the driver's memory; the kernel keeps
 * nothing of its own.
 *
 * Sources: wdm/nf-wdm-keinitializeevent, wdm/nf-wdm-kesetevent, wdm/nf-wdm-kereleasesemaphore,
 * wdm/nf-wdm-kereleasemutex, wdm/nf-wdm-exacquirefastmutex and their neighbours.
 */
#include "nt/dispatcher.h"

/* ---- Events ---- */

static bool check_event(PRKEVENT event, const char *function, const void *site)
{
    if (event && event->Header.Type <= VPORT_OBJECT_EVENT_SYNCHRONIZATION)
        return true;
    vport_nt_report("EVENT", site, "%s: %p is not an initialised event.", function, (void *)event);
    return false;
}

/* Any IRQL. */
VOID NTAPI KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
    vport_nt_init_header(&Event->Header, Type == SynchronizationEvent, sizeof(*Event),
                         State != FALSE);
}

/* IRQL <= DISPATCH_LEVEL, with Wait <= APC_LEVEL. Returns the state before: not 0 = signalled. */
LONG NTAPI KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
    LONG before;

    vport_nt_irql_at_most("KeSetEvent", Wait ? APC_LEVEL : DISPATCH_LEVEL, VPORT_SITE);
    if (!check_event(Event, "KeSetEvent", VPORT_SITE))
        return 0;
    before = __atomic_exchange_n(&Event->Header.SignalState, 1, __ATOMIC_ACQ_REL);
    /* A waiter that was satisfied may free the event's memory: it is not touched from here on. */
    vport_nt_wake();
    return before;
}

/* IRQL <= DISPATCH_LEVEL. */
LONG NTAPI KeResetEvent(PRKEVENT Event)
{
    vport_nt_irql_at_most("KeResetEvent", DISPATCH_LEVEL, VPORT_SITE);
    if (!check_event(Event, "KeResetEvent", VPORT_SITE))
        return 0;
    return __atomic_exchange_n(&Event->Header.SignalState, 0, __ATOMIC_ACQ_REL);
}

/* IRQL <= DISPATCH_LEVEL. */
VOID NTAPI KeClearEvent(PRKEVENT Event)
{
    vport_nt_irql_at_most("KeClearEvent", DISPATCH_LEVEL, VPORT_SITE);
    if (check_event(Event, "KeClearEvent", VPORT_SITE))
        __atomic_store_n(&Event->Header.SignalState, 0, __ATOMIC_RELEASE);
}

/* IRQL <= DISPATCH_LEVEL. */
LONG NTAPI KeReadStateEvent(PRKEVENT Event)
{
    vport_nt_irql_at_most("KeReadStateEvent", DISPATCH_LEVEL, VPORT_SITE);
    if (!check_event(Event, "KeReadStateEvent", VPORT_SITE))
        return 0;
    return __atomic_load_n(&Event->Header.SignalState, __ATOMIC_ACQUIRE);
}

/* ---- Semaphores ---- */

/* Any IRQL. */
VOID NTAPI KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    vport_nt_init_header(&Semaphore->Header, VPORT_OBJECT_SEMAPHORE, sizeof(*Semaphore), Count);
    Semaphore->Limit = Limit;
}

/*
 * IRQL <= DISPATCH_LEVEL. Returns the count before. Above the limit NT raises; here: reported, the
 * count stays.
 */
LONG NTAPI KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment,
                              BOOLEAN Wait)
{
    LONG before = __atomic_load_n(&Semaphore->Header.SignalState, __ATOMIC_RELAXED);

    vport_nt_irql_at_most("KeReleaseSemaphore", Wait ? APC_LEVEL : DISPATCH_LEVEL, VPORT_SITE);
    do {
        if (Adjustment <= 0 || Adjustment > Semaphore->Limit - before) {
            vport_nt_report("SEMAPHORE", VPORT_SITE,
                            "KeReleaseSemaphore: %d more would make the count %d exceed the limit "
                            "%d. NT raises STATUS_SEMAPHORE_LIMIT_EXCEEDED.",
                            Adjustment, before, Semaphore->Limit);
            return before;
        }
    } while (!__atomic_compare_exchange_n(&Semaphore->Header.SignalState, &before,
                                          before + Adjustment, true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    vport_nt_wake();
    return before;
}

/* ---- Mutexes ---- */

/* PASSIVE_LEVEL by the book, any in practice. Level is ignored, as documented. */
VOID NTAPI KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    *Mutex = (KMUTEX){0};
    vport_nt_init_header(&Mutex->Header, VPORT_OBJECT_MUTANT, sizeof(*Mutex), 1);
}

/*
 * IRQL <= DISPATCH_LEVEL, by its owner. Returns the state before (0: now it is free). By another NT
 * raises; here: reported.
 */
LONG NTAPI KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
    LONG before = __atomic_load_n(&Mutex->Header.SignalState, __ATOMIC_RELAXED);

    vport_nt_irql_at_most("KeReleaseMutex", Wait ? APC_LEVEL : DISPATCH_LEVEL, VPORT_SITE);
    if (before > 0 ||
        __atomic_load_n(&Mutex->OwnerThread, __ATOMIC_RELAXED) != KeGetCurrentThread()) {
        vport_nt_report("MUTEX", VPORT_SITE,
                        "KeReleaseMutex: the mutex is %s. NT raises STATUS_MUTANT_NOT_OWNED.",
                        before > 0 ? "not held" : "another thread's");
        return before;
    }
    if (before == 0)
        __atomic_store_n(&Mutex->OwnerThread, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&Mutex->Header.SignalState, before + 1, __ATOMIC_RELEASE);
    vport_nt_wake();
    return before;
}

/* Any IRQL. */
LONG NTAPI KeReadStateMutex(PRKMUTEX Mutex)
{
    return __atomic_load_n(&Mutex->Header.SignalState, __ATOMIC_ACQUIRE);
}

/* ---- Fast mutexes ---- */

static bool take_fast(void *context)
{
    PFAST_MUTEX mutex = context;
    LONG expected = 1;

    return __atomic_compare_exchange_n(&mutex->Count, &expected, 0, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static bool owns_fast(const FAST_MUTEX *mutex)
{
    return __atomic_load_n(&mutex->Count, __ATOMIC_RELAXED) != 1 &&
           __atomic_load_n(&mutex->Owner, __ATOMIC_RELAXED) == KeGetCurrentThread();
}

static void acquired_fast(PFAST_MUTEX mutex, KIRQL before)
{
    __atomic_store_n(&mutex->Owner, KeGetCurrentThread(), __ATOMIC_RELAXED);
    mutex->OldIrql = before;
}

/* Taken twice by one thread it would wait for itself: reported, and not waited for. */
static bool acquire_fast(PFAST_MUTEX mutex, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!cpu || !vport_nt_irql_at_most(function, APC_LEVEL, site))
        return false;
    if (owns_fast(mutex)) {
        vport_nt_report("MUTEX", site,
                        "%s: this thread holds the fast mutex already; NT deadlocks.", function);
        return false;
    }
    vport_nt_wait(cpu->nt, take_fast, mutex, UINT64_MAX, "a fast mutex", site);
    acquired_fast(mutex, cpu->irql);
    return true;
}

/* IRQL <= APC_LEVEL; returns at APC_LEVEL. */
VOID FASTCALL ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    if (acquire_fast(FastMutex, "ExAcquireFastMutex", VPORT_SITE))
        vport_nt_raise(vport_cpu_get(), APC_LEVEL);
}

/* IRQL <= APC_LEVEL. TRUE: acquired, at APC_LEVEL. */
BOOLEAN FASTCALL ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!cpu || !vport_nt_irql_at_most("ExTryToAcquireFastMutex", APC_LEVEL, VPORT_SITE) ||
        !take_fast(FastMutex))
        return FALSE;
    acquired_fast(FastMutex, vport_nt_raise(cpu, APC_LEVEL));
    return TRUE;
}

static void release_fast(PFAST_MUTEX mutex)
{
    __atomic_store_n(&mutex->Owner, NULL, __ATOMIC_RELAXED);
    __atomic_store_n(&mutex->Count, 1, __ATOMIC_RELEASE);
    vport_nt_wake();
}

static bool check_owner(const FAST_MUTEX *mutex, const char *function, const void *site)
{
    if (vport_cpu_get() && owns_fast(mutex))
        return vport_nt_irql_between(function, APC_LEVEL, APC_LEVEL, site);
    vport_nt_report("MUTEX", site, "%s: this thread does not hold the fast mutex.", function);
    return false;
}

/* APC_LEVEL, by its owner; returns at the IRQL of the acquisition. */
VOID FASTCALL ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
    KIRQL before = (KIRQL)FastMutex->OldIrql;

    if (!check_owner(FastMutex, "ExReleaseFastMutex", VPORT_SITE))
        return;
    release_fast(FastMutex);
    vport_nt_lower(vport_cpu_get(), before);
}

/* At APC_LEVEL already, or in a critical region; IRQL stays. */
VOID FASTCALL ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    acquire_fast(FastMutex, "ExAcquireFastMutexUnsafe", VPORT_SITE);
}

VOID FASTCALL ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
    if (vport_cpu_get() && owns_fast(FastMutex))
        release_fast(FastMutex);
    else
        vport_nt_report("MUTEX", VPORT_SITE,
                        "ExReleaseFastMutexUnsafe: this thread does not hold the fast mutex.");
}

/* IRQL <= APC_LEVEL. Critical regions hold off APCs, which do not exist here. */
VOID NTAPI KeEnterCriticalRegion(VOID)
{
    vport_nt_irql_at_most("KeEnterCriticalRegion", APC_LEVEL, VPORT_SITE);
}

VOID NTAPI KeLeaveCriticalRegion(VOID)
{
    vport_nt_irql_at_most("KeLeaveCriticalRegion", APC_LEVEL, VPORT_SITE);
}
