/* SPDX-License-Identifier: MIT */
/*
 * The error log: entries become debug output of the system's component, error level.
 *
 * Sources: wdm/nf-wdm-ioallocateerrorlogentry, wdm/nf-wdm-iowriteerrorlogentry,
 * wdm/ns-wdm-_io_error_log_packet.
 */
#include "nt/kernel.h"

#include <stdio.h>

#define LOG_TAG 0x676f4c45u /* "ELog" */

/*
 * IRQL <= DISPATCH_LEVEL. A zeroed entry of EntrySize bytes (ERROR_LOG_MAXIMUM_SIZE at most), or
 * NULL.
 */
PVOID NTAPI IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize)
{
    struct vport_nt *nt = vport_nt_get();
    PVOID entry;

    vport_nt_irql_at_most("IoAllocateErrorLogEntry", DISPATCH_LEVEL, VPORT_SITE);
    if (!nt || EntrySize < sizeof(IO_ERROR_LOG_PACKET) || EntrySize > ERROR_LOG_MAXIMUM_SIZE)
        return NULL;
    entry = vport_nt_pool_allocate(nt, NonPagedPool, EntrySize, LOG_TAG, VPORT_SITE);
    if (entry)
        memset(entry, 0, EntrySize);
    return entry;
}

/* IRQL <= DISPATCH_LEVEL. Takes the entry. */
VOID NTAPI IoWriteErrorLogEntry(PVOID ElEntry)
{
    struct vport_nt *nt = vport_nt_get();
    IO_ERROR_LOG_PACKET packet;
    char text[160];

    vport_nt_irql_at_most("IoWriteErrorLogEntry", DISPATCH_LEVEL, VPORT_SITE);
    if (!nt || vport_nt_read(&packet, ElEntry, sizeof(packet)) != sizeof(packet) ||
        !vport_nt_pool_free(nt, ElEntry, LOG_TAG, "IoWriteErrorLogEntry", VPORT_SITE))
        return;
    snprintf(text, sizeof(text),
             "error log: code %#x, unique %#x, status %#x, major function %#x, control code %#x",
             (unsigned)packet.ErrorCode, packet.UniqueErrorValue, (unsigned)packet.FinalStatus,
             packet.MajorFunctionCode, packet.IoControlCode);
    if (nt->debug_sink)
        nt->debug_sink(nt->debug_context, DPFLTR_SYSTEM_ID, DPFLTR_ERROR_LEVEL, text);
}
