/* SPDX-License-Identifier: MIT */
/* Opening and closing what bench/port.h describes. Measures nothing. */
#include "port.h"

#include <stdio.h>
#include <string.h>

VOID NTAPI vport_bench_execute(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                               PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    *(PVP_SCATTER_GATHER_LIST *)Context = SGList;
}

struct opening {
    struct vport_bench_port *port;
    const struct vport_bench_port_config *config;
};

/* Driver code: the adapter, and the lock on the buffer. */
static void prepare(void *context)
{
    struct opening *opening = context;
    struct vport_bench_port *port = opening->port;
    VP_DEVICE_DESCRIPTION description = {.ScatterGather = TRUE,
                                         .Dma32BitAddresses = TRUE,
                                         .Dma64BitAddresses = !opening->config->reach32,
                                         .MaximumLength = opening->config->max_length};

    port->adapter = VideoPortGetDmaAdapter(port->extension, &description);
    if (port->memory)
        port->mdl =
            VideoPortLockBuffer(port->extension, port->memory, (ULONG)port->length, VpModifyAccess);
}

static void take_down(void *context)
{
    struct vport_bench_port *port = context;

    if (port->mdl)
        VideoPortUnlockBuffer(port->extension, port->mdl);
    if (port->adapter)
        VideoPortPutDmaAdapter(port->extension, port->adapter);
}

static bool take_memory(struct vport_bench_port *port, const struct vport_bench_port_config *config)
{
    void *memory;

    if (!config->memory)
        return true;
    for (unsigned i = 0; i < config->skip_regions; i++)
        if (vport_machine_alloc(port->machine, VPORT_BENCH_PAGE, &memory) != VPORT_OK)
            return false;
    if (vport_machine_alloc(port->machine, config->memory, &memory) != VPORT_OK)
        return false;
    port->memory = memory;
    port->length = config->memory;
    return true;
}

bool vport_bench_port_open(struct vport_bench_port *port,
                           const struct vport_bench_port_config *config)
{
    struct vport_machine_config machine = {.adapter = config->adapter, .seed = 1};
    struct opening opening = {port, config};

    memset(port, 0, sizeof(*port));
    if (vport_machine_create(&machine, &port->machine, port->error) != VPORT_OK)
        return false;
    if (vport_machine_start(port->machine, (vport_driver)(void (*)(void))vport_bench_miniport,
                            port->error) == VPORT_OK) {
        port->extension = vport_machine_extension(port->machine);
        if (take_memory(port, config))
            vport_machine_call(port->machine, prepare, &opening);
        if (port->adapter && (port->mdl || !config->memory))
            return true;
        snprintf(port->error, sizeof(port->error), "%s: no memory for the buffer or its adapter",
                 config->adapter);
    }
    vport_bench_port_close(port);
    return false;
}

uint64_t vport_bench_port_close(struct vport_bench_port *port)
{
    uint64_t reports;

    if (!port->machine)
        return 0;
    if (port->extension)
        vport_machine_call(port->machine, take_down, port);
    vport_machine_stop(port->machine);
    reports = vport_reports_count(vport_machine_reports(port->machine), NULL);
    vport_machine_destroy(port->machine);
    port->machine = NULL;
    return reports;
}
