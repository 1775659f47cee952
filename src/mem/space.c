/* SPDX-License-Identifier: MIT */
/*
 * The address space: locks of virtual ranges. A lock is a pin on a registered region, or frames
 * that the bus gave foreign memory, or several of these when the range lies in several places. Does
 * not know MDLs or devices.
 */
#include "mem/space.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "mem/space_quick.h"

/* One stretch of a lock: in a pinned region, or in foreign memory (region NULL). */
struct span {
    struct vport_region *region;
    uintptr_t start; /* of its first page */
    size_t pages;
};

/* The stretches of one lock, in order. */
struct vport_places {
    size_t count;
    struct span spans[];
};

/* ---- Registration ---- */

static bool frames_linear(const struct vport_frame *frames, size_t pages)
{
    for (size_t i = 1; i < pages; i++)
        if (frames[i].number != frames[0].number + i)
            return false;
    return true;
}

enum vport_status vport_space_register(struct vport_space *space, void *base, size_t pages,
                                       const struct vport_frame *frames, bool writable,
                                       void (*release)(void *), void *context)
{
    struct vport_region model = {.base = (uintptr_t)base,
                                 .pages = pages,
                                 .writable = writable,
                                 .release = release,
                                 .context = context};
    enum vport_status status;

    if (model.base & VPORT_PAGE_MASK || !pages || !frames ||
        pages > (UINTPTR_MAX - model.base) >> VPORT_PAGE_SHIFT)
        return VPORT_E_INVALID;
    /* A few more than there are, to be read and not looked at: vport_space_lock_again(). */
    model.frames = calloc(pages + VPORT_SPACE_FRAMES_AT_ONCE - 1, sizeof(*frames));
    if (!model.frames)
        return VPORT_E_NO_MEMORY;
    memcpy(model.frames, frames, pages * sizeof(*frames));
    model.linear = frames_linear(frames, pages);
    status = vport_regions_add(&space->regions, &model);
    if (status != VPORT_OK)
        free(model.frames);
    return status;
}

enum vport_status vport_space_unregister(struct vport_space *space, void *base)
{
    return vport_regions_remove(&space->regions, (uintptr_t)base);
}

/* ---- Locking ---- */

static void copy_frames(const struct vport_region *region, size_t first, size_t pages,
                        struct vport_frame *frames)
{
    if (region->linear) {
        uintptr_t number = region->frames[0].number + first;

        for (size_t i = 0; i < pages; i++)
            frames[i].number = number + i;
    } else {
        memcpy(frames, region->frames + first, pages * sizeof(*frames));
    }
}

/* The thread's next lock may be of the same region, which is pinned. */
static void remember(struct vport_space *space, struct vport_region *region)
{
    unsigned slot = vport_thread_slot();

    if (slot < VPORT_THREAD_SLOTS)
        space->last[slot] = (struct vport_space_last){
            .base = region->base,
            .bytes = region->pages << VPORT_PAGE_SHIFT,
            .region = region,
            .frames = region->frames,
            .registration = vport_region_registration(region),
            .most = region->writable ? VPORT_ACCESS_WRITE : VPORT_ACCESS_READ};
}

/* Memory of no region. A range that was unregistered under a lock is still mapped, but nobody's. */
static enum vport_status foreign_pin(struct vport_space *space, uintptr_t start, size_t pages,
                                     enum vport_access access, struct vport_frame *frames)
{
    enum vport_status status;

    if (!space->ops || !space->ops->pin ||
        vport_regions_lingers(&space->regions, start, start + (pages << VPORT_PAGE_SHIFT) - 1))
        return VPORT_E_ACCESS;
    pthread_mutex_lock(&space->foreign_lock);
    status = space->ops->pin(space->context, start, pages, access, frames);
    if (status == VPORT_OK)
        space->foreign += pages;
    pthread_mutex_unlock(&space->foreign_lock);
    return status;
}

static void foreign_unpin(struct vport_space *space, uintptr_t start, size_t pages,
                          const struct vport_frame *frames)
{
    pthread_mutex_lock(&space->foreign_lock);
    space->ops->unpin(space->context, start, pages, frames);
    space->foreign -= pages;
    pthread_mutex_unlock(&space->foreign_lock);
}

/*
 * Locks the first stretch of [start, start + pages * 4096) that lies in one place: one region, or
 * between regions. Says in *span what it did.
 */
static enum vport_status lock_span(struct vport_space *space, uintptr_t start, size_t pages,
                                   enum vport_access access, struct vport_frame *frames,
                                   struct span *span)
{
    uintptr_t next;
    struct vport_region *region = vport_regions_pin(&space->regions, start, &next);
    size_t first;

    *span = (struct span){.region = region, .start = start};
    if (!region) {
        span->pages = vport_min_u64(pages, (next - start) >> VPORT_PAGE_SHIFT);
        return foreign_pin(space, start, span->pages, access, frames);
    }
    if (access != VPORT_ACCESS_READ && !region->writable) {
        vport_regions_unpin(&space->regions, region, 1);
        return VPORT_E_ACCESS;
    }
    first = (start - region->base) >> VPORT_PAGE_SHIFT;
    span->pages = vport_min_u64(pages, region->pages - first);
    if (span->pages > 1)
        vport_region_pin_more(region, span->pages - 1);
    copy_frames(region, first, span->pages, frames);
    return VPORT_OK;
}

