/* SPDX-License-Identifier: MIT */
/* MR-7 .. MR-15: the WDM services under the video port, called by a WDM driver and watched under
 * the port. */
#include "spy.h"
#include "wdm.h"

/* ---- MR-7 .. MR-12: GetScatterGatherList, PutScatterGatherList ---- */

RIG_TEST(mr_07_port_calls_get_scatter_gather_list_at_dispatch_level)
{
    REQUIRE(scene_set(rig, SG64, 2 * PAGE));
    scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 2 * PAGE, TRUE);
    spy_start();
    CHECK_EQUAL(VideoPortGetCurrentIrql(), PASSIVE);
    CHECK(transfer_begin(rig, &scene.transfer));
    transfer_complete(rig, &scene.transfer);
    spy_stop();
    REQUIRE(spy_event(SPY_GET_LIST, 0) && spy_event(SPY_PUT_LIST, 0));
    CHECK_EQUAL(spy_event(SPY_GET_LIST, 0)->irql, DISPATCH);
    CHECK_EQUAL(spy_event(SPY_PUT_LIST, 0)->irql, DISPATCH);
    scene_end(rig);
}

static VOID NTAPI never_called(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                               PSCATTER_GATHER_LIST ScatterGather, PVOID Context)
{
    scene_done();
}

RIG_TEST(mr_07_below_dispatch_level_it_is_a_mistake)
{
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(SG64, 64 * PAGE, &registers);
    NTSTATUS status;

    REQUIRE(scene_set(rig, SG64, PAGE));
    status = adapter->DmaOperations->GetScatterGatherList(
        adapter, wdm_pdo(), scene.buffer.mdl, scene.buffer.bytes, PAGE, never_called, NULL, TRUE);
    CHECK(!NT_SUCCESS(status));
    CHECK_EQUAL(scene.done, 0);
    CHECK_REPORTED("MR-7");
    scene_end(rig);
    wdm_put(adapter);
    machine_works(rig);
}

RIG_TEST(mr_08_list_control_at_dispatch_level_and_registers_are_kept, .map_registers = 3,
         .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE - 100 };
    uint8_t device[LENGTH];
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(FLAT24, 64 * PAGE, &registers);
    struct wdm_list first, second;

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    CHECK_EQUAL(registers, 3);
    CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, LENGTH, TRUE, &first), STATUS_SUCCESS);
    REQUIRE(first.calls == 1);
    CHECK_EQUAL(first.irql, DISPATCH);
    CHECK_SAME(first.device, wdm_pdo());
    CHECK_EQUAL(first.list->NumberOfElements, 1);
    CHECK_EQUAL(first.list->Elements[0].Length, LENGTH);
    CHECK(rig_device_read(rig, (uint64_t)first.list->Elements[0].Address.QuadPart, LENGTH, device));
    CHECK(pattern_holds(device, 0, LENGTH, 0));
    /* The routine has returned; its registers are not free. */
    CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, 1, TRUE, &second), STATUS_SUCCESS);
    CHECK_EQUAL(second.calls, 0);
    wdm_put_list(adapter, &first, TRUE);
    CHECK(rig_wait(rig, &second.calls, 1));
    CHECK_EQUAL(second.irql, DISPATCH);
    wdm_put_list(adapter, &second, TRUE);
    scene_end(rig);
    wdm_put(adapter);
}

RIG_TEST(mr_09_too_many_registers_or_too_small_a_buffer, .map_registers = 3)
{
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(SG64, 64 * PAGE, &registers);
    struct wdm_list list;

    REQUIRE(scene_set(rig, SG64, 8 * PAGE));
    CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, 3 * PAGE, TRUE, &list),
                STATUS_INSUFFICIENT_RESOURCES);
    CHECK_EQUAL(list.calls, 0);
    CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, 3 * PAGE - 100, TRUE, &list),
                STATUS_SUCCESS);
    REQUIRE(list.calls == 1);
    wdm_put_list(adapter, &list, TRUE);
    CHECK_NOTHING_REPORTED();
    CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 7 * PAGE, 2 * PAGE, TRUE, &list),
                STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(list.calls, 0);
    CHECK_REPORTED("MR-9");
    scene_end(rig);
    wdm_put(adapter);
    machine_works(rig);
}

