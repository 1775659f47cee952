/* SPDX-License-Identifier: MIT */
/* IRP_MJ_POWER: device power states, translated for HwVidGetPowerState and HwVidSetPowerState. */
#include "videoprt.h"

static ULONG NTAPI VpVideoState(DEVICE_POWER_STATE State)
{
    switch (State) {
    case PowerDeviceD0:
        return VideoPowerOn;
    case PowerDeviceD1:
        return VideoPowerStandBy;
    case PowerDeviceD2:
        return VideoPowerSuspend;
    default:
        return VideoPowerOff;
    }
}

static VOID NTAPI VpFillPower(PVIDEO_POWER_MANAGEMENT Power, DEVICE_POWER_STATE State)
{
    RtlZeroMemory(Power, sizeof(*Power));
    Power->Length = sizeof(*Power);
    Power->PowerState = VpVideoState(State);
}

/* Can the adapter go there? A miniport without the routine goes anywhere. */
static NTSTATUS NTAPI VpQueryPower(PVP_DEVICE Device, DEVICE_POWER_STATE State)
{
    VIDEO_POWER_MANAGEMENT Power;

    if (Device->State != VpStarted || Device->Driver->Init.HwGetPowerState == NULL)
        return STATUS_SUCCESS;
    VpFillPower(&Power, State);
    switch (Device->Driver->Init.HwGetPowerState(VP_EXTENSION_OF(Device), DISPLAY_ADAPTER_HW_ID,
                                                 &Power)) {
    case NO_ERROR:
    case ERROR_DEVICE_REINITIALIZATION_NEEDED: /* it can, and wants to be initialised after */
        return STATUS_SUCCESS;
    default:
        return STATUS_UNSUCCESSFUL;
    }
}

static VOID NTAPI VpSetPower(PVP_DEVICE Device, DEVICE_POWER_STATE State)
{
    VIDEO_POWER_MANAGEMENT Power;

    if (Device->State != VpStarted || Device->Driver->Init.HwSetPowerState == NULL)
        return;
    VpFillPower(&Power, State);
    (void)Device->Driver->Init.HwSetPowerState(VP_EXTENSION_OF(Device), DISPLAY_ADAPTER_HW_ID,
                                               &Power);
}

static NTSTATUS NTAPI VpCallPowerBelow(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return PoCallDriver(DeviceObject, Irp);
}

static NTSTATUS NTAPI VpPassPower(PVP_DEVICE Device, PIRP Irp)
{
    PoStartNextPowerIrp(Irp);
    IoSkipCurrentIrpStackLocation(Irp);
    return PoCallDriver(Device->Below, Irp);
}

/* Down: the miniport first, while the device still answers. No HwVidInterrupt from then on. */
static NTSTATUS NTAPI VpPowerDown(PVP_DEVICE Device, PIRP Irp, DEVICE_POWER_STATE State)
{
    POWER_STATE Told;

    Told.DeviceState = State;
    VpSetPower(Device, State);
    Device->Power = State;
    PoSetPowerState(Device->Fdo, DevicePowerState, Told);
    return VpPassPower(Device, Irp);
}

/* Up: the bus first. */
static NTSTATUS NTAPI VpPowerUp(PVP_DEVICE Device, PIRP Irp)
{
    NTSTATUS Status = VpForward(Device, Irp, VpCallPowerBelow);
    POWER_STATE Told;

    if (NT_SUCCESS(Status)) {
        Told.DeviceState = PowerDeviceD0;
        Device->Power = PowerDeviceD0;
        VpSetPower(Device, PowerDeviceD0);
        PoSetPowerState(Device->Fdo, DevicePowerState, Told);
    }
    PoStartNextPowerIrp(Irp);
    return VpCompleteIrp(Irp, Status, 0);
}

static NTSTATUS NTAPI VpChildPower(PIRP Irp)
{
    PoStartNextPowerIrp(Irp);
    return VpCompleteIrp(Irp, STATUS_SUCCESS, 0);
}

NTSTATUS NTAPI VpDispatchPower(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PVP_DEVICE Device = DeviceObject->DeviceExtension;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    DEVICE_POWER_STATE State = Stack->Parameters.Power.State.DeviceState;
    NTSTATUS Status;

    if (VpIsChild(DeviceObject))
        return VpChildPower(Irp);
    if (Stack->Parameters.Power.Type != DevicePowerState)
        return VpPassPower(Device, Irp);
    if (Stack->MinorFunction == IRP_MN_QUERY_POWER) {
        Status = VpQueryPower(Device, State);
        if (NT_SUCCESS(Status))
            return VpPassPower(Device, Irp);
        PoStartNextPowerIrp(Irp);
        return VpCompleteIrp(Irp, Status, 0);
    }
    if (Stack->MinorFunction == IRP_MN_SET_POWER)
        return State == PowerDeviceD0 ? VpPowerUp(Device, Irp) : VpPowerDown(Device, Irp, State);
    return VpPassPower(Device, Irp);
}
