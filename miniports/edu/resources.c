/* SPDX-License-Identifier: MIT */
/* What HwVidFindAdapter takes and gives back: registers, the DMA adapter, a common buffer. */
#include "edu.h"

#define PCI_COMMAND_OFFSET 4
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004

static VP_STATUS EduMapDevice(PEDU_EXTENSION Extension)
{
    VIDEO_ACCESS_RANGE Range;
    ULONG Slot = 0;
    VP_STATUS Status;

    VideoPortZeroMemory(&Range, sizeof(Range));
    Status = VideoPortGetAccessRanges(Extension, 0, NULL, 1, &Range, NULL, NULL, &Slot);
    if (Status != NO_ERROR)
        return Status;
    Extension->Registers = VideoPortGetDeviceBase(Extension, Range.RangeStart, Range.RangeLength,
                                                  Range.RangeInIoSpace);
    if (Extension->Registers == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    return (EduRead(Extension, EDU_REG_ID) & EDU_ID_MASK) == EDU_ID ? NO_ERROR
                                                                    : ERROR_DEV_NOT_EXIST;
}

/*
 * The engine puts out 28 address bits, for which a description has no words. 32 is what the part
 * is; that four of its lines are not wired is a matter of the slot, and known to the platform.
 * It takes one address and length at a time: the map registers make one piece of each buffer.
 */
static VP_STATUS EduGetAdapter(PEDU_EXTENSION Extension)
{
    VP_DEVICE_DESCRIPTION Description;

    VideoPortZeroMemory(&Description, sizeof(Description));
    Description.ScatterGather = FALSE;
    Description.Dma32BitAddresses = TRUE;
    Description.Dma64BitAddresses = FALSE;
    Description.MaximumLength = EDU_MAX_COMMAND;
    Extension->Adapter = VideoPortGetDmaAdapter(Extension, &Description);
    return Extension->Adapter ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

static VP_STATUS EduCreateObjects(PEDU_EXTENSION Extension)
{
    VP_STATUS Status = VideoPortCreateSpinLock(Extension, &Extension->Lock);

    if (Status == NO_ERROR)
        Status = VideoPortCreateEvent(Extension, SYNCHRONIZATION_EVENT | INITIAL_EVENT_NOT_SIGNALED,
                                      NULL, &Extension->Done);
    if (Status != NO_ERROR)
        return Status;
    Extension->Piece = VideoPortAllocateCommonBuffer(
        Extension, Extension->Adapter, EDU_BUFFER_LENGTH, &Extension->PieceAddress, TRUE, NULL);
    return Extension->Piece ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

VP_STATUS EduAcquireResources(PEDU_EXTENSION Extension)
{
    VP_STATUS Status = EduMapDevice(Extension);

    if (Status == NO_ERROR)
        Status = EduGetAdapter(Extension);
    if (Status == NO_ERROR)
        Status = EduCreateObjects(Extension);
    if (Status == NO_ERROR)
        EduFindDisplay(Extension);
    return Status;
}

/* After a failure in HwVidFindAdapter: the extension was zeroed, so what is there was acquired. */
VOID EduReleaseResources(PEDU_EXTENSION Extension)
{
    EduCloseStore(Extension);
    if (Extension->Piece)
        VideoPortReleaseCommonBuffer(Extension, Extension->Adapter, EDU_BUFFER_LENGTH,
                                     Extension->PieceAddress, Extension->Piece, TRUE);
    if (Extension->Done)
        VideoPortDeleteEvent(Extension, Extension->Done);
    if (Extension->Lock)
        VideoPortDeleteSpinLock(Extension, Extension->Lock);
    if (Extension->Adapter)
        VideoPortPutDmaAdapter(Extension, Extension->Adapter);
    if (Extension->Registers)
        VideoPortFreeDeviceBase(Extension, Extension->Registers);
}

VOID EduSetBusMaster(PEDU_EXTENSION Extension, BOOLEAN On)
{
    USHORT Command = 0;

    VideoPortGetBusData(Extension, PCIConfiguration, 0, &Command, PCI_COMMAND_OFFSET,
                        sizeof(Command));
    Command |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
    if (!On)
        Command &= (USHORT)~PCI_COMMAND_MASTER;
    VideoPortSetBusData(Extension, PCIConfiguration, 0, &Command, PCI_COMMAND_OFFSET,
                        sizeof(Command));
}
