/* SPDX-License-Identifier: MIT */
/*
 * The spy sits between the video port and the documented services below it: the linker sends it
 * every call of IoGetDmaAdapter and KeFlushIoBuffers (--wrap), and it puts itself into each
 * adapter's DMA_OPERATIONS. It passes everything on and writes down what it saw, so that tests can
 * say what the port asks of WDM, on any bus.
 */
#ifndef CONTRACT_SPY_H
#define CONTRACT_SPY_H

#include <ntddk.h>

enum spy_kind {
    SPY_GET_ADAPTER,
    SPY_PUT_ADAPTER,
    SPY_FLUSH,         /* KeFlushIoBuffers */
    SPY_GET_LIST,      /* GetScatterGatherList entered */
    SPY_GET_LIST_DONE, /* and returned */
    SPY_PUT_LIST,      /* PutScatterGatherList entered */
    SPY_ALLOCATE_COMMON,
    SPY_FREE_COMMON,
};

struct spy_event {
    enum spy_kind kind;
    KIRQL irql;
    PMDL mdl;
    PVOID address; /* CurrentVa; the common buffer */
    ULONG length;
    BOOLEAN to_device; /* FLUSH: FALSE = ReadOperation */
    BOOLEAN dma;       /* FLUSH: DmaOperation */
    NTSTATUS status;   /* GET_LIST_DONE */
    ULONG registers;   /* GET_ADAPTER: granted */
    DEVICE_DESCRIPTION description;
};

enum { SPY_EVENTS = 256 };

/* Starts a new record; off again with spy_stop. */
void spy_start(void);
void spy_stop(void);
/* How many events of this kind since spy_start. */
unsigned spy_count(enum spy_kind kind);
/* The index-th of them, NULL if there were fewer. */
const struct spy_event *spy_event(enum spy_kind kind, unsigned index);
/* Place of the index-th of them among all events, -1 if there were fewer. */
int spy_place(enum spy_kind kind, unsigned index);

#endif
