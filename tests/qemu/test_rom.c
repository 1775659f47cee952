/* SPDX-License-Identifier: MIT */
/* The expansion ROMs of QEMU's displays: through the bus, and as a miniport gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <videoport/host.h>

#include "qemu/machine.h"
#include "videoprt/videoprt.h"

static struct machine machine;

static uint16_t word(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

/* ---- Through the bus ---- */

static uint32_t config(uint32_t offset, uint32_t width)
{
    uint32_t value = 0;

    assert_int_equal(machine.bus->ops->config_read(machine.bus, 0, offset, &value, width),
                     VPORT_OK);
    return value;
}

/* A PCI image of this function's, whose bytes add up to 0. */
static void assert_image(const uint8_t *rom, uint32_t length)
{
    const struct vport_function *function = &machine.bus->function[0];
    const uint8_t *data;
    uint8_t sum = 0;

    assert_int_equal(word(rom), 0xaa55);
    assert_in_range(rom[2] * 512, 512, length);
    assert_in_range(word(rom + 0x18), 0x1c, length - 24);
    data = rom + word(rom + 0x18);
    assert_memory_equal(data, "PCIR", 4);
    assert_int_equal(word(data + 4), function->vendor);
    assert_int_equal(word(data + 6), function->device);
    for (uint32_t i = 0; i < rom[2] * 512u; i++)
        sum = (uint8_t)(sum + rom[i]);
    assert_int_equal(sum, 0);
}

static void check_display(enum vport_qemu_model model)
{
    static uint8_t rom[1 << 20];
    uint8_t part[100];
    uint32_t length, command;

    machine_start(&machine, &(struct vport_qemu_options){.device = model});
    length = machine.bus->function[0].rom_length;
    command = config(4, 2);
    assert_in_range(length, 2048, sizeof(rom));
    assert_int_equal(machine.bus->ops->rom_read(machine.bus, 0, 0, rom, length), VPORT_OK);
    assert_image(rom, length);
    assert_int_equal(machine.bus->ops->rom_read(machine.bus, 0, 1001, part, 100), VPORT_OK);
    assert_memory_equal(part, rom + 1001, 100);
    assert_int_equal(machine.bus->ops->rom_read(machine.bus, 0, length - 99, part, 100),
                     VPORT_E_RANGE);
    assert_int_equal(config(0x30, 4), 0); /* as it was: undecoded */
    assert_int_equal(config(4, 2), command);
    machine_end(&machine, 0);
}

static void displays_have_images_of_their_own(void **state)
{
    check_display(VPORT_QEMU_BOCHS_DISPLAY);
    check_display(VPORT_QEMU_VGA);
    check_display(VPORT_QEMU_CIRRUS);
}

static void a_function_that_is_off_is_read_and_stays_off(void **state)
{
    uint16_t off = 0;
    uint8_t rom[2];

    machine_start(&machine, &(struct vport_qemu_options){.device = VPORT_QEMU_BOCHS_DISPLAY});
    assert_int_equal(machine.bus->ops->config_write(machine.bus, 0, 4, &off, sizeof(off)),
                     VPORT_OK);
    assert_int_equal(machine.bus->ops->rom_read(machine.bus, 0, 0, rom, 2), VPORT_OK);
    assert_int_equal(word(rom), 0xaa55);
    assert_int_equal(config(4, 2), 0);
    machine_end(&machine, 0);
}

static void a_function_without_a_rom(void **state)
{
    uint8_t byte;

    machine_start(&machine, &(struct vport_qemu_options){.device = VPORT_QEMU_EDU});
    assert_int_equal(machine.bus->function[0].rom_length, 0);
    assert_int_equal(machine.bus->ops->rom_read(machine.bus, 0, 0, &byte, 1), VPORT_E_RANGE);
    machine_end(&machine, 0);
}

/* ---- As a miniport gets it ---- */

static unsigned images;

/* The header first, then as much as it says, as drivers do. */
static VP_STATUS NTAPI find_adapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                                    PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    PUCHAR rom = VideoPortGetRomImage(HwDeviceExtension, NULL, 0, 32);
    ULONG length;

    assert_non_null(rom);
    assert_int_equal(word(rom), 0xaa55);
    length = rom[2] * 512u;
    rom = VideoPortGetRomImage(HwDeviceExtension, NULL, 0, length);
    assert_non_null(rom);
    assert_true(VideoPortScanRom(HwDeviceExtension, rom, length, (PUCHAR)(uintptr_t) "PCIR"));
    images++;
    return NO_ERROR;
}

static BOOLEAN NTAPI initialize(PVOID HwDeviceExtension)
{
    return TRUE;
}

static BOOLEAN NTAPI start_io(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET RequestPacket)
{
    return FALSE;
}

static int32_t NTAPI driver_entry(void *context1, void *context2)
{
    VIDEO_HW_INITIALIZATION_DATA data = {.HwInitDataSize = sizeof(data),
                                         .HwFindAdapter = find_adapter,
                                         .HwInitialize = initialize,
                                         .HwStartIO = start_io};

    return (int32_t)VideoPortInitialize(context1, context2, &data, NULL);
}

static void a_miniport_reads_the_image_of_its_card(void **state)
{
    static const char *const adapters[] = {"sim", "qemu:bochs-display", "qemu:vga"};
    char error[VPORT_ERROR_TEXT];

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(adapters); i++) {
        struct vport_machine_config config = {.adapter = adapters[i], .seed = 1};
        struct vport_machine *whole;

        images = 0;
        assert_int_equal(vport_machine_create(&config, &whole, error), VPORT_OK);
        assert_int_equal(vport_machine_start(whole, driver_entry, error), VPORT_OK);
        assert_int_equal(images, 1);
        vport_machine_stop(whole);
        assert_int_equal(vport_reports_count(vport_machine_reports(whole), NULL), 0);
        vport_machine_destroy(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(displays_have_images_of_their_own),
        cmocka_unit_test(a_function_that_is_off_is_read_and_stays_off),
        cmocka_unit_test(a_function_without_a_rom),
        cmocka_unit_test(a_miniport_reads_the_image_of_its_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
