/* SPDX-License-Identifier: MIT */
/* Thread slots: a thread has its own while it lives; more threads than slots share the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>

#include "base/thread.h"

enum { THREADS = VPORT_THREAD_SLOTS + 8 };

static pthread_barrier_t all_here;
static vport_counter shards[VPORT_THREAD_SHARDS];

static void *count_in_own_shard(void *context)
{
    unsigned slot = vport_thread_slot();

    pthread_barrier_wait(&all_here);
    for (int i = 0; i < 10000; i++)
        vport_shard_add(&shards[slot], 1, slot);
    assert_int_equal(vport_thread_slot(), slot);
    *(unsigned *)context = slot;
    return NULL;
}

static void threads_have_slots_of_their_own_and_lose_no_count(void **state)
{
    pthread_t threads[THREADS];
    unsigned slots[THREADS], owners[VPORT_THREAD_SHARDS] = {0};
    uint64_t total = 0;

    pthread_barrier_init(&all_here, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_in_own_shard, &slots[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all_here);
    for (int i = 0; i < THREADS; i++)
        owners[slots[i]]++;
    for (int i = 0; i < VPORT_THREAD_SLOTS; i++)
        assert_true(owners[i] <= 1);
    assert_true(owners[VPORT_THREAD_SLOTS] >= 8);
    for (int i = 0; i < VPORT_THREAD_SHARDS; i++)
        total += atomic_load(&shards[i]);
    assert_int_equal(total, THREADS * 10000);
}

static void *get_slot(void *context)
{
    *(unsigned *)context = vport_thread_slot();
    return NULL;
}

static void a_slot_is_free_again_when_its_thread_has_ended(void **state)
{
    for (int i = 0; i < 100; i++) {
        unsigned slot = VPORT_THREAD_SLOTS;
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, get_slot, &slot), 0);
        pthread_join(thread, NULL);
        assert_true(slot < VPORT_THREAD_SLOTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_have_slots_of_their_own_and_lose_no_count),
        cmocka_unit_test(a_slot_is_free_again_when_its_thread_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
