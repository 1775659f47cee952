/* SPDX-License-Identifier: MIT */
/*
 * The loop's door and its queues. How time passes and who runs next: loop_deterministic.c,
 * loop_threaded.c.
 */
#include "base/loop_parts.h"

#include <stdlib.h>

#include <videoport/trace.h>

static bool threaded(const struct vport_loop *loop)
{
    return loop->mode == VPORT_LOOP_THREADED;
}

/* ---- Queues ---- */

static void queue_init(struct queue *queue)
{
    queue->head.next = queue->head.previous = &queue->head;
}

struct vport_event *vport_loop_queue_first(struct queue *queue)
{
    return queue->head.next != &queue->head ? queue->head.next : NULL;
}

static void queue_insert(struct queue *queue, struct vport_event *event)
{
    struct vport_event *before = queue->head.previous;

    while (before != &queue->head && before->due > event->due)
        before = before->previous;
    event->previous = before;
    event->next = before->next;
    before->next->previous = event;
    before->next = event;
}

bool vport_loop_queue_remove(struct vport_event *event)
{
    if (!event->next)
        return false;
    event->previous->next = event->next;
    event->next->previous = event->previous;
    event->next = event->previous = NULL;
    return true;
}

uint64_t vport_loop_deadline(uint64_t now, uint64_t delay)
{
    return delay < UINT64_MAX - now ? now + delay : UINT64_MAX;
}

/* `event` may be gone when this returns. */
void vport_loop_event_run(struct vport_loop *loop, struct vport_event *event,
                          vport_loop_wrapper *wrapper, void *context)
{
    vport_trace(loop->trace, VPORT_TRACE_LOOP, event->class, vport_loop_now(loop), 0, 0);
    if (wrapper)
        wrapper(context, event);
    else
        event->run(event->context);
}

void vport_loop_queue_put(struct vport_loop *loop, struct vport_event *event, uint64_t due)
{
    vport_loop_queue_remove(event);
    event->due = due;
    queue_insert(&loop->queues[event->class], event);
}

/* ---- The door ---- */

enum vport_status vport_loop_create(enum vport_loop_mode mode, uint64_t seed,
                                    struct vport_trace *trace, struct vport_loop **result)
{
    struct vport_loop *loop = calloc(1, sizeof(*loop));

    *result = NULL;
    if (!loop)
        return VPORT_E_NO_MEMORY;
    loop->mode = mode;
    loop->trace = trace;
    atomic_init(&loop->random, seed);
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        queue_init(&loop->queues[c]);
    vport_loop_threads_init(loop);
    if (threaded(loop) && !vport_loop_threads_start(loop)) {
        vport_loop_destroy(loop);
        return VPORT_E_NO_MEMORY;
    }
    *result = loop;
    return VPORT_OK;
}

void vport_loop_destroy(struct vport_loop *loop)
{
    if (!loop)
        return;
    vport_loop_threads_end(loop);
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        while (vport_loop_queue_first(&loop->queues[c]))
            vport_loop_queue_remove(vport_loop_queue_first(&loop->queues[c]));
    free(loop);
}

void vport_loop_set_wrapper(struct vport_loop *loop, vport_loop_wrapper *wrapper, void *context)
{
    vport_loop_threaded_set_wrapper(loop, wrapper, context);
}

enum vport_loop_mode vport_loop_mode(const struct vport_loop *loop)
{
    return loop->mode;
}

uint64_t vport_loop_now(struct vport_loop *loop)
{
    return threaded(loop) ? vport_loop_threaded_now(loop) : loop->now;
}

/* SplitMix64 (Steele, Lea, Flood 2014): one addition of state, so that any thread may draw. */
uint64_t vport_loop_random(struct vport_loop *loop)
{
    const uint64_t step = 0x9e3779b97f4a7c15u;
    uint64_t z = atomic_fetch_add_explicit(&loop->random, step, memory_order_relaxed) + step;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void vport_loop_post(struct vport_loop *loop, struct vport_event *event, uint64_t delay)
{
    if (threaded(loop))
        vport_loop_threaded_post(loop, event, delay);
    else
        vport_loop_queue_put(loop, event, vport_loop_deadline(loop->now, delay));
}

bool vport_loop_cancel(struct vport_loop *loop, struct vport_event *event)
{
    return threaded(loop) ? vport_loop_threaded_cancel(loop, event)
                          : vport_loop_queue_remove(event);
}

void vport_loop_cancel_wait(struct vport_loop *loop, struct vport_event *event)
{
    if (threaded(loop))
        vport_loop_threaded_cancel_wait(loop, event);
    else
        vport_loop_queue_remove(event);
}

void vport_loop_yield_to(struct vport_loop *loop, unsigned classes)
{
    if (!threaded(loop))
        vport_loop_deterministic_yield(loop, classes);
}

void vport_loop_yield(struct vport_loop *loop)
{
    vport_loop_yield_to(loop, VPORT_LOOP_ALL);
}

bool vport_loop_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                     uint64_t timeout)
{
    if (threaded(loop))
        return vport_loop_threaded_wait(loop, condition, context, timeout);
    return vport_loop_deterministic_wait(loop, condition, context, timeout);
}

void vport_loop_wake(struct vport_loop *loop)
{
    if (threaded(loop))
        vport_loop_threaded_wake(loop);
}

void vport_loop_stall_to(struct vport_loop *loop, unsigned classes, uint64_t delay)
{
    if (threaded(loop))
        vport_loop_threaded_stall(loop, delay);
    else
        vport_loop_deterministic_stall(loop, classes, delay);
}

void vport_loop_stall(struct vport_loop *loop, uint64_t delay)
{
    vport_loop_stall_to(loop, VPORT_LOOP_ALL, delay);
}
