/* SPDX-License-Identifier: MIT */
/*
 * E: whole pictures, from a program's memory to the video memory of the simulated adapter. Three
 * ways: a plain copy; the device's own protocol, its registers written directly and its list built
 * beforehand; and everything: a request, HwVidStartIO, locks, StartDma, interrupt, DPC,
 * CompleteDma. In the deterministic mode of the machine, so that no thread has to be woken.
 * group_e_qemu.c does the same with a device in another process.
 */
#include <stdio.h>
#include <string.h>

#include "group_e.h"
#include "groups.h"
#include "host/blit.h"
#include "miniports/sim/sim_hw.h"

enum { PIXEL = 4 };

struct picture {
    uint32_t width, height;
    char *pixels; /* in the machine's memory */
    uint64_t failures;
};

static uint32_t bytes_of(const struct picture *picture)
{
    return picture->width * picture->height * PIXEL;
}

/* Not the same at any two places that a mistake could mix up. */
void vport_bench_draw(char *pixels, uint32_t length)
{
    uint32_t word;

    for (uint32_t i = 0; i < length; i += PIXEL) {
        word = i * 2654435761u & 0xffffff;
        memcpy(pixels + i, &word, PIXEL);
    }
}

/* ---- Copy ------------------------------------------------------------------------------- */

struct copy {
    char *from, *to;
    uint32_t length;
};

static void run_copy(void *context, uint64_t repetitions)
{
    struct copy *copy = context;

    for (uint64_t i = 0; i < repetitions; i++) {
        memcpy(copy->to, copy->from, copy->length);
        __asm__ volatile("" ::"r"(copy->to) : "memory");
    }
}

void vport_bench_add_copy(struct vport_bench_suite *suite, uint32_t length, bool wall,
                          const char *name)
{
    struct copy *copy = vport_bench_take(suite, sizeof(*copy));
    struct vport_bench_case which = {.unit = "picture",
                                     .units = 1,
                                     .wall = wall,
                                     .series = wall ? NULL : "memcpy",
                                     .x = (double)length / PIXEL,
                                     .run = run_copy,
                                     .context = copy};

    if (!copy)
        return;
    *copy = (struct copy){vport_bench_take_memory(suite, length),
                          vport_bench_take_memory(suite, length), length};
    vport_bench_add(suite, &which, "%s", name);
}

/* ---- The device's protocol -------------------------------------------------------------- */

struct protocol {
    struct vport_bench_port *port;
    uint32_t length;
    PVP_SCATTER_GATHER_LIST list; /* of an operation that stays outstanding */
    PHYSICAL_ADDRESS table_address;
    PSIM_DESCRIPTOR table;
    uint64_t repetitions, failures;
};

static void write_register(struct protocol *protocol, ULONG offset, ULONG value)
{
    PUCHAR registers = vport_bench_miniport_registers(protocol->port->extension);

    VideoPortWriteRegisterUlong((PULONG)(registers + offset), value);
}

static bool wait_done(struct protocol *protocol)
{
    PUCHAR registers = vport_bench_miniport_registers(protocol->port->extension);
    ULONG status;

    do {
        VideoPortStallExecution(1);
        status = VideoPortReadRegisterUlong((PULONG)(registers + SIM_REG_DMA_STATUS));
    } while (status & SIM_DMA_BUSY);
    return (status & (SIM_DMA_IS_DONE | SIM_DMA_ERROR)) == SIM_DMA_IS_DONE;
}

static void protocol_body(void *context)
{
    struct protocol *protocol = context;

    for (uint64_t i = 0; i < protocol->repetitions; i++) {
        write_register(protocol, SIM_REG_DMA_ADDRESS, protocol->table_address.LowPart);
        write_register(protocol, SIM_REG_DMA_ADDRESS_HIGH, (ULONG)protocol->table_address.HighPart);
        write_register(protocol, SIM_REG_DMA_LENGTH, protocol->length);
        write_register(protocol, SIM_REG_DMA_COUNT, protocol->list->NumberOfElements);
        write_register(protocol, SIM_REG_DMA_POSITION, 0);
        write_register(protocol, SIM_REG_DMA_COMMAND, SIM_DMA_START | SIM_DMA_LIST);
        protocol->failures += !wait_done(protocol);
    }
}

static void run_protocol(void *context, uint64_t repetitions)
{
    struct protocol *protocol = context;

    protocol->repetitions = repetitions;
    vport_bench_port_call(protocol->port, protocol_body, protocol);
}

static bool check_protocol(void *context)
{
    struct protocol *protocol = context;
    char *video_memory = vport_bench_miniport_video_memory(protocol->port->extension);

    memset(video_memory, 0, protocol->length);
    run_protocol(protocol, 1);
    return !protocol->failures &&
           memcmp(video_memory, protocol->port->memory, protocol->length) == 0;
}

static void prepare_body(void *context)
{
    struct protocol *protocol = context;
    struct vport_bench_port *port = protocol->port;
    uint32_t length = protocol->length;

    if (!vport_bench_start(port, 0, &length, true, &protocol->list) || length != protocol->length)
        return;
    protocol->table = VideoPortAllocateCommonBuffer(port->extension, port->adapter,
                                                    protocol->list->NumberOfElements *
                                                        (ULONG)sizeof(SIM_DESCRIPTOR),
                                                    &protocol->table_address, TRUE, NULL);
    for (ULONG i = 0; protocol->table && i < protocol->list->NumberOfElements; i++)
        protocol->table[i] =
            (SIM_DESCRIPTOR){.Address = (ULONGLONG)protocol->list->Elements[i].Address.QuadPart,
                             .Length = protocol->list->Elements[i].Length};
}

