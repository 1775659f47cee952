/* SPDX-License-Identifier: MIT */
/*
 * A driver for adapter "sim" that does by single instructions what a process may not do, and prints
 * what it got; test_traps.py knows what that has to be.
 */
#include <ntdef.h>
#include <dderror.h>
#include <devioctl.h>
#include <miniport.h>
#include <ntddvdeo.h>
#include <video.h>

__declspec(dllimport) void *memcpy(void *, const void *, size_t);
__declspec(dllimport) ULONG DbgPrint(PCSTR Format, ...);
__declspec(dllimport) PVOID NTAPI KeGetCurrentThread(VOID);
#if defined(_X86_)
__declspec(dllimport) UCHAR __attribute__((fastcall)) KfRaiseIrql(UCHAR Irql);
__declspec(dllimport) VOID __attribute__((fastcall)) KfLowerIrql(UCHAR Irql);
#endif

typedef struct {
    volatile UCHAR *Registers;
} EXTENSION, *PEXTENSION;

static VP_STATUS NTAPI FindAdapter(PVOID Context, PVOID HwContext, PWSTR Argument,
                                   PVIDEO_PORT_CONFIG_INFO Info, PUCHAR Again)
{
    PEXTENSION Extension = Context;
    VIDEO_ACCESS_RANGE Ranges[2];
    ULONG Slot = 0;

    VideoPortZeroMemory(Ranges, sizeof(Ranges));
    if (VideoPortGetAccessRanges(Extension, 0, NULL, 2, Ranges, NULL, NULL, &Slot) != NO_ERROR)
        return ERROR_DEV_NOT_EXIST;
    Extension->Registers =
        VideoPortGetDeviceBase(Extension, Ranges[0].RangeStart, Ranges[0].RangeLength, 0);
    return Extension->Registers ? NO_ERROR : ERROR_DEV_NOT_EXIST;
}

#if defined(__SSE__)
#define VECTOR "memory", "xmm5"
#else
#define VECTOR "memory" /* the compiler knows no such register */
#endif

/* A register that goes straight onto the stack, as i386 compilers pass arguments. */
static ULONG Pushed(volatile ULONG *Id)
{
    ULONG_PTR Value;

#if defined(_X86_)
    __asm__ volatile("pushl %1\n popl %0" : "=r"(Value) : "m"(*Id));
#else
    __asm__ volatile("pushq %1\n popq %0" : "=r"(Value) : "m"(*Id));
#endif
    return (ULONG)Value;
}

/* The mode's width register is read and written in every way that compilers know. */
static void Loads(volatile UCHAR *Registers)
{
    volatile ULONG *Id = (volatile ULONG *)Registers;
    ULONG Words[4] = {0}, Index;
    ULONGLONG Wide;
    LONG Signed;
    UCHAR Byte;
    USHORT Half;
    typedef ULONG Vector __attribute__((vector_size(16)));
    Vector Four;

    DbgPrint("id %x %x", *Id, VideoPortReadRegisterUlong((PULONG)Id));
    __asm__ volatile("movzbl %1, %0" : "=r"(Signed) : "m"(*Registers));
    DbgPrint("movzx %x", (ULONG)Signed);
    DbgPrint("movzx %x", VideoPortReadRegisterUchar((PUCHAR)Registers));
    __asm__ volatile("movsbl %1, %0" : "=r"(Signed) : "m"(Registers[3]));
    DbgPrint("movsx %x", (ULONG)Signed);
    DbgPrint("movsx %x", (ULONG)(LONG)(CHAR)VideoPortReadRegisterUchar((PUCHAR)Registers + 3));
    __asm__ volatile("movb %1, %0" : "=q"(Byte) : "m"(Registers[1]));
    __asm__ volatile("movw %1, %0" : "=r"(Half) : "m"(*(volatile USHORT *)(Registers + 2)));
    DbgPrint("narrow %x %x", Byte, Half);
    DbgPrint("narrow %x %x", VideoPortReadRegisterUchar((PUCHAR)Registers + 1),
             VideoPortReadRegisterUshort((PUSHORT)(Registers + 2)));
    Wide = *(volatile ULONGLONG *)Registers; /* i386: two accesses */
    DbgPrint("wide %x", (ULONG)Wide);
    memcpy(Words, (void *)Registers, 6);
    DbgPrint("memcpy %x", Words[0]);
    for (Index = 0; Index < 4; Index++)
        ((PUCHAR)Words)[Index] = VideoPortReadRegisterUchar((PUCHAR)Registers + Index);
    DbgPrint("memcpy %x", Words[0]);
    __asm__ volatile("movups %1, %%xmm5\n movups %%xmm5, %0"
                     : "=m"(Four)
                     : "m"(*(volatile Vector *)Registers)
                     : VECTOR);
    DbgPrint("vector %x", Four[0]);
    DbgPrint("push %x", Pushed(Id));
}

