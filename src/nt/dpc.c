/* SPDX-License-Identifier: MIT */
/*
 * Deferred procedure calls. A KDPC is queued to the processor that queues it and runs there when
 * IRQL drops below DISPATCH_LEVEL; DpcData says that it is queued, and where.
 *
 * Sources: kernel/introduction-to-dpcs, wdm/nf-wdm-keinsertqueuedpc, wdm/nf-wdm-keremovequeuedpc,
 * wdm/nf-wdm-keflushqueueddpcs.
 */
#include "nt/kernel.h"

/* KOBJECTS values, kept in Type so that a debugger shows what drivers' authors know. */
#define DPC_OBJECT 19

/*
 * What a deferred routine is called with, read while the KDPC still belongs to the queue: the
 * routine may free it.
 */
struct call {
    PKDPC dpc;
    PKDEFERRED_ROUTINE routine;
    PVOID context, argument1, argument2;
};

static bool pop(struct vport_cpu *cpu, struct call *call)
{
    struct vport_nt *nt = cpu->nt;
    bool found = false;

    vport_lock_acquire(&nt->dpc_lock);
    if (!IsListEmpty(&cpu->dpcs)) {
        PKDPC dpc = CONTAINING_RECORD(RemoveHeadList(&cpu->dpcs), KDPC, DpcListEntry);

        *call = (struct call){dpc, dpc->DeferredRoutine, dpc->DeferredContext, dpc->SystemArgument1,
                              dpc->SystemArgument2};
        dpc->DpcData = NULL;
        found = true;
    }
    vport_lock_release(&nt->dpc_lock);
    return found;
}

static void check_after(struct vport_cpu *cpu, const struct call *call, uint16_t spin_locks)
{
    if (cpu->irql == DISPATCH_LEVEL && cpu->spin_locks == spin_locks)
        return;
    vport_nt_report("DPC", (const void *)(uintptr_t)call->routine,
                    "A deferred routine returned at IRQL %u with %d spin lock(s) more than it was "
                    "called with; it must return at DISPATCH_LEVEL with none. NT stops with bug "
                    "check 0xC7 TIMER_OR_DPC_INVALID.",
                    cpu->irql, cpu->spin_locks - spin_locks);
    cpu->irql = DISPATCH_LEVEL;
    cpu->spin_locks = spin_locks;
}

static void run(struct vport_cpu *cpu, const struct call *call)
{
    struct vport_nt *nt = cpu->nt;
    uint16_t spin_locks = cpu->spin_locks;

    vport_trace(nt->trace, VPORT_TRACE_DPC, cpu->number, 0, 0, 0);
    call->routine(call->dpc, call->context, call->argument1, call->argument2);
    check_after(cpu, call, spin_locks);
    atomic_fetch_sub_explicit(&nt->dpcs, 1, memory_order_release);
    vport_loop_wake(nt->loop);
}

void vport_nt_run_dpcs(struct vport_cpu *cpu)
{
    struct call call;
    uint8_t inside = cpu->inside;
    KIRQL irql = cpu->irql;

    cpu->inside = VPORT_CPU_DPC;
    cpu->irql = DISPATCH_LEVEL;
    cpu->dpc_queued =
        false; /* a routine that queues more sets it again, and is popped below all the same */
    while (pop(cpu, &call))
        run(cpu, &call);
    cpu->dpc_queued = false;
    cpu->irql = irql;
    cpu->inside = inside;
}

/* Any IRQL. */
VOID NTAPI KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    *Dpc = (KDPC){.Type = DPC_OBJECT,
                  .Importance = MediumImportance,
                  .DeferredRoutine = DeferredRoutine,
                  .DeferredContext = DeferredContext};
}

/* Any IRQL. HighImportance: the next KeInsertQueueDpc puts it before the others. */
VOID NTAPI KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
    Dpc->Importance = (UCHAR)Importance;
}

/* Any IRQL. Accepted; a DPC always runs on the processor that queues it. */
VOID NTAPI KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
    Dpc->Number = (USHORT)(UCHAR)Number;
}

static bool enqueue(struct vport_cpu *cpu, PRKDPC dpc, PVOID argument1, PVOID argument2)
{
    struct vport_nt *nt = cpu->nt;
    bool inserted;

    vport_lock_acquire(&nt->dpc_lock);
    inserted = !dpc->DpcData;
    if (inserted) {
        dpc->DpcData = cpu;
        dpc->SystemArgument1 = argument1;
        dpc->SystemArgument2 = argument2;
        if (dpc->Importance == HighImportance)
            InsertHeadList(&cpu->dpcs, &dpc->DpcListEntry);
        else
            InsertTailList(&cpu->dpcs, &dpc->DpcListEntry);
        atomic_fetch_add_explicit(&nt->dpcs, 1, memory_order_relaxed);
    }
    vport_lock_release(&nt->dpc_lock);
    return inserted;
}

/*
 * Any IRQL. Queues the DPC to this processor; below DISPATCH_LEVEL it runs before this returns.
 * FALSE: it is queued already, and keeps the arguments of then.
 */
BOOLEAN NTAPI KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    struct vport_cpu *cpu = vport_cpu_get();

    if (!cpu || !Dpc->DeferredRoutine) {
        vport_nt_report("DPC", VPORT_SITE, "KeInsertQueueDpc: the DPC was never initialised.");
        return FALSE;
    }
    if (!enqueue(cpu, Dpc, SystemArgument1, SystemArgument2))
        return FALSE;
    cpu->dpc_queued = true;
    if (cpu->irql < DISPATCH_LEVEL)
        vport_nt_run_dpcs(cpu);
    return TRUE;
}

/*
 * Any IRQL. TRUE: it was queued, on whatever processor, and will not run. FALSE: it may be running.
 */
BOOLEAN NTAPI KeRemoveQueueDpc(PRKDPC Dpc)
{
    struct vport_nt *nt = vport_nt_get();
    bool queued;

    if (!nt)
        return FALSE;
    vport_lock_acquire(&nt->dpc_lock);
    queued = Dpc->DpcData;
    if (queued) {
        RemoveEntryList(&Dpc->DpcListEntry);
        Dpc->DpcData = NULL;
        atomic_fetch_sub_explicit(&nt->dpcs, 1, memory_order_release);
    }
    vport_lock_release(&nt->dpc_lock);
    return queued;
}

static bool no_dpcs(void *context)
{
    struct vport_nt *nt = context;

    return atomic_load_explicit(&nt->dpcs, memory_order_acquire) == 0;
}

/* PASSIVE_LEVEL. Returns when every deferred routine that was queued has run, on all processors. */
VOID NTAPI KeFlushQueuedDpcs(VOID)
{
    struct vport_nt *nt = vport_nt_get();

    if (nt && vport_nt_irql_at_most("KeFlushQueuedDpcs", PASSIVE_LEVEL, VPORT_SITE))
        vport_nt_wait(nt, no_dpcs, nt, UINT64_MAX, "the deferred routines", VPORT_SITE);
}
