/* SPDX-License-Identifier: MIT */
/* A QEMU bus for a test, with a loop and a report channel of its own. Needs QEMU: without it, the
 * test fails and says so. */
#ifndef VPORT_TESTS_QEMU_MACHINE_H
#define VPORT_TESTS_QEMU_MACHINE_H

#include "bus/qemu/internal.h"

struct machine {
    struct vport_loop *loop;
    struct vport_reports *reports;
    struct vport_bus *bus;
    char error[512];
};

/* Makes the loop and the reports, then tries the bus. */
enum vport_status machine_try(struct machine *machine, const struct vport_qemu_options *options);
/* Makes all, or fails the test. */
void machine_start(struct machine *machine, const struct vport_qemu_options *options);
/* Ends it; fails the test if there were any reports but `expected`. */
void machine_end(struct machine *machine, uint64_t expected);

/* Waits until there are `count` reports of `rule` (at most 5 s), and checks that the last of them
 * says `words`. */
void machine_expect_report(struct machine *machine, const char *rule, uint64_t count,
                           const char *words);
/* Waits until *value reaches `least`, at most 5 s. */
void machine_expect(const _Atomic unsigned *value, unsigned least);

/* Bytes of guest memory as QEMU sees it. */
void machine_peek(struct machine *machine, uint64_t address, void *data, size_t length);
void machine_poke(struct machine *machine, uint64_t address, const void *data, size_t length);

/* 4-byte registers of BAR `bar` of the adapter. */
uint32_t machine_read(struct machine *machine, unsigned bar, uint32_t offset);
void machine_write(struct machine *machine, unsigned bar, uint32_t offset, uint32_t value);

uint64_t machine_nanoseconds(void);

#endif
