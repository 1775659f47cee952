/* SPDX-License-Identifier: MIT */
/*
 * The suite's miniport: it does nothing by itself; it lends its entry points to the running test.
 *
 * Includes only include/ddk, as any miniport. The hooks are called with the context that was
 * planned; a NULL hook does nothing.
 */
#ifndef CONTRACT_DRIVER_H
#define CONTRACT_DRIVER_H

#include <video.h>

struct driver_hooks {
    void *context;
    void (*find_adapter)(void *context,
                         void *extension); /* PASSIVE_LEVEL, last in HwVidFindAdapter */
    void (*initialize)(void *context,
                       void *extension); /* PASSIVE_LEVEL, in HwVidInitialize: at every open */
    void (*interrupt)(
        void *context);             /* DIRQL, in HwVidInterrupt, when the device had interrupted */
    void (*dpc)(void *context);     /* DISPATCH_LEVEL; queued by HwVidInterrupt if not NULL */
    void (*timer)(void *context);   /* DISPATCH_LEVEL, in HwVidTimer */
    void (*request)(void *context); /* PASSIVE_LEVEL, in HwVidStartIO */
};

/* The request that runs hooks.request. */
#define IOCTL_CONTRACT_RUN CTL_CODE(FILE_DEVICE_VIDEO, 0xa00, METHOD_BUFFERED, FILE_ANY_ACCESS)

/* What the next DriverEntry works for; `engine` names the bus's device ("rig": the model of
 * device.c). Both stay the caller's. */
void driver_plan(struct driver_hooks *hooks, const char *engine);

ULONG NTAPI driver_entry(PVOID Context1, PVOID Context2);

/* How many entry points of the driver (DPCs too) have run since this was last asked. */
ULONG driver_entries(void *extension);
/* VideoPortGetProcAddress, as HwVidFindAdapter was given it. */
PVOID driver_resolve(void *extension, const char *name);
/* Adapters, each with a common buffer, that the engine got for itself in HwVidFindAdapter. */
ULONG driver_adapters(void *extension);
/* What HwVidFindAdapter was told. */
const VIDEO_PORT_CONFIG_INFO *driver_config(void *extension);

/* The device reads (to-device) or writes memory at a logical address. FALSE: the bus refused. IRQL
 * <= DISPATCH. */
BOOLEAN driver_device_move(void *extension, ULONGLONG address, PVOID data, ULONG length,
                           BOOLEAN to_device);
/* It interrupts `delay` microseconds from now. */
VOID driver_device_interrupt(void *extension, ULONG delay);

#endif
