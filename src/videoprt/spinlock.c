/* SPDX-License-Identifier: MIT */
/* Spin locks of the miniport's. */
#include "videoprt.h"

#define VP_SPIN_LOCK_ALIVE 0x4B434F4C /* "LOCK" */

struct _VIDEO_PORT_SPIN_LOCK {
    VP_OBJECT Object;
    ULONG Alive;
    KSPIN_LOCK Lock;
};

static BOOLEAN NTAPI VpCheckSpinLock(PSPIN_LOCK SpinLock, PCSTR Function)
{
    if (SpinLock != NULL && SpinLock->Alive == VP_SPIN_LOCK_ALIVE)
        return TRUE;
    VP_REPORT("PORT",
              "%s: %p is not a spin lock; pass what VideoPortCreateSpinLock returned, until "
              "VideoPortDeleteSpinLock",
              Function, SpinLock);
    return FALSE;
}

VP_STATUS NTAPI VideoPortCreateSpinLock(PVOID HwDeviceExtension, PSPIN_LOCK *SpinLock)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortCreateSpinLock");

    if (SpinLock == NULL)
        return ERROR_INVALID_PARAMETER;
    *SpinLock = NULL;
    if (Device == NULL)
        return ERROR_INVALID_PARAMETER;
    *SpinLock = (PSPIN_LOCK)VpAllocateObject(Device, VpObjectSpinLock, sizeof(**SpinLock));
    if (*SpinLock == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    (*SpinLock)->Alive = VP_SPIN_LOCK_ALIVE;
    KeInitializeSpinLock(&(*SpinLock)->Lock);
    VpInsertObject(Device, &(*SpinLock)->Object, *SpinLock);
    return NO_ERROR;
}

VP_STATUS NTAPI VideoPortDeleteSpinLock(PVOID HwDeviceExtension, PSPIN_LOCK SpinLock)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortDeleteSpinLock");
    PVP_OBJECT Object = Device != NULL ? VpTakeObject(Device, VpObjectSpinLock, SpinLock) : NULL;

    if (Object == NULL) {
        VP_REPORT("PORT", "VideoPortDeleteSpinLock: %p is not a spin lock of this device's",
                  SpinLock);
        return ERROR_INVALID_PARAMETER;
    }
    SpinLock->Alive = 0;
    VpFreeObject(Object);
    return NO_ERROR;
}

VOID NTAPI VideoPortAcquireSpinLock(PVOID HwDeviceExtension, PSPIN_LOCK SpinLock, PUCHAR OldIrql)
{
    KIRQL Irql;

    if (!VpCheckSpinLock(SpinLock, "VideoPortAcquireSpinLock"))
        return;
    KeAcquireSpinLock(&SpinLock->Lock, &Irql);
    *OldIrql = Irql;
}

VOID NTAPI VideoPortReleaseSpinLock(PVOID HwDeviceExtension, PSPIN_LOCK SpinLock, UCHAR NewIrql)
{
    if (VpCheckSpinLock(SpinLock, "VideoPortReleaseSpinLock"))
        KeReleaseSpinLock(&SpinLock->Lock, NewIrql);
}

VOID NTAPI VideoPortAcquireSpinLockAtDpcLevel(PVOID HwDeviceExtension, PSPIN_LOCK SpinLock)
{
    if (VpCheckSpinLock(SpinLock, "VideoPortAcquireSpinLockAtDpcLevel"))
        KeAcquireSpinLockAtDpcLevel(&SpinLock->Lock);
}

VOID NTAPI VideoPortReleaseSpinLockFromDpcLevel(PVOID HwDeviceExtension, PSPIN_LOCK SpinLock)
{
    if (VpCheckSpinLock(SpinLock, "VideoPortReleaseSpinLockFromDpcLevel"))
        KeReleaseSpinLockFromDpcLevel(&SpinLock->Lock);
}
