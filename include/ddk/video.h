/* SPDX-License-Identifier: MIT */
/*
 * video.h - the video port driver's interface for video miniport drivers.
 *
 * Part 1 declares what a miniport supplies: its structures and the types of its callbacks. Part 2
 * declares what the port exports, grouped by subject. Each export is one declaration of the form
 * "VPAPI type NTAPI Name(...);" from which the export tables and import libraries are generated
 * (scripts/ddk_prototypes.py).
 *
 * Include order of a miniport: dderror.h devioctl.h miniport.h ntddvdeo.h video.h. This file
 * includes all of them by itself; wdm.h or ntddk.h may come before or after it.
 *
 * "PASSIVE", "<= DISPATCH" and so on are the IRQL at which a function may be called; "any" means
 * that HwVidInterrupt may call it too, provided the memory it touches is resident. Ids such as SD-9
 * name clauses of the DMA contract in docs/. A function called "obsolete" exists for old binaries.
 * Before each export stands a comment of its own, from which docs/exports.md is written: its first
 * sentence says what the function is for; "fixed result" is all that the documents let an obsolete
 * one do; a sentence that begins with "Refused" says why there is nothing here that could do it,
 * one that begins with "Accepted" why it has no effect. In wdm.h and ntddk.h, too.
 *
 * Sources: the video header's pages of the display DDI reference: video/nf-video-<name in lower
 * case> for a function, video/nc-video-... for a callback, video/ns-video-... for a structure.
 */
#ifndef __VIDEO_H__
#define __VIDEO_H__

#include "dderror.h"
#include "miniport.h"
#include "ntddvdeo.h"
#include "videoagp.h"

#ifndef VPAPI
#if defined(_WIN32) && defined(_VIDEOPORT_)
#define VPAPI
#else
#define VPAPI DECLSPEC_IMPORT
#endif
#endif
#ifndef VIDEOPORT_API
#define VIDEOPORT_API VPAPI
#endif

/* The miniport's entry point; a source that is an ordinary driver as well declares its own form. */
#if !defined(_NTOSDEF_) && !defined(_WDMDDK_) && !defined(VPORT_NO_DRIVER_ENTRY)
ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2);
#endif

/* Not 0: success is NO_ERROR; any other value is a code of dderror.h or winerror.h. */
typedef LONG VP_STATUS, *PVP_STATUS;

/* ==== part 1: what a miniport supplies ======================================================== */

/* Objects of the port, opaque to a miniport. */
typedef struct _VIDEO_PORT_SPIN_LOCK *PSPIN_LOCK;
typedef struct _VIDEO_DEBUG_REPORT *PVIDEO_DEBUG_REPORT;
typedef struct __VP_DMA_ADAPTER *PVP_DMA_ADAPTER;
typedef struct __DMA_PARAMETERS *PDMA;
typedef ULONG DMA_EVENT_FLAGS;

/* ---- adapter --------------------------------------------------------------------------------- */

typedef PVOID (NTAPI *PVIDEO_PORT_GET_PROC_ADDRESS)(
    PVOID HwDeviceExtension,
    PUCHAR FunctionName);

/* HwVidFindAdapter's view of the adapter. The DMA members are reserved: a miniport states its
   DMA capability in VP_DEVICE_DESCRIPTION. */
typedef struct _VIDEO_PORT_CONFIG_INFO {
    ULONG Length;
    ULONG SystemIoBusNumber;
    INTERFACE_TYPE AdapterInterfaceType;
    ULONG BusInterruptLevel;
    ULONG BusInterruptVector;
    KINTERRUPT_MODE InterruptMode;
    ULONG NumEmulatorAccessEntries;
    PEMULATOR_ACCESS_ENTRY EmulatorAccessEntries;
    ULONG_PTR EmulatorAccessEntriesContext;
    PHYSICAL_ADDRESS VdmPhysicalVideoMemoryAddress;
    ULONG VdmPhysicalVideoMemoryLength;
    ULONG HardwareStateSize;
    ULONG DmaChannel;
    ULONG DmaPort;
    UCHAR DmaShareable;
    UCHAR InterruptShareable;
    BOOLEAN Master; /* NT 4 ends here */
    DMA_WIDTH DmaWidth;
    DMA_SPEED DmaSpeed;
    BOOLEAN bMapBuffers;
    BOOLEAN NeedPhysicalAddresses;
    BOOLEAN DemandMode;
    ULONG MaximumTransferLength;
    ULONG NumberOfPhysicalBreaks;
    BOOLEAN ScatterGather;
    ULONG MaximumScatterGatherChunkSize;
    PVIDEO_PORT_GET_PROC_ADDRESS VideoPortGetProcAddress;
    PWSTR DriverRegistryPath;
    ULONGLONG SystemMemorySize;
} VIDEO_PORT_CONFIG_INFO, *PVIDEO_PORT_CONFIG_INFO;

#define SIZE_OF_NT4_VIDEO_PORT_CONFIG_INFO FIELD_OFFSET(VIDEO_PORT_CONFIG_INFO, Master)
#define SIZE_OF_WXP_VIDEO_PORT_CONFIG_INFO sizeof(VIDEO_PORT_CONFIG_INFO)

typedef struct _VIDEO_ACCESS_RANGE {
    PHYSICAL_ADDRESS RangeStart;
    ULONG RangeLength;
    UCHAR RangeInIoSpace;
    UCHAR RangeVisible;
    UCHAR RangeShareable;
    UCHAR RangePassive;
} VIDEO_ACCESS_RANGE, *PVIDEO_ACCESS_RANGE;

/* VIDEO_ACCESS_RANGE.RangePassive */
#define VIDEO_RANGE_PASSIVE_DECODE 1
#define VIDEO_RANGE_10_BIT_DECODE 2

/* InIoSpace of VideoPortGetDeviceBase and VideoPortMapMemory */
#define VIDEO_MEMORY_SPACE_MEMORY 0x00
#define VIDEO_MEMORY_SPACE_IO 0x01
#define VIDEO_MEMORY_SPACE_USER_MODE 0x02
#define VIDEO_MEMORY_SPACE_DENSE 0x04
#define VIDEO_MEMORY_SPACE_P6CACHE 0x08

/* Finds and describes the adapter. PASSIVE. NO_ERROR, ERROR_DEV_NOT_EXIST,
   ERROR_INVALID_PARAMETER. */
typedef VP_STATUS (NTAPI *PVIDEO_HW_FIND_ADAPTER)(
    PVOID HwDeviceExtension,
    PVOID HwContext,
    PWSTR ArgumentString,
    PVIDEO_PORT_CONFIG_INFO ConfigInfo,
    PUCHAR Again);

/* Prepares the adapter; called at every open by the display driver. PASSIVE. */
typedef BOOLEAN (NTAPI *PVIDEO_HW_INITIALIZE)(PVOID HwDeviceExtension);

/* The interrupt routine. DIRQL. FALSE: not this device's interrupt. */
typedef BOOLEAN (NTAPI *PVIDEO_HW_INTERRUPT)(PVOID HwDeviceExtension);

/* Called about once a second between VideoPortStartTimer and VideoPortStopTimer. DISPATCH. */
typedef VOID (NTAPI *PVIDEO_HW_TIMER)(PVOID HwDeviceExtension);

/* Puts the adapter into a character mode before a crash or reboot. Any IRQL. */
typedef BOOLEAN (NTAPI *PVIDEO_HW_RESET_HW)(
    PVOID HwDeviceExtension,
    ULONG Columns,
    ULONG Rows);

/* Lists the legacy ranges of a device before its resources are assigned. PASSIVE. */
typedef VOID (NTAPI *PVIDEO_HW_LEGACYRESOURCES)(
    ULONG VendorId,
    ULONG DeviceId,
    PVIDEO_ACCESS_RANGE *LegacyResourceList,
    PULONG LegacyResourceCount);

/* ---- requests -------------------------------------------------------------------------------- */

typedef struct _STATUS_BLOCK {
    __extension__ union {
        VP_STATUS Status;
        PVOID Pointer;
    };
    ULONG_PTR Information;
} STATUS_BLOCK, *PSTATUS_BLOCK;

/* One IOCTL_VIDEO_XXX request. InputBuffer and OutputBuffer are the same memory. */
typedef struct _VIDEO_REQUEST_PACKET {
    ULONG IoControlCode;
    PSTATUS_BLOCK StatusBlock;
    PVOID InputBuffer;
    ULONG InputBufferLength;
    PVOID OutputBuffer;
    ULONG OutputBufferLength;
} VIDEO_REQUEST_PACKET, *PVIDEO_REQUEST_PACKET;

