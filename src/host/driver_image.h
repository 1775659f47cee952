/* SPDX-License-Identifier: MIT */
/*
 * A Windows driver image as something vport_machine_start() can run: loaded, its imports bound to
 * this library's services, each through a thunk that remembers the call (ldr/thunk.h).
 *
 * The driver's own functions, whose addresses it gives to VideoPortInitialize and others, are
 * called through thunks, too, so that it is known which of them runs. With `watch` every call in
 * both directions is watched. The thunks are the process's: one image at a time.
 */
#ifndef VPORT_HOST_DRIVER_IMAGE_H
#define VPORT_HOST_DRIVER_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/host.h>

#include "ldr/image.h"

struct vport_driver_image;

struct vport_driver_image_config {
    const void *file; /* its bytes; not needed afterwards */
    size_t size;
    uint64_t cookie; /* see ldr/image.h */
    bool watch;
    /* For each import that nothing satisfies; it is bound to a thunk that ends in the missing
     * handler. */
    void (*missing)(void *context, const struct vport_pe_import *import);
    void *context;
};

/* VPORT_E_INVALID: damaged, or no entry point; VPORT_E_UNSUPPORTED: another machine's, or too many
 * imports; VPORT_E_NO_MEMORY. `error` has VPORT_ERROR_TEXT bytes. */
enum vport_status vport_driver_image_load(const struct vport_driver_image_config *config,
                                          struct vport_driver_image **image, char *error);
/* The machine has been stopped. */
void vport_driver_image_unload(struct vport_driver_image *image);

/* DriverEntry, for vport_machine_start(). */
vport_driver vport_driver_image_entry(struct vport_driver_image *image);
const struct vport_loaded_image *vport_driver_image_loaded(const struct vport_driver_image *image);

/*
 * For an import of a driver that the dynamic linker loaded: what an image's import of that name
 * would be bound to. NULL: it is no export (the C runtime's functions are this system's own there),
 * or there are no more thunks. It lasts as long as the process.
 */
void *vport_driver_thunk(const char *name, bool watch);

/*
 * The same treatment of a DriverEntry that is part of this process: its callbacks are told apart.
 */
vport_driver vport_driver_watch_entry(vport_driver entry, bool watch);

#endif
