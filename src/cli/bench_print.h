/* SPDX-License-Identifier: MIT */
/* What `videoport bench` prints on standard output. */
#ifndef VPORT_CLI_BENCH_PRINT_H
#define VPORT_CLI_BENCH_PRINT_H

#include "bench/bench.h"

void vport_bench_print_tables(const struct vport_bench_report *reports, size_t count);
/* Returns an enum vport_exit. */
int vport_bench_print_json(const struct vport_bench_report *reports, size_t count);

#endif
