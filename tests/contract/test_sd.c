/* SPDX-License-Identifier: MIT */
/* SD-1 .. SD-28: VideoPortStartDma, what the documentation states. The decisions are in
 * test_sd_decisions.c. */
#include <stdlib.h>
#include <string.h>

#include "spy.h"
#include "transfer.h"

/* One whole transfer at the IRQL of the caller, which is the same afterwards. */
static void start_and_complete(struct rig *rig, PVP_DMA_ADAPTER adapter,
                               const struct buffer *buffer)
{
    struct transfer transfer = transfer_of(adapter, buffer, 0, buffer->length, TRUE);
    UCHAR before = VideoPortGetCurrentIrql();

    if (transfer_begin(rig, &transfer)) {
        CHECK_EQUAL(VideoPortGetCurrentIrql(), before);
        transfer_complete(rig, &transfer);
        CHECK_EQUAL(VideoPortGetCurrentIrql(), before);
    }
}

static void start_in_dpc(void *context)
{
    struct rig *rig = context;

    CHECK_EQUAL(VideoPortGetCurrentIrql(), DISPATCH);
    start_and_complete(rig, scene.adapter, &scene.buffer);
    scene_done();
}

RIG_TEST(sd_01_callable_at_passive_and_dispatch_level)
{
    KIRQL irql;

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    start_and_complete(rig, scene.adapter, &scene.buffer);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    start_and_complete(rig, scene.adapter, &scene.buffer);
    KeLowerIrql(irql);
    rig->hooks.dpc = start_in_dpc;
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.dpc = NULL;
    scene_end(rig);
}

/* ---- SD-2 ---- */

static void start_refused(void *context)
{
    struct rig *rig = context;

    scene.transfer.status = transfer_start(rig, &scene.transfer);
    scene_done();
}

static void check_refused(struct rig *rig)
{
    CHECK_EQUAL(scene.transfer.status, ERROR_INVALID_PARAMETER);
    CHECK_EQUAL(scene.transfer.granted, 0);
    CHECK_EQUAL(scene.transfer.calls, 0);
    CHECK_REPORTED("SD-2");
}

RIG_TEST(sd_02_refused_in_the_interrupt_routine)
{
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    rig->hooks.interrupt = start_refused;
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.interrupt = NULL;
    check_refused(rig);
    scene_end(rig);
    machine_works(rig);
}

static BOOLEAN NTAPI start_synchronized(PVOID Context)
{
    start_refused(Context);
    return TRUE;
}

RIG_TEST(sd_02_refused_in_a_synchronize_callback)
{
    static const VIDEO_SYNCHRONIZE_PRIORITY priorities[] = {VpLowPriority, VpMediumPriority,
                                                            VpHighPriority};

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    for (unsigned i = 0; i < ARRAYSIZE(priorities); i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
        CHECK(
            VideoPortSynchronizeExecution(rig->extension, priorities[i], start_synchronized, rig));
        CHECK_EQUAL(scene.done, i + 1);
        check_refused(rig);
    }
    scene_end(rig);
    machine_works(rig);
}

/* ---- SD-3 .. SD-8: preparation, arguments ---- */

static void note_place(struct rig *rig, struct transfer *transfer)
{
    /* The callback runs inside of GetScatterGatherList, after the flush. */
    scene.value =
        spy_count(SPY_FLUSH) << 8 | spy_count(SPY_GET_LIST) << 4 | spy_count(SPY_GET_LIST_DONE);
}

RIG_TEST(sd_03_flushes_caches_and_gets_a_list_before_the_callback)
{
    for (BOOLEAN to_device = FALSE; to_device <= TRUE; to_device++) {
        REQUIRE(scene_set(rig, SG64, 3 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE, to_device);
        scene.transfer.hook = note_place;
        spy_start();
        CHECK(transfer_begin(rig, &scene.transfer));
        spy_stop();
        CHECK_EQUAL(scene.value, 0x110);
        CHECK(transfer_list_holds(&scene.transfer, 64));
        CHECK_SAME(spy_event(SPY_FLUSH, 0)->mdl, scene.buffer.mdl);
        CHECK_EQUAL(spy_event(SPY_FLUSH, 0)->to_device, to_device);
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

static void device_reads(struct rig *rig, struct transfer *transfer)
{
    transfer_device_read(rig, transfer, transfer->data);
}

RIG_TEST(sd_04_what_the_cpu_wrote_is_there_for_the_device_in_the_callback, .noncoherent = true,
         .layout = RIG_SCATTERED)
{
    enum { LENGTH = 5 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
        scene.transfer.hook = device_reads;
        scene.transfer.data = device;
        for (unsigned round = 1; round < 3; round++) {
            pattern_fill(scene.buffer.bytes, LENGTH, round);
            memset(device, 0, LENGTH);
            CHECK(transfer_begin(rig, &scene.transfer));
            CHECK(pattern_holds(device, 0, LENGTH, round));
            transfer_complete(rig, &scene.transfer);
        }
        scene_end(rig);
    }
}

RIG_TEST(sd_05_callback_waits_until_map_registers_are_there, .map_registers = 4,
         .layout = RIG_SCATTERED)
{
    struct transfer second;

    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE - 100));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 4 * PAGE - 100, TRUE);
    second = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    CHECK_EQUAL(second.calls, 0);
    transfer_complete(rig, &scene.transfer);
    CHECK(rig_wait(rig, &second.calls, 1));
    transfer_complete(rig, &second);
    scene_end(rig);
}

