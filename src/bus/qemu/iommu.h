/* SPDX-License-Identifier: MIT */
/*
 * QEMU's Intel IOMMU (VT-d): each device sees only what is mapped for it, at addresses of ours, for
 * as long as an operation lasts. Owns the tables in guest memory that the hardware walks, the
 * address space of each device, and the fault records.
 */
#ifndef VPORT_BUS_QEMU_IOMMU_H
#define VPORT_BUS_QEMU_IOMMU_H

#include <videoport/report.h>
#include "bus/qemu/qtest.h"
#include "bus/qemu/ram.h"

struct vport_qemu_iommu;

enum { VPORT_QEMU_IOMMU_DEVICES = 4 };

struct vport_qemu_iommu_config {
    struct vport_qemu_ram *ram;
    struct vport_qtest *qtest;
    struct vport_reports *reports;
};

/* Builds empty tables. VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_iommu_create(const struct vport_qemu_iommu_config *config,
                                          struct vport_qemu_iommu **iommu);
/* The tables are given back; QEMU has ended. */
void vport_qemu_iommu_destroy(struct vport_qemu_iommu *iommu);

/*
 * Gives device number `device` (0..3), at this slot of bus 0, an address space of its own. `name`
 * is for reports. A device that was not added can reach nothing. VPORT_E_NO_MEMORY.
 */
enum vport_status vport_qemu_iommu_add(struct vport_qemu_iommu *iommu, unsigned device,
                                       unsigned slot, const char *name);

/* See struct vport_dma_platform_ops. */
enum vport_status vport_qemu_iommu_map(struct vport_qemu_iommu *iommu, unsigned device,
                                       const struct vport_frame *frames, size_t count,
                                       enum vport_access access, uint64_t reach,
                                       struct vport_busaddr *address);
enum vport_status vport_qemu_iommu_unmap(struct vport_qemu_iommu *iommu, unsigned device,
                                         struct vport_busaddr address, size_t count);

/*
 * Lets the device reach [address, address + length), another device's memory, at that very address,
 * for ever. Both are multiples of 4096. VPORT_E_NO_MEMORY; VPORT_E_RANGE: outside of its address
 * space; VPORT_E_BUSY: something is mapped there.
 */
enum vport_status vport_qemu_iommu_pass(struct vport_qemu_iommu *iommu, unsigned device,
                                        uint64_t address, uint64_t length);

/* Turns fault records into reports. Any thread. VPORT_E_DEVICE. */
enum vport_status vport_qemu_iommu_check(struct vport_qemu_iommu *iommu);

/*
 * Makes the hardware use the tables; once after the devices were added, and after every reset.
 * VPORT_E_DEVICE; VPORT_E_UNSUPPORTED: it is not the IOMMU that we know.
 */
enum vport_status vport_qemu_iommu_enable(struct vport_qemu_iommu *iommu);

#endif
