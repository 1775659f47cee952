/* SPDX-License-Identifier: MIT */
/*
 * Registers, ports, memory BARs, configuration space, interrupts' levels, physical device objects.
 */
#include "hal_fixture.h"

static const struct vport_sim_platform platform = {.coherent = true};

/* What probe_read answers. */
static uint64_t probe_value(unsigned bar, uint64_t offset, unsigned width)
{
    return 0x1122334455667788u + bar * 0x100 + offset * 0x10000 + width;
}

static const struct vport_resource *bar(struct scene *scene, unsigned index)
{
    return &scene->sim.bus->function[0].resource[index];
}

/* The resource of this kind: BAR 0 registers, BAR 2 memory. */
static const struct vport_resource *find(struct scene *scene, enum vport_io_kind kind, bool direct)
{
    for (unsigned i = 0; i < scene->sim.bus->function[0].resources; i++)
        if (bar(scene, i)->kind == kind && (bar(scene, i)->direct != NULL) == direct)
            return bar(scene, i);
    fail_msg("no such BAR");
    return NULL;
}

static PVOID map(const struct vport_resource *resource, uint64_t offset, SIZE_T length)
{
    PHYSICAL_ADDRESS address = {.QuadPart = (LONGLONG)(resource->start + offset)};

    return MmMapIoSpace(address, length, MmNonCached);
}

/* Registers answer only while the function decodes them. */
static void decode(struct scene *scene, USHORT command)
{
    PCI_SLOT_NUMBER slot = {.u.bits.DeviceNumber = scene->sim.bus->function[0].slot};

    assert_int_equal(
        HalSetBusDataByOffset(PCIConfiguration, 0, slot.u.AsULONG, &command, 4, sizeof(command)),
        sizeof(command));
}

/* The last write was this one. */
static void expect_write(struct scene *scene, uint64_t offset, unsigned width, uint64_t value)
{
    assert_int_equal(scene->sim.last_offset, offset);
    assert_int_equal(scene->sim.last_width, width);
    assert_int_equal(scene->sim.last_value, value);
}

static void registers_of_every_width(void **state)
{
    ULONG longs[3];
    USHORT words[3];
    UCHAR bytes[3];
    struct scene scene;
    PUCHAR registers;

    scene_begin(&scene, platform, 64);
    decode(&scene, 7);
    registers = map(find(&scene, VPORT_IO_MEMORY, false), 0, 4096);
    assert_non_null(registers);
    assert_int_equal(READ_REGISTER_UCHAR(registers + 3), (UCHAR)probe_value(0, 3, 1));
    assert_int_equal(READ_REGISTER_USHORT((PUSHORT)(registers + 6)), (USHORT)probe_value(0, 6, 2));
    assert_int_equal(READ_REGISTER_ULONG((PULONG)(registers + 64)), (ULONG)probe_value(0, 64, 4));
    READ_REGISTER_BUFFER_UCHAR(registers + 15, bytes, 3);
    READ_REGISTER_BUFFER_USHORT((PUSHORT)(registers + 18), words, 3);
    READ_REGISTER_BUFFER_ULONG((PULONG)(registers + 16), longs, 3);
    for (ULONG i = 0; i < 3; i++) {
        assert_int_equal(bytes[i], (UCHAR)probe_value(0, 15 + i, 1));
        assert_int_equal(words[i], (USHORT)probe_value(0, 18 + 2 * i, 2));
        assert_int_equal(longs[i], (ULONG)probe_value(0, 16 + 4 * i, 4));
    }
    MmUnmapIoSpace(registers, 4096);
    scene_end(&scene, 0);
}

