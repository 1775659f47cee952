/* SPDX-License-Identifier: MIT */
/* A thread that is told what to do by tickets: a number that goes up with each call. */
#include "helper.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { PATIENCE = 20000 /* looks for a new ticket before it goes to sleep */ };

struct vport_bench_helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended;
    cpu_set_t allowed; /* where the caller may run when there is no helper */
    void (*work)(void *context, uint64_t repetitions);
    void *context;
    uint64_t repetitions;
    _Atomic uint64_t ticket __attribute__((aligned(VPORT_BENCH_LINE)));
    _Atomic uint64_t go __attribute__((aligned(VPORT_BENCH_LINE)));
    _Atomic uint64_t here __attribute__((aligned(VPORT_BENCH_LINE)));
    _Atomic uint64_t done;
};

static uint64_t ticket_of(struct vport_bench_helper *helper)
{
    return atomic_load_explicit(&helper->ticket, memory_order_acquire);
}

/* The next ticket, or the last one again when it is all over. */
static uint64_t await_ticket(struct vport_bench_helper *helper, uint64_t last)
{
    for (unsigned i = 0; i < PATIENCE; i++)
        if (ticket_of(helper) != last)
            return ticket_of(helper);
    pthread_mutex_lock(&helper->lock);
    while (ticket_of(helper) == last && !helper->ended)
        pthread_cond_wait(&helper->changed, &helper->lock);
    pthread_mutex_unlock(&helper->lock);
    return ticket_of(helper);
}

static void *helper_run(void *context)
{
    struct vport_bench_helper *helper = context;
    uint64_t last = 0, ticket;

    while ((ticket = await_ticket(helper, last)) != last) {
        last = ticket;
        atomic_store(&helper->here, ticket);
        while (atomic_load_explicit(&helper->go, memory_order_acquire) != ticket)
            ;
        helper->work(helper->context, helper->repetitions);
        atomic_store(&helper->done, ticket);
    }
    return NULL;
}

/*
 * A processor each: two threads that spin for each other on one processor wait for the scheduler
 * at every step. With one processor there is nothing to choose.
 */
static void spread(struct vport_bench_helper *helper)
{
    pthread_t threads[2] = {pthread_self(), helper->thread};
    unsigned placed = 0;

    if (sched_getaffinity(0, sizeof(helper->allowed), &helper->allowed) != 0 ||
        CPU_COUNT(&helper->allowed) < 2)
        return;
    for (int cpu = 0; cpu < CPU_SETSIZE && placed < 2; cpu++) {
        cpu_set_t one;

        if (!CPU_ISSET(cpu, &helper->allowed))
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(threads[placed++], sizeof(one), &one);
    }
}

static void helper_end(void *context)
{
    struct vport_bench_helper *helper = context;

    pthread_mutex_lock(&helper->lock);
    helper->ended = true;
    pthread_cond_signal(&helper->changed);
    pthread_mutex_unlock(&helper->lock);
    pthread_join(helper->thread, NULL);
    if (CPU_COUNT(&helper->allowed))
        sched_setaffinity(0, sizeof(helper->allowed), &helper->allowed);
}

struct vport_bench_helper *vport_bench_helper_take(struct vport_bench_suite *suite)
{
    struct vport_bench_helper *helper = vport_bench_take(suite, sizeof(*helper));

    if (!helper)
        return NULL;
    pthread_mutex_init(&helper->lock, NULL);
    pthread_cond_init(&helper->changed, NULL);
    if (pthread_create(&helper->thread, NULL, helper_run, helper) != 0) {
        vport_bench_fail(suite, "no second thread");
        return NULL;
    }
    spread(helper);
    return vport_bench_defer(suite, helper_end, helper) ? helper : NULL;
}

void vport_bench_helper_call(struct vport_bench_helper *helper,
                             void (*work)(void *context, uint64_t repetitions), void *context)
{
    uint64_t ticket = ticket_of(helper) + 1;

    helper->work = work;
    helper->context = context;
    pthread_mutex_lock(&helper->lock);
    atomic_store(&helper->ticket, ticket);
    pthread_cond_signal(&helper->changed);
    pthread_mutex_unlock(&helper->lock);
    while (atomic_load_explicit(&helper->here, memory_order_acquire) != ticket)
        ;
}

void vport_bench_helper_go(struct vport_bench_helper *helper, uint64_t repetitions)
{
    helper->repetitions = repetitions;
    atomic_store_explicit(&helper->go, ticket_of(helper), memory_order_release);
}

void vport_bench_helper_join(struct vport_bench_helper *helper)
{
    while (atomic_load_explicit(&helper->done, memory_order_acquire) != ticket_of(helper))
        ;
}
