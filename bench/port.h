/* SPDX-License-Identifier: MIT */
/*
 * A machine with the benchmarks' miniport in it, one DMA adapter and one locked buffer: what every
 * measurement of the path StartDma -> HwVidExecuteDma -> CompleteDma stands on. The calls are the
 * miniport's surface and nothing else.
 */
#ifndef VPORT_BENCH_PORT_H
#define VPORT_BENCH_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/host.h>
#include "miniport.h"

enum { VPORT_BENCH_PAGE = 4096 };

struct vport_bench_port {
    struct vport_machine *machine;
    void *extension;
    PVP_DMA_ADAPTER adapter;
    char *memory;    /* the machine's; NULL: none */
    PVOID mdl;       /* of all of it */
    uint64_t length; /* bytes */
    char error[VPORT_ERROR_TEXT];
};

struct vport_bench_port_config {
    const char *adapter;   /* "sim:..." */
    uint32_t max_length;   /* MaximumLength of the DMA adapter */
    bool reach32;          /* it can put out 32 address bits, not 64 */
    uint64_t memory;       /* bytes of the buffer; 0: none */
    unsigned skip_regions; /* buffers to place before it: see "frames=" in docs/sim-adapter.md */
};

/* Opens everything; false: `port->error` says why, and there is nothing to close. */
bool vport_bench_port_open(struct vport_bench_port *port,
                           const struct vport_bench_port_config *config);
/* Returns the number of reports that the machine made: a benchmark that misuses the port measures
 * nothing. */
uint64_t vport_bench_port_close(struct vport_bench_port *port);

/* As driver code at PASSIVE_LEVEL. Any thread. */
static inline void vport_bench_port_call(struct vport_bench_port *port, void (*body)(void *),
                                         void *context)
{
    vport_machine_call(port->machine, body, context);
}

/* The HwVidExecuteDma of all benchmarks: stores the list in *Context, a PVP_SCATTER_GATHER_LIST. */
VOID NTAPI vport_bench_execute(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                               PVP_SCATTER_GATHER_LIST SGList, PVOID Context);

/* Starts one operation on the port's buffer; false: refused. *list is set when it has been called
 * back. */
static inline bool vport_bench_start(struct vport_bench_port *port, uint64_t offset,
                                     uint32_t *length, bool to_device,
                                     PVP_SCATTER_GATHER_LIST *list)
{
    ULONG wanted = *length;
    VP_STATUS status = VideoPortStartDma(port->extension, port->adapter, port->mdl, (ULONG)offset,
                                         &wanted, vport_bench_execute, list, to_device);

    *length = wanted;
    return status == NO_ERROR;
}

static inline void vport_bench_complete(struct vport_bench_port *port, PVP_SCATTER_GATHER_LIST list,
                                        bool to_device)
{
    VideoPortCompleteDma(port->extension, port->adapter, list, to_device);
}

#endif
