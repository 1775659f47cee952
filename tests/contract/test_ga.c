/* SPDX-License-Identifier: MIT */
/* GA-1 .. GA-A5: VideoPortGetDmaAdapter and VideoPortPutDmaAdapter. */
#include <string.h>

#include "spy.h"
#include "transfer.h"
#include "wdm.h"

/* GA-3: if video.h said anything about the members, this would not compile. */
struct __VP_DMA_ADAPTER {
    char nothing_of_the_ports;
};

/* Both directions through this adapter, data compared. Returns the operations it took one way. */
static unsigned adapter_works(struct rig *rig, PVP_DMA_ADAPTER adapter)
{
    enum { LENGTH = 4 * PAGE };
    static uint8_t device[LENGTH];
    struct buffer buffer;
    unsigned operations;

    if (!CHECK(adapter != NULL) || !buffer_make_locked(rig, &buffer, 555, LENGTH))
        return 0;
    memset(device, 0, LENGTH);
    operations = move_all(rig, adapter, &buffer, 0, LENGTH, TRUE, device);
    CHECK(pattern_holds(device, 0, LENGTH, 0));
    pattern_fill(device, LENGTH, 1);
    CHECK_EQUAL(move_all(rig, adapter, &buffer, 0, LENGTH, FALSE, device), operations);
    CHECK(pattern_holds(buffer.bytes, 0, LENGTH, 1));
    CHECK(operations > 0);
    buffer_drop(rig, &buffer);
    return operations;
}

RIG_TEST(ga_01_an_adapter_or_null)
{
    VP_DEVICE_DESCRIPTION description = adapter_description(FLAT24, 64 * PAGE);
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);

    adapter_works(rig, adapter);
    adapter_put(rig, adapter);
    /* Until nothing is left to make one of. */
    rig_memory_exhausted(true);
    for (unsigned i = 0; i < 5000 && adapter; i++)
        adapter = VideoPortGetDmaAdapter(rig->extension, &description);
    rig_memory_exhausted(false);
    CHECK_SAME(adapter, NULL);
}

RIG_TEST(ga_02_passive_level_only)
{
    VP_DEVICE_DESCRIPTION description = adapter_description(SG64, 64 * PAGE);
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    CHECK_SAME(VideoPortGetDmaAdapter(rig->extension, &description), NULL);
    CHECK_EQUAL(VideoPortGetCurrentIrql(), DISPATCH);
    KeLowerIrql(irql);
    CHECK_REPORTED("GA-2");
    machine_works(rig);
}

RIG_TEST(ga_03_adapter_is_opaque_and_only_handed_back)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    PHYSICAL_ADDRESS logical;
    PVOID common;

    /* All that a miniport does with it. */
    adapter_works(rig, adapter);
    common = VideoPortAllocateCommonBuffer(rig->extension, adapter, PAGE, &logical, TRUE, NULL);
    CHECK(common != NULL);
    VideoPortReleaseCommonBuffer(rig->extension, adapter, PAGE, logical, common, TRUE);
    adapter_put(rig, adapter);
}

RIG_TEST(ga_04_description_is_honoured, .layout = RIG_SCATTERED)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter;

        REQUIRE(scene_set(rig, kind, 8 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(transfer_list_holds(&scene.transfer, adapter_bits(kind)));
        if (kind == SG64)
            CHECK_EQUAL(scene.transfer.seen.count, 9); /* no two pages are adjacent */
        if (kind >= FLAT64)
            CHECK_EQUAL(scene.transfer.seen.count, 1);
        transfer_complete(rig, &scene.transfer);
        adapter = adapter_get(rig, kind, 3 * PAGE);
        scene.transfer = transfer_of(adapter, &scene.buffer, PAGE - 100, 5 * PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK_EQUAL(scene.transfer.granted, 3 * PAGE);
        transfer_complete(rig, &scene.transfer);
        adapter_put(rig, adapter);
        scene_end(rig);
    }
}

/*
 * ---- GA-5, GA-18, GA-A5: where drivers get adapters, and that they need not give them back ----
 */

static PVP_DMA_ADAPTER early[4];
static unsigned early_count;

static void get_early(void *context, void *extension)
{
    VP_DEVICE_DESCRIPTION description = adapter_description(SG64, 64 * PAGE);

    if (early_count < ARRAYSIZE(early))
        early[early_count++] = VideoPortGetDmaAdapter(extension, &description);
}

static void use_early(struct rig *rig)
{
    for (unsigned i = 0; i < early_count; i++)
        adapter_works(rig, early[i]);
}

RIG_OUTSIDE_TEST(ga_05_obtained_in_find_adapter_and_in_initialize)
{
    early_count = 0;
    rig->hooks.find_adapter = get_early;
    rig->hooks.initialize = get_early;
    rig_start(rig);
    REQUIRE(rig->extension);
    CHECK_EQUAL(early_count, 2);
    CHECK(early[0] != early[1]);
    rig_call(rig, use_early);
}

RIG_TEST(ga_06_one_adapter_serves_packets_and_common_buffers)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);
        PHYSICAL_ADDRESS logical;
        uint8_t *common =
            VideoPortAllocateCommonBuffer(rig->extension, adapter, 2 * PAGE, &logical, TRUE, NULL);
        uint8_t device[100];

        REQUIRE(common != NULL);
        adapter_works(rig, adapter);
        pattern_fill(common, 100, 3);
        CHECK(rig_device_read(rig, (uint64_t)logical.QuadPart, 100, device));
        CHECK(pattern_holds(device, 0, 100, 3));
        VideoPortReleaseCommonBuffer(rig->extension, adapter, 2 * PAGE, logical, common, TRUE);
        adapter_works(rig, adapter);
        adapter_put(rig, adapter);
    }
}

