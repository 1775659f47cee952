/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the NT floor stand on: a loop, a space whose frames are page numbers of this
 * process, reports, one kernel, and the test's own processor in it.
 */
#ifndef VPORT_TESTS_NT_FIXTURE_H
#define VPORT_TESTS_NT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nt/kernel.h"
#include "nt/objects.h"

struct fixture {
    struct vport_loop *loop;
    struct vport_space *space;
    struct vport_reports *reports;
    struct vport_nt *nt;
    struct vport_cpu cpu;
    unsigned pinned;   /* pages now pinned */
    uintptr_t missing; /* this page cannot be pinned */
    char debug[4096];  /* debug output, newline after each message */
};

/* The test's kernel; the test stands on a processor of it. */
extern struct fixture test;

int setup_deterministic(void **state);
int setup_threaded(void **state);
/* Ends the kernel; fails the test when reports are left that it did not expect. */
int teardown(void **state);
/* Steps off and ends the kernel, to see what it reports; teardown then does the rest. */
void end_kernel(void);

/* Exactly `count` reports of `rule` since the last look; forgets all reports. Fails if there were
 * others. */
void expect_reports(const char *rule, uint64_t count);
/* The text of the index-th report. */
const char *report_text(size_t index);

/* Every test with a deterministic, or with a threaded kernel. */
#define nt_test(function) cmocka_unit_test_setup_teardown(function, setup_deterministic, teardown)
#define nt_threaded_test(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, setup_threaded, teardown)

/* A driver named "Test" with one physical device and nothing in it. */
PDRIVER_OBJECT load_test_driver(void);
PDEVICE_OBJECT create_device(PDRIVER_OBJECT driver, const WCHAR *name);

/* Lets all events run that are posted, at most this long. */
void run_for(uint64_t nanoseconds);

#endif
