/* SPDX-License-Identifier: BSD-3-Clause */

/* The state of one check on one backend: results in, INIT, UP or DOWN out. Pure: time comes in as
 * an argument, in milliseconds of any clock that never goes back.
 *
 *   INIT  ok            -> UP          one is enough
 *   INIT  fail, or HEALTH_INIT_MS without a verdict -> DOWN
 *   UP    fall failures without a success between   -> DOWN
 *   DOWN  rise successes without a failure between  -> UP
 *   any   neutral       unchanged
 */

#ifndef SLUICE_HEALTH_HEALTH_H
#define SLUICE_HEALTH_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "health/result.h"

enum health_state {
	HEALTH_INIT, /* no verdict yet */
	HEALTH_UP,
	HEALTH_DOWN,
};

/* Results that are kept, the newest and those before it. */
#define HEALTH_KEPT     16
/* Who has no verdict for so long counts as down. */
#define HEALTH_INIT_MS  10000
/* So long nothing but neutral results: nobody knows. */
#define HEALTH_STALE_MS 30000

/* Of a check. */
struct health_params {
	uint32_t inter_ms;     /* between probes when all is well */
	uint32_t fastinter_ms; /* while a verdict is in the balance */
	uint32_t downinter_ms; /* when down */
	uint32_t rise, fall;   /* both at least 1 */
};

struct health_entry {
	uint64_t at_ms;
	struct health_result result;
};

struct health {
	enum health_state state;
	uint32_t streak;       /* UP: failures in a row; DOWN: successes in a row */
	uint64_t since_ms;     /* when the state began */
	uint64_t neutral_ms;   /* when the results since the last verdict began */
	bool neutral;          /* there were such */
	uint64_t failing_ms;   /* when the failures in a row began; 0: the last verdict was good */
	uint64_t n_result[3];  /* by enum health_outcome */
	uint32_t n_kept, next; /* kept[] is a ring, next is where the next one goes */
	struct health_entry kept[HEALTH_KEPT];
};

void health_init(struct health *h, uint64_t now_ms);

/* A result came. True when the state changed. */
bool health_take(struct health *h, const struct health_params *p, const struct health_result *r,
	uint64_t now_ms);

/* Time passed. True when the state changed. */
bool health_expire(struct health *h, uint64_t now_ms);

/* HEALTH_STALE_MS of only neutral results. */
bool health_is_stale(const struct health *h, uint64_t now_ms);

/* How long after the start of the last probe the next one is due, before jitter. */
uint32_t health_interval_ms(const struct health *h, const struct health_params *p);

/* The i-th kept result, 0 = the newest. NULL when there are not so many. */
const struct health_entry *health_kept(const struct health *h, uint32_t i);

/* "INIT", "UP", "DOWN". */
const char *health_state_name(enum health_state s);

#endif
