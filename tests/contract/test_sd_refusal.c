/* SPDX-License-Identifier: MIT */
/* SD-A3 .. SD-A8, SD-A12 .. SD-A16: what VideoPortStartDma refuses, and where it clips. */
#include <sys/mman.h>

#include <ntddk.h>
#include "transfer.h"

/* ---- SD-A3 .. SD-A8: refusals ---- */

static void refuse(struct rig *rig, ULONG offset, ULONG length, const char *rule)
{
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, offset, length, TRUE);
    transfer_refused(rig, &scene.transfer, rule);
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(sd_a3_offset_at_or_behind_the_end_is_refused)
{
    refuse(rig, 2 * PAGE, 1, "SD-A3");
    refuse(rig, 2 * PAGE + 1, 1, "SD-A3");
    refuse(rig, MAXULONG, 1, "SD-A3");
    refuse(rig, 3 * PAGE, PAGE, "SD-A3");
}

RIG_TEST(sd_a4_bytes_behind_the_end_are_refused_not_clipped)
{
    refuse(rig, 0, 2 * PAGE + 1, "SD-A4");
    refuse(rig, 2 * PAGE - 1, 2, "SD-A4");
    refuse(rig, 1, 2 * PAGE, "SD-A4");
    refuse(rig, 1, MAXULONG, "SD-A4"); /* their sum is 0 */
    refuse(rig, 100, MAXULONG - 99, "SD-A4");
    refuse(rig, 0, MAXULONG, "SD-A4");
}

RIG_TEST(sd_a4_longer_than_the_buffer_is_refused_although_registers_would_clip_it,
         .map_registers = 1)
{
    refuse(rig, 0, 3 * PAGE, "SD-A4");
}

RIG_TEST(sd_a5_length_zero_is_refused)
{
    refuse(rig, 0, 0, "SD-A5");
    refuse(rig, PAGE, 0, "SD-A5");
}

static void start_null(struct rig *rig, PVP_DMA_ADAPTER adapter, PVOID mdl, PULONG length,
                       PEXECUTE_DMA execute)
{
    struct noted_call call = {0};

    CHECK_EQUAL(VideoPortStartDma(rig->extension, adapter, mdl, 0, length, execute, &call, TRUE),
                ERROR_INVALID_PARAMETER);
    CHECK_EQUAL(call.calls, 0);
    if (length) {
        CHECK_EQUAL(*length, 0);
        *length = PAGE;
    }
    CHECK_REPORTED("SD-A6");
}

RIG_TEST(sd_a6_null_arguments_are_refused)
{
    ULONG length = PAGE;

    REQUIRE(scene_set(rig, SG64, PAGE));
    start_null(rig, NULL, scene.buffer.mdl, &length, note_call);
    start_null(rig, scene.adapter, NULL, &length, note_call);
    start_null(rig, scene.adapter, scene.buffer.mdl, NULL, note_call);
    start_null(rig, scene.adapter, scene.buffer.mdl, &length, NULL);
    start_null(rig, NULL, NULL, &length, NULL);
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(sd_a6_foreign_device_extension_is_refused)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];

    REQUIRE(scene_set(rig, SG64, PAGE));
    rig_bad_pointers(rig->extension, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        struct noted_call call = {0};
        ULONG length = PAGE;
        bool ok = CHECK_EQUAL(VideoPortStartDma(bad[i].pointer, scene.adapter, scene.buffer.mdl, 0,
                                                &length, note_call, &call, TRUE),
                              ERROR_INVALID_PARAMETER);

        ok = CHECK_EQUAL(length, 0) && ok;
        ok = CHECK_EQUAL(call.calls, 0) && ok;
        if (!CHECK_REPORTED("SD-A6|SD-7|SD-6") || !ok)
            print_message("    with an extension %s\n", bad[i].what);
    }
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(sd_a7_refusals_are_invalid_parameter_not_lack_of_memory)
{
    static const struct {
        ULONG offset, length;
        const char *rule;
    } cases[] = {{2 * PAGE, 1, "SD-A3"}, {0, 2 * PAGE + 1, "SD-A4"}, {0, 0, "SD-A5"}};

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    for (unsigned i = 0; i < ARRAYSIZE(cases); i++) {
        scene.transfer =
            transfer_of(scene.adapter, &scene.buffer, cases[i].offset, cases[i].length, TRUE);
        CHECK_EQUAL(transfer_start(rig, &scene.transfer), ERROR_INVALID_PARAMETER);
        CHECK(scene.transfer.status != ERROR_NOT_ENOUGH_MEMORY &&
              scene.transfer.status != NO_ERROR);
        CHECK_REPORTED(cases[i].rule);
    }
    scene_end(rig);
}

RIG_TEST(sd_a8_length_is_zero_after_a_failure)
{
    static const ULONG offsets[] = {2 * PAGE, 1};

    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    for (unsigned i = 0; i < ARRAYSIZE(offsets); i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, offsets[i], 2 * PAGE, TRUE);
        transfer_start(rig, &scene.transfer);
        CHECK_EQUAL(scene.transfer.granted, 0);
        CHECK_REPORTED(i ? "SD-A4" : "SD-A3");
    }
    scene_end(rig);
}

