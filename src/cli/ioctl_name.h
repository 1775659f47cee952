/* SPDX-License-Identifier: MIT */
/* Video request codes by name, as ntddvdeo.h has them. */
#ifndef VPORT_CLI_IOCTL_NAME_H
#define VPORT_CLI_IOCTL_NAME_H

#include <stdbool.h>
#include <stdint.h>

/* "IOCTL_VIDEO_...", case and prefix optional, or a number. */
bool vport_ioctl_find(const char *text, uint32_t *code);

#endif
