/* SPDX-License-Identifier: MIT */
/* See port.h. */
#include "port.h"

struct port port;
unsigned card_rom_length;

/* ---- The card ---- */

static void card_attach(void *model, struct vport_device *device)
{
    ((struct card *)model)->device = device;
}

static void card_reset(void *model)
{
    ((struct card *)model)->level = 0;
}

static uint64_t card_read(void *model, unsigned bar, uint64_t offset, unsigned width)
{
    struct card *card = model;

    return bar == 0 && offset == 0 ? card->level : CARD_VALUE(offset);
}

static void card_write(void *model, unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
    struct card *card = model;

    card->write.bar = bar;
    card->write.width = width;
    card->write.offset = offset;
    card->write.value = value;
    card->write.count++;
    if (bar != 0 || offset != 0)
        return;
    card->level = (uint32_t)value;
    vport_device_interrupt(card->device, value != 0);
}

static const struct vport_device_ops card_ops = {
    .name = "card",
    .vendor = 0x1B36,
    .device = 0x0100,
    .class_code = 0x030000,
    .revision = 3,
    .interrupt = true,
    .attach = card_attach,
    .reset = card_reset,
    .read = card_read,
    .write = card_write,
};

/* ---- The miniport ---- */

static VP_STATUS NTAPI find_adapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                                    PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    VIDEO_ACCESS_RANGE ranges[3];

    port.driver.finds++;
    port.driver.config = *ConfigInfo;
    if (port.driver.find)
        return port.driver.find(HwDeviceExtension, ConfigInfo);
    if (VideoPortGetAccessRanges(HwDeviceExtension, 0, NULL, 3, ranges, NULL, NULL, NULL) !=
        NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    port.driver.registers = VideoPortGetDeviceBase(HwDeviceExtension, ranges[0].RangeStart,
                                                   ranges[0].RangeLength, ranges[0].RangeInIoSpace);
    return port.driver.registers ? NO_ERROR : ERROR_INVALID_PARAMETER;
}

static BOOLEAN NTAPI initialize(PVOID HwDeviceExtension)
{
    port.driver.initializes++;
    return TRUE;
}

static BOOLEAN NTAPI start_io(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Status = port.driver.start_io
                                      ? port.driver.start_io(HwDeviceExtension, Packet)
                                      : ERROR_INVALID_FUNCTION;
    return Packet->StatusBlock->Status == NO_ERROR;
}

static BOOLEAN NTAPI interrupt(PVOID HwDeviceExtension)
{
    port.driver.interrupts++;
    return port.driver.interrupt ? port.driver.interrupt(HwDeviceExtension) : FALSE;
}

static int32_t NTAPI driver_entry(void *Context1, void *Context2)
{
    port.driver.init_status = VideoPortInitialize(Context1, Context2, &port.driver.data, NULL);
    return (int32_t)port.driver.init_status;
}

/* ---- The machine ---- */

static const uint8_t *card_rom(void)
{
    static uint8_t rom[65536];

    for (unsigned i = 0; i < sizeof(rom); i++)
        rom[i] = (uint8_t)(i == 0 ? 0x55 : i == 1 ? 0xAA : i);
    return card_rom_length ? rom : NULL;
}

void port_begin(const char *keys)
{
    static char adapter[256], error[VPORT_ERROR_TEXT];
    struct vport_device_plug plug = {
        .ops = &card_ops,
        .model = &port.card,
        .rom = card_rom(),
        .rom_length = card_rom_length,
        .bar = {{.length = 4096},
                {.length = 16, .port = true},
                {.length = sizeof(port.card.memory),
                 .prefetchable = true,
                 .memory = port.card.memory}},
    };
    struct vport_machine_config config = {.adapter = adapter, .device = &plug, .seed = 1};

    memset(&port, 0, sizeof(port));
    snprintf(adapter, sizeof(adapter), "sim%s%s", keys[0] ? ":" : "", keys);
    if (vport_machine_create(&config, &port.machine, error) != VPORT_OK)
        fail_msg("%s", error);
    port.driver.data =
        (VIDEO_HW_INITIALIZATION_DATA){.HwInitDataSize = sizeof(VIDEO_HW_INITIALIZATION_DATA),
                                       .HwFindAdapter = find_adapter,
                                       .HwInitialize = initialize,
                                       .HwStartIO = start_io,
                                       .HwInterrupt = interrupt,
                                       .HwDeviceExtensionSize = 64};
}

enum vport_status port_start(void)
{
    char error[VPORT_ERROR_TEXT];
    enum vport_status status = vport_machine_start(port.machine, driver_entry, error);

    port.extension = vport_machine_extension(port.machine);
    return status;
}

static void show_reports(void)
{
    struct vport_reports *reports = vport_machine_reports(port.machine);
    char rule[64], text[VPORT_REPORT_TEXT];

    for (size_t i = 0; vport_reports_get(reports, i, rule, sizeof(rule), text, sizeof(text)) == 0;
         i++)
        print_message("%s: %s\n", rule, text);
}

void port_end(uint64_t reports)
{
    uint64_t made;

    vport_machine_stop(port.machine);
    made = vport_reports_count(vport_machine_reports(port.machine), NULL);
    if (made != reports)
        show_reports();
    vport_machine_destroy(port.machine);
    assert_int_equal(made, reports);
}

void expect_report(const char *rule)
{
    struct vport_reports *reports = vport_machine_reports(port.machine);

    if (vport_reports_count(reports, rule) != 1 || vport_reports_count(reports, NULL) != 1)
        show_reports();
    assert_int_equal(vport_reports_count(reports, rule), 1);
    assert_int_equal(vport_reports_count(reports, NULL), 1);
    vport_reports_clear(reports);
}

void expect_silence(void)
{
    if (vport_reports_count(vport_machine_reports(port.machine), NULL))
        show_reports();
    assert_int_equal(vport_reports_count(vport_machine_reports(port.machine), NULL), 0);
}

static void call_body(void *context)
{
    (*(void (**)(void))context)();
}

void port_call(void (*body)(void))
{
    vport_machine_call(port.machine, call_body, &body);
}