/* Serves one request; the port sends one at a time. PASSIVE. */
typedef BOOLEAN (NTAPI *PVIDEO_HW_START_IO)(
    PVOID HwDeviceExtension,
    PVIDEO_REQUEST_PACKET RequestPacket);

/* ---- DMA ------------------------------------------------------------------------------------- */

/* What the device can do; input of VideoPortGetDmaAdapter. (GA-4, GA-10, GA-11) */
typedef struct _VP_DEVICE_DESCRIPTION {
    BOOLEAN ScatterGather;
    BOOLEAN Dma32BitAddresses;
    BOOLEAN Dma64BitAddresses;
    ULONG MaximumLength; /* bytes per operation */
} VP_DEVICE_DESCRIPTION, *PVP_DEVICE_DESCRIPTION;

/* A run of memory that is contiguous for the device. (SG-2, SG-4) */
typedef struct _VP_SCATTER_GATHER_ELEMENT {
    PHYSICAL_ADDRESS Address; /* logical address: the device's, not the CPU's */
    ULONG Length; /* bytes */
    ULONG_PTR Reserved;
} VP_SCATTER_GATHER_ELEMENT, *PVP_SCATTER_GATHER_ELEMENT;

/* One or more elements, in buffer order. Same layout as the kernel's SCATTER_GATHER_LIST; the size
   does not include any element. (SG-1, SG-5, SG-6) */
typedef struct _VP_SCATTER_GATHER_LIST {
    ULONG NumberOfElements;
    ULONG_PTR Reserved;
    VP_SCATTER_GATHER_ELEMENT Elements[0];
} VP_SCATTER_GATHER_LIST, *PVP_SCATTER_GATHER_LIST;

/* VideoPortLockBuffer: what the device will do to the memory. (LB-3) */
typedef enum _VP_LOCK_OPERATION {
    VpReadAccess = 0,
    VpWriteAccess,
    VpModifyAccess
} VP_LOCK_OPERATION;

/* HwVidExecuteDma: programs the device with the list. DISPATCH, arbitrary thread; the list stays
   valid until VideoPortCompleteDma. (EX-1 .. EX-12) */
typedef VOID (NTAPI *PEXECUTE_DMA)(
    PVOID HwDeviceExtension,
    PVP_DMA_ADAPTER VpDmaAdapter,
    PVP_SCATTER_GATHER_LIST SGList,
    PVOID Context);

/* HwStartDma is reserved for the system; a miniport leaves it NULL. */
typedef enum _HW_DMA_RETURN {
    DmaAsyncReturn,
    DmaSyncReturn
} HW_DMA_RETURN, *PHW_DMA_RETURN;

typedef HW_DMA_RETURN (NTAPI *PVIDEO_HW_START_DMA)(
    PVOID HwDeviceExtension,
    PDMA pDma);

/* Parameters of the obsolete DMA functions. */
typedef enum _DMA_FLAGS {
    VideoPortUnlockAfterDma = 1,
    VideoPortKeepPagesLocked,
    VideoPortDmaInitOnly
} DMA_FLAGS;

#define SET_USER_EVENT 0x01
#define SET_DISPLAY_EVENT 0x02

typedef struct __VRB_SG {
    LONGLONG PhysicalAddress;
    ULONG Length;
} VRB_SG, *PVRB_SG;

#define GET_VIDEO_SCATTERGATHER(ppDma) (**(PVRB_SG **)(ppDma))

/* Obsolete with the above: the address and the rest of the run of one byte of a locked request. */
#define GET_VIDEO_PHYSICAL_ADDRESS(scatterList, VirtualAddress, InputBuffer, pLength, Address)   \
    do {                                                                                         \
        ULONG_PTR vport_skip = (ULONG_PTR)(VirtualAddress) - (ULONG_PTR)(InputBuffer);           \
        while (vport_skip >= (scatterList)->Length) {                                            \
            vport_skip -= (scatterList)->Length;                                                 \
            (scatterList)++;                                                                     \
        }                                                                                        \
        *(pLength) = (ULONG)((scatterList)->Length - vport_skip);                                \
        (Address) = (ULONG_PTR)((scatterList)->PhysicalAddress + (LONGLONG)vport_skip);          \
    } while (0)

/* ---- children and power ---------------------------------------------------------------------- */

typedef struct _VIDEO_CHILD_ENUM_INFO {
    ULONG Size;
    ULONG ChildDescriptorSize;
    ULONG ChildIndex;
    ULONG ACPIHwId;
    PVOID ChildHwDeviceExtension;
} VIDEO_CHILD_ENUM_INFO, *PVIDEO_CHILD_ENUM_INFO;

typedef enum _VIDEO_CHILD_TYPE {
    Monitor = 1,
    NonPrimaryChip,
    VideoChip,
    Other
} VIDEO_CHILD_TYPE, *PVIDEO_CHILD_TYPE;

typedef struct _VIDEO_CHILD_STATE {
    ULONG Id;
    ULONG State;
} VIDEO_CHILD_STATE, *PVIDEO_CHILD_STATE;

typedef struct _VIDEO_CHILD_STATE_CONFIGURATION {
    ULONG Count;
    VIDEO_CHILD_STATE ChildStateArray[ANYSIZE_ARRAY];
} VIDEO_CHILD_STATE_CONFIGURATION, *PVIDEO_CHILD_STATE_CONFIGURATION;

/* VIDEO_CHILD_ENUM_INFO.ChildIndex and HwId of the power callbacks: the chip itself */
#define DISPLAY_ADAPTER_HW_ID 0xFFFFFFFF
#define VIDEO_INVALID_CHILD_ID 0xFFFFFFFF

/* Results of HwVidGetVideoChildDescriptor */
#define VIDEO_ENUM_MORE_DEVICES ERROR_CONTINUE
#define VIDEO_ENUM_NO_MORE_DEVICES ERROR_NO_MORE_DEVICES
#define VIDEO_ENUM_INVALID_DEVICE ERROR_INVALID_NAME

/* Describes one child. PASSIVE. */
typedef VP_STATUS (NTAPI *PVIDEO_HW_GET_CHILD_DESCRIPTOR)(
    PVOID HwDeviceExtension,
    PVIDEO_CHILD_ENUM_INFO ChildEnumInfo,
    PVIDEO_CHILD_TYPE VideoChildType,
    PUCHAR pChildDescriptor,
    PULONG UId,
    PULONG pUnused);

/* Sets, and asks whether it could be set, the power state of the chip or of a child. PASSIVE. */
typedef VP_STATUS (NTAPI *PVIDEO_HW_POWER_SET)(
    PVOID HwDeviceExtension,
    ULONG HwId,
    PVIDEO_POWER_MANAGEMENT VideoPowerControl);

typedef VP_STATUS (NTAPI *PVIDEO_HW_POWER_GET)(
    PVOID HwDeviceExtension,
    ULONG HwId,
    PVIDEO_POWER_MANAGEMENT VideoPowerControl);

typedef VP_STATUS (NTAPI *PVIDEO_HW_CHILD_CALLBACK)(
    PVOID HwDeviceExtension,
    PVOID ChildDeviceExtension);

typedef struct _QUERY_INTERFACE {
    CONST GUID *InterfaceType;
    USHORT Size;
    USHORT Version;
    PINTERFACE Interface;
    PVOID InterfaceSpecificData;
} QUERY_INTERFACE, *PQUERY_INTERFACE;

/* Hands an interface of the miniport to a child's driver. PASSIVE. */
typedef VP_STATUS (NTAPI *PVIDEO_HW_QUERY_INTERFACE)(
    PVOID HwDeviceExtension,
    PQUERY_INTERFACE QueryInterface);

/* ---- registration ---------------------------------------------------------------------------- */

/* HwInitDataSize tells the versions apart. (SG-8) */
typedef struct _VIDEO_HW_INITIALIZATION_DATA {
    ULONG HwInitDataSize;
    INTERFACE_TYPE AdapterInterfaceType;
    PVIDEO_HW_FIND_ADAPTER HwFindAdapter;
    PVIDEO_HW_INITIALIZE HwInitialize;
    PVIDEO_HW_INTERRUPT HwInterrupt;
    PVIDEO_HW_START_IO HwStartIO;
    ULONG HwDeviceExtensionSize;
    ULONG StartingDeviceNumber;
    PVIDEO_HW_RESET_HW HwResetHw;
    PVIDEO_HW_TIMER HwTimer;
    PVIDEO_HW_START_DMA HwStartDma; /* NT 4 ends here */
    PVIDEO_HW_POWER_SET HwSetPowerState;
    PVIDEO_HW_POWER_GET HwGetPowerState;
    PVIDEO_HW_GET_CHILD_DESCRIPTOR HwGetVideoChildDescriptor;
    PVIDEO_HW_QUERY_INTERFACE HwQueryInterface;
    ULONG HwChildDeviceExtensionSize;
    PVIDEO_ACCESS_RANGE HwLegacyResourceList;
    ULONG HwLegacyResourceCount;
    PVIDEO_HW_LEGACYRESOURCES HwGetLegacyResources;
    BOOLEAN AllowEarlyEnumeration;
    ULONG Reserved; /* Windows 2000 ends before this */
} VIDEO_HW_INITIALIZATION_DATA, *PVIDEO_HW_INITIALIZATION_DATA;

