/* SPDX-License-Identifier: MIT */
/*
 * miniport.h - types which miniport drivers of every class use.
 *
 * Usual order in a video miniport: dderror.h devioctl.h miniport.h ntddvdeo.h video.h. Unlike other
 * DDKs, this file and ntddk.h or wdm.h may be included in one source, in any order.
 *
 * Sources: miniport (header page), video/ns-video-_emulator_access_entry,
 * video/nc-video-pbanked_section_routine.
 */
#ifndef _MINIPORT_
#define _MINIPORT_

#include "vport_base.h"
#include "vport_bus.h"

/* Ports which the port traps for a VDM on behalf of the miniport (VGA on x86). */
typedef enum _EMULATOR_PORT_ACCESS_TYPE {
    Uchar,
    Ushort,
    Ulong
} EMULATOR_PORT_ACCESS_TYPE, *PEMULATOR_PORT_ACCESS_TYPE;

/* EMULATOR_ACCESS_ENTRY.AccessMode */
#define EMULATOR_READ_ACCESS 0x01
#define EMULATOR_WRITE_ACCESS 0x02

typedef struct _EMULATOR_ACCESS_ENTRY {
    ULONG BasePort;
    ULONG NumConsecutivePorts;
    EMULATOR_PORT_ACCESS_TYPE AccessType;
    UCHAR AccessMode;
    UCHAR StringSupport;
    PVOID Routine; /* one of the PDRIVER_IO_PORT_XXX of video.h */
} EMULATOR_ACCESS_ENTRY, *PEMULATOR_ACCESS_ENTRY;

/* VideoPortMapBankedMemory: selects a bank. */
typedef VOID (NTAPI *PBANKED_SECTION_ROUTINE)(
    ULONG ReadBank,
    ULONG WriteBank,
    PVOID Context);

#endif /* _MINIPORT_ */
