/* SPDX-License-Identifier: MIT */
/* Shared by the files of the C runtime: the calling convention, and the table's entry. */
#ifndef VPORT_LDR_CRT_PRIVATE_H
#define VPORT_LDR_CRT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define CRT __attribute__((ms_abi))
#elif defined(__i386__)
#define CRT __attribute__((cdecl, force_align_arg_pointer))
#else
#define CRT
#endif

typedef uint16_t wide; /* WCHAR */

/* A function of the driver's that the runtime calls. */
#if defined(__x86_64__)
#define CRT_CALLBACK __attribute__((ms_abi))
#elif defined(__i386__)
#define CRT_CALLBACK __attribute__((cdecl))
#else
#define CRT_CALLBACK
#endif

struct vport_crt_function {
    const char *name;
    void *address;
};

int CRT vport_crt_exception_handler(void *record, void *frame, void *context, void *dispatcher);

/* What only i386 compilers call; elsewhere the names, without addresses. */
extern const struct vport_crt_function vport_crt_i386[];
extern const size_t vport_crt_i386_count;

/* Wide strings. */
extern const struct vport_crt_function vport_crt_wide[];
extern const size_t vport_crt_wide_count;

/* Numbers, conversions, sorting. */
extern const struct vport_crt_function vport_crt_convert[];
extern const size_t vport_crt_convert_count;

/* Formatted output. */
extern const struct vport_crt_function vport_crt_print[];
extern const size_t vport_crt_print_count;

#endif
