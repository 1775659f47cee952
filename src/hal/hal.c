/* SPDX-License-Identifier: MIT */
/* The hal itself: put together, taken apart, asked for sums. */
#include "hal/private.h"

#include <stdlib.h>

void vport_hal_report(struct vport_hal *hal, const char *rule, const void *site, const char *format,
                      ...)
{
    va_list args;

    if (!hal)
        return;
    va_start(args, format);
    vport_report_va(vport_nt_reports(hal->nt), rule, site, format, args);
    va_end(args);
}

enum vport_status vport_hal_create(struct vport_nt *nt, struct vport_bus *bus,
                                   struct vport_hal **out)
{
    struct vport_hal *hal = calloc(1, sizeof(*hal));
    enum vport_status status;

    *out = NULL;
    if (!hal)
        return VPORT_E_NO_MEMORY;
    hal->nt = nt;
    hal->bus = bus;
    InitializeListHead(&hal->adapters);
    KeInitializeSpinLock(&hal->lock);
    status = vport_hal_windows_create(hal);
    if (status != VPORT_OK) {
        free(hal);
        return status;
    }
    vport_nt_set_hal(nt, hal);
    vport_hal_interrupt_hook(hal);
    vport_hal_memory_hook(hal);
    vport_hal_flush_needed(hal, true);
    status = vport_hal_pdos_create(hal);
    if (status != VPORT_OK) {
        vport_hal_destroy(hal);
        return status;
    }
    *out = hal;
    return VPORT_OK;
}

void vport_hal_destroy(struct vport_hal *hal)
{
    struct vport_cpu cpu;

    if (!hal)
        return;
    vport_nt_enter(hal->nt, &cpu);
    vport_hal_adapters_reclaim(hal);
    vport_hal_pdos_destroy(hal);
    vport_hal_windows_destroy(hal);
    vport_nt_leave(&cpu);
    vport_hal_flush_needed(hal, false);
    vport_nt_set_hal(hal->nt, NULL);
    free(hal);
}

void vport_hal_statistics(struct vport_hal *hal, struct vport_dma_statistics *statistics)
{
    struct vport_cpu cpu;
    KIRQL before;

    vport_nt_enter(hal->nt, &cpu);
    KeAcquireSpinLock(&hal->lock, &before);
    *statistics = hal->retired;
    for (PLIST_ENTRY link = hal->adapters.Flink; link != &hal->adapters; link = link->Flink) {
        struct vport_hal_adapter *adapter = CONTAINING_RECORD(link, struct vport_hal_adapter, link);
        struct vport_dma_statistics one;

        if (atomic_load(&adapter->state) != VPORT_HAL_ADAPTER_LIVE)
            continue;
        vport_dma_adapter_statistics(adapter->dma, &one);
        vport_hal_statistics_add(statistics, &one);
    }
    KeReleaseSpinLock(&hal->lock, before);
    vport_nt_leave(&cpu);
}
