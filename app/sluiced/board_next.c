/* SPDX-License-Identifier: BSD-3-Clause */

/* Who is to be on the board: pools, members and what they are asked, beside those in force. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "board_follow.h"

void next_free_questions(struct board_question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)questions[i].name);
	free(questions);
}

void next_free_member(struct board_member *m)
{
	next_free_questions(m->questions, m->n_questions);
	free(m->pool_name);
	free(m->name);
	free(m);
}

/* -- Pools ------------------------------------------------------------------------------------ */

/* Most often it is the one behind the last one found. SIZE_MAX: it is new. */
static size_t find_old(struct follow *f, const char *name)
{
	const struct board *b = f->b;

	for (size_t i = 0; i < b->n_pools; i++) {
		const size_t at = (f->near_old + i) % b->n_pools;

		if (strcmp(b->pools[at].name, name) == 0) {
			f->near_old = at + 1;
			return at;
		}
	}
	return SIZE_MAX;
}

void next_pool_inherit(struct board_pool *to, const struct board_pool *old)
{
	to->memory = old->memory;
	to->decision = old->decision;
	to->decided = old->decided;
	to->standing = old->standing;
	to->since_ms = old->since_ms;
	to->saved = old->saved;
	to->outlier_ms = old->outlier_ms;
}

static void set_rules(struct board_pool *to, const struct conf_pool *pool)
{
	to->params = (struct member_params){
		.require = pool->require,
		.slow_start_ms = pool->slow_start_s * 1000,
		.slow_start_steps = pool->slow_start_steps,
		.max_latency_us = pool->max_latency_ms * 1000,
		.flap_suppress = pool->flap.suppress,
		.flap_reuse = pool->flap.reuse,
		.flap_half_life_ms = pool->flap.half_life_s * 1000,
		.flap_max_ms = pool->flap.max_s * 1000,
	};
	to->outlier = (struct outlier_rules){
		.error_pct = pool->outlier.error_pct,
		.min_flows = pool->outlier.min_flows,
		.interval_ms = pool->outlier.interval_s * 1000,
		.eject_ms = pool->outlier.eject_s * 1000,
		.max_eject_ms = pool->outlier.max_eject_s * 1000,
		.max_eject_pct = pool->outlier.max_eject_pct,
	};
	to->rules = (struct decide_rules){
		.panic_pct = pool->panic_pct,
		.backup_below = pool->backup_below,
		.backup_mode = (enum decide_backup_mode)pool->backup_mode,
		.on_all_down = (enum decide_all_down)pool->on_all_down,
	};
}

/* Are its members asked what they were? Only known where all checks are the same. */
static bool asks_the_same(struct follow *f, const struct conf_pool *pool)
{
	const struct conf_pool *was = f->was ? conf_find_pool(f->was, pool->name, &f->near) : NULL;

	return was && was->service_port == pool->service_port && was->n_checks == pool->n_checks &&
	       (!pool->n_checks || memcmp(was->check_index, pool->check_index,
					   pool->n_checks * sizeof *pool->check_index) == 0);
}

static int prepare_pool(struct follow *f, const struct conf_pool *pool)
{
	struct board_pool *to = &f->pools[f->pool];

	to->name = strdup(pool->name);
	if (!to->name)
		return -ENOMEM;
	f->old[f->pool] = find_old(f, pool->name);
	to->first = (uint32_t)f->n_members;
	to->n = (uint32_t)pool->n_backends;
	to->backup = pool->backup_index;
	set_rules(to, pool);
	f->asks_same = asks_the_same(f, pool);
	return 0;
}

/* -- Members ---------------------------------------------------------------------------------- */

static struct board_member *new_member(const struct follow *f, const struct conf_pool *pool,
	const struct conf_backend *be, uint16_t slot)
{
	struct board_member *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->pool_name = strdup(pool->name);
	m->name = strdup(be->name);
	m->address = be->address;
	m->slot = slot;
	m->seen = board_traffic(f->b, slot); /* what it counted before was another's */
	member_init(&m->m, f->now_ms);
	if (m->pool_name && m->name)
		return m;
	next_free_member(m);
	return NULL;
}

/* The member that there is already under this slot, if it is the same one. */
static struct board_member *find_member(
	const struct board *b, uint16_t slot, const char *pool, const struct sl_addr *address)
{
	struct board_member *m = b->by_slot[slot];

	return m && strcmp(m->pool_name, pool) == 0 && sl_addr_eq(&m->address, address) ? m : NULL;
}

/* The member's questions, beside those that it has still. 0 or -ENOMEM, with some of them. */
static int ask(struct follow *f, struct next_member *to, const struct conf_pool *pool)
{
	to->asks = true;
	to->questions = calloc(pool->n_checks + 1, sizeof *to->questions);
	if (!to->questions)
		return -ENOMEM;
	for (size_t i = 0; i < pool->n_checks; i++) {
		const struct conf_check *k = &f->conf->checks[pool->check_index[i]];
		struct board_question *q = &to->questions[to->n_questions];

		if (k->type == CONF_CHECK_NONE)
			continue;
		q->check = board_check_need(
			f->b, k, to->m, k->port ? k->port : pool->service_port, f->now_ms);
		q->name = strdup(k->name);
		to->n_questions++;
		if (!q->check || !q->name || board_check_join(q->check, to->m, f->round))
			return -ENOMEM;
	}
	return 0;
}

static int join_again(const struct follow *f, struct board_member *m)
{
	int rc = 0;

	for (size_t i = 0; i < m->n_questions && !rc; i++)
		rc = board_check_join(m->questions[i].check, m, f->round);
	return rc;
}

static int prepare_member(
	struct follow *f, const struct conf_pool *pool, const struct conf_backend *be)
{
	struct next_member *to = &f->next[f->n_members];
	const uint16_t slot = f->slots[f->n_members];
	struct board_member *m = find_member(f->b, slot, pool->name, &be->address);

	to->fresh = !m;
	to->m = m ? m : new_member(f, pool, be, slot);
	if (!to->m)
		return -ENOMEM;
	f->members[f->n_members++] = to->m;
	to->m->round = f->round;
	to->pool = (uint32_t)f->pool;
	to->weight = be->weight;
	to->ready = be->admin == CONF_ADMIN_READY && be->weight > 0;
	if (m && strcmp(m->name, be->name) != 0) {
		to->name = strdup(be->name);
		if (!to->name)
			return -ENOMEM;
	}
	return m && f->asks_same ? join_again(f, m) : ask(f, to, pool);
}

int next_prepare(struct follow *f)
{
	const struct conf_pool *pool = &f->conf->pools[f->pool];
	int rc = 0;

	if (f->pool == f->conf->n_pools)
		return 0;
	if (!f->pools[f->pool].name)
		rc = prepare_pool(f, pool);
	if (!rc && f->backend < pool->n_backends)
		rc = prepare_member(f, pool, &pool->backends[f->backend++]);
	if (f->backend == pool->n_backends) {
		f->pool++;
		f->backend = 0;
	}
	return rc ? rc : 1;
}
