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
#include "dma/iommu.h"
#include "dma/ready.h"
#include "dma/segment.h"
#include "dma/waiters.h"

/* ---- Accepting a request ---- */

/* Why a request cannot be accepted; VPORT_OK if it can. */
static inline enum vport_status check(struct vport_dma_adapter *adapter,
                                      const struct vport_dma_request *request)
{
    const struct vport_pages *pages;

    if (!adapter || !request || !request->pages || !request->ready || !request->length)
        return VPORT_E_INVALID;
    pages = request->pages;
    if (vport_dma_adapter_state(adapter) != VPORT_ADAPTER_LIVE || !pages->locked)
        return VPORT_E_STATE;
    if (!vport_range_fits(request->offset, request->length, pages->length))
        return VPORT_E_RANGE;
    return VPORT_OK;
}

static inline uint32_t pages_of(const struct vport_dma_request *request)
{
    return (uint32_t)vport_pages_spanned((uint64_t)request->pages->offset + request->offset,
                                         request->length);
}

/* Word by word: the caller has just stored them so, and a wider load would have to wait for these
 * stores. */
static inline void copy_word(uintptr_t *to, uintptr_t word)
{
    __asm__("" : "+r"(word));
    *to = word;
}

static inline void copy_user(struct vport_dma_op *op, const struct vport_dma_request *request)
{
    copy_word(&op->user[0], request->user[0]);
    copy_word(&op->user[1], request->user[1]);
    copy_word(&op->user[2], request->user[2]);
    copy_word(&op->user[3], request->user[3]);
    _Static_assert(VPORT_DMA_USER == 4, "all of them");
}

static inline void fill(struct vport_dma_op *op, struct vport_dma_adapter *adapter,
                        const struct vport_dma_request *request, uint32_t page_count)
{
    atomic_store_explicit(&op->state, VPORT_OP_PREPARING, memory_order_relaxed);
    op->to_device = request->to_device;
    op->iommu = false;
    op->complained = false;
    op->page_count = page_count;
    op->adapter = adapter;
    op->pages = request->pages;
    op->ready = request->ready;
    op->offset = request->offset;
    op->length = request->length;
    op->name = 0;
    op->registers = 0;
    copy_user(op, request);
}

/*
 * Holds the pages of an operation that has been counted, then looks whether the adapter wants
 * attention: in this order, see vport_dma_adapter_destroy.
 */
static inline uint32_t hold(struct vport_dma_op *op)
{
    vport_pages_hold(op->pages);
    vport_fence_after_rmw();
    return atomic_load(&op->adapter->attention);
}

static VPORT_DRIVER_COLD void attend(struct vport_dma_adapter *adapter, uint32_t attention)
{
    if (attention & VPORT_ADAPTER_WAITING)
        vport_dma_adapter_dispatch(adapter);
    if (attention & VPORT_ADAPTER_RETIRED)
        vport_dma_adapter_drain(adapter);
}

/* Whatever the operation had was given back before: of the pages, their owner may have waited for
 * just this. */
static void end(struct vport_dma_op *op)
{
    struct vport_dma_adapter *adapter = op->adapter;
    struct vport_pages *pages = op->pages;
    unsigned slot = vport_thread_slot();
    uint32_t attention;

    vport_block_give(vport_dma_ops, op);
    vport_shard_add(&adapter->shards[slot].ended, 1, slot);
    vport_pages_release(pages);
    vport_fence_after_rmw();
    attention = atomic_load(&adapter->attention) & ~(uint32_t)VPORT_ADAPTER_SPECIAL;
    if (__builtin_expect(attention, 0))
        attend(adapter, attention);
}

/* Ends an operation that was accepted but is not mapped, and holds nothing any more. */
static __attribute__((noinline)) void refuse(struct vport_dma_op *op)
{
    unsigned slot = vport_thread_slot();

    vport_shard_add(&op->adapter->shards[slot].directions[op->to_device].refused, 1, slot);
    end(op);
}

/* ---- Reserving ---- */

static void release(struct vport_dma_op *op)
{
    if (op->iommu)
        vport_iommu_unmap(op);
    if (op->registers)
        vport_bounce_release(op);
}

bool vport_dma_op_reserve(struct vport_dma_op *op, enum vport_status *status)
{
    *status = VPORT_OK;
    if (op->registers && !vport_bounce_reserve(op))
        return false;
    if (op->adapter->iommu && !op->iommu)
        *status = vport_iommu_map(op);
    if (*status != VPORT_OK && op->registers)
        vport_bounce_release(op);
    return *status == VPORT_OK;
}

/* ---- Committing ---- */

