/* SPDX-License-Identifier: MIT */
/*
 * Pool: tagged memory for drivers. Every block lies between two guards, is known by its address (so
 * that a free of anything else is recognised), and is filled with a pattern: a driver that reads
 * what it never wrote, or what it gave back, does the same thing in every run.
 *
 *     | struct vport_nt_pool_block | guard | the driver's bytes | guard |
 *
 * Sources: wdm/nf-wdm-exallocatepoolwithtag, wdm/nf-wdm-exfreepoolwithtag, and the pool checks of
 * Driver Verifier (bug checks 0xC1, 0xC2, 0xC4).
 */
#include "nt/kernel.h"

#include <stdlib.h>

#define GUARD_BYTES   16u
#define GUARD_PATTERN 0xFD
#define FILL_NEW      0xCD
#define FILL_FREED    0xDD
/* Enough of a freed block is overwritten to be noticed; all of a large one would only be slow. */
#define FILL_MOST 4096u

#define KIND_MASK  1u /* NonPagedPool or PagedPool */
#define CACHE_LINE 4u /* the ...CacheAligned variants */

struct vport_nt_pool_block {
    struct vport_nt_pool_block *next; /* in its bucket */
    char *memory;                     /* what malloc gave */
    char *data;                       /* the driver's first byte */
    SIZE_T bytes;
    ULONG tag;
    POOL_TYPE type;
    const void *site; /* who allocated it */
};

/* ---- Names ---- */

/* A tag as its author wrote it: four characters, first byte first. */
static const char *tag_text(ULONG tag, char text[5])
{
    for (unsigned i = 0; i < 4; i++) {
        char c = (char)(tag >> 8 * i);

        text[i] = c >= 0x20 && c < 0x7f ? c : '.';
    }
    text[4] = '\0';
    return text;
}

/*
 * The bits that say nothing about where memory lies (executable or not, session, cold, quota) are
 * dropped.
 */
static bool is_paged(POOL_TYPE type)
{
    return ((unsigned)type & KIND_MASK) == PagedPool;
}

static size_t alignment(POOL_TYPE type, SIZE_T bytes)
{
    if (bytes >= PAGE_SIZE)
        return PAGE_SIZE;
    return (unsigned)type & CACHE_LINE ? SYSTEM_CACHE_ALIGNMENT_SIZE : MEMORY_ALLOCATION_ALIGNMENT;
}

/* ---- The table of live blocks ---- */

static struct vport_nt_pool_block **bucket(struct vport_nt_pool *pool, const void *data)
{
    uintptr_t key = (uintptr_t)data / MEMORY_ALLOCATION_ALIGNMENT;

    return &pool->buckets[(key ^ key >> 10 ^ key >> 20) % VPORT_NT_POOL_BUCKETS];
}

/* The pool is locked. */
static void forget_freed(struct vport_nt_pool *pool, const void *data)
{
    for (unsigned i = 0; i < VPORT_NT_FREED; i++)
        if (pool->freed[i] == data)
            pool->freed[i] = NULL;
}

static void insert(struct vport_nt_pool *pool, struct vport_nt_pool_block *block)
{
    struct vport_nt_pool_block **head = bucket(pool, block->data);

    vport_lock_acquire(&pool->lock);
    forget_freed(pool, block->data);
    block->next = *head;
    *head = block;
    vport_lock_release(&pool->lock);
}

static struct vport_nt_pool_block *take_out(struct vport_nt_pool *pool, const void *data)
{
    struct vport_nt_pool_block **link = bucket(pool, data);
    struct vport_nt_pool_block *block;

    vport_lock_acquire(&pool->lock);
    while (*link && (*link)->data != data)
        link = &(*link)->next;
    block = *link;
    if (block) {
        *link = block->next;
        pool->freed[pool->next_freed++ % VPORT_NT_FREED] = data;
    }
    vport_lock_release(&pool->lock);
    return block;
}

bool vport_nt_pool_freed(struct vport_nt *nt, const void *data)
{
    struct vport_nt_pool *pool = &nt->pool;
    bool found = false;

    vport_lock_acquire(&pool->lock);
    for (unsigned i = 0; i < VPORT_NT_FREED && !found; i++)
        found = data && pool->freed[i] == data;
    vport_lock_release(&pool->lock);
    return found;
}

