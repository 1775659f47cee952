/* SPDX-License-Identifier: MIT */
/* Dispatcher objects: the types in their headers, and what the files that own them share. */
#ifndef VPORT_NT_DISPATCHER_H
#define VPORT_NT_DISPATCHER_H

#include "nt/kernel.h"

/* DISPATCHER_HEADER.Type, as every Windows debugger shows it. */
enum {
    VPORT_OBJECT_EVENT_NOTIFICATION = 0,
    VPORT_OBJECT_EVENT_SYNCHRONIZATION = 1,
    VPORT_OBJECT_MUTANT = 2,
    VPORT_OBJECT_SEMAPHORE = 5,
    VPORT_OBJECT_THREAD = 6,
    VPORT_OBJECT_TIMER_NOTIFICATION = 8,
    VPORT_OBJECT_TIMER_SYNCHRONIZATION = 9,
};

static inline void vport_nt_init_header(PDISPATCHER_HEADER header, UCHAR type, size_t size,
                                        LONG state)
{
    *header = (DISPATCHER_HEADER){0};
    header->Type = type;
    header->Size = (UCHAR)(size / sizeof(LONG));
    InitializeListHead(&header->WaitListHead);
    __atomic_store_n(&header->SignalState, state, __ATOMIC_RELEASE);
}

/* Lets this much time pass. */
void vport_nt_sleep(struct vport_nt *nt, uint64_t nanoseconds);

#endif