static void registers_are_written_in_every_width(void **state)
{
    ULONG longs[3] = {1, 2, 0x30003};
    USHORT words[3] = {1, 2, 0x303};
    UCHAR bytes[3] = {1, 2, 3};
    struct scene scene;
    PUCHAR registers;

    scene_begin(&scene, platform, 64);
    decode(&scene, 7);
    registers = map(find(&scene, VPORT_IO_MEMORY, false), 0, 4096);
    WRITE_REGISTER_UCHAR(registers + 9, 0x5A);
    expect_write(&scene, 9, 1, 0x5A);
    WRITE_REGISTER_USHORT((PUSHORT)(registers + 6), 0x1234);
    expect_write(&scene, 6, 2, 0x1234);
    WRITE_REGISTER_ULONG((PULONG)(registers + 8), 0xCAFE);
    expect_write(&scene, 8, 4, 0xCAFE);
    WRITE_REGISTER_BUFFER_UCHAR(registers + 31, bytes, 3);
    expect_write(&scene, 33, 1, 3);
    WRITE_REGISTER_BUFFER_USHORT((PUSHORT)(registers + 32), words, 3);
    expect_write(&scene, 36, 2, 0x303);
    WRITE_REGISTER_BUFFER_ULONG((PULONG)(registers + 32), longs, 3);
    expect_write(&scene, 40, 4, 0x30003);
    MmUnmapIoSpace(registers, 4096);
    scene_end(&scene, 0);
}

static void ports_are_their_numbers(void **state)
{
    ULONG longs[2];
    USHORT words[2];
    UCHAR bytes[2];
    struct scene scene;
    PUCHAR port;

    scene_begin(&scene, platform, 64);
    decode(&scene, 7);
    port = (PUCHAR)(ULONG_PTR)find(&scene, VPORT_IO_PORT, false)->start;
    assert_int_equal(READ_PORT_UCHAR(port + 1), (UCHAR)probe_value(1, 1, 1));
    assert_int_equal(READ_PORT_USHORT((PUSHORT)(port + 2)), (USHORT)probe_value(1, 2, 2));
    assert_int_equal(READ_PORT_ULONG((PULONG)(port + 4)), (ULONG)probe_value(1, 4, 4));
    READ_PORT_BUFFER_UCHAR(port + 1, bytes, 2);
    READ_PORT_BUFFER_USHORT((PUSHORT)(port + 2), words, 2);
    READ_PORT_BUFFER_ULONG((PULONG)(port + 4), longs, 2);
    for (ULONG i = 0; i < 2; i++) { /* one port, twice */
        assert_int_equal(bytes[i], (UCHAR)probe_value(1, 1, 1));
        assert_int_equal(words[i], (USHORT)probe_value(1, 2, 2));
        assert_int_equal(longs[i], (ULONG)probe_value(1, 4, 4));
    }
    scene_end(&scene, 0);
}

static void ports_are_written_in_every_width(void **state)
{
    ULONG longs[2] = {1, 0x20002};
    USHORT words[2] = {1, 0x202};
    UCHAR bytes[2] = {0x11, 0x22};
    struct scene scene;
    PUCHAR port;

    scene_begin(&scene, platform, 64);
    decode(&scene, 7);
    port = (PUCHAR)(ULONG_PTR)find(&scene, VPORT_IO_PORT, false)->start;
    WRITE_PORT_UCHAR(port + 3, 0x77);
    expect_write(&scene, 3, 1, 0x77);
    WRITE_PORT_USHORT((PUSHORT)(port + 6), 0x1234);
    expect_write(&scene, 6, 2, 0x1234);
    WRITE_PORT_ULONG((PULONG)port, 0xBEEF);
    expect_write(&scene, 0, 4, 0xBEEF);
    WRITE_PORT_BUFFER_UCHAR(port + 5, bytes, 2);
    expect_write(&scene, 5, 1, 0x22);
    WRITE_PORT_BUFFER_USHORT((PUSHORT)(port + 6), words, 2);
    expect_write(&scene, 6, 2, 0x202);
    WRITE_PORT_BUFFER_ULONG((PULONG)(port + 8), longs, 2);
    expect_write(&scene, 8, 4, 0x20002);
    scene_end(&scene, 0);
}

static void memory_bars_are_plain_memory(void **state)
{
    struct scene scene;
    volatile UCHAR *memory;

    scene_begin(&scene, platform, 64);
    decode(&scene, 7);
    memory = map(find(&scene, VPORT_IO_MEMORY, true), 16, 32);
    assert_ptr_equal(memory, scene.sim.video + 16);
    memory[1] = 42;
    assert_int_equal(READ_REGISTER_UCHAR(memory + 1), 42);
    WRITE_REGISTER_USHORT((PUSHORT)(uintptr_t)(memory + 2), 0x1234);
    assert_int_equal(scene.sim.video[18], 0x34);
    MmUnmapIoSpace((PVOID)(uintptr_t)memory, 32);
    scene_end(&scene, 0);
}

