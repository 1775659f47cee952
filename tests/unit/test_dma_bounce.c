/* SPDX-License-Identifier: MIT */
/* Bouncing: which pages do, what the device sees, what comes back, caches. */
#include "dma_test.h"

enum { LOW = 80, HIGH = 80, LENGTH = 6 * 4096 };

static struct toy *toy;
static struct vport_reports *reports;
static struct vport_dma_adapter *adapter;
static struct vport_frame frames[64];
static struct vport_pages pages;
static char bytes[64 * 4096], seen[64 * 4096];

static void make(bool incoherent, uint64_t reach, bool scatter_gather, uint32_t registers)
{
    struct toy_config config = {
        .low = LOW, .high = HIGH, .incoherent = incoherent, .bounce_registers = 16};
    struct vport_dma_constraints constraints = limits(reach, scatter_gather, registers);

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
}

static int tear_down(void **state)
{
    struct vport_dma_statistics left = vport_dma_adapter_destroy(adapter);
    bool leak = left.outstanding || toy->frames_in_use || toy->faults;

    vport_reports_destroy(reports);
    toy_destroy(toy);
    return leak;
}

/* Frames of the buffer: L from the low zone (from 40 on, behind the bounce pages), H from the high
 * one. */
static void buffer(const char *zones, uint32_t offset)
{
    size_t count = strlen(zones);

    for (size_t i = 0; i < count; i++)
        frames[i] = toy_frame(toy, zones[i] == 'L' ? 40 + i : LOW + i);
    toy_pages(&pages, frames, offset, count * 4096 - offset);
    fill(bytes, pages.length, offset);
    toy_store(toy, &pages, 0, bytes, pages.length);
    toy_flush(toy, &pages);
}

static void mr_05_mr_06_only_pages_out_of_reach_bounce(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 16);
    buffer("LHLLHHL", 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 7 * 4096, true), VPORT_OK);
    for (uint32_t i = 0; i < op.list->count; i++)
        assert_true(op.list->elements[i].address + op.list->elements[i].length - 1 <= 0xffffffff);
    assert_int_equal(op.list->count, 5);
    assert_int_equal(op.list->elements[0].address, vport_frame_address(frames[0]));
    assert_int_equal(op.list->elements[2].address, vport_frame_address(frames[2]));
    assert_int_equal(op.list->elements[2].length, 2 * 4096);
    assert_int_equal(op.list->elements[3].length,
                     2 * 4096); /* neighbours in one run of registers */
    assert_true(device_gather(toy, op.list, seen));
    assert_memory_equal(seen, bytes, 7 * 4096);
    assert_int_equal(statistics(adapter).bounced_bytes[1], 3 * 4096);
    assert_int_equal(statistics(adapter).high_water, 3);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void mr_a1_everyone_is_held_to_the_grant(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 4);
    buffer("LLLLLL", 0);
    assert_int_equal(vport_dma_adapter_constraints(adapter)->registers, 4);
    assert_int_equal(begin(adapter, &op, &pages, 0, 4 * 4096 + 1, true), VPORT_E_NO_REGISTERS);
    assert_int_equal(begin(adapter, &op, &pages, 0, 4 * 4096, true), VPORT_OK);
    assert_int_equal(statistics(adapter).high_water, 0); /* and takes none that it does not need */
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void mr_16_data_comes_back_at_unmap_and_not_before(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 16);
    buffer("HH", 10);
    assert_int_equal(begin(adapter, &op, &pages, 5, 5000, false), VPORT_OK);
    fill(seen, 5000, 99);
    assert_true(device_scatter(toy, op.list, seen));
    toy_fetch(toy, &pages, 5, seen, 5000);
    assert_memory_equal(seen, bytes + 5, 5000);
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    fill(bytes + 5, 5000, 99);
    toy_fetch(toy, &pages, 0, seen, pages.length);
    assert_memory_equal(seen, bytes,
                        pages.length); /* CD-10: nothing outside the range has changed */
}

static void cd_10_bytes_written_meanwhile_next_to_the_range_survive(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 16);
    buffer("HHH", 100);
    assert_int_equal(begin(adapter, &op, &pages, 50, 8000, false), VPORT_OK);
    fill(bytes, 50, 3);
    fill(bytes + 8050, 500, 4);
    toy_store(toy, &pages, 0, bytes, 50);
    toy_store(toy, &pages, 8050, bytes + 8050, 500);
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, pages.length);
    assert_memory_equal(seen, bytes, pages.length);
}

