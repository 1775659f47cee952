/* SPDX-License-Identifier: MIT */
/*
 * Map and unmap: the one place through which memory becomes visible to a device, and stops being
 * so.
 *
 * map:    check the arguments - plan (count registers) - accept (a block, users, counters) -
 * reserve (registers, IOMMU), or wait for it - commit (copy in, list) - call back. Everything that
 * can fail comes before anything can be seen. unmap:  claim the list - sync and copy out - release
 * - end (counters, block, users) - let waiters go ahead.
 *
 * Caches on a platform that is not coherent: the caller has shown the buffer to the device before
 * it maps (the hal's KeFlushIoBuffers); this room shows the device only what it wrote itself,
 * bounce pages, and at unmap shows the CPU what the device wrote, in bounce and in direct pages.
 */
#include "dma/mapping.h"

#include <string.h>

#include "base/arith.h"
#include "dma/bounce.h"
#include "dma/ready.h"
#include "dma/segment.h"
#include "dma/waiters.h"

/* ---- Accepting a request ---- */

static enum vport_status check(struct vport_dma_adapter *adapter,
                               const struct vport_dma_request *request)
{
    const struct vport_pages *pages;

    if (!adapter || !request || !request->pages || !request->ready || !request->length)
        return VPORT_E_INVALID;
    pages = request->pages;
    if (!vport_dma_adapter_live(adapter) || !pages->locked)
        return VPORT_E_STATE;
    if (!vport_range_fits(request->offset, request->length, pages->length))
        return VPORT_E_RANGE;
    return VPORT_OK;
}

static uint32_t pages_of(const struct vport_dma_request *request)
{
    return (uint32_t)vport_pages_spanned((uint64_t)request->pages->offset + request->offset,
                                         request->length);
}

/* Takes a block for the request and counts it in. From here on vport_dma_op_end undoes everything.
 */
static struct vport_dma_op *accept(struct vport_dma_adapter *adapter,
                                   const struct vport_dma_request *request, uint32_t page_count)
{
    struct vport_dma_op *op = vport_block_take(vport_dma_ops, page_count);
    unsigned slot = vport_thread_slot();

    if (!op)
        return NULL;
    atomic_store_explicit(&op->state, VPORT_OP_PREPARING, memory_order_relaxed);
    op->to_device = request->to_device;
    op->iommu = false;
    op->complained = false;
    op->page_count = page_count;
    op->adapter = adapter;
    op->pages = request->pages;
    op->ready = request->ready;
    memcpy(op->user, request->user, sizeof(op->user));
    op->offset = request->offset;
    op->length = request->length;
    op->name = 0;
    vport_shard_add(&adapter->shards[slot].started, 1, slot);
    vport_pages_hold(op->pages);
    vport_fence_after_rmw(); /* before the look at `attention`: see vport_dma_adapter_destroy */
    return op;
}

void vport_dma_op_end(struct vport_dma_op *op)
{
    struct vport_dma_adapter *adapter = op->adapter;
    struct vport_pages *pages = op->pages;
    unsigned slot = vport_thread_slot();
    uint32_t attention;

    vport_block_give(vport_dma_ops, op);
    vport_shard_add(&adapter->shards[slot].ended, 1, slot);
    vport_pages_release(pages); /* they may be gone now; registers were given back before */
    vport_fence_after_rmw();
    attention = atomic_load(&adapter->attention);
    if (__builtin_expect(attention & VPORT_ADAPTER_WAITING, 0))
        vport_dma_adapter_dispatch(adapter);
    if (__builtin_expect(attention & VPORT_ADAPTER_RETIRED, 0))
        vport_dma_adapter_drain(adapter);
}

/* ---- Reserving ---- */

static enum vport_status iommu_map_once(struct vport_dma_op *op, struct vport_busaddr *address)
{
    struct vport_dma_adapter *adapter = op->adapter;
    const struct vport_frame *frames =
        op->registers ? vport_dma_op_device_frames(op) : vport_dma_op_frames(op);

