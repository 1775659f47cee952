/* SPDX-License-Identifier: MIT */
/* See object.h. Source of the tables: the ELF specification and its supplements for x86-64 and
 * i386. */
#include "run/object.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/driver_image.h"

#if defined(__x86_64__)
typedef ElfW(Rela) relocation;
#define SYMBOL(info) ELF64_R_SYM(info)
#define TYPE(info)   ELF64_R_TYPE(info)
enum {
    TABLE = DT_RELA,
    TABLE_SIZE = DT_RELASZ,
    SLOT = R_X86_64_JUMP_SLOT,
    GLOBAL = R_X86_64_GLOB_DAT,
    POINTER = R_X86_64_64
};
#else
typedef ElfW(Rel) relocation;
#define SYMBOL(info) ELF32_R_SYM(info)
#define TYPE(info)   ELF32_R_TYPE(info)
enum {
    TABLE = DT_REL,
    TABLE_SIZE = DT_RELSZ,
    SLOT = R_386_JMP_SLOT,
    GLOBAL = R_386_GLOB_DAT,
    POINTER = R_386_32
};
#endif

/* What the dynamic section says, as far as it is needed. */
struct dynamic {
    uintptr_t base;
    const ElfW(Sym) * symbols;
    const char *strings;
    const relocation *table, *jumps;
    size_t table_size, jumps_size; /* bytes */
    bool in_code;                  /* there are relocations among the code */
};

/* ---- The tables ---- */

/* Addresses are relative in the file; the dynamic linker makes them absolute, if it may. */
static const void *pointer(const struct link_map *map, ElfW(Addr) address)
{
    return (const void *)(address < map->l_addr ? map->l_addr + address : address);
}

static struct dynamic read_dynamic(const struct link_map *map)
{
    struct dynamic found = {.base = map->l_addr};

    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB)
            found.symbols = pointer(map, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_STRTAB)
            found.strings = pointer(map, entry->d_un.d_ptr);
        else if (entry->d_tag == TABLE)
            found.table = pointer(map, entry->d_un.d_ptr);
        else if (entry->d_tag == TABLE_SIZE)
            found.table_size = entry->d_un.d_val;
        else if (entry->d_tag == DT_JMPREL)
            found.jumps = pointer(map, entry->d_un.d_ptr);
        else if (entry->d_tag == DT_PLTRELSZ)
            found.jumps_size = entry->d_un.d_val;
        found.in_code |= entry->d_tag == DT_TEXTREL ||
                         (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL);
    }
    return found;
}

/* ---- Binding ---- */

/* The slot may have been made read-only after the dynamic linker was done with it. */
static void store(uintptr_t slot, void *value)
{
    uintptr_t page = slot & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

    if (mprotect((void *)page, slot + sizeof(value) - page, PROT_READ | PROT_WRITE) == 0)
        *(void **)slot = value;
}

static void bind_one(const struct dynamic *dynamic, const relocation *entry, bool watch)
{
    const ElfW(Sym) *symbol = &dynamic->symbols[SYMBOL(entry->r_info)];
    unsigned type = TYPE(entry->r_info);
    void *thunk;

    if (symbol->st_shndx != SHN_UNDEF ||
        (type != SLOT && type != GLOBAL && (type != POINTER || dynamic->in_code)))
        return;
    thunk = vport_driver_thunk(dynamic->strings + symbol->st_name, watch);
    if (thunk)
        store(dynamic->base + entry->r_offset, thunk);
}

static void bind(const struct link_map *map, bool watch)
{
    struct dynamic dynamic = read_dynamic(map);

    for (size_t i = 0; dynamic.table && i < dynamic.table_size / sizeof(relocation); i++)
        bind_one(&dynamic, &dynamic.table[i], watch);
    for (size_t i = 0; dynamic.jumps && i < dynamic.jumps_size / sizeof(relocation); i++)
        bind_one(&dynamic, &dynamic.jumps[i], watch);
}

/* ---- Loading ---- */

/* Called for each object of the process, until it returns 1. */
static int measure(struct dl_phdr_info *info, size_t size, void *opaque)
{
    struct vport_object *object = opaque;

    if (info->dlpi_addr != (uintptr_t)object->base)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD &&
            object->size < info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz)
            object->size = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    return 1;
}

bool vport_object_load(const char *path, bool watch, struct vport_object *object)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct link_map *map = NULL;

    *object = (struct vport_object){.entry = library ? dlsym(library, "DriverEntry") : NULL};
    if (!object->entry || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0)
        return false;
    object->base = (const void *)map->l_addr;
    dl_iterate_phdr(measure, object);
    bind(map, watch);
    return true;
}
