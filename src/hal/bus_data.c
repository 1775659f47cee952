/* SPDX-License-Identifier: MIT */
/*
 * Configuration space and address translation, through the bus interface and through the HAL's
 * older routines.
 *
 * Sources: wdm/ns-wdm-_bus_interface_standard, ntddk/nf-ntddk-halgetbusdatabyoffset,
 * ...halsetbusdatabyoffset,
 * ...haltranslatebusaddress, ...halgetinterruptvector.
 */
#include "hal/private.h"

enum { CONFIG_SPACE = 256 };

/* As much of [offset, offset + length) as a space of this size has. */
static ULONG within(ULONG size, ULONG offset, ULONG length)
{
    return offset >= size ? 0 : (ULONG)vport_min_u64(length, size - offset);
}

static ULONG read_rom(struct vport_hal_device *device, PVOID buffer, ULONG offset, ULONG length)
{
    struct vport_bus *bus = device->hal->bus;
    ULONG count = within(bus->function[device->function].rom_length, offset, length);

    if (!count || bus->ops->rom_read(bus, device->function, offset, buffer, count) != VPORT_OK)
        return 0;
    return count;
}

/* Any IRQL up to DISPATCH_LEVEL. Return the number of bytes read or written, 0 for any space but
 * configuration space and, for reading, the expansion ROM. */
ULONG NTAPI vport_hal_get_config(PVOID Context, ULONG DataType, PVOID Buffer, ULONG Offset,
                                 ULONG Length)
{
    struct vport_hal_device *device = Context;
    struct vport_bus *bus = device->hal->bus;
    ULONG count = within(CONFIG_SPACE, Offset, Length);

    if (DataType == PCI_WHICHSPACE_ROM)
        return read_rom(device, Buffer, Offset, Length);
    if (DataType != PCI_WHICHSPACE_CONFIG || !count ||
        bus->ops->config_read(bus, device->function, Offset, Buffer, count) != VPORT_OK)
        return 0;
    return count;
}

ULONG NTAPI vport_hal_set_config(PVOID Context, ULONG DataType, PVOID Buffer, ULONG Offset,
                                 ULONG Length)
{
    struct vport_hal_device *device = Context;
    struct vport_bus *bus = device->hal->bus;
    ULONG count = within(CONFIG_SPACE, Offset, Length);

    if (DataType != PCI_WHICHSPACE_CONFIG || !count ||
        bus->ops->config_write(bus, device->function, Offset, Buffer, count) != VPORT_OK)
        return 0;
    return count;
}

/* Bus addresses and the CPU's are the same here. */
BOOLEAN NTAPI vport_hal_translate(PVOID Context, PHYSICAL_ADDRESS BusAddress, ULONG Length,
                                  PULONG AddressSpace, PPHYSICAL_ADDRESS TranslatedAddress)
{
    *TranslatedAddress = BusAddress;
    return TRUE;
}

/* ---- The older routines, which name a device by bus and slot ---- */

static struct vport_hal_device *device_at(ULONG bus_number, ULONG slot_number)
{
    struct vport_hal *hal = vport_hal_current();
    PCI_SLOT_NUMBER slot = {.u.AsULONG = slot_number};

    for (unsigned i = 0; hal && bus_number == 0 && i < hal->bus->functions; i++)
        if (hal->bus->function[i].slot == slot.u.bits.DeviceNumber &&
            hal->bus->function[i].function == slot.u.bits.FunctionNumber)
            return &hal->device[i];
    return NULL;
}

/* An empty slot answers with two bytes of ones, PCI_INVALID_VENDORID. */
ULONG NTAPI HalGetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber,
                                  PVOID Buffer, ULONG Offset, ULONG Length)
{
    struct vport_hal_device *device = device_at(BusNumber, SlotNumber);

    if (BusDataType != PCIConfiguration)
        return 0;
    if (device)
        return vport_hal_get_config(device, PCI_WHICHSPACE_CONFIG, Buffer, Offset, Length);
    if (Length < sizeof(USHORT))
        return 0;
    RtlFillMemory(Buffer, sizeof(USHORT), 0xFF);
    return sizeof(USHORT);
}

ULONG NTAPI HalGetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber,
                          PVOID Buffer, ULONG Length)
{
    return HalGetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

ULONG NTAPI HalSetBusDataByOffset(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber,
                                  PVOID Buffer, ULONG Offset, ULONG Length)
{
    struct vport_hal_device *device = device_at(BusNumber, SlotNumber);

    if (BusDataType != PCIConfiguration || !device)
        return 0;
    return vport_hal_set_config(device, PCI_WHICHSPACE_CONFIG, Buffer, Offset, Length);
}

ULONG NTAPI HalSetBusData(BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber,
                          PVOID Buffer, ULONG Length)
{
    return HalSetBusDataByOffset(BusDataType, BusNumber, SlotNumber, Buffer, 0, Length);
}

/* Any IRQL. FALSE: there is no such bus. *AddressSpace, 0 for memory and 1 for ports, stays. */
BOOLEAN NTAPI HalTranslateBusAddress(INTERFACE_TYPE InterfaceType, ULONG BusNumber,
                                     PHYSICAL_ADDRESS BusAddress, PULONG AddressSpace,
                                     PPHYSICAL_ADDRESS TranslatedAddress)
{
    /* The legacy addresses of the VGA count as the ISA bus behind the PCI bus. */
    if (BusNumber != 0 || (InterfaceType != PCIBus && InterfaceType != Isa))
        return FALSE;
    return vport_hal_translate(NULL, BusAddress, 1, AddressSpace, TranslatedAddress);
}
