/* SPDX-License-Identifier: MIT */
/* Memory for the miniport: pool, the older buffers, contiguous memory. */
#include "videoprt.h"

static BOOLEAN NTAPI VpKnownPool(VP_POOL_TYPE Type)
{
    return Type == VpNonPagedPool || Type == VpPagedPool || Type == VpNonPagedPoolCacheAligned ||
           Type == VpPagedPoolCacheAligned;
}

/* VP_POOL_TYPE has POOL_TYPE's values. NULL: no memory, or a type that does not exist. */
PVOID NTAPI VideoPortAllocatePool(PVOID HwDeviceExtension, VP_POOL_TYPE PoolType,
                                  SIZE_T NumberOfBytes, ULONG Tag)
{
    if (!VpKnownPool(PoolType)) {
        VP_REPORT("PORT", "VideoPortAllocatePool: PoolType %u is none of VP_POOL_TYPE",
                  (ULONG)PoolType);
        return NULL;
    }
    if ((PoolType & VpPagedPool) != 0 && KeGetCurrentIrql() >= DISPATCH_LEVEL) {
        VP_REPORT("EX-8",
                  "VideoPortAllocatePool: paged pool at IRQL %u; at DISPATCH_LEVEL (%u) and above, "
                  "HwVidExecuteDma included, only nonpaged memory may be used: pass VpNonPagedPool",
                  (ULONG)KeGetCurrentIrql(), (ULONG)DISPATCH_LEVEL);
        return NULL;
    }
    return ExAllocatePoolWithTag((POOL_TYPE)PoolType, NumberOfBytes, Tag);
}

VOID NTAPI VideoPortFreePool(PVOID HwDeviceExtension, PVOID Ptr)
{
    ExFreePool(Ptr);
}

VP_STATUS NTAPI VideoPortAllocateBuffer(PVOID HwDeviceExtension, ULONG Size, PVOID *Buffer)
{
    if (Buffer == NULL)
        return ERROR_INVALID_PARAMETER;
    *Buffer = ExAllocatePoolWithTag(PagedPool, Size, VP_TAG);
    return *Buffer != NULL ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

VOID NTAPI VideoPortReleaseBuffer(PVOID HwDeviceExtension, PVOID Buffer)
{
    ExFreePool(Buffer);
}

/* No function of the port's frees it again: the port does, with the device. */
PVOID NTAPI VideoPortAllocateContiguousMemory(PVOID HwDeviceExtension, ULONG NumberOfBytes,
                                              PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortAllocateContiguousMemory");
    PVP_OBJECT Object;
    PVOID Memory;

    if (Device == NULL || !VpCheckPassive("PORT", "VideoPortAllocateContiguousMemory"))
        return NULL;
    Object = VpAllocateObject(Device, VpObjectContiguous, sizeof(*Object));
    if (Object == NULL)
        return NULL;
    Memory = MmAllocateContiguousMemory(NumberOfBytes, HighestAcceptableAddress);
    if (Memory == NULL) {
        VpFreeObject(Object);
        return NULL;
    }
    Object->Opens = 0; /* no leak of the miniport's, whenever it was made */
    VpInsertObject(Device, Object, Memory);
    return Memory;
}
