/* SPDX-License-Identifier: BSD-3-Clause */

/* Backends that a reload took out: they keep the connections they have until the last one is over
 * or their pool's drain_timeout_s has passed. A leaver that is configured again simply stays. */

#ifndef SLUICED_LEAVE_H
#define SLUICED_LEAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table/backend.h"

struct build_job;
struct daemon;

/* How far a collection is; all zero: not begun. */
struct leave_walk {
	bool begun;
	bool stays[BACKEND_SLOTS]; /* slots of the job */
	size_t pool, member, n; /* next one to look at, of the running configuration; all before */
	size_t leaver;          /* next one to look at, of those that leave already */
};

/* Fill job->leavers: the backends of the running job that are not in this one, and its leavers that
 * are not done. The job's slots are assigned. A part at a time: 1 when there is more to do, 0 when
 * done, or -ENOMEM. */
int leave_collect(const struct daemon *d, struct build_job *job, struct leave_walk *w);

/* True when a leaver of the running job is done, so that a build would drop it. */
bool leave_done(const struct daemon *d);

/* Which slots still have someone, for ids_reap: filled by leave_slots, then asked slot by slot. */
struct leave_slots {
	const struct daemon *d;
	bool leaver[BACKEND_SLOTS]; /* of the running job */
};

void leave_slots(struct leave_slots *s, const struct daemon *d);

/* arg is a struct leave_slots: does a lane still hold a flow of this slot, or is it a leaver's? */
bool leave_slot_in_use(void *arg, uint16_t slot);

#endif
