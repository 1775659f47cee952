/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the simulated bus: a bus on a deterministic loop, and a device model ("probe")
 * that does under its lock whatever a test asks it to.
 */
#ifndef TESTS_UNIT_SIM_FIXTURE_H
#define TESTS_UNIT_SIM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arith.h"
#include "bus/sim/sim.h"

#define GIB(n) ((uint64_t)(n) << 30)
#define MIB(n) ((uint64_t)(n) << 20)

struct fixture {
    struct vport_loop *loop;
    struct vport_reports *reports;
    struct vport_bus *bus;
    struct vport_device *device; /* the probe's */
    unsigned resets, timers, destroyed;
    uint8_t video[4096] __attribute__((aligned(4096)));
    void (*act)(struct fixture *fixture, void *context);
    void *context;
    uint64_t last_offset, last_value;
    unsigned last_width;
};

static inline uint64_t test_seed(void)
{
    const char *text = getenv("VPORT_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 20011025;
    printf("VPORT_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

static inline void fixture_create(struct fixture *f, struct vport_sim_platform platform,
                                  uint64_t seed)
{
    *f = (struct fixture){0};
    assert_int_equal(vport_loop_create(VPORT_LOOP_DETERMINISTIC, seed, NULL, &f->loop), VPORT_OK);
    f->reports = vport_reports_create(NULL, NULL);
    assert_non_null(f->reports);
    struct vport_bus_config config = {.loop = f->loop, .reports = f->reports, .seed = seed};
    assert_int_equal(vport_sim_bus_create(&config, &platform, &f->bus), VPORT_OK);
}

static inline void fixture_destroy(struct fixture *f)
{
    f->bus->ops->close(f->bus);
    vport_loop_destroy(f->loop);
    vport_reports_destroy(f->reports);
}

/* The text of the newest kept report; "" when there is none. */
static inline const char *last_report(struct fixture *f)
{
    static char text[VPORT_REPORT_TEXT];
    uint64_t count = vport_reports_count(f->reports, NULL);
    text[0] = 0;
    if (count)
        vport_reports_get(f->reports, (size_t)count - 1, NULL, 0, text, sizeof(text));
    return text;
}

#define assert_reported(f, words) assert_non_null(strstr(last_report(f), words))

/* ---- The probe --------------------------------------------------------------------------- */

static inline void probe_attach(void *model, struct vport_device *device)
{
    ((struct fixture *)model)->device = device;
}

static inline void probe_reset(void *model)
{
    ((struct fixture *)model)->resets++;
}

static inline uint64_t probe_read(void *model, unsigned bar, uint64_t offset, unsigned width)
{
    (void)model;
    return 0x1122334455667788u + bar * 0x100 + offset * 0x10000 + width;
}

static inline void probe_write(void *model, unsigned bar, uint64_t offset, unsigned width,
                               uint64_t value)
{
    struct fixture *f = model;
    (void)bar;
    f->last_offset = offset;
    f->last_width = width;
    f->last_value = value;
    if (f->act)
        f->act(f, f->context);
}

static inline void probe_timer(void *model, unsigned timer)
{
    ((struct fixture *)model)->timers |= 1u << timer;
}

static inline void probe_destroy(void *model)
{
    ((struct fixture *)model)->destroyed++;
}

static const struct vport_device_ops probe_ops = {
    .name = "probe",
    .vendor = 0x1234,
    .device = 0x5678,
    .class_code = 0x038000,
    .revision = 7,
    .interrupt = true,
    .attach = probe_attach,
    .reset = probe_reset,
    .read = probe_read,
    .write = probe_write,
    .timer = probe_timer,
    .destroy = probe_destroy,
};

/* BAR 0: registers; BAR 1: ports; BAR 2: memory. */
static inline struct vport_device_plug probe_plug(struct fixture *f)
{
    return (struct vport_device_plug){
        .ops = &probe_ops,
        .model = f,
        .bar = {{.length = 4096},
                {.length = 16, .port = true},
                {.length = sizeof(f->video), .prefetchable = true, .memory = f->video}},
    };
}

static inline void probe_add(struct fixture *f, unsigned address_bits)
{
    struct vport_device_plug plug = probe_plug(f);
    plug.address_bits = address_bits;
    assert_int_equal(vport_sim_bus_plug(f->bus, &plug), VPORT_OK);
}

/* Runs act(f, context) as the model, under its lock. */
static inline void probe_run(struct fixture *f, void (*act)(struct fixture *, void *),
                             void *context)
{
    f->act = act;
    f->context = context;
    assert_int_equal(
        f->bus->ops->io_write(f->bus, VPORT_IO_MEMORY, f->bus->function[0].resource[0].start, 4, 0),
        VPORT_OK);
    f->act = NULL;
}

static inline void master_set(struct fixture *f, bool on)
{
    uint16_t command = 3 | (on ? 4 : 0);
    assert_int_equal(f->bus->ops->config_write(f->bus, 0, 4, &command, sizeof(command)), VPORT_OK);
}

struct probe_dma {
    uint64_t address;
    void *buffer;
    size_t length;
    bool write;
    enum vport_status status;
};

static inline void probe_dma_act(struct fixture *f, void *context)
{
    struct probe_dma *dma = context;
    dma->status = dma->write
                      ? vport_device_dma_write(f->device, dma->address, dma->buffer, dma->length)
                      : vport_device_dma_read(f->device, dma->address, dma->buffer, dma->length);
}

static inline enum vport_status probe_dma_read(struct fixture *f, uint64_t address, void *buffer,
                                               size_t length)
{
    struct probe_dma dma = {address, buffer, length, false, VPORT_OK};
    probe_run(f, probe_dma_act, &dma);
    return dma.status;
}

static inline enum vport_status probe_dma_write(struct fixture *f, uint64_t address,
                                                const void *buffer, size_t length)
{
    struct probe_dma dma = {address, (void *)(uintptr_t)buffer, length, true, VPORT_OK};
    probe_run(f, probe_dma_act, &dma);
    return dma.status;
}

/* ---- What tests do to it ---- */

static inline uint32_t config_read(struct fixture *f, unsigned offset, unsigned width)
{
    uint8_t bytes[4] = {0};
    assert_int_equal(f->bus->ops->config_read(f->bus, 0, offset, bytes, width), VPORT_OK);
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline void config_write(struct fixture *f, unsigned offset, unsigned width, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};
    assert_int_equal(f->bus->ops->config_write(f->bus, 0, offset, bytes, width), VPORT_OK);
}

static inline void line_act(struct fixture *f, void *context)
{
    vport_device_interrupt(f->device, *(bool *)context);
}

static inline void line_set(struct fixture *f, bool level)
{
    probe_run(f, line_act, &level);
}

/* Lets the machine run for a millisecond of its clock. */
static inline void settle(struct fixture *f, uint64_t milliseconds)
{
    vport_loop_stall(f->loop, milliseconds * 1000000);
}

static inline void timers_act(struct fixture *f, void *context)
{
    (void)context;
    vport_device_timer_set(f->device, 0, 1000000);
    vport_device_timer_set(f->device, 1, 1000000);
    vport_device_timer_set(f->device, 2, 50000000);
    vport_device_timer_set(f->device, 2, 1000000);
    vport_device_timer_cancel(f->device, 1);
    vport_device_timer_set(f->device, VPORT_DEVICE_TIMERS, 1);
}

/* ---- Locked memory ----------------------------------------------------------------------- */

struct locked {
    struct vport_pages pages;
    struct vport_frame *frames;
    size_t count;
};

static inline void lock_memory(struct fixture *f, const void *start, size_t length,
                               enum vport_access access, struct locked *locked)
{
    locked->count = (size_t)vport_pages_spanned((uintptr_t)start, length);
    locked->frames = calloc(locked->count, sizeof(*locked->frames));
    assert_non_null(locked->frames);
    assert_int_equal(vport_space_lock(f->bus->space, (uintptr_t)start, length, access,
                                      locked->frames, &locked->pages),
                     VPORT_OK);
}

static inline void unlock_memory(struct fixture *f, struct locked *locked)
{
    vport_space_unlock(f->bus->space, &locked->pages);
    free(locked->frames);
}

#endif
