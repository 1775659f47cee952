/* SPDX-License-Identifier: MIT */
/* Screens: what was painted into video memory is what QEMU says it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/edu.h"

static struct machine machine;

static void start(struct vport_qemu_options options)
{
    machine_start(&machine, &options);
}

/* Paints pixels that all differ from their neighbours, with the processor. */
static uint32_t *paint(const struct vport_resource *video_memory, uint32_t width, uint32_t height)
{
    uint32_t *pixels = malloc((size_t)width * height * 4);

    for (size_t i = 0; i < (size_t)width * height; i++)
        pixels[i] = (uint32_t)i * 2654435761u >> 8;
    assert_int_equal(machine.bus->ops->io_write_block(machine.bus, VPORT_IO_MEMORY,
                                                      video_memory->start, 4, pixels,
                                                      (size_t)width * height),
                     VPORT_OK);
    return pixels;
}

static void assert_shows(const uint32_t *pixels, uint32_t width, uint32_t height)
{
    struct vport_image image;

    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_OK);
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_memory_equal(image.pixels, pixels, (size_t)width * height * 4);
    free(image.pixels);
}

static void a_screen_shows_what_was_painted(enum vport_qemu_model device,
                                            enum vport_qemu_model screen, uint32_t width,
                                            uint32_t height)
{
    uint32_t *pixels;
    uint32_t *back = calloc(width, height * 4);

    start((struct vport_qemu_options){
        .device = device, .screen = screen, .width = width, .height = height});
    pixels = paint(&machine.bus->function[1].resource[0], width, height);
    assert_int_equal(machine.bus->ops->io_read_block(machine.bus, VPORT_IO_MEMORY,
                                                     machine.bus->function[1].resource[0].start, 4,
                                                     back, width * height),
                     VPORT_OK);
    assert_memory_equal(back, pixels, (size_t)width * height * 4);
    assert_shows(pixels, width, height);
    pixels[0] ^= 0x010101;
    assert_int_equal(machine.bus->ops->io_write(machine.bus, VPORT_IO_MEMORY,
                                                machine.bus->function[1].resource[0].start, 4,
                                                pixels[0]),
                     VPORT_OK);
    assert_shows(pixels, width, height); /* a second shot is a new one */
    machine_end(&machine, 0);
    free(pixels);
    free(back);
}

static void bochs_display_shows_what_was_painted(void **state)
{
    a_screen_shows_what_was_painted(VPORT_QEMU_EDU, VPORT_QEMU_BOCHS_DISPLAY, 1000, 700);
}

/* QEMU pads the rows of such pictures. */
static void screens_of_odd_sizes_show_what_was_painted(void **state)
{
    for (uint32_t width = 65; width < 69; width++)
        a_screen_shows_what_was_painted(VPORT_QEMU_EDU, VPORT_QEMU_BOCHS_DISPLAY, width, 67);
}

static void vga_shows_what_was_painted(void **state)
{
    a_screen_shows_what_was_painted(VPORT_QEMU_EDU, VPORT_QEMU_VGA, 640, 480);
}

static void a_large_screen_shows_what_was_painted(void **state)
{
    a_screen_shows_what_was_painted(VPORT_QEMU_EDU, VPORT_QEMU_BOCHS_DISPLAY, 3840, 2160);
}

/* A pixel at a time, forwards, backwards and in halves: what is combined on the way is not seen. */
static void pixels_written_one_by_one_are_shown(void **state)
{
    enum { WIDTH = 320, HEIGHT = 64 };
    uint32_t pixels[WIDTH * HEIGHT];
    uint64_t start_of;

    start((struct vport_qemu_options){.device = VPORT_QEMU_EDU,
                                      .screen = VPORT_QEMU_BOCHS_DISPLAY,
                                      .width = WIDTH,
                                      .height = HEIGHT});
    start_of = machine.bus->function[1].resource[0].start;
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
        uint32_t at = i / WIDTH % 2 ? i : i / WIDTH * WIDTH + WIDTH - 1 - i % WIDTH;
        uint64_t back = 0;

        pixels[at] = at * 2654435761u >> 8;
        for (unsigned half = 0; half < 2; half++)
            assert_int_equal(machine.bus->ops->io_write(machine.bus, VPORT_IO_MEMORY,
                                                        start_of + 4 * at + 2 * half, 2,
                                                        pixels[at] >> 16 * half & 0xffff),
                             VPORT_OK);
        if (i % 977 == 0) {
            assert_int_equal(machine.bus->ops->io_read(machine.bus, VPORT_IO_MEMORY,
                                                       start_of + 4 * at, 4, &back),
                             VPORT_OK);
            assert_int_equal(back, pixels[at]);
        }
    }
    assert_shows(pixels, WIDTH, HEIGHT);
    machine_end(&machine, 0);
}

