/* SPDX-License-Identifier: MIT */
/* One kernel: how it begins and ends, and what it is asked for by the rooms above. */
#include "nt/kernel.h"

#include <stdlib.h>

/*
 * Each event of the loop is another processor's doing: it may come while the thread stands on one
 * at any IRQL.
 */
static void run_on_processor(void *context, struct vport_event *event)
{
    struct vport_cpu cpu;

    vport_nt_enter(context, &cpu);
    event->run(event->context);
    vport_nt_leave(&cpu);
}

enum vport_status vport_nt_create(const struct vport_nt_config *config, struct vport_nt **result)
{
    struct vport_nt *nt =
        aligned_alloc(VPORT_CACHE_LINE, vport_align_up(sizeof(*nt), VPORT_CACHE_LINE));
    enum vport_status status;

    *result = NULL;
    if (!nt)
        return VPORT_E_NO_MEMORY;
    memset(nt, 0, sizeof(*nt));
    nt->loop = config->loop;
    nt->space = config->space;
    nt->reports = config->reports;
    nt->trace = config->trace;
    nt->hal = config->hal;
    nt->threaded = vport_loop_mode(config->loop) == VPORT_LOOP_THREADED;
    InitializeListHead(&nt->timers);
    InitializeListHead(&nt->contiguous);
    status = vport_nt_begin_mdls();
    if (status == VPORT_OK)
        status = vport_nt_begin_lookasides(nt);
    if (status == VPORT_OK)
        status = vport_nt_begin_registry(nt);
    if (status == VPORT_OK)
        status = vport_nt_begin_objects(nt);
    if (status != VPORT_OK) {
        vport_nt_end_registry(nt);
        free(nt);
        return status;
    }
    vport_loop_set_wrapper(nt->loop, run_on_processor, nt);
    *result = nt;
    return VPORT_OK;
}

void vport_nt_destroy(struct vport_nt *nt)
{
    struct vport_cpu cpu;

    if (!nt)
        return;
    vport_nt_enter(nt, &cpu);
    vport_nt_end_interrupts(nt);
    vport_nt_end_timers(nt);
    vport_nt_end_work_items(nt);
    vport_nt_end_drivers(nt);
    vport_nt_leave(&cpu);
    /* From here on no event of the loop is inside this kernel. */
    vport_loop_set_wrapper(nt->loop, NULL, NULL);
    vport_nt_end_objects(nt);
    vport_nt_end_mdls(nt);
    vport_nt_end_contiguous(nt);
    vport_nt_end_lookasides(nt);
    vport_nt_end_registry(nt);
    vport_nt_end_files(nt);
    vport_nt_end_pool(nt);
    free(nt);
}

void vport_nt_set_hal(struct vport_nt *nt, void *hal)
{
    nt->hal = hal;
}

void *vport_nt_hal(struct vport_nt *nt)
{
    return nt->hal;
}

struct vport_loop *vport_nt_loop(struct vport_nt *nt)
{
    return nt->loop;
}

struct vport_reports *vport_nt_reports(struct vport_nt *nt)
{
    return nt->reports;
}

struct vport_trace *vport_nt_trace(struct vport_nt *nt)
{
    return nt->trace;
}

void vport_nt_report(const char *rule, const void *site, const char *format, ...)
{
    struct vport_nt *nt = vport_nt_get();
    va_list args;

    if (!nt)
        return;
    va_start(args, format);
    vport_report_va(nt->reports, rule, site, format, args);
    va_end(args);
}
