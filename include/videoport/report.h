/* SPDX-License-Identifier: MIT */
/*
 * Reports: what a driver (or a device) did wrong, in words.
 *
 * A report never changes what the machine does next; the call that noticed the mistake has already
 * decided that. One channel belongs to one machine. Reports are counted per rule, kept (the first
 * VPORT_REPORT_KEEP of them, whole) and handed to a sink.
 */
#ifndef VIDEOPORT_REPORT_H
#define VIDEOPORT_REPORT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vport_reports;

struct vport_report {
    const char *rule; /* the clause: "SD-A3", "CD-A2"; docs/contract.md explains each */
    const char *text; /* one or more whole sentences, no newline at the end */
    const void *site; /* return address of the driver's call if known, else NULL */
    uint64_t number;  /* 1 for the first report of this channel */
};

/* Called on the thread that noticed, at any IRQL, with no lock of ours held. Must not call into the
 * machine. */
typedef void vport_report_sink(void *context, const struct vport_report *report);

enum { VPORT_REPORT_KEEP = 256, VPORT_REPORT_TEXT = 512 };

/* NULL when there is no memory. `sink` may be NULL: reports are then only counted and kept. */
struct vport_reports *vport_reports_create(vport_report_sink *sink, void *context);
void vport_reports_destroy(struct vport_reports *reports);

/* Any thread. A NULL channel swallows the report. Texts longer than VPORT_REPORT_TEXT are cut. */
void vport_report(struct vport_reports *reports, const char *rule, const void *site,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void vport_report_va(struct vport_reports *reports, const char *rule, const void *site,
                     const char *format, va_list args) __attribute__((format(printf, 4, 0)));

/* How many reports so far; of one rule, or of all when `rule` is NULL. */
uint64_t vport_reports_count(struct vport_reports *reports, const char *rule);

/* Copies the index-th kept report's rule and text. Returns 0, or -1 when there is no such report.
 * Sizes in bytes. */
int vport_reports_get(struct vport_reports *reports, size_t index, char *rule, size_t rule_size,
                      char *text, size_t text_size);

/* Forgets all counts and kept reports. */
void vport_reports_clear(struct vport_reports *reports);

#ifdef __cplusplus
}
#endif
#endif
