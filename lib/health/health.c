/* SPDX-License-Identifier: BSD-3-Clause */

#include <string.h>

#include "health/health.h"

void health_init(struct health *h, uint64_t now_ms)
{
	memset(h, 0, sizeof *h);
	h->since_ms = now_ms;
}

static bool enter(struct health *h, enum health_state state, uint64_t now_ms)
{
	h->state = state;
	h->streak = 0;
	h->since_ms = now_ms;
	return true;
}

static void keep(struct health *h, const struct health_result *r, uint64_t now_ms)
{
	h->kept[h->next] = (struct health_entry){now_ms, *r};
	h->next = (h->next + 1) % HEALTH_KEPT;
	if (h->n_kept < HEALTH_KEPT)
		h->n_kept++;
}

/* The number of results in a row that the opposite state takes, and that state. */
static bool count_against(
	struct health *h, uint32_t needed, enum health_state other, uint64_t now_ms)
{
	h->streak++;
	return h->streak >= needed && enter(h, other, now_ms);
}

bool health_take(struct health *h, const struct health_params *p, const struct health_result *r,
	uint64_t now_ms)
{
	const enum health_outcome outcome = health_code_outcome(r->code);

	h->n_result[outcome]++;
	keep(h, r, now_ms);
	if (outcome == HEALTH_NEUTRAL) {
		if (!h->neutral)
			h->neutral_ms = now_ms;
		h->neutral = true;
		return false;
	}
	h->neutral = false;
	if (outcome == HEALTH_OK)
		h->failing_ms = 0;
	else if (!h->failing_ms)
		h->failing_ms = now_ms;
	if (h->state == HEALTH_INIT)
		return enter(h, outcome == HEALTH_OK ? HEALTH_UP : HEALTH_DOWN, now_ms);
	if ((h->state == HEALTH_UP) == (outcome == HEALTH_OK)) {
		h->streak = 0;
		return false;
	}
	return h->state == HEALTH_UP ? count_against(h, p->fall, HEALTH_DOWN, now_ms)
				     : count_against(h, p->rise, HEALTH_UP, now_ms);
}

bool health_expire(struct health *h, uint64_t now_ms)
{
	if (h->state != HEALTH_INIT || now_ms - h->since_ms < HEALTH_INIT_MS)
		return false;
	return enter(h, HEALTH_DOWN, now_ms);
}

bool health_is_stale(const struct health *h, uint64_t now_ms)
{
	return h->neutral && now_ms - h->neutral_ms >= HEALTH_STALE_MS;
}

uint32_t health_interval_ms(const struct health *h, const struct health_params *p)
{
	if (h->streak)
		return p->fastinter_ms;
	return h->state == HEALTH_DOWN ? p->downinter_ms : p->inter_ms;
}

const struct health_entry *health_kept(const struct health *h, uint32_t i)
{
	return i < h->n_kept ? &h->kept[(h->next + HEALTH_KEPT - 1 - i) % HEALTH_KEPT] : NULL;
}

const char *health_state_name(enum health_state s)
{
	static const char *const names[] = {"INIT", "UP", "DOWN"};

	return (unsigned int)s < sizeof names / sizeof *names ? names[s] : "?";
}
