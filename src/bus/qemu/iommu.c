/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU: see iommu.h. Registers and tables as the Intel Virtualization Technology for Directed
 * I/O specification has them: legacy mode, three levels, pages of 4 KiB.
 *
 *   root table --bus 0--> context table --slot--> level 3 (1 GiB an entry) --> level 2 (2 MiB) -->
 * level 1 (4 KiB)
 *
 * An entry that was absent needs no invalidation when it appears (the capability register says
 * "caching mode" off), so that mapping is only stores to memory; unmapping clears, invalidates the
 * device's domain, looks for faults, and only then lets the addresses be used again.
 */
#include "bus/qemu/iommu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arith.h"
#include "bus/qemu/bitmap.h"

#define REGISTERS UINT64_C(0xfed90000)

enum {
    CAPABILITY = 0x08,
    EXTENDED_CAPABILITY = 0x10,
    GLOBAL_COMMAND = 0x18,
    GLOBAL_STATUS = 0x1c,
    ROOT_TABLE = 0x20,
    CONTEXT_COMMAND = 0x28,
    FAULT_STATUS = 0x34,

    FAULT_OVERFLOW = 1,
    FAULT_PENDING = 2,

    ENTRIES = 512, /* of a table of 8-byte entries */
    LEVELS = 3,
    PRESENT = 1,
    READ = 1,
    WRITE = 2,
    WIDTH_39 = 1, /* of addresses, as a context entry says it; in the capability register it is bit
                     8 + this */

    RECORDS = 16, /* faults taken in at once: QEMU's has one record */
};

#define SET_ROOT_TABLE      (UINT32_C(1) << 30)
#define TRANSLATE           (UINT32_C(1) << 31)
#define INVALIDATE          (UINT64_C(1) << 63)
#define ALL_CONTEXTS        (UINT64_C(1) << 61)
#define ALL_TRANSLATIONS    (UINT64_C(1) << 60)
#define DOMAIN_TRANSLATIONS (UINT64_C(2) << 60)
#define FAULT               (UINT64_C(1) << 63)
#define FAULT_READ          (UINT64_C(1) << 62)
#define ADDRESS_MASK        UINT64_C(0x000ffffffffff000)

/* Pages of a device's address space: 4 GiB, of which the first MiB stays empty, and the interrupt
 * range is no memory. */
#define SPACE_PAGES     (UINT64_C(1) << 20)
#define SPACE_FIRST     256u
#define INTERRUPT_FIRST (UINT64_C(0xfee00000) >> VPORT_PAGE_SHIFT)
#define INTERRUPT_PAGES 256u

/* One device's view of memory. */
struct space {
    bool used;
    unsigned slot;
    const char *name;
    struct vport_bitmap map; /* of its pages */
    size_t next; /* where to look for room: behind the last mapping, so that addresses are not soon
                    used again */
    struct vport_frame root; /* its level 3 table */
};

struct vport_qemu_iommu {
    struct vport_qemu_iommu_config config;
    pthread_mutex_t lock;
    struct vport_frame root, contexts; /* tables */
    struct space spaces[VPORT_QEMU_IOMMU_DEVICES];
    uint64_t invalidate; /* address of the IOTLB invalidation register */
    uint64_t records;    /* address of the first fault record */
    unsigned record_count;
    struct vport_frame *tables; /* all that were taken */
    size_t table_count, table_room;
};

/* ---- Tables ---- */

static uint64_t *table_of(const struct vport_qemu_iommu *iommu, struct vport_frame frame)
{
    return vport_qemu_ram_host(iommu->config.ram, frame);
}

/* QEMU's threads read entries while we write them: each must be there whole, after what it points
 * to. */
static void set_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static enum vport_status take_table(struct vport_qemu_iommu *iommu, struct vport_frame *frame)
{
    enum vport_status status;

    if (iommu->table_count == iommu->table_room) {
        size_t room = iommu->table_room ? 2 * iommu->table_room : 16;
        struct vport_frame *tables = realloc(iommu->tables, room * sizeof(*tables));

        if (!tables)
            return VPORT_E_NO_MEMORY;
        iommu->tables = tables;
        iommu->table_room = room;
    }
    status = vport_qemu_ram_take(iommu->config.ram, 1, UINT64_MAX, true, frame);
    if (status == VPORT_OK)
        iommu->tables[iommu->table_count++] = *frame;
    return status;
}

