/* SPDX-License-Identifier: MIT */
/*
 * The body of all forms: compare 64 neighbours at a time, gather where runs break into one 64-bit
 * mask, and walk its bits. Included once by each form's file, which has defined
 *
 *   TARGET                         the attribute that its functions carry
 *   break_mask(frames, count)      bit i: frames[i + 1] is not frames[i] + 1; count <= 64 bits
 *   singles_8(frames, elements)    8 elements of one page each
 *
 * Measured on Zen 4 (ns a page) by AVX-512 / AVX2 / plain C, and plain C page by page: contiguous
 * 0.13 / 0.17 / 0.46, 0.59; scattered 0.37 / 0.38 / 1.0, 1.5; runs of eight 0.38 / 0.41 /
 * 0.73, 1.5.
 */

/*
 * Closes the run that began at frames[*start] and all others that end in the 64 frames from `from`.
 */
TARGET static inline size_t walk(const struct vport_frame *frames, uint64_t mask, size_t from,
                                 size_t *start, uintptr_t crossing,
                                 struct vport_dma_element *elements)
{
    size_t made = 0;

    while (mask) {
        size_t next = from + (size_t)__builtin_ctzll(mask) + 1;

        made +=
            vport_segment_close(frames[*start].number, next - *start, crossing, elements + made);
        *start = next;
        mask &= mask - 1;
    }
    return made;
}

/* Short lists and the ends of long ones: eight pages at a time as long as none adjoins the next. */
TARGET static inline size_t finish(const struct vport_frame *frames, size_t count, size_t from,
                                   size_t start, uintptr_t crossing,
                                   struct vport_dma_element *elements)
{
    uint64_t mask = from + 1 < count ? break_mask(frames + from, count - 1 - from) : 0;
    size_t made = 0;

    for (; start == from && (mask & 0xff) == 0xff; mask >>= 8, made += 8) {
        singles_8(frames + from, elements + made);
        start = from += 8;
    }
    made += walk(frames, mask, from, &start, crossing, elements + made);
    return made +
           vport_segment_close(frames[start].number, count - start, crossing, elements + made);
}

TARGET static size_t elements_masks(const struct vport_frame *frames, size_t count,
                                    uintptr_t crossing, struct vport_dma_element *elements)
{
    size_t made = 0, start = 0, i = 0;

    for (; i + 64 < count; i += 64) {
        uint64_t mask = break_mask(frames + i, 64);

        if (!mask)
            continue;
        if (mask == UINT64_MAX && start == i) {
            for (size_t k = 0; k < 64; k += 8)
                singles_8(frames + i + k, elements + made + k);
            made += 64;
            start = i + 64;
        } else {
            made += walk(frames, mask, i, &start, crossing, elements + made);
        }
    }
    return made + finish(frames, count, i, start, crossing, elements + made);
}
