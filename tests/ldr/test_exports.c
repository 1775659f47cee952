/* SPDX-License-Identifier: MIT */
/* What an import is bound to: functions, the C runtime, variables; and functions by name at run
 * time. */
#include "images.h"

#include "ldr/data.h"
#include "ldr/exports.h"
#include "videoprt/videoprt.h"

static void *import(const char *library, const char *name)
{
    const struct vport_export *export;

    return vport_import_find(library, name, &export);
}

static void libraries_keep_their_names_apart(void **state)
{
    assert_ptr_equal(import("ntoskrnl.exe", "DbgPrint"), (void *)DbgPrint);
    assert_ptr_equal(import("HAL.dll", "READ_PORT_UCHAR"), (void *)READ_PORT_UCHAR);
    assert_non_null(import("VideoPrt.SYS", "VideoPortInitialize"));
    assert_null(import("ntoskrnl.exe", "VideoPortInitialize"));
    assert_null(import("videoprt.sys", "DbgPrint"));
    assert_null(import("videoprt.sys", "memcpy"));
    assert_null(import("win32k.sys", "memcpy"));
    assert_non_null(import("ntoskrnl.exe", "memcpy"));
}

static void what_is_absent_has_an_entry_and_no_address(void **state)
{
    const struct vport_export *export = NULL;

    assert_null(vport_import_find("ntoskrnl.exe", "PsCreateSystemThread", &export));
    assert_non_null(export);
    assert_null(export->address);
    assert_null(vport_import_find("ntoskrnl.exe", "KeMakeCoffee", &export));
    assert_null(export);
}

/* What VideoPortGetProcAddress finds (src/videoprt/exports.c) is what an import is bound to. */
static void the_video_port_is_the_same_by_import_and_by_name(void **state)
{
    static const struct {
        const char *name;
        void *address;
    } exports[] = {
#define VP_EXPORT(Name) {#Name, (void *)Name},
#include "videoprt/exports.h"
#undef VP_EXPORT
    };
    size_t count = 0;

    for (size_t i = 0; i < RTL_NUMBER_OF(exports); i++) {
        assert_ptr_equal(import("videoprt.sys", exports[i].name), exports[i].address);
        assert_ptr_equal(VpGetProcAddress(NULL, (PUCHAR)(uintptr_t)exports[i].name),
                         exports[i].address);
    }
    for (size_t i = 0; i < vport_export_count; i++)
        count += vport_exports[i].library == VPORT_EXPORT_VIDEOPRT && vport_exports[i].address;
    assert_int_equal(count, RTL_NUMBER_OF(exports));
    /* Names that exist twice, and those that only tables of functions are known for. */
    assert_non_null(import("videoprt.sys", "VideoPortUnlockBuffer"));
    assert_non_null(import("videoprt.sys", "VideoPortUnLockBuffer"));
    assert_non_null(import("videoprt.sys", "VideoPortCheckForDeviceExistance"));
    assert_non_null(import("videoprt.sys", "VideoPortGetAgpServices"));
    assert_non_null(import("videoprt.sys", "VideoPortDbgReportComplete"));
}

/* ---- Variables ---- */

static void variables_have_their_values(void **state)
{
    assert_int_equal(*(int8_t *)import("ntoskrnl.exe", "KeNumberProcessors"), 32);
    assert_int_equal(*(uint32_t *)import("ntoskrnl.exe", "NtBuildNumber") & 0xffff, 2600);
    assert_int_equal(*(uint8_t *)import("ntoskrnl.exe", "KdDebuggerEnabled"), 0);
    assert_int_equal(*(uint8_t *)import("ntoskrnl.exe", "KdDebuggerNotPresent"), 1);
    assert_int_equal(*(uint32_t *)import("ntoskrnl.exe", "InitSafeBootMode"), 0);
    assert_null(import("videoprt.sys", "NtBuildNumber"));
    assert_null(vport_data_find("MmHighestUserAddress"));
}

/* Where the emulator looks (src/run/trap_machine.c). */
static void the_tick_count_is_the_shared_pages(void **state)
{
    assert_int_equal((uintptr_t)(void *)import("ntoskrnl.exe", "KeTickCount"),
                     UINT64_C(0xFFFFF78000000320));
}

/* ---- By name at run time ---- */

static PVOID ask(const uint16_t *text)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, text);
    return MmGetSystemRoutineAddress(&name);
}

static void functions_are_found_by_name(void **state)
{
    UNICODE_STRING part = {.Length = 2 * 8, .MaximumLength = 100, .Buffer = (PWSTR)L"DbgPrintEx"};
    uint16_t endless[300];

    assert_ptr_equal(ask(L"KeSetTimerEx"), (void *)KeSetTimerEx);
    assert_ptr_equal(ask(L"HalGetBusData"), (void *)HalGetBusData);
    assert_ptr_equal(ask(L"MmGetSystemRoutineAddress"), (void *)MmGetSystemRoutineAddress);
    assert_ptr_equal(ask(L"memcpy"), import("ntoskrnl.exe", "memcpy"));
    assert_ptr_equal(MmGetSystemRoutineAddress(&part), (void *)DbgPrint); /* counted */
    assert_null(ask(L"kesettimerex"));
    assert_null(ask(L"VideoPortInitialize"));  /* not the system's */
    assert_null(ask(L"PsCreateSystemThread")); /* absent */
    assert_null(ask(L"NtBuildNumber"));        /* no function */
    assert_null(ask(L"Dbg\u0140rint"));
    assert_null(ask(L""));
    for (int i = 0; i < 299; i++)
        endless[i] = 'x';
    endless[299] = 0;
    assert_null(ask(endless));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libraries_keep_their_names_apart),
        cmocka_unit_test(what_is_absent_has_an_entry_and_no_address),
        cmocka_unit_test(the_video_port_is_the_same_by_import_and_by_name),
        cmocka_unit_test(variables_have_their_values),
        cmocka_unit_test(the_tick_count_is_the_shared_pages),
        cmocka_unit_test(functions_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
