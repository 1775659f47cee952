/* SPDX-License-Identifier: MIT */
/* What `videoport bench` prints: tables on standard output, JSON on any stream. */
#ifndef VPORT_CLI_BENCH_PRINT_H
#define VPORT_CLI_BENCH_PRINT_H

#include <stdio.h>

#include "bench/bench.h"

void vport_bench_print_tables(const struct vport_bench_report *reports, size_t count);
/* false: not all was written. */
bool vport_bench_print_json(FILE *stream, const struct vport_bench_report *reports, size_t count);

#endif
