/* SPDX-License-Identifier: MIT */
/* The frame table, the map of ram.h, and the layouts. Must not know what the pages are used for. */
#include "bus/sim/ram.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arith.h"

static size_t frames_of(uint64_t bytes)
{
    return (size_t)(bytes >> VPORT_PAGE_SHIFT);
}

#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

static void add_range(struct vport_sim_range *ranges, unsigned *count, size_t start, size_t end,
                      size_t limit)
{
    if (end > limit)
        end = limit;
    if (start < end)
        ranges[(*count)++] = (struct vport_sim_range){start, end};
}

static void draw_map(struct vport_sim_ram *ram, uint64_t memory)
{
    size_t all = ram->frames;
    size_t user_end =
        memory > GIB(4) ? frames_of(vport_align_down(memory / 8 * 7, VPORT_PAGE_SIZE)) : all;

    add_range(ram->kernel, &ram->kernel_ranges, 1, frames_of(MIB(8)), all);
    add_range(ram->kernel, &ram->kernel_ranges, frames_of(MIB(128)), frames_of(MIB(256)), all);
    add_range(ram->kernel, &ram->kernel_ranges, frames_of(GIB(2)), frames_of(VPORT_SIM_PCI_START),
              all);
    if (user_end < frames_of(GIB(4)))
        user_end = vport_min_u64(all, frames_of(GIB(4)));
    add_range(ram->kernel, &ram->kernel_ranges, user_end, all, all);

    add_range(ram->user, &ram->user_ranges, frames_of(MIB(8)), frames_of(MIB(128)), all);
    add_range(ram->user, &ram->user_ranges, frames_of(MIB(256)), frames_of(GIB(2)), all);
    add_range(ram->user, &ram->user_ranges, frames_of(VPORT_SIM_PCI_END), user_end, all);
    for (unsigned i = 0; i < ram->user_ranges; i++)
        ram->user_frames += ram->user[i].end - ram->user[i].start;
}

