/* SPDX-License-Identifier: MIT */
/*
 * Physical device objects: what a PCI bus driver offers to the function driver above it, one object
 * a function of the bus.
 *
 * Sources: kernel/irp-mn-query-interface, ...query-capabilities, ...query-resources,
 * ...query-bus-information,
 * ...query-id, ...query-device-text, ...read-config, ...write-config.
 */
#include "hal/private.h"

/* GUID_BUS_INTERFACE_STANDARD, GUID_BUS_TYPE_PCI */
static const GUID bus_interface = {
    0x496B8280, 0x6F25, 0x11D0, {0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F}};
static const GUID bus_type_pci = {
    0xC8EBDFB0, 0xB510, 0x11D0, {0x80, 0xE5, 0x00, 0xA0, 0xC9, 0x25, 0x42, 0xE3}};

/* The device object's extension. */
struct pdo_extension {
    struct vport_hal_device *device;
};

static struct vport_hal_device *device_of(PDEVICE_OBJECT pdo)
{
    return ((struct pdo_extension *)pdo->DeviceExtension)->device;
}

static NTSTATUS complete(PIRP irp, NTSTATUS status)
{
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

/* ---- Queries ---- */

static VOID NTAPI reference(PVOID Context)
{
    (void)Context; /* the device lives as long as the machine */
}

static PDMA_ADAPTER NTAPI get_dma_adapter(PVOID Context, PDEVICE_DESCRIPTION Description,
                                          PULONG Registers)
{
    return IoGetDmaAdapter(((struct vport_hal_device *)Context)->pdo, Description, Registers);
}

static NTSTATUS query_interface(struct vport_hal_device *device, PIO_STACK_LOCATION stack,
                                NTSTATUS status)
{
    PBUS_INTERFACE_STANDARD standard =
        (PBUS_INTERFACE_STANDARD)stack->Parameters.QueryInterface.Interface;

    if (!RtlEqualMemory(stack->Parameters.QueryInterface.InterfaceType, &bus_interface,
                        sizeof(GUID)))
        return status;
    if (stack->Parameters.QueryInterface.Size < sizeof(*standard))
        return STATUS_INVALID_PARAMETER;
    *standard = (BUS_INTERFACE_STANDARD){
        .Size = sizeof(*standard),
        .Version = 1,
        .Context = device,
        .InterfaceReference = reference,
        .InterfaceDereference = reference,
        .TranslateBusAddress = vport_hal_translate,
        .GetDmaAdapter = get_dma_adapter,
        .SetBusData = vport_hal_set_config,
        .GetBusData = vport_hal_get_config,
    };
    return STATUS_SUCCESS;
}

static NTSTATUS query_capabilities(struct vport_hal_device *device, PIO_STACK_LOCATION stack)
{
    const struct vport_function *function = &device->hal->bus->function[device->function];
    PDEVICE_CAPABILITIES capabilities = stack->Parameters.DeviceCapabilities.Capabilities;

    if (capabilities->Version != 1 || capabilities->Size < sizeof(*capabilities))
        return STATUS_UNSUCCESSFUL;
    capabilities->Address = (ULONG)function->slot << 16 | function->function;
    capabilities->UINumber = function->slot;
    return STATUS_SUCCESS;
}

static NTSTATUS query_bus_information(ULONG_PTR *information)
{
    PPNP_BUS_INFORMATION bus = ExAllocatePoolWithTag(PagedPool, sizeof(*bus), VPORT_HAL_TAG);

    if (!bus)
        return STATUS_INSUFFICIENT_RESOURCES;
    *bus =
        (PNP_BUS_INFORMATION){.BusTypeGuid = bus_type_pci, .LegacyBusType = PCIBus, .BusNumber = 0};
    *information = (ULONG_PTR)bus;
    return STATUS_SUCCESS;
}

static NTSTATUS query_resources(struct vport_hal_device *device, ULONG_PTR *information)
{
    *information = (ULONG_PTR)vport_hal_resources(device->hal, device->function);
    return *information ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS config(struct vport_hal_device *device, PIO_STACK_LOCATION stack, bool write,
                       ULONG_PTR *information)
{
    PGET_SET_DEVICE_DATA access = write ? vport_hal_set_config : vport_hal_get_config;
    ULONG space = stack->Parameters.ReadWriteConfig.WhichSpace;

    if (space != PCI_WHICHSPACE_CONFIG && (space != PCI_WHICHSPACE_ROM || write))
        return STATUS_INVALID_PARAMETER;
    *information =
        access(device, space, stack->Parameters.ReadWriteConfig.Buffer,
               stack->Parameters.ReadWriteConfig.Offset, stack->Parameters.ReadWriteConfig.Length);
    return STATUS_SUCCESS;
}

/* ---- Dispatch ---- */

static NTSTATUS pnp_query(struct vport_hal_device *device, PIO_STACK_LOCATION stack,
                          NTSTATUS status, ULONG_PTR *information)
{
    switch (stack->MinorFunction) {
    case IRP_MN_QUERY_INTERFACE:
        return query_interface(device, stack, status);
    case IRP_MN_QUERY_CAPABILITIES:
        return query_capabilities(device, stack);
    case IRP_MN_QUERY_BUS_INFORMATION:
        return query_bus_information(information);
    case IRP_MN_QUERY_RESOURCES:
        return query_resources(device, information);
    case IRP_MN_QUERY_ID:
        return vport_hal_query_id(device, stack->Parameters.QueryId.IdType, information);
    case IRP_MN_QUERY_DEVICE_TEXT:
        return vport_hal_query_text(device, stack->Parameters.QueryDeviceText.DeviceTextType,
                                    information);
    case IRP_MN_READ_CONFIG:
    case IRP_MN_WRITE_CONFIG:
        return config(device, stack, stack->MinorFunction == IRP_MN_WRITE_CONFIG, information);
    default:
        return status; /* not for us: as it came */
    }
}

enum {
    COMMAND = 4, /* configuration space */
    COMMAND_IO = 1,
    COMMAND_MEMORY = 2,
    COMMAND_MASTER = 4,
};

/* A started function decodes what it was assigned and may master the bus; a stopped one does
 * neither. */
static NTSTATUS enable(struct vport_hal_device *device, bool on)
{
    struct vport_bus *bus = device->hal->bus;
    const struct vport_function *function = &bus->function[device->function];
    uint16_t command, wanted = COMMAND_MASTER;

    for (unsigned i = 0; i < function->resources; i++)
        wanted |= function->resource[i].kind == VPORT_IO_PORT ? COMMAND_IO : COMMAND_MEMORY;
    if (bus->ops->config_read(bus, device->function, COMMAND, &command, sizeof(command)) !=
        VPORT_OK)
        return STATUS_DEVICE_NOT_CONNECTED;
    command = on ? command | wanted : command & (uint16_t)~wanted;
    if (bus->ops->config_write(bus, device->function, COMMAND, &command, sizeof(command)) !=
        VPORT_OK)
        return STATUS_DEVICE_NOT_CONNECTED;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);

    switch (stack->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return complete(Irp, enable(device_of(DeviceObject), true));
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_REMOVE_DEVICE: /* the card is still in its slot: the object stays */
        enable(device_of(DeviceObject), false);
        return complete(Irp, STATUS_SUCCESS);
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        return complete(Irp, STATUS_SUCCESS);
    default:
        return complete(Irp, pnp_query(device_of(DeviceObject), stack, Irp->IoStatus.Status,
                                       &Irp->IoStatus.Information));
    }
}

/* The simulated slots have no power switch; every state is fine. */
static NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PoStartNextPowerIrp(Irp);
    return complete(Irp, STATUS_SUCCESS);
}

