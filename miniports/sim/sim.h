/* SPDX-License-Identifier: MIT */
/*
 * The miniport of the simulated display adapter, between its files. A video miniport as the
 * documents describe one: it calls nothing but the video port, and knows nothing of what runs it.
 */
#ifndef SIM_H
#define SIM_H

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
#include "sim_hw.h"

#ifndef ERROR_IO_DEVICE /* winerror.h's, which does not go together with every dderror.h */
#define ERROR_IO_DEVICE 1117
#endif

/* A mode; all are XRGB8888 without padding between the rows. */
typedef struct _SIM_SIZE {
    ULONG Width, Height; /* pixels */
} SIM_SIZE, *PSIM_SIZE;

#define SIM_NO_MODE 0xffffffffu

#define SIM_COMMON_LENGTH 0x10000u /* bytes of the common buffer for pictures */

typedef enum _SIM_TRANSFER_STATE {
    SimTransferNone,    /* nothing is under way, or the driver itself is between two operations */
    SimTransferQueued,  /* VideoPortStartDma was called, HwVidExecuteDma not yet */
    SimTransferRunning, /* the engine has a command */
    SimTransferOrphan   /* nobody waits any more; HwVidExecuteDma ends it when it comes at last */
} SIM_TRANSFER_STATE;

/*
 * The transfer under way. StartIO is serialised by the port, so there is never more than one.
 * State, List and Operations are under the spin lock; the rest belongs to whoever holds the turn:
 * StartIO, then the DPC, until Done is signalled.
 */
typedef struct _SIM_TRANSFER {
    SIM_TRANSFER_STATE State;
    PVP_SCATTER_GATHER_LIST List; /* of the running operation; NULL through the common buffer */
    ULONG Operations;
    ULONG Elements;
    PVOID Mdl;
    BOOLEAN WriteToDevice;
    ULONG Length;   /* bytes of the whole transfer */
    ULONG Position; /* bytes moved */
    ULONG Chunk;    /* bytes of this operation; VideoPortStartDma's pLength */
    VP_STATUS Status;
} SIM_TRANSFER, *PSIM_TRANSFER;

typedef struct _SIM_EXTENSION {
    PUCHAR Registers;
    PVOID VideoMemory;
    PHYSICAL_ADDRESS VideoMemoryAddress;
    ULONG VideoMemoryLength;

    BOOLEAN ListEngine;
    ULONG MaximumLength; /* bytes a command */
    PVP_DMA_ADAPTER Adapter;
    PSIM_DESCRIPTOR Table; /* NULL without a list engine */
    PHYSICAL_ADDRESS TableAddress;
    ULONG TableEntries;
    PVOID Common;
    PHYSICAL_ADDRESS CommonAddress;

    ULONG CurrentMode; /* index, or SIM_NO_MODE */
    SIM_SIZE Custom;   /* the mode after those of the table; no width: not made yet */

    PSPIN_LOCK Lock;
    PEVENT Done;
    SIM_TRANSFER Transfer;
} SIM_EXTENSION, *PSIM_EXTENSION;

static __inline ULONG SimRead(PSIM_EXTENSION Extension, ULONG Register)
{
    return VideoPortReadRegisterUlong((PULONG)(Extension->Registers + Register));
}

static __inline VOID SimWrite(PSIM_EXTENSION Extension, ULONG Register, ULONG Value)
{
    VideoPortWriteRegisterUlong((PULONG)(Extension->Registers + Register), Value);
}

/* resources.c */
VP_STATUS SimAcquireResources(PSIM_EXTENSION Extension);
VOID SimReleaseResources(PSIM_EXTENSION Extension);
VOID SimStartHardware(PSIM_EXTENSION Extension);

/* mode.c: one request each; StatusBlock->Information = bytes of output */
VP_STATUS SimQueryNumAvailModes(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimQueryAvailModes(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimQueryCurrentMode(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimSetCurrentMode(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimSetSize(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimResetDevice(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimMapVideoMemory(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
VP_STATUS SimUnmapVideoMemory(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
BOOLEAN SimCurrentSize(PSIM_EXTENSION Extension, PSIM_SIZE Size);
VOID SimRestoreMode(PSIM_EXTENSION Extension);

/* blit.c */
VP_STATUS SimBlit(PSIM_EXTENSION Extension, PVIDEO_REQUEST_PACKET Packet);
BOOLEAN NTAPI SimInterrupt(PVOID HwDeviceExtension);

#endif
