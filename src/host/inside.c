/* SPDX-License-Identifier: MIT */
/* Looking into a machine. See inside.h. */
#include "host/inside.h"

#include "host/machine.h"
#include "videoprt/videoprt.h"

struct vport_nt *vport_inside_nt(struct vport_machine *machine)
{
    return machine->nt;
}

struct vport_hal *vport_inside_hal(struct vport_machine *machine)
{
    return machine->hal;
}

/* The video port's device, NULL before AddDevice and after removal. */
static PVP_DEVICE port_device(struct vport_machine *machine)
{
    return machine->added ? machine->pdo->AttachedDevice->DeviceExtension : NULL;
}

static void enumerate(void *context)
{
    PVP_DEVICE device = context;

    KeWaitForSingleObject(&device->Lock, Executive, KernelMode, FALSE, NULL);
    VpEnumerateChildren(device);
    KeReleaseMutex(&device->Lock, FALSE);
}

void vport_inside_children(struct vport_machine *machine,
                           void (*visit)(void *context, const struct vport_child *child),
                           void *context)
{
    PVP_DEVICE device = port_device(machine);

    if (!device)
        return;
    vport_machine_call(machine, enumerate, device);
    for (ULONG i = 0; i < device->ChildCount; i++) {
        PVP_CHILD child = device->Children[i];

        if (child->Present)
            visit(context, &(struct vport_child){child->Type, child->Uid, child->Descriptor});
    }
}

void vport_inside_claims(struct vport_machine *machine,
                         void (*visit)(void *context, const struct vport_claim *claim),
                         void *context)
{
    PVP_DEVICE device = port_device(machine);

    for (ULONG i = 0; device && i < device->RangeCount; i++) {
        const VP_RANGE *range = &device->Ranges[i];

        visit(context, &(struct vport_claim){.port = range->Access.RangeInIoSpace != 0,
                                             .legacy = range->Legacy,
                                             .start = (uint64_t)range->Access.RangeStart.QuadPart,
                                             .length = range->Access.RangeLength});
    }
}

bool vport_inside_interrupt(struct vport_machine *machine, uint32_t *vector)
{
    PVP_DEVICE device = port_device(machine);

    if (!device || !device->Interrupt)
        return false;
    *vector = device->InterruptVector;
    return true;
}

void vport_inside_adapters(struct vport_machine *machine,
                           void (*visit)(void *context, const struct vport_adapter_held *adapter),
                           void *context)
{
    PVP_DEVICE device = port_device(machine);

    for (size_t i = 0; device && i < VP_MAX_ADAPTERS; i++)
        if (VP_LOAD(VpAdapters[i].State) == VpAdapterLive && VpAdapters[i].Device == device) {
            uint32_t buffers = (uint32_t)VpAdapters[i].CommonBuffers - 1; /* it counts itself */

            visit(context, &(struct vport_adapter_held){VpAdapters[i].Registers,
                                                        VpAdapters[i].MaximumLength, buffers});
        }
}

int32_t vport_inside_power(struct vport_machine *machine, unsigned state)
{
    return vport_nt_device_power(machine->nt, machine->pdo,
                                 (DEVICE_POWER_STATE)(PowerDeviceD0 + state));
}

struct reset {
    PVP_DEVICE device;
    bool handled;
};

static void reset(void *context)
{
    struct reset *job = context;

    job->handled = job->device->Driver->Init.HwResetHw(VP_EXTENSION_OF(job->device), 80, 25);
}

bool vport_inside_reset(struct vport_machine *machine, bool *handled)
{
    struct reset job = {.device = port_device(machine)};

    if (!job.device || !job.device->Driver->Init.HwResetHw)
        return false;
    vport_machine_call(machine, reset, &job);
    *handled = job.handled;
    return true;
}

void vport_inside_settle(struct vport_machine *machine)
{
    if (machine->hal)
        vport_hal_destroy(machine->hal);
    if (machine->nt)
        vport_nt_destroy(machine->nt);
    machine->hal = NULL;
    machine->nt = NULL;
}
