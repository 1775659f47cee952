/* SPDX-License-Identifier: MIT */
/*
 * A frame buffer miniport for Bochs's mode registers as they were written for Windows 2000: too
 * large an HwInitDataSize first, then the right one; ports as numbers cast to pointers; everything
 * optional through VideoPortGetProcAddress; PCI space of "slot 0"; debug output whose arguments do
 * not fit its format; the screen cleared by plain stores.
 */
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

#define VBE_PORT 0x1ce

typedef struct _DEVICE_EXTENSION {
    PHYSICAL_ADDRESS Base;
    ULONG Length, Mode;
    USHORT Port;
    PUCHAR Null;
    PCI_COMMON_CONFIG Pci;
    ULONG (*StallCount)(PVOID, ULONG);
} DEVICE_EXTENSION, *PDEVICE_EXTENSION;

static VIDEO_ACCESS_RANGE VbeRanges[] = {{{{VBE_PORT, 0}}, 4, 1, 1, 1, 0}};

static struct {
    USHORT XRes, YRes, Bpp;
} ModeTable[] = {{640, 480, 32}, {800, 600, 32}, {1024, 768, 32}, {800, 600, 24}, {800, 600, 8}};

#define MODE_COUNT (sizeof(ModeTable) / sizeof(*ModeTable))

/* Three ways to name the same two ports. */
static void VbeWrite(PDEVICE_EXTENSION De, USHORT Index, USHORT Value)
{
    VideoPortWritePortUshort((PUSHORT)(De->Null + VBE_PORT), Index);
    VideoPortWritePortUshort((PUSHORT)(ULONG_PTR)(USHORT)(De->Port + 1), Value);
}

static USHORT VbeRead(PDEVICE_EXTENSION De, USHORT Index)
{
    VideoPortWritePortUshort((USHORT *)VBE_PORT, Index);
    return VideoPortReadPortUshort((USHORT *)(VBE_PORT + 1));
}

static VP_STATUS GotValue(PVOID HwDeviceExtension, PVOID Context, PWSTR ValueName, PVOID ValueData,
                          ULONG ValueLength)
{
    *(PULONG)Context = ValueLength == 4 ? *(PULONG)ValueData : 0;
    return NO_ERROR;
}

/* What an older system may lack. */
static void TryOptional(PDEVICE_EXTENSION De, PVIDEO_PORT_CONFIG_INFO ConfigInfo)
{
    VP_STATUS (*GetVersion)(PVOID, PVPOSVERSIONINFO);
    BOOLEAN (*IsNoVesa)(VOID);
    VOID (*DebugPrint)(VIDEO_DEBUG_LEVEL, PSTR, ...);
    VPOSVERSIONINFO Version = {sizeof(VPOSVERSIONINFO)};

    GetVersion = (PVOID)(*ConfigInfo->VideoPortGetProcAddress)(De, (PUCHAR) "VideoPortGetVersion");
    IsNoVesa = (PVOID)(*ConfigInfo->VideoPortGetProcAddress)(De, (PUCHAR) "VideoPortIsNoVesa");
    if (GetVersion != NULL && GetVersion(De, &Version) == NO_ERROR)
        VideoDebugPrint((0, "Windows %d.%d\n", Version.MajorVersion, Version.MinorVersion));
    if (IsNoVesa != NULL && IsNoVesa())
        VideoDebugPrint((0, "no VESA\n"));
    if ((*ConfigInfo->VideoPortGetProcAddress)(De, (PUCHAR) "VideoPortGetMeACoffee") == NULL)
        VideoDebugPrint((0, "no coffee\n"));
}

