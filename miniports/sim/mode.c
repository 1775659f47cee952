/* SPDX-License-Identifier: MIT */
/* Modes and video memory. */
#include "sim.h"

#define SIM_PIXEL 4u

static const SIM_SIZE SimModes[] = {
    {640, 480},   {800, 600},   {1024, 768},  {1152, 864},  {1280, 1024},
    {1600, 1200}, {1920, 1080}, {2560, 1440}, {3840, 2160}, {7680, 4320},
};

#define SIM_MODES (sizeof(SimModes) / sizeof(SimModes[0]))

static BOOLEAN SimSizeFits(PSIM_EXTENSION Extension, const SIM_SIZE *Size)
{
    return (ULONGLONG)Size->Width * Size->Height <= Extension->VideoMemoryLength / SIM_PIXEL;
}

/* The size of mode `Index`, if there is such a mode and video memory holds it. */
static BOOLEAN SimModeSize(PSIM_EXTENSION Extension, ULONG Index, PSIM_SIZE Size)
{
    if (Index > SIM_MODES || (Index == SIM_MODES && Extension->Custom.Width == 0))
        return FALSE;
    *Size = Index < SIM_MODES ? SimModes[Index] : Extension->Custom;
    return SimSizeFits(Extension, Size);
}

BOOLEAN SimCurrentSize(PSIM_EXTENSION Extension, PSIM_SIZE Size)
{
    return SimModeSize(Extension, Extension->CurrentMode, Size);
}

static ULONG SimModeCount(PSIM_EXTENSION Extension)
{
    ULONG Index, Count = 0;
    SIM_SIZE Size;

    for (Index = 0; Index <= SIM_MODES; Index++)
        if (SimModeSize(Extension, Index, &Size))
            Count++;
    return Count;
}

static VOID SimDescribeMode(ULONG Index, const SIM_SIZE *Size, PVIDEO_MODE_INFORMATION Information)
{
    VideoPortZeroMemory(Information, sizeof(*Information));
    Information->Length = sizeof(*Information);
    Information->ModeIndex = Index;
    Information->VisScreenWidth = Size->Width;
    Information->VisScreenHeight = Size->Height;
    Information->ScreenStride = Size->Width * SIM_PIXEL;
    Information->NumberOfPlanes = 1;
    Information->BitsPerPlane = 8 * SIM_PIXEL;
    Information->Frequency = 60;
    Information->XMillimeter = 320;
    Information->YMillimeter = 240;
    Information->NumberRedBits = 8;
    Information->NumberGreenBits = 8;
    Information->NumberBlueBits = 8;
    Information->RedMask = 0xff0000;
    Information->GreenMask = 0x00ff00;
    Information->BlueMask = 0x0000ff;
    Information->AttributeFlags = VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS;
    Information->VideoMemoryBitmapWidth = Size->Width;
    Information->VideoMemoryBitmapHeight = Size->Height;
}

/* ---- Queries ----------------------------------------------------------------------------- */

VP_STATUS SimQueryNumAvailModes(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_NUM_MODES Modes = Packet->OutputBuffer;

    if (Packet->OutputBufferLength < sizeof(*Modes))
        return ERROR_INSUFFICIENT_BUFFER;
    Modes->NumModes = SimModeCount(Extension);
    Modes->ModeInformationLength = sizeof(VIDEO_MODE_INFORMATION);
    Packet->StatusBlock->Information = sizeof(*Modes);
    return NO_ERROR;
}

VP_STATUS SimQueryAvailModes(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MODE_INFORMATION Information = Packet->OutputBuffer;
    ULONG Length = SimModeCount(Extension) * sizeof(*Information);
    ULONG Index;
    SIM_SIZE Size;

    if (Packet->OutputBufferLength < Length)
        return ERROR_INSUFFICIENT_BUFFER;
    for (Index = 0; Index <= SIM_MODES; Index++)
        if (SimModeSize(Extension, Index, &Size))
            SimDescribeMode(Index, &Size, Information++);
    Packet->StatusBlock->Information = Length;
    return NO_ERROR;
}

VP_STATUS SimQueryCurrentMode(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    SIM_SIZE Size;

    if (Packet->OutputBufferLength < sizeof(VIDEO_MODE_INFORMATION))
        return ERROR_INSUFFICIENT_BUFFER;
    if (!SimCurrentSize(Extension, &Size))
        return ERROR_INVALID_FUNCTION;
    SimDescribeMode(Extension->CurrentMode, &Size, Packet->OutputBuffer);
    Packet->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
    return NO_ERROR;
}

/* ---- Setting ----------------------------------------------------------------------------- */

