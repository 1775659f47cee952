/* SPDX-License-Identifier: MIT */
/*
 * MDLs: a driver's MDL, its page frames and the lock on them in one preallocated block,
 *
 *     | struct vport_pages, ours | MDL | page frame numbers |
 *
 * so that the frames that the space fills in are the MDL's own array, and so that any pointer can
 * be asked whether it is an MDL.
 *
 * Unlocking while a DMA operation is under way (LB-A4) leaves the pages locked until the last
 * operation has ended. The owner's wish is a bit in the count of operations (VPORT_PAGES_CLOSING),
 * so that either the owner sees no operation or the last operation sees the wish: exactly one of
 * them lets go of the pages. What the wish is (to unlock, or to free as well) is told under
 * mdl_lock, which nobody takes who does everything in its time.
 *
 * Sources: kernel/using-mdls, wdm/nf-wdm-ioallocatemdl, wdm/nf-wdm-mmprobeandlockpages,
 * wdm/nf-wdm-mmunlockpages, wdm/nf-wdm-iofreemdl, wdm/nf-wdm-iobuildpartialmdl,
 * wdm/nf-wdm-mmbuildmdlfornonpagedpool; contract.md LB.
 */
#include "nt/kernel.h"
#include "nt/mdl.h"

#include <pthread.h>

struct vport_block_pool *vport_nt_mdls;
static pthread_once_t blocks_once = PTHREAD_ONCE_INIT;

static void create_blocks(void)
{
    vport_block_pool_create("mdl", sizeof(struct vport_nt_mdl), sizeof(struct vport_frame),
                            &vport_nt_mdls);
}

enum vport_status vport_nt_begin_mdls(void)
{
    pthread_once(&blocks_once, create_blocks);
    return vport_nt_mdls ? VPORT_OK : VPORT_E_NO_MEMORY;
}

/* Of a live MDL. */
static struct vport_nt *kernel_of(const struct vport_nt_mdl *mdl)
{
    return atomic_load_explicit(&mdl->nt, memory_order_relaxed);
}

/* The MDL that starts at `pointer`; NULL if none that lives does. */
static struct vport_nt_mdl *find(const MDL *pointer)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(pointer);

    if (!pointer || !vport_block_live(vport_nt_mdls, mdl) ||
        atomic_load_explicit(&mdl->freed, memory_order_relaxed))
        return NULL;
    return mdl;
}

static struct vport_nt_mdl *find_or_report(const MDL *pointer, const char *function,
                                           const void *site)
{
    struct vport_nt_mdl *mdl = find(pointer);

    if (!mdl)
        vport_nt_report("LB-A5", site, "%s: %p is not an MDL (%s).", function,
                        (const void *)pointer,
                        pointer ? "it was freed before, or never came from IoAllocateMdl" : "NULL");
    return mdl;
}

struct vport_pages *vport_nt_mdl_pages(const MDL *mdl)
{
    struct vport_nt_mdl *found = find(mdl);

    return found ? &found->pages : NULL;
}

/* Operations under way, and whether the owner waits for their end. */
static uint32_t users(const struct vport_nt_mdl *mdl)
{
    return atomic_load_explicit(&mdl->pages.users, memory_order_acquire);
}

bool vport_nt_mdl_address(const volatile void *address, bool *live)
{
    return vport_block_owns(vport_nt_mdls, (const void *)(uintptr_t)address, live);
}

static struct vport_frame *frames_of(struct vport_nt_mdl *mdl)
{
    return (struct vport_frame *)(&mdl->mdl + 1);
}

/* ---- Letting go of the pages ---- */

static void unlock(struct vport_nt_mdl *mdl)
{
    if (mdl->pages.locked && !mdl->partial) {
        vport_trace(kernel_of(mdl)->trace, VPORT_TRACE_UNLOCK,
                    vport_pages_spanned(mdl->pages.offset, mdl->pages.length), 0, 0, 0);
        vport_space_unlock(kernel_of(mdl)->space, &mdl->pages);
    }
    mdl->pages.locked = false;
}