static __attribute__((noinline)) uint32_t make_long_list(struct vport_dma_op *op)
{
    const struct vport_frame *frames =
        op->registers ? vport_dma_op_device_frames(op) : vport_dma_op_frames(op);
    uint64_t boundary = op->adapter->constraints.boundary;
    uint32_t offset = vport_dma_op_page_offset(op);

    if (op->iommu)
        return (uint32_t)vport_segment_linear(
            (struct vport_frame){(uintptr_t)(op->iova >> VPORT_PAGE_SHIFT)}, offset, op->length,
            boundary, op->list.elements);
    return (uint32_t)vport_segment(frames, offset, op->length, boundary, op->list.elements);
}

static inline void put_page(struct vport_dma_op *op, struct vport_frame frame)
{
    op->list.count = 1;
    op->list.reserved = 0;
    op->list.elements[0].address = vport_frame_address(frame) + vport_dma_op_page_offset(op);
    op->list.elements[0].length = op->length;
    op->list.elements[0].reserved = 0;
}

static void make_list(struct vport_dma_op *op)
{
    if (op->page_count > 1 || op->iommu) {
        op->list.count = make_long_list(op);
        op->list.reserved = 0;
    } else {
        put_page(op, op->registers ? *vport_dma_op_device_frames(op) : *vport_dma_op_frames(op));
    }
}

