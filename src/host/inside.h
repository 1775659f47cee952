/* SPDX-License-Identifier: MIT */
/*
 * The inside of a machine, for `videoport run`, which watches a driver more closely than a program
 * that merely uses one: the kernel's sinks, the steps of a driver's life that vport_machine_start()
 * leaves out, and what the driver has claimed.
 */
#ifndef VPORT_HOST_INSIDE_H
#define VPORT_HOST_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <videoport/host.h>

#include "hal/hal.h"
#include "nt/nt.h"

struct vport_nt *vport_inside_nt(struct vport_machine *machine);
struct vport_hal *vport_inside_hal(struct vport_machine *machine);

/* HwVidGetVideoChildDescriptor for every child; calls `visit` for each. */
enum { VPORT_CHILD_MONITOR = 1 };
struct vport_child {
    unsigned type; /* a VIDEO_CHILD_TYPE */
    uint32_t id;
    const uint8_t *descriptor; /* 256 bytes; an EDID for a monitor */
};
void vport_inside_children(struct vport_machine *machine,
                           void (*visit)(void *context, const struct vport_child *child),
                           void *context);

/* A range that the driver was given, or asked for itself (legacy). */
struct vport_claim {
    bool port;
    bool legacy;
    uint64_t start, length;
};
void vport_inside_claims(struct vport_machine *machine,
                         void (*visit)(void *context, const struct vport_claim *claim),
                         void *context);
/* The vector of the connected interrupt; false: none is connected. */
bool vport_inside_interrupt(struct vport_machine *machine, uint32_t *vector);

/* A DMA adapter that the driver has now. */
struct vport_adapter_held {
    uint32_t registers, maximum_length, common_buffers;
};
void vport_inside_adapters(struct vport_machine *machine,
                           void (*visit)(void *context, const struct vport_adapter_held *adapter),
                           void *context);

/* Sends the device to a power state, 0 = D0 .. 3 = D3. Returns an NTSTATUS. */
int32_t vport_inside_power(struct vport_machine *machine, unsigned state);
/* HwVidResetHw(80, 25), as before a crash screen. false: the driver has none. *handled = its
 * answer. */
bool vport_inside_reset(struct vport_machine *machine, bool *handled);

/*
 * After vport_machine_stop(): ends HAL and kernel, which report what the driver left behind, and
 * nothing else: for a process that may no longer do what closing a bus takes and will exit. Only
 * vport_machine_reports() and vport_machine_destroy() may follow.
 */
void vport_inside_settle(struct vport_machine *machine);

#endif
