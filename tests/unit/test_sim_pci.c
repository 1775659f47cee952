/* SPDX-License-Identifier: MIT */
/* The simulated bus as PCI: configuration space, BARs, register accesses, plugging models in. */
#include "sim_fixture.h"

static const struct vport_sim_platform standard = {.coherent = true};

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

static void a_rom_tells_its_size_and_is_read_by_the_bus(void **state)
{
    static const uint8_t rom[5000] = {0x55, 0xaa, [4999] = 7};
    struct fixture f;
    struct vport_device_plug plug = probe_plug(&f);
    uint8_t bytes[4] = {1, 1, 1, 1};
    (void)state;
    fixture_create(&f, standard, 1);
    plug.rom = rom;
    plug.rom_length = sizeof(rom);
    assert_int_equal(vport_sim_bus_plug(f.bus, &plug), VPORT_OK);
    assert_int_equal(f.bus->function[0].rom_length, 5000);
    assert_int_equal(config_read(&f, 0x30, 4), 0); /* the firmware left it alone */
    config_write(&f, 0x30, 4, 0xfffffffe);
    assert_int_equal(config_read(&f, 0x30, 4), 0xffffe000); /* 8 KiB */
    config_write(&f, 0x30, 4, 0xe0000801);
    assert_int_equal(config_read(&f, 0x30, 4), 0xe0000001);
    assert_int_equal(f.bus->ops->rom_read(f.bus, 0, 0, bytes, 2), VPORT_OK);
    assert_memory_equal(bytes, "\x55\xaa\1\1", 4);
    assert_int_equal(f.bus->ops->rom_read(f.bus, 0, 4999, bytes, 1), VPORT_OK);
    assert_int_equal(bytes[0], 7);
    assert_int_equal(f.bus->ops->rom_read(f.bus, 0, 4999, bytes, 2), VPORT_E_RANGE);
    assert_int_equal(f.bus->ops->rom_read(f.bus, 0, UINT32_MAX, bytes, 2), VPORT_E_RANGE);
    assert_int_equal(f.bus->ops->rom_read(f.bus, 1, 0, bytes, 2), VPORT_E_RANGE);
    assert_int_equal(f.bus->ops->start(f.bus), VPORT_OK);
    assert_int_equal(config_read(&f, 0x30, 4), 0);
    fixture_destroy(&f);
}

static void a_function_without_a_rom_has_no_bar_for_it(void **state)
{
    struct fixture f;
    uint8_t byte;
    (void)state;
    fixture_create(&f, standard, 1);
    probe_add(&f, 64);
    config_write(&f, 0x30, 4, 0xffffffff);
    assert_int_equal(config_read(&f, 0x30, 4), 0);
    assert_int_equal(f.bus->function[0].rom_length, 0);
    assert_int_equal(f.bus->ops->rom_read(f.bus, 0, 0, &byte, 1), VPORT_E_RANGE);
    fixture_destroy(&f);
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
        {{.ops = &probe_ops, .rom = &f}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .rom_length = 512}, VPORT_E_INVALID},
        {{.ops = &probe_ops, .rom = &f, .rom_length = (16 << 20) + 1}, VPORT_E_INVALID},
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
        cmocka_unit_test(start_resets_every_device),
        cmocka_unit_test(a_rom_tells_its_size_and_is_read_by_the_bus),
        cmocka_unit_test(a_function_without_a_rom_has_no_bar_for_it),
        cmocka_unit_test(impossible_plugs_are_refused_and_the_model_destroyed),
        cmocka_unit_test(four_functions_do_not_overlap),
        cmocka_unit_test(no_screen_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