RIG_TEST(sd_06_callback_gets_the_device_extension)
{
    REQUIRE(scene_set(rig, SG64, PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_SAME(scene.transfer.seen.extension, rig->extension);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sd_07_callback_gets_the_adapter_of_the_call)
{
    PVP_DMA_ADAPTER other;

    REQUIRE(scene_set(rig, SG64, PAGE));
    other = adapter_get(rig, FLAT32, PAGE);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_SAME(scene.transfer.seen.adapter, scene.adapter);
    transfer_complete(rig, &scene.transfer);
    scene.transfer.adapter = other;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_SAME(scene.transfer.seen.adapter, other);
    transfer_complete(rig, &scene.transfer);
    adapter_put(rig, other);
    scene_end(rig);
}

RIG_TEST(sd_07_refuses_what_is_no_adapter)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];

    REQUIRE(scene_set(rig, SG64, PAGE));
    rig_bad_pointers(scene.adapter, bad);
    for (unsigned i = 1; i < RIG_BAD_POINTERS; i++) {
        scene.transfer = transfer_of(bad[i].pointer, &scene.buffer, 0, PAGE, TRUE);
        if (!transfer_refused(rig, &scene.transfer, "SD-7"))
            print_message("    with an adapter %s\n", bad[i].what);
    }
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(sd_08_mdl_says_which_buffer)
{
    struct buffer other;
    uint8_t device[PAGE];

    REQUIRE(scene_set(rig, SG64, PAGE) && buffer_make_locked(rig, &other, 3000, PAGE));
    pattern_fill(other.bytes, PAGE, 5);
    CHECK_EQUAL(move_all(rig, scene.adapter, &other, 0, PAGE, TRUE, device), 1);
    CHECK(pattern_holds(device, 0, PAGE, 5));
    CHECK_EQUAL(move_all(rig, scene.adapter, &scene.buffer, 0, PAGE, TRUE, device), 1);
    CHECK(pattern_holds(device, 0, PAGE, 0));
    buffer_drop(rig, &other);
    scene_end(rig);
}

RIG_TEST(sd_08_refuses_what_is_no_mdl)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];

    REQUIRE(scene_set(rig, SG64, PAGE));
    rig_bad_pointers(scene.buffer.mdl, bad);
    for (unsigned i = 1; i < RIG_BAD_POINTERS; i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
        scene.transfer.mdl = bad[i].pointer;
        if (!transfer_refused(rig, &scene.transfer, "SD-8|SD-A13|SD-A14"))
            print_message("    with an MDL %s\n", bad[i].what);
    }
    scene_end(rig);
    machine_works(rig);
}

/* ---- SD-19 .. SD-22: the callback, the direction ---- */

static void called_once(struct rig *rig)
{
    REQUIRE(scene_set(rig, FLAT24, 4 * PAGE));
    for (unsigned round = 0; round < 3; round++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 4 * PAGE, round & 1);
        CHECK(transfer_begin(rig, &scene.transfer));
        scene_pause();
        CHECK_EQUAL(scene.transfer.calls, 1);
        transfer_complete(rig, &scene.transfer);
        CHECK_EQUAL(scene.transfer.calls, 1);
    }
    scene_end(rig);
}

RIG_TEST(sd_19_callback_exactly_once, .layout = RIG_SCATTERED)
{
    called_once(rig);
}

RIG_TEST(sd_19_callback_exactly_once_when_queued, .layout = RIG_SCATTERED, .queued = true)
{
    called_once(rig);
}

static PVOID seen_context;
static PVP_SCATTER_GATHER_LIST seen_list;
static uint32_t seen_calls;

