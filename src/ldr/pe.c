/* SPDX-License-Identifier: MIT */
/* Headers and sections of a PE image, and its layout. See pe.h; the tables inside the image are
 * read in pe_tables.c. */
#include "ldr/pe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "ldr/pe_private.h"

/* Offsets and sizes of the PE specification. */
enum {
    DOS_HEADER = 64,
    DOS_LFANEW = 0x3c,
    COFF_HEADER = 24, /* with the signature */
    SECTION_HEADER = 40,
    OPTIONAL_32 = 96, /* up to the directories */
    OPTIONAL_64 = 112,
    MAGIC_32 = 0x10b,
    MAGIC_64 = 0x20b,
    CHARACTERISTIC_RELOCS_STRIPPED = 1,
    CHARACTERISTIC_EXECUTABLE = 2,
};

enum vport_status vport_pe_fail(char *error, enum vport_status status, const char *format, ...)
{
    if (error) {
        va_list args;
        va_start(args, format);
        vsnprintf(error, VPORT_PE_ERROR, format, args);
        va_end(args);
    }
    return status;
}

static const uint8_t *file_at(const struct vport_pe *pe, uint64_t offset, uint64_t length)
{
    return vport_range_fits(offset, length, pe->file_size) ? pe->file + offset : NULL;
}

static enum vport_status check_machine(struct vport_pe *pe, uint16_t magic, char *error)
{
    if (pe->machine == VPORT_PE_AMD64 && magic == MAGIC_64)
        pe->wide = true;
    else if (pe->machine != VPORT_PE_I386 || magic != MAGIC_32)
        return vport_pe_fail(error, VPORT_E_UNSUPPORTED,
                             "machine %#x with optional header %#x: only x86-64 (0x8664, 0x20b) "
                             "and i386 (0x14c, 0x10b) "
                             "images can run here",
                             pe->machine, magic);
    return VPORT_OK;
}

static bool power_of_two(uint32_t value)
{
    return value && !(value & (value - 1));
}

static enum vport_status check_sizes(const struct vport_pe *pe, char *error)
{
    if (!power_of_two(pe->section_alignment) || pe->section_alignment > 0x200000)
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "section alignment %#x is not a power of two up to 2 MiB",
                             pe->section_alignment);
    if (!pe->image_size)
        return vport_pe_fail(error, VPORT_E_INVALID, "the image has size 0");
    if (pe->image_size > VPORT_PE_IMAGE_MAX)
        return vport_pe_fail(error, VPORT_E_TOO_LARGE,
                             "the image wants %u bytes of memory, more than the %u allowed",
                             pe->image_size, VPORT_PE_IMAGE_MAX);
    if (pe->headers_size > pe->file_size || pe->headers_size > pe->image_size)
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "headers of %u bytes do not fit a file of %zu and an image of %u",
                             pe->headers_size, pe->file_size, pe->image_size);
    if (pe->entry >= pe->image_size)
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "entry point %#x lies outside the image of %#x bytes", pe->entry,
                             pe->image_size);
    return VPORT_OK;
}

/* `optional` has `length` bytes, all inside the file. */
static enum vport_status parse_optional(struct vport_pe *pe, const uint8_t *optional,
                                        uint32_t length, char *error)
{
    uint16_t magic = length >= 2 ? vport_pe_u16(optional) : 0;
    enum vport_status status = check_machine(pe, magic, error);
    if (status)
        return status;
    uint32_t fixed = pe->wide ? OPTIONAL_64 : OPTIONAL_32;
    if (length < fixed)
        return vport_pe_fail(error, VPORT_E_INVALID, "optional header of %u bytes, %u needed",
                             length, fixed);
    pe->entry = vport_pe_u32(optional + 16);
    pe->image_base = pe->wide ? vport_pe_u64(optional + 24) : vport_pe_u32(optional + 28);
    pe->section_alignment = vport_pe_u32(optional + 32);
    pe->image_size = vport_pe_u32(optional + 56);
    pe->headers_size = vport_pe_u32(optional + 60);
    pe->subsystem = vport_pe_u16(optional + 68);
    uint32_t count = vport_pe_u32(optional + fixed - 4);
    if (count > VPORT_PE_DIRECTORIES)
        count = VPORT_PE_DIRECTORIES;
    if (count > (length - fixed) / 8)
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "%u data directories in an optional header of %u bytes", count,
                             length);
    for (uint32_t i = 0; i < count; i++) {
        pe->directory[i].rva = vport_pe_u32(optional + fixed + 8 * i);
        pe->directory[i].size = vport_pe_u32(optional + fixed + 8 * i + 4);
    }
    return check_sizes(pe, error);
}

static enum vport_status parse_section(struct vport_pe *pe, const uint8_t *header, unsigned index,
                                       char *error)
{
    struct vport_pe_section *section = &pe->section[index];
    memcpy(section->name, header, 8);
    section->name[8] = 0;
    for (char *c = section->name; *c; c++)
        if (*c < ' ' || *c > '~') /* names are shown to people */
            *c = '?';
    section->size = vport_pe_u32(header + 8);
    section->rva = vport_pe_u32(header + 12);
    section->file_size = vport_pe_u32(header + 16);
    section->file_offset = vport_pe_u32(header + 20);
    section->characteristics = vport_pe_u32(header + 36);
    if (!section->size) /* old linkers leave it 0: the raw size counts */
        section->size = section->file_size;
    if (section->file_size > section->size)
        section->file_size = section->size;
    if (!vport_range_fits(section->rva, section->size, pe->image_size))
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "section %s (%#x bytes at %#x) leaves the image of %#x bytes",
                             section->name, section->size, section->rva, pe->image_size);
    if (section->file_size && !file_at(pe, section->file_offset, section->file_size))
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "section %s (%#x bytes at offset %#x) leaves the file of %#zx bytes",
                             section->name, section->file_size, section->file_offset,
                             pe->file_size);
    return VPORT_OK;
}

