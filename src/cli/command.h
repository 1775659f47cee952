/* SPDX-License-Identifier: MIT */
/*
 * What a subcommand of `videoport` is. One file each; main.c's table is the only place that lists
 * them.
 */
#ifndef VPORT_CLI_COMMAND_H
#define VPORT_CLI_COMMAND_H

/* Exit codes, the same for every subcommand; docs/videoport.1 promises them. */
enum vport_exit {
    VPORT_EXIT_OK = 0,
    VPORT_EXIT_FAILED = 1,      /* it did not work, or the pictures differ */
    VPORT_EXIT_USAGE = 2,       /* the command line is wrong */
    VPORT_EXIT_ENVIRONMENT = 3, /* something is missing on this computer; the message names it */
    VPORT_EXIT_CRASHED = 4,     /* the driver crashed, was stopped, or did not come back */
};

struct vport_command {
    const char *name;    /* "blit" */
    const char *summary; /* one line for `videoport help`; NULL: not for people, not listed */
    /* argv[0] is "videoport NAME", for messages. Returns an enum vport_exit. */
    int (*run)(int argc, char **argv);
};

extern const struct vport_command vport_command_adapters;
extern const struct vport_command vport_command_bench;
extern const struct vport_command vport_command_blit;
extern const struct vport_command vport_command_inspect;
extern const struct vport_command vport_command_machine_process;
extern const struct vport_command vport_command_run;

#endif
