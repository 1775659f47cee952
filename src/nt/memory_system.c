/* SPDX-License-Identifier: MIT */
/*
 * Memory as the system has it: how much there is, uncached memory, and sections of a driver that
 * are kept in memory. Nothing here is paged out, and every cache is coherent.
 *
 * Sources: ntddk/nf-ntddk-mmallocatenoncachedmemory, -mmfreenoncachedmemory,
 * -mmgetphysicalmemoryranges, -mmisthisanntassystem, wdm/nf-wdm-mmlockpagabledatasection.
 */
#include "nt/kernel.h"

#define NONCACHED_TAG 0x634e6d4du /* "MmNc" */

/*
 * IRQL <= APC_LEVEL. Whole pages of nonpaged memory, cached as all is; NULL: no memory. Freed with
 * MmFreeNonCachedMemory.
 */
PVOID NTAPI MmAllocateNonCachedMemory(SIZE_T NumberOfBytes)
{
    struct vport_nt *nt = vport_nt_get();

    vport_nt_irql_at_most("MmAllocateNonCachedMemory", APC_LEVEL, VPORT_SITE);
    if (!nt || !NumberOfBytes || NumberOfBytes > SIZE_MAX - VPORT_PAGE_SIZE)
        return NULL;
    return vport_nt_pool_allocate(nt, NonPagedPool, vport_align_up(NumberOfBytes, VPORT_PAGE_SIZE),
                                  NONCACHED_TAG, VPORT_SITE);
}

/* IRQL <= APC_LEVEL. The size must be that of the allocation: NT frees so many pages. */
VOID NTAPI MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    struct vport_nt *nt = vport_nt_get();
    POOL_TYPE type;
    SIZE_T rest;

    vport_nt_irql_at_most("MmFreeNonCachedMemory", APC_LEVEL, VPORT_SITE);
    if (!nt)
        return;
    if (vport_nt_pool_find(nt, BaseAddress, &type, &rest) &&
        rest != vport_align_up(NumberOfBytes, VPORT_PAGE_SIZE))
        vport_nt_report("MEMORY", VPORT_SITE,
                        "MmFreeNonCachedMemory: %zu bytes at %p, of which %zu were allocated; pass "
                        "the same size to both.",
                        (size_t)NumberOfBytes, BaseAddress, (size_t)rest);
    vport_nt_pool_free(nt, BaseAddress, NONCACHED_TAG, "MmFreeNonCachedMemory", VPORT_SITE);
}

/* PASSIVE_LEVEL. One range, and the end. NULL: no pool. The caller frees it with ExFreePool. */
PPHYSICAL_MEMORY_RANGE NTAPI MmGetPhysicalMemoryRanges(VOID)
{
    struct vport_nt *nt = vport_nt_get();
    PPHYSICAL_MEMORY_RANGE ranges;

    vport_nt_irql_at_most("MmGetPhysicalMemoryRanges", PASSIVE_LEVEL, VPORT_SITE);
    ranges = ExAllocatePoolWithTag(NonPagedPool, 2 * sizeof(*ranges), 0x6850744du /* "MtPh" */);
    if (!ranges)
        return NULL;
    memset(ranges, 0, 2 * sizeof(*ranges));
    if (nt->memory_ops.memory_size)
        ranges[0].NumberOfBytes.QuadPart = (LONGLONG)nt->memory_ops.memory_size(nt->memory_context);
    return ranges;
}

/* Any IRQL. A workstation. */
BOOLEAN NTAPI MmIsThisAnNtAsSystem(VOID)
{
    return FALSE;
}

/* ---- Sections of a driver. IRQL <= APC_LEVEL ---- */

/* The handle is good for the two functions below. */
PVOID NTAPI MmLockPagableDataSection(PVOID AddressWithinSection)
{
    vport_nt_irql_at_most("MmLockPagableDataSection", APC_LEVEL, VPORT_SITE);
    return AddressWithinSection;
}

VOID NTAPI MmLockPagableSectionByHandle(PVOID ImageSectionHandle)
{
    vport_nt_irql_at_most("MmLockPagableSectionByHandle", APC_LEVEL, VPORT_SITE);
}

VOID NTAPI MmUnlockPagableImageSection(PVOID ImageSectionHandle)
{
    vport_nt_irql_at_most("MmUnlockPagableImageSection", APC_LEVEL, VPORT_SITE);
}
