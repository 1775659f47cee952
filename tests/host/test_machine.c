/* SPDX-License-Identifier: MIT */
/* One machine's life from create to destroy, many at once, and what happens when a step fails. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ntddk.h>
#include <dderror.h>
#include <ntddvdeo.h>
#include <video.h>

#include <videoport/device.h>
#include <videoport/host.h>

#include "base/arith.h"
#include "host/blit.h"
#include "miniports/blit_ioctl.h"

static char error[VPORT_ERROR_TEXT];

static void count_report(void *context, const struct vport_report *report)
{
    fprintf(stderr, "report %s: %s\n", report->rule, report->text);
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static struct vport_machine *machine_made(const char *adapter)
{
    struct vport_machine *machine;
    struct vport_machine_config config = {.adapter = adapter, .seed = 3};

    if (vport_machine_create(&config, &machine, error) != VPORT_OK)
        fail_msg("%s: %s", adapter ? adapter : "the default adapter", error);
    return machine;
}

static struct vport_machine *machine_started(const char *adapter)
{
    struct vport_machine *machine = machine_made(adapter);

    if (vport_machine_start(machine, NULL, error) != VPORT_OK)
        fail_msg("%s: %s", adapter ? adapter : "the default adapter", error);
    return machine;
}

/* Moves a picture of the machine's own to the adapter and back. Any thread; returns whether it came
 * back. */
static bool picture_moved(struct vport_machine *machine, unsigned salt)
{
    enum { WIDTH = 57, HEIGHT = 33, BYTES = WIDTH * HEIGHT * 4 };
    uint8_t *source = malloc(BYTES + 3), *back = malloc(BYTES + 3);
    char text[VPORT_ERROR_TEXT];
    bool moved;

    for (unsigned i = 0; i < BYTES; i++)
        source[1 + i] = (uint8_t)(i * 7 + i / 256 + salt * 31);
    memset(back, 0, BYTES + 3);
    moved = vport_blit_set_mode(machine, WIDTH, HEIGHT, text) == VPORT_OK &&
            vport_blit_write(machine, source + 1, WIDTH, HEIGHT, text) == VPORT_OK &&
            vport_blit_read(machine, back + 3, WIDTH, HEIGHT, text) == VPORT_OK &&
            memcmp(source + 1, back + 3, BYTES) == 0;
    free(source);
    free(back);
    return moved;
}

/* ---- A life ---- */

static void machine_without_a_driver_can_be_destroyed(void **state)
{
    vport_machine_destroy(machine_made("sim"));
    vport_machine_destroy(machine_made(NULL)); /* "sim" */
    vport_machine_destroy(NULL);
}

static void clean_run_reports_nothing_and_leaks_nothing(void **state)
{
    static const char *const adapters[] = {"sim", "sim:mode=threaded",
                                           "sim:sg=off,reach=24,map-registers=1"};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(adapters); i++) {
        _Atomic unsigned reports = 0;
        struct vport_machine *machine;
        struct vport_machine_config config = {
            .adapter = adapters[i], .report = count_report, .report_context = &reports};

        assert_int_equal(vport_machine_create(&config, &machine, error), VPORT_OK);
        assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_OK);
        assert_true(picture_moved(machine, 1));
        vport_machine_destroy(machine);
        assert_int_equal(reports, 0);
    }
}

static void driver_can_be_stopped_and_started_again(void **state)
{
    struct vport_machine *machine = machine_started("sim");

    for (unsigned i = 0; i < 3; i++) {
        assert_true(picture_moved(machine, i));
        vport_machine_stop(machine);
        vport_machine_stop(machine); /* nothing left to stop */
        assert_null(vport_machine_extension(machine));
        assert_int_equal(vport_machine_control(machine, IOCTL_VPORT_BLIT, NULL, 0, NULL, 0, NULL),
                         ERROR_DEV_NOT_EXIST);
        assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_OK);
    }
    assert_true(picture_moved(machine, 4));
    vport_machine_destroy(machine);
}

