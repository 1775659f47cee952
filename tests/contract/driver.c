/* SPDX-License-Identifier: MIT */
/*
 * The suite's miniport, and in it one engine per bus: how that bus's device is told to move bytes
 * and to interrupt. Written as miniports are: includes only include/ddk, keeps its state in
 * HwDeviceExtension.
 */
#include <video.h>

#include "device.h"
#include "driver.h"
#include "miniports/edu/edu_hw.h"

struct extension;

/* How the device of one bus is driven. `move` and `alarm` are called under the extension's lock. */
struct engine {
    const char *name;
    ULONG ranges; /* access ranges it wants */
    ULONG limit;  /* most bytes a move */
    BOOLEAN(*move)
    (struct extension *extension, ULONGLONG address, PVOID data, ULONG length, BOOLEAN to_device);
    VOID (*alarm)(struct extension *extension, ULONG delay);
    BOOLEAN (*acknowledge)(struct extension *extension); /* in HwVidInterrupt: was it us? */
    VP_STATUS (*prepare)(struct extension *extension);   /* in HwVidFindAdapter; may be NULL */
};

#define MOST_RANGES 6

struct extension {
    const struct engine *engine;
    struct driver_hooks *hooks;
    PSPIN_LOCK lock;
    LONG entries;
    PUCHAR base[MOST_RANGES];
    PUCHAR window; /* of an engine that needs memory of its own: a common buffer */
    PHYSICAL_ADDRESS window_address;
    VIDEO_PORT_CONFIG_INFO config;
};

/* ---- The model of device.c ---- */

static PULONG rig_register(struct extension *extension, ULONG offset)
{
    return (PULONG)(extension->base[RIG_REGISTERS] + offset);
}

static BOOLEAN rig_move(struct extension *extension, ULONGLONG address, PVOID data, ULONG length,
                        BOOLEAN to_device)
{
    PUCHAR window = extension->base[RIG_WINDOW];
    BOOLEAN done;

    if (!to_device)
        VideoPortMoveMemory(window, data, length);
    VideoPortWriteRegisterUlong(rig_register(extension, RIG_ADDRESS_LOW), (ULONG)address);
    VideoPortWriteRegisterUlong(rig_register(extension, RIG_ADDRESS_HIGH), (ULONG)(address >> 32));
    VideoPortWriteRegisterUlong(rig_register(extension, RIG_LENGTH), length);
    VideoPortWriteRegisterUlong(rig_register(extension, RIG_COMMAND),
                                to_device ? RIG_COMMAND_READ : RIG_COMMAND_WRITE);
    done = VideoPortReadRegisterUlong(rig_register(extension, RIG_STATUS)) == 0;
    if (to_device && done)
        VideoPortMoveMemory(data, window, length);
    return done;
}

static VOID rig_alarm(struct extension *extension, ULONG delay)
{
    VideoPortWriteRegisterUlong(rig_register(extension, RIG_ALARM), delay);
}

static BOOLEAN rig_acknowledge(struct extension *extension)
{
    if (!VideoPortReadRegisterUlong(rig_register(extension, RIG_INTERRUPT)))
        return FALSE;
    VideoPortWriteRegisterUlong(rig_register(extension, RIG_INTERRUPT), 1);
    return TRUE;
}

/* ---- QEMU's edu: its memory cannot be looked into, so bytes go on to a common buffer ---- */

#define EDU_LINES     28
#define EDU_POLLS     200000u /* of 10 us: two seconds */
#define EDU_COMPUTING 0x01u   /* in STATUS */
#define EDU_ALARM     0x80u   /* in STATUS: a finished factorial interrupts */
#define EDU_PER_US    1000u   /* factors multiplied in about a microsecond */
#define EDU_FACTORIAL 0x08u
#define EDU_STATUS    0x20u
#define EDU_IRQ_RAISE 0x60u

static ULONG edu_read(struct extension *extension, ULONG offset)
{
    return VideoPortReadRegisterUlong((PULONG)(extension->base[0] + offset));
}

static VOID edu_write(struct extension *extension, ULONG offset, ULONG value)
{
    VideoPortWriteRegisterUlong((PULONG)(extension->base[0] + offset), value);
}

/* One command, between a bus address and edu's memory. */
static BOOLEAN edu_command(struct extension *extension, ULONGLONG address, ULONG length,
                           BOOLEAN to_memory)
{
    ULONG polls = EDU_POLLS;

    if (address >> EDU_LINES || (address + length - 1) >> EDU_LINES)
        return FALSE; /* it would put out less than this */
    edu_write(extension, EDU_REG_DMA_SOURCE, to_memory ? EDU_BUFFER : (ULONG)address);
    edu_write(extension, EDU_REG_DMA_TARGET, to_memory ? (ULONG)address : EDU_BUFFER);
    edu_write(extension, EDU_REG_DMA_COUNT, length);
    edu_write(extension, EDU_REG_DMA_COMMAND, EDU_DMA_RUN | (to_memory ? EDU_DMA_TO_MEMORY : 0));
    while (edu_read(extension, EDU_REG_DMA_COMMAND) & EDU_DMA_RUN) {
        if (--polls == 0)
            return FALSE;
        VideoPortStallExecution(10);
    }
    return TRUE;
}