#define SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA                                                 \
    FIELD_OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwStartDma)
#define SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA                                                 \
    FIELD_OFFSET(VIDEO_HW_INITIALIZATION_DATA, Reserved)
#define SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA                                                 \
    (SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA + sizeof(ULONG))

/* ---- callbacks handed to single exports ------------------------------------------------------ */

/* VideoPortQueueDpc. DISPATCH. */
typedef VOID (NTAPI *PMINIPORT_DPC_ROUTINE)(
    PVOID HwDeviceExtension,
    PVOID Context);

/* VideoPortSynchronizeExecution. */
typedef BOOLEAN (NTAPI *PMINIPORT_SYNCHRONIZE_ROUTINE)(PVOID Context);

typedef enum VIDEO_SYNCHRONIZE_PRIORITY {
    VpLowPriority = 0,
    VpMediumPriority,
    VpHighPriority
} VIDEO_SYNCHRONIZE_PRIORITY, *PVIDEO_SYNCHRONIZE_PRIORITY;

/* VideoPortGetRegistryParameters: receives one value. PASSIVE. */
typedef VP_STATUS (NTAPI *PMINIPORT_GET_REGISTRY_ROUTINE)(
    PVOID HwDeviceExtension,
    PVOID Context,
    PWSTR ValueName,
    PVOID ValueData,
    ULONG ValueLength);

typedef enum _VIDEO_DEVICE_DATA_TYPE {
    VpMachineData = 0,
    VpCmosData,
    VpBusData,
    VpControllerData,
    VpMonitorData
} VIDEO_DEVICE_DATA_TYPE, *PVIDEO_DEVICE_DATA_TYPE;

typedef struct _VIDEO_HARDWARE_CONFIGURATION_DATA {
    INTERFACE_TYPE InterfaceType;
    ULONG BusNumber;
    USHORT Version;
    USHORT Revision;
    USHORT Irql;
    USHORT Vector;
    ULONG ControlBase;
    ULONG ControlSize;
    ULONG CursorBase;
    ULONG CursorSize;
    ULONG FrameBase;
    ULONG FrameSize;
} VIDEO_HARDWARE_CONFIGURATION_DATA, *PVIDEO_HARDWARE_CONFIGURATION_DATA;

/* VideoPortGetDeviceData: receives one description. PASSIVE. */
typedef VP_STATUS (NTAPI *PMINIPORT_QUERY_DEVICE_ROUTINE)(
    PVOID HwDeviceExtension,
    PVOID Context,
    VIDEO_DEVICE_DATA_TYPE DeviceDataType,
    PVOID Identifier,
    ULONG IdentifierLength,
    PVOID ConfigurationData,
    ULONG ConfigurationDataLength,
    PVOID ComponentInformation,
    ULONG ComponentInformationLength);

/* VideoPortRegisterBugcheckCallback. Any IRQL, in a crashed system. */
typedef VOID (NTAPI *PVIDEO_BUGCHECK_CALLBACK)(
    PVOID HwDeviceExtension,
    ULONG BugcheckCode,
    PUCHAR Buffer,
    ULONG BufferSize);

#define BUGCHECK_DATA_SIZE_RESERVED 48

/* EMULATOR_ACCESS_ENTRY.Routine: emulates a trapped port access of a VDM. */
typedef VP_STATUS (NTAPI *PDRIVER_IO_PORT_UCHAR)(
    ULONG_PTR Context,
    ULONG Port,
    UCHAR AccessMode,
    PUCHAR Data);
typedef VP_STATUS (NTAPI *PDRIVER_IO_PORT_UCHAR_STRING)(
    ULONG_PTR Context,
    ULONG Port,
    UCHAR AccessMode,
    PUCHAR Data,
    ULONG DataLength);
typedef VP_STATUS (NTAPI *PDRIVER_IO_PORT_USHORT)(
    ULONG_PTR Context,
    ULONG Port,
    UCHAR AccessMode,
    PUSHORT Data);
typedef VP_STATUS (NTAPI *PDRIVER_IO_PORT_USHORT_STRING)(
    ULONG_PTR Context,
    ULONG Port,
    UCHAR AccessMode,
    PUSHORT Data,
    ULONG DataLength);
typedef VP_STATUS (NTAPI *PDRIVER_IO_PORT_ULONG)(
    ULONG_PTR Context,
    ULONG Port,
    UCHAR AccessMode,
    PULONG Data);
typedef VP_STATUS (NTAPI *PDRIVER_IO_PORT_ULONG_STRING)(
    ULONG_PTR Context,
    ULONG Port,
    UCHAR AccessMode,
    PULONG Data,
    ULONG DataLength);

/* ---- parameters of other exports ------------------------------------------------------------- */

/* VideoPortAllocatePool; the values are those of the kernel's POOL_TYPE */
typedef enum _VP_POOL_TYPE {
    VpNonPagedPool = 0,
    VpPagedPool,
    VpNonPagedPoolCacheAligned = 4,
    VpPagedPoolCacheAligned
} VP_POOL_TYPE, *PVP_POOL_TYPE;

/* VideoPortCreateEvent, EventFlag */
#define EVENT_TYPE_MASK 1
#define SYNCHRONIZATION_EVENT 0
#define NOTIFICATION_EVENT 1
#define INITIAL_EVENT_STATE_MASK 2
#define INITIAL_EVENT_NOT_SIGNALED 0
#define INITIAL_EVENT_SIGNALED 2

/* VideoPortGetVgaStatus */
#define DEVICE_VGA_ENABLED 1

/* VideoPortCheckForDeviceExistence, Flags */
#define CDE_USE_SUBSYSTEM_IDS 0x00000001
#define CDE_USE_REVISION 0x00000002

/* VideoPortDebugPrint */
typedef enum VIDEO_DEBUG_LEVEL {
    Error = 0,
    Warn,
    Trace,
    Info
} VIDEO_DEBUG_LEVEL, *PVIDEO_DEBUG_LEVEL;

#if DBG
#define VideoDebugPrint(x) VideoPortDebugPrint x
#else
#define VideoDebugPrint(x)
#endif

/* VideoPortInt10 */
typedef struct _VIDEO_X86_BIOS_ARGUMENTS {
    ULONG Eax;
    ULONG Ebx;
    ULONG Ecx;
    ULONG Edx;
    ULONG Esi;
    ULONG Edi;
    ULONG Ebp;
} VIDEO_X86_BIOS_ARGUMENTS, *PVIDEO_X86_BIOS_ARGUMENTS;

/* VideoPortGetVersion. The caller sets Size. */
typedef struct _VPOSVERSIONINFO {
    ULONG Size;
    ULONG MajorVersion;
    ULONG MinorVersion;
    ULONG BuildNumber;
    USHORT ServicePackMajor;
    USHORT ServicePackMinor;
} VPOSVERSIONINFO, *PVPOSVERSIONINFO;

/* ---- I2C and DDC ----------------------------------------------------------------------------- */

typedef VOID (NTAPI *PVIDEO_WRITE_CLOCK_LINE)(
    PVOID HwDeviceExtension,
    UCHAR Data);
typedef VOID (NTAPI *PVIDEO_WRITE_DATA_LINE)(
    PVOID HwDeviceExtension,
    UCHAR Data);
typedef BOOLEAN (NTAPI *PVIDEO_READ_CLOCK_LINE)(PVOID HwDeviceExtension);
typedef BOOLEAN (NTAPI *PVIDEO_READ_DATA_LINE)(PVOID HwDeviceExtension);
typedef VOID (NTAPI *PVIDEO_WAIT_VSYNC_ACTIVE)(PVOID HwDeviceExtension);

typedef struct _I2C_CALLBACKS {
    PVIDEO_WRITE_CLOCK_LINE WriteClockLine;
    PVIDEO_WRITE_DATA_LINE WriteDataLine;
    PVIDEO_READ_CLOCK_LINE ReadClockLine;
    PVIDEO_READ_DATA_LINE ReadDataLine;
} I2C_CALLBACKS, *PI2C_CALLBACKS;

