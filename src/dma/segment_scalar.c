/* SPDX-License-Identifier: MIT */
/* The segmenter in plain C: every machine has it, and the others are tested against it. */
#include "dma/segment_form.h"

static bool available(void)
{
    return true;
}

static size_t elements_scalar(const struct vport_frame *frames, size_t count, uintptr_t crossing,
                              struct vport_dma_element *elements)
{
    size_t made = 0, start = 0;

    for (size_t i = 1; i < count; i++) {
        if (frames[i].number == frames[i - 1].number + 1)
            continue;
        made += vport_segment_close(frames[start].number, i - start, crossing, elements + made);
        start = i;
    }
    return made +
           vport_segment_close(frames[start].number, count - start, crossing, elements + made);
}

static size_t at_or_above_scalar(const struct vport_frame *frames, size_t count, uintptr_t limit)
{
    size_t above = 0;

    for (size_t i = 0; i < count; i++)
        above += frames[i].number >= limit;
    return above;
}

const struct vport_segment_form vport_segment_scalar = {"scalar", available, elements_scalar,
                                                        at_or_above_scalar};
