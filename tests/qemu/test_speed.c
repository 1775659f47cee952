/* SPDX-License-Identifier: MIT */
/*
 * What the video port costs on a real device: the same miniport moves the same frame to QEMU's
 * virtio GPU, in turn with the DMA calls of the video port and without them. Without: locking hands
 * out nothing, and VideoPortStartDma goes straight to HwVidExecuteDma with the list that the port
 * made for this buffer before.
 *
 * The linker puts the __wrap functions in the miniport's way.
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

#include "miniports/miniports.h"
#include "qemu/seed.h"
#include "qemu/stack.h"

#include <ntddk.h>
#include <dderror.h>
#include <miniport.h>
#include <video.h>

enum {
    WIDTH = 1000,
    HEIGHT = 700,
    LENGTH = WIDTH * HEIGHT * 4,
    ELEMENTS = LENGTH / 4096 + 2,
    ROUNDS = 61
};

static struct stack stack;

static struct {
    bool bypass; /* leave the port's DMA out */
    PEXECUTE_DMA execute;
    PVOID context;
    union {
        VP_SCATTER_GATHER_LIST list;
        char room[sizeof(VP_SCATTER_GATHER_LIST) + ELEMENTS * sizeof(VP_SCATTER_GATHER_ELEMENT)];
    } saved;
} between;

/* ---- Between the miniport and the port --------------------------------------------------- */

PVOID NTAPI __real_VideoPortLockBuffer(PVOID extension, PVOID address, ULONG length,
                                       VP_LOCK_OPERATION operation);
PVOID NTAPI __wrap_VideoPortLockBuffer(PVOID extension, PVOID address, ULONG length,
                                       VP_LOCK_OPERATION operation);
VOID NTAPI __real_VideoPortUnlockBuffer(PVOID extension, PVOID mdl);
VOID NTAPI __wrap_VideoPortUnlockBuffer(PVOID extension, PVOID mdl);
VP_STATUS NTAPI __real_VideoPortStartDma(PVOID extension, PVP_DMA_ADAPTER adapter, PVOID mdl,
                                         ULONG offset, PULONG length, PEXECUTE_DMA execute,
                                         PVOID context, BOOLEAN to_device);
VP_STATUS NTAPI __wrap_VideoPortStartDma(PVOID extension, PVP_DMA_ADAPTER adapter, PVOID mdl,
                                         ULONG offset, PULONG length, PEXECUTE_DMA execute,
                                         PVOID context, BOOLEAN to_device);
VP_STATUS NTAPI __real_VideoPortCompleteDma(PVOID extension, PVP_DMA_ADAPTER adapter,
                                            PVP_SCATTER_GATHER_LIST list, BOOLEAN to_device);
VP_STATUS NTAPI __wrap_VideoPortCompleteDma(PVOID extension, PVP_DMA_ADAPTER adapter,
                                            PVP_SCATTER_GATHER_LIST list, BOOLEAN to_device);

PVOID NTAPI __wrap_VideoPortLockBuffer(PVOID extension, PVOID address, ULONG length,
                                       VP_LOCK_OPERATION operation)
{
    return between.bypass ? &between
                          : __real_VideoPortLockBuffer(extension, address, length, operation);
}

VOID NTAPI __wrap_VideoPortUnlockBuffer(PVOID extension, PVOID mdl)
{
    if (!between.bypass)
        __real_VideoPortUnlockBuffer(extension, mdl);
}

static VOID NTAPI save(PVOID extension, PVP_DMA_ADAPTER adapter, PVP_SCATTER_GATHER_LIST list,
                       PVOID context)
{
    if (list->NumberOfElements <= ELEMENTS)
        memcpy(&between.saved, list,
               offsetof(VP_SCATTER_GATHER_LIST, Elements) +
                   list->NumberOfElements * sizeof(list->Elements[0]));
    between.execute(extension, adapter, list, context);
}

VP_STATUS NTAPI __wrap_VideoPortStartDma(PVOID extension, PVP_DMA_ADAPTER adapter, PVOID mdl,
                                         ULONG offset, PULONG length, PEXECUTE_DMA execute,
                                         PVOID context, BOOLEAN to_device)
{
    KIRQL before;

    if (!between.bypass) {
        between.execute = execute;
        return __real_VideoPortStartDma(extension, adapter, mdl, offset, length,
                                        between.saved.list.NumberOfElements ? execute : save,
                                        context, to_device);
    }
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    execute(extension, adapter, &between.saved.list, context);
    KeLowerIrql(before);
    return NO_ERROR;
}

VP_STATUS NTAPI __wrap_VideoPortCompleteDma(PVOID extension, PVP_DMA_ADAPTER adapter,
                                            PVP_SCATTER_GATHER_LIST list, BOOLEAN to_device)
{
    return between.bypass ? NO_ERROR
                          : __real_VideoPortCompleteDma(extension, adapter, list, to_device);
}

/* ---- The measurement --------------------------------------------------------------------- */

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

    between.bypass = bypass;
    assert_int_equal(stack_blit(&stack, true, 0, pixels, WIDTH, HEIGHT, NULL), 0);
    between.bypass = false;
    return now() - begin;
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

    assert_int_equal(stack.machine.bus->ops->screenshot(stack.machine.bus, &image), VPORT_OK);
    assert_int_equal(image.width, WIDTH);
    assert_memory_equal(image.pixels, pixels, LENGTH);
    free(image.pixels);
}

static void *make_frame(void)
{
    uint64_t seed = test_seed();
    void *pixels = NULL;

    assert_int_equal(stack.machine.bus->ops->memory_alloc(stack.machine.bus, LENGTH, &pixels),
                     VPORT_OK);
    for (size_t i = 0; i < LENGTH; i++)
        ((uint8_t *)pixels)[i] = i % 4 == 3 ? 0 : (uint8_t)test_random(&seed);
    return pixels;
}

/* Goal: at most 1.5 times the protocol alone. Each ratio is of two neighbours in time; the median
 * of many is what counts. */
static void test_a_frame_costs_at_most_half_more_than_its_protocol(void **state)
{
    struct vport_qemu_options options = {.device = VPORT_QEMU_VIRTIO_GPU,
                                         .layout = VPORT_QEMU_SCATTERED};
    double ratio[ROUNDS], with[ROUNDS], without[ROUNDS], found;
    void *pixels;

    (void)state;
    stack_start(&stack, &options, vport_miniport_virtio_gpu_entry);
    assert_int_equal(stack_set_size(&stack, WIDTH, HEIGHT), 0);
    pixels = make_frame();
    frame(pixels, false); /* saves the list */
    assert_in_range(between.saved.list.NumberOfElements, 600, ELEMENTS);
    memset(pixels, 0x55, 4096); /* the bypass is a path, not a picture that was there before */
    for (size_t i = 3; i < 4096; i += 4)
        ((uint8_t *)pixels)[i] = 0;
    frame(pixels, true);
    assert_shown(pixels);
    for (unsigned i = 0; i < ROUNDS; i++) {
        with[i] = frame(pixels, false);
        without[i] = frame(pixels, true);
        ratio[i] = with[i] / without[i];
    }
    found = median(ratio);
    printf("%d x %d to virtio-gpu: %.3f ms, protocol alone %.3f ms, ratio %.2f (medians of %d)\n",
           WIDTH, HEIGHT, median(with), median(without), found, ROUNDS);
    assert_true(found <= 1.5);
    assert_int_equal(stack.machine.bus->ops->memory_free(stack.machine.bus, pixels), VPORT_OK);
    stack_end(&stack, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_costs_at_most_half_more_than_its_protocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