static void second_start_is_refused(void **state)
{
    struct vport_machine *machine = machine_started("sim");

    assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_E_STATE);
    assert_non_null(strstr(error, "already has a driver"));
    assert_int_equal(vport_machine_start(machine, NULL, NULL), VPORT_E_STATE);
    assert_true(picture_moved(machine, 0));
    vport_machine_destroy(machine);
}

/* ---- Wrong configurations ---- */

static void wrong_adapters_are_refused_in_words(void **state)
{
    static const char *const wrong[][2] = {
        {"voodoo", "there is no adapter 'voodoo'; there is sim"},
        {"", "there is no adapter ''"},
        {"simple", "there is no adapter 'simple'"},
        {"sim:reach=25", "adapter 'sim': reach=25"},
        {"sim:color=red", "adapter 'sim': there is no key 'color'"},
    };

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(wrong); i++) {
        struct vport_machine_config config = {.adapter = wrong[i][0]};
        struct vport_machine *machine = (struct vport_machine *)1;

        assert_int_equal(vport_machine_create(&config, &machine, error), VPORT_E_INVALID);
        assert_null(machine);
        if (!strstr(error, wrong[i][1]))
            fail_msg("'%s' was answered with '%s'", wrong[i][0], error);
        assert_int_equal(vport_machine_create(&config, &machine, NULL), VPORT_E_INVALID);
    }
}

static void every_adapter_of_the_list_can_be_checked(void **state)
{
    const struct vport_adapter_kind *const *kind = vport_adapters();
    char why[VPORT_ERROR_TEXT];

    assert_string_equal((*kind)->name, "sim");
    assert_int_equal(vport_adapter_check("sim", why), VPORT_OK);
    assert_int_equal(vport_adapter_check("none", why), VPORT_E_INVALID);
    for (; *kind; kind++) {
        enum vport_status status = vport_adapter_check((*kind)->name, why);

        assert_true(status == VPORT_OK || (status == VPORT_E_ENVIRONMENT && why[0]));
        assert_non_null((*kind)->keys);
    }
}

/* ---- Drivers that refuse ---- */

static VP_STATUS find_adapter_answer;
static BOOLEAN initialize_answer;

static VP_STATUS NTAPI find_adapter(PVOID extension, PVOID context, PWSTR argument,
                                    PVIDEO_PORT_CONFIG_INFO config, PUCHAR again)
{
    *again = 0;
    return find_adapter_answer;
}

static BOOLEAN NTAPI initialize(PVOID extension)
{
    return initialize_answer;
}

static BOOLEAN NTAPI start_io(PVOID extension, PVIDEO_REQUEST_PACKET packet)
{
    packet->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    return TRUE;
}

static VP_STATUS NTAPI power(PVOID extension, ULONG id, PVIDEO_POWER_MANAGEMENT state)
{
    return NO_ERROR;
}

static VP_STATUS NTAPI child(PVOID extension, PVIDEO_CHILD_ENUM_INFO info, PVIDEO_CHILD_TYPE type,
                             PUCHAR descriptor, PULONG id, PULONG unused)
{
    return VIDEO_ENUM_NO_MORE_DEVICES;
}

static int32_t NTAPI small_driver(void *context1, void *context2)
{
    VIDEO_HW_INITIALIZATION_DATA data = {.HwInitDataSize = sizeof(data),
                                         .AdapterInterfaceType = PCIBus,
                                         .HwFindAdapter = find_adapter,
                                         .HwInitialize = initialize,
                                         .HwStartIO = start_io,
                                         .HwSetPowerState = power,
                                         .HwGetPowerState = power,
                                         .HwGetVideoChildDescriptor = child,
                                         .HwDeviceExtensionSize = 64};

    return (int32_t)VideoPortInitialize(context1, context2, &data, NULL);
}

static int32_t NTAPI refusing_driver(void *context1, void *context2)
{
    return STATUS_UNSUCCESSFUL;
}

