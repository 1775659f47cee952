/* SPDX-License-Identifier: MIT */
/*
 * The device as its specification has it: "Virtual I/O Device (VIRTIO) Version 1.2", OASIS,
 * sections 2.7 (split virtqueues), 4.1 (over PCI) and 5.7 (GPU device). Everything is
 * little-endian, as are the machines that this driver is for.
 */
#ifndef VIRTIO_HW_H
#define VIRTIO_HW_H

/* ---- Over PCI (4.1.4) -------------------------------------------------------------------- */

#define VIRTIO_PCI_VENDOR   0x1af4u
#define VIRTIO_GPU_DEVICE   0x1050u
#define VIRTIO_CAPABILITY   0x09u /* vendor specific */
#define VIRTIO_CAP_COMMON   1u
#define VIRTIO_CAP_NOTIFY   2u
#define VIRTIO_CAP_ISR      3u
#define VIRTIO_ISR_QUEUE    0x01u
#define VIRTIO_MSIX_NOTHING 0xffffu

typedef struct _VIRTIO_PCI_CAP {
    UCHAR Id, Next, Length, Type, Bar, Padding[3];
    ULONG Offset;           /* into the BAR */
    ULONG Size;             /* bytes */
    ULONG NotifyMultiplier; /* of the notify capability only */
} VIRTIO_PCI_CAP;

/* Offsets into the common configuration (4.1.4.3). */
#define VIRTIO_DEVICE_FEATURE_SELECT 0u
#define VIRTIO_DEVICE_FEATURE        4u
#define VIRTIO_DRIVER_FEATURE_SELECT 8u
#define VIRTIO_DRIVER_FEATURE        12u
#define VIRTIO_MSIX_CONFIG           16u /* 16 bits */
#define VIRTIO_STATUS                20u /* 8 bits */
#define VIRTIO_QUEUE_SELECT          22u /* 16 bits, as the next four */
#define VIRTIO_QUEUE_SIZE            24u
#define VIRTIO_QUEUE_MSIX            26u
#define VIRTIO_QUEUE_ENABLE          28u
#define VIRTIO_QUEUE_NOTIFY_OFFSET   30u
#define VIRTIO_QUEUE_DESCRIPTORS     32u /* 64 bits, as the next two */
#define VIRTIO_QUEUE_AVAILABLE       40u
#define VIRTIO_QUEUE_USED            48u
#define VIRTIO_COMMON_LENGTH         56u

#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER      2u
#define VIRTIO_STATUS_DRIVER_OK   4u
#define VIRTIO_STATUS_FEATURES_OK 8u

/* Feature bits 32 and up. */
#define VIRTIO_F_VERSION_1       0x1u
#define VIRTIO_F_ACCESS_PLATFORM 0x2u /* addresses go through the platform's IOMMU */

/* ---- A split virtqueue (2.7) ------------------------------------------------------------- */

#define VIRTIO_DESCRIPTOR_NEXT  1u
#define VIRTIO_DESCRIPTOR_WRITE 2u /* the device writes it */

typedef struct _VIRTIO_DESCRIPTOR {
    ULONGLONG Address;
    ULONG Length;
    USHORT Flags;
    USHORT Next;
} VIRTIO_DESCRIPTOR;

/* ---- GPU commands (5.7.6) ---------------------------------------------------------------- */

#define VIRTIO_GPU_RESOURCE_CREATE_2D      0x0101u
#define VIRTIO_GPU_RESOURCE_UNREF          0x0102u
#define VIRTIO_GPU_SET_SCANOUT             0x0103u
#define VIRTIO_GPU_RESOURCE_FLUSH          0x0104u
#define VIRTIO_GPU_TRANSFER_TO_HOST_2D     0x0105u
#define VIRTIO_GPU_RESOURCE_ATTACH_BACKING 0x0106u
#define VIRTIO_GPU_RESOURCE_DETACH_BACKING 0x0107u
#define VIRTIO_GPU_OK                      0x1100u
#define VIRTIO_GPU_OUT_OF_MEMORY           0x1201u

#define VIRTIO_GPU_B8G8R8X8 2u /* XRGB8888 of a little-endian machine */

/* The most memory entries that a backing can have; QEMU's limit. */
#define VIRTIO_GPU_ENTRIES 16384u

typedef struct _VIRTIO_GPU_HEADER {
    ULONG Type;
    ULONG Flags;
    ULONGLONG Fence;
    ULONG Context;
    ULONG Ring;
} VIRTIO_GPU_HEADER;

typedef struct _VIRTIO_GPU_RECT {
    ULONG X, Y, Width, Height; /* pixels */
} VIRTIO_GPU_RECT;

typedef union _VIRTIO_GPU_REQUEST {
    VIRTIO_GPU_HEADER Header;
    struct {
        VIRTIO_GPU_HEADER Header;
        ULONG Resource, Format, Width, Height;
    } Create;
    struct { /* UNREF, DETACH_BACKING */
        VIRTIO_GPU_HEADER Header;
        ULONG Resource, Padding;
    } Name;
    struct {
        VIRTIO_GPU_HEADER Header;
        VIRTIO_GPU_RECT Rect;
        ULONG Scanout, Resource;
    } Scanout;
    struct {
        VIRTIO_GPU_HEADER Header;
        VIRTIO_GPU_RECT Rect;
        ULONG Resource, Padding;
    } Flush;
    struct {
        VIRTIO_GPU_HEADER Header;
        VIRTIO_GPU_RECT Rect;
        ULONGLONG Offset; /* bytes into the backing */
        ULONG Resource, Padding;
    } Transfer;
    struct {
        VIRTIO_GPU_HEADER Header;
        ULONG Resource, Entries; /* that many VIRTIO_GPU_ENTRY follow */
    } Attach;
} VIRTIO_GPU_REQUEST;

typedef struct _VIRTIO_GPU_ENTRY {
    ULONGLONG Address;
    ULONG Length;
    ULONG Padding;
} VIRTIO_GPU_ENTRY;

#endif
