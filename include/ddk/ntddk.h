/* SPDX-License-Identifier: MIT */
/*
 * ntddk.h - wdm.h and the older kernel interfaces which a video port uses.
 *
 * May be included before or after miniport.h and video.h.
 *
 * Sources: the kernel DDI reference, ntddk/nf-ntddk-<name>, ntddk/ns-ntddk-<name>.
 */
#ifndef _NTDDK_
#define _NTDDK_

#include "wdm.h"

/* ---- configuration tree ---------------------------------------------------------------------- */

typedef enum _CONFIGURATION_TYPE {
    ArcSystem,
    CentralProcessor,
    FloatingPointProcessor,
    PrimaryIcache,
    PrimaryDcache,
    SecondaryIcache,
    SecondaryDcache,
    SecondaryCache,
    EisaAdapter,
    TcAdapter,
    ScsiAdapter,
    DtiAdapter,
    MultiFunctionAdapter,
    DiskController,
    TapeController,
    CdromController,
    WormController,
    SerialController,
    NetworkController,
    DisplayController,
    ParallelController,
    PointerController,
    KeyboardController,
    AudioController,
    OtherController,
    DiskPeripheral,
    FloppyDiskPeripheral,
    TapePeripheral,
    ModemPeripheral,
    MonitorPeripheral,
    PrinterPeripheral,
    PointerPeripheral,
    KeyboardPeripheral,
    TerminalPeripheral,
    OtherPeripheral,
    LinePeripheral,
    NetworkPeripheral,
    SystemMemory,
    DockingInformation,
    RealModeIrqRoutingTable,
    RealModePCIEnumeration,
    MaximumType
} CONFIGURATION_TYPE, *PCONFIGURATION_TYPE;

typedef enum _IO_QUERY_DEVICE_DATA_FORMAT {
    IoQueryDeviceIdentifier = 0,
    IoQueryDeviceConfigurationData,
    IoQueryDeviceComponentInformation,
    IoQueryDeviceMaxData
} IO_QUERY_DEVICE_DATA_FORMAT, *PIO_QUERY_DEVICE_DATA_FORMAT;

typedef NTSTATUS (NTAPI *PIO_QUERY_DEVICE_ROUTINE)(
    PVOID Context,
    PUNICODE_STRING PathName,
    INTERFACE_TYPE BusType,
    ULONG BusNumber,
    PKEY_VALUE_FULL_INFORMATION *BusInformation,
    CONFIGURATION_TYPE ControllerType,
    ULONG ControllerNumber,
    PKEY_VALUE_FULL_INFORMATION *ControllerInformation,
    CONFIGURATION_TYPE PeripheralType,
    ULONG PeripheralNumber,
    PKEY_VALUE_FULL_INFORMATION *PeripheralInformation);

typedef VOID (NTAPI DRIVER_REINITIALIZE)(
    struct _DRIVER_OBJECT *DriverObject,
    PVOID Context,
    ULONG Count);
typedef DRIVER_REINITIALIZE *PDRIVER_REINITIALIZE;

/* ---- version --------------------------------------------------------------------------------- */

typedef struct _OSVERSIONINFOW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
} RTL_OSVERSIONINFOW, *PRTL_OSVERSIONINFOW;

typedef struct _OSVERSIONINFOEXW {
    ULONG dwOSVersionInfoSize;
    ULONG dwMajorVersion;
    ULONG dwMinorVersion;
    ULONG dwBuildNumber;
    ULONG dwPlatformId;
    WCHAR szCSDVersion[128];
    USHORT wServicePackMajor;
    USHORT wServicePackMinor;
    USHORT wSuiteMask;
    UCHAR wProductType;
    UCHAR wReserved;
} RTL_OSVERSIONINFOEXW, *PRTL_OSVERSIONINFOEXW;

/* ---- memory ---------------------------------------------------------------------------------- */

typedef struct _PHYSICAL_MEMORY_RANGE {
    PHYSICAL_ADDRESS BaseAddress;
    LARGE_INTEGER NumberOfBytes;
} PHYSICAL_MEMORY_RANGE, *PPHYSICAL_MEMORY_RANGE;

