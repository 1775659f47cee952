/* SPDX-License-Identifier: MIT */
/* LB-1 .. LB-A6: VideoPortLockBuffer and VideoPortUnlockBuffer. */
#include <string.h>
#include <sys/mman.h>

#include <ntddk.h>
#include "transfer.h"

/* Pages that the machine did not hand out: this process's own, with this protection. */
static uint8_t *foreign_pages(size_t length, int protection)
{
    void *pages =
        mmap(NULL, length, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

static PVOID lock(struct rig *rig, PVOID base, ULONG length, VP_LOCK_OPERATION operation)
{
    return VideoPortLockBuffer(rig->extension, base, length, operation);
}

/* A device reads the whole buffer through its MDL, and it holds pattern(0.., salt). */
static void check_reads(struct rig *rig, const struct buffer *buffer, unsigned salt)
{
    static uint8_t device[64 * PAGE];
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);

    memset(device, 0, buffer->length);
    CHECK(move_all(rig, adapter, buffer, 0, buffer->length, TRUE, device) > 0);
    CHECK(pattern_holds(device, 0, buffer->length, salt));
    adapter_put(rig, adapter);
}

/* ---- LB-1 .. LB-6: locking ---- */

RIG_TEST(lb_01_probes_makes_resident_and_locks)
{
    enum { PAGES = 16 };
    uint8_t *pages = foreign_pages(PAGES * PAGE, PROT_READ | PROT_WRITE);
    struct buffer buffer = {.bytes = pages + 10, .length = (PAGES - 1) * PAGE};
    unsigned char resident[PAGES] = {0};

    REQUIRE(pages && buffer_lock(rig, &buffer, VpWriteAccess));
    CHECK(((PMDL)buffer.mdl)->MdlFlags & MDL_PAGES_LOCKED);
    CHECK_EQUAL(mincore(pages, PAGES * PAGE, resident), 0);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK(resident[i] & 1);
    pattern_fill(buffer.bytes, buffer.length, 2);
    check_reads(rig, &buffer, 2);
    buffer_unlock(rig, &buffer);
    munmap(pages, PAGES * PAGE);
}

RIG_TEST(lb_02_lock_at_passive_level_only)
{
    struct buffer buffer;
    KIRQL irql;

    REQUIRE(buffer_make(rig, &buffer, 0, PAGE));
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    CHECK_SAME(lock(rig, buffer.bytes, PAGE, VpReadAccess), NULL);
    KeLowerIrql(irql);
    CHECK_REPORTED("LB-2");
    buffer_drop(rig, &buffer);
    machine_works(rig);
}

RIG_TEST(lb_03_read_examines_write_and_modify_change)
{
    uint8_t *pages = foreign_pages(2 * PAGE, PROT_READ | PROT_WRITE);
    struct buffer buffer = {.bytes = pages, .length = 2 * PAGE};

    _Static_assert(VpReadAccess == 0 && VpWriteAccess == 1 && VpModifyAccess == 2,
                   "the order of IoReadAccess ...");
    REQUIRE(pages != NULL);
    pattern_fill(pages, 2 * PAGE, 0);
    for (VP_LOCK_OPERATION operation = VpReadAccess; operation <= VpModifyAccess; operation++) {
        REQUIRE(buffer_lock(rig, &buffer, operation));
        CHECK_EQUAL(!!(((PMDL)buffer.mdl)->MdlFlags & MDL_WRITE_OPERATION),
                    operation != VpReadAccess);
        buffer_unlock(rig, &buffer);
    }
    /* Memory that may only be examined can be locked for that, and only for that. */
    mprotect(pages, 2 * PAGE, PROT_READ);
    REQUIRE(buffer_lock(rig, &buffer, VpReadAccess));
    check_reads(rig, &buffer, 0);
    buffer_unlock(rig, &buffer);
    CHECK_SAME(lock(rig, pages, 2 * PAGE, VpWriteAccess), NULL);
    CHECK_REPORTED("LB-A1");
    CHECK_SAME(lock(rig, pages, 2 * PAGE, VpModifyAccess), NULL);
    CHECK_REPORTED("LB-A1");
    munmap(pages, 2 * PAGE);
}

RIG_TEST(lb_03_no_other_operation)
{
    struct buffer buffer;

    REQUIRE(buffer_make(rig, &buffer, 0, PAGE));
    CHECK_SAME(lock(rig, buffer.bytes, PAGE, (VP_LOCK_OPERATION)3), NULL);
    CHECK_REPORTED("LB-3");
    CHECK_SAME(lock(rig, buffer.bytes, PAGE, (VP_LOCK_OPERATION)-1), NULL);
    CHECK_REPORTED("LB-3");
    buffer_drop(rig, &buffer);
    machine_works(rig);
}

RIG_TEST(lb_04_null_when_there_is_no_memory_for_the_mdl)
{
    enum { MOST = 100000 };
    static PVOID mdls[MOST];
    struct buffer buffer;
    unsigned count = 0;

    REQUIRE(buffer_make_locked(rig, &buffer, 0, 40 * PAGE));
    rig_memory_exhausted(true);
    while (count < MOST && (mdls[count] = lock(rig, buffer.bytes, 40 * PAGE, VpReadAccess)))
        count++;
    rig_memory_exhausted(false);
    CHECK(count < MOST);
    CHECK_NOTHING_REPORTED(); /* it is nobody's mistake */
    while (count)
        VideoPortUnlockBuffer(rig->extension, mdls[--count]);
    buffer_drop(rig, &buffer);
    machine_works(rig);
}

static const struct {
    ULONG page_offset, length;
} ranges[] = {{0, 1},           {0, PAGE - 1},        {0, PAGE},
              {0, PAGE + 1},    {1, PAGE - 1},        {1, PAGE},
              {PAGE - 1, 1},    {PAGE - 1, 2},        {PAGE - 1, PAGE},
              {2048, 2 * PAGE}, {4095, 2 + 5 * PAGE}, {100, 30 * PAGE}};

RIG_TEST(lb_05_mdl_reports_start_offset_count_and_frames, .layout = RIG_SCATTERED, .identity = true)
{
    for (unsigned i = 0; i < ARRAYSIZE(ranges); i++) {
        struct buffer buffer;
        PMDL mdl;
        uint8_t byte;

        REQUIRE(buffer_make_locked(rig, &buffer, ranges[i].page_offset, ranges[i].length));
        mdl = buffer.mdl;
        CHECK_SAME(MmGetMdlVirtualAddress(mdl), buffer.bytes);
        CHECK_EQUAL(MmGetMdlByteOffset(mdl), ranges[i].page_offset);
        CHECK_EQUAL(MmGetMdlByteCount(mdl), ranges[i].length);
        CHECK_SAME(mdl->Next, NULL);
        KeFlushIoBuffers(mdl, FALSE, TRUE);
        /* The frames are where the bytes are: first, last, and one of each page between. */
        for (ULONG at = 0; at < ranges[i].length;
             at += at + PAGE < ranges[i].length ? PAGE : ranges[i].length - at) {
            CHECK(rig_device_read(rig, buffer_physical(&buffer, at), 1, &byte));
            CHECK_EQUAL(byte, pattern(at, 0));
        }
        CHECK(rig_device_read(rig, buffer_physical(&buffer, ranges[i].length - 1), 1, &byte));
        CHECK_EQUAL(byte, pattern(ranges[i].length - 1, 0));
        buffer_drop(rig, &buffer);
    }
}

RIG_TEST(lb_06_one_frame_a_page_spanned)
{
    for (unsigned i = 0; i < ARRAYSIZE(ranges); i++) {
        struct buffer buffer;
        ULONG pages = pages_of(ranges[i].page_offset, ranges[i].length);

        REQUIRE(buffer_make_locked(rig, &buffer, ranges[i].page_offset, ranges[i].length));
        CHECK_EQUAL(ADDRESS_AND_SIZE_TO_SPAN_PAGES(buffer.bytes, ranges[i].length), pages);
        CHECK_EQUAL(((PMDL)buffer.mdl)->Size, sizeof(MDL) + pages * sizeof(PFN_NUMBER));
        for (ULONG a = 0; a < pages; a++) {
            for (ULONG b = a + 1; b < pages; b++)
                CHECK(MmGetMdlPfnArray((PMDL)buffer.mdl)[a] !=
                      MmGetMdlPfnArray((PMDL)buffer.mdl)[b]);
        }
        buffer_drop(rig, &buffer);
    }
}

/* ---- LB-7, LB-8, LB-A5: unlocking ---- */

static void unlock_in_interrupt(void *context)
{
    struct rig *rig = context;

    VideoPortUnlockBuffer(rig->extension, scene.buffer.mdl);
    scene_done();
}

RIG_TEST(lb_07_unlock_at_dispatch_level_or_below)
{
    KIRQL irql;

    REQUIRE(scene_set(rig, SG64, PAGE));
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    buffer_unlock(rig, &scene.buffer);
    KeLowerIrql(irql);
    CHECK_NOTHING_REPORTED();
    REQUIRE(buffer_lock(rig, &scene.buffer, VpModifyAccess));
    rig->hooks.interrupt = unlock_in_interrupt;
    rig_device_interrupt(rig, 1);
    CHECK(rig_wait(rig, &scene.done, 1));
    rig->hooks.interrupt = NULL;
    CHECK_REPORTED("LB-7");
    check_reads(rig, &scene.buffer, 0); /* it is still locked */
    scene_end(rig);
    machine_works(rig);
}

RIG_TEST(lb_08_unlock_gives_the_mdl_back)
{
    struct buffer buffer;

    REQUIRE(buffer_make_locked(rig, &buffer, 0, 40 * PAGE));
    rig_memory_exhausted(true);
    for (unsigned i = 0; i < 100000 && buffer.mdl; i++) {
        VideoPortUnlockBuffer(rig->extension, buffer.mdl);
        buffer.mdl = lock(rig, buffer.bytes, 40 * PAGE, VpModifyAccess);
    }
    rig_memory_exhausted(false);
    CHECK(buffer.mdl != NULL);
    buffer_drop(rig, &buffer);
}

RIG_TEST(lb_08_unlock_gives_the_pages_back, .small_memory = true)
{
    struct buffer buffer;

    for (unsigned i = 0; i < 20; i++) { /* 80 MiB, one after the other */
        REQUIRE(buffer_make_locked(rig, &buffer, 0, 1024 * PAGE));
        buffer_drop(rig, &buffer);
    }
}

RIG_TEST(lb_08_unlock_takes_the_system_mapping_with_it)
{
    struct buffer buffer;
    uint8_t *mapped;

    REQUIRE(buffer_make_locked(rig, &buffer, 123, 3 * PAGE));
    mapped = MmGetSystemAddressForMdlSafe((PMDL)buffer.mdl, NormalPagePriority);
    REQUIRE(mapped != NULL);
    CHECK(pattern_holds(mapped, 0, 3 * PAGE, 0));
    CHECK_SAME(MmGetSystemAddressForMdlSafe((PMDL)buffer.mdl, NormalPagePriority), mapped);
    buffer_drop(rig, &buffer); /* and no leak is reported when the machine ends */
    CHECK_NOTHING_REPORTED();
}

/* ---- LB-9 .. LB-13 ---- */

RIG_TEST(lb_09_locked_until_the_last_mdl_is_unlocked, .vanishing_memory = true,
         .small_memory = true)
{
    struct buffer buffer, other, again;

    REQUIRE(buffer_make_locked(rig, &buffer, 77, 3 * PAGE));
    again = buffer;
    REQUIRE(buffer_lock(rig, &again, VpReadAccess));
    buffer_unlock(rig, &buffer);
    check_reads(rig, &again, 0);
    buffer_drop(rig, &buffer); /* the range goes, the pages stay with the other MDL */
    for (unsigned i = 0; i < 20; i++) {
        REQUIRE(buffer_make_locked(rig, &other, 0, 1024 * PAGE));
        memset(other.bytes, 0xff, other.length);
        check_reads(rig, &again, 0);
        buffer_drop(rig, &other);
    }
    buffer_unlock(rig, &again);
}

RIG_TEST(lb_10_pages_outlive_their_address_while_locked, .vanishing_memory = true,
         .small_memory = true)
{
    struct buffer buffer, other;

    REQUIRE(buffer_make_locked(rig, &buffer, 77, 3 * PAGE));
    rig_memory_free(rig, buffer.memory);
    CHECK_SAME(lock(rig, buffer.bytes, 3 * PAGE, VpReadAccess), NULL); /* that range is gone */
    CHECK_REPORTED("LB-A1");
    for (unsigned i = 0; i < 20; i++) {
        REQUIRE(buffer_make_locked(rig, &other, 0, 1024 * PAGE));
        memset(other.bytes, 0xff, other.length);
        for (ULONG page = 0; page < 4; page++) {
            PFN_NUMBER frame = MmGetMdlPfnArray((PMDL)buffer.mdl)[page];

            for (ULONG k = 0; k < 1024; k++)
                REQUIRE(MmGetMdlPfnArray((PMDL)other.mdl)[k] != frame);
        }
        buffer_drop(rig, &other);
    }
    check_reads(rig, &buffer, 0);
    buffer_unlock(rig, &buffer);
}

RIG_TEST(lb_11_virtual_address_of_the_mdl_is_only_an_index, .vanishing_memory = true,
         .layout = RIG_SCATTERED)
{
    enum { LENGTH = 5 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        rig_memory_free(rig, scene.buffer.memory);
        memset(device, 0, LENGTH);
        CHECK(move_all(rig, scene.adapter, &scene.buffer, PAGE + 5, LENGTH - PAGE - 5, TRUE,
                       device) > 0);
        CHECK(pattern_holds(device, PAGE + 5, LENGTH - PAGE - 5, 0));
        pattern_fill(device, LENGTH, 8);
        CHECK(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, FALSE, device) > 0);
        memset(device, 0, LENGTH);
        CHECK(move_all(rig, scene.adapter, &scene.buffer, 0, LENGTH, TRUE, device) > 0);
        CHECK(pattern_holds(device, 0, LENGTH, 8));
        buffer_unlock(rig, &scene.buffer);
        adapter_put(rig, scene.adapter);
    }
}