RIG_TEST(mr_09_port_clips_before_it_asks, .map_registers = 3)
{
    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        REQUIRE(scene_set(rig, kind, 8 * PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, 8 * PAGE, TRUE);
        spy_start();
        CHECK(transfer_begin(rig, &scene.transfer));
        spy_stop();
        CHECK_EQUAL(spy_count(SPY_GET_LIST), 1);
        CHECK_EQUAL(spy_event(SPY_GET_LIST, 0)->length, 3 * PAGE - 100);
        CHECK_EQUAL(spy_event(SPY_GET_LIST_DONE, 0)->status, STATUS_SUCCESS);
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

RIG_TEST(mr_10_current_va_is_an_index_from_the_mdls_address)
{
    static const ULONG offsets[] = {0, 1, PAGE, 2 * PAGE + 77};
    PVOID mapped;

    REQUIRE(scene_set(rig, SG64, 3 * PAGE));
    mapped = MmGetSystemAddressForMdlSafe((PMDL)scene.buffer.mdl, NormalPagePriority);
    REQUIRE(mapped != NULL);
    for (unsigned i = 0; i < ARRAYSIZE(offsets); i++) {
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, offsets[i], 10, TRUE);
        spy_start();
        CHECK(transfer_begin(rig, &scene.transfer));
        spy_stop();
        CHECK_SAME(spy_event(SPY_GET_LIST, 0)->address,
                   (PUCHAR)MmGetMdlVirtualAddress((PMDL)scene.buffer.mdl) + offsets[i]);
        CHECK_SAME(spy_event(SPY_GET_LIST, 0)->mdl, scene.buffer.mdl);
        transfer_complete(rig, &scene.transfer);
    }
    scene_end(rig);
}

RIG_TEST(mr_11_several_requests_may_wait, .map_registers = 3, .layout = RIG_SCATTERED)
{
    enum { COUNT = 4, LENGTH = 3 * PAGE - 100 };
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(FLAT24, 64 * PAGE, &registers);
    struct wdm_list lists[COUNT];

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, LENGTH, TRUE, &lists[i]),
                    STATUS_SUCCESS);
        CHECK_EQUAL(lists[i].calls, i == 0);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        REQUIRE(CHECK_EQUAL(lists[i].calls, 1));
        wdm_put_list(adapter, &lists[i], TRUE);
    }
    scene_end(rig);
    wdm_put(adapter);
}

RIG_TEST(mr_12_put_flushes_and_frees_registers_and_list, .map_registers = 3,
         .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE - 100 };
    uint8_t device[LENGTH];
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(FLAT24, 64 * PAGE, &registers);
    struct wdm_list list;

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    for (unsigned round = 1; round < 20; round++) {
        CHECK_EQUAL(wdm_get_list(adapter, &scene.buffer, 0, LENGTH, FALSE, &list), STATUS_SUCCESS);
        REQUIRE(CHECK_EQUAL(list.calls, 1)); /* the three registers are free each time */
        pattern_fill(device, LENGTH, round);
        CHECK(rig_device_write(rig, (uint64_t)list.list->Elements[0].Address.QuadPart, LENGTH,
                               device));
        wdm_put_list(adapter, &list, FALSE);
        CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, round));
    }
    wdm_put_list(adapter, &list, FALSE);
    CHECK_REPORTED("CD-A2");
    scene_end(rig);
    wdm_put(adapter);
    machine_works(rig);
}

/* ---- MR-13, MR-14: AllocateAdapterChannel, MapTransfer, FlushAdapterBuffers ---- */

