/* SPDX-License-Identifier: MIT */
/*
 * A driver for adapter "sim" that calls whatever a calling convention can get wrong: structures and
 * 64-bit values as results and as arguments, fastcall, stdcall, cdecl, callbacks, and, on i386, a
 * stack aligned to 4 and no more. It says "wrong" and the name of each check that failed, and how
 * many there were; test_abi.py knows how many that has to be.
 */
#include <ntddk.h>
#include <dderror.h>
typedef struct _EMULATOR_ACCESS_ENTRY *PEMULATOR_ACCESS_ENTRY;
typedef PVOID PBANKED_SECTION_ROUTINE;
#include <ntddvdeo.h>
#include <video.h>

typedef struct {
    VIDEO_ACCESS_RANGE Ranges[2];
    PVOID Registers;
    PULONG(NTAPI *Zero)(PVOID, ULONG); /* VideoPortZeroMemory, by its name */
} EXTENSION, *PEXTENSION;

typedef struct {
    PMDL Mdl;
    PDMA_ADAPTER Adapter;
    PHYSICAL_ADDRESS Mapped;
    ULONG Length;
} TRANSFER;

static PDRIVER_OBJECT Driver;
static PDRIVER_ADD_DEVICE AddDevice;
static PDEVICE_OBJECT Pdo;
static ULONG Checks;

static void Check(BOOLEAN Good, PCSTR Name)
{
    Checks++;
    if (!Good)
        DbgPrint("wrong: %s", Name);
}

static void Counters(PVOID Extension)
{
    LONGLONG Frequency = 0, Before = VideoPortQueryPerformanceCounter(Extension, &Frequency);
    LARGE_INTEGER Same, Now = KeQueryPerformanceCounter(&Same);
    LONGLONG After = VideoPortQueryPerformanceCounter(Extension, NULL);
    ULONGLONG Interrupt = KeQueryInterruptTime();

    Check(Frequency > 0 && Same.QuadPart == Frequency, "frequency");
    Check(Before <= Now.QuadPart && Now.QuadPart <= After, "KeQueryPerformanceCounter");
    Check(Interrupt <= KeQueryInterruptTime() && Interrupt >> 56 == 0, "KeQueryInterruptTime");
}

static void Addresses(PEXTENSION Extension)
{
    PHYSICAL_ADDRESS Low, High, Boundary, Address;
    PULONG Memory, Window;
    volatile ULONG Local = 0;

    Low.QuadPart = 0x100000;
    High.QuadPart = 0xefffffff;
    Boundary.QuadPart = 0x10000;
    Memory = MmAllocateContiguousMemorySpecifyCache(8192, Low, High, Boundary, MmCached);
    Check(Memory != NULL, "MmAllocateContiguousMemorySpecifyCache");
    Address = MmGetPhysicalAddress(Memory);
    Check(Address.QuadPart >= Low.QuadPart && Address.QuadPart <= High.QuadPart,
          "its physical address");
    Check(MmGetPhysicalAddress((PUCHAR)Memory + 4097).QuadPart == Address.QuadPart + 4097,
          "MmGetPhysicalAddress");
    MmFreeContiguousMemory(Memory);

    Window = MmMapIoSpace(Extension->Ranges[0].RangeStart, Extension->Ranges[0].RangeLength,
                          MmNonCached);
    Check(Window && READ_REGISTER_ULONG(Window) == VideoPortReadRegisterUlong(Extension->Registers),
          "MmMapIoSpace");
    MmUnmapIoSpace(Window, Extension->Ranges[0].RangeLength);
    Extension->Zero((PVOID)&Local, sizeof(Local));
    Check(Local == 0, "VideoPortGetProcAddress");
}

static void Power(void)
{
    POWER_STATE State, Previous;

    State.DeviceState = PowerDeviceD3;
    Previous = PoSetPowerState(Driver->DeviceObject, DevicePowerState, State);
    Check(PoSetPowerState(Driver->DeviceObject, DevicePowerState, Previous).DeviceState ==
              PowerDeviceD3,
          "PoSetPowerState");
}

static IO_ALLOCATION_ACTION NTAPI Control(PDEVICE_OBJECT Device, PIRP Irp, PVOID MapRegisterBase,
                                          PVOID Context)
{
    TRANSFER *Transfer = Context;

    Transfer->Mapped = Transfer->Adapter->DmaOperations->MapTransfer(
        Transfer->Adapter, Transfer->Mdl, MapRegisterBase, MmGetMdlVirtualAddress(Transfer->Mdl),
        &Transfer->Length, TRUE);
    Transfer->Adapter->DmaOperations->FlushAdapterBuffers(
        Transfer->Adapter, Transfer->Mdl, MapRegisterBase, MmGetMdlVirtualAddress(Transfer->Mdl),
        Transfer->Length, TRUE);
    return DeallocateObject;
}