static void report_busy(struct vport_nt_mdl *mdl, const char *function, const void *site)
{
    vport_report(kernel_of(mdl)->reports, "LB-A4", site,
                 "%s: %u DMA operation(s) on the buffer %p of %u bytes are still under way. Its "
                 "pages stay locked until VideoPortCompleteDma has ended them; unlock a buffer "
                 "only after all its data has been transferred.",
                 function, users(mdl) & ~VPORT_PAGES_CLOSING,
                 (void *)((char *)mdl->mdl.StartVa + mdl->mdl.ByteOffset), mdl->mdl.ByteCount);
}

static void give(struct vport_nt_mdl *mdl)
{
    atomic_store_explicit(&mdl->nt, NULL, memory_order_relaxed);
    vport_block_give(vport_nt_mdls, mdl);
}

/* Lets go of the pages, and of the MDL if the driver has freed it. mdl_lock is held. */
static void let_go(struct vport_nt_mdl *mdl)
{
    unlock(mdl);
    if (atomic_load_explicit(&mdl->freed, memory_order_relaxed))
        give(mdl);
    else
        atomic_store_explicit(&mdl->pages.users, 0, memory_order_release);
}

/* The last operation on pages that their owner wanted to let go of has ended. */
static void VPORT_DRIVER_CALL pages_close(struct vport_pages *pages)
{
    struct vport_nt_mdl *mdl = VPORT_CONTAINER_OF(pages, struct vport_nt_mdl, pages);
    struct vport_nt *nt = kernel_of(mdl);

    vport_lock_acquire(&nt->mdl_lock);
    let_go(mdl);
    vport_lock_release(&nt->mdl_lock);
}

/*
 * The pages are to be let go of as soon as no operation is left. That may be now: an operation that
 * ends later than this, or has ended but not yet let go, does it instead.
 */
static void close_later(struct vport_nt_mdl *mdl, bool freed, const char *function,
                        const void *site)
{
    struct vport_nt *nt = kernel_of(mdl);

    if (!(users(mdl) & VPORT_PAGES_CLOSING))
        report_busy(mdl, function, site);
    vport_lock_acquire(&nt->mdl_lock);
    atomic_store_explicit(&mdl->freed, freed, memory_order_relaxed);
    if (atomic_fetch_or(&mdl->pages.users, VPORT_PAGES_CLOSING) == 0)
        let_go(mdl);
    vport_lock_release(&nt->mdl_lock);
}

/* ---- Making and freeing ---- */

static void init_mdl(struct vport_nt_mdl *mdl, PVOID start, ULONG length, size_t pages)
{
    mdl->mdl = (MDL){.Size = (CSHORT)(sizeof(MDL) + pages * sizeof(PFN_NUMBER)),
                     .StartVa = (PVOID)((uintptr_t)start & ~(uintptr_t)VPORT_PAGE_MASK),
                     .ByteCount = length,
                     .ByteOffset = (ULONG)((uintptr_t)start & VPORT_PAGE_MASK)};
}

static struct vport_nt_mdl *create(struct vport_nt *nt, PVOID start, ULONG length, const void *site)
{
    size_t pages = length ? vport_pages_spanned((uintptr_t)start, length) : 0;
    struct vport_nt_mdl *mdl;

    /* LB-13: 4 GiB less a page. */
    if (length > UINT32_MAX - VPORT_PAGE_SIZE + 1)
        return NULL;
    mdl = vport_block_take(vport_nt_mdls, pages);
    if (!mdl)
        return NULL;
    mdl->pages.locked = false;
    atomic_store_explicit(&mdl->pages.users, 0, memory_order_relaxed);
    mdl->pages.close = pages_close;
    mdl->site = site;
    atomic_store_explicit(&mdl->freed, false, memory_order_relaxed);
    mdl->partial = false;
    init_mdl(mdl, start, length, pages);
    atomic_store_explicit(&mdl->nt, nt, memory_order_release);
    return mdl;
}

static void attach_to_irp(PIRP irp, PMDL mdl, BOOLEAN secondary)
{
    PMDL *link = &irp->MdlAddress;

    while (secondary && *link)
        link = &(*link)->Next;
    *link = mdl;
}

