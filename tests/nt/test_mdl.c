/* SPDX-License-Identifier: MIT */
/* MDLs, locked pages, system mappings, addresses, contiguous memory (contract.md, LB). */
#include "fixture.h"

#include <sys/mman.h>

static char *buffer; /* 16 pages */

static PMDL make(size_t offset, ULONG length)
{
    PMDL mdl = IoAllocateMdl(buffer + offset, length, FALSE, FALSE, NULL);

    assert_non_null(mdl);
    return mdl;
}

static PMDL make_locked(size_t offset, ULONG length, LOCK_OPERATION operation)
{
    PMDL mdl = make(offset, length);

    MmProbeAndLockPages(mdl, KernelMode, operation);
    assert_true(mdl->MdlFlags & MDL_PAGES_LOCKED);
    return mdl;
}

static void lb_05_an_mdl_describes_its_buffer(void **state)
{
    PMDL mdl = make(5000, 9000);

    assert_ptr_equal(MmGetMdlVirtualAddress(mdl), buffer + 5000);
    assert_int_equal(MmGetMdlByteCount(mdl), 9000);
    assert_int_equal(MmGetMdlByteOffset(mdl), 5000 % 4096);
    assert_ptr_equal(MmGetMdlBaseVa(mdl), buffer + 4096);
    assert_int_equal(mdl->Size, MmSizeOfMdl(buffer + 5000, 9000));
    assert_int_equal(mdl->Size, sizeof(MDL) + 3 * sizeof(PFN_NUMBER));
    assert_false(mdl->MdlFlags & MDL_PAGES_LOCKED);
    IoFreeMdl(mdl);
}

static void lb_06_locking_fills_one_frame_a_page(void **state)
{
    PMDL mdl = make_locked(4095, 2, IoWriteAccess);
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    assert_int_equal(MmGetMdlPfnArray(mdl)[0], (uintptr_t)buffer / 4096);
    assert_int_equal(MmGetMdlPfnArray(mdl)[1], (uintptr_t)buffer / 4096 + 1);
    assert_int_equal(vport_space_locked(test.space), 2);
    assert_ptr_equal(pages->frames, MmGetMdlPfnArray(mdl));
    assert_true(pages->locked);
    assert_int_equal(pages->access, VPORT_ACCESS_WRITE);
    assert_true(mdl->MdlFlags & MDL_WRITE_OPERATION);
    MmUnlockPages(mdl);
    assert_int_equal(vport_space_locked(test.space), 0);
    IoFreeMdl(mdl);
}

