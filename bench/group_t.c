/* SPDX-License-Identifier: MIT */
/*
 * T: two threads against one. A case with two does as many repetitions as the case with one, shared
 * between them, so that its ratio as a speed is how much two threads are worth. The control is
 * memcpy: a computer whose two processors are busy with something else shows less than 2 there, and
 * then says nothing about anything else.
 */
#include <string.h>

#include "groups.h"
#include "helper.h"
#include "transfer.h"

enum { PAGE = VPORT_BENCH_PAGE };

/* What one thread does. */
typedef void vport_bench_work(void *context, uint64_t repetitions);

/* ---- Cases ------------------------------------------------------------------------------ */

struct pair {
    struct vport_bench_helper *helper;
    vport_bench_work *work;
    void *context[2];
};

static void prepare_pair(void *context)
{
    struct pair *pair = context;

    vport_bench_helper_call(pair->helper, pair->work, pair->context[1]);
}

/* Half each. */
static void run_pair(void *context, uint64_t repetitions)
{
    struct pair *pair = context;

    vport_bench_helper_go(pair->helper, repetitions / 2);
    pair->work(pair->context[0], repetitions - repetitions / 2);
    vport_bench_helper_join(pair->helper);
}

static void add_pair(struct vport_bench_suite *suite, struct vport_bench_helper *helper,
                     const char *name, vport_bench_work *work, void *first, void *second)
{
    struct pair *pair = vport_bench_take(suite, sizeof(*pair));
    struct vport_bench_case which = {.unit = "transfer",
                                     .units = 1,
                                     .wall = true,
                                     .run = work,
                                     .context = first,
                                     .series = name,
                                     .x = 1};

    if (!pair || !first || !second || !helper)
        return;
    *pair = (struct pair){helper, work, {first, second}};
    vport_bench_add(suite, &which, "%s, 1 thread", name);
    if (suite->failed)
        return;
    strcpy(which.reference, suite->cases[suite->count - 1].name);
    which.rate = true;
    which.prepare = prepare_pair;
    which.run = run_pair;
    which.context = pair;
    which.x = 2;
    vport_bench_add(suite, &which, "%s, 2 threads", name);
}

static void work_copy(void *context, uint64_t repetitions)
{
    char *memory = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        memcpy(memory + PAGE, memory, PAGE);
        __asm__ volatile("" ::"r"(memory) : "memory");
    }
}

static struct vport_bench_port *take_port(struct vport_bench_suite *suite, bool bounces)
{
    struct vport_bench_port *port = vport_bench_take_port(
        suite, &(struct vport_bench_port_config){
                   .adapter = bounces ? "sim:mode=threaded,frames=contiguous,map-registers=256"
                                      : "sim:mode=threaded,frames=scattered",
                   .max_length = 256 * PAGE,
                   .reach32 = bounces,
                   .memory = 256 * PAGE,
                   .skip_regions = bounces});

    if (port)
        memset(port->memory, 1, 256 * PAGE);
    return port;
}

static void *take_transfer(struct vport_bench_suite *suite, struct vport_bench_port *port)
{
    return vport_bench_transfer_take(
        suite, &(struct vport_bench_transfer){
                   .port = port, .length = PAGE, .span = PAGE, .to_device = true, .depth = 1});
}

/* A second lock on the second half of the same port's memory: an MDL of the thread's own. */

struct view {
    struct vport_bench_port *port;
    const struct vport_bench_port *of;
};

static void lock_body(void *context)
{
    struct view *view = context;

    view->port->mdl = VideoPortLockBuffer(view->of->extension, view->of->memory + 128 * PAGE,
                                          128 * PAGE, VpModifyAccess);
}

static void unlock_body(void *context)
{
    struct vport_bench_port *port = context;

    VideoPortUnlockBuffer(port->extension, port->mdl);
}

static void view_end(void *context)
{
    struct vport_bench_port *port = context;

    vport_bench_port_call(port, unlock_body, port);
}

static struct vport_bench_port *second_view(struct vport_bench_suite *suite,
                                            const struct vport_bench_port *port)
{
    struct vport_bench_port *view = vport_bench_take(suite, sizeof(*view));

    if (!view || !port)
        return NULL;
    *view = *port;
    vport_bench_port_call(view, lock_body, &(struct view){view, port});
    if (!view->mdl) {
        vport_bench_fail(suite, "no second lock");
        return NULL;
    }
    return vport_bench_defer(suite, view_end, view) ? view : NULL;
}

static bool open_group(struct vport_bench_suite *suite)
{
    struct vport_bench_helper *helper = vport_bench_helper_take(suite);
    char *first = vport_bench_take(suite, 2 * PAGE), *second = vport_bench_take(suite, 2 * PAGE);
    struct vport_bench_port *own[2] = {take_port(suite, false), take_port(suite, false)};
    struct vport_bench_port *shared = take_port(suite, false), *pool = take_port(suite, true);
    struct vport_bench_port *bounce[2] = {take_port(suite, true), take_port(suite, true)};

    if (suite->failed)
        return false;
    add_pair(suite, helper, "memcpy 4 KiB", work_copy, first, second);
    add_pair(suite, helper, "1 page, own devices", vport_bench_transfer_run,
             take_transfer(suite, own[0]), take_transfer(suite, own[1]));
    add_pair(suite, helper, "1 page, shared adapter", vport_bench_transfer_run,
             take_transfer(suite, shared), take_transfer(suite, second_view(suite, shared)));
    add_pair(suite, helper, "bounce, own adapters", vport_bench_transfer_run,
             take_transfer(suite, bounce[0]), take_transfer(suite, bounce[1]));
    add_pair(suite, helper, "bounce, shared registers", vport_bench_transfer_run,
             take_transfer(suite, pool), take_transfer(suite, second_view(suite, pool)));
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_t = {
    .id = "T", .title = "two threads against one", .open = open_group};
