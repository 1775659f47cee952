/* SPDX-License-Identifier: MIT */
/* Adapter channels: MapTransfer piece by piece, registers that are short, mistakes. */
#include "hal_fixture.h"

struct call {
    unsigned calls;
    KIRQL irql;
    PVOID base;
    IO_ALLOCATION_ACTION answer;
};

static IO_ALLOCATION_ACTION NTAPI allocated(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                                            PVOID MapRegisterBase, PVOID Context)
{
    struct call *call = Context;

    call->calls++;
    call->irql = KeGetCurrentIrql();
    call->base = MapRegisterBase;
    return call->answer;
}

static NTSTATUS allocate(PDMA_ADAPTER adapter, struct scene *scene, ULONG registers,
                         struct call *call)
{
    NTSTATUS status;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    status = adapter->DmaOperations->AllocateAdapterChannel(adapter, scene->pdo, registers,
                                                            allocated, call);
    KeLowerIrql(irql);
    return status;
}

static void free_registers(PDMA_ADAPTER adapter, PVOID base, ULONG registers)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    adapter->DmaOperations->FreeMapRegisters(adapter, base, registers);
    KeLowerIrql(irql);
}

/* The byte that the device finds at a logical address. */
static UCHAR device_byte(struct scene *scene, uint64_t address)
{
    struct vport_dma_platform *ground = &scene->sim.bus->platform;

    return ((UCHAR *)ground->ops->host(
        ground, (struct vport_frame){(uintptr_t)(address / PAGE)}))[address % PAGE];
}

/*
 * Maps the whole buffer, checking every piece's first and last byte; returns the number of pieces.
 */
static unsigned map_all(struct scene *scene, PDMA_ADAPTER adapter, PVOID base,
                        struct buffer *buffer)
{
    unsigned pieces = 0;

    for (ULONG done = 0; done < buffer->length; pieces++) {
        ULONG length = buffer->length - done;
        PHYSICAL_ADDRESS address = adapter->DmaOperations->MapTransfer(
            adapter, buffer->mdl, base, buffer_va(buffer, done), &length, TRUE);

        assert_true(length > 0 && length <= buffer->length - done);
        assert_int_equal(device_byte(scene, (uint64_t)address.QuadPart), buffer->bytes[done]);
        assert_int_equal(device_byte(scene, (uint64_t)address.QuadPart + length - 1),
                         buffer->bytes[done + length - 1]);
        done += length;
    }
    return pieces;
}

