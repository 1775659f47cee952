/* SPDX-License-Identifier: MIT */
/*
 * A Windows driver that does one bad thing. Which: the number ACT, in HwVidInitialize. Built once
 * for each by meson.build; test_hostile.py knows what has to come of it.
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#undef _VIDEOPORT_ /* so that a function's address is where its import leads */
#include <video.h>

#include "../../../miniports/sim/sim_hw.h"

/* Linux system calls, by the instruction: what a driver that knows where it runs would do. */
#if defined(_X86_)
enum {
    OPEN = 5,
    FORK = 2,
    SOCKET = 102,
    EXECVE = 11,
    KILL = 37,
    GETPID = 20,
    MPROTECT = 125,
    CLOSE = 6,
    WRITE = 4,
    FTRUNCATE = 93,
    FTRUNCATE64 = 194,
    EXIT_GROUP = 252,
    PRLIMIT64 = 340,
    RT_SIGPROCMASK = 175,
    MEMFD_CREATE = 356
};
#define WILD 0x12345000u

static LONG_PTR call(LONG_PTR number, LONG_PTR a, LONG_PTR b, LONG_PTR c, LONG_PTR d)
{
    LONG_PTR result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
                     : "memory");
    return result;
}
#else
enum {
    OPEN = 2,
    FORK = 57,
    SOCKET = 41,
    EXECVE = 59,
    KILL = 62,
    GETPID = 39,
    MPROTECT = 10,
    CLOSE = 3,
    WRITE = 1,
    FTRUNCATE = 77,
    EXIT_GROUP = 231,
    PRLIMIT64 = 302,
    RT_SIGPROCMASK = 14,
    MEMFD_CREATE = 319
};
#define WILD 0x123456789000ULL

static LONG_PTR call(LONG_PTR number, LONG_PTR a, LONG_PTR b, LONG_PTR c, LONG_PTR d)
{
    register LONG_PTR r10 __asm__("r10") = d;
    LONG_PTR result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}
#endif

/* Nothing provides it. */
__declspec(dllimport) VOID NTAPI VideoPortDoesNotExist(PVOID HwDeviceExtension, ULONG Number);
__declspec(dllimport) VOID NTAPI
    KeBugCheckEx(ULONG Code, ULONG_PTR A, ULONG_PTR B, ULONG_PTR C, ULONG_PTR D);

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2);

static volatile ULONG Zero, Sink;

static __attribute__((noinline)) ULONG Recurse(ULONG Depth)
{
    volatile UCHAR Frame[1024];

    Frame[Depth % sizeof(Frame)] = (UCHAR)Depth;
    return Recurse(Depth + 1) + Frame[0];
}

static __attribute__((noinline)) void Smash(void)
{
    volatile ULONG_PTR Frame[2];
    ULONG Index;

    for (Index = 0; Index < 64; Index++)
        *(volatile ULONG_PTR *)((volatile UCHAR *)Frame + Index * sizeof(ULONG_PTR)) =
            0x4141414141414141ULL;
}

static PULONG Registers;

#if ACT == 31
static VOID NTAPI Forever(PVOID Extension, PVOID Context)
{
    for (;;)
        Sink++;
}
#elif ACT == 32
static BOOLEAN NTAPI Synchronized(PVOID Context)
{
    for (;;)
        Sink++;
}
#endif

static BOOLEAN NTAPI Interrupt(PVOID Extension)
{
#if ACT == 30
    for (;;)
        Sink++;
#elif ACT == 40
    Sink = Recurse(0);
#elif ACT == 41
    call(OPEN, (LONG_PTR) "/etc/passwd", 0, 0, 0);
#endif
    return FALSE;
}

