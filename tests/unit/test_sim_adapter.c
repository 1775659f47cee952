/* SPDX-License-Identifier: MIT */
/* The simulated display adapter against its data sheet: registers, screen, interrupts. */
#include "sim_card.h"

/* ---- Registers --------------------------------------------------------------------------- */

static void registers_say_what_the_card_is(void **state)
{
    struct card card;
    struct vport_sim_adapter_options options = {
        .scatter_gather = false, .reach = 28, .max_length = 12345, .video_memory = MIB(2)};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &options, 4096);
    assert_int_equal(reg(&card, SIM_REG_ID), SIM_ID);
    assert_int_equal(reg(&card, SIM_REG_CAPABILITIES) & SIM_CAPABILITY_LIST, 0);
    assert_int_equal(SIM_CAPABILITY_ADDRESS_BITS(reg(&card, SIM_REG_CAPABILITIES)), 28);
    assert_int_equal(reg(&card, SIM_REG_MAX_LENGTH), 12345);
    assert_int_equal(reg(&card, SIM_REG_VIDEO_MEMORY), MIB(2));
    assert_int_equal(card.f.bus->function[0].dma_mask, 0xfffffff);
    assert_int_equal(card.f.bus->function[0].resource[1].length, MIB(2));
    card_destroy(&card);

    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(reg(&card, SIM_REG_CAPABILITIES), SIM_CAPABILITY_LIST | 64 << 8);
    assert_int_equal(reg(&card, SIM_REG_MAX_LENGTH), 0);
    assert_true(card.f.bus->function[0].dma_mask == UINT64_MAX);
    card_destroy(&card);
}

static void the_rom_is_one_pci_image(void **state)
{
    struct card card;
    uint8_t rom[512], sum = 0;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(card.f.bus->function[0].rom_length, sizeof(rom));
    assert_int_equal(card.f.bus->ops->rom_read(card.f.bus, 0, 0, rom, sizeof(rom)), VPORT_OK);
    assert_memory_equal(rom, "\x55\xaa\1\xcb", 4); /* one block; its entry point returns */
    const uint8_t *data = rom + (rom[0x18] | rom[0x19] << 8);
    assert_memory_equal(data, "PCIR", 4);
    assert_int_equal(data[4] | data[5] << 8, card.f.bus->function[0].vendor);
    assert_int_equal(data[6] | data[7] << 8, card.f.bus->function[0].device);
    assert_int_equal(data[10], 0x18);
    assert_memory_equal(data + 13, "\x00\x80\x03", 3); /* its class */
    assert_int_equal(data[16] | data[17] << 8, 1);
    assert_int_equal(data[21], 0x80); /* the last image */
    for (size_t i = 0; i < sizeof(rom); i++)
        sum = (uint8_t)(sum + rom[i]);
    assert_int_equal(sum, 0);
    card_destroy(&card);
}

static void impossible_options_are_refused(void **state)
{
    struct fixture f;
    const struct vport_sim_adapter_options wrong[] = {
        {.reach = 30},
        {.reach = 64, .video_memory = MIB(1) / 2},
        {.reach = 64, .video_memory = MIB(1024)},
        {.reach = 64, .video_memory = MIB(3)},
    };
    (void)state;
    fixture_create(&f, (struct vport_sim_platform){.coherent = true}, 1);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(wrong); i++)
        assert_int_equal(vport_sim_adapter_add(f.bus, &wrong[i]), VPORT_E_INVALID);
    assert_int_equal(f.bus->functions, 0);
    fixture_destroy(&f);
}