static void failed_start_says_where_and_can_be_repeated(void **state)
{
    struct vport_machine *machine = machine_made("sim");

    assert_int_equal(vport_machine_start(machine, refusing_driver, error), VPORT_E_DEVICE);
    assert_string_equal(error, "driver 'driver': DriverEntry failed with NTSTATUS 0xc0000001");
    find_adapter_answer = ERROR_DEV_NOT_EXIST;
    initialize_answer = TRUE;
    assert_int_equal(vport_machine_start(machine, small_driver, error), VPORT_E_DEVICE);
    assert_non_null(
        strstr(error, "starting the device (HwVidFindAdapter) failed with NTSTATUS 0x"));
    find_adapter_answer = NO_ERROR;
    initialize_answer = FALSE;
    assert_int_equal(vport_machine_start(machine, small_driver, error), VPORT_E_DEVICE);
    assert_non_null(strstr(error, "opening the device (HwVidInitialize) failed with NTSTATUS 0x"));
    assert_null(vport_machine_extension(machine));
    assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_OK);
    assert_true(picture_moved(machine, 0));
    vport_machine_destroy(machine);
}

/* ---- Requests ---- */

static void control_returns_the_drivers_status(void **state)
{
    struct vport_machine *machine = machine_made("sim");
    VPORT_SIZE size = {.Width = 8, .Height = 8};
    VIDEO_NUM_MODES modes = {0};
    uint32_t returned = 77;

    assert_int_equal(vport_machine_control(machine, IOCTL_VPORT_SET_SIZE, &size, sizeof(size), NULL,
                                           0, &returned),
                     ERROR_DEV_NOT_EXIST);
    assert_int_equal(returned, 0);
    assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_OK);
    assert_int_equal(vport_machine_control(machine, IOCTL_VIDEO_QUERY_NUM_AVAIL_MODES, NULL, 0,
                                           &modes, sizeof(modes), &returned),
                     NO_ERROR);
    assert_int_equal(returned, sizeof(modes));
    assert_true(modes.NumModes > 0);
    assert_int_equal(modes.ModeInformationLength, sizeof(VIDEO_MODE_INFORMATION));
    assert_int_equal(vport_machine_control(machine, 0x00230ffc, NULL, 0, NULL, 0, &returned),
                     ERROR_INVALID_FUNCTION);
    assert_int_equal(returned, 0);
    assert_int_equal(vport_machine_control(machine, IOCTL_VPORT_SET_SIZE, &size, 1, NULL, 0, NULL),
                     ERROR_INSUFFICIENT_BUFFER);
    vport_machine_destroy(machine);
}

static void refused_blits_say_why(void **state)
{
    struct vport_machine *machine = machine_started("sim:video-memory=1M");
    uint32_t pixel = 0;

    assert_int_equal(vport_blit_set_mode(machine, 1024, 1024, error), VPORT_E_DEVICE);
    assert_non_null(
        strstr(error, "the driver refused to set the mode: VP_STATUS 8 (ERROR_NOT_ENOUGH_MEMORY)"));
    assert_int_equal(vport_blit_write(machine, &pixel, 1, 1, error), VPORT_E_DEVICE);
    assert_non_null(strstr(error, "the driver refused to write the picture: VP_STATUS "));
    assert_int_equal(vport_blit_set_mode(machine, 4, 4, error), VPORT_OK);
    assert_int_equal(vport_blit_read(machine, NULL, 4, 4, error), VPORT_E_DEVICE);
    assert_non_null(strstr(error, "the driver refused to read the picture back: VP_STATUS "));
    assert_true(picture_moved(machine, 0));
    vport_machine_destroy(machine);
}

static void requests_count_by_direction(void **state)
{
    struct vport_machine *machine = machine_started("sim:map-registers=1");
    struct vport_machine_statistics statistics;

    vport_machine_statistics(machine, &statistics);
    assert_int_equal(statistics.to_device.requests, 0);
    assert_string_equal(statistics.adapter, "sim");
    assert_string_equal(statistics.driver, "sim");
    assert_int_equal(statistics.video_memory, 256 << 20);
    for (unsigned i = 0; i < 3; i++)
        assert_true(picture_moved(machine, i));
    vport_machine_statistics(machine, &statistics);
    assert_int_equal(statistics.to_device.requests, 3);
    assert_int_equal(statistics.from_device.requests, 3);
    assert_int_equal(statistics.from_device.bytes, 3 * 57 * 33 * 4);
    assert_true(statistics.to_device.operations >= 6); /* two pages at least */
    assert_int_equal(statistics.map_registers, 1);
    vport_machine_destroy(machine);
}

