/* SPDX-License-Identifier: MIT */
/*
 * The VGA that some of QEMU's displays are: its ports and memory, which no BAR tells of, and what
 * its BIOS would have done by the time a driver meets it. Drivers rely on that: one that knows only
 * Bochs's mode registers never turns the attribute controller on.
 *
 * Source: IBM's Personal System/2 Hardware Interface Technical Reference, "Video Subsystem",
 * mode 3.
 */
#include <string.h>

#include "bus/qemu/internal.h"

enum {
    ATTRIBUTE = 0x3c0,
    MISCELLANEOUS = 0x3c2,
    SEQUENCER = 0x3c4,
    COLOUR_INDEX = 0x3c8,
    COLOUR_DATA = 0x3c9,
    GRAPHICS = 0x3ce,
    CRT = 0x3d4,
    INPUT_STATUS = 0x3da,

    SCREEN_ON = 0x20, /* as the attribute controller's index */
    GRAPHICS_MODE = 6,
    GRAPHICS_MODE_ON = 0x01,
    COLOURS = 64,

    REGISTERS_BAR = 2,           /* of QEMU's standard VGA */
    REGISTERS_ATTRIBUTE = 0x400, /* port 3C0h in it */
};

static const uint8_t sequencer[] = {0x03, 0x00, 0x03, 0x00, 0x02};
static const uint8_t crt[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00,
                              0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
                              0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
static const uint8_t graphics[] = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff};
static const uint8_t attribute[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14,
                                    0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d,
                                    0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00};

void vport_qemu_vga_claim(struct vport_qemu_bus *bus)
{
    static const struct vport_resource ranges[VPORT_BUS_LEGACY] = {
        {.kind = VPORT_IO_MEMORY, .start = 0xa0000, .length = 0x20000},
        {.kind = VPORT_IO_PORT, .start = 0x3b0, .length = 0x30},
        {.kind = VPORT_IO_PORT, .start = 0x1ce, .length = 4}, /* Bochs's mode registers */
    };

    if (!vport_qemu_model_facts(bus->options.device)->vga &&
        !vport_qemu_model_facts(bus->options.screen)->vga)
        return;
    memcpy(bus->base.legacy, ranges, sizeof(ranges));
    bus->base.legacies = VPORT_BUS_LEGACY;
}

/* Inside a session, as all below: an index, then its value, through a pair of ports. */
static void put_indexed(struct vport_qtest *qtest, uint64_t port, const uint8_t *values,
                        unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        vport_qtest_out(qtest, port, 1, i);
        vport_qtest_out(qtest, port + 1, 1, values[i]);
    }
}

/*
 * Index and value go to one port in turn; reading the input status makes the next write an index.
 */
static void put_attributes(struct vport_qtest *qtest, uint64_t *input_status)
{
    vport_qtest_in(qtest, INPUT_STATUS, 1, input_status);
    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(attribute); i++) {
        vport_qtest_out(qtest, ATTRIBUTE, 1, i);
        vport_qtest_out(qtest, ATTRIBUTE, 1, attribute[i]);
    }
    vport_qtest_out(qtest, ATTRIBUTE, 1, SCREEN_ON);
}

/* Two bits a component, as the EGA had them: bits 2, 1 and 0 of the number are two thirds of red,
 * green and blue, bits 5, 4 and 3 one third. */
static void put_colours(struct vport_qtest *qtest)
{
    vport_qtest_out(qtest, COLOUR_INDEX, 1, 0);
    for (unsigned i = 0; i < COLOURS; i++)
        for (int bit = 2; bit >= 0; bit--)
            vport_qtest_out(qtest, COLOUR_DATA, 1,
                            0x2a * (i >> bit & 1) + 0x15 * (i >> (bit + 3) & 1));
}

/* A secondary VGA has these registers in its BAR only, and no BIOS. The screen is turned on all the
 * same: its identity is the VGA's, and so are its drivers. */
static enum vport_status start_secondary(struct vport_qemu_bus *bus)
{
    const struct vport_resource *registers =
        vport_qemu_pci_bar(bus, VPORT_QEMU_SLOT_ADAPTER, REGISTERS_BAR);

    vport_qtest_begin(bus->qtest);
    vport_qtest_write(bus->qtest, registers->start + REGISTERS_ATTRIBUTE, 1, SCREEN_ON);
    return vport_qtest_end(bus->qtest);
}

enum vport_status vport_qemu_vga_start(struct vport_qemu_bus *bus)
{
    uint64_t input_status;

    if (bus->options.device == VPORT_QEMU_SECONDARY_VGA)
        return start_secondary(bus);
    if (!bus->base.legacies)
        return VPORT_OK;
    vport_qtest_begin(bus->qtest);
    vport_qtest_out(bus->qtest, MISCELLANEOUS, 1, 0x67);
    put_indexed(bus->qtest, SEQUENCER, sequencer, VPORT_ARRAY_SIZE(sequencer));
    put_indexed(bus->qtest, CRT, crt, VPORT_ARRAY_SIZE(crt));
    put_indexed(bus->qtest, GRAPHICS, graphics, VPORT_ARRAY_SIZE(graphics));
    put_attributes(bus->qtest, &input_status);
    put_colours(bus->qtest);
    return vport_qtest_end(bus->qtest);
}

/*
 * Bochs's mode registers and Cirrus's modes set the bit, too. The index register is left as it
 * was, if no driver changes it meanwhile.
 */
enum vport_status vport_qemu_vga_shows(struct vport_qemu_bus *bus)
{
    uint64_t index = 0, mode = 0;
    enum vport_status status;

    vport_qtest_begin(bus->qtest);
    vport_qtest_in(bus->qtest, GRAPHICS, 1, &index);
    vport_qtest_out(bus->qtest, GRAPHICS, 1, GRAPHICS_MODE);
    vport_qtest_in(bus->qtest, GRAPHICS + 1, 1, &mode);
    status = vport_qtest_end(bus->qtest);
    if (status != VPORT_OK)
        return status;
    vport_qtest_begin(bus->qtest);
    vport_qtest_out(bus->qtest, GRAPHICS, 1, index);
    status = vport_qtest_end(bus->qtest);
    return status == VPORT_OK && !(mode & GRAPHICS_MODE_ON) ? VPORT_E_STATE : status;
}
