/* SPDX-License-Identifier: MIT */
/*
 * Runs one hot path a given number of times and nothing else, for check_instructions.py (and for
 * profilers):
 *
 *     hot_paths PATH COUNT
 *
 * Lists are built by AVX2 at most: valgrind knows no AVX-512.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/transfer.h"
#include "dma/segment.h"

enum { PAGE = VPORT_BENCH_PAGE };

struct path {
    const char *name;
    uint64_t length;
    bool bounces, to_device, locks;
};

static const struct path paths[] = {
    {"one page", PAGE, false, true, false},
    {"sixteen scattered pages", 16 * PAGE, false, true, false},
    {"one scattered MiB", 256 * PAGE, false, true, false},
    {"one bounced page to device", PAGE, true, true, false},
    {"one bounced page from device", PAGE, true, false, false},
    {"lock and unlock one page", PAGE, false, true, true},
    {"lock and unlock sixteen pages", 16 * PAGE, false, true, true},
    {"lock and unlock one MiB", 256 * PAGE, false, true, true},
};

struct locks {
    struct vport_bench_port *port;
    ULONG length;
    uint64_t count;
    bool failed;
};

static void lock_body(void *context)
{
    struct locks *locks = context;

    for (uint64_t i = 0; i < locks->count; i++) {
        PVOID mdl = VideoPortLockBuffer(locks->port->extension, locks->port->memory, locks->length,
                                        VpModifyAccess);

        locks->failed |= !mdl;
        VideoPortUnlockBuffer(locks->port->extension, mdl);
    }
}

static bool run(struct vport_bench_suite *suite, const struct path *path, uint64_t count)
{
    struct vport_bench_port_config config = {.adapter = path->bounces
                                                            ? "sim:mode=threaded,frames=contiguous"
                                                            : "sim:mode=threaded,frames=scattered",
                                             .max_length = 512 * PAGE,
                                             .reach32 = path->bounces,
                                             .memory = path->bounces ? PAGE : 16 << 20,
                                             .skip_regions = path->bounces};
    struct vport_bench_port *port = vport_bench_take_port(suite, &config);
    struct vport_bench_transfer model = {.port = port,
                                         .length = path->length,
                                         .span = config.memory,
                                         .to_device = path->to_device,
                                         .depth = 1};
    struct locks locks = {port, (ULONG)path->length, count, false};
    struct vport_bench_transfer *transfer;

    if (!port)
        return false;
    if (path->locks) {
        vport_bench_port_call(port, lock_body, &locks);
        return !locks.failed;
    }
    transfer = vport_bench_transfer_take(suite, &model);
    if (!transfer)
        return false;
    memset(port->memory, 1, config.memory);
    vport_bench_transfer_run(transfer, count);
    return !transfer->failures;
}

static int run_named(const char *name, uint64_t count)
{
    static const struct vport_bench_options options = {.rounds = 1};
    struct vport_bench_suite suite = {.options = &options};
    bool good = false;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (!strcmp(paths[i].name, name))
            good = run(&suite, &paths[i], count);
    if (suite.failed)
        fprintf(stderr, "%s\n", suite.error);
    return vport_bench_suite_end(&suite) || !good;
}

int main(int argc, char **argv)
{
    char *end;
    unsigned long long count = argc == 3 ? strtoull(argv[2], &end, 10) : 0;

    if (!count || *end) {
        fprintf(stderr, "usage: hot_paths PATH COUNT\n");
        return 2;
    }
    if (!vport_segment_choose("avx2"))
        vport_segment_choose("scalar");
    return run_named(argv[1], count);
}
