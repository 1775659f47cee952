/* SPDX-License-Identifier: MIT */
/* The goals of docs/performance.md, as inequalities between cases. */
#include "bench.h"

#define COPY    "memcpy 4 KiB, warm"
#define MOST    VPORT_BENCH_AT_MOST
#define LEAST   VPORT_BENCH_AT_LEAST
#define CONTROL "memcpy 4 KiB, 2 threads", 1.9

const struct vport_bench_goal vport_bench_goal_list[] = {
    {"G1", "F", "1 page", COPY, MOST, 0.5, NULL, 0},
    {"G2", "F", "1 page, 64 outstanding", "1 page", MOST, 1.2, NULL, 0},
    {"G3", "L", "16 MiB contiguous", "16 MiB count runs", MOST, 1.5, NULL, 0},
    {"G3", "L", "256 MiB contiguous", "256 MiB count runs", MOST, 1.5, NULL, 0},
    {"G4", "L", "1 MiB scattered", "1 MiB read and write", MOST, 2.5, NULL, 0},
    {"G4", "L", "16 MiB scattered", "16 MiB read and write", MOST, 1.6, NULL, 0},
    {"G4", "L", "256 MiB scattered", "256 MiB read and write", MOST, 1.6, NULL, 0},
    {"G5", "L", "16 MiB mixed", "16 MiB read and write", MOST, 1.6, NULL, 0},
    {"G5", "L", "256 MiB mixed", "256 MiB read and write", MOST, 1.6, NULL, 0},
    {"G5", "L", "1 MiB mixed", "", MOST, 2, NULL, 0},
    {"G5", "L", "1 MiB scattered", "", MOST, 2, NULL, 0},
    {"G5", "L", "256 MiB mixed", "", MOST, 2, NULL, 0},
    {"G5", "L", "256 MiB scattered", "", MOST, 2, NULL, 0},
    {"G7", "F", "bounce 1 page, to device", COPY, MOST, 1.7, NULL, 0},
    {"G7", "F", "bounce 1 page, from device", COPY, MOST, 1.7, NULL, 0},
    {"G7", "B", "64 KiB warm, to device", "64 KiB warm, memcpy to", LEAST, 0.9, NULL, 0},
    {"G7", "B", "64 KiB warm, from device", "64 KiB warm, memcpy from", LEAST, 0.9, NULL, 0},
    {"G7", "B", "1 MiB warm, to device", "1 MiB warm, memcpy to", LEAST, 0.9, NULL, 0},
    {"G7", "B", "1 MiB warm, from device", "1 MiB warm, memcpy from", LEAST, 0.9, NULL, 0},
    {"G7", "B", "64 KiB cold, to device", "64 KiB cold, memcpy to", LEAST, 0.9, NULL, 0},
    {"G7", "B", "64 KiB cold, from device", "64 KiB cold, memcpy from", LEAST, 0.9, NULL, 0},
    {"G7", "B", "1 MiB cold, to device", "1 MiB cold, memcpy to", LEAST, 0.9, NULL, 0},
    {"G7", "B", "1 MiB cold, from device", "1 MiB cold, memcpy from", LEAST, 0.9, NULL, 0},
    {"G8", "B", "16 MiB cold, to device", "16 MiB cold, memcpy to", LEAST, 1.4, NULL, 0},
    {"G8", "B", "16 MiB cold, from device", "16 MiB cold, memcpy from", LEAST, 1.4, NULL, 0},
    {"G8", "B", "64 MiB cold, to device", "64 MiB cold, memcpy to", LEAST, 1.4, NULL, 0},
    {"G8", "B", "64 MiB cold, from device", "64 MiB cold, memcpy from", LEAST, 1.4, NULL, 0},
    {"G8", "B", "16 MiB cold, to device", "read, cold", LEAST, 0.65, NULL, 0},
    {"G8", "B", "16 MiB cold, from device", "read, cold", LEAST, 0.65, NULL, 0},
    {"G9", "K", "1 pages", "1 pages, limit", MOST, 2, NULL, 0},
    {"G9", "K", "16 pages", "16 pages, limit", MOST, 2, NULL, 0},
    {"G9", "K", "256 pages", "256 pages, limit", MOST, 2, NULL, 0},
    {"G9", "K", "4096 pages", "4096 pages, limit", MOST, 2, NULL, 0},
    {"G9", "K", "65536 pages", "65536 pages, limit", MOST, 2, NULL, 0},
    {"G10", "Q", "1 page, each waits", "1 page, registers free", MOST, 1.4, NULL, 0},
    {"G10", "Q", "16 pages, each waits", "16 pages, registers free", MOST, 1.4, NULL, 0},
    {"G11", "T", "1 page, own devices, 2 threads", "1 page, own devices, 1 thread", LEAST, 1.9,
     CONTROL},
    {"G11", "T", "1 page, shared adapter, 2 threads", "1 page, shared adapter, 1 thread", LEAST,
     1.8, CONTROL},
    {"G11", "T", "bounce, shared registers, 2 threads", "bounce, shared registers, 1 thread", LEAST,
     1.6, CONTROL},
    {"G12", "H", "transfer by a polling device", "bare hand-off and back", MOST, 2, NULL, 0},
    {0}};

const struct vport_bench_unmeasured vport_bench_unmeasured_list[] = {
    {"G1", "against ReactOS, Linux's scatter/gather table and libvfn: none is packaged in Debian"},
    {"G2", "against ReactOS: not packaged"},
    {"G3", "against ReactOS, Linux and SPDK: not packaged"},
    {"G4", "against other builders of lists: not packaged"},
    {"G5", "against other builders of lists: not packaged"},
    {"G6", "64 KiB lists against ReactOS and SPDK: not packaged"},
    {"G7", "against ReactOS: not packaged"},
    {"G9", "against SPDK: not packaged"},
    {"G10", "a queued pair against ReactOS: not packaged"},
    {"G11", "with the interrupt lock against ReactOS: HwVidExecuteDma runs without that lock here"},
    {0}};