static void a_frame_buffer_by_the_name_of_windows_nt(void **state)
{
    PHYSICAL_ADDRESS address = {.QuadPart = 0};
    struct scene scene;
    PVOID memory;

    scene_begin(&scene, platform, 64);
    decode(&scene, 7);
    address.QuadPart = (LONGLONG)find(&scene, VPORT_IO_MEMORY, true)->start;
    memory = MmMapVideoDisplay(address, 32, MmWriteCombined);
    assert_ptr_equal(memory, scene.sim.video);
    MmUnmapVideoDisplay(memory, 32);
    expect_silence(&scene);
    MmUnmapVideoDisplay(memory, 32);
    expect_report(&scene, "PORT");
    scene_end(&scene, 0);
}

static void what_is_no_bar_is_not_mapped(void **state)
{
    const struct vport_resource *registers;
    struct scene scene;
    PVOID mapped;

    scene_begin(&scene, platform, 64);
    registers = find(&scene, VPORT_IO_MEMORY, false);
    assert_null(map(registers, registers->length - 8, 16));
    expect_report(&scene, "PORT");
    assert_null(map(registers, 0, 0));
    expect_report(&scene, "PORT");
    MmUnmapIoSpace(&scene, 16);
    expect_report(&scene, "PORT");
    mapped = map(registers, 0, 16);
    MmUnmapIoSpace(mapped, 16);
    expect_silence(&scene);
    MmUnmapIoSpace(mapped, 16);
    expect_report(&scene, "PORT");
    assert_non_null(map(registers, 0, 16)); /* never unmapped */
    scene_end(&scene, 1);
}

static void configuration_space_by_slot(void **state)
{
    struct scene scene;
    PCI_SLOT_NUMBER slot = {0};
    UCHAR header[256];
    USHORT ids[2];

    scene_begin(&scene, platform, 64);
    slot.u.bits.DeviceNumber = scene.sim.bus->function[0].slot;
    assert_int_equal(HalGetBusData(PCIConfiguration, 0, slot.u.AsULONG, header, sizeof(header)),
                     256);
    memcpy(ids, header, sizeof(ids));
    assert_int_equal(ids[0], 0x1234);
    assert_int_equal(ids[1], 0x5678);
    assert_int_equal(HalGetBusDataByOffset(PCIConfiguration, 0, slot.u.AsULONG, header, 250, 100),
                     6);
    assert_int_equal(HalGetBusDataByOffset(PCIConfiguration, 0, slot.u.AsULONG, header, 256, 1), 0);
    assert_int_equal(HalGetBusData(Cmos, 0, slot.u.AsULONG, header, 4), 0);
    header[0x3C] = 0x99; /* the interrupt line is the driver's to write, the ids are not */
    header[0] ^= 1;
    assert_int_equal(HalSetBusData(PCIConfiguration, 0, slot.u.AsULONG, header, 64), 64);
    assert_int_equal(HalGetBusData(PCIConfiguration, 0, slot.u.AsULONG, header, 64), 64);
    assert_int_equal(header[0x3C], 0x99);
    assert_int_equal(header[0], 0x34);
    assert_int_equal(HalSetBusData(Cmos, 0, slot.u.AsULONG, header, 64), 0);
    slot.u.bits.FunctionNumber = 5;
    assert_int_equal(HalSetBusData(PCIConfiguration, 0, slot.u.AsULONG, header, 64), 0);
    assert_int_equal(HalGetBusData(PCIConfiguration, 0, slot.u.AsULONG, ids, sizeof(ids)), 2);
    assert_int_equal(ids[0], 0xFFFF);
    scene_end(&scene, 0);
}

static void bus_addresses_are_the_processors(void **state)
{
    PHYSICAL_ADDRESS address = {.QuadPart = 0xE0001000}, translated = {.QuadPart = 0};
    ULONG space = 1;
    struct scene scene;

    scene_begin(&scene, platform, 64);
    assert_true(HalTranslateBusAddress(PCIBus, 0, address, &space, &translated));
    assert_int_equal(translated.QuadPart, 0xE0001000);
    assert_int_equal(space, 1); /* ports stay ports */
    assert_true(HalTranslateBusAddress(Isa, 0, address, &space, &translated));
    assert_false(HalTranslateBusAddress(PCIBus, 1, address, &space, &translated));
    assert_false(HalTranslateBusAddress(MicroChannel, 0, address, &space, &translated));
    scene_end(&scene, 0);
}

