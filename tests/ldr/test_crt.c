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

static void memory_is_compared_and_searched(void **state)
{
    int WINDOWS (*compare)(const void *, const void *, size_t) = need("memcmp");
    void *WINDOWS (*search)(const void *, int, size_t) = need("memchr");
    void *WINDOWS (*move)(void *, const void *, size_t) = need("memmove");
    char text[] = "abcdef";

    assert_true(compare("ab\x80", "ab\x7f", 3) > 0); /* unsigned */
    assert_true(compare("abc", "abd", 3) < 0);
    assert_int_equal(compare("abc", "abd", 2), 0);
    assert_ptr_equal(search(text, 0x100 + 'c', 6), text + 2);
    assert_null(search(text, 'f', 5));
    assert_ptr_equal(move(text + 1, text, 4), text + 1);
    assert_string_equal(text, "aabcdf");
}

/* ---- Strings ---- */

static void strings_are_copied_and_joined(void **state)
{
    char *WINDOWS (*copy)(char *, const char *) = need("strcpy");
    char *WINDOWS (*copy_most)(char *, const char *, size_t) = need("strncpy");
    char *WINDOWS (*join)(char *, const char *) = need("strcat");
    char *WINDOWS (*join_most)(char *, const char *, size_t) = need("strncat");
    size_t WINDOWS (*length)(const char *) = need("strlen");
    char text[16] = "###############";

    assert_ptr_equal(copy(text, "ab"), text);
    assert_int_equal(length(text), 2);
    assert_ptr_equal(join(text, "cd"), text);
    assert_ptr_equal(join_most(text, "efgh", 2), text);
    assert_string_equal(text, "abcdef"); /* ended */
    assert_ptr_equal(copy_most(text, "xy", 5), text);
    assert_memory_equal(text, "xy\0\0\0f", 7); /* filled with zeros */
    copy_most(text, "1234", 2);
    assert_memory_equal(text, "12\0", 3); /* and not ended when there is no room */
}

static void strings_are_compared(void **state)
{
    int WINDOWS (*compare)(const char *, const char *) = need("strcmp");
    int WINDOWS (*compare_most)(const char *, const char *, size_t) = need("strncmp");
    int WINDOWS (*compare_any)(const char *, const char *) = need("_stricmp");
    int WINDOWS (*compare_any_most)(const char *, const char *, size_t) = need("_strnicmp");

    assert_true(compare("abc", "abd") < 0);
    assert_true(compare("abc", "ab") > 0);
    assert_int_equal(compare_most("abc", "abd", 2), 0);
    assert_true(compare_most("abc", "abd", 3) < 0);
    assert_int_equal(compare_any("VgaSave", "vgasave"), 0);
    assert_true(compare_any("A", "b") < 0);
    assert_int_equal(compare_any_most("VGAx", "vgay", 3), 0);
    assert_true(compare_any_most("VGAx", "vgay", 4) < 0);
}

static void strings_are_searched(void **state)
{
    char *WINDOWS (*first)(const char *, int) = need("strchr");
    char *WINDOWS (*last)(const char *, int) = need("strrchr");
    char *WINDOWS (*part)(const char *, const char *) = need("strstr");
    size_t WINDOWS (*span)(const char *, const char *) = need("strspn");
    const char *text = "PCI\\VEN_1234";

    assert_ptr_equal(first(text, 'E'), text + 5);
    assert_ptr_equal(first(text, '\0'), text + 12);
    assert_null(first(text, '9'));
    assert_null(last(text, 'x'));
    assert_ptr_equal(last(text, 'I'), text + 2);
    assert_ptr_equal(part(text, "VEN_"), text + 4);
    assert_null(part(text, "DEV_"));
    assert_int_equal(span("1234x5", "4321"), 4);
}

static void letters_change_their_case(void **state)
{
    int WINDOWS (*up)(int) = need("toupper");
    int WINDOWS (*down)(int) = need("tolower");
    char *WINDOWS (*all_up)(char *) = need("_strupr");
    char *WINDOWS (*all_down)(char *) = need("_strlwr");
    char text[] = "Vga 640x480";

    assert_int_equal(up('q'), 'Q');
    assert_int_equal(up('7'), '7');
    assert_int_equal(down('Q'), 'q');
    assert_ptr_equal(all_up(text), text);
    assert_string_equal(text, "VGA 640X480");
    assert_ptr_equal(all_down(text), text);
    assert_string_equal(text, "vga 640x480");
}

/* Characters 0 to 127 of which `is` says yes. */
static void expect_class(int WINDOWS (*is)(int), const char *members)
{
    for (int c = 1; c < 128; c++)
        assert_int_equal(is(c) != 0, strchr(members, c) != NULL);
}

