/* SPDX-License-Identifier: MIT */
/*
 * A device's queue of requests for its DriverStartIo, which handles one at a time at
 * DISPATCH_LEVEL.
 *
 * Sources: wdm/nf-wdm-iostartpacket, wdm/nf-wdm-iostartnextpacket,
 * kernel/startio-routines-in-drivers.
 */
#include "nt/objects.h"

#undef KeAcquireSpinLockAtDpcLevel
#undef KeReleaseSpinLockFromDpcLevel

/* Puts it into the queue, by key if there is one. The queue's lock is held. */
static void insert(PKDEVICE_QUEUE queue, PKDEVICE_QUEUE_ENTRY entry, const ULONG *key)
{
    PLIST_ENTRY before = &queue->DeviceListHead;

    entry->SortKey = key ? *key : 0;
    entry->Inserted = TRUE;
    if (key)
        for (before = before->Flink; before != &queue->DeviceListHead; before = before->Flink)
            if (CONTAINING_RECORD(before, KDEVICE_QUEUE_ENTRY, DeviceListEntry)->SortKey > *key)
                break;
    InsertTailList(before, &entry->DeviceListEntry);
}

/*
 * IRQL <= DISPATCH_LEVEL. Calls DriverStartIo with the IRP now, or queues it while another is
 * handled. CancelFunction becomes its cancel routine.
 */
VOID NTAPI IoStartPacket(PDEVICE_OBJECT DeviceObject, PIRP Irp, PULONG Key,
                         PDRIVER_CANCEL CancelFunction)
{
    PKDEVICE_QUEUE queue = &DeviceObject->DeviceQueue;
    bool busy;
    KIRQL irql;

    if (!vport_nt_device_check(DeviceObject, "IoStartPacket", VPORT_SITE) ||
        !vport_nt_irql_at_most("IoStartPacket", DISPATCH_LEVEL, VPORT_SITE))
        return;
    if (CancelFunction)
        (void)IoSetCancelRoutine(Irp, CancelFunction);
    irql = KeAcquireSpinLockRaiseToDpc(&queue->Lock);
    busy = queue->Busy;
    if (busy)
        insert(queue, &Irp->Tail.Overlay.DeviceQueueEntry, Key);
    queue->Busy = TRUE;
    KeReleaseSpinLockFromDpcLevel(&queue->Lock);
    if (!busy) {
        DeviceObject->CurrentIrp = Irp;
        DeviceObject->DriverObject->DriverStartIo(DeviceObject, Irp);
    }
    KfLowerIrql(irql);
}

/* The queue's lock is held. */
static PIRP take_first(PKDEVICE_QUEUE queue)
{
    PKDEVICE_QUEUE_ENTRY entry;

    if (IsListEmpty(&queue->DeviceListHead)) {
        queue->Busy = FALSE;
        return NULL;
    }
    entry = CONTAINING_RECORD(RemoveHeadList(&queue->DeviceListHead), KDEVICE_QUEUE_ENTRY,
                              DeviceListEntry);
    entry->Inserted = FALSE;
    return CONTAINING_RECORD(entry, IRP, Tail.Overlay.DeviceQueueEntry);
}

/*
 * DISPATCH_LEVEL. The request that DriverStartIo had is done: calls it with the next one, if there
 * is one.
 */
VOID NTAPI IoStartNextPacket(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable)
{
    PKDEVICE_QUEUE queue = &DeviceObject->DeviceQueue;
    PIRP irp;

    if (!vport_nt_device_check(DeviceObject, "IoStartNextPacket", VPORT_SITE) ||
        !vport_nt_irql_between("IoStartNextPacket", DISPATCH_LEVEL, DISPATCH_LEVEL, VPORT_SITE))
        return;
    KeAcquireSpinLockAtDpcLevel(&queue->Lock);
    irp = take_first(queue);
    DeviceObject->CurrentIrp = irp;
    KeReleaseSpinLockFromDpcLevel(&queue->Lock);
    if (irp)
        DeviceObject->DriverObject->DriverStartIo(DeviceObject, irp);
}