typedef struct _VIDEO_I2C_CONTROL {
    PVIDEO_WRITE_CLOCK_LINE WriteClockLine;
    PVIDEO_WRITE_DATA_LINE WriteDataLine;
    PVIDEO_READ_CLOCK_LINE ReadClockLine;
    PVIDEO_READ_DATA_LINE ReadDataLine;
    ULONG I2CDelay; /* units of 100 ns */
} VIDEO_I2C_CONTROL, *PVIDEO_I2C_CONTROL;

/* VideoPortDDCMonitorHelper, DDCControl; the older form starts with Size as well */
typedef struct _DDC_CONTROL {
    ULONG Size;
    I2C_CALLBACKS I2CCallbacks;
    UCHAR EdidSegment;
} DDC_CONTROL, *PDDC_CONTROL;

typedef struct _I2C_FNC_TABLE {
    ULONG Size;
    PVIDEO_WRITE_CLOCK_LINE WriteClockLine;
    PVIDEO_WRITE_DATA_LINE WriteDataLine;
    PVIDEO_READ_CLOCK_LINE ReadClockLine;
    PVIDEO_READ_DATA_LINE ReadDataLine;
    PVIDEO_WAIT_VSYNC_ACTIVE WaitVsync;
    PVOID Reserved;
} I2C_FNC_TABLE, *PI2C_FNC_TABLE;

typedef BOOLEAN (NTAPI *PI2C_START)(
    PVOID HwDeviceExtension,
    PI2C_CALLBACKS I2CCallbacks);
typedef BOOLEAN (NTAPI *PI2C_STOP)(
    PVOID HwDeviceExtension,
    PI2C_CALLBACKS I2CCallbacks);
typedef BOOLEAN (NTAPI *PI2C_WRITE)(
    PVOID HwDeviceExtension,
    PI2C_CALLBACKS I2CCallbacks,
    PUCHAR Buffer,
    ULONG Length);
typedef BOOLEAN (NTAPI *PI2C_READ)(
    PVOID HwDeviceExtension,
    PI2C_CALLBACKS I2CCallbacks,
    PUCHAR Buffer,
    ULONG Length);

typedef BOOLEAN (NTAPI *PI2C_START_2)(
    PVOID HwDeviceExtension,
    PVIDEO_I2C_CONTROL I2CControl);
typedef BOOLEAN (NTAPI *PI2C_STOP_2)(
    PVOID HwDeviceExtension,
    PVIDEO_I2C_CONTROL I2CControl);
typedef BOOLEAN (NTAPI *PI2C_WRITE_2)(
    PVOID HwDeviceExtension,
    PVIDEO_I2C_CONTROL I2CControl,
    PUCHAR Buffer,
    ULONG Length);
typedef BOOLEAN (NTAPI *PI2C_READ_2)(
    PVOID HwDeviceExtension,
    PVIDEO_I2C_CONTROL I2CControl,
    PUCHAR Buffer,
    ULONG Length,
    BOOLEAN EndOfRead);

/* ---- function tables of VideoPortQueryServices --------------------------------------------------
 *
 * Each begins as INTERFACE does. The miniport sets Size and Version; the port sets the rest.
 */
typedef enum _VIDEO_PORT_SERVICES {
    VideoPortServicesAGP = 1,
    VideoPortServicesI2C,
    VideoPortServicesHeadless,
    VideoPortServicesInt10,
    VideoPortServicesDebugReport,
    VideoPortServicesWCMemoryProtection
} VIDEO_PORT_SERVICES;

#define VIDEO_PORT_AGP_INTERFACE_VERSION_1 1
#define VIDEO_PORT_AGP_INTERFACE_VERSION_2 2
#define VIDEO_PORT_I2C_INTERFACE_VERSION_1 1
#define VIDEO_PORT_I2C_INTERFACE_VERSION_2 2
#define VIDEO_PORT_INT10_INTERFACE_VERSION_1 1
#define VIDEO_PORT_DEBUG_REPORT_INTERFACE_VERSION_1 1
#define VIDEO_PORT_WCMEMORYPROTECTION_INTERFACE_VERSION_1 1

typedef struct _VIDEO_PORT_AGP_INTERFACE {
    SHORT Size;
    SHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PAGP_RESERVE_PHYSICAL AgpReservePhysical;
    PAGP_RELEASE_PHYSICAL AgpReleasePhysical;
    PAGP_COMMIT_PHYSICAL AgpCommitPhysical;
    PAGP_FREE_PHYSICAL AgpFreePhysical;
    PAGP_RESERVE_VIRTUAL AgpReserveVirtual;
    PAGP_RELEASE_VIRTUAL AgpReleaseVirtual;
    PAGP_COMMIT_VIRTUAL AgpCommitVirtual;
    PAGP_FREE_VIRTUAL AgpFreeVirtual;
    ULONGLONG AgpAllocationLimit;
} VIDEO_PORT_AGP_INTERFACE, *PVIDEO_PORT_AGP_INTERFACE;

typedef struct _VIDEO_PORT_AGP_INTERFACE_2 {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PAGP_RESERVE_PHYSICAL AgpReservePhysical;
    PAGP_RELEASE_PHYSICAL AgpReleasePhysical;
    PAGP_COMMIT_PHYSICAL AgpCommitPhysical;
    PAGP_FREE_PHYSICAL AgpFreePhysical;
    PAGP_RESERVE_VIRTUAL AgpReserveVirtual;
    PAGP_RELEASE_VIRTUAL AgpReleaseVirtual;
    PAGP_COMMIT_VIRTUAL AgpCommitVirtual;
    PAGP_FREE_VIRTUAL AgpFreeVirtual;
    ULONGLONG AgpAllocationLimit;
    PAGP_SET_RATE AgpSetRate;
} VIDEO_PORT_AGP_INTERFACE_2, *PVIDEO_PORT_AGP_INTERFACE_2;

typedef struct _VIDEO_PORT_I2C_INTERFACE {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PI2C_START I2CStart;
    PI2C_STOP I2CStop;
    PI2C_WRITE I2CWrite;
    PI2C_READ I2CRead;
} VIDEO_PORT_I2C_INTERFACE, *PVIDEO_PORT_I2C_INTERFACE;

typedef struct _VIDEO_PORT_I2C_INTERFACE_2 {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PI2C_START_2 I2CStart;
    PI2C_STOP_2 I2CStop;
    PI2C_WRITE_2 I2CWrite;
    PI2C_READ_2 I2CRead;
} VIDEO_PORT_I2C_INTERFACE_2, *PVIDEO_PORT_I2C_INTERFACE_2;

/* Headless is reserved for the system; its table has no published members beyond the header. */

typedef struct _INT10_BIOS_ARGUMENTS {
    ULONG Eax;
    ULONG Ebx;
    ULONG Ecx;
    ULONG Edx;
    ULONG Esi;
    ULONG Edi;
    ULONG Ebp;
    USHORT SegDs;
    USHORT SegEs;
} INT10_BIOS_ARGUMENTS, *PINT10_BIOS_ARGUMENTS;

typedef VP_STATUS (NTAPI *PINT10_CALL_BIOS)(
    PVOID Context,
    PINT10_BIOS_ARGUMENTS BiosArguments);
typedef VP_STATUS (NTAPI *PINT10_ALLOCATE_BUFFER)(
    PVOID Context,
    PUSHORT Seg,
    PUSHORT Off,
    PULONG Length);
typedef VP_STATUS (NTAPI *PINT10_FREE_BUFFER)(
    PVOID Context,
    USHORT Seg,
    USHORT Off);
typedef VP_STATUS (NTAPI *PINT10_READ_MEMORY)(
    PVOID Context,
    USHORT Seg,
    USHORT Off,
    PVOID Buffer,
    ULONG Length);
typedef VP_STATUS (NTAPI *PINT10_WRITE_MEMORY)(
    PVOID Context,
    USHORT Seg,
    USHORT Off,
    PVOID Buffer,
    ULONG Length);

typedef struct _VIDEO_PORT_INT10_INTERFACE {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PINT10_ALLOCATE_BUFFER Int10AllocateBuffer;
    PINT10_FREE_BUFFER Int10FreeBuffer;
    PINT10_READ_MEMORY Int10ReadMemory;
    PINT10_WRITE_MEMORY Int10WriteMemory;
    PINT10_CALL_BIOS Int10CallBios;
} VIDEO_PORT_INT10_INTERFACE, *PVIDEO_PORT_INT10_INTERFACE;

#define VIDEO_DEBUG_REPORT_MAX_SIZE 0x8000

