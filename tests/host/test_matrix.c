/* SPDX-License-Identifier: MIT */
/*
 * Every combination of what the simulated adapter can be told: the picture arrives identical in
 * both directions, with as many operations, elements, bounced bytes and waits as an arithmetic of
 * this file's own predicts from docs/contract.md and from where the pages lie.
 *
 * VPORT_SEED chooses pixels and layouts; VPORT_STRIDE=n tries every n-th combination only
 * (sanitizers are slow).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ntddk.h>
#include <dderror.h>
#include <ntddvdeo.h>
#include <video.h>

#include <videoport/host.h>

#include "base/arith.h"
#include "host/blit.h"

enum {
    WIDTH = 61,
    HEIGHT = 47,
    BYTES = WIDTH * HEIGHT * 4,
    SKEW = 4093, /* the buffer begins so far into a page: three bytes in the first, an uneven rest
                    in the last */
    PAGES = (SKEW + BYTES + 4095) / 4096,
    GUARD = 64,             /* bytes on both sides that nobody may change */
    DRIVER_MOST = 0x1000000 /* what the miniport asks for if the device has no limit of its own */
};

struct combination {
    bool sg, coherent, queue, threaded;
    unsigned reach; /* address bits */
    uint32_t max_length;
    uint32_t registers;
    const char *frames;
    const char *memory;
};

static const unsigned reaches[] = {24, 28, 32, 64};
static const uint32_t max_lengths[] = {0, 1000, 4096, 10000};
static const uint32_t register_counts[] = {1, 2, 16, 256};
static const char *const layouts[] = {"contiguous", "scattered", "mixed"};
static const char *const memories[] = {"32M",
                                       "8G"}; /* half within 24 bits' reach; half above 4 GiB */

enum {
    COMBINATIONS = 2 * 2 * 2 * 2 * VPORT_ARRAY_SIZE(reaches) * VPORT_ARRAY_SIZE(max_lengths) *
                   VPORT_ARRAY_SIZE(register_counts) * VPORT_ARRAY_SIZE(layouts) *
                   VPORT_ARRAY_SIZE(memories)
};

/* Takes the lowest digit off a number whose digits have different bases. */
static unsigned digit(unsigned *number, size_t base)
{
    unsigned value = *number % (unsigned)base;

    *number /= (unsigned)base;
    return value;
}

static struct combination combination_of(unsigned number)
{
    struct combination c;

    c.sg = digit(&number, 2);
    c.coherent = digit(&number, 2);
    c.queue = digit(&number, 2);
    c.threaded = digit(&number, 2);
    c.reach = reaches[digit(&number, VPORT_ARRAY_SIZE(reaches))];
    c.max_length = max_lengths[digit(&number, VPORT_ARRAY_SIZE(max_lengths))];
    c.registers = register_counts[digit(&number, VPORT_ARRAY_SIZE(register_counts))];
    c.frames = layouts[digit(&number, VPORT_ARRAY_SIZE(layouts))];
    c.memory = memories[digit(&number, VPORT_ARRAY_SIZE(memories))];
    return c;
}

static const char *spec_of(const struct combination *c)
{
    static char spec[256];
    char max_length[16] = "none";

    if (c->max_length)
        snprintf(max_length, sizeof(max_length), "%u", c->max_length);
    snprintf(spec, sizeof(spec),
             "sim:sg=%s,reach=%u,max-length=%s,map-registers=%u,frames=%s,memory=%s,coherent=%s,"
             "queue=%s,mode=%s,"
             "video-memory=1M",
             c->sg ? "on" : "off", c->reach, max_length, c->registers, c->frames, c->memory,
             c->coherent ? "on" : "off", c->queue ? "on" : "off",
             c->threaded ? "threaded" : "deterministic");
    return spec;
}

/* ---- The prediction ---- */

struct prediction {
    uint64_t operations, elements, bounced, queued;
};

static uint32_t granted(const struct combination *c)
{
    uint32_t length = c->max_length ? c->max_length : DRIVER_MOST;
    uint32_t wanted = (length + 4095) / 4096 + 1; /* GA-12 */

    return wanted < c->registers ? wanted : c->registers;
}

/* SD-17, SD-A12, SD-A16: bytes of the operation that begins `at` bytes behind the first page's
 * start. */
static uint32_t operation_length(const struct combination *c, uint32_t at, uint32_t left)
{
    uint32_t in_page = at % 4096;
    uint32_t most = granted(c) * 4096 - in_page;

    if (c->max_length && c->max_length < most && c->max_length < left) {
        uint32_t whole_pages = (in_page + c->max_length) / 4096 * 4096;
        most = whole_pages > in_page ? whole_pages - in_page : c->max_length;
    }
    return most < left ? most : left;
}

