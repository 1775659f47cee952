/* SPDX-License-Identifier: MIT */
/*
 * The HAL: what NT's HAL and PCI bus driver do, over the DMA room and one bus. IoGetDmaAdapter and
 * DMA_OPERATIONS, KeFlushIoBuffers, MmMapIoSpace, the READ_/WRITE_ port and register routines, and
 * the physical device objects with their resources, configuration space and interrupt. Makes no
 * Linux call of its own.
 */
#ifndef VPORT_HAL_HAL_H
#define VPORT_HAL_HAL_H

#include "bus/bus.h"
#include "dma/dma.h"
#include "nt/nt.h"

struct vport_hal;

/* Stands between `nt` and `bus`, neither of which it owns; calls vport_nt_set_hal. */
enum vport_status vport_hal_create(struct vport_nt *nt, struct vport_bus *bus,
                                   struct vport_hal **hal);
/* Every device has been removed. DMA adapters that drivers never gave back are reported and
 * reclaimed here (GA-18). */
void vport_hal_destroy(struct vport_hal *hal);

/* The physical device object of a function of the bus, made on first use; owned by the hal. */
PDEVICE_OBJECT vport_hal_pdo(struct vport_hal *hal, unsigned function);
/* Its resources for IRP_MN_START_DEVICE: one descriptor a BAR, one for the interrupt. Allocated
 * from pool: ExFreePool. */
PCM_RESOURCE_LIST vport_hal_resources(struct vport_hal *hal, unsigned function);

/* Sums over all adapters this hal ever made, the retired ones included. */
void vport_hal_statistics(struct vport_hal *hal, struct vport_dma_statistics *statistics);

/* Where MmMapIoSpace put a register BAR: true if `address` lies in one; then which bus address it
 * stands for. */
bool vport_hal_io_address(struct vport_hal *hal, const volatile void *address,
                          enum vport_io_kind *kind, uint64_t *bus_address);

#endif
