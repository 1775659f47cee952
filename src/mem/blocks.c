/* SPDX-License-Identifier: MIT */
/*
 * Block pools: size classes in reserved address ranges, a stack of free blocks per thread and
 * class, a depot behind them.
 *
 *   class range:  | head|block ...| head|block ...| head|block ...|  (reserved, not yet usable)  |
 *                 ^ 64-byte aligned, stride 64 * odd                ^ grown
 *
 * The stride is an odd number of lines, so that the first lines of neighbouring blocks spread over
 * all sets of the cache, and so that "is this the start of a block" is one multiplication by the
 * inverse of that number. Knows nothing of what is kept in blocks.
 */
#include "mem/blocks.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/arith.h"
#include "base/thread.h"

enum { LINE = 64, CLASSES = 4, EXACT = CLASSES, HUGE_PAGE = 2 << 20 };

enum block_state {
    BLOCK_FREE, /* what fresh memory holds */
    BLOCK_LIVE,
};

struct block_head {
    _Atomic uint32_t state;
    uint32_t class;
    struct block_head *next; /* while free */
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct block_head) == 16, "blocks start 16 bytes into a line");

struct size_class {
    char *base;
    size_t stride;            /* bytes */
    uintptr_t inverse;        /* of stride / LINE, modulo the word */
    size_t capacity;          /* blocks that fit in the reserved range */
    _Atomic size_t grown;     /* blocks whose memory is usable */
    size_t committed;         /* bytes */
    struct block_head *depot; /* free blocks that no thread keeps */
};

/* A block larger than the largest class: a mapping of its own, this at its start, the head one line
 * further on. */
struct exact_block {
    struct exact_block *next;
    size_t bytes, items;
};

struct vport_block_pool {
    const char *name;
    size_t header, per_item;
    unsigned index;
    struct size_class classes[CLASSES];
    pthread_mutex_t lock; /* depots, growth, exact blocks, `left` */
    struct exact_block *exact;
    _Atomic size_t exact_count;
    intptr_t left; /* taken less given by threads that have ended */
};

struct block_stack {
    struct block_head *top;
    size_t count;
};

/* What a thread keeps. */
struct block_cache {
    struct block_cache *next, **link;
    struct block_stack stacks[VPORT_BLOCK_POOLS][CLASSES];
    _Atomic intptr_t taken[VPORT_BLOCK_POOLS]; /* less given; only this thread writes */
};

static const size_t class_items[CLASSES] = {24, 272, 4112, 65552};
#if UINTPTR_MAX > UINT32_MAX
static const uint64_t class_reserve[CLASSES] = {1ull << 30, 1ull << 30, 2ull << 30, 8ull << 30};
#else
static const uint64_t class_reserve[CLASSES] = {16 << 20, 16 << 20, 16 << 20, 32 << 20};
#endif
static const size_t class_batch[CLASSES] = {
    64, 16, 4, 1}; /* blocks moved at once; a thread keeps at most four times as many */

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER; /* the two lists below */
static struct vport_block_pool *pools[VPORT_BLOCK_POOLS];
static unsigned pool_count;
static struct block_cache *caches;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;
static VPORT_THREAD_LOCAL struct block_cache *thread_cache;

/* ---- The ground: reserved ranges and their growth ---- */

static void *reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes + HUGE_PAGE, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return NULL;
    return (void *)(uintptr_t)vport_align_up((uintptr_t)memory, HUGE_PAGE);
}

/* The inverse of an odd number modulo the word: Newton's iteration doubles the right bits, from
 * three. */
static uintptr_t inverse_of(uintptr_t odd)
{
    uintptr_t inverse = odd;

    for (int i = 0; i < 5; i++)
        inverse *= 2 - odd * inverse;
    return inverse;
}

