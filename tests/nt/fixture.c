/* SPDX-License-Identifier: MIT */
/* See fixture.h. */
#include "fixture.h"

struct fixture test;

static enum vport_status pin(void *context, uintptr_t start, size_t pages, enum vport_access access,
                             struct vport_frame *frames)
{
    for (size_t i = 0; i < pages; i++) {
        uintptr_t page = start + i * VPORT_PAGE_SIZE;

        if (page == test.missing || page < 16 * VPORT_PAGE_SIZE)
            return VPORT_E_ACCESS;
        frames[i].number = page / VPORT_PAGE_SIZE;
    }
    test.pinned += (unsigned)pages;
    return VPORT_OK;
}

static void unpin(void *context, uintptr_t start, size_t pages, const struct vport_frame *frames)
{
    assert_true(test.pinned >= pages);
    test.pinned -= (unsigned)pages;
}

static void hear(void *context, ULONG component, ULONG level, const char *text)
{
    size_t length = strlen(test.debug);

    snprintf(test.debug + length, sizeof(test.debug) - length, "%u.%u %s\n", component, level,
             text);
}

static int setup(enum vport_loop_mode mode)
{
    static const struct vport_space_ops ops = {pin, unpin};
    struct vport_nt_config config;

    memset(&test, 0, sizeof(test));
    assert_int_equal(vport_loop_create(mode, 42, NULL, &test.loop), VPORT_OK);
    assert_int_equal(vport_space_create(&ops, NULL, &test.space), VPORT_OK);
    test.reports = vport_reports_create(NULL, NULL);
    assert_non_null(test.reports);
    config =
        (struct vport_nt_config){.loop = test.loop, .space = test.space, .reports = test.reports};
    assert_int_equal(vport_nt_create(&config, &test.nt), VPORT_OK);
    vport_nt_set_debug_sink(test.nt, hear, NULL);
    vport_nt_enter(test.nt, &test.cpu);
    return 0;
}

int setup_deterministic(void **state)
{
    return setup(VPORT_LOOP_DETERMINISTIC);
}

int setup_threaded(void **state)
{
    return setup(VPORT_LOOP_THREADED);
}

void end_kernel(void)
{
    if (!test.nt)
        return;
    vport_nt_leave(&test.cpu);
    vport_nt_destroy(test.nt);
    test.nt = NULL;
}

static void print_reports(void)
{
    for (size_t i = 0; i < vport_reports_count(test.reports, NULL); i++)
        print_message("report: %s\n", report_text(i));
}

int teardown(void **state)
{
    uint64_t reports;

    end_kernel();
    assert_null(vport_cpu_current);
    reports = vport_reports_count(test.reports, NULL);
    print_reports();
    assert_int_equal(test.pinned, 0);
    assert_int_equal(vport_space_destroy(test.space), 0);
    vport_loop_destroy(test.loop);
    vport_reports_destroy(test.reports);
    assert_int_equal(reports, 0);
    return 0;
}

const char *report_text(size_t index)
{
    static char text[VPORT_REPORT_TEXT];
    char rule[64];

    if (vport_reports_get(test.reports, index, rule, sizeof(rule), text, sizeof(text)))
        text[0] = '\0';
    return text;
}

void expect_reports(const char *rule, uint64_t count)
{
    uint64_t of_rule = vport_reports_count(test.reports, rule);
    uint64_t all = vport_reports_count(test.reports, NULL);

    if (of_rule != count || all != count)
        print_reports();
    assert_int_equal(of_rule, count);
    assert_int_equal(all, count);
    vport_reports_clear(test.reports);
}

static NTSTATUS NTAPI driver_entry(PVOID context1, PVOID context2)
{
    return STATUS_SUCCESS;
}

PDRIVER_OBJECT load_test_driver(void)
{
    PDRIVER_OBJECT driver;

    assert_int_equal(vport_nt_driver_load(test.nt, "Test", driver_entry, &driver), STATUS_SUCCESS);
    assert_non_null(driver);
    return driver;
}

PDEVICE_OBJECT create_device(PDRIVER_OBJECT driver, const WCHAR *name)
{
    UNICODE_STRING string;
    PDEVICE_OBJECT device;

    RtlInitUnicodeString(&string, name);
    assert_int_equal(
        IoCreateDevice(driver, 64, name ? &string : NULL, FILE_DEVICE_VIDEO, 0, FALSE, &device),
        STATUS_SUCCESS);
    return device;
}

static bool never(void *context)
{
    return false;
}

void run_for(uint64_t nanoseconds)
{
    vport_loop_wait(test.loop, never, NULL, nanoseconds);
}
