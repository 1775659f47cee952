/* SPDX-License-Identifier: MIT */
/* The steps of a driver's life. See life.h. */
#include "run/life.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ntdef.h>
#include <devioctl.h>
#include <dderror.h>
#include <ntddvdeo.h>

#include "host/blit.h"
#include "host/inside.h"
#include "run/crash.h"
#include "run/line.h"
#include "run/mode.h"
#include "run/paint.h"

struct life {
    const struct vport_job *job;
    struct vport_machine *machine;
    struct vport_mode_info mode;
    bool mapped;
    VIDEO_MEMORY_INFORMATION memory;
    void *picture, *back; /* to blit, and where it comes back to; until the process ends */
};

void vport_event_begin(struct vport_line *line, const char *kind)
{
    vport_line_begin(line, kind);
}

void vport_event_send(struct vport_line *line)
{
    vport_line_send(line, VPORT_FD_EVENTS);
}

/* ---- Telling ---- */

static void tell_step(const char *name, const char *state, const char *detail)
{
    struct vport_line line;

    vport_event_begin(&line, "step");
    vport_line_text(&line, name);
    vport_line_text(&line, state);
    vport_line_text(&line, detail);
    vport_event_send(&line);
}

static void tell_claim(void *context, const struct vport_claim *claim)
{
    struct vport_line line;

    vport_event_begin(&line, "claim");
    vport_line_text(&line, claim->port ? "port" : "memory");
    vport_line_number(&line, claim->start);
    vport_line_number(&line, claim->length);
    vport_line_number(&line, claim->legacy);
    vport_event_send(&line);
}

static void tell_adapter(void *context, const struct vport_adapter_held *adapter)
{
    struct vport_line line;

    vport_event_begin(&line, "dma_adapter");
    vport_line_number(&line, adapter->registers);
    vport_line_number(&line, adapter->maximum_length);
    vport_line_number(&line, adapter->common_buffers);
    vport_event_send(&line);
}

/* A monitor's name as its EDID has it: maker and product. */
static void child_name(const struct vport_child *child, char *text, size_t size)
{
    const uint8_t *edid = child->descriptor;
    unsigned maker = (unsigned)edid[8] << 8 | edid[9];

    text[0] = '\0';
    if (child->type == VPORT_CHILD_MONITOR && edid[0] == 0 && edid[1] == 0xff)
        snprintf(text, size, "%c%c%c%02X%02X", '@' + (maker >> 10 & 31), '@' + (maker >> 5 & 31),
                 '@' + (maker & 31), edid[11], edid[10]);
}

static void tell_child(void *context, const struct vport_child *child)
{
    struct vport_line line;
    char name[16];

    child_name(child, name, sizeof(name));
    vport_event_begin(&line, "child");
    vport_line_number(&line, child->type);
    vport_line_number(&line, child->id);
    vport_line_text(&line, name);
    vport_event_send(&line);
}

static void tell_claims(struct life *life)
{
    struct vport_line line;
    uint32_t vector;

    vport_inside_claims(life->machine, tell_claim, NULL);
    if (!vport_inside_interrupt(life->machine, &vector))
        return;
    vport_event_begin(&line, "interrupt");
    vport_line_number(&line, vector);
    vport_event_send(&line);
}

static void tell_direction(const char *name, uint64_t operations, uint64_t elements, uint64_t bytes,
                           uint64_t bounced)
{
    struct vport_line line;

    if (!operations)
        return;
    vport_event_begin(&line, "dma");
    vport_line_text(&line, name);
    vport_line_number(&line, operations);
    vport_line_number(&line, elements);
    vport_line_number(&line, bytes);
    vport_line_number(&line, bounced);
    vport_event_send(&line);
}

static void tell_dma(struct life *life)
{
    struct vport_machine_statistics s;

    vport_machine_statistics(life->machine, &s);
    vport_inside_adapters(life->machine, tell_adapter, NULL);
    tell_direction("to device", s.to_device.operations, s.to_device.elements, s.to_device.bytes,
                   s.to_device.bounced_bytes);
    tell_direction("from device", s.from_device.operations, s.from_device.elements,
                   s.from_device.bytes, s.from_device.bounced_bytes);
}

/* ---- Modes and memory ---- */

/*
 * A step's end: "ok", or what the request was answered with. Not every driver knows every request.
 */
static bool answered(const char *step, uint32_t status)
{
    char detail[64];

    if (status == ERROR_INVALID_FUNCTION) {
        tell_step(step, "skipped", "the driver does not know this request");
        return false;
    }
    snprintf(detail, sizeof(detail), "VP_STATUS %" PRIu32, status);
    tell_step(step, status ? "failed" : "ok", status ? detail : "");
    return status == 0;
}

static void begin(const char *step)
{
    vport_crash_set_step(step);
}

