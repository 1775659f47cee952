/* SPDX-License-Identifier: MIT */
/* Files whole or not at all. Where the file system has nameless files, even SIGKILL leaves nothing
 * behind. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void output_forget(struct vport_output *output)
{
    free(output->path);
    free(output->temporary);
    *output = (struct vport_output){0};
}

/* Where `path` leads to if it exists, else `path`; malloc'ed. */
static char *path_resolve(const char *path)
{
    char *resolved = realpath(path, NULL);

    return resolved ? resolved : strdup(path);
}

static char *path_directory(const char *path)
{
    char *copy = strdup(path);
    char *directory = copy ? strdup(dirname(copy)) : NULL;

    free(copy);
    return directory;
}

/* "DIR/.videoport.XXXXXX" for mkstemp; malloc'ed. */
static char *path_template(const char *path)
{
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash + 1 - path) : 0;
    char *template = NULL;

    return asprintf(&template, "%.*s.videoport.XXXXXX", directory, path) < 0 ? NULL : template;
}

/* A file in the directory of `path`: without a name if possible, else with one in *temporary.
 * Returns the descriptor or -1. */
static int temporary_open(const char *path, char **temporary)
{
    char *directory = path_directory(path);
    int descriptor;
    mode_t mask;

    if (!directory)
        return -1;
    descriptor = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(directory);
    /* EISDIR: a kernel, EOPNOTSUPP: a file system, that has no nameless files. */
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
        return descriptor;
    *temporary = path_template(path);
    descriptor = *temporary ? mkostemp(*temporary, O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        mask = umask(0);
        umask(mask);
        fchmod(descriptor, 0666 & ~mask);
    }
    return descriptor;
}

int vport_output_open(struct vport_output *output, const char *path)
{
    struct stat status;
    size_t length = strlen(path);
    int descriptor;
    int error;

    *output = (struct vport_output){0};
    if (length == 0 || path[length - 1] == '/')
        return length == 0 ? ENOENT : EISDIR; /* rename would say so, but only after the work */
    output->path = path_resolve(path);
    if (!output->path)
        return ENOMEM;
    if (stat(output->path, &status) != 0)
        descriptor = errno == ENOENT ? temporary_open(output->path, &output->temporary) : -1;
    else if (!S_ISREG(status.st_mode))
        descriptor = open(output->path, O_WRONLY | O_CLOEXEC);
    else if (access(output->path, W_OK) != 0) /* rename would not ask */
        descriptor = -1;
    else
        descriptor = temporary_open(output->path, &output->temporary);
    output->stream = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (output->stream)
        return 0;
    error = errno;
    if (descriptor >= 0)
        close(descriptor);
    output_forget(output);
    return error;
}

/* A name for a nameless file. `name` must not exist. Returns 0 or an errno value. */
static int temporary_link(const struct vport_output *output, const char *name)
{
    char descriptor[64];

    snprintf(descriptor, sizeof(descriptor), "/proc/self/fd/%d", fileno(output->stream));
    return linkat(AT_FDCWD, descriptor, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

/* Gives a nameless file a name next to its place; there is no link() that replaces. */
static int temporary_name(struct vport_output *output)
{
    int error = EEXIST;

    for (unsigned tries = 0; tries < 100 && error == EEXIST; tries++) {
        char *name = path_template(output->path);
        if (!name)
            return ENOMEM;
        snprintf(name + strlen(name) - 6, 7, "%06x", ((unsigned)getpid() * 101 + tries) & 0xffffff);
        error = temporary_link(output, name);
        if (error == 0)
            output->temporary = name;
        else
            free(name);
    }
    return error;
}

/*
 * Puts the finished file into its place, in one step if that place is empty. Between the two steps
 * of a replacement only SIGKILL gets through.
 */
static int place(struct vport_output *output)
{
    int error = output->temporary ? EEXIST : temporary_link(output, output->path);

    if (error == EEXIST && !output->temporary)
        error = temporary_name(output);
    else if (error == EEXIST)
        error = 0;
    if (!error && output->temporary && rename(output->temporary, output->path) != 0)
        error = errno;
    return error;
}

/* No other thread of this program takes signals, so that blocking them here holds them off. */
static int place_undisturbed(struct vport_output *output)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = place(output);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static bool is_regular(int descriptor)
{
    struct stat status;

    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

int vport_output_commit(struct vport_output *output)
{
    bool regular = is_regular(fileno(output->stream));
    int error = 0;

    if (fflush(output->stream) != 0 || (regular && fsync(fileno(output->stream)) != 0))
        error = errno;
    if (!error && ferror(output->stream))
        error = EIO; /* an earlier write's; what it was is long gone */
    if (!error && regular)
        error = place_undisturbed(output);
    if (error) {
        vport_output_abandon(output);
        return error;
    }
    fclose(output->stream);
    output_forget(output);
    return 0;
}

void vport_output_abandon(struct vport_output *output)
{
    if (!output->stream)
        return;
    fclose(output->stream);
    if (output->temporary)
        unlink(output->temporary);
    output_forget(output);
}
