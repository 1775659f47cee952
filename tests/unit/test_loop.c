/* SPDX-License-Identifier: MIT */
/* The loop: order by seed, virtual time, waiting; and the same door with threads behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/loop.h"

#define MS UINT64_C(1000000)

static struct vport_loop *make(enum vport_loop_mode mode, uint64_t seed)
{
    struct vport_loop *loop;

    assert_int_equal(vport_loop_create(mode, seed, NULL, &loop), VPORT_OK);
    assert_int_equal(vport_loop_mode(loop), mode);
    return loop;
}

static bool never(void *context)
{
    (void)context;
    return false;
}

/* ---- What events do in these tests: write their letter ---- */

static char written[256];
static size_t length;

struct letter {
    struct vport_event event;
    struct vport_loop *loop;
    char name;
    unsigned repeat; /* how often it posts itself again */
    uint64_t delay;
};

static void write_letter(void *context)
{
    struct letter *letter = context;

    assert_true(length < sizeof(written) - 1);
    written[length++] = letter->name;
    written[length] = '\0';
    if (letter->repeat) {
        letter->repeat--;
        vport_loop_post(letter->loop, &letter->event, letter->delay);
    }
}

static void init_letter(struct letter *letter, struct vport_loop *loop, char name,
                        enum vport_event_class class)
{
    *letter = (struct letter){.loop = loop, .name = name};
    vport_event_init(&letter->event, class, write_letter, letter);
}

static void clear(void)
{
    length = 0;
    written[0] = '\0';
}

/* ---- Deterministic mode ---- */

static void run_shuffle(uint64_t seed, char *result)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, seed);
    struct letter letters[12];

    clear();
    for (unsigned i = 0; i < 12; i++) {
        init_letter(&letters[i], loop, (char)('a' + i), i % VPORT_EVENT_CLASSES);
        letters[i].repeat = 2;
        letters[i].delay = 50 * i;
        vport_loop_post(loop, &letters[i].event, 0);
    }
    for (unsigned i = 0; i < 20; i++)
        vport_loop_yield(loop);
    vport_loop_wait(loop, never, NULL, UINT64_MAX);
    strcpy(result, written);
    vport_loop_destroy(loop);
}

static void test_same_seed_same_order(void **state)
{
    char first[256];
    char again[256];

    for (uint64_t seed = 1; seed <= 20; seed++) {
        run_shuffle(seed, first);
        run_shuffle(seed, again);
        assert_string_equal(first, again);
        assert_int_equal(strlen(first), 36);
    }
}

static void test_other_seeds_other_orders(void **state)
{
    char orders[20][256];
    unsigned different = 0;

    for (unsigned i = 0; i < 20; i++)
        run_shuffle(1000 + i, orders[i]);
    for (unsigned i = 1; i < 20; i++)
        different += strcmp(orders[i], orders[0]) != 0;
    assert_int_equal(different, 19);
}

static void test_due_time_comes_before_choice(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter letters[3];

    clear();
    for (unsigned i = 0; i < 3; i++) {
        init_letter(&letters[i], loop, (char)('a' + i), VPORT_EVENT_SYSTEM);
        vport_loop_post(loop, &letters[i].event, (3 - i) * MS);
    }
    assert_false(vport_loop_wait(loop, never, NULL, UINT64_MAX));
    assert_string_equal(written, "cba");
    assert_true(vport_loop_now(loop) >= 3 * MS && vport_loop_now(loop) < 4 * MS);
    vport_loop_destroy(loop);
}

static void test_a_posted_event_is_moved(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;
    struct letter b;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_SYSTEM);
    init_letter(&b, loop, 'b', VPORT_EVENT_SYSTEM);
    vport_loop_post(loop, &a.event, 1 * MS);
    vport_loop_post(loop, &b.event, 2 * MS);
    vport_loop_post(loop, &a.event, 3 * MS);
    vport_loop_wait(loop, never, NULL, UINT64_MAX);
    assert_string_equal(written, "ba");
    vport_loop_destroy(loop);
}

