/* SPDX-License-Identifier: MIT */
/*
 * A display miniport for the Bochs mode registers, which QEMU's bochs-display, VGA and
 * secondary-vga have: a linear frame buffer, a handful of modes, the monitor's EDID, power. No DMA,
 * no BIOS.
 *
 * Register numbers are those of QEMU's specification (docs/specs/standard-vga) and Bochs's VBE
 * Display API. This file includes the DDK's headers and nothing of videoport's.
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

/* ---- The device ---- */

#define EDID_OFFSET   0x000 /* in the register BAR */
#define VGA_ATTRIBUTE 0x400 /* port 3C0h in the register BAR, where there is a VGA */
#define DISPI_OFFSET  0x500
#define DISPI_PORT                                                                                 \
    0x1ce /* where the registers are when there is no such BAR: index, and data at the next port   \
           */

enum { /* DISPI registers */
       DISPI_ID = 0,
       DISPI_XRES,
       DISPI_YRES,
       DISPI_BPP,
       DISPI_ENABLE,
       DISPI_VIRTUAL_WIDTH = 6,
       DISPI_X_OFFSET = 8,
       DISPI_Y_OFFSET,
       DISPI_MEMORY, /* in units of 64 KiB */
};

#define DISPI_ID_FIRST 0xb0c0
#define DISPI_ON       0x41 /* on, and the frame buffer is linear */
#define SCREEN_ON      0x20
#define EDID_SIZE      128
#define LARGEST_MEMORY (256u << 20)
#define FREQUENCY      60

typedef struct {
    PUCHAR Registers; /* of the BAR; NULL: ports */
    PHYSICAL_ADDRESS Frame;
    ULONG FrameLength;
    ULONG Mode;
    BOOLEAN ModeSet;
} EXTENSION, *PEXTENSION;

static USHORT DispiRead(PEXTENSION Extension, USHORT Index)
{
    if (Extension->Registers != NULL)
        return VideoPortReadRegisterUshort((PUSHORT)(Extension->Registers + DISPI_OFFSET) + Index);
    VideoPortWritePortUshort((PUSHORT)DISPI_PORT, Index);
    return VideoPortReadPortUshort((PUSHORT)(DISPI_PORT + 1));
}

static VOID DispiWrite(PEXTENSION Extension, USHORT Index, USHORT Value)
{
    if (Extension->Registers != NULL) {
        VideoPortWriteRegisterUshort((PUSHORT)(Extension->Registers + DISPI_OFFSET) + Index, Value);
        return;
    }
    VideoPortWritePortUshort((PUSHORT)DISPI_PORT, Index);
    VideoPortWritePortUshort((PUSHORT)(DISPI_PORT + 1), Value);
}

/* ---- Modes ---- */

static const struct {
    USHORT Width, Height;
} Sizes[] = {{640, 480}, {800, 600}, {1024, 768}, {1280, 1024}, {1600, 1200}, {1920, 1080}};

#define SIZES (sizeof(Sizes) / sizeof(Sizes[0]))
#define MODES (2 * SIZES) /* each size with 16 and with 32 bits a pixel */

static ULONG ModeBits(ULONG Mode)
{
    return Mode % 2 ? 32 : 16;
}

static ULONG ModeStride(ULONG Mode)
{
    return Sizes[Mode / 2].Width * ModeBits(Mode) / 8;
}

static BOOLEAN ModeFits(PEXTENSION Extension, ULONG Mode)
{
    return Mode < MODES && ModeStride(Mode) * Sizes[Mode / 2].Height <= Extension->FrameLength;
}

static VOID DescribeMode(ULONG Mode, PVIDEO_MODE_INFORMATION Information)
{
    VideoPortZeroMemory(Information, sizeof(*Information));
    Information->Length = sizeof(*Information);
    Information->ModeIndex = Mode;
    Information->VisScreenWidth = Sizes[Mode / 2].Width;
    Information->VisScreenHeight = Sizes[Mode / 2].Height;
    Information->ScreenStride = ModeStride(Mode);
    Information->NumberOfPlanes = 1;
    Information->BitsPerPlane = ModeBits(Mode);
    Information->Frequency = FREQUENCY;
    Information->XMillimeter = 320;
    Information->YMillimeter = 240;
    Information->NumberRedBits = Information->NumberGreenBits = Information->NumberBlueBits = 8;
    Information->RedMask = ModeBits(Mode) == 32 ? 0xff0000 : 0xf800;
    Information->GreenMask = ModeBits(Mode) == 32 ? 0x00ff00 : 0x07e0;
    Information->BlueMask = ModeBits(Mode) == 32 ? 0x0000ff : 0x001f;
    Information->AttributeFlags = VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS | VIDEO_MODE_NO_OFF_SCREEN;
    Information->VideoMemoryBitmapWidth = Sizes[Mode / 2].Width;
    Information->VideoMemoryBitmapHeight = Sizes[Mode / 2].Height;
}

