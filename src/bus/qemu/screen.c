/* SPDX-License-Identifier: MIT */
/*
 * Screens: setting a mode the way firmware would, and what QEMU says a screen shows. QEMU writes
 * its screenshot into a memory file as a binary PPM: 8 bits a channel, exactly the pixels, and no
 * compressing and decompressing (a 1000 x 700 PNG takes QEMU 7 times as long).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus/qemu/internal.h"

enum {
    DISPI = 0x500, /* Bochs's registers in their BAR, 16 bits each */
    DISPI_XRES = 1,
    DISPI_YRES = 2,
    DISPI_BPP = 3,
    DISPI_ENABLE = 4,
    DISPI_VIRTUAL_WIDTH = 6,
    DISPI_X_OFFSET = 8,
    DISPI_Y_OFFSET = 9,
    DISPI_ENABLED = 0x01,
    DISPI_LINEAR = 0x40,

    VENDOR_CAPABILITY = 0x09,
    VIRTIO_COMMON = 1,         /* kind of virtio's structures that holds the device's status */
    VIRTIO_DEVICE_STATUS = 20, /* offset in it */
    VIRTIO_DRIVER_OK = 4,
};

/* ---- Modes ---- */

enum vport_status vport_qemu_screen_start(struct vport_qemu_bus *bus)
{
    const struct vport_qemu_options *options = &bus->options;
    const struct vport_resource *registers = vport_qemu_pci_bar(
        bus, VPORT_QEMU_SLOT_SCREEN, vport_qemu_model_facts(options->screen)->registers);
    const struct {
        unsigned index, value;
    } mode[] = {{DISPI_ENABLE, 0},
                {DISPI_XRES, options->width},
                {DISPI_YRES, options->height},
                {DISPI_BPP, 32},
                {DISPI_VIRTUAL_WIDTH, options->width},
                {DISPI_X_OFFSET, 0},
                {DISPI_Y_OFFSET, 0},
                {DISPI_ENABLE, DISPI_ENABLED | DISPI_LINEAR}};

    if (!registers)
        return VPORT_OK;
    vport_qtest_begin(bus->qtest);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(mode); i++)
        vport_qtest_write(bus->qtest, registers->start + DISPI + 2 * mode[i].index, 2,
                          mode[i].value);
    return vport_qtest_end(bus->qtest);
}

/* ---- Is there anything to see? ---- */

static enum vport_status read_register(struct vport_qemu_bus *bus, uint64_t address, unsigned width,
                                       uint64_t *value)
{
    vport_qtest_begin(bus->qtest);
    vport_qtest_read(bus->qtest, address, width, value);
    return vport_qtest_end(bus->qtest);
}

static enum vport_status dispi_shows(struct vport_qemu_bus *bus,
                                     const struct vport_resource *registers)
{
    uint64_t enable = 0;
    enum vport_status status =
        read_register(bus, registers->start + DISPI + 2 * DISPI_ENABLE, 2, &enable);

    return status == VPORT_OK && !(enable & DISPI_ENABLED) ? VPORT_E_STATE : status;
}

/* Where a virtio device's status is; 0: not found. */
static enum vport_status find_virtio_status(struct vport_qemu_bus *bus, uint64_t *address)
{
    enum vport_status status = VPORT_OK;
    uint8_t at = 0;

    *address = 0;
    while (status == VPORT_OK) {
        uint8_t structure[12]; /* ... kind at 3, BAR at 4, offset at 8 */
        const struct vport_resource *resource;
        uint32_t offset;

        status =
            vport_qemu_pci_capability(bus, VPORT_QEMU_SLOT_ADAPTER, VENDOR_CAPABILITY, at, &at);
        if (status != VPORT_OK || at == 0)
            break;
        status =
            vport_qemu_pci_read(bus, VPORT_QEMU_SLOT_ADAPTER, at, structure, sizeof(structure));
        resource = vport_qemu_pci_bar(bus, VPORT_QEMU_SLOT_ADAPTER, structure[4]);
        memcpy(&offset, structure + 8, sizeof(offset));
        if (status == VPORT_OK && structure[3] == VIRTIO_COMMON && resource) {
            *address = resource->start + offset + VIRTIO_DEVICE_STATUS;
            break;
        }
    }
    return status;
}

static enum vport_status virtio_shows(struct vport_qemu_bus *bus)
{
    uint64_t address = 0;
    uint64_t value = 0;
    enum vport_status status = find_virtio_status(bus, &address);

    if (status == VPORT_OK && address)
        status = read_register(bus, address, 1, &value);
    return status == VPORT_OK && !(value & VIRTIO_DRIVER_OK) ? VPORT_E_STATE : status;
}

