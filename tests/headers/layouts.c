/* SPDX-License-Identifier: MIT */
/*
 * layouts.c - the sizes, offsets and values which a Windows binary relies on, as numbers.
 *
 * Written down once, independently of any header, and asserted when this file is compiled. It is
 * compiled against include/ddk (x86-64 by the build, both machines and both compilers by
 * check_compiles.py) and against mingw-w64's headers (check_layouts.py), which cannot include both
 * groups in one source; WITH_VIDEO and WITH_NTDDK choose the group there.
 *
 * Contract clauses: SG-6, SG-7, SG-8.
 */
#if !defined(WITH_VIDEO) && !defined(WITH_NTDDK)
#define WITH_VIDEO 1
#define WITH_NTDDK 1
#endif

#include <stddef.h>
#include <ntdef.h>
#include <guiddef.h>
#ifdef WITH_NTDDK
#include <ntddk.h>
#endif
#ifdef WITH_VIDEO
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>
#endif

#ifdef _WIN64
#define ON(x64, x86) x64
#else
#define ON(x64, x86) x86
#endif

#define SIZE(type, x64, x86, align64, align86)                                                     \
    _Static_assert(sizeof(type) == ON(x64, x86), "size of " #type);                                \
    _Static_assert(offsetof(                                                                       \
                       struct {                                                                    \
                           char first;                                                             \
                           type second;                                                            \
                       },                                                                          \
                       second) == ON(align64, align86),                                            \
                   "alignment of " #type);
#define OFFSET(type, member, x64, x86)                                                             \
    _Static_assert(offsetof(type, member) == ON(x64, x86), "offset of " #member " in " #type);
#define VALUE(name, value) _Static_assert((name) == (value), "value of " #name);

/* clang-format off */
#ifdef WITH_VIDEO

SIZE(VP_DEVICE_DESCRIPTION, 8, 8, 4, 4)
OFFSET(VP_DEVICE_DESCRIPTION, ScatterGather, 0, 0)
OFFSET(VP_DEVICE_DESCRIPTION, Dma32BitAddresses, 1, 1)
OFFSET(VP_DEVICE_DESCRIPTION, Dma64BitAddresses, 2, 2)
OFFSET(VP_DEVICE_DESCRIPTION, MaximumLength, 4, 4)

SIZE(VP_SCATTER_GATHER_ELEMENT, 24, 16, 8, 8)
OFFSET(VP_SCATTER_GATHER_ELEMENT, Address, 0, 0)
OFFSET(VP_SCATTER_GATHER_ELEMENT, Length, 8, 8)
OFFSET(VP_SCATTER_GATHER_ELEMENT, Reserved, 16, 12)

SIZE(VP_SCATTER_GATHER_LIST, 16, 8, 8, 8)
OFFSET(VP_SCATTER_GATHER_LIST, NumberOfElements, 0, 0)
OFFSET(VP_SCATTER_GATHER_LIST, Reserved, 8, 4)
OFFSET(VP_SCATTER_GATHER_LIST, Elements, 16, 8)

SIZE(VIDEO_HW_INITIALIZATION_DATA, 144, 84, 8, 4)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwInitDataSize, 0, 0)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, AdapterInterfaceType, 4, 4)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwFindAdapter, 8, 8)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwInitialize, 16, 12)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwInterrupt, 24, 16)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwStartIO, 32, 20)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwDeviceExtensionSize, 40, 24)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, StartingDeviceNumber, 44, 28)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwResetHw, 48, 32)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwTimer, 56, 36)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwStartDma, 64, 40)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwSetPowerState, 72, 44)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwGetPowerState, 80, 48)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwGetVideoChildDescriptor, 88, 52)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwQueryInterface, 96, 56)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwChildDeviceExtensionSize, 104, 60)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwLegacyResourceList, 112, 64)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwLegacyResourceCount, 120, 68)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, HwGetLegacyResources, 128, 72)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, AllowEarlyEnumeration, 136, 76)
OFFSET(VIDEO_HW_INITIALIZATION_DATA, Reserved, 140, 80)

