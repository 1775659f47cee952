/* SPDX-License-Identifier: MIT */
/*
 * A driver for adapter "sim" that imports what older drivers do: variables, names behind macros,
 * functions by name at run time, the C runtime's callbacks. It prints "wrong ..." for each answer
 * that is not the documented one, and at the end how many it looked at; test_names.py counts them.
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

#define IMPORT __declspec(dllimport)

IMPORT ULONG DbgPrint(PCSTR Format, ...);
IMPORT PVOID NTAPI MmGetSystemRoutineAddress(PUNICODE_STRING Name);
IMPORT BOOLEAN NTAPI ExIsProcessorFeaturePresent(ULONG Feature);
IMPORT VOID NTAPI RtlMoveMemory(PVOID To, const VOID *From, SIZE_T Length);
IMPORT char *_itoa(int Value, char *To, int Base);
IMPORT void qsort(void *Base, size_t Count, size_t Size,
                  int (*Compare)(const void *, const void *));
IMPORT CCHAR KeNumberProcessors;
IMPORT BOOLEAN KdDebuggerEnabled;
IMPORT ULONG InitSafeBootMode;
#ifdef __i386__
typedef struct {
    ULONG Low;
    LONG High1, High2;
} TICKS;
IMPORT volatile TICKS KeTickCount;
IMPORT PLIST_ENTRY FASTCALL ExfInterlockedInsertHeadList(PLIST_ENTRY List, PLIST_ENTRY Entry,
                                                         PULONG_PTR Lock);
IMPORT PLIST_ENTRY FASTCALL ExfInterlockedRemoveHeadList(PLIST_ENTRY List, PULONG_PTR Lock);
IMPORT LARGE_INTEGER NTAPI RtlLargeIntegerDivide(LARGE_INTEGER Dividend, LARGE_INTEGER Divisor,
                                                 PLARGE_INTEGER Remainder);
IMPORT VOID NTAPI KeQueryTickCount(PLARGE_INTEGER Count);
#endif

static ULONG Checks;

static void Check(BOOLEAN Good, PCSTR What)
{
    Checks++;
    if (!Good)
        DbgPrint("wrong %s\n", What);
}

#define CHECK(condition) Check(condition, #condition)

static PVOID Ask(PWSTR Text)
{
    UNICODE_STRING Name;

    for (Name.Length = 0; Text[Name.Length / 2]; Name.Length += 2)
        ;
    Name.MaximumLength = Name.Length;
    Name.Buffer = Text;
    return MmGetSystemRoutineAddress(&Name);
}

static int Descending(const void *A, const void *B)
{
    return *(const int *)B - *(const int *)A;
}

static void Names(PVOID Extension, PVIDEO_PORT_CONFIG_INFO Info)
{
    ULONG (*Print)(PCSTR Format, ...) = Ask(L"DbgPrint");
    VOID NTAPI (*Zero)(PVOID, ULONG) =
        Info->VideoPortGetProcAddress(Extension, (PUCHAR) "VideoPortZeroMemory");
    int Numbers[] = {1, 3, 2};
    char Text[16] = "xxx";

    CHECK(Print != NULL && Ask(L"DbgPrinter") == NULL && Ask(L"VideoPortZeroMemory") == NULL);
    Print("asked for %s and %d\n", "it", 42);
    Zero(Text, 2);
    CHECK(Text[0] == 0 && Text[1] == 0 && Text[2] == 'x');
    CHECK(_itoa(-42, Text, 10) == Text && Text[0] == '-' && Text[2] == '2' && Text[3] == 0);
    qsort(Numbers, 3, sizeof(int), Descending);
    CHECK(Numbers[0] == 3 && Numbers[1] == 2 && Numbers[2] == 1);
    CHECK(ExIsProcessorFeaturePresent(10)); /* PF_XMMI64_INSTRUCTIONS_AVAILABLE */
    CHECK(KeNumberProcessors == 32 && !KdDebuggerEnabled && InitSafeBootMode == 0);
}

#ifdef __i386__
static void OlderNames(void)
{
    LARGE_INTEGER Dividend, Divisor, Rest, Count;
    LIST_ENTRY List, Entry;
    ULONG_PTR Lock = 0;
    ULONG Before = KeTickCount.Low;

    VideoPortStallExecution(40000); /* some ticks of 15.6 ms */
    KeQueryTickCount(&Count);
    CHECK(KeTickCount.Low > Before && KeTickCount.Low >= (ULONG)Count.QuadPart &&
          KeTickCount.High1 == KeTickCount.High2);
    List.Flink = List.Blink = &List;
    CHECK(ExfInterlockedInsertHeadList(&List, &Entry, &Lock) == NULL);
    CHECK(ExfInterlockedRemoveHeadList(&List, &Lock) == &Entry);
    Dividend.QuadPart = -15000000001LL;
    Divisor.QuadPart = 5000000000LL;
    CHECK(RtlLargeIntegerDivide(Dividend, Divisor, &Rest).QuadPart == -3 && Rest.QuadPart == -1);
}
#endif

/* Registers are no memory: the copy out of them is emulated. */
static void Device(PVOID Extension, PUCHAR Registers)
{
    PUCHAR Rom = VideoPortGetRomImage(Extension, NULL, 0, 512);
    ULONG Id = 0;

    RtlMoveMemory(&Id, Registers, sizeof(Id));
    CHECK(Id == VideoPortReadRegisterUlong((PULONG)Registers));
    CHECK(Rom != NULL && Rom[0] == 0x55 && Rom[1] == 0xAA);
    CHECK(VideoPortScanRom(Extension, Rom, 512, (PUCHAR) "simulated display adapter"));
    CHECK(VideoPortGetRomImage(Extension, NULL, 0, 0) == NULL);
}

static VP_STATUS NTAPI FindAdapter(PVOID Extension, PVOID HwContext, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    VIDEO_ACCESS_RANGE Ranges[2];
    PUCHAR Registers;

    if (VideoPortGetAccessRanges(Extension, 0, NULL, 2, Ranges, NULL, NULL, NULL) != NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    Registers = VideoPortGetDeviceBase(Extension, Ranges[0].RangeStart, Ranges[0].RangeLength, 0);
    if (Registers == NULL)
        return ERROR_DEV_NOT_EXIST;
    CHECK(Info->SystemMemorySize == 64 << 20);
    Names(Extension, Info);
#ifdef __i386__
    OlderNames();
#endif
    Device(Extension, Registers);
    DbgPrint("checks %u\n", Checks);
    return NO_ERROR;
}

static BOOLEAN NTAPI Initialize(PVOID Extension)
{
    return TRUE;
}

static BOOLEAN NTAPI StartIo(PVOID Extension, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    return FALSE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIo;
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
