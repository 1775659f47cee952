/* SPDX-License-Identifier: MIT */
/*
 * Somebody at the other end of a socket who reads what it is sent and says what the test wants:
 * stands in for QEMU where QEMU would have to misbehave.
 */
#ifndef VPORT_TESTS_QEMU_PEER_H
#define VPORT_TESTS_QEMU_PEER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { PEER_TEXT = 1 << 20, PEER_STEPS = 16 };

/* Waits until `lines` more lines have come, then says `say` (of `length` bytes; 0: of strlen), in
 * pieces of `piece` bytes. */
struct peer_step {
    unsigned lines;
    const char *say;
    size_t length;
    size_t piece;
    bool hang_up; /* after that */
};

struct peer {
    int ours; /* the end that the test hands out */
    int theirs;
    pthread_t thread;
    unsigned steps;
    struct peer_step step[PEER_STEPS];
    size_t heard; /* bytes of text[] */
    char text[PEER_TEXT];
};

/* The peer does the steps in order, then listens until the other end closes. */
void peer_start(struct peer *peer, const struct peer_step *steps, unsigned count);
/* Waits for it; the other end is closed. text[] then has all that was heard, terminated. */
void peer_end(struct peer *peer);

#endif
