/* SPDX-License-Identifier: MIT */
/* VideoPortLockBuffer and VideoPortUnlockBuffer, in both spellings: a buffer's pages and the MDL
 * that describes them. */
#include "videoprt.h"

VP_INLINE BOOLEAN VpIsLockedMdl(PMDL Mdl)
{
    return VpIsMdl(Mdl) && (Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0;
}

static VOID NTAPI VpRefuseRange(PCSTR Function, PMDL Mdl, LOCK_OPERATION Operation)
{
    VP_REPORT(
        "LB-A1",
        "%s: the %u bytes at %p are not all there, or not %s; pass a buffer that exists, with "
        "an Operation that its protection allows",
        Function, MmGetMdlByteCount(Mdl), MmGetMdlVirtualAddress(Mdl),
        Operation == IoReadAccess ? "readable" : "writable");
    IoFreeMdl(Mdl);
}

/*
 * KernelMode: a request's buffer may be a user's or the display driver's, and the miniport cannot
 * tell which (LB-A3). What the range must not do, be inaccessible or wrap, MmProbeAndLockPages
 * finds.
 */
VP_INLINE PMDL VpLock(PCSTR Function, PVOID Base, ULONG Length, LOCK_OPERATION Operation)
{
    PMDL Mdl = IoAllocateMdl(Base, Length, FALSE, FALSE, NULL);

    if (VP_UNLIKELY(Mdl == NULL))
        return NULL;
    VP_TRY
    {
        MmProbeAndLockPages(Mdl, KernelMode, Operation);
    }
    VP_EXCEPT
    if (VP_UNLIKELY((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0)) {
        VpRefuseRange(Function, Mdl, Operation);
        return NULL;
    }
    return Mdl;
}

PMDL NTAPI VpLockRange(PCSTR Function, PVOID Base, ULONG Length, LOCK_OPERATION Operation)
{
    return VpLock(Function, Base, Length, Operation);
}

VP_INLINE VOID VpUnlock(PMDL Mdl)
{
    MmUnlockPages(Mdl); /* takes a system mapping with it */
    /* Still locked: the kernel knows that this is no MDL of its own, whatever its flags say. */
    if (!VP_UNLIKELY(Mdl->MdlFlags & MDL_PAGES_LOCKED))
        IoFreeMdl(Mdl);
}

VOID NTAPI VpUnlockMdl(PMDL Mdl)
{
    VpUnlock(Mdl);
}

/* Says which of the arguments or what level is wrong. */
static PVOID NTAPI VpRefuseLock(PVOID HwDeviceExtension, ULONG Length, ULONG Operation)
{
    if (VpCheckDevice(HwDeviceExtension, "VideoPortLockBuffer") == NULL ||
        !VpCheckPassive("LB-2", "VideoPortLockBuffer"))
        return NULL;
    if (Length == 0)
        VP_REPORT("LB-A2", "VideoPortLockBuffer: Length is 0; there is nothing to lock");
    else
        VP_REPORT("LB-3",
                  "VideoPortLockBuffer: Operation is %u; pass VpReadAccess (0), VpWriteAccess (1) "
                  "or VpModifyAccess (2)",
                  Operation);
    return NULL;
}

PVOID NTAPI VideoPortLockBuffer(PVOID HwDeviceExtension, PVOID BaseAddress, ULONG Length,
                                VP_LOCK_OPERATION Operation)
{
    if (VP_UNLIKELY(VpFindDevice(HwDeviceExtension) == NULL ||
                    KeGetCurrentIrql() != PASSIVE_LEVEL || Length == 0 ||
                    (ULONG)Operation > VpModifyAccess))
        return VpRefuseLock(HwDeviceExtension, Length, (ULONG)Operation);
    return VpLock("VideoPortLockBuffer", BaseAddress, Length, (LOCK_OPERATION)Operation);
}

static VOID NTAPI VpRefuseUnlock(PVOID Mdl)
{
    if (VpCheckDispatch("LB-7", "VideoPortUnlockBuffer"))
        VP_REPORT("LB-A5",
                  "VideoPortUnlockBuffer: Mdl %p is not locked: it was unlocked before, or "
                  "VideoPortLockBuffer did not return it; unlock each buffer once",
                  Mdl);
}

VOID NTAPI VideoPortUnlockBuffer(PVOID HwDeviceExtension, PVOID Mdl)
{
    if (VP_UNLIKELY(KeGetCurrentIrql() > DISPATCH_LEVEL || !VpIsLockedMdl(Mdl)))
        VpRefuseUnlock(Mdl);
    else
        VpUnlock(Mdl);
}

VOID NTAPI VideoPortUnLockBuffer(PVOID HwDeviceExtension, PVOID Mdl)
{
    VideoPortUnlockBuffer(HwDeviceExtension, Mdl);
}
