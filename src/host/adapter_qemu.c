/* SPDX-License-Identifier: MIT */
/*
 * The adapter kind "qemu": QEMU's device models as hardware. The first word names the device,
 * qemu:edu or qemu:virtio-gpu,frames=scattered; each device is a variant with the miniport that
 * drives it.
 */
#include "host/adapters.h"

#include <stdio.h>
#include <string.h>

#include "bus/qemu/qemu.h"
#include "miniports/miniports.h"

enum qemu_key {
    QEMU_DEVICE,
    QEMU_SCREEN,
    QEMU_BUFFER,
    QEMU_IOMMU,
    QEMU_INTERRUPT,
    QEMU_FRAMES,
    QEMU_MEMORY,
    QEMU_MAP_REGISTERS,
    QEMU_KEYS
};

static const struct vport_adapter_key qemu_keys[QEMU_KEYS + 1] = {
    [QEMU_DEVICE] = {"device",
                     "virtio-gpu|edu|bochs-display|vga|secondary-vga|cirrus-vga|ati-vga|qxl-vga|"
                     "vmware-svga",
                     "virtio-gpu",
                     "the adapter; its name may stand alone, as in qemu:edu; a miniport comes with "
                     "the first two"},
    [QEMU_SCREEN] = {"screen", "none|bochs-display|vga", "none",
                     "a card that stands next to edu, which then writes pictures into its memory"},
    [QEMU_BUFFER] =
        {"buffer", "guest|own", "guest",
         "pictures lie in memory that the device can reach, or in the process's own, and bounce"},
    [QEMU_IOMMU] = {"iommu", "on|off", "off", "an Intel IOMMU between the devices and memory"},
    [QEMU_INTERRUPT] = {"interrupt", "level|message", "level", "message (MSI): edu only"},
    [QEMU_FRAMES] = {"frames", "contiguous|scattered|mixed", "mixed",
                     "how a buffer's pages lie in the machine's memory"},
    [QEMU_MEMORY] = {"memory", "auto|16M..2G", "auto",
                     "the machine's memory, whole MiB; auto: enough"},
    [QEMU_MAP_REGISTERS] = {"map-registers", "auto|1..1048576", "auto",
                            "most the platform grants; auto: 16385"},
    {0}};

static const struct vport_key_rule qemu_rules[QEMU_KEYS] = {
    [QEMU_DEVICE] = {.bare = true},
    [QEMU_MEMORY] = {.kind = VPORT_KEY_SIZE,
                     .least = 16ull << 20,
                     .most = 2ull << 30,
                     .zero = "auto"},
    [QEMU_MAP_REGISTERS] = {.kind = VPORT_KEY_NUMBER, .least = 1, .most = 1 << 20, .zero = "auto"},
};

static enum vport_status qemu_check(char *why)
{
    return vport_qemu_check(why, VPORT_ERROR_TEXT);
}

static enum vport_loop_mode qemu_mode(const struct vport_adapter_choice *choice)
{
    return VPORT_LOOP_THREADED; /* QEMU is a process of its own: what happens there, happens when it
                                   does */
}

/* Combinations that no single key can refuse. NULL: fine. */
static const char *qemu_conflict(const struct vport_adapter_choice *choice,
                                 const struct vport_qemu_options *options)
{
    if (choice->device)
        return "a device model of your own plugs into 'sim' only";
    if (options->device != VPORT_QEMU_EDU && options->screen != VPORT_QEMU_NONE)
        return "screen= goes with qemu:edu only: the other devices have screens of their own";
    if (options->device != VPORT_QEMU_EDU && options->messages)
        return "interrupt=message goes with qemu:edu only";
    if (choice->values[QEMU_MEMORY] & 0xfffff)
        return "memory= is in whole MiB";
    return NULL;
}

