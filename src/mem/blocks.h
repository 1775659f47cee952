/* SPDX-License-Identifier: MIT */
/*
 * Blocks: preallocated memory for things that live as long as one operation (DMA operations with
 * their lists, MDLs with their frames, contexts).
 *
 * A pool has size classes; each thread keeps a small stack of free blocks per class, so that taking
 * and giving costs no lock and no system call in the steady state. Blocks never move and their
 * address range is reserved, so that any pointer, however wrong, can be asked whether it is a live
 * block.
 *
 * The limit of that question: the block given back last is the warmest, and the same thread takes
 * it first. A pointer to a block that was given back is recognised until then; afterwards it is the
 * pointer to the new block and cannot be told from it.
 */
#ifndef VPORT_MEM_BLOCKS_H
#define VPORT_MEM_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>

struct vport_block_pool;

/*
 * Blocks of `header` bytes plus `per_item` bytes for each of 24, 272, 4112, 65552, 262160 items,
 * and, above that, of exactly as many as asked (straight from the system). `name` for debuggers;
 * not copied. Pools are made once per process and live for ever. VPORT_E_NO_MEMORY;
 * VPORT_E_TOO_LARGE: more than VPORT_BLOCK_POOLS of them.
 */
enum { VPORT_BLOCK_POOLS = 16 };
enum vport_status vport_block_pool_create(const char *name, size_t header, size_t per_item,
                                          struct vport_block_pool **pool);

/*
 * 16-byte aligned, 16 bytes into a 64-byte line (the line's first 16 bytes are the pool's own),
 * contents undefined; NULL when there is no memory. Any thread.
 */
static inline void *vport_block_take(struct vport_block_pool *pool, size_t items);
/* `block` is live and from this pool. Any thread, also another than the one that took it. */
static inline void vport_block_give(struct vport_block_pool *pool, void *block);

/* true if `pointer` is the start of a live block of this pool. Any pointer value is fine; never
 * faults. */
static inline bool vport_block_live(struct vport_block_pool *pool, const void *pointer);
/*
 * true if `pointer` lies anywhere in the address range that this pool keeps its blocks in (all but
 * those above 262160 items); then *live tells whether the block there is. Any pointer value is
 * fine; never faults.
 */
bool vport_block_owns(struct vport_block_pool *pool, const void *pointer, bool *live);
/*
 * Calls visit() for every live block; it may give that block back. Blocks that other threads take
 * or give meanwhile are visited or not.
 */
void vport_block_each(struct vport_block_pool *pool, void (*visit)(void *context, void *block),
                      void *context);
/* How many items the live block has room for. */
size_t vport_block_items(struct vport_block_pool *pool, const void *block);
/* Blocks now taken. */
size_t vport_block_count(struct vport_block_pool *pool);

#include "mem/block_pool.h"

#endif
