/* SPDX-License-Identifier: MIT */
/*
 * The miniports built into this tree, by the DriverEntry that the build gave each (vport_driver in
 * videoport/host.h). Spelled without ddk types so that hosts need not include them.
 */
#ifndef VPORT_MINIPORTS_H
#define VPORT_MINIPORTS_H

#include <stdint.h>

#if defined(__x86_64__)
#define VPORT_MINIPORT_ENTRY(name)                                                                 \
    int32_t __attribute__((ms_abi)) name(void *context1, void *context2)
#elif defined(__i386__)
#define VPORT_MINIPORT_ENTRY(name)                                                                 \
    int32_t __attribute__((stdcall)) name(void *context1, void *context2)
#else
#define VPORT_MINIPORT_ENTRY(name) int32_t name(void *context1, void *context2)
#endif

VPORT_MINIPORT_ENTRY(vport_miniport_sim_entry);
VPORT_MINIPORT_ENTRY(vport_miniport_edu_entry);
VPORT_MINIPORT_ENTRY(vport_miniport_virtio_gpu_entry);

#endif
