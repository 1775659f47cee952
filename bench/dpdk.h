/* SPDX-License-Identifier: MIT */
/*
 * DPDK's address translation, a peer where it is installed: rte_mem_virt2iova(), one call a page,
 * in a process without huge pages and with virtual addresses as I/O addresses. It is loaded when a
 * group asks for it; nothing here needs it to be built or run.
 */
#ifndef VPORT_BENCH_DPDK_H
#define VPORT_BENCH_DPDK_H

#include "suite.h"

/*
 * Adds one case for each length: the translation of every page of the windows of `memory`, beside
 * the group's case "<size><beside>" of the same length. Where DPDK is missing the report says so.
 */
struct vport_bench_dpdk_cases {
    char *memory;
    uint64_t span; /* bytes of it that are walked over, a multiple of every length */
    const uint64_t *lengths;
    unsigned count;
    const char *(*name)(uint64_t length);
    const char *beside;
};
void vport_bench_add_dpdk(struct vport_bench_suite *suite,
                          const struct vport_bench_dpdk_cases *cases);

#endif