RIG_TEST(ga_07_each_call_yields_an_adapter_of_its_own, .map_registers = 3, .layout = RIG_SCATTERED)
{
    PVP_DMA_ADAPTER other;
    struct transfer second;

    REQUIRE(scene_set(rig, FLAT24, 3 * PAGE));
    other = adapter_get(rig, FLAT24, 64 * PAGE);
    REQUIRE(other && other != scene.adapter);
    /* The registers of one are all taken; the other has its own. */
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE - 100, TRUE);
    second = transfer_of(other, &scene.buffer, 0, 3 * PAGE - 100, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &second), NO_ERROR);
    CHECK_EQUAL(second.calls, 1);
    CHECK_SAME(second.seen.adapter, other);
    transfer_complete(rig, &second);
    /* And the end of one is not the other's. */
    adapter_put(rig, other);
    transfer_complete(rig, &scene.transfer);
    adapter_works(rig, scene.adapter);
    scene_end(rig);
}

RIG_TEST(ga_08_serves_pci_bus_masters)
{
    USHORT pci[2] = {0, 0}; /* command register: bit 2 lets the device be bus master; and status */
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG32, 64 * PAGE);

    CHECK_EQUAL(driver_config(rig->extension)->AdapterInterfaceType, PCIBus);
    CHECK_EQUAL(VideoPortGetBusData(rig->extension, PCIConfiguration, 0, pci, 4, sizeof(pci)),
                sizeof(pci));
    CHECK(pci[0] & 4);
    adapter_works(rig, adapter);
    adapter_put(rig, adapter);
}

RIG_TEST(ga_09_description_of_a_pci_bus_master_and_nothing_else)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        const struct spy_event *event;
        DEVICE_DESCRIPTION expected = wdm_description(kind, 5 * PAGE);
        PVP_DMA_ADAPTER adapter;

        spy_start();
        adapter = adapter_get(rig, kind, 5 * PAGE);
        spy_stop();
        event = spy_event(SPY_GET_ADAPTER, 0);
        REQUIRE(event != NULL);
        CHECK_EQUAL(event->irql, PASSIVE);
        expected.Version = event->description.Version; /* 1 or 2 */
        expected.BusNumber = driver_config(rig->extension)->SystemIoBusNumber;
        CHECK(expected.Version == DEVICE_DESCRIPTION_VERSION1 ||
              expected.Version == DEVICE_DESCRIPTION_VERSION2);
        CHECK_EQUAL(memcmp(&event->description, &expected, sizeof(expected)), 0);
        adapter_put(rig, adapter);
    }
}

/* ---- GA-10 .. GA-13: reach, registers ---- */

/* Pages of the scene's transfer that are handed out as they are; the first and the last page are
 * left out of the count. */
static unsigned direct_pages(unsigned above_bits)
{
    unsigned direct = 0;

    for (ULONG i = 0, at = 0; i < scene.transfer.seen.count; i++) {
        uint64_t first = (uint64_t)scene.transfer.seen.elements[i].Address.QuadPart;

        if (first == buffer_physical(&scene.buffer, at) && first > REACH(above_bits))
            direct++;
        at += scene.transfer.seen.elements[i].Length;
    }
    return direct;
}

