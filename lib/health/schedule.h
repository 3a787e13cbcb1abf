/* SPDX-License-Identifier: BSD-3-Clause */

/* When which probe is due: a heap by time with limits on how many run at once and on how many start
 * in a second. Pure: microseconds of a monotonic clock come in as an argument, and what is random
 * comes from a seed.
 *
 *   first start  evenly spread over one interval
 *   next start   max(start + interval +- jitter, end + SCHEDULE_GAP_US)
 *   after a stall of the caller the overdue probes are spread over their intervals again: what was
 *   missed is not made up for, and there is no burst
 */

#ifndef SLUICE_HEALTH_SCHEDULE_H
#define SLUICE_HEALTH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_GAP_US   20000
/* The caller comes so much later than it was told to: a stall. */
#define SCHEDULE_STALL_US 1000000

/* Embedded in what is probed. Its fields are the schedule's. */
struct schedule_item {
	uint64_t due_us;
	uint64_t start_us;    /* of the probe under way, or of the last one */
	uint64_t interval_us; /* that the next start was reckoned with */
	size_t at;            /* in the heap, from 1; 0 = not in it */
	bool running;
};

struct schedule;

/* NULL without memory. */
struct schedule *schedule_new(uint64_t seed);

/* Items that are still in it are forgotten. NULL is fine. */
void schedule_free(struct schedule *s);

/* max_inflight probes at once, max_rate starts a second; both at least 1. */
void schedule_limit(struct schedule *s, uint32_t max_inflight, uint32_t max_rate);

/* Take in a zeroed item. 0 or -ENOMEM. */
int schedule_add(
	struct schedule *s, struct schedule_item *item, uint32_t interval_ms, uint64_t now_us);

/* The same, due now: for a probe that somebody waits for. The item is in, and not running. */
void schedule_hurry(struct schedule *s, struct schedule_item *item, uint64_t now_us);

/* Take it out, running or not. */
void schedule_remove(struct schedule *s, struct schedule_item *item);

/* The next item whose time has come and whom the limits let start: it is running now. NULL: none.
 * Called until NULL. */
struct schedule_item *schedule_next(struct schedule *s, uint64_t now_us);

/* Its probe is over; the next one is due after this interval. */
void schedule_done(struct schedule *s, struct schedule_item *item, uint32_t interval_ms,
	uint32_t jitter_pct, uint64_t now_us);

/* How long the caller may sleep before it asks schedule_next() again. UINT64_MAX: until something
 * is done or added. */
uint64_t schedule_wait_us(struct schedule *s, uint64_t now_us);

/* How late the longest waiting probe is. */
uint64_t schedule_lag_us(const struct schedule *s, uint64_t now_us);

uint32_t schedule_inflight(const struct schedule *s);

/* Probes that a limit made wait, and stalls, so far. */
uint64_t schedule_delayed(const struct schedule *s);
uint64_t schedule_stalls(const struct schedule *s);

#endif
