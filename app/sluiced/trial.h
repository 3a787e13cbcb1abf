/* SPDX-License-Identifier: BSD-3-Clause */

/* A file that was applied with a time to confirm it: without that it is taken back by itself.
 * Changes that came since stay where they still make sense, those of a SIGHUP too, which nobody
 * watches. What ends the wait is a confirmation, an apply that is meant to stay, or the undo of
 * what waits. Control thread. */

#ifndef SLUICED_TRIAL_H
#define SLUICED_TRIAL_H

#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "desk.h"

struct daemon;
struct event;
struct version;

struct trial {
	struct version *back;    /* what was wanted before; NULL: nothing waits */
	struct version *applied; /* what the file said */
	uint64_t until_ms;
	struct desk_waiter turn; /* to take it back */
	struct event *timer;
};

void trial_open(struct daemon *d);

/* What is wanted now waits for its confirmation, and goes back to `back` without. The first of
 * several says where to go back to. The caller has the desk. 0; or -ENOMEM with a message, and it
 * is taken back as soon as the desk is left. */
int trial_begin(struct daemon *d, struct version *back, uint32_t confirm_s, struct sl_err *err);

/* Nothing waits any more. */
void trial_end(struct daemon *d);

/* What waits stays. 0, or -ENOENT when nothing waits. */
int trial_confirm(struct daemon *d);

/* Revisions could not be built: none of them waits any more. */
void trial_failed(struct daemon *d, uint64_t from, uint64_t to);

/* An undo went back to this version. */
void trial_undone(struct daemon *d, const struct version *target);

/* What waits, and for how long; something must. */
json_t *trial_json(const struct daemon *d);

void trial_clear(struct daemon *d);

#endif
