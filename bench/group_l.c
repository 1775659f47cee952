/* SPDX-License-Identifier: MIT */
/*
 * L: what a page costs in a long list, for each layout of page frames, as Start + Execute +
 * Complete. Beside it, on frame arrays of the same size and walked in the same windows: counting
 * the runs, reading 8 bytes while writing 24, and DPDK's translation of every page.
 */
#include <stdio.h>
#include <string.h>

#include "dpdk.h"
#include "groups.h"
#include "limits.h"
#include "transfer.h"
#include "dma/segment.h"

enum { PAGE = VPORT_BENCH_PAGE };

static const uint64_t sizes[] = {64 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]), FORMS_SIZE = 16 << 20 };

/* ---- Limits ----------------------------------------------------------------------------- */

struct frames {
    uint64_t *number;
    uint64_t *elements; /* 3 words a page of the largest window */
    size_t count;
};

/* A limit loop over the windows of the frame array. */
struct loop {
    const struct vport_bench_limit_form *form;
    struct frames *frames;
    size_t pages; /* of a window */
    size_t next;
    size_t runs;
};

static const uint64_t *loop_window(struct loop *loop)
{
    const uint64_t *window = loop->frames->number + loop->next;

    loop->next += loop->pages;
    if (loop->next >= loop->frames->count)
        loop->next = 0;
    return window;
}

static void run_count(void *context, uint64_t repetitions)
{
    struct loop *loop = context;

    for (uint64_t i = 0; i < repetitions; i++)
        loop->runs += loop->form->count_runs(loop_window(loop), loop->pages);
}

static void run_read_write(void *context, uint64_t repetitions)
{
    struct loop *loop = context;

    for (uint64_t i = 0; i < repetitions; i++)
        loop->form->read_write(loop_window(loop), loop->pages, loop->frames->elements);
}

/* Every third frame follows the one before it. */
static bool check_count(void *context)
{
    struct loop *loop = context;

    return loop->form->count_runs(loop->frames->number, loop->pages) ==
           loop->pages - (loop->pages + 1) / 3;
}

static bool check_read_write(void *context)
{
    struct loop *loop = context;
    const uint64_t *element = loop->frames->elements;

    loop->form->read_write(loop->frames->number, loop->pages, loop->frames->elements);
    for (size_t i = 0; i < loop->pages; i++, element += 3)
        if (element[0] != loop->frames->number[i] << 12 || element[1] != PAGE || element[2] != 0)
            return false;
    return true;
}

static struct frames *take_frames(struct vport_bench_suite *suite, uint64_t bytes)
{
    struct frames *frames = vport_bench_take(suite, sizeof(*frames));
    size_t count = bytes / PAGE;

    if (!frames)
        return NULL;
    frames->count = count;
    frames->number = vport_bench_take_memory(suite, count * sizeof(uint64_t));
    frames->elements = vport_bench_take_memory(suite, count * 3 * sizeof(uint64_t));
    if (!frames->number || !frames->elements)
        return NULL;
    for (size_t i = 0; i < count; i++)
        frames->number[i] = i % 3 == 1 ? frames->number[i - 1] + 1 : (i * 7919 & 0xfffff) | 1 << 20;
    return frames;
}

static void add_limits(struct vport_bench_suite *suite, struct frames *frames,
                       const struct vport_bench_limit_form *form, uint64_t size, bool best)
{
    struct loop *count = vport_bench_take(suite, sizeof(*count)),
                *copy = vport_bench_take(suite, sizeof(*copy));
    struct vport_bench_case model = {
        .unit = "page", .units = (double)(size / PAGE), .x = (double)(size / PAGE)};

    if (!count || !copy)
        return;
    *count = *copy = (struct loop){.form = form, .frames = frames, .pages = size / PAGE};
    model.context = count;
    model.run = run_count;
    model.check = check_count;
    model.series = best ? "limit: count runs" : NULL;
    vport_bench_add(suite, &model, best ? "%s count runs" : "%s count runs, %s",
                    vport_bench_size(size), form->name);
    model.context = copy;
    model.run = run_read_write;
    model.check = check_read_write;
    model.series = best ? "limit: read 8, write 24" : NULL;
    vport_bench_add(suite, &model, best ? "%s read and write" : "%s read and write, %s",
                    vport_bench_size(size), form->name);
}

