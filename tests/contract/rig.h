/* SPDX-License-Identifier: MIT */
/*
 * The rig: what the contract suite needs of a bus, and nothing else that knows which bus it is.
 *
 * A test states what it needs of the machine (struct rig_needs), gets one with the suite's own
 * miniport (driver.c) running in it, and is run as that driver's code, at PASSIVE_LEVEL on a
 * processor of the machine. A bus that cannot show what a test needs makes the test a skip, with
 * the reason; rig_skips_expected() says which skips are right for which bus.
 *
 * To run the suite on another bus: add a line to the table in rig.c (its keys, what it can show)
 * and an engine to driver.c (how its device is told to read and write memory, and to interrupt).
 *
 * Checks are not cmocka's: a failed one is counted and the test goes on, because a longjmp out of a
 * driver's callback would leave a machine in the middle of something, and because callbacks run on
 * other threads. The test fails when it is over.
 */
#ifndef CONTRACT_RIG_H
#define CONTRACT_RIG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <videoport/host.h>
#include "driver.h"

enum rig_layout {
    RIG_ANY,
    RIG_CONTIGUOUS, /* page frames of a buffer ascend one by one */
    RIG_SCATTERED, /* no two neighbours of a buffer are adjacent; frames all over physical memory */
    RIG_MIXED,     /* runs of several pages */
};

/* What a test needs. Zero in a field: it does not matter. */
struct rig_needs {
    enum rig_layout layout;
    unsigned map_registers; /* an adapter that asks for more is granted exactly so many */
    bool noncoherent;   /* the device sees only what was flushed, the CPU only what was completed */
    bool queued;        /* every operation has to wait for map registers */
    bool threaded;      /* devices, interrupts and DPCs run on threads of their own */
    bool deterministic; /* one thread, a virtual clock, order by seed */
    bool identity; /* without map registers the logical address of a byte is its physical address */
    bool vanishing_memory; /* a user's range can be taken away while its pages are locked */
    bool small_memory;     /* at most 64 MiB of physical memory: frames that are not given back are
                              missed soon */
    bool beyond_4g;        /* there are frames above 4 GiB, and the device reaches them */
    unsigned address_bits; /* address lines between the device and memory; 0: as many as the device
                              puts out */
};

struct rig {
    const struct rig_needs *needs;
    const char *test;
    struct vport_machine *machine;
    struct driver_hooks hooks; /* what the miniport calls back; may be changed at any time */
    void *extension;           /* HwDeviceExtension; NULL until the driver is started */
    uint64_t seed;
    struct rig_reports *reports;
    uint32_t failures; /* atomic: checks of this test that failed */
};

/* ---- Tests ---- */

/* Runs `body` in a machine with these needs and the driver started; as driver code, or outside with
 * a machine not started. */
void rig_run(const char *test, const struct rig_needs *needs, void (*body)(struct rig *rig));
void rig_run_outside(const char *test, const struct rig_needs *needs,
                     void (*body)(struct rig *rig));

/* RIG_TEST(sd_09_offset_is_from_buffer_start, .layout = RIG_SCATTERED) { ...driver code... } */
#define RIG_TEST_BY(run, name, ...)                                                                \
    static void name##_body(struct rig *rig);                                                      \
    static void name(void **state)                                                                 \
    {                                                                                              \
        static const struct rig_needs needs = {__VA_ARGS__};                                       \
        (void)state;                                                                               \
        run(#name, &needs, name##_body);                                                           \
    }                                                                                              \
    static void name##_body(struct rig *rig)
#define RIG_TEST(name, ...)         RIG_TEST_BY(rig_run, name, ##__VA_ARGS__)
#define RIG_OUTSIDE_TEST(name, ...) RIG_TEST_BY(rig_run_outside, name, ##__VA_ARGS__)

/* For outside tests. */
void rig_start(struct rig *rig); /* DriverEntry ... HwVidInitialize */
void rig_stop(struct rig *rig);  /* close, remove, unload: leaks become reports */
void rig_call(struct rig *rig, void (*body)(struct rig *rig)); /* as driver code at PASSIVE_LEVEL */
uint32_t
rig_request(struct rig *rig,
            void (*body)(struct rig *)); /* the same from within HwVidStartIO; its VP_STATUS */
void rig_idle(struct rig *rig, uint64_t nanoseconds); /* lets the machine run by itself */

/* ---- Checks ---- */

bool rig_check(bool ok, const char *what, const char *file, int line);
bool rig_check_equal(uint64_t actual, uint64_t expected, const char *what, const char *file,
                     int line);

#define CHECK(condition) rig_check(!!(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected)                                                              \
    rig_check_equal((uint64_t)(actual), (uint64_t)(expected), #actual, __FILE__, __LINE__)
#define CHECK_SAME(actual, expected) CHECK_EQUAL((uintptr_t)(actual), (uintptr_t)(expected))
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!CHECK(condition))                                                                     \
            return;                                                                                \
    } while (0)

