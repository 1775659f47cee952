/* SPDX-License-Identifier: MIT */
/*
 * Q: an operation that has to wait for map registers against one that finds them free. Registers
 * for one transfer; while it is under way the next is started, waits, and goes ahead when the first
 * is completed.
 */
#include <string.h>

#include "groups.h"
#include "transfer.h"

enum { PAGE = VPORT_BENCH_PAGE };

struct queue {
    struct vport_bench_port *port;
    uint32_t length;
    uint64_t repetitions, failures;
};

static bool start(struct queue *queue, PVP_SCATTER_GATHER_LIST *list)
{
    uint32_t length = queue->length;

    *list = NULL;
    return vport_bench_start(queue->port, 0, &length, true, list) && length == queue->length;
}

/* Every transfer but the first waits. */
static void body(void *context)
{
    struct queue *queue = context;
    PVP_SCATTER_GATHER_LIST lists[2];

    queue->failures += !start(queue, &lists[0]) || !lists[0];
    for (uint64_t i = 0; i < queue->repetitions && !queue->failures; i++) {
        PVP_SCATTER_GATHER_LIST *now = &lists[i % 2], *next = &lists[(i + 1) % 2];

        queue->failures += !start(queue, next) || *next;
        vport_bench_complete(queue->port, *now, true);
        queue->failures += !*next;
    }
    if (!queue->failures)
        vport_bench_complete(queue->port, lists[queue->repetitions % 2], true);
}

static void run_queue(void *context, uint64_t repetitions)
{
    struct queue *queue = context;

    queue->repetitions = repetitions;
    vport_bench_port_call(queue->port, body, queue);
}

static bool check_queue(void *context)
{
    run_queue(context, 3);
    return !((struct queue *)context)->failures;
}

static void add_length(struct vport_bench_suite *suite, unsigned pages, const char *adapter,
                       const char *text)
{
    struct vport_bench_port *port =
        vport_bench_take_port(suite, &(struct vport_bench_port_config){.adapter = adapter,
                                                                       .max_length = pages * PAGE,
                                                                       .reach32 = true,
                                                                       .memory = pages * PAGE,
                                                                       .skip_regions = 1});
    struct vport_bench_transfer free_model = {
        .port = port, .length = pages * PAGE, .span = pages * PAGE, .to_device = true, .depth = 1};
    struct queue *queue = vport_bench_take(suite, sizeof(*queue));
    struct vport_bench_case which = {.unit = "transfer",
                                     .units = 1,
                                     .run = vport_bench_transfer_run,
                                     .check = vport_bench_transfer_check,
                                     .context = vport_bench_transfer_take(suite, &free_model)};

    if (!port || !queue)
        return;
    memset(port->memory, 1, pages * PAGE);
    *queue = (struct queue){.port = port, .length = pages * PAGE};
    vport_bench_add(suite, &which, "%s, registers free", text);
    if (suite->failed)
        return;
    strcpy(which.reference, suite->cases[suite->count - 1].name);
    which.context = queue;
    which.run = run_queue;
    which.check = check_queue;
    vport_bench_add(suite, &which, "%s, each waits", text);
}

static bool open_group(struct vport_bench_suite *suite)
{
    add_length(suite, 1, "sim:mode=threaded,frames=contiguous,map-registers=1", "1 page");
    add_length(suite, 16, "sim:mode=threaded,frames=contiguous,map-registers=16", "16 pages");
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_q = {
    .id = "Q", .title = "waiting for map registers", .open = open_group};
