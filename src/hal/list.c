/* SPDX-License-Identifier: MIT */
/*
 * Scatter/gather lists: GetScatterGatherList, PutScatterGatherList and their relatives that build
 * into a driver's buffer.
 *
 * get_list and put_list keep the drivers' calling convention, and so does what they call of the DMA
 * room (base/call.h): on their way nothing changes it, but functions for what happens seldom.
 *
 * Sources: wdm/nc-wdm-pget_scatter_gather_list, ...pput_scatter_gather_list,
 * ...pcalculate_scatter_gather_list_size,
 * ...pbuild_scatter_gather_list, ...pbuild_mdl_from_scatter_gather_list,
 * kernel/using-scatter-gather-dma.
 */
#include "hal/private.h"
#include "nt/mdl.h"

/* What GetScatterGatherList stores in the operation. */
enum { USER_ROUTINE, USER_CONTEXT, USER_DEVICE, USER_BUILT };

/* A list in the driver's own buffer, and the one that it is a copy of. */
struct vport_hal_built {
    LIST_ENTRY link;
    PSCATTER_GATHER_LIST buffer;
    struct vport_dma_list *list;
};

_Static_assert(sizeof(struct vport_dma_list) == FIELD_OFFSET(SCATTER_GATHER_LIST, Elements),
               "SG-6");
_Static_assert(sizeof(struct vport_dma_element) == sizeof(SCATTER_GATHER_ELEMENT), "SG-6");

static void VPORT_DRIVER_CALL deliver(const uintptr_t *user, PSCATTER_GATHER_LIST list)
{
    PDRIVER_LIST_CONTROL routine = (PDRIVER_LIST_CONTROL)user[USER_ROUTINE];
    PDEVICE_OBJECT device = (PDEVICE_OBJECT)user[USER_DEVICE];

    routine(device, device ? device->CurrentIrp : NULL, list, (PVOID)user[USER_CONTEXT]);
}

static void VPORT_DRIVER_CALL ready(const uintptr_t *user, struct vport_dma_list *list)
{
    deliver(user, (PSCATTER_GATHER_LIST)list);
}

/*
 * MR-10: CurrentVa is an index, counted from MmGetMdlVirtualAddress. The DMA room judges the range.
 */
static enum vport_status index_of(PMDL mdl, PVOID current_va, uint32_t *offset)
{
    uintptr_t start = (uintptr_t)MmGetMdlVirtualAddress(mdl), current = (uintptr_t)current_va;

    if (current < start || current - start > UINT32_MAX)
        return VPORT_E_RANGE;
    *offset = (uint32_t)(current - start);
    return VPORT_OK;
}

static enum vport_status refuse_mdl(struct vport_hal *hal, PMDL mdl, bool chain,
                                    const char *function, const void *site)
{
    if (!chain)
        vport_hal_report(hal, "SD-A14", site,
                         "%s: Mdl %p is not an MDL whose pages are locked or nonpaged. Driver "
                         "Verifier stops such a driver with bug check 0xE6/0x0E.",
                         function, (void *)mdl);
    else
        vport_hal_report(hal, "SD-A13", site,
                         "%s: Mdl %p is a chain (Next = %p); map each of its MDLs by itself.",
                         function, (void *)mdl, (void *)mdl->Next);
    return VPORT_E_STATE;
}

/* SD-A15: locked for reading only, and the device is to write. Harmless where the memory could as
 * well be locked for writing. */
static bool may_write(struct vport_hal *hal, const struct vport_pages *pages)
{
    size_t count = vport_pages_spanned(pages->offset, pages->length);
    struct vport_frame *frames =
        ExAllocatePoolWithTag(NonPagedPool, count * sizeof(*frames), VPORT_HAL_TAG);
    struct vport_pages again;
    bool allowed;

    if (!frames)
        return false;
    allowed = vport_space_lock(hal->bus->space, pages->start, pages->length, VPORT_ACCESS_WRITE,
                               frames, &again) == VPORT_OK;
    if (allowed)
        vport_space_unlock(hal->bus->space, &again);
    ExFreePoolWithTag(frames, VPORT_HAL_TAG);
    return allowed;
}

