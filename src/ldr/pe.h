/* SPDX-License-Identifier: MIT */
/*
 * PE images, parsed: pure functions over bytes in memory. Every bound is checked; no pointer into
 * the file is believed.
 *
 * A file is parsed (headers and section table), then laid out (sections at their RVAs in one block
 * of image_size bytes), and everything else (imports, exports, relocations, load configuration) is
 * read from the laid-out image, where a range is one comparison. Knows no system call and nothing
 * of NT. Source: Microsoft's published "PE Format" specification.
 */
#ifndef VPORT_LDR_PE_H
#define VPORT_LDR_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/status.h>

enum {
    VPORT_PE_I386 = 0x014c,
    VPORT_PE_AMD64 = 0x8664,
    VPORT_PE_SECTIONS = 96,             /* the loader's own limit on Windows */
    VPORT_PE_IMAGE_MAX = 256 * 1048576, /* bytes laid out; drivers are far smaller */
    VPORT_PE_NAME = 256,                /* longest import name we take, bytes with the zero */
    VPORT_PE_ERROR = 256,
};

enum vport_pe_directory {
    VPORT_PE_EXPORT = 0,
    VPORT_PE_IMPORT = 1,
    VPORT_PE_RESOURCE = 2,
    VPORT_PE_EXCEPTION = 3,
    VPORT_PE_RELOCATION = 5,
    VPORT_PE_TLS = 9,
    VPORT_PE_LOAD_CONFIG = 10,
    VPORT_PE_DIRECTORIES = 16
};

enum {
    VPORT_PE_SECTION_EXECUTE = 0x20000000,
    VPORT_PE_SECTION_READ = 0x40000000,
    VPORT_PE_SECTION_WRITE = (int)0x80000000,
};

struct vport_pe_section {
    char name[9]; /* zero-terminated */
    uint32_t rva;
    uint32_t size;        /* bytes in memory, > 0 */
    uint32_t file_offset; /* bytes; where file_size bytes come from, the rest is zero */
    uint32_t file_size;   /* <= size */
    uint32_t characteristics;
};

struct vport_pe {
    const uint8_t *file;
    size_t file_size;
    uint16_t machine;          /* VPORT_PE_I386 or VPORT_PE_AMD64 */
    bool wide;                 /* PE32+ */
    bool relocations_stripped; /* it runs at image_base or nowhere */
    uint16_t subsystem;        /* 1 = native */
    uint32_t timestamp;
    uint64_t image_base;
    uint32_t image_size;        /* bytes, multiple of section_alignment */
    uint32_t headers_size;      /* bytes of the file that lie at RVA 0 */
    uint32_t entry;             /* RVA; 0: none */
    uint32_t section_alignment; /* bytes; below 4096 sections share pages */
    unsigned sections;
    struct vport_pe_section section[VPORT_PE_SECTIONS];
    struct {
        uint32_t rva, size;
    } directory[VPORT_PE_DIRECTORIES];
};

/*
 * Reads headers and sections. `file` stays the caller's and must outlive *pe. `error`
 * (VPORT_PE_ERROR bytes, may be NULL) says what is wrong. VPORT_E_INVALID: not a PE image, or
 * damaged; VPORT_E_UNSUPPORTED: another machine; VPORT_E_TOO_LARGE.
 */
enum vport_status vport_pe_parse(const void *file, size_t size, struct vport_pe *pe, char *error);

/* Copies headers and sections to their RVAs. `image` has image_size bytes, all zero. */
void vport_pe_lay_out(const struct vport_pe *pe, uint8_t *image);

/* The `length` bytes at `rva` of the laid-out image, NULL if they leave it. */
const void *vport_pe_at(const struct vport_pe *pe, const uint8_t *image, uint32_t rva,
                        uint32_t length);

/*
 * The zero-terminated string at `rva`, shorter than VPORT_PE_NAME and inside the image, else NULL.
 */
const char *vport_pe_string(const struct vport_pe *pe, const uint8_t *image, uint32_t rva);

struct vport_pe_import {
    const char *library; /* "VIDEOPRT.SYS"; case as in the file */
    const char *name;    /* NULL: by ordinal */
    uint16_t ordinal;
    uint32_t slot; /* RVA of the pointer to fill in, 4 or 8 bytes wide, inside the image */
};
/* Returns VPORT_OK to go on; anything else ends the walk and is its result. */
typedef enum vport_status vport_pe_import_visitor(void *context,
                                                  const struct vport_pe_import *import);
/* Calls `visit` for each import in order. VPORT_E_INVALID: damaged table (error says where). */
enum vport_status vport_pe_imports(const struct vport_pe *pe, const uint8_t *image,
                                   vport_pe_import_visitor *visit, void *context, char *error);

/* RVA of the exported name, 0 when there is none (or it is forwarded, or the table is damaged). */
uint32_t vport_pe_export(const struct vport_pe *pe, const uint8_t *image, const char *name);

/*
 * Applies base relocations for an image that will run `delta` bytes above image_base (mod 2^64).
 * VPORT_E_INVALID: damaged table or unknown type; VPORT_E_UNSUPPORTED: relocations are stripped and
 * delta is not 0. On failure `image` is part done: drop it.
 */
enum vport_status vport_pe_relocate(const struct vport_pe *pe, uint8_t *image, uint64_t delta,
                                    char *error);

/* RVA of the /GS cookie variable named by the load configuration, 0 when there is none. `image` not
 * yet relocated. */
uint32_t vport_pe_cookie(const struct vport_pe *pe, const uint8_t *image);

/* x86-64: bounds of the function around `rva` as .pdata has it; false when unknown. */
bool vport_pe_function(const struct vport_pe *pe, const uint8_t *image, uint32_t rva,
                       uint32_t *begin, uint32_t *end);

/* Name of the section that holds `rva`: "headers", ".text", ...; NULL outside. */
const char *vport_pe_section_name(const struct vport_pe *pe, uint32_t rva);

#endif
