/* SPDX-License-Identifier: MIT */
/* The two small driver images that the tests start from, read into memory. */
#ifndef VPORT_TESTS_LDR_IMAGES_H
#define VPORT_TESTS_LDR_IMAGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct file {
    uint8_t bytes[8192];
    size_t size;
};

/* "x86-64" or "i386". */
static inline void file_read(const char *name, struct file *file)
{
    char path[4096];
    FILE *stream;

    snprintf(path, sizeof(path), "%s/%s", getenv("VPORT_IMAGES"), name);
    stream = fopen(path, "rb");
    assert_non_null(stream);
    file->size = fread(file->bytes, 1, sizeof(file->bytes), stream);
    fclose(stream);
    assert_in_range(file->size, 512, sizeof(file->bytes) - 1);
}

/* Where the PE header begins, and the fields that tests damage, from there. */
enum {
    PE_MACHINE = 4,
    PE_SECTIONS = 6,
    PE_CHARACTERISTICS = 22,
    PE_MAGIC = 24,
    PE_ENTRY = 24 + 16,
    PE_ALIGNMENT = 24 + 32,
    PE_IMAGE_SIZE = 24 + 56,
    PE_HEADERS_SIZE = 24 + 60,
};

static inline uint8_t *pe_field(struct file *file, size_t offset)
{
    uint32_t at;

    memcpy(&at, file->bytes + 0x3c, 4);
    return file->bytes + at + offset;
}

static inline void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
}

#endif
