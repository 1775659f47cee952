/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own small lock: held for moments, never while driver code runs or anything is waited
 * for.
 */
#ifndef VPORT_NT_LOCK_H
#define VPORT_NT_LOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

struct vport_lock {
    _Atomic uint32_t held;
};

/*
 * One step of waiting for another thread: rests a little, and now and then lets it have this CPU.
 */
static inline void vport_lock_rest(unsigned *spins)
{
    if (++*spins % 256 == 0)
        sched_yield();
#if defined(__x86_64__) || defined(__i386__)
    else
        __builtin_ia32_pause();
#endif
}

static inline void vport_lock_acquire(struct vport_lock *lock)
{
    unsigned spins = 0;

    while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
        while (atomic_load_explicit(&lock->held, memory_order_relaxed))
            vport_lock_rest(&spins);
}

static inline void vport_lock_release(struct vport_lock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

#endif