/* ---- SD-A12 .. SD-A16: limits and MDLs ---- */

/*
 * What one operation is granted of `length` bytes at `offset` of a buffer 100 bytes into its page.
 */
static void check_granted(struct rig *rig, PVP_DMA_ADAPTER adapter, ULONG offset, ULONG length,
                          ULONG expected)
{
    scene.transfer = transfer_of(adapter, &scene.buffer, offset, length, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.granted, expected);
    CHECK(transfer_list_holds(&scene.transfer, 64));
    transfer_complete(rig, &scene.transfer);
}

RIG_TEST(sd_a12_maximum_length_clips_too)
{
    PVP_DMA_ADAPTER adapter;

    REQUIRE(scene_set(rig, SG64, 8 * PAGE));
    adapter = adapter_get(rig, SG64, 2 * PAGE);
    REQUIRE(adapter != NULL);
    /* Page aligned, three registers (two pages and one) would cover three pages. */
    check_granted(rig, adapter, PAGE - 100, 3 * PAGE, 2 * PAGE);
    check_granted(rig, adapter, PAGE - 100, 2 * PAGE, 2 * PAGE);
    check_granted(rig, adapter, 0, 100, 100);
    adapter_put(rig, adapter);
    adapter = adapter_get(rig, FLAT24, 1000);
    REQUIRE(adapter != NULL);
    check_granted(rig, adapter, PAGE - 100, 3 * PAGE, 1000);
    adapter_put(rig, adapter);
    scene_end(rig);
}

RIG_TEST(sd_a12_registers_clip_below_maximum_length, .map_registers = 2)
{
    REQUIRE(scene_set(rig, SG64, 8 * PAGE));
    check_granted(rig, scene.adapter, PAGE - 100, 3 * PAGE, 2 * PAGE);
    check_granted(rig, scene.adapter, PAGE - 99, 3 * PAGE, 2 * PAGE - 1);
    scene_end(rig);
}

RIG_TEST(sd_a13_a_chain_of_mdls_is_refused)
{
    struct buffer second;

    REQUIRE(scene_set(rig, SG64, PAGE) && buffer_make_locked(rig, &second, 0, PAGE));
    ((PMDL)scene.buffer.mdl)->Next = second.mdl;
    for (ULONG length = PAGE; length <= 2 * PAGE; length += PAGE) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, length, TRUE);
        transfer_refused(rig, &scene.transfer, "SD-A13");
    }
    ((PMDL)scene.buffer.mdl)->Next = NULL;
    buffer_drop(rig, &second);
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(sd_a14_nonpaged_pool_mdl_is_accepted)
{
    enum { LENGTH = 3000 };
    uint8_t *pool = VideoPortAllocatePool(rig->extension, VpNonPagedPool, LENGTH, 0x74736574),
            device[LENGTH];
    struct buffer buffer = {.bytes = pool, .length = LENGTH};

    REQUIRE(pool && scene_set(rig, SG64, PAGE));
    pattern_fill(pool, LENGTH, 6);
    buffer.mdl = IoAllocateMdl(pool, LENGTH, FALSE, FALSE, NULL);
    REQUIRE(buffer.mdl != NULL);
    MmBuildMdlForNonPagedPool(buffer.mdl);
    CHECK(move_all(rig, scene.adapter, &buffer, 0, LENGTH, TRUE, device) > 0);
    CHECK(pattern_holds(device, 0, LENGTH, 6));
    pattern_fill(device, LENGTH, 7);
    CHECK(move_all(rig, scene.adapter, &buffer, 0, LENGTH, FALSE, device) > 0);
    CHECK(pattern_holds(pool, 0, LENGTH, 7));
    IoFreeMdl(buffer.mdl);
    VideoPortFreePool(rig->extension, pool);
    scene_end(rig);
}