SIZE(VIDEO_PORT_CONFIG_INFO, 128, 112, 8, 8)
OFFSET(VIDEO_PORT_CONFIG_INFO, Length, 0, 0)
OFFSET(VIDEO_PORT_CONFIG_INFO, SystemIoBusNumber, 4, 4)
OFFSET(VIDEO_PORT_CONFIG_INFO, AdapterInterfaceType, 8, 8)
OFFSET(VIDEO_PORT_CONFIG_INFO, BusInterruptLevel, 12, 12)
OFFSET(VIDEO_PORT_CONFIG_INFO, BusInterruptVector, 16, 16)
OFFSET(VIDEO_PORT_CONFIG_INFO, InterruptMode, 20, 20)
OFFSET(VIDEO_PORT_CONFIG_INFO, NumEmulatorAccessEntries, 24, 24)
OFFSET(VIDEO_PORT_CONFIG_INFO, EmulatorAccessEntries, 32, 28)
OFFSET(VIDEO_PORT_CONFIG_INFO, EmulatorAccessEntriesContext, 40, 32)
OFFSET(VIDEO_PORT_CONFIG_INFO, VdmPhysicalVideoMemoryAddress, 48, 40)
OFFSET(VIDEO_PORT_CONFIG_INFO, VdmPhysicalVideoMemoryLength, 56, 48)
OFFSET(VIDEO_PORT_CONFIG_INFO, HardwareStateSize, 60, 52)
OFFSET(VIDEO_PORT_CONFIG_INFO, DmaChannel, 64, 56)
OFFSET(VIDEO_PORT_CONFIG_INFO, DmaPort, 68, 60)
OFFSET(VIDEO_PORT_CONFIG_INFO, DmaShareable, 72, 64)
OFFSET(VIDEO_PORT_CONFIG_INFO, InterruptShareable, 73, 65)
OFFSET(VIDEO_PORT_CONFIG_INFO, Master, 74, 66)
OFFSET(VIDEO_PORT_CONFIG_INFO, DmaWidth, 76, 68)
OFFSET(VIDEO_PORT_CONFIG_INFO, DmaSpeed, 80, 72)
OFFSET(VIDEO_PORT_CONFIG_INFO, bMapBuffers, 84, 76)
OFFSET(VIDEO_PORT_CONFIG_INFO, NeedPhysicalAddresses, 85, 77)
OFFSET(VIDEO_PORT_CONFIG_INFO, DemandMode, 86, 78)
OFFSET(VIDEO_PORT_CONFIG_INFO, MaximumTransferLength, 88, 80)
OFFSET(VIDEO_PORT_CONFIG_INFO, NumberOfPhysicalBreaks, 92, 84)
OFFSET(VIDEO_PORT_CONFIG_INFO, ScatterGather, 96, 88)
OFFSET(VIDEO_PORT_CONFIG_INFO, MaximumScatterGatherChunkSize, 100, 92)
OFFSET(VIDEO_PORT_CONFIG_INFO, VideoPortGetProcAddress, 104, 96)
OFFSET(VIDEO_PORT_CONFIG_INFO, DriverRegistryPath, 112, 100)
OFFSET(VIDEO_PORT_CONFIG_INFO, SystemMemorySize, 120, 104)

SIZE(VIDEO_REQUEST_PACKET, 48, 24, 8, 4)
OFFSET(VIDEO_REQUEST_PACKET, IoControlCode, 0, 0)
OFFSET(VIDEO_REQUEST_PACKET, StatusBlock, 8, 4)
OFFSET(VIDEO_REQUEST_PACKET, InputBuffer, 16, 8)
OFFSET(VIDEO_REQUEST_PACKET, InputBufferLength, 24, 12)
OFFSET(VIDEO_REQUEST_PACKET, OutputBuffer, 32, 16)
OFFSET(VIDEO_REQUEST_PACKET, OutputBufferLength, 40, 20)

