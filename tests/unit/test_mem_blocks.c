/* SPDX-License-Identifier: MIT */
/* Blocks: sizes, liveness of any pointer, counting, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include "mem/blocks.h"

enum { HEADER = 100, PER_ITEM = 24 };

static struct vport_block_pool *pool, *other;

static int make_pools(void **state)
{
    return vport_block_pool_create("first", HEADER, PER_ITEM, &pool) ||
           vport_block_pool_create("second", HEADER, PER_ITEM, &other);
}

static void a_block_has_room_for_its_items(void **state)
{
    static const size_t items[] = {0,    1,     24,    25,     272,    273,   4112,
                                   4113, 65552, 65553, 262160, 262161, 800000};

    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        char *block = vport_block_take(pool, items[i]);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 16);
        assert_true(vport_block_items(pool, block) >= items[i]);
        memset(block, 0xa5, HEADER + items[i] * PER_ITEM);
        assert_true(vport_block_live(pool, block));
        vport_block_give(pool, block);
        assert_false(vport_block_live(pool, block));
    }
    assert_int_equal(vport_block_count(pool), 0);
}

static void blocks_do_not_overlap(void **state)
{
    enum { COUNT = 300 };
    char *blocks[COUNT];
    const size_t size = HEADER + 24 * PER_ITEM;

    for (int i = 0; i < COUNT; i++) {
        blocks[i] = vport_block_take(pool, 24);
        memset(blocks[i], i, size);
    }
    for (int i = 0; i < COUNT; i++) {
        for (size_t at = 0; at < size; at++)
            assert_int_equal((unsigned char)blocks[i][at], i & 0xff);
        assert_true(vport_block_live(pool, blocks[i]));
    }
    assert_int_equal(vport_block_count(pool), COUNT);
    for (int i = 0; i < COUNT; i++)
        vport_block_give(pool, blocks[i]);
    assert_int_equal(vport_block_count(pool), 0);
}

static void any_pointer_can_be_asked(void **state)
{
    char *block = vport_block_take(pool, 1), *foreign = vport_block_take(other, 1),
         *large = vport_block_take(pool, 70000);
    char stack, *heap = malloc(100);

    for (intptr_t by = -70000; by <= 70000; by++)
        if (by)
            assert_false(vport_block_live(pool, (char *)((uintptr_t)block + (uintptr_t)by)));
    assert_false(vport_block_live(pool, large + 64));
    assert_false(vport_block_live(pool, foreign));
    assert_true(vport_block_live(other, foreign));
    assert_false(vport_block_live(pool, NULL));
    assert_false(vport_block_live(pool, &stack));
    assert_false(vport_block_live(pool, heap));
    for (unsigned bit = 0; bit < 8 * sizeof(uintptr_t); bit++) {
        assert_false(vport_block_live(pool, (void *)((uintptr_t)1 << bit)));
        assert_false(vport_block_live(pool, (void *)((uintptr_t)block ^ (uintptr_t)1 << bit)));
    }
    assert_false(vport_block_live(pool, (void *)UINTPTR_MAX));
    free(heap);
    vport_block_give(pool, block);
    vport_block_give(other, foreign);
    vport_block_give(pool, large);
    assert_false(vport_block_live(pool, large));
}

static void the_warmest_block_comes_first(void **state)
{
    void *block = vport_block_take(pool, 10), *next;

    vport_block_give(pool, block);
    next = vport_block_take(pool, 20);
    assert_ptr_equal(next, block);
    vport_block_give(pool, next);
}

static void an_impossible_size_is_refused(void **state)
{
    assert_null(vport_block_take(pool, SIZE_MAX));
    assert_null(vport_block_take(pool, SIZE_MAX / PER_ITEM));
    assert_int_equal(vport_block_count(pool), 0);
}

enum { HANDED = 5000 };
static void *handed[HANDED];

static void *take_many(void *context)
{
    for (int i = 0; i < HANDED; i++) {
        handed[i] = vport_block_take(pool, (size_t)(i % 3) * 100);
        memset(handed[i], i, HEADER);
    }
    return NULL;
}

static void *give_many(void *context)
{
    for (int i = 0; i < HANDED; i++)
        vport_block_give(pool, handed[i]);
    return NULL;
}

/* Threads that end return what they kept: if not, the address range would run out after some
 * rounds. */
static void blocks_taken_by_one_thread_may_be_given_by_another(void **state)
{
    for (int round = 0; round < 20; round++) {
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, take_many, NULL), 0);
        pthread_join(thread, NULL);
        assert_int_equal(vport_block_count(pool), HANDED);
        assert_int_equal(pthread_create(&thread, NULL, give_many, NULL), 0);
        pthread_join(thread, NULL);
        assert_int_equal(vport_block_count(pool), 0);
    }
    take_many(NULL);
    for (int i = 0; i < HANDED; i++)
        for (int j = i + 1; j < i + 20 && j < HANDED; j++)
            assert_ptr_not_equal(handed[i], handed[j]);
    give_many(NULL);
}

static void *churn(void *context)
{
    unsigned seed = (unsigned)(uintptr_t)context;
    uint32_t *mine[16] = {0};

    for (int i = 0; i < 20000; i++) {
        unsigned at = rand_r(&seed) % 16;

        if (mine[at]) {
            if (*mine[at] !=
                (uint32_t)(uintptr_t)context * 100 + at) /* somebody else has this block too */
                abort();
            vport_block_give(pool, mine[at]);
            mine[at] = NULL;
        } else {
            mine[at] = vport_block_take(pool, rand_r(&seed) % 300);
            *mine[at] = (uint32_t)(uintptr_t)context * 100 + at;
        }
    }
    for (int at = 0; at < 16; at++)
        if (mine[at])
            vport_block_give(pool, mine[at]);
    return NULL;
}

static void several_threads_at_once(void **state)
{
    pthread_t threads[4];

    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(vport_block_count(pool), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_has_room_for_its_items),
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(any_pointer_can_be_asked),
        cmocka_unit_test(the_warmest_block_comes_first),
        cmocka_unit_test(an_impossible_size_is_refused),
        cmocka_unit_test(blocks_taken_by_one_thread_may_be_given_by_another),
        cmocka_unit_test(several_threads_at_once),
    };

    return cmocka_run_group_tests(tests, make_pools, NULL);
}
