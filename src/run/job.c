/* SPDX-License-Identifier: MIT */
/* The job as lines. See job.h. */
#include "run/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/line.h"

bool vport_job_write(const struct vport_job *job, int descriptor)
{
    struct vport_line line;
    bool written;

    vport_line_begin(&line, "job");
    vport_line_text(&line, job->adapter);
    vport_line_text(&line, job->driver);
    vport_line_number(&line, job->shared_object);
    vport_line_number(&line, job->relay);
    vport_line_number(&line, job->screenshot);
    vport_line_number(&line, job->seed);
    vport_line_number(&line, job->memory);
    vport_line_number(&line, job->width);
    vport_line_number(&line, job->height);
    vport_line_number(&line, job->bits);
    vport_line_number(&line, job->picture_width);
    vport_line_number(&line, job->picture_height);
    written = vport_line_send(&line, descriptor);
    for (unsigned i = 0; i < job->ioctls && written; i++) {
        vport_line_begin(&line, "ioctl");
        vport_line_number(&line, job->ioctl[i].code);
        vport_line_number(&line, job->ioctl[i].output_length);
        vport_line_bytes(&line, job->ioctl[i].input, job->ioctl[i].input_length);
        written = vport_line_send(&line, descriptor);
    }
    return written;
}

void *vport_job_slurp(int descriptor, size_t *length)
{
    off_t size = lseek(descriptor, 0, SEEK_END); /* not fstat: the sandbox knows no such call */
    char *bytes;

    if (size < 0)
        return NULL;
    *length = 0;
    bytes = malloc((size_t)size + 1);
    while (bytes && *length < (size_t)size) {
        ssize_t count = pread(descriptor, bytes + *length, (size_t)size - *length, (off_t)*length);

        if (count <= 0 && (count == 0 || errno != EINTR))
            break;
        *length += count > 0 ? (size_t)count : 0;
    }
    if (bytes)
        bytes[*length] = '\0';
    return bytes;
}

static bool read_job(struct vport_job *job, char *field[], unsigned count)
{
    if (count < 13)
        return false;
    job->adapter = field[1][0] ? strdup(field[1]) : NULL;
    job->driver = strdup(field[2]);
    job->shared_object = vport_line_to_number(field[3]);
    job->relay = vport_line_to_number(field[4]);
    job->screenshot = vport_line_to_number(field[5]);
    job->seed = vport_line_to_number(field[6]);
    job->memory = vport_line_to_number(field[7]);
    job->width = (uint32_t)vport_line_to_number(field[8]);
    job->height = (uint32_t)vport_line_to_number(field[9]);
    job->bits = (uint32_t)vport_line_to_number(field[10]);
    job->picture_width = (uint32_t)vport_line_to_number(field[11]);
    job->picture_height = (uint32_t)vport_line_to_number(field[12]);
    return job->driver != NULL;
}

static bool read_ioctl(struct vport_job *job, char *field[], unsigned count)
{
    struct vport_job_ioctl *ioctl = &job->ioctl[job->ioctls];

    if (count < 4 || job->ioctls == VPORT_JOB_IOCTLS)
        return false;
    ioctl->code = (uint32_t)vport_line_to_number(field[1]);
    ioctl->output_length = (uint32_t)vport_line_to_number(field[2]);
    ioctl->input_length = vport_line_to_bytes(field[3]);
    ioctl->input = malloc(ioctl->input_length + 1);
    if (!ioctl->input)
        return false;
    memcpy(ioctl->input, field[3], ioctl->input_length);
    job->ioctls++;
    return true;
}

bool vport_job_read(struct vport_job *job, int descriptor)
{
    size_t length;
    char *text = vport_job_slurp(descriptor, &length), *next = text, *line;
    char *field[VPORT_LINE_FIELDS];
    bool good = text != NULL;

    memset(job, 0, sizeof(*job));
    while (good && (line = strsep(&next, "\n")) != NULL && *line) {
        unsigned count = vport_line_split(line, field);

        good = strcmp(field[0], "job") == 0 ? read_job(job, field, count)
                                            : read_ioctl(job, field, count);
    }
    free(text);
    return good && job->driver;
}

void vport_job_free(struct vport_job *job)
{
    free(job->adapter);
    free(job->driver);
    for (unsigned i = 0; i < job->ioctls; i++)
        free(job->ioctl[i].input);
    memset(job, 0, sizeof(*job));
}