static inline void count_mapped(struct vport_dma_op *op, uint64_t bounced, unsigned slot)
{
    struct vport_dma_counters *counters = &op->adapter->shards[slot].directions[op->to_device];

    vport_shard_add(&counters->bytes, op->length, slot);
    if (op->list.count > 1)
        vport_shard_add(&counters->more_elements, op->list.count - 1, slot);
    if (bounced)
        vport_shard_add(&counters->bounced_bytes, bounced, slot);
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

/* What the device will need is in place: makes the list and calls back. */
static void finish(struct vport_dma_op *op, uint64_t bounced, unsigned slot)
{
    make_list(op);
    count_mapped(op, bounced, slot);
    if (vport_trace_on(op->adapter->trace))
        trace_mapped(op, bounced);
    atomic_store_explicit(&op->state, VPORT_OP_MAPPED, memory_order_release);
    vport_ready_run(op);
}

void vport_dma_op_commit(struct vport_dma_op *op)
{
    finish(op, op->registers ? vport_bounce_copy_in(op) : 0, vport_thread_slot());
}

void vport_dma_op_abandon(struct vport_dma_op *op)
{
    if (op->iommu)
        vport_iommu_unmap(op);
    refuse(op);
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
    if (adapter->queue_always && adapter->kick)
        adapter->kick(adapter->context, adapter);
}

/*
 * Waits for registers behind those who wait already; who needs none waits only if everybody has to.
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

/* An operation that may have to bounce, to wait, or to go through an IOMMU; or whose adapter is
 * going. */
static VPORT_DRIVER_COLD enum vport_status map_special(struct vport_dma_op *op, uint32_t attention)
{
    enum vport_status status = VPORT_E_STATE;

    op->registers = vport_bounce_registers(op);
    if (!(attention & VPORT_ADAPTER_RETIRED))
        status = start(op, attention);
    if (status != VPORT_OK)
        refuse(op);
    return status;
}

static VPORT_DRIVER_COLD enum vport_status map(struct vport_dma_adapter *adapter,
                                               const struct vport_dma_request *request)
{
    enum vport_status status = check(adapter, request);
    unsigned slot = vport_thread_slot();
    struct vport_dma_op *op;
    uint32_t pages, attention;

    if (status != VPORT_OK)
        return status;
    pages = pages_of(request);
    if (pages > adapter->constraints.registers)
        return VPORT_E_NO_REGISTERS;
    op = vport_block_take(vport_dma_ops, pages);
    if (!op)
        return VPORT_E_NO_MEMORY;
    fill(op, adapter, request, pages);
    vport_shard_add(&adapter->shards[slot].directions[op->to_device].accepted, 1, slot);
    attention = hold(op);
    if (vport_trace_on(adapter->trace))
        trace_map(op);
    if (attention)
        return map_special(op, attention);
    finish(op, 0, slot);
    return VPORT_OK;
}

/*
 * The commonest operation, one page that needs nothing special on a quiet adapter, has a way of its
 * own: what is not as it expects goes the general way. It does the same steps in the same order.
 */
static inline bool goes_straight(struct vport_dma_adapter *adapter,
                                 const struct vport_dma_request *request)
{
    return check(adapter, request) == VPORT_OK && pages_of(request) == 1 &&
           !atomic_load_explicit(&adapter->attention, memory_order_relaxed) &&
           !vport_trace_on(adapter->trace) && vport_ready_now() &&
           vport_thread_own_slot() < VPORT_THREAD_SLOTS;
}

enum vport_status VPORT_DRIVER_CALL vport_dma_map(struct vport_dma_adapter *adapter,
                                                  const struct vport_dma_request *request)
{
    struct vport_dma_counters *counters;
    struct vport_dma_op *op;
    uint32_t attention;

    if (__builtin_expect(!goes_straight(adapter, request), 0))
        return map(adapter, request);
    op = vport_block_take_kept(vport_dma_ops);
    if (__builtin_expect(!op, 0))
        return map(adapter, request);
    fill(op, adapter, request, 1);
    put_page(op, vport_dma_op_frames(op)[0]);
    counters = &adapter->shards[vport_thread_own_slot()].directions[op->to_device];
    vport_shard_add_own(&counters->accepted, 1);
    attention = hold(op);
    if (__builtin_expect(attention, 0))
        return map_special(op, attention);
    vport_shard_add_own(&counters->bytes, op->length);
    atomic_store_explicit(&op->state, VPORT_OP_MAPPED, memory_order_release);
    vport_ready_call(op);
    return VPORT_OK;
}

/* ---- Unmap ---- */

static inline struct vport_dma_op *op_of(const struct vport_dma_list *list)
{
    return (struct vport_dma_op *)((uintptr_t)list - offsetof(struct vport_dma_op, list));
}

/* The live operation whose list this is, or NULL. Any pointer value. */
static struct vport_dma_op *find(const struct vport_dma_list *list)
{
    struct vport_dma_op *op = op_of(list);

    if (!vport_dma_ops || !vport_block_live(vport_dma_ops, op) ||
        atomic_load_explicit(&op->state, memory_order_acquire) != VPORT_OP_MAPPED)
        return NULL;
    return op;
}

/* Of several threads that unmap a list only one gets it. */
static inline bool claim(struct vport_dma_op *op)
{
    uint8_t state = VPORT_OP_MAPPED;

    return atomic_compare_exchange_strong_explicit(&op->state, &state, VPORT_OP_PREPARING,
                                                   memory_order_acquire, memory_order_relaxed);
}

static __attribute__((noinline)) void report_unknown(struct vport_dma_adapter *adapter,
                                                     const struct vport_dma_list *list)
{
    if (vport_dma_adapter_known(adapter))
        vport_report(adapter->reports, "CD-A2", NULL,
                     "The scatter/gather list at %p is not in use: it was never handed out, or was "
                     "completed before. Complete "
                     "each list exactly once, and with the pointer that the callback was given.",
                     (const void *)list);
}

static __attribute__((noinline)) void
report_mismatch(struct vport_dma_op *op, struct vport_dma_adapter *adapter, bool to_device)
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

/* The rest of an unmap, for whoever claimed the operation. */
static VPORT_DRIVER_COLD enum vport_status
unmap_claimed(struct vport_dma_op *op, struct vport_dma_adapter *adapter, bool to_device)
{
    if (adapter != op->adapter || to_device != op->to_device)
        report_mismatch(op, adapter, to_device);
    if (!op->to_device)
        bring_back(op);
    release(op);
    vport_trace(op->adapter->trace, VPORT_TRACE_UNMAP, op->adapter->name, op->name, op->length,
                op->to_device);
    end(op);
    return VPORT_OK;
}

static VPORT_DRIVER_COLD enum vport_status unmap(struct vport_dma_adapter *adapter,
                                                 struct vport_dma_list *list, bool to_device)
{
    struct vport_dma_op *op = find(list);

    if (op && claim(op))
        return unmap_claimed(op, adapter, to_device);
    report_unknown(adapter, list);
    return VPORT_E_UNKNOWN;
}

/* As goes_straight: nothing was bounced or mapped by an IOMMU, nobody listens, nothing is wrong. */
static inline bool ends_straight(const struct vport_dma_op *op, struct vport_dma_adapter *adapter,
                                 bool to_device)
{
    return adapter == op->adapter && to_device == op->to_device &&
           !atomic_load_explicit(&adapter->attention, memory_order_relaxed) &&
           !vport_trace_on(adapter->trace) && vport_thread_own_slot() < VPORT_THREAD_SLOTS;
}

enum vport_status VPORT_DRIVER_CALL vport_dma_unmap(struct vport_dma_adapter *adapter,
                                                    struct vport_dma_list *list, bool to_device)
{
    struct vport_dma_op *op = op_of(list);
    struct vport_pages *pages;
    uint32_t attention;

    if (__builtin_expect(!vport_dma_ops || !vport_block_is_small(vport_dma_ops, op) || !claim(op),
                         0))
        return unmap(adapter, list, to_device);
    pages = op->pages;
    if (__builtin_expect(!ends_straight(op, adapter, to_device) ||
                             !vport_block_give_kept(vport_dma_ops, op, 0),
                         0))
        return unmap_claimed(op, adapter, to_device);
    vport_shard_add_own(&adapter->shards[vport_thread_own_slot()].ended, 1);
    vport_pages_release(pages);
    vport_fence_after_rmw();
    attention = atomic_load(&adapter->attention);
    if (__builtin_expect(attention, 0))
        attend(adapter, attention);
    return VPORT_OK;
}

bool vport_dma_list_owner(const struct vport_dma_list *list, struct vport_dma_adapter **adapter)
{
    struct vport_dma_op *op = find(list);

    if (op)
        *adapter = op->adapter;
    return op != NULL;
}
