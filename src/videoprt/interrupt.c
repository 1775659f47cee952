/* SPDX-License-Identifier: MIT */
/* The interrupt: HwVidInterrupt, its mask, and what runs synchronized with it. */
#include "videoprt.h"

/*
 * At DIRQL under the interrupt's spin lock. Never calls the miniport while masked or powered down.
 */
static BOOLEAN NTAPI VpInterrupt(PKINTERRUPT Interrupt, PVOID Context)
{
    PVP_DEVICE Device = Context;

    if (!VP_LOAD(Device->InterruptEnabled) || Device->Power != PowerDeviceD0)
        return FALSE;
    return Device->Driver->Init.HwInterrupt(VP_EXTENSION_OF(Device));
}

NTSTATUS NTAPI VpConnectInterrupt(PVP_DEVICE Device)
{
    if (Device->Driver->Init.HwInterrupt == NULL || !Device->HaveInterrupt)
        return STATUS_SUCCESS;
    InterlockedExchange(&Device->InterruptEnabled, 1);
    return IoConnectInterrupt(&Device->Interrupt, VpInterrupt, Device, NULL,
                              Device->TranslatedVector, Device->InterruptIrql,
                              Device->InterruptIrql, Device->InterruptMode, Device->InterruptShared,
                              Device->InterruptAffinity, FALSE);
}

VOID NTAPI VpDisconnectInterrupt(PVP_DEVICE Device)
{
    if (Device->Interrupt != NULL)
        IoDisconnectInterrupt(Device->Interrupt);
    Device->Interrupt = NULL;
}

VP_STATUS NTAPI VideoPortDisableInterrupt(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpFindDevice(HwDeviceExtension);

    if (Device == NULL || Device->Interrupt == NULL)
        return ERROR_INVALID_FUNCTION;
    InterlockedExchange(&Device->InterruptEnabled, 0);
    return NO_ERROR;
}

/* Serves a level that rose while masked: nobody claimed it then, and it will not rise again. */
static BOOLEAN NTAPI VpPollInterrupt(PVOID Context)
{
    PVP_DEVICE Device = Context;

    return VpInterrupt(Device->Interrupt, Device);
}

VP_STATUS NTAPI VideoPortEnableInterrupt(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpFindDevice(HwDeviceExtension);

    if (Device == NULL || Device->Interrupt == NULL)
        return ERROR_INVALID_FUNCTION;
    if (InterlockedExchange(&Device->InterruptEnabled, 1) == 0 &&
        KeGetCurrentIrql() < Device->InterruptIrql)
        KeSynchronizeExecution(Device->Interrupt, VpPollInterrupt, Device);
    return NO_ERROR;
}

/*
 * The highest level that keeps no device's interrupt away. The device remembers the processor: what
 * HwVidInterrupt may not call, the routine may not call either, at whatever level it runs.
 */
static BOOLEAN NTAPI VpSynchronizeLow(PVP_DEVICE Device, PMINIPORT_SYNCHRONIZE_ROUTINE Routine,
                                      PVOID Context)
{
    KIRQL Irql = KeGetCurrentIrql(), Before = Irql;
    LONG Outer;
    BOOLEAN Result;

    if (Irql < DISPATCH_LEVEL)
        KeRaiseIrql(DISPATCH_LEVEL, &Before);
    Outer = InterlockedExchange(&Device->Synchronizing, 1 + (LONG)KeGetCurrentProcessorNumber());
    Result = Routine(Context);
    InterlockedExchange(&Device->Synchronizing, Outer);
    if (Irql < DISPATCH_LEVEL)
        KeLowerIrql(Before);
    return Result;
}

BOOLEAN NTAPI VideoPortSynchronizeExecution(PVOID HwDeviceExtension,
                                            VIDEO_SYNCHRONIZE_PRIORITY Priority,
                                            PMINIPORT_SYNCHRONIZE_ROUTINE SynchronizeRoutine,
                                            PVOID Context)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortSynchronizeExecution");

    if (Device == NULL || SynchronizeRoutine == NULL)
        return FALSE;
    if ((ULONG)Priority > VpHighPriority) {
        VP_REPORT("PORT",
                  "VideoPortSynchronizeExecution: Priority is %u; pass VpLowPriority (0), "
                  "VpMediumPriority (1) or VpHighPriority (2)",
                  (ULONG)Priority);
        return FALSE;
    }
    if (Priority == VpLowPriority || Device->Interrupt == NULL)
        return VpSynchronizeLow(Device, SynchronizeRoutine, Context);
    return KeSynchronizeExecution(Device->Interrupt, SynchronizeRoutine, Context);
}
