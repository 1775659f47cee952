/* SPDX-License-Identifier: MIT */
/* The sim miniport's requests, on a whole machine: modes, video memory, rectangles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>

#include <videoport/host.h>

#include "../../miniports/blit_ioctl.h"

static struct vport_machine *machine;

static int start(void **state)
{
    struct vport_machine_config config = {.adapter = "sim:video-memory=2M,reach=32,frames=mixed",
                                          .seed = 11};
    char error[VPORT_ERROR_TEXT] = "";
    (void)state;
    assert_int_equal(vport_machine_create(&config, &machine, error), VPORT_OK);
    assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_OK);
    return 0;
}

/* Whatever a test does to it, the driver must have done nothing wrong to the card or the port. */
static int stop(void **state)
{
    (void)state;
    assert_int_equal(vport_reports_count(vport_machine_reports(machine), NULL), 0);
    vport_machine_destroy(machine);
    return 0;
}

static uint32_t control(uint32_t code, const void *input, size_t input_length, void *output,
                        size_t output_length, uint32_t *returned)
{
    return vport_machine_control(machine, code, input, (uint32_t)input_length, output,
                                 (uint32_t)output_length, returned);
}

static uint32_t size_set(uint32_t width, uint32_t height)
{
    VPORT_SIZE size = {width, height};
    return control(IOCTL_VPORT_SET_SIZE, &size, sizeof(size), NULL, 0, NULL);
}

static uint32_t mode_set(uint32_t mode)
{
    return control(IOCTL_VIDEO_SET_CURRENT_MODE, &mode, sizeof(mode), NULL, 0, NULL);
}

static uint32_t number_of_modes(void)
{
    VIDEO_NUM_MODES modes;
    uint32_t returned = 0;
    assert_int_equal(
        control(IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES, NULL, 0, &modes, sizeof(modes), &returned),
        NO_ERROR);
    assert_int_equal(returned, sizeof(modes));
    assert_int_equal(modes.ModeInformationLength, sizeof(VIDEO_MODE_INFORMATION));
    return modes.NumModes;
}

static void modes_are_those_that_video_memory_holds(void **state)
{
    VIDEO_MODE_INFORMATION modes[8] = {{0}};
    uint32_t returned;
    (void)state;
    assert_int_equal(number_of_modes(), 2); /* 640 x 480 and 800 x 600 in 2 MiB */
    assert_int_equal(
        control(IOCTL_VIDEO_QUERY_AVAIL_MODES, NULL, 0, modes, sizeof(modes), &returned), NO_ERROR);
    assert_int_equal(returned, 2 * sizeof(modes[0]));
    assert_int_equal(modes[1].Length, sizeof(modes[1]));
    assert_int_equal(modes[1].ModeIndex, 1);
    assert_int_equal(modes[1].VisScreenWidth, 800);
    assert_int_equal(modes[1].VisScreenHeight, 600);
    assert_int_equal(modes[1].ScreenStride, 3200);
    assert_int_equal(modes[1].BitsPerPlane, 32);
    assert_int_equal(modes[1].RedMask, 0xff0000);
    assert_int_equal(control(IOCTL_VIDEO_QUERY_AVAIL_MODES, NULL, 0, modes, sizeof(modes[0]), NULL),
                     ERROR_INSUFFICIENT_BUFFER);
}

static void current_mode_is_the_one_that_was_set(void **state)
{
    VIDEO_MODE_INFORMATION mode;
    struct vport_image image;
    (void)state;
    assert_int_equal(control(IOCTL_VIDEO_QUERY_CURRENT_MODE, NULL, 0, &mode, sizeof(mode), NULL),
                     ERROR_INVALID_FUNCTION);
    assert_int_equal(mode_set(2), ERROR_INVALID_PARAMETER);
    assert_int_equal(mode_set(1), NO_ERROR);
    assert_int_equal(control(IOCTL_VIDEO_QUERY_CURRENT_MODE, NULL, 0, &mode, sizeof(mode), NULL),
                     NO_ERROR);
    assert_int_equal(mode.ModeIndex, 1);
    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_OK);
    assert_int_equal(image.width, 800);
    assert_int_equal(image.height, 600);
    free(image.pixels);
    assert_int_equal(control(IOCTL_VIDEO_RESET_DEVICE, NULL, 0, NULL, 0, NULL), NO_ERROR);
    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_E_STATE);
    assert_int_equal(control(IOCTL_VIDEO_QUERY_CURRENT_MODE, NULL, 0, &mode, sizeof(mode), NULL),
                     ERROR_INVALID_FUNCTION);
}

