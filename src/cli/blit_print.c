/* SPDX-License-Identifier: MIT */
/* What `videoport blit` prints: a table for people, an object for programs. The object's fields are
 * promised in the manual. */
#include "cli/blit_job.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message.h"

struct style {
    const char *head, *good, *bad, *plain;
};

static struct style style_choose(void)
{
    if (vport_colour_allowed(STDOUT_FILENO))
        return (struct style){
            .head = "\033[1m", .good = "\033[32m", .bad = "\033[1;31m", .plain = "\033[0m"};
    return (struct style){"", "", "", ""};
}

enum { NUMBER_TEXT = 32 };

/* 1234567 -> "1 234 567" */
static const char *grouped(uint64_t value, char text[NUMBER_TEXT])
{
    char digits[NUMBER_TEXT];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
    char *to = text;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ' ';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

/* An adapter that gives no pictures back has one column: `from` is NULL. */
static void row(const char *name, const char *to, const char *from)
{
    if (from)
        printf("  %-14s %18s %18s\n", name, to, from);
    else
        printf("  %-14s %18s\n", name, to);
}

static void row_counts(const char *name, uint64_t to, const uint64_t *from)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];

    row(name, grouped(to, left), from ? grouped(*from, right) : NULL);
}

static void row_rates(const char *name, const char *format, double to, const double *from)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];

    snprintf(left, sizeof(left), format, to);
    if (from)
        snprintf(right, sizeof(right), format, *from);
    row(name, left, from ? right : NULL);
}

static double per_second(double amount, double seconds)
{
    return seconds > 0 ? amount / seconds : 0;
}

static void table_rates(const struct vport_blit_job *job, const struct vport_blit_outcome *outcome)
{
    const struct vport_machine_statistics *statistics = &outcome->statistics;
    double to = outcome->seconds_to, from = outcome->seconds_from;
    double milliseconds = from * 1e3, frames = per_second((double)job->repeat, from);
    double throughput = per_second((double)statistics->from_device.bytes / 1e6, from);
    bool back = outcome->read_back;

    row_rates("time", "%.2f ms", to * 1e3, back ? &milliseconds : NULL);
    row_rates("throughput", "%.0f MB/s", per_second((double)statistics->to_device.bytes / 1e6, to),
              back ? &throughput : NULL);
    if (job->repeat > 1)
        row_rates("frames", "%.1f /s", per_second((double)job->repeat, to), back ? &frames : NULL);
}

static void table_counts(const struct vport_blit_outcome *outcome)
{
    const struct vport_machine_direction *to = &outcome->statistics.to_device;
    const struct vport_machine_direction *from =
        outcome->read_back ? &outcome->statistics.from_device : NULL;

    row_counts("requests", to->requests, from ? &from->requests : NULL);
    row_counts("operations", to->operations, from ? &from->operations : NULL);
    row_counts("elements", to->elements, from ? &from->elements : NULL);
    row_counts("bytes", to->bytes, from ? &from->bytes : NULL);
    row_counts("bytes bounced", to->bounced_bytes, from ? &from->bounced_bytes : NULL);
    row_counts("queued", to->queued, from ? &from->queued : NULL);
}

static void verdict(const struct style *style, const char *what, bool different)
{
    printf("%-16s %s%s%s\n", what, different ? style->bad : style->good,
           different ? "DIFFERENT" : "identical", style->plain);
}

void vport_blit_print_table(const struct vport_blit_job *job,
                            const struct vport_blit_outcome *outcome)
{
    const struct vport_machine_statistics *statistics = &outcome->statistics;
    struct style style = style_choose();
    char text[NUMBER_TEXT];

    printf("%-16s %s%s%s, driver %s\n", "adapter", style.head, job->adapter, style.plain,
           statistics->driver);
    printf("%-16s %" PRIu32 " x %" PRIu32 " pixels, %s bytes\n\n", "picture", outcome->width,
           outcome->height, grouped(outcome->bytes, text));
    printf("%s", style.head);
    row("", "to the adapter", outcome->read_back ? "back from it" : NULL);
    printf("%s", style.plain);
    table_counts(outcome);
    table_rates(job, outcome);
    printf("\n%-16s %s granted, ", "map registers", grouped(statistics->map_registers, text));
    printf("%s most in use\n", grouped(statistics->map_registers_high_water, text));
    if (outcome->reports > 0)
        printf("%-16s %s%s%s\n", "misuse reports", style.bad, grouped(outcome->reports, text),
               style.plain);
    if (outcome->screen)
        verdict(&style, "shown picture", outcome->shown.found);
    else
        printf("%-16s none: this adapter has no screen\n", "shown picture");
    if (outcome->read_back)
        verdict(&style, "returned picture", outcome->returned.found);
    else
        printf("%-16s none: this adapter gives nothing back\n", "returned picture");
    if (job->screenshot)
        printf("%-16s %s\n", "screenshot", job->screenshot);
    if (job->trace)
        printf("%-16s %s\n", "trace", job->trace);
}

#define DIRECTION_JSON(counts, seconds)                                                            \
    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "requests", (json_int_t)(counts).requests,    \
              "operations", (json_int_t)(counts).operations, "elements",                           \
              (json_int_t)(counts).elements, "bytes", (json_int_t)(counts).bytes, "bounced_bytes", \
              (json_int_t)(counts).bounced_bytes, "queued", (json_int_t)(counts).queued,           \
              "seconds", (seconds))

int vport_blit_print_json(const struct vport_blit_outcome *outcome)
{
    const struct vport_machine_statistics *statistics = &outcome->statistics;
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:{s:I, s:I}, s:b}", "adapter", statistics->adapter,
        "driver", statistics->driver, "width", (json_int_t)outcome->width, "height",
        (json_int_t)outcome->height, "bytes", (json_int_t)outcome->bytes, "to_device",
        DIRECTION_JSON(statistics->to_device, outcome->seconds_to), "from_device",
        DIRECTION_JSON(statistics->from_device, outcome->seconds_from), "map_registers", "granted",
        (json_int_t)statistics->map_registers, "high_water",
        (json_int_t)statistics->map_registers_high_water, "identical",
        !outcome->shown.found && !outcome->returned.found);
    int failed = object ? json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;

    json_decref(object);
    if (failed) {
        vport_message("the JSON object cannot be printed");
        return VPORT_EXIT_FAILED;
    }
    putchar('\n');
    return VPORT_EXIT_OK;
}