static void plain_registers_keep_and_others_refuse(void **state)
{
    struct card card;
    const unsigned kept[] = {SIM_REG_MODE_WIDTH,  SIM_REG_MODE_HEIGHT,  SIM_REG_MODE_STRIDE,
                             SIM_REG_MODE_FORMAT, SIM_REG_MODE_START,   SIM_REG_DMA_ADDRESS,
                             SIM_REG_DMA_LENGTH,  SIM_REG_DMA_POSITION, SIM_REG_DMA_ADDRESS_HIGH,
                             SIM_REG_DMA_COUNT,   SIM_REG_DMA_OFFSET,   SIM_REG_DMA_ROW,
                             SIM_REG_DMA_PITCH};
    const unsigned fixed[] = {SIM_REG_ID,         SIM_REG_CAPABILITIES, SIM_REG_VIDEO_MEMORY,
                              SIM_REG_MAX_LENGTH, SIM_REG_DMA_STATUS,   SIM_REG_DMA_DONE};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(kept); i++) {
        set(&card, kept[i], 0x80000001u + (uint32_t)i);
        assert_int_equal(reg(&card, kept[i]), 0x80000001u + i);
    }
    assert_int_equal(vport_reports_count(card.f.reports, NULL), 0);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(fixed); i++) {
        uint32_t before = reg(&card, fixed[i]);
        set(&card, fixed[i], ~before);
        assert_int_equal(reg(&card, fixed[i]), before);
        assert_reported(&card.f, "can only be read");
    }
    set(&card, 0x038, 1);
    assert_reported(&card.f, "offset 0x38, where there is no register");
    set(&card, 0xffc, 1);
    assert_reported(&card.f, "offset 0xffc, where there is no register");
    assert_int_equal(reg(&card, 0xffc), 0);
    card_destroy(&card);
}

static void other_widths(void **state)
{
    struct card card;
    uint64_t value, at;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    at = register_address(&card, SIM_REG_DMA_ADDRESS);
    assert_int_equal(
        card.f.bus->ops->io_write(card.f.bus, VPORT_IO_MEMORY, at, 8, 0x1122334455667788u),
        VPORT_OK);
    assert_int_equal(reg(&card, SIM_REG_DMA_ADDRESS), 0x55667788);
    assert_int_equal(reg(&card, SIM_REG_DMA_ADDRESS_HIGH), 0x11223344);
    assert_int_equal(card.f.bus->ops->io_read(card.f.bus, VPORT_IO_MEMORY, at, 8, &value),
                     VPORT_OK);
    assert_true(value == 0x1122334455667788u);
    assert_int_equal(card.f.bus->ops->io_read(card.f.bus, VPORT_IO_MEMORY, at + 2, 2, &value),
                     VPORT_OK);
    assert_int_equal(value, 0x5566);
    assert_int_equal(card.f.bus->ops->io_write(card.f.bus, VPORT_IO_MEMORY, at, 2, 1), VPORT_OK);
    assert_reported(&card.f, "registers take 4");
    assert_int_equal(reg(&card, SIM_REG_DMA_ADDRESS), 0x55667788);
    card_destroy(&card);
}

/* ---- Screen ------------------------------------------------------------------------------ */

static void mode_set(struct card *card, uint32_t width, uint32_t height, uint32_t stride,
                     uint32_t format, uint32_t start)
{
    set(card, SIM_REG_MODE_WIDTH, width);
    set(card, SIM_REG_MODE_HEIGHT, height);
    set(card, SIM_REG_MODE_STRIDE, stride);
    set(card, SIM_REG_MODE_FORMAT, format);
    set(card, SIM_REG_MODE_START, start);
    set(card, SIM_REG_MODE_CONTROL, SIM_MODE_ON);
}

static void screen_shows_video_memory_from_start_by_stride(void **state)
{
    struct card card;
    struct vport_image image;
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(card.f.bus->ops->screenshot(card.f.bus, &image), VPORT_E_STATE);
    for (unsigned i = 0; i < 64; i++)
        ((uint32_t *)card.video)[i] = 0xff000000u | i;
    mode_set(&card, 3, 2, 20, SIM_FORMAT_XRGB8888, 8);
    assert_int_equal(reg(&card, SIM_REG_MODE_CONTROL), SIM_MODE_ON);
    assert_int_equal(card.f.bus->ops->screenshot(card.f.bus, &image), VPORT_OK);
    assert_int_equal(image.width, 3);
    assert_int_equal(image.height, 2);
    const uint32_t expected[] = {2, 3, 4, 7, 8, 9};
    assert_memory_equal(image.pixels, expected, sizeof(expected));
    free(image.pixels);
    set(&card, SIM_REG_MODE_CONTROL, 0);
    assert_int_equal(card.f.bus->ops->screenshot(card.f.bus, &image), VPORT_E_STATE);
    card_destroy(&card);
}

