/* SPDX-License-Identifier: MIT */
/*
 * The loop's own parts, shared by its files: loop.c (the door, queues), loop_deterministic.c,
 * loop_threaded.c. No other file includes this.
 */
#ifndef VPORT_BASE_LOOP_PARTS_H
#define VPORT_BASE_LOOP_PARTS_H

#include "base/loop.h"

#include <pthread.h>
#include <stdatomic.h>

struct queue {
    struct vport_event head; /* of a ring; only its links are used */
};

struct worker {
    struct vport_loop *loop;
    enum vport_event_class class;
    struct vport_event *running; /* under the lock */
    /* The running one if somebody waits for its end: it is not posted again. */
    struct vport_event *cancelling;
    uint64_t runs; /* events that have run */
    pthread_t thread;
    pthread_cond_t posted;
    bool asleep;            /* under the lock */
    bool started;           /* there is a thread */
    _Atomic uint64_t posts; /* counted, so that the worker sees them while it looks around */
};

struct vport_loop {
    enum vport_loop_mode mode;
    struct vport_trace *trace;
    vport_loop_wrapper *wrapper;
    void *wrapper_context;
    struct queue queues[VPORT_EVENT_CLASSES];
    _Atomic uint64_t random; /* the stream's position */

    /* Deterministic mode. */
    uint64_t now;
    unsigned depth;                       /* events running inside each other */
    unsigned active[VPORT_EVENT_CLASSES]; /* the same by class */

    /* Threaded mode. */
    uint64_t start; /* CLOCK_MONOTONIC when the loop was made */
    uint64_t spin;  /* ns to look around before sleeping */
    pthread_mutex_t lock;
    pthread_cond_t idle;    /* an event has run */
    pthread_cond_t changed; /* vport_loop_wake */
    uint64_t wakes;         /* under the lock */
    bool stop;              /* under the lock */
    _Atomic unsigned sleepers;
    struct worker workers[VPORT_EVENT_CLASSES];
};

/*
 * One queue of events per class, in order of due time and then of posting. NULL if there is none.
 */
struct vport_event *vport_loop_queue_first(struct queue *queue);
/* Posts it, or moves it. */
void vport_loop_queue_put(struct vport_loop *loop, struct vport_event *event, uint64_t due);
/* false if it was not posted. */
bool vport_loop_queue_remove(struct vport_event *event);
/* now + delay, or "never". */
uint64_t vport_loop_deadline(uint64_t now, uint64_t delay);
/* Runs it; `event` may be gone when this returns. */
void vport_loop_event_run(struct vport_loop *loop, struct vport_event *event,
                          vport_loop_wrapper *wrapper, void *context);

/* As the functions of loop.h, in deterministic mode. */
bool vport_loop_deterministic_wait(struct vport_loop *loop, bool (*condition)(void *),
                                   void *context, uint64_t timeout);
void vport_loop_deterministic_yield(struct vport_loop *loop, unsigned classes);
void vport_loop_deterministic_stall(struct vport_loop *loop, unsigned classes, uint64_t delay);

/* The same in threaded mode. */
void vport_loop_threads_init(struct vport_loop *loop);
bool vport_loop_threads_start(struct vport_loop *loop);
/* Stops the workers if there are any; undoes init. */
void vport_loop_threads_end(struct vport_loop *loop);
void vport_loop_threaded_set_wrapper(struct vport_loop *loop, vport_loop_wrapper *wrapper,
                                     void *context);
uint64_t vport_loop_threaded_now(struct vport_loop *loop);
void vport_loop_threaded_post(struct vport_loop *loop, struct vport_event *event, uint64_t delay);
bool vport_loop_threaded_cancel(struct vport_loop *loop, struct vport_event *event);
void vport_loop_threaded_cancel_wait(struct vport_loop *loop, struct vport_event *event);
bool vport_loop_threaded_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                              uint64_t timeout);
void vport_loop_threaded_wake(struct vport_loop *loop);
void vport_loop_threaded_stall(struct vport_loop *loop, uint64_t delay);

#endif
