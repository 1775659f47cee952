/* SPDX-License-Identifier: MIT */
/*
 * The loop: one machine's time and order.
 *
 * Everything that a machine does by itself is an event: a device step, an interrupt to deliver, a
 * timer, a queued request that may now run. In deterministic mode there is one thread and a virtual
 * clock; a seed decides which of the ready events runs next and whether one runs now at all, so
 * that the same seed replays the same run byte for byte. In threaded mode there is the real clock
 * and one worker thread per event class, and events of one class never overlap each other.
 *
 * In deterministic mode a device's event never comes inside another device's event. A system event
 * may come inside any event that yields, as an interrupt on another processor would: a new
 * interrupt while the deferred work of the last one is under way.
 *
 * Knows nothing of DMA, NT or devices.
 */
#ifndef VPORT_BASE_LOOP_H
#define VPORT_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <videoport/status.h>

struct vport_loop;
struct vport_trace;

enum vport_loop_mode {
    VPORT_LOOP_DETERMINISTIC,
    VPORT_LOOP_THREADED,
};

enum vport_event_class {
    VPORT_EVENT_DEVICE, /* the device's own work */
    VPORT_EVENT_SYSTEM, /* the kernel's: timers, deferred interrupts, queued requests */
    VPORT_EVENT_WORK,   /* what may wait for events of the other classes */
    VPORT_EVENT_CLASSES
};

/* Owned by the caller, zero-initialised, alive until it has run or was cancelled. Its fields belong
 * to the loop. */
struct vport_event {
    void (*run)(void *context);
    void *context;
    enum vport_event_class class;
    uint64_t due; /* ns on the loop's clock */
    /* In order of due time, then of posting; NULL = not posted. */
    struct vport_event *next, *previous;
};

static inline void vport_event_init(struct vport_event *event, enum vport_event_class class,
                                    void (*run)(void *), void *context)
{
    *event = (struct vport_event){.run = run, .context = context, .class = class};
}

/*
 * Wraps every event that runs on the loop, so that a higher floor can give it a processor of its
 * own (the kernel room does: an event interrupts whatever the thread was doing, on another
 * simulated CPU).
 */
typedef void vport_loop_wrapper(void *context, struct vport_event *event);

enum vport_status vport_loop_create(enum vport_loop_mode mode, uint64_t seed,
                                    struct vport_trace *trace, struct vport_loop **loop);
/* Stops the workers, drops what is still posted. Not from an event. */
void vport_loop_destroy(struct vport_loop *loop);
/* When it returns no event runs any more that began under the wrapper before. Not from an event. */
void vport_loop_set_wrapper(struct vport_loop *loop, vport_loop_wrapper *wrapper, void *context);

enum vport_loop_mode vport_loop_mode(const struct vport_loop *loop);
/* Nanoseconds since the loop was made: virtual in deterministic mode, CLOCK_MONOTONIC in threaded
 * mode. */
uint64_t vport_loop_now(struct vport_loop *loop);
/*
 * A number from the seed's stream; deterministic mode only gives the same ones in the same order.
 */
uint64_t vport_loop_random(struct vport_loop *loop);

/* Runs `event` once, `delay` ns from now. An event already posted is moved. Any thread. */
void vport_loop_post(struct vport_loop *loop, struct vport_event *event, uint64_t delay);
/* true if it was posted and now will not run; false if it is not posted (it may be running on
 * another thread). */
bool vport_loop_cancel(struct vport_loop *loop, struct vport_event *event);
/* As cancel, and waits until a run of it on another thread is over, which cannot post it again. Not
 * from that event itself. */
void vport_loop_cancel_wait(struct vport_loop *loop, struct vport_event *event);

/*
 * A place where something else may happen (register access, lowered IRQL). Deterministic: the seed
 * decides whether and which ready events run now, nested at most VPORT_LOOP_DEPTH deep. Threaded:
 * nothing.
 */
enum { VPORT_LOOP_DEPTH = 8 };
void vport_loop_yield(struct vport_loop *loop);
/*
 * The same where nothing but devices may run (a lock is held that other events could want):
 * `classes` is a set of 1 << enum vport_event_class. Without it a driver that polls its device
 * under a lock would wait for ever.
 */
enum {
    VPORT_LOOP_DEVICES = 1 << VPORT_EVENT_DEVICE,
    VPORT_LOOP_ALL = (1 << VPORT_EVENT_CLASSES) - 1
};
void vport_loop_yield_to(struct vport_loop *loop, unsigned classes);

/*
 * Waits until condition(context) is true, at most `timeout` ns (UINT64_MAX: no limit). Returns what
 * condition said last. Deterministic: runs events, moving the virtual clock to the next due one
 * when none is ready; with nothing left to run and no timeout it returns false (nobody could ever
 * make it true: report it). Threaded: sleeps until vport_loop_wake() or the timeout; spins for a
 * short while first. In both modes `condition` is called without a lock of the loop held.
 */
bool vport_loop_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                     uint64_t timeout);
/* Something a waiter may wait for has changed. Costs one load when nobody sleeps. Any thread. */
void vport_loop_wake(struct vport_loop *loop);

/* Lets `delay` ns pass: deterministic: events that become due run; threaded: busy-waits (use for
 * microseconds only). */
void vport_loop_stall(struct vport_loop *loop, uint64_t delay);
void vport_loop_stall_to(struct vport_loop *loop, unsigned classes, uint64_t delay);

#endif
