/* SPDX-License-Identifier: MIT */
/* VideoPortDebugPrint, VideoPortLogError, and the debug report that a miniport writes when its
 * device hangs. */
#include "videoprt.h"

#if defined(__x86_64__) && !defined(_WIN32)
typedef __builtin_ms_va_list VP_ARGUMENTS;
#define VP_START(arguments, last) __builtin_ms_va_start(arguments, last)
#define VP_END(arguments)         __builtin_ms_va_end(arguments)
#else
typedef va_list VP_ARGUMENTS;
#define VP_START(arguments, last) va_start(arguments, last)
#define VP_END(arguments)         va_end(arguments)
#endif

static ULONG NTAPI VpDebugFilter(VIDEO_DEBUG_LEVEL Level)
{
    switch (Level) {
    case Error:
        return DPFLTR_ERROR_LEVEL;
    case Warn:
        return DPFLTR_WARNING_LEVEL;
    case Trace:
        return DPFLTR_TRACE_LEVEL;
    default:
        return DPFLTR_INFO_LEVEL;
    }
}

/* The miniport's own words under the hardware vendors' component, never a report of the port's.
 * What does not fit the format is the kernel's to survive. Any IRQL. */
VOID __cdecl VideoPortDebugPrint(VIDEO_DEBUG_LEVEL DebugPrintLevel, PSTR DebugMessage, ...)
{
    VP_ARGUMENTS Arguments;

    if (DebugMessage == NULL)
        return;
    VP_START(Arguments, DebugMessage);
    (void)vDbgPrintEx(DPFLTR_IHVVIDEO_ID, VpDebugFilter(DebugPrintLevel), DebugMessage, Arguments);
    VP_END(Arguments);
}

/* ---- The event log ---- */

/* IO_ERR_INTERNAL_ERROR of ntiologc.h */
#define VP_LOG_MESSAGE ((NTSTATUS)0xC004000C)

/* <= DIRQL. The event log takes entries up to DISPATCH_LEVEL only; above it the debugger gets the
 * line alone. */
VOID NTAPI VideoPortLogError(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Vrp,
                             VP_STATUS ErrorCode, ULONG UniqueId)
{
    PVP_DEVICE Device = VpFindDevice(HwDeviceExtension);
    PIO_ERROR_LOG_PACKET Packet = NULL;

    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_WARNING_LEVEL,
               "VideoPortLogError: status %x, id %x, request %x\n", (ULONG)ErrorCode, UniqueId,
               Vrp != NULL ? Vrp->IoControlCode : 0);
    if (Device != NULL && KeGetCurrentIrql() <= DISPATCH_LEVEL)
        Packet = IoAllocateErrorLogEntry(Device->Fdo, (UCHAR)sizeof(*Packet));
    if (Packet == NULL)
        return;
    RtlZeroMemory(Packet, sizeof(*Packet));
    Packet->MajorFunctionCode = IRP_MJ_DEVICE_CONTROL;
    Packet->ErrorCode = VP_LOG_MESSAGE;
    Packet->UniqueErrorValue = UniqueId;
    Packet->FinalStatus = VpNtStatus(ErrorCode);
    Packet->IoControlCode = Vrp != NULL ? Vrp->IoControlCode : 0;
    Packet->DumpDataSize = sizeof(ULONG);
    Packet->DumpData[0] = (ULONG)ErrorCode;
    IoWriteErrorLogEntry(Packet);
}

/* ---- The debug report ---- */

struct _VIDEO_DEBUG_REPORT {
    ULONG Code;
    ULONG_PTR Arguments[4];
    ULONG Size; /* bytes of secondary data so far */
};

/* One report at a time lives between Create and Complete. NULL: no memory. */
PVIDEO_DEBUG_REPORT NTAPI VideoPortDbgReportCreate(PVOID HwDeviceExtension, ULONG ulCode,
                                                   ULONG_PTR ulpArg1, ULONG_PTR ulpArg2,
                                                   ULONG_PTR ulpArg3, ULONG_PTR ulpArg4)
{
    PVIDEO_DEBUG_REPORT Report;

    if (VpCheckDevice(HwDeviceExtension, "VideoPortDbgReportCreate") == NULL)
        return NULL;
    Report = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Report), VP_TAG);
    if (Report == NULL)
        return NULL;
    Report->Code = ulCode;
    Report->Arguments[0] = ulpArg1;
    Report->Arguments[1] = ulpArg2;
    Report->Arguments[2] = ulpArg3;
    Report->Arguments[3] = ulpArg4;
    Report->Size = 0;
    return Report;
}

/* Data goes to the debug output as it comes, 16 bytes a line. FALSE: more than
 * VIDEO_DEBUG_REPORT_MAX_SIZE in all. */
BOOLEAN NTAPI VideoPortDbgReportSecondaryData(PVIDEO_DEBUG_REPORT pReport, PVOID pvData,
                                              ULONG ulDataSize)
{
    const UCHAR *Data = pvData;
    ULONG Index;

    if (pReport == NULL || pvData == NULL ||
        ulDataSize > VIDEO_DEBUG_REPORT_MAX_SIZE - pReport->Size)
        return FALSE;
    for (Index = 0; Index < ulDataSize; Index++)
        DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_INFO_LEVEL,
                   Index % 16 == 15 || Index + 1 == ulDataSize ? "%02x\n" : "%02x ", Data[Index]);
    pReport->Size += ulDataSize;
    return TRUE;
}

VOID NTAPI VideoPortDbgReportComplete(PVIDEO_DEBUG_REPORT pReport)
{
    if (pReport == NULL)
        return;
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_WARNING_LEVEL,
               "video debug report %x (%p, %p, %p, %p), %u bytes of data\n", pReport->Code,
               (PVOID)pReport->Arguments[0], (PVOID)pReport->Arguments[1],
               (PVOID)pReport->Arguments[2], (PVOID)pReport->Arguments[3], pReport->Size);
    ExFreePoolWithTag(pReport, VP_TAG);
}
