/* SPDX-License-Identifier: MIT */
/* The I/O manager's lists: their beginning, and their end after all drivers. */
#include "nt/objects.h"

enum vport_status vport_nt_begin_objects(struct vport_nt *nt)
{
    InitializeListHead(&nt->drivers);
    InitializeListHead(&nt->devices);
    InitializeListHead(&nt->links);
    InitializeListHead(&nt->file_objects);
    InitializeListHead(&nt->work_items);
    InitializeListHead(&nt->io_timers);
    InitializeListHead(&nt->bugcheck_callbacks);
    InitializeListHead(&nt->files);
    return VPORT_OK;
}

void vport_nt_end_objects(struct vport_nt *nt)
{
    if (!IsListEmpty(&nt->bugcheck_callbacks))
        vport_report(nt->reports, "LEAK", NULL, "A bug check callback was never deregistered.");
    vport_nt_names_end(nt);
    vport_nt_files_end(nt);
    /* Deleted devices that somebody still refers to; all others went with their drivers. */
    while (!IsListEmpty(&nt->devices)) {
        struct vport_nt_device *device =
            CONTAINING_RECORD(nt->devices.Flink, struct vport_nt_device, link);

        vport_report(nt->reports, "LEAK", NULL,
                     "%d reference(s) to a deleted device object were never given back.",
                     device->references);
        vport_nt_device_discard(device);
    }
}
