/* SPDX-License-Identifier: MIT */
/*
 * The simulated display adapter's DMA engine: one command at a time between memory and a rectangle
 * of video memory, moved in slices over time, so that memory is touched while drivers run.
 */
#include "bus/sim/adapter.h"

#include <inttypes.h>
#include <string.h>

#include "base/arith.h"

static uint32_t *status_of(struct vport_sim_adapter *adapter)
{
    return vport_sim_register(adapter, SIM_DMA_STATUS);
}

static void finish(struct vport_sim_adapter *adapter)
{
    *status_of(adapter) = (*status_of(adapter) & SIM_STATUS_REFUSED) | SIM_STATUS_DONE;
    vport_sim_adapter_interrupt(adapter, SIM_IRQ_DONE);
}

static void fail(struct vport_sim_adapter *adapter, enum vport_sim_error error)
{
    *status_of(adapter) = (*status_of(adapter) & SIM_STATUS_REFUSED) | SIM_STATUS_ERROR |
                          (uint32_t)error << SIM_STATUS_CODE_SHIFT;
    vport_sim_adapter_interrupt(adapter, SIM_IRQ_ERROR);
}

/* ---- Starting a command ------------------------------------------------------------------ */

/* Does everything that the command touches lie in video memory? */
static bool video_fits(const struct vport_sim_engine *engine, uint64_t video_memory)
{
    uint64_t last = (uint64_t)engine->position + engine->length - 1, rows = 0;
    if (engine->row) {
        if (engine->row > engine->pitch || !vport_mul_u64(last / engine->row, engine->pitch, &rows))
            return false;
        last = last % engine->row;
    }
    return rows < video_memory && vport_range_fits(engine->offset, rows + last + 1, video_memory);
}

static enum vport_sim_error validate(struct vport_sim_adapter *adapter)
{
    const struct vport_sim_engine *engine = &adapter->engine;
    const struct vport_sim_adapter_options *options = &adapter->options;
    if (engine->list && !options->scatter_gather) {
        vport_device_report(adapter->device,
                            "a command with a list, and the card has no list engine");
        return SIM_ERROR_COMMAND;
    }
    if (engine->length == 0 || (options->max_length && engine->length > options->max_length)) {
        vport_device_report(adapter->device,
                            "a command of %" PRIu32 " bytes; 1 to %" PRIu32 " are possible",
                            engine->length, options->max_length ? options->max_length : UINT32_MAX);
        return SIM_ERROR_LENGTH;
    }
    if (!video_fits(engine, options->video_memory)) {
        vport_device_report(
            adapter->device,
            "a command that leaves video memory: %" PRIu32 " bytes at offset 0x%" PRIx32
            ", row %" PRIu32 ", pitch %" PRIu32 ", position %" PRIu32,
            engine->length, engine->offset, engine->row, engine->pitch, engine->position);
        return SIM_ERROR_VIDEO_MEMORY;
    }
    return SIM_ERROR_NONE;
}

static void latch(struct vport_sim_adapter *adapter, uint32_t command)
{
    struct vport_sim_engine *engine = &adapter->engine;
    uint64_t address = *vport_sim_register(adapter, SIM_DMA_ADDRESS) |
                       (uint64_t)*vport_sim_register(adapter, SIM_DMA_ADDRESS_HIGH) << 32;
    engine->length = *vport_sim_register(adapter, SIM_DMA_LENGTH);
    engine->done = 0;
    engine->offset = *vport_sim_register(adapter, SIM_DMA_OFFSET);
    engine->row = *vport_sim_register(adapter, SIM_DMA_ROW);
    engine->pitch = *vport_sim_register(adapter, SIM_DMA_PITCH);
    engine->position = *vport_sim_register(adapter, SIM_DMA_POSITION);
    engine->from_device = command & SIM_COMMAND_FROM_DEVICE;
    engine->list = command & SIM_COMMAND_LIST;
    engine->table = address;
    engine->entries = engine->list ? *vport_sim_register(adapter, SIM_DMA_COUNT) : 0;
    engine->fetched = engine->next = 0;
    engine->element = (struct vport_sim_descriptor){.address = address,
                                                    .length = engine->list ? 0 : engine->length};
}

/* ns between two steps, so that the whole command takes the card's latency, and in deterministic
 * mode up to twice that. */
static uint64_t pace(struct vport_sim_adapter *adapter)
{
    uint64_t steps = ((uint64_t)adapter->engine.length + SIM_SLICE - 1) / SIM_SLICE,
             total = adapter->options.latency;
    if (adapter->jitter && total)
        total += vport_device_random(adapter->device) % (total + 1);
    return total / steps;
}

static void start(struct vport_sim_adapter *adapter, uint32_t command)
{
    latch(adapter, command);
    *vport_sim_register(adapter, SIM_DMA_DONE) = 0;
    enum vport_sim_error error = validate(adapter);
    *status_of(adapter) = 0;
    if (error) {
        fail(adapter, error);
        return;
    }
    *status_of(adapter) = SIM_STATUS_BUSY;
    adapter->engine.pace = pace(adapter);
    vport_device_timer_set(adapter->device, SIM_TIMER_STEP, adapter->engine.pace);
}

