/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all: written under another name in the same directory, made
 * durable, then renamed. Opened before the work begins, so that a place that cannot be written to
 * is known early. Knows no pictures.
 */
#ifndef VPORT_CLI_OUTPUT_H
#define VPORT_CLI_OUTPUT_H

#include <stdio.h>

struct vport_output {
    FILE *stream;    /* write here; NULL: not open */
    char *path;      /* where it goes; symbolic links followed */
    char *temporary; /* the name it has until then; NULL while it has none, or when it is no regular
                        file */
};

/*
 * Something at `path` that is not a regular file (a terminal, /dev/stdout, a pipe) is written to
 * directly. Returns 0, or an errno value.
 */
int vport_output_open(struct vport_output *output, const char *path);
/* Puts the file into its place. Returns 0, or an errno value: then there is nothing new at `path`.
 * Closes in any case. */
int vport_output_commit(struct vport_output *output);
/* Leaves nothing behind. No-op when not open. */
void vport_output_abandon(struct vport_output *output);

#endif
