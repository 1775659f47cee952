/* SPDX-License-Identifier: MIT */
/*
 * Processors and their IRQL. A thread that runs driver code stands on a processor; IRQL is that
 * processor's own, and what it may do at which level is checked here and reported, never enforced
 * by a crash.
 *
 * Sources: kernel/managing-hardware-priorities, wdm/nf-wdm-keraiseirql, wdm/nf-wdm-kelowerirql.
 */
#include "nt/kernel.h"

_Thread_local struct vport_cpu *vport_cpu_current __attribute__((tls_model("initial-exec")));

static const char *irql_name(KIRQL irql)
{
    switch (irql) {
    case PASSIVE_LEVEL:
        return "PASSIVE_LEVEL";
    case APC_LEVEL:
        return "APC_LEVEL";
    case DISPATCH_LEVEL:
        return "DISPATCH_LEVEL";
    case HIGH_LEVEL:
        return "HIGH_LEVEL";
    default:
        return "DIRQL";
    }
}

bool vport_nt_wrong_irql(const char *function, KIRQL lowest, KIRQL highest, const void *site)
{
    KIRQL irql = KeGetCurrentIrql();

    if (lowest > PASSIVE_LEVEL)
        vport_nt_report(
            "IRQL", site,
            "%s was called at IRQL %u (%s); it may be called at %u (%s) to %u (%s). Driver "
            "Verifier stops such a driver with bug check 0xC4, or 0xE6/0x13 for DMA.",
            function, irql, irql_name(irql), lowest, irql_name(lowest), highest,
            irql_name(highest));
    else
        vport_nt_report("IRQL", site,
                        "%s was called at IRQL %u (%s); it may be called at %u (%s) at most. NT "
                        "stops such a driver with bug check 0xA IRQL_NOT_LESS_OR_EQUAL, Driver "
                        "Verifier with 0xC4, or 0xE6/0x14 for DMA.",
                        function, irql, irql_name(irql), highest, irql_name(highest));
    return false;
}

/* ---- Stepping on and off ---- */

static uint8_t take_number(struct vport_nt *nt)
{
    uint32_t taken = atomic_load_explicit(&nt->processors, memory_order_relaxed);

    while (~taken) {
        uint32_t number = (uint32_t)__builtin_ctz(~taken);

        if (atomic_compare_exchange_weak_explicit(&nt->processors, &taken, taken | 1u << number,
                                                  memory_order_acquire, memory_order_relaxed))
            return (uint8_t)number;
    }
    return VPORT_NT_PROCESSORS; /* more threads than processors: this one shares the number of none
                                 */
}

void vport_nt_enter(struct vport_nt *nt, struct vport_cpu *cpu)
{
    *cpu = (struct vport_cpu){.nt = nt,
                              .number = take_number(nt),
                              .watched = !nt->threaded || vport_trace_on(nt->trace),
                              .beneath = vport_cpu_current};
    InitializeListHead(&cpu->dpcs);
    vport_cpu_current = cpu;
}

void vport_nt_leave(struct vport_cpu *cpu)
{
    if (cpu->spin_locks)
        vport_nt_report("SPINLOCK", NULL,
                        "A driver routine returned to the kernel with %u spin lock(s) held.",
                        cpu->spin_locks);
    if (cpu->irql != PASSIVE_LEVEL)
        vport_nt_report(
            "IRQL", NULL,
            "A driver routine that was called at PASSIVE_LEVEL returned at IRQL %u (%s). NT stops "
            "such a driver with bug check 0x4A IRQL_GT_ZERO_AT_SYSTEM_SERVICE.",
            cpu->irql, irql_name(cpu->irql));
    cpu->spin_locks = 0;
    if (cpu->dpc_queued)
        vport_nt_run_dpcs(cpu);
    vport_cpu_current = cpu->beneath;
    if (cpu->number < VPORT_NT_PROCESSORS)
        atomic_fetch_and_explicit(&cpu->nt->processors, ~(1u << cpu->number), memory_order_release);
}

struct vport_nt *vport_nt_current(void)
{
    return vport_nt_get();
}

bool vport_nt_in_interrupt(void)
{
    struct vport_cpu *cpu = vport_cpu_get();

    return cpu && cpu->inside & (VPORT_CPU_ISR | VPORT_CPU_SYNCHRONIZE);
}