static bool set_mode(struct life *life)
{
    VIDEO_MODE mode;
    VIDEO_MODE_INFORMATION current = {0};

    begin("asking for modes");
    if (!vport_mode_choose(life->machine, life->job, &life->mode)) {
        tell_step("modes", "failed", vport_mode_problem());
        return false;
    }
    begin("setting the mode");
    mode.RequestedMode = life->mode.index;
    if (!answered("set mode", vport_machine_control(life->machine, IOCTL_VIDEO_SET_CURRENT_MODE,
                                                    &mode, sizeof(mode), NULL, 0, NULL)))
        return false;
    /* Drivers may answer differently now: the stride is known only once the mode is set. */
    if (vport_machine_control(life->machine, IOCTL_VIDEO_QUERY_CURRENT_MODE, NULL, 0, &current,
                              sizeof(current), NULL) == 0 &&
        current.VisScreenWidth == life->mode.width)
        vport_mode_from(&current, &life->mode);
    return true;
}

static void map_memory(struct life *life)
{
    VIDEO_MEMORY request = {NULL};
    struct vport_line line;

    begin("mapping video memory");
    life->mapped =
        answered("map memory",
                 vport_machine_control(life->machine, IOCTL_VIDEO_MAP_VIDEO_MEMORY, &request,
                                       sizeof(request), &life->memory, sizeof(life->memory), NULL));
    if (!life->mapped)
        return;
    vport_event_begin(&line, "memory");
    vport_line_number(&line, (uintptr_t)life->memory.VideoRamBase);
    vport_line_number(&line, life->memory.VideoRamLength);
    vport_line_number(&line, (uintptr_t)life->memory.FrameBufferBase);
    vport_line_number(&line, life->memory.FrameBufferLength);
    vport_event_send(&line);
}

/* What a display driver would do next: draw, with plain stores. */
static void paint(struct life *life)
{
    const char *problem;

    if (!life->mapped)
        return;
    begin("drawing the test picture into the mapped frame buffer");
    problem = vport_paint(life->machine, &life->mode, life->memory.FrameBufferBase,
                          life->memory.FrameBufferLength);
    tell_step("draw", problem ? "skipped" : "ok", problem ? problem : "");
}

static void unmap_memory(struct life *life)
{
    VIDEO_MEMORY request = {life->memory.VideoRamBase};

    if (!life->mapped)
        return;
    begin("unmapping video memory");
    answered("unmap memory", vport_machine_control(life->machine, IOCTL_VIDEO_UNMAP_VIDEO_MEMORY,
                                                   &request, sizeof(request), NULL, 0, NULL));
}

/* ---- What the user asked for ---- */

static void send_ioctl(struct life *life, const struct vport_job_ioctl *ioctl)
{
    uint8_t *output = calloc(1, ioctl->output_length + 1);
    struct vport_line line;
    char step[64];
    uint32_t returned = 0, status;

    snprintf(step, sizeof(step), "sending request %#" PRIx32, ioctl->code);
    begin(step);
    status = output ? vport_machine_control(life->machine, ioctl->code, ioctl->input,
                                            (uint32_t)ioctl->input_length, output,
                                            ioctl->output_length, &returned)
                    : ERROR_NOT_ENOUGH_MEMORY; /* a driver may have taken it all */
    vport_event_begin(&line, "ioctl");
    vport_line_number(&line, ioctl->code);
    vport_line_number(&line, status);
    vport_line_number(&line, returned);
    vport_line_bytes(&line, output,
                     returned < ioctl->output_length ? returned : ioctl->output_length);
    vport_event_send(&line);
    free(output);
}

static bool rows_equal(const uint32_t *a, size_t a_stride, const uint32_t *b, uint32_t width,
                       uint32_t height)
{
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            if ((a[y * a_stride + x] ^ b[(size_t)y * width + x]) & 0xffffff)
                return false;
    return true;
}

static const char *compared(bool same)
{
    return same ? "identical" : "different";
}

/* What the screen has of the picture. */
static const char *shown(struct life *life, const uint32_t *pixels)
{
    struct vport_image image = {0};
    enum vport_status status = vport_machine_screenshot(life->machine, &image);
    bool same;

    if (status != VPORT_OK)
        return status == VPORT_E_UNSUPPORTED ? "impossible" : "different";
    same = image.width >= life->job->picture_width && image.height >= life->job->picture_height &&
           rows_equal(image.pixels, image.width, pixels, life->job->picture_width,
                      life->job->picture_height);
    free(image.pixels);
    return compared(same);
}

static void tell_blit(const char *on_screen, const char *returned)
{
    struct vport_line line;

    vport_event_begin(&line, "blit");
    vport_line_text(&line, on_screen);
    vport_line_text(&line, returned);
    vport_event_send(&line);
}

