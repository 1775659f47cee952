/* SPDX-License-Identifier: MIT */
/*
 * Moving pictures by the card's own bus mastering.
 *
 * Packet-based, as a driver does it: lock the buffer, then operation by operation:
 * VideoPortStartDma clips the length and calls SimExecuteDma with a scatter/gather list, which
 * gives the engine its command; the engine interrupts, SimInterrupt queues SimDpc, and that
 * completes the operation and starts the next one at the advanced offset. StartIO waits for the
 * end.
 *
 * The second path goes through a common buffer that the card can always reach: the CPU copies, the
 * engine moves piece by piece.
 */
#include "sim.h"

/* No command takes longer than this (100 ns units, relative); the slowest card needs 20 s. */
#define SIM_TIMEOUT (-30 * 10000000ll)

/* ---- The engine -------------------------------------------------------------------------- */

/* The lock is held. */
static VOID SimCommand(PSIM_EXTENSION Extension, ULONGLONG Address, ULONG Entries)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    ULONG Command = SIM_DMA_START;

    if (!Transfer->WriteToDevice)
        Command |= SIM_DMA_FROM_DEVICE;
    if (Entries != 0)
        Command |= SIM_DMA_LIST;
    SimWrite(Extension, SIM_REG_DMA_ADDRESS, (ULONG)Address);
    SimWrite(Extension, SIM_REG_DMA_ADDRESS_HIGH, (ULONG)(Address >> 32));
    SimWrite(Extension, SIM_REG_DMA_LENGTH, Transfer->Chunk);
    SimWrite(Extension, SIM_REG_DMA_COUNT, Entries);
    SimWrite(Extension, SIM_REG_DMA_POSITION, Transfer->Position);
    Transfer->State = SimTransferRunning;
    Transfer->Operations++;
    SimWrite(Extension, SIM_REG_DMA_COMMAND, Command);
}

static VOID SimFillTable(PSIM_EXTENSION Extension, PVP_SCATTER_GATHER_LIST List)
{
    ULONG i;

    for (i = 0; i < List->NumberOfElements; i++) {
        Extension->Table[i].Address = (ULONGLONG)List->Elements[i].Address.QuadPart;
        Extension->Table[i].Length = List->Elements[i].Length;
        Extension->Table[i].Reserved = 0;
    }
}

/* The lock is held. One element needs no table. */
static VOID SimProgramList(PSIM_EXTENSION Extension, PVP_SCATTER_GATHER_LIST List)
{
    Extension->Transfer.List = List;
    Extension->Transfer.Elements += List->NumberOfElements;
    if (List->NumberOfElements == 1) {
        SimCommand(Extension, (ULONGLONG)List->Elements[0].Address.QuadPart, 0);
        return;
    }
    SimFillTable(Extension, List);
    SimCommand(Extension, (ULONGLONG)Extension->TableAddress.QuadPart, List->NumberOfElements);
}

/* ---- One operation ----------------------------------------------------------------------- */

static VOID SimSetState(PSIM_EXTENSION Extension, SIM_TRANSFER_STATE State)
{
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Extension->Transfer.State = State;
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
}

/* The transfer is over: whoever waits goes on. */
static VOID SimFinish(PSIM_EXTENSION Extension, VP_STATUS Status)
{
    Extension->Transfer.Status = Status;
    VideoPortSetEvent(Extension, Extension->Done);
}

/* Called by VideoPortStartDma, now or later, at DISPATCH_LEVEL. */
static VOID NTAPI SimExecuteDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    PSIM_EXTENSION Extension = HwDeviceExtension;
    PSIM_TRANSFER Transfer = Context;
    BOOLEAN Orphan;

    VideoPortAcquireSpinLockAtDpcLevel(Extension, Extension->Lock);
    Orphan = Transfer->State == SimTransferOrphan;
    if (!Orphan)
        SimProgramList(Extension, SGList);
    VideoPortReleaseSpinLockFromDpcLevel(Extension, Extension->Lock);
    if (!Orphan)
        return;
    VideoPortCompleteDma(Extension, VpDmaAdapter, SGList, Transfer->WriteToDevice);
    VideoPortUnlockBuffer(Extension, Transfer->Mdl);
    SimSetState(Extension, SimTransferNone);
}

/* After NO_ERROR the whole transfer may be over when this returns: nothing of it is touched. */
static VP_STATUS SimStartOperation(PSIM_EXTENSION Extension)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    VP_STATUS Status;

    SimSetState(Extension, SimTransferQueued);
    Transfer->Chunk = Transfer->Length - Transfer->Position;
    Status = VideoPortStartDma(Extension, Extension->Adapter, Transfer->Mdl, Transfer->Position,
                               &Transfer->Chunk, SimExecuteDma, Transfer, Transfer->WriteToDevice);
    if (Status != NO_ERROR)
        SimSetState(Extension, SimTransferNone);
    return Status;
}

