/* SPDX-License-Identifier: MIT */
/* The monitor's client against a peer that greets well and badly, answers, refuses, and says other
 * things in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bus/qemu/qmp.h"
#include "qemu/peer.h"

#define GREETING                                                                                   \
    "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "             \
    "\"package\": \"x\"}, \"capabilities\": [\"oob\"]}}\r\n"
#define DONE "{\"return\": {}}\r\n"

static struct peer peer;
static struct vport_qmp *qmp;
static char error[VPORT_QMP_TEXT];

/* What QEMU says to the greeting's command is the first of `steps`. */
static enum vport_status start(const struct peer_step *steps, unsigned count)
{
    error[0] = '\0';
    peer_start(&peer, steps, count);
    return vport_qmp_create(peer.ours, 300, &qmp, error);
}

static void end(void)
{
    vport_qmp_destroy(qmp);
    peer_end(&peer);
}

static void start_well(const char *say, unsigned lines, bool hang_up)
{
    const struct peer_step steps[] = {
        {.say = GREETING},
        {.lines = 1, .say = DONE},
        {.lines = lines, .say = say, .hang_up = hang_up},
    };

    assert_int_equal(start(steps, 3), VPORT_OK);
}

static void the_greeting_says_the_version(void **state)
{
    start_well(NULL, 0, false);
    assert_string_equal(vport_qmp_version(qmp), "7.2.22");
    end();
    assert_string_equal(peer.text, "{\"execute\":\"qmp_capabilities\"}\n");
}

static void commands_carry_their_arguments(void **state)
{
    start_well(DONE, 1, false);
    assert_int_equal(vport_qmp_execute(qmp, "screendump",
                                       json_pack("{s:s, s:i}", "filename", "a\"b", "head", 0),
                                       error),
                     VPORT_OK);
    end();
    assert_non_null(strstr(peer.text, "{\"execute\":\"screendump\",\"arguments\":{"
                                      "\"filename\":\"a\\\"b\",\"head\":0}}\n"));
}

static void a_refusal_has_qemus_words_and_is_not_the_end(void **state)
{
    start_well("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such console\"}}\n" DONE,
               1, false);
    assert_int_equal(vport_qmp_execute(qmp, "screendump", NULL, error), VPORT_E_INVALID);
    assert_string_equal(error, "no such console");
    assert_int_equal(vport_qmp_execute(qmp, "cont", NULL, error), VPORT_OK);
    end();
}

static void events_are_counted_and_are_no_answers(void **state)
{
    start_well("{\"event\": \"STOP\"}\n{\"event\": \"NEWS\", \"data\": {}}\n"
               "{\"event\": \"SHUTDOWN\"}\n{\"event\": \"SHUTDOWN\"}\n" DONE
               "{\"event\": \"RESET\"}\n",
               1, false);
    assert_int_equal(vport_qmp_execute(qmp, "stop", NULL, error), VPORT_OK);
    assert_int_equal(vport_qmp_count(qmp, VPORT_QMP_STOP), 1);
    assert_int_equal(vport_qmp_count(qmp, VPORT_QMP_SHUTDOWN), 2);
    assert_int_equal(vport_qmp_wait(qmp, VPORT_QMP_RESET, 0), VPORT_OK);
    assert_int_equal(vport_qmp_wait(qmp, VPORT_QMP_RESET, 0), VPORT_OK);
    assert_int_equal(vport_qmp_wait(qmp, VPORT_QMP_RESET, 1), VPORT_E_TIMEOUT);
    assert_int_equal(vport_qmp_count(qmp, VPORT_QMP_GUEST_PANICKED), 0);
    end();
}

static void answers_in_single_bytes_are_put_together(void **state)
{
    const struct peer_step steps[] = {{.say = GREETING, .piece = 7},
                                      {.lines = 1, .say = DONE, .piece = 1}};

    assert_int_equal(start(steps, 2), VPORT_OK);
    end();
}

static void assert_no_start(const char *say, bool hang_up, const char *word)
{
    const struct peer_step step = {.say = say, .hang_up = hang_up};

    assert_int_equal(start(&step, 1), VPORT_E_DEVICE);
    assert_null(qmp);
    if (!strstr(error, word))
        fail_msg("\"%s\" does not say \"%s\"", error, word);
    peer_end(&peer);
}

static void a_bad_greeting_is_no_start(void **state)
{
    assert_no_start("{\"hello\": 1}\n", false, "something else than its version");
    assert_no_start("QMP!\n", false, "no JSON");
    assert_no_start("[1]\n", false, "no JSON object");
    assert_no_start(NULL, true, "gone");
    assert_no_start(NULL, false, "does not greet");
    assert_no_start(GREETING "{\"error\": {\"desc\": \"not now\"}}\n", false, "not now");
    assert_no_start(GREETING, false, "does not answer");
    assert_no_start(GREETING "{\"oops\": 1}\n", false, "no answer");
}

static void assert_ends(const char *say, bool hang_up, const char *word)
{
    start_well(say, 1, hang_up);
    assert_int_equal(vport_qmp_execute(qmp, "stop", NULL, error), VPORT_E_DEVICE);
    if (!strstr(error, word))
        fail_msg("\"%s\" does not say \"%s\"", error, word);
    assert_int_equal(vport_qmp_execute(qmp, "cont", json_object(), error), VPORT_E_DEVICE);
    assert_non_null(strstr(error, word));
    assert_int_equal(vport_qmp_wait(qmp, VPORT_QMP_STOP, 0), VPORT_E_DEVICE);
    end();
}

static void nonsense_silence_and_hanging_up_are_the_end(void **state)
{
    assert_ends("nonsense\n", false, "no JSON");
    assert_ends("{\"return\": \n", false, "no JSON");
    assert_ends(NULL, false, "does not answer");
    assert_ends(NULL, true, "gone");
}

static void an_endless_line_is_the_end(void **state)
{
    static char endless[80000];

    memset(endless, ' ', sizeof(endless) - 1);
    assert_ends(endless, false, "without an end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_says_the_version),
        cmocka_unit_test(commands_carry_their_arguments),
        cmocka_unit_test(a_refusal_has_qemus_words_and_is_not_the_end),
        cmocka_unit_test(events_are_counted_and_are_no_answers),
        cmocka_unit_test(answers_in_single_bytes_are_put_together),
        cmocka_unit_test(a_bad_greeting_is_no_start),
        cmocka_unit_test(nonsense_silence_and_hanging_up_are_the_end),
        cmocka_unit_test(an_endless_line_is_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
