/* SPDX-License-Identifier: MIT */
/*
 * VideoPortStartDma and VideoPortCompleteDma: one DMA operation, from the miniport's buffer to
 * HwVidExecuteDma and back.
 *
 * Start: check, clip, write *pLength, flush the caches, raise to DISPATCH_LEVEL, ask the HAL for
 * the list. The HAL calls VpExecuteList when map registers are there, at once or later, and that
 * calls the miniport. Nothing of an operation is kept here in between, and nothing is touched after
 * the miniport's callback: it may already have completed the operation.
 *
 * This is the path that is counted in nanoseconds: no allocation, no
 * lock, no call that is not needed. All checks that can fail lead to functions of their own.
 */
#include "videoprt.h"

/* One VideoPortStartDma on its way to HwVidExecuteDma. */
typedef struct _VP_START {
    struct _VP_START *Next; /* free ones: in the device's list */
    PVP_DEVICE Device;
    PVP_DMA_ADAPTER Adapter;
    PEXECUTE_DMA Execute;
    PVOID Context;
    /* Neighbours are other processors': on lines of their own, or two processors on one adapter run
     * at 1.6 times the speed of one instead of 2. */
    UCHAR Padding[128 - 5 * sizeof(PVOID)];
} VP_START, *PVP_START;

/* The parts of a request that the checks look at. */
typedef struct _VP_TRANSFER {
    PVOID HwDeviceExtension;
    PVP_DMA_ADAPTER Adapter;
    PMDL Mdl;
    ULONG Offset;
    ULONG Length;
    PEXECUTE_DMA Execute;
    BOOLEAN WriteToDevice;
    BOOLEAN Warned; /* SD-A15 was said for this request */
} VP_TRANSFER, *PVP_TRANSFER;

static BOOLEAN NTAPI VpReportLevel(PCSTR Rule, PCSTR Function, KIRQL Irql)
{
    if (Irql > DISPATCH_LEVEL)
        DbgPrintEx(
            DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL,
            "videoprt: %s: %s was called at IRQL %u; DISPATCH_LEVEL (%u) is the highest allowed. "
            "Queue a DPC with VideoPortQueueDpc from HwVidInterrupt and call it there\n",
            Rule, Function, (ULONG)Irql, (ULONG)DISPATCH_LEVEL);
    else
        DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL,
                   "videoprt: %s: %s was called from a VideoPortSynchronizeExecution callback, "
                   "which may call only what HwVidInterrupt may; call it after "
                   "VideoPortSynchronizeExecution has returned\n",
                   Rule, Function);
    return FALSE;
}

/*
 * SD-2, CD-1: neither at DIRQL nor in a synchronize callback. Callbacks of a device with an
 * interrupt run at DIRQL; for the others the device remembers the processor, which at
 * DISPATCH_LEVEL stands for the thread.
 */
VP_INLINE BOOLEAN VpMayDma(PVP_DEVICE Device, KIRQL Irql)
{
    LONG Synchronizing = VP_LOAD(Device->Synchronizing);

    return Irql <= DISPATCH_LEVEL && (VP_LIKELY(Synchronizing == 0) || Irql < DISPATCH_LEVEL ||
                                      Synchronizing != 1 + (LONG)KeGetCurrentProcessorNumber());
}

/* Says which of the arguments is NULL (SD-A6), or what is wrong with the adapter (SD-7). */
static VP_STATUS NTAPI VpRefusePointers(const VP_TRANSFER *Transfer)
{
    if (Transfer->Adapter == NULL)
        VP_REPORT(
            "SD-A6",
            "VideoPortStartDma: VpDmaAdapter is NULL; pass what VideoPortGetDmaAdapter returned");
    else if (Transfer->Mdl == NULL)
        VP_REPORT("SD-A6",
                  "VideoPortStartDma: Mdl is NULL; pass what VideoPortLockBuffer returned");
    else if (Transfer->Execute == NULL)
        VP_REPORT("SD-A6", "VideoPortStartDma: ExecuteDmaRoutine is NULL; pass the routine that "
                           "programs the device");
    else
        VpReportAdapter("SD-7", "VideoPortStartDma", Transfer->HwDeviceExtension,
                        Transfer->Adapter);
    return ERROR_INVALID_PARAMETER;
}