/* Chained MDLs and such whose pages are not locked are none that can be mapped. */
static inline bool is_mappable(const MDL *mdl)
{
    return !mdl->Next &&
           mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL);
}

enum vport_status vport_hal_request(struct vport_hal_adapter *adapter, PMDL mdl, PVOID current_va,
                                    ULONG length, BOOLEAN write, struct vport_dma_request *request,
                                    const char *function, const void *site)
{
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    if (!pages || !is_mappable(mdl))
        return refuse_mdl(adapter->hal, mdl, pages && mdl->Next, function, site);
    if (!write && pages->access == VPORT_ACCESS_READ && !may_write(adapter->hal, pages))
        return VPORT_E_ACCESS;
    request->pages = pages;
    request->length = length;
    request->to_device = write;
    return index_of(mdl, current_va, &request->offset);
}

/* Only what the caller could have known: that memory or registers are short is no mistake. */
static void report_range(struct vport_hal *hal, enum vport_status status,
                         const struct vport_dma_request *request, const char *function,
                         const void *site)
{
    if (status == VPORT_E_RANGE || status == VPORT_E_INVALID)
        vport_hal_report(
            hal, "MR-9", site,
            "%s: %u bytes from offset %u are not within the MDL's %zu bytes, or none. Driver "
            "Verifier stops such a driver with bug check 0xE6/0x1F, 0x21 or 0x24.",
            function, request->length, request->offset, request->pages->length);
}

/* MR-7: DISPATCH_LEVEL exactly. */
static bool at_dispatch(const char *rule, const char *function, const void *site)
{
    KIRQL irql = vport_hal_irql();

    if (irql != DISPATCH_LEVEL)
        vport_hal_report(
            vport_hal_current(), rule, site,
            "%s was called at IRQL %u; DISPATCH_LEVEL (%u) exactly is allowed: raise with "
            "KeRaiseIrql before. Driver Verifier stops such a driver with bug check 0xE6/0x13.",
            function, irql, DISPATCH_LEVEL);
    return irql == DISPATCH_LEVEL;
}

/*
 * The driver's side of a request. Stored first of all: none of it is looked at before the callback,
 * and what arrived in registers is out of the way.
 */
static inline void fill_callback(struct vport_dma_request *request, PDEVICE_OBJECT device,
                                 PDRIVER_LIST_CONTROL routine, PVOID context)
{
    request->ready = ready;
    request->user[USER_ROUTINE] = (uintptr_t)routine;
    request->user[USER_CONTEXT] = (uintptr_t)context;
    request->user[USER_DEVICE] = (uintptr_t)device;
    request->user[USER_BUILT] = 0;
}

static VPORT_DRIVER_COLD NTSTATUS list_failed(struct vport_hal_adapter *adapter,
                                              enum vport_status status,
                                              const struct vport_dma_request *request,
                                              const void *site)
{
    report_range(adapter->hal, status, request, "GetScatterGatherList", site);
    return vport_hal_dma_status(status);
}

/* Whatever was not as get_list expects it: what is wrong is found and reported here, and what is
 * merely seldom is done. */
static VPORT_DRIVER_COLD NTSTATUS get_list_long(PDMA_ADAPTER pointer, PMDL mdl, PVOID current_va,
                                                ULONG length, BOOLEAN write,
                                                struct vport_dma_request *request, const void *site)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(pointer, "GetScatterGatherList", site);
    enum vport_status status;

    if (!adapter || !request->user[USER_ROUTINE] ||
        !at_dispatch("MR-7", "GetScatterGatherList", site))
        return STATUS_INVALID_PARAMETER;
    status = vport_hal_request(adapter, mdl, current_va, length, write, request,
                               "GetScatterGatherList", site);
    if (status != VPORT_OK)
        return vport_hal_dma_status(status);
    status = vport_dma_map(adapter->dma, request);
    return status == VPORT_OK ? STATUS_SUCCESS : list_failed(adapter, status, request, site);
}

