/* SPDX-License-Identifier: MIT */
/*
 * Moving pictures: the device fetches them by itself.
 *
 * One operation: VideoPortStartDma clips the length and calls GpuExecuteDma with a scatter/gather
 * list; its elements become the resource's backing, rectangles are transferred out of it, the
 * backing is taken away again, and only then the operation is completed. The device moves whole
 * pixels only: what an operation has beyond the last whole one belongs to the next, and a pixel
 * that straddles two operations of one map register each goes through the staging memory.
 */
#include "gpu.h"

/* No operation takes longer (100 ns units, relative). */
#define GPU_TIMEOUT (-10 * 10000000ll)

/* The commands that end an operation. */
#define GPU_ENDING 2u

static VOID GpuSetState(PGPU_EXTENSION Extension, GPU_STATE State)
{
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Extension->Transfer.State = State;
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
}

/* ---- The commands of one operation ------------------------------------------------------- */

/*
 * The rectangle that begins at byte Position of the picture and is one range of it too: whole rows
 * where the picture is as wide as the resource, else at most one row. Returns its bytes.
 */
static ULONG GpuNextRectangle(PGPU_EXTENSION Extension, VIRTIO_GPU_RECT *Rect)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    ULONG Row = Transfer->Width * GPU_PIXEL,
          Left = Transfer->Start + Transfer->Usable - Transfer->Position;
    ULONG InRow = Transfer->Position % Row;
    GPU_SIZE Screen;

    Rect->X = InRow / GPU_PIXEL;
    Rect->Y = Transfer->Position / Row;
    Rect->Height = 1;
    if (InRow == 0 && Left >= Row && GpuCurrentSize(Extension, &Screen) &&
        Screen.Width == Transfer->Width)
        Rect->Height = Left / Row;
    Rect->Width = InRow == 0 && Left >= Row ? Transfer->Width
                                            : (Left < Row - InRow ? Left : Row - InRow) / GPU_PIXEL;
    return Rect->Width * Rect->Height * GPU_PIXEL;
}

static VOID GpuAddTransfer(PGPU_EXTENSION Extension)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    VIRTIO_GPU_REQUEST *Request =
        GpuAddCommand(Extension, VIRTIO_GPU_TRANSFER_TO_HOST_2D, sizeof(Request->Transfer));
    ULONG Bytes = GpuNextRectangle(Extension, &Request->Transfer.Rect);

    Request->Transfer.Offset = Transfer->Position - Transfer->Start;
    Request->Transfer.Resource = GPU_RESOURCE;
    Transfer->Position += Bytes;
}

/* The last command that knows the operation's memory. */
static VOID GpuEndBacking(PGPU_EXTENSION Extension)
{
    GpuAddDetach(Extension);
    Extension->Transfer.Attached = FALSE;
}

/* Shows the rows that the operation touched. */
static VOID GpuAddFlush(PGPU_EXTENSION Extension)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    ULONG Row = Transfer->Width * GPU_PIXEL, First = Transfer->Start / Row,
          Last = (Transfer->Position - 1) / Row;
    VIRTIO_GPU_REQUEST *Request =
        GpuAddCommand(Extension, VIRTIO_GPU_RESOURCE_FLUSH, sizeof(Request->Flush));

    Request->Flush.Rect.Y = First;
    Request->Flush.Rect.Width = Transfer->Width;
    Request->Flush.Rect.Height = Last - First + 1;
    Request->Flush.Resource = GPU_RESOURCE;
}

/* Sends as many of the operation's commands as one batch holds. */
static VOID GpuContinue(PGPU_EXTENSION Extension)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    ULONG End = Transfer->Start + Transfer->Usable;

    while (Transfer->Position < End && GpuBatchRoom(Extension) > GPU_ENDING)
        GpuAddTransfer(Extension);
    if (Transfer->Position == End) {
        GpuEndBacking(Extension);
        GpuAddFlush(Extension);
    }
    GpuSendBatch(Extension);
}

