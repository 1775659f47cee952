/* SPDX-License-Identifier: MIT */
/*
 * The simulated bus: "physical" memory laid out on demand, and PCI functions that are models in C
 * (videoport/device.h).
 *
 * Its frames are names for pages of this process: devices reach memory only through them.
 */
#ifndef VPORT_BUS_SIM_SIM_H
#define VPORT_BUS_SIM_SIM_H

#include <videoport/device.h>
#include "bus/bus.h"

enum vport_sim_layout {
    VPORT_SIM_CONTIGUOUS, /* frames ascend one by one */
    VPORT_SIM_SCATTERED,  /* no two neighbours are adjacent */
    VPORT_SIM_MIXED,      /* runs of geometric mean 8 */
};

/* How the platform is; the keys of `sim` that are not the adapter's own. */
struct vport_sim_platform {
    enum vport_sim_layout layout;
    uint64_t memory; /* bytes of physical memory, 32 MiB to 1 TiB; frames are spread over all of it;
                        0: 8 GiB */
    uint32_t map_registers; /* most an adapter is granted; 0: 256 if it may bounce, else as many as
                               it wants */
    bool coherent; /* false: the device sees only what was flushed, the CPU only what was completed
                    */
    bool queue;    /* every request has to wait for registers */
};

/* Makes an empty bus. */
enum vport_status vport_sim_bus_create(const struct vport_bus_config *config,
                                       const struct vport_sim_platform *platform,
                                       struct vport_bus **bus);
/*
 * Plugs a model in as the next function and powers it on. The model belongs to the bus from the
 * call on: when it fails, ops->destroy has run. VPORT_E_TOO_LARGE: no function or address space
 * left for it; VPORT_E_INVALID: an impossible BAR, ROM or address width, or no function at all.
 */
enum vport_status vport_sim_bus_plug(struct vport_bus *bus, const struct vport_device_plug *plug);

/* The simulated display adapter (docs/sim-adapter.md is its data sheet). */
struct vport_sim_adapter_options {
    bool scatter_gather;   /* the engine walks a list; else one address and length a command */
    unsigned reach;        /* address bits of the engine: 24, 28, 32 or 64 */
    uint32_t max_length;   /* most bytes a command; 0: no limit */
    uint64_t video_memory; /* bytes, a power of two, 1 to 512 MiB; 0: 256 MiB */
    uint64_t latency; /* ns from doorbell to completion per command (+ seeded jitter up to the same
                         in deterministic mode) */
};
/* VPORT_E_INVALID: a value that is none of those named above; otherwise as vport_sim_bus_plug. */
enum vport_status vport_sim_adapter_add(struct vport_bus *bus,
                                        const struct vport_sim_adapter_options *options);

#endif
