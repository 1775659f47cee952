/* SPDX-License-Identifier: MIT */
/*
 * Shared by the parts of the emulator of single instructions: trap.c (decoding, and what only a
 * kernel may do), trap_operand.c, trap_do.c (arithmetic and moves), trap_string.c.
 */
#ifndef VPORT_RUN_TRAP_PRIVATE_H
#define VPORT_RUN_TRAP_PRIVATE_H

#include <Zydis/Zydis.h>

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/* Of the flags register. */
enum {
    VPORT_FLAG_CARRY = 1,
    VPORT_FLAG_PARITY = 4,
    VPORT_FLAG_ADJUST = 16,
    VPORT_FLAG_ZERO = 64,
    VPORT_FLAG_SIGN = 128,
    VPORT_FLAG_DIRECTION = 1024,
    VPORT_FLAG_OVERFLOW = 2048
};

/* One instruction being done. */
struct vport_trap {
    ucontext_t *context;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    uintptr_t pc;
    bool refused; /* it touches something that is not there, or in a way that is not emulated */
};

/* All ones in so many bytes, 1 to 8. */
static inline uint64_t vport_operand_mask(unsigned width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << width * 8) - 1;
}

/* General registers, of any width. */
uint64_t vport_operand_register(struct vport_trap *trap, ZydisRegister reg);
void vport_operand_set_register(struct vport_trap *trap, ZydisRegister reg, uint64_t value);

/* Where a memory operand points; in the processor block, if it is relative to that. */
uintptr_t vport_operand_address(struct vport_trap *trap, const ZydisDecodedOperand *operand);
/* Memory, the machine's or ordinary; what is not there sets `refused`. */
uint64_t vport_operand_memory(struct vport_trap *trap, uintptr_t address, unsigned width);
void vport_operand_set_memory(struct vport_trap *trap, uintptr_t address, unsigned width,
                              uint64_t value);

/* Operand `index`: register, memory or immediate. Nothing is stored after a read that was refused.
 */
uint64_t vport_operand_get(struct vport_trap *trap, unsigned index);
void vport_operand_set(struct vport_trap *trap, unsigned index, uint64_t value);

/* Do the instruction if it is one of theirs; false: it is not. */
bool vport_trap_arithmetic(struct vport_trap *trap);
bool vport_trap_move(struct vport_trap *trap);
bool vport_trap_string(struct vport_trap *trap);

#endif