static VP_STATUS QueryModes(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MODE_INFORMATION Information = (PVIDEO_MODE_INFORMATION)Packet->OutputBuffer;
    ULONG Mode, Count = 0;

    for (Mode = 0; Mode < MODES; Mode++) {
        if (!ModeFits(Extension, Mode))
            continue;
        if (Packet->OutputBufferLength < (Count + 1) * sizeof(*Information))
            return ERROR_INSUFFICIENT_BUFFER;
        DescribeMode(Mode, &Information[Count++]);
    }
    Packet->StatusBlock->Information = Count * sizeof(*Information);
    return NO_ERROR;
}

static VP_STATUS QueryNumModes(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_NUM_MODES Number = (PVIDEO_NUM_MODES)Packet->OutputBuffer;
    ULONG Mode;

    if (Packet->OutputBufferLength < sizeof(*Number))
        return ERROR_INSUFFICIENT_BUFFER;
    Number->NumModes = 0;
    Number->ModeInformationLength = sizeof(VIDEO_MODE_INFORMATION);
    for (Mode = 0; Mode < MODES; Mode++)
        Number->NumModes += ModeFits(Extension, Mode);
    Packet->StatusBlock->Information = sizeof(*Number);
    return NO_ERROR;
}

static VP_STATUS QueryCurrentMode(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    if (!Extension->ModeSet)
        return ERROR_INVALID_FUNCTION;
    if (Packet->OutputBufferLength < sizeof(VIDEO_MODE_INFORMATION))
        return ERROR_INSUFFICIENT_BUFFER;
    DescribeMode(Extension->Mode, (PVIDEO_MODE_INFORMATION)Packet->OutputBuffer);
    Packet->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
    return NO_ERROR;
}

/* The screen is dark while the registers change. */
static VOID ProgramMode(PEXTENSION Extension)
{
    DispiWrite(Extension, DISPI_ENABLE, 0);
    DispiWrite(Extension, DISPI_XRES, Sizes[Extension->Mode / 2].Width);
    DispiWrite(Extension, DISPI_YRES, Sizes[Extension->Mode / 2].Height);
    DispiWrite(Extension, DISPI_BPP, (USHORT)ModeBits(Extension->Mode));
    DispiWrite(Extension, DISPI_VIRTUAL_WIDTH, Sizes[Extension->Mode / 2].Width);
    DispiWrite(Extension, DISPI_X_OFFSET, 0);
    DispiWrite(Extension, DISPI_Y_OFFSET, 0);
    DispiWrite(Extension, DISPI_ENABLE, DISPI_ON);
    if (Extension->Registers != NULL)
        VideoPortWriteRegisterUchar(Extension->Registers + VGA_ATTRIBUTE, SCREEN_ON);
}

static VP_STATUS SetMode(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MODE Wanted = (PVIDEO_MODE)Packet->InputBuffer;
    ULONG Mode;

    if (Packet->InputBufferLength < sizeof(*Wanted))
        return ERROR_INSUFFICIENT_BUFFER;
    Mode = Wanted->RequestedMode & ~(VIDEO_MODE_NO_ZERO_MEMORY | VIDEO_MODE_MAP_MEM_LINEAR);
    if (!ModeFits(Extension, Mode))
        return ERROR_INVALID_PARAMETER;
    Extension->Mode = Mode;
    Extension->ModeSet = TRUE;
    ProgramMode(Extension);
    return NO_ERROR;
}

/* ---- Memory ---- */

static VP_STATUS MapMemory(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MEMORY_INFORMATION Memory = (PVIDEO_MEMORY_INFORMATION)Packet->OutputBuffer;
    PVOID Address;
    ULONG Length = Extension->FrameLength, Space = VIDEO_MEMORY_SPACE_MEMORY;
    VP_STATUS Status;

    if (Packet->InputBufferLength < sizeof(VIDEO_MEMORY) ||
        Packet->OutputBufferLength < sizeof(*Memory))
        return ERROR_INSUFFICIENT_BUFFER;
    Address =
        ((PVIDEO_MEMORY)Packet->InputBuffer)->RequestedVirtualAddress; /* both buffers are one */
    Status = VideoPortMapMemory(Extension, Extension->Frame, &Length, &Space, &Address);
    if (Status != NO_ERROR)
        return Status;
    Memory->VideoRamBase = Memory->FrameBufferBase = Address;
    Memory->VideoRamLength = Memory->FrameBufferLength = Length;
    Packet->StatusBlock->Information = sizeof(*Memory);
    return NO_ERROR;
}

static VP_STATUS UnmapMemory(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    if (Packet->InputBufferLength < sizeof(VIDEO_MEMORY))
        return ERROR_INSUFFICIENT_BUFFER;
    return VideoPortUnmapMemory(
        Extension, ((PVIDEO_MEMORY)Packet->InputBuffer)->RequestedVirtualAddress, NULL);
}

/* ---- What the port calls ---- */