static void any_size_becomes_a_mode_if_it_fits(void **state)
{
    VIDEO_MODE_INFORMATION mode;
    (void)state;
    assert_int_equal(size_set(0, 5), ERROR_INVALID_PARAMETER);
    assert_int_equal(size_set(5, 0), ERROR_INVALID_PARAMETER);
    assert_int_equal(size_set(1024, 513), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(size_set(0x80000000u, 0x80000000u), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(number_of_modes(), 2);
    assert_int_equal(size_set(1, 0x80000), NO_ERROR);
    assert_int_equal(size_set(1024, 512), NO_ERROR);
    assert_int_equal(number_of_modes(), 3);
    assert_int_equal(control(IOCTL_VIDEO_QUERY_CURRENT_MODE, NULL, 0, &mode, sizeof(mode), NULL),
                     NO_ERROR);
    assert_int_equal(mode.VisScreenWidth, 1024);
    assert_int_equal(mode.VisScreenHeight, 512);
    assert_int_equal(mode_set(0), NO_ERROR);
    assert_int_equal(mode_set(mode.ModeIndex), NO_ERROR); /* it stays one */
}

static uint32_t *video_map(void)
{
    VIDEO_MEMORY where = {NULL};
    VIDEO_MEMORY_INFORMATION information;
    uint32_t returned;
    assert_int_equal(control(IOCTL_VIDEO_MAP_VIDEO_MEMORY, &where, sizeof(where), &information,
                             sizeof(information), &returned),
                     NO_ERROR);
    assert_int_equal(returned, sizeof(information));
    assert_int_equal(information.VideoRamLength, 2 << 20);
    assert_ptr_equal(information.FrameBufferBase, information.VideoRamBase);
    return information.VideoRamBase;
}

static uint32_t pixel_shown(uint32_t x, uint32_t y)
{
    struct vport_image image;
    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_OK);
    uint32_t pixel = image.pixels[y * image.width + x];
    free(image.pixels);
    return pixel;
}

static void mapped_video_memory_is_what_the_screen_shows(void **state)
{
    VIDEO_MEMORY where;
    (void)state;
    assert_int_equal(size_set(10, 10), NO_ERROR);
    uint32_t *video = video_map();
    video[23] = 0x123456;
    assert_int_equal(pixel_shown(3, 2), 0x123456);
    assert_int_equal(mode_set(0 | VIDEO_MODE_NO_ZERO_MEMORY), NO_ERROR);
    assert_int_equal(pixel_shown(23, 0), 0x123456);
    assert_int_equal(mode_set(0), NO_ERROR); /* blank, unless asked otherwise */
    assert_int_equal(pixel_shown(23, 0), 0);
    where.RequestedVirtualAddress = video;
    assert_int_equal(control(IOCTL_VIDEO_UNMAP_VIDEO_MEMORY, &where, sizeof(where), NULL, 0, NULL),
                     NO_ERROR);
}

static uint32_t blit(uint32_t direction, uint32_t flags, uint32_t width, uint32_t height,
                     void *memory)
{
    VPORT_BLIT input = {direction, flags, width, height, (uintptr_t)memory};
    VPORT_BLIT_RESULT result = {0};
    uint32_t status =
        control(IOCTL_VPORT_BLIT, &input, sizeof(input), &result, sizeof(result), NULL);
    if (status == NO_ERROR)
        assert_int_equal(result.Bytes, width * height * 4);
    return status;
}

/* A picture smaller than the screen goes to its top left, on both paths, and comes back. */
static void rectangle_is_moved_to_the_top_left(void **state)
{
    enum { WIDTH = 37, HEIGHT = 29, PIXELS = WIDTH * HEIGHT };
    uint32_t *pixels = malloc(PIXELS * 4), *back = malloc(PIXELS * 4);
    struct vport_image image;
    (void)state;
    assert_non_null(pixels);
    assert_non_null(back);
    for (uint32_t flags = 0; flags <= VPORT_BLIT_COMMON_BUFFER; flags++) {
        for (uint32_t i = 0; i < PIXELS; i++)
            pixels[i] = (i * 2654435761u + flags) & 0xffffff;
        memset(back, 0, PIXELS * 4);
        assert_int_equal(size_set(50, 40), NO_ERROR);
        assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, flags, WIDTH, HEIGHT, pixels), NO_ERROR);
        assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_OK);
        for (uint32_t y = 0; y < 40; y++)
            for (uint32_t x = 0; x < 50; x++)
                assert_int_equal(image.pixels[y * 50 + x],
                                 x < WIDTH && y < HEIGHT ? pixels[y * WIDTH + x] : 0);
        free(image.pixels);
        assert_int_equal(blit(VPORT_BLIT_FROM_DEVICE, flags, WIDTH, HEIGHT, back), NO_ERROR);
        assert_memory_equal(back, pixels, PIXELS * 4);
    }
    free(pixels);
    free(back);
}