static void lb_03_read_access_is_remembered(void **state)
{
    PMDL mdl = make_locked(0, 100, IoReadAccess);

    assert_int_equal(vport_nt_mdl_pages(mdl)->access, VPORT_ACCESS_READ);
    assert_false(mdl->MdlFlags & MDL_WRITE_OPERATION);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    mdl = make_locked(0, 100, IoModifyAccess);
    assert_int_equal(vport_nt_mdl_pages(mdl)->access, VPORT_ACCESS_WRITE);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

static void lb_13_the_largest_mdl(void **state)
{
    PMDL mdl = IoAllocateMdl(buffer, 0xfffff000u, FALSE, FALSE, NULL);

    assert_null(IoAllocateMdl(buffer, 0xfffff001u, FALSE, FALSE, NULL));
    assert_null(IoAllocateMdl(buffer, 0xffffffffu, FALSE, FALSE, NULL));
    assert_non_null(mdl);
    assert_int_equal(MmGetMdlByteCount(mdl), 0xfffff000u);
    IoFreeMdl(mdl);
}

static void lb_a1_memory_that_is_not_there_leaves_the_flag_clear(void **state)
{
    PMDL mdl = make(0, 4 * 4096);

    test.missing = (uintptr_t)buffer + 2 * 4096;
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    assert_false(mdl->MdlFlags & MDL_PAGES_LOCKED);
    assert_false(vport_nt_mdl_pages(mdl)->locked);
    assert_int_equal(vport_space_locked(test.space), 0);
    IoFreeMdl(mdl);
    mdl = IoAllocateMdl((PVOID)(uintptr_t)-4096, 8192, FALSE, FALSE, NULL); /* wraps */
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    assert_false(mdl->MdlFlags & MDL_PAGES_LOCKED);
    IoFreeMdl(mdl);
}

static void lb_a2_length_zero_cannot_be_locked(void **state)
{
    PMDL mdl = make(0, 0);

    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    assert_false(mdl->MdlFlags & MDL_PAGES_LOCKED);
    IoFreeMdl(mdl);
}

static void lb_09_a_page_stays_locked_until_the_last_unlock(void **state)
{
    PMDL first = make_locked(0, 4096, IoReadAccess);
    PMDL second = make_locked(100, 100, IoWriteAccess);

    MmUnlockPages(first);
    assert_int_equal(vport_space_locked(test.space), 1);
    MmUnlockPages(second);
    assert_int_equal(vport_space_locked(test.space), 0);
    IoFreeMdl(first);
    IoFreeMdl(second);
}

static void lb_a5_misuse_is_reported_and_harmless(void **state)
{
    MDL own = {.ByteCount = 100};
    PMDL mdl = make_locked(0, 100, IoReadAccess);

    MmUnlockPages(mdl);
    MmUnlockPages(mdl); /* twice */
    expect_reports("LB-A5", 1);
    IoFreeMdl(mdl);
    IoFreeMdl(mdl); /* twice */
    MmUnlockPages(mdl);
    expect_reports("LB-A5", 2);
    MmUnlockPages(NULL);
    IoFreeMdl(NULL);
    MmUnlockPages(&own);
    MmProbeAndLockPages(&own, KernelMode, IoReadAccess);
    IoFreeMdl((PMDL)(uintptr_t)0x1234567);
    MmBuildMdlForNonPagedPool((PMDL)buffer);
    expect_reports("LB-A5", 6);
    assert_null(vport_nt_mdl_pages(&own));
    assert_null(vport_nt_mdl_pages(NULL));
    assert_null(vport_nt_mdl_pages(mdl));
}

static void lb_a4_unlocking_waits_for_operations(void **state)
{
    PMDL mdl = make_locked(0, 8192, IoWriteAccess);
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    vport_pages_hold(pages); /* as two operations do */
    vport_pages_hold(pages);
    MmUnlockPages(mdl);
    assert_non_null(strstr(report_text(0), "2 DMA operation(s)"));
    expect_reports("LB-A4", 1);
    assert_false(mdl->MdlFlags & MDL_PAGES_LOCKED); /* for new operations it is unlocked */
    assert_int_equal(vport_space_locked(test.space), 2);
    vport_pages_release(pages);
    assert_int_equal(vport_space_locked(test.space), 2);
    vport_pages_release(pages);
    assert_int_equal(vport_space_locked(test.space), 0);
    assert_false(pages->locked);
    assert_int_equal(atomic_load(&pages->users), 0);
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess); /* and may be used again */
    assert_true(mdl->MdlFlags & MDL_PAGES_LOCKED);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

static void lb_a4_freeing_waits_for_operations(void **state)
{
    PMDL mdl = make_locked(0, 8192, IoWriteAccess);
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    vport_pages_hold(pages);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
    expect_reports("LB-A4", 1); /* once is enough */
    assert_null(vport_nt_mdl_pages(mdl));
    IoFreeMdl(mdl);
    expect_reports("LB-A5", 1);
    assert_int_equal(vport_space_locked(test.space), 2);
    assert_int_equal(pages->frames[1].number, (uintptr_t)buffer / 4096 + 1);
    vport_pages_release(pages);
    assert_int_equal(vport_space_locked(test.space), 0);
}

static void lb_08_freeing_locked_pages_unlocks_them(void **state)
{
    PMDL mdl = make_locked(0, 100, IoReadAccess);

    IoFreeMdl(mdl);
    expect_reports("MDL", 1);
    assert_int_equal(vport_space_locked(test.space), 0);
}

static void test_locking_twice_is_reported(void **state)
{
    PMDL mdl = make_locked(0, 100, IoReadAccess);

    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    expect_reports("MDL", 1);
    assert_int_equal(vport_space_locked(test.space), 1);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

static void test_pageable_memory_cannot_be_locked_at_dispatch(void **state)
{
    PVOID pool = ExAllocatePoolWithTag(NonPagedPool, 100, 1);
    PMDL user = make(0, 100);
    PMDL nonpaged = IoAllocateMdl(pool, 100, FALSE, FALSE, NULL);
    KIRQL old = KeRaiseIrqlToDpcLevel();

    MmProbeAndLockPages(nonpaged, KernelMode, IoReadAccess);
    assert_true(nonpaged->MdlFlags & MDL_PAGES_LOCKED);
    expect_reports(NULL, 0);
    MmProbeAndLockPages(user, KernelMode, IoReadAccess);
    assert_false(user->MdlFlags & MDL_PAGES_LOCKED);
    expect_reports("IRQL", 1);
    MmUnlockPages(nonpaged);
    KeLowerIrql(old);
    IoFreeMdl(nonpaged);
    IoFreeMdl(user);
    ExFreePool(pool);
}

static void test_mdls_of_an_irp(void **state)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    PMDL first = IoAllocateMdl(buffer, 10, FALSE, FALSE, irp);
    PMDL second = IoAllocateMdl(buffer, 10, TRUE, FALSE, irp);
    PMDL third = IoAllocateMdl(buffer, 10, TRUE, FALSE, irp);

    assert_ptr_equal(irp->MdlAddress, first);
    assert_ptr_equal(first->Next, second);
    assert_ptr_equal(second->Next, third);
    IoFreeMdl(first);
    IoFreeMdl(second);
    IoFreeMdl(third);
    IoFreeIrp(irp);
}

static void test_mdls_left_are_reported_and_unlocked(void **state)
{
    make_locked(0, 8192, IoReadAccess);
    make(0, 100);
    end_kernel();
    assert_int_equal(vport_space_locked(test.space), 0);
    expect_reports("LEAK", 2);
}

/* ---- Memory that the machine knows, and locked last ---- */

enum { KNOWN_PAGES = 600 };
#define KNOWN ((char *)0x10000000) /* there is nothing there: only its frames are looked at */

static uintptr_t known_frame(size_t page)
{
    return 5 * page + 1000;
}

/* Registers the range, and makes it the one that this thread locked last. */
static void know(void *base, size_t pages, const struct vport_frame *frames, bool writable)
{
    PMDL mdl = IoAllocateMdl(base, 1, FALSE, FALSE, NULL);

    assert_int_equal(vport_space_register(test.space, base, pages, frames, writable, NULL, NULL),
                     VPORT_OK);
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

static void know_pages(bool writable)
{
    struct vport_frame frames[KNOWN_PAGES];

    for (size_t i = 0; i < KNOWN_PAGES; i++)
        frames[i].number = known_frame(i);
    know(KNOWN, KNOWN_PAGES, frames, writable);
}

/* Frames as foreign memory has them in this file, so that the same tests can be run. */
static int setup_known(void **state)
{
    struct vport_frame frames[16];

    if (setup_deterministic(state))
        return 1;
    for (size_t i = 0; i < 16; i++)
        frames[i].number = (uintptr_t)buffer / 4096 + i;
    know(buffer, 16, frames, true);
    return 0;
}

#define known_test(function) cmocka_unit_test_setup_teardown(function, setup_known, teardown)

static void lock_known(size_t page, size_t count)
{
    PMDL mdl =
        IoAllocateMdl(KNOWN + page * 4096 + 4095, (ULONG)(count * 4096 - 4095), FALSE, FALSE, NULL);
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
    assert_true(mdl->MdlFlags & MDL_PAGES_LOCKED);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(MmGetMdlPfnArray(mdl)[i], known_frame(page + i));
    assert_int_equal(pages->start, (uintptr_t)KNOWN + page * 4096 + 4095);
    assert_int_equal(pages->offset, 4095);
    assert_int_equal(pages->length, count * 4096 - 4095);
    assert_int_equal(vport_space_locked(test.space), count);
    MmUnlockPages(mdl);
    assert_int_equal(vport_space_locked(test.space), 0);
    IoFreeMdl(mdl);
}

/* Around every number from which on something is done in another way. */
static void lb_05_lb_06_known_memory_of_any_length_at_any_page(void **state)
{
    static const size_t counts[] = {1,  2,  3,  7,   8,   9,   15,  16,  17,
                                    23, 24, 25, 271, 272, 273, 511, 512, 513};

    know_pages(true);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        lock_known(0, counts[i]);
        lock_known(11, counts[i]);
        lock_known(KNOWN_PAGES - counts[i], counts[i]);
    }
}

static void lb_a1_known_memory_that_is_read_only(void **state)
{
    PMDL mdl = IoAllocateMdl(KNOWN, 100, FALSE, FALSE, NULL);

    know_pages(false);
    MmProbeAndLockPages(mdl, KernelMode, IoWriteAccess);
    assert_false(mdl->MdlFlags & MDL_PAGES_LOCKED);
    MmProbeAndLockPages(mdl, KernelMode, IoReadAccess);
    assert_true(mdl->MdlFlags & MDL_PAGES_LOCKED);
    assert_false(mdl->MdlFlags & MDL_WRITE_OPERATION);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

/* More than a thread keeps of any kind. */
static void test_many_mdls_are_made_and_freed(void **state)
{
    enum { MANY = 600 };
    static PMDL mdls[MANY];

    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++)
            mdls[i] = make_locked(i % 16 * 4096, 4096, IoReadAccess);
        assert_int_equal(vport_space_locked(test.space), MANY);
        for (size_t i = 0; i < MANY; i++) {
            MmUnlockPages(mdls[i]);
            IoFreeMdl(mdls[i]);
            assert_null(vport_nt_mdl_pages(mdls[i]));
        }
    }
}

