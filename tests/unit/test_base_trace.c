/* SPDX-License-Identifier: MIT */
/* The trace: a line per event while a sink is set, nothing otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <videoport/trace.h>

static char lines[8][256];
static int count;

static void sink(void *context, const char *line)
{
    assert_ptr_equal(context, lines);
    if (count < 8)
        strcpy(lines[count], line);
    count++;
}

static void an_event_is_one_line_in_the_words_of_its_kind(void **state)
{
    struct vport_trace *trace = vport_trace_create();

    count = 0;
    vport_trace_set_sink(trace, sink, lines);
    vport_trace(trace, VPORT_TRACE_MAP, 1, 2, 4096, 1);
    vport_trace(trace, VPORT_TRACE_ELEMENT, 2, 0, 0xfffffffff000, 4096);
    vport_trace(trace, VPORT_TRACE_IRQL, 2, 0, 0, 0);
    assert_int_equal(count, 3);
    assert_string_equal(lines[0], "adapter 1 map op=2 length=4096 to_device=1");
    assert_string_equal(lines[1], "op 2 element=0 address=0xfffffffff000 length=4096");
    assert_string_equal(lines[2], "irql 2");
    vport_trace_destroy(trace);
}

static void without_a_sink_nothing_is_written(void **state)
{
    struct vport_trace *trace = vport_trace_create();

    count = 0;
    assert_false(vport_trace_on(trace));
    vport_trace(trace, VPORT_TRACE_DPC, 1, 0, 0, 0);
    vport_trace_set_sink(trace, sink, lines);
    assert_true(vport_trace_on(trace));
    vport_trace_set_sink(trace, NULL, NULL);
    vport_trace(trace, VPORT_TRACE_DPC, 1, 0, 0, 0);
    vport_trace(NULL, VPORT_TRACE_DPC, 1, 0, 0, 0);
    assert_int_equal(count, 0);
    vport_trace_destroy(trace);
}

static void names_count_from_one_in_each_trace(void **state)
{
    struct vport_trace *first = vport_trace_create(), *second = vport_trace_create();

    assert_int_equal(vport_trace_name(first, VPORT_TRACE_NAME_ADAPTER), 1);
    assert_int_equal(vport_trace_name(first, VPORT_TRACE_NAME_ADAPTER), 2);
    assert_int_equal(vport_trace_name(first, VPORT_TRACE_NAME_OPERATION), 1);
    assert_int_equal(vport_trace_name(second, VPORT_TRACE_NAME_ADAPTER), 1);
    assert_int_equal(vport_trace_name(NULL, VPORT_TRACE_NAME_ADAPTER), 0);
    vport_trace_destroy(first);
    vport_trace_destroy(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_line_in_the_words_of_its_kind),
        cmocka_unit_test(without_a_sink_nothing_is_written),
        cmocka_unit_test(names_count_from_one_in_each_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
