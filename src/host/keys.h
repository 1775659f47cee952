/* SPDX-License-Identifier: MIT */
/*
 * key=value,... as an adapter takes it after its name: from text to numbers, with errors that
 * teach.
 *
 * Every value becomes one uint64_t, whatever its kind. Knows no adapter.
 */
#ifndef VPORT_HOST_KEYS_H
#define VPORT_HOST_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/host.h>

enum vport_key_kind {
    VPORT_KEY_CHOICE, /* one of the words of `values` ("a|b|c"); its value is the word's index */
    VPORT_KEY_NUMBER, /* digits */
    VPORT_KEY_SIZE,   /* bytes; K, M, G are powers of 1024 */
    VPORT_KEY_TIME,   /* nanoseconds; ns, us, ms, s */
};

/* How the key with the same index in the adapter's table is read. */
struct vport_key_rule {
    enum vport_key_kind kind;
    uint64_t least, most; /* not for choices */
    const char *zero;     /* a word that stands for 0 although 0 is below `least`; may be NULL */
    bool power_of_two;
    bool bare; /* of the first key, a choice: one of its words may stand alone, at the beginning */
};

/*
 * Fills values[i] for every key of `keys` (which ends with a NULL name): its default, or what
 * `text` ("" or NULL: nothing) says; bit i of *given tells which it was. At most 64 keys.
 * VPORT_E_INVALID: unknown key, key given twice, impossible value; `error` (VPORT_ERROR_TEXT bytes)
 * then says which, and what is possible.
 */
enum vport_status vport_keys_parse(const char *text, const struct vport_adapter_key *keys,
                                   const struct vport_key_rule *rules, uint64_t *values,
                                   uint64_t *given, char *error);

#endif