/* ---- Nonpaged pool, partial MDLs ---- */

static void sd_a14_nonpaged_pool_needs_no_locking(void **state)
{
    char *pool = ExAllocatePoolWithTag(NonPagedPool, 5000, 1);
    char *paged = ExAllocatePoolWithTag(PagedPool, 5000, 1);
    PMDL mdl = IoAllocateMdl(pool, 5000, FALSE, FALSE, NULL);
    PMDL too_long = IoAllocateMdl(pool, 5001, FALSE, FALSE, NULL);
    PMDL pageable = IoAllocateMdl(paged, 5000, FALSE, FALSE, NULL);

    MmBuildMdlForNonPagedPool(mdl);
    assert_true(mdl->MdlFlags & MDL_SOURCE_IS_NONPAGED_POOL);
    assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), pool);
    assert_int_equal(MmGetMdlPfnArray(mdl)[1], (uintptr_t)pool / 4096 + 1);
    assert_true(vport_nt_mdl_pages(mdl)->locked);
    IoFreeMdl(mdl); /* no unlock before */
    assert_int_equal(vport_space_locked(test.space), 0);
    MmBuildMdlForNonPagedPool(too_long);
    MmBuildMdlForNonPagedPool(pageable);
    assert_false((too_long->MdlFlags | pageable->MdlFlags) & MDL_SOURCE_IS_NONPAGED_POOL);
    expect_reports("MDL", 2);
    IoFreeMdl(too_long);
    IoFreeMdl(pageable);
    ExFreePool(pool);
    ExFreePool(paged);
}

