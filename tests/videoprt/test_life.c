/* SPDX-License-Identifier: MIT */
/* A miniport's life: VideoPortInitialize, HwVidFindAdapter, open, requests, statuses, the end. */
#include "port.h"

static void sg_08_three_sizes_are_known(void **state)
{
    static const ULONG sizes[] = {SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA,
                                  SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA,
                                  SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA};

    for (size_t i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        port_begin("");
        port.driver.data.HwInitDataSize = sizes[i];
        assert_int_equal(port_start(), VPORT_OK);
        assert_int_equal(port.driver.config.Length, i == 0 ? SIZE_OF_NT4_VIDEO_PORT_CONFIG_INFO
                                                           : sizeof(VIDEO_PORT_CONFIG_INFO));
        port_end(0);
    }
}

static void sg_08_other_sizes_are_refused(void **state)
{
    port_begin("");
    port.driver.data.HwInitDataSize = sizeof(VIDEO_HW_INITIALIZATION_DATA) + 8;
    assert_int_equal(port_start(), VPORT_E_DEVICE);
    assert_int_equal(port.driver.init_status, (ULONG)STATUS_REVISION_MISMATCH);
    expect_report("SG-8");
    port.driver.data.HwInitDataSize = sizeof(VIDEO_HW_INITIALIZATION_DATA);
    port.driver.data.HwStartIO = NULL;
    assert_int_equal(port_start(), VPORT_E_DEVICE);
    assert_int_equal(port.driver.init_status, (ULONG)STATUS_INVALID_PARAMETER);
    expect_report("SG-8");
    port_end(0);
}

/* Members beyond the given size are not looked at, whatever lies there. */
static void members_beyond_the_size_do_not_count(void **state)
{
    port_begin("");
    port.driver.data.HwInitDataSize = SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA;
    port.driver.data.HwGetVideoChildDescriptor = (PVIDEO_HW_GET_CHILD_DESCRIPTOR)(uintptr_t)0x10;
    port.driver.data.HwLegacyResourceCount = 1000;
    port.driver.data.HwLegacyResourceList = (PVIDEO_ACCESS_RANGE)(uintptr_t)0x10;
    assert_int_equal(port_start(), VPORT_OK);
    port_end(0);
}

static VP_STATUS find_nothing(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    return ERROR_DEV_NOT_EXIST;
}

static void a_miniport_that_finds_nothing_does_not_start(void **state)
{
    port_begin("");
    port.driver.find = find_nothing;
    assert_int_equal(port_start(), VPORT_E_DEVICE);
    assert_int_equal(port.driver.finds, 1);
    assert_int_equal(port.driver.initializes, 0);
    port_end(0);
}

static VP_STATUS look_around(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    for (int i = 0; i < 64; i++)
        assert_int_equal(((UCHAR *)extension)[i], 0);
    assert_int_equal((uintptr_t)extension % 16, 0);
    assert_int_equal(config->AdapterInterfaceType, PCIBus);
    assert_int_not_equal(config->BusInterruptVector, 0);
    assert_non_null(config->DriverRegistryPath);
    assert_true(config->SystemMemorySize == 64 << 20);
    memset(extension, 0x55, 64);
    return NO_ERROR;
}

static void find_adapter_gets_a_zeroed_extension_and_the_bus_facts(void **state)
{
    port_begin("memory=64M");
    port.driver.find = look_around;
    assert_int_equal(port_start(), VPORT_OK);
    assert_int_equal(port.driver.initializes, 1);
    port_end(0);
}

/* ---- Requests ---- */

static VP_STATUS answer_input(PVOID extension, PVIDEO_REQUEST_PACKET packet)
{
    ULONG code = *(ULONG *)packet->InputBuffer;

    assert_ptr_equal(packet->InputBuffer, packet->OutputBuffer);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    *(ULONG *)packet->OutputBuffer = ~code;
    packet->StatusBlock->Information = sizeof(ULONG);
    return (VP_STATUS)code;
}

