/* SPDX-License-Identifier: MIT */
/* Domains: see domain.h. Second-level page tables as Intel's VT-d specification has them. */
#include "bus/qemu/domain.h"

#include <stdlib.h>

#include "base/arith.h"

#define ADDRESS_MASK    UINT64_C(0x000ffffffffff000)
#define INTERRUPT_FIRST (UINT64_C(0xfee00000) >> VPORT_PAGE_SHIFT)

enum {
    ENTRIES = 512, /* of a table */
    LEVELS = 3,
    FIRST = 256, /* pages of the lowest MiB, left out so that small numbers stay mistakes */
    INTERRUPT_PAGES = 256,
    BOTH = VPORT_QEMU_DOMAIN_READ | VPORT_QEMU_DOMAIN_WRITE,
};

/* ---- Tables ---- */

static vport_qemu_entry *table_of(const struct vport_qemu_domain *domain, struct vport_frame frame)
{
    return vport_qemu_ram_host(domain->ram, frame);
}

static struct vport_frame frame_of(uint64_t entry)
{
    return (struct vport_frame){(uintptr_t)((entry & ADDRESS_MASK) >> VPORT_PAGE_SHIFT)};
}

static enum vport_status take_table(struct vport_qemu_domain *domain, struct vport_frame *frame)
{
    enum vport_status status;

    if (domain->table_count == domain->table_room) {
        size_t room = domain->table_room ? 2 * domain->table_room : 16;
        struct vport_frame *tables = realloc(domain->tables, room * sizeof(*tables));

        if (!tables)
            return VPORT_E_NO_MEMORY;
        domain->tables = tables;
        domain->table_room = room;
    }
    status = vport_qemu_ram_take(domain->ram, 1, UINT64_MAX, true, frame);
    if (status == VPORT_OK)
        domain->tables[domain->table_count++] = *frame;
    return status;
}

static size_t index_at(uint64_t page, unsigned level)
{
    return page >> 9 * (level - 1) & (ENTRIES - 1);
}

/* The level 1 table that has the page; NULL: it does not exist. */
static vport_qemu_entry *find_table(const struct vport_qemu_domain *domain, uint64_t page)
{
    struct vport_frame table = domain->root;

    for (unsigned level = LEVELS; level > 1; level--) {
        uint64_t entry = table_of(domain, table)[index_at(page, level)];

        if (!entry)
            return NULL;
        table = frame_of(entry);
    }
    return table_of(domain, table);
}

/* Makes the tables that lead to the page. */
static enum vport_status make_path(struct vport_qemu_domain *domain, uint64_t page)
{
    struct vport_frame table = domain->root;

    for (unsigned level = LEVELS; level > 1; level--) {
        vport_qemu_entry *entry = &table_of(domain, table)[index_at(page, level)];
        struct vport_frame below = frame_of(*entry);

        if (!*entry) {
            enum vport_status status = take_table(domain, &below);

            if (status != VPORT_OK)
                return status;
            vport_qemu_entry_set(entry, vport_frame_address(below) | BOTH);
        }
        table = below;
    }
    return VPORT_OK;
}

static enum vport_status make_paths(struct vport_qemu_domain *domain, size_t first, size_t count)
{
    enum vport_status status = make_path(domain, first);

    for (uint64_t page = vport_align_up(first + 1, ENTRIES);
         page < first + count && status == VPORT_OK; page += ENTRIES)
        status = make_path(domain, page);
    return status;
}

/* ---- Mapping ---- */

/* Room behind the last mapping, else anywhere. */
static size_t find_room(const struct vport_qemu_domain *domain, size_t count, size_t end)
{
    size_t page = vport_bitmap_find_run(&domain->map, domain->next, end, count);

    if (page == VPORT_BITMAP_NOWHERE)
        page = vport_bitmap_find_run(&domain->map, FIRST, end, count);
    return page;
}

