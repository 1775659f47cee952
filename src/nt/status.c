/* SPDX-License-Identifier: MIT */
/* From this project's statuses to NTSTATUS: the only table. */
#include "nt/kernel.h"

NTSTATUS vport_nt_status(enum vport_status status)
{
    switch (status) {
    case VPORT_OK:
        return STATUS_SUCCESS;
    case VPORT_E_INVALID:
        return STATUS_INVALID_PARAMETER;
    case VPORT_E_RANGE:
        return STATUS_BUFFER_TOO_SMALL; /* what NT's DMA routines say of a range outside the buffer
                                           (SD-A3) */
    case VPORT_E_STATE:
        return STATUS_INVALID_DEVICE_STATE;
    case VPORT_E_UNKNOWN:
        return STATUS_NOT_FOUND;
    case VPORT_E_ACCESS:
        return STATUS_ACCESS_VIOLATION;
    case VPORT_E_BUSY:
        return STATUS_DEVICE_BUSY;
    case VPORT_E_NO_MEMORY:
    case VPORT_E_NO_REGISTERS: /* MR-9 */
        return STATUS_INSUFFICIENT_RESOURCES;
    case VPORT_E_TIMEOUT:
        return STATUS_IO_TIMEOUT;
    case VPORT_E_UNSUPPORTED:
        return STATUS_NOT_SUPPORTED;
    case VPORT_E_TOO_LARGE:
        return STATUS_INVALID_BUFFER_SIZE;
    case VPORT_E_DEVICE:
        return STATUS_IO_DEVICE_ERROR;
    case VPORT_E_ENVIRONMENT:
        return STATUS_NO_SUCH_DEVICE;
    case VPORT_E_IO:
        return STATUS_UNEXPECTED_IO_ERROR;
    }
    return STATUS_UNSUCCESSFUL;
}
