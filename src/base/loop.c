/* SPDX-License-Identifier: MIT */
/*
 * The loop: see loop.h. One queue of events per class, in order of due time.
 *
 * Deterministic mode takes no lock: there is one thread. Threaded mode has one lock for all queues,
 * which a worker never holds while an event runs; a thread that has nothing to do looks around for
 * some microseconds before it sleeps, so that handing it work costs no system call while work keeps
 * coming.
 */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <videoport/trace.h>

/*
 * What a place to yield, and an event, cost on the virtual clock: about an uncached register
 * access. Because time passes, drivers that poll come to an end, and a device that never stops
 * asking for attention cannot keep a timeout from coming.
 */
#define STEP_TIME 100u
/* How long a thread looks around before it sleeps: about what waking it up would cost (44 us on two
 * virtual CPUs). */
#define SPIN_TIME 40000u

struct queue {
    struct vport_event head; /* of a ring; only its links are used */
};

struct worker {
    struct vport_loop *loop;
    enum vport_event_class class;
    struct vport_event *running; /* under the lock */
    struct vport_event
        *cancelling; /* the running one, when somebody waits for its end: it is not posted again */
    uint64_t runs;   /* events that have run */
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

/* ---- Queues
 * --------------------------------------------------------------------------------------------------------
 */

static void queue_init(struct queue *queue)
{
    queue->head.next = queue->head.previous = &queue->head;
}

static struct vport_event *queue_first(struct queue *queue)
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

static bool event_remove(struct vport_event *event)
{
    if (!event->next)
        return false;
    event->previous->next = event->next;
    event->next->previous = event->previous;
    event->next = event->previous = NULL;
    return true;
}

static uint64_t deadline(uint64_t now, uint64_t delay)
{
    return delay < UINT64_MAX - now ? now + delay : UINT64_MAX;
}

/* `event` may be gone when this returns. */
static void event_run(struct vport_loop *loop, struct vport_event *event,
                      vport_loop_wrapper *wrapper, void *context)
{
    vport_trace(loop->trace, VPORT_TRACE_LOOP, event->class, vport_loop_now(loop), 0, 0);
    if (wrapper)
        wrapper(context, event);
    else
        event->run(event->context);
}

/* ---- Deterministic mode
 * -------------------------------------------------------------------------------------------- */

static unsigned runnable(const struct vport_loop *loop, unsigned classes)
{
    if (loop->active[VPORT_EVENT_DEVICE])
        classes &= ~(unsigned)VPORT_LOOP_DEVICES;
    return classes;
}

static size_t ready_count(struct vport_loop *loop, unsigned classes)
{
    size_t count = 0;

    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++) {
        struct vport_event *head = &loop->queues[class].head;

        if (classes & 1u << class)
            for (struct vport_event *e = head->next; e != head && e->due <= loop->now; e = e->next)
                count++;
    }
    return count;
}

/* The index-th of those that ready_count counted. */
static struct vport_event *ready_event(struct vport_loop *loop, unsigned classes, size_t index)
{
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++) {
        struct vport_event *head = &loop->queues[class].head;

        if (classes & 1u << class)
            for (struct vport_event *e = head->next; e != head && e->due <= loop->now; e = e->next)
                if (index-- == 0)
                    return e;
    }
    return NULL;
}

static void run_nested(struct vport_loop *loop, struct vport_event *event)
{
    enum vport_event_class class = event->class;

    event_remove(event);
    loop->depth++;
    loop->active[class]++;
    loop->now += STEP_TIME;
    event_run(loop, event, loop->wrapper, loop->wrapper_context);
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
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++) {
        struct vport_event *first = queue_first(&loop->queues[class]);

        if ((classes & 1u << class) && first && first->due < due)
            due = first->due;
    }
    return due;
}

static void clock_forward(struct vport_loop *loop, uint64_t now)
{
    if (now > loop->now)
        loop->now = now;
}

