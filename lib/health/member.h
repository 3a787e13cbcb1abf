/* SPDX-License-Identifier: BSD-3-Clause */

/* A backend as a member of its pool: what its checks say together, and what is known of it besides:
 * slow start, flap damping, latency. Pure, like health.h. */

#ifndef SLUICE_HEALTH_MEMBER_H
#define SLUICE_HEALTH_MEMBER_H

#include "health/health.h"

/* Flap damping after RFC 2439: every UP -> DOWN costs MEMBER_PENALTY; the penalty halves every
 * half_life; above `suppress` the member is held out, below `reuse`, or after max_s, it comes back.
 */
#define MEMBER_PENALTY    1000

/* The error rate takes in what came together so often; who was not tried for MEMBER_FORGIVE_MS has
 * none. */
#define MEMBER_FOLD_MS    100
#define MEMBER_FORGIVE_MS 30000

/* Of a pool. */
struct member_params {
	uint32_t require; /* checks that must pass; 0 = all */
	uint32_t slow_start_ms;
	uint32_t slow_start_steps; /* at least 1 */
	uint32_t max_latency_us;   /* above it a member is degraded; 0 = never */
	uint32_t flap_suppress;    /* 0 = no damping */
	uint32_t flap_reuse;
	uint32_t flap_half_life_ms;
	uint32_t flap_max_ms;
};

/* How many of a member's checks are in which state. */
struct member_checks {
	uint32_t n, up, down, stale;
};

struct member {
	enum health_state state;
	uint64_t since_ms; /* when the state began */
	bool ramping;      /* slow start since ramp_ms */
	uint64_t ramp_ms;
	double penalty; /* as it was at penalty_ms */
	uint64_t penalty_ms;
	bool suppressed; /* since suppressed_ms */
	uint64_t suppressed_ms;
	bool ejected;           /* held out by whoever watches its traffic */
	bool degraded;          /* up, but slow */
	bool stale;             /* so many checks without a verdict that nobody knows */
	bool measured;          /* latency_us has a value */
	double latency_us;      /* of successful probes: 0.9 old + 0.1 new */
	uint64_t tried, failed; /* probes and new flows since the last fold */
	uint64_t fold_ms;       /* when that was */
	double error_permille;  /* failures of those: 0.9 old + 0.1 new, 0 to 1000 */
};

/* What changed, as bits. */
enum member_change {
	MEMBER_STATE = 1,      /* state */
	MEMBER_RAMP = 2,       /* the share of its weight that it gets */
	MEMBER_SUPPRESSED = 4, /* suppressed */
	MEMBER_DEGRADED = 8,   /* degraded */
	MEMBER_STALE = 16,     /* stale */
};

void member_init(struct member *m, uint64_t now_ms);

/* Its checks stand so. A member without checks is UP. may_ramp: one that comes up now begins with a
 * part of its weight, since others serve its pool already. Returns what changed. */
unsigned int member_judge(struct member *m, const struct member_params *p,
	const struct member_checks *checks, bool may_ramp, uint64_t now_ms);

/* So many new flows of the member began, and so much was seen to fail: SYNs that came once more,
 * ICMP errors. A failure may be seen later than its flow began, so that more fail than begin. */
static inline void member_count(struct member *m, uint64_t flows, uint64_t failures)
{
	m->tried += flows;
	m->failed += failures;
}

/* Time passed: steps of the slow start, end of a suppression; what was counted goes into the error
 * rate. Returns what changed. */
unsigned int member_tick(struct member *m, const struct member_params *p, uint64_t now_ms);

/* A probe took so long, or failed; neutral results change nothing. Returns what changed. */
unsigned int member_measure(
	struct member *m, const struct member_params *p, const struct health_result *r);

/* Begin slow start, of one who comes into a pool that serves. */
void member_ramp(struct member *m, const struct member_params *p, uint64_t now_ms);

/* Weight after slow start: rounded up, so never 0 for a weight above 0. */
uint32_t member_weight(
	const struct member *m, const struct member_params *p, uint32_t weight, uint64_t now_ms);

/* Penalty as it is now. */
double member_penalty(const struct member *m, const struct member_params *p, uint64_t now_ms);

#endif
