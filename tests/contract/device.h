/* SPDX-License-Identifier: MIT */
/*
 * The suite's own device: a bus master without any other purpose. One command moves bytes between
 * its window and memory; it can also interrupt after a while. Register names for both sides, and
 * the model for a simulated bus.
 */
#ifndef CONTRACT_DEVICE_H
#define CONTRACT_DEVICE_H

struct vport_device_plug;

/* BAR 0: 32-bit registers. */
#define RIG_REGISTERS        0
#define RIG_REGISTERS_LENGTH 0x100
#define RIG_ADDRESS_LOW      0x00
#define RIG_ADDRESS_HIGH     0x04
#define RIG_LENGTH           0x08
#define RIG_COMMAND          0x0c /* RIG_COMMAND_*; done when the write returns */
#define RIG_STATUS           0x10 /* of the last command: 0 = done, 1 = the bus refused */
#define RIG_ALARM            0x14 /* interrupt so many microseconds from now */
#define RIG_INTERRUPT        0x18 /* 1: the line is up; writing 1 lets it drop */

#define RIG_COMMAND_READ  1 /* memory to window */
#define RIG_COMMAND_WRITE 2 /* window to memory */

/* BAR 1: the window, plain memory. */
#define RIG_WINDOW        1
#define RIG_WINDOW_LENGTH 0x10000

/* A new one for a machine's config; false: no memory. `address_bits`: 0 = all 64. */
int rig_device_plug(struct vport_device_plug *plug, unsigned address_bits);

#endif
