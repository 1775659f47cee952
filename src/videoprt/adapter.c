/* SPDX-License-Identifier: MIT */
/*
 * VideoPortGetDmaAdapter and VideoPortPutDmaAdapter: adapter objects over the HAL's.
 *
 * All adapters of all miniports lie in one array, so that any pointer value can be judged without
 * following it. Slots are taken in turn, so that a slot that was given back is the last to be used
 * again.
 */
#include "videoprt.h"

struct __VP_DMA_ADAPTER VpAdapters[VP_MAX_ADAPTERS] __attribute__((aligned(128)));
static volatile LONG VpNextAdapter;

/* A free slot, now claimed; NULL when all are in use. No lock. */
static PVP_DMA_ADAPTER NTAPI VpClaimSlot(VOID)
{
    ULONG Try;

    for (Try = 0; Try < VP_MAX_ADAPTERS; Try++) {
        ULONG Index = (ULONG)InterlockedIncrement(&VpNextAdapter) % VP_MAX_ADAPTERS;
        PVP_DMA_ADAPTER Adapter = &VpAdapters[Index];

        if (InterlockedCompareExchange(&Adapter->State, VpAdapterClaimed, VpAdapterFree) ==
            VpAdapterFree)
            return Adapter;
    }
    return NULL;
}

/* GA-9: zeroed, then filled; a bus master on the bus that the device sits on. */
static PDMA_ADAPTER NTAPI VpGetHalAdapter(PVP_DEVICE Device,
                                          const VP_DEVICE_DESCRIPTION *Description,
                                          PULONG Registers)
{
    DEVICE_DESCRIPTION Hal;

    RtlZeroMemory(&Hal, sizeof(Hal));
    Hal.Version = DEVICE_DESCRIPTION_VERSION1;
    Hal.Master = TRUE;
    Hal.ScatterGather = Description->ScatterGather != FALSE;
    Hal.Dma32BitAddresses = Description->Dma32BitAddresses != FALSE;
    Hal.Dma64BitAddresses = Description->Dma64BitAddresses != FALSE;
    Hal.BusNumber = Device->BusNumber;
    Hal.InterfaceType = Device->BusType;
    Hal.MaximumLength = Description->MaximumLength;
    *Registers = 0;
    return IoGetDmaAdapter(Device->Physical, &Hal, Registers);
}

PVP_DMA_ADAPTER NTAPI VpCreateAdapter(PVP_DEVICE Device, const VP_DEVICE_DESCRIPTION *Description)
{
    PVP_DMA_ADAPTER Adapter = VpClaimSlot();
    ULONG Registers;

    if (Adapter == NULL) {
        VP_REPORT("GA-A5",
                  "VideoPortGetDmaAdapter: all %u adapters of this computer are in use; get an "
                  "adapter once, in HwVidFindAdapter, not at each open, or give it back with "
                  "VideoPortPutDmaAdapter",
                  (ULONG)VP_MAX_ADAPTERS);
        return NULL;
    }
    Adapter->Dma = VpGetHalAdapter(Device, Description, &Registers);
    if (Adapter->Dma == NULL) {
        InterlockedExchange(&Adapter->State, VpAdapterFree);
        return NULL;
    }
    Adapter->Registers = Registers;
    Adapter->MaximumLength = Description->MaximumLength;
    Adapter->Opens = Device->Opens;
    Adapter->HwDeviceExtension = VP_EXTENSION_OF(Device);
    VP_STORE(Adapter->PutList, Adapter->Dma->DmaOperations->PutScatterGatherList);
    VP_STORE(Adapter->Device, Device);
    Adapter->GetList = Adapter->Dma->DmaOperations->GetScatterGatherList;
    Adapter->CommonBuffers = 1; /* for the adapter itself */
    InterlockedExchange(&Adapter->State, VpAdapterLive);
    return Adapter;
}

PVP_DMA_ADAPTER NTAPI VideoPortGetDmaAdapter(PVOID HwDeviceExtension,
                                             PVP_DEVICE_DESCRIPTION VpDeviceDescription)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetDmaAdapter");

    if (Device == NULL || !VpCheckPassive("GA-2", "VideoPortGetDmaAdapter"))
        return NULL;
    if (VpDeviceDescription == NULL) {
        VP_REPORT("GA-A1", "VideoPortGetDmaAdapter: VpDeviceDescription is NULL; pass a filled "
                           "VP_DEVICE_DESCRIPTION");
        return NULL;
    }
    return VpCreateAdapter(Device, VpDeviceDescription);
}

/* Gives the HAL's adapter back. The slot keeps its way to the HAL for completions that come too
 * late. */
static VOID NTAPI VpDestroyAdapter(PVP_DMA_ADAPTER Adapter)
{
    InterlockedExchange(&Adapter->State, VpAdapterClaimed);
    Adapter->Dma->DmaOperations->PutDmaAdapter(Adapter->Dma);
    InterlockedExchange(&Adapter->State, VpAdapterFree);
}

