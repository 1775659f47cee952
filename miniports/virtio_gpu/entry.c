/* SPDX-License-Identifier: MIT */
/* The miniport's entry points, but for interrupts (blit.c): what the video port calls, and when. */
#include "gpu.h"

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2);

/* ---- The adapter's life ------------------------------------------------------------------ */

static VP_STATUS NTAPI GpuFindAdapter(PVOID HwDeviceExtension, PVOID HwContext,
                                      PWSTR ArgumentString, PVIDEO_PORT_CONFIG_INFO ConfigInfo,
                                      PUCHAR Again)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;
    VP_STATUS Status;

    (void)HwContext;
    (void)ArgumentString;
    *Again = 0;
    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO))
        return ERROR_INVALID_PARAMETER;
    Extension->CurrentMode = GPU_NO_MODE;
    Status = GpuAcquireResources(Extension);
    if (Status != NO_ERROR)
        GpuReleaseResources(Extension);
    return Status;
}

/* Runs on every open by the display driver. */
static BOOLEAN NTAPI GpuInitialize(PVOID HwDeviceExtension)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;

    Extension->CurrentMode = GPU_NO_MODE;
    return GpuStartHardware(Extension) == NO_ERROR;
}

/* Before a crash screen, at any IRQL: only a register is touched. FALSE: the HAL sets its own text
 * mode. */
static BOOLEAN NTAPI GpuResetHw(PVOID HwDeviceExtension, ULONG Columns, ULONG Rows)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;

    (void)Columns;
    (void)Rows;
    VideoPortWriteRegisterUchar(Extension->Common + VIRTIO_STATUS, 0);
    Extension->Ready = FALSE;
    return FALSE;
}

/* ---- Power and children ------------------------------------------------------------------ */

static VP_STATUS NTAPI GpuGetPowerState(PVOID HwDeviceExtension, ULONG HwId,
                                        PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    (void)HwDeviceExtension;
    (void)HwId;
    (void)PowerManagement;
    return NO_ERROR; /* every state can be entered and left */
}

/* Off, the device forgets everything; the next request starts it again. */
static VP_STATUS NTAPI GpuSetPowerState(PVOID HwDeviceExtension, ULONG HwId,
                                        PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;

    if (HwId == DISPLAY_ADAPTER_HW_ID && PowerManagement->PowerState != VideoPowerOn)
        GpuStopHardware(Extension);
    return NO_ERROR;
}

/* One monitor, of which nothing is known. */
static VP_STATUS NTAPI GpuGetChildDescriptor(PVOID HwDeviceExtension,
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

static VP_STATUS GpuDispatch(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        return GpuQueryNumAvailModes(Extension, Packet);
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        return GpuQueryAvailModes(Extension, Packet);
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        return GpuQueryCurrentMode(Extension, Packet);
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        return GpuSetCurrentMode(Extension, Packet);
    case IOCTL_VIDEO_RESET_DEVICE:
        return GpuResetDevice(Extension, Packet);
    case IOCTL_VPORT_SET_SIZE:
        return GpuSetSize(Extension, Packet);
    case IOCTL_VPORT_BLIT:
        return GpuBlit(Extension, Packet);
    default:
        return ERROR_INVALID_FUNCTION;
    }
}

/* A device that was stopped, by power or because it hung, is started again first. */
static VP_STATUS GpuMakeReady(PGPU_EXTENSION Extension)
{
    VP_STATUS Status;

    if (Extension->Ready)
        return NO_ERROR;
    Status = GpuStartHardware(Extension);
    return Status == NO_ERROR ? GpuRestoreMode(Extension) : Status;
}

static BOOLEAN NTAPI GpuStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Packet)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;
    VP_STATUS Status = GpuMakeReady(Extension);

    Packet->StatusBlock->Information = 0;
    Packet->StatusBlock->Status = Status == NO_ERROR ? GpuDispatch(Extension, Packet) : Status;
    return TRUE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;
    ULONG Status;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.AdapterInterfaceType = PCIBus;
    Data.HwFindAdapter = GpuFindAdapter;
    Data.HwInitialize = GpuInitialize;
    Data.HwInterrupt = GpuInterrupt;
    Data.HwStartIO = GpuStartIO;
    Data.HwResetHw = GpuResetHw;
    Data.HwGetPowerState = GpuGetPowerState;
    Data.HwSetPowerState = GpuSetPowerState;
    Data.HwGetVideoChildDescriptor = GpuGetChildDescriptor;
    Data.HwDeviceExtensionSize = sizeof(GPU_EXTENSION);

    Status = VideoPortInitialize(Context1, Context2, &Data, NULL);
    if (Status == NO_ERROR)
        return Status;
    Data.HwInitDataSize = SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA; /* a port older than XP's */
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