static void test_a_partial_mdl_shares_frames(void **state)
{
    PMDL source = make_locked(100, 5 * 4096, IoWriteAccess);
    PMDL target = make(0, 3 * 4096);

    IoBuildPartialMdl(source, target, buffer + 2 * 4096 + 7, 5000);
    assert_true(target->MdlFlags & MDL_PARTIAL);
    assert_ptr_equal(MmGetMdlVirtualAddress(target), buffer + 2 * 4096 + 7);
    assert_int_equal(MmGetMdlByteCount(target), 5000);
    assert_int_equal(MmGetMdlPfnArray(target)[0], (uintptr_t)buffer / 4096 + 2);
    assert_int_equal(MmGetMdlPfnArray(target)[1], (uintptr_t)buffer / 4096 + 3);
    assert_true(vport_nt_mdl_pages(target)->locked);
    IoBuildPartialMdl(source, target, buffer + 100, 0); /* the rest */
    assert_int_equal(MmGetMdlByteCount(target), 5 * 4096);
    IoFreeMdl(target);
    assert_int_equal(vport_space_locked(test.space), 6);
    MmUnlockPages(source);
    IoFreeMdl(source);
}

static void test_a_partial_mdl_outside_its_source_is_reported(void **state)
{
    PMDL source = make_locked(100, 4096, IoWriteAccess);
    PMDL unlocked = make(0, 100);
    PMDL target = make(0, 100);

    IoBuildPartialMdl(source, target, buffer + 99, 10);
    IoBuildPartialMdl(source, target, buffer + 100 + 4096, 0);
    IoBuildPartialMdl(source, target, buffer + 4000, 1000);
    IoBuildPartialMdl(unlocked, target, buffer, 10);
    expect_reports("MDL", 4);
    assert_false(target->MdlFlags & MDL_PARTIAL);
    IoFreeMdl(target);
    IoFreeMdl(unlocked);
    MmUnlockPages(source);
    IoFreeMdl(source);
}