/* Sections ascend and do not overlap; the layout and the protection of pages rely on that. */
static enum vport_status check_order(const struct vport_pe *pe, char *error)
{
    uint32_t end = pe->headers_size;
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct vport_pe_section *section = &pe->section[i];
        if (section->rva < end)
            return vport_pe_fail(error, VPORT_E_INVALID,
                                 "section %s at %#x overlaps what ends at %#x", section->name,
                                 section->rva, end);
        if (section->rva % pe->section_alignment)
            return vport_pe_fail(error, VPORT_E_INVALID, "section %s at %#x is not aligned to %#x",
                                 section->name, section->rva, pe->section_alignment);
        end = section->rva + section->size;
    }
    return VPORT_OK;
}

static enum vport_status parse_sections(struct vport_pe *pe, uint64_t offset, unsigned count,
                                        char *error)
{
    if (count > VPORT_PE_SECTIONS)
        return vport_pe_fail(error, VPORT_E_INVALID, "%u sections, at most %u allowed", count,
                             VPORT_PE_SECTIONS);
    const uint8_t *table = file_at(pe, offset, (uint64_t)count * SECTION_HEADER);
    if (!table)
        return vport_pe_fail(error, VPORT_E_INVALID, "the table of %u sections leaves the file",
                             count);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *header = table + (size_t)i * SECTION_HEADER;
        if (!vport_pe_u32(header + 8) && !vport_pe_u32(header + 16))
            continue; /* empty: takes no memory, and its address means nothing */
        enum vport_status status = parse_section(pe, header, pe->sections, error);
        if (status)
            return status;
        pe->sections++;
    }
    return check_order(pe, error);
}

enum vport_status vport_pe_parse(const void *file, size_t size, struct vport_pe *pe, char *error)
{
    memset(pe, 0, sizeof(*pe));
    pe->file = file;
    pe->file_size = size;
    const uint8_t *dos = file_at(pe, 0, DOS_HEADER);
    if (!dos || dos[0] != 'M' || dos[1] != 'Z')
        return vport_pe_fail(error, VPORT_E_INVALID, "not a Windows image: no MZ header");
    uint64_t at = vport_pe_u32(dos + DOS_LFANEW);
    const uint8_t *coff = file_at(pe, at, COFF_HEADER);
    if (!coff || memcmp(coff, "PE\0\0", 4))
        return vport_pe_fail(error, VPORT_E_INVALID, "not a Windows image: no PE header at %#llx",
                             (unsigned long long)at);
    pe->machine = vport_pe_u16(coff + 4);
    unsigned sections = vport_pe_u16(coff + 6);
    pe->timestamp = vport_pe_u32(coff + 8);
    uint32_t optional_size = vport_pe_u16(coff + 20);
    uint16_t characteristics = vport_pe_u16(coff + 22);
    if (!(characteristics & CHARACTERISTIC_EXECUTABLE))
        return vport_pe_fail(
            error, VPORT_E_INVALID,
            "an object file, or a link that failed: the image is not marked executable");
    pe->relocations_stripped = characteristics & CHARACTERISTIC_RELOCS_STRIPPED;
    const uint8_t *optional = file_at(pe, at + COFF_HEADER, optional_size);
    if (!optional)
        return vport_pe_fail(error, VPORT_E_INVALID,
                             "the optional header of %u bytes leaves the file", optional_size);
    enum vport_status status = parse_optional(pe, optional, optional_size, error);
    if (status)
        return status;
    return parse_sections(pe, at + COFF_HEADER + optional_size, sections, error);
}

void vport_pe_lay_out(const struct vport_pe *pe, uint8_t *image)
{
    memcpy(image, pe->file, pe->headers_size);
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct vport_pe_section *section = &pe->section[i];
        if (section->file_size)
            memcpy(image + section->rva, pe->file + section->file_offset, section->file_size);
    }
}

const void *vport_pe_at(const struct vport_pe *pe, const uint8_t *image, uint32_t rva,
                        uint32_t length)
{
    return vport_range_fits(rva, length, pe->image_size) ? image + rva : NULL;
}

const char *vport_pe_string(const struct vport_pe *pe, const uint8_t *image, uint32_t rva)
{
    if (rva >= pe->image_size)
        return NULL;
    uint64_t room = vport_min_u64(pe->image_size - rva, VPORT_PE_NAME);
    return memchr(image + rva, 0, room) ? (const char *)image + rva : NULL;
}

const char *vport_pe_section_name(const struct vport_pe *pe, uint32_t rva)
{
    if (rva < pe->headers_size)
        return "headers";
    for (unsigned i = 0; i < pe->sections; i++)
        if (rva >= pe->section[i].rva && rva - pe->section[i].rva < pe->section[i].size)
            return pe->section[i].name;
    return NULL;
}