static bool deterministic_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                               uint64_t timeout)
{
    uint64_t end = deadline(loop->now, timeout);

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

/* ---- Threaded mode
 * -------------------------------------------------------------------------------------------------
 */

static uint64_t clock_monotonic(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* The lock is held. `end` is on the loop's clock; false when it has passed. */
static bool sleep_until(struct vport_loop *loop, pthread_cond_t *cond, uint64_t end)
{
    uint64_t absolute = deadline(loop->start, end);
    struct timespec time = {(time_t)(absolute / 1000000000u), (long)(absolute % 1000000000u)};

    if (end == UINT64_MAX)
        return pthread_cond_wait(cond, &loop->lock) == 0;
    return pthread_cond_timedwait(cond, &loop->lock, &time) != ETIMEDOUT;
}

/* Looks for a post until the next event is due, or for as long as looking is cheaper than sleeping.
 * The lock is not held. */
static void worker_look_around(struct worker *worker, uint64_t posts, uint64_t due)
{
    struct vport_loop *loop = worker->loop;
    uint64_t end = deadline(vport_loop_now(loop), loop->spin);

    if (due < end)
        end = due;
    while (atomic_load_explicit(&worker->posts, memory_order_relaxed) == posts &&
           vport_loop_now(loop) < end)
        relax();
}

/* The lock is held, and for a while not. Returns the next event that is due, or NULL when the
 * caller should look again. */
static struct vport_event *worker_next(struct worker *worker)
{
    struct vport_loop *loop = worker->loop;
    struct vport_event *first = queue_first(&loop->queues[worker->class]);
    uint64_t due = first ? first->due : UINT64_MAX;
    uint64_t posts = atomic_load_explicit(&worker->posts, memory_order_relaxed);

    if (due <= vport_loop_now(loop))
        return first;
    pthread_mutex_unlock(&loop->lock);
    worker_look_around(worker, posts, due);
    pthread_mutex_lock(&loop->lock);
    if (atomic_load_explicit(&worker->posts, memory_order_relaxed) == posts && !loop->stop) {
        worker->asleep = true;
        sleep_until(loop, &worker->posted, due);
        worker->asleep = false;
    }
    return NULL;
}

static void worker_run(struct worker *worker, struct vport_event *event)
{
    struct vport_loop *loop = worker->loop;
    vport_loop_wrapper *wrapper = loop->wrapper;
    void *context = loop->wrapper_context;

    event_remove(event);
    worker->running = event;
    pthread_mutex_unlock(&loop->lock);
    event_run(loop, event, wrapper, context);
    pthread_mutex_lock(&loop->lock);
    worker->running = NULL;
    worker->cancelling = NULL;
    worker->runs++;
    pthread_cond_broadcast(&loop->idle);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct vport_loop *loop = worker->loop;

    pthread_mutex_lock(&loop->lock);
    while (!loop->stop) {
        struct vport_event *event = worker_next(worker);

        if (event)
            worker_run(worker, event);
    }
    pthread_mutex_unlock(&loop->lock);
    return NULL;
}

/* The lock is held. */
static void worker_notify(struct worker *worker)
{
    atomic_fetch_add_explicit(&worker->posts, 1, memory_order_relaxed);
    if (worker->asleep)
        pthread_cond_signal(&worker->posted);
}

/* A waiter that looks around: most conditions come true within microseconds, and then nobody had to
 * be woken. */
static bool wait_look_around(struct vport_loop *loop, bool (*condition)(void *), void *context,
                             uint64_t end)
{
    uint64_t limit = deadline(vport_loop_now(loop), loop->spin);

    if (end < limit)
        limit = end;
    do {
        if (condition(context))
            return true;
        relax();
    } while (vport_loop_now(loop) < limit);
    return false;
}

/*
 * Either the waker sees `sleepers` above zero, or the waiter's look at the condition after raising
 * it sees what the waker changed: both are read-modify-writes of one variable. A wake after that
 * look changes `wakes`.
 */
static bool wait_asleep(struct vport_loop *loop, bool (*condition)(void *), void *context,
                        uint64_t end)
{
    bool satisfied = false;
    bool in_time = true;

    atomic_fetch_add(&loop->sleepers, 1);
    pthread_mutex_lock(&loop->lock);
    while (!satisfied && in_time) {
        uint64_t wakes = loop->wakes;

        pthread_mutex_unlock(&loop->lock);
        satisfied = condition(context);
        pthread_mutex_lock(&loop->lock);
        while (!satisfied && in_time && wakes == loop->wakes)
            in_time = sleep_until(loop, &loop->changed, end);
    }
    pthread_mutex_unlock(&loop->lock);
    atomic_fetch_sub(&loop->sleepers, 1);
    return satisfied || condition(context);
}

static bool threaded_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                          uint64_t timeout)
{
    uint64_t end = deadline(vport_loop_now(loop), timeout);

    return wait_look_around(loop, condition, context, end) ||
           (timeout > 0 && wait_asleep(loop, condition, context, end));
}

/* ---- The door
 * ------------------------------------------------------------------------------------------------------
 */

static bool start_worker(struct vport_loop *loop, enum vport_event_class class)
{
    struct worker *worker = &loop->workers[class];

    worker->loop = loop;
    worker->class = class;
    worker->started = pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
    return worker->started;
}

static void init_condition(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void init_threads(struct vport_loop *loop)
{
    pthread_mutex_init(&loop->lock, NULL);
    init_condition(&loop->idle);
    init_condition(&loop->changed);
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++)
        init_condition(&loop->workers[class].posted);
    loop->start = clock_monotonic();
    loop->spin = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_TIME : 0;
}

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
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++)
        queue_init(&loop->queues[class]);
    init_threads(loop);
    for (unsigned class = 0; mode == VPORT_LOOP_THREADED && class < VPORT_EVENT_CLASSES; class ++) {
        if (!start_worker(loop, class)) {
            vport_loop_destroy(loop);
            return VPORT_E_NO_MEMORY;
        }
    }
    *result = loop;
    return VPORT_OK;
}