/* The miniport's second path: no operation is started for it. */
static void common_buffer_moves_the_same_picture(void **state)
{
    enum { SIZE = 100, BYTES = SIZE * SIZE * 4 };
    struct vport_machine *machine = machine_started("sim:sg=off,reach=24,coherent=off");
    VPORT_BLIT request = {.Flags = VPORT_BLIT_COMMON_BUFFER, .Width = SIZE, .Height = SIZE};
    VPORT_BLIT_RESULT result;
    uint8_t *source = malloc(BYTES), *back = calloc(1, BYTES);
    uint32_t returned;

    for (unsigned i = 0; i < BYTES; i++)
        source[i] = (uint8_t)(i ^ i >> 8);
    assert_int_equal(vport_blit_set_mode(machine, SIZE, SIZE, error), VPORT_OK);
    request.Direction = VPORT_BLIT_TO_DEVICE;
    request.Buffer = (uintptr_t)source;
    assert_int_equal(vport_machine_control(machine, IOCTL_VPORT_BLIT, &request, sizeof(request),
                                           &result, sizeof(result), &returned),
                     NO_ERROR);
    assert_int_equal(returned, sizeof(result));
    assert_int_equal(result.Operations, 0);
    assert_int_equal(result.Bytes, BYTES);
    request.Direction = VPORT_BLIT_FROM_DEVICE;
    request.Buffer = (uintptr_t)back;
    assert_int_equal(vport_machine_control(machine, IOCTL_VPORT_BLIT, &request, sizeof(request),
                                           &result, sizeof(result), &returned),
                     NO_ERROR);
    assert_memory_equal(source, back, BYTES);
    vport_machine_destroy(machine);
    free(source);
    free(back);
}

static void screenshot_needs_a_mode(void **state)
{
    struct vport_machine *machine = machine_started("sim");
    struct vport_image image = {0};

    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_E_STATE);
    assert_null(image.pixels);
    assert_int_equal(vport_blit_set_mode(machine, 3, 2, error), VPORT_OK);
    assert_int_equal(vport_machine_screenshot(machine, &image), VPORT_OK);
    assert_int_equal(image.width, 3);
    assert_int_equal(image.height, 2);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(image.pixels[i], 0);
    free(image.pixels);
    vport_machine_destroy(machine);
}

/* ---- Memory, calls, time ---- */

static void memory_is_given_and_taken_back(void **state)
{
    struct vport_machine *machine = machine_made("sim");
    void *memory, *other;

    assert_int_equal(vport_machine_alloc(machine, 10000, &memory), VPORT_OK);
    assert_int_equal((uintptr_t)memory % 4096, 0);
    memset(memory, 1, 10000);
    assert_int_equal(vport_machine_alloc(machine, 1, &other), VPORT_OK);
    assert_ptr_not_equal(memory, other);
    assert_int_equal(vport_machine_free(machine, (char *)memory + 4096), VPORT_E_UNKNOWN);
    assert_int_equal(vport_machine_free(machine, memory), VPORT_OK);
    assert_int_equal(vport_machine_free(machine, memory), VPORT_E_UNKNOWN);
    vport_machine_destroy(machine); /* `other` goes with it */
}

static void note_irql(void *context)
{
    *(KIRQL *)context = KeGetCurrentIrql();
}

static void call_runs_at_passive_level(void **state)
{
    struct vport_machine *machine = machine_made("sim");
    KIRQL irql = HIGH_LEVEL;

    vport_machine_call(machine, note_irql, &irql);
    assert_int_equal(irql, PASSIVE_LEVEL);
    vport_machine_destroy(machine);
}

static void extension_is_there_while_the_driver_is(void **state)
{
    struct vport_machine *machine = machine_made("sim");

    assert_null(vport_machine_extension(machine));
    assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_OK);
    assert_non_null(vport_machine_extension(machine));
    vport_machine_stop(machine);
    assert_null(vport_machine_extension(machine));
    vport_machine_destroy(machine);
}

/* ---- A device of the caller's own ---- */

struct model {
    struct vport_device *device;
    unsigned timers;
    unsigned *destroyed;
};

