/* SPDX-License-Identifier: MIT */
/*
 * The simulated display adapter against its data sheet, register by register: programmed with the
 * numbers that its miniport uses, so that the two agree.
 */
#include "sim_fixture.h"

#include <ntdef.h>

#include "../../miniports/sim/sim_hw.h"

/* What is beside the fixture: options of the card, and one user buffer locked for the engine. */
struct card {
    struct fixture f;
    uint8_t *memory; /* user memory, `length` bytes */
    size_t length;
    struct locked locked;
    uint8_t *video;
};

static const struct vport_sim_adapter_options plain = {
    .scatter_gather = true, .reach = 64, .video_memory = MIB(1)};

static void card_create(struct card *card, enum vport_sim_layout layout,
                        const struct vport_sim_adapter_options *options, size_t length)
{
    void *memory;
    fixture_create(&card->f, (struct vport_sim_platform){.layout = layout, .coherent = true},
                   test_seed());
    assert_int_equal(vport_sim_adapter_add(card->f.bus, options), VPORT_OK);
    master_set(&card->f, true);
    assert_int_equal(card->f.bus->ops->memory_alloc(card->f.bus, length, &memory), VPORT_OK);
    card->memory = memory;
    card->length = length;
    for (size_t i = 0; i < length; i++)
        card->memory[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + 1);
    lock_memory(&card->f, memory, length, VPORT_ACCESS_WRITE, &card->locked);
    card->video = card->f.bus->function[0].resource[1].direct;
}

static void card_destroy(struct card *card)
{
    unlock_memory(&card->f, &card->locked);
    fixture_destroy(&card->f);
}

static uint64_t register_address(struct card *card, unsigned offset)
{
    return card->f.bus->function[0].resource[0].start + offset;
}

static uint32_t reg(struct card *card, unsigned offset)
{
    uint64_t value;
    assert_int_equal(card->f.bus->ops->io_read(card->f.bus, VPORT_IO_MEMORY,
                                               register_address(card, offset), 4, &value),
                     VPORT_OK);
    return (uint32_t)value;
}

static void set(struct card *card, unsigned offset, uint32_t value)
{
    assert_int_equal(card->f.bus->ops->io_write(card->f.bus, VPORT_IO_MEMORY,
                                                register_address(card, offset), 4, value),
                     VPORT_OK);
}

static uint64_t buffer_address(struct card *card, size_t offset)
{
    return vport_frame_address(card->locked.frames[offset / 4096]) + offset % 4096;
}

struct command {
    uint64_t address;
    uint32_t length, entries, offset, row, pitch, position, flags;
};

static void command_start(struct card *card, const struct command *command)
{
    set(card, SIM_REG_DMA_ADDRESS, (uint32_t)command->address);
    set(card, SIM_REG_DMA_ADDRESS_HIGH, (uint32_t)(command->address >> 32));
    set(card, SIM_REG_DMA_LENGTH, command->length);
    set(card, SIM_REG_DMA_COUNT, command->entries);
    set(card, SIM_REG_DMA_OFFSET, command->offset);
    set(card, SIM_REG_DMA_ROW, command->row);
    set(card, SIM_REG_DMA_PITCH, command->pitch);
    set(card, SIM_REG_DMA_POSITION, command->position);
    set(card, SIM_REG_DMA_COMMAND, SIM_DMA_START | command->flags);
}

static bool engine_idle(void *context)
{
    return !(reg(context, SIM_REG_DMA_STATUS) & SIM_DMA_BUSY);
}

/* Starts the command, waits, and returns the engine's status. */
static uint32_t command_run(struct card *card, const struct command *command)
{
    command_start(card, command);
    assert_true(vport_loop_wait(card->f.loop, engine_idle, card, UINT64_MAX));
    return reg(card, SIM_REG_DMA_STATUS);
}

static uint32_t error_status(unsigned code)
{
    return SIM_DMA_ERROR | code << 8;
}

/* ---- Registers --------------------------------------------------------------------------- */

static void registers_say_what_the_card_is(void **state)
{
    struct card card;
    struct vport_sim_adapter_options options = {
        .scatter_gather = false, .reach = 28, .max_length = 12345, .video_memory = MIB(2)};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &options, 4096);
    assert_int_equal(reg(&card, SIM_REG_ID), SIM_ID);
    assert_int_equal(reg(&card, SIM_REG_CAPABILITIES) & SIM_CAPABILITY_LIST, 0);
    assert_int_equal(SIM_CAPABILITY_ADDRESS_BITS(reg(&card, SIM_REG_CAPABILITIES)), 28);
    assert_int_equal(reg(&card, SIM_REG_MAX_LENGTH), 12345);
    assert_int_equal(reg(&card, SIM_REG_VIDEO_MEMORY), MIB(2));
    assert_int_equal(card.f.bus->function[0].dma_mask, 0xfffffff);
    assert_int_equal(card.f.bus->function[0].resource[1].length, MIB(2));
    card_destroy(&card);

    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(reg(&card, SIM_REG_CAPABILITIES), SIM_CAPABILITY_LIST | 64 << 8);
    assert_int_equal(reg(&card, SIM_REG_MAX_LENGTH), 0);
    assert_true(card.f.bus->function[0].dma_mask == UINT64_MAX);
    card_destroy(&card);
}

