/* SPDX-License-Identifier: MIT */
/*
 * The qtest client against a peer that says right things in odd pieces, wrong things, and nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bus/qemu/base64.h"
#include "bus/qemu/qtest.h"
#include "qemu/peer.h"
#include "qemu/seed.h"

static struct {
    struct vport_qtest *client;
    struct peer peer;
    _Atomic unsigned deaths;
    char why[256];
    unsigned irqs;
    uint32_t line[16];
    bool level[16];
} rig;

static void on_irq(void *context, uint32_t line, bool level)
{
    assert_ptr_equal(context, &rig);
    if (rig.irqs < 16) {
        rig.line[rig.irqs] = line;
        rig.level[rig.irqs] = level;
    }
    rig.irqs++;
}

static void on_death(void *context, const char *why)
{
    assert_ptr_equal(context, &rig);
    snprintf(rig.why, sizeof(rig.why), "%s", why);
    atomic_fetch_add(&rig.deaths, 1);
}

static void begin_steps(const struct peer_step *steps, unsigned count)
{
    struct vport_qtest_config config = {
        .timeout = 300, .irq = on_irq, .died = on_death, .context = &rig};

    memset(&rig, 0, sizeof(rig));
    peer_start(&rig.peer, steps, count);
    config.fd = rig.peer.ours;
    assert_int_equal(vport_qtest_create(&config, &rig.client), VPORT_OK);
}

static void begin(const char *say, unsigned lines)
{
    struct peer_step step = {.lines = lines, .say = say};

    begin_steps(&step, 1);
}

static void end(void)
{
    vport_qtest_destroy(rig.client);
    peer_end(&rig.peer);
}

static enum vport_status read_one(uint64_t *value)
{
    vport_qtest_begin(rig.client);
    vport_qtest_read(rig.client, 0xe0000000, 4, value);
    return vport_qtest_end(rig.client);
}

static void assert_heard(const char *text)
{
    assert_string_equal(rig.peer.text, text);
}

/* ---- Commands ---- */

static void every_command_is_one_well_formed_line(void **state)
{
    static const uint8_t bytes[] = {0xff, 0xfe, 0xfd, 0xfc};
    uint64_t values[4];
    uint8_t back[3];

    begin("OK\nOK\nOK\nOK\nOK\nOK 0x1\nOK 0x2\nOK 0x3\nOK\nOK\nOK AQID\nOK\n", 12);
    vport_qtest_begin(rig.client);
    vport_qtest_write(rig.client, 0x1000, 1, 0x1ff);
    vport_qtest_write(rig.client, 0x1000, 2, 0x12345);
    vport_qtest_write(rig.client, 0x1000, 4, UINT64_MAX);
    vport_qtest_write(rig.client, 0x1000, 8, UINT64_MAX);
    vport_qtest_out(rig.client, 0xcf8, 4, 0x80000000);
    vport_qtest_in(rig.client, 0xffff, 1, &values[0]);
    vport_qtest_in(rig.client, 0xfffe, 2, &values[1]);
    vport_qtest_read(rig.client, UINT64_C(0x123456789), 8, &values[2]);
    vport_qtest_out(rig.client, 0xfffc, 4, UINT64_MAX);
    vport_qtest_write_bytes(rig.client, 0x2000, bytes, sizeof(bytes));
    vport_qtest_read_bytes(rig.client, 0x2000, back, sizeof(back));
    vport_qtest_intercept(rig.client, "ioapic");
    assert_int_equal(vport_qtest_end(rig.client), VPORT_OK);
    end();
    assert_heard("writeb 0x1000 0xff\nwritew 0x1000 0x2345\nwritel 0x1000 0xffffffff\n"
                 "writeq 0x1000 0xffffffffffffffff\noutl 0xcf8 0x80000000\ninb 0xffff\ninw 0xfffe\n"
                 "readq 0x123456789\noutl 0xfffc 0xffffffff\nb64write 0x2000 0x4 //79/A==\n"
                 "b64read 0x2000 0x3\nirq_intercept_in ioapic\n");
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 2);
    assert_int_equal(values[2], 3);
    assert_memory_equal(back, "\1\2\3", 3);
}

