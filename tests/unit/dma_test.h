/* SPDX-License-Identifier: MIT */
/* What tests of the DMA room share: an operation and what became of it, and a device that follows
 * its list. */
#ifndef VPORT_TESTS_DMA_TEST_H
#define VPORT_TESTS_DMA_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toy.h"

/* One request. `list` is set by the callback. */
struct op {
    struct vport_dma_list *list;
    unsigned calls;
    uintptr_t user[VPORT_DMA_USER];
};

/* A full device: 64 bits, scatter/gather, 4 GiB boundary, no length of its own, `registers` wanted.
 */
struct vport_dma_constraints limits(uint64_t reach, bool scatter_gather, uint32_t registers);

/* The callback used by `begin`: notes the list in the op whose address is user[0]. */
void VPORT_DRIVER_CALL note(const uintptr_t *user, struct vport_dma_list *list);
enum vport_status begin(struct vport_dma_adapter *adapter, struct op *op, struct vport_pages *pages,
                        uint32_t offset, uint32_t length, bool to_device);

/* Bytes of the list. */
uint64_t list_bytes(const struct vport_dma_list *list);
/* The device reads or writes all elements in turn; false: it met memory that it may not touch. */
bool device_gather(struct toy *toy, const struct vport_dma_list *list, char *to);
bool device_scatter(struct toy *toy, const struct vport_dma_list *list, const char *from);

/* Bytes that depend on where they are. */
void fill(char *bytes, size_t length, unsigned seed);

struct vport_dma_statistics statistics(struct vport_dma_adapter *adapter);

#endif
