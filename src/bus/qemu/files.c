/* SPDX-License-Identifier: MIT */
/* Shared files and sockets: see files.h. */
#include "bus/qemu/files.h"

#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/qemu/process.h"

static bool open_pair(int *ours, int *theirs)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    *ours = vport_qemu_process_file(ends[0]);
    *theirs = vport_qemu_process_file(ends[1]);
    return *ours >= 0 && *theirs >= 0;
}

static int open_memory(const char *name)
{
    return vport_qemu_process_file(memfd_create(name, MFD_CLOEXEC));
}

/* ---- Firmware ---- */

/* HLT all over; the reset vector, 16 bytes below the end: CLI, HLT, and back to the HLT should
 * anything wake it. */
static bool write_firmware(int fd)
{
    static const uint8_t vector[] = {0xfa, 0xf4, 0xeb, 0xfd};
    uint8_t page[4096];

    memset(page, 0xf4, sizeof(page));
    for (off_t at = 0; at < VPORT_QEMU_FIRMWARE_SIZE; at += (off_t)sizeof(page))
        if (pwrite(fd, page, sizeof(page), at) != (ssize_t)sizeof(page))
            return false;
    return pwrite(fd, vector, sizeof(vector), VPORT_QEMU_FIRMWARE_SIZE - 16) ==
           (ssize_t)sizeof(vector);
}

static bool open_firmware(struct vport_qemu_files *files)
{
    files->firmware = open_memory("videoport-firmware");
    return files->firmware >= 0 && write_firmware(files->firmware);
}

/* ---- Doorbell ---- */

/* One message of ivshmem's protocol: a little-endian number, and perhaps a descriptor. */
static bool say(int socket, int64_t number, int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec text = {.iov_base = &number, .iov_len = sizeof(number)};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};

    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.header = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(number);
}

/*
 * Protocol version 0; the device is peer 1; the shared memory, which nobody uses; and we, peer 0,
 * with one vector: the number that a 16-bit message can address.
 */
static bool greet_doorbell(struct vport_qemu_files *files, int memory)
{
    int socket = files->ivshmem.ours;

    return ftruncate(memory, 4096) == 0 && say(socket, 0, -1) && say(socket, 1, -1) &&
           say(socket, -1, memory) && say(socket, 0, files->doorbell);
}

static bool open_doorbell(struct vport_qemu_files *files)
{
    int memory = open_memory("videoport-ivshmem");
    bool greeted;

    files->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    greeted = memory >= 0 && files->doorbell >= 0 &&
              open_pair(&files->ivshmem.ours, &files->ivshmem.theirs) &&
              greet_doorbell(files, memory);
    if (memory >= 0)
        close(memory);
    return greeted;
}

/* ---- All ---- */

enum vport_status vport_qemu_files_open(struct vport_qemu_files *files, bool doorbell)
{
    *files = (struct vport_qemu_files){-1, -1, -1, {-1, -1}, {-1, -1}, {-1, -1}};
    files->picture = open_memory("videoport-picture");
    if (files->picture >= 0 && open_firmware(files) &&
        open_pair(&files->qtest.ours, &files->qtest.theirs) &&
        open_pair(&files->qmp.ours, &files->qmp.theirs) && (!doorbell || open_doorbell(files)))
        return VPORT_OK;
    vport_qemu_files_close(files);
    return VPORT_E_NO_MEMORY;
}

size_t vport_qemu_files_kept(const struct vport_qemu_files *files, int *keep)
{
    size_t kept = 0;

    keep[kept++] = files->firmware;
    keep[kept++] = files->picture;
    keep[kept++] = files->qtest.theirs;
    keep[kept++] = files->qmp.theirs;
    if (files->ivshmem.theirs >= 0)
        keep[kept++] = files->ivshmem.theirs;
    return kept;
}

static void close_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void vport_qemu_files_close_theirs(struct vport_qemu_files *files)
{
    close_file(&files->firmware);
    close_file(&files->qtest.theirs);
    close_file(&files->qmp.theirs);
    close_file(&files->ivshmem.theirs);
}

void vport_qemu_files_close(struct vport_qemu_files *files)
{
    vport_qemu_files_close_theirs(files);
    close_file(&files->picture);
    close_file(&files->doorbell);
    close_file(&files->qtest.ours);
    close_file(&files->qmp.ours);
    close_file(&files->ivshmem.ours);
}
