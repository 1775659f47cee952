/* SPDX-License-Identifier: MIT */
/*
 * Comparing, copying and filling memory, interlocked operations, lists and numbers under a spin
 * lock.
 *
 * Sources: wdm/nf-wdm-rtlcomparememory, wdm/nf-wdm-interlockedincrement,
 * wdm/nf-wdm-exinterlockedinserttaillist.
 */
#include "nt/kernel.h"

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
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

/* ---- Copying and filling. Any IRQL for resident memory ---- */

/*
 * By string instructions on x86: drivers copy out of registers too, where each access has to be
 * emulated, and that is done for these and not for a library's vector loops.
 */
static void move(char *to, const char *from, size_t length)
{
#if defined(VPORT_X64) || defined(VPORT_X86)
    if ((uintptr_t)to - (uintptr_t)from >= length) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
        return;
    }
#endif
    memmove(to, from, length);
}

static void fill(char *to, size_t length, UCHAR value)
{
#if defined(VPORT_X64) || defined(VPORT_X86)
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(value) : "memory");
#else
    memset(to, value, length);
#endif
}

VOID NTAPI RtlCopyMemory(PVOID Destination, const VOID *Source, SIZE_T Length)
{
    move(Destination, Source, Length); /* drivers overlap */
}

VOID NTAPI RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length)
{
    move(Destination, Source, Length);
}

VOID NTAPI RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill)
{
    fill(Destination, Length, Fill);
}

VOID NTAPI RtlZeroMemory(PVOID Destination, SIZE_T Length)
{
    fill(Destination, Length, 0);
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

/* ---- Lists and numbers under a spin lock. Any IRQL ---- */

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

static PLIST_ENTRY insert_head(PLIST_ENTRY list, PLIST_ENTRY entry, PKSPIN_LOCK lock,
                               const char *function, const void *site)
{
    KIRQL before = lock_list(lock, function, site);
    PLIST_ENTRY first = IsListEmpty(list) ? NULL : list->Flink;

    InsertHeadList(list, entry);
    unlock_list(lock, before, function, site);
    return first;
}

static PLIST_ENTRY insert_tail(PLIST_ENTRY list, PLIST_ENTRY entry, PKSPIN_LOCK lock,
                               const char *function, const void *site)
{
    KIRQL before = lock_list(lock, function, site);
    PLIST_ENTRY last = IsListEmpty(list) ? NULL : list->Blink;

    InsertTailList(list, entry);
    unlock_list(lock, before, function, site);
    return last;
}

static PLIST_ENTRY remove_head(PLIST_ENTRY list, PKSPIN_LOCK lock, const char *function,
                               const void *site)
{
    KIRQL before = lock_list(lock, function, site);
    PLIST_ENTRY first = IsListEmpty(list) ? NULL : RemoveHeadList(list);

    unlock_list(lock, before, function, site);
    return first;
}

static ULONG add(PULONG addend, ULONG increment, PKSPIN_LOCK lock, const char *function,
                 const void *site)
{
    KIRQL before = lock_list(lock, function, site);
    ULONG was = *addend;

    *addend = was + increment;
    unlock_list(lock, before, function, site);
    return was;
}

/* The entry that was first, NULL if the list was empty. */
PLIST_ENTRY NTAPI ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                              PKSPIN_LOCK Lock)
{
    return insert_head(ListHead, ListEntry, Lock, "ExInterlockedInsertHeadList", VPORT_SITE);
}

PLIST_ENTRY FASTCALL ExfInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                  PKSPIN_LOCK Lock)
{
    return insert_head(ListHead, ListEntry, Lock, "ExfInterlockedInsertHeadList", VPORT_SITE);
}

/* The entry that was last, NULL if the list was empty. */
PLIST_ENTRY NTAPI ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                              PKSPIN_LOCK Lock)
{
    return insert_tail(ListHead, ListEntry, Lock, "ExInterlockedInsertTailList", VPORT_SITE);
}

PLIST_ENTRY FASTCALL ExfInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry,
                                                  PKSPIN_LOCK Lock)
{
    return insert_tail(ListHead, ListEntry, Lock, "ExfInterlockedInsertTailList", VPORT_SITE);
}

/* NULL: empty. */
PLIST_ENTRY NTAPI ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    return remove_head(ListHead, Lock, "ExInterlockedRemoveHeadList", VPORT_SITE);
}

PLIST_ENTRY FASTCALL ExfInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
    return remove_head(ListHead, Lock, "ExfInterlockedRemoveHeadList", VPORT_SITE);
}

/* The value before. */
ULONG NTAPI ExInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    return add(Addend, Increment, Lock, "ExInterlockedAddUlong", VPORT_SITE);
}

ULONG FASTCALL ExfInterlockedAddUlong(PULONG Addend, ULONG Increment, PKSPIN_LOCK Lock)
{
    return add(Addend, Increment, Lock, "ExfInterlockedAddUlong", VPORT_SITE);
}

LARGE_INTEGER NTAPI ExInterlockedAddLargeInteger(PLARGE_INTEGER Addend, LARGE_INTEGER Increment,
                                                 PKSPIN_LOCK Lock)
{
    KIRQL before = lock_list(Lock, "ExInterlockedAddLargeInteger", VPORT_SITE);
    LARGE_INTEGER was = *Addend;

    Addend->QuadPart = (LONGLONG)((uint64_t)was.QuadPart + (uint64_t)Increment.QuadPart);
    unlock_list(Lock, before, "ExInterlockedAddLargeInteger", VPORT_SITE);
    return was;
}
