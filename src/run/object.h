/* SPDX-License-Identifier: MIT */
/*
 * A driver that is a shared object of this system. The dynamic linker loads it, and binds what it
 * calls to this program; then what drivers may call is bound anew, through thunks, so that it is
 * watched and remembered like an image's calls.
 */
#ifndef VPORT_RUN_OBJECT_H
#define VPORT_RUN_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

struct vport_object {
    void *entry;      /* DriverEntry */
    const void *base; /* where it lies */
    size_t size;
};

/* false: dlerror() says why. */
bool vport_object_load(const char *path, bool watch, struct vport_object *object);

#endif