/* The shared table holds the operation's memory. */
static VOID GpuBegin(PGPU_EXTENSION Extension, ULONG Entries)
{
    Extension->Transfer.Position = Extension->Transfer.Start;
    Extension->Transfer.Attached = TRUE;
    GpuAddAttach(Extension, Entries);
    GpuContinue(Extension);
}

/* ---- One operation ----------------------------------------------------------------------- */

/* It is over: whoever waits goes on. */
static VOID GpuFinish(PGPU_EXTENSION Extension, VP_STATUS Status)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;

    if (Transfer->List)
        VideoPortCompleteDma(Extension, Extension->Adapter, Transfer->List, TRUE);
    Transfer->List = NULL;
    Transfer->Status = Status;
    GpuSetState(Extension, GpuIdle);
    VideoPortSetEvent(Extension, Extension->Done);
}

static VOID GpuFillEntries(PGPU_EXTENSION Extension, PVP_SCATTER_GATHER_LIST List)
{
    VIRTIO_GPU_ENTRY *Entry = Extension->Shared->Entries;
    ULONG i;

    for (i = 0; i < List->NumberOfElements; i++, Entry++) {
        Entry->Address = (ULONGLONG)List->Elements[i].Address.QuadPart;
        Entry->Length = List->Elements[i].Length;
        Entry->Padding = 0;
    }
}

/* Called by VideoPortStartDma, now or later, at DISPATCH_LEVEL. */
static VOID NTAPI GpuExecuteDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;
    PGPU_TRANSFER Transfer = Context;
    BOOLEAN Orphan;

    VideoPortAcquireSpinLockAtDpcLevel(Extension, Extension->Lock);
    Orphan = Transfer->State == GpuOrphan;
    if (!Orphan)
        Transfer->State = GpuRunning;
    VideoPortReleaseSpinLockFromDpcLevel(Extension, Extension->Lock);
    if (Orphan) {
        VideoPortCompleteDma(Extension, VpDmaAdapter, SGList, TRUE);
        VideoPortUnlockBuffer(Extension, Transfer->Mdl);
        GpuSetState(Extension, GpuIdle);
        return;
    }
    Transfer->List = SGList;
    Transfer->Operations++;
    Transfer->Elements += SGList->NumberOfElements;
    Transfer->Usable = Transfer->Chunk - Transfer->Chunk % GPU_PIXEL;
    if (Transfer->Usable == 0) {
        GpuFinish(Extension, NO_ERROR); /* less than a pixel: StartIO sends that one otherwise */
        return;
    }
    GpuFillEntries(Extension, SGList);
    GpuBegin(Extension, SGList->NumberOfElements);
}

/* ---- Interrupt and DPC ------------------------------------------------------------------- */

/* A batch of the running operation was answered. Memory is the device's until a detach was. */
static VOID GpuStep(PGPU_EXTENSION Extension)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;

    if (Extension->Answer != VIRTIO_GPU_OK && Transfer->Status == NO_ERROR)
        Transfer->Status = GpuStatusOf(Extension->Answer);
    if (!Transfer->Attached) {
        GpuFinish(Extension, Transfer->Status);
    } else if (Transfer->Status == NO_ERROR) {
        GpuContinue(Extension);
    } else {
        GpuEndBacking(Extension);
        GpuSendBatch(Extension);
    }
}

static VOID NTAPI GpuDpc(PVOID HwDeviceExtension, PVOID Context)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;
    BOOLEAN Answered, Running;

    (void)Context;
    VideoPortAcquireSpinLockAtDpcLevel(Extension, Extension->Lock);
    Answered = GpuTakeAnswer(Extension);
    Running = Extension->Transfer.State == GpuRunning;
    VideoPortReleaseSpinLockFromDpcLevel(Extension, Extension->Lock);
    if (!Answered)
        return;
    if (Running)
        GpuStep(Extension);
    else
        VideoPortSetEvent(Extension, Extension->Done);
}

