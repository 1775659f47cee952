/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of page spans, and the address space with regions, foreign memory and locks as the
 * fuzzer likes, against a plain array with one entry a page.
 *
 * input: which foreign pages are there 8, then commands: what 1, and what each takes
 */
#include "input.h"

#include <string.h>

#include "mem/space.h"

enum { PAGES = 64, LOCKS = 6, COMMANDS = 200 };
#define BASE ((uintptr_t)0x10000000)

/* One page of the window that the commands are about. */
struct page {
    unsigned region; /* its number; 0: foreign */
    uintptr_t frame;
    bool writable;
};

/* A region that was made. */
struct region {
    size_t first, count;
    bool removed;
    unsigned pins;
};

struct lock {
    bool live;
    size_t count;
    unsigned region[PAGES]; /* of each page, when it was locked */
    struct vport_pages pages;
    struct vport_frame frames[PAGES + 1];
};

static struct vport_space *space;
static struct page window[PAGES];
static struct lock locks[LOCKS];
static uint64_t present; /* foreign pages that can be pinned */
static int pins[PAGES];  /* foreign pins */
static struct region made[COMMANDS + 1];
static unsigned regions, gone; /* made; released */

static uintptr_t foreign_frame(size_t page)
{
    return 1000 + page;
}

static enum vport_status pin(void *context, uintptr_t start, size_t pages, enum vport_access access,
                             struct vport_frame *frames)
{
    size_t first = (start - BASE) / VPORT_PAGE_SIZE;

    (void)context;
    (void)access;
    must(start % VPORT_PAGE_SIZE == 0 && pages > 0);
    if (start < BASE || first >= PAGES || pages > PAGES - first)
        return VPORT_E_ACCESS;
    for (size_t i = first; i < first + pages; i++)
        if (!(present >> i & 1))
            return VPORT_E_ACCESS;
    for (size_t i = 0; i < pages; i++) {
        frames[i].number = foreign_frame(first + i);
        pins[first + i]++;
    }
    return VPORT_OK;
}

static void unpin(void *context, uintptr_t start, size_t pages, const struct vport_frame *frames)
{
    size_t first = (start - BASE) / VPORT_PAGE_SIZE;

    (void)context;
    for (size_t i = 0; i < pages; i++) {
        must(frames[i].number == foreign_frame(first + i));
        must(pins[first + i]-- > 0);
    }
}

static void release(void *context)
{
    (void)context;
    gone++;
}

static void do_register(struct input *input)
{
    size_t first = input_take(input, 1) % PAGES, count = input_take(input, 1) % 20;
    bool writable = input_take(input, 1) & 1, linear = input_take(input, 1) & 1,
         free_of_regions = true;
    struct vport_frame frames[20];
    enum vport_status status;

    count = count < PAGES - first ? count : PAGES - first;
    for (size_t i = 0; i < count; i++) {
        frames[i].number = 100000 + regions * 1000 + (linear ? i : 3 * i);
        free_of_regions &= !window[first + i].region;
    }
    status = vport_space_register(space, (void *)(BASE + first * VPORT_PAGE_SIZE), count, frames,
                                  writable, release, NULL);
    must(status == (!count ? VPORT_E_INVALID : free_of_regions ? VPORT_OK : VPORT_E_BUSY));
    if (status != VPORT_OK)
        return;
    made[++regions] = (struct region){.first = first, .count = count};
    for (size_t i = 0; i < count; i++)
        window[first + i] = (struct page){regions, frames[i].number, writable};
}

static void do_unregister(struct input *input)
{
    size_t first = input_take(input, 1) % PAGES;
    unsigned region = window[first].region;
    bool begins = region && (first == 0 || window[first - 1].region != region);

    must(vport_space_unregister(space, (void *)(BASE + first * VPORT_PAGE_SIZE)) ==
         (begins ? VPORT_OK : VPORT_E_UNKNOWN));
    if (!begins)
        return;
    made[region].removed = true;
    for (size_t i = first; i < first + made[region].count; i++)
        window[i] = (struct page){0};
}

/* The page was given up, and only a lock keeps it: it is not foreign memory. */
static bool lingers(size_t page)
{
    for (unsigned i = 1; i <= regions; i++)
        if (made[i].removed && made[i].pins && page - made[i].first < made[i].count)
            return true;
    return false;
}

static bool lockable(size_t page, enum vport_access access)
{
    if (page >= PAGES)
        return false;
    if (window[page].region)
        return access == VPORT_ACCESS_READ || window[page].writable;
    return present >> page & 1 && !lingers(page);
}

/* What a lock of these pages of the window ought to say. */
static enum vport_status expected(size_t first, size_t last, enum vport_access access)
{
    for (size_t i = first; i <= last; i++)
        if (!lockable(i, access))
            return VPORT_E_ACCESS;
    return VPORT_OK;
}

