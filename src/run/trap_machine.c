/* SPDX-License-Identifier: MIT */
/*
 * The machine behind trapped instructions. See trap_machine.h.
 *
 * The two pages of the kernel's have the published members that drivers read: of KUSER_SHARED_DATA
 * the times and the version (ntddk.h), of the processor block its own address, IRQL, number and
 * thread.
 */
#include "run/trap_machine.h"

#include <string.h>

#include "host/inside.h"
#include "run/life.h"
#include "run/line.h"
#include "run/trap.h"

#if defined(__x86_64__)
enum {
    BLOCK_SELF = 0x18,
    BLOCK_PRCB = 0x20,
    BLOCK_IRQL = 0x50,
    BLOCK_THREAD = 0x188,
    PRCB = 0x180
};
#else
enum {
    BLOCK_SELF = 0x1c,
    BLOCK_PRCB = 0x20,
    BLOCK_IRQL = 0x24,
    BLOCK_THREAD = 0x124,
    PRCB = 0x120
};
#endif

enum { PAGE = 4096 };

enum kind { REGISTER, PORT, SHARED, BLOCK, IRQL, NO_EFFECT, KINDS };

static const char *const kind_names[KINDS] = {
    [REGISTER] = "plain access to a device register",
    [PORT] = "port instruction",
    [SHARED] = "read of KUSER_SHARED_DATA",
    [BLOCK] = "access to the processor block",
    [IRQL] = "access to CR8 (IRQL)",
    [NO_EFFECT] = "cli, sti, hlt or wbinvd (no effect)",
};

static struct {
    struct vport_hal *hal;
    struct {
        uint64_t count __attribute__((aligned(8))); /* atomic; i386 aligns to 4 otherwise */
        uintptr_t first;
    } seen[KINDS];
} machine;

static _Thread_local uint8_t block[PAGE] __attribute__((aligned(16)));

void vport_trap_set_machine(struct vport_machine *m)
{
    machine.hal = vport_inside_hal(m);
}

static void count_many(enum kind kind, size_t times, uintptr_t pc)
{
    if (!__atomic_fetch_add(&machine.seen[kind].count, times, __ATOMIC_RELAXED))
        machine.seen[kind].first = pc;
}

static void count(enum kind kind, uintptr_t pc)
{
    count_many(kind, 1, pc);
}

void vport_trap_tell(void)
{
    for (unsigned i = 0; i < KINDS; i++) {
        struct vport_line line;

        if (!machine.seen[i].count)
            continue;
        vport_event_begin(&line, "trapped");
        vport_line_text(&line, kind_names[i]);
        vport_line_number(&line, machine.seen[i].count);
        vport_line_number(&line, machine.seen[i].first);
        vport_event_send(&line);
    }
}

bool vport_trap_possible(void)
{
    return vport_cpu_current != NULL;
}

size_t vport_trap_readable(const void *address, size_t length)
{
    size_t readable = 0;

    while (readable < length && MmIsAddressValid((PVOID)((uintptr_t)address + readable)))
        readable += PAGE - ((uintptr_t)address + readable) % PAGE;
    return readable < length ? readable : length;
}

/* ---- Registers ---- */

static bool is_register(uintptr_t address)
{
    enum vport_io_kind kind;
    uint64_t bus_address;

    return vport_hal_io_address(machine.hal, (const volatile void *)address, &kind, &bus_address);
}

static uint64_t register_read(uintptr_t address, unsigned width)
{
    switch (width) {
    case 1:
        return READ_REGISTER_UCHAR((volatile UCHAR *)address);
    case 2:
        return READ_REGISTER_USHORT((volatile USHORT *)address);
    case 4:
        return READ_REGISTER_ULONG((volatile ULONG *)address);
    default: /* two accesses, low half first, as a 32-bit bus has it */
        return register_read(address, 4) | register_read(address + 4, 4) << 32;
    }
}

static void register_write(uintptr_t address, unsigned width, uint64_t value)
{
    switch (width) {
    case 1:
        WRITE_REGISTER_UCHAR((volatile UCHAR *)address, (UCHAR)value);
        break;
    case 2:
        WRITE_REGISTER_USHORT((volatile USHORT *)address, (USHORT)value);
        break;
    case 4:
        WRITE_REGISTER_ULONG((volatile ULONG *)address, (ULONG)value);
        break;
    default:
        register_write(address, 4, value);
        register_write(address + 4, 4, value >> 32);
    }
}

/* ---- The kernel's pages ---- */

static void put(uint8_t *page, size_t offset, uint64_t value, unsigned width)
{
    memcpy(page + offset, &value, width);
}

static void put_time(uint8_t *page, size_t offset, uint64_t time)
{
    put(page, offset, time, 8);
    put(page, offset + 8, time >> 32, 4); /* written first, read last: a torn read shows */
}

