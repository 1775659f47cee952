/* SPDX-License-Identifier: MIT */
/* What an instruction's operands are, in a stopped thread's registers and in memory. See
 * trap_private.h. */
#include "run/trap_private.h"

#include "run/registers.h"
#include "run/trap_machine.h"

/* ---- Registers ---- */

static greg_t *greg_of(struct vport_trap *trap, ZydisRegister reg)
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

uint64_t vport_operand_register(struct vport_trap *trap, ZydisRegister reg)
{
    unsigned width = (unsigned)ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) / 8;

    if (is_high_byte(reg))
        return (uintptr_t)*greg_of(trap, low_of_high(reg)) >> 8 & 0xff;
    return (uintptr_t)*greg_of(trap, reg) & vport_operand_mask(width);
}

/* A 32-bit result clears the upper half; narrower ones leave the rest. */
void vport_operand_set_register(struct vport_trap *trap, ZydisRegister reg, uint64_t value)
{
    unsigned width = (unsigned)ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg) / 8;
    greg_t *place = greg_of(trap, is_high_byte(reg) ? low_of_high(reg) : reg);
    unsigned shift = is_high_byte(reg) ? 8 : 0;
    uint64_t mask = width == 4 ? UINT64_MAX : vport_operand_mask(width) << shift;

    value = (value & vport_operand_mask(width)) << shift;
    *place = (greg_t)(((uintptr_t)*place & ~mask) | value);
}

/* ---- Memory ---- */

static bool processor_segment(ZydisRegister segment)
{
    return segment == (sizeof(void *) == 8 ? ZYDIS_REGISTER_GS : ZYDIS_REGISTER_FS);
}

uintptr_t vport_operand_address(struct vport_trap *trap, const ZydisDecodedOperand *operand)
{
    const ZydisDecodedOperandMem *mem = &operand->mem;
    uint64_t address = mem->disp.has_displacement ? (uint64_t)mem->disp.value : 0;

    if (mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP)
        address += trap->pc + trap->instruction.length;
    else if (mem->base != ZYDIS_REGISTER_NONE)
        address += vport_operand_register(trap, mem->base);
    if (mem->index != ZYDIS_REGISTER_NONE)
        address += vport_operand_register(trap, mem->index) * (mem->scale ? mem->scale : 1);
    if (trap->instruction.address_width == 32)
        address &= UINT32_MAX;
    return (uintptr_t)address + (processor_segment(mem->segment) ? vport_trap_block() : 0);
}

uint64_t vport_operand_memory(struct vport_trap *trap, uintptr_t address, unsigned width)
{
    uint64_t value = 0;

    if (width > sizeof(value) || !vport_trap_read(address, width, &value, trap->pc))
        trap->refused = true;
    return value;
}

void vport_operand_set_memory(struct vport_trap *trap, uintptr_t address, unsigned width,
                              uint64_t value)
{
    if (!vport_trap_write(address, width, value, trap->pc))
        trap->refused = true;
}

/* ---- Operands ---- */

uint64_t vport_operand_get(struct vport_trap *trap, unsigned index)
{
    const ZydisDecodedOperand *operand = &trap->operand[index];

    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        trap->refused |= !is_general(operand->reg.value);
        return trap->refused ? 0 : vport_operand_register(trap, operand->reg.value);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        return vport_operand_memory(trap, vport_operand_address(trap, operand), operand->size / 8);
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        return operand->imm.value.u;
    default:
        trap->refused = true;
        return 0;
    }
}

void vport_operand_set(struct vport_trap *trap, unsigned index, uint64_t value)
{
    const ZydisDecodedOperand *operand = &trap->operand[index];

    if (trap->refused)
        return;
    if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        vport_operand_set_memory(trap, vport_operand_address(trap, operand), operand->size / 8,
                                 value);
    else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && is_general(operand->reg.value))
        vport_operand_set_register(trap, operand->reg.value, value);
    else
        trap->refused = true;
}