/*
 * A description says 24, 32 or 64 bits; a device with 28 is described as the next lower. With
 * scatter/gather on PCI the system takes 24 for 32 (GA-10), and then only the platform knows of the
 * 28, or the 24, lines that there are.
 */
static unsigned address_bits(const struct combination *c)
{
    return c->reach == 28 && !c->sg ? 24 : c->reach;
}

static bool in_reach(const struct combination *c, PFN_NUMBER frame)
{
    return c->reach == 64 || ((uint64_t)frame * 4096 + 4095) >> address_bits(c) == 0;
}

/*
 * May page `i` + 1 lie in the same element as page `i`? Registers of one operation are neighbours.
 */
static bool joins(const struct combination *c, const PFN_NUMBER *frames, uint32_t i)
{
    bool here = in_reach(c, frames[i]), there = in_reach(c, frames[i + 1]);

    if (!here && !there)
        return true;
    return here && there && frames[i + 1] == frames[i] + 1 &&
           frames[i + 1] % (1 << 20) != 0; /* SG-A1: 4 GiB */
}

/* One operation over [at, at + length), where 0 is the start of the first page. */
static void predict_operation(const struct combination *c, const PFN_NUMBER *frames, uint32_t at,
                              uint32_t length, struct prediction *prediction)
{
    uint32_t first = at / 4096, last = (at + length - 1) / 4096;
    uint64_t elements = 1, bounced = 0;

    for (uint32_t i = first; i <= last; i++) {
        uint32_t begin = i == first ? at : i * 4096;
        uint32_t end = i == last ? at + length : (i + 1) * 4096;

        bounced += in_reach(c, frames[i]) ? 0 : end - begin;
        elements += i < last && !joins(c, frames, i);
    }
    if (!c->sg && (bounced || elements > 1)) { /* MR-4: all of it, through one range of registers */
        bounced = length;
        elements = 1;
    }
    prediction->operations++;
    prediction->elements += elements;
    prediction->bounced += bounced;
    prediction->queued += c->queue;
}

static struct prediction predict(const struct combination *c, const PFN_NUMBER *frames)
{
    struct prediction prediction = {0};

    for (uint32_t done = 0; done < BYTES;) {
        uint32_t length = operation_length(c, SKEW + done, BYTES - done);

        predict_operation(c, frames, SKEW + done, length, &prediction);
        done += length;
    }
    return prediction;
}

/* ---- One machine ---- */

/* A buffer of the machine's user memory, kept locked so that its frames stay what they are. */
struct buffer {
    struct vport_machine *machine;
    uint8_t *block; /* page aligned */
    uint8_t *pixels;
    PMDL mdl;
    PFN_NUMBER frames[PAGES];
};

static void lock_call(void *context)
{
    struct buffer *buffer = context;
    void *extension = vport_machine_extension(buffer->machine);

    buffer->mdl = VideoPortLockBuffer(extension, buffer->pixels, BYTES, VpModifyAccess);
    if (buffer->mdl)
        memcpy(buffer->frames, MmGetMdlPfnArray(buffer->mdl), sizeof(buffer->frames));
}

static void unlock_call(void *context)
{
    struct buffer *buffer = context;

    VideoPortUnlockBuffer(vport_machine_extension(buffer->machine), buffer->mdl);
}

static void buffer_take(struct vport_machine *machine, struct buffer *buffer)
{
    void *block;

    assert_int_equal(vport_machine_alloc(machine, (PAGES + 1) * 4096, &block), VPORT_OK);
    *buffer =
        (struct buffer){.machine = machine, .block = block, .pixels = (uint8_t *)block + SKEW};
    vport_machine_call(machine, lock_call, buffer);
    assert_non_null(buffer->mdl);
}

static void buffer_drop(struct buffer *buffer)
{
    vport_machine_call(buffer->machine, unlock_call, buffer);
    assert_int_equal(vport_machine_free(buffer->machine, buffer->block), VPORT_OK);
}

static void expect(const char *spec, const char *what, uint64_t actual, uint64_t predicted)
{
    if (actual != predicted)
        fail_msg("%s: %s: %llu, predicted %llu", spec, what, (unsigned long long)actual,
                 (unsigned long long)predicted);
}

static void expect_direction(const char *spec, const char *direction, const uint64_t *counts,
                             const struct prediction *prediction)
{
    static const char *const names[] = {"requests", "operations",    "elements",
                                        "bytes",    "bounced bytes", "queued"};
    uint64_t predicted[] = {1,     prediction->operations, prediction->elements,
                            BYTES, prediction->bounced,    prediction->queued};
    char what[64];

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(names); i++) {
        snprintf(what, sizeof(what), "%s %s", names[i], direction);
        expect(spec, what, counts[i], predicted[i]);
    }
}

static uint8_t random_byte(void)
{
    return (uint8_t)(rand() >> 7);
}

