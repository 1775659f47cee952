/* SPDX-License-Identifier: MIT */
/* QEMU's life: starting, what there is then, ending, and all that can be missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/edu.h"

static const struct vport_qemu_options edu_options = {.device = VPORT_QEMU_EDU};
static struct machine machine;

static bool exists(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

static unsigned count_entries(const char *path)
{
    DIR *directory = opendir(path);
    unsigned count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* ---- Starting and ending ---- */

static void start_and_end_leave_nothing_behind(void **state)
{
    unsigned files;
    unsigned threads;
    pid_t pid;

    machine_start(&machine, &edu_options); /* libraries open what they keep */
    machine_end(&machine, 0);
    files = count_entries("/proc/self/fd");
    threads = count_entries("/proc/self/task");
    for (int i = 0; i < 3; i++) {
        struct vport_qemu_options all = {.device = VPORT_QEMU_EDU,
                                         .screen = VPORT_QEMU_BOCHS_DISPLAY,
                                         .iommu = true,
                                         .messages = true};

        machine_start(&machine, &all);
        pid = vport_qemu_bus_process(machine.bus);
        assert_true(exists(pid));
        machine_end(&machine, 0);
        assert_false(exists(pid));
    }
    assert_int_equal(count_entries("/proc/self/fd"), files);
    assert_int_equal(count_entries("/proc/self/task"), threads);
}

/* A sanitizer makes everything slower; how much is no question to be asked here. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SLOWDOWN 10
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SLOWDOWN 10
#endif
#endif
#ifndef SLOWDOWN
#define SLOWDOWN 1
#endif

/* Once is enough: on a computer that does something else as well, any one start may be slow. */
static void from_start_to_the_first_answer_it_is_less_than_100_ms(void **state)
{
    uint64_t best = UINT64_MAX;

    for (int i = 0; i < 20 && best >= 100000000; i++) {
        uint64_t before = machine_nanoseconds();
        uint64_t took;

        machine_start(&machine, &edu_options);
        assert_int_equal(machine_read(&machine, 0, EDU_ID), 0x010000ed);
        took = machine_nanoseconds() - before;
        best = took < best ? took : best;
        machine_end(&machine, 0);
    }
    printf("start: %.1f ms\n", (double)best / 1e6);
    assert_true(best < SLOWDOWN * UINT64_C(100000000));
}

static void *live(void *context)
{
    struct machine *mine = context;

    for (uint32_t i = 0; i < 100; i++) {
        machine_write(mine, 0, EDU_LIVENESS, i);
        if (machine_read(mine, 0, EDU_LIVENESS) != ~i)
            return "wrong answer";
    }
    return NULL;
}

static void ten_machines_live_at_once(void **state)
{
    static struct machine machines[10];
    pthread_t threads[10];

    for (int i = 0; i < 10; i++)
        machine_start(&machines[i], &edu_options);
    for (int i = 0; i < 10; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, live, &machines[i]), 0);
    for (int i = 0; i < 10; i++) {
        void *wrong;

        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    for (int i = 0; i < 10; i++)
        machine_end(&machines[i], 0);
}

static void *start_edu(void *context)
{
    machine_start(context, &edu_options);
    return NULL;
}

/* QEMU is tied to the life of the machine, not of the thread that happened to make it. */
static void a_machine_outlives_the_thread_that_made_it(void **state)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, start_edu, &machine), 0);
    pthread_join(thread, NULL);
    usleep(50000);
    assert_null(live(&machine));
    machine_end(&machine, 0);
}

static void six_machines_start_at_once(void **state)
{
    static struct machine machines[6];
    pthread_t threads[6];

    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, start_edu, &machines[i]), 0);
    for (int i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 6; i++) {
        assert_null(live(&machines[i]));
        machine_end(&machines[i], 0);
    }
}

