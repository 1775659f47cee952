/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU: see iommu.h. Registers and tables as the Intel Virtualization Technology for Directed
 * I/O specification has them, in legacy mode: the root table's entry for bus 0 leads to the context
 * table, whose entry for a slot leads to the tables of that device's domain.
 *
 * An entry that was absent needs no invalidation when it appears (the capability register says
 * "caching mode" off), so that mapping is only stores to memory. Unmapping clears, invalidates the
 * device's domain, looks for faults, and only then lets the addresses be used again: one round trip
 * to QEMU.
 */
#include "bus/qemu/iommu.h"

#include <stdlib.h>

#include "base/arith.h"
#include "bus/qemu/iommu_private.h"

#define REGISTERS VPORT_QEMU_IOMMU_REGISTERS

enum {
    CAPABILITY = 0x08,
    EXTENDED_CAPABILITY = 0x10,
    GLOBAL_COMMAND = 0x18,
    GLOBAL_STATUS = 0x1c,
    ROOT_TABLE = 0x20,
    CONTEXT_COMMAND = 0x28,

    PRESENT = 1,
    WIDTH_39 = 1, /* three levels, in a context entry; in the capability register, bit 8 + this */
};

#define SET_ROOT_TABLE      (UINT32_C(1) << 30)
#define TRANSLATE           (UINT32_C(1) << 31)
#define INVALIDATE          (UINT64_C(1) << 63)
#define ALL_CONTEXTS        (UINT64_C(1) << 61)
#define ALL_TRANSLATIONS    (UINT64_C(1) << 60)
#define DOMAIN_TRANSLATIONS (UINT64_C(2) << 60)

static struct vport_qemu_domain *domain_of(struct vport_qemu_iommu *iommu, unsigned device)
{
    if (device >= VPORT_QEMU_IOMMU_DEVICES || !iommu->devices[device].used)
        return NULL;
    return &iommu->devices[device].domain;
}

/* A number of its own; 0 is not one. */
static uint64_t domain_number(unsigned device)
{
    return device + 1;
}

/* ---- Mapping ---- */

/* Pages of which every byte is at or below `reach`. */
static uint64_t pages_within(uint64_t reach)
{
    return reach == UINT64_MAX ? VPORT_QEMU_DOMAIN_PAGES : (reach + 1) >> VPORT_PAGE_SHIFT;
}

enum vport_status vport_qemu_iommu_map(struct vport_qemu_iommu *iommu, unsigned device,
                                       const struct vport_frame *frames, size_t count,
                                       enum vport_access access, uint64_t reach,
                                       struct vport_busaddr *address)
{
    struct vport_qemu_domain *domain = domain_of(iommu, device);
    uint64_t rights = access == VPORT_ACCESS_WRITE
                          ? VPORT_QEMU_DOMAIN_READ | VPORT_QEMU_DOMAIN_WRITE
                          : VPORT_QEMU_DOMAIN_READ;
    enum vport_status status;
    size_t first;

    address->value = 0;
    if (!domain)
        return VPORT_E_UNKNOWN;
    if (count == 0)
        return VPORT_E_INVALID;
    pthread_mutex_lock(&iommu->lock);
    status = vport_qemu_domain_map(domain, frames, count, rights, pages_within(reach), &first);
    pthread_mutex_unlock(&iommu->lock);
    if (status == VPORT_OK)
        address->value = (uint64_t)first << VPORT_PAGE_SHIFT;
    return status;
}

enum vport_status vport_qemu_iommu_pass(struct vport_qemu_iommu *iommu, unsigned device,
                                        uint64_t address, uint64_t length)
{
    struct vport_qemu_domain *domain = domain_of(iommu, device);
    enum vport_status status;

    if (!domain)
        return VPORT_E_UNKNOWN;
    if (!vport_range_fits(address, length, VPORT_QEMU_DOMAIN_PAGES << VPORT_PAGE_SHIFT))
        return VPORT_E_RANGE;
    pthread_mutex_lock(&iommu->lock);
    status = vport_qemu_domain_pass(domain, (size_t)(address >> VPORT_PAGE_SHIFT),
                                    (size_t)(length >> VPORT_PAGE_SHIFT));
    pthread_mutex_unlock(&iommu->lock);
    return status;
}