/* What MapTransfer returns, compared with what the memory's address is. */
static void Transfers(void)
{
    DEVICE_DESCRIPTION Description;
    TRANSFER Transfer;
    ULONG Registers;
    KIRQL Irql;
    PUCHAR Memory = ExAllocatePoolWithTag(NonPagedPool, 4096, 0x49424120);

    RtlZeroMemory(&Description, sizeof(Description));
    Description.Version = DEVICE_DESCRIPTION_VERSION;
    Description.Master = Description.ScatterGather = Description.Dma32BitAddresses =
        Description.Dma64BitAddresses = TRUE;
    Description.InterfaceType = PCIBus;
    Description.MaximumLength = 65536;
    Transfer.Adapter = IoGetDmaAdapter(Pdo, &Description, &Registers);
    Check(Transfer.Adapter && Memory, "IoGetDmaAdapter");
    Transfer.Mdl = IoAllocateMdl(Memory + 40, 1000, FALSE, FALSE, NULL);
    MmBuildMdlForNonPagedPool(Transfer.Mdl);
    Transfer.Length = 1000;
    Transfer.Mapped.QuadPart = -1;
    KeRaiseIrql(DISPATCH_LEVEL, &Irql);
    Check(Transfer.Adapter->DmaOperations->AllocateAdapterChannel(
              Transfer.Adapter, Driver->DeviceObject, 1, Control, &Transfer) == 0,
          "AllocateAdapterChannel");
    KeLowerIrql(Irql);
    Check(Transfer.Length == 1000 &&
              Transfer.Mapped.QuadPart == MmGetPhysicalAddress(Memory + 40).QuadPart,
          "MapTransfer");
    IoFreeMdl(Transfer.Mdl);
    Transfer.Adapter->DmaOperations->PutDmaAdapter(Transfer.Adapter);
    ExFreePoolWithTag(Memory, 0x49424120);
}

/* 64-bit values and structures by value, with something on both sides. */
static void Arguments(PEXTENSION Extension)
{
    VP_DEVICE_DESCRIPTION Description;
    PVP_DMA_ADAPTER Adapter;
    PHYSICAL_ADDRESS Logical;
    LARGE_INTEGER Due, Limit;
    KTIMER Timer;
    PVOID Buffer, Base;

    KeInitializeTimer(&Timer);
    Due.QuadPart = -10;
    Limit.QuadPart = -600000000LL;
    Check(!KeSetTimerEx(&Timer, Due, 0, NULL), "KeSetTimerEx");
    Check(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, &Limit) == STATUS_SUCCESS,
          "timer");

    RtlZeroMemory(&Description, sizeof(Description));
    Description.ScatterGather = Description.Dma32BitAddresses = TRUE;
    Description.MaximumLength = 65536;
    Adapter = VideoPortGetDmaAdapter(Extension, &Description);
    Buffer = Adapter
                 ? VideoPortAllocateCommonBuffer(Extension, Adapter, 4096, &Logical, FALSE, NULL)
                 : NULL;
    Check(Buffer != NULL, "VideoPortAllocateCommonBuffer");
    VideoPortReleaseCommonBuffer(Extension, Adapter, 4096, Logical, Buffer, FALSE);
    VideoPortPutDmaAdapter(Extension, Adapter);

    Base = VideoPortGetDeviceBase(Extension, Extension->Ranges[0].RangeStart, 4096, 0);
    Check(Base != NULL, "VideoPortGetDeviceBase");
    VideoPortFreeDeviceBase(Extension, Base);
}

static BOOLEAN NTAPI Synchronized(PVOID Context)
{
    *(PULONG)Context = 0x5a5a;
    return TRUE;
}

