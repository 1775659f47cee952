/* SPDX-License-Identifier: MIT */
/* Adapters: what they are granted, what a pointer to one is worth, how they go. */
#include "dma_test.h"

static struct toy *toy;
static struct vport_reports *reports;
static struct vport_frame frames[16];
static struct vport_pages pages;

static int set_up(void **state)
{
    struct toy_config config = {
        .low = 300, .high = 100, .bounce_registers = 100, .direct_registers = 1000};

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    for (size_t i = 0; i < 16; i++)
        frames[i] = toy_frame(toy, 399 - i);
    toy_pages(&pages, frames, 0, 16 * 4096);
    return 0;
}

static int tear_down(void **state)
{
    bool left = toy->frames_in_use || vport_pages_users(&pages);

    vport_reports_destroy(reports);
    toy_destroy(toy);
    return left;
}

/* What an adapter with these constraints is granted. */
static uint32_t granted(struct vport_dma_constraints constraints)
{
    struct vport_dma_adapter *adapter = toy_adapter(toy, &constraints, reports);
    uint32_t registers = vport_dma_adapter_constraints(adapter)->registers;

    assert_int_equal(vport_dma_adapter_constraints(adapter)->reach, constraints.reach);
    vport_dma_adapter_destroy(adapter);
    return registers;
}

static struct vport_dma_constraints of_length(uint32_t max_length, uint64_t reach)
{
    struct vport_dma_constraints constraints = limits(reach, true, 0);

    constraints.max_length = max_length;
    return constraints;
}

static void ga_12_the_grant_covers_the_longest_transfer_if_it_can(void **state)
{
    assert_int_equal(granted(of_length(1, UINT64_MAX)), 2);
    assert_int_equal(granted(of_length(4096, UINT64_MAX)), 2);
    assert_int_equal(granted(of_length(4097, UINT64_MAX)), 3);
    assert_int_equal(granted(of_length(64 * 4096, UINT64_MAX)), 65);
    assert_int_equal(granted(of_length(UINT32_MAX, UINT64_MAX)), 1000);
    assert_int_equal(granted(of_length(64 * 4096, 0xffffffff)), 65);
    assert_int_equal(granted(of_length(200 * 4096, 0xffffffff)), 100);
    assert_int_equal(granted(limits(UINT64_MAX, true, 7)), 7);
    assert_int_equal(granted(limits(UINT64_MAX, true, 7000)), 1000);
}

static void ga_a2_no_longest_transfer_is_one_register(void **state)
{
    assert_int_equal(granted(of_length(0, UINT64_MAX)), 1);
    assert_int_equal(granted(of_length(0, 0xffffff)), 1);
}

static void the_grant_shrinks_with_what_can_be_had(void **state)
{
    struct vport_dma_adapter_config config = {.platform = &toy->platform,
                                              .constraints = limits(0xffffffff, true, 100)};
    struct vport_dma_adapter *adapter;

    toy->frames_most = 30;
    assert_int_equal(granted(limits(0xffffffff, true, 100)), 25);
    assert_int_equal(granted(limits(UINT64_MAX, true, 100)),
                     100);              /* never bounces, needs no page */
    config.constraints.reach = 0xfffff; /* the first frame is at 1 MiB */
    assert_int_equal(vport_dma_adapter_create(&config, &adapter), VPORT_E_NO_MEMORY);
    assert_null(adapter);
}

static void bounce_pages_are_within_reach(void **state)
{
    struct vport_dma_constraints constraints =
        limits(0x1fffff, true, 300); /* 2 MiB - 1: frames 0x100 to 0x1ff */
    struct vport_dma_adapter *adapter;
    struct op op;

    constraints.registers = 16;
    adapter = toy_adapter(toy, &constraints, reports);
    assert_int_equal(begin(adapter, &op, &pages, 0, 16 * 4096, true), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_true(op.list->elements[0].address + 16 * 4096 - 1 <= 0x1fffff);
    vport_dma_unmap(adapter, op.list, true);
    vport_dma_adapter_destroy(adapter);
}

static void impossible_constraints_are_invalid(void **state)
{
    struct vport_dma_adapter_config config = {.platform = &toy->platform,
                                              .constraints = limits(UINT64_MAX, true, 1)};
    struct vport_dma_adapter *adapter;

    config.constraints.boundary = 4096 * 3;
    assert_int_equal(vport_dma_adapter_create(&config, &adapter), VPORT_E_INVALID);
    config.constraints.boundary = 2048;
    assert_int_equal(vport_dma_adapter_create(&config, &adapter), VPORT_E_INVALID);
    config.constraints.boundary = 0;
    config.constraints.reach = 100;
    assert_int_equal(vport_dma_adapter_create(&config, &adapter), VPORT_E_INVALID);
    config.constraints.reach = UINT64_MAX;
    config.platform = NULL;
    assert_int_equal(vport_dma_adapter_create(&config, &adapter), VPORT_E_INVALID);
    assert_null(adapter);
}

static void ga_16_a_pointer_is_dead_after_destroy(void **state)
{
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 4);
    struct vport_dma_adapter *adapter = toy_adapter(toy, &constraints, reports), *later;
    struct op op;

    assert_true(vport_dma_adapter_live(adapter));
    assert_false(vport_dma_adapter_live((char *)adapter + 8));
    assert_false(vport_dma_adapter_live(NULL));
    assert_false(vport_dma_adapter_live(&constraints));
    assert_false(vport_dma_adapter_live((void *)UINTPTR_MAX));
    vport_dma_adapter_destroy(adapter);
    assert_false(vport_dma_adapter_live(adapter));
    for (int i = 0; i < 100; i++) { /* and is not that of the next adapter */
        later = toy_adapter(toy, &constraints, reports);
        assert_ptr_not_equal(later, adapter);
        assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_E_STATE);
        vport_dma_adapter_destroy(later);
    }
    assert_int_equal(vport_dma_adapter_destroy(adapter).registers, 0);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
}