static void write_and_look(const char *spec, struct vport_machine *machine, struct buffer *source)
{
    struct vport_image image;
    char error[VPORT_ERROR_TEXT] = "";

    for (uint32_t i = 0; i < BYTES; i++)
        source->pixels[i] = i % 4 == 3 ? 0 : random_byte();
    if (vport_blit_set_mode(machine, WIDTH, HEIGHT, error) != VPORT_OK ||
        vport_blit_write(machine, source->pixels, WIDTH, HEIGHT, error) != VPORT_OK)
        fail_msg("%s: %s", spec, error);
    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_OK);
    expect(spec, "width shown", image.width, WIDTH);
    expect(spec, "height shown", image.height, HEIGHT);
    expect(spec, "picture shown differs", memcmp(image.pixels, source->pixels, BYTES) != 0, false);
    free(image.pixels);
}

/* The bytes before and behind the picture are the user's (CD-10). */
static void read_and_compare(const char *spec, struct vport_machine *machine,
                             const struct buffer *source, struct buffer *back)
{
    char error[VPORT_ERROR_TEXT] = "";

    memset(back->pixels - GUARD, 0xa5, BYTES + 2 * GUARD);
    if (vport_blit_read(machine, back->pixels, WIDTH, HEIGHT, error) != VPORT_OK)
        fail_msg("%s: %s", spec, error);
    expect(spec, "picture returned differs", memcmp(back->pixels, source->pixels, BYTES) != 0,
           false);
    for (int i = 1; i <= GUARD; i++) {
        expect(spec, "byte before the buffer", back->pixels[-i], 0xa5);
        expect(spec, "byte behind the buffer", back->pixels[BYTES + i - 1], 0xa5);
    }
}

/* How many combinations met a case; the matrix proves nothing about what it never meets. */
static struct {
    unsigned direct, bounced, partly_bounced, one_element, many_elements, one_operation,
        many_operations;
} met;

static void note_met(const struct prediction *prediction)
{
    met.direct += prediction->bounced == 0;
    met.bounced += prediction->bounced == BYTES;
    met.partly_bounced += prediction->bounced > 0 && prediction->bounced < BYTES;
    met.one_element += prediction->elements == prediction->operations;
    met.many_elements += prediction->elements > prediction->operations;
    met.one_operation += prediction->operations == 1;
    met.many_operations += prediction->operations > 1;
}

static void try_combination(const struct combination *c, uint64_t seed)
{
    const char *spec = spec_of(c);
    struct vport_machine_config config = {.adapter = spec, .seed = seed};
    struct vport_machine_statistics statistics;
    struct vport_machine *machine;
    struct prediction to_device, from_device;
    struct buffer source, back;
    char error[VPORT_ERROR_TEXT] = "";

    if (vport_machine_create(&config, &machine, error) != VPORT_OK ||
        vport_machine_start(machine, NULL, error) != VPORT_OK)
        fail_msg("%s: %s", spec, error);
    buffer_take(machine, &source);
    buffer_take(machine, &back);
    to_device = predict(c, source.frames);
    from_device = predict(c, back.frames);
    write_and_look(spec, machine, &source);
    read_and_compare(spec, machine, &source, &back);
    vport_machine_statistics(machine, &statistics);
    note_met(&to_device);
    note_met(&from_device);
    expect_direction(spec, "to device", &statistics.to_device.requests, &to_device);
    expect_direction(spec, "from device", &statistics.from_device.requests, &from_device);
    expect(spec, "map registers granted", statistics.map_registers, granted(c));
    expect(spec, "more registers in use than granted",
           statistics.map_registers_high_water > granted(c), false);
    buffer_drop(&source);
    buffer_drop(&back);
    vport_machine_stop(machine);
    expect(spec, "reports", vport_reports_count(vport_machine_reports(machine), NULL), 0);
    vport_machine_destroy(machine);
}

static unsigned number_from(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);

    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void every_combination_moves_the_picture_as_predicted(void **state)
{
    unsigned seed = number_from("VPORT_SEED", 1);
    unsigned stride = number_from("VPORT_STRIDE", 1);

    printf("VPORT_SEED=%u VPORT_STRIDE=%u of %u combinations\n", seed, stride,
           (unsigned)COMBINATIONS);
    srand(seed);
    for (unsigned number = seed % stride; number < COMBINATIONS; number += stride) {
        struct combination c = combination_of(number);
        try_combination(&c, seed + number);
    }
    printf("met: direct %u, bounced %u, partly %u; elements one %u, many %u; operations one %u, "
           "many %u\n",
           met.direct, met.bounced, met.partly_bounced, met.one_element, met.many_elements,
           met.one_operation, met.many_operations);
    assert_true(met.direct && met.bounced && met.partly_bounced && met.one_element &&
                met.many_elements && met.one_operation && met.many_operations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_moves_the_picture_as_predicted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
