/* SPDX-License-Identifier: MIT */
/* The whole stack for tests: see stack.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "hal/hal.h"
#include "nt/nt.h"
#include "qemu/stack.h"

#include <ntdef.h>
#include <devioctl.h>
#include "miniports/blit_ioctl.h"
#include "videoprt/videoprt.h"

#define DEVICE_KEY "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\test\\Device0"

static void set_value(struct stack *stack, const char *name, const void *data, ULONG length)
{
    assert_int_equal(vport_nt_registry_set(stack->nt, DEVICE_KEY, name, REG_BINARY, data, length),
                     VPORT_OK);
}

/* What edu's miniport is told of the display next to it. */
static void name_screen(struct stack *stack)
{
    const struct vport_function *screen = &stack->machine.bus->function[1];
    uint32_t length = (uint32_t)screen->resource[0].length;

    set_value(stack, "ScreenMemory", &screen->resource[0].start, 8);
    set_value(stack, "ScreenMemoryLength", &length, 4);
    set_value(stack, "ScreenRegisters", &screen->resource[1].start, 8);
}

static void make_kernel(struct stack *stack)
{
    struct vport_nt_config config = {.loop = stack->machine.loop,
                                     .space = stack->machine.bus->space,
                                     .reports = stack->machine.reports};

    assert_int_equal(vport_nt_create(&config, &stack->nt), VPORT_OK);
    assert_int_equal(vport_hal_create(stack->nt, stack->machine.bus, &stack->hal), VPORT_OK);
}

static void start_device(struct stack *stack)
{
    PCM_RESOURCE_LIST resources;
    struct vport_cpu cpu;

    vport_nt_enter(stack->nt, &cpu);
    resources = vport_hal_resources(stack->hal, 0);
    assert_non_null(resources);
    assert_true(NT_SUCCESS(vport_nt_device_start(stack->nt, stack->pdo, resources)));
    ExFreePool(resources);
    vport_nt_leave(&cpu);
}

void stack_start(struct stack *stack, const struct vport_qemu_options *options, vport_driver entry)
{
    PDRIVER_OBJECT driver;

    machine_start(&stack->machine, options);
    make_kernel(stack);
    if (stack->machine.bus->functions > 1)
        name_screen(stack);
    stack->pdo = vport_hal_pdo(stack->hal, 0);
    assert_non_null(stack->pdo);
    assert_true(
        NT_SUCCESS(vport_nt_driver_load(stack->nt, "test", (vport_driver_entry)entry, &driver)));
    stack->driver = driver;
    assert_true(NT_SUCCESS(vport_nt_device_add(stack->nt, driver, stack->pdo)));
    start_device(stack);
    assert_true(NT_SUCCESS(vport_nt_device_open(stack->nt, stack->pdo)));
}

void stack_end(struct stack *stack, uint64_t expected)
{
    vport_nt_device_close(stack->nt, stack->pdo);
    vport_nt_device_pnp(stack->nt, stack->pdo, IRP_MN_REMOVE_DEVICE);
    vport_nt_driver_unload(stack->nt, stack->driver);
    vport_hal_destroy(stack->hal);
    vport_nt_destroy(stack->nt);
    machine_end(&stack->machine, expected);
}

static uint32_t control(struct stack *stack, ULONG code, const void *input, ULONG input_length,
                        void *output, ULONG output_length)
{
    ULONG_PTR returned = 0;

    return VpVpStatus(vport_nt_device_control(stack->nt, stack->pdo, code, input, input_length,
                                              output, output_length, &returned));
}

uint32_t stack_set_size(struct stack *stack, uint32_t width, uint32_t height)
{
    VPORT_SIZE size = {.Width = width, .Height = height};

    return control(stack, IOCTL_VPORT_SET_SIZE, &size, sizeof(size), NULL, 0);
}

uint32_t stack_blit(struct stack *stack, bool to_device, unsigned flags, void *pixels,
                    uint32_t width, uint32_t height, struct stack_moved *moved)
{
    VPORT_BLIT blit = {.Direction = to_device ? VPORT_BLIT_TO_DEVICE : VPORT_BLIT_FROM_DEVICE,
                       .Flags = flags,
                       .Width = width,
                       .Height = height,
                       .Buffer = (uintptr_t)pixels};
    VPORT_BLIT_RESULT result = {0};
    uint32_t status =
        control(stack, IOCTL_VPORT_BLIT, &blit, sizeof(blit), &result, sizeof(result));

    if (moved)
        *moved = (struct stack_moved){result.Operations, result.Elements, result.Bytes};
    return status;
}