static void characters_have_classes(void **state)
{
    int WINDOWS (*printable)(int) = need("isprint");

    expect_class(need("isdigit"), "0123456789");
    expect_class(need("isxdigit"), "0123456789abcdefABCDEF");
    expect_class(need("isspace"), " \t\n\v\f\r");
    expect_class(need("isupper"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    expect_class(need("islower"), "abcdefghijklmnopqrstuvwxyz");
    for (int c = 0; c < 128; c++)
        assert_int_equal(printable(c) != 0, c >= ' ' && c < 127);
}

/* ---- Wide strings ---- */

static void wide_strings_are_copied_and_joined(void **state)
{
    uint16_t *WINDOWS (*copy)(uint16_t *, const uint16_t *) = need("wcscpy");
    uint16_t *WINDOWS (*copy_most)(uint16_t *, const uint16_t *, size_t) = need("wcsncpy");
    uint16_t *WINDOWS (*join)(uint16_t *, const uint16_t *) = need("wcscat");
    uint16_t *WINDOWS (*join_most)(uint16_t *, const uint16_t *, size_t) = need("wcsncat");
    size_t WINDOWS (*length)(const uint16_t *) = need("wcslen");
    uint16_t text[16];

    memset(text, 0xff, sizeof(text));
    assert_ptr_equal(copy(text, L"ab"), text);
    assert_int_equal(length(text), 2);
    assert_ptr_equal(join(text, L"cd"), text);
    assert_ptr_equal(join_most(text, L"efgh", 2), text);
    assert_memory_equal(text, L"abcdef", 14);
    assert_ptr_equal(copy_most(text, L"xy", 5), text);
    assert_memory_equal(text, L"xy\0\0\0f", 14);
    copy_most(text, L"1234", 2);
    assert_memory_equal(text, L"12", 6);
}

static void wide_strings_are_compared(void **state)
{
    int WINDOWS (*compare)(const uint16_t *, const uint16_t *) = need("wcscmp");
    int WINDOWS (*compare_most)(const uint16_t *, const uint16_t *, size_t) = need("wcsncmp");
    int WINDOWS (*compare_any)(const uint16_t *, const uint16_t *) = need("_wcsicmp");
    int WINDOWS (*compare_any_most)(const uint16_t *, const uint16_t *, size_t) = need("_wcsnicmp");

    assert_true(compare(L"abc", L"abd") < 0);
    assert_true(compare(L"\u20ac", L"a") > 0);
    assert_int_equal(compare(L"abc", L"abc"), 0);
    assert_int_equal(compare_most(L"abc", L"abd", 2), 0);
    assert_true(compare_most(L"abc", L"ab", 3) > 0);
    assert_int_equal(compare_any(L"HardwareInformation", L"HARDWAREinformation"), 0);
    assert_true(compare_any(L"A", L"b") < 0);
    assert_int_equal(compare_any_most(L"DAC1", L"dac2", 3), 0);
    assert_true(compare_any_most(L"DAC1", L"dac2", 4) < 0);
}

static void wide_strings_are_searched(void **state)
{
    uint16_t *WINDOWS (*first)(const uint16_t *, uint16_t) = need("wcschr");
    uint16_t *WINDOWS (*last)(const uint16_t *, uint16_t) = need("wcsrchr");
    uint16_t *WINDOWS (*part)(const uint16_t *, const uint16_t *) = need("wcsstr");
    size_t WINDOWS (*span)(const uint16_t *, const uint16_t *) = need("wcsspn");
    const uint16_t *text = L"\\Device\\Video0";

    assert_ptr_equal(first(text, 'i'), text + 4);
    assert_ptr_equal(first(text, 0), text + 14);
    assert_null(first(text, 'x'));
    assert_ptr_equal(last(text, '\\'), text + 7);
    assert_ptr_equal(last(text, 0), text + 14);
    assert_null(last(text, 'x'));
    assert_ptr_equal(part(text, L"Video"), text + 8);
    assert_ptr_equal(part(text, L""), text);
    assert_null(part(text, L"Video00"));
    assert_int_equal(span(L"0012", L"10"), 3);
}

static void wide_letters_change_their_case(void **state)
{
    uint16_t WINDOWS (*up)(uint16_t) = need("towupper");
    uint16_t WINDOWS (*down)(uint16_t) = need("towlower");
    uint16_t *WINDOWS (*all_up)(uint16_t *) = need("_wcsupr");
    uint16_t *WINDOWS (*all_down)(uint16_t *) = need("_wcslwr");
    uint16_t text[] = {'V', 'g', 'a', '1', 0};

    assert_int_equal(up('z'), 'Z');
    assert_int_equal(up('{'), '{');
    assert_int_equal(down('Z'), 'z');
    assert_int_equal(down('['), '[');
    assert_ptr_equal(all_up(text), text);
    assert_memory_equal(text, L"VGA1", 10);
    assert_ptr_equal(all_down(text), text);
    assert_memory_equal(text, L"vga1", 10);
}

/* ---- Conversions, sorting, random numbers ---- */

static void text_becomes_numbers(void **state)
{
    int WINDOWS (*number)(const char *) = need("atoi");
    int WINDOWS (*number_long)(const char *) = need("atol"); /* 32 bits there */
    int64_t WINDOWS (*number_64)(const char *) = need("_atoi64");

    assert_int_equal(number(" \t-42x"), -42);
    assert_int_equal(number("+7"), 7);
    assert_int_equal(number("x7"), 0);
    assert_int_equal(number("-"), 0);
    assert_int_equal(number_long("2147483647"), 2147483647);
    assert_true(number_64("-9223372036854775808") == INT64_MIN);
    assert_true(number_64("9223372036854775807 and more") == INT64_MAX);
}

static void numbers_become_text(void **state)
{
    char *WINDOWS (*text_of)(int, char *, int) = need("_itoa");
    uint16_t *WINDOWS (*wide_text_of)(int, uint16_t *, int) = need("_itow");
    uint16_t wide[40];
    char text[40];

    assert_ptr_equal(text_of(-2147483647 - 1, text, 10), text);
    assert_string_equal(text, "-2147483648");
    text_of(-1, text, 16);
    assert_string_equal(text, "ffffffff"); /* only base 10 has negative numbers */
    text_of(-1, text, 2);
    assert_string_equal(text, "11111111111111111111111111111111");
    text_of(0, text, 8);
    assert_string_equal(text, "0");
    text_of(35, text, 36);
    assert_string_equal(text, "z");
    text_of(35, text, 1); /* no such base */
    assert_string_equal(text, "");
    assert_ptr_equal(wide_text_of(-305, wide, 10), wide);
    assert_memory_equal(wide, L"-305", 10);
}

static void strings_change_their_width(void **state)
{
    size_t WINDOWS (*widen)(uint16_t *, const char *, size_t) = need("mbstowcs");
    size_t WINDOWS (*narrow)(char *, const uint16_t *, size_t) = need("wcstombs");
    uint16_t wide[8];
    char text[8];

    memset(wide, 0xff, sizeof(wide));
    assert_int_equal(widen(wide, "ab\xe4", 8), 3);
    assert_memory_equal(wide, L"ab\u00e4", 8);
    assert_int_equal(widen(wide, "abcdef", 2), 2); /* no room for an end */
    assert_int_equal(wide[2], 0xe4);
    assert_int_equal(widen(NULL, "abcdef", 0), 6);
    memset(text, '#', sizeof(text));
    assert_int_equal(narrow(text, L"ab\u00e4", 8), 3);
    assert_string_equal(text, "ab\xe4");
    assert_int_equal(narrow(text, L"a\u20ac", 8), (size_t)-1);
    assert_int_equal(narrow(NULL, L"abc", 0), 3);
}

static int WINDOWS descending(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

static void sorting_asks_the_driver(void **state)
{
    void WINDOWS (*sort)(void *, size_t, size_t, int WINDOWS (*)(const void *, const void *)) =
        need("qsort");
    int numbers[100];

    for (int i = 0; i < 100; i++)
        numbers[i] = i * 37 % 100;
    sort(numbers, 100, sizeof(int), descending);
    for (int i = 0; i < 100; i++)
        assert_int_equal(numbers[i], 99 - i);
}

static void random_numbers_are_a_known_series(void **state)
{
    int WINDOWS (*next)(void) = need("rand");
    void WINDOWS (*seed)(unsigned) = need("srand");

    seed(1);
    assert_int_equal(next(), 41);
    assert_int_equal(next(), 18467);
    assert_int_equal(next(), 6334);
    seed(1);
    assert_int_equal(next(), 41);
}

/* ---- Formatted output ---- */

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
    int WINDOWS (*print_most)(uint16_t *, size_t, const uint16_t *, ...) = need("_snwprintf");
    uint16_t text[32];

    assert_int_equal(print(text, L"\\Device\\Video%u", 7), 14);
    assert_memory_equal(text, L"\\Device\\Video7", 30);
    memset(text, 0xff, sizeof(text));
    assert_int_equal(print_most(text, 4, L"%d", 12345), -1);
    assert_memory_equal(text, L"1234\uffff", 10); /* cut, without its end */
    assert_int_equal(print_most(text, 4, L"%d", 12), 2);
    assert_memory_equal(text, L"12", 6);
}

/* What a driver's own printing function does with its arguments. */
static WINDOWS int with_list(const char *name, void *to, size_t size, const void *format, ...)
{
    __builtin_ms_va_list list;
    int result;

    __builtin_ms_va_start(list, format);
    if (!strcmp(name, "vsprintf")) {
        int WINDOWS (*print)(char *, const char *, __builtin_ms_va_list) = need("vsprintf");
        result = print(to, format, list);
    } else if (!strcmp(name, "_vsnprintf")) {
        int WINDOWS (*print)(char *, size_t, const char *, __builtin_ms_va_list) =
            need("_vsnprintf");
        result = print(to, size, format, list);
    } else {
        int WINDOWS (*print)(uint16_t *, size_t, const uint16_t *, __builtin_ms_va_list) =
            need("_vsnwprintf");
        result = print(to, size, format, list);
    }
    __builtin_ms_va_end(list);
    return result;
}

static void prints_from_a_list(void **state)
{
    char text[16] = "###############";
    uint16_t wide[16];

    assert_int_equal(with_list("vsprintf", text, 0, "%d-%s", 5, "x"), 3);
    assert_string_equal(text, "5-x");
    assert_int_equal(with_list("_vsnprintf", text, 3, "%d-%s", 55, "x"), -1);
    assert_memory_equal(text, "55-", 3);
    assert_int_equal(with_list("_vsnwprintf", wide, 16, L"%ws=%u", L"bpp", 32u), 6);
    assert_memory_equal(wide, L"bpp=32", 14);
}

/* ---- Compilers' own ---- */

/* Calls with rax = size; which registers it may change is its contract. */
static void stack_probes_keep_their_registers(void **state)
{
    void *probe = need("__chkstk");
    uint64_t size = 100000, rcx = 0x1111, rdx = 0x2222, r8 = 0x3333, r9 = 0x4444, rsp[2];

    __asm__ volatile(
        "movq %%rsp, %[before]\n\t"
        "subq $256, %%rsp\n\t" /* the red zone */
        "movq %[r8], %%r8\n\t"
        "movq %[r9], %%r9\n\t"
        "call *%[probe]\n\t"
        "movq %%r8, %[r8]\n\t"
        "movq %%r9, %[r9]\n\t"
        "addq $256, %%rsp\n\t"
        "movq %%rsp, %[after]"
        : "+a"(size), "+c"(rcx),
          "+d"(rdx), [r8] "+S"(r8), [r9] "+D"(r9), [before] "=&r"(rsp[0]), [after] "=&r"(rsp[1])
        : [probe] "b"(probe)
        : "r8", "r9", "r10", "r11", "cc", "memory");
    assert_int_equal(rsp[1], rsp[0]); /* the caller moves it itself */
    assert_int_equal(size, 100000);
    assert_int_equal(rcx, 0x1111);
    assert_int_equal(rdx, 0x2222);
    assert_int_equal(r8, 0x3333);
    assert_int_equal(r9, 0x4444);
}

static void exceptions_are_nobodys(void **state)
{
    int WINDOWS (*handler)(void *, void *, void *, void *) = need("__C_specific_handler");

    assert_int_equal(handler(NULL, NULL, NULL, NULL), 1); /* ExceptionContinueSearch */
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
        cmocka_unit_test(memory_is_compared_and_searched),
        cmocka_unit_test(strings_are_copied_and_joined),
        cmocka_unit_test(strings_are_compared),
        cmocka_unit_test(strings_are_searched),
        cmocka_unit_test(letters_change_their_case),
        cmocka_unit_test(characters_have_classes),
        cmocka_unit_test(wide_strings_are_copied_and_joined),
        cmocka_unit_test(wide_strings_are_compared),
        cmocka_unit_test(wide_strings_are_searched),
        cmocka_unit_test(wide_letters_change_their_case),
        cmocka_unit_test(text_becomes_numbers),
        cmocka_unit_test(numbers_become_text),
        cmocka_unit_test(strings_change_their_width),
        cmocka_unit_test(sorting_asks_the_driver),
        cmocka_unit_test(random_numbers_are_a_known_series),
        cmocka_unit_test(prints_microsofts_formats),
        cmocka_unit_test(bounded_print_does_not_overrun),
        cmocka_unit_test(wide_print),
        cmocka_unit_test(prints_from_a_list),
        cmocka_unit_test(stack_probes_keep_their_registers),
        cmocka_unit_test(exceptions_are_nobodys),
        cmocka_unit_test(unknown_names_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
