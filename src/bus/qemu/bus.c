/* SPDX-License-Identifier: MIT */
/* The QEMU bus: making it, closing it, its table of functions, and what hardware does not do. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bus/qemu/internal.h"

#define PROGRAM  "qemu-system-x86_64"
#define PACKAGES "packages qemu-system-x86 and qemu-system-common"

enum {
    DIRECT_REGISTERS = 0x80000 + 1, /* pages that the machine's memory can have, and one more */
};

enum vport_status vport_qemu_error(const struct vport_bus_config *config, enum vport_status status,
                                   const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (config->error && config->error_size > 0)
        vsnprintf(config->error, config->error_size, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- Operations ---- */

static enum vport_status bus_config_read(struct vport_bus *base, unsigned function, uint32_t offset,
                                         void *buffer, uint32_t length)
{
    if (function >= base->functions)
        return VPORT_E_INVALID;
    return vport_qemu_pci_read(vport_qemu_bus(base), base->function[function].slot, offset, buffer,
                               length);
}

static enum vport_status bus_config_write(struct vport_bus *base, unsigned function,
                                          uint32_t offset, const void *buffer, uint32_t length)
{
    if (function >= base->functions)
        return VPORT_E_INVALID;
    return vport_qemu_pci_write(vport_qemu_bus(base), base->function[function].slot, offset, buffer,
                                length);
}

static enum vport_status bus_rom_read(struct vport_bus *base, unsigned function, uint32_t offset,
                                      void *buffer, uint32_t length)
{
    if (function >= base->functions ||
        !vport_range_fits(offset, length, base->function[function].rom_length))
        return VPORT_E_RANGE;
    return vport_qemu_pci_read_rom(vport_qemu_bus(base), base->function[function].slot, offset,
                                   buffer, length);
}

static enum vport_status bus_start(struct vport_bus *base)
{
    return vport_qemu_screen_start(vport_qemu_bus(base));
}

static void end_qemu(struct vport_qemu_bus *bus)
{
    atomic_store(&bus->closing, true);
    if (bus->qmp)
        vport_qmp_quit(bus->qmp);
    if (!vport_qemu_process_end(&bus->process, bus->qmp ? VPORT_QEMU_QUIT_TIME : 0))
        vport_report(bus->base.reports, "BUS", NULL,
                     "QEMU's process %d does not end, not even by SIGKILL.", (int)bus->process.pid);
    vport_qemu_watch_stop(bus);
}

static void free_memory(struct vport_qemu_bus *bus)
{
    size_t locked = bus->base.space ? vport_space_destroy(bus->base.space) : 0;

    if (locked)
        vport_report(bus->base.reports, "LB-12", NULL,
                     "%zu pages were still locked when the machine ended", locked);
    vport_foreign_destroy(bus->foreign);
    vport_qemu_outside_destroy(&bus->outside);
    vport_qemu_iommu_destroy(bus->iommu);
    vport_qemu_ram_destroy(&bus->ram);
}

/* Takes apart as much of the bus as there is. */
static void dismantle(struct vport_qemu_bus *bus)
{
    end_qemu(bus);
    free_memory(bus);
    vport_qtest_destroy(bus->qtest);
    vport_qmp_destroy(bus->qmp);
    vport_qemu_files_close(&bus->files);
    vport_qemu_watch_fini(bus);
    vport_qemu_process_fini(&bus->process);
    vport_qemu_interrupt_fini(bus);
    pthread_mutex_destroy(&bus->picture);
    free(bus);
}

static void bus_close(struct vport_bus *base)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);

    for (unsigned i = 0; i < base->functions; i++)
        vport_qemu_interrupt_disconnect(base, i);
    if (bus->iommu && !vport_qtest_dead(bus->qtest))
        (void)vport_qemu_iommu_check(bus->iommu); /* the last faults; nothing else can be done */
    dismantle(bus);
}

static const struct vport_bus_ops ops = {
    .name = "qemu",
    .start = bus_start,
    .close = bus_close,
    .config_read = bus_config_read,
    .config_write = bus_config_write,
    .rom_read = bus_rom_read,
    .io_read = vport_qemu_io_read,
    .io_write = vport_qemu_io_write,
    .io_read_block = vport_qemu_io_read_block,
    .io_write_block = vport_qemu_io_write_block,
    .interrupt_connect = vport_qemu_interrupt_connect,
    .interrupt_disconnect = vport_qemu_interrupt_disconnect,
    .memory_alloc = vport_qemu_memory_alloc,
    .memory_free = vport_qemu_memory_free,
    .screenshot = vport_qemu_screenshot,
};

static const struct vport_space_ops space_ops = {
    .pin = vport_foreign_pin,
    .unpin = vport_foreign_unpin,
};

/* ---- Making it: this side ---- */

