/* SPDX-License-Identifier: MIT */
/* Physical memory: the map of pages against a model, and how the layouts lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bus/qemu/ram.h"
#include "qemu/seed.h"

#define MIB(n) ((uint64_t)(n) << 20)

enum { PAGES = 16 << 8 /* of 16 MiB */ };

static struct vport_qemu_ram ram;

static void begin(uint64_t size)
{
    assert_int_equal(vport_qemu_ram_create(&ram, size, 1), VPORT_OK);
}

static void end(void)
{
    vport_qemu_ram_destroy(&ram);
}

/* ---- The map ---- */

static size_t model_run(const bool *taken, size_t from, size_t end_page, size_t count)
{
    for (size_t first = from; first + count <= end_page; first++) {
        size_t run = 0;

        while (run < count && !taken[first + run])
            run++;
        if (run == count)
            return first;
    }
    return VPORT_BITMAP_NOWHERE;
}

static void the_map_finds_what_a_plain_search_finds(void **state)
{
    uint64_t random = test_seed();
    bool model[500] = {false};
    struct vport_bitmap map;

    assert_true(vport_bitmap_create(&map, 500));
    for (int round = 0; round < 20000; round++) {
        size_t count = 1 + test_random(&random) % (round % 3 ? 4 : 150);
        size_t from = test_random(&random) % 500;
        size_t till = from + test_random(&random) % (501 - from);
        size_t place = vport_bitmap_find_run(&map, from, till, count);
        bool take = test_random(&random) % 2;

        assert_int_equal(place, model_run(model, from, till, count));
        assert_int_equal(vport_bitmap_find(&map, from, till), model_run(model, from, till, 1));
        if (from + count > 500)
            continue;
        if (take)
            vport_bitmap_take(&map, from, count);
        else
            vport_bitmap_give(&map, from, count);
        memset(model + from, take, count);
    }
    vport_bitmap_destroy(&map);
}

/* ---- Kernel memory ---- */

static void kernel_memory_is_contiguous_within_reach_and_zeroed(void **state)
{
    struct vport_frame frames[64];

    begin(MIB(64));
    assert_int_equal(vport_qemu_ram_take(&ram, 64, 0xffffff, true, frames), VPORT_OK);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(frames[i].number, frames[0].number + i);
        assert_true(vport_frame_address(frames[i]) >= MIB(1));
        assert_true(vport_frame_address(frames[i]) + VPORT_PAGE_SIZE <= MIB(16));
    }
    memset(vport_qemu_ram_host(&ram, frames[0]), 0xa5, 64 * VPORT_PAGE_SIZE);
    vport_qemu_ram_give(&ram, 64, frames);
    assert_int_equal(vport_qemu_ram_take(&ram, 64, 0xffffff, true, frames), VPORT_OK);
    for (size_t i = 0; i < 64 * VPORT_PAGE_SIZE; i++)
        assert_int_equal(((uint8_t *)vport_qemu_ram_host(&ram, frames[0]))[i], 0);
    end();
}

static void what_can_never_be_is_told_from_what_cannot_be_now(void **state)
{
    struct vport_frame *frames = calloc(PAGES, sizeof(*frames));
    struct vport_frame more;

    begin(MIB(16));
    assert_int_equal(vport_qemu_ram_take(&ram, 1, 0xfffff, true, frames), VPORT_E_TOO_LARGE);
    assert_int_equal(vport_qemu_ram_take(&ram, PAGES, UINT64_MAX, false, frames),
                     VPORT_E_TOO_LARGE);
    assert_int_equal(vport_qemu_ram_take(&ram, PAGES - 256, UINT64_MAX, false, frames), VPORT_OK);
    assert_int_equal(vport_qemu_ram_take(&ram, 1, UINT64_MAX, false, &more), VPORT_E_NO_MEMORY);
    vport_qemu_ram_give(&ram, 2, &frames[100]);
    assert_int_equal(vport_qemu_ram_take(&ram, 3, UINT64_MAX, true, frames + 200),
                     VPORT_E_NO_MEMORY);
    assert_int_equal(vport_qemu_ram_take(&ram, 2, UINT64_MAX, true, frames + 200), VPORT_OK);
    assert_int_equal(frames[200].number, frames[100].number);
    end();
    free(frames);
}