static VP_STATUS VbeFindAdapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                                PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    PDEVICE_EXTENSION De = HwDeviceExtension;
    VIDEO_ACCESS_RANGE Ranges[8];
    ULONG Slot = 0, i, Read, Status = 0, Stored = 0x8086, Got = 0;

    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO))
        return ERROR_INVALID_PARAMETER;
    VideoPortZeroMemory(Ranges, sizeof(Ranges));
    if (VideoPortGetAccessRanges(De, 0, (PIO_RESOURCE_DESCRIPTOR)NULL, 8, Ranges, NULL, NULL,
                                 &Slot) != NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    for (i = 0; i < 8; i++)
        if (Ranges[i].RangeLength > De->Length && !Ranges[i].RangeInIoSpace) {
            De->Base = Ranges[i].RangeStart;
            De->Length = Ranges[i].RangeLength;
        }
    if (VideoPortVerifyAccessRanges(De, 1, VbeRanges) != NO_ERROR)
        return ERROR_INVALID_PARAMETER;
    De->Port = VBE_PORT;

    Read = VideoPortGetBusData(De, PCIConfiguration, 0, &De->Pci, 0, sizeof(PCI_COMMON_CONFIG));
    VideoDebugPrint((0, "PCI %04x:%04x, %d bytes, BAR %x\n", De->Pci.VendorID, De->Pci.DeviceID,
                     Read, De->Pci.u.type0.BaseAddresses[0] & ~0xf));
    if (De->Base.LowPart != (De->Pci.u.type0.BaseAddresses[0] & ~0xf))
        return ERROR_DEV_NOT_EXIST;
    VideoPortGetVgaStatus(De, &Status);
    VideoDebugPrint((0, "VGA status %d\n", Status));
    TryOptional(De, ConfigInfo);
    VideoPortSetRegistryParameters(De, L"Answer", &Stored, sizeof(Stored));
    VideoPortGetRegistryParameters(De, L"Answer", FALSE, GotValue, &Got);
    VideoDebugPrint((0, "registry %x\n", Got));

    /* Nothing fits: a number for %s, a pointer to nowhere for %ws, and too few for the rest. */
    VideoDebugPrint((0, "garbage %s %ws %Z %s %d %s\n", 0x1234, (PVOID)(LONG_PTR)-16, 7));
    if (VbeRead(De, 0) < 0xb0c0)
        return ERROR_DEV_NOT_EXIST;
    *Again = FALSE;
    return NO_ERROR;
}

static BOOLEAN VbeInitialize(PVOID HwDeviceExtension)
{
    PDEVICE_EXTENSION De = HwDeviceExtension;

    return De->Length != 0;
}

static void FillMode(ULONG i, PVIDEO_MODE_INFORMATION M)
{
    VideoPortZeroMemory(M, sizeof(*M));
    M->Length = sizeof(*M);
    M->ModeIndex = i;
    M->VisScreenWidth = ModeTable[i].XRes;
    M->VisScreenHeight = ModeTable[i].YRes;
    M->ScreenStride = ModeTable[i].XRes * ((ModeTable[i].Bpp + 7) / 8);
    M->NumberOfPlanes = 1;
    M->BitsPerPlane = ModeTable[i].Bpp;
    M->Frequency = 1;
    M->NumberRedBits = M->NumberGreenBits = M->NumberBlueBits = 8;
    M->AttributeFlags = VIDEO_MODE_GRAPHICS | VIDEO_MODE_COLOR;
    if (ModeTable[i].Bpp == 8)
        M->AttributeFlags |= VIDEO_MODE_PALETTE_DRIVEN | VIDEO_MODE_MANAGED_PALETTE;
    else /* the usual masks need no mention, some think */
        M->RedMask = ModeTable[i].Bpp == 24 ? 0 : 0xff0000,
        M->GreenMask = ModeTable[i].Bpp == 24 ? 0 : 0xff00,
        M->BlueMask = ModeTable[i].Bpp == 24 ? 0 : 0xff;
}

static VP_STATUS SetMode(PDEVICE_EXTENSION De, ULONG i)
{
    ULONG Length, Space = VIDEO_MEMORY_SPACE_MEMORY, Words;
    volatile ULONG *Screen = NULL;

    if (i >= MODE_COUNT)
        return ERROR_INVALID_PARAMETER;
    VbeWrite(De, 4, 0);
    VbeWrite(De, 1, ModeTable[i].XRes);
    VbeWrite(De, 2, ModeTable[i].YRes);
    VbeWrite(De, 3, ModeTable[i].Bpp);
    VbeWrite(De, 4, 0x41 | (ModeTable[i].Bpp == 8 ? 0x20 : 0));
    De->Mode = i;

    /* A line of it is cleared by hand, and read back. */
    Length = ModeTable[i].XRes * 4;
    Words = Length / 4;
    if (VideoPortMapMemory(De, De->Base, &Length, &Space, (PVOID *)&Screen) != NO_ERROR ||
        Length < Words * 4)
        return ERROR_NOT_ENOUGH_MEMORY;
    while (Words--)
        Screen[Words] = 0x00c0ffee;
    VideoDebugPrint((0, "first pixel %x\n", Screen[0] + 1));
    VideoPortUnmapMemory(De, (PVOID)Screen, NULL);
    return NO_ERROR;
}