static void ga_a4_what_is_outstanding_keeps_its_memory(void **state)
{
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 4);
    struct vport_dma_adapter *adapter = toy_adapter(toy, &constraints, reports);
    struct vport_dma_statistics left;
    struct op first, second, third;
    char data[8192], seen[8192];

    fill(data, sizeof(data), 3);
    assert_int_equal(begin(adapter, &first, &pages, 0, 4096, true), VPORT_OK);
    assert_int_equal(begin(adapter, &second, &pages, 4096, 8192, false), VPORT_OK);
    left = vport_dma_adapter_destroy(adapter);
    assert_int_equal(left.outstanding, 2);
    assert_int_equal(vport_reports_count(reports, "GA-A4"), 1);
    assert_int_equal(begin(adapter, &third, &pages, 0, 10, true), VPORT_E_STATE);
    assert_int_equal(toy->frames_in_use, 4);
    assert_true(device_scatter(toy, second.list, data));
    assert_int_equal(vport_dma_unmap(adapter, second.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 4096, seen, sizeof(seen));
    assert_memory_equal(seen, data, sizeof(data));
    assert_int_equal(toy->frames_in_use, 4);
    assert_int_equal(vport_dma_unmap(adapter, first.list, true), VPORT_OK);
    assert_int_equal(toy->frames_in_use, 0);
    assert_int_equal(vport_dma_unmap(adapter, first.list, true), VPORT_E_UNKNOWN);
}

static void VPORT_DRIVER_CALL destroy_adapter(const uintptr_t *user, struct vport_dma_list *list)
{
    struct vport_dma_adapter *adapter = (struct vport_dma_adapter *)user[0];

    assert_int_equal(vport_dma_adapter_destroy(adapter).outstanding, 1);
    assert_int_equal(vport_dma_unmap(adapter, list, true), VPORT_OK);
}

static void an_adapter_may_go_within_a_callback(void **state)
{
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 4);
    struct vport_dma_adapter *adapter = toy_adapter(toy, &constraints, reports);
    struct vport_dma_request request = {.pages = &pages,
                                        .length = 10,
                                        .to_device = true,
                                        .ready = destroy_adapter,
                                        .user = {(uintptr_t)adapter}};

    assert_int_equal(vport_dma_map(adapter, &request), VPORT_OK);
    assert_int_equal(toy->frames_in_use, 0);
}

static void ga_07_every_adapter_is_its_own_path(void **state)
{
    enum { COUNT = 20 };
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 4);
    struct vport_dma_adapter *adapters[COUNT];
    struct op ops[COUNT];

    for (int i = 0; i < COUNT; i++) {
        adapters[i] = toy_adapter(toy, &constraints, reports);
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(adapters[i], adapters[j]);
        assert_int_equal(begin(adapters[i], &ops[i], &pages, 0, 4 * 4096, true), VPORT_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(statistics(adapters[i]).outstanding, 1);
        assert_int_equal(vport_dma_unmap(adapters[i], ops[i].list, true), VPORT_OK);
        vport_dma_adapter_destroy(adapters[i]);
    }
    assert_int_equal(vport_reports_count(reports, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ga_12_the_grant_covers_the_longest_transfer_if_it_can),
        TEST(ga_a2_no_longest_transfer_is_one_register),
        TEST(the_grant_shrinks_with_what_can_be_had),
        TEST(bounce_pages_are_within_reach),
        TEST(impossible_constraints_are_invalid),
        TEST(ga_16_a_pointer_is_dead_after_destroy),
        TEST(ga_a4_what_is_outstanding_keeps_its_memory),
        TEST(an_adapter_may_go_within_a_callback),
        TEST(ga_07_every_adapter_is_its_own_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
