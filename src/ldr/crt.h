/* SPDX-License-Identifier: MIT */
/*
 * The C runtime that the kernel exports: what compilers and drivers expect of ntoskrnl besides its
 * own services (memcpy, strlen, 64-bit division on i386, ...). Windows calling conventions outside,
 * this process's C library inside.
 */
#ifndef VPORT_LDR_CRT_H
#define VPORT_LDR_CRT_H

/* NULL when there is no such function. */
void *vport_crt_find(const char *name);

#endif