static size_t index_at(uint64_t page, unsigned level)
{
    return page >> 9 * (level - 1) & (ENTRIES - 1);
}

/* The level 1 entry of a page; NULL when its table does not exist. */
static uint64_t *find_entry(const struct vport_qemu_iommu *iommu, const struct space *space,
                            uint64_t page)
{
    struct vport_frame table = space->root;

    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t entry = table_of(iommu, table)[index_at(page, level)];

        if (!entry)
            return NULL;
        table.number = (uintptr_t)((entry & ADDRESS_MASK) >> VPORT_PAGE_SHIFT);
    }
    return &table_of(iommu, table)[index_at(page, 1)];
}

/* Makes the tables that lead to the page. */
static enum vport_status make_path(struct vport_qemu_iommu *iommu, const struct space *space,
                                   uint64_t page)
{
    struct vport_frame table = space->root;

    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t *entry = &table_of(iommu, table)[index_at(page, level)];
        struct vport_frame below = {(uintptr_t)((*entry & ADDRESS_MASK) >> VPORT_PAGE_SHIFT)};

        if (!*entry) {
            enum vport_status status = take_table(iommu, &below);

            if (status != VPORT_OK)
                return status;
            set_entry(entry, vport_frame_address(below) | READ | WRITE);
        }
        table = below;
    }
    return VPORT_OK;
}

static enum vport_status make_paths(struct vport_qemu_iommu *iommu, const struct space *space,
                                    uint64_t first, size_t count)
{
    enum vport_status status = make_path(iommu, space, first);

    for (uint64_t page = vport_align_up(first + 1, ENTRIES);
         page < first + count && status == VPORT_OK; page += ENTRIES)
        status = make_path(iommu, space, page);
    return status;
}

/* ---- Mapping ---- */

static struct space *space_of(struct vport_qemu_iommu *iommu, unsigned device)
{
    if (device >= VPORT_QEMU_IOMMU_DEVICES || !iommu->spaces[device].used)
        return NULL;
    return &iommu->spaces[device];
}

/* Room for `count` pages below `end`: behind the last mapping, else anywhere. */
static size_t find_room(const struct space *space, size_t count, size_t end)
{
    size_t page = vport_bitmap_find_run(&space->map, space->next, end, count);

    if (page == VPORT_BITMAP_NOWHERE)
        page = vport_bitmap_find_run(&space->map, SPACE_FIRST, end, count);
    return page;
}

static enum vport_status map_pages(struct vport_qemu_iommu *iommu, struct space *space,
                                   const struct vport_frame *frames, size_t count, uint64_t rights,
                                   size_t first)
{
    enum vport_status status = make_paths(iommu, space, first, count);

    if (status != VPORT_OK)
        return status;
    vport_bitmap_take(&space->map, first, count);
    for (size_t i = 0; i < count; i++)
        set_entry(find_entry(iommu, space, first + i), vport_frame_address(frames[i]) | rights);
    return VPORT_OK;
}

enum vport_status vport_qemu_iommu_map(struct vport_qemu_iommu *iommu, unsigned device,
                                       const struct vport_frame *frames, size_t count,
                                       enum vport_access access, uint64_t reach,
                                       struct vport_busaddr *address)
{
    struct space *space = space_of(iommu, device);
    uint64_t rights = access == VPORT_ACCESS_WRITE ? READ | WRITE : READ;
    size_t end = (size_t)vport_min_u64(
        SPACE_PAGES, reach / VPORT_PAGE_SIZE + (reach % VPORT_PAGE_SIZE == VPORT_PAGE_MASK));
    enum vport_status status = VPORT_E_NO_MEMORY;
    size_t first;

    address->value = 0;
    if (!space)
        return VPORT_E_UNKNOWN;
    if (count == 0)
        return VPORT_E_INVALID;
    pthread_mutex_lock(&iommu->lock);
    first = find_room(space, count, end);
    if (first != VPORT_BITMAP_NOWHERE)
        status = map_pages(iommu, space, frames, count, rights, first);
    if (status == VPORT_OK) {
        space->next = first + count;
        address->value = (uint64_t)first << VPORT_PAGE_SHIFT;
    }
    pthread_mutex_unlock(&iommu->lock);
    return status;
}

