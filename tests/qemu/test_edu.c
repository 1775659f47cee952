/* SPDX-License-Identifier: MIT */
/*
 * The edu device, by hand: registers, DMA both ways, both kinds of interrupt, and what goes wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu/edu.h"
#include "qemu/seed.h"

enum { PIECE = 2048 };

static struct machine machine;
static struct edu_interrupts interrupts;

static void start(struct vport_qemu_options options)
{
    options.device = VPORT_QEMU_EDU;
    machine_start(&machine, &options);
    memset(&interrupts, 0, sizeof(interrupts));
    interrupts.machine = &machine;
}

static void start_plain(void)
{
    start((struct vport_qemu_options){0});
}

static void connect_interrupt(void)
{
    assert_int_equal(
        machine.bus->ops->interrupt_connect(machine.bus, 0, edu_interrupt, &interrupts), VPORT_OK);
}

/* A page of guest memory that the device reaches. */
static struct vport_frame take_page(void)
{
    struct vport_dma_platform *platform = &machine.bus->platform;
    struct vport_frame frame;

    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xfffffff, true, &frame), VPORT_OK);
    return frame;
}

static uint8_t *host(struct vport_frame frame)
{
    return machine.bus->platform.ops->host(&machine.bus->platform, frame);
}

static void fill(uint8_t *data, size_t length)
{
    uint64_t random = 42;

    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)test_random(&random);
}

/* ---- Registers ---- */

static void registers_answer(void **state)
{
    start_plain();
    assert_int_equal(machine_read(&machine, 0, EDU_ID), 0x010000ed);
    machine_write(&machine, 0, EDU_LIVENESS, 0x12345678);
    assert_int_equal(machine_read(&machine, 0, EDU_LIVENESS), ~0x12345678u);
    machine_write(&machine, 0, EDU_FACTORIAL, 10);
    while (machine_read(&machine, 0, EDU_STATUS) & EDU_COMPUTING)
        usleep(100);
    assert_int_equal(machine_read(&machine, 0, EDU_FACTORIAL), 3628800);
    machine_end(&machine, 0);
}

static void blocks_are_register_by_register(void **state)
{
    struct vport_bus *bus;
    uint64_t start_address;
    uint32_t values[2] = {0x11, 0x22};
    uint32_t back[2] = {0};

    start_plain();
    bus = machine.bus;
    start_address = bus->function[0].resource[0].start;
    assert_int_equal(
        bus->ops->io_write_block(bus, VPORT_IO_MEMORY, start_address + EDU_LIVENESS, 4, values, 1),
        VPORT_OK);
    assert_int_equal(
        bus->ops->io_read_block(bus, VPORT_IO_MEMORY, start_address + EDU_ID, 4, back, 2),
        VPORT_OK);
    assert_int_equal(back[0], 0x010000ed);
    assert_int_equal(back[1], ~0x11u);
    machine_end(&machine, 0);
}

static void what_lies_outside_of_the_device_is_refused(void **state)
{
    struct vport_bus *bus;
    uint64_t bar;
    uint64_t value = 0;
    uint16_t words[2] = {0};

    start_plain();
    bus = machine.bus;
    bar = bus->function[0].resource[0].start;
    assert_int_equal(bus->ops->io_read(bus, VPORT_IO_MEMORY, bar - 4, 4, &value), VPORT_E_RANGE);
    assert_true(value == 0xffffffff);
    assert_int_equal(bus->ops->io_read(bus, VPORT_IO_MEMORY, bar + (1 << 20) - 4, 8, &value),
                     VPORT_E_RANGE);
    assert_true(value == UINT64_MAX);
    assert_int_equal(bus->ops->io_read(bus, VPORT_IO_PORT, 0xcf8, 4, &value), VPORT_E_RANGE);
    assert_int_equal(bus->ops->io_read(bus, VPORT_IO_PORT, UINT64_MAX, 1, &value), VPORT_E_RANGE);
    assert_int_equal(bus->ops->io_write(bus, VPORT_IO_MEMORY, 0x100000, 4, 0), VPORT_E_RANGE);
    assert_int_equal(bus->ops->io_write(bus, VPORT_IO_MEMORY, bar, 3, 0), VPORT_E_INVALID);
    assert_int_equal(
        bus->ops->io_read_block(bus, VPORT_IO_MEMORY, bar + (1 << 20) - 2, 2, words, 2),
        VPORT_E_RANGE);
    assert_int_equal(words[1], 0xffff);
    assert_int_equal(bus->ops->io_write_block(bus, VPORT_IO_MEMORY, bar, 2, words, SIZE_MAX),
                     VPORT_E_RANGE);
    machine_end(&machine, 0);
}