    return adapter->platform->ops->iommu_map(adapter->platform, adapter->device, frames,
                                             op->page_count,
                                             op->to_device ? VPORT_ACCESS_READ : VPORT_ACCESS_WRITE,
                                             adapter->constraints.reach, address);
}

static void iommu_unmap(struct vport_dma_op *op, struct vport_busaddr address)
{
    struct vport_dma_adapter *adapter = op->adapter;
    enum vport_status status = adapter->platform->ops->iommu_unmap(
        adapter->platform, adapter->device, address, op->page_count);

    if (status != VPORT_OK)
        vport_report(adapter->reports, "MR-12", NULL,
                     "The IOMMU would not unmap %u pages at %#llx (%s). The device may still reach "
                     "them, so they are not used "
                     "again; look for the cause in the bus.",
                     op->page_count, (unsigned long long)address.value, vport_status_text(status));
}

/* A device without scatter/gather needs one element, which may not cross a boundary. */
static bool straddles(const struct vport_dma_op *op, struct vport_busaddr address)
{
    const struct vport_dma_constraints *limits = &op->adapter->constraints;
    uint64_t first = address.value + vport_dma_op_page_offset(op);

    return !limits->scatter_gather && limits->boundary &&
           ((first ^ (first + op->length - 1)) & ~(limits->boundary - 1));
}

/* Held while the second is made, the first range pushes it past the boundary. */
static enum vport_status iommu_map(struct vport_dma_op *op)
{
    struct vport_busaddr address, first;
    enum vport_status status = iommu_map_once(op, &address);

    if (status == VPORT_OK && straddles(op, address)) {
        first = address;
        status = iommu_map_once(op, &address);
        iommu_unmap(op, first);
        if (status == VPORT_OK && straddles(op, address)) {
            iommu_unmap(op, address);
            status = VPORT_E_NO_MEMORY;
        }
    }
    op->iommu = status == VPORT_OK;
    op->iova = address.value;
    return status;
}

static void release(struct vport_dma_op *op)
{
    if (op->iommu)
        iommu_unmap(op, (struct vport_busaddr){op->iova});
    if (op->registers)
        vport_bounce_release(op);
}

bool vport_dma_op_reserve(struct vport_dma_op *op, enum vport_status *status)
{
    *status = VPORT_OK;
    if (op->registers && !vport_bounce_reserve(op))
        return false;
    if (op->adapter->iommu && !op->iommu)
        *status = iommu_map(op);
    if (*status != VPORT_OK && op->registers)
        vport_bounce_release(op);
    return *status == VPORT_OK;
}

/* ---- Committing ---- */

static void put_element(struct vport_dma_element *element, uint64_t address, uint32_t length)
{
    element->address = address;
    element->length = length;
    element->reserved = 0;
}

static uint32_t make_list(struct vport_dma_op *op)
{
    const struct vport_frame *frames =
        op->registers ? vport_dma_op_device_frames(op) : vport_dma_op_frames(op);
    uint64_t boundary = op->adapter->constraints.boundary;
    uint32_t offset = vport_dma_op_page_offset(op);

    if (op->iommu)
        return (uint32_t)vport_segment_linear(
            (struct vport_frame){(uintptr_t)(op->iova >> VPORT_PAGE_SHIFT)}, offset, op->length,
            boundary, op->list.elements);
    if (op->page_count > 1)
        return (uint32_t)vport_segment(frames, offset, op->length, boundary, op->list.elements);
    put_element(op->list.elements, vport_frame_address(frames[0]) + offset, op->length);
    return 1;
}

static void count_mapped(struct vport_dma_op *op, uint64_t bounced)
{
    unsigned slot = vport_thread_slot();
    struct vport_dma_shard *shard = &op->adapter->shards[slot];

    vport_shard_add(&shard->directions[op->to_device].operations, 1, slot);
    vport_shard_add(&shard->directions[op->to_device].elements, op->list.count, slot);
    vport_shard_add(&shard->directions[op->to_device].bytes, op->length, slot);
    if (bounced)
        vport_shard_add(&shard->directions[op->to_device].bounced_bytes, bounced, slot);
}