void vport_nt_yield(void)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (cpu && !cpu->nt->threaded)
        vport_loop_yield_to(cpu->nt->loop, cpu->spin_locks ? VPORT_LOOP_DEVICES : VPORT_LOOP_ALL);
}

/* ---- Raising and lowering ---- */

KIRQL vport_nt_raise(struct vport_cpu *cpu, KIRQL irql)
{
    KIRQL before = cpu->irql;

    cpu->irql = irql;
    vport_trace(cpu->nt->trace, VPORT_TRACE_IRQL, irql, 0, 0, 0);
    return before;
}

void vport_nt_lower(struct vport_cpu *cpu, KIRQL irql)
{
    if (cpu->dpc_queued && irql < DISPATCH_LEVEL)
        vport_nt_run_dpcs(cpu);
    cpu->irql = irql;
    vport_trace(cpu->nt->trace, VPORT_TRACE_IRQL, irql, 0, 0, 0);
    vport_nt_yield();
}

/* Any IRQL. Outside of a machine there is no processor: PASSIVE_LEVEL. */
KIRQL NTAPI KeGetCurrentIrql(VOID)
{
    struct vport_cpu *cpu = vport_cpu_get();

    return cpu ? cpu->irql : PASSIVE_LEVEL;
}

VPORT_LONG_WAY KIRQL NTAPI raise_long(KIRQL irql, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!cpu)
        return PASSIVE_LEVEL;
    if (irql >= cpu->irql && irql <= HIGH_LEVEL)
        return vport_nt_raise(cpu, irql);
    vport_nt_report(
        "IRQL", site,
        "%s to %u (%s), but the current IRQL is %u (%s); IRQL stays. NT stops such a driver with "
        "bug check 0x9 IRQL_NOT_GREATER_OR_EQUAL, Driver Verifier with 0xC4/0x30.",
        function, irql, irql_name(irql), cpu->irql, irql_name(cpu->irql));
    return cpu->irql;
}

VPORT_SHORT_WAY KIRQL raise_irql(KIRQL irql, const char *function, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();
    KIRQL before;

    if (!cpu || cpu->watched || irql < cpu->irql || irql > HIGH_LEVEL)
        return raise_long(irql, function, site);
    before = cpu->irql;
    cpu->irql = irql;
    return before;
}

/* IRQL <= NewIrql; returns the one before. Anything else is reported and changes nothing. */
KIRQL FASTCALL KfRaiseIrql(KIRQL NewIrql)
{
    return raise_irql(NewIrql, "KeRaiseIrql", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. */
KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID)
{
    return raise_irql(DISPATCH_LEVEL, "KeRaiseIrqlToDpcLevel", VPORT_SITE);
}

#undef KeRaiseIrql
VOID NTAPI KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
    *OldIrql = raise_irql(NewIrql, "KeRaiseIrql", VPORT_SITE);
}

VPORT_LONG_WAY VOID NTAPI lower_long(KIRQL irql, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!cpu)
        return;
    if (vport_nt_may_lower(cpu, irql))
        vport_nt_lower(cpu, irql);
    else
        vport_nt_report("IRQL", site,
                        "KeLowerIrql to %u (%s) at IRQL %u (%s), in a DPC: %s, spin locks held: "
                        "%u; IRQL stays. NT stops such a driver with bug check 0xA "
                        "IRQL_NOT_LESS_OR_EQUAL, Driver Verifier with 0xC4/0x31.",
                        irql, irql_name(irql), cpu->irql, irql_name(cpu->irql),
                        cpu->inside & VPORT_CPU_DPC ? "yes" : "no", cpu->spin_locks);
}

VPORT_SHORT_WAY void lower_irql(KIRQL irql, const void *site)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (cpu && !VPORT_ALONE(cpu->unsettled) && !VPORT_ALONE(cpu->spin_locks) &&
        irql <= VPORT_ALONE(cpu->irql))
        cpu->irql = irql;
    else
        lower_long(irql, site);
}

/*
 * IRQL >= NewIrql. Below DISPATCH_LEVEL the processor's deferred routines run first. Lowering
 * upward, below DISPATCH_LEVEL in a deferred routine or with a spin lock held is reported and
 * changes nothing.
 */
VOID FASTCALL KfLowerIrql(KIRQL NewIrql)
{
    lower_irql(NewIrql, VPORT_SITE);
}

#undef KeLowerIrql
VOID NTAPI KeLowerIrql(KIRQL NewIrql)
{
    lower_irql(NewIrql, VPORT_SITE);
}
