/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the simulated bus: the bus, and its side of a plugged-in model.
 *
 * Locks, outermost first: a device's lock (every function of its model runs under it), ram.access,
 * the interrupt's lock. None is held while a handler, a report sink or the space runs.
 */
#ifndef VPORT_BUS_SIM_INTERNAL_H
#define VPORT_BUS_SIM_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arith.h"
#include "bus/sim/ram.h"
#include "bus/sim/sim.h"
#include "mem/foreign.h"

struct vport_sim_bus;

enum { VPORT_SIM_FUNCTIONS = 4, VPORT_SIM_CONFIG = 256 };
#define VPORT_SIM_NOWHERE UINT32_MAX

/* A report that a model made under its lock; handed on when the lock is given back. */
struct vport_sim_note {
    struct vport_sim_note *next;
    char text[VPORT_REPORT_TEXT];
};

struct vport_sim_timer {
    struct vport_event event;
    struct vport_device *device;
    uint64_t due;
    bool armed;
};

/* The pin, and who listens. */
struct vport_sim_line {
    pthread_mutex_t lock;
    struct vport_event event;
    vport_interrupt_handler *handler;
    void *context;
    bool level, enabled; /* enabled: not turned off in the command register */
    bool masked;         /* it stormed: silent until the next connect */
    unsigned deliveries; /* since the line was last down */
    unsigned claimed;
};

struct vport_device {
    struct vport_sim_bus *bus;
    struct vport_device_plug plug;
    unsigned number; /* of the function */
    pthread_mutex_t lock;
    uint8_t config[VPORT_SIM_CONFIG];
    uint8_t writable[VPORT_SIM_CONFIG];  /* bits that a write can change */
    uint8_t clearable[VPORT_SIM_CONFIG]; /* bits that writing 1 clears */
    /* Where each BAR answers now, or VPORT_SIM_NOWHERE. */
    _Atomic uint32_t decoded[VPORT_DEVICE_BARS];
    _Atomic bool master; /* may it do DMA */
    struct vport_sim_timer timers[VPORT_DEVICE_TIMERS];
    struct vport_sim_line line;
    uint64_t random;
    struct vport_sim_note *notes, **last_note;
};

/* A piece of memory_alloc, until the space lets go of it. */
struct vport_sim_memory {
    struct vport_sim_bus *bus;
    void *base;
    size_t pages;
    struct vport_frame frames[];
};

/* What is left of the address space for BARs: [memory, memory_end), and ports from `port` on. */
struct vport_sim_window {
    uint64_t memory, memory_end, port;
};

struct vport_sim_bus {
    struct vport_bus bus;
    struct vport_sim_ram ram;
    struct vport_foreign *foreign;
    uint64_t seed;
    struct vport_sim_window window;
    struct vport_device *device[VPORT_SIM_FUNCTIONS];
};

static inline struct vport_sim_bus *vport_sim_bus(struct vport_bus *bus)
{
    return VPORT_CONTAINER_OF(bus, struct vport_sim_bus, bus);
}

/* device.c */
struct vport_device *vport_sim_device(struct vport_bus *bus,
                                      unsigned function); /* NULL: no such function */
void vport_sim_device_enter(struct vport_device *device);
void vport_sim_device_leave(struct vport_device *device);
void vport_sim_device_reset(struct vport_device *device);
void vport_sim_device_stop(struct vport_device *device);
void vport_sim_device_free(struct vport_device *device);

/* config.c: called under the device's lock, but for the two accesses */
enum vport_status vport_sim_config_init(struct vport_device *device,
                                        struct vport_function *function);
void vport_sim_config_reset(struct vport_device *device);
void vport_sim_config_aborted(struct vport_device *device);
enum vport_status vport_sim_config_read(struct vport_bus *bus, unsigned function, uint32_t offset,
                                        void *buffer, uint32_t length);
enum vport_status vport_sim_config_write(struct vport_bus *bus, unsigned function, uint32_t offset,
                                         const void *buffer, uint32_t length);

enum vport_status vport_sim_rom_read(struct vport_bus *bus, unsigned function, uint32_t offset,
                                     void *buffer, uint32_t length);

/* line.c */
void vport_sim_line_init(struct vport_device *device);
void vport_sim_line_stop(struct vport_device *device);
void vport_sim_line_enable(struct vport_device *device, bool enabled);
bool vport_sim_line_level(struct vport_device *device);
enum vport_status vport_sim_line_connect(struct vport_bus *bus, unsigned function,
                                         vport_interrupt_handler *handler, void *context);
void vport_sim_line_disconnect(struct vport_bus *bus, unsigned function);

/* io.c */
enum vport_status vport_sim_io_read(struct vport_bus *bus, enum vport_io_kind kind,
                                    uint64_t address, unsigned width, uint64_t *value);
enum vport_status vport_sim_io_write(struct vport_bus *bus, enum vport_io_kind kind,
                                     uint64_t address, unsigned width, uint64_t value);

/* memory.c */
extern const struct vport_foreign_ops vport_sim_foreign_ops; /* of a struct vport_sim_ram */
extern const struct vport_dma_platform_ops vport_sim_platform_coherent, vport_sim_platform_split;
enum vport_status vport_sim_memory_alloc(struct vport_bus *bus, size_t length, void **memory);
enum vport_status vport_sim_memory_free(struct vport_bus *bus, void *memory);

#endif
