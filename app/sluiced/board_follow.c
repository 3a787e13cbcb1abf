/* SPDX-License-Identifier: BSD-3-Clause */

/* From a configuration to members and checks: what stays keeps its state. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "board.h"
#include "daemon.h"

/* The stages of following; the old set is untouched until all is made. */
struct follow {
	struct board *b;
	const struct conf *conf;
	const struct conf *was; /* what was followed last, with the same checks; NULL: not known */
	size_t near;            /* the last pool of it that was found */
	const uint16_t *slots;
	uint64_t now_ms;
	struct board_pool *pools;
	struct board_member **members;
	size_t n_members;
};

static void free_questions(struct board_question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)(uintptr_t)questions[i].name);
	free(questions);
}

static void free_member(struct board_member *m)
{
	free_questions(m->questions, m->n_questions);
	free(m->pool_name);
	free(m->name);
	free(m);
}

/* The member's questions, beside those that it has still. 0 or -ENOMEM, with some of them. */
static int make_questions(struct follow *f, struct board_member *m, const struct conf_pool *pool,
	struct board_question *questions, size_t *n)
{
	for (size_t i = 0; i < pool->n_checks; i++) {
		const struct conf_check *k = &f->conf->checks[pool->check_index[i]];
		struct board_question *q = &questions[*n];

		if (k->type == CONF_CHECK_NONE)
			continue;
		q->check = board_check_need(
			f->b, k, m, k->port ? k->port : pool->service_port, f->now_ms);
		q->name = strdup(k->name);
		++*n;
		if (!q->check || !q->name || board_check_join(q->check, m))
			return -ENOMEM;
	}
	return 0;
}

/* The name among these questions of the check that spoke last; NULL: none of them did. */
static const char *speaker(
	const struct board_member *m, const struct board_question *questions, size_t n)
{
	for (size_t i = 0; m->last_check && i < n; i++)
		if (questions[i].name && questions[i].check && questions[i].check->health.n_kept &&
			strcmp(questions[i].name, m->last_check) == 0)
			return questions[i].name;
	return NULL;
}

static int ask(struct follow *f, struct board_member *m, const struct conf_pool *pool)
{
	struct board_question *questions = calloc(pool->n_checks + 1, sizeof *questions);
	size_t n = 0;
	int rc;

	if (!questions)
		return -ENOMEM;
	rc = make_questions(f, m, pool, questions, &n);
	m->last_check = speaker(m, questions, n);
	free_questions(m->questions, m->n_questions);
	m->questions = questions;
	m->n_questions = n;
	return rc;
}

static struct board_member *new_member(
	const struct follow *f, const struct conf_pool *pool, const struct conf_backend *be)
{
	struct board_member *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->pool_name = strdup(pool->name);
	m->address = be->address;
	member_init(&m->m, f->now_ms);
	if (m->pool_name)
		return m;
	free_member(m);
	return NULL;
}

/* The member that there is already under this slot, if it is the same one. */
static struct board_member *find_member(
	const struct board *b, uint16_t slot, const char *pool, const struct sl_addr *address)
{
	struct board_member *m = b->by_slot[slot];

	return m && strcmp(m->pool_name, pool) == 0 && sl_addr_eq(&m->address, address) ? m : NULL;
}

/* How a pool was, when all checks are the same; NULL: not known. */
static const struct conf_pool *pool_before(struct follow *f, const struct conf_pool *pool)
{
	return f->was ? conf_find_pool(f->was, pool->name, &f->near) : NULL;
}

/* Are its members asked the same? */
static bool asks_the_same(const struct conf_pool *was, const struct conf_pool *pool)
{
	return was->service_port == pool->service_port && was->n_checks == pool->n_checks &&
	       (!pool->n_checks || memcmp(was->check_index, pool->check_index,
					   pool->n_checks * sizeof *pool->check_index) == 0);
}

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

static int rename_member(struct board_member *m, const char *to)
{
	char *name = strcmp(m->name, to) == 0 ? m->name : strdup(to);

	if (!name)
		return -ENOMEM;
	if (name != m->name)
		free(m->name);
	m->name = name;
	return 0;
}

static void set_weight(struct board_member *m, const struct conf_backend *be)
{
	m->weight = be->weight;
	m->ready = be->admin == CONF_ADMIN_READY && be->weight > 0;
}

/* A member of a pool that asks what it asked, without looking at it. 1; 0 when there is more to
 * look at; or -ENOMEM. */
static int keep_member(struct follow *f, uint32_t p, const struct conf_backend *be)
{
	const struct conf_pool *pool = &f->conf->pools[p];
	const uint16_t slot = f->slots[f->n_members];
	struct board_member *m = find_member(f->b, slot, pool->name, &be->address);

	if (!m || m->n_questions > pool->n_checks)
		return 0;
	for (size_t i = 0; i < m->n_questions; i++)
		if (!m->questions[i].check || !m->questions[i].name)
			return 0;
	if (rename_member(m, be->name))
		return -ENOMEM;
	set_weight(m, be);
	m->number = (uint32_t)f->n_members;
	m->pool = p;
	m->round = f->b->round;
	f->members[f->n_members++] = m;
	for (size_t i = 0; i < m->n_questions; i++)
		if (board_check_join(m->questions[i].check, m))
			return -ENOMEM;
	return 1;
}

static int follow_member(struct follow *f, uint32_t p, const struct conf_backend *be)
{
	const struct conf_pool *pool = &f->conf->pools[p];
	const uint16_t slot = f->slots[f->n_members];
	struct board_member *m = find_member(f->b, slot, pool->name, &be->address);
	const bool fresh = !m;
	char *name = strdup(be->name);

	if (fresh)
		m = new_member(f, pool, be);
	if (!m || !name) {
		free(name);
		return -ENOMEM;
	}
	free(m->name);
	m->name = name;
	if (fresh) /* what the slot counted before was another's */
		m->seen = board_traffic(f->b, slot);
	m->slot = slot;
	m->number = (uint32_t)f->n_members;
	m->pool = p;
	set_weight(m, be);
	m->round = f->b->round;
	f->members[f->n_members++] = m;
	return ask(f, m, pool);
}

