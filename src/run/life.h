/* SPDX-License-Identifier: MIT */
/*
 * A driver's life from FindAdapter to unload, as Windows would lead it: each step is told as an
 * event (events.h), and one that fails ends what depends on it, not the rest.
 */
#ifndef VPORT_RUN_LIFE_H
#define VPORT_RUN_LIFE_H

#include <videoport/host.h>

#include "run/job.h"

struct vport_line;

/* The machine exists, the driver has been loaded; `entry` is its DriverEntry, jail and all. */
void vport_life_lead(const struct vport_job *job, struct vport_machine *machine,
                     vport_driver entry);

/* Begins an event; see line.h for the rest. */
void vport_event_begin(struct vport_line *line, const char *kind);
void vport_event_send(struct vport_line *line);

#endif