typedef struct _VIDEO_PORT_DEBUG_REPORT_INTERFACE {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PVIDEO_DEBUG_REPORT (NTAPI *DbgReportCreate)(
        PVOID HwDeviceExtension,
        ULONG ulCode,
        ULONG_PTR ulpArg1,
        ULONG_PTR ulpArg2,
        ULONG_PTR ulpArg3,
        ULONG_PTR ulpArg4);
    BOOLEAN (NTAPI *DbgReportSecondaryData)(
        PVIDEO_DEBUG_REPORT pReport,
        PVOID pvData,
        ULONG ulDataSize);
    VOID (NTAPI *DbgReportComplete)(PVIDEO_DEBUG_REPORT pReport);
} VIDEO_PORT_DEBUG_REPORT_INTERFACE, *PVIDEO_PORT_DEBUG_REPORT_INTERFACE;

typedef VP_STATUS (NTAPI *PROTECT_WC_MEMORY)(
    PVOID Context,
    PVOID HwDeviceExtension);
typedef VP_STATUS (NTAPI *RESTORE_WC_MEMORY)(
    PVOID Context,
    PVOID HwDeviceExtension);

typedef struct _VIDEO_PORT_WCMEMORYPROTECTION_INTERFACE {
    USHORT Size;
    USHORT Version;
    PVOID Context;
    PINTERFACE_REFERENCE InterfaceReference;
    PINTERFACE_DEREFERENCE InterfaceDereference;
    PROTECT_WC_MEMORY VideoPortProtectWCMemory;
    RESTORE_WC_MEMORY VideoPortRestoreWCMemory;
} VIDEO_PORT_WCMEMORYPROTECTION_INTERFACE, *PVIDEO_PORT_WCMEMORYPROTECTION_INTERFACE;

/* ==== part 2: what the port exports =========================================================== */

/* ---- registration and locks ------------------------------------------------------------------ */

/* Registers the miniport; called by DriverEntry with its own two arguments. PASSIVE. The status
   which DriverEntry returns. A driver may call again with an older HwInitDataSize if it fails. */
VPAPI ULONG NTAPI VideoPortInitialize(
    PVOID Argument1,
    PVOID Argument2,
    PVIDEO_HW_INITIALIZATION_DATA HwInitializationData,
    PVOID HwContext);

/* Takes the mutex of the device, under which HwVidStartIO runs. PASSIVE. */
VPAPI VOID NTAPI VideoPortAcquireDeviceLock(
    PVOID HwDeviceExtension);

/* Drops the mutex of the device. PASSIVE. */
VPAPI VOID NTAPI VideoPortReleaseDeviceLock(
    PVOID HwDeviceExtension);

/* Makes a spin lock. PASSIVE. NO_ERROR or ERROR_NOT_ENOUGH_MEMORY. */
VPAPI VP_STATUS NTAPI VideoPortCreateSpinLock(
    PVOID HwDeviceExtension,
    PSPIN_LOCK *SpinLock);

/* Destroys a spin lock. <= DISPATCH. NO_ERROR or ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortDeleteSpinLock(
    PVOID HwDeviceExtension,
    PSPIN_LOCK SpinLock);

/* Takes a spin lock at DISPATCH and returns the caller's IRQL through OldIrql. <= DISPATCH. */
VPAPI VOID NTAPI VideoPortAcquireSpinLock(
    PVOID HwDeviceExtension,
    PSPIN_LOCK SpinLock,
    PUCHAR OldIrql);

/* Drops a spin lock and lowers the IRQL to NewIrql. DISPATCH. */
VPAPI VOID NTAPI VideoPortReleaseSpinLock(
    PVOID HwDeviceExtension,
    PSPIN_LOCK SpinLock,
    UCHAR NewIrql);

/* Takes a spin lock for a caller that runs at DISPATCH already. DISPATCH. */
VPAPI VOID NTAPI VideoPortAcquireSpinLockAtDpcLevel(
    PVOID HwDeviceExtension,
    PSPIN_LOCK SpinLock);

/* Drops a spin lock and stays at DISPATCH. DISPATCH. */
VPAPI VOID NTAPI VideoPortReleaseSpinLockFromDpcLevel(
    PVOID HwDeviceExtension,
    PSPIN_LOCK SpinLock);

/* ---- memory ---------------------------------------------------------------------------------- */

/* Allocates pool memory, or NULL. <= DISPATCH for the nonpaged types, < DISPATCH for the paged
   ones. */
VPAPI PVOID NTAPI VideoPortAllocatePool(
    PVOID HwDeviceExtension,
    VP_POOL_TYPE PoolType,
    SIZE_T NumberOfBytes,
    ULONG Tag);

/* Frees pool memory. <= DISPATCH for the nonpaged types, < DISPATCH for the paged ones. */
VPAPI VOID NTAPI VideoPortFreePool(
    PVOID HwDeviceExtension,
    PVOID Ptr);

/* Obsolete: allocates paged pool. PASSIVE. NO_ERROR or ERROR_NOT_ENOUGH_MEMORY. */
VPAPI VP_STATUS NTAPI VideoPortAllocateBuffer(
    PVOID HwDeviceExtension,
    ULONG Size,
    PVOID *Buffer);

/* Obsolete: frees a buffer of VideoPortAllocateBuffer. PASSIVE. */
VPAPI VOID NTAPI VideoPortReleaseBuffer(
    PVOID HwDeviceExtension,
    PVOID Buffer);

/* Obsolete: physically contiguous memory below an address, or NULL. PASSIVE. There is no inverse:
   the port frees it when the device is stopped. */
VPAPI PVOID NTAPI VideoPortAllocateContiguousMemory(
    PVOID HwDeviceExtension,
    ULONG NumberOfBytes,
    PHYSICAL_ADDRESS HighestAcceptableAddress);

/* The number of equal bytes at the start of both ranges. Any. */
VPAPI ULONG NTAPI VideoPortCompareMemory(
    PVOID Source1,
    PVOID Source2,
    SIZE_T Length);

/* Copies, like memmove. Any. */
VPAPI VOID NTAPI VideoPortMoveMemory(
    PVOID Destination,
    PVOID Source,
    ULONG Length);

/* Clears system memory. Any. */
VPAPI VOID NTAPI VideoPortZeroMemory(
    PVOID Destination,
    ULONG Length);

/* Clears memory of the device. Any. */
VPAPI VOID NTAPI VideoPortZeroDeviceMemory(
    PVOID Destination,
    ULONG Length);

/* ---- DMA ------------------------------------------------------------------------------------- */

/* An adapter object for the bus master, or NULL. One per concurrent DMA path. PASSIVE.
   (GA-1 .. GA-13) */
VPAPI PVP_DMA_ADAPTER NTAPI VideoPortGetDmaAdapter(
    PVOID HwDeviceExtension,
    PVP_DEVICE_DESCRIPTION VpDeviceDescription);

/* Gives an adapter object back, after all its transfers and common buffers have ended. PASSIVE.
   (GA-15 .. GA-18) */
VPAPI VOID NTAPI VideoPortPutDmaAdapter(
    PVOID HwDeviceExtension,
    PVP_DMA_ADAPTER VpDmaAdapter);

/* Memory which CPU and device share, or NULL; *LogicalAddress is the device's address of it.
   CacheEnabled is a hint, Reserved is ignored. PASSIVE. (CB-1 .. CB-11) */
VPAPI PVOID NTAPI VideoPortAllocateCommonBuffer(
    PVOID HwDeviceExtension,
    PVP_DMA_ADAPTER VpDmaAdapter,
    ULONG DesiredLength,
    PPHYSICAL_ADDRESS LogicalAddress,
    BOOLEAN CacheEnabled,
    PVOID Reserved);

/* Frees a common buffer; every argument as at the allocation. PASSIVE. (CB-12) */
VPAPI VOID NTAPI VideoPortReleaseCommonBuffer(
    PVOID HwDeviceExtension,
    PVP_DMA_ADAPTER VpDmaAdapter,
    ULONG Length,
    PHYSICAL_ADDRESS LogicalAddress,
    PVOID VirtualAddress,
    BOOLEAN CacheEnabled);

/* Probes a buffer and locks its pages. An MDL, or NULL. PASSIVE. (LB-1 .. LB-6) */
VPAPI PVOID NTAPI VideoPortLockBuffer(
    PVOID HwDeviceExtension,
    PVOID BaseAddress,
    ULONG Length,
    VP_LOCK_OPERATION Operation);

/* Unlocks the pages of a buffer and releases the MDL. <= DISPATCH. (LB-7, LB-8) The name that
   Windows exports. */
VPAPI VOID NTAPI VideoPortUnlockBuffer(
    PVOID HwDeviceExtension,
    PVOID Mdl);

/* VideoPortUnlockBuffer as some headers spell it. <= DISPATCH. (LB-A6) */
VPAPI VOID NTAPI VideoPortUnLockBuffer(
    PVOID HwDeviceExtension,
    PVOID Mdl);

