/* SPDX-License-Identifier: MIT */
/* From a PE file's bytes to memory that can run. See image.h. */
#include "ldr/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arith.h"
#include "ldr/pe_private.h"

#if defined(__x86_64__)
#define OWN_MACHINE VPORT_PE_AMD64
#define OWN_NAME    "x86-64"
#elif defined(__i386__)
#define OWN_MACHINE VPORT_PE_I386
#define OWN_NAME    "i386"
#else
#define OWN_MACHINE 0
#define OWN_NAME    "another"
#endif

/* What compilers put into the cookie before anybody seeds it (published with /GS). */
#define DEFAULT_COOKIE_64 UINT64_C(0x00002B992DDFA232)
#define DEFAULT_COOKIE_32 UINT64_C(0xBB40E64E)

enum { PAGE = 4096 };

/* One load in progress: the image is finished in `work`, a shared view of `file`, before it appears
 * at image->base. */
struct loading {
    struct vport_loaded_image *image;
    const struct vport_image_binder *binder;
    uint8_t *work;
    int file;
    char *error;
};

static enum vport_status open_work(struct loading *load)
{
    size_t length = load->image->length;
    load->file = memfd_create("driver-image", MFD_CLOEXEC);
    if (load->file < 0 || ftruncate(load->file, (off_t)length))
        return vport_pe_fail(load->error, VPORT_E_NO_MEMORY,
                             "no memory for an image of %zu bytes: %s", length, strerror(errno));
    load->work = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, load->file, 0);
    if (load->work == MAP_FAILED) {
        load->work = NULL;
        return vport_pe_fail(load->error, VPORT_E_NO_MEMORY,
                             "no memory for an image of %zu bytes: %s", length, strerror(errno));
    }
    return VPORT_OK;
}

