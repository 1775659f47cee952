/* SPDX-License-Identifier: MIT */
/*
 * The registers of the simulated display adapter, as its data sheet (docs/sim-adapter.md) gives
 * them. Needs the types of ntdef.h.
 */
#ifndef SIM_HW_H
#define SIM_HW_H

/* BAR 0, 4 KiB, memory; registers are 32 bits wide. BAR 1 is the video memory. */
#define SIM_REG_ID               0x000
#define SIM_REG_CAPABILITIES     0x004
#define SIM_REG_VIDEO_MEMORY     0x008 /* bytes */
#define SIM_REG_MAX_LENGTH       0x00c /* bytes a command; 0: no limit */
#define SIM_REG_RESET            0x010
#define SIM_REG_MODE_WIDTH       0x020 /* pixels */
#define SIM_REG_MODE_HEIGHT      0x024 /* pixels */
#define SIM_REG_MODE_STRIDE      0x028 /* bytes */
#define SIM_REG_MODE_FORMAT      0x02c
#define SIM_REG_MODE_START       0x030 /* byte offset of the top left pixel */
#define SIM_REG_MODE_CONTROL     0x034
#define SIM_REG_IRQ_STATUS       0x040 /* write 1 to clear */
#define SIM_REG_IRQ_ENABLE       0x044
#define SIM_REG_DMA_ADDRESS      0x080
#define SIM_REG_DMA_ADDRESS_HIGH 0x084
#define SIM_REG_DMA_LENGTH       0x088 /* bytes */
#define SIM_REG_DMA_COUNT        0x08c /* list entries */
#define SIM_REG_DMA_OFFSET       0x090 /* of the rectangle in video memory, bytes */
#define SIM_REG_DMA_ROW          0x094 /* bytes of the rectangle in one row; 0: linear */
#define SIM_REG_DMA_PITCH        0x098 /* bytes from row to row */
#define SIM_REG_DMA_POSITION     0x09c /* byte of the rectangle at which the command begins */
#define SIM_REG_DMA_COMMAND      0x0a0
#define SIM_REG_DMA_STATUS       0x0a4
#define SIM_REG_DMA_DONE         0x0a8 /* bytes moved so far */

#define SIM_ID 0x5650524du

#define SIM_CAPABILITY_LIST                0x00000001u
#define SIM_CAPABILITY_ADDRESS_BITS(value) (((value) >> 8) & 0x7f)

#define SIM_RESET_NOW 0x1u

#define SIM_FORMAT_XRGB8888 1u

#define SIM_MODE_ON      0x1u
#define SIM_MODE_INVALID 0x2u

#define SIM_IRQ_DONE  0x1u
#define SIM_IRQ_ERROR 0x2u

#define SIM_DMA_START       0x1u
#define SIM_DMA_FROM_DEVICE 0x2u
#define SIM_DMA_LIST        0x4u
#define SIM_DMA_STOP        0x8u

#define SIM_DMA_BUSY              0x1u
#define SIM_DMA_IS_DONE           0x2u
#define SIM_DMA_ERROR             0x4u
#define SIM_DMA_REFUSED           0x8u
#define SIM_DMA_ERROR_CODE(value) (((value) >> 8) & 0xff)

/* One entry of a list in memory. */
typedef struct _SIM_DESCRIPTOR {
    ULONGLONG Address;
    ULONG Length;
    ULONG Reserved; /* 0 */
} SIM_DESCRIPTOR, *PSIM_DESCRIPTOR;

#endif
