/* SPDX-License-Identifier: MIT */
/*
 * The limits: what the work costs when nothing but its memory traffic is done. Each has an AVX-512,
 * an AVX2 and a plain form; `form` names one that vport_bench_limit_forms() lists. They see page
 * frame numbers and nothing of videoport.
 */
#ifndef VPORT_BENCH_LIMITS_H
#define VPORT_BENCH_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct vport_bench_limit_form {
    const char *name; /* "avx512", "avx2", "scalar" */
    /* How many runs of adjacent frames there are: every frame is looked at, nothing is written. */
    size_t (*count_runs)(const uint64_t *frames, size_t count);
    /* Writes 24 bytes for each 8 read: the list of scattered pages, nothing looked at. */
    void (*read_write)(const uint64_t *frames, size_t count, uint64_t *elements);
    /* Sum of all words: reads `count` of them. */
    uint64_t (*read)(const uint64_t *words, size_t count);
};

/* Those that this CPU has, best first; ends with NULL. */
const struct vport_bench_limit_form *const *vport_bench_limit_forms(void);

#endif