static void list_of(struct rig *rig, VP_DEVICE_DESCRIPTION description)
{
    PVP_DMA_ADAPTER adapter = VideoPortGetDmaAdapter(rig->extension, &description);

    REQUIRE(adapter != NULL && scene_set(rig, SG64, 30 * PAGE));
    CHECK(buffer_out_of_reach(&scene.buffer, 32) > 0 &&
          buffer_out_of_reach(&scene.buffer, 32) < 31);
    scene.transfer = transfer_of(adapter, &scene.buffer, 0, 30 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    adapter_put(rig, adapter);
}

RIG_TEST(ga_10_scatter_gather_on_pci_means_32_bits, .layout = RIG_SCATTERED, .identity = true,
         .beyond_4g = true)
{
    list_of(rig, (VP_DEVICE_DESCRIPTION){.ScatterGather = TRUE, .MaximumLength = 64 * PAGE});
    CHECK(transfer_list_holds(&scene.transfer, 32));
    /* Pages between 16 MiB and 4 GiB are within its reach. */
    CHECK(direct_pages(24) > 0);
    CHECK_EQUAL(direct_pages(32), 0);
    scene_end(rig);
}

RIG_TEST(ga_11_64_bits_override_32, .layout = RIG_SCATTERED, .identity = true, .beyond_4g = true)
{
    list_of(rig, (VP_DEVICE_DESCRIPTION){.ScatterGather = TRUE,
                                         .Dma32BitAddresses = TRUE,
                                         .Dma64BitAddresses = TRUE,
                                         .MaximumLength = 64 * PAGE});
    CHECK(transfer_list_holds(&scene.transfer, 64));
    CHECK_EQUAL(direct_pages(32), buffer_out_of_reach(&scene.buffer, 32));
    scene_end(rig);
}

RIG_TEST(ga_12_pages_of_maximum_length_and_one_if_possible)
{
    static const ULONG lengths[] = {1, PAGE - 1, PAGE, PAGE + 1, 10 * PAGE, 64 * PAGE};

    for (unsigned i = 0; i < ARRAYSIZE(lengths); i++) {
        ULONG registers = 0;
        PDMA_ADAPTER adapter = wdm_adapter(SG64, lengths[i], &registers);

        CHECK_EQUAL(registers, pages_of(0, lengths[i]) + 1);
        wdm_put(adapter);
    }
}

RIG_TEST(ga_12_fewer_when_the_platform_has_fewer, .map_registers = 7)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        ULONG registers = 0;
        PDMA_ADAPTER adapter = wdm_adapter(kind, 64 * PAGE, &registers);

        CHECK_EQUAL(registers, 7);
        wdm_put(adapter);
        adapter = wdm_adapter(kind, 3 * PAGE, &registers);
        CHECK_EQUAL(registers, 4);
        wdm_put(adapter);
    }
}

/* A miniport's only way to know: what a page-aligned request for everything comes back as. */
static ULONG registers_by_length(struct rig *rig)
{
    ULONG granted = 0;

    if (scene_set(rig, SG64, 40 * PAGE)) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, PAGE - 100, 30 * PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        granted = scene.transfer.granted / PAGE;
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
    return granted;
}

RIG_TEST(ga_13_length_tells_of_two_registers, .map_registers = 2)
{
    CHECK_EQUAL(registers_by_length(rig), 2);
}

RIG_TEST(ga_13_length_tells_of_sixteen_registers, .map_registers = 16)
{
    CHECK_EQUAL(registers_by_length(rig), 16);
}

RIG_TEST(ga_14_version_of_the_wdm_adapter_is_1)
{
    for (ULONG version = 1; version <= 2; version++) {
        DEVICE_DESCRIPTION description = wdm_description(SG64, 64 * PAGE);
        ULONG registers;
        PDMA_ADAPTER adapter;

        description.Version = version;
        adapter = IoGetDmaAdapter(wdm_pdo(), &description, &registers);
        REQUIRE(adapter != NULL);
        CHECK_EQUAL(adapter->Version, 1);
        CHECK(adapter->Size >= sizeof(DMA_ADAPTER));
        CHECK(adapter->DmaOperations->Size >=
              FIELD_OFFSET(DMA_OPERATIONS, CalculateScatterGatherList));
        wdm_put(adapter);
    }
}

/* ---- GA-15 .. GA-18: giving it back ---- */