static void what_would_be_malformed_is_never_sent(void **state)
{
    uint64_t value = 7;
    char path[80];

    begin("OK 0x55\n", 1);
    memset(path, 'a', sizeof(path));
    path[65] = '\0';
    vport_qtest_begin(rig.client);
    vport_qtest_read(rig.client, 0, 3, &value);
    vport_qtest_read(rig.client, 0, 0, &value);
    vport_qtest_read(rig.client, 0, 16, &value);
    vport_qtest_read(rig.client, UINT64_MAX, 4, &value);
    vport_qtest_in(rig.client, 0x10000, 1, &value);
    vport_qtest_in(rig.client, 0xffff, 2, &value);
    vport_qtest_in(rig.client, 0x100, 8, &value);
    vport_qtest_out(rig.client, UINT64_MAX, 1, 0);
    vport_qtest_read_bytes(rig.client, UINT64_MAX - 3, path, 8);
    vport_qtest_write_bytes(rig.client, UINT64_MAX, path, 2);
    vport_qtest_read_bytes(rig.client, 0x1000, path, 0);
    vport_qtest_write_bytes(rig.client, 0x1000, path, 0);
    vport_qtest_intercept(rig.client, "");
    vport_qtest_intercept(rig.client, "a b");
    vport_qtest_intercept(rig.client, "a\nquit");
    vport_qtest_intercept(rig.client, path);
    assert_int_equal(vport_qtest_end(rig.client), VPORT_E_INVALID);
    assert_int_equal(value, 7);
    assert_int_equal(read_one(&value), VPORT_OK); /* the client is as good as before */
    assert_int_equal(value, 0x55);
    end();
    assert_heard("readl 0xe0000000\n");
}

static void a_refused_command_leaves_its_neighbours_alone(void **state)
{
    uint64_t values[2] = {0, 0};

    begin("OK 0x1\nOK 0x2\n", 2);
    vport_qtest_begin(rig.client);
    vport_qtest_in(rig.client, 1, 1, &values[0]);
    vport_qtest_in(rig.client, 0x12345, 1, &values[0]);
    vport_qtest_in(rig.client, 2, 1, &values[1]);
    assert_int_equal(vport_qtest_end(rig.client), VPORT_E_RANGE);
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 2);
    end();
    assert_heard("inb 0x1\ninb 0x2\n");
}

/* ---- Pipelining ---- */

/*
 * More commands than may be in flight: the peer answers the first half only after it has seen 64.
 */
static void more_commands_than_fit_in_flight_are_answered_in_order(void **state)
{
    enum { COUNT = 300 };
    struct peer_step steps[10] = {0};
    static char answers[10][64 * 16];
    uint64_t values[COUNT];
    unsigned number = 0;

    for (unsigned i = 0; i < 10; i++) {
        size_t used = 0;

        steps[i].lines = i == 0 ? 64 : i == 9 ? 12 : 28;
        for (unsigned j = 0; j < (i == 9 ? COUNT - 9 * 32 : 32); j++)
            used += (size_t)sprintf(answers[i] + used, "OK 0x%x\n", number++);
        steps[i].say = answers[i];
    }
    assert_int_equal(number, COUNT);
    steps[9].lines = COUNT - 64 - 8 * 28;
    begin_steps(steps, 10);
    vport_qtest_begin(rig.client);
    for (unsigned i = 0; i < COUNT; i++)
        vport_qtest_in(rig.client, i, 1, &values[i]);
    assert_int_equal(vport_qtest_end(rig.client), VPORT_OK);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(values[i], i);
    end();
}

