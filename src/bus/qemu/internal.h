/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the QEMU bus.
 *
 * Locks, outermost first: the IOMMU's, the qtest client's (held from begin to end of a session),
 * then an interrupt's. None is held while a handler, a report sink or the space runs.
 */
#ifndef VPORT_BUS_QEMU_INTERNAL_H
#define VPORT_BUS_QEMU_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/arith.h"
#include "bus/qemu/files.h"
#include "bus/qemu/iommu.h"
#include "bus/qemu/model.h"
#include "bus/qemu/outside.h"
#include "bus/qemu/process.h"
#include "bus/qemu/qemu.h"
#include "bus/qemu/qmp.h"
#include "bus/qemu/qtest.h"
#include "bus/qemu/ram.h"
#include "mem/foreign.h"

enum {
    VPORT_QEMU_ANSWER_TIME = 10000, /* ms that QEMU may take for anything; it takes 0.01 to 40 */
    VPORT_QEMU_QUIT_TIME = 1000,    /* ms from "quit" to SIGTERM; it takes 2 to 6 */
};

struct vport_qemu_bus;

/* The interrupt of one function. */
struct vport_qemu_line {
    struct vport_qemu_bus *bus;
    struct vport_event event;
    pthread_mutex_t lock;
    vport_interrupt_handler *handler;
    void *context;
    uint32_t vector;     /* input of the I/O APIC */
    bool level;          /* of that input */
    bool masked;         /* it stormed: silent until the next connect */
    unsigned messages;   /* that came and were not delivered yet */
    unsigned deliveries; /* since the line was last down */
    unsigned claimed;
};

/* The thread that starts QEMU and then listens to what it says unasked. */
struct vport_qemu_watch {
    pthread_t thread;
    bool running;
    int news; /* eventfd: `stop` or `death` has changed */
    _Atomic bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool started; /* QEMU's start was attempted: `status` says how it went */
    enum vport_status status;
    char death[256]; /* why the machine is lost; empty: it is not, or it was said */
};

enum { VPORT_QEMU_SLOTS = 3, VPORT_QEMU_BARS = 6 };

/* A slot of the root bus that is in use, as found and configured. */
struct vport_qemu_slot {
    unsigned number;
    uint16_t vendor, device;
    uint32_t class_code;
    uint8_t pin; /* 1: INTA; 0: no interrupt */
    unsigned resources;
    struct vport_resource resource[VPORT_QEMU_BARS];
    uint8_t bar[VPORT_QEMU_BARS]; /* the BAR that resource[i] is */
    bool wide[VPORT_QEMU_BARS];   /* it takes up two */
    uint32_t rom_length;          /* bytes; 0: it has none */
};

/* A piece of memory_alloc, until the space lets go of it. */
struct vport_qemu_memory {
    struct vport_qemu_bus *bus;
    void *base;
    size_t pages;
    struct vport_frame frames[];
};

struct vport_qemu_bus {
    struct vport_bus base;
    struct vport_qemu_options options;
    struct vport_qemu_files files;
    struct vport_qemu_process process;
    struct vport_qemu_watch watch;
    struct vport_qemu_ram ram;
    struct vport_qemu_outside outside; /* pages of this process that are no memory of the machine */
    struct vport_foreign *foreign;     /* those that are pinned without having been registered */
    struct vport_qtest *qtest;
    struct vport_qmp *qmp;
    struct vport_qemu_iommu *iommu; /* NULL: none */
    struct vport_qemu_line line[2]; /* of function[] */
    uint64_t doorbell;              /* bus address that interrupt messages are written to */
    unsigned slots;
    struct vport_qemu_slot slot[VPORT_QEMU_SLOTS];
    uint64_t memory_next, port_next; /* where the next BARs go */
    pthread_mutex_t picture;         /* one screenshot at a time */
    _Atomic bool ready;              /* made */
    _Atomic bool closing;            /* what happens to QEMU is our doing */
    char path[512];                  /* of QEMU */
    struct vport_qemu_command_line command_line;
};

static inline struct vport_qemu_bus *vport_qemu_bus(struct vport_bus *bus)
{
    return VPORT_CONTAINER_OF(bus, struct vport_qemu_bus, base);
}

static inline struct vport_qemu_bus *vport_qemu_platform_bus(struct vport_dma_platform *platform)
{
    return VPORT_CONTAINER_OF(platform, struct vport_qemu_bus, base.platform);
}

/* Writes the sentence that a failing create leaves behind; returns `status`. */
enum vport_status vport_qemu_error(const struct vport_bus_config *config, enum vport_status status,
                                   const char *format, ...) __attribute__((format(printf, 3, 4)));

