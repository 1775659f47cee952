/* SPDX-License-Identifier: MIT */
/* Reserved addresses: a range of this process that nothing else gets and where nothing can be read
 * or written. */
#ifndef VPORT_MEM_RESERVE_H
#define VPORT_MEM_RESERVE_H

#include <stddef.h>

/* `length` > 0 bytes, a multiple of the page size; NULL when there is no room. */
void *vport_mem_reserve(size_t length);
void vport_mem_unreserve(void *address, size_t length);

#endif
