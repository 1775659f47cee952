/* SPDX-License-Identifier: MIT */
/* The simulated bus's memory: the map, the layouts, pinning, who sees what when. */
#include "sim_fixture.h"

#include <sys/mman.h>

#include "bus/sim/ram.h"

static const struct vport_sim_platform standard = {.coherent = true};

static bool user_frame(uint64_t frame, uint64_t memory)
{
    uint64_t address = frame << VPORT_PAGE_SHIFT;
    return (address >= MIB(8) && address < MIB(128)) || (address >= MIB(256) && address < GIB(2)) ||
           (address >= VPORT_SIM_PCI_END && address < memory / 8 * 7);
}

/* Every frame of a locked buffer is a user frame of its own. */
static void check_frames(const struct locked *locked, uint64_t memory)
{
    for (size_t i = 0; i < locked->count; i++) {
        assert_true(user_frame(locked->frames[i].number, memory));
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(locked->frames[i].number, locked->frames[j].number);
    }
}

static size_t count_runs(const struct locked *locked)
{
    size_t runs = 1;
    for (size_t i = 1; i < locked->count; i++)
        runs += locked->frames[i].number != locked->frames[i - 1].number + 1;
    return runs;
}

/*
 * Allocates and locks `length` bytes under `layout`, and tells how many runs of frames there are.
 */
static size_t runs_of(enum vport_sim_layout layout, size_t length, uint64_t seed)
{
    struct fixture f;
    struct locked locked;
    void *memory;
    fixture_create(&f, (struct vport_sim_platform){.layout = layout, .coherent = true}, seed);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, length, &memory), VPORT_OK);
    lock_memory(&f, memory, length, VPORT_ACCESS_WRITE, &locked);
    check_frames(&locked, GIB(8));
    size_t runs = count_runs(&locked);
    unlock_memory(&f, &locked);
    fixture_destroy(&f);
    return runs;
}

static void layouts_are_as_named(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    size_t pages = 2048;
    assert_int_equal(runs_of(VPORT_SIM_CONTIGUOUS, pages * VPORT_PAGE_SIZE, seed), 1);
    assert_int_equal(runs_of(VPORT_SIM_SCATTERED, pages * VPORT_PAGE_SIZE, seed), pages);
    /* 2048 pages in runs of 8 in the mean: 256 runs, and six standard deviations either way. */
    assert_in_range(runs_of(VPORT_SIM_MIXED, pages * VPORT_PAGE_SIZE, seed), 166, 346);
}

static void scattered_has_no_neighbours_downwards_either(void **state)
{
    struct fixture f;
    struct locked locked;
    void *memory;
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED, .coherent = true},
                   test_seed());
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, MIB(4), &memory), VPORT_OK);
    lock_memory(&f, memory, MIB(4), VPORT_ACCESS_READ, &locked);
    size_t above = 0;
    for (size_t i = 1; i < locked.count; i++)
        assert_int_not_equal(locked.frames[i].number + 1, locked.frames[i - 1].number);
    for (size_t i = 0; i < locked.count; i++)
        above += vport_frame_address(locked.frames[i]) >= GIB(4);
    assert_in_range(above, locked.count / 3, locked.count * 9 / 10); /* about 3 of 5 GiB */
    unlock_memory(&f, &locked);
    fixture_destroy(&f);
}

static void the_seed_decides_the_layout(void **state)
{
    struct vport_frame first[3] = {{0}};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct fixture f;
        struct locked locked;
        void *memory;
        fixture_create(&f,
                       (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED, .coherent = true},
                       i == 2 ? 8 : 7);
        assert_int_equal(f.bus->ops->memory_alloc(f.bus, 5000, &memory), VPORT_OK);
        lock_memory(&f, memory, 5000, VPORT_ACCESS_READ, &locked);
        first[i] = locked.frames[1];
        unlock_memory(&f, &locked);
        fixture_destroy(&f);
    }
    assert_int_equal(first[0].number, first[1].number);
    assert_int_not_equal(first[0].number, first[2].number);
}

