/* SPDX-License-Identifier: BSD-3-Clause */

/* From a configuration to members and checks: what stays keeps its state. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "board_follow.h"
#include "daemon.h"
#include "part.h"

/* A part lasts so long; it looks at the clock every so many steps. */
#define PART_US 1000
#define STEPS   16
/* The switch asks the memory so far ahead: members lie anywhere. */
#define AHEAD   8

/* Have the checks of both the same stamps, in the same order? */
static bool same_checks(const struct conf *a, const struct conf *b)
{
	if (a->n_checks != b->n_checks)
		return false;
	for (size_t i = 0; i < a->n_checks; i++)
		if (!conf_same(&a->checks[i].place, &b->checks[i].place))
			return false;
	return true;
}

/* -- Prepare and leave ------------------------------------------------------------------------ */

static void free_follow(struct follow *f)
{
	f->b->follow = NULL;
	free(f->pools);
	free(f->old);
	free(f->order);
	free(f->next);
	free(f->members);
	free(f->gone);
	free(f);
}

int board_follow_begin(struct board *b, const struct conf *conf, const uint16_t *slots)
{
	struct follow *f = calloc(1, sizeof *f);

	board_follow_drop(b);
	if (!f)
		return -ENOMEM;
	*f = (struct follow){.b = b, .conf = conf, .slots = slots, .now_ms = daemon_now_ms()};
	f->n_all = conf_count_backends(conf, conf->n_pools);
	f->round = ++b->rounds;
	if (b->d->running && b->followed == b->d->running->conf && same_checks(b->followed, conf))
		f->was = b->followed;
	b->follow = f;
	f->pools = calloc(conf->n_pools + 1, sizeof *f->pools);
	f->old = calloc(conf->n_pools + 1, sizeof *f->old);
	f->order = calloc(conf->n_pools + 1, sizeof *f->order);
	f->next = calloc(f->n_all + 1, sizeof *f->next);
	f->members = calloc(f->n_all + 1, sizeof *f->members);
	f->gone = calloc(b->n_members + 1, sizeof *f->gone);
	if (f->pools && f->old && f->order && f->next && f->members && f->gone)
		return 0;
	free_follow(f);
	return -ENOMEM;
}

/* Depth of the chain of backups behind a pool; conf_check made sure that it ends. */
static uint32_t depth(const struct follow *f, size_t p)
{
	uint32_t n = 0;

	for (int at = f->pools[p].backup; at >= 0; at = f->pools[at].backup)
		n++;
	return n;
}

static void order_pools(struct follow *f)
{
	uint32_t n = 0;

	for (uint32_t d = 0; n < f->conf->n_pools; d++)
		for (uint32_t p = 0; p < f->conf->n_pools; p++)
			if (depth(f, p) == d)
				f->order[n++] = p;
}

static int leave(struct follow *f)
{
	const struct board *b = f->b;

	if (f->at == b->n_members)
		return 0;
	if (b->members[f->at]->round != f->round)
		f->gone[f->n_gone++] = b->members[f->at];
	f->at++;
	return 1;
}

/* -- The switch ------------------------------------------------------------------------------- */

static void change_member(struct board *b, struct next_member *next, uint32_t number)
{
	struct board_member *m = next->m;

	m->number = number;
	m->pool = next->pool;
	m->weight = next->weight;
	m->ready = next->ready;
	if (next->name) {
		char *name = m->name;

		m->name = next->name;
		next->name = name;
	}
	if (next->asks) {
		struct board_question *questions = m->questions;
		const uint32_t n = (uint32_t)m->n_questions;

		m->questions = next->questions;
		m->n_questions = next->n_questions;
		next->questions = questions;
		next->n_questions = n;
	}
	if (next->fresh)
		b->by_slot[m->slot] = m;
}

static void change_members(struct follow *f)
{
	struct board *b = f->b;

	for (size_t i = 0; i < f->n_gone; i++)
		if (b->by_slot[f->gone[i]->slot] == f->gone[i])
			b->by_slot[f->gone[i]->slot] = NULL;
	for (size_t i = 0; i < f->n_members; i++) {
		if (i + AHEAD < f->n_members)
			__builtin_prefetch(f->next[i + AHEAD].m, 1);
		change_member(b, &f->next[i], (uint32_t)i);
	}
	free(b->members);
	b->members = f->members;
	b->n_members = f->n_members;
	f->members = NULL;
}

static void change_pools(struct follow *f)
{
	struct board *b = f->b;

	for (size_t p = 0; p < f->conf->n_pools; p++)
		if (f->old[p] != SIZE_MAX)
			next_pool_inherit(&f->pools[p], &b->pools[f->old[p]]);
	for (size_t p = 0; p < b->n_pools; p++)
		free(b->pools[p].name);
	free(b->pools);
	free(b->order);
	b->pools = f->pools;
	b->order = f->order;
	b->n_pools = f->conf->n_pools;
	f->pools = NULL;
	f->order = NULL;
}

