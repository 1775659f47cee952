/* SPDX-License-Identifier: MIT */
/* What is left of the VGA: who decodes it, the BIOS, trapped ports, the ROM. */
#include "videoprt.h"

#define VP_PCI_COMMAND     0x04
#define VP_PCI_CLASS       0x08 /* revision in the low byte */
#define VP_COMMAND_IO      0x0001
#define VP_COMMAND_MEMORY  0x0002
#define VP_CLASS_VGA       0x030000
#define VP_WHICHSPACE_ROM  0x52696350 /* PCI_WHICHSPACE_ROM */
#define VP_ROM_SIGNATURE_0 0x55
#define VP_ROM_SIGNATURE_1 0xAA

/* A VGA compatible function with its decoders on has the legacy addresses. */
VP_STATUS NTAPI VideoPortGetVgaStatus(PVOID HwDeviceExtension, PULONG VgaStatus)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetVgaStatus");
    ULONG Class = 0;
    USHORT Command = 0;

    if (Device == NULL || VgaStatus == NULL)
        return ERROR_INVALID_PARAMETER;
    *VgaStatus = 0;
    if (VideoPortGetBusData(HwDeviceExtension, PCIConfiguration, Device->Slot, &Class, VP_PCI_CLASS,
                            sizeof(Class)) != sizeof(Class) ||
        VideoPortGetBusData(HwDeviceExtension, PCIConfiguration, Device->Slot, &Command,
                            VP_PCI_COMMAND, sizeof(Command)) != sizeof(Command))
        return ERROR_INVALID_FUNCTION;
    if (Class >> 8 == VP_CLASS_VGA &&
        (Command & (VP_COMMAND_IO | VP_COMMAND_MEMORY)) == (VP_COMMAND_IO | VP_COMMAND_MEMORY))
        *VgaStatus = DEVICE_VGA_ENABLED;
    return NO_ERROR;
}

/* No BIOS to call: the miniport has to program the chip itself. */
VP_STATUS NTAPI VideoPortInt10(PVOID HwDeviceExtension, PVIDEO_X86_BIOS_ARGUMENTS BiosArguments)
{
    if (BiosArguments == NULL || VpCheckDevice(HwDeviceExtension, "VideoPortInt10") == NULL)
        return ERROR_INVALID_PARAMETER;
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_WARNING_LEVEL,
               "VideoPortInt10: function %x: there is no video BIOS here; program the device's "
               "registers instead\n",
               BiosArguments->Eax);
    return ERROR_INVALID_FUNCTION;
}

/* No DOS box runs here, so that there is nobody whose port accesses would have to be trapped. */
VP_STATUS NTAPI VideoPortSetTrappedEmulatorPorts(PVOID HwDeviceExtension, ULONG NumAccessRanges,
                                                 PVIDEO_ACCESS_RANGE AccessRange)
{
    if (VpCheckDevice(HwDeviceExtension, "VideoPortSetTrappedEmulatorPorts") == NULL ||
        (NumAccessRanges > 0 && AccessRange == NULL))
        return ERROR_INVALID_PARAMETER;
    return NO_ERROR;
}

/* TRUE only in a Windows that was started with nothing but standard VGA. */
BOOLEAN NTAPI VideoPortIsNoVesa(VOID)
{
    return FALSE;
}

/* ---- ROM ---- */

VOID NTAPI VpFreeRom(PVP_DEVICE Device)
{
    if (Device->Rom != NULL)
        ExFreePoolWithTag(Device->Rom, VP_TAG);
    Device->Rom = NULL;
}

/*
 * A copy of the first Length bytes of the device's ROM, valid until the next call; Length 0 frees
 * the last copy. Miniports ask for 32 or 64 KiB without knowing how long the image is: behind the
 * end of the ROM there are zeros. NULL: the device has no ROM, or there is no memory.
 */
PVOID NTAPI VideoPortGetRomImage(PVOID HwDeviceExtension, PVOID Unused1, ULONG Unused2,
                                 ULONG Length)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetRomImage");

    if (Device == NULL || !VpCheckPassive("PORT", "VideoPortGetRomImage"))
        return NULL;
    VpFreeRom(Device);
    if (Length == 0 || Device->Bus.GetBusData == NULL)
        return NULL;
    Device->Rom = ExAllocatePoolWithTag(PagedPool, Length, VP_TAG);
    if (Device->Rom == NULL)
        return NULL;
    RtlZeroMemory(Device->Rom, Length);
    if (Device->Bus.GetBusData(Device->Bus.Context, VP_WHICHSPACE_ROM, Device->Rom, 0, Length) == 0)
        VpFreeRom(Device);
    return Device->Rom;
}

static BOOLEAN NTAPI VpRomHas(PUCHAR Rom, const UCHAR *String)
{
    for (; *String != 0; String++, Rom++)
        if (READ_REGISTER_UCHAR(Rom) != *String)
            return FALSE;
    return TRUE;
}

/* Looks for a string in a ROM that the miniport has mapped. An image without the ROM signature is
 * none. */
BOOLEAN NTAPI VideoPortScanRom(PVOID HwDeviceExtension, PUCHAR RomBase, ULONG RomLength,
                               PUCHAR String)
{
    ULONG Length = 0, Offset;

    if (RomBase == NULL || String == NULL || RomLength < 2 ||
        READ_REGISTER_UCHAR(RomBase) != VP_ROM_SIGNATURE_0 ||
        READ_REGISTER_UCHAR(RomBase + 1) != VP_ROM_SIGNATURE_1)
        return FALSE;
    while (String[Length] != 0)
        Length++;
    for (Offset = 0; Length <= RomLength && Offset <= RomLength - Length; Offset++)
        if (VpRomHas(RomBase + Offset, String))
            return TRUE;
    return FALSE;
}
