/* SPDX-License-Identifier: MIT */
/*
 * The hardware: QEMU's edu device (its data sheet is docs/specs/edu.txt in QEMU's sources), and the
 * DISPI registers of a Bochs-style display that may stand next to it.
 */
#ifndef EDU_HW_H
#define EDU_HW_H

/* edu: one BAR of 1 MiB, registers of 4 bytes. */
#define EDU_REG_ID          0x00
#define EDU_REG_IRQ_STATUS  0x24
#define EDU_REG_IRQ_ACK     0x64 /* write: these causes are dealt with */
#define EDU_REG_DMA_SOURCE  0x80
#define EDU_REG_DMA_TARGET  0x88
#define EDU_REG_DMA_COUNT   0x90
#define EDU_REG_DMA_COMMAND 0x98

#define EDU_ID_MASK 0x0000ffffu
#define EDU_ID      0x000000edu /* in the low half; the high half is the version */

#define EDU_DMA_RUN       0x1u /* also reads as "busy" */
#define EDU_DMA_TO_MEMORY 0x2u
#define EDU_DMA_INTERRUPT 0x4u

#define EDU_IRQ_DMA 0x100u /* in IRQ_STATUS */

#define EDU_BUFFER        0x40000u /* the device's memory, as the engine addresses it */
#define EDU_BUFFER_LENGTH 4096u
/* The engine takes 4096 bytes for one too many. */
#define EDU_MAX_COMMAND (EDU_BUFFER_LENGTH - 1)

/* The display: 16-bit registers in its register BAR. */
#define DISPI_LENGTH        0x1000u /* of that BAR */
#define DISPI_REGISTER(i)   (0x500u + 2 * (i))
#define DISPI_ID            0
#define DISPI_XRES          1
#define DISPI_YRES          2
#define DISPI_BPP           3
#define DISPI_ENABLE        4
#define DISPI_VIRTUAL_WIDTH 6
#define DISPI_X_OFFSET      8
#define DISPI_Y_OFFSET      9

#define DISPI_ENABLE_ON     0x01
#define DISPI_ENABLE_LINEAR 0x40
#define DISPI_LEAST_SIDE    64 /* pixels; smaller modes show nothing */
#define DISPI_MOST_SIDE     16384

#endif
