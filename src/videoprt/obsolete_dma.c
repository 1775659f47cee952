/* SPDX-License-Identifier: MIT */
/*
 * The DMA functions of Windows 2000, which the documents keep only as names with fixed results.
 * None of them moves data: a miniport that wants DMA calls VideoPortStartDma.
 */
#include "videoprt.h"

PDMA NTAPI VideoPortAssociateEventsWithDmaHandle(PVOID HwDeviceExtension,
                                                 PVIDEO_REQUEST_PACKET pVrp, PVOID MappedUserEvent,
                                                 PVOID DisplayDriverEvent)
{
    return NULL;
}

PDMA NTAPI VideoPortDoDma(PVOID HwDeviceExtension, PDMA pDma, DMA_FLAGS DmaFlags)
{
    return NULL;
}

ULONG NTAPI VideoPortGetBytesUsed(PVOID HwDeviceExtension, PDMA pDma)
{
    return 0;
}

VOID NTAPI VideoPortSetBytesUsed(PVOID HwDeviceExtension, PDMA pDma, ULONG BytesUsed)
{
}

PVOID NTAPI VideoPortGetDmaContext(PVOID HwDeviceExtension, PDMA pDma)
{
    return NULL;
}

VOID NTAPI VideoPortSetDmaContext(PVOID HwDeviceExtension, PDMA pDma, PVOID InstanceContext)
{
}

PVOID NTAPI VideoPortGetMdl(PVOID HwDeviceExtension, PDMA pDma)
{
    return pDma;
}

PDMA NTAPI VideoPortMapDmaMemory(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET pVrp,
                                 PHYSICAL_ADDRESS BoardAddress, PULONG Length, PULONG InIoSpace,
                                 PVOID MappedUserEvent, PVOID DisplayDriverEvent,
                                 PVOID *VirtualAddress)
{
    return NULL;
}

BOOLEAN NTAPI VideoPortUnmapDmaMemory(PVOID HwDeviceExtension, PVOID VirtualAddress,
                                      HANDLE ProcessHandle, PDMA BoardMemoryHandle)
{
    return FALSE;
}

BOOLEAN NTAPI VideoPortSignalDmaComplete(PVOID HwDeviceExtension, PDMA pDmaHandle)
{
    return FALSE;
}

/* The one that does something: locks the request's buffer, and nothing else. The lock lasts until
 * the device is removed. */
BOOLEAN NTAPI VideoPortLockPages(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET pVrp,
                                 PEVENT pUEvent, PEVENT pDisplayEvent, DMA_FLAGS DmaFlags)
{
    PVP_DEVICE Device;
    PVP_OBJECT Object;
    PMDL Mdl;

    if (DmaFlags != VideoPortDmaInitOnly || pVrp == NULL || pVrp->InputBufferLength == 0)
        return FALSE;
    Device = VpCheckDevice(HwDeviceExtension, "VideoPortLockPages");
    if (Device == NULL || !VpCheckPassive("LB-2", "VideoPortLockPages"))
        return FALSE;
    Object = VpAllocateObject(Device, VpObjectRequestLock, sizeof(*Object));
    if (Object == NULL)
        return FALSE;
    Mdl = VpLockRange("VideoPortLockPages", pVrp->InputBuffer, pVrp->InputBufferLength,
                      IoModifyAccess);
    if (Mdl == NULL) {
        VpFreeObject(Object);
        return FALSE;
    }
    Object->Opens = 0; /* no routine exists that gives it back early: no leak of the miniport's */
    VpInsertObject(Device, Object, Mdl);
    return TRUE;
}

VOID NTAPI VpReclaimRequestLock(PVP_OBJECT Object)
{
    VpUnlockMdl(Object->Key);
    VpFreeObject(Object);
}

BOOLEAN NTAPI VideoPortUnlockPages(PVOID HwDeviceExtension, PDMA pDma)
{
    return TRUE;
}
