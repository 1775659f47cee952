/* SPDX-License-Identifier: MIT */
/* Between the two files of the IOMMU. */
#ifndef VPORT_BUS_QEMU_IOMMU_PRIVATE_H
#define VPORT_BUS_QEMU_IOMMU_PRIVATE_H

#include <pthread.h>

#include "bus/qemu/domain.h"
#include "bus/qemu/iommu.h"

#define VPORT_QEMU_IOMMU_REGISTERS UINT64_C(0xfed90000)

enum {
    VPORT_QEMU_IOMMU_FAULT_STATUS = 0x34, /* register */
    VPORT_QEMU_IOMMU_RECORDS = 16,        /* faults taken in at once; QEMU's has one record */
};

/* One device behind the IOMMU. */
struct vport_qemu_iommu_device {
    bool used;
    unsigned slot;
    const char *name;
    struct vport_qemu_domain domain;
};

struct vport_qemu_iommu {
    struct vport_qemu_iommu_config config;
    pthread_mutex_t lock;
    struct vport_frame tables[2]; /* root and context */
    bool tables_taken;
    struct vport_qemu_iommu_device devices[VPORT_QEMU_IOMMU_DEVICES];
    uint64_t invalidate; /* address of the IOTLB invalidation register */
    uint64_t records;    /* address of the first fault record */
    unsigned record_count;
};

struct vport_qemu_fault {
    uint64_t address, details; /* the record */
    bool read_only;            /* the page is mapped, but not to be written */
    const char *device;
};

struct vport_qemu_faults {
    unsigned count;
    bool lost; /* there were more */
    struct vport_qemu_fault fault[VPORT_QEMU_IOMMU_RECORDS];
};

/*
 * Takes in and clears the records if the fault status register says that there are any. The IOMMU
 * is locked.
 */
enum vport_status vport_qemu_faults_collect(struct vport_qemu_iommu *iommu, uint64_t fault_status,
                                            struct vport_qemu_faults *faults);
/* Reports them. The IOMMU is not locked. */
void vport_qemu_faults_report(const struct vport_qemu_iommu *iommu,
                              const struct vport_qemu_faults *faults);

#endif