RIG_TEST(lb_12_unlock_after_all_has_been_moved, .map_registers = 2)
{
    static uint8_t device[6 * PAGE];

    REQUIRE(scene_set(rig, SG64, 6 * PAGE));
    CHECK_EQUAL(move_all(rig, scene.adapter, &scene.buffer, 0, 6 * PAGE, TRUE, device), 4);
    buffer_unlock(rig, &scene.buffer);
    CHECK_NOTHING_REPORTED();
    /* Too early, and the next operation finds no locked pages. */
    REQUIRE(buffer_lock(rig, &scene.buffer, VpModifyAccess));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 6 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    buffer_unlock(rig, &scene.buffer);
    transfer_refused(rig, &scene.transfer, "SD-8|SD-A14");
    scene_end(rig);
}

RIG_TEST(lb_13_largest_mdl)
{
    const ULONG most = MAXULONG - PAGE + 1; /* 4 GiB - PAGE_SIZE */
    uint8_t *pages = foreign_pages((size_t)PAGE << 20, PROT_READ);
    PMDL mdl = IoAllocateMdl((PVOID)(ULONG_PTR)0x10000, most, FALSE, FALSE, NULL);

    REQUIRE(mdl != NULL && pages != NULL);
    CHECK_EQUAL(MmGetMdlByteCount(mdl), most);
    IoFreeMdl(mdl);
    CHECK_SAME(IoAllocateMdl((PVOID)(ULONG_PTR)0x10000, most + 1, FALSE, FALSE, NULL), NULL);
    CHECK_SAME(IoAllocateMdl((PVOID)(ULONG_PTR)0x10000, MAXULONG, FALSE, FALSE, NULL), NULL);
    /* All of it is there and could be read; it is only too much. */
    CHECK_SAME(lock(rig, pages, MAXULONG, VpReadAccess), NULL);
    munmap(pages, (size_t)PAGE << 20);
    CHECK_NOTHING_REPORTED();
}