static void model_attach(void *context, struct vport_device *device)
{
    ((struct model *)context)->device = device;
}

static void model_reset(void *context)
{
}

static uint64_t model_read(void *context, unsigned bar, uint64_t offset, unsigned width)
{
    vport_device_timer_set(((struct model *)context)->device, 0, 1000);
    return ((struct model *)context)->timers;
}

static void model_write(void *context, unsigned bar, uint64_t offset, unsigned width,
                        uint64_t value)
{
}

static void model_timer(void *context, unsigned timer)
{
    ((struct model *)context)->timers++;
}

static void model_destroy(void *context)
{
    ++*((struct model *)context)->destroyed;
}

static const struct vport_device_ops model_ops = {
    .name = "model",
    .vendor = 0x1234,
    .device = 0x5678,
    .class_code = 0x038000,
    .attach = model_attach,
    .reset = model_reset,
    .read = model_read,
    .write = model_write,
    .timer = model_timer,
    .destroy = model_destroy,
};

static ULONG read_value;

static VP_STATUS NTAPI find_model(PVOID extension, PVOID context, PWSTR argument,
                                  PVIDEO_PORT_CONFIG_INFO config, PUCHAR again)
{
    VIDEO_ACCESS_RANGE range = {0};
    ULONG slot = 0;

    *again = 0;
    if (VideoPortGetAccessRanges(extension, 0, NULL, 1, &range, NULL, NULL, &slot) != NO_ERROR)
        return ERROR_INVALID_PARAMETER;
    *(PVOID *)extension = VideoPortGetDeviceBase(extension, range.RangeStart, range.RangeLength,
                                                 range.RangeInIoSpace);
    return NO_ERROR;
}

static BOOLEAN NTAPI read_model(PVOID extension, PVIDEO_REQUEST_PACKET packet)
{
    read_value = VideoPortReadRegisterUlong(*(PULONG *)extension);
    packet->StatusBlock->Status = NO_ERROR;
    return TRUE;
}

static int32_t NTAPI model_driver(void *context1, void *context2)
{
    VIDEO_HW_INITIALIZATION_DATA data = {.HwInitDataSize = sizeof(data),
                                         .AdapterInterfaceType = PCIBus,
                                         .HwFindAdapter = find_model,
                                         .HwInitialize = initialize,
                                         .HwStartIO = read_model,
                                         .HwSetPowerState = power,
                                         .HwGetPowerState = power,
                                         .HwGetVideoChildDescriptor = child,
                                         .HwDeviceExtensionSize = 64};

    return (int32_t)VideoPortInitialize(context1, context2, &data, NULL);
}

static enum vport_status model_machine(const char *adapter, struct model *model,
                                       struct vport_machine **machine)
{
    struct vport_device_plug plug = {.ops = &model_ops, .model = model, .bar = {{.length = 4096}}};
    struct vport_machine_config config = {.adapter = adapter, .device = &plug};

    return vport_machine_create(&config, machine, error);
}

static void own_device_works_with_an_own_driver(void **state)
{
    unsigned destroyed = 0;
    struct model model = {.destroyed = &destroyed};
    struct vport_machine *machine;

    initialize_answer = TRUE;
    assert_int_equal(model_machine("sim:memory=1G", &model, &machine), VPORT_OK);
    assert_int_equal(vport_machine_start(machine, NULL, error), VPORT_E_INVALID);
    assert_non_null(strstr(error, "needs a driver of your own"));
    assert_int_equal(vport_machine_start(machine, model_driver, error), VPORT_OK);
    assert_int_equal(vport_machine_control(machine, 0x230000, NULL, 0, NULL, 0, NULL), NO_ERROR);
    assert_int_equal(read_value, 0);
    vport_machine_run(machine, 1000000); /* long enough for the timer that the read has set */
    assert_int_equal(vport_machine_control(machine, 0x230000, NULL, 0, NULL, 0, NULL), NO_ERROR);
    assert_int_equal(read_value, 1);
    assert_int_equal(destroyed, 0);
    vport_machine_destroy(machine);
    assert_int_equal(destroyed, 1);
}