static void Conventions(PVOID Extension)
{
    LONG Value = 41;
    ULONG Seen = 0;
#if defined(_X86_)
    KSPIN_LOCK Lock = 0;
    KIRQL Irql = KfRaiseIrql(DISPATCH_LEVEL);

    Check(VideoPortGetCurrentIrql() == DISPATCH_LEVEL, "KfRaiseIrql");
    KfLowerIrql(Irql);
    Irql = KfAcquireSpinLock(&Lock);
    KfReleaseSpinLock(&Lock, Irql);
    Check(VideoPortGetCurrentIrql() == Irql, "KfReleaseSpinLock");
#else
    Check(VideoPortGetCurrentIrql() == PASSIVE_LEVEL, "VideoPortGetCurrentIrql");
    Check(sizeof(PVOID) == 8, "pointers"); /* as many checks as on i386 */
#endif
    Check(VideoPortInterlockedIncrement(&Value) == 42 && Value == 42,
          "VideoPortInterlockedIncrement");
    Check(VideoPortInterlockedExchange(&Value, 7) == 42 && Value == 7,
          "VideoPortInterlockedExchange");
    Check(VideoPortInterlockedDecrement(&Value) == 6, "VideoPortInterlockedDecrement");
    Check(VideoPortSynchronizeExecution(Extension, VpLowPriority, Synchronized, &Seen) &&
              Seen == 0x5a5a,
          "VideoPortSynchronizeExecution");
    Check(RtlCompareMemory(&Value, &Value, 3) == 3, "RtlCompareMemory");
    VideoPortDebugPrint(Error, "variadic %I64x %d %s %c", 0x123456789abcdef0LL, -7, "text", 'c');
}

static __attribute__((used)) void NTAPI All(PEXTENSION Extension)
{
    Counters(Extension);
    Addresses(Extension);
    Power();
    Transfers();
    Arguments(Extension);
    Conventions(Extension);
}

/* All of it with a stack that is so many bytes off a multiple of 16 where each machine's compilers
 * may be. */
static void Shifted(PEXTENSION Extension, ULONG Bytes)
{
#if defined(_X86_)
    __asm__ volatile("movl %%esp, %%esi\n andl $-16, %%esp\n subl %0, %%esp\n pushl %1\n call "
                     "_All@4\n movl %%esi, %%esp"
                     :
                     : "b"(Bytes), "D"(Extension)
                     : "eax", "ecx", "edx", "esi", "memory", "cc");
#else
    All(Extension);
#endif
}

static VP_STATUS NTAPI FindAdapter(PVOID Context, PVOID HwContext, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    PEXTENSION Extension = Context;
    ULONG Slot = 0;

    Check(Info->Length == sizeof(*Info), "VIDEO_PORT_CONFIG_INFO");
    if (VideoPortGetAccessRanges(Extension, 0, NULL, 2, Extension->Ranges, NULL, NULL, &Slot) !=
        NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    Extension->Registers = VideoPortGetDeviceBase(Extension, Extension->Ranges[0].RangeStart,
                                                  Extension->Ranges[0].RangeLength, 0);
    Extension->Zero =
        (PVOID)Info->VideoPortGetProcAddress(Extension, (PUCHAR) "VideoPortZeroMemory");
    return Extension->Registers && Extension->Zero ? NO_ERROR : ERROR_DEV_NOT_EXIST;
}

static BOOLEAN NTAPI Initialize(PVOID Extension)
{
    ULONG Bytes;

    for (Bytes = 0; Bytes < 16; Bytes += 4)
        Shifted(Extension, Bytes);
    DbgPrint("checks %u", Checks);
    return TRUE;
}

static BOOLEAN NTAPI StartIO(PVOID Extension, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    return FALSE;
}

static VP_STATUS NTAPI SetPower(PVOID Extension, ULONG Id, PVIDEO_POWER_MANAGEMENT Management)
{
    return NO_ERROR;
}

static VP_STATUS NTAPI Child(PVOID Extension, PVIDEO_CHILD_ENUM_INFO Info, PVIDEO_CHILD_TYPE Type,
                             PUCHAR Descriptor, PULONG Id, PULONG Unused)
{
    return ERROR_NO_MORE_DEVICES;
}

/* The port's own, from which the physical device object can be had. */
static NTSTATUS NTAPI SeeDevice(PDRIVER_OBJECT Object, PDEVICE_OBJECT Device)
{
    Pdo = Device;
    return AddDevice(Object, Device);
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;
    ULONG Status;

    RtlZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIO;
    Data.HwSetPowerState = SetPower;
    Data.HwGetPowerState = SetPower;
    Data.HwGetVideoChildDescriptor = Child;
    Data.HwDeviceExtensionSize = sizeof(EXTENSION);
    Status = VideoPortInitialize(Context1, Context2, &Data, NULL);
    Driver = Context1;
    AddDevice = Driver->DriverExtension->AddDevice;
    Driver->DriverExtension->AddDevice = SeeDevice;
    return Status;
}
