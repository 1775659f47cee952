/* SPDX-License-Identifier: MIT */
/* The private IOCTLs as calls. See blit.h. */
#include "host/blit.h"

#include <stdio.h>
#include <stdlib.h>

#include <ntdef.h>
#include <devioctl.h>
#include <dderror.h>
#include <winerror.h>

#include "base/arith.h"
#include "host/machine.h"
#include "miniports/blit_ioctl.h"

/* A VP_STATUS by its documented name, for the statuses that miniports and the port answer with. */
static const char *status_name(uint32_t status)
{
    switch (status) {
    case ERROR_INVALID_FUNCTION:
        return "ERROR_INVALID_FUNCTION: not a request this driver knows";
    case ERROR_NOT_ENOUGH_MEMORY:
        return "ERROR_NOT_ENOUGH_MEMORY";
    case ERROR_DEV_NOT_EXIST:
        return "ERROR_DEV_NOT_EXIST";
    case ERROR_INVALID_PARAMETER:
        return "ERROR_INVALID_PARAMETER";
    case ERROR_INSUFFICIENT_BUFFER:
        return "ERROR_INSUFFICIENT_BUFFER";
    case ERROR_BUSY:
        return "ERROR_BUSY";
    case ERROR_GEN_FAILURE:
        return "ERROR_GEN_FAILURE";
    default:
        return "see winerror.h";
    }
}

static enum vport_status refused(const char *what, uint32_t status, char *error)
{
    snprintf(error, VPORT_ERROR_TEXT, "the driver refused to %s: VP_STATUS %u (%s)", what, status,
             status_name(status));
    return VPORT_E_DEVICE;
}

/* Buffers begin at an odd byte of a page, as a program's may, and always at the same one: counts of
 * operations depend on it. */
enum { PAGE = 4096, SKEW = 565 };

void *vport_blit_memory_alloc(struct vport_machine *machine, size_t length)
{
    void *memory = NULL;

    if (length > SIZE_MAX - SKEW - PAGE)
        return NULL;
    length = vport_align_up(length + SKEW, PAGE);
    if (!machine->adapter->machine_memory)
        memory = aligned_alloc(PAGE, length);
    else if (vport_machine_alloc(machine, length, &memory) != VPORT_OK)
        memory = NULL;
    return memory ? (char *)memory + SKEW : NULL;
}

void vport_blit_memory_free(struct vport_machine *machine, void *memory)
{
    void *block = memory ? (char *)memory - SKEW : NULL;

    if (!machine->adapter->machine_memory)
        free(block);
    else if (block)
        vport_machine_free(machine, block);
}

enum vport_status vport_blit_set_mode(struct vport_machine *machine, uint32_t width,
                                      uint32_t height, char *error)
{
    VPORT_SIZE size = {.Width = width, .Height = height};
    uint32_t status =
        vport_machine_control(machine, IOCTL_VPORT_SET_SIZE, &size, sizeof(size), NULL, 0, NULL);

    return status == NO_ERROR ? VPORT_OK : refused("set the mode", status, error);
}

static enum vport_status blit(struct vport_machine *machine, VPORT_BLIT *request, const char *what,
                              char *error)
{
    uint64_t bytes = (uint64_t)request->Width * request->Height * 4;
    VPORT_BLIT_RESULT result = {0};
    uint32_t returned = 0;
    uint32_t status = vport_machine_control(machine, IOCTL_VPORT_BLIT, request, sizeof(*request),
                                            &result, sizeof(result), &returned);

    if (status == ERROR_INVALID_FUNCTION && request->Direction == VPORT_BLIT_FROM_DEVICE) {
        snprintf(error, VPORT_ERROR_TEXT, "nothing can be read back from this adapter");
        return VPORT_E_UNSUPPORTED;
    }
    if (status != NO_ERROR)
        return refused(what, status, error);
    if (returned < sizeof(result) || result.Bytes != bytes) {
        snprintf(error, VPORT_ERROR_TEXT, "asked to %s, the driver moved %llu of %llu bytes", what,
                 (unsigned long long)result.Bytes, (unsigned long long)bytes);
        return VPORT_E_DEVICE;
    }
    return VPORT_OK;
}

enum vport_status vport_blit_write(struct vport_machine *machine, const void *pixels,
                                   uint32_t width, uint32_t height, char *error)
{
    VPORT_BLIT request = {.Direction = VPORT_BLIT_TO_DEVICE,
                          .Width = width,
                          .Height = height,
                          .Buffer = (uintptr_t)pixels};

    return blit(machine, &request, "write the picture", error);
}

enum vport_status vport_blit_read(struct vport_machine *machine, void *pixels, uint32_t width,
                                  uint32_t height, char *error)
{
    VPORT_BLIT request = {.Direction = VPORT_BLIT_FROM_DEVICE,
                          .Width = width,
                          .Height = height,
                          .Buffer = (uintptr_t)pixels};

    return blit(machine, &request, "read the picture back", error);
}
