/* SPDX-License-Identifier: MIT */
/*
 * The kinds of adapter: one struct each, in a file of its own (adapter_sim.c, ...), listed in
 * adapters.c. These files are the only ones above the buses that know a concrete bus.
 */
#ifndef VPORT_HOST_ADAPTERS_H
#define VPORT_HOST_ADAPTERS_H

#include <videoport/device.h>
#include <videoport/host.h>

#include "base/loop.h"
#include "bus/bus.h"
#include "host/keys.h"
#include "nt/nt.h"

enum { VPORT_ADAPTER_KEYS = 32 };

/* What the user asked for. */
struct vport_adapter_choice {
    const struct vport_adapter *adapter;
    uint64_t values[VPORT_ADAPTER_KEYS];    /* of the keys, in their order */
    uint64_t given;                         /* bit i: key i was named by the user */
    const struct vport_device_plug *device; /* the caller's own device model, or NULL */
};

struct vport_adapter {
    struct vport_adapter_kind kind;
    const struct vport_key_rule *rules; /* one a key */
    const char *driver_name;            /* of the miniport that comes with it */
    vport_driver driver;                /* NULL: none does */
    bool machine_memory; /* pictures to move lie in the machine's own memory, not in malloc's */
    /* As vport_adapter_check. NULL: runs everywhere. */
    enum vport_status (*check)(char *why);
    /* NULL, or which of several adapters was chosen that share one name and its keys. */
    const struct vport_adapter *(*variant)(const struct vport_adapter_choice *choice);
    /* NULL, or writes what an installation would have put under the driver's registry key `key`. */
    enum vport_status (*settings)(struct vport_bus *bus, struct vport_nt *nt, const char *key);
    /* Which kind of loop the bus wants. */
    enum vport_loop_mode (*mode)(const struct vport_adapter_choice *choice);
    /*
     * Makes the bus with the adapter on it. A device model of the caller's belongs to this function
     * from the call on. config->error has VPORT_ERROR_TEXT bytes.
     */
    enum vport_status (*create)(const struct vport_adapter_choice *choice,
                                const struct vport_bus_config *config, struct vport_bus **bus);
};

/*
 * Reads "name" or "name:key=value,...". VPORT_E_INVALID and VPORT_E_ENVIRONMENT with a sentence in
 * `error` (VPORT_ERROR_TEXT bytes).
 */
enum vport_status vport_adapter_choose(const char *text, struct vport_adapter_choice *choice,
                                       char *error);

/* Ends a device model that was given but did not become part of a bus. NULL is fine. */
void vport_adapter_drop_device(const struct vport_device_plug *device);

extern const struct vport_adapter vport_adapter_sim;
extern const struct vport_adapter vport_adapter_qemu;

#endif
