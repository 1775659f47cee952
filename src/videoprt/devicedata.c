/* SPDX-License-Identifier: MIT */
/* VideoPortGetDeviceData: what the firmware's configuration tree says about buses, display
 * controllers and monitors. */
#include "videoprt.h"

typedef struct _VP_DEVICE_QUERY {
    PVOID HwDeviceExtension;
    VIDEO_DEVICE_DATA_TYPE Type;
    PMINIPORT_QUERY_DEVICE_ROUTINE Routine;
    PVOID Context;
    VP_STATUS Status;
} VP_DEVICE_QUERY, *PVP_DEVICE_QUERY;

/* One node of the tree, on to the miniport: identifier and configuration data of the deepest level
 * that was asked for. */
static NTSTATUS NTAPI VpDeviceNode(PVOID Context, PUNICODE_STRING PathName, INTERFACE_TYPE BusType,
                                   ULONG BusNumber, PKEY_VALUE_FULL_INFORMATION *BusInformation,
                                   CONFIGURATION_TYPE ControllerType, ULONG ControllerNumber,
                                   PKEY_VALUE_FULL_INFORMATION *ControllerInformation,
                                   CONFIGURATION_TYPE PeripheralType, ULONG PeripheralNumber,
                                   PKEY_VALUE_FULL_INFORMATION *PeripheralInformation)
{
    PVP_DEVICE_QUERY Query = Context;
    PKEY_VALUE_FULL_INFORMATION *Node = BusInformation, Id, Data, Component;

    if (Query->Type == VpControllerData)
        Node = ControllerInformation;
    else if (Query->Type == VpMonitorData)
        Node = PeripheralInformation;
    Id = Node[IoQueryDeviceIdentifier];
    Data = Node[IoQueryDeviceConfigurationData];
    Component = Node[IoQueryDeviceComponentInformation];
    Query->Status = Query->Routine(
        Query->HwDeviceExtension, Query->Context, Query->Type,
        Id != NULL ? (PUCHAR)Id + Id->DataOffset : NULL, Id != NULL ? Id->DataLength : 0,
        Data != NULL ? (PUCHAR)Data + Data->DataOffset : NULL, Data != NULL ? Data->DataLength : 0,
        Component != NULL ? (PUCHAR)Component + Component->DataOffset : NULL,
        Component != NULL ? Component->DataLength : 0);
    return VpNtStatus(Query->Status);
}

/*
 * ERROR_INVALID_PARAMETER: the tree knows nothing of the kind (the rule on computers with ACPI), or
 * of machine and CMOS data, which are of computers before PCI.
 */
VP_STATUS NTAPI VideoPortGetDeviceData(PVOID HwDeviceExtension,
                                       VIDEO_DEVICE_DATA_TYPE DeviceDataType,
                                       PMINIPORT_QUERY_DEVICE_ROUTINE CallbackRoutine,
                                       PVOID Context)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetDeviceData");
    VP_DEVICE_QUERY Query = {HwDeviceExtension, DeviceDataType, CallbackRoutine, Context,
                             ERROR_INVALID_PARAMETER};
    CONFIGURATION_TYPE Controller = DisplayController, Peripheral = MonitorPeripheral;
    BOOLEAN NeedController = DeviceDataType == VpControllerData || DeviceDataType == VpMonitorData;

    if (Device == NULL || CallbackRoutine == NULL ||
        !VpCheckPassive("PORT", "VideoPortGetDeviceData"))
        return ERROR_INVALID_PARAMETER;
    if (DeviceDataType != VpBusData && !NeedController)
        return ERROR_INVALID_PARAMETER;
    (void)IoQueryDeviceDescription(
        &Device->BusType, &Device->BusNumber, NeedController ? &Controller : NULL, NULL,
        DeviceDataType == VpMonitorData ? &Peripheral : NULL, NULL, VpDeviceNode, &Query);
    return Query.Status;
}
