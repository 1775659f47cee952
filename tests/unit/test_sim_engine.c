/* SPDX-License-Identifier: MIT */
/* The simulated display adapter's DMA engine against its data sheet: moves, lists, errors, time. */
#include "sim_card.h"

/* ---- The engine: one address and length -------------------------------------------------- */

static void single_command_moves_bytes_to_video_memory(void **state)
{
    struct card card;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 300000);
    struct command command = {buffer_address(&card, 5), 200001, 0, 77, 0, 0, 0, 0};
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    assert_int_equal(reg(&card, SIM_REG_DMA_DONE), 200001);
    assert_memory_equal(card.video + 77, card.memory + 5, 200001);
    assert_int_equal(card.video[76], 0);
    assert_int_equal(card.video[77 + 200001], 0);
    card_destroy(&card);
}

static void single_command_moves_bytes_from_video_memory(void **state)
{
    struct card card;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 300000);
    memset(card.memory, 0, card.length);
    for (unsigned i = 0; i < MIB(1); i++)
        card.video[i] = (uint8_t)(i * 3 + (i >> 9));
    struct command command = {buffer_address(&card, 4093), 150000, 0, 11, 0, 0, 0,
                              SIM_DMA_FROM_DEVICE};
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    assert_memory_equal(card.memory + 4093, card.video + 11, 150000);
    assert_int_equal(card.memory[4092], 0);
    assert_int_equal(card.memory[4093 + 150000], 0);
    card_destroy(&card);
}

/* Byte `at` of a rectangle with rows of `row` bytes lies here. */
static size_t rectangle(const struct command *command, size_t at)
{
    return command->offset + at / command->row * command->pitch + at % command->row;
}

static void rows_lie_a_pitch_apart_and_position_may_be_inside_one(void **state)
{
    struct card card;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 100000);
    struct command command = {buffer_address(&card, 0), 70001, 0, 9, 301, 1000, 150, 0};
    uint8_t *expected = calloc(1, MIB(1));
    assert_non_null(expected);
    for (size_t i = 0; i < command.length; i++)
        expected[rectangle(&command, command.position + i)] = card.memory[i];
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    assert_memory_equal(card.video, expected, MIB(1));
    free(expected);
    card_destroy(&card);
}

/* ---- The engine: lists ------------------------------------------------------------------- */

/* A list of the pages of buffer bytes [start, start + length), in a common buffer of its own. */
struct table {
    struct vport_frame frame;
    SIM_DESCRIPTOR *entries;
    uint32_t count;
};

static void table_create(struct card *card, size_t start, size_t length, struct table *table)
{
    struct vport_dma_platform *platform = &card->f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 1, UINT64_MAX, true, &table->frame),
                     VPORT_OK);
    table->entries = platform->ops->host(platform, table->frame);
    for (table->count = 0; length > 0; table->count++) {
        size_t piece = vport_min_u64(length, 4096 - start % 4096);
        table->entries[table->count] =
            (SIM_DESCRIPTOR){buffer_address(card, start), (ULONG)piece, 0};
        start += piece;
        length -= piece;
    }
}

static struct command table_command(const struct table *table, uint32_t length)
{
    return (struct command){
        vport_frame_address(table->frame), length, table->count, 0, 0, 0, 0, SIM_DMA_LIST};
}

static void table_destroy(struct card *card, struct table *table)
{
    struct vport_dma_platform *platform = &card->f.bus->platform;
    platform->ops->frames_free(platform, 1, &table->frame);
}

static void list_command_fetches_its_list_and_follows_it(void **state)
{
    struct card card;
    struct table table;
    (void)state;
    card_create(&card, VPORT_SIM_SCATTERED, &plain, 400000);
    table_create(&card, 123, 333333, &table);
    assert_int_equal(table.count, 82);
    struct command command = table_command(&table, 333333);
    command.offset = 1000;
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    assert_memory_equal(card.video + 1000, card.memory + 123, 333333);
    memset(card.memory, 0, card.length);
    command.flags |= SIM_DMA_FROM_DEVICE;
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    assert_memory_equal(card.memory + 123, card.video + 1000, 333333);
    assert_int_equal(card.memory[122], 0);
    assert_int_equal(card.memory[123 + 333333], 0);
    table_destroy(&card, &table);
    card_destroy(&card);
}

