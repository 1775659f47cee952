/* SPDX-License-Identifier: MIT */
/*
 * Is this address valid; system mappings of locked pages; physical addresses; contiguous memory.
 *
 * There is one address space, in which every buffer has one address for user and system: mapping
 * locked pages gives back the address they have.
 *
 * Sources: ntddk/nf-ntddk-mmisaddressvalid, wdm/nf-wdm-mmmaplockedpagesspecifycache,
 * wdm/nf-wdm-mmprotectmdlsystemaddress, wdm/nf-wdm-mmallocatecontiguousmemoryspecifycache,
 * ntddk/nf-ntddk-mmgetphysicaladdress.
 */
#include "nt/kernel.h"
#include "nt/mdl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Probing ---- */

/*
 * Asks the kernel to read the eight bytes there: rt_sigprocmask copies its new mask in before it
 * looks at the request, which is one that does not exist, so that a readable address gives EINVAL
 * and any other EFAULT. Nothing is changed, no descriptor needed.
 */
static bool word_readable(uintptr_t address)
{
    int saved = errno;
    bool readable =
        syscall(SYS_rt_sigprocmask, -1, address & ~(uintptr_t)7, NULL, 8) == 0 || errno != EFAULT;

    errno = saved;
    return readable;
}

bool vport_nt_readable(const volatile void *address, size_t length)
{
    uintptr_t first = (uintptr_t)address;

    if (first < VPORT_PAGE_SIZE || length == 0 || length - 1 > UINTPTR_MAX - first)
        return false;
    for (uintptr_t page = first & ~(uintptr_t)VPORT_PAGE_MASK;; page += VPORT_PAGE_SIZE) {
        if (!word_readable(page))
            return false;
        if (page == ((first + length - 1) & ~(uintptr_t)VPORT_PAGE_MASK))
            return true;
    }
}

/* Byte by byte, and unseen by sanitizers: the bytes are anybody's, and may have been freed. */
__attribute__((no_sanitize_address, no_sanitize_thread, noinline)) void
vport_nt_peek(void *to, const volatile void *from, size_t length)
{
    volatile char *bytes = to;
    const volatile char *source = from;

    for (size_t i = 0; i < length; i++)
        bytes[i] = source[i];
}

size_t vport_nt_read(void *to, const volatile void *from, size_t length)
{
    size_t done = 0;

    while (done < length) {
        uintptr_t at = (uintptr_t)from + done; /* as a number: it may be no memory at all */
        size_t rest = VPORT_PAGE_SIZE - (at & VPORT_PAGE_MASK);
        size_t part = rest < length - done ? rest : length - done;

        if (!vport_nt_readable((const volatile void *)at, part))
            break;
        vport_nt_peek((char *)to + done, (const volatile void *)at, part);
        done += part;
    }
    return done;
}

VPORT_LONG_WAY BOOLEAN NTAPI is_valid_long(PVOID address)
{
    bool live;

    if (vport_nt_mdls && vport_nt_mdl_pages(address))
        return TRUE;
    if (vport_nt_mdls && vport_nt_mdl_address(address, &live))
        return live;
    return vport_nt_readable(address, 1);
}

/*
 * Any IRQL here (<= DISPATCH_LEVEL by the book). Never faults. Tells an MDL that lives from one
 * that was freed; other memory is valid if it can be read.
 */
BOOLEAN NTAPI MmIsAddressValid(PVOID VirtualAddress)
{
    /* What drivers ask most often. */
    if (__builtin_expect(vport_nt_mdls && vport_nt_mdl_pages_at_hand(VirtualAddress), 1))
        return TRUE;
    return is_valid_long(VirtualAddress);
}

/* Any IRQL here (<= APC_LEVEL by the book). Where NT raises an exception: reported. */
static void probe(const volatile void *address, SIZE_T length, ULONG alignment,
                  const char *function, const void *site)
{
    if (length == 0)
        return;
    if (alignment && (uintptr_t)address % alignment)
        vport_nt_report("PROBE", site,
                        "%s: %p is not aligned to %u. NT raises STATUS_DATATYPE_MISALIGNMENT.",
                        function, (const void *)(uintptr_t)address, alignment);
    if (!vport_nt_readable(address, length))
        vport_nt_report(
            "PROBE", site,
            "%s: %zu bytes at %p are not accessible. NT raises STATUS_ACCESS_VIOLATION.", function,
            (size_t)length, (const void *)(uintptr_t)address);
}

