/* SPDX-License-Identifier: MIT */
/*
 * The device's memory and port ranges: assigned by the bus, or legacy ones that a miniport claims.
 */
#include "videoprt.h"

static PVP_RANGE NTAPI VpNewRange(PVP_DEVICE Device)
{
    if (Device->RangeCount == VP_MAX_RANGES) {
        VP_REPORT("PORT", "a device has more than %u memory and port ranges; the rest is left out",
                  (ULONG)VP_MAX_RANGES);
        return NULL;
    }
    return &Device->Ranges[Device->RangeCount++];
}

static VOID NTAPI VpReadRange(PVP_DEVICE Device, PCM_PARTIAL_RESOURCE_DESCRIPTOR Raw,
                              PCM_PARTIAL_RESOURCE_DESCRIPTOR Translated)
{
    PVP_RANGE Range = VpNewRange(Device);

    if (Range == NULL)
        return;
    RtlZeroMemory(Range, sizeof(*Range));
    Range->Access.RangeStart = Raw->u.Generic.Start;
    Range->Access.RangeLength = Raw->u.Generic.Length;
    Range->Access.RangeInIoSpace = Raw->Type == CmResourceTypePort;
    Range->Access.RangeShareable = Raw->ShareDisposition == CmResourceShareShared;
    Range->Translated = Translated->u.Generic.Start;
}

VOID NTAPI VpReadRanges(PVP_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated)
{
    PCM_PARTIAL_RESOURCE_LIST Partial, PartialTranslated;
    ULONG Index;

    Device->RangeCount = 0;
    if (Raw == NULL || Translated == NULL)
        return;
    Partial = &Raw->List[0].PartialResourceList;
    PartialTranslated = &Translated->List[0].PartialResourceList;
    for (Index = 0; Index < Partial->Count && Index < PartialTranslated->Count; Index++) {
        UCHAR Type = Partial->PartialDescriptors[Index].Type;

        if (Type == CmResourceTypeMemory || Type == CmResourceTypePort)
            VpReadRange(Device, &Partial->PartialDescriptors[Index],
                        &PartialTranslated->PartialDescriptors[Index]);
    }
}

static BOOLEAN NTAPI VpAddLegacyRange(PVP_DEVICE Device, const VIDEO_ACCESS_RANGE *Access)
{
    PVP_RANGE Range = VpNewRange(Device);

    if (Range == NULL)
        return FALSE;
    Range->Access = *Access;
    Range->Translated = Access->RangeStart;
    Range->Legacy = TRUE;
    return TRUE;
}

/* What VIDEO_HW_INITIALIZATION_DATA or HwVidLegacyResources names beyond the bus's ranges. */
VOID NTAPI VpAddLegacyRanges(PVP_DEVICE Device)
{
    PVIDEO_HW_INITIALIZATION_DATA Init = &Device->Driver->Init;
    PVIDEO_ACCESS_RANGE List = Init->HwLegacyResourceList;
    ULONG Count = Init->HwLegacyResourceCount, Index;
    USHORT Ids[2] = {0, 0};

    if (Init->HwGetLegacyResources != NULL) {
        VideoPortGetBusData(VP_EXTENSION_OF(Device), PCIConfiguration, Device->Slot, Ids, 0,
                            sizeof(Ids));
        Init->HwGetLegacyResources(Ids[0], Ids[1], &List, &Count);
    }
    for (Index = 0; List != NULL && Index < Count; Index++)
        if (!VpAddLegacyRange(Device, &List[Index]))
            break;
}

/* TRUE if [Start, Start + Length) lies within the range. */
static BOOLEAN NTAPI VpRangeHolds(PVP_RANGE Range, PHYSICAL_ADDRESS Start, ULONG Length,
                                  BOOLEAN InIoSpace)
{
    ULONGLONG First = (ULONGLONG)Range->Access.RangeStart.QuadPart,
              Wanted = (ULONGLONG)Start.QuadPart;

    return (Range->Access.RangeInIoSpace != 0) == InIoSpace && Wanted >= First &&
           Wanted - First <= Range->Access.RangeLength &&
           Length <= Range->Access.RangeLength - (Wanted - First);
}