static BOOLEAN edu_move(struct extension *extension, ULONGLONG address, PVOID data, ULONG length,
                        BOOLEAN to_device)
{
    ULONGLONG window = (ULONGLONG)extension->window_address.QuadPart;
    BOOLEAN done;

    if (!to_device)
        VideoPortMoveMemory(extension->window, data, length);
    done = edu_command(extension, to_device ? address : window, length, FALSE) &&
           edu_command(extension, to_device ? window : address, length, TRUE);
    if (to_device && done)
        VideoPortMoveMemory(data, extension->window, length);
    return done;
}

/* A factorial takes its time; one at a time, so that an alarm that comes on top rings at once. */
static VOID edu_alarm(struct extension *extension, ULONG delay)
{
    if (delay == 0 || edu_read(extension, EDU_STATUS) & EDU_COMPUTING) {
        edu_write(extension, EDU_IRQ_RAISE, 1);
        return;
    }
    edu_write(extension, EDU_STATUS, EDU_ALARM);
    edu_write(extension, EDU_FACTORIAL, delay * EDU_PER_US);
}

static BOOLEAN edu_acknowledge(struct extension *extension)
{
    ULONG causes = edu_read(extension, EDU_REG_IRQ_STATUS);

    edu_write(extension, EDU_REG_IRQ_ACK, causes);
    return causes != 0;
}