static void test_cancelled_events_do_not_run(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_DEVICE);
    assert_false(vport_loop_cancel(loop, &a.event));
    vport_loop_post(loop, &a.event, 0);
    assert_true(vport_loop_cancel(loop, &a.event));
    assert_false(vport_loop_cancel(loop, &a.event));
    vport_loop_post(loop, &a.event, 0);
    vport_loop_cancel_wait(loop, &a.event);
    vport_loop_wait(loop, never, NULL, UINT64_MAX);
    assert_string_equal(written, "");
    vport_loop_destroy(loop);
}

static bool some_written(void *context)
{
    (void)context;
    return length > 0;
}

static void test_waiting_moves_the_clock_to_the_next_event(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_DEVICE);
    vport_loop_post(loop, &a.event, 3600 * UINT64_C(1000000000));
    assert_true(vport_loop_wait(loop, some_written, NULL, UINT64_MAX));
    assert_true(vport_loop_now(loop) >= 3600 * UINT64_C(1000000000));
    vport_loop_destroy(loop);
}

static void test_a_timeout_passes_in_virtual_time(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_DEVICE);
    vport_loop_post(loop, &a.event, 20 * MS);
    assert_false(vport_loop_wait(loop, some_written, NULL, 10 * MS));
    assert_int_equal(vport_loop_now(loop), 10 * MS);
    assert_true(vport_loop_wait(loop, some_written, NULL, 11 * MS));
    assert_false(vport_loop_wait(loop, never, NULL, 0));
    vport_loop_destroy(loop);
}

static void test_a_wait_that_nobody_can_end_says_so(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);

    assert_false(vport_loop_wait(loop, never, NULL, UINT64_MAX));
    assert_int_equal(vport_loop_now(loop), 0);
    vport_loop_destroy(loop);
}

/*
 * A device that asks for attention without end: each event takes time, so that the timeout comes.
 */
static void test_a_storm_of_events_does_not_stop_time(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_SYSTEM);
    a.repeat = 200;
    vport_loop_post(loop, &a.event, 0);
    assert_false(vport_loop_wait(loop, never, NULL, 10000));
    assert_true(length >= 90 && length <= 110);
    vport_loop_destroy(loop);
}

static void test_polling_comes_to_an_end(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;
    unsigned polls = 0;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_DEVICE);
    vport_loop_post(loop, &a.event, 100000);
    while (length == 0 && polls < 100000) {
        vport_loop_yield(loop);
        polls++;
    }
    assert_string_equal(written, "a");
    assert_true(polls > 900 && polls < 1100); /* a yield is 100 ns */
    vport_loop_destroy(loop);
}

static void test_stalling_runs_what_becomes_due(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter device;
    struct letter system;

    clear();
    init_letter(&device, loop, 'd', VPORT_EVENT_DEVICE);
    init_letter(&system, loop, 's', VPORT_EVENT_SYSTEM);
    vport_loop_post(loop, &device.event, 3000);
    vport_loop_post(loop, &system.event, 2000);
    vport_loop_stall_to(loop, VPORT_LOOP_DEVICES, 5000);
    assert_string_equal(written, "d");
    assert_int_equal(vport_loop_now(loop), 5000);
    vport_loop_stall(loop, 1000);
    assert_string_equal(written, "ds");
    assert_int_equal(vport_loop_now(loop), 6000);
    vport_loop_destroy(loop);
}

/* Yields to devices alone never run anything else. */
static void test_yielding_to_devices(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter device;
    struct letter system;

    clear();
    init_letter(&device, loop, 'd', VPORT_EVENT_DEVICE);
    init_letter(&system, loop, 's', VPORT_EVENT_SYSTEM);
    vport_loop_post(loop, &device.event, 0);
    vport_loop_post(loop, &system.event, 0);
    for (unsigned i = 0; i < 100; i++)
        vport_loop_yield_to(loop, VPORT_LOOP_DEVICES);
    assert_string_equal(written, "d");
    vport_loop_destroy(loop);
}

/* ---- Nesting ---- */

static struct {
    struct vport_loop *loop;
    unsigned depth, deepest, devices, device_nested;
    struct vport_event events[30];
} nest;

