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

static void row_counts(const char *name, uint64_t to, uint64_t from)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];

    printf("  %-14s %18s %18s\n", name, grouped(to, left), grouped(from, right));
}

static void row_rates(const char *name, const char *format, double to, double from)
{
    char left[NUMBER_TEXT], right[NUMBER_TEXT];

    snprintf(left, sizeof(left), format, to);
    snprintf(right, sizeof(right), format, from);
    printf("  %-14s %18s %18s\n", name, left, right);
}

static double per_second(double amount, double seconds)
{
    return seconds > 0 ? amount / seconds : 0;
}

static void table_rates(const struct vport_blit_job *job, const struct vport_blit_outcome *outcome)
{
    const struct vport_machine_statistics *statistics = &outcome->statistics;

    row_rates("time", "%.2f ms", outcome->seconds_to * 1e3, outcome->seconds_from * 1e3);
    row_rates("throughput", "%.0f MB/s",
              per_second((double)statistics->to_device.bytes / 1e6, outcome->seconds_to),
              per_second((double)statistics->from_device.bytes / 1e6, outcome->seconds_from));
    if (job->repeat > 1)
        row_rates("frames", "%.1f /s", per_second((double)job->repeat, outcome->seconds_to),
                  per_second((double)job->repeat, outcome->seconds_from));
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
    printf("%s  %-14s %18s %18s%s\n", style.head, "", "to the adapter", "back from it",
           style.plain);
    row_counts("requests", statistics->to_device.requests, statistics->from_device.requests);
    row_counts("operations", statistics->to_device.operations, statistics->from_device.operations);
    row_counts("elements", statistics->to_device.elements, statistics->from_device.elements);
    row_counts("bytes", statistics->to_device.bytes, statistics->from_device.bytes);
    row_counts("bytes bounced", statistics->to_device.bounced_bytes,
               statistics->from_device.bounced_bytes);
    row_counts("queued", statistics->to_device.queued, statistics->from_device.queued);
    table_rates(job, outcome);
    printf("\n%-16s %s granted, ", "map registers", grouped(statistics->map_registers, text));
    printf("%s most in use\n", grouped(statistics->map_registers_high_water, text));
    if (outcome->reports > 0)
        printf("%-16s %s%s%s\n", "misuse reports", style.bad, grouped(outcome->reports, text),
               style.plain);
    if (outcome->screen)
        verdict(&style, "shown picture", outcome->shown.found);
    if (outcome->read_back)
        verdict(&style, "returned picture", outcome->returned.found);
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
