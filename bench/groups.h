/* SPDX-License-Identifier: MIT */
/* The groups, one file each. */
#ifndef VPORT_BENCH_GROUPS_H
#define VPORT_BENCH_GROUPS_H

#include "bench.h"

extern const struct vport_bench_group vport_bench_group_f;
extern const struct vport_bench_group vport_bench_group_l;
extern const struct vport_bench_group vport_bench_group_b;
extern const struct vport_bench_group vport_bench_group_k;
extern const struct vport_bench_group vport_bench_group_q;
extern const struct vport_bench_group vport_bench_group_t;
extern const struct vport_bench_group vport_bench_group_h;
extern const struct vport_bench_group vport_bench_group_g;
extern const struct vport_bench_group vport_bench_group_e;

#endif
