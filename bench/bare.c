/* SPDX-License-Identifier: MIT */
/* Between a miniport and the port: see bare.h. The functions have the names that the miniport's
 * calls are given when it is built. */
#include <ntddk.h>
#include <dderror.h>
#include <miniport.h>

#include "bare.h"

#include <stdlib.h>
#include <string.h>

PVOID NTAPI vport_bare_lock_buffer(PVOID extension, PVOID address, ULONG length,
                                   VP_LOCK_OPERATION operation);
VOID NTAPI vport_bare_unlock_buffer(PVOID extension, PVOID mdl);
VP_STATUS NTAPI vport_bare_start_dma(PVOID extension, PVP_DMA_ADAPTER adapter, PVOID mdl,
                                     ULONG offset, PULONG length, PEXECUTE_DMA execute,
                                     PVOID context, BOOLEAN to_device);
VP_STATUS NTAPI vport_bare_complete_dma(PVOID extension, PVP_DMA_ADAPTER adapter,
                                        PVP_SCATTER_GATHER_LIST list, BOOLEAN to_device);

static struct vport_bare *all;

static size_t list_size(size_t elements)
{
    return offsetof(VP_SCATTER_GATHER_LIST, Elements) +
           elements * sizeof(VP_SCATTER_GATHER_ELEMENT);
}

bool vport_bare_attach(struct vport_bare *bare, void *extension, size_t elements)
{
    *bare = (struct vport_bare){.extension = extension, .room = elements, .next = all};
    bare->list = calloc(1, list_size(elements));
    if (bare->list)
        all = bare;
    return bare->list != NULL;
}

void vport_bare_detach(struct vport_bare *bare)
{
    struct vport_bare **link = &all;

    while (*link != bare)
        link = &(*link)->next;
    *link = bare->next;
    free(bare->list);
}

/* NULL: none, or not yet. */
static struct vport_bare *find(void *extension)
{
    struct vport_bare *bare = all;

    while (bare && bare->extension != extension)
        bare = bare->next;
    return bare;
}

static bool bypassed(void *extension)
{
    struct vport_bare *bare = find(extension);

    return bare && bare->bypass;
}

PVOID NTAPI vport_bare_lock_buffer(PVOID extension, PVOID address, ULONG length,
                                   VP_LOCK_OPERATION operation)
{
    return bypassed(extension) ? find(extension)
                               : VideoPortLockBuffer(extension, address, length, operation);
}

VOID NTAPI vport_bare_unlock_buffer(PVOID extension, PVOID mdl)
{
    if (!bypassed(extension))
        VideoPortUnlockBuffer(extension, mdl);
}

static VOID NTAPI keep_list(PVOID extension, PVP_DMA_ADAPTER adapter, PVP_SCATTER_GATHER_LIST list,
                            PVOID context)
{
    struct vport_bare *bare = find(extension);

    if (list->NumberOfElements <= bare->room)
        memcpy(bare->list, list, list_size(list->NumberOfElements));
    bare->execute(extension, adapter, list, context);
}

VP_STATUS NTAPI vport_bare_start_dma(PVOID extension, PVP_DMA_ADAPTER adapter, PVOID mdl,
                                     ULONG offset, PULONG length, PEXECUTE_DMA execute,
                                     PVOID context, BOOLEAN to_device)
{
    struct vport_bare *bare = find(extension);
    KIRQL before;

    if (!bare)
        return VideoPortStartDma(extension, adapter, mdl, offset, length, execute, context,
                                 to_device);
    if (!bare->bypass) {
        bool kept = bare->list->NumberOfElements != 0;

        bare->execute = execute;
        return VideoPortStartDma(extension, adapter, mdl, offset, length,
                                 kept ? execute : keep_list, context, to_device);
    }
    KeRaiseIrql(DISPATCH_LEVEL, &before);
    execute(extension, adapter, bare->list, context);
    KeLowerIrql(before);
    return NO_ERROR;
}

VP_STATUS NTAPI vport_bare_complete_dma(PVOID extension, PVP_DMA_ADAPTER adapter,
                                        PVP_SCATTER_GATHER_LIST list, BOOLEAN to_device)
{
    return bypassed(extension) ? NO_ERROR
                               : VideoPortCompleteDma(extension, adapter, list, to_device);
}
