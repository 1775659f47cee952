/* SPDX-License-Identifier: MIT */
/* One line of what QEMU's qtest says, taken apart. Pure functions of untrusted bytes; fuzzed. */
#ifndef VPORT_BUS_QEMU_QTEST_LINE_H
#define VPORT_BUS_QEMU_QTEST_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vport_qtest_line_kind {
    VPORT_QTEST_OK,      /* answer; `value` is what follows "OK " */
    VPORT_QTEST_FAIL,    /* answer; `value` is the whole line ("FAIL ...", "ERR ...") */
    VPORT_QTEST_IRQ,     /* unasked: the level of an interrupt line changed */
    VPORT_QTEST_UNKNOWN, /* nothing that qtest says */
};

struct vport_qtest_line {
    enum vport_qtest_line_kind kind;
    const char *value; /* inside the line, not terminated */
    size_t value_length;
    uint32_t irq; /* VPORT_QTEST_IRQ: number of the line, and its new level */
    bool level;
};

/* `line` has `length` characters, the newline not among them; a carriage return at its end is
 * ignored. */
struct vport_qtest_line vport_qtest_parse_line(const char *line, size_t length);

/* "0x" and 1 to 16 hexadecimal digits, nothing else. */
bool vport_qtest_parse_number(const char *text, size_t length, uint64_t *value);

#endif
