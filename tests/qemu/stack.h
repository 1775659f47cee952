/* SPDX-License-Identifier: MIT */
/*
 * A miniport on the whole stack over QEMU: bus, HAL, kernel, video port, driver. Like
 * vport_machine, but with the bus in reach, so that tests can do to it what hardware does not do.
 */
#ifndef VPORT_TESTS_QEMU_STACK_H
#define VPORT_TESTS_QEMU_STACK_H

#include <videoport/host.h>

#include "qemu/machine.h"

struct vport_nt;
struct vport_hal;

struct stack {
    struct machine machine;
    struct vport_nt *nt;
    struct vport_hal *hal;
    void *pdo, *driver;
};

/* What a transfer did, as VPORT_BLIT_RESULT says it. */
struct stack_moved {
    uint32_t operations, elements;
    uint64_t bytes;
};

/* Starts the machine and the driver, up to HwVidInitialize, or fails the test. */
void stack_start(struct stack *stack, const struct vport_qemu_options *options, vport_driver entry);
/* Takes all apart; fails the test if there were any reports but `expected`. */
void stack_end(struct stack *stack, uint64_t expected);

/* The private IOCTLs; they return the request's VP_STATUS. */
uint32_t stack_set_size(struct stack *stack, uint32_t width, uint32_t height);
uint32_t stack_blit(struct stack *stack, bool to_device, unsigned flags, void *pixels,
                    uint32_t width, uint32_t height, struct stack_moved *moved);

#endif