/* ---- Layouts ---- */

static size_t adjacent(const struct vport_frame *frames, size_t count)
{
    size_t neighbours = 0;

    for (size_t i = 1; i < count; i++)
        neighbours += frames[i].number == frames[i - 1].number + 1;
    return neighbours;
}

static void assert_user_frames(const struct vport_frame *frames, size_t count)
{
    bool *seen = calloc(ram.frames, sizeof(*seen));

    for (size_t i = 0; i < count; i++) {
        assert_true(frames[i].number >= ram.user && frames[i].number < ram.frames);
        assert_false(seen[frames[i].number]);
        seen[frames[i].number] = true;
    }
    free(seen);
}

static void scattered_memory_has_no_two_neighbours(void **state)
{
    static struct vport_frame frames[4096];

    begin(MIB(64));
    assert_int_equal(vport_qemu_ram_take_runs(&ram, 4096, 1, frames), VPORT_OK);
    assert_int_equal(adjacent(frames, 4096), 0);
    assert_user_frames(frames, 4096);
    end();
}

static void mixed_memory_has_runs_of_eight_on_average(void **state)
{
    static struct vport_frame frames[8192];
    size_t runs;

    begin(MIB(256));
    assert_int_equal(vport_qemu_ram_take_runs(&ram, 8192, 0, frames), VPORT_OK);
    runs = 8192 - adjacent(frames, 8192);
    assert_in_range(runs, 8192 / 12, 8192 / 6);
    assert_user_frames(frames, 8192);
    end();
}

static void runs_of_a_given_length_are_that_long(void **state)
{
    static struct vport_frame frames[1024];

    begin(MIB(64));
    assert_int_equal(vport_qemu_ram_take_runs(&ram, 1024, 16, frames), VPORT_OK);
    assert_int_equal(adjacent(frames, 1024), 1024 / 16 * 15);
    vport_qemu_ram_give(&ram, 1024, frames);
    assert_int_equal(vport_qemu_ram_take_runs(&ram, 1024, 1024, frames), VPORT_OK);
    assert_int_equal(adjacent(frames, 1024), 1023);
    end();
}

/* To the last page, twice, and not one more. */
static void memory_can_be_used_up_and_given_back(void **state)
{
    struct vport_frame *frames;
    struct vport_frame more;
    size_t count;

    begin(MIB(16));
    count = ram.frames - ram.user;
    frames = calloc(count + 1, sizeof(*frames));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(vport_qemu_ram_take_runs(&ram, count, (size_t)round, frames), VPORT_OK);
        assert_user_frames(frames, count);
        assert_int_equal(vport_qemu_ram_take_runs(&ram, 1, 1, &more), VPORT_E_NO_MEMORY);
        vport_qemu_ram_give(&ram, count, frames);
    }
    assert_int_equal(vport_qemu_ram_take_runs(&ram, count + 1, 0, frames), VPORT_E_NO_MEMORY);
    assert_int_equal(vport_qemu_ram_take_runs(&ram, count, 0, frames), VPORT_OK);
    end();
    free(frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_map_finds_what_a_plain_search_finds),
        cmocka_unit_test(kernel_memory_is_contiguous_within_reach_and_zeroed),
        cmocka_unit_test(what_can_never_be_is_told_from_what_cannot_be_now),
        cmocka_unit_test(scattered_memory_has_no_two_neighbours),
        cmocka_unit_test(mixed_memory_has_runs_of_eight_on_average),
        cmocka_unit_test(runs_of_a_given_length_are_that_long),
        cmocka_unit_test(memory_can_be_used_up_and_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
