/* SPDX-License-Identifier: MIT */
/* What a device has on its bus: legacy ranges, mappings for the system and for users, interfaces
 * that its miniport hands out. */
#include "port.h"

static void run(void (*body)(void))
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(body);
    port_end(0);
}

/* ---- Legacy ranges ---- */

static VIDEO_ACCESS_RANGE vga[] = {
    {.RangeStart = {.QuadPart = 0x3B0}, .RangeLength = 12, .RangeInIoSpace = 1},
    {.RangeStart = {.QuadPart = 0x3C0}, .RangeLength = 32, .RangeInIoSpace = 1},
    {.RangeStart = {.QuadPart = 0xA0000}, .RangeLength = 0x20000},
};

/* The ranges of the bus and no others; the VGA's count as claimed. */
static VP_STATUS find_legacy(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    VIDEO_ACCESS_RANGE ranges[4];

    assert_int_equal(VideoPortGetAccessRanges(extension, 0, NULL, 3, ranges, NULL, NULL, NULL),
                     NO_ERROR);
    assert_int_equal(VideoPortVerifyAccessRanges(extension, RTL_NUMBER_OF(vga), vga), NO_ERROR);
    assert_int_equal(VpFindDevice(extension)->RangeCount, 3 + RTL_NUMBER_OF(vga));
    return NO_ERROR;
}

static void a_list_of_legacy_ranges_is_claimed(void **state)
{
    port_begin("");
    port.driver.data.HwLegacyResourceList = vga;
    port.driver.data.HwLegacyResourceCount = RTL_NUMBER_OF(vga);
    port.driver.find = find_legacy;
    assert_int_equal(port_start(), VPORT_OK);
    port_end(0);
}

static ULONG asked_vendor, asked_device;

static VOID NTAPI legacy_resources(ULONG VendorId, ULONG DeviceId,
                                   PVIDEO_ACCESS_RANGE *LegacyResourceList,
                                   PULONG LegacyResourceCount)
{
    asked_vendor = VendorId;
    asked_device = DeviceId;
    *LegacyResourceList = vga;
    *LegacyResourceCount = RTL_NUMBER_OF(vga);
}

static void the_miniport_may_be_asked_for_them(void **state)
{
    port_begin("");
    port.driver.data.HwLegacyResourceList = vga; /* overridden */
    port.driver.data.HwLegacyResourceCount = 1;
    port.driver.data.HwGetLegacyResources = legacy_resources;
    port.driver.find = find_legacy;
    assert_int_equal(port_start(), VPORT_OK);
    assert_int_equal(asked_vendor, 0x1B36);
    assert_int_equal(asked_device, 0x0100);
    port_end(0);
}

static VP_STATUS find_too_many(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    VIDEO_ACCESS_RANGE range = {.RangeLength = 1, .RangeInIoSpace = 1};

    for (range.RangeStart.QuadPart = 0x100; range.RangeStart.QuadPart < 0x100 + VP_MAX_RANGES - 3;
         range.RangeStart.QuadPart++)
        assert_int_equal(VideoPortVerifyAccessRanges(extension, 1, &range), NO_ERROR);
    assert_int_equal(VideoPortVerifyAccessRanges(extension, 1, &range), ERROR_INVALID_PARAMETER);
    return NO_ERROR;
}

static void there_is_an_end_to_ranges(void **state)
{
    port_begin("");
    port.driver.find = find_too_many;
    assert_int_equal(port_start(), VPORT_OK);
    expect_report("PORT");
    port_end(0);
}