NTSTATUS NTAPI vport_hal_get_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                                  PVOID CurrentVa, ULONG Length,
                                  PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context,
                                  BOOLEAN WriteToDevice)
{
    struct vport_hal_adapter *adapter;
    struct vport_dma_request request;
    struct vport_pages *pages;
    enum vport_status status;
    uintptr_t offset;

    fill_callback(&request, DeviceObject, ExecutionRoutine, Context);
    adapter = vport_hal_adapter_live(DmaAdapter);
    pages = vport_nt_mdl_pages_at_hand(Mdl);
    if (__builtin_expect(!adapter || !ExecutionRoutine || vport_hal_irql() != DISPATCH_LEVEL ||
                             !pages || !is_mappable(Mdl) ||
                             (!WriteToDevice && pages->access == VPORT_ACCESS_READ),
                         0))
        return get_list_long(DmaAdapter, Mdl, CurrentVa, Length, WriteToDevice, &request,
                             VPORT_HAL_SITE);
    offset = (uintptr_t)CurrentVa - (uintptr_t)MmGetMdlVirtualAddress(Mdl); /* MR-10 */
    if (__builtin_expect(offset > UINT32_MAX, 0))
        return STATUS_BUFFER_TOO_SMALL;
    request.pages = pages;
    request.offset = (uint32_t)offset;
    request.length = Length;
    request.to_device = WriteToDevice;
    status = vport_dma_map(adapter->dma, &request);
    if (__builtin_expect(status != VPORT_OK, 0))
        return list_failed(adapter, status, &request, VPORT_HAL_SITE);
    return STATUS_SUCCESS;
}

/* ---- Put ---- */

/* Takes the record of a list in a driver's buffer out of its adapter; NULL if there is none. */
static struct vport_hal_built *take_built(struct vport_hal_adapter *adapter,
                                          PSCATTER_GATHER_LIST buffer)
{
    struct vport_hal_built *found = NULL;
    KIRQL before;

    KeAcquireSpinLock(&adapter->hal->lock, &before);
    for (PLIST_ENTRY link = adapter->built.Flink; link != &adapter->built && !found;
         link = link->Flink) {
        struct vport_hal_built *built = CONTAINING_RECORD(link, struct vport_hal_built, link);

        if (built->buffer == buffer)
            found = built;
    }
    if (found) {
        RemoveEntryList(&found->link);
        atomic_fetch_sub_explicit(&adapter->built_count, 1, memory_order_relaxed);
    }
    KeReleaseSpinLock(&adapter->hal->lock, before);
    return found;
}

/* true if the list was one in the driver's own buffer, which is put now. */
static bool put_built(struct vport_hal_adapter *adapter, PSCATTER_GATHER_LIST list, bool write)
{
    struct vport_hal_built *built =
        atomic_load_explicit(&adapter->built_count, memory_order_relaxed)
            ? take_built(adapter, list)
            : NULL;

    if (!built)
        return false;
    vport_dma_unmap(adapter->dma, built->list, write);
    ExFreePoolWithTag(built, VPORT_HAL_TAG);
    return true;
}

/*
 * The adapter is not live any more, or never was: the list's own one is used. An adapter that was
 * released too early still gets its operations back this way.
 */
static void put_orphan(struct vport_dma_list *list, bool write, const void *site)
{
    struct vport_dma_adapter *owner;

    if (vport_dma_list_owner(list, &owner))
        vport_dma_unmap(owner, list, write);
    else
        vport_hal_report(vport_hal_current(), "CD-A2", site,
                         "PutScatterGatherList: neither the adapter nor the list %p is in use; put "
                         "each list once, before its adapter. Driver Verifier stops such a driver "
                         "with bug check 0xE6/0x06.",
                         (void *)list);
}

