/* SPDX-License-Identifier: MIT */
/* Memory of the machine: user buffers over shuffled frames, buffers that no device can see, and who
 * may take what away when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qemu/edu.h"

enum { PAGES = 300 };

static struct machine machine;
static struct vport_frame frames[PAGES + 1];

static void start(struct vport_qemu_options options)
{
    options.device = VPORT_QEMU_EDU;
    machine_start(&machine, &options);
}

static void *allocate(size_t length)
{
    void *memory;

    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, length, &memory), VPORT_OK);
    return memory;
}

static enum vport_status lock(const void *start_address, size_t length, enum vport_access access,
                              struct vport_pages *pages)
{
    return vport_space_lock(machine.bus->space, (uintptr_t)start_address, length, access, frames,
                            pages);
}

static void *host(struct vport_frame frame)
{
    return machine.bus->platform.ops->host(&machine.bus->platform, frame);
}

static size_t adjacent(size_t count)
{
    size_t neighbours = 0;

    for (size_t i = 1; i < count; i++)
        neighbours += frames[i].number == frames[i - 1].number + 1;
    return neighbours;
}

/* Page i of the buffer says i; QEMU finds it at frame i's address, and what QEMU writes there
 * appears in the buffer. */
static void assert_really_mapped_so(uint8_t *memory, size_t pages)
{
    for (uint32_t i = 0; i < pages; i++)
        memcpy(memory + i * VPORT_PAGE_SIZE + 100, &i, sizeof(i));
    for (uint32_t i = 0; i < pages; i++) {
        uint32_t value = 0;
        uint32_t answer = i ^ 0xa5a5a5a5;

        machine_peek(&machine, vport_frame_address(frames[i]) + 100, &value, sizeof(value));
        assert_int_equal(value, i);
        machine_poke(&machine, vport_frame_address(frames[i]) + 200, &answer, sizeof(answer));
        assert_memory_equal(memory + i * VPORT_PAGE_SIZE + 200, &answer, sizeof(answer));
        assert_memory_equal((uint8_t *)host(frames[i]) + 200, &answer, sizeof(answer));
    }
}

static void assert_layout(enum vport_qemu_layout layout, size_t least, size_t most)
{
    struct vport_pages pages;
    uint8_t *memory;

    start((struct vport_qemu_options){.layout = layout});
    memory = allocate(PAGES * VPORT_PAGE_SIZE - 17);
    assert_int_equal((uintptr_t)memory % VPORT_PAGE_SIZE, 0);
    assert_int_equal(lock(memory, PAGES * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &pages), VPORT_OK);
    assert_in_range(adjacent(PAGES), least, most);
    assert_really_mapped_so(memory, PAGES);
    vport_space_unlock(machine.bus->space, &pages);
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, memory), VPORT_OK);
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, memory), VPORT_E_UNKNOWN);
    machine_end(&machine, 0);
}

static void scattered_buffers_lie_page_by_page(void **state)
{
    assert_layout(VPORT_QEMU_SCATTERED, 0, 0);
}

static void mixed_buffers_lie_in_runs(void **state)
{
    assert_layout(VPORT_QEMU_MIXED, PAGES / 2, PAGES - 10);
}

static void contiguous_buffers_lie_in_one_piece(void **state)
{
    assert_layout(VPORT_QEMU_CONTIGUOUS, PAGES - 1, PAGES - 1);
}

static void devices_write_into_scattered_buffers(void **state)
{
    struct vport_pages pages;
    uint8_t *memory;

    start((struct vport_qemu_options){.layout = VPORT_QEMU_SCATTERED, .memory = 128 << 20});
    memory = allocate(4 * VPORT_PAGE_SIZE);
    memset(memory, 0x11, 4 * VPORT_PAGE_SIZE);
    assert_int_equal(lock(memory, 4 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &pages), VPORT_OK);
    memset(memory + 2 * VPORT_PAGE_SIZE, 0x77, 100);
    edu_move(&machine, vport_frame_address(frames[2]), 100, 0);
    edu_move(&machine, vport_frame_address(frames[1]) + 4000, 96, EDU_TO_RAM);
    assert_int_equal(memory[VPORT_PAGE_SIZE + 3999], 0x11);
    for (int i = 0; i < 96; i++)
        assert_int_equal(memory[VPORT_PAGE_SIZE + 4000 + i], 0x77);
    vport_space_unlock(machine.bus->space, &pages);
    machine_end(&machine, 0);
}