RIG_TEST(ga_15_put_at_passive_level_frees_it)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    adapter_put(rig, adapter);
    KeLowerIrql(irql);
    CHECK_REPORTED("GA-15");
    adapter_works(rig, adapter); /* nothing happened to it */
    adapter_put(rig, adapter);
    spy_start();
    for (unsigned i = 0; i < 100; i++) {
        adapter = adapter_get(rig, FLAT24, 64 * PAGE);
        REQUIRE(adapter != NULL);
        adapter_put(rig, adapter);
    }
    spy_stop();
    CHECK_EQUAL(spy_count(SPY_GET_ADAPTER), 100);
    CHECK_EQUAL(spy_count(SPY_PUT_ADAPTER), 100);
}

RIG_TEST(ga_16_pointer_is_dead_afterwards)
{
    PHYSICAL_ADDRESS logical;

    REQUIRE(scene_set(rig, SG64, PAGE));
    adapter_put(rig, scene.adapter);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, TRUE);
    transfer_refused(rig, &scene.transfer, "SD-7|GA-16");
    CHECK_SAME(
        VideoPortAllocateCommonBuffer(rig->extension, scene.adapter, PAGE, &logical, TRUE, NULL),
        NULL);
    CHECK_REPORTED("CB-1|GA-16");
    adapter_put(rig, scene.adapter);
    CHECK_REPORTED("GA-16");
    buffer_drop(rig, &scene.buffer);
    machine_works(rig);
}

RIG_TEST(ga_16_what_is_no_adapter_is_not_put)
{
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 64 * PAGE);

    rig_bad_pointers(adapter, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        VideoPortPutDmaAdapter(rig->extension, bad[i].pointer);
        if (!CHECK_REPORTED("GA-16"))
            print_message("    with an adapter %s\n", bad[i].what);
    }
    adapter_works(rig, adapter);
    adapter_put(rig, adapter);
    machine_works(rig);
}

RIG_TEST(ga_17_after_all_is_completed_and_freed_nothing_is_said)
{
    PHYSICAL_ADDRESS logical;
    PVOID common;

    REQUIRE(scene_set(rig, FLAT24, 3 * PAGE));
    common =
        VideoPortAllocateCommonBuffer(rig->extension, scene.adapter, PAGE, &logical, TRUE, NULL);
    REQUIRE(common != NULL);
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    VideoPortReleaseCommonBuffer(rig->extension, scene.adapter, PAGE, logical, common, TRUE);
    scene_end(rig);
    CHECK_NOTHING_REPORTED();
}

static void get_and_forget(struct rig *rig)
{
    PHYSICAL_ADDRESS logical;

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        PVP_DMA_ADAPTER adapter = adapter_get(rig, kind, 64 * PAGE);

        REQUIRE(adapter != NULL);
        CHECK(VideoPortAllocateCommonBuffer(rig->extension, adapter, 3 * PAGE, &logical, TRUE,
                                            NULL) != NULL);
    }
}

RIG_OUTSIDE_TEST(ga_18_port_reclaims_what_was_never_put)
{
    ULONG adapters;

    spy_start();
    rig_start(rig);
    REQUIRE(rig->extension);
    adapters = ADAPTER_KINDS + driver_adapters(rig->extension);
    rig_call(rig, get_and_forget);
    CHECK_EQUAL(spy_count(SPY_PUT_ADAPTER), 0);
    rig_stop(rig);
    spy_stop();
    CHECK_EQUAL(spy_count(SPY_GET_ADAPTER), adapters);
    CHECK_EQUAL(spy_count(SPY_PUT_ADAPTER), adapters);
    CHECK_EQUAL(spy_count(SPY_ALLOCATE_COMMON), adapters);
    CHECK_EQUAL(spy_count(SPY_FREE_COMMON), adapters);
    CHECK_NOTHING_REPORTED(); /* it is optional */
}

/* ---- Decisions ---- */

RIG_TEST(ga_a1_no_description_no_adapter)
{
    CHECK_SAME(VideoPortGetDmaAdapter(rig->extension, NULL), NULL);
    CHECK_REPORTED("GA-A1");
    machine_works(rig);
}

RIG_TEST(ga_a1_no_device_no_adapter)
{
    VP_DEVICE_DESCRIPTION description = adapter_description(SG64, 64 * PAGE);
    struct rig_bad_pointer bad[RIG_BAD_POINTERS];

    rig_bad_pointers(rig->extension, bad);
    for (unsigned i = 0; i < RIG_BAD_POINTERS; i++) {
        bool ok = CHECK_SAME(VideoPortGetDmaAdapter(bad[i].pointer, &description), NULL);

        if (!CHECK_REPORTED("SD-6|GA-1") || !ok)
            print_message("    with an extension %s\n", bad[i].what);
    }
    machine_works(rig);
}