static VPORT_DRIVER_COLD void put_list_long(PDMA_ADAPTER pointer, PSCATTER_GATHER_LIST list,
                                            bool write, const void *site)
{
    struct vport_hal_adapter *adapter = vport_hal_adapter_live(pointer);
    KIRQL before = DISPATCH_LEVEL;

    if (!at_dispatch("MR-12", "PutScatterGatherList", site) && vport_hal_irql() < DISPATCH_LEVEL)
        KeRaiseIrql(DISPATCH_LEVEL, &before);
    if (!adapter)
        put_orphan((struct vport_dma_list *)list, write, site);
    else if (!put_built(adapter, list, write))
        vport_dma_unmap(adapter->dma, (struct vport_dma_list *)list, write);
    if (before < DISPATCH_LEVEL)
        KeLowerIrql(before);
}

/*
 * DISPATCH_LEVEL. Never fails: a list that is none, a wrong adapter or direction is reported, and a
 * list's own adapter and direction are used (CD-A1, CD-A2, CD-A3). Waiters are called back from
 * here.
 */
VOID NTAPI vport_hal_put_list(PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather,
                              BOOLEAN WriteToDevice)
{
    struct vport_hal_adapter *adapter = vport_hal_adapter_live(DmaAdapter);

    if (__builtin_expect(adapter && vport_hal_irql() == DISPATCH_LEVEL &&
                             !atomic_load_explicit(&adapter->built_count, memory_order_relaxed),
                         1))
        vport_dma_unmap(adapter->dma, (struct vport_dma_list *)ScatterGather, WriteToDevice);
    else
        put_list_long(DmaAdapter, ScatterGather, WriteToDevice, VPORT_HAL_SITE);
}

/* ---- Lists in the driver's own buffer ---- */

/* Any MDL, or none: then CurrentVa itself is the start of the buffer. <= DISPATCH_LEVEL. */
NTSTATUS NTAPI vport_hal_calculate_list(PDMA_ADAPTER DmaAdapter, PMDL Mdl, PVOID CurrentVa,
                                        ULONG Length, PULONG ScatterGatherListSize,
                                        PULONG pNumberOfMapRegisters)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "CalculateScatterGatherList", VPORT_HAL_SITE);
    uint64_t pages = vport_pages_spanned((uintptr_t)CurrentVa, Length), size;

    if (!adapter || !ScatterGatherListSize || !Length)
        return STATUS_INVALID_PARAMETER;
    size = FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) + pages * sizeof(SCATTER_GATHER_ELEMENT);
    if (pages > adapter->registers)
        return STATUS_INSUFFICIENT_RESOURCES;
    *ScatterGatherListSize = (ULONG)size;
    if (pNumberOfMapRegisters)
        *pNumberOfMapRegisters = (ULONG)pages;
    return STATUS_SUCCESS;
}

static void VPORT_DRIVER_CALL ready_built(const uintptr_t *user, struct vport_dma_list *list)
{
    struct vport_hal_built *built = (struct vport_hal_built *)user[USER_BUILT];

    built->list = list;
    RtlCopyMemory(built->buffer, list, sizeof(*list) + list->count * sizeof(list->elements[0]));
    deliver(user, built->buffer);
}

/* Ahead of the mapping, whose callback may put the list at once. */
static struct vport_hal_built *built_new(struct vport_hal_adapter *adapter, PVOID buffer)
{
    struct vport_hal_built *built =
        ExAllocatePoolWithTag(NonPagedPool, sizeof(*built), VPORT_HAL_TAG);
    KIRQL before;

    if (!built)
        return NULL;
    built->buffer = buffer;
    built->list = NULL;
    KeAcquireSpinLock(&adapter->hal->lock, &before);
    InsertTailList(&adapter->built, &built->link);
    atomic_fetch_add_explicit(&adapter->built_count, 1, memory_order_relaxed);
    KeReleaseSpinLock(&adapter->hal->lock, before);
    return built;
}