/* ---- Unmapping ---- */

/* When this returns VPORT_OK no device holds on to an old translation of the domain. */
static enum vport_status invalidate(struct vport_qemu_iommu *iommu, unsigned device,
                                    struct vport_qemu_faults *faults)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    uint64_t command = INVALIDATE | DOMAIN_TRANSLATIONS | domain_number(device) << 32;
    uint64_t pending = 0;
    uint64_t fault_status = 0;
    enum vport_status status;

    vport_qtest_begin(qtest);
    vport_qtest_write(qtest, iommu->invalidate, 8, command);
    vport_qtest_read(qtest, iommu->invalidate, 8, &pending);
    vport_qtest_read(qtest, REGISTERS + VPORT_QEMU_IOMMU_FAULT_STATUS, 4, &fault_status);
    status = vport_qtest_end(qtest);
    if (status == VPORT_OK)
        status = vport_qemu_faults_collect(iommu, fault_status, faults);
    if (status == VPORT_OK && (pending & INVALIDATE))
        status = VPORT_E_DEVICE;
    return status;
}

enum vport_status vport_qemu_iommu_unmap(struct vport_qemu_iommu *iommu, unsigned device,
                                         struct vport_busaddr address, size_t count)
{
    struct vport_qemu_domain *domain = domain_of(iommu, device);
    uint64_t first = address.value >> VPORT_PAGE_SHIFT;
    struct vport_qemu_faults faults = {.count = 0};
    enum vport_status status = VPORT_E_UNKNOWN;

    if (!domain)
        return status;
    pthread_mutex_lock(&iommu->lock);
    if (count > 0 && vport_qemu_domain_mapped(domain, first, count)) {
        vport_qemu_domain_clear(domain, (size_t)first, count);
        status = invalidate(iommu, device, &faults);
        if (status == VPORT_OK)
            vport_qemu_domain_give(domain, (size_t)first, count);
    }
    pthread_mutex_unlock(&iommu->lock);
    vport_qemu_faults_report(iommu, &faults);
    return status;
}

enum vport_status vport_qemu_iommu_check(struct vport_qemu_iommu *iommu)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    struct vport_qemu_faults faults = {.count = 0};
    uint64_t fault_status = 0;
    enum vport_status status;

    pthread_mutex_lock(&iommu->lock);
    vport_qtest_begin(qtest);
    vport_qtest_read(qtest, REGISTERS + VPORT_QEMU_IOMMU_FAULT_STATUS, 4, &fault_status);
    status = vport_qtest_end(qtest);
    if (status == VPORT_OK)
        status = vport_qemu_faults_collect(iommu, fault_status, &faults);
    pthread_mutex_unlock(&iommu->lock);
    vport_qemu_faults_report(iommu, &faults);
    return status;
}

/* ---- Life ---- */

static vport_qemu_entry *table_of(const struct vport_qemu_iommu *iommu, unsigned index)
{
    return vport_qemu_ram_host(iommu->config.ram, iommu->tables[index]);
}

enum vport_status vport_qemu_iommu_add(struct vport_qemu_iommu *iommu, unsigned number,
                                       unsigned slot, const char *name)
{
    struct vport_qemu_iommu_device *device = &iommu->devices[number];
    vport_qemu_entry *context = &table_of(iommu, 1)[2 * 8 * slot];
    enum vport_status status = vport_qemu_domain_create(&device->domain, iommu->config.ram);

    if (status != VPORT_OK)
        return status;
    device->slot = slot;
    device->name = name;
    device->used = true;
    vport_qemu_entry_set(&context[1], domain_number(number) << 8 | WIDTH_39);
    vport_qemu_entry_set(&context[0], vport_frame_address(device->domain.root) | PRESENT);
    return VPORT_OK;
}

