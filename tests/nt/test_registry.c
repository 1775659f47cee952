/* SPDX-License-Identifier: MIT */
/* The registry, by handle and by RtlQueryRegistryValues; files that the host provides. */
#include "fixture.h"

#define ROOT   L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Thing"
#define ROOT_8 "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\Thing"

static UNICODE_STRING text(const WCHAR *characters)
{
    UNICODE_STRING string;

    RtlInitUnicodeString(&string, characters);
    return string;
}

static NTSTATUS open_at(HANDLE root, const WCHAR *path, HANDLE *key)
{
    UNICODE_STRING name = text(path);
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, root, NULL);
    return ZwOpenKey(key, KEY_ALL_ACCESS, &attributes);
}

static NTSTATUS create_at(HANDLE root, const WCHAR *path, HANDLE *key, ULONG *disposition)
{
    UNICODE_STRING name = text(path);
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, root, NULL);
    return ZwCreateKey(key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_NON_VOLATILE,
                       disposition);
}

static NTSTATUS set(HANDLE key, const WCHAR *name, ULONG type, const void *data, ULONG length)
{
    UNICODE_STRING string = text(name);

    return ZwSetValueKey(key, &string, 0, type, (PVOID)(uintptr_t)data, length);
}

static HANDLE thing; /* an open key with some values */

static int setup_thing(void **state)
{
    static const ULONG number = 77;

    setup_deterministic(state);
    assert_int_equal(create_at(NULL, ROOT, &thing, NULL), STATUS_SUCCESS);
    set(thing, L"Number", REG_DWORD, &number, 4);
    set(thing, L"Name", REG_SZ, L"abc", 8);
    set(thing, L"Bytes", REG_BINARY, "0123456789", 10);
    set(thing, L"Many", REG_MULTI_SZ, L"one\0two\0three\0", 30);
    return 0;
}

static int teardown_thing(void **state)
{
    if (test.nt)
        assert_int_equal(ZwClose(thing), STATUS_SUCCESS);
    return teardown(state);
}

#define thing_test(function) cmocka_unit_test_setup_teardown(function, setup_thing, teardown_thing)

/* ---- Keys ---- */

