/* SPDX-License-Identifier: MIT */
/* EX-1 .. EX-A2: HwVidExecuteDma, as the miniport lives it. */
#include <string.h>

#include <ntddk.h>
#include "spy.h"
#include "transfer.h"

RIG_TEST(ex_01_port_moves_no_data_for_a_device_that_reaches_memory, .layout = RIG_SCATTERED,
         .identity = true)
{
    enum { LENGTH = 5 * PAGE };

    REQUIRE(scene_set(rig, SG64, LENGTH));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 77, LENGTH - 77, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    /* The addresses are those of the buffer's own pages, byte for byte, and nothing is copied by
     * anybody. */
    for (ULONG i = 0, at = 77; i < scene.transfer.seen.count; i++) {
        for (ULONG byte = 0; byte < scene.transfer.seen.elements[i].Length; byte += 50)
            CHECK_EQUAL(scene.transfer.seen.elements[i].Address.QuadPart + byte,
                        buffer_physical(&scene.buffer, at + byte));
        at += scene.transfer.seen.elements[i].Length;
    }
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 0));
    scene_end(rig);
}

RIG_TEST(ex_02_port_learns_of_completion_only_from_complete_dma, .map_registers = 2,
         .layout = RIG_SCATTERED)
{
    struct transfer second;

    /* The callback has returned (it returns nothing) and no device was started: the map registers
     * stay taken. */
    _Static_assert(
        __builtin_types_compatible_p(
            PEXECUTE_DMA, VOID(NTAPI *)(PVOID, PVP_DMA_ADAPTER, PVP_SCATTER_GATHER_LIST, PVOID)),
        "HwVidExecuteDma returns nothing");
    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE - 100, TRUE);
    second = transfer_of(scene.adapter, &scene.buffer, 0, 1, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    for (unsigned i = 0; i < 20; i++)
        scene_pause();
    CHECK_EQUAL(second.calls, 0);
    transfer_complete(rig, &scene.transfer);
    CHECK(rig_wait(rig, &second.calls, 1));
    transfer_complete(rig, &second);
    scene_end(rig);
}

RIG_TEST(ex_03_called_at_dispatch_level_whatever_the_caller, .map_registers = 2,
         .layout = RIG_SCATTERED)
{
    struct transfer second;
    KIRQL irql;

    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE - 100, TRUE);
    second = scene.transfer;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.seen.irql, DISPATCH);
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    transfer_complete(
        rig,
        &scene.transfer); /* at PASSIVE_LEVEL: the queued callback still comes at DISPATCH_LEVEL */
    CHECK(rig_wait(rig, &second.calls, 1));
    CHECK_EQUAL(second.seen.irql, DISPATCH);
    transfer_complete(rig, &second);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.seen.irql, DISPATCH);
    transfer_complete(rig, &scene.transfer);
    KeLowerIrql(irql);
    scene_end(rig);
}

RIG_TEST(ex_04_list_is_filled_before_the_call, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 7 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 1, 6 * PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(transfer_list_holds(&scene.transfer, adapter_bits(kind)));
        CHECK(transfer_list_unchanged(&scene.transfer));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(ex_05_exactly_one_element_without_scatter_gather, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 9 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = FLAT64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        for (ULONG offset = 0; offset < LENGTH; offset += 3 * PAGE + 11) {
            scene.transfer =
                transfer_of(scene.adapter, &scene.buffer, offset, LENGTH - offset, TRUE);
            CHECK(transfer_begin(rig, &scene.transfer));
            CHECK_EQUAL(scene.transfer.seen.count, 1);
            CHECK_EQUAL(scene.transfer.seen.elements[0].Length, LENGTH - offset);
            transfer_device_read(rig, &scene.transfer, device);
            CHECK(pattern_holds(device, offset, LENGTH - offset, 0));
            transfer_complete(rig, &scene.transfer);
        }
        scene_end(rig);
    }
}

