/* SPDX-License-Identifier: MIT */
/* Register accesses: from a bus address or port to a model's BAR. */
#include <string.h>

#include "bus/sim/internal.h"

/* Who answers at an address. */
struct target {
    struct vport_device *device;
    unsigned bar;
    uint64_t offset;
};

static bool bar_answers(struct vport_device *device, unsigned bar, enum vport_io_kind kind,
                        uint64_t address, unsigned width, struct target *target)
{
    uint32_t base = atomic_load(&device->decoded[bar]);
    uint64_t length = device->plug.bar[bar].length;
    if (base == VPORT_SIM_NOWHERE || device->plug.bar[bar].port != (kind == VPORT_IO_PORT) ||
        address < base)
        return false;
    *target = (struct target){device, bar, address - base};
    return vport_range_fits(address - base, width, length);
}

static bool find_target(struct vport_bus *bus, enum vport_io_kind kind, uint64_t address,
                        unsigned width, struct target *target)
{
    for (unsigned i = 0; i < bus->functions; i++)
        for (unsigned bar = 0; bar < VPORT_DEVICE_BARS; bar++)
            if (bar_answers(vport_sim_device(bus, i), bar, kind, address, width, target))
                return true;
    return false;
}

/*
 * A model sees naturally aligned accesses only: what is not becomes single bytes, as on a real bus.
 */
static unsigned unit_of(const struct target *target, unsigned width)
{
    return target->offset % width ? 1 : width;
}

static uint64_t target_read(const struct target *target, unsigned width)
{
    const struct vport_device_plug *plug = &target->device->plug;
    unsigned unit = unit_of(target, width);
    uint64_t value = 0, mask = unit == 8 ? UINT64_MAX : (1ull << 8 * unit) - 1;
    if (plug->bar[target->bar].memory) {
        memcpy(&value, (const uint8_t *)plug->bar[target->bar].memory + target->offset, width);
        return value;
    }
    vport_sim_device_enter(target->device);
    for (unsigned i = 0; i < width; i += unit)
        value |= (plug->ops->read(plug->model, target->bar, target->offset + i, unit) & mask)
                 << 8 * i;
    vport_sim_device_leave(target->device);
    return value;
}

static void target_write(const struct target *target, unsigned width, uint64_t value)
{
    const struct vport_device_plug *plug = &target->device->plug;
    unsigned unit = unit_of(target, width);
    uint64_t mask = unit == 8 ? UINT64_MAX : (1ull << 8 * unit) - 1;
    if (plug->bar[target->bar].memory) {
        memcpy((uint8_t *)plug->bar[target->bar].memory + target->offset, &value, width);
        return;
    }
    vport_sim_device_enter(target->device);
    for (unsigned i = 0; i < width; i += unit)
        plug->ops->write(plug->model, target->bar, target->offset + i, unit,
                         (value >> 8 * i) & mask);
    vport_sim_device_leave(target->device);
}

enum vport_status vport_sim_io_read(struct vport_bus *bus, enum vport_io_kind kind,
                                    uint64_t address, unsigned width, uint64_t *value)
{
    struct target target;
    *value = UINT64_MAX >> (64 - 8 * width);
    if (!find_target(bus, kind, address, width, &target))
        return VPORT_E_RANGE;
    *value = target_read(&target, width);
    vport_trace(bus->trace, VPORT_TRACE_REGISTER_READ, kind, address, width, *value);
    return VPORT_OK;
}

enum vport_status vport_sim_io_write(struct vport_bus *bus, enum vport_io_kind kind,
                                     uint64_t address, unsigned width, uint64_t value)
{
    struct target target;
    if (!find_target(bus, kind, address, width, &target))
        return VPORT_E_RANGE;
    vport_trace(bus->trace, VPORT_TRACE_REGISTER_WRITE, kind, address, width, value);
    target_write(&target, width, value);
    return VPORT_OK;
}
