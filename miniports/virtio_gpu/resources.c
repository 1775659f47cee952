/* SPDX-License-Identifier: MIT */
/* What HwVidFindAdapter takes and gives back: configuration structures, the DMA adapter, the shared
 * buffer. */
#include "gpu.h"

#define PCI_OFFSET_COMMAND      0x04u
#define PCI_OFFSET_STATUS       0x06u
#define PCI_OFFSET_BARS         0x10u
#define PCI_OFFSET_CAPABILITIES 0x34u
#define PCI_COMMAND_MEMORY_ON   0x0002u
#define PCI_COMMAND_MASTER_ON   0x0004u
#define PCI_STATUS_HAS_LIST     0x0010u
#define PCI_BAR_IS_PORT         0x1u
#define PCI_BAR_IS_64           0x4u
#define PCI_BARS                6u
#define PCI_CAPABILITIES_MOST   48u /* more cannot lie in 256 bytes: a longer list is a circle */

#define GPU_PAGE 4096u

static VOID GpuReadConfig(PGPU_EXTENSION Extension, ULONG Offset, PVOID Buffer, ULONG Length)
{
    VideoPortZeroMemory(Buffer, Length);
    VideoPortGetBusData(Extension, PCIConfiguration, 0, Buffer, Offset, Length);
}

/* Where BAR `Bar` was put. */
static BOOLEAN GpuReadBar(PGPU_EXTENSION Extension, UCHAR Bar, PPHYSICAL_ADDRESS Address)
{
    ULONG Low, High = 0;

    if (Bar >= PCI_BARS)
        return FALSE;
    GpuReadConfig(Extension, PCI_OFFSET_BARS + 4u * Bar, &Low, sizeof(Low));
    if (Low & PCI_BAR_IS_PORT)
        return FALSE;
    if (Low & PCI_BAR_IS_64)
        GpuReadConfig(Extension, PCI_OFFSET_BARS + 4u * (Bar + 1u), &High, sizeof(High));
    Address->QuadPart = (LONGLONG)((ULONGLONG)High << 32 | (Low & ~0xfu));
    return TRUE;
}

/* The vendor capability of one type (VIRTIO 4.1.4). */
static BOOLEAN GpuFindCapability(PGPU_EXTENSION Extension, UCHAR Type, VIRTIO_PCI_CAP *Capability)
{
    USHORT Status;
    UCHAR At;
    ULONG i;

    GpuReadConfig(Extension, PCI_OFFSET_STATUS, &Status, sizeof(Status));
    GpuReadConfig(Extension, PCI_OFFSET_CAPABILITIES, &At, sizeof(At));
    for (i = 0; (Status & PCI_STATUS_HAS_LIST) && At != 0 && i < PCI_CAPABILITIES_MOST;
         i++, At = Capability->Next) {
        GpuReadConfig(Extension, At & 0xfcu, Capability, sizeof(*Capability));
        if (Capability->Id == VIRTIO_CAPABILITY && Capability->Type == Type)
            return TRUE;
    }
    return FALSE;
}

/* Maps `Length` bytes of a configuration structure, from `Skip` on. */
static PUCHAR GpuMapStructure(PGPU_EXTENSION Extension, const VIRTIO_PCI_CAP *Capability,
                              ULONG Skip, ULONG Length)
{
    PHYSICAL_ADDRESS Address;

    if (Skip > Capability->Size || Length > Capability->Size - Skip ||
        !GpuReadBar(Extension, Capability->Bar, &Address))
        return NULL;
    Address.QuadPart += Capability->Offset + Skip;
    return VideoPortGetDeviceBase(Extension, Address, Length, VIDEO_MEMORY_SPACE_MEMORY);
}

/* Each queue has its own place to be rung at; that of queue 0 is asked of the device. */
static PUCHAR GpuMapNotify(PGPU_EXTENSION Extension)
{
    VIRTIO_PCI_CAP Capability;
    USHORT Offset;

    if (!GpuFindCapability(Extension, VIRTIO_CAP_NOTIFY, &Capability))
        return NULL;
    VideoPortWriteRegisterUshort((PUSHORT)(PVOID)(Extension->Common + VIRTIO_QUEUE_SELECT), 0);
    Offset = VideoPortReadRegisterUshort(
        (PUSHORT)(PVOID)(Extension->Common + VIRTIO_QUEUE_NOTIFY_OFFSET));
    return GpuMapStructure(Extension, &Capability, Offset * Capability.NotifyMultiplier,
                           sizeof(USHORT));
}

