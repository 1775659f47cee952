/* SPDX-License-Identifier: MIT */
/* Functions of an ELF file by address: where in a driver that is a shared object something
 * happened. Believes nothing in the file. */
#ifndef VPORT_RUN_SYMBOLS_H
#define VPORT_RUN_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is it an object of this machine at all? */
bool vport_symbols_possible(const uint8_t *file, size_t size);

/*
 * The function that holds `offset` (from where the object was loaded), of the full symbol table, or
 * of the dynamic one if there is no other. NULL: no table has it. The name lies in the file.
 */
const char *vport_symbols_find(const uint8_t *file, size_t size, uint64_t offset);

#endif
