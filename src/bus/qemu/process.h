/* SPDX-License-Identifier: MIT */
/*
 * A child process: started so that it cannot outlive us, ended so that it neither stays a zombie
 * nor keeps us waiting. Knows nothing of what it runs.
 */
#ifndef VPORT_BUS_QEMU_PROCESS_H
#define VPORT_BUS_QEMU_PROCESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <videoport/status.h>

struct vport_qemu_process {
    pthread_mutex_t lock;
    pid_t pid;   /* 0: not started */
    bool ended;  /* waited for: the pid is nobody's any more */
    int outcome; /* as waitpid says; -1: somebody else waited for it */
    int words;   /* memory file that takes its standard error */
};

/* Looks for `name` in PATH. VPORT_E_ENVIRONMENT: not there. */
enum vport_status vport_qemu_process_find(const char *name, char *path, size_t size);

/*
 * Returns `fd`, or what it was moved to so that it is none of the three standard descriptors (which
 * a program may have been started without). For every descriptor that a child shall keep.
 */
int vport_qemu_process_file(int fd);

/* VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_process_init(struct vport_qemu_process *process);
/* The process has ended. */
void vport_qemu_process_fini(struct vport_qemu_process *process);

/*
 * Runs `path`. The child has no standard input or output and inherits exactly the `kept`
 * descriptors in `keep`, under their own numbers. It is killed when the calling thread ends,
 * however that comes about, so call it on one that lives as long as the child shall.
 * VPORT_E_NO_MEMORY. That the program cannot be run shows as its ending at once, in its words.
 */
enum vport_status vport_qemu_process_start(struct vport_qemu_process *process, const char *path,
                                           char *const *arguments, const int *keep, size_t kept);

/* Waits at most `ms` for its end. true: ended. Any thread. */
bool vport_qemu_process_wait(struct vport_qemu_process *process, unsigned ms);
/* Waits for its end, asking more and more firmly. false: it survived even SIGKILL for seconds. Any
 * thread. */
bool vport_qemu_process_end(struct vport_qemu_process *process, unsigned ms);

/*
 * How it ended and the first of what it said, as the rest of a sentence ("ended with code 1,
 * saying:
 * ..."). Any thread.
 */
void vport_qemu_process_describe(struct vport_qemu_process *process, char *text, size_t size);

#endif
