/* SPDX-License-Identifier: MIT */
/* What the two halves of group E share. */
#ifndef VPORT_BENCH_GROUP_E_H
#define VPORT_BENCH_GROUP_E_H

#include "suite.h"

/* Pixels that are not the same at any two places that a mistake could mix up; `length` bytes. */
void vport_bench_draw(char *pixels, uint32_t length);
/* A plain copy of so many bytes, timed by the clock on the wall or as this thread's time. */
void vport_bench_add_copy(struct vport_bench_suite *suite, uint32_t length, bool wall,
                          const char *name);
/* The cases on QEMU's virtio GPU; notes as missing where there is no QEMU. */
void vport_bench_add_qemu_pictures(struct vport_bench_suite *suite);

#endif
