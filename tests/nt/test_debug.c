/* SPDX-License-Identifier: MIT */
/* What drivers say: the formatter, DbgPrint, reports by debug output, the error log, bug checks. */
#include "fixture.h"

#include <sys/mman.h>

#include "nt/format.h"

#if defined(VPORT_X64)
#define START(list, last) __builtin_ms_va_start(list, last)
#define END(list)         __builtin_ms_va_end(list)
#else
#define START(list, last) va_start(list, last)
#define END(list)         va_end(list)
#endif

static char line[2048];
static size_t line_length;

static CDECL const char *format(const char *format_text, ...)
{
    VPORT_VA_LIST arguments;

    START(arguments, format_text);
    line_length = vport_nt_format(line, sizeof(line), format_text, arguments);
    END(arguments);
    return line;
}

static CDECL size_t format_into(char *to, size_t size, const char *format_text, ...)
{
    VPORT_VA_LIST arguments;
    size_t length;

    START(arguments, format_text);
    length = vport_nt_format(to, size, format_text, arguments);
    END(arguments);
    return length;
}

/* ---- Numbers ---- */

static void test_numbers(void **state)
{
    assert_string_equal(format("%d %i %u", -5, 7, -1), "-5 7 4294967295");
    assert_string_equal(format("%x %X %o %#x %#X %#o", 0xbeef, 0xbeef, 8, 255, 255, 8),
                        "beef BEEF 10 0xff 0XFF 010");
    assert_string_equal(format("[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42, 42),
                        "[   42] [42   ] [00042] [+42] [ 42]");
    assert_string_equal(format("[%08.3d] [%.0d] [%.5x]", 7, 0, 0x12), "[     007] [] [00012]");
    assert_string_equal(format("[%*d] [%-*d] [%.*d] [%*d]", 4, 1, 4, 1, 3, 1, -4, 1),
                        "[   1] [1   ] [001] [1   ]");
    assert_string_equal(format("%d %d", INT32_MIN, INT32_MAX), "-2147483648 2147483647");
}

static void test_sizes_are_those_of_windows(void **state)
{
    assert_string_equal(format("%ld %lx %lu", -1, 0xffffffffu, 7),
                        "-1 ffffffff 7"); /* long has 32 bits */
    assert_string_equal(format("%I64d %I64x %lld %llx", INT64_C(-5000000000),
                               UINT64_C(0x123456789a), INT64_C(5000000000), UINT64_MAX),
                        "-5000000000 123456789a 5000000000 ffffffffffffffff");
    assert_string_equal(format("%I32d %hd %hx %hhd", 5, 70000, 0x12345, 3), "5 4464 2345 3");
    assert_string_equal(format("%Ix", (ULONG_PTR)0x1234), "1234");
    assert_string_equal(format("%d %I64d %d", 1, INT64_C(2), 3), "1 2 3");
}

static void test_pointers_have_all_their_digits(void **state)
{
    assert_string_equal(format("%p", (void *)(uintptr_t)0xabc),
                        sizeof(void *) == 8 ? "0000000000000ABC" : "00000ABC");
    assert_string_equal(format("%p", NULL), sizeof(void *) == 8 ? "0000000000000000" : "00000000");
}

static void test_floating_point(void **state)
{
    assert_string_equal(format("%f %.2f [%8.1f] %d", 1.5, 2.345, 3.0, 4),
                        "1.500000 2.35 [     3.0] 4");
    assert_string_equal(format("%e %g", 12345.0, 0.5), "1.234500e+04 0.5");
    format("%f", 1e308);
    assert_int_equal(strlen(line), 309 + 7);
}

/* ---- Text ---- */

static void test_text(void **state)
{
    WCHAR letters[] = {'W', 'Z'};
    UNICODE_STRING wide = {4, 4, letters};
    ANSI_STRING ansi = {3, 3, (PCHAR)(uintptr_t) "abcdef"};

    assert_string_equal(format("%s|%5s|%-5s|%.2s|%hs", "ab", "ab", "ab", "abc", "x"),
                        "ab|   ab|ab   |ab|x");
    assert_string_equal(format("%S|%ls|%ws|%hS", L"ab", L"cd", L"ef", "gh"), "ab|cd|ef|gh");
    assert_string_equal(format("%c%C%lc%wc%hc%hC", 'a', L'b', L'c', L'd', 'e', 'f'), "abcdef");
    assert_string_equal(format("%wZ|%Z|%6wZ", &wide, &ansi, &wide), "WZ|abc|    WZ");
    assert_string_equal(format("%S", L"gr\u00fc\u00df \u20ac"), "gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
    assert_string_equal(format("100%% %d", 1), "100% 1");
    assert_string_equal(format("%"), "");
    assert_string_equal(format("%q %d", 5), "q 5");
}

static void test_null_is_shown(void **state)
{
    UNICODE_STRING empty = {0, 0, NULL};

    assert_string_equal(format("%s %S %wZ %Z %wZ", NULL, NULL, NULL, NULL, &empty),
                        "(null) (null) (null) (null) (null)");
}

static void test_garbage_never_faults(void **state)
{
    char *pages = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    UNICODE_STRING broken = {100, 100, (PWSTR)(uintptr_t)0x20};
    UNICODE_STRING overlong = {100, 100, (PWSTR)(PVOID)(pages + 4096 - 6)};

    munmap(pages + 4096, 4096);
    memset(pages, 'a', 4096);
    assert_string_equal(
        format("%s %S %wZ", (char *)5, (void *)(uintptr_t)-8, (void *)(uintptr_t)0x7000),
        "(not readable) (not readable) (not readable)");
    assert_string_equal(format("[%wZ]", &broken), "[]");
    assert_string_equal(format("%s", pages + 4096 - 3),
                        "aaa"); /* not terminated: up to the end of memory */
    memset(pages, 0, 4096);
    memcpy(pages + 4096 - 6, L"xyz", 6);
    assert_string_equal(format("%wZ", &overlong), "xyz");
    assert_string_equal(format("%n%d", pages, 1), "1");
    munmap(pages, 4096);
}

static void test_long_output_is_cut_and_counted(void **state)
{
    char small[8];
    char huge[3000];

    memset(huge, 'x', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    format("%s", huge);
    assert_int_equal(strlen(line), 1024); /* the most that one argument gives */
    format("%999999999d", 1);
    assert_int_equal(line_length, 1024);
    format("%.99999999999d", 1);
    assert_int_equal(line_length, 1024);
    format("%s%s%s", huge, huge, huge);
    assert_int_equal(line_length, 3072);
    assert_int_equal(strlen(line), sizeof(line) - 1);
    memset(small, 'y', sizeof(small));
    assert_int_equal(format_into(small, 0, "abc%d", 1), 4);
    assert_int_equal(small[0], 'y');
    assert_int_equal(format_into(small, 3, "abc%d", 1), 4);
    assert_string_equal(small, "ab");
}

/* ---- DbgPrint ---- */

static void test_debug_output_goes_to_the_sink(void **state)
{
    assert_int_equal(DbgPrint("one %d\n", 1), STATUS_SUCCESS);
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_INFO_LEVEL, "two %s", "2");
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL, "videoport: three");
    assert_string_equal(test.debug, "101.3 one 1\n\n27.3 two 2\n27.0 videoport: three\n");
    assert_int_equal((NTSTATUS)DbgPrint(NULL), STATUS_INVALID_PARAMETER);
    vport_nt_set_debug_sink(test.nt, NULL, NULL);
    DbgPrint("four");
    assert_null(strstr(test.debug, "four"));
}

static CDECL void print_with_prefix(const char *prefix, const char *format_text, ...)
{
    VPORT_VA_LIST arguments;

    START(arguments, format_text);
    vDbgPrintExWithPrefix(prefix, DPFLTR_IHVVIDEO_ID, DPFLTR_INFO_LEVEL, format_text, arguments);
    END(arguments);
}

static CDECL void print_list(const char *format_text, ...)
{
    VPORT_VA_LIST arguments;

    START(arguments, format_text);
    assert_int_equal(vDbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_WARNING_LEVEL, format_text, arguments),
                     STATUS_SUCCESS);
    END(arguments);
}

