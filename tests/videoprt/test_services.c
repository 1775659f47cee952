/* SPDX-License-Identifier: MIT */
/* Services of the port: memory and bus, interrupt, DPC, timer, events, locks, registry, version. */
#include "port.h"

/* Most tests: a standard miniport, the body as driver code, no report left. */
static void run(void (*body)(void))
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(body);
    port_end(0);
}

/* ---- Memory and bus ---- */

static PHYSICAL_ADDRESS bar_start(unsigned index)
{
    UCHAR header[64];
    PHYSICAL_ADDRESS address = {.QuadPart = 0};
    ULONG low;

    assert_int_equal(
        VideoPortGetBusData(port.extension, PCIConfiguration, 0, header, 0, sizeof(header)),
        sizeof(header));
    memcpy(&low, header + 0x10 + 4 * index, sizeof(low));
    address.QuadPart = low & ~15u;
    return address;
}

static void configuration_body(void)
{
    USHORT ids[2];
    ULONG vga = 77;

    assert_int_equal(VideoPortGetBusData(port.extension, PCIConfiguration, 0, ids, 0, sizeof(ids)),
                     sizeof(ids));
    assert_int_equal(ids[0], 0x1B36);
    assert_int_equal(ids[1], 0x0100);
    assert_int_equal(VideoPortGetBusData(port.extension, Cmos, 0, ids, 0, sizeof(ids)), 0);
    assert_true(VideoPortCheckForDeviceExistence(port.extension, 0x1B36, 0x0100, 0, 0, 0, 0));
    assert_true(VideoPortCheckForDeviceExistence(port.extension, 0x1B36, 0x0100, 3, 0, 0,
                                                 CDE_USE_REVISION));
    assert_false(VideoPortCheckForDeviceExistence(port.extension, 0x1B36, 0x0100, 4, 0, 0,
                                                  CDE_USE_REVISION));
    assert_false(VideoPortCheckForDeviceExistence(port.extension, 0x1B36, 0x0101, 0, 0, 0, 0));
    assert_int_equal(VideoPortGetVgaStatus(port.extension, &vga), NO_ERROR);
    assert_int_equal(vga, DEVICE_VGA_ENABLED);
}

static void configuration_space(void **state)
{
    run(configuration_body);
}

static void mapping_body(void)
{
    ULONG length = 4096, space = VIDEO_MEMORY_SPACE_MEMORY;
    PVOID first = NULL, second = NULL;
    PUCHAR ports;

    assert_int_equal(VideoPortMapMemory(port.extension, bar_start(2), &length, &space, &first),
                     NO_ERROR);
    assert_int_equal(length, 4096);
    assert_int_equal(VideoPortMapMemory(port.extension, bar_start(2), &length, &space, &second),
                     NO_ERROR);
    VideoPortZeroDeviceMemory(first, 4096);
    VideoPortWriteRegisterUlong((PULONG)first, 0x12345678);
    assert_int_equal(VideoPortReadRegisterUchar((PUCHAR)second), 0x78);
    assert_int_equal(port.card.memory[3], 0x12);
    assert_int_equal(VideoPortUnmapMemory(port.extension, first, NULL), NO_ERROR);
    assert_int_equal(VideoPortUnmapMemory(port.extension, second, NULL), NO_ERROR);
    expect_silence();
    assert_int_equal(VideoPortUnmapMemory(port.extension, second, NULL), ERROR_INVALID_PARAMETER);
    expect_report("PORT");
    ports = VideoPortGetDeviceBase(port.extension, bar_start(1), 16, VIDEO_MEMORY_SPACE_IO);
    assert_int_equal((uintptr_t)ports, bar_start(1).QuadPart); /* a port's handle is its number */
    assert_int_equal(VideoPortReadPortUshort((PUSHORT)(ports + 4)), (USHORT)(0xA6A7 + 4));
    VideoPortFreeDeviceBase(port.extension, ports);
    length = 0;
    assert_int_equal(VideoPortMapMemory(port.extension, bar_start(2), &length, &space, &first),
                     ERROR_INVALID_PARAMETER);
}

static void mapping_and_unmapping(void **state)
{
    run(mapping_body);
}

