/* SPDX-License-Identifier: MIT */
/*
 * Adapter channels: AllocateAdapterChannel, MapTransfer, FlushAdapterBuffers, FreeMapRegisters,
 * FreeAdapterChannel. The older way to do packet DMA, for a bus master: reserve map registers, map
 * piece by piece, flush, free.
 *
 * A channel is a little DMA adapter of its own, with as many registers as were asked for: what
 * MapTransfer maps can then never have to wait. MapTransfer maps all that it is asked for and hands
 * out one element a call, since it may return less than the whole for a bus master with
 * scatter/gather.
 *
 * Sources: wdm/nc-wdm-pallocate_adapter_channel, ...pmap_transfer, ...pflush_adapter_buffers,
 * ...pfree_map_registers,
 * ...pfree_adapter_channel, kernel/splitting-dma-transfer-requests.
 */
#include "hal/private.h"

struct vport_hal_channel {
    LIST_ENTRY link;
    struct vport_hal_adapter *adapter;
    struct vport_dma_adapter *dma;
    uint32_t registers;
    uint32_t used; /* by `maps` */
    PDEVICE_OBJECT device;
    PDRIVER_CONTROL routine;
    PVOID context;
    LIST_ENTRY maps; /* struct channel_map */
};

/* One mapped stretch of an MDL. */
struct channel_map {
    LIST_ENTRY link;
    struct vport_dma_list *list; /* NULL until mapped */
    PMDL mdl;
    uintptr_t start; /* CurrentVa of its first byte */
    ULONG length;
    ULONG given;   /* bytes that MapTransfer has told the driver of */
    ULONG skipped; /* the same within `element` */
    ULONG element;
    uint32_t pages;
    bool to_device;
};

/* ---- Life of a channel ---- */

static struct vport_hal_channel *channel_new(struct vport_hal_adapter *adapter, uint32_t registers)
{
    struct vport_hal_channel *channel =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*channel), VPORT_HAL_TAG);

    if (!channel)
        return NULL;
    *channel = (struct vport_hal_channel){.adapter = adapter, .registers = registers};
    InitializeListHead(&channel->maps);
    if (vport_hal_dma_create(adapter, registers, &channel->dma) != VPORT_OK) {
        ExFreePoolWithTag(channel, VPORT_HAL_TAG);
        return NULL;
    }
    return channel;
}

static void map_end(struct vport_hal_channel *channel, struct channel_map *map, bool to_device)
{
    RemoveEntryList(&map->link);
    channel->used -= map->pages;
    vport_dma_unmap(channel->dma, map->list, to_device);
    ExFreePoolWithTag(map, VPORT_HAL_TAG);
}

/* Out of all lists; nobody else knows it any more. Returns how many stretches were still mapped. */
static unsigned channel_delete(struct vport_hal_channel *channel)
{
    struct vport_dma_statistics statistics;
    unsigned mapped = 0;
    KIRQL before;

    for (; !IsListEmpty(&channel->maps); mapped++) {
        struct channel_map *map = CONTAINING_RECORD(channel->maps.Flink, struct channel_map, link);

        map_end(channel, map, map->to_device);
    }
    statistics = vport_dma_adapter_destroy(channel->dma);
    statistics.registers = statistics.outstanding = statistics.waiting = statistics.common_buffers =
        0;
    KeAcquireSpinLock(&channel->adapter->hal->lock, &before);
    vport_hal_statistics_add(&channel->adapter->hal->retired, &statistics);
    KeReleaseSpinLock(&channel->adapter->hal->lock, before);
    ExFreePoolWithTag(channel, VPORT_HAL_TAG);
    return mapped;
}

/* The next waiter that may go now, with its registers counted; NULL if none may. */
static struct vport_hal_channel *channel_next(struct vport_hal_adapter *adapter)
{
    struct vport_hal_channel *channel = NULL;
    KIRQL before;

