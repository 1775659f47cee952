/* SPDX-License-Identifier: MIT */
/*
 * Controls: can the comparison of pictures fail at all? The virtio GPU's miniport shows a picture
 * through the whole stack, while this file stands between it and the video port and falsifies the
 * list that HwVidExecuteDma is given. Each falsehood must show on QEMU's screen, and only where it
 * was told; told nothing, the picture must be right.
 *
 * The linker puts __wrap_VideoPortStartDma and __wrap_VideoPortCompleteDma in the miniport's way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "miniports/miniports.h"
#include "qemu/seed.h"
#include "qemu/stack.h"

#include <ntdef.h>
#include <guiddef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

enum {
    PAGE = 4096,
    WIDTH = 256, /* pixels; a page is 4 rows */
    HEIGHT = 128,
    PAGES = WIDTH * HEIGHT * 4 / PAGE,
    LENGTH = PAGES * PAGE,
    FIRST = 7, /* the elements that are falsified */
    SECOND = 20,
};

static struct stack stack;

/* ---- Between the miniport and the port --------------------------------------------------- */

typedef void falsehood(PVP_SCATTER_GATHER_LIST list);

static struct {
    falsehood *tell; /* NULL: the list stays as it is */
    PEXECUTE_DMA execute;
    PVOID context;
    unsigned elements;                      /* of the list as the port made it */
    VP_SCATTER_GATHER_ELEMENT truth[PAGES]; /* of the list that is out */
    VP_SCATTER_GATHER_ELEMENT last[PAGES];  /* of the one before */
} between;

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

static VOID NTAPI falsify(PVOID extension, PVP_DMA_ADAPTER adapter, PVP_SCATTER_GATHER_LIST list,
                          PVOID context)
{
    between.elements = list->NumberOfElements;
    memcpy(between.truth, list->Elements, between.elements * sizeof(between.truth[0]));
    if (between.tell)
        between.tell(list);
    between.execute(extension, adapter, list, between.context);
}

VP_STATUS NTAPI __wrap_VideoPortStartDma(PVOID extension, PVP_DMA_ADAPTER adapter, PVOID mdl,
                                         ULONG offset, PULONG length, PEXECUTE_DMA execute,
                                         PVOID context, BOOLEAN to_device)
{
    between.execute = execute;
    between.context = context;
    return __real_VideoPortStartDma(extension, adapter, mdl, offset, length, falsify, context,
                                    to_device);
}

/* The port gets back the list that it gave. */
VP_STATUS NTAPI __wrap_VideoPortCompleteDma(PVOID extension, PVP_DMA_ADAPTER adapter,
                                            PVP_SCATTER_GATHER_LIST list, BOOLEAN to_device)
{
    memcpy(list->Elements, between.truth, between.elements * sizeof(between.truth[0]));
    list->NumberOfElements = between.elements;
    memcpy(between.last, between.truth, sizeof(between.last));
    return __real_VideoPortCompleteDma(extension, adapter, list, to_device);
}

/* ---- Falsehoods -------------------------------------------------------------------------- */

static void swap_two(PVP_SCATTER_GATHER_LIST list)
{
    VP_SCATTER_GATHER_ELEMENT first = list->Elements[FIRST];

    list->Elements[FIRST] = list->Elements[SECOND];
    list->Elements[SECOND] = first;
}

static void withhold_one(PVP_SCATTER_GATHER_LIST list)
{
    memmove(&list->Elements[FIRST], &list->Elements[FIRST + 1],
            (PAGES - FIRST - 1) * sizeof(list->Elements[0]));
    list->NumberOfElements--;
}

static void withhold_the_last(PVP_SCATTER_GATHER_LIST list)
{
    list->NumberOfElements--;
}

static void repeat_the_last_list(PVP_SCATTER_GATHER_LIST list)
{
    memcpy(list->Elements, between.last, sizeof(between.last));
}

/* ---- Pictures ---------------------------------------------------------------------------- */

static uint8_t *make_picture(uint64_t seed)
{
    void *memory = NULL;
    uint8_t *pixels;

    assert_int_equal(stack.machine.bus->ops->memory_alloc(stack.machine.bus, LENGTH, &memory),
                     VPORT_OK);
    pixels = memory;
    for (size_t i = 0; i < LENGTH; i++)
        pixels[i] = i % 4 == 3 ? 0 : (uint8_t)test_random(&seed);
    return pixels;
}

static void drop_picture(uint8_t *pixels)
{
    assert_int_equal(stack.machine.bus->ops->memory_free(stack.machine.bus, pixels), VPORT_OK);
}

static void blit(uint8_t *pixels, falsehood *tell)
{
    between.tell = tell;
    assert_int_equal(stack_blit(&stack, true, 0, pixels, WIDTH, HEIGHT, NULL), 0);
    assert_int_equal(between.elements, PAGES); /* one operation, all pages apart */
}

