/* SPDX-License-Identifier: MIT */
/* What the HAL's files share; no other room includes this. */
#ifndef VPORT_HAL_PRIVATE_H
#define VPORT_HAL_PRIVATE_H

#include <stdatomic.h>

#include "base/arith.h"
#include "base/loop.h"
#include "hal/hal.h"

enum {
    VPORT_HAL_FUNCTIONS = 4, /* as many as struct vport_bus holds */
    VPORT_HAL_WINDOWS = VPORT_HAL_FUNCTIONS * VPORT_BUS_RESOURCES + VPORT_BUS_LEGACY,
};

#define VPORT_HAL_TAG  0x206C6148u /* "Hal " */
#define VPORT_HAL_SITE __builtin_return_address(0)

/* Where a register BAR appears to drivers: addresses that nothing answers but READ_REGISTER_* and
 * WRITE_REGISTER_*. */
struct vport_hal_window {
    uintptr_t base;
    const struct vport_resource *resource;
};

/* Behind each physical device object. */
struct vport_hal_device {
    struct vport_hal *hal;
    unsigned function; /* index into bus->function */
    PDEVICE_OBJECT pdo;
};

struct vport_hal {
    struct vport_nt *nt;
    struct vport_bus *bus;
    PDRIVER_OBJECT driver; /* owns the physical device objects */
    struct vport_hal_device device[VPORT_HAL_FUNCTIONS];

    /* Register windows: set up at creation, constant from then on. */
    struct vport_hal_window window[VPORT_HAL_WINDOWS];
    unsigned windows;
    void *reserved; /* the address range that holds all of them */
    size_t reserved_length;
    _Atomic uint32_t mappings; /* MmMapIoSpace less MmUnmapIoSpace */

    KSPIN_LOCK lock;     /* the rest */
    LIST_ENTRY adapters; /* struct vport_hal_adapter */
    struct vport_dma_statistics retired;
};

struct vport_hal_channel;

enum vport_hal_adapter_state {
    VPORT_HAL_ADAPTER_FREE,
    VPORT_HAL_ADAPTER_CLAIMED, /* being made */
    VPORT_HAL_ADAPTER_LIVE,
    VPORT_HAL_ADAPTER_RETIRED, /* put, with something outstanding: kept until the hal ends */
};

/* What IoGetDmaAdapter hands out. */
struct vport_hal_adapter {
    DMA_ADAPTER wdm; /* first: its address is the driver's handle */
    _Atomic uint32_t state;
    uint32_t registers; /* granted */
    struct vport_hal *hal;
    struct vport_dma_adapter *dma;
    unsigned function;
    struct vport_event kick; /* runs the queue of `dma` */
    _Atomic uint32_t common_buffers;
    LIST_ENTRY link;
    struct vport_dma_constraints constraints; /* as asked for */

    /* Channels and built lists: not the fast path; under hal->lock. */
    LIST_ENTRY channels; /* struct vport_hal_channel, with registers */
    LIST_ENTRY waiting;  /* the same, without */
    uint32_t channel_registers;
    /* The channel that holds the adapter itself (KeepObject, or its routine runs). */
    struct vport_hal_channel *holder;
    LIST_ENTRY built; /* struct vport_hal_built */
    _Atomic uint32_t built_count;
} __attribute__((aligned(64)));

/*
 * All adapters of all hals of this process lie in one array, so that any pointer can be judged by
 * arithmetic; slots are taken in turn, so that a stale pointer stays recognisable for long.
 */
enum { VPORT_HAL_ADAPTERS = 4096 };
extern struct vport_hal_adapter vport_hal_adapters[VPORT_HAL_ADAPTERS];

/* The slot that a driver's pointer means, in whatever state; NULL for any other value. */
static inline struct vport_hal_adapter *vport_hal_adapter_slot(PDMA_ADAPTER pointer)
{
    uintptr_t distance = (uintptr_t)pointer - (uintptr_t)vport_hal_adapters;

    if (__builtin_expect(distance >= sizeof(vport_hal_adapters) ||
                             distance % sizeof(struct vport_hal_adapter),
                         0))
        return NULL;
    return (struct vport_hal_adapter *)pointer; /* `wdm` is its first member */
}

/* The live adapter behind a driver's pointer; NULL for any other value. Any IRQL. */
static inline struct vport_hal_adapter *vport_hal_adapter_live(PDMA_ADAPTER pointer)
{
    struct vport_hal_adapter *adapter = vport_hal_adapter_slot(pointer);

    return __builtin_expect(adapter &&
                                atomic_load_explicit(&adapter->state, memory_order_acquire) ==
                                    VPORT_HAL_ADAPTER_LIVE,
                            1)
               ? adapter
               : NULL;
}

/* The hal of the machine that the calling thread runs in; NULL outside of one. */
static inline struct vport_hal *vport_hal_current(void)
{
    struct vport_cpu *cpu = vport_cpu_current;

    return cpu ? vport_nt_hal(cpu->nt) : NULL;
}

/* KeGetCurrentIrql without the change of calling convention. */
static inline KIRQL vport_hal_irql(void)
{
    struct vport_cpu *cpu = vport_cpu_current;

    return cpu ? cpu->irql : PASSIVE_LEVEL;
}