/* Contiguous runs take turns: across the 4 GiB line, above it, below it. */
static void contiguous_runs_meet_the_4_gib_line(void **state)
{
    struct fixture f;
    uint64_t line = GIB(4) >> VPORT_PAGE_SHIFT;
    (void)state;
    fixture_create(&f, standard, test_seed());
    for (unsigned turn = 0; turn < 3; turn++) {
        struct locked locked;
        void *memory;
        assert_int_equal(f.bus->ops->memory_alloc(f.bus, MIB(1), &memory), VPORT_OK);
        lock_memory(&f, memory, MIB(1), VPORT_ACCESS_READ, &locked);
        uint64_t first = locked.frames[0].number, last = locked.frames[255].number;
        assert_int_equal(last, first + 255);
        assert_int_equal(first < line, turn != 1);
        assert_int_equal(last < line, turn == 2);
        unlock_memory(&f, &locked);
    }
    fixture_destroy(&f);
}

static void small_memory_has_frames_too(void **state)
{
    struct fixture f;
    struct locked locked;
    void *memory, *more;
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.memory = MIB(32), .coherent = true}, 1);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, MIB(24), &memory), VPORT_OK);
    lock_memory(&f, memory, MIB(24), VPORT_ACCESS_READ, &locked);
    /* half of the first 16 MiB is users', so that 24-bit devices meet pages within reach too */
    assert_int_equal(locked.frames[0].number, MIB(8) >> VPORT_PAGE_SHIFT);
    unlock_memory(&f, &locked);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, 1, &more), VPORT_E_NO_MEMORY);
    assert_null(more);
    assert_int_equal(f.bus->ops->memory_free(f.bus, memory), VPORT_OK);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, 1, &more), VPORT_OK);
    fixture_destroy(&f);
}

static void impossible_memory_is_refused_in_words(void **state)
{
    const uint64_t sizes[] = {MIB(31), GIB(1024) + VPORT_PAGE_SIZE, MIB(64) + 1};
    (void)state;
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(sizes); i++) {
        char error[100] = "";
        struct vport_bus *bus;
        struct vport_bus_config config = {.error = error, .error_size = sizeof(error)};
        assert_int_equal(
            vport_sim_bus_create(&config, &(struct vport_sim_platform){.memory = sizes[i]}, &bus),
            VPORT_E_INVALID);
        assert_null(bus);
        assert_non_null(strstr(error, "32 MiB to 1 TiB"));
    }
}

/* ---- Bounce pages and common buffers ----------------------------------------------------- */

static void kernel_frames_are_within_reach_and_contiguous(void **state)
{
    const struct {
        uint64_t reach, lowest;
    } cases[] = {{0xffffff, 0x1000},
                 {0xfffffff, MIB(128)},
                 {0xffffffff, GIB(2)},
                 {UINT64_MAX, GIB(7)},
                 {0x3fffffff, MIB(128)}};
    struct fixture f;
    (void)state;
    fixture_create(&f, standard, 1);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(cases); i++) {
        struct vport_frame frames[300];
        struct vport_dma_platform *platform = &f.bus->platform;
        assert_int_equal(platform->ops->frames_alloc(platform, 300, cases[i].reach, true, frames),
                         VPORT_OK);
        uint8_t *bytes = platform->ops->host(platform, frames[0]);
        for (size_t page = 0; page < 300; page++) {
            assert_int_equal(frames[page].number, frames[0].number + page);
            assert_true(vport_frame_address(frames[page]) + VPORT_PAGE_MASK <= cases[i].reach);
            assert_true(vport_frame_address(frames[page]) >= cases[i].lowest);
            assert_ptr_equal(platform->ops->host(platform, frames[page]), bytes + page * 4096);
            assert_int_equal(bytes[page * 4096 + 4095], 0);
        }
        platform->ops->frames_free(platform, 300, frames);
    }
    fixture_destroy(&f);
}

