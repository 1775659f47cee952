/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: service routines at DIRQL under their spin lock, and what synchronizes with them.
 *
 * Sources: wdm/nf-wdm-ioconnectinterrupt, wdm/nf-wdm-iodisconnectinterrupt,
 * wdm/nf-wdm-kesynchronizeexecution, wdm/nf-wdm-keacquireinterruptspinlock,
 * kernel/introduction-to-interrupt-service-routines.
 */
#include "nt/kernel.h"

#include <stdlib.h>

/* The highest level that a device may have. */
#ifdef VPORT_X86
#define HIGHEST_DIRQL 26
#else
#define HIGHEST_DIRQL 12
#endif

struct _KINTERRUPT {
    struct vport_nt *nt;
    PKSERVICE_ROUTINE routine;
    PVOID context;
    PKSPIN_LOCK lock; /* `own_lock`, or one that several interrupts share */
    KSPIN_LOCK own_lock;
    ULONG vector;
    KIRQL irql; /* at which the routine runs: SynchronizeIrql */
    bool share;
    bool connected; /* under interrupt_lock */
    _Atomic uint32_t running;
};

/* ---- Delivery ---- */

/*
 * The index-th or a later interrupt of this vector, kept from going away; NULL when there is none.
 */
static PKINTERRUPT hold_next(struct vport_nt *nt, uint32_t vector, unsigned *index)
{
    PKINTERRUPT found = NULL;

    vport_lock_acquire(&nt->interrupt_lock);
    for (; *index < VPORT_NT_INTERRUPTS && !found; ++*index) {
        PKINTERRUPT interrupt = nt->interrupts[*index];

        if (interrupt && interrupt->connected && interrupt->vector == vector) {
            atomic_fetch_add_explicit(&interrupt->running, 1, memory_order_relaxed);
            found = interrupt;
        }
    }
    vport_lock_release(&nt->interrupt_lock);
    return found;
}

static void release(PKINTERRUPT interrupt)
{
    struct vport_loop *loop = interrupt->nt->loop;

    /* After this the interrupt may be gone. */
    atomic_fetch_sub_explicit(&interrupt->running, 1, memory_order_release);
    vport_loop_wake(loop);
}

/* Raises to the interrupt's level and takes its lock, or the reverse. */
static KIRQL lock_at_dirql(struct vport_cpu *cpu, PKINTERRUPT interrupt, const char *function,
                           const void *site)
{
    KIRQL before = cpu->irql;

    if (before < interrupt->irql)
        vport_nt_raise(cpu, interrupt->irql);
    vport_nt_spin_acquire(cpu, interrupt->lock, function, site);
    return before;
}

static void unlock_from_dirql(struct vport_cpu *cpu, PKINTERRUPT interrupt, KIRQL before,
                              const char *function, const void *site)
{
    if (cpu->irql != interrupt->irql && cpu->irql != before)
        vport_nt_report("IRQL", (const void *)(uintptr_t)interrupt->routine,
                        "A routine that %s called at IRQL %u returned at IRQL %u.", function,
                        interrupt->irql, cpu->irql);
    vport_nt_spin_release(cpu, interrupt->lock, function, site);
    vport_nt_lower(cpu, before);
}

static bool service(struct vport_cpu *cpu, PKINTERRUPT interrupt)
{
    KIRQL before = lock_at_dirql(cpu, interrupt, "The interrupt", NULL);
    uint8_t inside = cpu->inside;
    bool claimed;

    cpu->inside = VPORT_CPU_ISR;
    claimed = interrupt->routine(interrupt, interrupt->context);
    cpu->inside = inside;
    vport_trace(cpu->nt->trace, VPORT_TRACE_INTERRUPT, interrupt->vector, claimed, 0, 0);
    unlock_from_dirql(cpu, interrupt, before, "The interrupt", NULL);
    return claimed;
}

/*
 * Every routine of a shared vector is asked until one claims it: the line is level triggered and
 * comes again for the others.
 */
static bool deliver(struct vport_cpu *cpu, uint32_t vector)
{
    PKINTERRUPT interrupt;
    unsigned index = 0;
    bool claimed = false;

    while (!claimed && (interrupt = hold_next(cpu->nt, vector, &index))) {
        claimed = service(cpu, interrupt);
        release(interrupt);
    }
    return claimed;
}

bool vport_nt_interrupt(struct vport_nt *nt, uint32_t vector)
{
    struct vport_cpu cpu;
    bool claimed;

    /* A processor of its own: the thread may stand on one at any IRQL, or on none. */
    vport_nt_enter(nt, &cpu);
    claimed = deliver(&cpu, vector);
    vport_nt_leave(&cpu);
    return claimed;
}

/* ---- Connecting ---- */

void vport_nt_set_interrupt_ops(struct vport_nt *nt, const struct vport_nt_interrupt_ops *ops,
                                void *context)
{
    nt->interrupt_ops = ops ? *ops : (struct vport_nt_interrupt_ops){0};
    nt->interrupt_context = context;
}

