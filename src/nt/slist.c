/* SPDX-License-Identifier: MIT */
/*
 * Interlocked singly linked lists. Only these functions touch a list's header, so a lock chosen by
 * its address stands for the exchange of 16 bytes that NT uses; the header's depth and sequence are
 * kept as debuggers show them.
 *
 * Sources: wdm/nf-wdm-initializeslisthead, wdm/nf-wdm-exinterlockedpushentryslist,
 * wdm/nf-wdm-exquerydepthslist.
 */
#include "nt/kernel.h"

static struct {
    struct vport_lock lock;
} __attribute__((aligned(VPORT_CACHE_LINE))) locks[16];

static struct vport_lock *lock_of(const SLIST_HEADER *header)
{
    uintptr_t address = (uintptr_t)header;

    return &locks[(address >> 4 ^ address >> 12) % VPORT_ARRAY_SIZE(locks)].lock;
}

#ifdef _WIN64

static PSLIST_ENTRY first_of(const SLIST_HEADER *header)
{
    return (PSLIST_ENTRY)(uintptr_t)(header->HeaderX64.NextEntry << 4);
}

static void set(PSLIST_HEADER header, SLIST_ENTRY *first, unsigned depth)
{
    header->HeaderX64.NextEntry = (uintptr_t)first >> 4;
    header->HeaderX64.Depth = depth & 0xffff;
    header->HeaderX64.Sequence++;
}

static USHORT depth_of(const SLIST_HEADER *header)
{
    return (USHORT)header->HeaderX64.Depth;
}

#else

static PSLIST_ENTRY first_of(const SLIST_HEADER *header)
{
    return header->Next.Next;
}

static void set(PSLIST_HEADER header, SLIST_ENTRY *first, unsigned depth)
{
    header->Next.Next = first;
    header->Depth = (USHORT)depth;
    header->Sequence++;
}

static USHORT depth_of(const SLIST_HEADER *header)
{
    return header->Depth;
}

#endif

/* What was first before. */
static PSLIST_ENTRY push(PSLIST_HEADER header, PSLIST_ENTRY entry)
{
    PSLIST_ENTRY first;

    vport_lock_acquire(lock_of(header));
    first = first_of(header);
    entry->Next = first;
    set(header, entry, depth_of(header) + 1u);
    vport_lock_release(lock_of(header));
    return first;
}

static PSLIST_ENTRY pop(PSLIST_HEADER header)
{
    PSLIST_ENTRY first;

    vport_lock_acquire(lock_of(header));
    first = first_of(header);
    if (first)
        set(header, first->Next, depth_of(header) - 1u);
    vport_lock_release(lock_of(header));
    return first;
}

static PSLIST_ENTRY flush(PSLIST_HEADER header)
{
    PSLIST_ENTRY first;

    vport_lock_acquire(lock_of(header));
    first = first_of(header);
    if (first)
        set(header, NULL, 0);
    vport_lock_release(lock_of(header));
    return first;
}

/* All of these: any IRQL. */
VOID NTAPI InitializeSListHead(PSLIST_HEADER SListHead)
{
    memset(SListHead, 0, sizeof(*SListHead));
}

USHORT NTAPI ExQueryDepthSList(PSLIST_HEADER SListHead)
{
    USHORT depth;

    vport_lock_acquire(lock_of(SListHead));
    depth = depth_of(SListHead);
    vport_lock_release(lock_of(SListHead));
    return depth;
}

PSLIST_ENTRY FASTCALL InterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return push(ListHead, ListEntry);
}

PSLIST_ENTRY FASTCALL InterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return pop(ListHead);
}

PSLIST_ENTRY FASTCALL ExInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return flush(ListHead);
}

PSLIST_ENTRY NTAPI ExpInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
    return push(ListHead, ListEntry);
}

PSLIST_ENTRY NTAPI ExpInterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
    return pop(ListHead);
}

PSLIST_ENTRY NTAPI ExpInterlockedFlushSList(PSLIST_HEADER ListHead)
{
    return flush(ListHead);
}

/* The driver's lock is not needed. */
PSLIST_ENTRY FASTCALL ExInterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry,
                                                  PKSPIN_LOCK Lock)
{
    return push(ListHead, ListEntry);
}

PSLIST_ENTRY FASTCALL ExInterlockedPopEntrySList(PSLIST_HEADER ListHead, PKSPIN_LOCK Lock)
{
    return pop(ListHead);
}
