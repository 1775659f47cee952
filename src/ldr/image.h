/* SPDX-License-Identifier: MIT */
/*
 * A driver image in memory, ready to run: laid out, relocated, bound, each page with its final
 * protection.
 *
 * The finished image is written into an anonymous file first and every section is then mapped from
 * it with the protection it keeps, so no page is ever writable and executable at once. The
 * exception is an image whose section alignment is below a page: its sections share pages, and it
 * says so (shares_pages). Knows PE and memory, nothing of NT.
 */
#ifndef VPORT_LDR_IMAGE_H
#define VPORT_LDR_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ldr/pe.h"

struct vport_loaded_image {
    struct vport_pe pe; /* pe.file is NULL: the file is not kept */
    uint8_t *base;      /* where RVA 0 lies; pages of this process */
    size_t length;      /* bytes mapped, a multiple of the page size */
    bool shares_pages;  /* mapped writable and executable, for want of alignment */
    bool write_dropped; /* a section asked to be writable and executable, and is executable only */
    bool seeded_cookie; /* the /GS cookie was given a random value */
};

struct vport_image_binder {
    /*
     * The address for an import; never NULL: for one that cannot be satisfied, a trap that says its
     * name. Called once per import, in file order.
     */
    void *(*bind)(void *context, const struct vport_pe_import *import);
    void *context;
    uint64_t cookie; /* for /GS; low 48 bits are used on x86-64, 32 on i386 */
};

/*
 * Loads for this process's own machine. `file` is not needed afterwards. VPORT_E_INVALID: damaged;
 * VPORT_E_UNSUPPORTED: another machine's, or its fixed address is taken; VPORT_E_NO_MEMORY. `error`
 * has VPORT_PE_ERROR bytes.
 */
enum vport_status vport_image_load(const void *file, size_t size,
                                   const struct vport_image_binder *binder,
                                   struct vport_loaded_image **image, char *error);
void vport_image_unload(struct vport_loaded_image *image);

/* True if `address` lies in the image; then its RVA. */
bool vport_image_holds(const struct vport_loaded_image *image, const void *address, uint32_t *rva);

#endif
