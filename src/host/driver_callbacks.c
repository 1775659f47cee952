/* SPDX-License-Identifier: MIT */
/* A miniport's functions behind thunks. See driver_callbacks.h. */
#include "host/driver_callbacks.h"

#include <stddef.h>
#include <string.h>

#include "ldr/exports.h"
#include "videoprt/videoprt.h"

static bool watching; /* single requests' callbacks, too */

void vport_driver_callbacks_watch(bool watch)
{
    watching = watch;
}

const struct vport_callee vport_callee_entry = {.name = "DriverEntry",
                                                .signature = "xpp",
                                                .parameters = "Context1,Context2",
                                                .into_driver = true};

/* ---- What the driver finds by name at run time ---- */

static const struct vport_callee *callee_of(const char *name)
{
    static struct vport_callee known[128];
    static unsigned count;
    const struct vport_export *export = vport_export_find("videoprt.sys", name);

    for (unsigned i = 0; i < count; i++)
        if (!strcmp(known[i].name, name))
            return &known[i];
    if (!export || count == sizeof(known) / sizeof(known[0]))
        return NULL;
    known[count] = (struct vport_callee){.name = export->name,
                                         .signature = export->signature,
                                         .parameters = export->parameters,
                                         .enter = vport_driver_hook(export->name, watching)};
    return &known[count++];
}

static void get_address_enter(struct vport_call *call)
{
    call->keep = vport_call_argument(call, 1);
}

/* The driver goes on to call through what it got: that has to be seen as well as an import. */
static void get_address_leave(struct vport_call *call)
{
    const struct vport_callee *callee =
        (uintptr_t)call->result ? callee_of((const char *)call->keep) : NULL;
    void *thunk = callee ? vport_thunk_make((void *)(uintptr_t)call->result, callee, true) : NULL;

    if (thunk)
        call->result = (uintptr_t)thunk;
}

static const struct vport_callee get_address = {
    .name = "VideoPortGetProcAddress",
    .signature = "pps",
    .parameters = "HwDeviceExtension,FunctionName",
    .enter = get_address_enter,
    .leave = get_address_leave,
};

static void find_adapter_enter(struct vport_call *call)
{
    PVIDEO_PORT_CONFIG_INFO info = (PVIDEO_PORT_CONFIG_INFO)vport_call_argument(call, 3);
    void *thunk = watching
                      ? vport_thunk_make((void *)info->VideoPortGetProcAddress, &get_address, true)
                      : NULL;

    if (thunk)
        info->VideoPortGetProcAddress = (PVIDEO_PORT_GET_PROC_ADDRESS)thunk;
}

/* ---- The initialization data ---- */

