/* SPDX-License-Identifier: MIT */
/*
 * Registered regions: the table and the pins.
 *
 * Readers check a sequence number that is odd while a writer is at work. What they may look at
 * while it changes stays memory for as long as the regions live: tables that grew out of use, and
 * regions, which are used again for other ranges. A region is pinned before it is believed; a
 * pinned region keeps its range and its frames.
 */
#include "mem/regions.h"

#include <stdlib.h>

enum { FIRST_TABLE = 64 };

struct entry {
    _Atomic uintptr_t base, end;
    _Atomic(struct vport_region *) region;
};

struct vport_region_table {
    struct vport_region_table *older;
    size_t room;
    struct entry entries[];
};

/* ---- The table: readers ---- */

/* The index of the first entry that ends above `address`; `count` if none. Meaningless if a writer
 * is at work, but in range. */
static size_t table_search(struct vport_region_table *table, size_t count, uintptr_t address)
{
    size_t low = 0;

    while (count > 0) {
        size_t half = count / 2;
        uintptr_t end = atomic_load_explicit(&table->entries[low + half].end, memory_order_acquire);

        low = end <= address ? low + half + 1 : low;
        count = end <= address ? count - half - 1 : half;
    }
    return low;
}

/* What the table says about an address. */
struct hit {
    struct vport_region *region; /* holds it; NULL: foreign */
    uintptr_t next;              /* foreign: where the next region begins, or UINTPTR_MAX */
};

/* One look. False: a writer was at work. */
static bool look_up(struct vport_regions *regions, uintptr_t address, struct hit *hit)
{
    size_t sequence = atomic_load_explicit(&regions->sequence, memory_order_acquire);
    struct vport_region_table *table = atomic_load_explicit(&regions->table, memory_order_acquire);
    size_t count = atomic_load_explicit(&regions->count, memory_order_acquire);
    size_t index;

    count = count < table->room ? count : table->room;
    index = table_search(table, count, address);
    *hit = (struct hit){.next = UINTPTR_MAX};
    if (index < count) {
        hit->next = atomic_load_explicit(&table->entries[index].base, memory_order_acquire);
        if (hit->next <= address)
            hit->region = atomic_load_explicit(&table->entries[index].region, memory_order_acquire);
    }
    return !(sequence & 1) &&
           atomic_load_explicit(&regions->sequence, memory_order_relaxed) == sequence;
}

static bool region_holds(const struct vport_region *region, uintptr_t address)
{
    return address >= region->base && (address - region->base) >> VPORT_PAGE_SHIFT < region->pages;
}

static bool region_pin(struct vport_region *region)
{
    uint64_t pins = atomic_load_explicit(&region->pins, memory_order_relaxed);

    do {
        if (pins & VPORT_REGION_GONE)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&region->pins, &pins, pins + 1,
                                                    memory_order_acquire, memory_order_relaxed));
    return true;
}

/* The region is unregistered and nobody pins it any more. It may be used again from here on. */
void VPORT_DRIVER_CALL vport_regions_retire(struct vport_regions *regions,
                                            struct vport_region *region)
{
    void (*release)(void *) = region->release;
    void *context = region->context;

    free(region->frames);
    region->frames = NULL;
    pthread_mutex_lock(&regions->lock);
    region->free_next = regions->free;
    regions->free = region;
    pthread_mutex_unlock(&regions->lock);
    if (release)
        release(context);
}

static bool lingers(const struct vport_region *region, uintptr_t start, uintptr_t last)
{
    uint64_t pins = atomic_load_explicit(&region->pins, memory_order_relaxed);

    return pins & VPORT_REGION_GONE && vport_region_pinned(pins) && region->base <= last &&
           start <= region->base + (region->pages << VPORT_PAGE_SHIFT) - 1;
}

bool vport_regions_lingers(struct vport_regions *regions, uintptr_t start, uintptr_t last)
{
    struct vport_region *region;

    pthread_mutex_lock(&regions->lock);
    for (region = regions->all; region && !lingers(region, start, last); region = region->next)
        ;
    pthread_mutex_unlock(&regions->lock);
    return region != NULL;
}

