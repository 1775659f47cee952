/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the simulated display adapter: a card on a bus, a user buffer locked for its
 * engine, and commands written with the numbers that its miniport uses, so that the two agree.
 */
#ifndef TESTS_UNIT_SIM_CARD_H
#define TESTS_UNIT_SIM_CARD_H

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

static const struct vport_sim_adapter_options plain
    __attribute__((unused)) = {.scatter_gather = true, .reach = 64, .video_memory = MIB(1)};

static inline void card_create(struct card *card, enum vport_sim_layout layout,
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

static inline void card_destroy(struct card *card)
{
    unlock_memory(&card->f, &card->locked);
    fixture_destroy(&card->f);
}

static inline uint64_t register_address(struct card *card, unsigned offset)
{
    return card->f.bus->function[0].resource[0].start + offset;
}

static inline uint32_t reg(struct card *card, unsigned offset)
{
    uint64_t value;
    assert_int_equal(card->f.bus->ops->io_read(card->f.bus, VPORT_IO_MEMORY,
                                               register_address(card, offset), 4, &value),
                     VPORT_OK);
    return (uint32_t)value;
}

static inline void set(struct card *card, unsigned offset, uint32_t value)
{
    assert_int_equal(card->f.bus->ops->io_write(card->f.bus, VPORT_IO_MEMORY,
                                                register_address(card, offset), 4, value),
                     VPORT_OK);
}

static inline uint64_t buffer_address(struct card *card, size_t offset)
{
    return vport_frame_address(card->locked.frames[offset / 4096]) + offset % 4096;
}

struct command {
    uint64_t address;
    uint32_t length, entries, offset, row, pitch, position, flags;
};

static inline void command_start(struct card *card, const struct command *command)
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

static inline bool engine_idle(void *context)
{
    return !(reg(context, SIM_REG_DMA_STATUS) & SIM_DMA_BUSY);
}

/* Starts the command, waits, and returns the engine's status. */
static inline uint32_t command_run(struct card *card, const struct command *command)
{
    command_start(card, command);
    assert_true(vport_loop_wait(card->f.loop, engine_idle, card, UINT64_MAX));
    return reg(card, SIM_REG_DMA_STATUS);
}

static inline uint32_t error_status(unsigned code)
{
    return SIM_DMA_ERROR | code << 8;
}

struct handler {
    struct card *card;
    unsigned calls;
    uint32_t causes;
};

static inline bool handle(void *context)
{
    struct handler *handler = context;
    handler->calls++;
    handler->causes = reg(handler->card, SIM_REG_IRQ_STATUS);
    set(handler->card, SIM_REG_IRQ_STATUS, handler->causes);
    vport_loop_wake(handler->card->f.loop);
    return handler->causes != 0;
}

#endif
