/* SPDX-License-Identifier: MIT */
/*
 * What i386 compilers for Windows call: 64-bit arithmetic and stack probes, with the conventions of
 * their own that these have. A 32-bit program, so without the test library of this system.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ldr/crt.h"

#define STDCALL __attribute__((stdcall))

static unsigned failures;

static void check(int good, const char *what)
{
    if (good)
        return;
    printf("not true: %s\n", what);
    failures++;
}

#define CHECK(condition) check(condition, #condition)

static void *need(const char *name)
{
    void *found = vport_crt_find(name);

    if (!found) {
        printf("%s is missing\n", name);
        exit(1);
    }
    return found;
}

/* ---- Multiplication and division: two numbers on the stack, which the callee removes ---- */

static void quotients_and_remainders(void)
{
    int64_t STDCALL (*multiply)(int64_t, int64_t) = need("_allmul");
    int64_t STDCALL (*divide)(int64_t, int64_t) = need("_alldiv");
    int64_t STDCALL (*remainder)(int64_t, int64_t) = need("_allrem");
    uint64_t STDCALL (*divide_unsigned)(uint64_t, uint64_t) = need("_aulldiv");
    uint64_t STDCALL (*remainder_unsigned)(uint64_t, uint64_t) = need("_aullrem");

    CHECK(multiply(-3000000000, 3) == -9000000000);
    CHECK(multiply(INT64_C(0x123456789), INT64_C(0x100000001)) == INT64_C(0x2345678A23456789));
    CHECK(divide(-9000000001, 3000000000) == -3);
    CHECK(remainder(-9000000001, 3000000000) == -1);
    CHECK(divide(9000000001, -3) == -3000000000);
    CHECK(divide_unsigned(UINT64_MAX, 10) == UINT64_C(1844674407370955161));
    CHECK(remainder_unsigned(UINT64_MAX, 10) == 5);
}

/* Calls a helper that returns the quotient in edx:eax and the remainder in ebx:ecx. */
static uint64_t divide_both(void *helper, uint64_t a, uint64_t b, uint64_t *remainder)
{
    uint32_t low, high, rest_low, rest_high;

    __asm__ volatile("pushl 4(%[b])\n\tpushl (%[b])\n\tpushl 4(%[a])\n\tpushl (%[a])\n\t"
                     "call *%%eax"
                     : "=a"(low), "=d"(high), "=b"(rest_high), "=c"(rest_low)
                     : "a"(helper), [a] "S"(&a), [b] "D"(&b)
                     : "cc", "memory");
    *remainder = (uint64_t)rest_high << 32 | rest_low;
    return (uint64_t)high << 32 | low;
}

static void quotient_and_remainder_at_once(void)
{
    uint64_t rest;

    CHECK(divide_both(need("_aulldvrm"), UINT64_MAX, UINT64_C(0x100000007), &rest) ==
          UINT64_MAX / UINT64_C(0x100000007));
    CHECK(rest == UINT64_MAX % UINT64_C(0x100000007));
    CHECK((int64_t)divide_both(need("_alldvrm"), (uint64_t)INT64_C(-9000000001), 3000000000,
                               &rest) == -3);
    CHECK((int64_t)rest == -1);
    CHECK((int64_t)divide_both(need("_alldvrm"), 7, (uint64_t)INT64_C(-2), &rest) == -3);
    CHECK((int64_t)rest == 1);
}

/* ---- Shifts: edx:eax by cl ---- */

static uint64_t shift(void *helper, uint64_t value, unsigned count)
{
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);

    __asm__ volatile("call *%[helper]"
                     : "+a"(low), "+d"(high), "+c"(count)
                     : [helper] "S"(helper)
                     : "cc");
    return (uint64_t)high << 32 | low;
}

static void shifts_by_every_count(void)
{
    void *left = need("_allshl"), *right = need("_aullshr"), *signed_right = need("_allshr");
    const uint64_t value = UINT64_C(0x923456789abcdef1);

    for (unsigned count = 0; count < 64; count++) {
        CHECK(shift(left, value, count) == value << count);
        CHECK(shift(right, value, count) == value >> count);
        CHECK(shift(signed_right, value, count) == (uint64_t)((int64_t)value >> count));
    }
    CHECK(shift(left, value, 64) == 0);
    CHECK(shift(right, value, 200) == 0);
    CHECK(shift(signed_right, value, 64) == UINT64_MAX);
    CHECK(shift(signed_right, 5, 255) == 0);
}

/* ---- The stack ---- */

/* By how much a probe lowers esp for a frame of `size` bytes. */
static unsigned lowered(void *probe, unsigned size)
{
    unsigned before, after, kept = 0x5a5a5a5a;

    __asm__ volatile("movl %%esp, %%edi\n\t"
                     "call *%%esi\n\t"
                     "movl %%esp, %%edx\n\t"
                     "movl %%edi, %%esp"
                     : "=D"(before), "=d"(after), "+a"(size), "+c"(kept)
                     : "S"(probe)
                     : "cc", "memory");
    CHECK(kept == 0x5a5a5a5a);
    return before - after;
}

static void stack_probes_lower_the_stack(void)
{
    const unsigned sizes[] = {0, 4, 4092, 4096, 4100, 100000};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(lowered(need("_chkstk"), sizes[i]) == sizes[i]);
        CHECK(lowered(need("_alloca_probe"), sizes[i]) == sizes[i]);
    }
}

/* ---- The rest has one convention, cdecl ---- */

static int __attribute__((cdecl)) ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void the_others_are_cdecl(void)
{
    int (*print)(char *, size_t, const char *, ...) = need("_snprintf");
    void (*sort)(void *, size_t, size_t, int (*)(const void *, const void *)) = need("qsort");
    int (*handler)(void *, void *, void *, void *) = need("_except_handler3");
    int (*older_handler)(void *, void *, void *, void *) = need("_except_handler2");
    int numbers[] = {3, 1, 2};
    char text[32];

    CHECK(print(text, sizeof(text), "%I64d %s", INT64_C(-5000000000), "x") == 13);
    CHECK(!strcmp(text, "-5000000000 x"));
    sort(numbers, 3, sizeof(int), ascending);
    CHECK(numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3);
    CHECK(handler(NULL, NULL, NULL, NULL) == 1); /* ExceptionContinueSearch */
    CHECK(older_handler(NULL, NULL, NULL, NULL) == 1);
}

int main(void)
{
    quotients_and_remainders();
    quotient_and_remainder_at_once();
    shifts_by_every_count();
    stack_probes_lower_the_stack();
    the_others_are_cdecl();
    printf("%u failures\n", failures);
    return failures != 0;
}
