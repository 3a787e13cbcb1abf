/* SPDX-License-Identifier: BSD-3-Clause */

/* From the states of checks to members, decisions and the view for a build; what changes is told.
 */

#include <stdio.h>
#include <stdlib.h>

#include "apply.h"
#include "board.h"
#include "daemon.h"
#include "table/load.h"
#include "part.h"

/* Pools are decided on for so long at one go; the clock is looked at every so many of them. */
#define PART_US 500
#define STEPS   16

/* The check whose verdict is nearest to turning the member: the one with the longest streak. */
static const struct health *leading(const struct board_member *m, const struct health_params **p)
{
	const struct health *best = NULL;

	for (size_t i = 0; i < m->n_questions; i++) {
		const struct board_check *c = m->questions[i].check;

		if (c && c->health.state == m->m.state &&
			(!best || c->health.streak > best->streak)) {
			best = &c->health;
			*p = &c->params;
		}
	}
	return best;
}

const char *board_state_text(const struct board_member *m, char *buf)
{
	const struct health_params *p;
	const struct health *h = leading(m, &p);

	if (h && h->streak)
		snprintf(buf, BOARD_STATE_STRLEN, "%s %u/%u", health_state_name(m->m.state),
			h->streak, m->m.state == HEALTH_UP ? p->fall : p->rise);
	else
		snprintf(buf, BOARD_STATE_STRLEN, "%s", health_state_name(m->m.state));
	return buf;
}

/* What a decision does to tables. Urgent: somebody has to leave one, or a pool opens or closes. */
enum { TABLE_CHANGED = 1, TABLE_URGENT = 2 };

static bool is_quiet(enum decide_reason r)
{
	return r == DECIDE_NORMAL || r == DECIDE_WAIT || r == DECIDE_STARTING || r == DECIDE_EMPTY;
}

/* Say why the pool is served as it is, where that changed. */
static void tell_pool(
	struct board *b, struct board_pool *p, enum decide_reason was, uint64_t now_ms)
{
	const enum decide_reason reason = p->decision.reason;
	char text[EVENT_TEXT_BYTES];

	/* of one that is not decided yet: as it was before a restart */
	if ((p->decided || p->since_ms) && was == reason)
		return;
	p->since_ms = now_ms;
	/* What a start brings is told by the members. */
	if ((!p->decided || is_quiet(was)) && is_quiet(reason))
		return;
	snprintf(text, sizeof text, "%s: %s", decide_reason_name(reason),
		decide_reason_help(reason));
	board_note(b, p->name, text);
}

/* How a member is for the tables: a freeze keeps it as it was at its begin, also where an operator
 * changes something meanwhile and the pool is decided on anew. */
static const struct member *in_tables(const struct board_member *m)
{
	return m->is_held ? &m->held : &m->m;
}

/* Decide for one pool; its members' shares. Returns what that does to its table. */
static unsigned int decide_pool(struct board *b, struct board_pool *p, uint64_t now_ms)
{
	struct decide_member *in = calloc(p->n + 1, sizeof *in);
	const bool helped = p->backup >= 0 && b->pools[p->backup].decided &&
			    decide_can_help(&b->pools[p->backup].decision);
	const struct decision was = p->decision;
	unsigned int changed = p->decided ? 0 : TABLE_CHANGED;

	if (!in)
		return 0; /* what was decided stays */
	for (uint32_t i = 0; i < p->n; i++) {
		const struct board_member *m = b->members[p->first + i];
		const struct member *is = in_tables(m);

		in[i] = (struct decide_member){
			.ready = m->ready,
			.weight = m->weight,
			.effective = member_weight(is, &p->params, m->weight, now_ms),
			.state = is->state,
			.suppressed = is->suppressed,
			.ejected = is->ejected,
		};
	}
	p->decision = decide(&p->rules, &p->memory, in, p->n, helped, now_ms);
	p->standing = decide_standing(&p->decision, in, p->n);
	for (uint32_t i = 0; i < p->n; i++) {
		struct board_member *m = b->members[p->first + i];

		if (m->share != in[i].share)
			changed |= in[i].share ? TABLE_CHANGED : TABLE_URGENT;
		m->share = in[i].share;
	}
	free(in);
	if (was.action != p->decision.action)
		changed |= TABLE_URGENT;
	if (was.borrow != p->decision.borrow)
		changed |= TABLE_CHANGED;
	tell_pool(b, p, was.reason, now_ms);
	p->decided = true;
	return changed;
}

