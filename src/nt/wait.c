/* SPDX-License-Identifier: MIT */
/*
 * Waiting for dispatcher objects. An object's signal state is one atomic word in its header; a
 * waiter tries to take it, and tries again whenever something was signalled. There are no wait
 * lists: the order in which waiters are satisfied is not promised by NT either.
 *
 * Sources: wdm/nf-wdm-kewaitforsingleobject, wdm/nf-wdm-kewaitformultipleobjects,
 * wdm/nf-wdm-kedelayexecutionthread.
 */
#include "nt/dispatcher.h"

#include <time.h>

/* A deterministic machine boots when Windows XP came out: 25 October 2001, in 100 ns since 1601. */
#define DETERMINISTIC_BOOT ((11644473600u + 1003968000u) * UINT64_C(10000000))

/* ---- Time ---- */

uint64_t vport_nt_system_time(struct vport_nt *nt)
{
    struct timespec now;

    if (!nt->threaded)
        return DETERMINISTIC_BOOT + vport_loop_now(nt->loop) / 100;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((uint64_t)now.tv_sec + 11644473600u) * 10000000u + (uint64_t)now.tv_nsec / 100u;
}

static uint64_t nanoseconds(uint64_t units)
{
    uint64_t result;

    return vport_mul_u64(units, 100, &result) ? result : UINT64_MAX - 1;
}

uint64_t vport_nt_timeout(struct vport_nt *nt, const LARGE_INTEGER *timeout)
{
    uint64_t now;

    if (!timeout)
        return UINT64_MAX;
    if (timeout->QuadPart <= 0)
        return nanoseconds(0 - (uint64_t)timeout->QuadPart);
    now = vport_nt_system_time(nt);
    return (uint64_t)timeout->QuadPart > now ? nanoseconds((uint64_t)timeout->QuadPart - now) : 0;
}

bool vport_nt_wait(struct vport_nt *nt, bool (*condition)(void *), void *context, uint64_t timeout,
                   const char *what, const void *site)
{
    bool satisfied = vport_loop_wait(nt->loop, condition, context, timeout);

    if (!satisfied && timeout == UINT64_MAX)
        vport_report(nt->reports, "WAIT", site,
                     "A wait for %s can never end: nothing is left that could run and signal it. "
                     "It is ended with a timeout.",
                     what);
    return satisfied;
}

/* ---- Taking an object ---- */

