/* SPDX-License-Identifier: MIT */
/* The picture frame's miniport: a Windows video driver, as small as one that does DMA can be. */
#include <stddef.h>
#include <ntdef.h>
#include <guiddef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#define VideoPortUnLockBuffer VideoPortUnlockBuffer /* the name that Windows exports */
#include <video.h>

#include "frame.h"

#define FRAME_TIMEOUT (-10 * 10000000ll) /* 10 s */

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2);

typedef struct _FRAME_EXTENSION {
    PUCHAR Registers;
    PVP_DMA_ADAPTER Adapter;
    PEVENT Done;
    PVP_SCATTER_GATHER_LIST List;
    PVOID Mdl;
    ULONG Offset, Length, Operations;
    ULONG Status; /* of the card, as HwVidInterrupt saw it */
    VP_STATUS Result;
} FRAME_EXTENSION, *PFRAME_EXTENSION;

static VOID FrameWrite(PFRAME_EXTENSION Frame, ULONG Register, ULONG Value)
{
    VideoPortWriteRegisterUlong((PULONG)(Frame->Registers + Register), Value);
}

/* ---- Moving the picture ---- */

/* VideoPortStartDma has clipped Frame->Length to what this operation moves. */
static VOID NTAPI FrameExecuteDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                  PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    PFRAME_EXTENSION Frame = HwDeviceExtension;

    (void)VpDmaAdapter;
    (void)Context;
    Frame->List = SGList;
    Frame->Operations++;
    FrameWrite(Frame, FRAME_ADDRESS, (ULONG)SGList->Elements[0].Address.QuadPart);
    FrameWrite(Frame, FRAME_OFFSET, Frame->Offset);
    FrameWrite(Frame, FRAME_LENGTH, Frame->Length);
}

static VP_STATUS FrameStart(PFRAME_EXTENSION Frame)
{
    Frame->Length = FRAME_BYTES - Frame->Offset;
    return VideoPortStartDma(Frame, Frame->Adapter, Frame->Mdl, Frame->Offset, &Frame->Length,
                             FrameExecuteDma, NULL, TRUE);
}

static VOID NTAPI FrameDpc(PVOID HwDeviceExtension, PVOID Context)
{
    PFRAME_EXTENSION Frame = HwDeviceExtension;
    VP_STATUS Result = Frame->Status == FRAME_FETCHED ? NO_ERROR : ERROR_INVALID_PARAMETER;

    (void)Context;
    VideoPortCompleteDma(Frame, Frame->Adapter, Frame->List, TRUE);
    Frame->Offset += Frame->Length;
    if (Result == NO_ERROR && Frame->Offset < FRAME_BYTES) {
        Result = FrameStart(Frame);
        if (Result == NO_ERROR)
            return; /* the next operation's interrupt goes on */
    }
    Frame->Result = Result;
    VideoPortSetEvent(Frame, Frame->Done);
}

static BOOLEAN NTAPI FrameInterrupt(PVOID HwDeviceExtension)
{
    PFRAME_EXTENSION Frame = HwDeviceExtension;
    ULONG Status = VideoPortReadRegisterUlong((PULONG)(Frame->Registers + FRAME_STATUS));

    if (Status == 0)
        return FALSE;
    Frame->Status = Status;
    VideoPortQueueDpc(Frame, FrameDpc, NULL);
    return TRUE;
}

static VP_STATUS FrameShow(PFRAME_EXTENSION Frame, const FRAME_SHOW *Show)
{
    LARGE_INTEGER Timeout;
    VP_STATUS Status;

    Frame->Offset = Frame->Operations = 0;
    Frame->Mdl =
        VideoPortLockBuffer(Frame, (PVOID)(ULONG_PTR)Show->Buffer, FRAME_BYTES, VpReadAccess);
    if (Frame->Mdl == NULL)
        return ERROR_INVALID_PARAMETER;
    Status = FrameStart(Frame);
    Timeout.QuadPart = FRAME_TIMEOUT;
    if (Status == NO_ERROR)
        Status = VideoPortWaitForSingleObject(Frame, Frame->Done, &Timeout);
    if (Status == WAIT_TIMEOUT)
        return Status; /* the card cannot be stopped and may still read: the buffer stays locked */
    if (Status == NO_ERROR)
        Status = Frame->Result;
    VideoPortUnlockBuffer(Frame, Frame->Mdl);
    return Status;
}

