/* SPDX-License-Identifier: MIT */
/*
 * Device objects and the stacks they form. A device is freed when its driver has deleted it and
 * nobody refers to it any more.
 *
 * Sources: wdm/nf-wdm-iocreatedevice, wdm/nf-wdm-iodeletedevice,
 * wdm/nf-wdm-ioattachdevicetodevicestack, wdm/nf-wdm-iodetachdevice,
 * wdm/nf-wdm-iogetattacheddevicereference.
 */
#include "nt/objects.h"

#include <stdlib.h>

static struct vport_nt_device *device_of(const DEVICE_OBJECT *object)
{
    return VPORT_CONTAINER_OF(object, struct vport_nt_device, object);
}

/* The object lock is held. */
static struct vport_nt_device *find(struct vport_nt *nt, const DEVICE_OBJECT *object)
{
    for (PLIST_ENTRY e = nt->devices.Flink; e != &nt->devices; e = e->Flink) {
        struct vport_nt_device *device = CONTAINING_RECORD(e, struct vport_nt_device, link);

        if (&device->object == object)
            return device;
    }
    return NULL;
}

struct vport_nt_device *vport_nt_device_of(struct vport_nt *nt, const DEVICE_OBJECT *object)
{
    struct vport_nt_device *device;

    vport_lock_acquire(&nt->object_lock);
    device = find(nt, object);
    vport_lock_release(&nt->object_lock);
    return device;
}

struct vport_nt_device *vport_nt_device_check(const DEVICE_OBJECT *object, const char *function,
                                              const void *site)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_device *device = nt ? vport_nt_device_of(nt, object) : NULL;

    if (!device)
        vport_nt_report("DEVICE", site,
                        "%s: %p is not a device object (deleted before, or never one).", function,
                        (const void *)object);
    return device;
}

/* ---- Creating ---- */

/* Drivers expect any object of theirs to be aligned in it. */
#define EXTENSION_OFFSET ((sizeof(DEVICE_OBJECT) + 15u) & ~(size_t)15)

static void init_object(struct vport_nt_device *device, PDRIVER_OBJECT driver, ULONG extension_size,
                        DEVICE_TYPE type, ULONG characteristics, BOOLEAN exclusive)
{
    PDEVICE_OBJECT object = &device->object;

    object->Type = IO_TYPE_DEVICE;
    object->Size = (USHORT)(sizeof(DEVICE_OBJECT) + extension_size);
    object->DriverObject = driver;
    object->Flags = DO_DEVICE_INITIALIZING | (exclusive ? DO_EXCLUSIVE : 0) |
                    (device->name.Buffer ? DO_DEVICE_HAS_NAME : 0);
    object->Characteristics = characteristics;
    object->DeviceExtension = extension_size ? (char *)object + EXTENSION_OFFSET : NULL;
    object->DeviceType = type;
    object->StackSize = 1;
    object->SectorSize = 0;
    object->DeviceObjectExtension = &device->extension;
    object->DeviceQueue.Type = 20; /* KOBJECTS: a device queue */
    object->DeviceQueue.Size = sizeof(KDEVICE_QUEUE);
    InitializeListHead(&object->DeviceQueue.DeviceListHead);
    KeInitializeEvent(&object->DeviceLock, SynchronizationEvent, TRUE);
    device->extension.Type = IO_TYPE_DEVICE_OBJECT_EXTENSION;
    device->extension.DeviceObject = object;
}

/* Zeroed, the driver's extension included. */
static struct vport_nt_device *allocate(ULONG extension_size)
{
    size_t size =
        sizeof(struct vport_nt_device) + EXTENSION_OFFSET - sizeof(DEVICE_OBJECT) + extension_size;
    struct vport_nt_device *device = aligned_alloc(64, (size_t)vport_align_up(size, 64));

    if (device)
        memset(device, 0, size);
    return device;
}

/* false: the name is taken. */
static bool publish(struct vport_nt *nt, struct vport_nt_device *device, PDRIVER_OBJECT driver)
{
    bool taken;

    vport_lock_acquire(&nt->object_lock);
    device->instance = nt->instances++;
    taken = device->name.Buffer && vport_nt_name_taken(nt, &device->name);
    if (!taken) {
        InsertTailList(&nt->devices, &device->link);
        device->object.NextDevice = driver->DeviceObject;
        driver->DeviceObject = &device->object;
    }
    vport_lock_release(&nt->object_lock);
    return !taken;
}

