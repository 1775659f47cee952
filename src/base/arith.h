/* SPDX-License-Identifier: MIT */
/* Checked arithmetic and ranges: the one place where "does it fit" is written down. Knows nothing
 * else. */
#ifndef VPORT_BASE_ARITH_H
#define VPORT_BASE_ARITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* true if [start, start + length) lies within [0, size) without wrapping. An empty range at the end
 * fits. */
static inline bool vport_range_fits(uint64_t start, uint64_t length, uint64_t size)
{
    return start <= size && length <= size - start;
}

/* true if a + b fits in 64 bits; then *sum holds it. */
static inline bool vport_add_u64(uint64_t a, uint64_t b, uint64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static inline bool vport_mul_u64(uint64_t a, uint64_t b, uint64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

static inline uint64_t vport_min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t vport_max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* `alignment` is a power of two. */
static inline uint64_t vport_align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}

/* The caller makes sure that value + alignment - 1 does not wrap. */
static inline uint64_t vport_align_up(uint64_t value, uint64_t alignment)
{
    return vport_align_down(value + alignment - 1, alignment);
}

#define VPORT_CONTAINER_OF(pointer, type, member)                                                  \
    ((type *)((char *)(pointer)-offsetof(type, member)))
#define VPORT_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
