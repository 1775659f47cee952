/* SPDX-License-Identifier: MIT */
/* See hal_fixture.h. */
#include "hal_fixture.h"

void scene_begin(struct scene *scene, struct vport_sim_platform platform, unsigned address_bits)
{
    struct vport_nt_config config;

    memset(scene, 0, sizeof(*scene));
    fixture_create(&scene->sim, platform, test_seed());
    probe_add(&scene->sim, address_bits);
    config = (struct vport_nt_config){
        .loop = scene->sim.loop, .space = scene->sim.bus->space, .reports = scene->sim.reports};
    assert_int_equal(vport_nt_create(&config, &scene->nt), VPORT_OK);
    assert_int_equal(vport_hal_create(scene->nt, scene->sim.bus, &scene->hal), VPORT_OK);
    scene->pdo = vport_hal_pdo(scene->hal, 0);
    assert_non_null(scene->pdo);
    vport_nt_enter(scene->nt, &scene->cpu);
}

void scene_end(struct scene *scene, uint64_t reports)
{
    uint64_t made;

    vport_nt_leave(&scene->cpu);
    vport_hal_destroy(scene->hal);
    vport_nt_destroy(scene->nt);
    made = vport_reports_count(scene->sim.reports, NULL);
    if (made != reports)
        print_message("last report: %s\n", last_report(&scene->sim));
    fixture_destroy(&scene->sim);
    assert_int_equal(made, reports);
}

void expect_report(struct scene *scene, const char *rule)
{
    if (vport_reports_count(scene->sim.reports, NULL) != 1)
        print_message("last report: %s\n", last_report(&scene->sim));
    assert_int_equal(vport_reports_count(scene->sim.reports, rule), 1);
    assert_int_equal(vport_reports_count(scene->sim.reports, NULL), 1);
    vport_reports_clear(scene->sim.reports);
}

void expect_silence(struct scene *scene)
{
    if (vport_reports_count(scene->sim.reports, NULL))
        print_message("last report: %s\n", last_report(&scene->sim));
    assert_int_equal(vport_reports_count(scene->sim.reports, NULL), 0);
}

PDMA_ADAPTER get_adapter(struct scene *scene, struct wish wish, ULONG *registers)
{
    DEVICE_DESCRIPTION description = {.Version = DEVICE_DESCRIPTION_VERSION1,
                                      .Master = TRUE,
                                      .ScatterGather = wish.scatter_gather,
                                      .Dma32BitAddresses = wish.dma32,
                                      .Dma64BitAddresses = wish.dma64,
                                      .InterfaceType = PCIBus,
                                      .MaximumLength = wish.maximum_length};

    return IoGetDmaAdapter(scene->pdo, &description, registers);
}

struct vport_hal_adapter *hal_adapter(PDMA_ADAPTER adapter)
{
    struct vport_hal_adapter *found = vport_hal_adapter_find(adapter);

    assert_non_null(found);
    return found;
}

struct buffer buffer_make(struct scene *scene, ULONG offset, ULONG length)
{
    struct buffer buffer = {.length = length};
    struct vport_bus *bus = scene->sim.bus;

    assert_int_equal(bus->ops->memory_alloc(bus, offset + length, &buffer.memory), VPORT_OK);
    buffer.bytes = (UCHAR *)buffer.memory + offset;
    for (ULONG i = 0; i < length; i++)
        buffer.bytes[i] = (UCHAR)(i * 7 + i / 251);
    buffer.mdl = IoAllocateMdl(buffer.bytes, length, FALSE, FALSE, NULL);
    assert_non_null(buffer.mdl);
    MmProbeAndLockPages(buffer.mdl, UserMode, IoModifyAccess);
    assert_true(buffer.mdl->MdlFlags & MDL_PAGES_LOCKED);
    return buffer;
}

void buffer_drop(struct scene *scene, struct buffer *buffer)
{
    MmUnlockPages(buffer->mdl);
    IoFreeMdl(buffer->mdl);
    assert_int_equal(scene->sim.bus->ops->memory_free(scene->sim.bus, buffer->memory), VPORT_OK);
}

PVOID buffer_va(const struct buffer *buffer, ULONG offset)
{
    return (PUCHAR)MmGetMdlVirtualAddress(buffer->mdl) + offset;
}