static VP_STATUS SetColors(PVIDEO_CLUT Clut)
{
    USHORT i;

    VideoPortWritePortUchar((PUCHAR)0x3c8, (UCHAR)Clut->FirstEntry);
    for (i = 0; i < Clut->NumEntries; i++)
        VideoPortWritePortBufferUchar((PUCHAR)0x3c9, (PUCHAR)&Clut->LookupTable[i], 3);
    return NO_ERROR;
}

static BOOLEAN VbeStartIO(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Packet)
{
    PDEVICE_EXTENSION De = HwDeviceExtension;
    PVIDEO_MEMORY_INFORMATION Memory;
    ULONG i, Space = 0;

    Packet->StatusBlock->Information = 0;
    Packet->StatusBlock->Status = NO_ERROR;
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        ((PVIDEO_NUM_MODES)Packet->OutputBuffer)->NumModes = MODE_COUNT;
        ((PVIDEO_NUM_MODES)Packet->OutputBuffer)->ModeInformationLength =
            sizeof(VIDEO_MODE_INFORMATION);
        Packet->StatusBlock->Information = sizeof(VIDEO_NUM_MODES);
        break;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        for (i = 0; i < MODE_COUNT; i++)
            FillMode(i, (PVIDEO_MODE_INFORMATION)Packet->OutputBuffer + i);
        Packet->StatusBlock->Information = MODE_COUNT * sizeof(VIDEO_MODE_INFORMATION);
        break;
    case IOCTL_VIDEO_QUERY_CURRENT_MODE:
        FillMode(De->Mode, Packet->OutputBuffer);
        Packet->StatusBlock->Information = sizeof(VIDEO_MODE_INFORMATION);
        break;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        Packet->StatusBlock->Status =
            SetMode(De, ((PVIDEO_MODE)Packet->InputBuffer)->RequestedMode & 0x3fffffff);
        break;
    case IOCTL_VIDEO_SET_COLOR_REGISTERS:
        Packet->StatusBlock->Status = SetColors(Packet->InputBuffer);
        break;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        Memory = Packet->OutputBuffer;
        Memory->VideoRamLength = De->Length;
        Packet->StatusBlock->Status = VideoPortMapMemory(De, De->Base, &Memory->VideoRamLength,
                                                         &Space, &Memory->VideoRamBase);
        Memory->FrameBufferBase = Memory->VideoRamBase;
        Memory->FrameBufferLength = Memory->VideoRamLength;
        Packet->StatusBlock->Information = sizeof(*Memory);
        break;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        VideoPortUnmapMemory(De, ((PVIDEO_MEMORY)Packet->InputBuffer)->RequestedVirtualAddress,
                             NULL);
        break;
    default:
        Packet->StatusBlock->Status = ERROR_INVALID_FUNCTION;
        return FALSE;
    }
    return TRUE;
}

static VP_STATUS VbeGetChild(PVOID HwDeviceExtension, PVIDEO_CHILD_ENUM_INFO Info,
                             PVIDEO_CHILD_TYPE Type, PUCHAR Descriptor, PULONG UId, PULONG Unused)
{
    return ERROR_NO_MORE_DEVICES;
}

static VP_STATUS VbePower(PVOID HwDeviceExtension, ULONG HwId, PVIDEO_POWER_MANAGEMENT Power)
{
    return NO_ERROR;
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA InitData;
    ULONG Status;

    VideoPortZeroMemory(&InitData, sizeof(InitData));
    InitData.HwInitDataSize = sizeof(InitData) + 64; /* of a header that is newer than the system */
    InitData.AdapterInterfaceType = PCIBus;
    InitData.HwFindAdapter = VbeFindAdapter;
    InitData.HwInitialize = VbeInitialize;
    InitData.HwStartIO = VbeStartIO;
    InitData.HwSetPowerState = VbePower;
    InitData.HwGetPowerState = VbePower;
    InitData.HwGetVideoChildDescriptor = VbeGetChild;
    InitData.HwDeviceExtensionSize = sizeof(DEVICE_EXTENSION);
    Status = VideoPortInitialize(Context1, Context2, &InitData, NULL);
    if (Status != NO_ERROR) {
        InitData.HwInitDataSize = SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA;
        Status = VideoPortInitialize(Context1, Context2, &InitData, NULL);
    }
    return Status;
}
