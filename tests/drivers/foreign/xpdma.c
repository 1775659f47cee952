/* SPDX-License-Identifier: MIT */
/*
 * A bus-master driver for adapter "sim" with the habits of drivers from Windows XP's days: a DMA
 * adapter at every open and none ever put back, a common buffer longer than the adapter's
 * MaximumLength and never released, a buffer locked and moved piece by piece from the DPC, requests
 * of any size that are answered with another, mappings that stay. Register numbers are those of
 * docs/sim-adapter.md.
 */
#include "dderror.h"
#include "devioctl.h"
#include "miniport.h"
#include "ntddvdeo.h"
#include "video.h"

#ifndef VideoPortUnLockBuffer
#define VideoPortUnLockBuffer VideoPortUnlockBuffer
#endif

#define IOCTL_DMA_WRITE CTL_CODE(FILE_DEVICE_VIDEO, 0x910, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_DMA_READ  CTL_CODE(FILE_DEVICE_VIDEO, 0x911, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define PIECE 64 /* MaximumLength that the adapter is told; less than any request */

enum {
    MODE_WIDTH = 0x20,
    MODE_HEIGHT = 0x24,
    MODE_STRIDE = 0x28,
    MODE_FORMAT = 0x2c,
    MODE_START = 0x30,
    MODE_CONTROL = 0x34,
    IRQ_STATUS = 0x40,
    IRQ_ENABLE = 0x44,
    DMA_ADDRESS = 0x80,
    DMA_ADDRESS_HIGH = 0x84,
    DMA_LENGTH = 0x88,
    DMA_OFFSET = 0x90,
    DMA_ROW = 0x94,
    DMA_POSITION = 0x9c,
    DMA_COMMAND = 0xa0
};

typedef struct _CONTROLLER {
    PUCHAR Regs;
    VIDEO_ACCESS_RANGE Ranges[2];
    PVP_DMA_ADAPTER Adapter;
    ULONG Opens, Ticks;
    PVOID Ring; /* common buffer */
    PHYSICAL_ADDRESS RingLogical;
    PEVENT Done;
    PVOID Mdl;
    BOOLEAN ToDevice;
    ULONG Total, Offset, Length;
    PVP_SCATTER_GATHER_LIST List;
} CONTROLLER, *PCONTROLLER;

static ULONG In(PCONTROLLER C, ULONG Reg)
{
    return VideoPortReadRegisterUlong((PULONG)(C->Regs + Reg));
}

static VOID Out(PCONTROLLER C, ULONG Reg, ULONG Value)
{
    VideoPortWriteRegisterUlong((PULONG)(C->Regs + Reg), Value);
}

static VP_STATUS SimFindAdapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                                PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    PCONTROLLER C = HwDeviceExtension;
    USHORT Command = 0;

    if (VideoPortGetAccessRanges(C, 0, NULL, 2, C->Ranges, NULL, NULL, NULL) != NO_ERROR)
        return ERROR_INVALID_PARAMETER;
    C->Regs = VideoPortGetDeviceBase(C, C->Ranges[0].RangeStart, C->Ranges[0].RangeLength, 0);
    VideoPortGetBusData(C, PCIConfiguration, 0, &Command, 4, 2);
    Command |= 4; /* bus master */
    VideoPortSetBusData(C, PCIConfiguration, 0, &Command, 4, 2);
    return C->Regs != NULL && VideoPortCreateEvent(C, 0, NULL, &C->Done) == NO_ERROR
               ? NO_ERROR
               : ERROR_NOT_ENOUGH_MEMORY;
}

/* Once an open; what the last one got is forgotten. */
static BOOLEAN SimInitialize(PVOID HwDeviceExtension)
{
    PCONTROLLER C = HwDeviceExtension;
    VP_DEVICE_DESCRIPTION Description;

    VideoPortZeroMemory(&Description, sizeof(Description));
    Description.Dma32BitAddresses = TRUE;
    Description.MaximumLength = PIECE;
    C->Adapter = VideoPortGetDmaAdapter(C, &Description);
    if (C->Adapter == NULL)
        return FALSE;
    C->Ring = VideoPortAllocateCommonBuffer(C, C->Adapter, 64 * 1024, &C->RingLogical, TRUE, NULL);
    if (C->Ring == NULL)
        return FALSE;
    VideoPortZeroMemory(C->Ring, 64 * 1024);
    VideoDebugPrint((0, "open %d\n", ++C->Opens));
    Out(C, IRQ_ENABLE, 3);
    return TRUE;
}

/* ---- One transfer ---- */

static HW_DMA_RETURN ProgramEngine(PVOID HwDeviceExtension, PVP_DMA_ADAPTER Adapter,
                                   PVP_SCATTER_GATHER_LIST List, PVOID Context)
{
    PCONTROLLER C = HwDeviceExtension;

    C->List = List;
    Out(C, DMA_ADDRESS, List->Elements[0].Address.LowPart);
    Out(C, DMA_ADDRESS_HIGH, List->Elements[0].Address.HighPart);
    Out(C, DMA_LENGTH, List->Elements[0].Length);
    Out(C, DMA_OFFSET, 0);
    Out(C, DMA_ROW, 0);
    Out(C, DMA_POSITION, C->Offset);
    Out(C, DMA_COMMAND, C->ToDevice ? 1 : 3);
    return DmaAsyncReturn;
}

static VP_STATUS NextPiece(PCONTROLLER C)
{
    C->Length = C->Total - C->Offset;
    return VideoPortStartDma(C, C->Adapter, C->Mdl, C->Offset, &C->Length, ProgramEngine, NULL,
                             C->ToDevice);
}

