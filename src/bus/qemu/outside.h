/* SPDX-License-Identifier: MIT */
/*
 * Frames outside of the machine: numbers for pages of this process that QEMU does not share, and
 * that no device can therefore be shown. They lie above any bus address that memory of the machine
 * has.
 */
#ifndef VPORT_BUS_QEMU_OUTSIDE_H
#define VPORT_BUS_QEMU_OUTSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>
#include "bus/qemu/bitmap.h"
#include "mem/foreign.h"

/* Number of the first of them: bus address 4 TiB, where the machine has 2 GiB at most. */
#define VPORT_QEMU_OUTSIDE_FIRST ((uintptr_t)1 << 30)

struct vport_qemu_outside {
    _Atomic uintptr_t *pages; /* address of the page that frame VPORT_QEMU_OUTSIDE_FIRST + index
                                 names; read without a lock */
    pthread_mutex_t lock;
    struct vport_bitmap map;
    size_t next;
};

/* VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_outside_create(struct vport_qemu_outside *outside);
void vport_qemu_outside_destroy(struct vport_qemu_outside *outside);

/* Names `count` pages from address `page` on. VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_outside_take(struct vport_qemu_outside *outside, uintptr_t page,
                                          size_t count, struct vport_frame *frames);
void vport_qemu_outside_give(struct vport_qemu_outside *outside, size_t count,
                             const struct vport_frame *frames);

/* The same as struct vport_foreign_ops; the context is the struct vport_qemu_outside. */
extern const struct vport_foreign_ops vport_qemu_outside_foreign;

static inline bool vport_qemu_outside_frame(struct vport_frame frame)
{
    return frame.number >= VPORT_QEMU_OUTSIDE_FIRST;
}

/* The page of a frame that is taken. */
static inline void *vport_qemu_outside_host(const struct vport_qemu_outside *outside,
                                            struct vport_frame frame)
{
    return (void *)atomic_load_explicit(&outside->pages[frame.number - VPORT_QEMU_OUTSIDE_FIRST],
                                        memory_order_acquire);
}

#endif
