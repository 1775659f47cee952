/* SPDX-License-Identifier: MIT */
/* QEMU's Intel IOMMU between edu and memory: what is mapped is reached, for what and as long as it
 * is mapped; nothing else is. */
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

enum { PAGES = 8, PIECE = 2048, REACH = 0xfffffff };

static struct machine machine;
static struct edu_interrupts interrupts;
static struct vport_dma_platform *platform;
static struct vport_frame frames[PAGES];
static uint8_t *memory;

static void start(struct vport_qemu_options options)
{
    struct vport_pages pages;
    void *result;

    options.device = VPORT_QEMU_EDU;
    options.iommu = true;
    options.layout = VPORT_QEMU_SCATTERED;
    machine_start(&machine, &options);
    memset(&interrupts, 0, sizeof(interrupts));
    interrupts.machine = &machine;
    platform = &machine.bus->platform;
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, PAGES * VPORT_PAGE_SIZE, &result),
                     VPORT_OK);
    memory = result;
    assert_int_equal(vport_space_lock(machine.bus->space, (uintptr_t)memory,
                                      PAGES * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, frames, &pages),
                     VPORT_OK);
    vport_space_unlock(machine.bus->space, &pages);
}

static void start_plain(void)
{
    start((struct vport_qemu_options){0});
}

static uint64_t map(size_t first, size_t count, enum vport_access access)
{
    struct vport_busaddr address;

    assert_int_equal(
        platform->ops->iommu_map(platform, 0, frames + first, count, access, REACH, &address),
        VPORT_OK);
    assert_true(address.value % VPORT_PAGE_SIZE == 0);
    assert_true(address.value + count * VPORT_PAGE_SIZE - 1 <= REACH);
    return address.value;
}

static enum vport_status unmap(uint64_t address, size_t count)
{
    return platform->ops->iommu_unmap(platform, 0, (struct vport_busaddr){address}, count);
}

static void fill(void)
{
    uint64_t random = 7;

    for (size_t i = 0; i < PAGES * VPORT_PAGE_SIZE; i++)
        memory[i] = (uint8_t)test_random(&random);
}

/* ---- Mapping ---- */

static void scattered_pages_appear_at_consecutive_addresses(void **state)
{
    uint8_t expected[PAGES * VPORT_PAGE_SIZE];
    uint64_t address;

    start_plain();
    fill();
    memcpy(expected, memory, sizeof(expected));
    address = map(0, PAGES, VPORT_ACCESS_WRITE);
    edu_move(&machine, address + 3 * VPORT_PAGE_SIZE - 1000, PIECE, 0); /* over a page's end */
    edu_move(&machine, address + 6 * VPORT_PAGE_SIZE - 24, PIECE, EDU_TO_RAM);
    memcpy(expected + 6 * VPORT_PAGE_SIZE - 24, expected + 3 * VPORT_PAGE_SIZE - 1000, PIECE);
    assert_memory_equal(memory, expected, sizeof(expected));
    assert_int_equal(unmap(address, PAGES), VPORT_OK);
    machine_end(&machine, 0);
}

/* With the IOMMU a device reaches pages that its own address lines could never name. */
static void pages_above_the_devices_reach_are_reached(void **state)
{
    size_t high = 0;
    uint64_t address;

    start((struct vport_qemu_options){.memory = UINT64_C(2) << 30});
    while (high < PAGES && vport_frame_address(frames[high]) <= REACH)
        high++;
    assert_true(high < PAGES); /* most pages of such a machine are that high */
    memset(memory + high * VPORT_PAGE_SIZE, 0x66, PIECE);
    address = map(high, 1, VPORT_ACCESS_WRITE);
    edu_move(&machine, address, PIECE, 0);
    edu_move(&machine, address + PIECE, PIECE, EDU_TO_RAM);
    assert_memory_equal(memory + high * VPORT_PAGE_SIZE, memory + high * VPORT_PAGE_SIZE + PIECE,
                        PIECE);
    assert_int_equal(unmap(address, 1), VPORT_OK);
    machine_end(&machine, 0);
}

static void an_address_is_not_soon_used_again(void **state)
{
    uint64_t first;

    start_plain();
    first = map(0, 1, VPORT_ACCESS_READ);
    assert_int_equal(unmap(first, 1), VPORT_OK);
    for (int i = 0; i < 1000; i++) {
        uint64_t next = map(1, 1, VPORT_ACCESS_READ);

        assert_true(next != first);
        assert_int_equal(unmap(next, 1), VPORT_OK);
    }
    machine_end(&machine, 0);
}

