/* SPDX-License-Identifier: MIT */
/* The segmenter for AVX-512: eight frames at a time, and masked loads for what is left. Only for
 * 64-bit frame numbers. */
#include "dma/segment_form.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx2,bmi,lzcnt,popcnt")))

TARGET static inline uint64_t break_mask_8(const struct vport_frame *frames, __mmask8 lanes)
{
    __m512i here = _mm512_maskz_loadu_epi64(lanes, frames);
    __m512i next = _mm512_maskz_loadu_epi64(lanes, frames + 1);

    return _mm512_mask_cmpneq_epi64_mask(lanes, _mm512_sub_epi64(next, here), _mm512_set1_epi64(1));
}

TARGET static inline uint64_t break_mask(const struct vport_frame *frames, size_t count)
{
    uint64_t mask = 0;
    size_t i = 0;

    for (; i + 8 <= count; i += 8)
        mask |= break_mask_8(frames + i, 0xff) << i;
    if (i < count)
        mask |= break_mask_8(frames + i, (__mmask8)((1u << (count - i)) - 1)) << i;
    return mask;
}

/* Eight elements are 192 bytes, three stores: a0 L 0 a1 L 0 a2 L | 0 a3 L 0 a4 L 0 a5 | L 0 a6 L 0
 * a7 L 0 */
TARGET static inline void singles_8(const struct vport_frame *frames,
                                    struct vport_dma_element *elements)
{
    const __m512i length = _mm512_set1_epi64(VPORT_PAGE_SIZE);
    const __m512i first = _mm512_setr_epi64(0, 0, 0, 1, 0, 0, 2, 0);
    const __m512i second = _mm512_setr_epi64(0, 3, 0, 0, 4, 0, 0, 5);
    const __m512i third = _mm512_setr_epi64(0, 0, 6, 0, 0, 7, 0, 0);
    __m512i address = _mm512_slli_epi64(_mm512_loadu_si512(frames), VPORT_PAGE_SHIFT);
    char *to = (char *)elements;

    _mm512_storeu_si512(
        to,
        _mm512_mask_mov_epi64(_mm512_maskz_permutexvar_epi64(0x49, first, address), 0x92, length));
    _mm512_storeu_si512(
        to + 64,
        _mm512_mask_mov_epi64(_mm512_maskz_permutexvar_epi64(0x92, second, address), 0x24, length));
    _mm512_storeu_si512(
        to + 128,
        _mm512_mask_mov_epi64(_mm512_maskz_permutexvar_epi64(0x24, third, address), 0x49, length));
}

#include "dma/segment_masks.h"

TARGET static size_t at_or_above_avx512(const struct vport_frame *frames, size_t count,
                                        uintptr_t limit)
{
    const __m512i bound = _mm512_set1_epi64((int64_t)limit);
    size_t above = 0, i = 0;

    for (; i + 8 <= count; i += 8)
        above += (unsigned)__builtin_popcount(
            _mm512_cmpge_epu64_mask(_mm512_loadu_si512(frames + i), bound));
    if (i < count) {
        __mmask8 lanes = (__mmask8)((1u << (count - i)) - 1);
        __m512i number = _mm512_maskz_loadu_epi64(lanes, frames + i);

        above += (unsigned)__builtin_popcount(_mm512_mask_cmpge_epu64_mask(lanes, number, bound));
    }
    return above;
}

static bool available(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

const struct vport_segment_form vport_segment_avx512 = {"avx512", available, elements_masks,
                                                        at_or_above_avx512};
#endif
