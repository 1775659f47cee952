/* SPDX-License-Identifier: MIT */
/*
 * The segmenter in every form against what its words say, byte by byte: byte k of the transfer is
 * at the k-th byte of the elements laid end to end; no element crosses a boundary; no two elements
 * could have been one.
 *
 * Within an element and within a page addresses are linear, so it is enough to compare the first
 * and the last byte of every stretch of a page; every so often all bytes are compared all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dma/segment.h"
#include "random.h"

enum { PAGES = 300, CASES = 300000, GUARD = 4 };

static struct random source;

struct input {
    struct vport_frame frames[PAGES];
    uint32_t offset;
    uint64_t length, boundary;
    size_t pages;
};

static struct vport_dma_element elements[PAGES + GUARD], reference[PAGES + GUARD];

static uintptr_t random_frame(void)
{
    switch (random_below(&source, 4)) {
    case 0: /* around 4 GiB, and around small boundaries */
        return (uintptr_t)(0x100000 - 20 + random_below(&source, 40));
    case 1:
        return (uintptr_t)random_below(&source, 64);
    case 2: /* the last ones that have an address in 64 bits */
        return (uintptr_t)((UINT64_MAX >> VPORT_PAGE_SHIFT) - random_below(&source, PAGES));
    default:
        return (uintptr_t)(random_next(&source) >> 24);
    }
}

/* Runs of lengths around `mean`, of frames that rise, fall or repeat. */
static void fill_frames(struct input *input)
{
    unsigned percent =
        (unsigned)random_below(&source, 101); /* chance that the next frame is adjacent */
    uintptr_t number = random_frame();

    for (size_t i = 0; i < input->pages; i++) {
        input->frames[i].number = number;
        if (number < (uintptr_t)(UINT64_MAX >> VPORT_PAGE_SHIFT) && random_chance(&source, percent))
            number++;
        else if (random_chance(&source, 50))
            number = random_frame();
        else
            number -= number ? random_below(&source, 2) : 0;
    }
}

static void random_input(struct input *input)
{
    uint64_t most = random_chance(&source, 30) ? PAGES : random_chance(&source, 50) ? 70 : 4;

    input->offset = random_chance(&source, 30) ? 0 : (uint32_t)random_below(&source, 4096);
    input->length = 1 + random_below(&source, most * 4096 - input->offset);
    if (random_chance(&source, 30)) /* ends with a page */
        input->length += -(input->offset + input->length) % 4096;
    input->pages = vport_pages_spanned(input->offset, input->length);
    input->boundary = random_chance(&source, 20) ? 0 : 4096ull << random_below(&source, 22);
    fill_frames(input);
}

static uint64_t address_of(const struct input *input, uint64_t byte)
{
    uint64_t at = input->offset + byte;

    return vport_frame_address(input->frames[at / 4096]) + at % 4096;
}

/* The next byte worth comparing after `byte`: the last of its page's stretch, or the first of the
 * next. */
static uint64_t next_byte(const struct input *input, uint64_t byte, bool all)
{
    uint64_t last = byte + 4095 - (input->offset + byte) % 4096;

    if (all || byte == last)
        return byte + 1;
    return last < input->length       ? last
           : byte < input->length - 1 ? input->length - 1
                                      : input->length;
}

static void check_addresses(const struct input *input, size_t count, bool all)
{
    uint64_t before = 0; /* bytes in the elements before this */
    size_t at = 0;

    for (uint64_t byte = 0; byte < input->length; byte = next_byte(input, byte, all)) {
        while (byte - before >= elements[at].length) {
            before += elements[at++].length;
            assert_true(at < count);
        }
        if (elements[at].address + (byte - before) != address_of(input, byte))
            fail_msg("byte %llu", (unsigned long long)byte);
    }
    assert_int_equal(at, count - 1);
    assert_int_equal(before + elements[at].length, input->length);
}

