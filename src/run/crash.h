/* SPDX-License-Identifier: MIT */
/*
 * The last words of a machine process: what stopped it, written by a signal handler into memory
 * that the supervisor reads after its end. Same layout on every machine.
 */
#ifndef VPORT_RUN_CRASH_H
#define VPORT_RUN_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vport_crash_kind {
    VPORT_CRASH_NONE,
    VPORT_CRASH_SIGNAL,   /* number: the signal; address; reason */
    VPORT_CRASH_CALL,     /* number: the system call; detail: seccomp's architecture */
    VPORT_CRASH_BUGCHECK, /* number: the code; reason */
    VPORT_CRASH_IMPORT,   /* reason: the import that nothing satisfied */
    VPORT_CRASH_TIMEOUT,  /* it did not come back */
};

enum { VPORT_CRASH_REGISTERS = 18, VPORT_CRASH_CALLS = 16, VPORT_CRASH_FRAMES = 12 };

struct vport_crash {
    uint32_t kind; /* set last */
    uint32_t number;
    uint32_t detail;
    uint32_t access;            /* page faults: 0 unknown, 1 read, 2 write, 3 execute */
    uint64_t address;           /* that faulted */
    uint64_t pc;                /* program counter */
    uint64_t image, image_size; /* where the driver's image lies; 0: none */
    uint64_t registers[VPORT_CRASH_REGISTERS]; /* in the order of vport_crash_register_names */
    uint32_t wide;                             /* registers are 64 bits */
    uint32_t frames, calls, padding;
    uint64_t frame[VPORT_CRASH_FRAMES]; /* words on the stack that point into the image's code */
    struct {
        char name[60];
        uint32_t words; /* of argument[], as far as known */
        uint64_t caller;
        uint64_t argument[4];
    } call[VPORT_CRASH_CALLS]; /* newest first */
    char inside[64];           /* the driver's function that ran, "" if none */
    char step[64];             /* what the machine process was doing */
    char reason[256];          /* in words, if there is more to say */
};

/* Names for `registers`, by `wide`. */
extern const char *const vport_crash_register_names[2][VPORT_CRASH_REGISTERS];

/* In the machine process, before it makes the machine: each thread has a second stack from now on,
 * so that a driver that ran out of the first can be told of. */
void vport_crash_prepare(void);
/* Catches everything from now on. `crash` stays. */
void vport_crash_catch(struct vport_crash *crash);
/* Where the driver lies, so that addresses in it can be told. */
void vport_crash_set_image(const void *base, size_t size);
/* What is being done, in words; copied. */
void vport_crash_set_step(const char *step);

/* Ends this process for a reason that is no signal. */
_Noreturn void vport_crash_now(enum vport_crash_kind kind, uint32_t number, uint64_t pc,
                               const char *reason);

#endif
