/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: delivered as events of the loop. A level is delivered again and again while it is up;
 * a line that stays up whatever its handler does would eat the machine, so it is reported and
 * masked in the end. A message is delivered once.
 *
 * Messages go the way they go on real hardware, a write of the device's to an address that means
 * "interrupt"; here that is the doorbell register of an ivshmem device whose other end is an
 * eventfd of ours. (Aimed at plain RAM they would have to be polled for.)
 */
#include <unistd.h>

#include "bus/qemu/internal.h"

enum {
    STORM = 1000,      /* deliveries of one level before the line is masked */
    STORM_PACE = 1000, /* ns between two: time for others to run */

    MSI = 0x05,
    MSI_CONTROL = 2,
    MSI_ADDRESS = 4,
    MSI_ENABLE = 1,
    MSI_64 = 0x80,
    DOORBELL_REGISTER = 12, /* of an ivshmem device: peer << 16 | vector; ours are both 0 */
};

/* Under line->lock. */
static bool deliverable(const struct vport_qemu_line *line)
{
    return line->handler && !line->masked && (line->level || line->messages > 0);
}

/* Under line->lock. */
static void fire(struct vport_qemu_line *line, uint64_t delay)
{
    if (deliverable(line))
        vport_loop_post(line->bus->base.loop, &line->event, delay);
}

static void report_storm(struct vport_qemu_line *line, unsigned claimed)
{
    vport_report(line->bus->base.reports, "DEVICE", NULL,
                 "Interrupt line %u is still up after its handler ran %d times and claimed %u of "
                 "them. It is masked now, until the handler is connected again. A handler must "
                 "make the device drop the line.",
                 line->vector, STORM, claimed);
}

/* After a delivery: posts another if one is due. */
static void go_on(struct vport_qemu_line *line, bool claimed)
{
    unsigned total;
    bool storm;

    pthread_mutex_lock(&line->lock);
    if (line->level) {
        line->claimed += claimed;
        line->masked = ++line->deliveries >= STORM;
    }
    storm = line->masked;
    total = line->claimed;
    fire(line, line->level ? STORM_PACE : 0);
    pthread_mutex_unlock(&line->lock);
    if (storm)
        report_storm(line, total);
}

static void deliver(void *context)
{
    struct vport_qemu_line *line = context;
    vport_interrupt_handler *handler;
    void *handler_context;
    bool claimed;

    pthread_mutex_lock(&line->lock);
    handler = deliverable(line) ? line->handler : NULL;
    handler_context = line->context;
    if (handler && line->messages > 0)
        line->messages--;
    pthread_mutex_unlock(&line->lock);
    if (!handler)
        return;
    claimed = handler(handler_context);
    vport_qemu_flush(line->bus); /* what it wrote to make the device drop the line has arrived */
    vport_trace(line->bus->base.trace, VPORT_TRACE_INTERRUPT, line->vector, claimed, 0, 0);
    go_on(line, claimed);
}

void vport_qemu_interrupt_level(struct vport_qemu_bus *bus, uint32_t vector, bool level)
{
    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(bus->line); i++) {
        struct vport_qemu_line *line = &bus->line[i];

        if (line->vector != vector)
            continue;
        pthread_mutex_lock(&line->lock);
        line->level = level;
        if (!level)
            line->deliveries = line->claimed = 0;
        fire(line, 0);
        pthread_mutex_unlock(&line->lock);
    }
}

void vport_qemu_interrupt_message(struct vport_qemu_bus *bus, uint64_t count)
{
    struct vport_qemu_line *line = &bus->line[0];

    pthread_mutex_lock(&line->lock);
    line->messages += (unsigned)count;
    fire(line, 0);
    pthread_mutex_unlock(&line->lock);
}

enum vport_status vport_qemu_interrupt_connect(struct vport_bus *base, unsigned function,
                                               vport_interrupt_handler *handler, void *context)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    struct vport_qemu_line *line;
    bool taken;

    if (function >= base->functions || !base->function[function].interrupt || !handler)
        return VPORT_E_INVALID;
    line = &bus->line[function];
    pthread_mutex_lock(&line->lock);
    taken = line->handler != NULL;
    if (!taken) {
        line->handler = handler;
        line->context = context;
        line->masked = false;
        line->deliveries = line->claimed = line->messages = 0;
        fire(line, 0);
    }
    pthread_mutex_unlock(&line->lock);
    return taken ? VPORT_E_STATE : VPORT_OK;
}

void vport_qemu_interrupt_disconnect(struct vport_bus *base, unsigned function)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    struct vport_qemu_line *line;

    if (function >= base->functions)
        return;
    line = &bus->line[function];
    pthread_mutex_lock(&line->lock);
    line->handler = NULL;
    pthread_mutex_unlock(&line->lock);
    vport_loop_cancel_wait(base->loop, &line->event);
}

/* ---- Messages ---- */

/* Writes the capability: where messages go, that their text is 0, and that there are to be any. */
static enum vport_status enable_messages(struct vport_qemu_bus *bus, uint8_t at)
{
    uint32_t address[2] = {(uint32_t)bus->doorbell, (uint32_t)(bus->doorbell >> 32)};
    uint16_t control = 0;
    uint16_t text = 0;
    enum vport_status status = vport_qemu_pci_read(bus, VPORT_QEMU_SLOT_ADAPTER, at + MSI_CONTROL,
                                                   &control, sizeof(control));
    bool wide = control & MSI_64;

    control |= MSI_ENABLE;
    if (status == VPORT_OK)
        status = vport_qemu_pci_write(bus, VPORT_QEMU_SLOT_ADAPTER, at + MSI_ADDRESS, address,
                                      wide ? 8 : 4);
    if (status == VPORT_OK)
        status = vport_qemu_pci_write(bus, VPORT_QEMU_SLOT_ADAPTER,
                                      at + MSI_ADDRESS + (wide ? 8u : 4u), &text, sizeof(text));
    if (status == VPORT_OK)
        status = vport_qemu_pci_write(bus, VPORT_QEMU_SLOT_ADAPTER, at + MSI_CONTROL, &control,
                                      sizeof(control));
    return status;
}

enum vport_status vport_qemu_interrupt_messages(struct vport_qemu_bus *bus)
{
    const struct vport_resource *doorbell = vport_qemu_pci_bar(bus, VPORT_QEMU_SLOT_DOORBELL, 0);
    uint8_t at = 0;
    enum vport_status status;

    if (!doorbell)
        return VPORT_E_DEVICE;
    bus->doorbell = doorbell->start + DOORBELL_REGISTER;
    status = vport_qemu_pci_capability(bus, VPORT_QEMU_SLOT_ADAPTER, MSI, 0, &at);
    if (status != VPORT_OK)
        return status;
    return at ? enable_messages(bus, at) : VPORT_E_DEVICE;
}

/* ---- Life ---- */

void vport_qemu_interrupt_init(struct vport_qemu_bus *bus)
{
    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(bus->line); i++) {
        bus->line[i].bus = bus;
        pthread_mutex_init(&bus->line[i].lock, NULL);
        vport_event_init(&bus->line[i].event, VPORT_EVENT_SYSTEM, deliver, &bus->line[i]);
    }
}

void vport_qemu_interrupt_fini(struct vport_qemu_bus *bus)
{
    for (unsigned i = 0; i < VPORT_ARRAY_SIZE(bus->line); i++)
        pthread_mutex_destroy(&bus->line[i].lock);
}
