/* SPDX-License-Identifier: MIT */
/*
 * The picture store. A display next to edu is named by three values in the registry, since its
 * resources are another driver's, or nobody's:
 *
 *   ScreenMemory        8 bytes  bus address of its video memory, which edu must be able to reach
 *   ScreenMemoryLength  4 bytes
 *   ScreenRegisters     8 bytes  bus address of its DISPI registers
 *
 * Without them pictures are kept in a common buffer of their size.
 */
#include "edu.h"

#define EDU_MOST_COMMON 0x8000000u /* bytes */

/* ---- Finding it ---- */

typedef struct _EDU_VALUE {
    PVOID Data;
    ULONG Length;
} EDU_VALUE, *PEDU_VALUE;

static VP_STATUS NTAPI EduTakeValue(PVOID HwDeviceExtension, PVOID Context, PWSTR ValueName,
                                    PVOID ValueData, ULONG ValueLength)
{
    PEDU_VALUE Value = Context;

    (void)HwDeviceExtension;
    (void)ValueName;
    if (ValueLength != Value->Length)
        return ERROR_INVALID_PARAMETER;
    VideoPortMoveMemory(Value->Data, ValueData, ValueLength);
    return NO_ERROR;
}

static BOOLEAN EduReadValue(PEDU_EXTENSION Extension, PWSTR Name, PVOID Data, ULONG Length)
{
    EDU_VALUE Value;

    Value.Data = Data;
    Value.Length = Length;
    return VideoPortGetRegistryParameters(Extension, Name, FALSE, EduTakeValue, &Value) == NO_ERROR;
}

static USHORT EduReadDisplay(PEDU_EXTENSION Extension, ULONG Index)
{
    return VideoPortReadRegisterUshort(
        (PUSHORT)(PVOID)(Extension->Store.Registers + DISPI_REGISTER(Index)));
}

static VOID EduWriteDisplay(PEDU_EXTENSION Extension, ULONG Index, ULONG Value)
{
    VideoPortWriteRegisterUshort(
        (PUSHORT)(PVOID)(Extension->Store.Registers + DISPI_REGISTER(Index)), (USHORT)Value);
}

VOID EduCloseStore(PEDU_EXTENSION Extension)
{
    PEDU_STORE Store = &Extension->Store;

    if (Store->Common)
        VideoPortReleaseCommonBuffer(Extension, Extension->Adapter, Store->Length, Store->Address,
                                     Store->Common, TRUE);
    if (Store->VideoMemory)
        VideoPortFreeDeviceBase(Extension, Store->VideoMemory);
    if (Store->Registers)
        VideoPortFreeDeviceBase(Extension, Store->Registers);
    VideoPortZeroMemory(Store, sizeof(*Store));
}

/* Version B0C0h and later speak DISPI. */
static BOOLEAN EduMapDisplay(PEDU_EXTENSION Extension, PHYSICAL_ADDRESS Registers)
{
    PEDU_STORE Store = &Extension->Store;

    Store->Registers = VideoPortGetDeviceBase(Extension, Registers, DISPI_LENGTH, 0);
    Store->VideoMemory = VideoPortGetDeviceBase(Extension, Store->Address, Store->Length, 0);
    return Store->Registers && Store->VideoMemory &&
           (EduReadDisplay(Extension, DISPI_ID) & 0xfff0) == 0xb0c0;
}

VOID EduFindDisplay(PEDU_EXTENSION Extension)
{
    static WCHAR Memory[] = L"ScreenMemory", Length[] = L"ScreenMemoryLength",
                 Registers[] = L"ScreenRegisters";
    PEDU_STORE Store = &Extension->Store;
    PHYSICAL_ADDRESS RegisterAddress;

    if (!EduReadValue(Extension, Memory, &Store->Address, sizeof(Store->Address)) ||
        !EduReadValue(Extension, Length, &Store->Length, sizeof(Store->Length)) ||
        !EduReadValue(Extension, Registers, &RegisterAddress, sizeof(RegisterAddress)) ||
        !EduMapDisplay(Extension, RegisterAddress))
        EduCloseStore(Extension);
}

