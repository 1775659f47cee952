/* SPDX-License-Identifier: MIT */
/*
 * Services of the time before Plug and Play: resource claims and the firmware's tree of hardware.
 * Resources are assigned by the PnP manager here, so nothing conflicts; and there is no firmware
 * that described anything.
 *
 * Sources: ntddk/nf-ntddk-ioreportresourcefordetection, -ioreportresourceusage,
 * -ioquerydevicedescription.
 */
#include "nt/kernel.h"

/* PASSIVE_LEVEL. Claims never conflict. */
NTSTATUS NTAPI IoReportResourceForDetection(PDRIVER_OBJECT DriverObject,
                                            PCM_RESOURCE_LIST DriverList, ULONG DriverListSize,
                                            PDEVICE_OBJECT DeviceObject,
                                            PCM_RESOURCE_LIST DeviceList, ULONG DeviceListSize,
                                            PBOOLEAN ConflictDetected)
{
    vport_nt_irql_at_most("IoReportResourceForDetection", PASSIVE_LEVEL, VPORT_SITE);
    *ConflictDetected = FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoReportResourceUsage(PUNICODE_STRING DriverClassName, PDRIVER_OBJECT DriverObject,
                                     PCM_RESOURCE_LIST DriverList, ULONG DriverListSize,
                                     PDEVICE_OBJECT DeviceObject, PCM_RESOURCE_LIST DeviceList,
                                     ULONG DeviceListSize, BOOLEAN OverrideConflict,
                                     PBOOLEAN ConflictDetected)
{
    vport_nt_irql_at_most("IoReportResourceUsage", PASSIVE_LEVEL, VPORT_SITE);
    *ConflictDetected = FALSE;
    return STATUS_SUCCESS;
}

/*
 * PASSIVE_LEVEL. STATUS_OBJECT_NAME_NOT_FOUND: what was looked for is not described, and the
 * routine is not called.
 */
NTSTATUS NTAPI IoQueryDeviceDescription(PINTERFACE_TYPE BusType, PULONG BusNumber,
                                        PCONFIGURATION_TYPE ControllerType, PULONG ControllerNumber,
                                        PCONFIGURATION_TYPE PeripheralType, PULONG PeripheralNumber,
                                        PIO_QUERY_DEVICE_ROUTINE CalloutRoutine, PVOID Context)
{
    vport_nt_irql_at_most("IoQueryDeviceDescription", PASSIVE_LEVEL, VPORT_SITE);
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
