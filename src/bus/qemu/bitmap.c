/* SPDX-License-Identifier: MIT */
/* Sets of pages: see bitmap.h. */
#include "bus/qemu/bitmap.h"

#include <stdlib.h>

bool vport_bitmap_create(struct vport_bitmap *map, size_t pages)
{
    map->taken = calloc(pages / 64 + 1, sizeof(*map->taken));
    map->pages = map->taken ? pages : 0;
    return map->taken != NULL;
}

void vport_bitmap_destroy(struct vport_bitmap *map)
{
    free(map->taken);
    map->taken = NULL;
}

void vport_bitmap_take(struct vport_bitmap *map, size_t first, size_t count)
{
    for (size_t page = first; page < first + count; page++)
        map->taken[page / 64] |= UINT64_C(1) << page % 64;
}

void vport_bitmap_give(struct vport_bitmap *map, size_t first, size_t count)
{
    for (size_t page = first; page < first + count; page++)
        map->taken[page / 64] &= ~(UINT64_C(1) << page % 64);
}

size_t vport_bitmap_find(const struct vport_bitmap *map, size_t from, size_t end)
{
    while (from < end) {
        uint64_t free = ~map->taken[from / 64] >> from % 64;

        if (free) {
            from += (size_t)__builtin_ctzll(free);
            return from < end ? from : VPORT_BITMAP_NOWHERE;
        }
        from = (from / 64 + 1) * 64;
    }
    return VPORT_BITMAP_NOWHERE;
}

size_t vport_bitmap_room(const struct vport_bitmap *map, size_t from, size_t end, size_t most)
{
    size_t count = 0;

    while (count < most && from + count < end && !vport_bitmap_taken(map, from + count))
        count++;
    return count;
}

size_t vport_bitmap_find_run(const struct vport_bitmap *map, size_t from, size_t end, size_t count)
{
    while ((from = vport_bitmap_find(map, from, end)) != VPORT_BITMAP_NOWHERE) {
        size_t room = vport_bitmap_room(map, from, end, count);

        if (room == count)
            return from;
        from += room;
    }
    return VPORT_BITMAP_NOWHERE;
}
