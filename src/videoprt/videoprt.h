/* SPDX-License-Identifier: MIT */
/*
 * The video port driver's own header: what its files share.
 *
 * This room is an NT driver. It calls documented kernel and HAL services and nothing else
 * (imports.txt lists them), and the same files compile against mingw-w64's DDK headers
 * (scripts/check_videoprt_ddk.sh). It must not know the bus, the HAL's inside, or that it runs in a
 * Linux process.
 *
 * Every function here is NTAPI, the internal ones too. On x86-64 Linux a Windows-convention
 * function that calls a System V one has to save ten vector registers; staying in one convention
 * keeps that off the DMA path, where the only crossings are the HAL's own.
 */
#ifndef VIDEOPRT_H
#define VIDEOPRT_H

#include <ntddk.h>

/*
 * video.h wants these two from miniport.h, which does not go together with ntddk.h in mingw-w64 and
 * declares the rest of what ntddk.h has already said.
 */
typedef struct _EMULATOR_ACCESS_ENTRY *PEMULATOR_ACCESS_ENTRY;
typedef VOID(NTAPI *PBANKED_SECTION_ROUTINE)(ULONG ReadBank, ULONG WriteBank, PVOID Context);

#ifndef _VIDEOPORT_
#define _VIDEOPORT_ /* we export these functions */
#endif
#include <dderror.h>
#include <ntddvdeo.h>
#include <video.h>

/* Win32 codes of winerror.h that dderror.h lacks. */
#ifndef ERROR_GEN_FAILURE
#define ERROR_GEN_FAILURE 31
#endif
#ifndef ERROR_NOT_SUPPORTED
#define ERROR_NOT_SUPPORTED 50
#endif

/* ---- Reports ---- */

/*
 * A driver's mistake, in words: which function, the wrong value, the right ones, what to do. `Rule`
 * is a clause of docs/contract.md. %u and %x are ULONGs, %p pointers, %I64x 64-bit numbers. Any
 * IRQL.
 */
