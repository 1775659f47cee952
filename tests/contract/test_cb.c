/* SPDX-License-Identifier: MIT */
/* CB-1 .. CB-A2: common buffers, by both families of functions. */
#include <string.h>

#include <ntddk.h>
#include "spy.h"
#include "transfer.h"

struct common {
    PVP_DMA_ADAPTER adapter;
    uint8_t *bytes;
    ULONG length;
    PHYSICAL_ADDRESS logical;
    BOOLEAN cached;
};

static bool common_get(struct rig *rig, struct common *common, PVP_DMA_ADAPTER adapter,
                       ULONG length)
{
    *common = (struct common){.adapter = adapter, .length = length, .cached = TRUE};
    common->bytes = VideoPortAllocateCommonBuffer(rig->extension, adapter, length, &common->logical,
                                                  TRUE, NULL);
    return CHECK(common->bytes != NULL);
}

static void common_release(struct rig *rig, const struct common *common)
{
    VideoPortReleaseCommonBuffer(rig->extension, common->adapter, common->length, common->logical,
                                 (PVOID)common->bytes, common->cached);
}

/* Every byte of it is seen by both sides, at once, without any call. */
static void check_shared(struct rig *rig, const struct common *common, unsigned salt)
{
    static uint8_t device[4 << 20 | 1 << 16];
    uint64_t logical = (uint64_t)common->logical.QuadPart;

    pattern_fill(common->bytes, common->length, salt);
    CHECK(rig_device_read(rig, logical, common->length, device));
    CHECK(pattern_holds(device, 0, common->length, salt));
    pattern_fill(device, common->length, salt + 1);
    CHECK(rig_device_write(rig, logical, common->length, device));
    CHECK(pattern_holds(common->bytes, 0, common->length, salt + 1));
}

/* ---- CB-1 .. CB-8: what is allocated ---- */

RIG_TEST(cb_01_reachable_by_cpu_and_device_at_once)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);
        struct common common;

        REQUIRE(adapter && common_get(rig, &common, adapter, 10 * PAGE + 10));
        check_shared(rig, &common, 1);
        common_release(rig, &common);
        adapter_put(rig, adapter);
    }
}

RIG_TEST(cb_01_passive_level_only)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    PHYSICAL_ADDRESS logical;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    CHECK_SAME(VideoPortAllocateCommonBuffer(rig->extension, adapter, PAGE, &logical, TRUE, NULL),
               NULL);
    KeLowerIrql(irql);
    CHECK_REPORTED("CB-1");
    adapter_put(rig, adapter);
    machine_works(rig);
}

RIG_TEST(cb_02_base_address_or_null)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    PHYSICAL_ADDRESS logical;
    struct common common;
    PVOID more = adapter;

    REQUIRE(common_get(rig, &common, adapter, PAGE));
    common.bytes[0] = 1;
    common.bytes[PAGE - 1] = 2;
    rig_memory_exhausted(true);
    for (unsigned i = 0; i < 100000 && more; i++)
        more =
            VideoPortAllocateCommonBuffer(rig->extension, adapter, 16 * PAGE, &logical, TRUE, NULL);
    rig_memory_exhausted(false);
    CHECK_SAME(more, NULL);
    CHECK_NOTHING_REPORTED();
    common_release(rig, &common);
}

RIG_TEST(cb_02_null_for_what_is_no_adapter)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    PHYSICAL_ADDRESS logical;

    rig_bad_pointers(adapter, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        bool ok = CHECK_SAME(VideoPortAllocateCommonBuffer(rig->extension, bad[i].pointer, PAGE,
                                                           &logical, TRUE, NULL),
                             NULL);

        if (!CHECK_REPORTED("CB-1|CB-2") || !ok)
            print_message("    with an adapter %s\n", bad[i].what);
    }
    adapter_put(rig, adapter);
    machine_works(rig);
}

