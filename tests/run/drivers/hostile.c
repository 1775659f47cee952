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
#include <video.h>

/* Linux system calls, by the instruction: what a driver that knows where it runs would do. */
static long call(long number, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

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

static void Act(PVOID Extension)
{
#if ACT == 1 /* loop */
    for (;;)
        Sink++;
#elif ACT == 2  /* null_read */
    Sink = *(volatile ULONG *)(ULONG_PTR)Zero;
#elif ACT == 3  /* wild_write */
    *(volatile ULONG *)0x123456789000ULL = 1;
#elif ACT == 4  /* wild_jump */
    ((void (*)(void))0x123456789000ULL)();
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
    call(2, (long)"/etc/passwd", 0, 0, 0);
#elif ACT == 10 /* fork */
    call(57, 0, 0, 0, 0);
#elif ACT == 11 /* connect */
    call(41, 2, 1, 0, 0); /* socket() comes first */
#elif ACT == 12 /* execve */
    call(59, (long)"/bin/sh", 0, 0, 0);
#elif ACT == 13 /* kill_parent */
    call(62, call(39, 0, 0, 0, 0) - 1, 9, 0, 0);
#elif ACT == 14 /* new_code */
    call(10, (long)&Sink & ~4095L, 4096, 7, 0); /* mprotect to read, write and execute */
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
        call(3, Descriptor, 0, 0, 0); /* closes all there is, the event pipe included */
    for (;;)
        Sink++;
#elif ACT == 24 /* babble */
    ULONG Index;
    for (Index = 0; Index < 100; Index++) {
        call(1, 3,
             (long)"mode\t1\nfatal\t99\t\x1b["
                   "31m\nstep\nimage\t1\t18446744073709551615\t\t\n\n\x01\xff\t\t\t",
             75, 0);
        call(1, 3,
             (long)"screen\t4294967295\t4294967295\nscreen\t0\t0\nblit\t0\nchild\t9999999999\t1\t%"
                   "n%s\n",
             76, 0);
    }
#elif ACT == 25 /* shrink */
    call(77, 6, 0, 0, 0); /* the crash record, which the supervisor maps */
    call(77, 7, 0, 0, 0); /* the screenshot's memory */
    Sink = *(volatile ULONG *)(ULONG_PTR)Zero;
#elif ACT == 26 /* exit */
    call(231, 0, 0, 0, 0); /* exit_group: gone, as if all were well */
#elif ACT == 27 /* lgdt */
    __asm__ volatile("lgdt (%0)" : : "r"(&Sink));
#elif ACT == 28 /* limits */
    call(302, 0, 7, 0, (long)Extension); /* asking is allowed, */
    call(302, 0, 7, (long)Extension, 0); /* setting is not */
#elif ACT == 29 /* no_memory: DriverEntry */
#endif
}

static VP_STATUS NTAPI FindAdapter(PVOID Extension, PVOID Context, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
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
    Data.HwStartIO = StartIO;
    Data.HwSetPowerState = Power;
    Data.HwGetPowerState = Power;
    Data.HwGetVideoChildDescriptor = Child;
    Data.HwDeviceExtensionSize = 64;
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