SIZE(STATUS_BLOCK, 16, 8, 8, 4)
OFFSET(STATUS_BLOCK, Status, 0, 0)
OFFSET(STATUS_BLOCK, Pointer, 0, 0)
OFFSET(STATUS_BLOCK, Information, 8, 4)

SIZE(VIDEO_ACCESS_RANGE, 16, 16, 8, 8)
OFFSET(VIDEO_ACCESS_RANGE, RangeStart, 0, 0)
OFFSET(VIDEO_ACCESS_RANGE, RangeLength, 8, 8)
OFFSET(VIDEO_ACCESS_RANGE, RangeInIoSpace, 12, 12)
OFFSET(VIDEO_ACCESS_RANGE, RangeVisible, 13, 13)
OFFSET(VIDEO_ACCESS_RANGE, RangeShareable, 14, 14)
OFFSET(VIDEO_ACCESS_RANGE, RangePassive, 15, 15)

SIZE(VPOSVERSIONINFO, 20, 20, 4, 4)
OFFSET(VPOSVERSIONINFO, Size, 0, 0)
OFFSET(VPOSVERSIONINFO, MajorVersion, 4, 4)
OFFSET(VPOSVERSIONINFO, MinorVersion, 8, 8)
OFFSET(VPOSVERSIONINFO, BuildNumber, 12, 12)
OFFSET(VPOSVERSIONINFO, ServicePackMajor, 16, 16)
OFFSET(VPOSVERSIONINFO, ServicePackMinor, 18, 18)

SIZE(EMULATOR_ACCESS_ENTRY, 24, 20, 8, 4)
OFFSET(EMULATOR_ACCESS_ENTRY, BasePort, 0, 0)
OFFSET(EMULATOR_ACCESS_ENTRY, NumConsecutivePorts, 4, 4)
OFFSET(EMULATOR_ACCESS_ENTRY, AccessType, 8, 8)
OFFSET(EMULATOR_ACCESS_ENTRY, AccessMode, 12, 12)
OFFSET(EMULATOR_ACCESS_ENTRY, StringSupport, 13, 13)
OFFSET(EMULATOR_ACCESS_ENTRY, Routine, 16, 16)

SIZE(VIDEO_CHILD_ENUM_INFO, 24, 20, 8, 4)
OFFSET(VIDEO_CHILD_ENUM_INFO, Size, 0, 0)
OFFSET(VIDEO_CHILD_ENUM_INFO, ChildDescriptorSize, 4, 4)
OFFSET(VIDEO_CHILD_ENUM_INFO, ChildIndex, 8, 8)
OFFSET(VIDEO_CHILD_ENUM_INFO, ACPIHwId, 12, 12)
OFFSET(VIDEO_CHILD_ENUM_INFO, ChildHwDeviceExtension, 16, 16)

SIZE(QUERY_INTERFACE, 32, 16, 8, 4)
OFFSET(QUERY_INTERFACE, InterfaceType, 0, 0)
OFFSET(QUERY_INTERFACE, Size, 8, 4)
OFFSET(QUERY_INTERFACE, Version, 10, 6)
OFFSET(QUERY_INTERFACE, Interface, 16, 8)
OFFSET(QUERY_INTERFACE, InterfaceSpecificData, 24, 12)