static void impossible_blits_are_refused(void **state)
{
    uint32_t pixels[100];
    (void)state;
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 1, 1, pixels), ERROR_INVALID_PARAMETER);
    assert_int_equal(size_set(10, 10), NO_ERROR);
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 11, 1, pixels), ERROR_INVALID_PARAMETER);
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 1, 11, pixels), ERROR_INVALID_PARAMETER);
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 0, 1, pixels), ERROR_INVALID_PARAMETER);
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 1, 0, pixels), ERROR_INVALID_PARAMETER);
    assert_int_equal(blit(2, 0, 1, 1, pixels), ERROR_INVALID_PARAMETER);
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 10, 10, pixels), NO_ERROR);
    struct vport_reports *reports = vport_machine_reports(machine);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
    assert_int_equal(blit(VPORT_BLIT_TO_DEVICE, 0, 1, 1, NULL), ERROR_INVALID_PARAMETER);
    assert_int_equal(vport_reports_count(reports, "LB-A1"), 1); /* the port's word for it */
    vport_reports_clear(reports);
}

static void short_packets_and_unknown_codes_are_refused(void **state)
{
    const uint32_t codes[] = {IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES,
                              IOCTL_VIDEO_QUERY_CURRENT_MODE,
                              IOCTL_VIDEO_SET_CURRENT_MODE,
                              IOCTL_VIDEO_MAP_VIDEO_MEMORY,
                              IOCTL_VIDEO_UNMAP_VIDEO_MEMORY,
                              IOCTL_VPORT_SET_SIZE,
                              IOCTL_VPORT_BLIT};
    uint32_t returned = 99, word = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_int_equal(control(codes[i], &word, 3, &word, 3, NULL), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(control(IOCTL_VIDEO_ENABLE_CURSOR, NULL, 0, NULL, 0, &returned),
                     ERROR_INVALID_FUNCTION);
    assert_int_equal(returned, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(modes_are_those_that_video_memory_holds, start, stop),
        cmocka_unit_test_setup_teardown(current_mode_is_the_one_that_was_set, start, stop),
        cmocka_unit_test_setup_teardown(any_size_becomes_a_mode_if_it_fits, start, stop),
        cmocka_unit_test_setup_teardown(mapped_video_memory_is_what_the_screen_shows, start, stop),
        cmocka_unit_test_setup_teardown(rectangle_is_moved_to_the_top_left, start, stop),
        cmocka_unit_test_setup_teardown(impossible_blits_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(short_packets_and_unknown_codes_are_refused, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