/* The peer says nothing until the read has come, too. */
static void posted_writes_are_not_waited_for_but_come_first(void **state)
{
    uint64_t value = 0;

    begin("OK\nOK\nIRQ raise 9\nOK\nOK 0x7\n", 4);
    for (int i = 0; i < 3; i++) {
        vport_qtest_begin(rig.client);
        vport_qtest_write(rig.client, 0x1000, 4, (uint64_t)i);
        assert_int_equal(vport_qtest_post(rig.client), VPORT_OK);
    }
    assert_int_equal(read_one(&value), VPORT_OK);
    assert_int_equal(value, 7);
    assert_int_equal(rig.irqs, 1);
    end();
    assert_heard("writel 0x1000 0x0\nwritel 0x1000 0x1\nwritel 0x1000 0x2\nreadl 0xe0000000\n");
}

static void a_failed_posted_write_fails_what_comes_next(void **state)
{
    uint64_t value = 0;

    begin("FAIL no such thing\n", 2); /* when the read has come, too */
    vport_qtest_begin(rig.client);
    vport_qtest_write(rig.client, 0x1000, 4, 1);
    assert_int_equal(vport_qtest_post(rig.client), VPORT_OK);
    assert_int_equal(read_one(&value), VPORT_E_DEVICE);
    assert_int_equal(rig.deaths, 1);
    vport_qtest_begin(rig.client);
    vport_qtest_write(rig.client, 0x1000, 4, 1);
    assert_int_equal(vport_qtest_post(rig.client), VPORT_E_DEVICE);
    end();
}

/* A thousand writes fill neither buffer nor ring: the echo answers each when it comes. */
static void *echo_writes(void *context)
{
    FILE *stream = fdopen(*(int *)context, "r+");
    char line[64];

    while (fgets(line, sizeof(line), stream)) {
        const char *text = line[0] == 'w' ? "OK\n" : "OK 0x5\n";

        if (send(fileno(stream), text, strlen(text), MSG_NOSIGNAL) < 0)
            break;
    }
    fclose(stream);
    return NULL;
}

static void any_number_of_writes_may_be_posted(void **state)
{
    struct vport_qtest_config config = {
        .timeout = 5000, .irq = on_irq, .died = on_death, .context = &rig};
    uint64_t value = 0;
    pthread_t thread;
    int ends[2];

    memset(&rig, 0, sizeof(rig));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    config.fd = ends[0];
    assert_int_equal(vport_qtest_create(&config, &rig.client), VPORT_OK);
    assert_int_equal(pthread_create(&thread, NULL, echo_writes, &ends[1]), 0);
    for (int i = 0; i < 1000; i++) {
        vport_qtest_begin(rig.client);
        vport_qtest_write(rig.client, 0x1000, 4, (uint64_t)i);
        assert_int_equal(vport_qtest_post(rig.client), VPORT_OK);
    }
    assert_int_equal(read_one(&value), VPORT_OK);
    assert_int_equal(value, 5);
    vport_qtest_destroy(rig.client);
    pthread_join(thread, NULL);
}

static enum vport_status combine(uint64_t address, const char *bytes)
{
    return vport_qtest_combine(rig.client, address, bytes, strlen(bytes));
}

static void neighbouring_writes_become_one_that_comes_before_what_is_next(void **state)
{
    uint64_t value = 0;

    begin("OK\nOK\nOK 0x7\n", 3);
    assert_int_equal(combine(0x1000, "ab"), VPORT_OK);
    assert_int_equal(combine(0x1002, "cdef"), VPORT_OK);
    assert_int_equal(combine(0x1006, "g"), VPORT_OK);
    assert_int_equal(combine(0x1000, "h"), VPORT_OK); /* no neighbour: the rest goes out */
    assert_int_equal(combine(0x1001, "i"), VPORT_OK);
    assert_int_equal(read_one(&value), VPORT_OK);
    end();
    assert_heard("b64write 0x1000 0x7 YWJjZGVmZw==\nb64write 0x1000 0x2 aGk=\nreadl 0xe0000000\n");
    assert_int_equal(value, 7);
}

