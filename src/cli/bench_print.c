/* SPDX-License-Identifier: MIT */
/* The tables and the JSON of `videoport bench`. Measures nothing. */
#include "cli/bench_print.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "dma/segment.h"

/* ---- The machine ---- */

static void processor_name(char *name, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];

    snprintf(name, size, "unknown");
    while (file && fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) == 0 && colon) {
            colon[strcspn(colon, "\n")] = '\0';
            snprintf(name, size, "%s", colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

struct machine {
    char processor[128];
    struct utsname system;
    long processors, memory; /* MiB */
    long cache;              /* KiB, the last level */
};

/* sysconf() would count caches of processors that a virtual machine does not have. */
static long cache_size(void)
{
    FILE *file = fopen("/sys/devices/system/cpu/cpu0/cache/index3/size", "r");
    long size = 0;

    if (file && fscanf(file, "%ldK", &size) != 1)
        size = 0;
    if (file)
        fclose(file);
    return size;
}

static void machine_look(struct machine *machine)
{
    processor_name(machine->processor, sizeof(machine->processor));
    uname(&machine->system);
    machine->processors = sysconf(_SC_NPROCESSORS_ONLN);
    machine->memory =
        (long)((long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / (1 << 20));
    machine->cache = cache_size();
}

/* ---- Tables ---- */

/* Bytes and pictures are shown as speed, everything else as time. */
static void print_cost(const struct vport_bench_case *which, double cost)
{
    if (!which->run)
        printf(" %10.0f %-12s", cost, which->unit);
    else if (strcmp(which->unit, "byte") == 0)
        printf(" %10.2f %-12s", 1 / cost, "GB/s");
    else if (strcmp(which->unit, "picture") == 0)
        printf(" %10.1f %-12s", 1e9 / cost, "pictures/s");
    else
        printf(" %10.3f ns/%-9s", cost, which->unit);
}

static void print_report(const struct vport_bench_report *report)
{
    printf("\n%s: %s (%u rounds)\n", report->group->id, report->group->title, report->rounds);
    printf("  %-38s %23s %8s %15s   %s\n", "case", "median", "ratio", "quartiles", "to");
    for (size_t i = 0; i < report->count; i++) {
        const struct vport_bench_case *which = &report->cases[i];
        const struct vport_bench_result *result = &report->results[i];

        printf("  %-38s", which->name);
        print_cost(which, result->cost.median);
        if (which->reference[0])
            printf(" %7.2fx %6.2f .. %-6.2f %s%s", result->ratio.median, result->ratio.low,
                   result->ratio.high, which->reference, which->rate ? " (speed)" : "");
        putchar('\n');
    }
    for (size_t i = 0; i < report->missing_count; i++)
        printf("  missing: %s (%s); Debian's package is %s\n", report->missing[i].what,
               report->missing[i].why, report->missing[i].package);
}

static const struct vport_bench_report *report_of(const struct vport_bench_report *reports,
                                                  size_t count, const char *group)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(reports[i].group->id, group) == 0)
            return &reports[i];
    return NULL;
}

static const char *const verdicts[] = {
    [VPORT_BENCH_MET] = "met",
    [VPORT_BENCH_MISSED] = "MISSED",
    [VPORT_BENCH_CONTROL_FAILED] = "control failed",
    [VPORT_BENCH_NOT_RUN] = "not run",
};

static void print_goal(const struct vport_bench_goal *goal, const struct vport_bench_report *report)
{
    struct vport_bench_quartiles ratio = {0};
    enum vport_bench_verdict verdict = vport_bench_judge(goal, report, &ratio);
    bool least = goal->bound == VPORT_BENCH_AT_LEAST;

    if (verdict == VPORT_BENCH_NOT_RUN)
        return;
    printf("  %-4s %-32s %s %-5.2f", goal->id, goal->name, least ? ">=" : "<=", goal->limit);
    printf(" %-36s %7.2f %6.2f .. %-6.2f %s\n", goal->reference[0] ? goal->reference : "ns a unit",
           ratio.median, ratio.low, ratio.high, verdicts[verdict]);
}

static void print_goals(const struct vport_bench_report *reports, size_t count)
{
    printf("\nGoals (<=: time / time of the reference; >=: speed / speed of the reference)\n");
    for (const struct vport_bench_goal *goal = vport_bench_goal_list; goal->id; goal++) {
        const struct vport_bench_report *report = report_of(reports, count, goal->group);

        if (report)
            print_goal(goal, report);
    }
    printf("\nNot measured here\n");
    for (const struct vport_bench_unmeasured *item = vport_bench_unmeasured_list; item->id; item++)
        printf("  %-4s %s\n", item->id, item->text);
}

void vport_bench_print_tables(const struct vport_bench_report *reports, size_t count)
{
    struct machine machine;

    machine_look(&machine);
    printf("%s, %ld processors, %ld KiB last-level cache, %ld MiB memory, %s %s; lists by %s\n",
           machine.processor, machine.processors, machine.cache, machine.memory,
           machine.system.sysname, machine.system.release, vport_segment_forms()[0]);
    for (size_t i = 0; i < count; i++)
        print_report(&reports[i]);
    print_goals(reports, count);
}

/* ---- JSON ---- */

static json_t *quartiles_json(const struct vport_bench_quartiles *quartiles)
{
    return json_pack("[f, f, f]", quartiles->low, quartiles->median, quartiles->high);
}

static json_t *case_json(const struct vport_bench_case *which,
                         const struct vport_bench_result *result)
{
    json_t *object = json_pack("{s:s, s:s, s:o}", "name", which->name, "unit", which->unit,
                               which->run ? "ns" : "value", quartiles_json(&result->cost));

    if (which->reference[0])
        json_object_set_new(object, "ratio",
                            json_pack("{s:s, s:b, s:o}", "to", which->reference, "speed",
                                      which->rate, "quartiles", quartiles_json(&result->ratio)));
    if (which->series)
        json_object_set_new(object, "plot",
                            json_pack("{s:s, s:f}", "series", which->series, "x", which->x));
    return object;
}

static json_t *missing_json(const struct vport_bench_report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->missing_count; i++)
        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "what", report->missing[i].what,
                                               "package", report->missing[i].package, "why",
                                               report->missing[i].why));
    return array;
}

