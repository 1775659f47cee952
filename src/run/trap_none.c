/* SPDX-License-Identifier: MIT */
/*
 * trap.h for a build without a decoder library (an i386 program where only the x86-64 libzydis is
 * installed): nothing is done for a driver, and the account says why.
 */
#include "run/trap.h"

#include "run/trap_machine.h"

static const char *reason = "";

const char *vport_trap_reason(void)
{
    return reason;
}

bool vport_trap(const siginfo_t *info, ucontext_t *context)
{
    if (vport_trap_possible() &&
        (info->si_code == SI_KERNEL || vport_trap_owns((uintptr_t)info->si_addr)))
        reason = "this program was built without libzydis for its machine, and does no single "
                 "instructions";
    return false;
}
