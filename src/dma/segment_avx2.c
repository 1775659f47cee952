/* SPDX-License-Identifier: MIT */
/* The segmenter for AVX2: four frames at a time. Only for 64-bit frame numbers. */
#include "dma/segment_form.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,lzcnt,popcnt")))

TARGET static inline uint64_t break_mask_4(const struct vport_frame *frames)
{
    __m256i here = _mm256_loadu_si256((const __m256i *)frames);
    __m256i next = _mm256_loadu_si256((const __m256i *)(frames + 1));
    __m256i same = _mm256_cmpeq_epi64(_mm256_sub_epi64(next, here), _mm256_set1_epi64x(1));

    return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(same)) ^ 0xfu;
}

TARGET static inline uint64_t break_mask(const struct vport_frame *frames, size_t count)
{
    size_t fours = count / 4 * 4, rest = count % 4;
    uint64_t mask = 0;

    for (size_t i = 0; i < fours; i += 4)
        mask |= break_mask_4(frames + i) << i;
    for (size_t i = 0; i < rest; i++)
        mask |= (uint64_t)(frames[fours + i + 1].number != frames[fours + i].number + 1)
                << (fours + i);
    return mask;
}

/*
 * Four elements are 96 bytes, three stores:  a0 len 0 a1 | len 0 a2 len | 0 a3 len 0
 */
TARGET static inline void singles_4(const struct vport_frame *frames,
                                    struct vport_dma_element *elements)
{
    const __m256i length = _mm256_set1_epi64x(VPORT_PAGE_SIZE), none = _mm256_setzero_si256();
    __m256i address =
        _mm256_slli_epi64(_mm256_loadu_si256((const __m256i *)frames), VPORT_PAGE_SHIFT);
    __m256i *to = (__m256i *)elements;
    __m256i first = _mm256_permute4x64_epi64(address, 0x40);  /* a0 -- -- a1 */
    __m256i second = _mm256_permute4x64_epi64(address, 0x20); /* -- -- a2 -- */
    __m256i third = _mm256_permute4x64_epi64(address, 0x0c);  /* -- a3 -- -- */

    first = _mm256_blend_epi32(_mm256_blend_epi32(first, length, 0x0c), none, 0x30);
    second = _mm256_blend_epi32(_mm256_blend_epi32(second, length, 0xc3), none, 0x0c);
    third = _mm256_blend_epi32(_mm256_blend_epi32(third, length, 0x30), none, 0xc3);
    _mm256_storeu_si256(to, first);
    _mm256_storeu_si256(to + 1, second);
    _mm256_storeu_si256(to + 2, third);
}

TARGET static inline void singles_8(const struct vport_frame *frames,
                                    struct vport_dma_element *elements)
{
    singles_4(frames, elements);
    singles_4(frames + 4, elements + 4);
}

#include "dma/segment_masks.h"

/* AVX2 compares signed: flipping the top bits makes the order that of unsigned numbers. */
TARGET static size_t at_or_above_avx2(const struct vport_frame *frames, size_t count,
                                      uintptr_t limit)
{
    const __m256i flip = _mm256_set1_epi64x(INT64_MIN);
    const __m256i bound = _mm256_xor_si256(_mm256_set1_epi64x((int64_t)limit), flip);
    size_t below = 0, above = 0, i = 0;

    for (; i + 4 <= count; i += 4) {
        __m256i number = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(frames + i)), flip);
        __m256i less = _mm256_cmpgt_epi64(bound, number);

        below +=
            (unsigned)__builtin_popcount((unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(less)));
    }
    above = i - below;
    for (; i < count; i++)
        above += frames[i].number >= limit;
    return above;
}

static bool available(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

const struct vport_segment_form vport_segment_avx2 = {"avx2", available, elements_masks,
                                                      at_or_above_avx2};
#endif