/* Offset 0x20 holds the mode's width. */
static void Stores(volatile UCHAR *Registers)
{
    volatile ULONG *Width = (volatile ULONG *)(Registers + 0x20);
    UCHAR Carry, Zero;
    ULONG Other = 0x55;

    *Width = 0x100;
    DbgPrint("store %x", *Width);
    __asm__ volatile("orl $0xf, %0" : "+m"(*Width));
    __asm__ volatile("andl $~3, %0" : "+m"(*Width));
    __asm__ volatile("xorl $1, %0" : "+m"(*Width));
    __asm__ volatile("addl $0x10, %0" : "+m"(*Width));
    __asm__ volatile("subl $1, %0" : "+m"(*Width));
    __asm__ volatile("incl %0" : "+m"(*Width));
    DbgPrint("arithmetic %x", *Width);
    __asm__ volatile("cmpl $0x200, %2\n setc %0\n setz %1"
                     : "=q"(Carry), "=q"(Zero)
                     : "m"(*Width)
                     : "cc");
    DbgPrint("compare %u %u", Carry, Zero);
    __asm__ volatile("testl $2, %2\n setc %0\n setz %1"
                     : "=q"(Carry), "=q"(Zero)
                     : "m"(*Width)
                     : "cc");
    DbgPrint("test %u %u", Carry, Zero);
    __asm__ volatile("xchgl %0, %1" : "+r"(Other), "+m"(*Width));
    DbgPrint("exchange %x %x", Other, *Width);
    __asm__ volatile("rep stosl" : : "D"(Width), "c"(1), "a"(0x77) : "memory");
    DbgPrint("stos %x", *Width);
}

#if defined(_X86_)
#define SHARED ((volatile UCHAR *)0xFFDF0000)

/* As Microsoft's compiler begins and ends a function with __try: a handler more in the chain at
 * fs:0, and back. */
static void Try(void)
{
    ULONG Chain, Handler[2];

    __asm__ volatile("movl %%fs:0, %0" : "=r"(Chain));
    DbgPrint("chain %x", Chain);
    __asm__ volatile("pushl $0x1234\n"
                     "pushl %%fs:0\n"
                     "movl %%esp, %%fs:0\n"
                     "movl %%fs:0, %%ecx\n"
                     "movl (%%ecx), %0\n"
                     "movl 4(%%ecx), %1\n"
                     "popl %%fs:0\n"
                     "addl $4, %%esp"
                     : "=r"(Handler[0]), "=r"(Handler[1])
                     :
                     : "ecx", "memory");
    DbgPrint("try %u %x", Handler[0] == Chain, Handler[1]);
    __asm__ volatile("movl %%fs:0, %0" : "=r"(Chain));
    DbgPrint("chain %x", Chain);
}

static void Processor(void)
{
    ULONG_PTR Self, Thread;
    UCHAR Level;
    UCHAR Irql = KfRaiseIrql(2);

    __asm__ volatile("movl %%fs:0x1c, %0" : "=r"(Self));
    __asm__ volatile("movl %%fs:0x124, %0" : "=r"(Thread));
    DbgPrint("block %u %u", *(ULONG_PTR *)(Self + 0x1c) == Self,
             Thread == (ULONG_PTR)KeGetCurrentThread());
    __asm__ volatile("movb %%fs:0x24, %0" : "=q"(Level));
    DbgPrint("irql %u", Level);
    KfLowerIrql(Irql);
    Try();
}
#else
#define SHARED ((volatile UCHAR *)0xFFFFF78000000000ULL)

static void Processor(void)
{
    ULONG_PTR Self, Thread, Level;

    __asm__ volatile("movq %%gs:0x18, %0" : "=r"(Self));
    __asm__ volatile("movq %%gs:0x188, %0" : "=r"(Thread));
    DbgPrint("block %u %u", *(ULONG_PTR *)(Self + 0x18) == Self,
             Thread == (ULONG_PTR)KeGetCurrentThread());
    __asm__ volatile("movq %0, %%cr8" : : "r"((ULONG_PTR)2));
    __asm__ volatile("movq %%cr8, %0" : "=r"(Level));
    DbgPrint("irql %u", (ULONG)Level);
    DbgPrint("raised %u", VideoPortGetCurrentIrql());
    __asm__ volatile("movq %0, %%cr8" : : "r"((ULONG_PTR)0));
    DbgPrint("lowered %u", VideoPortGetCurrentIrql());
}
#endif

static void Kernel(void)
{
    UCHAR Port;

    DbgPrint("version %u", *(volatile ULONG *)(SHARED + 0x26c));
    DbgPrint("time %u", *(volatile ULONGLONG *)(SHARED + 0x14) != 0);
    Processor();
    __asm__ volatile("cli\n sti\n wbinvd");
    __asm__ volatile("inb %w1, %0" : "=a"(Port) : "Nd"((USHORT)0x3cc));
    DbgPrint("port %x", Port); /* nothing there */
    __asm__ volatile("outb %0, %w1" : : "a"((UCHAR)1), "Nd"((USHORT)0x3c2));
}

static BOOLEAN NTAPI Initialize(PVOID Context)
{
    PEXTENSION Extension = Context;

    Loads(Extension->Registers);
    Stores(Extension->Registers);
    Kernel();
    return TRUE;
}

static BOOLEAN NTAPI StartIO(PVOID Context, PVIDEO_REQUEST_PACKET Packet)
{
    Packet->StatusBlock->Status = ERROR_INVALID_FUNCTION;
    Packet->StatusBlock->Information = 0;
    return FALSE;
}

ULONG NTAPI DriverEntry(PVOID Context1, PVOID Context2)
{
    VIDEO_HW_INITIALIZATION_DATA Data;

    VideoPortZeroMemory(&Data, sizeof(Data));
    Data.HwInitDataSize = sizeof(Data);
    Data.HwFindAdapter = FindAdapter;
    Data.HwInitialize = Initialize;
    Data.HwStartIO = StartIO;
    Data.HwDeviceExtensionSize = sizeof(EXTENSION);
    return VideoPortInitialize(Context1, Context2, &Data, NULL);
}