/* Where the registers are that the specification leaves to the hardware. */
static enum vport_status find_registers(struct vport_qemu_iommu *iommu)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    uint64_t capability = 0;
    uint64_t extended = 0;
    enum vport_status status;

    vport_qtest_begin(qtest);
    vport_qtest_read(qtest, REGISTERS + CAPABILITY, 8, &capability);
    vport_qtest_read(qtest, REGISTERS + EXTENDED_CAPABILITY, 8, &extended);
    status = vport_qtest_end(qtest);
    iommu->invalidate = REGISTERS + (extended >> 8 & 0x3ff) * 16 + 8;
    iommu->records = REGISTERS + (capability >> 24 & 0x3ff) * 16;
    iommu->record_count = (unsigned)(capability >> 40 & 0xff) + 1;
    if (status == VPORT_OK &&
        (!(capability >> 8 >> WIDTH_39 & 1) || iommu->record_count > VPORT_QEMU_IOMMU_RECORDS))
        status = VPORT_E_UNSUPPORTED;
    return status;
}

enum vport_status vport_qemu_iommu_enable(struct vport_qemu_iommu *iommu)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    const uint64_t on = TRANSLATE | SET_ROOT_TABLE;
    uint64_t state = 0;
    enum vport_status status = find_registers(iommu);

    if (status != VPORT_OK)
        return status;
    vport_qtest_begin(qtest);
    vport_qtest_write(qtest, REGISTERS + ROOT_TABLE, 8, vport_frame_address(iommu->tables[0]));
    vport_qtest_write(qtest, REGISTERS + GLOBAL_COMMAND, 4, SET_ROOT_TABLE);
    vport_qtest_write(qtest, REGISTERS + CONTEXT_COMMAND, 8, INVALIDATE | ALL_CONTEXTS);
    vport_qtest_write(qtest, iommu->invalidate, 8, INVALIDATE | ALL_TRANSLATIONS);
    vport_qtest_write(qtest, REGISTERS + GLOBAL_COMMAND, 4, TRANSLATE);
    vport_qtest_read(qtest, REGISTERS + GLOBAL_STATUS, 4, &state);
    status = vport_qtest_end(qtest);
    return status == VPORT_OK && (state & on) != on ? VPORT_E_UNSUPPORTED : status;
}

enum vport_status vport_qemu_iommu_create(const struct vport_qemu_iommu_config *config,
                                          struct vport_qemu_iommu **result)
{
    struct vport_qemu_iommu *iommu = calloc(1, sizeof(*iommu));
    enum vport_status status;

    *result = NULL;
    if (!iommu)
        return VPORT_E_NO_MEMORY;
    iommu->config = *config;
    pthread_mutex_init(&iommu->lock, NULL);
    status = vport_qemu_ram_take(config->ram, 2, UINT64_MAX, false, iommu->tables);
    if (status != VPORT_OK) {
        vport_qemu_iommu_destroy(iommu);
        return status;
    }
    iommu->tables_taken = true;
    vport_qemu_entry_set(table_of(iommu, 0), vport_frame_address(iommu->tables[1]) | PRESENT);
    *result = iommu;
    return VPORT_OK;
}

void vport_qemu_iommu_destroy(struct vport_qemu_iommu *iommu)
{
    if (!iommu)
        return;
    for (unsigned i = 0; i < VPORT_QEMU_IOMMU_DEVICES; i++)
        if (iommu->devices[i].used)
            vport_qemu_domain_destroy(&iommu->devices[i].domain);
    if (iommu->tables_taken)
        vport_qemu_ram_give(iommu->config.ram, 2, iommu->tables);
    pthread_mutex_destroy(&iommu->lock);
    free(iommu);
}
