/* SPDX-License-Identifier: MIT */
/* The loops of bench/limits.h. Written to be as fast as this can be done. */
#include "limits.h"

#include <stdbool.h>

static size_t count_runs_scalar(const uint64_t *frames, size_t count)
{
    size_t runs = 1;

    for (size_t i = 1; i < count; i++)
        runs += frames[i] != frames[i - 1] + 1;
    return runs;
}

static void read_write_scalar(const uint64_t *frames, size_t count, uint64_t *elements)
{
    for (size_t i = 0; i < count; i++) {
        elements[3 * i] = frames[i] << 12;
        elements[3 * i + 1] = 4096;
        elements[3 * i + 2] = 0;
    }
}

static uint64_t read_scalar(const uint64_t *words, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += words[i];
    return sum;
}

static const struct vport_bench_limit_form scalar = {"scalar", count_runs_scalar, read_write_scalar,
                                                     read_scalar};

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2   __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512dq,popcnt")))

AVX2 static size_t count_runs_avx2(const uint64_t *frames, size_t count)
{
    const __m256i one = _mm256_set1_epi64x(1);
    __m256i joined = _mm256_setzero_si256(), more = joined;
    uint64_t lanes[4];
    size_t i = 1;

    for (; i + 8 <= count; i += 8) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(frames + i)),
                before_a = _mm256_loadu_si256((const __m256i *)(frames + i - 1)),
                b = _mm256_loadu_si256((const __m256i *)(frames + i + 4)),
                before_b = _mm256_loadu_si256((const __m256i *)(frames + i + 3));

        joined = _mm256_sub_epi64(joined, _mm256_cmpeq_epi64(_mm256_sub_epi64(a, before_a), one));
        more = _mm256_sub_epi64(more, _mm256_cmpeq_epi64(_mm256_sub_epi64(b, before_b), one));
    }
    _mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi64(joined, more));
    return (count - i ? count_runs_scalar(frames + i - 1, count - i + 1) - 1 : 0) + i -
           (size_t)(lanes[0] + lanes[1] + lanes[2] + lanes[3]);
}

AVX512 static size_t count_runs_avx512(const uint64_t *frames, size_t count)
{
    const __m512i one = _mm512_set1_epi64(1);
    __m512i joined = _mm512_setzero_si512(), more = joined;
    size_t i = 1;

    for (; i + 16 <= count; i += 16) {
        __m512i a = _mm512_loadu_si512(frames + i), before_a = _mm512_loadu_si512(frames + i - 1),
                b = _mm512_loadu_si512(frames + i + 8),
                before_b = _mm512_loadu_si512(frames + i + 7);

        joined = _mm512_mask_add_epi64(
            joined, _mm512_cmpeq_epi64_mask(_mm512_sub_epi64(a, before_a), one), joined, one);
        more = _mm512_mask_add_epi64(
            more, _mm512_cmpeq_epi64_mask(_mm512_sub_epi64(b, before_b), one), more, one);
    }
    return (count - i ? count_runs_scalar(frames + i - 1, count - i + 1) - 1 : 0) + i -
           (size_t)_mm512_reduce_add_epi64(_mm512_add_epi64(joined, more));
}

AVX2 static void read_write_avx2(const uint64_t *frames, size_t count, uint64_t *elements)
{
    const __m256i length = _mm256_set1_epi64x(4096), zero = _mm256_setzero_si256();
    size_t i = 0;

    for (; i + 4 <= count; i += 4, elements += 12) {
        __m256i a = _mm256_slli_epi64(_mm256_loadu_si256((const __m256i *)(frames + i)), 12);
        /* address 0, length, 0, address 1 | length, 0, address 2, length | 0, address 3, ... */
        __m256i first = _mm256_blend_epi32(_mm256_permute4x64_epi64(a, 0x40), length, 0x0c),
                second = _mm256_blend_epi32(_mm256_permute4x64_epi64(a, 0x20), length, 0xc3),
                third = _mm256_blend_epi32(_mm256_permute4x64_epi64(a, 0x0c), length, 0x30);

        _mm256_storeu_si256((__m256i *)elements, _mm256_blend_epi32(first, zero, 0x30));
        _mm256_storeu_si256((__m256i *)(elements + 4), _mm256_blend_epi32(second, zero, 0x0c));
        _mm256_storeu_si256((__m256i *)(elements + 8), _mm256_blend_epi32(third, zero, 0xc3));
    }
    read_write_scalar(frames + i, count - i, elements);
}