static void discard(struct vport_nt_device *device)
{
    free(device->name.Buffer);
    free(device);
}

/*
 * PASSIVE_LEVEL (<= APC_LEVEL). The device has a zeroed extension and DO_DEVICE_INITIALIZING, which
 * AddDevice clears. STATUS_OBJECT_NAME_COLLISION: the name is taken; STATUS_INSUFFICIENT_RESOURCES.
 * IoDeleteDevice ends it.
 */
NTSTATUS NTAPI IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
                              PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
                              ULONG DeviceCharacteristics, BOOLEAN Exclusive,
                              PDEVICE_OBJECT *DeviceObject)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_device *device;

    *DeviceObject = NULL;
    vport_nt_irql_at_most("IoCreateDevice", APC_LEVEL, VPORT_SITE);
    if (!nt || !vport_nt_driver_of(nt, DriverObject))
        return STATUS_INVALID_PARAMETER;
    device = allocate(DeviceExtensionSize);
    if (!device)
        return STATUS_INSUFFICIENT_RESOURCES;
    device->nt = nt;
    InitializeListHead(&device->opens);
    if (DeviceName && DeviceName->Length && !vport_nt_string_copy(&device->name, DeviceName)) {
        discard(device);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    init_object(device, DriverObject, DeviceExtensionSize, DeviceType, DeviceCharacteristics,
                Exclusive);
    if (!publish(nt, device, DriverObject)) {
        discard(device);
        return STATUS_OBJECT_NAME_COLLISION;
    }
    *DeviceObject = &device->object;
    return STATUS_SUCCESS;
}

/* ---- Deleting ---- */

bool vport_nt_device_hold(struct vport_nt *nt, PDEVICE_OBJECT object)
{
    struct vport_nt_device *device;

    vport_lock_acquire(&nt->object_lock);
    device = find(nt, object);
    if (device)
        device->references++;
    vport_lock_release(&nt->object_lock);
    return device;
}

/*
 * Takes the device out of the list if it is deleted and nobody refers to it. The object lock is
 * held.
 */
static bool is_last(struct vport_nt_device *device)
{
    bool last = device->deleted && device->references == 0;

    if (last)
        RemoveEntryList(&device->link);
    return last;
}

void vport_nt_device_release(struct vport_nt *nt, PDEVICE_OBJECT object)
{
    struct vport_nt_device *device;
    bool last = false;

    vport_lock_acquire(&nt->object_lock);
    device = find(nt, object);
    if (device && device->references > 0) {
        device->references--;
        last = is_last(device);
    }
    vport_lock_release(&nt->object_lock);
    if (last)
        discard(device);
}

void vport_nt_device_discard(struct vport_nt_device *device)
{
    RemoveEntryList(&device->link);
    discard(device);
}

/* The object lock is held. */
static void leave_driver(struct vport_nt_device *device)
{
    PDEVICE_OBJECT *link = &device->object.DriverObject->DeviceObject;

    while (*link && *link != &device->object)
        link = &(*link)->NextDevice;
    if (*link)
        *link = device->object.NextDevice;
    device->object.NextDevice = NULL;
}

/*
 * Undoes the attachment to the device below, which `device` may have left in place. The object lock
 * is held.
 */
static void leave_stack(struct vport_nt_device *device)
{
    if (device->below && find(device->nt, device->below) &&
        device->below->AttachedDevice == &device->object)
        device->below->AttachedDevice = NULL;
    device->below = NULL;
    if (device->object.AttachedDevice)
        device_of(device->object.AttachedDevice)->below = NULL;
    device->object.AttachedDevice = NULL;
}

/*
 * PASSIVE_LEVEL (<= APC_LEVEL). The device's name and its place in its driver's list go now, its
 * memory with the last reference. A device still attached to, or attached, is reported and
 * detached.
 */
VOID NTAPI IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoDeleteDevice", VPORT_SITE);
    struct vport_nt *nt = vport_nt_get();
    bool last;

    vport_nt_irql_at_most("IoDeleteDevice", APC_LEVEL, VPORT_SITE);
    if (!device || device->deleted)
        return;
    if (device->below || DeviceObject->AttachedDevice)
        vport_nt_report("DEVICE", VPORT_SITE,
                        "IoDeleteDevice: %p is still attached to %p, and %p to it. IoDetachDevice "
                        "comes first; NT stops with bug check 0xC4 or works on freed memory.",
                        (void *)DeviceObject, (void *)device->below,
                        (void *)DeviceObject->AttachedDevice);
    vport_nt_io_timer_delete(nt, DeviceObject);
    vport_lock_acquire(&nt->object_lock);
    leave_driver(device);
    leave_stack(device);
    device->deleted = true;
    device->name.Length = 0; /* equals no name any more */
    last = is_last(device);
    vport_lock_release(&nt->object_lock);
    if (last)
        discard(device);
}