static void every_status_comes_back_as_it_was(void **state)
{
    port_begin("");
    port.driver.start_io = answer_input;
    assert_int_equal(port_start(), VPORT_OK);
    for (uint32_t code = 0; code <= 0xFFFF; code += code < 1300 ? 1 : 97) {
        uint32_t output = 0, returned = 0;

        assert_int_equal(
            vport_machine_control(port.machine, 0x230400, &code, 4, &output, 4, &returned), code);
        if (code == NO_ERROR)
            assert_int_equal(output, ~code);
    }
    port_end(0);
}

static void statuses_are_one_to_one(void **state)
{
    for (VP_STATUS code = 0; code <= 0xFFFF; code++) {
        NTSTATUS status = VpNtStatus(code);

        assert_int_equal(VpVpStatus(status), code);
        assert_true(code == NO_ERROR ? status == STATUS_SUCCESS : !NT_SUCCESS(status));
    }
    assert_int_equal(VpNtStatus((VP_STATUS)STATUS_DEVICE_POWER_FAILURE),
                     STATUS_DEVICE_POWER_FAILURE);
}

static VP_STATUS claim_too_much(PVOID extension, PVIDEO_REQUEST_PACKET packet)
{
    packet->StatusBlock->Information = packet->OutputBufferLength + 1;
    return NO_ERROR;
}

static void information_beyond_the_buffer_is_cut_and_reported(void **state)
{
    uint32_t output = 0, returned = 0;

    port_begin("");
    port.driver.start_io = claim_too_much;
    assert_int_equal(port_start(), VPORT_OK);
    assert_int_equal(vport_machine_control(port.machine, 0x230400, NULL, 0, &output, 4, &returned),
                     NO_ERROR);
    assert_int_equal(returned, 4);
    expect_report("PORT");
    port_end(0);
}

/* ---- Names ---- */

static void every_export_has_an_address(void **state)
{
    static const struct {
        const char *name;
        void *address;
    } exports[] = {
#define VP_EXPORT(Name) {#Name, (void *)Name},
#include "videoprt/exports.h"
#undef VP_EXPORT
    };

    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    for (size_t i = 0; i < RTL_NUMBER_OF(exports); i++) {
        PVOID found = port.driver.config.VideoPortGetProcAddress(
            port.extension, (PUCHAR)(uintptr_t)exports[i].name);

        assert_non_null(found);
        assert_ptr_equal(found, exports[i].address);
        if (i > 0)
            assert_true(strcmp(exports[i - 1].name, exports[i].name) < 0);
    }
    port_end(0);
}

static void ask_for_a_name_that_is_none(void)
{
    assert_null(port.driver.config.VideoPortGetProcAddress(
        port.extension, (PUCHAR)(uintptr_t) "VideoPortMakeCoffee"));
    assert_null(port.driver.config.VideoPortGetProcAddress(port.extension, NULL));
}

static void an_absent_export_says_its_name(void **state)
{
    char text[VPORT_REPORT_TEXT];

    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(ask_for_a_name_that_is_none);
    vport_reports_get(vport_machine_reports(port.machine), 0, NULL, 0, text, sizeof(text));
    assert_non_null(strstr(text, "VideoPortMakeCoffee"));
    expect_report("PORT");
    port_end(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sg_08_three_sizes_are_known),
        cmocka_unit_test(sg_08_other_sizes_are_refused),
        cmocka_unit_test(members_beyond_the_size_do_not_count),
        cmocka_unit_test(a_miniport_that_finds_nothing_does_not_start),
        cmocka_unit_test(find_adapter_gets_a_zeroed_extension_and_the_bus_facts),
        cmocka_unit_test(every_status_comes_back_as_it_was),
        cmocka_unit_test(statuses_are_one_to_one),
        cmocka_unit_test(information_beyond_the_buffer_is_cut_and_reported),
        cmocka_unit_test(every_export_has_an_address),
        cmocka_unit_test(an_absent_export_says_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
