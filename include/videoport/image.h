/* SPDX-License-Identifier: MIT */
/* A picture in memory: XRGB8888, rows top down, as display adapters hold it. */
#ifndef VIDEOPORT_IMAGE_H
#define VIDEOPORT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vport_image {
    uint32_t width, height; /* pixels */
    /* width * height of 0x00RRGGBB, no padding; malloc'ed, the holder's to free. */
    uint32_t *pixels;
};

#ifdef __cplusplus
}
#endif
#endif