/* Prepares one DMA operation on buffer bytes [Offset, Offset + *pLength) and calls
   ExecuteDmaRoutine with the scatter/gather list. *pLength becomes what this operation moves,
   which may be less: complete it and start the next at the advanced Offset. WriteToDevice TRUE:
   from the buffer to the device. <= DISPATCH, not from HwVidInterrupt. NO_ERROR;
   ERROR_NOT_ENOUGH_MEMORY; ERROR_INVALID_PARAMETER for arguments that can never work. On failure
   the callback is not called. (SD-1 .. SD-29) */
VPAPI VP_STATUS NTAPI VideoPortStartDma(
    PVOID HwDeviceExtension,
    PVP_DMA_ADAPTER VpDmaAdapter,
    PVOID Mdl,
    ULONG Offset,
    PULONG pLength,
    PEXECUTE_DMA ExecuteDmaRoutine,
    PVOID Context,
    BOOLEAN WriteToDevice);

/* Ends a DMA operation: flushes, frees map registers and the list. <= DISPATCH, not from
   HwVidInterrupt. Call it at once when the device has finished. NO_ERROR always. (CD-1 .. CD-11) */
VPAPI VP_STATUS NTAPI VideoPortCompleteDma(
    PVOID HwDeviceExtension,
    PVP_DMA_ADAPTER VpDmaAdapter,
    PVP_SCATTER_GATHER_LIST VpScatterGather,
    BOOLEAN WriteToDevice);

/* Obsolete: a common buffer without an adapter; *pActualLength is its length. PASSIVE. (CB-15) */
VPAPI PVOID NTAPI VideoPortGetCommonBuffer(
    PVOID HwDeviceExtension,
    ULONG DesiredLength,
    ULONG Alignment,
    PPHYSICAL_ADDRESS LogicalAddress,
    PULONG pActualLength,
    BOOLEAN CacheEnabled);

/* Obsolete: frees a buffer of VideoPortGetCommonBuffer. PASSIVE. The order of the arguments is not
   VideoPortReleaseCommonBuffer's. (CB-15) */
VPAPI VOID NTAPI VideoPortFreeCommonBuffer(
    PVOID HwDeviceExtension,
    ULONG Length,
    PVOID VirtualAddress,
    PHYSICAL_ADDRESS LogicalAddress,
    BOOLEAN CacheEnabled);

/* Obsolete, fixed result: NULL. */
VPAPI PDMA NTAPI VideoPortAssociateEventsWithDmaHandle(
    PVOID HwDeviceExtension,
    PVIDEO_REQUEST_PACKET pVrp,
    PVOID MappedUserEvent,
    PVOID DisplayDriverEvent);

/* Obsolete, fixed result: NULL. */
VPAPI PDMA NTAPI VideoPortDoDma(
    PVOID HwDeviceExtension,
    PDMA pDma,
    DMA_FLAGS DmaFlags);

/* Obsolete, fixed result: 0. */
VPAPI ULONG NTAPI VideoPortGetBytesUsed(
    PVOID HwDeviceExtension,
    PDMA pDma);

/* Obsolete, fixed result: none. */
VPAPI VOID NTAPI VideoPortSetBytesUsed(
    PVOID HwDeviceExtension,
    PDMA pDma,
    ULONG BytesUsed);

/* Obsolete, fixed result: NULL. */
VPAPI PVOID NTAPI VideoPortGetDmaContext(
    PVOID HwDeviceExtension,
    PDMA pDma);

/* Obsolete, fixed result: none. */
VPAPI VOID NTAPI VideoPortSetDmaContext(
    PVOID HwDeviceExtension,
    PDMA pDma,
    PVOID InstanceContext);

/* Obsolete, fixed result: pDma. */
VPAPI PVOID NTAPI VideoPortGetMdl(
    PVOID HwDeviceExtension,
    PDMA pDma);

/* Obsolete, fixed result: NULL. */
VPAPI PDMA NTAPI VideoPortMapDmaMemory(
    PVOID HwDeviceExtension,
    PVIDEO_REQUEST_PACKET pVrp,
    PHYSICAL_ADDRESS BoardAddress,
    PULONG Length,
    PULONG InIoSpace,
    PVOID MappedUserEvent,
    PVOID DisplayDriverEvent,
    PVOID *VirtualAddress);

/* Obsolete, fixed result: FALSE. */
VPAPI BOOLEAN NTAPI VideoPortUnmapDmaMemory(
    PVOID HwDeviceExtension,
    PVOID VirtualAddress,
    HANDLE ProcessHandle,
    PDMA BoardMemoryHandle);

/* Obsolete, fixed result: FALSE. */
VPAPI BOOLEAN NTAPI VideoPortSignalDmaComplete(
    PVOID HwDeviceExtension,
    PDMA pDmaHandle);

/* Obsolete: locks the request's buffer if DmaFlags is VideoPortDmaInitOnly, else FALSE. */
VPAPI BOOLEAN NTAPI VideoPortLockPages(
    PVOID HwDeviceExtension,
    PVIDEO_REQUEST_PACKET pVrp,
    PEVENT pUEvent,
    PEVENT pDisplayEvent,
    DMA_FLAGS DmaFlags);

/* Obsolete, fixed result: TRUE. */
VPAPI BOOLEAN NTAPI VideoPortUnlockPages(
    PVOID hwDeviceExtension,
    PDMA pDma);

/* ---- events, timer, DPC, synchronization ----------------------------------------------------- */

/* Makes an event; EventFlag holds its type and first state. PASSIVE.
   NO_ERROR, ERROR_INVALID_PARAMETER or ERROR_NOT_ENOUGH_MEMORY. */
VPAPI VP_STATUS NTAPI VideoPortCreateEvent(
    PVOID HwDeviceExtension,
    ULONG EventFlag,
    PVOID Unused,
    PEVENT *ppEvent);

/* Destroys an event. <= DISPATCH. NO_ERROR or ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortDeleteEvent(
    PVOID HwDeviceExtension,
    PEVENT pEvent);

/* Signals an event; the state before, not 0 if it was signalled. <= DISPATCH. */
VPAPI LONG NTAPI VideoPortSetEvent(
    PVOID HwDeviceExtension,
    PEVENT pEvent);

/* Resets an event. <= DISPATCH. */
VPAPI VOID NTAPI VideoPortClearEvent(
    PVOID HwDeviceExtension,
    PEVENT pEvent);

/* The state of an event, not 0 if it is signalled. <= DISPATCH. */
VPAPI LONG NTAPI VideoPortReadStateEvent(
    PVOID HwDeviceExtension,
    PEVENT pEvent);

/* Waits for an event. Timeout in 100 ns, negative: relative; NULL: for ever. PASSIVE, or
   DISPATCH with a timeout of zero. NO_ERROR, WAIT_TIMEOUT, ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortWaitForSingleObject(
    PVOID HwDeviceExtension,
    PVOID Object,
    PLARGE_INTEGER Timeout);

/* Starts the calls of HwVidTimer, once a second. <= DISPATCH. */
VPAPI VOID NTAPI VideoPortStartTimer(
    PVOID HwDeviceExtension);

/* Stops the calls of HwVidTimer; not from HwVidTimer itself. <= DISPATCH. */
VPAPI VOID NTAPI VideoPortStopTimer(
    PVOID HwDeviceExtension);

/* Queues a DPC. >= DISPATCH. TRUE: newly queued; FALSE: it was in the queue already. */
VPAPI BOOLEAN NTAPI VideoPortQueueDpc(
    PVOID HwDeviceExtension,
    PMINIPORT_DPC_ROUTINE CallbackRoutine,
    PVOID Context);

/* Runs a routine synchronized with HwVidInterrupt and returns its result. <= DIRQL. */
VPAPI BOOLEAN NTAPI VideoPortSynchronizeExecution(
    PVOID HwDeviceExtension,
    VIDEO_SYNCHRONIZE_PRIORITY Priority,
    PMINIPORT_SYNCHRONIZE_ROUTINE SynchronizeRoutine,
    PVOID Context);

/* Obsolete: unmasks the device's interrupt. Any. NO_ERROR, or ERROR_INVALID_FUNCTION without one.
   */
VPAPI VP_STATUS NTAPI VideoPortEnableInterrupt(
    PVOID HwDeviceExtension);

/* Obsolete: masks the device's interrupt. Any. NO_ERROR, or ERROR_INVALID_FUNCTION without one. */
VPAPI VP_STATUS NTAPI VideoPortDisableInterrupt(
    PVOID HwDeviceExtension);

/* Adds 1 atomically; the new value. Any. fastcall on i386. */
VPAPI LONG FASTCALL VideoPortInterlockedIncrement(
    PLONG Addend);

