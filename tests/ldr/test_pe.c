/* SPDX-License-Identifier: MIT */
/* The PE parser on whole and on damaged images. */
#include "images.h"

#include "ldr/pe.h"

struct names {
    char text[512];
    unsigned count;
};

static enum vport_status collect(void *context, const struct vport_pe_import *import)
{
    struct names *names = context;

    strcat(names->text, import->name);
    strcat(names->text, " ");
    names->count++;
    return VPORT_OK;
}

static uint8_t *laid_out(const struct vport_pe *pe)
{
    uint8_t *image = calloc(1, pe->image_size);

    assert_non_null(image);
    vport_pe_lay_out(pe, image);
    return image;
}

static void reads_both_machines(void **state)
{
    static const struct {
        const char *name;
        uint16_t machine;
        bool wide;
    } each[] = {{"x86-64", VPORT_PE_AMD64, true}, {"i386", VPORT_PE_I386, false}};

    for (unsigned i = 0; i < 2; i++) {
        struct names names = {"", 0};
        struct vport_pe pe;
        struct file file;
        uint8_t *image;

        file_read(each[i].name, &file);
        assert_int_equal(vport_pe_parse(file.bytes, file.size, &pe, NULL), VPORT_OK);
        assert_int_equal(pe.machine, each[i].machine);
        assert_int_equal(pe.wide, each[i].wide);
        assert_int_equal(pe.subsystem, 1);
        assert_int_equal(pe.image_base, 0x10000);
        assert_string_equal(vport_pe_section_name(&pe, pe.entry), ".text");
        image = laid_out(&pe);
        assert_int_equal(vport_pe_imports(&pe, image, collect, &names, NULL), VPORT_OK);
        assert_string_equal(names.text, "VideoPortInitialize VideoPortZeroMemory ");
        free(image);
    }
}

static void exports_are_found_by_name(void **state)
{
    struct file file;
    struct vport_pe pe;
    uint8_t *image;

    file_read("x86-64", &file);
    assert_int_equal(vport_pe_parse(file.bytes, file.size, &pe, NULL), VPORT_OK);
    image = laid_out(&pe);
    assert_int_equal(vport_pe_export(&pe, image, "DriverEntry"), pe.entry);
    assert_int_equal(vport_pe_export(&pe, image, "DriverEntr"), 0);
    free(image);
}

static void function_bounds_hold_the_entry(void **state)
{
    struct file file;
    struct vport_pe pe;
    uint32_t begin, end;
    uint8_t *image;

    file_read("x86-64", &file);
    assert_int_equal(vport_pe_parse(file.bytes, file.size, &pe, NULL), VPORT_OK);
    image = laid_out(&pe);
    assert_true(vport_pe_function(&pe, image, pe.entry + 1, &begin, &end));
    assert_int_equal(begin, pe.entry);
    assert_in_range(end, pe.entry + 2, pe.image_size);
    assert_false(vport_pe_function(&pe, image, pe.image_size, &begin, &end));
    free(image);
}

/* The data section holds the entry's address: it moves with the image, and nothing else does. */
static void relocation_moves_pointers_only(void **state)
{
    struct file file;
    struct vport_pe pe;
    uint8_t *image, *moved;
    unsigned words = 0;

    file_read("x86-64", &file);
    assert_int_equal(vport_pe_parse(file.bytes, file.size, &pe, NULL), VPORT_OK);
    image = laid_out(&pe);
    moved = laid_out(&pe);
    assert_int_equal(vport_pe_relocate(&pe, moved, 0x700000000000, NULL), VPORT_OK);
    for (uint32_t at = 0; at + 8 <= pe.image_size; at += 8) {
        uint64_t before, after;

        memcpy(&before, image + at, 8);
        memcpy(&after, moved + at, 8);
        if (before == after)
            continue;
        assert_int_equal(after - before, 0x700000000000);
        assert_in_range(before, pe.image_base, pe.image_base + pe.image_size);
        words++;
    }
    assert_int_equal(words, 2);
    free(image);
    free(moved);
}

static void every_truncation_is_refused_or_read(void **state)
{
    struct file file;
    struct vport_pe pe;
    char error[VPORT_PE_ERROR];

    file_read("x86-64", &file);
    for (size_t size = 0; size < file.size; size++) {
        uint8_t *exactly = malloc(size ? size : 1); /* for the sanitizer to see a byte too much */

        memcpy(exactly, file.bytes, size);
        error[0] = '\0';
        if (vport_pe_parse(exactly, size, &pe, error) != VPORT_OK)
            assert_true(error[0] != '\0');
        else
            assert_true(size > pe.headers_size);
        free(exactly);
    }
}

static void damage(size_t field, uint32_t value, enum vport_status expected)
{
    struct file file;
    struct vport_pe pe;
    char error[VPORT_PE_ERROR] = "";

    file_read("x86-64", &file);
    put32(pe_field(&file, field), value);
    assert_int_equal(vport_pe_parse(file.bytes, file.size, &pe, error), expected);
    assert_true(error[0] != '\0');
}

static void damaged_headers_are_refused_in_words(void **state)
{
    damage(0, 0, VPORT_E_INVALID);                       /* no signature */
    damage(PE_MACHINE, 0x0004aa64, VPORT_E_UNSUPPORTED); /* ARM64 */
    damage(PE_MACHINE, 0xffff8664, VPORT_E_INVALID);     /* 65535 sections */
    damage(PE_MAGIC, 0x107, VPORT_E_UNSUPPORTED);
    damage(PE_ALIGNMENT, 3, VPORT_E_INVALID);
    damage(PE_IMAGE_SIZE, 16, VPORT_E_INVALID);
    damage(PE_IMAGE_SIZE, 0xfffff000, VPORT_E_TOO_LARGE);
    damage(PE_ENTRY, 0x7fffffff, VPORT_E_INVALID);
    damage(PE_HEADERS_SIZE, 0x7fffffff, VPORT_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_machines),
        cmocka_unit_test(exports_are_found_by_name),
        cmocka_unit_test(function_bounds_hold_the_entry),
        cmocka_unit_test(relocation_moves_pointers_only),
        cmocka_unit_test(every_truncation_is_refused_or_read),
        cmocka_unit_test(damaged_headers_are_refused_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
