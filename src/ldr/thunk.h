/* SPDX-License-Identifier: MIT */
/*
 * Thunks: small pieces of code that stand between a driver and what it calls, or between us and
 * what we call in a driver, so that calls can be remembered, watched, changed, or refused.
 *
 * All thunks are assembled with this program, a fixed number of them; a new one is a table entry,
 * and no code is generated while a driver runs. Each call through a thunk is remembered in a ring
 * of the last VPORT_CALLS. A watched thunk also sees the result: the return address is replaced
 * while the call lasts, so that any number of arguments in any convention passes untouched. Knows
 * no Windows function by name.
 */
#ifndef VPORT_LDR_THUNK_H
#define VPORT_LDR_THUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    VPORT_THUNKS = 4096,
    VPORT_CALLS = 32,      /* remembered */
    VPORT_CALL_ARGS = 4,   /* of each */
    VPORT_CALL_DEPTH = 64, /* watched calls within each other, on one thread */
};

struct vport_call;

/* What is on the other side. Static storage, or as long as the thunk. */
struct vport_callee {
    const char *name;
    const char *signature;  /* see exports.h; NULL: not known */
    const char *parameters; /* "A,B,C" */
    bool into_driver;       /* the driver's own function: we call it */
    /* Only of a watched thunk; may be NULL. They may change arguments, and the result. */
    void (*enter)(struct vport_call *call);
    void (*leave)(struct vport_call *call);
};

/* One call through a watched thunk. */
struct vport_call {
    const struct vport_callee *callee;
    const void *caller;           /* return address */
    unsigned depth;               /* 0: not within another watched call of this thread */
    uint64_t result;              /* valid in `leave` */
    uintptr_t keep;               /* `enter` may leave something here for `leave` */
    uintptr_t *registers, *stack; /* where the arguments are; only in `enter` */
};

/*
 * Argument `index`, counted in machine words: on i386 a 64-bit argument is two. FASTCALL functions
 * have their first two in registers there and are not told apart: do not ask for theirs.
 */
uintptr_t vport_call_argument(const struct vport_call *call, unsigned index);
void vport_call_set_argument(struct vport_call *call, unsigned index, uintptr_t value);

/* Sees every watched call: `enter` after the callee's own has made its changes, `leave` before. */
struct vport_call_observer {
    void (*enter)(void *context, const struct vport_call *call);
    void (*leave)(void *context, const struct vport_call *call);
    void *context;
};
/* NULL: nobody. Set it while no driver runs. */
void vport_thunks_observe(const struct vport_call_observer *observer);

/* Called for a thunk without target, instead of the call; must not return. */
typedef void vport_missing_handler(void *context, const struct vport_callee *callee,
                                   const void *caller);
void vport_thunks_set_missing(vport_missing_handler *handler, void *context);

/*
 * A thunk for `target`; NULL target: a call ends in the missing handler. The same target, callee
 * and watch give the same thunk. NULL: all VPORT_THUNKS are taken. One thread at a time.
 */
void *vport_thunk_make(void *target, const struct vport_callee *callee, bool watched);
/* Forgets all thunks; no driver may have one any more. */
void vport_thunks_reset(void);

/* The name of the innermost watched driver function that this thread is in, NULL if none. */
const char *vport_thunk_inside(void);

struct vport_past_call {
    const struct vport_callee *callee;
    const void *caller;
    uintptr_t arguments[VPORT_CALL_ARGS]; /* words; meaningful as far as the callee has arguments */
};
/* Copies the last calls of all threads, newest first; returns how many. Async-signal-safe. */
unsigned vport_thunk_last_calls(struct vport_past_call calls[VPORT_CALLS]);

#endif