    KeAcquireSpinLock(&adapter->hal->lock, &before);
    if (!adapter->holder && !IsListEmpty(&adapter->waiting)) {
        struct vport_hal_channel *first =
            CONTAINING_RECORD(adapter->waiting.Flink, struct vport_hal_channel, link);

        if (first->registers <= adapter->registers - adapter->channel_registers) {
            channel = first;
            RemoveEntryList(&channel->link);
            InsertTailList(&adapter->channels, &channel->link);
            adapter->channel_registers += channel->registers;
            adapter->holder = channel;
        }
    }
    KeReleaseSpinLock(&adapter->hal->lock, before);
    return channel;
}

/* The channel that a driver means by MapRegisterBase; taken out of the adapter if `take`. NULL:
 * none of this adapter's. */
static struct vport_hal_channel *channel_find(struct vport_hal_adapter *adapter, PVOID base,
                                              bool take)
{
    struct vport_hal_channel *found = NULL;
    KIRQL before;

    KeAcquireSpinLock(&adapter->hal->lock, &before);
    for (PLIST_ENTRY link = adapter->channels.Flink; link != &adapter->channels && !found;
         link = link->Flink)
        if (CONTAINING_RECORD(link, struct vport_hal_channel, link) == base)
            found = base;
    if (found && take) {
        RemoveEntryList(&found->link);
        adapter->channel_registers -= found->registers;
        if (adapter->holder == found)
            adapter->holder = NULL;
    }
    KeReleaseSpinLock(&adapter->hal->lock, before);
    return found;
}

static void holder_release(struct vport_hal_adapter *adapter, struct vport_hal_channel *channel)
{
    KIRQL before;

    KeAcquireSpinLock(&adapter->hal->lock, &before);
    if (adapter->holder == channel)
        adapter->holder = NULL;
    KeReleaseSpinLock(&adapter->hal->lock, before);
}

/* Calls back every waiter whose turn it is, at DISPATCH_LEVEL. */
static void channels_run(struct vport_hal_adapter *adapter)
{
    struct vport_hal_channel *channel;

    while ((channel = channel_next(adapter))) {
        IO_ALLOCATION_ACTION action =
            channel->routine(channel->device, channel->device ? channel->device->CurrentIrp : NULL,
                             channel, channel->context);

        if (action == DeallocateObjectKeepRegisters)
            holder_release(adapter, channel);
        else if (action == DeallocateObject && channel_find(adapter, channel, true))
            channel_delete(channel);
    }
}

unsigned vport_hal_channels_end(struct vport_hal_adapter *adapter)
{
    unsigned channels = 0;

    for (; !IsListEmpty(&adapter->waiting); channels++)
        channel_delete(
            CONTAINING_RECORD(RemoveHeadList(&adapter->waiting), struct vport_hal_channel, link));
    for (; !IsListEmpty(&adapter->channels); channels++)
        channel_delete(
            CONTAINING_RECORD(RemoveHeadList(&adapter->channels), struct vport_hal_channel, link));
    return channels;
}

/*
 * DISPATCH_LEVEL. Calls the routine now or when registers are free. STATUS_INSUFFICIENT_RESOURCES:
 * more registers than the adapter was granted, or no memory.
 */
NTSTATUS NTAPI vport_hal_allocate_channel(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject,
                                          ULONG NumberOfMapRegisters,
                                          PDRIVER_CONTROL ExecutionRoutine, PVOID Context)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "AllocateAdapterChannel", VPORT_HAL_SITE);
    struct vport_hal_channel *channel;
    KIRQL before;

    if (!adapter || !ExecutionRoutine)
        return STATUS_INVALID_PARAMETER;
    if (NumberOfMapRegisters > adapter->registers) {
        vport_hal_report(
            adapter->hal, "MR-13", VPORT_HAL_SITE,
            "AllocateAdapterChannel: %u map registers, but IoGetDmaAdapter granted %u; split the "
            "transfer. Driver Verifier stops such a driver with bug check 0xE6/0x15.",
            NumberOfMapRegisters, adapter->registers);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    channel = channel_new(adapter, NumberOfMapRegisters ? NumberOfMapRegisters : 1);
    if (!channel)
        return STATUS_INSUFFICIENT_RESOURCES;
    channel->device = DeviceObject;
    channel->routine = ExecutionRoutine;
    channel->context = Context;
    KeAcquireSpinLock(&adapter->hal->lock, &before);
    InsertTailList(&adapter->waiting, &channel->link);
    KeReleaseSpinLock(&adapter->hal->lock, before);
    channels_run(adapter);
    return STATUS_SUCCESS;
}