static void unlock_span(struct vport_space *space, const struct span *span,
                        const struct vport_frame *frames)
{
    if (span->region)
        vport_regions_unpin(&space->regions, span->region, span->pages);
    else
        foreign_unpin(space, span->start, span->pages, frames);
}

static void unlock_places(struct vport_space *space, struct vport_places *places,
                          const struct vport_frame *frames)
{
    for (size_t i = 0; i < places->count; i++) {
        unlock_span(space, &places->spans[i], frames);
        frames += places->spans[i].pages;
    }
    free(places);
}

static struct vport_places *places_add(struct vport_places *places, const struct span *span)
{
    size_t count = places ? places->count : 0;
    struct vport_places *grown =
        realloc(places, sizeof(*places) + (count + 1) * sizeof(places->spans[0]));

    if (grown) {
        grown->count = count + 1;
        grown->spans[count] = *span;
    }
    return grown;
}

/* The rest of a lock whose first stretch was too short: notes each place, undoes all of them when
 * one fails. */
static enum vport_status lock_places(struct vport_space *space, const struct span *first,
                                     size_t pages, enum vport_access access,
                                     struct vport_frame *frames, struct vport_places **result)
{
    struct span span = *first;
    struct vport_places *places = NULL;
    enum vport_status status = VPORT_OK;
    size_t done = 0;

    while (status == VPORT_OK) {
        struct vport_places *grown = places_add(places, &span);

        if (!grown) {
            unlock_span(space, &span, frames + done);
            status = VPORT_E_NO_MEMORY;
            break;
        }
        places = grown;
        done += span.pages;
        if (done == pages)
            break;
        status = lock_span(space, first->start + (done << VPORT_PAGE_SHIFT), pages - done, access,
                           frames + done, &span);
    }
    if (status != VPORT_OK && places) {
        unlock_places(space, places, frames);
        places = NULL;
    }
    *result = places;
    return status;
}

/* Nothing lies in the last page of the address space, and so no sum here wraps. */
static bool range_sane(uintptr_t start, size_t length)
{
    return vport_range_fits(start, length, UINTPTR_MAX - VPORT_PAGE_MASK);
}

enum vport_status vport_space_lock(struct vport_space *space, uintptr_t start, size_t length,
                                   enum vport_access access, struct vport_frame *frames,
                                   struct vport_pages *pages)
{
    uintptr_t first_page = start & ~(uintptr_t)VPORT_PAGE_MASK;
    enum vport_status status;
    struct vport_places *places = NULL;
    const struct vport_frame *known;
    struct span span;
    size_t count;

    if (!length || !range_sane(start, length))
        return VPORT_E_INVALID;
    count = vport_pages_spanned(start, length);
    if (vport_space_lock_again(space, start, length, count, access, frames, pages, &known)) {
        copy_frames(pages->region, (size_t)(known - pages->region->frames), count, frames);
        return VPORT_OK;
    }
    status = lock_span(space, first_page, count, access, frames, &span);
    if (status == VPORT_OK && span.pages < count)
        status = lock_places(space, &span, count, access, frames, &places);
    if (status != VPORT_OK)
        return status;
    if (span.region && !places)
        remember(space, span.region);
    vport_pages_fill(pages, start, length, access, frames);
    pages->region = places ? NULL : span.region;
    pages->places = places;
    pages->locked = true;
    return VPORT_OK;
}

void vport_space_unlock(struct vport_space *space, struct vport_pages *pages)
{
    pages->locked = false;
    if (pages->region)
        vport_space_unlock_region(space, pages);
    else if (pages->places)
        unlock_places(space, pages->places, pages->frames);
    else
        foreign_unpin(space, pages->start - pages->offset,
                      vport_pages_spanned(pages->offset, pages->length), pages->frames);
}

size_t vport_space_locked(struct vport_space *space)
{
    size_t foreign;

    pthread_mutex_lock(&space->foreign_lock);
    foreign = space->foreign;
    pthread_mutex_unlock(&space->foreign_lock);
    return foreign + vport_regions_pinned(&space->regions);
}

bool vport_space_contains(struct vport_space *space, uintptr_t address, size_t length)
{
    uintptr_t next;
    struct vport_region *region = vport_regions_pin(&space->regions, address, &next);
    bool inside;

    if (!region)
        return false;
    inside = vport_range_fits(address - region->base, length,
                              (uint64_t)region->pages << VPORT_PAGE_SHIFT);
    vport_regions_unpin(&space->regions, region, 1);
    return inside;
}

/* ---- The space ---- */

enum vport_status vport_space_create(const struct vport_space_ops *ops, void *context,
                                     struct vport_space **result)
{
    struct vport_space *space = aligned_alloc(VPORT_CACHE_LINE, sizeof(*space));
    enum vport_status status;

    *result = NULL;
    if (!space)
        return VPORT_E_NO_MEMORY;
    *space = (struct vport_space){.ops = ops, .context = context};
    status = vport_regions_init(&space->regions);
    if (status != VPORT_OK) {
        free(space);
        return status;
    }
    pthread_mutex_init(&space->foreign_lock, NULL);
    *result = space;
    return VPORT_OK;
}

size_t vport_space_destroy(struct vport_space *space)
{
    size_t locked = vport_space_locked(space);

    vport_regions_finish(&space->regions);
    pthread_mutex_destroy(&space->foreign_lock);
    free(space);
    return locked;
}
