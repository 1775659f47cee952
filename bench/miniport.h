/* SPDX-License-Identifier: MIT */
/*
 * The miniport that the benchmarks drive: it finds its adapter and does nothing else. Benchmarks
 * are its code, run by vport_machine_call. Includes only include/ddk.
 */
#ifndef VPORT_BENCH_MINIPORT_H
#define VPORT_BENCH_MINIPORT_H

#include <video.h>

ULONG NTAPI vport_bench_miniport(PVOID Context1, PVOID Context2);

/* The simulated adapter's registers, and its video memory, mapped by HwVidFindAdapter. */
PVOID vport_bench_miniport_registers(PVOID HwDeviceExtension);
PVOID vport_bench_miniport_video_memory(PVOID HwDeviceExtension);

#endif