static enum vport_status qemu_create(const struct vport_adapter_choice *choice,
                                     const struct vport_bus_config *config, struct vport_bus **bus)
{
    static const enum vport_qemu_model devices[] = {
        VPORT_QEMU_VIRTIO_GPU, VPORT_QEMU_EDU,           VPORT_QEMU_BOCHS_DISPLAY,
        VPORT_QEMU_VGA,        VPORT_QEMU_SECONDARY_VGA, VPORT_QEMU_CIRRUS,
        VPORT_QEMU_ATI,        VPORT_QEMU_QXL,           VPORT_QEMU_VMWARE};
    static const enum vport_qemu_model screens[] = {VPORT_QEMU_NONE, VPORT_QEMU_BOCHS_DISPLAY,
                                                    VPORT_QEMU_VGA};
    static const enum vport_qemu_layout layouts[] = {VPORT_QEMU_CONTIGUOUS, VPORT_QEMU_SCATTERED,
                                                     VPORT_QEMU_MIXED};
    struct vport_qemu_options options = {
        .device = devices[choice->values[QEMU_DEVICE]],
        .screen = screens[choice->values[QEMU_SCREEN]],
        .iommu = choice->values[QEMU_IOMMU] == 0,
        .own_buffers = choice->values[QEMU_BUFFER] == 1,
        .messages = choice->values[QEMU_INTERRUPT] == 1,
        .layout = layouts[choice->values[QEMU_FRAMES]],
        .memory = choice->values[QEMU_MEMORY],
        .map_registers = (uint32_t)choice->values[QEMU_MAP_REGISTERS],
    };
    const char *conflict = qemu_conflict(choice, &options);

    if (!conflict)
        return vport_qemu_bus_create(config, &options, bus);
    snprintf(config->error, config->error_size, "adapter 'qemu': %s", conflict);
    vport_adapter_drop_device(choice->device);
    return VPORT_E_INVALID;
}

/* What an INF would have told edu's miniport: the card whose memory it writes to. */
static enum vport_status edu_settings(struct vport_bus *bus, struct vport_nt *nt, const char *key)
{
    const struct vport_function *screen = &bus->function[1];
    uint32_t length = (uint32_t)screen->resource[0].length;
    enum vport_status status;

    if (bus->functions < 2)
        return VPORT_OK;
    status =
        vport_nt_registry_set(nt, key, "ScreenMemory", REG_BINARY, &screen->resource[0].start, 8);
    if (status == VPORT_OK)
        status = vport_nt_registry_set(nt, key, "ScreenMemoryLength", REG_BINARY, &length,
                                       sizeof(length));
    if (status == VPORT_OK)
        status = vport_nt_registry_set(nt, key, "ScreenRegisters", REG_BINARY,
                                       &screen->resource[1].start, 8);
    return status;
}

#define QEMU_VARIANT(text)                                                                         \
    .kind = {.name = text, .help = "a device of QEMU's", .keys = qemu_keys}, .rules = qemu_rules,  \
    .mode = qemu_mode, .create = qemu_create, .machine_memory = true

static const struct vport_adapter variants[] = {
    {QEMU_VARIANT("qemu:virtio-gpu"), .driver_name = "virtio_gpu",
     .driver = vport_miniport_virtio_gpu_entry},
    {QEMU_VARIANT("qemu:edu"), .driver_name = "edu", .driver = vport_miniport_edu_entry,
     .settings = edu_settings},
    {QEMU_VARIANT("qemu:bochs-display")},
    {QEMU_VARIANT("qemu:vga")},
    {QEMU_VARIANT("qemu:secondary-vga")},
    {QEMU_VARIANT("qemu:cirrus-vga")},
    {QEMU_VARIANT("qemu:ati-vga")},
    {QEMU_VARIANT("qemu:qxl-vga")},
    {QEMU_VARIANT("qemu:vmware-svga")},
};

static const struct vport_adapter *qemu_variant(const struct vport_adapter_choice *choice)
{
    return &variants[choice->values[QEMU_DEVICE]];
}

const struct vport_adapter vport_adapter_qemu = {
    .kind = {.name = "qemu",
             .help = "QEMU's devices as hardware: a display adapter with scatter/gather DMA, and a "
                     "DMA engine",
             .keys = qemu_keys},
    .rules = qemu_rules,
    .check = qemu_check,
    .variant = qemu_variant,
};
