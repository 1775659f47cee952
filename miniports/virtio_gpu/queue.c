/* SPDX-License-Identifier: MIT */
/* The device's life, its control queue, and batches of commands. */
#include "gpu.h"

#define GPU_RESET_POLLS 100000u /* of 10 us: a second */
/* An answer takes a millisecond; a device that needs this long is hung (100 ns units, relative). */
#define GPU_TIMEOUT (-5 * 10000000ll)

static VOID GpuWrite16(PGPU_EXTENSION Extension, ULONG Register, USHORT Value)
{
    VideoPortWriteRegisterUshort((PUSHORT)(PVOID)(Extension->Common + Register), Value);
}

static USHORT GpuRead16(PGPU_EXTENSION Extension, ULONG Register)
{
    return VideoPortReadRegisterUshort((PUSHORT)(PVOID)(Extension->Common + Register));
}

static VOID GpuWrite32(PGPU_EXTENSION Extension, ULONG Register, ULONG Value)
{
    VideoPortWriteRegisterUlong((PULONG)(PVOID)(Extension->Common + Register), Value);
}

static ULONG GpuRead32(PGPU_EXTENSION Extension, ULONG Register)
{
    return VideoPortReadRegisterUlong((PULONG)(PVOID)(Extension->Common + Register));
}

static UCHAR GpuStatus(PGPU_EXTENSION Extension)
{
    return VideoPortReadRegisterUchar(Extension->Common + VIRTIO_STATUS);
}

static VOID GpuSetStatus(PGPU_EXTENSION Extension, UCHAR Status)
{
    VideoPortWriteRegisterUchar(Extension->Common + VIRTIO_STATUS, Status);
}

/* Where a byte of the shared buffer is for the device. */
static ULONGLONG GpuAddress(PGPU_EXTENSION Extension, const volatile VOID *Part)
{
    return (ULONGLONG)Extension->SharedAddress.QuadPart +
           (ULONG)((const volatile UCHAR *)Part - (PUCHAR)Extension->Shared);
}

/* ---- Bring-up (3.1.1) -------------------------------------------------------------------- */

VOID GpuStopHardware(PGPU_EXTENSION Extension)
{
    ULONG Polls = GPU_RESET_POLLS;

    GpuSetStatus(Extension, 0);
    while (GpuStatus(Extension) != 0 && --Polls != 0)
        VideoPortStallExecution(10);
    Extension->Ready = FALSE;
}

static VP_STATUS GpuNegotiate(PGPU_EXTENSION Extension)
{
    const UCHAR Driver = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    ULONG Offered;

    GpuSetStatus(Extension, VIRTIO_STATUS_ACKNOWLEDGE);
    GpuSetStatus(Extension, Driver);
    GpuWrite32(Extension, VIRTIO_DEVICE_FEATURE_SELECT, 1);
    Offered = GpuRead32(Extension, VIRTIO_DEVICE_FEATURE);
    if ((Offered & VIRTIO_F_VERSION_1) == 0)
        return ERROR_DEV_NOT_EXIST;
    GpuWrite32(Extension, VIRTIO_DRIVER_FEATURE_SELECT, 0);
    GpuWrite32(Extension, VIRTIO_DRIVER_FEATURE, 0);
    GpuWrite32(Extension, VIRTIO_DRIVER_FEATURE_SELECT, 1);
    GpuWrite32(Extension, VIRTIO_DRIVER_FEATURE,
               Offered & (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM));
    GpuSetStatus(Extension, Driver | VIRTIO_STATUS_FEATURES_OK);
    return GpuStatus(Extension) & VIRTIO_STATUS_FEATURES_OK ? NO_ERROR : ERROR_IO_DEVICE;
}

static VOID GpuWriteAddress(PGPU_EXTENSION Extension, ULONG Register, const volatile VOID *Part)
{
    ULONGLONG Address = GpuAddress(Extension, Part);

    GpuWrite32(Extension, Register, (ULONG)Address);
    GpuWrite32(Extension, Register + 4, (ULONG)(Address >> 32));
}