static void test_debug_output_of_an_argument_list(void **state)
{
    print_list("%s %I64d %u", "mode", INT64_C(-5000000000), 7);
    assert_string_equal(test.debug, "27.1 mode -5000000000 7\n");
}

static void test_debug_output_with_a_prefix(void **state)
{
    char huge[3000];

    print_with_prefix("blit: ", "%d of %d", 1, 2);
    assert_string_equal(test.debug, "78.3 blit: 1 of 2\n");
    memset(huge, 'p', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    test.debug[0] = '\0';
    print_with_prefix(huge, "%d", 1); /* as much as fits in one message */
    assert_int_equal(strlen(test.debug), strlen("78.3 ") + 1023 + 1);
}

static void test_the_video_port_reports_by_debug_output(void **state)
{
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL, "videoprt: SD-A3: Offset %u is beyond %u.\n", 5,
               4);
    assert_string_equal(report_text(0), "Offset 5 is beyond 4.");
    expect_reports("SD-A3", 1);
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL, "videoprt: no rule here\n");
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_INFO_LEVEL, "videoprt: SD-A3: only information\n");
    DbgPrintEx(DPFLTR_IHVVIDEO_ID, DPFLTR_ERROR_LEVEL, "videoprt: SD-A3: another component\n");
    expect_reports(NULL, 0);
    assert_non_null(strstr(test.debug, "no rule here"));
}

static void test_breakpoints_and_assertions_are_reports(void **state)
{
    DbgBreakPoint();
    expect_reports("BREAKPOINT", 1);
    DbgBreakPointWithStatus(5);
    assert_non_null(strstr(report_text(0), "0x5"));
    expect_reports("BREAKPOINT", 1);
    RtlAssert((PVOID)(uintptr_t) "1 == 2", (PVOID)(uintptr_t) "driver.c", 17, NULL);
    assert_string_equal(report_text(0), "driver.c:17: 1 == 2");
    expect_reports("ASSERT", 1);
}

