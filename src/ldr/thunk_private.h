/* SPDX-License-Identifier: MIT */
/* Shared by the thunks' machine code (thunk_entry.c) and what it calls (thunk.c). */
#ifndef VPORT_LDR_THUNK_PRIVATE_H
#define VPORT_LDR_THUNK_PRIVATE_H

#include <stdint.h>

#include "ldr/thunk.h"

/* 64 bytes: the machine code multiplies an index by shifting, and knows the first four offsets. */
struct vport_thunk {
    void *target;
    uint32_t index;
    uint32_t watched;
    const struct vport_callee *callee;
    char padding[64 - 2 * sizeof(void *) - 8];
};

/* One remembered call, 64 bytes, written by the machine code. */
struct vport_call_slot {
    uint32_t index;
    uint32_t used;
    uintptr_t caller;
    uintptr_t arguments[VPORT_CALL_ARGS];
    char padding[64 - 8 - 5 * sizeof(uintptr_t)];
};

struct vport_call_ring {
    uint32_t next; /* counts for ever; the slot is its low bits */
    char padding[60];
    struct vport_call_slot slot[VPORT_CALLS];
};

extern struct vport_thunk vport_thunk_table[VPORT_THUNKS]
    __attribute__((visibility("hidden"), aligned(64)));
extern struct vport_call_ring vport_call_ring __attribute__((visibility("hidden"), aligned(64)));

/* The first thunk, how far apart they are, and where a watched call comes back to. */
extern const char vport_thunk_code[] __attribute__((visibility("hidden")));
extern const char vport_thunk_return[] __attribute__((visibility("hidden")));
enum { VPORT_THUNK_SPACING = 16 };

#if defined(__x86_64__)
#define VPORT_THUNK_ABI __attribute__((ms_abi, visibility("hidden")))
#else
#define VPORT_THUNK_ABI __attribute__((visibility("hidden")))
#endif

/* Returns where to go on. */
VPORT_THUNK_ABI void *vport_thunk_entered(uint32_t index, uintptr_t *registers,
                                          uintptr_t *return_address);
/* Returns the real return address. */
VPORT_THUNK_ABI void *vport_thunk_left(uint64_t *result);

#endif
