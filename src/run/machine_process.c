/* SPDX-License-Identifier: MIT */
/*
 * The machine process: builds the machine, loads the driver, gives up all it can, and leads the
 * driver's life. What there is to say goes out as events. Knows no terminal and no file name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/driver_image.h"
#include "host/inside.h"
#include "ldr/thunk.h"
#include "run/crash.h"
#include "run/jail.h"
#include "run/job.h"
#include "run/life.h"
#include "run/line.h"
#include "run/object.h"
#include "run/relay.h"
#include "run/trap.h"

enum { FAILED = 1, ENVIRONMENT = 3 };

/* The one machine of this process: signal handlers and thunks belong to the process, too. */
static struct {
    struct vport_job job;
    struct vport_machine *machine;
    struct vport_driver_image *image;
    vport_driver entry;
} run;

static int fatal(int code, const char *text)
{
    struct vport_line line;

    vport_event_begin(&line, "fatal");
    vport_line_number(&line, (uint64_t)code);
    vport_line_text(&line, text);
    vport_event_send(&line);
    return code;
}

/* ---- What the machine and the driver have to say ---- */

static void on_report(void *context, const struct vport_report *report)
{
    struct vport_line line;

    vport_event_begin(&line, "report");
    vport_line_text(&line, report->rule);
    vport_line_text(&line, report->text);
    vport_line_number(&line, (uintptr_t)report->site);
    vport_event_send(&line);
}

static void on_debug(void *context, ULONG component, ULONG level, const char *text)
{
    struct vport_line line;

    vport_event_begin(&line, "debug");
    vport_line_number(&line, component);
    vport_line_number(&line, level);
    vport_line_text(&line, text);
    vport_event_send(&line);
}

static void on_bugcheck(void *context, ULONG code, const ULONG_PTR parameters[4])
{
    char text[160];

    snprintf(text, sizeof(text),
             "bug check 0x%08" PRIx32 " (%#" PRIxPTR ", %#" PRIxPTR ", %#" PRIxPTR ", %#" PRIxPTR
             ")",
             (uint32_t)code, (uintptr_t)parameters[0], (uintptr_t)parameters[1],
             (uintptr_t)parameters[2], (uintptr_t)parameters[3]);
    vport_crash_now(VPORT_CRASH_BUGCHECK, code, 0, text);
}

static void on_missing_call(void *context, const struct vport_callee *callee, const void *caller)
{
    vport_crash_now(VPORT_CRASH_IMPORT, 0, (uintptr_t)caller, callee->name);
}

static void on_missing_import(void *context, const struct vport_pe_import *import)
{
    struct vport_line line;
    char ordinal[16];

    snprintf(ordinal, sizeof(ordinal), "#%u", import->ordinal);
    vport_event_begin(&line, "missing");
    vport_line_text(&line, import->library);
    vport_line_text(&line, import->name ? import->name : ordinal);
    vport_event_send(&line);
}

static void tell_image(const struct vport_loaded_image *image)
{
    struct vport_line line;

    vport_event_begin(&line, "image");
    vport_line_number(&line, (uintptr_t)image->base);
    vport_line_number(&line, image->pe.image_size);
    vport_line_number(&line, image->shares_pages);
    vport_line_number(&line, image->write_dropped);
    vport_line_number(&line, image->seeded_cookie);
    vport_line_number(&line, image->pe.directory[VPORT_PE_TLS].rva != 0);
    vport_event_send(&line);
}

/* ---- The driver ---- */

/* The last thing before the driver's first instruction. */
static int32_t
#if defined(__x86_64__)
    __attribute__((ms_abi))
#else
    __attribute__((stdcall, force_align_arg_pointer))
#endif
    enter_driver(void *context1, void *context2)
{
    if (!vport_jail_enter(VPORT_FD_FILTER, run.job.memory)) {
        char text[128];

        snprintf(text, sizeof(text),
                 "the sandbox cannot be entered here: %s (--no-sandbox runs without)",
                 strerror(errno));
        _exit(fatal(ENVIRONMENT, text));
    }
    return run.entry(context1, context2);
}

