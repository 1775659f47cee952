/* SPDX-License-Identifier: MIT */
/*
 * Work items: routines that run later, at PASSIVE_LEVEL, where they may wait.
 *
 * Sources: wdm/nf-wdm-ioallocateworkitem, wdm/nf-wdm-ioqueueworkitem, wdm/nf-wdm-iofreeworkitem.
 */
#include "nt/objects.h"

#include <stdlib.h>

struct _IO_WORKITEM {
    LIST_ENTRY link; /* nt->work_items */
    struct vport_nt *nt;
    PDEVICE_OBJECT device;
    PIO_WORKITEM_ROUTINE routine;
    PVOID context;
    struct vport_event event;
    bool queued; /* under object_lock */
};

/* The object lock is held. */
static bool is_live(struct vport_nt *nt, PIO_WORKITEM item)
{
    for (PLIST_ENTRY e = nt->work_items.Flink; e != &nt->work_items; e = e->Flink)
        if (CONTAINING_RECORD(e, struct _IO_WORKITEM, link) == item)
            return true;
    return false;
}

static bool check(struct vport_nt *nt, PIO_WORKITEM item, const char *function, const void *site)
{
    bool live = false;

    vport_nt_irql_at_most(function, DISPATCH_LEVEL, site);
    if (nt) {
        vport_lock_acquire(&nt->object_lock);
        live = is_live(nt, item);
        vport_lock_release(&nt->object_lock);
    }
    if (!live)
        vport_nt_report("WORKITEM", site, "%s: %p is not a work item (freed before, or never one).",
                        function, (void *)item);
    return live;
}

/* The routine may free the item, or queue it again: it is read before. */
static void run(void *context)
{
    PIO_WORKITEM item = context;
    struct vport_nt *nt = item->nt;
    PIO_WORKITEM_ROUTINE routine = item->routine;
    PDEVICE_OBJECT device = item->device;
    PVOID argument = item->context;

    vport_lock_acquire(&nt->object_lock);
    item->queued = false;
    vport_lock_release(&nt->object_lock);
    routine(device, argument);
    vport_nt_device_release(nt, device); /* held while the item was queued or its routine ran */
}

/* IRQL <= DISPATCH_LEVEL. NULL: no memory. IoFreeWorkItem frees it. */
PIO_WORKITEM NTAPI IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoAllocateWorkItem", VPORT_SITE);
    PIO_WORKITEM item = device ? calloc(1, sizeof(*item)) : NULL;

    vport_nt_irql_at_most("IoAllocateWorkItem", DISPATCH_LEVEL, VPORT_SITE);
    if (!item)
        return NULL;
    item->nt = device->nt;
    item->device = DeviceObject;
    vport_event_init(&item->event, VPORT_EVENT_WORK, run, item);
    vport_lock_acquire(&item->nt->object_lock);
    InsertTailList(&item->nt->work_items, &item->link);
    vport_lock_release(&item->nt->object_lock);
    return item;
}

/*
 * IRQL <= DISPATCH_LEVEL. The queue makes no difference. Queued twice before it has run: reported,
 * and it runs once.
 */
VOID NTAPI IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
                           WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    struct vport_nt *nt = vport_nt_get();
    bool queued;

    if (!check(nt, IoWorkItem, "IoQueueWorkItem", VPORT_SITE))
        return;
    vport_lock_acquire(&nt->object_lock);
    queued = IoWorkItem->queued;
    if (!queued) {
        IoWorkItem->queued = true;
        IoWorkItem->routine = WorkerRoutine;
        IoWorkItem->context = Context;
    }
    vport_lock_release(&nt->object_lock);
    if (queued) {
        vport_nt_report("WORKITEM", VPORT_SITE,
                        "IoQueueWorkItem: the work item is queued already. NT stops with bug check "
                        "0x96 INVALID_WORK_QUEUE_ITEM.");
        return;
    }
    vport_nt_device_hold(nt, IoWorkItem->device);
    vport_loop_post(nt->loop, &IoWorkItem->event, 0);
}

static void take_out(struct vport_nt *nt, PIO_WORKITEM item, bool *queued)
{
    vport_lock_acquire(&nt->object_lock);
    *queued = item->queued;
    RemoveEntryList(&item->link);
    vport_lock_release(&nt->object_lock);
    if (vport_loop_cancel(nt->loop, &item->event))
        vport_nt_device_release(nt, item->device); /* else its run does that */
    else if (*queued)
        vport_loop_cancel_wait(nt->loop, &item->event);
}

/* IRQL <= DISPATCH_LEVEL; also from its own routine. A queued one is reported and does not run. */
VOID NTAPI IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    struct vport_nt *nt = vport_nt_get();
    bool queued;

    if (!check(nt, IoWorkItem, "IoFreeWorkItem", VPORT_SITE))
        return;
    take_out(nt, IoWorkItem, &queued);
    if (queued)
        vport_nt_report("WORKITEM", VPORT_SITE, "IoFreeWorkItem: the work item is still queued.");
    free(IoWorkItem);
}

void vport_nt_end_work_items(struct vport_nt *nt)
{
    while (!IsListEmpty(&nt->work_items)) {
        PIO_WORKITEM item = CONTAINING_RECORD(nt->work_items.Flink, struct _IO_WORKITEM, link);
        bool queued;

        take_out(nt, item, &queued);
        vport_report(nt->reports, "LEAK", NULL, "A work item was never freed%s.",
                     queued ? "; it was still queued" : "");
        free(item);
    }
}
