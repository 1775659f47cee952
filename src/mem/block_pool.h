/* SPDX-License-Identifier: MIT */
/*
 * The inside of block pools, open so that the steady state of taking and giving is a dozen
 * instructions at the place of the call. Only blocks.h and blocks.c include this; nobody else looks
 * at these fields.
 *
 *   pool:         | class range | class range | ...
 *   class range:  | head|block ...| head|block ...| head|block ...|  (reserved, not yet usable)  |
 *                 ^ 64-byte aligned, stride 64 * odd                ^ grown
 *
 * The stride is an odd number of lines, so that the first lines of neighbouring blocks spread over
 * all sets of the cache, and so that "is this the start of a block" is one multiplication by the
 * inverse of that number.
 */
#ifndef VPORT_MEM_BLOCK_POOL_H
#define VPORT_MEM_BLOCK_POOL_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"

enum {
    VPORT_BLOCK_LINE = 64,
    VPORT_BLOCK_CLASSES = 5,
    VPORT_BLOCK_EXACT = VPORT_BLOCK_CLASSES,
    VPORT_BLOCK_SMALL = 24
};

enum vport_block_state {
    VPORT_BLOCK_FREE, /* what fresh memory holds */
    VPORT_BLOCK_LIVE,
};

struct vport_block_head {
    _Atomic uint32_t state;
    uint32_t class;                /* VPORT_BLOCK_EXACT: a mapping of its own */
    struct vport_block_head *next; /* while free */
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct vport_block_head) == 16, "blocks start 16 bytes into a line");

struct vport_block_class {
    char *base;
    uintptr_t inverse;              /* of stride / VPORT_BLOCK_LINE, modulo the word */
    _Atomic size_t grown;           /* blocks whose memory is usable */
    size_t stride;                  /* bytes */
    size_t capacity;                /* blocks that fit in the reserved range */
    size_t committed;               /* bytes */
    struct vport_block_head *depot; /* free blocks that no thread keeps */
    size_t depot_count;
};

struct vport_block_pool {
    size_t stacks; /* where in a thread's `stacks` this pool's are, in bytes */
    size_t header, per_item;
    const char *name;
    char *base;     /* of the classes' ranges, one behind the other */
    unsigned shift; /* each takes 1 << shift bytes of addresses */
    struct vport_block_class classes[VPORT_BLOCK_CLASSES];
    pthread_mutex_t lock; /* depots, growth, exact blocks */
    struct vport_block_exact *exact;
    _Atomic size_t exact_count;
};

/* Free blocks of one class that a thread keeps. Only that thread writes. */
struct vport_block_stack {
    struct vport_block_head *top;
    _Atomic size_t count;
};

struct vport_block_cache {
    struct vport_block_stack stacks[VPORT_BLOCK_POOLS][VPORT_BLOCK_CLASSES];
    struct vport_block_cache *next, **link; /* among those of all threads */
};

extern VPORT_THREAD_LOCAL struct vport_block_cache *vport_block_thread_cache;

static inline struct vport_block_stack *vport_block_stacks(struct vport_block_cache *cache,
                                                           const struct vport_block_pool *pool)
{
    return (struct vport_block_stack *)((char *)cache->stacks + pool->stacks);
}

/* A thread keeps at most this many blocks of a class. */
static const size_t vport_block_keep[VPORT_BLOCK_CLASSES] = {256, 64, 16, 4, 4};

void *vport_block_take_slowly(struct vport_block_pool *pool, size_t items);
void vport_block_give_slowly(struct vport_block_pool *pool, struct vport_block_head *head);
bool vport_block_live_exact(struct vport_block_pool *pool, const struct vport_block_head *head);

static inline void *vport_block_pop(struct vport_block_stack *stack)
{
    struct vport_block_head *head = stack->top;

    stack->top = head->next;
    atomic_store_explicit(&stack->count,
                          atomic_load_explicit(&stack->count, memory_order_relaxed) - 1,
                          memory_order_relaxed);
    atomic_store_explicit(&head->state, VPORT_BLOCK_LIVE, memory_order_release);
    return head + 1;
}