/* ---- exports --------------------------------------------------------------------------------- */

NTSYSAPI NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW lpVersionInformation);

NTKERNELAPI BOOLEAN NTAPI PsGetVersion(
    PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber, PUNICODE_STRING CSDVersion);

NTSYSAPI LONG NTAPI RtlCompareString(
    const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive);

NTSYSAPI BOOLEAN NTAPI RtlEqualString(
    const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive);

NTSYSAPI VOID NTAPI RtlCopyString(PSTRING DestinationString, const STRING *SourceString);

/* 64-bit arithmetic of the time before compilers had it; i386 binaries import these. Any IRQL. */

NTSYSAPI LARGE_INTEGER NTAPI RtlConvertLongToLargeInteger(LONG SignedInteger);

NTSYSAPI LARGE_INTEGER NTAPI RtlConvertUlongToLargeInteger(ULONG UnsignedInteger);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerAdd(LARGE_INTEGER Addend1, LARGE_INTEGER Addend2);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerSubtract(
    LARGE_INTEGER Minuend, LARGE_INTEGER Subtrahend);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerNegate(LARGE_INTEGER Subtrahend);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerShiftLeft(LARGE_INTEGER LargeInteger, CCHAR ShiftCount);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerShiftRight(
    LARGE_INTEGER LargeInteger, CCHAR ShiftCount);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerArithmeticShift(
    LARGE_INTEGER LargeInteger, CCHAR ShiftCount);

NTSYSAPI LARGE_INTEGER NTAPI RtlLargeIntegerDivide(
    LARGE_INTEGER Dividend, LARGE_INTEGER Divisor, PLARGE_INTEGER Remainder);

NTSYSAPI LARGE_INTEGER NTAPI RtlEnlargedIntegerMultiply(LONG Multiplicand, LONG Multiplier);

NTSYSAPI LARGE_INTEGER NTAPI RtlEnlargedUnsignedMultiply(ULONG Multiplicand, ULONG Multiplier);

NTSYSAPI ULONG NTAPI RtlEnlargedUnsignedDivide(
    ULARGE_INTEGER Dividend, ULONG Divisor, PULONG Remainder);

NTSYSAPI LARGE_INTEGER NTAPI RtlExtendedIntegerMultiply(
    LARGE_INTEGER Multiplicand, LONG Multiplier);

NTSYSAPI LARGE_INTEGER NTAPI RtlExtendedLargeIntegerDivide(
    LARGE_INTEGER Dividend, ULONG Divisor, PULONG Remainder);

/* The high half of Dividend times MagicDivisor, shifted right: a division by a constant. */
NTSYSAPI LARGE_INTEGER NTAPI RtlExtendedMagicDivide(
    LARGE_INTEGER Dividend, LARGE_INTEGER MagicDivisor, CCHAR ShiftCount);

NTKERNELAPI BOOLEAN NTAPI MmIsAddressValid(PVOID VirtualAddress);

NTKERNELAPI PHYSICAL_ADDRESS NTAPI MmGetPhysicalAddress(PVOID BaseAddress);

/* The last one has NumberOfBytes 0; the caller frees them with ExFreePool. PASSIVE. */
NTKERNELAPI PPHYSICAL_MEMORY_RANGE NTAPI MmGetPhysicalMemoryRanges(VOID);

NTKERNELAPI BOOLEAN NTAPI MmIsThisAnNtAsSystem(VOID);

NTKERNELAPI PVOID NTAPI MmAllocateNonCachedMemory(SIZE_T NumberOfBytes);

NTKERNELAPI VOID NTAPI MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes);

NTKERNELAPI PVOID NTAPI MmMapVideoDisplay(
    PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType);

NTKERNELAPI VOID NTAPI MmUnmapVideoDisplay(PVOID BaseAddress, SIZE_T NumberOfBytes);

NTKERNELAPI HANDLE NTAPI PsGetCurrentProcessId(VOID);

