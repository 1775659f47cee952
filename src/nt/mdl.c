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

#include "mem/space_quick.h"

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

/* Of one that lives or is still in use. */
static struct vport_nt *owner_of(const struct vport_nt_mdl *mdl)
{
    return atomic_load_explicit(&mdl->owner, memory_order_relaxed);
}

/* NULL: the driver has freed it. */
static struct vport_nt *kernel_of(const struct vport_nt_mdl *mdl)
{
    return atomic_load_explicit(&mdl->nt, memory_order_acquire);
}

/* The MDL that starts at `pointer`; NULL if none that lives does. */
static struct vport_nt_mdl *find(const MDL *pointer)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(pointer);

    return vport_nt_mdls && pointer && vport_block_live(vport_nt_mdls, mdl) && kernel_of(mdl)
               ? mdl
               : NULL;
}

/* true if the thread stands on a processor, so that there is a kernel, at `irql` or below. */
VPORT_SHORT_WAY bool at_most(KIRQL irql)
{
    struct vport_cpu *cpu = vport_cpu_get();

    return cpu && cpu->irql <= irql;
}

/* The kernel of a live MDL; NULL for any other pointer and for the largest MDLs (above 1 GiB). */
VPORT_SHORT_WAY struct vport_nt *kernel_at_hand(const struct vport_nt_mdl *mdl)
{
    return vport_nt_mdl_in_class(mdl) ? kernel_of(mdl) : NULL;
}

struct vport_nt_mdl *vport_nt_mdl_find(const MDL *pointer, const char *function, const void *site)
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

/* ---- Letting go of the pages ---- */

static void unlock(struct vport_nt_mdl *mdl)
{
    if (mdl->pages.locked && !mdl->partial) {
        vport_trace(owner_of(mdl)->trace, VPORT_TRACE_UNLOCK,
                    vport_pages_spanned(mdl->pages.offset, mdl->pages.length), 0, 0, 0);
        vport_space_unlock(owner_of(mdl)->space, &mdl->pages);
    }
    mdl->pages.locked = false;
}

static void report_busy(struct vport_nt_mdl *mdl, const char *function, const void *site)
{
    vport_report(owner_of(mdl)->reports, "LB-A4", site,
                 "%s: %u DMA operation(s) on the buffer %p of %u bytes are still under way. Its "
                 "pages stay locked until VideoPortCompleteDma has ended them; unlock a buffer "
                 "only after all its data has been transferred.",
                 function, users(mdl) & ~VPORT_PAGES_CLOSING,
                 (void *)((char *)mdl->mdl.StartVa + mdl->mdl.ByteOffset), mdl->mdl.ByteCount);
}

static void give(struct vport_nt_mdl *mdl)
{
    atomic_store_explicit(&mdl->nt, NULL, memory_order_relaxed);
    atomic_store_explicit(&mdl->owner, NULL, memory_order_relaxed);
    vport_block_give(vport_nt_mdls, mdl);
}

/* Lets go of the pages, and of the MDL if the driver has freed it. mdl_lock is held. */
static void let_go(struct vport_nt_mdl *mdl)
{
    unlock(mdl);
    if (kernel_of(mdl))
        atomic_store_explicit(&mdl->pages.users, 0, memory_order_release);
    else
        give(mdl);
}

/* The last operation on pages that their owner wanted to let go of has ended. */
static void VPORT_DRIVER_CALL pages_close(struct vport_pages *pages)
{
    struct vport_nt_mdl *mdl = VPORT_CONTAINER_OF(pages, struct vport_nt_mdl, pages);
    struct vport_nt *nt = owner_of(mdl);

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
    struct vport_nt *nt = owner_of(mdl);

    if (!(users(mdl) & VPORT_PAGES_CLOSING))
        report_busy(mdl, function, site);
    vport_lock_acquire(&nt->mdl_lock);
    if (freed)
        atomic_store_explicit(&mdl->nt, NULL, memory_order_relaxed);
    if (atomic_fetch_or(&mdl->pages.users, VPORT_PAGES_CLOSING) == 0)
        let_go(mdl);
    vport_lock_release(&nt->mdl_lock);
}

