/* SPDX-License-Identifier: MIT */
/* Common buffers: memory that the CPU and the device share for as long as the miniport likes. Both
 * families of functions. */
#include "videoprt.h"

/* What VideoPortAllocateCommonBuffer handed out; its key is the virtual address. */
typedef struct _VP_COMMON_BUFFER {
    VP_OBJECT Object;
    PVP_DMA_ADAPTER Adapter;
    ULONG Length;
    PHYSICAL_ADDRESS Logical;
    BOOLEAN CacheEnabled;
} VP_COMMON_BUFFER, *PVP_COMMON_BUFFER;

PVOID NTAPI VpAllocateCommon(PVP_DEVICE Device, PVP_DMA_ADAPTER Adapter, ULONG Length,
                             PPHYSICAL_ADDRESS Logical, BOOLEAN CacheEnabled)
{
    PVP_COMMON_BUFFER Buffer =
        (PVP_COMMON_BUFFER)VpAllocateObject(Device, VpObjectCommonBuffer, sizeof(*Buffer));
    PVOID Address;

    if (Buffer == NULL)
        return NULL;
    Address = Adapter->Dma->DmaOperations->AllocateCommonBuffer(Adapter->Dma, Length,
                                                                &Buffer->Logical, CacheEnabled);
    if (Address == NULL) {
        VpFreeObject(&Buffer->Object);
        return NULL;
    }
    RtlZeroMemory(Address, Length); /* CB-A1 */
    Buffer->Adapter = Adapter;
    Buffer->Length = Length;
    Buffer->CacheEnabled = CacheEnabled;
    InterlockedIncrement(&Adapter->CommonBuffers);
    VpInsertObject(Device, &Buffer->Object, Address);
    *Logical = Buffer->Logical;
    return Address;
}

/* Frees what was recorded, whatever the miniport said. */
VOID NTAPI VpReclaimCommon(PVP_OBJECT Object)
{
    PVP_COMMON_BUFFER Buffer = CONTAINING_RECORD(Object, VP_COMMON_BUFFER, Object);
    PDMA_ADAPTER Dma = Buffer->Adapter->Dma;

    Dma->DmaOperations->FreeCommonBuffer(Dma, Buffer->Length, Buffer->Logical, Object->Key,
                                         Buffer->CacheEnabled);
    VpReleaseAdapter(Buffer->Adapter);
    VpFreeObject(Object);
}

PVOID NTAPI VideoPortAllocateCommonBuffer(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                          ULONG DesiredLength, PPHYSICAL_ADDRESS LogicalAddress,
                                          BOOLEAN CacheEnabled, PVOID Reserved)
{
    if (LogicalAddress == NULL) {
        VP_REPORT("CB-3", "VideoPortAllocateCommonBuffer: LogicalAddress is NULL; the device's "
                          "address has nowhere to go");
        return NULL;
    }
    LogicalAddress->QuadPart = 0;
    if (!VpCheckPassive("CB-1", "VideoPortAllocateCommonBuffer"))
        return NULL;
    if (!VpIsAdapter(HwDeviceExtension, VpDmaAdapter)) {
        VpReportAdapter("CB-1", "VideoPortAllocateCommonBuffer", HwDeviceExtension, VpDmaAdapter);
        return NULL;
    }
    if (DesiredLength == 0) {
        VP_REPORT("CB-A1",
                  "VideoPortAllocateCommonBuffer: DesiredLength is 0; ask for 1 byte at least");
        return NULL;
    }
    return VpAllocateCommon(VpDmaAdapter->Device, VpDmaAdapter, DesiredLength, LogicalAddress,
                            CacheEnabled);
}

/* CB-12: everything must be as it was at the allocation; CB-A2: say what is not. */
static VOID NTAPI VpCompareCommon(PCSTR Function, PVP_COMMON_BUFFER Buffer, ULONG Length,
                                  PHYSICAL_ADDRESS Logical, BOOLEAN CacheEnabled)
{
    if (Length != Buffer->Length)
        VP_REPORT("CB-A2", "%s: Length is %u, but %u bytes were allocated; all of them are freed",
                  Function, Length, Buffer->Length);
    if (Logical.QuadPart != Buffer->Logical.QuadPart)
        VP_REPORT("CB-A2", "%s: LogicalAddress is %I64x, but the buffer's is %I64x, which is used",
                  Function, (ULONGLONG)Logical.QuadPart, (ULONGLONG)Buffer->Logical.QuadPart);
    if ((CacheEnabled != FALSE) != (Buffer->CacheEnabled != FALSE))
        VP_REPORT("CB-A2", "%s: CacheEnabled is %u, but the buffer was allocated with %u", Function,
                  (ULONG)CacheEnabled, (ULONG)Buffer->CacheEnabled);
}