VOID NTAPI ProbeForRead(const VOID *Address, SIZE_T Length, ULONG Alignment)
{
    probe(Address, Length, Alignment, "ProbeForRead", VPORT_SITE);
}

VOID NTAPI ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment)
{
    probe(Address, Length, Alignment, "ProbeForWrite", VPORT_SITE);
}

/* ---- System mappings ---- */

static PVOID map(PMDL mdl, const char *function, const void *site)
{
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    if (!pages || !pages->locked) {
        vport_nt_report("MDL", site,
                        "%s: the pages of %p are not locked; only locked pages can be mapped.",
                        function, (void *)mdl);
        return NULL;
    }
    mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    mdl->MappedSystemVa = (char *)mdl->StartVa + mdl->ByteOffset;
    return mdl->MappedSystemVa;
}

/*
 * IRQL <= DISPATCH_LEVEL. The mapping is the buffer itself, whatever the cache type. NULL: not a
 * locked MDL (reported).
 */
PVOID NTAPI MmMapLockedPagesSpecifyCache(PMDLX MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                                         MEMORY_CACHING_TYPE CacheType, PVOID BaseAddress,
                                         ULONG BugCheckOnFailure, MM_PAGE_PRIORITY Priority)
{
    vport_nt_irql_at_most("MmMapLockedPagesSpecifyCache",
                          AccessMode == KernelMode ? DISPATCH_LEVEL : APC_LEVEL, VPORT_SITE);
    return map(MemoryDescriptorList, "MmMapLockedPagesSpecifyCache", VPORT_SITE);
}

PVOID NTAPI MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode)
{
    vport_nt_irql_at_most("MmMapLockedPages", AccessMode == KernelMode ? DISPATCH_LEVEL : APC_LEVEL,
                          VPORT_SITE);
    return map(MemoryDescriptorList, "MmMapLockedPages", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. */
VOID NTAPI MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
    PMDL mdl = MemoryDescriptorList;

    vport_nt_irql_at_most("MmUnmapLockedPages", DISPATCH_LEVEL, VPORT_SITE);
    if (!vport_nt_mdl_pages(mdl) || !(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) ||
        mdl->MappedSystemVa != BaseAddress) {
        vport_nt_report("MDL", VPORT_SITE,
                        "MmUnmapLockedPages: %p is not where the MDL %p is mapped.", BaseAddress,
                        (void *)mdl);
        return;
    }
    mdl->MdlFlags &= (CSHORT) ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARENT_MAPPED_SYSTEM_VA);
}

/* IRQL <= DISPATCH_LEVEL. Accepted and without effect: the mapping is the buffer. */
NTSTATUS NTAPI MmProtectMdlSystemAddress(PMDL MemoryDescriptorList, ULONG NewProtect)
{
    vport_nt_irql_at_most("MmProtectMdlSystemAddress", DISPATCH_LEVEL, VPORT_SITE);
    if (!vport_nt_mdl_pages(MemoryDescriptorList) ||
        !(MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA))
        return STATUS_NOT_MAPPED_VIEW;
    return STATUS_SUCCESS;
}

/* Any IRQL. */
MM_SYSTEMSIZE NTAPI MmQuerySystemSize(VOID)
{
    return MmLargeSystem;
}

/* ---- Physical memory ---- */

/* Any IRQL. The physical address now, 0 if the memory has none. Not for devices (SD-28). */
PHYSICAL_ADDRESS NTAPI MmGetPhysicalAddress(PVOID BaseAddress)
{
    PHYSICAL_ADDRESS address = {.QuadPart = 0};
    struct vport_nt *nt = vport_nt_get();
    struct vport_frame frame;
    struct vport_pages pages = {0};

    if (!nt || vport_space_lock(nt->space, (uintptr_t)BaseAddress, 1, VPORT_ACCESS_READ, &frame,
                                &pages) != VPORT_OK)
        return address;
    address.QuadPart =
        (LONGLONG)(vport_frame_address(frame) + ((uintptr_t)BaseAddress & VPORT_PAGE_MASK));
    vport_space_unlock(nt->space, &pages);
    return address;
}

struct vport_nt_contiguous {
    LIST_ENTRY link;
    void *memory;
    uint64_t length;
    const void *site;
};

void vport_nt_set_memory_ops(struct vport_nt *nt, const struct vport_nt_memory_ops *ops,
                             void *context)
{
    nt->memory_ops = ops ? *ops : (struct vport_nt_memory_ops){0};
    nt->memory_context = context;
}