/* ---- What the port calls ---- */

static VP_STATUS NTAPI FrameFindAdapter(PVOID HwDeviceExtension, PVOID HwContext,
                                        PWSTR ArgumentString, PVIDEO_PORT_CONFIG_INFO ConfigInfo,
                                        PUCHAR Again)
{
    PFRAME_EXTENSION Frame = HwDeviceExtension;
    VP_DEVICE_DESCRIPTION Description = {.Dma32BitAddresses = TRUE, .MaximumLength = FRAME_BYTES};
    VIDEO_ACCESS_RANGE Range;
    VP_STATUS Status;
    ULONG Slot;

    (void)HwContext;
    (void)ArgumentString;
    (void)ConfigInfo;
    *Again = 0;
    Status = VideoPortGetAccessRanges(Frame, 0, NULL, 1, &Range, NULL, NULL, &Slot);
    if (Status != NO_ERROR)
        return Status;
    Frame->Registers =
        VideoPortGetDeviceBase(Frame, Range.RangeStart, Range.RangeLength, Range.RangeInIoSpace);
    Frame->Adapter = VideoPortGetDmaAdapter(Frame, &Description);
    if (Frame->Registers && Frame->Adapter)
        Status = VideoPortCreateEvent(Frame, SYNCHRONIZATION_EVENT, NULL, &Frame->Done);
    if (Frame->Done)
        return Status;
    if (Frame->Adapter)
        VideoPortPutDmaAdapter(Frame, Frame->Adapter);
    if (Frame->Registers)
        VideoPortFreeDeviceBase(Frame, Frame->Registers);
    return ERROR_NOT_ENOUGH_MEMORY;
}

static BOOLEAN NTAPI FrameInitialize(PVOID HwDeviceExtension)
{
    USHORT Command = 0x0006; /* decode memory, master the bus */

    VideoPortSetBusData(HwDeviceExtension, PCIConfiguration, 0, &Command, 4, sizeof(Command));
    return TRUE;
}

static BOOLEAN NTAPI FrameStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Packet)
{
    PFRAME_EXTENSION Frame = HwDeviceExtension;
    PSTATUS_BLOCK Block = Packet->StatusBlock;

    Block->Information = 0;
    Block->Status = ERROR_INVALID_FUNCTION;
    if (Packet->IoControlCode != IOCTL_FRAME_SHOW)
        return TRUE;
    Block->Status = ERROR_INSUFFICIENT_BUFFER;
    if (Packet->InputBufferLength < sizeof(FRAME_SHOW) ||
        Packet->OutputBufferLength < sizeof(FRAME_SHOWN))
        return TRUE;
    Block->Status = FrameShow(Frame, Packet->InputBuffer);
    if (Block->Status == NO_ERROR) {
        ((FRAME_SHOWN *)Packet->OutputBuffer)->Operations = Frame->Operations;
        Block->Information = sizeof(FRAME_SHOWN);
    }
    return TRUE;
}

static VP_STATUS NTAPI FramePower(PVOID HwDeviceExtension, ULONG HwId,
                                  PVIDEO_POWER_MANAGEMENT PowerManagement)
{
    (void)HwDeviceExtension;
    (void)HwId;
    (void)PowerManagement;
    return NO_ERROR;
}

static VP_STATUS NTAPI FrameChild(PVOID HwDeviceExtension, PVIDEO_CHILD_ENUM_INFO ChildEnumInfo,
                                  PVIDEO_CHILD_TYPE VideoChildType, PUCHAR ChildDescriptor,
                                  PULONG UId, PULONG Unused)
{
    (void)HwDeviceExtension;
    (void)ChildEnumInfo;
    (void)VideoChildType;
    (void)ChildDescriptor;
    (void)UId;
    (void)Unused;
    return VIDEO_ENUM_NO_MORE_DEVICES;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.AdapterInterfaceType = PCIBus;
    Data.HwFindAdapter = FrameFindAdapter;
    Data.HwInitialize = FrameInitialize;
    Data.HwInterrupt = FrameInterrupt;
    Data.HwStartIO = FrameStartIO;
    Data.HwGetPowerState = FramePower;
    Data.HwSetPowerState = FramePower;
    Data.HwGetVideoChildDescriptor = FrameChild;
    Data.HwDeviceExtensionSize = sizeof(FRAME_EXTENSION);
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
