/* SPDX-License-Identifier: MIT */
/*
 * PCI without firmware: configuration space through ports CF8h and CFCh, and what a BIOS would do:
 * find out how large the BARs are, give them addresses, turn the functions on.
 *
 *   memory   E000_0000h up      BARs, each at a multiple of its size
 *            below 256 MiB      the screen's video memory, when the adapter is to write it with 28
 *                               address lines
 *            FE00_0000h         an expansion ROM, while it is read
 *   ports    C000h up           BARs
 */
#include <string.h>

#include "bus/qemu/internal.h"

enum {
    CONFIG_ADDRESS = 0xcf8,
    CONFIG_DATA = 0xcfc,
    CONFIG_SIZE = 256,

    ID = 0x00,
    COMMAND = 0x04,
    STATUS = 0x06,
    CLASS = 0x08, /* the class code is the upper three bytes */
    BAR = 0x10,
    ROM = 0x30,
    CAPABILITIES = 0x34,
    PIN = 0x3d,

    COMMAND_PORTS = 1,
    COMMAND_MEMORY = 2,
    COMMAND_MASTER = 4,
    STATUS_CAPABILITIES = 0x10,

    BAR_PORT = 1,
    BAR_TYPE = 6,
    BAR_64 = 4,
    BAR_PREFETCHABLE = 8,

    ROM_ENABLE = 1,

    BARS = 6,
    IOAPIC_FIRST =
        20, /* where q35's sixteen to twenty-three begin for slot 0; four inputs, in turn */
    IOAPIC_INPUTS = 4,
};

#define MEMORY_FIRST UINT64_C(0xe0000000)
#define MEMORY_END   UINT64_C(0xfe000000)
#define ROM_ADDRESS  UINT64_C(0xfe000000)
#define ROM_LARGEST  UINT64_C(0x800000) /* what there is before the I/O APIC's registers */
#define PORT_FIRST   UINT64_C(0xc000)
#define PORT_END     UINT64_C(0x10000)

/* ---- Configuration space ---- */

static uint64_t config_address(unsigned slot, uint32_t offset)
{
    return UINT64_C(0x80000000) | slot << 11 | (offset & ~3u);
}

/* Bytes of the register at `offset` that one aligned access moves. */
static unsigned config_width(uint32_t offset, uint32_t length)
{
    if (offset % 4 == 0 && length >= 4)
        return 4;
    return offset % 2 == 0 && length >= 2 ? 2 : 1;
}

/* Inside a session. */
static void put_read(struct vport_qtest *qtest, unsigned slot, uint32_t offset, unsigned width,
                     uint64_t *value)
{
    vport_qtest_out(qtest, CONFIG_ADDRESS, 4, config_address(slot, offset));
    vport_qtest_in(qtest, CONFIG_DATA + offset % 4, width, value);
}

static void put_write(struct vport_qtest *qtest, unsigned slot, uint32_t offset, unsigned width,
                      uint64_t value)
{
    vport_qtest_out(qtest, CONFIG_ADDRESS, 4, config_address(slot, offset));
    vport_qtest_out(qtest, CONFIG_DATA + offset % 4, width, value);
}

enum vport_status vport_qemu_pci_read(struct vport_qemu_bus *bus, unsigned slot, uint32_t offset,
                                      void *buffer, uint32_t length)
{
    uint64_t values[CONFIG_SIZE];
    uint8_t *byte = buffer;
    enum vport_status status;

    if (!vport_range_fits(offset, length, CONFIG_SIZE))
        return VPORT_E_RANGE;
    vport_qtest_begin(bus->qtest);
    for (uint32_t at = 0, width; at < length; at += width) {
        width = config_width(offset + at, length - at);
        put_read(bus->qtest, slot, offset + at, width, &values[at]);
    }
    status = vport_qtest_end(bus->qtest);
    for (uint32_t at = 0, width; at < length && status == VPORT_OK; at += width) {
        width = config_width(offset + at, length - at);
        memcpy(byte + at, &values[at], width);
    }
    return status;
}

