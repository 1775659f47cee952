/* SPDX-License-Identifier: MIT */
/* SD-A1, SD-A2, SD-A9 .. SD-A11: requests that wait, several at once, one within another. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <ntddk.h>
#include "transfer.h"

/* ---- SD-A1, SD-A2, SD-A9: the queue ---- */

RIG_TEST(sd_a1_length_is_never_touched_after_the_call_has_returned, .map_registers = 4,
         .layout = RIG_SCATTERED)
{
    ULONG *length = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct noted_call call = {0};

    REQUIRE(length != MAP_FAILED && scene_set(rig, FLAT24, 8 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    *length = 6 * PAGE;
    CHECK_EQUAL(VideoPortStartDma(rig->extension, scene.adapter, scene.buffer.mdl, PAGE - 100,
                                  length, note_call, &call, TRUE),
                NO_ERROR);
    CHECK_EQUAL(call.calls, 0);
    CHECK_EQUAL(*length,
                4 * PAGE); /* already what the granted registers cover, though none is free */
    munmap(length, PAGE);
    transfer_complete(rig, &scene.transfer);
    REQUIRE(rig_wait(rig, &call.calls, 1));
    VideoPortCompleteDma(rig->extension, scene.adapter, call.list, TRUE);
    scene_end(rig);
}

RIG_TEST(sd_a1_length_is_the_same_in_a_late_callback, .map_registers = 2, .queued = true)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 8 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
        CHECK_EQUAL(transfer_start(rig, &scene.transfer), NO_ERROR);
        CHECK_EQUAL(scene.transfer.granted, 2 * PAGE - 100);
        REQUIRE(rig_wait(rig, &scene.transfer.calls, 1));
        CHECK_EQUAL(scene.transfer.seen.length, 2 * PAGE - 100);
        CHECK(transfer_list_holds(&scene.transfer, adapter_bits(kind)));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(sd_a2_synchronous_when_registers_are_free, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 8 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
        CHECK_EQUAL(transfer_start(rig, &scene.transfer), NO_ERROR);
        CHECK_EQUAL(scene.transfer.calls, 1);
        CHECK(!scene.transfer.seen.returned);
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(sd_a2_queued_request_runs_in_the_completion_that_frees_registers, .map_registers = 4,
         .layout = RIG_SCATTERED)
{
    struct transfer second;
    static uint8_t device[4 * PAGE];

    REQUIRE(scene_set(rig, FLAT24, 8 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
    second = transfer_of(scene.adapter, &scene.buffer, 4 * PAGE - 100, 4 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.granted, 4 * PAGE - 100);
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    scene_pause();
    CHECK_EQUAL(second.calls, 0);
    transfer_complete(rig, &scene.transfer);
    REQUIRE(CHECK_EQUAL(second.calls, 1));
    CHECK(second.seen.returned);
    CHECK_EQUAL(second.seen.irql, DISPATCH);
    transfer_device_read(rig, &second, device);
    CHECK(pattern_holds(device, 4 * PAGE - 100, 4 * PAGE, 0));
    transfer_complete(rig, &second);
    scene_end(rig);
}

static void note_processor(struct rig *rig, struct transfer *transfer)
{
    scene.value = KeGetCurrentProcessorNumber();
}

RIG_TEST(sd_a2_forced_queue_calls_back_later, .queued = true)
{
    for (unsigned i = 0; i < 20; i++) {
        REQUIRE(scene_set(rig, SG64, 3 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE, i & 1);
        scene.transfer.hook = note_processor;
        CHECK(transfer_begin(rig, &scene.transfer));
        /* Not within the call: after it, or on another processor while it returns. */
        CHECK(scene.transfer.seen.returned || scene.value != KeGetCurrentProcessorNumber());
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

/* ---- SD-A9 .. SD-A11: several at once, nested, in the callback ---- */

/*
 * Map registers needed: the second request leaves one free, which the third cannot use and the
 * fourth could; it waits all the same.
 */
static const ULONG queue_pages[] = {4, 3, 4, 1, 4};
enum { QUEUE = 5 };

static void check_turn(struct rig *rig, struct transfer *transfers, unsigned turn)
{
    static uint8_t device[4 * PAGE];

    CHECK_EQUAL(transfers[turn].calls, 1);
    for (unsigned later = turn + 1; later < QUEUE; later++)
        CHECK_EQUAL(transfers[later].calls, 0);
    CHECK_EQUAL(transfers[turn].seen.turn, transfers[0].seen.turn + turn);
    transfer_device_read(rig, &transfers[turn], device);
    CHECK(pattern_holds(device, transfers[turn].offset, transfers[turn].length, 0));
}

RIG_TEST(sd_a9_waiting_requests_run_first_come_first_served, .map_registers = 4,
         .layout = RIG_SCATTERED)
{
    struct transfer *transfers = calloc(QUEUE, sizeof(*transfers));

    REQUIRE(transfers && scene_set(rig, FLAT24, 30 * PAGE));
    for (unsigned i = 0; i < QUEUE; i++) {
        transfers[i] = transfer_of(scene.adapter, &scene.buffer, (i * 5 + 1) * PAGE - 100,
                                   queue_pages[i] * PAGE, TRUE);
        CHECK_EQUAL(transfer_start(rig, &transfers[i]), NO_ERROR);
        CHECK_EQUAL(transfers[i].granted, queue_pages[i] * PAGE);
    }
    for (unsigned i = 0; i < QUEUE; i++) {
        check_turn(rig, transfers, i);
        REQUIRE(transfers[i].calls == 1);
        transfer_complete(rig, &transfers[i]);
    }
    free(transfers);
    scene_end(rig);
}

RIG_TEST(sd_a9_a_new_request_does_not_overtake_one_that_waits, .map_registers = 4,
         .layout = RIG_SCATTERED)
{
    struct transfer waiting, late;

    REQUIRE(scene_set(rig, FLAT24, 20 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, PAGE - 100, 3 * PAGE, TRUE);
    waiting = transfer_of(scene.adapter, &scene.buffer, 5 * PAGE - 100, 4 * PAGE, TRUE);
    late = transfer_of(scene.adapter, &scene.buffer, 10 * PAGE - 100, PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &waiting), NO_ERROR);
    CHECK_EQUAL(waiting.calls, 0);
    CHECK_EQUAL(transfer_start(rig, &late), NO_ERROR); /* the fourth register is free */
    CHECK_EQUAL(late.calls, 0);
    transfer_complete(rig, &scene.transfer);
    CHECK_EQUAL(waiting.calls, 1);
    CHECK_EQUAL(late.calls, 0);
    transfer_complete(rig, &waiting);
    CHECK_EQUAL(late.calls, 1);
    transfer_complete(rig, &late);
    scene_end(rig);
}

RIG_TEST(sd_a9_outstanding_lists_are_independent, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 4 * PAGE };
    static uint8_t device[LENGTH];
    struct transfer second;

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 2 * LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        second = transfer_of(scene.adapter, &scene.buffer, LENGTH, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer) && transfer_begin(rig, &second));
        CHECK(scene.transfer.seen.list != second.seen.list);
        pattern_fill(device, LENGTH, 2);
        transfer_device_write(rig, &second, device);
        pattern_fill(device, LENGTH, 1);
        transfer_device_write(rig, &scene.transfer, device);
        transfer_complete(rig, &second);
        CHECK(pattern_holds(scene.buffer.bytes + LENGTH, 0, LENGTH, 2));
        transfer_complete(rig, &scene.transfer);
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 1));
        CHECK(pattern_holds(scene.buffer.bytes + LENGTH, 0, LENGTH, 2));
        scene_end(rig);
    }
}

static void start_inner(struct rig *rig, struct transfer *transfer)
{
    struct transfer *inner = transfer->data;

    CHECK_EQUAL(transfer_start(rig, inner), NO_ERROR);
}

static void start_within_a_callback(struct rig *rig, enum adapter_kind kind)
{
    static struct transfer inner;

    REQUIRE(scene_set(rig, kind, 6 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    inner = transfer_of(scene.adapter, &scene.buffer, 3 * PAGE, 2 * PAGE, TRUE);
    scene.transfer.hook = start_inner;
    scene.transfer.data = &inner;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK(rig_wait(rig, &inner.calls, 1));
    CHECK(transfer_list_holds(&inner, adapter_bits(kind)));
    CHECK_EQUAL(inner.granted, 2 * PAGE);
    transfer_complete(rig, &scene.transfer);
    transfer_complete(rig, &inner);
    scene_end(rig);
}

RIG_TEST(sd_a10_start_from_within_the_callback, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++)
        start_within_a_callback(rig, kind);
}

RIG_TEST(sd_a10_start_from_within_a_queued_callback, .layout = RIG_SCATTERED, .queued = true)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++)
        start_within_a_callback(rig, kind);
}

/* A chain: each callback completes its own operation and starts the next one. */
static struct {
    struct rig *rig;
    uint32_t calls, wanted;
    uintptr_t highest, lowest; /* of the stack, as the callbacks saw it */
} chain;

static VOID NTAPI next_of_chain(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    ULONG length = 2 * PAGE;

    chain.highest = here > chain.highest ? here : chain.highest;
    chain.lowest = here < chain.lowest ? here : chain.lowest;
    VideoPortCompleteDma(HwDeviceExtension, VpDmaAdapter, SGList, TRUE);
    if (__atomic_add_fetch(&chain.calls, 1, __ATOMIC_RELEASE) < chain.wanted)
        CHECK_EQUAL(VideoPortStartDma(HwDeviceExtension, VpDmaAdapter, scene.buffer.mdl, 0, &length,
                                      next_of_chain, Context, TRUE),
                    NO_ERROR);
}

static void run_chain(struct rig *rig, enum adapter_kind kind, uint32_t wanted)
{
    ULONG length = 2 * PAGE;

    REQUIRE(scene_set(rig, kind, 2 * PAGE));
    memset(&chain, 0, sizeof(chain));
    chain.wanted = wanted;
    chain.lowest = UINTPTR_MAX;
    CHECK_EQUAL(VideoPortStartDma(rig->extension, scene.adapter, scene.buffer.mdl, 0, &length,
                                  next_of_chain, NULL, TRUE),
                NO_ERROR);
    CHECK(rig_wait(rig, &chain.calls, wanted));
    CHECK(chain.highest - chain.lowest < 64 * 1024);
    scene_end(rig);
}

RIG_TEST(sd_a10_a_chain_of_100000_operations_does_not_grow_the_stack)
{
    run_chain(rig, SG64, 100000);
}

RIG_TEST(sd_a10_a_chain_through_map_registers_does_not_grow_the_stack, .map_registers = 3,
         .layout = RIG_SCATTERED)
{
    run_chain(rig, FLAT24, 20000);
}

static struct transfer from_dpc;

static void start_in_dpc(void *context)
{
    struct rig *rig = context;

    CHECK(!__atomic_load_n(&scene.transfer.returned, __ATOMIC_ACQUIRE));
    CHECK_EQUAL(transfer_start(rig, &from_dpc), NO_ERROR);
    scene_done();
}

static void let_dpc_start(struct rig *rig, struct transfer *transfer)
{
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
}

static void start_in_dpc_before_return(struct rig *rig)
{
    REQUIRE(scene_set(rig, SG64, 6 * PAGE));
    rig->hooks.dpc = start_in_dpc;
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    scene.transfer.hook = let_dpc_start;
    from_dpc = transfer_of(scene.adapter, &scene.buffer, 3 * PAGE, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK(rig_wait(rig, &from_dpc.calls, 1));
    rig->hooks.dpc = NULL;
    transfer_complete(rig, &from_dpc);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sd_a10_start_from_a_dpc_before_the_outer_call_has_returned, .deterministic = true)
{
    start_in_dpc_before_return(rig);
}

RIG_TEST(sd_a10_start_from_a_dpc_of_another_thread, .threaded = true)
{
    start_in_dpc_before_return(rig);
}

static void move_and_complete(struct rig *rig, struct transfer *transfer)
{
    if (transfer->to_device)
        transfer_device_read(rig, transfer, transfer->data);
    else
        transfer_device_write(rig, transfer, transfer->data);
    transfer_complete(rig, transfer);
    buffer_unlock(rig, &scene.buffer); /* legal too, now that nothing of it is outstanding */
}

static void complete_in_callback(struct rig *rig)
{
    enum { LENGTH = 5 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        for (BOOLEAN to_device = FALSE; to_device <= TRUE; to_device++) {
            REQUIRE(scene_set(rig, kind, LENGTH));
            pattern_fill(device, LENGTH, 4);
            scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, to_device);
            scene.transfer.hook = move_and_complete;
            scene.transfer.data = device;
            CHECK(transfer_begin(rig, &scene.transfer));
            CHECK_EQUAL(scene.transfer.granted, LENGTH);
            CHECK(pattern_holds(device, 0, LENGTH, to_device ? 0 : 4));
            CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, to_device ? 0 : 4));
            scene_end(rig);
        }
    }
}