static void impossible_options_are_refused(void **state)
{
    struct fixture f;
    const struct vport_sim_adapter_options wrong[] = {
        {.reach = 30},
        {.reach = 64, .video_memory = MIB(1) / 2},
        {.reach = 64, .video_memory = MIB(1024)},
        {.reach = 64, .video_memory = MIB(3)},
    };
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.coherent = true}, 1);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(wrong); i++)
        assert_int_equal(vport_sim_adapter_add(f.bus, &wrong[i]), VPORT_E_INVALID);
    assert_int_equal(f.bus->functions, 0);
    fixture_destroy(&f);
}

static void plain_registers_keep_and_others_refuse(void **state)
{
    struct card card;
    const unsigned kept[] = {SIM_REG_MODE_WIDTH,  SIM_REG_MODE_HEIGHT,  SIM_REG_MODE_STRIDE,
                             SIM_REG_MODE_FORMAT, SIM_REG_MODE_START,   SIM_REG_DMA_ADDRESS,
                             SIM_REG_DMA_LENGTH,  SIM_REG_DMA_POSITION, SIM_REG_DMA_ADDRESS_HIGH,
                             SIM_REG_DMA_COUNT,   SIM_REG_DMA_OFFSET,   SIM_REG_DMA_ROW,
                             SIM_REG_DMA_PITCH};
    const unsigned fixed[] = {SIM_REG_ID,         SIM_REG_CAPABILITIES, SIM_REG_VIDEO_MEMORY,
                              SIM_REG_MAX_LENGTH, SIM_REG_DMA_STATUS,   SIM_REG_DMA_DONE};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(kept); i++) {
        set(&card, kept[i], 0x80000001u + (uint32_t)i);
        assert_int_equal(reg(&card, kept[i]), 0x80000001u + i);
    }
    assert_int_equal(vport_reports_count(card.f.reports, NULL), 0);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(fixed); i++) {
        uint32_t before = reg(&card, fixed[i]);
        set(&card, fixed[i], ~before);
        assert_int_equal(reg(&card, fixed[i]), before);
        assert_reported(&card.f, "can only be read");
    }
    set(&card, 0x038, 1);
    assert_reported(&card.f, "offset 0x38, where there is no register");
    set(&card, 0xffc, 1);
    assert_reported(&card.f, "offset 0xffc, where there is no register");
    assert_int_equal(reg(&card, 0xffc), 0);
    card_destroy(&card);
}

static void other_widths(void **state)
{
    struct card card;
    uint64_t value, at;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    at = register_address(&card, SIM_REG_DMA_ADDRESS);
    assert_int_equal(
        card.f.bus->ops->io_write(card.f.bus, VPORT_IO_MEMORY, at, 8, 0x1122334455667788u),
        VPORT_OK);
    assert_int_equal(reg(&card, SIM_REG_DMA_ADDRESS), 0x55667788);
    assert_int_equal(reg(&card, SIM_REG_DMA_ADDRESS_HIGH), 0x11223344);
    assert_int_equal(card.f.bus->ops->io_read(card.f.bus, VPORT_IO_MEMORY, at, 8, &value),
                     VPORT_OK);
    assert_true(value == 0x1122334455667788u);
    assert_int_equal(card.f.bus->ops->io_read(card.f.bus, VPORT_IO_MEMORY, at + 2, 2, &value),
                     VPORT_OK);
    assert_int_equal(value, 0x5566);
    assert_int_equal(card.f.bus->ops->io_write(card.f.bus, VPORT_IO_MEMORY, at, 2, 1), VPORT_OK);
    assert_reported(&card.f, "registers take 4");
    assert_int_equal(reg(&card, SIM_REG_DMA_ADDRESS), 0x55667788);
    card_destroy(&card);
}

/* ---- Screen ------------------------------------------------------------------------------ */

static void mode_set(struct card *card, uint32_t width, uint32_t height, uint32_t stride,
                     uint32_t format, uint32_t start)
{
    set(card, SIM_REG_MODE_WIDTH, width);
    set(card, SIM_REG_MODE_HEIGHT, height);
    set(card, SIM_REG_MODE_STRIDE, stride);
    set(card, SIM_REG_MODE_FORMAT, format);
    set(card, SIM_REG_MODE_START, start);
    set(card, SIM_REG_MODE_CONTROL, SIM_MODE_ON);
}

