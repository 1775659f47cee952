/* SPDX-License-Identifier: MIT */
/*
 * The adapter kind "sim": keys to the simulated bus's platform and the simulated adapter's options.
 */
#include "host/adapters.h"

#include <stdio.h>

#include "bus/sim/sim.h"
#include "miniports/miniports.h"

enum sim_key {
    SIM_SG,
    SIM_REACH,
    SIM_MAX_LENGTH,
    SIM_MAP_REGISTERS,
    SIM_FRAMES,
    SIM_MEMORY,
    SIM_COHERENT,
    SIM_LATENCY,
    SIM_QUEUE,
    SIM_MODE,
    SIM_VIDEO_MEMORY,
    SIM_KEYS
};

static const struct vport_adapter_key sim_keys[SIM_KEYS + 1] = {
    [SIM_SG] = {"sg", "on|off", "on",
                "the device walks scatter/gather lists; off: one address and length a command"},
    [SIM_REACH] = {"reach", "24|28|32|64", "64", "address bits of the device's DMA engine"},
    [SIM_MAX_LENGTH] = {"max-length", "none|BYTES", "none",
                        "most bytes the device moves in one operation"},
    [SIM_MAP_REGISTERS] =
        {"map-registers", "auto|1..1048576", "auto",
         "most the platform grants; auto: 256 if the device may need to bounce, else enough"},
    [SIM_FRAMES] = {"frames", "contiguous|scattered|mixed", "mixed",
                    "how a buffer's pages lie in physical memory"},
    [SIM_MEMORY] = {"memory", "32M..1024G", "8G",
                    "size of physical memory; above 4G a 32-bit device cannot reach it all"},
    [SIM_COHERENT] = {"coherent", "on|off", "on",
                      "off: each side sees the other's bytes only after a flush"},
    [SIM_LATENCY] = {"latency", "0..10s", "0",
                     "from doorbell to completion of a command: 500ns, 20us, 3ms"},
    [SIM_QUEUE] = {"queue", "on|off", "off", "every operation has to wait for map registers"},
    [SIM_MODE] = {"mode", "deterministic|threaded", "deterministic",
                  "one thread, ordered by the seed; or the real clock and real concurrency"},
    [SIM_VIDEO_MEMORY] = {"video-memory", "1M..512M", "256M",
                          "the adapter's own memory, a power of two"},
    {0}};

static const struct vport_key_rule sim_rules[SIM_KEYS] = {
    [SIM_MAX_LENGTH] = {.kind = VPORT_KEY_SIZE, .least = 1, .most = UINT32_MAX, .zero = "none"},
    [SIM_MAP_REGISTERS] = {.kind = VPORT_KEY_NUMBER, .least = 1, .most = 1 << 20, .zero = "auto"},
    [SIM_MEMORY] = {.kind = VPORT_KEY_SIZE, .least = 32ull << 20, .most = 1024ull << 30},
    [SIM_LATENCY] = {.kind = VPORT_KEY_TIME, .most = 10000000000ull},
    [SIM_VIDEO_MEMORY] = {.kind = VPORT_KEY_SIZE,
                          .least = 1ull << 20,
                          .most = 512ull << 20,
                          .power_of_two = true},
};

/* Keys that say what the built-in device is like; they mean nothing for a device of the caller's
 * own. */
static const uint64_t sim_device_keys =
    1 << SIM_SG | 1 << SIM_REACH | 1 << SIM_MAX_LENGTH | 1 << SIM_LATENCY | 1 << SIM_VIDEO_MEMORY;

static enum vport_loop_mode sim_mode(const struct vport_adapter_choice *choice)
{
    return choice->values[SIM_MODE] == 0 ? VPORT_LOOP_DETERMINISTIC : VPORT_LOOP_THREADED;
}

static enum vport_status sim_bus(const struct vport_adapter_choice *choice,
                                 const struct vport_bus_config *config, struct vport_bus **bus)
{
    static const enum vport_sim_layout layouts[] = {VPORT_SIM_CONTIGUOUS, VPORT_SIM_SCATTERED,
                                                    VPORT_SIM_MIXED};
    struct vport_sim_platform platform = {
        .layout = layouts[choice->values[SIM_FRAMES]],
        .memory = choice->values[SIM_MEMORY],
        .map_registers = (uint32_t)choice->values[SIM_MAP_REGISTERS],
        .coherent = choice->values[SIM_COHERENT] == 0,
        .queue = choice->values[SIM_QUEUE] == 0,
    };

    return vport_sim_bus_create(config, &platform, bus);
}

static enum vport_status sim_adapter(const struct vport_adapter_choice *choice,
                                     struct vport_bus *bus)
{
    static const unsigned reach[] = {24, 28, 32, 64};
    struct vport_sim_adapter_options options = {
        .scatter_gather = choice->values[SIM_SG] == 0,
        .reach = reach[choice->values[SIM_REACH]],
        .max_length = (uint32_t)choice->values[SIM_MAX_LENGTH],
        .video_memory = choice->values[SIM_VIDEO_MEMORY],
        .latency = choice->values[SIM_LATENCY],
    };

    return vport_sim_adapter_add(bus, &options);
}

static enum vport_status sim_create(const struct vport_adapter_choice *choice,
                                    const struct vport_bus_config *config, struct vport_bus **bus)
{
    enum vport_status status;

    if (choice->device && (choice->given & sim_device_keys)) {
        snprintf(config->error, config->error_size,
                 "adapter 'sim': sg, reach, max-length, latency and video-memory are the built-in "
                 "device's; "
                 "this machine has a device of its own");
        vport_adapter_drop_device(choice->device);
        return VPORT_E_INVALID;
    }
    status = sim_bus(choice, config, bus);
    if (status != VPORT_OK) {
        vport_adapter_drop_device(choice->device);
        return status;
    }
    status = choice->device ? vport_sim_bus_plug(*bus, choice->device) : sim_adapter(choice, *bus);
    if (status != VPORT_OK) {
        (*bus)->ops->close(*bus);
        *bus = NULL;
    }
    return status;
}

const struct vport_adapter vport_adapter_sim = {
    .kind = {.name = "sim",
             .help = "a simulated bus-master display adapter on a simulated platform",
             .keys = sim_keys},
    .rules = sim_rules,
    .driver_name = "sim",
    .driver = vport_miniport_sim_entry,
    .mode = sim_mode,
    .create = sim_create,
};
