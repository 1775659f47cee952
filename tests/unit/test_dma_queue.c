/* SPDX-License-Identifier: MIT */
/* Waiting for map registers: who waits, in which order they go ahead, and who is not held up. */
#include "dma_test.h"

enum { OPS = 64 };

static struct toy *toy;
static struct vport_reports *reports;
static struct vport_dma_adapter *adapter;
static struct vport_frame frames[32], low_frames[32];
static struct vport_pages pages, low_pages; /* out of reach; in reach */
static struct op ops[OPS];
static unsigned kicks;

static void make(bool scatter_gather, uint32_t registers, bool queue_always)
{
    struct toy_config config = {.low = 200, .high = 100, .queue_always = queue_always};
    struct vport_dma_constraints constraints = limits(0xffffffff, scatter_gather, registers);

    toy = toy_create(&config);
    reports = vport_reports_create(NULL, NULL);
    adapter = toy_adapter(toy, &constraints, reports);
    for (size_t i = 0; i < 32; i++) {
        frames[i] = toy_frame(toy, 200 + 2 * i);
        low_frames[i] = toy_frame(toy, 100 + i);
    }
    toy_pages(&pages, frames, 0, sizeof(frames) / sizeof(frames[0]) * 4096);
    toy_pages(&low_pages, low_frames, 0, sizeof(frames) / sizeof(frames[0]) * 4096);
    kicks = 0;
}

static int tear_down(void **state)
{
    bool left = vport_pages_users(&pages) || vport_pages_users(&low_pages);

    vport_dma_adapter_destroy(adapter);
    left |= toy->frames_in_use != 0;
    vport_reports_destroy(reports);
    toy_destroy(toy);
    return left;
}

static void start(unsigned index, uint32_t page_count)
{
    assert_int_equal(begin(adapter, &ops[index], &pages, 0, page_count * 4096, true), VPORT_OK);
}

static void end(unsigned index)
{
    assert_int_equal(ops[index].calls, 1);
    assert_int_equal(vport_dma_unmap(adapter, ops[index].list, true), VPORT_OK);
}

static void sd_05_sd_a2_a_request_waits_and_is_called_by_the_unmap_that_frees(void **state)
{
    make(true, 4, false);
    start(0, 3);
    assert_int_equal(ops[0].calls, 1);
    start(1, 2);
    assert_int_equal(ops[1].calls, 0);
    assert_int_equal(statistics(adapter).waiting, 1);
    assert_int_equal(statistics(adapter).outstanding, 1);
    assert_int_equal(statistics(adapter).queued[1], 1);
    assert_int_equal(vport_pages_users(&pages), 2);
    end(0);
    assert_int_equal(ops[1].calls, 1);
    assert_int_equal(statistics(adapter).waiting, 0);
    end(1);
}

static void sd_a9_waiters_go_ahead_in_the_order_they_came(void **state)
{
    make(true, 4, false);
    start(0, 4);
    for (unsigned i = 1; i <= 6; i++)
        start(i, 1 + i % 3);
    end(0); /* 2 + ... : ops 1 (2 pages), then op 2 needs 3 */
    assert_int_equal(ops[1].calls, 1);
    assert_int_equal(ops[2].calls, 0);
    assert_int_equal(ops[3].calls, 0); /* would fit, but came later */
    end(1);
    assert_int_equal(ops[2].calls + ops[3].calls, 2);
    assert_int_equal(ops[4].calls, 0);
    for (unsigned i = 2; i <= 6; i++)
        end(i);
}

static void a_newcomer_does_not_overtake(void **state)
{
    make(true, 4, false);
    start(0, 3);
    start(1, 2); /* waits: one is free */
    start(2, 1); /* would fit */
    assert_int_equal(ops[2].calls, 0);
    end(0);
    assert_int_equal(ops[1].calls, 1);
    assert_int_equal(ops[2].calls, 1);
    end(1);
    end(2);
}

