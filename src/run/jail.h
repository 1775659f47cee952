/* SPDX-License-Identifier: MIT */
/*
 * The sandbox of a machine process. The supervisor's side makes the list of system calls that a
 * machine needs while a driver runs (filter.c, libseccomp); this side, which needs no library,
 * gives up everything else just before the driver's first instruction.
 */
#ifndef VPORT_RUN_JAIL_H
#define VPORT_RUN_JAIL_H

#include <stdbool.h>
#include <stdint.h>

/* Closes every descriptor from `first` on; before the machine is made. */
void vport_jail_close_from(int first);

/*
 * No new privileges, no core file, no more than `memory` bytes (0: no limit) beyond what the
 * process has, no system call that the filter in `descriptor` does not let pass, for all threads.
 * An empty filter: limits only. false: errno.
 */
bool vport_jail_enter(int filter_descriptor, uint64_t memory);

/*
 * Supervisor's side: writes the filter for the calling process (its id is part of it), which is
 * about to become a machine process. Returns 0 or an errno value.
 */
int vport_jail_write_filter(int descriptor, bool for_i386);

/* The name of a system call as SIGSYS told it; malloc'ed, NULL if it has none. */
char *vport_jail_call_name(uint32_t architecture, uint32_t number);

#endif
