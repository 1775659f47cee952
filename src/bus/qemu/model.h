/* SPDX-License-Identifier: MIT */
/*
 * What is known beforehand of QEMU's device models, what can be asked for, and the command line
 * that asks for it. All text, no process, no protocol.
 */
#ifndef VPORT_BUS_QEMU_MODEL_H
#define VPORT_BUS_QEMU_MODEL_H

#include "bus/qemu/files.h"
#include "bus/qemu/qemu.h"

/* Root bus slots. */
enum {
    VPORT_QEMU_SLOT_ADAPTER = 4,
    VPORT_QEMU_SLOT_SCREEN = 5,
    VPORT_QEMU_SLOT_DOORBELL = 6,
};

struct vport_qemu_model_facts {
    const char *name;    /* QEMU's */
    uint64_t dma_mask;   /* address lines, see struct vport_function; 0: no DMA */
    bool messages;       /* has an MSI capability */
    bool screen;         /* has something to show */
    bool vga;            /* answers at the VGA's ports and memory */
    int video_memory;    /* BAR that is plain memory; -1: none */
    int registers;       /* BAR with Bochs's DISPI registers; -1: none */
    const char *options; /* more properties, a comma before each; NULL: add_model knows the model */
};

const struct vport_qemu_model_facts *vport_qemu_model_facts(enum vport_qemu_model model);

/* Fills in what was left to us and checks the whole. VPORT_E_INVALID: `error` (`size` bytes) says
 * what cannot be. */
enum vport_status vport_qemu_options_settle(struct vport_qemu_options *options, char *error,
                                            size_t size);
/* Bytes of the screen's video memory: a power of two that holds the mode. */
uint64_t vport_qemu_options_video_memory(const struct vport_qemu_options *options);

enum { VPORT_QEMU_ARGUMENTS = 64, VPORT_QEMU_ARGUMENT_TEXT = 4096 };

struct vport_qemu_command_line {
    char *argument[VPORT_QEMU_ARGUMENTS]; /* ends with NULL */
    unsigned count;
    size_t used;
    char text[VPORT_QEMU_ARGUMENT_TEXT];
};

/* The options are settled. `ram`: descriptor of the machine's memory. */
void vport_qemu_command_line(struct vport_qemu_command_line *line,
                             const struct vport_qemu_options *options,
                             const struct vport_qemu_files *files, int ram);

#endif
