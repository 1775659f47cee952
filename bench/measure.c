/* SPDX-License-Identifier: MIT */
/* The rounds, and what comes of them. Knows no group. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suite.h"

enum { SLICES = 21 };

/*
 * A case of one thread is charged what that thread had of a processor: on a computer that does
 * other things too, waiting for one is no cost of the case's.
 */
static double now(const struct vport_bench_case *which)
{
    struct timespec time;

    clock_gettime(which->wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double time_of(const struct vport_bench_case *which, uint64_t repetitions)
{
    double begin;

    if (which->prepare)
        which->prepare(which->context);
    begin = now(which);

    which->run(which->context, repetitions);
    return now(which) - begin;
}

/* The best of some: the others were interrupted. */
static double best_time_of(const struct vport_bench_case *which, uint64_t repetitions)
{
    double best = time_of(which, repetitions);

    for (unsigned i = 1; i < (which->wall ? SLICES : 2); i++)
        best = fmin(best, time_of(which, repetitions));
    return best;
}

/* As many repetitions as take `goal` ns; at least one. */
static uint64_t calibrate(const struct vport_bench_case *which, double goal)
{
    uint64_t repetitions = 1;
    double took;

    while ((took = best_time_of(which, repetitions)) < goal / 2 && repetitions < UINT64_C(1) << 40)
        repetitions = took < goal / 64 ? 8 * repetitions : 2 * repetitions;
    return (uint64_t)fmax(1, (double)repetitions * goal / took);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static struct vport_bench_quartiles quartiles(double *values, unsigned count)
{
    qsort(values, count, sizeof(*values), compare);
    return (struct vport_bench_quartiles){values[count / 4], values[count / 2],
                                          values[count - 1 - count / 4]};
}

static long find_case(const struct vport_bench_report *report, const char *name)
{
    for (size_t i = 0; i < report->count; i++)
        if (!strcmp(report->cases[i].name, name))
            return (long)i;
    return -1;
}

/* Over the rounds: case / reference, or the other way round. `scratch` holds a round's worth. */
static struct vport_bench_quartiles ratio_of(const struct vport_bench_report *report, long which,
                                             long reference, bool rate, double *scratch)
{
    const double *a = report->ns + which * report->rounds,
                 *b = report->ns + reference * report->rounds;

    for (unsigned i = 0; i < report->rounds; i++)
        scratch[i] = rate ? b[i] / a[i] : a[i] / b[i];
    return quartiles(scratch, report->rounds);
}

static bool evaluate(struct vport_bench_report *report, char *error)
{
    double *scratch = calloc(report->rounds, sizeof(*scratch));

    for (size_t i = 0; scratch && i < report->count; i++) {
        const struct vport_bench_case *which = &report->cases[i];
        long reference = find_case(report, which->reference);

        memcpy(scratch, report->ns + i * report->rounds, report->rounds * sizeof(*scratch));
        report->results[i].cost = quartiles(scratch, report->rounds);
        if (which->reference[0] && reference < 0) {
            snprintf(error, VPORT_ERROR_TEXT, "case '%s' has no reference '%s'", which->name,
                     which->reference);
            free(scratch);
            return false;
        }
        if (which->reference[0])
            report->results[i].ratio = ratio_of(report, (long)i, reference, which->rate, scratch);
    }
    free(scratch);
    return scratch != NULL;
}

static bool check_all(struct vport_bench_suite *suite)
{
    for (size_t i = 0; i < suite->count; i++)
        if (suite->cases[i].check && !suite->cases[i].check(suite->cases[i].context))
            return vport_bench_fail(suite, "'%s' moves wrong data", suite->cases[i].name);
    return true;
}

/* One round of a case: ns a unit. */
static double round_of(const struct vport_bench_case *which, uint64_t repetitions)
{
    double slices[SLICES];

    if (!which->run)
        return which->value;
    if (!which->wall)
        return time_of(which, repetitions) / ((double)repetitions * which->units);
    for (unsigned i = 0; i < SLICES; i++)
        slices[i] = time_of(which, repetitions) / ((double)repetitions * which->units);
    return quartiles(slices, SLICES).median;
}

static void measure_rounds(struct vport_bench_report *report,
                           const struct vport_bench_options *options, const uint64_t *repetitions)
{
    for (unsigned round = 0; round < report->rounds; round++) {
        options->progress(options->context, report->group->id, round + 1, report->rounds);
        for (size_t k = 0; k < report->count; k++) {
            size_t i = (k + round) % report->count;

            report->ns[i * report->rounds + round] = round_of(&report->cases[i], repetitions[i]);
        }
    }
}

static bool report_make(struct vport_bench_report *report, struct vport_bench_suite *suite)
{
    report->cases = suite->cases;
    report->count = suite->count;
    suite->cases = NULL;
    memcpy(report->missing, suite->missing, sizeof(report->missing));
    report->missing_count = suite->missing_count;
    report->results = calloc(report->count, sizeof(*report->results));
    report->ns = calloc(report->count * report->rounds, sizeof(*report->ns));
    return report->results && report->ns;
}

static bool measure_cases(struct vport_bench_report *report, struct vport_bench_suite *suite,
                          char *error)
{
    uint64_t *repetitions = calloc(suite->count, sizeof(*repetitions));
    bool done = repetitions && report_make(report, suite);

    for (size_t i = 0; done && i < report->count; i++)
        if (report->cases[i].run)
            repetitions[i] = calibrate(&report->cases[i], suite->options->milliseconds * 1e6 /
                                                              (report->cases[i].wall ? SLICES : 1));
    if (done)
        measure_rounds(report, suite->options, repetitions);
    free(repetitions);
    return done && evaluate(report, error);
}

bool vport_bench_measure(const struct vport_bench_group *group,
                         const struct vport_bench_options *options,
                         struct vport_bench_report *report, char *error)
{
    struct vport_bench_suite suite = {.options = options};
    bool done;
    uint64_t reports;

    *report = (struct vport_bench_report){.group = group, .rounds = options->rounds};
    snprintf(error, VPORT_ERROR_TEXT, "out of memory");
    options->progress(options->context, group->id, 0, options->rounds);
    done = group->open(&suite) && check_all(&suite) && measure_cases(report, &suite, error);
    reports = vport_bench_suite_end(&suite);
    free(suite.cases);
    if (suite.failed)
        memcpy(error, suite.error, VPORT_ERROR_TEXT);
    else if (done && reports)
        snprintf(error, VPORT_ERROR_TEXT, "the port reported %llu mistakes of the benchmark's",
                 (unsigned long long)reports);
    if (done && !reports && !suite.failed)
        return true;
    vport_bench_report_free(report);
    return false;
}

void vport_bench_report_free(struct vport_bench_report *report)
{
    free(report->cases);
    free(report->results);
    free(report->ns);
    report->cases = NULL;
    report->results = NULL;
    report->ns = NULL;
}

/* ---- Goals ---- */

static bool control_holds(const struct vport_bench_goal *goal,
                          const struct vport_bench_report *report)
{
    long control = goal->control ? find_case(report, goal->control) : -1;

    return !goal->control ||
           (control >= 0 && report->results[control].ratio.median >= goal->control_limit);
}

enum vport_bench_verdict vport_bench_judge(const struct vport_bench_goal *goal,
                                           const struct vport_bench_report *report,
                                           struct vport_bench_quartiles *ratio)
{
    long which = find_case(report, goal->name), reference = find_case(report, goal->reference);
    bool rate = goal->bound == VPORT_BENCH_AT_LEAST;
    double *scratch;

    if (which < 0 || (goal->reference[0] && reference < 0))
        return VPORT_BENCH_NOT_RUN;
    *ratio = report->results[which].cost;
    scratch = goal->reference[0] ? calloc(report->rounds, sizeof(*scratch)) : NULL;
    if (goal->reference[0] && !scratch)
        return VPORT_BENCH_NOT_RUN;
    if (scratch)
        *ratio = ratio_of(report, which, reference, rate, scratch);
    free(scratch);
    if (rate ? ratio->median >= goal->limit : ratio->median <= goal->limit)
        return VPORT_BENCH_MET;
    return control_holds(goal, report) ? VPORT_BENCH_MISSED : VPORT_BENCH_CONTROL_FAILED;
}