static void nested(void *context)
{
    bool device = ((struct vport_event *)context)->class == VPORT_EVENT_DEVICE;

    nest.depth++;
    nest.devices += device;
    nest.device_nested += nest.devices > 1;
    if (nest.depth > nest.deepest)
        nest.deepest = nest.depth;
    for (unsigned i = 0; i < 10; i++)
        vport_loop_yield(nest.loop);
    nest.devices -= device;
    nest.depth--;
}

static void test_nesting_is_bounded_and_devices_do_not_nest(void **state)
{
    memset(&nest, 0, sizeof(nest));
    nest.loop = make(VPORT_LOOP_DETERMINISTIC, 11);
    for (unsigned i = 0; i < 30; i++) {
        vport_event_init(&nest.events[i], i % 3 ? VPORT_EVENT_SYSTEM : VPORT_EVENT_DEVICE, nested,
                         &nest.events[i]);
        vport_loop_post(nest.loop, &nest.events[i], 0);
    }
    vport_loop_wait(nest.loop, never, NULL, UINT64_MAX);
    assert_true(nest.deepest > 2);
    assert_true(nest.deepest <= VPORT_LOOP_DEPTH);
    assert_int_equal(nest.device_nested, 0);
    vport_loop_destroy(nest.loop);
}

/* ---- The wrapper ---- */

static unsigned wrapped;

static void wrapper(void *context, struct vport_event *event)
{
    assert_ptr_equal(context, &wrapped);
    wrapped++;
    event->run(event->context);
}

static void test_the_wrapper_runs_every_event(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;

    clear();
    wrapped = 0;
    init_letter(&a, loop, 'a', VPORT_EVENT_WORK);
    vport_loop_set_wrapper(loop, wrapper, &wrapped);
    vport_loop_post(loop, &a.event, 0);
    vport_loop_wait(loop, never, NULL, UINT64_MAX);
    vport_loop_set_wrapper(loop, NULL, NULL);
    vport_loop_post(loop, &a.event, 0);
    vport_loop_wait(loop, never, NULL, UINT64_MAX);
    assert_int_equal(wrapped, 1);
    assert_string_equal(written, "aa");
    vport_loop_destroy(loop);
}

static void test_random_numbers_are_the_seeds(void **state)
{
    struct vport_loop *a = make(VPORT_LOOP_DETERMINISTIC, 5);
    struct vport_loop *b = make(VPORT_LOOP_DETERMINISTIC, 5);
    struct vport_loop *c = make(VPORT_LOOP_DETERMINISTIC, 6);
    uint64_t first = vport_loop_random(a);

    assert_int_equal(first, vport_loop_random(b));
    assert_int_not_equal(first, vport_loop_random(c));
    assert_int_not_equal(first, vport_loop_random(a));
    vport_loop_destroy(a);
    vport_loop_destroy(b);
    vport_loop_destroy(c);
}

static void test_destroying_drops_what_is_posted(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_DETERMINISTIC, 7);
    struct letter a;

    clear();
    init_letter(&a, loop, 'a', VPORT_EVENT_SYSTEM);
    vport_loop_post(loop, &a.event, 0);
    vport_loop_destroy(loop);
    assert_null(a.event.next);
    assert_string_equal(written, "");
    vport_loop_destroy(NULL);
}

/* ---- Threaded mode ---- */

struct count {
    struct vport_event event;
    struct vport_loop *loop;
    _Atomic unsigned runs;
    unsigned goal;
};

static void count_run(void *context)
{
    struct count *count = context;

    if (atomic_fetch_add(&count->runs, 1) + 1 < count->goal)
        vport_loop_post(count->loop, &count->event, 0);
    vport_loop_wake(count->loop);
}

static bool count_reached(void *context)
{
    struct count *count = context;

    return atomic_load(&count->runs) >= count->goal;
}

static void test_threads_run_events_and_wake_waiters(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_THREADED, 0);
    struct count counts[VPORT_EVENT_CLASSES];

    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++) {
        counts[c] = (struct count){.loop = loop, .goal = 2000};
        vport_event_init(&counts[c].event, c, count_run, &counts[c]);
        vport_loop_post(loop, &counts[c].event, 0);
    }
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        assert_true(vport_loop_wait(loop, count_reached, &counts[c], UINT64_MAX));
    for (unsigned c = 0; c < VPORT_EVENT_CLASSES; c++)
        assert_int_equal(counts[c].runs, 2000);
    vport_loop_destroy(loop);
}

