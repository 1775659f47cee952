/* SPDX-License-Identifier: MIT */
/*
 * Common buffers, and the contiguous memory that the kernel hands out: both are frames of the
 * platform's.
 *
 * Sources: wdm/nc-wdm-pallocate_common_buffer, wdm/nc-wdm-pfree_common_buffer.
 */
#include "hal/private.h"

/* PASSIVE_LEVEL. NULL: length 0, or no memory within the device's reach. CacheEnabled is ignored
 * (CB-4). */
PVOID NTAPI vport_hal_allocate_common(PDMA_ADAPTER DmaAdapter, ULONG Length,
                                      PPHYSICAL_ADDRESS LogicalAddress, BOOLEAN CacheEnabled)
{
    struct vport_hal_adapter *adapter =
        vport_hal_adapter_check(DmaAdapter, "AllocateCommonBuffer", VPORT_HAL_SITE);
    struct vport_busaddr address = {0};
    void *buffer;

    if (!adapter || !LogicalAddress || !Length)
        return NULL;
    LogicalAddress->QuadPart = 0;
    buffer = vport_dma_common_alloc(adapter->dma, Length, &address);
    if (!buffer)
        return NULL;
    atomic_fetch_add_explicit(&adapter->common_buffers, 1, memory_order_relaxed);
    LogicalAddress->QuadPart = (LONGLONG)address.value;
    return buffer;
}

/* PASSIVE_LEVEL. Also on an adapter that was put too early: its buffers live on. */
VOID NTAPI vport_hal_free_common(PDMA_ADAPTER DmaAdapter, ULONG Length,
                                 PHYSICAL_ADDRESS LogicalAddress, PVOID VirtualAddress,
                                 BOOLEAN CacheEnabled)
{
    struct vport_hal_adapter *adapter = vport_hal_adapter_find(DmaAdapter);
    struct vport_busaddr address = {(uint64_t)LogicalAddress.QuadPart};
    enum vport_status status;

    if (!adapter || !atomic_load_explicit(&adapter->common_buffers, memory_order_relaxed)) {
        vport_hal_report(vport_hal_current(), "CB-A2", VPORT_HAL_SITE,
                         "FreeCommonBuffer: adapter %p has no common buffer. Driver Verifier stops "
                         "such a driver with bug check 0xE6/0x03.",
                         (void *)DmaAdapter);
        return;
    }
    status = vport_dma_common_free(adapter->dma, Length, address, VirtualAddress);
    if (status != VPORT_E_UNKNOWN)
        atomic_fetch_sub_explicit(&adapter->common_buffers, 1, memory_order_relaxed);
    if (status != VPORT_OK)
        vport_hal_report(adapter->hal, "CB-A2", VPORT_HAL_SITE,
                         "FreeCommonBuffer: %u bytes at %p, logical address %#llx: %s. Driver "
                         "Verifier stops such a driver with bug check 0xE6/0x03.",
                         Length, VirtualAddress, (unsigned long long)address.value,
                         status == VPORT_E_UNKNOWN
                             ? "no common buffer of this adapter's starts there, nothing is freed"
                             : "length or address are not those of the allocation; it is freed");
}

/* ---- MmAllocateContiguousMemory ---- */

/* Freed when the last lock on it is gone. */
struct contiguous {
    struct vport_dma_platform *platform;
    size_t count;
    struct vport_frame frames[];
};

static void contiguous_release(void *context)
{
    struct contiguous *memory = context;

    memory->platform->ops->frames_free(memory->platform, memory->count, memory->frames);
    ExFreePoolWithTag(memory, VPORT_HAL_TAG);
}

static bool crosses(uint64_t start, uint64_t length, uint64_t boundary)
{
    return boundary && start / boundary != (start + length - 1) / boundary;
}

/* The platform's allocator knows the highest address only; the lowest and the boundary are checked
 * on what it gives. */
static enum vport_status contiguous_frames(struct contiguous *memory, uint64_t lowest,
                                           uint64_t highest, uint64_t boundary)
{
    struct vport_dma_platform *platform = memory->platform;
    enum vport_status status =
        platform->ops->frames_alloc(platform, memory->count, highest, true, memory->frames);
    uint64_t start;

    if (status != VPORT_OK)
        return status;
    start = vport_frame_address(memory->frames[0]);
    if (start >= lowest && !crosses(start, (uint64_t)memory->count * VPORT_PAGE_SIZE, boundary))
        return VPORT_OK;
    platform->ops->frames_free(platform, memory->count, memory->frames);
    return VPORT_E_NO_MEMORY;
}

static enum vport_status contiguous_alloc(void *context, uint64_t length, uint64_t lowest,
                                          uint64_t highest, uint64_t boundary, void **address)
{
    struct vport_hal *hal = context;
    uint64_t count = vport_pages_spanned(0, length);
    struct contiguous *memory;
    enum vport_status status;

    if (count > SIZE_MAX / sizeof(struct vport_frame) - 1)
        return VPORT_E_TOO_LARGE;
    memory = ExAllocatePoolWithTag(
        NonPagedPool, sizeof(*memory) + (size_t)count * sizeof(struct vport_frame), VPORT_HAL_TAG);
    if (!memory)
        return VPORT_E_NO_MEMORY;
    memory->platform = &hal->bus->platform;
    memory->count = (size_t)count;
    status = contiguous_frames(memory, lowest, highest, boundary);
    if (status != VPORT_OK) {
        ExFreePoolWithTag(memory, VPORT_HAL_TAG);
        return status;
    }
    *address = memory->platform->ops->host(memory->platform, memory->frames[0]);
    status = vport_space_register(hal->bus->space, *address, memory->count, memory->frames, true,
                                  contiguous_release, memory);
    if (status != VPORT_OK)
        contiguous_release(memory);
    return status;
}

static void contiguous_free(void *context, void *address, uint64_t length)
{
    struct vport_hal *hal = context;

    vport_space_unregister(hal->bus->space, address);
}

static uint64_t memory_size(void *context)
{
    return ((struct vport_hal *)context)->bus->memory_size;
}

void vport_hal_memory_hook(struct vport_hal *hal)
{
    static const struct vport_nt_memory_ops ops = {.contiguous_alloc = contiguous_alloc,
                                                   .contiguous_free = contiguous_free,
                                                   .memory_size = memory_size};

    vport_nt_set_memory_ops(hal->nt, &ops, hal);
}
