/* SPDX-License-Identifier: MIT */
/* The registers of a stopped thread, as signal handlers get them. */
#ifndef VPORT_RUN_REGISTERS_H
#define VPORT_RUN_REGISTERS_H

#include <stdint.h>
#include <ucontext.h>

/* Index of a register in `gregs`, by its number in instructions: 0 = rax/eax, 1 = rcx, ... */
static inline int vport_register_index(unsigned number)
{
#if defined(__x86_64__)
    static const int index[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                  REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                  REG_R12, REG_R13, REG_R14, REG_R15};
#else
    static const int index[8] = {REG_EAX, REG_ECX, REG_EDX, REG_EBX,
                                 REG_ESP, REG_EBP, REG_ESI, REG_EDI};
#endif
    return index[number];
}

#if defined(__x86_64__)
enum { VPORT_REGISTER_COUNT = 16, VPORT_REG_PC = REG_RIP };
#else
enum { VPORT_REGISTER_COUNT = 8, VPORT_REG_PC = REG_EIP };
#endif

/* In the order of vport_crash_register_names. */
static inline void vport_registers_read(const ucontext_t *context, uint64_t *registers)
{
    for (unsigned i = 0; i < VPORT_REGISTER_COUNT; i++)
        registers[i] = (uintptr_t)context->uc_mcontext.gregs[vport_register_index(i)];
    registers[VPORT_REGISTER_COUNT] = (uintptr_t)context->uc_mcontext.gregs[VPORT_REG_PC];
    registers[VPORT_REGISTER_COUNT + 1] = (uintptr_t)context->uc_mcontext.gregs[REG_EFL];
}

static inline uintptr_t vport_registers_pc(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[VPORT_REG_PC];
}

static inline uintptr_t vport_registers_sp(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[vport_register_index(4)];
}

/* Of a page fault, from the processor's error code: 0 it was none, 1 read, 2 write, 3 execute. */
static inline uint32_t vport_registers_access(const ucontext_t *context)
{
    uintptr_t error = (uintptr_t)context->uc_mcontext.gregs[REG_ERR];

    if (context->uc_mcontext.gregs[REG_TRAPNO] != 14)
        return 0;
    return error & 16 ? 3 : error & 2 ? 2 : 1;
}

#endif