static bool take_one(LONG *state)
{
    LONG now = __atomic_load_n(state, __ATOMIC_RELAXED);

    while (now > 0)
        if (__atomic_compare_exchange_n(state, &now, now - 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

/*
 * A mutex is free at 1 and owned at 0 and below: each further acquisition by its owner counts down.
 */
static bool take_mutex(PKMUTEX mutex)
{
    PKTHREAD thread = KeGetCurrentThread();
    LONG expected = 1;

    if (__atomic_load_n(&mutex->OwnerThread, __ATOMIC_RELAXED) == thread) {
        __atomic_fetch_sub(&mutex->Header.SignalState, 1, __ATOMIC_RELAXED);
        return true;
    }
    if (!__atomic_compare_exchange_n(&mutex->Header.SignalState, &expected, 0, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    __atomic_store_n(&mutex->OwnerThread, thread, __ATOMIC_RELAXED);
    return true;
}

static bool try_take(void *context)
{
    PDISPATCHER_HEADER header = context;

    switch (header->Type) {
    case VPORT_OBJECT_EVENT_SYNCHRONIZATION:
    case VPORT_OBJECT_TIMER_SYNCHRONIZATION:
    case VPORT_OBJECT_SEMAPHORE:
        return take_one(&header->SignalState);
    case VPORT_OBJECT_MUTANT:
        return take_mutex((PKMUTEX)header);
    default:
        return __atomic_load_n(&header->SignalState, __ATOMIC_ACQUIRE) > 0;
    }
}

static const char *object_name(const DISPATCHER_HEADER *header)
{
    switch (header->Type) {
    case VPORT_OBJECT_EVENT_NOTIFICATION:
    case VPORT_OBJECT_EVENT_SYNCHRONIZATION:
        return "an event";
    case VPORT_OBJECT_MUTANT:
        return "a mutex";
    case VPORT_OBJECT_SEMAPHORE:
        return "a semaphore";
    case VPORT_OBJECT_THREAD:
        return "a thread";
    case VPORT_OBJECT_TIMER_NOTIFICATION:
    case VPORT_OBJECT_TIMER_SYNCHRONIZATION:
        return "a timer";
    default:
        return NULL;
    }
}

static bool check_object(PVOID object, const char *function, const void *site)
{
    if (object && object_name(object))
        return true;
    vport_nt_report("WAIT", site, "%s: %p is not an initialised dispatcher object.", function,
                    object);
    return false;
}

/*
 * With a timeout of zero a wait is a look, allowed up to DISPATCH_LEVEL. On misuse it is made one.
 */
static uint64_t checked_timeout(struct vport_nt *nt, const LARGE_INTEGER *timeout,
                                const char *function, const void *site)
{
    uint64_t nanoseconds_left = vport_nt_timeout(nt, timeout);
    bool look = timeout && timeout->QuadPart == 0;

    return vport_nt_irql_at_most(function, look ? DISPATCH_LEVEL : APC_LEVEL, site)
               ? nanoseconds_left
               : 0;
}

/*
 * IRQL <= APC_LEVEL, with a zero timeout <= DISPATCH_LEVEL. STATUS_SUCCESS; STATUS_TIMEOUT, also
 * for misuse and for a wait that could never end (both reported). Reason, mode and alertability
 * make no difference: there are no APCs here.
 */
NTSTATUS NTAPI KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason,
                                     KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                                     PLARGE_INTEGER Timeout)
{
    struct vport_nt *nt = vport_nt_get();
    uint64_t timeout;

    if (!check_object(Object, "KeWaitForSingleObject", VPORT_SITE) || !nt)
        return STATUS_TIMEOUT;
    timeout = checked_timeout(nt, Timeout, "KeWaitForSingleObject", VPORT_SITE);
    return vport_nt_wait(nt, try_take, Object, timeout, object_name(Object), VPORT_SITE)
               ? STATUS_SUCCESS
               : STATUS_TIMEOUT;
}

/* Several objects, of which one or all are wanted. */
struct set {
    PVOID *objects;
    ULONG count;
    bool all;
    ULONG taken; /* the index of the one, afterwards */
};

static bool is_signalled(PVOID object)
{
    PKMUTEX mutex = object;
    bool own = mutex->Header.Type == VPORT_OBJECT_MUTANT &&
               __atomic_load_n(&mutex->OwnerThread, __ATOMIC_RELAXED) == KeGetCurrentThread();

    return own || __atomic_load_n(&mutex->Header.SignalState, __ATOMIC_ACQUIRE) > 0;
}

/* Gives back what was taken in vain. */
static void untake(PDISPATCHER_HEADER header)
{
    if (header->Type == VPORT_OBJECT_MUTANT)
        KeReleaseMutex((PKMUTEX)header, FALSE);
    else if (header->Type == VPORT_OBJECT_SEMAPHORE)
        __atomic_fetch_add(&header->SignalState, 1, __ATOMIC_RELEASE);
    else
        __atomic_store_n(&header->SignalState, 1, __ATOMIC_RELEASE);
}

/*
 * Nothing is taken before all are signalled, and what another thread then snatches makes the rest
 * be given back.
 */
static bool take_all(const struct set *set)
{
    ULONG i;

    for (i = 0; i < set->count; i++)
        if (!is_signalled(set->objects[i]))
            return false;
    for (i = 0; i < set->count && try_take(set->objects[i]); i++)
        ;
    if (i == set->count)
        return true;
    while (i-- > 0)
        untake(set->objects[i]);
    return false;
}

static bool take_any(struct set *set)
{
    for (ULONG i = 0; i < set->count; i++) {
        if (try_take(set->objects[i])) {
            set->taken = i;
            return true;
        }
    }
    return false;
}

static bool try_take_set(void *context)
{
    struct set *set = context;

    return set->all ? take_all(set) : take_any(set);
}

/*
 * As KeWaitForSingleObject. STATUS_WAIT_0 + the index of the object that was signalled (WaitAny),
 * STATUS_SUCCESS (WaitAll), STATUS_TIMEOUT, STATUS_INVALID_PARAMETER: no or too many objects.
 */
NTSTATUS NTAPI KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType,
                                        KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
                                        BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                        PKWAIT_BLOCK WaitBlockArray)
{
    struct vport_nt *nt = vport_nt_get();
    struct set set = {Object, Count, WaitType == WaitAll, 0};
    uint64_t timeout;

    if (!nt || Count == 0 || Count > (WaitBlockArray ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS))
        return STATUS_INVALID_PARAMETER;
    for (ULONG i = 0; i < Count; i++)
        if (!check_object(Object[i], "KeWaitForMultipleObjects", VPORT_SITE))
            return STATUS_TIMEOUT;
    timeout = checked_timeout(nt, Timeout, "KeWaitForMultipleObjects", VPORT_SITE);
    if (!vport_nt_wait(nt, try_take_set, &set, timeout, "several objects", VPORT_SITE))
        return STATUS_TIMEOUT;
    return STATUS_WAIT_0 + (NTSTATUS)set.taken;
}

/* IRQL <= APC_LEVEL. */
NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                                      PLARGE_INTEGER Interval)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt && Interval && vport_nt_irql_at_most("KeDelayExecutionThread", APC_LEVEL, VPORT_SITE))
        vport_nt_sleep(nt, vport_nt_timeout(nt, Interval));
    return STATUS_SUCCESS;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

void vport_nt_sleep(struct vport_nt *nt, uint64_t nanoseconds_to_sleep)
{
    vport_loop_wait(nt->loop, never, NULL, nanoseconds_to_sleep);
}
