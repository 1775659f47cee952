/* SPDX-License-Identifier: MIT */
/*
 * The engine: a piece of a picture, at most EDU_MAX_COMMAND bytes, goes from memory to edu's own
 * memory in one command and on to the store in one command a row that it touches; or the other way
 * round. Each command ends in an interrupt, after which the next is given.
 */
#include "edu.h"

/* Between an address and edu's memory, `Offset` bytes into it. The lock is held. */
static VOID EduCommand(PEDU_EXTENSION Extension, ULONGLONG Address, ULONG Offset, ULONG Length,
                       BOOLEAN ToMemory)
{
    ULONG Inside = EDU_BUFFER + Offset;
    ULONG Outside = (ULONG)Address; /* within the 28 lines that the adapter was described with */

    EduWrite(Extension, EDU_REG_DMA_SOURCE, ToMemory ? Inside : Outside);
    EduWrite(Extension, EDU_REG_DMA_TARGET, ToMemory ? Outside : Inside);
    EduWrite(Extension, EDU_REG_DMA_COUNT, Length);
    EduWrite(Extension, EDU_REG_DMA_COMMAND,
             EDU_DMA_RUN | EDU_DMA_INTERRUPT | (ToMemory ? EDU_DMA_TO_MEMORY : 0));
}

/* The whole piece, between memory and edu. */
static VOID EduCommandOutside(PEDU_EXTENSION Extension)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;

    Transfer->Outside = TRUE;
    EduCommand(Extension, Transfer->Address, 0, Transfer->Chunk, !Transfer->WriteToDevice);
}

/* What of the piece lies in one row of the store, between edu and there. */
static VOID EduCommandStore(PEDU_EXTENSION Extension)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    ULONG Position = Transfer->Position + Transfer->Stored;
    ULONG Column = Position % Transfer->Row;
    ULONG Length = Transfer->Chunk - Transfer->Stored;
    ULONG Offset = Transfer->Stored;

    if (Transfer->Row != Transfer->Pitch && Length > Transfer->Row - Column)
        Length = Transfer->Row - Column;
    Transfer->Stored += Length;
    EduCommand(Extension,
               (ULONGLONG)Extension->Store.Address.QuadPart +
                   (ULONGLONG)(Position / Transfer->Row) * Transfer->Pitch + Column,
               Offset, Length, Transfer->WriteToDevice);
}

BOOLEAN EduNextCommand(PEDU_EXTENSION Extension)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN StoreFirst = !Transfer->WriteToDevice;

    if (!Transfer->Outside && !(StoreFirst && Transfer->Stored < Transfer->Chunk))
        EduCommandOutside(Extension);
    else if (Transfer->Stored < Transfer->Chunk)
        EduCommandStore(Extension);
    else
        return FALSE;
    return TRUE;
}

VOID EduBeginPiece(PEDU_EXTENSION Extension, ULONGLONG Address)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;

    Transfer->Address = Address;
    Transfer->Outside = FALSE;
    Transfer->Stored = 0;
    Transfer->State = EduRunning;
    Transfer->Operations++;
    (void)EduNextCommand(Extension); /* a piece has at least one byte */
}

/* Whatever the device was up to before: no cause is left pending. */
VOID EduIdleEngine(PEDU_EXTENSION Extension)
{
    EduWrite(Extension, EDU_REG_IRQ_ACK, EduRead(Extension, EDU_REG_IRQ_STATUS));
}
