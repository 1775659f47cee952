/* SPDX-License-Identifier: MIT */
/*
 * The edu miniport, over the whole stack: pictures of many sizes out of every kind of memory, there
 * and back; and what becomes of a transfer when the device does not do its part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "miniports/miniports.h"
#include "qemu/seed.h"
#include "qemu/stack.h"

enum {
    SKEW = 565, /* bytes into a page: no alignment at all */
    COMMON = 1, /* VPORT_BLIT_COMMON_BUFFER */

    NO_ERROR_ = 0,
    ERROR_INVALID_PARAMETER_ = 87,
    ERROR_BUSY_ = 170,
    WAIT_TIMEOUT_ = 258,
};

static struct stack stack;

static void start(struct vport_qemu_options options)
{
    options.device = VPORT_QEMU_EDU;
    options.layout = VPORT_QEMU_SCATTERED;
    stack_start(&stack, &options, vport_miniport_edu_entry);
}

/* A buffer of the machine's, or malloc's. */
static uint8_t *take_buffer(size_t length, bool foreign)
{
    void *memory = NULL;

    if (foreign)
        memory = malloc(length + SKEW);
    else
        assert_int_equal(
            stack.machine.bus->ops->memory_alloc(stack.machine.bus, length + SKEW, &memory),
            VPORT_OK);
    assert_non_null(memory);
    return (uint8_t *)memory + SKEW;
}

static void give_buffer(uint8_t *buffer, bool foreign)
{
    if (foreign)
        free(buffer - SKEW);
    else
        assert_int_equal(stack.machine.bus->ops->memory_free(stack.machine.bus, buffer - SKEW),
                         VPORT_OK);
}

static void fill(uint8_t *pixels, size_t length, uint64_t seed)
{
    for (size_t i = 0; i < length; i++)
        pixels[i] = i % 4 == 3 ? 0 : (uint8_t)test_random(&seed);
}

static void assert_shows(const uint8_t *pixels, uint32_t width, uint32_t height)
{
    struct vport_image image;

    assert_int_equal(stack.machine.bus->ops->screenshot(stack.machine.bus, &image), VPORT_OK);
    assert_true(image.width >= width && image.height >= height);
    for (uint32_t y = 0; y < height; y++)
        assert_memory_equal(image.pixels + (size_t)y * image.width, pixels + (size_t)y * width * 4,
                            width * 4);
    free(image.pixels);
}

static void move_picture(uint32_t width, uint32_t height, bool foreign, unsigned flags, bool screen)
{
    size_t length = (size_t)width * height * 4;
    uint8_t *source = take_buffer(length, foreign);
    uint8_t *back = take_buffer(length, foreign);
    struct stack_moved moved;

    fill(source, length, width * 7919u + height);
    memset(back, 0xa5, length);
    assert_int_equal(stack_set_size(&stack, width, height), NO_ERROR_);
    assert_int_equal(stack_blit(&stack, true, flags, source, width, height, &moved), NO_ERROR_);
    assert_int_equal(moved.bytes, length);
    if (!(flags & COMMON)) {
        assert_true(moved.operations >= (length + 4094) / 4095);
        assert_int_equal(moved.elements, moved.operations); /* one element each */
    }
    if (screen)
        assert_shows(source, width, height);
    assert_int_equal(stack_blit(&stack, false, flags, back, width, height, &moved), NO_ERROR_);
    assert_memory_equal(back, source, length);
    assert_int_equal(vport_space_locked(stack.machine.bus->space), 0);
    give_buffer(source, foreign);
    give_buffer(back, foreign);
}

static const uint32_t sizes[][2] = {{1, 1}, {1, 300}, {1023, 1}, {33, 17}, {100, 70}, {320, 200}};

static void all_pictures(struct vport_qemu_options options)
{
    bool screen = options.screen != VPORT_QEMU_NONE;

    start(options);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int foreign = 0; foreign <= 1; foreign++)
            move_picture(sizes[i][0], sizes[i][1], foreign, 0, screen);
    move_picture(100, 70, false, COMMON, screen);
    stack_end(&stack, 0);
}

static void pictures_travel_there_and_back(void **state)
{
    all_pictures((struct vport_qemu_options){0});
}

static void pictures_travel_through_the_iommu(void **state)
{
    all_pictures((struct vport_qemu_options){.iommu = true});
}

static void pictures_travel_to_the_screen(void **state)
{
    all_pictures((struct vport_qemu_options){.screen = VPORT_QEMU_BOCHS_DISPLAY});
}

static void pictures_travel_to_the_screen_through_the_iommu(void **state)
{
    all_pictures((struct vport_qemu_options){.screen = VPORT_QEMU_BOCHS_DISPLAY, .iommu = true});
}

static void pictures_travel_out_of_own_buffers_by_messages(void **state)
{
    all_pictures((struct vport_qemu_options){.own_buffers = true, .messages = true});
}

static void a_picture_as_large_as_the_demonstrations_travels(void **state)
{
    start((struct vport_qemu_options){.screen = VPORT_QEMU_BOCHS_DISPLAY});
    move_picture(1000, 700, false, 0, true);
    stack_end(&stack, 0);
}

