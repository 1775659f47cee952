/* SPDX-License-Identifier: MIT */
/*
 * Partial MDLs: they describe a part of another one's locked pages and lock none themselves.
 *
 * Source: wdm/nf-wdm-iobuildpartialmdl.
 */
#include "nt/kernel.h"
#include "nt/mdl.h"

/*
 * The part [offset, offset + length) of `source` that a partial MDL shall describe; false when it
 * does not lie inside.
 */
static bool part_of(const struct vport_nt_mdl *source, PVOID address, ULONG *length,
                    uint64_t *offset)
{
    *offset = (uintptr_t)address - ((uintptr_t)source->mdl.StartVa + source->mdl.ByteOffset);
    if (*offset >= source->mdl.ByteCount)
        return false;
    if (*length == 0)
        *length = source->mdl.ByteCount - (ULONG)*offset;
    return vport_range_fits(*offset, *length, source->mdl.ByteCount);
}

static void build_part(struct vport_nt_mdl *target, struct vport_nt_mdl *source, PVOID address,
                       ULONG length, uint64_t offset)
{
    size_t first = (size_t)((source->mdl.ByteOffset + offset) >> VPORT_PAGE_SHIFT);
    size_t pages = vport_pages_spanned((uintptr_t)address, length);

    vport_nt_mdl_init(target, address, length);
    memcpy(vport_nt_mdl_frames(target), vport_nt_mdl_frames(source) + first,
           pages * sizeof(struct vport_frame));
    target->pages.frames = vport_nt_mdl_frames(target);
    target->pages.start = (uintptr_t)address;
    target->pages.offset = target->mdl.ByteOffset;
    target->pages.access = source->pages.access;
    target->pages.length = length;
    target->pages.region = NULL;
    target->pages.places = NULL;
    target->pages.locked = true;
    target->partial = true;
    target->mdl.MdlFlags = MDL_PARTIAL;
    if (source->mdl.MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) {
        target->mdl.MdlFlags |= MDL_PARENT_MAPPED_SYSTEM_VA | MDL_MAPPED_TO_SYSTEM_VA;
        target->mdl.MappedSystemVa = (char *)source->mdl.MappedSystemVa + offset;
    }
}

/*
 * IRQL <= DISPATCH_LEVEL. Makes TargetMdl describe Length bytes (0: the rest) from VirtualAddress
 * of a locked SourceMdl, which stays locked as long as the part is used. A part that does not fit
 * is reported, and the target left as it is.
 */
VOID NTAPI IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    struct vport_nt_mdl *source = vport_nt_mdl_find(SourceMdl, "IoBuildPartialMdl", VPORT_SITE);
    struct vport_nt_mdl *target = vport_nt_mdl_find(TargetMdl, "IoBuildPartialMdl", VPORT_SITE);
    ULONG length = Length;
    uint64_t offset;

    if (!source || !target)
        return;
    if (!part_of(source, VirtualAddress, &length, &offset) ||
        vport_pages_spanned((uintptr_t)VirtualAddress, length) >
            vport_block_items(vport_nt_mdls, target)) {
        vport_nt_report("MDL", VPORT_SITE,
                        "IoBuildPartialMdl: %u bytes at %p are not in the source MDL (%u bytes at "
                        "%p), or the target MDL is too small.",
                        length, VirtualAddress, SourceMdl->ByteCount,
                        (void *)((char *)SourceMdl->StartVa + SourceMdl->ByteOffset));
        return;
    }
    if (!source->pages.locked || (target->pages.locked && !target->partial)) {
        vport_nt_report(
            "MDL", VPORT_SITE,
            "IoBuildPartialMdl: the source MDL must be locked, the target MDL must not.");
        return;
    }
    build_part(target, source, VirtualAddress, length, offset);
}
