/* SPDX-License-Identifier: MIT */
/*
 * The case that most groups have: transfers of one length that walk over the windows of a port's
 * buffer, whole ones also when an operation moves less than was asked.
 */
#ifndef VPORT_BENCH_TRANSFER_H
#define VPORT_BENCH_TRANSFER_H

#include "suite.h"

struct vport_bench_transfer {
    struct vport_bench_port *port;
    uint64_t length; /* bytes of a transfer */
    uint64_t span;   /* bytes at the buffer's start that are walked over, a multiple of `length` */
    bool to_device;
    unsigned depth; /* operations outstanding, >= 1; more than 1 only where none is clipped */
    /* Its own: */
    bool begun; /* `depth` > 1 are outstanding, from the first run on until the group ends */
    unsigned oldest;
    uint64_t next;
    uint64_t repetitions;
    PVP_SCATTER_GATHER_LIST *lists;
    uint64_t failures;
};

/* Makes one from a model without the own fields; NULL: failed. */
struct vport_bench_transfer *vport_bench_transfer_take(struct vport_bench_suite *suite,
                                                       const struct vport_bench_transfer *model);

/* For struct vport_bench_case: `context` is the transfer. One repetition is one transfer. */
void vport_bench_transfer_run(void *context, uint64_t repetitions);
/* The same as driver code, for a caller that is that already. */
void vport_bench_transfer_body(struct vport_bench_transfer *transfer, uint64_t repetitions);
/*
 * One transfer, by the simulated adapter: to the device its bytes must be in video memory
 * afterwards, from the device those of video memory in the buffer. Of long lists the first
 * elements.
 */
bool vport_bench_transfer_check(void *context);

#endif