#define VP_REPORT(Rule, Format, ...)                                                               \
    DbgPrintEx(DPFLTR_VIDEO_ID, DPFLTR_ERROR_LEVEL, "videoprt: " Rule ": " Format "\n",            \
               ##__VA_ARGS__)

/*
 * MmProbeAndLockPages raises an exception on NT. Compilers that have structured exceptions catch
 * it; elsewhere the kernel leaves MDL_PAGES_LOCKED clear instead, and the caller looks at that in
 * both cases.
 */
#ifdef _MSC_VER
#define VP_TRY __try
#define VP_EXCEPT                                                                                  \
    __except (EXCEPTION_EXECUTE_HANDLER)                                                           \
    {                                                                                              \
    }
#else
#define VP_TRY
#define VP_EXCEPT
#endif

#define VP_TAG 0x50646956 /* "VidP" */

/* Inlined always: a call would cost more than it saves on the DMA path. */
#ifdef _MSC_VER
#define VP_INLINE static __forceinline
#else
#define VP_INLINE static __inline__ __attribute__((always_inline, unused))
#endif

/* For what several processors read and write; plain loads and stores on x86. */
#ifdef __GNUC__
#define VP_LIKELY(condition)      __builtin_expect(!!(condition), 1)
#define VP_UNLIKELY(condition)    __builtin_expect(!!(condition), 0)
#define VP_LOAD(variable)         __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define VP_STORE(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELEASE)
#else
#define VP_LIKELY(condition)      (condition)
#define VP_UNLIKELY(condition)    (condition)
#define VP_LOAD(variable)         (variable)
#define VP_STORE(variable, value) ((variable) = (value))
#endif

/* ---- Objects ---- */

typedef struct _VP_DRIVER VP_DRIVER, *PVP_DRIVER;
typedef struct _VP_DEVICE VP_DEVICE, *PVP_DEVICE;
typedef struct _VP_CHILD VP_CHILD, *PVP_CHILD;

/* One per miniport, in its driver object's extension. */
struct _VP_DRIVER {
    VIDEO_HW_INITIALIZATION_DATA Init; /* members beyond the size that the miniport gave are zero */
    PVOID HwContext;
    UNICODE_STRING RegistryPath; /* ours, terminated */
};

/* A memory or port range of the device: assigned by the bus, or legacy. */
typedef struct _VP_RANGE {
    VIDEO_ACCESS_RANGE Access; /* RangeStart is the raw bus address */
    PHYSICAL_ADDRESS Translated;
    BOOLEAN Legacy;
} VP_RANGE, *PVP_RANGE;

#define VP_MAX_RANGES   16
#define VP_MAX_CHILDREN 16

/*
 * What hangs on the adapter, as HwVidGetVideoChildDescriptor told: the extension of a physical
 * device object of ours. The miniport's HwChildDeviceExtensionSize bytes follow it.
 */
struct _VP_CHILD {
    BOOLEAN IsChild; /* TRUE */
    PDEVICE_OBJECT Self;
    PVP_DEVICE Parent;
    VIDEO_CHILD_TYPE Type;
    ULONG Uid;
    BOOLEAN Present; /* found by the last enumeration */
    UCHAR Descriptor[256];
};
#define VP_CHILD_EXTENSION_OFFSET ((sizeof(VP_CHILD) + 15) & ~(SIZE_T)15)

/* What a processor keeps for itself, used at DISPATCH_LEVEL, where it has no rival. A cache line
 * apart. */
typedef struct _VP_PROCESSOR {
    struct _VP_START *Start; /* a free one, or NULL */
    UCHAR Padding[64 - sizeof(PVOID)];
} VP_PROCESSOR;
#define VP_MAX_PROCESSORS 32 /* of more, the others do without */

typedef enum _VP_STATE { VpAdded, VpStarted, VpRemoved } VP_STATE;

/*
 * One per device. HwDeviceExtension follows it in the device object's extension,
 * VP_EXTENSION_OFFSET bytes on.
 */
struct _VP_DEVICE {
    BOOLEAN IsChild; /* FALSE; VpIsChild looks at it in both kinds of extension */
    PDEVICE_OBJECT Fdo, Physical, Below;
    PVP_DRIVER Driver;
    VP_STATE State;
    ULONG Number; /* of \Device\VideoN */
    ULONG Opens;  /* HwVidInitialize calls so far */
    ULONG Handles;

    KMUTEX Lock; /* VideoPortAcquireDeviceLock */

    /* What the bus said. */
    INTERFACE_TYPE BusType;
    ULONG BusNumber, Slot;
    BUS_INTERFACE_STANDARD Bus;
    VP_RANGE Ranges[VP_MAX_RANGES];
    ULONG RangeCount;
    BOOLEAN FindingAdapter; /* HwVidFindAdapter is running */

    /* Interrupt: raw level and vector for the miniport, translated ones for the kernel. */
    ULONG InterruptLevel, InterruptVector;
    KIRQL InterruptIrql;
    ULONG TranslatedVector;
    KAFFINITY InterruptAffinity;
    KINTERRUPT_MODE InterruptMode;
    BOOLEAN InterruptShared, HaveInterrupt;
    PKINTERRUPT Interrupt;
    volatile LONG InterruptEnabled;
    volatile LONG
        Synchronizing; /* 1 + number of the processor that runs a VpLowPriority callback */

    KDPC Dpc;
    KTIMER Timer;
    KDPC TimerDpc;
    volatile LONG TimerRunning;

    DEVICE_POWER_STATE Power;

    /* VP_STARTs, see dma.c */
    struct _VP_STARTS *Starts;
    struct _VP_START *FreeStarts;
    KSPIN_LOCK StartLock;
    VP_PROCESSOR Processors[VP_MAX_PROCESSORS];
    volatile LONG ModeWarned;   /* SD-A15 was said once */
    PVP_DMA_ADAPTER OldAdapter; /* behind VideoPortGetCommonBuffer, made on first use */

    LIST_ENTRY Objects; /* VP_OBJECT: what the miniport made and the port reclaims */
    KSPIN_LOCK ObjectLock;

    PVP_CHILD Children[VP_MAX_CHILDREN];
    ULONG ChildCount;

    PVP_DEVICE Primary;  /* of a second view, else NULL */
    PVP_DEVICE NextView; /* the primary's list of second views */

    PVOID Rom; /* the copy that VideoPortGetRomImage handed out last */
    KBUGCHECK_REASON_CALLBACK_RECORD BugCheck;
    PVIDEO_BUGCHECK_CALLBACK BugCheckCallback;
    ULONG BugCheckCode, BugCheckSize;
    PUCHAR BugCheckData;
};

#define VP_EXTENSION_OFFSET     ((sizeof(VP_DEVICE) + 15) & ~(SIZE_T)15)
#define VP_EXTENSION_OF(Device) ((PVOID)((PUCHAR)(Device) + VP_EXTENSION_OFFSET))

/* ---- device.c ---- */

/*
 * All devices, by a hash of their address, so that any pointer value can be judged without a lock.
 * A device lies in one of the VP_DEVICE_WINDOW slots from its hash on.
 */
#define VP_DEVICE_SLOTS  1024
#define VP_DEVICE_WINDOW 16
extern PVOID volatile VpDevices[VP_DEVICE_SLOTS + VP_DEVICE_WINDOW];

VP_INLINE ULONG VpDeviceHash(PVOID Device)
{
    return (ULONG)(((ULONGLONG)(ULONG_PTR)Device * 0x9E3779B97F4A7C15ULL) >> 54);
}
C_ASSERT(VP_DEVICE_SLOTS == 1 << (64 - 54));

/* VpFindDevice where it is not in its first slot. */
PVP_DEVICE NTAPI VpSearchDevice(PVP_DEVICE Device);

/*
 * The device whose HwDeviceExtension this is, NULL for any other pointer value. Reads no memory
 * behind the pointer and takes no lock. Any IRQL.
 */
VP_INLINE PVP_DEVICE VpFindDevice(PVOID HwDeviceExtension)
{
    PVP_DEVICE Device = (PVP_DEVICE)((ULONG_PTR)HwDeviceExtension - VP_EXTENSION_OFFSET);

    return VP_LOAD(VpDevices[VpDeviceHash(Device)]) == Device ? Device : VpSearchDevice(Device);
}
/* As VpFindDevice; a miss is reported as the mistake of `Function`. */
PVP_DEVICE NTAPI VpCheckDevice(PVOID HwDeviceExtension, PCSTR Function);
/* TRUE at PASSIVE_LEVEL; else the call of `Function` is reported under `Rule`. */
BOOLEAN NTAPI VpCheckPassive(PCSTR Rule, PCSTR Function);
/* The same for DISPATCH_LEVEL and below. */
BOOLEAN NTAPI VpCheckDispatch(PCSTR Rule, PCSTR Function);

NTSTATUS NTAPI VpAddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Physical);
/* Makes the device object of a device, or of a second view, and what belongs to it alone.
 * PASSIVE_LEVEL. */