static void the_vector_has_a_devices_level(void **state)
{
    struct scene scene;
    KAFFINITY affinity;
    KIRQL irql;
    uint32_t vector;

    scene_begin(&scene, platform, 64);
    vector = scene.sim.bus->function[0].vector;
    assert_int_equal(HalGetInterruptVector(PCIBus, 0, vector, vector, &irql, &affinity), vector);
    assert_in_range(irql, DISPATCH_LEVEL + 1, 11);
    assert_int_equal(HalGetInterruptVector(PCIBus, 0, 99, vector + 99, &irql, &affinity), 0);
    scene_end(&scene, 0);
}

/* ---- The physical device object ---- */

static NTSTATUS send(struct scene *scene, UCHAR minor,
                     void (*fill)(PIO_STACK_LOCATION stack, void *context), void *context,
                     ULONG_PTR *information)
{
    IO_STATUS_BLOCK block = {0};
    NTSTATUS status;
    KEVENT event;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, scene->pdo, NULL, 0, NULL, &event, &block);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    IoGetNextIrpStackLocation(irp)->MinorFunction = minor;
    if (fill)
        fill(IoGetNextIrpStackLocation(irp), context);
    status = IoCallDriver(scene->pdo, irp);
    if (information)
        *information = block.Information;
    return status;
}

static void fill_id(PIO_STACK_LOCATION stack, void *context)
{
    stack->Parameters.QueryId.IdType = *(BUS_QUERY_ID_TYPE *)context;
}

static void ids_name_the_function(void **state)
{
    static const char expected[] = "PCI\\VEN_1234&DEV_5678";
    BUS_QUERY_ID_TYPE type = BusQueryDeviceID;
    struct scene scene;
    ULONG_PTR information;
    PWSTR text;

    scene_begin(&scene, platform, 64);
    assert_int_equal(send(&scene, IRP_MN_QUERY_ID, fill_id, &type, &information), STATUS_SUCCESS);
    text = (PWSTR)information;
    for (size_t i = 0; i < sizeof(expected); i++)
        assert_int_equal(text[i], expected[i]);
    ExFreePool(text);
    assert_int_equal(send(&scene, IRP_MN_QUERY_PNP_DEVICE_STATE, NULL, NULL, NULL),
                     STATUS_NOT_SUPPORTED);
    scene_end(&scene, 0);
}

struct config_request {
    ULONG space, offset, length;
    PVOID buffer;
};

static void fill_config(PIO_STACK_LOCATION stack, void *context)
{
    const struct config_request *request = context;

    stack->Parameters.ReadWriteConfig.WhichSpace = request->space;
    stack->Parameters.ReadWriteConfig.Buffer = request->buffer;
    stack->Parameters.ReadWriteConfig.Offset = request->offset;
    stack->Parameters.ReadWriteConfig.Length = request->length;
}

static void configuration_space_by_request(void **state)
{
    struct config_request request = {.space = PCI_WHICHSPACE_CONFIG, .length = 4};
    ULONG_PTR moved = 0;
    struct scene scene;
    USHORT ids[2];

    scene_begin(&scene, platform, 64);
    request.buffer = ids;
    assert_int_equal(send(&scene, IRP_MN_READ_CONFIG, fill_config, &request, &moved),
                     STATUS_SUCCESS);
    assert_int_equal(moved, 4);
    assert_int_equal(ids[0], 0x1234);
    request.space = PCI_WHICHSPACE_ROM; /* the probe has none */
    assert_int_equal(send(&scene, IRP_MN_READ_CONFIG, fill_config, &request, &moved),
                     STATUS_SUCCESS);
    assert_int_equal(moved, 0);
    assert_int_equal(send(&scene, IRP_MN_WRITE_CONFIG, fill_config, &request, NULL),
                     STATUS_INVALID_PARAMETER);
    request.space = 77;
    assert_int_equal(send(&scene, IRP_MN_READ_CONFIG, fill_config, &request, NULL),
                     STATUS_INVALID_PARAMETER);
    scene_end(&scene, 0);
}

