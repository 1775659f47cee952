/* SPDX-License-Identifier: MIT */
/* SG-1 .. SG-A2: the structures, and what their contents promise. */

/* SG-9: the order that compiles with every set of headers; with ours it must. */
#include <stddef.h>
#include <ntdef.h>
#include <guiddef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <video.h>

#include <string.h>

#include <ntddk.h>
#include "transfer.h"

#define SAME_PLACE(a, b, member)                                                                   \
    _Static_assert(offsetof(a, member) == offsetof(b, member) &&                                   \
                       sizeof(((a *)0)->member) == sizeof(((b *)0)->member),                       \
                   #member)

RIG_TEST(sg_01_list_is_a_count_a_reserved_word_and_elements)
{
    _Static_assert(offsetof(VP_SCATTER_GATHER_LIST, NumberOfElements) == 0,
                   "the count comes first");
    _Static_assert(sizeof(((VP_SCATTER_GATHER_LIST *)0)->NumberOfElements) == sizeof(ULONG),
                   "a ULONG");
    _Static_assert(offsetof(VP_SCATTER_GATHER_LIST, Reserved) == sizeof(ULONG_PTR),
                   "then the reserved word");
    _Static_assert(offsetof(VP_SCATTER_GATHER_LIST, Elements) == 2 * sizeof(ULONG_PTR),
                   "then the elements");
    REQUIRE(scene_set(rig, SG64, 5 * PAGE));
    for (ULONG length = 1; length <= 5 * PAGE; length += 1500) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, length, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(scene.transfer.seen.list->NumberOfElements >= 1);
        CHECK(scene.transfer.seen.list->NumberOfElements <= pages_of(100, length));
        transfer_complete(rig, &scene.transfer);
    }
    scene_end(rig);
}

RIG_TEST(sg_02_element_is_a_logical_address_and_a_length, .layout = RIG_SCATTERED, .identity = true)
{
    _Static_assert(sizeof(((VP_SCATTER_GATHER_ELEMENT *)0)->Address) == 8,
                   "64 bits on every machine");
    _Static_assert(sizeof(((VP_SCATTER_GATHER_ELEMENT *)0)->Length) == sizeof(ULONG), "a ULONG");
    REQUIRE(scene_set(rig, SG64, 3 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 5, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.seen.elements[0].Address.QuadPart,
                buffer_physical(&scene.buffer, 5));
    CHECK_EQUAL(scene.transfer.seen.elements[0].Length, PAGE - 105);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sg_03_reserved_words_are_the_systems, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 4 * PAGE };
    static uint8_t device[LENGTH];

    /* A driver that scribbles on them does wrong, but nothing breaks: the port keeps nothing there
     * that it needs. */
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        scene.transfer.seen.list->Reserved = (ULONG_PTR)0x5a5a5a5a5a5a5a5a;
        for (ULONG i = 0; i < scene.transfer.seen.count; i++)
            scene.transfer.seen.list->Elements[i].Reserved = (ULONG_PTR)0xa5a5a5a5a5a5a5a5;
        pattern_fill(device, LENGTH, 1);
        transfer_device_write(rig, &scene.transfer, device);
        transfer_complete(rig, &scene.transfer);
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 1));
        scene_end(rig);
    }
    machine_works(rig);
}