/* ---- Interrupt and DPC ------------------------------------------------------------------- */

/* Takes the operation that has just ended away from everybody else; FALSE if there is none. */
static BOOLEAN SimTakeEnded(PSIM_EXTENSION Extension, PVP_SCATTER_GATHER_LIST *List,
                            PULONG EngineStatus)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Ended;

    VideoPortAcquireSpinLockAtDpcLevel(Extension, Extension->Lock);
    *EngineStatus = SimRead(Extension, SIM_REG_DMA_STATUS);
    Ended = Transfer->State == SimTransferRunning && (*EngineStatus & SIM_DMA_BUSY) == 0;
    if (Ended) {
        *List = Transfer->List;
        Transfer->State = SimTransferNone;
    }
    VideoPortReleaseSpinLockFromDpcLevel(Extension, Extension->Lock);
    return Ended;
}

static VOID NTAPI SimDpc(PVOID HwDeviceExtension, PVOID Context)
{
    PSIM_EXTENSION Extension = HwDeviceExtension;
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    PVP_SCATTER_GATHER_LIST List;
    ULONG EngineStatus;
    VP_STATUS Status = NO_ERROR;

    (void)Context;
    if (!SimTakeEnded(Extension, &List, &EngineStatus))
        return;
    if (List)
        VideoPortCompleteDma(Extension, Extension->Adapter, List, Transfer->WriteToDevice);
    if (EngineStatus & SIM_DMA_ERROR) {
        SimFinish(Extension, ERROR_IO_DEVICE);
        return;
    }
    Transfer->Position += Transfer->Chunk;
    if (List && Transfer->Position < Transfer->Length) {
        Status = SimStartOperation(Extension);
        if (Status == NO_ERROR)
            return;
    }
    SimFinish(Extension, Status);
}

BOOLEAN NTAPI SimInterrupt(PVOID HwDeviceExtension)
{
    PSIM_EXTENSION Extension = HwDeviceExtension;
    ULONG Causes = SimRead(Extension, SIM_REG_IRQ_STATUS) & SimRead(Extension, SIM_REG_IRQ_ENABLE);

    if (Causes == 0)
        return FALSE; /* somebody else on this line */
    SimWrite(Extension, SIM_REG_IRQ_STATUS, Causes);
    VideoPortQueueDpc(Extension, SimDpc, NULL);
    return TRUE;
}

/* ---- Waiting, and giving up -------------------------------------------------------------- */

/*
 * After a timeout. FALSE: the transfer has moved on since `Operations`, or is about to. TRUE: it is
 * over: the engine was stopped and its operation completed; or the operation still waits for map
 * registers and is an orphan now, which ends itself and unlocks the buffer.
 */
static BOOLEAN SimGiveUp(PSIM_EXTENSION Extension, PULONG Operations, PBOOLEAN Orphan)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    SIM_TRANSFER_STATE State;
    BOOLEAN Moved;
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    State = Transfer->State;
    Moved = *Operations != Transfer->Operations || State == SimTransferNone;
    *Operations = Transfer->Operations;
    *Orphan = !Moved && State == SimTransferQueued;
    if (!Moved)
        Transfer->State = *Orphan ? SimTransferOrphan : SimTransferNone;
    if (!Moved && !*Orphan)
        SimWrite(Extension, SIM_REG_DMA_COMMAND, SIM_DMA_STOP);
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    if (!Moved && !*Orphan && Transfer->List)
        VideoPortCompleteDma(Extension, Extension->Adapter, Transfer->List,
                             Transfer->WriteToDevice);
    return !Moved;
}

static VP_STATUS SimWait(PSIM_EXTENSION Extension, PBOOLEAN Orphan)
{
    LARGE_INTEGER Timeout;
    ULONG Operations = 0;

    *Orphan = FALSE;
    do {
        Timeout.QuadPart = SIM_TIMEOUT;
        if (VideoPortWaitForSingleObject(Extension, Extension->Done, &Timeout) == NO_ERROR)
            return Extension->Transfer.Status;
    } while (!SimGiveUp(Extension, &Operations, Orphan));
    return WAIT_TIMEOUT;
}

/* ---- The request ------------------------------------------------------------------------- */

/* Straight between the caller's pages and the card. */
static VP_STATUS SimMovePackets(PSIM_EXTENSION Extension, PBOOLEAN Orphan)
{
    VP_STATUS Status = SimStartOperation(Extension);

    *Orphan = FALSE;
    return Status == NO_ERROR ? SimWait(Extension, Orphan) : Status;
}