/* watch.c */
enum vport_status vport_qemu_watch_init(struct vport_qemu_bus *bus);
/* Starts the thread, and on it QEMU. VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_watch_start(struct vport_qemu_bus *bus);
/* Ends the thread; QEMU has ended, or is killed by it. */
void vport_qemu_watch_stop(struct vport_qemu_bus *bus);
void vport_qemu_watch_fini(struct vport_qemu_bus *bus);
/* What the qtest client calls; `context` is the bus. */
void vport_qemu_watch_irq(void *context, uint32_t line, bool level);
void vport_qemu_watch_died(void *context, const char *why);

/* pci.c */
/* Finds what is in the slots, sizes their BARs and decides where they go. VPORT_E_DEVICE. */
enum vport_status vport_qemu_pci_assign(struct vport_qemu_bus *bus);
/* Writes the addresses and turns the functions on, now and after every reset. */
enum vport_status vport_qemu_pci_enable(struct vport_qemu_bus *bus);
/* Registers of a function's configuration space, of which 256 bytes can be reached. VPORT_E_RANGE
 * beyond. */
enum vport_status vport_qemu_pci_read(struct vport_qemu_bus *bus, unsigned slot, uint32_t offset,
                                      void *buffer, uint32_t length);
enum vport_status vport_qemu_pci_write(struct vport_qemu_bus *bus, unsigned slot, uint32_t offset,
                                       const void *buffer, uint32_t length);
/* Bytes of a slot's expansion ROM, within its length. */
enum vport_status vport_qemu_pci_read_rom(struct vport_qemu_bus *bus, unsigned slot,
                                          uint32_t offset, void *buffer, uint32_t length);
/* Where a BAR of the slot was put; NULL: it has none of that number. */
const struct vport_resource *vport_qemu_pci_bar(const struct vport_qemu_bus *bus, unsigned slot,
                                                int bar);
/* Where the first (after 0) or next (after `after`) capability of kind `id` is; 0: none. */
enum vport_status vport_qemu_pci_capability(struct vport_qemu_bus *bus, unsigned slot, uint8_t id,
                                            uint8_t after, uint8_t *offset);

/* interrupt.c */
void vport_qemu_interrupt_init(struct vport_qemu_bus *bus);
void vport_qemu_interrupt_fini(struct vport_qemu_bus *bus);
/* Aims the adapter's messages at the doorbell. */
enum vport_status vport_qemu_interrupt_messages(struct vport_qemu_bus *bus);
void vport_qemu_interrupt_level(struct vport_qemu_bus *bus, uint32_t vector, bool level);
void vport_qemu_interrupt_message(struct vport_qemu_bus *bus, uint64_t count);
enum vport_status vport_qemu_interrupt_connect(struct vport_bus *bus, unsigned function,
                                               vport_interrupt_handler *handler, void *context);
void vport_qemu_interrupt_disconnect(struct vport_bus *bus, unsigned function);

/* access.c */
/* Waits until all writes have arrived: before anything that reaches QEMU another way. */
void vport_qemu_flush(struct vport_qemu_bus *bus);
enum vport_status vport_qemu_io_read(struct vport_bus *bus, enum vport_io_kind kind,
                                     uint64_t address, unsigned width, uint64_t *value);
enum vport_status vport_qemu_io_write(struct vport_bus *bus, enum vport_io_kind kind,
                                      uint64_t address, unsigned width, uint64_t value);
enum vport_status vport_qemu_io_read_block(struct vport_bus *bus, enum vport_io_kind kind,
                                           uint64_t address, unsigned width, void *buffer,
                                           size_t count);
enum vport_status vport_qemu_io_write_block(struct vport_bus *bus, enum vport_io_kind kind,
                                            uint64_t address, unsigned width, const void *buffer,
                                            size_t count);

/* memory.c */
extern const struct vport_dma_platform_ops vport_qemu_platform, vport_qemu_platform_iommu;
enum vport_status vport_qemu_memory_alloc(struct vport_bus *bus, size_t length, void **memory);
enum vport_status vport_qemu_memory_free(struct vport_bus *bus, void *memory);

/* vga.c */
/* The ports and memory of the VGA among the devices, if there is one, become the bus's. */
void vport_qemu_vga_claim(struct vport_qemu_bus *bus);
/* Leaves it as its BIOS would: in text mode 3, with the screen on. No VGA, nothing to do. */
enum vport_status vport_qemu_vga_start(struct vport_qemu_bus *bus);
/* VPORT_E_STATE while it is in a text mode. */
enum vport_status vport_qemu_vga_shows(struct vport_qemu_bus *bus);

/* screen.c */
/* Sets the second card, if there is one, to the mode of the options. */
enum vport_status vport_qemu_screen_start(struct vport_qemu_bus *bus);
enum vport_status vport_qemu_screenshot(struct vport_bus *bus, struct vport_image *image);

#endif
