/* SPDX-License-Identifier: MIT */
/* The list of groups: a new one is a file and a line here. */
#include "groups.h"

const struct vport_bench_group *const vport_bench_groups[] = {
    &vport_bench_group_f, &vport_bench_group_l,
    &vport_bench_group_b, &vport_bench_group_k,
    &vport_bench_group_q, &vport_bench_group_t,
    &vport_bench_group_h, &vport_bench_group_g,
    &vport_bench_group_e, NULL,
};
