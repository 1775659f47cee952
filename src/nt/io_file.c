/* SPDX-License-Identifier: MIT */
/*
 * File objects (one for each open of a device) and references to objects. Opening sends
 * IRP_MJ_CREATE, the last reference IRP_MJ_CLEANUP and IRP_MJ_CLOSE.
 *
 * Sources: wdm/ns-wdm-_file_object, wdm/nf-wdm-iogetdeviceobjectpointer,
 * wdm/nf-wdm-obfreferenceobject.
 */
#include "nt/objects.h"

#include <stdlib.h>

static NTSTATUS send_file(struct vport_nt *nt, struct vport_nt_file *file, UCHAR major)
{
    IO_STATUS_BLOCK block;
    KEVENT event;
    PIRP irp;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(major, file->top, NULL, 0, NULL, &event, &block);
    if (!irp)
        return STATUS_INSUFFICIENT_RESOURCES;
    IoGetNextIrpStackLocation(irp)->FileObject = &file->object;
    return vport_nt_send(nt, file->top, irp, &event, &block);
}

static struct vport_nt_file *create_file(struct vport_nt *nt, PDEVICE_OBJECT pdo)
{
    struct vport_nt_file *file = calloc(1, sizeof(*file));

    if (!file)
        return NULL;
    InitializeListHead(&file->open);
    file->references = 1;
    file->object.Type = IO_TYPE_FILE;
    file->object.Size = sizeof(FILE_OBJECT);
    file->object.DeviceObject = pdo;
    vport_lock_acquire(&nt->object_lock);
    InsertTailList(&nt->file_objects, &file->link);
    vport_lock_release(&nt->object_lock);
    return file;
}

static void free_file(struct vport_nt *nt, struct vport_nt_file *file)
{
    vport_lock_acquire(&nt->object_lock);
    RemoveEntryList(&file->link);
    vport_lock_release(&nt->object_lock);
    if (file->top)
        vport_nt_device_release(nt, file->top);
    free(file);
}

/* Opens the stack on `pdo`. */
static NTSTATUS open_file(struct vport_nt *nt, PDEVICE_OBJECT pdo, struct vport_nt_file **result)
{
    struct vport_nt_file *file = create_file(nt, pdo);
    NTSTATUS status;

    *result = NULL;
    if (!file)
        return STATUS_INSUFFICIENT_RESOURCES;
    file->top = vport_nt_stack_top(nt, pdo);
    status = file->top ? send_file(nt, file, IRP_MJ_CREATE) : STATUS_NO_SUCH_DEVICE;
    if (NT_SUCCESS(status))
        *result = file;
    else
        free_file(nt, file);
    return status;
}

static NTSTATUS close_file(struct vport_nt *nt, struct vport_nt_file *file)
{
    NTSTATUS status;

    send_file(nt, file, IRP_MJ_CLEANUP); /* most drivers do not handle it */
    status = send_file(nt, file, IRP_MJ_CLOSE);
    free_file(nt, file);
    return status;
}

NTSTATUS vport_nt_device_open(struct vport_nt *nt, PDEVICE_OBJECT pdo)
{
    struct vport_nt_device *device = vport_nt_device_of(nt, pdo);
    struct vport_nt_file *file;
    struct vport_cpu cpu;
    NTSTATUS status;

    if (!device)
        return STATUS_NO_SUCH_DEVICE;
    vport_nt_enter(nt, &cpu);
    status = open_file(nt, pdo, &file);
    if (NT_SUCCESS(status)) {
        vport_lock_acquire(&nt->object_lock);
        InsertTailList(&device->opens, &file->open);
        vport_lock_release(&nt->object_lock);
    }
    vport_nt_leave(&cpu);
    return status;
}

NTSTATUS vport_nt_device_close(struct vport_nt *nt, PDEVICE_OBJECT pdo)
{
    struct vport_nt_device *device = vport_nt_device_of(nt, pdo);
    struct vport_nt_file *file = NULL;
    struct vport_cpu cpu;
    NTSTATUS status;

    if (!device)
        return STATUS_NO_SUCH_DEVICE;
    vport_lock_acquire(&nt->object_lock);
    if (!IsListEmpty(&device->opens))
        file = CONTAINING_RECORD(RemoveTailList(&device->opens), struct vport_nt_file, open);
    vport_lock_release(&nt->object_lock);
    if (!file)
        return STATUS_INVALID_HANDLE;
    vport_nt_enter(nt, &cpu);
    status = close_file(nt, file);
    vport_nt_leave(&cpu);
    return status;
}

/*
 * PASSIVE_LEVEL. Opens the device with this name: *DeviceObject is the top of its stack, valid as
 * long as *FileObject, which ObDereferenceObject gives back. STATUS_OBJECT_NAME_NOT_FOUND, or what
 * IRP_MJ_CREATE ended with.
 */