/* As GetScatterGatherList; STATUS_BUFFER_TOO_SMALL also when the list does not fit
 * (CalculateScatterGatherList tells). */
NTSTATUS NTAPI vport_hal_build_list(PDMA_ADAPTER DmaAdapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl,
                                    PVOID CurrentVa, ULONG Length,
                                    PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context,
                                    BOOLEAN WriteToDevice, PVOID ScatterGatherBuffer,
                                    ULONG ScatterGatherLength)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "BuildScatterGatherList", VPORT_HAL_SITE);
    struct vport_dma_request request;
    struct vport_hal_built *built;
    enum vport_status status;
    ULONG needed = 0;
    NTSTATUS answer;

    if (!adapter || !ExecutionRoutine || !ScatterGatherBuffer ||
        !at_dispatch("MR-7", "BuildScatterGatherList", VPORT_HAL_SITE))
        return STATUS_INVALID_PARAMETER;
    answer = vport_hal_calculate_list(DmaAdapter, Mdl, CurrentVa, Length, &needed, NULL);
    if (!NT_SUCCESS(answer) || needed > ScatterGatherLength)
        return NT_SUCCESS(answer) ? STATUS_BUFFER_TOO_SMALL : answer;
    status = vport_hal_request(adapter, Mdl, CurrentVa, Length, WriteToDevice, &request,
                               "BuildScatterGatherList", VPORT_HAL_SITE);
    if (status != VPORT_OK)
        return vport_hal_dma_status(status);
    built = built_new(adapter, ScatterGatherBuffer);
    if (!built)
        return STATUS_INSUFFICIENT_RESOURCES;
    fill_callback(&request, DeviceObject, ExecutionRoutine, Context);
    request.ready = ready_built;
    request.user[USER_BUILT] = (uintptr_t)built;
    status = vport_dma_map(adapter->dma, &request);
    report_range(adapter->hal, status, &request, "BuildScatterGatherList", VPORT_HAL_SITE);
    if (status != VPORT_OK && take_built(adapter, ScatterGatherBuffer))
        ExFreePoolWithTag(built, VPORT_HAL_TAG);
    return vport_hal_dma_status(status);
}

/*
 * An MDL for what the device sees. Where the device reaches the buffer itself that is the driver's
 * own MDL. Bounced memory has none that would mean anything to the CPU: STATUS_NOT_SUPPORTED, and a
 * report, since no driver expects it on this platform.
 */
NTSTATUS NTAPI vport_hal_build_mdl(PDMA_ADAPTER DmaAdapter, PSCATTER_GATHER_LIST ScatterGather,
                                   PMDL OriginalMdl, PMDL *TargetMdl)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "BuildMdlFromScatterGatherList", VPORT_HAL_SITE);
    struct vport_dma_adapter *owner;
    const struct vport_dma_platform *platform;

    if (!TargetMdl)
        return STATUS_INVALID_PARAMETER;
    *TargetMdl = NULL;
    if (!adapter || !vport_nt_mdl_pages(OriginalMdl) ||
        !vport_dma_list_owner((struct vport_dma_list *)ScatterGather, &owner) ||
        owner != adapter->dma)
        return STATUS_INVALID_PARAMETER;
    platform = &adapter->hal->bus->platform;
    if (adapter->constraints.scatter_gather && adapter->constraints.reach >= platform->highest &&
        !platform->outside) {
        *TargetMdl = OriginalMdl;
        return STATUS_SUCCESS;
    }
    vport_hal_report(adapter->hal, "MR-5", VPORT_HAL_SITE,
                     "BuildMdlFromScatterGatherList: this adapter may bounce, and bounce pages "
                     "have no MDL; use the list itself.");
    return STATUS_NOT_SUPPORTED;
}