/* Others on the same vector; *exclusive: one of them does not share. The lock is held. */
static unsigned count_vector(const struct vport_nt *nt, ULONG vector, bool *exclusive)
{
    unsigned count = 0;

    *exclusive = false;
    for (unsigned i = 0; i < VPORT_NT_INTERRUPTS; i++) {
        const struct _KINTERRUPT *interrupt = nt->interrupts[i];

        if (interrupt && interrupt->vector == vector) {
            *exclusive |= !interrupt->share;
            count++;
        }
    }
    return count;
}

/* *first: nobody was connected to this vector. */
static NTSTATUS insert(struct vport_nt *nt, PKINTERRUPT interrupt, bool *first)
{
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    bool exclusive;
    unsigned others;

    vport_lock_acquire(&nt->interrupt_lock);
    others = count_vector(nt, interrupt->vector, &exclusive);
    *first = others == 0;
    if (others && (exclusive || !interrupt->share)) {
        status = STATUS_INVALID_PARAMETER;
    } else {
        for (unsigned i = 0; i < VPORT_NT_INTERRUPTS && status; i++) {
            if (!nt->interrupts[i]) {
                __atomic_store_n(&nt->interrupts[i], interrupt, __ATOMIC_RELAXED);
                interrupt->connected = true;
                status = STATUS_SUCCESS;
            }
        }
    }
    vport_lock_release(&nt->interrupt_lock);
    return status;
}

/* false: not connected. *last: nobody is left on this vector. */
static bool remove_interrupt(struct vport_nt *nt, PKINTERRUPT interrupt, ULONG *vector, bool *last)
{
    bool found = false;
    bool exclusive;

    vport_lock_acquire(&nt->interrupt_lock);
    for (unsigned i = 0; i < VPORT_NT_INTERRUPTS && !found; i++) {
        if (interrupt && nt->interrupts[i] == interrupt) {
            __atomic_store_n(&nt->interrupts[i], NULL, __ATOMIC_RELAXED);
            interrupt->connected = false;
            *vector = interrupt->vector;
            *last = count_vector(nt, interrupt->vector, &exclusive) == 0;
            found = true;
        }
    }
    vport_lock_release(&nt->interrupt_lock);
    return found;
}

static bool not_running(void *context)
{
    PKINTERRUPT interrupt = context;

    return atomic_load_explicit(&interrupt->running, memory_order_acquire) == 0;
}

static NTSTATUS connect_vector(struct vport_nt *nt, PKINTERRUPT interrupt)
{
    bool first;
    bool last;
    ULONG vector;
    enum vport_status connected = VPORT_OK;
    NTSTATUS status = insert(nt, interrupt, &first);

    if (NT_SUCCESS(status) && first && nt->interrupt_ops.connect) {
        connected = nt->interrupt_ops.connect(nt->interrupt_context, interrupt->vector);
        if (connected != VPORT_OK)
            remove_interrupt(nt, interrupt, &vector, &last);
    }
    return NT_SUCCESS(status) ? vport_nt_status(connected) : status;
}

static KIRQL checked_irql(KIRQL irql, KIRQL synchronize, const void *site)
{
    if (synchronize >= irql && synchronize > DISPATCH_LEVEL && synchronize <= HIGHEST_DIRQL)
        return synchronize;
    vport_nt_report("IRQL", site,
                    "IoConnectInterrupt: Irql %u and SynchronizeIrql %u; a device has %u to %u and "
                    "SynchronizeIrql is not lower than Irql.",
                    irql, synchronize, DISPATCH_LEVEL + 1, HIGHEST_DIRQL);
    return HIGHEST_DIRQL;
}

/*
 * PASSIVE_LEVEL. The routine may be called before this returns. STATUS_INVALID_PARAMETER: no
 * routine, or the vector is taken and not both share it; STATUS_INSUFFICIENT_RESOURCES.
 * InterruptMode, ProcessorEnableMask and FloatingSave are the platform's business, which has one
 * mode and saves everything. *InterruptObject is IoDisconnectInterrupt's to free.
 */
NTSTATUS NTAPI IoConnectInterrupt(PKINTERRUPT *InterruptObject, PKSERVICE_ROUTINE ServiceRoutine,
                                  PVOID ServiceContext, PKSPIN_LOCK SpinLock, ULONG Vector,
                                  KIRQL Irql, KIRQL SynchronizeIrql, KINTERRUPT_MODE InterruptMode,
                                  BOOLEAN ShareVector, KAFFINITY ProcessorEnableMask,
                                  BOOLEAN FloatingSave)
{
    struct vport_nt *nt = vport_nt_get();
    PKINTERRUPT interrupt;
    NTSTATUS status;

    *InterruptObject = NULL;
    if (!nt || !ServiceRoutine)
        return STATUS_INVALID_PARAMETER;
    vport_nt_irql_at_most("IoConnectInterrupt", PASSIVE_LEVEL, VPORT_SITE);
    interrupt = calloc(1, sizeof(*interrupt));
    if (!interrupt)
        return STATUS_INSUFFICIENT_RESOURCES;
    *interrupt = (struct _KINTERRUPT){.nt = nt,
                                      .routine = ServiceRoutine,
                                      .context = ServiceContext,
                                      .lock = SpinLock ? SpinLock : &interrupt->own_lock,
                                      .vector = Vector,
                                      .irql = checked_irql(Irql, SynchronizeIrql, VPORT_SITE),
                                      .share = ShareVector};
    *InterruptObject = interrupt;
    status = connect_vector(nt, interrupt);
    if (!NT_SUCCESS(status)) {
        *InterruptObject = NULL;
        free(interrupt);
    }
    return status;
}