/* ---- DMA ---- */

static void dma_moves_bytes_both_ways(void **state)
{
    struct vport_frame from;
    struct vport_frame to;
    uint8_t expected[VPORT_PAGE_SIZE] = {0};

    start_plain();
    from = take_page();
    to = take_page();
    fill(host(from), VPORT_PAGE_SIZE);
    edu_move(&machine, vport_frame_address(from) + 5, PIECE, 0);
    edu_move(&machine, vport_frame_address(to) + 1000, PIECE, EDU_TO_RAM);
    memcpy(expected + 1000, host(from) + 5, PIECE);
    assert_memory_equal(host(to), expected, VPORT_PAGE_SIZE);
    machine_end(&machine, 0);
}

/* The address lines that the device does not have are simply not there. */
static void the_dma_mask_tells_the_truth(void **state)
{
    struct vport_frame frame;
    uint64_t mask;

    start_plain();
    mask = machine.bus->function[0].dma_mask;
    frame = take_page();
    fill(host(frame), PIECE);
    edu_move(&machine, vport_frame_address(frame), PIECE, 0);
    memset(host(frame), 0, PIECE);
    edu_move(&machine, (mask + 1) | vport_frame_address(frame), PIECE, EDU_TO_RAM);
    assert_int_not_equal(host(frame)[0] | host(frame)[1] | host(frame)[2], 0);
    machine_end(&machine, 0);
}

static void without_bus_mastering_nothing_moves(void **state)
{
    struct vport_bus *bus;
    struct vport_frame frame;
    uint8_t zero[PIECE] = {0};
    uint16_t command;

    start_plain();
    bus = machine.bus;
    frame = take_page();
    assert_int_equal(bus->ops->config_read(bus, 0, 4, &command, 2), VPORT_OK);
    assert_int_equal(command & 6, 6);
    command &= (uint16_t)~4u;
    assert_int_equal(bus->ops->config_write(bus, 0, 4, &command, 2), VPORT_OK);
    memset(host(frame), 0x5a, PIECE);
    edu_move(&machine, vport_frame_address(frame), PIECE, 0);
    command |= 4;
    assert_int_equal(bus->ops->config_write(bus, 0, 4, &command, 2), VPORT_OK);
    edu_move(&machine, vport_frame_address(frame), PIECE, EDU_TO_RAM);
    assert_memory_equal(host(frame), zero, PIECE);
    machine_end(&machine, 0);
}

/* ---- Interrupts ---- */

static void a_raised_interrupt_reaches_the_handler_until_it_is_acknowledged(void **state)
{
    start_plain();
    connect_interrupt();
    for (unsigned i = 1; i <= 50; i++) {
        machine_write(&machine, 0, EDU_IRQ_RAISE, i);
        machine_expect(&interrupts.count, i);
        assert_int_equal(interrupts.last, i);
    }
    assert_int_equal(machine_read(&machine, 0, EDU_IRQ_STATUS), 0);
    machine_end(&machine, 0);
}

static void the_end_of_dma_interrupts(void **state)
{
    struct vport_frame frame;

    start_plain();
    connect_interrupt();
    frame = take_page();
    for (unsigned i = 1; i <= 20; i++) {
        edu_start(&machine, vport_frame_address(frame), PIECE, EDU_IRQ);
        machine_expect(&interrupts.count, i);
        assert_int_equal(interrupts.last, EDU_IRQ_DMA);
    }
    machine_end(&machine, 0);
}

static void an_interrupt_from_before_the_handler_is_delivered_to_it(void **state)
{
    start_plain();
    machine_write(&machine, 0, EDU_IRQ_RAISE, 0x10);
    connect_interrupt();
    machine_expect(&interrupts.count, 1);
    machine_end(&machine, 0);
}

static void after_disconnecting_the_handler_is_never_called(void **state)
{
    struct vport_bus *bus;

    start_plain();
    bus = machine.bus;
    connect_interrupt();
    assert_int_equal(bus->ops->interrupt_connect(bus, 0, edu_interrupt, &interrupts),
                     VPORT_E_STATE);
    bus->ops->interrupt_disconnect(bus, 0);
    machine_write(&machine, 0, EDU_IRQ_RAISE, 1);
    usleep(50000);
    assert_int_equal(interrupts.count, 0);
    connect_interrupt(); /* the line is still up */
    machine_expect(&interrupts.count, 1);
    assert_int_equal(bus->ops->interrupt_connect(bus, 1, edu_interrupt, &interrupts),
                     VPORT_E_INVALID);
    machine_end(&machine, 0);
}