RIG_TEST(cb_03_logical_address_is_the_devices)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);
    struct common common;

    REQUIRE(common_get(rig, &common, adapter, 3 * PAGE));
    check_shared(rig, &common, 5);
    CHECK_SAME(VideoPortAllocateCommonBuffer(rig->extension, adapter, PAGE, NULL, TRUE, NULL),
               NULL);
    CHECK_REPORTED("CB-3");
    common_release(rig, &common);
    adapter_put(rig, adapter);
}

RIG_TEST(cb_04_cache_enabled_is_a_hint, .noncoherent = true)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG32, 64 * PAGE);

    for (BOOLEAN cached = FALSE; cached <= TRUE; cached++) {
        struct common common = {.adapter = adapter, .length = 3 * PAGE, .cached = cached};

        common.bytes = VideoPortAllocateCommonBuffer(rig->extension, adapter, 3 * PAGE,
                                                     &common.logical, cached, NULL);
        REQUIRE(common.bytes != NULL);
        check_shared(rig, &common, 7);
        common_release(rig, &common);
        CHECK_NOTHING_REPORTED();
    }
    adapter_put(rig, adapter);
}

RIG_TEST(cb_05_reserved_is_ignored)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    struct common common = {.adapter = adapter, .length = PAGE, .cached = TRUE};

    common.bytes = VideoPortAllocateCommonBuffer(rig->extension, adapter, PAGE, &common.logical,
                                                 TRUE, (PVOID)(ULONG_PTR)1);
    REQUIRE(common.bytes != NULL);
    check_shared(rig, &common, 1);
    common_release(rig, &common);
    CHECK_NOTHING_REPORTED();
    adapter_put(rig, adapter);
}

RIG_TEST(cb_06_contiguous_for_the_device, .layout = RIG_SCATTERED)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT32, 64 * PAGE);
    struct common common;
    uint8_t device[64];

    REQUIRE(common_get(rig, &common, adapter, 100 * PAGE));
    pattern_fill(common.bytes, 100 * PAGE, 2);
    for (ULONG page = 1; page < 100; page++) { /* across every page boundary */
        CHECK(
            rig_device_read(rig, (uint64_t)common.logical.QuadPart + page * PAGE - 32, 64, device));
        CHECK(pattern_holds(device, page * PAGE - 32, 64, 2));
    }
    common_release(rig, &common);
    adapter_put(rig, adapter);
}

RIG_TEST(cb_06_contiguous_although_memory_is_in_pieces)
{
    enum { PIECES = 200, PAGES = 16 };
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);
    static struct common pieces[PIECES];
    struct common common;

    for (unsigned i = 0; i < PIECES; i++)
        REQUIRE(common_get(rig, &pieces[i], adapter, PAGE));
    for (unsigned i = 0; i < PIECES; i += 2)
        common_release(rig, &pieces[i]);
    REQUIRE(common_get(rig, &common, adapter, PAGES * PAGE));
    check_shared(rig, &common, 3);
    common_release(rig, &common);
    for (unsigned i = 1; i < PIECES; i += 2)
        common_release(rig, &pieces[i]);
    adapter_put(rig, adapter);
}

RIG_TEST(cb_07_within_reach_of_the_device, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);
        struct common common[4];

        for (unsigned i = 0; i < ARRAYSIZE(common); i++) {
            REQUIRE(common_get(rig, &common[i], adapter, 20 * PAGE));
            CHECK((uint64_t)common[i].logical.QuadPart + common[i].length - 1 <=
                  REACH(adapter_bits(kind)));
        }
        for (unsigned i = 0; i < ARRAYSIZE(common); i++)
            common_release(rig, &common[i]);
        adapter_put(rig, adapter);
    }
}