static void test_keys_are_made_one_at_a_time(void **state)
{
    ULONG disposition;
    HANDLE key;
    HANDLE child;

    assert_int_equal(open_at(NULL, ROOT, &key), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(create_at(NULL, ROOT L"\\A\\B", &key, &disposition),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_null(key);
    assert_int_equal(create_at(NULL, ROOT, &key, &disposition), STATUS_SUCCESS);
    assert_int_equal(disposition, REG_CREATED_NEW_KEY);
    assert_int_equal(create_at(key, L"Child", &child, &disposition), STATUS_SUCCESS);
    ZwClose(child);
    assert_int_equal(create_at(NULL, ROOT L"\\CHILD", &child, &disposition), STATUS_SUCCESS);
    assert_int_equal(disposition, REG_OPENED_EXISTING_KEY);
    ZwClose(child);
    assert_int_equal(open_at(key, L"child", &child), STATUS_SUCCESS);
    ZwClose(child);
    ZwClose(key);
}

static void test_paths_that_are_none(void **state)
{
    HANDLE key;

    assert_int_equal(open_at(NULL, L"Registry\\Machine", &key), STATUS_OBJECT_PATH_SYNTAX_BAD);
    assert_int_equal(open_at(NULL, L"\\Device\\Video0", &key), STATUS_OBJECT_NAME_INVALID);
    assert_int_equal(open_at(NULL, L"", &key), STATUS_OBJECT_PATH_SYNTAX_BAD);
    assert_int_equal(open_at(thing, L"\\Registry", &key), STATUS_OBJECT_PATH_SYNTAX_BAD);
    assert_int_equal(open_at((HANDLE)(uintptr_t)0x10, L"a", &key), STATUS_INVALID_HANDLE);
}

static void test_handles(void **state)
{
    HANDLE keys[200];

    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(open_at(NULL, ROOT, &keys[i]), STATUS_SUCCESS);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(ZwClose(keys[i]), STATUS_SUCCESS);
    assert_int_equal(ZwClose(keys[0]), STATUS_INVALID_HANDLE);
    assert_int_equal(ZwClose(NULL), STATUS_INVALID_HANDLE);
    expect_reports("HANDLE", 2);
    open_at(NULL, ROOT, &keys[0]);
    ZwClose(thing);
    end_kernel();
    expect_reports("LEAK", 1);
}

static void test_deleted_keys(void **state)
{
    HANDLE parent;
    HANDLE child;

    create_at(thing, L"Parent", &parent, NULL);
    create_at(parent, L"Child", &child, NULL);
    assert_int_equal(ZwDeleteKey(parent), STATUS_CANNOT_DELETE);
    assert_int_equal(ZwDeleteKey(child), STATUS_SUCCESS);
    assert_int_equal(ZwFlushKey(child), STATUS_KEY_DELETED);
    assert_int_equal(ZwClose(child), STATUS_SUCCESS);
    assert_int_equal(open_at(parent, L"Child", &child), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(ZwDeleteKey(parent), STATUS_SUCCESS);
    ZwClose(parent);
    assert_int_equal(ZwFlushKey(thing), STATUS_SUCCESS);
}

static void test_enumerating_keys(void **state)
{
    union {
        KEY_BASIC_INFORMATION basic;
        KEY_FULL_INFORMATION full;
        char bytes[100];
    } info;
    HANDLE key;
    ULONG length;

    create_at(thing, L"First", &key, NULL);
    ZwClose(key);
    create_at(thing, L"Second", &key, NULL);
    ZwClose(key);
    assert_int_equal(ZwEnumerateKey(thing, 1, KeyBasicInformation, &info, sizeof(info), &length),
                     STATUS_SUCCESS);
    assert_int_equal(info.basic.NameLength, 12);
    assert_memory_equal(info.basic.Name, L"Second", 12);
    assert_int_equal(length, FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 12);
    assert_int_equal(ZwEnumerateKey(thing, 2, KeyBasicInformation, &info, sizeof(info), &length),
                     STATUS_NO_MORE_ENTRIES);
    assert_int_equal(ZwQueryKey(thing, KeyFullInformation, &info, sizeof(info), &length),
                     STATUS_SUCCESS);
    assert_int_equal(info.full.SubKeys, 2);
    assert_int_equal(info.full.MaxNameLen, 12);
    assert_int_equal(info.full.Values, 4);
    assert_int_equal(info.full.MaxValueNameLen, 12);
    assert_int_equal(info.full.MaxValueDataLen, 30);
    assert_int_equal(ZwQueryKey(thing, KeyNodeInformation, &info, sizeof(info), &length),
                     STATUS_INVALID_PARAMETER);
}

/* ---- Values ---- */

static void test_querying_values_by_class(void **state)
{
    union {
        KEY_VALUE_BASIC_INFORMATION basic;
        KEY_VALUE_PARTIAL_INFORMATION partial;
        KEY_VALUE_FULL_INFORMATION full;
        char bytes[100];
    } info;
    UNICODE_STRING name = text(L"nUMBER");
    ULONG length;

    assert_int_equal(
        ZwQueryValueKey(thing, &name, KeyValuePartialInformation, &info, sizeof(info), &length),
        STATUS_SUCCESS);
    assert_int_equal(info.partial.Type, REG_DWORD);
    assert_int_equal(info.partial.DataLength, 4);
    assert_int_equal(*(ULONG *)(PVOID)info.partial.Data, 77);
    assert_int_equal(
        ZwQueryValueKey(thing, &name, KeyValueFullInformation, &info, sizeof(info), &length),
        STATUS_SUCCESS);
    assert_memory_equal(info.full.Name, L"Number", 12);
    assert_int_equal(*(ULONG *)(PVOID)(info.bytes + info.full.DataOffset), 77);
    assert_int_equal(
        ZwQueryValueKey(thing, &name, KeyValueBasicInformation, &info, sizeof(info), &length),
        STATUS_SUCCESS);
    assert_int_equal(info.basic.NameLength, 12);
    assert_int_equal(
        ZwQueryValueKey(thing, &name, KeyValueFullInformationAlign64, &info, sizeof(info), &length),
        STATUS_INVALID_PARAMETER);
    name = text(L"Missing");
    assert_int_equal(
        ZwQueryValueKey(thing, &name, KeyValuePartialInformation, &info, sizeof(info), &length),
        STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_buffers_that_are_too_small(void **state)
{
    const ULONG fixed = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
    UNICODE_STRING name = text(L"Bytes");
    unsigned char info[64];
    ULONG length = 0;

    for (ULONG room = 0; room <= fixed + 10; room++) {
        NTSTATUS expected = room < fixed        ? STATUS_BUFFER_TOO_SMALL
                            : room < fixed + 10 ? STATUS_BUFFER_OVERFLOW
                                                : STATUS_SUCCESS;

        memset(info, 0xee, sizeof(info));
        assert_int_equal(
            ZwQueryValueKey(thing, &name, KeyValuePartialInformation, info, room, &length),
            expected);
        assert_int_equal(length, fixed + 10);
        assert_int_equal(info[room], 0xee);
        if (room > fixed)
            assert_int_equal(info[room - 1], '0' + room - fixed - 1);
    }
}

static void test_setting_replaces_in_place(void **state)
{
    KEY_VALUE_BASIC_INFORMATION *basic = (KEY_VALUE_BASIC_INFORMATION *)(char[64]){0};
    UNICODE_STRING name = text(L"Number");
    ULONG length;

    assert_int_equal(set(thing, L"NUMBER", REG_NONE, NULL, 0), STATUS_SUCCESS);
    assert_int_equal(ZwEnumerateValueKey(thing, 0, KeyValueBasicInformation, basic, 64, &length),
                     STATUS_SUCCESS);
    assert_int_equal(basic->Type, REG_NONE);
    assert_int_equal(ZwEnumerateValueKey(thing, 4, KeyValueBasicInformation, basic, 64, &length),
                     STATUS_NO_MORE_ENTRIES);
    assert_int_equal(ZwDeleteValueKey(thing, &name), STATUS_SUCCESS);
    assert_int_equal(ZwDeleteValueKey(thing, &name), STATUS_OBJECT_NAME_NOT_FOUND);
}

static void test_the_kernels_own_door(void **state)
{
    char data[16];
    ULONG length = sizeof(data);
    ULONG type;

    assert_int_equal(vport_nt_registry_set(test.nt, ROOT_8 "\\Deep\\Er", "V", REG_BINARY, "xyz", 3),
                     VPORT_OK);
    assert_int_equal(vport_nt_registry_get(test.nt, ROOT_8 "\\DEEP\\er", "v", &type, data, &length),
                     VPORT_OK);
    assert_int_equal(length, 3);
    assert_int_equal(type, REG_BINARY);
    assert_memory_equal(data, "xyz", 3);
    length = 2;
    assert_int_equal(vport_nt_registry_get(test.nt, ROOT_8 "\\Deep\\Er", "V", &type, data, &length),
                     VPORT_E_TOO_LARGE);
    assert_int_equal(length, 3);
    assert_int_equal(vport_nt_registry_get(test.nt, ROOT_8 "\\Deep\\Er", "W", &type, data, &length),
                     VPORT_E_UNKNOWN);
    assert_int_equal(vport_nt_registry_get(test.nt, ROOT_8 "\\No", "V", &type, data, &length),
                     VPORT_E_UNKNOWN);
    assert_int_equal(vport_nt_registry_set(test.nt, "Services", "V", REG_BINARY, "xyz", 3),
                     VPORT_E_INVALID);
}

/* ---- RtlQueryRegistryValues ---- */

static struct {
    unsigned calls;
    char log[256];
    PVOID context, entry_context;
    NTSTATUS answer;
} query;

static NTSTATUS NTAPI routine(PWSTR name, ULONG type, PVOID data, ULONG length, PVOID context,
                              PVOID entry_context)
{
    char ascii[64] = "-";
    size_t used = strlen(query.log);

    for (unsigned i = 0; name && name[i] && i < 63; i++) {
        ascii[i] = (char)name[i];
        ascii[i + 1] = '\0';
    }
    snprintf(query.log + used, sizeof(query.log) - used, "%s:%u:%u ", ascii, type, length);
    query.calls++;
    query.context = context;
    query.entry_context = entry_context;
    return query.answer;
}

static NTSTATUS ask(RTL_QUERY_REGISTRY_TABLE *table)
{
    memset(&query, 0, sizeof(query));
    return RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"Thing", table, &query, NULL);
}

static void test_query_calls_the_routine(void **state)
{
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.QueryRoutine = routine, .Name = L"Number", .EntryContext = &thing},
        {.QueryRoutine = routine, .Name = L"Missing"},
        {.QueryRoutine = routine, .Name = L"Many"},
        {.QueryRoutine = routine, .Name = L"Many", .Flags = RTL_QUERY_REGISTRY_NOEXPAND},
        {.QueryRoutine = routine, .Name = L"Many", .Flags = RTL_QUERY_REGISTRY_NOVALUE},
        {0},
    };

    assert_int_equal(ask(table), STATUS_SUCCESS);
    assert_string_equal(query.log, "Number:4:4 Many:1:8 Many:1:8 Many:1:12 Many:7:30 -:0:0 ");
    assert_ptr_equal(query.context, &query);
}

static void test_query_defaults_and_required(void **state)
{
    ULONG number = 9;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.QueryRoutine = routine,
         .Name = L"Missing",
         .DefaultType = REG_DWORD,
         .DefaultData = &number,
         .DefaultLength = 4},
        {.QueryRoutine = routine,
         .Name = L"Missing",
         .DefaultType = REG_SZ,
         .DefaultData = (PVOID)(uintptr_t)L"default"},
        {.QueryRoutine = routine, .Name = L"Missing", .Flags = RTL_QUERY_REGISTRY_REQUIRED},
        {.QueryRoutine = routine, .Name = L"Number"},
        {0},
    };

    assert_int_equal(ask(table), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_string_equal(query.log, "Missing:4:4 Missing:1:16 ");
}

static void test_query_of_all_values_and_of_subkeys(void **state)
{
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.QueryRoutine = routine, .Flags = RTL_QUERY_REGISTRY_NOEXPAND},
        {.Flags = RTL_QUERY_REGISTRY_SUBKEY, .Name = L"Sub"},
        {.QueryRoutine = routine, .Name = L"Inner"},
        {.QueryRoutine = routine, .Flags = RTL_QUERY_REGISTRY_TOPKEY, .Name = L"Name"},
        {.QueryRoutine = routine, .Flags = RTL_QUERY_REGISTRY_SUBKEY, .Name = L"Sub"},
        {.QueryRoutine = routine, .Flags = RTL_QUERY_REGISTRY_SUBKEY, .Name = L"NoSub"},
        {0},
    };

    assert_int_equal(
        RtlWriteRegistryValue(RTL_REGISTRY_SERVICES, L"Thing\\Sub", L"Inner", REG_BINARY, "ab", 2),
        STATUS_SUCCESS);
    assert_int_equal(ask(table), STATUS_SUCCESS);
    assert_string_equal(query.log,
                        "Number:4:4 Name:1:8 Bytes:3:10 Many:7:30 Inner:3:2 Name:1:8 Inner:3:2 ");
}