RIG_TEST(ga_a2_maximum_length_zero)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, SG64, 0);
    PHYSICAL_ADDRESS logical;
    PVOID common;

    REQUIRE(adapter && scene_set(rig, SG64, 3 * PAGE));
    common = VideoPortAllocateCommonBuffer(rig->extension, adapter, 5 * PAGE, &logical, TRUE, NULL);
    CHECK(common != NULL);
    VideoPortReleaseCommonBuffer(rig->extension, adapter, 5 * PAGE, logical, common, TRUE);
    /* One register: a page at most; no clip of the length besides. */
    scene.transfer = transfer_of(adapter, &scene.buffer, PAGE - 100, 2 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.granted, PAGE);
    transfer_complete(rig, &scene.transfer);
    scene.transfer = transfer_of(adapter, &scene.buffer, 0, 500, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(scene.transfer.granted, 500);
    transfer_complete(rig, &scene.transfer);
    adapter_put(rig, adapter);
    scene_end(rig);
}

RIG_TEST(ga_a3_neither_flag_is_24_bits, .layout = RIG_SCATTERED)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);

    REQUIRE(adapter && scene_set(rig, FLAT24, 20 * PAGE));
    CHECK(buffer_out_of_reach(&scene.buffer, 24) > 0);
    scene.transfer = transfer_of(adapter, &scene.buffer, 0, 20 * PAGE, TRUE);
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK(transfer_list_holds(&scene.transfer, 24));
    transfer_complete(rig, &scene.transfer);
    adapter_works(rig, adapter);
    adapter_put(rig, adapter);
    scene_end(rig);
}

RIG_TEST(ga_a3_memory_from_16_mib_on_is_out_of_reach, .small_memory = true, .layout = RIG_SCATTERED)
{
    struct buffer buffer;
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);

    REQUIRE(adapter && buffer_make_locked(rig, &buffer, 0, 60 * PAGE));
    CHECK(buffer_out_of_reach(&buffer, 25) < buffer_out_of_reach(&buffer, 24));
    for (ULONG page = 0; page < 60; page++) {
        scene.transfer = transfer_of(adapter, &buffer, page * PAGE, PAGE, TRUE);
        CHECK(transfer_begin(rig, &scene.transfer));
        CHECK(transfer_list_holds(&scene.transfer, 24));
        transfer_complete(rig, &scene.transfer);
    }
    buffer_drop(rig, &buffer);
    adapter_put(rig, adapter);
}

RIG_TEST(ga_a4_put_with_a_transfer_outstanding, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, LENGTH));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, LENGTH, FALSE);
        CHECK(transfer_begin(rig, &scene.transfer));
        adapter_put(rig, scene.adapter);
        CHECK_REPORTED("GA-A4");
        /*
         * The device still runs: what it was given stays its own until the operation is completed.
         */
        CHECK(transfer_list_unchanged(&scene.transfer));
        pattern_fill(device, LENGTH, 2);
        transfer_device_write(rig, &scene.transfer, device);
        transfer_complete(rig, &scene.transfer);
        CHECK_REPORTED("CD-A3"); /* the adapter is none any more */
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 2));
        buffer_drop(rig, &scene.buffer);
    }
    machine_works(rig);
}

RIG_TEST(ga_a4_put_with_a_waiting_request, .map_registers = 3, .layout = RIG_SCATTERED)
{
    struct transfer waiting;

    REQUIRE(scene_set(rig, FLAT24, 3 * PAGE - 100));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 3 * PAGE - 100, TRUE);
    waiting = scene.transfer;
    CHECK(transfer_begin(rig, &scene.transfer));
    CHECK_EQUAL(transfer_start(rig, &waiting), NO_ERROR);
    adapter_put(rig, scene.adapter);
    CHECK_REPORTED("GA-A4");
    transfer_complete(rig, &scene.transfer);
    CHECK_REPORTED("CD-A3");
    scene_pause();
    CHECK_EQUAL(waiting.calls,
                0); /* dropped: the driver has said that it is done with the adapter */
    buffer_drop(rig, &scene.buffer);
    machine_works(rig);
}