/* The parts whose undoing needs to know nothing. */
static struct vport_qemu_bus *bus_new(const struct vport_bus_config *config,
                                      const struct vport_qemu_options *options)
{
    struct vport_qemu_bus *bus = calloc(1, sizeof(*bus));

    if (!bus)
        return NULL;
    bus->options = *options;
    bus->ram.fd = -1;
    bus->files = (struct vport_qemu_files){-1, -1, -1, {-1, -1}, {-1, -1}, {-1, -1}};
    bus->base = (struct vport_bus){
        .ops = &ops,
        .platform = {.ops = options->iommu ? &vport_qemu_platform_iommu : &vport_qemu_platform,
                     .highest = options->memory - 1,
                     .outside = true,
                     .bounce_registers = options->map_registers,
                     .direct_registers = DIRECT_REGISTERS},
        .loop = config->loop,
        .reports = config->reports,
        .trace = config->trace,
        .memory_size = options->memory};
    pthread_mutex_init(&bus->picture, NULL);
    vport_qemu_interrupt_init(bus);
    if (vport_qemu_process_init(&bus->process) == VPORT_OK) {
        if (vport_qemu_watch_init(bus) == VPORT_OK)
            return bus;
        vport_qemu_process_fini(&bus->process);
    }
    vport_qemu_interrupt_fini(bus);
    pthread_mutex_destroy(&bus->picture);
    free(bus);
    return NULL;
}

static enum vport_status make_memory(struct vport_qemu_bus *bus, uint64_t seed)
{
    struct vport_qemu_iommu_config iommu = {
        .ram = &bus->ram, .reports = bus->base.reports, .qtest = bus->qtest};
    enum vport_status status = vport_qemu_ram_create(&bus->ram, bus->options.memory, seed);

    if (status == VPORT_OK)
        status = vport_qemu_outside_create(&bus->outside);
    if (status == VPORT_OK)
        status = vport_foreign_create(&vport_qemu_outside_foreign, &bus->outside, &bus->foreign);
    if (status == VPORT_OK)
        status = vport_space_create(&space_ops, bus->foreign, &bus->base.space);
    if (status == VPORT_OK && bus->options.iommu)
        status = vport_qemu_iommu_create(&iommu, &bus->iommu);
    return status;
}

static enum vport_status make_clients(struct vport_qemu_bus *bus)
{
    struct vport_qtest_config qtest = {.timeout = VPORT_QEMU_ANSWER_TIME,
                                       .irq = vport_qemu_watch_irq,
                                       .died = vport_qemu_watch_died,
                                       .context = bus};
    enum vport_status status = vport_qemu_files_open(&bus->files, bus->options.messages);

    if (status != VPORT_OK)
        return status;
    qtest.fd = bus->files.qtest.ours;
    bus->files.qtest.ours = -1;
    return vport_qtest_create(&qtest, &bus->qtest);
}

/* ---- Making it: QEMU's side ---- */

static enum vport_status start_qemu(struct vport_qemu_bus *bus)
{
    enum vport_status status;

    vport_qemu_command_line(&bus->command_line, &bus->options, &bus->files, bus->ram.fd);
    status = vport_qemu_watch_start(bus);
    vport_qemu_files_close_theirs(&bus->files);
    return status;
}

/*
 * QEMU opens its monitor when all its devices are made: from its greeting on, the machine is there.
 */
static enum vport_status greet(struct vport_qemu_bus *bus, const struct vport_bus_config *config)
{
    char why[VPORT_QMP_TEXT] = "";
    char end[384];
    int monitor = bus->files.qmp.ours;
    enum vport_status status;

    bus->files.qmp.ours = -1;
    status = vport_qmp_create(monitor, VPORT_QEMU_ANSWER_TIME, &bus->qmp, why);
    if (status == VPORT_OK)
        return status;
    vport_qemu_process_wait(&bus->process, VPORT_QEMU_QUIT_TIME);
    vport_qemu_process_describe(&bus->process, end, sizeof(end));
    return vport_qemu_error(config, VPORT_E_ENVIRONMENT, "%s did not start: it %s (needed: %s)",
                            bus->path, end, PACKAGES);
}

static enum vport_status set_up_iommu(struct vport_qemu_bus *bus)
{
    const struct vport_resource *video_memory = vport_qemu_pci_bar(
        bus, VPORT_QEMU_SLOT_SCREEN, vport_qemu_model_facts(bus->options.screen)->video_memory);
    const struct vport_resource *doorbell = vport_qemu_pci_bar(bus, VPORT_QEMU_SLOT_DOORBELL, 0);
    enum vport_status status = vport_qemu_iommu_add(
        bus->iommu, 0, VPORT_QEMU_SLOT_ADAPTER, vport_qemu_model_facts(bus->options.device)->name);

    if (status == VPORT_OK && video_memory)
        status = vport_qemu_iommu_pass(bus->iommu, 0, video_memory->start, video_memory->length);
    if (status == VPORT_OK && doorbell)
        status = vport_qemu_iommu_pass(bus->iommu, 0, doorbell->start,
                                       vport_align_up(doorbell->length, VPORT_PAGE_SIZE));
    return status;
}

static enum vport_status intercept(struct vport_qemu_bus *bus)
{
    vport_qtest_begin(bus->qtest);
    vport_qtest_intercept(bus->qtest, "ioapic");
    return vport_qtest_end(bus->qtest);
}