/* ---- Decisions ---- */

static void check_unlockable(struct rig *rig, PVOID base, ULONG length, const char *what)
{
    bool ok = CHECK_SAME(lock(rig, base, length, VpReadAccess), NULL);

    if (!CHECK_REPORTED("LB-A1") || !ok)
        print_message("    %s\n", what);
}

RIG_TEST(lb_a1_what_is_not_accessible_is_not_locked)
{
    uint8_t *pages = foreign_pages(8 * PAGE, PROT_READ | PROT_WRITE);

    REQUIRE(pages != NULL);
    munmap(pages + 4 * PAGE, PAGE);
    mprotect(pages + 6 * PAGE, PAGE, PROT_NONE);
    check_unlockable(rig, NULL, 1, "NULL");
    check_unlockable(rig, (PVOID)8, 100, "the first page");
    check_unlockable(rig, pages + 4 * PAGE, 1, "a hole");
    check_unlockable(rig, pages, 8 * PAGE, "a range with a hole");
    check_unlockable(rig, pages + 3 * PAGE + 100, PAGE, "a range that ends in a hole");
    check_unlockable(rig, pages + 5 * PAGE, 2 * PAGE, "a range with a page that may not be read");
    check_unlockable(rig, (PVOID)(UINTPTR_MAX / 2 + 1), PAGE, "an address that is not canonical");
    check_unlockable(rig, (PVOID)(UINTPTR_MAX - 100), 50, "the end of everything");
    check_unlockable(rig, (PVOID)(UINTPTR_MAX - 100), PAGE, "a range that wraps");
    munmap(pages, 8 * PAGE);
    machine_works(rig);
}

