/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: 256 bytes a function, of which a write changes what real hardware lets
 * it change. Writing a BAR moves what it decodes; writing all ones and reading back tells its size.
 */
#include <string.h>

#include "bus/sim/internal.h"

/* Offsets and bits of the PCI header, type 0. */
enum {
    CONFIG_VENDOR = 0x00,
    CONFIG_DEVICE = 0x02,
    CONFIG_COMMAND = 0x04,
    CONFIG_STATUS = 0x06,
    CONFIG_REVISION = 0x08,
    CONFIG_CLASS = 0x09,
    CONFIG_CACHE_LINE = 0x0c,
    CONFIG_LATENCY = 0x0d,
    CONFIG_BAR = 0x10,
    CONFIG_SUBSYSTEM_VENDOR = 0x2c,
    CONFIG_SUBSYSTEM = 0x2e,
    CONFIG_ROM = 0x30,
    CONFIG_INTERRUPT_LINE = 0x3c,
    CONFIG_INTERRUPT_PIN = 0x3d,

    COMMAND_IO = 0x0001,
    COMMAND_MEMORY = 0x0002,
    COMMAND_MASTER = 0x0004,
    COMMAND_NO_INTERRUPT = 0x0400,

    STATUS_INTERRUPT = 0x0008,
    STATUS_MASTER_ABORT = 0x2000,

    BAR_IO = 1,
    BAR_PREFETCHABLE = 8,

    ROM_ENABLE = 1,
    ROM_SMALLEST = 2 << 10,
    ROM_LARGEST = 16 << 20,
};

static void put(uint8_t *space, unsigned offset, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++)
        space[offset + i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get(const uint8_t *space, unsigned offset, unsigned width)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint32_t)space[offset + i] << (8 * i);
    return value;
}

/* What follows from the command register and the BARs; call it after each change. */
static void decode(struct vport_device *device)
{
    uint32_t command = get(device->config, CONFIG_COMMAND, 2);
    for (unsigned i = 0; i < VPORT_DEVICE_BARS; i++) {
        const struct vport_device_bar *bar = &device->plug.bar[i];
        bool on = bar->length && (command & (bar->port ? COMMAND_IO : COMMAND_MEMORY));
        uint32_t base = get(device->config, CONFIG_BAR + 4 * i, 4) & ~(uint32_t)(bar->length - 1);
        atomic_store(&device->decoded[i], on ? base : VPORT_SIM_NOWHERE);
    }
    atomic_store(&device->master, (command & COMMAND_MASTER) != 0);
    vport_sim_line_enable(device, !(command & COMMAND_NO_INTERRUPT));
}

/* ---- Power-on ---------------------------------------------------------------------------- */

static bool bar_valid(const struct vport_device *device, const struct vport_device_bar *bar)
{
    const struct vport_device_ops *ops = device->plug.ops;
    if (bar->length == 0)
        return true;
    if (bar->length < 16 || (bar->length & (bar->length - 1)) ||
        (!bar->memory && (!ops->read || !ops->write)))
        return false;
    return !bar->port || (bar->length <= 256 && !bar->memory);
}

/* Where a BAR goes, at its natural alignment; 0: no room left. */
static uint64_t port_place(struct vport_sim_window *window, uint64_t length)
{
    uint64_t start = vport_align_up(window->port, length);
    if (length > 0x10000 - start)
        return 0;
    window->port = start + length;
    return start;
}

/* Large ones fill the window from below and small ones from above: alignment costs little room. */
static uint64_t memory_place(struct vport_sim_window *window, uint64_t length)
{
    uint64_t start = vport_align_up(window->memory, length);
    if (length > window->memory_end - window->memory)
        return 0;
    if (length < 1 << 20) {
        start = vport_align_down(window->memory_end - length, length);
        if (start < window->memory)
            return 0;
        window->memory_end = start;
    } else {
        if (start > window->memory_end - length)
            return 0;
        window->memory = start + length;
    }
    return start;
}

static enum vport_status bar_init(struct vport_device *device, unsigned index,
                                  struct vport_function *function)
{
    const struct vport_device_bar *bar = &device->plug.bar[index];
    if (!bar_valid(device, bar))
        return VPORT_E_INVALID;
    if (bar->length == 0)
        return VPORT_OK;
    uint64_t start = bar->port ? port_place(&device->bus->window, bar->length)
                               : memory_place(&device->bus->window, bar->length);
    if (!start)
        return VPORT_E_TOO_LARGE;
    uint32_t kind = bar->port ? BAR_IO : bar->prefetchable ? BAR_PREFETCHABLE : 0;
    put(device->config, CONFIG_BAR + 4 * index, 4, start | kind);
    put(device->writable, CONFIG_BAR + 4 * index, 4, ~(bar->length - 1));
    function->resource[function->resources++] = (struct vport_resource){
        .kind = bar->port ? VPORT_IO_PORT : VPORT_IO_MEMORY,
        .start = start,
        .length = bar->length,
        .direct = bar->memory,
        .prefetchable = bar->prefetchable,
    };
    return VPORT_OK;
}

/*
 * The ROM's BAR tells its size and takes an address, as a real one does that the firmware left
 * unassigned. It decodes nothing: whoever wants the ROM asks the bus (vport_sim_rom_read).
 */
