/* SPDX-License-Identifier: MIT */
/* Which Windows this is. */
#include "videoprt.h"

VP_STATUS NTAPI VideoPortGetVersion(PVOID HwDeviceExtension, PVPOSVERSIONINFO pVpOsVersionInfo)
{
    RTL_OSVERSIONINFOEXW Version;

    if (pVpOsVersionInfo == NULL || pVpOsVersionInfo->Size < sizeof(*pVpOsVersionInfo))
        return ERROR_INVALID_PARAMETER;
    RtlZeroMemory(&Version, sizeof(Version));
    Version.dwOSVersionInfoSize = sizeof(Version);
    if (!NT_SUCCESS(RtlGetVersion((PRTL_OSVERSIONINFOW)&Version)))
        return ERROR_INVALID_PARAMETER;
    pVpOsVersionInfo->MajorVersion = Version.dwMajorVersion;
    pVpOsVersionInfo->MinorVersion = Version.dwMinorVersion;
    pVpOsVersionInfo->BuildNumber = Version.dwBuildNumber;
    pVpOsVersionInfo->ServicePackMajor = Version.wServicePackMajor;
    pVpOsVersionInfo->ServicePackMinor = Version.wServicePackMinor;
    return NO_ERROR;
}
