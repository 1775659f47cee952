/* SPDX-License-Identifier: MIT */
/*
 * A display driver for adapter "sim" whose image is to have all that Microsoft's tools put into
 * one: a stack cookie named by the load configuration, thread-local storage, code for
 * initialization only, pointers that need relocation, __try scopes, 64-bit arithmetic by helpers,
 * imports by ordinal, exports and a forwarder. Callbacks are without NTAPI, for compilers whose
 * default it is. It checks itself and says "wrong" and what; meson.build links it in many ways,
 * test_shapes.py knows what each gives.
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

#include "../../../miniports/sim/sim_hw.h"

__declspec(dllimport) void *__cdecl memcpy(void *, const void *, size_t);
__declspec(dllimport) void *__cdecl memset(void *, int, size_t);
__declspec(dllimport) ULONG __cdecl DbgPrint(PCSTR Format, ...);
/* Nobody provides it: the import is by a number that means nothing here. */
__declspec(dllimport) VOID NTAPI VideoPortByNumber(ULONG Number);

#define WIDTH  320
#define HEIGHT 200

typedef struct {
    VIDEO_ACCESS_RANGE Ranges[2];
    PULONG Registers;
} EXTENSION, *PEXTENSION;

/* ---- What Microsoft's libraries would bring ---- */

#if defined(_WIN64)
#define COOKIE 0x00002B992DDFA232ULL
#else
#define COOKIE 0xBB40E64EUL
#endif

ULONG_PTR __security_cookie = COOKIE;

VOID __fastcall __security_check_cookie(ULONG_PTR Cookie)
{
    if (Cookie != __security_cookie)
        DbgPrint("wrong: the cookie of a function");
}

/* As far as the cookie; the rest of the structure is younger. */
#if defined(_WIN64)
const struct {
    ULONG Size, Stamp, Others[20];
    ULONG_PTR SecurityCookie;
} _load_config_used = {96, 0, {0}, (ULONG_PTR)&__security_cookie};
#else
const struct {
    ULONG Size, Stamp, Others[13];
    ULONG_PTR SecurityCookie, Handlers, HandlerCount;
} _load_config_used = {72, 0, {0}, (ULONG_PTR)&__security_cookie, 0, 0};
#endif

static ULONG TlsIndex;
static const ULONG TlsTemplate[2] = {1, 2};
const struct {
    ULONG_PTR Start, End, Index, Callbacks;
    ULONG Zeros, Flags;
} _tls_used = {
    (ULONG_PTR)&TlsTemplate[0], (ULONG_PTR)&TlsTemplate[2], (ULONG_PTR)&TlsIndex, 0, 0, 0};

/* ---- The driver ---- */

static VP_STATUS QueryModes(PVIDEO_REQUEST_PACKET Packet);
static VP_STATUS QueryNumber(PVIDEO_REQUEST_PACKET Packet);

/* Pointers in initialized data: each needs a relocation. */
static const struct {
    ULONG Code;
    VP_STATUS (*Answer)(PVIDEO_REQUEST_PACKET Packet);
} Requests[] = {{IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES, QueryNumber},
                {IOCTL_VIDEO_QUERY_AVAIL_MODES, QueryModes}};

static volatile ULONG Large[4096]; /* takes no room in the file */
static volatile LONGLONG Dividend = 0x123456789abcdefLL, Divisor = 0x10001LL;
static volatile ULONG Shift = 12;

static VP_STATUS QueryNumber(PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_NUM_MODES Modes = Packet->OutputBuffer;

    Modes->NumModes = 1;
    Modes->ModeInformationLength = sizeof(VIDEO_MODE_INFORMATION);
    Packet->StatusBlock->Information = sizeof(*Modes);
    return NO_ERROR;
}

static VP_STATUS QueryModes(PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MODE_INFORMATION Mode = Packet->OutputBuffer;

    memset(Mode, 0, sizeof(*Mode));
    Mode->Length = sizeof(*Mode);
    Mode->VisScreenWidth = WIDTH;
    Mode->VisScreenHeight = HEIGHT;
    Mode->ScreenStride = WIDTH * 4;
    Mode->NumberOfPlanes = 1;
    Mode->BitsPerPlane = 32;
    Mode->RedMask = 0xff0000;
    Mode->GreenMask = 0xff00;
    Mode->BlueMask = 0xff;
    Mode->AttributeFlags = VIDEO_MODE_COLOR | VIDEO_MODE_GRAPHICS;
    Packet->StatusBlock->Information = sizeof(*Mode);
    return NO_ERROR;
}