static enum vport_status rom_init(struct vport_device *device, struct vport_function *function)
{
    const struct vport_device_plug *plug = &device->plug;
    uint32_t size = ROM_SMALLEST;
    if (!plug->rom != !plug->rom_length || plug->rom_length > ROM_LARGEST)
        return VPORT_E_INVALID;
    function->rom_length = plug->rom_length;
    if (!plug->rom)
        return VPORT_OK;
    while (size < plug->rom_length)
        size *= 2;
    put(device->writable, CONFIG_ROM, 4, ~(size - 1) | ROM_ENABLE);
    return VPORT_OK;
}

static void header_init(struct vport_device *device, const struct vport_function *function)
{
    const struct vport_device_ops *ops = device->plug.ops;
    put(device->config, CONFIG_VENDOR, 2, ops->vendor);
    put(device->config, CONFIG_DEVICE, 2, ops->device);
    put(device->config, CONFIG_REVISION, 1, ops->revision);
    put(device->config, CONFIG_CLASS, 3, ops->class_code);
    put(device->config, CONFIG_SUBSYSTEM_VENDOR, 2, ops->vendor);
    put(device->config, CONFIG_SUBSYSTEM, 2, ops->device);
    put(device->config, CONFIG_INTERRUPT_LINE, 1, function->vector);
    put(device->config, CONFIG_INTERRUPT_PIN, 1, ops->interrupt);
    put(device->writable, CONFIG_COMMAND, 2,
        COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTERRUPT);
    put(device->clearable, CONFIG_STATUS, 2, STATUS_MASTER_ABORT);
    put(device->writable, CONFIG_CACHE_LINE, 1, 0xff);
    put(device->writable, CONFIG_LATENCY, 1, 0xff);
    put(device->writable, CONFIG_INTERRUPT_LINE, 1, 0xff);
}

enum vport_status vport_sim_config_init(struct vport_device *device,
                                        struct vport_function *function)
{
    header_init(device, function);
    for (unsigned i = 0; i < VPORT_DEVICE_BARS; i++) {
        enum vport_status status = bar_init(device, i, function);
        if (status != VPORT_OK)
            return status;
    }
    enum vport_status status = rom_init(device, function);
    if (status != VPORT_OK)
        return status;
    vport_sim_config_reset(device);
    return VPORT_OK;
}

/* As the firmware leaves it: addresses are assigned and decoded, bus mastering is the driver's to
 * turn on. */
void vport_sim_config_reset(struct vport_device *device)
{
    const struct vport_function *function = &device->bus->bus.function[device->number];
    unsigned resource = 0;
    for (unsigned i = 0; i < VPORT_DEVICE_BARS; i++) {
        if (device->plug.bar[i].length == 0)
            continue;
        uint32_t kind = get(device->config, CONFIG_BAR + 4 * i, 1) & 0xf;
        put(device->config, CONFIG_BAR + 4 * i, 4, function->resource[resource++].start | kind);
    }
    put(device->config, CONFIG_COMMAND, 2, COMMAND_IO | COMMAND_MEMORY);
    put(device->config, CONFIG_STATUS, 2, 0);
    put(device->config, CONFIG_ROM, 4, 0);
    decode(device);
}

/* A read or write of the function's found nobody who answered. */
void vport_sim_config_aborted(struct vport_device *device)
{
    put(device->config, CONFIG_STATUS, 2,
        get(device->config, CONFIG_STATUS, 2) | STATUS_MASTER_ABORT);
}

/* ---- Access ------------------------------------------------------------------------------ */

static void read_bytes(struct vport_device *device, uint32_t offset, uint8_t *bytes,
                       uint32_t length)
{
    uint8_t status = device->config[CONFIG_STATUS] & ~STATUS_INTERRUPT;
    device->config[CONFIG_STATUS] = status | (vport_sim_line_level(device) ? STATUS_INTERRUPT : 0);
    memcpy(bytes, device->config + offset, length);
}

static void write_bytes(struct vport_device *device, uint32_t offset, const uint8_t *bytes,
                        uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        uint32_t at = offset + i;
        uint8_t kept =
            device->config[at] & ~device->writable[at] & ~(device->clearable[at] & bytes[i]);
        device->config[at] = kept | (bytes[i] & device->writable[at]);
    }
    decode(device);
}

enum vport_status vport_sim_config_read(struct vport_bus *bus, unsigned function, uint32_t offset,
                                        void *buffer, uint32_t length)
{
    struct vport_device *device = vport_sim_device(bus, function);
    if (!device || !vport_range_fits(offset, length, VPORT_SIM_CONFIG)) {
        memset(buffer, 0xff, length);
        return VPORT_E_RANGE;
    }
    vport_sim_device_enter(device);
    read_bytes(device, offset, buffer, length);
    vport_sim_device_leave(device);
    return VPORT_OK;
}

enum vport_status vport_sim_config_write(struct vport_bus *bus, unsigned function, uint32_t offset,
                                         const void *buffer, uint32_t length)
{
    struct vport_device *device = vport_sim_device(bus, function);
    if (!device || !vport_range_fits(offset, length, VPORT_SIM_CONFIG))
        return VPORT_E_RANGE;
    vport_sim_device_enter(device);
    write_bytes(device, offset, buffer, length);
    vport_sim_device_leave(device);
    return VPORT_OK;
}

enum vport_status vport_sim_rom_read(struct vport_bus *bus, unsigned function, uint32_t offset,
                                     void *buffer, uint32_t length)
{
    struct vport_device *device = vport_sim_device(bus, function);
    if (!device || !vport_range_fits(offset, length, device->plug.rom_length))
        return VPORT_E_RANGE;
    memcpy(buffer, (const uint8_t *)device->plug.rom + offset, length);
    return VPORT_OK;
}