bool vport_nt_pool_find(struct vport_nt *nt, const volatile void *address, POOL_TYPE *type,
                        SIZE_T *rest)
{
    struct vport_nt_pool *pool = &nt->pool;
    uintptr_t wanted = (uintptr_t)address;
    bool found = false;

    vport_lock_acquire(&pool->lock);
    for (unsigned i = 0; i < VPORT_NT_POOL_BUCKETS && !found; i++) {
        for (struct vport_nt_pool_block *b = pool->buckets[i]; b && !found; b = b->next) {
            if (wanted - (uintptr_t)b->data < b->bytes) {
                *type = is_paged(b->type) ? PagedPool : NonPagedPool;
                *rest = b->bytes - (wanted - (uintptr_t)b->data);
                found = true;
            }
        }
    }
    vport_lock_release(&pool->lock);
    return found;
}

/* ---- Blocks ---- */

/* The size of the whole, or 0 when it does not fit into an address space. */
static size_t whole_size(SIZE_T bytes, size_t align)
{
    const size_t extra = sizeof(struct vport_nt_pool_block) + 2 * GUARD_BYTES + align +
                         (bytes < PAGE_SIZE ? bytes : 0); /* see place() */

    return bytes <= SIZE_MAX / 2 - extra ? bytes + extra : 0;
}

/* A block smaller than a page crosses none: where it would, it begins with the next. */
static char *place(struct vport_nt_pool_block *block, size_t align, SIZE_T bytes)
{
    uintptr_t data = (uintptr_t)vport_align_up((uintptr_t)(block + 1) + GUARD_BYTES, align);

    if (bytes < PAGE_SIZE && data % PAGE_SIZE + bytes > PAGE_SIZE)
        data = (uintptr_t)vport_align_up(data, PAGE_SIZE);
    return (char *)data;
}

/* No mistake of the driver's, hence no report; told once, as it may go on asking. */
static void say_short(struct vport_nt *nt, SIZE_T bytes)
{
    if (!atomic_exchange(&nt->pool.short_of_memory, true))
        DbgPrint("There is no memory for %Iu bytes of pool: the driver gets NULL.", bytes);
}

void *vport_nt_pool_allocate(struct vport_nt *nt, POOL_TYPE type, SIZE_T bytes, ULONG tag,
                             const void *site)
{
    size_t align = alignment(type, bytes);
    size_t whole = whole_size(bytes, align);
    char *memory = whole ? malloc(whole) : NULL;
    struct vport_nt_pool_block *block = (struct vport_nt_pool_block *)memory;

    if (!block) {
        say_short(nt, bytes);
        return NULL;
    }
    *block = (struct vport_nt_pool_block){
        .memory = memory, .bytes = bytes, .tag = tag, .type = type, .site = site};
    block->data = place(block, align, bytes);
    memset(block->data - GUARD_BYTES, GUARD_PATTERN, GUARD_BYTES);
    memset(block->data, FILL_NEW, bytes);
    memset(block->data + bytes, GUARD_PATTERN, GUARD_BYTES);
    insert(&nt->pool, block);
    return block->data;
}

static bool guard_whole(const char *guard)
{
    for (unsigned i = 0; i < GUARD_BYTES; i++)
        if ((unsigned char)guard[i] != GUARD_PATTERN)
            return false;
    return true;
}

static void check_guards(struct vport_nt *nt, const struct vport_nt_pool_block *block,
                         const void *site)
{
    bool before = guard_whole(block->data - GUARD_BYTES);
    bool after = guard_whole(block->data + block->bytes);
    char tag[5];

    if (before && after)
        return;
    vport_report(nt->reports, "POOL", site,
                 "The block %p of %zu bytes, tag '%s', was written %s its end%s. NT stops such a "
                 "driver with bug check 0x19 BAD_POOL_HEADER, Driver Verifier with 0xC1 or 0xCD.",
                 (void *)block->data, (size_t)block->bytes, tag_text(block->tag, tag),
                 after ? "before its start, not" : "beyond",
                 before || after ? "" : " and before its start");
}

static void check_tag(struct vport_nt *nt, const struct vport_nt_pool_block *block, ULONG tag,
                      const void *site)
{
    char has[5];
    char given[5];

    /*
     * Tag 0 is ExFreePool, which asks nothing. The top bit marked protected pool and is no part of
     * the name.
     */
    if (tag == 0 || ((tag ^ block->tag) & 0x7fffffffu) == 0)
        return;
    vport_report(nt->reports, "POOL", site,
                 "ExFreePoolWithTag: the block %p has the tag '%s', not '%s'. NT stops with bug "
                 "check 0xC2/0x0A.",
                 (void *)block->data, tag_text(block->tag, has), tag_text(tag, given));
}

static void release(struct vport_nt_pool_block *block)
{
    memset(block->data, FILL_FREED, block->bytes < FILL_MOST ? block->bytes : FILL_MOST);
    free(block->memory);
}

