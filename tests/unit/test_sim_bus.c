/* SPDX-License-Identifier: MIT */
/* What models do on the simulated bus: bus mastering, interrupts, timers. */
#include "sim_fixture.h"

static const struct vport_sim_platform standard = {.coherent = true};

/* ---- Bus mastering ----------------------------------------------------------------------- */

static void dma_is_refused_while_bus_mastering_is_off(void **state)
{
    struct fixture f;
    struct vport_frame frame;
    char bytes[2] = "x";
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    struct vport_dma_platform *platform = &f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 1, UINT64_MAX, true, &frame), VPORT_OK);
    char *page = platform->ops->host(platform, frame);
    assert_int_equal(probe_dma_write(&f, vport_frame_address(frame), bytes, 1), VPORT_E_ACCESS);
    assert_reported(&f, "bus mastering is off");
    assert_int_equal(page[0], 0);
    assert_int_equal(config_read(&f, 6, 2) & 0x2000, 0x2000); /* received master abort */
    config_write(&f, 6, 2, 0x2000);
    assert_int_equal(config_read(&f, 6, 2) & 0x2000, 0);
    master_set(&f, true);
    assert_int_equal(probe_dma_write(&f, vport_frame_address(frame), bytes, 1), VPORT_OK);
    assert_int_equal(page[0], 'x');
    platform->ops->frames_free(platform, 1, &frame);
    fixture_destroy(&f);
}

static void dma_to_no_memory_is_refused_whole_and_reported(void **state)
{
    struct fixture f;
    struct vport_frame frames[2];
    char bytes[VPORT_PAGE_SIZE + 1];
    (void)state;
    memset(bytes, 'y', sizeof(bytes));
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    master_set(&f, true);
    struct vport_dma_platform *platform = &f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 2, UINT64_MAX, true, frames), VPORT_OK);
    uint64_t address = vport_frame_address(frames[0]) + VPORT_PAGE_SIZE;
    char *page = (char *)platform->ops->host(platform, frames[0]) + VPORT_PAGE_SIZE;
    assert_int_equal(probe_dma_write(&f, address, bytes, sizeof(bytes)), VPORT_E_ACCESS);
    assert_int_equal(page[0], 0); /* the part that was there was not moved either */
    char expected[100];
    snprintf(expected, sizeof(expected),
             "probe: device write at bus address 0x%llx, which is no memory now",
             (unsigned long long)address + VPORT_PAGE_SIZE);
    assert_reported(&f, expected);
    assert_int_equal(vport_reports_count(f.reports, "DEVICE"), 1);
    assert_int_equal(probe_dma_read(&f, GIB(8), bytes, 1), VPORT_E_ACCESS); /* past all memory */
    assert_int_equal(probe_dma_read(&f, 0, bytes, 1), VPORT_E_ACCESS);
    assert_int_equal(probe_dma_read(&f, UINT64_MAX, bytes, 2), VPORT_E_ACCESS);
    assert_int_equal(probe_dma_write(&f, address, bytes, sizeof(bytes) - 1), VPORT_OK);
    assert_memory_equal(page, bytes, VPORT_PAGE_SIZE);
    platform->ops->frames_free(platform, 2, frames);
    assert_int_equal(probe_dma_read(&f, address, bytes, 1), VPORT_E_ACCESS);
    fixture_destroy(&f);
}

static void address_bits_above_the_reach_are_dropped_and_reported(void **state)
{
    struct fixture f;
    struct vport_frame frame;
    char byte = 'z';
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 24);
    master_set(&f, true);
    struct vport_dma_platform *platform = &f.bus->platform;
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xffffff, true, &frame), VPORT_OK);
    uint64_t address = vport_frame_address(frame);
    assert_int_equal(probe_dma_write(&f, address | GIB(3), &byte, 1), VPORT_OK);
    assert_reported(&f, "only the address bits 0xffffff reach memory");
    assert_int_equal(*(char *)platform->ops->host(platform, frame), 'z');
    vport_reports_clear(f.reports);
    assert_int_equal(probe_dma_read(&f, address, &byte, 1), VPORT_OK);
    assert_int_equal(vport_reports_count(f.reports, NULL), 0);
    platform->ops->frames_free(platform, 1, &frame);
    fixture_destroy(&f);
}

