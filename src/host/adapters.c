/* SPDX-License-Identifier: MIT */
/* The registry of adapter kinds. A new bus is one line here and one file like adapter_sim.c. */
#include "host/adapters.h"

#include <stdio.h>
#include <string.h>

#include "base/arith.h"

static const struct vport_adapter_kind *const kinds[] = {
    &vport_adapter_sim.kind,
#ifdef VPORT_HAVE_QEMU
    &vport_adapter_qemu.kind,
#endif
    NULL,
};

const struct vport_adapter_kind *const *vport_adapters(void)
{
    return kinds;
}

/* The kind whose name is the first `length` characters of `name`. */
static const struct vport_adapter *adapter_find(const char *name, size_t length)
{
    for (const struct vport_adapter_kind *const *kind = kinds; *kind; kind++)
        if (strlen((*kind)->name) == length && memcmp((*kind)->name, name, length) == 0)
            return VPORT_CONTAINER_OF(*kind, const struct vport_adapter, kind);
    return NULL;
}

static enum vport_status unknown_adapter(const char *name, size_t length, char *error)
{
    int used;

#ifndef VPORT_HAVE_QEMU
    if (length == 4 && memcmp(name, "qemu", length) == 0) {
        snprintf(error, VPORT_ERROR_TEXT,
                 "adapter 'qemu' is not in this program: it was built without libjansson for its "
                 "machine, which QEMU's monitor takes");
        return VPORT_E_ENVIRONMENT;
    }
#endif
    used = snprintf(error, VPORT_ERROR_TEXT, "there is no adapter '%.*s'; there is",
                    (int)(length < 64 ? length : 64), name);

    for (const struct vport_adapter_kind *const *kind = kinds; *kind; kind++)
        used += snprintf(error + used, VPORT_ERROR_TEXT - (size_t)used, "%s %s",
                         kind == kinds ? "" : ",", (*kind)->name);
    return VPORT_E_INVALID;
}

enum vport_status vport_adapter_check(const char *name, char *why)
{
    const struct vport_adapter *adapter = adapter_find(name, strlen(name));

    if (!adapter)
        return unknown_adapter(name, strlen(name), why);
    return adapter->check ? adapter->check(why) : VPORT_OK;
}

enum vport_status vport_adapter_choose(const char *text, struct vport_adapter_choice *choice,
                                       char *error)
{
    size_t length = strcspn(text, ":");
    const char *keys = text[length] ? text + length + 1 : "";
    char reason[VPORT_ERROR_TEXT];
    enum vport_status status;

    choice->adapter = adapter_find(text, length);
    if (!choice->adapter)
        return unknown_adapter(text, length, error);
    status = vport_keys_parse(keys, choice->adapter->kind.keys, choice->adapter->rules,
                              choice->values, &choice->given, reason);
    if (status == VPORT_OK && choice->adapter->check)
        status = choice->adapter->check(reason);
    if (status != VPORT_OK)
        snprintf(error, VPORT_ERROR_TEXT, "adapter '%s': %.480s", choice->adapter->kind.name,
                 reason);
    else if (choice->adapter->variant)
        choice->adapter = choice->adapter->variant(choice);
    return status;
}

void vport_adapter_drop_device(const struct vport_device_plug *device)
{
    if (device && device->ops && device->ops->destroy)
        device->ops->destroy(device->model);
}