/* Takes what the system gives: an address space with a limit gets a smaller range. */
static enum vport_status class_create(struct size_class *class, size_t block_bytes,
                                      uint64_t reserve_bytes)
{
    class->stride = vport_align_up(block_bytes, LINE);
    if (class->stride / LINE % 2 == 0)
        class->stride += LINE;
    class->inverse = inverse_of(class->stride / LINE);
    while (reserve_bytes >= class->stride) {
        class->base = reserve(reserve_bytes);
        if (class->base)
            break;
        reserve_bytes /= 2;
    }
    class->capacity = class->base ? reserve_bytes / class->stride : 0;
    return class->base ? VPORT_OK : VPORT_E_NO_MEMORY;
}

static struct block_head *class_head(const struct size_class *class, size_t index)
{
    return (struct block_head *)(class->base + index * class->stride);
}

static bool class_commit(struct size_class *class, size_t bytes, bool huge)
{
    size_t end = vport_align_up(bytes, huge ? HUGE_PAGE : 1 << 16);

    if (end <= class->committed)
        return true;
    if (mprotect(class->base + class->committed, end - class->committed, PROT_READ | PROT_WRITE))
        return false;
    /* A hint: the list of a 256 MiB transfer takes half the time on a huge page (58 -> 28 us for
     * 65536 elements). */
    if (huge)
        madvise(class->base + class->committed, end - class->committed, MADV_HUGEPAGE);
    class->committed = end;
    return true;
}

/* Makes up to a batch of new blocks and puts them into the depot. The pool is locked. */
static void class_grow(struct size_class *class, unsigned index)
{
    size_t from = atomic_load_explicit(&class->grown, memory_order_relaxed);
    size_t to = vport_min_u64(from + class_batch[index], class->capacity);

    if (from == to || !class_commit(class, to * class->stride, class->stride >= 1 << 20))
        return;
    for (size_t i = to; i-- > from;) {
        struct block_head *head = class_head(class, i);

        head->class = index;
        head->next = class->depot;
        class->depot = head;
    }
    atomic_store_explicit(&class->grown, to, memory_order_release);
}

/* ---- What a thread keeps ---- */

static void stack_push(struct block_stack *stack, struct block_head *head)
{
    head->next = stack->top;
    stack->top = head;
    stack->count++;
}

static struct block_head *stack_pop(struct block_stack *stack)
{
    struct block_head *head = stack->top;

    stack->top = head->next;
    stack->count--;
    return head;
}

/* Moves up to a batch from the depot. The pool is locked. */
static void stack_fill(struct block_stack *stack, struct size_class *class, unsigned index)
{
    if (!class->depot)
        class_grow(class, index);
    for (size_t i = 0; i < class_batch[index] && class->depot; i++) {
        struct block_head *head = class->depot;

        class->depot = head->next;
        stack_push(stack, head);
    }
}

/* Moves up to `count` blocks into the depot. The pool is locked. */
static void stack_drain(struct block_stack *stack, struct size_class *class, size_t count)
{
    for (; count && stack->count; count--) {
        struct block_head *head = stack_pop(stack);

        head->next = class->depot;
        class->depot = head;
    }
}

static void cache_drain(struct block_cache *cache, struct vport_block_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < CLASSES; i++)
        stack_drain(&cache->stacks[pool->index][i], &pool->classes[i], SIZE_MAX);
    pool->left += atomic_load_explicit(&cache->taken[pool->index], memory_order_relaxed);
    pthread_mutex_unlock(&pool->lock);
}

/* The thread ends. A destructor that runs later and takes or gives a block makes a new cache, whose
 * turn comes again. */
static void cache_destroy(void *value)
{
    struct block_cache *cache = value;

    thread_cache = NULL;
    pthread_mutex_lock(&registry_lock);
    for (unsigned i = 0; i < pool_count; i++)
        cache_drain(cache, pools[i]);
    *cache->link = cache->next;
    if (cache->next)
        cache->next->link = cache->link;
    pthread_mutex_unlock(&registry_lock);
    free(cache);
}