static bool claim_and_do_nothing(void *context)
{
    atomic_fetch_add((_Atomic unsigned *)context, 1);
    return true;
}

static void a_line_that_never_drops_is_reported_and_masked(void **state)
{
    _Atomic unsigned calls = 0;
    unsigned seen;

    start_plain();
    assert_int_equal(
        machine.bus->ops->interrupt_connect(machine.bus, 0, claim_and_do_nothing, &calls),
        VPORT_OK);
    machine_write(&machine, 0, EDU_IRQ_RAISE, 1);
    machine_expect_report(&machine, "DEVICE", 1, "still up");
    seen = calls;
    usleep(20000);
    assert_int_equal(calls, seen);
    machine_end(&machine, 1);
}

static void messages_reach_the_handler_once_each(void **state)
{
    struct vport_frame frame;

    start((struct vport_qemu_options){.messages = true});
    connect_interrupt();
    frame = take_page();
    for (unsigned i = 1; i <= 50; i++) {
        if (i % 2)
            machine_write(&machine, 0, EDU_IRQ_RAISE, i);
        else
            edu_start(&machine, vport_frame_address(frame), PIECE, EDU_IRQ);
        machine_expect(&interrupts.count, i);
        assert_int_equal(interrupts.last, i % 2 ? i : EDU_IRQ_DMA);
    }
    usleep(20000);
    assert_int_equal(interrupts.count, 50);
    machine_end(&machine, 0);
}

/* A message is a write of the device's: without bus mastering there is none. */
static void messages_need_bus_mastering(void **state)
{
    uint16_t command = 2;

    start((struct vport_qemu_options){.messages = true});
    connect_interrupt();
    assert_int_equal(machine.bus->ops->config_write(machine.bus, 0, 4, &command, 2), VPORT_OK);
    machine_write(&machine, 0, EDU_IRQ_RAISE, 1);
    usleep(50000);
    assert_int_equal(interrupts.count, 0);
    machine_end(&machine, 0);
}

/* ---- What goes wrong ---- */

static void a_stopped_machine_is_a_hung_device_until_it_goes_on(void **state)
{
    struct vport_frame frame;

    start_plain();
    connect_interrupt();
    frame = take_page();
    assert_int_equal(vport_qemu_bus_stop(machine.bus), VPORT_OK);
    edu_start(&machine, vport_frame_address(frame), PIECE, EDU_IRQ);
    usleep(100000);
    assert_true(edu_busy(&machine)); /* registers answer, time stands still */
    assert_int_equal(interrupts.count, 0);
    assert_int_equal(vport_qemu_bus_continue(machine.bus), VPORT_OK);
    machine_expect(&interrupts.count, 1);
    assert_false(edu_busy(&machine));
    machine_end(&machine, 0);
}

static void a_reset_device_has_forgotten_everything_but_where_it_lives(void **state)
{
    struct vport_frame frame;

    start_plain();
    frame = take_page();
    fill(host(frame), PIECE);
    machine_write(&machine, 0, EDU_IRQ_RAISE, 7);
    machine_write(&machine, 0, EDU_LIVENESS, 7);
    assert_int_equal(vport_qemu_bus_reset(machine.bus), VPORT_OK);
    assert_int_equal(machine_read(&machine, 0, EDU_ID), 0x010000ed);
    connect_interrupt();
    machine_write(&machine, 0, EDU_IRQ_RAISE, 0x20);
    machine_expect(&interrupts.count, 1);
    edu_move(&machine, vport_frame_address(frame), PIECE, 0);
    memset(host(frame), 0, PIECE);
    edu_move(&machine, vport_frame_address(frame), PIECE, EDU_TO_RAM);
    assert_int_not_equal(host(frame)[0] | host(frame)[1] | host(frame)[2], 0);
    machine_end(&machine, 0);
}

static void messages_survive_a_reset(void **state)
{
    start((struct vport_qemu_options){.messages = true});
    connect_interrupt();
    assert_int_equal(vport_qemu_bus_reset(machine.bus), VPORT_OK);
    machine_write(&machine, 0, EDU_IRQ_RAISE, 0x20);
    machine_expect(&interrupts.count, 1);
    machine_end(&machine, 0);
}

