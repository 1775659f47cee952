/* SPDX-License-Identifier: MIT */
/* Modes: a mode is a resource of that size on the device's side, shown on its first output. */
#include "gpu.h"

static const GPU_SIZE GpuModes[] = {
    {640, 480},   {800, 600},   {1024, 768},  {1152, 864},  {1280, 1024},
    {1600, 1200}, {1920, 1080}, {2560, 1440}, {3840, 2160},
};

#define GPU_MODES (sizeof(GpuModes) / sizeof(GpuModes[0]))

/* The size of mode `Index`, if there is such a mode. */
static BOOLEAN GpuModeSize(PGPU_EXTENSION Extension, ULONG Index, PGPU_SIZE Size)
{
    if (Index > GPU_MODES || (Index == GPU_MODES && Extension->Custom.Width == 0))
        return FALSE;
    *Size = Index < GPU_MODES ? GpuModes[Index] : Extension->Custom;
    return TRUE;
}

BOOLEAN GpuCurrentSize(PGPU_EXTENSION Extension, PGPU_SIZE Size)
{
    return GpuModeSize(Extension, Extension->CurrentMode, Size);
}

static ULONG GpuModeCount(PGPU_EXTENSION Extension)
{
    return GPU_MODES + (Extension->Custom.Width != 0);
}

