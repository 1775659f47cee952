/* SPDX-License-Identifier: MIT */
/*
 * The NT floor: what drivers expect of ntoskrnl, for one machine in this process. The kernel
 * services themselves carry their documented names and are declared in include/ddk; this header is
 * the floor's own door, for hal, host and tests.
 *
 * Each thread that runs driver code stands on a processor (struct vport_cpu): it has the IRQL and
 * the DPC queue. Events of the loop run on a processor of their own, so that an interrupt or a DPC
 * may come while another processor is at DISPATCH_LEVEL in the middle of VideoPortStartDma, in
 * deterministic mode too.
 */
#ifndef VPORT_NT_NT_H
#define VPORT_NT_NT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ntddk.h>

#include <videoport/report.h>
#include <videoport/status.h>
#include <videoport/trace.h>
#include "base/loop.h"
#include "mem/space.h"

struct vport_nt; /* one kernel */

/* What the code that runs on a processor is part of. */
enum {
    VPORT_CPU_ISR = 1,         /* an interrupt service routine */
    VPORT_CPU_SYNCHRONIZE = 2, /* a routine that KeSynchronizeExecution called */
    VPORT_CPU_DPC = 4,         /* a deferred routine */
};

struct vport_cpu {
    struct vport_nt *nt;
    KIRQL irql;
    uint8_t number;      /* KeGetCurrentProcessorNumber */
    uint16_t spin_locks; /* held now: no yield while > 0 */
    union {
        struct {
            uint8_t inside;  /* set of VPORT_CPU_* */
            bool dpc_queued; /* `dpcs` may hold something; only this processor's thread reads and
                                writes it */
            bool watched;    /* changes of IRQL are traced, or places to yield */
            uint8_t zero;    /* so that an initializer sets all of `unsettled` */
        };
        uint32_t unsettled; /* any of these: IRQL takes the long way down */
    };
    struct vport_cpu *beneath; /* the processor that this thread stood on before */
    LIST_ENTRY dpcs;           /* queued, not yet run; under the kernel's DPC lock */
};

/* The processor of the calling thread, NULL outside of a machine. */
extern _Thread_local struct vport_cpu *vport_cpu_current __attribute__((tls_model("initial-exec")));

struct vport_nt_config {
    struct vport_loop *loop;
    struct vport_space *space; /* for MmProbeAndLockPages */
    struct vport_reports *reports;
    struct vport_trace *trace;
    void *hal; /* what vport_nt_hal() gives back to the hal's functions that get no handle */
};

enum vport_status vport_nt_create(const struct vport_nt_config *config, struct vport_nt **nt);
/*
 * Ends the kernel: reports what drivers left behind (pool, MDLs, events, timers, locked pages),
 * frees it.
 */
void vport_nt_destroy(struct vport_nt *nt);
void vport_nt_set_hal(struct vport_nt *nt, void *hal);
void *vport_nt_hal(struct vport_nt *nt);
struct vport_nt *vport_nt_current(void); /* of the calling thread; NULL outside */
struct vport_loop *vport_nt_loop(struct vport_nt *nt);
struct vport_reports *vport_nt_reports(struct vport_nt *nt);
struct vport_trace *vport_nt_trace(struct vport_nt *nt);

/*
 * The thread steps onto a processor at PASSIVE_LEVEL; `cpu` is the caller's, on its stack. Nests.
 */
void vport_nt_enter(struct vport_nt *nt, struct vport_cpu *cpu);
/* Steps off. IRQL must be back at PASSIVE_LEVEL (else: report, and lowered). */
void vport_nt_leave(struct vport_cpu *cpu);

/* A place where others may run: lets the loop decide. While this processor holds a spin lock only
 * devices may run. */
void vport_nt_yield(void);

/* true in an interrupt service routine or a routine of KeSynchronizeExecution, where NT allows next
 * to nothing (SD-2). */
bool vport_nt_in_interrupt(void);

/*
 * An interrupt line fires: runs the connected service routines at its DIRQL under the interrupt
 * spin lock, then, as IRQL drops, the DPCs they queued. Called as (or within) an event of the loop.
 * true if one of them claimed it.
 */
bool vport_nt_interrupt(struct vport_nt *nt, uint32_t vector);
/* How IoConnectInterrupt reaches the platform: set by the hal. */
struct vport_nt_interrupt_ops {
    enum vport_status (*connect)(void *context, uint32_t vector);
    void (*disconnect)(void *context, uint32_t vector);
};
void vport_nt_set_interrupt_ops(struct vport_nt *nt, const struct vport_nt_interrupt_ops *ops,
                                void *context);

/* ---- MDLs ---- */

/*
 * The pages behind an MDL of this kernel's, NULL for any other pointer value and for an MDL that
 * was freed. Never faults. Whether they are locked the MDL's flags say (MDL_PAGES_LOCKED,
 * MDL_SOURCE_IS_NONPAGED_POOL or MDL_PARTIAL): no operation may begin without one of them, even
 * where pages->locked still holds for operations under way.
 */
struct vport_pages *vport_nt_mdl_pages(const MDL *mdl);