static uint64_t clock_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void test_threads_keep_due_times_and_timeouts(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_THREADED, 0);
    struct count count = {.loop = loop, .goal = 1};
    uint64_t start = clock_now();

    vport_event_init(&count.event, VPORT_EVENT_SYSTEM, count_run, &count);
    vport_loop_post(loop, &count.event, 30 * MS);
    assert_false(vport_loop_wait(loop, count_reached, &count, 5 * MS));
    assert_true(clock_now() - start >= 5 * MS);
    assert_true(vport_loop_wait(loop, count_reached, &count, UINT64_MAX));
    assert_true(clock_now() - start >= 30 * MS);
    vport_loop_destroy(loop);
}

/* Posting an earlier event wakes a worker that sleeps for a later one. */
static void test_an_earlier_event_overtakes(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_THREADED, 0);
    struct count late = {.loop = loop, .goal = 1};
    struct count early = {.loop = loop, .goal = 1};

    vport_event_init(&late.event, VPORT_EVENT_DEVICE, count_run, &late);
    vport_event_init(&early.event, VPORT_EVENT_DEVICE, count_run, &early);
    vport_loop_post(loop, &late.event, 1000000 * MS);
    vport_loop_wait(loop, never, NULL, 2 * MS); /* the worker sleeps by now */
    vport_loop_post(loop, &early.event, 0);
    assert_true(vport_loop_wait(loop, count_reached, &early, UINT64_MAX));
    assert_true(vport_loop_cancel(loop, &late.event));
    vport_loop_destroy(loop);
}

struct slow {
    struct vport_event event;
    struct vport_loop *loop;
    _Atomic int phase; /* 1: runs, 2: has run */
};

static void run_slowly(void *context)
{
    struct slow *slow = context;

    atomic_store(&slow->phase, 1);
    vport_loop_wake(slow->loop);
    vport_loop_stall(slow->loop, 5 * MS);
    vport_loop_post(slow->loop, &slow->event, 0);
    atomic_store(&slow->phase, 2);
}

static bool slow_runs(void *context)
{
    struct slow *slow = context;

    return atomic_load(&slow->phase) == 1;
}

/* cancel_wait returns after the run, and what the run has posted does not run again. */
static void test_cancel_wait_waits_for_the_run(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_THREADED, 0);
    struct slow slow = {.loop = loop};

    vport_event_init(&slow.event, VPORT_EVENT_DEVICE, run_slowly, &slow);
    vport_loop_post(loop, &slow.event, 0);
    assert_true(vport_loop_wait(loop, slow_runs, &slow, UINT64_MAX));
    vport_loop_cancel_wait(loop, &slow.event);
    assert_int_equal(atomic_load(&slow.phase), 2);
    atomic_store(&slow.phase, 0);
    vport_loop_wait(loop, never, NULL, 10 * MS);
    assert_int_equal(atomic_load(&slow.phase), 0);
    vport_loop_destroy(loop);
}

