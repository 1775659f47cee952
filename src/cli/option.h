/* SPDX-License-Identifier: MIT */
/* What the subcommands' options have in common. */
#ifndef VPORT_CLI_OPTION_H
#define VPORT_CLI_OPTION_H

#include <argp.h>
#include <stdint.h>

/* A decimal number from `least` to `most` (UINT64_MAX: any), or the usage error that says so. */
uint64_t vport_option_number(struct argp_state *state, const char *option, const char *text,
                             uint64_t least, uint64_t most);

/* For struct argp: leaves out argp's note on arguments of short options, which says nothing here.
 */
char *vport_option_help_filter(int key, const char *text, void *input);

#endif
