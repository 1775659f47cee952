/* SPDX-License-Identifier: MIT */
/*
 * The loop in threaded mode: the real clock, one worker thread per class. One lock for all queues,
 * which a worker never holds while an event runs. A thread that has nothing to do looks around for
 * some microseconds before it sleeps, so that handing it work costs no system call while work keeps
 * coming.
 */
#include "base/loop_parts.h"
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* How long a thread looks around before it sleeps: about what waking it would cost (44 us here). */
#define SPIN_TIME 40000u

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

uint64_t vport_loop_threaded_now(struct vport_loop *loop)
{
    return clock_monotonic() - loop->start;
}

/* The lock is held. `end` is on the loop's clock; false when it has passed. */
static bool sleep_until(struct vport_loop *loop, pthread_cond_t *cond, uint64_t end)
{
    uint64_t absolute = vport_loop_deadline(loop->start, end);
    struct timespec time = {(time_t)(absolute / 1000000000u), (long)(absolute % 1000000000u)};

    if (end == UINT64_MAX)
        return pthread_cond_wait(cond, &loop->lock) == 0;
    return pthread_cond_timedwait(cond, &loop->lock, &time) != ETIMEDOUT;
}

/*
 * Looks for a post until the next event is due, or for as long as looking is cheaper than sleeping.
 * The lock is not held.
 */
static void worker_look_around(struct worker *worker, uint64_t posts, uint64_t due)
{
    struct vport_loop *loop = worker->loop;
    uint64_t end = vport_loop_deadline(vport_loop_threaded_now(loop), loop->spin);

    if (due < end)
        end = due;
    while (atomic_load_explicit(&worker->posts, memory_order_relaxed) == posts &&
           vport_loop_threaded_now(loop) < end)
        relax();
}

/*
 * The lock is held, and for a while not. Returns the next event that is due, or NULL when the
 * caller should look again.
 */
static struct vport_event *worker_next(struct worker *worker)
{
    struct vport_loop *loop = worker->loop;
    struct vport_event *first = vport_loop_queue_first(&loop->queues[worker->class]);
    uint64_t due = first ? first->due : UINT64_MAX;
    uint64_t posts = atomic_load_explicit(&worker->posts, memory_order_relaxed);

    if (due <= vport_loop_threaded_now(loop))
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

    vport_loop_queue_remove(event);
    worker->running = event;
    pthread_mutex_unlock(&loop->lock);
    vport_loop_event_run(loop, event, wrapper, context);
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

    if (vport_thread_begun)
        vport_thread_begun();
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

/*
 * A waiter that looks around: most conditions come true within microseconds, and then nobody had to
 * be woken.
 */
static bool wait_look_around(struct vport_loop *loop, bool (*condition)(void *), void *context,
                             uint64_t end)
{
    uint64_t limit = vport_loop_deadline(vport_loop_threaded_now(loop), loop->spin);

    if (end < limit)
        limit = end;
    do {
        if (condition(context))
            return true;
        relax();
    } while (vport_loop_threaded_now(loop) < limit);
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

bool vport_loop_threaded_wait(struct vport_loop *loop, bool (*condition)(void *), void *context,
                              uint64_t timeout)
{
    uint64_t end = vport_loop_deadline(vport_loop_threaded_now(loop), timeout);

    return wait_look_around(loop, condition, context, end) ||
           (timeout > 0 && wait_asleep(loop, condition, context, end));
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

void vport_loop_threaded_set_wrapper(struct vport_loop *loop, vport_loop_wrapper *wrapper,
                                     void *context)
{
    pthread_mutex_lock(&loop->lock);
    loop->wrapper = wrapper;
    loop->wrapper_context = context;
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        wait_idle(loop, &loop->workers[c]);
    pthread_mutex_unlock(&loop->lock);
}

void vport_loop_threaded_post(struct vport_loop *loop, struct vport_event *event, uint64_t delay)
{
    struct worker *worker = &loop->workers[event->class];
    uint64_t due = vport_loop_deadline(vport_loop_threaded_now(loop), delay);

    pthread_mutex_lock(&loop->lock);
    if (worker->cancelling != event) {
        vport_loop_queue_put(loop, event, due);
        worker_notify(worker);
    }
    pthread_mutex_unlock(&loop->lock);
}

bool vport_loop_threaded_cancel(struct vport_loop *loop, struct vport_event *event)
{
    bool posted;

    pthread_mutex_lock(&loop->lock);
    posted = vport_loop_queue_remove(event);
    pthread_mutex_unlock(&loop->lock);
    return posted;
}

void vport_loop_threaded_cancel_wait(struct vport_loop *loop, struct vport_event *event)
{
    struct worker *worker = &loop->workers[event->class];

    pthread_mutex_lock(&loop->lock);
    vport_loop_queue_remove(event);
    if (worker->running == event) {
        worker->cancelling = event;
        wait_idle(loop, worker);
    }
    pthread_mutex_unlock(&loop->lock);
}

void vport_loop_threaded_wake(struct vport_loop *loop)
{
    /* Not a plain load: it must not be done before the store that the sleeper waits for. */
    if (atomic_fetch_add(&loop->sleepers, 0) == 0)
        return;
    pthread_mutex_lock(&loop->lock);
    loop->wakes++;
    pthread_cond_broadcast(&loop->changed);
    pthread_mutex_unlock(&loop->lock);
}

void vport_loop_threaded_stall(struct vport_loop *loop, uint64_t delay)
{
    uint64_t end = vport_loop_deadline(vport_loop_threaded_now(loop), delay);

    while (vport_loop_threaded_now(loop) < end)
        relax();
}

static void init_condition(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void vport_loop_threads_init(struct vport_loop *loop)
{
    pthread_mutex_init(&loop->lock, NULL);
    init_condition(&loop->idle);
    init_condition(&loop->changed);
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        init_condition(&loop->workers[c].posted);
    loop->start = clock_monotonic();
    loop->spin = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? SPIN_TIME : 0;
}

/* The program's signals are for its own threads, not for a library's; only faults stay where they
 * happen. */
static int create_without_signals(pthread_t *thread, void *(*run)(void *), void *context)
{
    sigset_t blocked, before;
    int error;

    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGTRAP);
    sigdelset(&blocked, SIGSYS);
    sigdelset(&blocked, SIGPROF);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    error = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static bool start_worker(struct vport_loop *loop, enum vport_event_class class)
{
    struct worker *worker = &loop->workers[class];

    worker->loop = loop;
    worker->class = class;
    worker->started = create_without_signals(&worker->thread, worker_main, worker) == 0;
    return worker->started;
}

bool vport_loop_threads_start(struct vport_loop *loop)
{
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        if (!start_worker(loop, c))
            return false;
    return true;
}

void vport_loop_threads_end(struct vport_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stop = true;
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        worker_notify(&loop->workers[c]);
    pthread_mutex_unlock(&loop->lock);
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++) {
        if (loop->workers[c].started)
            pthread_join(loop->workers[c].thread, NULL);
        pthread_cond_destroy(&loop->workers[c].posted);
    }
    pthread_cond_destroy(&loop->idle);
    pthread_cond_destroy(&loop->changed);
    pthread_mutex_destroy(&loop->lock);
}