/* Any IRQL. Bytes that an MDL for this buffer takes. */
SIZE_T NTAPI MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    return sizeof(MDL) + sizeof(PFN_NUMBER) * (size_t)vport_pages_spanned((uintptr_t)Base, Length);
}

/*
 * IRQL <= DISPATCH_LEVEL. An MDL for `Length` bytes, at most 4 GiB less a page; NULL when that is
 * exceeded or there is no memory. With an Irp it becomes its MDL, or (SecondaryBuffer) the last of
 * its chain. IoFreeMdl frees it.
 */
PMDL NTAPI IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer,
                         BOOLEAN ChargeQuota, PIRP Irp)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_mdl *mdl;

    vport_nt_irql_at_most("IoAllocateMdl", DISPATCH_LEVEL, VPORT_SITE);
    mdl = nt ? create(nt, VirtualAddress, Length, VPORT_SITE) : NULL;
    if (!mdl)
        return NULL;
    if (Irp)
        attach_to_irp(Irp, &mdl->mdl, SecondaryBuffer);
    return &mdl->mdl;
}

static const short locked_flags =
    MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL | MDL_MAPPED_TO_SYSTEM_VA;

/*
 * IRQL <= DISPATCH_LEVEL. Frees one MDL, not those chained to it. Locked pages are reported and
 * unlocked. While operations are under way the MDL is gone for the driver, its pages later (LB-A4).
 * Anything that is not a live MDL is reported (LB-A5).
 */
VOID NTAPI IoFreeMdl(PMDL Mdl)
{
    struct vport_nt_mdl *mdl = find_or_report(Mdl, "IoFreeMdl", VPORT_SITE);

    vport_nt_irql_at_most("IoFreeMdl", DISPATCH_LEVEL, VPORT_SITE);
    if (!mdl)
        return;
    if (Mdl->MdlFlags & MDL_PAGES_LOCKED)
        vport_nt_report("MDL", VPORT_SITE,
                        "IoFreeMdl: the pages of %p are still locked. MmUnlockPages comes first; "
                        "NT leaks them and stops with bug check 0xCB or 0x76.",
                        (void *)Mdl);
    Mdl->MdlFlags &= (CSHORT)~locked_flags;
    if (__builtin_expect(users(mdl), 0)) {
        close_later(mdl, true, "IoFreeMdl", VPORT_SITE);
        return;
    }
    unlock(mdl);
    give(mdl);
}

/* ---- Locking ---- */

/* Memory at DISPATCH_LEVEL cannot be made resident: only nonpaged pool may be locked there. */
static bool may_lock_here(struct vport_nt *nt, const MDL *mdl, const void *site)
{
    POOL_TYPE type = PagedPool;
    SIZE_T rest;
    const void *start = MmGetMdlVirtualAddress(mdl);
    bool nonpaged = vport_cpu_irql() == DISPATCH_LEVEL &&
                    vport_nt_pool_find(nt, start, &type, &rest) && type == NonPagedPool;

    return vport_nt_irql_at_most("MmProbeAndLockPages", nonpaged ? DISPATCH_LEVEL : APC_LEVEL,
                                 site);
}

static bool lock(struct vport_nt_mdl *mdl, enum vport_access access)
{
    enum vport_status status;

    status =
        vport_space_lock(kernel_of(mdl)->space, (uintptr_t)mdl->mdl.StartVa + mdl->mdl.ByteOffset,
                         mdl->mdl.ByteCount, access, frames_of(mdl), &mdl->pages);
    if (status != VPORT_OK)
        return false;
    vport_trace(kernel_of(mdl)->trace, VPORT_TRACE_LOCK,
                vport_pages_spanned(mdl->mdl.ByteOffset, mdl->mdl.ByteCount),
                access == VPORT_ACCESS_WRITE, 0, 0);
    return true;
}

/*
 * IRQL <= APC_LEVEL; <= DISPATCH_LEVEL for nonpaged pool. Makes the buffer resident, checks that it
 * may be accessed so, locks its pages and fills in their numbers. Where NT raises an exception (no
 * such memory, not writable, not enough memory) this returns with MDL_PAGES_LOCKED clear in
 * MdlFlags: callers look there. AccessMode makes no difference: there is one address space.
 */
