/* SPDX-License-Identifier: BSD-3-Clause */

#include <math.h>
#include <string.h>

#include "health/member.h"

void member_init(struct member *m, uint64_t now_ms)
{
	memset(m, 0, sizeof *m);
	m->since_ms = now_ms;
	m->fold_ms = now_ms;
}

double member_penalty(const struct member *m, const struct member_params *p, uint64_t now_ms)
{
	if (m->penalty == 0 || !p->flap_half_life_ms)
		return 0;
	return m->penalty * exp2(-(double)(now_ms - m->penalty_ms) / (double)p->flap_half_life_ms);
}

static unsigned int punish(struct member *m, const struct member_params *p, uint64_t now_ms)
{
	if (!p->flap_suppress)
		return 0;
	m->penalty = member_penalty(m, p, now_ms) + MEMBER_PENALTY;
	m->penalty_ms = now_ms;
	if (m->suppressed || m->penalty < p->flap_suppress)
		return 0;
	m->suppressed = true;
	m->suppressed_ms = now_ms;
	return MEMBER_SUPPRESSED;
}

void member_ramp(struct member *m, const struct member_params *p, uint64_t now_ms)
{
	m->ramping = p->slow_start_ms && p->slow_start_steps > 1;
	m->ramp_ms = now_ms;
}

static unsigned int enter(struct member *m, const struct member_params *p, enum health_state state,
	bool may_ramp, uint64_t now_ms)
{
	const bool fell = m->state == HEALTH_UP && state == HEALTH_DOWN;

	m->state = state;
	m->since_ms = now_ms;
	m->ramping = false;
	if (state == HEALTH_UP && may_ramp)
		member_ramp(m, p, now_ms);
	return MEMBER_STATE | (fell ? punish(m, p, now_ms) : 0);
}

/* What the checks say together; those without a verdict can still turn it either way. */
static enum health_state judged(
	const struct member *m, uint32_t require, const struct member_checks *c)
{
	const uint32_t needed = require && require < c->n ? require : c->n;

	if (c->up >= needed)
		return HEALTH_UP;
	if (c->n - c->down < needed)
		return HEALTH_DOWN;
	return m->state;
}

unsigned int member_judge(struct member *m, const struct member_params *p,
	const struct member_checks *checks, bool may_ramp, uint64_t now_ms)
{
	const enum health_state state = judged(m, p->require, checks);
	const bool stale = checks->n && checks->stale == checks->n;
	unsigned int changed = 0;

	if (state != m->state)
		changed |= enter(m, p, state, may_ramp, now_ms);
	if (stale != m->stale)
		changed |= MEMBER_STALE;
	m->stale = stale;
	return changed;
}

/* Steps of the slow start that are done: 1 at its begin, all at its end. */
static uint32_t ramp_step(const struct member *m, const struct member_params *p, uint64_t now_ms)
{
	const uint64_t spent = now_ms - m->ramp_ms;

	if (spent >= p->slow_start_ms)
		return p->slow_start_steps;
	return 1 + (uint32_t)(spent * (p->slow_start_steps - 1) / p->slow_start_ms);
}

uint32_t member_weight(
	const struct member *m, const struct member_params *p, uint32_t weight, uint64_t now_ms)
{
	if (!m->ramping || p->slow_start_steps < 2)
		return weight;
	const uint64_t part = (uint64_t)weight * ramp_step(m, p, now_ms);

	return (uint32_t)((part + p->slow_start_steps - 1) / p->slow_start_steps);
}

static unsigned int ramp_tick(struct member *m, const struct member_params *p, uint64_t now_ms)
{
	if (!m->ramping || now_ms - m->ramp_ms < p->slow_start_ms)
		return 0;
	m->ramping = false;
	return MEMBER_RAMP;
}

static void fold_errors(struct member *m, uint64_t now_ms)
{
	const uint64_t most = m->failed > m->tried ? m->failed : m->tried;
	const uint64_t since = now_ms - m->fold_ms;

	if (!most && since >= MEMBER_FORGIVE_MS)
		m->error_permille = 0;
	if (!most || since < MEMBER_FOLD_MS)
		return;
	m->error_permille = 0.9 * m->error_permille + 100.0 * (double)m->failed / (double)most;
	m->tried = 0;
	m->failed = 0;
	m->fold_ms = now_ms;
}

unsigned int member_tick(struct member *m, const struct member_params *p, uint64_t now_ms)
{
	fold_errors(m, now_ms);

	const unsigned int changed = ramp_tick(m, p, now_ms);

	if (!m->suppressed)
		return changed;
	if (p->flap_suppress && now_ms - m->suppressed_ms < p->flap_max_ms &&
		member_penalty(m, p, now_ms) >= p->flap_reuse)
		return changed;
	m->suppressed = false;
	return changed | MEMBER_SUPPRESSED;
}

unsigned int member_measure(
	struct member *m, const struct member_params *p, const struct health_result *r)
{
	const enum health_outcome outcome = health_code_outcome(r->code);

	if (outcome == HEALTH_NEUTRAL)
		return 0;
	member_count(m, 1, outcome == HEALTH_FAIL);
	if (outcome == HEALTH_OK) {
		m->latency_us = m->measured ? 0.9 * m->latency_us + 0.1 * r->duration_us
					    : (double)r->duration_us;
		m->measured = true;
	}
	const bool degraded = p->max_latency_us && m->measured && m->latency_us > p->max_latency_us;
	const bool changed = degraded != m->degraded;

	m->degraded = degraded;
	return changed ? MEMBER_DEGRADED : 0;
}
