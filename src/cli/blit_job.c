/* SPDX-License-Identifier: MIT */
/*
 * The work of `videoport blit`: file -> buffer -> adapter -> screenshot, adapter -> another buffer,
 * and two comparisons.
 *
 * Holds at most the picture, the adapter's copy and one more at any time: the screenshot is gone
 * before the second buffer comes.
 */
#include "cli/blit_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "cli/command.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/png_file.h"
#include "host/blit.h"

struct blit {
    const struct vport_blit_job *job;
    struct vport_blit_outcome *outcome;
    struct vport_png_reader *reader;
    struct vport_machine *machine;
    struct vport_output screenshot;
    struct vport_output trace;
    uint8_t *source, *back; /* the pixels, skewed */
    _Atomic uint64_t reports;
    char error[VPORT_ERROR_TEXT];
};

static int exit_code(enum vport_status status)
{
    return status == VPORT_OK              ? VPORT_EXIT_OK
           : status == VPORT_E_INVALID     ? VPORT_EXIT_USAGE
           : status == VPORT_E_ENVIRONMENT ? VPORT_EXIT_ENVIRONMENT
                                           : VPORT_EXIT_FAILED;
}

/* On any thread of the machine. */
static void on_report(void *context, const struct vport_report *report)
{
    struct blit *blit = context;

    atomic_fetch_add_explicit(&blit->reports, 1, memory_order_relaxed);
    vport_message("misuse by the driver (rule %s): %s", report->rule, report->text);
}

static void on_trace(void *context, const char *line)
{
    struct blit *blit = context;

    fputs(line, blit->trace.stream);
    fputc('\n', blit->trace.stream);
}

static int picture_open(struct blit *blit)
{
    struct vport_blit_outcome *outcome = blit->outcome;
    char error[VPORT_PNG_ERROR_TEXT];

    blit->reader = vport_png_open(blit->job->picture, &outcome->width, &outcome->height, error);
    if (!blit->reader) {
        vport_message("%s: %s", blit->job->picture, error);
        return VPORT_EXIT_FAILED;
    }
    outcome->bytes =
        (uint64_t)outcome->width * outcome->height * 4; /* 31 bits each in a PNG: no overflow */
    return VPORT_EXIT_OK;
}

static int output_open(struct vport_output *output, const char *path)
{
    int error = path ? vport_output_open(output, path) : 0;

    if (error)
        vport_message("%s: cannot be written: %s", path, strerror(error));
    return error ? VPORT_EXIT_FAILED : VPORT_EXIT_OK;
}

static int output_commit(struct vport_output *output, const char *path)
{
    int error = output->stream ? vport_output_commit(output) : 0;

    if (error)
        vport_message("%s: not written: %s", path, strerror(error));
    return error ? VPORT_EXIT_FAILED : VPORT_EXIT_OK;
}

static int machine_start(struct blit *blit)
{
    struct vport_machine_config config = {
        .adapter = blit->job->adapter,
        .seed = blit->job->seed,
        .report = on_report,
        .report_context = blit,
        .trace = blit->trace.stream ? on_trace : NULL,
        .trace_context = blit,
    };
    enum vport_status status = vport_machine_create(&config, &blit->machine, blit->error);

    if (status == VPORT_OK)
        status = vport_machine_start(blit->machine, NULL, blit->error);
    if (status != VPORT_OK)
        vport_message("%s", blit->error);
    if (status == VPORT_E_INVALID)
        vport_message_hint("videoport adapters");
    return exit_code(status);
}

/* Before any memory is taken, so that a hostile header costs nothing. */
static int picture_fits(struct blit *blit)
{
    struct vport_blit_outcome *outcome = blit->outcome;

    vport_machine_statistics(blit->machine, &outcome->statistics);
    if (outcome->bytes <= outcome->statistics.video_memory || outcome->statistics.video_memory == 0)
        return VPORT_EXIT_OK; /* 0: it has none that anybody can see, and the driver will judge */
    vport_message("%s: %" PRIu32 " x %" PRIu32 " pixels need %" PRIu64
                  " bytes of video memory; adapter '%s' has %" PRIu64,
                  blit->job->picture, outcome->width, outcome->height, outcome->bytes,
                  outcome->statistics.adapter, outcome->statistics.video_memory);
    return VPORT_EXIT_FAILED;
}

