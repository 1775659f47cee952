/* SPDX-License-Identifier: MIT */
/*
 * A miniport for a Rage 128 as they were written for Windows XP: registers by plain loads and
 * stores through a volatile structure, a copy of the screen's first bytes by memcpy out of the BAR,
 * the monitor over I2C both ways that the port knows, legacy resources by a callback, a timer, an
 * event, a spin lock, synchronized execution, a private request of variable size.
 *
 * Register numbers are those of the published Rage 128 register reference.
 */
#include <stdarg.h>
#include "dderror.h"
#include "devioctl.h"
#include "miniport.h"
#include "ntddvdeo.h"
#include "video.h"

#define IOCTL_ATI_READ_FRAME CTL_CODE(FILE_DEVICE_VIDEO, 0x901, METHOD_BUFFERED, FILE_ANY_ACCESS)

#include <pshpack1.h>
typedef struct _ATI_READ_FRAME {
    ULONG Offset;
    USHORT Length;
} ATI_READ_FRAME, *PATI_READ_FRAME;
#include <poppack.h>

#define GPIO_MONID        0x68
#define CRTC_GEN_CNTL     0x50
#define CRTC_H_TOTAL_DISP 0x200
#define CRTC_V_TOTAL_DISP 0x208
#define CRTC_OFFSET       0x224
#define CRTC_PITCH        0x22c

#define MONID_DATA  0x00000002 /* out; in is 8 bits higher, out enabled 16 */
#define MONID_CLOCK 0x00000004
#define MONID_MASK  0x02000000
#define CRTC_ON     0x03000000
#define CRTC_32BPP  0x00000600

typedef struct {
    volatile UCHAR *Mmr;
    PUCHAR Frame; /* the start of it, for ourselves */
    PHYSICAL_ADDRESS FramePhysical;
    ULONG FrameLength, Mode, Monid;
    PEVENT Event;
    PSPIN_LOCK Lock;
    ULONG Synchronized;
    UCHAR Edid[128];
    BOOLEAN HaveEdid;
} ATI, *PATI;

#define REG(Ati, r) (*(volatile ULONG *)((Ati)->Mmr + (r)))

static const USHORT Sizes[][2] = {{640, 480}, {800, 600}, {1024, 768}};

/* ---- I2C ---- */

static VOID Line(PATI Ati, ULONG Bit, UCHAR Up)
{
    Ati->Monid = (Up ? Ati->Monid | Bit : Ati->Monid & ~Bit) | Bit << 16 | MONID_MASK;
    REG(Ati, GPIO_MONID) = Ati->Monid;
}

static VOID WriteClock(PVOID Ext, UCHAR Data)
{
    Line(Ext, MONID_CLOCK, Data);
}

static VOID WriteData(PVOID Ext, UCHAR Data)
{
    Line(Ext, MONID_DATA, Data);
}

static BOOLEAN ReadClock(PVOID Ext)
{
    return (REG((PATI)Ext, GPIO_MONID) & MONID_CLOCK << 8) != 0;
}

static BOOLEAN ReadData(PVOID Ext)
{
    return (REG((PATI)Ext, GPIO_MONID) & MONID_DATA << 8) != 0;
}

static I2C_CALLBACKS Callbacks = {WriteClock, WriteData, ReadClock, ReadData};

/* The first byte, by hand through the I2C service. */
static VOID AskService(PATI Ati)
{
    VIDEO_PORT_I2C_INTERFACE I2c;
    UCHAR Seek[] = {0xa0, 0x01}, Read = 0xa1, Byte = 0;

    VideoPortZeroMemory(&I2c, sizeof(I2c));
    I2c.Size = sizeof(I2c);
    I2c.Version = VIDEO_PORT_I2C_INTERFACE_VERSION_1;
    if (VideoPortQueryServices(Ati, VideoPortServicesI2C, (PINTERFACE)&I2c) != NO_ERROR)
        return;
    I2c.InterfaceReference(I2c.Context);
    if (I2c.I2CStart(Ati, &Callbacks) && I2c.I2CWrite(Ati, &Callbacks, Seek, 2) &&
        I2c.I2CStart(Ati, &Callbacks) && I2c.I2CWrite(Ati, &Callbacks, &Read, 1) &&
        I2c.I2CRead(Ati, &Callbacks, &Byte, 1))
        VideoDebugPrint((0, "I2C service: EDID byte 1 is %x\n", Byte));
    I2c.I2CStop(Ati, &Callbacks);
    I2c.InterfaceDereference(I2c.Context);
}

static VOID ReadMonitor(PATI Ati)
{
    DDC_CONTROL Ddc;

    VideoPortZeroMemory(&Ddc, sizeof(Ddc));
    Ddc.Size = sizeof(Ddc);
    Ddc.I2CCallbacks = Callbacks;
    Ati->HaveEdid = VideoPortDDCMonitorHelper(Ati, &Ddc, Ati->Edid, sizeof(Ati->Edid));
    VideoDebugPrint((0, "DDC: %d\n", Ati->HaveEdid));
}

/* ---- The port's calls ---- */

