/* SPDX-License-Identifier: MIT */
/*
 * The I/O manager's objects: what it keeps around the driver, device and file objects that drivers
 * see. Shared by the io_*.c files. Lists and reference counts are under nt->object_lock, which is
 * never held while driver code runs.
 */
#ifndef VPORT_NT_OBJECTS_H
#define VPORT_NT_OBJECTS_H

#include "nt/kernel.h"

struct vport_nt_driver {
    LIST_ENTRY link; /* nt->drivers */
    struct vport_nt *nt;
    DRIVER_OBJECT object;
    DRIVER_EXTENSION extension;
    LIST_ENTRY client_extensions;
    UNICODE_STRING registry_path;
};

struct vport_nt_device {
    LIST_ENTRY link; /* nt->devices */
    struct vport_nt *nt;
    LONG references;
    bool deleted;         /* by its driver; goes with the last reference */
    ULONG instance;       /* names its keys in the registry */
    PDEVICE_OBJECT below; /* what it is attached to */
    LIST_ENTRY opens;     /* struct vport_nt_file made by vport_nt_device_open */
    UNICODE_STRING name;
    POWER_STATE power[2]; /* by POWER_STATE_TYPE, as PoSetPowerState was told */
    DEVOBJ_EXTENSION extension;
    DEVICE_OBJECT object __attribute__((aligned(16)));
    /* The driver's device extension follows. */
};

struct vport_nt_file {
    LIST_ENTRY link; /* nt->file_objects */
    LIST_ENTRY open; /* its device's `opens`, or alone */
    LONG references;
    PDEVICE_OBJECT top; /* of the stack that it was opened on */
    FILE_OBJECT object;
};

/* The live object behind a pointer, NULL for any other value. */
struct vport_nt_driver *vport_nt_driver_of(struct vport_nt *nt, const DRIVER_OBJECT *object);
struct vport_nt_device *vport_nt_device_of(struct vport_nt *nt, const DEVICE_OBJECT *object);
/* The same with a report when it is none. */
struct vport_nt_device *vport_nt_device_check(const DEVICE_OBJECT *object, const char *function,
                                              const void *site);

/*
 * Counts a reference; false: no such device. Releasing the last one of a deleted device frees it.
 */
bool vport_nt_device_hold(struct vport_nt *nt, PDEVICE_OBJECT object);
void vport_nt_device_release(struct vport_nt *nt, PDEVICE_OBJECT object);
/* Frees the file objects that are left, with a report; nobody is asked: the kernel ends. */
void vport_nt_files_end(struct vport_nt *nt);
/* Frees a device without asking anybody: the kernel ends. */
void vport_nt_device_discard(struct vport_nt_device *device);
void vport_nt_io_timer_delete(struct vport_nt *nt, PDEVICE_OBJECT object);

/* The top of the stack on `pdo`, referenced; NULL: no such device. */
PDEVICE_OBJECT vport_nt_stack_top(struct vport_nt *nt, PDEVICE_OBJECT pdo);

/* The device with this name, links followed; NULL. */
PDEVICE_OBJECT vport_nt_name_lookup(struct vport_nt *nt, PCUNICODE_STRING name);
bool vport_nt_name_taken(struct vport_nt *nt, PCUNICODE_STRING name);
void vport_nt_names_end(struct vport_nt *nt);

/* Copies into memory of its own, terminated; false: no memory. The Buffer is free()'s. */
bool vport_nt_string_copy(PUNICODE_STRING to, PCUNICODE_STRING from);
/* The same from ASCII text. */
bool vport_nt_string_from(PUNICODE_STRING to, const char *text);

/*
 * Sends an IRP that IoBuild... made with `event` and `block` to `top` and waits for its end;
 * returns its status. Driver's mistakes with it are reported.
 */
NTSTATUS vport_nt_send(struct vport_nt *nt, PDEVICE_OBJECT top, PIRP irp, PKEVENT event,
                       PIO_STATUS_BLOCK block);

/* Sends IRP_MJ_PNP with this stack location (MinorFunction and Parameters are read) to `top`. */
NTSTATUS vport_nt_send_pnp(struct vport_nt *nt, PDEVICE_OBJECT top, const IO_STACK_LOCATION *stack,
                           ULONG_PTR *information);

#endif
