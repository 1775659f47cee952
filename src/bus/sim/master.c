/* SPDX-License-Identifier: MIT */
/* Bus mastering: a model reads and writes memory by bus address, in pieces as long as the pages
 * behind them allow. */
#include <inttypes.h>
#include <string.h>

#include "bus/sim/internal.h"

/* One access on its way. */
struct transfer {
    struct vport_device *device;
    struct vport_sim_ram *ram;
    uint64_t address, mask;
    uint8_t *buffer;
    size_t length;
    bool write; /* to memory */
};

static const char *verb(const struct transfer *transfer)
{
    return transfer->write ? "write" : "read";
}

/* The bus address of byte `done`, as it arrives at memory: a card without the upper lines cannot
 * say them. */
static uint64_t address_at(const struct transfer *transfer, size_t done)
{
    return (transfer->address + done) & transfer->mask;
}

static size_t piece_at(const struct transfer *transfer, size_t done)
{
    return (size_t)vport_min_u64(transfer->length - done,
                                 VPORT_PAGE_SIZE - (address_at(transfer, done) & VPORT_PAGE_MASK));
}

static enum vport_status refuse(const struct transfer *transfer, uint64_t address, const char *why)
{
    vport_sim_config_aborted(transfer->device);
    vport_device_report(transfer->device,
                        "device %s at bus address 0x%" PRIx64
                        ", which is %s (in a %s of %zu bytes at 0x%" PRIx64 ")",
                        verb(transfer), address, why, verb(transfer), transfer->length,
                        transfer->address);
    return VPORT_E_ACCESS;
}

/* Nothing may have moved when an access is refused, so every page is looked at first. */
static enum vport_status check(const struct transfer *transfer)
{
    for (size_t done = 0; done < transfer->length; done += piece_at(transfer, done)) {
        uint64_t address = address_at(transfer, done);
        uintptr_t entry = vport_sim_ram_entry(transfer->ram, address >> VPORT_PAGE_SHIFT);
        if (!entry)
            return refuse(transfer, address, "no memory now");
        if (transfer->write && !(entry & VPORT_SIM_WRITABLE))
            return refuse(transfer, address, "locked for reading only");
    }
    return VPORT_OK;
}

static void copy(const struct transfer *transfer, uint8_t *view, size_t done, size_t length)
{
    if (transfer->write)
        memcpy(view, transfer->buffer + done, length);
    else
        memcpy(transfer->buffer + done, view, length);
}

/* Pages that are neighbours in this process are copied in one go. */
static void move(const struct transfer *transfer)
{
    uint8_t *run = NULL;
    size_t run_start = 0, done = 0;
    while (done < transfer->length) {
        uint64_t address = address_at(transfer, done), frame = address >> VPORT_PAGE_SHIFT;
        uint8_t *view =
            vport_sim_ram_view(transfer->ram, frame, vport_sim_ram_entry(transfer->ram, frame)) +
            (address & VPORT_PAGE_MASK);
        if (run && view != run + (done - run_start)) {
            copy(transfer, run, run_start, done - run_start);
            run = NULL;
        }
        if (!run) {
            run = view;
            run_start = done;
        }
        done += piece_at(transfer, done);
    }
    copy(transfer, run, run_start, done - run_start);
}

static void report_dropped_bits(const struct transfer *transfer)
{
    uint64_t last = transfer->address + transfer->length - 1;
    if (last >= transfer->address && ((transfer->address | last) & ~transfer->mask) == 0)
        return;
    vport_device_report(transfer->device,
                        "device %s of %zu bytes at bus address 0x%" PRIx64
                        ", but only the address bits 0x%" PRIx64
                        " reach memory: it goes to 0x%" PRIx64,
                        verb(transfer), transfer->length, transfer->address, transfer->mask,
                        address_at(transfer, 0));
}

static enum vport_status transfer_run(const struct transfer *transfer)
{
    struct vport_bus *bus = &transfer->device->bus->bus;
    if (!atomic_load(&transfer->device->master))
        return refuse(transfer, transfer->address,
                      "out of bounds while bus mastering is off in the command register");
    report_dropped_bits(transfer);
    pthread_rwlock_rdlock(&transfer->ram->access);
    enum vport_status status = check(transfer);
    if (status == VPORT_OK)
        move(transfer);
    pthread_rwlock_unlock(&transfer->ram->access);
    if (status == VPORT_OK)
        vport_trace(bus->trace,
                    transfer->write ? VPORT_TRACE_DEVICE_WRITE : VPORT_TRACE_DEVICE_READ,
                    transfer->address, transfer->length, 0, 0);
    return status;
}

static enum vport_status transfer(struct vport_device *device, uint64_t address, uint8_t *buffer,
                                  size_t length, bool write)
{
    struct transfer transfer = {
        .device = device,
        .ram = &device->bus->ram,
        .address = address,
        .mask = device->bus->bus.function[device->number].dma_mask,
        .buffer = buffer,
        .length = length,
        .write = write,
    };
    return length ? transfer_run(&transfer) : VPORT_OK;
}

enum vport_status vport_device_dma_read(struct vport_device *device, uint64_t bus_address,
                                        void *buffer, size_t length)
{
    return transfer(device, bus_address, buffer, length, false);
}

enum vport_status vport_device_dma_write(struct vport_device *device, uint64_t bus_address,
                                         const void *buffer, size_t length)
{
    return transfer(device, bus_address, (uint8_t *)(uintptr_t)buffer, length, true);
}