static void stop_workers(struct vport_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stop = true;
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++)
        worker_notify(&loop->workers[class]);
    pthread_mutex_unlock(&loop->lock);
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++) {
        if (loop->workers[class].started)
            pthread_join(loop->workers[class].thread, NULL);
        pthread_cond_destroy(&loop->workers[class].posted);
    }
}

void vport_loop_destroy(struct vport_loop *loop)
{
    if (!loop)
        return;
    stop_workers(loop);
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++)
        while (queue_first(&loop->queues[class]))
            event_remove(queue_first(&loop->queues[class]));
    pthread_cond_destroy(&loop->idle);
    pthread_cond_destroy(&loop->changed);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

/* Until the event that is running now has run. The lock is held, and for a while not. */
static void wait_idle(struct vport_loop *loop, struct worker *worker)
{
    uint64_t runs = worker->runs;

    if (worker->running && pthread_equal(worker->thread, pthread_self()))
        return;
    while (worker->running && worker->runs == runs)
        pthread_cond_wait(&loop->idle, &loop->lock);
}

void vport_loop_set_wrapper(struct vport_loop *loop, vport_loop_wrapper *wrapper, void *context)
{
    pthread_mutex_lock(&loop->lock);
    loop->wrapper = wrapper;
    loop->wrapper_context = context;
    for (unsigned class = 0; class < VPORT_EVENT_CLASSES; class ++)
        wait_idle(loop, &loop->workers[class]);
    pthread_mutex_unlock(&loop->lock);
}

enum vport_loop_mode vport_loop_mode(const struct vport_loop *loop)
{
    return loop->mode;
}