static VP_STATUS NTAPI VpRefuseMdl(PMDL Mdl)
{
    if (!VpIsMdl(Mdl))
        VP_REPORT("SD-8",
                  "VideoPortStartDma: Mdl %p is no MDL; pass what VideoPortLockBuffer returned",
                  Mdl);
    else if (Mdl->Next != NULL)
        VP_REPORT("SD-A13",
                  "VideoPortStartDma: Mdl %p is a chain (Next = %p); start one operation for each "
                  "of its MDLs instead",
                  Mdl, Mdl->Next);
    else
        VP_REPORT("SD-A14",
                  "VideoPortStartDma: Mdl %p describes no locked pages (MdlFlags %x; "
                  "MDL_PAGES_LOCKED or MDL_SOURCE_IS_NONPAGED_POOL is needed); lock the buffer "
                  "with VideoPortLockBuffer, and unlock it after the last VideoPortCompleteDma",
                  Mdl, (ULONG)(USHORT)Mdl->MdlFlags);
    return ERROR_INVALID_PARAMETER;
}

static VP_STATUS NTAPI VpRefuseRange(const VP_TRANSFER *Transfer)
{
    ULONG Bytes = MmGetMdlByteCount(Transfer->Mdl);

    if (Transfer->Length == 0)
        VP_REPORT("SD-A5", "VideoPortStartDma: *pLength is 0; ask for 1 byte at least, and stop "
                           "when nothing is left");
    else if (Transfer->Offset >= Bytes)
        VP_REPORT("SD-A3",
                  "VideoPortStartDma: Offset %u is outside of the buffer of %u bytes; pass an "
                  "Offset below that, and stop when nothing is left",
                  Transfer->Offset, Bytes);
    else
        VP_REPORT("SD-A4",
                  "VideoPortStartDma: %u bytes from Offset %u leave the buffer of %u bytes; at "
                  "most %u are left there",
                  Transfer->Length, Transfer->Offset, Bytes, Bytes - Transfer->Offset);
    return ERROR_INVALID_PARAMETER;
}

static VOID NTAPI VpReportMode(PMDL Mdl)
{
    VP_REPORT("SD-A15",
              "VideoPortStartDma: WriteToDevice is FALSE, but Mdl %p was locked with VpReadAccess; "
              "lock with VpWriteAccess or VpModifyAccess what the device writes",
              Mdl);
}

/* SD-A15: the pages were locked for reading only and the device is about to write them. Said once
 * per device; the HAL refuses what really is read-only. */
static VOID NTAPI VpWarnMode(PVP_TRANSFER Transfer)
{
    Transfer->Warned = InterlockedExchange(&Transfer->Adapter->Device->ModeWarned, 1) == 0;
    if (Transfer->Warned)
        VpReportMode(Transfer->Mdl);
}

VP_INLINE VP_STATUS VpCheckTransfer(PVP_TRANSFER Transfer)
{
    const ULONG Locked = MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL;
    PMDL Mdl = Transfer->Mdl;
    ULONG Bytes;

    if (VP_UNLIKELY(!VpIsAdapter(Transfer->HwDeviceExtension, Transfer->Adapter) || Mdl == NULL ||
                    Transfer->Execute == NULL))
        return VpRefusePointers(Transfer);
    if (VP_UNLIKELY(!VpIsMdl(Mdl) || (Mdl->MdlFlags & Locked) == 0 || Mdl->Next != NULL))
        return VpRefuseMdl(Mdl);
    Bytes = MmGetMdlByteCount(Mdl);
    if (VP_UNLIKELY(Transfer->Length == 0 || Transfer->Offset >= Bytes ||
                    Transfer->Length > Bytes - Transfer->Offset))
        return VpRefuseRange(Transfer);
    if (VP_UNLIKELY(!Transfer->WriteToDevice &&
                    (Mdl->MdlFlags & (MDL_WRITE_OPERATION | Locked)) == MDL_PAGES_LOCKED))
        VpWarnMode(Transfer);
    return NO_ERROR;
}

