/* SPDX-License-Identifier: MIT */
/* The simulated bus as models and the hal see it: PCI, register accesses, bus mastering,
 * interrupts. */
#include "sim_fixture.h"

static const struct vport_sim_platform standard = {.coherent = true};

static uint32_t config_read(struct fixture *f, unsigned offset, unsigned width)
{
    uint8_t bytes[4] = {0};
    assert_int_equal(f->bus->ops->config_read(f->bus, 0, offset, bytes, width), VPORT_OK);
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void config_write(struct fixture *f, unsigned offset, unsigned width, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};
    assert_int_equal(f->bus->ops->config_write(f->bus, 0, offset, bytes, width), VPORT_OK);
}

/* ---- Configuration space ----------------------------------------------------------------- */

static void header_says_what_the_model_is(void **state)
{
    struct fixture f;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 28);
    const struct vport_function *function = &f.bus->function[0];
    assert_int_equal(f.bus->functions, 1);
    assert_int_equal(config_read(&f, 0, 4), 0x56781234);
    assert_int_equal(config_read(&f, 8, 4), 0x03800007);
    assert_int_equal(config_read(&f, 0x0e, 1), 0); /* header type */
    assert_int_equal(config_read(&f, 0x34, 1), 0); /* no capabilities */
    assert_int_equal(config_read(&f, 0x3c, 1), function->vector);
    assert_int_equal(config_read(&f, 0x3d, 1), 1);
    assert_int_equal(function->vendor, 0x1234);
    assert_int_equal(function->device, 0x5678);
    assert_int_equal(function->dma_mask, 0xfffffff);
    assert_true(function->interrupt);
    config_write(&f, 0, 4, 0xdeadbeef);
    config_write(&f, 0x3d, 1, 5);
    assert_int_equal(config_read(&f, 0, 4), 0x56781234);
    assert_int_equal(config_read(&f, 0x3d, 1), 1);
    fixture_destroy(&f);
}

static void bars_are_assigned_and_tell_their_size(void **state)
{
    struct fixture f;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    const struct vport_function *function = &f.bus->function[0];
    const uint32_t sized[] = {0xfffff000, 0xfffffff1, 0xfffff008, 0, 0, 0};
    assert_int_equal(function->resources, 3);
    for (unsigned i = 0; i < 6; i++) {
        uint32_t before = config_read(&f, 0x10 + 4 * i, 4);
        if (i < 3)
            assert_int_equal(before & ~0xfu, function->resource[i].start);
        config_write(&f, 0x10 + 4 * i, 4, 0xffffffff);
        assert_int_equal(config_read(&f, 0x10 + 4 * i, 4), sized[i]);
        config_write(&f, 0x10 + 4 * i, 4, before);
        assert_int_equal(config_read(&f, 0x10 + 4 * i, 4), before);
    }
    assert_int_equal(function->resource[1].kind, VPORT_IO_PORT);
    assert_int_equal(function->resource[1].length, 16);
    assert_null(function->resource[0].direct);
    assert_ptr_equal(function->resource[2].direct, f.video);
    assert_true(function->resource[2].prefetchable);
    fixture_destroy(&f);
}

static void config_space_ends_at_256_bytes(void **state)
{
    struct fixture f;
    uint32_t value = 0;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    assert_int_equal(f.bus->ops->config_read(f.bus, 0, 254, &value, 4), VPORT_E_RANGE);
    assert_int_equal(value, 0xffffffff);
    value = 0;
    assert_int_equal(f.bus->ops->config_read(f.bus, 1, 0, &value, 4), VPORT_E_RANGE);
    assert_int_equal(value, 0xffffffff);
    assert_int_equal(f.bus->ops->config_write(f.bus, 0, UINT32_MAX, &value, 4), VPORT_E_RANGE);
    fixture_destroy(&f);
}

/* ---- Register accesses ------------------------------------------------------------------- */

