/* SPDX-License-Identifier: MIT */
/* The scripted peer: see peer.h. */
#include "qemu/peer.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads on; false at the end of the stream. */
static bool listen_more(struct peer *peer)
{
    ssize_t got = read(peer->theirs, peer->text + peer->heard, PEER_TEXT - 1 - peer->heard);

    if (got <= 0)
        return false;
    peer->heard += (size_t)got;
    return true;
}

static unsigned count_lines(const struct peer *peer)
{
    unsigned lines = 0;

    for (size_t i = 0; i < peer->heard; i++)
        lines += peer->text[i] == '\n';
    return lines;
}

static void say(struct peer *peer, const struct peer_step *step)
{
    size_t length = !step->say ? 0 : step->length ? step->length : strlen(step->say);
    size_t piece = step->piece ? step->piece : length;

    for (size_t done = 0; done < length; done += piece) {
        if (piece > length - done)
            piece = length - done;
        if (send(peer->theirs, step->say + done, piece, MSG_NOSIGNAL) != (ssize_t)piece)
            return;
        if (done + piece < length)
            usleep(200);
    }
}

static void *peer_main(void *context)
{
    struct peer *peer = context;
    unsigned lines = 0;

    for (unsigned i = 0; i < peer->steps; i++) {
        lines += peer->step[i].lines;
        while (count_lines(peer) < lines)
            if (!listen_more(peer))
                return NULL;
        say(peer, &peer->step[i]);
        if (peer->step[i].hang_up) {
            shutdown(peer->theirs, SHUT_RDWR);
            return NULL;
        }
    }
    while (listen_more(peer))
        ;
    return NULL;
}

void peer_start(struct peer *peer, const struct peer_step *steps, unsigned count)
{
    int ends[2];
    int failed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);

    assert(!failed && count <= PEER_STEPS);
    (void)failed;
    peer->ours = ends[0];
    peer->theirs = ends[1];
    peer->steps = count;
    peer->heard = 0;
    memcpy(peer->step, steps, count * sizeof(*steps));
    failed = pthread_create(&peer->thread, NULL, peer_main, peer);
    assert(!failed);
}

void peer_end(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    close(peer->theirs);
    peer->text[peer->heard] = '\0';
}
