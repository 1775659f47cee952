/* SPDX-License-Identifier: MIT */
/* Looking an export up. The table itself is generated; see exports.h. */
#include "ldr/exports.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ldr/crt.h"

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
    return library_matches(library, VPORT_EXPORT_KERNEL) ? vport_crt_find(name) : NULL;
}

bool vport_import_known(const char *library, const char *name, bool for_i386)
{
    const struct vport_export *found = vport_export_find(library, name);

    return (found && found->address) ||
           (library_matches(library, VPORT_EXPORT_KERNEL) && vport_crt_has(name, for_i386));
}
