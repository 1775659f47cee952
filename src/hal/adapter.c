/* SPDX-License-Identifier: MIT */
/*
 * DMA adapters: IoGetDmaAdapter, PutDmaAdapter and the table of operations in between.
 *
 * Sources: wdm/nf-wdm-iogetdmaadapter, wdm/ns-wdm-_device_description, wdm/ns-wdm-_dma_operations,
 * wdm/nc-wdm-pput_dma_adapter, kernel/map-registers.
 */
#include "hal/private.h"

struct vport_hal_adapter vport_hal_adapters[VPORT_HAL_ADAPTERS];
static _Atomic unsigned next_slot;

/* A free slot, now claimed; NULL when all are in use. */
static struct vport_hal_adapter *claim_slot(void)
{
    for (unsigned i = 0; i < VPORT_HAL_ADAPTERS; i++) {
        unsigned index =
            atomic_fetch_add_explicit(&next_slot, 1, memory_order_relaxed) % VPORT_HAL_ADAPTERS;
        struct vport_hal_adapter *adapter = &vport_hal_adapters[index];
        uint32_t state = VPORT_HAL_ADAPTER_FREE;

        if (atomic_compare_exchange_strong(&adapter->state, &state, VPORT_HAL_ADAPTER_CLAIMED))
            return adapter;
    }
    return NULL;
}

static void free_slot(struct vport_hal_adapter *adapter)
{
    atomic_store_explicit(&adapter->state, VPORT_HAL_ADAPTER_FREE, memory_order_release);
}

struct vport_hal_adapter *vport_hal_adapter_find(PDMA_ADAPTER pointer)
{
    struct vport_hal_adapter *adapter = vport_hal_adapter_slot(pointer);

    return adapter && atomic_load_explicit(&adapter->state, memory_order_acquire) >=
                          VPORT_HAL_ADAPTER_LIVE
               ? adapter
               : NULL;
}

struct vport_hal_adapter *vport_hal_adapter_check(PDMA_ADAPTER pointer, const char *function,
                                                  const void *site)
{
    struct vport_hal_adapter *adapter = vport_hal_adapter_live(pointer);

    if (__builtin_expect(adapter != NULL, 1))
        return adapter;
    vport_hal_report(
        vport_hal_current(), "GA-16", site,
        "%s: DmaAdapter %p is %s. Driver Verifier stops such a driver with bug check 0xE6/0x%x.",
        function, (void *)pointer,
        !pointer                          ? "NULL"
        : vport_hal_adapter_slot(pointer) ? "released already (PutDmaAdapter)"
                                          : "not what IoGetDmaAdapter returned",
        pointer ? 0x18 : 0x19);
    return NULL;
}