/* A narrow rectangle in a wide mode: its rows lie apart in the store. */
static void a_smaller_rectangle_keeps_to_the_top_left(void **state)
{
    enum { WIDTH = 300, HEIGHT = 64, NARROW = 77, ROWS = 20 };
    uint8_t *all;
    uint8_t *part;

    start((struct vport_qemu_options){.screen = VPORT_QEMU_BOCHS_DISPLAY});
    all = take_buffer(WIDTH * HEIGHT * 4, false);
    part = take_buffer(NARROW * ROWS * 4, false);
    fill(all, WIDTH * HEIGHT * 4, 1);
    fill(part, NARROW * ROWS * 4, 2);
    assert_int_equal(stack_set_size(&stack, WIDTH, HEIGHT), NO_ERROR_);
    assert_int_equal(stack_blit(&stack, true, 0, all, WIDTH, HEIGHT, NULL), NO_ERROR_);
    assert_int_equal(stack_blit(&stack, true, 0, part, NARROW, ROWS, NULL), NO_ERROR_);
    for (int y = 0; y < ROWS; y++)
        memcpy(all + y * WIDTH * 4, part + y * NARROW * 4, NARROW * 4);
    assert_shows(all, WIDTH, HEIGHT);
    memset(part, 0, NARROW * ROWS * 4);
    assert_int_equal(stack_blit(&stack, false, 0, part, NARROW, ROWS, NULL), NO_ERROR_);
    for (int y = 0; y < ROWS; y++)
        assert_memory_equal(part + y * NARROW * 4, all + y * WIDTH * 4, NARROW * 4);
    stack_end(&stack, 0);
}

/* ---- Devices that do not do their part ---- */

static double seconds(void)
{
    return (double)machine_nanoseconds() / 1e9;
}

static void a_hung_device_ends_the_request_and_is_used_again_when_it_is_back(void **state)
{
    uint8_t *pixels;
    double before;

    start((struct vport_qemu_options){0});
    pixels = take_buffer(100 * 100 * 4, false);
    assert_int_equal(stack_set_size(&stack, 100, 100), NO_ERROR_);
    assert_int_equal(vport_qemu_bus_stop(stack.machine.bus), VPORT_OK);
    before = seconds();
    assert_int_equal(stack_blit(&stack, true, 0, pixels, 100, 100, NULL), WAIT_TIMEOUT_);
    assert_true(seconds() - before < 9);
    assert_int_equal(vport_space_locked(stack.machine.bus->space), 0);
    assert_int_equal(stack_blit(&stack, true, 0, pixels, 100, 100, NULL), ERROR_BUSY_);
    assert_int_equal(vport_qemu_bus_continue(stack.machine.bus), VPORT_OK);
    for (int i = 0; i < 100 && stack_blit(&stack, true, 0, pixels, 100, 100, NULL) != NO_ERROR_;
         i++)
        usleep(10000);
    give_buffer(pixels, false);
    move_picture(100, 100, false, 0, false);
    stack_end(&stack, 0);
}

static void a_qemu_that_is_killed_ends_the_request(void **state)
{
    uint8_t *pixels;

    start((struct vport_qemu_options){0});
    pixels = take_buffer(100 * 100 * 4, true);
    assert_int_equal(stack_set_size(&stack, 100, 100), NO_ERROR_);
    assert_int_equal(vport_qemu_bus_stop(stack.machine.bus), VPORT_OK);
    kill(vport_qemu_bus_process(stack.machine.bus), SIGKILL);
    assert_int_not_equal(stack_blit(&stack, true, 0, pixels, 100, 100, NULL), NO_ERROR_);
    assert_int_equal(vport_space_locked(stack.machine.bus->space), 0);
    assert_int_equal(vport_reports_count(stack.machine.reports, "BUS"), 1);
    give_buffer(pixels, true);
    stack_end(&stack, vport_reports_count(stack.machine.reports, NULL));
}

static void impossible_requests_are_refused(void **state)
{
    uint8_t *pixels;

    start((struct vport_qemu_options){.screen = VPORT_QEMU_BOCHS_DISPLAY});
    pixels = take_buffer(4096, false);
    assert_int_equal(stack_blit(&stack, true, 0, pixels, 8, 8, NULL), ERROR_INVALID_PARAMETER_);
    assert_int_equal(stack_set_size(&stack, 0, 8), ERROR_INVALID_PARAMETER_);
    assert_int_equal(stack_set_size(&stack, 16384, 16384), 8);
    assert_int_equal(stack_set_size(&stack, 100, 100), NO_ERROR_);
    assert_int_equal(stack_blit(&stack, true, 0, pixels, 101, 1, NULL), ERROR_INVALID_PARAMETER_);
    assert_int_equal(stack_blit(&stack, true, 0, pixels, 0, 1, NULL), ERROR_INVALID_PARAMETER_);
    assert_int_equal(stack_blit(&stack, true, 0, NULL, 8, 8, NULL), ERROR_INVALID_PARAMETER_);
    stack_end(&stack, vport_reports_count(stack.machine.reports, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_travel_there_and_back),
        cmocka_unit_test(pictures_travel_through_the_iommu),
        cmocka_unit_test(pictures_travel_to_the_screen),
        cmocka_unit_test(pictures_travel_to_the_screen_through_the_iommu),
        cmocka_unit_test(pictures_travel_out_of_own_buffers_by_messages),
        cmocka_unit_test(a_picture_as_large_as_the_demonstrations_travels),
        cmocka_unit_test(a_smaller_rectangle_keeps_to_the_top_left),
        cmocka_unit_test(a_hung_device_ends_the_request_and_is_used_again_when_it_is_back),
        cmocka_unit_test(a_qemu_that_is_killed_ends_the_request),
        cmocka_unit_test(impossible_requests_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
