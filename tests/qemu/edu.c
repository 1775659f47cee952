/* SPDX-License-Identifier: MIT */
/* The edu device: see edu.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "qemu/edu.h"

static void write_address(struct machine *machine, uint32_t offset, uint64_t value)
{
    machine_write(machine, 0, offset, (uint32_t)value);
    machine_write(machine, 0, offset + 4, (uint32_t)(value >> 32));
}

void edu_start(struct machine *machine, uint64_t address, uint32_t length, unsigned flags)
{
    bool to_ram = flags & EDU_TO_RAM;

    write_address(machine, EDU_DMA_SOURCE, to_ram ? EDU_BUFFER : address);
    write_address(machine, EDU_DMA_TARGET, to_ram ? address : EDU_BUFFER);
    write_address(machine, EDU_DMA_COUNT, length);
    machine_write(machine, 0, EDU_DMA_COMMAND, EDU_RUN | flags);
}

bool edu_busy(struct machine *machine)
{
    return machine_read(machine, 0, EDU_DMA_COMMAND) & EDU_RUN;
}

void edu_move(struct machine *machine, uint64_t address, uint32_t length, unsigned flags)
{
    edu_start(machine, address, length, flags);
    for (int i = 0; i < 5000 && edu_busy(machine); i++)
        usleep(1000);
    assert_false(edu_busy(machine));
}

bool edu_interrupt(void *context)
{
    struct edu_interrupts *interrupts = context;
    uint32_t cause = machine_read(interrupts->machine, 0, EDU_IRQ_STATUS);

    if (cause == 0)
        return false;
    machine_write(interrupts->machine, 0, EDU_IRQ_ACK, cause);
    atomic_store(&interrupts->last, cause);
    atomic_fetch_add(&interrupts->count, 1);
    return true;
}