static void test_query_direct_strings(void **state)
{
    WCHAR room[8];
    UNICODE_STRING given = {0, sizeof(room), room};
    UNICODE_STRING small = {0, 6, room};
    UNICODE_STRING allocated = {0, 0, NULL};
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Name", .EntryContext = &given},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Name", .EntryContext = &allocated},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Name", .EntryContext = &small},
        {0},
    };

    assert_int_equal(ask(table), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(given.Length, 6);
    assert_memory_equal(room, L"abc", 8);
    assert_int_equal(allocated.Length, 6);
    assert_memory_equal(allocated.Buffer, L"abc", 8);
    ExFreePool(allocated.Buffer);
}

static void test_query_direct_data(void **state)
{
    ULONG number = 0;
    union {
        LONG size;
        ULONG words[8];
        char bytes[32];
    } plain = {.size = -32}, framed = {.size = 32}, small = {.size = -9};
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Number", .EntryContext = &number},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Bytes", .EntryContext = &plain},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Bytes", .EntryContext = &framed},
        {.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Bytes", .EntryContext = &small},
        {0},
    };

    assert_int_equal(ask(table), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(number, 77);
    assert_memory_equal(plain.bytes, "0123456789", 10);
    assert_int_equal(framed.words[0], 10);
    assert_int_equal(framed.words[1], REG_BINARY);
    assert_memory_equal(framed.bytes + 8, "0123456789", 10);
    assert_int_equal(small.size, -9);
}