/* ---- Making and freeing ---- */

void vport_nt_mdl_init(struct vport_nt_mdl *mdl, PVOID start, ULONG length)
{
    uint32_t offset = (uintptr_t)start & VPORT_PAGE_MASK;
    size_t pages = vport_pages_spanned(offset, length);

    mdl->mdl = (MDL){.Size = (CSHORT)(sizeof(MDL) + pages * sizeof(PFN_NUMBER)),
                     .StartVa = (PVOID)((uintptr_t)start - offset),
                     .ByteCount = length,
                     .ByteOffset = offset};
}

/* Makes an MDL of a block that was just taken. */
static inline void begin(struct vport_nt_mdl *mdl, struct vport_nt *nt, PVOID start, ULONG length,
                         const void *site)
{
    mdl->pages.locked = false;
    atomic_store_explicit(&mdl->pages.users, 0, memory_order_relaxed);
    mdl->pages.close = pages_close;
    mdl->site = site;
    mdl->partial = false;
    vport_nt_mdl_init(mdl, start, length);
    atomic_store_explicit(&mdl->owner, nt, memory_order_relaxed);
    atomic_store_explicit(&mdl->nt, nt, memory_order_release);
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

VPORT_LONG_WAY PMDL NTAPI allocate_long(PVOID start, ULONG length, BOOLEAN secondary, PIRP irp,
                                        const void *site)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_mdl *mdl;

    vport_nt_irql_at_most("IoAllocateMdl", DISPATCH_LEVEL, site);
    /* LB-13: 4 GiB less a page. */
    if (!nt || length > UINT32_MAX - VPORT_PAGE_SIZE + 1)
        return NULL;
    mdl = vport_block_take(vport_nt_mdls, vport_pages_spanned((uintptr_t)start, length));
    if (!mdl)
        return NULL;
    begin(mdl, nt, start, length, site);
    if (irp)
        attach_to_irp(irp, &mdl->mdl, secondary);
    return &mdl->mdl;
}

/*
 * IRQL <= DISPATCH_LEVEL. An MDL for `Length` bytes, at most 4 GiB less a page; NULL when that is
 * exceeded or there is no memory. With an Irp it becomes its MDL, or (SecondaryBuffer) the last of
 * its chain. IoFreeMdl frees it.
 */
PMDL NTAPI IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer,
                         BOOLEAN ChargeQuota, PIRP Irp)
{
    struct vport_cpu *cpu = vport_cpu_get();
    struct vport_nt_mdl *mdl;

    if (!cpu || cpu->irql > DISPATCH_LEVEL || Irp ||
        Length > (VPORT_BLOCK_SMALL - 1) * VPORT_PAGE_SIZE)
        return allocate_long(VirtualAddress, Length, SecondaryBuffer, Irp, VPORT_SITE);
    mdl = vport_block_take_kept(vport_nt_mdls);
    if (!mdl)
        return allocate_long(VirtualAddress, Length, SecondaryBuffer, Irp, VPORT_SITE);
    begin(mdl, cpu->nt, VirtualAddress, Length, VPORT_SITE);
    return &mdl->mdl;
}

static const short locked_flags =
    MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL | MDL_MAPPED_TO_SYSTEM_VA;
static const short unlocked_flags =
    MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA;

VPORT_LONG_WAY VOID NTAPI free_long(PMDL pointer, const void *site)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_find(pointer, "IoFreeMdl", site);

    vport_nt_irql_at_most("IoFreeMdl", DISPATCH_LEVEL, site);
    if (!mdl)
        return;
    if (pointer->MdlFlags & MDL_PAGES_LOCKED)
        vport_nt_report("MDL", site,
                        "IoFreeMdl: the pages of %p are still locked. MmUnlockPages comes first; "
                        "NT leaks them and stops with bug check 0xCB or 0x76.",
                        (void *)pointer);
    pointer->MdlFlags &= (CSHORT)~locked_flags;
    if (__builtin_expect(users(mdl), 0)) {
        close_later(mdl, true, "IoFreeMdl", site);
        return;
    }
    unlock(mdl);
    give(mdl);
}

