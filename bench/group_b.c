/* SPDX-License-Identifier: MIT */
/*
 * B: transfers through map registers, against memcpy of the same bytes between areas of the same
 * size. Warm: always the same bytes, all of a buffer. Cold: each transfer takes the next window of
 * half a GiB, more than any cache here. And: how the number of registers matters.
 */
#include <stdio.h>
#include <string.h>

#include "groups.h"
#include "limits.h"
#include "transfer.h"

enum { PAGE = VPORT_BENCH_PAGE };

#define COLD_SPAN  ((uint64_t)512 << 20)
#define QUICK_SPAN ((uint64_t)128 << 20)

/* ---- References ------------------------------------------------------------------------- */

/* Copies between the windows of a walked area and one fixed area of the same size. */
struct copy {
    char *walked, *fixed;
    uint64_t length, span;
    bool to_fixed;
    uint64_t next, sum;
};

static char *copy_window(struct copy *copy)
{
    char *window = copy->walked + copy->next;

    copy->next += copy->length;
    if (copy->next >= copy->span)
        copy->next = 0;
    return window;
}

static void run_copy(void *context, uint64_t repetitions)
{
    struct copy *copy = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        char *window = copy_window(copy);

        if (copy->to_fixed)
            memcpy(copy->fixed, window, copy->length);
        else
            memcpy(window, copy->fixed, copy->length);
        __asm__ volatile("" ::"r"(window) : "memory");
    }
}

static void run_read(void *context, uint64_t repetitions)
{
    struct copy *copy = context;

    for (uint64_t i = 0; i < repetitions; i++)
        copy->sum += vport_bench_limit_forms()[0]->read((const uint64_t *)copy_window(copy),
                                                        copy->length / sizeof(uint64_t));
}

/* ---- Cases ------------------------------------------------------------------------------ */

struct areas {
    char *walked, *fixed;
    struct vport_bench_port *port;
    uint64_t span;
};

static void add_copy(struct vport_bench_suite *suite, const struct areas *areas, uint64_t size,
                     uint64_t span, bool to_device, const char *name)
{
    struct copy *copy = vport_bench_take(suite, sizeof(*copy));
    struct vport_bench_case which = {
        .unit = "byte", .units = (double)size, .x = (double)size, .run = run_copy, .context = copy};

    if (!copy)
        return;
    *copy = (struct copy){.walked = areas->walked,
                          .fixed = areas->fixed,
                          .length = size,
                          .span = span,
                          .to_fixed = to_device};
    if (to_device && span > size)
        which.series = "memcpy, cold";
    else if (to_device)
        which.series = "memcpy, warm";
    vport_bench_add(suite, &which, "%s", name);
}

static void add_bounce(struct vport_bench_suite *suite, const struct areas *areas, uint64_t size,
                       uint64_t span, bool to_device, const char *reference, const char *name)
{
    struct vport_bench_transfer model = {
        .port = areas->port, .length = size, .span = span, .to_device = to_device, .depth = 1};
    struct vport_bench_case which = {.unit = "byte",
                                     .units = (double)size,
                                     .x = (double)size,
                                     .run = vport_bench_transfer_run,
                                     .check = vport_bench_transfer_check,
                                     .context = vport_bench_transfer_take(suite, &model)};

    snprintf(which.reference, sizeof(which.reference), "%s", reference);
    which.series = span > size ? (to_device ? "to device, cold" : "from device, cold")
                               : (to_device ? "to device, warm" : "from device, warm");
    vport_bench_add(suite, &which, "%s", name);
}

static void add_pair(struct vport_bench_suite *suite, const struct areas *areas, uint64_t size,
                     uint64_t span, bool to_device)
{
    const char *temperature = span > size ? "cold" : "warm";
    const char *direction = to_device ? "to" : "from";
    char reference[VPORT_BENCH_NAME], name[VPORT_BENCH_NAME];

    snprintf(reference, sizeof(reference), "%s %s, memcpy %s", vport_bench_size(size), temperature,
             direction);
    snprintf(name, sizeof(name), "%s %s, %s device", vport_bench_size(size), temperature,
             direction);
    add_copy(suite, areas, size, span, to_device, reference);
    add_bounce(suite, areas, size, span, to_device, reference, name);
}