static void trace_mapped(struct vport_dma_op *op, uint64_t bounced)
{
    struct vport_trace *trace = op->adapter->trace;

    if (bounced)
        vport_trace(trace, VPORT_TRACE_BOUNCE, op->name, bounced, op->to_device, 0);
    for (uint32_t i = 0; i < op->list.count; i++)
        vport_trace(trace, VPORT_TRACE_ELEMENT, op->name, i, op->list.elements[i].address,
                    op->list.elements[i].length);
    vport_trace(trace, VPORT_TRACE_READY, op->adapter->name, op->name, op->list.count, bounced);
}

void vport_dma_op_commit(struct vport_dma_op *op)
{
    uint64_t bounced = op->registers ? vport_bounce_copy_in(op) : 0;

    op->list.count = make_list(op);
    op->list.reserved = 0;
    count_mapped(op, bounced);
    if (vport_trace_on(op->adapter->trace))
        trace_mapped(op, bounced);
    atomic_store_explicit(&op->state, VPORT_OP_MAPPED, memory_order_release);
    vport_ready_run(op);
}

void vport_dma_op_abandon(struct vport_dma_op *op)
{
    if (op->iommu)
        iommu_unmap(op, (struct vport_busaddr){op->iova});
    vport_dma_op_end(op);
}

/* ---- Map ---- */

static void trace_map(struct vport_dma_op *op)
{
    struct vport_dma_adapter *adapter = op->adapter;

    op->name = (uint32_t)vport_trace_name(adapter->trace, VPORT_TRACE_NAME_OPERATION);
    vport_trace(adapter->trace, VPORT_TRACE_MAP, adapter->name, op->name, op->length,
                op->to_device);
}

/* The operation holds nothing that it would have to wait for. */
static void wait_turn(struct vport_dma_op *op)
{
    struct vport_dma_adapter *adapter = op->adapter;
    unsigned slot = vport_thread_slot();

    vport_shard_add(&adapter->shards[slot].directions[op->to_device].queued, 1, slot);
    if (vport_trace_on(adapter->trace))
        vport_trace(adapter->trace, VPORT_TRACE_QUEUE, adapter->name, op->length, op->registers,
                    vport_registers_free(&adapter->registers));
    vport_waiters_add(op);
    if (!adapter->queue_always)
        vport_dma_adapter_dispatch(adapter);
    else if (adapter->kick)
        adapter->kick(adapter->context, adapter);
}

/* Waits for registers behind those who wait already; who needs none waits only if everybody has to.
 */
static enum vport_status start(struct vport_dma_op *op, uint32_t attention)
{
    struct vport_dma_adapter *adapter = op->adapter;
    bool waits = op->registers && (adapter->queue_always || attention & VPORT_ADAPTER_WAITING);
    enum vport_status status = VPORT_OK;

    if (!waits && !vport_dma_op_reserve(op, &status)) {
        if (status != VPORT_OK)
            return status;
        waits = true;
    }
    if (waits || adapter->queue_always)
        wait_turn(op);
    else
        vport_dma_op_commit(op);
    return VPORT_OK;
}

enum vport_status vport_dma_map(struct vport_dma_adapter *adapter,
                                const struct vport_dma_request *request)
{
    enum vport_status status = check(adapter, request);
    struct vport_dma_op *op;
    uint32_t pages, attention;

    if (status != VPORT_OK)
        return status;
    pages = pages_of(request);
    if (pages > adapter->constraints.registers)
        return VPORT_E_NO_REGISTERS;
    op = accept(adapter, request, pages);
    if (!op)
        return VPORT_E_NO_MEMORY;
    if (vport_trace_on(adapter->trace))
        trace_map(op);
    attention = atomic_load(&adapter->attention);
    op->registers = vport_bounce_registers(op);
    status = attention & VPORT_ADAPTER_RETIRED ? VPORT_E_STATE : start(op, attention);
    if (status != VPORT_OK)
        vport_dma_op_end(op);
    return status;
}