VOID NTAPI VpReleaseAdapter(PVP_DMA_ADAPTER Adapter)
{
    if (InterlockedDecrement(&Adapter->CommonBuffers) == 0)
        VpDestroyAdapter(Adapter);
}

/*
 * GA-A4: common buffers that are still there keep the HAL's adapter alive until they are gone.
 * Operations in flight are the HAL's to know: it reports them and keeps their memory until each was
 * completed.
 */
VOID NTAPI VideoPortPutDmaAdapter(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter)
{
    LONG Buffers;

    if (!VpCheckPassive("GA-15", "VideoPortPutDmaAdapter"))
        return;
    if (!VpIsAdapter(HwDeviceExtension, VpDmaAdapter) ||
        InterlockedCompareExchange(&VpDmaAdapter->State, VpAdapterRetired, VpAdapterLive) !=
            VpAdapterLive) {
        VpReportAdapter("GA-16", "VideoPortPutDmaAdapter", HwDeviceExtension, VpDmaAdapter);
        return;
    }
    Buffers = VpDmaAdapter->CommonBuffers - 1;
    if (Buffers > 0)
        VP_REPORT(
            "GA-A4",
            "VideoPortPutDmaAdapter: %u common buffers of adapter %p are still allocated; release "
            "them with VideoPortReleaseCommonBuffer first. They stay usable until then",
            (ULONG)Buffers, VpDmaAdapter);
    VpReleaseAdapter(VpDmaAdapter);
}

VOID NTAPI VpReportAdapter(PCSTR Rule, PCSTR Function, PVOID HwDeviceExtension,
                           PVP_DMA_ADAPTER Adapter)
{
    PCSTR Format;

    if (Adapter == NULL)
        Format =
            "videoprt: %s: %s: VpDmaAdapter is NULL; pass what VideoPortGetDmaAdapter returned\n";
    else if (!VpIsAdapterSlot(Adapter))
        Format = "videoprt: %s: %s: VpDmaAdapter %p is no adapter; pass what "
                 "VideoPortGetDmaAdapter returned\n";
    else if (VP_LOAD(Adapter->State) != VpAdapterLive)
        Format = "videoprt: %s: %s: VpDmaAdapter %p is not in use: VideoPortPutDmaAdapter has "
                 "ended it, or it never was an adapter; get one with VideoPortGetDmaAdapter\n";
    else
        Format = "videoprt: %s: %s: VpDmaAdapter %p does not belong to HwDeviceExtension %p; pass "
                 "the extension with which VideoPortGetDmaAdapter was called\n";
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL, Format, Rule, Function, Adapter,
               HwDeviceExtension);
}

PVP_DMA_ADAPTER NTAPI VpAnyAdapter(PVP_DEVICE Device)
{
    ULONG Index;

    for (Index = 0; Index < VP_MAX_ADAPTERS; Index++)
        if (VP_LOAD(VpAdapters[Index].Device) == Device &&
            VP_LOAD(VpAdapters[Index].PutList) != NULL)
            return &VpAdapters[Index];
    return NULL;
}

/* A free slot forgets the way to the device's HAL. It may be another device's at any moment. */
static VOID NTAPI VpForgetDevice(PVP_DMA_ADAPTER Adapter, PVP_DEVICE Device)
{
    if (InterlockedCompareExchange(&Adapter->State, VpAdapterClaimed, VpAdapterFree) !=
        VpAdapterFree)
        return;
    if (VP_LOAD(Adapter->Device) == Device) {
        VP_STORE(Adapter->PutList, NULL);
        VP_STORE(Adapter->Device, NULL);
    }
    InterlockedExchange(&Adapter->State, VpAdapterFree);
}

/*
 * A miniport has no routine in which it could put its adapters at unload, and need not (GA-18).
 * Only those of a second or later HwVidInitialize are a leak: they grow with every open (GA-A5).
 */
VOID NTAPI VpReclaimAdapters(PVP_DEVICE Device)
{
    ULONG Index, Leaked = 0;

    for (Index = 0; Index < VP_MAX_ADAPTERS; Index++) {
        PVP_DMA_ADAPTER Adapter = &VpAdapters[Index];

        LONG State = VP_LOAD(Adapter->State); /* before Device: a live slot's owner is settled */

        if (VP_LOAD(Adapter->Device) != Device)
            continue;
        if (State == VpAdapterLive && Adapter->Opens > 1)
            Leaked++;
        if (State == VpAdapterLive || State == VpAdapterRetired)
            VpDestroyAdapter(Adapter);
        VpForgetDevice(Adapter, Device);
    }
    if (Leaked > 0)
        VP_REPORT("GA-A5",
                  "%u DMA adapters that HwVidInitialize got at a second or later open were never "
                  "given back; get one adapter in HwVidFindAdapter, or put the old one first",
                  Leaked);
}