VOID NTAPI MmProbeAndLockPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode,
                               LOCK_OPERATION Operation)
{
    struct vport_nt_mdl *mdl =
        find_or_report(MemoryDescriptorList, "MmProbeAndLockPages", VPORT_SITE);
    bool write = Operation != IoReadAccess;

    if (!mdl || !may_lock_here(kernel_of(mdl), &mdl->mdl, VPORT_SITE))
        return;
    if (mdl->pages.locked) {
        vport_nt_report("MDL", VPORT_SITE,
                        "MmProbeAndLockPages: the pages of %p are locked already. NT stops with "
                        "bug check 0x76 or 0xC4/0xB6.",
                        (void *)&mdl->mdl);
        return;
    }
    if (lock(mdl, write ? VPORT_ACCESS_WRITE : VPORT_ACCESS_READ))
        mdl->mdl.MdlFlags |= (CSHORT)(MDL_PAGES_LOCKED | (write ? MDL_WRITE_OPERATION : 0));
}

/*
 * IRQL <= DISPATCH_LEVEL. Unlocks the pages and ends the MDL's system mapping. Pages that are not
 * locked are reported (LB-A5). While operations are under way the pages stay locked until the last
 * one has ended (LB-A4).
 */
VOID NTAPI MmUnlockPages(PMDL MemoryDescriptorList)
{
    struct vport_nt_mdl *mdl = find_or_report(MemoryDescriptorList, "MmUnlockPages", VPORT_SITE);

    vport_nt_irql_at_most("MmUnlockPages", DISPATCH_LEVEL, VPORT_SITE);
    if (!mdl)
        return;
    if (!(mdl->mdl.MdlFlags & MDL_PAGES_LOCKED)) {
        vport_nt_report("LB-A5", VPORT_SITE,
                        "MmUnlockPages: the pages of %p are not locked (unlocked before, or never "
                        "locked). NT stops with bug check 0x4E or 0x76.",
                        (void *)&mdl->mdl);
        return;
    }
    mdl->mdl.MdlFlags &=
        (CSHORT) ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA);
    if (__builtin_expect(users(mdl), 0))
        close_later(mdl, false, "MmUnlockPages", VPORT_SITE);
    else
        unlock(mdl);
}

/*
 * IRQL <= DISPATCH_LEVEL. For memory that is always resident (nonpaged pool, contiguous memory). If
 * it has no page frames the flag MDL_SOURCE_IS_NONPAGED_POOL stays clear, and so does the MDL's use
 * for DMA (SD-A14).
 */
VOID NTAPI MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
    struct vport_nt_mdl *mdl =
        find_or_report(MemoryDescriptorList, "MmBuildMdlForNonPagedPool", VPORT_SITE);
    POOL_TYPE type;
    SIZE_T rest;

    vport_nt_irql_at_most("MmBuildMdlForNonPagedPool", DISPATCH_LEVEL, VPORT_SITE);
    if (!mdl || mdl->pages.locked)
        return;
    if (vport_nt_pool_find(kernel_of(mdl), (char *)mdl->mdl.StartVa + mdl->mdl.ByteOffset, &type,
                           &rest) &&
        (type != NonPagedPool || rest < mdl->mdl.ByteCount)) {
        vport_nt_report(
            "MDL", VPORT_SITE, "MmBuildMdlForNonPagedPool: the buffer %p of %u bytes is not %s.",
            (void *)((char *)mdl->mdl.StartVa + mdl->mdl.ByteOffset), mdl->mdl.ByteCount,
            type != NonPagedPool ? "in nonpaged pool" : "inside its pool block");
        return;
    }
    if (!lock(mdl, VPORT_ACCESS_WRITE))
        return;
    mdl->mdl.MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
    mdl->mdl.MappedSystemVa = (char *)mdl->mdl.StartVa + mdl->mdl.ByteOffset;
}

/* ---- Partial MDLs ---- */

/*
 * The part [offset, offset + length) of `source` that a partial MDL shall describe; false when it
 * does not lie inside.
 */