static VP_STATUS find_ranges(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    VIDEO_ACCESS_RANGE ranges[3],
        legacy = {.RangeStart = {.QuadPart = 0x3C0}, .RangeLength = 32, .RangeInIoSpace = 1};
    USHORT vendor = 0x1B36, device = 0x0100, other = 0x9999;
    ULONG slot = 0xFFFF;

    assert_int_equal(VideoPortGetAccessRanges(extension, 0, NULL, 2, ranges, NULL, NULL, &slot),
                     ERROR_MORE_DATA);
    assert_int_equal(
        VideoPortGetAccessRanges(extension, 0, NULL, 3, ranges, &other, &device, &slot),
        ERROR_DEV_NOT_EXIST);
    assert_int_equal(
        VideoPortGetAccessRanges(extension, 0, NULL, 3, ranges, &vendor, &device, &slot), NO_ERROR);
    assert_true(slot < 256);
    assert_int_equal(ranges[0].RangeLength, 4096);
    assert_int_equal(ranges[0].RangeInIoSpace, 0);
    assert_int_equal(ranges[1].RangeLength, 16);
    assert_int_equal(ranges[1].RangeInIoSpace, 1);
    assert_int_equal(VideoPortVerifyAccessRanges(extension, 3, ranges), NO_ERROR);
    assert_int_equal(VideoPortVerifyAccessRanges(extension, 1, &legacy), NO_ERROR);
    assert_int_equal(VideoPortVerifyAccessRanges(extension, 1, NULL), ERROR_INVALID_PARAMETER);
    return NO_ERROR;
}

static void ranges_are_the_bars_in_order(void **state)
{
    port_begin("");
    port.driver.find = find_ranges;
    assert_int_equal(port_start(), VPORT_OK);
    port_end(0);
}

/* ---- Interrupt, DPC, synchronization ---- */

static unsigned dpcs;
static PVOID dpc_context;
static KIRQL dpc_irql;

static VOID NTAPI dpc(PVOID HwDeviceExtension, PVOID Context)
{
    assert_ptr_equal(HwDeviceExtension, port.extension);
    dpcs++;
    dpc_context = Context;
    dpc_irql = KeGetCurrentIrql();
}

static BOOLEAN serve(PVOID extension)
{
    assert_true(KeGetCurrentIrql() > DISPATCH_LEVEL);
    VideoPortWriteRegisterUlong((PULONG)port.driver.registers, 0);
    assert_true(VideoPortQueueDpc(extension, dpc, &dpcs));
    assert_false(VideoPortQueueDpc(extension, dpc, NULL)); /* queued already */
    return TRUE;
}

static void raise_interrupt(void)
{
    VideoPortWriteRegisterUlong((PULONG)port.driver.registers, 1);
}

static void an_interrupt_queues_a_dpc(void **state)
{
    dpcs = 0;
    port_begin("");
    port.driver.interrupt = serve;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(raise_interrupt);
    vport_machine_run(port.machine, 1000000);
    assert_int_equal(port.driver.interrupts, 1);
    assert_int_equal(dpcs, 1);
    assert_ptr_equal(dpc_context, &dpcs);
    assert_int_equal(dpc_irql, DISPATCH_LEVEL);
    port_end(0);
}

static void mask(void)
{
    assert_int_equal(VideoPortDisableInterrupt(port.extension), NO_ERROR);
}

static void unmask(void)
{
    assert_int_equal(VideoPortEnableInterrupt(port.extension), NO_ERROR);
}

static void a_level_that_rose_while_masked_is_served_when_unmasked(void **state)
{
    dpcs = 0;
    port_begin("");
    port.driver.interrupt = serve;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(mask);
    port_call(raise_interrupt);
    vport_machine_run(port.machine, 1000000);
    assert_int_equal(port.driver.interrupts, 0);
    port_call(unmask);
    vport_machine_run(port.machine, 1000000);
    assert_int_equal(port.driver.interrupts, 1);
    assert_int_equal(dpcs, 1);
    port_end(0);
}

static VP_STATUS find_without_interrupt(PVOID extension, PVIDEO_PORT_CONFIG_INFO config)
{
    config->BusInterruptLevel = config->BusInterruptVector = 0;
    return NO_ERROR;
}

static void no_interrupt_body(void)
{
    assert_int_equal(VideoPortEnableInterrupt(port.extension), ERROR_INVALID_FUNCTION);
}

static void level_and_vector_zero_mean_no_interrupt(void **state)
{
    port_begin("");
    port.driver.find = find_without_interrupt;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(no_interrupt_body);
    port_end(0);
}

