/* SPDX-License-Identifier: MIT */
/* I2C over the miniport's lines, against a monitor that listens on them; and the service tables. */
#include "port.h"

/*
 * A monitor on the bus: address 0xA0/0xA1, 256 bytes of EDID in two segments. It changes its mind
 * only at clock edges, as the standard says, and holds the clock for `stretch` readings now and
 * then.
 */
static struct {
    UCHAR edid[512];
    unsigned master_data, master_clock; /* what the miniport writes; 1 lets go */
    unsigned pull;                      /* the monitor holds the data line down */
    enum { IDLE, ADDRESS, WRITING, READING, IGNORED } state;
    unsigned bits, byte, acknowledge, offset, segment, segment_next;
    unsigned stretch, stretching;
    bool absent;
    unsigned starts, stops;
} monitor;

static unsigned data_line(void)
{
    return monitor.master_data && !monitor.pull;
}

static void next_read_byte(void)
{
    monitor.byte = monitor.edid[(monitor.segment * 256 + monitor.offset) % sizeof(monitor.edid)];
    monitor.offset = (monitor.offset + 1) % 256;
}

static void byte_received(void)
{
    if (monitor.state == ADDRESS) {
        monitor.segment_next = monitor.byte == 0x60;
        if (monitor.byte == 0xA0 || monitor.byte == 0x60)
            monitor.state = WRITING;
        else if (monitor.byte == 0xA1)
            monitor.state = READING;
        else
            monitor.state = IGNORED;
    } else if (monitor.state == WRITING && monitor.segment_next) {
        monitor.segment = monitor.byte;
    } else if (monitor.state == WRITING) {
        monitor.offset = monitor.byte;
    }
}

static void clock_rises(void)
{
    if (monitor.state == IDLE || monitor.state == IGNORED)
        return;
    if (monitor.bits == 8) {
        if (monitor.state == READING && monitor.acknowledge == 0 && data_line())
            monitor.state = IGNORED; /* the master has had enough */
    } else if (monitor.state != READING || monitor.acknowledge) {
        monitor.byte = (monitor.byte << 1 | data_line()) & 0xFF;
    }
}

/* `acknowledge`: this byte goes from the master to the monitor. */
static void clock_falls(void)
{
    monitor.stretching = monitor.stretch;
    if (monitor.state == IDLE || monitor.state == IGNORED) {
        monitor.pull = 0;
        return;
    }
    if (monitor.bits == 8) { /* after the ninth */
        monitor.bits = 0;
        monitor.pull = 0;
        monitor.acknowledge = monitor.state != READING;
        if (monitor.state == READING) {
            next_read_byte();
            monitor.pull = !(monitor.byte >> 7 & 1);
        }
        return;
    }
    monitor.bits++;
    if (monitor.bits == 8 && monitor.acknowledge) {
        byte_received();
        monitor.pull = monitor.state != IGNORED;
    } else if (monitor.bits == 8) {
        monitor.pull = 0; /* the master acknowledges */
    } else if (!monitor.acknowledge) {
        monitor.pull = !(monitor.byte >> (7 - monitor.bits) & 1);
    }
}

static VOID NTAPI write_clock(PVOID HwDeviceExtension, UCHAR Data)
{
    if (Data == monitor.master_clock || monitor.absent) {
        monitor.master_clock = Data;
        return;
    }
    monitor.master_clock = Data;
    if (Data)
        clock_rises();
    else
        clock_falls();
}

static VOID NTAPI write_data(PVOID HwDeviceExtension, UCHAR Data)
{
    unsigned before = data_line();

    monitor.master_data = Data;
    if (!monitor.master_clock || monitor.absent || before == data_line())
        return;
    monitor.pull = 0;
    if (before) { /* falling while the clock is high: start */
        monitor.starts++;
        monitor.state = ADDRESS;
        monitor.acknowledge = 1;
        monitor.bits = (unsigned)-1; /* the clock falls once before the first bit */
        monitor.byte = 0;
    } else {
        monitor.stops++;
        monitor.state = IDLE;
    }
}

