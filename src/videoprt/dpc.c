/* SPDX-License-Identifier: MIT */
/* VideoPortQueueDpc: one DPC a device; a second request before it ran is refused, as for every DPC
 * object. */
#include "videoprt.h"

static VOID NTAPI VpRunDpc(PKDPC Dpc, PVOID DeferredContext, PVOID Routine, PVOID Context)
{
    PVP_DEVICE Device = DeferredContext;

    ((PMINIPORT_DPC_ROUTINE)Routine)(VP_EXTENSION_OF(Device), Context);
}

VOID NTAPI VpInitializeDpc(PVP_DEVICE Device)
{
    KeInitializeDpc(&Device->Dpc, VpRunDpc, Device);
}

BOOLEAN NTAPI VideoPortQueueDpc(PVOID HwDeviceExtension, PMINIPORT_DPC_ROUTINE CallbackRoutine,
                                PVOID Context)
{
    PVP_DEVICE Device = VpCheckDevice(HwDeviceExtension, "VideoPortQueueDpc");

    if (Device == NULL || CallbackRoutine == NULL)
        return FALSE;
    return KeInsertQueueDpc(&Device->Dpc, (PVOID)CallbackRoutine, Context);
}
