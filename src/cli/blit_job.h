/* SPDX-License-Identifier: MIT */
/* One `videoport blit`: what is asked for, and what came of it. */
#ifndef VPORT_CLI_BLIT_JOB_H
#define VPORT_CLI_BLIT_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <videoport/host.h>

struct vport_blit_job {
    const char *picture;    /* path */
    const char *adapter;    /* "sim:..." */
    const char *screenshot; /* path, or NULL */
    const char *trace;      /* path, or NULL */
    uint64_t seed;
    unsigned long repeat; /* frames in each direction, >= 1 */
};

/* Where two pictures first differ. */
struct vport_blit_difference {
    bool found;
    uint32_t x, y;
    uint32_t expected, actual; /* 0x00RRGGBB */
};

struct vport_blit_outcome {
    uint32_t width, height;
    uint64_t bytes;                        /* of one frame */
    double seconds_to, seconds_from;       /* wall clock, all frames */
    bool screen;                           /* the adapter has one: `shown` was looked at */
    bool read_back;                        /* it gives pictures back: `returned` was looked at */
    struct vport_blit_difference shown;    /* between the file and what the adapter shows */
    struct vport_blit_difference returned; /* between the file and what came back by DMA */
    uint64_t reports;                      /* of misuse by the driver */
    struct vport_machine_statistics statistics;
};

/* Does it; says on standard error what goes wrong. Returns an enum vport_exit; `outcome` is whole
 * on VPORT_EXIT_OK only. */
int vport_blit_job_run(const struct vport_blit_job *job, struct vport_blit_outcome *outcome);

/* On standard output. Return an enum vport_exit. */
void vport_blit_print_table(const struct vport_blit_job *job,
                            const struct vport_blit_outcome *outcome);
int vport_blit_print_json(const struct vport_blit_outcome *outcome);

#endif