enum vport_status vport_qemu_pci_write(struct vport_qemu_bus *bus, unsigned slot, uint32_t offset,
                                       const void *buffer, uint32_t length)
{
    const uint8_t *byte = buffer;

    if (!vport_range_fits(offset, length, CONFIG_SIZE))
        return VPORT_E_RANGE;
    vport_qtest_begin(bus->qtest);
    for (uint32_t at = 0, width; at < length; at += width) {
        uint64_t value = 0;

        width = config_width(offset + at, length - at);
        memcpy(&value, byte + at, width);
        put_write(bus->qtest, slot, offset + at, width, value);
    }
    return vport_qtest_end(bus->qtest);
}

/* The capability at `at`, and where the next one is. */
static enum vport_status read_capability(struct vport_qemu_bus *bus, unsigned slot, uint8_t at,
                                         uint8_t *id, uint8_t *next)
{
    uint8_t header[2];
    enum vport_status status = vport_qemu_pci_read(bus, slot, at, header, sizeof(header));

    if (status == VPORT_OK) {
        *id = header[0];
        *next = header[1] & 0xfc;
    }
    return status;
}

enum vport_status vport_qemu_pci_capability(struct vport_qemu_bus *bus, unsigned slot, uint8_t id,
                                            uint8_t after, uint8_t *offset)
{
    uint8_t flags = 0;
    uint8_t at = 0;
    uint8_t kind = 0;
    enum vport_status status = vport_qemu_pci_read(bus, slot, STATUS, &flags, 1);

    *offset = 0;
    if (status == VPORT_OK && (flags & STATUS_CAPABILITIES))
        status = after ? read_capability(bus, slot, after, &kind, &at)
                       : vport_qemu_pci_read(bus, slot, CAPABILITIES, &at, 1);
    for (int i = 0; i < CONFIG_SIZE / 4 && status == VPORT_OK && at != 0; i++) {
        uint8_t here = at & 0xfc;

        status = read_capability(bus, slot, here, &kind, &at);
        if (status == VPORT_OK && kind == id) {
            *offset = here;
            break;
        }
    }
    return status;
}

/* ---- BARs ---- */

/* What a function's BARs read as after writing all ones. */
static enum vport_status size_bars(struct vport_qemu_bus *bus, unsigned slot, uint32_t masks[BARS])
{
    uint64_t values[BARS];
    enum vport_status status;

    vport_qtest_begin(bus->qtest);
    for (unsigned i = 0; i < BARS; i++) {
        put_write(bus->qtest, slot, BAR + 4 * i, 4, UINT32_MAX);
        put_read(bus->qtest, slot, BAR + 4 * i, 4, &values[i]);
    }
    status = vport_qtest_end(bus->qtest);
    for (unsigned i = 0; i < BARS && status == VPORT_OK; i++)
        masks[i] = (uint32_t)values[i];
    return status;
}

/* Decodes BAR `i`; returns how many it takes up. *resource has no address yet, and length 0 when
 * there is nothing. */
static unsigned decode_bar(const uint32_t masks[BARS], unsigned i, struct vport_resource *resource)
{
    bool port = masks[i] & BAR_PORT;
    bool wide = !port && (masks[i] & BAR_TYPE) == BAR_64 && i + 1 < BARS;
    uint64_t mask = masks[i] & (port ? ~3u : ~15u);

    if (wide)
        mask |= (uint64_t)masks[i + 1] << 32;
    else if (mask)
        mask |= UINT64_C(0xffffffff00000000) | (port ? 0xffff0000 : 0);
    *resource = (struct vport_resource){.kind = port ? VPORT_IO_PORT : VPORT_IO_MEMORY,
                                        .length = ~mask + 1,
                                        .prefetchable = !port && (masks[i] & BAR_PREFETCHABLE)};
    return wide ? 2 : 1;
}

static bool place(uint64_t *next, uint64_t end, struct vport_resource *resource)
{
    uint64_t start = vport_align_up(*next, resource->length);

    if (!vport_range_fits(start, resource->length, end))
        return false;
    resource->start = start;
    *next = start + resource->length;
    return true;
}