static void own_device_is_destroyed_when_the_machine_cannot_be_made(void **state)
{
    static const char *const wrong[] = {
        "nothing",           "sim:reach=1",   "sim:sg=on",          "sim:reach=64",
        "sim:max-length=4K", "sim:latency=0", "sim:video-memory=1M"};

    for (size_t i = 0; i < VPORT_ARRAY_SIZE(wrong); i++) {
        unsigned destroyed = 0;
        struct model model = {.destroyed = &destroyed};
        struct vport_machine *machine;

        assert_int_equal(model_machine(wrong[i], &model, &machine), VPORT_E_INVALID);
        assert_null(machine);
        assert_int_equal(destroyed, 1);
    }
    assert_non_null(strstr(error, "the built-in device's"));
}

/* ---- Many machines ---- */

enum { MANY = 10 };

static const char *many_adapter(unsigned i)
{
    static const char *const adapters[] = {"sim", "sim:mode=threaded", "sim:sg=off,reach=24",
                                           "sim:mode=threaded,queue=on,coherent=off",
                                           "sim:map-registers=1"};

    return adapters[i % VPORT_ARRAY_SIZE(adapters)];
}

static void ten_machines_in_turn(void **state)
{
    struct vport_machine *machines[MANY];

    for (unsigned i = 0; i < MANY; i++)
        machines[i] = machine_started(many_adapter(i));
    for (unsigned round = 0; round < 3; round++)
        for (unsigned i = 0; i < MANY; i++)
            assert_true(picture_moved(machines[i], i + round));
    for (unsigned i = 0; i < MANY; i += 2)
        vport_machine_destroy(machines[i]);
    for (unsigned i = 1; i < MANY; i += 2) {
        assert_true(picture_moved(machines[i], i));
        vport_machine_destroy(machines[i]);
    }
}

struct runner {
    pthread_t thread;
    unsigned number;
    bool good;
};

static void *run_machine(void *context)
{
    struct runner *runner = context;
    struct vport_machine_config config = {.adapter = many_adapter(runner->number),
                                          .seed = runner->number};
    struct vport_machine *machine;

    runner->good = true;
    for (unsigned life = 0; life < 3 && runner->good; life++) {
        runner->good = vport_machine_create(&config, &machine, NULL) == VPORT_OK &&
                       vport_machine_start(machine, NULL, NULL) == VPORT_OK;
        for (unsigned i = 0; i < 5 && runner->good; i++)
            runner->good = picture_moved(machine, runner->number + i);
        vport_machine_destroy(machine);
    }
    return NULL;
}

static void ten_machines_at_once(void **state)
{
    struct runner runners[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        runners[i].number = i;
        assert_int_equal(pthread_create(&runners[i].thread, NULL, run_machine, &runners[i]), 0);
    }
    for (unsigned i = 0; i < MANY; i++) {
        pthread_join(runners[i].thread, NULL);
        assert_true(runners[i].good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_without_a_driver_can_be_destroyed),
        cmocka_unit_test(clean_run_reports_nothing_and_leaks_nothing),
        cmocka_unit_test(driver_can_be_stopped_and_started_again),
        cmocka_unit_test(second_start_is_refused),
        cmocka_unit_test(wrong_adapters_are_refused_in_words),
        cmocka_unit_test(every_adapter_of_the_list_can_be_checked),
        cmocka_unit_test(failed_start_says_where_and_can_be_repeated),
        cmocka_unit_test(control_returns_the_drivers_status),
        cmocka_unit_test(refused_blits_say_why),
        cmocka_unit_test(requests_count_by_direction),
        cmocka_unit_test(common_buffer_moves_the_same_picture),
        cmocka_unit_test(screenshot_needs_a_mode),
        cmocka_unit_test(memory_is_given_and_taken_back),
        cmocka_unit_test(call_runs_at_passive_level),
        cmocka_unit_test(extension_is_there_while_the_driver_is),
        cmocka_unit_test(own_device_works_with_an_own_driver),
        cmocka_unit_test(own_device_is_destroyed_when_the_machine_cannot_be_made),
        cmocka_unit_test(ten_machines_in_turn),
        cmocka_unit_test(ten_machines_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
