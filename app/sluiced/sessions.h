/* SPDX-License-Identifier: BSD-3-Clause */

/* The daemon's side of sessions (table/session.h): their clock, their end, their number. Control
 * thread. */

#ifndef SLUICED_SESSIONS_H
#define SLUICED_SESSIONS_H

#include "daemon.h"

/* Numbers of pools. */
#define SESSIONS_POOLS IDS_ROOM(CONF_MAX_POOLS)

struct sessions {
	struct session_table *table;
	struct ids *pools;                  /* numbers of pools that stay */
	uint32_t persist_s[SESSIONS_POOLS]; /* by number of a pool; 0 = its clients are forgotten */
	const char *name[SESSIONS_POOLS];   /* the same: of the running configuration, or NULL */
	uint64_t job;                       /* number of the job that these two are of */
	uint32_t next;                      /* word where the sweep goes on */
	uint64_t seen, expired; /* in the round of the sweep that is under way; ended ever */
	uint64_t entries;       /* in the last whole round */
};

/* Make the table and hand it to all lanes. Before the workers start. 0 or -errno. */
int sessions_open(struct daemon *d, const struct conf *conf);

/* No worker runs any more. */
void sessions_close(struct daemon *d);

/* Give every pool of the job its number. 0 or -errno. */
int sessions_number_pools(struct daemon *d, struct build_job *job, struct sl_err *err);

/* Once a second: move the clock on, and end what is idle for too long in a part of the table. */
void sessions_tick(struct daemon *d);

/* Bring name and persist_s up to the running job. */
void sessions_follow(struct daemon *d);

#endif