/* The buffer is the second region of frames=contiguous, out of a 32-bit device's reach. */
static struct vport_bench_port *take_port(struct vport_bench_suite *suite, unsigned registers,
                                          uint64_t span)
{
    char adapter[96];
    struct vport_bench_port *port;

    snprintf(adapter, sizeof(adapter), "sim:mode=threaded,frames=contiguous,map-registers=%u",
             registers);
    port = vport_bench_take_port(suite, &(struct vport_bench_port_config){.adapter = adapter,
                                                                          .max_length = 1 << 30,
                                                                          .reach32 = true,
                                                                          .memory = span,
                                                                          .skip_regions = 1});
    if (port)
        memset(port->memory, 1, span);
    return port;
}

static void add_sizes(struct vport_bench_suite *suite, const struct areas *areas)
{
    static const uint64_t warm[] = {4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20};
    static const uint64_t cold[] = {64 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20};

    struct areas small = *areas;

    for (size_t i = 0; i < sizeof(warm) / sizeof(warm[0]); i++) {
        small.port = take_port(suite, 256, warm[i]);
        for (unsigned direction = 0; direction < 2 && !suite->failed; direction++)
            add_pair(suite, &small, warm[i], warm[i], direction);
    }
    for (unsigned direction = 0; direction < 2; direction++)
        for (size_t i = 0; i < sizeof(cold) / sizeof(cold[0]); i++)
            if (cold[i] <= areas->span / 2)
                add_pair(suite, areas, cold[i], areas->span, direction);
}

static void add_read(struct vport_bench_suite *suite, const struct areas *areas)
{
    struct copy *copy = vport_bench_take(suite, sizeof(*copy));
    struct vport_bench_case which = {
        .unit = "byte", .units = 16 << 20, .run = run_read, .context = copy};

    if (!copy)
        return;
    *copy = (struct copy){.walked = areas->walked, .length = 16 << 20, .span = areas->span};
    vport_bench_add(suite, &which, "read, cold");
}

static void add_registers(struct vport_bench_suite *suite, const struct areas *areas)
{
    static const unsigned registers[] = {16, 64, 256, 1024, 4096, 16384};
    struct areas other = *areas;
    uint64_t size = areas->span / 8;
    char reference[VPORT_BENCH_NAME];

    snprintf(reference, sizeof(reference), "%s cold, memcpy to", vport_bench_size(size));
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        other.span = areas->span / 2;
        other.port = take_port(suite, registers[i], other.span);
        for (unsigned direction = 0; direction < 2; direction++) {
            char name[VPORT_BENCH_NAME];

            snprintf(name, sizeof(name), "%u registers, %s device", registers[i],
                     direction ? "to" : "from");
            add_bounce(suite, &other, size, other.span, direction, reference, name);
            if (!suite->failed) {
                suite->cases[suite->count - 1].series =
                    direction ? "registers, to device" : "registers, from device";
                suite->cases[suite->count - 1].x = registers[i];
            }
        }
    }
}

static bool open_group(struct vport_bench_suite *suite)
{
    uint64_t span = suite->options->quick ? QUICK_SPAN : COLD_SPAN;
    struct areas areas = {.walked = vport_bench_take_memory(suite, span),
                          .fixed = vport_bench_take_memory(suite, span / 2),
                          .port = take_port(suite, 256, span),
                          .span = span};

    if (!areas.walked || !areas.fixed || !areas.port)
        return false;
    add_read(suite, &areas);
    add_sizes(suite, &areas);
    add_registers(suite, &areas);
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_b = {
    .id = "B",
    .title = "transfers through map registers against memcpy of the same bytes",
    .open = open_group};