RIG_TEST(cb_08_at_least_a_page_of_its_own)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    struct common one, other;

    REQUIRE(common_get(rig, &one, adapter, 1) && common_get(rig, &other, adapter, 1));
    CHECK((uint64_t)one.logical.QuadPart / PAGE != (uint64_t)other.logical.QuadPart / PAGE);
    CHECK((uintptr_t)one.bytes / PAGE != (uintptr_t)other.bytes / PAGE);
    one.length = PAGE; /* what is behind the first byte is off limits, but it is nobody else's */
    check_shared(rig, &one, 3);
    CHECK_EQUAL(other.bytes[0], 0);
    one.length = 1;
    common_release(rig, &one);
    common_release(rig, &other);
    CHECK_NOTHING_REPORTED();
    adapter_put(rig, adapter);
}

/* ---- CB-9 .. CB-11: how much ---- */

static ULONG granted_now(struct rig *rig, PVP_DMA_ADAPTER adapter)
{
    scene.transfer = transfer_of(adapter, &scene.buffer, PAGE - 100, 8 * PAGE, TRUE);
    if (transfer_begin(rig, &scene.transfer))
        transfer_complete(rig, &scene.transfer);
    return scene.transfer.granted;
}

RIG_TEST(cb_09_registers_that_it_takes_come_back, .map_registers = 8, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        struct common common;
        ULONG before;

        REQUIRE(scene_set(rig, kind, 10 * PAGE));
        before = granted_now(rig, scene.adapter);
        CHECK_EQUAL(before, 8 * PAGE);
        REQUIRE(common_get(rig, &common, scene.adapter, 8 * PAGE));
        CHECK(granted_now(rig, scene.adapter) > 0); /* fewer perhaps, but transfers go on */
        common_release(rig, &common);
        CHECK_EQUAL(granted_now(rig, scene.adapter), before);
        scene_end(rig);
    }
}

RIG_TEST(cb_10_may_be_larger_than_the_adapters_registers)
{
    static const struct {
        ULONG maximum_length, common;
    } cases[] = {{PAGE, 16 * PAGE}, {4 << 20, (4 << 20) + (64 << 10)}};

    for (unsigned i = 0; i < ARRAYSIZE(cases); i++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, SG32, cases[i].maximum_length);
        struct common common;

        REQUIRE(adapter && common_get(rig, &common, adapter, cases[i].common));
        check_shared(rig, &common, 4);
        common_release(rig, &common);
        adapter_put(rig, adapter);
        CHECK_NOTHING_REPORTED();
    }
}

RIG_TEST(cb_11_several_at_a_time)
{
    enum { COUNT = 12 };
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT32, 64 * PAGE);
    struct common common[COUNT];

    for (unsigned i = 0; i < COUNT; i++) {
        REQUIRE(common_get(rig, &common[i], adapter, (i + 1) * 1000));
        pattern_fill(common[i].bytes, common[i].length, i);
    }
    for (unsigned i = 0; i < COUNT; i += 2)
        common_release(rig, &common[i]);
    for (unsigned i = 1; i < COUNT; i += 2) {
        CHECK(pattern_holds(common[i].bytes, 0, common[i].length, i));
        check_shared(rig, &common[i], i);
        common_release(rig, &common[i]);
    }
    adapter_put(rig, adapter);
}

/* ---- CB-12 .. CB-15 ---- */

RIG_TEST(cb_12_released_with_the_same_values)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    struct common common;
    KIRQL irql;

    REQUIRE(common_get(rig, &common, adapter, 3 * PAGE + 1));
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    common_release(rig, &common);
    KeLowerIrql(irql);
    CHECK_REPORTED("CB-12");
    check_shared(rig, &common, 1); /* it is still there */
    spy_start();
    common_release(rig, &common);
    spy_stop();
    CHECK_NOTHING_REPORTED();
    CHECK_EQUAL(spy_count(SPY_FREE_COMMON), 1);
    CHECK_SAME(spy_event(SPY_FREE_COMMON, 0)->address, common.bytes);
    CHECK_EQUAL(spy_event(SPY_FREE_COMMON, 0)->length, common.length);
    adapter_put(rig, adapter);
}

