/* SPDX-License-Identifier: MIT */
/* Takes a fuzzer's bytes apart; past their end all is zero. */
#ifndef VPORT_TESTS_FUZZ_INPUT_H
#define VPORT_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct input {
    const uint8_t *bytes;
    size_t length;
};

/* The next `width` bytes, little-endian. */
static inline uint64_t input_take(struct input *input, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < width && input->length; i++) {
        value |= (uint64_t)*input->bytes++ << 8 * i;
        input->length--;
    }
    return value;
}

/* A fuzzer finds only what stops the program. */
static inline void must(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