NTSTATUS NTAPI VpCreateDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Physical,
                              PVP_DEVICE *Device);
/* Takes everything down and deletes the device object; the device below has not been told yet.
 * PASSIVE_LEVEL. */
VOID NTAPI VpDeleteDevice(PVP_DEVICE Device);

/* ---- object.c: what a miniport made and may forget ---- */

typedef enum _VP_OBJECT_KIND {
    VpObjectEvent,
    VpObjectSpinLock,
    VpObjectMapping,
    VpObjectCommonBuffer,
    VpObjectRequestLock,
    VpObjectContiguous
} VP_OBJECT_KIND;

typedef struct _VP_OBJECT {
    LIST_ENTRY Link;
    VP_OBJECT_KIND Kind;
    ULONG Opens; /* how often the device had been opened when this was made */
    PVOID Key;   /* what the miniport knows it by */
} VP_OBJECT, *PVP_OBJECT;

/* A zeroed object of `Size` bytes in nonpaged pool, not in the list yet; NULL when there is no
 * memory. */
PVP_OBJECT NTAPI VpAllocateObject(PVP_DEVICE Device, VP_OBJECT_KIND Kind, SIZE_T Size);
/* Puts the object into the device's list under `Key`. <= DISPATCH_LEVEL. */
VOID NTAPI VpInsertObject(PVP_DEVICE Device, PVP_OBJECT Object, PVOID Key);
/* The newest object of this kind with this key; VpTakeObject takes it out of the list. NULL if
 * there is none. <= DISPATCH_LEVEL. */
PVP_OBJECT NTAPI VpFindObject(PVP_DEVICE Device, VP_OBJECT_KIND Kind, PVOID Key);
PVP_OBJECT NTAPI VpTakeObject(PVP_DEVICE Device, VP_OBJECT_KIND Kind, PVOID Key);
VOID NTAPI VpFreeObject(PVP_OBJECT Object);
/* Gives back all objects that are left. PASSIVE_LEVEL. */
VOID NTAPI VpReclaimObjects(PVP_DEVICE Device);

/* ---- The DMA files ---- */

typedef enum _VP_ADAPTER_STATE {
    VpAdapterFree,
    VpAdapterClaimed, /* being made or taken down */
    VpAdapterLive,
    VpAdapterRetired /* put by the miniport, kept for its common buffers */
} VP_ADAPTER_STATE;

/*
 * What a miniport gets from VideoPortGetDmaAdapter. All of them lie in one array (adapter.c), so
 * that any pointer value can be told from an adapter by arithmetic, and a free slot is used again
 * as late as possible, so that a stale pointer stays recognisable.
 */
