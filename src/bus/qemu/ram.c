/* SPDX-License-Identifier: MIT */
/* Physical memory: see ram.h. The map has 64 KiB at most (2 GiB of memory). */
#include "bus/qemu/ram.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arith.h"
#include "bus/qemu/process.h"

enum {
    FIRST = 256, /* frames of the lowest MiB, left alone */
    TRIES = 64,  /* random places to look for a free frame that is not the neighbour of the last */
};

static void take_run(struct vport_qemu_ram *ram, size_t first, size_t count,
                     struct vport_frame *frames)
{
    vport_bitmap_take(&ram->map, first, count);
    for (size_t i = 0; i < count; i++)
        frames[i].number = first + i;
}

static void untake(struct vport_qemu_ram *ram, size_t count, const struct vport_frame *frames)
{
    for (size_t i = 0; i < count; i++)
        vport_bitmap_give(&ram->map, frames[i].number, 1);
}

/* ---- Kernel memory ---- */

enum vport_status vport_qemu_ram_take(struct vport_qemu_ram *ram, size_t count, uint64_t reach,
                                      bool contiguous, struct vport_frame *frames)
{
    size_t end = reach == UINT64_MAX ? ram->frames
                                     : vport_min_u64((reach + 1) >> VPORT_PAGE_SHIFT, ram->frames);
    size_t piece = contiguous ? count : 1;
    size_t place = FIRST;
    size_t done = 0;

    if (end <= FIRST || count > end - FIRST)
        return VPORT_E_TOO_LARGE;
    pthread_mutex_lock(&ram->lock);
    while (done < count &&
           (place = vport_bitmap_find_run(&ram->map, place, end, piece)) != VPORT_BITMAP_NOWHERE) {
        take_run(ram, place, piece, frames + done);
        done += piece;
    }
    if (done < count)
        untake(ram, done, frames);
    pthread_mutex_unlock(&ram->lock);
    return done < count ? VPORT_E_NO_MEMORY : VPORT_OK;
}

/* ---- User memory ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(struct vport_qemu_ram *ram)
{
    uint64_t z = ram->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 1, 2, 3, ... with probability 7/8 of going on each time. */
static size_t draw_length(struct vport_qemu_ram *ram)
{
    size_t length = 1;

    while (draw(ram) % 8 != 0)
        length++;
    return length;
}

/* A random free frame other than `unwanted`; where memory is nearly full, any. */
static size_t find_apart(struct vport_qemu_ram *ram, size_t unwanted)
{
    for (int i = 0; i < TRIES; i++) {
        size_t place = ram->user + draw(ram) % (ram->frames - ram->user);
        size_t frame = vport_bitmap_find(&ram->map, place, ram->frames);

        if (frame != VPORT_BITMAP_NOWHERE && frame != unwanted)
            return frame;
    }
    return vport_bitmap_find(&ram->map, ram->user, ram->frames);
}

/* The place for the next run of `length`, shorter if need be: *length says. `after`: the frame
 * behind the previous run. */
static size_t find_place(struct vport_qemu_ram *ram, size_t after, size_t *length)
{
    size_t place = VPORT_BITMAP_NOWHERE;
    size_t found = 0;

    for (int i = 0; i < TRIES && found < *length; i++) {
        size_t candidate = find_apart(ram, after);
        size_t run = candidate == VPORT_BITMAP_NOWHERE
                         ? 0
                         : vport_bitmap_room(&ram->map, candidate, ram->frames, *length);

        if (run > found) {
            place = candidate;
            found = run;
        }
    }
    *length = found;
    return place;
}

static enum vport_status take_contiguous(struct vport_qemu_ram *ram, size_t count,
                                         struct vport_frame *frames)
{
    size_t place = vport_bitmap_find_run(&ram->map, ram->user, ram->frames, count);

    if (place == VPORT_BITMAP_NOWHERE)
        return VPORT_E_NO_MEMORY;
    take_run(ram, place, count, frames);
    return VPORT_OK;
}

static enum vport_status take_apart(struct vport_qemu_ram *ram, size_t count, size_t run,
                                    struct vport_frame *frames)
{
    size_t after = VPORT_BITMAP_NOWHERE;

    for (size_t done = 0; done < count;) {
        size_t length = vport_min_u64(run ? run : draw_length(ram), count - done);
        size_t place = find_place(ram, after, &length);

        if (place == VPORT_BITMAP_NOWHERE) {
            untake(ram, done, frames);
            return VPORT_E_NO_MEMORY;
        }
        take_run(ram, place, length, frames + done);
        done += length;
        after = place + length;
    }
    return VPORT_OK;
}

enum vport_status vport_qemu_ram_take_runs(struct vport_qemu_ram *ram, size_t count, size_t run,
                                           struct vport_frame *frames)
{
    enum vport_status status;

    pthread_mutex_lock(&ram->lock);
    if (run >= count)
        status = take_contiguous(ram, count, frames);
    else
        status = take_apart(ram, count, run, frames);
    pthread_mutex_unlock(&ram->lock);
    return status;
}

/* ---- Giving back ---- */

/* Gives the run's memory back to the system; it reads as zero for both sides from then on. */
static void forget_run(struct vport_qemu_ram *ram, size_t first, size_t count)
{
    if (fallocate(ram->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  (off_t)first << VPORT_PAGE_SHIFT, (off_t)count << VPORT_PAGE_SHIFT) != 0)
        memset(ram->linear + (first << VPORT_PAGE_SHIFT), 0, count << VPORT_PAGE_SHIFT);
}

void vport_qemu_ram_give(struct vport_qemu_ram *ram, size_t count, const struct vport_frame *frames)
{
    size_t length;

    for (size_t i = 0; i < count; i += length) {
        length = 1;
        while (i + length < count && frames[i + length].number == frames[i].number + length)
            length++;
        forget_run(ram, frames[i].number, length);
    }
    pthread_mutex_lock(&ram->lock);
    untake(ram, count, frames);
    pthread_mutex_unlock(&ram->lock);
}

/* ---- Life ---- */

static bool map(struct vport_qemu_ram *ram, uint64_t size)
{
    ram->fd = vport_qemu_process_file(memfd_create("videoport-ram", MFD_CLOEXEC));
    if (ram->fd < 0 || ftruncate(ram->fd, (off_t)size) != 0)
        return false;
    ram->linear = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ram->fd, 0);
    if (ram->linear == MAP_FAILED)
        ram->linear = NULL;
    return ram->linear != NULL;
}

enum vport_status vport_qemu_ram_create(struct vport_qemu_ram *ram, uint64_t size, uint64_t seed)
{
    size_t frames = size >> VPORT_PAGE_SHIFT;

    *ram = (struct vport_qemu_ram){.fd = -1, .frames = frames, .user = frames / 4, .random = seed};
    pthread_mutex_init(&ram->lock, NULL);
    if (!vport_bitmap_create(&ram->map, frames) || !map(ram, size)) {
        vport_qemu_ram_destroy(ram);
        return VPORT_E_NO_MEMORY;
    }
    vport_bitmap_take(&ram->map, 0, FIRST);
    return VPORT_OK;
}

void vport_qemu_ram_destroy(struct vport_qemu_ram *ram)
{
    if (ram->frames == 0)
        return;
    if (ram->linear)
        munmap(ram->linear, ram->frames << VPORT_PAGE_SHIFT);
    if (ram->fd >= 0)
        close(ram->fd);
    vport_bitmap_destroy(&ram->map);
    pthread_mutex_destroy(&ram->lock);
    *ram = (struct vport_qemu_ram){.fd = -1};
}
