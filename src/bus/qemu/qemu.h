/* SPDX-License-Identifier: MIT */
/*
 * The QEMU bus: device models that nobody here wrote, driven as hardware.
 *
 * QEMU runs a machine whose processor sleeps for ever. Its memory is a memory object of this
 * process, its PCI devices are configured and driven through the qtest protocol, and they move data
 * by bus-master DMA out of and into that shared memory. docs/qemu.md tells the whole story.
 */
#ifndef VPORT_BUS_QEMU_QEMU_H
#define VPORT_BUS_QEMU_QEMU_H

#include <sys/types.h>

#include "bus/bus.h"

enum vport_qemu_model {
    VPORT_QEMU_NONE,
    VPORT_QEMU_EDU,           /* a DMA engine with 28 address lines, no scatter/gather, no screen */
    VPORT_QEMU_VIRTIO_GPU,    /* scatter/gather DMA, 64 address lines */
    VPORT_QEMU_BOCHS_DISPLAY, /* video memory, no DMA */
    VPORT_QEMU_VGA,           /* the same, with VGA's registers besides */
    VPORT_QEMU_SECONDARY_VGA, /* the same without VGA's addresses: those registers are in a BAR */
    VPORT_QEMU_CIRRUS,        /* the rest: displays for drivers of other people's */
    VPORT_QEMU_ATI,
    VPORT_QEMU_QXL,
    VPORT_QEMU_VMWARE,
    VPORT_QEMU_MODELS
};

enum vport_qemu_layout {
    VPORT_QEMU_CONTIGUOUS, /* frames ascend one by one */
    VPORT_QEMU_SCATTERED,  /* no two neighbours are adjacent */
    VPORT_QEMU_MIXED,      /* runs of geometric mean 8 */
};

struct vport_qemu_options {
    enum vport_qemu_model device; /* function 0, the adapter */
    enum vport_qemu_model screen; /* function 1, a card with video memory, set to the mode below as
                                     firmware would; or NONE */
    bool iommu;                   /* an Intel IOMMU between the devices and memory */
    bool own_buffers; /* user memory is the process's own, so everything bounces; else it is the
                         machine's */
    bool messages;    /* interrupts are messages (MSI) instead of a level; edu only */
    enum vport_qemu_layout layout;
    uint64_t memory; /* bytes, whole MiB, 16 MiB to 2 GiB; 0: 512 MiB, or 192 MiB for edu with a
                        screen */
    uint32_t width, height; /* pixels, 1 to 16384, of the mode that the screen shows or prefers; 0:
                               1024 x 768 */
    uint32_t map_registers; /* most an adapter is granted; 0: 16385 */
};

/* Is QEMU here, with all that its machines need? VPORT_E_ENVIRONMENT: `why` (`size` bytes) says
 * what is missing. */
enum vport_status vport_qemu_check(char *why, size_t size);

/*
 * Starts QEMU and assigns its devices' resources. The loop is a threaded one. VPORT_E_INVALID:
 * impossible options; VPORT_E_ENVIRONMENT: no QEMU, or one that does not start here;
 * VPORT_E_DEVICE: it started, but does not behave; VPORT_E_NO_MEMORY. config->error says which,
 * with QEMU's own words where there are any.
 */
enum vport_status vport_qemu_bus_create(const struct vport_bus_config *config,
                                        const struct vport_qemu_options *options,
                                        struct vport_bus **bus);

/* ---- What hardware does not do, for tests of what happens then ---- */

/* Time in the machine stands still: devices take commands, but finish nothing. */
enum vport_status vport_qemu_bus_stop(struct vport_bus *bus);
enum vport_status vport_qemu_bus_continue(struct vport_bus *bus);
/*
 * Every device is as at power-on; then the bus assigns the same resources again, as firmware does
 * on the way out of sleep. Memory keeps its contents.
 */
enum vport_status vport_qemu_bus_reset(struct vport_bus *bus);
/* QEMU's process. */
pid_t vport_qemu_bus_process(struct vport_bus *bus);

#endif