static enum vport_status io_read(struct fixture *f, enum vport_io_kind kind, uint64_t address,
                                 unsigned width, uint64_t *value)
{
    return f->bus->ops->io_read(f->bus, kind, address, width, value);
}

static void accesses_arrive_with_bar_offset_and_width(void **state)
{
    struct fixture f;
    uint64_t value;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    uint64_t registers = f.bus->function[0].resource[0].start;
    uint64_t ports = f.bus->function[0].resource[1].start;
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, registers + 0x10, 8, &value), VPORT_OK);
    assert_int_equal(value, 0x1122334455667788u + 0x100000 + 8);
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, registers + 0x10, 2, &value), VPORT_OK);
    assert_int_equal(value, (0x7788 + 2) & 0xffff);
    assert_int_equal(io_read(&f, VPORT_IO_PORT, ports + 4, 4, &value), VPORT_OK);
    assert_int_equal(value, 0x55667788u + 0x100 + 0x40000 + 4);
    assert_int_equal(f.bus->ops->io_write(f.bus, VPORT_IO_PORT, ports + 8, 2, 0x123456), VPORT_OK);
    assert_int_equal(f.last_offset, 8);
    assert_int_equal(f.last_width, 2);
    assert_int_equal(f.last_value, 0x3456);
    fixture_destroy(&f);
}

static void unaligned_accesses_become_bytes(void **state)
{
    struct fixture f;
    uint64_t value;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    uint64_t registers = f.bus->function[0].resource[0].start;
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, registers + 2, 4, &value), VPORT_OK);
    assert_int_equal(value, 0x89898989u); /* 0x88 + width 1, four times */
    assert_int_equal(f.bus->ops->io_write(f.bus, VPORT_IO_MEMORY, registers + 1, 2, 0xabcd),
                     VPORT_OK);
    assert_int_equal(f.last_offset, 2);
    assert_int_equal(f.last_width, 1);
    assert_int_equal(f.last_value, 0xab);
    fixture_destroy(&f);
}

static void memory_bar_is_reached_without_the_model(void **state)
{
    struct fixture f;
    uint64_t value;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    uint64_t video = f.bus->function[0].resource[2].start;
    assert_int_equal(f.bus->ops->io_write(f.bus, VPORT_IO_MEMORY, video + 100, 4, 0x01020304),
                     VPORT_OK);
    assert_int_equal(f.video[100], 4);
    f.video[103] = 9;
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, video + 100, 4, &value), VPORT_OK);
    assert_int_equal(value, 0x09020304);
    assert_int_equal(f.last_width, 0);
    fixture_destroy(&f);
}

static void nobody_answers_outside_a_bar_or_with_decoding_off(void **state)
{
    struct fixture f;
    uint64_t value;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    uint64_t registers = f.bus->function[0].resource[0].start;
    uint64_t ports = f.bus->function[0].resource[1].start;
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, registers + 4094, 4, &value), VPORT_E_RANGE);
    assert_int_equal(value, 0xffffffff);
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, 0x1000, 1, &value), VPORT_E_RANGE);
    assert_int_equal(value, 0xff);
    assert_int_equal(io_read(&f, VPORT_IO_PORT, registers, 4, &value), VPORT_E_RANGE);
    config_write(&f, 4, 2, 1); /* ports only */
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, registers, 4, &value), VPORT_E_RANGE);
    assert_int_equal(io_read(&f, VPORT_IO_PORT, ports, 4, &value), VPORT_OK);
    config_write(&f, 4, 2, 2); /* memory only */
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, registers, 4, &value), VPORT_OK);
    assert_int_equal(io_read(&f, VPORT_IO_PORT, ports, 4, &value), VPORT_E_RANGE);
    assert_int_equal(f.bus->ops->io_write(f.bus, VPORT_IO_PORT, ports, 4, 0), VPORT_E_RANGE);
    fixture_destroy(&f);
}