/* The adapter itself: its driver sets the mode; the bus does not. */
static void an_adapter_without_a_mode_shows_nothing(void **state)
{
    static const enum vport_qemu_model models[] = {VPORT_QEMU_BOCHS_DISPLAY, VPORT_QEMU_VGA,
                                                   VPORT_QEMU_VIRTIO_GPU};
    struct vport_image image;

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(models); i++) {
        start((struct vport_qemu_options){.device = models[i]});
        assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_E_STATE);
        assert_null(image.pixels);
        machine_end(&machine, 0);
    }
}

static void an_adapter_without_a_screen_has_none(void **state)
{
    struct vport_image image;

    start((struct vport_qemu_options){.device = VPORT_QEMU_EDU});
    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_E_UNSUPPORTED);
    machine_end(&machine, 0);
}

/* One device's DMA engine writes into another's video memory, and the screen shows it. */
static void edu_paints_the_screen(void **state)
{
    enum { WIDTH = 512, HEIGHT = 4 };
    uint32_t pixels[WIDTH * HEIGHT];
    uint32_t *source;
    struct vport_frame frame;
    struct vport_dma_platform *platform;
    uint64_t screen;
    struct vport_image image;

    start((struct vport_qemu_options){.device = VPORT_QEMU_EDU,
                                      .screen = VPORT_QEMU_BOCHS_DISPLAY,
                                      .width = WIDTH,
                                      .height = 300});
    platform = &machine.bus->platform;
    screen = machine.bus->function[1].resource[0].start;
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xfffffff, true, &frame), VPORT_OK);
    source = platform->ops->host(platform, frame);
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++)
            source[x] = pixels[y * WIDTH + x] = x << 16 ^ y << 8 ^ (x * y & 0xff);
        edu_move(&machine, vport_frame_address(frame), WIDTH * 4, 0);
        edu_move(&machine, screen + y * WIDTH * 4, WIDTH * 4, EDU_TO_RAM);
    }
    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_OK);
    for (size_t i = 0; i < WIDTH * HEIGHT; i++)
        assert_int_equal(image.pixels[i], pixels[i] & 0xffffff);
    assert_int_equal(image.pixels[WIDTH * HEIGHT], 0);
    free(image.pixels);
    machine_end(&machine, 0);
}

static void the_mode_is_set_again_after_a_reset(void **state)
{
    uint32_t *pixels;

    start((struct vport_qemu_options){
        .device = VPORT_QEMU_EDU, .screen = VPORT_QEMU_BOCHS_DISPLAY, .width = 320, .height = 200});
    assert_int_equal(vport_qemu_bus_reset(machine.bus), VPORT_OK);
    pixels = paint(&machine.bus->function[1].resource[0], 320, 200);
    assert_shows(pixels, 320, 200);
    machine_end(&machine, 0);
    free(pixels);
}

static void *shoot(void *context)
{
    for (int i = 0; i < 10; i++) {
        struct vport_image image;

        if (machine.bus->ops->screenshot(machine.bus, &image) != VPORT_OK)
            return "no picture";
        if (memcmp(image.pixels, context, 320 * 200 * 4) != 0)
            return "another picture";
        free(image.pixels);
    }
    return NULL;
}

static void several_may_take_pictures_at_once(void **state)
{
    pthread_t threads[3];
    uint32_t *pixels;

    start((struct vport_qemu_options){
        .device = VPORT_QEMU_EDU, .screen = VPORT_QEMU_BOCHS_DISPLAY, .width = 320, .height = 200});
    pixels = paint(&machine.bus->function[1].resource[0], 320, 200);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, shoot, pixels), 0);
    for (int i = 0; i < 3; i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    machine_end(&machine, 0);
    free(pixels);
}

static void a_picture_of_a_qemu_that_is_gone_fails(void **state)
{
    struct vport_image image;

    start(
        (struct vport_qemu_options){.device = VPORT_QEMU_EDU, .screen = VPORT_QEMU_BOCHS_DISPLAY});
    kill(vport_qemu_bus_process(machine.bus), SIGKILL);
    machine_expect_report(&machine, "BUS", 1, "signal 9");
    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_E_DEVICE);
    assert_null(image.pixels);
    machine_end(&machine, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bochs_display_shows_what_was_painted),
        cmocka_unit_test(screens_of_odd_sizes_show_what_was_painted),
        cmocka_unit_test(vga_shows_what_was_painted),
        cmocka_unit_test(a_large_screen_shows_what_was_painted),
        cmocka_unit_test(pixels_written_one_by_one_are_shown),
        cmocka_unit_test(an_adapter_without_a_mode_shows_nothing),
        cmocka_unit_test(an_adapter_without_a_screen_has_none),
        cmocka_unit_test(edu_paints_the_screen),
        cmocka_unit_test(the_mode_is_set_again_after_a_reset),
        cmocka_unit_test(several_may_take_pictures_at_once),
        cmocka_unit_test(a_picture_of_a_qemu_that_is_gone_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