void vport_hal_report(struct vport_hal *hal, const char *rule, const void *site, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* The function behind a physical device object of a hal's, NULL for any other device object. */
struct vport_hal_device *vport_hal_device_of(PDEVICE_OBJECT pdo);

/* adapter.c: as vport_hal_adapter_live, and a miss is reported. */
struct vport_hal_adapter *vport_hal_adapter_check(PDMA_ADAPTER pointer, const char *function,
                                                  const void *site);
/* The same for one that may be retired, without a report. */
struct vport_hal_adapter *vport_hal_adapter_find(PDMA_ADAPTER pointer);
/* Ends all adapters that are left; reports those that were never put. */
void vport_hal_adapters_reclaim(struct vport_hal *hal);
void vport_hal_statistics_add(struct vport_dma_statistics *sum,
                              const struct vport_dma_statistics *more);
/* A dma adapter with the constraints of `adapter`, but its own number of registers. */
enum vport_status vport_hal_dma_create(struct vport_hal_adapter *adapter, uint32_t registers,
                                       struct vport_dma_adapter **dma);
NTSTATUS vport_hal_dma_status(enum vport_status status);

/* list.c */
NTSTATUS NTAPI vport_hal_get_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                                  PVOID CurrentVa, ULONG Length,
                                  PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context,
                                  BOOLEAN WriteToDevice);
VOID NTAPI vport_hal_put_list(PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather,
                              BOOLEAN WriteToDevice);
NTSTATUS NTAPI vport_hal_calculate_list(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID CurrentVa,
                                        ULONG Length, PULONG ScatterGatherListSize,
                                        PULONG pNumberOfMapRegisters);
NTSTATUS NTAPI vport_hal_build_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                                    PVOID CurrentVa, ULONG Length,
                                    PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context,
                                    BOOLEAN WriteToDevice, PVOID ScatterGatherBuffer,
                                    ULONG ScatterGatherLength);
NTSTATUS NTAPI vport_hal_build_mdl(PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather,
                                   PMDL OriginalMdl, PMDL *TargetMdl);
/* Fills a request, all but its callback, from an MDL and CurrentVa, an index into it (MR-10).
 * VPORT_E_* when they do not fit; a bad MDL is reported. */
enum vport_status vport_hal_request(struct vport_hal_adapter *adapter, PMDL mdl, PVOID current_va,
                                    ULONG length, BOOLEAN write, struct vport_dma_request *request,
                                    const char *function, const void *site);

/* channel.c */
NTSTATUS NTAPI vport_hal_allocate_channel(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject,
                                          ULONG NumberOfMapRegisters,
                                          PDRIVER_CONTROL ExecutionRoutine, PVOID Context);
BOOLEAN NTAPI vport_hal_flush_buffers(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase,
                                      PVOID CurrentVa, ULONG Length, BOOLEAN WriteToDevice);
VOID NTAPI vport_hal_free_channel(PDMA_ADAPTER DmaAdapter);
VOID NTAPI vport_hal_free_registers(PDMA_ADAPTER DmaAdapter, PVOID MapRegisterBase,
                                    ULONG NumberOfMapRegisters);
PHYSICAL_ADDRESS NTAPI vport_hal_map_transfer(PDMA_ADAPTER DmaAdapter, PMDL Mdl,
                                              PVOID MapRegisterBase, PVOID CurrentVa, PULONG Length,
                                              BOOLEAN WriteToDevice);
/* Ends the channels of an adapter that goes; returns how many there were. */
unsigned vport_hal_channels_end(struct vport_hal_adapter *adapter);

/* common.c */
PVOID NTAPI vport_hal_allocate_common(PDMA_ADAPTER DmaAdapter, ULONG Length,
                                      PPHYSICAL_ADDRESS LogicalAddress, BOOLEAN CacheEnabled);
VOID NTAPI vport_hal_free_common(PDMA_ADAPTER DmaAdapter, ULONG Length,
                                 PHYSICAL_ADDRESS LogicalAddress, PVOID VirtualAddress,
                                 BOOLEAN CacheEnabled);
void vport_hal_memory_hook(struct vport_hal *hal);

/*
 * flush.c: counts the hals on platforms that need cache flushes, so that the others pay one load.
 */
void vport_hal_flush_needed(struct vport_hal *hal, bool needed);

/* io_map.c */
enum vport_status vport_hal_windows_create(struct vport_hal *hal);
void vport_hal_windows_destroy(struct vport_hal *hal);

/* resources.c: the IRQL of a vector, in the range that NT gives to devices, 3 to 11. */
KIRQL vport_hal_level(uint32_t vector);

/* interrupt.c */
void vport_hal_interrupt_hook(struct vport_hal *hal);

/* pdo.c, pdo_text.c, bus_data.c */
enum vport_status vport_hal_pdos_create(struct vport_hal *hal);
void vport_hal_pdos_destroy(struct vport_hal *hal);
NTSTATUS vport_hal_query_id(struct vport_hal_device *device, BUS_QUERY_ID_TYPE type,
                            ULONG_PTR *information);
NTSTATUS vport_hal_query_text(struct vport_hal_device *device, DEVICE_TEXT_TYPE type,
                              ULONG_PTR *information);
ULONG NTAPI vport_hal_get_config(PVOID Context, ULONG DataType, PVOID Buffer, ULONG Offset,
                                 ULONG Length);
ULONG NTAPI vport_hal_set_config(PVOID Context, ULONG DataType, PVOID Buffer, ULONG Offset,
                                 ULONG Length);
BOOLEAN NTAPI vport_hal_translate(PVOID Context, PHYSICAL_ADDRESS BusAddress, ULONG Length,
                                  PULONG AddressSpace, PPHYSICAL_ADDRESS TranslatedAddress);

#endif
