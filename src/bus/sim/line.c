/* SPDX-License-Identifier: MIT */
/*
 * The interrupt pin of a function: level triggered, delivered as an event of the loop, again and
 * again while the line is up. A line that stays up whatever the handler does would eat the machine,
 * so it is reported and masked in the end.
 */
#include "bus/sim/internal.h"

enum {
    STORM = 1000,     /* deliveries of one level before the line is masked */
    STORM_PACE = 1000 /* ns between two: what a real interrupt costs, and time for others to run */
};

/* Under line->lock. */
static bool deliverable(const struct vport_sim_line *line)
{
    return line->level && line->enabled && !line->masked && line->handler;
}

static void fire(struct vport_device *device)
{
    vport_loop_post(device->bus->bus.loop, &device->line.event, 0);
}

static void report_storm(struct vport_device *device, unsigned claimed)
{
    vport_report(
        device->bus->bus.reports, "DEVICE", NULL,
        "%s: the interrupt line is still up after its handler ran %d times and claimed %u of them. "
        "It is masked "
        "now, until the handler is connected again. A handler must make the device drop the line.",
        device->plug.ops->name, STORM, claimed);
}

/* After a delivery: true if another is due. */
static bool again(struct vport_device *device, bool claimed)
{
    struct vport_sim_line *line = &device->line;
    pthread_mutex_lock(&line->lock);
    bool more = deliverable(line);
    if (more) {
        line->claimed += claimed;
        line->masked = ++line->deliveries >= STORM;
    }
    bool storm = more && line->masked;
    unsigned count = line->claimed;
    pthread_mutex_unlock(&line->lock);
    if (storm)
        report_storm(device, count);
    return more && !storm;
}

static void deliver(void *context)
{
    struct vport_device *device = context;
    struct vport_sim_line *line = &device->line;
    pthread_mutex_lock(&line->lock);
    vport_interrupt_handler *handler = deliverable(line) ? line->handler : NULL;
    void *handler_context = line->context;
    pthread_mutex_unlock(&line->lock);
    if (!handler)
        return;
    bool claimed = handler(handler_context);
    vport_trace(device->bus->bus.trace, VPORT_TRACE_INTERRUPT,
                device->bus->bus.function[device->number].vector, claimed, 0, 0);
    if (again(device, claimed))
        vport_loop_post(device->bus->bus.loop, &line->event, STORM_PACE);
}

void vport_sim_line_init(struct vport_device *device)
{
    pthread_mutex_init(&device->line.lock, NULL);
    vport_event_init(&device->line.event, VPORT_EVENT_SYSTEM, deliver, device);
}

void vport_sim_line_stop(struct vport_device *device)
{
    vport_sim_line_disconnect(&device->bus->bus, device->number);
}

/* Changes one of the conditions, and fires if the interrupt can be delivered after it. */
static void line_set(struct vport_device *device, bool *what, bool value)
{
    struct vport_sim_line *line = &device->line;
    pthread_mutex_lock(&line->lock);
    bool before = deliverable(line);
    *what = value;
    if (!line->level)
        line->deliveries = line->claimed = 0;
    bool rises = !before && deliverable(line);
    pthread_mutex_unlock(&line->lock);
    if (rises)
        fire(device);
}

void vport_device_interrupt(struct vport_device *device, bool level)
{
    line_set(device, &device->line.level, level && device->plug.ops->interrupt);
}

void vport_sim_line_enable(struct vport_device *device, bool enabled)
{
    line_set(device, &device->line.enabled, enabled);
}

bool vport_sim_line_level(struct vport_device *device)
{
    pthread_mutex_lock(&device->line.lock);
    bool level = device->line.level;
    pthread_mutex_unlock(&device->line.lock);
    return level;
}

enum vport_status vport_sim_line_connect(struct vport_bus *bus, unsigned function,
                                         vport_interrupt_handler *handler, void *context)
{
    struct vport_device *device = vport_sim_device(bus, function);
    if (!device || !handler || !device->plug.ops->interrupt)
        return VPORT_E_INVALID;
    struct vport_sim_line *line = &device->line;
    pthread_mutex_lock(&line->lock);
    bool taken = line->handler != NULL;
    if (!taken) {
        line->handler = handler;
        line->context = context;
        line->masked = false;
        line->deliveries = line->claimed = 0;
    }
    bool pending = !taken && deliverable(line);
    pthread_mutex_unlock(&line->lock);
    if (pending)
        fire(device);
    return taken ? VPORT_E_STATE : VPORT_OK;
}

void vport_sim_line_disconnect(struct vport_bus *bus, unsigned function)
{
    struct vport_device *device = vport_sim_device(bus, function);
    if (!device)
        return;
    pthread_mutex_lock(&device->line.lock);
    device->line.handler = NULL;
    pthread_mutex_unlock(&device->line.lock);
    vport_loop_cancel_wait(bus->loop, &device->line.event);
}
