/* SPDX-License-Identifier: MIT */
/* CD-1 .. CD-A5: VideoPortCompleteDma. */
#include <string.h>

#include <ntddk.h>
#include "spy.h"
#include "transfer.h"

/* ---- CD-1 ---- */

static void complete_in_dpc(void *context)
{
    CHECK_EQUAL(VideoPortGetCurrentIrql(), DISPATCH);
    transfer_complete(context, &scene.transfer);
    scene_done();
}

RIG_TEST(cd_01_callable_at_passive_and_dispatch_level_and_in_the_dpc)
{
    KIRQL irql;

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    CHECK_EQUAL(VideoPortGetCurrentIrql(), PASSIVE);
    CHECK(transfer_begin(rig, &scene.transfer));
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    transfer_complete(rig, &scene.transfer);
    CHECK_EQUAL(VideoPortGetCurrentIrql(), DISPATCH);
    KeLowerIrql(irql);
    CHECK(transfer_begin(rig, &scene.transfer));
    rig->hooks.dpc = complete_in_dpc;
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.dpc = NULL;
    scene_end(rig);
}

static void complete_too_high(void *context)
{
    struct rig *rig = context;

    scene.value = (uint32_t)VideoPortCompleteDma(rig->extension, scene.adapter,
                                                 scene.transfer.seen.list, FALSE);
    scene_done();
}

/* A completion that was refused has not happened: nothing was copied, the list is still valid, the
 * right call completes it. */
static void check_not_completed(struct rig *rig)
{
    uint8_t device[2 * PAGE];

    CHECK_EQUAL(scene.value, NO_ERROR);
    CHECK_REPORTED("CD-1");
    CHECK(transfer_list_unchanged(&scene.transfer));
    pattern_fill(device, sizeof(device), 3);
    transfer_device_write(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, 2 * PAGE, 3));
    CHECK_NOTHING_REPORTED();
}

RIG_TEST(cd_01_refused_in_the_interrupt_routine, .layout = RIG_SCATTERED)
{
    REQUIRE(scene_set(rig, FLAT24, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    rig->hooks.interrupt = complete_too_high;
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.interrupt = NULL;
    check_not_completed(rig);
    scene_end(rig);
    machine_works(rig);
}

static BOOLEAN NTAPI complete_synchronized(PVOID Context)
{
    complete_too_high(Context);
    return TRUE;
}

RIG_TEST(cd_01_refused_in_a_synchronize_callback, .layout = RIG_SCATTERED)
{
    static const VIDEO_SYNCHRONIZE_PRIORITY priorities[] = {VpLowPriority, VpMediumPriority,
                                                            VpHighPriority};

    for (unsigned i = 0; i < ARRAYSIZE(priorities); i++) {
        REQUIRE(scene_set(rig, FLAT24, 2 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(VideoPortSynchronizeExecution(rig->extension, priorities[i], complete_synchronized,
                                            rig));
        check_not_completed(rig);
        scene_end(rig);
    }
    machine_works(rig);
}

/* ---- CD-2 .. CD-8 ---- */

static void bytes_arrive(struct rig *rig)
{
    enum { LENGTH = 5 * PAGE + 17 };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        for (unsigned round = 1; round < 3; round++) {
            pattern_fill(device, LENGTH, round);
            scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
            CHECK(transfer_begin(rig, &scene.transfer));
            transfer_device_write(rig, &scene.transfer, device);
            transfer_complete(rig, &scene.transfer);
            CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, round));
            CHECK(buffer_guards_hold(&scene.buffer));
        }
        scene_end(rig);
    }
}

RIG_TEST(cd_02_bytes_from_the_device_are_in_the_buffer_afterwards, .layout = RIG_SCATTERED)
{
    bytes_arrive(rig);
}

RIG_TEST(cd_02_bytes_arrive_without_cache_coherence_too, .layout = RIG_SCATTERED,
         .noncoherent = true)
{
    bytes_arrive(rig);
}

RIG_TEST(cd_03_frees_the_map_registers, .map_registers = 4, .layout = RIG_SCATTERED)
{
    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    for (unsigned i = 0; i < 200; i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 4 * PAGE - 100, i & 1);
        CHECK_EQUAL(transfer_start(rig, &scene.transfer), NO_ERROR);
        REQUIRE(CHECK_EQUAL(scene.transfer.calls, 1)); /* at once: all four are free */
        transfer_complete(rig, &scene.transfer);
    }
    scene_end(rig);
}