/* ---- Unmap ---- */

/* The live operation whose list this is, or NULL. Any pointer value. */
static struct vport_dma_op *find(const struct vport_dma_list *list)
{
    struct vport_dma_op *op =
        (struct vport_dma_op *)((uintptr_t)list - offsetof(struct vport_dma_op, list));

    if (!vport_dma_ops || !vport_block_live(vport_dma_ops, op) ||
        atomic_load_explicit(&op->state, memory_order_acquire) != VPORT_OP_MAPPED)
        return NULL;
    return op;
}

/* As find; and of several threads that unmap it only one gets it. */
static struct vport_dma_op *claim(const struct vport_dma_list *list)
{
    struct vport_dma_op *op = find(list);
    uint8_t state = VPORT_OP_MAPPED;

    if (!op || !atomic_compare_exchange_strong_explicit(&op->state, &state, VPORT_OP_PREPARING,
                                                        memory_order_acquire, memory_order_relaxed))
        return NULL;
    return op;
}

static void report_unknown(struct vport_dma_adapter *adapter, const struct vport_dma_list *list)
{
    if (vport_dma_adapter_known(adapter))
        vport_report(adapter->reports, "CD-A2", NULL,
                     "The scatter/gather list at %p is not in use: it was never handed out, or was "
                     "completed before. Complete "
                     "each list exactly once, and with the pointer that the callback was given.",
                     (const void *)list);
}

static void report_mismatch(struct vport_dma_op *op, struct vport_dma_adapter *adapter,
                            bool to_device)
{
    if (adapter != op->adapter)
        vport_report(op->adapter->reports, "CD-A3", NULL,
                     "The scatter/gather list at %p belongs to the adapter at %p but was completed "
                     "on %p. It is completed on its "
                     "own; pass the adapter that the operation was started on.",
                     (void *)&op->list, (void *)op->adapter, (void *)adapter);
    if (to_device != op->to_device)
        vport_report(op->adapter->reports, "CD-A1", NULL,
                     "The operation of the scatter/gather list at %p was started %s the device but "
                     "completed %s it. The data "
                     "went as it was started; pass the same direction to both.",
                     (void *)&op->list, op->to_device ? "to" : "from", to_device ? "to" : "from");
}

/* The CPU sees what the device wrote, and the buffer has it. */
static void bring_back(struct vport_dma_op *op)
{
    struct vport_dma_platform *platform = op->adapter->platform;

    if (platform->ops->sync_for_cpu)
        platform->ops->sync_for_cpu(
            platform, op->registers ? vport_dma_op_device_frames(op) : vport_dma_op_frames(op),
            vport_dma_op_page_offset(op), op->length);
    if (op->registers)
        vport_bounce_copy_out(op);
}

enum vport_status vport_dma_unmap(struct vport_dma_adapter *adapter, struct vport_dma_list *list,
                                  bool to_device)
{
    struct vport_dma_op *op = claim(list);

    if (!op) {
        report_unknown(adapter, list);
        return VPORT_E_UNKNOWN;
    }
    if (__builtin_expect(adapter != op->adapter || to_device != op->to_device, 0))
        report_mismatch(op, adapter, to_device);
    if (!op->to_device)
        bring_back(op);
    release(op);
    vport_trace(op->adapter->trace, VPORT_TRACE_UNMAP, op->adapter->name, op->name, op->length,
                op->to_device);
    vport_dma_op_end(op);
    return VPORT_OK;
}

bool vport_dma_list_owner(const struct vport_dma_list *list, struct vport_dma_adapter **adapter)
{
    struct vport_dma_op *op = find(list);

    if (op)
        *adapter = op->adapter;
    return op != NULL;
}
