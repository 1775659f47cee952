/* SPDX-License-Identifier: MIT */
/* Whole files, in and out. */
#ifndef VPORT_CLI_FILE_H
#define VPORT_CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* A regular file's or a pipe's content of at most `most` bytes, malloc'ed; NULL: errno (EFBIG:
 * longer). */
void *vport_file_read(const char *path, size_t most, size_t *size);
/* The whole file or nothing (output.h). Says on standard error what goes wrong. */
bool vport_file_write(const char *path, const void *bytes, size_t size);

#endif