/* ---- Sizes ---- */

static BOOLEAN EduSideFits(ULONG Side)
{
    return Side >= DISPI_LEAST_SIDE && Side <= DISPI_MOST_SIDE;
}

BOOLEAN EduSizeFits(PEDU_EXTENSION Extension, const EDU_SIZE *Size)
{
    PEDU_STORE Store = &Extension->Store;
    ULONG Most = Store->Registers ? Store->Length : EDU_MOST_COMMON;

    if (Store->Registers && (!EduSideFits(Size->Width) || !EduSideFits(Size->Height)))
        return FALSE;
    return Size->Width != 0 && (ULONGLONG)Size->Width * Size->Height <= Most / EDU_PIXEL;
}

/* ---- A common buffer ---- */

static VP_STATUS EduPrepareCommon(PEDU_EXTENSION Extension, ULONG Length)
{
    PEDU_STORE Store = &Extension->Store;

    if (Store->Length != Length) {
        EduCloseStore(Extension);
        Store->Common = VideoPortAllocateCommonBuffer(Extension, Extension->Adapter, Length,
                                                      &Store->Address, TRUE, NULL);
        if (Store->Common == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        Store->Length = Length;
    }
    VideoPortZeroMemory(Store->Common, Length);
    return NO_ERROR;
}

/* ---- A display ---- */

/* By the page, out of the piece buffer, which nobody uses between requests. */
static VOID EduBlank(PEDU_EXTENSION Extension, ULONG Length)
{
    PUCHAR Memory = Extension->Store.VideoMemory;
    ULONG Done, Part;

    VideoPortZeroMemory(Extension->Piece, EDU_BUFFER_LENGTH);
    for (Done = 0; Done < Length; Done += Part) {
        Part = Length - Done < EDU_BUFFER_LENGTH ? Length - Done : EDU_BUFFER_LENGTH;
        VideoPortWriteRegisterBufferUlong((PULONG)(PVOID)(Memory + Done), Extension->Piece,
                                          Part / sizeof(ULONG));
    }
}

VOID EduHide(PEDU_EXTENSION Extension)
{
    if (Extension->Store.Registers)
        EduWriteDisplay(Extension, DISPI_ENABLE, 0);
}

/* The display rounds what it cannot do; that is no mode of this size then. */
VP_STATUS EduShow(PEDU_EXTENSION Extension, const EDU_SIZE *Size)
{
    if (!Extension->Store.Registers)
        return NO_ERROR;
    EduHide(Extension);
    EduWriteDisplay(Extension, DISPI_XRES, Size->Width);
    EduWriteDisplay(Extension, DISPI_YRES, Size->Height);
    EduWriteDisplay(Extension, DISPI_BPP, 8 * EDU_PIXEL);
    EduWriteDisplay(Extension, DISPI_VIRTUAL_WIDTH, Size->Width);
    EduWriteDisplay(Extension, DISPI_X_OFFSET, 0);
    EduWriteDisplay(Extension, DISPI_Y_OFFSET, 0);
    EduWriteDisplay(Extension, DISPI_ENABLE, DISPI_ENABLE_ON | DISPI_ENABLE_LINEAR);
    if (EduReadDisplay(Extension, DISPI_XRES) == Size->Width &&
        EduReadDisplay(Extension, DISPI_YRES) == Size->Height)
        return NO_ERROR;
    EduHide(Extension);
    return ERROR_INVALID_PARAMETER;
}

VP_STATUS EduPrepareStore(PEDU_EXTENSION Extension, const EDU_SIZE *Size)
{
    ULONG Length = Size->Width * Size->Height * EDU_PIXEL;

    if (!Extension->Store.Registers)
        return EduPrepareCommon(Extension, Length);
    EduBlank(Extension, Length);
    return NO_ERROR;
}