SIZE(VIDEO_MODE_INFORMATION, 80, 80, 4, 4)
OFFSET(VIDEO_MODE_INFORMATION, Length, 0, 0)
OFFSET(VIDEO_MODE_INFORMATION, ModeIndex, 4, 4)
OFFSET(VIDEO_MODE_INFORMATION, VisScreenWidth, 8, 8)
OFFSET(VIDEO_MODE_INFORMATION, VisScreenHeight, 12, 12)
OFFSET(VIDEO_MODE_INFORMATION, ScreenStride, 16, 16)
OFFSET(VIDEO_MODE_INFORMATION, NumberOfPlanes, 20, 20)
OFFSET(VIDEO_MODE_INFORMATION, BitsPerPlane, 24, 24)
OFFSET(VIDEO_MODE_INFORMATION, Frequency, 28, 28)
OFFSET(VIDEO_MODE_INFORMATION, AttributeFlags, 64, 64)
OFFSET(VIDEO_MODE_INFORMATION, VideoMemoryBitmapWidth, 68, 68)
OFFSET(VIDEO_MODE_INFORMATION, DriverSpecificAttributeFlags, 76, 76)

SIZE(VIDEO_MEMORY_INFORMATION, 32, 16, 8, 4)
OFFSET(VIDEO_MEMORY_INFORMATION, VideoRamBase, 0, 0)
OFFSET(VIDEO_MEMORY_INFORMATION, VideoRamLength, 8, 4)
OFFSET(VIDEO_MEMORY_INFORMATION, FrameBufferBase, 16, 8)
OFFSET(VIDEO_MEMORY_INFORMATION, FrameBufferLength, 24, 12)

#endif

#ifdef WITH_NTDDK

SIZE(MDL, 48, 28, 8, 4)
OFFSET(MDL, Next, 0, 0)
OFFSET(MDL, Size, 8, 4)
OFFSET(MDL, MdlFlags, 10, 6)
OFFSET(MDL, Process, 16, 8)
OFFSET(MDL, MappedSystemVa, 24, 12)
OFFSET(MDL, StartVa, 32, 16)
OFFSET(MDL, ByteCount, 40, 20)
OFFSET(MDL, ByteOffset, 44, 24)

SIZE(SCATTER_GATHER_ELEMENT, 24, 16, 8, 8)
OFFSET(SCATTER_GATHER_ELEMENT, Address, 0, 0)
OFFSET(SCATTER_GATHER_ELEMENT, Length, 8, 8)
OFFSET(SCATTER_GATHER_ELEMENT, Reserved, 16, 12)

SIZE(SCATTER_GATHER_LIST, 40, 24, 8, 8)
OFFSET(SCATTER_GATHER_LIST, NumberOfElements, 0, 0)
OFFSET(SCATTER_GATHER_LIST, Reserved, 8, 4)
OFFSET(SCATTER_GATHER_LIST, Elements, 16, 8)

SIZE(DEVICE_DESCRIPTION, 40, 40, 4, 4)
OFFSET(DEVICE_DESCRIPTION, Version, 0, 0)
OFFSET(DEVICE_DESCRIPTION, Master, 4, 4)
OFFSET(DEVICE_DESCRIPTION, ScatterGather, 5, 5)
OFFSET(DEVICE_DESCRIPTION, DemandMode, 6, 6)
OFFSET(DEVICE_DESCRIPTION, AutoInitialize, 7, 7)
OFFSET(DEVICE_DESCRIPTION, Dma32BitAddresses, 8, 8)
OFFSET(DEVICE_DESCRIPTION, IgnoreCount, 9, 9)
OFFSET(DEVICE_DESCRIPTION, Reserved1, 10, 10)
OFFSET(DEVICE_DESCRIPTION, Dma64BitAddresses, 11, 11)
OFFSET(DEVICE_DESCRIPTION, BusNumber, 12, 12)
OFFSET(DEVICE_DESCRIPTION, DmaChannel, 16, 16)
OFFSET(DEVICE_DESCRIPTION, InterfaceType, 20, 20)
OFFSET(DEVICE_DESCRIPTION, DmaWidth, 24, 24)
OFFSET(DEVICE_DESCRIPTION, DmaSpeed, 28, 28)
OFFSET(DEVICE_DESCRIPTION, MaximumLength, 32, 32)
OFFSET(DEVICE_DESCRIPTION, DmaPort, 36, 36)

