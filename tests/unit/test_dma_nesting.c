/* SPDX-License-Identifier: MIT */
/* Calls from inside the callback: ending the operation, starting the next, for as long as one
 * likes. */
#include "dma_test.h"

enum { CHAIN = 100000 };

static struct toy *toy;
static struct vport_dma_adapter *adapter;
static struct vport_frame frames[4];
static struct vport_pages pages;
static unsigned started, ended, depth, deepest, order[64], ordered;
static char *stack_top;
static size_t stack_most;

static void make(uint32_t registers, bool out_of_reach)
{
    struct toy_config config = {.low = 64, .high = 16};
    struct vport_dma_constraints constraints = limits(0xffffffff, true, registers);

    toy = toy_create(&config);
    adapter = toy_adapter(toy, &constraints, NULL);
    for (size_t i = 0; i < 4; i++)
        frames[i] = toy_frame(toy, out_of_reach ? 64 + i : 40 + i);
    toy_pages(&pages, frames, 0, 4 * 4096);
    started = ended = depth = deepest = ordered = 0;
    stack_top = NULL;
    stack_most = 0;
}

static int tear_down(void **state)
{
    bool left =
        vport_pages_users(&pages) || statistics(adapter).outstanding || statistics(adapter).waiting;

    vport_dma_adapter_destroy(adapter);
    toy_destroy(toy);
    return left;
}

static void enter(void)
{
    char here;
    size_t used = stack_top ? (size_t)(stack_top - &here) : 0;

    if (!stack_top)
        stack_top = &here;
    if (used < SIZE_MAX / 2 && used > stack_most)
        stack_most = used;
    if (++depth > deepest)
        deepest = depth;
}

static enum vport_status map(vport_dma_ready *ready, uintptr_t word)
{
    struct vport_dma_request request = {
        .pages = &pages, .length = 4096, .to_device = true, .ready = ready, .user = {word}};

    started++;
    return vport_dma_map(adapter, &request);
}

static void finish(struct vport_dma_list *list)
{
    assert_int_equal(vport_dma_unmap(adapter, list, true), VPORT_OK);
    ended++;
}

static void VPORT_DRIVER_CALL finish_then_next(const uintptr_t *user, struct vport_dma_list *list)
{
    enter();
    finish(list);
    if (started < CHAIN)
        assert_int_equal(map(finish_then_next, 0), VPORT_OK);
    depth--;
}

static void VPORT_DRIVER_CALL next_then_finish(const uintptr_t *user, struct vport_dma_list *list)
{
    enter();
    if (started < CHAIN)
        assert_int_equal(map(next_then_finish, 0), VPORT_OK);
    finish(list);
    depth--;
}

static void run_chain(vport_dma_ready *ready)
{
    assert_int_equal(map(ready, 0), VPORT_OK);
    assert_int_equal(started, CHAIN);
    assert_int_equal(ended, CHAIN); /* all of it by the time that the outermost call returns */
    assert_true(deepest <= 5);
    assert_true(stack_most < 64 * 1024);
}

static void sd_a10_sd_a11_a_synchronous_device_may_chain_for_ever(void **state)
{
    make(4, false);
    run_chain(finish_then_next);
}

static void sd_a10_starting_the_next_before_ending_this(void **state)
{
    make(4, false);
    run_chain(next_then_finish);
}

static void a_chain_that_bounces(void **state)
{
    make(4, true);
    run_chain(finish_then_next);
}

/* One register: every next one waits, and is run by the unmap of the one before. */
static void a_chain_in_which_everybody_waits(void **state)
{
    make(1, true);
    run_chain(next_then_finish);
}

static void VPORT_DRIVER_CALL only_finish(const uintptr_t *user, struct vport_dma_list *list)
{
    enter();
    order[ordered++ % 64] = (unsigned)user[0];
    finish(list);
    depth--;
}

/* Many are waiting when the first ends: each one's unmap runs the next. */
static void a_long_queue_of_synchronous_operations(void **state)
{
    struct op first;

    make(1, true);
    assert_int_equal(begin(adapter, &first, &pages, 0, 10, true), VPORT_OK);
    for (unsigned i = 0; i < CHAIN; i++)
        assert_int_equal(map(only_finish, i), VPORT_OK);
    assert_int_equal(ended, 0);
    finish(first.list);
    assert_int_equal(ended, CHAIN + 1);
    assert_true(deepest <= 5);
    assert_true(stack_most < 64 * 1024);
}

/* Goes four deep, and asks for one more (50 + depth) at every depth on the way back. */
static void VPORT_DRIVER_CALL dive_and_ask(const uintptr_t *user, struct vport_dma_list *list)
{
    uintptr_t word = user[0];

    enter();
    order[ordered++] = (unsigned)word;
    finish(list);
    if (word < 4)
        assert_int_equal(map(dive_and_ask, word + 1), VPORT_OK);
    assert_int_equal(map(only_finish, 50 + word), VPORT_OK);
    depth--;
}

/* 54 is put off; 53, 52, 51 would not have to be, but came later. */
static void callbacks_put_off_keep_their_order(void **state)
{
    static const unsigned expected[] = {1, 2, 3, 4, 54, 53, 52, 51};

    make(4, false);
    assert_int_equal(map(dive_and_ask, 1), VPORT_OK);
    assert_int_equal(ordered, sizeof(expected) / sizeof(expected[0]));
    assert_memory_equal(order, expected, sizeof(expected));
}

/* Five deep: the fifth is put off until the first has returned, and the four above it are not. */
static void VPORT_DRIVER_CALL dive(const uintptr_t *user, struct vport_dma_list *list)
{
    enter();
    order[ordered++] = (unsigned)user[0];
    if (user[0] < 6)
        assert_int_equal(map(dive, user[0] + 1), VPORT_OK);
    order[ordered++] = 100 + (unsigned)user[0];
    finish(list);
    depth--;
}

static void nesting_is_put_off_below_four(void **state)
{
    static const unsigned expected[] = {1, 2, 3, 4, 104, 103, 102, 101, 5, 6, 106, 105};

    make(4, false);
    assert_int_equal(map(dive, 1), VPORT_OK);
    assert_int_equal(ordered, sizeof(expected) / sizeof(expected[0]));
    assert_memory_equal(order, expected, sizeof(expected));
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sd_a10_sd_a11_a_synchronous_device_may_chain_for_ever),
        TEST(sd_a10_starting_the_next_before_ending_this),
        TEST(a_chain_that_bounces),
        TEST(a_chain_in_which_everybody_waits),
        TEST(a_long_queue_of_synchronous_operations),
        TEST(callbacks_put_off_keep_their_order),
        TEST(nesting_is_put_off_below_four),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
