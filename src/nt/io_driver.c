/* SPDX-License-Identifier: MIT */
/*
 * Driver objects: loading and unloading, and the extensions that a driver's clients hang on its
 * object.
 *
 * Sources: wdm/ns-wdm-_driver_object, wdm/nf-wdm-ioallocatedriverobjectextension,
 * kernel/introduction-to-driver-objects.
 */
#include "nt/objects.h"

#include <stdio.h>
#include <stdlib.h>

/* What IoAllocateDriverObjectExtension gave; the client's bytes follow. */
struct client_extension {
    LIST_ENTRY link;
    PVOID id;
    char data[] __attribute__((aligned(MEMORY_ALLOCATION_ALIGNMENT)));
};

struct vport_nt_driver *vport_nt_driver_of(struct vport_nt *nt, const DRIVER_OBJECT *object)
{
    struct vport_nt_driver *found = NULL;

    vport_lock_acquire(&nt->object_lock);
    for (PLIST_ENTRY e = nt->drivers.Flink; e != &nt->drivers && !found; e = e->Flink) {
        struct vport_nt_driver *driver = CONTAINING_RECORD(e, struct vport_nt_driver, link);

        if (&driver->object == object)
            found = driver;
    }
    vport_lock_release(&nt->object_lock);
    return found;
}

