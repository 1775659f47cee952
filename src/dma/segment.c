/* SPDX-License-Identifier: MIT */
/* The segmenter's door: offsets and lengths around the chosen form, and the choice. */
#include "dma/segment_form.h"

#include <string.h>

#include "base/arith.h"

enum { FORMS = 3 };

/* Best first. */
static const struct vport_segment_form *const built[] = {
#if defined(__x86_64__)
    &vport_segment_avx512,
    &vport_segment_avx2,
#endif
    &vport_segment_scalar,
};

static const char *names[FORMS + 1]; /* of those that this CPU has */
static const struct vport_segment_form *form = &vport_segment_scalar;

__attribute__((constructor)) static void choose_best(void)
{
    size_t count = 0;

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(built); i++)
        if (built[i]->available())
            names[count++] = built[i]->name;
    vport_segment_choose(names[0]);
}

const char *const *vport_segment_forms(void)
{
    return names;
}

int vport_segment_choose(const char *name)
{
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(built); i++) {
        if (strcmp(built[i]->name, name) == 0 && built[i]->available()) {
            form = built[i];
            return 1;
        }
    }
    return 0;
}

/* The bits of a frame number that may not change within an element. */
static uintptr_t crossing_bits(uint64_t boundary)
{
    return boundary ? (uintptr_t)(~(boundary - 1) >> VPORT_PAGE_SHIFT) : 0;
}

size_t vport_segment_split(uintptr_t frame, size_t count, uintptr_t crossing,
                           struct vport_dma_element *elements)
{
    uintptr_t per_boundary = crossing & -crossing; /* its lowest bit */
    size_t made = 0;

    while (count) {
        size_t part = vport_min_u64(count, VPORT_SEGMENT_FRAMES);

        if (crossing)
            part = vport_min_u64(part, per_boundary - (frame & (per_boundary - 1)));
        if (elements)
            vport_segment_put(&elements[made], frame, part);
        made++;
        frame += part;
        count -= part;
    }
    return made;
}

/* The first and the last element are whole pages so far. */
static void trim(struct vport_dma_element *elements, size_t count, size_t pages, uint32_t offset,
                 uint64_t length)
{
    elements[0].address += offset;
    elements[0].length -= offset;
    elements[count - 1].length -=
        (uint32_t)(((uint64_t)pages << VPORT_PAGE_SHIFT) - offset - length);
}

size_t vport_segment(const struct vport_frame *frames, uint32_t offset, uint64_t length,
                     uint64_t boundary, struct vport_dma_element *elements)
{
    size_t pages = vport_pages_spanned(offset, length), count;

    if (!length)
        return 0;
    count = form->elements(frames, pages, crossing_bits(boundary), elements);
    trim(elements, count, pages, offset, length);
    return count;
}

size_t vport_segment_linear(struct vport_frame frame, uint32_t offset, uint64_t length,
                            uint64_t boundary, struct vport_dma_element *elements)
{
    size_t pages = vport_pages_spanned(offset, length), count;

    if (!length)
        return 0;
    count = vport_segment_close(frame.number, pages, crossing_bits(boundary), elements);
    trim(elements, count, pages, offset, length);
    return count;
}

/* Plain C in all forms: nothing that is fast counts first. */
size_t vport_segment_count(const struct vport_frame *frames, uint32_t offset, uint64_t length,
                           uint64_t boundary)
{
    size_t pages = vport_pages_spanned(offset, length), count = 0, start = 0;
    uintptr_t crossing = crossing_bits(boundary);

    for (size_t i = 1; i <= pages && length; i++) {
        if (i < pages && frames[i].number == frames[i - 1].number + 1)
            continue;
        count += vport_segment_split(frames[start].number, i - start, crossing, NULL);
        start = i;
    }
    return count;
}

size_t vport_segment_out_of_reach(const struct vport_frame *frames, size_t pages, uint64_t reach)
{
    uint64_t limit = ((reach - VPORT_PAGE_MASK) >> VPORT_PAGE_SHIFT) +
                     1; /* the first frame not wholly in reach */

    if (reach < VPORT_PAGE_MASK)
        return pages;
    if (limit > UINTPTR_MAX)
        return 0;
    return form->at_or_above(frames, pages, (uintptr_t)limit);
}
