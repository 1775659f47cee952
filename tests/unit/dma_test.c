/* SPDX-License-Identifier: MIT */
#include "dma_test.h"

struct vport_dma_constraints limits(uint64_t reach, bool scatter_gather, uint32_t registers)
{
    return (struct vport_dma_constraints){.reach = reach,
                                          .boundary = 1ull << 32,
                                          .registers = registers,
                                          .scatter_gather = scatter_gather};
}

void VPORT_DRIVER_CALL note(const uintptr_t *user, struct vport_dma_list *list)
{
    struct op *op = (struct op *)user[0];

    op->list = list;
    op->calls++;
    memcpy(op->user, user, sizeof(op->user));
}

enum vport_status begin(struct vport_dma_adapter *adapter, struct op *op, struct vport_pages *pages,
                        uint32_t offset, uint32_t length, bool to_device)
{
    struct vport_dma_request request = {.pages = pages,
                                        .offset = offset,
                                        .length = length,
                                        .to_device = to_device,
                                        .ready = note,
                                        .user = {(uintptr_t)op}};

    *op = (struct op){.calls = 0};
    return vport_dma_map(adapter, &request);
}

uint64_t list_bytes(const struct vport_dma_list *list)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < list->count; i++)
        bytes += list->elements[i].length;
    return bytes;
}

bool device_gather(struct toy *toy, const struct vport_dma_list *list, char *to)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (!toy_device_read(toy, list->elements[i].address, to, list->elements[i].length))
            return false;
        to += list->elements[i].length;
    }
    return true;
}

bool device_scatter(struct toy *toy, const struct vport_dma_list *list, const char *from)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (!toy_device_write(toy, list->elements[i].address, from, list->elements[i].length))
            return false;
        from += list->elements[i].length;
    }
    return true;
}

void fill(char *bytes, size_t length, unsigned seed)
{
    uint32_t state = seed * 2654435761u + 1;

    for (size_t i = 0; i < length; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = (char)(state >> 24);
    }
}

struct vport_dma_statistics statistics(struct vport_dma_adapter *adapter)
{
    struct vport_dma_statistics values;

    vport_dma_adapter_statistics(adapter, &values);
    return values;
}