static bool part_of(const struct vport_nt_mdl *source, PVOID address, ULONG *length,
                    uint64_t *offset)
{
    *offset = (uintptr_t)address - ((uintptr_t)source->mdl.StartVa + source->mdl.ByteOffset);
    if (*offset >= source->mdl.ByteCount)
        return false;
    if (*length == 0)
        *length = source->mdl.ByteCount - (ULONG)*offset;
    return vport_range_fits(*offset, *length, source->mdl.ByteCount);
}

static void build_part(struct vport_nt_mdl *target, struct vport_nt_mdl *source, PVOID address,
                       ULONG length, uint64_t offset)
{
    size_t first = (size_t)((source->mdl.ByteOffset + offset) >> VPORT_PAGE_SHIFT);
    size_t pages = vport_pages_spanned((uintptr_t)address, length);

    init_mdl(target, address, length, pages);
    memcpy(frames_of(target), frames_of(source) + first, pages * sizeof(struct vport_frame));
    target->pages.frames = frames_of(target);
    target->pages.start = (uintptr_t)address;
    target->pages.offset = target->mdl.ByteOffset;
    target->pages.access = source->pages.access;
    target->pages.length = length;
    target->pages.region = NULL;
    target->pages.places = NULL;
    target->pages.locked = true;
    target->partial = true;
    target->mdl.MdlFlags = MDL_PARTIAL;
    if (source->mdl.MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) {
        target->mdl.MdlFlags |= MDL_PARENT_MAPPED_SYSTEM_VA | MDL_MAPPED_TO_SYSTEM_VA;
        target->mdl.MappedSystemVa = (char *)source->mdl.MappedSystemVa + offset;
    }
}

/*
 * IRQL <= DISPATCH_LEVEL. Makes TargetMdl describe Length bytes (0: the rest) from VirtualAddress
 * of a locked SourceMdl, which stays locked as long as the part is used. A part that does not fit
 * is reported, and the target left as it is.
 */
VOID NTAPI IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    struct vport_nt_mdl *source = find_or_report(SourceMdl, "IoBuildPartialMdl", VPORT_SITE);
    struct vport_nt_mdl *target = find_or_report(TargetMdl, "IoBuildPartialMdl", VPORT_SITE);
    ULONG length = Length;
    uint64_t offset;

    if (!source || !target)
        return;
    if (!part_of(source, VirtualAddress, &length, &offset) ||
        vport_pages_spanned((uintptr_t)VirtualAddress, length) >
            vport_block_items(vport_nt_mdls, target)) {
        vport_nt_report("MDL", VPORT_SITE,
                        "IoBuildPartialMdl: %u bytes at %p are not in the source MDL (%u bytes at "
                        "%p), or the target MDL is too small.",
                        length, VirtualAddress, SourceMdl->ByteCount,
                        (void *)((char *)SourceMdl->StartVa + SourceMdl->ByteOffset));
        return;
    }
    if (!source->pages.locked || (target->pages.locked && !target->partial)) {
        vport_nt_report(
            "MDL", VPORT_SITE,
            "IoBuildPartialMdl: the source MDL must be locked, the target MDL must not.");
        return;
    }
    build_part(target, source, VirtualAddress, length, offset);
}

/* ---- The end ---- */

static void end_one(void *context, void *block)
{
    struct vport_nt *nt = context;
    struct vport_nt_mdl *mdl = block;

    if (atomic_load_explicit(&mdl->nt, memory_order_acquire) != nt)
        return;
    if (!atomic_load_explicit(&mdl->freed, memory_order_relaxed)) /* else LB-A4 has said it all */
        vport_report(
            nt->reports, "LEAK", mdl->site,
            "The MDL of the buffer %p of %u bytes was never freed; its pages are %s.",
            MmGetMdlVirtualAddress(&mdl->mdl), mdl->mdl.ByteCount,
            mdl->pages.locked
                ? "still locked. NT stops with bug check 0xCB DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS"
                : "not locked");
    unlock(mdl);
    give(mdl);
}

void vport_nt_end_mdls(struct vport_nt *nt)
{
    vport_block_each(vport_nt_mdls, end_one, nt);
}
