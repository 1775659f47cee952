/* SPDX-License-Identifier: MIT */
/* String instructions, done in the driver's place. See trap_private.h. */
#include "run/trap_private.h"

#include <string.h>

#include "run/trap_machine.h"

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

/* What a repeated instruction reads of registers in one go: of video memory behind a protocol
 * single reads would take many times as long. */
struct string_ahead {
    uint8_t bytes[VPORT_TRAP_STRING];
    size_t next, count; /* elements */
    bool none;          /* there is nothing to be read so */
};

/* An element that is written may be one that is read later: how a pattern is repeated. */
static bool feeds_itself(struct vport_trap *trap, const struct string_form *form)
{
    return form->to == TO_DESTINATION &&
           vport_operand_register(trap, DESTINATION) - vport_operand_register(trap, SOURCE) <
               VPORT_TRAP_STRING;
}

static void look_ahead(struct vport_trap *trap, const struct string_form *form,
                       struct string_ahead *ahead)
{
    uint64_t left = vport_operand_register(trap, COUNT);
    size_t most = VPORT_TRAP_STRING / form->width;
    bool down = trap->context->uc_mcontext.gregs[REG_EFL] & VPORT_FLAG_DIRECTION;

    ahead->next = ahead->count = 0;
    if (form->from == FROM_SOURCE && !down && !feeds_itself(trap, form))
        ahead->count =
            vport_trap_read_string((uintptr_t)vport_operand_register(trap, SOURCE), form->width,
                                   left < most ? (size_t)left : most, ahead->bytes, trap->pc);
    ahead->none = !ahead->count;
}

static uint64_t string_get(struct vport_trap *trap, const struct string_form *form,
                           struct string_ahead *ahead)
{
    uint64_t value = 0;

    switch (form->from) {
    case FROM_SOURCE:
        if (ahead->next < ahead->count) {
            memcpy(&value, ahead->bytes + ahead->next++ * form->width, form->width);
            return value;
        }
        return vport_operand_memory(trap, (uintptr_t)vport_operand_register(trap, SOURCE),
                                    form->width);
    case FROM_PORT:
        vport_trap_port(false, (uint16_t)vport_operand_register(trap, ZYDIS_REGISTER_DX),
                        form->width, &value, trap->pc);
        return value;
    default:
        return vport_operand_register(trap, accumulator[form->width]);
    }
}

static void string_set(struct vport_trap *trap, const struct string_form *form, uint64_t value)
{
    if (trap->refused)
        return;
    if (form->to == TO_DESTINATION)
        vport_operand_set_memory(trap, (uintptr_t)vport_operand_register(trap, DESTINATION),
                                 form->width, value);
    else if (form->to == TO_PORT)
        vport_trap_port(true, (uint16_t)vport_operand_register(trap, ZYDIS_REGISTER_DX),
                        form->width, &value, trap->pc);
    else
        vport_operand_set_register(trap, accumulator[form->width], value);
}

static void string_step(struct vport_trap *trap, const struct string_form *form,
                        struct string_ahead *ahead)
{
    bool down = trap->context->uc_mcontext.gregs[REG_EFL] & VPORT_FLAG_DIRECTION;
    uint64_t step = down ? 0 - (uint64_t)form->width : form->width;

    string_set(trap, form, string_get(trap, form, ahead));
    if (trap->refused)
        return;
    if (form->from == FROM_SOURCE)
        vport_operand_set_register(trap, SOURCE, vport_operand_register(trap, SOURCE) + step);
    if (form->to == TO_DESTINATION)
        vport_operand_set_register(trap, DESTINATION,
                                   vport_operand_register(trap, DESTINATION) + step);
}

bool vport_trap_string(struct vport_trap *trap)
{
    bool repeated = trap->instruction.attributes & ZYDIS_ATTRIB_HAS_REP;
    struct string_ahead ahead = {.none = !repeated};

    for (size_t i = 0; i < sizeof(string_forms) / sizeof(string_forms[0]); i++) {
        /* MOVSD is also a vector instruction; that one's operands are no string */
        if (string_forms[i].mnemonic != trap->instruction.mnemonic ||
            trap->instruction.meta.category == ZYDIS_CATEGORY_DATAXFER)
            continue;
        for (; !trap->refused && (!repeated || vport_operand_register(trap, COUNT));) {
            if (!ahead.none && ahead.next == ahead.count)
                look_ahead(trap, &string_forms[i], &ahead);
            string_step(trap, &string_forms[i], &ahead);
            if (!repeated)
                break;
            if (!trap->refused)
                vport_operand_set_register(trap, COUNT, vport_operand_register(trap, COUNT) - 1);
        }
        return true;
    }
    return false;
}
