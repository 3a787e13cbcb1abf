/* SPDX-License-Identifier: BSD-3-Clause */

/* What a build needs (struct build_job) is collected in stages, between which the control loop goes
 * on: with 16,383 backends all of it together takes longer than the loop may be held. What changes
 * behind it, of the network or of health, asks for a build as always. Control thread. */

#ifndef SLUICED_COLLECT_H
#define SLUICED_COLLECT_H

#include <stdbool.h>
#include <stddef.h>

#include "table/backend.h"
#include "leave.h"
#include "numbers.h"

struct build_job;
struct daemon;
struct version;

struct collect {
	struct build_job *job; /* NULL: none is under way */
	unsigned int stage;
	size_t pool, backend; /* how far the stage is that goes by pools */
	bool follows;         /* the board has begun to */
	struct numbers numbers;
	struct leave_walk leave;
	bool forced[BACKEND_SLOTS]; /* daemon.forced, for this build */
};

/* Begin for this version. 0, or -errno with a message. */
int collect_begin(struct daemon *d, struct version *version, struct sl_err *err);

/* One stage on, or a part of one. 1: there is more to do; 0: collect_take() has it; -errno with a
 * message: it was dropped. */
int collect_step(struct daemon *d, struct sl_err *err);

/* The job, which is the caller's now. */
struct build_job *collect_take(struct collect *c);

/* Not wanted any more. */
void collect_drop(struct collect *c);

#endif