static void the_address_space_can_be_used_up_and_given_back(void **state)
{
    enum { SPACE = 1 << 10 }; /* pages of 4 MiB, of which the first is left out */
    struct vport_frame *many;
    struct vport_busaddr address;
    struct vport_busaddr more;

    start_plain();
    many = calloc(SPACE, sizeof(*many));
    for (size_t i = 0; i < SPACE; i++)
        many[i] = frames[i % PAGES];
    for (int round = 0; round < 3; round++) {
        assert_int_equal(platform->ops->iommu_map(platform, 0, many, SPACE - 256, VPORT_ACCESS_READ,
                                                  0x3fffff, &address),
                         VPORT_OK);
        assert_int_equal(address.value, 0x100000);
        assert_int_equal(
            platform->ops->iommu_map(platform, 0, many, 1, VPORT_ACCESS_READ, 0x3fffff, &more),
            VPORT_E_NO_MEMORY);
        assert_int_equal(unmap(address.value, SPACE - 256), VPORT_OK);
    }
    free(many);
    machine_end(&machine, 0);
}

static void what_is_not_mapped_cannot_be_unmapped(void **state)
{
    struct vport_busaddr address;
    uint64_t mapped;

    start_plain();
    mapped = map(0, 2, VPORT_ACCESS_READ);
    assert_int_equal(unmap(mapped, 3), VPORT_E_UNKNOWN);
    assert_int_equal(unmap(mapped, 0), VPORT_E_UNKNOWN);
    assert_int_equal(unmap(0, 1), VPORT_E_UNKNOWN);
    assert_int_equal(unmap(UINT64_MAX & ~(uint64_t)VPORT_PAGE_MASK, 1), VPORT_E_UNKNOWN);
    assert_int_equal(unmap(mapped, 2), VPORT_OK);
    assert_int_equal(unmap(mapped, 2), VPORT_E_UNKNOWN);
    assert_int_equal(
        platform->ops->iommu_map(platform, 0, frames, 0, VPORT_ACCESS_READ, REACH, &address),
        VPORT_E_INVALID);
    assert_int_equal(
        platform->ops->iommu_map(platform, 3, frames, 1, VPORT_ACCESS_READ, REACH, &address),
        VPORT_E_UNKNOWN);
    machine_end(&machine, 0);
}

/* ---- Faults ---- */

static void an_address_that_was_never_mapped_is_stopped_and_reported(void **state)
{
    start_plain();
    edu_move(&machine, 0x5432000, PIECE, 0);
    machine_expect_report(&machine, "0xE6/0x26", 1,
                          "edu (00:04.0) from reading memory at bus address 0x5432000: nothing is "
                          "mapped there");
    edu_move(&machine, 0x6543000, PIECE, EDU_TO_RAM);
    machine_expect_report(&machine, "0xE6/0x26", 2, "from writing memory at bus address 0x6543000");
    machine_end(&machine, 2);
}

static void the_physical_address_means_nothing_to_the_device(void **state)
{
    struct vport_frame frame;

    start_plain();
    assert_int_equal(platform->ops->frames_alloc(platform, 1, REACH, true, &frame), VPORT_OK);
    edu_move(&machine, vport_frame_address(frame), PIECE, EDU_TO_RAM);
    assert_int_equal(*(uint8_t *)platform->ops->host(platform, frame), 0);
    machine_expect_report(&machine, "0xE6/0x26", 1, "bus address");
    machine_end(&machine, 1);
}

static void what_was_unmapped_is_out_of_reach_at_once(void **state)
{
    uint64_t address;

    start_plain();
    fill();
    address = map(2, 1, VPORT_ACCESS_WRITE);
    edu_move(&machine, address, PIECE, 0); /* the IOMMU has the translation in its cache now */
    assert_int_equal(unmap(address, 1), VPORT_OK);
    memset(memory, 0, PAGES * VPORT_PAGE_SIZE);
    edu_move(&machine, address, PIECE, EDU_TO_RAM);
    for (size_t i = 0; i < PAGES * VPORT_PAGE_SIZE; i++)
        assert_int_equal(memory[i], 0);
    machine_expect_report(&machine, "0xE6/0x26", 1, "writing");
    machine_end(&machine, 1);
}

static void what_is_mapped_for_reading_is_not_written(void **state)
{
    uint64_t address;

    start_plain();
    fill();
    address = map(0, 1, VPORT_ACCESS_READ);
    memset(memory, 0x99, VPORT_PAGE_SIZE);
    edu_move(&machine, address, PIECE, EDU_TO_RAM);
    for (size_t i = 0; i < VPORT_PAGE_SIZE; i++)
        assert_int_equal(memory[i], 0x99);
    machine_expect_report(&machine, "0xE6/0x26", 1, "mapped for reading only");
    /*
     * Once the translation is in its cache, QEMU 7.2 stops the write as well, but records no fault.
     */
    memset(memory, 0x98, VPORT_PAGE_SIZE);
    edu_move(&machine, address, PIECE, 0);
    memset(memory, 0x99, VPORT_PAGE_SIZE);
    edu_move(&machine, address, PIECE, EDU_TO_RAM);
    for (size_t i = 0; i < VPORT_PAGE_SIZE; i++)
        assert_int_equal(memory[i], 0x99);
    assert_int_equal(unmap(address, 1), VPORT_OK);
    machine_end(&machine, 1);
}

