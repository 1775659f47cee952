/* SPDX-License-Identifier: MIT */
/*
 * K: VideoPortLockBuffer + VideoPortUnlockBuffer of memory that the machine knows, against what no
 * implementation can do without: a block for the MDL, and a copy of its page frame numbers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dpdk.h"
#include "groups.h"
#include "suite.h"

enum { PAGE = VPORT_BENCH_PAGE, MDL_BYTES = 48 /* before its page frame numbers */ };

#define MEMORY ((uint64_t)512 << 20)

struct locks {
    struct vport_bench_port *port;
    uint64_t length, repetitions, failures;
    uint64_t next;
    uint64_t *frames; /* of all the memory */
};

static uint64_t window(struct locks *locks)
{
    uint64_t offset = locks->next;

    locks->next += locks->length;
    if (locks->next > MEMORY / 2)
        locks->next = 0;
    return offset;
}

static void body(void *context)
{
    struct locks *locks = context;

    for (uint64_t i = 0; i < locks->repetitions; i++) {
        PVOID mdl = VideoPortLockBuffer(locks->port->extension, locks->port->memory + window(locks),
                                        (ULONG)locks->length, VpModifyAccess);

        if (mdl)
            VideoPortUnlockBuffer(locks->port->extension, mdl);
        else
            locks->failures++;
    }
}

static void run_lock(void *context, uint64_t repetitions)
{
    struct locks *locks = context;

    locks->repetitions = repetitions;
    vport_bench_port_call(locks->port, body, locks);
}

static bool check_lock(void *context)
{
    run_lock(context, 1);
    return !((struct locks *)context)->failures;
}

/* What is left of locking when there is nothing to look up, to check and to count. */
static void run_limit(void *context, uint64_t repetitions)
{
    struct locks *locks = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        size_t pages = locks->length / PAGE;
        char *mdl = malloc(MDL_BYTES + pages * sizeof(uint64_t));

        if (!mdl) {
            locks->failures++;
            continue;
        }
        memcpy(mdl + MDL_BYTES, locks->frames + window(locks) / PAGE, pages * sizeof(uint64_t));
        __asm__ volatile("" ::"r"(mdl) : "memory");
        free(mdl);
    }
}

static const char *name_of(uint64_t length)
{
    static char text[32];

    snprintf(text, sizeof(text), "%u pages", (unsigned)(length / PAGE));
    return text;
}

static void add_pages(struct vport_bench_suite *suite, struct vport_bench_port *port,
                      uint64_t *frames, uint64_t length)
{
    struct locks *lock = vport_bench_take(suite, sizeof(*lock)),
                 *limit = vport_bench_take(suite, sizeof(*limit));
    struct vport_bench_case which = {.unit = "page",
                                     .units = (double)(length / PAGE),
                                     .x = (double)(length / PAGE),
                                     .series = "limit",
                                     .run = run_limit};

    if (!lock || !limit)
        return;
    *lock = (struct locks){.port = port, .length = length};
    *limit = (struct locks){.frames = frames, .length = length};
    which.context = limit;
    vport_bench_add(suite, &which, "%s, limit", name_of(length));
    if (suite->failed)
        return;
    strcpy(which.reference, suite->cases[suite->count - 1].name);
    which.context = lock;
    which.run = run_lock;
    which.check = check_lock;
    which.series = "lock + unlock";
    vport_bench_add(suite, &which, "%s", name_of(length));
}

static bool open_group(struct vport_bench_suite *suite)
{
    static const uint64_t lengths[] = {PAGE, 16 * PAGE, 256 * PAGE, 4096 * PAGE, 65536ull * PAGE};
    enum { LENGTHS = sizeof(lengths) / sizeof(lengths[0]) };
    struct vport_bench_port *port = vport_bench_take_port(
        suite, &(struct vport_bench_port_config){.adapter = "sim:mode=threaded,frames=scattered",
                                                 .max_length = PAGE,
                                                 .memory = MEMORY});
    uint64_t *frames = vport_bench_take_memory(suite, MEMORY / PAGE * sizeof(*frames));

    for (size_t i = 0; port && frames && i < LENGTHS; i++)
        add_pages(suite, port, frames, lengths[i]);
    if (port)
        vport_bench_add_dpdk(suite, &(struct vport_bench_dpdk_cases){.memory = port->memory,
                                                                     .span = MEMORY / 2,
                                                                     .lengths = lengths,
                                                                     .count = LENGTHS,
                                                                     .name = name_of,
                                                                     .beside = ""});
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_k = {
    .id = "K", .title = "VideoPortLockBuffer + VideoPortUnlockBuffer", .open = open_group};
