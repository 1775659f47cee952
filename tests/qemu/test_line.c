/* SPDX-License-Identifier: MIT */
/* qtest's lines and base64: what is understood, and that nothing else does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/qemu/base64.h"
#include "bus/qemu/qtest_line.h"
#include "qemu/seed.h"

static struct vport_qtest_line parse(const char *text)
{
    return vport_qtest_parse_line(text, strlen(text));
}

static void answers_carry_their_value(void **state)
{
    struct vport_qtest_line line = parse("OK 0x0000000010000ed");
    uint64_t value = 0;

    assert_int_equal(line.kind, VPORT_QTEST_OK);
    assert_true(vport_qtest_parse_number(line.value, line.value_length, &value));
    assert_int_equal(value, 0x10000ed);
    line = parse("OK\r");
    assert_int_equal(line.kind, VPORT_QTEST_OK);
    assert_int_equal(line.value_length, 0);
}

static void refusals_are_kept_whole(void **state)
{
    struct vport_qtest_line line = parse("FAIL Unknown command 'x'");

    assert_int_equal(line.kind, VPORT_QTEST_FAIL);
    assert_int_equal(line.value_length, strlen("FAIL Unknown command 'x'"));
    assert_int_equal(parse("ERR Invalid argument").kind, VPORT_QTEST_FAIL);
    assert_int_equal(parse("FAIL").kind, VPORT_QTEST_FAIL);
}

static void interrupt_lines_have_a_number_and_a_level(void **state)
{
    struct vport_qtest_line line = parse("IRQ raise 20");

    assert_int_equal(line.kind, VPORT_QTEST_IRQ);
    assert_int_equal(line.irq, 20);
    assert_true(line.level);
    line = parse("IRQ lower 7");
    assert_int_equal(line.kind, VPORT_QTEST_IRQ);
    assert_int_equal(line.irq, 7);
    assert_false(line.level);
}

static void anything_else_is_unknown(void **state)
{
    static const char *const lines[] = {"",
                                        " ",
                                        "ok",
                                        "OKAY",
                                        "OK0x1",
                                        "IRQ",
                                        "IRQ raise",
                                        "IRQ raise ",
                                        "IRQ raise x",
                                        "IRQ rise 1",
                                        "IRQ raise -1",
                                        "IRQ raise 1 ",
                                        "IRQ lower 99999999999999999999",
                                        "FAILURE",
                                        "ERROR",
                                        " OK",
                                        "IRQraise 1"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (parse(lines[i]).kind != VPORT_QTEST_UNKNOWN)
            fail_msg("\"%s\" was taken for something", lines[i]);
}

static void numbers_are_hexadecimal_and_fit(void **state)
{
    static const char *const bad[] = {"",     "0",   "0x",  "x1",   "1",
                                      "0x1 ", "0xg", "0X1", "-0x1", "0x11111111111111111"};
    uint64_t value = 5;

    assert_true(vport_qtest_parse_number("0xffffFFFFffffffff", 18, &value));
    assert_true(value == UINT64_MAX);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (vport_qtest_parse_number(bad[i], strlen(bad[i]), &value))
            fail_msg("\"%s\" was taken for a number", bad[i]);
    assert_true(value == UINT64_MAX);
}

static void base64_is_that_of_the_standard(void **state)
{
    static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    char text[16];
    char back[16];

    for (size_t i = 0; i < 7; i++) {
        size_t length = strlen(plain[i]);

        assert_int_equal(vport_base64_length(length), strlen(coded[i]));
        vport_base64_encode(plain[i], length, text);
        assert_memory_equal(text, coded[i], strlen(coded[i]));
        assert_true(vport_base64_decode(coded[i], strlen(coded[i]), back, length));
        assert_memory_equal(back, plain[i], length);
    }
}

static void base64_of_another_length_or_alphabet_is_refused(void **state)
{
    char back[16];

    assert_false(vport_base64_decode("Zm9v", 4, back, 2));
    assert_false(vport_base64_decode("Zm9v", 4, back, 4));
    assert_false(vport_base64_decode("Zm8=", 4, back, 3));
    assert_false(vport_base64_decode("Zm8=", 4, back, 1));
    assert_false(vport_base64_decode("Zg=A", 4, back, 1));
    assert_false(vport_base64_decode("Zh==", 4, back, 1)); /* bits that no encoder sets */
    assert_false(vport_base64_decode("Zm9=", 4, back, 2));
    assert_false(vport_base64_decode("Zm9-", 4, back, 3));
    assert_false(vport_base64_decode("Z m9", 4, back, 3));
    assert_false(vport_base64_decode("====", 4, back, 1));
}

static void base64_of_random_bytes_comes_back(void **state)
{
    uint64_t random = test_seed();
    uint8_t data[512];
    uint8_t back[512];
    char text[1024];

    for (int round = 0; round < 2000; round++) {
        size_t length = test_random(&random) % sizeof(data);

        for (size_t i = 0; i < length; i++)
            data[i] = (uint8_t)test_random(&random);
        vport_base64_encode(data, length, text);
        assert_true(vport_base64_decode(text, vport_base64_length(length), back, length));
        assert_memory_equal(back, data, length);
    }
}

/* A line as QEMU says it, then damaged; in a block of its own, so that reading past it is seen. */
static void random_line(uint64_t *random, char *line, size_t *length)
{
    static const char *const seeds[] = {"OK",           "OK 0x123456789abcdef0", "FAIL Unknown",
                                        "IRQ raise 21", "IRQ lower 7",           "ERR"};
    const char *seed = seeds[test_random(random) % 6];
    unsigned changes = test_random(random) % 4;

    *length = test_random(random) % 3 ? strlen(seed) : test_random(random) % (strlen(seed) + 1);
    memcpy(line, seed, *length);
    while (changes-- > 0 && *length > 0)
        line[test_random(random) % *length] = (char)test_random(random);
}

static void damaged_lines_never_lead_out_of_themselves(void **state)
{
    uint64_t random = test_seed();
    char line[64];
    size_t length;

    for (int round = 0; round < 200000; round++) {
        struct vport_qtest_line parsed;
        uint64_t value;
        char *exact;

        random_line(&random, line, &length);
        exact = malloc(length + !length);
        assert_non_null(exact);
        memcpy(exact, line, length);
        parsed = vport_qtest_parse_line(exact, length);
        assert_true(parsed.value >= exact && parsed.value + parsed.value_length <= exact + length);
        if (vport_qtest_parse_number(parsed.value, parsed.value_length, &value))
            assert_true(parsed.value_length >= 3 && parsed.value_length <= 18);
        (void)vport_base64_decode(parsed.value, parsed.value_length, line, 3);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_carry_their_value),
        cmocka_unit_test(refusals_are_kept_whole),
        cmocka_unit_test(interrupt_lines_have_a_number_and_a_level),
        cmocka_unit_test(anything_else_is_unknown),
        cmocka_unit_test(numbers_are_hexadecimal_and_fit),
        cmocka_unit_test(base64_is_that_of_the_standard),
        cmocka_unit_test(base64_of_another_length_or_alphabet_is_refused),
        cmocka_unit_test(base64_of_random_bytes_comes_back),
        cmocka_unit_test(damaged_lines_never_lead_out_of_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