RIG_TEST(cd_04_frees_the_list)
{
    REQUIRE(scene_set(rig, SG64, 16 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 16 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    /* A list that stayed would be missed before 100000 of them are gone: there is no more memory to
     * be had. */
    rig_memory_exhausted(true);
    for (unsigned i = 0; i < 100000 && scene.transfer.status == NO_ERROR; i++) {
        transfer_start(rig, &scene.transfer);
        VideoPortCompleteDma(rig->extension, scene.adapter, scene.transfer.seen.list, TRUE);
    }
    rig_memory_exhausted(false);
    CHECK_EQUAL(scene.transfer.status, NO_ERROR);
    CHECK_NOTHING_REPORTED();
    scene_end(rig);
}

RIG_TEST(cd_05_what_is_no_list_is_refused)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    rig_bad_pointers(scene.transfer.seen.list, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        bool ok = CHECK_EQUAL(
            VideoPortCompleteDma(rig->extension, scene.adapter, bad[i].pointer, TRUE), NO_ERROR);

        if (!CHECK_REPORTED("CD-5|CD-A2") || !ok)
            print_message("    with a list %s\n", bad[i].what);
    }
    CHECK(transfer_list_unchanged(&scene.transfer));
    transfer_complete(rig, &scene.transfer);
    CHECK_NOTHING_REPORTED();
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(cd_06_direction_means_what_it_means_in_start_dma, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 2 * PAGE };
    static uint8_t device[LENGTH];

    pattern_fill(device, LENGTH, 8);
    for (BOOLEAN to_device = FALSE; to_device <= TRUE; to_device++) {
        REQUIRE(scene_set(rig, FLAT24, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, to_device);
        CHECK(transfer_begin(rig, &scene.transfer));
        transfer_device_write(rig, &scene.transfer, device);
        spy_start();
        transfer_complete(rig, &scene.transfer);
        spy_stop();
        CHECK_EQUAL(spy_event(SPY_PUT_LIST, 0)->to_device, to_device);
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, to_device ? 0 : 8));
        CHECK_NOTHING_REPORTED();
        scene_end(rig);
    }
}

RIG_TEST(cd_07_always_returns_no_error)
{
    PVP_DMA_ADAPTER other;
    PVP_SCATTER_GATHER_LIST list;

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    other = adapter_get(rig, SG64, PAGE);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    list = scene.transfer.seen.list;
    CHECK_EQUAL(VideoPortCompleteDma(rig->extension, scene.adapter, list, TRUE), NO_ERROR);
    CHECK_NOTHING_REPORTED();
    CHECK_EQUAL(VideoPortCompleteDma(rig->extension, scene.adapter, list, TRUE), NO_ERROR);
    CHECK_REPORTED("CD-A2");
    CHECK_EQUAL(VideoPortCompleteDma(rig->extension, scene.adapter, NULL, TRUE), NO_ERROR);
    CHECK_REPORTED("CD-A2");
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(VideoPortCompleteDma(rig->extension, other, scene.transfer.seen.list, TRUE),
                NO_ERROR);
    CHECK_REPORTED("CD-A3");
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(
        VideoPortCompleteDma(rig->extension, scene.adapter, scene.transfer.seen.list, FALSE),
        NO_ERROR);
    CHECK_REPORTED("CD-A1");
    adapter_put(rig, other);
    scene_end(rig);
}

