/* SPDX-License-Identifier: MIT */
/*
 * Register and port accesses: from a bus address to qtest, within what the functions of the machine
 * answer to. Video memory is moved in bulk, registers one access each, pipelined.
 */
#include <string.h>

#include "bus/qemu/internal.h"

void vport_qemu_flush(struct vport_qemu_bus *bus)
{
    vport_qtest_begin(bus->qtest);
    (void)vport_qtest_end(bus->qtest); /* whoever comes next hears of a failure */
}

enum { BATCH = 256 /* values read in one session */ };

/* That of `count` resources which holds the range. */
static const struct vport_resource *find_among(const struct vport_resource *resource,
                                               unsigned count, enum vport_io_kind kind,
                                               uint64_t address, uint64_t length)
{
    for (unsigned i = 0; i < count; i++, resource++)
        if (resource->kind == kind && address >= resource->start &&
            vport_range_fits(address - resource->start, length, resource->length))
            return resource;
    return NULL;
}

static const struct vport_resource *find_resource(const struct vport_qemu_bus *bus,
                                                  enum vport_io_kind kind, uint64_t address,
                                                  uint64_t length)
{
    const struct vport_resource *found =
        find_among(bus->base.legacy, bus->base.legacies, kind, address, length);

    for (unsigned i = 0; i < bus->base.functions && !found; i++)
        found = find_among(bus->base.function[i].resource, bus->base.function[i].resources, kind,
                           address, length);
    return found;
}

static enum vport_status check(const struct vport_qemu_bus *bus, enum vport_io_kind kind,
                               uint64_t address, unsigned width, uint64_t count)
{
    uint64_t length;

    if ((width != 1 && width != 2 && width != 4 && width != 8) ||
        (kind == VPORT_IO_PORT && width == 8))
        return VPORT_E_INVALID;
    if (!vport_mul_u64(kind == VPORT_IO_PORT ? 1 : count, width, &length))
        return VPORT_E_RANGE;
    return find_resource(bus, kind, address, length) ? VPORT_OK : VPORT_E_RANGE;
}

/* true if the whole range is video memory, whose bytes do not care how they are accessed. */
static bool is_video_memory(const struct vport_qemu_bus *bus, enum vport_io_kind kind,
                            uint64_t address, uint64_t length)
{
    const struct vport_resource *resource = find_resource(bus, kind, address, length);

    for (unsigned i = 0; i < bus->base.functions; i++) {
        enum vport_qemu_model model = i == 0 ? bus->options.device : bus->options.screen;
        const struct vport_resource *memory = vport_qemu_pci_bar(
            bus, bus->base.function[i].slot, vport_qemu_model_facts(model)->video_memory);

        if (resource && memory && kind == VPORT_IO_MEMORY && memory->start == resource->start)
            return true;
    }
    return false;
}

/* Inside a session. */
static void put_read(struct vport_qtest *qtest, enum vport_io_kind kind, uint64_t address,
                     unsigned width, uint64_t *value)
{
    if (kind == VPORT_IO_PORT)
        vport_qtest_in(qtest, address, width, value);
    else
        vport_qtest_read(qtest, address, width, value);
}

static void put_write(struct vport_qtest *qtest, enum vport_io_kind kind, uint64_t address,
                      unsigned width, uint64_t value)
{
    if (kind == VPORT_IO_PORT)
        vport_qtest_out(qtest, address, width, value);
    else
        vport_qtest_write(qtest, address, width, value);
}

/* Writes to memory are posted, as on any PCI bus; those to ports are not. */
static enum vport_status end_writes(struct vport_qtest *qtest, enum vport_io_kind kind)
{
    return kind == VPORT_IO_MEMORY ? vport_qtest_post(qtest) : vport_qtest_end(qtest);
}

static uint64_t all_ones(unsigned width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
}

