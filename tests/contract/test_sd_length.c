/* SPDX-License-Identifier: MIT */
/* SD-9 .. SD-18: VideoPortStartDma's offset and length. */
#include <string.h>

#include "transfer.h"

/* ---- SD-9 .. SD-18: offset and length ---- */

RIG_TEST(sd_09_offset_is_from_buffer_start, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 4 * PAGE };
    static const ULONG places[] = {0, 1, 0x123, PAGE - 1};
    static const ULONG offsets[] = {0,         1, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 1234,
                                    LENGTH - 1};
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);

        for (unsigned p = 0; p < ARRAYSIZE(places); p++) {
            struct buffer buffer;

            REQUIRE(adapter && buffer_make_locked(rig, &buffer, places[p], LENGTH));
            for (unsigned o = 0; o < ARRAYSIZE(offsets); o++) {
                memset(device, 0, LENGTH);
                CHECK(move_all(rig, adapter, &buffer, offsets[o], LENGTH - offsets[o], TRUE,
                               device) > 0);
                CHECK(pattern_holds(device, offsets[o], LENGTH - offsets[o], 0));
            }
            buffer_drop(rig, &buffer);
        }
        adapter_put(rig, adapter);
    }
}

RIG_TEST(sd_10_input_length_is_what_is_asked_for)
{
    static const ULONG lengths[] = {1, 2, 511, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE};

    REQUIRE(scene_set(rig, SG64, 4 * PAGE));
    for (unsigned i = 0; i < ARRAYSIZE(lengths); i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 50, lengths[i], TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK_EQUAL(scene.transfer.granted, lengths[i]);
        CHECK(transfer_list_holds(&scene.transfer, 64));
        transfer_complete(rig, &scene.transfer);
    }
    scene_end(rig);
}

/* A request of `asked` bytes, 8 pages and more, on an adapter with 3 map registers: what the list
 * covers. */
static void clipped(struct rig *rig, enum adapter_kind kind)
{
    REQUIRE(scene_set(rig, kind, 8 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sd_11_output_length_is_what_will_be_moved, .map_registers = 3, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        clipped(rig, kind);
        CHECK_EQUAL(scene.transfer.granted, 3 * PAGE - 100);
        CHECK(transfer_list_holds(&scene.transfer, adapter_bits(kind)));
    }
}

RIG_TEST(sd_12_length_is_final_in_the_callback, .map_registers = 3, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        clipped(rig, kind);
        CHECK_EQUAL(scene.transfer.seen.length, 3 * PAGE - 100);
    }
}

