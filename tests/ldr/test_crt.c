/* SPDX-License-Identifier: MIT */
/* The kernel's C runtime, called as a driver calls it. */
#include "images.h"

#include "ldr/crt.h"

#define WINDOWS __attribute__((ms_abi))

static void *need(const char *name)
{
    void *found = vport_crt_find(name);

    assert_non_null(found);
    return found;
}

static void copies_tolerate_overlap(void **state)
{
    void *WINDOWS (*copy)(void *, const void *, size_t) = need("memcpy");
    char text[] = "abcdefgh";

    assert_ptr_equal(copy(text + 2, text, 5), text + 2);
    assert_string_equal(text, "ababcdeh");
    assert_ptr_equal(copy(text, text + 2, 5), text);
    assert_string_equal(text, "abcdedeh");
    assert_ptr_equal(copy(text, text, 8), text);
    assert_string_equal(text, "abcdedeh");
}

static void fills_return_their_start(void **state)
{
    void *WINDOWS (*fill)(void *, int, size_t) = need("memset");
    char text[] = "abcd";

    assert_ptr_equal(fill(text + 1, 0x178, 2), text + 1);
    assert_string_equal(text, "axxd");
}

static void prints_microsofts_formats(void **state)
{
    int WINDOWS (*print)(char *, const char *, ...) = need("sprintf");
    char text[64];

    assert_int_equal(print(text, "%I64x %ws %S %d", 0x123456789abcULL, L"wide", L"too", -3), 24);
    assert_string_equal(text, "123456789abc wide too -3");
}

static void bounded_print_does_not_overrun(void **state)
{
    int WINDOWS (*print)(char *, size_t, const char *, ...) = need("_snprintf");
    char text[8] = "#######";

    assert_int_equal(print(text, 4, "%s", "abcdef"), -1);
    assert_memory_equal(text, "abcd###", 8);
    assert_int_equal(print(text, 4, "%s", "abcd"), 4); /* fits, without its end */
    assert_memory_equal(text, "abcd###", 8);
    assert_int_equal(print(text, 4, "%s", "xy"), 2);
    assert_memory_equal(text, "xy\0d###", 8);
}

static void wide_print(void **state)
{
    int WINDOWS (*print)(uint16_t *, const uint16_t *, ...) = need("swprintf");
    uint16_t text[32];

    assert_int_equal(print(text, L"\\Device\\Video%u", 7), 14);
    assert_memory_equal(text, L"\\Device\\Video7", 30);
}

static void unknown_names_are_none(void **state)
{
    assert_null(vport_crt_find("malloc"));
    assert_null(vport_crt_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_tolerate_overlap),
        cmocka_unit_test(fills_return_their_start),
        cmocka_unit_test(prints_microsofts_formats),
        cmocka_unit_test(bounded_print_does_not_overrun),
        cmocka_unit_test(wide_print),
        cmocka_unit_test(unknown_names_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