static void no_more_is_kept_back_than_there_is_room_for(void **state)
{
    char page[VPORT_QTEST_COMBINED];
    uint64_t value = 0;

    begin("OK\nOK\nOK 0x7\n", 3);
    memset(page, 'x', sizeof(page));
    assert_int_equal(vport_qtest_combine(rig.client, 0x1000, page, sizeof(page) - 1), VPORT_OK);
    assert_int_equal(combine(0x1000 + sizeof(page) - 1, "yz"), VPORT_OK);
    assert_int_equal(read_one(&value), VPORT_OK);
    end();
    assert_non_null(strstr(rig.peer.text, "b64write 0x1000 0xfff "));
    assert_non_null(strstr(rig.peer.text, "\nb64write 0x1fff 0x2 eXo=\nreadl"));
}

static void bulk_is_cut_into_lines_of_bounded_length(void **state)
{
    size_t length = 5 * VPORT_QTEST_CHUNK + 1;
    char *data = malloc(length);
    char *line;
    char *rest = NULL;
    size_t total = 0;

    memset(data, 'x', length);
    begin("OK\nOK\nOK\nOK\nOK\nOK\n", 6);
    vport_qtest_begin(rig.client);
    vport_qtest_write_bytes(rig.client, 0x100000, data, length);
    assert_int_equal(vport_qtest_end(rig.client), VPORT_OK);
    end();
    for (line = strtok_r(rig.peer.text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned long address;
        unsigned long bytes;
        int at = 0;

        assert_int_equal(sscanf(line, "b64write 0x%lx 0x%lx %n", &address, &bytes, &at), 2);
        assert_int_equal(address, 0x100000 + total);
        assert_true(bytes <= VPORT_QTEST_CHUNK);
        assert_true(vport_base64_decode(line + at, strlen(line + at), data, bytes));
        total += bytes;
    }
    assert_int_equal(total, length);
    free(data);
}

/* ---- What comes in odd pieces ---- */

static void answers_in_single_bytes_are_put_together(void **state)
{
    struct peer_step step = {
        .lines = 1, .say = "IRQ raise 20\nOK 0x12\nIRQ lower 20\n", .piece = 1};
    uint64_t value = 0;

    begin_steps(&step, 1);
    assert_int_equal(read_one(&value), VPORT_OK);
    assert_int_equal(value, 0x12);
    for (int i = 0; i < 200 && rig.irqs < 2; i++) {
        struct pollfd ready = {.fd = vport_qtest_ready_fd(rig.client), .events = POLLIN};

        if (poll(&ready, 1, 100) == 1)
            vport_qtest_receive(rig.client);
    }
    assert_int_equal(rig.irqs, 2);
    assert_int_equal(rig.line[0], 20);
    assert_true(rig.level[0]);
    assert_false(rig.level[1]);
    end();
}

static void interrupts_before_an_answer_are_known_when_it_is(void **state)
{
    uint64_t value = 0;

    begin("IRQ raise 20\nIRQ lower 20\nIRQ raise 21\nOK 0x1\n", 1);
    assert_int_equal(read_one(&value), VPORT_OK);
    assert_int_equal(rig.irqs, 3);
    assert_int_equal(rig.line[2], 21);
    end();
}

static void interrupts_that_nobody_waits_for_make_the_descriptor_ready(void **state)
{
    struct pollfd ready = {.events = POLLIN};

    begin("IRQ raise 23\n", 0);
    ready.fd = vport_qtest_ready_fd(rig.client);
    assert_int_equal(poll(&ready, 1, 5000), 1);
    vport_qtest_receive(rig.client);
    assert_int_equal(rig.irqs, 1);
    assert_int_equal(rig.line[0], 23);
    assert_int_equal(poll(&ready, 1, 0), 0);
    end();
}

/* ---- What ends it ---- */

static void assert_dies(const char *say, unsigned lines, bool hang_up, const char *word)
{
    struct peer_step step = {.lines = lines, .say = say, .hang_up = hang_up};
    struct timespec before;
    struct timespec after;
    uint64_t value = 0x77;

    begin_steps(&step, 1);
    clock_gettime(CLOCK_MONOTONIC, &before);
    assert_int_equal(read_one(&value), VPORT_E_DEVICE);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec <= 3);
    assert_int_equal(rig.deaths, 1);
    if (!strstr(rig.why, word))
        fail_msg("\"%s\" does not say \"%s\"", rig.why, word);
    assert_true(vport_qtest_dead(rig.client));
    for (int i = 0; i < 3; i++)
        assert_int_equal(read_one(&value), VPORT_E_DEVICE);
    assert_int_equal(rig.deaths, 1);
    end();
}

