/* SPDX-License-Identifier: MIT */
/*
 * Adapters: making, counting, retiring. They live in a fixed table, so that any pointer can be
 * asked whether it is one.
 */
#include "dma/adapter.h"

#include <stdlib.h>

#include "base/arith.h"
#include "dma/segment_form.h"
#include "dma/waiters.h"

struct vport_dma_adapter vport_dma_adapters[VPORT_DMA_ADAPTERS];
static pthread_mutex_t table_lock =
    PTHREAD_MUTEX_INITIALIZER; /* slots, and making and freeing what they hold */
static unsigned next_slot;

struct vport_block_pool *vport_dma_ops;

/* ---- The table ---- */

bool vport_dma_adapter_live(const void *pointer)
{
    return vport_dma_adapter_state(pointer) == VPORT_ADAPTER_LIVE;
}

bool vport_dma_adapter_known(const void *pointer)
{
    return vport_dma_adapter_state(pointer) != VPORT_ADAPTER_FREE;
}

/* The slots go round, so that a pointer to an adapter that is gone stays recognisable. The table is
 * locked. */
static struct vport_dma_adapter *find_slot(void)
{
    for (unsigned i = 0; i < VPORT_DMA_ADAPTERS; i++) {
        struct vport_dma_adapter *adapter =
            &vport_dma_adapters[(next_slot + i) % VPORT_DMA_ADAPTERS];

        if (atomic_load_explicit(&adapter->state, memory_order_relaxed) == VPORT_ADAPTER_FREE) {
            next_slot = (next_slot + i + 1) % VPORT_DMA_ADAPTERS;
            return adapter;
        }
    }
    return NULL;
}

/* ---- Making one ---- */

static bool config_valid(const struct vport_dma_adapter_config *config)
{
    const struct vport_dma_constraints *limits = &config->constraints;

    return config->platform && config->platform->ops && limits->reach >= VPORT_PAGE_MASK &&
           !(limits->boundary & (limits->boundary - 1)) &&
           (!limits->boundary || limits->boundary >= VPORT_PAGE_SIZE);
}

static void fill_from_config(struct vport_dma_adapter *adapter,
                             const struct vport_dma_adapter_config *config)
{
    struct vport_dma_platform *platform = config->platform;
    uint64_t reach = config->constraints.reach;

    adapter->platform = platform;
    adapter->constraints = config->constraints;
    adapter->device = config->device;
    adapter->reports = config->reports;
    adapter->trace = config->trace;
    adapter->kick = config->kick;
    adapter->context = config->context;
    adapter->queue_always = platform->queue_always;
    adapter->iommu = platform->ops->iommu_map != NULL;
    adapter->direct_reach = adapter->iommu ? UINT64_MAX : reach;
    if (platform->outside)
        adapter->direct_reach = vport_min_u64(adapter->direct_reach, platform->highest);
    adapter->may_bounce =
        platform->outside ||
        (!adapter->iommu && (!config->constraints.scatter_gather || reach < platform->highest));
}

/*
 * Pages that one element can hold. An IOMMU is not told of boundaries: half of what lies between
 * two can always be moved behind the next.
 */
static uint64_t one_element_most(const struct vport_dma_adapter *adapter)
{
    uint64_t between = adapter->constraints.boundary >> VPORT_PAGE_SHIFT;

    if (!between)
        return VPORT_SEGMENT_FRAMES;
    if (adapter->iommu)
        between = vport_max_u64(1, between / 2);
    return vport_min_u64(between, VPORT_SEGMENT_FRAMES);
}

/* Map registers to ask the platform for. */
static uint32_t registers_wanted(const struct vport_dma_adapter *adapter)
{
    const struct vport_dma_constraints *limits = &adapter->constraints;
    uint64_t wanted = limits->registers;
    uint32_t most = adapter->may_bounce ? adapter->platform->bounce_registers
                                        : adapter->platform->direct_registers;

    if (!wanted) /* a length of that many bytes may begin anywhere in a page (GA-12) */
        wanted = limits->max_length ? vport_pages_spanned(0, limits->max_length) + 1 : 1;
    if (!limits->scatter_gather)
        wanted = vport_min_u64(wanted, one_element_most(adapter));
    return (uint32_t)vport_max_u64(1, vport_min_u64(wanted, most));
}

/* Bounce pages: as many as asked, or half as often as the platform says no. */
static enum vport_status bounce_alloc(struct vport_dma_adapter *adapter, uint32_t count)
{
    struct vport_dma_platform *platform = adapter->platform;
    enum vport_status status = VPORT_E_NO_MEMORY;

    adapter->bounce_frames = calloc(count, sizeof(adapter->bounce_frames[0]));
    if (!adapter->bounce_frames)
        return status;
    for (; count; count /= 2) {
        status = platform->ops->frames_alloc(platform, count, adapter->direct_reach, true,
                                             adapter->bounce_frames);
        if (status == VPORT_OK)
            break;
    }
    adapter->bounce_count = count;
    return status;
}

