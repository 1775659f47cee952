/* SPDX-License-Identifier: MIT */
/*
 * A domain of the IOMMU: one device's address space. Owns its page tables, in guest memory where
 * the hardware walks them, and which of its pages are taken. Knows no register and no device; takes
 * no lock.
 *
 *   level 3 (1 GiB an entry) --> level 2 (2 MiB) --> level 1 (4 KiB)
 */
#ifndef VPORT_BUS_QEMU_DOMAIN_H
#define VPORT_BUS_QEMU_DOMAIN_H

#include "bus/qemu/bitmap.h"
#include "bus/qemu/ram.h"

/* Bits of an entry that lets the device at its page. */
enum {
    VPORT_QEMU_DOMAIN_READ = 1,
    VPORT_QEMU_DOMAIN_WRITE = 2,
};

/* Pages of a domain: 4 GiB. The first MiB and the interrupt range are never given out. */
#define VPORT_QEMU_DOMAIN_PAGES (UINT64_C(1) << 20)

/*
 * i386 aligns 64-bit numbers to 4 bytes; these lie in pages, and hardware reads them at any time.
 */
typedef uint64_t vport_qemu_entry __attribute__((aligned(8)));

struct vport_qemu_domain {
    struct vport_qemu_ram *ram;
    struct vport_frame root; /* its level 3 table */
    struct vport_bitmap map; /* of pages */
    size_t next; /* where to look for room: behind the last mapping, so that addresses are not soon
                    used again */
    struct vport_frame *tables; /* all of them */
    size_t table_count, table_room;
};

/* VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_domain_create(struct vport_qemu_domain *domain,
                                           struct vport_qemu_ram *ram);
/* No device uses it any more. */
void vport_qemu_domain_destroy(struct vport_qemu_domain *domain);

/*
 * Maps `count` > 0 frames to pages in a row, all below page `end`; *first is the first of them.
 * VPORT_E_NO_MEMORY: no room in it, or for its tables.
 */
enum vport_status vport_qemu_domain_map(struct vport_qemu_domain *domain,
                                        const struct vport_frame *frames, size_t count,
                                        uint64_t rights, uint64_t end, size_t *first);
/* Maps pages to the same addresses outside of the domain. VPORT_E_BUSY, VPORT_E_NO_MEMORY. */
enum vport_status vport_qemu_domain_pass(struct vport_qemu_domain *domain, size_t first,
                                         size_t count);

/* What the hardware finds for a page; 0: nothing. Any page number. */
uint64_t vport_qemu_domain_entry(const struct vport_qemu_domain *domain, uint64_t page);
/* Are all of these mapped? Any page numbers. */
bool vport_qemu_domain_mapped(const struct vport_qemu_domain *domain, uint64_t first, size_t count);
/* Clears the entries of pages that are mapped. They stay taken, since the hardware may remember. */
void vport_qemu_domain_clear(struct vport_qemu_domain *domain, size_t first, size_t count);
/* The hardware has forgotten them: they can be used again. */
void vport_qemu_domain_give(struct vport_qemu_domain *domain, size_t first, size_t count);

/* Hardware reads entries while they are written: each is there whole, after what it points to. */
static inline void vport_qemu_entry_set(vport_qemu_entry *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

#endif
