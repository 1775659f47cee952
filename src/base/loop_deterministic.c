/* SPDX-License-Identifier: MIT */
/*
 * The loop in deterministic mode: one thread, a virtual clock, a seed that decides. Takes no lock
 * and makes no system call.
 */
#include "base/loop_parts.h"

/*
 * What a place to yield, and an event, cost on the virtual clock: about an uncached register
 * access. Because time passes, drivers that poll come to an end, and a device that never stops
 * asking for attention cannot keep a timeout from coming.
 */
#define STEP_TIME 100u

static unsigned runnable(const struct vport_loop *loop, unsigned classes)
{
    if (loop->active[VPORT_EVENT_DEVICE])
        classes &= ~(unsigned)VPORT_LOOP_DEVICES;
    return classes;
}

static size_t ready_count(struct vport_loop *loop, unsigned classes)
{
    size_t count = 0;

    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++) {
        struct vport_event *head = &loop->queues[c].head;

        if (classes & 1u << c)
            for (struct vport_event *e = head->next; e != head && e->due <= loop->now; e = e->next)
                count++;
    }
    return count;
}

/* The index-th of those that ready_count counted. */
static struct vport_event *ready_event(struct vport_loop *loop, unsigned classes, size_t index)
{
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++) {
        struct vport_event *head = &loop->queues[c].head;

        if (classes & 1u << c)
            for (struct vport_event *e = head->next; e != head && e->due <= loop->now; e = e->next)
                if (index-- == 0)
                    return e;
    }
    return NULL;
}

static void run_nested(struct vport_loop *loop, struct vport_event *event)
{
    enum vport_event_class class = event->class;

    vport_loop_queue_remove(event);
    loop->depth++;
    loop->active[class]++;
    loop->now += STEP_TIME;
    vport_loop_event_run(loop, event, loop->wrapper, loop->wrapper_context);
    loop->active[class]--;
    loop->depth--;
}

/* Runs one of the events that are due; false if there is none. */
static bool run_ready(struct vport_loop *loop, unsigned classes)
{
    size_t count = ready_count(loop, runnable(loop, classes));

    if (count == 0)
        return false;
    run_nested(loop, ready_event(loop, runnable(loop, classes), vport_loop_random(loop) % count));
    return true;
}

/* When the next event is due, UINT64_MAX if none is posted. */
static uint64_t next_due(struct vport_loop *loop, unsigned classes)
{
    uint64_t due = UINT64_MAX;

    classes = runnable(loop, classes);
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++) {
        struct vport_event *first = vport_loop_queue_first(&loop->queues[c]);

        if ((classes & 1u << c) && first && first->due < due)
            due = first->due;
    }
    return due;
}

static void clock_forward(struct vport_loop *loop, uint64_t now)
{
    if (now > loop->now)
        loop->now = now;
}

bool vport_loop_deterministic_wait(struct vport_loop *loop, bool (*condition)(void *),
                                   void *context, uint64_t timeout)
{
    uint64_t end = vport_loop_deadline(loop->now, timeout);

    while (!condition(context)) {
        uint64_t due;

        if (loop->now >= end)
            return false;
        if (run_ready(loop, VPORT_LOOP_ALL))
            continue;
        due = next_due(loop, VPORT_LOOP_ALL);
        if (due == UINT64_MAX && end == UINT64_MAX)
            return false;
        clock_forward(loop, due < end ? due : end);
    }
    return true;
}

void vport_loop_deterministic_yield(struct vport_loop *loop, unsigned classes)
{
    loop->now += STEP_TIME;
    if (loop->depth < VPORT_LOOP_DEPTH && ready_count(loop, runnable(loop, classes)) > 0 &&
        vport_loop_random(loop) & 1)
        run_ready(loop, classes);
}

void vport_loop_deterministic_stall(struct vport_loop *loop, unsigned classes, uint64_t delay)
{
    uint64_t end = vport_loop_deadline(loop->now, delay);

    while (loop->now < end) {
        uint64_t due;

        if (loop->depth < VPORT_LOOP_DEPTH && run_ready(loop, classes))
            continue;
        due = next_due(loop, classes);
        clock_forward(loop, due > loop->now && due < end ? due : end);
    }
}
