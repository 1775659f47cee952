/* SPDX-License-Identifier: MIT */
/* The miniport's entry points, but for interrupts (blit.c): what the video port calls, and when. */
#include "edu.h"

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2);

/* ---- The adapter's life ---- */

static VP_STATUS NTAPI EduFindAdapter(PVOID HwDeviceExtension, PVOID HwContext,
                                      PWSTR ArgumentString, PVIDEO_PORT_CONFIG_INFO ConfigInfo,
                                      PUCHAR Again)
{
    PEDU_EXTENSION Extension = HwDeviceExtension;
    VP_STATUS Status;

    (void)HwContext;
    (void)ArgumentString;
    *Again = 0;
    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO))
        return ERROR_INVALID_PARAMETER;
    Extension->CurrentMode = EDU_NO_MODE;
    Status = EduAcquireResources(Extension);
    if (Status != NO_ERROR)
        EduReleaseResources(Extension);
    return Status;
}

/* Runs on every open by the display driver. */
static BOOLEAN NTAPI EduInitialize(PVOID HwDeviceExtension)
{
    PEDU_EXTENSION Extension = HwDeviceExtension;

    EduSetBusMaster(Extension, TRUE);
    EduIdleEngine(Extension);
    EduHide(Extension);
    Extension->CurrentMode = EDU_NO_MODE;
    return TRUE;
}

/* ---- Power and children ---- */

static VP_STATUS NTAPI EduGetPowerState(PVOID HwDeviceExtension, ULONG HwId,
                                        PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    (void)HwDeviceExtension;
    (void)HwId;
    (void)PowerManagement;
    return NO_ERROR; /* every state can be entered and left */
}

static VP_STATUS NTAPI EduSetPowerState(PVOID HwDeviceExtension, ULONG HwId,
                                        PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    PEDU_EXTENSION Extension = HwDeviceExtension;

    if (HwId != DISPLAY_ADAPTER_HW_ID)
        return NO_ERROR; /* the monitor has no power switch */
    if (PowerManagement->PowerState == VideoPowerOn) {
        EduSetBusMaster(Extension, TRUE);
        EduIdleEngine(Extension);
        EduRestoreMode(Extension);
    } else {
        EduHide(Extension);
    }
    return NO_ERROR;
}

/* One monitor, of which nothing is known. */
static VP_STATUS NTAPI EduGetChildDescriptor(PVOID HwDeviceExtension,
                                             PVIDEO_CHILD_ENUM_INFO ChildEnumInfo,
                                             PVIDEO_CHILD_TYPE VideoChildType,
                                             PUCHAR ChildDescriptor, PULONG UId, PULONG Unused)
{
    (void)HwDeviceExtension;
    (void)ChildDescriptor;
    (void)Unused;
    if (ChildEnumInfo->ChildIndex == 0)
        return VIDEO_ENUM_INVALID_DEVICE; /* no ACPI child */
    if (ChildEnumInfo->ChildIndex > 1)
        return VIDEO_ENUM_NO_MORE_DEVICES;
    *VideoChildType = Monitor;
    *UId = 1;
    return VIDEO_ENUM_MORE_DEVICES;
}

/* ---- Requests ---- */

static VP_STATUS EduDispatch(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        return EduQueryNumAvailModes(Extension, Packet);
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        return EduQueryAvailModes(Extension, Packet);
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        return EduQueryCurrentMode(Extension, Packet);
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        return EduSetCurrentMode(Extension, Packet);
    case IOCTL_VIDEO_RESET_DEVICE:
        return EduResetDevice(Extension, Packet);
    case IOCTL_VPORT_SET_SIZE:
        return EduSetSize(Extension, Packet);
    case IOCTL_VPORT_BLIT:
        return EduBlit(Extension, Packet);
    default:
        return ERROR_INVALID_FUNCTION;
    }
}

static BOOLEAN NTAPI EduStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Information = 0;
    Packet->StatusBlock->Status = EduDispatch(HwDeviceExtension, Packet);
    return TRUE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;
    ULONG Status;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.AdapterInterfaceType = PCIBus;
    Data.HwFindAdapter = EduFindAdapter;
    Data.HwInitialize = EduInitialize;
    Data.HwInterrupt = EduInterrupt;
    Data.HwStartIO = EduStartIO;
    Data.HwGetPowerState = EduGetPowerState;
    Data.HwSetPowerState = EduSetPowerState;
    Data.HwGetVideoChildDescriptor = EduGetChildDescriptor;
    Data.HwDeviceExtensionSize = sizeof(EDU_EXTENSION);

    Status = VideoPortInitialize(Context1, Context2, &Data, NULL);
    if (Status == NO_ERROR)
        return Status;
    Data.HwInitDataSize = SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA; /* a port older than XP's */
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