static VP_STATUS NTAPI FindAdapter(PVOID Context, PVOID HwContext, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Config, PUCHAR Again)
{
    static WCHAR MemorySize[] = {'H', 'a', 'r', 'd', 'w', 'a', 'r', 'e', 'I', 'n', 'f',
                                 'o', 'r', 'm', 'a', 't', 'i', 'o', 'n', '.', 'M', 'e',
                                 'm', 'o', 'r', 'y', 'S', 'i', 'z', 'e', 0};
    PEXTENSION Extension = (PEXTENSION)Context;
    VIDEO_ACCESS_RANGE Ranges[2];
    VP_STATUS Status;

    if (Config->Length < sizeof(VIDEO_PORT_CONFIG_INFO))
        return ERROR_INVALID_PARAMETER;
    VideoPortZeroMemory(Ranges, sizeof(Ranges));
    Status = VideoPortGetAccessRanges(Extension, 0, NULL, 2, Ranges, NULL, NULL, NULL);
    if (Status != NO_ERROR)
        return Status;
    Extension->Frame = Ranges[0].RangeStart;
    Extension->FrameLength = Ranges[0].RangeLength;
    if (Ranges[1].RangeLength != 0) {
        Extension->Registers = (PUCHAR)VideoPortGetDeviceBase(
            Extension, Ranges[1].RangeStart, Ranges[1].RangeLength, Ranges[1].RangeInIoSpace);
        if (Extension->Registers == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
    }
    if ((DispiRead(Extension, DISPI_ID) & 0xfff0) != DISPI_ID_FIRST)
        return ERROR_DEV_NOT_EXIST;
    if (DispiRead(Extension, DISPI_MEMORY) != 0)
        Extension->FrameLength =
            min(Extension->FrameLength, (ULONG)DispiRead(Extension, DISPI_MEMORY) << 16);
    Extension->FrameLength = min(Extension->FrameLength, LARGEST_MEMORY);
    VideoPortSetRegistryParameters(Extension, MemorySize, &Extension->FrameLength,
                                   sizeof(Extension->FrameLength));
    *Again = FALSE;
    return NO_ERROR;
}

static BOOLEAN NTAPI Initialize(PVOID Context)
{
    return TRUE;
}

static BOOLEAN NTAPI StartIO(PVOID Context, PVIDEO_REQUEST_PACKET Packet)
{
    PEXTENSION Extension = (PEXTENSION)Context;
    VP_STATUS Status = ERROR_INVALID_FUNCTION;

    Packet->StatusBlock->Information = 0;
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        Status = QueryNumModes(Extension, Packet);
        break;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        Status = QueryModes(Extension, Packet);
        break;
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        Status = QueryCurrentMode(Extension, Packet);
        break;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        Status = SetMode(Extension, Packet);
        break;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        Status = MapMemory(Extension, Packet);
        break;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        Status = UnmapMemory(Extension, Packet);
        break;
    case IOCTL_VIDEO_RESET_DEVICE:
        DispiWrite(Extension, DISPI_ENABLE, 0);
        Status = NO_ERROR;
        break;
    }
    Packet->StatusBlock->Status = Status;
    return TRUE;
}

/* One monitor, if the card knows its EDID. */
static VP_STATUS NTAPI GetChildDescriptor(PVOID Context, PVIDEO_CHILD_ENUM_INFO Info,
                                          PVIDEO_CHILD_TYPE Type, PUCHAR Descriptor, PULONG Id,
                                          PULONG Unused)
{
    PEXTENSION Extension = (PEXTENSION)Context;

    if (Info->ChildIndex != 1 || Extension->Registers == NULL)
        return ERROR_NO_MORE_DEVICES;
    if (Info->ChildDescriptorSize < EDID_SIZE)
        return ERROR_INSUFFICIENT_BUFFER;
    VideoPortReadRegisterBufferUchar(Extension->Registers + EDID_OFFSET, Descriptor, EDID_SIZE);
    *Type = Monitor;
    *Id = Info->ChildIndex;
    return VIDEO_ENUM_MORE_DEVICES;
}

static VP_STATUS NTAPI GetPowerState(PVOID Context, ULONG Id, PVIDEO_POWER_MANAGEMENT Power)
{
    return NO_ERROR;
}

/* What the adapter shows is lost while it is off, and set again when it comes back. */
static VP_STATUS NTAPI SetPowerState(PVOID Context, ULONG Id, PVIDEO_POWER_MANAGEMENT Power)
{
    PEXTENSION Extension = (PEXTENSION)Context;

    if (Power->PowerState != VideoPowerOn)
        DispiWrite(Extension, DISPI_ENABLE, 0);
    else if (Extension->ModeSet)
        ProgramMode(Extension);
    return NO_ERROR;
}

/* Any IRQL. FALSE: the HAL sets the text mode. */
static BOOLEAN NTAPI ResetHw(PVOID Context, ULONG Columns, ULONG Rows)
{
    DispiWrite((PEXTENSION)Context, DISPI_ENABLE, 0);
    return FALSE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;
    ULONG Status;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIO;
    Data.HwResetHw = ResetHw;
    Data.HwSetPowerState = SetPowerState;
    Data.HwGetPowerState = GetPowerState;
    Data.HwGetVideoChildDescriptor = GetChildDescriptor;
    Data.HwDeviceExtensionSize = sizeof(EXTENSION);
    Status = VideoPortInitialize(Context1, Context2, &Data, NULL);
    if (Status == NO_ERROR)
        return Status;
    Data.HwInitDataSize =
        SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA; /* an older port knows no more */
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
