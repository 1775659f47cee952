/* SPDX-License-Identifier: MIT */
/*
 * What a group's `open` builds its cases with. Everything taken here is given back when the group
 * has been measured. A failure is remembered; `open` returns false then.
 */
#ifndef VPORT_BENCH_SUITE_H
#define VPORT_BENCH_SUITE_H

#include "bench.h"
#include "port.h"

/* What the thread and processor caches and neighbours need to stay apart. */
enum { VPORT_BENCH_LINE = 128 };

struct vport_bench_taken;

struct vport_bench_suite {
    const struct vport_bench_options *options;
    struct vport_bench_case *cases;
    size_t count, room;
    struct vport_bench_taken *taken;
    struct vport_bench_missing missing[VPORT_BENCH_MOST_MISSING];
    size_t missing_count;
    char error[VPORT_ERROR_TEXT];
    bool failed;
};

/* Zeroed, on lines of its own; NULL: failed. */
void *vport_bench_take(struct vport_bench_suite *suite, size_t size);
/* Large memory, each page written to, so that it is there; NULL: failed. */
void *vport_bench_take_memory(struct vport_bench_suite *suite, size_t size);
/* A machine; NULL: failed. */
struct vport_bench_port *vport_bench_take_port(struct vport_bench_suite *suite,
                                               const struct vport_bench_port_config *config);
/* Runs `undo(context)` when the group is over, before anything taken earlier is given back. */
bool vport_bench_defer(struct vport_bench_suite *suite, void (*undo)(void *), void *context);
bool vport_bench_fail(struct vport_bench_suite *suite, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds a copy of `model` under a name. */
bool vport_bench_add(struct vport_bench_suite *suite, const struct vport_bench_case *model,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Notes that something cannot be measured here: what, Debian's package that has it, why not. */
void vport_bench_missing(struct vport_bench_suite *suite, const char *what, const char *package,
                         const char *why);

/* "64 KiB", "1 GiB" into a static ring of buffers. */
const char *vport_bench_size(uint64_t bytes);

/* Gives everything back; returns the number of reports that the machines made. */
uint64_t vport_bench_suite_end(struct vport_bench_suite *suite);

#endif