static BOOLEAN NTAPI read_clock(PVOID HwDeviceExtension)
{
    if (monitor.stretching > 0) {
        monitor.stretching--;
        return FALSE;
    }
    return monitor.master_clock != 0;
}

static BOOLEAN NTAPI read_data(PVOID HwDeviceExtension)
{
    return data_line() != 0;
}

static const I2C_CALLBACKS lines = {write_clock, write_data, read_clock, read_data};

static void monitor_begin(void)
{
    UCHAR sum = 0;

    memset(&monitor, 0, sizeof(monitor));
    monitor.master_clock = monitor.master_data = 1;
    for (int i = 0; i < 512; i++)
        monitor.edid[i] = (UCHAR)(i * 5 + 1);
    memcpy(monitor.edid, "\x00\xFF\xFF\xFF\xFF\xFF\xFF\x00", 8);
    for (int block = 0; block < 4; block++) {
        sum = 0;
        for (int i = 0; i < 127; i++)
            sum = (UCHAR)(sum + monitor.edid[block * 128 + i]);
        monitor.edid[block * 128 + 127] = (UCHAR)-sum;
    }
}

static DDC_CONTROL ddc(UCHAR segment)
{
    return (DDC_CONTROL){
        .Size = sizeof(DDC_CONTROL), .I2CCallbacks = lines, .EdidSegment = segment};
}

static void run(void (*body)(void))
{
    monitor_begin();
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(body);
    port_end(0);
}

static void edid_body(void)
{
    DDC_CONTROL control = ddc(0);
    UCHAR edid[256];

    assert_true(VideoPortDDCMonitorHelper(port.extension, &control, edid, 128));
    assert_memory_equal(edid, monitor.edid, 128);
    assert_int_equal(monitor.stops, 1);
    assert_int_equal(monitor.state, IDLE);
    assert_true(VideoPortDDCMonitorHelper(port.extension, &control, edid, 256));
    assert_memory_equal(edid, monitor.edid, 256);
    control = ddc(1);
    assert_true(VideoPortDDCMonitorHelper(port.extension, &control, edid, 128));
    assert_memory_equal(edid, monitor.edid + 256, 128);
}

static void a_monitor_tells_who_it_is(void **state)
{
    run(edid_body);
}

static VOID NTAPI wait_vsync(PVOID HwDeviceExtension)
{
    fail_msg("an EDID is read without waiting for the picture");
}

/* Its WaitVsync lies where DDC_CONTROL has the segment. */
static void old_table_body(void)
{
    I2C_FNC_TABLE table = {.Size = sizeof(table),
                           .WriteClockLine = write_clock,
                           .WriteDataLine = write_data,
                           .ReadClockLine = read_clock,
                           .ReadDataLine = read_data,
                           .WaitVsync = wait_vsync};
    UCHAR edid[128];

    assert_true(VideoPortDDCMonitorHelper(port.extension, &table, edid, 128));
    assert_memory_equal(edid, monitor.edid, 128);
}

static void the_older_table_has_no_segment(void **state)
{
    run(old_table_body);
}

static void slow_body(void)
{
    DDC_CONTROL control = ddc(0);
    UCHAR edid[128];

    monitor.stretch = 3;
    assert_true(VideoPortDDCMonitorHelper(port.extension, &control, edid, 128));
    assert_memory_equal(edid, monitor.edid, 128);
}

static void a_slow_monitor_may_hold_the_clock(void **state)
{
    run(slow_body);
}

static void bad_body(void)
{
    DDC_CONTROL control = ddc(0);
    UCHAR edid[128], zeros[128] = {0};

    monitor.edid[40] ^= 1; /* the sum is wrong now */
    assert_false(VideoPortDDCMonitorHelper(port.extension, &control, edid, 128));
    assert_memory_equal(edid, zeros, 128);
    monitor.absent = true;
    assert_false(VideoPortDDCMonitorHelper(port.extension, &control, edid, 128));
    assert_false(VideoPortDDCMonitorHelper(port.extension, NULL, edid, 128));
    control.Size = 4;
    assert_false(VideoPortDDCMonitorHelper(port.extension, &control, edid, 128));
}

