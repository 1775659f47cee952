/* SPDX-License-Identifier: MIT */
/* The miniport's entry points, but for interrupts (blit.c): what the video port calls, and when. */
#include "sim.h"

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2);

/* ---- The adapter's life ------------------------------------------------------------------ */

static VP_STATUS NTAPI SimFindAdapter(PVOID HwDeviceExtension, PVOID HwContext,
                                      PWSTR ArgumentString, PVIDEO_PORT_CONFIG_INFO ConfigInfo,
                                      PUCHAR Again)
{
    PSIM_EXTENSION Extension = HwDeviceExtension;
    VP_STATUS Status;

    (void)HwContext;
    (void)ArgumentString;
    *Again = 0;
    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO))
        return ERROR_INVALID_PARAMETER;
    Status = SimAcquireResources(Extension);
    if (Status != NO_ERROR)
        SimReleaseResources(Extension);
    return Status;
}

/* Runs on every open by the display driver, and finds the card in any state. */
static BOOLEAN NTAPI SimInitialize(PVOID HwDeviceExtension)
{
    PSIM_EXTENSION Extension = HwDeviceExtension;

    SimStartHardware(Extension);
    Extension->CurrentMode = SIM_NO_MODE;
    return TRUE;
}

/* Before a crash screen, at any IRQL: only the registers are touched. FALSE: the HAL sets its own
 * text mode. */
static BOOLEAN NTAPI SimResetHw(PVOID HwDeviceExtension, ULONG Columns, ULONG Rows)
{
    (void)Columns;
    (void)Rows;
    SimWrite(HwDeviceExtension, SIM_REG_RESET, SIM_RESET_NOW);
    return FALSE;
}

/* ---- Power and children ------------------------------------------------------------------ */

static VP_STATUS NTAPI SimGetPowerState(PVOID HwDeviceExtension, ULONG HwId,
                                        PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    (void)HwDeviceExtension;
    (void)HwId;
    (void)PowerManagement;
    return NO_ERROR; /* every state can be entered and left */
}

static VP_STATUS NTAPI SimSetPowerState(PVOID HwDeviceExtension, ULONG HwId,
                                        PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    PSIM_EXTENSION Extension = HwDeviceExtension;

    if (HwId != DISPLAY_ADAPTER_HW_ID)
        return NO_ERROR; /* the monitor has no power switch */
    if (PowerManagement->PowerState == VideoPowerOn) {
        SimStartHardware(Extension);
        SimRestoreMode(Extension);
    } else {
        SimWrite(Extension, SIM_REG_IRQ_ENABLE, 0);
        SimWrite(Extension, SIM_REG_MODE_CONTROL, 0);
    }
    return NO_ERROR;
}

/* One monitor, of which nothing is known. */
static VP_STATUS NTAPI SimGetChildDescriptor(PVOID HwDeviceExtension,
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

/* ---- Requests ---------------------------------------------------------------------------- */

static VP_STATUS SimDispatch(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        return SimQueryNumAvailModes(Extension, Packet);
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        return SimQueryAvailModes(Extension, Packet);
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        return SimQueryCurrentMode(Extension, Packet);
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        return SimSetCurrentMode(Extension, Packet);
    case IOCTL_VIDEO_RESET_DEVICE:
        return SimResetDevice(Extension, Packet);
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        return SimMapVideoMemory(Extension, Packet);
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        return SimUnmapVideoMemory(Extension, Packet);
    case IOCTL_VPORT_SET_SIZE:
        return SimSetSize(Extension, Packet);
    case IOCTL_VPORT_BLIT:
        return SimBlit(Extension, Packet);
    default:
        return ERROR_INVALID_FUNCTION;
    }
}

static BOOLEAN NTAPI SimStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Information = 0;
    Packet->StatusBlock->Status = SimDispatch(HwDeviceExtension, Packet);
    return TRUE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;
    ULONG Status;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.AdapterInterfaceType = PCIBus;
    Data.HwFindAdapter = SimFindAdapter;
    Data.HwInitialize = SimInitialize;
    Data.HwInterrupt = SimInterrupt;
    Data.HwStartIO = SimStartIO;
    Data.HwResetHw = SimResetHw;
    Data.HwGetPowerState = SimGetPowerState;
    Data.HwSetPowerState = SimSetPowerState;
    Data.HwGetVideoChildDescriptor = SimGetChildDescriptor;
    Data.HwDeviceExtensionSize = sizeof(SIM_EXTENSION);

    Status = VideoPortInitialize(Context1, Context2, &Data, NULL);
    if (Status == NO_ERROR)
        return Status;
    Data.HwInitDataSize = SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA; /* a port older than XP's */
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
