/* SPDX-License-Identifier: MIT */
/*
 * The thunks' machine code. Each loads its number into eax, which no Windows convention uses for
 * arguments, and joins the rest. Registers that carry arguments, and the stack, reach the target as
 * they were.
 *
 * x86-64: a call that nobody watches is written into the ring here and goes on with a jump. i386
 * has too few free registers for that: all calls pass vport_thunk_entered().
 */
#include "ldr/thunk_private.h"

#define THUNKS                                                                                     \
    ".text\n"                                                                                      \
    ".balign 16\n"                                                                                 \
    ".globl vport_thunk_code\n.hidden vport_thunk_code\n"                                          \
    "vport_thunk_code:\n"                                                                          \
    ".set number, 0\n"                                                                             \
    ".rept 4096\n"                                                                                 \
    "  movl $number, %eax\n"                                                                       \
    "  jmp vport_thunk_enter\n"                                                                    \
    "  .balign 16\n"                                                                               \
    ".set number, number + 1\n"                                                                    \
    ".endr\n"
_Static_assert(VPORT_THUNKS == 4096 && VPORT_CALLS == 32, "as in the machine code");
_Static_assert(sizeof(struct vport_thunk) == 64 && sizeof(struct vport_call_slot) == 64 &&
                   offsetof(struct vport_call_ring, slot) == 64,
               "as in the machine code");

#if defined(__x86_64__)

/* Free here: rax, r10, r11. Slot: 0 number, 4 used, 8 caller, 16 rcx rdx r8 r9. */
__asm__(
    THUNKS
    "vport_thunk_enter:\n"
    "  movl %eax, %r10d\n"
    "  shlq $6, %r10\n"
    "  leaq vport_thunk_table(%rip), %r11\n"
    "  addq %r11, %r10\n"
    "  cmpl $0, 12(%r10)\n" /* watched */
    "  jne 1f\n"
    "  leaq vport_call_ring(%rip), %r11\n"
    "  movl $1, %eax\n"
    "  lock xaddl %eax, (%r11)\n"
    "  andl $31, %eax\n"
    "  shll $6, %eax\n"
    "  leaq 64(%r11,%rax), %r11\n"
    "  movl 8(%r10), %eax\n"
    "  movl %eax, (%r11)\n"
    "  movl $1, 4(%r11)\n"
    "  movq (%rsp), %rax\n"
    "  movq %rax, 8(%r11)\n"
    "  movq %rcx, 16(%r11)\n"
    "  movq %rdx, 24(%r11)\n"
    "  movq %r8, 32(%r11)\n"
    "  movq %r9, 40(%r11)\n"
    "  jmp *(%r10)\n"
    /* Watched. The stack is 8 off a multiple of 16: room for the callee's four, ours, xmm0-3. */
    "1:\n"
    "  subq $0x88, %rsp\n"
    "  movq %rcx, 0x20(%rsp)\n"
    "  movq %rdx, 0x28(%rsp)\n"
    "  movq %r8, 0x30(%rsp)\n"
    "  movq %r9, 0x38(%rsp)\n"
    "  movaps %xmm0, 0x40(%rsp)\n"
    "  movaps %xmm1, 0x50(%rsp)\n"
    "  movaps %xmm2, 0x60(%rsp)\n"
    "  movaps %xmm3, 0x70(%rsp)\n"
    "  movl %eax, %ecx\n"
    "  leaq 0x20(%rsp), %rdx\n"
    "  leaq 0x88(%rsp), %r8\n"
    "  call vport_thunk_entered\n"
    "  movq 0x20(%rsp), %rcx\n"
    "  movq 0x28(%rsp), %rdx\n"
    "  movq 0x30(%rsp), %r8\n"
    "  movq 0x38(%rsp), %r9\n"
    "  movaps 0x40(%rsp), %xmm0\n"
    "  movaps 0x50(%rsp), %xmm1\n"
    "  movaps 0x60(%rsp), %xmm2\n"
    "  movaps 0x70(%rsp), %xmm3\n"
    "  addq $0x88, %rsp\n"
    "  jmp *%rax\n"
    ".globl vport_thunk_return\n.hidden vport_thunk_return\n"
    "vport_thunk_return:\n"
    "  subq $0x40, %rsp\n"
    "  movq %rax, 0x20(%rsp)\n"
    "  movaps %xmm0, 0x30(%rsp)\n"
    "  leaq 0x20(%rsp), %rcx\n"
    "  call vport_thunk_left\n"
    "  movq %rax, %r11\n"
    "  movq 0x20(%rsp), %rax\n"
    "  movaps 0x30(%rsp), %xmm0\n"
    "  addq $0x40, %rsp\n"
    "  jmp *%r11\n");

#elif defined(__i386__)

/* ecx and edx may carry arguments (fastcall). The stack may be aligned to 4 only. */
__asm__(THUNKS "vport_thunk_enter:\n"
               "  pushl %edx\n"
               "  pushl %ecx\n"
               "  movl %esp, %ecx\n"
               "  leal 8(%esp), %edx\n"
               "  pushl %ebp\n"
               "  movl %esp, %ebp\n"
               "  subl $12, %esp\n"
               "  andl $-16, %esp\n"
               "  subl $4, %esp\n"
               "  pushl %edx\n"
               "  pushl %ecx\n"
               "  pushl %eax\n"
               "  call vport_thunk_entered\n"
               "  movl %ebp, %esp\n"
               "  popl %ebp\n"
               "  popl %ecx\n"
               "  popl %edx\n"
               "  jmp *%eax\n"
               ".globl vport_thunk_return\n.hidden vport_thunk_return\n"
               "vport_thunk_return:\n"
               "  pushl %edx\n"
               "  pushl %eax\n"
               "  movl %esp, %ecx\n"
               "  pushl %ebp\n"
               "  movl %esp, %ebp\n"
               "  subl $12, %esp\n"
               "  andl $-16, %esp\n"
               "  subl $12, %esp\n"
               "  pushl %ecx\n"
               "  call vport_thunk_left\n"
               "  movl %ebp, %esp\n"
               "  popl %ebp\n"
               "  movl %eax, %ecx\n"
               "  popl %eax\n"
               "  popl %edx\n"
               "  jmp *%ecx\n");

#endif
