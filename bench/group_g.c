/* SPDX-License-Identifier: MIT */
/*
 * G: how cost grows with the number of adapters that are in use in turn, and memory with the number
 * of operations outstanding and their length.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "groups.h"
#include "transfer.h"

enum { PAGE = VPORT_BENCH_PAGE, MOST_ADAPTERS = 256 };

/* ---- Adapters --------------------------------------------------------------------------- */

/* Ports that share a machine and a buffer, each with an adapter of its own. */
struct adapters {
    struct vport_bench_port port[MOST_ADAPTERS];
    struct vport_bench_port *machine;
    unsigned count;
};

struct round_robin {
    struct adapters *adapters;
    unsigned used, next;
    uint64_t repetitions, failures;
};

static void get_body(void *context)
{
    struct adapters *adapters = context;
    VP_DEVICE_DESCRIPTION description = {.ScatterGather = TRUE,
                                         .Dma32BitAddresses = TRUE,
                                         .Dma64BitAddresses = TRUE,
                                         .MaximumLength = 16 * PAGE};

    for (unsigned i = 0; i < MOST_ADAPTERS; i++) {
        adapters->port[i] = *adapters->machine;
        adapters->port[i].adapter =
            VideoPortGetDmaAdapter(adapters->machine->extension, &description);
        adapters->count += adapters->port[i].adapter != NULL;
    }
}

static void put_body(void *context)
{
    struct adapters *adapters = context;

    for (unsigned i = 0; i < MOST_ADAPTERS; i++)
        if (adapters->port[i].adapter)
            VideoPortPutDmaAdapter(adapters->machine->extension, adapters->port[i].adapter);
}

static void put_adapters(void *context)
{
    struct adapters *adapters = context;

    vport_bench_port_call(adapters->machine, put_body, adapters);
}

static struct adapters *take_adapters(struct vport_bench_suite *suite)
{
    struct adapters *adapters = vport_bench_take(suite, sizeof(*adapters));

    if (!adapters)
        return NULL;
    adapters->machine = vport_bench_take_port(
        suite, &(struct vport_bench_port_config){.adapter = "sim:mode=threaded,frames=scattered",
                                                 .max_length = PAGE,
                                                 .memory = 16 * PAGE});
    if (!adapters->machine)
        return NULL;
    vport_bench_port_call(adapters->machine, get_body, adapters);
    if (!vport_bench_defer(suite, put_adapters, adapters))
        return NULL;
    if (adapters->count < MOST_ADAPTERS)
        vport_bench_fail(suite, "no %d adapters on a device", MOST_ADAPTERS);
    return adapters;
}

static void round_body(void *context)
{
    struct round_robin *robin = context;

    for (uint64_t i = 0; i < robin->repetitions; i++) {
        struct vport_bench_port *port = &robin->adapters->port[robin->next];
        PVP_SCATTER_GATHER_LIST list = NULL;
        uint32_t length = PAGE;

        robin->failures += !vport_bench_start(port, 0, &length, true, &list) || !list;
        vport_bench_complete(port, list, true);
        if (++robin->next == robin->used)
            robin->next = 0;
    }
}

static void run_round(void *context, uint64_t repetitions)
{
    struct round_robin *robin = context;

    robin->repetitions = repetitions;
    vport_bench_port_call(robin->adapters->machine, round_body, robin);
}

static bool check_round(void *context)
{
    run_round(context, 2 * MOST_ADAPTERS);
    return !((struct round_robin *)context)->failures;
}

static void add_adapters(struct vport_bench_suite *suite)
{
    static const unsigned counts[] = {1, 4, 16, 64, MOST_ADAPTERS};
    struct adapters *adapters = take_adapters(suite);

    for (size_t i = 0; !suite->failed && i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct round_robin *robin = vport_bench_take(suite, sizeof(*robin));
        struct vport_bench_case which = {.unit = "transfer",
                                         .units = 1,
                                         .series = "adapters",
                                         .x = counts[i],
                                         .run = run_round,
                                         .check = check_round,
                                         .context = robin};

        if (!robin)
            return;
        *robin = (struct round_robin){.adapters = adapters, .used = counts[i]};
        if (i > 0)
            strcpy(which.reference, "1 page, 1 adapters");
        vport_bench_add(suite, &which, "1 page, %u adapters", counts[i]);
    }
}

/* ---- Memory ----------------------------------------------------------------------------- */

static long resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size, pages = 0;

    if (file && fscanf(file, "%ld %ld", &size, &pages) != 2)
        pages = 0;
    if (file)
        fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

struct load {
    struct vport_bench_port *port;
    PVP_SCATTER_GATHER_LIST *lists;
    unsigned count;
    uint32_t length;
    bool failed;
};

static void start_body(void *context)
{
    struct load *load = context;

    for (unsigned i = 0; i < load->count; i++) {
        uint32_t length = load->length;

        load->lists[i] = NULL;
        load->failed |=
            !vport_bench_start(load->port, 0, &length, true, &load->lists[i]) || !load->lists[i];
    }
}

static void complete_body(void *context)
{
    struct load *load = context;

    for (unsigned i = 0; i < load->count; i++)
        if (load->lists[i])
            vport_bench_complete(load->port, load->lists[i], true);
}

/* By how much the process has grown for each of `count` operations that are outstanding at once. */
static void add_memory(struct vport_bench_suite *suite, struct vport_bench_port *port,
                       unsigned pages, unsigned count)
{
    struct load load = {.port = port,
                        .lists = vport_bench_take(suite, count * sizeof(load.lists[0])),
                        .count = count,
                        .length = pages * PAGE};
    struct vport_bench_case which = {.unit = "bytes", .series = "memory", .x = pages};
    long before;

    if (!port || !load.lists)
        return;
    before = resident();
    vport_bench_port_call(port, start_body, &load);
    which.value = (double)(resident() - before) / count;
    vport_bench_port_call(port, complete_body, &load);
    if (load.failed)
        vport_bench_fail(suite, "%u operations of %u pages at once did not start", count, pages);
    vport_bench_add(suite, &which, "memory of an operation, %u pages", pages);
}

static bool open_group(struct vport_bench_suite *suite)
{
    struct vport_bench_port *port = vport_bench_take_port(
        suite, &(struct vport_bench_port_config){.adapter = "sim:mode=threaded,frames=scattered",
                                                 .max_length = 65536 * PAGE,
                                                 .memory = 65536 * PAGE});

    add_memory(suite, port, 65536, 8);
    add_memory(suite, port, 4096, 64);
    add_memory(suite, port, 256, 512);
    add_memory(suite, port, 16, 16384);
    add_adapters(suite);
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_g = {
    .id = "G", .title = "growth: adapters, memory of operations outstanding", .open = open_group};