RIG_TEST(mr_13_map_transfer_tells_what_is_contiguous, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 4 * PAGE };
    static uint8_t device[LENGTH];

    for (enum adapter_kind kind = SG64; kind < ADAPTER_KINDS; kind++) {
        ULONG registers, need = pages_of(100, LENGTH), done = 0, stretches = 0;
        PDMA_ADAPTER adapter = wdm_adapter(kind, 64 * PAGE, &registers);
        struct wdm_list channel;

        REQUIRE(scene_set(rig, SG64, LENGTH));
        CHECK_EQUAL(wdm_allocate_channel(adapter, need, &channel), STATUS_SUCCESS);
        REQUIRE(channel.calls == 1);
        CHECK_EQUAL(channel.irql, DISPATCH);
        KeFlushIoBuffers(scene.buffer.mdl, FALSE, TRUE);
        while (done < LENGTH) {
            ULONG length = LENGTH - done;
            PHYSICAL_ADDRESS address = adapter->DmaOperations->MapTransfer(
                adapter, scene.buffer.mdl, channel.base, scene.buffer.bytes + done, &length, TRUE);

            REQUIRE(length > 0 && length <= LENGTH - done);
            CHECK((uint64_t)address.QuadPart + length - 1 <= REACH(adapter_bits(kind)));
            CHECK(rig_device_read(rig, (uint64_t)address.QuadPart, length, device + done));
            done += length;
            stretches++;
        }
        CHECK(pattern_holds(device, 0, LENGTH, 0));
        if (kind >= FLAT64)
            CHECK_EQUAL(stretches, 1); /* what goes in comes out */
        if (kind == SG64)
            CHECK_EQUAL(stretches, need); /* no two pages are adjacent */
        CHECK(adapter->DmaOperations->FlushAdapterBuffers(adapter, scene.buffer.mdl, channel.base,
                                                          scene.buffer.bytes, LENGTH, TRUE));
        wdm_free_registers(adapter, &channel, need);
        CHECK_NOTHING_REPORTED();
        scene_end(rig);
        wdm_put(adapter);
    }
}

static void map_and_write(struct rig *rig, PDMA_ADAPTER adapter, struct wdm_list *channel,
                          ULONG length, unsigned salt)
{
    static uint8_t device[4 * PAGE];
    ULONG mapped = length;
    PHYSICAL_ADDRESS address;

    KeFlushIoBuffers(scene.buffer.mdl, TRUE, TRUE);
    address = adapter->DmaOperations->MapTransfer(adapter, scene.buffer.mdl, channel->base,
                                                  scene.buffer.bytes, &mapped, FALSE);

    CHECK_EQUAL(mapped, length);
    pattern_fill(device, length, salt);
    CHECK(rig_device_write(rig, (uint64_t)address.QuadPart, length, device));
}

RIG_TEST(mr_14_flush_of_what_was_mapped_before_registers_are_freed, .layout = RIG_SCATTERED)
{
    enum { LENGTH = 3 * PAGE };
    ULONG registers;
    PDMA_ADAPTER adapter = wdm_adapter(FLAT24, 64 * PAGE, &registers);
    struct wdm_list channel;

    REQUIRE(scene_set(rig, FLAT24, LENGTH));
    CHECK_EQUAL(wdm_allocate_channel(adapter, 4, &channel), STATUS_SUCCESS);
    REQUIRE(channel.calls == 1);
    map_and_write(rig, adapter, &channel, LENGTH, 4);
    CHECK(adapter->DmaOperations->FlushAdapterBuffers(adapter, scene.buffer.mdl, channel.base,
                                                      scene.buffer.bytes, LENGTH, FALSE));
    CHECK(pattern_holds(scene.buffer.bytes, 0, LENGTH, 4));
    CHECK_NOTHING_REPORTED();
    /* Registers that are freed with something mapped: a driver forgot to flush. */
    map_and_write(rig, adapter, &channel, LENGTH, 5);
    wdm_free_registers(adapter, &channel, 4);
    CHECK_REPORTED("MR-14");
    scene_end(rig);
    wdm_put(adapter);
    machine_works(rig);
}