static VP_STATUS SimProgramMode(PSIM_EXTENSION Extension, const SIM_SIZE *Size)
{
    SimWrite(Extension, SIM_REG_MODE_WIDTH, Size->Width);
    SimWrite(Extension, SIM_REG_MODE_HEIGHT, Size->Height);
    SimWrite(Extension, SIM_REG_MODE_STRIDE, Size->Width * SIM_PIXEL);
    SimWrite(Extension, SIM_REG_MODE_FORMAT, SIM_FORMAT_XRGB8888);
    SimWrite(Extension, SIM_REG_MODE_START, 0);
    SimWrite(Extension, SIM_REG_MODE_CONTROL, SIM_MODE_ON);
    return SimRead(Extension, SIM_REG_MODE_CONTROL) & SIM_MODE_ON ? NO_ERROR
                                                                  : ERROR_INVALID_PARAMETER;
}

static VP_STATUS SimSetMode(PSIM_EXTENSION Extension, ULONG Index, BOOLEAN Blank)
{
    SIM_SIZE Size;
    VP_STATUS Status;

    if (!SimModeSize(Extension, Index, &Size))
        return ERROR_INVALID_PARAMETER;
    if (Blank)
        VideoPortZeroDeviceMemory(Extension->VideoMemory, Size.Width * Size.Height * SIM_PIXEL);
    Status = SimProgramMode(Extension, &Size);
    Extension->CurrentMode = Status == NO_ERROR ? Index : SIM_NO_MODE;
    return Status;
}

VP_STATUS SimSetCurrentMode(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    ULONG Requested;

    if (Packet->InputBufferLength < sizeof(VIDEO_MODE))
        return ERROR_INSUFFICIENT_BUFFER;
    Requested = ((PVIDEO_MODE)Packet->InputBuffer)->RequestedMode;
    return SimSetMode(Extension,
                      Requested & ~(VIDEO_MODE_NO_ZERO_MEMORY | VIDEO_MODE_MAP_MEM_LINEAR),
                      (Requested & VIDEO_MODE_NO_ZERO_MEMORY) == 0);
}

VP_STATUS SimSetSize(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVPORT_SIZE Input = Packet->InputBuffer;
    SIM_SIZE Size;

    if (Packet->InputBufferLength < sizeof(*Input))
        return ERROR_INSUFFICIENT_BUFFER;
    if (Input->Width == 0 || Input->Height == 0)
        return ERROR_INVALID_PARAMETER;
    Size.Width = Input->Width;
    Size.Height = Input->Height;
    if (!SimSizeFits(Extension, &Size))
        return ERROR_NOT_ENOUGH_MEMORY;
    Extension->Custom = Size;
    return SimSetMode(Extension, SIM_MODES, TRUE);
}

/* Back to what the card shows without a driver: nothing. */
VP_STATUS SimResetDevice(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    (void)Packet;
    SimWrite(Extension, SIM_REG_MODE_CONTROL, 0);
    Extension->CurrentMode = SIM_NO_MODE;
    return NO_ERROR;
}

/* After the card lost its registers (power). Video memory is as it is. */
VOID SimRestoreMode(PSIM_EXTENSION Extension)
{
    SIM_SIZE Size;

    if (SimCurrentSize(Extension, &Size))
        SimProgramMode(Extension, &Size);
}

/* ---- Video memory ------------------------------------------------------------------------ */

VP_STATUS SimMapVideoMemory(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MEMORY_INFORMATION Output = Packet->OutputBuffer;
    PVOID Address;
    ULONG Length = Extension->VideoMemoryLength, InIoSpace = VIDEO_MEMORY_SPACE_MEMORY;
    VP_STATUS Status;

    if (Packet->InputBufferLength < sizeof(VIDEO_MEMORY) ||
        Packet->OutputBufferLength < sizeof(*Output))
        return ERROR_INSUFFICIENT_BUFFER;
    Address = ((PVIDEO_MEMORY)Packet->InputBuffer)
                  ->RequestedVirtualAddress; /* read before the output covers it */
    Status =
        VideoPortMapMemory(Extension, Extension->VideoMemoryAddress, &Length, &InIoSpace, &Address);
    if (Status != NO_ERROR)
        return Status;
    Output->VideoRamBase = Output->FrameBufferBase = Address;
    Output->VideoRamLength = Output->FrameBufferLength = Length;
    Packet->StatusBlock->Information = sizeof(*Output);
    return NO_ERROR;
}

VP_STATUS SimUnmapVideoMemory(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    if (Packet->InputBufferLength < sizeof(VIDEO_MEMORY))
        return ERROR_INSUFFICIENT_BUFFER;
    return VideoPortUnmapMemory(Extension,
                                ((PVIDEO_MEMORY)Packet->InputBuffer)->RequestedVirtualAddress, 0);
}