static VP_STATUS edu_prepare(struct extension *extension)
{
    VP_DEVICE_DESCRIPTION description = {.Dma32BitAddresses = TRUE,
                                         .MaximumLength = EDU_BUFFER_LENGTH};
    PVP_DMA_ADAPTER adapter = VideoPortGetDmaAdapter(extension, &description);

    if (adapter)
        extension->window = VideoPortAllocateCommonBuffer(extension, adapter, EDU_BUFFER_LENGTH,
                                                          &extension->window_address, TRUE, NULL);
    return extension->window ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

static const struct engine engines[] = {
    {"rig", 2, RIG_WINDOW_LENGTH, rig_move, rig_alarm, rig_acknowledge, NULL},
    {"edu", 1, EDU_MAX_COMMAND, edu_move, edu_alarm, edu_acknowledge, edu_prepare},
};

/* ---- The plan ---- */

static struct driver_hooks *planned_hooks;
static const struct engine *planned_engine;

static BOOLEAN same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void driver_plan(struct driver_hooks *hooks, const char *engine)
{
    ULONG i;

    planned_hooks = hooks;
    planned_engine = NULL;
    for (i = 0; i < ARRAYSIZE(engines); i++) {
        if (same(engine, engines[i].name))
            planned_engine = &engines[i];
    }
}

/* ---- Entry points ---- */

static struct extension *entered(PVOID HwDeviceExtension)
{
    struct extension *extension = HwDeviceExtension;

    VideoPortInterlockedIncrement(&extension->entries);
    return extension;
}

static VP_STATUS map_ranges(struct extension *extension)
{
    VIDEO_ACCESS_RANGE ranges[MOST_RANGES] = {0};
    ULONG slot = 0, i;
    VP_STATUS status;

    status = VideoPortGetAccessRanges(extension, 0, NULL, extension->engine->ranges, ranges, NULL,
                                      NULL, &slot);
    if (status != NO_ERROR)
        return status;
    for (i = 0; i < extension->engine->ranges; i++) {
        extension->base[i] = VideoPortGetDeviceBase(
            extension, ranges[i].RangeStart, ranges[i].RangeLength, ranges[i].RangeInIoSpace);
        if (!extension->base[i])
            return ERROR_INVALID_PARAMETER;
    }
    return NO_ERROR;
}

static VP_STATUS NTAPI find_adapter(PVOID HwDeviceExtension, PVOID HwContext, PWSTR ArgumentString,
                                    PVIDEO_PORT_CONFIG_INFO ConfigInfo, PUCHAR Again)
{
    struct extension *extension = entered(HwDeviceExtension);
    VP_STATUS status;

    if (ConfigInfo->Length < sizeof(VIDEO_PORT_CONFIG_INFO) || !planned_engine)
        return ERROR_INVALID_PARAMETER;
    extension->config = *ConfigInfo;
    extension->engine = planned_engine;
    extension->hooks = planned_hooks;
    status = VideoPortCreateSpinLock(extension, &extension->lock);
    if (status == NO_ERROR)
        status = map_ranges(extension);
    if (status == NO_ERROR && extension->engine->prepare)
        status = extension->engine->prepare(extension);
    if (status == NO_ERROR && extension->hooks->find_adapter)
        extension->hooks->find_adapter(extension->hooks->context, extension);
    return status;
}

static BOOLEAN NTAPI initialize(PVOID HwDeviceExtension)
{
    struct extension *extension = entered(HwDeviceExtension);

    if (extension->hooks->initialize)
        extension->hooks->initialize(extension->hooks->context, extension);
    return TRUE;
}

static VOID NTAPI dpc(PVOID HwDeviceExtension, PVOID Context)
{
    struct extension *extension = entered(HwDeviceExtension);

    if (extension->hooks->dpc)
        extension->hooks->dpc(extension->hooks->context);
}

static BOOLEAN NTAPI interrupt(PVOID HwDeviceExtension)
{
    struct extension *extension = HwDeviceExtension;

    if (!extension->engine || !extension->engine->acknowledge(extension))
        return FALSE;
    VideoPortInterlockedIncrement(&extension->entries);
    if (extension->hooks->interrupt)
        extension->hooks->interrupt(extension->hooks->context);
    if (extension->hooks->dpc)
        VideoPortQueueDpc(extension, dpc, NULL);
    return TRUE;
}

static VOID NTAPI timer(PVOID HwDeviceExtension)
{
    struct extension *extension = entered(HwDeviceExtension);

    if (extension->hooks->timer)
        extension->hooks->timer(extension->hooks->context);
}

static BOOLEAN NTAPI start_io(PVOID HwDeviceExtension, PVIDEO_REQUEST_PACKET RequestPacket)
{
    struct extension *extension = entered(HwDeviceExtension);

    RequestPacket->StatusBlock->Information = 0;
    RequestPacket->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    if (RequestPacket->IoControlCode == IOCTL_CONTRACT_RUN && extension->hooks->request) {
        extension->hooks->request(extension->hooks->context);
        RequestPacket->StatusBlock->Status = NO_ERROR;
    }
    return TRUE;
}

static VP_STATUS NTAPI power(PVOID HwDeviceExtension, ULONG HwId,
                             PVIDEO_POWER_MANAGEMENT VideoPowerControl)
{
    return NO_ERROR;
}

static VP_STATUS NTAPI child_descriptor(PVOID HwDeviceExtension,
                                        PVIDEO_CHILD_ENUM_INFO ChildEnumInfo,
                                        PVIDEO_CHILD_TYPE VideoChildType, PUCHAR pChildDescriptor,
                                        PULONG UId, PULONG pUnused)
{
    return VIDEO_ENUM_NO_MORE_DEVICES;
}

ULONG NTAPI driver_entry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA data = {0};

    data.HwInitDataSize = sizeof(data);
    data.AdapterInterfaceType = PCIBus;
    data.HwFindAdapter = find_adapter;
    data.HwInitialize = initialize;
    data.HwInterrupt = interrupt;
    data.HwStartIO = start_io;
    data.HwTimer = timer;
    data.HwSetPowerState = power;
    data.HwGetPowerState = power;
    data.HwGetVideoChildDescriptor = child_descriptor;
    data.HwDeviceExtensionSize = sizeof(struct extension);
    return VideoPortInitialize(Context1, Context2, &data, NULL);
}

/* ---- What the rig asks of it ---- */

ULONG driver_entries(void *extension)
{
    return (ULONG)VideoPortInterlockedExchange(&((struct extension *)extension)->entries, 0);
}

PVOID driver_resolve(void *extension, const char *name)
{
    return ((struct extension *)extension)
        ->config.VideoPortGetProcAddress(extension, (PUCHAR)(ULONG_PTR)name);
}

ULONG driver_adapters(void *extension)
{
    return ((struct extension *)extension)->window ? 1 : 0;
}

const VIDEO_PORT_CONFIG_INFO *driver_config(void *extension)
{
    return &((struct extension *)extension)->config;
}

BOOLEAN driver_device_move(void *context, ULONGLONG address, PVOID data, ULONG length,
                           BOOLEAN to_device)
{
    struct extension *extension = context;
    ULONG limit = extension->engine->limit, moved = 0;
    BOOLEAN done = TRUE;
    UCHAR irql;

    VideoPortAcquireSpinLock(extension, extension->lock, &irql);
    while (done && moved < length) {
        ULONG piece = length - moved < limit ? length - moved : limit;

        done = extension->engine->move(extension, address + moved, (PUCHAR)data + moved, piece,
                                       to_device);
        moved += piece;
    }
    VideoPortReleaseSpinLock(extension, extension->lock, irql);
    return done;
}

VOID driver_device_interrupt(void *context, ULONG delay)
{
    struct extension *extension = context;
    UCHAR irql;

    VideoPortAcquireSpinLock(extension, extension->lock, &irql);
    extension->engine->alarm(extension, delay);
    VideoPortReleaseSpinLock(extension, extension->lock, irql);
}
