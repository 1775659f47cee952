/* SPDX-License-Identifier: MIT */
/*
 * What a call into videoport's own rooms can answer.
 *
 * Three classes, told apart by whether a retry can help: the caller's mistake (never, until the
 * caller changes), try again later (when somebody gives something back), and never here (this
 * machine, device or build cannot do it).
 */
#ifndef VIDEOPORT_STATUS_H
#define VIDEOPORT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

enum vport_status {
    VPORT_OK = 0,

    /* The caller's mistake. The first: an argument that is wrong by itself, NULL, 0, a bad mix. */
    VPORT_E_INVALID = 0x100,
    VPORT_E_RANGE,   /* a range that leaves the object it is about */
    VPORT_E_STATE,   /* the right object at the wrong time: released, not locked, still in use */
    VPORT_E_UNKNOWN, /* a pointer or name that stands for nothing we know */
    VPORT_E_ACCESS,  /* memory that is not there, or not writable */

    /* Try again later. */
    VPORT_E_BUSY = 0x200,
    VPORT_E_NO_MEMORY,
    VPORT_E_NO_REGISTERS, /* no map registers, nor a place in the queue for them */
    VPORT_E_TIMEOUT,

    /* Never here. */
    VPORT_E_UNSUPPORTED = 0x300,
    VPORT_E_TOO_LARGE,   /* more than the device, the platform or a fixed limit can ever hold */
    VPORT_E_DEVICE,      /* the device or its bus failed or is gone */
    VPORT_E_ENVIRONMENT, /* a program, a kernel feature or a right is missing on this computer */
    VPORT_E_IO,          /* the operating system failed to read or write */
};

enum vport_status_class {
    VPORT_CLASS_OK,
    VPORT_CLASS_CALLER,
    VPORT_CLASS_LATER,
    VPORT_CLASS_NEVER,
};

static inline enum vport_status_class vport_status_class(enum vport_status status)
{
    return (enum vport_status_class)((unsigned)status >> 8);
}

/* A few words for people, never NULL; static storage. Any thread. */
const char *vport_status_text(enum vport_status status);

#ifdef __cplusplus
}
#endif
#endif