RIG_TEST(sd_a11_complete_within_the_callback, .layout = RIG_SCATTERED)
{
    complete_in_callback(rig);
}

RIG_TEST(sd_a11_complete_within_a_queued_callback, .layout = RIG_SCATTERED, .queued = true)
{
    complete_in_callback(rig);
}

const struct CMUnitTest sd_queue_tests[] = {
    cmocka_unit_test(sd_a1_length_is_never_touched_after_the_call_has_returned),
    cmocka_unit_test(sd_a1_length_is_the_same_in_a_late_callback),
    cmocka_unit_test(sd_a2_synchronous_when_registers_are_free),
    cmocka_unit_test(sd_a2_queued_request_runs_in_the_completion_that_frees_registers),
    cmocka_unit_test(sd_a2_forced_queue_calls_back_later),
    cmocka_unit_test(sd_a9_waiting_requests_run_first_come_first_served),
    cmocka_unit_test(sd_a9_a_new_request_does_not_overtake_one_that_waits),
    cmocka_unit_test(sd_a9_outstanding_lists_are_independent),
    cmocka_unit_test(sd_a10_start_from_within_the_callback),
    cmocka_unit_test(sd_a10_start_from_within_a_queued_callback),
    cmocka_unit_test(sd_a10_a_chain_of_100000_operations_does_not_grow_the_stack),
    cmocka_unit_test(sd_a10_a_chain_through_map_registers_does_not_grow_the_stack),
    cmocka_unit_test(sd_a10_start_from_a_dpc_before_the_outer_call_has_returned),
    cmocka_unit_test(sd_a10_start_from_a_dpc_of_another_thread),
    cmocka_unit_test(sd_a11_complete_within_the_callback),
    cmocka_unit_test(sd_a11_complete_within_a_queued_callback),
};
const size_t sd_queue_count = sizeof(sd_queue_tests) / sizeof(sd_queue_tests[0]);
