/* SPDX-License-Identifier: MIT */
/* What the IOMMU stopped: from its fault records to words. */
#include "base/arith.h"
#include "bus/qemu/iommu_private.h"

enum {
    OVERFLOW = 1, /* in the fault status register */
    PENDING = 2,

    NOT_WRITABLE = 5, /* reason */
};

#define FAULT      (UINT64_C(1) << 63) /* in a record's upper half */
#define FAULT_READ (UINT64_C(1) << 62)

static unsigned source_slot(const struct vport_qemu_fault *fault)
{
    return fault->details >> 3 & 31;
}

static unsigned reason_of(const struct vport_qemu_fault *fault)
{
    return fault->details >> 32 & 0xff;
}

/* ---- Collecting ---- */

/* Whose it was, and what is mapped where it went. */
static void judge(const struct vport_qemu_iommu *iommu, struct vport_qemu_fault *fault)
{
    fault->address &= ~(uint64_t)VPORT_PAGE_MASK;
    fault->device = "an unknown device";
    for (unsigned i = 0; i < VPORT_QEMU_IOMMU_DEVICES; i++) {
        const struct vport_qemu_iommu_device *device = &iommu->devices[i];

        if (device->used && device->slot == source_slot(fault)) {
            fault->device = device->name;
            fault->read_only =
                reason_of(fault) == NOT_WRITABLE &&
                vport_qemu_domain_entry(&device->domain, fault->address >> VPORT_PAGE_SHIFT) != 0;
        }
    }
}

enum vport_status vport_qemu_faults_collect(struct vport_qemu_iommu *iommu, uint64_t fault_status,
                                            struct vport_qemu_faults *faults)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    struct vport_qemu_fault records[VPORT_QEMU_IOMMU_RECORDS] = {0};
    enum vport_status status;

    *faults = (struct vport_qemu_faults){.lost = fault_status & OVERFLOW};
    if (!(fault_status & (PENDING | OVERFLOW)))
        return VPORT_OK;
    vport_qtest_begin(qtest);
    for (unsigned i = 0; i < iommu->record_count; i++) {
        vport_qtest_read(qtest, iommu->records + 16 * i, 8, &records[i].address);
        vport_qtest_read(qtest, iommu->records + 16 * i + 8, 8, &records[i].details);
        vport_qtest_write(qtest, iommu->records + 16 * i + 12, 4, FAULT >> 32);
    }
    vport_qtest_write(qtest, VPORT_QEMU_IOMMU_REGISTERS + VPORT_QEMU_IOMMU_FAULT_STATUS, 4,
                      OVERFLOW);
    status = vport_qtest_end(qtest);
    for (unsigned i = 0; i < iommu->record_count && status == VPORT_OK; i++) {
        if (records[i].details & FAULT) {
            judge(iommu, &records[i]);
            faults->fault[faults->count++] = records[i];
        }
    }
    return status;
}

/* ---- Reporting ---- */

static const char *reason_text(const struct vport_qemu_fault *fault)
{
    static const char *const texts[] = {
        [1] = "its bus has no entry in the root table",
        [2] = "the device has no entry in the context table",
        [3] = "the device's entry in the context table is not valid",
        [4] = "the address is wider than the device's address space",
        [5] = "nothing is mapped there to be written",
        [6] = "nothing is mapped there to be read",
        [7] = "a table of the device's address space cannot be read",
        [8] = "the root table cannot be read",
        [9] = "the context table cannot be read",
        [10] = "an entry of the root table is not valid",
        [11] = "an entry of the context table is not valid",
        [12] = "an entry of the device's address space is not valid",
    };
    unsigned reason = reason_of(fault);
    const char *text = reason < VPORT_ARRAY_SIZE(texts) ? texts[reason] : NULL;

    if (fault->read_only)
        return "it is mapped for reading only";
    return text ? text : "for a reason that we have no words for";
}

static void report_one(struct vport_reports *reports, const struct vport_qemu_fault *fault)
{
    vport_report(reports, "0xE6/0x26", NULL,
                 "The IOMMU stopped %s (00:%02x.%x) from %s memory at bus address %#llx: %s "
                 "(VT-d fault reason %u). A device may only be told addresses of operations that "
                 "are under way, and of common buffers.",
                 fault->device, source_slot(fault), (unsigned)fault->details & 7,
                 fault->details & FAULT_READ ? "reading" : "writing",
                 (unsigned long long)fault->address, reason_text(fault), reason_of(fault));
}

void vport_qemu_faults_report(const struct vport_qemu_iommu *iommu,
                              const struct vport_qemu_faults *faults)
{
    for (unsigned i = 0; i < faults->count; i++)
        report_one(iommu->config.reports, &faults->fault[i]);
    if (faults->lost)
        vport_report(iommu->config.reports, "0xE6/0x26", NULL,
                     "The IOMMU stopped more accesses than it could record.");
}
