/* SPDX-License-Identifier: MIT */
/*
 * The machine: bus, HAL, kernel and driver put together, and taken apart in the opposite order.
 *
 * Owns every room's object; knows no concrete bus (adapters.c does) and nothing of DMA.
 */
#include <videoport/host.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/loop.h"
#include "bus/bus.h"
#include "hal/hal.h"
#include "host/adapters.h"
#include "host/inside.h"
#include "host/machine.h"
#include "nt/nt.h"
#include "videoprt/videoprt.h"

static enum vport_status fail(enum vport_status status, char *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum vport_status fail(enum vport_status status, char *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error)
        vsnprintf(error, VPORT_ERROR_TEXT, format, args);
    va_end(args);
    return status;
}

/*
 * Reports a shortage. Rooms reserve address space, tens of GiB of it, that they never fill; so
 * under `ulimit -v` it is not memory that is missing but the permission to have so many addresses.
 */
static enum vport_status fail_memory(char *error)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return fail(VPORT_E_NO_MEMORY, error, "%s", vport_status_text(VPORT_E_NO_MEMORY));
    return fail(VPORT_E_ENVIRONMENT, error,
                "the address space of this process is limited to %llu bytes (ulimit -v); machines "
                "reserve more than that, "
                "without using it",
                (unsigned long long)limit.rlim_cur);
}

/* ---- From configuration to a machine ---- */

static enum vport_status machine_ground(struct vport_machine *machine,
                                        const struct vport_machine_config *config,
                                        enum vport_loop_mode mode)
{
    machine->reports = vport_reports_create(config->report, config->report_context);
    machine->trace = vport_trace_create();
    if (!machine->reports || !machine->trace)
        return VPORT_E_NO_MEMORY;
    vport_trace_set_sink(machine->trace, config->trace, config->trace_context);
    return vport_loop_create(mode, config->seed, machine->trace, &machine->loop);
}

static enum vport_status machine_bus(struct vport_machine *machine,
                                     const struct vport_machine_config *config,
                                     const struct vport_adapter_choice *choice, char *error)
{
    char reason[VPORT_ERROR_TEXT] = "";
    struct vport_bus_config bus_config = {
        .loop = machine->loop,
        .reports = machine->reports,
        .trace = machine->trace,
        .seed = config->seed,
        .error = reason,
        .error_size = sizeof(reason),
    };
    enum vport_status status = machine->adapter->create(choice, &bus_config, &machine->bus);

    if (status == VPORT_OK)
        return VPORT_OK;
    machine->bus = NULL;
    if (status == VPORT_E_NO_MEMORY)
        return fail_memory(error);
    return fail(status, error, "%s", reason[0] ? reason : vport_status_text(status));
}

static enum vport_status machine_kernel(struct vport_machine *machine)
{
    struct vport_nt_config config = {
        .loop = machine->loop,
        .space = machine->bus->space,
        .reports = machine->reports,
        .trace = machine->trace,
    };
    enum vport_status status = vport_nt_create(&config, &machine->nt);

    return status == VPORT_OK ? vport_hal_create(machine->nt, machine->bus, &machine->hal) : status;
}

static enum vport_status machine_build(struct vport_machine *machine,
                                       const struct vport_machine_config *config,
                                       const struct vport_adapter_choice *choice, char *error)
{
    enum vport_status status = machine_ground(machine, config, choice->adapter->mode(choice));

    if (status != VPORT_OK) {
        vport_adapter_drop_device(choice->device);
        return fail_memory(error);
    }
    status = machine_bus(machine, config, choice, error);
    if (status != VPORT_OK)
        return status;
    return machine_kernel(machine) == VPORT_OK
               ? VPORT_OK
               : fail_memory(error); /* nothing else can be short there */
}

enum vport_status vport_machine_create(const struct vport_machine_config *config,
                                       struct vport_machine **machine, char *error)
{
    struct vport_adapter_choice choice = {.device = config->device};
    char reason[VPORT_ERROR_TEXT];
    enum vport_status status;

    *machine = NULL;
    status = vport_adapter_choose(config->adapter ? config->adapter : "sim", &choice, reason);
    if (status == VPORT_OK) {
        *machine = calloc(1, sizeof(**machine));
        status = *machine ? VPORT_OK : VPORT_E_NO_MEMORY;
        snprintf(reason, sizeof(reason), "%s", vport_status_text(status));
    }
    if (status != VPORT_OK) {
        vport_adapter_drop_device(config->device);
        return fail(status, error, "%s", reason);
    }
    (*machine)->adapter = choice.adapter;
    (*machine)->own_device = config->device != NULL;
    status = machine_build(*machine, config, &choice, error);
    if (status != VPORT_OK) {
        vport_machine_destroy(*machine);
        *machine = NULL;
    }
    return status;
}