/* ---- Mapping ---- */

static void VPORT_DRIVER_CALL map_ready(const uintptr_t *user, struct vport_dma_list *list)
{
    ((struct channel_map *)user[0])->list = list;
}

/* The stretch whose next unread byte is CurrentVa. */
static struct channel_map *map_continued(struct vport_hal_channel *channel, PMDL mdl,
                                         uintptr_t current, bool to_device)
{
    for (PLIST_ENTRY link = channel->maps.Flink; link != &channel->maps; link = link->Flink) {
        struct channel_map *map = CONTAINING_RECORD(link, struct channel_map, link);

        if (map->mdl == mdl && map->start + map->given == current && map->given < map->length &&
            map->to_device == to_device)
            return map;
    }
    return NULL;
}

/* Maps as much as the channel's free registers cover. */
static struct channel_map *map_new(struct vport_hal_channel *channel, PMDL mdl, PVOID current,
                                   ULONG length, bool to_device)
{
    struct channel_map *map = ExAllocatePoolWithTag(NonPagedPool, sizeof(*map), VPORT_HAL_TAG);
    uint64_t room = (uint64_t)(channel->registers - channel->used) * VPORT_PAGE_SIZE;
    uint32_t in_page = (uintptr_t)current & VPORT_PAGE_MASK;
    struct vport_dma_request request = {.ready = map_ready, .user = {(uintptr_t)map}};

    if (!map || room <= in_page)
        goto fail;
    length = (ULONG)vport_min_u64(length, room - in_page);
    if (vport_hal_request(channel->adapter, mdl, current, length, to_device, &request,
                          "MapTransfer", VPORT_HAL_SITE) != VPORT_OK)
        goto fail;
    *map = (struct channel_map){.mdl = mdl,
                                .start = (uintptr_t)current,
                                .length = length,
                                .pages = (uint32_t)vport_pages_spanned(in_page, length),
                                .to_device = to_device};
    if (vport_dma_map(channel->dma, &request) != VPORT_OK)
        goto fail;
    if (!map->list) /* the platform queues everything: our turn comes at once, the registers are
                       ours alone */
        vport_dma_adapter_dispatch(channel->dma);
    InsertTailList(&channel->maps, &map->link);
    channel->used += map->pages;
    return map;
fail:
    if (map)
        ExFreePoolWithTag(map, VPORT_HAL_TAG);
    return NULL;
}

/* The next element, or the rest of it, at most `length` bytes. */
static PHYSICAL_ADDRESS map_give(struct channel_map *map, PULONG length)
{
    const struct vport_dma_element *element = &map->list->elements[map->element];
    ULONG left = element->length - map->skipped;
    PHYSICAL_ADDRESS address = {.QuadPart = (LONGLONG)(element->address + map->skipped)};

    *length = *length < left ? *length : left;
    map->given += *length;
    map->skipped += *length;
    if (map->skipped == element->length) {
        map->element++;
        map->skipped = 0;
    }
    return address;
}

/*
 * <= DISPATCH_LEVEL. Returns the device's address of the bytes at CurrentVa; *Length = how many of
 * them are contiguous there (MR-13). On a mistake, which is reported, 0 bytes at address 0.
 */
PHYSICAL_ADDRESS NTAPI vport_hal_map_transfer(PDMA_ADAPTER DmaAdapter, PMDL Mdl,
                                              PVOID MapRegisterBase, PVOID CurrentVa, PULONG Length,
                                              BOOLEAN WriteToDevice)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "MapTransfer", VPORT_HAL_SITE);
    struct vport_hal_channel *channel =
        adapter ? channel_find(adapter, MapRegisterBase, false) : NULL;
    struct channel_map *map = NULL;

    if (channel && *Length) {
        map = map_continued(channel, Mdl, (uintptr_t)CurrentVa, WriteToDevice);
        if (!map)
            map = map_new(channel, Mdl, CurrentVa, *Length, WriteToDevice);
    }
    if (map)
        return map_give(map, Length);
    if (adapter)
        vport_hal_report(
            adapter->hal, "MR-13", VPORT_HAL_SITE,
            "MapTransfer: %u bytes at CurrentVa %p with MapRegisterBase %p cannot be mapped: %s. "
            "Driver Verifier stops such a driver with bug check 0xE6/0x0C or 0x21.",
            *Length, CurrentVa, MapRegisterBase,
            !channel   ? "that is not what the routine of AllocateAdapterChannel received"
            : !*Length ? "a length of 0"
                       : "they leave the MDL, or need more registers than were allocated");
    *Length = 0;
    return (PHYSICAL_ADDRESS){.QuadPart = 0};
}

