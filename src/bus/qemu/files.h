/* SPDX-License-Identifier: MIT */
/*
 * What this process and QEMU share: memory files and sockets, all of them without a name in any
 * directory. And the doorbell's half of the conversation that an ivshmem device expects of its
 * server. Knows no protocol beyond that.
 */
#ifndef VPORT_BUS_QEMU_FILES_H
#define VPORT_BUS_QEMU_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <videoport/status.h>

/* -1: none. Closed by vport_qemu_files_close() unless somebody took it over (and put -1 here). */
struct vport_qemu_files {
    int firmware; /* memory file: what the processor runs */
    int picture;  /* memory file: QEMU's screenshots */
    int doorbell; /* eventfd: counts interrupt messages */
    struct {
        int ours, theirs; /* the two ends */
    } qtest, qmp, ivshmem;
};

enum { VPORT_QEMU_FIRMWARE_SIZE = 65536 };

/* `doorbell`: with what interrupt messages need. VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_files_open(struct vport_qemu_files *files, bool doorbell);
/* Fills keep[] (room for 8) with what the child inherits besides the RAM; returns how many. */
size_t vport_qemu_files_kept(const struct vport_qemu_files *files, int *keep);
/* The child has its ends; ours of them go. */
void vport_qemu_files_close_theirs(struct vport_qemu_files *files);
void vport_qemu_files_close(struct vport_qemu_files *files);

#endif
