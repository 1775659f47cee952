/* SPDX-License-Identifier: MIT */
/*
 * A function's resources in the kernel's words. Source: wdm/ns-wdm-_cm_partial_resource_descriptor.
 */
#include "hal/private.h"

KIRQL vport_hal_level(uint32_t vector)
{
    return (KIRQL)(vector < 3 ? 3 : vector > 11 ? 11 : vector);
}

static void describe(const struct vport_resource *resource,
                     PCM_PARTIAL_RESOURCE_DESCRIPTOR descriptor)
{
    bool port = resource->kind == VPORT_IO_PORT;

    descriptor->Type = port ? CmResourceTypePort : CmResourceTypeMemory;
    descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    descriptor->Flags = port ? CM_RESOURCE_PORT_IO : CM_RESOURCE_MEMORY_READ_WRITE;
    if (!port && resource->prefetchable)
        descriptor->Flags |= CM_RESOURCE_MEMORY_PREFETCHABLE;
    descriptor->u.Generic.Start.QuadPart = (LONGLONG)resource->start;
    descriptor->u.Generic.Length = (ULONG)vport_min_u64(resource->length, UINT32_MAX);
}

static void describe_interrupt(const struct vport_function *function,
                               PCM_PARTIAL_RESOURCE_DESCRIPTOR descriptor)
{
    descriptor->Type = CmResourceTypeInterrupt;
    descriptor->ShareDisposition = CmResourceShareShared;
    descriptor->Flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    descriptor->u.Interrupt.Level = vport_hal_level(function->vector);
    descriptor->u.Interrupt.Vector = function->vector;
    descriptor->u.Interrupt.Affinity = (KAFFINITY)-1;
}

PCM_RESOURCE_LIST vport_hal_resources(struct vport_hal *hal, unsigned index)
{
    const struct vport_function *function = &hal->bus->function[index];
    unsigned count = function->resources + function->interrupt;
    size_t size = sizeof(CM_RESOURCE_LIST) + count * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR);
    struct vport_cpu cpu;
    PCM_PARTIAL_RESOURCE_LIST partial;
    PCM_RESOURCE_LIST list;

    vport_nt_enter(hal->nt, &cpu);
    list = ExAllocatePoolWithTag(PagedPool, size, VPORT_HAL_TAG);
    vport_nt_leave(&cpu);
    if (!list)
        return NULL;
    RtlZeroMemory(list, size);
    list->Count = 1;
    list->List[0].InterfaceType = PCIBus;
    partial = &list->List[0].PartialResourceList;
    partial->Version = partial->Revision = 1;
    partial->Count = count;
    for (unsigned i = 0; i < function->resources; i++)
        describe(&function->resource[i], &partial->PartialDescriptors[i]);
    if (function->interrupt)
        describe_interrupt(function, &partial->PartialDescriptors[function->resources]);
    return list;
}
