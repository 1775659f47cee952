/* SPDX-License-Identifier: MIT */
/* Strings, lists, small services: the run-time library's part. */
#include "fixture.h"

static UNICODE_STRING text(const WCHAR *characters)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, characters);
    return string;
}

static void test_counted_strings(void **state)
{
    WCHAR room[8];
    UNICODE_STRING string = {0, sizeof(room), room};
    UNICODE_STRING source = text(L"Hello");
    ANSI_STRING ansi;

    assert_int_equal(source.Length, 10);
    assert_int_equal(source.MaximumLength, 12);
    RtlCopyUnicodeString(&string, &source);
    assert_int_equal(string.Length, 10);
    assert_int_equal(room[5], 0);
    assert_int_equal(RtlAppendUnicodeToString(&string, L"!"), STATUS_SUCCESS);
    assert_int_equal(RtlAppendUnicodeStringToString(&string, &source), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(string.Length, 12);
    assert_memory_equal(room, L"Hello!", 14);
    RtlCopyUnicodeString(&string, NULL);
    assert_int_equal(string.Length, 0);
    string.MaximumLength = 7; /* odd: three characters fit */
    RtlCopyUnicodeString(&string, &source);
    assert_int_equal(string.Length, 6);
    source = text(NULL);
    assert_int_equal(source.Length + source.MaximumLength, 0);
    RtlInitAnsiString(&ansi, "abc");
    assert_int_equal(ansi.Length, 3);
    assert_int_equal(ansi.MaximumLength, 4);
    RtlInitString(&ansi, NULL);
    assert_int_equal(ansi.MaximumLength, 0);
}

static void test_comparing_strings(void **state)
{
    UNICODE_STRING a = text(L"Video0");
    UNICODE_STRING b = text(L"VIDEO0");
    UNICODE_STRING c = text(L"video01");
    CHAR room[2];
    STRING x = {3, 3, (PCHAR)(uintptr_t) "abc"};
    STRING y = {3, 3, (PCHAR)(uintptr_t) "aBc"};

    assert_true(RtlEqualUnicodeString(&a, &b, TRUE));
    assert_false(RtlEqualUnicodeString(&a, &b, FALSE));
    assert_true(RtlCompareUnicodeString(&a, &b, FALSE) > 0);
    assert_true(RtlCompareUnicodeString(&a, &c, TRUE) < 0);
    assert_true(RtlEqualString(&x, &y, TRUE));
    assert_true(RtlCompareString(&x, &y, FALSE) > 0);
    y = (STRING){0, sizeof(room), room};
    RtlCopyString(&y, &x);
    assert_int_equal(y.Length, 2); /* as much as fits */
    assert_memory_equal(room, "ab", 2);
    assert_int_equal(RtlUpcaseUnicodeChar('z'), 'Z');
    assert_int_equal(RtlUpcaseUnicodeChar(0xe9), 0xc9);   /* e acute */
    assert_int_equal(RtlUpcaseUnicodeChar(0xf7), 0xf7);   /* the division sign is no letter */
    assert_int_equal(RtlUpcaseUnicodeChar(0xff), 0x178);  /* y diaeresis */
    assert_int_equal(RtlUpcaseUnicodeChar(0x3b1), 0x391); /* alpha */
    assert_int_equal(RtlUpcaseUnicodeChar(0x451), 0x401); /* io */
    assert_int_equal(RtlUpcaseUnicodeChar(0x17e), 0x17e); /* z caron: outside of what is folded */
    assert_int_equal(RtlUpcaseUnicodeChar(0x161), 0x160); /* s caron */
}

static void test_converting_strings(void **state)
{
    UNICODE_STRING wide;
    ANSI_STRING ansi;
    ANSI_STRING back;
    CHAR room[4];

    RtlInitAnsiString(&ansi, "gr\xfc\xdf");
    assert_int_equal(RtlAnsiStringToUnicodeString(&wide, &ansi, TRUE), STATUS_SUCCESS);
    assert_int_equal(wide.Length, 8);
    assert_int_equal(wide.Buffer[2], 0xfc);
    assert_int_equal(RtlUnicodeStringToAnsiString(&back, &wide, TRUE), STATUS_SUCCESS);
    assert_string_equal(back.Buffer, "gr\xfc\xdf");
    RtlFreeAnsiString(&back);
    back = (ANSI_STRING){0, sizeof(room), room};
    wide.Buffer[1] = 0x20ac;
    assert_int_equal(RtlUnicodeStringToAnsiString(&back, &wide, FALSE), STATUS_BUFFER_OVERFLOW);
    assert_string_equal(room, "g?\xfc");
    wide.MaximumLength = 8;
    assert_int_equal(RtlAnsiStringToUnicodeString(&wide, &ansi, FALSE), STATUS_BUFFER_OVERFLOW);
    RtlFreeUnicodeString(&wide);
    assert_null(wide.Buffer);
    RtlFreeUnicodeString(&wide);
}

static void test_numbers_in_strings(void **state)
{
    WCHAR room[12];
    UNICODE_STRING string = {0, sizeof(room), room};
    ULONG value;

    assert_int_equal(RtlIntegerToUnicodeString(4294967295u, 0, &string), STATUS_SUCCESS);
    assert_memory_equal(room, L"4294967295", 22);
    assert_int_equal(RtlIntegerToUnicodeString(0, 16, &string), STATUS_SUCCESS);
    assert_memory_equal(room, L"0", 4);
    assert_int_equal(RtlIntegerToUnicodeString(0xBEEF, 16, &string), STATUS_SUCCESS);
    assert_memory_equal(room, L"BEEF", 10);
    assert_int_equal(RtlIntegerToUnicodeString(0xffff, 2, &string), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlIntegerToUnicodeString(1, 7, &string), STATUS_INVALID_PARAMETER);
    string = text(L"  -12x");
    assert_int_equal(RtlUnicodeStringToInteger(&string, 10, &value), STATUS_SUCCESS);
    assert_int_equal(value, (ULONG)-12);
    string = text(L"0x1Fg");
    assert_int_equal(RtlUnicodeStringToInteger(&string, 0, &value), STATUS_SUCCESS);
    assert_int_equal(value, 0x1f);
    string = text(L"0b101");
    RtlUnicodeStringToInteger(&string, 0, &value);
    assert_int_equal(value, 5);
    string = text(L"0o17");
    RtlUnicodeStringToInteger(&string, 0, &value);
    assert_int_equal(value, 15);
    string = text(L"");
    RtlUnicodeStringToInteger(&string, 0, &value);
    assert_int_equal(value, 0);
    assert_int_equal(RtlUnicodeStringToInteger(&string, 9, &value), STATUS_INVALID_PARAMETER);
}

static void test_guids_in_strings(void **state)
{
    const GUID guid = {
        0x4d36e968, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
    UNICODE_STRING string;
    GUID back;

    assert_int_equal(RtlStringFromGUID(&guid, &string), STATUS_SUCCESS);
    assert_int_equal(string.Length, 76);
    assert_memory_equal(string.Buffer, L"{4D36E968-E325-11CE-BFC1-08002BE10318}", 78);
    assert_int_equal(RtlGUIDFromString(&string, &back), STATUS_SUCCESS);
    assert_memory_equal(&back, &guid, sizeof(guid));
    string.Buffer[1] = 'G';
    assert_int_equal(RtlGUIDFromString(&string, &back), STATUS_INVALID_PARAMETER);
    string.Buffer[1] = '4';
    string.Buffer[9] = '+';
    assert_int_equal(RtlGUIDFromString(&string, &back), STATUS_INVALID_PARAMETER);
    string.Length -= 2;
    assert_int_equal(RtlGUIDFromString(&string, &back), STATUS_INVALID_PARAMETER);
    RtlFreeUnicodeString(&string);
}

static void test_comparing_memory(void **state)
{
    assert_int_equal(RtlCompareMemory("abcd", "abxd", 4), 2);
    assert_int_equal(RtlCompareMemory("abcd", "abcd", 4), 4);
    assert_int_equal(RtlCompareMemory("a", "b", 1), 0);
}

/* ---- Lists ---- */

static void test_interlocked_singly_linked_lists(void **state)
{
    static SLIST_HEADER header;
    static SLIST_ENTRY entries[3];
    KSPIN_LOCK lock = 0;

    InitializeSListHead(&header);
    assert_null(InterlockedPopEntrySList(&header));
    assert_null(InterlockedPushEntrySList(&header, &entries[0]));
    assert_ptr_equal(ExpInterlockedPushEntrySList(&header, &entries[1]), &entries[0]);
    assert_ptr_equal(ExInterlockedPushEntrySList(&header, &entries[2], &lock), &entries[1]);
    assert_int_equal(ExQueryDepthSList(&header), 3);
    assert_ptr_equal(ExInterlockedPopEntrySList(&header, &lock), &entries[2]);
    assert_ptr_equal(ExpInterlockedPopEntrySList(&header), &entries[1]);
    InterlockedPushEntrySList(&header, &entries[1]);
    assert_ptr_equal(ExInterlockedFlushSList(&header), &entries[1]);
    assert_ptr_equal(entries[1].Next, &entries[0]);
    assert_null(entries[0].Next);
    assert_int_equal(ExQueryDepthSList(&header), 0);
    assert_null(ExpInterlockedFlushSList(&header));
}

static void test_lists_under_a_spin_lock(void **state)
{
    LIST_ENTRY head;
    LIST_ENTRY entries[3];
    KSPIN_LOCK lock;

    KeInitializeSpinLock(&lock);
    InitializeListHead(&head);
    assert_null(ExInterlockedRemoveHeadList(&head, &lock));
    assert_null(ExInterlockedInsertTailList(&head, &entries[0], &lock));
    assert_ptr_equal(ExInterlockedInsertTailList(&head, &entries[1], &lock), &entries[0]);
    assert_ptr_equal(ExInterlockedInsertHeadList(&head, &entries[2], &lock), &entries[0]);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &entries[2]);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &entries[0]);
    assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &entries[1]);
    assert_true(IsListEmpty(&head));
    assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

