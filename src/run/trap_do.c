/* SPDX-License-Identifier: MIT */
/* Arithmetic and moves, done in the driver's place. See trap_private.h. */
#include "run/trap_private.h"

#include <string.h>

/* ---- Arithmetic ---- */

static void flags_set(struct vport_trap *trap, uint64_t mask, uint64_t flags)
{
    greg_t *place = &trap->context->uc_mcontext.gregs[REG_EFL];

    *place = (greg_t)(((uintptr_t)*place & ~mask) | (flags & mask));
}

static uint64_t flags_of_result(uint64_t result, unsigned width)
{
    return ((result & vport_operand_mask(width)) == 0 ? VPORT_FLAG_ZERO : 0) |
           (result >> (width * 8 - 1) & 1 ? VPORT_FLAG_SIGN : 0) |
           (__builtin_parity((unsigned)result & 0xff) ? 0 : VPORT_FLAG_PARITY);
}

/* a + b or, with `minus`, a - b; `carry`: whether CF is among the flags that change. */
static uint64_t add(struct vport_trap *trap, uint64_t a, uint64_t b, unsigned width, bool minus,
                    bool carry)
{
    uint64_t mask = vport_operand_mask(width), result;
    uint64_t flags, sign;

    a &= mask;
    b &= mask;
    result = (minus ? a - b : a + b) & mask;
    sign = minus ? (a ^ b) & (a ^ result) : (a ^ result) & (b ^ result);
    flags = flags_of_result(result, width) | ((minus ? a < b : result < a) ? VPORT_FLAG_CARRY : 0) |
            ((a ^ b ^ result) & VPORT_FLAG_ADJUST) |
            (sign >> (width * 8 - 1) & 1 ? VPORT_FLAG_OVERFLOW : 0);
    flags_set(trap,
              VPORT_FLAG_PARITY | VPORT_FLAG_ADJUST | VPORT_FLAG_ZERO | VPORT_FLAG_SIGN |
                  VPORT_FLAG_OVERFLOW | (carry ? VPORT_FLAG_CARRY : 0),
              flags);
    return result;
}

static uint64_t logic(struct vport_trap *trap, uint64_t result, unsigned width)
{
    flags_set(trap,
              VPORT_FLAG_CARRY | VPORT_FLAG_PARITY | VPORT_FLAG_ZERO | VPORT_FLAG_SIGN |
                  VPORT_FLAG_OVERFLOW,
              flags_of_result(result, width));
    return result;
}

/* Two operands, the first also the destination; registers and flags change only when all went well.
 */
bool vport_trap_arithmetic(struct vport_trap *trap)
{
    unsigned width = trap->operand[0].size / 8;
    greg_t flags = trap->context->uc_mcontext.gregs[REG_EFL];
    uint64_t a = vport_operand_get(trap, 0);
    uint64_t b = trap->instruction.operand_count_visible > 1 ? vport_operand_get(trap, 1) : 0;

    switch (trap->instruction.mnemonic) {
    case ZYDIS_MNEMONIC_AND:
        vport_operand_set(trap, 0, logic(trap, a & b, width));
        break;
    case ZYDIS_MNEMONIC_OR:
        vport_operand_set(trap, 0, logic(trap, a | b, width));
        break;
    case ZYDIS_MNEMONIC_XOR:
        vport_operand_set(trap, 0, logic(trap, a ^ b, width));
        break;
    case ZYDIS_MNEMONIC_TEST:
        logic(trap, a & b, width);
        break;
    case ZYDIS_MNEMONIC_ADD:
        vport_operand_set(trap, 0, add(trap, a, b, width, false, true));
        break;
    case ZYDIS_MNEMONIC_SUB:
        vport_operand_set(trap, 0, add(trap, a, b, width, true, true));
        break;
    case ZYDIS_MNEMONIC_CMP:
        add(trap, a, b, width, true, true);
        break;
    case ZYDIS_MNEMONIC_INC:
        vport_operand_set(trap, 0, add(trap, a, 1, width, false, false));
        break;
    case ZYDIS_MNEMONIC_DEC:
        vport_operand_set(trap, 0, add(trap, a, 1, width, true, false));
        break;
    case ZYDIS_MNEMONIC_NEG:
        vport_operand_set(trap, 0, add(trap, 0, a, width, true, true));
        break;
    case ZYDIS_MNEMONIC_NOT:
        vport_operand_set(trap, 0, ~a);
        break;
    case ZYDIS_MNEMONIC_BT:
        flags_set(trap, VPORT_FLAG_CARRY, a >> (b % (width * 8)) & 1 ? VPORT_FLAG_CARRY : 0);
        /* with a register as the bit's number, memory beyond the operand would count */
        trap->refused |= trap->operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER && b >= width * 8;
        break;
    default:
        return false;
    }
    if (trap->refused)
        trap->context->uc_mcontext.gregs[REG_EFL] = flags;
    return true;
}