static void screen_shows_video_memory_from_start_by_stride(void **state)
{
    struct card card;
    struct vport_image image;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(card.f.bus->ops->screenshot(card.f.bus, &image), VPORT_E_STATE);
    for (unsigned i = 0; i < 64; i++)
        ((uint32_t *)card.video)[i] = 0xff000000u | i;
    mode_set(&card, 3, 2, 20, SIM_FORMAT_XRGB8888, 8);
    assert_int_equal(reg(&card, SIM_REG_MODE_CONTROL), SIM_MODE_ON);
    assert_int_equal(card.f.bus->ops->screenshot(card.f.bus, &image), VPORT_OK);
    assert_int_equal(image.width, 3);
    assert_int_equal(image.height, 2);
    const uint32_t expected[] = {2, 3, 4, 7, 8, 9};
    assert_memory_equal(image.pixels, expected, sizeof(expected));
    free(image.pixels);
    set(&card, SIM_REG_MODE_CONTROL, 0);
    assert_int_equal(card.f.bus->ops->screenshot(card.f.bus, &image), VPORT_E_STATE);
    card_destroy(&card);
}

static void modes_that_cannot_be_shown_are_invalid(void **state)
{
    struct card card;
    const uint32_t modes[][5] = {
        {0, 1, 4, 1, 0},          /* no width */
        {1, 0, 4, 1, 0},          /* no height */
        {2, 1, 4, 1, 0},          /* a stride shorter than a row */
        {1, 1, 6, 1, 0},          /* a stride between pixels */
        {1, 1, 4, 1, 2},          /* a start between pixels */
        {1, 1, 4, 2, 0},          /* a format that there is not */
        {512, 512, 2048, 1, 4},   /* 1 MiB from 4 on */
        {1, 2, 0xfffffffc, 1, 0}, /* a stride beyond video memory */
        {0xffffffff, 1, 4, 1, 0}, /* a row that wraps */
        {1, 0xffffffff, 0xfffffffc, 1, 0},
    };
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(modes); i++) {
        mode_set(&card, modes[i][0], modes[i][1], modes[i][2], modes[i][3], modes[i][4]);
        assert_int_equal(reg(&card, SIM_REG_MODE_CONTROL), SIM_MODE_INVALID);
        assert_int_equal(vport_reports_count(card.f.reports, "DEVICE"), i + 1);
    }
    mode_set(&card, 512, 512, 2048, 1, 0);
    assert_int_equal(reg(&card, SIM_REG_MODE_CONTROL), SIM_MODE_ON);
    card_destroy(&card);
}

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

struct handler {
    struct card *card;
    unsigned calls;
    uint32_t causes;
};

static bool handle(void *context)
{
    struct handler *handler = context;
    handler->calls++;
    handler->causes = reg(handler->card, SIM_REG_IRQ_STATUS);
    set(handler->card, SIM_REG_IRQ_STATUS, handler->causes);
    vport_loop_wake(handler->card->f.loop);
    return handler->causes != 0;
}

static void interrupts_follow_status_and_enable(void **state)
{
    struct card card;
    struct handler handler = {&card, 0, 0};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(card.f.bus->ops->interrupt_connect(card.f.bus, 0, handle, &handler), VPORT_OK);
    struct command command = {buffer_address(&card, 0), 4096, 0, 0, 0, 0, 0, 0};
    command_run(&card, &command);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 0);
    assert_int_equal(reg(&card, SIM_REG_IRQ_STATUS), SIM_IRQ_DONE);
    set(&card, SIM_REG_IRQ_ENABLE, SIM_IRQ_ERROR);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 0);
    set(&card, SIM_REG_IRQ_ENABLE, 0xffffffff);
    assert_int_equal(reg(&card, SIM_REG_IRQ_ENABLE), SIM_IRQ_DONE | SIM_IRQ_ERROR);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 1);
    assert_int_equal(handler.causes, SIM_IRQ_DONE);
    command.length = 0;
    command_start(&card, &command);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 2);
    assert_int_equal(handler.causes, SIM_IRQ_ERROR);
    assert_int_equal(reg(&card, SIM_REG_IRQ_STATUS), 0);
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
        cmocka_unit_test(registers_say_what_the_card_is),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(plain_registers_keep_and_others_refuse),
        cmocka_unit_test(other_widths),
        cmocka_unit_test(screen_shows_video_memory_from_start_by_stride),
        cmocka_unit_test(modes_that_cannot_be_shown_are_invalid),
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
        cmocka_unit_test(interrupts_follow_status_and_enable),
        cmocka_unit_test(threaded_engine_moves_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
