/* SPDX-License-Identifier: MIT */
/*
 * MmMapIoSpace: where a BAR appears to drivers. Memory that plain loads and stores reach appears
 * where the bus has it. Registers appear in a window of reserved addresses, one a BAR, set up once:
 * nothing answers there but the accessors of io.c, which find the bus address by the window.
 *
 * Sources: wdm/nf-wdm-mmmapiospace, wdm/nf-wdm-mmunmapiospace.
 */
#include "hal/private.h"
#include "mem/reserve.h"

static bool wants_window(const struct vport_resource *resource)
{
    return resource->kind == VPORT_IO_MEMORY && !resource->direct && resource->length > 0;
}

static uint64_t window_length(const struct vport_resource *resource)
{
    return vport_align_up(resource->length, VPORT_PAGE_SIZE) +
           VPORT_PAGE_SIZE; /* a gap, so that overruns stand out */
}

/* All that answers on the bus: the legacy ranges, then those of each function. */
static const struct vport_resource *resource_at(struct vport_hal *hal, unsigned index)
{
    if (index < VPORT_BUS_LEGACY)
        return &hal->bus->legacy[index];
    index -= VPORT_BUS_LEGACY;
    return &hal->bus->function[index / VPORT_BUS_RESOURCES].resource[index % VPORT_BUS_RESOURCES];
}

static bool resource_exists(struct vport_hal *hal, unsigned index)
{
    if (index < VPORT_BUS_LEGACY)
        return index < hal->bus->legacies;
    index -= VPORT_BUS_LEGACY;
    return index / VPORT_BUS_RESOURCES < hal->bus->functions &&
           index % VPORT_BUS_RESOURCES < hal->bus->function[index / VPORT_BUS_RESOURCES].resources;
}

enum vport_status vport_hal_windows_create(struct vport_hal *hal)
{
    uint64_t total = 0;
    uintptr_t base;

    for (unsigned i = 0; i < VPORT_HAL_WINDOWS; i++)
        if (resource_exists(hal, i) && wants_window(resource_at(hal, i)))
            total += window_length(resource_at(hal, i));
    if (total == 0)
        return VPORT_OK;
    if (total > SIZE_MAX)
        return VPORT_E_TOO_LARGE;
    hal->reserved_length = (size_t)total;
    hal->reserved = vport_mem_reserve(hal->reserved_length);
    if (!hal->reserved)
        return VPORT_E_NO_MEMORY;
    base = (uintptr_t)hal->reserved;
    for (unsigned i = 0; i < VPORT_HAL_WINDOWS; i++)
        if (resource_exists(hal, i) && wants_window(resource_at(hal, i))) {
            hal->window[hal->windows++] = (struct vport_hal_window){base, resource_at(hal, i)};
            base += (uintptr_t)window_length(resource_at(hal, i));
        }
    return VPORT_OK;
}

void vport_hal_windows_destroy(struct vport_hal *hal)
{
    uint32_t left = atomic_load(&hal->mappings);

    if (left)
        vport_hal_report(hal, "LEAK", NULL,
                         "%u mappings of device memory were never undone with MmUnmapIoSpace.",
                         left);
    if (hal->reserved)
        vport_mem_unreserve(hal->reserved, hal->reserved_length);
}

bool vport_hal_io_address(struct vport_hal *hal, const volatile void *address,
                          enum vport_io_kind *kind, uint64_t *bus_address)
{
    uintptr_t where = (uintptr_t)address;

    if (where - (uintptr_t)hal->reserved >= hal->reserved_length)
        return false;
    for (unsigned i = 0; i < hal->windows; i++)
        if (where - hal->window[i].base < hal->window[i].resource->length) {
            *kind = VPORT_IO_MEMORY;
            *bus_address = hal->window[i].resource->start + (where - hal->window[i].base);
            return true;
        }
    return false;
}

/* ---- The kernel's calls ---- */

/* The memory BAR that holds [start, start + length). */
static const struct vport_resource *resource_of(struct vport_hal *hal, uint64_t start,
                                                uint64_t length)
{
    for (unsigned i = 0; i < VPORT_HAL_WINDOWS; i++) {
        const struct vport_resource *resource =
            resource_exists(hal, i) ? resource_at(hal, i) : NULL;

        if (resource && resource->kind == VPORT_IO_MEMORY && start >= resource->start &&
            vport_range_fits(start - resource->start, length, resource->length))
            return resource;
    }
    return NULL;
}

static void *window_of(struct vport_hal *hal, const struct vport_resource *resource)
{
    for (unsigned i = 0; i < hal->windows; i++)
        if (hal->window[i].resource == resource)
            return (void *)hal->window[i].base;
    return NULL;
}

/* <= DISPATCH_LEVEL. NULL, with a report, when the range is not within one BAR of this machine. The
 * cache type has no effect. */
PVOID NTAPI MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes,
                         MEMORY_CACHING_TYPE CacheType)
{
    struct vport_hal *hal = vport_hal_current();
    uint64_t start = (uint64_t)PhysicalAddress.QuadPart;
    const struct vport_resource *resource =
        hal && NumberOfBytes ? resource_of(hal, start, NumberOfBytes) : NULL;
    char *base;

    if (!resource) {
        vport_hal_report(hal, "PORT", VPORT_HAL_SITE,
                         "MmMapIoSpace: the %llu bytes at physical address %#llx are not (all) in "
                         "a memory range of a device here; map what the device's resources say.",
                         (unsigned long long)NumberOfBytes, (unsigned long long)start);
        return NULL;
    }
    base = resource->direct ? resource->direct : window_of(hal, resource);
    atomic_fetch_add_explicit(&hal->mappings, 1, memory_order_relaxed);
    return base + (start - resource->start);
}

/* true if the address is one that MmMapIoSpace can have returned. */
static bool mapped_here(struct vport_hal *hal, const void *address)
{
    enum vport_io_kind kind;
    uint64_t bus_address;

    if (vport_hal_io_address(hal, address, &kind, &bus_address))
        return true;
    for (unsigned i = 0; i < VPORT_HAL_WINDOWS; i++) {
        const struct vport_resource *resource =
            resource_exists(hal, i) ? resource_at(hal, i) : NULL;

        if (resource && resource->direct &&
            (uintptr_t)address - (uintptr_t)resource->direct < resource->length)
            return true;
    }
    return false;
}

/* <= DISPATCH_LEVEL. The addresses themselves stay; only the count of mappings goes down. */
VOID NTAPI MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    struct vport_hal *hal = vport_hal_current();

    if (hal && atomic_load(&hal->mappings) && mapped_here(hal, BaseAddress)) {
        atomic_fetch_sub_explicit(&hal->mappings, 1, memory_order_relaxed);
        return;
    }
    vport_hal_report(
        hal, "PORT", VPORT_HAL_SITE,
        "MmUnmapIoSpace: %p is not mapped; pass what MmMapIoSpace returned, once for each call.",
        BaseAddress);
}

/* The same under the names of Windows NT, for a frame buffer. */
PVOID NTAPI MmMapVideoDisplay(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes,
                              MEMORY_CACHING_TYPE CacheType)
{
    return MmMapIoSpace(PhysicalAddress, NumberOfBytes, CacheType);
}

VOID NTAPI MmUnmapVideoDisplay(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    MmUnmapIoSpace(BaseAddress, NumberOfBytes);
}
