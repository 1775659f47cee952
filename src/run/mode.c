/* SPDX-License-Identifier: MIT */
/* The driver's display modes. See mode.h. What a driver says about them may be nonsense. */
#include "run/mode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ntdef.h>
#include <devioctl.h>
#include <ntddvdeo.h>

#include "run/life.h"
#include "run/line.h"

enum { MODES_MAX = 8192, SMALLEST = 32 };

static char problem[128];

const char *vport_mode_problem(void)
{
    return problem;
}

void vport_mode_from(const VIDEO_MODE_INFORMATION *driver, struct vport_mode_info *mode)
{
    *mode = (struct vport_mode_info){
        .index = driver->ModeIndex,
        .width = driver->VisScreenWidth,
        .height = driver->VisScreenHeight,
        .bits = driver->BitsPerPlane * (driver->NumberOfPlanes ? driver->NumberOfPlanes : 1),
        .planes = driver->NumberOfPlanes,
        .stride = driver->ScreenStride,
        .flags = driver->AttributeFlags,
        .red = driver->RedMask,
        .green = driver->GreenMask,
        .blue = driver->BlueMask,
    };
}

static void tell(const struct vport_mode_info *mode, bool chosen)
{
    struct vport_line line;

    vport_event_begin(&line, "mode");
    vport_line_number(&line, mode->index);
    vport_line_number(&line, mode->width);
    vport_line_number(&line, mode->height);
    vport_line_number(&line, mode->bits);
    vport_line_number(&line, mode->stride);
    vport_line_number(&line, mode->flags);
    vport_line_number(&line, chosen);
    vport_event_send(&line);
}

/* How far a mode is from what we want; the smallest wins. Depth counts more than size. */
static uint64_t distance(const struct vport_mode_info *mode, const struct vport_job *wanted)
{
    uint64_t area = (uint64_t)mode->width * mode->height, usual = 1024 * 768;
    uint64_t depth = mode->bits == 32   ? 0
                     : mode->bits == 24 ? 1
                     : mode->bits == 16 ? 2
                     : mode->bits == 15 ? 3
                     : mode->bits == 8  ? 4
                                        : 5;

    if (!(mode->flags & VIDEO_MODE_GRAPHICS) || !mode->width || !mode->height)
        return UINT64_MAX;
    if (wanted->width && (mode->width != wanted->width || mode->height != wanted->height))
        return UINT64_MAX;
    if (wanted->bits && mode->bits != wanted->bits)
        return UINT64_MAX;
    return depth << 56 | (area > usual ? area - usual : usual - area) >> 8;
}

/* The driver's table, one entry each `stride` bytes; entries may be longer or shorter than ours. */
static void read_entry(const char *table, uint32_t stride, uint32_t index,
                       struct vport_mode_info *mode)
{
    VIDEO_MODE_INFORMATION entry = {0};

    memcpy(&entry, table + (size_t)stride * index, stride < sizeof(entry) ? stride : sizeof(entry));
    vport_mode_from(&entry, mode);
}

static void tell_problem(const struct vport_job *wanted, uint32_t count)
{
    int used = snprintf(problem, sizeof(problem),
                        "none of the driver's %" PRIu32 " modes is a graphics mode", count);

    if (wanted->width)
        used += snprintf(problem + used, sizeof(problem) - (size_t)used,
                         " of %" PRIu32 " x %" PRIu32, wanted->width, wanted->height);
    if (wanted->bits)
        snprintf(problem + used, sizeof(problem) - (size_t)used, " x %" PRIu32, wanted->bits);
}

static bool choose(const char *table, uint32_t stride, uint32_t count,
                   const struct vport_job *wanted, struct vport_mode_info *chosen)
{
    uint64_t best = UINT64_MAX;
    uint32_t best_index = 0;
    struct vport_mode_info mode;

    for (uint32_t i = 0; i < count; i++) {
        read_entry(table, stride, i, &mode);
        if (distance(&mode, wanted) < best) {
            best = distance(&mode, wanted);
            best_index = i;
            *chosen = mode;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        read_entry(table, stride, i, &mode);
        tell(&mode, best != UINT64_MAX && i == best_index);
    }
    if (best == UINT64_MAX)
        tell_problem(wanted, count);
    return best != UINT64_MAX;
}

bool vport_mode_choose(struct vport_machine *machine, const struct vport_job *job,
                       struct vport_mode_info *mode)
{
    VIDEO_NUM_MODES number = {0};
    uint32_t status = vport_machine_control(machine, IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES, NULL, 0,
                                            &number, sizeof(number), NULL);
    uint32_t returned = 0, length = 0;
    char *table = NULL;
    bool chosen = false;

    snprintf(problem, sizeof(problem),
             "IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES: VP_STATUS %" PRIu32 ", %u modes of %u bytes",
             status, number.NumModes, number.ModeInformationLength);
    if (!status && number.NumModes && number.NumModes <= MODES_MAX &&
        number.ModeInformationLength >= SMALLEST && number.ModeInformationLength <= 4096) {
        length = number.NumModes * number.ModeInformationLength;
        table = calloc(1, length);
    }
    if (!table)
        return false;
    status = vport_machine_control(machine, IOCTL_VIDEO_QUERY_AVAIL_MODES, NULL, 0, table, length,
                                   &returned);
    if (returned > length)
        returned = length;
    snprintf(problem, sizeof(problem),
             "IOCTL_VIDEO_QUERY_AVAIL_MODES: VP_STATUS %" PRIu32 ", %" PRIu32 " of %" PRIu32
             " bytes",
             status, returned, length);
    if (!status)
        chosen = choose(table, number.ModeInformationLength,
                        returned / number.ModeInformationLength, job, mode);
    free(table);
    return chosen;
}
