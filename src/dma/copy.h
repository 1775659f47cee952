/* SPDX-License-Identifier: MIT */
/* Copying past the caches. Knows nothing of what is copied. */
#ifndef VPORT_DMA_COPY_H
#define VPORT_DMA_COPY_H

#include <stddef.h>

/* As memcpy, without leaving `to` in the caches where this CPU can do that. */
void vport_copy_stream(void *to, const void *from, size_t length);
/* Once after the last of them, before anybody is told that the bytes are there. */
void vport_copy_stream_end(void);

#endif
