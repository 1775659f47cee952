/* SPDX-License-Identifier: MIT */
/*
 * The exports: what a driver image may import, by name. The table is generated from the
 * declarations in include/ddk (scripts/make_export_table.py), so that one declaration per function
 * is all there is and the two cannot drift apart.
 */
#ifndef VPORT_LDR_EXPORTS_H
#define VPORT_LDR_EXPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vport_export_library {
    VPORT_EXPORT_VIDEOPRT, /* videoprt.sys */
    VPORT_EXPORT_KERNEL,   /* ntoskrnl.exe and hal.dll, which share one list here */
};

struct vport_export {
    const char *name;
    void *address; /* NULL: declared, not provided */
    enum vport_export_library library;
    int stack_bytes; /* of its arguments on i386; -1: variadic (the caller cleans up) */
    /*
     * How its result and arguments are shown, one letter each: v nothing, b 8 bits, h 16, i 32, x
     * 32 in hexadecimal, q 64, z as wide as a pointer, p pointer, s string, w string of 16-bit
     * characters; a "." at the end: variadic.
     */
    const char *signature;
    const char *parameters; /* their names, "A,B,C" */
};

/* The table, sorted by name. */
extern const struct vport_export vport_exports[];
extern const size_t vport_export_count;

/* NULL when nobody declares such a name. `library` as an image spells it ("VIDEOPRT.SYS", any
 * case). */
const struct vport_export *vport_export_find(const char *library, const char *name);

/*
 * Everything an import can be satisfied with: an export, the C runtime's (crt.h), or a variable of
 * the kernel's (data.h). NULL: nothing. *export is the table's entry, NULL when nobody declares the
 * name.
 */
void *vport_import_find(const char *library, const char *name, const struct vport_export **export);

/* Would it be satisfied for a driver of that machine, whatever this process's is? */
bool vport_import_known(const char *library, const char *name, bool for_i386);

#endif
