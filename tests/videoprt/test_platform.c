/* SPDX-License-Identifier: MIT */
/* What the port has of the computer around the card: memory, the firmware's words, the BIOS, debug
 * output and error log, and services that are not there, which it says. */
#include "port.h"

#include "nt/nt.h"

static char said[4096]; /* debug output of the body */
static ULONG said_level;

static void hear(void *context, ULONG component, ULONG level, const char *text)
{
    size_t length = strlen(said);

    said_level = level;
    snprintf(said + length, sizeof(said) - length, "%s", text);
}

static void (*inner)(void);

static void listen(void)
{
    said[0] = '\0';
    vport_nt_set_debug_sink(vport_nt_current(), hear, NULL);
    inner();
    vport_nt_set_debug_sink(vport_nt_current(), NULL, NULL);
}

static void run(void (*body)(void))
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    inner = body;
    port_call(listen);
    port_end(0);
}

/* ---- Memory ---- */

static void contiguous_body(void)
{
    PHYSICAL_ADDRESS highest = {.QuadPart = 0xFFFFFF}, none = {.QuadPart = 0};
    PUCHAR memory = VideoPortAllocateContiguousMemory(port.extension, 5 * 4096 + 1, highest);
    LONGLONG first;
    KIRQL irql;

    assert_non_null(memory);
    first = MmGetPhysicalAddress(memory).QuadPart;
    assert_int_equal(first % 4096, 0);
    assert_true(first + 6 * 4096 <= 0x1000000);
    for (int page = 1; page < 6; page++)
        assert_int_equal(MmGetPhysicalAddress(memory + page * 4096).QuadPart, first + page * 4096);
    memset(memory, 0x5A, 5 * 4096 + 1);
    assert_null(VideoPortAllocateContiguousMemory(port.extension, 0, highest));
    assert_null(VideoPortAllocateContiguousMemory(port.extension, 4096, none));
    expect_silence();
    irql = KeRaiseIrqlToDpcLevel();
    assert_null(VideoPortAllocateContiguousMemory(port.extension, 4096, highest));
    KeLowerIrql(irql);
    expect_report("PORT");
}

static void contiguous_memory_is_the_ports_to_free(void **state)
{
    run(contiguous_body); /* nobody freed anything, and nothing is reported as a leak */
}

static void move_body(void)
{
    char text[] = "abcdefgh";

    VideoPortMoveMemory(text + 2, text, 5); /* up, overlapping */
    assert_string_equal(text, "ababcdeh");
    VideoPortMoveMemory(text, text + 2, 5); /* down */
    assert_string_equal(text, "abcdedeh");
    VideoPortMoveMemory(text, text + 4, 0);
    assert_string_equal(text, "abcdedeh");
    VideoPortZeroMemory(text + 1, 3);
    assert_memory_equal(text, "a\0\0\0edeh", 9);
}

static void memory_is_moved_and_cleared(void **state)
{
    run(move_body);
}

/* ---- What is not there ---- */

/* Asks for a table of this version and size. */
static VP_STATUS query(ULONG type, USHORT version, USHORT size)
{
    union {
        INTERFACE head;
        UCHAR bytes[256];
    } table = {.head = {.Size = size, .Version = version}};
    VP_STATUS status =
        VideoPortQueryServices(port.extension, (VIDEO_PORT_SERVICES)type, &table.head);

    if (status != NO_ERROR) {
        assert_null((void *)table.head.InterfaceReference); /* untouched */
    } else {
        assert_non_null((void *)table.head.InterfaceReference);
        table.head.InterfaceReference(table.head.Context);
        table.head.InterfaceDereference(table.head.Context);
    }
    return status;
}

