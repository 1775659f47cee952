/* SPDX-License-Identifier: MIT */
/*
 * READ_/WRITE_REGISTER_* and READ_/WRITE_PORT_*: a driver's accesses, handed to the bus. A register
 * routine given an address of plain memory (video memory, a common buffer) loads or stores there.
 *
 * Each access is a place where others may run, as on a real bus, where it takes its time.
 *
 * Sources: wdm/nf-wdm-read_register_ulong and its siblings.
 */
#include "hal/private.h"

/* The bus is gone or nothing answers: all ones, as on PCI. */
static uint64_t bus_read(struct vport_bus *bus, enum vport_io_kind kind, uint64_t address,
                         unsigned width)
{
    uint64_t value = UINT64_MAX;

    if (bus->ops->io_read(bus, kind, address, width, &value) != VPORT_OK)
        return UINT64_MAX;
    return value;
}

static void bus_read_block(struct vport_bus *bus, enum vport_io_kind kind, uint64_t address,
                           unsigned width, void *buffer, size_t count)
{
    unsigned step = kind == VPORT_IO_MEMORY ? width : 0;
    char *to = buffer;

    if (bus->ops->io_read_block &&
        bus->ops->io_read_block(bus, kind, address, width, buffer, count) == VPORT_OK)
        return;
    for (size_t i = 0; i < count; i++, address += step, to += width) {
        uint64_t value = bus_read(bus, kind, address, width);

        RtlCopyMemory(to, &value, width);
    }
}

static void bus_write_block(struct vport_bus *bus, enum vport_io_kind kind, uint64_t address,
                            unsigned width, const void *buffer, size_t count)
{
    unsigned step = kind == VPORT_IO_MEMORY ? width : 0;
    const char *from = buffer;

    if (bus->ops->io_write_block &&
        bus->ops->io_write_block(bus, kind, address, width, buffer, count) == VPORT_OK)
        return;
    for (size_t i = 0; i < count; i++, address += step, from += width) {
        uint64_t value = 0;

        RtlCopyMemory(&value, from, width);
        bus->ops->io_write(bus, kind, address, width, value);
    }
}

/* ---- Registers ---- */

/* true if `address` is a register on the bus; then where. */
static bool on_bus(const volatile void *address, struct vport_bus **bus, uint64_t *bus_address)
{
    struct vport_hal *hal = vport_hal_current();
    enum vport_io_kind kind;

    if (!hal || !vport_hal_io_address(hal, address, &kind, bus_address))
        return false;
    *bus = hal->bus;
    return true;
}

#define REGISTER_ROUTINES(type, NAME)                                                              \
    type NTAPI READ_REGISTER_##NAME(volatile type *Register)                                       \
    {                                                                                              \
        struct vport_bus *bus;                                                                     \
        uint64_t address;                                                                          \
        type value;                                                                                \
                                                                                                   \
        value = on_bus(Register, &bus, &address)                                                   \
                    ? (type)bus_read(bus, VPORT_IO_MEMORY, address, sizeof(type))                  \
                    : *Register;                                                                   \
        vport_nt_yield();                                                                          \
        return value;                                                                              \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI WRITE_REGISTER_##NAME(volatile type *Register, type Value)                          \
    {                                                                                              \
        struct vport_bus *bus;                                                                     \
        uint64_t address;                                                                          \
                                                                                                   \
        if (on_bus(Register, &bus, &address))                                                      \
            bus->ops->io_write(bus, VPORT_IO_MEMORY, address, sizeof(type), Value);                \
        else                                                                                       \
            *Register = Value;                                                                     \
        vport_nt_yield();                                                                          \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI READ_REGISTER_BUFFER_##NAME(volatile type *Register, type *Buffer, ULONG Count)     \
    {                                                                                              \
        struct vport_bus *bus;                                                                     \
        uint64_t address;                                                                          \
                                                                                                   \
        if (on_bus(Register, &bus, &address))                                                      \
            bus_read_block(bus, VPORT_IO_MEMORY, address, sizeof(type), Buffer, Count);            \
        else                                                                                       \
            for (ULONG i = 0; i < Count; i++)                                                      \
                Buffer[i] = Register[i];                                                           \
        vport_nt_yield();                                                                          \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI WRITE_REGISTER_BUFFER_##NAME(volatile type *Register, type *Buffer, ULONG Count)    \
    {                                                                                              \
        struct vport_bus *bus;                                                                     \
        uint64_t address;                                                                          \
                                                                                                   \
        if (on_bus(Register, &bus, &address))                                                      \
            bus_write_block(bus, VPORT_IO_MEMORY, address, sizeof(type), Buffer, Count);           \
        else                                                                                       \
            for (ULONG i = 0; i < Count; i++)                                                      \
                Register[i] = Buffer[i];                                                           \
        vport_nt_yield();                                                                          \
    }

REGISTER_ROUTINES(UCHAR, UCHAR)
REGISTER_ROUTINES(USHORT, USHORT)
REGISTER_ROUTINES(ULONG, ULONG)

/* ---- Ports: the address is the port number ---- */

static void port_read(const volatile void *port, unsigned width, void *buffer, size_t count)
{
    struct vport_hal *hal = vport_hal_current();

    if (hal)
        bus_read_block(hal->bus, VPORT_IO_PORT, (uintptr_t)port, width, buffer, count);
    vport_nt_yield();
}

static void port_write(volatile void *port, unsigned width, const void *buffer, size_t count)
{
    struct vport_hal *hal = vport_hal_current();

    if (hal)
        bus_write_block(hal->bus, VPORT_IO_PORT, (uintptr_t)port, width, buffer, count);
    vport_nt_yield();
}

#define PORT_ROUTINES(type, NAME)                                                                  \
    type NTAPI READ_PORT_##NAME(type *Port)                                                        \
    {                                                                                              \
        type value = (type)-1;                                                                     \
                                                                                                   \
        port_read(Port, sizeof(type), &value, 1);                                                  \
        return value;                                                                              \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI WRITE_PORT_##NAME(type *Port, type Value)                                           \
    {                                                                                              \
        port_write(Port, sizeof(type), &Value, 1);                                                 \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI READ_PORT_BUFFER_##NAME(type *Port, type *Buffer, ULONG Count)                      \
    {                                                                                              \
        port_read(Port, sizeof(type), Buffer, Count);                                              \
    }                                                                                              \
                                                                                                   \
    VOID NTAPI WRITE_PORT_BUFFER_##NAME(type *Port, type *Buffer, ULONG Count)                     \
    {                                                                                              \
        port_write(Port, sizeof(type), Buffer, Count);                                             \
    }

PORT_ROUTINES(UCHAR, UCHAR)
PORT_ROUTINES(USHORT, USHORT)
PORT_ROUTINES(ULONG, ULONG)
