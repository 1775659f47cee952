/* SPDX-License-Identifier: MIT */
/* Catching what ends a driver. See crash.h. Everything here may run in a signal handler. */
#include "run/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/thread.h"
#include "ldr/thunk.h"
#include "run/registers.h"
#include "run/trap.h"

enum { STACK = 1 << 20, TIMEOUT_SIGNAL = SIGUSR2, STACK_WORDS = 1024 };

const char *const vport_crash_register_names[2][VPORT_CRASH_REGISTERS] = {
    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags"},
    {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
     "r14", "r15", "rip", "rflags"},
};

static struct vport_crash *record;
static volatile sig_atomic_t recording;

void vport_crash_set_image(const void *base, size_t size)
{
    record->image = (uintptr_t)base;
    record->image_size = size;
}

void vport_crash_set_step(const char *step)
{
    snprintf(record->step, sizeof(record->step), "%s", step);
}

static void copy_name(char *to, size_t size, const char *from)
{
    size_t i = 0;

    for (; from && from[i] && i < size - 1; i++)
        to[i] = from[i];
    to[i] = '\0';
}

/* How many arguments the ring has of a call; all that fit if nobody knows. */
static uint32_t words_of(const struct vport_callee *callee)
{
    size_t count = callee->signature ? strlen(callee->signature) - 1 : VPORT_CALL_ARGS;

    return count < VPORT_CALL_ARGS ? (uint32_t)count : VPORT_CALL_ARGS;
}

static void record_calls(void)
{
    static struct vport_past_call past[VPORT_CALLS];
    unsigned count = vport_thunk_last_calls(past);

    record->calls = count < VPORT_CRASH_CALLS ? count : VPORT_CRASH_CALLS;
    for (unsigned i = 0; i < record->calls; i++) {
        copy_name(record->call[i].name, sizeof(record->call[i].name), past[i].callee->name);
        record->call[i].words = words_of(past[i].callee);
        record->call[i].caller = (uintptr_t)past[i].caller;
        for (unsigned k = 0; k < 4; k++)
            record->call[i].argument[k] = past[i].arguments[k];
    }
    copy_name(record->inside, sizeof(record->inside), vport_thunk_inside());
}

/* Return addresses, by their looks: a driver has no unwind tables that we would believe now. May
 * fault, at the end of a stack or with a stack pointer that is none: then this is all there is. */
static void record_frames(uintptr_t sp)
{
    const uintptr_t *word = (const uintptr_t *)(sp & ~(sizeof(uintptr_t) - 1));

    for (unsigned i = 0; i < STACK_WORDS && record->frames < VPORT_CRASH_FRAMES; i++)
        if (word[i] >= record->image && word[i] - record->image < record->image_size)
            record->frame[record->frames++] = word[i];
}

/* `kind` is set before what may fault again. */
static void record_context(enum vport_crash_kind kind, const ucontext_t *context)
{
    vport_registers_read(context, record->registers);
    record->wide = sizeof(void *) == 8;
    record->pc = vport_registers_pc(context);
    record->access = vport_registers_access(context);
    record_calls();
    __atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
    record_frames(vport_registers_sp(context));
}

/* The driver may have asked the processor for faults at unaligned addresses (EFLAGS.AC), and a
 * signal handler begins with its flags. */
static void allow_unaligned(void)
{
    const unsigned alignment_check = 0x40000;
#if defined(__x86_64__)
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~(uint64_t)alignment_check);
#else
    __builtin_ia32_writeeflags_u32(__builtin_ia32_readeflags_u32() & ~alignment_check);
#endif
}

static void on_signal(int number, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;

    allow_unaligned();
    if (recording)
        _exit(0); /* a fault while telling of one: what was told has to do */
    if ((number == SIGSEGV || number == SIGBUS) && vport_trap(info, context))
        return;
    recording = 1;
    record->number = (uint32_t)number;
    record->address = (uintptr_t)info->si_addr;
    copy_name(record->reason, sizeof(record->reason), vport_trap_reason());
    if (number == SIGSYS) {
        record->number = (uint32_t)info->si_syscall;
        record->detail = info->si_arch;
        record_context(VPORT_CRASH_CALL, context);
    } else {
        record->detail = (uint32_t)info->si_code;
        record_context(number == TIMEOUT_SIGNAL ? VPORT_CRASH_TIMEOUT : VPORT_CRASH_SIGNAL,
                       context);
    }
    _exit(0);
}

void vport_crash_now(enum vport_crash_kind kind, uint32_t number, uint64_t pc, const char *reason)
{
    if (recording)
        _exit(0);
    recording = 1;
    record->number = number;
    record->pc = pc;
    copy_name(record->reason, sizeof(record->reason), reason);
    record_calls();
    __atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
    record_frames((uintptr_t)__builtin_frame_address(0));
    _exit(0);
}

static void take_stack(void)
{
    stack_t stack = {.ss_size = STACK};

    stack.ss_sp = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp != MAP_FAILED)
        sigaltstack(&stack, NULL);
}

void vport_crash_prepare(void)
{
    vport_thread_begun = take_stack;
    take_stack();
}

void vport_crash_catch(struct vport_crash *crash)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE,        SIGTRAP,
                                  SIGABRT, SIGSYS, SIGXFSZ, TIMEOUT_SIGNAL};
    /*
     * Emulating a register access may run interrupts and DPCs of the driver: nested, on this stack.
     */
    struct sigaction action = {.sa_sigaction = on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    record = crash;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
}