#undef InterlockedIncrement
#undef InterlockedDecrement
#undef InterlockedExchange
#undef InterlockedExchangeAdd
#undef InterlockedCompareExchange

static void test_interlocked_exports(void **state)
{
    LONG value = 5;

    assert_int_equal(InterlockedIncrement(&value), 6);
    assert_int_equal(InterlockedDecrement(&value), 5);
    assert_int_equal(InterlockedExchange(&value, 9), 5);
    assert_int_equal(InterlockedExchangeAdd(&value, 3), 9);
    assert_int_equal(InterlockedCompareExchange(&value, 1, 12), 12);
    assert_int_equal(InterlockedCompareExchange(&value, 7, 12), 1);
    assert_int_equal(value, 1);
}

/* ---- Small services ---- */

static void test_versions(void **state)
{
    RTL_OSVERSIONINFOEXW version = {.dwOSVersionInfoSize = sizeof(version)};
    UNICODE_STRING pack;
    ULONG major;
    ULONG minor;
    ULONG build;

    assert_false(PsGetVersion(&major, &minor, &build, &pack));
    assert_int_equal(major, 5);
    assert_int_equal(minor, 1);
    assert_int_equal(build, 2600);
    assert_memory_equal(pack.Buffer, L"Service Pack 2", 30);
    PsGetVersion(NULL, NULL, NULL, NULL);
    assert_int_equal(RtlGetVersion((PRTL_OSVERSIONINFOW)&version), STATUS_SUCCESS);
    assert_int_equal(version.dwMajorVersion, 5);
    assert_int_equal(version.wServicePackMajor, 2);
    assert_int_equal(version.wProductType, 1);
}

