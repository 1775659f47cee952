/* SPDX-License-Identifier: MIT */
/*
 * The simulated display adapter, between its files. docs/sim-adapter.md is the data sheet that this
 * implements; the miniport is written from the data sheet and never sees this header.
 */
#ifndef VPORT_BUS_SIM_ADAPTER_H
#define VPORT_BUS_SIM_ADAPTER_H

#include "bus/sim/sim.h"

/* Byte offsets into BAR 0. */
enum vport_sim_register {
    SIM_ID = 0x000,
    SIM_CAPABILITIES = 0x004,
    SIM_VIDEO_MEMORY = 0x008,
    SIM_MAX_LENGTH = 0x00c,
    SIM_RESET = 0x010,

    SIM_MODE_WIDTH = 0x020,
    SIM_MODE_HEIGHT = 0x024,
    SIM_MODE_STRIDE = 0x028,
    SIM_MODE_FORMAT = 0x02c,
    SIM_MODE_START = 0x030,
    SIM_MODE_CONTROL = 0x034,

    SIM_IRQ_STATUS = 0x040,
    SIM_IRQ_ENABLE = 0x044,

    SIM_DMA_ADDRESS = 0x080,
    SIM_DMA_ADDRESS_HIGH = 0x084,
    SIM_DMA_LENGTH = 0x088,
    SIM_DMA_COUNT = 0x08c,
    SIM_DMA_OFFSET = 0x090,
    SIM_DMA_ROW = 0x094,
    SIM_DMA_PITCH = 0x098,
    SIM_DMA_POSITION = 0x09c,
    SIM_DMA_COMMAND = 0x0a0,
    SIM_DMA_STATUS = 0x0a4,
    SIM_DMA_DONE = 0x0a8,

    SIM_REGISTERS_END = 0x0ac,
    SIM_BAR_LENGTH = 0x1000
};

enum {
    SIM_ID_VALUE = 0x5650524d, /* "MRPV" in memory */

    SIM_CAP_LIST = 1 << 0,
    SIM_CAP_ADDRESS_SHIFT = 8,

    SIM_FORMAT_XRGB8888 = 1,

    SIM_MODE_ON = 1 << 0,
    SIM_MODE_INVALID = 1 << 1,

    SIM_IRQ_DONE = 1 << 0,
    SIM_IRQ_ERROR = 1 << 1,

    SIM_COMMAND_START = 1 << 0,
    SIM_COMMAND_FROM_DEVICE = 1 << 1,
    SIM_COMMAND_LIST = 1 << 2,
    SIM_COMMAND_STOP = 1 << 3,

    SIM_STATUS_BUSY = 1 << 0,
    SIM_STATUS_DONE = 1 << 1,
    SIM_STATUS_ERROR = 1 << 2,
    SIM_STATUS_REFUSED = 1 << 3,
    SIM_STATUS_CODE_SHIFT = 8,
};

enum vport_sim_error {
    SIM_ERROR_NONE,
    SIM_ERROR_LENGTH,       /* 0, or more than a command may move */
    SIM_ERROR_VIDEO_MEMORY, /* leaves video memory */
    SIM_ERROR_COMMAND,      /* a list, and this card has no list engine */
    SIM_ERROR_BUS,          /* memory did not answer */
    SIM_ERROR_LIST,         /* the list's lengths do not add up to the command's */
};

/* A list entry as it lies in memory, little-endian. */
struct vport_sim_descriptor {
    uint64_t address;
    uint32_t length;
    uint32_t reserved; /* 0 */
};

enum {
    SIM_FETCH = 256,      /* list entries that the engine reads at once: 4 KiB */
    SIM_SLICE = 64 << 10, /* bytes that it moves in one step */
    SIM_TIMER_STEP = 0,
};

/* The command that the engine works on, latched from the registers when it started. */
struct vport_sim_engine {
    uint32_t length, done;
    uint32_t offset, row, pitch, position;
    bool from_device, list;
    uint64_t table;                      /* of the next entry to fetch */
    uint32_t entries;                    /* not yet fetched */
    uint32_t fetched, next;              /* in `cache` */
    struct vport_sim_descriptor element; /* what is left of the current one */
    struct vport_sim_descriptor cache[SIM_FETCH];
    uint64_t pace; /* ns between two steps */
};

enum { SIM_ROM_LENGTH = 512 };

struct vport_sim_mode {
    uint32_t width, height, stride, start;
};

struct vport_sim_adapter {
    struct vport_device *device;
    struct vport_sim_adapter_options options;
    bool jitter;
    uint8_t *video_memory;
    uint8_t rom[SIM_ROM_LENGTH];
    uint32_t registers[SIM_REGISTERS_END / 4];
    struct vport_sim_mode mode; /* shown while SIM_MODE_ON */
    struct vport_sim_engine engine;
};

static inline uint32_t *vport_sim_register(struct vport_sim_adapter *adapter,
                                           enum vport_sim_register offset)
{
    return &adapter->registers[offset / 4];
}

/* adapter.c */
void vport_sim_adapter_interrupt(struct vport_sim_adapter *adapter, uint32_t causes);

/* adapter_engine.c */
void vport_sim_engine_command(struct vport_sim_adapter *adapter, uint32_t command);
void vport_sim_engine_step(struct vport_sim_adapter *adapter);

/* adapter_rom.c */
void vport_sim_rom_fill(uint8_t rom[SIM_ROM_LENGTH], const struct vport_device_ops *ops);

/* adapter_screen.c */
void vport_sim_screen_control(struct vport_sim_adapter *adapter, uint32_t control);
enum vport_status vport_sim_screen_shot(struct vport_sim_adapter *adapter,
                                        struct vport_image *image);

#endif
