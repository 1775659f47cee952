/* SPDX-License-Identifier: MIT */
/* What a trapped instruction (trap.c) finds: registers, ports, IRQL, and two pages of the kernel's.
 */
#ifndef VPORT_RUN_TRAP_MACHINE_H
#define VPORT_RUN_TRAP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where KUSER_SHARED_DATA is for a kernel's code. */
#if defined(__x86_64__)
#define VPORT_TRAP_SHARED_PAGE UINT64_C(0xFFFFF78000000000)
#else
#define VPORT_TRAP_SHARED_PAGE UINT32_C(0xFFDF0000)
#endif

/* This thread stands on a processor of the machine: something can be done for it. */
bool vport_trap_possible(void);

/* Is this address a register window, the shared page, or the processor block? */
bool vport_trap_owns(uintptr_t address);
/* 1, 2, 4 or 8 bytes there, or in ordinary memory. `pc` is the instruction's. false: there is
 * nothing, or it cannot be written. */
bool vport_trap_read(uintptr_t address, unsigned width, uint64_t *value, uintptr_t pc);
bool vport_trap_write(uintptr_t address, unsigned width, uint64_t value, uintptr_t pc);
/* As many reads of `width` bytes, at ascending addresses from `address` on. How many were done:
 * none where the first and the last are not of registers. At most VPORT_TRAP_STRING bytes. */
enum { VPORT_TRAP_STRING = 1024 };
size_t vport_trap_read_string(uintptr_t address, unsigned width, size_t elements, void *values,
                              uintptr_t pc);
/* Where the processor block (gs: on x86-64, fs: on i386) lies. */
uintptr_t vport_trap_block(void);

void vport_trap_port(bool write, uint16_t port, unsigned width, uint64_t *value, uintptr_t pc);
uint8_t vport_trap_irql(uintptr_t pc);
void vport_trap_set_irql(uint8_t irql, uintptr_t pc);
/* cli, sti, hlt, wbinvd: nothing here can tell whether they were done. */
void vport_trap_without_effect(uintptr_t pc);

/* How many of `length` bytes can be read. */
size_t vport_trap_readable(const void *address, size_t length);

#endif
