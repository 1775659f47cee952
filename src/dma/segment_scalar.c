/* SPDX-License-Identifier: MIT */
/* The segmenter in plain C: every machine has it. */
#include "dma/segment_form.h"

static bool available(void)
{
    return true;
}

#define TARGET

/* Whether each of eight frames is not followed by its neighbour, one bit each. */
static inline uint64_t break_mask_8(const struct vport_frame *frames)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < 8; i++)
        mask |= (unsigned)(frames[i + 1].number - frames[i].number != 1) << i;
    return mask;
}

static inline uint64_t break_mask(const struct vport_frame *frames, size_t count)
{
    size_t eights = count / 8 * 8, rest = count % 8;
    uint64_t mask = 0;

    for (size_t i = 0; i < eights; i += 8)
        mask |= break_mask_8(frames + i) << i;
    for (size_t i = 0; i < rest; i++)
        mask |= (uint64_t)(frames[eights + i + 1].number - frames[eights + i].number != 1)
                << (eights + i);
    return mask;
}

static inline void singles_8(const struct vport_frame *frames, struct vport_dma_element *elements)
{
    for (unsigned i = 0; i < 8; i++)
        vport_segment_put(&elements[i], frames[i].number, 1);
}

#include "dma/segment_masks.h"

static size_t at_or_above_scalar(const struct vport_frame *frames, size_t count, uintptr_t limit)
{
    size_t above = 0;

    for (size_t i = 0; i < count; i++)
        above += frames[i].number >= limit;
    return above;
}

const struct vport_segment_form vport_segment_scalar = {"scalar", available, elements_masks,
                                                        at_or_above_scalar};