struct __VP_DMA_ADAPTER {
    volatile LONG State; /* VP_ADAPTER_STATE */
    ULONG Registers;     /* granted = most pages per operation */
    ULONG MaximumLength; /* 0: no limit of the device's own */
    ULONG Opens;         /* as in VP_OBJECT */
    PVOID HwDeviceExtension;
    PVP_DEVICE Device;
    PDMA_ADAPTER Dma;
    PGET_SCATTER_GATHER_LIST GetList;
    PPUT_SCATTER_GATHER_LIST
    PutList; /* stays when the slot is free: a late VideoPortCompleteDma still finds the HAL */
    volatile LONG CommonBuffers;
#ifdef _WIN64
    UCHAR Padding[128 - 16 - 5 * 8 - 4];
#else
    UCHAR Padding[64 - 16 - 5 * 4 - 4];
#endif
};
C_ASSERT((sizeof(struct __VP_DMA_ADAPTER) & (sizeof(struct __VP_DMA_ADAPTER) - 1)) == 0);

#define VP_MAX_ADAPTERS 4096
extern struct __VP_DMA_ADAPTER VpAdapters[VP_MAX_ADAPTERS];

/* TRUE if the pointer is one of the slots, live or not. Any pointer value. */
VP_INLINE BOOLEAN VpIsAdapterSlot(PVP_DMA_ADAPTER Adapter)
{
    ULONG_PTR Distance = (ULONG_PTR)Adapter - (ULONG_PTR)VpAdapters;

    return Distance < sizeof(VpAdapters) && (Distance & (sizeof(*Adapter) - 1)) == 0;
}

/* TRUE if it is a live adapter of this miniport's device. Any pointer values; no lock, no call. */
VP_INLINE BOOLEAN VpIsAdapter(PVOID HwDeviceExtension, PVP_DMA_ADAPTER Adapter)
{
    return VP_LIKELY(VpIsAdapterSlot(Adapter)) &&
           VP_LIKELY(VP_LOAD(Adapter->State) == VpAdapterLive) &&
           VP_LIKELY(Adapter->HwDeviceExtension == HwDeviceExtension);
}

/* Says in words why VpIsAdapter said no. Any IRQL. */
VOID NTAPI VpReportAdapter(PCSTR Rule, PCSTR Function, PVOID HwDeviceExtension,
                           PVP_DMA_ADAPTER Adapter);
/* Makes an adapter; NULL on failure. PASSIVE_LEVEL. */
PVP_DMA_ADAPTER NTAPI VpCreateAdapter(PVP_DEVICE Device, const VP_DEVICE_DESCRIPTION *Description);
/* One common buffer of a retired adapter is gone; the last one takes the adapter with it.
 * PASSIVE_LEVEL. */
VOID NTAPI VpReleaseAdapter(PVP_DMA_ADAPTER Adapter);
/* A slot, live or free, whose PutList leads to this device's HAL; NULL if the device never had an
 * adapter. Any IRQL. */
PVP_DMA_ADAPTER NTAPI VpAnyAdapter(PVP_DEVICE Device);
/* Gives back what the miniport did not (GA-18). PASSIVE_LEVEL. */
VOID NTAPI VpReclaimAdapters(PVP_DEVICE Device);

/* Allocates, reports and frees common buffers for both families of functions (common_buffer.c).
 * PASSIVE_LEVEL. */
PVOID NTAPI VpAllocateCommon(PVP_DEVICE Device, PVP_DMA_ADAPTER Adapter, ULONG Length,
                             PPHYSICAL_ADDRESS Logical, BOOLEAN CacheEnabled);
VOID NTAPI VpReclaimCommon(PVP_OBJECT Object);

/* Locks a buffer; NULL with a report on failure (lock.c). PASSIVE_LEVEL. */
PMDL NTAPI VpLockRange(PCSTR Function, PVOID Base, ULONG Length, LOCK_OPERATION Operation);
VOID NTAPI VpUnlockMdl(PMDL Mdl);
/* TRUE if the fields of this MDL can be read. Any pointer value. */
VP_INLINE BOOLEAN VpIsMdl(PMDL Mdl)
{
    return Mdl != NULL && VP_LIKELY(((ULONG_PTR)Mdl & (sizeof(PVOID) - 1)) == 0) &&
           VP_LIKELY(MmIsAddressValid(Mdl));
}
/* An old-style lock that was forgotten (obsolete_dma.c). */
VOID NTAPI VpReclaimRequestLock(PVP_OBJECT Object);

