/* SPDX-License-Identifier: MIT */
/* MR-1 .. MR-6, MR-16 .. MR-A2: map registers. */
#include <string.h>

#include "transfer.h"
#include "wdm.h"

/* ---- MR-1 .. MR-3: how many ---- */

/* What of `length` bytes, from `in_page` bytes into a page of the scene's buffer on, one operation
 * is granted. */
static ULONG granted(struct rig *rig, ULONG in_page, ULONG length)
{
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, PAGE - 100 + in_page, length, TRUE);
    if (transfer_begin(rig, &scene.transfer))
        transfer_complete(rig, &scene.transfer);
    return scene.transfer.granted;
}

RIG_TEST(mr_01_a_register_maps_a_page_or_a_part_of_one, .map_registers = 1, .layout = RIG_SCATTERED)
{
    struct transfer second;

    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    CHECK_EQUAL(granted(rig, 0, 2 * PAGE), PAGE);
    CHECK_EQUAL(granted(rig, PAGE - 1, 2),
                1); /* the byte behind the boundary needs a register of its own */
    CHECK_EQUAL(granted(rig, PAGE - 1, 1), 1);
    /* A single byte takes a whole register. */
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 1, TRUE);
    second = transfer_of(scene.adapter, &scene.buffer, 1, 1, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    CHECK_EQUAL(second.calls, 0);
    transfer_complete(rig, &scene.transfer);
    CHECK(rig_wait(rig, &second.calls, 1));
    transfer_complete(rig, &second);
    scene_end(rig);
}

RIG_TEST(mr_02_registers_are_pages_spanned_not_length_by_page_size, .map_registers = 2,
         .layout = RIG_SCATTERED)
{
    static const struct {
        ULONG in_page, length, granted;
    } cases[] = {
        {0, 2 * PAGE, 2 * PAGE},
        {0, 2 * PAGE + 1, 2 * PAGE},
        {1, 2 * PAGE - 1, 2 * PAGE - 1},
        {1, 2 * PAGE, 2 * PAGE - 1},
        {PAGE - 1, PAGE + 1, PAGE + 1},
        {PAGE - 1, PAGE + 2, PAGE + 1},
        {2048, PAGE, PAGE},
        {PAGE - 1, 2 * PAGE, PAGE + 1},
    };

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 5 * PAGE));
        for (unsigned i = 0; i < ARRAYSIZE(cases); i++)
            CHECK_EQUAL(granted(rig, cases[i].in_page, cases[i].length), cases[i].granted);
        scene_end(rig);
    }
}

/* The documented example: a transfer of 12 registers on an adapter with 5. */
RIG_TEST(mr_03_twelve_needed_five_granted_three_operations, .map_registers = 5,
         .layout = RIG_SCATTERED)
{
    enum { LENGTH = 11 * PAGE + 100 };
    static uint8_t device[LENGTH];
    static const ULONG steps[] = {5 * PAGE - 100, 5 * PAGE, PAGE + 200};

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        ULONG done = 0;

        REQUIRE(scene_set(rig, kind, LENGTH));
        CHECK_EQUAL(pages_of(100, LENGTH), 12);
        for (unsigned i = 0; i < ARRAYSIZE(steps); i++) {
            scene.transfer = transfer_of(scene.adapter, &scene.buffer, done, LENGTH - done, TRUE);
            CHECK(transfer_begin(rig, &scene.transfer));
            CHECK_EQUAL(scene.transfer.granted, steps[i]);
            transfer_device_read(rig, &scene.transfer, device + done);
            transfer_complete(rig, &scene.transfer);
            done += scene.transfer.granted;
        }
        CHECK_EQUAL(done, LENGTH);
        CHECK(pattern_holds(device, 0, LENGTH, 0));
        CHECK_EQUAL(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, FALSE, device), 3);
        scene_end(rig);
    }
}

/* ---- MR-4 .. MR-6: what for ---- */

/* All of it in one operation, both ways; the list as seen stays in the scene. */
static void both_ways(struct rig *rig, enum adapter_kind kind, ULONG length)
{
    static uint8_t device[40 * PAGE];

    REQUIRE(scene_set(rig, kind, length));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, length, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.granted, length);
    transfer_device_read(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(device, 0, length, 0));
    pattern_fill(device, length, 3);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, length, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_device_write(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, length, 3));
    CHECK(buffer_guards_hold(&scene.buffer));
    CHECK(transfer_list_holds(&scene.transfer, adapter_bits(kind)));
}

RIG_TEST(mr_04_one_contiguous_range_for_a_device_without_scatter_gather, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = FLAT64; kind < ADAPTER_KINDS; kind++) {
        both_ways(rig, kind, 33 * PAGE + 5);
        CHECK_EQUAL(scene.transfer.seen.count, 1);
        scene_end(rig);
    }
}

RIG_TEST(mr_05_aliases_memory_beyond_the_address_lines, .layout = RIG_SCATTERED, .beyond_4g = true)
{
    both_ways(rig, FLAT24, 30 * PAGE);
    CHECK(buffer_out_of_reach(&scene.buffer, 24) > 0);
    scene_end(rig);
    both_ways(rig, SG32, 30 * PAGE);
    CHECK(buffer_out_of_reach(&scene.buffer, 32) > 0);
    scene_end(rig);
}

