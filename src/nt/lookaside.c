/* SPDX-License-Identifier: MIT */
/*
 * Lookaside lists: entries of one size, over and over. Entries are blocks (mem/blocks.h): taking
 * one costs no lock and no system call, and threads do not meet. Entries too large for that, and
 * lists with an allocation routine of their own, go to pool.
 *
 * The kernel's record of a list is kept in the list (L.Future), whose public members hold what the
 * driver asked for.
 *
 * Sources: wdm/nf-wdm-exinitializenpagedlookasidelist and its neighbours,
 * kernel/using-lookaside-lists.
 */
#include "nt/kernel.h"

#include <pthread.h>
#include <stdlib.h>

/* Entries are counted in lines of this many bytes. */
#define LINE         64u
#define LARGEST_FAST 4096u

/* One list. Each thread counts what it takes and gives in a shard of its own. */
struct record {
    LIST_ENTRY link; /* in nt->lookasides */
    struct vport_nt *nt;
    const void *site;
    PGENERAL_LOOKASIDE list;
    bool fast; /* entries are blocks */
    struct {
        vport_counter taken, given;
    } __attribute__((aligned(VPORT_CACHE_LINE))) shards[VPORT_THREAD_SHARDS];
};

static struct vport_block_pool *blocks;
static pthread_once_t blocks_once = PTHREAD_ONCE_INIT;

static void create_blocks(void)
{
    vport_block_pool_create("lookaside", 0, LINE, &blocks);
}

enum vport_status vport_nt_begin_lookasides(struct vport_nt *nt)
{
    pthread_once(&blocks_once, create_blocks);
    InitializeListHead(&nt->lookasides);
    return blocks ? VPORT_OK : VPORT_E_NO_MEMORY;
}

static struct record *record_of(const GENERAL_LOOKASIDE *list)
{
    struct record *record;

    memcpy(&record, list->Future, sizeof(record));
    return record;
}

/* ---- Making and ending ---- */

static struct record *create_record(struct vport_nt *nt, PGENERAL_LOOKASIDE list, bool fast,
                                    const void *site)
{
    struct record *record =
        aligned_alloc(VPORT_CACHE_LINE, vport_align_up(sizeof(*record), VPORT_CACHE_LINE));

    if (!record)
        return NULL;
    memset(record, 0, sizeof(*record));
    record->nt = nt;
    record->site = site;
    record->list = list;
    record->fast = fast;
    vport_lock_acquire(&nt->object_lock);
    InsertTailList(&nt->lookasides, &record->link);
    vport_lock_release(&nt->object_lock);
    return record;
}

static void initialize(PGENERAL_LOOKASIDE list, POOL_TYPE type, PALLOCATE_FUNCTION allocate,
                       PFREE_FUNCTION release, SIZE_T size, ULONG tag, const void *site)
{
    struct vport_nt *nt = vport_nt_get();
    bool fast = !allocate && !release && size <= LARGEST_FAST;
    struct record *record;

    memset(list, 0, sizeof(*list));
    list->Type = type;
    list->Size = (ULONG)size;
    list->Tag = tag;
    list->Allocate = allocate ? allocate : ExAllocatePoolWithTag;
    list->Free = release ? release : ExFreePool;
    InitializeListHead(&list->ListEntry);
    record = nt ? create_record(nt, list, fast, site) : NULL;
    memcpy(list->Future, &record, sizeof(record));
}

/* true if the list was made by us and not deleted; a driver's mistake otherwise. */
static bool check(const GENERAL_LOOKASIDE *list, const struct record *record, const char *function,
                  const void *site)
{
    if (record && record->list == list)
        return true;
    vport_nt_report("LOOKASIDE", site, "%s: %p is not an initialised lookaside list.", function,
                    (const void *)list);
    return false;
}

static int64_t outstanding(const struct record *record)
{
    uint64_t taken = 0;
    uint64_t given = 0;

    for (unsigned i = 0; i < VPORT_THREAD_SHARDS; i++) {
        taken += atomic_load_explicit(&record->shards[i].taken, memory_order_acquire);
        given += atomic_load_explicit(&record->shards[i].given, memory_order_acquire);
    }
    return (int64_t)(taken - given);
}

static void report_left(const struct record *record, const char *when, const void *site)
{
    vport_report(record->nt->reports, "LEAK", site,
                 "%lld entries of %u bytes of a lookaside list (tag %08x) %s.",
                 (long long)outstanding(record), record->list->Size, record->list->Tag, when);
}

