/* SPDX-License-Identifier: MIT */
/* VideoPortRegisterBugcheckCallback: what a miniport adds to a crash dump. */
#include "videoprt.h"

/* A GUID of our own for the data in the dump. */
static const GUID VpDumpGuid = {
    0x5D6B2B26, 0x0C4E, 0x4F3A, {0x9B, 0x1E, 0x5A, 0x36, 0x1D, 0x0C, 0x7E, 0x52}};

/* At HIGH_LEVEL in a system that has stopped. */
static VOID NTAPI VpBugCheck(KBUGCHECK_CALLBACK_REASON Reason,
                             PKBUGCHECK_REASON_CALLBACK_RECORD Record, PVOID ReasonSpecificData,
                             ULONG ReasonSpecificDataLength)
{
    PVP_DEVICE Device = CONTAINING_RECORD(Record, VP_DEVICE, BugCheck);
    PKBUGCHECK_SECONDARY_DUMP_DATA Dump = ReasonSpecificData;

    if (Reason != KbCallbackSecondaryDumpData || Device->BugCheckSize > Dump->MaximumAllowed)
        return;
    Device->BugCheckCallback(VP_EXTENSION_OF(Device), Device->BugCheckCode, Device->BugCheckData,
                             Device->BugCheckSize);
    Dump->Guid = VpDumpGuid;
    Dump->OutBuffer = Device->BugCheckData;
    Dump->OutBufferLength = Device->BugCheckSize;
}

VOID NTAPI VpDeregisterBugCheck(PVP_DEVICE Device)
{
    if (Device->BugCheckCallback == NULL)
        return;
    (void)KeDeregisterBugCheckReasonCallback(&Device->BugCheck);
    ExFreePoolWithTag(Device->BugCheckData, VP_TAG);
    Device->BugCheckCallback = NULL;
    Device->BugCheckData = NULL;
}

static VP_STATUS NTAPI VpRegister(PVP_DEVICE Device, ULONG BugcheckCode,
                                  PVIDEO_BUGCHECK_CALLBACK Callback, ULONG Size)
{
    Device->BugCheckData = ExAllocatePoolWithTag(NonPagedPool, Size, VP_TAG);
    if (Device->BugCheckData == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    RtlZeroMemory(Device->BugCheckData, Size);
    RtlZeroMemory(&Device->BugCheck, sizeof(Device->BugCheck));
    Device->BugCheckCode = BugcheckCode;
    Device->BugCheckSize = Size;
    Device->BugCheckCallback = Callback;
    if (KeRegisterBugCheckReasonCallback(&Device->BugCheck, VpBugCheck, KbCallbackSecondaryDumpData,
                                         (PUCHAR)(PVOID) "videoprt"))
        return NO_ERROR;
    ExFreePoolWithTag(Device->BugCheckData, VP_TAG);
    Device->BugCheckCallback = NULL;
    Device->BugCheckData = NULL;
    return ERROR_INVALID_PARAMETER;
}

/* Callback NULL takes the last one back. */
VP_STATUS NTAPI VideoPortRegisterBugcheckCallback(PVOID HwDeviceExtension, ULONG BugcheckCode,
                                                  PVIDEO_BUGCHECK_CALLBACK Callback,
                                                  ULONG BugcheckDataSize)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortRegisterBugcheckCallback");

    if (Device == NULL || !VpCheckPassive("PORT", "VideoPortRegisterBugcheckCallback"))
        return ERROR_INVALID_PARAMETER;
    VpDeregisterBugCheck(Device);
    if (Callback == NULL)
        return NO_ERROR;
    if (BugcheckDataSize == 0 || BugcheckDataSize > PAGE_SIZE - BUGCHECK_DATA_SIZE_RESERVED)
        return ERROR_INVALID_PARAMETER;
    return VpRegister(Device, BugcheckCode, Callback, BugcheckDataSize);
}