static void kernel_frames_run_out_for_now_or_for_ever(void **state)
{
    struct fixture f;
    struct vport_frame *frames = calloc(2048, sizeof(*frames)), one;
    (void)state;
    assert_non_null(frames);
    fixture_create(&f, standard, 1);
    struct vport_dma_platform *platform = &f.bus->platform;
    /* 8 MiB less the page at address 0 */
    assert_int_equal(platform->ops->frames_alloc(platform, 2048, 0xffffff, true, frames),
                     VPORT_E_TOO_LARGE);
    assert_int_equal(platform->ops->frames_alloc(platform, 2047, 0xffffff, false, frames),
                     VPORT_OK);
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xffffff, true, &one),
                     VPORT_E_NO_MEMORY);
    platform->ops->frames_free(platform, 2047, frames);
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xffffff, true, &one), VPORT_OK);
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xfff, true, frames),
                     VPORT_E_TOO_LARGE);
    platform->ops->frames_free(platform, 1, &one);
    free(frames);
    fixture_destroy(&f);
}

/* ---- Pinning, LB-9, LB-10 ---------------------------------------------------------------- */

static void lb_09_foreign_page_keeps_its_frame_until_the_last_unlock(void **state)
{
    struct fixture f;
    struct locked first, second;
    char byte;
    uint8_t *memory = aligned_alloc(VPORT_PAGE_SIZE, 8 * VPORT_PAGE_SIZE);
    (void)state;
    assert_non_null(memory);
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    master_set(&f, true);
    lock_memory(&f, memory + 100, 5 * VPORT_PAGE_SIZE, VPORT_ACCESS_WRITE, &first);
    lock_memory(&f, memory + 3 * VPORT_PAGE_SIZE, 5 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ, &second);
    assert_int_equal(first.count, 6);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(first.frames[3 + i].number, second.frames[i].number);
    uint64_t shared = vport_frame_address(second.frames[0]);
    uint64_t own = vport_frame_address(second.frames[4]);
    unlock_memory(&f, &first);
    assert_int_equal(probe_dma_read(&f, shared, &byte, 1), VPORT_OK);
    unlock_memory(&f, &second);
    assert_int_equal(probe_dma_read(&f, shared, &byte, 1), VPORT_E_ACCESS);
    assert_int_equal(probe_dma_read(&f, own, &byte, 1), VPORT_E_ACCESS);
    fixture_destroy(&f);
    free(memory);
}

static void foreign_memory_that_is_not_there_is_not_pinned(void **state)
{
    struct fixture f;
    struct vport_frame frames[4];
    struct vport_pages pages;
    uint8_t *memory =
        mmap(NULL, 4 * VPORT_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(mprotect(memory + 2 * VPORT_PAGE_SIZE, VPORT_PAGE_SIZE, PROT_READ), 0);
    assert_int_equal(munmap(memory + 3 * VPORT_PAGE_SIZE, VPORT_PAGE_SIZE), 0);
    fixture_create(&f, standard, 1);
    const struct {
        size_t pages;
        enum vport_access access;
        enum vport_status status;
    } cases[] = {{2, VPORT_ACCESS_WRITE, VPORT_OK},
                 {3, VPORT_ACCESS_READ, VPORT_OK},
                 {3, VPORT_ACCESS_WRITE, VPORT_E_ACCESS},
                 {4, VPORT_ACCESS_READ, VPORT_E_ACCESS}};
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(cases); i++) {
        enum vport_status status =
            vport_space_lock(f.bus->space, (uintptr_t)memory, cases[i].pages * VPORT_PAGE_SIZE,
                             cases[i].access, frames, &pages);
        assert_int_equal(status, cases[i].status);
        if (status == VPORT_OK)
            vport_space_unlock(f.bus->space, &pages);
    }
    fixture_destroy(&f);
    munmap(memory, 3 * VPORT_PAGE_SIZE);
}

static void device_cannot_write_what_is_locked_for_reading_only(void **state)
{
    struct fixture f;
    struct locked reading, writing;
    char *memory = aligned_alloc(VPORT_PAGE_SIZE, VPORT_PAGE_SIZE);
    (void)state;
    assert_non_null(memory);
    memory[5] = 'a';
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    master_set(&f, true);
    lock_memory(&f, memory, 10, VPORT_ACCESS_READ, &reading);
    uint64_t address = vport_frame_address(reading.frames[0]) + 5;
    assert_int_equal(probe_dma_write(&f, address, "b", 1), VPORT_E_ACCESS);
    assert_reported(&f, "locked for reading only");
    assert_int_equal(memory[5], 'a');
    lock_memory(&f, memory, 10, VPORT_ACCESS_WRITE, &writing);
    assert_int_equal(probe_dma_write(&f, address, "b", 1), VPORT_OK);
    assert_int_equal(memory[5], 'b');
    unlock_memory(&f, &writing);
    unlock_memory(&f, &reading);
    fixture_destroy(&f);
    free(memory);
}