/*
 * Without scatter/gather no run of bounce pages may cross a boundary: of a pool that does, the
 * larger part before or after the first boundary in it is used.
 */
static void clip_to_boundary(const struct vport_dma_adapter *adapter, struct vport_frame *base,
                             uint32_t *count)
{
    uint64_t frames = adapter->constraints.boundary >> VPORT_PAGE_SHIFT;
    uint64_t before;

    if (adapter->constraints.scatter_gather || adapter->iommu || !frames)
        return;
    before = frames - (base->number & (frames - 1));
    if (before >= *count)
        return;
    if (before >= *count - before) {
        *count = (uint32_t)before;
    } else {
        base->number += (uintptr_t)before;
        *count = (uint32_t)vport_min_u64(*count - before, frames);
    }
}

static enum vport_status make_registers(struct vport_dma_adapter *adapter)
{
    uint32_t count = registers_wanted(adapter);
    struct vport_frame base = {0};
    enum vport_status status;

    adapter->bounce_frames = NULL;
    adapter->bounce_count = 0;
    if (adapter->may_bounce) {
        status = bounce_alloc(adapter, count);
        if (status != VPORT_OK)
            return status;
        base = adapter->bounce_frames[0];
        count = adapter->bounce_count;
        clip_to_boundary(adapter, &base, &count);
    }
    adapter->constraints.registers = count;
    return vport_registers_init(&adapter->registers, base, adapter->may_bounce ? count : 0);
}

static void free_registers(struct vport_dma_adapter *adapter)
{
    vport_registers_finish(&adapter->registers);
    if (adapter->bounce_count)
        adapter->platform->ops->frames_free(adapter->platform, adapter->bounce_count,
                                            adapter->bounce_frames);
    free(adapter->bounce_frames);
    adapter->bounce_frames = NULL;
    adapter->bounce_count = 0;
}

/* A counter's value in the shards, by the offset of the counter. */
static uint64_t sum(struct vport_dma_adapter *adapter, size_t counter)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < VPORT_THREAD_SHARDS; i++)
        total += atomic_load_explicit((vport_counter *)((char *)&adapter->shards[i] + counter),
                                      memory_order_acquire);
    return total;
}

static void clear_counters(struct vport_dma_adapter *adapter)
{
    for (unsigned i = 0; i < VPORT_THREAD_SHARDS; i++)
        for (size_t at = 0; at < sizeof(struct vport_dma_shard); at += sizeof(vport_counter))
            atomic_store_explicit((vport_counter *)((char *)&adapter->shards[i] + at), 0,
                                  memory_order_relaxed);
}

/* Not every operation goes straight through. */
static bool is_special(const struct vport_dma_adapter *adapter)
{
    return adapter->may_bounce || adapter->iommu || adapter->queue_always ||
           adapter->platform->ops->sync_for_cpu;
}

/* The table is locked. */
static enum vport_status make(struct vport_dma_adapter *adapter,
                              const struct vport_dma_adapter_config *config)
{
    enum vport_status status;

    fill_from_config(adapter, config);
    status = make_registers(adapter);
    if (status != VPORT_OK) {
        free_registers(adapter);
        return status;
    }
    clear_counters(adapter);
    if (!adapter->last_waiter) /* the slot's first adapter */
        pthread_mutex_init(&adapter->lock, NULL);
    adapter->first_waiter = NULL;
    adapter->last_waiter = &adapter->first_waiter;
    adapter->waiting[0] = adapter->waiting[1] = 0;
    adapter->common = NULL;
    atomic_store(&adapter->common_count, 0);
    atomic_store(&adapter->attention, is_special(adapter) ? VPORT_ADAPTER_SPECIAL : 0);
    adapter->name = (uint32_t)vport_trace_name(config->trace, VPORT_TRACE_NAME_ADAPTER);
    atomic_store_explicit(&adapter->state, VPORT_ADAPTER_LIVE, memory_order_release);
    return VPORT_OK;
}

static enum vport_status make_pool(void)
{
    if (vport_dma_ops)
        return VPORT_OK;
    return vport_block_pool_create("dma operations", sizeof(struct vport_dma_op),
                                   sizeof(struct vport_dma_element) + sizeof(struct vport_frame),
                                   &vport_dma_ops);
}

enum vport_status vport_dma_adapter_create(const struct vport_dma_adapter_config *config,
                                           struct vport_dma_adapter **result)
{
    struct vport_dma_adapter *adapter = NULL;
    enum vport_status status = VPORT_E_INVALID;

    *result = NULL;
    if (!config_valid(config))
        return status;
    pthread_mutex_lock(&table_lock);
    status = make_pool();
    if (status == VPORT_OK) {
        adapter = find_slot();
        status = adapter ? make(adapter, config) : VPORT_E_NO_MEMORY;
    }
    pthread_mutex_unlock(&table_lock);
    if (status != VPORT_OK)
        return status;
    vport_trace(adapter->trace, VPORT_TRACE_ADAPTER_CREATE, adapter->name,
                adapter->constraints.registers, adapter->constraints.reach,
                adapter->constraints.max_length);
    *result = adapter;
    return VPORT_OK;
}