static void slow_wrapper(void *context, struct vport_event *event)
{
    event->run(event->context);
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

/* After set_wrapper the old wrapper's context may go. */
static void test_set_wrapper_waits_for_the_old_one(void **state)
{
    struct vport_loop *loop = make(VPORT_LOOP_THREADED, 0);
    _Atomic unsigned *ended = calloc(1, sizeof(*ended));
    struct slow slow = {.loop = loop};

    vport_loop_set_wrapper(loop, slow_wrapper, ended);
    vport_event_init(&slow.event, VPORT_EVENT_SYSTEM, run_slowly, &slow);
    vport_loop_post(loop, &slow.event, 0);
    assert_true(vport_loop_wait(loop, slow_runs, &slow, UINT64_MAX));
    vport_loop_set_wrapper(loop, NULL, NULL);
    assert_true(atomic_load(ended) >= 1);
    free(ended);
    vport_loop_cancel_wait(loop, &slow.event);
    vport_loop_destroy(loop);
}

/* ---- Many threads ---- */

static struct {
    struct vport_loop *loop;
    struct count counts[16];
    _Atomic unsigned turn; /* whose turn it is to wait */
} crowd;

static bool my_turn(void *context)
{
    return atomic_load(&crowd.turn) >= (uintptr_t)context;
}

static void *poster(void *argument)
{
    unsigned first = (unsigned)(uintptr_t)argument;

    for (unsigned i = 0; i < 2000; i++) {
        struct count *count = &crowd.counts[(first + i) % 16];

        if (i % 7 == 0)
            vport_loop_cancel(crowd.loop, &count->event);
        else if (i % 97 == 0)
            vport_loop_cancel_wait(crowd.loop, &count->event);
        else
            vport_loop_post(crowd.loop, &count->event, i % 3 * 1000);
    }
    return NULL;
}

static void *waiter(void *argument)
{
    bool came = vport_loop_wait(crowd.loop, my_turn, argument, UINT64_MAX);

    atomic_fetch_add(&crowd.turn, 1);
    vport_loop_wake(crowd.loop);
    return came ? argument : NULL;
}

/* For ThreadSanitizer: posts, cancels and waits from many threads at once. */
static void test_many_threads(void **state)
{
    pthread_t threads[8];
    void *result;

    memset(&crowd, 0, sizeof(crowd));
    crowd.loop = make(VPORT_LOOP_THREADED, 0);
    for (unsigned i = 0; i < 16; i++) {
        crowd.counts[i] = (struct count){.loop = crowd.loop, .goal = 1};
        vport_event_init(&crowd.counts[i].event, i % VPORT_EVENT_CLASSES, count_run,
                         &crowd.counts[i]);
    }
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, poster, (void *)(i * 4)), 0);
    for (uintptr_t i = 0; i < 4; i++) /* each waits for all before it; the last one waits longest */
        assert_int_equal(pthread_create(&threads[4 + i], NULL, waiter, (void *)(i + 1)), 0);
    atomic_store(&crowd.turn, 1);
    vport_loop_wake(crowd.loop);
    for (unsigned i = 0; i < 8; i++) {
        pthread_join(threads[i], &result);
        if (i >= 4)
            assert_int_equal((uintptr_t)result, i - 3);
    }
    assert_int_equal(atomic_load(&crowd.turn), 5);
    for (unsigned i = 0; i < 16; i++)
        vport_loop_cancel_wait(crowd.loop, &crowd.counts[i].event);
    vport_loop_destroy(crowd.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_order),
        cmocka_unit_test(test_other_seeds_other_orders),
        cmocka_unit_test(test_due_time_comes_before_choice),
        cmocka_unit_test(test_a_posted_event_is_moved),
        cmocka_unit_test(test_cancelled_events_do_not_run),
        cmocka_unit_test(test_waiting_moves_the_clock_to_the_next_event),
        cmocka_unit_test(test_a_timeout_passes_in_virtual_time),
        cmocka_unit_test(test_a_wait_that_nobody_can_end_says_so),
        cmocka_unit_test(test_a_storm_of_events_does_not_stop_time),
        cmocka_unit_test(test_polling_comes_to_an_end),
        cmocka_unit_test(test_stalling_runs_what_becomes_due),
        cmocka_unit_test(test_yielding_to_devices),
        cmocka_unit_test(test_nesting_is_bounded_and_devices_do_not_nest),
        cmocka_unit_test(test_the_wrapper_runs_every_event),
        cmocka_unit_test(test_random_numbers_are_the_seeds),
        cmocka_unit_test(test_destroying_drops_what_is_posted),
        cmocka_unit_test(test_threads_run_events_and_wake_waiters),
        cmocka_unit_test(test_threads_keep_due_times_and_timeouts),
        cmocka_unit_test(test_an_earlier_event_overtakes),
        cmocka_unit_test(test_cancel_wait_waits_for_the_run),
        cmocka_unit_test(test_set_wrapper_waits_for_the_old_one),
        cmocka_unit_test(test_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
