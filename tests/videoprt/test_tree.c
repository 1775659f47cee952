/* SPDX-License-Identifier: MIT */
/* What hangs on a device: children, second views; power states; what a crash takes along. */
#include "port.h"

#include "nt/nt.h"

static PVP_DEVICE device(void)
{
    PVP_DEVICE found = VpFindDevice(port.extension);

    assert_non_null(found);
    return found;
}

/* Sends a PnP IRP to a device object and waits. */
static NTSTATUS pnp(PDEVICE_OBJECT object, UCHAR minor, ULONG type, ULONG_PTR *information)
{
    IO_STATUS_BLOCK block = {0};
    PIO_STACK_LOCATION stack;
    NTSTATUS status;
    KEVENT event;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, object, NULL, 0, NULL, &event, &block);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    stack = IoGetNextIrpStackLocation(irp);
    stack->MinorFunction = minor;
    if (minor == IRP_MN_QUERY_ID)
        stack->Parameters.QueryId.IdType = (BUS_QUERY_ID_TYPE)type;
    else
        stack->Parameters.QueryDeviceRelations.Type = (DEVICE_RELATION_TYPE)type;
    status = IoCallDriver(object, irp);
    *information = block.Information;
    return status;
}

/* ---- Children ---- */

static unsigned monitors; /* how many the miniport tells of */

static VP_STATUS NTAPI child_descriptor(PVOID HwDeviceExtension,
                                        PVIDEO_CHILD_ENUM_INFO ChildEnumInfo,
                                        PVIDEO_CHILD_TYPE VideoChildType, PUCHAR pChildDescriptor,
                                        PULONG UId, PULONG pUnused)
{
    static const UCHAR edid[] = {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x04, 0x43, 0x34, 0x12};

    assert_int_equal(ChildEnumInfo->Size, sizeof(VIDEO_CHILD_ENUM_INFO));
    assert_non_null(ChildEnumInfo->ChildHwDeviceExtension);
    if (ChildEnumInfo->ChildIndex == 2)
        return VIDEO_ENUM_INVALID_DEVICE; /* an empty connector */
    if (ChildEnumInfo->ChildIndex > monitors + 1)
        return VIDEO_ENUM_NO_MORE_DEVICES;
    *VideoChildType = Monitor;
    *UId = 0x100 + ChildEnumInfo->ChildIndex;
    if (ChildEnumInfo->ChildIndex == 1)
        memcpy(pChildDescriptor, edid, sizeof(edid));
    return VIDEO_ENUM_MORE_DEVICES;
}

static void expect_text(PWSTR text, const char *expected)
{
    for (size_t i = 0; i <= strlen(expected); i++)
        assert_int_equal(text[i], (unsigned char)expected[i]);
    ExFreePool(text);
}

static void check_names(PDEVICE_OBJECT first, PDEVICE_OBJECT second)
{
    ULONG_PTR information;

    assert_int_equal(pnp(first, IRP_MN_QUERY_ID, BusQueryDeviceID, &information), STATUS_SUCCESS);
    expect_text((PWSTR)information, "DISPLAY\\ABC1234");
    assert_int_equal(pnp(first, IRP_MN_QUERY_ID, BusQueryInstanceID, &information), STATUS_SUCCESS);
    expect_text((PWSTR)information, "101");
    assert_int_equal(pnp(second, IRP_MN_QUERY_ID, BusQueryHardwareIDs, &information),
                     STATUS_SUCCESS);
    expect_text((PWSTR)information, "MONITOR\\Default_Monitor");
}

static void children_body(void)
{
    PDEVICE_RELATIONS relations;
    PDEVICE_OBJECT first, second;
    ULONG_PTR information;

    assert_int_equal(pnp(device()->Fdo, IRP_MN_QUERY_DEVICE_RELATIONS, BusRelations, &information),
                     STATUS_SUCCESS);
    relations = (PDEVICE_RELATIONS)information;
    assert_int_equal(relations->Count, 2);
    first = relations->Objects[0];
    second = relations->Objects[1];
    ExFreePool(relations);
    check_names(first, second);
    assert_ptr_equal(VideoPortGetAssociatedDeviceExtension(first), port.extension);
    assert_int_equal(VideoPortGetAssociatedDeviceID(second), 0x103);
    assert_ptr_equal(VideoPortGetAssociatedDeviceExtension(device()->Fdo), port.extension);
    assert_int_equal(VideoPortGetAssociatedDeviceID(device()->Fdo), 0);
    assert_int_equal(pnp(first, IRP_MN_QUERY_DEVICE_RELATIONS, TargetDeviceRelation, &information),
                     STATUS_SUCCESS);
    relations = (PDEVICE_RELATIONS)information;
    assert_ptr_equal(relations->Objects[0], first);
    ObDereferenceObject(first);
    ExFreePool(relations);
    /* The second monitor goes; the first stays the same object. */
    monitors = 1;
    assert_int_equal(VideoPortEnumerateChildren(port.extension, NULL), NO_ERROR);
    assert_int_equal(pnp(device()->Fdo, IRP_MN_QUERY_DEVICE_RELATIONS, BusRelations, &information),
                     STATUS_SUCCESS);
    relations = (PDEVICE_RELATIONS)information;
    assert_int_equal(relations->Count, 1);
    assert_ptr_equal(relations->Objects[0], first);
    ExFreePool(relations);
    ObDereferenceObject(first);
    ObDereferenceObject(first);
    ObDereferenceObject(second);
}