RIG_TEST(cd_08_freed_registers_go_to_the_next_waiter, .map_registers = 4, .layout = RIG_SCATTERED)
{
    struct transfer second, third;

    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 4 * PAGE - 100, TRUE);
    second = transfer_of(scene.adapter, &scene.buffer, 0, 100, TRUE);
    third = second;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    CHECK_EQUAL(transfer_start(rig, &third), NO_ERROR);
    CHECK_EQUAL(second.calls + third.calls, 0);
    transfer_complete(rig, &scene.transfer);
    CHECK_EQUAL(second.calls, 1); /* four were freed: room for both */
    CHECK_EQUAL(third.calls, 1);
    transfer_complete(rig, &second);
    transfer_complete(rig, &third);
    scene_end(rig);
}

/* ---- CD-9 .. CD-11 ---- */

RIG_TEST(cd_09_flushes_before_the_registers_are_free, .map_registers = 4, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 4 * PAGE };
    static uint8_t device[LENGTH];
    struct transfer second;

    /*
     * The waiter gets the very registers that hold the device's bytes, and fills them with its own.
     */
    REQUIRE(scene_set(rig, FLAT24, 3 * LENGTH));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, PAGE - 100, LENGTH, FALSE);
    second = transfer_of(scene.adapter, &scene.buffer, PAGE - 100 + LENGTH, LENGTH, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    CHECK_EQUAL(second.calls, 0);
    pattern_fill(device, LENGTH, 7);
    transfer_device_write(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes + PAGE - 100, 0, LENGTH, 7));
    CHECK(rig_wait(rig, &second.calls, 1));
    transfer_device_read(rig, &second, device);
    CHECK(pattern_holds(device, PAGE - 100 + LENGTH, LENGTH, 0));
    transfer_complete(rig, &second);
    scene_end(rig);
}

/* The device writes everything from `before` bytes in front of the element to `after` bytes behind
 * it. */
static void overrun(struct rig *rig, struct transfer *transfer, ULONG before, ULONG after)
{
    static uint8_t device[8 * PAGE];
    uint64_t address = (uint64_t)transfer->seen.elements[0].Address.QuadPart;

    memset(device, 0xee, sizeof(device));
    CHECK(rig_device_write(rig, address - before,
                           before + transfer->seen.elements[0].Length + after, device));
}

RIG_TEST(cd_10_copies_back_exactly_the_bytes_that_were_mapped, .layout = RIG_SCATTERED)
{
    static const struct {
        ULONG offset, length;
    } cases[] = {{1, 1}, {100, PAGE}, {PAGE - 101, 2}, {1000, 3 * PAGE}, {2 * PAGE + 5, 5000}};

    for (unsigned i = 0; i < ARRAYSIZE(cases); i++) {
        ULONG end = cases[i].offset + cases[i].length, in_page = (100 + cases[i].offset) % PAGE;

        REQUIRE(scene_set(rig, FLAT24, 6 * PAGE));
        CHECK(buffer_out_of_reach(&scene.buffer, 24) > 0);
        scene.transfer =
            transfer_of(scene.adapter, &scene.buffer, cases[i].offset, cases[i].length, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        /* What lies around it in the same pages is nobody's. */
        overrun(rig, &scene.transfer, in_page, PAGE - 1 - (in_page + cases[i].length - 1) % PAGE);
        transfer_complete(rig, &scene.transfer);
        CHECK(pattern_holds(scene.buffer.bytes, 0, cases[i].offset, 0));
        CHECK(pattern_holds(scene.buffer.bytes + end, end, 6 * PAGE - end, 0));
        for (ULONG byte = cases[i].offset; byte < end; byte++)
            REQUIRE(scene.buffer.bytes[byte] == 0xee);
        CHECK(buffer_guards_hold(&scene.buffer));
        scene_end(rig);
    }
}

RIG_TEST(cd_10_every_page_goes_back_to_its_own_place, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 20 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        pattern_fill(device, LENGTH, 5);
        CHECK(move_all(rig, scene.adapter, &scene.buffer, 3, LENGTH - 7, FALSE, device) > 0);
        CHECK(pattern_holds(scene.buffer.bytes, 0, 3, 0));
        CHECK(pattern_holds(scene.buffer.bytes + 3, 0, LENGTH - 7, 5));
        CHECK(pattern_holds(scene.buffer.bytes + LENGTH - 4, LENGTH - 4, 4, 0));
        CHECK(buffer_guards_hold(&scene.buffer));
        scene_end(rig);
    }
}