static VOID GpuDescribeMode(ULONG Index, const GPU_SIZE *Size, PVIDEO_MODE_INFORMATION Information)
{
    VideoPortZeroMemory(Information, sizeof(*Information));
    Information->Length = sizeof(*Information);
    Information->ModeIndex = Index;
    Information->VisScreenWidth = Size->Width;
    Information->VisScreenHeight = Size->Height;
    Information->ScreenStride = Size->Width * GPU_PIXEL;
    Information->NumberOfPlanes = 1;
    Information->BitsPerPlane = 8 * GPU_PIXEL;
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

VP_STATUS GpuQueryNumAvailModes(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_NUM_MODES Modes = Packet->OutputBuffer;

    if (Packet->OutputBufferLength < sizeof(*Modes))
        return ERROR_INSUFFICIENT_BUFFER;
    Modes->NumModes = GpuModeCount(Extension);
    Modes->ModeInformationLength = sizeof(VIDEO_MODE_INFORMATION);
    Packet->StatusBlock->Information = sizeof(*Modes);
    return NO_ERROR;
}

VP_STATUS GpuQueryAvailModes(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MODE_INFORMATION Information = Packet->OutputBuffer;
    ULONG Length = GpuModeCount(Extension) * sizeof(*Information);
    ULONG Index;
    GPU_SIZE Size;

    if (Packet->OutputBufferLength < Length)
        return ERROR_INSUFFICIENT_BUFFER;
    for (Index = 0; GpuModeSize(Extension, Index, &Size); Index++)
        GpuDescribeMode(Index, &Size, Information++);
    Packet->StatusBlock->Information = Length;
    return NO_ERROR;
}

VP_STATUS GpuQueryCurrentMode(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    GPU_SIZE Size;

    if (Packet->OutputBufferLength < sizeof(VIDEO_MODE_INFORMATION))
        return ERROR_INSUFFICIENT_BUFFER;
    if (!GpuCurrentSize(Extension, &Size))
        return ERROR_INVALID_FUNCTION;
    GpuDescribeMode(Extension->CurrentMode, &Size, Packet->OutputBuffer);
    Packet->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
    return NO_ERROR;
}

/* ---- Setting ----------------------------------------------------------------------------- */

/* The output shows `Resource`, 0 for nothing. */
static VOID GpuAddScanout(PGPU_EXTENSION Extension, ULONG Resource, const GPU_SIZE *Size)
{
    VIRTIO_GPU_REQUEST *Request =
        GpuAddCommand(Extension, VIRTIO_GPU_SET_SCANOUT, sizeof(Request->Scanout));

    Request->Scanout.Rect.Width = Size->Width;
    Request->Scanout.Rect.Height = Size->Height;
    Request->Scanout.Resource = Resource;
}

/* Nothing is shown, and the device gives the picture's memory back. */
static VP_STATUS GpuLeaveMode(PGPU_EXTENSION Extension)
{
    static const GPU_SIZE None = {0, 0};
    VIRTIO_GPU_REQUEST *Request;

    if (Extension->CurrentMode == GPU_NO_MODE)
        return NO_ERROR;
    Extension->CurrentMode = GPU_NO_MODE;
    GpuAddScanout(Extension, 0, &None);
    Request = GpuAddCommand(Extension, VIRTIO_GPU_RESOURCE_UNREF, sizeof(Request->Name));
    Request->Name.Resource = GPU_RESOURCE;
    return GpuRunBatch(Extension);
}

static VOID GpuAddFlush(PGPU_EXTENSION Extension, const GPU_SIZE *Size)
{
    VIRTIO_GPU_REQUEST *Request =
        GpuAddCommand(Extension, VIRTIO_GPU_RESOURCE_FLUSH, sizeof(Request->Flush));

    Request->Flush.Rect.Width = Size->Width;
    Request->Flush.Rect.Height = Size->Height;
    Request->Flush.Resource = GPU_RESOURCE;
}

static VP_STATUS GpuCreatePicture(PGPU_EXTENSION Extension, const GPU_SIZE *Size)
{
    VIRTIO_GPU_REQUEST *Request =
        GpuAddCommand(Extension, VIRTIO_GPU_RESOURCE_CREATE_2D, sizeof(Request->Create));

    Request->Create.Resource = GPU_RESOURCE;
    Request->Create.Format = VIRTIO_GPU_B8G8R8X8;
    Request->Create.Width = Size->Width;
    Request->Create.Height = Size->Height;
    return GpuRunBatch(Extension);
}

/* QEMU shows only what has a backing at that moment; any will do, since nothing is transferred out
 * of it. */
static VP_STATUS GpuShowPicture(PGPU_EXTENSION Extension, const GPU_SIZE *Size)
{
    GpuStagingEntry(Extension, GPU_STAGING);
    GpuAddAttach(Extension, 1);
    GpuAddScanout(Extension, GPU_RESOURCE, Size);
    GpuAddDetach(Extension);
    GpuAddFlush(Extension, Size);
    return GpuRunBatch(Extension);
}

static VP_STATUS GpuEnterMode(PGPU_EXTENSION Extension, ULONG Index)
{
    VP_STATUS Status;
    GPU_SIZE Size;

    if (!GpuModeSize(Extension, Index, &Size))
        return ERROR_INVALID_PARAMETER;
    Status = GpuCreatePicture(Extension, &Size);
    if (Status != NO_ERROR)
        return Status;
    Extension->CurrentMode = Index;
    Status = GpuShowPicture(Extension, &Size);
    if (Status != NO_ERROR)
        GpuLeaveMode(Extension);
    return Status;
}

/* A new resource is blank, so every mode begins so. */
static VP_STATUS GpuSetMode(PGPU_EXTENSION Extension, ULONG Index)
{
    VP_STATUS Status = GpuLeaveMode(Extension);

    return Status == NO_ERROR ? GpuEnterMode(Extension, Index) : Status;
}

VP_STATUS GpuSetCurrentMode(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    if (Packet->InputBufferLength < sizeof(VIDEO_MODE))
        return ERROR_INSUFFICIENT_BUFFER;
    return GpuSetMode(Extension, ((PVIDEO_MODE)Packet->InputBuffer)->RequestedMode &
                                     ~(VIDEO_MODE_NO_ZERO_MEMORY | VIDEO_MODE_MAP_MEM_LINEAR));
}

VP_STATUS GpuSetSize(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVPORT_SIZE Input = Packet->InputBuffer;

    if (Packet->InputBufferLength < sizeof(*Input))
        return ERROR_INSUFFICIENT_BUFFER;
    if (Input->Width == 0 || Input->Height == 0 ||
        Input->Width > MAXLONG / GPU_PIXEL / Input->Height)
        return ERROR_INVALID_PARAMETER;
    Extension->Custom.Width = Input->Width;
    Extension->Custom.Height = Input->Height;
    return GpuSetMode(Extension, GPU_MODES);
}

VP_STATUS GpuResetDevice(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    (void)Packet;
    return GpuLeaveMode(Extension);
}

/* After the device was started anew: it has forgotten every resource. */
VP_STATUS GpuRestoreMode(PGPU_EXTENSION Extension)
{
    ULONG Index = Extension->CurrentMode;

    Extension->CurrentMode = GPU_NO_MODE;
    return Index == GPU_NO_MODE ? NO_ERROR : GpuEnterMode(Extension, Index);
}
