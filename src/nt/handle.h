/* SPDX-License-Identifier: MIT */
/* Handles: small numbers for what a driver has open, keys and files. Under the registry's lock. */
#ifndef VPORT_NT_HANDLE_H
#define VPORT_NT_HANDLE_H

#include "nt/kernel.h"

struct vport_nt_blob;

/* STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS vport_nt_handle_open(struct vport_nt *nt, struct vport_nt_key *key, HANDLE *handle);
NTSTATUS vport_nt_handle_open_file(struct vport_nt *nt, struct vport_nt_blob *file, HANDLE *handle);
/* STATUS_INVALID_HANDLE; STATUS_OBJECT_TYPE_MISMATCH; a key: STATUS_KEY_DELETED. */
NTSTATUS vport_nt_handle_find(struct vport_nt *nt, HANDLE handle, struct vport_nt_key **key);
NTSTATUS vport_nt_handle_find_file(struct vport_nt *nt, HANDLE handle, struct vport_nt_blob **file,
                                   uint64_t **position);
NTSTATUS vport_nt_handle_close(struct vport_nt *nt, HANDLE handle);
/* Reports and closes what is still open. */
void vport_nt_end_handles(struct vport_nt *nt);

#endif