/* The one who unmaps hears of the operation's faults; nobody has to wait for the watch. */
static void unmapping_reports_the_faults_of_its_operation(void **state)
{
    uint64_t address;

    start_plain();
    address = map(0, 1, VPORT_ACCESS_WRITE);
    edu_move(&machine, address + VPORT_PAGE_SIZE - 8, 16, EDU_TO_RAM); /* 8 bytes too far */
    assert_int_equal(unmap(address, 1), VPORT_OK);
    assert_int_equal(vport_reports_count(machine.reports, "0xE6/0x26"), 1);
    machine_end(&machine, 1);
}

static void the_last_fault_is_reported_when_the_machine_ends(void **state)
{
    start_plain();
    edu_move(&machine, 0x7777000, 16, 0);
    machine_end(&machine, 1);
}

/* ---- Along with the rest ---- */

static void messages_pass_the_iommu(void **state)
{
    start((struct vport_qemu_options){.messages = true});
    assert_int_equal(
        machine.bus->ops->interrupt_connect(machine.bus, 0, edu_interrupt, &interrupts), VPORT_OK);
    machine_write(&machine, 0, EDU_IRQ_RAISE, 3);
    machine_expect(&interrupts.count, 1);
    machine_end(&machine, 0);
}

static void video_memory_of_the_screen_is_reached_through_the_iommu(void **state)
{
    uint8_t back[64];
    uint64_t video_memory;
    uint64_t address;

    start((struct vport_qemu_options){.screen = VPORT_QEMU_BOCHS_DISPLAY});
    memset(memory, 0x2b, 64);
    video_memory = machine.bus->function[1].resource[0].start;
    address = map(0, 1, VPORT_ACCESS_READ);
    edu_move(&machine, address, 64, 0);
    edu_move(&machine, video_memory + 4096, 64, EDU_TO_RAM);
    assert_int_equal(unmap(address, 1), VPORT_OK);
    assert_int_equal(machine.bus->ops->io_read_block(machine.bus, VPORT_IO_MEMORY,
                                                     video_memory + 4096, 1, back, 64),
                     VPORT_OK);
    assert_memory_equal(back, memory, 64);
    machine_end(&machine, 0);
}

static void mappings_survive_a_reset(void **state)
{
    uint64_t address;

    start_plain();
    fill();
    address = map(0, 2, VPORT_ACCESS_WRITE);
    assert_int_equal(vport_qemu_bus_reset(machine.bus), VPORT_OK);
    edu_move(&machine, address, PIECE, 0);
    edu_move(&machine, address + VPORT_PAGE_SIZE, PIECE, EDU_TO_RAM);
    assert_memory_equal(memory, memory + VPORT_PAGE_SIZE, PIECE);
    edu_move(&machine, 0x9999000, PIECE, EDU_TO_RAM);
    assert_int_equal(unmap(address, 2), VPORT_OK);
    assert_int_equal(vport_reports_count(machine.reports, "0xE6/0x26"), 1);
    machine_end(&machine, 1);
}

static void unmapping_fails_when_qemu_is_gone(void **state)
{
    uint64_t address;

    start_plain();
    address = map(0, 1, VPORT_ACCESS_WRITE);
    kill(vport_qemu_bus_process(machine.bus), SIGKILL);
    machine_expect_report(&machine, "BUS", 1, "signal 9");
    assert_int_equal(unmap(address, 1), VPORT_E_DEVICE);
    machine_end(&machine, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scattered_pages_appear_at_consecutive_addresses),
        cmocka_unit_test(pages_above_the_devices_reach_are_reached),
        cmocka_unit_test(an_address_is_not_soon_used_again),
        cmocka_unit_test(the_address_space_can_be_used_up_and_given_back),
        cmocka_unit_test(what_is_not_mapped_cannot_be_unmapped),
        cmocka_unit_test(an_address_that_was_never_mapped_is_stopped_and_reported),
        cmocka_unit_test(the_physical_address_means_nothing_to_the_device),
        cmocka_unit_test(what_was_unmapped_is_out_of_reach_at_once),
        cmocka_unit_test(what_is_mapped_for_reading_is_not_written),
        cmocka_unit_test(unmapping_reports_the_faults_of_its_operation),
        cmocka_unit_test(the_last_fault_is_reported_when_the_machine_ends),
        cmocka_unit_test(messages_pass_the_iommu),
        cmocka_unit_test(video_memory_of_the_screen_is_reached_through_the_iommu),
        cmocka_unit_test(mappings_survive_a_reset),
        cmocka_unit_test(unmapping_fails_when_qemu_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