static void test_local_time_is_utc(void **state)
{
    LARGE_INTEGER system = {.QuadPart = 0x123456789abcdef}, local = {.QuadPart = 0};

    ExSystemTimeToLocalTime(&system, &local);
    assert_int_equal(local.QuadPart, 0x123456789abcdef);
}

static void test_who_is_running(void **state)
{
    assert_int_equal(KeGetCurrentProcessorNumber(), 0);
    assert_int_equal(KeQueryActiveProcessors() & 1, 1);
    assert_non_null(IoGetCurrentProcess());
    assert_non_null(KeGetCurrentThread());
    assert_int_equal((uintptr_t)PsGetCurrentProcessId(), 4);
    assert_non_null(PsGetCurrentThreadId());
    assert_int_equal(MmQuerySystemSize(), MmLargeSystem);
    assert_int_equal(KeSetPriorityThread(KeGetCurrentThread(), 16), 8);
}

static void test_statuses(void **state)
{
    static const struct {
        enum vport_status ours;
        NTSTATUS theirs;
    } table[] = {
        {VPORT_OK, STATUS_SUCCESS},
        {VPORT_E_INVALID, STATUS_INVALID_PARAMETER},
        {VPORT_E_RANGE, STATUS_BUFFER_TOO_SMALL},
        {VPORT_E_NO_MEMORY, STATUS_INSUFFICIENT_RESOURCES},
        {VPORT_E_NO_REGISTERS, STATUS_INSUFFICIENT_RESOURCES},
        {VPORT_E_UNSUPPORTED, STATUS_NOT_SUPPORTED},
        {VPORT_E_DEVICE, STATUS_IO_DEVICE_ERROR},
        {(enum vport_status)12345, STATUS_UNSUCCESSFUL},
    };

    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(table); i++)
        assert_int_equal(vport_nt_status(table[i].ours), table[i].theirs);
    for (int status = VPORT_E_INVALID; status <= VPORT_E_IO; status++)
        if (status >> 8 != 0)
            assert_false(NT_SUCCESS(vport_nt_status((enum vport_status)status)));
}

static void test_legacy_claims_never_conflict(void **state)
{
    BOOLEAN conflict = TRUE;

    assert_int_equal(IoReportResourceForDetection(NULL, NULL, 0, NULL, NULL, 0, &conflict),
                     STATUS_SUCCESS);
    assert_false(conflict);
    conflict = TRUE;
    assert_int_equal(IoReportResourceUsage(NULL, NULL, NULL, 0, NULL, NULL, 0, FALSE, &conflict),
                     STATUS_SUCCESS);
    assert_false(conflict);
    assert_int_equal(IoQueryDeviceDescription(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                     STATUS_OBJECT_NAME_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_counted_strings),
        nt_test(test_comparing_strings),
        nt_test(test_converting_strings),
        nt_test(test_numbers_in_strings),
        nt_test(test_guids_in_strings),
        nt_test(test_comparing_memory),
        nt_test(test_interlocked_singly_linked_lists),
        nt_test(test_lists_under_a_spin_lock),
        nt_test(test_interlocked_exports),
        nt_test(test_versions),
        nt_test(test_local_time_is_utc),
        nt_test(test_who_is_running),
        nt_test(test_statuses),
        nt_test(test_legacy_claims_never_conflict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