static void who_needs_no_register_is_not_held_up(void **state)
{
    make(true, 4, false);
    start(0, 4);
    start(1, 4);
    assert_int_equal(ops[1].calls, 0);
    assert_int_equal(begin(adapter, &ops[2], &low_pages, 0, 4 * 4096, true), VPORT_OK);
    assert_int_equal(ops[2].calls, 1);
    end(2);
    assert_int_equal(ops[1].calls, 0);
    end(0);
    end(1);
}

static void adapters_do_not_wait_for_each_other(void **state)
{
    struct vport_dma_constraints constraints = limits(0xffffffff, true, 4);
    struct vport_dma_adapter *other;
    struct op op;

    make(true, 4, false);
    other = toy_adapter(toy, &constraints, reports);
    start(0, 4);
    start(1, 4);
    assert_int_equal(begin(other, &op, &pages, 0, 4 * 4096, true), VPORT_OK);
    assert_int_equal(op.calls, 1);
    vport_dma_unmap(other, op.list, true);
    assert_int_equal(ops[1].calls, 0);
    vport_dma_adapter_destroy(other);
    end(0);
    end(1);
}

/* A device without scatter/gather waits for a run, not for a number. */
static void one_element_waits_for_adjacent_registers(void **state)
{
    make(false, 5, false);
    for (unsigned i = 0; i < 5; i++)
        start(i, 1);
    start(5, 2);
    end(0);
    assert_int_equal(ops[5].calls, 0);
    end(2);
    assert_int_equal(ops[5].calls, 0); /* two are free, apart */
    end(1);
    assert_int_equal(ops[5].calls, 1);
    assert_int_equal(ops[5].list->count, 1);
    end(3);
    end(4);
    end(5);
}

static void pieces_are_enough_with_scatter_gather(void **state)
{
    make(true, 5, false);
    for (unsigned i = 0; i < 5; i++)
        start(i, 1);
    start(5, 2);
    end(0);
    assert_int_equal(ops[5].calls, 0);
    end(2);
    assert_int_equal(ops[5].calls, 1);
    assert_int_equal(ops[5].list->count, 2);
    end(1);
    end(3);
    end(4);
    end(5);
}

/* What waits is a copy: the caller's request may be gone by then. */
static void the_request_may_go_out_of_scope(void **state)
{
    char data[4096], seen[4096];
    struct vport_dma_request *request = malloc(sizeof(*request));

    make(true, 1, false);
    fill(data, 4096, 5);
    toy_store(toy, &pages, 4096, data, 4096);
    start(0, 1);
    ops[1] = (struct op){.calls = 0};
    *request = (struct vport_dma_request){.pages = &pages,
                                          .offset = 4096 + 6,
                                          .length = 3000,
                                          .to_device = true,
                                          .ready = note,
                                          .user = {(uintptr_t)&ops[1], 2, 3, 4}};
    assert_int_equal(vport_dma_map(adapter, request), VPORT_OK);
    memset(request, 0xff, sizeof(*request));
    free(request);
    end(0);
    assert_int_equal(ops[1].user[3], 4);
    assert_int_equal(list_bytes(ops[1].list), 3000);
    assert_true(device_gather(toy, ops[1].list, seen));
    assert_memory_equal(seen, data + 6, 3000);
    end(1);
}

/* The bytes are copied in when the registers are had, not when the request is made. */
static void a_waiter_is_not_touched_before_its_turn(void **state)
{
    char data[4096], seen[4096];

    make(true, 1, false);
    start(0, 1);
    start(1, 1);
    fill(data, 4096, 6);
    toy_store(toy, &pages, 0, data, 4096);
    end(0);
    assert_true(device_gather(toy, ops[1].list, seen));
    assert_memory_equal(seen, data, 4096);
    end(1);
}

