/* SPDX-License-Identifier: MIT */
/* Lists that a driver has built into its own buffer, and their size; levels; the MDL of a list. The
 * contract suite has the rest. */
#include "hal_fixture.h"

static const struct vport_sim_platform scattered = {.layout = VPORT_SIM_SCATTERED,
                                                    .coherent = true};
static const struct wish master = {TRUE, TRUE, TRUE, 16 * PAGE};

struct call {
    unsigned calls;
    KIRQL irql;
    PSCATTER_GATHER_LIST list;
};

static VOID NTAPI listed(PDEVICE_OBJECT DeviceObject, PIRP Irp, PSCATTER_GATHER_LIST List,
                         PVOID Context)
{
    struct call *call = Context;

    call->calls++;
    call->irql = KeGetCurrentIrql();
    call->list = List;
}

static NTSTATUS build(PDMA_ADAPTER adapter, struct buffer *buffer, ULONG length, void *room,
                      ULONG size, struct call *call)
{
    NTSTATUS status;
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    status = adapter->DmaOperations->BuildScatterGatherList(
        adapter, NULL, buffer->mdl, buffer_va(buffer, 0), length, listed, call, TRUE, room, size);
    KeLowerIrql(irql);
    return status;
}

static void put(PDMA_ADAPTER adapter, PSCATTER_GATHER_LIST list)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    adapter->DmaOperations->PutScatterGatherList(adapter, list, TRUE);
    KeLowerIrql(irql);
}