/* Subtracts 1 atomically; the new value. Any. fastcall on i386. */
VPAPI LONG FASTCALL VideoPortInterlockedDecrement(
    PLONG Addend);

/* Stores atomically; the old value. Any. fastcall on i386. */
VPAPI LONG FASTCALL VideoPortInterlockedExchange(
    PLONG Target,
    LONG Value);

/* ---- resources and mappings ------------------------------------------------------------------ */

/* Gets the bus resources of the device, claims them and fills AccessRanges. PASSIVE, from
   HwVidFindAdapter. NO_ERROR, ERROR_INVALID_PARAMETER, ERROR_DEV_NOT_EXIST, ERROR_MORE_DATA,
   ERROR_NO_MORE_DEVICES. */
VPAPI VP_STATUS NTAPI VideoPortGetAccessRanges(
    PVOID HwDeviceExtension,
    ULONG NumRequestedResources,
    PIO_RESOURCE_DESCRIPTOR RequestedResources,
    ULONG NumAccessRanges,
    PVIDEO_ACCESS_RANGE AccessRanges,
    PVOID VendorId,
    PVOID DeviceId,
    PULONG Slot);

/* Claims the given ranges of memory and ports. PASSIVE, from HwVidFindAdapter. NO_ERROR or
   ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortVerifyAccessRanges(
    PVOID HwDeviceExtension,
    ULONG NumAccessRanges,
    PVIDEO_ACCESS_RANGE AccessRanges);

/* Maps a device range into system space; for ports, the port number. NULL: failed. PASSIVE. */
VPAPI PVOID NTAPI VideoPortGetDeviceBase(
    PVOID HwDeviceExtension,
    PHYSICAL_ADDRESS IoAddress,
    ULONG NumberOfUchars,
    UCHAR InIoSpace);

/* Ends a mapping of VideoPortGetDeviceBase. PASSIVE. */
VPAPI VOID NTAPI VideoPortFreeDeviceBase(
    PVOID HwDeviceExtension,
    PVOID MappedAddress);

/* Maps device memory for the system or, with VIDEO_MEMORY_SPACE_USER_MODE, for the process whose
   handle *VirtualAddress holds. *Length and *InIoSpace are updated. PASSIVE.
   NO_ERROR or ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortMapMemory(
    PVOID HwDeviceExtension,
    PHYSICAL_ADDRESS PhysicalAddress,
    PULONG Length,
    PULONG InIoSpace,
    PVOID *VirtualAddress);

/* Ends a mapping of VideoPortMapMemory. PASSIVE. NO_ERROR or ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortUnmapMemory(
    PVOID HwDeviceExtension,
    PVOID VirtualAddress,
    HANDLE ProcessHandle);

/* Obsolete: maps banked memory. PASSIVE. Refused: banks are of NT 4 alone. ERROR_INVALID_FUNCTION.
   */
VPAPI VP_STATUS NTAPI VideoPortMapBankedMemory(
    PVOID HwDeviceExtension,
    PHYSICAL_ADDRESS PhysicalAddress,
    PULONG Length,
    PULONG InIoSpace,
    PVOID *VirtualAddress,
    ULONG BankLength,
    UCHAR ReadWriteBank,
    PBANKED_SECTION_ROUTINE BankRoutine,
    PVOID Context);

/* Reads configuration space, as PCI_COMMON_CONFIG for PCIConfiguration; bytes transferred. PASSIVE.
   */
VPAPI ULONG NTAPI VideoPortGetBusData(
    PVOID HwDeviceExtension,
    BUS_DATA_TYPE BusDataType,
    ULONG SlotNumber,
    PVOID Buffer,
    ULONG Offset,
    ULONG Length);

/* Writes configuration space; bytes transferred. PASSIVE. */
VPAPI ULONG NTAPI VideoPortSetBusData(
    PVOID HwDeviceExtension,
    BUS_DATA_TYPE BusDataType,
    ULONG SlotNumber,
    PVOID Buffer,
    ULONG Offset,
    ULONG Length);

/* Tells whether a PCI device with these ids is present. PASSIVE. */
VPAPI BOOLEAN NTAPI VideoPortCheckForDeviceExistence(
    PVOID HwDeviceExtension,
    USHORT VendorId,
    USHORT DeviceId,
    UCHAR RevisionId,
    USHORT SubVendorId,
    USHORT SubSystemId,
    ULONG Flags);

/* VideoPortCheckForDeviceExistence under the name which Windows exports in addition. PASSIVE. */
VPAPI BOOLEAN NTAPI VideoPortCheckForDeviceExistance(
    PVOID HwDeviceExtension,
    USHORT VendorId,
    USHORT DeviceId,
    UCHAR RevisionId,
    USHORT SubVendorId,
    USHORT SubSystemId,
    ULONG Flags);

/* Sets which VGA ports trap for a VDM (x86). PASSIVE. Accepted: no VDM runs here. NO_ERROR or
   ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortSetTrappedEmulatorPorts(
    PVOID HwDeviceExtension,
    ULONG NumAccessRanges,
    PVIDEO_ACCESS_RANGE AccessRange);

/* Tells whether the device decodes the VGA ranges: DEVICE_VGA_ENABLED or 0. PASSIVE. NO_ERROR, or
   ERROR_INVALID_FUNCTION for a bus which is not PCI. */
VPAPI VP_STATUS NTAPI VideoPortGetVgaStatus(
    PVOID HwDeviceExtension,
    PULONG VgaStatus);

/* A copy of the first Length bytes of the device's ROM, or NULL; the port owns it, and a Length of
   0 frees it. PASSIVE. A call frees what the one before it returned. */
VPAPI PVOID NTAPI VideoPortGetRomImage(
    PVOID HwDeviceExtension,
    PVOID Unused1,
    ULONG Unused2,
    ULONG Length);

/* Obsolete: tells whether a mapped ROM holds a string. PASSIVE. */
VPAPI BOOLEAN NTAPI VideoPortScanRom(
    PVOID HwDeviceExtension,
    PUCHAR RomBase,
    ULONG RomLength,
    PUCHAR String);

/* Runs a BIOS video call. PASSIVE. Refused: there is no video BIOS. ERROR_INVALID_FUNCTION, or
   ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortInt10(
    PVOID HwDeviceExtension,
    PVIDEO_X86_BIOS_ARGUMENTS BiosArguments);

/* ---- registry and device data ---------------------------------------------------------------- */

/* Reads a value of the device's key and hands it to the callback. IsParameterFileName: the value
   names a file whose contents are wanted. PASSIVE. The callback's result or
   ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortGetRegistryParameters(
    PVOID HwDeviceExtension,
    PWSTR ParameterName,
    UCHAR IsParameterFileName,
    PMINIPORT_GET_REGISTRY_ROUTINE CallbackRoutine,
    PVOID Context);

/* Writes a REG_BINARY value. PASSIVE. NO_ERROR or ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortSetRegistryParameters(
    PVOID HwDeviceExtension,
    PWSTR ValueName,
    PVOID ValueData,
    ULONG ValueLength);

/* Writes the driver's keys to the disk. PASSIVE. */
VPAPI VP_STATUS NTAPI VideoPortFlushRegistry(
    PVOID HwDeviceExtension);

/* Hands descriptions of the hardware to the callback. PASSIVE. */
VPAPI VP_STATUS NTAPI VideoPortGetDeviceData(
    PVOID HwDeviceExtension,
    VIDEO_DEVICE_DATA_TYPE DeviceDataType,
    PMINIPORT_QUERY_DEVICE_ROUTINE CallbackRoutine,
    PVOID Context);

/* ---- children, services, secondary display --------------------------------------------------- */

/* Enumerates the children again. <= DISPATCH. NO_ERROR. */
VPAPI VP_STATUS NTAPI VideoPortEnumerateChildren(
    PVOID HwDeviceExtension,
    PVOID Reserved);

/* The extension of the adapter that a child's device object belongs to, or NULL. PASSIVE. */
VPAPI PVOID NTAPI VideoPortGetAssociatedDeviceExtension(
    PVOID DeviceObject);

/* The child id of a device object. PASSIVE. */
VPAPI ULONG NTAPI VideoPortGetAssociatedDeviceID(
    PVOID DeviceObject);

/* Makes a second view on the adapter. PASSIVE. */
VPAPI VP_STATUS NTAPI VideoPortCreateSecondaryDisplay(
    PVOID HwDeviceExtension,
    PVOID *SecondaryDeviceExtension,
    ULONG ulFlag);

/* Fills a function table whose Size and Version are set. PASSIVE. NO_ERROR, or an error for a
   service or version that the port does not have. */
VPAPI VP_STATUS NTAPI VideoPortQueryServices(
    PVOID HwDeviceExtension,
    VIDEO_PORT_SERVICES ServicesType,
    PINTERFACE Interface);

