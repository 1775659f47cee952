/* SPDX-License-Identifier: MIT */
/*
 * The machine's physical memory: a memory object shared with QEMU, in which page frame n is bytes
 * [4096 n, 4096 n + 4096). Owns which frames are taken. Does not know what for.
 *
 *   0 .. 1 MiB        nobody's: PC firmware's and video memory's holes; and address 0 stays a
 * mistake 1 MiB .. 1/4      first choice for bounce pages, common buffers and page tables, from
 * below 1/4 .. end        user memory
 */
#ifndef VPORT_BUS_QEMU_RAM_H
#define VPORT_BUS_QEMU_RAM_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>
#include "bus/qemu/bitmap.h"
#include "mem/frame.h"

struct vport_qemu_ram {
    int fd;
    uint8_t *linear; /* all of it, mapped in one piece */
    size_t frames;
    size_t user; /* first frame for user memory */
    pthread_mutex_t lock;
    struct vport_bitmap map; /* of frames */
    uint64_t random;         /* state of the layouts' random numbers */
};

/* `size` is a multiple of 1 MiB. VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_ram_create(struct vport_qemu_ram *ram, uint64_t size, uint64_t seed);
/* Also of one that was never made (all zero), or is already destroyed. */
void vport_qemu_ram_destroy(struct vport_qemu_ram *ram);

static inline void *vport_qemu_ram_host(const struct vport_qemu_ram *ram, struct vport_frame frame)
{
    return ram->linear + ((size_t)frame.number << VPORT_PAGE_SHIFT);
}

/*
 * Takes `count` zeroed frames at or below bus address `reach`, the lowest that are free.
 * VPORT_E_TOO_LARGE: there are not so many; VPORT_E_NO_MEMORY: not now.
 */
enum vport_status vport_qemu_ram_take(struct vport_qemu_ram *ram, size_t count, uint64_t reach,
                                      bool contiguous, struct vport_frame *frames);

/*
 * Takes `count` zeroed frames for user memory in runs of `run` adjacent ones (0: of random length,
 * geometric mean 8), where no run is adjacent to the one before. All or nothing: VPORT_E_NO_MEMORY.
 */
enum vport_status vport_qemu_ram_take_runs(struct vport_qemu_ram *ram, size_t count, size_t run,
                                           struct vport_frame *frames);

/* The frames are free again, and their contents gone. */
void vport_qemu_ram_give(struct vport_qemu_ram *ram, size_t count,
                         const struct vport_frame *frames);

#endif
