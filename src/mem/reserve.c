/* SPDX-License-Identifier: MIT */
/* Reserved addresses: mappings without access, which cost address space and nothing else. */
#include "mem/reserve.h"

#include <sys/mman.h>

void *vport_mem_reserve(size_t length)
{
    void *address =
        mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return address == MAP_FAILED ? NULL : address;
}

void vport_mem_unreserve(void *address, size_t length)
{
    munmap(address, length);
}
