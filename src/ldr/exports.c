/* SPDX-License-Identifier: MIT */
/* Looking an export up. The table itself is generated; see exports.h. */
#include "ldr/exports.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ntddk.h>

#include "ldr/crt.h"
#include "ldr/data.h"

static int by_name(const void *name, const void *element)
{
    return strcmp(name, ((const struct vport_export *)element)->name);
}

static int library_matches(const char *library, enum vport_export_library kind)
{
    if (kind == VPORT_EXPORT_VIDEOPRT)
        return !strcasecmp(library, "videoprt.sys");
    return !strcasecmp(library, "ntoskrnl.exe") || !strcasecmp(library, "hal.dll");
}

const struct vport_export *vport_export_find(const char *library, const char *name)
{
    const struct vport_export *found =
        bsearch(name, vport_exports, vport_export_count, sizeof(vport_exports[0]), by_name);
    return found && library_matches(library, found->library) ? found : NULL;
}

void *vport_import_find(const char *library, const char *name, const struct vport_export **export)
{
    *export = vport_export_find(library, name);
    if (*export && (*export)->address)
        return (*export)->address;
    if (!library_matches(library, VPORT_EXPORT_KERNEL))
        return NULL;
    void *found = vport_crt_find(name);
    return found ? found : vport_data_find(name);
}

bool vport_import_known(const char *library, const char *name, bool for_i386)
{
    const struct vport_export *found = vport_export_find(library, name);

    return (found && found->address) || (library_matches(library, VPORT_EXPORT_KERNEL) &&
                                         (vport_crt_has(name, for_i386) || vport_data_find(name)));
}

/* ---- By name at run time ---- */

enum { NAME = 128 };

/*
 * PASSIVE_LEVEL. A function of ntoskrnl or the HAL, NULL if there is none: how drivers ask for what
 * not every version of the system has. Source: wdm/nf-wdm-mmgetsystemroutineaddress.
 */
PVOID NTAPI MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName)
{
    const struct vport_export *export;
    size_t length = SystemRoutineName->Length / sizeof(WCHAR);
    char name[NAME];
    if (length >= NAME)
        return NULL;
    for (size_t i = 0; i < length; i++)
        name[i] = (char)(SystemRoutineName->Buffer[i] < 0x80 ? SystemRoutineName->Buffer[i] : '?');
    name[length] = '\0';
    export = vport_export_find("ntoskrnl.exe", name);
    return export && export->address ? export->address : vport_crt_find(name);
}
