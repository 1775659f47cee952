/* SPDX-License-Identifier: MIT */
/*
 * wdmguid.h - GUIDs of the interfaces which a port driver asks a bus for.
 *
 * Include initguid.h before it in the one source file that is to define them.
 *
 * Sources: kernel/irp-mn-query-interface, wdm/ns-wdm-_bus_interface_standard.
 */
#ifndef VPORT_DDK_WDMGUID_H
#define VPORT_DDK_WDMGUID_H

#include "guiddef.h"

DEFINE_GUID(GUID_BUS_INTERFACE_STANDARD, 0x496b8280, 0x6f25, 0x11d0, 0xbe, 0xaf, 0x08, 0x00, 0x2b,
            0xe2, 0x09, 0x2f);
DEFINE_GUID(GUID_PCI_BUS_INTERFACE_STANDARD, 0x496b8281, 0x6f25, 0x11d0, 0xbe, 0xaf, 0x08, 0x00,
            0x2b, 0xe2, 0x09, 0x2f);
DEFINE_GUID(GUID_PCI_DEVICE_PRESENT_INTERFACE, 0xd1b82c26, 0xbf49, 0x45ef, 0xb2, 0x16, 0x71, 0xcb,
            0xd7, 0x88, 0x9b, 0x57);

#endif /* VPORT_DDK_WDMGUID_H */
