/* SPDX-License-Identifier: MIT */
/* The benchmarks' miniport. Written as miniports are: knows the simulated adapter's two BARs and
 * nothing of the host. */
#include "miniport.h"

#define PCI_COMMAND_OFFSET 4
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_MEMORY 0x0002

enum { RANGE_REGISTERS, RANGE_VIDEO_MEMORY, RANGES };

struct extension {
    PVOID base[RANGES];
};

static VP_STATUS map_ranges(struct extension *extension)
{
    VIDEO_ACCESS_RANGE ranges[RANGES] = {0};
    ULONG slot = 0, i;
    VP_STATUS status =
        VideoPortGetAccessRanges(extension, 0, NULL, RANGES, ranges, NULL, NULL, &slot);

    for (i = 0; status == NO_ERROR && i < RANGES; i++) {
        extension->base[i] = VideoPortGetDeviceBase(
            extension, ranges[i].RangeStart, ranges[i].RangeLength, ranges[i].RangeInIoSpace);
        if (!extension->base[i])
            status = ERROR_NOT_ENOUGH_MEMORY;
    }
    return status;
}

static VP_STATUS NTAPI find_adapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                                    PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO))
        return ERROR_INVALID_PARAMETER;
    return map_ranges(HwDeviceExtension);
}

static BOOLEAN NTAPI initialize(PVOID HwDeviceExtension)
{
    USHORT command = 0;

    VideoPortGetBusData(HwDeviceExtension, PCIConfiguration, 0, &command, PCI_COMMAND_OFFSET,
                        sizeof(command));
    command |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
    VideoPortSetBusData(HwDeviceExtension, PCIConfiguration, 0, &command, PCI_COMMAND_OFFSET,
                        sizeof(command));
    return TRUE;
}

/* Its interrupt stays disabled in the device. */
static BOOLEAN NTAPI interrupt(PVOID HwDeviceExtension)
{
    return FALSE;
}

static BOOLEAN NTAPI start_io(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET RequestPacket)
{
    RequestPacket->StatusBlock->Information = 0;
    RequestPacket->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    return TRUE;
}

static VP_STATUS NTAPI power(PVOID HwDeviceExtension, ULONG HwId,
                             PVIDEO_POWER_MANAGEMENT VideoPowerControl)
{
    return NO_ERROR;
}

static VP_STATUS NTAPI child_descriptor(PVOID HwDeviceExtension,
                                        PVIDEO_CHILD_ENUM_INFO ChildEnumInfo,
                                        PVIDEO_CHILD_TYPE VideoChildType, PUCHAR pChildDescriptor,
                                        PULONG UId, PULONG pUnused)
{
    return VIDEO_ENUM_NO_MORE_DEVICES;
}

ULONG NTAPI vport_bench_miniport(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA data = {0};

    data.HwInitDataSize = sizeof(data);
    data.AdapterInterfaceType = PCIBus;
    data.HwFindAdapter = find_adapter;
    data.HwInitialize = initialize;
    data.HwInterrupt = interrupt;
    data.HwStartIO = start_io;
    data.HwSetPowerState = power;
    data.HwGetPowerState = power;
    data.HwGetVideoChildDescriptor = child_descriptor;
    data.HwDeviceExtensionSize = sizeof(struct extension);
    return VideoPortInitialize(Context1, Context2, &data, NULL);
}

PVOID vport_bench_miniport_registers(PVOID HwDeviceExtension)
{
    return ((struct extension *)HwDeviceExtension)->base[RANGE_REGISTERS];
}

PVOID vport_bench_miniport_video_memory(PVOID HwDeviceExtension)
{
    return ((struct extension *)HwDeviceExtension)->base[RANGE_VIDEO_MEMORY];
}
