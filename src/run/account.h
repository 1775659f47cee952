/* SPDX-License-Identifier: MIT */
/* The account of a run: what the machine process told, for people as it comes, or as one JSON
 * object. */
#ifndef VPORT_RUN_ACCOUNT_H
#define VPORT_RUN_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/supervisor.h"

struct vport_account;

/* `driver`: the file's bytes, an image or a shared object, for readable addresses. They stay the
 * caller's and in place. NULL: no memory. */
struct vport_account *vport_account_begin(const char *name, const void *driver, size_t size,
                                          bool json);
/* For struct vport_supervisor_request. */
void vport_account_line(void *account, char *field[], unsigned count);

/* The picture's size, if there was a screenshot. */
bool vport_account_screen(const struct vport_account *account, uint32_t *width, uint32_t *height);

/* Answers to a request, in the order in which they were sent: bytes, or NULL for none. */
const uint8_t *vport_account_output(const struct vport_account *account, unsigned index,
                                    size_t *length);

/* Prints the end and frees it. Returns an exit code: 0, 1 a step failed, 2 or 3 as the machine
 * process had it, 4 the driver crashed. */
int vport_account_end(struct vport_account *account, const struct vport_supervisor_result *result);

#endif