static void lb_10_freed_memory_lives_until_the_last_unlock(void **state)
{
    struct fixture f;
    struct locked locked;
    void *memory;
    char byte = 0;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    master_set(&f, true);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, 2 * VPORT_PAGE_SIZE, &memory), VPORT_OK);
    memset(memory, 'x', 2 * VPORT_PAGE_SIZE);
    lock_memory(&f, memory, 2 * VPORT_PAGE_SIZE, VPORT_ACCESS_READ, &locked);
    uint64_t address = vport_frame_address(locked.frames[1]) + 7;
    assert_int_equal(f.bus->ops->memory_free(f.bus, memory), VPORT_OK);
    assert_int_equal(f.bus->ops->memory_free(f.bus, memory), VPORT_E_UNKNOWN);
    assert_int_equal(probe_dma_read(&f, address, &byte, 1), VPORT_OK);
    assert_int_equal(byte, 'x');
    unlock_memory(&f, &locked);
    assert_int_equal(probe_dma_read(&f, address, &byte, 1), VPORT_E_ACCESS);
    fixture_destroy(&f);
}

static void memory_calls_refuse_what_they_do_not_know(void **state)
{
    struct fixture f;
    void *memory = &f;
    (void)state;
    fixture_create(&f, standard, 1);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, 0, &memory), VPORT_E_INVALID);
    assert_null(memory);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, SIZE_MAX, &memory), VPORT_E_NO_MEMORY);
    assert_int_equal(f.bus->ops->memory_free(f.bus, &f), VPORT_E_UNKNOWN);
    assert_int_equal(f.bus->ops->memory_free(f.bus, NULL), VPORT_E_UNKNOWN);
    fixture_destroy(&f);
}

static void pages_left_locked_are_reported_at_the_end(void **state)
{
    struct vport_reports *reports = vport_reports_create(NULL, NULL);
    struct fixture f;
    struct locked locked;
    void *memory;
    (void)state;
    fixture_create(&f, standard, 1);
    vport_reports_destroy(f.reports);
    f.reports = f.bus->reports = reports;
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, 12345, &memory), VPORT_OK);
    lock_memory(&f, memory, 12345, VPORT_ACCESS_READ, &locked);
    f.bus->ops->close(f.bus);
    assert_int_equal(vport_reports_count(reports, "LB-12"), 1);
    assert_reported(&f, "4 pages");
    free(locked.frames);
    vport_loop_destroy(f.loop);
    vport_reports_destroy(reports);
}

/* ---- A platform that is not coherent ----------------------------------------------------- */

static void sync_for_device_moves_exactly_its_range(void **state)
{
    struct fixture f;
    struct locked locked;
    void *memory;
    uint8_t seen[3 * 4096];
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED}, test_seed());
    probe_add(&f, 0);
    master_set(&f, true);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, sizeof(seen), &memory), VPORT_OK);
    lock_memory(&f, memory, sizeof(seen), VPORT_ACCESS_READ, &locked);
    memset(memory, 0xaa, sizeof(seen));
    f.bus->platform.ops->sync_for_device(&f.bus->platform, locked.frames, 4000, 5000);
    for (size_t page = 0; page < 3; page++)
        assert_int_equal(
            probe_dma_read(&f, vport_frame_address(locked.frames[page]), seen + page * 4096, 4096),
            VPORT_OK);
    for (size_t i = 0; i < sizeof(seen); i++)
        assert_int_equal(seen[i], i >= 4000 && i < 9000 ? 0xaa : 0);
    unlock_memory(&f, &locked);
    fixture_destroy(&f);
}