static VP_STATUS SetMode(PEXTENSION Extension)
{
    Extension->Registers[SIM_REG_MODE_WIDTH / 4] = WIDTH;
    Extension->Registers[SIM_REG_MODE_HEIGHT / 4] = HEIGHT;
    Extension->Registers[SIM_REG_MODE_STRIDE / 4] = WIDTH * 4;
    Extension->Registers[SIM_REG_MODE_FORMAT / 4] = SIM_FORMAT_XRGB8888;
    Extension->Registers[SIM_REG_MODE_CONTROL / 4] = SIM_MODE_ON;
    return NO_ERROR;
}

static VP_STATUS Map(PEXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVIDEO_MEMORY_INFORMATION Memory = Packet->OutputBuffer;
    ULONG Length = WIDTH * HEIGHT * 4, InIoSpace = 0;

    Memory->VideoRamBase = NULL;
    Memory->VideoRamLength = Memory->FrameBufferLength = Length;
    Packet->StatusBlock->Information = sizeof(*Memory);
    if (VideoPortMapMemory(Extension, Extension->Ranges[1].RangeStart, &Length, &InIoSpace,
                           &Memory->VideoRamBase) != NO_ERROR)
        return ERROR_INVALID_PARAMETER;
    Memory->FrameBufferBase = Memory->VideoRamBase;
    return NO_ERROR;
}

static BOOLEAN StartIO(PVOID Context, PVIDEO_REQUEST_PACKET Packet)
{
    VP_STATUS Status = ERROR_INVALID_FUNCTION;
    ULONG Index;

    for (Index = 0; Index < sizeof(Requests) / sizeof(Requests[0]); Index++)
        if (Requests[Index].Code == Packet->IoControlCode)
            Status = Requests[Index].Answer(Packet);
    if (Packet->IoControlCode == IOCTL_VIDEO_SET_CURRENT_MODE)
        Status = SetMode(Context);
    if (Packet->IoControlCode == IOCTL_VIDEO_MAP_VIDEO_MEMORY)
        Status = Map(Context, Packet);
    if (Packet->IoControlCode == IOCTL_VIDEO_UNMAP_VIDEO_MEMORY)
        Status = VideoPortUnmapMemory(
            Context, ((PVIDEO_MEMORY)Packet->InputBuffer)->RequestedVirtualAddress, NULL);
    Packet->StatusBlock->Status = Status;
    return TRUE;
}

/* An array of characters on the stack is what makes a compiler use the cookie. */
static __declspec(noinline) ULONG Guarded(ULONG Length)
{
    volatile UCHAR Buffer[64];
    ULONG Index, Sum = 0;

    for (Index = 0; Index < Length; Index++)
        Buffer[Index] = (UCHAR)Index;
    for (Index = 0; Index < Length; Index++)
        Sum += Buffer[Index];
    return Sum;
}

static __declspec(noinline) ULONG Value(ULONG Index)
{
    return Large[Index] + 0x77;
}

static __declspec(noinline) ULONG Tried(ULONG Index)
{
    ULONG Result = 0;

    __try {
        Result = Value(Index);
    } __except (1) {
        Result = 1;
    }
    return Result;
}

static BOOLEAN Initialize(PVOID Context)
{
    ULONG Index, Sum = 0;

    if (__security_cookie == COOKIE)
        DbgPrint("wrong: nobody seeded the cookie");
    if (Guarded(64) != 63 * 64 / 2)
        DbgPrint("wrong: a sum");
    if (Tried(7) != 0x77)
        DbgPrint("wrong: a __try scope in which nothing happens");
    if (Dividend / Divisor != 0x12344444567LL || Dividend % Divisor != 0x8888)
        DbgPrint("wrong: %I64x", Dividend / Divisor);
    if ((ULONGLONG)Dividend >> Shift != 0x123456789abcULL || Dividend * 3 != 0x369d0369d0369cdLL)
        DbgPrint("wrong: %I64x", (ULONGLONG)Dividend >> Shift);
    for (Index = 0; Index < 4096; Index++)
        Sum += Large[Index];
    if (Sum || TlsTemplate[1] != 2)
        DbgPrint("wrong: data");
#if defined(BY_NUMBER)
    VideoPortByNumber(7);
#endif
#if defined(FAULT)
    Sum = *(volatile ULONG *)(ULONG_PTR)Sum;
#endif
    return TRUE;
}

#pragma code_seg("INIT")

static VP_STATUS FindAdapter(PVOID Context, PVOID HwContext, PWSTR Argument,
                             PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    PEXTENSION Extension = Context;
    ULONG Slot = 0;

    if (VideoPortGetAccessRanges(Extension, 0, NULL, 2, Extension->Ranges, NULL, NULL, &Slot) !=
        NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    Extension->Registers = VideoPortGetDeviceBase(Extension, Extension->Ranges[0].RangeStart,
                                                  Extension->Ranges[0].RangeLength, 0);
    return Extension->Registers ? NO_ERROR : ERROR_DEV_NOT_EXIST;
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

    memset(&Data, 0, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIO;
    Data.HwDeviceExtensionSize = sizeof(EXTENSION);
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