static void mr_a2_what_the_device_does_not_write_stays(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 16);
    buffer("HH", 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 8192, false), VPORT_OK);
    fill(bytes, 100, 7);
    assert_true(toy_device_write(toy, op.list->elements[0].address, bytes, 100));
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, 8192);
    assert_memory_equal(seen, bytes, 8192);
}

static void nothing_is_copied_back_after_a_transfer_to_the_device(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 16);
    buffer("HH", 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 8192, true), VPORT_OK);
    fill(bytes, 8192, 8);
    toy_store(toy, &pages, 0, bytes, 8192); /* the buffer is the CPU's again, says the driver */
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, 8192);
    assert_memory_equal(seen, bytes, 8192);
}

static void ex_05_mr_04_without_scatter_gather_there_is_one_element(void **state)
{
    struct op op;

    make(false, 0xffffffff, false, 16);
    buffer("LHLH", 77);
    assert_int_equal(begin(adapter, &op, &pages, 11, 12000, true), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_int_equal(op.list->elements[0].length, 12000);
    assert_int_equal(op.list->elements[0].address % 4096, 88);
    assert_true(device_gather(toy, op.list, seen));
    assert_memory_equal(seen, bytes + 11, 12000);
    assert_int_equal(statistics(adapter).high_water, 3);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    assert_int_equal(begin(adapter, &op, &pages, 11, 12000, false), VPORT_OK);
    fill(bytes + 11, 12000, 5);
    assert_true(device_scatter(toy, op.list, bytes + 11));
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, pages.length);
    assert_memory_equal(seen, bytes, pages.length);
}

