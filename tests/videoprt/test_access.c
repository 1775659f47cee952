/* SPDX-License-Identifier: MIT */
/* The accessors of ports and registers, all 24, and configuration space: each moves what it says,
 * in its width, where it says. */
#include "port.h"

static void run(void (*body)(void))
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(body);
    port_end(0);
}

/* Exactly `count` writes since the last look, the last of them this one. */
static void expect_write(unsigned count, unsigned bar, uint64_t offset, unsigned width,
                         uint64_t value)
{
    assert_int_equal(port.card.write.count, count);
    assert_int_equal(port.card.write.bar, bar);
    assert_int_equal(port.card.write.offset, offset);
    assert_int_equal(port.card.write.width, width);
    assert_int_equal(port.card.write.value, value);
    port.card.write.count = 0;
}

/* ---- Registers ---- */

static void register_read_body(void)
{
    PUCHAR base = port.driver.registers;
    UCHAR bytes[3];
    USHORT words[3];
    ULONG longs[3];

    assert_int_equal(VideoPortReadRegisterUchar(base + 5), (UCHAR)CARD_VALUE(5));
    assert_int_equal(VideoPortReadRegisterUshort((PUSHORT)(base + 6)), (USHORT)CARD_VALUE(6));
    assert_int_equal(VideoPortReadRegisterUlong((PULONG)(base + 8)), (ULONG)CARD_VALUE(8));
    VideoPortReadRegisterBufferUchar(base + 9, bytes, 3);
    VideoPortReadRegisterBufferUshort((PUSHORT)(base + 10), words, 3);
    VideoPortReadRegisterBufferUlong((PULONG)(base + 12), longs, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(bytes[i], (UCHAR)CARD_VALUE(9 + i));
        assert_int_equal(words[i], (USHORT)CARD_VALUE(10 + 2 * i));
        assert_int_equal(longs[i], (ULONG)CARD_VALUE(12 + 4 * i));
    }
}

static void registers_are_read_in_their_width(void **state)
{
    run(register_read_body);
}

static void register_write_body(void)
{
    PUCHAR base = port.driver.registers;
    UCHAR bytes[] = {1, 2, 3};
    USHORT words[] = {0x101, 0x202, 0x303};
    ULONG longs[] = {0x10001, 0x20002, 0x30003};

    VideoPortWriteRegisterUchar(base + 5, 0x5A);
    expect_write(1, 0, 5, 1, 0x5A);
    VideoPortWriteRegisterUshort((PUSHORT)(base + 6), 0x1234);
    expect_write(1, 0, 6, 2, 0x1234);
    VideoPortWriteRegisterUlong((PULONG)(base + 8), 0xDEADBEEF);
    expect_write(1, 0, 8, 4, 0xDEADBEEF);
    VideoPortWriteRegisterBufferUchar(base + 9, bytes, 3);
    expect_write(3, 0, 11, 1, 3);
    VideoPortWriteRegisterBufferUshort((PUSHORT)(base + 10), words, 3);
    expect_write(3, 0, 14, 2, 0x303);
    VideoPortWriteRegisterBufferUlong((PULONG)(base + 12), longs, 3);
    expect_write(3, 0, 20, 4, 0x30003);
    VideoPortWriteRegisterBufferUlong((PULONG)(base + 12), longs, 0);
    assert_int_equal(port.card.write.count, 0);
}

static void registers_are_written_in_their_width(void **state)
{
    run(register_write_body);
}

/* ---- Ports ---- */

/* A port's handle is its number: BAR 1's. */
static PUCHAR ports(void)
{
    ULONG low = 0;

    assert_int_equal(
        VideoPortGetBusData(port.extension, PCIConfiguration, 0, &low, 0x14, sizeof(low)),
        sizeof(low));
    return (PUCHAR)(uintptr_t)(low & ~3u);
}

static void port_read_body(void)
{
    PUCHAR base = ports();
    UCHAR bytes[3];
    USHORT words[3];
    ULONG longs[3];

    assert_int_equal(VideoPortReadPortUchar(base + 5), (UCHAR)CARD_VALUE(5));
    assert_int_equal(VideoPortReadPortUshort((PUSHORT)(base + 6)), (USHORT)CARD_VALUE(6));
    assert_int_equal(VideoPortReadPortUlong((PULONG)(base + 8)), (ULONG)CARD_VALUE(8));
    VideoPortReadPortBufferUchar(base + 1, bytes, 3);
    VideoPortReadPortBufferUshort((PUSHORT)(base + 2), words, 3);
    VideoPortReadPortBufferUlong((PULONG)(base + 4), longs, 3);
    for (unsigned i = 0; i < 3; i++) { /* one port, again and again */
        assert_int_equal(bytes[i], (UCHAR)CARD_VALUE(1));
        assert_int_equal(words[i], (USHORT)CARD_VALUE(2));
        assert_int_equal(longs[i], (ULONG)CARD_VALUE(4));
    }
}

