/* SPDX-License-Identifier: MIT */
/* Random numbers of a test: the seed is printed, and VPORT_SEED replays it. */
#ifndef VPORT_TESTS_QEMU_SEED_H
#define VPORT_TESTS_QEMU_SEED_H

#include <stdint.h>

/* VPORT_SEED, or the time; prints it. */
uint64_t test_seed(void);
/* The next number of the stream. */
uint64_t test_random(uint64_t *state);

#endif