BOOLEAN NTAPI GpuInterrupt(PVOID HwDeviceExtension)
{
    PGPU_EXTENSION Extension = HwDeviceExtension;
    UCHAR Causes = VideoPortReadRegisterUchar(Extension->Isr); /* reading clears */

    if (Causes == 0)
        return FALSE; /* somebody else on this line */
    if (Causes & VIRTIO_ISR_QUEUE)
        VideoPortQueueDpc(Extension, GpuDpc, NULL);
    return TRUE;
}

/* ---- Waiting, and giving up -------------------------------------------------------------- */

/*
 * After a timeout. An operation that the device has is ended by a reset, which takes all memory
 * from it; one that still waits for map registers becomes an orphan, which ends itself and unlocks
 * the buffer. FALSE: it ended at the last moment.
 */
static BOOLEAN GpuGiveUp(PGPU_EXTENSION Extension, PBOOLEAN Orphan)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    GPU_STATE State;
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    State = Transfer->State;
    if (State != GpuIdle)
        Transfer->State = State == GpuQueued ? GpuOrphan : GpuIdle;
    Extension->Sent = FALSE; /* what the device still answers is nobody's */
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    *Orphan = State == GpuQueued;
    if (State == GpuRunning) {
        GpuStopHardware(Extension);
        if (Transfer->List)
            VideoPortCompleteDma(Extension, Extension->Adapter, Transfer->List, TRUE);
        Transfer->List = NULL;
    }
    return State != GpuIdle;
}

static VP_STATUS GpuWait(PGPU_EXTENSION Extension, PBOOLEAN Orphan)
{
    LARGE_INTEGER Timeout;

    Timeout.QuadPart = GPU_TIMEOUT;
    if (VideoPortWaitForSingleObject(Extension, Extension->Done, &Timeout) != NO_ERROR &&
        GpuGiveUp(Extension, Orphan))
        return WAIT_TIMEOUT;
    return Extension->Transfer.Status;
}

/* ---- The request ------------------------------------------------------------------------- */

static VOID GpuPrepare(PGPU_EXTENSION Extension, ULONG Start, ULONG Chunk, GPU_STATE State)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;

    Transfer->Start = Start;
    Transfer->Chunk = Chunk;
    Transfer->Usable = Chunk;
    Transfer->Status = NO_ERROR;
    VideoPortClearEvent(Extension, Extension->Done);
    GpuSetState(Extension, State);
}

/* `Bytes` of the picture from `Start` on, through the staging memory. */
static VP_STATUS GpuMoveStaged(PGPU_EXTENSION Extension, PUCHAR Buffer, ULONG Start, ULONG Bytes)
{
    PGPU_SHARED Shared = Extension->Shared;
    BOOLEAN Orphan; /* never: nothing waits for map registers */

    VideoPortMoveMemory(Shared->Staging, Buffer + Start, Bytes);
    GpuStagingEntry(Extension, Bytes);
    GpuPrepare(Extension, Start, Bytes, GpuRunning);
    GpuBegin(Extension, 1);
    return GpuWait(Extension, &Orphan);
}

/* One operation straight out of the caller's pages, as long as the map registers allow; *Moved in
 * whole pixels, maybe 0. */
static VP_STATUS GpuMovePacket(PGPU_EXTENSION Extension, ULONG Start, PULONG Moved, PBOOLEAN Orphan)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    VP_STATUS Status;

    GpuPrepare(Extension, Start, Transfer->Length - Start, GpuQueued);
    Status = VideoPortStartDma(Extension, Extension->Adapter, Transfer->Mdl, Start,
                               &Transfer->Chunk, GpuExecuteDma, Transfer, TRUE);
    if (Status != NO_ERROR) {
        GpuSetState(Extension, GpuIdle);
        return Status;
    }
    Status = GpuWait(Extension, Orphan);
    *Moved = Transfer->Usable;
    return Status;
}