static BOOLEAN NTAPI note_level(PVOID Context)
{
    *(KIRQL *)Context = KeGetCurrentIrql();
    return 2;
}

static void synchronize_body(void)
{
    KIRQL irql = 0;

    assert_int_equal(
        VideoPortSynchronizeExecution(port.extension, VpLowPriority, note_level, &irql), 2);
    assert_int_equal(irql, DISPATCH_LEVEL);
    assert_int_equal(
        VideoPortSynchronizeExecution(port.extension, VpMediumPriority, note_level, &irql), 2);
    assert_true(irql > DISPATCH_LEVEL);
    assert_int_equal(
        VideoPortSynchronizeExecution(port.extension, VpHighPriority, note_level, &irql), 2);
    assert_true(irql > DISPATCH_LEVEL);
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
    irql = 99;
    assert_int_equal(VideoPortSynchronizeExecution(port.extension, (VIDEO_SYNCHRONIZE_PRIORITY)3,
                                                   note_level, &irql),
                     FALSE);
    assert_int_equal(irql, 99); /* not called */
    expect_report("PORT");
    assert_int_equal(VideoPortSynchronizeExecution(port.extension, VpLowPriority, NULL, &irql),
                     FALSE);
}

static void synchronized_routines_run_at_their_level(void **state)
{
    run(synchronize_body);
}

/* ---- Timer ---- */

static VOID NTAPI tick(PVOID HwDeviceExtension)
{
    port.driver.timers++;
    assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
}

static void start_timer(void)
{
    VideoPortStartTimer(port.extension);
    VideoPortStartTimer(port.extension); /* once is enough */
}

static void stop_timer(void)
{
    VideoPortStopTimer(port.extension);
}

static void the_timer_ticks_once_a_second(void **state)
{
    port_begin("");
    port.driver.data.HwTimer = tick;
    assert_int_equal(port_start(), VPORT_OK);
    port_call(start_timer);
    vport_machine_run(port.machine, 3500000000u);
    assert_int_equal(port.driver.timers, 3);
    port_call(stop_timer);
    vport_machine_run(port.machine, 3500000000u);
    assert_int_equal(port.driver.timers, 3);
    port_call(start_timer); /* and the end of the machine stops it */
    port_end(0);
}

static void a_timer_without_a_routine_is_reported(void **state)
{
    port_begin("");
    assert_int_equal(port_start(), VPORT_OK);
    port_call(start_timer);
    assert_int_equal(vport_reports_count(vport_machine_reports(port.machine), "PORT"), 2);
    port_end(2);
}

/* ---- Events and locks ---- */

static void event_body(void)
{
    LARGE_INTEGER now = {.QuadPart = 0}, soon = {.QuadPart = -1000};
    PEVENT event;
    KIRQL irql;

    assert_int_equal(VideoPortCreateEvent(
                         port.extension, NOTIFICATION_EVENT | INITIAL_EVENT_SIGNALED, NULL, &event),
                     NO_ERROR);
    assert_int_equal(VideoPortReadStateEvent(port.extension, event), 1);
    assert_int_equal(VideoPortWaitForSingleObject(port.extension, event, NULL), NO_ERROR);
    assert_int_equal(VideoPortWaitForSingleObject(port.extension, event, &now),
                     NO_ERROR); /* stays set */
    VideoPortClearEvent(port.extension, event);
    assert_int_equal(VideoPortWaitForSingleObject(port.extension, event, &soon), WAIT_TIMEOUT);
    assert_int_equal(VideoPortSetEvent(port.extension, event), 0);
    assert_int_equal(VideoPortSetEvent(port.extension, event), 1);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    assert_int_equal(VideoPortWaitForSingleObject(port.extension, event, &now), NO_ERROR);
    assert_int_equal(VideoPortWaitForSingleObject(port.extension, event, &soon),
                     ERROR_INVALID_PARAMETER);
    KeLowerIrql(irql);
    expect_report("PORT");
    assert_int_equal(VideoPortDeleteEvent(port.extension, event), NO_ERROR);
    assert_int_equal(VideoPortDeleteEvent(port.extension, event), ERROR_INVALID_PARAMETER);
    expect_report("PORT");
    assert_int_equal(VideoPortCreateEvent(port.extension, SYNCHRONIZATION_EVENT, NULL, &event),
                     NO_ERROR);
    VideoPortSetEvent(port.extension, event);
    assert_int_equal(VideoPortWaitForSingleObject(port.extension, event, NULL), NO_ERROR);
    assert_int_equal(VideoPortReadStateEvent(port.extension, event), 0); /* taken by the wait */
    assert_int_equal(VideoPortSetEvent(port.extension, NULL), 0);
    expect_report("PORT");
}

