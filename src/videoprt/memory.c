/* SPDX-License-Identifier: MIT */
/* Device memory and ports in the CPU's address space: VideoPortGetDeviceBase, VideoPortMapMemory
 * and their inverses. */
#include "videoprt.h"

/* A mapping that the miniport holds; its key is the address it got. */
typedef struct _VP_MAPPING {
    VP_OBJECT Object;
    PVOID Base; /* of MmMapIoSpace; NULL for ports */
    ULONG Length;
    PMDL UserMdl; /* of a user-mode view */
} VP_MAPPING, *PVP_MAPPING;

VOID NTAPI VpReclaimMapping(PVP_OBJECT Object)
{
    PVP_MAPPING Mapping = CONTAINING_RECORD(Object, VP_MAPPING, Object);

    if (Mapping->UserMdl != NULL) {
        MmUnmapLockedPages(Object->Key, Mapping->UserMdl);
        IoFreeMdl(Mapping->UserMdl);
    }
    if (Mapping->Base != NULL)
        MmUnmapIoSpace(Mapping->Base, Mapping->Length);
    VpFreeObject(Object);
}

/* A second view of the range, for user mode. */
static PVOID NTAPI VpMapUser(PVP_MAPPING Mapping)
{
    PVOID View = NULL;

    /* Where registers are not memory no MDL can be made of them; then all is one address space. */
    if (!MmIsAddressValid(Mapping->Base))
        return Mapping->Base;
    Mapping->UserMdl = IoAllocateMdl(Mapping->Base, Mapping->Length, FALSE, FALSE, NULL);
    if (Mapping->UserMdl == NULL)
        return NULL;
    MmBuildMdlForNonPagedPool(Mapping->UserMdl);
    VP_TRY
    {
        View = MmMapLockedPagesSpecifyCache(Mapping->UserMdl, UserMode, MmNonCached, NULL, FALSE,
                                            NormalPagePriority);
    }
    VP_EXCEPT
    if (View == NULL) {
        IoFreeMdl(Mapping->UserMdl);
        Mapping->UserMdl = NULL;
    }
    return View;
}

static PVOID NTAPI VpMapRange(PVP_MAPPING Mapping, PHYSICAL_ADDRESS Address, ULONG Space)
{
    if (Space & VIDEO_MEMORY_SPACE_IO)
        return (PVOID)(ULONG_PTR)Address.QuadPart; /* a port's handle is its number */
    Mapping->Base =
        MmMapIoSpace(Address, Mapping->Length,
                     Space & VIDEO_MEMORY_SPACE_P6CACHE ? MmWriteCombined : MmNonCached);
    if (Mapping->Base == NULL)
        return NULL;
    return Space & VIDEO_MEMORY_SPACE_USER_MODE ? VpMapUser(Mapping) : Mapping->Base;
}

/* Maps `Length` bytes at the raw address; *Mapped = where. Space: VIDEO_MEMORY_SPACE_*. */
static VP_STATUS NTAPI VpMap(PVP_DEVICE Device, PHYSICAL_ADDRESS Raw, ULONG Length, ULONG Space,
                             PVOID *Mapped)
{
    PVP_MAPPING Mapping = (PVP_MAPPING)VpAllocateObject(Device, VpObjectMapping, sizeof(*Mapping));

    *Mapped = NULL;
    if (Mapping == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    Mapping->Length = Length;
    *Mapped = VpMapRange(Mapping, VpTranslate(Device, Raw, Length, (UCHAR)Space), Space);
    if (*Mapped == NULL && !(Space & VIDEO_MEMORY_SPACE_IO)) {
        VpReclaimMapping(&Mapping->Object);
        return ERROR_INVALID_PARAMETER;
    }
    VpInsertObject(Device, &Mapping->Object, *Mapped);
    return NO_ERROR;
}

static VP_STATUS NTAPI VpUnmap(PVOID HwDeviceExtension, PVOID Address, PCSTR Function)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, Function);
    PVP_OBJECT Object;

    if (Device == NULL || !VpCheckPassive("PORT", Function))
        return ERROR_INVALID_PARAMETER;
    Object = VpTakeObject(Device, VpObjectMapping, Address);
    if (Object == NULL) {
        VP_REPORT("PORT",
                  "%s: %p is not mapped; pass what the mapping function returned, once for each "
                  "call of it",
                  Function, Address);
        return ERROR_INVALID_PARAMETER;
    }
    VpReclaimMapping(Object);
    return NO_ERROR;
}

PVOID NTAPI VideoPortGetDeviceBase(PVOID HwDeviceExtension, PHYSICAL_ADDRESS IoAddress,
                                   ULONG NumberOfUchars, UCHAR InIoSpace)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetDeviceBase");
    PVOID Mapped;

    if (Device == NULL || NumberOfUchars == 0 || !VpCheckPassive("PORT", "VideoPortGetDeviceBase"))
        return NULL;
    (void)VpMap(Device, IoAddress, NumberOfUchars, InIoSpace & ~VIDEO_MEMORY_SPACE_USER_MODE,
                &Mapped);
    return Mapped;
}

VOID NTAPI VideoPortFreeDeviceBase(PVOID HwDeviceExtension, PVOID MappedAddress)
{
    (void)VpUnmap(HwDeviceExtension, MappedAddress, "VideoPortFreeDeviceBase");
}

/* *Length stays as it is: never less than was asked for. *VirtualAddress may hold a process handle,
 * for user mode; ignored. */
VP_STATUS NTAPI VideoPortMapMemory(PVOID HwDeviceExtension, PHYSICAL_ADDRESS PhysicalAddress,
                                   PULONG Length, PULONG InIoSpace, PVOID *VirtualAddress)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortMapMemory");

    if (Device == NULL || Length == NULL || *Length == 0 || InIoSpace == NULL ||
        VirtualAddress == NULL || !VpCheckPassive("PORT", "VideoPortMapMemory"))
        return ERROR_INVALID_PARAMETER;
    return VpMap(Device, PhysicalAddress, *Length, *InIoSpace, VirtualAddress);
}

VP_STATUS NTAPI VideoPortUnmapMemory(PVOID HwDeviceExtension, PVOID VirtualAddress,
                                     HANDLE ProcessHandle)
{
    return VpUnmap(HwDeviceExtension, VirtualAddress, "VideoPortUnmapMemory");
}

/* Banked memory is of NT 4: later Windows versions map the whole range or nothing. */
VP_STATUS NTAPI VideoPortMapBankedMemory(PVOID HwDeviceExtension, PHYSICAL_ADDRESS PhysicalAddress,
                                         PULONG Length, PULONG InIoSpace, PVOID *VirtualAddress,
                                         ULONG BankLength, UCHAR ReadWriteBank,
                                         PBANKED_SECTION_ROUTINE BankRoutine, PVOID Context)
{
    if (VirtualAddress != NULL)
        *VirtualAddress = NULL;
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_WARNING_LEVEL,
               "VideoPortMapBankedMemory: banked memory exists in NT 4 only; map the linear frame "
               "buffer with VideoPortMapMemory\n");
    return ERROR_INVALID_FUNCTION;
}