static void contiguous_memory_in_reach_needs_no_register_even_then(void **state)
{
    struct op op;

    make(false, 0xffffffff, false, 16);
    buffer("LLLL", 0);
    assert_int_equal(begin(adapter, &op, &pages, 1, 4 * 4096 - 1, true), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_int_equal(op.list->elements[0].address, vport_frame_address(frames[0]) + 1);
    assert_int_equal(statistics(adapter).high_water, 0);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    buffer("HHHH", 0); /* contiguous, but out of reach */
    assert_int_equal(begin(adapter, &op, &pages, 0, 4 * 4096, true), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_int_equal(statistics(adapter).high_water, 4);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void sg_a1_one_element_does_not_cross_a_boundary(void **state)
{
    struct toy_config config = {.low = 160, .low_first = 0x105, .bounce_registers = 64};
    struct vport_dma_constraints constraints = limits(UINT64_MAX, false, 64);
    struct op op;

    constraints.boundary = 16 * 4096;
    toy = toy_create(&config); /* the bounce pages begin 5 frames after a boundary */
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    assert_int_equal(vport_dma_adapter_constraints(adapter)->registers,
                     11); /* up to the next one */
    for (uint32_t first = 100; first < 130; first++) {
        for (size_t i = 0; i < 6; i++)
            frames[i] = toy_frame(toy, first + i);
        toy_pages(&pages, frames, 0, 6 * 4096);
        assert_int_equal(begin(adapter, &op, &pages, 0, 6 * 4096, true), VPORT_OK);
        assert_int_equal(op.list->count, 1);
        assert_int_equal(op.list->elements[0].address / (16 * 4096),
                         (op.list->elements[0].address + 6 * 4096 - 1) / (16 * 4096));
        assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    }
    assert_true(statistics(adapter).bounced_bytes[1] > 0);
    assert_true(statistics(adapter).bounced_bytes[1] < 30 * 6 * 4096);
}

/* With few free pages before it, the part after the boundary is the larger. */
static void bounce_pages_after_a_boundary_are_used_if_they_are_more(void **state)
{
    struct toy_config config = {.low = 160, .low_first = 0x10e, .bounce_registers = 16};
    struct vport_dma_constraints constraints = limits(UINT64_MAX, false, 16);
    struct op op;

    constraints.boundary = 16 * 4096;
    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    assert_int_equal(vport_dma_adapter_constraints(adapter)->registers, 14);
    for (size_t i = 0; i < 14; i++)
        frames[i] = toy_frame(toy, 100 - 2 * i);
    toy_pages(&pages, frames, 0, 14 * 4096);
    assert_int_equal(begin(adapter, &op, &pages, 0, 14 * 4096, true), VPORT_OK);
    assert_int_equal(op.list->elements[0].address, 0x110 * 4096);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void cd_09_an_incoherent_device_sees_what_was_copied_in(void **state)
{
    struct op op;

    make(true, 0xffffffff, true, 16);
    buffer("HLH", 200);
    assert_int_equal(begin(adapter, &op, &pages, 0, 10000, true), VPORT_OK);
    assert_true(device_gather(toy, op.list, seen));
    assert_memory_equal(seen, bytes, 10000);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void cd_02_after_unmap_the_cpu_sees_what_an_incoherent_device_wrote(void **state)
{
    struct op op;

    make(true, 0xffffffff, true, 16);
    buffer("HLH", 200);
    assert_int_equal(begin(adapter, &op, &pages, 3, 10000, false), VPORT_OK);
    fill(bytes + 3, 5000, 13); /* a short write: the rest stays as it was */
    assert_int_equal(op.list->count, 3);
    assert_true(toy_device_write(toy, op.list->elements[0].address, bytes + 3,
                                 op.list->elements[0].length));
    assert_true(toy_device_write(toy, op.list->elements[1].address,
                                 bytes + 3 + op.list->elements[0].length,
                                 5000 - op.list->elements[0].length));
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    toy_fetch(toy, &pages, 0, seen, pages.length);
    assert_memory_equal(seen, bytes, pages.length);
}

static void mr_15_dma_syncs_to_the_device_only_what_it_wrote_itself(void **state)
{
    struct op op;

    make(true, 0xffffffff, true, 16);
    buffer("LLL", 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 3 * 4096, true), VPORT_OK);
    assert_int_equal(toy->synced_pages, 0);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    buffer("LHLHH", 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 5 * 4096, true), VPORT_OK);
    assert_int_equal(toy->synced_pages, 3);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void frames_above_the_platforms_highest_bounce_for_every_reach(void **state)
{
    struct op op;

    make(false, UINT64_MAX, true, 16);
    vport_dma_adapter_destroy(adapter);
    toy->platform.outside = true;
    toy->platform.highest = 0xffffffff;
    adapter = toy_adapter(toy,
                          &(struct vport_dma_constraints){
                              .reach = UINT64_MAX, .registers = 16, .scatter_gather = true},
                          reports);
    buffer("LHL", 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 3 * 4096, true), VPORT_OK);
    assert_int_equal(statistics(adapter).bounced_bytes[1], 4096);
    assert_true(op.list->elements[1].address <= 0xffffffff);
    assert_true(device_gather(toy, op.list, seen));
    assert_memory_equal(seen, bytes, 3 * 4096);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

/* Buffers this large are copied out past the caches, in every alignment. */
static void streamed_copies_are_the_same_bytes(void **state)
{
    struct op op;

    make(false, 0xffffffff, true, 16);
    for (uint32_t offset = 0; offset < 130; offset += 13) {
        buffer("HHHHHH", offset);
        pages.length = 16 << 20; /* as far as anybody looks */
        assert_int_equal(begin(adapter, &op, &pages, offset % 7, 5 * 4096 + 77 - offset, false),
                         VPORT_OK);
        fill(bytes + offset % 7, 5 * 4096 + 77 - offset, offset + 1);
        assert_true(device_scatter(toy, op.list, bytes + offset % 7));
        assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
        toy_fetch(toy, &pages, 0, seen, LENGTH - offset);
        assert_memory_equal(seen, bytes, LENGTH - offset);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mr_05_mr_06_only_pages_out_of_reach_bounce),
        TEST(mr_a1_everyone_is_held_to_the_grant),
        TEST(mr_16_data_comes_back_at_unmap_and_not_before),
        TEST(cd_10_bytes_written_meanwhile_next_to_the_range_survive),
        TEST(mr_a2_what_the_device_does_not_write_stays),
        TEST(nothing_is_copied_back_after_a_transfer_to_the_device),
        TEST(ex_05_mr_04_without_scatter_gather_there_is_one_element),
        TEST(contiguous_memory_in_reach_needs_no_register_even_then),
        TEST(sg_a1_one_element_does_not_cross_a_boundary),
        TEST(bounce_pages_after_a_boundary_are_used_if_they_are_more),
        TEST(cd_09_an_incoherent_device_sees_what_was_copied_in),
        TEST(cd_02_after_unmap_the_cpu_sees_what_an_incoherent_device_wrote),
        TEST(mr_15_dma_syncs_to_the_device_only_what_it_wrote_itself),
        TEST(frames_above_the_platforms_highest_bounce_for_every_reach),
        TEST(streamed_copies_are_the_same_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