/* A gigabyte page by page would be four times the mappings that a process may have. */
static void a_buffer_of_more_runs_than_mappings_has_longer_runs(void **state)
{
    size_t length = (size_t)1 << 30;
    size_t count = length / VPORT_PAGE_SIZE;
    struct vport_frame *all = calloc(count, sizeof(*all));
    struct vport_pages pages;
    uint8_t *memory;
    size_t runs = 1;

    start((struct vport_qemu_options){.layout = VPORT_QEMU_SCATTERED, .memory = UINT64_C(2) << 30});
    memory = allocate(length);
    assert_int_equal(vport_space_lock(machine.bus->space, (uintptr_t)memory, length,
                                      VPORT_ACCESS_READ, all, &pages),
                     VPORT_OK);
    for (size_t i = 1; i < count; i++)
        runs += all[i].number != all[i - 1].number + 1;
    assert_in_range(runs, 5000, 65000);
    memory[length - 1] = 0x5a;
    assert_int_equal(((uint8_t *)host(all[count - 1]))[VPORT_PAGE_SIZE - 1], 0x5a);
    vport_space_unlock(machine.bus->space, &pages);
    machine_end(&machine, 0);
    free(all);
}

static void more_than_there_is_is_refused(void **state)
{
    void *memory = &machine;
    void *first;

    start((struct vport_qemu_options){.memory = 16 << 20});
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, 0, &memory), VPORT_E_INVALID);
    assert_null(memory);
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, 16 << 20, &memory),
                     VPORT_E_TOO_LARGE);
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, SIZE_MAX, &memory),
                     VPORT_E_TOO_LARGE);
    first = allocate(8 << 20);
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, 8 << 20, &memory),
                     VPORT_E_NO_MEMORY);
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, first), VPORT_OK);
    assert_non_null(allocate(8 << 20));
    machine_end(&machine, 0);
}

static bool is_zero(const uint8_t *memory, size_t length)
{
    return memory[0] == 0 && memcmp(memory, memory + 1, length - 1) == 0;
}

static void new_buffers_are_zero(void **state)
{
    uint8_t *memory;

    start((struct vport_qemu_options){.memory = 16 << 20, .layout = VPORT_QEMU_SCATTERED});
    memory = allocate(12 << 20);
    memset(memory, 0xee, 12 << 20);
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, memory), VPORT_OK);
    memory = allocate(12 << 20);
    assert_true(is_zero(memory, 12 << 20));
    machine_end(&machine, 0);
}

/* LB-10: the range is gone for everybody but the device, until the lock is. */
static void a_locked_buffer_keeps_its_frames_when_it_is_freed(void **state)
{
    struct vport_pages pages;
    struct vport_pages again;
    uint8_t *memory;
    void *other;

    start((struct vport_qemu_options){.memory = 16 << 20});
    memory = allocate(12 << 20);
    memset(memory, 0x42, VPORT_PAGE_SIZE);
    assert_int_equal(lock(memory, VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &pages), VPORT_OK);
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, memory), VPORT_OK);
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, 12 << 20, &other),
                     VPORT_E_NO_MEMORY);
    edu_move(&machine, vport_frame_address(frames[0]), 64, 0);
    edu_move(&machine, vport_frame_address(frames[0]) + 2048, 64, EDU_TO_RAM);
    assert_int_equal(((uint8_t *)host(frames[0]))[2048], 0x42);
    vport_space_unlock(machine.bus->space, &pages);
    assert_int_not_equal(lock(memory, VPORT_PAGE_SIZE, VPORT_ACCESS_READ, &again), VPORT_OK);
    assert_int_equal(machine.bus->ops->memory_alloc(machine.bus, 12 << 20, &other), VPORT_OK);
    machine_end(&machine, 0);
}

/* ---- Memory that is none of the machine's ---- */

static void assert_outside(const void *memory, size_t pages)
{
    for (size_t i = 0; i < pages; i++) {
        assert_true(vport_frame_address(frames[i]) > machine.bus->platform.highest);
        assert_ptr_equal(host(frames[i]), (const uint8_t *)memory + i * VPORT_PAGE_SIZE);
    }
    assert_true(machine.bus->platform.outside);
}

static void malloced_memory_gets_frames_that_no_device_reaches(void **state)
{
    uint8_t *block = malloc(10 * VPORT_PAGE_SIZE);
    uint8_t *aligned = (uint8_t *)vport_align_up((uintptr_t)block, VPORT_PAGE_SIZE);
    struct vport_pages first;
    struct vport_pages second;
    struct vport_frame shared;

    start((struct vport_qemu_options){0});
    assert_int_equal(lock(aligned + 7, 5 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &first), VPORT_OK);
    assert_outside(aligned, 6);
    shared = frames[3];
    assert_int_equal(lock(aligned + 3 * VPORT_PAGE_SIZE, 1, VPORT_ACCESS_READ, &second), VPORT_OK);
    assert_int_equal(frames[0].number, shared.number);
    first.frames = frames; /* lock() lends one array to all */
    vport_space_unlock(machine.bus->space, &second);
    assert_int_equal(vport_space_locked(machine.bus->space), 6);
    vport_space_unlock(machine.bus->space, &first);
    assert_int_equal(vport_space_locked(machine.bus->space), 0);
    machine_end(&machine, 0);
    free(block);
}

