/* SPDX-License-Identifier: MIT */
/* The kernel's own printf, for formats and arguments of drivers. */
#ifndef VPORT_NT_FORMAT_H
#define VPORT_NT_FORMAT_H

#include "nt/kernel.h"

/*
 * Writes at most `size` - 1 bytes and a terminating zero; returns how long the text would be.
 * Formats are Microsoft's (%S, %ws, %wZ, %I64x, %p as plain hexadecimal); wide characters come out
 * as UTF-8. No argument can make it fault: strings are read only as far as they can be.
 */
size_t vport_nt_format(char *text, size_t size, const char *format, VPORT_VA_LIST arguments);

#endif
