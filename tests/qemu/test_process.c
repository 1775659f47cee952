/* SPDX-License-Identifier: MIT */
/* Child processes: what they inherit, that they end, and that they do not outlive their parent.
 * Children are shells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bus/qemu/process.h"

static struct vport_qemu_process process;

static void start(const char *script, const int *keep, size_t kept)
{
    char *arguments[] = {"sh", "-c", (char *)script, NULL};

    assert_int_equal(vport_qemu_process_init(&process), VPORT_OK);
    assert_int_equal(vport_qemu_process_start(&process, "/bin/sh", arguments, keep, kept),
                     VPORT_OK);
}

static void assert_description(const char *expected)
{
    char text[256];

    vport_qemu_process_describe(&process, text, sizeof(text));
    assert_string_equal(text, expected);
}

static bool exists(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Finding ---- */

static void programs_are_looked_for_in_path(void **state)
{
    char *before = strdup(getenv("PATH"));
    char path[64];

    assert_int_equal(vport_qemu_process_find("sh", path, sizeof(path)), VPORT_OK);
    assert_int_equal(access(path, X_OK), 0);
    assert_int_equal(vport_qemu_process_find("no-such-program", path, sizeof(path)),
                     VPORT_E_ENVIRONMENT);
    setenv("PATH", "/nowhere::/bin", 1);
    assert_int_equal(vport_qemu_process_find("sh", path, sizeof(path)), VPORT_OK);
    assert_string_equal(path, "/bin/sh");
    setenv("PATH", "/nowhere", 1);
    assert_int_equal(vport_qemu_process_find("sh", path, sizeof(path)), VPORT_E_ENVIRONMENT);
    setenv("PATH", "", 1);
    assert_int_equal(vport_qemu_process_find("sh", path, sizeof(path)), VPORT_E_ENVIRONMENT);
    setenv("PATH", "/bin", 1);
    assert_int_equal(vport_qemu_process_find("sh", path, 5), VPORT_E_ENVIRONMENT); /* no room */
    setenv("PATH", before, 1);
    free(before);
}

/* ---- Starting ---- */

static void the_end_and_the_words_are_told(void **state)
{
    start("echo 'sh: warning: it rains' >&2; printf 'the\\tfirst\\n\\nwords\\n' >&2; exit 3", NULL,
          0);
    assert_true(vport_qemu_process_end(&process, 5000));
    assert_description("ended with code 3, saying: the first words");
    vport_qemu_process_fini(&process);
    start("kill -SEGV $$", NULL, 0);
    assert_true(vport_qemu_process_end(&process, 5000));
    assert_description("was killed by signal 11");
    vport_qemu_process_fini(&process);
}

static void a_program_that_cannot_be_run_says_why(void **state)
{
    char *arguments[] = {"x", NULL};

    assert_int_equal(vport_qemu_process_init(&process), VPORT_OK);
    assert_int_equal(vport_qemu_process_start(&process, "/etc/passwd", arguments, NULL, 0),
                     VPORT_OK);
    assert_true(vport_qemu_process_end(&process, 5000));
    assert_description("ended with code 127, saying: execve: error 13");
    vport_qemu_process_fini(&process);
}

/* Lists its descriptors; 3 or 10 may be the shell's own. */
static void the_child_inherits_what_it_is_meant_to_and_nothing_else(void **state)
{
    int kept = memfd_create("kept", MFD_CLOEXEC);
    int leaky = memfd_create("leaky", 0);
    char script[256];

    assert_true(kept > 2 && leaky > 2);
    snprintf(script, sizeof(script),
             "test -e /proc/self/fd/%d && ! test -e /proc/self/fd/%d && "
             "read x </proc/self/fd/%d; echo hello >&%d; read y && exit 1; exit 0",
             kept, leaky, kept, kept);
    start(script, &kept, 1);
    assert_true(vport_qemu_process_end(&process, 5000));
    assert_description("ended with code 0"); /* no standard input either */
    assert_int_equal(lseek(kept, 0, SEEK_END), 6);
    assert_int_equal(fcntl(kept, F_GETFD), FD_CLOEXEC); /* ours is as before */
    vport_qemu_process_fini(&process);
    close(kept);
    close(leaky);
}

static void handler(int number)
{
    (void)number;
    _exit(99);
}

/* The shell's own trap would be refused for a signal that was ignored or blocked at its start. */
static void signals_are_as_in_a_fresh_process(void **state)
{
    struct sigaction ours = {.sa_handler = handler};
    struct sigaction before;
    sigset_t blocked;
    sigset_t mask;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGTERM);
    sigaction(SIGUSR1, &ours, &before);
    pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    start("grep SigBlk /proc/self/status >&2", NULL, 0);
    assert_true(vport_qemu_process_end(&process, 5000));
    assert_description("ended with code 0, saying: SigBlk: 0000000000000000");
    vport_qemu_process_fini(&process);
    start("kill -USR1 $$; sleep 5", NULL, 0);
    assert_true(vport_qemu_process_end(&process, 4000));
    assert_description("was killed by signal 10");
    vport_qemu_process_fini(&process);
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    assert_int_equal(sigismember(&blocked, SIGTERM), 1); /* ours are as before */
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGUSR1, &before, NULL);
}