static PVOID allocate_contiguous(SIZE_T length, PHYSICAL_ADDRESS lowest, PHYSICAL_ADDRESS highest,
                                 PHYSICAL_ADDRESS boundary, const void *site)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_contiguous *record;

    if (!nt || !length || !nt->memory_ops.contiguous_alloc)
        return NULL;
    record = calloc(1, sizeof(*record));
    if (!record)
        return NULL;
    record->length = length;
    record->site = site;
    if (nt->memory_ops.contiguous_alloc(nt->memory_context, length, (uint64_t)lowest.QuadPart,
                                        (uint64_t)highest.QuadPart, (uint64_t)boundary.QuadPart,
                                        &record->memory) != VPORT_OK) {
        free(record);
        return NULL;
    }
    vport_lock_acquire(&nt->object_lock);
    InsertTailList(&nt->contiguous, &record->link);
    vport_lock_release(&nt->object_lock);
    return record->memory;
}

/* IRQL <= DISPATCH_LEVEL. NULL: no such memory, or length 0. MmFreeContiguousMemory... frees it. */
PVOID NTAPI MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes,
                                                   PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                   PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                   PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                                   MEMORY_CACHING_TYPE CacheType)
{
    vport_nt_irql_at_most("MmAllocateContiguousMemorySpecifyCache", DISPATCH_LEVEL, VPORT_SITE);
    return allocate_contiguous(NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress,
                               BoundaryAddressMultiple, VPORT_SITE);
}

PVOID NTAPI MmAllocateContiguousMemory(SIZE_T NumberOfBytes,
                                       PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    const PHYSICAL_ADDRESS zero = {.QuadPart = 0};

    vport_nt_irql_at_most("MmAllocateContiguousMemory", DISPATCH_LEVEL, VPORT_SITE);
    return allocate_contiguous(NumberOfBytes, zero, HighestAcceptableAddress, zero, VPORT_SITE);
}

static struct vport_nt_contiguous *take_contiguous(struct vport_nt *nt, const void *memory)
{
    struct vport_nt_contiguous *found = NULL;

    vport_lock_acquire(&nt->object_lock);
    for (PLIST_ENTRY e = nt->contiguous.Flink; e != &nt->contiguous && !found; e = e->Flink) {
        struct vport_nt_contiguous *record = CONTAINING_RECORD(e, struct vport_nt_contiguous, link);

        if (record->memory == memory)
            found = record;
    }
    if (found)
        RemoveEntryList(&found->link);
    vport_lock_release(&nt->object_lock);
    return found;
}

static void free_contiguous(struct vport_nt *nt, PVOID memory, const void *site)
{
    struct vport_nt_contiguous *record = nt ? take_contiguous(nt, memory) : NULL;

    if (!record) {
        vport_nt_report("MEMORY", site,
                        "MmFreeContiguousMemory: %p is not contiguous memory that lives.", memory);
        return;
    }
    nt->memory_ops.contiguous_free(nt->memory_context, memory, record->length);
    free(record);
}

/* IRQL <= DISPATCH_LEVEL. Anything but a base that an allocation gave is reported. */
VOID NTAPI MmFreeContiguousMemory(PVOID BaseAddress)
{
    vport_nt_irql_at_most("MmFreeContiguousMemory", DISPATCH_LEVEL, VPORT_SITE);
    free_contiguous(vport_nt_get(), BaseAddress, VPORT_SITE);
}

VOID NTAPI MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes,
                                              MEMORY_CACHING_TYPE CacheType)
{
    vport_nt_irql_at_most("MmFreeContiguousMemorySpecifyCache", DISPATCH_LEVEL, VPORT_SITE);
    free_contiguous(vport_nt_get(), BaseAddress, VPORT_SITE);
}

void vport_nt_end_contiguous(struct vport_nt *nt)
{
    while (!IsListEmpty(&nt->contiguous)) {
        struct vport_nt_contiguous *record =
            CONTAINING_RECORD(RemoveHeadList(&nt->contiguous), struct vport_nt_contiguous, link);

        vport_report(nt->reports, "LEAK", record->site,
                     "Contiguous memory %p of %llu bytes was never freed.", record->memory,
                     (unsigned long long)record->length);
        nt->memory_ops.contiguous_free(nt->memory_context, record->memory, record->length);
        free(record);
    }
}