static VOID NTAPI note_context(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                               PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    seen_context = Context;
    seen_list = SGList;
    __atomic_add_fetch(&seen_calls, 1, __ATOMIC_RELEASE);
}

RIG_TEST(sd_20_context_is_passed_on_unchanged)
{
    static const uintptr_t contexts[] = {0, 1, 0x1234567, UINTPTR_MAX, UINTPTR_MAX / 2 + 3};

    REQUIRE(scene_set(rig, SG64, PAGE));
    seen_calls = 0;
    for (unsigned i = 0; i < ARRAYSIZE(contexts); i++) {
        ULONG length = PAGE;

        seen_context = &seen_context;
        CHECK_EQUAL(VideoPortStartDma(rig->extension, scene.adapter, scene.buffer.mdl, 0, &length,
                                      note_context, (PVOID)contexts[i], TRUE),
                    NO_ERROR);
        REQUIRE(rig_wait(rig, &seen_calls, i + 1));
        CHECK_SAME(seen_context, contexts[i]);
        VideoPortCompleteDma(rig->extension, scene.adapter, seen_list, TRUE);
    }
    scene_end(rig);
}

RIG_TEST(sd_21_callback_at_dispatch_level_though_called_at_passive)
{
    REQUIRE(scene_set(rig, SG64, PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    CHECK_EQUAL(VideoPortGetCurrentIrql(), PASSIVE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.seen.irql, DISPATCH);
    CHECK_EQUAL(VideoPortGetCurrentIrql(), PASSIVE);
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sd_22_direction_is_told_by_write_to_device, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    /* Through map registers the direction decides which way bytes are copied. */
    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_device_read(rig, &scene.transfer, device);
    CHECK(pattern_holds(device, 0, LENGTH, 0));
    pattern_fill(device, LENGTH, 1);
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 0));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_device_write(rig, &scene.transfer, device);
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 1));
    scene_end(rig);
}

/* ---- SD-23 .. SD-28 ---- */

enum { MANY = 1 << 16 };

struct small_transfer {
    ULONG length;
    PVP_SCATTER_GATHER_LIST list;
};

static VOID NTAPI keep_list(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                            PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    ((struct small_transfer *)Context)->list = SGList;
}

/* Starts transfers, without completing any, until no memory is left for one more. Returns how many
 * succeeded. */
static unsigned start_until_exhausted(struct rig *rig, struct small_transfer *transfers,
                                      VP_STATUS *status)
{
    unsigned i = 0;

    rig_memory_exhausted(true);
    do {
        transfers[i].length = 16 * PAGE;
        *status = VideoPortStartDma(rig->extension, scene.adapter, scene.buffer.mdl, 0,
                                    &transfers[i].length, keep_list, &transfers[i], TRUE);
    } while (*status == NO_ERROR && ++i < MANY);
    rig_memory_exhausted(false);
    return i;
}

RIG_TEST(sd_23_no_error_and_not_enough_memory)
{
    struct small_transfer *transfers = calloc(MANY, sizeof(*transfers));
    VP_STATUS status = NO_ERROR;
    unsigned count;

    REQUIRE(transfers && scene_set(rig, SG64, 16 * PAGE));
    count = start_until_exhausted(rig, transfers, &status);
    CHECK_EQUAL(status, ERROR_NOT_ENOUGH_MEMORY);
    CHECK_NOTHING_REPORTED();
    for (unsigned i = 0; i < count; i++)
        VideoPortCompleteDma(rig->extension, scene.adapter, transfers[i].list, TRUE);
    free(transfers);
    scene_end(rig);
    machine_works(rig);
}

static void device_is_done(void *context)
{
    scene_done();
}

static void device_starts(struct rig *rig, struct transfer *transfer)
{
    rig_device_interrupt(rig, 100000);
}

RIG_TEST(sd_24_returns_while_the_device_works)
{
    REQUIRE(scene_set(rig, SG64, PAGE));
    rig->hooks.dpc = device_is_done;
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    scene.transfer.hook = device_starts;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(__atomic_load_n(&scene.done, __ATOMIC_ACQUIRE), 0);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.dpc = NULL;
    transfer_complete(rig, &scene.transfer);
    scene_end(rig);
}

RIG_TEST(sd_25_a_failed_call_has_no_callback_and_nothing_to_complete)
{
    struct small_transfer *transfers = calloc(MANY, sizeof(*transfers));
    VP_STATUS status = NO_ERROR;
    unsigned count;

    REQUIRE(transfers && scene_set(rig, SG64, 16 * PAGE));
    count = start_until_exhausted(rig, transfers, &status);
    REQUIRE(status != NO_ERROR);
    CHECK_EQUAL(transfers[count].length, 0);
    for (unsigned i = 0; i < count; i++)
        VideoPortCompleteDma(rig->extension, scene.adapter, transfers[i].list, TRUE);
    scene_pause();
    CHECK_SAME(transfers[count].list, NULL);
    free(transfers);
    scene_end(rig); /* says nothing of an operation that is still outstanding */
}

