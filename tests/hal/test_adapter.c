/* SPDX-License-Identifier: MIT */
/* IoGetDmaAdapter and PutDmaAdapter: what is granted, what is refused, what is left. */
#include "hal_fixture.h"

static const struct vport_sim_platform platform = {.layout = VPORT_SIM_SCATTERED, .coherent = true};

static uint64_t reach_of(struct scene *scene, struct wish wish)
{
    ULONG registers;
    PDMA_ADAPTER adapter = get_adapter(scene, wish, &registers);
    uint64_t reach;

    assert_non_null(adapter);
    reach = vport_dma_adapter_constraints(hal_adapter(adapter)->dma)->reach;
    adapter->DmaOperations->PutDmaAdapter(adapter);
    return reach;
}

static void ga_10_11_a3_reach_follows_the_description(void **state)
{
    struct scene scene;

    scene_begin(&scene, platform, 64);
    assert_int_equal(reach_of(&scene, (struct wish){FALSE, FALSE, FALSE, 0}), 0xFFFFFF);
    assert_int_equal(reach_of(&scene, (struct wish){FALSE, TRUE, FALSE, 0}), 0xFFFFFFFF);
    assert_int_equal(reach_of(&scene, (struct wish){TRUE, FALSE, FALSE, 0}), 0xFFFFFFFF);
    assert_int_equal(reach_of(&scene, (struct wish){TRUE, TRUE, TRUE, 0}), UINT64_MAX);
    assert_int_equal(reach_of(&scene, (struct wish){FALSE, FALSE, TRUE, 0}), UINT64_MAX);
    scene_end(&scene, 0);
}

static void reach_ends_where_the_address_lines_end(void **state)
{
    struct scene scene;

    scene_begin(&scene, platform, 28);
    assert_int_equal(reach_of(&scene, (struct wish){TRUE, TRUE, TRUE, 0}), 0xFFFFFFF);
    assert_int_equal(reach_of(&scene, (struct wish){FALSE, TRUE, FALSE, 0}), 0xFFFFFFF);
    assert_int_equal(reach_of(&scene, (struct wish){FALSE, FALSE, FALSE, 0}), 0xFFFFFF);
    scene_end(&scene, 0);
}

static void ga_12_a_page_more_than_maximum_length_spans(void **state)
{
    static const struct {
        ULONG length, registers;
    } cases[] = {{0, 1}, {1, 2}, {4095, 2}, {4096, 2}, {4097, 3}, {65536, 17}, {0x100000, 257}};
    struct scene scene;

    scene_begin(&scene, platform, 64);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(cases); i++) {
        ULONG registers = 0;
        PDMA_ADAPTER adapter =
            get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, cases[i].length}, &registers);

        assert_non_null(adapter);
        assert_int_equal(registers, cases[i].registers);
        adapter->DmaOperations->PutDmaAdapter(adapter);
    }
    scene_end(&scene, 0);
}

static void ga_14_version_is_1_and_the_table_is_whole(void **state)
{
    struct scene scene;
    ULONG registers;
    PDMA_ADAPTER adapter;
    PVOID *routine;

    scene_begin(&scene, platform, 64);
    adapter = get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, PAGE}, &registers);
    assert_int_equal(adapter->Version, 1);
    assert_int_equal(adapter->Size, sizeof(DMA_ADAPTER));
    assert_int_equal(adapter->DmaOperations->Size, sizeof(DMA_OPERATIONS));
    routine = (PVOID *)&adapter->DmaOperations->PutDmaAdapter;
    for (; routine <= (PVOID *)&adapter->DmaOperations->BuildMdlFromScatterGatherList; routine++)
        assert_non_null(*routine);
    assert_int_equal(adapter->DmaOperations->GetDmaAlignment(adapter), 1); /* MR-17 */
    assert_int_equal(adapter->DmaOperations->ReadDmaCounter(adapter), 0);
    adapter->DmaOperations->PutDmaAdapter(adapter);
    scene_end(&scene, 0);
}

static void refuses_descriptions_that_no_adapter_fits(void **state)
{
    DEVICE_DESCRIPTION description = {.Version = 3, .Master = TRUE, .InterfaceType = PCIBus};
    struct scene scene;
    ULONG registers;

    scene_begin(&scene, platform, 64);
    assert_null(IoGetDmaAdapter(scene.pdo, &description, &registers));
    expect_report(&scene, "GA-9");
    description.Version = 0;
    description.Master = FALSE;
    assert_null(IoGetDmaAdapter(scene.pdo, &description, &registers));
    expect_report(&scene, "GA-8");
    description.Master = TRUE;
    assert_null(IoGetDmaAdapter(NULL, &description, &registers));
    assert_null(IoGetDmaAdapter(scene.pdo, NULL, &registers));
    assert_null(IoGetDmaAdapter(scene.pdo, &description, NULL));
    expect_silence(&scene);
    scene_end(&scene, 0);
}

static void ga_16_a_put_adapter_is_recognised(void **state)
{
    struct scene scene;
    ULONG registers;
    PDMA_ADAPTER adapter;
    PHYSICAL_ADDRESS address;

    scene_begin(&scene, platform, 64);
    adapter = get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, PAGE}, &registers);
    const DMA_OPERATIONS operations = *adapter->DmaOperations;

    operations.PutDmaAdapter(adapter);
    expect_silence(&scene);
    operations.PutDmaAdapter(adapter);
    expect_report(&scene, "GA-16");
    assert_null(operations.AllocateCommonBuffer(adapter, PAGE, &address, TRUE));
    expect_report(&scene, "GA-16");
    operations.ReadDmaCounter(NULL);
    expect_report(&scene, "GA-16");
    operations.ReadDmaCounter((PDMA_ADAPTER)(uintptr_t)0x1234567);
    expect_report(&scene, "GA-16");
    scene_end(&scene, 0);
}

static void ga_18_adapters_never_put_are_reclaimed_and_reported(void **state)
{
    struct vport_dma_statistics statistics;
    struct scene scene;
    ULONG registers;

    scene_begin(&scene, platform, 64);
    assert_non_null(get_adapter(&scene, (struct wish){TRUE, TRUE, TRUE, PAGE}, &registers));
    assert_non_null(get_adapter(&scene, (struct wish){FALSE, TRUE, FALSE, PAGE}, &registers));
    vport_hal_statistics(scene.hal, &statistics);
    assert_int_equal(statistics.registers, 4);
    scene_end(&scene, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ga_10_11_a3_reach_follows_the_description),
        cmocka_unit_test(reach_ends_where_the_address_lines_end),
        cmocka_unit_test(ga_12_a_page_more_than_maximum_length_spans),
        cmocka_unit_test(ga_14_version_is_1_and_the_table_is_whole),
        cmocka_unit_test(refuses_descriptions_that_no_adapter_fits),
        cmocka_unit_test(ga_16_a_put_adapter_is_recognised),
        cmocka_unit_test(ga_18_adapters_never_put_are_reclaimed_and_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
