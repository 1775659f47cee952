/* SPDX-License-Identifier: MIT */
/*
 * The miniport of the virtio GPU (2D), between its files. A video miniport as the documents
 * describe one: it calls nothing but the video port, and knows nothing of what runs it.
 *
 * The device has no video memory that the CPU could reach. A picture is a resource on the device's
 * side; its pixels travel when the driver attaches memory to it (a scatter/gather list, as
 * HwVidExecuteDma receives one), has rectangles transferred out of that memory, and detaches it
 * again. Nothing travels the other way.
 */
#ifndef GPU_H
#define GPU_H

#include <stddef.h>
#include <ntdef.h>
#include <guiddef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
/* Windows exports the name on the right; some headers declare the one on the left. */
#define VideoPortUnLockBuffer VideoPortUnlockBuffer
#include <video.h>

#include "../blit_ioctl.h"
#include "virtio_hw.h"

#ifndef ERROR_IO_DEVICE /* winerror.h's, which does not go together with every dderror.h */
#define ERROR_IO_DEVICE 1117
#endif

#define GPU_PIXEL    4u /* bytes */
#define GPU_NO_MODE  0xffffffffu
#define GPU_RESOURCE 1u /* there is one picture, and this is its name */

/*
 * Commands go to the device in batches of at most GPU_BATCH, each answered as a whole by one
 * interrupt. Slot i of the batch owns three descriptors, a request and a response.
 */
#define GPU_BATCH       16u
#define GPU_DESCRIPTORS (3u * GPU_BATCH)
#define GPU_QUEUE_MOST  64u
#define GPU_STAGING     0x10000u /* bytes for what does not travel straight from the caller's pages */

/* What the driver and the device share: one common buffer. */
typedef struct _GPU_SHARED {
    VIRTIO_DESCRIPTOR Descriptors[GPU_QUEUE_MOST];
    struct {
        USHORT Flags;
        volatile USHORT Index;
        USHORT Ring[GPU_QUEUE_MOST];
        USHORT Event;
    } Available;
    /* 2.7.2: aligned to 4 */
    DECLSPEC_ALIGN(8) struct {
        USHORT Flags;
        volatile USHORT Index;
        struct {
            ULONG Id, Length;
        } Ring[GPU_QUEUE_MOST];
        USHORT Event;
    } Used;
    DECLSPEC_ALIGN(8) VIRTIO_GPU_REQUEST Requests[GPU_BATCH];
    volatile VIRTIO_GPU_HEADER Responses[GPU_BATCH];
    VIRTIO_GPU_ENTRY Entries[VIRTIO_GPU_ENTRIES];
    UCHAR Staging[GPU_STAGING];
} GPU_SHARED, *PGPU_SHARED;

typedef struct _GPU_SIZE {
    ULONG Width, Height; /* pixels */
} GPU_SIZE, *PGPU_SIZE;

typedef enum _GPU_STATE {
    GpuIdle,    /* the driver itself is between two steps */
    GpuQueued,  /* VideoPortStartDma was called, HwVidExecuteDma not yet */
    GpuRunning, /* the device has a batch */
    GpuOrphan   /* nobody waits any more; HwVidExecuteDma ends it when it comes at last */
} GPU_STATE;

/*
 * The transfer under way. StartIO is serialised by the port, so there is never more than one. State
 * is under the spin lock; the rest belongs to whoever holds the turn: StartIO, then HwVidExecuteDma
 * and the DPC, until Done is signalled.
 */
typedef struct _GPU_TRANSFER {
    GPU_STATE State;
    PVOID Mdl;
    PVP_SCATTER_GATHER_LIST List; /* of the running operation; NULL out of Staging */
    ULONG Operations;
    ULONG Elements;
    ULONG Width;    /* of the picture, pixels */
    ULONG Length;   /* bytes of the picture */
    ULONG Start;    /* where in the picture this operation begins, bytes */
    ULONG Chunk;    /* bytes of this operation; VideoPortStartDma's pLength */
    ULONG Usable;   /* of those, in whole pixels */
    ULONG Position; /* of the next byte that no command has been made for */
    BOOLEAN
    Attached; /* the command that takes the memory from the device again has not been sent */
    VP_STATUS Status;
} GPU_TRANSFER, *PGPU_TRANSFER;

typedef struct _GPU_EXTENSION {
    PUCHAR Common; /* configuration structures, mapped */
    PUCHAR Isr;
    PUCHAR Notify; /* of queue 0, the control queue */

    PVP_DMA_ADAPTER Adapter;
    PGPU_SHARED Shared;
    PHYSICAL_ADDRESS SharedAddress;
    USHORT QueueSize;
    USHORT Expected; /* Used.Index when the batch is done */
    ULONG Batch;     /* commands in the batch */
    BOOLEAN Sent;    /* the device has the batch */
    BOOLEAN Ready;   /* the device has been started */

    ULONG CurrentMode; /* index, or GPU_NO_MODE */
    GPU_SIZE Custom;   /* the mode after those of the table; no width: not made yet */

    PSPIN_LOCK Lock;
    PEVENT Done;
    ULONG Answer; /* of the last batch: VIRTIO_GPU_OK, or the first other response */
    GPU_TRANSFER Transfer;
} GPU_EXTENSION, *PGPU_EXTENSION;

/* resources.c */
VP_STATUS GpuAcquireResources(PGPU_EXTENSION Extension);
VOID GpuReleaseResources(PGPU_EXTENSION Extension);

/* queue.c: the device, its control queue, and batches of commands */
VP_STATUS GpuStartHardware(PGPU_EXTENSION Extension);
VOID GpuStopHardware(PGPU_EXTENSION Extension);
/* The next free request of the batch being made, zeroed, with its type; NULL when the batch is
 * full. */
VIRTIO_GPU_REQUEST *GpuAddCommand(PGPU_EXTENSION Extension, ULONG Type, ULONG Length);
/* As above; `Entries` entries of the shared table follow the request. */
VIRTIO_GPU_REQUEST *GpuAddAttach(PGPU_EXTENSION Extension, ULONG Entries);
VOID GpuAddDetach(PGPU_EXTENSION Extension);
/* Makes the shared table one entry: the first `Length` bytes of Staging. */
VOID GpuStagingEntry(PGPU_EXTENSION Extension, ULONG Length);
ULONG GpuBatchRoom(PGPU_EXTENSION Extension);
VOID GpuSendBatch(PGPU_EXTENSION Extension);
/* The lock is held. TRUE, once, when the batch that was sent has been answered; Answer holds what
 * came. */
BOOLEAN GpuTakeAnswer(PGPU_EXTENSION Extension);
/* Sends the batch and waits for it. PASSIVE_LEVEL. */
VP_STATUS GpuRunBatch(PGPU_EXTENSION Extension);
VP_STATUS GpuStatusOf(ULONG Answer);

/* mode.c: one request each; StatusBlock->Information = bytes of output */
VP_STATUS GpuQueryNumAvailModes(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS GpuQueryAvailModes(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS GpuQueryCurrentMode(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS GpuSetCurrentMode(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS GpuSetSize(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS GpuResetDevice(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
BOOLEAN GpuCurrentSize(PGPU_EXTENSION Extension, PGPU_SIZE Size);
VP_STATUS GpuRestoreMode(PGPU_EXTENSION Extension);

/* blit.c */
VP_STATUS GpuBlit(PGPU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
BOOLEAN NTAPI GpuInterrupt(PVOID HwDeviceExtension);

#endif
