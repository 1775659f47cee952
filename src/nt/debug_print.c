/* SPDX-License-Identifier: MIT */
/*
 * Debug output of drivers. It goes to the sink that the host set, by default nowhere. The video
 * port, which may call only documented services, reports misuse this way too: a message of
 * component DPFLTR_VIDEO_ID and level DPFLTR_ERROR_LEVEL of the form "videoprt: RULE: text" becomes
 * a report of that rule.
 *
 * Sources: wdm/nf-wdm-dbgprint, wdm/nf-wdm-dbgprintex, wdm/nf-wdm-vdbgprintex.
 */
#include "nt/format.h"

#if defined(VPORT_X64)
#define ARGUMENTS_START(list, last) __builtin_ms_va_start(list, last)
#define ARGUMENTS_END(list)         __builtin_ms_va_end(list)
#else
#define ARGUMENTS_START(list, last) va_start(list, last)
#define ARGUMENTS_END(list)         va_end(list)
#endif

/* As much as one message may have; the documents say 512 bytes. */
#define MESSAGE 1024

void vport_nt_set_debug_sink(struct vport_nt *nt, vport_nt_debug_sink *sink, void *context)
{
    nt->debug_sink = sink;
    nt->debug_context = context;
}

static void cut_newlines(char *text)
{
    size_t length = strlen(text);

    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        text[--length] = '\0';
}

/* true if the message was a report. */
static bool report(struct vport_nt *nt, char *text, const void *site)
{
    static const char prefix[] = "videoprt: ";
    char *rule = text + sizeof(prefix) - 1;
    char *end;

    if (strncmp(text, prefix, sizeof(prefix) - 1) != 0)
        return false;
    end = strstr(rule, ": ");
    if (!end)
        return false;
    *end = '\0';
    cut_newlines(end + 2);
    vport_report(nt->reports, rule, site, "%s", end + 2);
    return true;
}

static void output(ULONG component, ULONG level, char *text, const void *site)
{
    struct vport_nt *nt = vport_nt_get();

    if (!nt ||
        (component == DPFLTR_VIDEO_ID && level == DPFLTR_ERROR_LEVEL && report(nt, text, site)))
        return;
    if (nt->debug_sink)
        nt->debug_sink(nt->debug_context, component, level, text);
}

static ULONG print(PCSTR prefix, ULONG component, ULONG level, PCSTR format,
                   VPORT_VA_LIST arguments, const void *site)
{
    size_t length = strnlen(prefix, MESSAGE - 1);
    char text[MESSAGE];

    if (!format)
        return (ULONG)STATUS_INVALID_PARAMETER;
    memcpy(text, prefix, length);
    vport_nt_format(text + length, sizeof(text) - length, format, arguments);
    output(component, level, text, site);
    return (ULONG)STATUS_SUCCESS;
}

/* IRQL <= DIRQL. Arguments may be anything; see format.h. */
ULONG CDECL DbgPrint(PCSTR Format, ...)
{
    VPORT_VA_LIST arguments;
    ULONG status;

    ARGUMENTS_START(arguments, Format);
    status = print("", DPFLTR_DEFAULT_ID, DPFLTR_INFO_LEVEL, Format, arguments, VPORT_SITE);
    ARGUMENTS_END(arguments);
    return status;
}

/* IRQL <= DIRQL. Nothing is filtered out; the sink is told component and level. */
ULONG CDECL DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    VPORT_VA_LIST arguments;
    ULONG status;

    ARGUMENTS_START(arguments, Format);
    status = print("", ComponentId, Level, Format, arguments, VPORT_SITE);
    ARGUMENTS_END(arguments);
    return status;
}

ULONG NTAPI vDbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, VPORT_VA_LIST Arguments)
{
    return print("", ComponentId, Level, Format, Arguments, VPORT_SITE);
}

ULONG NTAPI vDbgPrintExWithPrefix(PCSTR Prefix, ULONG ComponentId, ULONG Level, PCSTR Format,
                                  VPORT_VA_LIST Arguments)
{
    return print(Prefix, ComponentId, Level, Format, Arguments, VPORT_SITE);
}

/* Any IRQL. There is no debugger to break into: reported. */
VOID NTAPI DbgBreakPoint(VOID)
{
    vport_nt_report("BREAKPOINT", VPORT_SITE, "DbgBreakPoint was called.");
}

VOID NTAPI DbgBreakPointWithStatus(ULONG Status)
{
    vport_nt_report("BREAKPOINT", VPORT_SITE, "DbgBreakPointWithStatus was called with %#x.",
                    Status);
}

/* Any IRQL. */
VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PSTR Message)
{
    vport_nt_report("ASSERT", VPORT_SITE, "%s:%u: %s%s%s", (const char *)FileName, LineNumber,
                    (const char *)FailedAssertion, Message ? ": " : "", Message ? Message : "");
}