/*
 * How much one operation may move (SD-17, SD-A12, SD-A16): what the granted registers cover from
 * this offset in its page (which ends at a page boundary by itself), and at most MaximumLength; a
 * clip by MaximumLength is drawn back to a page boundary of the buffer if something is left then.
 * Never 0.
 */
VP_INLINE ULONG VpClip(const VP_TRANSFER *Transfer)
{
    PVP_DMA_ADAPTER Adapter = Transfer->Adapter;
    ULONG InPage = BYTE_OFFSET((ULONG_PTR)MmGetMdlByteOffset(Transfer->Mdl) + Transfer->Offset);
    ULONG Length = Transfer->Length;
    ULONGLONG Covered = ((ULONGLONG)Adapter->Registers << PAGE_SHIFT) - InPage;

    if (VP_UNLIKELY(Length > Covered))
        Length = (ULONG)Covered;
    if (VP_UNLIKELY(Length > Adapter->MaximumLength) && Adapter->MaximumLength != 0) {
        ULONGLONG End = ((ULONGLONG)InPage + Adapter->MaximumLength) & ~(ULONGLONG)(PAGE_SIZE - 1);

        Length = End > InPage ? (ULONG)(End - InPage) : Adapter->MaximumLength;
    }
    return Length;
}

/* ---- VP_STARTs: one a processor at hand, the others in a list of the device's ---- */

VP_INLINE VP_PROCESSOR *VpProcessor(PVP_DEVICE Device)
{
    ULONG Number = KeGetCurrentProcessorNumber();

    return VP_UNLIKELY(Number >= VP_MAX_PROCESSORS) ? NULL : &Device->Processors[Number];
}

/*
 * They are made by the dozen, as many as requests ever waited at once, and freed with the device.
 */
typedef struct _VP_STARTS {
    struct _VP_STARTS *Next;
    VP_START Start[32];
} VP_STARTS, *PVP_STARTS;

/* <= DISPATCH_LEVEL. */
static BOOLEAN NTAPI VpMakeStarts(PVP_DEVICE Device)
{
    PVP_STARTS Made = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Made), VP_TAG);
    KIRQL Irql;
    ULONG Index;

    if (Made == NULL)
        return FALSE;
    KeAcquireSpinLock(&Device->StartLock, &Irql);
    Made->Next = Device->Starts;
    Device->Starts = Made;
    for (Index = 0; Index < RTL_NUMBER_OF(Made->Start); Index++) {
        Made->Start[Index].Next = Device->FreeStarts;
        Device->FreeStarts = &Made->Start[Index];
    }
    KeReleaseSpinLock(&Device->StartLock, Irql);
    return TRUE;
}

static PVP_START NTAPI VpTakeListed(PVP_DEVICE Device)
{
    PVP_START Start;

    do {
        KeAcquireSpinLockAtDpcLevel(&Device->StartLock);
        Start = Device->FreeStarts;
        if (Start != NULL)
            Device->FreeStarts = Start->Next;
        KeReleaseSpinLockFromDpcLevel(&Device->StartLock);
    } while (Start == NULL && VpMakeStarts(Device));
    return Start;
}

static VOID NTAPI VpGiveListed(PVP_DEVICE Device, PVP_START Start)
{
    KeAcquireSpinLockAtDpcLevel(&Device->StartLock);
    Start->Next = Device->FreeStarts;
    Device->FreeStarts = Start;
    KeReleaseSpinLockFromDpcLevel(&Device->StartLock);
}

/* DISPATCH_LEVEL. */
VP_INLINE PVP_START VpTakeStart(PVP_DEVICE Device)
{
    VP_PROCESSOR *Processor = VpProcessor(Device);
    PVP_START Start = Processor != NULL ? VP_LOAD(Processor->Start) : NULL;

    if (VP_UNLIKELY(Start == NULL))
        return VpTakeListed(Device);
    VP_STORE(Processor->Start, NULL);
    return Start;
}

/* DISPATCH_LEVEL. */
VP_INLINE VOID VpGiveStart(PVP_DEVICE Device, PVP_START Start)
{
    VP_PROCESSOR *Processor = VpProcessor(Device);

    if (VP_UNLIKELY(Processor == NULL || VP_LOAD(Processor->Start) != NULL))
        VpGiveListed(Device, Start);
    else
        VP_STORE(Processor->Start, Start);
}