static void list_longer_than_one_fetch(void **state)
{
    struct card card;
    struct vport_dma_platform *platform;
    struct vport_frame frames[4];
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 1000);
    platform = &card.f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 4, UINT64_MAX, true, frames), VPORT_OK);
    SIM_DESCRIPTOR *entries = platform->ops->host(platform, frames[0]);
    for (unsigned i = 0; i < 1000; i++) /* byte by byte, last one first */
        entries[i] = (SIM_DESCRIPTOR){buffer_address(&card, 999 - i), 1, 0};
    struct command command = {vport_frame_address(frames[0]), 1000, 1000, 0, 0, 0, 0, SIM_DMA_LIST};
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(card.video[i], card.memory[999 - i]);
    platform->ops->frames_free(platform, 4, frames);
    card_destroy(&card);
}

static void lists_that_do_not_add_up_are_errors(void **state)
{
    struct card card;
    struct table table;
    (void)state;
    card_create(&card, VPORT_SIM_SCATTERED, &plain, 20000);
    table_create(&card, 0, 10000, &table);
    struct command command = table_command(&table, 10001);
    assert_int_equal(command_run(&card, &command), error_status(5));
    assert_int_equal(reg(&card, SIM_REG_DMA_DONE), 10000);
    assert_reported(&card.f, "the list ends 1 bytes before");
    command.length = 9999;
    assert_int_equal(command_run(&card, &command), error_status(5));
    assert_reported(&card.f, "a list entry of 1808 bytes with 1807 left to move");
    command.length = 8192;
    assert_int_equal(command_run(&card, &command), error_status(5));
    assert_reported(&card.f, "the list goes on after the command's 8192 bytes");
    table.entries[1].Length = 0;
    command.length = 10000;
    assert_int_equal(command_run(&card, &command), error_status(5));
    assert_reported(&card.f, "a list entry of 0 bytes");
    table_destroy(&card, &table);
    card_destroy(&card);
}

/* ---- The engine: errors ------------------------------------------------------------------ */

static void impossible_commands_are_errors_at_once(void **state)
{
    struct card card;
    struct vport_sim_adapter_options options = {
        .reach = 64, .max_length = 8192, .video_memory = MIB(1)};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &options, 10000);
    uint64_t address = buffer_address(&card, 0);
    const struct {
        struct command command;
        unsigned code;
    } cases[] = {
        {{address, 0, 0, 0, 0, 0, 0, 0}, 1},
        {{address, 8193, 0, 0, 0, 0, 0, 0}, 1},
        {{address, 8192, 0, MIB(1) - 8191, 0, 0, 0, 0}, 2},
        {{address, 8192, 0, 0xfffffff0, 0, 0, 0, 0}, 2},
        {{address, 1, 0, 0, 0, 0, 0xffffffff, 0}, 2},
        {{address, 8192, 0, 0, 100, 99, 0, 0}, 2},
        {{address, 8192, 0, 0, 1, 0xffffffff, 0xffffffff, 0}, 2},
        {{address, 8192, 0, 0, 1, 128, 1, 0}, 2}, /* 8193 rows of 128: one too many */
        {{address, 8192, 2, 0, 0, 0, 0, SIM_DMA_LIST}, 3},
    };
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(cases); i++) {
        command_start(&card, &cases[i].command);
        assert_int_equal(reg(&card, SIM_REG_DMA_STATUS), error_status(cases[i].code));
        assert_int_equal(reg(&card, SIM_REG_IRQ_STATUS), SIM_IRQ_ERROR);
        set(&card, SIM_REG_IRQ_STATUS, SIM_IRQ_ERROR);
        assert_int_equal(vport_reports_count(card.f.reports, "DEVICE"), i + 1);
    }
    assert_int_equal(card.video[0], 0);
    struct command last = {address, 8192, 0, 0, 1, 128, 0, 0}; /* exactly fits */
    assert_int_equal(command_run(&card, &last), SIM_DMA_IS_DONE);
    last = (struct command){address, 8192, 0, MIB(1) - 8192, 0, 0, 0, 0};
    assert_int_equal(command_run(&card, &last), SIM_DMA_IS_DONE);
    card_destroy(&card);
}

