/* SPDX-License-Identifier: MIT */
/* One `videoport run`: what is asked for. */
#ifndef VPORT_CLI_RUN_H
#define VPORT_CLI_RUN_H

#include <stdbool.h>

#include "run/job.h"

struct vport_run_options {
    struct vport_job job;                 /* adapter, mode, requests, relay, seed */
    const char *driver;                   /* path */
    const char *screenshot, *picture;     /* paths, or NULL */
    const char *output[VPORT_JOB_IOCTLS]; /* files for the answers of requests; NULL: nowhere */
    bool json, sandbox;
    unsigned timeout; /* seconds; 0: none */
};

/* "CODE[:in=FILE|HEX][:out=FILE][:size=BYTES]" into the next request. NULL, or what is wrong. */
const char *vport_run_add_ioctl(struct vport_run_options *options, const char *text);

/* Does it; messages on standard error. Returns an enum vport_exit. */
int vport_run_do(struct vport_run_options *options);

#endif
