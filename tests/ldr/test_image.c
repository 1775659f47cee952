/* SPDX-License-Identifier: MIT */
/*
 * Loading: binding, protection, and images that cannot be had. x86-64 only: the test's own machine.
 */
#include "images.h"

#include "ldr/exports.h"
#include "ldr/image.h"

static char target;

static void *bind(void *context, const struct vport_pe_import *import)
{
    unsigned *count = context;

    assert_string_equal(import->library, "VIDEOPRT.SYS");
    return &target + (*count)++;
}

static enum vport_status load(const struct file *file, unsigned *count,
                              struct vport_loaded_image **image, char *error)
{
    struct vport_image_binder binder = {.bind = bind, .context = count, .cookie = 42};

    return vport_image_load(file->bytes, file->size, &binder, image, error);
}

static void imports_are_bound_in_order(void **state)
{
    struct vport_loaded_image *image;
    char error[VPORT_PE_ERROR];
    unsigned count = 0, found = 0;
    struct file file;
    uint32_t rva;

    file_read("x86-64", &file);
    assert_int_equal(load(&file, &count, &image, error), VPORT_OK);
    assert_int_equal(count, 2);
    for (uint32_t at = 0; at + 8 <= image->pe.image_size; at += 4) {
        char *pointer;

        memcpy(&pointer, image->base + at, sizeof(pointer));
        found += pointer == &target || pointer == &target + 1;
    }
    assert_int_equal(found, 2);
    assert_true(vport_image_holds(image, image->base + image->pe.entry, &rva));
    assert_int_equal(rva, image->pe.entry);
    assert_false(vport_image_holds(image, image->base - 1, &rva));
    assert_false(vport_image_holds(image, image->base + image->pe.image_size, &rva));
    assert_true(image->shares_pages); /* its sections are aligned to 16 */
    vport_image_unload(image);
}

static void another_machines_image_is_refused(void **state)
{
    struct vport_loaded_image *image;
    char error[VPORT_PE_ERROR];
    unsigned count = 0;
    struct file file;

    file_read("i386", &file);
    assert_int_equal(load(&file, &count, &image, error), VPORT_E_UNSUPPORTED);
    assert_null(image);
    assert_non_null(strstr(error, "0x14c"));
    assert_int_equal(count, 0);
}

static void image_that_cannot_move_gets_its_address_once(void **state)
{
    struct vport_loaded_image *first, *second;
    char error[VPORT_PE_ERROR];
    unsigned count = 0;
    struct file file;
    uint64_t base = 0x200000450000;

    file_read("x86-64", &file);
    *pe_field(&file, PE_CHARACTERISTICS) |= 1; /* relocations stripped */
    memcpy(pe_field(&file, 24 + 24), &base, 8);
    assert_int_equal(load(&file, &count, &first, error), VPORT_OK);
    assert_ptr_equal(first->base, (void *)(uintptr_t)base);
    assert_int_equal(load(&file, &count, &second, error), VPORT_E_UNSUPPORTED);
    assert_non_null(strstr(error, "0x200000450000"));
    vport_image_unload(first);
}

static void exports_know_their_library(void **state)
{
    const struct vport_export *export;

    assert_non_null(vport_export_find("VIDEOPRT.SYS", "VideoPortStartDma"));
    assert_non_null(vport_export_find("videoprt.sys", "VideoPortStartDma"));
    assert_null(vport_export_find("ntoskrnl.exe", "VideoPortStartDma"));
    assert_null(vport_export_find("videoprt.sys", "VideoPortStartDm"));
    assert_non_null(vport_import_find("ntoskrnl.exe", "memcpy", &export));
    assert_null(export);
    assert_null(vport_import_find("videoprt.sys", "memcpy", &export));
    assert_null(vport_import_find("ntoskrnl.exe", "PsCreateSystemThread", &export));
    assert_non_null(export); /* declared, not provided */
}

static void table_is_sorted_and_described(void **state)
{
    assert_true(vport_export_count > 300);
    for (size_t i = 0; i < vport_export_count; i++) {
        const struct vport_export *export = &vport_exports[i];
        size_t parameters = export->parameters[0] != '\0';

        if (i)
            assert_true(strcmp(vport_exports[i - 1].name, export->name) < 0);
        for (const char *c = export->parameters; *c; c++)
            parameters += *c == ',';
        assert_int_equal(strcspn(export->signature + 1, "."), parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_are_bound_in_order),
        cmocka_unit_test(another_machines_image_is_refused),
        cmocka_unit_test(image_that_cannot_move_gets_its_address_once),
        cmocka_unit_test(exports_know_their_library),
        cmocka_unit_test(table_is_sorted_and_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