static void exchange(struct vport_trap *trap)
{
    uint64_t a = vport_operand_get(trap, 0), b = vport_operand_get(trap, 1);

    vport_operand_set(trap, 0, b);
    vport_operand_set(trap, 1, a);
}

/* ---- Moves ---- */

/* On i386 the kernel puts the 112 bytes of FSAVE's form, which <ucontext.h> knows, before FXSAVE's,
 * and takes the vector registers from there; in that form they begin at 160. */
static char *xmm_of(struct vport_trap *trap, unsigned number)
{
#if defined(__x86_64__)
    return (char *)&trap->context->uc_mcontext.fpregs->_xmm[number];
#else
    return (char *)trap->context->uc_mcontext.fpregs + 112 + 160 + (size_t)number * 16;
#endif
}

/* Vector moves of up to 16 bytes, in pieces that a bus can do. */
static bool do_vector(struct vport_trap *trap)
{
    unsigned memory = trap->operand[0].type == ZYDIS_OPERAND_TYPE_MEMORY ? 0 : 1;
    const ZydisDecodedOperand *other = &trap->operand[1 - memory];
    unsigned width = trap->operand[memory].size / 8;
    unsigned piece = width < 4 ? width : 4;
    uintptr_t address;
    char *xmm;

    if (trap->instruction.operand_count_visible != 2 || width > 16 ||
        other->type != ZYDIS_OPERAND_TYPE_REGISTER ||
        ZydisRegisterGetClass(other->reg.value) != ZYDIS_REGCLASS_XMM ||
        trap->operand[memory].type != ZYDIS_OPERAND_TYPE_MEMORY)
        return false;
    xmm = xmm_of(trap, (unsigned)ZydisRegisterGetId(other->reg.value));
    address = vport_operand_address(trap, &trap->operand[memory]);
    if (memory == 1)
        memset(xmm, 0, 16); /* a narrow load clears the rest */
    for (unsigned i = 0; i < width; i += piece) {
        uint64_t value = 0;

        if (memory == 0)
            memcpy(&value, xmm + i, piece);
        else
            value = vport_operand_memory(trap, address + i, piece);
        if (memory == 0)
            vport_operand_set_memory(trap, address + i, piece, value);
        else
            memcpy(xmm + i, &value, piece);
    }
    return true;
}

#if defined(__x86_64__)
#define STACK_POINTER ZYDIS_REGISTER_RSP
#else
#define STACK_POINTER ZYDIS_REGISTER_ESP
#endif

/* i386 compilers push registers of devices as arguments, and what fs: has of exception handlers. */
static void push(struct vport_trap *trap)
{
    unsigned width = trap->instruction.operand_width / 8;
    uint64_t value = vport_operand_get(trap, 0);
    uint64_t top = vport_operand_register(trap, STACK_POINTER) - width;

    if (!trap->refused)
        vport_operand_set_memory(trap, (uintptr_t)top, width, value);
    if (!trap->refused)
        vport_operand_set_register(trap, STACK_POINTER, top);
}

/* The operand's address, if relative to the stack, is that after the pop. */
static void pop(struct vport_trap *trap)
{
    unsigned width = trap->instruction.operand_width / 8;
    uint64_t top = vport_operand_register(trap, STACK_POINTER);
    uint64_t value = vport_operand_memory(trap, (uintptr_t)top, width);

    vport_operand_set_register(trap, STACK_POINTER, top + width);
    vport_operand_set(trap, 0, value);
    if (trap->refused)
        vport_operand_set_register(trap, STACK_POINTER, top);
}

static uint64_t sign_extend(uint64_t value, unsigned width)
{
    unsigned shift = 64 - width * 8;

    return (uint64_t)((int64_t)(value << shift) >> shift);
}

bool vport_trap_move(struct vport_trap *trap)
{
    switch (trap->instruction.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVNTI:
    case ZYDIS_MNEMONIC_MOVZX:
        vport_operand_set(trap, 0, vport_operand_get(trap, 1));
        return true;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
        vport_operand_set(trap, 0,
                          sign_extend(vport_operand_get(trap, 1), trap->operand[1].size / 8));
        return true;
    case ZYDIS_MNEMONIC_XCHG:
        exchange(trap);
        return true;
    case ZYDIS_MNEMONIC_PUSH:
        push(trap);
        return true;
    case ZYDIS_MNEMONIC_POP:
        pop(trap);
        return true;
    case ZYDIS_MNEMONIC_MOVD:
    case ZYDIS_MNEMONIC_MOVQ:
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVAPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_MOVAPD:
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_MOVDQA:
    case ZYDIS_MNEMONIC_MOVNTDQ:
    case ZYDIS_MNEMONIC_MOVNTPS:
        return do_vector(trap);
    default:
        return false;
    }
}
