/* SPDX-License-Identifier: MIT */
/*
 * Who is running: processors, threads and processes by name, and the version of the system. A
 * thread is known by the processor that it stands on. There is one process, the system's.
 *
 * Sources: wdm/nf-wdm-kegetcurrentprocessornumber, -kegetcurrentthread, -iogetcurrentprocess,
 * -psgetversion, -rtlgetversion.
 */
#include "nt/kernel.h"

/* Any IRQL. 0 .. 31. */
ULONG NTAPI KeGetCurrentProcessorNumber(VOID)
{
    struct vport_cpu *cpu = vport_cpu_get();

    return cpu && cpu->number < VPORT_NT_PROCESSORS ? cpu->number : 0;
}

/* Any IRQL. A mask of all processors that there can be. */
KAFFINITY NTAPI KeQueryActiveProcessors(VOID)
{
    return 0xffffffffu;
}

/* Any IRQL. Only good for comparing. */
PKTHREAD NTAPI KeGetCurrentThread(VOID)
{
    return (PKTHREAD)vport_cpu_get();
}

/* Any IRQL. Only good for comparing. */
PEPROCESS NTAPI IoGetCurrentProcess(VOID)
{
    return (PEPROCESS)vport_nt_get();
}

/* PASSIVE_LEVEL by the book. The system process has the number 4. */
HANDLE NTAPI PsGetCurrentProcessId(VOID)
{
    return (HANDLE)(uintptr_t)4;
}

HANDLE NTAPI PsGetCurrentThreadId(VOID)
{
    return (HANDLE)((uintptr_t)4 * (KeGetCurrentProcessorNumber() + 2));
}

/* PASSIVE_LEVEL by the book. The priority makes no difference; returns the usual one. */
KPRIORITY NTAPI KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    return 8;
}

/* Windows XP with its second service pack, where the video port's DMA system is at home. */
enum {
    VERSION_MAJOR = 5,
    VERSION_MINOR = 1,
    VERSION_BUILD = 2600,
    VERSION_SERVICE_PACK = 2,
    VERSION_PLATFORM_NT = 2,
    VERSION_WORKSTATION = 1,
};

static const WCHAR service_pack[] = {'S', 'e', 'r', 'v', 'i', 'c', 'e', ' ',
                                     'P', 'a', 'c', 'k', ' ', '2', 0};

/* PASSIVE_LEVEL. TRUE would say that this is a checked build. */
BOOLEAN NTAPI PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber,
                           PUNICODE_STRING CSDVersion)
{
    if (MajorVersion)
        *MajorVersion = VERSION_MAJOR;
    if (MinorVersion)
        *MinorVersion = VERSION_MINOR;
    if (BuildNumber)
        *BuildNumber = VERSION_BUILD;
    if (CSDVersion)
        RtlInitUnicodeString(CSDVersion, service_pack);
    return FALSE;
}

/* PASSIVE_LEVEL. WDM of Windows XP: 1.32. */
BOOLEAN NTAPI IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion)
{
    return MajorVersion < 1 || (MajorVersion == 1 && MinorVersion <= 0x20);
}

/* PASSIVE_LEVEL. The size says whether the caller's structure has the extended members. */
NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation)
{
    PRTL_OSVERSIONINFOEXW extended = (PRTL_OSVERSIONINFOEXW)lpVersionInformation;

    lpVersionInformation->dwMajorVersion = VERSION_MAJOR;
    lpVersionInformation->dwMinorVersion = VERSION_MINOR;
    lpVersionInformation->dwBuildNumber = VERSION_BUILD;
    lpVersionInformation->dwPlatformId = VERSION_PLATFORM_NT;
    memset(lpVersionInformation->szCSDVersion, 0, sizeof(lpVersionInformation->szCSDVersion));
    memcpy(lpVersionInformation->szCSDVersion, service_pack, sizeof(service_pack));
    if (lpVersionInformation->dwOSVersionInfoSize < sizeof(*extended))
        return STATUS_SUCCESS;
    extended->wServicePackMajor = VERSION_SERVICE_PACK;
    extended->wServicePackMinor = 0;
    extended->wSuiteMask = 0;
    extended->wProductType = VERSION_WORKSTATION;
    extended->wReserved = 0;
    return STATUS_SUCCESS;
}
