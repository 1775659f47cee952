/* SPDX-License-Identifier: MIT */
/* Starting, hearing and ending a machine process. See supervisor.h. */
#include "run/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/jail.h"

enum { GRACE_MS = 2000, NAP_MS = 5 };

/* A machine process and what is shared with it, in the order of enum vport_job_descriptor. */
struct supervisor {
    const struct vport_supervisor_request *request;
    int end[VPORT_FD_END]; /* what the process gets; from VPORT_FD_EVENTS on */
    int events;            /* our end of the pipe */
    pid_t process;
    struct vport_crash *crash;
    int64_t deadline; /* milliseconds on the monotonic clock; -1: none */
    char *buffer;     /* of a line not yet whole */
    size_t length;
};

static int64_t now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- What is shared ---- */

static bool write_all(int descriptor, const void *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t count = write(descriptor, (const char *)bytes + done, length - done);

        if (count <= 0)
            return false;
        done += (size_t)count;
    }
    return true;
}

static int memory_file(const char *name, const void *bytes, size_t length)
{
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (descriptor >= 0 && write_all(descriptor, bytes, length))
        return descriptor;
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

/* Its size is sealed: the process cannot shrink what we have mapped. */
static bool share_crash(struct supervisor *s)
{
    struct vport_crash empty = {0};
    int descriptor = memory_file("crash", &empty, sizeof(empty));

    s->end[VPORT_FD_CRASH] = descriptor;
    if (descriptor < 0 || fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0)
        return false;
    s->crash = mmap(NULL, sizeof(empty), PROT_READ, MAP_SHARED, descriptor, 0);
    return s->crash != MAP_FAILED;
}

static bool share(struct supervisor *s)
{
    const struct vport_supervisor_request *request = s->request;
    size_t picture =
        (size_t)request->job->picture_width * request->job->picture_height * sizeof(uint32_t);
    int pipe_ends[2];

    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return false;
    s->events = pipe_ends[0];
    s->end[VPORT_FD_EVENTS] = pipe_ends[1];
    s->end[VPORT_FD_JOB] = memory_file("job", NULL, 0);
    s->end[VPORT_FD_DRIVER] = memory_file("driver", request->driver, request->driver_size);
    s->end[VPORT_FD_SCREEN] = memory_file("screen", NULL, 0);
    s->end[VPORT_FD_PICTURE] =
        memory_file("picture", request->picture, request->picture ? picture : 0);
    s->end[VPORT_FD_FILTER] = memory_file("filter", NULL, 0);
    for (int i = VPORT_FD_JOB; i < VPORT_FD_END; i++)
        if (s->end[i] < 0 && i != VPORT_FD_CRASH)
            return false;
    return share_crash(s) && vport_job_write(request->job, s->end[VPORT_FD_JOB]);
}

static void unshare_all(struct supervisor *s)
{
    for (int i = VPORT_FD_EVENTS; i < VPORT_FD_END; i++)
        if (s->end[i] >= 0)
            close(s->end[i]);
    if (s->events >= 0)
        close(s->events);
    if (s->crash && s->crash != MAP_FAILED)
        munmap(s->crash, sizeof(*s->crash));
    free(s->buffer);
}

/* ---- The process ---- */

/* All ends out of the way first: one may have the number that another is to get. */
static bool take_places(struct supervisor *s, bool quiet)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int moved[VPORT_FD_END];

    for (int i = VPORT_FD_EVENTS; i < VPORT_FD_END; i++)
        if ((moved[i] = fcntl(s->end[i], F_DUPFD_CLOEXEC, VPORT_FD_END + 3)) < 0)
            return false;
    for (int i = VPORT_FD_EVENTS; i < VPORT_FD_END; i++)
        if (dup2(moved[i], i) < 0)
            return false;
    if (null < 0 || dup2(null, 0) < 0)
        return false;
    return !quiet || (dup2(null, 1) >= 0 && dup2(null, 2) >= 0);
}

enum { ENVIRONMENT = 3 }; /* the exit code: something is missing on this computer */

/* In the child: says, as the machine process would, why there will be none. */
static _Noreturn void give_up(int events, const char *what, int error)
{
    struct vport_line line;
    char text[PATH_MAX + 64];

    snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
    vport_line_begin(&line, "fatal");
    vport_line_number(&line, ENVIRONMENT);
    vport_line_text(&line, text);
    vport_line_send(&line, events);
    _exit(ENVIRONMENT);
}

