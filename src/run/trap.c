/* SPDX-License-Identifier: MIT */
/*
 * Single instructions on behalf of the driver. See trap.h. This file decodes and does; what lies
 * behind addresses, ports and the IRQL is trap_machine.c's.
 */
#include "run/trap.h"

#include <Zydis/Zydis.h>

#include <stdio.h>
#include <string.h>

#include "run/registers.h"
#include "run/trap_machine.h"

enum {
    CARRY = 1,
    PARITY = 4,
    ADJUST = 16,
    ZERO = 64,
    SIGN = 128,
    DIRECTION = 1024,
    OVERFLOW = 2048
};

/* One instruction being done. */
struct trap {
    ucontext_t *context;
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    uintptr_t pc;
    bool refused; /* it touches something that is not there, or in a way that is not emulated */
};

static char reason[256];

const char *vport_trap_reason(void)
{
    return reason;
}

/* ---- Registers ---- */

static greg_t *greg_of(struct trap *trap, ZydisRegister reg)
{
#if defined(__x86_64__)
    ZydisRegister large = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
#else
    ZydisRegister large = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LEGACY_32, reg);
#endif
    return &trap->context->uc_mcontext
                .gregs[vport_register_index((unsigned)ZydisRegisterGetId(large))];
}

static bool is_general(ZydisRegister reg)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(reg);

    return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
           class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

static bool is_high_byte(ZydisRegister reg)
{
    return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
}

static ZydisRegister low_of_high(ZydisRegister reg)
{
    return (ZydisRegister)(ZYDIS_REGISTER_AL + (reg - ZYDIS_REGISTER_AH));
}

static uint64_t mask_of(unsigned width)
{
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << width * 8) - 1;
}

static uint64_t register_get(struct trap *trap, ZydisRegister reg)
{
    unsigned width = (unsigned)ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) / 8;

    if (is_high_byte(reg))
        return (uintptr_t)*greg_of(trap, low_of_high(reg)) >> 8 & 0xff;
    return (uintptr_t)*greg_of(trap, reg) & mask_of(width);
}

/* A 32-bit result clears the upper half; narrower ones leave the rest. */
static void register_set(struct trap *trap, ZydisRegister reg, uint64_t value)
{
    unsigned width = (unsigned)ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) / 8;
    greg_t *place = greg_of(trap, is_high_byte(reg) ? low_of_high(reg) : reg);
    unsigned shift = is_high_byte(reg) ? 8 : 0;
    uint64_t mask = width == 4 ? UINT64_MAX : mask_of(width) << shift;

    value = (value & mask_of(width)) << shift;
    *place = (greg_t)(((uintptr_t)*place & ~mask) | value);
}

/* ---- Memory ---- */

static bool processor_segment(ZydisRegister segment)
{
    return segment == (sizeof(void *) == 8 ? ZYDIS_REGISTER_GS : ZYDIS_REGISTER_FS);
}

/* Where a memory operand points; in the processor block, if it is relative to that. */
static uintptr_t address_of(struct trap *trap, const ZydisDecodedOperand *operand)
{
    const ZydisDecodedOperandMem *mem = &operand->mem;
    uint64_t address = mem->disp.has_displacement ? (uint64_t)mem->disp.value : 0;

    if (mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP)
        address += trap->pc + trap->instruction.length;
    else if (mem->base != ZYDIS_REGISTER_NONE)
        address += register_get(trap, mem->base);
    if (mem->index != ZYDIS_REGISTER_NONE)
        address += register_get(trap, mem->index) * (mem->scale ? mem->scale : 1);
    if (trap->instruction.address_width == 32)
        address &= UINT32_MAX;
    return (uintptr_t)address + (processor_segment(mem->segment) ? vport_trap_block() : 0);
}

static uint64_t memory_get(struct trap *trap, uintptr_t address, unsigned width)
{
    uint64_t value = 0;

    if (!vport_trap_read(address, width, &value, trap->pc))
        trap->refused = true;
    return value;
}

