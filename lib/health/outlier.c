/* SPDX-License-Identifier: BSD-3-Clause */

#include "health/outlier.h"

/* Twice as long each time. */
static uint64_t out_for(const struct outlier_rules *r, uint32_t times)
{
	uint64_t ms = r->eject_ms;

	while (times-- > 1 && ms < r->max_eject_ms)
		ms *= 2;
	return ms < r->max_eject_ms ? ms : r->max_eject_ms;
}

static void come_back(struct outlier_member *m, uint64_t now_ms)
{
	m->o->ejected = false;
	m->o->since_ms = now_ms;
	m->changed = true;
}

static void eject(const struct outlier_rules *r, struct outlier_member *m, uint64_t now_ms)
{
	struct outlier *o = m->o;

	o->times++;
	o->ejected = true;
	o->since_ms = now_ms;
	o->out_ms = out_for(r, o->times);
	o->why_flows = o->flows;
	o->why_failed = o->failures < o->flows ? o->failures : o->flows;
	m->changed = true;
}

static bool is_outlier(const struct outlier_rules *r, const struct outlier_member *m)
{
	const struct outlier *o = m->o;

	return m->may && !o->ejected && o->flows >= r->min_flows && o->flows &&
	       o->failures * 100 >= (uint64_t)r->error_pct * o->flows;
}

/* Has a a greater share of failures than b? */
static bool is_worse(const struct outlier *a, const struct outlier *b)
{
	return a->failures * b->flows > b->failures * a->flows;
}

static struct outlier_member *worst(
	const struct outlier_rules *r, struct outlier_member *m, size_t n)
{
	struct outlier_member *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (is_outlier(r, &m[i]) && (!found || is_worse(m[i].o, found->o)))
			found = &m[i];
	return found;
}

/* Members that may be out at once, less those that are. */
static int64_t room(const struct outlier_rules *r, const struct outlier_member *m, size_t n)
{
	uint64_t ready = 0, out = 0;

	for (size_t i = 0; i < n; i++) {
		ready += m[i].ready;
		out += m[i].o->ejected;
	}
	return (int64_t)(ready * r->max_eject_pct / 100) - (int64_t)out;
}

/* The one that is out for longest. */
static struct outlier_member *oldest(struct outlier_member *m, size_t n)
{
	struct outlier_member *found = NULL;

	for (size_t i = 0; i < n; i++)
		if (m[i].o->ejected && (!found || m[i].o->since_ms < found->o->since_ms))
			found = &m[i];
	return found;
}

/* Who may come back does. */
static void pass_time(const struct outlier_rules *r, struct outlier_member *m, uint64_t now_ms)
{
	const struct outlier *o = m->o;

	m->changed = false;
	if (o->ejected && (!m->may || !r->error_pct || now_ms - o->since_ms >= o->out_ms))
		come_back(m, now_ms);
}

/* The interval is over: the worst go, the others have behaved. */
static void judge(
	const struct outlier_rules *r, struct outlier_member *m, size_t n, uint64_t now_ms)
{
	struct outlier_member *next;

	for (int64_t left = room(r, m, n); left > 0 && (next = worst(r, m, n)); left--)
		eject(r, next, now_ms);
	for (size_t i = 0; i < n; i++) {
		struct outlier *o = m[i].o;

		if (o->ejected || !o->times || now_ms - o->since_ms < o->out_ms)
			continue;
		o->times--;
		o->since_ms = now_ms;
	}
}

void outlier_run(const struct outlier_rules *r, uint64_t *interval_ms, struct outlier_member *m,
	size_t n, uint64_t now_ms)
{
	struct outlier_member *next;

	for (size_t i = 0; i < n; i++)
		pass_time(r, &m[i], now_ms);
	while (room(r, m, n) < 0 && (next = oldest(m, n)))
		come_back(next, now_ms);
	if (!r->error_pct || (*interval_ms && now_ms - *interval_ms < r->interval_ms))
		return;
	if (*interval_ms)
		judge(r, m, n, now_ms);
	*interval_ms = now_ms;
	for (size_t i = 0; i < n; i++)
		m[i].o->flows = m[i].o->failures = 0;
}