/* Fills the table of AGP services, before VideoPortQueryServices. PASSIVE. Refused: there is no AGP
   bridge. FALSE. */
VPAPI BOOLEAN NTAPI VideoPortGetAgpServices(
    PVOID HwDeviceExtension,
    PVIDEO_PORT_AGP_SERVICES AgpServices);

/* Reads an EDID through the miniport's line callbacks. PASSIVE. */
VPAPI BOOLEAN NTAPI VideoPortDDCMonitorHelper(
    PVOID HwDeviceExtension,
    PVOID DDCControl,
    PUCHAR EdidBuffer,
    ULONG EdidBufferSize);

/* ---- system ---------------------------------------------------------------------------------- */

/* The system's version; the caller sets Size. PASSIVE. NO_ERROR or ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortGetVersion(
    PVOID HwDeviceExtension,
    PVPOSVERSIONINFO pVpOsVersionInfo);

/* Tells whether the system was started with display drivers restricted to the VGA resources.
   PASSIVE. */
VPAPI BOOLEAN NTAPI VideoPortIsNoVesa(
    VOID);

/* The current IRQL. Any. */
VPAPI UCHAR NTAPI VideoPortGetCurrentIrql(
    VOID);

/* The counter and, if the pointer is not NULL, its frequency. Any. */
VPAPI LONGLONG NTAPI VideoPortQueryPerformanceCounter(
    PVOID HwDeviceExtension,
    PLONGLONG PerformanceFrequency);

/* The time in 100 ns since 1601. Any. */
VPAPI VOID NTAPI VideoPortQuerySystemTime(
    PLARGE_INTEGER CurrentTime);

/* Busy-waits, in microseconds. Any. */
VPAPI VOID NTAPI VideoPortStallExecution(
    ULONG Microseconds);

/* Writes to the event log; Vrp may be NULL. <= DIRQL. */
VPAPI VOID NTAPI VideoPortLogError(
    PVOID HwDeviceExtension,
    PVIDEO_REQUEST_PACKET Vrp,
    VP_STATUS ErrorCode,
    ULONG UniqueId);

/* Formatted debug output. PASSIVE (tolerated at any IRQL). Variadic, cdecl on i386. */
VPAPI VOID CDECL VideoPortDebugPrint(
    VIDEO_DEBUG_LEVEL DebugPrintLevel,
    PSTR DebugMessage,
    ...);

/* Registers a callback that adds data to a crash dump. PASSIVE. NO_ERROR,
   ERROR_INVALID_PARAMETER. */
VPAPI VP_STATUS NTAPI VideoPortRegisterBugcheckCallback(
    PVOID HwDeviceExtension,
    ULONG BugcheckCode,
    PVIDEO_BUGCHECK_CALLBACK Callback,
    ULONG BugcheckDataSize);

/* Begins a debug report, a member of VIDEO_PORT_DEBUG_REPORT_INTERFACE; NULL: no memory. PASSIVE.
   */
VPAPI PVIDEO_DEBUG_REPORT NTAPI VideoPortDbgReportCreate(
    PVOID HwDeviceExtension,
    ULONG ulCode,
    ULONG_PTR ulpArg1,
    ULONG_PTR ulpArg2,
    ULONG_PTR ulpArg3,
    ULONG_PTR ulpArg4);

/* Adds data to a debug report, VIDEO_DEBUG_REPORT_MAX_SIZE in all; FALSE: too much. PASSIVE. */
VPAPI BOOLEAN NTAPI VideoPortDbgReportSecondaryData(
    PVIDEO_DEBUG_REPORT pReport,
    PVOID pvData,
    ULONG ulDataSize);

/* Ends a debug report. PASSIVE. */
VPAPI VOID NTAPI VideoPortDbgReportComplete(
    PVIDEO_DEBUG_REPORT pReport);

/* ---- ports and registers -----------------------------------------------------------------------
 *
 * Any IRQL, if the buffer is resident. A port argument is the port number itself, as a pointer; a
 * register argument is an address inside a mapped range. Buffer forms move Count items to or from
 * the same port, or from and to consecutive registers.
 */

/* Reads 8 bits from a port. Any. */
VPAPI UCHAR NTAPI VideoPortReadPortUchar(
    PUCHAR Port);

/* Reads 16 bits from a port. Any. */
VPAPI USHORT NTAPI VideoPortReadPortUshort(
    PUSHORT Port);

/* Reads 32 bits from a port. Any. */
VPAPI ULONG NTAPI VideoPortReadPortUlong(
    PULONG Port);

/* Writes 8 bits to a port. Any. */
VPAPI VOID NTAPI VideoPortWritePortUchar(
    PUCHAR Port,
    UCHAR Value);

/* Writes 16 bits to a port. Any. */
VPAPI VOID NTAPI VideoPortWritePortUshort(
    PUSHORT Port,
    USHORT Value);

/* Writes 32 bits to a port. Any. */
VPAPI VOID NTAPI VideoPortWritePortUlong(
    PULONG Port,
    ULONG Value);

/* Reads Count items of 8 bits from one port. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortReadPortBufferUchar(
    PUCHAR Port,
    PUCHAR Buffer,
    ULONG Count);

/* Reads Count items of 16 bits from one port. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortReadPortBufferUshort(
    PUSHORT Port,
    PUSHORT Buffer,
    ULONG Count);

/* Reads Count items of 32 bits from one port. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortReadPortBufferUlong(
    PULONG Port,
    PULONG Buffer,
    ULONG Count);

/* Writes Count items of 8 bits to one port. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortWritePortBufferUchar(
    PUCHAR Port,
    PUCHAR Buffer,
    ULONG Count);

/* Writes Count items of 16 bits to one port. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortWritePortBufferUshort(
    PUSHORT Port,
    PUSHORT Buffer,
    ULONG Count);

/* Writes Count items of 32 bits to one port. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortWritePortBufferUlong(
    PULONG Port,
    PULONG Buffer,
    ULONG Count);

/* Reads 8 bits from a register. Any. */
VPAPI UCHAR NTAPI VideoPortReadRegisterUchar(
    PUCHAR Register);

/* Reads 16 bits from a register. Any. */
VPAPI USHORT NTAPI VideoPortReadRegisterUshort(
    PUSHORT Register);

/* Reads 32 bits from a register. Any. */
VPAPI ULONG NTAPI VideoPortReadRegisterUlong(
    PULONG Register);

/* Writes 8 bits to a register. Any. */
VPAPI VOID NTAPI VideoPortWriteRegisterUchar(
    PUCHAR Register,
    UCHAR Value);

/* Writes 16 bits to a register. Any. */
VPAPI VOID NTAPI VideoPortWriteRegisterUshort(
    PUSHORT Register,
    USHORT Value);

/* Writes 32 bits to a register. Any. */
VPAPI VOID NTAPI VideoPortWriteRegisterUlong(
    PULONG Register,
    ULONG Value);

/* Reads Count items of 8 bits from consecutive registers. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortReadRegisterBufferUchar(
    PUCHAR Register,
    PUCHAR Buffer,
    ULONG Count);

/* Reads Count items of 16 bits from consecutive registers. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortReadRegisterBufferUshort(
    PUSHORT Register,
    PUSHORT Buffer,
    ULONG Count);

/* Reads Count items of 32 bits from consecutive registers. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortReadRegisterBufferUlong(
    PULONG Register,
    PULONG Buffer,
    ULONG Count);

/* Writes Count items of 8 bits to consecutive registers. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortWriteRegisterBufferUchar(
    PUCHAR Register,
    PUCHAR Buffer,
    ULONG Count);

/* Writes Count items of 16 bits to consecutive registers. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortWriteRegisterBufferUshort(
    PUSHORT Register,
    PUSHORT Buffer,
    ULONG Count);

/* Writes Count items of 32 bits to consecutive registers. Any, if the buffer is resident. */
VPAPI VOID NTAPI VideoPortWriteRegisterBufferUlong(
    PULONG Register,
    PULONG Buffer,
    ULONG Count);

/* ---- not for miniports -------------------------------------------------------------------------
 *
 * Two names which Windows' videoprt.sys exports for other parts of the system. No page describes
 * them: the parameter lists are those of public export lists and are not verified.
 */

/* Not for miniports. */
VPAPI VOID NTAPI VpNotifyEaData(
    PVOID DeviceObject,
    PVOID Data);

/* Not for miniports. */
VPAPI VOID NTAPI WdDdiWatchdogDpcCallback(
    PVOID Dpc,
    PVOID DeferredContext,
    PVOID SystemArgument1,
    PVOID SystemArgument2);

#endif /* __VIDEO_H__ */
