/* SPDX-License-Identifier: MIT */
/* Transfers over the windows of a buffer. */
#include "transfer.h"

#include <string.h>

#include "miniports/sim/sim_hw.h"

/* ---- Running ---------------------------------------------------------------------------- */

static inline uint64_t window(struct vport_bench_transfer *transfer)
{
    uint64_t offset = transfer->next;

    transfer->next += transfer->length;
    if (transfer->next >= transfer->span)
        transfer->next = 0;
    return offset;
}

/* As a miniport does it: again from where the last operation ended, until all is moved. */
static inline void one(struct vport_bench_transfer *transfer)
{
    uint64_t offset = window(transfer), end = offset + transfer->length;

    while (offset < end) {
        PVP_SCATTER_GATHER_LIST list = NULL;
        uint32_t length = (uint32_t)(end - offset);

        if (!vport_bench_start(transfer->port, offset, &length, transfer->to_device, &list) ||
            !list) {
            transfer->failures++;
            return;
        }
        vport_bench_complete(transfer->port, list, transfer->to_device);
        offset += length;
    }
}

static void begin(struct vport_bench_transfer *transfer, unsigned index)
{
    uint32_t length = (uint32_t)transfer->length;

    if (!vport_bench_start(transfer->port, window(transfer), &length, transfer->to_device,
                           &transfer->lists[index]))
        transfer->failures++;
}

/* `depth` are outstanding all the time: each start follows the completion of the oldest. */
static void many(struct vport_bench_transfer *transfer, uint64_t repetitions)
{
    for (unsigned i = 0; !transfer->begun && i < transfer->depth; i++)
        begin(transfer, i);
    transfer->begun = true;
    for (uint64_t i = 0; i < repetitions; i++) {
        vport_bench_complete(transfer->port, transfer->lists[transfer->oldest],
                             transfer->to_device);
        begin(transfer, transfer->oldest);
        if (++transfer->oldest == transfer->depth)
            transfer->oldest = 0;
    }
}

static void finish_body(void *context)
{
    struct vport_bench_transfer *transfer = context;

    for (unsigned i = 0; transfer->begun && i < transfer->depth; i++)
        vport_bench_complete(transfer->port, transfer->lists[i], transfer->to_device);
}

static void finish(void *context)
{
    struct vport_bench_transfer *transfer = context;

    vport_bench_port_call(transfer->port, finish_body, transfer);
}

struct vport_bench_transfer *vport_bench_transfer_take(struct vport_bench_suite *suite,
                                                       const struct vport_bench_transfer *model)
{
    struct vport_bench_transfer *transfer = vport_bench_take(suite, sizeof(*transfer));

    if (!transfer || !model->port)
        return NULL;
    *transfer = *model;
    transfer->lists = vport_bench_take(suite, model->depth * sizeof(transfer->lists[0]));
    return transfer->lists && vport_bench_defer(suite, finish, transfer) ? transfer : NULL;
}

void vport_bench_transfer_body(struct vport_bench_transfer *transfer, uint64_t repetitions)
{
    if (transfer->depth > 1) {
        many(transfer, repetitions);
        return;
    }
    for (uint64_t i = 0; i < repetitions; i++)
        one(transfer);
}

static void body(void *context)
{
    struct vport_bench_transfer *transfer = context;

    vport_bench_transfer_body(transfer, transfer->repetitions);
}

void vport_bench_transfer_run(void *context, uint64_t repetitions)
{
    struct vport_bench_transfer *transfer = context;

    transfer->repetitions = repetitions;
    vport_bench_port_call(transfer->port, body, transfer);
}

/* ---- Checking --------------------------------------------------------------------------- */

enum { CHECKED_ELEMENTS = 300, CHECKED_BYTES = 16 << 20 };

struct check {
    struct vport_bench_transfer *transfer;
    bool good;
};

/* Byte i of what is moved. */
static char pattern(uint64_t i)
{
    return (char)(i * 7 + (i >> 12) * 13 + 1);
}

static void fill(char *memory, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        memory[i] = pattern(i);
}

static bool filled(const char *memory, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if (memory[i] != pattern(i))
            return false;
    return true;
}

static void device_write(struct vport_bench_port *port, ULONG offset, ULONG value)
{
    PUCHAR registers = vport_bench_miniport_registers(port->extension);

    VideoPortWriteRegisterUlong((PULONG)(registers + offset), value);
}

/* The adapter moves `length` bytes between a bus address and the same place in video memory. */
static bool device_move(struct vport_bench_port *port, uint64_t address, uint32_t length,
                        uint32_t offset, bool to_device)
{
    PUCHAR registers = vport_bench_miniport_registers(port->extension);
    ULONG status;

    device_write(port, SIM_REG_DMA_ADDRESS, (ULONG)address);
    device_write(port, SIM_REG_DMA_ADDRESS_HIGH, (ULONG)(address >> 32));
    device_write(port, SIM_REG_DMA_LENGTH, length);
    device_write(port, SIM_REG_DMA_OFFSET, offset);
    device_write(port, SIM_REG_DMA_COMMAND, SIM_DMA_START | (to_device ? 0 : SIM_DMA_FROM_DEVICE));
    do
        status = VideoPortReadRegisterUlong((PULONG)(registers + SIM_REG_DMA_STATUS));
    while (status & SIM_DMA_BUSY);
    return (status & (SIM_DMA_IS_DONE | SIM_DMA_ERROR)) == SIM_DMA_IS_DONE;
}

/* The device's part; returns the number of bytes it moved, all or as many as are looked at. */
static uint64_t device_move_list(struct check *check, PVP_SCATTER_GATHER_LIST list)
{
    uint64_t moved = 0;

    for (ULONG i = 0; i < list->NumberOfElements && i < CHECKED_ELEMENTS; i++) {
        uint64_t length = list->Elements[i].Length;

        if (length > CHECKED_BYTES - moved)
            length = CHECKED_BYTES - moved;
        if (length &&
            !device_move(check->transfer->port, (uint64_t)list->Elements[i].Address.QuadPart,
                         (uint32_t)length, (uint32_t)moved, check->transfer->to_device))
            check->good = false;
        moved += length;
    }
    return moved;
}

static bool list_whole(PVP_SCATTER_GATHER_LIST list, uint64_t length)
{
    uint64_t sum = 0;

    for (ULONG i = 0; i < list->NumberOfElements; i++)
        sum += list->Elements[i].Length;
    return sum == length;
}

static void check_body(void *context)
{
    struct check *check = context;
    struct vport_bench_transfer *transfer = check->transfer;
    char *video_memory = vport_bench_miniport_video_memory(transfer->port->extension);
    char *memory = transfer->port->memory;
    uint64_t most = transfer->length < CHECKED_BYTES ? transfer->length : CHECKED_BYTES, moved;
    uint32_t length = (uint32_t)transfer->length;
    PVP_SCATTER_GATHER_LIST list = NULL;

    memset(transfer->to_device ? video_memory : memory, 0, most);
    fill(transfer->to_device ? memory : video_memory, most);
    if (!vport_bench_start(transfer->port, 0, &length, transfer->to_device, &list) || !list)
        return;
    check->good = list_whole(list, length);
    moved = device_move_list(check, list);
    vport_bench_complete(transfer->port, list, transfer->to_device);
    check->good =
        check->good && moved && filled(transfer->to_device ? video_memory : memory, moved);
}

bool vport_bench_transfer_check(void *context)
{
    struct check check = {.transfer = context};

    vport_bench_port_call(check.transfer->port, check_body, &check);
    return check.good && !check.transfer->failures;
}
