/* SPDX-License-Identifier: MIT */
/*
 * Block pools: size classes in reserved address ranges, a stack of free blocks per thread and
 * class, a depot behind them. Here is what happens seldom; block_pool.h has the rest. Knows nothing
 * of what is kept in blocks.
 */
#include "mem/blocks.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/arith.h"

enum { HUGE_PAGE = 2 << 20 };

/* A block larger than the largest class: a mapping of its own, this at its start, the head one line
 * further on. */
struct vport_block_exact {
    struct vport_block_exact *next;
    size_t bytes, items;
};

static const size_t class_items[VPORT_BLOCK_CLASSES] = {VPORT_BLOCK_SMALL, 272, 4112, 65552,
                                                        262160};
/* Addresses for each class, as a power of two: what is asked for, and what the smallest is content
 * with. */
enum { ROOM_SHIFT = UINTPTR_MAX > UINT32_MAX ? 33 : 25, LEAST_ROOM_SHIFT = 21 };

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER; /* the two lists below */
static struct vport_block_pool *pools[VPORT_BLOCK_POOLS];
static unsigned pool_count;
static struct vport_block_cache *caches;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;
VPORT_THREAD_LOCAL struct vport_block_cache *vport_block_thread_cache;

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

/* Takes what the system gives: in an address space with a limit the classes get less room, and the
 * largest may get none. */
static enum vport_status pool_reserve(struct vport_block_pool *pool)
{
    for (pool->shift = ROOM_SHIFT; pool->shift >= LEAST_ROOM_SHIFT; pool->shift--) {
        pool->base = reserve((size_t)VPORT_BLOCK_CLASSES << pool->shift);
        if (pool->base)
            return VPORT_OK;
    }
    return VPORT_E_NO_MEMORY;
}

static void class_create(struct vport_block_pool *pool, unsigned index, size_t block_bytes)
{
    struct vport_block_class *class = &pool->classes[index];

    class->base = pool->base + ((size_t)index << pool->shift);
    class->stride = vport_align_up(block_bytes, VPORT_BLOCK_LINE);
    if (class->stride / VPORT_BLOCK_LINE % 2 == 0)
        class->stride += VPORT_BLOCK_LINE;
    class->inverse = inverse_of(class->stride / VPORT_BLOCK_LINE);
    class->capacity = ((size_t)1 << pool->shift) / class->stride;
}

static bool class_commit(struct vport_block_class *class, size_t bytes, bool huge)
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

/* Blocks moved at once between a thread and the depot, and made at once. */
static size_t batch_of(unsigned class)
{
    return vport_block_keep[class] / 4;
}

static void depot_push(struct vport_block_class *class, struct vport_block_head *head)
{
    head->next = class->depot;
    class->depot = head;
    class->depot_count++;
}

static struct vport_block_head *depot_pop(struct vport_block_class *class)
{
    struct vport_block_head *head = class->depot;

    if (head) {
        class->depot = head->next;
        class->depot_count--;
    }
    return head;
}

/* Makes up to a batch of new blocks and puts them into the depot. The pool is locked. */
static void class_grow(struct vport_block_class *class, unsigned index)
{
    size_t from = atomic_load_explicit(&class->grown, memory_order_relaxed);
    size_t to = vport_min_u64(from + batch_of(index), class->capacity);

    if (from == to || !class_commit(class, to * class->stride, class->stride >= 1 << 20))
        return;
    for (size_t i = to; i-- > from;) {
        struct vport_block_head *head =
            (struct vport_block_head *)(class->base + i * class->stride);

        head->class = index;
        depot_push(class, head);
    }
    atomic_store_explicit(&class->grown, to, memory_order_release);
}

/* ---- What a thread keeps ---- */

/* Moves up to a batch from the depot. The pool is locked. */
static void stack_fill(struct vport_block_stack *stack, struct vport_block_class *class,
                       unsigned index)
{
    struct vport_block_head *head;

    if (!class->depot)
        class_grow(class, index);
    for (size_t i = 0; i < batch_of(index) && (head = depot_pop(class)); i++)
        vport_block_push(stack, head);
}

/* Moves up to `count` blocks into the depot. The pool is locked. */
static void stack_drain(struct vport_block_stack *stack, struct vport_block_class *class,
                        size_t count)
{
    size_t kept = atomic_load_explicit(&stack->count, memory_order_relaxed);

    for (; count && kept; count--, kept--) {
        struct vport_block_head *head = stack->top;

        stack->top = head->next;
        depot_push(class, head);
    }
    atomic_store_explicit(&stack->count, kept, memory_order_relaxed);
}