static void Act(PVOID Extension)
{
#if ACT == 1 /* loop */
    for (;;)
        Sink++;
#elif ACT == 2  /* null_read */
    Sink = *(volatile ULONG *)(ULONG_PTR)Zero;
#elif ACT == 3  /* wild_write */
    *(volatile ULONG *)WILD = 1;
#elif ACT == 4  /* wild_jump */
    ((void (*)(void))WILD)();
#elif ACT == 5  /* stack_overflow */
    Sink = Recurse(0);
#elif ACT == 6  /* stack_smash */
    Smash();
#elif ACT == 7  /* double_free */
    PVOID Memory = VideoPortAllocatePool(Extension, VpNonPagedPool, 64, 0x74736554);
    VideoPortFreePool(Extension, Memory);
    VideoPortFreePool(Extension, Memory);
#elif ACT == 8  /* foreign_free */
    ULONG Mine[16];
    VideoPortFreePool(Extension, Mine);
#elif ACT == 9  /* open */
    call(OPEN, (LONG_PTR) "/etc/passwd", 0, 0, 0);
#elif ACT == 10 /* fork */
    call(FORK, 0, 0, 0, 0);
#elif ACT == 11 /* connect */
    call(SOCKET, 2, 1, 0, 0); /* socket() comes first */
#elif ACT == 12 /* execve */
    call(EXECVE, (LONG_PTR) "/bin/sh", 0, 0, 0);
#elif ACT == 13 /* kill_parent */
    call(KILL, call(GETPID, 0, 0, 0, 0) - 1, 9, 0, 0);
#elif ACT == 14 /* new_code */
    call(MPROTECT, (LONG_PTR)&Sink & ~(LONG_PTR)4095, 4096, 7,
         0); /* mprotect to read, write and execute */
#elif ACT == 15 /* missing_import */
    VideoPortDoesNotExist(Extension, 7);
#elif ACT == 16 /* own_code */
    *(volatile UCHAR *)(ULONG_PTR)DriverEntry = 0xcc;
#elif ACT == 17 /* divide */
    Sink = 100 / (int)Zero;
#elif ACT == 18 /* ud2 */
    __asm__ volatile("ud2");
#elif ACT == 19 /* breakpoint */
    __asm__ volatile("int3");
#elif ACT == 20 /* bugcheck */
    KeBugCheckEx(0xEA, 1, 2, 3, 4);
#elif ACT == 21 /* int80 */
    __asm__ volatile("int $0x80" : : "a"(1), "b"(0)); /* exit(), by the door for i386 programs */
#elif ACT == 22 /* rdmsr */
    __asm__ volatile("rdmsr" : : "c"(0x10) : "eax", "edx");
#elif ACT == 23 /* silence */
    ULONG Descriptor;
    for (Descriptor = 0; Descriptor < 20; Descriptor++)
        call(CLOSE, Descriptor, 0, 0, 0); /* closes all there is, the event pipe included */
    for (;;)
        Sink++;
#elif ACT == 24 /* babble */
    ULONG Index;
    for (Index = 0; Index < 100; Index++) {
        call(WRITE, 3,
             (LONG_PTR) "mode\t1\nfatal\t99\t\x1b["
                        "31m\nstep\nimage\t1\t18446744073709551615\t\t\n\n\x01\xff\t\t\t",
             75, 0);
        call(WRITE, 3,
             (LONG_PTR) "screen\t4294967295\t4294967295\nscreen\t0\t0\nblit\t0\nchild\t9999999999\t"
                        "1\t%"
                        "n%s\n",
             76, 0);
    }
#elif ACT == 25 /* shrink */
    call(FTRUNCATE, 6, 0, 0, 0); /* the crash record, which the supervisor maps */
    call(FTRUNCATE, 7, 0, 0, 0); /* the screenshot's memory */
    Sink = *(volatile ULONG *)(ULONG_PTR)Zero;
#elif ACT == 26 /* exit */
    call(EXIT_GROUP, 0, 0, 0, 0); /* exit_group: gone, as if all were well */
#elif ACT == 27 /* lgdt */
    __asm__ volatile("lgdt (%0)" : : "r"(&Sink));
#elif ACT == 28 /* limits */
    call(PRLIMIT64, 0, 7, 0, (LONG_PTR)Extension); /* asking is allowed, */
    call(PRLIMIT64, 0, 7, (LONG_PTR)Extension, 0); /* setting is not */
#elif ACT == 29 /* no_memory: DriverEntry */
#elif ACT == 30 /* isr_loop */
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_IRQ_ENABLE / 4], SIM_IRQ_DONE | SIM_IRQ_ERROR);
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_DMA_LENGTH / 4], 0xffffffff);
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_DMA_COMMAND / 4],
                                SIM_DMA_START); /* refused: an interrupt */
    for (;;)
        VideoPortStallExecution(10);
#elif ACT == 31 /* dpc_loop */
    VideoPortQueueDpc(Extension, Forever, NULL);
    VideoPortStallExecution(10);
#elif ACT == 32 /* masked_loop: at the IRQL of its interrupt, which is masked */
    VideoPortSynchronizeExecution(Extension, VpHighPriority, Synchronized, NULL);
#elif ACT == 33 /* heap: what lies around its extension belongs to the machine */
    {
        LONG Offset;
        for (Offset = 0; Offset < 1 << 20; Offset += sizeof(ULONG_PTR))
            ((volatile ULONG_PTR *)Extension)[Offset / (LONG)sizeof(ULONG_PTR)] =
                0x4141414141414141ULL;
    }