RIG_TEST(sd_26_mdl_serves_several_calls_and_is_not_altered, .map_registers = 3,
         .layout = RIG_SCATTERED)
{
    enum { LENGTH = 9 * PAGE };
    static uint8_t device[LENGTH];
    size_t size = sizeof(MDL) + 10 * sizeof(PFN_NUMBER);
    uint8_t before[512];
    struct transfer second;

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        memcpy(before, scene.buffer.mdl, size);
        CHECK(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, TRUE, device) == 4);
        CHECK(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, FALSE, device) == 4);
        CHECK_EQUAL(memcmp(before, scene.buffer.mdl, size), 0);
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 100, TRUE);
        second = transfer_of(scene.adapter, &scene.buffer, 5 * PAGE, 100, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer) && transfer_begin(rig, &second));
        transfer_complete(rig, &scene.transfer);
        transfer_complete(rig, &second);
        CHECK_EQUAL(memcmp(before, scene.buffer.mdl, size), 0);
        scene_end(rig);
    }
}

RIG_TEST(sd_27_nothing_is_signalled_between_operations, .map_registers = 2)
{
    REQUIRE(scene_set(rig, SG64, 4 * PAGE));
    driver_entries(rig->extension);
    for (unsigned i = 0; i < 2; i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, i * PAGE, PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        transfer_complete(rig, &scene.transfer);
        scene_pause();
        CHECK_EQUAL(driver_entries(rig->extension), 0);
    }
    scene_end(rig);
}

RIG_TEST(sd_28_logical_addresses_respect_the_platform, .address_bits = 28, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 8 * PAGE };
    static uint8_t device[LENGTH];

    /* The driver says 32 bits, but only 28 lines lead to memory: what the port hands out is not
     * what MmGetPhysicalAddress says. */
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        unsigned bits = adapter_bits(kind) < 28 ? adapter_bits(kind) : 28;

        REQUIRE(scene_set(rig, kind, LENGTH));
        CHECK(buffer_out_of_reach(&scene.buffer, 28) > 0);
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(transfer_list_holds(&scene.transfer, bits));
        transfer_device_read(rig, &scene.transfer, device);
        CHECK(pattern_holds(device, 0, LENGTH, 0));
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

const struct CMUnitTest sd_tests[] = {
    cmocka_unit_test(sd_01_callable_at_passive_and_dispatch_level),
    cmocka_unit_test(sd_02_refused_in_the_interrupt_routine),
    cmocka_unit_test(sd_02_refused_in_a_synchronize_callback),
    cmocka_unit_test(sd_03_flushes_caches_and_gets_a_list_before_the_callback),
    cmocka_unit_test(sd_04_what_the_cpu_wrote_is_there_for_the_device_in_the_callback),
    cmocka_unit_test(sd_05_callback_waits_until_map_registers_are_there),
    cmocka_unit_test(sd_06_callback_gets_the_device_extension),
    cmocka_unit_test(sd_07_callback_gets_the_adapter_of_the_call),
    cmocka_unit_test(sd_07_refuses_what_is_no_adapter),
    cmocka_unit_test(sd_08_mdl_says_which_buffer),
    cmocka_unit_test(sd_08_refuses_what_is_no_mdl),
    cmocka_unit_test(sd_19_callback_exactly_once),
    cmocka_unit_test(sd_19_callback_exactly_once_when_queued),
    cmocka_unit_test(sd_20_context_is_passed_on_unchanged),
    cmocka_unit_test(sd_21_callback_at_dispatch_level_though_called_at_passive),
    cmocka_unit_test(sd_22_direction_is_told_by_write_to_device),
    cmocka_unit_test(sd_23_no_error_and_not_enough_memory),
    cmocka_unit_test(sd_24_returns_while_the_device_works),
    cmocka_unit_test(sd_25_a_failed_call_has_no_callback_and_nothing_to_complete),
    cmocka_unit_test(sd_26_mdl_serves_several_calls_and_is_not_altered),
    cmocka_unit_test(sd_27_nothing_is_signalled_between_operations),
    cmocka_unit_test(sd_28_logical_addresses_respect_the_platform),
};
const size_t sd_count = sizeof(sd_tests) / sizeof(sd_tests[0]);
