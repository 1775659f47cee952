/* SPDX-License-Identifier: MIT */
/* The suite as a WDM driver (wdm.h). The only file of the suite that knows the rooms behind the
 * documented services. */
#include "wdm.h"

#include "hal/hal.h"
#include "nt/nt.h"

PDEVICE_OBJECT wdm_pdo(void)
{
    return vport_hal_pdo(vport_nt_hal(vport_nt_current()), 0);
}

static struct {
    struct vport_nt *nt;
    PDEVICE_OBJECT pdo;
} machine;

static void find_machine(struct rig *rig)
{
    machine.nt = vport_nt_current();
    machine.pdo = wdm_pdo();
}

void wdm_open_and_close(struct rig *rig)
{
    rig_call(rig, find_machine);
    CHECK_EQUAL(vport_nt_device_open(machine.nt, machine.pdo), STATUS_SUCCESS);
    CHECK_EQUAL(vport_nt_device_close(machine.nt, machine.pdo), STATUS_SUCCESS);
}

DEVICE_DESCRIPTION wdm_description(enum adapter_kind kind, ULONG maximum_length)
{
    return (DEVICE_DESCRIPTION){
        .Version = DEVICE_DESCRIPTION_VERSION1,
        .Master = TRUE,
        .ScatterGather = kind == SG64 || kind == SG32,
        .Dma32BitAddresses = kind == SG32 || kind == FLAT32,
        .Dma64BitAddresses = kind == SG64 || kind == FLAT64,
        .InterfaceType = PCIBus,
        .MaximumLength = maximum_length,
    };
}

PDMA_ADAPTER wdm_adapter(enum adapter_kind kind, ULONG maximum_length, ULONG *registers)
{
    DEVICE_DESCRIPTION description = wdm_description(kind, maximum_length);
    PDMA_ADAPTER adapter = IoGetDmaAdapter(wdm_pdo(), &description, registers);

    CHECK(adapter != NULL);
    return adapter;
}

void wdm_put(PDMA_ADAPTER adapter)
{
    adapter->DmaOperations->PutDmaAdapter(adapter);
}

static VOID NTAPI list_control(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                               PSCATTER_GATHER_LIST ScatterGather, PVOID Context)
{
    struct wdm_list *list = Context;

    list->list = ScatterGather;
    list->device = DeviceObject;
    list->irp = Irp;
    list->irql = KeGetCurrentIrql();
    __atomic_add_fetch(&list->calls, 1, __ATOMIC_RELEASE);
}

static IO_ALLOCATION_ACTION NTAPI adapter_control(PDEVICE_OBJECT DeviceObject, PIRP Irp,
                                                  PVOID MapRegisterBase, PVOID Context)
{
    struct wdm_list *list = Context;

    list->base = MapRegisterBase;
    list_control(DeviceObject, Irp, NULL, Context);
    return DeallocateObjectKeepRegisters;
}

NTSTATUS wdm_get_list(PDMA_ADAPTER adapter, const struct buffer *buffer, ULONG offset, ULONG length,
                      BOOLEAN to_device, struct wdm_list *list)
{
    NTSTATUS status;
    KIRQL irql;

    *list = (struct wdm_list){0};
    KeFlushIoBuffers(buffer->mdl, !to_device, TRUE);
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    status = adapter->DmaOperations->GetScatterGatherList(
        adapter, wdm_pdo(), buffer->mdl, (PUCHAR)MmGetMdlVirtualAddress((PMDL)buffer->mdl) + offset,
        length, list_control, list, to_device);
    KeLowerIrql(irql);
    return status;
}

void wdm_put_list(PDMA_ADAPTER adapter, struct wdm_list *list, BOOLEAN to_device)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    adapter->DmaOperations->PutScatterGatherList(adapter, list->list, to_device);
    KeLowerIrql(irql);
}

NTSTATUS wdm_allocate_channel(PDMA_ADAPTER adapter, ULONG registers, struct wdm_list *list)
{
    NTSTATUS status;
    KIRQL irql;

    *list = (struct wdm_list){0};
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    status = adapter->DmaOperations->AllocateAdapterChannel(adapter, wdm_pdo(), registers,
                                                            adapter_control, list);
    KeLowerIrql(irql);
    return status;
}

void wdm_free_registers(PDMA_ADAPTER adapter, struct wdm_list *list, ULONG registers)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    adapter->DmaOperations->FreeMapRegisters(adapter, list->base, registers);
    KeLowerIrql(irql);
}
