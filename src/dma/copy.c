/* SPDX-License-Identifier: MIT */
/* Copying past the caches, by non-temporal stores where SSE2 is in the base instruction set. */
#include "dma/copy.h"

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>

enum { LINE = 64 };

static void stream_line(char *to, const char *from)
{
    __m128i a = _mm_loadu_si128((const __m128i *)from),
            b = _mm_loadu_si128((const __m128i *)(from + 16));
    __m128i c = _mm_loadu_si128((const __m128i *)(from + 32)),
            d = _mm_loadu_si128((const __m128i *)(from + 48));

    _mm_stream_si128((__m128i *)to, a);
    _mm_stream_si128((__m128i *)(to + 16), b);
    _mm_stream_si128((__m128i *)(to + 32), c);
    _mm_stream_si128((__m128i *)(to + 48), d);
}

void vport_copy_stream(void *to, const void *from, size_t length)
{
    size_t head = -(uintptr_t)to % LINE, done;

    head = head < length ? head : length;
    memcpy(to, from, head);
    for (done = head; length - done >= LINE; done += LINE)
        stream_line((char *)to + done, (const char *)from + done);
    memcpy((char *)to + done, (const char *)from + done, length - done);
}

void vport_copy_stream_end(void)
{
    _mm_sfence();
}

#else

void vport_copy_stream(void *to, const void *from, size_t length)
{
    memcpy(to, from, length);
}

void vport_copy_stream_end(void)
{
}
#endif
