/* SPDX-License-Identifier: MIT */
/* `videoport run`: the command line. The work is in run_do.c, the two processes are src/run's. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/option.h"
#include "cli/run.h"

/* What drivers take is far less; on a computer with as little as 2 GiB this leaves some. */
#define MEMORY_DEFAULT (UINT64_C(1024) << 20)

enum {
    OPTION_IOCTL = 0x100,
    OPTION_MODE,
    OPTION_BLIT,
    OPTION_RELAY,
    OPTION_JSON,
    OPTION_SEED,
    OPTION_NO_SANDBOX,
    OPTION_TIMEOUT,
    OPTION_MEMORY,
};

static const struct argp_option options[] = {
    {"adapter", 'a', "NAME[:KEY=VALUE,...]", 0,
     "The adapter, 'sim' if not given; 'videoport adapters' lists all keys", 0},
    {"mode", OPTION_MODE, "WIDTHxHEIGHT[xBITS]", 0,
     "The display mode to set; without it, one near 1024x768", 0},
    {"ioctl", OPTION_IOCTL, "CODE[:in=FILE|HEX][:out=FILE][:size=BYTES]", 0,
     "Send this request, a number or a name like IOCTL_VIDEO_QUERY_CURRENT_MODE; may be repeated",
     0},
    {"blit", OPTION_BLIT, "PICTURE.png", 0,
     "Move a picture to the adapter and back by DMA, for drivers that know IOCTL_VPORT_BLIT", 0},
    {"screenshot", 'o', "SHOT.png", 0, "Write what the adapter shows to this file", 0},
    {"relay", OPTION_RELAY, NULL, 0, "Tell every call into and out of the driver", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object instead of lines", 0},
    {"seed", OPTION_SEED, "N", 0, "Decides how memory lies and what happens when (default 0)", 0},
    {"timeout", OPTION_TIMEOUT, "SECONDS", 0,
     "Stop a driver that has not come to its end by then (default 60; 0: never)", 0},
    {"memory", OPTION_MEMORY, "MIB", 0,
     "Let the driver take so much memory (default 1024; 0: all there is)", 0},
    {"no-sandbox", OPTION_NO_SANDBOX, NULL, 0,
     "Let the driver make any system call: for debuggers, with drivers you trust", 0},
    {0}};

static const char doc[] =
    "Run a Windows video miniport (.sys, x86-64 or i386), or one built as a shared object, in a "
    "process "
    "of its own: DriverEntry, FindAdapter, interrupt, children, Initialize, modes, set mode, map "
    "memory, "
    "draw, the requests given, power, reset, unload; and tell what it did."
    "\vExamples:\n"
    "  videoport run driver.sys -o shot.png\n"
    "  videoport run driver.sys --mode 800x600 --relay\n"
    "  videoport run driver.sys --ioctl QUERY_CURRENT_MODE:out=mode.bin\n"
    "\n"
    "Exit status: 0 it went well; 1 a step failed; 2 wrong usage; 3 something is missing here;\n"
    "4 the driver crashed, was stopped, or did not come back.";

static void mode_argument(struct argp_state *state, struct vport_job *job, const char *text)
{
    int used = 0, all = 0;

    sscanf(text, "%5" SCNu32 "x%5" SCNu32 "%nx%2" SCNu32 "%n", &job->width, &job->height, &used,
           &job->bits, &all);
    if (!used || (text[used] && (!all || text[all] || !job->bits)) || !job->width || !job->height)
        argp_error(state,
                   "--mode takes WIDTHxHEIGHT or WIDTHxHEIGHTxBITS, as in 800x600x16, not '%s'",
                   text);
}

static error_t run_option(int key, char *argument, struct argp_state *state)
{
    struct vport_run_options *run = state->input;
    const char *problem;

    switch (key) {
    case 'a':
        run->job.adapter = argument;
        return 0;
    case 'o':
        run->screenshot = argument;
        return 0;
    case OPTION_MODE:
        mode_argument(state, &run->job, argument);
        return 0;
    case OPTION_IOCTL:
        problem = vport_run_add_ioctl(run, argument);
        if (problem)
            argp_error(state, "--ioctl %s: %s", argument, problem);
        return 0;
    case OPTION_BLIT:
        run->picture = argument;
        return 0;
    case OPTION_RELAY:
        run->job.relay = true;
        return 0;
    case OPTION_JSON:
        run->json = true;
        return 0;
    case OPTION_SEED:
        run->job.seed = vport_option_number(state, "--seed", argument, 0, UINT64_MAX);
        return 0;
    case OPTION_TIMEOUT:
        run->timeout = (unsigned)vport_option_number(state, "--timeout", argument, 0, 1000000);
        return 0;
    case OPTION_MEMORY:
        run->job.memory = vport_option_number(state, "--memory", argument, 0, 1u << 20) << 20;
        return 0;
    case OPTION_NO_SANDBOX:
        run->sandbox = false;
        return 0;
    case ARGP_KEY_ARG:
        if (run->driver)
            argp_error(state, "one driver at a time: '%s' is too much", argument);
        run->driver = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which driver?");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run_main(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = run_option,
                                     .args_doc = "DRIVER",
                                     .doc = doc,
                                     .help_filter = vport_option_help_filter};
    struct vport_run_options run = {.job.memory = MEMORY_DEFAULT, .sandbox = true, .timeout = 60};

    if (argp_parse(&argp, argc, argv, 0, NULL, &run) != 0)
        return VPORT_EXIT_USAGE;
    return vport_run_do(&run);
}

const struct vport_command vport_command_run = {
    .name = "run", .summary = "run a driver's binary and tell what it does", .run = run_main};

static int machine_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return vport_run_machine();
}

/* Not for people: what `videoport run` starts. */
const struct vport_command vport_command_machine_process = {
    .name = "machine-process", .summary = NULL, .run = machine_main};