/* Writes the entries of pages whose tables exist: table by table. `frames` NULL: to themselves. */
static void set_entries(struct vport_qemu_domain *domain, size_t first, size_t count,
                        const struct vport_frame *frames, uint64_t rights)
{
    vport_qemu_entry *table = NULL;

    for (size_t i = 0; i < count; i++) {
        struct vport_frame frame = frames ? frames[i] : (struct vport_frame){first + i};
        size_t index = index_at(first + i, 1);

        if (i == 0 || index == 0)
            table = find_table(domain, first + i);
        vport_qemu_entry_set(&table[index], vport_frame_address(frame) | rights);
    }
}

enum vport_status vport_qemu_domain_map(struct vport_qemu_domain *domain,
                                        const struct vport_frame *frames, size_t count,
                                        uint64_t rights, uint64_t end, size_t *first)
{
    enum vport_status status;

    *first = find_room(domain, count, (size_t)vport_min_u64(end, VPORT_QEMU_DOMAIN_PAGES));
    if (*first == VPORT_BITMAP_NOWHERE)
        return VPORT_E_NO_MEMORY;
    status = make_paths(domain, *first, count);
    if (status != VPORT_OK)
        return status;
    vport_bitmap_take(&domain->map, *first, count);
    domain->next = *first + count;
    set_entries(domain, *first, count, frames, rights);
    return VPORT_OK;
}

enum vport_status vport_qemu_domain_pass(struct vport_qemu_domain *domain, size_t first,
                                         size_t count)
{
    enum vport_status status;

    if (vport_bitmap_room(&domain->map, first, first + count, count) < count)
        return VPORT_E_BUSY;
    status = make_paths(domain, first, count);
    if (status != VPORT_OK)
        return status;
    vport_bitmap_take(&domain->map, first, count);
    set_entries(domain, first, count, NULL, BOTH);
    return VPORT_OK;
}

uint64_t vport_qemu_domain_entry(const struct vport_qemu_domain *domain, uint64_t page)
{
    const vport_qemu_entry *table =
        page < VPORT_QEMU_DOMAIN_PAGES ? find_table(domain, page) : NULL;

    return table ? table[index_at(page, 1)] : 0;
}

bool vport_qemu_domain_mapped(const struct vport_qemu_domain *domain, uint64_t first, size_t count)
{
    if (!vport_range_fits(first, count, VPORT_QEMU_DOMAIN_PAGES))
        return false;
    for (uint64_t page = first; page < first + count; page++)
        if (vport_qemu_domain_entry(domain, page) == 0)
            return false;
    return true;
}

void vport_qemu_domain_clear(struct vport_qemu_domain *domain, size_t first, size_t count)
{
    for (size_t page = first; page < first + count; page++)
        vport_qemu_entry_set(&find_table(domain, page)[index_at(page, 1)], 0);
}

void vport_qemu_domain_give(struct vport_qemu_domain *domain, size_t first, size_t count)
{
    vport_bitmap_give(&domain->map, first, count);
}

/* ---- Life ---- */

enum vport_status vport_qemu_domain_create(struct vport_qemu_domain *domain,
                                           struct vport_qemu_ram *ram)
{
    enum vport_status status;

    *domain = (struct vport_qemu_domain){.ram = ram, .next = FIRST};
    if (!vport_bitmap_create(&domain->map, VPORT_QEMU_DOMAIN_PAGES))
        return VPORT_E_NO_MEMORY;
    vport_bitmap_take(&domain->map, 0, FIRST);
    vport_bitmap_take(&domain->map, INTERRUPT_FIRST, INTERRUPT_PAGES);
    status = take_table(domain, &domain->root);
    if (status != VPORT_OK)
        vport_qemu_domain_destroy(domain);
    return status;
}

void vport_qemu_domain_destroy(struct vport_qemu_domain *domain)
{
    vport_qemu_ram_give(domain->ram, domain->table_count, domain->tables);
    vport_bitmap_destroy(&domain->map);
    free(domain->tables);
}
