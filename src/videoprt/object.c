/* SPDX-License-Identifier: MIT */
/* The list of what a miniport has made with the port's help: looked up when it is given back,
 * reclaimed when it is not. */
#include "videoprt.h"

PVP_OBJECT NTAPI VpAllocateObject(PVP_DEVICE Device, VP_OBJECT_KIND Kind, SIZE_T Size)
{
    PVP_OBJECT Object = ExAllocatePoolWithTag(NonPagedPool, Size, VP_TAG);

    if (Object == NULL)
        return NULL;
    RtlZeroMemory(Object, Size);
    Object->Kind = Kind;
    Object->Opens = Device->Opens;
    return Object;
}

VOID NTAPI VpInsertObject(PVP_DEVICE Device, PVP_OBJECT Object, PVOID Key)
{
    KIRQL Irql;

    Object->Key = Key;
    KeAcquireSpinLock(&Device->ObjectLock, &Irql);
    InsertHeadList(&Device->Objects, &Object->Link);
    KeReleaseSpinLock(&Device->ObjectLock, Irql);
}

static PVP_OBJECT NTAPI VpSearchObjects(PVP_DEVICE Device, VP_OBJECT_KIND Kind, PVOID Key,
                                        BOOLEAN Take)
{
    PVP_OBJECT Found = NULL;
    PLIST_ENTRY Link;
    KIRQL Irql;

    KeAcquireSpinLock(&Device->ObjectLock, &Irql);
    for (Link = Device->Objects.Flink; Link != &Device->Objects && Found == NULL;
         Link = Link->Flink) {
        PVP_OBJECT Object = CONTAINING_RECORD(Link, VP_OBJECT, Link);

        if (Object->Kind == Kind && Object->Key == Key)
            Found = Object;
    }
    if (Found != NULL && Take)
        RemoveEntryList(&Found->Link);
    KeReleaseSpinLock(&Device->ObjectLock, Irql);
    return Found;
}

PVP_OBJECT NTAPI VpFindObject(PVP_DEVICE Device, VP_OBJECT_KIND Kind, PVOID Key)
{
    return VpSearchObjects(Device, Kind, Key, FALSE);
}

PVP_OBJECT NTAPI VpTakeObject(PVP_DEVICE Device, VP_OBJECT_KIND Kind, PVOID Key)
{
    return VpSearchObjects(Device, Kind, Key, TRUE);
}

VOID NTAPI VpFreeObject(PVP_OBJECT Object)
{
    ExFreePoolWithTag(Object, VP_TAG);
}

static VOID NTAPI VpReclaimObject(PVP_OBJECT Object)
{
    switch (Object->Kind) {
    case VpObjectMapping:
        VpReclaimMapping(Object);
        break;
    case VpObjectCommonBuffer:
        VpReclaimCommon(Object);
        break;
    case VpObjectRequestLock:
        VpReclaimRequestLock(Object);
        break;
    case VpObjectContiguous:
        MmFreeContiguousMemory(Object->Key);
        VpFreeObject(Object);
        break;
    case VpObjectEvent:
    case VpObjectSpinLock:
        VpFreeObject(Object);
        break;
    }
}

/* No lock while an object goes: the device has stopped, nobody else is in the list, and some of
 * this needs PASSIVE_LEVEL. */
VOID NTAPI VpReclaimObjects(PVP_DEVICE Device)
{
    ULONG Leaked = 0;

    while (!IsListEmpty(&Device->Objects)) {
        PVP_OBJECT Object = CONTAINING_RECORD(RemoveHeadList(&Device->Objects), VP_OBJECT, Link);

        if (Object->Opens > 1)
            Leaked++;
        VpReclaimObject(Object);
    }
    if (Leaked > 0)
        VP_REPORT("GA-A5",
                  "%u objects (events, spin locks, mappings, common buffers) that the miniport "
                  "made at a second or later open were never given back; HwVidInitialize runs at "
                  "each open: make them once, in HwVidFindAdapter",
                  Leaked);
}
