/* SPDX-License-Identifier: MIT */
/*
 * Files, as far as drivers read any: what the host has put there, in memory, read only. No driver
 * reaches the computer's own files.
 *
 * Sources: wdm/nf-ntifs-ntcreatefile, wdm/nf-ntifs-ntreadfile.
 */
#include "nt/handle.h"
#include "nt/objects.h"
#include "nt/registry.h"

#include <stdlib.h>

struct vport_nt_blob {
    LIST_ENTRY link; /* nt->files; under the registry's lock */
    UNICODE_STRING name;
    size_t length;
    char data[];
};

static struct vport_nt_blob *find(struct vport_nt *nt, PCUNICODE_STRING name)
{
    for (PLIST_ENTRY e = nt->files.Flink; e != &nt->files; e = e->Flink) {
        struct vport_nt_blob *file = CONTAINING_RECORD(e, struct vport_nt_blob, link);

        if (RtlEqualUnicodeString(&file->name, name, TRUE))
            return file;
    }
    return NULL;
}

static void discard(struct vport_nt_blob *file)
{
    free(file->name.Buffer);
    free(file);
}

enum vport_status vport_nt_file_add(struct vport_nt *nt, const char *name, const void *data,
                                    size_t length)
{
    struct vport_nt_blob *file = calloc(1, sizeof(*file) + length);
    bool taken;

    if (!file || !vport_nt_string_from(&file->name, name)) {
        free(file);
        return VPORT_E_NO_MEMORY;
    }
    file->length = length;
    if (length)
        memcpy(file->data, data, length);
    vport_nt_registry_lock(nt);
    taken = find(nt, &file->name);
    if (!taken)
        InsertTailList(&nt->files, &file->link);
    vport_nt_registry_unlock(nt);
    if (taken)
        discard(file);
    return taken ? VPORT_E_BUSY : VPORT_OK;
}

void vport_nt_end_files(struct vport_nt *nt)
{
    while (!IsListEmpty(&nt->files))
        discard(CONTAINING_RECORD(RemoveHeadList(&nt->files), struct vport_nt_blob, link));
}

static bool wants_write(ACCESS_MASK access, ULONG disposition)
{
    const ACCESS_MASK write =
        GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE;

    return disposition != FILE_OPEN || access & write;
}

/*
 * PASSIVE_LEVEL. STATUS_OBJECT_NAME_NOT_FOUND; STATUS_ACCESS_DENIED: to be made or written. ZwClose
 * closes it.
 */
NTSTATUS NTAPI ZwCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess,
                            POBJECT_ATTRIBUTES ObjectAttributes, PIO_STATUS_BLOCK IoStatusBlock,
                            PLARGE_INTEGER AllocationSize, ULONG FileAttributes, ULONG ShareAccess,
                            ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer,
                            ULONG EaLength)
{
    struct vport_nt *nt = vport_nt_get();
    struct vport_nt_blob *file;
    NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;

    *FileHandle = NULL;
    vport_nt_irql_at_most("ZwCreateFile", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt || !ObjectAttributes || !ObjectAttributes->ObjectName)
        return STATUS_INVALID_PARAMETER;
    if (wants_write(DesiredAccess, CreateDisposition))
        return STATUS_ACCESS_DENIED;
    vport_nt_registry_lock(nt);
    file = find(nt, ObjectAttributes->ObjectName);
    if (file)
        status = vport_nt_handle_open_file(nt, file, FileHandle);
    vport_nt_registry_unlock(nt);
    IoStatusBlock->Status = status;
    IoStatusBlock->Information = NT_SUCCESS(status) ? 1 /* FILE_OPENED */ : 0;
    return status;
}

/* From `offset`, or (negative) where the last read ended. */
static NTSTATUS read_file(const struct vport_nt_blob *file, uint64_t *position, LONGLONG offset,
                          PVOID buffer, ULONG length, ULONG_PTR *done)
{
    uint64_t from = offset < 0 ? *position : (uint64_t)offset;

    if (from >= file->length)
        return STATUS_END_OF_FILE;
    *done = (ULONG_PTR)vport_min_u64(length, file->length - from);
    memcpy(buffer, file->data + from, *done);
    *position = from + *done;
    return STATUS_SUCCESS;
}

/*
 * PASSIVE_LEVEL. STATUS_END_OF_FILE, STATUS_INVALID_HANDLE. Ends before it returns: Event and
 * ApcRoutine must be NULL.
 */
NTSTATUS NTAPI ZwReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine,
                          PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer,
                          ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    struct vport_nt *nt = vport_nt_get();
    LONGLONG offset = ByteOffset ? ByteOffset->QuadPart : -1;
    struct vport_nt_blob *file;
    uint64_t *position;
    NTSTATUS status;

    vport_nt_irql_at_most("ZwReadFile", PASSIVE_LEVEL, VPORT_SITE);
    if (!nt || Event || ApcRoutine)
        return STATUS_INVALID_PARAMETER;
    IoStatusBlock->Information = 0;
    vport_nt_registry_lock(nt);
    status = vport_nt_handle_find_file(nt, FileHandle, &file, &position);
    if (NT_SUCCESS(status))
        status = read_file(file, position, offset, Buffer, Length, &IoStatusBlock->Information);
    vport_nt_registry_unlock(nt);
    IoStatusBlock->Status = status;
    return status;
}
