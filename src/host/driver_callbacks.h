/* SPDX-License-Identifier: MIT */
/*
 * The functions of a miniport that the port calls, as thunks know them, and the imports through
 * which a miniport hands them over.
 */
#ifndef VPORT_HOST_DRIVER_CALLBACKS_H
#define VPORT_HOST_DRIVER_CALLBACKS_H

#include <stdbool.h>

#include "ldr/thunk.h"

/* DriverEntry. */
extern const struct vport_callee vport_callee_entry;

/*
 * The hook of an import that takes functions of the driver: replaces them by thunks. NULL: it takes
 * none. With `watch` those of single requests count as well, not only those of the driver's life.
 */
void (*vport_driver_hook(const char *import, bool watch))(struct vport_call *call);

/*
 * Whether callbacks that the driver hands over from now on are watched in both directions: relay.
 */
void vport_driver_callbacks_watch(bool watch);

#endif
