/* SPDX-License-Identifier: MIT */
/* `videoport bench`: measures, and says which goals were met. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "cli/bench_print.h"
#include "cli/command.h"
#include "cli/message.h"
#include "cli/option.h"
#include "cli/output.h"

enum {
    OPTION_JSON = 0x100,
    OPTION_QUICK,
    OPTION_ROUNDS,
    ROUNDS = 21,
    QUICK_ROUNDS = 7,
    MOST_ROUNDS = 10001,
};

struct bench_arguments {
    const char *output; /* path of a JSON file, or NULL */
    bool json, quick, chosen[VPORT_BENCH_MOST_GROUPS], any;
    unsigned rounds;
};

static const struct argp_option options[] = {
    {"json", OPTION_JSON, NULL, 0, "Print a JSON object instead of tables", 0},
    {"output", 'o', "FILE", 0, "Write the JSON object to FILE as well", 0},
    {"quick", OPTION_QUICK, NULL, 0, "Fewer rounds, less memory: for a first look only", 0},
    {"rounds", OPTION_ROUNDS, "N", 0, "Rounds a group is measured in (21; with --quick 7)", 0},
    {0}};

static const char doc[] =
    "Measure the DMA path beside its limits, and say which goals are met."
    "\vWithout a GROUP: all of them. All figures are medians of ratios within a round; only "
    "these can be compared, and only on a computer that is doing nothing else.\n"
    "\n"
    "Examples:\n"
    "  videoport bench\n"
    "  videoport bench F L --quick\n";

/* The groups go behind the options. */
static char *help_filter(int key, const char *text, void *input)
{
    char *joined = NULL;
    size_t size = 0;
    FILE *stream;

    (void)input;
    if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE)
        return NULL;
    if (key != ARGP_KEY_HELP_POST_DOC || !text || !(stream = open_memstream(&joined, &size)))
        return (char *)text;
    fprintf(stream, "%s\nGroups:\n", text);
    for (size_t i = 0; vport_bench_groups[i]; i++)
        fprintf(stream, "  %-2s %s\n", vport_bench_groups[i]->id, vport_bench_groups[i]->title);
    return fclose(stream) == 0 ? joined : (char *)text;
}

static void choose(struct bench_arguments *arguments, const char *id, struct argp_state *state)
{
    for (size_t i = 0; vport_bench_groups[i]; i++) {
        if (strcmp(vport_bench_groups[i]->id, id) == 0) {
            arguments->chosen[i] = arguments->any = true;
            return;
        }
    }
    argp_error(state, "there is no group '%s'; --help lists them", id);
}

static error_t bench_option(int key, char *argument, struct argp_state *state)
{
    struct bench_arguments *arguments = state->input;

    switch (key) {
    case OPTION_JSON:
        arguments->json = true;
        return 0;
    case 'o':
        arguments->output = argument;
        return 0;
    case OPTION_QUICK:
        arguments->quick = true;
        return 0;
    case OPTION_ROUNDS:
        arguments->rounds =
            (unsigned)vport_option_number(state, "--rounds", argument, 1, MOST_ROUNDS);
        return 0;
    case ARGP_KEY_ARG:
        choose(arguments, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void progress(void *context, const char *group, unsigned step, unsigned steps)
{
    (void)context;
    vport_progress_phase(group, step, steps);
}

static size_t measure(const struct bench_arguments *arguments, struct vport_bench_report *reports)
{
    struct vport_bench_options bench = {.rounds = arguments->rounds,
                                        .milliseconds = 2,
                                        .quick = arguments->quick,
                                        .progress = progress};
    char error[VPORT_ERROR_TEXT];
    size_t count = 0;

    if (!bench.rounds)
        bench.rounds = arguments->quick ? QUICK_ROUNDS : ROUNDS;
    vport_progress_begin();
    for (size_t i = 0; vport_bench_groups[i]; i++) {
        if (arguments->any && !arguments->chosen[i])
            continue;
        if (vport_bench_measure(vport_bench_groups[i], &bench, &reports[count], error)) {
            count++;
            continue;
        }
        vport_progress_end();
        vport_message("group %s: %s", vport_bench_groups[i]->id, error);
        while (count)
            vport_bench_report_free(&reports[--count]);
        return 0;
    }
    vport_progress_end();
    return count;
}

static int print(const struct bench_arguments *arguments, struct vport_output *output,
                 const struct vport_bench_report *reports, size_t count)
{
    bool written = true;
    int error;

    if (arguments->json)
        written = vport_bench_print_json(stdout, reports, count);
    else
        vport_bench_print_tables(reports, count);
    if (!output->stream)
        return written ? VPORT_EXIT_OK : VPORT_EXIT_FAILED;
    if (!vport_bench_print_json(output->stream, reports, count))
        error = errno ? errno : EIO;
    else
        error = vport_output_commit(output);
    if (error)
        vport_message("%s: not written: %s", arguments->output, strerror(error));
    return written && !error ? VPORT_EXIT_OK : VPORT_EXIT_FAILED;
}

static int bench_run(const struct bench_arguments *arguments, struct vport_output *output)
{
    struct vport_bench_report reports[VPORT_BENCH_MOST_GROUPS];
    size_t count = measure(arguments, reports);
    int code = count ? print(arguments, output, reports, count) : VPORT_EXIT_FAILED;

    while (count)
        vport_bench_report_free(&reports[--count]);
    return code;
}

static int bench_main(int argc, char **argv)
{
    static const struct argp argp = {.options = options,
                                     .parser = bench_option,
                                     .args_doc = "[GROUP...]",
                                     .doc = doc,
                                     .help_filter = help_filter};
    struct bench_arguments arguments = {0};
    struct vport_output output = {0};
    int error, code;

    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return VPORT_EXIT_USAGE;
    error = arguments.output ? vport_output_open(&output, arguments.output) : 0;
    if (error) {
        vport_message("%s: cannot be written: %s", arguments.output, strerror(error));
        return VPORT_EXIT_FAILED;
    }
    code = bench_run(&arguments, &output);
    vport_output_abandon(&output);
    return code;
}

const struct vport_command vport_command_bench = {
    .name = "bench", .summary = "measure the DMA path beside its limits", .run = bench_main};