static void cache_drain(struct vport_block_cache *cache, struct vport_block_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < VPORT_BLOCK_CLASSES; i++)
        stack_drain(vport_block_stacks(cache, pool) + i, &pool->classes[i], SIZE_MAX);
    pthread_mutex_unlock(&pool->lock);
}

/* The thread ends. A destructor that runs later and takes or gives a block makes a new cache, whose
 * turn comes again. */
static void cache_destroy(void *value)
{
    struct vport_block_cache *cache = value;

    vport_block_thread_cache = NULL;
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

static struct vport_block_cache *cache_create(void)
{
    struct vport_block_cache *cache;

    pthread_once(&once, make_key);
    if (key_error)
        return NULL;
    cache = aligned_alloc(VPORT_CACHE_LINE, vport_align_up(sizeof(*cache), VPORT_CACHE_LINE));
    if (!cache)
        return NULL;
    *cache = (struct vport_block_cache){.next = NULL};
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
    vport_block_thread_cache = cache;
    return cache;
}

static struct vport_block_cache *cache_get(void)
{
    return vport_block_thread_cache ? vport_block_thread_cache : cache_create();
}

/* ---- Exact blocks ---- */

static struct vport_block_head *exact_head(struct vport_block_exact *exact)
{
    return (struct vport_block_head *)((char *)exact + VPORT_BLOCK_LINE);
}

static void *exact_take(struct vport_block_pool *pool, size_t items)
{
    struct vport_block_exact *exact;
    struct vport_block_head *head;
    size_t bytes;

    if (__builtin_mul_overflow(items, pool->per_item, &bytes) ||
        __builtin_add_overflow(bytes, pool->header + VPORT_BLOCK_LINE + sizeof(*head), &bytes))
        return NULL;
    exact = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (exact == MAP_FAILED)
        return NULL;
    exact->bytes = bytes;
    exact->items = items;
    head = exact_head(exact);
    head->class = VPORT_BLOCK_EXACT;
    atomic_store_explicit(&head->state, VPORT_BLOCK_LIVE, memory_order_relaxed);
    pthread_mutex_lock(&pool->lock);
    exact->next = pool->exact;
    pool->exact = exact;
    atomic_fetch_add_explicit(&pool->exact_count, 1, memory_order_relaxed);
    pthread_mutex_unlock(&pool->lock);
    return head + 1;
}

/*
 * The link that points to the block with this head, or to the NULL at the end. The pool is locked.
 */
static struct vport_block_exact **exact_find(struct vport_block_pool *pool,
                                             const struct vport_block_head *head)
{
    struct vport_block_exact **link = &pool->exact;

    while (*link && exact_head(*link) != head)
        link = &(*link)->next;
    return link;
}

static void exact_give(struct vport_block_pool *pool, struct vport_block_head *head)
{
    struct vport_block_exact **link, *exact;

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
static size_t exact_items(struct vport_block_pool *pool, const struct vport_block_head *head)
{
    struct vport_block_exact *exact;
    size_t items;

    if (!atomic_load_explicit(&pool->exact_count, memory_order_relaxed))
        return 0;
    pthread_mutex_lock(&pool->lock);
    exact = *exact_find(pool, head);
    items = exact ? exact->items : 0;
    pthread_mutex_unlock(&pool->lock);
    return items;
}

bool vport_block_live_exact(struct vport_block_pool *pool, const struct vport_block_head *head)
{
    return exact_items(pool, head) != 0;
}

/* ---- The door ---- */

static enum vport_status pool_register(struct vport_block_pool *pool)
{
    enum vport_status status = VPORT_E_TOO_LARGE;

    pthread_mutex_lock(&registry_lock);
    if (pool_count < VPORT_BLOCK_POOLS) {
        pool->stacks = pool_count * sizeof(((struct vport_block_cache *)NULL)->stacks[0]);
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
    enum vport_status status = pool ? pool_reserve(pool) : VPORT_E_NO_MEMORY;

    *result = NULL;
    if (status == VPORT_OK) {
        for (unsigned i = 0; i < VPORT_BLOCK_CLASSES; i++)
            class_create(pool, i,
                         sizeof(struct vport_block_head) + header + per_item * class_items[i]);
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

static unsigned class_of(size_t items)
{
    unsigned class = 0;

    while (class < VPORT_BLOCK_CLASSES && items > class_items[class])
        class ++;
    return class;
}

void *vport_block_take_slowly(struct vport_block_pool *pool, size_t items)
{
    struct vport_block_cache *cache = cache_get();
    unsigned class = class_of(items);
    struct vport_block_stack *stack;

    if (class == VPORT_BLOCK_EXACT)
        return exact_take(pool, items);
    if (!cache)
        return NULL;
    stack = vport_block_stacks(cache, pool) + class;
    if (!stack->top) {
        pthread_mutex_lock(&pool->lock);
        stack_fill(stack, &pool->classes[class], class);
        pthread_mutex_unlock(&pool->lock);
    }
    return stack->top ? vport_block_pop(stack) : NULL;
}

/* A thread that cannot have a cache (no memory for one) gives into the depot. */
static void class_give(struct vport_block_pool *pool, struct vport_block_head *head)
{
    struct vport_block_class *class = &pool->classes[head->class];
    struct vport_block_cache *cache = cache_get();
    struct vport_block_stack *stack;

    pthread_mutex_lock(&pool->lock);
    if (cache) {
        stack = vport_block_stacks(cache, pool) + head->class;
        if (atomic_load_explicit(&stack->count, memory_order_relaxed) >=
            vport_block_keep[head->class])
            stack_drain(stack, class, 2 * batch_of(head->class));
        vport_block_push(stack, head);
    } else {
        depot_push(class, head);
    }
    pthread_mutex_unlock(&pool->lock);
}

void vport_block_give_slowly(struct vport_block_pool *pool, struct vport_block_head *head)
{
    atomic_store_explicit(&head->state, VPORT_BLOCK_FREE, memory_order_release);
    if (head->class == VPORT_BLOCK_EXACT)
        exact_give(pool, head);
    else
        class_give(pool, head);
}

size_t vport_block_items(struct vport_block_pool *pool, const void *block)
{
    const struct vport_block_head *head = (const struct vport_block_head *)block - 1;

    return head->class == VPORT_BLOCK_EXACT ? exact_items(pool, head) : class_items[head->class];
}

/* Those that were made, less those in stacks and depots. */
size_t vport_block_count(struct vport_block_pool *pool)
{
    size_t made, idle = 0;

    pthread_mutex_lock(&registry_lock);
    pthread_mutex_lock(&pool->lock);
    made = atomic_load_explicit(&pool->exact_count, memory_order_relaxed);
    for (unsigned i = 0; i < VPORT_BLOCK_CLASSES; i++) {
        made += atomic_load_explicit(&pool->classes[i].grown, memory_order_relaxed);
        idle += pool->classes[i].depot_count;
        for (struct vport_block_cache *cache = caches; cache; cache = cache->next)
            idle += atomic_load_explicit(&vport_block_stacks(cache, pool)[i].count,
                                         memory_order_relaxed);
    }
    pthread_mutex_unlock(&pool->lock);
    pthread_mutex_unlock(&registry_lock);
    return made - vport_min_u64(made, idle);
}

static struct vport_block_head *class_head(const struct vport_block_class *class, size_t index)
{
    return (struct vport_block_head *)(class->base + index * class->stride);
}

bool vport_block_owns(struct vport_block_pool *pool, const void *pointer, bool *live)
{
    struct vport_block_class *class = vport_block_class_at(pool, (uintptr_t)pointer);
    size_t index;

    if (!class)
        return false;
    index = ((uintptr_t)pointer - (uintptr_t) class->base) / class->stride;
    *live = index < atomic_load_explicit(&class->grown, memory_order_acquire) &&
            atomic_load_explicit(&class_head(class, index)->state, memory_order_acquire) ==
                VPORT_BLOCK_LIVE;
    return true;
}

static void class_each(struct vport_block_class *class, void (*visit)(void *, void *),
                       void *context)
{
    size_t grown = atomic_load_explicit(&class->grown, memory_order_acquire);

    for (size_t i = 0; i < grown; i++)
        if (atomic_load_explicit(&class_head(class, i)->state, memory_order_acquire) ==
            VPORT_BLOCK_LIVE)
            visit(context, class_head(class, i) + 1);
}

/* The index-th exact block; NULL when there are not so many. */
static struct vport_block_head *exact_at(struct vport_block_pool *pool, size_t index)
{
    struct vport_block_exact *exact;

    pthread_mutex_lock(&pool->lock);
    for (exact = pool->exact; exact && index; exact = exact->next)
        index--;
    pthread_mutex_unlock(&pool->lock);
    return exact ? exact_head(exact) : NULL;
}

void vport_block_each(struct vport_block_pool *pool, void (*visit)(void *context, void *block),
                      void *context)
{
    struct vport_block_head *head;

    for (unsigned i = 0; i < VPORT_BLOCK_CLASSES; i++)
        class_each(&pool->classes[i], visit, context);
    /* From the last one, so that giving one back moves none that is still to come. */
    for (size_t i = atomic_load_explicit(&pool->exact_count, memory_order_relaxed); i-- > 0;)
        if ((head = exact_at(pool, i)))
            visit(context, head + 1);
}