uint64_t vport_loop_now(struct vport_loop *loop)
{
    return loop->mode == VPORT_LOOP_THREADED ? clock_monotonic() - loop->start : loop->now;
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

static void enqueue(struct vport_loop *loop, struct vport_event *event, uint64_t due)
{
    event_remove(event);
    event->due = due;
    queue_insert(&loop->queues[event->class], event);
}

void vport_loop_post(struct vport_loop *loop, struct vport_event *event, uint64_t delay)
{
    struct worker *worker = &loop->workers[event->class];
    uint64_t due = deadline(vport_loop_now(loop), delay);

    if (loop->mode == VPORT_LOOP_DETERMINISTIC) {
        enqueue(loop, event, due);
        return;
    }
    pthread_mutex_lock(&loop->lock);
    if (worker->cancelling != event) {
        enqueue(loop, event, due);
        worker_notify(worker);
    }
    pthread_mutex_unlock(&loop->lock);
}

bool vport_loop_cancel(struct vport_loop *loop, struct vport_event *event)
{
    bool posted;

    if (loop->mode == VPORT_LOOP_DETERMINISTIC)
        return event_remove(event);
    pthread_mutex_lock(&loop->lock);
    posted = event_remove(event);
    pthread_mutex_unlock(&loop->lock);
    return posted;
}

void vport_loop_cancel_wait(struct vport_loop *loop, struct vport_event *event)
{
    struct worker *worker = &loop->workers[event->class];

    if (loop->mode == VPORT_LOOP_DETERMINISTIC) {
        event_remove(event);
        return;
    }
    pthread_mutex_lock(&loop->lock);
    event_remove(event);
    if (worker->running == event) {
        worker->cancelling = event;
        wait_idle(loop, worker);
    }
    pthread_mutex_unlock(&loop->lock);
}

void vport_loop_yield_to(struct vport_loop *loop, unsigned classes)
{
    if (loop->mode == VPORT_LOOP_THREADED)
        return;
    loop->now += STEP_TIME;
    if (loop->depth < VPORT_LOOP_DEPTH && ready_count(loop, runnable(loop, classes)) > 0 &&
        vport_loop_random(loop) & 1)
        run_ready(loop, classes);
}

void vport_loop_yield(struct vport_loop *loop)
{
    vport_loop_yield_to(loop, VPORT_LOOP_ALL);
}

bool vport_loop_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                     uint64_t timeout)
{
    if (loop->mode == VPORT_LOOP_THREADED)
        return threaded_wait(loop, condition, context, timeout);
    return deterministic_wait(loop, condition, context, timeout);
}

void vport_loop_wake(struct vport_loop *loop)
{
    /* Not a plain load: it must not be done before the store that the sleeper waits for. */
    if (atomic_fetch_add(&loop->sleepers, 0) == 0)
        return;
    pthread_mutex_lock(&loop->lock);
    loop->wakes++;
    pthread_cond_broadcast(&loop->changed);
    pthread_mutex_unlock(&loop->lock);
}

static void threaded_stall(struct vport_loop *loop, uint64_t delay)
{
    uint64_t end = deadline(vport_loop_now(loop), delay);

    while (vport_loop_now(loop) < end)
        relax();
}

void vport_loop_stall_to(struct vport_loop *loop, unsigned classes, uint64_t delay)
{
    uint64_t end = deadline(loop->now, delay);

    if (loop->mode == VPORT_LOOP_THREADED) {
        threaded_stall(loop, delay);
        return;
    }
    while (loop->now < end) {
        uint64_t due;

        if (loop->depth < VPORT_LOOP_DEPTH && run_ready(loop, classes))
            continue;
        due = next_due(loop, classes);
        clock_forward(loop, due > loop->now && due < end ? due : end);
    }
}

void vport_loop_stall(struct vport_loop *loop, uint64_t delay)
{
    vport_loop_stall_to(loop, VPORT_LOOP_ALL, delay);
}
