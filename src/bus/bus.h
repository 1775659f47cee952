/* SPDX-License-Identifier: MIT */
/*
 * What a bus must offer. src/bus/sim, src/bus/qemu, ... each implement it and never see each other.
 *
 * A bus owns the machine's memory as devices see it, and one or more PCI functions. A failure of
 * the bus is a status, never silence. Unless said otherwise a call may come from any thread.
 */
#ifndef VPORT_BUS_BUS_H
#define VPORT_BUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/image.h>
#include <videoport/report.h>
#include <videoport/status.h>
#include <videoport/trace.h>
#include "base/loop.h"
#include "dma/platform.h"
#include "mem/space.h"

enum vport_io_kind {
    VPORT_IO_MEMORY,
    VPORT_IO_PORT,
};

/* One assigned BAR of a function. */
struct vport_resource {
    enum vport_io_kind kind;
    uint64_t start;  /* bus address or port */
    uint64_t length; /* bytes */
    void *direct;    /* CPU address when plain loads and stores reach it (video memory); NULL: only
                        io_read/io_write do */
    bool prefetchable;
};

enum {
    VPORT_BUS_RESOURCES = 6, /* BARs */
    VPORT_BUS_LEGACY = 3,
};

struct vport_function {
    uint16_t vendor, device; /* PCI ids */
    uint32_t class_code;     /* 24 bits */
    uint8_t slot, function;
    unsigned resources;
    struct vport_resource resource[VPORT_BUS_RESOURCES];
    /*
     * Bus addresses that can get from this function to memory: the address lines of its slot and of
     * the bridges above it, as 2^n - 1; all ones: no limit. VP_DEVICE_DESCRIPTION and
     * DEVICE_DESCRIPTION can only say 24, 32 or 64 bits (GA-10, GA-A3), and the platform knows
     * better: the hal's reach is the smaller of what the driver declared and this.
     */
    uint64_t dma_mask;
    uint32_t rom_length; /* bytes of its expansion ROM; 0: it has none */
    bool interrupt;      /* it has an interrupt */
    uint32_t vector;     /* of interrupt_connect, and level and vector in the resource list */
};

/* Runs on the thread where the interrupt came up, as an event of the loop. Returns true if the
 * device was the cause. */
typedef bool vport_interrupt_handler(void *context);

struct vport_bus;

struct vport_bus_ops {
    const char *name;

    /* The machine is about to start / has stopped its driver; devices may run in between. start may
     * be NULL. */
    enum vport_status (*start)(struct vport_bus *bus);
    /* Stops the devices, then frees everything, the bus included. Never fails; what it finds amiss
     * it reports. */
    void (*close)(struct vport_bus *bus);

    enum vport_status (*config_read)(struct vport_bus *bus, unsigned function, uint32_t offset,
                                     void *buffer, uint32_t length);
    enum vport_status (*config_write)(struct vport_bus *bus, unsigned function, uint32_t offset,
                                      const void *buffer, uint32_t length);

    /* Bytes of the expansion ROM, whether the function decodes it or not. VPORT_E_RANGE: beyond
     * rom_length. */
    enum vport_status (*rom_read)(struct vport_bus *bus, unsigned function, uint32_t offset,
                                  void *buffer, uint32_t length);

    /* One access of 1, 2, 4 or 8 bytes. VPORT_E_RANGE: nothing there (reads give all ones).
     * VPORT_E_DEVICE: the bus is gone. */
    enum vport_status (*io_read)(struct vport_bus *bus, enum vport_io_kind kind, uint64_t address,
                                 unsigned width, uint64_t *value);
    enum vport_status (*io_write)(struct vport_bus *bus, enum vport_io_kind kind, uint64_t address,
                                  unsigned width, uint64_t value);
    /* `count` units of `width` bytes at ascending addresses (memory) or one port (port). NULL: the
     * hal loops. */
    enum vport_status (*io_read_block)(struct vport_bus *bus, enum vport_io_kind kind,
                                       uint64_t address, unsigned width, void *buffer,
                                       size_t count);
    enum vport_status (*io_write_block)(struct vport_bus *bus, enum vport_io_kind kind,
                                        uint64_t address, unsigned width, const void *buffer,
                                        size_t count);

    /*
     * Delivers the function's interrupt to `handler`, level triggered: again and again while the
     * line is up, whatever the handler answers. A line that stays up through a thousand calls is
     * reported and masked until the next connect. One handler a function (VPORT_E_STATE).
     * disconnect waits for a running handler.
     */
    enum vport_status (*interrupt_connect)(struct vport_bus *bus, unsigned function,
                                           vport_interrupt_handler *handler, void *context);
    void (*interrupt_disconnect)(struct vport_bus *bus, unsigned function);

    /* Memory for "user" buffers of this machine that lies as the bus's frames policy says,
     * registered in the space. */
    enum vport_status (*memory_alloc)(struct vport_bus *bus, size_t length, void **memory);
    /* Takes the range away from the user; frames live on while locked (LB-10). VPORT_E_UNKNOWN. */
    enum vport_status (*memory_free)(struct vport_bus *bus, void *memory);

    /* What the adapter shows now. VPORT_E_STATE: no mode set. VPORT_E_UNSUPPORTED: no screen. */
    enum vport_status (*screenshot)(struct vport_bus *bus, struct vport_image *image);
};

/* The base of every bus; filled by its create function. */
struct vport_bus {
    const struct vport_bus_ops *ops;
    struct vport_dma_platform platform;
    struct vport_space *space; /* the machine's; made by the bus, destroyed by its close */
    struct vport_loop *loop;   /* the machine's; not owned */
    struct vport_reports *reports;
    struct vport_trace *trace;
    uint64_t memory_size; /* bytes of "physical" memory */
    unsigned functions;
    struct vport_function function[4]; /* function[0] is the adapter that the miniport drives */
    /* What answers besides the BARs, at addresses that drivers know by heart: a VGA's ports and
     * memory. */
    unsigned legacies;
    struct vport_resource legacy[VPORT_BUS_LEGACY];
};

/* What every bus's create function gets. */
struct vport_bus_config {
    struct vport_loop *loop;
    struct vport_reports *reports;
    struct vport_trace *trace;
    uint64_t seed;
    char *error;       /* receives a sentence when create fails; may be NULL */
    size_t error_size; /* bytes */
};

#endif
