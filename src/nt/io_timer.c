/* SPDX-License-Identifier: MIT */
/*
 * A device's timer: its routine runs once a second, at DISPATCH_LEVEL, while it is started.
 *
 * Sources: wdm/nf-wdm-ioinitializetimer, wdm/nf-wdm-iostarttimer, wdm/nf-wdm-iostoptimer.
 */
#include "nt/objects.h"

#include <stdlib.h>

#define SECOND UINT64_C(1000000000)

struct _IO_TIMER {
    CSHORT type;  /* IO_TYPE_TIMER */
    bool started; /* under timer_lock */
    struct vport_nt *nt;
    PDEVICE_OBJECT device;
    PIO_TIMER_ROUTINE routine;
    PVOID context;
    struct vport_event event;
};

static bool is_started(PIO_TIMER timer)
{
    bool started;

    vport_lock_acquire(&timer->nt->timer_lock);
    started = timer->started;
    vport_lock_release(&timer->nt->timer_lock);
    return started;
}

static void tick(void *context)
{
    PIO_TIMER timer = context;
    struct vport_nt *nt = timer->nt;
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL before = vport_nt_raise(cpu, DISPATCH_LEVEL);

    vport_trace(nt->trace, VPORT_TRACE_TIMER, cpu->number, 0, 0, 0);
    if (is_started(timer))
        timer->routine(timer->device, timer->context);
    vport_lock_acquire(&nt->timer_lock);
    if (timer->started)
        vport_loop_post(nt->loop, &timer->event, SECOND);
    vport_lock_release(&nt->timer_lock);
    vport_nt_lower(cpu, before);
}

/*
 * PASSIVE_LEVEL. Once for a device; STATUS_INSUFFICIENT_RESOURCES. The timer goes with the device.
 */
NTSTATUS NTAPI IoInitializeTimer(PDEVICE_OBJECT DeviceObject, PIO_TIMER_ROUTINE TimerRoutine,
                                 PVOID Context)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoInitializeTimer", VPORT_SITE);
    PIO_TIMER timer;

    vport_nt_irql_at_most("IoInitializeTimer", PASSIVE_LEVEL, VPORT_SITE);
    if (!device)
        return STATUS_INVALID_PARAMETER;
    if (!DeviceObject->Timer) {
        timer = calloc(1, sizeof(*timer));
        if (!timer)
            return STATUS_INSUFFICIENT_RESOURCES;
        timer->type = IO_TYPE_TIMER;
        timer->nt = device->nt;
        timer->device = DeviceObject;
        vport_event_init(&timer->event, VPORT_EVENT_SYSTEM, tick, timer);
        DeviceObject->Timer = timer;
    }
    DeviceObject->Timer->routine = TimerRoutine;
    DeviceObject->Timer->context = Context;
    return STATUS_SUCCESS;
}

static PIO_TIMER check(PDEVICE_OBJECT object, const char *function, const void *site)
{
    struct vport_nt_device *device = vport_nt_device_check(object, function, site);

    vport_nt_irql_at_most(function, DISPATCH_LEVEL, site);
    if (device && object->Timer)
        return object->Timer;
    if (device)
        vport_nt_report("TIMER", site,
                        "%s: the device has no timer; IoInitializeTimer comes first.", function);
    return NULL;
}

static void switch_timer(PIO_TIMER timer, bool on)
{
    vport_lock_acquire(&timer->nt->timer_lock);
    if (on && !timer->started)
        vport_loop_post(timer->nt->loop, &timer->event, SECOND);
    else if (!on)
        vport_loop_cancel(timer->nt->loop, &timer->event);
    timer->started = on;
    vport_lock_release(&timer->nt->timer_lock);
}

/* IRQL <= DISPATCH_LEVEL. */
VOID NTAPI IoStartTimer(PDEVICE_OBJECT DeviceObject)
{
    PIO_TIMER timer = check(DeviceObject, "IoStartTimer", VPORT_SITE);

    if (timer)
        switch_timer(timer, true);
}

/*
 * IRQL <= DISPATCH_LEVEL; not from the timer's routine, by the book. The routine may be running
 * when this returns.
 */
VOID NTAPI IoStopTimer(PDEVICE_OBJECT DeviceObject)
{
    PIO_TIMER timer = check(DeviceObject, "IoStopTimer", VPORT_SITE);

    if (timer)
        switch_timer(timer, false);
}

void vport_nt_io_timer_delete(struct vport_nt *nt, PDEVICE_OBJECT object)
{
    PIO_TIMER timer = object->Timer;

    if (!timer)
        return;
    if (is_started(timer))
        vport_report(nt->reports, "TIMER", NULL,
                     "A device was deleted while its timer was started; IoStopTimer comes first.");
    switch_timer(timer, false);
    vport_loop_cancel_wait(nt->loop, &timer->event);
    object->Timer = NULL;
    free(timer);
}