enum vport_status vport_qemu_iommu_pass(struct vport_qemu_iommu *iommu, unsigned device,
                                        uint64_t address, uint64_t length)
{
    struct space *space = space_of(iommu, device);
    size_t first = (size_t)(address >> VPORT_PAGE_SHIFT);
    size_t count = (size_t)(length >> VPORT_PAGE_SHIFT);
    enum vport_status status = VPORT_E_BUSY;

    if (!space)
        return VPORT_E_UNKNOWN;
    if (!vport_range_fits(address, length, SPACE_PAGES << VPORT_PAGE_SHIFT))
        return VPORT_E_RANGE;
    pthread_mutex_lock(&iommu->lock);
    if (vport_bitmap_room(&space->map, first, first + count, count) == count)
        status = make_paths(iommu, space, first, count);
    if (status == VPORT_OK) {
        vport_bitmap_take(&space->map, first, count);
        for (size_t page = first; page < first + count; page++)
            set_entry(find_entry(iommu, space, page),
                      (uint64_t)page << VPORT_PAGE_SHIFT | READ | WRITE);
    }
    pthread_mutex_unlock(&iommu->lock);
    return status;
}

/* ---- Faults ---- */

struct fault {
    uint64_t address, details;
    bool known; /* the page is mapped, for something else than what was tried */
    const struct space *space;
};

struct faults {
    unsigned count;
    bool lost;
    struct fault fault[RECORDS];
};

static const char *reason_text(unsigned reason)
{
    static const char *const texts[] = {
        [1] = "its bus has no entry in the root table",
        [2] = "the device has no entry in the context table",
        [3] = "the device's entry in the context table is not valid",
        [4] = "the address is wider than the device's address space",
        [5] = "nothing is mapped there to be written",
        [6] = "nothing is mapped there to be read",
        [7] = "a table of the device's address space cannot be read",
        [8] = "the root table cannot be read",
        [9] = "the context table cannot be read",
        [10] = "an entry of the root table is not valid",
        [11] = "an entry of the context table is not valid",
        [12] = "an entry of the device's address space is not valid",
    };
    const char *text = reason < VPORT_ARRAY_SIZE(texts) ? texts[reason] : NULL;

    return text ? text : "for a reason that we have no words for";
}

static void report_fault(struct vport_reports *reports, const struct fault *fault)
{
    unsigned source = fault->details & 0xffff;
    unsigned reason = fault->details >> 32 & 0xff;
    bool read = fault->details & FAULT_READ;

    vport_report(
        reports, "0xE6/0x26", NULL,
        "The IOMMU stopped %s (00:%02x.%x) from %s memory at bus address %#llx: %s "
        "(VT-d fault reason %u). A device may only be told addresses of operations that are "
        "under way, and of common buffers.",
        fault->space ? fault->space->name : "an unknown device", source >> 3 & 31, source & 7,
        read ? "reading" : "writing", (unsigned long long)fault->address,
        fault->known ? "it is mapped for reading only" : reason_text(reason), reason);
}

static void report_faults(const struct vport_qemu_iommu *iommu, const struct faults *faults)
{
    for (unsigned i = 0; i < faults->count; i++)
        report_fault(iommu->config.reports, &faults->fault[i]);
    if (faults->lost)
        vport_report(iommu->config.reports, "0xE6/0x26", NULL,
                     "The IOMMU stopped more accesses than it could record.");
}

static void judge_fault(struct vport_qemu_iommu *iommu, struct fault *fault)
{
    uint64_t page = fault->address >> VPORT_PAGE_SHIFT;

    fault->address &= ~(uint64_t)VPORT_PAGE_MASK;
    for (unsigned i = 0; i < VPORT_QEMU_IOMMU_DEVICES; i++) {
        struct space *space = &iommu->spaces[i];

        if (space->used && (fault->details >> 3 & 31) == space->slot) {
            uint64_t *entry = page < SPACE_PAGES ? find_entry(iommu, space, page) : NULL;

            fault->space = space;
            fault->known = entry && *entry && !(fault->details & FAULT_READ);
        }
    }
}

/* Takes in and clears the records. Under the lock. */
static enum vport_status collect(struct vport_qemu_iommu *iommu, uint64_t fault_status,
                                 struct faults *faults)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    struct fault fault[RECORDS] = {0};
    enum vport_status status;

    faults->lost = fault_status & FAULT_OVERFLOW;
    vport_qtest_begin(qtest);
    for (unsigned i = 0; i < iommu->record_count; i++) {
        vport_qtest_read(qtest, iommu->records + 16 * i, 8, &fault[i].address);
        vport_qtest_read(qtest, iommu->records + 16 * i + 8, 8, &fault[i].details);
        vport_qtest_write(qtest, iommu->records + 16 * i + 12, 4, FAULT >> 32);
    }
    vport_qtest_write(qtest, REGISTERS + FAULT_STATUS, 4, FAULT_OVERFLOW);
    status = vport_qtest_end(qtest);
    for (unsigned i = 0; i < iommu->record_count && status == VPORT_OK; i++) {
        if (fault[i].details & FAULT) {
            judge_fault(iommu, &fault[i]);
            faults->fault[faults->count++] = fault[i];
        }
    }
    return status;
}

