/* SPDX-License-Identifier: MIT */
/*
 * Timers of the kernel (KTIMER) on the machine's loop. What belongs to a set timer and does not fit
 * into the driver's KTIMER is in a record of ours; after KeCancelTimer has returned nothing here
 * touches the KTIMER, so that its memory may go.
 *
 * Sources: wdm/nf-wdm-kesettimer, wdm/nf-wdm-kesettimerex, wdm/nf-wdm-kecanceltimer,
 * wdm/nf-wdm-keinitializetimerex.
 */
#include "nt/dispatcher.h"

#include <stdlib.h>

struct vport_nt_timer {
    LIST_ENTRY link; /* in nt->timers while it is set */
    struct vport_nt *nt;
    PKTIMER timer;
    struct vport_event event;
    uint64_t period; /* ns, 0: once */
    bool cancelled;  /* its event was about to run: that frees it */
};

/* The timer lock is held. */
static struct vport_nt_timer *find(struct vport_nt *nt, const KTIMER *timer)
{
    for (PLIST_ENTRY entry = nt->timers.Flink; entry != &nt->timers; entry = entry->Flink) {
        struct vport_nt_timer *record = CONTAINING_RECORD(entry, struct vport_nt_timer, link);

        if (record->timer == timer)
            return record;
    }
    return NULL;
}

/* Takes the record out; returns it if it is the caller's to free. The timer lock is held. */
static struct vport_nt_timer *unset(struct vport_nt_timer *record)
{
    RemoveEntryList(&record->link);
    if (vport_loop_cancel(record->nt->loop, &record->event))
        return record;
    record->cancelled = true;
    return NULL;
}

/* The timer lock is held. false: it is the caller's to free. */
static bool expire(struct vport_nt_timer *record)
{
    PKTIMER timer = record->timer;
    uint64_t now = vport_nt_system_time(record->nt);

    if (record->cancelled)
        return false;
    __atomic_store_n(&timer->Header.SignalState, 1, __ATOMIC_RELEASE);
    if (timer->Dpc)
        KeInsertQueueDpc(timer->Dpc, (PVOID)(uintptr_t)(uint32_t)now,
                         (PVOID)(uintptr_t)(uint32_t)(now >> 32));
    if (record->period == 0) {
        RemoveEntryList(&record->link);
        return false;
    }
    vport_loop_post(record->nt->loop, &record->event, record->period);
    return true;
}

static void timer_event(void *context)
{
    struct vport_nt_timer *record = context;
    struct vport_nt *nt = record->nt;
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL before =
        vport_nt_raise(cpu, DISPATCH_LEVEL); /* so that the DPC waits until the lock is free */
    bool kept;

    vport_trace(nt->trace, VPORT_TRACE_TIMER, cpu->number, 0, 0, 0);
    vport_lock_acquire(&nt->timer_lock);
    kept = expire(record);
    vport_lock_release(&nt->timer_lock);
    if (!kept)
        free(record);
    vport_loop_wake(nt->loop);
    vport_nt_lower(cpu, before);
}

/* Any IRQL by the book. */
VOID NTAPI KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    *Timer = (KTIMER){0};
    vport_nt_init_header(&Timer->Header,
                         Type == SynchronizationTimer ? VPORT_OBJECT_TIMER_SYNCHRONIZATION
                                                      : VPORT_OBJECT_TIMER_NOTIFICATION,
                         sizeof(*Timer), 0);
}

VOID NTAPI KeInitializeTimer(PKTIMER Timer)
{
    KeInitializeTimerEx(Timer, NotificationTimer);
}

static bool check_timer(PKTIMER timer, const char *function, const void *site)
{
    vport_nt_irql_at_most(function, DISPATCH_LEVEL, site);
    if (timer && (timer->Header.Type == VPORT_OBJECT_TIMER_NOTIFICATION ||
                  timer->Header.Type == VPORT_OBJECT_TIMER_SYNCHRONIZATION))
        return true;
    vport_nt_report("TIMER", site, "%s: %p is not an initialised timer.", function, (void *)timer);
    return false;
}

static void set(struct vport_nt *nt, struct vport_nt_timer *record, uint64_t delay)
{
    InsertTailList(&nt->timers, &record->link);
    __atomic_store_n(&record->timer->Header.SignalState, 0, __ATOMIC_RELEASE);
    record->timer->Period = (ULONG)(record->period / 1000000u);
    vport_loop_post(nt->loop, &record->event, delay);
}

static BOOLEAN set_timer(PKTIMER timer, LARGE_INTEGER due, LONG period, PKDPC dpc,
                         const char *function, const void *site)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_timer *record;
    struct vport_nt_timer *old;
    struct vport_nt_timer *spare = NULL;

    if (!nt || !check_timer(timer, function, site))
        return FALSE;
    record = calloc(1, sizeof(*record));
    if (!record) {
        vport_nt_report("TIMER", site, "%s: no memory; the timer is not set.", function);
        return FALSE;
    }
    record->nt = nt;
    record->timer = timer;
    record->period = (uint64_t)(period > 0 ? period : 0) * 1000000u;
    vport_event_init(&record->event, VPORT_EVENT_SYSTEM, timer_event, record);
    vport_lock_acquire(&nt->timer_lock);
    old = find(nt, timer);
    if (old)
        spare = unset(old);
    timer->Dpc = dpc;
    timer->DueTime.QuadPart = (ULONGLONG)due.QuadPart;
    set(nt, record, vport_nt_timeout(nt, &due));
    vport_lock_release(&nt->timer_lock);
    free(spare);
    return old != NULL;
}

/*
 * IRQL <= DISPATCH_LEVEL. DueTime in 100 ns, negative: from now. TRUE: it was set already, and is
 * now set anew.
 */
BOOLEAN NTAPI KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
    return set_timer(Timer, DueTime, 0, Dpc, "KeSetTimer", VPORT_SITE);
}

/* As KeSetTimer; Period in milliseconds, 0: once. */
BOOLEAN NTAPI KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    return set_timer(Timer, DueTime, Period, Dpc, "KeSetTimerEx", VPORT_SITE);
}

/*
 * IRQL <= DISPATCH_LEVEL. TRUE: it was set and will not expire. Its DPC may be queued or running
 * all the same.
 */
BOOLEAN NTAPI KeCancelTimer(PKTIMER Timer)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_timer *record;
    struct vport_nt_timer *spare = NULL;

    if (!nt || !check_timer(Timer, "KeCancelTimer", VPORT_SITE))
        return FALSE;
    vport_lock_acquire(&nt->timer_lock);
    record = find(nt, Timer);
    if (record)
        spare = unset(record);
    vport_lock_release(&nt->timer_lock);
    free(spare);
    return record != NULL;
}

/* Any IRQL. */
BOOLEAN NTAPI KeReadStateTimer(PKTIMER Timer)
{
    return __atomic_load_n(&Timer->Header.SignalState, __ATOMIC_ACQUIRE) != 0;
}

static bool end_one(struct vport_nt *nt)
{
    struct vport_nt_timer *record = NULL;
    struct vport_nt_timer *spare = NULL;

    vport_lock_acquire(&nt->timer_lock);
    if (!IsListEmpty(&nt->timers)) {
        record = CONTAINING_RECORD(nt->timers.Flink, struct vport_nt_timer, link);
        spare = unset(record);
    }
    vport_lock_release(&nt->timer_lock);
    free(spare);
    return record;
}

void vport_nt_end_timers(struct vport_nt *nt)
{
    while (end_one(nt))
        vport_report(nt->reports, "LEAK", NULL,
                     "A timer is still set: it would expire after its driver is gone.");
}