AVX512 static void read_write_avx512(const uint64_t *frames, size_t count, uint64_t *elements)
{
    const __m512i length = _mm512_set1_epi64(4096);
    const __m512i first = _mm512_set_epi64(0, 2, 0, 0, 1, 0, 0, 0),
                  second = _mm512_set_epi64(5, 0, 0, 4, 0, 0, 3, 0),
                  third = _mm512_set_epi64(0, 0, 7, 0, 0, 6, 0, 0);
    size_t i = 0;

    for (; i + 8 <= count; i += 8, elements += 24) {
        __m512i a = _mm512_slli_epi64(_mm512_loadu_si512(frames + i), 12);

        _mm512_storeu_si512(
            elements,
            _mm512_mask_mov_epi64(_mm512_maskz_permutexvar_epi64(0x49, first, a), 0x92, length));
        _mm512_storeu_si512(
            elements + 8,
            _mm512_mask_mov_epi64(_mm512_maskz_permutexvar_epi64(0x92, second, a), 0x24, length));
        _mm512_storeu_si512(
            elements + 16,
            _mm512_mask_mov_epi64(_mm512_maskz_permutexvar_epi64(0x24, third, a), 0x49, length));
    }
    read_write_scalar(frames + i, count - i, elements);
}

AVX2 static uint64_t read_avx2(const uint64_t *words, size_t count)
{
    __m256i sum[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                      _mm256_setzero_si256()};
    uint64_t lanes[4];
    size_t i = 0;

    for (; i + 16 <= count; i += 16)
        for (unsigned k = 0; k < 4; k++)
            sum[k] =
                _mm256_add_epi64(sum[k], _mm256_loadu_si256((const __m256i *)(words + i + 4 * k)));
    _mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi64(_mm256_add_epi64(sum[0], sum[1]),
                                                           _mm256_add_epi64(sum[2], sum[3])));
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + read_scalar(words + i, count - i);
}

AVX512 static uint64_t read_avx512(const uint64_t *words, size_t count)
{
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
    size_t i = 0;

    for (; i + 32 <= count; i += 32) {
        a = _mm512_add_epi64(a, _mm512_loadu_si512(words + i));
        b = _mm512_add_epi64(b, _mm512_loadu_si512(words + i + 8));
        c = _mm512_add_epi64(c, _mm512_loadu_si512(words + i + 16));
        d = _mm512_add_epi64(d, _mm512_loadu_si512(words + i + 24));
    }
    return (uint64_t)_mm512_reduce_add_epi64(
               _mm512_add_epi64(_mm512_add_epi64(a, b), _mm512_add_epi64(c, d))) +
           read_scalar(words + i, count - i);
}

static const struct vport_bench_limit_form avx2 = {"avx2", count_runs_avx2, read_write_avx2,
                                                   read_avx2};
static const struct vport_bench_limit_form avx512 = {"avx512", count_runs_avx512, read_write_avx512,
                                                     read_avx512};
#endif

const struct vport_bench_limit_form *const *vport_bench_limit_forms(void)
{
    static const struct vport_bench_limit_form *forms[4];
    unsigned count = 0;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        forms[count++] = &avx512;
    if (__builtin_cpu_supports("avx2"))
        forms[count++] = &avx2;
#endif
    forms[count++] = &scalar;
    forms[count] = NULL;
    return forms;
}