/* <= DISPATCH_LEVEL. MR-14: ends the mappings of these bytes. TRUE if there were any. */
BOOLEAN NTAPI vport_hal_flush_buffers(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID MapRegisterBase,
                                      PVOID CurrentVa, ULONG Length, BOOLEAN WriteToDevice)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "FlushAdapterBuffers", VPORT_HAL_SITE);
    struct vport_hal_channel *channel =
        adapter ? channel_find(adapter, MapRegisterBase, false) : NULL;
    BOOLEAN flushed = FALSE;

    if (!channel && adapter)
        vport_hal_report(adapter->hal, "MR-14", VPORT_HAL_SITE,
                         "FlushAdapterBuffers: MapRegisterBase %p is not what the routine of "
                         "AllocateAdapterChannel received. Driver Verifier stops such a driver "
                         "with bug check 0xE6/0x16.",
                         MapRegisterBase);
    if (!channel)
        return FALSE;
    for (PLIST_ENTRY link = channel->maps.Flink, next; link != &channel->maps; link = next) {
        struct channel_map *map = CONTAINING_RECORD(link, struct channel_map, link);

        next = link->Flink;
        if (map->mdl == Mdl && map->start - (uintptr_t)CurrentVa < Length) {
            map_end(channel, map, WriteToDevice);
            flushed = TRUE;
        }
    }
    return flushed;
}

/* DISPATCH_LEVEL. Waiters that fit now are called back from here. */
VOID NTAPI vport_hal_free_registers(PDMA_ADAPTER DmaAdapter, PVOID MapRegisterBase,
                                    ULONG NumberOfMapRegisters)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "FreeMapRegisters", VPORT_HAL_SITE);
    struct vport_hal_channel *channel =
        adapter ? channel_find(adapter, MapRegisterBase, true) : NULL;
    uint32_t registers = channel ? channel->registers : 0;
    unsigned mapped;

    if (!adapter)
        return;
    if (!channel || registers != NumberOfMapRegisters)
        vport_hal_report(adapter->hal, "MR-14", VPORT_HAL_SITE,
                         "FreeMapRegisters: %u registers at MapRegisterBase %p, but %u were "
                         "allocated there; free what AllocateAdapterChannel gave, once. Driver "
                         "Verifier stops such a driver with bug check 0xE6/0x05.",
                         NumberOfMapRegisters, MapRegisterBase, registers);
    if (!channel)
        return;
    mapped = channel_delete(channel);
    if (mapped)
        vport_hal_report(
            adapter->hal, "MR-14", VPORT_HAL_SITE,
            "FreeMapRegisters: %u mapped stretches were not flushed; call FlushAdapterBuffers "
            "before. Driver Verifier stops such a driver with bug check 0xE6/0x0D or 0x10.",
            mapped);
    channels_run(adapter);
}

/* DISPATCH_LEVEL. For a routine that returned KeepObject: the adapter and its registers are free
 * again. */
VOID NTAPI vport_hal_free_channel(PDMA_ADAPTER DmaAdapter)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "FreeAdapterChannel", VPORT_HAL_SITE);
    struct vport_hal_channel *holder = adapter ? adapter->holder : NULL;

    if (holder && channel_find(adapter, holder, true)) {
        channel_delete(holder);
        channels_run(adapter);
    } else if (adapter) {
        vport_hal_report(
            adapter->hal, "MR-14", VPORT_HAL_SITE,
            "FreeAdapterChannel: no channel holds this adapter; only a routine that returned "
            "KeepObject leaves one. Driver Verifier stops such a driver with bug check 0xE6/0x04.");
    }
}
