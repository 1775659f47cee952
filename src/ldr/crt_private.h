/* SPDX-License-Identifier: MIT */
/* Shared by the files of the C runtime: the calling convention, and the table's entry. */
#ifndef VPORT_LDR_CRT_PRIVATE_H
#define VPORT_LDR_CRT_PRIVATE_H

#include <stddef.h>

#if defined(__x86_64__)
#define CRT __attribute__((ms_abi))
#elif defined(__i386__)
#define CRT __attribute__((cdecl, force_align_arg_pointer))
#else
#define CRT
#endif

struct vport_crt_function {
    const char *name;
    void *address;
};

/* What only i386 compilers call; empty elsewhere. */
extern const struct vport_crt_function vport_crt_i386[];
extern const size_t vport_crt_i386_count;

/* Formatted output. */
extern const struct vport_crt_function vport_crt_print[];
extern const size_t vport_crt_print_count;

#endif
