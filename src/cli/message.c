/* SPDX-License-Identifier: MIT */
/* Messages and progress on standard error. One lock keeps them from writing into each other. */
#include "cli/message.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PROGRESS_FIRST_MS = 500,
    PROGRESS_EVERY_MS = 100,
};

static const char *program = "videoport";

static struct {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t thread;
    bool running;
    bool painted; /* there is a line to wipe away */
    const char *phase;
    unsigned long step, steps;
    struct timespec begin;
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER};

void vport_message_program(const char *name)
{
    program = name;
}

static void progress_wipe(void)
{
    if (progress.painted)
        fputs("\r\033[K", stderr);
    progress.painted = false;
}

void vport_message(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    pthread_mutex_lock(&progress.lock);
    progress_wipe();
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    pthread_mutex_unlock(&progress.lock);
    va_end(args);
}

void vport_message_hint(const char *command)
{
    fprintf(stderr, "Try '%s' for more information.\n", command);
}

static void progress_paint(void)
{
    struct timespec now;
    double seconds;

    clock_gettime(CLOCK_MONOTONIC, &now);
    seconds = (double)(now.tv_sec - progress.begin.tv_sec) +
              (double)(now.tv_nsec - progress.begin.tv_nsec) / 1e9;
    fprintf(stderr, "\r\033[K%s: %s", program, progress.phase);
    if (progress.steps > 1)
        fprintf(stderr, " %lu of %lu", progress.step, progress.steps);
    fprintf(stderr, " (%.1f s)", seconds);
    fflush(stderr);
    progress.painted = true;
}

static void *progress_run(void *unused)
{
    struct timespec due = progress.begin;
    long step = PROGRESS_FIRST_MS;
    sigset_t all;

    (void)unused;
    sigfillset(&all);
    /* Signals are the main thread's, which may have to hold them off. */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    pthread_mutex_lock(&progress.lock);
    while (progress.running) {
        due.tv_nsec += step * 1000000L;
        due.tv_sec += due.tv_nsec / 1000000000L;
        due.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&progress.ended, &progress.lock, &due) != 0 && progress.phase)
            progress_paint();
        step = PROGRESS_EVERY_MS;
    }
    progress_wipe();
    pthread_mutex_unlock(&progress.lock);
    return NULL;
}

void vport_progress_begin(void)
{
    pthread_condattr_t attributes;
    const char *terminal = getenv("TERM");

    if (!isatty(STDERR_FILENO) || !terminal || strcmp(terminal, "dumb") == 0)
        return;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress.ended, &attributes);
    pthread_condattr_destroy(&attributes);
    clock_gettime(CLOCK_MONOTONIC, &progress.begin);
    progress.running = true;
    if (pthread_create(&progress.thread, NULL, progress_run, NULL) != 0)
        progress.running = false; /* no progress line is no failure */
}

void vport_progress_phase(const char *phase, unsigned long step, unsigned long steps)
{
    pthread_mutex_lock(&progress.lock);
    progress.phase = phase;
    progress.step = step;
    progress.steps = steps;
    pthread_mutex_unlock(&progress.lock);
}

void vport_progress_end(void)
{
    if (!progress.running)
        return;
    pthread_mutex_lock(&progress.lock);
    progress.running = false;
    pthread_cond_signal(&progress.ended);
    pthread_mutex_unlock(&progress.lock);
    pthread_join(progress.thread, NULL);
}

bool vport_colour_allowed(int descriptor)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return isatty(descriptor) && !(no_color && *no_color) && terminal &&
           strcmp(terminal, "dumb") != 0;
}
