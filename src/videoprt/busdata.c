/* SPDX-License-Identifier: MIT */
/* Configuration space, through the bus driver's interface; and whether some PCI device is there at
 * all. */
#include "videoprt.h"

/* A PnP device's own configuration space; the slot number is the bus driver's business. Returns
 * bytes moved. */
ULONG NTAPI VideoPortGetBusData(PVOID HwDeviceExtension, BUS_DATA_TYPE BusDataType,
                                ULONG SlotNumber, PVOID Buffer, ULONG Offset, ULONG Length)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetBusData");

    if (Device == NULL || BusDataType != PCIConfiguration || Device->Bus.GetBusData == NULL)
        return 0;
    return Device->Bus.GetBusData(Device->Bus.Context, PCI_WHICHSPACE_CONFIG, Buffer, Offset,
                                  Length);
}

ULONG NTAPI VideoPortSetBusData(PVOID HwDeviceExtension, BUS_DATA_TYPE BusDataType,
                                ULONG SlotNumber, PVOID Buffer, ULONG Offset, ULONG Length)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortSetBusData");

    if (Device == NULL || BusDataType != PCIConfiguration || Device->Bus.SetBusData == NULL)
        return 0;
    return Device->Bus.SetBusData(Device->Bus.Context, PCI_WHICHSPACE_CONFIG, Buffer, Offset,
                                  Length);
}

/* What a type 0 header says about who made the function. */
typedef struct _VP_PCI_ID {
    USHORT VendorId, DeviceId;
    UCHAR RevisionId;
    USHORT SubVendorId, SubSystemId;
} VP_PCI_ID;

static BOOLEAN NTAPI VpReadId(ULONG Bus, ULONG Slot, VP_PCI_ID *Id)
{
    UCHAR Header[64];

    if (HalGetBusDataByOffset(PCIConfiguration, Bus, Slot, Header, 0, sizeof(Header)) !=
        sizeof(Header))
        return FALSE;
    RtlCopyMemory(&Id->VendorId, Header + 0x00, sizeof(USHORT));
    RtlCopyMemory(&Id->DeviceId, Header + 0x02, sizeof(USHORT));
    Id->RevisionId = Header[0x08];
    RtlCopyMemory(&Id->SubVendorId, Header + 0x2C, sizeof(USHORT));
    RtlCopyMemory(&Id->SubSystemId, Header + 0x2E, sizeof(USHORT));
    return Id->VendorId != 0xFFFF;
}

/* Looks at every function of the device's bus. */
BOOLEAN NTAPI VideoPortCheckForDeviceExistence(PVOID HwDeviceExtension, USHORT VendorId,
                                               USHORT DeviceId, UCHAR RevisionId,
                                               USHORT SubVendorId, USHORT SubSystemId, ULONG Flags)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortCheckForDeviceExistence");
    VP_PCI_ID Id;
    ULONG Slot;

    if (Device == NULL || !VpCheckPassive("PORT", "VideoPortCheckForDeviceExistence"))
        return FALSE;
    for (Slot = 0; Slot < 32 * 8; Slot++) {
        /* PCI_SLOT_NUMBER: device in bits 0 to 4, function in 5 to 7 */
        if (!VpReadId(Device->BusNumber, Slot, &Id) || Id.VendorId != VendorId ||
            Id.DeviceId != DeviceId)
            continue;
        if ((Flags & CDE_USE_REVISION) && Id.RevisionId != RevisionId)
            continue;
        if ((Flags & CDE_USE_SUBSYSTEM_IDS) &&
            (Id.SubVendorId != SubVendorId || Id.SubSystemId != SubSystemId))
            continue;
        return TRUE;
    }
    return FALSE;
}

/* The export's old, misspelled name. */
BOOLEAN NTAPI VideoPortCheckForDeviceExistance(PVOID HwDeviceExtension, USHORT VendorId,
                                               USHORT DeviceId, UCHAR RevisionId,
                                               USHORT SubVendorId, USHORT SubSystemId, ULONG Flags)
{
    return VideoPortCheckForDeviceExistence(HwDeviceExtension, VendorId, DeviceId, RevisionId,
                                            SubVendorId, SubSystemId, Flags);
}