RIG_TEST(ex_06_list_stays_valid_until_complete_dma, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 6 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        /* Other operations come and go in the meantime. */
        for (unsigned i = 0; i < 50; i++)
            CHECK(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, TRUE, device) > 0);
        scene_pause();
        CHECK(transfer_list_unchanged(&scene.transfer));
        memset(device, 0, LENGTH);
        transfer_device_read(rig, &scene.transfer, device);
        CHECK(pattern_holds(device, 0, LENGTH, 0));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

static void spoil_length(struct rig *rig, struct transfer *transfer)
{
    transfer->granted = 0xdead;
    transfer_complete(rig, transfer);
}

RIG_TEST(ex_07_callback_is_the_last_thing_start_dma_does, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 3 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE, TRUE);
        scene.transfer.hook = spoil_length;
        spy_start();
        CHECK(transfer_begin(rig, &scene.transfer));
        spy_stop();
        CHECK_EQUAL(scene.transfer.granted, 0xdead);
        CHECK_EQUAL(spy_count(SPY_FLUSH), 1);
        CHECK_EQUAL(spy_count(SPY_GET_LIST), 1);
        scene_end(rig);
    }
}

static void ask_for_paged_pool(struct rig *rig, struct transfer *transfer)
{
    transfer->data = VideoPortAllocatePool(rig->extension, VpPagedPool, 100, 0x74736574);
}