RIG_TEST(sg_04_each_element_is_contiguous_for_the_device, .layout = RIG_MIXED)
{
    enum { LENGTH = 60 * PAGE };
    uint8_t device[64];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        ULONG at = 0;

        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        for (ULONG i = 0; i < scene.transfer.seen.count; i++) {
            VP_SCATTER_GATHER_ELEMENT element = scene.transfer.seen.elements[i];

            /* Read from any place of the element without looking at page boundaries. */
            for (ULONG in = 0; in + 64 <= element.Length; in += 1999) {
                CHECK(rig_device_read(rig, (uint64_t)element.Address.QuadPart + in, 64, device));
                CHECK(pattern_holds(device, at + in, 64, 0));
            }
            at += element.Length;
        }
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(sg_05_elements_are_in_buffer_order, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 30 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 777, LENGTH - 777, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        transfer_device_read(rig, &scene.transfer, device); /* one element after the other */
        CHECK(pattern_holds(device, 777, scene.transfer.granted, 0));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(sg_06_same_layout_as_wdm)
{
    SAME_PLACE(VP_SCATTER_GATHER_LIST, SCATTER_GATHER_LIST, NumberOfElements);
    SAME_PLACE(VP_SCATTER_GATHER_LIST, SCATTER_GATHER_LIST, Reserved);
    _Static_assert(offsetof(VP_SCATTER_GATHER_LIST, Elements) ==
                       offsetof(SCATTER_GATHER_LIST, Elements),
                   "Elements");
    SAME_PLACE(VP_SCATTER_GATHER_ELEMENT, SCATTER_GATHER_ELEMENT, Address);
    SAME_PLACE(VP_SCATTER_GATHER_ELEMENT, SCATTER_GATHER_ELEMENT, Length);
    SAME_PLACE(VP_SCATTER_GATHER_ELEMENT, SCATTER_GATHER_ELEMENT, Reserved);
    _Static_assert(sizeof(VP_SCATTER_GATHER_ELEMENT) == sizeof(SCATTER_GATHER_ELEMENT),
                   "their size");
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(((PSCATTER_GATHER_LIST)(PVOID)scene.transfer.seen.list)->Elements[0].Length,
                scene.transfer.seen.elements[0].Length);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sg_07_sizes_of_list_and_element)
{
    CHECK_EQUAL(sizeof(VP_SCATTER_GATHER_ELEMENT), sizeof(void *) == 8 ? 24 : 16);
    CHECK_EQUAL(offsetof(VP_SCATTER_GATHER_ELEMENT, Length), 8);
    CHECK_EQUAL(offsetof(VP_SCATTER_GATHER_ELEMENT, Reserved), sizeof(void *) == 8 ? 16 : 12);
    CHECK_EQUAL(sizeof(VP_SCATTER_GATHER_LIST), sizeof(void *) == 8 ? 16 : 8);
    CHECK_EQUAL(sizeof(((VP_SCATTER_GATHER_LIST *)0)->Elements), 0);
}

RIG_TEST(sg_08_sizes_of_the_other_structures)
{
    const bool wide = sizeof(void *) == 8;

    CHECK_EQUAL(sizeof(VP_DEVICE_DESCRIPTION), 8);
    CHECK_EQUAL(offsetof(VP_DEVICE_DESCRIPTION, MaximumLength), 4);
    CHECK_EQUAL(sizeof(VIDEO_HW_INITIALIZATION_DATA), wide ? 144 : 84);
    CHECK_EQUAL(SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA, wide ? 64 : 40);
    CHECK_EQUAL(SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA, wide ? 140 : 80);
    CHECK_EQUAL(SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA, wide ? 144 : 84);
    CHECK_EQUAL(sizeof(VIDEO_PORT_CONFIG_INFO), wide ? 128 : 112);
    CHECK_EQUAL(SIZE_OF_NT4_VIDEO_PORT_CONFIG_INFO, wide ? 74 : 66);
    CHECK_EQUAL(sizeof(VIDEO_ACCESS_RANGE), 16);
    CHECK_EQUAL(sizeof(VIDEO_REQUEST_PACKET), wide ? 48 : 24);
    CHECK_EQUAL(sizeof(VIDEO_CHILD_ENUM_INFO), wide ? 24 : 20);
    CHECK_EQUAL(sizeof(VIDEO_MODE_INFORMATION), 80);
    /* And what HwVidFindAdapter was given has that size. */
    CHECK_EQUAL(driver_config(rig->extension)->Length, sizeof(VIDEO_PORT_CONFIG_INFO));
}

RIG_TEST(sg_09_headers_in_the_portable_order)
{
    /*
     * That this file compiles is the test; one thing of each header shows that they were not empty.
     */
    _Static_assert(sizeof(GUID) == 16 && sizeof(LIST_ENTRY) == 2 * sizeof(void *),
                   "guiddef.h and ntdef.h");
    _Static_assert(CTL_CODE(1, 2, 3, 0) == (1 << 16 | 2 << 2 | 3), "devioctl.h");
    CHECK_EQUAL(NO_ERROR, 0);
    CHECK_EQUAL(ERROR_INVALID_PARAMETER, 87);
    CHECK_EQUAL(ERROR_NOT_ENOUGH_MEMORY, 8);
}

/* The frames of a whole buffer, counted as runs: each ended only by a gap or by a multiple of 4
 * GiB. */
static ULONG runs(const struct buffer *buffer)
{
    const PFN_NUMBER *frames = MmGetMdlPfnArray((PMDL)buffer->mdl);
    ULONG count = 1;

    for (ULONG i = 1; i < pages_of(MmGetMdlByteOffset((PMDL)buffer->mdl), buffer->length); i++)
        count += frames[i] != frames[i - 1] + 1 || frames[i] % (1 << 20) == 0;
    return count;
}

static void check_runs(struct rig *rig, ULONG pages)
{
    REQUIRE(scene_set(rig, SG64, pages * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, pages * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.seen.count, runs(&scene.buffer));
    CHECK(transfer_list_holds(&scene.transfer, 64)); /* none crosses 4 GiB */
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sg_a1_adjacent_pages_are_one_element, .layout = RIG_CONTIGUOUS, .identity = true)
{
    unsigned whole = 0;

    REQUIRE(scene_set(rig, SG64, 600 * PAGE));
    for (ULONG page = 1; page < 600; page++)
        CHECK_EQUAL(buffer_physical(&scene.buffer, page * PAGE),
                    buffer_physical(&scene.buffer, 0) + page * PAGE);
    for (ULONG part = 0; part < 10; part++) {
        scene.transfer =
            transfer_of(scene.adapter, &scene.buffer, part * 60 * PAGE, 60 * PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        whole +=
            scene.transfer.seen.count == 1 && scene.transfer.seen.elements[0].Length == 60 * PAGE;
        transfer_complete(rig, &scene.transfer);
    }
    CHECK(whole >= 9); /* one of them may lie across 4 GiB */
    scene_end(rig);
}

RIG_TEST(sg_a1_elements_are_the_runs_of_adjacent_pages, .layout = RIG_MIXED, .identity = true)
{
    for (ULONG pages = 1; pages <= 60; pages += 7)
        check_runs(rig, pages);
}

/* An MDL with frames of our choosing around 4 GiB: only its numbers are looked at. */
RIG_TEST(sg_a1_no_element_crosses_4_gib, .layout = RIG_CONTIGUOUS, .identity = true,
         .beyond_4g = true)
{
    PFN_NUMBER *frames, saved[8];

    REQUIRE(scene_set(rig, SG64, 7 * PAGE));
    frames = MmGetMdlPfnArray((PMDL)scene.buffer.mdl);
    memcpy(saved, frames, sizeof(saved));
    for (ULONG page = 0; page < 8; page++)
        frames[page] = (1 << 20) - 4 + page;
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 7 * PAGE, TRUE);
    if (CHECK(transfer_begin(rig, &scene.transfer))) {
        CHECK_EQUAL(scene.transfer.seen.count, 2);
        CHECK_EQUAL(scene.transfer.seen.elements[0].Length, 4 * PAGE - 100);
        CHECK_EQUAL(scene.transfer.seen.elements[1].Address.QuadPart, 1ull << 32);
        CHECK(transfer_list_holds(&scene.transfer, 64));
        transfer_complete(rig, &scene.transfer);
    }
    memcpy(frames, saved, sizeof(saved));
    scene_end(rig);
}

RIG_TEST(sg_a2_addresses_have_any_alignment, .layout = RIG_SCATTERED)
{
    static uint8_t device[PAGE];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 2 * PAGE));
        for (ULONG offset = 0; offset < 40; offset += 3) {
            scene.transfer = transfer_of(scene.adapter, &scene.buffer, offset, 1001, TRUE);
            CHECK(transfer_begin(rig, &scene.transfer));
            /* The place in the page is the buffer's own, through map registers too: nothing is
             * aligned for anybody. */
            CHECK_EQUAL((uint64_t)scene.transfer.seen.elements[0].Address.QuadPart % PAGE,
                        100 + offset);
            transfer_device_read(rig, &scene.transfer, device);
            CHECK(pattern_holds(device, offset, 1001, 0));
            transfer_complete(rig, &scene.transfer);
        }
        scene_end(rig);
    }
}

const struct CMUnitTest sg_tests[] = {
    cmocka_unit_test(sg_01_list_is_a_count_a_reserved_word_and_elements),
    cmocka_unit_test(sg_02_element_is_a_logical_address_and_a_length),
    cmocka_unit_test(sg_03_reserved_words_are_the_systems),
    cmocka_unit_test(sg_04_each_element_is_contiguous_for_the_device),
    cmocka_unit_test(sg_05_elements_are_in_buffer_order),
    cmocka_unit_test(sg_06_same_layout_as_wdm),
    cmocka_unit_test(sg_07_sizes_of_list_and_element),
    cmocka_unit_test(sg_08_sizes_of_the_other_structures),
    cmocka_unit_test(sg_09_headers_in_the_portable_order),
    cmocka_unit_test(sg_a1_adjacent_pages_are_one_element),
    cmocka_unit_test(sg_a1_elements_are_the_runs_of_adjacent_pages),
    cmocka_unit_test(sg_a1_no_element_crosses_4_gib),
    cmocka_unit_test(sg_a2_addresses_have_any_alignment),
};
const size_t sg_count = sizeof(sg_tests) / sizeof(sg_tests[0]);