/* One piece through the common buffer: the DPC advances Position. */
static VP_STATUS SimMovePiece(PSIM_EXTENSION Extension, PUCHAR Piece)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Orphan; /* never: nothing waits for map registers */
    VP_STATUS Status;
    UCHAR OldIrql;

    if (Transfer->WriteToDevice)
        VideoPortMoveMemory(Extension->Common, Piece, Transfer->Chunk);
    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Transfer->List = NULL;
    SimCommand(Extension, (ULONGLONG)Extension->CommonAddress.QuadPart, 0);
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    Status = SimWait(Extension, &Orphan);
    if (Status == NO_ERROR && !Transfer->WriteToDevice)
        VideoPortMoveMemory(Piece, Extension->Common, Transfer->Chunk);
    return Status;
}

static VP_STATUS SimMoveCommon(PSIM_EXTENSION Extension, PUCHAR Buffer)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    VP_STATUS Status = NO_ERROR;
    ULONG Most =
        Extension->MaximumLength < SIM_COMMON_LENGTH ? Extension->MaximumLength : SIM_COMMON_LENGTH;

    while (Status == NO_ERROR && Transfer->Position < Transfer->Length) {
        Transfer->Chunk = Transfer->Length - Transfer->Position;
        if (Transfer->Chunk > Most)
            Transfer->Chunk = Most;
        Status = SimMovePiece(Extension, Buffer + Transfer->Position);
    }
    return Status;
}

/* FALSE: the last transfer's orphan still waits. */
static BOOLEAN SimBeginTransfer(PSIM_EXTENSION Extension, const VPORT_BLIT *Blit)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Free;
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Free = Transfer->State == SimTransferNone;
    if (Free) {
        VideoPortZeroMemory(Transfer, sizeof(*Transfer));
        Transfer->WriteToDevice = Blit->Direction == VPORT_BLIT_TO_DEVICE;
        Transfer->Length = Blit->Width * Blit->Height * 4;
    }
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    VideoPortClearEvent(Extension, Extension->Done);
    return Free;
}

static VP_STATUS SimTransferPicture(PSIM_EXTENSION Extension, const VPORT_BLIT *Blit, ULONG Pitch)
{
    PSIM_TRANSFER Transfer = &Extension->Transfer;
    PVOID Buffer = (PVOID)(ULONG_PTR)Blit->Buffer;
    BOOLEAN Orphan = FALSE;
    VP_STATUS Status;

    /* The lock is also what makes the caller's buffer safe to touch by CPU, on the second path. */
    Transfer->Mdl = VideoPortLockBuffer(Extension, Buffer, Transfer->Length,
                                        Transfer->WriteToDevice ? VpReadAccess : VpWriteAccess);
    if (Transfer->Mdl == NULL)
        return ERROR_INVALID_PARAMETER;
    SimWrite(Extension, SIM_REG_DMA_OFFSET, 0);
    SimWrite(Extension, SIM_REG_DMA_ROW, Blit->Width * 4);
    SimWrite(Extension, SIM_REG_DMA_PITCH, Pitch);
    if (Blit->Flags & VPORT_BLIT_COMMON_BUFFER)
        Status = SimMoveCommon(Extension, Buffer);
    else
        Status = SimMovePackets(Extension, &Orphan);
    if (!Orphan)
        VideoPortUnlockBuffer(Extension, Transfer->Mdl);
    return Status;
}

VP_STATUS SimBlit(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVPORT_BLIT_RESULT Result = Packet->OutputBuffer;
    VPORT_BLIT Blit;
    SIM_SIZE Screen;
    VP_STATUS Status;

    if (Packet->InputBufferLength < sizeof(Blit) || Packet->OutputBufferLength < sizeof(*Result))
        return ERROR_INSUFFICIENT_BUFFER;
    Blit = *(PVPORT_BLIT)Packet->InputBuffer; /* the output will cover it */
    if (!SimCurrentSize(Extension, &Screen) || Blit.Direction > VPORT_BLIT_FROM_DEVICE ||
        Blit.Width == 0 || Blit.Height == 0 || Blit.Width > Screen.Width ||
        Blit.Height > Screen.Height)
        return ERROR_INVALID_PARAMETER;
    if (!SimBeginTransfer(Extension, &Blit))
        return ERROR_BUSY;
    Status = SimTransferPicture(Extension, &Blit, Screen.Width * 4);
    if (Status != NO_ERROR)
        return Status;
    Result->Operations = Blit.Flags & VPORT_BLIT_COMMON_BUFFER ? 0 : Extension->Transfer.Operations;
    Result->Elements = Extension->Transfer.Elements;
    Result->Bytes = Extension->Transfer.Length;
    Packet->StatusBlock->Information = sizeof(*Result);
    return NO_ERROR;
}