enum vport_status vport_qemu_io_read(struct vport_bus *base, enum vport_io_kind kind,
                                     uint64_t address, unsigned width, uint64_t *value)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    enum vport_status status = check(bus, kind, address, width, 1);
    uint64_t got = 0;

    *value = all_ones(width);
    if (status != VPORT_OK)
        return status;
    vport_qtest_begin(bus->qtest);
    put_read(bus->qtest, kind, address, width, &got);
    status = vport_qtest_end(bus->qtest);
    if (status == VPORT_OK)
        *value = got;
    return status;
}

enum vport_status vport_qemu_io_write(struct vport_bus *base, enum vport_io_kind kind,
                                      uint64_t address, unsigned width, uint64_t value)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    enum vport_status status = check(bus, kind, address, width, 1);

    if (status != VPORT_OK)
        return status;
    if (is_video_memory(bus, kind, address, width))
        return vport_qtest_combine(bus->qtest, address, &value, width);
    vport_qtest_begin(bus->qtest);
    put_write(bus->qtest, kind, address, width, value);
    return end_writes(bus->qtest, kind);
}

/* ---- Blocks ---- */

static enum vport_status read_batch(struct vport_qemu_bus *bus, enum vport_io_kind kind,
                                    uint64_t address, unsigned width, uint8_t *byte, size_t count)
{
    unsigned step = kind == VPORT_IO_PORT ? 0 : width;
    uint64_t values[BATCH];
    enum vport_status status;

    vport_qtest_begin(bus->qtest);
    for (size_t i = 0; i < count; i++)
        put_read(bus->qtest, kind, address + i * step, width, &values[i]);
    status = vport_qtest_end(bus->qtest);
    for (size_t i = 0; i < count && status == VPORT_OK; i++)
        memcpy(byte + i * width, &values[i], width);
    return status;
}

static enum vport_status read_units(struct vport_qemu_bus *bus, enum vport_io_kind kind,
                                    uint64_t address, unsigned width, uint8_t *byte, size_t count)
{
    unsigned step = kind == VPORT_IO_PORT ? 0 : width;
    enum vport_status status = VPORT_OK;

    for (size_t done = 0, batch; done < count && status == VPORT_OK; done += batch) {
        batch = vport_min_u64(count - done, BATCH);
        status = read_batch(bus, kind, address + done * step, width, byte + done * width, batch);
    }
    return status;
}

enum vport_status vport_qemu_io_read_block(struct vport_bus *base, enum vport_io_kind kind,
                                           uint64_t address, unsigned width, void *buffer,
                                           size_t count)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    enum vport_status status = check(bus, kind, address, width, count);

    if (status == VPORT_OK && is_video_memory(bus, kind, address, count * width)) {
        vport_qtest_begin(bus->qtest);
        vport_qtest_read_bytes(bus->qtest, address, buffer, count * width);
        status = vport_qtest_end(bus->qtest);
    } else if (status == VPORT_OK) {
        status = read_units(bus, kind, address, width, buffer, count);
    }
    if (status != VPORT_OK && status != VPORT_E_INVALID && count <= SIZE_MAX / width)
        memset(buffer, 0xff, count * width);
    return status;
}

static void put_units(struct vport_qemu_bus *bus, enum vport_io_kind kind, uint64_t address,
                      unsigned width, const uint8_t *byte, size_t count)
{
    unsigned step = kind == VPORT_IO_PORT ? 0 : width;

    for (size_t i = 0; i < count; i++) {
        uint64_t value = 0;

        memcpy(&value, byte + i * width, width);
        put_write(bus->qtest, kind, address + i * step, width, value);
    }
}

enum vport_status vport_qemu_io_write_block(struct vport_bus *base, enum vport_io_kind kind,
                                            uint64_t address, unsigned width, const void *buffer,
                                            size_t count)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    enum vport_status status = check(bus, kind, address, width, count);

    if (status != VPORT_OK)
        return status;
    vport_qtest_begin(bus->qtest);
    if (is_video_memory(bus, kind, address, count * width))
        vport_qtest_write_bytes(bus->qtest, address, buffer, count * width);
    else
        put_units(bus, kind, address, width, buffer, count);
    return end_writes(bus->qtest, kind);
}