static void children_become_device_objects(void **state)
{
    monitors = 2;
    port_begin("");
    port.driver.data.HwGetVideoChildDescriptor = child_descriptor;
    port.driver.data.HwChildDeviceExtensionSize = 32;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(children_body);
    port_end(0);
}

/* How many children the stopped device tells of. */
static ULONG early_children;

static void early_body(void)
{
    PDEVICE_OBJECT fdo = device()->Fdo;
    PDEVICE_RELATIONS relations;
    ULONG_PTR information;

    assert_int_equal(pnp(fdo, IRP_MN_STOP_DEVICE, 0, &information), STATUS_SUCCESS);
    assert_int_equal(pnp(fdo, IRP_MN_QUERY_DEVICE_RELATIONS, BusRelations, &information),
                     STATUS_SUCCESS);
    relations = (PDEVICE_RELATIONS)information;
    early_children = relations->Count;
    for (ULONG i = 0; i < relations->Count; i++)
        ObDereferenceObject(relations->Objects[i]);
    ExFreePool(relations);
}

static ULONG count_early_children(BOOLEAN allow, ULONG size)
{
    monitors = 2;
    port_begin("");
    port.driver.data.HwGetVideoChildDescriptor = child_descriptor;
    port.driver.data.HwChildDeviceExtensionSize = 32;
    port.driver.data.AllowEarlyEnumeration = allow;
    port.driver.data.HwInitDataSize = size;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(early_body);
    port_end(0);
    return early_children;
}

static void only_who_allows_it_is_asked_before_find_adapter(void **state)
{
    assert_int_equal(count_early_children(TRUE, SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA), 2);
    assert_int_equal(count_early_children(TRUE, SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA), 2);
    assert_int_equal(count_early_children(FALSE, SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA), 0);
}

static void foreign_object_body(void)
{
    /* The bus driver's object: its extension is not the port's to read. */
    assert_null(VideoPortGetAssociatedDeviceExtension(device()->Physical));
    assert_int_equal(VideoPortGetAssociatedDeviceID(device()->Physical), 0);
    assert_null(VideoPortGetAssociatedDeviceExtension(NULL));
    assert_int_equal(VideoPortGetAssociatedDeviceID(NULL), 0);
}

static void other_drivers_objects_have_no_extension_of_ours(void **state)
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(foreign_object_body);
    port_end(0);
}

/* ---- Second views ---- */

static PVOID second_view;

static VP_STATUS find_two(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    assert_int_equal(VideoPortCreateSecondaryDisplay(extension, &second_view, 0), NO_ERROR);
    assert_non_null(second_view);
    assert_ptr_not_equal(second_view, extension);
    return NO_ERROR;
}

static void second_view_body(void)
{
    PVOID third = &third;
    PEVENT event;
    USHORT vendor = 0;

    assert_int_equal(((UCHAR *)second_view)[0], 0);
    assert_int_equal(VideoPortGetBusData(second_view, PCIConfiguration, 0, &vendor, 0, 2), 2);
    assert_int_equal(vendor, 0x1B36);
    assert_int_equal(VideoPortCreateEvent(second_view, 0, NULL, &event),
                     NO_ERROR); /* reclaimed with the view */
    assert_int_equal(VideoPortCreateSecondaryDisplay(second_view, &third, 0),
                     ERROR_INVALID_PARAMETER);
    assert_null(third);
}

static void a_second_view_has_an_extension_of_its_own(void **state)
{
    port_begin("");
    port.driver.find = find_two;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(second_view_body);
    port_end(0);
}

/* ---- Power ---- */

static ULONG asked, set;
static VP_STATUS answer;

static VP_STATUS NTAPI power_get(PVOID HwDeviceExtension, ULONG HwId, PVIDEO_POWER_MANAGEMENT Power)
{
    assert_int_equal(HwId, DISPLAY_ADAPTER_HW_ID);
    asked = Power->PowerState;
    return answer;
}

static VP_STATUS NTAPI power_set(PVOID HwDeviceExtension, ULONG HwId, PVIDEO_POWER_MANAGEMENT Power)
{
    assert_int_equal(Power->Length, sizeof(*Power));
    set = Power->PowerState;
    return NO_ERROR;
}