static void sync_for_cpu_moves_exactly_its_range(void **state)
{
    struct fixture f;
    struct locked locked;
    void *memory;
    uint8_t written[4096];
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.layout = VPORT_SIM_SCATTERED}, test_seed());
    probe_add(&f, 0);
    master_set(&f, true);
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, 2 * 4096, &memory), VPORT_OK);
    lock_memory(&f, memory, 2 * 4096, VPORT_ACCESS_WRITE, &locked);
    memset(memory, 0x11, 2 * 4096);
    memset(written, 0x77, sizeof(written));
    for (size_t page = 0; page < 2; page++)
        assert_int_equal(
            probe_dma_write(&f, vport_frame_address(locked.frames[page]), written, sizeof(written)),
            VPORT_OK);
    assert_int_equal(((uint8_t *)memory)[4096], 0x11);
    f.bus->platform.ops->sync_for_cpu(&f.bus->platform, locked.frames, 4095, 2);
    for (size_t i = 0; i < 2 * 4096; i++)
        assert_int_equal(((uint8_t *)memory)[i], i == 4095 || i == 4096 ? 0x77 : 0x11);
    unlock_memory(&f, &locked);
    fixture_destroy(&f);
}

static void cb_13_shared_frames_are_seen_by_both_sides_at_once(void **state)
{
    struct fixture f;
    struct vport_frame frames[2];
    char byte = 0;
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){0}, 1);
    probe_add(&f, 0);
    master_set(&f, true);
    struct vport_dma_platform *platform = &f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 2, UINT64_MAX, true, frames), VPORT_OK);
    char *buffer = platform->ops->host(platform, frames[0]);
    uint64_t address = vport_frame_address(frames[0]) + 4100;
    buffer[4100] = 'c';
    assert_int_equal(probe_dma_read(&f, address, &byte, 1), VPORT_OK);
    assert_int_equal(byte, 0); /* not flushed, not shared */
    platform->ops->share(platform, 2, frames, true);
    assert_int_equal(probe_dma_read(&f, address, &byte, 1), VPORT_OK);
    assert_int_equal(byte, 'c');
    assert_int_equal(probe_dma_write(&f, address, "d", 1), VPORT_OK);
    assert_int_equal(buffer[4100], 'd');
    platform->ops->share(platform, 2, frames, false);
    platform->ops->frames_free(platform, 2, frames);
    fixture_destroy(&f);
}

static void coherent_platform_needs_no_sync(void **state)
{
    struct fixture f;
    (void)state;
    fixture_create(&f, standard, 1);
    assert_null(f.bus->platform.ops->sync_for_device);
    assert_null(f.bus->platform.ops->sync_for_cpu);
    assert_null(f.bus->platform.ops->share);
    fixture_destroy(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_as_named),
        cmocka_unit_test(scattered_has_no_neighbours_downwards_either),
        cmocka_unit_test(the_seed_decides_the_layout),
        cmocka_unit_test(contiguous_runs_meet_the_4_gib_line),
        cmocka_unit_test(small_memory_has_frames_too),
        cmocka_unit_test(impossible_memory_is_refused_in_words),
        cmocka_unit_test(kernel_frames_are_within_reach_and_contiguous),
        cmocka_unit_test(kernel_frames_run_out_for_now_or_for_ever),
        cmocka_unit_test(lb_09_foreign_page_keeps_its_frame_until_the_last_unlock),
        cmocka_unit_test(foreign_memory_that_is_not_there_is_not_pinned),
        cmocka_unit_test(device_cannot_write_what_is_locked_for_reading_only),
        cmocka_unit_test(lb_10_freed_memory_lives_until_the_last_unlock),
        cmocka_unit_test(memory_calls_refuse_what_they_do_not_know),
        cmocka_unit_test(pages_left_locked_are_reported_at_the_end),
        cmocka_unit_test(sync_for_device_moves_exactly_its_range),
        cmocka_unit_test(sync_for_cpu_moves_exactly_its_range),
        cmocka_unit_test(cb_13_shared_frames_are_seen_by_both_sides_at_once),
        cmocka_unit_test(coherent_platform_needs_no_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