/* ---- Mappings and addresses ---- */

static void lb_08_unlocking_ends_the_system_mapping(void **state)
{
    PMDL mdl = make_locked(123, 100, IoReadAccess);

    assert_ptr_equal(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority), buffer + 123);
    assert_true(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
    assert_int_equal(MmProtectMdlSystemAddress(mdl, PAGE_READONLY), STATUS_SUCCESS);
    MmUnmapLockedPages(buffer + 123, mdl);
    assert_false(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
    assert_int_equal(MmProtectMdlSystemAddress(mdl, PAGE_READONLY), STATUS_NOT_MAPPED_VIEW);
    assert_ptr_equal(MmMapLockedPages(mdl, KernelMode), buffer + 123);
    MmUnlockPages(mdl);
    assert_false(mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
    assert_null(MmMapLockedPages(mdl, KernelMode));
    expect_reports("MDL", 1);
    MmUnmapLockedPages(buffer, mdl);
    expect_reports("MDL", 1);
    IoFreeMdl(mdl);
}

static void test_mapping_for_either_mode_and_any_cache_type(void **state)
{
    PMDL mdl = make_locked(5, 100, IoWriteAccess);
    KIRQL irql;

    assert_ptr_equal(
        MmMapLockedPagesSpecifyCache(mdl, UserMode, MmWriteCombined, NULL, FALSE, HighPagePriority),
        buffer + 5);
    MmUnmapLockedPages(buffer + 5, mdl);
    irql = KeRaiseIrqlToDpcLevel();
    assert_ptr_equal(
        MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority),
        buffer + 5);
    MmUnmapLockedPages(buffer + 5, mdl);
    expect_reports(NULL, 0);
    (void)MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
    expect_reports("IRQL", 1); /* a user's mapping needs <= APC_LEVEL */
    KeLowerIrql(irql);
    MmUnlockPages(mdl);
    assert_null(
        MmMapLockedPagesSpecifyCache(mdl, KernelMode, MmCached, NULL, FALSE, NormalPagePriority));
    expect_reports("MDL", 1);
    IoFreeMdl(mdl);
}

static void test_address_validity_never_faults(void **state)
{
    char *nothing = mmap(NULL, 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PMDL mdl = make(0, 100);
    int here = 1;

    assert_true(MmIsAddressValid(&here));
    assert_true(MmIsAddressValid(buffer + 5));
    assert_true(MmIsAddressValid((PVOID)(uintptr_t)test_address_validity_never_faults));
    assert_true(MmIsAddressValid(mdl));
    assert_true(MmIsAddressValid(&mdl->ByteCount));
    assert_false(MmIsAddressValid(NULL));
    assert_false(MmIsAddressValid((PVOID)(uintptr_t)0x10));
    assert_false(MmIsAddressValid(nothing));
    assert_false(MmIsAddressValid((PVOID)(uintptr_t)-1));
    assert_false(MmIsAddressValid((PVOID)((uintptr_t)-1 / 2 + 0x123456)));
    IoFreeMdl(mdl);
    assert_false(MmIsAddressValid(mdl));
    assert_false(MmIsAddressValid(&mdl->ByteCount));
    assert_false(vport_nt_readable(buffer + 15 * 4096, (size_t)-1));
    assert_false(vport_nt_readable(nothing - 1, 3) && vport_nt_readable(nothing, 1));
    munmap(nothing, 2 * 4096);
}

static void test_reading_stops_where_memory_ends(void **state)
{
    char *pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char copy[100];

    memset(pages, 7, 4096);
    mprotect(pages + 4096, 4096, PROT_NONE);
    assert_int_equal(vport_nt_read(copy, pages + 4000, 100), 96);
    assert_int_equal(copy[95], 7);
    assert_int_equal(vport_nt_read(copy, pages + 4096, 1), 0);
    munmap(pages, 2 * 4096);
}

static void test_physical_addresses(void **state)
{
    assert_int_equal(MmGetPhysicalAddress(buffer + 4099).QuadPart, (uintptr_t)buffer + 4099);
    assert_int_equal(MmGetPhysicalAddress(NULL).QuadPart, 0);
    assert_int_equal(vport_space_locked(test.space), 0);
}

static void test_probes_report(void **state)
{
    ProbeForRead(buffer, 100, 1);
    ProbeForWrite(buffer, 100, 4);
    ProbeForRead(NULL, 0, 1);
    expect_reports(NULL, 0);
    ProbeForRead(NULL, 1, 1);
    ProbeForWrite(buffer + 1, 4, 4);
    expect_reports("PROBE", 2);
}

/* ---- Contiguous memory ---- */

static struct {
    uint64_t length, lowest, highest, boundary;
    void *memory;
    unsigned frees;
} contiguous;

static enum vport_status contiguous_alloc(void *context, uint64_t length, uint64_t lowest,
                                          uint64_t highest, uint64_t boundary, void **memory)
{
    assert_ptr_equal(context, &contiguous);
    if (highest < 4096)
        return VPORT_E_NO_MEMORY;
    contiguous.length = length;
    contiguous.lowest = lowest;
    contiguous.highest = highest;
    contiguous.boundary = boundary;
    *memory = contiguous.memory = malloc(length);
    return VPORT_OK;
}

static void contiguous_free(void *context, void *memory, uint64_t length)
{
    assert_ptr_equal(memory, contiguous.memory);
    assert_int_equal(length, contiguous.length);
    contiguous.frees++;
    free(memory);
}

static PHYSICAL_ADDRESS at(LONGLONG value)
{
    return (PHYSICAL_ADDRESS){.QuadPart = value};
}

static void test_contiguous_memory_comes_from_the_hal(void **state)
{
    static const struct vport_nt_memory_ops ops = {contiguous_alloc, contiguous_free};
    PVOID memory;

    assert_null(MmAllocateContiguousMemory(4096, at(0xffffff))); /* nobody provides it */
    memset(&contiguous, 0, sizeof(contiguous));
    vport_nt_set_memory_ops(test.nt, &ops, &contiguous);
    memory = MmAllocateContiguousMemorySpecifyCache(5000, at(0x1000), at(0xffffff), at(0x10000),
                                                    MmNonCached);
    assert_non_null(memory);
    assert_int_equal(contiguous.length, 5000);
    assert_int_equal(contiguous.lowest, 0x1000);
    assert_int_equal(contiguous.highest, 0xffffff);
    assert_int_equal(contiguous.boundary, 0x10000);
    MmFreeContiguousMemorySpecifyCache(memory, 5000, MmNonCached);
    assert_int_equal(contiguous.frees, 1);
    MmFreeContiguousMemory(memory);
    expect_reports("MEMORY", 1);
    assert_null(MmAllocateContiguousMemory(0, at(0xffffff)));
    assert_null(MmAllocateContiguousMemory(4096, at(1)));
    MmAllocateContiguousMemory(4096, at(0xffffff));
    end_kernel();
    assert_int_equal(contiguous.frees, 2);
    expect_reports("LEAK", 1);
}

static int make_buffer(void **state)
{
    buffer = aligned_alloc(4096, 16 * 4096);
    return buffer ? 0 : -1;
}

static int free_buffer(void **state)
{
    free(buffer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(lb_05_an_mdl_describes_its_buffer),
        nt_test(lb_06_locking_fills_one_frame_a_page),
        known_test(lb_06_locking_fills_one_frame_a_page),
        nt_test(lb_03_read_access_is_remembered),
        known_test(lb_03_read_access_is_remembered),
        nt_test(lb_13_the_largest_mdl),
        nt_test(lb_a1_memory_that_is_not_there_leaves_the_flag_clear),
        nt_test(lb_a2_length_zero_cannot_be_locked),
        known_test(lb_a2_length_zero_cannot_be_locked),
        nt_test(lb_09_a_page_stays_locked_until_the_last_unlock),
        known_test(lb_09_a_page_stays_locked_until_the_last_unlock),
        nt_test(lb_a5_misuse_is_reported_and_harmless),
        known_test(lb_a5_misuse_is_reported_and_harmless),
        nt_test(lb_a4_unlocking_waits_for_operations),
        known_test(lb_a4_unlocking_waits_for_operations),
        nt_test(lb_a4_freeing_waits_for_operations),
        known_test(lb_a4_freeing_waits_for_operations),
        nt_test(lb_08_freeing_locked_pages_unlocks_them),
        known_test(lb_08_freeing_locked_pages_unlocks_them),
        nt_test(test_locking_twice_is_reported),
        known_test(test_locking_twice_is_reported),
        nt_test(test_pageable_memory_cannot_be_locked_at_dispatch),
        known_test(test_pageable_memory_cannot_be_locked_at_dispatch),
        nt_test(test_mdls_of_an_irp),
        nt_test(test_mdls_left_are_reported_and_unlocked),
        known_test(test_mdls_left_are_reported_and_unlocked),
        nt_test(lb_05_lb_06_known_memory_of_any_length_at_any_page),
        nt_test(lb_a1_known_memory_that_is_read_only),
        nt_test(test_many_mdls_are_made_and_freed),
        known_test(test_many_mdls_are_made_and_freed),
        nt_test(sd_a14_nonpaged_pool_needs_no_locking),
        nt_test(test_a_partial_mdl_shares_frames),
        known_test(test_a_partial_mdl_shares_frames),
        nt_test(test_a_partial_mdl_outside_its_source_is_reported),
        known_test(test_a_partial_mdl_outside_its_source_is_reported),
        nt_test(lb_08_unlocking_ends_the_system_mapping),
        known_test(lb_08_unlocking_ends_the_system_mapping),
        nt_test(test_mapping_for_either_mode_and_any_cache_type),
        nt_test(test_address_validity_never_faults),
        nt_test(test_reading_stops_where_memory_ends),
        nt_test(test_physical_addresses),
        nt_test(test_probes_report),
        nt_test(test_contiguous_memory_comes_from_the_hal),
    };

    return cmocka_run_group_tests(tests, make_buffer, free_buffer);
}