static void qemu_does_not_outlive_a_killed_program(void **state)
{
    int tell[2];
    pid_t qemu = 0;
    pid_t program;

    assert_int_equal(pipe(tell), 0);
    program = fork();
    if (program == 0) {
        machine_start(&machine, &edu_options);
        qemu = vport_qemu_bus_process(machine.bus);
        if (write(tell[1], &qemu, sizeof(qemu)) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(tell[0], &qemu, sizeof(qemu)), sizeof(qemu));
    assert_true(exists(qemu));
    kill(program, SIGKILL);
    waitpid(program, NULL, 0);
    for (int i = 0; i < 500 && exists(qemu); i++)
        usleep(10000);
    assert_false(exists(qemu));
    close(tell[0]);
    close(tell[1]);
}

static void closing_does_not_hang_on_a_qemu_that_does(void **state)
{
    uint64_t before;
    pid_t pid;

    machine_start(&machine, &edu_options);
    pid = vport_qemu_bus_process(machine.bus);
    kill(pid, SIGSTOP);
    before = machine_nanoseconds();
    machine_end(&machine, 0);
    assert_true(machine_nanoseconds() - before < 5000000000u);
    assert_false(exists(pid));
}

/* ---- What is there ---- */

static void a_virtio_gpu_is_found_with_its_resources(void **state)
{
    struct vport_qemu_options options = {.device = VPORT_QEMU_VIRTIO_GPU};
    const struct vport_function *function;

    machine_start(&machine, &options);
    assert_int_equal(machine.bus->functions, 1);
    function = &machine.bus->function[0];
    assert_int_equal(function->vendor, 0x1af4);
    assert_int_equal(function->device, 0x1050);
    assert_int_equal(function->class_code, 0x038000);
    assert_int_equal(function->resources, 2);
    assert_int_equal(function->resource[0].length, 0x1000); /* MSI-X */
    assert_int_equal(function->resource[1].length, 0x4000);
    assert_int_equal(function->resource[1].start % 0x4000, 0);
    assert_true(function->interrupt && function->vector == 20);
    assert_true(function->dma_mask == UINT64_MAX);
    machine_end(&machine, 0);
}

static void a_screen_is_the_second_function_within_edus_reach(void **state)
{
    struct vport_qemu_options options = {.device = VPORT_QEMU_EDU,
                                         .screen = VPORT_QEMU_BOCHS_DISPLAY};
    const struct vport_function *function;

    machine_start(&machine, &options);
    assert_int_equal(machine.bus->functions, 2);
    function = &machine.bus->function[0];
    assert_int_equal(function->vendor << 16 | function->device, 0x123411e8);
    assert_int_equal(function->dma_mask, 0xfffffff);
    assert_int_equal(function->resource[0].length, 0x100000);
    function = &machine.bus->function[1];
    assert_int_equal(function->vendor << 16 | function->device, 0x12341111);
    assert_int_equal(function->class_code, 0x038000);
    assert_false(function->interrupt);
    assert_int_equal(function->resource[0].length, 64 << 20);
    assert_true(function->resource[0].prefetchable);
    assert_true(function->resource[0].start >= machine.bus->memory_size);
    assert_true(function->resource[0].start + (64 << 20) <= 0x10000000);
    assert_int_equal(function->resource[1].length, 0x1000);
    machine_end(&machine, 0);
}

static void resources_do_not_overlap(void **state)
{
    struct vport_qemu_options options = {
        .device = VPORT_QEMU_VIRTIO_GPU, .screen = VPORT_QEMU_VGA, .width = 3840, .height = 2160};
    const struct vport_resource *all[8];
    unsigned count = 0;

    machine_start(&machine, &options);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned j = 0; j < machine.bus->function[i].resources; j++)
            all[count++] = &machine.bus->function[i].resource[j];
    assert_int_equal(count, 4);
    for (unsigned i = 0; i < count; i++) {
        assert_true(all[i]->start >= machine.bus->memory_size);
        for (unsigned j = 0; j < i; j++)
            assert_true(all[i]->start + all[i]->length <= all[j]->start ||
                        all[j]->start + all[j]->length <= all[i]->start);
    }
    assert_int_equal(machine.bus->function[1].resource[0].length, 64 << 20);
    machine_end(&machine, 0);
}

