/* SPDX-License-Identifier: MIT */
/*
 * The address space: regions, locks over regions and foreign memory, what stays when a region goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include "mem/space.h"

#define AT(page) ((uintptr_t)(0x10000000 + (page)*VPORT_PAGE_SIZE))

enum { ROOM = 64 };

/* ---- A bus for foreign memory: page n of the process is frame 1000000 + n; some pages are not
 * there ---- */

static struct {
    unsigned pins[256]; /* of pages AT(0) ... */
    unsigned calls;
    size_t missing; /* this page cannot be pinned; 0: all can */
    enum vport_access access;
} bus;

static enum vport_status pin(void *context, uintptr_t start, size_t pages, enum vport_access access,
                             struct vport_frame *frames)
{
    size_t first = (start - AT(0)) / VPORT_PAGE_SIZE;

    assert_ptr_equal(context, &bus);
    assert_int_equal(start % VPORT_PAGE_SIZE, 0);
    bus.calls++;
    bus.access = access;
    for (size_t i = first; i < first + pages; i++)
        if (bus.missing && i == bus.missing)
            return VPORT_E_ACCESS;
    for (size_t i = 0; i < pages; i++) {
        frames[i].number = 1000000 + first + i;
        bus.pins[first + i]++;
    }
    return VPORT_OK;
}

static void unpin(void *context, uintptr_t start, size_t pages, const struct vport_frame *frames)
{
    size_t first = (start - AT(0)) / VPORT_PAGE_SIZE;

    for (size_t i = 0; i < pages; i++) {
        assert_int_equal(frames[i].number, 1000000 + first + i);
        assert_true(bus.pins[first + i] > 0);
        bus.pins[first + i]--;
    }
}

static const struct vport_space_ops ops = {pin, unpin};

static struct vport_space *space;
static struct vport_frame frames[ROOM];
static struct vport_pages pages;
static unsigned released;

static void release(void *context)
{
    assert_ptr_equal(context, &released);
    __atomic_fetch_add(&released, 1, __ATOMIC_RELAXED); /* any thread */
}

static int set_up(void **state)
{
    memset(&bus, 0, sizeof(bus));
    memset(frames, 0, sizeof(frames));
    released = 0;
    return vport_space_create(&ops, &bus, &space);
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < 256; i++)
        if (bus.pins[i])
            return 1;
    return vport_space_destroy(space) != 0;
}

/* A region of `count` pages from AT(page); its frames are scattered, or adjacent from 500 on. */
static enum vport_status add(size_t page, size_t count, bool writable, bool linear)
{
    struct vport_frame of_region[ROOM];

    for (size_t i = 0; i < count; i++)
        of_region[i].number = linear ? 500 + i : 7000 + (page + i) * 3;
    return vport_space_register(space, (void *)AT(page), count, of_region, writable, release,
                                &released);
}

static uintptr_t scattered(size_t page)
{
    return 7000 + page * 3;
}

static enum vport_status lock(uintptr_t start, size_t length, enum vport_access access)
{
    return vport_space_lock(space, start, length, access, frames, &pages);
}

static void lb_05_lb_06_a_lock_has_the_frames_of_every_page_it_touches(void **state)
{
    assert_int_equal(add(10, 8, true, false), VPORT_OK);
    assert_int_equal(lock(AT(11) + 4095, 2, VPORT_ACCESS_WRITE), VPORT_OK);
    assert_int_equal(pages.offset, 4095);
    assert_int_equal(pages.length, 2);
    assert_int_equal(pages.start, AT(11) + 4095);
    assert_int_equal(pages.access, VPORT_ACCESS_WRITE);
    assert_true(pages.locked);
    assert_int_equal(frames[0].number, scattered(11));
    assert_int_equal(frames[1].number, scattered(12));
    assert_int_equal(frames[2].number, 0);
    assert_int_equal(vport_space_locked(space), 2);
    vport_space_unlock(space, &pages);
    assert_false(pages.locked);
    assert_int_equal(vport_space_locked(space), 0);
    assert_int_equal(bus.calls, 0);
}

