/* SPDX-License-Identifier: MIT */
/*
 * What the command says to people on standard error: messages, hints, progress. Knows no machine.
 */
#ifndef VPORT_CLI_MESSAGE_H
#define VPORT_CLI_MESSAGE_H

#include <stdbool.h>

/* Who is speaking: "videoport blit". Kept, not copied. */
void vport_message_program(const char *name);

/* "PROGRAM: text" on a line of its own. Any thread. */
void vport_message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "Try 'command' for more." */
void vport_message_hint(const char *command);

/*
 * Progress, on a terminal only and only when the whole takes longer than half a second: the current
 * phase and how long it has been going on, painted by a thread of its own, because a phase may be
 * one long call. Begin and end once, phases in between.
 */
void vport_progress_begin(void);
/* `phase` is static storage. step/steps are shown if steps > 1. */
void vport_progress_phase(const char *phase, unsigned long step, unsigned long steps);
void vport_progress_end(void);

/* May colours be used on this stream? A terminal that is not dumb, and NO_COLOR unset or empty. */
bool vport_colour_allowed(int descriptor);

#endif