static void mr_13_pieces_of_scattered_pages(void **state)
{
    struct call call = {.answer = DeallocateObjectKeepRegisters};
    struct scene scene;
    struct buffer buffer;
    PDMA_ADAPTER adapter;
    ULONG registers;

    scene_begin(&scene,
                (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED, .coherent = true}, 64);
    adapter = get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, 8 * PAGE}, &registers);
    buffer = buffer_make(&scene, 100, 5 * PAGE);
    assert_int_equal(allocate(adapter, &scene, 6, &call), STATUS_SUCCESS);
    assert_int_equal(call.calls, 1);
    assert_int_equal(call.irql, DISPATCH_LEVEL);
    assert_int_equal(map_all(&scene, adapter, call.base, &buffer), 6); /* 6 pages, none adjacent */
    assert_true(adapter->DmaOperations->FlushAdapterBuffers(
        adapter, buffer.mdl, call.base, buffer_va(&buffer, 0), buffer.length, TRUE));
    free_registers(adapter, call.base, 6);
    buffer_drop(&scene, &buffer);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void mr_13_one_piece_without_scatter_gather(void **state)
{
    struct call call = {.answer = DeallocateObjectKeepRegisters};
    struct scene scene;
    struct buffer buffer;
    PDMA_ADAPTER adapter;
    ULONG registers;

    scene_begin(
        &scene,
        (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED, .coherent = true, .queue = true},
        64);
    adapter = get_adapter(&scene, (struct wish){FALSE, TRUE, FALSE, 8 * PAGE}, &registers);
    buffer = buffer_make(&scene, 4000, 3 * PAGE);
    assert_int_equal(allocate(adapter, &scene, 4, &call), STATUS_SUCCESS);
    assert_int_equal(map_all(&scene, adapter, call.base, &buffer), 1);
    assert_true(adapter->DmaOperations->FlushAdapterBuffers(
        adapter, buffer.mdl, call.base, buffer_va(&buffer, 0), buffer.length, TRUE));
    free_registers(adapter, call.base, 4);
    buffer_drop(&scene, &buffer);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void mr_14_bytes_from_the_device_arrive_with_the_flush(void **state)
{
    struct call call = {.answer = DeallocateObjectKeepRegisters};
    struct vport_dma_platform *ground;
    PHYSICAL_ADDRESS address;
    struct scene scene;
    struct buffer buffer;
    PDMA_ADAPTER adapter;
    ULONG registers, length = 300;

    scene_begin(&scene,
                (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED, .coherent = true}, 64);
    adapter = get_adapter(&scene, (struct wish){FALSE, FALSE, FALSE, PAGE}, &registers);
    buffer = buffer_make(&scene, 50, 300);
    buffer.bytes[299] = 0;
    assert_int_equal(allocate(adapter, &scene, 1, &call), STATUS_SUCCESS);
    address = adapter->DmaOperations->MapTransfer(adapter, buffer.mdl, call.base,
                                                  buffer_va(&buffer, 0), &length, FALSE);
    assert_int_equal(length, 300);
    assert_true(address.QuadPart < 1 << 24);
    ground = &scene.sim.bus->platform;
    ((UCHAR *)ground->ops->host(
        ground, (struct vport_frame){
                    (uintptr_t)(address.QuadPart / PAGE)}))[(address.QuadPart + 299) % PAGE] = 77;
    assert_true(adapter->DmaOperations->FlushAdapterBuffers(adapter, buffer.mdl, call.base,
                                                            buffer_va(&buffer, 0), 300, FALSE));
    assert_int_equal(buffer.bytes[299], 77);
    free_registers(adapter, call.base, 1);
    buffer_drop(&scene, &buffer);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void a_second_channel_waits_for_registers(void **state)
{
    struct call first = {.answer = DeallocateObjectKeepRegisters}, second = first, third = first;
    struct scene scene;
    PDMA_ADAPTER adapter;
    ULONG registers;

    scene_begin(&scene, (struct vport_sim_platform){.map_registers = 4, .coherent = true}, 64);
    adapter = get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, 64 * PAGE}, &registers);
    assert_int_equal(registers, 4);
    assert_int_equal(allocate(adapter, &scene, 3, &first), STATUS_SUCCESS);
    assert_int_equal(allocate(adapter, &scene, 2, &second), STATUS_SUCCESS);
    assert_int_equal(allocate(adapter, &scene, 1, &third), STATUS_SUCCESS);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0);
    assert_int_equal(third.calls, 0); /* first come, first served */
    free_registers(adapter, first.base, 3);
    assert_int_equal(second.calls, 1);
    assert_int_equal(second.irql, DISPATCH_LEVEL);
    assert_int_equal(third.calls, 1);
    free_registers(adapter, second.base, 2);
    free_registers(adapter, third.base, 1);
    assert_int_equal(allocate(adapter, &scene, 5, &first), STATUS_INSUFFICIENT_RESOURCES);
    expect_report(&scene, "MR-13");
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void keep_object_holds_the_adapter(void **state)
{
    struct call first = {.answer = KeepObject}, second = {.answer = DeallocateObject};
    struct scene scene;
    PDMA_ADAPTER adapter;
    ULONG registers;
    KIRQL irql;

    scene_begin(&scene, (struct vport_sim_platform){.coherent = true}, 64);
    adapter = get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, 64 * PAGE}, &registers);
    assert_int_equal(allocate(adapter, &scene, 1, &first), STATUS_SUCCESS);
    assert_int_equal(allocate(adapter, &scene, 1, &second), STATUS_SUCCESS);
    assert_int_equal(second.calls, 0);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    adapter->DmaOperations->FreeAdapterChannel(adapter);
    assert_int_equal(second.calls, 1); /* and its registers went with DeallocateObject */
    expect_silence(&scene);
    adapter->DmaOperations->FreeAdapterChannel(adapter);
    KeLowerIrql(irql);
    expect_report(&scene, "MR-14");
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void mistakes_are_reported_and_move_nothing(void **state)
{
    struct call call = {.answer = DeallocateObjectKeepRegisters};
    struct scene scene;
    struct buffer buffer;
    PDMA_ADAPTER adapter;
    ULONG registers, length = PAGE;

    scene_begin(&scene, (struct vport_sim_platform){.coherent = true}, 64);
    adapter = get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, 64 * PAGE}, &registers);
    buffer = buffer_make(&scene, 0, 2 * PAGE);
    assert_int_equal(allocate(adapter, &scene, 2, &call), STATUS_SUCCESS);
    adapter->DmaOperations->MapTransfer(adapter, buffer.mdl, &call, buffer_va(&buffer, 0), &length,
                                        TRUE);
    assert_int_equal(length, 0);
    expect_report(&scene, "MR-13");
    adapter->DmaOperations->MapTransfer(adapter, buffer.mdl, call.base, buffer_va(&buffer, 0),
                                        &length, TRUE);
    expect_report(&scene, "MR-13"); /* length is 0 now */
    length = PAGE;
    adapter->DmaOperations->MapTransfer(adapter, buffer.mdl, call.base,
                                        buffer_va(&buffer, 2 * PAGE), &length, TRUE);
    assert_int_equal(length, 0);
    expect_report(&scene, "MR-13");
    assert_false(adapter->DmaOperations->FlushAdapterBuffers(adapter, buffer.mdl, NULL,
                                                             buffer_va(&buffer, 0), PAGE, TRUE));
    expect_report(&scene, "MR-14");
    length = PAGE;
    adapter->DmaOperations->MapTransfer(adapter, buffer.mdl, call.base, buffer_va(&buffer, 0),
                                        &length, TRUE);
    free_registers(adapter, call.base, 2); /* not flushed */
    expect_report(&scene, "MR-14");
    free_registers(adapter, call.base, 2);
    expect_report(&scene, "MR-14");
    buffer_drop(&scene, &buffer);
    assert_int_equal(allocate(adapter, &scene, 2, &call), STATUS_SUCCESS);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    expect_report(&scene, "GA-A4");
    scene_end(&scene, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mr_13_pieces_of_scattered_pages),
        cmocka_unit_test(mr_13_one_piece_without_scatter_gather),
        cmocka_unit_test(mr_14_bytes_from_the_device_arrive_with_the_flush),
        cmocka_unit_test(a_second_channel_waits_for_registers),
        cmocka_unit_test(keep_object_holds_the_adapter),
        cmocka_unit_test(mistakes_are_reported_and_move_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
