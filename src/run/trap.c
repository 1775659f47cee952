/* SPDX-License-Identifier: MIT */
/*
 * Single instructions on behalf of the driver. See trap.h. This file decodes, and does what only a
 * kernel may; what lies behind addresses, ports and the IRQL is trap_machine.c's.
 */
#include "run/trap.h"

#include <stdio.h>

#include "run/registers.h"
#include "run/trap_machine.h"
#include "run/trap_private.h"

static char reason[256];

const char *vport_trap_reason(void)
{
    return reason;
}

/* ---- What only a kernel may do ---- */

static bool is_control(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_CONTROL;
}

/* KeGetCurrentIrql and KeRaiseIrql are moves from and to CR8 in the x86-64 headers of Windows. */
static bool do_control(struct vport_trap *trap)
{
    if (trap->instruction.mnemonic != ZYDIS_MNEMONIC_MOV ||
        !(is_control(&trap->operand[0]) || is_control(&trap->operand[1])))
        return false;
    if (is_control(&trap->operand[0]) && trap->operand[0].reg.value == ZYDIS_REGISTER_CR8)
        vport_trap_set_irql((uint8_t)vport_operand_get(trap, 1), trap->pc);
    else if (is_control(&trap->operand[1]) && trap->operand[1].reg.value == ZYDIS_REGISTER_CR8)
        vport_operand_set(trap, 0, vport_trap_irql(trap->pc));
    else
        trap->refused = true;
    return true;
}

static bool do_privileged(struct vport_trap *trap)
{
    uint64_t value;

    switch (trap->instruction.mnemonic) {
    case ZYDIS_MNEMONIC_IN:
        vport_trap_port(false, (uint16_t)vport_operand_get(trap, 1), trap->operand[0].size / 8,
                        &value, trap->pc);
        vport_operand_set(trap, 0, value);
        return true;
    case ZYDIS_MNEMONIC_OUT:
        value = vport_operand_get(trap, 1);
        vport_trap_port(true, (uint16_t)vport_operand_get(trap, 0), trap->operand[1].size / 8,
                        &value, trap->pc);
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

static bool decode(struct vport_trap *trap)
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
static bool touches_machine(struct vport_trap *trap)
{
    for (unsigned i = 0; i < trap->instruction.operand_count; i++)
        if (trap->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            trap->operand[i].mem.type == ZYDIS_MEMOP_TYPE_MEM &&
            vport_trap_owns(vport_operand_address(trap, &trap->operand[i])))
            return true;
    return false;
}

static bool is_privileged(const struct vport_trap *trap)
{
    return trap->instruction.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED ||
           trap->instruction.meta.category == ZYDIS_CATEGORY_SYSTEM ||
           trap->instruction.meta.category == ZYDIS_CATEGORY_IO ||
           trap->instruction.meta.category == ZYDIS_CATEGORY_IOSTRINGOP ||
           trap->instruction.mnemonic == ZYDIS_MNEMONIC_CLI ||
           trap->instruction.mnemonic == ZYDIS_MNEMONIC_STI;
}

static void refuse(struct vport_trap *trap)
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
    struct vport_trap trap = {.context = context, .pc = vport_registers_pc(context)};
    bool done;

    if ((uintptr_t)info->si_addr == trap.pc || !vport_trap_possible() || !decode(&trap))
        return false;
    if (!is_privileged(&trap) && !touches_machine(&trap))
        return false;
    done = do_privileged(&trap) || vport_trap_string(&trap) || vport_trap_move(&trap) ||
           vport_trap_arithmetic(&trap);
    if (!done || trap.refused) {
        refuse(&trap);
        return false;
    }
    context->uc_mcontext.gregs[VPORT_REG_PC] = (greg_t)(trap.pc + trap.instruction.length);
    return true;
}