static void what_is_not_there_cannot_be_pinned(void **state)
{
    uint8_t *hole =
        mmap(NULL, 3 * VPORT_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct vport_pages pages;

    start((struct vport_qemu_options){0});
    assert_true(hole != MAP_FAILED);
    munmap(hole + VPORT_PAGE_SIZE, VPORT_PAGE_SIZE);
    assert_int_equal(lock(hole, 3 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ, &pages), VPORT_E_ACCESS);
    mprotect(hole, VPORT_PAGE_SIZE, PROT_READ);
    assert_int_equal(lock(hole, VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &pages), VPORT_E_ACCESS);
    assert_int_equal(lock(hole, VPORT_PAGE_SIZE, VPORT_ACCESS_READ, &pages), VPORT_OK);
    vport_space_unlock(machine.bus->space, &pages);
    assert_int_equal(vport_space_locked(machine.bus->space), 0);
    machine_end(&machine, 0);
    munmap(hole, 3 * VPORT_PAGE_SIZE);
}

static void own_buffers_are_registered_but_out_of_reach(void **state)
{
    struct vport_pages pages;
    uint8_t *memory;

    start((struct vport_qemu_options){.own_buffers = true, .memory = 16 << 20});
    memory = allocate(64 << 20); /* not limited by the machine's memory */
    assert_true(vport_space_contains(machine.bus->space, (uintptr_t)memory, 64 << 20));
    assert_int_equal(
        lock(memory + VPORT_PAGE_SIZE, 5 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &pages), VPORT_OK);
    assert_outside(memory + VPORT_PAGE_SIZE, 5);
    assert_int_equal(machine.bus->ops->memory_free(machine.bus, memory), VPORT_OK);
    memset(host(frames[0]), 1, VPORT_PAGE_SIZE); /* lives on while locked */
    vport_space_unlock(machine.bus->space, &pages);
    machine_end(&machine, 0);
}

static void a_driver_that_leaves_locks_behind_is_reported(void **state)
{
    struct vport_pages pages;

    start((struct vport_qemu_options){0});
    assert_int_equal(lock(allocate(8192), 8192, VPORT_ACCESS_READ, &pages), VPORT_OK);
    machine_end(&machine, 1);
}

/* ---- What bounce pages are made of ---- */

static void platform_memory_is_within_reach_and_seen_by_devices(void **state)
{
    struct vport_dma_platform *platform;
    struct vport_frame some[16];
    uint8_t back[64];

    start((struct vport_qemu_options){0});
    platform = &machine.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 16, 0xfffffff, true, some), VPORT_OK);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(some[i].number, some[0].number + i);
        assert_ptr_equal(host(some[i]), (uint8_t *)host(some[0]) + i * VPORT_PAGE_SIZE);
        assert_true(vport_frame_address(some[i]) <= platform->highest);
    }
    memset(host(some[3]), 0x3c, 64);
    machine_peek(&machine, vport_frame_address(some[3]), back, 64);
    assert_memory_equal(back, host(some[3]), 64);
    platform->ops->frames_free(platform, 16, some);
    machine_end(&machine, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scattered_buffers_lie_page_by_page),
        cmocka_unit_test(mixed_buffers_lie_in_runs),
        cmocka_unit_test(contiguous_buffers_lie_in_one_piece),
        cmocka_unit_test(devices_write_into_scattered_buffers),
        cmocka_unit_test(a_buffer_of_more_runs_than_mappings_has_longer_runs),
        cmocka_unit_test(more_than_there_is_is_refused),
        cmocka_unit_test(new_buffers_are_zero),
        cmocka_unit_test(a_locked_buffer_keeps_its_frames_when_it_is_freed),
        cmocka_unit_test(malloced_memory_gets_frames_that_no_device_reaches),
        cmocka_unit_test(what_is_not_there_cannot_be_pinned),
        cmocka_unit_test(own_buffers_are_registered_but_out_of_reach),
        cmocka_unit_test(a_driver_that_leaves_locks_behind_is_reported),
        cmocka_unit_test(platform_memory_is_within_reach_and_seen_by_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
