/* SPDX-License-Identifier: MIT */
/* VideoPortLockBuffer and VideoPortUnlockBuffer, in both spellings: a buffer's pages and the MDL
 * that describes them. */
#include "videoprt.h"

BOOLEAN NTAPI VpIsLockedMdl(PMDL Mdl)
{
    return VpIsMdl(Mdl) && (Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0;
}

/*
 * KernelMode: a request's buffer may be a user's or the display driver's, and the miniport cannot
 * tell which (LB-A3). What the range must not do, be inaccessible or wrap, MmProbeAndLockPages
 * finds.
 */
PMDL NTAPI VpLockRange(PCSTR Function, PVOID Base, ULONG Length, LOCK_OPERATION Operation)
{
    PMDL Mdl = IoAllocateMdl(Base, Length, FALSE, FALSE, NULL);

    if (Mdl == NULL)
        return NULL;
    VP_TRY
    {
        MmProbeAndLockPages(Mdl, KernelMode, Operation);
    }
    VP_EXCEPT
    if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0) {
        VP_REPORT("LB-A1",
                  "%s: the %u bytes at %p are not all there, or not %s; pass a buffer that exists, "
                  "with an Operation that its protection allows",
                  Function, Length, Base, Operation == IoReadAccess ? "readable" : "writable");
        IoFreeMdl(Mdl);
        return NULL;
    }
    return Mdl;
}

VOID NTAPI VpUnlockMdl(PMDL Mdl)
{
    MmUnlockPages(Mdl); /* takes a system mapping with it */
    /* Still locked: the kernel knows that this is no MDL of its own, whatever its flags say. */
    if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0)
        IoFreeMdl(Mdl);
}

PVOID NTAPI VideoPortLockBuffer(PVOID HwDeviceExtension, PVOID BaseAddress, ULONG Length,
                                VP_LOCK_OPERATION Operation)
{
    if (VpCheckDevice(HwDeviceExtension, "VideoPortLockBuffer") == NULL ||
        !VpCheckPassive("LB-2", "VideoPortLockBuffer"))
        return NULL;
    if (Length == 0) {
        VP_REPORT("LB-A2", "VideoPortLockBuffer: Length is 0; there is nothing to lock");
        return NULL;
    }
    if ((ULONG)Operation > VpModifyAccess) {
        VP_REPORT("LB-3",
                  "VideoPortLockBuffer: Operation is %u; pass VpReadAccess (0), VpWriteAccess (1) "
                  "or VpModifyAccess (2)",
                  (ULONG)Operation);
        return NULL;
    }
    return VpLockRange("VideoPortLockBuffer", BaseAddress, Length, (LOCK_OPERATION)Operation);
}

VOID NTAPI VideoPortUnlockBuffer(PVOID HwDeviceExtension, PVOID Mdl)
{
    if (!VpCheckDispatch("LB-7", "VideoPortUnlockBuffer"))
        return;
    if (!VpIsLockedMdl(Mdl)) {
        VP_REPORT("LB-A5",
                  "VideoPortUnlockBuffer: Mdl %p is not locked: it was unlocked before, or "
                  "VideoPortLockBuffer did not return it; unlock each buffer once",
                  Mdl);
        return;
    }
    VpUnlockMdl(Mdl);
}

VOID NTAPI VideoPortUnLockBuffer(PVOID HwDeviceExtension, PVOID Mdl)
{
    VideoPortUnlockBuffer(HwDeviceExtension, Mdl);
}
