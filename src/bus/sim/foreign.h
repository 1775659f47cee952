/* SPDX-License-Identifier: MIT */
/*
 * Foreign memory: pages of this process that nobody registered (malloc, file mappings), given
 * frames for as long as they are pinned. A page pinned twice has one frame, and loses it with the
 * last pin. The space serialises the calls.
 *
 * The pages are the process's own: unmapping one while it is pinned is the one mistake that no lock
 * here can turn into a refusal, because the process, not the machine, owns the mapping.
 */
#ifndef VPORT_BUS_SIM_FOREIGN_H
#define VPORT_BUS_SIM_FOREIGN_H

#include "bus/sim/ram.h"

struct vport_sim_pin {
    uintptr_t page; /* address; 0: the slot is empty */
    size_t frame;
    uint32_t pins;
};

/* Open addressing, at most half full. */
struct vport_sim_foreign {
    struct vport_sim_ram *ram;
    struct vport_sim_pin *slots;
    size_t size; /* slots, a power of two, or 0 */
    size_t used;
};

void vport_sim_foreign_init(struct vport_sim_foreign *foreign, struct vport_sim_ram *ram);
/* Everything still pinned is let go. */
void vport_sim_foreign_fini(struct vport_sim_foreign *foreign);

/* The two of struct vport_space_ops; `context` is the struct vport_sim_foreign. */
enum vport_status vport_sim_foreign_pin(void *context, uintptr_t start, size_t pages,
                                        enum vport_access access, struct vport_frame *frames);
void vport_sim_foreign_unpin(void *context, uintptr_t start, size_t pages,
                             const struct vport_frame *frames);

/*
 * Are these pages there, for this access? Makes them resident. Never faults, changes no byte.
 * `populate` false: without madvise(MADV_POPULATE_*), as on kernels older than 5.14.
 */
enum vport_status vport_sim_probe(uintptr_t start, size_t pages, enum vport_access access,
                                  bool populate);

#endif