static void the_end_of_the_stream_is_the_end_of_the_client(void **state)
{
    assert_dies(NULL, 0, true, "gone");
    assert_dies(NULL, 1, true, "gone");
    assert_dies("OK 0x1", 1, true, "gone"); /* a line without an end is none */
}

static void a_refusal_is_the_end(void **state)
{
    assert_dies("FAIL Unknown command 'readl'\n", 1, false, "Unknown command");
    assert_dies("ERR Invalid\n", 1, false, "ERR Invalid");
}

static void what_is_not_qtest_is_the_end(void **state)
{
    assert_dies("HTTP/1.1 200 OK\n", 1, false, "HTTP/1.1");
    assert_dies("\n", 1, false, "not qtest");
    assert_dies("OK zzz\n", 1, false, "zzz");
    assert_dies("OK\n", 1, false, "not what its command asks for");
    assert_dies("OK 0x11112222333344445\n", 1, false, "not what its command asks for");
}

static void an_answer_too_many_is_the_end(void **state)
{
    uint64_t value;

    begin("OK 0x1\nOK 0x2\n", 1);
    (void)read_one(&value); /* well if the second answer has not come yet */
    for (int i = 0; i < 100 && !vport_qtest_dead(rig.client); i++) {
        struct pollfd ready = {.fd = vport_qtest_ready_fd(rig.client), .events = POLLIN};

        if (poll(&ready, 1, 50) == 1)
            vport_qtest_receive(rig.client);
    }
    assert_true(vport_qtest_dead(rig.client));
    assert_non_null(strstr(rig.why, "never sent"));
    end();
}

static void silence_is_the_end_after_the_time_limit(void **state)
{
    assert_dies(NULL, 5, false, "did not answer");
}

static void a_line_without_end_is_the_end(void **state)
{
    char *endless = malloc(200001);

    memset(endless, 'O', 200000);
    endless[200000] = '\0';
    assert_dies(endless, 1, false, "line of more than");
    free(endless);
}

/* Nobody reads at the other end: what is sent piles up, until the time limit. */
static void a_peer_that_does_not_listen_is_the_end(void **state)
{
    struct vport_qtest_config config = {
        .timeout = 200, .irq = on_irq, .died = on_death, .context = &rig};
    char *data = calloc(1, 4 << 20);
    int ends[2];

    memset(&rig, 0, sizeof(rig));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    config.fd = ends[0];
    assert_int_equal(vport_qtest_create(&config, &rig.client), VPORT_OK);
    vport_qtest_begin(rig.client);
    vport_qtest_write_bytes(rig.client, 0, data, 4 << 20);
    assert_int_equal(vport_qtest_end(rig.client), VPORT_E_DEVICE);
    assert_int_equal(rig.deaths, 1);
    assert_non_null(strstr(rig.why, "did not answer"));
    free(data);
    vport_qtest_destroy(rig.client);
    close(ends[1]);
}

static void death_while_idle_is_noticed_once(void **state)
{
    struct peer_step step = {.hang_up = true};
    struct pollfd ready = {.events = POLLIN};

    begin_steps(&step, 1);
    ready.fd = vport_qtest_ready_fd(rig.client);
    assert_int_equal(poll(&ready, 1, 5000), 1);
    vport_qtest_receive(rig.client);
    assert_int_equal(rig.deaths, 1);
    assert_int_equal(poll(&ready, 1, 0), 0); /* or whoever polls would spin */
    end();
}

/* ---- Threads ---- */

static void *hammer(void *context)
{
    for (int i = 0; i < 200; i++) {
        uint64_t value = 0;

        vport_qtest_begin(rig.client);
        vport_qtest_in(rig.client, (uintptr_t)context, 1, &value);
        if (vport_qtest_end(rig.client) != VPORT_OK || value != (uintptr_t)context)
            return "wrong";
    }
    return NULL;
}

