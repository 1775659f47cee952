/* SPDX-License-Identifier: MIT */
/*
 * A device's protocol without the video port's DMA: the virtio GPU's miniport, built once more with
 * the calls that lock buffers and start and complete transfers ending here (bench/meson.build).
 * While a device is bypassed, locking hands out nothing, and starting a transfer goes straight to
 * HwVidExecuteDma with the list that the port made for the last one that was not; so only pictures
 * of the same memory may follow. Knows nothing of measuring.
 */
#ifndef VPORT_BENCH_BARE_H
#define VPORT_BENCH_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <video.h>

#include "miniports/miniports.h"

/* The miniport's DriverEntry. */
VPORT_MINIPORT_ENTRY(vport_bare_virtio_gpu_entry);

/* One device of that miniport. */
struct vport_bare {
    void *extension; /* HwDeviceExtension */
    bool bypass;     /* change it while no request is under way */
    /* Its own: */
    PEXECUTE_DMA execute;
    PVP_SCATTER_GATHER_LIST list; /* of the last transfer that was not bypassed */
    size_t room;                  /* elements that fit in it */
    struct vport_bare *next;
};

/* Lists of at most `elements` elements are kept. false: no memory. */
bool vport_bare_attach(struct vport_bare *bare, void *extension, size_t elements);
void vport_bare_detach(struct vport_bare *bare);

#endif