static bool read_shared(uintptr_t offset, unsigned width, uint64_t *value)
{
    uint8_t page[PAGE] = {0};
    LARGE_INTEGER time;

    KeQuerySystemTime(&time);
    put_time(page, 0x14, (uint64_t)time.QuadPart);
    put_time(page, 0x08, KeQueryInterruptTime());
    put(page, 0x04, (uint64_t)0x0fa00000, 4); /* TickCountMultiplier: 15.625 ms */
    KeQueryTickCount(&time);
    put_time(page, 0x320, (uint64_t)time.QuadPart);
    put(page, 0x264, 1, 4); /* NtProductType: workstation */
    put(page, 0x268, 1, 1); /* ProductTypeIsValid */
    put(page, 0x26c, 5, 4); /* NtMajorVersion, NtMinorVersion: as RtlGetVersion says */
    put(page, 0x270, sizeof(void *) == 8 ? 2 : 1, 4);
    if (offset + width > PAGE)
        return false;
    memcpy(value, page + offset, width);
    return true;
}

uintptr_t vport_trap_block(void)
{
#if defined(__i386__)
    static const uint32_t end_of_chain = UINT32_MAX;

    if (!block[BLOCK_SELF] && !block[BLOCK_SELF + 1]) /* first use: no exception handler yet */
        memcpy(block, &end_of_chain, sizeof(end_of_chain));
#endif
    put(block, BLOCK_SELF, (uintptr_t)block, sizeof(void *));
    put(block, BLOCK_PRCB, (uintptr_t)block + PRCB, sizeof(void *));
    put(block, BLOCK_IRQL, KeGetCurrentIrql(), 1);
    put(block, BLOCK_THREAD, (uintptr_t)KeGetCurrentThread(), sizeof(void *));
    return (uintptr_t)block;
}

static bool is_block(uintptr_t address)
{
    return address - (uintptr_t)block < PAGE;
}

static bool is_shared(uintptr_t address)
{
    return address - VPORT_TRAP_SHARED_PAGE < PAGE;
}

bool vport_trap_owns(uintptr_t address)
{
    return is_register(address) || is_shared(address) || is_block(address);
}

bool vport_trap_read(uintptr_t address, unsigned width, uint64_t *value, uintptr_t pc)
{
    *value = 0;
    if (is_shared(address)) {
        count(SHARED, pc);
        return read_shared(address - VPORT_TRAP_SHARED_PAGE, width, value);
    }
    if (is_register(address)) {
        count(REGISTER, pc);
        *value = register_read(address, width);
        return true;
    }
    if (is_block(address))
        count(BLOCK, pc);
    if (vport_trap_readable((const void *)address, width) < width)
        return false;
    memcpy(value, (const void *)address, width);
    return true;
}

/* No two windows are so near each other that a string could begin in one and end in another. */
size_t vport_trap_read_string(uintptr_t address, unsigned width, size_t elements, void *values,
                              uintptr_t pc)
{
    if (!elements || !is_register(address) || !is_register(address + elements * width - 1))
        return 0;
    count_many(REGISTER, elements, pc);
    if (width == 1)
        READ_REGISTER_BUFFER_UCHAR((volatile UCHAR *)address, values, (ULONG)elements);
    else if (width == 2)
        READ_REGISTER_BUFFER_USHORT((volatile USHORT *)address, values, (ULONG)elements);
    else /* eight bytes are two accesses, low half first */
        READ_REGISTER_BUFFER_ULONG((volatile ULONG *)address, values,
                                   (ULONG)(elements * (width / 4)));
    return elements;
}

/* Ordinary memory is stored to as the driver would have: if that faults, it is the driver's fault.
 */
bool vport_trap_write(uintptr_t address, unsigned width, uint64_t value, uintptr_t pc)
{
    if (is_shared(address))
        return false;
    if (is_register(address)) {
        count(REGISTER, pc);
        register_write(address, width, value);
        return true;
    }
    if (is_block(address))
        count(BLOCK, pc);
    if (vport_trap_readable((const void *)address, width) < width)
        return false;
    memcpy((void *)address, &value, width);
    return true;
}

/* ---- Ports and IRQL ---- */

void vport_trap_port(bool write, uint16_t port, unsigned width, uint64_t *value, uintptr_t pc)
{
    void *address = (void *)(uintptr_t)port;

    count(PORT, pc);
    if (write && width == 1)
        WRITE_PORT_UCHAR(address, (UCHAR)*value);
    else if (write && width == 2)
        WRITE_PORT_USHORT(address, (USHORT)*value);
    else if (write)
        WRITE_PORT_ULONG(address, (ULONG)*value);
    else
        *value = width == 1   ? READ_PORT_UCHAR(address)
                 : width == 2 ? READ_PORT_USHORT(address)
                              : READ_PORT_ULONG(address);
}

uint8_t vport_trap_irql(uintptr_t pc)
{
    count(IRQL, pc);
    return KeGetCurrentIrql();
}

void vport_trap_set_irql(uint8_t irql, uintptr_t pc)
{
    KIRQL before = KeGetCurrentIrql();

    count(IRQL, pc);
    if (irql > before)
        KeRaiseIrql(irql, &before);
    else
        KeLowerIrql(irql);
}

void vport_trap_without_effect(uintptr_t pc)
{
    count(NO_EFFECT, pc);
}
