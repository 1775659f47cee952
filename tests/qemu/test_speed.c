/* SPDX-License-Identifier: MIT */
/*
 * What the video port costs on a real device: the same miniport moves the same frame to QEMU's
 * virtio GPU, in turn with the DMA calls of the video port and without them (bench/bare.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <videoport/host.h>

#include "bench/bare.h"
#include "host/blit.h"
#include "qemu/seed.h"

enum {
    WIDTH = 1000,
    HEIGHT = 700,
    LENGTH = WIDTH * HEIGHT * 4,
    ELEMENTS = LENGTH / 4096 + 2,
    ROUNDS = 61
};

static struct vport_machine *machine;
static struct vport_bare bare;
static char error[VPORT_ERROR_TEXT];

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* Milliseconds of one frame. */
static double frame(void *pixels, bool bypass)
{
    double begin = now();

    bare.bypass = bypass;
    assert_int_equal(vport_blit_write(machine, pixels, WIDTH, HEIGHT, error), VPORT_OK);
    bare.bypass = false;
    return now() - begin;
}

static uint64_t operations(void)
{
    struct vport_machine_statistics statistics;

    vport_machine_statistics(machine, &statistics);
    return statistics.to_device.operations;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(values[0]), by_value);
    return values[ROUNDS / 2];
}

static void assert_shown(const uint8_t *pixels)
{
    struct vport_image image;

    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_OK);
    assert_int_equal(image.width, WIDTH);
    assert_memory_equal(image.pixels, pixels, LENGTH);
    free(image.pixels);
}

static void *make_frame(void)
{
    uint64_t seed = test_seed();
    void *pixels = NULL;

    assert_int_equal(vport_machine_alloc(machine, LENGTH, &pixels), VPORT_OK);
    for (size_t i = 0; i < LENGTH; i++)
        ((uint8_t *)pixels)[i] = i % 4 == 3 ? 0 : (uint8_t)test_random(&seed);
    return pixels;
}

static void start(void)
{
    struct vport_machine_config config = {.adapter = "qemu:virtio-gpu,frames=scattered", .seed = 1};

    assert_int_equal(vport_machine_create(&config, &machine, error), VPORT_OK);
    assert_int_equal(vport_machine_start(machine, vport_bare_virtio_gpu_entry, error), VPORT_OK);
    assert_true(vport_bare_attach(&bare, vport_machine_extension(machine), ELEMENTS));
    assert_int_equal(vport_blit_set_mode(machine, WIDTH, HEIGHT, error), VPORT_OK);
}

static void end(void)
{
    vport_machine_stop(machine);
    assert_int_equal(vport_reports_count(vport_machine_reports(machine), NULL), 0);
    vport_machine_destroy(machine);
    vport_bare_detach(&bare);
}

/* The first frame goes through the port; one that bypasses it is shown too, without an operation.
 */
static void take_both_ways(uint8_t *pixels)
{
    frame(pixels, false);
    assert_in_range(bare.list->NumberOfElements, 600, ELEMENTS);
    assert_int_equal(operations(), 1);
    for (size_t i = 0; i < 4096; i++)
        pixels[i] = i % 4 == 3 ? 0 : 0x55;
    frame(pixels, true);
    assert_shown(pixels);
    assert_int_equal(operations(), 1);
}

/* Goal: at most 1.5 times the protocol alone. Each ratio is of two neighbours in time; the median
 * of many is what counts. */
static void test_a_frame_costs_at_most_half_more_than_its_protocol(void **state)
{
    double ratio[ROUNDS], with[ROUNDS], without[ROUNDS], found;
    void *pixels;

    (void)state;
    start();
    pixels = make_frame();
    take_both_ways(pixels);
    for (unsigned i = 0; i < ROUNDS; i++) {
        with[i] = frame(pixels, false);
        without[i] = frame(pixels, true);
        ratio[i] = with[i] / without[i];
    }
    found = median(ratio);
    printf("%d x %d to virtio-gpu: %.3f ms, protocol alone %.3f ms, ratio %.2f (medians of %d)\n",
           WIDTH, HEIGHT, median(with), median(without), found, ROUNDS);
    assert_true(found <= 1.5);
    assert_int_equal(vport_machine_free(machine, pixels), VPORT_OK);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_costs_at_most_half_more_than_its_protocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