RIG_TEST(cb_13_no_start_or_complete_around_its_use, .noncoherent = true, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);
        struct common common;

        REQUIRE(common_get(rig, &common, adapter, 2 * PAGE));
        for (unsigned round = 0; round < 5; round++)
            check_shared(rig, &common, round);
        common_release(rig, &common);
        adapter_put(rig, adapter);
    }
}

RIG_TEST(cb_14_get_allocate_release_put)
{
    for (unsigned i = 0; i < 20; i++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);
        struct common common;

        REQUIRE(adapter && common_get(rig, &common, adapter, 5 * PAGE));
        check_shared(rig, &common, i);
        common_release(rig, &common);
        if (i & 1) /* the last step is optional */
            adapter_put(rig, adapter);
    }
    CHECK_NOTHING_REPORTED();
}

RIG_TEST(cb_15_obsolete_pair)
{
    static const ULONG alignments[] = {0, 1, 3, PAGE, 1 << 20};

    for (unsigned i = 0; i < ARRAYSIZE(alignments); i++) {
        struct common common = {.length = 3 * PAGE - 5};
        ULONG actual = 0;

        common.bytes = VideoPortGetCommonBuffer(rig->extension, common.length, alignments[i],
                                                &common.logical, &actual, TRUE);
        REQUIRE(common.bytes != NULL);
        CHECK(actual >= common.length);
        CHECK((uint64_t)common.logical.QuadPart + common.length - 1 <= REACH(32));
        check_shared(rig, &common, i);
        VideoPortFreeCommonBuffer(rig->extension, actual, common.bytes, common.logical, TRUE);
        CHECK_NOTHING_REPORTED();
        VideoPortFreeCommonBuffer(rig->extension, actual, common.bytes, common.logical, TRUE);
        CHECK_REPORTED("CB-A2");
    }
    machine_works(rig);
}

RIG_TEST(cb_15_obsolete_pair_refuses)
{
    PHYSICAL_ADDRESS logical;
    ULONG actual = 1;
    KIRQL irql;

    CHECK_SAME(VideoPortGetCommonBuffer(rig->extension, PAGE, 0, NULL, &actual, TRUE), NULL);
    CHECK_REPORTED("CB-15");
    CHECK_SAME(VideoPortGetCommonBuffer(rig->extension, PAGE, 0, &logical, NULL, TRUE), NULL);
    CHECK_REPORTED("CB-15");
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    CHECK_SAME(VideoPortGetCommonBuffer(rig->extension, PAGE, 0, &logical, &actual, TRUE), NULL);
    KeLowerIrql(irql);
    CHECK_REPORTED("CB-15");
    CHECK_EQUAL(actual, 0);
    machine_works(rig);
}

/* ---- Decisions ---- */

RIG_TEST(cb_a1_zeroed_and_page_aligned)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);

        for (unsigned round = 0; round < 4; round++) {
            struct common common;

            REQUIRE(common_get(rig, &common, adapter, 4 * PAGE + 10));
            CHECK_EQUAL((uintptr_t)common.bytes % PAGE, 0);
            CHECK_EQUAL((uint64_t)common.logical.QuadPart % PAGE, 0);
            for (ULONG i = 0; i < common.length; i++)
                REQUIRE(common.bytes[i] == 0);
            memset(common.bytes, 0xff, common.length); /* the next one gets none of this */
            common_release(rig, &common);
        }
        adapter_put(rig, adapter);
    }
}

RIG_TEST(cb_a1_length_zero_is_refused)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    PHYSICAL_ADDRESS logical;

    CHECK_SAME(VideoPortAllocateCommonBuffer(rig->extension, adapter, 0, &logical, TRUE, NULL),
               NULL);
    CHECK_REPORTED("CB-A1");
    adapter_put(rig, adapter);
    machine_works(rig);
}

