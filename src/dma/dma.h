/* SPDX-License-Identifier: MIT */
/*
 * The DMA room's front door: adapters, operations, common buffers. No Windows name in here.
 *
 * An adapter is one device's DMA path: constraints that never change, a pool of map registers, a
 * FIFO of waiters. An operation is one scatter/gather list between map and unmap. src/dma/mapping.c
 * is the only way in and out for memory that a device sees.
 */
#ifndef VPORT_DMA_DMA_H
#define VPORT_DMA_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/report.h>
#include <videoport/status.h>
#include <videoport/trace.h>
#include "base/call.h"
#include "dma/platform.h"
#include "mem/space.h"

/* Layout of SCATTER_GATHER_ELEMENT and of VP_SCATTER_GATHER_ELEMENT (SG-2, SG-6, SG-7). */
struct vport_dma_element {
    uint64_t address __attribute__((aligned(8))); /* logical address */
    uint32_t length;                              /* bytes, > 0 */
    uintptr_t reserved;
};

struct vport_dma_list {
    uint32_t count;
    uintptr_t reserved;
    struct vport_dma_element elements[];
};

/* What limits an adapter. Filled once. */
struct vport_dma_constraints {
    uint64_t reach;    /* highest bus address the device can put out: 0xffffff, 0xffffffff, ~0 */
    uint64_t boundary; /* an element never crosses a multiple of this (power of two); 4 GiB normally
                          (SG-A1) */
    uint32_t max_length; /* bytes per operation; 0: no limit of the device's own */
    uint32_t registers;  /* map registers granted = most pages per operation; set by
                            vport_dma_adapter_create */
    bool scatter_gather; /* false: exactly one element per list */
};

struct vport_dma_adapter;
struct vport_dma_op;

/* How an adapter comes into being. */
struct vport_dma_adapter_config {
    struct vport_dma_platform *platform;
    unsigned device; /* for the IOMMU: which device of the bus */
    /* `registers` = most that are wanted; 0: as many as max_length needs. */
    struct vport_dma_constraints constraints;
    struct vport_reports *reports;
    struct vport_trace *trace;
    /*
     * Runs the queue when a waiter may go ahead although no unmap is about to do it (queue_always):
     * must arrange for vport_dma_adapter_dispatch() to be called soon, on the machine's terms.
     */
    void (*kick)(void *context, struct vport_dma_adapter *adapter);
    void *context;
};

struct vport_dma_statistics {
    uint64_t operations[2]; /* [to_device] lists handed out */
    uint64_t elements[2];
    uint64_t bytes[2];
    uint64_t bounced_bytes[2];
    uint64_t queued[2];      /* operations that waited for registers */
    uint32_t registers;      /* granted */
    uint32_t high_water;     /* most in use at once */
    uint32_t outstanding;    /* operations now live */
    uint32_t waiting;        /* requests now queued */
    uint32_t common_buffers; /* now allocated */
};

/*
 * Makes an adapter. Grants min(wanted, what the platform has) registers; the bounce pages behind
 * them are allocated here, and only if the adapter can ever need one. VPORT_E_NO_MEMORY,
 * VPORT_E_INVALID.
 */
enum vport_status vport_dma_adapter_create(const struct vport_dma_adapter_config *config,
                                           struct vport_dma_adapter **adapter);
/*
 * Retires the adapter: no new request; it is freed now, or when the last operation and common
 * buffer is gone (GA-A4). Returns what was outstanding. Requests still queued are dropped without a
 * callback.
 */
struct vport_dma_statistics vport_dma_adapter_destroy(struct vport_dma_adapter *adapter);
/* true if `pointer` is an adapter that has not been destroyed. Any pointer value; never faults. */
bool vport_dma_adapter_live(const void *pointer);
const struct vport_dma_constraints *
vport_dma_adapter_constraints(const struct vport_dma_adapter *adapter);
void vport_dma_adapter_statistics(struct vport_dma_adapter *adapter,
                                  struct vport_dma_statistics *statistics);
/* Lets waiters go ahead that can. Same context as vport_dma_map. */
void vport_dma_adapter_dispatch(struct vport_dma_adapter *adapter);

/*
 * Called exactly once per successful vport_dma_map, on the mapping thread or on the one whose unmap
 * freed what was missing. May call anything here, unmap of this very list included; nothing is
 * touched after it returns. `user` is the copy that the operation keeps of the request's: read it
 * before anything that may end the operation.
 */
enum { VPORT_DMA_USER = 4 };
typedef void VPORT_DRIVER_CALL vport_dma_ready(const uintptr_t *user, struct vport_dma_list *list);

struct vport_dma_request {
    struct vport_pages *pages; /* locked; stays so until unmap (see vport_pages_hold) */
    uint32_t offset;           /* of the first byte from the buffer's start */
    uint32_t length;           /* bytes, > 0 */
    bool to_device;
    vport_dma_ready *ready;
    uintptr_t user[VPORT_DMA_USER]; /* the caller's; copied into the operation, because a queued
                                       request outlives the call */
};

/*
 * Maps one operation: reserves registers (or queues for them), copies in what must bounce, builds
 * the list, calls back. VPORT_OK: called back, or queued and will be. Otherwise no callback and
 * nothing to undo: VPORT_E_RANGE: not inside the buffer; VPORT_E_INVALID: NULL or zero length;
 * VPORT_E_STATE: pages not locked, adapter retired; VPORT_E_NO_REGISTERS: needs more than were
 * granted (never succeeds: split it); VPORT_E_NO_MEMORY; VPORT_E_DEVICE (IOMMU). Nested deeper than
 * a few callbacks the request is queued, and runs when the outer callback has returned (SD-A10).
 */
enum vport_status VPORT_DRIVER_CALL vport_dma_map(struct vport_dma_adapter *adapter,
                                                  const struct vport_dma_request *request);

/*
 * Ends an operation: copies back what the device wrote into bounce pages, frees registers and list,
 * lets waiters run. `list` may be any pointer value. VPORT_E_UNKNOWN: not a live list (nothing
 * done). A wrong `adapter` or direction is reported and the recorded ones are used (CD-A1, CD-A3).
 */
enum vport_status VPORT_DRIVER_CALL vport_dma_unmap(struct vport_dma_adapter *adapter,
                                                    struct vport_dma_list *list, bool to_device);

/* true if `list` is live; then *adapter is its owner. Any pointer value. */
bool vport_dma_list_owner(const struct vport_dma_list *list, struct vport_dma_adapter **adapter);
/* Operations on `pages` that have not been unmapped yet. */
static inline uint32_t vport_pages_users(const struct vport_pages *pages)
{
    return atomic_load_explicit(&pages->users, memory_order_acquire);
}

/*
 * A common buffer: zeroed, contiguous for the device and the CPU, page aligned, at least a page,
 * within reach. NULL on failure.
 */
void *vport_dma_common_alloc(struct vport_dma_adapter *adapter, size_t length,
                             struct vport_busaddr *address);
/* VPORT_E_UNKNOWN: not a buffer of this adapter's. VPORT_E_INVALID: length or address differ; it is
 * freed all the same. */
enum vport_status vport_dma_common_free(struct vport_dma_adapter *adapter, size_t length,
                                        struct vport_busaddr address, void *buffer);

#endif
