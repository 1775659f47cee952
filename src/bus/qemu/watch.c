/* SPDX-License-Identifier: MIT */
/*
 * The watch: one thread that starts QEMU, so that QEMU dies with it and it lives as long as the
 * machine, and that then takes in what nobody asked for: interrupts while no command is under way,
 * messages, the end of QEMU, and the IOMMU's faults.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"
#include "bus/qemu/internal.h"

enum {
    FAULT_PACE =
        50, /* ms between looks at the IOMMU, whose interrupt would go to a processor that sleeps */
    LAST_GASP = 500, /* ms that a QEMU which closed its connection may take to end */
};

static void nudge(struct vport_qemu_watch *watch)
{
    uint64_t one = 1;

    if (write(watch->news, &one, sizeof(one)) < 0)
        return; /* it counts to 2^64: cannot be full */
}

/* ---- What the clients tell ---- */

void vport_qemu_watch_irq(void *context, uint32_t line, bool level)
{
    vport_qemu_interrupt_level(context, line, level);
}

void vport_qemu_watch_died(void *context, const char *why)
{
    struct vport_qemu_bus *bus = context;

    pthread_mutex_lock(&bus->watch.lock);
    snprintf(bus->watch.death, sizeof(bus->watch.death), "%s", why);
    pthread_mutex_unlock(&bus->watch.lock);
    nudge(&bus->watch);
}

/* ---- The thread ---- */

static void report_death(struct vport_qemu_bus *bus)
{
    char why[sizeof(bus->watch.death)];
    char end[384];

    pthread_mutex_lock(&bus->watch.lock);
    memcpy(why, bus->watch.death, sizeof(why));
    bus->watch.death[0] = '\0';
    pthread_mutex_unlock(&bus->watch.lock);
    if (why[0] == '\0' || !atomic_load(&bus->ready) || atomic_load(&bus->closing))
        return;
    vport_qemu_process_wait(&bus->process, LAST_GASP);
    vport_qemu_process_describe(&bus->process, end, sizeof(end));
    vport_report(bus->base.reports, "BUS", NULL,
                 "The machine is lost: %s; QEMU %s. Every access to it fails from now on.", why,
                 end);
    vport_loop_wake(bus->base.loop);
}

static void take_messages(struct vport_qemu_bus *bus)
{
    uint64_t count = 0;

    if (read(bus->files.doorbell, &count, sizeof(count)) == (ssize_t)sizeof(count))
        vport_qemu_interrupt_message(bus, count);
}

/* true until the thread is to end. */
static bool take_news(struct vport_qemu_bus *bus)
{
    uint64_t count;

    if (read(bus->watch.news, &count, sizeof(count)) < 0)
        return true;
    report_death(bus);
    return !atomic_load(&bus->watch.stop);
}

static void look_for_faults(struct vport_qemu_bus *bus)
{
    if (bus->iommu && atomic_load(&bus->ready) && !vport_qtest_dead(bus->qtest))
        (void)vport_qemu_iommu_check(bus->iommu); /* a dead bus has its own report */
}

static void listen_on(struct vport_qemu_bus *bus)
{
    struct pollfd files[] = {
        {.fd = bus->watch.news, .events = POLLIN},
        {.fd = vport_qtest_ready_fd(bus->qtest), .events = POLLIN},
        {.fd = bus->files.doorbell, .events = POLLIN},
    };

    do {
        int ready = poll(files, VPORT_ARRAY_SIZE(files), bus->options.iommu ? FAULT_PACE : -1);

        if (ready < 0 && errno != EINTR)
            break;
        if (ready == 0)
            look_for_faults(bus);
        if (ready > 0 && files[1].revents)
            vport_qtest_receive(bus->qtest);
        if (ready > 0 && files[2].revents)
            take_messages(bus);
        if (ready <= 0)
            files[0].revents = 0;
    } while (!files[0].revents || take_news(bus));
}

static void *watch_main(void *context)
{
    struct vport_qemu_bus *bus = context;
    struct vport_qemu_watch *watch = &bus->watch;
    int keep[9];
    size_t kept = vport_qemu_files_kept(&bus->files, keep);
    enum vport_status status;

    if (vport_thread_begun)
        vport_thread_begun();
    keep[kept++] = bus->ram.fd;
    status =
        vport_qemu_process_start(&bus->process, bus->path, bus->command_line.argument, keep, kept);
    pthread_mutex_lock(&watch->lock);
    watch->status = status;
    watch->started = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    if (status == VPORT_OK)
        listen_on(bus);
    return NULL;
}

/* ---- Life ---- */

enum vport_status vport_qemu_watch_init(struct vport_qemu_bus *bus)
{
    bus->watch.news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&bus->watch.lock, NULL);
    pthread_cond_init(&bus->watch.changed, NULL);
    return bus->watch.news < 0 ? VPORT_E_NO_MEMORY : VPORT_OK;
}

enum vport_status vport_qemu_watch_start(struct vport_qemu_bus *bus)
{
    struct vport_qemu_watch *watch = &bus->watch;

    if (pthread_create(&watch->thread, NULL, watch_main, bus) != 0)
        return VPORT_E_NO_MEMORY;
    watch->running = true;
    pthread_mutex_lock(&watch->lock);
    while (!watch->started)
        pthread_cond_wait(&watch->changed, &watch->lock);
    pthread_mutex_unlock(&watch->lock);
    return watch->status;
}

void vport_qemu_watch_stop(struct vport_qemu_bus *bus)
{
    if (!bus->watch.running)
        return;
    atomic_store(&bus->watch.stop, true);
    nudge(&bus->watch);
    pthread_join(bus->watch.thread, NULL);
    bus->watch.running = false;
}

void vport_qemu_watch_fini(struct vport_qemu_bus *bus)
{
    if (bus->watch.news >= 0)
        close(bus->watch.news);
    pthread_mutex_destroy(&bus->watch.lock);
    pthread_cond_destroy(&bus->watch.changed);
}
