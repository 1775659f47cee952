/* SPDX-License-Identifier: MIT */
/* Behind an IOMMU: the pages of the operation and no others, in one range, for one direction, and
 * never bounced needlessly. */
#include "dma_test.h"

static struct toy *toy;
static struct vport_reports *reports;
static struct vport_dma_adapter *adapter;
static struct vport_frame frames[16];
static struct vport_pages pages;
static char bytes[16 * 4096], seen[16 * 4096];

static void make(bool scatter_gather, uint32_t registers, bool queue_always)
{
    struct toy_config config = {.low = 64, .high = 64, .iommu = true, .queue_always = queue_always};
    struct vport_dma_constraints constraints = limits(0xffffffff, scatter_gather, registers);

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    for (size_t i = 0; i < 16; i++)
        frames[i] = toy_frame(toy, i % 2 ? 100 - i : 20 + i);
    toy_pages(&pages, frames, 300, 15 * 4096);
    fill(bytes, pages.length, 1);
    toy_store(toy, &pages, 0, bytes, pages.length);
}

static int tear_down(void **state)
{
    bool left;

    vport_dma_adapter_destroy(adapter);
    left = toy->frames_in_use || toy->mappings || vport_pages_users(&pages);
    vport_reports_destroy(reports);
    toy_destroy(toy);
    return left;
}

static void one_range_of_just_the_pages_touched(void **state)
{
    struct op op;
    char byte;

    make(true, 16, false);
    assert_int_equal(begin(adapter, &op, &pages, 5000, 9000, true), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_int_equal(op.list->elements[0].length, 9000);
    assert_int_equal(toy->mappings->count, 3);
    assert_true(device_gather(toy, op.list, seen));
    assert_memory_equal(seen, bytes + 5000, 9000);
    assert_int_equal(toy->faults, 0);
    /* It may read what lies in the same pages, and nothing else; and write nothing. */
    assert_false(toy_device_read(toy, op.list->elements[0].address - 4096, &byte, 1));
    assert_false(toy_device_read(toy, op.list->elements[0].address + 9000 + 4096, &byte, 1));
    assert_false(toy_device_write(toy, op.list->elements[0].address, &byte, 1));
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    assert_null(toy->mappings);
}

static void from_device_it_may_write(void **state)
{
    struct op op;

    make(true, 16, false);
    assert_int_equal(begin(adapter, &op, &pages, 1, 20000, false), VPORT_OK);
    fill(bytes + 1, 20000, 2);
    assert_true(device_scatter(toy, op.list, bytes + 1));
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, pages.length);
    assert_memory_equal(seen, bytes, pages.length);
    assert_int_equal(statistics(adapter).bounced_bytes[0], 0);
}

static void sg_a1_a_range_across_a_boundary_is_two_elements(void **state)
{
    struct op op;

    make(true, 16, false);
    vport_dma_adapter_destroy(adapter);
    adapter = toy_adapter(
        toy,
        &(struct vport_dma_constraints){
            .reach = UINT64_MAX, .boundary = 16384, .registers = 16, .scatter_gather = true},
        reports);
    toy->iommu_next = 0x10003;
    assert_int_equal(begin(adapter, &op, &pages, 0, 4 * 4096 - 300, true), VPORT_OK);
    assert_int_equal(op.list->count, 2);
    assert_int_equal(op.list->elements[0].length, 4096 - 300);
    assert_int_equal(op.list->elements[1].address, 0x10004000);
    assert_true(device_gather(toy, op.list, seen));
    assert_memory_equal(seen, bytes, 4 * 4096 - 300);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void ex_05_one_element_is_moved_behind_the_boundary(void **state)
{
    struct op op;

    make(false, 16, false);
    vport_dma_adapter_destroy(adapter);
    adapter = toy_adapter(
        toy,
        &(struct vport_dma_constraints){.reach = UINT64_MAX, .boundary = 65536, .registers = 100},
        reports);
    assert_int_equal(vport_dma_adapter_constraints(adapter)->registers, 8);
    for (uint64_t next = 0x10000; next < 0x10010; next++) {
        for (uint32_t count = 1; count <= 8; count++) {
            toy->iommu_next = next;
            assert_int_equal(begin(adapter, &op, &pages, 0, count * 4096 - 300, true), VPORT_OK);
            assert_int_equal(op.list->count, 1);
            assert_int_equal(op.list->elements[0].address / 65536,
                             (op.list->elements[0].address + count * 4096 - 301) / 65536);
            assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
            assert_null(toy->mappings);
        }
    }
}

static void what_it_refuses_is_told_and_leaves_nothing(void **state)
{
    struct op op;

    make(true, 16, false);
    toy->iommu_failures = 1;
    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_E_NO_MEMORY);
    assert_int_equal(op.calls, 0);
    assert_int_equal(vport_pages_users(&pages), 0);
    assert_int_equal(statistics(adapter).outstanding, 0);
}