static void service_body(void)
{
    const struct {
        ULONG type;
        USHORT version, size;
        const char *why;
    } refused[] = {
        {VideoPortServicesAGP, 1, sizeof(VIDEO_PORT_AGP_INTERFACE), "AGP bridge"},
        {VideoPortServicesAGP, 2, sizeof(VIDEO_PORT_AGP_INTERFACE_2), "AGP bridge"},
        {VideoPortServicesHeadless, 1, sizeof(INTERFACE), "emergency management"},
        {VideoPortServicesInt10, 1, sizeof(VIDEO_PORT_INT10_INTERFACE), "video BIOS"},
        {VideoPortServicesWCMemoryProtection, 1, sizeof(VIDEO_PORT_WCMEMORYPROTECTION_INTERFACE),
         "cache type"},
        {0, 1, 64, "service 0: there is none"},
        {7, 1, 64, "service 7: there is none"},
    };

    for (unsigned i = 0; i < RTL_NUMBER_OF(refused); i++) {
        said[0] = '\0';
        assert_int_equal(query(refused[i].type, refused[i].version, refused[i].size),
                         ERROR_INVALID_FUNCTION);
        assert_non_null(strstr(said, refused[i].why));
    }
}

static void services_without_hardware_are_refused_in_words(void **state)
{
    run(service_body);
}

static void table_body(void)
{
    const USHORT i2c = sizeof(VIDEO_PORT_I2C_INTERFACE_2);
    const USHORT report = sizeof(VIDEO_PORT_DEBUG_REPORT_INTERFACE);

    assert_int_equal(query(VideoPortServicesI2C, 1, i2c), NO_ERROR);
    assert_int_equal(query(VideoPortServicesI2C, 2, i2c), NO_ERROR);
    assert_int_equal(query(VideoPortServicesDebugReport, 1, report), NO_ERROR);
    assert_string_equal(said, "");
    assert_int_equal(query(VideoPortServicesI2C, 3, i2c), ERROR_INVALID_PARAMETER);
    assert_non_null(strstr(said, "I2C: version 3"));
    assert_int_equal(query(VideoPortServicesI2C, 2, i2c - 1), ERROR_INVALID_PARAMETER);
    assert_int_equal(query(VideoPortServicesI2C, 0, 0), ERROR_INVALID_PARAMETER);
    assert_int_equal(query(VideoPortServicesDebugReport, 2, report), ERROR_INVALID_PARAMETER);
    assert_non_null(strstr(said, "debug report: version 2"));
    assert_int_equal(query(VideoPortServicesDebugReport, 1, report - 1), ERROR_INVALID_PARAMETER);
}

static void tables_need_their_size_and_version(void **state)
{
    run(table_body);
}

static void legacy_body(void)
{
    PHYSICAL_ADDRESS start = {.QuadPart = 0xA0000};
    VIDEO_X86_BIOS_ARGUMENTS bios = {.Eax = 0x4F02};
    VIDEO_PORT_AGP_SERVICES agp = {0};
    ULONG length = 65536, space = 0;
    PVOID mapped = &mapped;

    assert_int_equal(VideoPortInt10(port.extension, &bios), ERROR_INVALID_FUNCTION);
    assert_non_null(strstr(said, "4f02"));
    assert_int_equal(bios.Eax, 0x4F02);
    assert_int_equal(VideoPortInt10(port.extension, NULL), ERROR_INVALID_PARAMETER);
    assert_false(VideoPortGetAgpServices(port.extension, &agp));
    assert_null((void *)agp.AgpReservePhysical);
    assert_non_null(strstr(said, "AGP"));
    assert_int_equal(VideoPortMapBankedMemory(port.extension, start, &length, &space, &mapped,
                                              65536, FALSE, NULL, NULL),
                     ERROR_INVALID_FUNCTION);
    assert_null(mapped);
    assert_non_null(strstr(said, "VideoPortMapMemory"));
}

static void bios_agp_and_banks_are_refused_in_words(void **state)
{
    run(legacy_body);
}

