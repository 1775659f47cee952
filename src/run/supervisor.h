/* SPDX-License-Identifier: MIT */
/*
 * The parent of a machine process: starts it, listens to it, ends it when it takes too long, and
 * survives whatever happens to it. Believes nothing it says.
 */
#ifndef VPORT_RUN_SUPERVISOR_H
#define VPORT_RUN_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/crash.h"
#include "run/job.h"
#include "run/line.h"

struct vport_supervisor_request {
    const struct vport_job *job;
    const void *driver; /* the file's bytes */
    size_t driver_size;
    const uint32_t *picture; /* XRGB8888 of the job's size, or NULL */
    bool sandbox;
    unsigned timeout;             /* seconds; 0: none */
    const char *program;          /* the machine process's executable */
    const char *const *arguments; /* its argv, NULL at the end */
    bool i386;
    /* For each line that comes, on this thread; fields as vport_line_split gives them. */
    void (*line)(void *context, char *field[], unsigned count);
    void *context;
};

struct vport_supervisor_result {
    struct vport_crash crash; /* kind VPORT_CRASH_NONE: it told of none */
    bool in_time;             /* it came to an end before the timeout */
    bool killed;              /* it had to be killed, or died without a word: */
    int signal;               /* by this signal */
    int status;               /* its exit code, if not killed */
    uint32_t *screen;         /* what it wrote as a screenshot, malloc'ed; NULL: nothing */
    size_t screen_size;       /* bytes */
};

/* Returns 0, or an errno value when it could not be started. */
int vport_supervise(const struct vport_supervisor_request *request,
                    struct vport_supervisor_result *result);

#endif