static void configuration_space_is_read_and_written_in_any_pieces(void **state)
{
    const struct vport_bus_ops *ops;
    uint8_t all[256];
    uint8_t piece[7];
    uint32_t bar;
    uint8_t line = 0x5a;

    machine_start(&machine, &edu_options);
    ops = machine.bus->ops;
    assert_int_equal(ops->config_read(machine.bus, 0, 0, all, sizeof(all)), VPORT_OK);
    assert_memory_equal(all, "\x34\x12\xe8\x11", 4);
    memcpy(&bar, all + 0x10, sizeof(bar));
    assert_int_equal(bar & ~15u, machine.bus->function[0].resource[0].start);
    for (uint32_t at = 0; at <= 249; at += 3) {
        assert_int_equal(ops->config_read(machine.bus, 0, at, piece, sizeof(piece)), VPORT_OK);
        assert_memory_equal(piece, all + at, sizeof(piece));
    }
    assert_int_equal(ops->config_write(machine.bus, 0, 0x3c, &line, 1), VPORT_OK);
    assert_int_equal(ops->config_read(machine.bus, 0, 0x3b, piece, 3), VPORT_OK);
    assert_int_equal(piece[1], 0x5a);
    assert_int_equal(piece[0], all[0x3b]);
    assert_int_equal(ops->config_read(machine.bus, 0, 254, piece, 3), VPORT_E_RANGE);
    assert_int_equal(ops->config_write(machine.bus, 0, UINT32_MAX, &line, 1), VPORT_E_RANGE);
    assert_int_equal(ops->config_read(machine.bus, 1, 0, piece, 1), VPORT_E_INVALID);
    machine_end(&machine, 0);
}

static void capabilities_are_walked(void **state)
{
    struct vport_qemu_options options = {.device = VPORT_QEMU_VIRTIO_GPU};
    struct vport_qemu_bus *bus;
    uint8_t at = 0;
    unsigned count = 0;

    machine_start(&machine, &options);
    bus = vport_qemu_bus(machine.bus);
    do {
        assert_int_equal(vport_qemu_pci_capability(bus, VPORT_QEMU_SLOT_ADAPTER, 0x09, at, &at),
                         VPORT_OK);
        count += at != 0;
    } while (at != 0);
    assert_int_equal(count, 5); /* common, notify, isr, device, pci */
    assert_int_equal(vport_qemu_pci_capability(bus, VPORT_QEMU_SLOT_ADAPTER, 0x77, 0, &at),
                     VPORT_OK);
    assert_int_equal(at, 0);
    machine_end(&machine, 0);
}

/* ---- What cannot be ---- */

static void impossible_options_are_refused_in_words(void **state)
{
    static const struct {
        struct vport_qemu_options options;
        const char *word;
    } cases[] = {
        {{.device = VPORT_QEMU_NONE}, "no such device"},
        {{.device = VPORT_QEMU_MODELS}, "no such device"},
        {{.device = VPORT_QEMU_EDU, .screen = VPORT_QEMU_EDU}, "screen can be"},
        {{.device = VPORT_QEMU_VIRTIO_GPU, .messages = true}, "no MSI"},
        {{.device = VPORT_QEMU_EDU, .memory = (64 << 20) + 1}, "whole MiB"},
        {{.device = VPORT_QEMU_EDU, .memory = 8 << 20}, "16M"},
        {{.device = VPORT_QEMU_EDU, .memory = UINT64_C(4) << 30}, "2G"},
        {{.device = VPORT_QEMU_EDU, .width = 16385}, "16384"},
        {{.device = VPORT_QEMU_EDU, .width = 16384, .height = 16384}, "256 MiB"},
        {{.device = VPORT_QEMU_EDU, .screen = VPORT_QEMU_VGA, .memory = 256 << 20},
         "28 address lines"},
        {{.device = VPORT_QEMU_EDU, .layout = (enum vport_qemu_layout)7}, "layout"},
    };

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(cases); i++) {
        assert_int_equal(machine_try(&machine, &cases[i].options), VPORT_E_INVALID);
        assert_null(machine.bus);
        if (!strstr(machine.error, cases[i].word))
            fail_msg("\"%s\" does not say \"%s\"", machine.error, cases[i].word);
        machine_end(&machine, 0);
    }
}