NTSTATUS vport_hal_dma_status(enum vport_status status)
{
    switch (status) {
    case VPORT_OK:
        return STATUS_SUCCESS;
    case VPORT_E_RANGE:
        return STATUS_BUFFER_TOO_SMALL;
    case VPORT_E_ACCESS:
        return STATUS_ACCESS_VIOLATION;
    case VPORT_E_NO_MEMORY:
    case VPORT_E_NO_REGISTERS:
    case VPORT_E_TOO_LARGE:
    case VPORT_E_DEVICE:
        return STATUS_INSUFFICIENT_RESOURCES;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* ---- Constraints ---- */

/* GA-10, GA-11, GA-A3, and no further than the function's address lines go. */
static uint64_t reach_of(const DEVICE_DESCRIPTION *description,
                         const struct vport_function *function)
{
    uint64_t reach = 0xFFFFFF;

    if (description->Dma64BitAddresses)
        reach = UINT64_MAX;
    else if (description->Dma32BitAddresses ||
             (description->ScatterGather && description->InterfaceType == PCIBus))
        reach = UINT32_MAX;
    return function->dma_mask ? vport_min_u64(reach, function->dma_mask) : reach;
}

/* GA-12: a page more than MaximumLength spans, for a buffer that starts inside of a page. GA-A2: at
 * least one. */
static uint32_t registers_for(uint32_t maximum_length)
{
    return maximum_length ? (uint32_t)vport_pages_spanned(0, maximum_length) + 1 : 1;
}

static void constrain(struct vport_hal_adapter *adapter, const DEVICE_DESCRIPTION *description)
{
    adapter->constraints = (struct vport_dma_constraints){
        .reach = reach_of(description, &adapter->hal->bus->function[adapter->function]),
        .boundary = 1ull << 32, /* SG-A1 */
        .max_length = description->MaximumLength,
        .registers = registers_for(description->MaximumLength),
        .scatter_gather = description->ScatterGather,
    };
}

/* ---- The queue: runs when nobody's PutScatterGatherList does it ---- */

static void run_queue(void *context)
{
    struct vport_hal_adapter *adapter = context;
    KIRQL before;

    KeRaiseIrql(DISPATCH_LEVEL, &before);
    vport_dma_adapter_dispatch(adapter->dma);
    KeLowerIrql(before);
}

static void kick(void *context, struct vport_dma_adapter *dma)
{
    struct vport_hal_adapter *adapter = context;

    vport_loop_post(adapter->hal->bus->loop, &adapter->kick, 0);
}

enum vport_status vport_hal_dma_create(struct vport_hal_adapter *adapter, uint32_t registers,
                                       struct vport_dma_adapter **dma)
{
    struct vport_dma_adapter_config config = {.platform = &adapter->hal->bus->platform,
                                              .device = adapter->function,
                                              .constraints = adapter->constraints,
                                              .reports = vport_nt_reports(adapter->hal->nt),
                                              .trace = vport_nt_trace(adapter->hal->nt),
                                              .kick = kick,
                                              .context = adapter};

    config.constraints.registers = registers;
    return vport_dma_adapter_create(&config, dma);
}

/* ---- Get and put ---- */

static VOID NTAPI put_adapter(PDMA_ADAPTER DmaAdapter);

static ULONG NTAPI get_alignment(PDMA_ADAPTER DmaAdapter)
{
    return 1; /* MR-17: any address, any length */
}

/* The counter of the system's DMA controller; a bus master has none, and what it moved is its own
 * to tell. */
static ULONG NTAPI read_counter(PDMA_ADAPTER DmaAdapter)
{
    vport_hal_adapter_check(DmaAdapter, "ReadDmaCounter", VPORT_HAL_SITE);
    return 0;
}

static DMA_OPERATIONS operations = {
    .Size = sizeof(DMA_OPERATIONS),
    .PutDmaAdapter = put_adapter,
    .AllocateCommonBuffer = vport_hal_allocate_common,
    .FreeCommonBuffer = vport_hal_free_common,
    .AllocateAdapterChannel = vport_hal_allocate_channel,
    .FlushAdapterBuffers = vport_hal_flush_buffers,
    .FreeAdapterChannel = vport_hal_free_channel,
    .FreeMapRegisters = vport_hal_free_registers,
    .MapTransfer = vport_hal_map_transfer,
    .GetDmaAlignment = get_alignment,
    .ReadDmaCounter = read_counter,
    .GetScatterGatherList = vport_hal_get_list,
    .PutScatterGatherList = vport_hal_put_list,
    .CalculateScatterGatherList = vport_hal_calculate_list,
    .BuildScatterGatherList = vport_hal_build_list,
    .BuildMdlFromScatterGatherList = vport_hal_build_mdl,
};

/* Everything but the state, which other threads look at. */
static void clear(struct vport_hal_adapter *adapter)
{
    const size_t rest = offsetof(struct vport_hal_adapter, state) + sizeof(adapter->state);

    /* GA-14: version 1, whatever was asked */
    adapter->wdm =
        (DMA_ADAPTER){.Version = 1, .Size = sizeof(DMA_ADAPTER), .DmaOperations = &operations};
    memset((char *)adapter + rest, 0, sizeof(*adapter) - rest);
    vport_event_init(&adapter->kick, VPORT_EVENT_WORK, run_queue, adapter);
    InitializeListHead(&adapter->channels);
    InitializeListHead(&adapter->waiting);
    InitializeListHead(&adapter->built);
}

static struct vport_hal_adapter *adapter_new(struct vport_hal_device *device,
                                             const DEVICE_DESCRIPTION *description)
{
    struct vport_hal_adapter *adapter = claim_slot();

    if (!adapter)
        return NULL;
    clear(adapter);
    adapter->hal = device->hal;
    adapter->function = device->function;
    constrain(adapter, description);
    if (vport_hal_dma_create(adapter, adapter->constraints.registers, &adapter->dma) != VPORT_OK) {
        free_slot(adapter);
        return NULL;
    }
    adapter->registers = vport_dma_adapter_constraints(adapter->dma)->registers;
    return adapter;
}

static bool description_fits(struct vport_hal *hal, const DEVICE_DESCRIPTION *description,
                             const void *site)
{
    if (description->Version > DEVICE_DESCRIPTION_VERSION2)
        vport_hal_report(hal, "GA-9", site,
                         "IoGetDmaAdapter: DeviceDescription->Version is %u; 0, 1 and 2 are known. "
                         "Driver Verifier stops such a driver with bug check 0xE6/0x25.",
                         description->Version);
    else if (!description->Master)
        vport_hal_report(hal, "GA-8", site,
                         "IoGetDmaAdapter: DeviceDescription->Master is FALSE, but this platform "
                         "has no system DMA controller; only bus masters get an adapter.");
    else
        return true;
    return false;
}

/* PASSIVE_LEVEL. NULL: not a device of this machine, a description that no adapter can be made
 * from, or no memory. */
PDMA_ADAPTER NTAPI IoGetDmaAdapter(PDEVICE_OBJECT PhysicalDeviceObject,
                                   PDEVICE_DESCRIPTION DeviceDescription,
                                   PULONG NumberOfMapRegisters)
{
    struct vport_hal_device *device = vport_hal_device_of(PhysicalDeviceObject);
    struct vport_hal_adapter *adapter;
    KIRQL before;

    if (!device || !DeviceDescription || !NumberOfMapRegisters ||
        !description_fits(device->hal, DeviceDescription, VPORT_HAL_SITE))
        return NULL;
    adapter = adapter_new(device, DeviceDescription);
    if (!adapter)
        return NULL;
    KeAcquireSpinLock(&device->hal->lock, &before);
    InsertTailList(&device->hal->adapters, &adapter->link);
    KeReleaseSpinLock(&device->hal->lock, before);
    *NumberOfMapRegisters = adapter->registers;
    atomic_store_explicit(&adapter->state, VPORT_HAL_ADAPTER_LIVE, memory_order_release);
    return &adapter->wdm;
}

/* GA-A4. Of lists and common buffers that are left the DMA room speaks. */
static void report_channels(struct vport_hal *hal, unsigned channels, const void *site)
{
    if (channels)
        vport_hal_report(hal, "GA-A4", site,
                         "PutDmaAdapter: %u adapter channels or sets of map registers are not "
                         "freed; call FreeMapRegisters first. Driver Verifier stops such a driver "
                         "with bug check 0xE6/0x08 or 0x09.",
                         channels);
}

void vport_hal_statistics_add(struct vport_dma_statistics *sum,
                              const struct vport_dma_statistics *more)
{
    for (int direction = 0; direction < 2; direction++) {
        sum->operations[direction] += more->operations[direction];
        sum->elements[direction] += more->elements[direction];
        sum->bytes[direction] += more->bytes[direction];
        sum->bounced_bytes[direction] += more->bounced_bytes[direction];
        sum->queued[direction] += more->queued[direction];
    }
    sum->registers += more->registers;
    sum->high_water = (uint32_t)vport_max_u64(sum->high_water, more->high_water);
    sum->outstanding += more->outstanding;
    sum->waiting += more->waiting;
    sum->common_buffers += more->common_buffers;
}

/* Ends a live adapter. What is outstanding keeps its memory; the handle stays recognisable then,
 * until the hal ends. */
static void adapter_end(struct vport_hal_adapter *adapter, const void *site)
{
    struct vport_hal *hal = adapter->hal;
    unsigned channels = vport_hal_channels_end(adapter);
    struct vport_dma_statistics left;
    bool drained;
    KIRQL before;

    /* At DISPATCH_LEVEL this may be that very event, in a driver's callback, or one runs on another
     * processor: not waited for. What it does after that finds an empty queue, and the slot is not
     * soon another's, since slots are taken in turn. */
    if (vport_hal_irql() == PASSIVE_LEVEL)
        vport_loop_cancel_wait(hal->bus->loop, &adapter->kick);
    else
        vport_loop_cancel(hal->bus->loop, &adapter->kick);
    left = vport_dma_adapter_destroy(adapter->dma);
    report_channels(hal, channels, site);
    drained = !left.outstanding && !left.common_buffers;
    left.registers = left.outstanding = left.waiting = left.common_buffers = 0;
    KeAcquireSpinLock(&hal->lock, &before);
    vport_hal_statistics_add(&hal->retired, &left);
    if (drained)
        RemoveEntryList(&adapter->link);
    KeReleaseSpinLock(&hal->lock, before);
    if (drained)
        free_slot(adapter);
}

/* <= DISPATCH_LEVEL; once, when no operation, channel or common buffer of the adapter is left
 * (GA-16, GA-17). */
static VOID NTAPI put_adapter(PDMA_ADAPTER DmaAdapter)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "PutDmaAdapter", VPORT_HAL_SITE);
    uint32_t state = VPORT_HAL_ADAPTER_LIVE;

    if (adapter &&
        atomic_compare_exchange_strong(&adapter->state, &state, VPORT_HAL_ADAPTER_RETIRED))
        adapter_end(adapter, VPORT_HAL_SITE);
}

void vport_hal_adapters_reclaim(struct vport_hal *hal)
{
    unsigned leaked = 0;

    while (!IsListEmpty(&hal->adapters)) {
        struct vport_hal_adapter *adapter =
            CONTAINING_RECORD(hal->adapters.Flink, struct vport_hal_adapter, link);

        if (atomic_exchange(&adapter->state, VPORT_HAL_ADAPTER_RETIRED) == VPORT_HAL_ADAPTER_LIVE) {
            leaked++;
            adapter_end(adapter, NULL);
            continue; /* if drained it is out of the list, else the next round finds it retired */
        }
        RemoveEntryList(&adapter->link);
        free_slot(adapter);
    }
    if (leaked)
        vport_hal_report(
            hal, "GA-18", NULL,
            "%u DMA adapters were never given back with PutDmaAdapter; a driver puts its adapters "
            "at IRP_MN_STOP_DEVICE or IRP_MN_REMOVE_DEVICE. They are reclaimed.",
            leaked);
}
