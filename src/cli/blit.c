/* SPDX-License-Identifier: MIT */
/*
 * `videoport blit`: the command line. The work is in blit_job.c, what is printed in blit_print.c.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>

#include "cli/blit_job.h"
#include "cli/command.h"
#include "cli/option.h"

enum {
    OPTION_REPEAT = 0x100,
    OPTION_SEED,
    OPTION_JSON,
    OPTION_TRACE,
};

static const struct argp_option options[] = {
    {"adapter", 'a', "NAME[:KEY=VALUE,...]", 0,
     "The adapter, 'sim' if not given; 'videoport adapters' lists all keys", 0},
    {"output", 'o', "SHOT.png", 0, "Write what the adapter shows to this file", 0},
    {"repeat", OPTION_REPEAT, "N", 0, "Move N frames each way and tell frames per second", 0},
    {"seed", OPTION_SEED, "N", 0,
     "Decides how memory lies and in which order things happen (default 0)", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object instead of the table", 0},
    {"trace", OPTION_TRACE, "FILE", 0, "Write one line for everything that happens in the machine",
     0},
    {0}};

static const char doc[] =
    "Move a PNG picture from an ordinary buffer to an adapter by bus-master DMA, through its "
    "miniport; look at what the "
    "adapter shows; move it back by DMA; compare both with the file."
    "\vExamples:\n"
    "  videoport blit photo.png -o shot.png\n"
    "  videoport blit photo.png -a sim:sg=off,reach=24     old device: all bounces\n"
    "  videoport blit photo.png -a sim:map-registers=1     one page an operation\n"
    "  videoport blit photo.png --repeat 100               frames per second\n"
    "  videoport blit photo.png --seed 7 --trace run.txt   repeatable, line by line\n"
    "\n"
    "Exit status: 0 both identical; 1 different, or failed; 2 wrong usage;\n"
    "3 something is missing on this computer.";

struct blit_arguments {
    struct vport_blit_job job;
    bool json;
};

static error_t blit_option(int key, char *argument, struct argp_state *state)
{
    struct blit_arguments *arguments = state->input;
    struct vport_blit_job *job = &arguments->job;

    switch (key) {
    case 'a':
        job->adapter = argument;
        return 0;
    case 'o':
        job->screenshot = argument;
        return 0;
    case OPTION_REPEAT:
        job->repeat = (unsigned long)vport_option_number(state, "--repeat", argument, 1, ULONG_MAX);
        return 0;
    case OPTION_SEED:
        job->seed = vport_option_number(state, "--seed", argument, 0, UINT64_MAX);
        return 0;
    case OPTION_JSON:
        arguments->json = true;
        return 0;
    case OPTION_TRACE:
        job->trace = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (job->picture)
            argp_error(state, "one picture at a time: '%s' is too much", argument);
        job->picture = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which picture?");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int blit_main(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = blit_option,
                                     .args_doc = "PICTURE.png",
                                     .doc = doc,
                                     .help_filter = vport_option_help_filter};
    struct blit_arguments arguments = {.job = {.adapter = "sim", .repeat = 1}};
    struct vport_blit_outcome outcome;
    int code;

    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return VPORT_EXIT_USAGE;
    code = vport_blit_job_run(&arguments.job, &outcome);
    if (code != VPORT_EXIT_OK)
        return code;
    if (!arguments.json)
        vport_blit_print_table(&arguments.job, &outcome);
    else if (vport_blit_print_json(&outcome) != VPORT_EXIT_OK)
        return VPORT_EXIT_FAILED;
    return outcome.shown.found || outcome.returned.found ? VPORT_EXIT_FAILED : VPORT_EXIT_OK;
}

const struct vport_command vport_command_blit = {
    .name = "blit", .summary = "move a picture to an adapter and back by DMA", .run = blit_main};