RIG_TEST(sd_13_length_is_final_when_the_call_returns, .map_registers = 3, .queued = true)
{
    REQUIRE(scene_set(rig, SG64, 8 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
    CHECK_EQUAL(transfer_start(rig, &scene.transfer), NO_ERROR);
    CHECK_EQUAL(scene.transfer.granted, 3 * PAGE - 100);
    CHECK(rig_wait(rig, &scene.transfer.calls, 1));
    CHECK_EQUAL(scene.transfer.granted, 3 * PAGE - 100);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

/* The device is so quick that its DPC is over before HwVidExecuteDma, and with it
 * VideoPortStartDma, has returned. */
static void read_length_in_dpc(void *context)
{
    CHECK(!__atomic_load_n(&scene.transfer.returned, __ATOMIC_ACQUIRE));
    scene.value = scene.transfer.granted;
    scene_done();
}

static void interrupt_and_wait(struct rig *rig, struct transfer *transfer)
{
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
}

static void length_in_dpc(struct rig *rig)
{
    REQUIRE(scene_set(rig, FLAT24, 8 * PAGE));
    rig->hooks.dpc = read_length_in_dpc;
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
    scene.transfer.hook = interrupt_and_wait;
    CHECK(transfer_begin(rig, &scene.transfer));
    rig->hooks.dpc = NULL;
    CHECK_EQUAL(scene.value, 3 * PAGE - 100);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sd_14_dpc_reads_length_before_the_call_returns, .map_registers = 3, .deterministic = true)
{
    length_in_dpc(rig);
}

RIG_TEST(sd_14_dpc_reads_length_on_another_thread, .map_registers = 3, .threaded = true)
{
    length_in_dpc(rig);
}

/* Many transfers of seeded size and place on adapters of seeded kind, for what must hold of every
 * one. */
static void any_transfers(struct rig *rig, void (*look)(const struct transfer *transfer))
{
    uint64_t random = rig->seed | 1;

    for (unsigned i = 0; i < 60; i++) {
        enum adapter_kind kind;
        ULONG offset;

        random = random * 6364136223846793005u + 1442695040888963407u;
        kind = (enum adapter_kind)((random >> 33) % ADAPTER_KINDS);
        REQUIRE(scene_set(rig, kind, 1 + (ULONG)(random >> 35) % (20 * PAGE)));
        offset = (ULONG)(random >> 40) % scene.buffer.length;
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, offset,
                                     1 + (ULONG)(random >> 45) % (scene.buffer.length - offset),
                                     (random >> 62) & 1);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(transfer_list_holds(&scene.transfer, adapter_bits(kind)));
        look(&scene.transfer);
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

static void look_at_limit(const struct transfer *transfer)
{
    CHECK(transfer->granted >= 1 && transfer->granted <= transfer->length);
}

RIG_TEST(sd_15_output_length_never_exceeds_input, .map_registers = 7, .layout = RIG_MIXED)
{
    any_transfers(rig, look_at_limit);
}

static void look_at_sum(const struct transfer *transfer)
{
    uint64_t sum = 0;

    for (ULONG i = 0; i < transfer->seen.count; i++)
        sum += transfer->seen.elements[i].Length;
    CHECK_EQUAL(sum, transfer->granted);
}

RIG_TEST(sd_16_elements_add_up_to_output_length, .map_registers = 7, .layout = RIG_MIXED)
{
    any_transfers(rig, look_at_sum);
}

RIG_TEST(sd_17_too_few_map_registers_is_a_shorter_success, .map_registers = 1,
         .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 2 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
        CHECK_EQUAL(transfer_start(rig, &scene.transfer), NO_ERROR);
        CHECK_EQUAL(scene.transfer.granted, PAGE - 100);
        CHECK(rig_wait(rig, &scene.transfer.calls, 1));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(sd_18_loop_over_partial_transfers_moves_all, .map_registers = 3, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 20 * PAGE + 77 };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        memset(device, 0, LENGTH);
        /* 21 pages are spanned: seven operations of three pages each. */
        CHECK_EQUAL(pages_of(100, LENGTH), 21);
        CHECK_EQUAL(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, TRUE, device), 7);
        CHECK(pattern_holds(device, 0, LENGTH, 0));
        pattern_fill(device, LENGTH, 3);
        CHECK_EQUAL(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, FALSE, device), 7);
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 3));
        CHECK(buffer_guards_hold(&scene.buffer));
        scene_end(rig);
    }
}

const struct CMUnitTest sd_length_tests[] = {
    cmocka_unit_test(sd_09_offset_is_from_buffer_start),
    cmocka_unit_test(sd_10_input_length_is_what_is_asked_for),
    cmocka_unit_test(sd_11_output_length_is_what_will_be_moved),
    cmocka_unit_test(sd_12_length_is_final_in_the_callback),
    cmocka_unit_test(sd_13_length_is_final_when_the_call_returns),
    cmocka_unit_test(sd_14_dpc_reads_length_before_the_call_returns),
    cmocka_unit_test(sd_14_dpc_reads_length_on_another_thread),
    cmocka_unit_test(sd_15_output_length_never_exceeds_input),
    cmocka_unit_test(sd_16_elements_add_up_to_output_length),
    cmocka_unit_test(sd_17_too_few_map_registers_is_a_shorter_success),
    cmocka_unit_test(sd_18_loop_over_partial_transfers_moves_all),
};
const size_t sd_length_count = sizeof(sd_length_tests) / sizeof(sd_length_tests[0]);