static void complete_before_return_dpc(void *context)
{
    static uint8_t device[3 * PAGE];
    struct rig *rig = context;

    CHECK(!__atomic_load_n(&scene.transfer.returned, __ATOMIC_ACQUIRE));
    pattern_fill(device, sizeof(device), 2);
    transfer_device_write(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    scene_done();
}

static void let_dpc_complete(struct rig *rig, struct transfer *transfer)
{
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
}

static void complete_before_return(struct rig *rig)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 3 * PAGE));
        rig->hooks.dpc = complete_before_return_dpc;
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE, FALSE);
        scene.transfer.hook = let_dpc_complete;
        CHECK(transfer_begin(rig, &scene.transfer));
        rig->hooks.dpc = NULL;
        CHECK_EQUAL(scene.done, 1);
        CHECK(pattern_holds(scene.buffer.bytes, 0, 3 * PAGE, 2));
        scene_end(rig);
    }
}

RIG_TEST(cd_11_may_run_in_a_dpc_before_start_dma_has_returned, .layout = RIG_SCATTERED,
         .deterministic = true)
{
    complete_before_return(rig);
}

RIG_TEST(cd_11_may_run_on_another_thread_before_start_dma_has_returned, .layout = RIG_SCATTERED,
         .threaded = true)
{
    complete_before_return(rig);
}

/* ---- CD-A1 .. CD-A5 ---- */

RIG_TEST(cd_a1_recorded_direction_counts, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    pattern_fill(device, LENGTH, 6);
    for (BOOLEAN to_device = FALSE; to_device <= TRUE; to_device++) {
        REQUIRE(scene_set(rig, FLAT24, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, to_device);
        CHECK(transfer_begin(rig, &scene.transfer));
        transfer_device_write(rig, &scene.transfer, device);
        CHECK_EQUAL(VideoPortCompleteDma(rig->extension, scene.adapter, scene.transfer.seen.list,
                                         !to_device),
                    NO_ERROR);
        CHECK_REPORTED("CD-A1");
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, to_device ? 0 : 6));
        scene_end(rig);
    }
    machine_works(rig);
}

RIG_TEST(cd_a2_completed_list_does_nothing_again, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    struct transfer other;

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        other = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &other) && transfer_begin(rig, &scene.transfer));
        transfer_complete(rig, &scene.transfer);
        pattern_fill(scene.buffer.bytes, LENGTH, 9);
        for (unsigned again = 0; again < 3; again++) {
            transfer_complete(rig, &scene.transfer);
            CHECK_REPORTED("CD-A2");
        }
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 9));
        CHECK(transfer_list_unchanged(&other)); /* nor does it end anything else */
        transfer_complete(rig, &other);
        CHECK_NOTHING_REPORTED();
        scene_end(rig);
    }
    machine_works(rig);
}