static void ports_are_read_in_their_width(void **state)
{
    run(port_read_body);
}

static void port_write_body(void)
{
    PUCHAR base = ports();
    UCHAR bytes[] = {1, 2, 3};
    USHORT words[] = {0x101, 0x202, 0x303};
    ULONG longs[] = {0x10001, 0x20002, 0x30003};

    VideoPortWritePortUchar(base + 5, 0x5A);
    expect_write(1, 1, 5, 1, 0x5A);
    VideoPortWritePortUshort((PUSHORT)(base + 6), 0x1234);
    expect_write(1, 1, 6, 2, 0x1234);
    VideoPortWritePortUlong((PULONG)(base + 8), 0xDEADBEEF);
    expect_write(1, 1, 8, 4, 0xDEADBEEF);
    VideoPortWritePortBufferUchar(base + 1, bytes, 3);
    expect_write(3, 1, 1, 1, 3);
    VideoPortWritePortBufferUshort((PUSHORT)(base + 2), words, 3);
    expect_write(3, 1, 2, 2, 0x303);
    VideoPortWritePortBufferUlong((PULONG)(base + 4), longs, 3);
    expect_write(3, 1, 4, 4, 0x30003);
}

static void ports_are_written_in_their_width(void **state)
{
    run(port_write_body);
}

/* ---- Configuration space ---- */

static void configuration_body(void)
{
    UCHAR line = 0x77, read = 0;
    USHORT ids[2] = {0, 0};

    assert_int_equal(VideoPortSetBusData(port.extension, PCIConfiguration, 0, &line, 0x3C, 1), 1);
    assert_int_equal(VideoPortGetBusData(port.extension, PCIConfiguration, 0, &read, 0x3C, 1), 1);
    assert_int_equal(read, 0x77);
    /* The ids are read-only: the write is done, and changes nothing. */
    assert_int_equal(VideoPortSetBusData(port.extension, PCIConfiguration, 0, ids, 0, sizeof(ids)),
                     4);
    assert_int_equal(VideoPortGetBusData(port.extension, PCIConfiguration, 0, ids, 0, sizeof(ids)),
                     4);
    assert_int_equal(ids[0], 0x1B36);
    assert_int_equal(VideoPortSetBusData(port.extension, Cmos, 0, ids, 0, 4), 0);
    assert_int_equal(VideoPortSetBusData(port.extension, PCIConfiguration, 0, ids, 256, 4), 0);
    assert_true(VideoPortCheckForDeviceExistance(port.extension, 0x1B36, 0x0100, 0, 0, 0, 0));
    assert_false(VideoPortCheckForDeviceExistance(port.extension, 0x1B36, 0x0101, 0, 0, 0, 0));
}

static BOOLEAN exists(USHORT vendor, USHORT device, USHORT subvendor, USHORT subsystem,
                      UCHAR revision, ULONG flags)
{
    return VideoPortCheckForDeviceExistence(port.extension, vendor, device, revision, subvendor,
                                            subsystem, flags);
}

/* The card's subsystem ids are its own ones; its revision is 3. */
static void existence_body(void)
{
    const ULONG both = CDE_USE_SUBSYSTEM_IDS | CDE_USE_REVISION;

    assert_true(exists(0x1B36, 0x0100, 0, 0, 0, 0));
    assert_true(exists(0x1B36, 0x0100, 0x1B36, 0x0100, 0, CDE_USE_SUBSYSTEM_IDS));
    assert_false(exists(0x1B36, 0x0100, 0x1B36, 0x0101, 0, CDE_USE_SUBSYSTEM_IDS));
    assert_false(exists(0x1B36, 0x0100, 0x1B37, 0x0100, 0, CDE_USE_SUBSYSTEM_IDS));
    assert_true(exists(0x1B36, 0x0100, 0x1B36, 0x0100, 3, both));
    assert_false(exists(0x1B36, 0x0100, 0x1B36, 0x0100, 2, both));
    assert_false(exists(0x1B36, 0x0101, 0, 0, 0, 0));
    assert_false(exists(0xFFFF, 0xFFFF, 0, 0, 0, 0)); /* an empty slot is no device */
}

static void devices_are_found_by_their_ids(void **state)
{
    run(existence_body);
}

static void configuration_space_is_written(void **state)
{
    run(configuration_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_are_read_in_their_width),
        cmocka_unit_test(registers_are_written_in_their_width),
        cmocka_unit_test(ports_are_read_in_their_width),
        cmocka_unit_test(ports_are_written_in_their_width),
        cmocka_unit_test(configuration_space_is_written),
        cmocka_unit_test(devices_are_found_by_their_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