static void modes_that_cannot_be_shown_are_invalid(void **state)
{
    struct card card;
    const uint32_t modes[][5] = {
        {0, 1, 4, 1, 0},          /* no width */
        {1, 0, 4, 1, 0},          /* no height */
        {2, 1, 4, 1, 0},          /* a stride shorter than a row */
        {1, 1, 6, 1, 0},          /* a stride between pixels */
        {1, 1, 4, 1, 2},          /* a start between pixels */
        {1, 1, 4, 2, 0},          /* a format that there is not */
        {512, 512, 2048, 1, 4},   /* 1 MiB from 4 on */
        {1, 2, 0xfffffffc, 1, 0}, /* a stride beyond video memory */
        {0xffffffff, 1, 4, 1, 0}, /* a row that wraps */
        {1, 0xffffffff, 0xfffffffc, 1, 0},
    };
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    for (size_t i = 0; i < VPORT_ARRAY_SIZE(modes); i++) {
        mode_set(&card, modes[i][0], modes[i][1], modes[i][2], modes[i][3], modes[i][4]);
        assert_int_equal(reg(&card, SIM_REG_MODE_CONTROL), SIM_MODE_INVALID);
        assert_int_equal(vport_reports_count(card.f.reports, "DEVICE"), i + 1);
    }
    mode_set(&card, 512, 512, 2048, 1, 0);
    assert_int_equal(reg(&card, SIM_REG_MODE_CONTROL), SIM_MODE_ON);
    card_destroy(&card);
}

/* ---- Interrupts ---- */

static void interrupts_follow_status_and_enable(void **state)
{
    struct card card;
    struct handler handler = {&card, 0, 0};
    (void)state;
    card_create(&card, VPORT_SIM_CONTIGUOUS, &plain, 4096);
    assert_int_equal(card.f.bus->ops->interrupt_connect(card.f.bus, 0, handle, &handler), VPORT_OK);
    struct command command = {buffer_address(&card, 0), 4096, 0, 0, 0, 0, 0, 0};
    command_run(&card, &command);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 0);
    assert_int_equal(reg(&card, SIM_REG_IRQ_STATUS), SIM_IRQ_DONE);
    set(&card, SIM_REG_IRQ_ENABLE, SIM_IRQ_ERROR);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 0);
    set(&card, SIM_REG_IRQ_ENABLE, 0xffffffff);
    assert_int_equal(reg(&card, SIM_REG_IRQ_ENABLE), SIM_IRQ_DONE | SIM_IRQ_ERROR);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 1);
    assert_int_equal(handler.causes, SIM_IRQ_DONE);
    command.length = 0;
    command_start(&card, &command);
    vport_loop_stall(card.f.loop, 1000000);
    assert_int_equal(handler.calls, 2);
    assert_int_equal(handler.causes, SIM_IRQ_ERROR);
    assert_int_equal(reg(&card, SIM_REG_IRQ_STATUS), 0);
    card_destroy(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_say_what_the_card_is),
        cmocka_unit_test(the_rom_is_one_pci_image),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(plain_registers_keep_and_others_refuse),
        cmocka_unit_test(other_widths),
        cmocka_unit_test(screen_shows_video_memory_from_start_by_stride),
        cmocka_unit_test(modes_that_cannot_be_shown_are_invalid),
        cmocka_unit_test(interrupts_follow_status_and_enable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
