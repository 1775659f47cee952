/* SPDX-License-Identifier: MIT */
/* What each status says to people. Knows nothing else. */
#include <videoport/status.h>

const char *vport_status_text(enum vport_status status)
{
    switch (status) {
    case VPORT_OK:
        return "success";
    case VPORT_E_INVALID:
        return "invalid argument";
    case VPORT_E_RANGE:
        return "range leaves the object it is about";
    case VPORT_E_STATE:
        return "wrong state for this request";
    case VPORT_E_UNKNOWN:
        return "no such object";
    case VPORT_E_ACCESS:
        return "memory not accessible";
    case VPORT_E_BUSY:
        return "in use";
    case VPORT_E_NO_MEMORY:
        return "out of memory";
    case VPORT_E_NO_REGISTERS:
        return "not enough map registers";
    case VPORT_E_TIMEOUT:
        return "timed out";
    case VPORT_E_UNSUPPORTED:
        return "not supported";
    case VPORT_E_TOO_LARGE:
        return "too large";
    case VPORT_E_DEVICE:
        return "device or bus failed";
    case VPORT_E_ENVIRONMENT:
        return "something is missing on this computer";
    case VPORT_E_IO:
        return "input or output error";
    }
    return "unknown status";
}