static void an_unmap_that_fails_is_reported(void **state)
{
    struct op op;

    make(true, 16, false);
    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    toy->unmap_fails = true;
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    assert_int_equal(vport_reports_count(reports, "MR-12"), 1);
}

static void a_queued_request_is_mapped_before_it_is_accepted(void **state)
{
    struct op op;

    make(true, 16, true);
    toy->iommu_failures = 1;
    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_E_NO_MEMORY);
    assert_int_equal(statistics(adapter).waiting, 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    assert_int_equal(op.calls, 0);
    assert_non_null(toy->mappings);
    vport_dma_adapter_dispatch(adapter);
    assert_int_equal(op.calls, 1);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    vport_dma_adapter_destroy(adapter); /* a waiter that is dropped is unmapped too */
    assert_null(toy->mappings);
}

/* Frames that no device can be shown bounce here too; the IOMMU maps the bounce pages in their
 * place. */
static void make_outside(void)
{
    make(true, 4, false);
    vport_dma_adapter_destroy(adapter);
    toy->platform.outside = true;
    toy->platform.highest = 0xffffffff;
    adapter = toy_adapter(toy,
                          &(struct vport_dma_constraints){
                              .reach = UINT64_MAX, .registers = 4, .scatter_gather = true},
                          reports);
}

static void frames_outside_bounce_and_the_rest_does_not(void **state)
{
    struct op op;

    make_outside();
    assert_int_equal(begin(adapter, &op, &pages, 100, 15000, false), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_int_equal(statistics(adapter).bounced_bytes[0], 4096 + 15000 - (4096 - 400) - 2 * 4096);
    fill(bytes + 100, 15000, 8);
    assert_true(device_scatter(toy, op.list, bytes + 100));
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, pages.length);
    assert_memory_equal(seen, bytes, pages.length);
}

static void sd_05_a_waiter_that_the_iommu_refuses_keeps_its_place(void **state)
{
    struct op first, second, third;

    make_outside();
    assert_int_equal(begin(adapter, &first, &pages, 4096, 4 * 4096 - 300, true),
                     VPORT_OK); /* two bounced pages */
    assert_int_equal(begin(adapter, &second, &pages, 4096, 3 * 4096, true), VPORT_OK);
    assert_int_equal(begin(adapter, &third, &pages, 4096 - 300, 4096, true), VPORT_OK);
    assert_int_equal(first.calls + second.calls, 2);
    assert_int_equal(third.calls, 0);
    toy->iommu_failures = 1;
    assert_int_equal(vport_dma_unmap(adapter, first.list, true), VPORT_OK);
    assert_int_equal(third.calls, 0);
    assert_int_equal(vport_reports_count(reports, "SD-5"), 1);
    assert_int_equal(vport_dma_unmap(adapter, second.list, true), VPORT_OK);
    assert_int_equal(third.calls, 1);
    assert_int_equal(vport_dma_unmap(adapter, third.list, true), VPORT_OK);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_range_of_just_the_pages_touched),
        TEST(from_device_it_may_write),
        TEST(sg_a1_a_range_across_a_boundary_is_two_elements),
        TEST(ex_05_one_element_is_moved_behind_the_boundary),
        TEST(what_it_refuses_is_told_and_leaves_nothing),
        TEST(an_unmap_that_fails_is_reported),
        TEST(a_queued_request_is_mapped_before_it_is_accepted),
        TEST(frames_outside_bounce_and_the_rest_does_not),
        TEST(sd_05_a_waiter_that_the_iommu_refuses_keeps_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
