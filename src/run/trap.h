/* SPDX-License-Identifier: MIT */
/*
 * What a driver does with single instructions that a process may not do: plain loads and stores to
 * registers of its device, port instructions, the interrupt flag, the processor's IRQL register,
 * the kernel's shared page and processor block. The instruction faults, is decoded (libzydis), done
 * on the machine, and the driver goes on after it.
 */
#ifndef VPORT_RUN_TRAP_H
#define VPORT_RUN_TRAP_H

#include <signal.h>
#include <stdbool.h>
#include <ucontext.h>

struct vport_machine;

void vport_trap_set_machine(struct vport_machine *machine);

/*
 * In the signal handler of a fault: true if the instruction has been done and the thread can go on.
 */
bool vport_trap(const siginfo_t *info, ucontext_t *context);
/* If not: why, in words; "" when the fault was none of the kind. */
const char *vport_trap_reason(void);

/* Tells as events what was emulated, and how often. */
void vport_trap_tell(void);

#endif