static json_t *report_json(const struct vport_bench_report *report)
{
    json_t *cases = json_array();

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(cases, case_json(&report->cases[i], &report->results[i]));
    return json_pack("{s:s, s:s, s:i, s:o, s:o}", "group", report->group->id, "title",
                     report->group->title, "rounds", (int)report->rounds, "cases", cases, "missing",
                     missing_json(report));
}

static json_t *goal_json(const struct vport_bench_goal *goal,
                         const struct vport_bench_report *report)
{
    struct vport_bench_quartiles ratio = {0};
    enum vport_bench_verdict verdict = vport_bench_judge(goal, report, &ratio);

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:o, s:s}", "goal", goal->id, "group",
                     goal->group, "case", goal->name, "to", goal->reference, "bound",
                     goal->bound == VPORT_BENCH_AT_LEAST ? "at least" : "at most", "limit",
                     goal->limit, "quartiles", quartiles_json(&ratio), "verdict",
                     verdicts[verdict]);
}

static json_t *machine_json(void)
{
    struct machine machine;

    machine_look(&machine);
    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s}", "processor", machine.processor,
                     "processors", (json_int_t)machine.processors, "memory_mib",
                     (json_int_t)machine.memory, "cache_kib", (json_int_t)machine.cache, "system",
                     machine.system.sysname, "release", machine.system.release, "lists",
                     vport_segment_forms()[0]);
}

static json_t *unmeasured_json(void)
{
    json_t *array = json_array();

    for (const struct vport_bench_unmeasured *item = vport_bench_unmeasured_list; item->id; item++)
        json_array_append_new(array, json_pack("{s:s, s:s}", "goal", item->id, "text", item->text));
    return array;
}

bool vport_bench_print_json(FILE *stream, const struct vport_bench_report *reports, size_t count)
{
    json_t *groups = json_array(), *goals = json_array(), *all;
    int failed;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(groups, report_json(&reports[i]));
    for (const struct vport_bench_goal *goal = vport_bench_goal_list; goal->id; goal++) {
        const struct vport_bench_report *report = report_of(reports, count, goal->group);

        if (report)
            json_array_append_new(goals, goal_json(goal, report));
    }
    all = json_pack("{s:o, s:o, s:o, s:o}", "machine", machine_json(), "groups", groups, "goals",
                    goals, "unmeasured", unmeasured_json());
    failed = json_dumpf(all, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(all);
    return !failed && fputc('\n', stream) != EOF;
}