static void test_query_deletes_and_stops(void **state)
{
    RTL_QUERY_REGISTRY_TABLE table[] = {
        {.QueryRoutine = routine, .Flags = RTL_QUERY_REGISTRY_DELETE, .Name = L"Number"},
        {.QueryRoutine = routine, .Name = L"Name"},
        {0},
    };
    RTL_QUERY_REGISTRY_TABLE wrong[] = {{.Flags = RTL_QUERY_REGISTRY_DIRECT, .Name = L"Name"}, {0}};

    assert_int_equal(ask(table), STATUS_SUCCESS);
    assert_int_equal(query.calls, 2);
    assert_int_equal(RtlDeleteRegistryValue(RTL_REGISTRY_SERVICES, L"Thing", L"Number"),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    query.answer = STATUS_NO_MEMORY;
    query.calls = 0;
    assert_int_equal(
        RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"Thing", table + 1, &query, NULL),
        STATUS_NO_MEMORY);
    query.answer = STATUS_BUFFER_TOO_SMALL; /* means: go on without me */
    assert_int_equal(
        RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"Thing", table + 1, &query, NULL),
        STATUS_SUCCESS);
    assert_int_equal(ask(wrong), STATUS_INVALID_PARAMETER);
}

static void test_where_queries_begin(void **state)
{
    RTL_QUERY_REGISTRY_TABLE table[] = {{.QueryRoutine = routine, .Name = L"Number"}, {0}};

    memset(&query, 0, sizeof(query));
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, ROOT, table, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, thing, table, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(query.calls, 2);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES, L"Nothing", table, NULL, NULL),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_SERVICES | RTL_REGISTRY_OPTIONAL,
                                            L"Nothing", table, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(RtlQueryRegistryValues(RTL_REGISTRY_MAXIMUM, L"Nothing", table, NULL, NULL),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, (WCHAR[]){'V', 0}),
                     STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(RtlCreateRegistryKey(RTL_REGISTRY_CONTROL, (WCHAR[]){'V', '\\', 'W', 0}),
                     STATUS_SUCCESS);
    assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, (WCHAR[]){'v', 0}), STATUS_SUCCESS);
    assert_int_equal(RtlCheckRegistryKey(RTL_REGISTRY_USER, (WCHAR[]){0}), STATUS_SUCCESS);
}