/* ---- Looking at one ---- */

const struct vport_dma_constraints *
vport_dma_adapter_constraints(const struct vport_dma_adapter *adapter)
{
    return &adapter->constraints;
}

static uint64_t sum_of(struct vport_dma_adapter *adapter, unsigned direction, size_t counter)
{
    return sum(adapter, offsetof(struct vport_dma_shard, directions) +
                            direction * sizeof(struct vport_dma_counters) + counter);
}

#define SUM(adapter, direction, counter)                                                           \
    sum_of(adapter, direction, offsetof(struct vport_dma_counters, counter))

/* Ends are counted first: what starts in between makes the result too large, never too small. */
static uint64_t pending(struct vport_dma_adapter *adapter)
{
    uint64_t ended = sum(adapter, offsetof(struct vport_dma_shard, ended));

    return SUM(adapter, 0, accepted) + SUM(adapter, 1, accepted) - ended;
}

static void direction_statistics(struct vport_dma_adapter *adapter, unsigned direction,
                                 uint32_t waiting, struct vport_dma_statistics *statistics)
{
    uint64_t not_mapped = SUM(adapter, direction, refused) + waiting;
    uint64_t accepted = SUM(adapter, direction, accepted);

    statistics->operations[direction] = accepted - vport_min_u64(accepted, not_mapped);
    statistics->elements[direction] =
        statistics->operations[direction] + SUM(adapter, direction, more_elements);
    statistics->bytes[direction] = SUM(adapter, direction, bytes);
    statistics->bounced_bytes[direction] = SUM(adapter, direction, bounced_bytes);
    statistics->queued[direction] = SUM(adapter, direction, queued);
}

void vport_dma_adapter_statistics(struct vport_dma_adapter *adapter,
                                  struct vport_dma_statistics *statistics)
{
    uint64_t unfinished = pending(adapter);
    uint32_t waiting[2];

    vport_waiters_count(adapter, waiting);
    for (unsigned direction = 0; direction < 2; direction++)
        direction_statistics(adapter, direction, waiting[direction], statistics);
    statistics->registers = adapter->constraints.registers;
    statistics->high_water =
        atomic_load_explicit(&adapter->registers.high_water, memory_order_relaxed);
    statistics->waiting = waiting[0] + waiting[1];
    statistics->outstanding =
        (uint32_t)(unfinished - vport_min_u64(unfinished, statistics->waiting));
    statistics->common_buffers = atomic_load(&adapter->common_count);
}

/* ---- Retiring one ---- */

static void report_outstanding(struct vport_dma_adapter *adapter,
                               const struct vport_dma_statistics *left)
{
    if (left->outstanding || left->waiting || left->common_buffers)
        vport_report(adapter->reports, "GA-A4", NULL,
                     "The adapter at %p was put back with %u operations mapped, %u waiting for map "
                     "registers and %u common "
                     "buffers allocated. Those waiting are dropped; the others stay valid until "
                     "they are completed and released. "
                     "Do that before putting the adapter back.",
                     (void *)adapter, left->outstanding, left->waiting, left->common_buffers);
}

void vport_dma_adapter_drain(struct vport_dma_adapter *adapter)
{
    pthread_mutex_lock(&table_lock);
    if (atomic_load(&adapter->state) == VPORT_ADAPTER_DRAINING &&
        !atomic_load(&adapter->common_count) && !pending(adapter)) {
        free_registers(adapter);
        atomic_store_explicit(&adapter->state, VPORT_ADAPTER_FREE, memory_order_release);
    }
    pthread_mutex_unlock(&table_lock);
}

/*
 * A request that another thread is just starting either is seen here as pending, or sees the mark
 * and gives up: each of the two writes before it reads. The same goes for the end of the last
 * operation.
 */
struct vport_dma_statistics vport_dma_adapter_destroy(struct vport_dma_adapter *adapter)
{
    struct vport_dma_statistics left = {.registers = 0};
    uint32_t state = VPORT_ADAPTER_LIVE;

    if (!vport_dma_adapter_known(adapter) ||
        !atomic_compare_exchange_strong(&adapter->state, &state, VPORT_ADAPTER_RETIRING))
        return left;
    atomic_fetch_or(&adapter->attention, VPORT_ADAPTER_RETIRED);
    vport_fence_after_rmw();
    vport_dma_adapter_statistics(adapter, &left);
    report_outstanding(adapter, &left);
    vport_trace(adapter->trace, VPORT_TRACE_ADAPTER_DESTROY, adapter->name, left.outstanding, 0, 0);
    vport_waiters_drop(adapter);
    atomic_store(&adapter->state, VPORT_ADAPTER_DRAINING);
    vport_dma_adapter_drain(adapter);
    return left;
}
