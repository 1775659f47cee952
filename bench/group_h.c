/* SPDX-License-Identifier: MIT */
/*
 * H: from StartDma to CompleteDma when the device is another thread that polls, against the bare
 * round trip between two threads: one writes a word, the other sees it and writes one back.
 */
#include <stdatomic.h>

#include "groups.h"
#include "helper.h"

enum { PAGE = VPORT_BENCH_PAGE };

/* The device: answers each request with its number, while somebody plays. */
struct device {
    _Atomic uint64_t request __attribute__((aligned(VPORT_BENCH_LINE)));
    _Atomic uint64_t answer __attribute__((aligned(VPORT_BENCH_LINE)));
    _Atomic bool playing __attribute__((aligned(VPORT_BENCH_LINE)));
    struct vport_bench_helper *helper;
    struct vport_bench_port *port;
    PVP_SCATTER_GATHER_LIST list;
    uint64_t repetitions, next, failures;
};

static void device_play(void *context, uint64_t repetitions)
{
    struct device *device = context;
    uint64_t seen = atomic_load(&device->answer);

    while (atomic_load_explicit(&device->playing, memory_order_relaxed)) {
        uint64_t request = atomic_load_explicit(&device->request, memory_order_acquire);

        if (request != seen)
            atomic_store_explicit(&device->answer, seen = request, memory_order_release);
    }
}

static void prepare(void *context)
{
    struct device *device = context;

    vport_bench_helper_call(device->helper, device_play, device);
}

static void device_start(struct device *device)
{
    atomic_store(&device->playing, true);
    vport_bench_helper_go(device->helper, 0);
}

static void device_stop(struct device *device)
{
    atomic_store(&device->playing, false);
    vport_bench_helper_join(device->helper);
}

static void request(struct device *device)
{
    atomic_store_explicit(&device->request, ++device->next, memory_order_release);
}

static void await(struct device *device)
{
    while (atomic_load_explicit(&device->answer, memory_order_acquire) != device->next)
        ;
}

static void run_bare(void *context, uint64_t repetitions)
{
    struct device *device = context;

    device_start(device);
    for (uint64_t i = 0; i < repetitions; i++) {
        request(device);
        await(device);
    }
    device_stop(device);
}

/* HwVidExecuteDma: the request goes out from here. */
static VOID NTAPI execute(PVOID HwDeviceExtension, PVP_DMA_ADAPTER VpDmaAdapter,
                          PVP_SCATTER_GATHER_LIST SGList, PVOID Context)
{
    struct device *device = Context;

    device->list = SGList;
    request(device);
}

static void body(void *context)
{
    struct device *device = context;
    struct vport_bench_port *port = device->port;

    for (uint64_t i = 0; i < device->repetitions; i++) {
        ULONG length = PAGE;

        if (VideoPortStartDma(port->extension, port->adapter, port->mdl, 0, &length, execute,
                              device, TRUE) != NO_ERROR) {
            device->failures++;
            return;
        }
        await(device);
        vport_bench_complete(port, device->list, true);
    }
}

static void run_transfer(void *context, uint64_t repetitions)
{
    struct device *device = context;

    device->repetitions = repetitions;
    device_start(device);
    vport_bench_port_call(device->port, body, device);
    device_stop(device);
}

static bool check_transfer(void *context)
{
    prepare(context);
    run_transfer(context, 3);
    return !((struct device *)context)->failures;
}

static struct device *take_device(struct vport_bench_suite *suite)
{
    struct device *device = vport_bench_take(suite, sizeof(*device));

    if (!device)
        return NULL;
    device->helper = vport_bench_helper_take(suite);
    device->port = vport_bench_take_port(
        suite, &(struct vport_bench_port_config){.adapter = "sim:mode=threaded,frames=scattered",
                                                 .max_length = PAGE,
                                                 .memory = PAGE});
    return suite->failed ? NULL : device;
}

static bool open_group(struct vport_bench_suite *suite)
{
    struct device *device = take_device(suite);
    struct vport_bench_case bare = {.unit = "round trip",
                                    .units = 1,
                                    .wall = true,
                                    .prepare = prepare,
                                    .run = run_bare,
                                    .context = device};
    struct vport_bench_case transfer = {.reference = "bare hand-off and back",
                                        .unit = "transfer",
                                        .units = 1,
                                        .wall = true,
                                        .prepare = prepare,
                                        .run = run_transfer,
                                        .check = check_transfer,
                                        .context = device};

    if (!device)
        return false;
    vport_bench_add(suite, &bare, "bare hand-off and back");
    vport_bench_add(suite, &transfer, "transfer by a polling device");
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_h = {
    .id = "H", .title = "a device on another thread, seen by polling", .open = open_group};