BOOLEAN NTAPI VpCreateStarts(PVP_DEVICE Device)
{
    KeInitializeSpinLock(&Device->StartLock);
    return VpMakeStarts(Device);
}

/* Those of requests that were dropped from the HAL's queue included. */
VOID NTAPI VpDeleteStarts(PVP_DEVICE Device)
{
    while (Device->Starts != NULL) {
        PVP_STARTS Made = Device->Starts;

        Device->Starts = Made->Next;
        ExFreePoolWithTag(Made, VP_TAG);
    }
}

/* ---- The operation ---- */

/* The HAL's list is ready: the last task of VideoPortStartDma (EX-7). At DISPATCH_LEVEL in whatever
 * thread. */
static VOID NTAPI VpExecuteList(PDEVICE_OBJECT DeviceObject, PIRP Irp, PSCATTER_GATHER_LIST List,
                                PVOID Context)
{
    VP_START Start = *(PVP_START)Context;

    VpGiveStart(Start.Device, Context);
    Start.Execute(VP_EXTENSION_OF(Start.Device), Start.Adapter, (PVP_SCATTER_GATHER_LIST)List,
                  Start.Context);
}

/*
 * Asks the HAL for the list of `Length` bytes. DISPATCH_LEVEL. A request that has to wait for map
 * registers is success too: the HAL then calls VpExecuteList later, from the completion that frees
 * them.
 */
VP_INLINE NTSTATUS VpRequestList(const VP_TRANSFER *Transfer, ULONG Length, PVOID Context)
{
    PVP_DMA_ADAPTER Adapter = Transfer->Adapter;
    PVP_START Start = VpTakeStart(Adapter->Device);
    NTSTATUS Status;

    if (VP_UNLIKELY(Start == NULL))
        return STATUS_INSUFFICIENT_RESOURCES;
    Start->Device = Adapter->Device;
    Start->Adapter = Adapter;
    Start->Execute = Transfer->Execute;
    Start->Context = Context;
    Status = Adapter->GetList(Adapter->Dma, Adapter->Device->Fdo, Transfer->Mdl,
                              (PUCHAR)MmGetMdlVirtualAddress(Transfer->Mdl) + Transfer->Offset,
                              Length, VpExecuteList, Start, Transfer->WriteToDevice);
    if (VP_UNLIKELY(!NT_SUCCESS(Status)))
        VpGiveStart(Adapter->Device, Start);
    return Status;
}

/*
 * The HAL refused. Registers and length were settled before, so that what is left is a shortage of
 * memory (the only one that a retry may cure), read-only memory (SD-A15), or an MDL that the HAL
 * knows better than its header says, about which it has reported.
 */
static VP_STATUS NTAPI VpStartFailed(const VP_TRANSFER *Transfer, NTSTATUS Status)
{
    if (Status == STATUS_INSUFFICIENT_RESOURCES || Status == STATUS_NO_MEMORY)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (Status == STATUS_ACCESS_VIOLATION && !Transfer->Warned)
        VpReportMode(Transfer->Mdl);
    return ERROR_INVALID_PARAMETER;
}

