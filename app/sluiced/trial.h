/* SPDX-License-Identifier: BSD-3-Clause */

/* A file that was applied with a time to confirm it: without that it is taken back by itself.
 * Changes that came since stay where they still make sense, those of a SIGHUP too, which nobody
 * watches. What ends the wait is a confirmation, an apply that is meant to stay, or the undo of
 * what waits.
 *
 * A text that nobody confirmed does not come into force by a restart either: a note of it
 * (trial_note.h) is on the disk before it is accepted, and stays until what the file says is
 * confirmed, applied to stay, or reloaded while nothing waits. Control thread. */

#ifndef SLUICED_TRIAL_H
#define SLUICED_TRIAL_H

#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "desk.h"

struct ctl_call;
struct daemon;
struct event;
struct version;

/* What a start is to go by, in place of a file that says `applied`. */
struct trial_noted {
	struct version *before, *applied; /* NULL: the file holds */
};

struct trial {
	struct version *back;    /* what was wanted before; NULL: nothing waits */
	struct version *applied; /* what the file said */
	uint64_t until_ms;
	struct trial_noted noted;
	struct desk_waiter turn; /* to take it back */
	struct event *timer;
};

void trial_open(struct daemon *d);

/* A note may have something else to start with than the file in d->first: then it is that, and the
 * log says so. Before the threads run. */
void trial_first(struct daemon *d);

/* Where to go back to from what is applied next for a time. */
struct version *trial_way_back(const struct daemon *d);

/* What is wanted now waits for its confirmation, and goes back to `back` without; the note of that
 * is on the disk. The caller has the desk. 0; or -ENOMEM with a message, and it is taken back as
 * soon as the desk is left. */
int trial_begin(struct daemon *d, struct version *back, uint32_t confirm_s, struct sl_err *err);

/* The file was accepted to stay, and no note is on the disk any more. */
void trial_keep(struct daemon *d);

/* The disk may have another note in this directory than it has to: write it anew, or remove it. */
void trial_settle(struct daemon *d, const char *state_dir);

/* Nothing waits any more. */
void trial_end(struct daemon *d);

/* What waits stays: answers when the note is gone. As a handler does. */
int trial_confirm(struct daemon *d, struct ctl_call *call);

/* Revisions could not be built: none of them waits any more. */
void trial_failed(struct daemon *d, uint64_t from, uint64_t to);

/* An undo went back to this version. */
void trial_undone(struct daemon *d, const struct version *target);

/* What waits, and for how long; something must. */
json_t *trial_json(const struct daemon *d);

void trial_clear(struct daemon *d);

#endif