static void events(void **state)
{
    run(event_body); /* the last one is the port's to reclaim */
}

static void lock_body(void)
{
    PSPIN_LOCK lock;
    UCHAR irql = 99;

    assert_int_equal(VideoPortCreateSpinLock(port.extension, &lock), NO_ERROR);
    VideoPortAcquireSpinLock(port.extension, lock, &irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    assert_int_equal(VideoPortGetCurrentIrql(), DISPATCH_LEVEL);
    VideoPortReleaseSpinLock(port.extension, lock, irql);
    assert_int_equal(VideoPortGetCurrentIrql(), PASSIVE_LEVEL);
    assert_int_equal(VideoPortDeleteSpinLock(port.extension, lock), NO_ERROR);
    VideoPortAcquireSpinLock(port.extension, NULL, &irql);
    expect_report("PORT");
    VideoPortAcquireDeviceLock(port.extension);
    VideoPortAcquireDeviceLock(port.extension); /* a mutex: its owner may have it twice */
    VideoPortReleaseDeviceLock(port.extension);
    VideoPortReleaseDeviceLock(port.extension);
}

static void spin_locks_and_the_device_lock(void **state)
{
    run(lock_body);
}

/* ---- Pool, registry, version, odds and ends ---- */

static void pool_body(void)
{
    PVOID memory = VideoPortAllocatePool(port.extension, VpNonPagedPool, 100, 0x54534554);
    PVOID buffer;

    assert_non_null(memory);
    VideoPortFreePool(port.extension, memory);
    assert_int_equal(VideoPortAllocateBuffer(port.extension, 100, &buffer), NO_ERROR);
    VideoPortReleaseBuffer(port.extension, buffer);
    assert_null(VideoPortAllocatePool(port.extension, (VP_POOL_TYPE)3, 100, 0));
    expect_report("PORT");
}

static void pool(void **state)
{
    run(pool_body);
}

static VP_STATUS NTAPI got_value(PVOID HwDeviceExtension, PVOID Context, PWSTR ValueName,
                                 PVOID ValueData, ULONG ValueLength)
{
    assert_int_equal(ValueLength, sizeof(ULONG));
    *(ULONG *)Context = *(ULONG *)ValueData;
    return NO_ERROR;
}

static void registry_body(void)
{
    static WCHAR name[] = {'C', 'o', 'l', 'o', 'u', 'r', 0}, other[] = {'T', 'a', 's', 't', 'e', 0};
    ULONG value = 0xC0FFEE, read = 0;

    assert_int_equal(VideoPortSetRegistryParameters(port.extension, name, &value, sizeof(value)),
                     NO_ERROR);
    assert_int_equal(VideoPortGetRegistryParameters(port.extension, name, FALSE, got_value, &read),
                     NO_ERROR);
    assert_int_equal(read, 0xC0FFEE);
    assert_int_equal(VideoPortGetRegistryParameters(port.extension, other, FALSE, got_value, &read),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(VideoPortFlushRegistry(port.extension), NO_ERROR);
}

static void registry(void **state)
{
    run(registry_body);
}

static void helper_body(void)
{
    VPOSVERSIONINFO version = {.Size = sizeof(version)};
    LONGLONG frequency = 0, before, after;
    LARGE_INTEGER time = {.QuadPart = 0};
    LONG number = 5;
    UCHAR one[] = {1, 2, 3, 4}, two[] = {1, 2, 9, 4};

    assert_int_equal(VideoPortGetVersion(port.extension, &version), NO_ERROR);
    assert_true(version.MajorVersion >= 5);
    version.Size = 4;
    assert_int_equal(VideoPortGetVersion(port.extension, &version), ERROR_INVALID_PARAMETER);
    assert_int_equal(VideoPortCompareMemory(one, two, 4), 2);
    assert_int_equal(VideoPortInterlockedIncrement(&number), 6);
    assert_int_equal(VideoPortInterlockedDecrement(&number), 5);
    assert_int_equal(VideoPortInterlockedExchange(&number, 7), 5);
    before = VideoPortQueryPerformanceCounter(port.extension, &frequency);
    VideoPortStallExecution(50);
    after = VideoPortQueryPerformanceCounter(port.extension, NULL);
    assert_true(frequency > 0);
    assert_true((double)(after - before) / (double)frequency >= 50e-6);
    VideoPortQuerySystemTime(&time);
    assert_true(time.QuadPart > 0);
    assert_false(VideoPortIsNoVesa());
    assert_int_equal(VideoPortSetTrappedEmulatorPorts(port.extension, 0, NULL), NO_ERROR);
    VideoPortLogError(port.extension, NULL, ERROR_BUSY, 7);
    VideoPortDebugPrint(Trace, (PSTR)(uintptr_t) "%s and %u and %x\n", "words", 7u, 0xABCu);
    VideoPortDebugPrint(Warn, (PSTR)(uintptr_t) "%s %d %s %n garbage\n"); /* survives it */
    VideoPortDebugPrint(Warn, NULL);
}

static void helpers(void **state)
{
    run(helper_body);
}

static void foreign_body(void)
{
    PEVENT event;

    assert_int_equal(VideoPortCreateEvent(NULL, 0, NULL, &event), ERROR_INVALID_PARAMETER);
    expect_report("SD-6");
    assert_int_equal(
        VideoPortGetBusData((PUCHAR)port.extension + 16, PCIConfiguration, 0, &event, 0, 4), 0);
    expect_report("SD-6");
    assert_null(VideoPortGetDmaAdapter(&event, NULL));
    expect_report("SD-6");
}

static void a_foreign_extension_is_refused(void **state)
{
    run(foreign_body);
}

static void obsolete_body(void)
{
    ULONG data[4];
    STATUS_BLOCK block;
    VIDEO_REQUEST_PACKET packet = {
        .StatusBlock = &block, .InputBuffer = data, .InputBufferLength = sizeof(data)};
    PDMA handle = (PDMA)(uintptr_t)0x1234;
    PHYSICAL_ADDRESS address = {.QuadPart = 0};

    assert_null(VideoPortDoDma(port.extension, handle, VideoPortUnlockAfterDma));
    assert_null(VideoPortAssociateEventsWithDmaHandle(port.extension, &packet, NULL, NULL));
    assert_null(
        VideoPortMapDmaMemory(port.extension, &packet, address, data, data, NULL, NULL, NULL));
    assert_null(VideoPortGetDmaContext(port.extension, handle));
    VideoPortSetDmaContext(port.extension, handle, data);
    assert_null(VideoPortGetDmaContext(port.extension, handle));
    VideoPortSetBytesUsed(port.extension, handle, 9);
    assert_int_equal(VideoPortGetBytesUsed(port.extension, handle), 0);
    assert_ptr_equal(VideoPortGetMdl(port.extension, handle), handle);
    assert_false(VideoPortUnmapDmaMemory(port.extension, data, NULL, handle));
    assert_false(VideoPortSignalDmaComplete(port.extension, handle));
    assert_true(VideoPortUnlockPages(port.extension, handle));
    assert_false(VideoPortLockPages(port.extension, &packet, NULL, NULL, VideoPortKeepPagesLocked));
    assert_true(VideoPortLockPages(port.extension, &packet, NULL, NULL, VideoPortDmaInitOnly));
}

static void obsolete_dma_has_fixed_results(void **state)
{
    run(obsolete_body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_space),
        cmocka_unit_test(mapping_and_unmapping),
        cmocka_unit_test(ranges_are_the_bars_in_order),
        cmocka_unit_test(an_interrupt_queues_a_dpc),
        cmocka_unit_test(a_level_that_rose_while_masked_is_served_when_unmasked),
        cmocka_unit_test(level_and_vector_zero_mean_no_interrupt),
        cmocka_unit_test(synchronized_routines_run_at_their_level),
        cmocka_unit_test(the_timer_ticks_once_a_second),
        cmocka_unit_test(a_timer_without_a_routine_is_reported),
        cmocka_unit_test(events),
        cmocka_unit_test(spin_locks_and_the_device_lock),
        cmocka_unit_test(pool),
        cmocka_unit_test(registry),
        cmocka_unit_test(helpers),
        cmocka_unit_test(a_foreign_extension_is_refused),
        cmocka_unit_test(obsolete_dma_has_fixed_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