static void check_shape(const struct input *input, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t last = elements[i].address + elements[i].length - 1;

        assert_true(elements[i].length > 0);
        assert_int_equal(elements[i].reserved, 0);
        if (input->boundary)
            assert_int_equal(elements[i].address / input->boundary, last / input->boundary);
        if (i + 1 < count && last != UINT64_MAX && last + 1 == elements[i + 1].address)
            assert_true(input->boundary && (last + 1) % input->boundary == 0);
    }
    for (size_t i = input->pages; i < PAGES + GUARD; i++)
        assert_int_equal(elements[i].length, 0xdddddddd);
}

static void check(const struct input *input)
{
    size_t count;

    memset(elements, 0xdd, sizeof(elements));
    count = vport_segment(input->frames, input->offset, input->length, input->boundary, elements);
    assert_in_range(count, 1, input->pages);
    check_addresses(input, count, input->length < 10000 && random_chance(&source, 2));
    check_shape(input, count);
    assert_int_equal(
        vport_segment_count(input->frames, input->offset, input->length, input->boundary), count);
}

static size_t beyond(const struct input *input, uint64_t reach)
{
    size_t count = 0;

    for (size_t i = 0; i < input->pages; i++)
        count += (uint64_t)input->frames[i].number >> 52 ||
                 vport_frame_address(input->frames[i]) + 4095 > reach;
    return count;
}

static void check_reach(const struct input *input)
{
    uint64_t near = vport_frame_address(input->frames[random_below(&source, input->pages)]);
    uint64_t reach = near + random_below(&source, 3) * 4095 - random_below(&source, 2);

    if (reach < 4096 || reach > UINT64_MAX - 8192)
        reach = UINT32_MAX;
    assert_int_equal(vport_segment_out_of_reach(input->frames, input->pages, reach),
                     beyond(input, reach));
}

/* Not memcmp: on 64-bit machines there are four bytes between length and reserved. */
static void same_elements(const struct vport_dma_element *some,
                          const struct vport_dma_element *others, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(some[i].address, others[i].address);
        assert_int_equal(some[i].length, others[i].length);
        assert_int_equal(some[i].reserved, others[i].reserved);
    }
}

static void every_form_keeps_its_word(void **state)
{
    static struct input input;

    for (const char *const *form = vport_segment_forms(); *form; form++) {
        assert_true(vport_segment_choose(*form));
        for (int i = 0; i < CASES; i++) {
            random_input(&input);
            check(&input);
            check_reach(&input);
        }
    }
}

static void all_forms_agree(void **state)
{
    static struct input input;
    size_t expected, count;

    for (int i = 0; i < CASES / 10; i++) {
        random_input(&input);
        assert_true(vport_segment_choose("scalar"));
        expected =
            vport_segment(input.frames, input.offset, input.length, input.boundary, reference);
        for (const char *const *form = vport_segment_forms(); *form; form++) {
            assert_true(vport_segment_choose(*form));
            count =
                vport_segment(input.frames, input.offset, input.length, input.boundary, elements);
            assert_int_equal(count, expected);
            same_elements(elements, reference, count);
        }
    }
}

/* Adjacent frames by their first number: the same elements as from the array; far beyond what an
 * array would hold, too. */
static void a_linear_range_needs_no_array(void **state)
{
    static struct input input;
    size_t count;

    for (int i = 0; i < CASES / 10; i++) {
        random_input(&input);
        for (size_t page = 1; page < input.pages; page++)
            input.frames[page].number = input.frames[0].number + page;
        count = vport_segment(input.frames, input.offset, input.length, input.boundary, reference);
        assert_int_equal(vport_segment_linear(input.frames[0], input.offset, input.length,
                                              input.boundary, elements),
                         count);
        same_elements(elements, reference, count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_keeps_its_word),
        cmocka_unit_test(all_forms_agree),
        cmocka_unit_test(a_linear_range_needs_no_array),
    };

    source = random_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
