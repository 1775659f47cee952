/* SPDX-License-Identifier: MIT */
/* The simulated bus: making it, closing it, and its table of functions. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/sim/internal.h"

static enum vport_status bus_start(struct vport_bus *bus)
{
    for (unsigned i = 0; i < bus->functions; i++)
        vport_sim_device_reset(vport_sim_device(bus, i));
    return VPORT_OK;
}

static void bus_close(struct vport_bus *bus)
{
    struct vport_sim_bus *sim = vport_sim_bus(bus);
    for (unsigned i = 0; i < bus->functions; i++) {
        vport_sim_device_stop(sim->device[i]);
        vport_sim_line_stop(sim->device[i]);
    }
    size_t locked = vport_space_destroy(bus->space);
    if (locked)
        vport_report(bus->reports, "LB-12", NULL,
                     "%zu pages were still locked when the machine ended", locked);
    for (unsigned i = 0; i < bus->functions; i++)
        vport_sim_device_free(sim->device[i]);
    vport_foreign_destroy(sim->foreign);
    vport_sim_ram_fini(&sim->ram);
    free(sim);
}

static enum vport_status bus_screenshot(struct vport_bus *bus, struct vport_image *image)
{
    struct vport_device *device = vport_sim_device(bus, 0);
    *image = (struct vport_image){0};
    if (!device || !device->plug.ops->screenshot)
        return VPORT_E_UNSUPPORTED;
    vport_sim_device_enter(device);
    enum vport_status status = device->plug.ops->screenshot(device->plug.model, image);
    vport_sim_device_leave(device);
    return status;
}

static const struct vport_bus_ops sim_ops = {
    .name = "sim",
    .start = bus_start,
    .close = bus_close,
    .config_read = vport_sim_config_read,
    .config_write = vport_sim_config_write,
    .rom_read = vport_sim_rom_read,
    .io_read = vport_sim_io_read,
    .io_write = vport_sim_io_write,
    .interrupt_connect = vport_sim_line_connect,
    .interrupt_disconnect = vport_sim_line_disconnect,
    .memory_alloc = vport_sim_memory_alloc,
    .memory_free = vport_sim_memory_free,
    .screenshot = bus_screenshot,
};

static const struct vport_space_ops space_ops = {
    .pin = vport_foreign_pin,
    .unpin = vport_foreign_unpin,
};

/* ---- Making it --------------------------------------------------------------------------- */

enum {
    BOUNCE_REGISTERS = 256,         /* 1 MiB: stays in a processor's cache (docs: performance) */
    DIRECT_REGISTERS = 0x100000 + 1 /* pages that 4 GiB can span: as many as anybody can want */
};

static enum vport_status fail(const struct vport_bus_config *config, enum vport_status status,
                              const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum vport_status fail(const struct vport_bus_config *config, enum vport_status status,
                              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (config->error)
        vsnprintf(config->error, config->error_size, format, args);
    va_end(args);
    return status;
}

static bool memory_valid(uint64_t memory)
{
    return memory >= 1ull << VPORT_SIM_MEMORY_MIN_SHIFT &&
           memory <= 1ull << VPORT_SIM_MEMORY_MAX_SHIFT && memory % VPORT_PAGE_SIZE == 0;
}

static void bus_init(struct vport_sim_bus *sim, const struct vport_bus_config *config,
                     const struct vport_sim_platform *platform, uint64_t memory)
{
    *sim = (struct vport_sim_bus){
        .bus =
            {
                .ops = &sim_ops,
                .platform =
                    {
                        .ops = platform->coherent ? &vport_sim_platform_coherent
                                                  : &vport_sim_platform_split,
                        .highest = memory - 1,
                        .bounce_registers =
                            platform->map_registers ? platform->map_registers : BOUNCE_REGISTERS,
                        .direct_registers =
                            platform->map_registers ? platform->map_registers : DIRECT_REGISTERS,
                        .queue_always = platform->queue,
                    },
                .loop = config->loop,
                .reports = config->reports,
                .trace = config->trace,
                .memory_size = memory,
            },
        .seed = config->seed,
        .window = {VPORT_SIM_PCI_START, VPORT_SIM_PCI_END, 0xc000},
    };
}

enum vport_status vport_sim_bus_create(const struct vport_bus_config *config,
                                       const struct vport_sim_platform *platform,
                                       struct vport_bus **bus)
{
    uint64_t memory = platform->memory ? platform->memory : 8ull << 30;
    *bus = NULL;
    if (!memory_valid(memory))
        return fail(config, VPORT_E_INVALID,
                    "memory: 32 MiB to 1 TiB, in whole pages; not %llu bytes",
                    (unsigned long long)memory);
    struct vport_sim_bus *sim = malloc(sizeof(*sim));
    if (!sim)
        return fail(config, VPORT_E_NO_MEMORY, "out of memory");
    bus_init(sim, config, platform, memory);
    enum vport_status status =
        vport_sim_ram_init(&sim->ram, memory, platform->coherent, platform->layout, config->seed);
    if (status != VPORT_OK) {
        free(sim);
        return fail(
            config, status,
            "no address space in this process for a machine of %llu bytes; ask for less memory",
            (unsigned long long)memory);
    }
    status = vport_foreign_create(&vport_sim_foreign_ops, &sim->ram, &sim->foreign);
    if (status == VPORT_OK)
        status = vport_space_create(&space_ops, sim->foreign, &sim->bus.space);
    if (status != VPORT_OK) {
        vport_foreign_destroy(sim->foreign);
        vport_sim_ram_fini(&sim->ram);
        free(sim);
        return fail(config, status, "out of memory");
    }
    *bus = &sim->bus;
    return VPORT_OK;
}
