/* SPDX-License-Identifier: MIT */
/*
 * The bus's side of a model: its lock, its timers, its reports, its life. What the model may do to
 * memory is in master.c, its interrupt in line.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/sim/internal.h"

struct vport_device *vport_sim_device(struct vport_bus *bus, unsigned function)
{
    return function < bus->functions ? vport_sim_bus(bus)->device[function] : NULL;
}

void vport_sim_device_enter(struct vport_device *device)
{
    pthread_mutex_lock(&device->lock);
}

/* Gives the lock back, then hands on what the model had to say: a sink runs with no lock of ours
 * held. */
void vport_sim_device_leave(struct vport_device *device)
{
    struct vport_sim_note *note = device->notes;
    device->notes = NULL;
    device->last_note = &device->notes;
    pthread_mutex_unlock(&device->lock);
    while (note) {
        struct vport_sim_note *next = note->next;
        vport_report(device->bus->bus.reports, "DEVICE", NULL, "%s: %s", device->plug.ops->name,
                     note->text);
        free(note);
        note = next;
    }
}

void vport_device_report(struct vport_device *device, const char *format, ...)
{
    struct vport_sim_note *note = malloc(sizeof(*note));
    va_list args;
    va_start(args, format);
    if (note) {
        vsnprintf(note->text, sizeof(note->text), format, args);
        note->next = NULL;
        *device->last_note = note;
        device->last_note = &note->next;
    } else { /* better from under the lock than not at all */
        vport_report_va(device->bus->bus.reports, "DEVICE", NULL, format, args);
    }
    va_end(args);
}

/* ---- Timers, clock, numbers -------------------------------------------------------------- */

static void timer_run(void *context)
{
    struct vport_sim_timer *timer = context;
    struct vport_device *device = timer->device;
    unsigned index = (unsigned)(timer - device->timers);
    vport_sim_device_enter(device);
    /* It may have been cancelled or moved while this event waited for the lock. */
    if (timer->armed && timer->due <= vport_device_now(device)) {
        timer->armed = false;
        vport_trace(device->bus->bus.trace, VPORT_TRACE_DEVICE_EVENT, device->number, index, 0, 0);
        device->plug.ops->timer(device->plug.model, index);
    }
    vport_sim_device_leave(device);
}

static bool timer_exists(struct vport_device *device, unsigned timer)
{
    if (timer < VPORT_DEVICE_TIMERS && device->plug.ops->timer)
        return true;
    vport_device_report(device, "the model used timer %u, but it has %d timers", timer,
                        device->plug.ops->timer ? VPORT_DEVICE_TIMERS : 0);
    return false;
}

void vport_device_timer_set(struct vport_device *device, unsigned timer, uint64_t delay)
{
    if (!timer_exists(device, timer))
        return;
    struct vport_sim_timer *slot = &device->timers[timer];
    uint64_t now = vport_device_now(device);
    slot->armed = true;
    slot->due = delay > UINT64_MAX - now ? UINT64_MAX : now + delay;
    vport_loop_post(device->bus->bus.loop, &slot->event, delay);
}

static void timer_stop(struct vport_sim_timer *timer)
{
    timer->armed = false;
    vport_loop_cancel(timer->device->bus->bus.loop, &timer->event);
}

void vport_device_timer_cancel(struct vport_device *device, unsigned timer)
{
    if (timer_exists(device, timer))
        timer_stop(&device->timers[timer]);
}

uint64_t vport_device_now(struct vport_device *device)
{
    return vport_loop_now(device->bus->bus.loop);
}

uint64_t vport_device_random(struct vport_device *device)
{
    return vport_sim_random(&device->random);
}

/* ---- Life -------------------------------------------------------------------------------- */

static struct vport_device *device_create(struct vport_sim_bus *sim,
                                          const struct vport_device_plug *plug)
{
    struct vport_device *device = calloc(1, sizeof(*device));
    if (!device)
        return NULL;
    device->bus = sim;
    device->plug = *plug;
    device->number = sim->bus.functions;
    device->random = sim->seed + device->number + 1;
    device->last_note = &device->notes;
    pthread_mutex_init(&device->lock, NULL);
    vport_sim_line_init(device);
    for (unsigned i = 0; i < VPORT_DEVICE_TIMERS; i++) {
        device->timers[i].device = device;
        vport_event_init(&device->timers[i].event, VPORT_EVENT_DEVICE, timer_run,
                         &device->timers[i]);
    }
    return device;
}

void vport_sim_device_free(struct vport_device *device)
{
    if (device->plug.ops->destroy)
        device->plug.ops->destroy(device->plug.model);
    pthread_mutex_destroy(&device->line.lock);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

/* Nothing of the device runs any more when this returns. */
void vport_sim_device_stop(struct vport_device *device)
{
    vport_sim_device_enter(device);
    for (unsigned i = 0; i < VPORT_DEVICE_TIMERS; i++)
        timer_stop(&device->timers[i]);
    vport_sim_device_leave(device);
    for (unsigned i = 0; i < VPORT_DEVICE_TIMERS; i++)
        vport_loop_cancel_wait(device->bus->bus.loop, &device->timers[i].event);
}

void vport_sim_device_reset(struct vport_device *device)
{
    vport_sim_device_stop(device);
    vport_sim_device_enter(device);
    vport_device_interrupt(device, false);
    vport_sim_config_reset(device);
    device->plug.ops->reset(device->plug.model);
    vport_sim_device_leave(device);
}

static void function_describe(const struct vport_device *device, struct vport_function *function)
{
    const struct vport_device_ops *ops = device->plug.ops;
    unsigned bits = device->plug.address_bits;
    *function = (struct vport_function){
        .vendor = ops->vendor,
        .device = ops->device,
        .class_code = ops->class_code,
        .slot = (uint8_t)(2 + device->number),
        .dma_mask = bits == 0 || bits == 64 ? UINT64_MAX : (1ull << bits) - 1,
        .interrupt = ops->interrupt,
        .vector = 16 + device->number,
    };
}

static enum vport_status device_power_on(struct vport_sim_bus *sim, struct vport_device *device)
{
    struct vport_function *function = &sim->bus.function[device->number];
    struct vport_sim_window window = sim->window;
    function_describe(device, function);
    enum vport_status status = vport_sim_config_init(device, function);
    if (status != VPORT_OK) {
        sim->window = window;
        return status;
    }
    sim->device[sim->bus.functions++] = device;
    vport_sim_device_enter(device);
    device->plug.ops->attach(device->plug.model, device);
    vport_sim_device_leave(device);
    vport_sim_device_reset(device);
    return VPORT_OK;
}

enum vport_status vport_sim_bus_plug(struct vport_bus *bus, const struct vport_device_plug *plug)
{
    struct vport_sim_bus *sim = vport_sim_bus(bus);
    const struct vport_device_ops *ops = plug->ops;
    enum vport_status status = VPORT_E_INVALID;
    struct vport_device *device = NULL;
    if (!ops || !ops->name || !ops->attach || !ops->reset || plug->address_bits > 64 ||
        (plug->address_bits && plug->address_bits <= VPORT_PAGE_SHIFT))
        goto fail;
    status = VPORT_E_TOO_LARGE;
    if (bus->functions == VPORT_SIM_FUNCTIONS)
        goto fail;
    status = VPORT_E_NO_MEMORY;
    device = device_create(sim, plug);
    if (!device)
        goto fail;
    status = device_power_on(sim, device);
    if (status == VPORT_OK)
        return VPORT_OK;
fail:
    if (device)
        vport_sim_device_free(device);
    else if (ops && ops->destroy)
        ops->destroy(plug->model);
    return status;
}
