/* SPDX-License-Identifier: MIT */
/*
 * A client of QEMU's monitor (QMP): commands one at a time, each with a time limit; events are
 * counted and otherwise skipped. Knows no process and no PCI.
 */
#ifndef VPORT_BUS_QEMU_QMP_H
#define VPORT_BUS_QEMU_QMP_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <videoport/status.h>

struct vport_qmp;

enum vport_qmp_event {
    VPORT_QMP_SHUTDOWN,
    VPORT_QMP_RESET,
    VPORT_QMP_STOP,
    VPORT_QMP_RESUME,
    VPORT_QMP_GUEST_PANICKED,
    VPORT_QMP_EVENTS
};

enum { VPORT_QMP_TEXT = 256 };

/*
 * Reads the greeting and enters command mode. `fd` is a connected stream socket that the client
 * owns from now on; `timeout` is what a command may take, in ms. On failure `error` (VPORT_QMP_TEXT
 * bytes) says what came instead. VPORT_E_DEVICE, VPORT_E_NO_MEMORY.
 */
enum vport_status vport_qmp_create(int fd, unsigned timeout, struct vport_qmp **qmp, char *error);
void vport_qmp_destroy(struct vport_qmp *qmp);

/* "7.2.22": what the greeting said. */
const char *vport_qmp_version(const struct vport_qmp *qmp);

/*
 * Runs `command`; `arguments` (may be NULL) is consumed. Any thread. VPORT_E_DEVICE: QEMU is gone,
 * late or talks nonsense, now and for ever; VPORT_E_INVALID: QEMU refused. `error` (VPORT_QMP_TEXT
 * bytes, may be NULL) then says why in QEMU's own words.
 */
enum vport_status vport_qmp_execute(struct vport_qmp *qmp, const char *command, json_t *arguments,
                                    char *error);

/* Asks QEMU to end, and does not wait for what it says to that. Any thread. */
void vport_qmp_quit(struct vport_qmp *qmp);

/* How often the event came so far. Any thread. */
uint64_t vport_qmp_count(struct vport_qmp *qmp, enum vport_qmp_event event);
/* Waits until it came more than `seen` times. VPORT_E_TIMEOUT, VPORT_E_DEVICE. */
enum vport_status vport_qmp_wait(struct vport_qmp *qmp, enum vport_qmp_event event, uint64_t seen);

#endif