static void unmapping_a_waiter_by_guess_is_refused(void **state)
{
    struct vport_dma_list *list;

    make(true, 1, false);
    start(0, 1);
    list = ops[0].list;
    end(0);
    start(0, 1);
    start(1, 1);
    /* The waiter's block: the next one down the stack, or any other that is not a live list. */
    for (intptr_t by = -100000; by < 100000; by += 8)
        if ((uintptr_t)list + (uintptr_t)by != (uintptr_t)ops[0].list)
            assert_int_equal(
                vport_dma_unmap(adapter, (void *)((uintptr_t)list + (uintptr_t)by), true),
                VPORT_E_UNKNOWN);
    assert_int_equal(statistics(adapter).waiting, 1);
    end(0);
    end(1);
}

static void ga_a4_waiters_are_dropped_without_a_callback(void **state)
{
    struct vport_dma_statistics left;

    make(true, 1, false);
    start(0, 1);
    start(1, 1);
    start(2, 1);
    left = vport_dma_adapter_destroy(adapter);
    assert_int_equal(left.outstanding, 1);
    assert_int_equal(left.waiting, 2);
    assert_int_equal(vport_reports_count(reports, "GA-A4"), 1);
    assert_int_equal(vport_pages_users(&pages), 1);
    end(0);
    assert_int_equal(ops[1].calls + ops[2].calls, 0);
    assert_int_equal(vport_pages_users(&pages), 0);
}

/* ---- queue_always ---- */

static void kick(void *context, struct vport_dma_adapter *kicked)
{
    assert_ptr_equal(context, &kicks);
    kicks++;
}

static void make_queueing(void)
{
    struct vport_dma_adapter_config config = {
        .constraints = limits(0xffffffff, true, 4), .kick = kick, .context = &kicks};

    make(true, 4, true);
    vport_dma_adapter_destroy(adapter);
    config.platform = &toy->platform;
    config.reports = reports;
    assert_int_equal(vport_dma_adapter_create(&config, &adapter), VPORT_OK);
}

static void sd_a2_every_request_can_be_made_to_wait(void **state)
{
    make_queueing();
    start(0, 2);
    assert_int_equal(begin(adapter, &ops[1], &low_pages, 0, 4096, false), VPORT_OK);
    assert_int_equal(ops[0].calls + ops[1].calls, 0);
    assert_int_equal(kicks, 2);
    assert_int_equal(statistics(adapter).waiting, 2);
    assert_int_equal(statistics(adapter).queued[0], 1);
    assert_int_equal(statistics(adapter).queued[1], 1);
    vport_dma_adapter_dispatch(adapter);
    assert_int_equal(ops[0].calls, 1);
    assert_int_equal(ops[1].calls, 1);
    assert_int_equal(vport_dma_unmap(adapter, ops[1].list, false), VPORT_OK);
    end(0);
}

static void queueing_everybody_keeps_the_order_for_registers(void **state)
{
    make_queueing();
    start(0, 3);
    start(1, 3);
    start(2, 1);
    vport_dma_adapter_dispatch(adapter);
    assert_int_equal(ops[0].calls, 1);
    assert_int_equal(ops[1].calls + ops[2].calls, 0);
    end(0);
    assert_int_equal(ops[1].calls, 1);
    assert_int_equal(ops[2].calls, 1);
    end(1);
    end(2);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sd_05_sd_a2_a_request_waits_and_is_called_by_the_unmap_that_frees),
        TEST(sd_a9_waiters_go_ahead_in_the_order_they_came),
        TEST(a_newcomer_does_not_overtake),
        TEST(who_needs_no_register_is_not_held_up),
        TEST(adapters_do_not_wait_for_each_other),
        TEST(one_element_waits_for_adjacent_registers),
        TEST(pieces_are_enough_with_scatter_gather),
        TEST(the_request_may_go_out_of_scope),
        TEST(a_waiter_is_not_touched_before_its_turn),
        TEST(unmapping_a_waiter_by_guess_is_refused),
        TEST(ga_a4_waiters_are_dropped_without_a_callback),
        TEST(sd_a2_every_request_can_be_made_to_wait),
        TEST(queueing_everybody_keeps_the_order_for_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
