/* SPDX-License-Identifier: MIT */
/*
 * A VGA miniport as they were written for Windows NT 4: the smallest HwInitDataSize, no power, no
 * children, callbacks without NTAPI, VGA ranges by heart, ports through VideoPortGetDeviceBase, one
 * palette mode (13h) in the 64 KiB at A0000h, FALSE for requests that are not known.
 */
#include "dderror.h"
#include "devioctl.h"
#include "miniport.h"
#include "ntddvdeo.h"
#include "video.h"

typedef struct _HW_DEVICE_EXTENSION {
    PUCHAR IOAddress;
    PUCHAR VideoMemoryAddress;
    PHYSICAL_ADDRESS PhysicalVideoMemoryBase;
    ULONG PhysicalVideoMemoryLength;
    ULONG CurrentModeNumber;
} HW_DEVICE_EXTENSION, *PHW_DEVICE_EXTENSION;

VP_STATUS VgaFindAdapter(IN PVOID HwDeviceExtension, IN PVOID HwContext, IN PWSTR ArgumentString,
                         IN OUT PVIDEO_PORT_CONFIG_INFO ConfigInfo, OUT PUCHAR Again);
BOOLEAN VgaInitialize(PVOID HwDeviceExtension);
BOOLEAN VgaStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET RequestPacket);
VOID VgaSetRegisters(PHW_DEVICE_EXTENSION HwDeviceExtension, PUCHAR Table);

#if defined(ALLOC_PRAGMA)
#pragma alloc_text(PAGE, VgaFindAdapter)
#pragma alloc_text(PAGE, VgaInitialize)
#pragma alloc_text(PAGE, VgaStartIO)
#endif

#define NUM_VGA_ACCESS_RANGES 3
VIDEO_ACCESS_RANGE VgaAccessRange[NUM_VGA_ACCESS_RANGES] = {
    {{{0x000003b0, 0x00000000}}, 0x0000000c, 1, 1, 1, 0},
    {{{0x000003c0, 0x00000000}}, 0x00000020, 1, 1, 1, 0},
    {{{0x000a0000, 0x00000000}}, 0x00020000, 0, 1, 1, 0},
};

/* Offsets from port 3C0h. */
#define ATT_ADDRESS_PORT           0x00
#define MISC_OUTPUT_REG_WRITE_PORT 0x02
#define SEQ_ADDRESS_PORT           0x04
#define DAC_ADDRESS_WRITE_PORT     0x08
#define DAC_DATA_REG_PORT          0x09
#define GRAPH_ADDRESS_PORT         0x0e
#define CRTC_ADDRESS_PORT_COLOR    0x14
#define INPUT_STATUS_1_COLOR       0x1a

/* The same registers as below, for 640 x 480 in four planes. */
UCHAR Mode12h[61] = {
    0xe3, 0x03, 0x01, 0x0f, 0x00, 0x06, 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0x00, 0x40,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xea, 0x8c, 0xdf, 0x28, 0x00, 0xe7, 0x04, 0xe3, 0xff, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x0f, 0xff, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07,
    0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x01, 0x00, 0x0f, 0x00, 0x00,
};

/* Miscellaneous, 5 sequencer, 25 CRT controller, 9 graphics, 21 attribute. */
UCHAR Mode13h[61] = {
    0x63, 0x03, 0x01, 0x0f, 0x00, 0x0e, 0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0xbf, 0x1f, 0x00, 0x41,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x40, 0x96, 0xb9, 0xa3, 0xff, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x40, 0x05, 0x0f, 0xff, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x41, 0x00, 0x0f, 0x00, 0x00,
};