SIZE(DRIVER_OBJECT, 336, 168, 8, 4)
OFFSET(DRIVER_OBJECT, Type, 0, 0)
OFFSET(DRIVER_OBJECT, Size, 2, 2)
OFFSET(DRIVER_OBJECT, DeviceObject, 8, 4)
OFFSET(DRIVER_OBJECT, Flags, 16, 8)
OFFSET(DRIVER_OBJECT, DriverStart, 24, 12)
OFFSET(DRIVER_OBJECT, DriverSize, 32, 16)
OFFSET(DRIVER_OBJECT, DriverSection, 40, 20)
OFFSET(DRIVER_OBJECT, DriverExtension, 48, 24)
OFFSET(DRIVER_OBJECT, DriverName, 56, 28)
OFFSET(DRIVER_OBJECT, HardwareDatabase, 72, 36)
OFFSET(DRIVER_OBJECT, FastIoDispatch, 80, 40)
OFFSET(DRIVER_OBJECT, DriverInit, 88, 44)
OFFSET(DRIVER_OBJECT, DriverStartIo, 96, 48)
OFFSET(DRIVER_OBJECT, DriverUnload, 104, 52)
OFFSET(DRIVER_OBJECT, MajorFunction, 112, 56)

#endif

#ifdef WITH_VIDEO

VALUE(SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA, ON(64, 40))
VALUE(SIZE_OF_W2K_VIDEO_HW_INITIALIZATION_DATA, ON(140, 80))
VALUE(SIZE_OF_WXP_VIDEO_HW_INITIALIZATION_DATA, ON(144, 84))
VALUE(SIZE_OF_NT4_VIDEO_PORT_CONFIG_INFO, ON(74, 66))
VALUE(SIZE_OF_WXP_VIDEO_PORT_CONFIG_INFO, ON(128, 112))

VALUE(NO_ERROR, 0)
VALUE(ERROR_INVALID_FUNCTION, 1)
VALUE(ERROR_NOT_ENOUGH_MEMORY, 8)
VALUE(ERROR_DEV_NOT_EXIST, 55)
VALUE(ERROR_INVALID_PARAMETER, 87)
VALUE(ERROR_INSUFFICIENT_BUFFER, 122)
VALUE(ERROR_INVALID_NAME, 123)
VALUE(ERROR_BUSY, 170)
VALUE(ERROR_MORE_DATA, 234)
VALUE(WAIT_TIMEOUT, 258)
VALUE(ERROR_IO_PENDING, 997)
VALUE(ERROR_DEVICE_REINITIALIZATION_NEEDED, 1164)
VALUE(ERROR_CONTINUE, 1246)
VALUE(ERROR_NO_MORE_DEVICES, 1248)

