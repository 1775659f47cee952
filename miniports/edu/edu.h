/* SPDX-License-Identifier: MIT */
/*
 * The miniport of QEMU's edu device, between its files. A video miniport as the documents describe
 * one: it calls nothing but the video port, and knows nothing of what runs it.
 *
 * edu has a DMA engine and 4 KiB of memory, and no screen. What makes it a display adapter is the
 * picture store: the video memory of a display that stands next to it, if the registry says where,
 * or else a common buffer. Every byte of a picture passes the engine twice: between the caller's
 * pages and edu's memory, and between that and the store.
 */
#ifndef EDU_H
#define EDU_H

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
#include "edu_hw.h"

#define EDU_PIXEL   4u
#define EDU_NO_MODE 0xffffffffu

/* A mode; all are XRGB8888 without padding between the rows. */
typedef struct _EDU_SIZE {
    ULONG Width, Height; /* pixels */
} EDU_SIZE, *PEDU_SIZE;

/* Where pictures are kept. */
typedef struct _EDU_STORE {
    PHYSICAL_ADDRESS Address; /* as the engine reaches it */
    ULONG Length;
    PVOID Common;      /* the common buffer; NULL: a display's video memory */
    PUCHAR Registers;  /* of that display, or NULL */
    PVOID VideoMemory; /* mapped, or NULL */
} EDU_STORE, *PEDU_STORE;

typedef enum _EDU_STATE {
    EduIdle,    /* nothing is under way, or the driver itself is between two operations */
    EduQueued,  /* VideoPortStartDma was called, HwVidExecuteDma not yet */
    EduRunning, /* the engine works on a piece */
    EduOrphan   /* nobody waits any more; HwVidExecuteDma ends it when it comes at last */
} EDU_STATE;

/*
 * The transfer under way. StartIO is serialised by the port, so there is never more than one.
 * State, List and Operations are under the spin lock; the rest belongs to whoever holds the turn:
 * StartIO, then the DPC, until Done is signalled.
 */
typedef struct _EDU_TRANSFER {
    EDU_STATE State;
    PVP_SCATTER_GATHER_LIST List; /* of the running operation; NULL through the common buffer */
    ULONG Operations;
    ULONG Elements;
    PVOID Mdl;
    BOOLEAN WriteToDevice;
    ULONG Row;      /* bytes of the rectangle in a row */
    ULONG Pitch;    /* bytes from row to row in the store */
    ULONG Length;   /* bytes of the whole transfer */
    ULONG Position; /* bytes moved */
    ULONG Chunk;    /* bytes of this piece; VideoPortStartDma's pLength */
    /* Of this piece: */
    ULONGLONG Address; /* its other end, in memory */
    BOOLEAN Outside;   /* it has passed between that and edu's memory */
    ULONG Stored;      /* bytes that have passed between edu's memory and the store */
    VP_STATUS Status;
} EDU_TRANSFER, *PEDU_TRANSFER;

typedef struct _EDU_EXTENSION {
    PUCHAR Registers;
    PVP_DMA_ADAPTER Adapter;
    PVOID Piece; /* common buffer of EDU_BUFFER_LENGTH */
    PHYSICAL_ADDRESS PieceAddress;
    EDU_STORE Store;

    ULONG CurrentMode; /* index, or EDU_NO_MODE */
    EDU_SIZE Custom;   /* the mode after those of the table; no width: not made yet */

    PSPIN_LOCK Lock;
    PEVENT Done;
    EDU_TRANSFER Transfer;
    BOOLEAN CutOff; /* the engine hung, and may not touch memory until it is idle again */
} EDU_EXTENSION, *PEDU_EXTENSION;

static __inline ULONG EduRead(PEDU_EXTENSION Extension, ULONG Register)
{
    return VideoPortReadRegisterUlong((PULONG)(PVOID)(Extension->Registers + Register));
}

static __inline VOID EduWrite(PEDU_EXTENSION Extension, ULONG Register, ULONG Value)
{
    VideoPortWriteRegisterUlong((PULONG)(PVOID)(Extension->Registers + Register), Value);
}

/* resources.c */
VP_STATUS EduAcquireResources(PEDU_EXTENSION Extension);
VOID EduReleaseResources(PEDU_EXTENSION Extension);
VOID EduSetBusMaster(PEDU_EXTENSION Extension, BOOLEAN On);

/* store.c */
VOID EduFindDisplay(PEDU_EXTENSION Extension);
VOID EduCloseStore(PEDU_EXTENSION Extension);
/* Makes room for the picture, blank, and shows it if there is a display. */
VP_STATUS EduPrepareStore(PEDU_EXTENSION Extension, const EDU_SIZE *Size);
VP_STATUS EduShow(PEDU_EXTENSION Extension, const EDU_SIZE *Size);
VOID EduHide(PEDU_EXTENSION Extension);
BOOLEAN EduSizeFits(PEDU_EXTENSION Extension, const EDU_SIZE *Size);

/* mode.c: one request each; StatusBlock->Information = bytes of output */
VP_STATUS EduQueryNumAvailModes(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS EduQueryAvailModes(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS EduQueryCurrentMode(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS EduSetCurrentMode(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS EduSetSize(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS EduResetDevice(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
BOOLEAN EduCurrentSize(PEDU_EXTENSION Extension, PEDU_SIZE Size);
VOID EduRestoreMode(PEDU_EXTENSION Extension);

/* engine.c: all but EduIdleEngine with the lock held */
VOID EduBeginPiece(PEDU_EXTENSION Extension, ULONGLONG Address);
BOOLEAN EduNextCommand(PEDU_EXTENSION Extension); /* FALSE: the piece is done */
VOID EduIdleEngine(PEDU_EXTENSION Extension);

/* blit.c */
VP_STATUS EduBlit(PEDU_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
BOOLEAN NTAPI EduInterrupt(PVOID HwDeviceExtension);

#endif
