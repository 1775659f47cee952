/* SPDX-License-Identifier: MIT */
/* A set of numbered pages, as bits: which are taken, and where there is room. Knows nothing else;
 * takes no lock. */
#ifndef VPORT_BUS_QEMU_BITMAP_H
#define VPORT_BUS_QEMU_BITMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VPORT_BITMAP_NOWHERE SIZE_MAX

struct vport_bitmap {
    uint64_t *taken; /* one bit a page */
    size_t pages;
};

/* All free. false: no memory. */
bool vport_bitmap_create(struct vport_bitmap *map, size_t pages);
void vport_bitmap_destroy(struct vport_bitmap *map);

static inline bool vport_bitmap_taken(const struct vport_bitmap *map, size_t page)
{
    return map->taken[page / 64] >> page % 64 & 1;
}

void vport_bitmap_take(struct vport_bitmap *map, size_t first, size_t count);
void vport_bitmap_give(struct vport_bitmap *map, size_t first, size_t count);

/* The first free page of [from, end), or VPORT_BITMAP_NOWHERE. */
size_t vport_bitmap_find(const struct vport_bitmap *map, size_t from, size_t end);
/* How many pages are free from `from` on: those before `end`, and at most `most`. */
size_t vport_bitmap_room(const struct vport_bitmap *map, size_t from, size_t end, size_t most);
/* The first place in [from, end) with `count` > 0 free pages in a row, or VPORT_BITMAP_NOWHERE. */
size_t vport_bitmap_find_run(const struct vport_bitmap *map, size_t from, size_t end, size_t count);

#endif