VALUE(VpReadAccess, 0)
VALUE(VpWriteAccess, 1)
VALUE(VpModifyAccess, 2)
VALUE(VpLowPriority, 0)
VALUE(VpMediumPriority, 1)
VALUE(VpHighPriority, 2)
VALUE(VpNonPagedPool, 0)
VALUE(VpPagedPool, 1)
VALUE(VpNonPagedPoolCacheAligned, 4)
VALUE(VpPagedPoolCacheAligned, 5)
VALUE(VideoPortUnlockAfterDma, 1)
VALUE(VideoPortKeepPagesLocked, 2)
VALUE(VideoPortDmaInitOnly, 3)
VALUE(DmaAsyncReturn, 0)
VALUE(DmaSyncReturn, 1)
VALUE(VideoPortServicesAGP, 1)
VALUE(VideoPortServicesI2C, 2)
VALUE(VideoPortServicesHeadless, 3)
VALUE(VideoPortServicesInt10, 4)
VALUE(VideoPortServicesDebugReport, 5)
VALUE(VideoPortServicesWCMemoryProtection, 6)
VALUE(Error, 0)
VALUE(Warn, 1)
VALUE(Trace, 2)
VALUE(Info, 3)
VALUE(VpMachineData, 0)
VALUE(VpMonitorData, 4)
VALUE(Monitor, 1)
VALUE(Other, 4)
VALUE(VIDEO_MEMORY_SPACE_MEMORY, 0)
VALUE(VIDEO_MEMORY_SPACE_IO, 1)
VALUE(VIDEO_MEMORY_SPACE_USER_MODE, 2)
VALUE(VIDEO_MEMORY_SPACE_DENSE, 4)
VALUE(VIDEO_MEMORY_SPACE_P6CACHE, 8)
VALUE(FILE_DEVICE_VIDEO, 0x23)
VALUE(IOCTL_VIDEO_QUERY_AVAIL_MODES, 0x230400)
VALUE(IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES, 0x230404)
VALUE(IOCTL_VIDEO_QUERY_CURRENT_MODE, 0x230408)
VALUE(IOCTL_VIDEO_SET_CURRENT_MODE, 0x23040c)
VALUE(IOCTL_VIDEO_MAP_VIDEO_MEMORY, 0x230458)

#endif

#ifdef WITH_NTDDK

VALUE(IoReadAccess, 0)
VALUE(IoWriteAccess, 1)
VALUE(IoModifyAccess, 2)
VALUE(NonPagedPool, 0)
VALUE(PagedPool, 1)
VALUE(NonPagedPoolCacheAligned, 4)
VALUE(PagedPoolCacheAligned, 5)
VALUE(MDL_MAPPED_TO_SYSTEM_VA, 1)
VALUE(MDL_PAGES_LOCKED, 2)
VALUE(MDL_SOURCE_IS_NONPAGED_POOL, 4)
VALUE(MDL_ALLOCATED_FIXED_SIZE, 8)
VALUE(MDL_PARTIAL, 0x10)
VALUE(MDL_IO_PAGE_READ, 0x40)
VALUE(MDL_WRITE_OPERATION, 0x80)

#endif

#if defined(WITH_VIDEO) && defined(WITH_NTDDK)

/* SG-6: the miniport's list is the kernel's list, without an element in the declared size. */
VALUE(sizeof(VP_SCATTER_GATHER_ELEMENT), sizeof(SCATTER_GATHER_ELEMENT))
VALUE(offsetof(VP_SCATTER_GATHER_LIST, Elements), offsetof(SCATTER_GATHER_LIST, Elements))
VALUE(offsetof(VP_SCATTER_GATHER_LIST, Reserved), offsetof(SCATTER_GATHER_LIST, Reserved))
VALUE(sizeof(VP_SCATTER_GATHER_LIST) + sizeof(VP_SCATTER_GATHER_ELEMENT),
      sizeof(SCATTER_GATHER_LIST))

#endif

/* Base types: LONG is 32 bits, 64-bit integers are 8-aligned, WCHAR has 16 bits, everywhere. */
SIZE(LONG, 4, 4, 4, 4)
SIZE(ULONG, 4, 4, 4, 4)
SIZE(LONGLONG, 8, 8, 8, 8)
SIZE(ULONGLONG, 8, 8, 8, 8)
SIZE(LARGE_INTEGER, 8, 8, 8, 8)
SIZE(PHYSICAL_ADDRESS, 8, 8, 8, 8)
SIZE(ULONG_PTR, 8, 4, 8, 4)
SIZE(SIZE_T, 8, 4, 8, 4)
SIZE(HANDLE, 8, 4, 8, 4)
SIZE(BOOLEAN, 1, 1, 1, 1)
SIZE(WCHAR, 2, 2, 2, 2)

#ifdef VPORT_TEST_MAIN
int puts(const char *text);

int main(void)
{
    puts("ok - sizes, offsets and values of layouts.c hold for this compiler and machine");
    return 0;
}
#endif
