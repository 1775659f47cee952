/* SPDX-License-Identifier: MIT */
/*
 * Moving pictures, packet-based: lock the buffer, then operation by operation. VideoPortStartDma
 * clips the length to what the engine takes (one element, since edu knows no scatter/gather) and
 * calls EduExecuteDma; the engine's commands end in interrupts; EduInterrupt queues EduDpc, which
 * gives the next command, or completes the operation and starts the next one at the advanced
 * offset. StartIO waits for the end.
 *
 * The second path goes through a common buffer that edu can always reach: the CPU copies.
 */
#include "edu.h"

/* No command takes longer than this (100 ns units, relative); edu says 100 ms. */
#define EDU_TIMEOUT (-2 * 10000000ll)

/* ---- One operation ---- */

static VOID EduSetState(PEDU_EXTENSION Extension, EDU_STATE State)
{
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Extension->Transfer.State = State;
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
}

/* The transfer is over: whoever waits goes on. */
static VOID EduFinish(PEDU_EXTENSION Extension, VP_STATUS Status)
{
    Extension->Transfer.Status = Status;
    VideoPortSetEvent(Extension, Extension->Done);
}

/* Called by VideoPortStartDma, now or later, at DISPATCH_LEVEL. */
static VOID NTAPI EduExecuteDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    PEDU_EXTENSION Extension = HwDeviceExtension;
    PEDU_TRANSFER Transfer = Context;
    BOOLEAN Orphan;

    VideoPortAcquireSpinLockAtDpcLevel(Extension, Extension->Lock);
    Orphan = Transfer->State == EduOrphan;
    if (!Orphan) {
        Transfer->List = SGList;
        Transfer->Elements += SGList->NumberOfElements;
        EduBeginPiece(Extension, (ULONGLONG)SGList->Elements[0].Address.QuadPart);
    }
    VideoPortReleaseSpinLockFromDpcLevel(Extension, Extension->Lock);
    if (!Orphan)
        return;
    VideoPortCompleteDma(Extension, VpDmaAdapter, SGList, Transfer->WriteToDevice);
    VideoPortUnlockBuffer(Extension, Transfer->Mdl);
    EduSetState(Extension, EduIdle);
}

/* After NO_ERROR the whole transfer may be over when this returns: nothing of it is touched. */
static VP_STATUS EduStartOperation(PEDU_EXTENSION Extension)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    VP_STATUS Status;

    EduSetState(Extension, EduQueued);
    Transfer->Chunk = Transfer->Length - Transfer->Position;
    Status = VideoPortStartDma(Extension, Extension->Adapter, Transfer->Mdl, Transfer->Position,
                               &Transfer->Chunk, EduExecuteDma, Transfer, Transfer->WriteToDevice);
    if (Status != NO_ERROR)
        EduSetState(Extension, EduIdle);
    return Status;
}

/* ---- Interrupt and DPC ---- */

/* Gives the next command. TRUE: the piece is done, and belongs to nobody but the caller. */
static BOOLEAN EduTakeEnded(PEDU_EXTENSION Extension, PVP_SCATTER_GATHER_LIST *List)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Ended;

    VideoPortAcquireSpinLockAtDpcLevel(Extension, Extension->Lock);
    Ended = Transfer->State == EduRunning &&
            (EduRead(Extension, EDU_REG_DMA_COMMAND) & EDU_DMA_RUN) == 0 &&
            !EduNextCommand(Extension);
    if (Ended) {
        *List = Transfer->List;
        Transfer->State = EduIdle;
    }
    VideoPortReleaseSpinLockFromDpcLevel(Extension, Extension->Lock);
    return Ended;
}

static VOID NTAPI EduDpc(PVOID HwDeviceExtension, PVOID Context)
{
    PEDU_EXTENSION Extension = HwDeviceExtension;
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    PVP_SCATTER_GATHER_LIST List;
    VP_STATUS Status = NO_ERROR;

    (void)Context;
    if (!EduTakeEnded(Extension, &List))
        return;
    if (List)
        VideoPortCompleteDma(Extension, Extension->Adapter, List, Transfer->WriteToDevice);
    Transfer->Position += Transfer->Chunk;
    if (List && Transfer->Position < Transfer->Length) {
        Status = EduStartOperation(Extension);
        if (Status == NO_ERROR)
            return;
    }
    EduFinish(Extension, Status);
}

