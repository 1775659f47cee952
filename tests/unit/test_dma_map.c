/* SPDX-License-Identifier: MIT */
/* Map and unmap without bouncing: what is refused, what the list says, what misuse leaves alone. */
#include "dma_test.h"

#include "base/arith.h"

#include <stdio.h>

enum { FRAMES = 64 };

static struct toy *toy;
static struct vport_reports *reports;
static struct vport_dma_adapter *adapter;
static struct vport_frame frames[FRAMES];
static struct vport_pages pages;

/* Twelve scattered pages, the buffer beginning 100 bytes into the first; a device that reaches
 * everything, 12 registers. */
static int set_up(void **state)
{
    struct toy_config config = {.low = 256, .direct_registers = 12};
    struct vport_dma_constraints constraints = limits(UINT64_MAX, true, 1000);

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    for (size_t i = 0; i < FRAMES; i++)
        frames[i] = toy_frame(toy, 10 + 2 * i);
    toy_pages(&pages, frames, 100, 12 * 4096 - 200);
    return 0;
}

static int tear_down(void **state)
{
    bool left = statistics(adapter).outstanding;

    vport_dma_adapter_destroy(adapter);
    vport_reports_destroy(reports);
    toy_destroy(toy);
    return left;
}

static void sd_09_offset_is_from_buffer_start(void **state)
{
    struct op op;

    assert_int_equal(begin(adapter, &op, &pages, 5000, 1000, true), VPORT_OK);
    assert_int_equal(op.list->count, 1);
    assert_int_equal(op.list->elements[0].address,
                     vport_frame_address(frames[1]) + 100 + 5000 - 4096);
    assert_int_equal(op.list->elements[0].length, 1000);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
}

static void sd_16_sg_05_elements_are_the_bytes_in_buffer_order(void **state)
{
    char bytes[12 * 4096], seen[12 * 4096];
    struct op op;

    fill(bytes, sizeof(bytes), 1);
    toy_store(toy, &pages, 0, bytes, pages.length);
    for (uint32_t offset = 0; offset < 9000; offset += 1111) {
        assert_int_equal(begin(adapter, &op, &pages, offset, 30000, true), VPORT_OK);
        assert_int_equal(list_bytes(op.list), 30000);
        assert_true(device_gather(toy, op.list, seen));
        assert_memory_equal(seen, bytes + offset, 30000);
        assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    }
}

static void sd_19_sd_20_the_callback_comes_once_with_its_words(void **state)
{
    struct op op = {.calls = 0};
    struct vport_dma_request request = {.pages = &pages,
                                        .length = 10,
                                        .ready = note,
                                        .user = {(uintptr_t)&op, 22, UINTPTR_MAX, 44}};

    assert_int_equal(vport_dma_map(adapter, &request), VPORT_OK);
    assert_int_equal(op.calls, 1);
    assert_int_equal(op.user[1], 22);
    assert_true(op.user[2] == UINTPTR_MAX);
    assert_int_equal(op.user[3], 44);
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
}

static enum vport_status try(uint32_t offset, uint32_t length)
{
    struct op op;
    enum vport_status status = begin(adapter, &op, &pages, offset, length, true);

    assert_int_equal(op.calls, status == VPORT_OK);
    if (status == VPORT_OK)
        vport_dma_unmap(adapter, op.list, true);
    return status;
}

static void sd_a3_sd_a4_sd_a5_ranges_outside_the_buffer(void **state)
{
    uint32_t length = (uint32_t)pages.length;

    assert_int_equal(try(0, length), VPORT_OK);
    assert_int_equal(try(length - 1, 1), VPORT_OK);
    assert_int_equal(try(length, 1), VPORT_E_RANGE);
    assert_int_equal(try(length + 1, 1), VPORT_E_RANGE);
    assert_int_equal(try(0, length + 1), VPORT_E_RANGE);
    assert_int_equal(try(1, length), VPORT_E_RANGE);
    assert_int_equal(try(UINT32_MAX, 2), VPORT_E_RANGE);
    assert_int_equal(try(2, UINT32_MAX), VPORT_E_RANGE);
    assert_int_equal(try(0, 0), VPORT_E_INVALID);
    assert_int_equal(try(length, 0), VPORT_E_INVALID);
    assert_int_equal(vport_pages_users(&pages), 0);
    assert_int_equal(statistics(adapter).outstanding, 0);
}

