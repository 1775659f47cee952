/* SPDX-License-Identifier: MIT */
/*
 * The segmenter by hand-made examples; the property test has the random ones. Every form is tried.
 */
#include "dma_test.h"

#include "dma/segment.h"

static struct vport_dma_element elements[300];

static void each_form(void (*check)(void))
{
    unsigned tried = 0;

    for (const char *const *form = vport_segment_forms(); *form; form++, tried++) {
        memset(elements, 0xee, sizeof(elements));
        assert_true(vport_segment_choose(*form));
        check();
    }
    assert_true(tried >= 1);
    vport_segment_choose(vport_segment_forms()[0]);
}

static void expect(size_t index, uint64_t address, uint32_t length)
{
    assert_int_equal(elements[index].address, address);
    assert_int_equal(elements[index].length, length);
    assert_int_equal(elements[index].reserved, 0);
}

static void merge(void)
{
    struct vport_frame frames[] = {{5}, {6}, {7}, {9}, {8}, {10}};

    assert_int_equal(vport_segment(frames, 0x123, 5 * 4096, 0, elements), 4);
    expect(0, 0x5123, 3 * 4096 - 0x123);
    expect(1, 0x9000, 4096);
    expect(2, 0x8000, 4096);
    expect(3, 0xa000, 0x123);
    assert_int_equal(vport_segment_count(frames, 0x123, 5 * 4096, 0), 4);
}

static void sg_a1_adjacent_frames_merge(void **state)
{
    each_form(merge);
}

static void within_a_page(void)
{
    struct vport_frame frame = {77};

    assert_int_equal(vport_segment(&frame, 4095, 1, 4096, elements), 1);
    expect(0, 77 * 4096 + 4095, 1);
    assert_int_equal(vport_segment(&frame, 0, 4096, 0, elements), 1);
    expect(0, 77 * 4096, 4096);
    assert_int_equal(vport_segment(&frame, 10, 20, 0, elements), 1);
    expect(0, 77 * 4096 + 10, 20);
    assert_int_equal(vport_segment(&frame, 10, 0, 0, elements), 0);
    assert_int_equal(vport_segment_count(&frame, 10, 0, 0), 0);
}

static void one_page(void **state)
{
    each_form(within_a_page);
}

static void at_boundary(void)
{
    struct vport_frame frames[] = {{0xffffe}, {0xfffff}, {0x100000}, {0x100001}};

    assert_int_equal(vport_segment(frames, 0, 4 * 4096, 1ull << 32, elements), 2);
    expect(0, 0xffffe000, 0x2000);
    expect(1, 0x100000000, 0x2000);
    assert_int_equal(vport_segment(frames, 0, 4 * 4096, 0, elements), 1);
    expect(0, 0xffffe000, 0x4000);
    assert_int_equal(vport_segment(frames, 1, 2 * 4096, 8192, elements), 2);
    expect(0, 0xffffe001, 0x1fff);
    expect(1, 0x100000000, 1);
    assert_int_equal(vport_segment(frames, 0, 4 * 4096, 4096, elements), 4);
    assert_int_equal(vport_segment_count(frames, 0, 4 * 4096, 4096), 4);
    assert_int_equal(vport_segment_count(frames, 0, 4 * 4096, 1ull << 32), 2);
}

static void sg_a1_no_element_crosses_a_boundary(void **state)
{
    each_form(at_boundary);
}

static void all_scattered(void)
{
    struct vport_frame frames[260];

    for (size_t i = 0; i < 260; i++)
        frames[i].number = 1000 - 2 * i;
    assert_int_equal(vport_segment(frames, 0, 260 * 4096, 0, elements), 260);
    for (size_t i = 0; i < 260; i++)
        expect(i, (1000 - 2 * i) * 4096, 4096);
    assert_int_equal(elements[260].length, 0xeeeeeeee); /* no element more than pages was touched */
}

static void many_single_pages(void **state)
{
    each_form(all_scattered);
}

/* 4 GiB in one run do not fit in a 32-bit length. */
static void a_run_of_four_gigabytes_is_two_elements(void **state)
{
    const struct vport_frame first = {0x100000};
    const uint64_t length = 1ull << 32;

    assert_int_equal(vport_segment_linear(first, 0, length, 0, elements), 2);
    expect(0, 0x100000000, 0xfffff000);
    expect(1, 0x1fffff000, 4096);
    assert_int_equal(vport_segment_linear(first, 0, length, 1ull << 32, elements), 2);
    expect(1, 0x1fffff000, 4096);
    assert_int_equal(vport_segment_linear(first, 0, length - 4096, 1ull << 32, elements), 1);
    expect(0, 0x100000000, 0xfffff000);
    assert_int_equal(vport_segment_linear(first, 4095, 2, 1ull << 32, elements), 1);
    expect(0, 0x100000fff, 2);
    assert_int_equal(vport_segment_linear(first, 0, 0, 0, elements), 0);
}

static void beyond(void)
{
    struct vport_frame frames[20];

    for (size_t i = 0; i < 20; i++)
        frames[i].number = 0x10000 * (i + 1) - 1; /* every 256 MiB, the last page below */
    assert_int_equal(vport_segment_out_of_reach(frames, 20, 0xffffffff), 4);
    assert_int_equal(vport_segment_out_of_reach(frames, 20, 0xfffffffe), 5);
    assert_int_equal(vport_segment_out_of_reach(frames, 19, 0xffffffff), 3);
    assert_int_equal(vport_segment_out_of_reach(frames, 20, UINT64_MAX), 0);
    assert_int_equal(vport_segment_out_of_reach(frames, 20, 0xffff), 20);
    assert_int_equal(vport_segment_out_of_reach(frames, 3, 100), 3);
    frames[0].number = UINTPTR_MAX;
    assert_int_equal(vport_segment_out_of_reach(frames, 20, 0xffffffff), 5);
}

static void frames_beyond_a_reach_are_counted(void **state)
{
    each_form(beyond);
}

static void an_unknown_form_is_not_to_be_had(void **state)
{
    assert_false(vport_segment_choose("abacus"));
    assert_string_not_equal(vport_segment_forms()[0], "abacus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sg_a1_adjacent_frames_merge),
        cmocka_unit_test(one_page),
        cmocka_unit_test(sg_a1_no_element_crosses_a_boundary),
        cmocka_unit_test(many_single_pages),
        cmocka_unit_test(a_run_of_four_gigabytes_is_two_elements),
        cmocka_unit_test(frames_beyond_a_reach_are_counted),
        cmocka_unit_test(an_unknown_form_is_not_to_be_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