/* The terminal's Ctrl-C goes to a group; the child is in one of its own. */
static void the_child_leads_its_own_group(void **state)
{
    start("exec sleep 60", NULL, 0);
    usleep(50000); /* ThreadSanitizer makes vfork a fork, which does not wait for exec */
    assert_int_equal(getpgid(process.pid), process.pid);
    assert_true(vport_qemu_process_end(&process, 0));
    vport_qemu_process_fini(&process);
}

/* ---- Ending ---- */

static void ending_asks_before_it_kills(void **state)
{
    double before = seconds();

    start("trap 'exit 7' TERM; while :; do sleep 0.01; done", NULL, 0);
    usleep(100000);
    assert_true(vport_qemu_process_end(&process, 10));
    assert_description("ended with code 7");
    assert_true(seconds() - before < 2);
    vport_qemu_process_fini(&process);
}

static void ending_kills_what_does_not_listen(void **state)
{
    double before = seconds();
    pid_t pid;

    start("trap '' TERM; while :; do sleep 0.01; done", NULL, 0);
    usleep(100000);
    pid = process.pid;
    assert_true(vport_qemu_process_end(&process, 10));
    assert_description("was killed by signal 9");
    assert_true(seconds() - before < 3);
    assert_false(exists(pid)); /* no zombie */
    assert_true(vport_qemu_process_end(&process, 10));
    vport_qemu_process_fini(&process);
}

static void ending_kills_what_is_stopped(void **state)
{
    start("kill -STOP $$", NULL, 0);
    usleep(50000);
    assert_false(vport_qemu_process_wait(&process, 20));
    assert_description("is still running");
    assert_true(vport_qemu_process_end(&process, 10));
    vport_qemu_process_fini(&process);
}

/* A program that takes no interest in its children: the kernel waits for them, and waitpid knows
 * nothing. */
static void ending_works_where_children_are_not_waited_for(void **state)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;

    sigaction(SIGCHLD, &ignore, &before);
    start("exit 5", NULL, 0);
    usleep(50000);
    assert_true(vport_qemu_process_end(&process, 1000));
    assert_description("ended");
    sigaction(SIGCHLD, &before, NULL);
    vport_qemu_process_fini(&process);
}

static void what_was_never_started_has_ended(void **state)
{
    assert_int_equal(vport_qemu_process_init(&process), VPORT_OK);
    assert_true(vport_qemu_process_end(&process, 1000));
    assert_description("was never started");
    vport_qemu_process_fini(&process);
}

/* ---- Dying with the parent ---- */

static void *start_sleeper(void *context)
{
    (void)context;
    start("exec sleep 60", NULL, 0);
    usleep(50000);
    return NULL;
}

static void the_child_dies_with_the_thread_that_started_it(void **state)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, start_sleeper, NULL), 0);
    pthread_join(thread, NULL);
    assert_true(vport_qemu_process_wait(&process, 5000));
    assert_description("was killed by signal 9");
    vport_qemu_process_fini(&process);
}

static void wait_gone(pid_t pid)
{
    for (int i = 0; i < 500 && exists(pid); i++)
        usleep(10000);
}

/* A process of ours that is killed without a chance to clean up, and has a child by then. */
static void the_child_dies_with_a_parent_that_is_killed(void **state)
{
    int tell[2];
    pid_t grandchild = 0;
    pid_t parent;

    assert_int_equal(pipe(tell), 0);
    parent = fork();
    if (parent == 0) {
        start("exec sleep 60", NULL, 0);
        if (write(tell[1], &process.pid, sizeof(process.pid)) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(tell[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
    assert_true(exists(grandchild));
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    wait_gone(grandchild);
    assert_false(exists(grandchild));
    close(tell[0]);
    close(tell[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_are_looked_for_in_path),
        cmocka_unit_test(the_end_and_the_words_are_told),
        cmocka_unit_test(a_program_that_cannot_be_run_says_why),
        cmocka_unit_test(the_child_inherits_what_it_is_meant_to_and_nothing_else),
        cmocka_unit_test(signals_are_as_in_a_fresh_process),
        cmocka_unit_test(the_child_leads_its_own_group),
        cmocka_unit_test(ending_asks_before_it_kills),
        cmocka_unit_test(ending_kills_what_does_not_listen),
        cmocka_unit_test(ending_kills_what_is_stopped),
        cmocka_unit_test(ending_works_where_children_are_not_waited_for),
        cmocka_unit_test(what_was_never_started_has_ended),
        cmocka_unit_test(the_child_dies_with_the_thread_that_started_it),
        cmocka_unit_test(the_child_dies_with_a_parent_that_is_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
