/* SPDX-License-Identifier: MIT */
/* Map registers by themselves: runs, pieces, exhaustion, high-water mark, threads. */
#include "dma_test.h"

#include <pthread.h>

#include "dma/registers.h"

#define BASE ((struct vport_frame){5000})

static struct vport_registers registers;
static struct vport_frame frames[1024];

static void make(uint32_t count)
{
    assert_int_equal(vport_registers_init(&registers, BASE, count), VPORT_OK);
}

static bool take(uint32_t count, bool contiguous)
{
    return vport_registers_take(&registers, count, contiguous, frames);
}

/* Leaves just these registers free. */
static void only_free(const uint32_t *free, size_t count)
{
    while (take(1, true))
        ;
    for (size_t i = 0; i < count; i++)
        vport_registers_give(&registers, (struct vport_frame){BASE.number + free[i]}, 1);
}

static void all_can_be_taken_and_no_more(void **state)
{
    static const uint32_t sizes[] = {1, 2, 16, 63, 64, 65, 100, 256, 1000};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        make(sizes[i]);
        assert_int_equal(vport_registers_free(&registers), sizes[i]);
        assert_false(take(sizes[i] + 1, false));
        assert_true(take(sizes[i], true));
        for (uint32_t j = 0; j < sizes[i]; j++)
            assert_int_equal(frames[j].number, BASE.number + j);
        assert_int_equal(vport_registers_free(&registers), 0);
        assert_false(take(1, false));
        vport_registers_give(&registers, BASE, sizes[i]);
        assert_int_equal(vport_registers_free(&registers), sizes[i]);
        assert_int_equal(atomic_load(&registers.high_water), sizes[i]);
        vport_registers_finish(&registers);
    }
}

static void a_run_may_lie_over_several_words(void **state)
{
    uint32_t free[90];

    make(256);
    for (uint32_t i = 0; i < 90; i++)
        free[i] = 50 + i;
    only_free(free, 90);
    assert_false(take(91, true));
    assert_true(take(90, true));
    for (uint32_t i = 0; i < 90; i++)
        assert_int_equal(frames[i].number, BASE.number + 50 + i);
    only_free(free, 20); /* 50..69: no word has 20 in a row */
    assert_true(take(20, true));
    assert_int_equal(frames[0].number, BASE.number + 50);
    vport_registers_finish(&registers);
}

static void pieces_serve_who_can_use_them(void **state)
{
    const uint32_t free[] = {3, 5, 6, 70, 130, 131, 132};

    make(192);
    only_free(free, 7);
    assert_false(take(4, true));
    assert_int_equal(vport_registers_free(&registers), 7);
    assert_true(take(3, false)); /* there is a run of three */
    assert_int_equal(frames[0].number, BASE.number + 130);
    assert_int_equal(frames[2].number, BASE.number + 132);
    assert_false(take(5, false));
    assert_int_equal(vport_registers_free(&registers), 4);
    assert_true(take(4, false));
    assert_int_equal(vport_registers_free(&registers), 0);
    for (size_t i = 0; i < 4; i++) {
        bool one_of_them = false;

        for (size_t j = 0; j < 4; j++)
            one_of_them |= frames[i].number == BASE.number + free[j];
        assert_true(one_of_them);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(frames[i].number, frames[j].number);
    }
    vport_registers_finish(&registers);
}

static void the_high_water_mark_stays(void **state)
{
    make(100);
    assert_true(take(30, true));
    assert_true(take(20, true));
    assert_int_equal(atomic_load(&registers.high_water), 50);
    vport_registers_give(&registers, BASE, 50);
    assert_true(take(10, true));
    assert_int_equal(atomic_load(&registers.high_water), 50);
    vport_registers_finish(&registers);
}

static void none_at_all(void **state)
{
    make(0);
    assert_false(take(1, false));
    assert_false(vport_registers_own(&registers, BASE));
    vport_registers_finish(&registers);
}

static void which_frames_are_registers(void **state)
{
    make(10);
    assert_true(vport_registers_own(&registers, BASE));
    assert_true(vport_registers_own(&registers, (struct vport_frame){BASE.number + 9}));
    assert_false(vport_registers_own(&registers, (struct vport_frame){BASE.number + 10}));
    assert_false(vport_registers_own(&registers, (struct vport_frame){BASE.number - 1}));
    vport_registers_finish(&registers);
}

enum { THREADS = 4, ROUNDS = 20000, SHARED = 150 };

static _Atomic int owner[SHARED]; /* 0: nobody */

/* Takes, marks what it got as its own, and finds the marks untouched. */
static void *compete(void *context)
{
    int me = (int)(intptr_t)context;
    unsigned seed = (unsigned)me;
    struct vport_frame mine[40];

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t count = 1 + (uint32_t)rand_r(&seed) % 40;
        bool contiguous = rand_r(&seed) & 1;

        if (!vport_registers_take(&registers, count, contiguous, mine))
            continue;
        for (uint32_t j = 0; j < count; j++) {
            if (contiguous && mine[j].number != mine[0].number + j)
                abort();
            if (atomic_exchange(&owner[mine[j].number - BASE.number], me))
                abort();
        }
        for (uint32_t j = 0; j < count; j++) {
            if (atomic_exchange(&owner[mine[j].number - BASE.number], 0) != me)
                abort();
            if (!contiguous)
                vport_registers_give(&registers, mine[j], 1);
        }
        if (contiguous)
            vport_registers_give(&registers, mine[0], count);
    }
    return NULL;
}

static void no_register_is_had_twice(void **state)
{
    pthread_t threads[THREADS];

    make(SHARED);
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compete, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(vport_registers_free(&registers), SHARED);
    assert_true(atomic_load(&registers.high_water) <= SHARED);
    vport_registers_finish(&registers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_can_be_taken_and_no_more),
        cmocka_unit_test(a_run_may_lie_over_several_words),
        cmocka_unit_test(pieces_serve_who_can_use_them),
        cmocka_unit_test(the_high_water_mark_stays),
        cmocka_unit_test(none_at_all),
        cmocka_unit_test(which_frames_are_registers),
        cmocka_unit_test(no_register_is_had_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