/*
 * PASSIVE_LEVEL. When it returns the routine is not running and never will. A pointer that is not
 * connected is reported.
 */
VOID NTAPI IoDisconnectInterrupt(PKINTERRUPT InterruptObject)
{
    struct vport_nt *nt = vport_nt_get();
    ULONG vector = 0;
    bool last = false;

    if (!nt)
        return;
    vport_nt_irql_at_most("IoDisconnectInterrupt", PASSIVE_LEVEL, VPORT_SITE);
    if (!remove_interrupt(nt, InterruptObject, &vector, &last)) {
        vport_nt_report("INTERRUPT", VPORT_SITE,
                        "IoDisconnectInterrupt: %p is not a connected interrupt (disconnected "
                        "before, or never connected).",
                        (void *)InterruptObject);
        return;
    }
    if (last && nt->interrupt_ops.disconnect)
        nt->interrupt_ops.disconnect(nt->interrupt_context, vector);
    vport_nt_wait(nt, not_running, InterruptObject, UINT64_MAX, "the interrupt service routine",
                  VPORT_SITE);
    free(InterruptObject);
}

/* ---- Synchronizing ---- */

static bool connected(struct vport_nt *nt, PKINTERRUPT interrupt)
{
    bool found = false;

    for (unsigned i = 0; i < VPORT_NT_INTERRUPTS && !found; i++)
        found = interrupt && __atomic_load_n(&nt->interrupts[i], __ATOMIC_RELAXED) == interrupt;
    return found;
}

static bool check_interrupt(struct vport_cpu *cpu, PKINTERRUPT interrupt, const char *function,
                            const void *site)
{
    if (cpu && connected(cpu->nt, interrupt))
        return vport_nt_irql_at_most(function, interrupt->irql, site);
    vport_nt_report("INTERRUPT", site, "%s: %p is not a connected interrupt.", function,
                    (void *)interrupt);
    return false;
}

/*
 * IRQL <= the interrupt's. Runs the routine at its level and under its lock; returns what it
 * returned, FALSE on misuse.
 */
BOOLEAN NTAPI KeSynchronizeExecution(PKINTERRUPT Interrupt,
                                     PKSYNCHRONIZE_ROUTINE SynchronizeRoutine,
                                     PVOID SynchronizeContext)
{
    struct vport_cpu *cpu = vport_cpu_get();
    uint8_t inside;
    KIRQL before;
    BOOLEAN result;

    if (!check_interrupt(cpu, Interrupt, "KeSynchronizeExecution", VPORT_SITE))
        return FALSE;
    before = lock_at_dirql(cpu, Interrupt, "KeSynchronizeExecution", VPORT_SITE);
    inside = cpu->inside;
    cpu->inside |= VPORT_CPU_SYNCHRONIZE;
    result = SynchronizeRoutine(SynchronizeContext);
    cpu->inside = inside;
    unlock_from_dirql(cpu, Interrupt, before, "KeSynchronizeExecution", VPORT_SITE);
    return result;
}

/* IRQL <= the interrupt's; returns at its level, with the IRQL before. */
KIRQL NTAPI KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!check_interrupt(cpu, Interrupt, "KeAcquireInterruptSpinLock", VPORT_SITE))
        return cpu ? cpu->irql : PASSIVE_LEVEL;
    return lock_at_dirql(cpu, Interrupt, "KeAcquireInterruptSpinLock", VPORT_SITE);
}

VOID NTAPI KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!check_interrupt(cpu, Interrupt, "KeReleaseInterruptSpinLock", VPORT_SITE))
        return;
    unlock_from_dirql(cpu, Interrupt, OldIrql, "KeReleaseInterruptSpinLock", VPORT_SITE);
}

void vport_nt_end_interrupts(struct vport_nt *nt)
{
    for (unsigned i = 0; i < VPORT_NT_INTERRUPTS; i++) {
        PKINTERRUPT interrupt = nt->interrupts[i];

        if (!interrupt)
            continue;
        vport_report(nt->reports, "LEAK", NULL,
                     "The interrupt on vector %u was never disconnected; its routine may run after "
                     "the driver is gone.",
                     interrupt->vector);
        IoDisconnectInterrupt(interrupt);
    }
}