/* The screen's video memory goes right below the adapter's limit if that is above the RAM. */
static bool place_low(const struct vport_qemu_bus *bus, struct vport_resource *resource)
{
    uint64_t reach = vport_qemu_model_facts(bus->options.device)->dma_mask;

    if (reach >= MEMORY_FIRST || resource->length > reach ||
        reach + 1 - resource->length < bus->options.memory)
        return false;
    resource->start = reach + 1 - resource->length;
    return true;
}

static bool place_bar(struct vport_qemu_bus *bus, unsigned slot, unsigned bar,
                      struct vport_resource *resource)
{
    int video_memory = vport_qemu_model_facts(bus->options.screen)->video_memory;

    if (resource->kind == VPORT_IO_PORT)
        return place(&bus->port_next, PORT_END, resource);
    if (slot == VPORT_QEMU_SLOT_SCREEN && (int)bar == video_memory && place_low(bus, resource))
        return true;
    return place(&bus->memory_next, MEMORY_END, resource);
}

/* Decodes and places the BARs of a slot. VPORT_E_DEVICE: no address space left for them. */
static enum vport_status place_bars(struct vport_qemu_bus *bus, struct vport_qemu_slot *slot)
{
    uint32_t masks[BARS];
    enum vport_status status = size_bars(bus, slot->number, masks);

    for (unsigned i = 0, step; i < BARS && status == VPORT_OK; i += step) {
        struct vport_resource *resource = &slot->resource[slot->resources];

        step = decode_bar(masks, i, resource);
        if (resource->length == 0)
            continue;
        if (!place_bar(bus, slot->number, i, resource))
            return VPORT_E_DEVICE;
        slot->wide[slot->resources] = step == 2;
        slot->bar[slot->resources++] = (uint8_t)i;
    }
    return status;
}

/* Writes the addresses and turns the function on. */
static enum vport_status enable(struct vport_qemu_bus *bus, const struct vport_qemu_slot *slot)
{
    vport_qtest_begin(bus->qtest);
    for (unsigned i = 0; i < slot->resources; i++) {
        uint32_t offset = BAR + 4u * slot->bar[i];

        put_write(bus->qtest, slot->number, offset, 4, slot->resource[i].start);
        if (slot->wide[i])
            put_write(bus->qtest, slot->number, offset + 4, 4, slot->resource[i].start >> 32);
    }
    put_write(bus->qtest, slot->number, COMMAND, 2,
              COMMAND_PORTS | COMMAND_MEMORY | COMMAND_MASTER);
    return vport_qtest_end(bus->qtest);
}

/* ---- Expansion ROM ---- */

/* How large a slot's ROM is; 0: it has none. */
static enum vport_status size_rom(struct vport_qemu_bus *bus, struct vport_qemu_slot *slot)
{
    uint64_t value = 0;
    enum vport_status status;
    uint32_t mask;

    vport_qtest_begin(bus->qtest);
    put_write(bus->qtest, slot->number, ROM, 4, UINT32_MAX & ~ROM_ENABLE);
    put_read(bus->qtest, slot->number, ROM, 4, &value);
    put_write(bus->qtest, slot->number, ROM, 4, 0);
    status = vport_qtest_end(bus->qtest);
    mask = (uint32_t)value & ~(uint32_t)ROM_ENABLE;
    slot->rom_length = mask && ~mask < ROM_LARGEST ? ~mask + 1 : 0;
    return status;
}

/* The ROM answers only while this reads it; the function may be off. */
enum vport_status vport_qemu_pci_read_rom(struct vport_qemu_bus *bus, unsigned slot,
                                          uint32_t offset, void *buffer, uint32_t length)
{
    uint16_t command;
    uint32_t rom;
    enum vport_status status = vport_qemu_pci_read(bus, slot, COMMAND, &command, sizeof(command));

    if (status == VPORT_OK)
        status = vport_qemu_pci_read(bus, slot, ROM, &rom, sizeof(rom));
    if (status != VPORT_OK)
        return status;
    vport_qtest_begin(bus->qtest);
    put_write(bus->qtest, slot, ROM, 4, ROM_ADDRESS | ROM_ENABLE);
    put_write(bus->qtest, slot, COMMAND, 2, command | COMMAND_MEMORY);
    vport_qtest_read_bytes(bus->qtest, ROM_ADDRESS + offset, buffer, length);
    put_write(bus->qtest, slot, COMMAND, 2, command);
    put_write(bus->qtest, slot, ROM, 4, rom);
    return vport_qtest_end(bus->qtest);
}

