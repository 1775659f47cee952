/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the hal: the simulated bus with the probe device of tests/unit, a kernel and a
 * hal over it, and the test as code on a processor of that kernel.
 */
#ifndef TESTS_HAL_FIXTURE_H
#define TESTS_HAL_FIXTURE_H

#include "tests/unit/sim_fixture.h"

#include "hal/private.h"

enum { PAGE = 4096 };

struct scene {
    struct fixture sim;
    struct vport_nt *nt;
    struct vport_hal *hal;
    struct vport_cpu cpu;
    PDEVICE_OBJECT pdo;
};

/* What the tests' own DEVICE_DESCRIPTIONs say. */
struct wish {
    BOOLEAN scatter_gather, dma32, dma64;
    ULONG maximum_length;
};

void scene_begin(struct scene *scene, struct vport_sim_platform platform, unsigned address_bits);
/* Ends kernel and hal; `reports` is how many reports must have been made that no test has looked
 * at. */
void scene_end(struct scene *scene, uint64_t reports);
/* Exactly one report since the last look, of this rule. */
void expect_report(struct scene *scene, const char *rule);
void expect_silence(struct scene *scene);

PDMA_ADAPTER get_adapter(struct scene *scene, struct wish wish, ULONG *registers);
struct vport_hal_adapter *hal_adapter(PDMA_ADAPTER adapter);

/* A locked buffer of user memory, `offset` bytes into its first page. */
struct buffer {
    void *memory;
    UCHAR *bytes;
    ULONG length;
    PMDL mdl;
};
struct buffer buffer_make(struct scene *scene, ULONG offset, ULONG length);
void buffer_drop(struct scene *scene, struct buffer *buffer);
PVOID buffer_va(const struct buffer *buffer, ULONG offset); /* CurrentVa */

#endif