static void switch_over(struct follow *f)
{
	struct board *b = f->b;

	board_decide_break(b);
	schedule_limit(b->schedule, f->conf->health.max_inflight, f->conf->health.max_rate);
	change_members(f);
	change_pools(f);
	b->round = f->round;
	b->followed = f->conf;
	board_save_follow(b);
	if (!b->d->running)
		board_restore(b);
}

/* -- Settle and sweep ------------------------------------------------------------------------- */

/* The name of the check that spoke last, if the member is asked that still; NULL: nothing spoke. */
static const char *speaker(const struct board_member *m)
{
	const struct board_question *q = m->questions;

	for (size_t i = 0; m->last_check && i < m->n_questions; i++)
		if (q[i].check->health.n_kept && strcmp(q[i].name, m->last_check) == 0)
			return q[i].name;
	return NULL;
}

static void free_next(struct next_member *next)
{
	free(next->name);
	next_free_questions(next->questions, next->n_questions);
	next->name = NULL;
	next->questions = NULL;
	next->n_questions = 0;
}

static int settle(struct follow *f)
{
	struct board *b = f->b;
	struct next_member *next = &f->next[f->at];
	struct board_member *m = next->m;

	if (f->at == f->n_members)
		return 0;
	f->at++;
	if (next->asks)
		m->last_check = speaker(m);
	free_next(next);
	b->pools[m->pool].n_ejected += m->outlier.ejected;
	board_judge(b, m);
	/* One that was held between the switch and now was held before anybody had judged it. */
	if (next->fresh && m->is_held && b->d->running)
		m->held = m->m;
	return 1;
}

static int sweep(struct follow *f)
{
	if (f->at < f->n_gone) {
		next_free_member(f->gone[f->at++]);
		return 1;
	}
	return board_checks_sweep(f->b);
}

/* -- All of it -------------------------------------------------------------------------------- */

bool board_is_settling(const struct board *b)
{
	return b->follow &&
	       (b->follow->stage == FOLLOW_SETTLE || b->follow->stage == FOLLOW_DECIDE);
}

/* One step of the stage. 1, 0 when the stage is over, or -ENOMEM. */
static int step(struct follow *f)
{
	switch (f->stage) {
	case FOLLOW_PREPARE:
		return next_prepare(f);
	case FOLLOW_LEAVE:
		return leave(f);
	case FOLLOW_SETTLE:
		return settle(f);
	case FOLLOW_DECIDE:
		return board_decide_step(f->b);
	case FOLLOW_SWEEP:
		return sweep(f);
	}
	return 0;
}

/* A stage is over: the next one begins. False: that was the last one. */
static bool go_on(struct follow *f)
{
	f->at = 0;
	switch (f->stage) {
	case FOLLOW_PREPARE:
		order_pools(f);
		break;
	case FOLLOW_LEAVE:
		switch_over(f);
		break;
	case FOLLOW_SETTLE:
		board_decide_begin(f->b, true);
		break;
	case FOLLOW_DECIDE:
		board_checks_sweep_begin(f->b);
		break;
	case FOLLOW_SWEEP:
		board_pump(f->b);
		free_follow(f);
		return false;
	}
	f->stage++;
	return true;
}

int board_follow_step(struct board *b)
{
	struct part part = part_begin(PART_US, STEPS);
	struct follow *f = b->follow;
	int rc;

	do
		rc = step(f);
	while (rc > 0 && !part_is_over(&part));
	if (rc < 0) {
		log_error("no memory for the health of %zu backends", f->n_all);
		board_follow_drop(b);
	}
	if (rc)
		return rc;
	return go_on(f);
}

int board_follow(struct board *b, const struct conf *conf, const uint16_t *slots)
{
	int rc = board_follow_begin(b, conf, slots);

	while (!rc && (rc = board_follow_step(b)) > 0)
		rc = 0;
	return rc;
}

/* What was prepared, and is in force for nobody. */
static void drop_prepared(struct follow *f)
{
	for (size_t i = 0; i < f->n_members; i++) {
		free_next(&f->next[i]);
		if (f->next[i].fresh)
			next_free_member(f->next[i].m);
	}
	for (size_t p = 0; p < f->conf->n_pools; p++)
		free(f->pools[p].name);
	board_checks_sweep_begin(f->b);
	while (board_checks_sweep(f->b) > 0)
		;
	free_follow(f);
}

void board_follow_drop(struct board *b)
{
	if (!b->follow)
		return;
	if (b->follow->stage <= FOLLOW_LEAVE)
		drop_prepared(b->follow);
	else /* it is in force: what is left to be done cannot fail */
		while (board_follow_step(b) > 0)
			;
}
