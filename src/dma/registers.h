/* SPDX-License-Identifier: MIT */
/*
 * Map registers: which of an adapter's bounce pages are taken. A bitmap, one 64-bit word per cache
 * line; each thread starts in a word of its own. Register i stands for bus frame base + i. Does not
 * know operations, waiters or memory.
 */
#ifndef VPORT_DMA_REGISTERS_H
#define VPORT_DMA_REGISTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <videoport/status.h>
#include "base/thread.h"
#include "mem/frame.h"

struct vport_register_word {
    vport_counter free;    /* a set bit is a free register */
    _Atomic uint32_t peak; /* most of this word seen taken at once */
    vport_counter counted; /* the value of `free` when this was last looked at */
} __attribute__((aligned(VPORT_CACHE_LINE)));

struct vport_registers {
    struct vport_frame base;
    uint32_t count, words;
    struct vport_register_word *word;
    _Atomic uint32_t high_water; /* most seen taken at once */
};

/* `count` registers, all free; 0: none, and nothing to be taken. VPORT_E_NO_MEMORY. */
enum vport_status vport_registers_init(struct vport_registers *registers, struct vport_frame base,
                                       uint32_t count);
void vport_registers_finish(struct vport_registers *registers);

/*
 * Takes `count` > 0 registers: adjacent ones if there are any, else (not if `contiguous`) any.
 * Writes their frames. False: not to be had now, and nothing is taken. No lock; any thread.
 */
bool vport_registers_take(struct vport_registers *registers, uint32_t count, bool contiguous,
                          struct vport_frame *frames);
/* Gives back `count` adjacent registers. Any thread. A read-modify-write with release order on
 * every word touched. */
void vport_registers_give(struct vport_registers *registers, struct vport_frame first,
                          uint32_t count);

/* Registers free at about this moment. */
uint32_t vport_registers_free(struct vport_registers *registers);

static inline bool vport_registers_own(const struct vport_registers *registers,
                                       struct vport_frame frame)
{
    return frame.number - registers->base.number < registers->count;
}

#endif
