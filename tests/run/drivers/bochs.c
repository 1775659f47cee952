/* SPDX-License-Identifier: MIT */
/*
 * A display miniport for QEMU's bochs-display in the style of other people's: it calls the video
 * port and memcpy, reads registers by plain loads, and knows four modes. Register numbers are those
 * of QEMU's published specification (docs/specs/standard-vga).
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

__declspec(dllimport) void *memcpy(void *, const void *, size_t);

enum {
    REG_ID = 0,
    REG_XRES = 1,
    REG_YRES = 2,
    REG_BPP = 3,
    REG_ENABLE = 4,
    REG_WIDTH = 6,
    ENABLED = 0x41
};

typedef struct {
    volatile USHORT *Dispi;
    PHYSICAL_ADDRESS Frame;
    ULONG FrameLength, Mode;
} EXTENSION, *PEXTENSION;

static const struct {
    ULONG Width, Height;
} Sizes[] = {{640, 480}, {800, 600}, {1024, 768}, {1280, 1024}};
#define MODES (sizeof(Sizes) / sizeof(Sizes[0]))

static VP_STATUS NTAPI FindAdapter(PVOID Context, PVOID HwContext, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    PEXTENSION Extension = Context;
    VIDEO_ACCESS_RANGE Ranges[4];
    ULONG Slot = 0;
    PUCHAR Registers;

    VideoPortZeroMemory(Ranges, sizeof(Ranges));
    if (VideoPortGetAccessRanges(Extension, 0, NULL, 4, Ranges, NULL, NULL, &Slot) != NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    Registers = VideoPortGetDeviceBase(Extension, Ranges[1].RangeStart, Ranges[1].RangeLength, 0);
    if (Registers == NULL)
        return ERROR_INVALID_PARAMETER;
    Extension->Dispi = (volatile USHORT *)(Registers + 0x500);
    Extension->Frame = Ranges[0].RangeStart;
    Extension->FrameLength = Ranges[0].RangeLength;
    return (Extension->Dispi[REG_ID] & 0xfff0) == 0xb0c0 ? NO_ERROR : ERROR_DEV_NOT_EXIST;
}

static BOOLEAN NTAPI Initialize(PVOID Context)
{
    return TRUE;
}

static void FillMode(ULONG Index, PVIDEO_MODE_INFORMATION To)
{
    VIDEO_MODE_INFORMATION Mode = {0};

    Mode.Length = sizeof(Mode);
    Mode.ModeIndex = Index;
    Mode.VisScreenWidth = Sizes[Index].Width;
    Mode.VisScreenHeight = Sizes[Index].Height;
    Mode.ScreenStride = Sizes[Index].Width * 4;
    Mode.NumberOfPlanes = 1;
    Mode.BitsPerPlane = 32;
    Mode.Frequency = 60;
    Mode.RedMask = 0xff0000;
    Mode.GreenMask = 0x00ff00;
    Mode.BlueMask = 0x0000ff;
    Mode.AttributeFlags = VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS;
    memcpy(To, &Mode, sizeof(Mode));
}

static VP_STATUS SetMode(PEXTENSION Extension, ULONG Index)
{
    if (Index >= MODES)
        return ERROR_INVALID_PARAMETER;
    Extension->Dispi[REG_ENABLE] = 0;
    Extension->Dispi[REG_XRES] = (USHORT)Sizes[Index].Width;
    Extension->Dispi[REG_YRES] = (USHORT)Sizes[Index].Height;
    Extension->Dispi[REG_BPP] = 32;
    Extension->Dispi[REG_WIDTH] = (USHORT)Sizes[Index].Width;
    Extension->Dispi[REG_ENABLE] = ENABLED;
    Extension->Mode = Index;
    return NO_ERROR;
}

static VP_STATUS MapMemory(PEXTENSION Extension, PVIDEO_MEMORY_INFORMATION Memory)
{
    ULONG Length = Extension->FrameLength, InIoSpace = 0;
    PVOID Address = NULL;
    VP_STATUS Status =
        VideoPortMapMemory(Extension, Extension->Frame, &Length, &InIoSpace, &Address);

    Memory->VideoRamBase = Memory->FrameBufferBase = Address;
    Memory->VideoRamLength = Memory->FrameBufferLength = Length;
    return Status;
}

static BOOLEAN NTAPI StartIO(PVOID Context, PVIDEO_REQUEST_PACKET Packet)
{
    PEXTENSION Extension = Context;
    PVIDEO_NUM_MODES Number = Packet->OutputBuffer;
    PSTATUS_BLOCK Block = Packet->StatusBlock;
    ULONG Index;

    Block->Status = NO_ERROR;
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        Number->NumModes = MODES;
        Number->ModeInformationLength = sizeof(VIDEO_MODE_INFORMATION);
        Block->Information = sizeof(*Number);
        return TRUE;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        for (Index = 0; Index < MODES; Index++)
            FillMode(Index, (PVIDEO_MODE_INFORMATION)Packet->OutputBuffer + Index);
        Block->Information = MODES * sizeof(VIDEO_MODE_INFORMATION);
        return TRUE;
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        FillMode(Extension->Mode, Packet->OutputBuffer);
        Block->Information = sizeof(VIDEO_MODE_INFORMATION);
        return TRUE;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        Block->Status = SetMode(Extension, ((PVIDEO_MODE)Packet->InputBuffer)->RequestedMode);
        return TRUE;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        Block->Information = sizeof(VIDEO_MEMORY_INFORMATION);
        Block->Status = MapMemory(Extension, Packet->OutputBuffer);
        return TRUE;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        Block->Status = VideoPortUnmapMemory(
            Extension, ((PVIDEO_MEMORY)Packet->InputBuffer)->RequestedVirtualAddress, 0);
        return TRUE;
    }
    Block->Status = ERROR_INVALID_FUNCTION;
    return FALSE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIO;
    Data.HwDeviceExtensionSize = sizeof(EXTENSION);
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
