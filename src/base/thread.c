/* SPDX-License-Identifier: MIT */
/* Gives out thread slots and takes them back when a thread ends. Knows nothing of what is counted
 * in them. */
#include "base/thread.h"

#include <pthread.h>

VPORT_THREAD_LOCAL unsigned vport_thread_slot_plus_one;
void (*vport_thread_begun)(void);

static _Atomic uint32_t free_slots = (1u << VPORT_THREAD_SLOTS) - 1;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static int key_error;

/* The thread may still count something in a later destructor: it does so in the shared slot. */
static void give_back(void *value)
{
    unsigned slot = (unsigned)(uintptr_t)value - 1;

    vport_thread_slot_plus_one = VPORT_THREAD_SLOTS + 1;
    atomic_fetch_or_explicit(&free_slots, 1u << slot, memory_order_release);
}

static void make_key(void)
{
    key_error = pthread_key_create(&key, give_back);
}

/* The lowest free slot, or VPORT_THREAD_SLOTS. */
static unsigned take_slot(void)
{
    uint32_t slots = atomic_load_explicit(&free_slots, memory_order_acquire);

    while (slots &&
           !atomic_compare_exchange_weak_explicit(&free_slots, &slots, slots & (slots - 1),
                                                  memory_order_acquire, memory_order_acquire))
        ;
    return slots ? (unsigned)__builtin_ctz(slots) : VPORT_THREAD_SLOTS;
}

unsigned vport_thread_slot_claim(void)
{
    unsigned slot = VPORT_THREAD_SLOTS;

    pthread_once(&once, make_key);
    if (!key_error)
        slot = take_slot();
    /* A slot that nobody would give back at the thread's end is not kept. */
    if (slot < VPORT_THREAD_SLOTS && pthread_setspecific(key, (void *)(uintptr_t)(slot + 1))) {
        atomic_fetch_or_explicit(&free_slots, 1u << slot, memory_order_release);
        slot = VPORT_THREAD_SLOTS;
    }
    vport_thread_slot_plus_one = slot + 1;
    return slot;
}