/* Not every adapter can be read back. */
static enum vport_status blit_both_ways(struct life *life, const uint32_t *pixels, uint32_t *back,
                                        char *error)
{
    uint32_t width = life->job->picture_width, height = life->job->picture_height;
    enum vport_status status = vport_blit_set_mode(life->machine, width, height, error);
    const char *on_screen;

    if (status == VPORT_OK)
        status = vport_blit_write(life->machine, pixels, width, height, error);
    if (status != VPORT_OK)
        return status;
    on_screen = shown(life, pixels);
    status = vport_blit_read(life->machine, back, width, height, error);
    if (status != VPORT_OK && status != VPORT_E_UNSUPPORTED)
        return status;
    tell_blit(on_screen,
              status ? "impossible" : compared(rows_equal(back, width, pixels, width, height)));
    return VPORT_OK;
}

/* Before the sandbox: a bus may need files to give memory. */
static void take_picture(struct life *life)
{
    size_t length = 0;
    void *given = life->job->picture_width ? vport_job_slurp(VPORT_FD_PICTURE, &length) : NULL;

    if (!given)
        return;
    life->picture = vport_blit_memory_alloc(life->machine, length);
    life->back = vport_blit_memory_alloc(life->machine, length);
    if (life->picture && life->back) {
        memcpy(life->picture, given, length);
        memset(life->back, 0xa5, length); /* what does not arrive must not be right by chance */
    }
    free(given);
}

static void blit(struct life *life)
{
    char error[VPORT_ERROR_TEXT] = "no memory for the picture";
    enum vport_status status = VPORT_E_NO_MEMORY;

    if (!life->job->picture_width)
        return;
    begin("moving the picture by DMA");
    if (life->picture && life->back)
        status = blit_both_ways(life, life->picture, life->back, error);
    tell_step("blit", status == VPORT_OK ? "ok" : "failed", status == VPORT_OK ? "" : error);
}

static bool write_all(const void *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t count =
            pwrite(VPORT_FD_SCREEN, (const char *)bytes + done, length - done, (off_t)done);

        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

static void screenshot(struct life *life)
{
    struct vport_image image = {0};
    enum vport_status status;
    struct vport_line line;

    if (!life->job->screenshot)
        return;
    begin("taking the screenshot");
    status = vport_machine_screenshot(life->machine, &image);
    if (status == VPORT_OK &&
        write_all(image.pixels, (size_t)image.width * image.height * sizeof(uint32_t))) {
        vport_event_begin(&line, "screen");
        vport_line_number(&line, image.width);
        vport_line_number(&line, image.height);
        vport_event_send(&line);
        tell_step("screenshot", "ok", "");
    } else {
        tell_step("screenshot", "failed", vport_status_text(status ? status : VPORT_E_NO_MEMORY));
    }
    free(image.pixels);
}

/* ---- The end ---- */

static void power(struct life *life, unsigned state, const char *step)
{
    char detail[64];
    int32_t status;

    begin(step);
    status = vport_inside_power(life->machine, state);
    snprintf(detail, sizeof(detail), "NTSTATUS 0x%08" PRIx32, (uint32_t)status);
    tell_step(step, status < 0 ? "refused" : "ok", status < 0 ? detail : "");
}

static void reset(struct life *life)
{
    bool handled = false;

    begin("resetting the hardware (HwVidResetHw)");
    if (!vport_inside_reset(life->machine, &handled))
        tell_step("reset", "skipped", "the driver has no HwVidResetHw");
    else
        tell_step("reset", "ok", handled ? "" : "left to the HAL");
}

static void use(struct life *life)
{
    tell_claims(life);
    begin("asking for children (HwVidGetVideoChildDescriptor)");
    vport_inside_children(life->machine, tell_child, NULL);
    if (set_mode(life))
        map_memory(life);
    paint(life);
    for (unsigned i = 0; i < life->job->ioctls; i++)
        send_ioctl(life, &life->job->ioctl[i]);
    blit(life);
    screenshot(life);
    tell_dma(life);
    unmap_memory(life);
    power(life, 3, "power off (D3)");
    power(life, 0, "power on (D0)");
    reset(life);
}

void vport_life_lead(const struct vport_job *job, struct vport_machine *machine, vport_driver entry)
{
    struct life life = {.job = job, .machine = machine};
    char error[VPORT_ERROR_TEXT];

    take_picture(&life);
    begin("starting the driver");
    if (vport_machine_start(machine, entry, error) != VPORT_OK) {
        tell_step("start", "failed", error);
    } else {
        tell_step("start", "ok", "");
        use(&life);
        begin("unloading the driver");
        vport_machine_stop(machine);
        tell_step("unload", "ok", "");
    }
    begin("looking for what the driver left behind");
    vport_inside_settle(machine);
}
