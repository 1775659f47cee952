/* SPDX-License-Identifier: MIT */
/* The simulated display adapter: registers, interrupts, life. The engine and the screen have files
 * of their own. */
#include "bus/sim/adapter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arith.h"
#include "bus/bus.h"

/* ---- Registers --------------------------------------------------------------------------- */

enum access {
    NOTHING,
    READ_ONLY,
    PLAIN,  /* keeps what is written */
    ACTING, /* a write does something */
};

static enum access access_of(uint64_t offset)
{
    switch (offset) {
    case SIM_ID:
    case SIM_CAPABILITIES:
    case SIM_VIDEO_MEMORY:
    case SIM_MAX_LENGTH:
    case SIM_DMA_STATUS:
    case SIM_DMA_DONE:
        return READ_ONLY;
    case SIM_RESET:
    case SIM_MODE_CONTROL:
    case SIM_IRQ_STATUS:
    case SIM_IRQ_ENABLE:
    case SIM_DMA_COMMAND:
        return ACTING;
    default:
        break;
    }
    bool plain = (offset >= SIM_MODE_WIDTH && offset <= SIM_MODE_START) ||
                 (offset >= SIM_DMA_ADDRESS && offset <= SIM_DMA_POSITION);
    return plain && offset % 4 == 0 ? PLAIN : NOTHING;
}

static void interrupt_update(struct vport_sim_adapter *adapter)
{
    uint32_t pending =
        *vport_sim_register(adapter, SIM_IRQ_STATUS) & *vport_sim_register(adapter, SIM_IRQ_ENABLE);
    vport_device_interrupt(adapter->device, pending != 0);
}

void vport_sim_adapter_interrupt(struct vport_sim_adapter *adapter, uint32_t causes)
{
    *vport_sim_register(adapter, SIM_IRQ_STATUS) |= causes;
    interrupt_update(adapter);
}

static void adapter_reset(void *model)
{
    struct vport_sim_adapter *adapter = model;
    const struct vport_sim_adapter_options *options = &adapter->options;
    memset(adapter->registers, 0, sizeof(adapter->registers));
    vport_device_timer_cancel(adapter->device, SIM_TIMER_STEP);
    *vport_sim_register(adapter, SIM_ID) = SIM_ID_VALUE;
    *vport_sim_register(adapter, SIM_CAPABILITIES) =
        (options->scatter_gather ? SIM_CAP_LIST : 0) | options->reach << SIM_CAP_ADDRESS_SHIFT;
    *vport_sim_register(adapter, SIM_VIDEO_MEMORY) = (uint32_t)options->video_memory;
    *vport_sim_register(adapter, SIM_MAX_LENGTH) = options->max_length;
    interrupt_update(adapter);
}

static void register_act(struct vport_sim_adapter *adapter, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case SIM_RESET:
        if (value & 1)
            adapter_reset(adapter);
        break;
    case SIM_MODE_CONTROL:
        vport_sim_screen_control(adapter, value);
        break;
    case SIM_IRQ_STATUS:
        *vport_sim_register(adapter, SIM_IRQ_STATUS) &= ~value;
        interrupt_update(adapter);
        break;
    case SIM_IRQ_ENABLE:
        *vport_sim_register(adapter, SIM_IRQ_ENABLE) = value & (SIM_IRQ_DONE | SIM_IRQ_ERROR);
        interrupt_update(adapter);
        break;
    case SIM_DMA_COMMAND:
        vport_sim_engine_command(adapter, value);
        break;
    default:
        break;
    }
}

static void register_write(struct vport_sim_adapter *adapter, uint64_t offset, uint32_t value)
{
    enum access access = access_of(offset);
    if (access == ACTING)
        register_act(adapter, offset, value);
    else if (access == PLAIN)
        adapter->registers[offset / 4] = value;
    else
        vport_device_report(
            adapter->device, "0x%" PRIx32 " was written to offset 0x%" PRIx64 ", where there is %s",
            value, offset,
            access == READ_ONLY ? "a register that can only be read" : "no register");
}

