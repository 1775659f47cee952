/* SPDX-License-Identifier: MIT */
/*
 * 64-bit arithmetic as i386 compilers for Windows call it. Division: two 64-bit arguments on the
 * stack, removed by the callee, result in edx:eax. Shifts: value in edx:eax, count in cl. The dvrm
 * forms also return the remainder, in ebx:ecx. Source: the published behaviour of the compilers'
 * helper routines; their names are those that ntoskrnl exports.
 */
#include "ldr/crt_private.h"

#include <stdint.h>

#if defined(__i386__)

#define HELPER __attribute__((stdcall, force_align_arg_pointer))

static int64_t HELPER all_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

static int64_t HELPER all_div(int64_t a, int64_t b)
{
    return a / b;
}

static int64_t HELPER all_rem(int64_t a, int64_t b)
{
    return a % b;
}

static uint64_t HELPER aull_div(uint64_t a, uint64_t b)
{
    return a / b;
}

static uint64_t HELPER aull_rem(uint64_t a, uint64_t b)
{
    return a % b;
}

/* The compiler's own 64-bit shift of edx:eax by cl, for counts of 0 to 63; 64 and more give what
 * Windows' helpers give. */
void vport_crt_allshl(void);
void vport_crt_allshr(void);
void vport_crt_aullshr(void);
void vport_crt_alldvrm(void);
void vport_crt_aulldvrm(void);
void vport_crt_chkstk(void);

__asm__(".text\n"
        "vport_crt_allshl:\n"
        "  cmpb $64, %cl\n  jae 2f\n  cmpb $32, %cl\n  jae 1f\n"
        "  shldl %cl, %eax, %edx\n  shll %cl, %eax\n  ret\n"
        "1: movl %eax, %edx\n  xorl %eax, %eax\n  andb $31, %cl\n  shll %cl, %edx\n  ret\n"
        "2: xorl %eax, %eax\n  xorl %edx, %edx\n  ret\n"
        "vport_crt_allshr:\n"
        "  cmpb $64, %cl\n  jae 2f\n  cmpb $32, %cl\n  jae 1f\n"
        "  shrdl %cl, %edx, %eax\n  sarl %cl, %edx\n  ret\n"
        "1: movl %edx, %eax\n  sarl $31, %edx\n  andb $31, %cl\n  sarl %cl, %eax\n  ret\n"
        "2: sarl $31, %edx\n  movl %edx, %eax\n  ret\n"
        "vport_crt_aullshr:\n"
        "  cmpb $64, %cl\n  jae 2f\n  cmpb $32, %cl\n  jae 1f\n"
        "  shrdl %cl, %edx, %eax\n  shrl %cl, %edx\n  ret\n"
        "1: movl %edx, %eax\n  xorl %edx, %edx\n  andb $31, %cl\n  shrl %cl, %eax\n  ret\n"
        "2: xorl %eax, %eax\n  xorl %edx, %edx\n  ret\n");

/*
 * Quotient and remainder at once: calls `divide` for the quotient, then remainder = a - quotient *
 * b. Stack on entry: return, a (lo, hi), b (lo, hi). esi keeps the frame.
 */
#define DVRM(name, divide)                                                                         \
    __asm__(                                                                                       \
        ".text\n" name ":\n"                                                                       \
        "  pushl %esi\n  movl %esp, %esi\n"                                                        \
        "  pushl 20(%esi)\n  pushl 16(%esi)\n  pushl 12(%esi)\n  pushl 8(%esi)\n  call " divide    \
        "\n"                                                                                       \
        "  pushl %edx\n  pushl %eax\n"                                                             \
        "  movl %edx, %ecx\n  imull 16(%esi), %ecx\n"                                              \
        "  movl %eax, %ebx\n  imull 20(%esi), %ebx\n  addl %ebx, %ecx\n"                           \
        "  mull 16(%esi)\n  addl %ecx, %edx\n"                                                     \
        "  movl 8(%esi), %ecx\n  movl 12(%esi), %ebx\n  subl %eax, %ecx\n  sbbl %edx, %ebx\n"      \
        "  popl %eax\n  popl %edx\n  popl %esi\n  ret $16\n")

int64_t HELPER vport_crt_alldiv(int64_t a, int64_t b);
uint64_t HELPER vport_crt_aulldiv(uint64_t a, uint64_t b);

int64_t HELPER vport_crt_alldiv(int64_t a, int64_t b)
{
    return all_div(a, b);
}

uint64_t HELPER vport_crt_aulldiv(uint64_t a, uint64_t b)
{
    return aull_div(a, b);
}

DVRM("vport_crt_alldvrm", "vport_crt_alldiv");
DVRM("vport_crt_aulldvrm", "vport_crt_aulldiv");

/* Lowers esp by eax, touching each page on the way (the guard page grows the stack). */
__asm__(".text\n"
        "vport_crt_chkstk:\n"
        "  pushl %ecx\n  leal 8(%esp), %ecx\n"
        "1: cmpl $4096, %eax\n  jb 2f\n"
        "  subl $4096, %ecx\n  testl %eax, (%ecx)\n  subl $4096, %eax\n  jmp 1b\n"
        "2: subl %eax, %ecx\n  testl %eax, (%ecx)\n"
        "  movl %esp, %eax\n  movl %ecx, %esp\n"
        "  movl (%eax), %ecx\n  pushl 4(%eax)\n  ret\n");

#define HERE(function) function
#else
#define HERE(function) NULL /* the name is known: `videoport inspect` tells it */
#endif

const struct vport_crt_function vport_crt_i386[] = {
    {"_allmul", HERE(all_mul)},
    {"_alldiv", HERE(vport_crt_alldiv)},
    {"_allrem", HERE(all_rem)},
    {"_aulldiv", HERE(vport_crt_aulldiv)},
    {"_aullrem", HERE(aull_rem)},
    {"_allshl", HERE(vport_crt_allshl)},
    {"_allshr", HERE(vport_crt_allshr)},
    {"_aullshr", HERE(vport_crt_aullshr)},
    {"_alldvrm", HERE(vport_crt_alldvrm)},
    {"_aulldvrm", HERE(vport_crt_aulldvrm)},
    {"_chkstk", HERE(vport_crt_chkstk)},
    {"_alloca_probe", HERE(vport_crt_chkstk)},
    {"_except_handler2", HERE(vport_crt_exception_handler)},
    {"_except_handler3", HERE(vport_crt_exception_handler)},
};
const size_t vport_crt_i386_count = sizeof(vport_crt_i386) / sizeof(vport_crt_i386[0]);
