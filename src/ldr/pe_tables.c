/* SPDX-License-Identifier: MIT */
/* The tables inside a laid-out PE image: imports, exports, relocations, load configuration,
 * function table. See pe.h. */
#include "ldr/pe.h"

#include <string.h>

#include "ldr/pe_private.h"

enum {
    IMPORT_DESCRIPTOR = 20,
    EXPORT_DIRECTORY = 40,
    RUNTIME_FUNCTION = 12,
    RELOCATION_BLOCK = 8,
    RELOCATION_ABSOLUTE = 0,
    RELOCATION_HIGHLOW = 3,
    RELOCATION_DIR64 = 10,
    LOAD_CONFIG_COOKIE_32 = 60,
    LOAD_CONFIG_COOKIE_64 = 88,
    /* More imports than any driver has; a table that goes on longer is damaged. */
    IMPORTS_MAX = 65536,
};

static uint64_t load_thunk(const struct vport_pe *pe, const uint8_t *at)
{
    return pe->wide ? vport_pe_u64(at) : vport_pe_u32(at);
}

/* Fills name or ordinal from one entry of the lookup table. */
static enum vport_status decode_thunk(const struct vport_pe *pe, const uint8_t *image,
                                      uint64_t thunk, struct vport_pe_import *import, char *error)
{
    uint64_t by_ordinal = pe->wide ? UINT64_C(1) << 63 : UINT64_C(1) << 31;
    import->name = NULL;
    import->ordinal = (uint16_t)thunk;
    if (thunk & by_ordinal)
        return VPORT_OK;
    import->ordinal = 0;
    if (thunk > pe->image_size || !(import->name = vport_pe_string(pe, image, (uint32_t)thunk + 2)))
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "an import name of %s at %#llx leaves the image or never ends",
                             import->library, (unsigned long long)thunk);
    return VPORT_OK;
}

static enum vport_status walk_library(const struct vport_pe *pe, const uint8_t *image,
                                      const uint8_t *descriptor, vport_pe_import_visitor *visit,
                                      void *context, char *error, uint32_t *budget)
{
    uint32_t lookup = vport_pe_u32(descriptor);
    uint32_t address = vport_pe_u32(descriptor + 16);
    uint32_t width = pe->wide ? 8 : 4;
    struct vport_pe_import import = {.library =
                                         vport_pe_string(pe, image, vport_pe_u32(descriptor + 12))};
    if (!import.library)
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "an import descriptor's library name leaves the image");
    if (!lookup) /* old linkers: the address table is its own lookup table until it is bound */
        lookup = address;
    for (uint64_t i = 0;; i++) {
        uint64_t from = lookup + i * width, slot = address + i * width;
        const uint8_t *at =
            from < pe->image_size ? vport_pe_at(pe, image, (uint32_t)from, width) : NULL;
        if (!at || slot >= pe->image_size || !vport_pe_at(pe, image, (uint32_t)slot, width))
            return vport_pe_fail(error, VPORT_E_INVALID, "the import table of %s leaves the image",
                                 import.library);
        uint64_t thunk = load_thunk(pe, at);
        if (!thunk)
            return VPORT_OK;
        if (!(*budget)--)
            return vport_pe_fail(error, VPORT_E_INVALID,
                                 "more than %u imports: the table is damaged", IMPORTS_MAX);
        import.slot = (uint32_t)slot;
        enum vport_status status = decode_thunk(pe, image, thunk, &import, error);
        if (!status)
            status = visit(context, &import);
        if (status)
            return status;
    }
}

enum vport_status vport_pe_imports(const struct vport_pe *pe, const uint8_t *image,
                                   vport_pe_import_visitor *visit, void *context, char *error)
{
    uint64_t rva = pe->directory[VPORT_PE_IMPORT].rva;
    uint32_t budget = IMPORTS_MAX;
    if (!rva)
        return VPORT_OK;
    for (;; rva += IMPORT_DESCRIPTOR) {
        const uint8_t *descriptor =
            rva < pe->image_size ? vport_pe_at(pe, image, (uint32_t)rva, IMPORT_DESCRIPTOR) : NULL;
        if (!descriptor || !budget)
            return vport_pe_fail(error, VPORT_E_INVALID, "the import directory leaves the image");
        if (!vport_pe_u32(descriptor + 12) || !vport_pe_u32(descriptor + 16)) /* the end */
            return VPORT_OK;
        budget--; /* libraries without imports count too, so that every walk ends */
        enum vport_status status =
            walk_library(pe, image, descriptor, visit, context, error, &budget);
        if (status)
            return status;
    }
}

struct export_table {
    uint32_t count, functions; /* names; functions */
    const uint8_t *names, *ordinals, *addresses;
};

static bool open_exports(const struct vport_pe *pe, const uint8_t *image,
                         struct export_table *table)
{
    const uint8_t *directory =
        pe->directory[VPORT_PE_EXPORT].rva
            ? vport_pe_at(pe, image, pe->directory[VPORT_PE_EXPORT].rva, EXPORT_DIRECTORY)
            : NULL;
    if (!directory)
        return false;
    table->functions = vport_pe_u32(directory + 20);
    table->count = vport_pe_u32(directory + 24);
    if (table->functions > pe->image_size / 4 || table->count > pe->image_size / 4)
        return false;
    table->addresses = vport_pe_at(pe, image, vport_pe_u32(directory + 28), 4 * table->functions);
    table->names = vport_pe_at(pe, image, vport_pe_u32(directory + 32), 4 * table->count);
    table->ordinals = vport_pe_at(pe, image, vport_pe_u32(directory + 36), 2 * table->count);
    return table->addresses && table->names && table->ordinals;
}