RIG_TEST(lb_a1_a_failed_lock_leaks_nothing, .small_memory = true)
{
    uint8_t *pages = foreign_pages(1025 * PAGE, PROT_READ | PROT_WRITE);

    REQUIRE(pages != NULL);
    mprotect(pages + 1024 * PAGE, PAGE, PROT_NONE);
    for (unsigned i = 0; i < 40; i++)
        check_unlockable(rig, pages, 1025 * PAGE, "all but the last page are there");
    munmap(pages, 1025 * PAGE);
    machine_works(rig);
}

RIG_TEST(lb_a2_length_zero_is_not_locked)
{
    struct buffer buffer;

    REQUIRE(buffer_make(rig, &buffer, 0, PAGE));
    CHECK_SAME(lock(rig, buffer.bytes, 0, VpModifyAccess), NULL);
    CHECK_REPORTED("LB-A2");
    buffer_drop(rig, &buffer);
    machine_works(rig);
}

RIG_TEST(lb_a3_locks_user_memory_and_the_drivers_own)
{
    static uint8_t data[3 * PAGE];
    uint8_t stack[PAGE];
    uint8_t *pool = VideoPortAllocatePool(rig->extension, VpNonPagedPool, 2 * PAGE, 0x74736574);
    struct buffer user, own[] = {{.bytes = pool, .length = 2 * PAGE},
                                 {.bytes = data + 33, .length = 2 * PAGE},
                                 {.bytes = stack + 5, .length = PAGE - 10}};

    REQUIRE(pool && buffer_make_locked(rig, &user, 50, 2 * PAGE));
    check_reads(rig, &user, 0);
    for (unsigned i = 0; i < ARRAYSIZE(own); i++) {
        pattern_fill(own[i].bytes, own[i].length, i);
        REQUIRE(buffer_lock(rig, &own[i], VpModifyAccess));
        check_reads(rig, &own[i], i);
        buffer_unlock(rig, &own[i]);
    }
    VideoPortFreePool(rig->extension, pool);
    buffer_drop(rig, &user);
}