/* VPORT_E_STATE: no mode was set. QXL's and VMware's modes of their own are QEMU's to know. */
static enum vport_status shows(struct vport_qemu_bus *bus, enum vport_qemu_model model,
                               unsigned slot)
{
    const struct vport_qemu_model_facts *facts = vport_qemu_model_facts(model);

    if (model == VPORT_QEMU_QXL || model == VPORT_QEMU_VMWARE)
        return VPORT_OK;
    if (model == VPORT_QEMU_VIRTIO_GPU)
        return virtio_shows(bus);
    return facts->vga ? vport_qemu_vga_shows(bus)
                      : dispi_shows(bus, vport_qemu_pci_bar(bus, slot, facts->registers));
}

/* The slot whose screen is looked at: the adapter's own, else the second card's; 0: none. */
static unsigned screen_slot(const struct vport_qemu_bus *bus, enum vport_qemu_model *model)
{
    *model = bus->options.device;
    if (vport_qemu_model_facts(*model)->screen)
        return VPORT_QEMU_SLOT_ADAPTER;
    *model = bus->options.screen;
    return *model == VPORT_QEMU_NONE ? 0 : VPORT_QEMU_SLOT_SCREEN;
}

/* ---- Pictures ---- */

/* A picture as QEMU wrote it. */
struct ppm {
    const uint8_t *rgb;
    size_t stride; /* bytes from row to row */
    uint32_t width, height;
};

/*
 * "P6 <width> <height> 255", one more blank, rows of three bytes a pixel. QEMU 7.2 pads the rows to
 * a multiple of 4 bytes, which PPM does not know; both are taken.
 */
static bool parse(const char *text, size_t size, struct ppm *ppm)
{
    char head[64] = {0};
    int length = 0;
    size_t row;

    memcpy(head, text, vport_min_u64(size, sizeof(head) - 1));
    if (sscanf(head, "P6 %5u %5u 255%n", &ppm->width, &ppm->height, &length) != 2 || length == 0 ||
        (size_t)length >= size || ppm->width == 0 || ppm->height == 0)
        return false;
    size -= (size_t)length + 1;
    row = (size_t)ppm->width * 3;
    ppm->rgb = (const uint8_t *)text + length + 1;
    ppm->stride = size / ppm->height;
    return ppm->stride * ppm->height == size &&
           (ppm->stride == row || ppm->stride == vport_align_up(row, 4));
}

static enum vport_status decode(const char *text, size_t size, struct vport_image *image)
{
    struct ppm ppm;
    uint32_t *pixel;

    if (!parse(text, size, &ppm))
        return VPORT_E_DEVICE;
    pixel = malloc((size_t)ppm.width * ppm.height * sizeof(*pixel));
    if (!pixel)
        return VPORT_E_NO_MEMORY;
    *image = (struct vport_image){.width = ppm.width, .height = ppm.height, .pixels = pixel};
    for (uint32_t y = 0; y < ppm.height; y++) {
        const uint8_t *rgb = ppm.rgb + y * ppm.stride;

        for (uint32_t x = 0; x < ppm.width; x++, rgb += 3)
            *pixel++ = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
    }
    return VPORT_OK;
}

static enum vport_status load(int file, struct vport_image *image)
{
    off_t length = lseek(file, 0, SEEK_END); /* no fstat: a jailed machine may not name files */
    enum vport_status status;
    char *text;

    if (length <= 0)
        return VPORT_E_DEVICE;
    text = mmap(NULL, (size_t)length, PROT_READ, MAP_SHARED, file, 0);
    if (text == MAP_FAILED)
        return VPORT_E_NO_MEMORY;
    status = decode(text, (size_t)length, image);
    munmap(text, (size_t)length);
    return status;
}

static enum vport_status dump(struct vport_qemu_bus *bus, unsigned slot)
{
    char name[32];
    json_t *arguments;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", bus->files.picture);
    arguments = json_pack("{s:s, s:s, s:i, s:s}", "filename", name, "device",
                          slot == VPORT_QEMU_SLOT_ADAPTER ? "adapter" : "screen", "head", 0,
                          "format", "ppm");
    if (!arguments)
        return VPORT_E_NO_MEMORY;
    vport_qemu_flush(bus);
    return vport_qmp_execute(bus->qmp, "screendump", arguments, NULL);
}

enum vport_status vport_qemu_screenshot(struct vport_bus *base, struct vport_image *image)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    enum vport_qemu_model model;
    unsigned slot = screen_slot(bus, &model);
    enum vport_status status;

    *image = (struct vport_image){0};
    if (slot == 0)
        return VPORT_E_UNSUPPORTED;
    status = shows(bus, model, slot);
    if (status != VPORT_OK)
        return status;
    pthread_mutex_lock(&bus->picture);
    status = dump(bus, slot);
    if (status == VPORT_OK)
        status = load(bus->files.picture, image);
    pthread_mutex_unlock(&bus->picture);
    return status == VPORT_E_INVALID ? VPORT_E_DEVICE : status;
}