/* A small one that is unlocked goes back to where this thread keeps some, if there is room. */
VPORT_SHORT_WAY bool free_quickly(struct vport_nt_mdl *mdl)
{
    if (!vport_block_is_small(vport_nt_mdls, mdl) || !kernel_of(mdl) ||
        mdl->mdl.MdlFlags & MDL_PAGES_LOCKED || mdl->pages.locked || users(mdl) ||
        !vport_block_give_kept(vport_nt_mdls, mdl, 0))
        return false;
    /* It is free, but nobody else's before this thread takes it again or gives it away. */
    atomic_store_explicit(&mdl->nt, NULL, memory_order_relaxed);
    atomic_store_explicit(&mdl->owner, NULL, memory_order_relaxed);
    return true;
}

/*
 * IRQL <= DISPATCH_LEVEL. Frees one MDL, not those chained to it. Locked pages are reported and
 * unlocked. While operations are under way the MDL is gone for the driver, its pages later (LB-A4).
 * Anything that is not a live MDL is reported (LB-A5).
 */
VOID NTAPI IoFreeMdl(PMDL Mdl)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(Mdl);

    if (!at_most(DISPATCH_LEVEL) || !free_quickly(mdl))
        free_long(Mdl, VPORT_SITE);
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
                         mdl->mdl.ByteCount, access, vport_nt_mdl_frames(mdl), &mdl->pages);
    if (status != VPORT_OK)
        return false;
    vport_trace(kernel_of(mdl)->trace, VPORT_TRACE_LOCK,
                vport_pages_spanned(mdl->mdl.ByteOffset, mdl->mdl.ByteCount),
                access == VPORT_ACCESS_WRITE, 0, 0);
    return true;
}

static void note_locked(struct vport_nt_mdl *mdl, bool write)
{
    mdl->mdl.MdlFlags |= (CSHORT)(MDL_PAGES_LOCKED | (write ? MDL_WRITE_OPERATION : 0));
}

VPORT_LONG_WAY VOID NTAPI lock_long(PMDL pointer, bool write, const void *site)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_find(pointer, "MmProbeAndLockPages", site);

    if (!mdl || !may_lock_here(kernel_of(mdl), &mdl->mdl, site))
        return;
    if (mdl->pages.locked) {
        vport_nt_report("MDL", site,
                        "MmProbeAndLockPages: the pages of %p are locked already. NT stops with "
                        "bug check 0x76 or 0xC4/0xB6.",
                        (void *)&mdl->mdl);
        return;
    }
    if (lock(mdl, write ? VPORT_ACCESS_WRITE : VPORT_ACCESS_READ))
        note_locked(mdl, write);
}

VPORT_DRIVER_COLD static void copy_many(struct vport_frame *to, const struct vport_frame *from,
                                        size_t count)
{
    memcpy(to, from, count * sizeof(*to));
}

/*
 * Copies `count` > 0 of a region's frames into an MDL. Few are copied so many at a time, some more
 * than are needed, which takes no call.
 */
VPORT_SHORT_WAY void copy_frames(struct vport_frame *to, const struct vport_frame *from,
                                 size_t count)
{
    enum { AT_ONCE = VPORT_SPACE_FRAMES_AT_ONCE };
    size_t i = 0;

    _Static_assert(VPORT_BLOCK_SMALL % AT_ONCE == 0, "every block has room for some more");
    if (count > VPORT_BLOCK_SMALL) {
        copy_many(to, from, count);
        return;
    }
    do {
        memcpy(to + i, from + i, AT_ONCE * sizeof(*to));
        i += AT_ONCE;
    } while (i < count);
}

