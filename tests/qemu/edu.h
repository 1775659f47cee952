/* SPDX-License-Identifier: MIT */
/* QEMU's edu device by its raw registers, as its data sheet (docs/specs/edu.txt in QEMU's sources)
 * has them. */
#ifndef VPORT_TESTS_QEMU_EDU_H
#define VPORT_TESTS_QEMU_EDU_H

#include "qemu/machine.h"

enum {
    EDU_ID = 0x00,
    EDU_LIVENESS = 0x04,
    EDU_FACTORIAL = 0x08,
    EDU_STATUS = 0x20,
    EDU_IRQ_STATUS = 0x24,
    EDU_IRQ_RAISE = 0x60,
    EDU_IRQ_ACK = 0x64,
    EDU_DMA_SOURCE = 0x80,
    EDU_DMA_TARGET = 0x88,
    EDU_DMA_COUNT = 0x90,
    EDU_DMA_COMMAND = 0x98,

    EDU_COMPUTING = 0x01,
    EDU_IRQ_FACTORIAL = 0x80,
    EDU_RUN = 1,
    EDU_TO_RAM = 2,
    EDU_IRQ = 4,
    EDU_IRQ_DMA = 0x100, /* in EDU_IRQ_STATUS */

    EDU_BUFFER = 0x40000, /* 4096 bytes */
};

/* Starts a transfer between the bus address and the device's buffer; `flags` are EDU_TO_RAM,
 * EDU_IRQ. */
void edu_start(struct machine *machine, uint64_t address, uint32_t length, unsigned flags);
bool edu_busy(struct machine *machine);
/* The same, and waits for its end (at most 5 s). */
void edu_move(struct machine *machine, uint64_t address, uint32_t length, unsigned flags);

/* An interrupt handler: acknowledges what is pending and counts. The context is the struct
 * edu_interrupts. */
struct edu_interrupts {
    struct machine *machine;
    _Atomic unsigned count;
    _Atomic unsigned last; /* cause */
};
bool edu_interrupt(void *context);

#endif