static VOID DpcForIsr(PVOID HwDeviceExtension, PVOID Context)
{
    PCONTROLLER C = HwDeviceExtension;

    VideoPortCompleteDma(C, C->Adapter, C->List, C->ToDevice);
    C->Offset += C->Length;
    if (C->Offset >= C->Total || NextPiece(C) != NO_ERROR)
        VideoPortSetEvent(C, C->Done);
}

static BOOLEAN SimInterrupt(PVOID HwDeviceExtension)
{
    PCONTROLLER C = HwDeviceExtension;
    ULONG Cause = In(C, IRQ_STATUS);

    if ((Cause & 3) == 0)
        return FALSE;
    Out(C, IRQ_STATUS, Cause);
    VideoPortQueueDpc(C, DpcForIsr, (PVOID)(ULONG_PTR)Cause);
    return TRUE;
}

static VP_STATUS Move(PCONTROLLER C, PVOID Buffer, ULONG Length, BOOLEAN ToDevice)
{
    LARGE_INTEGER Second;
    VP_STATUS Status;

    C->Mdl = VideoPortLockBuffer(C, Buffer, Length, ToDevice ? VpReadAccess : VpWriteAccess);
    if (C->Mdl == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    C->Total = Length;
    C->Offset = 0;
    C->ToDevice = ToDevice;
    VideoPortClearEvent(C, C->Done);
    Status = NextPiece(C);
    Second.QuadPart = -10000000;
    if (Status == NO_ERROR && VideoPortWaitForSingleObject(C, C->Done, &Second) != NO_ERROR)
        Status = ERROR_BUSY;
    VideoPortUnLockBuffer(C, C->Mdl);
    return Status;
}

/* ---- Requests ---- */

static VOID FillMode(PVIDEO_MODE_INFORMATION Mode)
{
    VideoPortZeroMemory(Mode, sizeof(*Mode));
    Mode->Length = sizeof(*Mode);
    Mode->VisScreenWidth = 640;
    Mode->VisScreenHeight = 480;
    Mode->ScreenStride = 640 * 4;
    Mode->NumberOfPlanes = 1;
    Mode->BitsPerPlane = 32;
    Mode->AttributeFlags = VIDEO_MODE_GRAPHICS;
}

static BOOLEAN SimStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Vrp)
{
    PCONTROLLER C = HwDeviceExtension;
    PVIDEO_MEMORY_INFORMATION Memory = Vrp->OutputBuffer;
    VP_STATUS Status = NO_ERROR;
    ULONG Zero = 0;

    switch (Vrp->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        ((PVIDEO_NUM_MODES)Vrp->OutputBuffer)->NumModes = 1;
        ((PVIDEO_NUM_MODES)Vrp->OutputBuffer)->ModeInformationLength =
            sizeof(VIDEO_MODE_INFORMATION);
        Vrp->StatusBlock->Information = sizeof(VIDEO_NUM_MODES);
        break;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        FillMode(Vrp->OutputBuffer);
        Vrp->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
        break;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        Out(C, MODE_WIDTH, 640);
        Out(C, MODE_HEIGHT, 480);
        Out(C, MODE_STRIDE, 640 * 4);
        Out(C, MODE_FORMAT, 1);
        Out(C, MODE_START, 0);
        Out(C, MODE_CONTROL, 1);
        break;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        Memory->VideoRamLength = C->Ranges[1].RangeLength;
        Memory->VideoRamBase = NULL;
        Status = VideoPortMapMemory(C, C->Ranges[1].RangeStart, &Memory->VideoRamLength, &Zero,
                                    &Memory->VideoRamBase);
        Memory->FrameBufferBase = Memory->VideoRamBase;
        Memory->FrameBufferLength = Memory->VideoRamLength;
        Vrp->StatusBlock->Information = sizeof(*Memory);
        break;
    case IOCTL_DMA_WRITE:
        Status = Move(C, Vrp->InputBuffer, Vrp->InputBufferLength, TRUE);
        break;
    case IOCTL_DMA_READ:
        Status = Move(C, Vrp->OutputBuffer, Vrp->OutputBufferLength, FALSE);
        Vrp->StatusBlock->Information = Vrp->OutputBufferLength;
        break;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY: /* later, perhaps */
        break;
    default:
        Vrp->StatusBlock->Status = ERROR_INVALID_FUNCTION;
        return FALSE;
    }
    Vrp->StatusBlock->Status = Status;
    return TRUE;
}

static VP_STATUS SimGetChild(PVOID HwDeviceExtension, PVIDEO_CHILD_ENUM_INFO Info,
                             PVIDEO_CHILD_TYPE Type, PUCHAR Descriptor, PULONG UId, PULONG Unused)
{
    return ERROR_NO_MORE_DEVICES;
}

static VP_STATUS SimPower(PVOID HwDeviceExtension, ULONG HwId, PVIDEO_POWER_MANAGEMENT Power)
{
    return NO_ERROR;
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Init = {sizeof(VIDEO_HW_INITIALIZATION_DATA),
                                         PCIBus,
                                         SimFindAdapter,
                                         SimInitialize,
                                         SimInterrupt,
                                         SimStartIO};

    Init.HwGetPowerState = SimPower;
    Init.HwSetPowerState = SimPower;
    Init.HwGetVideoChildDescriptor = SimGetChild;
    Init.HwDeviceExtensionSize = sizeof(CONTROLLER);
    return VideoPortInitialize(Context1, Context2, &Init, NULL);
}