static void a_moved_bar_answers_at_its_new_place(void **state)
{
    struct fixture f;
    uint64_t value;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    uint64_t old = f.bus->function[0].resource[0].start;
    config_write(&f, 0x10, 4, 0xd0000000);
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, old, 4, &value), VPORT_E_RANGE);
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, 0xd0000000, 4, &value), VPORT_OK);
    assert_int_equal(f.bus->ops->start(f.bus), VPORT_OK);
    assert_int_equal(io_read(&f, VPORT_IO_MEMORY, old, 4, &value), VPORT_OK);
    fixture_destroy(&f);
}

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

static void line_act(struct fixture *f, void *context)
{
    vport_device_interrupt(f->device, *(bool *)context);
}

static void line_set(struct fixture *f, bool level)
{
    probe_run(f, line_act, &level);
}

static bool listen(void *context)
{
    struct listener *listener = context;
    if (++listener->calls == listener->drop_after)
        line_set(listener->f, false);
    return listener->claims;
}

/* Lets the machine run for a millisecond of its clock. */
static void settle(struct fixture *f, uint64_t milliseconds)
{
    vport_loop_stall(f->loop, milliseconds * 1000000);
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

static void timers_act(struct fixture *f, void *context)
{
    (void)context;
    vport_device_timer_set(f->device, 0, 1000000);
    vport_device_timer_set(f->device, 1, 1000000);
    vport_device_timer_set(f->device, 2, 50000000);
    vport_device_timer_set(f->device, 2, 1000000);
    vport_device_timer_cancel(f->device, 1);
    vport_device_timer_set(f->device, VPORT_DEVICE_TIMERS, 1);
}

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

/* ---- Plugging in ------------------------------------------------------------------------- */

static void start_resets_every_device(void **state)
{
    struct fixture f;
    bool up = true;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 0);
    assert_int_equal(f.resets, 1);
    master_set(&f, true);
    probe_run(&f, line_act, &up);
    probe_run(&f, timers_act, NULL);
    assert_int_equal(f.bus->ops->start(f.bus), VPORT_OK);
    assert_int_equal(f.resets, 2);
    assert_int_equal(config_read(&f, 4, 2), 3);
    assert_int_equal(config_read(&f, 6, 2), 0);
    settle(&f, 5);
    assert_int_equal(f.timers, 0);
    fixture_destroy(&f);
    assert_int_equal(f.destroyed, 1);
}

static void impossible_plugs_are_refused_and_the_model_destroyed(void **state)
{
    struct fixture f;
    static const struct vport_device_ops silent = {
        .name = "silent", .attach = probe_attach, .reset = probe_reset, .destroy = probe_destroy};
    (void)state;
    fixture_create(&f, standard, 1);
    const struct {
        struct vport_device_plug plug;
        enum vport_status status;
    } cases[] = {
        {{.ops = &probe_ops, .bar = {{.length = 24}}}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .bar = {{.length = 8}}}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .bar = {{.length = 512, .port = true}}}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .bar = {{.length = 16, .port = true, .memory = &f}}}, VPORT_E_INVALID},
        {{.ops = &silent, .bar = {{.length = 16}}}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .address_bits = 65}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .address_bits = 12}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .bar = {{.length = GIB(1)}}}, VPORT_E_TOO_LARGE},
        {{.ops = &probe_ops, .bar = {{.length = GIB(8)}}}, VPORT_E_TOO_LARGE},
        {{.ops = &probe_ops, .bar = {{.length = MIB(512)}, {.length = MIB(512)}}},
         VPORT_E_TOO_LARGE},
        /* and what the one before had got already is free again */
        {{.ops = &probe_ops, .bar = {{.length = MIB(512)}, {.length = MIB(256)}, {.length = 16}}},
         VPORT_E_TOO_LARGE},
    };
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(cases); i++) {
        struct vport_device_plug plug = cases[i].plug;
        plug.model = &f;
        assert_int_equal(vport_sim_bus_plug(f.bus, &plug), cases[i].status);
        assert_int_equal(f.destroyed, i + 1);
    }
    assert_int_equal(f.bus->functions, 0);
    struct vport_device_plug large = {
        .ops = &probe_ops, .model = &f, .bar = {{.length = MIB(512)}, {.length = MIB(256)}}};
    assert_int_equal(vport_sim_bus_plug(f.bus, &large), VPORT_OK);
    fixture_destroy(&f);
}

