/* SPDX-License-Identifier: MIT */
/* HwVidTimer, about once a second between VideoPortStartTimer and VideoPortStopTimer. */
#include "videoprt.h"

#define VP_TIMER_MILLISECONDS 1000

static VOID NTAPI VpTimerTick(PKDPC Dpc, PVOID DeferredContext, PVOID Argument1, PVOID Argument2)
{
    PVP_DEVICE Device = DeferredContext;

    if (VP_LOAD(Device->TimerRunning))
        Device->Driver->Init.HwTimer(VP_EXTENSION_OF(Device));
}

VOID NTAPI VpInitializeTimer(PVP_DEVICE Device)
{
    KeInitializeTimer(&Device->Timer);
    KeInitializeDpc(&Device->TimerDpc, VpTimerTick, Device);
}

VOID NTAPI VpCancelTimer(PVP_DEVICE Device)
{
    if (InterlockedExchange(&Device->TimerRunning, 0) == 0)
        return;
    (void)KeCancelTimer(&Device->Timer);
    (void)KeRemoveQueueDpc(&Device->TimerDpc);
}

VOID NTAPI VideoPortStartTimer(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortStartTimer");
    LARGE_INTEGER Due;

    if (Device == NULL)
        return;
    if (Device->Driver->Init.HwTimer == NULL) {
        VP_REPORT("PORT", "VideoPortStartTimer: the miniport has no HwTimer routine; set one in "
                          "VIDEO_HW_INITIALIZATION_DATA before VideoPortInitialize");
        return;
    }
    if (InterlockedExchange(&Device->TimerRunning, 1) != 0)
        return;
    Due.QuadPart = -10000LL * VP_TIMER_MILLISECONDS;
    (void)KeSetTimerEx(&Device->Timer, Due, VP_TIMER_MILLISECONDS, &Device->TimerDpc);
}

VOID NTAPI VideoPortStopTimer(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortStopTimer");

    if (Device != NULL)
        VpCancelTimer(Device);
}
