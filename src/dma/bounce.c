/* SPDX-License-Identifier: MIT */
/*
 * Bouncing: pages that the device cannot reach take a map register, and their bytes travel through
 * its bounce page.
 *
 *   buffer page   | . . . BYTES |  BYTES BYTES  | BYTES . . . |      the offset in the page is kept
 *                       |  ^          (direct)      |  ^
 *   bounce page   | . . . BYTES |                 | BYTES . . . |
 *
 * An operation's device frames say for each page what the device is shown: the page's own frame or
 * a register's. That one array is what the list is made from, what is copied by, and what is given
 * back.
 */
#include "dma/bounce.h"

#include <string.h>

#include "base/arith.h"
#include "dma/segment.h"

enum {
    /* glibc copies pieces of this size by rep movsb; 1 MiB pieces took 20 to 40 % longer on
       scattered 4 KiB frames. */
    PIECE = 256 << 10,
};

/* ---- Registers ---- */

/* Without scatter/gather or IOMMU the device sees one range: all pages bounce, or none. */
static bool bounces_whole(const struct vport_dma_adapter *adapter)
{
    return !adapter->constraints.scatter_gather && !adapter->iommu;
}

static bool is_one_element(const struct vport_frame *frames, const struct vport_dma_op *op)
{
    size_t last = op->page_count - 1;

    return frames[last].number - frames[0].number == last &&
           vport_segment_count(frames, vport_dma_op_page_offset(op), op->length,
                               op->adapter->constraints.boundary) == 1;
}

uint32_t vport_bounce_registers(const struct vport_dma_op *op)
{
    const struct vport_dma_adapter *adapter = op->adapter;
    const struct vport_frame *frames = vport_dma_op_frames(op);
    uint32_t above;

    if (!adapter->may_bounce)
        return 0;
    if (op->page_count == 1)
        return !vport_frame_in_reach(frames[0], adapter->direct_reach);
    above = (uint32_t)vport_segment_out_of_reach(frames, op->page_count, adapter->direct_reach);
    if (!bounces_whole(adapter))
        return above;
    return above || !is_one_element(frames, op) ? op->page_count : 0;
}

/*
 * The registers' frames lie in the last entries of `device`: deals them out to the pages that need
 * one. The k-th of them is never behind the page that gets it, so nothing is overwritten before it
 * is read.
 */
static void deal_out(struct vport_dma_op *op, struct vport_frame *device)
{
    const struct vport_frame *frames = vport_dma_op_frames(op);
    struct vport_frame *next = device + op->page_count - op->registers;

    for (uint32_t i = 0; i < op->page_count; i++)
        device[i] =
            vport_frame_in_reach(frames[i], op->adapter->direct_reach) ? frames[i] : *next++;
}

bool vport_bounce_reserve(struct vport_dma_op *op)
{
    struct vport_dma_adapter *adapter = op->adapter;
    struct vport_frame *device = vport_dma_op_device_frames(op);
    bool whole = bounces_whole(adapter);

    if (!vport_registers_take(&adapter->registers, op->registers, whole,
                              device + op->page_count - op->registers))
        return false;
    if (op->registers < op->page_count)
        deal_out(op, device);
    return true;
}

void vport_bounce_release(struct vport_dma_op *op)
{
    struct vport_registers *registers = &op->adapter->registers;
    const struct vport_frame *device = vport_dma_op_device_frames(op);
    uint32_t run;

    for (uint32_t i = 0; i < op->page_count; i += run) {
        run = 1;
        if (!vport_registers_own(registers, device[i]))
            continue;
        while (i + run < op->page_count && device[i + run].number == device[i].number + run &&
               vport_registers_own(registers, device[i + run]))
            run++;
        vport_registers_give(registers, device[i], run);
    }
}

/* ---- Copies ---- */

/* Adjacent bytes, in the buffer and in bounce pages alike. */
struct piece {
    char *buffer, *bounce;
    size_t length;
};

enum direction {
    COPY_IN,
    COPY_OUT, /* not past the caches: the buffer's bytes are in them since they were copied in */
};

static void copy_piece(const struct piece *piece, enum direction direction)
{
    if (direction == COPY_IN)
        memcpy(piece->bounce, piece->buffer, piece->length);
    else
        memcpy(piece->buffer, piece->bounce, piece->length);
}

/* Makes the piece longer, or copies it and begins another. */
static void add_to_piece(struct piece *piece, char *buffer, char *bounce, size_t length,
                         enum direction direction)
{
    if (piece->length && piece->length + length <= PIECE &&
        buffer == piece->buffer + piece->length && bounce == piece->bounce + piece->length) {
        piece->length += length;
        return;
    }
    if (piece->length)
        copy_piece(piece, direction);
    *piece = (struct piece){buffer, bounce, length};
}

/* An operation of one page, which bounces. */
static uint64_t copy_page(struct vport_dma_op *op, enum direction direction)
{
    struct vport_dma_platform *platform = op->adapter->platform;
    uint32_t offset = vport_dma_op_page_offset(op);
    struct piece piece = {
        (char *)platform->ops->host(platform, vport_dma_op_frames(op)[0]) + offset,
        (char *)platform->ops->host(platform, vport_dma_op_device_frames(op)[0]) + offset,
        op->length};

    copy_piece(&piece, direction);
    return op->length;
}

/* Copies exactly the operation's bytes in bounced pages. Returns how many. */
static uint64_t copy_pages(struct vport_dma_op *op, enum direction direction)
{
    struct vport_dma_platform *platform = op->adapter->platform;
    const struct vport_frame *frames = vport_dma_op_frames(op),
                             *device = vport_dma_op_device_frames(op);
    uint32_t offset = vport_dma_op_page_offset(op), left = op->length;
    struct piece piece = {.length = 0};
    uint64_t copied = 0;

    if (op->page_count == 1)
        return copy_page(op, direction);
    for (uint32_t i = 0; i < op->page_count; i++) {
        uint32_t length = (uint32_t)vport_min_u64(VPORT_PAGE_SIZE - offset, left);

        if (vport_registers_own(&op->adapter->registers, device[i])) {
            add_to_piece(&piece, (char *)platform->ops->host(platform, frames[i]) + offset,
                         (char *)platform->ops->host(platform, device[i]) + offset, length,
                         direction);
            copied += length;
        }
        left -= length;
        offset = 0;
    }
    copy_piece(&piece, direction);
    return copied;
}

/* Shows the device what was copied in: each stretch of bounced pages. */
static void sync_bounced(struct vport_dma_op *op)
{
    struct vport_dma_platform *platform = op->adapter->platform;
    const struct vport_frame *device = vport_dma_op_device_frames(op);
    uint32_t offset = vport_dma_op_page_offset(op), left = op->length, length;

    for (uint32_t i = 0; i < op->page_count; i++) {
        length = (uint32_t)vport_min_u64(VPORT_PAGE_SIZE - offset, left);
        if (vport_registers_own(&op->adapter->registers, device[i]))
            platform->ops->sync_for_device(platform, &device[i], offset, length);
        left -= length;
        offset = 0;
    }
}

uint64_t vport_bounce_copy_in(struct vport_dma_op *op)
{
    uint64_t copied = copy_pages(op, COPY_IN);

    if (op->adapter->platform->ops->sync_for_device)
        sync_bounced(op);
    return copied;
}

void vport_bounce_copy_out(struct vport_dma_op *op)
{
    copy_pages(op, COPY_OUT);
}