static void four_functions_do_not_overlap(void **state)
{
    struct fixture f;
    (void)state;
    fixture_create(&f, standard, 1);
    for (unsigned i = 0; i < 4; i++) {
        struct vport_device_plug plug = probe_plug(&f);
        plug.bar[3].length = i == 0 ? MIB(512) : MIB(64) >> i;
        assert_int_equal(vport_sim_bus_plug(f.bus, &plug), VPORT_OK);
    }
    struct vport_device_plug fifth = probe_plug(&f);
    assert_int_equal(vport_sim_bus_plug(f.bus, &fifth), VPORT_E_TOO_LARGE);
    for (unsigned a = 0; a < 16; a++) {
        const struct vport_resource *one = &f.bus->function[a / 4].resource[a % 4];
        assert_int_equal(one->start % one->length, 0);
        for (unsigned b = 0; b < a; b++) {
            const struct vport_resource *other = &f.bus->function[b / 4].resource[b % 4];
            bool apart = one->start + one->length <= other->start ||
                         other->start + other->length <= one->start;
            assert_true(apart || one->kind != other->kind);
        }
    }
    assert_int_not_equal(f.bus->function[0].vector, f.bus->function[3].vector);
    assert_int_not_equal(f.bus->function[0].slot, f.bus->function[3].slot);
    fixture_destroy(&f);
}

static void no_screen_is_said_so(void **state)
{
    struct fixture f;
    struct vport_image image;
    (void)state;
    fixture_create(&f, standard, 1);
    assert_int_equal(f.bus->ops->screenshot(f.bus, &image), VPORT_E_UNSUPPORTED);
    probe_add(&f, 0);
    assert_int_equal(f.bus->ops->screenshot(f.bus, &image), VPORT_E_UNSUPPORTED);
    assert_null(image.pixels);
    fixture_destroy(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_says_what_the_model_is),
        cmocka_unit_test(bars_are_assigned_and_tell_their_size),
        cmocka_unit_test(config_space_ends_at_256_bytes),
        cmocka_unit_test(accesses_arrive_with_bar_offset_and_width),
        cmocka_unit_test(unaligned_accesses_become_bytes),
        cmocka_unit_test(memory_bar_is_reached_without_the_model),
        cmocka_unit_test(nobody_answers_outside_a_bar_or_with_decoding_off),
        cmocka_unit_test(a_moved_bar_answers_at_its_new_place),
        cmocka_unit_test(dma_is_refused_while_bus_mastering_is_off),
        cmocka_unit_test(dma_to_no_memory_is_refused_whole_and_reported),
        cmocka_unit_test(address_bits_above_the_reach_are_dropped_and_reported),
        cmocka_unit_test(scattered_dma_equals_a_byte_copy),
        cmocka_unit_test(level_interrupt_comes_again_until_the_line_drops),
        cmocka_unit_test(interrupt_waits_for_a_handler_and_for_the_command_register),
        cmocka_unit_test(storm_is_reported_and_masked_until_the_next_connect),
        cmocka_unit_test(timers_come_due_unless_cancelled_or_moved),
        cmocka_unit_test(numbers_follow_the_seed),
        cmocka_unit_test(start_resets_every_device),
        cmocka_unit_test(impossible_plugs_are_refused_and_the_model_destroyed),
        cmocka_unit_test(four_functions_do_not_overlap),
        cmocka_unit_test(no_screen_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
