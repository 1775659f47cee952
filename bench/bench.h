/* SPDX-License-Identifier: MIT */
/*
 * The benchmarks: groups of cases that are measured together, and the goals they are held against.
 * docs/performance.md says what each measures and how to read it.
 *
 * All cases of a group live in one process at once. A round runs each of them for about 2 ms, in an
 * order that is rotated from round to round. Only ratios within a round mean anything: a result is
 * the median over the rounds of case / reference. Nothing here prints.
 */
#ifndef VPORT_BENCH_BENCH_H
#define VPORT_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/host.h>

enum { VPORT_BENCH_NAME = 64, VPORT_BENCH_MOST_GROUPS = 16 };

/* ---- Cases: made by a group's `open` (bench/suite.h) ---- */

struct vport_bench_case {
    char name[VPORT_BENCH_NAME];      /* unique in its group */
    char reference[VPORT_BENCH_NAME]; /* the case it is divided by; "": it is a limit itself */
    const char *unit;                 /* what one unit is: "transfer", "page", "byte" */
    const char *series;               /* NULL: in no plot */
    double x;                         /* its place there */
    bool rate; /* its ratio is shown as speed (reference / case), not as time (case / reference) */
    /*
     * Timed by the clock on the wall, for cases on which more threads than one work: a round is
     * many short slices, and its figure their median. `prepare` (may be NULL) comes before each,
     * untimed.
     */
    bool wall;
    void (*prepare)(void *);
    double units;                              /* in one repetition */
    void (*run)(void *, uint64_t repetitions); /* NULL: `value` is all there is */
    bool (*check)(void *); /* moves data once and looks whether it is right; NULL: no data */
    void *context;
    double value; /* of a case that is not a time: its figure, in `unit`s */
};

struct vport_bench_quartiles {
    double low, median, high;
};

struct vport_bench_result {
    struct vport_bench_quartiles cost;  /* ns a unit, or the value */
    struct vport_bench_quartiles ratio; /* to the reference; 0 without one */
};

/* Something that a group would have measured beside the rest, and that is not here. */
struct vport_bench_missing {
    char what[VPORT_BENCH_NAME];
    char package[VPORT_BENCH_NAME]; /* Debian's, that has it */
    char why[VPORT_ERROR_TEXT];
};

enum { VPORT_BENCH_MOST_MISSING = 4 };

/* One group that has been measured. */
struct vport_bench_report {
    const struct vport_bench_group *group;
    struct vport_bench_case *cases;
    struct vport_bench_result *results;
    size_t count;
    unsigned rounds;
    double *ns; /* [case * rounds + round], ns a unit */
    struct vport_bench_missing missing[VPORT_BENCH_MOST_MISSING];
    size_t missing_count;
};

/* ---- Groups ---- */

struct vport_bench_suite;

struct vport_bench_group {
    const char *id;    /* "F" */
    const char *title; /* one line */
    bool (*open)(struct vport_bench_suite *suite);
};

/* All groups, in the order of the table; ends with NULL. */
extern const struct vport_bench_group *const vport_bench_groups[];

struct vport_bench_options {
    unsigned rounds;     /* >= 1; 15 for figures to be quoted */
    double milliseconds; /* a case takes in a round */
    bool quick;          /* leaves out cases that need more than 256 MiB of memory */
    void (*progress)(void *context, const char *group, unsigned step, unsigned steps);
    void *context;
};

/*
 * Measures one group. false: `error` (VPORT_ERROR_TEXT bytes) says why: no memory, a machine that
 * would not start, data that came out wrong, misuse of the port. The report is to be freed.
 */
bool vport_bench_measure(const struct vport_bench_group *group,
                         const struct vport_bench_options *options,
                         struct vport_bench_report *report, char *error);
void vport_bench_report_free(struct vport_bench_report *report);

/* ---- Goals ---- */

enum vport_bench_bound {
    VPORT_BENCH_AT_MOST,
    VPORT_BENCH_AT_LEAST,
};

/* One inequality of a goal. A goal is met when all of its inequalities are. */
struct vport_bench_goal {
    const char *id;                       /* "G1" */
    const char *group, *name, *reference; /* reference "": the cost itself is bounded */
    enum vport_bench_bound bound;         /* at least: of speed, reference / case */
    double limit;
    const char *control;  /* a case of the same group whose own ratio must reach `control_limit`, */
    double control_limit; /* else the machine was not quiet enough to tell; NULL: none */
};

/* What the goals say about others that cannot be measured here, and why. */
struct vport_bench_unmeasured {
    const char *id;
    const char *text;
};

extern const struct vport_bench_goal vport_bench_goal_list[];             /* ends with a NULL id */
extern const struct vport_bench_unmeasured vport_bench_unmeasured_list[]; /* the same */

enum vport_bench_verdict {
    VPORT_BENCH_MET,
    VPORT_BENCH_MISSED,
    VPORT_BENCH_CONTROL_FAILED,
    VPORT_BENCH_NOT_RUN, /* the case or its reference is not in the report */
};

enum vport_bench_verdict vport_bench_judge(const struct vport_bench_goal *goal,
                                           const struct vport_bench_report *report,
                                           struct vport_bench_quartiles *ratio);

#endif