size_t vport_regions_pinned(struct vport_regions *regions)
{
    uint64_t pinned = 0;

    pthread_mutex_lock(&regions->lock);
    for (struct vport_region *region = regions->all; region; region = region->next)
        pinned += vport_region_pinned(atomic_load_explicit(&region->pins, memory_order_relaxed));
    pthread_mutex_unlock(&regions->lock);
    return (size_t)pinned;
}

struct vport_region *vport_regions_pin(struct vport_regions *regions, uintptr_t address,
                                       uintptr_t *next)
{
    for (;;) {
        struct hit hit;

        if (!look_up(regions, address, &hit))
            continue;
        *next = hit.next;
        if (!hit.region)
            return NULL;
        if (!region_pin(hit.region))
            continue;
        if (region_holds(hit.region, address))
            return hit.region;
        vport_regions_unpin(regions, hit.region, 1); /* it stands for another range by now */
    }
}

/* ---- The table: writers; the regions are locked ---- */

static void write_begin(struct vport_regions *regions)
{
    size_t sequence = atomic_load_explicit(&regions->sequence, memory_order_relaxed);

    atomic_store_explicit(&regions->sequence, sequence + 1, memory_order_relaxed);
}

static void write_end(struct vport_regions *regions)
{
    size_t sequence = atomic_load_explicit(&regions->sequence, memory_order_relaxed);

    atomic_store_explicit(&regions->sequence, sequence + 1, memory_order_release);
}

/* Each store is a release, so that it cannot be seen before the odd sequence number. */
static void entry_set(struct entry *entry, uintptr_t base, uintptr_t end,
                      struct vport_region *region)
{
    atomic_store_explicit(&entry->base, base, memory_order_release);
    atomic_store_explicit(&entry->end, end, memory_order_release);
    atomic_store_explicit(&entry->region, region, memory_order_release);
}

static void entry_copy(struct entry *to, struct entry *from)
{
    entry_set(to, atomic_load_explicit(&from->base, memory_order_relaxed),
              atomic_load_explicit(&from->end, memory_order_relaxed),
              atomic_load_explicit(&from->region, memory_order_relaxed));
}

static struct vport_region_table *table_create(size_t room)
{
    struct vport_region_table *table = calloc(1, sizeof(*table) + room * sizeof(table->entries[0]));

    if (table)
        table->room = room;
    return table;
}

/* Makes room for one more entry. The old table stays for readers that still look at it. */
static bool table_reserve(struct vport_regions *regions)
{
    struct vport_region_table *old = atomic_load_explicit(&regions->table, memory_order_relaxed);
    size_t count = atomic_load_explicit(&regions->count, memory_order_relaxed);
    struct vport_region_table *table;

    if (count < old->room)
        return true;
    table = table_create(2 * old->room);
    if (!table)
        return false;
    for (size_t i = 0; i < count; i++)
        entry_copy(&table->entries[i], &old->entries[i]);
    table->older = old;
    write_begin(regions);
    atomic_store_explicit(&regions->table, table, memory_order_release);
    write_end(regions);
    return true;
}

static void table_insert(struct vport_regions *regions, size_t index, struct vport_region *region)
{
    struct vport_region_table *table = atomic_load_explicit(&regions->table, memory_order_relaxed);
    size_t count = atomic_load_explicit(&regions->count, memory_order_relaxed);

    write_begin(regions);
    for (size_t i = count; i > index; i--)
        entry_copy(&table->entries[i], &table->entries[i - 1]);
    entry_set(&table->entries[index], region->base,
              region->base + (region->pages << VPORT_PAGE_SHIFT), region);
    atomic_store_explicit(&regions->count, count + 1, memory_order_release);
    write_end(regions);
}

static void table_remove(struct vport_regions *regions, size_t index)
{
    struct vport_region_table *table = atomic_load_explicit(&regions->table, memory_order_relaxed);
    size_t count = atomic_load_explicit(&regions->count, memory_order_relaxed);

    write_begin(regions);
    for (size_t i = index; i + 1 < count; i++)
        entry_copy(&table->entries[i], &table->entries[i + 1]);
    atomic_store_explicit(&regions->count, count - 1, memory_order_release);
    write_end(regions);
}

/* ---- Registration ---- */

static struct vport_region *region_take(struct vport_regions *regions)
{
    struct vport_region *region = regions->free;

