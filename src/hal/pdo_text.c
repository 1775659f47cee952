/* SPDX-License-Identifier: MIT */
/* Names of a function: hardware ids in the form of PCI's, a description, a place. Source:
 * kernel/irp-mn-query-id. */
#include "hal/private.h"

#include <stdio.h>

/*
 * Pool with the strings of `text` as 16-bit characters, and a second terminator (harmless after a
 * single string). In `text` '|' ends a string.
 */
static NTSTATUS pool_strings(const char *text, ULONG_PTR *information)
{
    size_t length = strlen(text);
    PWSTR strings = ExAllocatePoolWithTag(PagedPool, (length + 2) * sizeof(WCHAR), VPORT_HAL_TAG);

    if (!strings)
        return STATUS_INSUFFICIENT_RESOURCES;
    for (size_t i = 0; i < length; i++)
        strings[i] = text[i] == '|' ? 0 : (WCHAR)text[i];
    strings[length] = strings[length + 1] = 0;
    *information = (ULONG_PTR)strings;
    return STATUS_SUCCESS;
}

NTSTATUS vport_hal_query_id(struct vport_hal_device *device, BUS_QUERY_ID_TYPE type,
                            ULONG_PTR *information)
{
    const struct vport_function *function = &device->hal->bus->function[device->function];
    char text[128];

    switch (type) {
    case BusQueryDeviceID:
        snprintf(text, sizeof(text), "PCI\\VEN_%04X&DEV_%04X", function->vendor, function->device);
        break;
    case BusQueryHardwareIDs:
        snprintf(text, sizeof(text), "PCI\\VEN_%04X&DEV_%04X|PCI\\VEN_%04X&CC_%06X|",
                 function->vendor, function->device, function->vendor, function->class_code);
        break;
    case BusQueryCompatibleIDs:
        snprintf(text, sizeof(text), "PCI\\CC_%06X|PCI\\CC_%04X|", function->class_code,
                 function->class_code >> 8);
        break;
    case BusQueryInstanceID:
        snprintf(text, sizeof(text), "%02X", function->slot << 3 | function->function);
        break;
    default:
        return STATUS_NOT_SUPPORTED;
    }
    return pool_strings(text, information);
}

NTSTATUS vport_hal_query_text(struct vport_hal_device *device, DEVICE_TEXT_TYPE type,
                              ULONG_PTR *information)
{
    const struct vport_function *function = &device->hal->bus->function[device->function];
    char text[128];

    if (type == DeviceTextDescription)
        snprintf(text, sizeof(text), "%s",
                 function->class_code >> 16 == 3 ? "Display controller" : "PCI device");
    else
        snprintf(text, sizeof(text), "PCI bus 0, device %u, function %u", function->slot,
                 function->function);
    return pool_strings(text, information);
}
