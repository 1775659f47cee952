/* SPDX-License-Identifier: MIT */
/*
 * The kernel's C runtime for drivers that are built here but with the Windows convention throughout
 * (include/ddk/vport_ms_abi.h): each function under the name ntoskrnl_<name>, so that it stands
 * beside this system's own, which has another convention.
 */
#include "ldr/crt.h"

#if defined(__x86_64__)

#include <stddef.h>

/* Must be the list of vport_ms_abi.h; tests/drivers links a driver that uses all of them. */
/* clang-format off */
#define NAMES(NAME)                                                                                \
    NAME(memcpy) NAME(memmove) NAME(memset) NAME(memcmp)                                           \
    NAME(strlen) NAME(strcpy) NAME(strncpy) NAME(strcat) NAME(strcmp) NAME(strncmp) NAME(strchr)   \
    NAME(strstr) NAME(sprintf) NAME(_snprintf) NAME(_vsnprintf)
/* clang-format on */

/* A jump through a slot leaves every register and the stack as the caller set them up. */
#define NAME(name)                                                                                 \
    extern void *vport_crt_native_##name __attribute__((visibility("hidden")));                    \
    void *vport_crt_native_##name;                                                                 \
    __asm__(".text\n"                                                                              \
            ".globl ntoskrnl_" #name "\n"                                                          \
            ".type ntoskrnl_" #name ", @function\n"                                                \
            "ntoskrnl_" #name ":\n"                                                                \
            "  jmp *vport_crt_native_" #name "(%rip)\n"                                            \
            ".size ntoskrnl_" #name ", . - ntoskrnl_" #name "\n");
NAMES(NAME)
#undef NAME

__attribute__((constructor)) static void fill_slots(void)
{
#define NAME(name) vport_crt_native_##name = vport_crt_find(#name);
    NAMES(NAME)
#undef NAME
}

#else
typedef int vport_crt_native_nothing; /* a file may not be empty */
#endif
