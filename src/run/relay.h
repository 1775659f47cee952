/* SPDX-License-Identifier: MIT */
/* Calls into and out of the driver, as events. */
#ifndef VPORT_RUN_RELAY_H
#define VPORT_RUN_RELAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * From now on tells what the driver's own functions returned and, with `all`, every call both ways.
 */
void vport_relay_start(bool all);
/* Where the driver lies: of callers in there the place is told. */
void vport_relay_set_image(const void *base, size_t size);

#endif