/* In the child. With the sandbox off its messages may be seen: that is for debuggers. */
static _Noreturn void become_machine(struct supervisor *s, pid_t parent)
{
    const struct vport_supervisor_request *request = s->request;
    int error;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    error = request->sandbox ? vport_jail_write_filter(s->end[VPORT_FD_FILTER], request->i386) : 0;
    if (error)
        give_up(s->end[VPORT_FD_EVENTS], "the system call filter cannot be written", error);
    if (!take_places(s, request->sandbox))
        _exit(127);
    execv(request->program, (char *const *)(uintptr_t)request->arguments);
    give_up(VPORT_FD_EVENTS, request->program, errno);
}

static bool start(struct supervisor *s)
{
    pid_t parent = getpid();

    s->process = fork();
    if (s->process == 0)
        become_machine(s, parent);
    if (s->process < 0)
        return false;
    close(s->end[VPORT_FD_EVENTS]); /* so that its end is the end */
    s->end[VPORT_FD_EVENTS] = -1;
    return true;
}

/* ---- Listening ---- */

static void hear_lines(struct supervisor *s)
{
    char *field[VPORT_LINE_FIELDS];
    char *line = s->buffer, *end;

    while ((end = memchr(line, '\n', s->length - (size_t)(line - s->buffer))) != NULL) {
        unsigned count;

        *end = '\0';
        count = vport_line_split(line, field);
        s->request->line(s->request->context, field, count);
        line = end + 1;
    }
    s->length -= (size_t)(line - s->buffer);
    memmove(s->buffer, line, s->length);
    if (s->length == VPORT_LINE_MAX)
        s->length = 0; /* longer than any line that we write: nonsense */
}

/* false: the pipe is closed, or broken. */
static bool hear(struct supervisor *s)
{
    ssize_t count = read(s->events, s->buffer + s->length, VPORT_LINE_MAX - s->length);

    if (count < 0)
        return errno == EINTR;
    s->length += (size_t)count;
    hear_lines(s);
    return count > 0;
}

/* Until the end of the pipe (true), or until it takes too long (false). */
static bool listen_to_end(struct supervisor *s)
{
    struct pollfd poll_for = {.fd = s->events, .events = POLLIN};

    for (;;) {
        int64_t left = s->deadline < 0 ? -1 : s->deadline - now_ms();

        if (s->deadline >= 0 && left <= 0)
            return false;
        if (poll(&poll_for, 1, (int)left) > 0 && !hear(s))
            return true;
    }
}

/* Waits until the process is gone, for at most so long. */
static bool gone_within(struct supervisor *s, int64_t milliseconds, int *status)
{
    static const struct timespec nap = {0, NAP_MS * 1000000};
    int64_t until = now_ms() + milliseconds;

    while (waitpid(s->process, status, WNOHANG) == 0) {
        struct pollfd poll_for = {.fd = s->events, .events = POLLIN};

        if (now_ms() >= until)
            return false;
        if (poll(&poll_for, 1, 0) <= 0 || !hear(s))
            nanosleep(&nap, NULL);
    }
    return true;
}

/* Asks it where it is, then ends it. */
static void finish(struct supervisor *s, bool in_time, struct vport_supervisor_result *result)
{
    int status = 0;

    if (!in_time || !gone_within(s, GRACE_MS, &status)) {
        kill(s->process, SIGUSR2);
        if (!gone_within(s, GRACE_MS, &status)) {
            kill(s->process, SIGKILL);
            waitpid(s->process, &status, 0);
        }
        while (hear(s))
            ;
    }
    result->in_time = in_time;
    result->killed = WIFSIGNALED(status);
    result->signal = result->killed ? WTERMSIG(status) : 0;
    result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

static void collect(struct supervisor *s, struct vport_supervisor_result *result)
{
    off_t size = lseek(s->end[VPORT_FD_SCREEN], 0, SEEK_END);

    memcpy(&result->crash, s->crash, sizeof(result->crash));
    if (size <= VPORT_JOB_SCREEN) /* the driver may have made it any size */
        result->screen = vport_job_slurp(s->end[VPORT_FD_SCREEN], &result->screen_size);
}

int vport_supervise(const struct vport_supervisor_request *request,
                    struct vport_supervisor_result *result)
{
    struct supervisor s = {.request = request, .events = -1};
    int error = 0;

    memset(result, 0, sizeof(*result));
    for (int i = 0; i < VPORT_FD_END; i++)
        s.end[i] = -1;
    s.buffer = malloc(VPORT_LINE_MAX);
    s.deadline = request->timeout ? now_ms() + (int64_t)request->timeout * 1000 : -1;
    errno = ENOMEM;
    if (s.buffer && share(&s) && start(&s)) {
        finish(&s, listen_to_end(&s), result);
        collect(&s, result);
    } else {
        error = errno ? errno : EIO;
    }
    unshare_all(&s);
    return error;
}