static void test_the_error_log(void **state)
{
    IO_ERROR_LOG_PACKET *packet = IoAllocateErrorLogEntry(&test, sizeof(*packet) + 8);

    assert_non_null(packet);
    packet->ErrorCode = (NTSTATUS)0xC0AA0001;
    packet->UniqueErrorValue = 3;
    IoWriteErrorLogEntry(packet);
    assert_non_null(strstr(test.debug, "0.0 error log: code 0xc0aa0001, unique 0x3"));
    IoWriteErrorLogEntry(packet);
    expect_reports("POOL", 1);
    IoWriteErrorLogEntry(NULL);
    assert_null(IoAllocateErrorLogEntry(&test, 255));
    assert_null(IoAllocateErrorLogEntry(&test, 1));
}

/* ---- Bug checks ---- */

static jmp_buf escape;
static struct {
    ULONG code;
    ULONG_PTR parameters[4];
    unsigned callbacks;
} crash;

static void handle_crash(void *context, ULONG code, const ULONG_PTR parameters[4])
{
    crash.code = code;
    memcpy(crash.parameters, parameters, sizeof(crash.parameters));
    longjmp(escape, 1);
}

static VOID NTAPI dump(KBUGCHECK_CALLBACK_REASON reason, PKBUGCHECK_REASON_CALLBACK_RECORD record,
                       PVOID data, ULONG length)
{
    PKBUGCHECK_SECONDARY_DUMP_DATA dump_data = data;

    crash.callbacks++;
    assert_int_equal(KeGetCurrentIrql(), HIGH_LEVEL);
    assert_int_equal(length, sizeof(*dump_data));
    assert_true(dump_data->MaximumAllowed >= 1024);
}

static void test_a_bug_check_ends_the_driver_not_the_host(void **state)
{
    KBUGCHECK_REASON_CALLBACK_RECORD record;

    memset(&crash, 0, sizeof(crash));
    vport_nt_set_bugcheck_handler(test.nt, handle_crash, NULL);
    KeInitializeCallbackRecord(&record);
    assert_true(KeRegisterBugCheckReasonCallback(&record, dump, KbCallbackSecondaryDumpData, NULL));
    assert_false(
        KeRegisterBugCheckReasonCallback(&record, dump, KbCallbackSecondaryDumpData, NULL));
    if (!setjmp(escape))
        KeBugCheckEx(VIDEO_DRIVER_INIT_FAILURE, 1, 2, 3, 4);
    assert_int_equal(crash.code, 0xB4);
    assert_int_equal(crash.parameters[3], 4);
    assert_int_equal(crash.callbacks, 1);
    assert_non_null(strstr(report_text(0), "0xb4 (0x1, 0x2, 0x3, 0x4)"));
    test.cpu.irql = PASSIVE_LEVEL;
    expect_reports("BUGCHECK", 1);
    if (!setjmp(escape))
        ExRaiseStatus(STATUS_ACCESS_DENIED);
    assert_int_equal(crash.code, 0x1e);
    assert_int_equal(crash.parameters[0], (ULONG)STATUS_ACCESS_DENIED);
    assert_int_equal(crash.callbacks, 1); /* once */
    test.cpu.irql = PASSIVE_LEVEL;
    expect_reports("BUGCHECK", 1);
    assert_true(KeDeregisterBugCheckReasonCallback(&record));
    assert_false(KeDeregisterBugCheckReasonCallback(&record));
}

static void test_bug_checks_without_words_of_their_own(void **state)
{
    memset(&crash, 0xFF, sizeof(crash));
    vport_nt_set_bugcheck_handler(test.nt, handle_crash, NULL);
    if (!setjmp(escape))
        KeBugCheck(0xEA);
    assert_int_equal(crash.code, 0xEA);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(crash.parameters[i], 0);
    test.cpu.irql = PASSIVE_LEVEL;
    expect_reports("BUGCHECK", 1);
    if (!setjmp(escape))
        ExRaiseAccessViolation();
    assert_int_equal(crash.code, 0x1E); /* KMODE_EXCEPTION_NOT_HANDLED */
    assert_int_equal(crash.parameters[0], (ULONG)STATUS_ACCESS_VIOLATION);
    test.cpu.irql = PASSIVE_LEVEL;
    expect_reports("BUGCHECK", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_numbers),
        nt_test(test_sizes_are_those_of_windows),
        nt_test(test_pointers_have_all_their_digits),
        nt_test(test_floating_point),
        nt_test(test_text),
        nt_test(test_null_is_shown),
        nt_test(test_garbage_never_faults),
        nt_test(test_long_output_is_cut_and_counted),
        nt_test(test_debug_output_goes_to_the_sink),
        nt_test(test_debug_output_of_an_argument_list),
        nt_test(test_debug_output_with_a_prefix),
        nt_test(test_the_video_port_reports_by_debug_output),
        nt_test(test_breakpoints_and_assertions_are_reports),
        nt_test(test_the_error_log),
        nt_test(test_a_bug_check_ends_the_driver_not_the_host),
        nt_test(test_bug_checks_without_words_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
