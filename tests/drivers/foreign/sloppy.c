/* SPDX-License-Identifier: MIT */
/*
 * A driver that gives up in HwVidFindAdapter, cleans up, and returns success all the same:
 * everything after that meets an extension of zeros. It answers each request with what lies around,
 * takes back what it never gave, and says nothing about the bytes it returns.
 */
#include <ntddk.h>
#include <dderror.h>
#include <ntddvdeo.h>
#include <video.h>

typedef struct {
    PVOID Registers;
    ULONG Requests;
    KTIMER Timer;
    KDPC Dpc;
    BOOLEAN TimerSet;
} EXTENSION;

static VOID Tick(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ((EXTENSION *)Context)->Requests += 100;
}

static VP_STATUS FindAdapter(PVOID Context, PVOID HwContext, PWSTR Argument,
                             PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    EXTENSION *Extension = Context;
    VIDEO_ACCESS_RANGE Ranges[2];

    VideoPortGetAccessRanges(Context, 0, NULL, 2, Ranges, NULL, NULL, NULL);
    Extension->Registers =
        VideoPortGetDeviceBase(Context, Ranges[0].RangeStart, Ranges[0].RangeLength, 0);
    VideoPortFreeDeviceBase(Context, Extension->Registers);
    VideoPortZeroMemory(Extension, sizeof(*Extension));
    return NO_ERROR;
}

static BOOLEAN Initialize(PVOID Context)
{
    EXTENSION *Extension = Context;
    PVOID Pool = ExAllocatePoolWithTag(NonPagedPool, 100, 'lppS');

    VideoPortDebugPrint(Error, "registers %p\n", Extension->Registers);
    RtlZeroMemory(Pool, 100);
    ExFreePoolWithTag(Pool, 'lppS');
    return TRUE;
}

static BOOLEAN StartIO(PVOID Context, PVIDEO_REQUEST_PACKET Packet)
{
    EXTENSION *Extension = Context;
    PVOID Nowhere = NULL;
    ULONG Length = 4096, Space = 0;
    PHYSICAL_ADDRESS Address;

    Extension->Requests++;
    switch (Packet->IoControlCode) {
    case IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES: /* modes, but no length of their descriptions */
        ((PVIDEO_NUM_MODES)Packet->OutputBuffer)->NumModes = 5;
        Packet->StatusBlock->Information = sizeof(VIDEO_NUM_MODES);
        Packet->StatusBlock->Status = NO_ERROR;
        return TRUE;
    case IOCTL_VIDEO_MAP_VIDEO_MEMORY: /* memory that is not there, as if it were */
        Address.QuadPart = 0xfee00000;
        VideoPortMapMemory(Context, Address, &Length, &Space, &Nowhere);
        Packet->StatusBlock->Status = NO_ERROR;
        return TRUE;
    case IOCTL_VIDEO_UNMAP_VIDEO_MEMORY:
        VideoPortUnmapMemory(Context, (PVOID)(ULONG_PTR)0x1000, NULL);
        Packet->StatusBlock->Status = NO_ERROR;
        return TRUE;
    case IOCTL_VIDEO_RESET_DEVICE: /* a timer of the kernel's that nobody will cancel */
        KeInitializeTimer(&Extension->Timer);
        KeInitializeDpc(&Extension->Dpc, Tick, Extension);
        Address.QuadPart = -10000;
        KeSetTimerEx(&Extension->Timer, Address, 1000, &Extension->Dpc);
        Packet->StatusBlock->Status = NO_ERROR;
        return TRUE;
    case IOCTL_VIDEO_QUERY_CURRENT_MODE: /* more bytes than there are */
        Packet->StatusBlock->Information = Packet->OutputBufferLength + 1000;
        Packet->StatusBlock->Status = NO_ERROR;
        return TRUE;
    }
    return FALSE; /* not a word about the status */
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

    RtlZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIO;
    Data.HwDeviceExtensionSize = sizeof(EXTENSION);
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