uint32_t vport_pe_export(const struct vport_pe *pe, const uint8_t *image, const char *name)
{
    struct export_table table;
    if (!open_exports(pe, image, &table))
        return 0;
    for (uint32_t i = 0; i < table.count; i++) {
        const char *candidate = vport_pe_string(pe, image, vport_pe_u32(table.names + 4 * i));
        if (!candidate || strcmp(candidate, name))
            continue;
        uint16_t ordinal = vport_pe_u16(table.ordinals + 2 * i);
        uint32_t rva = ordinal < table.functions ? vport_pe_u32(table.addresses + 4 * ordinal) : 0;
        uint32_t forwarder = rva - pe->directory[VPORT_PE_EXPORT].rva;
        return rva < pe->image_size && forwarder >= pe->directory[VPORT_PE_EXPORT].size ? rva : 0;
    }
    return 0;
}

static enum vport_status relocate_one(const struct vport_pe *pe, uint8_t *image, uint32_t page,
                                      uint16_t entry, uint64_t delta, char *error)
{
    unsigned type = entry >> 12;
    if (type == RELOCATION_ABSOLUTE) /* padding */
        return VPORT_OK;
    if (type != (pe->wide ? RELOCATION_DIR64 : RELOCATION_HIGHLOW))
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "relocation type %u at %#x is not one of this machine's", type, page);
    uint32_t width = pe->wide ? 8 : 4;
    uint64_t rva = (uint64_t)page + (entry & 0xfff);
    uint8_t *at =
        rva < pe->image_size ? (uint8_t *)vport_pe_at(pe, image, (uint32_t)rva, width) : NULL;
    if (!at)
        return vport_pe_fail(error, VPORT_E_INVALID, "a relocation at %#llx leaves the image",
                             (unsigned long long)rva);
    uint64_t value = (pe->wide ? vport_pe_u64(at) : vport_pe_u32(at)) + delta;
    for (uint32_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> 8 * i);
    return VPORT_OK;
}

/* `block` has `size` bytes, a header of eight and 16-bit entries. */
static enum vport_status relocate_block(const struct vport_pe *pe, uint8_t *image,
                                        const uint8_t *block, uint32_t size, uint64_t delta,
                                        char *error)
{
    uint32_t page = vport_pe_u32(block);
    for (uint32_t i = RELOCATION_BLOCK; i + 2 <= size; i += 2) {
        enum vport_status status =
            relocate_one(pe, image, page, vport_pe_u16(block + i), delta, error);
        if (status)
            return status;
    }
    return VPORT_OK;
}

enum vport_status vport_pe_relocate(const struct vport_pe *pe, uint8_t *image, uint64_t delta,
                                    char *error)
{
    uint32_t rva = pe->directory[VPORT_PE_RELOCATION].rva,
             left = pe->directory[VPORT_PE_RELOCATION].size;
    if (!delta)
        return VPORT_OK;
    if (pe->relocations_stripped)
        return vport_pe_fail(error, VPORT_E_UNSUPPORTED,
                             "relocations are stripped: the image runs at %#llx only",
                             (unsigned long long)pe->image_base);
    if (!rva || !left)
        return VPORT_OK;
    if (!vport_pe_at(pe, image, rva, left))
        return vport_pe_fail(error, VPORT_E_INVALID, "the relocation directory leaves the image");
    while (left >= RELOCATION_BLOCK) {
        const uint8_t *block = image + rva;
        uint32_t size = vport_pe_u32(block + 4);
        if (size < RELOCATION_BLOCK || size > left)
            return vport_pe_fail(error, VPORT_E_INVALID,
                                 "a relocation block of %u bytes where %u are left", size, left);
        enum vport_status status = relocate_block(pe, image, block, size, delta, error);
        if (status)
            return status;
        rva += size;
        left -= size;
    }
    return VPORT_OK;
}

uint32_t vport_pe_cookie(const struct vport_pe *pe, const uint8_t *image)
{
    uint32_t rva = pe->directory[VPORT_PE_LOAD_CONFIG].rva;
    uint32_t offset = pe->wide ? LOAD_CONFIG_COOKIE_64 : LOAD_CONFIG_COOKIE_32;
    uint32_t width = pe->wide ? 8 : 4;
    const uint8_t *config = rva ? vport_pe_at(pe, image, rva, offset + width) : NULL;
    /*
     * The structure's own size says how far it goes; the directory's is fixed at 64 by old linkers.
     */
    if (!config || vport_pe_u32(config) < offset + width)
        return 0;
    uint64_t cookie = load_thunk(pe, config + offset) - pe->image_base;
    return cookie < pe->image_size && vport_pe_at(pe, image, (uint32_t)cookie, width)
               ? (uint32_t)cookie
               : 0;
}

bool vport_pe_function(const struct vport_pe *pe, const uint8_t *image, uint32_t rva,
                       uint32_t *begin, uint32_t *end)
{
    uint32_t table = pe->directory[VPORT_PE_EXCEPTION].rva;
    uint32_t size = pe->directory[VPORT_PE_EXCEPTION].size;
    const uint8_t *entries =
        pe->machine == VPORT_PE_AMD64 && table ? vport_pe_at(pe, image, table, size) : NULL;
    for (uint32_t i = 0; entries && i + RUNTIME_FUNCTION <= size; i += RUNTIME_FUNCTION) {
        *begin = vport_pe_u32(entries + i);
        *end = vport_pe_u32(entries + i + 4);
        if (rva >= *begin && rva < *end)
            return true;
    }
    return false;
}