static bool is_fault(uint64_t fault_status)
{
    return fault_status & (FAULT_PENDING | FAULT_OVERFLOW);
}

enum vport_status vport_qemu_iommu_check(struct vport_qemu_iommu *iommu)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    struct faults faults = {.count = 0};
    uint64_t fault_status = 0;
    enum vport_status status;

    pthread_mutex_lock(&iommu->lock);
    vport_qtest_begin(qtest);
    vport_qtest_read(qtest, REGISTERS + FAULT_STATUS, 4, &fault_status);
    status = vport_qtest_end(qtest);
    if (status == VPORT_OK && is_fault(fault_status))
        status = collect(iommu, fault_status, &faults);
    pthread_mutex_unlock(&iommu->lock);
    report_faults(iommu, &faults);
    return status;
}

/* ---- Unmapping ---- */

/* When this returns VPORT_OK no device holds on to an old translation of the domain. */
static enum vport_status invalidate(struct vport_qemu_iommu *iommu, unsigned device,
                                    struct faults *faults)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    uint64_t domain = device + 1;
    uint64_t pending = 0;
    uint64_t fault_status = 0;
    enum vport_status status;

    vport_qtest_begin(qtest);
    vport_qtest_write(qtest, iommu->invalidate, 8, INVALIDATE | DOMAIN_TRANSLATIONS | domain << 32);
    vport_qtest_read(qtest, iommu->invalidate, 8, &pending);
    vport_qtest_read(qtest, REGISTERS + FAULT_STATUS, 4, &fault_status);
    status = vport_qtest_end(qtest);
    if (status == VPORT_OK && is_fault(fault_status))
        status = collect(iommu, fault_status, faults);
    if (status == VPORT_OK && (pending & INVALIDATE))
        status = VPORT_E_DEVICE;
    return status;
}

static bool all_mapped(const struct vport_qemu_iommu *iommu, const struct space *space,
                       uint64_t first, size_t count)
{
    if (first < SPACE_FIRST || !vport_range_fits(first, count, SPACE_PAGES))
        return false;
    for (uint64_t page = first; page < first + count; page++) {
        const uint64_t *entry = find_entry(iommu, space, page);

        if (!entry || !*entry)
            return false;
    }
    return true;
}

static enum vport_status unmap_pages(struct vport_qemu_iommu *iommu, unsigned device, size_t first,
                                     size_t count, struct faults *faults)
{
    struct space *space = &iommu->spaces[device];
    enum vport_status status;

    for (size_t page = first; page < first + count; page++)
        set_entry(find_entry(iommu, space, page), 0);
    status = invalidate(iommu, device, faults);
    if (status == VPORT_OK)
        vport_bitmap_give(&space->map, first, count);
    return status;
}

enum vport_status vport_qemu_iommu_unmap(struct vport_qemu_iommu *iommu, unsigned device,
                                         struct vport_busaddr address, size_t count)
{
    struct space *space = space_of(iommu, device);
    uint64_t first = address.value >> VPORT_PAGE_SHIFT;
    struct faults faults = {.count = 0};
    enum vport_status status = VPORT_E_UNKNOWN;

    if (!space)
        return status;
    pthread_mutex_lock(&iommu->lock);
    if (count > 0 && all_mapped(iommu, space, first, count))
        status = unmap_pages(iommu, device, (size_t)first, count, &faults);
    pthread_mutex_unlock(&iommu->lock);
    report_faults(iommu, &faults);
    return status;
}

/* ---- Life ---- */