static void test_the_registry_is_for_passive_level(void **state)
{
    KIRQL old = KeRaiseIrqlToDpcLevel();

    ZwFlushKey(thing);
    RtlCheckRegistryKey(RTL_REGISTRY_USER, (WCHAR[]){0});
    expect_reports("IRQL", 2);
    KeLowerIrql(old);
}

/* ---- Files ---- */

static void test_files_are_what_the_host_provides(void **state)
{
    UNICODE_STRING name = text(L"\\systemroot\\FIRMWARE.bin");
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER offset = {.QuadPart = 2};
    IO_STATUS_BLOCK block;
    HANDLE file;
    char data[16];

    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    assert_int_equal(
        ZwCreateFile(&file, GENERIC_READ, &attributes, &block, NULL, 0, 0, FILE_OPEN, 0, NULL, 0),
        STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(vport_nt_file_add(test.nt, "\\SystemRoot\\firmware.bin", "0123456", 7),
                     VPORT_OK);
    assert_int_equal(vport_nt_file_add(test.nt, "\\SystemRoot\\Firmware.bin", "x", 1),
                     VPORT_E_BUSY);
    assert_int_equal(
        ZwCreateFile(&file, GENERIC_WRITE, &attributes, &block, NULL, 0, 0, FILE_OPEN, 0, NULL, 0),
        STATUS_ACCESS_DENIED);
    assert_int_equal(
        ZwCreateFile(&file, GENERIC_READ, &attributes, &block, NULL, 0, 0, FILE_CREATE, 0, NULL, 0),
        STATUS_ACCESS_DENIED);
    assert_int_equal(
        ZwCreateFile(&file, GENERIC_READ, &attributes, &block, NULL, 0, 0, FILE_OPEN, 0, NULL, 0),
        STATUS_SUCCESS);
    assert_int_equal(ZwReadFile(file, NULL, NULL, NULL, &block, data, 3, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(block.Information, 3);
    assert_int_equal(ZwReadFile(file, NULL, NULL, NULL, &block, data + 3, 13, NULL, NULL),
                     STATUS_SUCCESS);
    assert_int_equal(block.Information, 4);
    assert_memory_equal(data, "0123456", 7);
    assert_int_equal(ZwReadFile(file, NULL, NULL, NULL, &block, data, 1, NULL, NULL),
                     STATUS_END_OF_FILE);
    assert_int_equal(ZwReadFile(file, NULL, NULL, NULL, &block, data, 2, &offset, NULL),
                     STATUS_SUCCESS);
    assert_memory_equal(data, "23", 2);
    assert_int_equal(ZwFlushKey(file), STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(ZwReadFile(thing, NULL, NULL, NULL, &block, data, 2, &offset, NULL),
                     STATUS_OBJECT_TYPE_MISMATCH);
    assert_int_equal(ZwClose(file), STATUS_SUCCESS);
    assert_int_equal(ZwReadFile(file, NULL, NULL, NULL, &block, data, 2, &offset, NULL),
                     STATUS_INVALID_HANDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        nt_test(test_keys_are_made_one_at_a_time),
        thing_test(test_paths_that_are_none),
        thing_test(test_handles),
        thing_test(test_deleted_keys),
        thing_test(test_enumerating_keys),
        thing_test(test_querying_values_by_class),
        thing_test(test_buffers_that_are_too_small),
        thing_test(test_setting_replaces_in_place),
        nt_test(test_the_kernels_own_door),
        thing_test(test_query_calls_the_routine),
        thing_test(test_query_defaults_and_required),
        thing_test(test_query_of_all_values_and_of_subkeys),
        thing_test(test_query_direct_strings),
        thing_test(test_query_direct_data),
        thing_test(test_query_deletes_and_stops),
        thing_test(test_where_queries_begin),
        thing_test(test_the_registry_is_for_passive_level),
        thing_test(test_files_are_what_the_host_provides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