RIG_TEST(ex_08_paged_memory_is_out_of_bounds_in_the_callback)
{
    REQUIRE(scene_set(rig, SG64, PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    scene.transfer.hook = ask_for_paged_pool;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_SAME(scene.transfer.data, NULL);
    CHECK_REPORTED("EX-8");
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

/* ---- EX-10: the callback belongs to its call ---- */

struct which {
    PVP_SCATTER_GATHER_LIST list;
    uint32_t first, second;
};

static VOID NTAPI first_callback(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                 PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    ((struct which *)Context)->list = SGList;
    __atomic_add_fetch(&((struct which *)Context)->first, 1, __ATOMIC_RELEASE);
}

static VOID NTAPI second_callback(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                  PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    ((struct which *)Context)->list = SGList;
    __atomic_add_fetch(&((struct which *)Context)->second, 1, __ATOMIC_RELEASE);
}

static void two_callbacks(struct rig *rig, enum adapter_kind kind)
{
    struct which a = {0}, b = {0};
    ULONG length_a = 2 * PAGE - 100, length_b = 2 * PAGE - 100;

    REQUIRE(scene_set(rig, kind, 2 * PAGE));
    CHECK_EQUAL(VideoPortStartDma(rig->extension, scene.adapter, scene.buffer.mdl, 0, &length_a,
                                  first_callback, &a, TRUE),
                NO_ERROR);
    CHECK_EQUAL(VideoPortStartDma(rig->extension, scene.adapter, scene.buffer.mdl, 0, &length_b,
                                  second_callback, &b, TRUE),
                NO_ERROR);
    REQUIRE(rig_wait(rig, &a.first, 1));
    VideoPortCompleteDma(rig->extension, scene.adapter, a.list, TRUE);
    REQUIRE(rig_wait(rig, &b.second, 1));
    VideoPortCompleteDma(rig->extension, scene.adapter, b.list, TRUE);
    CHECK_EQUAL(a.first, 1);
    CHECK_EQUAL(a.second, 0);
    CHECK_EQUAL(b.first, 0);
    CHECK_EQUAL(b.second, 1);
    scene_end(rig);
}

RIG_TEST(ex_10_each_call_has_its_own_callback)
{
    two_callbacks(rig, SG64);
}

RIG_TEST(ex_10_queued_calls_keep_their_own_callback, .map_registers = 2, .layout = RIG_SCATTERED)
{
    two_callbacks(rig, FLAT24);
}

/* ---- EX-11: what the callback may call ---- */

static PSPIN_LOCK spin_lock;
static PEVENT event;

static BOOLEAN NTAPI count_synchronized(PVOID Context)
{
    scene.value++;
    return TRUE;
}

static VOID NTAPI count_dpc(PVOID HwDeviceExtension, PVOID Context)
{
    scene_done();
}

static void call_everything(struct rig *rig, struct transfer *transfer)
{
    PVOID pool;
    UCHAR irql;

    CHECK(VideoPortSynchronizeExecution(rig->extension, VpHighPriority, count_synchronized, NULL));
    CHECK(VideoPortSynchronizeExecution(rig->extension, VpLowPriority, count_synchronized, NULL));
    VideoPortAcquireSpinLock(rig->extension, spin_lock, &irql);
    CHECK_EQUAL(irql, DISPATCH);
    VideoPortReleaseSpinLock(rig->extension, spin_lock, irql);
    VideoPortAcquireSpinLockAtDpcLevel(rig->extension, spin_lock);
    VideoPortReleaseSpinLockFromDpcLevel(rig->extension, spin_lock);
    CHECK_EQUAL(VideoPortSetEvent(rig->extension, event), 0);
    CHECK(VideoPortReadStateEvent(rig->extension, event) != 0);
    VideoPortClearEvent(rig->extension, event);
    CHECK(VideoPortQueueDpc(rig->extension, count_dpc, NULL));
    pool = VideoPortAllocatePool(rig->extension, VpNonPagedPool, 64, 0x74736574);
    CHECK(pool != NULL);
    VideoPortFreePool(rig->extension, pool);
    VideoPortStartTimer(rig->extension);
    VideoPortStopTimer(rig->extension);
    VideoPortStallExecution(1);
    CHECK_EQUAL(VideoPortGetCurrentIrql(), DISPATCH);
}

RIG_TEST(ex_11_callback_may_call_all_that_is_legal_at_dispatch_level)
{
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    REQUIRE(VideoPortCreateSpinLock(rig->extension, &spin_lock) == NO_ERROR);
    REQUIRE(VideoPortCreateEvent(rig->extension, NOTIFICATION_EVENT, NULL, &event) == NO_ERROR);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    scene.transfer.hook = call_everything;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.value, 2);
    CHECK(rig_wait(rig, &scene.done, 1));
    transfer_complete(rig, &scene.transfer);
    CHECK_EQUAL(VideoPortDeleteEvent(rig->extension, event), NO_ERROR);
    CHECK_EQUAL(VideoPortDeleteSpinLock(rig->extension, spin_lock), NO_ERROR);
    scene_end(rig);
}

static void note_interrupt(void *context)
{
    scene_done();
}

static void let_interrupt_in(struct rig *rig, struct transfer *transfer)
{
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
}

static void interrupt_during_callback(struct rig *rig)
{
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    rig->hooks.interrupt = note_interrupt;
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    scene.transfer.hook = let_interrupt_in;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.done, 1);
    rig->hooks.interrupt = NULL;
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(ex_11_interrupts_come_while_the_callback_runs, .deterministic = true)
{
    interrupt_during_callback(rig);
}

RIG_TEST(ex_11_interrupts_come_on_another_thread_while_the_callback_runs, .threaded = true)
{
    interrupt_during_callback(rig);
}

RIG_TEST(ex_11_interrupts_come_while_a_queued_callback_runs, .threaded = true, .queued = true)
{
    interrupt_during_callback(rig);
}

/* ---- EX-12, EX-A1, EX-A2 ---- */

static ULONG completing_processor, calling_processor;

static void note_processor(struct rig *rig, struct transfer *transfer)
{
    calling_processor = KeGetCurrentProcessorNumber();
}

static void complete_in_dpc(void *context)
{
    completing_processor = KeGetCurrentProcessorNumber();
    transfer_complete(context, &scene.transfer);
    scene_done();
}

static void called_in_another_context(struct rig *rig)
{
    struct transfer second;

    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    rig->hooks.dpc = complete_in_dpc;
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE - 100, TRUE);
    second = scene.transfer;
    second.hook = note_processor;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    CHECK(rig_wait(rig, &second.calls, 1));
    rig->hooks.dpc = NULL;
    /* Started by this thread, called on the processor whose completion made room. */
    CHECK_EQUAL(calling_processor, completing_processor);
    CHECK_EQUAL(second.seen.irql, DISPATCH);
    transfer_complete(rig, &second);
    scene_end(rig);
}

RIG_TEST(ex_12_thread_of_the_callback_is_arbitrary, .map_registers = 2, .layout = RIG_SCATTERED,
         .deterministic = true)
{
    called_in_another_context(rig);
}

RIG_TEST(ex_12_callback_may_come_on_another_thread, .map_registers = 2, .layout = RIG_SCATTERED,
         .threaded = true)
{
    called_in_another_context(rig);
}

static void start_in_dpc(void *context)
{
    struct rig *rig = context;

    CHECK(transfer_begin(rig, &scene.transfer));
    scene_done();
}

/* In HwVidStartIO, and with the device lock held: neither keeps a DPC's HwVidExecuteDma from
 * running. */
static void start_while_busy(struct rig *rig)
{
    VideoPortAcquireDeviceLock(rig->extension);
    rig->hooks.dpc = start_in_dpc;
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.dpc = NULL;
    VideoPortReleaseDeviceLock(rig->extension);
    transfer_complete(rig, &scene.transfer);
}

static void prepare(struct rig *rig)
{
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
}

RIG_OUTSIDE_TEST(ex_a1_callback_is_not_serialised_with_start_io_or_the_device_lock)
{
    rig_start(rig);
    REQUIRE(rig->extension);
    rig_call(rig, prepare);
    CHECK_EQUAL(rig_request(rig, start_while_busy), NO_ERROR);
    CHECK_EQUAL(scene.transfer.calls, 1);
    rig_call(rig, scene_end);
}

RIG_TEST(ex_a2_length_and_direction_come_through_the_context)
{
    /* All that the callback is told: extension, adapter, list, context. The list says nothing about
     * the direction. */
    for (BOOLEAN to_device = FALSE; to_device <= TRUE; to_device++) {
        REQUIRE(scene_set(rig, SG64, 3 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, to_device);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK_EQUAL(scene.transfer.seen.length, 2 * PAGE);
        CHECK(transfer_list_holds(&scene.transfer, 64));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

const struct CMUnitTest ex_tests[] = {
    cmocka_unit_test(ex_01_port_moves_no_data_for_a_device_that_reaches_memory),
    cmocka_unit_test(ex_02_port_learns_of_completion_only_from_complete_dma),
    cmocka_unit_test(ex_03_called_at_dispatch_level_whatever_the_caller),
    cmocka_unit_test(ex_04_list_is_filled_before_the_call),
    cmocka_unit_test(ex_05_exactly_one_element_without_scatter_gather),
    cmocka_unit_test(ex_06_list_stays_valid_until_complete_dma),
    cmocka_unit_test(ex_07_callback_is_the_last_thing_start_dma_does),
    cmocka_unit_test(ex_08_paged_memory_is_out_of_bounds_in_the_callback),
    cmocka_unit_test(ex_10_each_call_has_its_own_callback),
    cmocka_unit_test(ex_10_queued_calls_keep_their_own_callback),
    cmocka_unit_test(ex_11_callback_may_call_all_that_is_legal_at_dispatch_level),
    cmocka_unit_test(ex_11_interrupts_come_while_the_callback_runs),
    cmocka_unit_test(ex_11_interrupts_come_on_another_thread_while_the_callback_runs),
    cmocka_unit_test(ex_11_interrupts_come_while_a_queued_callback_runs),
    cmocka_unit_test(ex_12_thread_of_the_callback_is_arbitrary),
    cmocka_unit_test(ex_12_callback_may_come_on_another_thread),
    cmocka_unit_test(ex_a1_callback_is_not_serialised_with_start_io_or_the_device_lock),
    cmocka_unit_test(ex_a2_length_and_direction_come_through_the_context),
};
const size_t ex_count = sizeof(ex_tests) / sizeof(ex_tests[0]);