static void a_deterministic_machine_is_refused(void **state)
{
    char error[200] = "";
    struct vport_bus_config config = {.error = error, .error_size = sizeof(error)};
    struct vport_bus *bus;

    assert_int_equal(vport_loop_create(VPORT_LOOP_DETERMINISTIC, 1, NULL, &config.loop), VPORT_OK);
    assert_int_equal(vport_qemu_bus_create(&config, &edu_options, &bus), VPORT_E_INVALID);
    assert_non_null(strstr(error, "threaded"));
    vport_loop_destroy(config.loop);
}

/* With PATH at a directory where qemu-system-x86_64 is this script, or nothing. */
static void assert_no_start(const char *script, const char *word)
{
    char *before = strdup(getenv("PATH"));
    char directory[] = "/tmp/videoport-test-XXXXXX";
    char path[64];

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/qemu-system-x86_64", directory);
    if (script) {
        FILE *file = fopen(path, "w");

        fprintf(file, "#!/bin/sh\n%s\n", script);
        fchmod(fileno(file), 0755);
        fclose(file);
    }
    setenv("PATH", directory, 1);
    assert_int_equal(machine_try(&machine, &edu_options), VPORT_E_ENVIRONMENT);
    setenv("PATH", before, 1);
    unlink(path);
    rmdir(directory);
    free(before);
    if (!strstr(machine.error, word) || !strstr(machine.error, "qemu-system-x86 and"))
        fail_msg("\"%s\" does not say \"%s\" and the packages", machine.error, word);
    machine_end(&machine, 0);
}

static void without_qemu_the_packages_are_named(void **state)
{
    assert_no_start(NULL, "not in PATH");
}

static void a_qemu_that_does_not_start_is_quoted(void **state)
{
    assert_no_start("echo \"qemu: 'edu' is not a valid device model name\" >&2; exit 1",
                    "ended with code 1, saying: qemu: 'edu' is not a valid device model name");
    assert_no_start("kill -KILL $$", "killed by signal 9");
    assert_no_start("exit 0", "ended with code 0");
}

static void the_check_says_that_all_is_well(void **state)
{
    char why[256] = "";
    char *before = strdup(getenv("PATH"));

    if (vport_qemu_check(why, sizeof(why)) != VPORT_OK)
        fail_msg("%s", why);
    setenv("PATH", "/nowhere", 1);
    assert_int_equal(vport_qemu_check(why, sizeof(why)), VPORT_E_ENVIRONMENT);
    assert_non_null(strstr(why, "install packages"));
    setenv("PATH", before, 1);
    free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_and_end_leave_nothing_behind),
        cmocka_unit_test(from_start_to_the_first_answer_it_is_less_than_100_ms),
        cmocka_unit_test(ten_machines_live_at_once),
        cmocka_unit_test(a_machine_outlives_the_thread_that_made_it),
        cmocka_unit_test(six_machines_start_at_once),
        cmocka_unit_test(qemu_does_not_outlive_a_killed_program),
        cmocka_unit_test(closing_does_not_hang_on_a_qemu_that_does),
        cmocka_unit_test(a_virtio_gpu_is_found_with_its_resources),
        cmocka_unit_test(a_screen_is_the_second_function_within_edus_reach),
        cmocka_unit_test(resources_do_not_overlap),
        cmocka_unit_test(configuration_space_is_read_and_written_in_any_pieces),
        cmocka_unit_test(capabilities_are_walked),
        cmocka_unit_test(impossible_options_are_refused_in_words),
        cmocka_unit_test(a_deterministic_machine_is_refused),
        cmocka_unit_test(without_qemu_the_packages_are_named),
        cmocka_unit_test(a_qemu_that_does_not_start_is_quoted),
        cmocka_unit_test(the_check_says_that_all_is_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
