/* SPDX-License-Identifier: MIT */
/*
 * Each function that vport_ms_abi.h gives to a shared object without NTAPI, called and checked in
 * DriverEntry, which then gives up. What gcc calls by itself, for the two structures, is among
 * them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <ntddk.h>
#include <video.h>

typedef struct {
    CHAR Bytes[5000];
} LARGE;

static int Print(char *To, size_t Size, const char *Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = _vsnprintf(To, Size, Format, Arguments);
    va_end(Arguments);
    return Length;
}

static ULONG Wrong(LARGE *One, LARGE *Other)
{
    char Text[32], *Volatile = One->Bytes;
    ULONG Bits = 0;

    *One = (LARGE){"driver"};
    *Other = *One;
    Bits |= (memcmp(One, Other, sizeof(*One)) != 0) << 0;
    Bits |= (strlen(Volatile) != 6) << 1;
    Bits |= (strcmp(Volatile, "driver") != 0) << 2;
    Bits |= (strncmp(Volatile, "drink", 3) != 0 || strncmp(Volatile, "drink", 4) == 0) << 3;
    Bits |= (strchr(Volatile, 'v') != Volatile + 3) << 4;
    Bits |= (strstr(Volatile, "iv") != Volatile + 2) << 5;
    Bits |= (strcmp(strcat(strcpy(Text, Volatile), "s"), "drivers") != 0) << 6;
    Bits |= (strncpy(Text, "x", 3) != Text || Text[2] != 0 || Text[3] != 'v') << 7;
    Bits |= (memmove(Volatile + 1, Volatile, 7) != Volatile + 1 || strcmp(Volatile, "ddriver") != 0)
            << 8;
    Bits |= (memset(Text, 'z', 2) != Text || Text[1] != 'z') << 9;
    Bits |= (sprintf(Text, "%d %s", -7, "of") != 5 || strcmp(Text, "-7 of") != 0) << 10;
    Bits |= (_snprintf(Text, 4, "%x", 0xabcdef) != -1 || memcmp(Text, "abcd", 4) != 0) << 11;
    Bits |= (Print(Text, sizeof(Text), "%s %u %I64d", "a", 2u, -3ll) != 6 ||
             strcmp(Text, "a 2 -3") != 0)
            << 12;
    Bits |= (memcpy(Text, "q", 2) != Text || strcmp(Text, "q") != 0) << 13;
    return Bits;
}

ULONG DriverEntry(PVOID Context1, PVOID Context2)
{
    static LARGE One, Other;

    DbgPrint("wrong: %x", Wrong(&One, &Other));
    return (ULONG)STATUS_UNSUCCESSFUL;
}