static void memory_that_does_not_answer_is_a_bus_error(void **state)
{
    struct card card;
    struct table table;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 5 * 65536);
    uint64_t end = buffer_address(&card, card.length - 1) + 1;
    struct command command = {end - 65536 - 100, 65536 + 101, 0, 0, 0, 0, 0, 0};
    assert_int_equal(command_run(&card, &command), error_status(4));
    assert_int_equal(reg(&card, SIM_REG_DMA_DONE), 65536); /* the first slice */
    assert_reported(&card.f, "no memory now");
    table_create(&card, 0, 8192, &table);
    command = table_command(&table, 8192);
    command.address = 0;
    assert_int_equal(command_run(&card, &command), error_status(4));
    assert_int_equal(reg(&card, SIM_REG_DMA_DONE), 0);
    table_destroy(&card, &table);
    card_destroy(&card);
}

static void address_beyond_the_reach_corrupts_visibly(void **state)
{
    struct card card;
    struct vport_sim_adapter_options options = {.reach = 24, .video_memory = MIB(1)};
    struct vport_frame low;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &options, 4096);
    struct vport_dma_platform *platform = &card.f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xffffff, true, &low), VPORT_OK);
    memset(platform->ops->host(platform, low), 0x55, 4096);
    struct command command = {GIB(1) + vport_frame_address(low), 100, 0, 0, 0, 0, 0, 0};
    assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
    assert_int_equal(card.video[99], 0x55);
    assert_reported(&card.f, "0xffffff reach memory");
    platform->ops->frames_free(platform, 1, &low);
    card_destroy(&card);
}

/* ---- Time, interrupts -------------------------------------------------------------------- */

static const struct vport_sim_adapter_options slow = {
    .scatter_gather = true, .reach = 64, .video_memory = MIB(1), .latency = 10000000};

static void command_takes_its_latency_and_moves_in_slices(void **state)
{
    struct card card;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &slow, 512 * 1024);
    struct command command = {buffer_address(&card, 0), 512 * 1024, 0, 0, 0, 0, 0, 0};
    uint64_t start = vport_loop_now(card.f.loop);
    command_start(&card, &command);
    vport_loop_stall(card.f.loop, 5000000);
    uint32_t done = reg(&card, SIM_REG_DMA_DONE);
    assert_int_equal(reg(&card, SIM_REG_DMA_STATUS), SIM_DMA_BUSY);
    assert_int_not_equal(done, 0);
    assert_true(done < 512 * 1024);
    assert_int_equal(done % 65536, 0);
    assert_memory_equal(card.video, card.memory, done);
    assert_int_equal(card.video[done], 0);
    assert_true(vport_loop_wait(card.f.loop, engine_idle, &card, UINT64_MAX));
    uint64_t took = vport_loop_now(card.f.loop) - start;
    assert_in_range(took, 9990000, 20100000); /* 1 to 2 times, and the clock's steps */
    card_destroy(&card);
}

static void command_while_busy_is_refused(void **state)
{
    struct card card;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &slow, 8192);
    struct command first = {buffer_address(&card, 0), 4096, 0, 0, 0, 0, 0, 0};
    struct command second = {buffer_address(&card, 4096), 4096, 0, 8192, 0, 0, 0, 0};
    command_start(&card, &first);
    command_start(&card, &second);
    assert_int_equal(reg(&card, SIM_REG_DMA_STATUS), SIM_DMA_BUSY | SIM_DMA_REFUSED);
    assert_reported(&card.f, "while the engine was busy");
    assert_true(vport_loop_wait(card.f.loop, engine_idle, &card, UINT64_MAX));
    assert_int_equal(reg(&card, SIM_REG_DMA_STATUS), SIM_DMA_IS_DONE | SIM_DMA_REFUSED);
    assert_memory_equal(card.video, card.memory, 4096);
    assert_int_equal(card.video[8192], 0);
    assert_int_equal(command_run(&card, &second), SIM_DMA_IS_DONE);
    assert_memory_equal(card.video + 8192, card.memory + 4096, 4096);
    card_destroy(&card);
}