/* ---- Slots and functions ---- */

static enum vport_status assign_slot(struct vport_qemu_bus *bus, unsigned number,
                                     struct vport_qemu_slot *slot)
{
    uint32_t header[16];
    enum vport_status status = vport_qemu_pci_read(bus, number, 0, header, sizeof(header));

    if (status != VPORT_OK)
        return status;
    if ((header[ID / 4] & 0xffff) == 0xffff)
        return VPORT_E_DEVICE;
    *slot = (struct vport_qemu_slot){.number = number,
                                     .vendor = (uint16_t)header[ID / 4],
                                     .device = (uint16_t)(header[ID / 4] >> 16),
                                     .class_code = header[CLASS / 4] >> 8,
                                     .pin = (uint8_t)(header[PIN / 4] >> 8 * (PIN % 4))};
    status = size_rom(bus, slot);
    return status == VPORT_OK ? place_bars(bus, slot) : status;
}

static void add_function(struct vport_qemu_bus *bus, const struct vport_qemu_slot *slot,
                         enum vport_qemu_model model)
{
    unsigned number = bus->base.functions++;
    struct vport_function *function = &bus->base.function[number];

    *function = (struct vport_function){.vendor = slot->vendor,
                                        .device = slot->device,
                                        .class_code = slot->class_code,
                                        .slot = (uint8_t)slot->number,
                                        .resources = slot->resources,
                                        .rom_length = slot->rom_length,
                                        .dma_mask = vport_qemu_model_facts(model)->dma_mask,
                                        .interrupt = slot->pin != 0};
    memcpy(function->resource, slot->resource, slot->resources * sizeof(slot->resource[0]));
    if (function->interrupt)
        function->vector = IOAPIC_FIRST + (slot->number + slot->pin - 1u) % IOAPIC_INPUTS;
    bus->line[number].vector = function->vector;
}

/* The slots in use, in the order of bus->slot[]. */
static unsigned used_slots(const struct vport_qemu_bus *bus, unsigned numbers[VPORT_QEMU_SLOTS])
{
    unsigned count = 0;

    numbers[count++] = VPORT_QEMU_SLOT_ADAPTER;
    if (bus->options.screen != VPORT_QEMU_NONE)
        numbers[count++] = VPORT_QEMU_SLOT_SCREEN;
    if (bus->options.messages)
        numbers[count++] = VPORT_QEMU_SLOT_DOORBELL;
    return count;
}

enum vport_status vport_qemu_pci_assign(struct vport_qemu_bus *bus)
{
    unsigned numbers[VPORT_QEMU_SLOTS];
    enum vport_status status = VPORT_OK;

    bus->memory_next = MEMORY_FIRST;
    bus->port_next = PORT_FIRST;
    bus->slots = used_slots(bus, numbers);
    for (unsigned i = 0; i < bus->slots && status == VPORT_OK; i++)
        status = assign_slot(bus, numbers[i], &bus->slot[i]);
    if (status != VPORT_OK)
        return status;
    add_function(bus, &bus->slot[0], bus->options.device);
    if (bus->options.screen != VPORT_QEMU_NONE)
        add_function(bus, &bus->slot[1], bus->options.screen);
    return VPORT_OK;
}

enum vport_status vport_qemu_pci_enable(struct vport_qemu_bus *bus)
{
    enum vport_status status = VPORT_OK;

    for (unsigned i = 0; i < bus->slots && status == VPORT_OK; i++)
        status = enable(bus, &bus->slot[i]);
    return status;
}

const struct vport_resource *vport_qemu_pci_bar(const struct vport_qemu_bus *bus, unsigned number,
                                                int bar)
{
    for (unsigned i = 0; i < bus->slots; i++)
        for (unsigned j = 0; bus->slot[i].number == number && j < bus->slot[i].resources; j++)
            if (bus->slot[i].bar[j] == bar)
                return &bus->slot[i].resource[j];
    return NULL;
}
