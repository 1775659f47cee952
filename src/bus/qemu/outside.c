/* SPDX-License-Identifier: MIT */
/* Frames outside of the machine: see outside.h. The table is reserved whole and filled by need. */
#include "bus/qemu/outside.h"

#include <sys/mman.h>

/* As many pages as can be pinned at once: 256 GiB, or all that a 32-bit process has. */
#define PAGES ((size_t)1 << (sizeof(void *) == 8 ? 26 : 20))

enum vport_status vport_qemu_outside_create(struct vport_qemu_outside *outside)
{
    void *pages = mmap(NULL, PAGES * sizeof(*outside->pages), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *outside = (struct vport_qemu_outside){.pages = NULL};
    if (pages == MAP_FAILED)
        return VPORT_E_NO_MEMORY;
    if (!vport_bitmap_create(&outside->map, PAGES)) {
        munmap(pages, PAGES * sizeof(*outside->pages));
        return VPORT_E_NO_MEMORY;
    }
    outside->pages = pages;
    pthread_mutex_init(&outside->lock, NULL);
    return VPORT_OK;
}

void vport_qemu_outside_destroy(struct vport_qemu_outside *outside)
{
    if (!outside->pages)
        return;
    munmap((void *)outside->pages, PAGES * sizeof(*outside->pages));
    vport_bitmap_destroy(&outside->map);
    pthread_mutex_destroy(&outside->lock);
    outside->pages = NULL;
}

/* Under the lock: `count` numbers in a row, behind the last ones, so that they are not soon used
 * again. */
static size_t find_room(const struct vport_qemu_outside *outside, size_t count)
{
    size_t first = vport_bitmap_find_run(&outside->map, outside->next, PAGES, count);

    return first == VPORT_BITMAP_NOWHERE ? vport_bitmap_find_run(&outside->map, 0, PAGES, count)
                                         : first;
}

enum vport_status vport_qemu_outside_take(struct vport_qemu_outside *outside, uintptr_t page,
                                          size_t count, struct vport_frame *frames)
{
    size_t first;

    pthread_mutex_lock(&outside->lock);
    first = find_room(outside, count);
    if (first != VPORT_BITMAP_NOWHERE) {
        vport_bitmap_take(&outside->map, first, count);
        outside->next = first + count;
    }
    pthread_mutex_unlock(&outside->lock);
    if (first == VPORT_BITMAP_NOWHERE)
        return VPORT_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        atomic_store_explicit(&outside->pages[first + i], page + i * VPORT_PAGE_SIZE,
                              memory_order_release);
        frames[i].number = VPORT_QEMU_OUTSIDE_FIRST + first + i;
    }
    return VPORT_OK;
}

void vport_qemu_outside_give(struct vport_qemu_outside *outside, size_t count,
                             const struct vport_frame *frames)
{
    pthread_mutex_lock(&outside->lock);
    for (size_t i = 0; i < count; i++)
        vport_bitmap_give(&outside->map, frames[i].number - VPORT_QEMU_OUTSIDE_FIRST, 1);
    pthread_mutex_unlock(&outside->lock);
}

static enum vport_status foreign_take(void *context, uintptr_t page, size_t count,
                                      enum vport_access access, struct vport_frame *frames)
{
    (void)access; /* the probe has seen to it; no device gets here */
    return vport_qemu_outside_take(context, page, count, frames);
}

static void foreign_drop(void *context, size_t count, const struct vport_frame *frames)
{
    vport_qemu_outside_give(context, count, frames);
}

const struct vport_foreign_ops vport_qemu_outside_foreign = {
    .take = foreign_take,
    .drop = foreign_drop,
};
