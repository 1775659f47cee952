/* SPDX-License-Identifier: MIT */
/*
 * A small number for each thread, and counters that threads do not share.
 *
 * The first VPORT_THREAD_SLOTS threads that live at once have a slot each to themselves, so that a
 * counter of theirs is written by a plain store; all others share one more slot and add atomically.
 * Knows nothing of what is counted.
 */
#ifndef VPORT_BASE_THREAD_H
#define VPORT_BASE_THREAD_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * 128: neighbouring lines are fetched in pairs. Two threads on neighbouring 64-byte lines ran at
 * half speed.
 */
#define VPORT_CACHE_LINE 128

enum {
    VPORT_THREAD_SLOTS = 16,                     /* threads with a slot of their own */
    VPORT_THREAD_SHARDS = VPORT_THREAD_SLOTS + 1 /* and the one that the others share */
};

/* Small and in the initial TLS block: one load, no call, in a shared library too. */
#define VPORT_THREAD_LOCAL __thread __attribute__((tls_model("initial-exec")))

extern VPORT_THREAD_LOCAL unsigned vport_thread_slot_plus_one;
unsigned vport_thread_slot_claim(void);

/* This thread's slot: below VPORT_THREAD_SLOTS it is nobody else's while the thread lives. */
static inline unsigned vport_thread_slot(void)
{
    unsigned slot = vport_thread_slot_plus_one;

    return __builtin_expect(slot != 0, 1) ? slot - 1 : vport_thread_slot_claim();
}

/* The thread's slot if it is its own, else a number from VPORT_THREAD_SLOTS up. Claims nothing,
 * calls nothing. */
static inline unsigned vport_thread_own_slot(void)
{
    return vport_thread_slot_plus_one - 1;
}

/* Called at the beginning of each thread that the library starts, on that thread; NULL: nothing is.
 * Set before the first machine is made. */
extern void (*vport_thread_begun)(void);

/* Aligned alike on all machines (32-bit x86 would align it by 4 outside a struct's start). */
typedef _Atomic uint64_t vport_counter __attribute__((aligned(8)));

/* Adds to a counter that no other thread writes. Readers of it acquire. */
static inline void vport_shard_add_own(vport_counter *counter, uint64_t amount)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, value + amount, memory_order_release);
}

/* Adds to a counter in the shard of `slot`, which is the calling thread's. */
static inline void vport_shard_add(vport_counter *counter, uint64_t amount, unsigned slot)
{
    if (__builtin_expect(slot < VPORT_THREAD_SLOTS, 1))
        vport_shard_add_own(counter, amount);
    else
        atomic_fetch_add_explicit(counter, amount, memory_order_release);
}

/*
 * Orders everything before the atomic read-modify-write that the caller has just made against every
 * load after it. On x86 such an operation is a full fence already.
 */
static inline void vport_fence_after_rmw(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
