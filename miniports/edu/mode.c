/* SPDX-License-Identifier: MIT */
/* Modes: what the picture store can hold. */
#include "edu.h"

static const EDU_SIZE EduModes[] = {
    {640, 480},   {800, 600},   {1024, 768},  {1280, 1024},
    {1600, 1200}, {1920, 1080}, {2560, 1440}, {3840, 2160},
};

#define EDU_MODES (sizeof(EduModes) / sizeof(EduModes[0]))

/* The size of mode `Index`, if there is such a mode and the store can hold it. */
static BOOLEAN EduModeSize(PEDU_EXTENSION Extension, ULONG Index, PEDU_SIZE Size)
{
    if (Index > EDU_MODES)
        return FALSE;
    *Size = Index < EDU_MODES ? EduModes[Index] : Extension->Custom;
    return EduSizeFits(Extension, Size);
}

BOOLEAN EduCurrentSize(PEDU_EXTENSION Extension, PEDU_SIZE Size)
{
    return EduModeSize(Extension, Extension->CurrentMode, Size);
}

static ULONG EduModeCount(PEDU_EXTENSION Extension)
{
    ULONG Index, Count = 0;
    EDU_SIZE Size;

    for (Index = 0; Index <= EDU_MODES; Index++)
        if (EduModeSize(Extension, Index, &Size))
            Count++;
    return Count;
}

static VOID EduDescribeMode(ULONG Index, const EDU_SIZE *Size, PVIDEO_MODE_INFORMATION Information)
{
    VideoPortZeroMemory(Information, sizeof(*Information));
    Information->Length = sizeof(*Information);
    Information->ModeIndex = Index;
    Information->VisScreenWidth = Size->Width;
    Information->VisScreenHeight = Size->Height;
    Information->ScreenStride = Size->Width * EDU_PIXEL;
    Information->NumberOfPlanes = 1;
    Information->BitsPerPlane = 8 * EDU_PIXEL;
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

/* ---- Queries ---- */

VP_STATUS EduQueryNumAvailModes(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_NUM_MODES Modes = Packet->OutputBuffer;

    if (Packet->OutputBufferLength < sizeof(*Modes))
        return ERROR_INSUFFICIENT_BUFFER;
    Modes->NumModes = EduModeCount(Extension);
    Modes->ModeInformationLength = sizeof(VIDEO_MODE_INFORMATION);
    Packet->StatusBlock->Information = sizeof(*Modes);
    return NO_ERROR;
}

VP_STATUS EduQueryAvailModes(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MODE_INFORMATION Information = Packet->OutputBuffer;
    ULONG Length = EduModeCount(Extension) * sizeof(*Information);
    ULONG Index;
    EDU_SIZE Size;

    if (Packet->OutputBufferLength < Length)
        return ERROR_INSUFFICIENT_BUFFER;
    for (Index = 0; Index <= EDU_MODES; Index++)
        if (EduModeSize(Extension, Index, &Size))
            EduDescribeMode(Index, &Size, Information++);
    Packet->StatusBlock->Information = Length;
    return NO_ERROR;
}

VP_STATUS EduQueryCurrentMode(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    EDU_SIZE Size;

    if (Packet->OutputBufferLength < sizeof(VIDEO_MODE_INFORMATION))
        return ERROR_INSUFFICIENT_BUFFER;
    if (!EduCurrentSize(Extension, &Size))
        return ERROR_INVALID_FUNCTION;
    EduDescribeMode(Extension->CurrentMode, &Size, Packet->OutputBuffer);
    Packet->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
    return NO_ERROR;
}

/* ---- Setting ---- */

static VP_STATUS EduSetMode(PEDU_EXTENSION Extension, ULONG Index)
{
    EDU_SIZE Size;
    VP_STATUS Status;

    if (!EduModeSize(Extension, Index, &Size))
        return ERROR_INVALID_PARAMETER;
    Extension->CurrentMode = EDU_NO_MODE;
    EduHide(Extension);
    Status = EduPrepareStore(Extension, &Size);
    if (Status == NO_ERROR)
        Status = EduShow(Extension, &Size);
    if (Status == NO_ERROR)
        Extension->CurrentMode = Index;
    return Status;
}

/* The store is blanked whatever the request says: a common buffer of another size is a new one. */
VP_STATUS EduSetCurrentMode(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    ULONG Requested;

    if (Packet->InputBufferLength < sizeof(VIDEO_MODE))
        return ERROR_INSUFFICIENT_BUFFER;
    Requested = ((PVIDEO_MODE)Packet->InputBuffer)->RequestedMode;
    return EduSetMode(Extension,
                      Requested & ~(VIDEO_MODE_NO_ZERO_MEMORY | VIDEO_MODE_MAP_MEM_LINEAR));
}

/* A display has a least mode; a smaller picture is shown in the top left of that. */
static ULONG EduRaiseSide(PEDU_EXTENSION Extension, ULONG Side)
{
    return Extension->Store.Registers && Side < DISPI_LEAST_SIDE ? DISPI_LEAST_SIDE : Side;
}

VP_STATUS EduSetSize(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVPORT_SIZE Input = Packet->InputBuffer;
    EDU_SIZE Size;

    if (Packet->InputBufferLength < sizeof(*Input))
        return ERROR_INSUFFICIENT_BUFFER;
    if (Input->Width == 0 || Input->Height == 0)
        return ERROR_INVALID_PARAMETER;
    Size.Width = EduRaiseSide(Extension, Input->Width);
    Size.Height = EduRaiseSide(Extension, Input->Height);
    if (!EduSizeFits(Extension, &Size))
        return ERROR_NOT_ENOUGH_MEMORY;
    Extension->Custom = Size;
    return EduSetMode(Extension, EDU_MODES);
}

/* Back to what there is without a driver: nothing. */
VP_STATUS EduResetDevice(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    (void)Packet;
    EduHide(Extension);
    Extension->CurrentMode = EDU_NO_MODE;
    return NO_ERROR;
}

/* After the display lost its registers (power). The store is as it is. */
VOID EduRestoreMode(PEDU_EXTENSION Extension)
{
    EDU_SIZE Size;

    if (EduCurrentSize(Extension, &Size) && EduShow(Extension, &Size) != NO_ERROR)
        Extension->CurrentMode = EDU_NO_MODE;
}
