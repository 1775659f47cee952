/* SPDX-License-Identifier: MIT */
/* What a machine consists of; for machine.c, which builds it, and inside.c, which looks into it. */
#ifndef VPORT_HOST_MACHINE_H
#define VPORT_HOST_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <videoport/host.h>

#include "host/adapters.h"
#include "nt/nt.h"

enum { FROM_DEVICE, TO_DEVICE, DIRECTIONS };

struct vport_machine {
    const struct vport_adapter *adapter;
    struct vport_reports *reports;
    struct vport_trace *trace;
    struct vport_loop *loop;
    struct vport_bus *bus;
    struct vport_nt *nt;
    struct vport_hal *hal;
    PDEVICE_OBJECT pdo;
    PDRIVER_OBJECT driver; /* NULL: no driver loaded */
    const char *driver_name;
    bool own_device;               /* the caller's model instead of the adapter */
    bool added;                    /* AddDevice succeeded */
    bool opened;                   /* HwVidInitialize succeeded */
    uint64_t requests[DIRECTIONS]; /* that made transfers in this direction */
};

#endif
