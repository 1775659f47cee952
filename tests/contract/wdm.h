/* SPDX-License-Identifier: MIT */
/* The suite as a WDM driver: what lies under the video port, and what the I/O manager does. For the
 * MR clauses above all. */
#ifndef CONTRACT_WDM_H
#define CONTRACT_WDM_H

#include <ntddk.h>

#include "transfer.h"

/* The physical device object of the device; within driver code only. */
PDEVICE_OBJECT wdm_pdo(void);
/* IRP_MJ_CREATE and IRP_MJ_CLOSE: HwVidInitialize runs once more. From outside. */
void wdm_open_and_close(struct rig *rig);

/* A description as a bus master's driver fills it. */
DEVICE_DESCRIPTION wdm_description(enum adapter_kind kind, ULONG maximum_length);
/* IoGetDmaAdapter; NULL fails the test. *registers = granted. */
PDMA_ADAPTER wdm_adapter(enum adapter_kind kind, ULONG maximum_length, ULONG *registers);
void wdm_put(PDMA_ADAPTER adapter);

/* What a list-control or adapter-control routine saw. */
struct wdm_list {
    PSCATTER_GATHER_LIST list;
    PDEVICE_OBJECT device;
    PIRP irp;
    KIRQL irql;
    PVOID base; /* map registers, of an adapter-control routine */
    uint32_t calls;
};

/* KeFlushIoBuffers, and GetScatterGatherList at DISPATCH_LEVEL, for buffer bytes [offset, offset +
 * length). */
NTSTATUS wdm_get_list(PDMA_ADAPTER adapter, const struct buffer *buffer, ULONG offset, ULONG length,
                      BOOLEAN to_device, struct wdm_list *list);
/* PutScatterGatherList, at DISPATCH_LEVEL. */
void wdm_put_list(PDMA_ADAPTER adapter, struct wdm_list *list, BOOLEAN to_device);
/* AllocateAdapterChannel, at DISPATCH_LEVEL; the routine keeps the registers. */
NTSTATUS wdm_allocate_channel(PDMA_ADAPTER adapter, ULONG registers, struct wdm_list *list);
/* FreeMapRegisters, at DISPATCH_LEVEL. */
void wdm_free_registers(PDMA_ADAPTER adapter, struct wdm_list *list, ULONG registers);

#endif
