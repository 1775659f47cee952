/* SPDX-License-Identifier: MIT */
/*
 * A child process: see process.h. Between vfork and exec the child shares our memory and only makes
 * system calls, so that it is no matter what other threads are doing, how large this process is, or
 * what locks are held.
 */
#include "bus/qemu/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arith.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* ---- Finding it ---- */

static bool runnable(const char *path)
{
    return access(path, X_OK) == 0;
}

enum vport_status vport_qemu_process_find(const char *name, char *path, size_t size)
{
    const char *directory = getenv("PATH");

    if (!directory)
        directory = "/usr/local/bin:/usr/bin:/bin";
    for (;;) {
        size_t length = strcspn(directory, ":");
        int written = snprintf(path, size, "%.*s/%s", (int)length, directory, name);

        if (length > 0 && written > 0 && (size_t)written < size && runnable(path))
            return VPORT_OK;
        if (directory[length] == '\0')
            return VPORT_E_ENVIRONMENT;
        directory += length + 1;
    }
}

/* ---- Starting it ---- */

/* All that the child needs, made ready before it exists. */
struct child {
    const char *path;
    char *const *arguments;
    const int *keep;
    size_t kept;
    int null;
    int words;
    int files; /* descriptors there can be */
    pid_t parent;
};

/* Handlers are functions of a program that is not there any more; what is ignored stays ignored. */
static void reset_signals(void)
{
    struct sigaction action;

    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            memset(&action, 0, sizeof(action));
            action.sa_handler = SIG_DFL;
            sigaction(number, &action, NULL);
        }
    }
    sigemptyset(&action.sa_mask);
    sigprocmask(SIG_SETMASK, &action.sa_mask, NULL);
}

static void keep_files(const struct child *child)
{
    if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
        for (int fd = 3; fd < child->files; fd++)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < child->kept; i++)
        fcntl(child->keep[i], F_SETFD, 0);
}

static void say_error(const char *text, int error)
{
    char line[64];
    size_t length = strlen(text);

    memcpy(line, text, length);
    if (error >= 100)
        line[length++] = (char)('0' + error / 100);
    line[length++] = (char)('0' + error / 10 % 10);
    line[length++] = (char)('0' + error % 10);
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* then the exit code has to do */
}

/* In the child. A group of its own: the terminal's Ctrl-C is for us, who then end it in order. */
static void __attribute__((noreturn)) become(const struct child *child)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != child->parent)
        _exit(127); /* whoever wanted us died before the line above */
    setpgid(0, 0);
    dup2(child->null, STDIN_FILENO);
    dup2(child->null, STDOUT_FILENO);
    dup2(child->words, STDERR_FILENO);
    keep_files(child);
    reset_signals();
    execve(child->path, child->arguments, environ);
    say_error("execve: error ", errno);
    _exit(127);
}

/* No handler of ours may run in the child while it shares our memory. */
static pid_t spawn(const struct child *child)
{
    sigset_t all;
    sigset_t before;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0)
        become(child);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

int vport_qemu_process_file(int fd)
{
    int higher;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    return higher;
}

static int descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 65536)
        return 65536;
    return (int)limit.rlim_cur;
}

enum vport_status vport_qemu_process_start(struct vport_qemu_process *process, const char *path,
                                           char *const *arguments, const int *keep, size_t kept)
{
    struct child child = {.path = path,
                          .arguments = arguments,
                          .keep = keep,
                          .kept = kept,
                          .null = vport_qemu_process_file(open("/dev/null", O_RDWR | O_CLOEXEC)),
                          .words = process->words,
                          .files = descriptors(),
                          .parent = getpid()};
    pid_t pid = child.null < 0 ? -1 : spawn(&child);

    if (child.null >= 0)
        close(child.null);
    if (pid < 0)
        return VPORT_E_NO_MEMORY;
    pthread_mutex_lock(&process->lock);
    process->pid = pid;
    pthread_mutex_unlock(&process->lock);
    return VPORT_OK;
}

/* ---- Ending it ---- */

/* Under the lock. Never blocks. */
static bool reap(struct vport_qemu_process *process)
{
    pid_t pid;

    if (process->pid == 0 || process->ended)
        return true;
    do {
        pid = waitpid(process->pid, &process->outcome, WNOHANG);
    } while (pid < 0 && errno == EINTR);
    if (pid == 0)
        return false;
    if (pid < 0)
        process->outcome = -1;
    process->ended = true;
    return true;
}