static void note_pins(struct lock *lock, size_t first, size_t last)
{
    lock->count = last - first + 1;
    for (size_t i = first; i <= last; i++) {
        lock->region[i - first] = window[i].region;
        if (window[i].region)
            made[window[i].region].pins++;
    }
}

static void do_lock(struct input *input)
{
    struct lock *lock = &locks[input_take(input, 1) % LOCKS];
    uint32_t start = input_take(input, 3) % (PAGES * VPORT_PAGE_SIZE);
    uint32_t length = input_take(input, 3) % (PAGES * VPORT_PAGE_SIZE);
    enum vport_access access = input_take(input, 1) & 1 ? VPORT_ACCESS_WRITE : VPORT_ACCESS_READ;
    size_t first = start / VPORT_PAGE_SIZE, last = (start + length - 1) / VPORT_PAGE_SIZE;
    enum vport_status status;

    if (lock->live)
        return;
    status = vport_space_lock(space, BASE + start, length, access, lock->frames, &lock->pages);
    must(status == (length ? expected(first, last, access) : VPORT_E_INVALID));
    lock->live = status == VPORT_OK;
    if (!lock->live)
        return;
    note_pins(lock, first, last);
    must(vport_pages_spanned(lock->pages.offset, lock->pages.length) == last - first + 1);
    for (size_t i = first; i <= last; i++)
        must(lock->frames[i - first].number ==
             (window[i].region ? window[i].frame : foreign_frame(i)));
}

static void unlock(struct lock *lock)
{
    if (!lock->live)
        return;
    vport_space_unlock(space, &lock->pages);
    lock->live = false;
    for (size_t i = 0; i < lock->count; i++)
        if (lock->region[i])
            made[lock->region[i]].pins--;
}

/* Ranges anywhere in the address space; those that touch the window are do_lock's. */
static void do_wild_lock(struct input *input)
{
    uintptr_t start = (uintptr_t)input_take(input, 8);
    size_t length = (size_t)input_take(input, 8) >> input_take(input, 1) % 64;
    static struct vport_frame frames[2 * PAGES];
    struct vport_pages pages;
    enum vport_status status;
    bool wraps =
        length > UINTPTR_MAX - VPORT_PAGE_MASK || start > UINTPTR_MAX - VPORT_PAGE_MASK - length;

    if (!wraps && start < BASE + PAGES * VPORT_PAGE_SIZE && start + length > BASE)
        return;
    status = vport_space_lock(space, start, length, VPORT_ACCESS_READ, frames, &pages);
    must(status == (wraps || !length ? VPORT_E_INVALID : VPORT_E_ACCESS));
}

static void do_contains(struct input *input)
{
    uint32_t start = input_take(input, 3) % (PAGES * VPORT_PAGE_SIZE);
    uint32_t length = input_take(input, 3) % (PAGES * VPORT_PAGE_SIZE);
    size_t first = start / VPORT_PAGE_SIZE,
           last = length ? (start + length - 1) / VPORT_PAGE_SIZE : first;
    bool inside = window[first].region != 0;

    for (size_t i = first; i <= last; i++)
        inside &= i < PAGES && window[i].region == window[first].region;
    must(vport_space_contains(space, BASE + start, length) == inside);
}

/* Pages touched, counted by the first and the last byte. */
static void do_span(struct input *input)
{
    uint64_t start = input_take(input, 8) >> 1, length = (input_take(input, 8) >> 2) + 1;

    must(vport_pages_spanned(start, length) ==
         (start + length - 1) / VPORT_PAGE_SIZE - start / VPORT_PAGE_SIZE + 1);
}

static void command(struct input *input)
{
    switch (input_take(input, 1) % 8) {
    case 0:
        do_register(input);
        break;
    case 1:
        do_unregister(input);
        break;
    case 2:
    case 3:
        do_lock(input);
        break;
    case 4:
        unlock(&locks[input_take(input, 1) % LOCKS]);
        break;
    case 5:
        do_wild_lock(input);
        break;
    case 6:
        do_contains(input);
        break;
    default:
        do_span(input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct vport_space_ops ops = {pin, unpin};
    struct input input = {bytes, size};

    memset(window, 0, sizeof(window));
    regions = gone = 0;
    must(vport_space_create(&ops, NULL, &space) == VPORT_OK);
    present = input_take(&input, 8);
    for (int i = 0; i < COMMANDS && input.length; i++)
        command(&input);
    for (size_t i = 0; i < LOCKS; i++)
        unlock(&locks[i]);
    must(vport_space_locked(space) == 0);
    must(vport_space_destroy(space) == 0);
    must(gone == regions);
    for (size_t i = 0; i < PAGES; i++)
        must(pins[i] == 0);
    return 0;
}