static void a_list_in_the_drivers_buffer(void **state)
{
    struct scene scene;
    struct buffer buffer;
    struct call call = {0};
    PDMA_ADAPTER adapter;
    ULONG registers, size = 0, pages = 0, total = 0;
    void *room;

    scene_begin(&scene, scattered, 64);
    adapter = get_adapter(&scene, master, &registers);
    buffer = buffer_make(&scene, 4095, 3 * PAGE);
    assert_int_equal(adapter->DmaOperations->CalculateScatterGatherList(
                         adapter, buffer.mdl, buffer_va(&buffer, 0), 3 * PAGE, &size, &pages),
                     STATUS_SUCCESS);
    assert_int_equal(pages, 4);
    assert_int_equal(size, FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) +
                               4 * sizeof(SCATTER_GATHER_ELEMENT));
    room = malloc(size);
    assert_int_equal(build(adapter, &buffer, 3 * PAGE, room, size - 1, &call),
                     STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(call.calls, 0);
    assert_int_equal(build(adapter, &buffer, 3 * PAGE, room, size, &call), STATUS_SUCCESS);
    assert_int_equal(call.calls, 1);
    assert_int_equal(call.irql, DISPATCH_LEVEL);
    assert_ptr_equal(call.list, room);
    assert_int_equal(call.list->NumberOfElements, 4);
    for (ULONG i = 0; i < 4; i++)
        total += call.list->Elements[i].Length;
    assert_int_equal(total, 3 * PAGE);
    put(adapter, call.list);
    expect_silence(&scene);
    put(adapter, call.list);
    expect_report(&scene, "CD-A2");
    free(room);
    buffer_drop(&scene, &buffer);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void calculate_knows_the_limits(void **state)
{
    struct scene scene;
    PDMA_ADAPTER adapter;
    ULONG registers, size, pages;

    scene_begin(&scene, scattered, 64);
    adapter = get_adapter(&scene, master, &registers);
    assert_int_equal(registers, 17);
    assert_int_equal(adapter->DmaOperations->CalculateScatterGatherList(
                         adapter, NULL, (PVOID)(uintptr_t)PAGE, 17 * PAGE, &size, &pages),
                     STATUS_SUCCESS);
    assert_int_equal(pages, 17);
    assert_int_equal(adapter->DmaOperations->CalculateScatterGatherList(
                         adapter, NULL, (PVOID)(uintptr_t)1, 17 * PAGE, &size, NULL),
                     STATUS_INSUFFICIENT_RESOURCES);
    assert_int_equal(
        adapter->DmaOperations->CalculateScatterGatherList(adapter, NULL, NULL, 0, &size, NULL),
        STATUS_INVALID_PARAMETER);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void mr_07_dispatch_level_exactly(void **state)
{
    struct scene scene;
    struct buffer buffer;
    struct call call = {0};
    PDMA_ADAPTER adapter;
    ULONG registers;

    scene_begin(&scene, scattered, 64);
    adapter = get_adapter(&scene, master, &registers);
    buffer = buffer_make(&scene, 0, PAGE);
    assert_int_equal(adapter->DmaOperations->GetScatterGatherList(adapter, NULL, buffer.mdl,
                                                                  buffer_va(&buffer, 0), PAGE,
                                                                  listed, &call, TRUE),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(call.calls, 0);
    expect_report(&scene, "MR-7");
    buffer_drop(&scene, &buffer);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void put_at_the_wrong_level_is_reported_and_done(void **state)
{
    struct scene scene;
    struct buffer buffer;
    struct call call = {0};
    PDMA_ADAPTER adapter;
    ULONG registers;
    KIRQL irql;

    scene_begin(&scene, scattered, 64);
    adapter = get_adapter(&scene, master, &registers);
    buffer = buffer_make(&scene, 0, PAGE);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_int_equal(adapter->DmaOperations->GetScatterGatherList(adapter, NULL, buffer.mdl,
                                                                  buffer_va(&buffer, 0), PAGE,
                                                                  listed, &call, TRUE),
                     STATUS_SUCCESS);
    KeLowerIrql(irql);
    adapter->DmaOperations->PutScatterGatherList(adapter, call.list, TRUE);
    expect_report(&scene, "MR-12");
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    buffer_drop(&scene, &buffer); /* no operation holds it */
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

/* An adapter put too early, with a list out: the list can still be put, and the next use of the
 * adapter's memory is safe. */
static void ga_a4_a_list_outlives_its_adapter(void **state)
{
    struct scene scene;
    struct buffer buffer;
    struct call call = {0};
    PDMA_ADAPTER adapter;
    DMA_OPERATIONS operations;
    ULONG registers;
    KIRQL irql;

    scene_begin(&scene, scattered, 64);
    adapter = get_adapter(&scene, (struct wish){FALSE, FALSE, FALSE, PAGE}, &registers);
    operations = *adapter->DmaOperations;
    buffer = buffer_make(&scene, 0, PAGE);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_int_equal(operations.GetScatterGatherList(adapter, NULL, buffer.mdl,
                                                     buffer_va(&buffer, 0), PAGE, listed, &call,
                                                     FALSE),
                     STATUS_SUCCESS);
    KeLowerIrql(irql);
    operations.PutDmaAdapter(adapter);
    expect_report(&scene, "GA-A4");
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    operations.PutScatterGatherList(adapter, call.list, FALSE);
    KeLowerIrql(irql);
    expect_silence(&scene);
    buffer_drop(&scene, &buffer);
    scene_end(&scene, 0);
}

static void the_mdl_of_a_list_is_the_drivers_own_where_nothing_bounces(void **state)
{
    struct scene scene;
    struct buffer buffer;
    struct call call = {0};
    PDMA_ADAPTER direct, bouncing;
    ULONG registers;
    PMDL mdl;
    KIRQL irql;

    scene_begin(&scene, scattered, 64);
    direct = get_adapter(&scene, master, &registers);
    bouncing = get_adapter(&scene, (struct wish){FALSE, FALSE, FALSE, PAGE}, &registers);
    buffer = buffer_make(&scene, 0, PAGE);
    for (int i = 0; i < 2; i++) {
        PDMA_ADAPTER adapter = i ? bouncing : direct;
        NTSTATUS status;

        KeRaiseIrql(DISPATCH_LEVEL, &irql);
        assert_int_equal(adapter->DmaOperations->GetScatterGatherList(adapter, NULL, buffer.mdl,
                                                                      buffer_va(&buffer, 0), PAGE,
                                                                      listed, &call, TRUE),
                         STATUS_SUCCESS);
        status = adapter->DmaOperations->BuildMdlFromScatterGatherList(adapter, call.list,
                                                                       buffer.mdl, &mdl);
        adapter->DmaOperations->PutScatterGatherList(adapter, call.list, TRUE);
        KeLowerIrql(irql);
        assert_int_equal(status, i ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS);
        assert_ptr_equal(mdl, i ? NULL : buffer.mdl);
    }
    expect_report(&scene, "MR-5");
    buffer_drop(&scene, &buffer);
    direct->DmaOperations->PutDmaAdapter(direct);
    bouncing->DmaOperations->PutDmaAdapter(bouncing);
    scene_end(&scene, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_in_the_drivers_buffer),
        cmocka_unit_test(calculate_knows_the_limits),
        cmocka_unit_test(mr_07_dispatch_level_exactly),
        cmocka_unit_test(put_at_the_wrong_level_is_reported_and_done),
        cmocka_unit_test(ga_a4_a_list_outlives_its_adapter),
        cmocka_unit_test(the_mdl_of_a_list_is_the_drivers_own_where_nothing_bounces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
