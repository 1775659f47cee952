/* SPDX-License-Identifier: MIT */
/*
 * A driver's file of the fuzzer's choice through all of the PE parser: nothing is read or written
 * outside of the file and of the laid-out image, every walk ends, and what is found lies inside.
 *
 * input: the file; its last byte chooses how far the image is moved
 */
#include "input.h"

#include <string.h>

#include "ldr/pe.h"

/* Larger images only take time. */
enum { IMAGE_MAX = 1 << 20 };

static enum vport_status check_import(void *context, const struct vport_pe_import *import)
{
    const struct vport_pe *pe = context;

    must(import->slot <= pe->image_size - (pe->wide ? 8 : 4));
    must(strlen(import->library) < VPORT_PE_NAME);
    must(!import->name || strlen(import->name) < VPORT_PE_NAME);
    return VPORT_OK;
}

static void check_tables(const struct vport_pe *pe, const uint8_t *image)
{
    char error[VPORT_PE_ERROR];
    uint32_t begin, end, cookie = vport_pe_cookie(pe, image);

    vport_pe_imports(pe, image, check_import, (void *)(uintptr_t)pe, error);
    must(vport_pe_export(pe, image, "DriverEntry") < pe->image_size);
    must(cookie <= pe->image_size - (pe->wide ? 8 : 4));
    for (uint32_t rva = 0; rva < pe->image_size; rva += 1 + pe->image_size / 16) {
        if (vport_pe_function(pe, image, rva, &begin, &end))
            must(begin <= rva && rva < end);
        vport_pe_section_name(pe, rva);
    }
}

static void check_sections(const struct vport_pe *pe)
{
    for (unsigned i = 0; i < pe->sections; i++) {
        must(pe->section[i].rva < pe->image_size);
        must(pe->section[i].size <= pe->image_size - pe->section[i].rva);
        must(pe->section[i].file_size <= pe->section[i].size);
        must(!vport_pe_section_name(pe, pe->image_size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char error[VPORT_PE_ERROR];
    uint64_t delta = size ? (uint64_t)bytes[size - 1] << 32 | 0x10000 : 0;
    struct vport_pe pe;
    uint8_t *image;

    if (vport_pe_parse(bytes, size, &pe, error) != VPORT_OK || pe.image_size > IMAGE_MAX)
        return 0;
    image = calloc(1, pe.image_size); /* exactly so much, for the sanitizer to see one byte more */
    must(image != NULL);
    vport_pe_lay_out(&pe, image);
    check_sections(&pe);
    check_tables(&pe, image);
    if (vport_pe_relocate(&pe, image, delta, error) == VPORT_OK)
        check_tables(&pe, image);
    free(image);
    return 0;
}
