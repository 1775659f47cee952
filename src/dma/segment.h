/* SPDX-License-Identifier: MIT */
/*
 * The segmenter: page frames to scatter/gather elements. A pure function: no allocation, no lock,
 * no state.
 *
 * Scalar, AVX2 and AVX-512 forms give identical results; the best one for this CPU is chosen once
 * at start.
 */
#ifndef VPORT_DMA_SEGMENT_H
#define VPORT_DMA_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "dma/dma.h"

/*
 * Writes the elements for `length` bytes that start `offset` bytes (0..4095) into frames[0].
 * Adjacent frames merge; an element ends where the frames are not adjacent, or at a multiple of
 * `boundary` (power of two >= 4096, 0: none), and never holds more than 2^32 - 4096 bytes.
 * `elements` has room for one element a page spanned, plus none (a boundary only falls between
 * pages). Returns the number of elements, at least 1 for length > 0; 0 for length 0.
 */
size_t vport_segment(const struct vport_frame *frames, uint32_t offset, uint64_t length,
                     uint64_t boundary, struct vport_dma_element *elements);

/* As vport_segment for frames that are all adjacent, from `frame` on: the numbers need not be in
 * memory. */
size_t vport_segment_linear(struct vport_frame frame, uint32_t offset, uint64_t length,
                            uint64_t boundary, struct vport_dma_element *elements);

/* As vport_segment, counting only. */
size_t vport_segment_count(const struct vport_frame *frames, uint32_t offset, uint64_t length,
                           uint64_t boundary);

/* How many of `pages` frames do not lie wholly at or below bus address `reach`. */
size_t vport_segment_out_of_reach(const struct vport_frame *frames, size_t pages, uint64_t reach);

/* For tests and benchmarks: the forms this build and CPU have, best first; NULL-terminated names
 * "avx512", "avx2", "scalar". */
const char *const *vport_segment_forms(void);
/* Chooses one for the process; false if it is not to be had. Not while another thread maps. */
int vport_segment_choose(const char *form);

#endif
