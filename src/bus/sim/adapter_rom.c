/* SPDX-License-Identifier: MIT */
/*
 * The simulated adapter's expansion ROM: one image that says whose it is and whose entry point
 * returns at once. Layout: PCI Local Bus Specification 3.0, section 6.3.1.
 */
#include <string.h>

#include "bus/sim/adapter.h"

enum {
    ROM_SIZE = 0x02, /* of the image, in units of 512 bytes */
    ROM_ENTRY = 0x03,
    ROM_DATA_POINTER = 0x18,
    ROM_DATA = 0x1c, /* the PCI data structure */
    ROM_NAME = 0x40,

    DATA_VENDOR = 0x04,
    DATA_DEVICE = 0x06,
    DATA_LENGTH = 0x0a,
    DATA_CLASS = 0x0d,
    DATA_SIZE = 0x10,
    DATA_REVISION = 0x12,
    DATA_INDICATOR = 0x15,
    DATA_END = 0x18,

    LAST_IMAGE = 0x80,
    RETURN_FAR = 0xcb,
};

static void put(uint8_t *at, unsigned width, uint32_t value)
{
    for (unsigned i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void fill_data(uint8_t *data, const struct vport_device_ops *ops)
{
    memcpy(data, "PCIR", 4);
    put(data + DATA_VENDOR, 2, ops->vendor);
    put(data + DATA_DEVICE, 2, ops->device);
    put(data + DATA_LENGTH, 2, DATA_END);
    put(data + DATA_CLASS, 3, ops->class_code);
    put(data + DATA_SIZE, 2, SIM_ROM_LENGTH / 512);
    put(data + DATA_REVISION, 2, ops->revision);
    data[DATA_INDICATOR] = LAST_IMAGE; /* code type 0, before it: for x86 */
}

void vport_sim_rom_fill(uint8_t rom[SIM_ROM_LENGTH], const struct vport_device_ops *ops)
{
    static const char name[] = "videoport simulated display adapter";
    uint8_t sum = 0;
    memset(rom, 0, SIM_ROM_LENGTH);
    put(rom, 2, 0xaa55);
    rom[ROM_SIZE] = SIM_ROM_LENGTH / 512;
    rom[ROM_ENTRY] = RETURN_FAR;
    put(rom + ROM_DATA_POINTER, 2, ROM_DATA);
    fill_data(rom + ROM_DATA, ops);
    memcpy(rom + ROM_NAME, name, sizeof(name));
    for (unsigned i = 0; i < SIM_ROM_LENGTH - 1; i++)
        sum = (uint8_t)(sum + rom[i]);
    rom[SIM_ROM_LENGTH - 1] = (uint8_t)-sum;
}