/* Members that are functions, and what they are called. */
static const struct {
    size_t offset;
    struct vport_callee callee;
} members[] = {
#define MEMBER(member, letters, names, ...)                                                        \
    {                                                                                              \
        offsetof(VIDEO_HW_INITIALIZATION_DATA, member),                                            \
        {                                                                                          \
            .name = #member, .signature = letters, .parameters = names, .into_driver = true,       \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    MEMBER(HwFindAdapter, "ippppp", "HwDeviceExtension,HwContext,ArgumentString,ConfigInfo,Again",
           .enter = find_adapter_enter),
    MEMBER(HwInitialize, "bp", "HwDeviceExtension"),
    MEMBER(HwInterrupt, "bp", "HwDeviceExtension"),
    MEMBER(HwStartIO, "bpp", "HwDeviceExtension,RequestPacket"),
    MEMBER(HwResetHw, "bpii", "HwDeviceExtension,Columns,Rows"),
    MEMBER(HwTimer, "vp", "HwDeviceExtension"),
    MEMBER(HwSetPowerState, "ipip", "HwDeviceExtension,HwId,VideoPowerControl"),
    MEMBER(HwGetPowerState, "ipip", "HwDeviceExtension,HwId,VideoPowerControl"),
    MEMBER(HwGetVideoChildDescriptor, "ipppppp",
           "HwDeviceExtension,ChildEnumInfo,VideoChildType,pChildDescriptor,UId,pUnused"),
    MEMBER(HwQueryInterface, "ipp", "HwDeviceExtension,QueryInterface"),
    MEMBER(HwGetLegacyResources, "viipp",
           "VendorId,DeviceId,LegacyResourceList,LegacyResourceCount"),
#undef MEMBER
};

/* Thread-safe enough: the port copies it before VideoPortInitialize returns, and drivers load one
 * at a time. */
static VIDEO_HW_INITIALIZATION_DATA replaced;

/* The driver's structure stays as it is: it may try again with a smaller size. */
static void initialize_enter(struct vport_call *call)
{
    const VIDEO_HW_INITIALIZATION_DATA *data = (const void *)vport_call_argument(call, 2);
    ULONG size;

    if (!data || !MmIsAddressValid((PVOID)(uintptr_t)data))
        return; /* the port says what is wrong */
    size = data->HwInitDataSize;
    if (size < SIZE_OF_NT4_VIDEO_HW_INITIALIZATION_DATA || size > sizeof(replaced))
        return;
    memset(&replaced, 0, sizeof(replaced));
    memcpy(&replaced, data, size);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        void **member = (void **)((char *)&replaced + members[i].offset);
        void *thunk = *member && members[i].offset + sizeof(void *) <= size
                          ? vport_thunk_make(*member, &members[i].callee, true)
                          : NULL;

        if (thunk)
            *member = thunk;
    }
    vport_call_set_argument(call, 2, (uintptr_t)&replaced);
}

/* ---- Callbacks of single requests ---- */

static void replace(struct vport_call *call, unsigned argument, const struct vport_callee *callee)
{
    void *function = (void *)vport_call_argument(call, argument);
    void *thunk = function ? vport_thunk_make(function, callee, true) : NULL;

    if (thunk)
        vport_call_set_argument(call, argument, (uintptr_t)thunk);
}

/* Argument numbers are in words and the same on both machines: no 64-bit one comes before. */
#define CALLBACK(import, argument, routine, letters, names)                                        \
    static const struct vport_callee import##_callee = {                                           \
        .name = routine, .signature = letters, .parameters = names, .into_driver = true};          \
    static void import##_enter(struct vport_call *call)                                            \
    {                                                                                              \
        replace(call, argument, &import##_callee);                                                 \
    }

CALLBACK(VideoPortStartDma, 5, "HwVidExecuteDma", "ipppp",
         "HwDeviceExtension,VpDmaAdapter,SGList,Context")
CALLBACK(VideoPortQueueDpc, 1, "HwVidDpcRoutine", "vpp", "HwDeviceExtension,Context")
CALLBACK(VideoPortSynchronizeExecution, 2, "HwVidSynchronizeExecutionCallback", "bp", "Context")
CALLBACK(VideoPortGetDeviceData, 2, "HwVidQueryDeviceCallback", "ippipipipi",
         "HwDeviceExtension,Context,DeviceDataType,Identifier,IdentifierLength,ConfigurationData,"
         "ConfigurationDataLength,ComponentInformation,ComponentInformationLength")
CALLBACK(VideoPortGetRegistryParameters, 3, "HwVidQueryNamedValueCallback", "ippwpi",
         "HwDeviceExtension,Context,ValueName,ValueData,ValueLength")

static const struct {
    const char *import;
    void (*enter)(struct vport_call *call);
    bool always;
} hooks[] = {
    {"VideoPortInitialize", initialize_enter, true},
    {"VideoPortStartDma", VideoPortStartDma_enter, false},
    {"VideoPortQueueDpc", VideoPortQueueDpc_enter, false},
    {"VideoPortSynchronizeExecution", VideoPortSynchronizeExecution_enter, false},
    {"VideoPortGetDeviceData", VideoPortGetDeviceData_enter, false},
    {"VideoPortGetRegistryParameters", VideoPortGetRegistryParameters_enter, false},
};

void (*vport_driver_hook(const char *import, bool watch))(struct vport_call *call)
{
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++)
        if (!strcmp(hooks[i].import, import))
            return watch || hooks[i].always ? hooks[i].enter : NULL;
    return NULL;
}