static void make_key(void)
{
    key_error = pthread_key_create(&key, cache_destroy);
}

static struct block_cache *cache_create(void)
{
    struct block_cache *cache;

    pthread_once(&once, make_key);
    if (key_error)
        return NULL;
    cache = aligned_alloc(VPORT_CACHE_LINE, vport_align_up(sizeof(*cache), VPORT_CACHE_LINE));
    if (!cache)
        return NULL;
    *cache = (struct block_cache){0};
    if (pthread_setspecific(key, cache)) {
        free(cache);
        return NULL;
    }
    pthread_mutex_lock(&registry_lock);
    cache->next = caches;
    cache->link = &caches;
    if (caches)
        caches->link = &cache->next;
    caches = cache;
    pthread_mutex_unlock(&registry_lock);
    thread_cache = cache;
    return cache;
}

static inline struct block_cache *cache_get(void)
{
    struct block_cache *cache = thread_cache;

    return __builtin_expect(cache != NULL, 1) ? cache : cache_create();
}

/* A thread that cannot have a cache (no memory for one) counts in the pool. */
static inline void count_block(struct vport_block_pool *pool, struct block_cache *cache,
                               intptr_t amount)
{
    if (__builtin_expect(cache != NULL, 1)) {
        _Atomic intptr_t *taken = &cache->taken[pool->index];

        atomic_store_explicit(taken, atomic_load_explicit(taken, memory_order_relaxed) + amount,
                              memory_order_relaxed);
    } else {
        pthread_mutex_lock(&pool->lock);
        pool->left += amount;
        pthread_mutex_unlock(&pool->lock);
    }
}

/* ---- Exact blocks ---- */

static struct block_head *exact_head(struct exact_block *exact)
{
    return (struct block_head *)((char *)exact + LINE);
}

static struct block_head *exact_take(struct vport_block_pool *pool, size_t items)
{
    struct exact_block *exact;
    size_t bytes;

    if (__builtin_mul_overflow(items, pool->per_item, &bytes) ||
        __builtin_add_overflow(bytes, pool->header + LINE + sizeof(struct block_head), &bytes))
        return NULL;
    exact = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (exact == MAP_FAILED)
        return NULL;
    exact->bytes = bytes;
    exact->items = items;
    exact_head(exact)->class = EXACT;
    atomic_store_explicit(&exact_head(exact)->state, BLOCK_LIVE, memory_order_relaxed);
    pthread_mutex_lock(&pool->lock);
    exact->next = pool->exact;
    pool->exact = exact;
    atomic_fetch_add_explicit(&pool->exact_count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&pool->lock);
    return exact_head(exact);
}

/* The link that points to the block with this head, or to the NULL at the end. The pool is locked.
 */
static struct exact_block **exact_find(struct vport_block_pool *pool, const struct block_head *head)
{
    struct exact_block **link = &pool->exact;

    while (*link && exact_head(*link) != head)
        link = &(*link)->next;
    return link;
}

static void exact_give(struct vport_block_pool *pool, struct block_head *head)
{
    struct exact_block **link, *exact;

    pthread_mutex_lock(&pool->lock);
    link = exact_find(pool, head);
    exact = *link;
    assert(exact);
    *link = exact->next;
    atomic_fetch_sub_explicit(&pool->exact_count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&pool->lock);
    munmap(exact, exact->bytes);
}

/* How many items the exact block has room for; 0: no such block. */
static size_t exact_items(struct vport_block_pool *pool, const struct block_head *head)
{
    struct exact_block *exact;
    size_t items;

    if (!atomic_load_explicit(&pool->exact_count, memory_order_relaxed))
        return 0;
    pthread_mutex_lock(&pool->lock);
    exact = *exact_find(pool, head);
    items = exact ? exact->items : 0;
    pthread_mutex_unlock(&pool->lock);
    return items;
}

/* ---- The door ---- */

