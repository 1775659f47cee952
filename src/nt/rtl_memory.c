/* SPDX-License-Identifier: MIT */
/*
 * Memory comparison, interlocked operations and lists under a spin lock.
 *
 * Sources: wdm/nf-wdm-rtlcomparememory, wdm/nf-wdm-interlockedincrement,
 * wdm/nf-wdm-exinterlockedinserttaillist.
 */
#include "nt/kernel.h"

#undef InterlockedIncrement
#undef InterlockedDecrement
#undef InterlockedExchange
#undef InterlockedExchangeAdd
#undef InterlockedCompareExchange

/* Any IRQL for resident memory. How many bytes are equal from the start. */
SIZE_T NTAPI RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
    const char *a = Source1;
    const char *b = Source2;
    SIZE_T same = 0;

    while (same < Length && a[same] == b[same])
        same++;
    return same;
}

/* ---- Interlocked operations. Any IRQL ---- */

LONG FASTCALL InterlockedIncrement(LONG volatile *Addend)
{
    return vport_interlocked_increment(Addend);
}

LONG FASTCALL InterlockedDecrement(LONG volatile *Addend)
{
    return vport_interlocked_decrement(Addend);
}

LONG FASTCALL InterlockedExchange(LONG volatile *Target, LONG Value)
{
    return vport_interlocked_exchange(Target, Value);
}

LONG FASTCALL InterlockedExchangeAdd(LONG volatile *Addend, LONG Value)
{
    return vport_interlocked_exchange_add(Addend, Value);
}

LONG FASTCALL InterlockedCompareExchange(LONG volatile *Destination, LONG Exchange, LONG Comparand)
{
    return vport_interlocked_compare_exchange(Destination, Exchange, Comparand);
}

/* ---- Lists under a spin lock. Any IRQL ---- */

/* At HIGH_LEVEL, so that an interrupt routine may use the same list. */
static KIRQL lock_list(PKSPIN_LOCK lock, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL before = cpu ? vport_nt_raise(cpu, HIGH_LEVEL) : PASSIVE_LEVEL;

    vport_nt_spin_acquire(cpu, lock, function, site);
    return before;
}

static void unlock_list(PKSPIN_LOCK lock, KIRQL before, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    vport_nt_spin_release(cpu, lock, function, site);
    if (cpu)
        vport_nt_lower(cpu, before);
}

/* The entry that was first, NULL if the list was empty. */
PLIST_ENTRY NTAPI ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                              PKSPIN_LOCK Lock)
{
    KIRQL before = lock_list(Lock, "ExInterlockedInsertHeadList", VPORT_SITE);
    PLIST_ENTRY first = IsListEmpty(ListHead) ? NULL : ListHead->Flink;

    InsertHeadList(ListHead, ListEntry);
    unlock_list(Lock, before, "ExInterlockedInsertHeadList", VPORT_SITE);
    return first;
}

/* The entry that was last, NULL if the list was empty. */
PLIST_ENTRY NTAPI ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                              PKSPIN_LOCK Lock)
{
    KIRQL before = lock_list(Lock, "ExInterlockedInsertTailList", VPORT_SITE);
    PLIST_ENTRY last = IsListEmpty(ListHead) ? NULL : ListHead->Blink;

    InsertTailList(ListHead, ListEntry);
    unlock_list(Lock, before, "ExInterlockedInsertTailList", VPORT_SITE);
    return last;
}

/* NULL: empty. */
PLIST_ENTRY NTAPI ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    KIRQL before = lock_list(Lock, "ExInterlockedRemoveHeadList", VPORT_SITE);
    PLIST_ENTRY first = IsListEmpty(ListHead) ? NULL : RemoveHeadList(ListHead);

    unlock_list(Lock, before, "ExInterlockedRemoveHeadList", VPORT_SITE);
    return first;
}
