/* SPDX-License-Identifier: MIT */
/* What HwVidFindAdapter takes and gives back: registers, video memory, the DMA adapter, common
 * buffers. */
#include "sim.h"

/* The most that one command is used for, on a card without a limit of its own: bounds the list that
 * memory has to hold. */
#define SIM_LARGEST_COMMAND 0x1000000u

#define PCI_COMMAND_OFFSET 4
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_MEMORY 0x0002

static PVOID SimMapRange(PSIM_EXTENSION Extension, PVIDEO_ACCESS_RANGE Range)
{
    return VideoPortGetDeviceBase(Extension, Range->RangeStart, Range->RangeLength,
                                  Range->RangeInIoSpace);
}

static VP_STATUS SimMapDevice(PSIM_EXTENSION Extension)
{
    VIDEO_ACCESS_RANGE Range[2];
    ULONG Slot = 0;
    VP_STATUS Status;

    VideoPortZeroMemory(Range, sizeof(Range));
    Status = VideoPortGetAccessRanges(Extension, 0, NULL, 2, Range, NULL, NULL, &Slot);
    if (Status != NO_ERROR)
        return Status;
    Extension->Registers = SimMapRange(Extension, &Range[0]);
    if (Extension->Registers == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (SimRead(Extension, SIM_REG_ID) != SIM_ID)
        return ERROR_DEV_NOT_EXIST;
    Extension->VideoMemoryAddress = Range[1].RangeStart;
    Extension->VideoMemoryLength = SimRead(Extension, SIM_REG_VIDEO_MEMORY);
    Extension->VideoMemory = SimMapRange(Extension, &Range[1]);
    return Extension->VideoMemory ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

/* A description can say 24 bits (nothing set), 32 or 64: what the card has, rounded down. */
static VP_STATUS SimGetAdapter(PSIM_EXTENSION Extension)
{
    ULONG Capabilities = SimRead(Extension, SIM_REG_CAPABILITIES);
    ULONG AddressBits = SIM_CAPABILITY_ADDRESS_BITS(Capabilities);
    ULONG Limit = SimRead(Extension, SIM_REG_MAX_LENGTH);
    VP_DEVICE_DESCRIPTION Description;

    Extension->ListEngine = (Capabilities & SIM_CAPABILITY_LIST) != 0;
    Extension->MaximumLength =
        Limit != 0 && Limit < SIM_LARGEST_COMMAND ? Limit : SIM_LARGEST_COMMAND;
    VideoPortZeroMemory(&Description, sizeof(Description));
    Description.ScatterGather = Extension->ListEngine;
    Description.Dma32BitAddresses = AddressBits >= 32;
    Description.Dma64BitAddresses = AddressBits >= 64;
    Description.MaximumLength = Extension->MaximumLength;
    Extension->Adapter = VideoPortGetDmaAdapter(Extension, &Description);
    return Extension->Adapter ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

/* Entries for a list of MaximumLength bytes that begins anywhere in a page: one a page, and one for
 * the start. */
static VP_STATUS SimAllocateBuffers(PSIM_EXTENSION Extension)
{
    Extension->Common = VideoPortAllocateCommonBuffer(
        Extension, Extension->Adapter, SIM_COMMON_LENGTH, &Extension->CommonAddress, TRUE, NULL);
    if (Extension->Common == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!Extension->ListEngine)
        return NO_ERROR;
    Extension->TableEntries = Extension->MaximumLength / 4096 + 2;
    Extension->Table = VideoPortAllocateCommonBuffer(
        Extension, Extension->Adapter, Extension->TableEntries * sizeof(SIM_DESCRIPTOR),
        &Extension->TableAddress, TRUE, NULL);
    return Extension->Table ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

static VP_STATUS SimCreateObjects(PSIM_EXTENSION Extension)
{
    VP_STATUS Status = VideoPortCreateSpinLock(Extension, &Extension->Lock);

    if (Status == NO_ERROR)
        Status = VideoPortCreateEvent(Extension, SYNCHRONIZATION_EVENT | INITIAL_EVENT_NOT_SIGNALED,
                                      NULL, &Extension->Done);
    return Status;
}

VP_STATUS SimAcquireResources(PSIM_EXTENSION Extension)
{
    VP_STATUS Status = SimMapDevice(Extension);

    if (Status == NO_ERROR)
        Status = SimGetAdapter(Extension);
    if (Status == NO_ERROR)
        Status = SimAllocateBuffers(Extension);
    if (Status == NO_ERROR)
        Status = SimCreateObjects(Extension);
    return Status;
}

/* After a failure in HwVidFindAdapter: the extension was zeroed, so what is there was acquired. */
VOID SimReleaseResources(PSIM_EXTENSION Extension)
{
    if (Extension->Done)
        VideoPortDeleteEvent(Extension, Extension->Done);
    if (Extension->Lock)
        VideoPortDeleteSpinLock(Extension, Extension->Lock);
    if (Extension->Table)
        VideoPortReleaseCommonBuffer(Extension, Extension->Adapter,
                                     Extension->TableEntries * sizeof(SIM_DESCRIPTOR),
                                     Extension->TableAddress, Extension->Table, TRUE);
    if (Extension->Common)
        VideoPortReleaseCommonBuffer(Extension, Extension->Adapter, SIM_COMMON_LENGTH,
                                     Extension->CommonAddress, Extension->Common, TRUE);
    if (Extension->Adapter)
        VideoPortPutDmaAdapter(Extension, Extension->Adapter);
    if (Extension->VideoMemory)
        VideoPortFreeDeviceBase(Extension, Extension->VideoMemory);
    if (Extension->Registers)
        VideoPortFreeDeviceBase(Extension, Extension->Registers);
}

/* Power-on state, bus mastering on, interrupts on. */
VOID SimStartHardware(PSIM_EXTENSION Extension)
{
    USHORT Command = 0;

    VideoPortGetBusData(Extension, PCIConfiguration, 0, &Command, PCI_COMMAND_OFFSET,
                        sizeof(Command));
    Command |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
    VideoPortSetBusData(Extension, PCIConfiguration, 0, &Command, PCI_COMMAND_OFFSET,
                        sizeof(Command));
    SimWrite(Extension, SIM_REG_RESET, SIM_RESET_NOW);
    SimWrite(Extension, SIM_REG_IRQ_ENABLE, SIM_IRQ_DONE | SIM_IRQ_ERROR);
}
