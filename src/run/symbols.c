/* SPDX-License-Identifier: MIT */
/* See symbols.h. Offsets in the file are checked where they are used; records are copied out, as
 * nothing says that they are aligned. */
#include "run/symbols.h"

#include <elf.h>
#include <string.h>

#include "base/arith.h"

struct file {
    const uint8_t *bytes;
    size_t size;
};

/* A section's content; NULL: it leaves the file. */
static const uint8_t *content(const struct file *file, const Elf64_Shdr *section)
{
    return vport_range_fits(section->sh_offset, section->sh_size, file->size)
               ? file->bytes + section->sh_offset
               : NULL;
}

static bool read_header(const struct file *file, Elf64_Ehdr *header)
{
    if (file->size < sizeof(*header))
        return false;
    memcpy(header, file->bytes, sizeof(*header));
    return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;
}

static bool read_section(const struct file *file, const Elf64_Ehdr *header, unsigned index,
                         Elf64_Shdr *section)
{
    uint64_t at = (uint64_t)index * sizeof(*section);

    if (index >= header->e_shnum || header->e_shentsize != sizeof(*section) ||
        !vport_range_fits(header->e_shoff, (uint64_t)header->e_shnum * sizeof(*section),
                          file->size))
        return false;
    memcpy(section, file->bytes + header->e_shoff + at, sizeof(*section));
    return true;
}

/* The name at `at` of a table of strings; NULL if it does not end in there. */
static const char *name_at(const struct file *file, const Elf64_Shdr *strings, uint32_t at)
{
    const char *text = (const char *)content(file, strings);

    return text && at < strings->sh_size && memchr(text + at, 0, strings->sh_size - at) ? text + at
                                                                                        : NULL;
}

static const char *find_in(const struct file *file, const Elf64_Shdr *symbols,
                           const Elf64_Shdr *strings, uint64_t offset)
{
    const uint8_t *table = content(file, symbols);

    for (uint64_t i = 0; table && i < symbols->sh_size / sizeof(Elf64_Sym); i++) {
        Elf64_Sym symbol;

        memcpy(&symbol, table + i * sizeof(symbol), sizeof(symbol));
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF &&
            offset >= symbol.st_value && offset - symbol.st_value < symbol.st_size)
            return name_at(file, strings, symbol.st_name);
    }
    return NULL;
}

bool vport_symbols_possible(const uint8_t *bytes, size_t size)
{
    Elf64_Ehdr header;

    return read_header(&(struct file){bytes, size}, &header);
}

const char *vport_symbols_find(const uint8_t *bytes, size_t size, uint64_t offset)
{
    static const uint32_t kinds[] = {SHT_SYMTAB, SHT_DYNSYM};
    struct file file = {bytes, size};
    Elf64_Shdr section, strings;
    const char *found = NULL;
    Elf64_Ehdr header;

    if (!read_header(&file, &header))
        return NULL;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && !found; k++)
        for (unsigned i = 0; read_section(&file, &header, i, &section) && !found; i++)
            if (section.sh_type == kinds[k] &&
                read_section(&file, &header, section.sh_link, &strings))
                found = find_in(&file, &section, &strings, offset);
    return found;
}
