/* SPDX-License-Identifier: MIT */
/*
 * The private IOCTLs that every miniport of this project answers, so that one program can move
 * pictures through any of them. Uses only types of ntdef.h and the codes of devioctl.h: include
 * those first.
 */
#ifndef VPORT_BLIT_IOCTL_H
#define VPORT_BLIT_IOCTL_H

#define IOCTL_VPORT_BLIT CTL_CODE(FILE_DEVICE_VIDEO, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS)

/*
 * Sets a mode of exactly this size, 32 bits a pixel, blank. ERROR_NOT_ENOUGH_MEMORY: the video
 * memory cannot hold it; ERROR_INVALID_PARAMETER: no size the device can show. No output.
 */
#define IOCTL_VPORT_SET_SIZE CTL_CODE(FILE_DEVICE_VIDEO, 0x901, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct _VPORT_SIZE {
    ULONG Width;  /* pixels */
    ULONG Height; /* pixels */
} VPORT_SIZE, *PVPORT_SIZE;

#define VPORT_BLIT_TO_DEVICE   0u
#define VPORT_BLIT_FROM_DEVICE 1u
/* flags */
#define VPORT_BLIT_COMMON_BUFFER                                                                   \
    1u /* through the driver's common buffer instead of the caller's pages */

/* Input. Moves `height` rows of `width` XRGB8888 pixels between a user buffer without padding and
 * the screen's top left. */
typedef struct _VPORT_BLIT {
    ULONG Direction;
    ULONG Flags;
    ULONG Width;      /* pixels, at most the mode's */
    ULONG Height;     /* pixels */
    ULONGLONG Buffer; /* user virtual address, any alignment */
} VPORT_BLIT, *PVPORT_BLIT;

/* Output. */
typedef struct _VPORT_BLIT_RESULT {
    ULONG Operations; /* VideoPortStartDma / VideoPortCompleteDma pairs; 0 through the common buffer
                       */
    ULONG Elements;   /* of all their lists */
    ULONGLONG Bytes;
} VPORT_BLIT_RESULT, *PVPORT_BLIT_RESULT;

#endif