/* What QEMU shows, WIDTH x HEIGHT; free it. */
static uint8_t *take_screen(void)
{
    struct vport_image image;
    uint8_t *shot = malloc(LENGTH);

    assert_non_null(shot);
    assert_int_equal(stack.machine.bus->ops->screenshot(stack.machine.bus, &image), VPORT_OK);
    assert_true(image.width >= WIDTH && image.height >= HEIGHT);
    for (size_t y = 0; y < HEIGHT; y++)
        memcpy(shot + y * WIDTH * 4, image.pixels + y * image.width, WIDTH * 4);
    free(image.pixels);
    return shot;
}

/* Page i of the screen is page from[i] of the picture; none is both true and false. */
static void assert_pages(const uint8_t *shot, const uint8_t *pixels, const unsigned from[PAGES])
{
    for (unsigned i = 0; i < PAGES; i++) {
        assert_memory_equal(shot + i * PAGE, pixels + from[i] * PAGE, PAGE);
        if (from[i] != i)
            assert_memory_not_equal(shot + i * PAGE, pixels + i * PAGE, PAGE);
    }
}

static void assert_shows(const uint8_t *pixels, bool shown)
{
    uint8_t *shot = take_screen();

    assert_int_equal(memcmp(shot, pixels, LENGTH) == 0, shown);
    free(shot);
}

static void start(void)
{
    struct vport_qemu_options options = {.device = VPORT_QEMU_VIRTIO_GPU,
                                         .layout = VPORT_QEMU_SCATTERED};

    memset(&between, 0, sizeof(between));
    stack_start(&stack, &options, vport_miniport_virtio_gpu_entry);
    assert_int_equal(stack_set_size(&stack, WIDTH, HEIGHT), 0);
}

static void end(uint8_t *pixels)
{
    blit(pixels, NULL); /* the stack is none the worse: the truth shows again */
    assert_shows(pixels, true);
    drop_picture(pixels);
    assert_int_equal(vport_space_locked(stack.machine.bus->space), 0);
    stack_end(&stack, 0);
}

/* ---- Tests ------------------------------------------------------------------------------- */

static void test_true_list_shows_the_picture(void **state)
{
    uint8_t *pixels;

    (void)state;
    start();
    pixels = make_picture(1);
    blit(pixels, NULL);
    assert_shows(pixels, true);
    end(pixels);
}

static void test_two_elements_swapped(void **state)
{
    unsigned from[PAGES], i;
    uint8_t *pixels, *shot;

    (void)state;
    start();
    pixels = make_picture(2);
    blit(pixels, swap_two);
    shot = take_screen();
    for (i = 0; i < PAGES; i++)
        from[i] = i == FIRST ? SECOND : i == SECOND ? FIRST : i;
    assert_pages(shot, pixels, from);
    free(shot);
    end(pixels);
}

/* Behind the page that is missing, every page is in the place of the one before it. */
static void test_one_page_withheld(void **state)
{
    uint8_t *pixels, *shot;

    (void)state;
    start();
    pixels = make_picture(3);
    blit(pixels, withhold_one);
    shot = take_screen();
    assert_memory_equal(shot, pixels, FIRST * PAGE);
    assert_memory_equal(shot + FIRST * PAGE, pixels + (FIRST + 1) * PAGE,
                        (PAGES - FIRST - 1) * PAGE);
    for (unsigned i = FIRST; i < PAGES; i++)
        assert_memory_not_equal(shot + i * PAGE, pixels + i * PAGE, PAGE);
    free(shot);
    end(pixels);
}

static void test_last_page_withheld(void **state)
{
    uint8_t *pixels, *shot;

    (void)state;
    start();
    pixels = make_picture(4);
    blit(pixels, withhold_the_last);
    shot = take_screen();
    assert_memory_equal(shot, pixels, (PAGES - 1) * PAGE);
    assert_memory_not_equal(shot + (PAGES - 1) * PAGE, pixels + (PAGES - 1) * PAGE, PAGE);
    free(shot);
    end(pixels);
}

static void test_stale_list_shows_the_picture_before(void **state)
{
    uint8_t *before, *pixels;

    (void)state;
    start();
    before = make_picture(5);
    pixels = make_picture(6);
    blit(before, NULL);
    blit(pixels, repeat_the_last_list);
    assert_shows(pixels, false);
    assert_shows(before, true);
    drop_picture(before);
    end(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_list_shows_the_picture),
        cmocka_unit_test(test_two_elements_swapped),
        cmocka_unit_test(test_one_page_withheld),
        cmocka_unit_test(test_last_page_withheld),
        cmocka_unit_test(test_stale_list_shows_the_picture_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