static void raise_interrupt(void)
{
    VideoPortWriteRegisterUlong((PULONG)port.driver.registers, 1);
}

static void power_body(void)
{
    struct vport_nt *nt = vport_nt_current();
    PDEVICE_OBJECT pdo = device()->Physical;

    assert_int_equal(vport_nt_device_power(nt, pdo, PowerDeviceD2), STATUS_SUCCESS);
    assert_int_equal(asked, VideoPowerSuspend);
    assert_int_equal(set, VideoPowerSuspend);
    assert_int_equal(device()->Power, PowerDeviceD2);
    answer = ERROR_DEVICE_REINITIALIZATION_NEEDED; /* is a yes too */
    assert_int_equal(vport_nt_device_power(nt, pdo, PowerDeviceD0), STATUS_SUCCESS);
    assert_int_equal(set, VideoPowerOn);
    answer = ERROR_INVALID_FUNCTION;
    assert_false(NT_SUCCESS(vport_nt_device_power(nt, pdo, PowerDeviceD3)));
    assert_int_equal(asked, VideoPowerOff);
    assert_int_equal(set, VideoPowerOn);
    answer = NO_ERROR;
    assert_int_equal(vport_nt_device_power(nt, pdo, PowerDeviceD1), STATUS_SUCCESS);
}

static void power_states_reach_the_miniport(void **state)
{
    asked = set = 0;
    answer = NO_ERROR;
    port_begin("");
    port.driver.data.HwGetPowerState = power_get;
    port.driver.data.HwSetPowerState = power_set;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(power_body);
    /* In D1 now: its interrupt routine is not called. */
    port_call(raise_interrupt);
    vport_machine_run(port.machine, 1000000);
    assert_int_equal(port.driver.interrupts, 0);
    port_end(0);
}

/* ---- Crash data ---- */

static VOID NTAPI crash(PVOID HwDeviceExtension, ULONG BugcheckCode, PUCHAR Buffer,
                        ULONG BufferSize)
{
    memset(Buffer, 0x77, BufferSize);
}

static void crash_body(void)
{
    KBUGCHECK_SECONDARY_DUMP_DATA dump = {.MaximumAllowed = 4096};

    assert_int_equal(VideoPortRegisterBugcheckCallback(port.extension, 0xEA, crash, 4096),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(VideoPortRegisterBugcheckCallback(port.extension, 0xEA, crash, 100), NO_ERROR);
    device()->BugCheck.CallbackRoutine(KbCallbackSecondaryDumpData, &device()->BugCheck, &dump,
                                       sizeof(dump));
    assert_int_equal(dump.OutBufferLength, 100);
    assert_int_equal(((UCHAR *)dump.OutBuffer)[99], 0x77);
    assert_int_equal(VideoPortRegisterBugcheckCallback(port.extension, 0xEA, NULL, 0), NO_ERROR);
    assert_int_equal(VideoPortRegisterBugcheckCallback(port.extension, 0xEA, crash, 100),
                     NO_ERROR); /* reclaimed */
}

static void a_crash_takes_the_miniports_data_along(void **state)
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(crash_body);
    port_end(0);
}

/* ---- Stop and start again ---- */

static void restart_body(void)
{
    struct vport_nt *nt = vport_nt_current();
    PDEVICE_OBJECT pdo = device()->Physical;
    VP_DEVICE_DESCRIPTION description = {TRUE, TRUE, TRUE, 4096};
    PVP_DMA_ADAPTER adapter = VideoPortGetDmaAdapter(port.extension, &description);

    assert_non_null(adapter);
    assert_int_equal(vport_nt_device_pnp(nt, pdo, IRP_MN_STOP_DEVICE), STATUS_SUCCESS);
    assert_int_equal(device()->State, VpAdded);
    VideoPortPutDmaAdapter(port.extension, adapter); /* reclaimed at the stop (GA-18) */
    expect_report("GA-16");
    assert_int_equal(vport_nt_device_pnp(nt, pdo, IRP_MN_SURPRISE_REMOVAL), STATUS_SUCCESS);
    assert_int_equal(device()->State, VpRemoved);
}

static void ga_18_a_stop_reclaims_what_is_left(void **state)
{
    uint32_t returned;

    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(restart_body);
    assert_int_not_equal(vport_machine_control(port.machine, 0x230400, NULL, 0, NULL, 0, &returned),
                         NO_ERROR);
    port_end(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_become_device_objects),
        cmocka_unit_test(only_who_allows_it_is_asked_before_find_adapter),
        cmocka_unit_test(other_drivers_objects_have_no_extension_of_ours),
        cmocka_unit_test(a_second_view_has_an_extension_of_its_own),
        cmocka_unit_test(power_states_reach_the_miniport),
        cmocka_unit_test(a_crash_takes_the_miniports_data_along),
        cmocka_unit_test(ga_18_a_stop_reclaims_what_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