static int buffer_take(struct blit *blit, uint8_t **pixels)
{
    uint64_t size = blit->outcome->bytes;

    *pixels = size <= SIZE_MAX ? vport_blit_memory_alloc(blit->machine, (size_t)size) : NULL;
    if (*pixels)
        return VPORT_EXIT_OK;
    vport_message("no memory for a picture of %" PRIu64 " bytes", size);
    return VPORT_EXIT_FAILED;
}

static int picture_load(struct blit *blit)
{
    char error[VPORT_PNG_ERROR_TEXT];
    bool loaded;

    if (buffer_take(blit, &blit->source) != VPORT_EXIT_OK)
        return VPORT_EXIT_FAILED;
    vport_progress_phase("reading the file", 0, 0);
    loaded = vport_png_read(blit->reader, blit->source, error);
    if (!loaded)
        vport_message("%s: %s", blit->job->picture, error);
    vport_png_close(blit->reader);
    blit->reader = NULL;
    return loaded ? VPORT_EXIT_OK : VPORT_EXIT_FAILED;
}

static uint32_t pixel_at(const uint8_t *pixel)
{
    uint32_t value;

    memcpy(&value, pixel, sizeof(value));
    return value;
}

/* Compares `pixels`, whose rows are `stride` bytes apart, with the source. */
static struct vport_blit_difference compare(const struct blit *blit, const uint8_t *pixels,
                                            size_t stride)
{
    size_t row = (size_t)blit->outcome->width * 4;

    for (uint32_t y = 0; y < blit->outcome->height; y++) {
        const uint8_t *expected = blit->source + y * row;
        const uint8_t *actual = pixels + y * stride;
        uint32_t x = 0;

        if (memcmp(expected, actual, row) == 0)
            continue;
        while (pixel_at(expected + 4 * (size_t)x) == pixel_at(actual + 4 * (size_t)x))
            x++;
        return (struct vport_blit_difference){.found = true,
                                              .x = x,
                                              .y = y,
                                              .expected = pixel_at(expected + 4 * (size_t)x),
                                              .actual = pixel_at(actual + 4 * (size_t)x)};
    }
    return (struct vport_blit_difference){.found = false};
}