NTKERNELAPI HANDLE NTAPI PsGetCurrentThreadId(VOID);

NTKERNELAPI DECLSPEC_NORETURN VOID NTAPI KeBugCheck(ULONG BugCheckCode);

NTKERNELAPI DECLSPEC_NORETURN VOID NTAPI ExRaiseAccessViolation(VOID);

NTKERNELAPI VOID NTAPI IoRegisterDriverReinitialization(
    PDRIVER_OBJECT DriverObject, PDRIVER_REINITIALIZE DriverReinitializationRoutine, PVOID Context);

NTKERNELAPI NTSTATUS NTAPI IoReportDetectedDevice(
    PDRIVER_OBJECT DriverObject, INTERFACE_TYPE LegacyBusType, ULONG BusNumber, ULONG SlotNumber,
    PCM_RESOURCE_LIST ResourceList, PIO_RESOURCE_REQUIREMENTS_LIST ResourceRequirements,
    BOOLEAN ResourceAssigned, PDEVICE_OBJECT *DeviceObject);

/* Accepted: the PnP manager assigns, nothing conflicts. */
NTKERNELAPI NTSTATUS NTAPI IoReportResourceForDetection(
    PDRIVER_OBJECT DriverObject, PCM_RESOURCE_LIST DriverList, ULONG DriverListSize,
    PDEVICE_OBJECT DeviceObject, PCM_RESOURCE_LIST DeviceList, ULONG DeviceListSize,
    PBOOLEAN ConflictDetected);

/* Accepted: the PnP manager assigns, nothing conflicts. */
NTKERNELAPI NTSTATUS NTAPI IoReportResourceUsage(
    PUNICODE_STRING DriverClassName, PDRIVER_OBJECT DriverObject, PCM_RESOURCE_LIST DriverList,
    ULONG DriverListSize, PDEVICE_OBJECT DeviceObject, PCM_RESOURCE_LIST DeviceList,
    ULONG DeviceListSize, BOOLEAN OverrideConflict, PBOOLEAN ConflictDetected);

NTKERNELAPI NTSTATUS NTAPI IoAssignResources(
    PUNICODE_STRING RegistryPath, PUNICODE_STRING DriverClassName, PDRIVER_OBJECT DriverObject,
    PDEVICE_OBJECT DeviceObject, PIO_RESOURCE_REQUIREMENTS_LIST RequestedResources,
    PCM_RESOURCE_LIST *AllocatedResources);

/* Refused: no firmware described this computer. */
NTKERNELAPI NTSTATUS NTAPI IoQueryDeviceDescription(
    PINTERFACE_TYPE BusType, PULONG BusNumber, PCONFIGURATION_TYPE ControllerType,
    PULONG ControllerNumber, PCONFIGURATION_TYPE PeripheralType, PULONG PeripheralNumber,
    PIO_QUERY_DEVICE_ROUTINE CalloutRoutine, PVOID Context);

NTHALAPI ULONG NTAPI HalGetBusData(
    BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length);

NTHALAPI ULONG NTAPI HalGetBusDataByOffset(
    BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset,
    ULONG Length);

NTHALAPI ULONG NTAPI HalSetBusData(
    BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Length);

NTHALAPI ULONG NTAPI HalSetBusDataByOffset(
    BUS_DATA_TYPE BusDataType, ULONG BusNumber, ULONG SlotNumber, PVOID Buffer, ULONG Offset,
    ULONG Length);

NTHALAPI BOOLEAN NTAPI HalTranslateBusAddress(
    INTERFACE_TYPE InterfaceType, ULONG BusNumber, PHYSICAL_ADDRESS BusAddress, PULONG AddressSpace,
    PPHYSICAL_ADDRESS TranslatedAddress);

NTHALAPI ULONG NTAPI HalGetInterruptVector(
    INTERFACE_TYPE InterfaceType, ULONG BusNumber, ULONG BusInterruptLevel,
    ULONG BusInterruptVector, PKIRQL Irql, PKAFFINITY Affinity);

#endif /* _NTDDK_ */
