/* SPDX-License-Identifier: MIT */
/* The picture frame as a device model: all that videoport/device.h asks for. */
#include "frame_device.h"

#include <stdlib.h>
#include <string.h>

#include "frame.h"

enum { FETCH_TIMER, FETCH_TIME = 20000 }; /* ns from FRAME_LENGTH to the interrupt */

struct frame {
    struct vport_device *device;
    uint32_t address, offset, length, status;
    uint8_t picture[FRAME_BYTES];
};

static void frame_attach(void *model, struct vport_device *device)
{
    struct frame *frame = model;
    frame->device = device;
}

static void frame_reset(void *model)
{
    struct frame *frame = model;
    frame->address = frame->offset = frame->length = frame->status = 0;
    memset(frame->picture, 0, sizeof(frame->picture));
    vport_device_interrupt(frame->device, false);
}

static uint64_t frame_read(void *model, unsigned bar, uint64_t offset, unsigned width)
{
    struct frame *frame = model;
    uint64_t status = frame->status;
    (void)bar;
    (void)width;
    if (offset != FRAME_STATUS)
        return 0;
    frame->status = 0;
    vport_device_interrupt(frame->device, false);
    return status;
}

static void frame_write(void *model, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    struct frame *frame = model;
    (void)bar;
    (void)width;
    if (offset == FRAME_ADDRESS)
        frame->address = (uint32_t)value;
    else if (offset == FRAME_OFFSET)
        frame->offset = (uint32_t)value;
    else if (offset == FRAME_LENGTH) {
        frame->length = (uint32_t)value;
        vport_device_timer_set(frame->device, FETCH_TIMER, FETCH_TIME);
    }
}

/* A real card takes its time: the bytes move now, long after the driver's write has returned. */
static void frame_timer(void *model, unsigned timer)
{
    struct frame *frame = model;
    enum vport_status status = VPORT_E_RANGE;
    (void)timer;
    if (frame->length <= FRAME_BYTES && frame->offset <= FRAME_BYTES - frame->length)
        status = vport_device_dma_read(frame->device, frame->address,
                                       frame->picture + frame->offset, frame->length);
    else
        vport_device_report(frame->device, "%u bytes at offset %u are not in the picture",
                            frame->length, frame->offset);
    frame->status = status == VPORT_OK ? FRAME_FETCHED : FRAME_FAILED;
    vport_device_interrupt(frame->device, true);
}

static enum vport_status frame_screenshot(void *model, struct vport_image *image)
{
    const struct frame *frame = model;
    image->pixels = malloc(FRAME_BYTES);
    if (!image->pixels)
        return VPORT_E_NO_MEMORY;
    memcpy(image->pixels, frame->picture, FRAME_BYTES);
    image->width = FRAME_WIDTH;
    image->height = FRAME_HEIGHT;
    return VPORT_OK;
}

static const struct vport_device_ops frame_ops = {
    .name = "frame",
    .vendor = 0x5650,
    .device = 0xf4a3,
    .class_code = 0x038000, /* a display controller that is not VGA */
    .interrupt = true,
    .attach = frame_attach,
    .reset = frame_reset,
    .read = frame_read,
    .write = frame_write,
    .timer = frame_timer,
    .screenshot = frame_screenshot,
    .destroy = free,
};

struct vport_device_plug frame_plug(void)
{
    return (struct vport_device_plug){
        .ops = &frame_ops,
        .model = calloc(1, sizeof(struct frame)),
        .bar = {{.length = 16}},
        .address_bits = 32,
    };
}
