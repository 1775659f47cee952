/* SPDX-License-Identifier: MIT */
/* Reports: counts them per rule, keeps the first, hands each to the sink. Knows nothing of what the
 * rules mean. */
#include <videoport/report.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_SIZE = 32 };

struct kept_report {
    char rule[RULE_SIZE];
    char text[VPORT_REPORT_TEXT];
};

struct rule_count {
    struct rule_count *next;
    uint64_t count;
    char rule[RULE_SIZE];
};

struct vport_reports {
    pthread_mutex_t lock; /* never held while the sink runs */
    vport_report_sink *sink;
    void *context;
    uint64_t count;
    struct rule_count *rules;
    size_t kept;
    struct kept_report reports[VPORT_REPORT_KEEP];
};

struct vport_reports *vport_reports_create(vport_report_sink *sink, void *context)
{
    struct vport_reports *reports = calloc(1, sizeof(*reports));

    if (!reports)
        return NULL;
    pthread_mutex_init(&reports->lock, NULL);
    reports->sink = sink;
    reports->context = context;
    return reports;
}

static void forget(struct vport_reports *reports)
{
    struct rule_count *rule;

    while ((rule = reports->rules)) {
        reports->rules = rule->next;
        free(rule);
    }
    reports->count = 0;
    reports->kept = 0;
}

void vport_reports_destroy(struct vport_reports *reports)
{
    if (!reports)
        return;
    forget(reports);
    pthread_mutex_destroy(&reports->lock);
    free(reports);
}

void vport_reports_clear(struct vport_reports *reports)
{
    pthread_mutex_lock(&reports->lock);
    forget(reports);
    pthread_mutex_unlock(&reports->lock);
}

static struct rule_count *find_rule(struct vport_reports *reports, const char *rule)
{
    struct rule_count *found = reports->rules;

    while (found && strncmp(found->rule, rule, RULE_SIZE - 1) != 0)
        found = found->next;
    return found;
}

/* Without memory for a new rule the report still counts among all. */
static void count_rule(struct vport_reports *reports, const char *rule)
{
    struct rule_count *found = find_rule(reports, rule);

    if (!found) {
        found = calloc(1, sizeof(*found));
        if (!found)
            return;
        snprintf(found->rule, sizeof(found->rule), "%s", rule);
        found->next = reports->rules;
        reports->rules = found;
    }
    found->count++;
}

/* Copies what fits, and ends it. */
static void keep(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);

    memcpy(to, from, length);
    to[length] = '\0';
}

/* Returns the report's number. */
static uint64_t record(struct vport_reports *reports, const char *rule, const char *text)
{
    uint64_t number;

    pthread_mutex_lock(&reports->lock);
    number = ++reports->count;
    count_rule(reports, rule);
    if (reports->kept < VPORT_REPORT_KEEP) {
        struct kept_report *kept = &reports->reports[reports->kept++];

        keep(kept->rule, sizeof(kept->rule), rule);
        keep(kept->text, sizeof(kept->text), text);
    }
    pthread_mutex_unlock(&reports->lock);
    return number;
}

void vport_report_va(struct vport_reports *reports, const char *rule, const void *site,
                     const char *format, va_list args)
{
    char text[VPORT_REPORT_TEXT];
    struct vport_report report = {.rule = rule, .text = text, .site = site};

    if (!reports)
        return;
    vsnprintf(text, sizeof(text), format, args);
    report.number = record(reports, rule, text);
    if (reports->sink)
        reports->sink(reports->context, &report);
}

void vport_report(struct vport_reports *reports, const char *rule, const void *site,
                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vport_report_va(reports, rule, site, format, args);
    va_end(args);
}

uint64_t vport_reports_count(struct vport_reports *reports, const char *rule)
{
    struct rule_count *found;
    uint64_t count;

    if (!reports)
        return 0;
    pthread_mutex_lock(&reports->lock);
    found = rule ? find_rule(reports, rule) : NULL;
    count = !rule ? reports->count : found ? found->count : 0;
    pthread_mutex_unlock(&reports->lock);
    return count;
}

int vport_reports_get(struct vport_reports *reports, size_t index, char *rule, size_t rule_size,
                      char *text, size_t text_size)
{
    int result = -1;

    pthread_mutex_lock(&reports->lock);
    if (index < reports->kept) {
        snprintf(rule, rule_size, "%s", reports->reports[index].rule);
        snprintf(text, text_size, "%s", reports->reports[index].text);
        result = 0;
    }
    pthread_mutex_unlock(&reports->lock);
    return result;
}
