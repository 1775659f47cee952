/* SPDX-License-Identifier: MIT */
/*
 * The exports: what a driver image may import, by name. The table is generated from the
 * declarations in include/ddk (scripts/make_export_table.py), so that one declaration per function
 * is all there is and the two cannot drift apart.
 */
#ifndef VPORT_LDR_EXPORTS_H
#define VPORT_LDR_EXPORTS_H

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
};

/* The table, sorted by name. */
extern const struct vport_export vport_exports[];
extern const size_t vport_export_count;

/* NULL when nobody declares such a name. `library` as an image spells it ("VIDEOPRT.SYS", any
 * case). */
const struct vport_export *vport_export_find(const char *library, const char *name);

#endif