static VP_STATUS GpuSetUpQueue(PGPU_EXTENSION Extension)
{
    PGPU_SHARED Shared = Extension->Shared;
    USHORT Size;

    VideoPortZeroMemory(Shared, FIELD_OFFSET(GPU_SHARED, Requests));
    Extension->Batch = 0;
    Extension->Sent = FALSE;
    Extension->Expected = 0;
    GpuWrite16(Extension, VIRTIO_MSIX_CONFIG, VIRTIO_MSIX_NOTHING);
    GpuWrite16(Extension, VIRTIO_QUEUE_SELECT, 0);
    Size = GpuRead16(Extension, VIRTIO_QUEUE_SIZE);
    if (Size < GPU_DESCRIPTORS)
        return ERROR_DEV_NOT_EXIST;
    Extension->QueueSize = Size < GPU_QUEUE_MOST ? Size : GPU_QUEUE_MOST;
    GpuWrite16(Extension, VIRTIO_QUEUE_SIZE, Extension->QueueSize);
    GpuWrite16(Extension, VIRTIO_QUEUE_MSIX, VIRTIO_MSIX_NOTHING);
    GpuWriteAddress(Extension, VIRTIO_QUEUE_DESCRIPTORS, Shared->Descriptors);
    GpuWriteAddress(Extension, VIRTIO_QUEUE_AVAILABLE, &Shared->Available);
    GpuWriteAddress(Extension, VIRTIO_QUEUE_USED, &Shared->Used);
    GpuWrite16(Extension, VIRTIO_QUEUE_ENABLE, 1);
    return NO_ERROR;
}

