/* SPDX-License-Identifier: MIT */
/*
 * A machine with a card that videoport has never heard of, and that card's own driver: shows a
 * picture, and looks whether it arrived.
 *
 *     frame ["sim:key=value,..."]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <videoport/host.h>

#include "frame.h"
#include "frame_device.h"

extern __typeof__(*(vport_driver)0) DriverEntry; /* frame_miniport.c */

static void print_report(void *context, const struct vport_report *report)
{
    (void)context;
    fprintf(stderr, "[%s] %s\n", report->rule, report->text);
}

static void draw(uint32_t *pixels)
{
    for (uint32_t y = 0; y < FRAME_HEIGHT; y++)
        for (uint32_t x = 0; x < FRAME_WIDTH; x++)
            pixels[y * FRAME_WIDTH + x] = x * 4 << 16 | y * 5 << 8 | ((x ^ y) & 8 ? 255 : 0);
}

/* Asks the driver to show the picture; the number of operations it took, or 0. */
static unsigned show(struct vport_machine *machine, const uint32_t *pixels)
{
    FRAME_SHOW input = {.Buffer = (uintptr_t)pixels};
    FRAME_SHOWN output = {0};
    uint32_t status = vport_machine_control(machine, IOCTL_FRAME_SHOW, &input, sizeof(input),
                                            &output, sizeof(output), NULL);
    if (status)
        fprintf(stderr, "the driver answered %u\n", status);
    return status ? 0 : output.Operations;
}

static int same_as_shown(struct vport_machine *machine, const uint32_t *pixels)
{
    struct vport_image image;
    if (vport_machine_screenshot(machine, &image) != VPORT_OK)
        return 0;
    int same = image.width == FRAME_WIDTH && image.height == FRAME_HEIGHT &&
               memcmp(image.pixels, pixels, FRAME_BYTES) == 0;
    free(image.pixels);
    return same;
}

static int run(struct vport_machine *machine)
{
    char error[VPORT_ERROR_TEXT];
    void *memory;
    if (vport_machine_start(machine, DriverEntry, error) != VPORT_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    if (vport_machine_alloc(machine, FRAME_BYTES + 100, &memory) != VPORT_OK)
        return 1;
    uint32_t *pixels = (uint32_t *)((char *)memory + 100); /* not at the start of a page */
    draw(pixels);
    unsigned operations = show(machine, pixels);
    int same = operations && same_as_shown(machine, pixels);
    printf("%d x %d pixels, %u operations: %s\n", FRAME_WIDTH, FRAME_HEIGHT, operations,
           same ? "shown unchanged" : "NOT what was sent");
    return same && vport_reports_count(vport_machine_reports(machine), NULL) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct vport_device_plug plug = frame_plug();
    struct vport_machine_config config = {
        .adapter = argc > 1 ? argv[1] : "sim:frames=scattered,map-registers=2",
        .device = &plug,
        .report = print_report,
    };
    struct vport_machine *machine;
    char error[VPORT_ERROR_TEXT];
    if (!plug.model || vport_machine_create(&config, &machine, error) != VPORT_OK) {
        fprintf(stderr, "%s\n", plug.model ? error : "out of memory");
        return 1;
    }
    int result = run(machine);
    vport_machine_destroy(machine);
    return result;
}