BOOLEAN NTAPI EduInterrupt(PVOID HwDeviceExtension)
{
    PEDU_EXTENSION Extension = HwDeviceExtension;
    ULONG Causes = EduRead(Extension, EDU_REG_IRQ_STATUS);

    if (Causes == 0 || Causes == 0xffffffff)
        return FALSE; /* somebody else on this line, or no device any more */
    EduWrite(Extension, EDU_REG_IRQ_ACK, Causes);
    if (Causes & EDU_IRQ_DMA)
        VideoPortQueueDpc(Extension, EduDpc, NULL);
    return TRUE;
}

/* ---- Waiting, and giving up ---- */

/*
 * After a timeout. FALSE: the transfer has moved on since `Operations`, or is about to. TRUE: it is
 * over. edu's engine cannot be stopped, so the device is cut off from memory before its operation
 * is completed; or the operation still waits for map registers and is an orphan now, which ends
 * itself and unlocks the buffer.
 */
static BOOLEAN EduGiveUp(PEDU_EXTENSION Extension, PULONG Operations, PBOOLEAN Orphan)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    EDU_STATE State;
    BOOLEAN Moved;
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    State = Transfer->State;
    Moved = *Operations != Transfer->Operations || State == EduIdle;
    *Operations = Transfer->Operations;
    *Orphan = !Moved && State == EduQueued;
    if (!Moved)
        Transfer->State = *Orphan ? EduOrphan : EduIdle;
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    if (Moved || *Orphan)
        return !Moved;
    EduSetBusMaster(Extension, FALSE);
    Extension->CutOff = TRUE;
    if (Transfer->List)
        VideoPortCompleteDma(Extension, Extension->Adapter, Transfer->List,
                             Transfer->WriteToDevice);
    return TRUE;
}

static VP_STATUS EduWait(PEDU_EXTENSION Extension, PBOOLEAN Orphan)
{
    LARGE_INTEGER Timeout;
    ULONG Operations = 0;

    *Orphan = FALSE;
    do {
        Timeout.QuadPart = EDU_TIMEOUT;
        if (VideoPortWaitForSingleObject(Extension, Extension->Done, &Timeout) == NO_ERROR)
            return Extension->Transfer.Status;
    } while (!EduGiveUp(Extension, &Operations, Orphan));
    return WAIT_TIMEOUT;
}

/* ---- The request ---- */

/* Straight between the caller's pages and edu. */
static VP_STATUS EduMovePackets(PEDU_EXTENSION Extension, PBOOLEAN Orphan)
{
    VP_STATUS Status = EduStartOperation(Extension);

    *Orphan = FALSE;
    return Status == NO_ERROR ? EduWait(Extension, Orphan) : Status;
}

/* One piece through the common buffer: the DPC advances Position. */
static VP_STATUS EduMovePiece(PEDU_EXTENSION Extension, PUCHAR Piece)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Orphan; /* never: nothing waits for map registers */
    VP_STATUS Status;
    UCHAR OldIrql;

    if (Transfer->WriteToDevice)
        VideoPortMoveMemory(Extension->Piece, Piece, Transfer->Chunk);
    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Transfer->List = NULL;
    EduBeginPiece(Extension, (ULONGLONG)Extension->PieceAddress.QuadPart);
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    Status = EduWait(Extension, &Orphan);
    if (Status == NO_ERROR && !Transfer->WriteToDevice)
        VideoPortMoveMemory(Piece, Extension->Piece, Transfer->Chunk);
    return Status;
}

static VP_STATUS EduMoveCommon(PEDU_EXTENSION Extension, PUCHAR Buffer)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    VP_STATUS Status = NO_ERROR;

    while (Status == NO_ERROR && Transfer->Position < Transfer->Length) {
        Transfer->Chunk = Transfer->Length - Transfer->Position;
        if (Transfer->Chunk > EDU_MAX_COMMAND)
            Transfer->Chunk = EDU_MAX_COMMAND;
        Status = EduMovePiece(Extension, Buffer + Transfer->Position);
    }
    return Status;
}