RIG_TEST(ga_a4_put_with_a_common_buffer_outstanding)
{
    PVP_DMA_ADAPTER adapter = adapter_get(rig, FLAT24, 64 * PAGE);
    PHYSICAL_ADDRESS logical;
    uint8_t *common =
                VideoPortAllocateCommonBuffer(rig->extension, adapter, PAGE, &logical, TRUE, NULL),
            device[PAGE];

    REQUIRE(common != NULL);
    adapter_put(rig, adapter);
    CHECK_REPORTED("GA-A4");
    REQUIRE(scene_set(rig, SG64, PAGE));
    scene.transfer = transfer_of(adapter, &scene.buffer, 0, PAGE, TRUE);
    transfer_refused(rig, &scene.transfer, "SD-7|GA-16"); /* nothing new on it */
    scene_end(rig);
    pattern_fill(common, PAGE, 4);
    CHECK(rig_device_read(rig, (uint64_t)logical.QuadPart, PAGE, device));
    CHECK(pattern_holds(device, 0, PAGE, 4));
    VideoPortReleaseCommonBuffer(rig->extension, adapter, PAGE, logical, common, TRUE);
    CHECK_NOTHING_REPORTED();
    machine_works(rig);
}

RIG_OUTSIDE_TEST(ga_a5_an_adapter_at_every_open_is_a_leak_told_at_unload)
{
    ULONG adapters;

    early_count = 0;
    rig->hooks.initialize = get_early;
    rig_start(rig);
    REQUIRE(rig->extension);
    adapters = 3 + driver_adapters(rig->extension);
    wdm_open_and_close(rig);
    wdm_open_and_close(rig);
    CHECK_EQUAL(early_count, 3);
    rig_call(rig, use_early);
    CHECK_NOTHING_REPORTED();
    spy_start();
    rig_stop(rig);
    spy_stop();
    CHECK_REPORTED("GA-A5");
    CHECK_EQUAL(spy_count(SPY_PUT_ADAPTER), adapters);
}

const struct CMUnitTest ga_tests[] = {
    cmocka_unit_test(ga_01_an_adapter_or_null),
    cmocka_unit_test(ga_02_passive_level_only),
    cmocka_unit_test(ga_03_adapter_is_opaque_and_only_handed_back),
    cmocka_unit_test(ga_04_description_is_honoured),
    cmocka_unit_test(ga_05_obtained_in_find_adapter_and_in_initialize),
    cmocka_unit_test(ga_06_one_adapter_serves_packets_and_common_buffers),
    cmocka_unit_test(ga_07_each_call_yields_an_adapter_of_its_own),
    cmocka_unit_test(ga_08_serves_pci_bus_masters),
    cmocka_unit_test(ga_09_description_of_a_pci_bus_master_and_nothing_else),
    cmocka_unit_test(ga_10_scatter_gather_on_pci_means_32_bits),
    cmocka_unit_test(ga_11_64_bits_override_32),
    cmocka_unit_test(ga_12_pages_of_maximum_length_and_one_if_possible),
    cmocka_unit_test(ga_12_fewer_when_the_platform_has_fewer),
    cmocka_unit_test(ga_13_length_tells_of_two_registers),
    cmocka_unit_test(ga_13_length_tells_of_sixteen_registers),
    cmocka_unit_test(ga_14_version_of_the_wdm_adapter_is_1),
    cmocka_unit_test(ga_15_put_at_passive_level_frees_it),
    cmocka_unit_test(ga_16_pointer_is_dead_afterwards),
    cmocka_unit_test(ga_16_what_is_no_adapter_is_not_put),
    cmocka_unit_test(ga_17_after_all_is_completed_and_freed_nothing_is_said),
    cmocka_unit_test(ga_18_port_reclaims_what_was_never_put),
    cmocka_unit_test(ga_a1_no_description_no_adapter),
    cmocka_unit_test(ga_a1_no_device_no_adapter),
    cmocka_unit_test(ga_a2_maximum_length_zero),
    cmocka_unit_test(ga_a3_neither_flag_is_24_bits),
    cmocka_unit_test(ga_a3_memory_from_16_mib_on_is_out_of_reach),
    cmocka_unit_test(ga_a4_put_with_a_waiting_request),
    cmocka_unit_test(ga_a4_put_with_a_transfer_outstanding),
    cmocka_unit_test(ga_a4_put_with_a_common_buffer_outstanding),
    cmocka_unit_test(ga_a5_an_adapter_at_every_open_is_a_leak_told_at_unload),
};
const size_t ga_count = sizeof(ga_tests) / sizeof(ga_tests[0]);
