/* SPDX-License-Identifier: MIT */
/*
 * The picture frame: a card of 64 x 48 pixels that can do one thing, fetch bytes of its picture
 * from memory. This is its whole data sheet, and what its driver and a program agree on.
 */
#ifndef FRAME_H
#define FRAME_H

#define FRAME_WIDTH  64
#define FRAME_HEIGHT 48
#define FRAME_BYTES  (FRAME_WIDTH * FRAME_HEIGHT * 4) /* XRGB8888, rows top down */

/* BAR 0, 16 bytes: 32-bit registers. The card has 32 address lines and no scatter/gather. */
#define FRAME_ADDRESS 0 /* bus address of the bytes to fetch */
#define FRAME_OFFSET  4 /* where in the picture they go */
#define FRAME_LENGTH                                                                               \
    8 /* how many; writing this starts the fetch, and interrupts when it has ended */
#define FRAME_STATUS                                                                               \
    12 /* 0 nothing new, 1 fetched, 2 failed; reading it acknowledges the interrupt */

#define FRAME_FETCHED 1
#define FRAME_FAILED  2

/* The driver's one request: FILE_DEVICE_VIDEO, function 0x910, METHOD_BUFFERED, FILE_ANY_ACCESS. */
#define IOCTL_FRAME_SHOW 0x00232440

/* Input: the user address of FRAME_BYTES bytes. Output: in how many operations they were fetched.
 */
typedef struct _FRAME_SHOW {
    unsigned long long Buffer;
} FRAME_SHOW;

typedef struct _FRAME_SHOWN {
    unsigned int Operations;
} FRAME_SHOWN;

#endif
