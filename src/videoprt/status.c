/* SPDX-License-Identifier: MIT */
/*
 * VP_STATUS (Win32 codes) and NTSTATUS, both ways.
 *
 * A request's NTSTATUS must lead its sender back to the very VP_STATUS that the miniport set. Codes
 * with an NTSTATUS of their own are in the table, one to one. Any other positive code c below 65536
 * becomes 0xC0070000 + c: an error of FACILITY_NTWIN32, whose low word is a Win32 code by
 * definition. What already is an NTSTATUS error or warning passes unchanged.
 */
#include "videoprt.h"

#define VP_NTWIN32 0xC0070000u

static const struct {
    VP_STATUS Vp;
    NTSTATUS Nt;
} VpStatuses[] = {
    {NO_ERROR, STATUS_SUCCESS},
    {ERROR_INVALID_FUNCTION, STATUS_NOT_IMPLEMENTED},
    {ERROR_NOT_ENOUGH_MEMORY, STATUS_INSUFFICIENT_RESOURCES},
    {ERROR_GEN_FAILURE, STATUS_UNSUCCESSFUL},
    {ERROR_NOT_SUPPORTED, STATUS_NOT_SUPPORTED},
    {ERROR_DEV_NOT_EXIST, STATUS_DEVICE_DOES_NOT_EXIST},
    {ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER},
    {ERROR_INSUFFICIENT_BUFFER, STATUS_BUFFER_TOO_SMALL},
    {ERROR_BUSY, STATUS_DEVICE_BUSY},
    {ERROR_MORE_DATA, STATUS_BUFFER_OVERFLOW},
};

NTSTATUS NTAPI VpNtStatus(VP_STATUS Status)
{
    ULONG Index;

    for (Index = 0; Index < RTL_NUMBER_OF(VpStatuses); Index++)
        if (VpStatuses[Index].Vp == Status)
            return VpStatuses[Index].Nt;
    if (Status > 0 && Status <= 0xFFFF)
        return (NTSTATUS)(VP_NTWIN32 | (ULONG)Status);
    return Status < 0 ? (NTSTATUS)Status : STATUS_UNSUCCESSFUL;
}

VP_STATUS NTAPI VpVpStatus(NTSTATUS Status)
{
    ULONG Index;

    if (((ULONG)Status & 0xFFFF0000u) == VP_NTWIN32)
        return (VP_STATUS)(Status & 0xFFFF);
    for (Index = 0; Index < RTL_NUMBER_OF(VpStatuses); Index++)
        if (VpStatuses[Index].Nt == Status)
            return VpStatuses[Index].Vp;
    return (VP_STATUS)Status;
}