static void sd_a6_missing_arguments(void **state)
{
    struct vport_dma_request good = {.pages = &pages, .length = 10, .ready = note}, bad;

    assert_int_equal(vport_dma_map(NULL, &good), VPORT_E_INVALID);
    assert_int_equal(vport_dma_map(adapter, NULL), VPORT_E_INVALID);
    bad = good;
    bad.pages = NULL;
    assert_int_equal(vport_dma_map(adapter, &bad), VPORT_E_INVALID);
    bad = good;
    bad.ready = NULL;
    assert_int_equal(vport_dma_map(adapter, &bad), VPORT_E_INVALID);
    assert_int_equal(vport_dma_map((struct vport_dma_adapter *)&good, &good), VPORT_E_STATE);
    pages.locked = false;
    assert_int_equal(vport_dma_map(adapter, &good), VPORT_E_STATE);
}

static void mr_02_registers_are_pages_touched(void **state)
{
    toy_pages(&pages, frames, 100, 20 * 4096);
    assert_int_equal(try(0, 12 * 4096 - 100), VPORT_OK);            /* ends with the twelfth page */
    assert_int_equal(try(0, 12 * 4096 - 99), VPORT_E_NO_REGISTERS); /* a byte of the thirteenth */
    assert_int_equal(try(4096 - 100, 12 * 4096), VPORT_OK);         /* aligned: exactly twelve */
    assert_int_equal(try(4096 - 101, 11 * 4096 + 1), VPORT_OK); /* one byte, then eleven pages */
    assert_int_equal(try(4096 - 101, 11 * 4096 + 2), VPORT_E_NO_REGISTERS);
    assert_int_equal(vport_pages_users(&pages), 0);
}

static void lb_a4_users_are_operations_between_map_and_unmap(void **state)
{
    struct op first, second;

    assert_int_equal(begin(adapter, &first, &pages, 0, 10, true), VPORT_OK);
    assert_int_equal(begin(adapter, &second, &pages, 0, 10, false), VPORT_OK);
    assert_int_equal(vport_pages_users(&pages), 2);
    assert_int_equal(statistics(adapter).outstanding, 2);
    vport_dma_unmap(adapter, first.list, true);
    assert_int_equal(vport_pages_users(&pages), 1);
    vport_dma_unmap(adapter, second.list, false);
    assert_int_equal(vport_pages_users(&pages), 0);
}

static void cd_a1_another_direction_is_reported_and_the_recorded_one_used(void **state)
{
    struct op op;

    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    assert_int_equal(vport_reports_count(reports, "CD-A1"), 1);
    assert_int_equal(vport_reports_count(reports, NULL), 1);
}

static void cd_a2_lists_that_are_not_live_are_left_alone(void **state)
{
    char text[VPORT_REPORT_TEXT], rule[32];
    struct vport_dma_adapter *owner;
    struct vport_dma_list own = {0};
    struct op op;

    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    assert_true(vport_dma_list_owner(op.list, &owner));
    assert_ptr_equal(owner, adapter);
    assert_int_equal(vport_dma_unmap(adapter, (struct vport_dma_list *)((char *)op.list + 8), true),
                     VPORT_E_UNKNOWN);
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_OK);
    assert_false(vport_dma_list_owner(op.list, &owner));
    assert_int_equal(vport_dma_unmap(adapter, op.list, true), VPORT_E_UNKNOWN);
    assert_int_equal(vport_dma_unmap(adapter, NULL, true), VPORT_E_UNKNOWN);
    assert_int_equal(vport_dma_unmap(adapter, &own, true), VPORT_E_UNKNOWN);
    assert_int_equal(vport_dma_unmap(adapter, (void *)UINTPTR_MAX, true), VPORT_E_UNKNOWN);
    assert_int_equal(vport_reports_count(reports, "CD-A2"), 5);
    assert_int_equal(vport_reports_get(reports, 1, rule, sizeof(rule), text, sizeof(text)), 0);
    snprintf(rule, sizeof(rule), "%p", (void *)op.list);
    assert_non_null(strstr(text, rule));
    assert_int_equal(statistics(adapter).outstanding, 0);
}

