/* SPDX-License-Identifier: MIT */
/*
 * The calling convention of the drivers that run on this computer.
 *
 * On x86-64 it is not this system's own: the two disagree on ten vector registers, and a function
 * of theirs that calls one of ours has to save and restore them all. What lies between a driver's
 * call and the callback that it leads to therefore keeps their convention, and leaves it only in
 * functions of its own, VPORT_DRIVER_COLD, for what happens seldom: then only those pay. Knows
 * nothing of the functions.
 */
#ifndef VPORT_BASE_CALL_H
#define VPORT_BASE_CALL_H

#if defined(__x86_64__)
#define VPORT_DRIVER_CALL __attribute__((ms_abi))
#else
#define VPORT_DRIVER_CALL
#endif

#define VPORT_DRIVER_COLD VPORT_DRIVER_CALL __attribute__((noinline))

#endif