/* A device that hung may come back; until its last command has ended it is left alone. */
static BOOLEAN EduReconnect(PEDU_EXTENSION Extension)
{
    if (!Extension->CutOff)
        return TRUE;
    if (EduRead(Extension, EDU_REG_DMA_COMMAND) & EDU_DMA_RUN)
        return FALSE;
    EduIdleEngine(Extension);
    EduSetBusMaster(Extension, TRUE);
    Extension->CutOff = FALSE;
    return TRUE;
}

/* FALSE: the last transfer's orphan still waits, or its device still hangs. */
static BOOLEAN EduBeginTransfer(PEDU_EXTENSION Extension, const VPORT_BLIT *Blit, ULONG Pitch)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Free;
    UCHAR OldIrql;

    if (!EduReconnect(Extension))
        return FALSE;
    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Free = Transfer->State == EduIdle;
    if (Free) {
        VideoPortZeroMemory(Transfer, sizeof(*Transfer));
        Transfer->WriteToDevice = Blit->Direction == VPORT_BLIT_TO_DEVICE;
        Transfer->Row = Blit->Width * EDU_PIXEL;
        Transfer->Pitch = Pitch;
        Transfer->Length = Transfer->Row * Blit->Height;
    }
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    VideoPortClearEvent(Extension, Extension->Done);
    return Free;
}

static VP_STATUS EduTransferPicture(PEDU_EXTENSION Extension, const VPORT_BLIT *Blit)
{
    PEDU_TRANSFER Transfer = &Extension->Transfer;
    PVOID Buffer = (PVOID)(ULONG_PTR)Blit->Buffer;
    BOOLEAN Orphan = FALSE;
    VP_STATUS Status;

    /* The lock is also what makes the caller's buffer safe to touch by CPU, on the second path. */
    Transfer->Mdl = VideoPortLockBuffer(Extension, Buffer, Transfer->Length,
                                        Transfer->WriteToDevice ? VpReadAccess : VpWriteAccess);
    if (Transfer->Mdl == NULL)
        return ERROR_INVALID_PARAMETER;
    if (Blit->Flags & VPORT_BLIT_COMMON_BUFFER)
        Status = EduMoveCommon(Extension, Buffer);
    else
        Status = EduMovePackets(Extension, &Orphan);
    if (!Orphan)
        VideoPortUnlockBuffer(Extension, Transfer->Mdl);
    return Status;
}

VP_STATUS EduBlit(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVPORT_BLIT_RESULT Result = Packet->OutputBuffer;
    VPORT_BLIT Blit;
    EDU_SIZE Screen;
    VP_STATUS Status;

    if (Packet->InputBufferLength < sizeof(Blit) || Packet->OutputBufferLength < sizeof(*Result))
        return ERROR_INSUFFICIENT_BUFFER;
    Blit = *(PVPORT_BLIT)Packet->InputBuffer; /* the output will cover it */
    if (!EduCurrentSize(Extension, &Screen) || Blit.Direction > VPORT_BLIT_FROM_DEVICE ||
        Blit.Width == 0 || Blit.Height == 0 || Blit.Width > Screen.Width ||
        Blit.Height > Screen.Height)
        return ERROR_INVALID_PARAMETER;
    if (!EduBeginTransfer(Extension, &Blit, Screen.Width * EDU_PIXEL))
        return ERROR_BUSY;
    Status = EduTransferPicture(Extension, &Blit);
    if (Status != NO_ERROR)
        return Status;
    Result->Operations = Blit.Flags & VPORT_BLIT_COMMON_BUFFER ? 0 : Extension->Transfer.Operations;
    Result->Elements = Extension->Transfer.Elements;
    Result->Bytes = Extension->Transfer.Length;
    Packet->StatusBlock->Information = sizeof(*Result);
    return NO_ERROR;
}
