/* SPDX-License-Identifier: MIT */
/*
 * The second thread of the cases that have two. It sleeps when there is nothing to do, and is awake
 * and spinning before anything is timed. One caller.
 */
#ifndef VPORT_BENCH_HELPER_H
#define VPORT_BENCH_HELPER_H

#include "suite.h"

struct vport_bench_helper;

/* NULL: failed. It ends with the suite. */
struct vport_bench_helper *vport_bench_helper_take(struct vport_bench_suite *suite);
/* Returns when the thread is on a processor and waits for `go`. */
void vport_bench_helper_call(struct vport_bench_helper *helper,
                             void (*work)(void *context, uint64_t repetitions), void *context);
void vport_bench_helper_go(struct vport_bench_helper *helper, uint64_t repetitions);
/* Waits until the work is done. */
void vport_bench_helper_join(struct vport_bench_helper *helper);

#endif