static void difference_say(const char *what, const struct vport_blit_difference *difference)
{
    if (difference->found)
        vport_message("%s differs from the file; first at x=%" PRIu32 ", y=%" PRIu32 ": #%06" PRIx32
                      " should be #%06" PRIx32,
                      what, difference->x, difference->y, difference->actual, difference->expected);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int frame_write(struct blit *blit, unsigned long frame)
{
    struct vport_blit_outcome *outcome = blit->outcome;
    enum vport_status status;
    double begin;

    vport_progress_phase("to the adapter", frame, blit->job->repeat);
    begin = now();
    status =
        vport_blit_write(blit->machine, blit->source, outcome->width, outcome->height, blit->error);
    outcome->seconds_to += now() - begin;
    if (status != VPORT_OK)
        vport_message("%s", blit->error);
    return exit_code(status);
}

/* The buffer is filled with something else first: bytes that do not arrive must not be right by
 * chance. */
static int frame_read(struct blit *blit, unsigned long frame)
{
    struct vport_blit_outcome *outcome = blit->outcome;
    enum vport_status status;
    double begin;

    vport_progress_phase("back from the adapter", frame, blit->job->repeat);
    memset(blit->back, 0xa5, (size_t)outcome->bytes);
    begin = now();
    status =
        vport_blit_read(blit->machine, blit->back, outcome->width, outcome->height, blit->error);
    if (status == VPORT_E_UNSUPPORTED)
        return VPORT_EXIT_OK; /* the screen alone has to show that it arrived */
    outcome->seconds_from += now() - begin;
    outcome->read_back = status == VPORT_OK;
    if (status != VPORT_OK)
        vport_message("%s", blit->error);
    else if (!outcome->returned.found)
        outcome->returned = compare(blit, blit->back, (size_t)outcome->width * 4);
    return exit_code(status);
}

static int screenshot_check(struct blit *blit, const struct vport_image *image)
{
    struct vport_blit_outcome *outcome = blit->outcome;
    size_t stride = (size_t)image->width * 4;
    char error[VPORT_PNG_ERROR_TEXT];

    if (image->width < outcome->width || image->height < outcome->height) {
        vport_message("the adapter shows %" PRIu32 " x %" PRIu32 " pixels only", image->width,
                      image->height);
        return VPORT_EXIT_FAILED;
    }
    outcome->shown = compare(blit, (const uint8_t *)image->pixels, stride);
    vport_progress_phase("writing the screenshot", 0, 0);
    if (blit->screenshot.stream &&
        !vport_png_write(blit->screenshot.stream, image->pixels, outcome->width, outcome->height,
                         stride, error)) {
        vport_message("%s: not written: %s", blit->job->screenshot, error);
        return VPORT_EXIT_FAILED;
    }
    return output_commit(&blit->screenshot, blit->job->screenshot);
}

static int screenshot_take(struct blit *blit)
{
    struct vport_image image = {0};
    enum vport_status status = vport_machine_screenshot(blit->machine, &image);
    int code;

    if (status == VPORT_E_UNSUPPORTED && !blit->job->screenshot)
        return VPORT_EXIT_OK; /* what comes back alone has to show that it arrived */
    if (status != VPORT_OK) {
        vport_message("no screenshot: %s", status == VPORT_E_UNSUPPORTED
                                               ? "this adapter has no screen"
                                               : vport_status_text(status));
        return exit_code(status);
    }
    blit->outcome->screen = true;
    code = screenshot_check(blit, &image);
    free(image.pixels);
    return code;
}

static int frames_move(struct blit *blit)
{
    struct vport_blit_outcome *outcome = blit->outcome;
    enum vport_status status =
        vport_blit_set_mode(blit->machine, outcome->width, outcome->height, blit->error);
    int code = exit_code(status);

    if (status != VPORT_OK)
        vport_message("%s", blit->error);
    if (code == VPORT_EXIT_OK)
        code = frame_write(blit, 1);
    if (code == VPORT_EXIT_OK)
        code = screenshot_take(blit);
    if (code == VPORT_EXIT_OK)
        code = buffer_take(blit, &blit->back);
    if (code == VPORT_EXIT_OK)
        code = frame_read(blit, 1);
    for (unsigned long frame = 2; frame <= blit->job->repeat && code == VPORT_EXIT_OK; frame++) {
        code = frame_write(blit, frame);
        if (code == VPORT_EXIT_OK && outcome->read_back)
            code = frame_read(blit, frame);
    }
    if (code != VPORT_EXIT_OK || outcome->screen || outcome->read_back)
        return code;
    vport_message("the adapter has no screen and gives nothing back: nobody can tell what arrived");
    return VPORT_EXIT_FAILED;
}

/* What can be known to be wrong without work comes first, cheapest first. */
static int blit_run(struct blit *blit)
{
    int code = picture_open(blit);

    if (code == VPORT_EXIT_OK)
        code = output_open(&blit->screenshot, blit->job->screenshot);
    if (code == VPORT_EXIT_OK)
        code = output_open(&blit->trace, blit->job->trace);
    if (code == VPORT_EXIT_OK)
        code = machine_start(blit);
    if (code == VPORT_EXIT_OK)
        code = picture_fits(blit);
    if (code == VPORT_EXIT_OK)
        code = picture_load(blit);
    if (code == VPORT_EXIT_OK)
        code = frames_move(blit);
    if (code == VPORT_EXIT_OK)
        vport_machine_statistics(blit->machine, &blit->outcome->statistics);
    return code;
}

/*
 * The trace of a run that failed is worth having, too: it is written whenever there was a machine.
 */
static int blit_finish(struct blit *blit, int code)
{
    bool traced = blit->machine != NULL;

    if (blit->machine) {
        vport_machine_stop(blit->machine); /* a device may hold the buffers until then */
        vport_blit_memory_free(blit->machine, blit->source);
        vport_blit_memory_free(blit->machine, blit->back);
    }
    vport_machine_destroy(blit->machine);
    blit->outcome->reports = atomic_load(&blit->reports); /* taking the machine down finds leaks */
    if (traced && output_commit(&blit->trace, blit->job->trace) != VPORT_EXIT_OK &&
        code == VPORT_EXIT_OK)
        code = VPORT_EXIT_FAILED;
    vport_output_abandon(&blit->trace);
    vport_output_abandon(&blit->screenshot);
    if (blit->reader)
        vport_png_close(blit->reader);
    return code;
}

int vport_blit_job_run(const struct vport_blit_job *job, struct vport_blit_outcome *outcome)
{
    struct blit blit = {.job = job, .outcome = outcome};
    int code;

    *outcome = (struct vport_blit_outcome){0};
    vport_progress_begin();
    code = blit_finish(&blit, blit_run(&blit));
    vport_progress_end();
    difference_say("what the adapter shows", &outcome->shown);
    difference_say("what came back", &outcome->returned);
    return code;
}
