/* SPDX-License-Identifier: MIT */
/* --ioctl CODE[:in=FILE|HEX][:out=FILE][:size=BYTES], read. See run.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/ioctl_name.h"
#include "cli/run.h"
#include "run/line.h"

enum { INPUT_MAX = 65536 };

/* An even number of hexadecimal digits is bytes, unless a file has that name. */
static bool is_hexadecimal(const char *text)
{
    size_t length = strspn(text, "0123456789abcdefABCDEF");

    return length && length % 2 == 0 && !text[length];
}

static const char *take_input(struct vport_job_ioctl *ioctl, const char *text)
{
    static char problem[256];
    char *copy;

    ioctl->input = vport_file_read(text, INPUT_MAX, &ioctl->input_length);
    if (ioctl->input)
        return NULL;
    if (!is_hexadecimal(text)) {
        snprintf(problem, sizeof(problem), "%.200s: %s, and no hexadecimal digits either", text,
                 strerror(errno));
        return problem;
    }
    copy = strdup(text);
    for (char *c = copy; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    ioctl->input_length = copy ? vport_line_to_bytes(copy) : 0;
    ioctl->input = (uint8_t *)copy;
    return copy ? NULL : "no memory";
}

static const char *take_part(struct vport_run_options *options, struct vport_job_ioctl *ioctl,
                             char *part)
{
    char *end;
    unsigned long size;

    if (!strncmp(part, "in=", 3))
        return take_input(ioctl, part + 3);
    if (!strncmp(part, "out=", 4) && part[4]) {
        options->output[options->job.ioctls] = strdup(part + 4);
        return NULL;
    }
    if (strncmp(part, "size=", 5))
        return "after CODE come in=, out= or size=, each after a colon";
    size = strtoul(part + 5, &end, 0);
    if (*end || !part[5] || size > VPORT_JOB_OUTPUT)
        return "size= takes a number up to 65536";
    ioctl->output_length = (uint32_t)size;
    return NULL;
}

const char *vport_run_add_ioctl(struct vport_run_options *options, const char *text)
{
    struct vport_job_ioctl *ioctl = &options->job.ioctl[options->job.ioctls];
    char *copy = strdup(text), *next = copy, *part;
    const char *problem = NULL;

    if (!copy)
        return "no memory";
    if (options->job.ioctls == VPORT_JOB_IOCTLS)
        problem = "more than 64 requests";
    else
        ioctl->output_length = 4096;
    part = strsep(&next, ":");
    if (!problem && !vport_ioctl_find(part, &ioctl->code))
        problem = "no such request; see ntddvdeo.h for names, or give the number";
    while (!problem && (part = strsep(&next, ":")) != NULL)
        problem = take_part(options, ioctl, part);
    if (!problem)
        options->job.ioctls++;
    free(copy);
    return problem;
}