    if (region) {
        regions->free = region->free_next;
        return region;
    }
    region = calloc(1, sizeof(*region));
    if (region) {
        atomic_init(&region->pins, VPORT_REGION_GONE);
        region->next = regions->all;
        regions->all = region;
    }
    return region;
}

static bool table_overlaps(struct vport_regions *regions, size_t index, uintptr_t end)
{
    struct vport_region_table *table = atomic_load_explicit(&regions->table, memory_order_relaxed);

    return index < atomic_load_explicit(&regions->count, memory_order_relaxed) &&
           atomic_load_explicit(&table->entries[index].base, memory_order_relaxed) < end;
}

static size_t table_find(struct vport_regions *regions, uintptr_t address)
{
    return table_search(atomic_load_explicit(&regions->table, memory_order_relaxed),
                        atomic_load_explicit(&regions->count, memory_order_relaxed), address);
}

/* Enters a region made of `model`; takes over its frames. The regions are locked. */
static enum vport_status region_enter(struct vport_regions *regions,
                                      const struct vport_region *model)
{
    size_t index = table_find(regions, model->base);
    struct vport_region *region;

    if (table_overlaps(regions, index, model->base + (model->pages << VPORT_PAGE_SHIFT)))
        return VPORT_E_BUSY;
    if (!table_reserve(regions))
        return VPORT_E_NO_MEMORY;
    region = region_take(regions);
    if (!region)
        return VPORT_E_NO_MEMORY;
    region->base = model->base;
    region->pages = model->pages;
    region->frames = model->frames;
    region->linear = model->linear;
    region->writable = model->writable;
    region->release = model->release;
    region->context = model->context;
    atomic_store_explicit(
        &region->pins, ((uint64_t)vport_region_registration(region) + 2) << VPORT_REGION_GONE_BIT,
        memory_order_release);
    table_insert(regions, index, region);
    return VPORT_OK;
}

/* Takes the region that begins at `base` out of the table; NULL: none does. */
static struct vport_region *region_remove(struct vport_regions *regions, uintptr_t base)
{
    struct vport_region *region = NULL;
    size_t index;

    pthread_mutex_lock(&regions->lock);
    index = table_find(regions, base);
    if (table_overlaps(regions, index, base + 1)) {
        struct vport_region_table *table =
            atomic_load_explicit(&regions->table, memory_order_relaxed);

        region = atomic_load_explicit(&table->entries[index].region, memory_order_relaxed);
        if (region->base == base)
            table_remove(regions, index);
        else
            region = NULL;
    }
    pthread_mutex_unlock(&regions->lock);
    return region;
}

enum vport_status vport_regions_add(struct vport_regions *regions, const struct vport_region *model)
{
    enum vport_status status;

    pthread_mutex_lock(&regions->lock);
    status = region_enter(regions, model);
    pthread_mutex_unlock(&regions->lock);
    return status;
}

enum vport_status vport_regions_remove(struct vport_regions *regions, uintptr_t base)
{
    struct vport_region *region = region_remove(regions, base);

    if (!region)
        return VPORT_E_UNKNOWN;
    if (!vport_region_pinned(
            atomic_fetch_or_explicit(&region->pins, VPORT_REGION_GONE, memory_order_acq_rel)))
        vport_regions_retire(regions, region);
    return VPORT_OK;
}

enum vport_status vport_regions_init(struct vport_regions *regions)
{
    struct vport_region_table *table = table_create(FIRST_TABLE);

    if (!table)
        return VPORT_E_NO_MEMORY;
    *regions = (struct vport_regions){.all = NULL};
    atomic_init(&regions->table, table);
    pthread_mutex_init(&regions->lock, NULL);
    return VPORT_OK;
}

void vport_regions_finish(struct vport_regions *regions)
{
    struct vport_region_table *table = atomic_load_explicit(&regions->table, memory_order_relaxed);
    struct vport_region *region;

    while ((region = regions->all)) {
        regions->all = region->next;
        if (region->frames && region->release)
            region->release(region->context);
        free(region->frames);
        free(region);
    }
    while (table) {
        struct vport_region_table *older = table->older;

        free(table);
        table = older;
    }
    pthread_mutex_destroy(&regions->lock);
}
