/* SPDX-License-Identifier: MIT */
/*
 * Thunks: arguments and results pass untouched, calls are remembered, hooks change what they want.
 */
#include "images.h"

#include "ldr/thunk.h"

#define WINDOWS __attribute__((ms_abi))

static uint64_t WINDOWS weigh(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                              uint64_t f)
{
    return a + 10 * b + 100 * c + 1000 * d + 10000 * e + 100000 * f;
}

static double WINDOWS scale(double a, double b, double c, double d)
{
    return a + 10 * b + 100 * c + 1000 * d;
}

typedef uint64_t WINDOWS weigh_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
typedef double WINDOWS scale_function(double, double, double, double);

static const struct vport_callee weigh_callee = {.name = "Weigh", .signature = "qqqqqqq"};

static int reset(void **state)
{
    vport_thunks_observe(NULL);
    vport_thunks_reset();
    return 0;
}

static void arguments_and_results_pass(void **state)
{
    static const struct vport_callee scale_callee = {.name = "Scale"};

    for (int watched = 0; watched < 2; watched++) {
        weigh_function *f = vport_thunk_make((void *)(uintptr_t)weigh, &weigh_callee, watched);
        scale_function *g = vport_thunk_make((void *)(uintptr_t)scale, &scale_callee, watched);

        assert_int_equal(f(1, 2, 3, 4, 5, 6), 654321);
        assert_true(g(1, 2, 3, 4) == 4321.0);
    }
}

static void last_calls_are_remembered_newest_first(void **state)
{
    static const struct vport_callee other = {.name = "Other", .signature = "qqqqqqq"};
    weigh_function *f = vport_thunk_make((void *)(uintptr_t)weigh, &weigh_callee, false);
    weigh_function *g = vport_thunk_make((void *)(uintptr_t)weigh, &other, true);
    struct vport_past_call past[VPORT_CALLS];

    for (unsigned i = 0; i < 40; i++)
        f(i, 0, 0, 0, 0, 0);
    g(7, 8, 9, 10, 0, 0);
    assert_int_equal(vport_thunk_last_calls(past), VPORT_CALLS);
    assert_string_equal(past[0].callee->name, "Other");
    assert_int_equal(past[0].arguments[3], 10);
    for (unsigned i = 1; i < VPORT_CALLS; i++) {
        assert_string_equal(past[i].callee->name, "Weigh");
        assert_int_equal(past[i].arguments[0], 40 - i);
    }
}

static void change_enter(struct vport_call *call)
{
    call->keep = vport_call_argument(call, 0);
    vport_call_set_argument(call, 0, 9);
    vport_call_set_argument(call, 5, 0);
}

static void change_leave(struct vport_call *call)
{
    call->result += 1000000 * call->keep;
}

static void hooks_change_arguments_and_result(void **state)
{
    static const struct vport_callee changed = {
        .name = "Changed", .enter = change_enter, .leave = change_leave};
    weigh_function *f = vport_thunk_make((void *)(uintptr_t)weigh, &changed, true);

    assert_int_equal(f(3, 2, 3, 4, 5, 6), 3054329);
}

static const char *seen_inside;
static unsigned entered, left, deepest;

typedef uint64_t WINDOWS nested_function(uint64_t depth, void *again);

static uint64_t WINDOWS nested(uint64_t depth, void *again)
{
    seen_inside = vport_thunk_inside();
    return depth ? 1 + ((nested_function *)again)(depth - 1, again) : 0;
}

static void on_enter(void *context, const struct vport_call *call)
{
    entered++;
    deepest = call->depth > deepest ? call->depth : deepest;
}

static void on_leave(void *context, const struct vport_call *call)
{
    left++;
}

/* Deeper than the thunks keep track of: the calls still work. */
static void observer_sees_nested_calls(void **state)
{
    static const struct vport_callee driver = {.name = "Nested", .into_driver = true};
    static const struct vport_call_observer observer = {on_enter, on_leave, NULL};
    void *thunk = vport_thunk_make((void *)(uintptr_t)nested, &driver, true);

    vport_thunks_observe(&observer);
    assert_int_equal(((nested_function *)thunk)(100, thunk), 100);
    assert_int_equal(entered, VPORT_CALL_DEPTH);
    assert_int_equal(left, entered);
    assert_int_equal(deepest, VPORT_CALL_DEPTH - 1);
    assert_string_equal(seen_inside, "Nested");
    assert_null(vport_thunk_inside());
}

static jmp_buf back;
static const char *missing_name;

static void on_missing(void *context, const struct vport_callee *callee, const void *caller)
{
    missing_name = callee->name;
    longjmp(back, 1);
}

static void missing_target_says_its_name(void **state)
{
    static const struct vport_callee callee = {.name = "NotThere"};
    weigh_function *f = vport_thunk_make(NULL, &callee, false);

    vport_thunks_set_missing(on_missing, NULL);
    if (!setjmp(back))
        f(1, 2, 3, 4, 5, 6);
    assert_string_equal(missing_name, "NotThere");
}

static void same_call_same_thunk_until_all_are_taken(void **state)
{
    void *first = vport_thunk_make((void *)(uintptr_t)weigh, &weigh_callee, false);

    assert_ptr_equal(vport_thunk_make((void *)(uintptr_t)weigh, &weigh_callee, false), first);
    assert_ptr_not_equal(vport_thunk_make((void *)(uintptr_t)weigh, &weigh_callee, true), first);
    for (uintptr_t i = 2; i < VPORT_THUNKS; i++)
        assert_non_null(vport_thunk_make((void *)(0x1000 + i), &weigh_callee, false));
    assert_null(vport_thunk_make((void *)(uintptr_t)0x999999, &weigh_callee, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(arguments_and_results_pass, reset),
        cmocka_unit_test_teardown(last_calls_are_remembered_newest_first, reset),
        cmocka_unit_test_teardown(hooks_change_arguments_and_result, reset),
        cmocka_unit_test_teardown(observer_sees_nested_calls, reset),
        cmocka_unit_test_teardown(missing_target_says_its_name, reset),
        cmocka_unit_test_teardown(same_call_same_thunk_until_all_are_taken, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