VP_STATUS NTAPI VideoPortStartDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter, PVOID Mdl,
                                  ULONG Offset, PULONG pLength, PEXECUTE_DMA ExecuteDmaRoutine,
                                  PVOID Context, BOOLEAN WriteToDevice)
{
    VP_TRANSFER Transfer = {.HwDeviceExtension = HwDeviceExtension,
                            .Adapter = VpDmaAdapter,
                            .Mdl = Mdl,
                            .Offset = Offset,
                            .Execute = ExecuteDmaRoutine,
                            .WriteToDevice = WriteToDevice};
    KIRQL Irql = KeGetCurrentIrql(), Before = Irql;
    VP_STATUS Refusal;
    NTSTATUS Status;
    ULONG Length;

    if (VP_UNLIKELY(pLength == NULL)) {
        VP_REPORT(
            "SD-A6",
            "VideoPortStartDma: pLength is NULL; pass a ULONG that holds the length in bytes");
        return ERROR_INVALID_PARAMETER;
    }
    Transfer.Length = *pLength;
    Refusal = VpCheckTransfer(&Transfer);
    if (VP_UNLIKELY(Refusal == NO_ERROR && !VpMayDma(VpDmaAdapter->Device, Irql))) {
        VpReportLevel("SD-2", "VideoPortStartDma", Irql);
        Refusal = ERROR_INVALID_PARAMETER;
    }
    if (VP_UNLIKELY(Refusal != NO_ERROR)) {
        *pLength = 0;
        return Refusal;
    }
    /*
     * The one write of the result, before anybody can call back: the clip depends on what was
     * granted, not on what is free now, so that it is final here. Later the pointer may be a dead
     * stack slot (SD-A1).
     */
    Length = VpClip(&Transfer);
    *pLength = Length;
    KeFlushIoBuffers(Transfer.Mdl, !WriteToDevice, TRUE);
    if (VP_LIKELY(Irql < DISPATCH_LEVEL)) /* MR-7 */
        Before = KeRaiseIrqlToDpcLevel();
    Status = VpRequestList(&Transfer, Length, Context);
    if (VP_LIKELY(Before < DISPATCH_LEVEL))
        KeLowerIrql(Before);
    if (VP_UNLIKELY(!NT_SUCCESS(Status))) {
        *pLength = 0; /* no callback has happened, nor will it: the pointer is still the caller's
                         argument */
        return VpStartFailed(&Transfer, Status);
    }
    return NO_ERROR;
}

/*
 * The adapter is not this device's, or not live: any way to the HAL will do, since it knows the
 * owner of every list. It is told no adapter: any other than the owner would be reported again.
 */
static VOID NTAPI VpCompleteOrphan(PVOID HwDeviceExtension, PVP_DMA_ADAPTER Adapter,
                                   PVP_SCATTER_GATHER_LIST List, BOOLEAN WriteToDevice)
{
    KIRQL Irql = KeGetCurrentIrql(), Before = Irql;
    PVP_DEVICE Device;

    VpReportAdapter("CD-A3", "VideoPortCompleteDma", HwDeviceExtension, Adapter);
    if (!VpIsAdapterSlot(Adapter) || Adapter->PutList == NULL) {
        Device = VpFindDevice(HwDeviceExtension);
        Adapter = Device != NULL ? VpAnyAdapter(Device) : NULL;
    }
    if (Adapter == NULL)
        return;
    if (Irql < DISPATCH_LEVEL)
        KeRaiseIrql(DISPATCH_LEVEL, &Before);
    Adapter->PutList(NULL, (PSCATTER_GATHER_LIST)List, WriteToDevice);
    if (Before < DISPATCH_LEVEL)
        KeLowerIrql(Before);
}

/* CD-7: always NO_ERROR. What is wrong is reported, and the list's own adapter and direction are
 * used. */
VP_STATUS NTAPI VideoPortCompleteDma(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                     PVP_SCATTER_GATHER_LIST VpScatterGather, BOOLEAN WriteToDevice)
{
    KIRQL Irql = KeGetCurrentIrql(), Before = Irql;

    if (VP_UNLIKELY(VpScatterGather == NULL)) {
        VP_REPORT("CD-A2", "VideoPortCompleteDma: VpScatterGather is NULL; pass the list that "
                           "HwVidExecuteDma received");
        return NO_ERROR;
    }
    if (VP_UNLIKELY(!VpIsAdapter(HwDeviceExtension, VpDmaAdapter))) {
        VpCompleteOrphan(HwDeviceExtension, VpDmaAdapter, VpScatterGather, WriteToDevice);
        return NO_ERROR;
    }
    if (VP_UNLIKELY(!VpMayDma(VpDmaAdapter->Device, Irql))) {
        VpReportLevel("CD-1", "VideoPortCompleteDma", Irql);
        return NO_ERROR;
    }
    if (VP_LIKELY(Irql < DISPATCH_LEVEL))
        Before = KeRaiseIrqlToDpcLevel();
    VpDmaAdapter->PutList(VpDmaAdapter->Dma, (PSCATTER_GATHER_LIST)VpScatterGather, WriteToDevice);
    if (VP_LIKELY(Before < DISPATCH_LEVEL))
        KeLowerIrql(Before);
    return NO_ERROR;
}
