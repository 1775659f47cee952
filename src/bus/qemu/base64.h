/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648) as qtest's bulk commands carry it. Pure functions; know nothing else. */
#ifndef VPORT_BUS_QEMU_BASE64_H
#define VPORT_BUS_QEMU_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Characters that `length` bytes become, padding included. */
static inline size_t vport_base64_length(size_t length)
{
    return (length + 2) / 3 * 4;
}

/* Writes vport_base64_length(length) characters, no terminator. */
void vport_base64_encode(const void *data, size_t length, char *text);

/*
 * Decodes exactly `length` bytes. false, with `data` in any state, if `text` is anything but the
 * padded base64 of that many bytes.
 */
bool vport_base64_decode(const char *text, size_t text_length, void *data, size_t length);

#endif
