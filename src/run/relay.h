/* SPDX-License-Identifier: MIT */
/* Calls into and out of the driver, as events. */
#ifndef VPORT_RUN_RELAY_H
#define VPORT_RUN_RELAY_H

#include <stdbool.h>

struct vport_loaded_image;

/*
 * From now on tells what the driver's own functions returned and, with `all`, every call both ways.
 */
void vport_relay_start(bool all);
void vport_relay_set_image(const struct vport_loaded_image *image);

#endif