enum vport_status vport_qemu_iommu_add(struct vport_qemu_iommu *iommu, unsigned device,
                                       unsigned slot, const char *name)
{
    struct space *space = &iommu->spaces[device];
    uint64_t *context = &table_of(iommu, iommu->contexts)[2 * 8 * slot];
    enum vport_status status;

    if (!vport_bitmap_create(&space->map, SPACE_PAGES))
        return VPORT_E_NO_MEMORY;
    status = take_table(iommu, &space->root);
    if (status != VPORT_OK) {
        vport_bitmap_destroy(&space->map);
        return status;
    }
    vport_bitmap_take(&space->map, 0, SPACE_FIRST);
    vport_bitmap_take(&space->map, INTERRUPT_FIRST, INTERRUPT_PAGES);
    space->slot = slot;
    space->name = name;
    space->next = SPACE_FIRST;
    space->used = true;
    set_entry(&context[1], (uint64_t)(device + 1) << 8 | WIDTH_39);
    set_entry(&context[0], vport_frame_address(space->root) | PRESENT);
    return VPORT_OK;
}

/* Where the registers are that the specification leaves to the hardware. */
static enum vport_status find_registers(struct vport_qemu_iommu *iommu)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    uint64_t capability = 0;
    uint64_t extended = 0;
    enum vport_status status;

    vport_qtest_begin(qtest);
    vport_qtest_read(qtest, REGISTERS + CAPABILITY, 8, &capability);
    vport_qtest_read(qtest, REGISTERS + EXTENDED_CAPABILITY, 8, &extended);
    status = vport_qtest_end(qtest);
    iommu->invalidate = REGISTERS + (extended >> 8 & 0x3ff) * 16 + 8;
    iommu->records = REGISTERS + (capability >> 24 & 0x3ff) * 16;
    iommu->record_count = (unsigned)(capability >> 40 & 0xff) + 1;
    if (status == VPORT_OK && (!(capability >> 8 >> WIDTH_39 & 1) || iommu->record_count > RECORDS))
        status = VPORT_E_UNSUPPORTED;
    return status;
}

enum vport_status vport_qemu_iommu_enable(struct vport_qemu_iommu *iommu)
{
    struct vport_qtest *qtest = iommu->config.qtest;
    uint64_t state = 0;
    enum vport_status status = find_registers(iommu);

    if (status != VPORT_OK)
        return status;
    vport_qtest_begin(qtest);
    vport_qtest_write(qtest, REGISTERS + ROOT_TABLE, 8, vport_frame_address(iommu->root));
    vport_qtest_write(qtest, REGISTERS + GLOBAL_COMMAND, 4, SET_ROOT_TABLE);
    vport_qtest_write(qtest, REGISTERS + CONTEXT_COMMAND, 8, INVALIDATE | ALL_CONTEXTS);
    vport_qtest_write(qtest, iommu->invalidate, 8, INVALIDATE | ALL_TRANSLATIONS);
    vport_qtest_write(qtest, REGISTERS + GLOBAL_COMMAND, 4, TRANSLATE);
    vport_qtest_read(qtest, REGISTERS + GLOBAL_STATUS, 4, &state);
    status = vport_qtest_end(qtest);
    if (status == VPORT_OK &&
        (state & (TRANSLATE | SET_ROOT_TABLE)) != (TRANSLATE | SET_ROOT_TABLE))
        status = VPORT_E_UNSUPPORTED;
    return status;
}

enum vport_status vport_qemu_iommu_create(const struct vport_qemu_iommu_config *config,
                                          struct vport_qemu_iommu **result)
{
    struct vport_qemu_iommu *iommu = calloc(1, sizeof(*iommu));
    enum vport_status status;

    *result = NULL;
    if (!iommu)
        return VPORT_E_NO_MEMORY;
    iommu->config = *config;
    pthread_mutex_init(&iommu->lock, NULL);
    status = take_table(iommu, &iommu->root);
    if (status == VPORT_OK)
        status = take_table(iommu, &iommu->contexts);
    if (status != VPORT_OK) {
        vport_qemu_iommu_destroy(iommu);
        return status;
    }
    set_entry(table_of(iommu, iommu->root), vport_frame_address(iommu->contexts) | PRESENT);
    *result = iommu;
    return VPORT_OK;
}

void vport_qemu_iommu_destroy(struct vport_qemu_iommu *iommu)
{
    if (!iommu)
        return;
    vport_qemu_ram_give(iommu->config.ram, iommu->table_count, iommu->tables);
    for (unsigned i = 0; i < VPORT_QEMU_IOMMU_DEVICES; i++)
        if (iommu->spaces[i].used)
            vport_bitmap_destroy(&iommu->spaces[i].map);
    free(iommu->tables);
    pthread_mutex_destroy(&iommu->lock);
    free(iommu);
}