/* Released with something changed: reported, and freed by its virtual address. */
static void mismatch(struct rig *rig, PVP_DMA_ADAPTER adapter,
                     void (*change)(struct common *common))
{
    struct common common, changed;

    REQUIRE(common_get(rig, &common, adapter, 2 * PAGE));
    changed = common;
    change(&changed);
    spy_start();
    common_release(rig, &changed);
    spy_stop();
    CHECK_REPORTED("CB-A2");
    CHECK_EQUAL(spy_count(SPY_FREE_COMMON), 1);
    CHECK_EQUAL(spy_event(SPY_FREE_COMMON, 0)->length, common.length);
    common_release(rig, &common); /* it is gone */
    CHECK_REPORTED("CB-A2");
}

static void change_length(struct common *common)
{
    common->length = PAGE;
}

static void change_logical(struct common *common)
{
    common->logical.QuadPart += PAGE;
}

static void change_cached(struct common *common)
{
    common->cached = FALSE;
}

static void change_adapter(struct common *common)
{
    common->adapter = NULL;
}

RIG_TEST(cb_a2_mismatched_release_is_reported)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);

    mismatch(rig, adapter, change_length);
    mismatch(rig, adapter, change_logical);
    mismatch(rig, adapter, change_cached);
    mismatch(rig, adapter, change_adapter);
    adapter_put(rig, adapter);
    machine_works(rig);
}

RIG_TEST(cb_a2_unknown_address_frees_nothing)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    struct common common, changed;

    REQUIRE(common_get(rig, &common, adapter, 2 * PAGE));
    rig_bad_pointers(common.bytes, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        changed = common;
        changed.bytes = bad[i].pointer;
        common_release(rig, &changed);
        if (!CHECK_REPORTED("CB-A2"))
            print_message("    a buffer %s\n", bad[i].what);
    }
    changed = common;
    changed.bytes += PAGE; /* no partial free */
    common_release(rig, &changed);
    CHECK_REPORTED("CB-A2");
    check_shared(rig, &common, 2);
    common_release(rig, &common);
    CHECK_NOTHING_REPORTED();
    adapter_put(rig, adapter);
    machine_works(rig);
}

const struct CMUnitTest cb_tests[] = {
    cmocka_unit_test(cb_01_reachable_by_cpu_and_device_at_once),
    cmocka_unit_test(cb_01_passive_level_only),
    cmocka_unit_test(cb_02_base_address_or_null),
    cmocka_unit_test(cb_02_null_for_what_is_no_adapter),
    cmocka_unit_test(cb_03_logical_address_is_the_devices),
    cmocka_unit_test(cb_04_cache_enabled_is_a_hint),
    cmocka_unit_test(cb_05_reserved_is_ignored),
    cmocka_unit_test(cb_06_contiguous_for_the_device),
    cmocka_unit_test(cb_06_contiguous_although_memory_is_in_pieces),
    cmocka_unit_test(cb_07_within_reach_of_the_device),
    cmocka_unit_test(cb_08_at_least_a_page_of_its_own),
    cmocka_unit_test(cb_09_registers_that_it_takes_come_back),
    cmocka_unit_test(cb_10_may_be_larger_than_the_adapters_registers),
    cmocka_unit_test(cb_11_several_at_a_time),
    cmocka_unit_test(cb_12_released_with_the_same_values),
    cmocka_unit_test(cb_13_no_start_or_complete_around_its_use),
    cmocka_unit_test(cb_14_get_allocate_release_put),
    cmocka_unit_test(cb_15_obsolete_pair),
    cmocka_unit_test(cb_15_obsolete_pair_refuses),
    cmocka_unit_test(cb_a1_zeroed_and_page_aligned),
    cmocka_unit_test(cb_a1_length_zero_is_refused),
    cmocka_unit_test(cb_a2_mismatched_release_is_reported),
    cmocka_unit_test(cb_a2_unknown_address_frees_nothing),
};
const size_t cb_count = sizeof(cb_tests) / sizeof(cb_tests[0]);