static void assert_lost(struct vport_bus *bus)
{
    uint64_t value = 0;
    uint32_t block[4] = {0};
    struct vport_image image;
    uint64_t bar = bus->function[0].resource[0].start;

    assert_int_equal(bus->ops->io_read(bus, VPORT_IO_MEMORY, bar, 4, &value), VPORT_E_DEVICE);
    assert_true(value == 0xffffffff);
    assert_int_equal(bus->ops->io_write(bus, VPORT_IO_MEMORY, bar, 4, 0), VPORT_E_DEVICE);
    assert_int_equal(bus->ops->io_read_block(bus, VPORT_IO_MEMORY, bar, 4, block, 4),
                     VPORT_E_DEVICE);
    assert_int_equal(block[3], 0xffffffff);
    assert_int_equal(bus->ops->config_read(bus, 0, 0, block, 4), VPORT_E_DEVICE);
    assert_int_equal(bus->ops->screenshot(bus, &image), VPORT_E_UNSUPPORTED);
    assert_int_equal(vport_qemu_bus_stop(bus), VPORT_E_DEVICE);
    assert_int_equal(vport_qemu_bus_reset(bus), VPORT_E_DEVICE);
}

static void qemu_killed_in_mid_transfer_is_reported_once(void **state)
{
    struct vport_frame frame;
    void *memory;
    uint64_t before;

    start_plain();
    connect_interrupt();
    frame = take_page();
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, 1 << 20, &memory), VPORT_OK);
    assert_int_equal(vport_qemu_bus_stop(machine.bus), VPORT_OK);
    edu_start(&machine, vport_frame_address(frame), PIECE, EDU_IRQ);
    kill(vport_qemu_bus_process(machine.bus), SIGKILL);
    machine_expect_report(&machine, "BUS", 1, "killed by signal 9");
    before = machine_nanoseconds();
    assert_lost(machine.bus);
    memset(memory, 1, 1 << 20); /* memory is there as long as the bus is */
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, memory), VPORT_OK);
    machine_end(&machine, 1);
    assert_true(machine_nanoseconds() - before < 5000000000u);
}

/* Nobody has noticed yet: the first who asks is told, and the report comes all the same. */
static void qemu_killed_under_a_running_caller_fails_its_call(void **state)
{
    uint64_t value;
    enum vport_status status = VPORT_OK;

    start_plain();
    kill(vport_qemu_bus_process(machine.bus), SIGKILL);
    for (int i = 0; i < 100000 && status == VPORT_OK; i++)
        status = machine.bus->ops->io_read(machine.bus, VPORT_IO_MEMORY,
                                           machine.bus->function[0].resource[0].start, 4, &value);
    assert_int_equal(status, VPORT_E_DEVICE);
    machine_expect_report(&machine, "BUS", 1, "The machine is lost");
    machine_end(&machine, 1);
}

/* edu's own bug: a count of 4096 at its buffer makes QEMU 7.2 stop with an error. */
static void qemu_that_gives_up_is_reported_with_its_words(void **state)
{
    struct vport_frame frame;

    start_plain();
    frame = take_page();
    edu_start(&machine, vport_frame_address(frame), 4096, 0);
    machine_expect_report(&machine, "BUS", 1, "saying: qemu: hardware error: EDU: DMA range");
    machine_end(&machine, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_answer),
        cmocka_unit_test(blocks_are_register_by_register),
        cmocka_unit_test(what_lies_outside_of_the_device_is_refused),
        cmocka_unit_test(dma_moves_bytes_both_ways),
        cmocka_unit_test(the_dma_mask_tells_the_truth),
        cmocka_unit_test(without_bus_mastering_nothing_moves),
        cmocka_unit_test(a_raised_interrupt_reaches_the_handler_until_it_is_acknowledged),
        cmocka_unit_test(the_end_of_dma_interrupts),
        cmocka_unit_test(an_interrupt_from_before_the_handler_is_delivered_to_it),
        cmocka_unit_test(after_disconnecting_the_handler_is_never_called),
        cmocka_unit_test(a_line_that_never_drops_is_reported_and_masked),
        cmocka_unit_test(messages_reach_the_handler_once_each),
        cmocka_unit_test(messages_need_bus_mastering),
        cmocka_unit_test(a_stopped_machine_is_a_hung_device_until_it_goes_on),
        cmocka_unit_test(a_reset_device_has_forgotten_everything_but_where_it_lives),
        cmocka_unit_test(messages_survive_a_reset),
        cmocka_unit_test(qemu_killed_in_mid_transfer_is_reported_once),
        cmocka_unit_test(qemu_killed_under_a_running_caller_fails_its_call),
        cmocka_unit_test(qemu_that_gives_up_is_reported_with_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
