/* SPDX-License-Identifier: MIT */
/*
 * Write your own device model: a PCI function on the simulated bus, in one file.
 *
 * A model is a table of functions and some memory. The bus gives it configuration space, BARs, an
 * interrupt line, a clock and DMA. Every function of a model runs under the model's own lock: it is
 * never entered twice at once, in either mode of the machine; the services may be called only from
 * inside them. docs/device-models.md walks through one.
 */
#ifndef VIDEOPORT_DEVICE_H
#define VIDEOPORT_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/image.h>
#include <videoport/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vport_device; /* the bus's side of one model instance */

enum { VPORT_DEVICE_BARS = 6, VPORT_DEVICE_TIMERS = 8 };

struct vport_device_bar {
    uint64_t length; /* bytes, a power of two >= 16; 0: no such BAR */
    bool port;       /* I/O space instead of memory */
    bool prefetchable;
    /*
     * `length` bytes, page aligned, that drivers reach by plain loads and stores (video memory);
     * the model's, to be freed in ops->destroy. NULL: ops->read and ops->write.
     */
    void *memory;
};

struct vport_device_ops {
    const char *name; /* "my-card" */
    uint16_t vendor, device;
    uint32_t class_code; /* 0x030000 = VGA compatible, 0x038000 = other display controller */
    uint8_t revision;
    bool interrupt; /* has an interrupt pin */

    /* Called once, before all others: keep `device`, it is what the services take. */
    void (*attach)(void *model, struct vport_device *device);
    /* Power-on state; also called for every reset. */
    void (*reset)(void *model);
    /*
     * One register access of 1, 2, 4 or 8 bytes at `offset`, a multiple of `width`, into BAR `bar`.
     * Never called for a BAR with `memory`; may be NULL when there is no other.
     */
    uint64_t (*read)(void *model, unsigned bar, uint64_t offset, unsigned width);
    void (*write)(void *model, unsigned bar, uint64_t offset, unsigned width, uint64_t value);
    /* Timer `timer` (0..VPORT_DEVICE_TIMERS - 1) that was set has come due. May be NULL. */
    void (*timer)(void *model, unsigned timer);
    /* Draws what the device shows now; the pixels are malloc'ed. VPORT_E_STATE when it shows
     * nothing. May be NULL: no screen. */
    enum vport_status (*screenshot)(void *model, struct vport_image *image);
    /* The machine ends; free what the model allocated. May be NULL. */
    void (*destroy)(void *model);
};

/*
 * One model, ready to be plugged into a machine (vport_machine_config.device). Whoever takes the
 * plug copies it and owns `model` from then on: ops->destroy runs when the machine ends, and also
 * when it could not be made.
 */
struct vport_device_plug {
    const struct vport_device_ops *ops;
    void *model;
    struct vport_device_bar bar[VPORT_DEVICE_BARS];
    const void *rom;       /* the expansion ROM, the model's until ops->destroy; NULL: none */
    uint32_t rom_length;   /* its bytes, at most 16 MiB; a PCI image begins with 0x55 0xAA */
    unsigned address_bits; /* address lines of its DMA: higher bits are dropped on the way, and
                              reported; 0: 64 */
};

/* ---- Services: called from inside the functions above ------------------------------------ */

/* Bus mastering. VPORT_E_ACCESS: no memory there, or bus mastering is off in the command register;
 * nothing is moved then. */
enum vport_status vport_device_dma_read(struct vport_device *device, uint64_t bus_address,
                                        void *buffer, size_t length);
enum vport_status vport_device_dma_write(struct vport_device *device, uint64_t bus_address,
                                         const void *buffer, size_t length);
/* The level of the interrupt pin. The handler runs later, as an event of its own, outside the
 * model's lock. */
void vport_device_interrupt(struct vport_device *device, bool level);
/* Calls ops->timer(model, timer) `delay` ns from now; a timer already set is moved. */
void vport_device_timer_set(struct vport_device *device, unsigned timer, uint64_t delay);
void vport_device_timer_cancel(struct vport_device *device, unsigned timer);
/* Nanoseconds on the machine's clock. */
uint64_t vport_device_now(struct vport_device *device);
/* A number from the machine's seed. */
uint64_t vport_device_random(struct vport_device *device);
/* Says in words what the driver did to the device that no driver should ("DEVICE" reports). */
void vport_device_report(struct vport_device *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