static enum vport_status pool_register(struct vport_block_pool *pool)
{
    enum vport_status status = VPORT_E_TOO_LARGE;

    pthread_mutex_lock(&registry_lock);
    if (pool_count < VPORT_BLOCK_POOLS) {
        pool->index = pool_count;
        pools[pool_count++] = pool;
        status = VPORT_OK;
    }
    pthread_mutex_unlock(&registry_lock);
    return status;
}

enum vport_status vport_block_pool_create(const char *name, size_t header, size_t per_item,
                                          struct vport_block_pool **result)
{
    struct vport_block_pool *pool = calloc(1, sizeof(*pool));
    enum vport_status status = pool ? VPORT_OK : VPORT_E_NO_MEMORY;

    *result = NULL;
    for (unsigned i = 0; i < CLASSES && status == VPORT_OK; i++)
        status = class_create(&pool->classes[i],
                              sizeof(struct block_head) + header + per_item * class_items[i],
                              class_reserve[i]);
    if (status == VPORT_OK) {
        pool->name = name;
        pool->header = header;
        pool->per_item = per_item;
        pthread_mutex_init(&pool->lock, NULL);
        status = pool_register(pool);
    }
    if (status == VPORT_OK)
        *result = pool;
    else
        free(pool); /* and its address ranges, which cost nothing, are left */
    return status;
}

static inline unsigned class_of(size_t items)
{
    unsigned class = 0;

    while (class < CLASSES && items > class_items[class])
        class ++;
    return class;
}

static bool stack_refill(struct vport_block_pool *pool, struct block_stack *stack, unsigned class)
{
    pthread_mutex_lock(&pool->lock);
    stack_fill(stack, &pool->classes[class], class);
    pthread_mutex_unlock(&pool->lock);
    return stack->top != NULL;
}

static void stack_overflow(struct vport_block_pool *pool, struct block_stack *stack, unsigned class)
{
    pthread_mutex_lock(&pool->lock);
    stack_drain(stack, &pool->classes[class], 2 * class_batch[class]);
    pthread_mutex_unlock(&pool->lock);
}

static struct block_head *class_take(struct vport_block_pool *pool, struct block_cache *cache,
                                     unsigned class)
{
    struct block_stack *stack = &cache->stacks[pool->index][class];
    struct block_head *head;

    if (__builtin_expect(!stack->top, 0) && !stack_refill(pool, stack, class))
        return NULL;
    head = stack_pop(stack);
    atomic_store_explicit(&head->state, BLOCK_LIVE, memory_order_release);
    return head;
}

void *vport_block_take(struct vport_block_pool *pool, size_t items)
{
    struct block_cache *cache = cache_get();
    unsigned class = class_of(items);
    struct block_head *head;

    if (!cache)
        return NULL;
    if (__builtin_expect(class == EXACT, 0))
        head = exact_take(pool, items);
    else
        head = class_take(pool, cache, class);
    if (!head)
        return NULL;
    count_block(pool, cache, 1);
    return head + 1;
}

static void depot_push(struct vport_block_pool *pool, struct block_head *head)
{
    pthread_mutex_lock(&pool->lock);
    head->next = pool->classes[head->class].depot;
    pool->classes[head->class].depot = head;
    pthread_mutex_unlock(&pool->lock);
}

void vport_block_give(struct vport_block_pool *pool, void *block)
{
    struct block_head *head = (struct block_head *)block - 1;
    struct block_cache *cache = cache_get();
    unsigned class = head->class;

    assert(atomic_load_explicit(&head->state, memory_order_relaxed) == BLOCK_LIVE);
    atomic_store_explicit(&head->state, BLOCK_FREE, memory_order_release);
    if (__builtin_expect(class == EXACT, 0)) {
        exact_give(pool, head);
    } else if (__builtin_expect(!cache, 0)) {
        depot_push(pool, head);
    } else {
        struct block_stack *stack = &cache->stacks[pool->index][class];

        stack_push(stack, head);
        if (__builtin_expect(stack->count > 4 * class_batch[class], 0))
            stack_overflow(pool, stack, class);
    }
    count_block(pool, cache, -1);
}