static VP_STATUS NTAPI described(PVOID HwDeviceExtension, PVOID Context,
                                 VIDEO_DEVICE_DATA_TYPE DeviceDataType, PVOID Identifier,
                                 ULONG IdentifierLength, PVOID ConfigurationData,
                                 ULONG ConfigurationDataLength, PVOID ComponentInformation,
                                 ULONG ComponentInformationLength)
{
    fail_msg("there is no firmware that described anything");
    return NO_ERROR;
}

static void device_data_body(void)
{
    const VIDEO_DEVICE_DATA_TYPE types[] = {VpMachineData, VpCmosData, VpBusData, VpControllerData,
                                            VpMonitorData};

    for (unsigned i = 0; i < RTL_NUMBER_OF(types); i++)
        assert_int_equal(VideoPortGetDeviceData(port.extension, types[i], described, NULL),
                         ERROR_INVALID_PARAMETER);
    assert_int_equal(VideoPortGetDeviceData(port.extension, VpBusData, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
}

static void firmware_describes_nothing(void **state)
{
    run(device_data_body);
}

/* ---- What a miniport says ---- */

static void print_body(void)
{
    const struct {
        VIDEO_DEBUG_LEVEL level;
        ULONG filter;
    } levels[] = {{Error, DPFLTR_ERROR_LEVEL},
                  {Warn, DPFLTR_WARNING_LEVEL},
                  {Trace, DPFLTR_TRACE_LEVEL},
                  {Info, DPFLTR_INFO_LEVEL}};
    KIRQL irql;

    for (unsigned i = 0; i < RTL_NUMBER_OF(levels); i++) {
        said[0] = '\0';
        said_level = 99;
        VideoPortDebugPrint(levels[i].level, (PSTR)(uintptr_t) "%s %d %I64x\n", "mode", -3,
                            UINT64_C(0x123456789));
        assert_string_equal(said, "mode -3 123456789\n");
        assert_int_equal(said_level, levels[i].filter);
    }
    irql = KeRaiseIrqlToDpcLevel();
    said[0] = '\0';
    VideoPortDebugPrint(Error, (PSTR)(uintptr_t) "videoprt: SD-A3: only words\n");
    KeLowerIrql(irql);
    assert_non_null(strstr(said, "only words"));
    expect_silence(); /* a driver's words are no report */
}

static void debug_output_has_its_level(void **state)
{
    run(print_body);
}

static void log_body(void)
{
    VIDEO_REQUEST_PACKET packet = {.IoControlCode = 0x230404};
    KIRQL irql;

    VideoPortLogError(port.extension, &packet, ERROR_BUSY, 0xABC);
    assert_non_null(strstr(said, "error log: code 0xc004000c, unique 0xabc"));
    assert_non_null(strstr(said, "status aa, id abc, request 230404"));
    (void)KfRaiseIrql(DISPATCH_LEVEL + 1); /* in HwVidInterrupt: no entry, but a line */
    irql = PASSIVE_LEVEL;
    said[0] = '\0';
    VideoPortLogError(port.extension, NULL, ERROR_BUSY, 0xDEF);
    KeLowerIrql(irql);
    assert_null(strstr(said, "error log"));
    assert_non_null(strstr(said, "id def, request 0"));
}

static void errors_go_to_the_log(void **state)
{
    run(log_body);
}

static void report_body(void)
{
    PVIDEO_DEBUG_REPORT report = VideoPortDbgReportCreate(port.extension, 0xEA, 1, 2, 3, 4);
    static UCHAR data[VIDEO_DEBUG_REPORT_MAX_SIZE] = {0xDE, 0xAD};

    assert_non_null(report);
    assert_true(VideoPortDbgReportSecondaryData(report, data, 2));
    assert_string_equal(said, "de ad\n");
    assert_false(VideoPortDbgReportSecondaryData(report, data, sizeof(data) - 1)); /* with those */
    assert_false(VideoPortDbgReportSecondaryData(report, NULL, 1));
    assert_false(VideoPortDbgReportSecondaryData(NULL, data, 1));
    said[0] = '\0';
    VideoPortDbgReportComplete(report); /* frees it: no leak at the end */
    assert_non_null(strstr(said, "video debug report ea"));
    assert_non_null(strstr(said, "2 bytes of data"));
    VideoPortDbgReportComplete(NULL);
}

static void a_debug_report_is_told_at_its_end(void **state)
{
    run(report_body);
}

/* ---- Values that name files ---- */

static VP_STATUS NTAPI got_file(PVOID HwDeviceExtension, PVOID Context, PWSTR ValueName,
                                PVOID ValueData, ULONG ValueLength)
{
    assert_ptr_equal(HwDeviceExtension, port.extension);
    assert_int_equal(ValueLength, 7);
    assert_memory_equal(ValueData, "0123456", 7);
    ++*(unsigned *)Context;
    return ERROR_BUSY;
}

static void file_body(void)
{
    static WCHAR value[] = L"Firmware", path[] = L"\\SystemRoot\\firmware.bin";
    static WCHAR elsewhere[] = L"\\SystemRoot\\other.bin";
    PVOID extension = port.extension;
    unsigned calls = 0;

    assert_int_equal(
        vport_nt_file_add(vport_nt_current(), "\\SystemRoot\\firmware.bin", "0123456", 7),
        VPORT_OK);
    assert_int_equal(VideoPortSetRegistryParameters(extension, value, path, sizeof(path)),
                     NO_ERROR);
    assert_int_equal(VideoPortGetRegistryParameters(extension, value, TRUE, got_file, &calls),
                     ERROR_BUSY); /* what the callback says */
    assert_int_equal(VideoPortSetRegistryParameters(extension, value, path, sizeof(path) - 2),
                     NO_ERROR); /* without its end */
    assert_int_equal(VideoPortGetRegistryParameters(extension, value, TRUE, got_file, &calls),
                     ERROR_BUSY);
    assert_int_equal(calls, 2);
    assert_int_equal(VideoPortSetRegistryParameters(extension, value, elsewhere, sizeof(elsewhere)),
                     NO_ERROR);
    assert_int_equal(VideoPortGetRegistryParameters(extension, value, TRUE, got_file, &calls),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(VideoPortSetRegistryParameters(extension, value, path, 1), NO_ERROR);
    assert_int_equal(VideoPortGetRegistryParameters(extension, value, TRUE, got_file, &calls),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(calls, 2);
}

static void a_value_may_name_a_file(void **state)
{
    run(file_body);
}

/* ---- The device lock ---- */

static void device_lock_body(void)
{
    PVP_DEVICE device = VpFindDevice(port.extension);

    assert_int_equal(KeReadStateMutex(&device->Lock), 1);
    VideoPortAcquireDeviceLock(port.extension);
    VideoPortAcquireDeviceLock(port.extension);
    assert_int_equal(KeReadStateMutex(&device->Lock), -1);
    VideoPortReleaseDeviceLock(port.extension);
    assert_int_equal(KeReadStateMutex(&device->Lock), 0); /* still taken */
    VideoPortReleaseDeviceLock(port.extension);
    assert_int_equal(KeReadStateMutex(&device->Lock), 1);
}

static VP_STATUS ask_for_the_lock(PVOID extension, PVIDEO_REQUEST_PACKET packet)
{
    assert_int_equal(KeReadStateMutex(&VpFindDevice(extension)->Lock), 0);
    return NO_ERROR;
}

static void the_device_lock_is_the_requests_own(void **state)
{
    port_begin("");
    port.driver.start_io = ask_for_the_lock;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(device_lock_body);
    assert_int_equal(vport_machine_control(port.machine, 0x230404, NULL, 0, NULL, 0, NULL),
                     NO_ERROR);
    port_end(0);
}

/* ---- ROM ---- */

static UCHAR rom[64] = {0x55, 0xAA, 1, 'M', 'A', 'T', 'R', 'O', 'X'};

static BOOLEAN scan(const char *text, ULONG length)
{
    return VideoPortScanRom(port.extension, rom, length, (PUCHAR)(uintptr_t)text);
}

static void scan_body(void)
{
    memcpy(rom + 61, "END", 3);
    assert_true(scan("MATROX", 64));
    assert_true(scan("END", 64)); /* the last bytes */
    assert_false(scan("END", 63));
    assert_false(scan("ENDS", 64)); /* not beyond it */
    assert_false(scan("matrox", 64));
    assert_false(scan("MATROX", 1));
    assert_false(VideoPortScanRom(port.extension, NULL, 64, (PUCHAR)(uintptr_t) "END"));
    assert_false(VideoPortScanRom(port.extension, rom, 64, NULL));
    assert_false(VideoPortScanRom(port.extension, rom + 1, 63, /* no signature there */
                                  (PUCHAR)(uintptr_t) "END"));
}

static void a_rom_is_searched_for_a_string(void **state)
{
    run(scan_body);
}

/* Whether `image` is the card's ROM, `there` bytes of it, and zeros up to `length`. */
static void expect_image(PUCHAR image, ULONG there, ULONG length)
{
    assert_non_null(image);
    for (ULONG i = 0; i < length; i++)
        assert_int_equal(image[i], i >= there ? 0 : i == 0 ? 0x55 : i == 1 ? 0xAA : (UCHAR)i);
}

static void image_body(void)
{
    KIRQL irql;

    /* The header first, as drivers do, to see how much there is; each copy ends the one before. */
    expect_image(VideoPortGetRomImage(port.extension, NULL, 0, 32), 32, 32);
    expect_image(VideoPortGetRomImage(port.extension, NULL, 0, 1500), 1500, 1500);
    expect_image(VideoPortGetRomImage(port.extension, NULL, 0, 65536), 1500, 65536);
    assert_null(VideoPortGetRomImage(port.extension, NULL, 0, 0));
    expect_image(VideoPortGetRomImage(port.extension, NULL, 0, 1500), 1500, 1500);
    expect_silence();
    irql = KeRaiseIrqlToDpcLevel();
    assert_null(VideoPortGetRomImage(port.extension, NULL, 0, 32));
    KeLowerIrql(irql);
    expect_report("PORT");
}

static void the_rom_is_copied_and_the_copy_is_the_ports(void **state)
{
    card_rom_length = 1500;
    run(image_body); /* the last copy is still there, and no leak */
    card_rom_length = 0;
}

static void no_image_body(void)
{
    assert_null(VideoPortGetRomImage(port.extension, NULL, 0, 32));
    assert_null(VideoPortGetRomImage(port.extension, NULL, 0, 0));
}

static void a_card_without_a_rom_has_no_image(void **state)
{
    run(no_image_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contiguous_memory_is_the_ports_to_free),
        cmocka_unit_test(memory_is_moved_and_cleared),
        cmocka_unit_test(services_without_hardware_are_refused_in_words),
        cmocka_unit_test(tables_need_their_size_and_version),
        cmocka_unit_test(bios_agp_and_banks_are_refused_in_words),
        cmocka_unit_test(firmware_describes_nothing),
        cmocka_unit_test(debug_output_has_its_level),
        cmocka_unit_test(errors_go_to_the_log),
        cmocka_unit_test(a_debug_report_is_told_at_its_end),
        cmocka_unit_test(a_value_may_name_a_file),
        cmocka_unit_test(the_device_lock_is_the_requests_own),
        cmocka_unit_test(a_rom_is_searched_for_a_string),
        cmocka_unit_test(the_rom_is_copied_and_the_copy_is_the_ports),
        cmocka_unit_test(a_card_without_a_rom_has_no_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
