/* SPDX-License-Identifier: MIT */
/*
 * What one `videoport run` is to do, and what the two processes share. The supervisor
 * (supervisor.c) is the program that the user started; the machine process (machine_process.c),
 * which it starts, holds the machine and the driver, and may be a program for another machine
 * (videoport-i386): only bytes pass between them.
 */
#ifndef VPORT_RUN_JOB_H
#define VPORT_RUN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VPORT_JOB_IOCTLS = 64,
    VPORT_JOB_OUTPUT = 65536,
    VPORT_JOB_SCREEN = 512 << 20, /* bytes, the largest screenshot */
};

struct vport_job_ioctl {
    uint32_t code;
    uint8_t *input; /* malloc'ed */
    size_t input_length;
    uint32_t output_length; /* room for output, bytes */
};

struct vport_job {
    char *adapter; /* NULL: "sim" */
    char *driver;  /* the file's name, for messages; of a shared object, its path */
    bool shared_object;
    bool relay;
    bool screenshot;
    uint64_t seed;
    uint64_t memory; /* bytes more than at its start that the driver's process may have; 0: all */
    uint32_t width, height, bits;           /* of the mode wanted; 0: choose */
    uint32_t picture_width, picture_height; /* 0: nothing to blit */
    unsigned ioctls;
    struct vport_job_ioctl ioctl[VPORT_JOB_IOCTLS];
};

/* Descriptors in the machine process. */
enum vport_job_descriptor {
    VPORT_FD_EVENTS = 3, /* it writes lines (line.h), see account.c for their kinds */
    VPORT_FD_JOB,        /* it reads the job */
    VPORT_FD_DRIVER,     /* the driver's file */
    VPORT_FD_CRASH,      /* struct vport_crash, mapped by both */
    VPORT_FD_SCREEN,     /* it writes the screenshot: rows of XRGB8888 without padding */
    VPORT_FD_PICTURE,    /* the picture to blit, same form; may be empty */
    VPORT_FD_FILTER,     /* the system call filter: struct sock_filter[]; empty: no sandbox */
    VPORT_FD_END
};

/* Writes the job at the descriptor's position. false: errno. */
bool vport_job_write(const struct vport_job *job, int descriptor);
/* Reads it from the start. false: damaged, or no memory. */
bool vport_job_read(struct vport_job *job, int descriptor);
void vport_job_free(struct vport_job *job);

/* A file's whole content, malloc'ed; NULL: errno. */
void *vport_job_slurp(int descriptor, size_t *length);

/*
 * The machine process's main program: needs the descriptors above. Returns an exit code; 0 whatever
 * the driver did, as long as it could be told in events.
 */
int vport_run_machine(void);

#endif