/* Physically contiguous memory (MmAllocateContiguousMemory...); set by the hal. */
struct vport_nt_memory_ops {
    /*
     * `length` > 0 bytes, page aligned, all at bus addresses `lowest`..`highest`, crossing no
     * multiple of `boundary` (0: any); registered in the space. VPORT_E_NO_MEMORY,
     * VPORT_E_TOO_LARGE.
     */
    enum vport_status (*contiguous_alloc)(void *context, uint64_t length, uint64_t lowest,
                                          uint64_t highest, uint64_t boundary, void **memory);
    void (*contiguous_free)(void *context, void *memory, uint64_t length);
    uint64_t (*memory_size)(void *context); /* bytes of physical memory, from address 0 on */
};
void vport_nt_set_memory_ops(struct vport_nt *nt, const struct vport_nt_memory_ops *ops,
                             void *context);

/* ---- Drivers and devices: what the I/O and PnP managers do ---- */

typedef NTSTATUS(NTAPI *vport_driver_entry)(
    PVOID Context1, PVOID Context2); /* DRIVER_INITIALIZE as video miniports have it */

/* Makes a driver object named \Driver\<name>, its registry key, and runs `entry`. On failure
 * *driver is NULL. */
NTSTATUS vport_nt_driver_load(struct vport_nt *nt, const char *name, vport_driver_entry entry,
                              PDRIVER_OBJECT *driver);
/* Calls DriverUnload if there is one, and deletes the object. All its devices have been removed. */
void vport_nt_driver_unload(struct vport_nt *nt, PDRIVER_OBJECT driver);
/* Calls AddDevice for `pdo`. */
NTSTATUS vport_nt_device_add(struct vport_nt *nt, PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo);
/* Sends IRP_MN_START_DEVICE with these resources (raw = translated) to the stack on `pdo`. */
NTSTATUS vport_nt_device_start(struct vport_nt *nt, PDEVICE_OBJECT pdo,
                               PCM_RESOURCE_LIST resources);
/* IRP_MN_STOP_DEVICE / IRP_MN_SURPRISE_REMOVAL / IRP_MN_REMOVE_DEVICE, with their query first where
 * one exists. */
NTSTATUS vport_nt_device_pnp(struct vport_nt *nt, PDEVICE_OBJECT pdo, UCHAR minor);
/* IRP_MN_QUERY_POWER then IRP_MN_SET_POWER for a device power state. */
NTSTATUS vport_nt_device_power(struct vport_nt *nt, PDEVICE_OBJECT pdo, DEVICE_POWER_STATE state);
/* IRP_MJ_CREATE / IRP_MJ_CLOSE at the top of the stack. */
NTSTATUS vport_nt_device_open(struct vport_nt *nt, PDEVICE_OBJECT pdo);
NTSTATUS vport_nt_device_close(struct vport_nt *nt, PDEVICE_OBJECT pdo);
/*
 * IRP_MJ_DEVICE_CONTROL, METHOD_BUFFERED: one system buffer for both directions. *returned =
 * Information, in bytes. A driver below may put a Win32 code into the NTSTATUS as video ports do;
 * docs of src/videoprt/request.c say how.
 */
NTSTATUS vport_nt_device_control(struct vport_nt *nt, PDEVICE_OBJECT pdo, ULONG code,
                                 const void *input, ULONG input_length, void *output,
                                 ULONG output_length, ULONG_PTR *returned);

/* ---- Registry: volatile, one tree per kernel; keys made as needed ---- */

enum vport_status vport_nt_registry_set(struct vport_nt *nt, const char *key, const char *value,
                                        ULONG type, const void *data, ULONG length);
/* VPORT_E_UNKNOWN; VPORT_E_TOO_LARGE with *length = what is needed. */
enum vport_status vport_nt_registry_get(struct vport_nt *nt, const char *key, const char *value,
                                        ULONG *type, void *data, ULONG *length);

/* A file that drivers can open by this name and read; copied. There are no others. VPORT_E_BUSY:
 * the name is taken. */
enum vport_status vport_nt_file_add(struct vport_nt *nt, const char *name, const void *data,
                                    size_t length);

/* ---- What drivers say, and the last thing they do ---- */

/*
 * Debug output (DbgPrint and relatives), one call a message, `text` as the driver wrote it. None by
 * default. A message of the video port's own that begins with "videoprt: RULE: " is not output but
 * a report of that rule.
 */
typedef void vport_nt_debug_sink(void *context, ULONG component, ULONG level, const char *text);
void vport_nt_set_debug_sink(struct vport_nt *nt, vport_nt_debug_sink *sink, void *context);

/*
 * KeBugCheckEx: after the report "BUGCHECK" and the drivers' bug check callbacks. Must not return
 * (it may leave the driver's thread by longjmp or pthread_exit). By default the process aborts.
 */
typedef void vport_nt_bugcheck_handler(void *context, ULONG code, const ULONG_PTR parameters[4]);
void vport_nt_set_bugcheck_handler(struct vport_nt *nt, vport_nt_bugcheck_handler *handler,
                                   void *context);

/* ---- Status ---- */

/* The one table from our statuses to NTSTATUS. */
NTSTATUS vport_nt_status(enum vport_status status);

#endif