RIG_TEST(lb_a4_unlock_with_a_transfer_outstanding_keeps_the_pages, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        buffer_unlock(rig, &scene.buffer);
        CHECK_REPORTED("LB-A4");
        pattern_fill(device, LENGTH, 5);
        transfer_device_write(rig, &scene.transfer, device);
        transfer_complete(rig, &scene.transfer);
        CHECK_NOTHING_REPORTED();
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 5));
        scene_end(rig);
    }
    machine_works(rig);
}

RIG_TEST(lb_a4_pages_stay_until_completion_though_the_range_goes, .layout = RIG_SCATTERED,
         .vanishing_memory = true)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        struct buffer other;

        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        buffer_unlock(rig, &scene.buffer);
        CHECK_REPORTED("LB-A4");
        rig_memory_free(rig, scene.buffer.memory);
        REQUIRE(buffer_make_locked(rig, &other, 0, 256 * PAGE));
        pattern_fill(device, LENGTH, 5);
        transfer_device_write(rig, &scene.transfer, device);
        transfer_complete(rig, &scene.transfer);
        CHECK(pattern_holds(other.bytes, 0, 256 * PAGE, 0));
        buffer_drop(rig, &other);
        adapter_put(rig, scene.adapter);
    }
    machine_works(rig);
}

