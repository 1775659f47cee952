/* SPDX-License-Identifier: MIT */
/*
 * For sources that leave NTAPI out, as most drivers do: the DDK's compilers have it as the default.
 * On x86-64 gcc can have it, too:
 *
 *     gcc -mabi=ms -mno-red-zone -include vport_ms_abi.h ...
 *
 * Then the C library's functions, which have this system's convention, cannot be called any more,
 * and gcc itself calls four of them. Here they get the names under which this project provides
 * ntoskrnl's. <string.h> and <stdio.h> may be included afterwards.
 */
#ifndef VPORT_MS_ABI_H
#define VPORT_MS_ABI_H

#include <stdarg.h>
#include <stddef.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

_Static_assert(sizeof(va_list) == sizeof(void *), "vport_ms_abi.h goes with gcc -mabi=ms on x86-64");

#define VPORT_KERNEL_CRT(type, name, ...) type name(__VA_ARGS__) __asm__("ntoskrnl_" #name)

VPORT_KERNEL_CRT(void *, memcpy, void *, const void *, size_t);
VPORT_KERNEL_CRT(void *, memmove, void *, const void *, size_t);
VPORT_KERNEL_CRT(void *, memset, void *, int, size_t);
VPORT_KERNEL_CRT(int, memcmp, const void *, const void *, size_t);
VPORT_KERNEL_CRT(size_t, strlen, const char *);
VPORT_KERNEL_CRT(char *, strcpy, char *, const char *);
VPORT_KERNEL_CRT(char *, strncpy, char *, const char *, size_t);
VPORT_KERNEL_CRT(char *, strcat, char *, const char *);
VPORT_KERNEL_CRT(int, strcmp, const char *, const char *);
VPORT_KERNEL_CRT(int, strncmp, const char *, const char *, size_t);
VPORT_KERNEL_CRT(char *, strchr, const char *, int);
VPORT_KERNEL_CRT(char *, strstr, const char *, const char *);
VPORT_KERNEL_CRT(int, sprintf, char *, const char *, ...);
VPORT_KERNEL_CRT(int, _snprintf, char *, size_t, const char *, ...);
VPORT_KERNEL_CRT(int, _vsnprintf, char *, size_t, const char *, va_list);

#undef VPORT_KERNEL_CRT
#pragma GCC diagnostic pop

#endif /* VPORT_MS_ABI_H */
