/* SPDX-License-Identifier: MIT */
/*
 * Foreign memory: pages of this process that nobody registered (malloc, file mappings), given
 * frames for as long as they are pinned. Owns which page has which frame; the bus says where frames
 * come from. A page pinned twice has one frame, and loses it with the last pin.
 *
 * The pages are the process's own: unmapping one while it is pinned is the one mistake that no lock
 * here can turn into a refusal, because the process, not the machine, owns the mapping.
 */
#ifndef VPORT_MEM_FOREIGN_H
#define VPORT_MEM_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>
#include "mem/frame.h"

struct vport_foreign;

struct vport_foreign_ops {
    /* Frames for `count` pages from address `page` on that have none. All or nothing; any failure
     * is handed on. */
    enum vport_status (*take)(void *context, uintptr_t page, size_t count, enum vport_access access,
                              struct vport_frame *frames);
    /* The page of this frame was pinned once more, for `access`. May be NULL. */
    void (*again)(void *context, struct vport_frame frame, enum vport_access access);
    /* The last pin of these is gone. */
    void (*drop)(void *context, size_t count, const struct vport_frame *frames);
};

/* VPORT_E_NO_MEMORY. */
enum vport_status vport_foreign_create(const struct vport_foreign_ops *ops, void *context,
                                       struct vport_foreign **foreign);
/* Pins still there are forgotten: ops->drop is not called. May be NULL. */
void vport_foreign_destroy(struct vport_foreign *foreign);

/* The two of struct vport_space_ops, which serialises the calls; `context` is the struct
 * vport_foreign. */
enum vport_status vport_foreign_pin(void *context, uintptr_t start, size_t pages,
                                    enum vport_access access, struct vport_frame *frames);
void vport_foreign_unpin(void *context, uintptr_t start, size_t pages,
                         const struct vport_frame *frames);

/*
 * Are these pages there, for this access? Makes them resident. Never faults, changes no byte.
 * `populate` false: without madvise(MADV_POPULATE_*), as on kernels older than 5.14.
 * VPORT_E_ACCESS, VPORT_E_NO_MEMORY.
 */
enum vport_status vport_foreign_probe(uintptr_t start, size_t pages, enum vport_access access,
                                      bool populate);

#endif
