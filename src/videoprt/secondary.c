/* SPDX-License-Identifier: MIT */
/*
 * VideoPortCreateSecondaryDisplay: a second view on one adapter, with a device object and a
 * HwDeviceExtension of its own. It is opened and asked like the first; hardware, interrupt and
 * power belong to the first.
 */
#include "videoprt.h"

/* What the second view knows of the adapter. */
static VOID NTAPI VpShareAdapter(PVP_DEVICE View, PVP_DEVICE Device)
{
    View->BusType = Device->BusType;
    View->BusNumber = Device->BusNumber;
    View->Slot = Device->Slot;
    View->Bus = Device->Bus;
    if (View->Bus.InterfaceReference != NULL)
        View->Bus.InterfaceReference(View->Bus.Context);
    RtlCopyMemory(View->Ranges, Device->Ranges, sizeof(View->Ranges));
    View->RangeCount = Device->RangeCount;
    View->State = VpStarted;
    View->Primary = Device;
}

/* In HwVidFindAdapter, at most as often as the chip has heads. The view starts on an extension of
 * zeros. */
VP_STATUS NTAPI VideoPortCreateSecondaryDisplay(PVOID HwDeviceExtension,
                                                PVOID *SecondaryDeviceExtension, ULONG ulFlag)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortCreateSecondaryDisplay");
    PVP_DEVICE View;
    NTSTATUS Status;

    if (SecondaryDeviceExtension == NULL)
        return ERROR_INVALID_PARAMETER;
    *SecondaryDeviceExtension = NULL;
    if (Device == NULL || Device->Primary != NULL ||
        !VpCheckPassive("PORT", "VideoPortCreateSecondaryDisplay"))
        return ERROR_INVALID_PARAMETER;
    Status = VpCreateDevice(Device->Fdo->DriverObject, Device->Physical, &View);
    if (!NT_SUCCESS(Status))
        return VpVpStatus(Status);
    VpShareAdapter(View, Device);
    View->NextView = Device->NextView;
    Device->NextView = View;
    View->Fdo->Flags &= ~DO_DEVICE_INITIALIZING;
    *SecondaryDeviceExtension = VP_EXTENSION_OF(View);
    return NO_ERROR;
}

VOID NTAPI VpDeleteSecondaries(PVP_DEVICE Device)
{
    PVP_DEVICE View = Device->Primary == NULL ? Device->NextView : NULL;

    while (View != NULL) {
        PVP_DEVICE Next = View->NextView;

        VpDeleteDevice(View);
        View = Next;
    }
    Device->NextView = NULL;
}