static void stop_and_reset_end_a_command(void **state)
{
    struct card card;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &slow, 8192);
    struct command command = {buffer_address(&card, 0), 4096, 0, 0, 0, 0, 0, 0};
    set(&card, SIM_REG_IRQ_ENABLE, SIM_IRQ_DONE);
    command_start(&card, &command);
    set(&card, SIM_REG_DMA_COMMAND, SIM_DMA_STOP);
    assert_int_equal(reg(&card, SIM_REG_DMA_STATUS), 0);
    vport_loop_stall(card.f.loop, 50000000);
    assert_int_equal(card.video[0], 0);
    assert_int_equal(reg(&card, SIM_REG_IRQ_STATUS), 0);
    command_start(&card, &command);
    set(&card, SIM_REG_RESET, SIM_RESET_NOW);
    vport_loop_stall(card.f.loop, 50000000);
    assert_int_equal(card.video[0], 0);
    assert_int_equal(reg(&card, SIM_REG_DMA_STATUS), 0);
    assert_int_equal(reg(&card, SIM_REG_DMA_LENGTH), 0);
    assert_int_equal(reg(&card, SIM_REG_IRQ_ENABLE), 0);
    assert_int_equal(reg(&card, SIM_REG_ID), SIM_ID);
    card_destroy(&card);
}

/* ---- Threads ----------------------------------------------------------------------------- */

/* The device's thread moves the bytes while this one polls: what ThreadSanitizer must have nothing
 * to say about. */
static void threaded_engine_moves_the_same_bytes(void **state)
{
    struct card card = {.length = MIB(1)};
    struct handler handler = {&card, 0, 0};
    void *memory;
    (void)state;
    card.f.reports = vport_reports_create(NULL, NULL);
    assert_int_equal(vport_loop_create(VPORT_LOOP_THREADED, 1, NULL, &card.f.loop), VPORT_OK);
    struct vport_bus_config config = {.loop = card.f.loop, .reports = card.f.reports, .seed = 3};
    struct vport_sim_platform platform = {.layout = VPORT_SIM_CONTIGUOUS, .coherent = true};
    assert_int_equal(vport_sim_bus_create(&config, &platform, &card.f.bus), VPORT_OK);
    struct vport_sim_adapter_options options = plain;
    options.latency = 100000;
    assert_int_equal(vport_sim_adapter_add(card.f.bus, &options), VPORT_OK);
    master_set(&card.f, true);
    assert_int_equal(card.f.bus->ops->memory_alloc(card.f.bus, card.length, &memory), VPORT_OK);
    card.memory = memory;
    lock_memory(&card.f, memory, card.length, VPORT_ACCESS_WRITE, &card.locked);
    card.video = card.f.bus->function[0].resource[1].direct;
    assert_int_equal(card.f.bus->ops->interrupt_connect(card.f.bus, 0, handle, &handler), VPORT_OK);
    set(&card, SIM_REG_IRQ_ENABLE, SIM_IRQ_DONE);
    for (unsigned round = 0; round < 20; round++) {
        memset(card.memory, (int)round + 1, card.length);
        struct command command = {
            buffer_address(&card, 0), (uint32_t)card.length, 0, 0, 0, 0, 0, 0};
        assert_int_equal(command_run(&card, &command), SIM_DMA_IS_DONE);
        assert_memory_equal(card.video, card.memory, card.length);
    }
    card.f.bus->ops->interrupt_disconnect(card.f.bus, 0);
    assert_in_range(handler.calls, 1, 21);
    assert_int_equal(vport_reports_count(card.f.reports, NULL), 0);
    card_destroy(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_command_moves_bytes_to_video_memory),
        cmocka_unit_test(single_command_moves_bytes_from_video_memory),
        cmocka_unit_test(rows_lie_a_pitch_apart_and_position_may_be_inside_one),
        cmocka_unit_test(list_command_fetches_its_list_and_follows_it),
        cmocka_unit_test(list_longer_than_one_fetch),
        cmocka_unit_test(lists_that_do_not_add_up_are_errors),
        cmocka_unit_test(impossible_commands_are_errors_at_once),
        cmocka_unit_test(memory_that_does_not_answer_is_a_bus_error),
        cmocka_unit_test(address_beyond_the_reach_corrupts_visibly),
        cmocka_unit_test(command_takes_its_latency_and_moves_in_slices),
        cmocka_unit_test(command_while_busy_is_refused),
        cmocka_unit_test(stop_and_reset_end_a_command),
        cmocka_unit_test(threaded_engine_moves_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