VIDEO_MODE_INFORMATION ModesVGA[] = {
    {sizeof(VIDEO_MODE_INFORMATION),
     0,
     720,
     400,
     160,
     4,
     1,
     70,
     320,
     240,
     6,
     6,
     6,
     0,
     0,
     0,
     VIDEO_MODE_COLOR,
     0,
     0,
     0},
    {sizeof(VIDEO_MODE_INFORMATION),
     1,
     320,
     200,
     320,
     1,
     8,
     70,
     320,
     240,
     6,
     6,
     6,
     0,
     0,
     0,
     VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS | VIDEO_MODE_PALETTE_DRIVEN |
         VIDEO_MODE_MANAGED_PALETTE,
     0,
     0,
     0},
    {sizeof(VIDEO_MODE_INFORMATION),         2, 640, 480, 80, 4, 1, 60, 320, 240, 6, 6, 6, 0, 0, 0,
     VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS, 0, 0,   0},
};
#define NumVideoModes (sizeof(ModesVGA) / sizeof(ModesVGA[0]))

VOID VgaSetRegisters(PHW_DEVICE_EXTENSION HwDeviceExtension, PUCHAR Table)
{
    PUCHAR Io = HwDeviceExtension->IOAddress;
    UCHAR i;

    VideoPortWritePortUchar(Io + MISC_OUTPUT_REG_WRITE_PORT, *Table++);
    for (i = 0; i < 5; i++) /* index and data in one word */
        VideoPortWritePortUshort((PUSHORT)(Io + SEQ_ADDRESS_PORT), (USHORT)(i | *Table++ << 8));
    VideoPortWritePortUshort((PUSHORT)(Io + CRTC_ADDRESS_PORT_COLOR), 0x0e11);
    for (i = 0; i < 25; i++)
        VideoPortWritePortUshort((PUSHORT)(Io + CRTC_ADDRESS_PORT_COLOR),
                                 (USHORT)(i | *Table++ << 8));
    for (i = 0; i < 9; i++)
        VideoPortWritePortUshort((PUSHORT)(Io + GRAPH_ADDRESS_PORT), (USHORT)(i | *Table++ << 8));
    (VOID) VideoPortReadPortUchar(Io + INPUT_STATUS_1_COLOR);
    for (i = 0; i < 21; i++) {
        VideoPortWritePortUchar(Io + ATT_ADDRESS_PORT, i);
        VideoPortWritePortUchar(Io + ATT_ADDRESS_PORT, *Table++);
    }
    VideoPortWritePortUchar(Io + ATT_ADDRESS_PORT, 0x20);
}

VP_STATUS VgaFindAdapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                         PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    PHW_DEVICE_EXTENSION hwDeviceExtension = HwDeviceExtension;
    VP_STATUS status;

    if (ConfigInfo->Length < SIZE_OF_NT4_VIDEO_PORT_CONFIG_INFO)
        return ERROR_INVALID_PARAMETER;
    status = VideoPortVerifyAccessRanges(HwDeviceExtension, NUM_VGA_ACCESS_RANGES, VgaAccessRange);
    if (status != NO_ERROR)
        return status;
    if ((hwDeviceExtension->IOAddress = (PUCHAR)VideoPortGetDeviceBase(
             hwDeviceExtension, VgaAccessRange[1].RangeStart, VgaAccessRange[1].RangeLength,
             VgaAccessRange[1].RangeInIoSpace)) == NULL ||
        (hwDeviceExtension->VideoMemoryAddress = VideoPortGetDeviceBase(
             hwDeviceExtension, VgaAccessRange[2].RangeStart, VgaAccessRange[2].RangeLength,
             VgaAccessRange[2].RangeInIoSpace)) == NULL)
        return ERROR_INVALID_PARAMETER;
    hwDeviceExtension->PhysicalVideoMemoryBase = VgaAccessRange[2].RangeStart;
    hwDeviceExtension->PhysicalVideoMemoryLength = 0x10000;
    ConfigInfo->NumEmulatorAccessEntries = 0;
    ConfigInfo->EmulatorAccessEntries = NULL;
    ConfigInfo->EmulatorAccessEntriesContext = 0;
    ConfigInfo->HardwareStateSize = 0;
    ConfigInfo->VdmPhysicalVideoMemoryAddress.LowPart = 0x000a0000;
    ConfigInfo->VdmPhysicalVideoMemoryAddress.HighPart = 0x00000000;
    ConfigInfo->VdmPhysicalVideoMemoryLength = 0x00020000;
    *Again = 0;
    return NO_ERROR;
}