void vport_machine_destroy(struct vport_machine *machine)
{
    if (!machine)
        return;
    vport_machine_stop(machine);
    vport_inside_settle(machine);
    if (machine->bus)
        machine->bus->ops->close(machine->bus);
    if (machine->loop)
        vport_loop_destroy(machine->loop);
    vport_trace_destroy(machine->trace);
    vport_reports_destroy(machine->reports);
    free(machine);
}

/* ---- A driver's life ---- */

/* Pool belongs to a kernel: freeing needs a processor of this machine's. */
static NTSTATUS device_start(struct vport_machine *machine)
{
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    PCM_RESOURCE_LIST resources;
    struct vport_cpu cpu;

    vport_nt_enter(machine->nt, &cpu);
    resources = vport_hal_resources(machine->hal, 0);
    if (resources) {
        status = vport_nt_device_start(machine->nt, machine->pdo, resources);
        ExFreePool(resources);
    }
    vport_nt_leave(&cpu);
    return status;
}

static NTSTATUS settings_write(struct vport_machine *machine)
{
    char key[160];

    if (!machine->adapter->settings)
        return STATUS_SUCCESS;
    snprintf(key, sizeof(key),
             "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\%s\\Device0",
             machine->driver_name);
    return vport_nt_status(machine->adapter->settings(machine->bus, machine->nt, key));
}

/* The steps up to HwVidInitialize; *step says in words which one is being made. */
static NTSTATUS driver_start(struct vport_machine *machine, vport_driver entry, const char **step)
{
    NTSTATUS status;

    *step = "writing the registry";
    status = settings_write(machine);
    if (!NT_SUCCESS(status))
        return status;
    *step = "DriverEntry";
    status = vport_nt_driver_load(machine->nt, machine->driver_name, (vport_driver_entry)entry,
                                  &machine->driver);
    if (!NT_SUCCESS(status))
        return status;
    *step = "AddDevice";
    status = vport_nt_device_add(machine->nt, machine->driver, machine->pdo);
    machine->added = NT_SUCCESS(status);
    if (!NT_SUCCESS(status))
        return status;
    *step = "starting the device (HwVidFindAdapter)";
    status = device_start(machine);
    if (!NT_SUCCESS(status))
        return status;
    *step = "opening the device (HwVidInitialize)";
    status = vport_nt_device_open(machine->nt, machine->pdo);
    machine->opened = NT_SUCCESS(status);
    return status;
}

static void driver_name_set(struct vport_machine *machine, vport_driver driver)
{
    machine->driver_name =
        driver && driver != machine->adapter->driver ? "driver" : machine->adapter->driver_name;
}

enum vport_status vport_machine_start(struct vport_machine *machine, vport_driver driver,
                                      char *error)
{
    const char *step = "";
    enum vport_status status = VPORT_OK;
    NTSTATUS answer;

    if (machine->driver)
        return fail(VPORT_E_STATE, error, "the machine already has a driver");
    if (!driver && machine->own_device)
        return fail(VPORT_E_INVALID, error, "a device of your own needs a driver of your own");
    if (!driver && !machine->adapter->driver)
        return fail(VPORT_E_INVALID, error, "no miniport comes with %s: give one of your own",
                    machine->adapter->kind.name);
    if (machine->bus->ops->start)
        status = machine->bus->ops->start(machine->bus);
    machine->pdo = status == VPORT_OK ? vport_hal_pdo(machine->hal, 0) : NULL;
    if (status == VPORT_OK && !machine->pdo)
        status = VPORT_E_NO_MEMORY;
    if (status != VPORT_OK)
        return fail(status, error, "the bus does not start: %s", vport_status_text(status));
    driver_name_set(machine, driver);
    answer = driver_start(machine, driver ? driver : machine->adapter->driver, &step);
    if (NT_SUCCESS(answer))
        return VPORT_OK;
    if (answer == STATUS_INSUFFICIENT_RESOURCES)
        status = fail_memory(error);
    if (status != VPORT_E_ENVIRONMENT)
        status = fail(VPORT_E_DEVICE, error, "driver '%s': %s failed with NTSTATUS 0x%08lx",
                      machine->driver_name, step, (unsigned long)(uint32_t)answer);
    vport_machine_stop(machine);
    return status;
}

