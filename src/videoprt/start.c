/* SPDX-License-Identifier: MIT */
/* Starting a device: what the bus says, HwVidFindAdapter, the interrupt, the children. And stopping
 * it. */
#include "videoprt.h"

/* GUID_BUS_INTERFACE_STANDARD */
static const GUID VpBusInterface = {
    0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};

static VOID NTAPI VpGetProperty(PVP_DEVICE Device, DEVICE_REGISTRY_PROPERTY Property, PULONG Value)
{
    ULONG Answer, Length;

    if (NT_SUCCESS(
            IoGetDeviceProperty(Device->Physical, Property, sizeof(Answer), &Answer, &Length)) &&
        Length == sizeof(Answer))
        *Value = Answer;
}

/* Where the device sits. Buses answer what they have; a video adapter without an answer is taken
 * for a PCI one. */
static NTSTATUS NTAPI VpAskBus(PVP_DEVICE Device)
{
    ULONG Type = PCIBus, Address = 0;

    VpGetProperty(Device, DevicePropertyLegacyBusType, &Type);
    VpGetProperty(Device, DevicePropertyBusNumber, &Device->BusNumber);
    VpGetProperty(Device, DevicePropertyAddress, &Address);
    Device->BusType = (INTERFACE_TYPE)Type;
    /* DevicePropertyAddress of a PCI function: device number in the high word, function in the low
     * one. */
    Device->Slot = ((Address >> 16) & 31) | (Address & 7) << 5;
    return VpQueryBus(Device, &VpBusInterface, sizeof(Device->Bus), 1, (PINTERFACE)&Device->Bus,
                      NULL);
}

static VOID NTAPI VpTakeInterrupt(PVP_DEVICE Device, PCM_PARTIAL_RESOURCE_DESCRIPTOR Raw,
                                  PCM_PARTIAL_RESOURCE_DESCRIPTOR Translated)
{
    Device->HaveInterrupt = TRUE;
    Device->InterruptLevel = Raw->u.Interrupt.Level;
    Device->InterruptVector = Raw->u.Interrupt.Vector;
    Device->InterruptIrql = (KIRQL)Translated->u.Interrupt.Level;
    Device->TranslatedVector = Translated->u.Interrupt.Vector;
    Device->InterruptAffinity = Translated->u.Interrupt.Affinity;
    Device->InterruptMode = (Raw->Flags & CM_RESOURCE_INTERRUPT_LATCHED) ? Latched : LevelSensitive;
    Device->InterruptShared = Raw->ShareDisposition == CmResourceShareShared;
}

static VOID NTAPI VpReadInterrupt(PVP_DEVICE Device, PCM_RESOURCE_LIST Raw,
                                  PCM_RESOURCE_LIST Translated)
{
    PCM_PARTIAL_RESOURCE_LIST Partial, PartialTranslated;
    ULONG Index;

    Device->HaveInterrupt = FALSE;
    if (Raw == NULL || Translated == NULL)
        return;
    Partial = &Raw->List[0].PartialResourceList;
    PartialTranslated = &Translated->List[0].PartialResourceList;
    for (Index = 0; Index < Partial->Count && Index < PartialTranslated->Count; Index++)
        if (Partial->PartialDescriptors[Index].Type == CmResourceTypeInterrupt)
            VpTakeInterrupt(Device, &Partial->PartialDescriptors[Index],
                            &PartialTranslated->PartialDescriptors[Index]);
}

/* Bytes of physical memory; 0 if the system does not say. */
static ULONGLONG NTAPI VpMemorySize(VOID)
{
    PPHYSICAL_MEMORY_RANGE Ranges = MmGetPhysicalMemoryRanges();
    ULONGLONG Size = 0;
    ULONG Index;

    if (Ranges == NULL)
        return 0;
    for (Index = 0; Ranges[Index].NumberOfBytes.QuadPart != 0; Index++)
        Size += (ULONGLONG)Ranges[Index].NumberOfBytes.QuadPart;
    ExFreePool(Ranges);
    return Size;
}