static void scattered_dma_equals_a_byte_copy(void **state)
{
    struct fixture f;
    struct locked locked;
    void *memory;
    uint64_t random = test_seed();
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.layout = VPORT_SIM_MIXED, .coherent = true},
                   random);
    probe_add(&f, 0);
    master_set(&f, true);
    size_t length = 64 * VPORT_PAGE_SIZE;
    assert_int_equal(f.bus->ops->memory_alloc(f.bus, length, &memory), VPORT_OK);
    lock_memory(&f, memory, length, VPORT_ACCESS_WRITE, &locked);
    for (size_t i = 0; i < length; i++)
        ((uint8_t *)memory)[i] = (uint8_t)(i * 31 + (i >> 12));
    for (unsigned round = 0; round < 200; round++) {
        uint8_t bytes[3 * VPORT_PAGE_SIZE];
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t page = (random >> 33) % 64, offset = (random >> 13) % VPORT_PAGE_SIZE, run = 1;
        while (page + run < 64 && run < 3 &&
               locked.frames[page + run].number == locked.frames[page].number + run)
            run++;
        size_t count = run * VPORT_PAGE_SIZE - offset;
        assert_int_equal(
            probe_dma_read(&f, vport_frame_address(locked.frames[page]) + offset, bytes, count),
            VPORT_OK);
        assert_memory_equal(bytes, (uint8_t *)memory + page * VPORT_PAGE_SIZE + offset, count);
    }
    unlock_memory(&f, &locked);
    fixture_destroy(&f);
}

/* ---- Interrupts -------------------------------------------------------------------------- */

struct listener {
    struct fixture *f;
    unsigned calls, drop_after; /* the line is taken down in call number drop_after; 0: never */
    bool claims;
};

static bool listen(void *context)
{
    struct listener *listener = context;
    if (++listener->calls == listener->drop_after)
        line_set(listener->f, false);
    return listener->claims;
}

static void level_interrupt_comes_again_until_the_line_drops(void **state)
{
    struct fixture f;
    struct listener listener = {&f, 0, 3, true};
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 0, listen, &listener), VPORT_OK);
    line_set(&f, true);
    assert_int_equal(listener.calls, 0); /* never from inside the model */
    assert_int_equal(config_read(&f, 6, 2) & 8, 8);
    settle(&f, 1);
    assert_int_equal(listener.calls, 3);
    assert_int_equal(config_read(&f, 6, 2) & 8, 0);
    settle(&f, 1);
    assert_int_equal(listener.calls, 3);
    assert_int_equal(vport_reports_count(f.reports, NULL), 0);
    fixture_destroy(&f);
}

static void interrupt_waits_for_a_handler_and_for_the_command_register(void **state)
{
    struct fixture f;
    struct listener listener = {&f, 0, 1, true};
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    config_write(&f, 4, 2, 0x403); /* interrupts off */
    line_set(&f, true);
    settle(&f, 1);
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 0, listen, &listener), VPORT_OK);
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 0, listen, &listener), VPORT_E_STATE);
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 1, listen, &listener), VPORT_E_INVALID);
    settle(&f, 1);
    assert_int_equal(listener.calls, 0);
    config_write(&f, 4, 2, 3);
    settle(&f, 1);
    assert_int_equal(listener.calls, 1);
    f.bus->ops->interrupt_disconnect(f.bus, 0);
    line_set(&f, true);
    settle(&f, 1);
    assert_int_equal(listener.calls, 1);
    fixture_destroy(&f);
}