VP_STATUS GpuStartHardware(PGPU_EXTENSION Extension)
{
    VP_STATUS Status;

    GpuStopHardware(Extension);
    Status = GpuNegotiate(Extension);
    if (Status == NO_ERROR)
        Status = GpuSetUpQueue(Extension);
    if (Status != NO_ERROR)
        return Status;
    GpuSetStatus(Extension, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
    Extension->Ready = TRUE;
    return NO_ERROR;
}

/* ---- Batches ----------------------------------------------------------------------------- */

ULONG GpuBatchRoom(PGPU_EXTENSION Extension)
{
    return GPU_BATCH - Extension->Batch;
}

static VOID GpuDescribe(PGPU_EXTENSION Extension, ULONG Index, const volatile VOID *Part,
                        ULONG Length, USHORT Flags)
{
    VIRTIO_DESCRIPTOR *Descriptor = &Extension->Shared->Descriptors[Index];

    Descriptor->Address = GpuAddress(Extension, Part);
    Descriptor->Length = Length;
    Descriptor->Flags = Flags;
    Descriptor->Next = (USHORT)(Index + 1);
}

VIRTIO_GPU_REQUEST *GpuAddCommand(PGPU_EXTENSION Extension, ULONG Type, ULONG Length)
{
    PGPU_SHARED Shared = Extension->Shared;
    ULONG Slot = Extension->Batch;
    USHORT Available = Shared->Available.Index;
    VIRTIO_GPU_REQUEST *Request;

    if (Slot == GPU_BATCH)
        return NULL;
    Request = &Shared->Requests[Slot];
    VideoPortZeroMemory(Request, sizeof(*Request));
    Request->Header.Type = Type;
    Shared->Responses[Slot].Type = 0;
    GpuDescribe(Extension, 3 * Slot, Request, Length, VIRTIO_DESCRIPTOR_NEXT);
    GpuDescribe(Extension, 3 * Slot + 1, &Shared->Responses[Slot], sizeof(VIRTIO_GPU_HEADER),
                VIRTIO_DESCRIPTOR_WRITE);
    Shared->Available.Ring[(USHORT)(Available + Slot) % Extension->QueueSize] = (USHORT)(3 * Slot);
    Extension->Batch++;
    return Request;
}

VIRTIO_GPU_REQUEST *GpuAddAttach(PGPU_EXTENSION Extension, ULONG Entries)
{
    PGPU_SHARED Shared = Extension->Shared;
    ULONG Slot = Extension->Batch;
    VIRTIO_GPU_REQUEST *Request = GpuAddCommand(Extension, VIRTIO_GPU_RESOURCE_ATTACH_BACKING,
                                                sizeof(Shared->Requests[0].Attach));

    if (Request == NULL)
        return NULL;
    Request->Attach.Resource = GPU_RESOURCE;
    Request->Attach.Entries = Entries;
    GpuDescribe(Extension, 3 * Slot + 1, Shared->Entries, Entries * sizeof(VIRTIO_GPU_ENTRY),
                VIRTIO_DESCRIPTOR_NEXT);
    GpuDescribe(Extension, 3 * Slot + 2, &Shared->Responses[Slot], sizeof(VIRTIO_GPU_HEADER),
                VIRTIO_DESCRIPTOR_WRITE);
    return Request;
}

VOID GpuAddDetach(PGPU_EXTENSION Extension)
{
    VIRTIO_GPU_REQUEST *Request =
        GpuAddCommand(Extension, VIRTIO_GPU_RESOURCE_DETACH_BACKING, sizeof(Request->Name));

    Request->Name.Resource = GPU_RESOURCE;
}

VOID GpuStagingEntry(PGPU_EXTENSION Extension, ULONG Length)
{
    VIRTIO_GPU_ENTRY *Entry = Extension->Shared->Entries;

    Entry->Address = GpuAddress(Extension, Extension->Shared->Staging);
    Entry->Length = Length;
    Entry->Padding = 0;
}

VOID GpuSendBatch(PGPU_EXTENSION Extension)
{
    PGPU_SHARED Shared = Extension->Shared;
    UCHAR OldIrql;

    VideoPortAcquireSpinLock(Extension, Extension->Lock, &OldIrql);
    Extension->Expected = (USHORT)(Extension->Expected + Extension->Batch);
    Extension->Sent = TRUE;
    /* Stores stay in order on the processors of this driver; volatile keeps the compiler to it. */
    Shared->Available.Index = (USHORT)(Shared->Available.Index + Extension->Batch);
    VideoPortReleaseSpinLock(Extension, Extension->Lock, OldIrql);
    VideoPortWriteRegisterUshort((PUSHORT)(PVOID)Extension->Notify, 0);
}

BOOLEAN GpuTakeAnswer(PGPU_EXTENSION Extension)
{
    PGPU_SHARED Shared = Extension->Shared;
    ULONG Slot;

    if (!Extension->Sent || Shared->Used.Index != Extension->Expected)
        return FALSE;
    Extension->Sent = FALSE;
    Extension->Answer = VIRTIO_GPU_OK;
    for (Slot = 0; Slot < Extension->Batch && Extension->Answer == VIRTIO_GPU_OK; Slot++)
        Extension->Answer = Shared->Responses[Slot].Type;
    Extension->Batch = 0;
    return TRUE;
}

VP_STATUS GpuStatusOf(ULONG Answer)
{
    if (Answer == VIRTIO_GPU_OK)
        return NO_ERROR;
    return Answer == VIRTIO_GPU_OUT_OF_MEMORY ? ERROR_NOT_ENOUGH_MEMORY : ERROR_IO_DEVICE;
}

VP_STATUS GpuRunBatch(PGPU_EXTENSION Extension)
{
    LARGE_INTEGER Timeout;

    Timeout.QuadPart = GPU_TIMEOUT;
    VideoPortClearEvent(Extension, Extension->Done);
    GpuSendBatch(Extension);
    if (VideoPortWaitForSingleObject(Extension, Extension->Done, &Timeout) != NO_ERROR) {
        GpuStopHardware(Extension);
        return WAIT_TIMEOUT;
    }
    return GpuStatusOf(Extension->Answer);
}