/* dma.c: makes and ends what StartDma needs of a device. PASSIVE_LEVEL. */
BOOLEAN NTAPI VpCreateStarts(PVP_DEVICE Device);
VOID NTAPI VpDeleteStarts(PVP_DEVICE Device);

/* ---- The other files ---- */

/* pnp.c, power.c, request.c: the dispatch routines. */
NTSTATUS NTAPI VpDispatchPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpDispatchPower(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpDispatchCreate(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpDispatchClose(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpDispatchControl(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpDispatchOther(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpCompleteIrp(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
/* Sends the IRP to the device below and waits until it is done there; it is the caller's to
 * complete. PASSIVE_LEVEL. */
typedef NTSTATUS NTAPI VP_CALL_DRIVER(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpForward(PVP_DEVICE Device, PIRP Irp, VP_CALL_DRIVER *Call);
/* Asks the device below for an interface and waits. PASSIVE_LEVEL. */
NTSTATUS NTAPI VpQueryBus(PVP_DEVICE Device, const GUID *Type, USHORT Size, USHORT Version,
                          PINTERFACE Interface, PVOID SpecificData);

/* status.c: VP_STATUS <-> NTSTATUS, both ways exact. */
NTSTATUS NTAPI VpNtStatus(VP_STATUS Status);
VP_STATUS NTAPI VpVpStatus(NTSTATUS Status);

/* start.c: from IRP_MN_START_DEVICE to a found adapter, and back. PASSIVE_LEVEL. */
NTSTATUS NTAPI VpStartAdapter(PVP_DEVICE Device, PCM_RESOURCE_LIST Raw,
                              PCM_RESOURCE_LIST Translated);
VOID NTAPI VpStopAdapter(PVP_DEVICE Device);

/* interrupt.c */
NTSTATUS NTAPI VpConnectInterrupt(PVP_DEVICE Device);
VOID NTAPI VpDisconnectInterrupt(PVP_DEVICE Device);

/* dpc.c, timer.c */
VOID NTAPI VpInitializeDpc(PVP_DEVICE Device);
VOID NTAPI VpInitializeTimer(PVP_DEVICE Device);
VOID NTAPI VpCancelTimer(PVP_DEVICE Device);

/* memory.c: releases one mapping record. */
VOID NTAPI VpReclaimMapping(PVP_OBJECT Object);
/* ranges.c: the translated form of a raw address; itself when it is in no range of the device's. */
PHYSICAL_ADDRESS NTAPI VpTranslate(PVP_DEVICE Device, PHYSICAL_ADDRESS Raw, ULONG Length,
                                   UCHAR InIoSpace);
VOID NTAPI VpReadRanges(PVP_DEVICE Device, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated);
VOID NTAPI VpAddLegacyRanges(PVP_DEVICE Device);

/* child.c */
VOID NTAPI VpEnumerateChildren(PVP_DEVICE Device);
VOID NTAPI VpDeleteChildren(PVP_DEVICE Device);
NTSTATUS NTAPI VpChildPnp(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS NTAPI VpChildRelations(PVP_DEVICE Device, PIRP Irp);
C_ASSERT(FIELD_OFFSET(VP_DEVICE, IsChild) == 0 && FIELD_OFFSET(VP_CHILD, IsChild) == 0);
VP_INLINE BOOLEAN VpIsChild(PDEVICE_OBJECT DeviceObject)
{
    return *(BOOLEAN *)DeviceObject->DeviceExtension;
}
/* secondary.c: deletes the second views of a device. */
VOID NTAPI VpDeleteSecondaries(PVP_DEVICE Device);

/* vga.c, bugcheck.c */
VOID NTAPI VpFreeRom(PVP_DEVICE Device);
VOID NTAPI VpDeregisterBugCheck(PVP_DEVICE Device);

/* exports.c */
PVOID NTAPI VpGetProcAddress(PVOID HwDeviceExtension, PUCHAR FunctionName);

/* ---- Exports that mingw-w64's video.h does not declare ---- */

/* The documented spelling of VideoPortUnLockBuffer (LB-A6), and the alias with the old slip. */
VOID NTAPI VideoPortUnlockBuffer(PVOID HwDeviceExtension, PVOID Mdl);
BOOLEAN NTAPI VideoPortCheckForDeviceExistance(PVOID HwDeviceExtension, USHORT VendorId,
                                               USHORT DeviceId, UCHAR RevisionId,
                                               USHORT SubVendorId, USHORT SubSystemId, ULONG Flags);

#endif
