/* SPDX-License-Identifier: MIT */
/* Models, options, command line: see model.h. */
#include "bus/qemu/model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define MIB(n)     ((uint64_t)(n) << 20)
#define EDU_LINES  28
#define EDU_REACH  (UINT64_C(1) << EDU_LINES)
#define PIXEL_SIZE 4u
/* Pages of the longest list that virtio-gpu takes, and one: its limit shall be the device's, not
 * ours. */
#define MAP_REGISTERS 16385u

static const struct vport_qemu_model_facts facts[VPORT_QEMU_MODELS] = {
    [VPORT_QEMU_NONE] = {.name = "none", .video_memory = -1, .registers = -1},
    [VPORT_QEMU_EDU] = {.name = "edu",
                        .dma_mask = EDU_REACH - 1,
                        .messages = true,
                        .video_memory = -1,
                        .registers = -1},
    [VPORT_QEMU_VIRTIO_GPU] = {.name = "virtio-gpu-pci",
                               .dma_mask = UINT64_MAX,
                               .screen = true,
                               .video_memory = -1,
                               .registers = -1},
    [VPORT_QEMU_BOCHS_DISPLAY] = {.name = "bochs-display",
                                  .screen = true,
                                  .video_memory = 0,
                                  .registers = 2},
    [VPORT_QEMU_VGA] =
        {.name = "VGA", .screen = true, .vga = true, .video_memory = 0, .registers = 2},
    [VPORT_QEMU_SECONDARY_VGA] = {.name = "secondary-vga",
                                  .screen = true,
                                  .video_memory = 0,
                                  .registers = 2,
                                  .options = ",vgamem_mb=64"},
    [VPORT_QEMU_CIRRUS] = {.name = "cirrus-vga",
                           .screen = true,
                           .vga = true,
                           .video_memory = 0,
                           .registers = -1,
                           .options = ",vgamem_mb=16"},
    [VPORT_QEMU_ATI] = {.name = "ati-vga",
                        .screen = true,
                        .vga = true,
                        .video_memory = 0,
                        .registers = -1,
                        .options = ",vgamem_mb=64"},
    [VPORT_QEMU_QXL] = {.name = "qxl-vga",
                        .screen = true,
                        .vga = true,
                        .video_memory = 0,
                        .registers = -1,
                        .options = ""},
    [VPORT_QEMU_VMWARE] = {.name = "vmware-svga",
                           .screen = true,
                           .vga = true,
                           .video_memory = 1,
                           .registers = -1,
                           .options = ",vgamem_mb=64"},
};

const struct vport_qemu_model_facts *vport_qemu_model_facts(enum vport_qemu_model model)
{
    return &facts[model];
}

/* ---- Options ---- */

uint64_t vport_qemu_options_video_memory(const struct vport_qemu_options *options)
{
    uint64_t need = (uint64_t)options->width * options->height * PIXEL_SIZE;
    uint64_t size = MIB(64); /* 3840 x 2160 fit; QEMU takes what is used of it */

    while (size < need)
        size *= 2;
    return size;
}

/*
 * edu writes into the screen's video memory, which therefore lies within its reach, above the RAM.
 */
static bool shares_reach(const struct vport_qemu_options *options)
{
    return options->device == VPORT_QEMU_EDU && options->screen != VPORT_QEMU_NONE;
}

