/* SPDX-License-Identifier: MIT */
/* The `videoport` command: finds the subcommand. A new one is one line in the table below and a
 * file of its own. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message.h"

static const struct vport_command *const commands[] = {
    &vport_command_blit,
    &vport_command_run,
    &vport_command_inspect,
    &vport_command_adapters,
    &vport_command_bench,
    &vport_command_machine_process,
    NULL,
};

static const char version[] = "videoport " VPORT_VERSION;

static const char usage_doc[] = "COMMAND [ARGUMENT...]";
static const char help_doc[] =
    "The Windows video port driver's DMA system on Linux: real miniport drivers, simulated "
    "hardware."
    "\vStart here:\n"
    "  videoport blit picture.png -o shot.png   move a picture through an adapter and back\n"
    "  videoport run driver.sys -o shot.png     run a Windows driver, and look at its screen\n"
    "  videoport inspect driver.sys             what a driver wants, without running it\n"
    "  videoport adapters                       which adapters there are, and their keys\n"
    "\n"
    "Exit status: 0 success; 1 failed, or pictures differ; 2 wrong usage; 3 something is missing "
    "here;\n4 a driver crashed.\n"
    "The manual is videoport(1).";

/* The list of commands goes between the usage line and the options. */
static char *help_filter(int key, const char *text, void *input)
{
    char *joined = NULL;
    size_t size = 0;
    FILE *stream;

    if (key != ARGP_KEY_HELP_PRE_DOC || (stream = open_memstream(&joined, &size)) == NULL)
        return (char *)text;
    fprintf(stream, "%s\n\nCommands:\n", text);
    for (const struct vport_command *const *command = commands; *command; command++)
        if ((*command)->summary)
            fprintf(stream, "  %-10s %s\n", (*command)->name, (*command)->summary);
    fprintf(stream, "  %-10s %s\n", "help", "explain a command: videoport help blit");
    return fclose(stream) == 0 ? joined : (char *)text;
}

struct main_arguments {
    int argc;    /* of the subcommand */
    char **argv; /* argv[0] is the subcommand's name; NULL: none given */
};

static error_t main_option(int key, char *argument, struct argp_state *state)
{
    struct main_arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        arguments->argv = &state->argv[state->next - 1];
        arguments->argc = state->argc - state->next + 1;
        state->next = state->argc; /* the rest is the subcommand's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no command given: blit, run, inspect, adapters, bench or help");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp main_argp = {
    .parser = main_option, .args_doc = usage_doc, .doc = help_doc, .help_filter = help_filter};

static const struct vport_command *command_find(const char *name)
{
    for (const struct vport_command *const *command = commands; *command; command++)
        if (strcmp((*command)->name, name) == 0)
            return *command;
    vport_message("there is no command '%s'", name);
    vport_message_hint("videoport help");
    return NULL;
}

static int command_run(const struct vport_command *command, int argc, char **argv)
{
    static char name[64]; /* messages use it until the end, stdout_close's too */

    snprintf(name, sizeof(name), "videoport %s", command->name);
    vport_message_program(name);
    argv[0] = name;
    return command->run(argc, argv);
}

/* `videoport help X` is `videoport X --help`. */
static int help_run(int argc, char **argv)
{
    static char help[] = "--help";
    static char name[] = "videoport";
    char *arguments[] = {name, help, NULL};
    const struct vport_command *command = argc > 1 ? command_find(argv[1]) : NULL;

    if (command)
        return command_run(command, 2, arguments);
    if (argc < 2)
        argp_parse(&main_argp, 2, arguments, ARGP_IN_ORDER, NULL, NULL); /* does not come back */
    return VPORT_EXIT_USAGE;
}

/* What was printed must have arrived, --help included, which leaves through exit(): a full disk is
 * a failure. */
static void stdout_close(void)
{
    if (fclose(stdout) != 0) {
        vport_message("standard output: %s", strerror(errno));
        _exit(VPORT_EXIT_FAILED);
    }
}

int main(int argc, char **argv)
{
    struct main_arguments arguments = {0};
    const struct vport_command *command;

    argp_program_version = version;
    argv[0] = program_invocation_short_name; /* what getopt and argp call us */
    argp_err_exit_status = VPORT_EXIT_USAGE;
    vport_message_program("videoport");
    atexit(stdout_close);
    if (argp_parse(&main_argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments) != 0)
        return VPORT_EXIT_USAGE;
    if (strcmp(arguments.argv[0], "help") == 0)
        return help_run(arguments.argc, arguments.argv);
    command = command_find(arguments.argv[0]);
    return command ? command_run(command, arguments.argc, arguments.argv) : VPORT_EXIT_USAGE;
}
