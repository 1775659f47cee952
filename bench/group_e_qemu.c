/* SPDX-License-Identifier: MIT */
/*
 * E on QEMU: whole pictures from a program's memory to the screen of the virtio GPU, which is
 * another process. Three ways: a plain copy; the miniport with the port's DMA left out (bare.h);
 * and everything. All timed by the clock on the wall: most of the work is QEMU's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"
#include "bus/qemu/qemu.h"
#include "group_e.h"
#include "host/blit.h"

enum { PIXEL = 4 };

struct screen {
    struct vport_machine *machine;
    struct vport_bare bare;
    bool attached;
    uint32_t width, height, length; /* length: bytes */
    char *pixels;
    uint64_t failures;
    char error[VPORT_ERROR_TEXT];
};

static void run_screen(void *context, uint64_t repetitions)
{
    struct screen *screen = context;

    for (uint64_t i = 0; i < repetitions; i++)
        screen->failures += vport_blit_write(screen->machine, screen->pixels, screen->width,
                                             screen->height, screen->error) != VPORT_OK;
}

static bool is_shown(struct screen *screen)
{
    struct vport_image image;
    bool same;

    if (vport_machine_screenshot(screen->machine, &image) != VPORT_OK)
        return false;
    same = image.width == screen->width && image.height == screen->height &&
           memcmp(image.pixels, screen->pixels, screen->length) == 0;
    free(image.pixels);
    return same;
}

/* The picture is another one than that which made the list, so that it shows who moved it. */
static bool check_screen(void *context)
{
    struct screen *screen = context;

    screen->pixels[0] ^= 0x55;
    screen->pixels[screen->length - PIXEL] ^= 0x55;
    run_screen(screen, 1);
    return !screen->failures && is_shown(screen);
}

static void close_screen(void *context)
{
    struct screen *screen = context;

    if (screen->machine) {
        vport_blit_memory_free(screen->machine, screen->pixels);
        vport_machine_destroy(screen->machine);
    }
    if (screen->attached)
        vport_bare_detach(&screen->bare);
}

/* The first picture goes through the port, and leaves its list for those that do not. */
static bool show_first(struct screen *screen, bool bare)
{
    enum { PAGE = VPORT_BENCH_PAGE };

    screen->pixels = vport_blit_memory_alloc(screen->machine, screen->length);
    if (!screen->pixels)
        return false;
    vport_bench_draw(screen->pixels, screen->length);
    if (bare)
        screen->attached = vport_bare_attach(
            &screen->bare, vport_machine_extension(screen->machine), screen->length / PAGE + 2);
    if (bare && !screen->attached)
        return false;
    run_screen(screen, 1);
    screen->bare.bypass = bare;
    return !screen->failures && (!bare || screen->bare.list->NumberOfElements > 0);
}

static enum vport_status open_screen(struct screen *screen, bool bare)
{
    struct vport_machine_config config = {.adapter = "qemu:virtio-gpu", .seed = 1};
    enum vport_status status = vport_machine_create(&config, &screen->machine, screen->error);

    if (status == VPORT_OK)
        status = vport_machine_start(screen->machine, bare ? vport_bare_virtio_gpu_entry : NULL,
                                     screen->error);
    if (status == VPORT_OK)
        status = vport_blit_set_mode(screen->machine, screen->width, screen->height, screen->error);
    if (status == VPORT_OK && !show_first(screen, bare))
        status = VPORT_E_DEVICE;
    return status;
}

static void add_screen(struct vport_bench_suite *suite, uint32_t width, uint32_t height, bool bare,
                       const char *reference)
{
    struct screen *screen = vport_bench_take(suite, sizeof(*screen));
    struct vport_bench_case which = {.unit = "picture",
                                     .units = 1,
                                     .wall = true,
                                     .series = bare ? "virtio GPU, alone" : "virtio GPU",
                                     .x = (double)width * height,
                                     .run = run_screen,
                                     .check = check_screen,
                                     .context = screen};

    if (!screen || !vport_bench_defer(suite, close_screen, screen))
        return;
    screen->width = width;
    screen->height = height;
    screen->length = width * height * PIXEL;
    if (open_screen(screen, bare) != VPORT_OK) {
        vport_bench_fail(suite, "virtio GPU: %s", screen->error);
        return;
    }
    strcpy(which.reference, reference);
    vport_bench_add(suite, &which, "virtio GPU %ux%u, %s", width, height,
                    bare ? "the device alone" : "whole path");
}

void vport_bench_add_qemu_pictures(struct vport_bench_suite *suite)
{
    static const uint32_t sizes[][2] = {{320, 200}, {1024, 768}, {1920, 1080}};
    char why[VPORT_ERROR_TEXT];

    if (vport_qemu_check(why, sizeof(why)) != VPORT_OK) {
        vport_bench_missing(suite, "QEMU's virtio GPU", "qemu-system-x86", why);
        return;
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !suite->failed; i++) {
        uint32_t width = sizes[i][0], height = sizes[i][1];
        char copy[VPORT_BENCH_NAME];

        snprintf(copy, sizeof(copy), "virtio GPU %ux%u, memcpy", width, height);
        vport_bench_add_copy(suite, width * height * PIXEL, true, copy);
        add_screen(suite, width, height, true, copy);
        add_screen(suite, width, height, false, copy);
    }
}