static USHORT command_of(struct scene *scene)
{
    USHORT command = 0;

    scene->sim.bus->ops->config_read(scene->sim.bus, 0, 4, &command, sizeof(command));
    return command & 7;
}

static void a_started_function_decodes_and_masters(void **state)
{
    struct scene scene;

    scene_begin(&scene, platform, 64);
    assert_int_equal(command_of(&scene) & 4, 0); /* firmware decodes, nobody masters */
    assert_int_equal(send(&scene, IRP_MN_START_DEVICE, NULL, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(command_of(&scene), 7);
    assert_int_equal(send(&scene, IRP_MN_STOP_DEVICE, NULL, NULL, NULL), STATUS_SUCCESS);
    assert_int_equal(command_of(&scene), 0);
    scene_end(&scene, 0);
}

static void resources_are_the_bars_and_the_interrupt(void **state)
{
    struct scene scene;
    PCM_RESOURCE_LIST list;
    PCM_PARTIAL_RESOURCE_LIST partial;

    scene_begin(&scene, platform, 64);
    list = vport_hal_resources(scene.hal, 0);
    partial = &list->List[0].PartialResourceList;
    assert_int_equal(partial->Count, 4);
    assert_int_equal(partial->PartialDescriptors[0].Type, CmResourceTypeMemory);
    assert_int_equal(partial->PartialDescriptors[0].u.Generic.Length, 4096);
    assert_int_equal(partial->PartialDescriptors[1].Type, CmResourceTypePort);
    assert_int_equal(partial->PartialDescriptors[2].Flags & CM_RESOURCE_MEMORY_PREFETCHABLE,
                     CM_RESOURCE_MEMORY_PREFETCHABLE);
    assert_int_equal(partial->PartialDescriptors[3].Type, CmResourceTypeInterrupt);
    assert_int_equal(partial->PartialDescriptors[3].u.Interrupt.Vector,
                     scene.sim.bus->function[0].vector);
    ExFreePool(list);
    scene_end(&scene, 0);
}

/* ---- Contiguous memory ---- */

static void contiguous_memory_keeps_its_limits(void **state)
{
    PHYSICAL_ADDRESS low = {.QuadPart = 0}, high = {.QuadPart = 0xFFFFFF}, none = {.QuadPart = 0};
    struct scene scene;
    PVOID memory;
    uint64_t first;

    scene_begin(&scene, platform, 64);
    memory = MmAllocateContiguousMemorySpecifyCache(5 * PAGE, low, high, none, MmCached);
    assert_non_null(memory);
    first = (uint64_t)MmGetPhysicalAddress(memory).QuadPart;
    assert_true(first + 5 * PAGE - 1 <= 0xFFFFFF);
    for (int page = 0; page < 5; page++)
        assert_int_equal(MmGetPhysicalAddress((char *)memory + page * PAGE).QuadPart,
                         first + page * PAGE);
    memset(memory, 1, 5 * PAGE);
    MmFreeContiguousMemory(memory);
    high.QuadPart = 10 * PAGE - 1;
    low.QuadPart = 20 * PAGE;
    assert_null(MmAllocateContiguousMemorySpecifyCache(PAGE, low, high, none, MmCached));
    scene_end(&scene, vport_reports_count(scene.sim.reports, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_of_every_width),
        cmocka_unit_test(registers_are_written_in_every_width),
        cmocka_unit_test(ports_are_their_numbers),
        cmocka_unit_test(ports_are_written_in_every_width),
        cmocka_unit_test(memory_bars_are_plain_memory),
        cmocka_unit_test(a_frame_buffer_by_the_name_of_windows_nt),
        cmocka_unit_test(what_is_no_bar_is_not_mapped),
        cmocka_unit_test(configuration_space_by_slot),
        cmocka_unit_test(bus_addresses_are_the_processors),
        cmocka_unit_test(the_vector_has_a_devices_level),
        cmocka_unit_test(ids_name_the_function),
        cmocka_unit_test(configuration_space_by_request),
        cmocka_unit_test(a_started_function_decodes_and_masters),
        cmocka_unit_test(resources_are_the_bars_and_the_interrupt),
        cmocka_unit_test(contiguous_memory_keeps_its_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
