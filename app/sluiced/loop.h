/* SPDX-License-Identifier: BSD-3-Clause */

/* How long the control loop works at one go. Whoever else wants something of it, a client, a probe,
 * a signal, waits so long. A go is all that is done between two looks at sockets and timers; it is
 * measured by the CPU time of the thread, so that what other programs take of its CPU does not
 * count. How late timers are, which they make later, is measured beside it. */

#ifndef SLUICED_LOOP_H
#define SLUICED_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;

#define LOOP_SECONDS 60
#define LOOP_COUNTS  11

/* Written by the control thread, read by any. */
struct loop_meter {
	/* By second of the clock, the last LOOP_SECONDS of them. */
	struct loop_second {
		uint64_t second;
		uint32_t hold_us; /* the longest go */
		uint32_t late_us; /* the latest timer */
	} seconds[LOOP_SECONDS];
	uint64_t count[LOOP_COUNTS]; /* goes by their length */
	bool relieved;               /* control thread: a callback ended the go */
	uint64_t tick_ns;            /* control thread: when the tick ran last; 0 = not yet */
};

struct loop_lag {
	uint32_t hold_us, late_us;
};

/* Upper bounds of the counted goes, us; the last of the counts is for those above all of them. */
extern const uint32_t loop_bounds[LOOP_COUNTS - 1];

/* Serve the events of the base until its loop is broken. */
void loop_run(struct loop_meter *m, struct event_base *base);

/* At the end of a callback that may take long: if the go has lasted for LOOP_RELIEF_US, it ends
 * here and sockets and timers are looked at before the other callbacks that are due. */
#define LOOP_RELIEF_US 1000
void loop_relieve(struct loop_meter *m, struct event_base *base);

/* A timer that is due every every_ms is served. */
void loop_tick(struct loop_meter *m, uint32_t every_ms);

/* The worst of the last so many seconds, this one included. */
struct loop_lag loop_worst(const struct loop_meter *m, uint32_t seconds);

#endif
