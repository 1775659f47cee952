/* SPDX-License-Identifier: MIT */
/*
 * Spin locks. The lock's word holds the processor that owns it, so that misuse can name it: taken
 * twice by one processor, released by another, still held at the end.
 *
 * In deterministic mode there is one thread, and nothing but devices runs while a spin lock is
 * held: a lock that is taken is one that nobody could ever release, which is reported instead of
 * waited for.
 *
 * Sources: kernel/introduction-to-spin-locks, wdm/nf-wdm-keacquirespinlock and its neighbours.
 */
#include "nt/kernel.h"

/* Each name is an export of its own; for sources some are macros. */
#undef KeAcquireSpinLock
#undef KeReleaseSpinLock
#undef KeAcquireSpinLockAtDpcLevel
#undef KeReleaseSpinLockFromDpcLevel

/* The owner as the lock's word has it; outside of a machine every caller is the same nobody. */
static ULONG_PTR owner(const struct vport_cpu *cpu)
{
    return cpu ? (ULONG_PTR)cpu : 1;
}

static bool try_acquire(const struct vport_cpu *cpu, PKSPIN_LOCK lock)
{
    ULONG_PTR expected = 0;

    return __atomic_compare_exchange_n(lock, &expected, owner(cpu), false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static ULONG_PTR holder(const KSPIN_LOCK *lock)
{
    return __atomic_load_n(lock, __ATOMIC_RELAXED);
}

static __attribute__((noinline)) void acquire_contended(const struct vport_cpu *cpu,
                                                        PKSPIN_LOCK lock, const char *function,
                                                        const void *site)
{
    unsigned spins = 0;

    if (holder(lock) == owner(cpu)) {
        vport_nt_report("SPINLOCK", site,
                        "%s: this processor holds the spin lock already and would wait for itself "
                        "for ever. NT hangs, Driver Verifier stops with bug check 0xC4/0x40.",
                        function);
        return;
    }
    while (!try_acquire(cpu, lock)) {
        if (cpu && !cpu->nt->threaded) {
            vport_nt_report("SPINLOCK", site,
                            "%s: the spin lock was left held (or never initialised), and nobody is "
                            "left who could release it.",
                            function);
            return;
        }
        vport_lock_rest(&spins);
    }
}

void vport_nt_spin_acquire(struct vport_cpu *cpu, PKSPIN_LOCK lock, const char *function,
                           const void *site)
{
    if (__builtin_expect(!try_acquire(cpu, lock), 0))
        acquire_contended(cpu, lock, function, site);
    if (cpu)
        cpu->spin_locks++;
}

void vport_nt_spin_release(struct vport_cpu *cpu, PKSPIN_LOCK lock, const char *function,
                           const void *site)
{
    if (__builtin_expect(holder(lock) != owner(cpu), 0))
        vport_nt_report("SPINLOCK", site,
                        "%s: the spin lock is %s. NT may stop such a driver with bug check 0xF "
                        "SPIN_LOCK_ALREADY_OWNED or 0x10 SPIN_LOCK_NOT_OWNED.",
                        function, holder(lock) ? "held by another processor" : "not held");
    else
        __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    if (cpu && cpu->spin_locks)
        cpu->spin_locks--;
}

/* Any IRQL. */
VOID NTAPI KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
    __atomic_store_n(SpinLock, 0, __ATOMIC_RELEASE);
}

VPORT_LONG_WAY KIRQL NTAPI acquire_long(PKSPIN_LOCK lock, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL before = PASSIVE_LEVEL;

    if (cpu) {
        before = cpu->irql;
        if (vport_nt_irql_at_most(function, DISPATCH_LEVEL, site))
            vport_nt_raise(cpu, DISPATCH_LEVEL);
    }
    vport_nt_spin_acquire(cpu, lock, function, site);
    return before;
}

VPORT_SHORT_WAY KIRQL acquire(PKSPIN_LOCK lock, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL before;

    if (!cpu || cpu->watched || cpu->irql > DISPATCH_LEVEL || !try_acquire(cpu, lock))
        return acquire_long(lock, function, site);
    before = cpu->irql;
    cpu->irql = DISPATCH_LEVEL;
    cpu->spin_locks++;
    return before;
}

VPORT_LONG_WAY VOID NTAPI release_long(PKSPIN_LOCK lock, KIRQL irql, const char *function,
                                       const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    vport_nt_irql_between(function, DISPATCH_LEVEL, DISPATCH_LEVEL, site);
    vport_nt_spin_release(cpu, lock, function, site);
    if (!cpu)
        return;
    if (vport_nt_may_lower(cpu, irql))
        vport_nt_lower(cpu, irql);
    else
        vport_nt_report("IRQL", site,
                        "%s to IRQL %u at %u, spin locks still held: %u. Locks are released in the "
                        "reverse of the order in which they were acquired, each with the IRQL that "
                        "its own acquisition returned; IRQL stays.",
                        function, irql, cpu->irql, cpu->spin_locks);
}

/* The last lock, outside of deferred routines, with nothing deferred: IRQL may become anything. */
VPORT_SHORT_WAY void release(PKSPIN_LOCK lock, KIRQL irql, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (cpu && !VPORT_ALONE(cpu->unsettled) && VPORT_ALONE(cpu->irql) == DISPATCH_LEVEL &&
        holder(lock) == owner(cpu) && VPORT_ALONE(cpu->spin_locks) == 1 && irql <= DISPATCH_LEVEL) {
        __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
        cpu->spin_locks = 0;
        cpu->irql = irql;
    } else {
        release_long(lock, irql, function, site);
    }
}

/* IRQL <= DISPATCH_LEVEL. Returns at DISPATCH_LEVEL, with the IRQL before for KeReleaseSpinLock. */
KIRQL FASTCALL KfAcquireSpinLock(PKSPIN_LOCK SpinLock)
{
    return acquire(SpinLock, "KeAcquireSpinLock", VPORT_SITE);
}

KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    return acquire(SpinLock, "KeAcquireSpinLockRaiseToDpc", VPORT_SITE);
}