static VP_STATUS GpuMapDevice(PGPU_EXTENSION Extension)
{
    VIDEO_ACCESS_RANGE Ranges[PCI_BARS];
    VIRTIO_PCI_CAP Capability;
    ULONG Slot = 0;
    VP_STATUS Status;

    VideoPortZeroMemory(Ranges, sizeof(Ranges));
    Status = VideoPortGetAccessRanges(Extension, 0, NULL, PCI_BARS, Ranges, NULL, NULL, &Slot);
    if (Status != NO_ERROR)
        return Status;
    if (!GpuFindCapability(Extension, VIRTIO_CAP_COMMON, &Capability))
        return ERROR_DEV_NOT_EXIST;
    Extension->Common = GpuMapStructure(Extension, &Capability, 0, VIRTIO_COMMON_LENGTH);
    if (!GpuFindCapability(Extension, VIRTIO_CAP_ISR, &Capability))
        return ERROR_DEV_NOT_EXIST;
    Extension->Isr = GpuMapStructure(Extension, &Capability, 0, sizeof(UCHAR));
    if (Extension->Common == NULL || Extension->Isr == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    Extension->Notify = GpuMapNotify(Extension);
    return Extension->Notify ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

static VOID GpuEnableBusMaster(PGPU_EXTENSION Extension)
{
    USHORT Command;

    GpuReadConfig(Extension, PCI_OFFSET_COMMAND, &Command, sizeof(Command));
    Command |= PCI_COMMAND_MASTER_ON | PCI_COMMAND_MEMORY_ON;
    VideoPortSetBusData(Extension, PCIConfiguration, 0, &Command, PCI_OFFSET_COMMAND,
                        sizeof(Command));
}

/* A buffer of MaximumLength bytes spans one page more than it fills, and each page may be an entry
 * of its own. */
static VP_STATUS GpuAllocate(PGPU_EXTENSION Extension)
{
    VP_DEVICE_DESCRIPTION Description;

    VideoPortZeroMemory(&Description, sizeof(Description));
    Description.ScatterGather = TRUE;
    Description.Dma32BitAddresses = TRUE;
    Description.Dma64BitAddresses = TRUE;
    Description.MaximumLength = (VIRTIO_GPU_ENTRIES - 1) * GPU_PAGE;
    Extension->Adapter = VideoPortGetDmaAdapter(Extension, &Description);
    if (Extension->Adapter == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    Extension->Shared = VideoPortAllocateCommonBuffer(
        Extension, Extension->Adapter, sizeof(GPU_SHARED), &Extension->SharedAddress, TRUE, NULL);
    return Extension->Shared ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

static VP_STATUS GpuCreateObjects(PGPU_EXTENSION Extension)
{
    VP_STATUS Status = VideoPortCreateSpinLock(Extension, &Extension->Lock);

    if (Status == NO_ERROR)
        Status = VideoPortCreateEvent(Extension, SYNCHRONIZATION_EVENT | INITIAL_EVENT_NOT_SIGNALED,
                                      NULL, &Extension->Done);
    return Status;
}

VP_STATUS GpuAcquireResources(PGPU_EXTENSION Extension)
{
    VP_STATUS Status;

    GpuEnableBusMaster(Extension);
    Status = GpuMapDevice(Extension);
    if (Status == NO_ERROR)
        Status = GpuAllocate(Extension);
    if (Status == NO_ERROR)
        Status = GpuCreateObjects(Extension);
    return Status;
}

/* After a failure in HwVidFindAdapter: the extension was zeroed, so what is there was acquired. */
VOID GpuReleaseResources(PGPU_EXTENSION Extension)
{
    if (Extension->Done)
        VideoPortDeleteEvent(Extension, Extension->Done);
    if (Extension->Lock)
        VideoPortDeleteSpinLock(Extension, Extension->Lock);
    if (Extension->Shared)
        VideoPortReleaseCommonBuffer(Extension, Extension->Adapter, sizeof(GPU_SHARED),
                                     Extension->SharedAddress, Extension->Shared, TRUE);
    if (Extension->Adapter)
        VideoPortPutDmaAdapter(Extension, Extension->Adapter);
    if (Extension->Notify)
        VideoPortFreeDeviceBase(Extension, Extension->Notify);
    if (Extension->Isr)
        VideoPortFreeDeviceBase(Extension, Extension->Isr);
    if (Extension->Common)
        VideoPortFreeDeviceBase(Extension, Extension->Common);
}