static VP_STATUS GpuMove(PGPU_EXTENSION Extension, PUCHAR Buffer, BOOLEAN Staged, PBOOLEAN Orphan)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    ULONG Position = 0, Moved = 0, Left;
    VP_STATUS Status = NO_ERROR;

    for (; Position < Transfer->Length && Status == NO_ERROR; Position += Moved) {
        Left = Transfer->Length - Position;
        if (!Staged)
            Status = GpuMovePacket(Extension, Position, &Moved, Orphan);
        if (Status == NO_ERROR && (Staged || Moved == 0)) {
            Moved = !Staged ? GPU_PIXEL : Left < GPU_STAGING ? Left : GPU_STAGING;
            Status = GpuMoveStaged(Extension, Buffer, Position, Moved);
        }
    }
    return Status;
}

/* FALSE: the last transfer's orphan still waits. */
static BOOLEAN GpuBeginTransfer(PGPU_EXTENSION Extension, const VPORT_BLIT *Blit)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    BOOLEAN Free;
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Free = Transfer->State == GpuIdle;
    if (Free) {
        VideoPortZeroMemory(Transfer, sizeof(*Transfer));
        Transfer->Width = Blit->Width;
        Transfer->Length = Blit->Width * Blit->Height * GPU_PIXEL;
    }
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    return Free;
}

static VP_STATUS GpuTransferPicture(PGPU_EXTENSION Extension, const VPORT_BLIT *Blit)
{
    PGPU_TRANSFER Transfer = &Extension->Transfer;
    PVOID Buffer = (PVOID)(ULONG_PTR)Blit->Buffer;
    BOOLEAN Orphan = FALSE;
    VP_STATUS Status;

    /* The lock is also what makes the caller's buffer safe to touch by CPU, for the staging memory.
     */
    Transfer->Mdl = VideoPortLockBuffer(Extension, Buffer, Transfer->Length, VpReadAccess);
    if (Transfer->Mdl == NULL)
        return ERROR_INVALID_PARAMETER;
    Status = GpuMove(Extension, Buffer, (Blit->Flags & VPORT_BLIT_COMMON_BUFFER) != 0, &Orphan);
    if (!Orphan)
        VideoPortUnlockBuffer(Extension, Transfer->Mdl);
    return Status;
}

VP_STATUS GpuBlit(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet)
{
    PVPORT_BLIT_RESULT Result = Packet->OutputBuffer;
    VPORT_BLIT Blit;
    GPU_SIZE Screen;
    VP_STATUS Status;

    if (Packet->InputBufferLength < sizeof(Blit) || Packet->OutputBufferLength < sizeof(*Result))
        return ERROR_INSUFFICIENT_BUFFER;
    Blit = *(PVPORT_BLIT)Packet->InputBuffer; /* the output will cover it */
    if (Blit.Direction == VPORT_BLIT_FROM_DEVICE)
        return ERROR_INVALID_FUNCTION; /* 2D resources cannot be read back */
    if (!GpuCurrentSize(Extension, &Screen) || Blit.Direction != VPORT_BLIT_TO_DEVICE ||
        Blit.Width == 0 || Blit.Height == 0 || Blit.Width > Screen.Width ||
        Blit.Height > Screen.Height)
        return ERROR_INVALID_PARAMETER;
    if (!GpuBeginTransfer(Extension, &Blit))
        return ERROR_BUSY;
    Status = GpuTransferPicture(Extension, &Blit);
    if (Status != NO_ERROR)
        return Status;
    Result->Operations = Extension->Transfer.Operations;
    Result->Elements = Extension->Transfer.Elements;
    Result->Bytes = Extension->Transfer.Length;
    Packet->StatusBlock->Information = sizeof(*Result);
    return NO_ERROR;
}