RIG_TEST(cd_a3_completes_on_the_owning_adapter, .map_registers = 3, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE - 100 };
    static uint8_t device[LENGTH];
    struct transfer second;
    PVP_DMA_ADAPTER other;

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    other = adapter_get(rig, FLAT24, 64 * PAGE);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
    second = scene.transfer;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    CHECK_EQUAL(second.calls, 0);
    pattern_fill(device, LENGTH, 4);
    transfer_device_write(rig, &scene.transfer, device);
    CHECK_EQUAL(VideoPortCompleteDma(rig->extension, other, scene.transfer.seen.list, FALSE),
                NO_ERROR);
    CHECK_REPORTED("CD-A3");
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 4));
    CHECK(rig_wait(rig, &second.calls, 1)); /* the owner's registers came free */
    transfer_complete(rig, &second);
    adapter_put(rig, other);
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(cd_a3_completes_although_the_adapter_is_no_adapter)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];

    REQUIRE(scene_set(rig, SG64, PAGE));
    rig_bad_pointers(scene.adapter, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK_EQUAL(
            VideoPortCompleteDma(rig->extension, bad[i].pointer, scene.transfer.seen.list, TRUE),
            NO_ERROR);
        if (!CHECK_REPORTED("CD-A3"))
            print_message("    with an adapter %s\n", bad[i].what);
        transfer_complete(rig, &scene.transfer); /* it is over already */
        CHECK_REPORTED("CD-A2");
    }
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(cd_a4_late_write_of_the_device_does_not_reach_the_buffer, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    pattern_fill(device, LENGTH, 1);
    transfer_device_write(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    pattern_fill(device, LENGTH, 2);
    rig_device_write(rig, (uint64_t)scene.transfer.seen.elements[0].Address.QuadPart, LENGTH,
                     device);
    scene_pause();
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 1));
    CHECK(buffer_guards_hold(&scene.buffer));
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(cd_a5_what_the_device_did_not_write_stays_as_it_was, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 4 * PAGE, WRITTEN = PAGE + 1000 };
    static uint8_t device[LENGTH];

    /* There is no way to say that less was moved: all of it is flushed. */
    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    CHECK(buffer_out_of_reach(&scene.buffer, 24) > 0);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    pattern_fill(device, LENGTH, 3);
    CHECK(rig_device_write(rig, (uint64_t)scene.transfer.seen.elements[0].Address.QuadPart, WRITTEN,
                           device));
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, WRITTEN, 3));
    CHECK(pattern_holds(scene.buffer.bytes + WRITTEN, WRITTEN, LENGTH - WRITTEN, 0));
    scene_end(rig);
}

const struct CMUnitTest cd_tests[] = {
    cmocka_unit_test(cd_01_callable_at_passive_and_dispatch_level_and_in_the_dpc),
    cmocka_unit_test(cd_01_refused_in_the_interrupt_routine),
    cmocka_unit_test(cd_01_refused_in_a_synchronize_callback),
    cmocka_unit_test(cd_02_bytes_from_the_device_are_in_the_buffer_afterwards),
    cmocka_unit_test(cd_02_bytes_arrive_without_cache_coherence_too),
    cmocka_unit_test(cd_03_frees_the_map_registers),
    cmocka_unit_test(cd_04_frees_the_list),
    cmocka_unit_test(cd_05_what_is_no_list_is_refused),
    cmocka_unit_test(cd_06_direction_means_what_it_means_in_start_dma),
    cmocka_unit_test(cd_07_always_returns_no_error),
    cmocka_unit_test(cd_08_freed_registers_go_to_the_next_waiter),
    cmocka_unit_test(cd_09_flushes_before_the_registers_are_free),
    cmocka_unit_test(cd_10_copies_back_exactly_the_bytes_that_were_mapped),
    cmocka_unit_test(cd_10_every_page_goes_back_to_its_own_place),
    cmocka_unit_test(cd_11_may_run_in_a_dpc_before_start_dma_has_returned),
    cmocka_unit_test(cd_11_may_run_on_another_thread_before_start_dma_has_returned),
    cmocka_unit_test(cd_a1_recorded_direction_counts),
    cmocka_unit_test(cd_a2_completed_list_does_nothing_again),
    cmocka_unit_test(cd_a3_completes_on_the_owning_adapter),
    cmocka_unit_test(cd_a3_completes_although_the_adapter_is_no_adapter),
    cmocka_unit_test(cd_a4_late_write_of_the_device_does_not_reach_the_buffer),
    cmocka_unit_test(cd_a5_what_the_device_did_not_write_stays_as_it_was),
};
const size_t cd_count = sizeof(cd_tests) / sizeof(cd_tests[0]);