BOOLEAN VgaInitialize(PVOID HwDeviceExtension)
{
    PHW_DEVICE_EXTENSION hwDeviceExtension = HwDeviceExtension;

    /* Is the palette's index there? A VGA remembers it. */
    VideoPortWritePortUchar(hwDeviceExtension->IOAddress + DAC_ADDRESS_WRITE_PORT, 0x5a);
    VideoDebugPrint(
        (1, "DAC index %x\n",
         VideoPortReadPortUchar(hwDeviceExtension->IOAddress + DAC_ADDRESS_WRITE_PORT)));
    return TRUE;
}

static VP_STATUS SetColorLookup(PHW_DEVICE_EXTENSION HwDeviceExtension, PVIDEO_CLUT ClutBuffer,
                                ULONG ClutBufferSize)
{
    USHORT i;

    if (ClutBufferSize < sizeof(VIDEO_CLUT) - sizeof(ULONG) ||
        ClutBufferSize < sizeof(VIDEO_CLUT) + sizeof(ULONG) * (ClutBuffer->NumEntries - 1))
        return ERROR_INSUFFICIENT_BUFFER;
    if (ClutBuffer->NumEntries + ClutBuffer->FirstEntry > 256)
        return ERROR_INVALID_PARAMETER;
    for (i = 0; i < ClutBuffer->NumEntries; i++) {
        VideoPortWritePortUchar(HwDeviceExtension->IOAddress + DAC_ADDRESS_WRITE_PORT,
                                (UCHAR)(i + ClutBuffer->FirstEntry));
        VideoPortWritePortUchar(HwDeviceExtension->IOAddress + DAC_DATA_REG_PORT,
                                ClutBuffer->LookupTable[i].RgbArray.Red >> 2);
        VideoPortWritePortUchar(HwDeviceExtension->IOAddress + DAC_DATA_REG_PORT,
                                ClutBuffer->LookupTable[i].RgbArray.Green >> 2);
        VideoPortWritePortUchar(HwDeviceExtension->IOAddress + DAC_DATA_REG_PORT,
                                ClutBuffer->LookupTable[i].RgbArray.Blue >> 2);
    }
    return NO_ERROR;
}

