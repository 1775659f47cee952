/* SPDX-License-Identifier: MIT */
/* What the subcommands' options have in common. */
#include "cli/option.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

uint64_t vport_option_number(struct argp_state *state, const char *option, const char *text,
                             uint64_t least, uint64_t most)
{
    uint64_t value;
    char *end;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (isdigit((unsigned char)text[0]) && !*end && !errno && value >= least && value <= most)
        return value;
    if (most == UINT64_MAX)
        argp_error(state, "%s takes a whole number from %" PRIu64 " up, not '%s'", option, least,
                   text);
    else
        argp_error(state, "%s takes a whole number from %" PRIu64 " to %" PRIu64 ", not '%s'",
                   option, least, most, text);
    return least;
}

char *vport_option_help_filter(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}