void vport_sim_engine_command(struct vport_sim_adapter *adapter, uint32_t command)
{
    if (command & SIM_COMMAND_STOP) {
        vport_device_timer_cancel(adapter->device, SIM_TIMER_STEP);
        *status_of(adapter) = 0;
    }
    if (!(command & SIM_COMMAND_START))
        return;
    if (*status_of(adapter) & SIM_STATUS_BUSY) {
        *status_of(adapter) |= SIM_STATUS_REFUSED;
        vport_device_report(adapter->device, "a command while the engine was busy; it was refused");
        return;
    }
    start(adapter, command);
}

/* ---- Working on it ----------------------------------------------------------------------- */

/* The next list entries, by the engine's own bus mastering. */
static enum vport_sim_error fetch(struct vport_sim_adapter *adapter)
{
    struct vport_sim_engine *engine = &adapter->engine;
    uint32_t count = engine->entries < SIM_FETCH ? engine->entries : SIM_FETCH;
    size_t bytes = count * sizeof(engine->cache[0]);
    if (count == 0) {
        vport_device_report(adapter->device,
                            "the list ends %" PRIu32 " bytes before the command's length",
                            engine->length - engine->done);
        return SIM_ERROR_LIST;
    }
    if (vport_device_dma_read(adapter->device, engine->table, engine->cache, bytes) != VPORT_OK)
        return SIM_ERROR_BUS;
    engine->table += bytes;
    engine->entries -= count;
    engine->fetched = count;
    engine->next = 0;
    return SIM_ERROR_NONE;
}

/* Makes `element` the next list entry when nothing is left of it. */
static enum vport_sim_error next_element(struct vport_sim_adapter *adapter)
{
    struct vport_sim_engine *engine = &adapter->engine;
    if (engine->element.length)
        return SIM_ERROR_NONE;
    if (engine->next == engine->fetched) {
        enum vport_sim_error error = fetch(adapter);
        if (error)
            return error;
    }
    engine->element = engine->cache[engine->next++];
    if (engine->element.length == 0 || engine->element.length > engine->length - engine->done) {
        vport_device_report(adapter->device,
                            "a list entry of %" PRIu32 " bytes with %" PRIu32 " left to move",
                            engine->element.length, engine->length - engine->done);
        return SIM_ERROR_LIST;
    }
    return SIM_ERROR_NONE;
}

/* Where the next byte lies in video memory, and how many follow it there without a gap. */
static uint32_t video_piece(const struct vport_sim_engine *engine, uint32_t *room)
{
    uint64_t at = (uint64_t)engine->position + engine->done;
    *room = UINT32_MAX;
    if (engine->row) {
        *room = engine->row - (uint32_t)(at % engine->row);
        at = at / engine->row * engine->pitch + at % engine->row;
    }
    return engine->offset + (uint32_t)at;
}

/* Moves one piece of at most `most` bytes: within one element and one row. */
static enum vport_sim_error move_piece(struct vport_sim_adapter *adapter, uint32_t most,
                                       uint32_t *moved)
{
    struct vport_sim_engine *engine = &adapter->engine;
    uint32_t room, at = video_piece(engine, &room);
    uint32_t piece = (uint32_t)vport_min_u64(vport_min_u64(most, engine->element.length), room);
    uint8_t *video = adapter->video_memory + at;
    enum vport_status status =
        engine->from_device
            ? vport_device_dma_write(adapter->device, engine->element.address, video, piece)
            : vport_device_dma_read(adapter->device, engine->element.address, video, piece);
    if (status != VPORT_OK)
        return SIM_ERROR_BUS;
    engine->element.address += piece;
    engine->element.length -= piece;
    engine->done += piece;
    *moved = piece;
    return SIM_ERROR_NONE;
}

static enum vport_sim_error move_slice(struct vport_sim_adapter *adapter)
{
    struct vport_sim_engine *engine = &adapter->engine;
    uint32_t left = (uint32_t)vport_min_u64(SIM_SLICE, engine->length - engine->done);
    while (left > 0) {
        uint32_t moved = 0;
        enum vport_sim_error error = next_element(adapter);
        if (!error)
            error = move_piece(adapter, left, &moved);
        if (error)
            return error;
        left -= moved;
    }
    return SIM_ERROR_NONE;
}

void vport_sim_engine_step(struct vport_sim_adapter *adapter)
{
    struct vport_sim_engine *engine = &adapter->engine;
    enum vport_sim_error error = move_slice(adapter);
    *vport_sim_register(adapter, SIM_DMA_DONE) = engine->done;
    bool complete = !error && engine->done == engine->length;
    if (complete && (engine->entries || engine->next != engine->fetched)) {
        vport_device_report(adapter->device,
                            "the list goes on after the command's %" PRIu32 " bytes",
                            engine->length);
        error = SIM_ERROR_LIST;
    }
    if (error)
        fail(adapter, error);
    else if (complete)
        finish(adapter);
    else
        vport_device_timer_set(adapter->device, SIM_TIMER_STEP, engine->pace);
}
