/* SPDX-License-Identifier: MIT */
/* What the files that make IRPs share with the one that moves them. */
#ifndef VPORT_NT_IO_IRP_H
#define VPORT_NT_IO_IRP_H

#include "nt/objects.h"

PIRP vport_nt_irp_allocate(struct vport_nt *nt, CCHAR stack_size, const void *site);

/*
 * An IRP that the I/O manager built has come all the way up: its results go to where the builder
 * asked, its memory away. Such IRPs have IRP_SYNCHRONOUS_API in their flags.
 */
void vport_nt_irp_finish(PIRP irp);

#endif