static void memory_set(struct trap *trap, uintptr_t address, unsigned width, uint64_t value)
{
    if (!vport_trap_write(address, width, value, trap->pc))
        trap->refused = true;
}

/* ---- Operands ---- */

static uint64_t get(struct trap *trap, unsigned index)
{
    const ZydisDecodedOperand *operand = &trap->operand[index];

    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        trap->refused |= !is_general(operand->reg.value);
        return trap->refused ? 0 : register_get(trap, operand->reg.value);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return memory_get(trap, address_of(trap, operand), operand->size / 8);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        return operand->imm.value.u;
    default:
        trap->refused = true;
        return 0;
    }
}

/* Nothing is stored after a read that was refused. */
static void set(struct trap *trap, unsigned index, uint64_t value)
{
    const ZydisDecodedOperand *operand = &trap->operand[index];

    if (trap->refused)
        return;
    if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        memory_set(trap, address_of(trap, operand), operand->size / 8, value);
    else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && is_general(operand->reg.value))
        register_set(trap, operand->reg.value, value);
    else
        trap->refused = true;
}

static uint64_t sign_extend(uint64_t value, unsigned width)
{
    unsigned shift = 64 - width * 8;

    return (uint64_t)((int64_t)(value << shift) >> shift);
}

/* ---- Arithmetic ---- */

static void flags_set(struct trap *trap, uint64_t mask, uint64_t flags)
{
    greg_t *place = &trap->context->uc_mcontext.gregs[REG_EFL];

    *place = (greg_t)(((uintptr_t)*place & ~mask) | (flags & mask));
}

static uint64_t flags_of_result(uint64_t result, unsigned width)
{
    return ((result & mask_of(width)) == 0 ? ZERO : 0) |
           (result >> (width * 8 - 1) & 1 ? SIGN : 0) |
           (__builtin_parity((unsigned)result & 0xff) ? 0 : PARITY);
}

/* a + b or, with `minus`, a - b; `carry`: whether CF is among the flags that change. */
static uint64_t add(struct trap *trap, uint64_t a, uint64_t b, unsigned width, bool minus,
                    bool carry)
{
    uint64_t mask = mask_of(width), result;
    uint64_t flags, sign;

    a &= mask;
    b &= mask;
    result = (minus ? a - b : a + b) & mask;
    sign = minus ? (a ^ b) & (a ^ result) : (a ^ result) & (b ^ result);
    flags = flags_of_result(result, width) | ((minus ? a < b : result < a) ? CARRY : 0) |
            ((a ^ b ^ result) & ADJUST) | (sign >> (width * 8 - 1) & 1 ? OVERFLOW : 0);
    flags_set(trap, PARITY | ADJUST | ZERO | SIGN | OVERFLOW | (carry ? CARRY : 0), flags);
    return result;
}

static uint64_t logic(struct trap *trap, uint64_t result, unsigned width)
{
    flags_set(trap, CARRY | PARITY | ZERO | SIGN | OVERFLOW, flags_of_result(result, width));
    return result;
}

/* Two operands, the first also the destination; registers and flags change only when all went well.
 */