static void delete_list(PGENERAL_LOOKASIDE list, const char *function, const void *site)
{
    struct record *record = record_of(list);
    struct record *none = NULL;

    if (!check(list, record, function, site))
        return;
    if (outstanding(record))
        report_left(record, "were not freed before it was deleted", site);
    vport_lock_acquire(&record->nt->object_lock);
    RemoveEntryList(&record->link);
    vport_lock_release(&record->nt->object_lock);
    memcpy(list->Future, &none, sizeof(none));
    free(record);
}

/* ---- Taking and giving ---- */

static PVOID take(PGENERAL_LOOKASIDE list, const char *function, const void *site)
{
    struct record *record = record_of(list);
    unsigned slot = vport_thread_slot();
    PVOID entry;

    if (__builtin_expect(!record, 0) && !check(list, record, function, site))
        return NULL;
    if (__builtin_expect(record->fast, 1))
        entry = vport_block_take(blocks, (list->Size + LINE - 1) / LINE);
    else
        entry = list->Allocate(list->Type, list->Size, list->Tag);
    if (entry)
        vport_shard_add(&record->shards[slot].taken, 1, slot);
    return entry;
}

static void give(PGENERAL_LOOKASIDE list, PVOID entry, const char *function, const void *site)
{
    struct record *record = record_of(list);
    unsigned slot = vport_thread_slot();

    if (__builtin_expect(!record, 0) && !check(list, record, function, site))
        return;
    if (__builtin_expect(record->fast, 1)) {
        if (!vport_block_live(blocks, entry)) {
            vport_nt_report("LOOKASIDE", site,
                            "%s: %p is not a live entry (freed before, or from elsewhere).",
                            function, entry);
            return;
        }
        vport_block_give(blocks, entry);
    } else {
        list->Free(entry);
    }
    vport_shard_add(&record->shards[slot].given, 1, slot);
}

/* ---- The services ---- */

/*
 * IRQL <= DISPATCH_LEVEL (paged: <= APC_LEVEL). The list is the driver's, in nonpaged memory. Depth
 * is chosen by the system, as documented. Flags ask for exceptions and executable memory and make
 * no difference.
 */
VOID NTAPI ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside,
                                           PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                           ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    vport_nt_irql_at_most("ExInitializeNPagedLookasideList", DISPATCH_LEVEL, VPORT_SITE);
    initialize(&Lookaside->L, NonPagedPool, Allocate, Free, Size, Tag, VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. Entries that were not freed are reported and lost. */
VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    vport_nt_irql_at_most("ExDeleteNPagedLookasideList", DISPATCH_LEVEL, VPORT_SITE);
    delete_list(&Lookaside->L, "ExDeleteNPagedLookasideList", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. An entry with undefined contents, or NULL. */
PVOID NTAPI ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
    vport_nt_irql_at_most("ExAllocateFromNPagedLookasideList", DISPATCH_LEVEL, VPORT_SITE);
    return take(&Lookaside->L, "ExAllocateFromNPagedLookasideList", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. */
VOID NTAPI ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
    vport_nt_irql_at_most("ExFreeToNPagedLookasideList", DISPATCH_LEVEL, VPORT_SITE);
    give(&Lookaside->L, Entry, "ExFreeToNPagedLookasideList", VPORT_SITE);
}

/*
 * IRQL <= APC_LEVEL. Entries of a paged list are taken by inline code, by way of L.Allocate and
 * L.Free.
 */
VOID NTAPI ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside,
                                          PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                          ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    vport_nt_irql_at_most("ExInitializePagedLookasideList", APC_LEVEL, VPORT_SITE);
    initialize(&Lookaside->L, PagedPool, Allocate, Free, Size, Tag, VPORT_SITE);
}

/* IRQL <= APC_LEVEL. */
VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
    vport_nt_irql_at_most("ExDeletePagedLookasideList", APC_LEVEL, VPORT_SITE);
    delete_list(&Lookaside->L, "ExDeletePagedLookasideList", VPORT_SITE);
}

void vport_nt_end_lookasides(struct vport_nt *nt)
{
    while (!IsListEmpty(&nt->lookasides)) {
        struct record *record =
            CONTAINING_RECORD(RemoveHeadList(&nt->lookasides), struct record, link);

        vport_report(nt->reports, "LEAK", record->site,
                     "A lookaside list was never deleted; %lld of its entries are in use.",
                     (long long)outstanding(record));
        free(record);
    }
}
