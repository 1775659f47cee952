/* SPDX-License-Identifier: MIT */
/*
 * Bug checks: the end of a driver. Drivers' callbacks run first, then the host's handler, which
 * must not return.
 *
 * Sources: wdm/nf-wdm-kebugcheckex, wdm/nf-wdm-keregisterbugcheckreasoncallback,
 * debugger/bug-check-code-reference2.
 */
#include "nt/kernel.h"

#include <stdlib.h>

/*
 * KBUGCHECK_REASON_CALLBACK_RECORD.State, opaque to drivers: 0 is what KeInitializeCallbackRecord
 * sets.
 */
enum {
    STATE_REGISTERED = 1,
    STATE_CALLED = 2,
};

/* What a callback may add to the crash dump; there is none, but drivers fill it in. */
#define DUMP_ROOM 4096u

void vport_nt_set_bugcheck_handler(struct vport_nt *nt, vport_nt_bugcheck_handler *handler,
                                   void *context)
{
    nt->bugcheck_handler = handler;
    nt->bugcheck_context = context;
}

/*
 * Any IRQL. FALSE: registered already, or not initialised. The record is the driver's and stays in
 * place until deregistered.
 */
BOOLEAN NTAPI KeRegisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord,
                                               PKBUGCHECK_REASON_CALLBACK_ROUTINE CallbackRoutine,
                                               KBUGCHECK_CALLBACK_REASON Reason, PUCHAR Component)
{
    struct vport_nt *nt = vport_nt_get();

    if (!nt || CallbackRecord->State != 0 || !CallbackRoutine)
        return FALSE;
    CallbackRecord->CallbackRoutine = CallbackRoutine;
    CallbackRecord->Component = Component;
    CallbackRecord->Reason = Reason;
    CallbackRecord->State = STATE_REGISTERED;
    vport_lock_acquire(&nt->object_lock);
    InsertTailList(&nt->bugcheck_callbacks, &CallbackRecord->Entry);
    vport_lock_release(&nt->object_lock);
    return TRUE;
}

/* Any IRQL. FALSE: not registered. */
BOOLEAN NTAPI KeDeregisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD CallbackRecord)
{
    struct vport_nt *nt = vport_nt_get();

    if (!nt || CallbackRecord->State == 0)
        return FALSE;
    vport_lock_acquire(&nt->object_lock);
    RemoveEntryList(&CallbackRecord->Entry);
    vport_lock_release(&nt->object_lock);
    CallbackRecord->State = 0;
    return TRUE;
}

static void call(PKBUGCHECK_REASON_CALLBACK_RECORD record)
{
    static char dump[DUMP_ROOM];
    KBUGCHECK_SECONDARY_DUMP_DATA data = {
        .InBuffer = dump, .InBufferLength = DUMP_ROOM, .MaximumAllowed = DUMP_ROOM};

    if (record->State != STATE_REGISTERED || record->Reason != KbCallbackSecondaryDumpData)
        return;
    record->State = STATE_CALLED;
    record->CallbackRoutine(record->Reason, record, &data, sizeof(data));
}

/* The other processors do not stop; the list is walked as it is. */
static void call_all(struct vport_nt *nt)
{
    struct vport_cpu *cpu = vport_cpu_get();

    cpu->irql = HIGH_LEVEL;
    for (PLIST_ENTRY e = nt->bugcheck_callbacks.Flink; e != &nt->bugcheck_callbacks; e = e->Flink)
        call(CONTAINING_RECORD(e, KBUGCHECK_REASON_CALLBACK_RECORD, Entry));
}

static _Noreturn void bug_check(ULONG code, const ULONG_PTR parameters[4], const void *site)
{
    struct vport_nt *nt = vport_nt_get();

    vport_nt_report("BUGCHECK", site, "Bug check %#x (%#llx, %#llx, %#llx, %#llx).", code,
                    (unsigned long long)parameters[0], (unsigned long long)parameters[1],
                    (unsigned long long)parameters[2], (unsigned long long)parameters[3]);
    if (nt) {
        call_all(nt);
        if (nt->bugcheck_handler)
            nt->bugcheck_handler(nt->bugcheck_context, code, parameters);
    }
    abort();
}

/* Any IRQL. Does not return. */
VOID NTAPI KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1,
                        ULONG_PTR BugCheckParameter2, ULONG_PTR BugCheckParameter3,
                        ULONG_PTR BugCheckParameter4)
{
    const ULONG_PTR parameters[4] = {BugCheckParameter1, BugCheckParameter2, BugCheckParameter3,
                                     BugCheckParameter4};

    bug_check(BugCheckCode, parameters, VPORT_SITE);
}

VOID NTAPI KeBugCheck(ULONG BugCheckCode)
{
    const ULONG_PTR parameters[4] = {0};

    bug_check(BugCheckCode, parameters, VPORT_SITE);
}

/*
 * There are no exceptions, so no driver can handle one: what NT does with an unhandled exception,
 * 0x1E.
 */
VOID NTAPI ExRaiseStatus(NTSTATUS Status)
{
    const ULONG_PTR parameters[4] = {(ULONG_PTR)(ULONG)Status, (ULONG_PTR)VPORT_SITE};

    bug_check(0x1e, parameters, VPORT_SITE);
}

VOID NTAPI ExRaiseAccessViolation(VOID)
{
    const ULONG_PTR parameters[4] = {(ULONG_PTR)(ULONG)STATUS_ACCESS_VIOLATION,
                                     (ULONG_PTR)VPORT_SITE};

    bug_check(0x1e, parameters, VPORT_SITE);
}