static void storm_is_reported_and_masked_until_the_next_connect(void **state)
{
    struct fixture f;
    struct listener listener = {&f, 0, 0, false};
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 0, listen, &listener), VPORT_OK);
    line_set(&f, true);
    settle(&f, 100);
    assert_int_equal(listener.calls, 1000);
    assert_int_equal(vport_reports_count(f.reports, "DEVICE"), 1);
    assert_reported(&f, "claimed 0 of them");
    line_set(&f, false);
    line_set(&f, true);
    settle(&f, 100);
    assert_int_equal(listener.calls, 1000);
    f.bus->ops->interrupt_disconnect(f.bus, 0);
    listener.drop_after = 1002;
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 0, listen, &listener), VPORT_OK);
    settle(&f, 100);
    assert_int_equal(listener.calls, 1002);
    fixture_destroy(&f);
}

/* ---- Timers, numbers, reports ------------------------------------------------------------ */

static void timers_come_due_unless_cancelled_or_moved(void **state)
{
    struct fixture f;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    uint64_t before = vport_loop_now(f.loop);
    probe_run(&f, timers_act, NULL);
    assert_reported(&f, "timer 8");
    assert_int_equal(f.timers, 0);
    settle(&f, 2);
    assert_int_equal(f.timers, 5);
    assert_true(vport_loop_now(f.loop) - before < 3000000);
    fixture_destroy(&f);
}

static void random_act(struct fixture *f, void *context)
{
    *(uint64_t *)context = vport_device_random(f->device);
}

static void numbers_follow_the_seed(void **state)
{
    uint64_t numbers[4];
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct fixture f;
        fixture_create(&f, standard, i == 3 ? 6 : 5);
        probe_add(&f, 0);
        probe_run(&f, random_act, &numbers[i]);
        if (i == 1)
            probe_run(&f, random_act, &numbers[i]);
        fixture_destroy(&f);
    }
    assert_int_equal(numbers[0], numbers[2]);
    assert_int_not_equal(numbers[0], numbers[1]);
    assert_int_not_equal(numbers[0], numbers[3]);
}

/* ---- Trace ------------------------------------------------------------------------------- */

static void keep_line(void *context, const char *line)
{
    char *text = context;
    size_t used = strlen(text);
    snprintf(text + used, 1000 - used, "%s\n", line);
}

static void what_happens_is_traced(void **state)
{
    struct fixture f;
    struct listener listener = {&f, 0, 1, true};
    char text[1000] = "";
    char byte;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    master_set(&f, true);
    struct vport_dma_platform *platform = &f.bus->platform;
    struct vport_frame frame;
    assert_int_equal(platform->ops->frames_alloc(platform, 1, 0xffffff, true, &frame), VPORT_OK);
    assert_int_equal(f.bus->ops->interrupt_connect(f.bus, 0, listen, &listener), VPORT_OK);
    f.bus->trace = vport_trace_create();
    assert_non_null(f.bus->trace);
    vport_trace_set_sink(f.bus->trace, keep_line, text);
    assert_int_equal(probe_dma_read(&f, vport_frame_address(frame) + 1, &byte, 1), VPORT_OK);
    assert_non_null(strstr(text, "register write space=0 address=0xefff"));
    assert_non_null(strstr(text, "device read address=0x1001 length=1"));
    line_set(&f, true);
    settle(&f, 1);
    assert_non_null(strstr(text, "interrupt line=16 claimed=1"));
    vport_trace_destroy(f.bus->trace);
    f.bus->trace = NULL;
    platform->ops->frames_free(platform, 1, &frame);
    fixture_destroy(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dma_is_refused_while_bus_mastering_is_off),
        cmocka_unit_test(dma_to_no_memory_is_refused_whole_and_reported),
        cmocka_unit_test(address_bits_above_the_reach_are_dropped_and_reported),
        cmocka_unit_test(scattered_dma_equals_a_byte_copy),
        cmocka_unit_test(level_interrupt_comes_again_until_the_line_drops),
        cmocka_unit_test(interrupt_waits_for_a_handler_and_for_the_command_register),
        cmocka_unit_test(storm_is_reported_and_masked_until_the_next_connect),
        cmocka_unit_test(timers_come_due_unless_cancelled_or_moved),
        cmocka_unit_test(numbers_follow_the_seed),
        cmocka_unit_test(what_happens_is_traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