static uint64_t adapter_read(void *model, unsigned bar, uint64_t offset, unsigned width)
{
    struct vport_sim_adapter *adapter = model;
    uint64_t value = 0;
    (void)bar;
    if (offset < SIM_REGISTERS_END)
        value = adapter->registers[offset / 4] >> 8 * (offset % 4);
    if (width == 8 && offset + 4 < SIM_REGISTERS_END)
        value |= (uint64_t)adapter->registers[offset / 4 + 1] << 32;
    return value;
}

static void adapter_write(void *model, unsigned bar, uint64_t offset, unsigned width,
                          uint64_t value)
{
    struct vport_sim_adapter *adapter = model;
    (void)bar;
    if (width < 4) {
        vport_device_report(adapter->device,
                            "a write of %u bytes to offset 0x%" PRIx64 "; registers take 4", width,
                            offset);
        return;
    }
    register_write(adapter, offset, (uint32_t)value);
    if (width == 8)
        register_write(adapter, offset + 4, (uint32_t)(value >> 32));
}

/* ---- Life -------------------------------------------------------------------------------- */

static void adapter_attach(void *model, struct vport_device *device)
{
    struct vport_sim_adapter *adapter = model;
    adapter->device = device;
}

static void adapter_timer(void *model, unsigned timer)
{
    (void)timer; /* there is one */
    vport_sim_engine_step(model);
}

static enum vport_status adapter_screenshot(void *model, struct vport_image *image)
{
    return vport_sim_screen_shot(model, image);
}

static void adapter_destroy(void *model)
{
    struct vport_sim_adapter *adapter = model;
    munmap(adapter->video_memory, (size_t)adapter->options.video_memory);
    free(adapter);
}

static const struct vport_device_ops adapter_ops = {
    .name = "sim",
    .vendor = 0x5650,
    .device = 0x0001,
    .class_code = 0x038000,
    .revision = 1,
    .interrupt = true,
    .attach = adapter_attach,
    .reset = adapter_reset,
    .read = adapter_read,
    .write = adapter_write,
    .timer = adapter_timer,
    .screenshot = adapter_screenshot,
    .destroy = adapter_destroy,
};

static bool options_valid(const struct vport_sim_adapter_options *options)
{
    uint64_t memory = options->video_memory;
    bool reach = options->reach == 24 || options->reach == 28 || options->reach == 32 ||
                 options->reach == 64;
    return reach && memory >= 1 << 20 && memory <= 512 << 20 && (memory & (memory - 1)) == 0;
}

enum vport_status vport_sim_adapter_add(struct vport_bus *bus,
                                        const struct vport_sim_adapter_options *options)
{
    struct vport_sim_adapter_options chosen = *options;
    if (!chosen.video_memory)
        chosen.video_memory = 256 << 20;
    if (!options_valid(&chosen))
        return VPORT_E_INVALID;
    struct vport_sim_adapter *adapter = calloc(1, sizeof(*adapter));
    if (!adapter)
        return VPORT_E_NO_MEMORY;
    adapter->options = chosen;
    adapter->jitter = vport_loop_mode(bus->loop) == VPORT_LOOP_DETERMINISTIC;
    adapter->video_memory = mmap(NULL, (size_t)chosen.video_memory, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (adapter->video_memory == MAP_FAILED) {
        free(adapter);
        return VPORT_E_NO_MEMORY;
    }
    vport_sim_rom_fill(adapter->rom, &adapter_ops);
    struct vport_device_plug plug = {
        .ops = &adapter_ops,
        .model = adapter,
        .rom = adapter->rom,
        .rom_length = SIM_ROM_LENGTH,
        .bar = {{.length = SIM_BAR_LENGTH},
                {.length = chosen.video_memory,
                 .prefetchable = true,
                 .memory = adapter->video_memory}},
        .address_bits = chosen.reach,
    };
    return vport_sim_bus_plug(bus, &plug);
}