static int load_image(void)
{
    size_t size = 0;
    void *file = vport_job_slurp(VPORT_FD_DRIVER, &size);
    struct vport_driver_image_config config = {.file = file,
                                               .size = size,
                                               .cookie = run.job.seed * 0x9e3779b97f4a7c15 + 1,
                                               .watch = run.job.relay,
                                               .missing = on_missing_import};
    char error[VPORT_ERROR_TEXT] = "no memory for the driver's file";
    const struct vport_loaded_image *image;
    enum vport_status status =
        file ? vport_driver_image_load(&config, &run.image, error) : VPORT_E_NO_MEMORY;

    free(file);
    if (status)
        return fatal(FAILED, error);
    run.entry = vport_driver_image_entry(run.image);
    image = vport_driver_image_loaded(run.image);
    vport_crash_set_image(image->base, image->pe.image_size);
    vport_relay_set_image(image->base, image->pe.image_size);
    tell_image(image);
    return 0;
}

static int load_shared_object(void)
{
    struct vport_object object;
    struct vport_line line;

    if (!vport_object_load(run.job.driver, run.job.relay, &object))
        return fatal(FAILED, dlerror());
    vport_crash_set_image(object.base, object.size);
    vport_relay_set_image(object.base, object.size);
    vport_event_begin(&line, "object");
    vport_line_number(&line, (uintptr_t)object.base);
    vport_line_number(&line, object.size);
    vport_event_send(&line);
    run.entry = vport_driver_watch_entry((vport_driver)(uintptr_t)object.entry, run.job.relay);
    return 0;
}

static int make_machine(void)
{
    struct vport_machine_config config = {
        .adapter = run.job.adapter, .seed = run.job.seed, .report = on_report};
    char error[VPORT_ERROR_TEXT];
    enum vport_status status = vport_machine_create(&config, &run.machine, error);
    struct vport_machine_statistics statistics;
    struct vport_line line;

    if (status)
        return fatal(status == VPORT_E_INVALID       ? 2
                     : status == VPORT_E_ENVIRONMENT ? ENVIRONMENT
                                                     : FAILED,
                     error);
    vport_nt_set_debug_sink(vport_inside_nt(run.machine), on_debug, NULL);
    vport_nt_set_bugcheck_handler(vport_inside_nt(run.machine), on_bugcheck, NULL);
    vport_machine_statistics(run.machine, &statistics);
    vport_event_begin(&line, "adapter");
    vport_line_text(&line, statistics.adapter);
    vport_event_send(&line);
    return 0;
}

/* A process that is gone without this line did not get here. */
static void tell_end(void)
{
    struct vport_line line;

    vport_event_begin(&line, "end");
    vport_event_send(&line);
}

static struct vport_crash *map_crash(void)
{
    void *crash = mmap(NULL, sizeof(struct vport_crash), PROT_READ | PROT_WRITE, MAP_SHARED,
                       VPORT_FD_CRASH, 0);

    return crash == MAP_FAILED ? NULL : crash;
}

int vport_run_machine(void)
{
    struct vport_crash *crash = map_crash();
    int code;

    if (!crash || !vport_job_read(&run.job, VPORT_FD_JOB))
        return fatal(FAILED, "the machine process is started by `videoport run`, not by hand");
    vport_jail_close_from(VPORT_FD_END);
    for (int descriptor = VPORT_FD_EVENTS; descriptor < VPORT_FD_END; descriptor++)
        fcntl(descriptor, F_SETFD, FD_CLOEXEC); /* not for an emulator that the bus starts */
    vport_crash_prepare();
    code = make_machine();
    if (code)
        return code;
    vport_trap_set_machine(run.machine);
    vport_thunks_set_missing(on_missing_call, NULL);
    vport_relay_start(run.job.relay);
    vport_crash_catch(crash);
    vport_crash_set_step("loading the driver");
    code = run.job.shared_object ? load_shared_object() : load_image();
    if (code)
        return code;
    vport_life_lead(&run.job, run.machine, enter_driver);
    vport_trap_tell();
    tell_end();
    /* The machine ends with the process: closing its bus, or what libraries do at exit, may take
     * what the jail forbids. */
    _exit(0);
}
