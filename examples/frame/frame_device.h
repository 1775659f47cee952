/* SPDX-License-Identifier: MIT */
#ifndef FRAME_DEVICE_H
#define FRAME_DEVICE_H

#include <videoport/device.h>

/* A new card, ready to be plugged in; its model is NULL when there is no memory. */
struct vport_device_plug frame_plug(void);

#endif
