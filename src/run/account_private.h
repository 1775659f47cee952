/* SPDX-License-Identifier: MIT */
/* Shared by the account's two halves: the run (account.c) and its bad end (account_crash.c). */
#ifndef VPORT_RUN_ACCOUNT_PRIVATE_H
#define VPORT_RUN_ACCOUNT_PRIVATE_H

#include <jansson.h>

#include "ldr/pe.h"
#include "run/account.h"

enum { VPORT_ACCOUNT_PLACE = 256 };

struct vport_account {
    const char *name;
    bool as_json;
    json_t *object; /* filled only with `as_json` */
    struct vport_pe pe;
    uint8_t *laid_out;  /* the image as it lies in memory, for its tables */
    const uint8_t *elf; /* a shared object's file, for its symbols; NULL: it is an image */
    size_t elf_size;
    uint64_t base, size; /* where it lies there; 0: not known */
    uint64_t lines;      /* kept so far */
    uint64_t bytes;      /* in them */
    unsigned failed;     /* steps */
    int fatal;           /* exit code of a fatal line; 0: none */
    uint32_t width, height;
    bool ended;    /* the machine process came to its end */
    char *pending; /* a call that has not returned, not yet printed */
    unsigned outputs;
    struct {
        uint8_t *bytes;
        size_t length;
    } output[VPORT_JOB_IOCTLS];
};

/* "driver.sys+0x1234 (.text, in the function at +0x1200)"; "" for an address outside the image. */
void vport_account_place(const struct vport_account *account, uint64_t address,
                         char text[VPORT_ACCOUNT_PLACE]);

/* Prints, or adds to the JSON object, how a process ended that did not come to its end. */
void vport_account_crash(struct vport_account *account,
                         const struct vport_supervisor_result *result);

#endif