/* What firmware does after every reset. */
static enum vport_status turn_on(struct vport_qemu_bus *bus)
{
    enum vport_status status = vport_qemu_pci_enable(bus);

    if (status == VPORT_OK)
        status = vport_qemu_vga_start(bus);
    if (status == VPORT_OK && bus->iommu)
        status = vport_qemu_iommu_enable(bus->iommu);
    if (status == VPORT_OK && bus->options.messages)
        status = vport_qemu_interrupt_messages(bus);
    return status;
}

static enum vport_status set_up(struct vport_qemu_bus *bus)
{
    enum vport_status status = intercept(bus);

    if (status == VPORT_OK)
        status = vport_qemu_pci_assign(bus);
    vport_qemu_vga_claim(bus);
    if (status == VPORT_OK && bus->iommu)
        status = set_up_iommu(bus);
    if (status == VPORT_OK)
        status = turn_on(bus);
    return status;
}

static enum vport_status bus_build(struct vport_qemu_bus *bus,
                                   const struct vport_bus_config *config)
{
    enum vport_status status = make_clients(bus);

    if (status == VPORT_OK)
        status = make_memory(bus, config->seed);
    if (status == VPORT_OK)
        status = start_qemu(bus);
    if (status != VPORT_OK)
        return vport_qemu_error(config, status, "no memory, descriptor or process left for QEMU");
    status = greet(bus, config);
    if (status != VPORT_OK)
        return status;
    status = set_up(bus);
    if (status == VPORT_E_DEVICE || status == VPORT_E_UNSUPPORTED)
        return vport_qemu_error(config, VPORT_E_DEVICE,
                                "QEMU %s started, but its machine does not behave as 7.2's does",
                                vport_qmp_version(bus->qmp));
    if (status != VPORT_OK)
        return vport_qemu_error(config, status, "%s", vport_status_text(status));
    atomic_store(&bus->ready, true);
    return VPORT_OK;
}

enum vport_status vport_qemu_bus_create(const struct vport_bus_config *config,
                                        const struct vport_qemu_options *options,
                                        struct vport_bus **result)
{
    struct vport_qemu_options settled = *options;
    enum vport_status status =
        vport_qemu_options_settle(&settled, config->error, config->error_size);
    struct vport_qemu_bus *bus;

    *result = NULL;
    if (status != VPORT_OK)
        return status;
    if (vport_loop_mode(config->loop) != VPORT_LOOP_THREADED)
        return vport_qemu_error(config, VPORT_E_INVALID,
                                "QEMU's devices run by themselves: they need a threaded machine");
    bus = bus_new(config, &settled);
    if (!bus)
        return vport_qemu_error(config, VPORT_E_NO_MEMORY, "out of memory");
    status = vport_qemu_process_find(PROGRAM, bus->path, sizeof(bus->path));
    if (status != VPORT_OK)
        vport_qemu_error(config, status, "%s is not in PATH: install %s", PROGRAM, PACKAGES);
    else
        status = bus_build(bus, config);
    if (status == VPORT_OK)
        *result = &bus->base;
    else
        dismantle(bus);
    return status;
}

enum vport_status vport_qemu_check(char *why, size_t size)
{
    const struct vport_qemu_options everything = {
        .device = VPORT_QEMU_VIRTIO_GPU, .screen = VPORT_QEMU_BOCHS_DISPLAY, .iommu = true};
    struct vport_bus_config config = {.error = why, .error_size = size};
    struct vport_bus *bus;
    enum vport_status status = vport_loop_create(VPORT_LOOP_THREADED, 0, NULL, &config.loop);

    if (status != VPORT_OK)
        return vport_qemu_error(&config, status, "out of memory");
    status = vport_qemu_bus_create(&config, &everything, &bus);
    if (status == VPORT_OK)
        bus->ops->close(bus);
    vport_loop_destroy(config.loop);
    return status;
}

/* ---- What hardware does not do ---- */

static enum vport_status command(struct vport_bus *base, const char *name)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    enum vport_status status;

    vport_qemu_flush(bus);
    status = vport_qmp_execute(bus->qmp, name, NULL, NULL);
    return status == VPORT_E_INVALID ? VPORT_E_DEVICE : status;
}

enum vport_status vport_qemu_bus_stop(struct vport_bus *base)
{
    return command(base, "stop");
}

enum vport_status vport_qemu_bus_continue(struct vport_bus *base)
{
    return command(base, "cont");
}

enum vport_status vport_qemu_bus_reset(struct vport_bus *base)
{
    struct vport_qemu_bus *bus = vport_qemu_bus(base);
    uint64_t resets = vport_qmp_count(bus->qmp, VPORT_QMP_RESET);
    enum vport_status status = command(base, "system_reset");

    if (status == VPORT_OK)
        status = vport_qmp_wait(bus->qmp, VPORT_QMP_RESET, resets);
    if (status == VPORT_OK)
        status = turn_on(bus);
    if (status == VPORT_OK)
        status = vport_qemu_screen_start(bus);
    return status;
}

pid_t vport_qemu_bus_process(struct vport_bus *base)
{
    return vport_qemu_bus(base)->process.pid;
}
