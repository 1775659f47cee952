/* SPDX-License-Identifier: MIT */
/*
 * What the DMA room needs of the ground it stands on; every bus embeds one of these in its struct
 * vport_bus.
 *
 * Without an IOMMU the bus address of a frame is its number times 4096. All calls may come from any
 * thread at once.
 */
#ifndef VPORT_DMA_PLATFORM_H
#define VPORT_DMA_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>
#include "mem/frame.h"

struct vport_dma_platform;

struct vport_dma_platform_ops {
    /* CPU address of a frame's first byte; valid as long as the frame is locked or allocated. Never
     * NULL for such a frame. */
    void *(*host)(struct vport_dma_platform *platform, struct vport_frame frame);

    /*
     * Memory for bounce pages and common buffers: `count` zeroed frames, all of whose bytes lie at
     * or below bus address `reach`; adjacent and ascending if `contiguous`; `host_contiguous`
     * memory: frames[0]'s CPU address is followed by the others'. VPORT_E_NO_MEMORY;
     * VPORT_E_TOO_LARGE when it could never be had.
     */
    enum vport_status (*frames_alloc)(struct vport_dma_platform *platform, size_t count,
                                      uint64_t reach, bool contiguous, struct vport_frame *frames);
    void (*frames_free)(struct vport_dma_platform *platform, size_t count,
                        const struct vport_frame *frames);

    /*
     * Marks frames as always visible to both sides (a common buffer); NULL on a coherent platform.
     */
    void (*share)(struct vport_dma_platform *platform, size_t count,
                  const struct vport_frame *frames, bool shared);

    /*
     * NULL on a coherent platform. Bytes [offset, offset + length) of the memory that starts at
     * frames[0] (offset may be above 4095). for_device: what the CPU wrote becomes visible to the
     * device; for_cpu: the reverse.
     */
    void (*sync_for_device)(struct vport_dma_platform *platform, const struct vport_frame *frames,
                            uint64_t offset, uint64_t length);
    void (*sync_for_cpu)(struct vport_dma_platform *platform, const struct vport_frame *frames,
                         uint64_t offset, uint64_t length);

    /*
     * NULL without an IOMMU. Makes `count` frames appear at consecutive bus addresses at or below
     * `reach`, for exactly the access given; *address is that of frames[0]'s first byte.
     * VPORT_E_NO_MEMORY, VPORT_E_DEVICE. A failing unmap is a report: the mapping is gone from our
     * books, the frames are not handed out again.
     */
    enum vport_status (*iommu_map)(struct vport_dma_platform *platform, unsigned device,
                                   const struct vport_frame *frames, size_t count,
                                   enum vport_access access, uint64_t reach,
                                   struct vport_busaddr *address);
    enum vport_status (*iommu_unmap)(struct vport_dma_platform *platform, unsigned device,
                                     struct vport_busaddr address, size_t count);
};

struct vport_dma_platform {
    const struct vport_dma_platform_ops *ops;
    uint64_t highest; /* highest bus address that memory of this platform can have */
    /*
     * Some frames lie above `highest`: names for pages of this process that no device of this
     * platform can be shown at all, whatever its reach, through an IOMMU neither. They always
     * bounce (so such a platform grants bounce_registers). An IOMMU, if there is one, is shown the
     * bounce pages instead.
     */
    bool outside;
    uint32_t bounce_registers; /* most map registers an adapter that may have to bounce is granted
                                  (>= 1) */
    uint32_t direct_registers; /* the same for one that never bounces */
    bool queue_always; /* test knob: every request waits its turn in the queue, as if registers had
                          run out */
};

#endif