static NTSTATUS NTAPI dispatch_open(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return complete(Irp, STATUS_SUCCESS);
}

/* ---- Making and ending them ---- */

static NTSTATUS NTAPI driver_entry(PVOID Context1, PVOID Context2)
{
    PDRIVER_OBJECT driver = Context1;

    driver->MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
    driver->MajorFunction[IRP_MJ_POWER] = dispatch_power;
    driver->MajorFunction[IRP_MJ_CREATE] = dispatch_open;
    driver->MajorFunction[IRP_MJ_CLOSE] = dispatch_open;
    return STATUS_SUCCESS;
}

struct vport_hal_device *vport_hal_device_of(PDEVICE_OBJECT pdo)
{
    struct vport_hal *hal = vport_hal_current();

    for (unsigned i = 0; hal && pdo && i < hal->bus->functions; i++)
        if (hal->device[i].pdo == pdo)
            return &hal->device[i];
    return NULL;
}

static NTSTATUS pdo_create(struct vport_hal *hal, unsigned function)
{
    struct vport_hal_device *device = &hal->device[function];
    NTSTATUS status;

    status = IoCreateDevice(hal->driver, sizeof(struct pdo_extension), NULL, FILE_DEVICE_UNKNOWN, 0,
                            FALSE, &device->pdo);
    if (!NT_SUCCESS(status))
        return status;
    ((struct pdo_extension *)device->pdo->DeviceExtension)->device = device;
    device->pdo->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

enum vport_status vport_hal_pdos_create(struct vport_hal *hal)
{
    NTSTATUS status = vport_nt_driver_load(hal->nt, "PCI", driver_entry, &hal->driver);

    for (unsigned i = 0; i < VPORT_HAL_FUNCTIONS; i++)
        hal->device[i] = (struct vport_hal_device){.hal = hal, .function = i};
    return NT_SUCCESS(status) ? VPORT_OK : VPORT_E_NO_MEMORY;
}

PDEVICE_OBJECT vport_hal_pdo(struct vport_hal *hal, unsigned function)
{
    struct vport_cpu cpu;

    if (function >= hal->bus->functions)
        return NULL;
    vport_nt_enter(hal->nt, &cpu);
    if (!hal->device[function].pdo)
        pdo_create(hal, function);
    vport_nt_leave(&cpu);
    return hal->device[function].pdo;
}

void vport_hal_pdos_destroy(struct vport_hal *hal)
{
    for (unsigned i = 0; i < VPORT_HAL_FUNCTIONS; i++)
        if (hal->device[i].pdo)
            IoDeleteDevice(hal->device[i].pdo);
    if (hal->driver)
        vport_nt_driver_unload(hal->nt, hal->driver);
}