/* ---- MR-15: KeFlushIoBuffers ---- */

/* Does the device see, at the buffer's own physical address, what the CPU wrote there? */
static bool device_sees(struct rig *rig, const struct buffer *buffer, unsigned salt)
{
    uint8_t device[100];

    CHECK(rig_device_read(rig, buffer_physical(buffer, 0), sizeof(device), device));
    return pattern_holds(device, 0, sizeof(device), salt);
}

RIG_TEST(mr_15_flush_makes_the_cpus_bytes_visible, .noncoherent = true, .identity = true)
{
    struct buffer other;
    KIRQL irql;

    REQUIRE(scene_set(rig, SG64, PAGE) && buffer_make_locked(rig, &other, 0, PAGE));
    pattern_fill(scene.buffer.bytes, PAGE, 1);
    pattern_fill(other.bytes, PAGE, 1);
    CHECK(!device_sees(rig, &scene.buffer, 1));
    /* Only the MDL that is given, not those that follow it. */
    ((PMDL)scene.buffer.mdl)->Next = other.mdl;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    KeFlushIoBuffers(scene.buffer.mdl, FALSE, TRUE);
    KeLowerIrql(irql);
    ((PMDL)scene.buffer.mdl)->Next = NULL;
    CHECK(device_sees(rig, &scene.buffer, 1));
    CHECK(!device_sees(rig, &other, 1));
    KeFlushIoBuffers(other.mdl, FALSE, TRUE);
    CHECK(device_sees(rig, &other, 1));
    buffer_drop(rig, &other);
    scene_end(rig);
}

RIG_TEST(mr_15_port_flushes_just_before_the_transfer_with_its_direction)
{
    for (BOOLEAN to_device = FALSE; to_device <= TRUE; to_device++) {
        REQUIRE(scene_set(rig, SG64, PAGE));
        scene.transfer = transfer_of(scene.adapter, &scene.buffer, 0, PAGE, to_device);
        spy_start();
        CHECK(transfer_begin(rig, &scene.transfer));
        spy_stop();
        CHECK_EQUAL(spy_count(SPY_FLUSH), 1);
        CHECK(spy_place(SPY_FLUSH, 0) < spy_place(SPY_GET_LIST, 0));
        CHECK(spy_event(SPY_FLUSH, 0)->irql <= DISPATCH);
        CHECK_EQUAL(spy_event(SPY_FLUSH, 0)->to_device,
                    to_device); /* ReadOperation = not to the device */
        CHECK(spy_event(SPY_FLUSH, 0)->dma);
        transfer_complete(rig, &scene.transfer);
        scene_end(rig);
    }
}

const struct CMUnitTest mr_wdm_tests[] = {
    cmocka_unit_test(mr_07_port_calls_get_scatter_gather_list_at_dispatch_level),
    cmocka_unit_test(mr_07_below_dispatch_level_it_is_a_mistake),
    cmocka_unit_test(mr_08_list_control_at_dispatch_level_and_registers_are_kept),
    cmocka_unit_test(mr_09_too_many_registers_or_too_small_a_buffer),
    cmocka_unit_test(mr_09_port_clips_before_it_asks),
    cmocka_unit_test(mr_10_current_va_is_an_index_from_the_mdls_address),
    cmocka_unit_test(mr_11_several_requests_may_wait),
    cmocka_unit_test(mr_12_put_flushes_and_frees_registers_and_list),
    cmocka_unit_test(mr_13_map_transfer_tells_what_is_contiguous),
    cmocka_unit_test(mr_14_flush_of_what_was_mapped_before_registers_are_freed),
    cmocka_unit_test(mr_15_flush_makes_the_cpus_bytes_visible),
    cmocka_unit_test(mr_15_port_flushes_just_before_the_transfer_with_its_direction),
};
const size_t mr_wdm_count = sizeof(mr_wdm_tests) / sizeof(mr_wdm_tests[0]);
