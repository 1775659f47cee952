/* SPDX-License-Identifier: MIT */
/*
 * KeFlushIoBuffers: the CPU's caches, before a transfer. Source: wdm/nf-wdm-keflushiobuffers
 * (MR-15).
 */
#include "hal/private.h"

/* Hals of this process whose platform is not coherent. On all others there is nothing to do, and
 * this one load says so. */
static _Atomic unsigned incoherent;

void vport_hal_flush_needed(struct vport_hal *hal, bool needed)
{
    if (hal->bus->platform.ops->sync_for_device)
        atomic_fetch_add_explicit(&incoherent, needed ? 1u : -1u, memory_order_relaxed);
}

/*
 * Exactly the MDL's bytes, not a chain. To the device: what the CPU wrote becomes visible. From the
 * device: the same, because a line that the device writes in part must first have reached memory,
 * else its other bytes would be lost with it.
 */
static void __attribute__((noinline)) flush(PMDL mdl)
{
    struct vport_hal *hal = vport_hal_current();
    struct vport_dma_platform *platform = hal ? &hal->bus->platform : NULL;
    struct vport_pages *pages = vport_nt_mdl_pages(mdl);

    if (platform && platform->ops->sync_for_device && pages)
        platform->ops->sync_for_device(platform, pages->frames, pages->offset, pages->length);
}

/*
 * <= DISPATCH_LEVEL. ReadOperation TRUE: device to memory. Only DMA has caches to flush for here.
 */
VOID NTAPI KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation)
{
    if (__builtin_expect(atomic_load_explicit(&incoherent, memory_order_relaxed) != 0, 0) &&
        DmaOperation)
        flush(Mdl);
}