/* Not too much memory, of the region that this thread locked last. */
VPORT_SHORT_WAY bool lock_quickly(struct vport_nt_mdl *mdl, bool write)
{
    enum { MOST = 512 }; /* of more it matters that adjacent ones need not be copied */
    struct vport_nt *nt = kernel_at_hand(mdl);
    uintptr_t start;
    size_t count;
    const struct vport_frame *known;

    if (!nt || mdl->pages.locked || vport_trace_on(nt->trace))
        return false;
    start = (uintptr_t)mdl->mdl.StartVa + mdl->mdl.ByteOffset;
    count = vport_pages_spanned(mdl->mdl.ByteOffset, mdl->mdl.ByteCount);
    if (count > MOST || !vport_space_lock_again(nt->space, start, mdl->mdl.ByteCount, count,
                                                write ? VPORT_ACCESS_WRITE : VPORT_ACCESS_READ,
                                                vport_nt_mdl_frames(mdl), &mdl->pages, &known))
        return false;
    copy_frames(vport_nt_mdl_frames(mdl), known, count);
    note_locked(mdl, write);
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
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(MemoryDescriptorList);
    bool write = Operation != IoReadAccess;

    if (!at_most(APC_LEVEL) || !lock_quickly(mdl, write))
        lock_long(MemoryDescriptorList, write, VPORT_SITE);
}

VPORT_LONG_WAY VOID NTAPI unlock_long(PMDL pointer, const void *site)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_find(pointer, "MmUnlockPages", site);

    vport_nt_irql_at_most("MmUnlockPages", DISPATCH_LEVEL, site);
    if (!mdl)
        return;
    if (!(mdl->mdl.MdlFlags & MDL_PAGES_LOCKED)) {
        vport_nt_report("LB-A5", site,
                        "MmUnlockPages: the pages of %p are not locked (unlocked before, or never "
                        "locked). NT stops with bug check 0x4E or 0x76.",
                        (void *)&mdl->mdl);
        return;
    }
    mdl->mdl.MdlFlags &= (CSHORT)~unlocked_flags;
    if (__builtin_expect(users(mdl), 0))
        close_later(mdl, false, "MmUnlockPages", site);
    else
        unlock(mdl);
}

/* No operation is under way, and all pages are of one region. */
VPORT_SHORT_WAY bool unlock_quickly(struct vport_nt_mdl *mdl)
{
    struct vport_nt *nt = kernel_at_hand(mdl);

    if (!nt || !(mdl->mdl.MdlFlags & MDL_PAGES_LOCKED) || users(mdl) || !mdl->pages.region ||
        vport_trace_on(nt->trace))
        return false;
    mdl->mdl.MdlFlags &= (CSHORT)~unlocked_flags;
    vport_space_unlock_region(nt->space, &mdl->pages);
    return true;
}

/*
 * IRQL <= DISPATCH_LEVEL. Unlocks the pages and ends the MDL's system mapping. Pages that are not
 * locked are reported (LB-A5). While operations are under way the pages stay locked until the last
 * one has ended (LB-A4).
 */
VOID NTAPI MmUnlockPages(PMDL MemoryDescriptorList)
{
    struct vport_nt_mdl *mdl = vport_nt_mdl_of(MemoryDescriptorList);

    if (!at_most(DISPATCH_LEVEL) || !unlock_quickly(mdl))
        unlock_long(MemoryDescriptorList, VPORT_SITE);
}

/*
 * IRQL <= DISPATCH_LEVEL. For memory that is always resident (nonpaged pool, contiguous memory). If
 * it has no page frames the flag MDL_SOURCE_IS_NONPAGED_POOL stays clear, and so does the MDL's use
 * for DMA (SD-A14).
 */
VOID NTAPI MmBuildMdlForNonPagedPool(PMDL MemoryDescriptorList)
{
    struct vport_nt_mdl *mdl =
        vport_nt_mdl_find(MemoryDescriptorList, "MmBuildMdlForNonPagedPool", VPORT_SITE);
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

/* ---- The end ---- */

static void end_one(void *context, void *block)
{
    struct vport_nt *nt = context;
    struct vport_nt_mdl *mdl = block;

    if (owner_of(mdl) != nt)
        return;
    if (kernel_of(mdl)) /* else LB-A4 has said it all */
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
