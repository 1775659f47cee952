/* SPDX-License-Identifier: MIT */
/* key=value,...: what is read, what is refused, and what is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arith.h"
#include "host/keys.h"

enum { COLOUR, COUNT, SIZE, TIME, POWER, KEYS };

static const struct vport_adapter_key keys[KEYS + 1] = {
    [COLOUR] = {"colour", "red|green|blue", "green", ""},
    [COUNT] = {"count", "auto|1..100", "auto", ""},
    [SIZE] = {"size", "1K..8G", "64K", ""},
    [TIME] = {"time", "0..10s", "5us", ""},
    [POWER] = {"power", "1..1M", "4K", ""},
    {0}};

static const struct vport_key_rule rules[KEYS] = {
    [COUNT] = {.kind = VPORT_KEY_NUMBER, .least = 1, .most = 100, .zero = "auto"},
    [SIZE] = {.kind = VPORT_KEY_SIZE, .least = 1024, .most = 8ull << 30},
    [TIME] = {.kind = VPORT_KEY_TIME, .most = 10000000000ull},
    [POWER] = {.kind = VPORT_KEY_SIZE, .least = 1, .most = 1 << 20, .power_of_two = true},
};

static uint64_t values[KEYS];
static uint64_t given;
static char error[VPORT_ERROR_TEXT];

static enum vport_status parse(const char *text)
{
    memset(values, 0x55, sizeof(values));
    error[0] = '\0';
    return vport_keys_parse(text, keys, rules, values, &given, error);
}

static void defaults_hold_where_nothing_is_said(void **state)
{
    const char *nothing[] = {NULL, "", "colour=green"};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(nothing); i++) {
        assert_int_equal(parse(nothing[i]), VPORT_OK);
        assert_int_equal(values[COLOUR], 1);
        assert_int_equal(values[COUNT], 0);
        assert_int_equal(values[SIZE], 65536);
        assert_int_equal(values[TIME], 5000);
        assert_int_equal(values[POWER], 4096);
        assert_int_equal(given, i == 2 ? 1 << COLOUR : 0);
    }
}

static void each_kind_reads_its_values(void **state)
{
    static const struct {
        const char *text;
        int key;
        uint64_t value;
    } right[] = {
        {"colour=red", COLOUR, 0},      {"colour=blue", COLOUR, 2}, {"count=1", COUNT, 1},
        {"count=100", COUNT, 100},      {"count=auto", COUNT, 0},   {"count=007", COUNT, 7},
        {"size=1024", SIZE, 1024},      {"size=1K", SIZE, 1024},    {"size=3M", SIZE, 3 << 20},
        {"size=8G", SIZE, 8ull << 30},  {"time=0", TIME, 0},        {"time=7", TIME, 7},
        {"time=7ns", TIME, 7},          {"time=7us", TIME, 7000},   {"time=7ms", TIME, 7000000},
        {"time=7s", TIME, 7000000000},  {"power=1", POWER, 1},      {"power=1M", POWER, 1 << 20},
        {"power=512K", POWER, 1 << 19},
    };

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(right); i++) {
        assert_int_equal(parse(right[i].text), VPORT_OK);
        assert_int_equal(values[right[i].key], right[i].value);
        assert_int_equal(given, 1 << right[i].key);
    }
}

static void pairs_come_in_any_order(void **state)
{
    assert_int_equal(parse("time=1ms,colour=red,size=2K"), VPORT_OK);
    assert_int_equal(values[TIME], 1000000);
    assert_int_equal(values[COLOUR], 0);
    assert_int_equal(values[SIZE], 2048);
    assert_int_equal(values[POWER], 4096);
    assert_int_equal(given, 1 << TIME | 1 << COLOUR | 1 << SIZE);
}

static void impossible_values_are_named_with_what_is_possible(void **state)
{
    static const char *const wrong[][2] = {
        {"colour=purple",
         "colour=purple: not one of its values; it takes red|green|blue (default green)"},
        {"colour=", "colour=: not one of its values"},
        {"colour=re", "colour=re: not one of its values"},
        {"colour=red|green", "colour=red|green: not one of its values"},
        {"count=0", "count=0: too small; it takes auto|1..100 (default auto)"},
        {"count=101", "count=101: too large"},
        {"count=", "count=: not a number it understands"},
        {"count=-1", "count=-1: not a number"},
        {"count=+1", "count=+1: not a number"},
        {"count=1K", "count=1K: not a number"},
        {"count=18446744073709551617", "too large"},
        {"count=99999999999999999999999999999999999999", "too large"},
        {"size=1023", "too small"},
        {"size=8193M", "too large"},
        {"size=18446744073709551615G", "too large"},
        {"size=K", "not a number"},
        {"size=1k", "not a number"},
        {"size=1 K", "not a number"},
        {"time=10001ms", "too large"},
        {"time=1m", "not a number"},
        {"power=3", "power=3: not a power of two; it takes 1..1M (default 4K)"},
    };

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(wrong); i++) {
        assert_int_equal(parse(wrong[i][0]), VPORT_E_INVALID);
        if (!strstr(error, wrong[i][1]))
            fail_msg("'%s' was answered with '%s'", wrong[i][0], error);
    }
}

static void unknown_keys_list_the_known_and_suggest_the_nearest(void **state)
{
    assert_int_equal(parse("color=red"), VPORT_E_INVALID);
    assert_string_equal(error, "there is no key 'color'; did you mean 'colour'? the keys are "
                               "colour, count, size, time, power");
    assert_int_equal(parse("siez=1K"), VPORT_E_INVALID);
    assert_non_null(strstr(error, "did you mean 'size'?"));
    assert_int_equal(parse("nothing=1"), VPORT_E_INVALID);
    assert_string_equal(error,
                        "there is no key 'nothing'; the keys are colour, count, size, time, power");
}

static void malformed_text_is_refused(void **state)
{
    char lengthy[4096];

    assert_int_equal(parse("colour"), VPORT_E_INVALID);
    assert_string_equal(error, "'colour' needs a value: colour=red|green|blue");
    assert_int_equal(parse("count=1,count=1"), VPORT_E_INVALID);
    assert_string_equal(error, "'count' is given twice");
    assert_int_equal(parse(",count=1"), VPORT_E_INVALID);
    assert_int_equal(parse("count=1,,size=1K"), VPORT_E_INVALID);
    assert_int_equal(parse("="), VPORT_E_INVALID);
    memset(lengthy, 'x', sizeof(lengthy) - 1);
    lengthy[sizeof(lengthy) - 1] = '\0';
    assert_int_equal(parse(lengthy), VPORT_E_INVALID);
    assert_non_null(strstr(error, "too long to be key=value"));
}

/* Any bytes: an answer, a text that ends, values in their ranges. */
static void random_text_never_breaks_it(void **state)
{
    static const char alphabet[] = "colurentsizmpw=,=,0123456789KMGus|\xff";
    const char *variable = getenv("VPORT_SEED");
    unsigned seed = variable ? (unsigned)strtoul(variable, NULL, 10) : 1;

    printf("VPORT_SEED=%u\n", seed);
    srand(seed);
    for (int i = 0; i < 200000; i++) {
        char text[80];
        size_t length = (size_t)rand() % (sizeof(text) - 1);

        for (size_t j = 0; j < length; j++)
            text[j] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
        text[length] = '\0';
        if (parse(text) != VPORT_OK) {
            assert_in_range(strlen(error), 1, VPORT_ERROR_TEXT - 1);
            continue;
        }
        assert_in_range(values[COLOUR], 0, 2);
        assert_in_range(values[COUNT], 0, 100);
        assert_in_range(values[SIZE], 1024, 8ull << 30);
        assert_int_equal(values[POWER] & (values[POWER] - 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_where_nothing_is_said),
        cmocka_unit_test(each_kind_reads_its_values),
        cmocka_unit_test(pairs_come_in_any_order),
        cmocka_unit_test(impossible_values_are_named_with_what_is_possible),
        cmocka_unit_test(unknown_keys_list_the_known_and_suggest_the_nearest),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(random_text_never_breaks_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
