/* SPDX-License-Identifier: MIT */
/*
 * Host a miniport: one machine = a bus with an adapter, a HAL, an NT kernel, the video port, a
 * driver.
 *
 *     struct vport_machine *machine;
 *     char error[VPORT_ERROR_TEXT];
 *     struct vport_machine_config config = {.adapter = "sim:sg=off,reach=24"};
 *
 *     if (vport_machine_create(&config, &machine, error) != VPORT_OK)
 *         ...error says why...
 *     vport_machine_start(machine, NULL, error); // DriverEntry ... HwVidInitialize
 *     vport_machine_control(machine, IOCTL_VIDEO_..., ...); // HwVidStartIO
 *     vport_machine_destroy(machine);
 *
 * Any number of machines may live in a process. A machine's functions are called from one thread at
 * a time unless said otherwise.
 */
#ifndef VIDEOPORT_HOST_H
#define VIDEOPORT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <videoport/image.h>
#include <videoport/report.h>
#include <videoport/status.h>
#include <videoport/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { VPORT_ERROR_TEXT = 512 };

struct vport_machine;
struct vport_device_plug;

struct vport_machine_config {
    const char *adapter; /* "sim", "sim:key=value,..."; vport_adapters() lists them */
    /*
     * A device model of the caller's own (videoport/device.h), plugged in where the adapter would
     * be; NULL: the adapter. Only with "sim", whose platform keys (memory, frames, map-registers,
     * coherent, queue, mode) still apply; its device keys (sg, reach, max-length, latency,
     * video-memory) are refused as VPORT_E_INVALID. The model belongs to vport_machine_create()
     * from the call on, whatever it returns. There is no built-in miniport for it: give one to
     * vport_machine_start().
     */
    const struct vport_device_plug *device;
    uint64_t seed; /* decides layouts, jitter and, in deterministic mode, the order of everything */
    vport_report_sink *report;
    void *report_context;
    vport_trace_sink *trace;
    void *trace_context;
};

/*
 * Builds the machine, no driver in it yet. `error` (VPORT_ERROR_TEXT bytes, may be NULL) says what
 * is wrong and what to do. VPORT_E_INVALID: unknown adapter or key, impossible value;
 * VPORT_E_ENVIRONMENT: something is missing here (named); VPORT_E_NO_MEMORY.
 */
enum vport_status vport_machine_create(const struct vport_machine_config *config,
                                       struct vport_machine **machine, char *error);

/*
 * A driver's DriverEntry, built with include/ddk. The type is spelled without ddk types so that
 * hosts need not include them: LONG NTAPI DriverEntry(PVOID Context1, PVOID Context2).
 */
#if defined(__x86_64__)
typedef int32_t(__attribute__((ms_abi)) * vport_driver)(void *context1, void *context2);
#elif defined(__i386__)
typedef int32_t(__attribute__((stdcall)) * vport_driver)(void *context1, void *context2);
#else
typedef int32_t (*vport_driver)(void *context1, void *context2);
#endif

/*
 * Runs the driver's life up to HwVidInitialize: DriverEntry, HwVidFindAdapter, interrupt,
 * HwVidInitialize. `driver` NULL: the miniport that comes with the adapter. VPORT_E_STATE: already
 * started; VPORT_E_INVALID: no driver given for a device of the caller's own; VPORT_E_DEVICE: the
 * driver refused (error says where); VPORT_E_ENVIRONMENT.
 */
enum vport_status vport_machine_start(struct vport_machine *machine, vport_driver driver,
                                      char *error);
/*
 * Closes and removes the device and unloads the driver. Leaks become reports. Also done by destroy.
 */
void vport_machine_stop(struct vport_machine *machine);
void vport_machine_destroy(struct vport_machine *machine);

/*
 * One video request through HwVidStartIO; returns its VP_STATUS (0 = NO_ERROR; docs: dderror.h).
 * Lengths in bytes; *returned (may be NULL) = StatusBlock.Information.
 */
uint32_t vport_machine_control(struct vport_machine *machine, uint32_t code, const void *input,
                               uint32_t input_length, void *output, uint32_t output_length,
                               uint32_t *returned);

/* Runs function(context) on a processor of the machine at PASSIVE_LEVEL: there it may call
 * VideoPort* and kernel routines. */
void vport_machine_call(struct vport_machine *machine, void (*function)(void *context),
                        void *context);

/* The started miniport's HwDeviceExtension, NULL before. */
void *vport_machine_extension(struct vport_machine *machine);

/* User memory of the machine: page aligned, laid out as the adapter's frames= key says.
 * VPORT_E_NO_MEMORY. */
enum vport_status vport_machine_alloc(struct vport_machine *machine, size_t length, void **memory);
/* The range is gone for the driver; its frames stay until the last lock on them is gone.
 * VPORT_E_UNKNOWN. */
enum vport_status vport_machine_free(struct vport_machine *machine, void *memory);

/* What the adapter shows. image->pixels is malloc'ed. VPORT_E_STATE: no mode set. */
enum vport_status vport_machine_screenshot(struct vport_machine *machine,
                                           struct vport_image *image);

/* Lets the machine run by itself for `nanoseconds` of its clock, or until nothing is left to do
 * (deterministic mode). */
void vport_machine_run(struct vport_machine *machine, uint64_t nanoseconds);

/* Of one direction. */
struct vport_machine_direction {
    uint64_t requests;   /* video requests with a transfer in this direction */
    uint64_t operations; /* StartDma ... CompleteDma pairs */
    uint64_t elements;
    uint64_t bytes;
    uint64_t bounced_bytes;
    uint64_t queued; /* operations that waited for map registers */
};

struct vport_machine_statistics {
    struct vport_machine_direction to_device, from_device;
    uint32_t map_registers;            /* granted (sum over adapters now live) */
    uint32_t map_registers_high_water; /* most in use at once */
    uint64_t video_memory;             /* bytes of the adapter's */
    const char *adapter;               /* name: "sim" */
    const char *driver;                /* name: "sim" */
};
void vport_machine_statistics(struct vport_machine *machine,
                              struct vport_machine_statistics *statistics);
struct vport_reports *vport_machine_reports(struct vport_machine *machine);

/* ---- The adapters of this build ---- */

struct vport_adapter_key {
    const char *name;     /* "reach" */
    const char *values;   /* "24|28|32|64" */
    const char *standard; /* default: "64" */
    const char *help;     /* one line */
};

struct vport_adapter_kind {
    const char *name;                     /* "sim" */
    const char *help;                     /* one line */
    const struct vport_adapter_key *keys; /* ends with a NULL name */
};

/* All kinds; ends with a NULL pointer. Static storage. */
const struct vport_adapter_kind *const *vport_adapters(void);
/* Can this kind run here? VPORT_OK, or VPORT_E_ENVIRONMENT with what is missing in `why`
 * (VPORT_ERROR_TEXT bytes). */
enum vport_status vport_adapter_check(const char *name, char *why);

#ifdef __cplusplus
}
#endif
#endif
