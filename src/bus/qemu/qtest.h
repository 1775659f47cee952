/* SPDX-License-Identifier: MIT */
/*
 * A client of QEMU's qtest protocol: memory and port accesses in a machine whose processor sleeps,
 * and the levels of its interrupt lines.
 *
 * Every command is built here from checked numbers, because QEMU aborts on a malformed line: a
 * wrong argument is refused before a byte is sent. Commands of a session are pipelined; answers
 * come strictly in order. A peer that is gone, late, or says something that is not qtest makes the
 * client dead: it reports once, and every later call fails with VPORT_E_DEVICE. Knows no process,
 * no PCI.
 */
#ifndef VPORT_BUS_QEMU_QTEST_H
#define VPORT_BUS_QEMU_QTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>

struct vport_qtest;

struct vport_qtest_config {
    int fd;           /* a connected stream socket; the client owns it from now on */
    unsigned timeout; /* ms that an answer may take */
    /* An interrupt line changed. Called on any thread, with the client locked: must not call into
     * it. */
    void (*irq)(void *context, uint32_t line, bool level);
    /* The client died; `why` is a sentence without a full stop. Called once, in the same way. */
    void (*died)(void *context, const char *why);
    void *context;
};

enum {
    VPORT_QTEST_CHUNK =
        32768, /* most bytes one command moves: 8 of these in flight were fastest (125 MB/s) */
    VPORT_QTEST_COMBINED = 4096, /* most bytes that are kept back */
    VPORT_QTEST_FLIGHT = 64,     /* most commands without an answer */
    VPORT_QTEST_PORTS = 0x10000  /* ports there are */
};

/* VPORT_E_NO_MEMORY; the socket is closed then. */
enum vport_status vport_qtest_create(const struct vport_qtest_config *config,
                                     struct vport_qtest **qtest);
void vport_qtest_destroy(struct vport_qtest *qtest);

/*
 * A session: begin, any number of commands, end. Other threads wait in begin meanwhile. Nothing is
 * known to have happened, and no value is filled in, before end returned VPORT_OK; end returns the
 * first failure: VPORT_E_RANGE or VPORT_E_INVALID for a command that was refused (those before and
 * after it are carried out), VPORT_E_DEVICE.
 */
void vport_qtest_begin(struct vport_qtest *qtest);
enum vport_status vport_qtest_end(struct vport_qtest *qtest);
/*
 * Ends a session of writes without waiting for their answers, as a PCI bus posts writes: they are
 * carried out in order and before whatever comes next, and a failure is that of a later session.
 */
enum vport_status vport_qtest_post(struct vport_qtest *qtest);

/*
 * A session of one posted write to memory for which it does not matter how it is accessed. It is
 * kept back while its neighbours are being written, as a processor combines writes to video memory,
 * and carried out before whatever else comes next. `length`: at most VPORT_QTEST_COMBINED.
 */
enum vport_status vport_qtest_combine(struct vport_qtest *qtest, uint64_t address, const void *data,
                                      size_t length);

/* Memory: width 1, 2, 4 or 8. */
void vport_qtest_read(struct vport_qtest *qtest, uint64_t address, unsigned width, uint64_t *value);
void vport_qtest_write(struct vport_qtest *qtest, uint64_t address, unsigned width, uint64_t value);
/* Ports: width 1, 2 or 4. */
void vport_qtest_in(struct vport_qtest *qtest, uint64_t port, unsigned width, uint64_t *value);
void vport_qtest_out(struct vport_qtest *qtest, uint64_t port, unsigned width, uint64_t value);
/* Any number of bytes of memory, in accesses of QEMU's choice: for memory, not for registers. */
void vport_qtest_read_bytes(struct vport_qtest *qtest, uint64_t address, void *data, size_t length);
void vport_qtest_write_bytes(struct vport_qtest *qtest, uint64_t address, const void *data,
                             size_t length);
/*
 * From now on irq() gets the input lines of the device at this path (1 to 64 of [A-Za-z0-9/._-]).
 */
void vport_qtest_intercept(struct vport_qtest *qtest, const char *path);

/*
 * Readable (poll) when something came that no session is waiting for. vport_qtest_receive() then
 * takes it in: interrupt lines, the end of the stream. Any thread.
 */
int vport_qtest_ready_fd(const struct vport_qtest *qtest);
void vport_qtest_receive(struct vport_qtest *qtest);

/* true once the client has died. Any thread. */
bool vport_qtest_dead(struct vport_qtest *qtest);

#endif
