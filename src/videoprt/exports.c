/* SPDX-License-Identifier: MIT */
/* ConfigInfo->VideoPortGetProcAddress: the exports by name. */
#include "videoprt.h"

static const struct {
    PCSTR Name;
    PVOID Address;
} VpExports[] = {
#define VP_EXPORT(Name) {#Name, (PVOID)Name},
#include "exports.h"
#undef VP_EXPORT
};

static BOOLEAN NTAPI VpSameName(PCSTR Name, const UCHAR *Text)
{
    for (; *Name != 0 && (UCHAR)*Name == *Text; Name++)
        Text++;
    return *Name == 0 && *Text == 0;
}

/* PASSIVE_LEVEL. NULL, with a report that says the name, if there is no such export. */
PVOID NTAPI VpGetProcAddress(PVOID HwDeviceExtension, PUCHAR FunctionName)
{
    ULONG Index;

    if (FunctionName == NULL)
        return NULL;
    for (Index = 0; Index < RTL_NUMBER_OF(VpExports); Index++)
        if (VpSameName(VpExports[Index].Name, FunctionName))
            return VpExports[Index].Address;
    VP_REPORT("PORT", "VideoPortGetProcAddress: the video port has no function \"%s\"",
              FunctionName);
    return NULL;
}