/* What every entry of MajorFunction is before the driver sets it. */
static NTSTATUS NTAPI refuse(PDEVICE_OBJECT device, PIRP irp)
{
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

static void free_driver(struct vport_nt_driver *driver)
{
    while (!IsListEmpty(&driver->client_extensions))
        free(CONTAINING_RECORD(RemoveHeadList(&driver->client_extensions), struct client_extension,
                               link));
    free(driver->object.DriverName.Buffer);
    free(driver->extension.ServiceKeyName.Buffer);
    free(driver->registry_path.Buffer);
    free(driver);
}

static bool name_driver(struct vport_nt_driver *driver, const char *name)
{
    char text[VPORT_NT_OBJECT_NAME];

    if (!vport_nt_string_from(&driver->extension.ServiceKeyName, name))
        return false;
    snprintf(text, sizeof(text), "\\Driver\\%s", name);
    if (!vport_nt_string_from(&driver->object.DriverName, text))
        return false;
    snprintf(text, sizeof(text), "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%s",
             name);
    return vport_nt_string_from(&driver->registry_path, text);
}

static struct vport_nt_driver *create_driver(struct vport_nt *nt, const char *name,
                                             vport_driver_entry entry)
{
    struct vport_nt_driver *driver = calloc(1, sizeof(*driver));

    if (!driver)
        return NULL;
    driver->nt = nt;
    InitializeListHead(&driver->client_extensions);
    driver->extension.DriverObject = &driver->object;
    driver->object.Type = IO_TYPE_DRIVER;
    driver->object.Size = sizeof(DRIVER_OBJECT);
    driver->object.DriverExtension = &driver->extension;
    driver->object.DriverInit = (PDRIVER_INITIALIZE)(void (*)(void))entry;
    for (unsigned i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        driver->object.MajorFunction[i] = refuse;
    if (!name_driver(driver, name)) {
        free_driver(driver);
        return NULL;
    }
    vport_lock_acquire(&nt->object_lock);
    InsertTailList(&nt->drivers, &driver->link);
    vport_lock_release(&nt->object_lock);
    return driver;
}

/* Deletes what the driver should have deleted, then the driver. */
static void delete_driver(struct vport_nt_driver *driver)
{
    struct vport_nt *nt = driver->nt;

    while (driver->object.DeviceObject) {
        vport_report(
            nt->reports, "LEAK", NULL,
            "The driver %s ended without deleting its device object %p (extension %p).",
            vport_nt_debug_name(&driver->object.DriverName, (char[VPORT_NT_OBJECT_NAME]){0}),
            (void *)driver->object.DeviceObject, driver->object.DeviceObject->DeviceExtension);
        IoDeleteDevice(driver->object.DeviceObject);
    }
    vport_lock_acquire(&nt->object_lock);
    RemoveEntryList(&driver->link);
    vport_lock_release(&nt->object_lock);
    free_driver(driver);
}

static NTSTATUS run_entry(struct vport_nt_driver *driver, vport_driver_entry entry)
{
    struct vport_cpu cpu;
    NTSTATUS status;

    vport_nt_enter(driver->nt, &cpu);
    status = entry(&driver->object, &driver->registry_path);
    vport_nt_leave(&cpu);
    return status;
}

NTSTATUS vport_nt_driver_load(struct vport_nt *nt, const char *name, vport_driver_entry entry,
                              PDRIVER_OBJECT *result)
{
    struct vport_nt_driver *driver;
    struct vport_cpu cpu;
    NTSTATUS status;

    *result = NULL;
    if (!name || !entry || strlen(name) > 64)
        return STATUS_INVALID_PARAMETER;
    driver = create_driver(nt, name, entry);
    if (!driver)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = vport_nt_registry_create(nt, &driver->registry_path);
    if (NT_SUCCESS(status))
        status = run_entry(driver, entry);
    if (NT_SUCCESS(status)) {
        *result = &driver->object;
        return status;
    }
    vport_nt_enter(nt, &cpu);
    delete_driver(driver);
    vport_nt_leave(&cpu);
    return status;
}

void vport_nt_driver_unload(struct vport_nt *nt, PDRIVER_OBJECT object)
{
    struct vport_nt_driver *driver = vport_nt_driver_of(nt, object);
    struct vport_cpu cpu;

    if (!driver)
        return;
    vport_nt_enter(nt, &cpu);
    object->Flags |= DRVO_UNLOAD_INVOKED;
    if (object->DriverUnload)
        object->DriverUnload(object);
    delete_driver(driver);
    vport_nt_leave(&cpu);
}

void vport_nt_end_drivers(struct vport_nt *nt)
{
    while (!IsListEmpty(&nt->drivers)) {
        struct vport_nt_driver *driver =
            CONTAINING_RECORD(nt->drivers.Flink, struct vport_nt_driver, link);

        delete_driver(driver);
    }
}

/* ---- Client extensions ---- */

/* The object lock is held. */
static struct client_extension *find_extension(const struct vport_nt_driver *driver, PVOID id)
{
    for (PLIST_ENTRY e = driver->client_extensions.Flink; e != &driver->client_extensions;
         e = e->Flink) {
        struct client_extension *extension = CONTAINING_RECORD(e, struct client_extension, link);

        if (extension->id == id)
            return extension;
    }
    return NULL;
}

/*
 * PASSIVE_LEVEL. Zeroed nonpaged memory that lives as long as the driver object.
 * STATUS_OBJECT_NAME_COLLISION: the id is taken; STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS NTAPI IoAllocateDriverObjectExtension(PDRIVER_OBJECT DriverObject,
                                               PVOID ClientIdentificationAddress,
                                               ULONG DriverObjectExtensionSize,
                                               PVOID *DriverObjectExtension)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_driver *driver = nt ? vport_nt_driver_of(nt, DriverObject) : NULL;
    struct client_extension *extension;
    bool taken;

    *DriverObjectExtension = NULL;
    vport_nt_irql_at_most("IoAllocateDriverObjectExtension", APC_LEVEL, VPORT_SITE);
    if (!driver)
        return STATUS_INVALID_PARAMETER;
    extension = calloc(1, sizeof(*extension) + DriverObjectExtensionSize);
    if (!extension)
        return STATUS_INSUFFICIENT_RESOURCES;
    extension->id = ClientIdentificationAddress;
    vport_lock_acquire(&nt->object_lock);
    taken = find_extension(driver, ClientIdentificationAddress);
    if (!taken)
        InsertTailList(&driver->client_extensions, &extension->link);
    vport_lock_release(&nt->object_lock);
    if (taken) {
        free(extension);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    *DriverObjectExtension = extension->data;
    return STATUS_SUCCESS;
}

/* IRQL <= DISPATCH_LEVEL. NULL: none with this id. */
PVOID NTAPI IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject,
                                       PVOID ClientIdentificationAddress)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_driver *driver = nt ? vport_nt_driver_of(nt, DriverObject) : NULL;
    struct client_extension *extension;

    vport_nt_irql_at_most("IoGetDriverObjectExtension", DISPATCH_LEVEL, VPORT_SITE);
    if (!driver)
        return NULL;
    vport_lock_acquire(&nt->object_lock);
    extension = find_extension(driver, ClientIdentificationAddress);
    vport_lock_release(&nt->object_lock);
    return extension ? extension->data : NULL;
}
