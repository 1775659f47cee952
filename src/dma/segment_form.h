/* SPDX-License-Identifier: MIT */
/*
 * The forms of the segmenter, one per instruction set, and what they share: closing a run of
 * adjacent frames into elements.
 */
#ifndef VPORT_DMA_SEGMENT_FORM_H
#define VPORT_DMA_SEGMENT_FORM_H

#include <stdbool.h>

#include "dma/segment.h"

/*
 * A run of more frames than this makes more than one element: its length would not fit in 32 bits.
 */
#define VPORT_SEGMENT_FRAMES ((1u << (32 - VPORT_PAGE_SHIFT)) - 1)

struct vport_segment_form {
    const char *name;
    bool (*available)(void); /* on this CPU */
    /*
     * Elements of whole pages for frames[0 .. count - 1], count > 0; `crossing` has the bits of a
     * frame number that are constant between two boundaries.
     */
    size_t (*elements)(const struct vport_frame *frames, size_t count, uintptr_t crossing,
                       struct vport_dma_element *elements);
    /* How many of the frames have a number >= limit. */
    size_t (*at_or_above)(const struct vport_frame *frames, size_t count, uintptr_t limit);
};

extern const struct vport_segment_form vport_segment_scalar;
#if defined(__x86_64__)
extern const struct vport_segment_form vport_segment_avx2;
extern const struct vport_segment_form vport_segment_avx512;
#endif

static inline void vport_segment_put(struct vport_dma_element *element, uintptr_t frame,
                                     size_t count)
{
    element->address = (uint64_t)frame << VPORT_PAGE_SHIFT;
    element->length = (uint32_t)(count << VPORT_PAGE_SHIFT);
    element->reserved = 0;
}

/* The rare run that crosses a boundary or is too long for one element. Returns how many elements it
 * became. */
size_t vport_segment_split(uintptr_t frame, size_t count, uintptr_t crossing,
                           struct vport_dma_element *elements);

/* Closes a run of `count` adjacent frames. Only its ends are looked at: a run's last page is its
 * highest. */
static inline size_t vport_segment_close(uintptr_t frame, size_t count, uintptr_t crossing,
                                         struct vport_dma_element *elements)
{
    if (__builtin_expect(((frame ^ (frame + count - 1)) & crossing) || count > VPORT_SEGMENT_FRAMES,
                         0))
        return vport_segment_split(frame, count, crossing, elements);
    vport_segment_put(elements, frame, count);
    return 1;
}

#endif