static void *map_sparse(uint64_t bytes)
{
    void *memory = MAP_FAILED;
    if (bytes <= SIZE_MAX / 2)
        memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

enum vport_status vport_sim_ram_init(struct vport_sim_ram *ram, uint64_t memory, bool coherent,
                                     enum vport_sim_layout layout, uint64_t seed)
{
    *ram = (struct vport_sim_ram){.frames = frames_of(memory), .layout = layout, .random = seed};
    ram->table = map_sparse((uint64_t)ram->frames * sizeof(*ram->table));
    if (!ram->table)
        return VPORT_E_NO_MEMORY;
    if (!coherent) {
        ram->mirror = map_sparse((uint64_t)ram->frames << VPORT_PAGE_SHIFT);
        if (!ram->mirror) {
            munmap((void *)ram->table, ram->frames * sizeof(*ram->table));
            return VPORT_E_ENVIRONMENT;
        }
    }
    pthread_mutex_init(&ram->placing, NULL);
    pthread_rwlock_init(&ram->access, NULL);
    draw_map(ram, memory);
    return VPORT_OK;
}

void vport_sim_ram_fini(struct vport_sim_ram *ram)
{
    munmap((void *)ram->table, ram->frames * sizeof(*ram->table));
    if (ram->mirror)
        munmap(ram->mirror, ram->frames << VPORT_PAGE_SHIFT);
    pthread_rwlock_destroy(&ram->access);
    pthread_mutex_destroy(&ram->placing);
}

/* ---- Finding free frames: all under `placing` -------------------------------------------- */

static bool is_free(const struct vport_sim_ram *ram, size_t frame)
{
    return atomic_load_explicit(&ram->table[frame], memory_order_relaxed) == 0;
}

/*
 * The lowest run of `count` free frames in [start, end); 0 (never handed out) when there is none.
 */
static size_t find_run(const struct vport_sim_ram *ram, size_t start, size_t end, size_t count)
{
    while (count <= end - start) {
        size_t last = start + count;
        while (last > start && is_free(ram, last - 1))
            last--;
        if (last == start)
            return start;
        start = last; /* the frame before it is taken: no run can begin earlier */
    }
    return 0;
}

/* The index-th frame of all that users may have, counted through the ranges. */
static size_t user_frame(const struct vport_sim_ram *ram, size_t index)
{
    const struct vport_sim_range *range = ram->user;
    while (index >= range->end - range->start) {
        index -= range->end - range->start;
        range++;
    }
    return range->start + index;
}

/* A free user frame somewhere, no neighbour of `previous`; 0 when there is none. */
static size_t find_apart(struct vport_sim_ram *ram, size_t previous)
{
    size_t start = vport_sim_random(&ram->random) % ram->user_frames;
    for (size_t i = 0; i < ram->user_frames; i++) {
        size_t frame = user_frame(ram, (start + i) % ram->user_frames);
        if (is_free(ram, frame) && frame != previous + 1 && frame + 1 != previous)
            return frame;
    }
    return 0;
}

/* The frame after `previous` if a mixed run goes on: with probability 7/8, so that runs are 8
 * frames in the mean. */
static size_t find_next(struct vport_sim_ram *ram, size_t previous)
{
    if (vport_sim_random(&ram->random) % 8 == 0)
        return 0;
    for (unsigned i = 0; i < ram->user_ranges; i++)
        if (previous >= ram->user[i].start && previous + 1 < ram->user[i].end)
            return is_free(ram, previous + 1) ? previous + 1 : 0;
    return 0;
}

/*
 * Where a contiguous run should go. Runs take turns: across the 4 GiB line (half of it within a
 * 32-bit device's reach, and an element ends there, SG-A1), above it, below it.
 */
static size_t aim(struct vport_sim_ram *ram, size_t count)
{
    size_t line = frames_of(GIB(4)), start = ram->user[0].start,
           end = ram->user[ram->user_ranges - 1].end;
    if (end > line) {
        unsigned turn = ram->turn++ % 3;
        if (turn == 0)
            return line - vport_min_u64(count / 2, line / 32);
        if (turn == 1)
            start = line;
        else
            end = line;
    }
    return start + vport_sim_random(&ram->random) % (end - start);
}

static size_t find_user_run(struct vport_sim_ram *ram, size_t count)
{
    size_t from = aim(ram, count), found = 0;
    for (unsigned i = 0; i < ram->user_ranges && !found; i++) {
        size_t start = from > ram->user[i].start ? from : ram->user[i].start;
        if (start < ram->user[i].end)
            found = find_run(ram, start, ram->user[i].end, count);
    }
    for (unsigned i = 0; i < ram->user_ranges && !found; i++)
        found = find_run(ram, ram->user[i].start, ram->user[i].end, count);
    return found;
}

/* ---- Taking and dropping ----------------------------------------------------------------- */

static void set_entry(struct vport_sim_ram *ram, size_t frame, uintptr_t entry)
{
    atomic_store_explicit(&ram->table[frame], entry, memory_order_release);
}

static void forget(struct vport_sim_ram *ram, size_t count, const struct vport_frame *frames)
{
    for (size_t i = 0; i < count; i++) {
        set_entry(ram, frames[i].number, 0);
        if (ram->mirror) /* the next owner starts from zeroes, and the page goes back to the system
                          */
            madvise(ram->mirror + (frames[i].number << VPORT_PAGE_SHIFT), VPORT_PAGE_SIZE,
                    MADV_DONTNEED);
    }
}

/* The frame for page `index` of a user request. */
static size_t next_user_frame(struct vport_sim_ram *ram, const struct vport_frame *frames,
                              size_t index, size_t count)
{
    size_t previous = index ? frames[index - 1].number : 0, frame = 0;
    if (ram->layout == VPORT_SIM_CONTIGUOUS)
        return index ? previous + 1 : find_user_run(ram, count);
    if (ram->layout == VPORT_SIM_MIXED && index)
        frame = find_next(ram, previous);
    return frame ? frame : find_apart(ram, previous);
}

enum vport_status vport_sim_ram_take_user(struct vport_sim_ram *ram, void *page, size_t count,
                                          uintptr_t flags, struct vport_frame *frames)
{
    enum vport_status status = VPORT_OK;
    pthread_mutex_lock(&ram->placing);
    for (size_t i = 0; i < count; i++) {
        frames[i].number = next_user_frame(ram, frames, i, count);
        if (!frames[i].number) {
            forget(ram, i, frames);
            status = VPORT_E_NO_MEMORY;
            break;
        }
        set_entry(ram, frames[i].number, ((uintptr_t)page + i * VPORT_PAGE_SIZE) | flags);
    }
    pthread_mutex_unlock(&ram->placing);
    return status;
}

/* Frames of kernel range `index` that lie wholly at or below `reach`: [range.start, result). */
static size_t kernel_end(const struct vport_sim_ram *ram, unsigned index, uint64_t reach)
{
    uint64_t reachable = reach == UINT64_MAX ? UINT64_MAX : (reach + 1) >> VPORT_PAGE_SHIFT;
    uint64_t end = vport_min_u64(ram->kernel[index].end, reachable);
    return (size_t)vport_max_u64(end, ram->kernel[index].start);
}

static bool kernel_could_hold(const struct vport_sim_ram *ram, size_t count, uint64_t reach,
                              bool contiguous)
{
    size_t sum = 0;
    for (unsigned i = 0; i < ram->kernel_ranges; i++) {
        size_t size = kernel_end(ram, i, reach) - ram->kernel[i].start;
        if (size >= count)
            return true;
        sum += size;
    }
    return !contiguous && sum >= count;
}

static size_t find_kernel_run(const struct vport_sim_ram *ram, size_t count, uint64_t reach)
{
    size_t found = 0;
    for (unsigned i = ram->kernel_ranges; i-- > 0 && !found;)
        found = find_run(ram, ram->kernel[i].start, kernel_end(ram, i, reach), count);
    return found;
}

static enum vport_status take_kernel_pieces(struct vport_sim_ram *ram, uintptr_t page, size_t count,
                                            size_t piece, uint64_t reach,
                                            struct vport_frame *frames)
{
    for (size_t i = 0; i < count; i++) {
        frames[i].number =
            i % piece ? frames[i - 1].number + 1 : find_kernel_run(ram, piece, reach);
        if (!frames[i].number) {
            forget(ram, i, frames);
            return VPORT_E_NO_MEMORY;
        }
        set_entry(ram, frames[i].number, (page + i * VPORT_PAGE_SIZE) | VPORT_SIM_WRITABLE);
    }
    return VPORT_OK;
}

enum vport_status vport_sim_ram_take_kernel(struct vport_sim_ram *ram, void *page, size_t count,
                                            uint64_t reach, bool contiguous,
                                            struct vport_frame *frames)
{
    if (!kernel_could_hold(ram, count, reach, contiguous))
        return VPORT_E_TOO_LARGE;
    pthread_mutex_lock(&ram->placing);
    enum vport_status status =
        take_kernel_pieces(ram, (uintptr_t)page, count, contiguous ? count : 1, reach, frames);
    pthread_mutex_unlock(&ram->placing);
    return status;
}

void vport_sim_ram_drop(struct vport_sim_ram *ram, size_t count, const struct vport_frame *frames)
{
    pthread_rwlock_wrlock(&ram->access);
    pthread_mutex_lock(&ram->placing);
    forget(ram, count, frames);
    pthread_mutex_unlock(&ram->placing);
    pthread_rwlock_unlock(&ram->access);
}

void vport_sim_ram_flag(struct vport_sim_ram *ram, size_t count, const struct vport_frame *frames,
                        uintptr_t flags, bool set)
{
    for (size_t i = 0; i < count; i++) {
        if (set)
            atomic_fetch_or(&ram->table[frames[i].number], flags);
        else
            atomic_fetch_and(&ram->table[frames[i].number], ~flags);
    }
}