static void finish_body(void *context)
{
    struct protocol *protocol = context;
    struct vport_bench_port *port = protocol->port;

    if (protocol->table)
        VideoPortReleaseCommonBuffer(port->extension, port->adapter,
                                     protocol->list->NumberOfElements *
                                         (ULONG)sizeof(SIM_DESCRIPTOR),
                                     protocol->table_address, protocol->table, TRUE);
    if (protocol->list)
        vport_bench_complete(port, protocol->list, true);
}

static void finish(void *context)
{
    struct protocol *protocol = context;

    vport_bench_port_call(protocol->port, finish_body, protocol);
}

static void add_protocol(struct vport_bench_suite *suite, uint32_t length, const char *reference,
                         const char *name)
{
    struct protocol *protocol = vport_bench_take(suite, sizeof(*protocol));
    struct vport_bench_case which = {.unit = "picture",
                                     .units = 1,
                                     .run = run_protocol,
                                     .check = check_protocol,
                                     .context = protocol};

    if (!protocol)
        return;
    protocol->length = length;
    protocol->port =
        vport_bench_take_port(suite, &(struct vport_bench_port_config){
                                         .adapter = "sim", .max_length = length, .memory = length});
    if (!protocol->port || !vport_bench_defer(suite, finish, protocol))
        return;
    vport_bench_draw(protocol->port->memory, length);
    vport_bench_port_call(protocol->port, prepare_body, protocol);
    if (!protocol->table)
        vport_bench_fail(suite, "no list for the device's own protocol");
    strcpy(which.reference, reference);
    vport_bench_add(suite, &which, "%s", name);
}

/* ---- Everything ------------------------------------------------------------------------- */

struct blit {
    struct vport_machine *machine;
    struct picture picture;
    char error[VPORT_ERROR_TEXT];
};

static void run_blit(void *context, uint64_t repetitions)
{
    struct blit *blit = context;

    for (uint64_t i = 0; i < repetitions; i++)
        blit->picture.failures +=
            vport_blit_write(blit->machine, blit->picture.pixels, blit->picture.width,
                             blit->picture.height, blit->error) != VPORT_OK;
}

static bool check_blit(void *context)
{
    struct blit *blit = context;
    char *back;
    bool same;

    if (vport_machine_alloc(blit->machine, bytes_of(&blit->picture), (void **)&back) != VPORT_OK)
        return false;
    run_blit(blit, 1);
    same = vport_blit_read(blit->machine, back, blit->picture.width, blit->picture.height,
                           blit->error) == VPORT_OK &&
           memcmp(back, blit->picture.pixels, bytes_of(&blit->picture)) == 0;
    vport_machine_free(blit->machine, back);
    return same && !blit->picture.failures;
}

static void blit_end(void *context)
{
    vport_machine_destroy(((struct blit *)context)->machine);
}

static bool blit_open(struct blit *blit, const char *adapter)
{
    struct vport_machine_config config = {.adapter = adapter, .seed = 1};

    if (vport_machine_create(&config, &blit->machine, blit->error) != VPORT_OK ||
        vport_machine_start(blit->machine, NULL, blit->error) != VPORT_OK ||
        vport_blit_set_mode(blit->machine, blit->picture.width, blit->picture.height,
                            blit->error) != VPORT_OK ||
        vport_machine_alloc(blit->machine, bytes_of(&blit->picture),
                            (void **)&blit->picture.pixels) != VPORT_OK)
        return false;
    vport_bench_draw(blit->picture.pixels, bytes_of(&blit->picture));
    return true;
}

static void add_blit(struct vport_bench_suite *suite, const struct picture *picture,
                     const char *adapter, const char *series, const char *reference,
                     const char *name)
{
    struct blit *blit = vport_bench_take(suite, sizeof(*blit));
    struct vport_bench_case which = {.unit = "picture",
                                     .units = 1,
                                     .series = series,
                                     .x = (double)bytes_of(picture) / PIXEL,
                                     .run = run_blit,
                                     .check = check_blit,
                                     .context = blit};

    if (!blit)
        return;
    blit->picture = *picture;
    if (!blit_open(blit, adapter)) {
        vport_bench_fail(suite, "%s: %s", name, blit->error);
        blit_end(blit);
        return;
    }
    if (!vport_bench_defer(suite, blit_end, blit))
        return;
    strcpy(which.reference, reference);
    vport_bench_add(suite, &which, "%s", name);
}

static void add_picture(struct vport_bench_suite *suite, uint32_t width, uint32_t height)
{
    struct picture picture = {.width = width, .height = height};
    char copy[VPORT_BENCH_NAME], name[VPORT_BENCH_NAME];

    snprintf(copy, sizeof(copy), "%ux%u, memcpy", width, height);
    vport_bench_add_copy(suite, bytes_of(&picture), false, copy);
    snprintf(name, sizeof(name), "%ux%u, the device alone", width, height);
    add_protocol(suite, bytes_of(&picture), copy, name);
    snprintf(name, sizeof(name), "%ux%u, whole path", width, height);
    add_blit(suite, &picture, "sim", "sim", copy, name);
    snprintf(name, sizeof(name), "%ux%u, whole path, bounced", width, height);
    add_blit(suite, &picture, "sim:reach=32,frames=scattered", "sim, bounced", copy, name);
}

static bool open_group(struct vport_bench_suite *suite)
{
    add_picture(suite, 320, 200);
    add_picture(suite, 1024, 768);
    add_picture(suite, 1920, 1080);
    vport_bench_add_qemu_pictures(suite);
    return !suite->failed;
}

const struct vport_bench_group vport_bench_group_e = {
    .id = "E",
    .title = "end to end: pictures to the simulated adapter, and to QEMU's virtio GPU",
    .open = open_group};
