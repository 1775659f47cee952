/* SPDX-License-Identifier: MIT */
/* Probing and pinning foreign memory; see foreign.h. */
#include "mem/foreign.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arith.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

/* ---- Probing ----------------------------------------------------------------------------- */

/* One byte through the kernel, which answers instead of faulting. */
static bool can_read(uintptr_t address)
{
    char byte;
    struct iovec to = {&byte, 1}, from = {(void *)address, 1};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
}

/*
 * The kernel adds 0 to the word there, atomically: a write that changes nothing, whoever else
 * writes at the same time. (The futex is only the means; nobody waits on either word.)
 */
static bool can_write(uintptr_t address)
{
    uint32_t nobody = 0;
    uint32_t add_zero = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0);
    return syscall(SYS_futex, &nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0L, address,
                   add_zero) >= 0;
}

static enum vport_status probe_one_by_one(uintptr_t start, size_t pages, enum vport_access access)
{
    for (size_t i = 0; i < pages; i++) {
        uintptr_t page = start + i * VPORT_PAGE_SIZE;
        if (access == VPORT_ACCESS_WRITE ? !can_write(page) : !can_read(page))
            return VPORT_E_ACCESS;
    }
    return VPORT_OK;
}

enum vport_status vport_foreign_probe(uintptr_t start, size_t pages, enum vport_access access,
                                      bool populate)
{
    int advice = access == VPORT_ACCESS_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
    int failed = populate ? madvise((void *)start, pages * VPORT_PAGE_SIZE, advice) : -1;
    if (!failed)
        return VPORT_OK;
    /* EINVAL says "unknown advice", but also "not with this mapping's protection": the slow way
     * tells them apart. */
    if (!populate || errno == EINVAL)
        return probe_one_by_one(start, pages, access);
    return errno == EAGAIN ? VPORT_E_NO_MEMORY : VPORT_E_ACCESS;
}

/* ---- The pages that are pinned ----------------------------------------------------------- */

struct pin {
    uintptr_t page; /* address; 0: the slot is empty */
    struct vport_frame frame;
    uint32_t pins;
};

/* Open addressing, at most half full. */
struct vport_foreign {
    const struct vport_foreign_ops *ops;
    void *context;
    struct pin *slots;
    size_t size; /* slots, a power of two, or 0 */
    size_t used;
};

static size_t hash(uintptr_t page)
{
    return (size_t)((uint64_t)(page >> VPORT_PAGE_SHIFT) * 0x9e3779b97f4a7c15u >> 20);
}

/* The page's slot, or the empty one where it belongs. */
static struct pin *find(const struct vport_foreign *foreign, uintptr_t page)
{
    size_t i = hash(page) & (foreign->size - 1);
    while (foreign->slots[i].page && foreign->slots[i].page != page)
        i = (i + 1) & (foreign->size - 1);
    return &foreign->slots[i];
}

static bool reserve(struct vport_foreign *foreign, size_t more)
{
    size_t size = foreign->size ? foreign->size : 64;
    while (size / 2 < foreign->used + more)
        size *= 2;
    if (size == foreign->size)
        return true;
    struct vport_foreign grown = {.size = size, .slots = calloc(size, sizeof(*grown.slots))};
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < foreign->size; i++)
        if (foreign->slots[i].page)
            *find(&grown, foreign->slots[i].page) = foreign->slots[i];
    free(foreign->slots);
    foreign->slots = grown.slots;
    foreign->size = size;
    return true;
}

/* Empties the slot, and moves up those behind it that would not be found any more. */
static void erase(struct vport_foreign *foreign, struct pin *pin)
{
    size_t mask = foreign->size - 1, hole = (size_t)(pin - foreign->slots);
    for (size_t i = (hole + 1) & mask; foreign->slots[i].page; i = (i + 1) & mask) {
        size_t home = hash(foreign->slots[i].page) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            foreign->slots[hole] = foreign->slots[i];
            hole = i;
        }
    }
    foreign->slots[hole].page = 0;
    foreign->used--;
}

/* How many of these pages in a row are not pinned yet. */
static size_t unpinned(const struct vport_foreign *foreign, uintptr_t start, size_t pages)
{
    size_t count = 0;
    while (count < pages && !find(foreign, start + count * VPORT_PAGE_SIZE)->page)
        count++;
    return count;
}

/* Gives frames to `count` pages that have none. */
static enum vport_status adopt(struct vport_foreign *foreign, uintptr_t start, size_t count,
                               enum vport_access access, struct vport_frame *frames)
{
    enum vport_status status = foreign->ops->take(foreign->context, start, count, access, frames);
    for (size_t i = 0; i < count && status == VPORT_OK; i++) {
        uintptr_t page = start + i * VPORT_PAGE_SIZE;
        *find(foreign, page) = (struct pin){page, frames[i], 1};
        foreign->used++;
    }
    return status;
}

static void pin_again(struct vport_foreign *foreign, uintptr_t page, enum vport_access access,
                      struct vport_frame *frame)
{
    struct pin *pin = find(foreign, page);
    pin->pins++;
    *frame = pin->frame;
    if (foreign->ops->again)
        foreign->ops->again(foreign->context, *frame, access);
}

enum vport_status vport_foreign_pin(void *context, uintptr_t start, size_t pages,
                                    enum vport_access access, struct vport_frame *frames)
{
    struct vport_foreign *foreign = context;
    enum vport_status status = vport_foreign_probe(start, pages, access, true);
    if (status == VPORT_OK && !reserve(foreign, pages))
        status = VPORT_E_NO_MEMORY;
    for (size_t done = 0; done < pages && status == VPORT_OK;) {
        uintptr_t page = start + done * VPORT_PAGE_SIZE;
        size_t fresh = unpinned(foreign, page, pages - done);
        if (fresh)
            status = adopt(foreign, page, fresh, access, frames + done);
        else
            pin_again(foreign, page, access, &frames[done]);
        if (status != VPORT_OK)
            vport_foreign_unpin(foreign, start, done, frames);
        done += fresh ? fresh : 1;
    }
    return status;
}

void vport_foreign_unpin(void *context, uintptr_t start, size_t pages,
                         const struct vport_frame *frames)
{
    struct vport_foreign *foreign = context;
    struct vport_frame last[64]; /* frames whose last pin this was, dropped by the batch */
    size_t count = 0;
    (void)frames; /* the same ones as found by page */
    for (size_t i = 0; i < pages; i++) {
        struct pin *pin = find(foreign, start + i * VPORT_PAGE_SIZE);
        if (--pin->pins == 0) {
            last[count++] = pin->frame;
            erase(foreign, pin);
        }
        if (count == VPORT_ARRAY_SIZE(last) || i + 1 == pages) {
            foreign->ops->drop(foreign->context, count, last);
            count = 0;
        }
    }
}

enum vport_status vport_foreign_create(const struct vport_foreign_ops *ops, void *context,
                                       struct vport_foreign **foreign)
{
    *foreign = calloc(1, sizeof(**foreign));
    if (!*foreign)
        return VPORT_E_NO_MEMORY;
    (*foreign)->ops = ops;
    (*foreign)->context = context;
    return VPORT_OK;
}

void vport_foreign_destroy(struct vport_foreign *foreign)
{
    if (!foreign)
        return;
    free(foreign->slots);
    free(foreign);
}