NTSTATUS NTAPI IoGetDeviceObjectPointer(PUNICODE_STRING ObjectName, ACCESS_MASK DesiredAccess,
                                        PFILE_OBJECT *FileObject, PDEVICE_OBJECT *DeviceObject)
{
    struct vport_nt *nt = vport_nt_get();
    PDEVICE_OBJECT named;
    struct vport_nt_file *file;
    NTSTATUS status;

    *FileObject = NULL;
    *DeviceObject = NULL;
    vport_nt_irql_at_most("IoGetDeviceObjectPointer", PASSIVE_LEVEL, VPORT_SITE);
    named = nt ? vport_nt_name_lookup(nt, ObjectName) : NULL;
    if (!named)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    status = open_file(nt, named, &file);
    vport_nt_device_release(nt, named);
    if (!NT_SUCCESS(status))
        return status;
    *FileObject = &file->object;
    *DeviceObject = file->top;
    return STATUS_SUCCESS;
}

/* IRQL <= DISPATCH_LEVEL. */
PDEVICE_OBJECT NTAPI IoGetRelatedDeviceObject(PFILE_OBJECT FileObject)
{
    vport_nt_irql_at_most("IoGetRelatedDeviceObject", DISPATCH_LEVEL, VPORT_SITE);
    return VPORT_CONTAINER_OF(FileObject, struct vport_nt_file, object)->top;
}

/* ---- References ---- */

static struct vport_nt_file *file_of(struct vport_nt *nt, PVOID object)
{
    struct vport_nt_file *found = NULL;

    vport_lock_acquire(&nt->object_lock);
    for (PLIST_ENTRY e = nt->file_objects.Flink; e != &nt->file_objects && !found; e = e->Flink) {
        struct vport_nt_file *file = CONTAINING_RECORD(e, struct vport_nt_file, link);

        if (&file->object == object)
            found = file;
    }
    vport_lock_release(&nt->object_lock);
    return found;
}

static LONG_PTR count_file(struct vport_nt *nt, struct vport_nt_file *file, LONG amount)
{
    LONG now;

    vport_lock_acquire(&nt->object_lock);
    now = file->references += amount;
    vport_lock_release(&nt->object_lock);
    if (now == 0)
        close_file(nt, file);
    return now;
}

static LONG_PTR reference(PVOID object, LONG amount, const char *function, const void *site)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_device *device = nt ? vport_nt_device_of(nt, object) : NULL;
    struct vport_nt_file *file;
    LONG_PTR now = 0;

    if (device) {
        now = device->references + amount;
        if (amount > 0)
            vport_nt_device_hold(nt, object);
        else
            vport_nt_device_release(nt, object);
    } else if (nt && vport_nt_driver_of(nt, object)) {
        now = 1; /* a driver object lives until it is unloaded, whoever refers to it */
    } else if (nt && (file = file_of(nt, object))) {
        now = count_file(nt, file, amount);
    } else {
        vport_nt_report("OBJECT", site, "%s: %p is no object that can be referred to.", function,
                        object);
    }
    return now;
}

/*
 * IRQL <= DISPATCH_LEVEL. Devices and files; the number returned is for debugging, as documented.
 */
LONG_PTR FASTCALL ObfReferenceObject(PVOID Object)
{
    vport_nt_irql_at_most("ObReferenceObject", DISPATCH_LEVEL, VPORT_SITE);
    return reference(Object, 1, "ObReferenceObject", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL; PASSIVE_LEVEL for the last reference to a file. */
LONG_PTR FASTCALL ObfDereferenceObject(PVOID Object)
{
    vport_nt_irql_at_most("ObDereferenceObject", DISPATCH_LEVEL, VPORT_SITE);
    return reference(Object, -1, "ObDereferenceObject", VPORT_SITE);
}

/* IRQL <= DISPATCH_LEVEL. Any type is the right one. */
NTSTATUS NTAPI ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK DesiredAccess,
                                          POBJECT_TYPE ObjectType, KPROCESSOR_MODE AccessMode)
{
    vport_nt_irql_at_most("ObReferenceObjectByPointer", DISPATCH_LEVEL, VPORT_SITE);
    return reference(Object, 1, "ObReferenceObjectByPointer", VPORT_SITE) > 0
               ? STATUS_SUCCESS
               : STATUS_OBJECT_TYPE_MISMATCH;
}

void vport_nt_files_end(struct vport_nt *nt)
{
    while (!IsListEmpty(&nt->file_objects)) {
        struct vport_nt_file *file =
            CONTAINING_RECORD(nt->file_objects.Flink, struct vport_nt_file, link);

        vport_report(nt->reports, "LEAK", NULL,
                     "A device was opened and never closed (%d reference(s) to its file object).",
                     file->references);
        free_file(nt, file);
    }
}