/* ---- Stacks ---- */

/* The object lock is held. */
static PDEVICE_OBJECT top_of(PDEVICE_OBJECT object)
{
    while (object->AttachedDevice)
        object = object->AttachedDevice;
    return object;
}

/* IRQL <= DISPATCH_LEVEL. The highest device of the stack that `DeviceObject` is in. */
PDEVICE_OBJECT NTAPI IoGetAttachedDevice(PDEVICE_OBJECT DeviceObject)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoGetAttachedDevice", VPORT_SITE);
    PDEVICE_OBJECT top = NULL;

    if (!device)
        return NULL;
    vport_lock_acquire(&device->nt->object_lock);
    top = top_of(DeviceObject);
    vport_lock_release(&device->nt->object_lock);
    return top;
}

PDEVICE_OBJECT vport_nt_stack_top(struct vport_nt *nt, PDEVICE_OBJECT pdo)
{
    PDEVICE_OBJECT top = NULL;

    vport_lock_acquire(&nt->object_lock);
    if (find(nt, pdo)) {
        top = top_of(pdo);
        device_of(top)->references++;
    }
    vport_lock_release(&nt->object_lock);
    return top;
}

/* As IoGetAttachedDevice, with a reference: ObDereferenceObject gives it back. */
PDEVICE_OBJECT NTAPI IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject)
{
    struct vport_nt_device *device =
        vport_nt_device_check(DeviceObject, "IoGetAttachedDeviceReference", VPORT_SITE);

    vport_nt_irql_at_most("IoGetAttachedDeviceReference", DISPATCH_LEVEL, VPORT_SITE);
    return device ? vport_nt_stack_top(device->nt, DeviceObject) : NULL;
}

/*
 * IRQL <= DISPATCH_LEVEL. Puts SourceDevice on top of TargetDevice's stack; returns what was the
 * top, where requests are passed on to. NULL: one of them is no device, or the top is being
 * deleted.
 */
PDEVICE_OBJECT NTAPI IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice,
                                                 PDEVICE_OBJECT TargetDevice)
{
    struct vport_nt_device *source =
        vport_nt_device_check(SourceDevice, "IoAttachDeviceToDeviceStack", VPORT_SITE);
    struct vport_nt_device *target =
        vport_nt_device_check(TargetDevice, "IoAttachDeviceToDeviceStack", VPORT_SITE);
    PDEVICE_OBJECT top = NULL;

    vport_nt_irql_at_most("IoAttachDeviceToDeviceStack", DISPATCH_LEVEL, VPORT_SITE);
    if (!source || !target || source->below || SourceDevice->AttachedDevice)
        return NULL;
    vport_lock_acquire(&source->nt->object_lock);
    if (top_of(TargetDevice) != SourceDevice && !device_of(top_of(TargetDevice))->deleted) {
        top = top_of(TargetDevice);
        top->AttachedDevice = SourceDevice;
        source->below = top;
        SourceDevice->StackSize = (CCHAR)(top->StackSize + 1);
        SourceDevice->AlignmentRequirement = top->AlignmentRequirement;
    }
    vport_lock_release(&source->nt->object_lock);
    return top;
}

/* PASSIVE_LEVEL (<= APC_LEVEL). Takes the device above TargetDevice, the caller's, off. */
VOID NTAPI IoDetachDevice(PDEVICE_OBJECT TargetDevice)
{
    struct vport_nt_device *target =
        vport_nt_device_check(TargetDevice, "IoDetachDevice", VPORT_SITE);

    vport_nt_irql_at_most("IoDetachDevice", APC_LEVEL, VPORT_SITE);
    if (!target)
        return;
    vport_lock_acquire(&target->nt->object_lock);
    if (TargetDevice->AttachedDevice)
        device_of(TargetDevice->AttachedDevice)->below = NULL;
    TargetDevice->AttachedDevice = NULL;
    vport_lock_release(&target->nt->object_lock);
}