/* The class in whose usable blocks `head` is one's start, or EXACT. */
static inline unsigned class_of_head(struct vport_block_pool *pool, const struct block_head *head)
{
    for (unsigned i = 0; i < CLASSES; i++) {
        struct size_class *class = &pool->classes[i];
        uintptr_t distance = (uintptr_t)head - (uintptr_t) class->base;
        size_t grown = atomic_load_explicit(&class->grown, memory_order_acquire);

        if (distance % LINE == 0 && distance / LINE * class->inverse < grown)
            return i;
    }
    return EXACT;
}

bool vport_block_live(struct vport_block_pool *pool, const void *pointer)
{
    const struct block_head *head =
        (const struct block_head *)((uintptr_t)pointer - sizeof(struct block_head));

    if (class_of_head(pool, head) == EXACT)
        return exact_items(pool, head) != 0;
    return atomic_load_explicit(&((struct block_head *)(uintptr_t)head)->state,
                                memory_order_acquire) == BLOCK_LIVE;
}

bool vport_block_owns(struct vport_block_pool *pool, const void *pointer, bool *live)
{
    for (unsigned i = 0; i < CLASSES; i++) {
        struct size_class *class = &pool->classes[i];
        uintptr_t distance = (uintptr_t)pointer - (uintptr_t) class->base;
        size_t index = distance / class->stride;

        if (index >= class->capacity)
            continue;
        *live = index < atomic_load_explicit(&class->grown, memory_order_acquire) &&
                atomic_load_explicit(&class_head(class, index)->state, memory_order_acquire) ==
                    BLOCK_LIVE;
        return true;
    }
    return false;
}

static void class_each(struct size_class *class, void (*visit)(void *, void *), void *context)
{
    size_t grown = atomic_load_explicit(&class->grown, memory_order_acquire);

    for (size_t i = 0; i < grown; i++)
        if (atomic_load_explicit(&class_head(class, i)->state, memory_order_acquire) == BLOCK_LIVE)
            visit(context, class_head(class, i) + 1);
}

/* The index-th exact block; NULL when there are not so many. */
static struct block_head *exact_at(struct vport_block_pool *pool, size_t index)
{
    struct exact_block *exact;

    pthread_mutex_lock(&pool->lock);
    for (exact = pool->exact; exact && index; exact = exact->next)
        index--;
    pthread_mutex_unlock(&pool->lock);
    return exact ? exact_head(exact) : NULL;
}

void vport_block_each(struct vport_block_pool *pool, void (*visit)(void *context, void *block),
                      void *context)
{
    struct block_head *head;

    for (unsigned i = 0; i < CLASSES; i++)
        class_each(&pool->classes[i], visit, context);
    /* From the last one, so that giving one back moves none that is still to come. */
    for (size_t i = atomic_load_explicit(&pool->exact_count, memory_order_relaxed); i-- > 0;)
        if ((head = exact_at(pool, i)))
            visit(context, head + 1);
}

size_t vport_block_items(struct vport_block_pool *pool, const void *block)
{
    const struct block_head *head = (const struct block_head *)block - 1;

    return head->class == EXACT ? exact_items(pool, head) : class_items[head->class];
}

size_t vport_block_count(struct vport_block_pool *pool)
{
    intptr_t count;

    pthread_mutex_lock(&registry_lock);
    pthread_mutex_lock(&pool->lock);
    count = pool->left;
    pthread_mutex_unlock(&pool->lock);
    for (struct block_cache *cache = caches; cache; cache = cache->next)
        count += atomic_load_explicit(&cache->taken[pool->index], memory_order_relaxed);
    pthread_mutex_unlock(&registry_lock);
    return count < 0 ? 0 : (size_t)count; /* a giver may be seen before the taker */
}