BOOLEAN VgaStartIO(PVOID pHwDeviceExtension, PVIDEO_REQUEST_PACKET RequestPacket)
{
    PHW_DEVICE_EXTENSION hwDeviceExtension = pHwDeviceExtension;
    PVIDEO_MEMORY_INFORMATION memoryInformation;
    VP_STATUS status;
    ULONG i, inIoSpace;

    switch (RequestPacket->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        if (RequestPacket->OutputBufferLength <
            (RequestPacket->StatusBlock->Information = sizeof(VIDEO_NUM_MODES))) {
            status = ERROR_INSUFFICIENT_BUFFER;
        } else {
            ((PVIDEO_NUM_MODES)RequestPacket->OutputBuffer)->NumModes = NumVideoModes;
            ((PVIDEO_NUM_MODES)RequestPacket->OutputBuffer)->ModeInformationLength =
                sizeof(VIDEO_MODE_INFORMATION);
            status = NO_ERROR;
        }
        break;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        RequestPacket->StatusBlock->Information = sizeof(ModesVGA);
        for (i = 0; i < NumVideoModes; i++)
            ((PVIDEO_MODE_INFORMATION)RequestPacket->OutputBuffer)[i] = ModesVGA[i];
        status = NO_ERROR;
        break;
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        RequestPacket->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
        *(PVIDEO_MODE_INFORMATION)RequestPacket->OutputBuffer =
            ModesVGA[hwDeviceExtension->CurrentModeNumber];
        status = NO_ERROR;
        break;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        status = ERROR_INVALID_PARAMETER;
        i = ((PVIDEO_MODE)RequestPacket->InputBuffer)->RequestedMode;
        if (i == 1 || i == 2) {
            hwDeviceExtension->CurrentModeNumber = i;
            VgaSetRegisters(hwDeviceExtension, i == 1 ? Mode13h : Mode12h);
            VideoPortZeroDeviceMemory(hwDeviceExtension->VideoMemoryAddress, 0x10000);
            status = NO_ERROR;
        }
        break;
    case IOCTL_VIDEO_SET_COLOR_REGISTERS:
        status = SetColorLookup(hwDeviceExtension, RequestPacket->InputBuffer,
                                RequestPacket->InputBufferLength);
        break;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        memoryInformation = RequestPacket->OutputBuffer;
        RequestPacket->StatusBlock->Information = sizeof(VIDEO_MEMORY_INFORMATION);
        memoryInformation->VideoRamBase =
            ((PVIDEO_MEMORY)RequestPacket->InputBuffer)->RequestedVirtualAddress;
        memoryInformation->VideoRamLength = hwDeviceExtension->PhysicalVideoMemoryLength;
        inIoSpace = 0;
        status = VideoPortMapMemory(hwDeviceExtension, hwDeviceExtension->PhysicalVideoMemoryBase,
                                    &memoryInformation->VideoRamLength, &inIoSpace,
                                    &memoryInformation->VideoRamBase);
        memoryInformation->FrameBufferBase = memoryInformation->VideoRamBase;
        memoryInformation->FrameBufferLength = memoryInformation->VideoRamLength;
        break;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        status = VideoPortUnmapMemory(
            hwDeviceExtension, ((PVIDEO_MEMORY)RequestPacket->InputBuffer)->RequestedVirtualAddress,
            0);
        break;
    case IOCTL_VIDEO_QUERY_PUBLIC_ACCESS_RANGES: {
        PVIDEO_PUBLIC_ACCESS_RANGES portAccess = RequestPacket->OutputBuffer;

        RequestPacket->StatusBlock->Information = sizeof(VIDEO_PUBLIC_ACCESS_RANGES);
        portAccess->VirtualAddress = NULL;
        portAccess->InIoSpace = TRUE;
        portAccess->MappedInIoSpace = portAccess->InIoSpace;
        status = VideoPortMapMemory(hwDeviceExtension, VgaAccessRange[1].RangeStart,
                                    &VgaAccessRange[1].RangeLength, &portAccess->MappedInIoSpace,
                                    &portAccess->VirtualAddress);
        break;
    }
    default:
        VideoDebugPrint((1, "Fell through vga startIO routine - invalid command\n"));
        RequestPacket->StatusBlock->Status = ERROR_INVALID_FUNCTION;
        return FALSE;
    }
    RequestPacket->StatusBlock->Status = status;
    return status == NO_ERROR;
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA hwInitData;
    ULONG status, initializationStatus;

    VideoPortZeroMemory(&hwInitData, sizeof(VIDEO_HW_INITIALIZATION_DATA));
    hwInitData.HwInitDataSize = SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA;
    hwInitData.HwFindAdapter = VgaFindAdapter;
    hwInitData.HwInitialize = VgaInitialize;
    hwInitData.HwInterrupt = NULL;
    hwInitData.HwStartIO = VgaStartIO;
    hwInitData.HwDeviceExtensionSize = sizeof(HW_DEVICE_EXTENSION);

    /* One bus after the other: which one it is, nobody knows. */
    hwInitData.AdapterInterfaceType = Isa;
    initializationStatus = VideoPortInitialize(Context1, Context2, &hwInitData, NULL);
    hwInitData.AdapterInterfaceType = PCIBus;
    status = VideoPortInitialize(Context1, Context2, &hwInitData, NULL);
    return initializationStatus > status ? status : initializationStatus;
}