RIG_TEST(sd_a14_mdl_without_locked_pages_is_refused)
{
    PMDL mdl;

    REQUIRE(scene_set(rig, SG64, PAGE));
    mdl = IoAllocateMdl(scene.buffer.bytes, PAGE, FALSE, FALSE, NULL);
    REQUIRE(mdl != NULL);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    scene.transfer.mdl = mdl;
    transfer_refused(rig, &scene.transfer, "SD-A14");
    IoFreeMdl(mdl);
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(sd_a14_stale_mdl_is_refused)
{
    PVOID stale;

    REQUIRE(scene_set(rig, SG64, PAGE));
    stale = scene.buffer.mdl;
    buffer_unlock(rig, &scene.buffer);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    scene.transfer.mdl = stale;
    transfer_refused(rig, &scene.transfer, "SD-8|SD-A14");
    scene_end(rig);
    machine_works(rig);
}

static void write_to_read_lock(struct rig *rig, enum adapter_kind kind)
{
    REQUIRE(scene_set(rig, kind, 2 * PAGE));
    buffer_unlock(rig, &scene.buffer);
    REQUIRE(buffer_lock(rig, &scene.buffer, VpReadAccess));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    CHECK_NOTHING_REPORTED();
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, FALSE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_REPORTED("SD-A15");
    transfer_complete(rig, &scene.transfer);
    CHECK(pattern_holds(scene.buffer.bytes, 0, 2 * PAGE, 0));
    scene_end(rig);
}

RIG_TEST(sd_a15_writing_to_a_buffer_locked_for_reading_is_reported)
{
    write_to_read_lock(rig, SG64);
}

RIG_TEST(sd_a15_writing_through_map_registers_to_a_buffer_locked_for_reading_is_reported,
         .layout = RIG_SCATTERED)
{
    write_to_read_lock(rig, FLAT24);
}

RIG_TEST(sd_a15_read_only_memory_is_never_written)
{
    uint8_t *bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct buffer buffer = {.bytes = bytes, .length = PAGE};

    REQUIRE(bytes != MAP_FAILED);
    pattern_fill(bytes, PAGE, 0);
    mprotect(bytes, PAGE, PROT_READ);
    REQUIRE(buffer_lock(rig, &buffer, VpReadAccess));
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, PAGE));
        scene.transfer = transfer_of(scene.adapter, &buffer, 0, PAGE, FALSE);
        transfer_refused(rig, &scene.transfer, "SD-A15");
        scene_end(rig);
    }
    CHECK(pattern_holds(bytes, 0, PAGE, 0));
    buffer_unlock(rig, &buffer);
    munmap(bytes, PAGE);
    machine_works(rig);
}

RIG_TEST(sd_a16_partial_ends_at_page_boundary, .map_registers = 5)
{
    REQUIRE(scene_set(rig, SG64, 16 * PAGE));
    check_granted(rig, scene.adapter, 0, 16 * PAGE, 5 * PAGE - 100);
    check_granted(rig, scene.adapter, 1234, 14 * PAGE, 5 * PAGE - 1334);
    check_granted(rig, scene.adapter, PAGE - 100, 14 * PAGE, 5 * PAGE);
    /* The request itself ends earlier. */
    check_granted(rig, scene.adapter, 0, 5 * PAGE - 101, 5 * PAGE - 101);
    scene_end(rig);
}

RIG_TEST(sd_a16_maximum_length_ends_at_page_boundary_too)
{
    PVP_DMA_ADAPTER adapter;

    REQUIRE(scene_set(rig, SG64, 16 * PAGE));
    adapter = adapter_get(rig, SG64, 3 * PAGE + 10);
    REQUIRE(adapter != NULL);
    check_granted(rig, adapter, 0, 10 * PAGE, 3 * PAGE - 100);
    check_granted(rig, adapter, PAGE - 100, 10 * PAGE, 3 * PAGE);
    adapter_put(rig, adapter);
    /* Less than to the next boundary: then what MaximumLength says, since every call makes
     * progress. */
    adapter = adapter_get(rig, SG64, 1000);
    REQUIRE(adapter != NULL);
    check_granted(rig, adapter, 0, 10 * PAGE, 1000);
    check_granted(rig, adapter, 3500, 10 * PAGE, PAGE - 3600);
    adapter_put(rig, adapter);
    scene_end(rig);
}

const struct CMUnitTest sd_refusal_tests[] = {
    cmocka_unit_test(sd_a3_offset_at_or_behind_the_end_is_refused),
    cmocka_unit_test(sd_a4_bytes_behind_the_end_are_refused_not_clipped),
    cmocka_unit_test(sd_a4_longer_than_the_buffer_is_refused_although_registers_would_clip_it),
    cmocka_unit_test(sd_a5_length_zero_is_refused),
    cmocka_unit_test(sd_a6_null_arguments_are_refused),
    cmocka_unit_test(sd_a6_foreign_device_extension_is_refused),
    cmocka_unit_test(sd_a7_refusals_are_invalid_parameter_not_lack_of_memory),
    cmocka_unit_test(sd_a8_length_is_zero_after_a_failure),
    cmocka_unit_test(sd_a12_maximum_length_clips_too),
    cmocka_unit_test(sd_a12_registers_clip_below_maximum_length),
    cmocka_unit_test(sd_a13_a_chain_of_mdls_is_refused),
    cmocka_unit_test(sd_a14_nonpaged_pool_mdl_is_accepted),
    cmocka_unit_test(sd_a14_mdl_without_locked_pages_is_refused),
    cmocka_unit_test(sd_a14_stale_mdl_is_refused),
    cmocka_unit_test(sd_a15_writing_to_a_buffer_locked_for_reading_is_reported),
    cmocka_unit_test(
        sd_a15_writing_through_map_registers_to_a_buffer_locked_for_reading_is_reported),
    cmocka_unit_test(sd_a15_read_only_memory_is_never_written),
    cmocka_unit_test(sd_a16_partial_ends_at_page_boundary),
    cmocka_unit_test(sd_a16_maximum_length_ends_at_page_boundary_too),
};
const size_t sd_refusal_count = sizeof(sd_refusal_tests) / sizeof(sd_refusal_tests[0]);