VOID NTAPI KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
{
    *OldIrql = acquire(SpinLock, "KeAcquireSpinLock", VPORT_SITE);
}

/* DISPATCH_LEVEL. */
VOID FASTCALL KfReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    release(SpinLock, NewIrql, "KeReleaseSpinLock", VPORT_SITE);
}

VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    release(SpinLock, NewIrql, "KeReleaseSpinLock", VPORT_SITE);
}

VPORT_LONG_WAY VOID NTAPI acquire_at_dpc_long(PKSPIN_LOCK lock, const void *site)
{
    vport_nt_irql_between("KeAcquireSpinLockAtDpcLevel", DISPATCH_LEVEL, HIGH_LEVEL, site);
    vport_nt_spin_acquire(vport_cpu_get(), lock, "KeAcquireSpinLockAtDpcLevel", site);
}

VPORT_SHORT_WAY void acquire_at_dpc(PKSPIN_LOCK lock, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (cpu && cpu->irql >= DISPATCH_LEVEL && try_acquire(cpu, lock))
        cpu->spin_locks++;
    else
        acquire_at_dpc_long(lock, site);
}

VPORT_LONG_WAY VOID NTAPI release_from_dpc_long(PKSPIN_LOCK lock, const void *site)
{
    vport_nt_spin_release(vport_cpu_get(), lock, "KeReleaseSpinLockFromDpcLevel", site);
    vport_nt_yield();
}

VPORT_SHORT_WAY void release_from_dpc(PKSPIN_LOCK lock, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (cpu && !cpu->watched && holder(lock) == owner(cpu) && cpu->spin_locks) {
        __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
        cpu->spin_locks--;
    } else {
        release_from_dpc_long(lock, site);
    }
}

/* IRQL >= DISPATCH_LEVEL. */
VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    acquire_at_dpc(SpinLock, VPORT_SITE);
}

VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    release_from_dpc(SpinLock, VPORT_SITE);
}

VOID FASTCALL KefAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    acquire_at_dpc(SpinLock, VPORT_SITE);
}

VOID FASTCALL KefReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
    release_from_dpc(SpinLock, VPORT_SITE);
}