/* Answers every "inb P" with P. */
static void *echo(void *context)
{
    FILE *stream = fdopen(*(int *)context, "r+");
    char line[32];

    while (fgets(line, sizeof(line), stream)) {
        char text[64];
        int length = sprintf(text, "IRQ raise 1\nOK %s", line + strlen("inb "));

        if (send(fileno(stream), text, (size_t)length, MSG_NOSIGNAL) != length)
            break;
    }
    fclose(stream);
    return NULL;
}

static void threads_get_their_own_answers(void **state)
{
    struct vport_qtest_config config = {
        .timeout = 5000, .irq = on_irq, .died = on_death, .context = &rig};
    pthread_t threads[4];
    pthread_t peer;
    int ends[2];

    memset(&rig, 0, sizeof(rig));
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    config.fd = ends[0];
    assert_int_equal(vport_qtest_create(&config, &rig.client), VPORT_OK);
    assert_int_equal(pthread_create(&peer, NULL, echo, &ends[1]), 0);
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)(i + 1)), 0);
    for (int i = 0; i < 4; i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(rig.irqs, 800);
    vport_qtest_destroy(rig.client);
    pthread_join(peer, NULL);
}

/* ---- Anything ---- */

/*
 * Bytes that are nearly qtest, in random pieces: the client lives or dies, and does neither twice.
 */
static void random_bytes_do_no_harm(void **state)
{
    static const char alphabet[] = "OK 0x12af\nFAILERR IRQ raise lower 20\r\n==\1\377";
    uint64_t random = test_seed();
    char text[400];

    for (int round = 0; round < 200; round++) {
        struct peer_step step = {.lines = test_random(&random) % 2, .say = text, .hang_up = true};
        uint64_t value;

        step.length = 1 + test_random(&random) % sizeof(text);
        step.piece = 1 + test_random(&random) % 200;
        for (size_t i = 0; i < step.length; i++)
            text[i] = alphabet[test_random(&random) % (sizeof(alphabet) - 1)];
        if (round % 2)
            memcpy(text, "OK 0x1\n", step.length < 7 ? step.length : 7);
        begin_steps(&step, 1);
        while (read_one(&value) == VPORT_OK)
            ;
        assert_true(vport_qtest_dead(rig.client));
        assert_int_equal(rig.deaths, 1);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_one_well_formed_line),
        cmocka_unit_test(what_would_be_malformed_is_never_sent),
        cmocka_unit_test(a_refused_command_leaves_its_neighbours_alone),
        cmocka_unit_test(more_commands_than_fit_in_flight_are_answered_in_order),
        cmocka_unit_test(posted_writes_are_not_waited_for_but_come_first),
        cmocka_unit_test(a_failed_posted_write_fails_what_comes_next),
        cmocka_unit_test(any_number_of_writes_may_be_posted),
        cmocka_unit_test(neighbouring_writes_become_one_that_comes_before_what_is_next),
        cmocka_unit_test(no_more_is_kept_back_than_there_is_room_for),
        cmocka_unit_test(bulk_is_cut_into_lines_of_bounded_length),
        cmocka_unit_test(answers_in_single_bytes_are_put_together),
        cmocka_unit_test(interrupts_before_an_answer_are_known_when_it_is),
        cmocka_unit_test(interrupts_that_nobody_waits_for_make_the_descriptor_ready),
        cmocka_unit_test(the_end_of_the_stream_is_the_end_of_the_client),
        cmocka_unit_test(a_refusal_is_the_end),
        cmocka_unit_test(what_is_not_qtest_is_the_end),
        cmocka_unit_test(an_answer_too_many_is_the_end),
        cmocka_unit_test(silence_is_the_end_after_the_time_limit),
        cmocka_unit_test(a_line_without_end_is_the_end),
        cmocka_unit_test(a_peer_that_does_not_listen_is_the_end),
        cmocka_unit_test(death_while_idle_is_noticed_once),
        cmocka_unit_test(threads_get_their_own_answers),
        cmocka_unit_test(random_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
