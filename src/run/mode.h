/* SPDX-License-Identifier: MIT */
/* Display modes: asking a driver for them, and choosing one, as a display driver does. */
#ifndef VPORT_RUN_MODE_H
#define VPORT_RUN_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include <videoport/host.h>

#include "run/job.h"

struct _VIDEO_MODE_INFORMATION;

struct vport_mode_info {
    uint32_t index;
    uint32_t width, height; /* pixels */
    uint32_t bits;          /* a pixel: of all planes */
    uint32_t planes;
    uint32_t stride;           /* bytes from row to row */
    uint32_t flags;            /* VIDEO_MODE_COLOR, ... */
    uint32_t red, green, blue; /* masks */
};

void vport_mode_from(const struct _VIDEO_MODE_INFORMATION *driver, struct vport_mode_info *mode);

/*
 * Tells all modes as events and picks one: of the size and depth that the job asks for, or, where
 * that is 0, the one that is easiest to draw in near 1024 x 768. false: vport_mode_problem() says
 * why.
 */
bool vport_mode_choose(struct vport_machine *machine, const struct vport_job *job,
                       struct vport_mode_info *mode);
const char *vport_mode_problem(void);

#endif
