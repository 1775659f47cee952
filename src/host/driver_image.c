/* SPDX-License-Identifier: MIT */
/* From a driver's file to an entry point. See driver_image.h. */
#include "host/driver_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/driver_callbacks.h"
#include "ldr/exports.h"
#include "ldr/thunk.h"

/* An import's callee, kept as long as the image. */
struct known_import {
    struct vport_callee callee;
    char name[VPORT_PE_NAME];
};

struct vport_driver_image {
    struct vport_loaded_image *loaded;
    vport_driver entry;
    struct known_import *imports;
    unsigned count;
    bool overflow; /* more imports than thunks */
    const struct vport_driver_image_config *config;
};

static void import_name(const struct vport_pe_import *import, char *text, size_t size)
{
    if (import->name)
        snprintf(text, size, "%s", import->name);
    else
        snprintf(text, size, "%s #%u", import->library, import->ordinal);
}

/* Functions of the C runtime have registers as arguments that no convention knows, and nobody wants
 * to see each memcpy: they are called directly. */
static void *bind(void *context, const struct vport_pe_import *import)
{
    struct vport_driver_image *image = context;
    const struct vport_export *export = NULL;
    void *target = import->name ? vport_import_find(import->library, import->name, &export) : NULL;
    struct known_import *known = &image->imports[image->count];
    bool watch = image->config->watch;
    void *thunk;

    if (!target && image->config->missing)
        image->config->missing(image->config->context, import);
    if (target && !(export && export->address))
        return target;
    if (image->count == VPORT_THUNKS) {
        image->overflow = true;
        return target;
    }
    import_name(import, known->name, sizeof(known->name));
    known->callee = (struct vport_callee){
        .name = known->name,
        .signature = export ? export->signature : NULL,
        .parameters = export ? export->parameters : NULL,
        .enter = target ? vport_driver_hook(known->name, watch) : NULL,
    };
    image->count++;
    thunk = vport_thunk_make(target, &known->callee, watch || known->callee.enter);
    image->overflow |= !thunk;
    return thunk;
}

static enum vport_status fail(char *error, enum vport_status status, const char *text)
{
    if (error)
        snprintf(error, VPORT_ERROR_TEXT, "%s", text);
    return status;
}

static enum vport_status load(struct vport_driver_image *image, char *error)
{
    const struct vport_driver_image_config *config = image->config;
    struct vport_image_binder binder = {.bind = bind, .context = image, .cookie = config->cookie};
    char reason[VPORT_PE_ERROR];
    enum vport_status status;

    status = vport_image_load(config->file, config->size, &binder, &image->loaded, reason);
    if (status)
        return fail(error, status, reason);
    if (image->overflow)
        return fail(error, VPORT_E_UNSUPPORTED, "more than 4096 imports: no driver has so many");
    if (!image->loaded->pe.entry)
        return fail(error, VPORT_E_INVALID, "the image has no entry point: no DriverEntry");
    image->entry = vport_driver_watch_entry(
        (vport_driver)(uintptr_t)(image->loaded->base + image->loaded->pe.entry), config->watch);
    return VPORT_OK;
}

enum vport_status vport_driver_image_load(const struct vport_driver_image_config *config,
                                          struct vport_driver_image **result, char *error)
{
    struct vport_driver_image *image = calloc(1, sizeof(*image));
    enum vport_status status;

    *result = NULL;
    if (image)
        image->imports = calloc(VPORT_THUNKS + 1, sizeof(*image->imports));
    if (!image || !image->imports) {
        free(image);
        return fail(error, VPORT_E_NO_MEMORY, vport_status_text(VPORT_E_NO_MEMORY));
    }
    image->config = config;
    status = load(image, error);
    image->config = NULL;
    if (status)
        vport_driver_image_unload(image);
    else
        *result = image;
    return status;
}

void vport_driver_image_unload(struct vport_driver_image *image)
{
    if (!image)
        return;
    vport_thunks_reset();
    vport_image_unload(image->loaded);
    free(image->imports);
    free(image);
}

vport_driver vport_driver_image_entry(struct vport_driver_image *image)
{
    return image->entry;
}

const struct vport_loaded_image *vport_driver_image_loaded(const struct vport_driver_image *image)
{
    return image->loaded;
}

void *vport_driver_thunk(const char *name, bool watch)
{
    const struct vport_export *export = vport_export_find("videoprt.sys", name);
    struct vport_callee *callee;

    if (!export)
        export = vport_export_find("ntoskrnl.exe", name);
    callee = export && export->address ? malloc(sizeof(*callee)) : NULL;
    if (!callee)
        return NULL;
    *callee = (struct vport_callee){.name = export->name,
                                    .signature = export->signature,
                                    .parameters = export->parameters,
                                    .enter = vport_driver_hook(export->name, watch)};
    return vport_thunk_make(export->address, callee, watch || callee->enter);
}

vport_driver vport_driver_watch_entry(vport_driver entry, bool watch)
{
    void *thunk = vport_thunk_make((void *)(uintptr_t)entry, &vport_callee_entry, true);

    vport_driver_callbacks_watch(watch);
    return thunk ? (vport_driver)(uintptr_t)thunk : entry;
}