RIG_TEST(lb_a5_what_is_not_locked_is_not_unlocked)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];
    struct buffer buffer;
    PVOID stale;

    REQUIRE(buffer_make_locked(rig, &buffer, 0, PAGE));
    rig_bad_pointers(buffer.mdl, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        VideoPortUnlockBuffer(rig->extension, bad[i].pointer);
        if (!CHECK_REPORTED("LB-A5"))
            print_message("    an MDL %s\n", bad[i].what);
    }
    check_reads(rig, &buffer, 0);
    stale = buffer.mdl;
    buffer_unlock(rig, &buffer);
    VideoPortUnlockBuffer(rig->extension, stale);
    CHECK_REPORTED("LB-A5");
    buffer_drop(rig, &buffer);
    machine_works(rig);
}

RIG_TEST(lb_a6_both_spellings)
{
    struct buffer buffer;

    REQUIRE(buffer_make_locked(rig, &buffer, 0, PAGE));
    VideoPortUnLockBuffer(rig->extension, buffer.mdl);
    REQUIRE(buffer_lock(rig, &buffer, VpModifyAccess));
    VideoPortUnlockBuffer(rig->extension, buffer.mdl);
    CHECK_NOTHING_REPORTED();
    VideoPortUnLockBuffer(rig->extension, buffer.mdl);
    CHECK_REPORTED("LB-A5");
    CHECK(driver_resolve(rig->extension, "VideoPortUnlockBuffer") != NULL);
    CHECK(driver_resolve(rig->extension, "VideoPortUnLockBuffer") != NULL);
    buffer.mdl = NULL;
    buffer_drop(rig, &buffer);
}

const struct CMUnitTest lb_tests[] = {
    cmocka_unit_test(lb_01_probes_makes_resident_and_locks),
    cmocka_unit_test(lb_02_lock_at_passive_level_only),
    cmocka_unit_test(lb_03_read_examines_write_and_modify_change),
    cmocka_unit_test(lb_03_no_other_operation),
    cmocka_unit_test(lb_04_null_when_there_is_no_memory_for_the_mdl),
    cmocka_unit_test(lb_05_mdl_reports_start_offset_count_and_frames),
    cmocka_unit_test(lb_06_one_frame_a_page_spanned),
    cmocka_unit_test(lb_07_unlock_at_dispatch_level_or_below),
    cmocka_unit_test(lb_08_unlock_gives_the_mdl_back),
    cmocka_unit_test(lb_08_unlock_gives_the_pages_back),
    cmocka_unit_test(lb_08_unlock_takes_the_system_mapping_with_it),
    cmocka_unit_test(lb_09_locked_until_the_last_mdl_is_unlocked),
    cmocka_unit_test(lb_10_pages_outlive_their_address_while_locked),
    cmocka_unit_test(lb_11_virtual_address_of_the_mdl_is_only_an_index),
    cmocka_unit_test(lb_12_unlock_after_all_has_been_moved),
    cmocka_unit_test(lb_13_largest_mdl),
    cmocka_unit_test(lb_a1_what_is_not_accessible_is_not_locked),
    cmocka_unit_test(lb_a1_a_failed_lock_leaks_nothing),
    cmocka_unit_test(lb_a2_length_zero_is_not_locked),
    cmocka_unit_test(lb_a3_locks_user_memory_and_the_drivers_own),
    cmocka_unit_test(lb_a4_unlock_with_a_transfer_outstanding_keeps_the_pages),
    cmocka_unit_test(lb_a4_pages_stay_until_completion_though_the_range_goes),
    cmocka_unit_test(lb_a5_what_is_not_locked_is_not_unlocked),
    cmocka_unit_test(lb_a6_both_spellings),
};
const size_t lb_count = sizeof(lb_tests) / sizeof(lb_tests[0]);
