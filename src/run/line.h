/* SPDX-License-Identifier: MIT */
/*
 * Lines of fields, with which the two processes of `videoport run` talk: a kind and its fields,
 * separated by tabs, one line each; tab, newline, backslash and whatever is not printable ASCII as
 * \xHH. Small enough for a process that has no library but libc.
 */
#ifndef VPORT_RUN_LINE_H
#define VPORT_RUN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VPORT_LINE_MAX = 262144, /* bytes; what does not fit is left out */
    VPORT_LINE_FIELDS = 32,
};

/* A line being written. */
struct vport_line {
    char *text;
    size_t length, size;
};

/* No memory: the line stays empty. */
void vport_line_begin(struct vport_line *line, const char *kind);
void vport_line_text(struct vport_line *line, const char *text);                  /* NULL: empty */
void vport_line_number(struct vport_line *line, uint64_t number);                 /* in decimal */
void vport_line_bytes(struct vport_line *line, const void *bytes, size_t length); /* hexadecimal */
/* Ends the line, writes it to the descriptor in one piece as far as other threads' lines go, and
 * frees it. false: there was no memory, or nobody listens. */
bool vport_line_send(struct vport_line *line, int descriptor);

/*
 * Splits a line, without its newline, in place; field[0] is the kind. Returns how many fields there
 * are; those beyond VPORT_LINE_FIELDS are dropped.
 */
unsigned vport_line_split(char *line, char *field[VPORT_LINE_FIELDS]);
/* The field as a number; 0 when it is none. */
uint64_t vport_line_to_number(const char *field);
/* Decodes hexadecimal in place; returns how many bytes. */
size_t vport_line_to_bytes(char *field);

#endif