static bool has_ended(struct vport_qemu_process *process)
{
    bool ended;

    pthread_mutex_lock(&process->lock);
    ended = reap(process);
    pthread_mutex_unlock(&process->lock);
    return ended;
}

bool vport_qemu_process_wait(struct vport_qemu_process *process, unsigned ms)
{
    const uint64_t limit = (uint64_t)ms * 1000;
    uint64_t pause = 100;

    for (uint64_t waited = 0; !has_ended(process); waited += pause) {
        struct timespec time;

        if (waited >= limit)
            return false;
        pause = vport_min_u64(vport_min_u64(2 * pause, 5000), limit - waited + 1);
        time = (struct timespec){.tv_nsec = (long)pause * 1000};
        nanosleep(&time, NULL);
    }
    return true;
}

/* Under the lock as long as it is not waited for its number cannot become somebody else's. */
static void send_signal(struct vport_qemu_process *process, int number)
{
    pthread_mutex_lock(&process->lock);
    if (!reap(process))
        kill(process->pid, number);
    pthread_mutex_unlock(&process->lock);
}

bool vport_qemu_process_end(struct vport_qemu_process *process, unsigned ms)
{
    static const int firmer[] = {SIGTERM, SIGKILL};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(firmer); i++) {
        if (vport_qemu_process_wait(process, ms))
            return true;
        send_signal(process, firmer[i]);
        ms = vport_max_u64(ms, 1000);
    }
    return vport_qemu_process_wait(process, 5000);
}

/* ---- What it said ---- */

/* One line of what it said; warnings are not why a program ends. */
static size_t add_words(const char *line, size_t length, char *text, size_t used, size_t size)
{
    size_t take = vport_min_u64(length, size - 1 - used);

    if (length == 0 || memmem(line, length, "warning: ", strlen("warning: ")))
        return used;
    for (size_t i = 0; i < take; i++)
        text[used + i] = (unsigned char)line[i] < ' ' || line[i] == 0x7f ? ' ' : line[i];
    used += take;
    if (used < size - 1)
        text[used++] = ' ';
    return used;
}

/* The first of what it said, in one line: what comes later is a dump of something. false if there
 * is nothing. */
static bool words(const struct vport_qemu_process *process, char *text, size_t size)
{
    char said[2048];
    ssize_t got = pread(process->words, said, sizeof(said), 0);
    size_t length = got > 0 ? (size_t)got : 0;
    size_t used = 0;

    for (size_t at = 0, line; at < length; at += line + 1) {
        const char *end = memchr(said + at, '\n', length - at);

        line = end ? (size_t)(end - said) - at : length - at;
        used = add_words(said + at, line, text, used, size);
    }
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
    return used > 0;
}

static int describe_end(const struct vport_qemu_process *process, char *text, size_t size)
{
    if (process->pid == 0)
        return snprintf(text, size, "was never started");
    if (!process->ended)
        return snprintf(text, size, "is still running");
    if (process->outcome == -1)
        return snprintf(text, size, "ended");
    if (WIFSIGNALED(process->outcome))
        return snprintf(text, size, "was killed by signal %d", WTERMSIG(process->outcome));
    return snprintf(text, size, "ended with code %d", WEXITSTATUS(process->outcome));
}

void vport_qemu_process_describe(struct vport_qemu_process *process, char *text, size_t size)
{
    char said[256];
    int length;

    pthread_mutex_lock(&process->lock);
    reap(process);
    length = describe_end(process, text, size);
    if (words(process, said, sizeof(said)) && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, ", saying: %s", said);
    pthread_mutex_unlock(&process->lock);
}

/* ---- Life ---- */

enum vport_status vport_qemu_process_init(struct vport_qemu_process *process)
{
    int words = memfd_create("videoport-words", MFD_CLOEXEC);

    *process = (struct vport_qemu_process){.words = vport_qemu_process_file(words)};
    if (process->words < 0)
        return VPORT_E_NO_MEMORY;
    pthread_mutex_init(&process->lock, NULL);
    return VPORT_OK;
}

void vport_qemu_process_fini(struct vport_qemu_process *process)
{
    close(process->words);
    pthread_mutex_destroy(&process->lock);
}