static VIDEO_ACCESS_RANGE Legacy[] = {{{{0x3c0, 0}}, 0x20, 1, 1, 1, 0}};

static VOID AtiLegacyResources(ULONG VendorId, ULONG DeviceId, PVIDEO_ACCESS_RANGE *List,
                               PULONG Count)
{
    VideoDebugPrint((0, "legacy resources of %x:%x\n", VendorId, DeviceId));
    *List = Legacy;
    *Count = 1;
}

static VP_STATUS AtiFindAdapter(PVOID Ext, PVOID HwContext, PWSTR ArgumentString,
                                PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    PATI Ati = Ext;
    VIDEO_ACCESS_RANGE Range[3];
    USHORT Vendor = 0x1002, Device = 0x5046;
    ULONG Slot;

    if (VideoPortGetAccessRanges(Ext, 0, NULL, 3, Range, &Vendor, &Device, &Slot) != NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    Ati->FramePhysical = Range[0].RangeStart;
    Ati->FrameLength = Range[0].RangeLength;
    Ati->Mmr = VideoPortGetDeviceBase(Ext, Range[2].RangeStart, Range[2].RangeLength,
                                      VIDEO_MEMORY_SPACE_MEMORY);
    Ati->Frame = VideoPortGetDeviceBase(Ext, Range[0].RangeStart, 0x10000,
                                        VIDEO_MEMORY_SPACE_MEMORY | VIDEO_MEMORY_SPACE_P6CACHE);
    if (Ati->Mmr == NULL || Ati->Frame == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (VideoPortCreateEvent(Ext, NOTIFICATION_EVENT | INITIAL_EVENT_NOT_SIGNALED, NULL,
                             &Ati->Event) != NO_ERROR ||
        VideoPortCreateSpinLock(Ext, &Ati->Lock) != NO_ERROR)
        return ERROR_NOT_ENOUGH_MEMORY;
    ReadMonitor(Ati);
    AskService(Ati);
    return NO_ERROR;
}

static BOOLEAN Synchronized(PVOID Context)
{
    ((PATI)Context)->Synchronized++;
    return TRUE;
}

static BOOLEAN AtiInitialize(PVOID Ext)
{
    PATI Ati = Ext;
    LARGE_INTEGER Timeout;
    UCHAR Irql;

    VideoPortAcquireSpinLock(Ext, Ati->Lock, &Irql);
    VideoPortReleaseSpinLock(Ext, Ati->Lock, Irql);
    VideoPortSynchronizeExecution(Ext, VpMediumPriority, Synchronized, Ext);
    Timeout.QuadPart = -10000;
    VideoDebugPrint((0, "wait: %d, then", VideoPortWaitForSingleObject(Ext, Ati->Event, &Timeout)));
    VideoPortSetEvent(Ext, Ati->Event);
    VideoDebugPrint((0, "wait: %d, synchronized %d\n",
                     VideoPortWaitForSingleObject(Ext, Ati->Event, NULL), Ati->Synchronized));
    VideoPortStartTimer(Ext);
    return TRUE;
}

static VOID AtiTimer(PVOID Ext)
{
    ((PATI)Ext)->Synchronized++;
}

static VOID FillMode(ULONG Index, PVIDEO_MODE_INFORMATION Mode)
{
    VIDEO_MODE_INFORMATION Filled = {sizeof(VIDEO_MODE_INFORMATION),
                                     Index,
                                     Sizes[Index][0],
                                     Sizes[Index][1],
                                     Sizes[Index][0] * 4,
                                     1,
                                     32,
                                     75,
                                     0,
                                     0,
                                     8,
                                     8,
                                     8,
                                     0xff0000,
                                     0xff00,
                                     0xff,
                                     VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS,
                                     0,
                                     0,
                                     0};
    *Mode = Filled;
}

/* A byte fills the rest by being copied onto its neighbour, again and again. */
static VOID Fill(PUCHAR From, UCHAR Byte, ULONG_PTR Count)
{
    PUCHAR To = From + 1;

    *From = Byte;
    __asm__ volatile("rep movsb" : "+S"(From), "+D"(To), "+c"(Count) : : "memory");
}

static VOID SetMode(PATI Ati, ULONG Index)
{
    Fill(Ati->Frame, 0x5a, 99);
    VideoDebugPrint((0, "filled %x %x\n", Ati->Frame[99], Ati->Frame[100]));
    REG(Ati, CRTC_GEN_CNTL) = 0;
    REG(Ati, CRTC_H_TOTAL_DISP) = (Sizes[Index][0] / 8 - 1) << 16;
    REG(Ati, CRTC_V_TOTAL_DISP) = (Sizes[Index][1] - 1) << 16;
    REG(Ati, CRTC_OFFSET) = 0;
    REG(Ati, CRTC_PITCH) = Sizes[Index][0] / 8;
    REG(Ati, CRTC_GEN_CNTL) |= CRTC_ON | CRTC_32BPP;
    Ati->Mode = Index;
}

/* As much of the frame buffer as was asked for, out of the BAR by memcpy. */
static VP_STATUS ReadFrame(PATI Ati, PVIDEO_REQUEST_PACKET Vrp)
{
    ATI_READ_FRAME Wanted = *(PATI_READ_FRAME)Vrp->InputBuffer;

    if (Vrp->InputBufferLength != sizeof(Wanted))
        return ERROR_INVALID_PARAMETER;
    if (Vrp->OutputBufferLength < Wanted.Length)
        return ERROR_MORE_DATA;
    memcpy(Vrp->OutputBuffer, Ati->Frame + Wanted.Offset, Wanted.Length);
    Vrp->StatusBlock->Information = Wanted.Length;
    return NO_ERROR;
}

static BOOLEAN AtiStartIO(PVOID Ext, PVIDEO_REQUEST_PACKET Vrp)
{
    PATI Ati = Ext;
    PVIDEO_MEMORY_INFORMATION Memory = Vrp->OutputBuffer;
    VP_STATUS Status = NO_ERROR;
    ULONG Index, InIoSpace = 0;

    switch (Vrp->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES:
        ((PVIDEO_NUM_MODES)Vrp->OutputBuffer)->NumModes = 3;
        ((PVIDEO_NUM_MODES)Vrp->OutputBuffer)->ModeInformationLength =
            sizeof(VIDEO_MODE_INFORMATION);
        Vrp->StatusBlock->Information = sizeof(VIDEO_NUM_MODES);
        break;
    case IOCTL_VIDEO_QUERY_AVAIL_MODES:
        for (Index = 0; Index < 3; Index++)
            FillMode(Index, (PVIDEO_MODE_INFORMATION)Vrp->OutputBuffer + Index);
        Vrp->StatusBlock->Information = 3 * sizeof(VIDEO_MODE_INFORMATION);
        break;
    case IOCTL_VIDEO_SET_CURRENT_MODE:
        SetMode(Ati, ((PVIDEO_MODE)Vrp->InputBuffer)->RequestedMode);
        break;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY:
        Memory->VideoRamBase = NULL;
        Memory->VideoRamLength = 8 << 20; /* not all of it */
        Status = VideoPortMapMemory(Ext, Ati->FramePhysical, &Memory->VideoRamLength, &InIoSpace,
                                    &Memory->VideoRamBase);
        if (Memory->VideoRamLength < 8 << 20)
            Status = ERROR_NOT_ENOUGH_MEMORY;
        Memory->FrameBufferBase = Memory->VideoRamBase;
        Memory->FrameBufferLength = Memory->VideoRamLength;
        Vrp->StatusBlock->Information = sizeof(*Memory);
        break;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        Status = VideoPortUnmapMemory(
            Ext, ((PVIDEO_MEMORY)Vrp->InputBuffer)->RequestedVirtualAddress, 0);
        break;
    case IOCTL_ATI_READ_FRAME:
        Status = ReadFrame(Ati, Vrp);
        break;
    default:
        Status = ERROR_INVALID_FUNCTION;
    }
    Vrp->StatusBlock->Status = Status;
    return Status == NO_ERROR;
}

static VP_STATUS AtiGetChild(PVOID Ext, PVIDEO_CHILD_ENUM_INFO Info, PVIDEO_CHILD_TYPE Type,
                             PUCHAR Descriptor, PULONG UId, PULONG Unused)
{
    PATI Ati = Ext;

    switch (Info->ChildIndex) {
    case 0: /* what ACPI enumerates */
        return ERROR_NO_MORE_DEVICES;
    case 1:
        *Type = Monitor;
        *UId = 0x4100;
        if (!Ati->HaveEdid)
            return VIDEO_ENUM_INVALID_DEVICE;
        VideoPortMoveMemory(Descriptor, Ati->Edid, sizeof(Ati->Edid));
        return VIDEO_ENUM_MORE_DEVICES;
    case DISPLAY_ADAPTER_HW_ID:
        *Type = VideoChip;
        *UId = DISPLAY_ADAPTER_HW_ID;
        return VIDEO_ENUM_MORE_DEVICES;
    }
    return ERROR_NO_MORE_DEVICES;
}

static VP_STATUS AtiGetPower(PVOID Ext, ULONG HwId, PVIDEO_POWER_MANAGEMENT Power)
{
    return Power->PowerState == VideoPowerHibernate ? ERROR_INVALID_FUNCTION : NO_ERROR;
}

static VP_STATUS AtiSetPower(PVOID Ext, ULONG HwId, PVIDEO_POWER_MANAGEMENT Power)
{
    return NO_ERROR;
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Init;

    VideoPortZeroMemory(&Init, sizeof(Init));
    Init.HwInitDataSize = sizeof(Init);
    Init.HwFindAdapter = AtiFindAdapter;
    Init.HwInitialize = AtiInitialize;
    Init.HwStartIO = AtiStartIO;
    Init.HwTimer = AtiTimer;
    Init.HwGetLegacyResources = AtiLegacyResources;
    Init.HwGetVideoChildDescriptor = AtiGetChild;
    Init.HwGetPowerState = AtiGetPower;
    Init.HwSetPowerState = AtiSetPower;
    Init.HwDeviceExtensionSize = sizeof(ATI);
    return VideoPortInitialize(Context1, Context2, &Init, NULL);
}