/*
 * Reports. Every report that a test does not expect fails it, those made while the machine is taken
 * down included. CHECK_REPORTED: since the last such line exactly one report was made, and it names
 * this rule ("SD-8|SD-A14": one of these).
 */
bool rig_check_reported(struct rig *rig, const char *rule, unsigned count, const char *file,
                        int line);
#define CHECK_REPORTED(rule)       rig_check_reported(rig, rule, 1, __FILE__, __LINE__)
#define CHECK_REPORTS(rule, count) rig_check_reported(rig, rule, count, __FILE__, __LINE__)
#define CHECK_NOTHING_REPORTED()   rig_check_reported(rig, NULL, 0, __FILE__, __LINE__)

/* ---- The device ---- */

/*
 * A real device of the bus reads (to-device) or writes (from-device) memory by its own bus
 * mastering, now. IRQL <= DISPATCH. Addresses are logical ones; the device puts out all 64 bits.
 * false: the bus answered with an error, nothing was moved.
 */
bool rig_device_read(struct rig *rig, uint64_t address, uint32_t length, void *into);
bool rig_device_write(struct rig *rig, uint64_t address, uint32_t length, const void *from);
/* The device interrupts `delay` microseconds from now; hooks.interrupt runs in HwVidInterrupt. IRQL
 * <= DISPATCH. */
void rig_device_interrupt(struct rig *rig, uint32_t delay);

/* Waits in driver code (any IRQL <= DISPATCH) until *counter >= target; false after two seconds of
 * the machine's clock. */
bool rig_wait(struct rig *rig, const uint32_t *counter, uint32_t target);

/* Pages of user memory, laid out as the test needs; NULL fails the test. Give back with
 * rig_memory_free. */
void *rig_memory(struct rig *rig, size_t length);
void rig_memory_free(struct rig *rig, void *memory);

/* ---- Misuse ---- */

/*
 * Pointers that stand for nothing: NULL first, then stack, heap, static data, unmapped, the last
 * bytes before a hole, not canonical, misaligned (`near` + 1, if not NULL).
 */
struct rig_bad_pointer {
    const char *what;
    void *pointer;
};
enum { RIG_BAD_POINTERS = 10 };
void rig_bad_pointers(void *near, struct rig_bad_pointer bad[RIG_BAD_POINTERS]);

/* While true, this thread gets no more memory from the system (malloc and mmap fail). */
void rig_memory_exhausted(bool exhausted);

/* ---- The suite ---- */

/* Which adapter the suite runs on, and the seed of its machines. The spec stays the caller's. */
bool rig_select(const char *adapter_spec, uint64_t seed);
/* Prints what was skipped and why; false if it is not what this bus is known not to show. */
bool rig_skips_expected(void);

#define CONTRACT_FAMILY(name)                                                                      \
    extern const struct CMUnitTest name##_tests[];                                                 \
    extern const size_t name##_count
CONTRACT_FAMILY(sd);
CONTRACT_FAMILY(sd_length);
CONTRACT_FAMILY(sd_queue);
CONTRACT_FAMILY(sd_refusal);
CONTRACT_FAMILY(ex);
CONTRACT_FAMILY(cd);
CONTRACT_FAMILY(ga);
CONTRACT_FAMILY(lb);
CONTRACT_FAMILY(cb);
CONTRACT_FAMILY(sg);
CONTRACT_FAMILY(mr);
CONTRACT_FAMILY(mr_wdm);

#endif