static enum vport_status refuse(char *error, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum vport_status refuse(char *error, size_t size, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (error && size > 0)
        vsnprintf(error, size, format, arguments);
    va_end(arguments);
    return VPORT_E_INVALID;
}

static enum vport_status check_devices(const struct vport_qemu_options *options, char *error,
                                       size_t size)
{
    if (options->device <= VPORT_QEMU_NONE || options->device >= VPORT_QEMU_MODELS)
        return refuse(error, size, "there is no such device among QEMU's that this bus knows");
    if (options->screen != VPORT_QEMU_NONE && options->screen != VPORT_QEMU_BOCHS_DISPLAY &&
        options->screen != VPORT_QEMU_VGA)
        return refuse(error, size, "the screen can be bochs-display, VGA or none");
    if (options->messages && !facts[options->device].messages)
        return refuse(error, size,
                      "%s has no MSI capability: its interrupt is a level (interrupt=intx)",
                      facts[options->device].name);
    if (options->layout > VPORT_QEMU_MIXED)
        return refuse(error, size, "there is no such layout of memory");
    return VPORT_OK;
}

static enum vport_status check_sizes(const struct vport_qemu_options *options, char *error,
                                     size_t size)
{
    if (options->width > 16384 || options->height > 16384 ||
        vport_qemu_options_video_memory(options) > MIB(256))
        return refuse(error, size,
                      "%" PRIu32 " x %" PRIu32
                      " pixels are more than QEMU's screens can show (16384 a side, 256 MiB)",
                      options->width, options->height);
    if (options->memory % MIB(1) != 0 || options->memory < MIB(16) || options->memory > MIB(2048))
        return refuse(error, size, "memory must be whole MiB, from 16M to 2G");
    if (shares_reach(options) &&
        options->memory + vport_qemu_options_video_memory(options) > EDU_REACH)
        return refuse(error, size,
                      "%" PRIu64 " MiB of memory and %" PRIu64
                      " MiB of video memory are more than the 256 MiB that edu's %d address lines "
                      "reach: make memory or the mode smaller",
                      options->memory >> 20, vport_qemu_options_video_memory(options) >> 20,
                      EDU_LINES);
    return VPORT_OK;
}

enum vport_status vport_qemu_options_settle(struct vport_qemu_options *options, char *error,
                                            size_t size)
{
    enum vport_status status = check_devices(options, error, size);

    if (status != VPORT_OK)
        return status;
    if (options->width == 0)
        options->width = 1024;
    if (options->height == 0)
        options->height = 768;
    if (options->memory == 0)
        options->memory = shares_reach(options) ? MIB(192) : MIB(512);
    if (options->map_registers == 0)
        options->map_registers = MAP_REGISTERS;
    return check_sizes(options, error, size);
}

/* ---- Command line ---- */

static void add(struct vport_qemu_command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The longest command line is known: it is one of those below. */
static void add(struct vport_qemu_command_line *line, const char *format, ...)
{
    char *text = line->text + line->used;
    size_t room = sizeof(line->text) - line->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(text, room, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < room && line->count + 1 < VPORT_QEMU_ARGUMENTS);
    line->argument[line->count++] = text;
    line->argument[line->count] = NULL;
    line->used += (size_t)length + 1;
}

/* Nothing that we did not ask for, and no right that drawing pictures does not need. */
static void add_process(struct vport_qemu_command_line *line)
{
    add(line, "qemu-system-x86_64");
    add(line, "-nodefaults");
    add(line, "-no-user-config");
    add(line, "-display");
    add(line, "none");
    add(line, "-sandbox");
    add(line, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

/*
 * A machine whose processor sleeps. With the instruction count for a clock, and the processor
 * asleep, time jumps to the next timer: edu's DMA, which pretends to take 100 ms, takes 0.2.
 */
static void add_machine(struct vport_qemu_command_line *line,
                        const struct vport_qemu_options *options,
                        const struct vport_qemu_files *files, int ram)
{
    add(line, "-object");
    add(line, "memory-backend-file,id=ram0,size=%" PRIu64 ",mem-path=/proc/self/fd/%d,share=on",
        options->memory, ram);
    add(line, "-m");
    add(line, "%" PRIu64 "M", options->memory >> 20);
    add(line, "-machine");
    add(line, "q35,memory-backend=ram0,hpet=off,pit=off,vmport=off,smbus=off,sata=off,i8042=off,"
              "usb=off,graphics=off");
    add(line, "-bios");
    add(line, "/proc/self/fd/%d", files->firmware);
    add(line, "-accel");
    add(line, "tcg,tb-size=1");
    add(line, "-icount");
    add(line, "shift=0,sleep=off");
}

static void add_channels(struct vport_qemu_command_line *line, const struct vport_qemu_files *files)
{
    add(line, "-chardev");
    add(line, "socket,id=qtest,fd=%d", files->qtest.theirs);
    add(line, "-object");
    add(line, "qtest,id=qtest0,chardev=qtest,log=none");
    add(line, "-chardev");
    add(line, "socket,id=qmp,fd=%d", files->qmp.theirs);
    add(line, "-mon");
    add(line, "chardev=qmp,mode=control");
}

static void add_model(struct vport_qemu_command_line *line,
                      const struct vport_qemu_options *options, enum vport_qemu_model model,
                      const char *id, unsigned slot)
{
    uint64_t video_memory = vport_qemu_options_video_memory(options);

    add(line, "-device");
    switch (model) {
    case VPORT_QEMU_EDU:
        add(line, "edu,id=%s,addr=%02x.0", id, slot);
        break;
    case VPORT_QEMU_VIRTIO_GPU:
        add(line,
            "virtio-gpu-pci,id=%s,addr=%02x.0,xres=%" PRIu32 ",yres=%" PRIu32 ",iommu_platform=%s",
            id, slot, options->width, options->height, options->iommu ? "on" : "off");
        break;
    case VPORT_QEMU_BOCHS_DISPLAY:
        add(line,
            "bochs-display,id=%s,addr=%02x.0,vgamem=%" PRIu64 ",xres=%" PRIu32 ",yres=%" PRIu32, id,
            slot, video_memory, options->width, options->height);
        break;
    case VPORT_QEMU_VGA:
        add(line, "VGA,id=%s,addr=%02x.0,vgamem_mb=%" PRIu64 ",xres=%" PRIu32 ",yres=%" PRIu32, id,
            slot, video_memory >> 20, options->width, options->height);
        break;
    default:
        add(line, "%s,id=%s,addr=%02x.0%s", facts[model].name, id, slot, facts[model].options);
    }
}

/* The IOMMU comes first: QEMU tells it only of the devices that come after. */
static void add_devices(struct vport_qemu_command_line *line,
                        const struct vport_qemu_options *options,
                        const struct vport_qemu_files *files)
{
    if (options->iommu) {
        add(line, "-device");
        add(line, "intel-iommu,intremap=off,caching-mode=off,aw-bits=39");
    }
    add_model(line, options, options->device, "adapter", VPORT_QEMU_SLOT_ADAPTER);
    if (options->screen != VPORT_QEMU_NONE)
        add_model(line, options, options->screen, "screen", VPORT_QEMU_SLOT_SCREEN);
    if (options->messages) {
        add(line, "-chardev");
        add(line, "socket,id=doorbell,fd=%d", files->ivshmem.theirs);
        add(line, "-device");
        add(line, "ivshmem-doorbell,addr=%02x.0,chardev=doorbell,vectors=1",
            VPORT_QEMU_SLOT_DOORBELL);
    }
}

void vport_qemu_command_line(struct vport_qemu_command_line *line,
                             const struct vport_qemu_options *options,
                             const struct vport_qemu_files *files, int ram)
{
    *line = (struct vport_qemu_command_line){.count = 0};
    add_process(line);
    add_machine(line, options, files, ram);
    add_channels(line, files);
    add_devices(line, options, files);
}