static void add_all_limits(struct vport_bench_suite *suite, unsigned used)
{
    const struct vport_bench_limit_form *const *form = vport_bench_limit_forms();
    struct frames *frames = take_frames(suite, sizes[used - 1]);

    for (unsigned i = 0; frames && i < used; i++)
        add_limits(suite, frames, form[0], sizes[i], true);
    /* What the other instruction sets would do, at one size. */
    while (frames && *++form)
        add_limits(suite, frames, *form, FORMS_SIZE, false);
}

/* ---- Lists ------------------------------------------------------------------------------ */

/* Returns the port, NULL if there is none. */
static struct vport_bench_port *add_lists(struct vport_bench_suite *suite, const char *layout,
                                          const char *limit, unsigned used)
{
    char adapter[64];
    struct vport_bench_port_config config = {
        .adapter = adapter, .max_length = (uint32_t)sizes[used - 1], .memory = sizes[used - 1]};
    struct vport_bench_transfer model = {.span = sizes[used - 1], .to_device = true, .depth = 1};

    snprintf(adapter, sizeof(adapter), "sim:mode=threaded,frames=%s", layout);
    model.port = vport_bench_take_port(suite, &config);
    for (unsigned i = 0; i < used && !suite->failed; i++) {
        struct vport_bench_case which = {.unit = "page",
                                         .units = (double)(sizes[i] / PAGE),
                                         .x = (double)(sizes[i] / PAGE),
                                         .series = layout,
                                         .run = vport_bench_transfer_run,
                                         .check = vport_bench_transfer_check};

        model.length = sizes[i];
        which.context = vport_bench_transfer_take(suite, &model);
        snprintf(which.reference, sizeof(which.reference), "%s %s", vport_bench_size(sizes[i]),
                 limit);
        vport_bench_add(suite, &which, "%s %s", vport_bench_size(sizes[i]), layout);
    }
    return model.port;
}

/* ---- The instruction sets that this processor has but does not use ------------------------- */

struct formed {
    const char *form;
    struct vport_bench_transfer *transfer;
};

static void run_formed(void *context, uint64_t repetitions)
{
    struct formed *formed = context;

    vport_segment_choose(formed->form);
    vport_bench_transfer_run(formed->transfer, repetitions);
    vport_segment_choose(vport_segment_forms()[0]);
}

static bool check_formed(void *context)
{
    struct formed *formed = context;
    bool right;

    vport_segment_choose(formed->form);
    right = vport_bench_transfer_check(formed->transfer);
    vport_segment_choose(vport_segment_forms()[0]);
    return right;
}

/* One length of the layout, in all forms but the best. */
static void add_forms(struct vport_bench_suite *suite, struct vport_bench_port *port,
                      const char *layout, const char *limit)
{
    struct vport_bench_transfer model = {
        .port = port, .length = FORMS_SIZE, .span = port->length, .to_device = true, .depth = 1};
    struct vport_bench_case which = {.unit = "page",
                                     .units = (double)(FORMS_SIZE / PAGE),
                                     .run = run_formed,
                                     .check = check_formed};

    for (const char *const *form = vport_segment_forms() + 1; *form && !suite->failed; form++) {
        struct formed *formed = vport_bench_take(suite, sizeof(*formed));

        if (!formed)
            return;
        *formed = (struct formed){*form, vport_bench_transfer_take(suite, &model)};
        which.context = formed;
        snprintf(which.reference, sizeof(which.reference), "%s %s, %s",
                 vport_bench_size(FORMS_SIZE), limit, *form);
        vport_bench_add(suite, &which, "%s %s, %s", vport_bench_size(FORMS_SIZE), layout, *form);
    }
}

static bool open_group(struct vport_bench_suite *suite)
{
    static const struct {
        const char *layout, *limit;
    } layouts[] = {
        {"contiguous", "count runs"}, {"scattered", "read and write"}, {"mixed", "read and write"}};
    unsigned used = suite->options->quick ? SIZES - 1 : SIZES;
    struct vport_bench_port *port = NULL;

    add_all_limits(suite, used);
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]) && !suite->failed; i++) {
        port = add_lists(suite, layouts[i].layout, layouts[i].limit, used);
        if (port)
            add_forms(suite, port, layouts[i].layout, layouts[i].limit);
    }
    if (port)
        vport_bench_add_dpdk(suite, &(struct vport_bench_dpdk_cases){.memory = port->memory,
                                                                     .span = port->length,
                                                                     .lengths = sizes,
                                                                     .count = used,
                                                                     .name = vport_bench_size,
                                                                     .beside = " mixed"});
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_l = {
    .id = "L",
    .title = "cost of a page in a list (Start + Execute + Complete)",
    .open = open_group};