static PVP_RANGE NTAPI VpFindRange(PVP_DEVICE Device, PHYSICAL_ADDRESS Start, ULONG Length,
                                   BOOLEAN InIoSpace)
{
    ULONG Index;

    for (Index = 0; Index < Device->RangeCount; Index++)
        if (VpRangeHolds(&Device->Ranges[Index], Start, Length, InIoSpace))
            return &Device->Ranges[Index];
    return NULL;
}

PHYSICAL_ADDRESS NTAPI VpTranslate(PVP_DEVICE Device, PHYSICAL_ADDRESS Raw, ULONG Length,
                                   UCHAR InIoSpace)
{
    PVP_RANGE Range = VpFindRange(Device, Raw, Length, (InIoSpace & VIDEO_MEMORY_SPACE_IO) != 0);

    if (Range != NULL)
        Raw.QuadPart += Range->Translated.QuadPart - Range->Access.RangeStart.QuadPart;
    return Raw;
}

/* ---- Exports ---- */

/* Both are for HwVidFindAdapter alone; a later call works, but on Windows it would not. */
static VOID NTAPI VpCheckFinding(PVP_DEVICE Device, PCSTR Function)
{
    if (!Device->FindingAdapter)
        VP_REPORT("PORT", "%s: call it from HwVidFindAdapter only", Function);
}

/* A miniport that names the chip it wants must sit on it. */
static BOOLEAN NTAPI VpIsChip(PVP_DEVICE Device, PUSHORT VendorId, PUSHORT DeviceId)
{
    USHORT Ids[2] = {0, 0};

    if (VendorId == NULL || DeviceId == NULL)
        return TRUE;
    return VideoPortGetBusData(VP_EXTENSION_OF(Device), PCIConfiguration, Device->Slot, Ids, 0,
                               sizeof(Ids)) == sizeof(Ids) &&
           Ids[0] == *VendorId && Ids[1] == *DeviceId;
}

/*
 * The assigned ranges, in the bus's order. What the miniport requests of the bus beyond them
 * (RequestedResources) has no taker: the PnP manager has assigned everything before.
 * ERROR_MORE_DATA: there are more than NumAccessRanges.
 */
VP_STATUS NTAPI VideoPortGetAccessRanges(PVOID HwDeviceExtension, ULONG NumRequestedResources,
                                         PIO_RESOURCE_DESCRIPTOR RequestedResources,
                                         ULONG NumAccessRanges, PVIDEO_ACCESS_RANGE AccessRanges,
                                         PVOID VendorId, PVOID DeviceId, PULONG Slot)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortGetAccessRanges");
    ULONG Index, Count = 0;

    if (Device == NULL || (AccessRanges == NULL && NumAccessRanges > 0))
        return ERROR_INVALID_PARAMETER;
    VpCheckFinding(Device, "VideoPortGetAccessRanges");
    if (!VpIsChip(Device, VendorId, DeviceId))
        return ERROR_DEV_NOT_EXIST;
    if (Slot != NULL)
        *Slot = Device->Slot;
    for (Index = 0; Index < Device->RangeCount; Index++) {
        if (Device->Ranges[Index].Legacy)
            continue;
        if (Count == NumAccessRanges)
            return ERROR_MORE_DATA;
        AccessRanges[Count++] = Device->Ranges[Index].Access;
    }
    return NO_ERROR;
}

/* Claims ranges: the device's own, or others that from now on count as its legacy ones. */
VP_STATUS NTAPI VideoPortVerifyAccessRanges(PVOID HwDeviceExtension, ULONG NumAccessRanges,
                                            PVIDEO_ACCESS_RANGE AccessRanges)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortVerifyAccessRanges");
    ULONG Index;

    if (Device == NULL || (AccessRanges == NULL && NumAccessRanges > 0))
        return ERROR_INVALID_PARAMETER;
    VpCheckFinding(Device, "VideoPortVerifyAccessRanges");
    for (Index = 0; Index < NumAccessRanges; Index++) {
        const VIDEO_ACCESS_RANGE *Access = &AccessRanges[Index];

        if (VpFindRange(Device, Access->RangeStart, Access->RangeLength,
                        Access->RangeInIoSpace != 0) == NULL &&
            !VpAddLegacyRange(Device, Access))
            return ERROR_INVALID_PARAMETER;
    }
    return NO_ERROR;
}