static void no_monitor_or_a_wrong_sum_is_false(void **state)
{
    run(bad_body);
}

static void service_body(void)
{
    VIDEO_PORT_I2C_INTERFACE old = {.Size = sizeof(old),
                                    .Version = VIDEO_PORT_I2C_INTERFACE_VERSION_1};
    VIDEO_PORT_I2C_INTERFACE_2 new = {.Size = sizeof(new),
                                      .Version = VIDEO_PORT_I2C_INTERFACE_VERSION_2};
    VIDEO_PORT_DEBUG_REPORT_INTERFACE report = {
        .Size = sizeof(report), .Version = VIDEO_PORT_DEBUG_REPORT_INTERFACE_VERSION_1};
    VIDEO_I2C_CONTROL control = {write_clock, write_data, read_clock, read_data, 10};
    I2C_CALLBACKS callbacks = lines;
    UCHAR seek[] = {0xA0, 8}, read = 0xA1, byte[2];

    assert_int_equal(VideoPortQueryServices(port.extension, VideoPortServicesI2C, (PINTERFACE)&old),
                     NO_ERROR);
    assert_true(old.I2CStart(port.extension, &callbacks));
    assert_true(old.I2CWrite(port.extension, &callbacks, seek, 2));
    assert_true(old.I2CStart(port.extension, &callbacks));
    assert_true(old.I2CWrite(port.extension, &callbacks, &read, 1));
    assert_true(old.I2CRead(port.extension, &callbacks, byte, 1));
    assert_int_equal(byte[0], monitor.edid[8]);
    assert_true(old.I2CStop(port.extension, &callbacks));
    assert_int_equal(
        VideoPortQueryServices(port.extension, VideoPortServicesI2C, (PINTERFACE) & new), NO_ERROR);
    seek[0] = 0xB0; /* nobody there */
    assert_true(new.I2CStart(port.extension, &control));
    assert_false(new.I2CWrite(port.extension, &control, seek, 1));
    new.I2CStop(port.extension, &control);
    new.Size = 4;
    assert_int_equal(
        VideoPortQueryServices(port.extension, VideoPortServicesI2C, (PINTERFACE) & new),
        ERROR_INVALID_PARAMETER);
    assert_int_equal(
        VideoPortQueryServices(port.extension, VideoPortServicesDebugReport, (PINTERFACE)&report),
        NO_ERROR);
    assert_ptr_equal((void *)report.DbgReportCreate, (void *)VideoPortDbgReportCreate);
    assert_int_equal(VideoPortQueryServices(port.extension, VideoPortServicesAGP, (PINTERFACE)&old),
                     ERROR_INVALID_FUNCTION);
    assert_int_equal(
        VideoPortQueryServices(port.extension, VideoPortServicesInt10, (PINTERFACE)&old),
        ERROR_INVALID_FUNCTION);
    assert_int_equal(VideoPortQueryServices(port.extension, VideoPortServicesI2C, NULL),
                     ERROR_INVALID_PARAMETER);
}

static void services(void **state)
{
    run(service_body);
}

static void report_body(void)
{
    UCHAR data[100] = {1, 2, 3};
    PVIDEO_DEBUG_REPORT report = VideoPortDbgReportCreate(port.extension, 0xEA, 1, 2, 3, 4);

    assert_non_null(report);
    assert_true(VideoPortDbgReportSecondaryData(report, data, sizeof(data)));
    assert_false(VideoPortDbgReportSecondaryData(report, data, VIDEO_DEBUG_REPORT_MAX_SIZE));
    assert_false(VideoPortDbgReportSecondaryData(NULL, data, 1));
    VideoPortDbgReportComplete(report);
}

static void a_debug_report_has_a_limit(void **state)
{
    run(report_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_monitor_tells_who_it_is),
        cmocka_unit_test(the_older_table_has_no_segment),
        cmocka_unit_test(a_slow_monitor_may_hold_the_clock),
        cmocka_unit_test(no_monitor_or_a_wrong_sum_is_false),
        cmocka_unit_test(services),
        cmocka_unit_test(a_debug_report_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