static void late_body(void)
{
    VIDEO_ACCESS_RANGE ranges[3];

    assert_int_equal(VideoPortGetAccessRanges(port.extension, 0, NULL, 3, ranges, NULL, NULL, NULL),
                     NO_ERROR);
    expect_report("PORT"); /* on Windows it would not work */
    assert_int_equal(VideoPortVerifyAccessRanges(port.extension, 3, ranges), NO_ERROR);
    expect_report("PORT");
    assert_int_equal(VideoPortGetAccessRanges(port.extension, 0, NULL, 3, NULL, NULL, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
}

static void ranges_are_for_find_adapter(void **state)
{
    run(late_body);
}

/* ---- Mappings ---- */

/* Where BAR 2, memory, lies. */
static PHYSICAL_ADDRESS memory_bar(void)
{
    PHYSICAL_ADDRESS address = {.QuadPart = 0};
    ULONG low = 0;

    assert_int_equal(VideoPortGetBusData(port.extension, PCIConfiguration, 0, &low, 0x18, 4), 4);
    address.QuadPart = low & ~15u;
    return address;
}

static void user_body(void)
{
    ULONG length = 4096, space = VIDEO_MEMORY_SPACE_MEMORY | VIDEO_MEMORY_SPACE_USER_MODE;
    PVOID system = NULL, user = (PVOID)(LONG_PTR)-1; /* the current process */

    assert_int_equal(VideoPortMapMemory(port.extension, memory_bar(), &length, &space, &user),
                     NO_ERROR);
    assert_int_equal(length, 4096);
    ((volatile UCHAR *)user)[100] = 0x5A; /* as a display driver draws */
    assert_int_equal(port.card.memory[100], 0x5A);
    space = VIDEO_MEMORY_SPACE_P6CACHE;
    assert_int_equal(VideoPortMapMemory(port.extension, memory_bar(), &length, &space, &system),
                     NO_ERROR);
    assert_int_equal(((volatile UCHAR *)system)[100], 0x5A);
    assert_int_equal(VideoPortUnmapMemory(port.extension, user, (HANDLE)(LONG_PTR)-1), NO_ERROR);
    assert_int_equal(VideoPortUnmapMemory(port.extension, system, NULL), NO_ERROR);
    expect_silence();
    space = VIDEO_MEMORY_SPACE_USER_MODE; /* and one that the port takes back */
    assert_int_equal(VideoPortMapMemory(port.extension, memory_bar(), &length, &space, &user),
                     NO_ERROR);
}

static void video_memory_is_mapped_for_users(void **state)
{
    run(user_body);
}

static void nothing_body(void)
{
    PHYSICAL_ADDRESS nowhere = {.QuadPart = 0x12345000};
    ULONG length = 4096, space = 0;
    PVOID mapped = &mapped;
    KIRQL irql;

    assert_int_equal(VideoPortMapMemory(port.extension, nowhere, &length, &space, &mapped),
                     ERROR_INVALID_PARAMETER);
    assert_null(mapped);
    expect_report("PORT");
    assert_null(VideoPortGetDeviceBase(port.extension, nowhere, 4096, 0));
    expect_report("PORT");
    assert_null(VideoPortGetDeviceBase(port.extension, memory_bar(), 0, 0));
    expect_silence();
    irql = KeRaiseIrqlToDpcLevel();
    assert_null(VideoPortGetDeviceBase(port.extension, memory_bar(), 16, 0));
    KeLowerIrql(irql);
    expect_report("PORT");
    irql = KeRaiseIrqlToDpcLevel();
    assert_int_equal(VideoPortUnmapMemory(port.extension, &mapped, NULL), ERROR_INVALID_PARAMETER);
    KeLowerIrql(irql);
    expect_report("PORT");
}

static void what_is_not_the_devices_is_not_mapped(void **state)
{
    run(nothing_body);
}

static void clear_body(void)
{
    PUCHAR memory = VideoPortGetDeviceBase(port.extension, memory_bar(), 64, 0);

    memset(port.card.memory, 0xEE, 64);
    VideoPortZeroDeviceMemory(memory + 3, 10); /* begins and ends between words */
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(port.card.memory[i], i >= 3 && i < 13 ? 0 : 0xEE);
    VideoPortFreeDeviceBase(port.extension, memory);
}

static void device_memory_is_cleared_to_the_byte(void **state)
{
    run(clear_body);
}

/* ---- Interfaces ---- */

static const GUID known = {0x12345678, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static unsigned queries;

static VP_STATUS NTAPI query_interface(PVOID HwDeviceExtension, PQUERY_INTERFACE QueryInterface)
{
    queries++;
    assert_ptr_equal(HwDeviceExtension, port.extension);
    assert_int_equal(QueryInterface->Size, sizeof(INTERFACE));
    assert_int_equal(QueryInterface->Version, 7);
    assert_ptr_equal(QueryInterface->InterfaceSpecificData, &queries);
    if (memcmp(QueryInterface->InterfaceType, &known, sizeof(known)) != 0)
        return ERROR_INVALID_PARAMETER;
    QueryInterface->Interface->Context = &port;
    return NO_ERROR;
}

/* Asks the device's stack from above, as a child's driver does. */
static NTSTATUS ask(const GUID *type, PINTERFACE interface)
{
    PDEVICE_OBJECT fdo = VpFindDevice(port.extension)->Fdo;
    IO_STATUS_BLOCK block = {0};
    PIO_STACK_LOCATION stack;
    KEVENT event;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, fdo, NULL, 0, NULL, &event, &block);
    assert_non_null(irp);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = IRP_MN_QUERY_INTERFACE;
    stack->Parameters.QueryInterface.InterfaceType = type;
    stack->Parameters.QueryInterface.Size = sizeof(*interface);
    stack->Parameters.QueryInterface.Version = 7;
    stack->Parameters.QueryInterface.Interface = interface;
    stack->Parameters.QueryInterface.InterfaceSpecificData = &queries;
    return IoCallDriver(fdo, irp);
}

static void interface_body(void)
{
    static const GUID other = {0};
    INTERFACE interface = {.Context = NULL};

    assert_int_equal(ask(&known, &interface), STATUS_SUCCESS);
    assert_ptr_equal(interface.Context, &port);
    assert_int_equal(ask(&other, &interface), STATUS_NOT_SUPPORTED); /* nor has the bus it */
    assert_int_equal(queries, 2);
}

static void the_miniport_hands_out_interfaces(void **state)
{
    queries = 0;
    port_begin("");
    port.driver.data.HwQueryInterface = query_interface;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(interface_body);
    port_end(0);
}

static void no_interface_body(void)
{
    INTERFACE interface;

    assert_int_equal(ask(&known, &interface), STATUS_NOT_SUPPORTED);
}

static void a_miniport_without_any_is_not_asked(void **state)
{
    queries = 0;
    run(no_interface_body);
    assert_int_equal(queries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_of_legacy_ranges_is_claimed),
        cmocka_unit_test(the_miniport_may_be_asked_for_them),
        cmocka_unit_test(there_is_an_end_to_ranges),
        cmocka_unit_test(ranges_are_for_find_adapter),
        cmocka_unit_test(video_memory_is_mapped_for_users),
        cmocka_unit_test(what_is_not_the_devices_is_not_mapped),
        cmocka_unit_test(device_memory_is_cleared_to_the_byte),
        cmocka_unit_test(the_miniport_hands_out_interfaces),
        cmocka_unit_test(a_miniport_without_any_is_not_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