RIG_TEST(mr_06_addresses_above_4_gib_are_bounced_not_truncated, .layout = RIG_SCATTERED,
         .identity = true, .beyond_4g = true)
{
    both_ways(rig, SG32, 30 * PAGE);
    CHECK(buffer_out_of_reach(&scene.buffer, 32) > 0);
    for (ULONG i = 0, at = 0; i < scene.transfer.seen.count; i++) {
        uint64_t physical = buffer_physical(&scene.buffer, at);

        if (physical > REACH(32))
            CHECK((uint64_t)scene.transfer.seen.elements[i].Address.QuadPart !=
                  (physical & REACH(32)));
        else
            CHECK_EQUAL(scene.transfer.seen.elements[i].Address.QuadPart, physical);
        at += scene.transfer.seen.elements[i].Length;
    }
    scene_end(rig);
}

/* ---- MR-16 .. MR-18, decisions ---- */

static void device_reads(struct rig *rig, struct transfer *transfer)
{
    transfer_device_read(rig, transfer, transfer->data);
}

RIG_TEST(mr_16_copied_in_before_the_callback_and_out_at_completion, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 6 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = FLAT64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
        scene.transfer.hook = device_reads;
        scene.transfer.data = device;
        memset(device, 0, LENGTH);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(pattern_holds(device, 0, LENGTH, 0));
        transfer_complete(rig, &scene.transfer);
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        pattern_fill(device, LENGTH, 6);
        transfer_device_write(rig, &scene.transfer, device);
        scene_pause();
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 0)); /* not before */
        transfer_complete(rig, &scene.transfer);
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 6));
        scene_end(rig);
    }
}

RIG_TEST(mr_17_no_alignment_is_asked_for)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        ULONG registers;
        PDMA_ADAPTER adapter = wdm_adapter(kind, 64 * PAGE, &registers);

        CHECK_EQUAL(adapter->DmaOperations->GetDmaAlignment(adapter), 1);
        wdm_put(adapter);
        both_ways(rig, kind, 1);
        scene_end(rig);
    }
}

RIG_TEST(mr_18_nobody_waits_for_the_device)
{
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(SG64, 64 * PAGE, &registers);
    struct wdm_list list;

    /* The device is never started, and both calls come back, with the list still outstanding. */
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, 2 * PAGE, TRUE, &list), STATUS_SUCCESS);
    REQUIRE(list.calls == 1);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK(scene.transfer.returned);
    wdm_put_list(adapter, &list, TRUE);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
    wdm_put(adapter);
}

RIG_TEST(mr_a1_limit_for_all_but_registers_only_for_what_bounces, .map_registers = 4,
         .layout = RIG_SCATTERED)
{
    struct transfer others[3];

    /* A device that reaches everything is clipped like any other, but takes no register from
     * anybody. */
    REQUIRE(scene_set(rig, SG64, 8 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.granted, 4 * PAGE - 100);
    for (unsigned i = 0; i < ARRAYSIZE(others); i++) {
        others[i] = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
        CHECK_EQUAL(transfer_start(rig, &others[i]), NO_ERROR);
        REQUIRE(CHECK_EQUAL(others[i].calls, 1));
    }
    transfer_complete(rig, &scene.transfer);
    for (unsigned i = 0; i < ARRAYSIZE(others); i++)
        transfer_complete(rig, &others[i]);
    scene_end(rig);
}

RIG_TEST(mr_a2_bounce_pages_start_with_the_buffers_bytes, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    CHECK(buffer_out_of_reach(&scene.buffer, 24) > 0);
    /* Something else was in those pages before. */
    pattern_fill(device, LENGTH, 9);
    CHECK(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, FALSE, device) > 0);
    pattern_fill(scene.buffer.bytes, LENGTH, 2);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_device_read(rig, &scene.transfer, device);
    CHECK(pattern_holds(device, 0, LENGTH, 2));
    transfer_complete(rig, &scene.transfer); /* the device wrote nothing at all */
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 2));
    scene_end(rig);
}

const struct CMUnitTest mr_tests[] = {
    cmocka_unit_test(mr_01_a_register_maps_a_page_or_a_part_of_one),
    cmocka_unit_test(mr_02_registers_are_pages_spanned_not_length_by_page_size),
    cmocka_unit_test(mr_03_twelve_needed_five_granted_three_operations),
    cmocka_unit_test(mr_04_one_contiguous_range_for_a_device_without_scatter_gather),
    cmocka_unit_test(mr_05_aliases_memory_beyond_the_address_lines),
    cmocka_unit_test(mr_06_addresses_above_4_gib_are_bounced_not_truncated),
    cmocka_unit_test(mr_16_copied_in_before_the_callback_and_out_at_completion),
    cmocka_unit_test(mr_17_no_alignment_is_asked_for),
    cmocka_unit_test(mr_18_nobody_waits_for_the_device),
    cmocka_unit_test(mr_a1_limit_for_all_but_registers_only_for_what_bounces),
    cmocka_unit_test(mr_a2_bounce_pages_start_with_the_buffers_bytes),
};
const size_t mr_count = sizeof(mr_tests) / sizeof(mr_tests[0]);