static VOID NTAPI VpFillConfig(PVP_DEVICE Device, PVIDEO_PORT_CONFIG_INFO Config)
{
    BOOLEAN Old = Device->Driver->Init.HwInitDataSize == SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA;

    RtlZeroMemory(Config, sizeof(*Config));
    Config->Length =
        Old ? (ULONG)SIZE_OF_NT4_VIDEO_PORT_CONFIG_INFO : (ULONG)SIZE_OF_WXP_VIDEO_PORT_CONFIG_INFO;
    Config->SystemIoBusNumber = Device->BusNumber;
    Config->AdapterInterfaceType = Device->BusType;
    if (Device->HaveInterrupt) {
        Config->BusInterruptLevel = Device->InterruptLevel;
        Config->BusInterruptVector = Device->InterruptVector;
        Config->InterruptMode = Device->InterruptMode;
        Config->InterruptShareable = Device->InterruptShared;
    }
    Config->Master = TRUE;
    Config->VideoPortGetProcAddress = VpGetProcAddress;
    Config->DriverRegistryPath = Device->Driver->RegistryPath.Buffer;
    Config->SystemMemorySize = VpMemorySize();
}

/* HwVidFindAdapter, on an extension of zeros, and what it changed in the configuration. */
static NTSTATUS NTAPI VpFindAdapter(PVP_DEVICE Device)
{
    PVIDEO_HW_INITIALIZATION_DATA Init = &Device->Driver->Init;
    VIDEO_PORT_CONFIG_INFO Config;
    VP_STATUS Status;
    UCHAR Again = 0;

    VpFillConfig(Device, &Config);
    RtlZeroMemory(VP_EXTENSION_OF(Device), Init->HwDeviceExtensionSize);
    Device->FindingAdapter = TRUE;
    Status = Init->HwFindAdapter(VP_EXTENSION_OF(Device), Device->Driver->HwContext, NULL, &Config,
                                 &Again);
    Device->FindingAdapter = FALSE;
    if (Status != NO_ERROR)
        return VpNtStatus(Status);
    /* Level and vector 0: the miniport does without the interrupt. */
    if (Config.BusInterruptLevel == 0 && Config.BusInterruptVector == 0)
        Device->HaveInterrupt = FALSE;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI VpStartAdapter(PVP_DEVICE Device, PCM_RESOURCE_LIST Raw,
                              PCM_RESOURCE_LIST Translated)
{
    NTSTATUS Status = VpAskBus(Device);

    if (!NT_SUCCESS(Status))
        return Status;
    VpReadRanges(Device, Raw, Translated);
    VpReadInterrupt(Device, Raw, Translated);
    VpAddLegacyRanges(Device);
    Device->State = VpStarted;
    Device->Opens = 0;
    Status = VpFindAdapter(Device);
    if (NT_SUCCESS(Status))
        Status = VpConnectInterrupt(Device);
    if (!NT_SUCCESS(Status)) {
        VpStopAdapter(Device);
        return Status;
    }
    VpEnumerateChildren(Device);
    return STATUS_SUCCESS;
}

/*
 * Takes back everything that the miniport holds: it has no routine in which it could give it back
 * (GA-18). First what could still call it, then what it made.
 */
VOID NTAPI VpStopAdapter(PVP_DEVICE Device)
{
    if (Device->State != VpStarted)
        return;
    VpCancelTimer(Device);
    VpDisconnectInterrupt(Device);
    (void)KeRemoveQueueDpc(&Device->Dpc);
    KeFlushQueuedDpcs();
    VpDeregisterBugCheck(Device);
    VpDeleteSecondaries(Device);
    VpDeleteChildren(Device);
    VpReclaimObjects(Device);
    VpReclaimAdapters(Device);
    Device->OldAdapter = NULL;
    VpFreeRom(Device);
    if (Device->Bus.InterfaceDereference != NULL)
        Device->Bus.InterfaceDereference(Device->Bus.Context);
    RtlZeroMemory(&Device->Bus, sizeof(Device->Bus));
    Device->RangeCount = 0;
    Device->Handles = 0;
    Device->State = VpAdded;
}
