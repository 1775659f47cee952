/* SPDX-License-Identifier: MIT */
/* Reports: counted per rule, the first kept, each handed to the sink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include <videoport/report.h>
#include <videoport/status.h>

static struct vport_report last;
static char last_text[VPORT_REPORT_TEXT];
static unsigned calls;

static void sink(void *context, const struct vport_report *report)
{
    last = *report;
    strcpy(last_text, report->text);
    calls++;
    assert_ptr_equal(context, &calls);
    /* No lock of the channel is held: looking at it from here does not hang. */
    assert_true(vport_reports_count((struct vport_reports *)(uintptr_t)report->site, NULL) > 0);
}

static void a_report_reaches_the_sink_with_rule_site_and_number(void **state)
{
    struct vport_reports *reports = vport_reports_create(sink, &calls);

    calls = 0;
    vport_report(reports, "SD-A3", reports, "offset %u is beyond %u bytes", 10, 5);
    vport_report(reports, "SD-A4", reports, "%s", "second");
    assert_int_equal(calls, 2);
    assert_string_equal(last.rule, "SD-A4");
    assert_string_equal(last_text, "second");
    assert_int_equal(last.number, 2);
    assert_ptr_equal(last.site, reports);
    vport_reports_destroy(reports);
}

static void reports_are_counted_by_rule_and_in_all(void **state)
{
    struct vport_reports *reports = vport_reports_create(NULL, NULL);

    for (int i = 0; i < 3; i++)
        vport_report(reports, "CD-A2", NULL, "x");
    vport_report(reports, "CD-A1", NULL, "y");
    assert_int_equal(vport_reports_count(reports, "CD-A2"), 3);
    assert_int_equal(vport_reports_count(reports, "CD-A1"), 1);
    assert_int_equal(vport_reports_count(reports, "CD-A"), 0);
    assert_int_equal(vport_reports_count(reports, NULL), 4);
    vport_reports_clear(reports);
    assert_int_equal(vport_reports_count(reports, "CD-A2"), 0);
    assert_int_equal(vport_reports_count(reports, NULL), 0);
    vport_reports_destroy(reports);
}

static void the_first_reports_are_kept_whole_and_the_rest_counted(void **state)
{
    struct vport_reports *reports = vport_reports_create(NULL, NULL);
    char rule[16], text[VPORT_REPORT_TEXT], longer[2 * VPORT_REPORT_TEXT];

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    for (int i = 0; i < VPORT_REPORT_KEEP + 10; i++)
        vport_report(reports, "R", NULL, "number %d", i);
    assert_int_equal(
        vport_reports_get(reports, VPORT_REPORT_KEEP - 1, rule, sizeof(rule), text, sizeof(text)),
        0);
    assert_string_equal(text, "number 255");
    assert_string_equal(rule, "R");
    assert_int_equal(
        vport_reports_get(reports, VPORT_REPORT_KEEP, rule, sizeof(rule), text, sizeof(text)), -1);
    assert_int_equal(vport_reports_count(reports, NULL), VPORT_REPORT_KEEP + 10);

    vport_reports_clear(reports);
    vport_report(reports, "R", NULL, "%s", longer);
    assert_int_equal(vport_reports_get(reports, 0, rule, sizeof(rule), text, sizeof(text)), 0);
    assert_int_equal(strlen(text), VPORT_REPORT_TEXT - 1);
    vport_reports_destroy(reports);
}

static void no_channel_swallows_reports(void **state)
{
    vport_report(NULL, "R", NULL, "nobody listens");
    assert_int_equal(vport_reports_count(NULL, NULL), 0);
}

static void *report_often(void *context)
{
    for (int i = 0; i < 1000; i++)
        vport_report(context, i % 2 ? "ODD" : "EVEN", NULL, "%d", i);
    return NULL;
}

static void reports_from_several_threads_are_all_counted(void **state)
{
    struct vport_reports *reports = vport_reports_create(NULL, NULL);
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, report_often, reports), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(vport_reports_count(reports, "ODD"), 1500);
    assert_int_equal(vport_reports_count(reports, NULL), 3000);
    vport_reports_destroy(reports);
}

static void every_status_has_words_and_a_class(void **state)
{
    static const enum vport_status all[] = {
        VPORT_OK,        VPORT_E_INVALID,     VPORT_E_RANGE,
        VPORT_E_STATE,   VPORT_E_UNKNOWN,     VPORT_E_ACCESS,
        VPORT_E_BUSY,    VPORT_E_NO_MEMORY,   VPORT_E_NO_REGISTERS,
        VPORT_E_TIMEOUT, VPORT_E_UNSUPPORTED, VPORT_E_TOO_LARGE,
        VPORT_E_DEVICE,  VPORT_E_ENVIRONMENT, VPORT_E_IO};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_string_not_equal(vport_status_text(all[i]), "unknown status");
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(vport_status_text(all[i]), vport_status_text(all[j]));
    }
    assert_string_equal(vport_status_text((enum vport_status)0x999), "unknown status");
    assert_int_equal(vport_status_class(VPORT_OK), VPORT_CLASS_OK);
    assert_int_equal(vport_status_class(VPORT_E_ACCESS), VPORT_CLASS_CALLER);
    assert_int_equal(vport_status_class(VPORT_E_TIMEOUT), VPORT_CLASS_LATER);
    assert_int_equal(vport_status_class(VPORT_E_IO), VPORT_CLASS_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_reaches_the_sink_with_rule_site_and_number),
        cmocka_unit_test(reports_are_counted_by_rule_and_in_all),
        cmocka_unit_test(the_first_reports_are_kept_whole_and_the_rest_counted),
        cmocka_unit_test(no_channel_swallows_reports),
        cmocka_unit_test(reports_from_several_threads_are_all_counted),
        cmocka_unit_test(every_status_has_words_and_a_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
