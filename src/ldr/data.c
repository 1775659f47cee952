/* SPDX-License-Identifier: MIT */
/*
 * Variables of the kernel that older drivers read instead of calling something. They are constant
 * here; a driver that writes one changes it for itself.
 *
 * KeTickCount, which i386's KeQueryTickCount reads, has to tick. It is the tick count in
 * KUSER_SHARED_DATA, whose page nobody has: what reads it is emulated (docs/hosting.md).
 *
 * Sources: the pages of KeQueryTickCount, KeNumberProcessors and InitSafeBootMode; NtBuildNumber
 * and KdDebuggerEnabled as the public headers declare them.
 */
#include "ldr/data.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TICK_COUNT 0x320 /* in KUSER_SHARED_DATA */
#if UINTPTR_MAX > UINT32_MAX
#define SHARED_DATA UINT64_C(0xFFFFF78000000000)
#else
#define SHARED_DATA UINT32_C(0xFFDF0000)
#endif

static int8_t number_processors = 32;      /* as KeQueryActiveProcessors says */
static uint32_t build_number = 0xF0000A28; /* 2600, free build: as PsGetVersion says */
static uint8_t debugger_enabled;           /* FALSE */
static uint8_t debugger_not_present = 1;   /* TRUE */
static uint32_t safe_boot_mode;            /* 0: a normal start */

static const struct {
    const char *name;
    void *address;
} variables[] = {
    {"KeNumberProcessors", &number_processors},
    {"KeTickCount", (void *)(uintptr_t)(SHARED_DATA + TICK_COUNT)},
    {"NtBuildNumber", &build_number},
    {"KdDebuggerEnabled", &debugger_enabled},
    {"KdDebuggerNotPresent", &debugger_not_present},
    {"InitSafeBootMode", &safe_boot_mode},
};

void *vport_data_find(const char *name)
{
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        if (!strcmp(variables[i].name, name))
            return variables[i].address;
    return NULL;
}