static void cd_a3_another_adapter_is_reported_and_the_owner_used(void **state)
{
    struct vport_dma_constraints constraints = limits(UINT64_MAX, true, 1);
    struct vport_dma_adapter *other = toy_adapter(toy, &constraints, reports);
    struct op op;

    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    assert_int_equal(vport_dma_unmap(other, op.list, true), VPORT_OK);
    assert_int_equal(vport_reports_count(reports, "CD-A3"), 1);
    assert_int_equal(statistics(adapter).outstanding, 0);
    assert_int_equal(begin(adapter, &op, &pages, 0, 10, true), VPORT_OK);
    assert_int_equal(vport_dma_unmap(NULL, op.list, true), VPORT_OK);
    assert_int_equal(vport_reports_count(reports, "CD-A3"), 2);
    vport_dma_adapter_destroy(other);
}

static void sd_a9_several_operations_each_with_its_own_list(void **state)
{
    enum { COUNT = 200 };
    struct op ops[COUNT];

    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(begin(adapter, &ops[i], &pages, i * 10, 10, i % 2), VPORT_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(ops[i].list->elements[0].address,
                         vport_frame_address(frames[(100 + i * 10) / 4096]) +
                             (100 + i * 10) % 4096);
    assert_int_equal(statistics(adapter).outstanding, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(vport_dma_unmap(adapter, ops[(i * 77) % COUNT].list, (i * 77) % COUNT % 2),
                         VPORT_OK);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
}

static void a_driver_that_writes_into_its_list_harms_only_itself(void **state)
{
    struct op op;

    assert_int_equal(begin(adapter, &op, &pages, 0, 30000, false), VPORT_OK);
    for (uint32_t i = 0; i < op.list->count; i++)
        op.list->elements[i] = (struct vport_dma_element){UINT64_MAX, UINT32_MAX, UINTPTR_MAX};
    op.list->count = UINT32_MAX;
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
    assert_int_equal(begin(adapter, &op, &pages, 0, 30000, false), VPORT_OK);
    assert_int_equal(list_bytes(op.list), 30000);
    assert_int_equal(vport_dma_unmap(adapter, op.list, false), VPORT_OK);
}

static void statistics_tell_directions_apart(void **state)
{
    struct vport_dma_statistics values;
    struct op op;

    for (int i = 0; i < 3; i++) {
        begin(adapter, &op, &pages, 0, 8192, true);
        vport_dma_unmap(adapter, op.list, true);
    }
    begin(adapter, &op, &pages, 0, 100, false);
    values = statistics(adapter);
    assert_int_equal(values.operations[1], 3);
    assert_int_equal(values.elements[1], 9);
    assert_int_equal(values.bytes[1], 3 * 8192);
    assert_int_equal(values.operations[0], 1);
    assert_int_equal(values.elements[0], 1);
    assert_int_equal(values.bytes[0], 100);
    assert_int_equal(values.outstanding, 1);
    assert_int_equal(
        values.bounced_bytes[0] + values.bounced_bytes[1] + values.queued[0] + values.queued[1], 0);
    assert_int_equal(values.registers, 12);
    vport_dma_unmap(adapter, op.list, false);
}

static char lines[32][128];
static unsigned line_count;

static void keep_line(void *context, const char *line)
{
    if (line_count < 32)
        snprintf(lines[line_count++], sizeof(lines[0]), "%s", line);
}

static void the_trace_tells_the_story_without_host_addresses(void **state)
{
    static const char *const story[] = {
        "adapter 1 create registers=4 reach=0xffffffff max_length=4096",
        "adapter 1 map op=1 length=5000 to_device=1",
        "op 1 element=0 address=0x10a064 length=3996",
        "op 1 element=1 address=0x10c000 length=1004",
        "adapter 1 ready op=1 elements=2 bounced=0",
        "adapter 1 unmap op=1 length=5000 to_device=1",
        "adapter 1 destroy outstanding=0",
    };
    struct vport_trace *trace = vport_trace_create();
    struct vport_dma_adapter_config config = {
        .platform = &toy->platform, .constraints = limits(0xffffffff, true, 4), .trace = trace};
    struct vport_dma_adapter *traced;
    struct op op;

    config.constraints.max_length = 4096;
    line_count = 0;
    vport_trace_set_sink(trace, keep_line, NULL);
    assert_int_equal(vport_dma_adapter_create(&config, &traced), VPORT_OK);
    assert_int_equal(begin(traced, &op, &pages, 0, 5000, true), VPORT_OK);
    assert_int_equal(vport_dma_unmap(traced, op.list, true), VPORT_OK);
    vport_dma_adapter_destroy(traced);
    assert_int_equal(line_count, VPORT_ARRAY_SIZE(story));
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(story); i++)
        assert_string_equal(lines[i], story[i]);
    vport_trace_destroy(trace);
}

/* Larger than any size class of blocks. */
static void a_very_long_list(void **state)
{
    enum { PAGES = 70000 };
    struct vport_dma_constraints constraints = limits(UINT64_MAX, true, PAGES);
    struct vport_frame *many = calloc(PAGES, sizeof(*many));
    struct vport_dma_adapter *large;
    struct op op;

    toy->platform.direct_registers = PAGES;
    large = toy_adapter(toy, &constraints, reports);
    for (size_t i = 0; i < PAGES; i++)
        many[i].number = 1 + 2 * i; /* nobody looks at the bytes */
    toy_pages(&pages, many, 0, PAGES * 4096ul);
    assert_int_equal(begin(large, &op, &pages, 0, PAGES * 4096u, true), VPORT_OK);
    assert_int_equal(op.list->count, PAGES);
    assert_int_equal(op.list->elements[PAGES - 1].address, (2 * PAGES - 1) * 4096ul);
    assert_int_equal(vport_dma_unmap(large, op.list, true), VPORT_OK);
    assert_int_equal(vport_dma_unmap(large, op.list, true), VPORT_E_UNKNOWN);
    vport_dma_adapter_destroy(large);
    free(many);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sd_09_offset_is_from_buffer_start),
        TEST(sd_16_sg_05_elements_are_the_bytes_in_buffer_order),
        TEST(sd_19_sd_20_the_callback_comes_once_with_its_words),
        TEST(sd_a3_sd_a4_sd_a5_ranges_outside_the_buffer),
        TEST(sd_a6_missing_arguments),
        TEST(mr_02_registers_are_pages_touched),
        TEST(lb_a4_users_are_operations_between_map_and_unmap),
        TEST(cd_a1_another_direction_is_reported_and_the_recorded_one_used),
        TEST(cd_a2_lists_that_are_not_live_are_left_alone),
        TEST(cd_a3_another_adapter_is_reported_and_the_owner_used),
        TEST(sd_a9_several_operations_each_with_its_own_list),
        TEST(a_driver_that_writes_into_its_list_harms_only_itself),
        TEST(statistics_tell_directions_apart),
        TEST(the_trace_tells_the_story_without_host_addresses),
        TEST(a_very_long_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
