/* SPDX-License-Identifier: MIT */
/* The suite's own device, as a model for the simulated bus (device.h has its registers). Must not
 * know drivers or NT. */
#include <stdlib.h>
#include <string.h>

#include <videoport/device.h>
#include "device.h"

struct model {
    struct vport_device *device;
    uint8_t *window;
    uint32_t address_low, address_high, length, status;
    bool interrupt;
};

static void attach(void *context, struct vport_device *device)
{
    ((struct model *)context)->device = device;
}

static void reset(void *context)
{
    struct model *model = context;

    model->address_low = model->address_high = model->length = model->status = 0;
    model->interrupt = false;
    memset(model->window, 0, RIG_WINDOW_LENGTH);
}

static uint64_t read_register(void *context, unsigned bar, uint64_t offset, unsigned width)
{
    const struct model *model = context;

    switch (offset) {
    case RIG_STATUS:
        return model->status;
    case RIG_INTERRUPT:
        return model->interrupt;
    default:
        return 0;
    }
}

static void command(struct model *model, uint32_t what)
{
    uint64_t address = (uint64_t)model->address_high << 32 | model->address_low;
    enum vport_status status = VPORT_E_RANGE;

    if (model->length <= RIG_WINDOW_LENGTH) {
        if (what == RIG_COMMAND_READ)
            status = vport_device_dma_read(model->device, address, model->window, model->length);
        else if (what == RIG_COMMAND_WRITE)
            status = vport_device_dma_write(model->device, address, model->window, model->length);
    }
    model->status = status != VPORT_OK;
}

static void write_register(void *context, unsigned bar, uint64_t offset, unsigned width,
                           uint64_t value)
{
    struct model *model = context;

    switch (offset) {
    case RIG_ADDRESS_LOW:
        model->address_low = (uint32_t)value;
        break;
    case RIG_ADDRESS_HIGH:
        model->address_high = (uint32_t)value;
        break;
    case RIG_LENGTH:
        model->length = (uint32_t)value;
        break;
    case RIG_COMMAND:
        command(model, (uint32_t)value);
        break;
    case RIG_ALARM:
        vport_device_timer_set(model->device, 0, (value & 0xffffffff) * 1000);
        break;
    case RIG_INTERRUPT:
        model->interrupt = false;
        vport_device_interrupt(model->device, false);
        break;
    }
}

static void timer(void *context, unsigned number)
{
    struct model *model = context;

    model->interrupt = true;
    vport_device_interrupt(model->device, true);
}

static void destroy(void *context)
{
    free(((struct model *)context)->window);
    free(context);
}

static const struct vport_device_ops ops = {
    .name = "rig",
    .vendor = 0x1234,
    .device = 0xc047,
    .class_code = 0x038000,
    .interrupt = true,
    .attach = attach,
    .reset = reset,
    .read = read_register,
    .write = write_register,
    .timer = timer,
    .destroy = destroy,
};

int rig_device_plug(struct vport_device_plug *plug, unsigned address_bits)
{
    struct model *model = calloc(1, sizeof(*model));

    if (!model || !(model->window = aligned_alloc(4096, RIG_WINDOW_LENGTH))) {
        free(model);
        return 0;
    }
    *plug = (struct vport_device_plug){
        .ops = &ops,
        .model = model,
        .bar[RIG_REGISTERS] = {.length = RIG_REGISTERS_LENGTH},
        .bar[RIG_WINDOW] = {.length = RIG_WINDOW_LENGTH, .memory = model->window},
        .address_bits = address_bits,
    };
    return 1;
}