bool vport_nt_pool_free(struct vport_nt *nt, PVOID data, ULONG tag, const char *function,
                        const void *site)
{
    struct vport_nt_pool_block *block = data ? take_out(&nt->pool, data) : NULL;

    if (!block) {
        vport_report(
            nt->reports, "POOL", site,
            "%s: %p is not a live pool block (%s). NT stops with bug check 0xC2 BAD_POOL_CALLER.",
            function, data,
            vport_nt_pool_freed(nt, data) ? "it was freed before" : "it never was one");
        return false;
    }
    if (is_paged(block->type))
        vport_nt_irql_at_most(function, APC_LEVEL, site);
    check_guards(nt, block, site);
    check_tag(nt, block, tag, site);
    release(block);
    return true;
}

/* ---- The services ---- */

static PVOID allocate(POOL_TYPE type, SIZE_T bytes, ULONG tag, const char *function,
                      const void *site)
{
    struct vport_nt *nt = vport_nt_get();

    if (!nt)
        return NULL;
    vport_nt_irql_at_most(function, is_paged(type) ? APC_LEVEL : DISPATCH_LEVEL, site);
    if (bytes == 0)
        vport_nt_report(
            "POOL", site,
            "%s: 0 bytes were asked for. Driver Verifier stops with bug check 0xC4/0x00.",
            function);
    return vport_nt_pool_allocate(nt, type, bytes, tag, site);
}

/*
 * Nonpaged pool: IRQL <= DISPATCH_LEVEL; paged pool: <= APC_LEVEL. NULL when there is no memory
 * (also where the flags ask for an exception). From a page on, blocks are page aligned. The caller
 * frees it.
 */
PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate(PoolType, NumberOfBytes, Tag, "ExAllocatePoolWithTag", VPORT_SITE);
}

/* Quotas are not kept. */
PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return allocate(PoolType, NumberOfBytes, Tag, "ExAllocatePoolWithQuotaTag", VPORT_SITE);
}

/* As with the tag "None". */
PVOID NTAPI ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes)
{
    return allocate(PoolType, NumberOfBytes, 0x656e6f4e, "ExAllocatePool", VPORT_SITE);
}

/* As the allocation. A pointer that is not a live block's start is reported and nothing happens. */
VOID NTAPI ExFreePoolWithTag(PVOID P, ULONG Tag)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt && vport_nt_irql_at_most("ExFreePoolWithTag", DISPATCH_LEVEL, VPORT_SITE))
        vport_nt_pool_free(nt, P, Tag, "ExFreePoolWithTag", VPORT_SITE);
}

VOID NTAPI ExFreePool(PVOID P)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt && vport_nt_irql_at_most("ExFreePool", DISPATCH_LEVEL, VPORT_SITE))
        vport_nt_pool_free(nt, P, 0, "ExFreePool", VPORT_SITE);
}

/* ---- The end ---- */

/* One report for each tag: how many blocks, how many bytes, and who allocated one of them. */
static void report_leaks(struct vport_nt *nt, const struct vport_nt_pool_block *first)
{
    SIZE_T bytes = 0;
    SIZE_T count = 0;
    char tag[5];

    for (unsigned i = 0; i < VPORT_NT_POOL_BUCKETS; i++) {
        for (struct vport_nt_pool_block *b = nt->pool.buckets[i]; b; b = b->next) {
            if (b->tag == first->tag) {
                bytes += b->bytes;
                count++;
            }
        }
    }
    vport_report(nt->reports, "LEAK", first->site,
                 "%zu pool block(s) with the tag '%s', %zu bytes, were never freed. Driver "
                 "Verifier stops with bug check 0xC4/0x62 when the driver unloads.",
                 (size_t)count, tag_text(first->tag, tag), (size_t)bytes);
}

static void free_tag(struct vport_nt *nt, ULONG tag)
{
    for (unsigned i = 0; i < VPORT_NT_POOL_BUCKETS; i++) {
        struct vport_nt_pool_block **link = &nt->pool.buckets[i];

        while (*link) {
            struct vport_nt_pool_block *block = *link;

            if (block->tag == tag) {
                *link = block->next;
                check_guards(nt, block, block->site);
                free(block->memory);
            } else {
                link = &block->next;
            }
        }
    }
}

void vport_nt_end_pool(struct vport_nt *nt)
{
    for (unsigned i = 0; i < VPORT_NT_POOL_BUCKETS; i++) {
        while (nt->pool.buckets[i]) {
            ULONG tag = nt->pool.buckets[i]->tag;

            report_leaks(nt, nt->pool.buckets[i]);
            free_tag(nt, tag);
        }
    }
}