static void note_standing(struct board *b)
{
	uint64_t standing[DECIDE_STANDS] = {0};

	for (size_t i = 0; i < b->n_pools; i++)
		standing[b->pools[i].standing]++;
	for (size_t i = 0; i < DECIDE_STANDS; i++)
		__atomic_store_n(&b->standing[i], standing[i], __ATOMIC_RELAXED);
}

static void ask_for_build(struct board *b, unsigned int changed)
{
	if (changed && b->d->running)
		apply_health_changed(b->d, changed & TABLE_URGENT);
}

static void decide_soon(struct board *b)
{
	static const struct timeval at_once;

	if (b->decide && !event_pending(b->decide, EV_TIMEOUT, NULL))
		evtimer_add(b->decide, &at_once);
}

void board_decide_begin(struct board *b, bool all)
{
	for (size_t i = 0; i < b->n_pools; i++) {
		b->pools[i].due = all || b->pools[i].touched;
		b->pools[i].touched = false;
	}
	b->touched = false;
	b->look = (struct board_look){.under_way = true, .now_ms = daemon_now_ms()};
}

/* What was decided is built, also when the rest is not looked at. */
void board_decide_break(struct board *b)
{
	ask_for_build(b, b->look.changed);
	b->look = (struct board_look){0};
}

int board_decide_step(struct board *b)
{
	struct board_look *look = &b->look;
	struct board_pool *p;

	if (look->at == b->n_pools) {
		note_standing(b);
		board_decide_break(b);
		if (b->touched)
			decide_soon(b);
		return 0;
	}
	p = &b->pools[b->order[look->at++]];
	p->due |= p->backup >= 0 && b->pools[p->backup].due;
	if (p->due)
		look->changed |= decide_pool(b, p, look->now_ms);
	return 1;
}

/* While frozen, and while somebody is not judged yet, decisions stay; the end of it is followed by
 * one about all pools. */
static bool may_decide(const struct board *b)
{
	return !board_is_frozen(b) && !board_is_settling(b);
}

bool board_decide_part(struct board *b)
{
	struct part part = part_begin(PART_US, STEPS);

	if (!may_decide(b)) {
		if (!board_is_settling(b))
			board_decide_break(b);
		return false;
	}
	if (!b->look.under_way)
		board_decide_begin(b, false);
	while (board_decide_step(b))
		if (part_is_over(&part))
			return true;
	return false;
}

void board_touch(struct board *b, struct board_pool *p)
{
	p->touched = true;
	b->touched = true;
	decide_soon(b);
}

void board_decide(struct board *b)
{
	for (size_t i = 0; i < b->n_pools; i++)
		board_touch(b, &b->pools[i]);
}

/* Of the check that spoke last; NULL: none did. */
static const struct health_params *last_params(const struct board_member *m)
{
	for (size_t i = 0; i < m->n_questions; i++)
		if (m->questions[i].name == m->last_check)
			return &m->questions[i].check->params;
	return NULL;
}

/* Why the member turned: the result that tipped it, and how many of its kind that took. */
static const char *result_text(
	const struct board_member *m, enum health_state was, char *buf, size_t size)
{
	const struct health_params *p = last_params(m);
	const bool up = m->m.state == HEALTH_UP;

	if (!m->last_check || !p)
		snprintf(buf, size, "%s", m->n_questions ? "no verdict in time" : "no check");
	else if (was == HEALTH_INIT)
		snprintf(buf, size, "%s direct %s: %s", m->last_check,
			health_code_name(m->last.result.code), m->last.result.reason);
	else
		snprintf(buf, size, "%s direct %s %u/%u: %s", m->last_check,
			health_code_name(m->last.result.code), up ? p->rise : p->fall,
			up ? p->rise : p->fall, m->last.result.reason);
	return buf;
}

void board_tell_changes(
	struct board *b, const struct board_member *m, unsigned int changed, enum health_state was)
{
	const uint64_t now_ms = daemon_now_ms();
	const struct board_pool *p = &b->pools[m->pool];
	char text[EVENT_TEXT_BYTES];

