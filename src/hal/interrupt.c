/* SPDX-License-Identifier: MIT */
/* How the kernel's interrupt objects reach the bus: vectors are functions of the bus. */
#include "hal/private.h"

static struct vport_hal_device *device_of_vector(struct vport_hal *hal, uint32_t vector)
{
    for (unsigned i = 0; i < hal->bus->functions; i++)
        if (hal->bus->function[i].interrupt && hal->bus->function[i].vector == vector)
            return &hal->device[i];
    return NULL;
}

static bool deliver(void *context)
{
    struct vport_hal_device *device = context;

    return vport_nt_interrupt(device->hal->nt, device->hal->bus->function[device->function].vector);
}

static enum vport_status connect(void *context, uint32_t vector)
{
    struct vport_hal *hal = context;
    struct vport_hal_device *device = device_of_vector(hal, vector);

    return device ? hal->bus->ops->interrupt_connect(hal->bus, device->function, deliver, device)
                  : VPORT_E_UNKNOWN;
}

static void disconnect(void *context, uint32_t vector)
{
    struct vport_hal *hal = context;
    struct vport_hal_device *device = device_of_vector(hal, vector);

    if (device)
        hal->bus->ops->interrupt_disconnect(hal->bus, device->function);
}

void vport_hal_interrupt_hook(struct vport_hal *hal)
{
    static const struct vport_nt_interrupt_ops ops = {.connect = connect, .disconnect = disconnect};

    vport_nt_set_interrupt_ops(hal->nt, &ops, hal);
}

/* The older way to learn level and affinity: the bus's vector is the system's. 0: no function of
 * this machine has it. */
ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE InterfaceType, ULONG BusNumber,
                                  ULONG BusInterruptLevel, ULONG BusInterruptVector, PKIRQL Irql,
                                  PKAFFINITY Affinity)
{
    struct vport_hal *hal = vport_hal_current();

    if (!hal || !device_of_vector(hal, BusInterruptVector))
        return 0;
    *Irql = vport_hal_level(BusInterruptVector);
    *Affinity = (KAFFINITY)-1;
    return BusInterruptVector;
}
