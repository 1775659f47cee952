/* SPDX-License-Identifier: MIT */
/* Machines for tests: see machine.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "qemu/machine.h"

static void print_report(void *context, const struct vport_report *report)
{
    (void)context;
    printf("report %s: %s\n", report->rule, report->text);
}

enum vport_status machine_try(struct machine *machine, const struct vport_qemu_options *options)
{
    struct vport_bus_config config = {.seed = 1};

    memset(machine, 0, sizeof(*machine));
    machine->reports = vport_reports_create(print_report, NULL);
    assert_non_null(machine->reports);
    assert_int_equal(vport_loop_create(VPORT_LOOP_THREADED, 1, NULL, &machine->loop), VPORT_OK);
    config.loop = machine->loop;
    config.reports = machine->reports;
    config.error = machine->error;
    config.error_size = sizeof(machine->error);
    return vport_qemu_bus_create(&config, options, &machine->bus);
}

void machine_start(struct machine *machine, const struct vport_qemu_options *options)
{
    if (machine_try(machine, options) != VPORT_OK)
        fail_msg("%s", machine->error);
    assert_int_equal(machine->bus->ops->start(machine->bus), VPORT_OK);
}

void machine_end(struct machine *machine, uint64_t expected)
{
    uint64_t reports;

    if (machine->bus)
        machine->bus->ops->close(machine->bus);
    vport_loop_destroy(machine->loop);
    reports = vport_reports_count(machine->reports, NULL);
    vport_reports_destroy(machine->reports);
    assert_int_equal(reports, expected);
}

void machine_expect_report(struct machine *machine, const char *rule, uint64_t count,
                           const char *words)
{
    char found[32] = "";
    char text[VPORT_REPORT_TEXT] = "";
    size_t last = 0;

    for (int i = 0; i < 500 && vport_reports_count(machine->reports, rule) < count; i++)
        usleep(10000);
    assert_int_equal(vport_reports_count(machine->reports, rule), count);
    last = vport_reports_count(machine->reports, NULL) - 1;
    assert_int_equal(
        vport_reports_get(machine->reports, last, found, sizeof(found), text, sizeof(text)), 0);
    assert_string_equal(found, rule);
    if (!strstr(text, words))
        fail_msg("the report \"%s\" does not say \"%s\"", text, words);
}

void machine_expect(const _Atomic unsigned *value, unsigned least)
{
    for (int i = 0; i < 5000 && atomic_load(value) < least; i++)
        usleep(1000);
    assert_true(atomic_load(value) >= least);
}

void machine_peek(struct machine *machine, uint64_t address, void *data, size_t length)
{
    struct vport_qtest *qtest = vport_qemu_bus(machine->bus)->qtest;

    vport_qtest_begin(qtest);
    vport_qtest_read_bytes(qtest, address, data, length);
    assert_int_equal(vport_qtest_end(qtest), VPORT_OK);
}

void machine_poke(struct machine *machine, uint64_t address, const void *data, size_t length)
{
    struct vport_qtest *qtest = vport_qemu_bus(machine->bus)->qtest;

    vport_qtest_begin(qtest);
    vport_qtest_write_bytes(qtest, address, data, length);
    assert_int_equal(vport_qtest_end(qtest), VPORT_OK);
}

uint32_t machine_read(struct machine *machine, unsigned bar, uint32_t offset)
{
    struct vport_bus *bus = machine->bus;
    uint64_t value = 0;

    assert_int_equal(bus->ops->io_read(bus, VPORT_IO_MEMORY,
                                       bus->function[0].resource[bar].start + offset, 4, &value),
                     VPORT_OK);
    return (uint32_t)value;
}

void machine_write(struct machine *machine, unsigned bar, uint32_t offset, uint32_t value)
{
    struct vport_bus *bus = machine->bus;

    assert_int_equal(bus->ops->io_write(bus, VPORT_IO_MEMORY,
                                        bus->function[0].resource[bar].start + offset, 4, value),
                     VPORT_OK);
}

uint64_t machine_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
