/* SPDX-License-Identifier: MIT */
/* The test picture: what `videoport run` draws into a mapped frame buffer, so that a screenshot
 * shows whether the memory that the driver mapped is the memory that its adapter shows. */
#ifndef VPORT_RUN_PAINT_H
#define VPORT_RUN_PAINT_H

#include <stdint.h>

#include <videoport/host.h>

#include "run/mode.h"

/*
 * Draws it with plain stores, never beyond `length` bytes. NULL, or why nothing was drawn. A
 * palette-driven mode of 8 bits gets its colours through IOCTL_VIDEO_SET_COLOR_REGISTERS first.
 */
const char *vport_paint(struct vport_machine *machine, const struct vport_mode_info *mode,
                        void *frame_buffer, uint32_t length);

#endif
