/* SPDX-License-Identifier: MIT */
/*
 * The C runtime that the kernel exports: what compilers and drivers expect of ntoskrnl besides its
 * own services (memcpy, strlen, 64-bit division on i386, ...). Windows calling conventions outside,
 * this process's C library inside.
 */
#ifndef VPORT_LDR_CRT_H
#define VPORT_LDR_CRT_H

#include <stdbool.h>

/* NULL when there is no such function. */
void *vport_crt_find(const char *name);

/* Would there be one for a driver of that machine, whatever this process's is? */
bool vport_crt_has(const char *name, bool for_i386);

#endif