static bool do_arithmetic(struct trap *trap)
{
    unsigned width = trap->operand[0].size / 8;
    greg_t flags = trap->context->uc_mcontext.gregs[REG_EFL];
    uint64_t a = get(trap, 0);
    uint64_t b = trap->instruction.operand_count_visible > 1 ? get(trap, 1) : 0;

    switch (trap->instruction.mnemonic) {
    case ZYDIS_MNEMONIC_AND:
        set(trap, 0, logic(trap, a & b, width));
        break;
    case ZYDIS_MNEMONIC_OR:
        set(trap, 0, logic(trap, a | b, width));
        break;
    case ZYDIS_MNEMONIC_XOR:
        set(trap, 0, logic(trap, a ^ b, width));
        break;
    case ZYDIS_MNEMONIC_TEST:
        logic(trap, a & b, width);
        break;
    case ZYDIS_MNEMONIC_ADD:
        set(trap, 0, add(trap, a, b, width, false, true));
        break;
    case ZYDIS_MNEMONIC_SUB:
        set(trap, 0, add(trap, a, b, width, true, true));
        break;
    case ZYDIS_MNEMONIC_CMP:
        add(trap, a, b, width, true, true);
        break;
    case ZYDIS_MNEMONIC_INC:
        set(trap, 0, add(trap, a, 1, width, false, false));
        break;
    case ZYDIS_MNEMONIC_DEC:
        set(trap, 0, add(trap, a, 1, width, true, false));
        break;
    case ZYDIS_MNEMONIC_NEG:
        set(trap, 0, add(trap, 0, a, width, true, true));
        break;
    case ZYDIS_MNEMONIC_NOT:
        set(trap, 0, ~a);
        break;
    case ZYDIS_MNEMONIC_BT:
        flags_set(trap, CARRY, a >> (b % (width * 8)) & 1 ? CARRY : 0);
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

static void exchange(struct trap *trap)
{
    uint64_t a = get(trap, 0), b = get(trap, 1);

    set(trap, 0, b);
    set(trap, 1, a);
}

/* ---- Moves ---- */

#if defined(__x86_64__)
/* Vector moves of up to 16 bytes, in pieces that a bus can do. */
static bool do_vector(struct trap *trap)
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
    xmm = (char *)&trap->context->uc_mcontext.fpregs->_xmm[ZydisRegisterGetId(other->reg.value)];
    address = address_of(trap, &trap->operand[memory]);
    if (memory == 1)
        memset(xmm, 0, 16); /* a narrow load clears the rest */
    for (unsigned i = 0; i < width; i += piece) {
        uint64_t value = 0;

        if (memory == 0)
            memcpy(&value, xmm + i, piece);
        else
            value = memory_get(trap, address + i, piece);
        if (memory == 0)
            memory_set(trap, address + i, piece, value);
        else
            memcpy(xmm + i, &value, piece);
    }
    return true;
}
#else
static bool do_vector(struct trap *trap)
{
    return false;
}
#endif

static bool do_move(struct trap *trap)
{
    switch (trap->instruction.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVNTI:
    case ZYDIS_MNEMONIC_MOVZX:
        set(trap, 0, get(trap, 1));
        return true;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
        set(trap, 0, sign_extend(get(trap, 1), trap->operand[1].size / 8));
        return true;
    case ZYDIS_MNEMONIC_XCHG:
        exchange(trap);
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

/* ---- Strings ---- */

#if defined(__x86_64__)
#define SOURCE      ZYDIS_REGISTER_RSI
#define DESTINATION ZYDIS_REGISTER_RDI
#define COUNT       ZYDIS_REGISTER_RCX
#else
#define SOURCE      ZYDIS_REGISTER_ESI
#define DESTINATION ZYDIS_REGISTER_EDI
#define COUNT       ZYDIS_REGISTER_ECX
#endif

enum string_part { NOWHERE, FROM_SOURCE, FROM_A, FROM_PORT, TO_DESTINATION, TO_A, TO_PORT };

struct string_form {
    ZydisMnemonic mnemonic;
    unsigned width;
    enum string_part from, to;
};

static const struct string_form string_forms[] = {
    {ZYDIS_MNEMONIC_MOVSB, 1, FROM_SOURCE, TO_DESTINATION},
    {ZYDIS_MNEMONIC_MOVSW, 2, FROM_SOURCE, TO_DESTINATION},
    {ZYDIS_MNEMONIC_MOVSD, 4, FROM_SOURCE, TO_DESTINATION},
    {ZYDIS_MNEMONIC_MOVSQ, 8, FROM_SOURCE, TO_DESTINATION},
    {ZYDIS_MNEMONIC_STOSB, 1, FROM_A, TO_DESTINATION},
    {ZYDIS_MNEMONIC_STOSW, 2, FROM_A, TO_DESTINATION},
    {ZYDIS_MNEMONIC_STOSD, 4, FROM_A, TO_DESTINATION},
    {ZYDIS_MNEMONIC_STOSQ, 8, FROM_A, TO_DESTINATION},
    {ZYDIS_MNEMONIC_LODSB, 1, FROM_SOURCE, TO_A},
    {ZYDIS_MNEMONIC_LODSW, 2, FROM_SOURCE, TO_A},
    {ZYDIS_MNEMONIC_LODSD, 4, FROM_SOURCE, TO_A},
    {ZYDIS_MNEMONIC_LODSQ, 8, FROM_SOURCE, TO_A},
    {ZYDIS_MNEMONIC_INSB, 1, FROM_PORT, TO_DESTINATION},
    {ZYDIS_MNEMONIC_INSW, 2, FROM_PORT, TO_DESTINATION},
    {ZYDIS_MNEMONIC_INSD, 4, FROM_PORT, TO_DESTINATION},
    {ZYDIS_MNEMONIC_OUTSB, 1, FROM_SOURCE, TO_PORT},
    {ZYDIS_MNEMONIC_OUTSW, 2, FROM_SOURCE, TO_PORT},
    {ZYDIS_MNEMONIC_OUTSD, 4, FROM_SOURCE, TO_PORT},
};

static const ZydisRegister accumulator[9] = {[1] = ZYDIS_REGISTER_AL,
                                             [2] = ZYDIS_REGISTER_AX,
                                             [4] = ZYDIS_REGISTER_EAX,
                                             [8] = ZYDIS_REGISTER_RAX};

static uint64_t string_get(struct trap *trap, const struct string_form *form)
{
    uint64_t value = 0;

    switch (form->from) {
    case FROM_SOURCE:
        return memory_get(trap, (uintptr_t)register_get(trap, SOURCE), form->width);
    case FROM_PORT:
        vport_trap_port(false, (uint16_t)register_get(trap, ZYDIS_REGISTER_DX), form->width, &value,
                        trap->pc);
        return value;
    default:
        return register_get(trap, accumulator[form->width]);
    }
}

static void string_set(struct trap *trap, const struct string_form *form, uint64_t value)
{
    if (trap->refused)
        return;
    if (form->to == TO_DESTINATION)
        memory_set(trap, (uintptr_t)register_get(trap, DESTINATION), form->width, value);
    else if (form->to == TO_PORT)
        vport_trap_port(true, (uint16_t)register_get(trap, ZYDIS_REGISTER_DX), form->width, &value,
                        trap->pc);
    else
        register_set(trap, accumulator[form->width], value);
}

static void string_step(struct trap *trap, const struct string_form *form)
{
    bool down = trap->context->uc_mcontext.gregs[REG_EFL] & DIRECTION;
    uint64_t step = down ? 0 - (uint64_t)form->width : form->width;

    string_set(trap, form, string_get(trap, form));
    if (trap->refused)
        return;
    if (form->from == FROM_SOURCE)
        register_set(trap, SOURCE, register_get(trap, SOURCE) + step);
    if (form->to == TO_DESTINATION)
        register_set(trap, DESTINATION, register_get(trap, DESTINATION) + step);
}

static bool do_string(struct trap *trap)
{
    bool repeated = trap->instruction.attributes & ZYDIS_ATTRIB_HAS_REP;

    for (size_t i = 0; i < sizeof(string_forms) / sizeof(string_forms[0]); i++) {
        /* MOVSD is also a vector instruction; that one's operands are no string */
        if (string_forms[i].mnemonic != trap->instruction.mnemonic ||
            trap->instruction.meta.category == ZYDIS_CATEGORY_DATAXFER)
            continue;
        for (; !trap->refused && (!repeated || register_get(trap, COUNT));) {
            string_step(trap, &string_forms[i]);
            if (!repeated)
                break;
            if (!trap->refused)
                register_set(trap, COUNT, register_get(trap, COUNT) - 1);
        }
        return true;
    }
    return false;
}

/* ---- What only a kernel may do ---- */

static bool is_control(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_CONTROL;
}

/* KeGetCurrentIrql and KeRaiseIrql are moves from and to CR8 in the x86-64 headers of Windows. */
static bool do_control(struct trap *trap)
{
    if (trap->instruction.mnemonic != ZYDIS_MNEMONIC_MOV ||
        !(is_control(&trap->operand[0]) || is_control(&trap->operand[1])))
        return false;
    if (is_control(&trap->operand[0]) && trap->operand[0].reg.value == ZYDIS_REGISTER_CR8)
        vport_trap_set_irql((uint8_t)get(trap, 1), trap->pc);
    else if (is_control(&trap->operand[1]) && trap->operand[1].reg.value == ZYDIS_REGISTER_CR8)
        set(trap, 0, vport_trap_irql(trap->pc));
    else
        trap->refused = true;
    return true;
}

static bool do_privileged(struct trap *trap)
{
    uint64_t value;

    switch (trap->instruction.mnemonic) {
    case ZYDIS_MNEMONIC_IN:
        vport_trap_port(false, (uint16_t)get(trap, 1), trap->operand[0].size / 8, &value, trap->pc);
        set(trap, 0, value);
        return true;
    case ZYDIS_MNEMONIC_OUT:
        value = get(trap, 1);
        vport_trap_port(true, (uint16_t)get(trap, 0), trap->operand[1].size / 8, &value, trap->pc);
        return true;
    case ZYDIS_MNEMONIC_CLI:
    case ZYDIS_MNEMONIC_STI:
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_WBINVD:
    case ZYDIS_MNEMONIC_INVD:
        vport_trap_without_effect(trap->pc);
        return true;
    default:
        return do_control(trap);
    }
}

/* ---- From a fault to an instruction ---- */

static bool decode(struct trap *trap)
{
    ZydisDecoder decoder;
    size_t length = vport_trap_readable((const void *)trap->pc, ZYDIS_MAX_INSTRUCTION_LENGTH);

#if defined(__x86_64__)
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
#else
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
#endif
    return length && ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, (const void *)trap->pc, length,
                                                         &trap->instruction, trap->operand));
}

/* Does it touch memory that is the machine's business? String instructions have two such operands.
 */
static bool touches_machine(struct trap *trap)
{
    for (unsigned i = 0; i < trap->instruction.operand_count; i++)
        if (trap->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            trap->operand[i].mem.type == ZYDIS_MEMOP_TYPE_MEM &&
            vport_trap_owns(address_of(trap, &trap->operand[i])))
            return true;
    return false;
}

static bool is_privileged(const struct trap *trap)
{
    return trap->instruction.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED ||
           trap->instruction.meta.category == ZYDIS_CATEGORY_SYSTEM ||
           trap->instruction.meta.category == ZYDIS_CATEGORY_IO ||
           trap->instruction.meta.category == ZYDIS_CATEGORY_IOSTRINGOP ||
           trap->instruction.mnemonic == ZYDIS_MNEMONIC_CLI ||
           trap->instruction.mnemonic == ZYDIS_MNEMONIC_STI;
}

static void refuse(struct trap *trap)
{
    char text[128] = "an instruction";
    ZydisFormatter formatter;

    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterFormatInstruction(&formatter, &trap->instruction, trap->operand,
                                    trap->instruction.operand_count_visible, text, sizeof(text),
                                    trap->pc, NULL);
    snprintf(reason, sizeof(reason), "\"%s\" is %s", text,
             is_privileged(trap) ? "a privileged instruction that is not emulated"
                                 : "an access to a device register that cannot be emulated");
}

bool vport_trap(const siginfo_t *info, ucontext_t *context)
{
    struct trap trap = {.context = context, .pc = vport_registers_pc(context)};
    bool done;

    if ((uintptr_t)info->si_addr == trap.pc || !vport_trap_possible() || !decode(&trap))
        return false;
    if (!is_privileged(&trap) && !touches_machine(&trap))
        return false;
    done = do_privileged(&trap) || do_string(&trap) || do_move(&trap) || do_arithmetic(&trap);
    if (!done || trap.refused) {
        refuse(&trap);
        return false;
    }
    context->uc_mcontext.gregs[VPORT_REG_PC] = (greg_t)(trap.pc + trap.instruction.length);
    return true;
}
