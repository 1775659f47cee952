/* SPDX-License-Identifier: MIT */
/* What the thunks' machine code calls, and their table. See thunk.h. */
#include "ldr/thunk.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ldr/thunk_private.h"

struct vport_thunk vport_thunk_table[VPORT_THUNKS];
struct vport_call_ring vport_call_ring;

static unsigned thunks; /* in use */
static struct vport_call_observer observer;
static vport_missing_handler *missing;
static void *missing_context;

/* The watched calls that this thread is in, and where each of them returns to. */
static _Thread_local struct {
    struct vport_call call[VPORT_CALL_DEPTH];
    unsigned depth;
} calls __attribute__((tls_model("initial-exec")));

void vport_thunks_observe(const struct vport_call_observer *who)
{
    observer = who ? *who : (struct vport_call_observer){NULL, NULL, NULL};
}

void vport_thunks_set_missing(vport_missing_handler *handler, void *context)
{
    missing = handler;
    missing_context = context;
}

static void *address_of(unsigned index)
{
    return (void *)(uintptr_t)(vport_thunk_code + (size_t)index * VPORT_THUNK_SPACING);
}

void *vport_thunk_make(void *target, const struct vport_callee *callee, bool watched)
{
    struct vport_thunk *thunk = &vport_thunk_table[thunks];

    for (unsigned i = 0; i < thunks; i++)
        if (vport_thunk_table[i].target == target && vport_thunk_table[i].callee == callee &&
            vport_thunk_table[i].watched == (watched || !target))
            return address_of(i);
    if (thunks == VPORT_THUNKS)
        return NULL;
    *thunk = (struct vport_thunk){
        .target = target, .index = thunks, .watched = watched || !target, .callee = callee};
    return address_of(thunks++);
}

void vport_thunks_reset(void)
{
    memset(vport_thunk_table, 0, sizeof(vport_thunk_table[0]) * thunks);
    memset(&vport_call_ring, 0, sizeof(vport_call_ring));
    thunks = 0;
}

/* ---- Arguments ---- */

/* On x86-64 four are in registers; the callee's home for them lies between the return address and
 * the fifth. */
static uintptr_t *place_of(const struct vport_call *call, unsigned index)
{
#if defined(__x86_64__)
    if (index < 4)
        return &call->registers[index];
#endif
    return &call->stack[index];
}

uintptr_t vport_call_argument(const struct vport_call *call, unsigned index)
{
    return *place_of(call, index);
}

void vport_call_set_argument(struct vport_call *call, unsigned index, uintptr_t value)
{
    *place_of(call, index) = value;
}

/* ---- Calls ---- */

static void remember(const struct vport_thunk *thunk, const struct vport_call *call)
{
    uint32_t number = __atomic_fetch_add(&vport_call_ring.next, 1, __ATOMIC_RELAXED);
    struct vport_call_slot *slot = &vport_call_ring.slot[number % VPORT_CALLS];

    slot->index = thunk->index;
    slot->caller = (uintptr_t)call->caller;
    for (unsigned i = 0; i < VPORT_CALL_ARGS; i++)
        slot->arguments[i] = vport_call_argument(call, i);
    slot->used = 1;
}

static void watch(const struct vport_thunk *thunk, struct vport_call *call,
                  uintptr_t *return_address)
{
    call->depth = calls.depth;
    if (thunk->callee->enter)
        thunk->callee->enter(call);
    if (observer.enter)
        observer.enter(observer.context, call);
    calls.call[calls.depth++] = *call;
    *return_address = (uintptr_t)vport_thunk_return;
}

VPORT_THUNK_ABI void *vport_thunk_entered(uint32_t index, uintptr_t *registers,
                                          uintptr_t *return_address)
{
    const struct vport_thunk *thunk = &vport_thunk_table[index];
    struct vport_call call = {.callee = thunk->callee,
                              .caller = (const void *)*return_address,
                              .registers = registers,
                              .stack = return_address + 1};

    remember(thunk, &call);
    if (!thunk->target) {
        if (missing)
            missing(missing_context, thunk->callee, call.caller);
        abort(); /* nobody to tell, and nowhere to go on */
    }
    if (thunk->watched && calls.depth < VPORT_CALL_DEPTH)
        watch(thunk, &call, return_address);
    return thunk->target;
}

VPORT_THUNK_ABI void *vport_thunk_left(uint64_t *result)
{
    struct vport_call call = calls.call[--calls.depth];

    call.registers = call.stack = NULL;
    call.result = *result;
    if (observer.leave)
        observer.leave(observer.context, &call);
    if (call.callee->leave)
        call.callee->leave(&call);
    *result = call.result;
    return (void *)call.caller;
}

const char *vport_thunk_inside(void)
{
    for (unsigned i = calls.depth; i > 0; i--)
        if (calls.call[i - 1].callee->into_driver)
            return calls.call[i - 1].callee->name;
    return NULL;
}

unsigned vport_thunk_last_calls(struct vport_past_call past[VPORT_CALLS])
{
    uint32_t next = __atomic_load_n(&vport_call_ring.next, __ATOMIC_RELAXED);
    unsigned count = 0;

    for (unsigned i = 1; i <= VPORT_CALLS; i++) {
        const struct vport_call_slot *slot = &vport_call_ring.slot[(next - i) % VPORT_CALLS];

        if (!slot->used || slot->index >= VPORT_THUNKS || !vport_thunk_table[slot->index].callee)
            break;
        past[count].callee = vport_thunk_table[slot->index].callee;
        past[count].caller = (const void *)slot->caller;
        memcpy(past[count].arguments, slot->arguments, sizeof(slot->arguments));
        count++;
    }
    return count;
}
