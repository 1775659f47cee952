/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine's physical memory: which frame numbers exist, who gets which, and which
 * page of this process each one names. Knows nothing of devices, drivers or locks on virtual
 * ranges.
 *
 *   bus address      use
 *   0                nobody's: address 0 stays a mistake
 *   4 KiB .. 8 MiB   kernel: bounce pages and common buffers of 24-bit devices
 *   .. 128 MiB       user
 *   .. 256 MiB       kernel: of 28-bit devices
 *   .. 2 GiB         user
 *   .. 3 GiB         kernel: of 32-bit devices
 *   .. 3.75 GiB      no memory: the window of the functions' memory BARs
 *   .. 7/8           user: from 256 MiB below the 4 GiB line on
 *   .. memory        kernel: of devices with more lines (only when there is memory above 4 GiB)
 *
 * Less memory ends the map early. A kernel request takes the highest kernel range that the device
 * can reach, so the scarce low ones are left to those who need them.
 */
#ifndef VPORT_BUS_SIM_RAM_H
#define VPORT_BUS_SIM_RAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/sim/sim.h"
#include "mem/frame.h"

#define VPORT_SIM_PCI_START 0xc0000000ull
#define VPORT_SIM_PCI_END   0xf0000000ull

enum {
    VPORT_SIM_MEMORY_MIN_SHIFT = 25, /* 32 MiB: 8 for the kernel, 24 for users */
    VPORT_SIM_MEMORY_MAX_SHIFT = 40, /* 1 TiB */
};

/* In the low bits of a table entry. */
enum {
    VPORT_SIM_WRITABLE = 1, /* a device may write there */
    VPORT_SIM_SHARED = 2,   /* both sides always see the same bytes (a common buffer) */
    VPORT_SIM_FLAGS = VPORT_PAGE_MASK
};

/* Frames [start, end). */
struct vport_sim_range {
    size_t start, end;
};

struct vport_sim_ram {
    size_t frames;
    enum vport_sim_layout layout;
    /*
     * One entry a frame: page address | flags, 0 = free. Mapped whole and filled by need; read
     * without a lock, written under `placing`.
     */
    _Atomic uintptr_t *table;
    /* What devices see when the platform is not coherent: byte 4096 * f is frame f's first. NULL:
     * they see the pages. */
    uint8_t *mirror;
    pthread_mutex_t placing;
    /* Held for reading while a device touches memory, for writing while frames lose their pages. */
    pthread_rwlock_t access;
    struct vport_sim_range user[4], kernel[4];
    unsigned user_ranges, kernel_ranges;
    size_t user_frames;
    uint64_t random;
    unsigned turn; /* contiguous layout: where the next run goes */
};

/* VPORT_E_NO_MEMORY; VPORT_E_ENVIRONMENT: this process has no room for the mirror. */
enum vport_status vport_sim_ram_init(struct vport_sim_ram *ram, uint64_t memory, bool coherent,
                                     enum vport_sim_layout layout, uint64_t seed);
void vport_sim_ram_fini(struct vport_sim_ram *ram);

/*
 * Frames for `count` consecutive pages of this process from `page` on, placed as the layout says.
 * VPORT_E_NO_MEMORY: not so many left (or not in one run); nothing is taken then.
 */
enum vport_status vport_sim_ram_take_user(struct vport_sim_ram *ram, void *page, size_t count,
                                          uintptr_t flags, struct vport_frame *frames);
/* The same for the kernel: all bytes at or below `reach`. VPORT_E_TOO_LARGE: could never be had. */
enum vport_status vport_sim_ram_take_kernel(struct vport_sim_ram *ram, void *page, size_t count,
                                            uint64_t reach, bool contiguous,
                                            struct vport_frame *frames);
/* The frames are free again; no device touches the pages behind them any more when this returns. */
void vport_sim_ram_drop(struct vport_sim_ram *ram, size_t count, const struct vport_frame *frames);
/* Adds or removes flags of frames that are taken. */
void vport_sim_ram_flag(struct vport_sim_ram *ram, size_t count, const struct vport_frame *frames,
                        uintptr_t flags, bool set);

/* The frame's entry; 0 when there is no such memory now. */
static inline uintptr_t vport_sim_ram_entry(const struct vport_sim_ram *ram, uint64_t frame)
{
    return frame < ram->frames ? atomic_load_explicit(&ram->table[frame], memory_order_acquire) : 0;
}

static inline uint8_t *vport_sim_entry_page(uintptr_t entry)
{
    return (uint8_t *)(entry & ~(uintptr_t)VPORT_SIM_FLAGS);
}

/* Where a device finds the frame's bytes. `entry` is not 0. */
static inline uint8_t *vport_sim_ram_view(const struct vport_sim_ram *ram, uint64_t frame,
                                          uintptr_t entry)
{
    if (!ram->mirror || (entry & VPORT_SIM_SHARED))
        return vport_sim_entry_page(entry);
    return ram->mirror + ((size_t)frame << VPORT_PAGE_SHIFT);
}

/* The next number of a splitmix64 stream. */
static inline uint64_t vport_sim_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