	/* One that is up because nobody asks is no event: with many the log would hold little else.
	 */
	if ((changed & MEMBER_STATE) && (m->n_questions || was != HEALTH_INIT))
		board_tell(b, m, "%s->%s %s", health_state_name(was), health_state_name(m->m.state),
			result_text(m, was, text, sizeof text));
	if ((changed & MEMBER_STATE) && m->m.ramping)
		board_tell(b, m, "slow start: %u s in %u steps", p->params.slow_start_ms / 1000,
			p->params.slow_start_steps);
	if (changed & MEMBER_RAMP)
		board_tell(b, m, "slow start is over");
	if ((changed & MEMBER_SUPPRESSED) && m->m.suppressed)
		board_tell(b, m, "flapping: held out, penalty %.0f",
			member_penalty(&m->m, &p->params, now_ms));
	else if (changed & MEMBER_SUPPRESSED)
		board_tell(b, m, "no longer held out for flapping");
	if (changed & MEMBER_DEGRADED)
		board_tell(b, m,
			m->m.degraded ? "degraded: probes take %.1f ms in the mean"
				      : "no longer degraded: %.1f ms in the mean",
			m->m.latency_us / 1000);
	if (changed & MEMBER_STALE)
		board_tell(b, m,
			m->m.stale ? "stale: only results that say nothing of it"
				   : "no longer stale");
}

bool board_judge(struct board *b, struct board_member *m)
{
	const uint64_t now_ms = daemon_now_ms();
	const struct board_pool *p = &b->pools[m->pool];
	const bool may_ramp = p->decided && !p->memory.starting &&
			      p->decision.reason != DECIDE_WAIT &&
			      p->decision.reason != DECIDE_EMPTY && !board_is_frozen(b);
	struct member_checks c = {.n = (uint32_t)m->n_questions};
	const enum health_state was = m->m.state;
	unsigned int changed;

	for (size_t i = 0; i < m->n_questions; i++) {
		const struct health *h;

		if (!m->questions[i].check)
			continue;
		h = &m->questions[i].check->health;
		c.up += h->state == HEALTH_UP;
		c.down += h->state == HEALTH_DOWN;
		c.stale += health_is_stale(h, now_ms);
	}
	changed = member_judge(&m->m, &p->params, &c, may_ramp, now_ms);
	changed |= member_tick(&m->m, &p->params, now_ms);
	if (load_error_permille(b->d->load, m->slot) != (uint16_t)m->m.error_permille)
		load_set_errors(b->d->load, m->slot, (uint16_t)m->m.error_permille);
	if (!changed)
		return false;
	m->transitions += was != m->m.state;
	b->transitions += was != m->m.state;
	board_tell_changes(b, m, changed, was);
	b->unsaved |= changed & (MEMBER_STATE | MEMBER_SUPPRESSED);
	return changed & (MEMBER_STATE | MEMBER_SUPPRESSED | MEMBER_RAMP);
}

/* Members of pool p and of those that help it. */
static size_t lend(
	const struct board *b, const struct board_pool *p, struct health_view_member *out)
{
	size_t n = 0;

	while (p->decision.borrow && p->backup >= 0) {
		p = &b->pools[p->backup];
		for (uint32_t i = p->first; i < p->first + p->n; i++)
			if (b->members[i]->share && out)
				out[n++] = (struct health_view_member){i, b->members[i]->share};
			else if (b->members[i]->share)
				n++;
	}
	return n;
}

struct health_view *board_view(const struct board *b)
{
	struct health_view *v = health_view_new(b->n_members, b->n_pools);

	for (size_t i = 0; v && i < b->n_members; i++) {
		const struct board_member *m = b->members[i];

		v->backends[i].weight = m->share;
		v->backends[i].down = in_tables(m)->state == HEALTH_DOWN && !m->share;
	}
	for (size_t i = 0; v && i < b->n_pools; i++) {
		const struct board_pool *p = &b->pools[i];
		struct health_view_pool *to = &v->pools[i];
		const size_t n = lend(b, p, NULL);

		to->action = p->decision.action;
		if (!n)
			continue;
		to->borrowed = calloc(n, sizeof *to->borrowed);
		if (!to->borrowed) {
			health_view_free(v);
			return NULL;
		}
		to->n_borrowed = lend(b, p, to->borrowed);
	}
	return v;
}