static int cmp_pool_name(const void *a, const void *b)
{
	return strcmp(((const struct board_pool *)a)->name, ((const struct board_pool *)b)->name);
}

static int follow_pool(struct follow *f, uint32_t p, const struct board_pool *old)
{
	const struct conf_pool *pool = &f->conf->pools[p];
	struct board_pool *to = &f->pools[p];
	int rc = 0;

	to->name = strdup(pool->name);
	if (!to->name)
		return -ENOMEM;
	if (old) {
		to->memory = old->memory;
		to->decision = old->decision;
		to->decided = old->decided;
		to->standing = old->standing;
		to->since_ms = old->since_ms;
		to->saved = old->saved;
		to->outlier_ms = old->outlier_ms;
	}
	to->first = (uint32_t)f->n_members;
	to->n = (uint32_t)pool->n_backends;
	to->backup = pool->backup_index;
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
	const struct conf_pool *was = pool_before(f, pool);
	const bool asks_same = was && asks_the_same(was, pool);

	for (size_t i = 0; i < pool->n_backends && !rc; i++) {
		const int kept = asks_same ? keep_member(f, p, &pool->backends[i]) : 0;

		rc = kept ? (kept < 0 ? kept : 0) : follow_member(f, p, &pool->backends[i]);
	}
	return rc;
}

static int follow_pools(struct follow *f)
{
	struct board *b = f->b;
	int rc = 0;

	if (b->n_pools)
		qsort(b->pools, b->n_pools, sizeof *b->pools, cmp_pool_name);
	for (uint32_t p = 0; p < f->conf->n_pools && !rc; p++) {
		const struct board_pool key = {.name = (char *)(uintptr_t)f->conf->pools[p].name};
		const struct board_pool *old = b->n_pools ? bsearch(&key, b->pools, b->n_pools,
								    sizeof *b->pools, cmp_pool_name)
							  : NULL;

		rc = follow_pool(f, p, old);
	}
	return rc;
}

/* Depth of the chain of backups behind a pool; conf_check made sure that it ends. */
static uint32_t depth(const struct board *b, size_t p)
{
	uint32_t n = 0;

	for (int at = b->pools[p].backup; at >= 0; at = b->pools[at].backup)
		n++;
	return n;
}

static int order_pools(struct board *b)
{
	uint32_t n = 0;

	free(b->order);
	b->order = calloc(b->n_pools + 1, sizeof *b->order);
	if (!b->order)
		return -ENOMEM;
	for (uint32_t d = 0; n < b->n_pools; d++)
		for (uint32_t p = 0; p < b->n_pools; p++)
			if (depth(b, p) == d)
				b->order[n++] = p;
	return 0;
}

static void drop_members(struct board *b, struct board_member **old, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (old[i]->round == b->round)
			continue;
		if (b->by_slot[old[i]->slot] == old[i])
			b->by_slot[old[i]->slot] = NULL;
		free_member(old[i]);
	}
	free(old);
}

static void take_over(struct follow *f)
{
	struct board *b = f->b;
	struct board_member **old = b->members;
	const size_t n_old = b->n_members;

	for (size_t p = 0; p < b->n_pools; p++)
		free(b->pools[p].name);
	free(b->pools);
	b->pools = f->pools;
	b->n_pools = f->conf->n_pools;
	b->members = f->members;
	b->n_members = f->n_members;
	for (size_t i = 0; i < n_old; i++)
		if (b->by_slot[old[i]->slot] == old[i])
			b->by_slot[old[i]->slot] = NULL;
	for (size_t i = 0; i < b->n_members; i++)
		b->by_slot[b->members[i]->slot] = b->members[i];
	drop_members(b, old, n_old);
	board_checks_drop(b);
	board_save_follow(b);
}

/* Without memory the half-made set takes over all the same: who is missing has no checks. */
int board_follow(struct board *b, const struct conf *conf, const uint16_t *slots)
{
	struct follow f = {.b = b, .conf = conf, .slots = slots, .now_ms = daemon_now_ms()};
	unsigned int changed = 0;
	int rc;

	schedule_limit(b->schedule, conf->health.max_inflight, conf->health.max_rate);
	f.pools = calloc(conf->n_pools + 1, sizeof *f.pools);
	f.members = calloc(conf_count_backends(conf, conf->n_pools) + 1, sizeof *f.members);
	if (!f.pools || !f.members) {
		free(f.pools);
		free(f.members);
		return -ENOMEM;
	}
	b->round++;
	if (b->d->running && b->followed == b->d->running->conf && same_checks(b->followed, conf))
		f.was = b->followed;
	b->followed = NULL;
	rc = follow_pools(&f);
	if (rc) {
		log_error("no memory for the health of %zu backends",
			conf_count_backends(conf, conf->n_pools));
		for (size_t p = 0; p < conf->n_pools; p++)
			if (!f.pools[p].name)
				f.pools[p].name = strdup("");
	}
	take_over(&f);
	if (order_pools(b))
		rc = -ENOMEM;
	if (!b->d->running)
		board_restore(b);
	for (size_t i = 0; i < b->n_members; i++) {
		b->pools[b->members[i]->pool].n_ejected += b->members[i]->outlier.ejected;
		board_judge(b, b->members[i]);
	}
	board_decide_all(b, &changed);
	board_pump(b);
	b->followed = rc ? NULL : conf;
	return rc;
}