void vport_machine_stop(struct vport_machine *machine)
{
    if (machine->opened)
        vport_nt_device_close(machine->nt, machine->pdo);
    if (machine->added)
        vport_nt_device_pnp(machine->nt, machine->pdo, IRP_MN_REMOVE_DEVICE);
    if (machine->driver)
        vport_nt_driver_unload(machine->nt, machine->driver);
    machine->opened = machine->added = false;
    machine->driver = NULL;
}

/* ---- While it runs ---- */

static uint32_t control_send(struct vport_machine *machine, uint32_t code, const void *input,
                             uint32_t input_length, void *output, uint32_t output_length,
                             uint32_t *returned)
{
    ULONG_PTR information = 0;
    NTSTATUS status = vport_nt_device_control(machine->nt, machine->pdo, code, input, input_length,
                                              output, output_length, &information);

    *returned = (uint32_t)information;
    return VpVpStatus(status);
}

uint32_t vport_machine_control(struct vport_machine *machine, uint32_t code, const void *input,
                               uint32_t input_length, void *output, uint32_t output_length,
                               uint32_t *returned)
{
    struct vport_dma_statistics before, after;
    uint32_t length = 0;
    uint32_t status;

    if (returned)
        *returned = 0;
    if (!machine->opened)
        return ERROR_DEV_NOT_EXIST;
    vport_hal_statistics(machine->hal, &before);
    status = control_send(machine, code, input, input_length, output, output_length, &length);
    vport_hal_statistics(machine->hal, &after);
    for (int direction = 0; direction < DIRECTIONS; direction++)
        machine->requests[direction] += after.operations[direction] != before.operations[direction];
    if (returned)
        *returned = length;
    return status;
}

void vport_machine_call(struct vport_machine *machine, void (*function)(void *context),
                        void *context)
{
    struct vport_cpu cpu;

    vport_nt_enter(machine->nt, &cpu);
    function(context);
    vport_nt_leave(&cpu);
}

void *vport_machine_extension(struct vport_machine *machine)
{
    return machine->added ? VP_EXTENSION_OF(machine->pdo->AttachedDevice->DeviceExtension) : NULL;
}

enum vport_status vport_machine_alloc(struct vport_machine *machine, size_t length, void **memory)
{
    return machine->bus->ops->memory_alloc(machine->bus, length, memory);
}

enum vport_status vport_machine_free(struct vport_machine *machine, void *memory)
{
    return machine->bus->ops->memory_free(machine->bus, memory);
}

enum vport_status vport_machine_screenshot(struct vport_machine *machine, struct vport_image *image)
{
    return machine->bus->ops->screenshot(machine->bus, image);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

void vport_machine_run(struct vport_machine *machine, uint64_t nanoseconds)
{
    vport_loop_wait(machine->loop, never, NULL, nanoseconds);
}

/* The largest memory of the adapter that plain loads and stores reach: on a display adapter, its
 * video memory. */
static uint64_t video_memory(const struct vport_function *function)
{
    uint64_t largest = 0;

    for (unsigned i = 0; i < function->resources; i++)
        if (function->resource[i].kind == VPORT_IO_MEMORY && function->resource[i].direct &&
            function->resource[i].length > largest)
            largest = function->resource[i].length;
    return largest;
}

void vport_machine_statistics(struct vport_machine *machine,
                              struct vport_machine_statistics *statistics)
{
    struct vport_dma_statistics dma;

    vport_hal_statistics(machine->hal, &dma);
    *statistics = (struct vport_machine_statistics){
        .to_device = {machine->requests[TO_DEVICE], dma.operations[TO_DEVICE],
                      dma.elements[TO_DEVICE], dma.bytes[TO_DEVICE], dma.bounced_bytes[TO_DEVICE],
                      dma.queued[TO_DEVICE]},
        .from_device = {machine->requests[FROM_DEVICE], dma.operations[FROM_DEVICE],
                        dma.elements[FROM_DEVICE], dma.bytes[FROM_DEVICE],
                        dma.bounced_bytes[FROM_DEVICE], dma.queued[FROM_DEVICE]},
        .map_registers = dma.registers,
        .map_registers_high_water = dma.high_water,
        .video_memory = machine->bus->functions > 0 ? video_memory(&machine->bus->function[0]) : 0,
        .adapter = machine->adapter->kind.name,
        .driver = machine->driver_name,
    };
}

struct vport_reports *vport_machine_reports(struct vport_machine *machine)
{
    return machine->reports;
}