/* The buffer that starts at this address, out of the list; NULL with a report if there is none. */
static PVP_COMMON_BUFFER NTAPI VpTakeCommon(PVOID HwDeviceExtension, PCSTR Function,
                                            PVOID VirtualAddress)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, Function);
    PVP_OBJECT Object;

    if (Device == NULL || !VpCheckPassive("CB-12", Function))
        return NULL;
    Object = VpTakeObject(Device, VpObjectCommonBuffer, VirtualAddress);
    if (Object == NULL) {
        VP_REPORT("CB-A2",
                  "%s: VirtualAddress %p is not the start of a common buffer of this device: it "
                  "was freed before, or never allocated. Nothing is freed",
                  Function, VirtualAddress);
        return NULL;
    }
    return CONTAINING_RECORD(Object, VP_COMMON_BUFFER, Object);
}

VOID NTAPI VideoPortReleaseCommonBuffer(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                                        ULONG Length, PHYSICAL_ADDRESS LogicalAddress,
                                        PVOID VirtualAddress, BOOLEAN CacheEnabled)
{
    PVP_COMMON_BUFFER Buffer =
        VpTakeCommon(HwDeviceExtension, "VideoPortReleaseCommonBuffer", VirtualAddress);

    if (Buffer == NULL)
        return;
    if (VpDmaAdapter != Buffer->Adapter)
        VP_REPORT("CB-A2",
                  "VideoPortReleaseCommonBuffer: VpDmaAdapter is %p, but the buffer was allocated "
                  "with adapter %p, which is used",
                  VpDmaAdapter, Buffer->Adapter);
    VpCompareCommon("VideoPortReleaseCommonBuffer", Buffer, Length, LogicalAddress, CacheEnabled);
    VpReclaimCommon(&Buffer->Object);
}

/* ---- The obsolete pair (CB-15): no adapter argument ---- */

/* The device's own adapter for them: 32 address lines, which every PCI bus master has. */
static PVP_DMA_ADAPTER NTAPI VpOldAdapter(PVP_DEVICE Device)
{
    VP_DEVICE_DESCRIPTION Description = {.ScatterGather = TRUE, .Dma32BitAddresses = TRUE};

    if (Device->OldAdapter == NULL) {
        Device->OldAdapter = VpCreateAdapter(Device, &Description);
        if (Device->OldAdapter != NULL)
            Device->OldAdapter->Opens = 0; /* ours, never the miniport's leak */
    }
    return Device->OldAdapter;
}

PVOID NTAPI VideoPortGetCommonBuffer(PVOID HwDeviceExtension, ULONG DesiredLength, ULONG Alignment,
                                     PPHYSICAL_ADDRESS LogicalAddress, PULONG pActualLength,
                                     BOOLEAN CacheEnabled)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetCommonBuffer");
    PVP_DMA_ADAPTER Adapter;
    PVOID Address;

    if (LogicalAddress == NULL || pActualLength == NULL) {
        VP_REPORT("CB-15", "VideoPortGetCommonBuffer: %s is NULL",
                  LogicalAddress == NULL ? "LogicalAddress" : "pActualLength");
        return NULL;
    }
    LogicalAddress->QuadPart = 0;
    *pActualLength = 0;
    if (Device == NULL || DesiredLength == 0 ||
        !VpCheckPassive("CB-15", "VideoPortGetCommonBuffer"))
        return NULL;
    Adapter = VpOldAdapter(Device);
    if (Adapter == NULL)
        return NULL;
    Address = VpAllocateCommon(Device, Adapter, DesiredLength, LogicalAddress, CacheEnabled);
    if (Address != NULL)
        *pActualLength = DesiredLength;
    return Address;
}

VOID NTAPI VideoPortFreeCommonBuffer(PVOID HwDeviceExtension, ULONG Length, PVOID VirtualAddress,
                                     PHYSICAL_ADDRESS LogicalAddress, BOOLEAN CacheEnabled)
{
    PVP_COMMON_BUFFER Buffer =
        VpTakeCommon(HwDeviceExtension, "VideoPortFreeCommonBuffer", VirtualAddress);

    if (Buffer == NULL)
        return;
    VpCompareCommon("VideoPortFreeCommonBuffer", Buffer, Length, LogicalAddress, CacheEnabled);
    VpReclaimCommon(&Buffer->Object);
}