/* Reserves where the image will run: anywhere, or at its own base when it cannot be moved. */
static enum vport_status reserve_base(struct loading *load)
{
    struct vport_loaded_image *image = load->image;
    bool fixed = image->pe.relocations_stripped;
    void *want = fixed ? (void *)(uintptr_t)image->pe.image_base : NULL;
    if (fixed &&
        (image->pe.image_base > UINTPTR_MAX - image->length || image->pe.image_base % PAGE))
        return vport_pe_fail(load->error, VPORT_E_UNSUPPORTED,
                             "the image runs at %#llx only, which is no address here",
                             (unsigned long long)image->pe.image_base);
    void *base = mmap(
        want, image->length, PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (fixed ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    if (base == MAP_FAILED)
        return vport_pe_fail(
            load->error, fixed ? VPORT_E_UNSUPPORTED : VPORT_E_NO_MEMORY,
            fixed
                ? "relocations are stripped and the image's only address, %#llx, cannot be had: %s"
                : "no address space for the image (its own base is %#llx): %s",
            (unsigned long long)image->pe.image_base, strerror(errno));
    image->base = base;
    return VPORT_OK;
}

static enum vport_status bind_one(void *context, const struct vport_pe_import *import)
{
    struct loading *load = context;
    uintptr_t target = (uintptr_t)load->binder->bind(load->binder->context, import);
    memcpy(load->work + import->slot, &target, sizeof(target));
    return VPORT_OK;
}

static uint64_t load_word(const struct vport_pe *pe, const uint8_t *at)
{
    return pe->wide ? vport_pe_u64(at) : vport_pe_u32(at);
}

static void store_cookie(struct loading *load, uint32_t rva)
{
    bool wide = load->image->pe.wide;
    uint64_t value =
        wide ? load->binder->cookie & 0xffffffffffff : load->binder->cookie & 0xffffffff;
    if (!value || value == DEFAULT_COOKIE_64 || value == DEFAULT_COOKIE_32)
        value = 0x5a17c0de;
    memcpy(load->work + rva, &value, wide ? 8 : 4);
    load->image->seeded_cookie = true;
}

/* Drivers without a load configuration have the default value somewhere in their writable data: the
 * first such word is it. */
static uint32_t find_cookie(const struct loading *load)
{
    const struct vport_pe *pe = &load->image->pe;
    uint32_t width = pe->wide ? 8 : 4;
    uint64_t standard = pe->wide ? DEFAULT_COOKIE_64 : DEFAULT_COOKIE_32;
    for (unsigned i = 0; i < pe->sections; i++) {
        const struct vport_pe_section *section = &pe->section[i];
        if (!(section->characteristics & (uint32_t)VPORT_PE_SECTION_WRITE))
            continue;
        for (uint32_t at = 0; at + width <= section->file_size; at += width)
            if (load_word(pe, load->work + section->rva + at) == standard)
                return section->rva + at;
    }
    return 0;
}

static void seed_cookie(struct loading *load)
{
    const struct vport_pe *pe = &load->image->pe;
    uint64_t standard = pe->wide ? DEFAULT_COOKIE_64 : DEFAULT_COOKIE_32;
    uint32_t rva = vport_pe_cookie(pe, load->work);
    if (!rva || load_word(pe, load->work + rva) != standard)
        rva = find_cookie(load);
    if (rva)
        store_cookie(load, rva);
}

static int protection(uint32_t characteristics)
{
    return (characteristics & VPORT_PE_SECTION_READ ? PROT_READ : 0) |
           (characteristics & (uint32_t)VPORT_PE_SECTION_WRITE ? PROT_READ | PROT_WRITE : 0) |
           (characteristics & VPORT_PE_SECTION_EXECUTE ? PROT_READ | PROT_EXEC : 0);
}

static enum vport_status map_range(struct loading *load, size_t start, size_t end, int prot)
{
    void *at = load->image->base + start;
    if (start < end && mmap(at, end - start, prot, MAP_PRIVATE | MAP_FIXED, load->file,
                            (off_t)start) == MAP_FAILED)
        return vport_pe_fail(load->error, VPORT_E_NO_MEMORY,
                             "cannot map %#zx bytes of the image: %s", end - start,
                             strerror(errno));
    return VPORT_OK;
}

/* Replaces the reservation by the finished pages, each with the protection it keeps. */
static enum vport_status map_final(struct loading *load)
{
    struct vport_loaded_image *image = load->image;
    const struct vport_pe *pe = &image->pe;
    image->shares_pages = pe->section_alignment < PAGE;
    if (image->shares_pages)
        return map_range(load, 0, image->length, PROT_READ | PROT_WRITE | PROT_EXEC);
    enum vport_status status =
        map_range(load, 0, vport_align_up(pe->headers_size, PAGE), PROT_READ);
    for (unsigned i = 0; i < pe->sections && !status; i++) {
        const struct vport_pe_section *section = &pe->section[i];
        size_t end = vport_align_up((uint64_t)section->rva + section->size, PAGE);
        int prot = protection(section->characteristics);
        if ((prot & PROT_WRITE) && (prot & PROT_EXEC)) {
            /* The DDK's INIT sections are marked so; only loaders write to them, and this one is
             * done. */
            prot &= ~PROT_WRITE;
            image->write_dropped = true;
        }
        status = map_range(load, section->rva, end, prot);
    }
    return status;
}

static enum vport_status build(struct loading *load)
{
    struct vport_loaded_image *image = load->image;
    enum vport_status status = open_work(load);
    if (!status)
        status = reserve_base(load);
    if (status)
        return status;
    vport_pe_lay_out(&image->pe, load->work);
    seed_cookie(load); /* before relocation: the load configuration holds addresses at the image's
                          own base */
    status = vport_pe_relocate(&image->pe, load->work,
                               (uintptr_t)image->base - image->pe.image_base, load->error);
    if (!status)
        status = vport_pe_imports(&image->pe, load->work, bind_one, load, load->error);
    return status ? status : map_final(load);
}

static enum vport_status check_machine(const struct vport_pe *pe, char *error)
{
    if (pe->machine == OWN_MACHINE)
        return VPORT_OK;
    return vport_pe_fail(error, VPORT_E_UNSUPPORTED,
                         "an image for machine %#x cannot run in this %s process", pe->machine,
                         OWN_NAME);
}

enum vport_status vport_image_load(const void *file, size_t size,
                                   const struct vport_image_binder *binder,
                                   struct vport_loaded_image **image, char *error)
{
    *image = NULL;
    struct loading load = {
        .image = calloc(1, sizeof(**image)), .binder = binder, .file = -1, .error = error};
    if (!load.image)
        return vport_pe_fail(error, VPORT_E_NO_MEMORY, "no memory");
    enum vport_status status = vport_pe_parse(file, size, &load.image->pe, error);
    if (!status)
        status = check_machine(&load.image->pe, error);
    load.image->length = vport_align_up(load.image->pe.image_size, PAGE);
    if (!status)
        status = build(&load);
    if (load.work)
        munmap(load.work, load.image->length);
    if (load.file >= 0)
        close(load.file);
    load.image->pe.file = NULL;
    if (status)
        vport_image_unload(load.image);
    else
        *image = load.image;
    return status;
}

void vport_image_unload(struct vport_loaded_image *image)
{
    if (!image)
        return;
    if (image->base)
        munmap(image->base, image->length);
    free(image);
}

bool vport_image_holds(const struct vport_loaded_image *image, const void *address, uint32_t *rva)
{
    uintptr_t offset = (uintptr_t)address - (uintptr_t)image->base;
    if ((uintptr_t)address < (uintptr_t)image->base || offset >= image->pe.image_size)
        return false;
    *rva = (uint32_t)offset;
    return true;
}