static void a_whole_region_of_adjacent_frames(void **state)
{
    assert_int_equal(add(0, 40, true, true), VPORT_OK);
    assert_int_equal(lock(AT(0), 40 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_OK);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(frames[i].number, 500 + i);
    vport_space_unlock(space, &pages);
    assert_int_equal(lock(AT(39) + 1, 4095, VPORT_ACCESS_READ), VPORT_OK);
    assert_int_equal(frames[0].number, 539);
    vport_space_unlock(space, &pages);
}

static void lb_a1_read_only_memory_cannot_be_locked_for_writing(void **state)
{
    assert_int_equal(add(0, 4, false, false), VPORT_OK);
    assert_int_equal(lock(AT(0), 100, VPORT_ACCESS_WRITE), VPORT_E_ACCESS);
    assert_int_equal(lock(AT(0), 100, VPORT_ACCESS_READ), VPORT_OK);
    vport_space_unlock(space, &pages);
    assert_int_equal(vport_space_unregister(space, (void *)AT(0)), VPORT_OK);
    assert_int_equal(released, 1); /* the refused lock left no pin */
}

static void lb_a2_empty_and_wrapping_ranges_are_invalid(void **state)
{
    assert_int_equal(add(0, 4, true, false), VPORT_OK);
    assert_int_equal(lock(AT(0), 0, VPORT_ACCESS_READ), VPORT_E_INVALID);
    assert_int_equal(lock(AT(0), SIZE_MAX, VPORT_ACCESS_READ), VPORT_E_INVALID);
    assert_int_equal(lock(UINTPTR_MAX - 10, 20, VPORT_ACCESS_READ), VPORT_E_INVALID);
    assert_int_equal(lock(UINTPTR_MAX, 1, VPORT_ACCESS_READ), VPORT_E_INVALID);
}

static void lb_09_a_page_stays_locked_until_its_last_lock_is_gone(void **state)
{
    struct vport_frame second_frames[4];
    struct vport_pages second;

    assert_int_equal(add(0, 4, true, false), VPORT_OK);
    assert_int_equal(lock(AT(0), VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_OK);
    assert_int_equal(
        vport_space_lock(space, AT(0) + 5, 5000, VPORT_ACCESS_WRITE, second_frames, &second),
        VPORT_OK);
    assert_int_equal(second_frames[0].number, frames[0].number);
    assert_int_equal(vport_space_unregister(space, (void *)AT(0)), VPORT_OK);
    vport_space_unlock(space, &pages);
    assert_int_equal(released, 0);
    assert_int_equal(vport_space_locked(space), 2);
    vport_space_unlock(space, &second);
    assert_int_equal(released, 1);
}

static void lb_10_frames_outlive_their_region_while_locked(void **state)
{
    assert_int_equal(add(0, 4, true, false), VPORT_OK);
    assert_int_equal(lock(AT(0), 4 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_OK);
    assert_int_equal(vport_space_unregister(space, (void *)AT(0)), VPORT_OK);
    assert_int_equal(released, 0);
    assert_int_equal(frames[3].number, scattered(3));
    assert_false(vport_space_contains(space, AT(0), 1));
    /* The addresses may mean something else by now. */
    assert_int_equal(add(0, 2, true, true), VPORT_OK);
    assert_true(vport_space_contains(space, AT(0), 1));
    vport_space_unlock(space, &pages);
    assert_int_equal(released, 1);
}

/* A thread knows the region that it locked last; it must not take another one for it that came in
 * its place. */
static void the_last_region_is_known_until_it_goes(void **state)
{
    for (size_t round = 0; round < 3; round++) {
        assert_int_equal(add(4, 4, true, round % 2), VPORT_OK);
        for (size_t again = 0; again < 2; again++) {
            assert_int_equal(lock(AT(5), 2 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE), VPORT_OK);
            assert_int_equal(frames[0].number, round % 2 ? 501 : scattered(5));
            vport_space_unlock(space, &pages);
        }
        assert_int_equal(lock(AT(7), 4096, VPORT_ACCESS_WRITE), VPORT_OK);
        assert_int_equal(vport_space_unregister(space, (void *)AT(4)), VPORT_OK);
        assert_int_equal(lock(AT(5), 1, VPORT_ACCESS_READ), VPORT_E_ACCESS); /* lingers */
        frames[0].number = 0;
        vport_space_unlock(space, &pages);
        assert_int_equal(released, 2 * round + 1);
        /* The same struct now stands for other memory, and the old is foreign. */
        assert_int_equal(add(20, 4, false, true), VPORT_OK);
        assert_int_equal(lock(AT(5), 1, VPORT_ACCESS_READ), VPORT_OK);
        assert_int_equal(frames[0].number, 1000005);
        vport_space_unlock(space, &pages);
        assert_int_equal(lock(AT(20), 1, VPORT_ACCESS_READ), VPORT_OK);
        assert_int_equal(frames[0].number, 500);
        vport_space_unlock(space, &pages);
        assert_int_equal(lock(AT(20), 1, VPORT_ACCESS_WRITE), VPORT_E_ACCESS);
        assert_int_equal(vport_space_unregister(space, (void *)AT(20)), VPORT_OK);
    }
}

static void the_last_region_ends_where_it_ends(void **state)
{
    assert_int_equal(add(4, 4, true, true), VPORT_OK);
    assert_int_equal(lock(AT(4), 4 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_OK);
    vport_space_unlock(space, &pages);
    assert_int_equal(lock(AT(7), VPORT_PAGE_SIZE + 1, VPORT_ACCESS_READ), VPORT_OK);
    assert_int_equal(frames[0].number, 503);
    assert_int_equal(frames[1].number, 1000008);
    vport_space_unlock(space, &pages);
    assert_int_equal(lock(AT(4) - 1, 2, VPORT_ACCESS_READ), VPORT_OK);
    assert_int_equal(frames[0].number, 1000003);
    assert_int_equal(frames[1].number, 500);
    vport_space_unlock(space, &pages);
    assert_int_equal(lock(AT(5), 0, VPORT_ACCESS_READ), VPORT_E_INVALID);
    assert_int_equal(lock(AT(5), SIZE_MAX, VPORT_ACCESS_READ), VPORT_E_INVALID);
}

static void regions_may_touch_but_not_overlap(void **state)
{
    assert_int_equal(add(10, 4, true, false), VPORT_OK);
    assert_int_equal(add(13, 4, true, false), VPORT_E_BUSY);
    assert_int_equal(add(7, 4, true, false), VPORT_E_BUSY);
    assert_int_equal(add(8, 8, true, false), VPORT_E_BUSY);
    assert_int_equal(add(11, 1, true, false), VPORT_E_BUSY);
    assert_int_equal(add(14, 2, true, false), VPORT_OK);
    assert_int_equal(add(8, 2, true, false), VPORT_OK);
    assert_int_equal(vport_space_unregister(space, (void *)AT(11)), VPORT_E_UNKNOWN);
    assert_int_equal(vport_space_unregister(space, (void *)AT(20)), VPORT_E_UNKNOWN);
    assert_int_equal(vport_space_unregister(space, (void *)AT(10)), VPORT_OK);
    assert_int_equal(vport_space_unregister(space, (void *)AT(10)), VPORT_E_UNKNOWN);
    assert_true(vport_space_contains(space, AT(14), 2 * VPORT_PAGE_SIZE));
    assert_false(vport_space_contains(space, AT(14), 2 * VPORT_PAGE_SIZE + 1));
    assert_false(vport_space_contains(space, AT(13), 1));
}

static void registrations_that_cannot_be_are_invalid(void **state)
{
    struct vport_frame one = {1};

    assert_int_equal(vport_space_register(space, (void *)(AT(0) + 8), 1, &one, true, NULL, NULL),
                     VPORT_E_INVALID);
    assert_int_equal(vport_space_register(space, (void *)AT(0), 0, &one, true, NULL, NULL),
                     VPORT_E_INVALID);
    assert_int_equal(vport_space_register(space, (void *)AT(0), 1, NULL, true, NULL, NULL),
                     VPORT_E_INVALID);
    assert_int_equal(vport_space_register(space, (void *)AT(0), SIZE_MAX / VPORT_PAGE_SIZE, &one,
                                          true, NULL, NULL),
                     VPORT_E_INVALID);
}

static void foreign_memory_is_pinned_by_the_bus(void **state)
{
    assert_int_equal(lock(AT(5) + 100, 2 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE), VPORT_OK);
    assert_int_equal(bus.calls, 1);
    assert_int_equal(bus.access, VPORT_ACCESS_WRITE);
    assert_null(pages.region);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(frames[i].number, 1000005 + i);
    assert_int_equal(bus.pins[7], 1);
    vport_space_unlock(space, &pages);
    assert_int_equal(bus.pins[7], 0);
    bus.missing = 6;
    assert_int_equal(lock(AT(5), 2 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_E_ACCESS);
    assert_int_equal(vport_space_locked(space), 0);
}

static void without_a_bus_for_it_foreign_memory_is_refused(void **state)
{
    struct vport_space *bare;

    assert_int_equal(vport_space_create(NULL, NULL, &bare), VPORT_OK);
    assert_int_equal(vport_space_lock(bare, AT(0), 1, VPORT_ACCESS_READ, frames, &pages),
                     VPORT_E_ACCESS);
    assert_int_equal(vport_space_destroy(bare), 0);
}

/* pages 2..3 one region, 4..6 another, 7 foreign, 8 a third, and one foreign page on either side */
static void a_range_may_lie_in_several_regions_and_between_them(void **state)
{
    assert_int_equal(add(2, 2, true, false), VPORT_OK);
    assert_int_equal(add(4, 3, true, true), VPORT_OK);
    assert_int_equal(add(8, 1, true, false), VPORT_OK);
    assert_int_equal(lock(AT(1) + 1, 9 * VPORT_PAGE_SIZE - 1, VPORT_ACCESS_WRITE), VPORT_OK);
    assert_int_equal(frames[0].number, 1000001);
    assert_int_equal(frames[1].number, scattered(2));
    assert_int_equal(frames[2].number, scattered(3));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(frames[3 + i].number, 500 + i);
    assert_int_equal(frames[6].number, 1000007);
    assert_int_equal(frames[7].number, scattered(8));
    assert_int_equal(frames[8].number, 1000009);
    assert_int_equal(vport_space_locked(space), 9);
    assert_int_equal(vport_space_unregister(space, (void *)AT(4)), VPORT_OK);
    assert_int_equal(released, 0);
    vport_space_unlock(space, &pages);
    assert_int_equal(released, 1);
    assert_int_equal(vport_space_locked(space), 0);
}

static void a_lock_that_fails_in_the_middle_leaves_nothing(void **state)
{
    assert_int_equal(add(2, 2, true, false), VPORT_OK);
    assert_int_equal(add(5, 2, false, false), VPORT_OK);
    assert_int_equal(lock(AT(1), 6 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE), VPORT_E_ACCESS);
    bus.missing = 8;
    assert_int_equal(lock(AT(1), 8 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_E_ACCESS);
    assert_int_equal(vport_space_locked(space), 0);
    assert_int_equal(vport_space_unregister(space, (void *)AT(2)), VPORT_OK);
    assert_int_equal(vport_space_unregister(space, (void *)AT(5)), VPORT_OK);
    assert_int_equal(released, 2);
}

static void destroying_a_space_says_what_is_still_locked(void **state)
{
    struct vport_space *doomed = space;

    assert_int_equal(add(0, 4, true, false), VPORT_OK);
    assert_int_equal(lock(AT(1), 2 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ), VPORT_OK);
    assert_int_equal(vport_space_destroy(doomed), 2);
    assert_int_equal(released, 1);
    assert_int_equal(vport_space_create(&ops, &bus, &space), VPORT_OK);
}

static void many_regions_are_found(void **state)
{
    enum { COUNT = 1000 };

    for (size_t i = 0; i < COUNT; i++) /* in an order that inserts everywhere */
        assert_int_equal(add(i * 7 % COUNT * 2, 1, true, false), VPORT_OK);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(lock(AT(i * 2) + 7, 1, VPORT_ACCESS_READ), VPORT_OK);
        assert_int_equal(frames[0].number, scattered(i * 2));
        vport_space_unlock(space, &pages);
        assert_false(vport_space_contains(space, AT(i * 2 + 1), 1));
    }
    for (size_t i = 0; i < COUNT; i += 2)
        assert_int_equal(vport_space_unregister(space, (void *)AT(i * 2)), VPORT_OK);
    assert_int_equal(released, COUNT / 2);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(vport_space_contains(space, AT(i * 2), 1), i % 2);
}

/* ---- Readers against writers ---- */

static _Atomic bool stop;

/* Registers and unregisters ranges around those that the readers lock. */
static void *change_regions(void *context)
{
    for (unsigned round = 0; round < 3000; round++) {
        size_t page = 100 + round % 50 * 4;

        assert_int_equal(add(page, 1 + round % 3, true, round % 2), VPORT_OK);
        if (round % 50 == 49)
            for (size_t at = 100; at < 300; at += 4)
                assert_int_equal(vport_space_unregister(space, (void *)AT(at)), VPORT_OK);
    }
    atomic_store(&stop, true);
    return NULL;
}

/* What is locked is either foreign or has the frames of a registration of just that page. */
static void *lock_changing(void *context)
{
    struct vport_frame mine[4];
    struct vport_pages range;
    uintptr_t seed = (uintptr_t)context;

    while (!atomic_load(&stop)) {
        size_t page = 100 + (seed = seed * 1103515245 + 12345) / 65536 % 50 * 4;

        assert_int_equal(vport_space_lock(space, AT(4), 1, VPORT_ACCESS_READ, mine, &range),
                         VPORT_OK);
        assert_int_equal(mine[0].number, scattered(4));
        vport_space_unlock(space, &range);
        if (!vport_space_contains(space, AT(page), 1))
            continue;
        if (vport_space_lock(space, AT(page), 1, VPORT_ACCESS_READ, mine, &range) == VPORT_OK) {
            assert_true(mine[0].number == 500 || mine[0].number == scattered(page));
            vport_space_unlock(space, &range);
        }
    }
    return NULL;
}

static enum vport_status refuse(void *context, uintptr_t start, size_t count,
                                enum vport_access access, struct vport_frame *of_it)
{
    return VPORT_E_ACCESS;
}

static void looking_up_while_regions_come_and_go(void **state)
{
    static const struct vport_space_ops no_foreign = {refuse, unpin};
    struct vport_frame first[8];
    pthread_t writer, readers[2];

    vport_space_destroy(space);
    assert_int_equal(vport_space_create(&no_foreign, NULL, &space), VPORT_OK);
    for (size_t i = 0; i < 8; i++)
        first[i].number = scattered(i);
    assert_int_equal(vport_space_register(space, (void *)AT(0), 8, first, true, release, &released),
                     VPORT_OK);
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&writer, NULL, change_regions, NULL), 0);
    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, lock_changing, (void *)(i + 1)), 0);
    pthread_join(writer, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(vport_space_locked(space), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lb_05_lb_06_a_lock_has_the_frames_of_every_page_it_touches),
        TEST(a_whole_region_of_adjacent_frames),
        TEST(lb_a1_read_only_memory_cannot_be_locked_for_writing),
        TEST(lb_a2_empty_and_wrapping_ranges_are_invalid),
        TEST(lb_09_a_page_stays_locked_until_its_last_lock_is_gone),
        TEST(lb_10_frames_outlive_their_region_while_locked),
        TEST(the_last_region_is_known_until_it_goes),
        TEST(the_last_region_ends_where_it_ends),
        TEST(regions_may_touch_but_not_overlap),
        TEST(registrations_that_cannot_be_are_invalid),
        TEST(foreign_memory_is_pinned_by_the_bus),
        TEST(without_a_bus_for_it_foreign_memory_is_refused),
        TEST(a_range_may_lie_in_several_regions_and_between_them),
        TEST(a_lock_that_fails_in_the_middle_leaves_nothing),
        TEST(destroying_a_space_says_what_is_still_locked),
        TEST(many_regions_are_found),
        TEST(looking_up_while_regions_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
