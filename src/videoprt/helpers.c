/* SPDX-License-Identifier: MIT */
/* Small services that are one kernel service each: memory, atomic operations, time, level. Any IRQL
 * if the memory is resident. */
#include "videoprt.h"

/* The kernel's functions, not macros over them: miniports name registers and video memory here, for
 * which a compiler's own way to copy is not made. */
#undef RtlMoveMemory
#undef RtlZeroMemory
NTSYSAPI VOID NTAPI RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
NTSYSAPI VOID NTAPI RtlZeroMemory(PVOID Destination, SIZE_T Length);

/* How many bytes are equal before the first difference. */
ULONG NTAPI VideoPortCompareMemory(PVOID Source1, PVOID Source2, SIZE_T Length)
{
    return (ULONG)RtlCompareMemory(Source1, Source2, Length);
}

VOID NTAPI VideoPortMoveMemory(PVOID Destination, PVOID Source, ULONG Length)
{
    RtlMoveMemory(Destination, Source, Length);
}

VOID NTAPI VideoPortZeroMemory(PVOID Destination, ULONG Length)
{
    RtlZeroMemory(Destination, Length);
}

/*
 * Device memory: a register BAR takes single accesses only, as wide as alignment and length allow.
 */
VOID NTAPI VideoPortZeroDeviceMemory(PVOID Destination, ULONG Length)
{
    PUCHAR Byte = Destination;

    for (; Length > 0 && ((ULONG_PTR)Byte & 3) != 0; Length--, Byte++)
        WRITE_REGISTER_UCHAR(Byte, 0);
    for (; Length >= sizeof(ULONG); Length -= sizeof(ULONG), Byte += sizeof(ULONG))
        WRITE_REGISTER_ULONG((PULONG)(PVOID)Byte, 0);
    for (; Length > 0; Length--, Byte++)
        WRITE_REGISTER_UCHAR(Byte, 0);
}

LONG FASTCALL VideoPortInterlockedDecrement(PLONG Addend)
{
    return InterlockedDecrement(Addend);
}

LONG FASTCALL VideoPortInterlockedIncrement(PLONG Addend)
{
    return InterlockedIncrement(Addend);
}

LONG FASTCALL VideoPortInterlockedExchange(PLONG Target, LONG Value)
{
    return InterlockedExchange(Target, Value);
}

UCHAR NTAPI VideoPortGetCurrentIrql(VOID)
{
    return KeGetCurrentIrql();
}

VOID NTAPI VideoPortStallExecution(ULONG Microseconds)
{
    KeStallExecutionProcessor(Microseconds);
}

LONGLONG NTAPI VideoPortQueryPerformanceCounter(PVOID HwDeviceExtension,
                                                PLONGLONG PerformanceFrequency)
{
    LARGE_INTEGER Frequency, Counter = KeQueryPerformanceCounter(&Frequency);

    if (PerformanceFrequency != NULL)
        *PerformanceFrequency = Frequency.QuadPart;
    return Counter.QuadPart;
}

VOID NTAPI VideoPortQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
    KeQuerySystemTime(CurrentTime);
}