#elif ACT == 34 /* machine_code: where an import leads */
    *(volatile UCHAR *)(ULONG_PTR)&VideoPortZeroMemory = 0xcc;
#elif ACT == 35 /* flood */
    for (;;)
        call(WRITE, 3,
             (LONG_PTR) "debug\t0\t0\tAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", 63, 0);
#elif ACT == 36 /* greedy: until there is no more, and what it got is used */
    {
        ULONG Blocks = 0;
        while (VideoPortAllocatePool(Extension, VpNonPagedPool, 16 << 20, 0x74736554))
            Blocks++;
        VideoPortDebugPrint(Error, "took %u MiB", 16 * Blocks);
    }
#elif ACT == 37 /* huge_screen: a file of 4 TiB for whoever reads the screenshot */
#if defined(_X86_)
    call(FTRUNCATE64, 7, 0, 1024, 0);
#else
    call(FTRUNCATE, 7, (LONG_PTR)1 << 42, 0, 0);
#endif
    for (;;)
        Sink++;
#elif ACT == 38 /* deaf: nothing that asks it where it is arrives */
    {
        ULONGLONG All = ~0ULL;
        call(RT_SIGPROCMASK, 2, (LONG_PTR)&All, 0, 8);
        for (;;)
            Sink++;
    }
#elif ACT == 39 /* hoard: memory that is in no address space */
    call(MEMFD_CREATE, (LONG_PTR) "hoard", 0, 0, 0);
#elif ACT == 40 /* isr_overflow: runs out of stack where the machine stands on another thread */
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_IRQ_ENABLE / 4], SIM_IRQ_DONE | SIM_IRQ_ERROR);
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_DMA_LENGTH / 4], 0xffffffff);
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_DMA_COMMAND / 4], SIM_DMA_START);
    for (;;)
        VideoPortStallExecution(10);
#elif ACT == 41 /* isr_open: a system call there */
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_IRQ_ENABLE / 4], SIM_IRQ_DONE | SIM_IRQ_ERROR);
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_DMA_LENGTH / 4], 0xffffffff);
    VideoPortWriteRegisterUlong(&Registers[SIM_REG_DMA_COMMAND / 4], SIM_DMA_START);
    for (;;)
        VideoPortStallExecution(10);
#elif ACT == 42 /* alignment: a flag that makes every unaligned access a fault */
#if defined(_X86_)
    __asm__ volatile("pushfl\n orl $0x40000, (%%esp)\n popfl" ::: "memory", "cc");
#else
    __asm__ volatile("pushfq\n orq $0x40000, (%%rsp)\n popfq" ::: "memory", "cc");
#endif
    Sink = *(volatile ULONG *)((volatile UCHAR *)Extension + 1);
#endif
}

static VP_STATUS NTAPI FindAdapter(PVOID Extension, PVOID Context, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    VIDEO_ACCESS_RANGE Ranges[2];
    ULONG Slot = 0;

    if (ACT >= 30) {
        if (VideoPortGetAccessRanges(Extension, 0, NULL, 2, Ranges, NULL, NULL, &Slot) != NO_ERROR)
            return ERROR_DEV_NOT_EXIST;
        Registers =
            VideoPortGetDeviceBase(Extension, Ranges[0].RangeStart, Ranges[0].RangeLength, 0);
    }
    return NO_ERROR;
}

static BOOLEAN NTAPI Initialize(PVOID Extension)
{
    Act(Extension);
    return TRUE;
}

static BOOLEAN NTAPI StartIO(PVOID Extension, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    Packet->StatusBlock->Information = 0;
    return TRUE;
}

static VP_STATUS NTAPI Power(PVOID Extension, ULONG Id, PVIDEO_POWER_MANAGEMENT Management)
{
    return NO_ERROR;
}

static VP_STATUS NTAPI Child(PVOID Extension, PVIDEO_CHILD_ENUM_INFO Info, PVIDEO_CHILD_TYPE Type,
                             PUCHAR Descriptor, PULONG Id, PULONG Unused)
{
    return ERROR_NO_MORE_DEVICES;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

#if ACT == 29
    return 0xC000009A; /* STATUS_INSUFFICIENT_RESOURCES: the machine asks why */
#endif
    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwInterrupt = Interrupt;
    Data.HwStartIO = StartIO;
    Data.HwSetPowerState = Power;
    Data.HwGetPowerState = Power;
    Data.HwGetVideoChildDescriptor = Child;
    Data.HwDeviceExtensionSize = 64;
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
