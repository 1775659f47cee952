/* SPDX-License-Identifier: MIT */
/* The displays that are there for drivers of other people's, and the VGA that most of them are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "qemu/machine.h"

static struct machine machine;

static void start(enum vport_qemu_model model)
{
    machine_start(&machine, &(struct vport_qemu_options){.device = model});
}

static uint64_t read_at(enum vport_io_kind kind, uint64_t address, unsigned width)
{
    uint64_t value = 0;

    assert_int_equal(machine.bus->ops->io_read(machine.bus, kind, address, width, &value),
                     VPORT_OK);
    return value;
}

static void write_at(enum vport_io_kind kind, uint64_t address, unsigned width, uint64_t value)
{
    assert_int_equal(machine.bus->ops->io_write(machine.bus, kind, address, width, value),
                     VPORT_OK);
}

/* ---- What is in the slot ---- */

static const struct display {
    enum vport_qemu_model model;
    uint16_t vendor, device;
    uint32_t class_code;
    uint64_t length[4]; /* of the BARs, in their order */
    bool port[4];
    bool vga, interrupt;
} displays[] = {
    {VPORT_QEMU_BOCHS_DISPLAY, 0x1234, 0x1111, 0x038000, {64 << 20, 4096}, {false}, false, false},
    {VPORT_QEMU_VGA, 0x1234, 0x1111, 0x030000, {64 << 20, 4096}, {false}, true, false},
    {VPORT_QEMU_SECONDARY_VGA, 0x1234, 0x1111, 0x038000, {64 << 20, 4096}, {false}, false, false},
    {VPORT_QEMU_CIRRUS, 0x1013, 0x00b8, 0x030000, {32 << 20, 4096}, {false}, true, false},
    {VPORT_QEMU_ATI, 0x1002, 0x5046, 0x030000, {64 << 20, 256, 16384}, {false, true}, true, true},
    {VPORT_QEMU_QXL,
     0x1b36,
     0x0100,
     0x030000,
     {64 << 20, 64 << 20, 8192, 32},
     {false, false, false, true},
     true,
     true},
    {VPORT_QEMU_VMWARE, 0x15ad, 0x0405, 0x030000, {16, 64 << 20, 65536}, {true}, true, false},
};

static void assert_bars(const struct display *display)
{
    const struct vport_function *function = &machine.bus->function[0];
    unsigned count = 0;

    while (count < 4 && display->length[count])
        count++;
    assert_int_equal(function->resources, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(function->resource[i].length, display->length[i]);
        assert_int_equal(function->resource[i].kind,
                         display->port[i] ? VPORT_IO_PORT : VPORT_IO_MEMORY);
        assert_int_equal(function->resource[i].start % display->length[i], 0);
    }
}

static void every_display_is_what_its_name_says(void **state)
{
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(displays); i++) {
        const struct display *display = &displays[i];
        uint32_t header[3] = {0};

        start(display->model);
        assert_int_equal(machine.bus->ops->config_read(machine.bus, 0, 0, header, sizeof(header)),
                         VPORT_OK);
        assert_int_equal(header[0], display->vendor | (uint32_t)display->device << 16);
        assert_int_equal(header[1] & 3, 3); /* its addresses are decoded */
        assert_int_equal(header[2] >> 8, display->class_code);
        assert_bars(display);
        assert_int_equal(machine.bus->function[0].interrupt, display->interrupt);
        assert_int_equal(machine.bus->legacies, display->vga ? VPORT_BUS_LEGACY : 0);
        machine_end(&machine, 0);
    }
}

/* ---- The VGA ---- */

enum { INPUT_STATUS = 0x3da, ATTRIBUTE = 0x3c0, MISCELLANEOUS = 0x3cc, TEXT = 0xb8000 };

static void assert_text_mode(void)
{
    struct vport_image image;

    assert_int_equal(read_at(VPORT_IO_PORT, MISCELLANEOUS, 1), 0x67);
    read_at(VPORT_IO_PORT, INPUT_STATUS, 1);
    assert_int_equal(read_at(VPORT_IO_PORT, ATTRIBUTE, 1) & 0x20, 0x20);
    write_at(VPORT_IO_MEMORY, TEXT, 2, 0x0741);
    assert_int_equal(read_at(VPORT_IO_MEMORY, TEXT, 2), 0x0741);
    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_E_STATE);
}

static void a_vga_is_as_its_bios_leaves_it(void **state)
{
    static const enum vport_qemu_model models[] = {VPORT_QEMU_VGA, VPORT_QEMU_CIRRUS,
                                                   VPORT_QEMU_ATI};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(models); i++) {
        start(models[i]);
        assert_text_mode();
        assert_int_equal(vport_qemu_bus_reset(machine.bus), VPORT_OK);
        assert_text_mode();
        machine_end(&machine, 0);
    }
}

