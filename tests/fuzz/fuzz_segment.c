/* SPDX-License-Identifier: MIT */
/*
 * The segmenter's forms on frames, offsets, lengths and boundaries of the fuzzer's choice: elements
 * laid end to end are the bytes of the pages in order, none crosses a boundary, all forms agree,
 * and none writes more elements than there are pages.
 *
 * input: offset 2, length 3, boundary's shift 1, reach 8, then one byte a page: how its frame
 * follows the one before
 */
#include "input.h"

#include "dma/segment.h"

enum { PAGES = 400 };

static struct vport_frame frames[PAGES];

static void take_frames(struct input *input, size_t pages)
{
    uintptr_t number = (uintptr_t)input_take(input, 6);

    for (size_t i = 0; i < pages; i++) {
        uint8_t how = (uint8_t)input_take(input, 1);

        if (how < 128)
            number++;
        else if (how < 200)
            number -= how - 128u;
        else
            number = (uintptr_t)input_take(input, 6);
        number &= (uintptr_t)(UINT64_MAX >> VPORT_PAGE_SHIFT);
        frames[i].number = number;
    }
}

static void check_bytes(const struct vport_dma_element *elements, size_t count, uint32_t offset,
                        uint64_t length, uint64_t boundary)
{
    size_t page = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t address = elements[i].address, left = elements[i].length;

        must(left > 0);
        must(!boundary || address / boundary == (address + left - 1) / boundary);
        while (left) {
            uint64_t part = VPORT_PAGE_SIZE - offset;

            part = part < length ? part : length;
            must(address == vport_frame_address(frames[page]) + offset);
            must(part <= left);
            address += part;
            left -= part;
            length -= part;
            offset = 0;
            page++;
        }
    }
    must(length == 0);
}

static void check_reach(size_t pages, uint64_t reach)
{
    size_t beyond = 0;

    for (size_t i = 0; i < pages; i++)
        beyond += !vport_frame_in_reach(frames[i], reach);
    must(vport_segment_out_of_reach(frames, pages, reach) == beyond);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    uint32_t offset = input_take(&input, 2) % VPORT_PAGE_SIZE;
    uint64_t length = input_take(&input, 3) % (PAGES * VPORT_PAGE_SIZE - offset + 1);
    unsigned shift = input_take(&input, 1) % 40;
    uint64_t boundary = shift < VPORT_PAGE_SHIFT ? 0 : 1ull << shift, reach = input_take(&input, 8);
    size_t pages = vport_pages_spanned(offset, length), first = SIZE_MAX;

    take_frames(&input, pages);
    for (const char *const *form = vport_segment_forms(); *form; form++) {
        /* Room for exactly as many as the contract says, so that the sanitizer sees one more. */
        struct vport_dma_element *elements = malloc(pages * sizeof(*elements));
        size_t count;

        must(vport_segment_choose(*form));
        count = vport_segment(frames, offset, length, boundary, elements);
        must(count == vport_segment_count(frames, offset, length, boundary));
        must(first == SIZE_MAX || count == first);
        first = count;
        check_bytes(elements, count, offset, length, boundary);
        check_reach(pages, reach);
        free(elements);
    }
    return 0;
}
