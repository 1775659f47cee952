/* SPDX-License-Identifier: MIT */
/*
 * A toy platform for tests of the DMA room: a few frames in an array, in two zones of bus
 * addresses, with a device's view of memory of its own when it is not coherent, and an IOMMU when
 * one is asked for.
 */
#ifndef VPORT_TESTS_TOY_H
#define VPORT_TESTS_TOY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dma/dma.h"

/* Zone 0 is low, zone 1 begins at `high_first`. */
struct toy_config {
    size_t low, high;     /* frames in each zone */
    uintptr_t low_first;  /* number of the first frame of zone 0; 0: 0x100 */
    uintptr_t high_first; /* of zone 1; 0: 0x100000, which is bus address 4 GiB */
    bool incoherent;
    bool iommu;
    uint32_t bounce_registers, direct_registers; /* 0: 256, 4096 */
    bool queue_always;
};

struct toy_mapping {
    struct toy_mapping *next;
    uint64_t first; /* page of the bus address space */
    size_t count;
    enum vport_access access;
    struct vport_frame frames[];
};

struct toy {
    struct vport_dma_platform platform;
    struct vport_dma_platform_ops ops;
    struct toy_config config;
    size_t frames;
    char *memory; /* what the CPU sees */
    char *device; /* what an incoherent device sees; else == memory */
    unsigned char *used, *shared;
    pthread_mutex_t lock;
    uint64_t iommu_next; /* page that the next IOMMU mapping begins at */
    struct toy_mapping *mappings;
    unsigned faults;         /* accesses of the device to memory that it was not given */
    unsigned iommu_failures; /* the next so many iommu_map fail */
    bool unmap_fails;
    size_t frames_most;    /* frames_alloc refuses more; 0: no limit */
    size_t frames_in_use;  /* by frames_alloc */
    unsigned synced_pages; /* calls of sync_for_device */
};

struct toy *toy_create(const struct toy_config *config);
void toy_destroy(struct toy *toy);

/* The n-th frame, of both zones. */
struct vport_frame toy_frame(const struct toy *toy, size_t index);
/* Which one it is; toy->frames: none. */
size_t toy_index(const struct toy *toy, struct vport_frame frame);
/* Its bytes as the CPU sees them. */
char *toy_bytes(struct toy *toy, struct vport_frame frame);

/* One access of the device; false, and a fault, when it may not. */
bool toy_device_read(struct toy *toy, uint64_t address, void *buffer, size_t length);
bool toy_device_write(struct toy *toy, uint64_t address, const void *buffer, size_t length);

/* A locked buffer over the given frames. `frames` stays the caller's. */
void toy_pages(struct vport_pages *pages, struct vport_frame *frames, uint32_t offset,
               size_t length);
/* The buffer's bytes, from or to plain memory, through the CPU's view. */
void toy_fetch(struct toy *toy, const struct vport_pages *pages, size_t offset, void *to,
               size_t length);
void toy_store(struct toy *toy, const struct vport_pages *pages, size_t offset, const void *from,
               size_t length);
/* Shows a buffer to the device, as KeFlushIoBuffers does. */
void toy_flush(struct toy *toy, const struct vport_pages *pages);

/* Makes an adapter on the toy; fails the test if it cannot. */
struct vport_dma_adapter *toy_adapter(struct toy *toy,
                                      const struct vport_dma_constraints *constraints,
                                      struct vport_reports *reports);

#endif