static inline void vport_block_push(struct vport_block_stack *stack, struct vport_block_head *head)
{
    head->next = stack->top;
    stack->top = head;
    atomic_store_explicit(&stack->count,
                          atomic_load_explicit(&stack->count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* A block for at most VPORT_BLOCK_SMALL items if this thread keeps one, else NULL: then take. Calls
 * nothing. */
static inline void *vport_block_take_kept(struct vport_block_pool *pool)
{
    struct vport_block_cache *cache = vport_block_thread_cache;

    if (__builtin_expect(!cache || !vport_block_stacks(cache, pool)->top, 0))
        return NULL;
    return vport_block_pop(vport_block_stacks(cache, pool));
}

static inline void *vport_block_take(struct vport_block_pool *pool, size_t items)
{
    void *block = items <= VPORT_BLOCK_SMALL ? vport_block_take_kept(pool) : NULL;

    return __builtin_expect(block != NULL, 1) ? block : vport_block_take_slowly(pool, items);
}

/* Gives a live block of that class back if this thread keeps any and has room. Calls nothing. */
static inline bool vport_block_give_kept(struct vport_block_pool *pool, void *block, unsigned class)
{
    struct vport_block_head *head = (struct vport_block_head *)block - 1;
    struct vport_block_cache *cache = vport_block_thread_cache;
    struct vport_block_stack *stack;

    if (__builtin_expect(!cache, 0))
        return false;
    stack = vport_block_stacks(cache, pool) + class;
    if (__builtin_expect(atomic_load_explicit(&stack->count, memory_order_relaxed) >=
                             vport_block_keep[class],
                         0))
        return false;
    atomic_store_explicit(&head->state, VPORT_BLOCK_FREE, memory_order_release);
    vport_block_push(stack, head);
    return true;
}

static inline void vport_block_give(struct vport_block_pool *pool, void *block)
{
    struct vport_block_head *head = (struct vport_block_head *)block - 1;

    assert(atomic_load_explicit(&head->state, memory_order_relaxed) == VPORT_BLOCK_LIVE);
    if (__builtin_expect(head->class == VPORT_BLOCK_EXACT ||
                             !vport_block_give_kept(pool, block, head->class),
                         0))
        vport_block_give_slowly(pool, head);
}

/*
 * true if `head` is the start of one of the class's usable blocks. Multiplied by the inverse and
 * rotated by the line's bits, the n-th block's distance becomes n, and no other distance becomes
 * that: both steps can be undone.
 */
static inline bool vport_block_in_class(struct vport_block_class *class, uintptr_t head)
{
    enum { LINE_BITS = 6, WORD_BITS = 8 * sizeof(uintptr_t) };
    uintptr_t product = (head - (uintptr_t) class->base) * class->inverse;

    _Static_assert(1 << LINE_BITS == VPORT_BLOCK_LINE, "");
    return (product >> LINE_BITS | product << (WORD_BITS - LINE_BITS)) <
           atomic_load_explicit(&class->grown, memory_order_acquire);
}

/* true if `pointer` is the start of a block for at most VPORT_BLOCK_SMALL items, live or not: it
 * can be looked at. */
static inline bool vport_block_is_small(struct vport_block_pool *pool, const void *pointer)
{
    return vport_block_in_class(&pool->classes[0],
                                (uintptr_t)pointer - sizeof(struct vport_block_head));
}

/* The class in whose range the address lies, NULL if in none. */
static inline struct vport_block_class *vport_block_class_at(struct vport_block_pool *pool,
                                                             uintptr_t address)
{
    uintptr_t index = (address - (uintptr_t)pool->base) >> pool->shift;

    return __builtin_expect(index < VPORT_BLOCK_CLASSES, 1) ? &pool->classes[index] : NULL;
}

/* true if `pointer` is the start of a block, live or not, that is no exact one. Calls nothing. */
static inline bool vport_block_in_any_class(struct vport_block_pool *pool, const void *pointer)
{
    uintptr_t head = (uintptr_t)pointer - sizeof(struct vport_block_head);
    struct vport_block_class *class = vport_block_class_at(pool, head);

    return class && vport_block_in_class(class, head);
}

/* As vport_block_live for all but exact blocks. Calls nothing. */
static inline bool vport_block_live_in_class(struct vport_block_pool *pool, const void *pointer)
{
    uintptr_t head = (uintptr_t)pointer - sizeof(struct vport_block_head);

    return vport_block_in_any_class(pool, pointer) &&
           atomic_load_explicit(&((struct vport_block_head *)head)->state, memory_order_acquire) ==
               VPORT_BLOCK_LIVE;
}

static inline bool vport_block_live(struct vport_block_pool *pool, const void *pointer)
{
    return vport_block_live_in_class(pool, pointer) ||
           __builtin_expect(
               vport_block_live_exact(
                   pool, (const struct vport_block_head *)((uintptr_t)pointer -
                                                           sizeof(struct vport_block_head))),
               0);
}

#endif
