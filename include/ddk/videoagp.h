/* SPDX-License-Identifier: MIT */
/*
 * videoagp.h - the AGP services of the video port.
 *
 * video.h includes it. The function types are those of VIDEO_PORT_AGP_INTERFACE(_2), which
 * VideoPortQueryServices fills in.
 *
 * Sources: videoagp/nc-videoagp-pagp_xxx, video/ns-video-_video_port_agp_services.
 */
#ifndef __VIDEOAGP_H__
#define __VIDEOAGP_H__

#include "miniport.h"

#define VIDEO_AGP_RATE_1X 0x00000001
#define VIDEO_AGP_RATE_2X 0x00000002
#define VIDEO_AGP_RATE_4X 0x00000004
#define VIDEO_AGP_RATE_8X 0x00000008

typedef enum _VIDEO_PORT_CACHE_TYPE {
    VpNonCached = 0,
    VpWriteCombined,
    VpCached
} VIDEO_PORT_CACHE_TYPE;

typedef PHYSICAL_ADDRESS (NTAPI *PAGP_RESERVE_PHYSICAL)(
    PVOID HwDeviceExtension,
    ULONG Pages,
    VIDEO_PORT_CACHE_TYPE Caching,
    PVOID *PhysicalReserveContext);

typedef VOID (NTAPI *PAGP_RELEASE_PHYSICAL)(
    PVOID HwDeviceExtension,
    PVOID PhysicalReserveContext);

typedef BOOLEAN (NTAPI *PAGP_COMMIT_PHYSICAL)(
    PVOID HwDeviceExtension,
    PVOID PhysicalReserveContext,
    ULONG Pages,
    ULONG Offset);

typedef VOID (NTAPI *PAGP_FREE_PHYSICAL)(
    PVOID HwDeviceExtension,
    PVOID PhysicalReserveContext,
    ULONG Pages,
    ULONG Offset);

typedef PVOID (NTAPI *PAGP_RESERVE_VIRTUAL)(
    PVOID HwDeviceExtension,
    HANDLE ProcessHandle,
    PVOID PhysicalReserveContext,
    PVOID *VirtualReserveContext);

typedef VOID (NTAPI *PAGP_RELEASE_VIRTUAL)(
    PVOID HwDeviceExtension,
    PVOID VirtualReserveContext);

typedef PVOID (NTAPI *PAGP_COMMIT_VIRTUAL)(
    PVOID HwDeviceExtension,
    PVOID VirtualReserveContext,
    ULONG Pages,
    ULONG Offset);

typedef VOID (NTAPI *PAGP_FREE_VIRTUAL)(
    PVOID HwDeviceExtension,
    PVOID VirtualReserveContext,
    ULONG Pages,
    ULONG Offset);

typedef BOOLEAN (NTAPI *PAGP_SET_RATE)(
    PVOID HwDeviceExtension,
    ULONG AgpRate);

typedef struct _VIDEO_PORT_AGP_SERVICES {
    PAGP_RESERVE_PHYSICAL AgpReservePhysical;
    PAGP_RELEASE_PHYSICAL AgpReleasePhysical;
    PAGP_COMMIT_PHYSICAL AgpCommitPhysical;
    PAGP_FREE_PHYSICAL AgpFreePhysical;
    PAGP_RESERVE_VIRTUAL AgpReserveVirtual;
    PAGP_RELEASE_VIRTUAL AgpReleaseVirtual;
    PAGP_COMMIT_VIRTUAL AgpCommitVirtual;
    PAGP_FREE_VIRTUAL AgpFreeVirtual;
    ULONGLONG AllocationLimit;
} VIDEO_PORT_AGP_SERVICES, *PVIDEO_PORT_AGP_SERVICES;

#endif /* __VIDEOAGP_H__ */