static void only_a_vga_has_its_addresses(void **state)
{
    uint64_t value = 0;

    start(VPORT_QEMU_SECONDARY_VGA);
    assert_int_equal(
        machine.bus->ops->io_read(machine.bus, VPORT_IO_PORT, MISCELLANEOUS, 1, &value),
        VPORT_E_RANGE);
    assert_int_equal(machine.bus->ops->io_read(machine.bus, VPORT_IO_MEMORY, TEXT, 1, &value),
                     VPORT_E_RANGE);
    machine_end(&machine, 0);
    start(VPORT_QEMU_VGA);
    assert_int_equal(machine.bus->ops->io_read(machine.bus, VPORT_IO_MEMORY, 0xc0000, 1, &value),
                     VPORT_E_RANGE);
    assert_int_equal(machine.bus->ops->io_read(machine.bus, VPORT_IO_PORT, 0x3e0, 1, &value),
                     VPORT_E_RANGE);
    machine_end(&machine, 0);
}

static void set(uint64_t port, uint8_t index, uint8_t value)
{
    write_at(VPORT_IO_PORT, port, 1, index);
    write_at(VPORT_IO_PORT, port + 1, 1, value);
}

/* Mode 13h over the text mode's registers: 320 x 200, drawn twice as large, a byte a pixel. */
static void set_mode_13h(void)
{
    set(0x3c4, 1, 0x01);
    set(0x3c4, 2, 0x0f);
    set(0x3c4, 4, 0x0e);
    set(0x3ce, 5, 0x40);
    set(0x3ce, 6, 0x05);
    set(0x3d4, 0x09, 0x41);
    set(0x3d4, 0x13, 0x28);
    set(0x3d4, 0x14, 0x40);
    read_at(VPORT_IO_PORT, INPUT_STATUS, 1);
    write_at(VPORT_IO_PORT, ATTRIBUTE, 1, 0x10);
    write_at(VPORT_IO_PORT, ATTRIBUTE, 1, 0x41);
    write_at(VPORT_IO_PORT, ATTRIBUTE, 1, 0x20);
}

/* Its memory at A0000h, its palette, its registers: no BAR has a part in this. */
static void a_mode_of_the_vga_alone_is_seen(void **state)
{
    struct vport_image image;

    start(VPORT_QEMU_VGA);
    set_mode_13h();
    write_at(VPORT_IO_PORT, 0x3c8, 1, 7);
    for (int i = 0; i < 3; i++)
        write_at(VPORT_IO_PORT, 0x3c9, 1, 0x3f);
    for (unsigned x = 0; x < 320; x += 2)
        write_at(VPORT_IO_MEMORY, 0xa0000 + x, 2, x < 160 ? 0x0707 : 0);
    write_at(VPORT_IO_PORT, 0x3ce, 1, 8); /* an index that must survive the screenshot */
    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_OK);
    assert_int_equal(read_at(VPORT_IO_PORT, 0x3ce, 1), 8);
    assert_int_equal(image.width % 320, 0);
    assert_int_equal(image.pixels[image.width / 4] >> 16, 0xff);
    assert_int_equal(image.pixels[image.width * 3 / 4], 0);
    free(image.pixels);
    machine_end(&machine, 0);
}

static void dispi(uint16_t index, uint16_t value)
{
    write_at(VPORT_IO_PORT, 0x1ce, 2, index);
    write_at(VPORT_IO_PORT, 0x1cf, 2, value);
}

static void a_mode_of_bochs_ports_is_seen(void **state)
{
    struct vport_image image;

    start(VPORT_QEMU_VGA);
    dispi(4, 0);
    dispi(1, 640);
    dispi(2, 400);
    dispi(3, 32);
    dispi(4, 0x41);
    write_at(VPORT_IO_MEMORY, machine.bus->function[0].resource[0].start + 4, 4, 0x123456);
    assert_int_equal(machine.bus->ops->screenshot(machine.bus, &image), VPORT_OK);
    assert_int_equal(image.width, 640);
    assert_int_equal(image.height, 400);
    assert_int_equal(image.pixels[1], 0x123456);
    free(image.pixels);
    machine_end(&machine, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_display_is_what_its_name_says),
        cmocka_unit_test(a_vga_is_as_its_bios_leaves_it),
        cmocka_unit_test(only_a_vga_has_its_addresses),
        cmocka_unit_test(a_mode_of_the_vga_alone_is_seen),
        cmocka_unit_test(a_mode_of_bochs_ports_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
