/* SPDX-License-Identifier: MIT */
/* The simulated display adapter's screen: modes, and what it shows. */
#include "bus/sim/adapter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"

enum { PIXEL = 4 };

static bool mode_fits(const struct vport_sim_adapter *adapter, const struct vport_sim_mode *mode)
{
    if (mode->width == 0 || mode->height == 0 || mode->start % PIXEL || mode->stride % PIXEL)
        return false;
    uint64_t row = (uint64_t)mode->width * PIXEL, rows;
    return row <= mode->stride && vport_mul_u64(mode->height - 1, mode->stride, &rows) &&
           vport_range_fits(mode->start, rows + row, adapter->options.video_memory);
}

void vport_sim_screen_control(struct vport_sim_adapter *adapter, uint32_t control)
{
    struct vport_sim_mode mode = {
        .width = *vport_sim_register(adapter, SIM_MODE_WIDTH),
        .height = *vport_sim_register(adapter, SIM_MODE_HEIGHT),
        .stride = *vport_sim_register(adapter, SIM_MODE_STRIDE),
        .start = *vport_sim_register(adapter, SIM_MODE_START),
    };
    uint32_t format = *vport_sim_register(adapter, SIM_MODE_FORMAT),
             *state = vport_sim_register(adapter, SIM_MODE_CONTROL);
    *state = 0;
    if (!(control & SIM_MODE_ON))
        return;
    if (format != SIM_FORMAT_XRGB8888 || !mode_fits(adapter, &mode)) {
        *state = SIM_MODE_INVALID;
        vport_device_report(adapter->device,
                            "a mode that cannot be shown: %" PRIu32 " x %" PRIu32
                            ", stride %" PRIu32 ", format %" PRIu32 ", start 0x%" PRIx32
                            ", with %" PRIu64 " bytes of video memory",
                            mode.width, mode.height, mode.stride, format, mode.start,
                            adapter->options.video_memory);
        return;
    }
    adapter->mode = mode;
    *state = SIM_MODE_ON;
}

/* The X of XRGB is whatever drivers left there; a picture has 0. */
static void row_copy(uint32_t *to, const uint8_t *from, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++) {
        uint32_t pixel;
        memcpy(&pixel, from + (size_t)x * PIXEL, PIXEL);
        to[x] = pixel & 0xffffff;
    }
}

enum vport_status vport_sim_screen_shot(struct vport_sim_adapter *adapter,
                                        struct vport_image *image)
{
    const struct vport_sim_mode *mode = &adapter->mode;
    if (!(*vport_sim_register(adapter, SIM_MODE_CONTROL) & SIM_MODE_ON))
        return VPORT_E_STATE;
    uint32_t *pixels = malloc((size_t)mode->width * mode->height * PIXEL);
    if (!pixels)
        return VPORT_E_NO_MEMORY;
    for (uint32_t y = 0; y < mode->height; y++)
        row_copy(pixels + (size_t)y * mode->width,
                 adapter->video_memory + mode->start + (size_t)y * mode->stride, mode->width);
    *image = (struct vport_image){mode->width, mode->height, pixels};
    return VPORT_OK;
}
