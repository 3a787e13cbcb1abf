/* SPDX-License-Identifier: BSD-3-Clause */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/table.h"
#include "daemon.h"
#include "plan.h"
#include "table/sched_diff.h"

/* One pool, as it runs and as the draft has it. */
struct pool {
	const struct conf_pool *was, *is;
	uint16_t *slots;         /* of the backends of `was` */
	struct sched_table *now; /* held */
	uint32_t fresh;          /* a slot that nobody has */
};

struct plan {
	struct version *running; /* held */
	struct pool *pools;
	size_t n;
};

/* While one is compared. */
struct work {
	const struct pool *pool;
	uint32_t fresh;
	uint32_t *effective; /* by slot: weight in the table */
	bool *own;           /* by slot: of a backend of `was` */
	struct maglev_member *members;
	size_t n;
};

/* Where a backend of the draft stands in the running pool: mostly at the same place. */
static const struct conf_backend *find_before(
	const struct work *w, const struct conf_backend *be, size_t near)
{
	const struct conf_pool *was = w->pool->was;

	if (near < was->n_backends && sl_addr_eq(&was->backends[near].address, &be->address))
		return &was->backends[near];
	for (size_t i = 0; i < was->n_backends; i++)
		if (sl_addr_eq(&was->backends[i].address, &be->address))
			return &was->backends[i];
	return NULL;
}

uint32_t plan_weight(
	const struct conf_backend *was, const struct conf_backend *is, uint32_t effective)
{
	if (is->admin != CONF_ADMIN_READY)
		return 0;
	if (!was || was->admin != CONF_ADMIN_READY || !was->weight)
		return is->weight;
	const uint64_t scaled = (uint64_t)effective * is->weight / was->weight;

	return (uint32_t)(effective && is->weight && !scaled ? 1 : scaled);
}

static void add(struct work *w, const struct conf_backend *be, size_t near)
{
	const struct conf_backend *was = find_before(w, be, near);
	const uint16_t slot =
		was ? w->pool->slots[was - w->pool->was->backends] : (uint16_t)w->fresh++;
	const uint32_t weight = plan_weight(was, be, was ? w->effective[slot] : 0);

	if (weight)
		w->members[w->n++] = (struct maglev_member){
			.address = be->address, .id = be->id, .weight = weight, .slot = slot};
}

/* The members then: those of the draft, and what the pool borrows from others today. */
static void list(struct work *w)
{
	for (size_t i = 0; i < w->pool->was->n_backends; i++)
		w->own[w->pool->slots[i]] = true;
	for (size_t i = 0; i < w->pool->now->spec.n; i++)
		w->effective[w->pool->now->spec.members[i].slot] =
			w->pool->now->spec.members[i].weight;
	for (size_t i = 0; i < w->pool->is->n_backends; i++)
		add(w, &w->pool->is->backends[i], i);
	for (size_t i = 0; i < w->pool->now->spec.n; i++)
		if (!w->own[w->pool->now->spec.members[i].slot])
			w->members[w->n++] = w->pool->now->spec.members[i];
}

/* Build the table and compare; an item where something moves, or NULL. *rc = -ENOMEM on failure. */
static json_t *compare(const struct work *w, int *rc)
{
	const struct sched_spec spec = compile_sched_spec(w->pool->is, w->members, w->n);
	struct sched_table *then = sched_same(w->pool->now, &spec) ? NULL : sched_compile(&spec);
	double moved = 0;
	bool by_slots = false;

	if (then)
		*rc = sched_moved(w->pool->now, then, w->pool->was->hash == w->pool->is->hash,
			&moved, &by_slots);
	sched_unref(then);
	if (*rc || !moved)
		return NULL;
	return json_pack("{s:s, s:f, s:s}", "pool", w->pool->is->name, "moved", moved, "by",
		by_slots ? "slots" : "shares");
}

static json_t *plan_pool(struct work *w, int *rc)
{
	json_t *item = NULL;

	w->fresh = w->pool->fresh;
	w->effective = calloc(BACKEND_SLOTS, sizeof *w->effective);
	w->own = calloc(BACKEND_SLOTS, sizeof *w->own);
	w->members = calloc(w->pool->is->n_backends + w->pool->now->spec.n + 1, sizeof *w->members);
	*rc = w->effective && w->own && w->members ? 0 : -ENOMEM;
	if (!*rc && w->fresh + w->pool->is->n_backends > BACKEND_SLOTS)
		*rc = -ENOSPC;
	if (!*rc) {
		list(w);
		item = compare(w, rc);
	}
	free(w->effective);
	free(w->own);
	free(w->members);
	return item;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->pools[i].slots);
		sched_unref(plan->pools[i].now);
	}
	free(plan->pools);
	version_put(plan->running);
	free(plan);
}

static int add_pool(struct plan *plan, const struct daemon *d, size_t i, size_t first,
	const struct conf_pool *is)
{
	const struct conf_pool *was = &plan->running->conf->pools[i];
	struct pool *p = &plan->pools[plan->n];

	*p = (struct pool){.was = was, .is = is, .fresh = ids_top(d->slots)};
	p->slots = calloc(was->n_backends + 1, sizeof *p->slots);
	if (!p->slots)
		return -ENOMEM;
	memcpy(p->slots, d->running->slots + first, was->n_backends * sizeof *p->slots);
	p->now = sched_ref(d->rcu.current->tables[i]);
	plan->n++;
	return 0;
}

struct plan *plan_new(const struct daemon *d, const struct conf *draft)
{
	const struct conf *running = d->running->conf;
	struct plan *plan = calloc(1, sizeof *plan);
	size_t first = 0, near = 0;
	int rc = 0;

	if (!plan)
		return NULL;
	plan->running = version_get(d->running->version);
	plan->pools = calloc(running->n_pools + 1, sizeof *plan->pools);
	for (size_t i = 0; plan->pools && i < running->n_pools && !rc; i++) {
		const struct conf_pool *was = &running->pools[i],
				       *is = conf_find_pool(draft, was->name, &near);

		if (is && !conf_same(&was->place, &is->place))
			rc = add_pool(plan, d, i, first, is);
		first += was->n_backends;
	}
	if (plan->pools && !rc)
		return plan;
	plan_free(plan);
	return NULL;
}

json_t *plan_moves(const struct plan *plan)
{
	json_t *array = json_array();
	int rc = 0;

	for (size_t i = 0; i < plan->n && !rc; i++) {
		struct work w = {.pool = &plan->pools[i]};
		json_t *item = plan_pool(&w, &rc);

		if (item)
			json_array_append_new(array, item);
	}
	if (!rc)
		return array;
	json_decref(array);
	return NULL;
}
